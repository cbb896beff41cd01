//! The cases of the driver interface: this project's driver passes them all, and faulty drivers are caught.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod faulty;
#[allow(dead_code, reason = "each test file uses its part")]
#[path = "../support/mod.rs"]
mod support;

use card_model::card::Interface;
use conformance::driver::{self, MemoryStand, Specimen, Stand, Workshop};
use conformance::run::{Options, Run, Verdict};
use conformance::suite::Suite;
use std::time::Instant;
use support::issued::Issued;

/// The suites as they stand in the files now.
fn suites() -> Suite {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("suites");
    let read = |name: &str| std::fs::read_to_string(folder.join(format!("{name}.toml"))).unwrap();
    let names = [
        "ROUTINES",
        "DRIVER_PSAM",
        "DRIVER_PIN",
        "DRIVER_DEBIT",
        "DRIVER_HSM",
        "DRIVER_PKI",
        "DRIVER_BEHAVIOUR",
    ];
    let texts = names.map(|name| (name, read(name)));
    let texts: Vec<(&str, &str)> = texts.iter().map(|(name, text)| (*name, text.as_str())).collect();
    Suite::from_texts(&texts, &[]).unwrap()
}

/// A freshly issued card as a specimen.
fn workshop(suite: &Suite, profile: &str, interface: Interface) -> Workshop {
    let issued = Issued::new(profile, interface);
    let specimen = Specimen {
        image: issued.channel.card().image().to_vec(),
        profile: issued.profile.clone(),
        identity: issued.identity.clone(),
        keys: issued.keys.clone(),
        pin: issued.pin.clone(),
        certificate_pins: Some((issued.pin.clone(), issued.administrator.clone())),
        interface,
    };
    Workshop::new(specimen, suite.routines()).unwrap()
}

/// All cases on a stand; those that failed or stayed without a verdict are printed.
fn on(suite: &Suite, stand: &mut dyn Stand) -> Run {
    let mut run = Run::of_driver(stand);
    driver::run(suite, stand, &Options::default(), &mut (), &mut run).unwrap();
    for result in &run.results {
        if matches!(result.verdict, Verdict::Fail | Verdict::Inconclusive) {
            println!(
                "{} {:?}\n{:?} {:?}\n{}\n",
                result.id,
                result.verdict,
                result.failure,
                result.reason,
                result.transcript.join("\n")
            );
        }
    }
    println!(
        "{}: {} cases, {} passed, {} not applicable, {} failed, {} inconclusive",
        run.subject.profile, run.cases, run.passed, run.not_applicable, run.failed, run.inconclusive
    );
    run
}

#[test]
fn our_driver_passes() {
    let suite = suites();
    let mut wrong = Vec::new();
    for (profile, interface, least) in [
        ("3.0", Interface::Contact, 400),
        ("3.0", Interface::Contactless, 400),
        ("2.0", Interface::Contact, 400),
        ("1.0", Interface::Contact, 250),
    ] {
        let begin = Instant::now();
        let run = on(&suite, &mut MemoryStand::new(workshop(&suite, profile, interface)));
        println!("{profile} {interface:?} in {:?}", begin.elapsed());
        for result in run
            .results
            .iter()
            .filter(|result| result.verdict == Verdict::NotApplicable)
        {
            println!("{} {:?}", result.id, result.reason.as_ref().map(|reason| &reason.en));
        }
        if !run.is_clean() || run.passed < least {
            wrong.push(format!(
                "{profile} {interface:?}: {} passed, {} failed",
                run.passed, run.failed
            ));
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
}

/// The holder, the PIN and the keys stand in no result.
#[test]
fn nobody_is_shown() {
    let suite = suites();
    let mut stand = MemoryStand::new(workshop(&suite, "3.0", Interface::Contact));
    let run = on(&suite, &mut stand);
    let id = stand.facts().element("SSSE/EF05/01").unwrap().to_owned();
    let text = serde_json::to_string(&run).unwrap();
    for hidden in ["111111198101011110", "张三", &id] {
        assert!(!text.contains(hidden), "{hidden} is shown");
    }
}

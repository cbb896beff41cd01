//! The cases of the driver interface: this project's driver passes them all, and faulty drivers are caught.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod faulty;
#[path = "../support/mod.rs"]
mod support;

use card_model::card::Interface;
use conformance::driver::function::FUNCTIONS;
use conformance::driver::script::{Action, Code};
use conformance::driver::{self, MemoryStand, Specimen, Stand, Workshop};
use conformance::run::{Options, Run, Verdict};
use conformance::suite::Suite;
use reader::driver::ReturnCode;
use std::collections::BTreeSet;
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

/// Every function of the standard is called with success and with failure, and every code of annex A is expected by a case, or
/// stands here with what would cause it.
#[test]
fn every_function_and_every_code_has_a_case() {
    const NOT_CAUSED: [(i32, &str); 18] = [
        (-3, "another program resets the card during a call"),
        (-5, "a library that the driver needs is missing"),
        (-11, "no reader at all"),
        (-12, "only together with other codes: the standard does not say which"),
        (-15, "the line damages an answer"),
        (-35, "reserved"),
        (-36, "reserved"),
        (-25536, "told as 63Cx"),
        (-25537, "told as 63Cx"),
        (-25538, "told as 63Cx"),
        (-26368, "the driver sends a wrong length"),
        (-26881, "another program talks to the card between two steps"),
        (-27009, "a card with another structure than the standard's"),
        (-27011, "a key is locked: costs the card its key"),
        (-27012, "another program uses the challenge up"),
        (-27264, "only together with other codes"),
        (-27265, "only together with other codes"),
        (-37894, "GET TRANSACTION PROOF is no part of the interface"),
    ];
    let suite = suites();
    let mut expected = BTreeSet::new();
    let mut outcomes: BTreeSet<(&str, bool)> = BTreeSet::new();
    for name in ["3.0", "2.0", "1.0"] {
        let profile = card_model::profile::Profile::builtin(name).unwrap();
        for case in suite.cases(profile).unwrap() {
            let Some(driver) = case.driver else { continue };
            for step in &driver.steps.steps {
                let Action::Call {
                    function,
                    outcomes: list,
                    ..
                } = &step.action
                else {
                    continue;
                };
                for outcome in list {
                    if let [Code::Is(code)] = outcome.codes[..] {
                        expected.insert(code);
                    }
                    outcomes.insert((function.name, outcome.codes.contains(&Code::Is(0))));
                }
            }
        }
    }
    for function in FUNCTIONS {
        for success in [true, false] {
            assert!(
                outcomes.contains(&(function.name, success)),
                "{} {success}",
                function.name
            );
        }
    }
    let open: Vec<i64> = ReturnCode::annex()
        .map(|code| i64::from(code.0))
        .filter(|code| !expected.contains(code) && !NOT_CAUSED.iter().any(|(other, _)| i64::from(*other) == *code))
        .collect();
    assert!(open.is_empty(), "no case expects {open:?}");
    let idle: Vec<i32> = NOT_CAUSED
        .iter()
        .map(|(code, _)| *code)
        .filter(|code| expected.contains(&i64::from(*code)))
        .collect();
    assert!(idle.is_empty(), "a case expects {idle:?}");
}

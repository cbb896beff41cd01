//! The conformance suites on freshly issued model cards of every version.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use card_model::card::Interface;
use card_model::profile::Profile;
use conformance::run::{Options, Run, Verdict, run};
use conformance::suite::{Suite, check::check};
use support::issued::Issued;

fn on(profile: &str, interface: Interface, options: &Options) -> Run {
    let suite = Suite::load().unwrap();
    let mut issued = Issued::new(profile, interface);
    let (channel, keys, subject) = issued.parts();
    let run = run(&suite, channel, keys, subject, options, &mut ()).unwrap();
    for result in &run.results {
        if matches!(result.verdict, Verdict::Fail | Verdict::Inconclusive) {
            println!(
                "{} {:?}\n{}\n{:?} {:?}\n{}\n",
                result.id,
                result.verdict,
                result.steps,
                result.failure,
                result.reason,
                result.transcript.join("\n")
            );
        }
    }
    println!(
        "{profile} {interface:?}: {} cases, {} passed, {} not applicable, {} failed, {} inconclusive, {} commands",
        run.cases,
        run.passed,
        run.not_applicable,
        run.failed,
        run.inconclusive,
        run.results.iter().map(|result| result.commands).sum::<u64>()
    );
    assert!(run.is_clean());
    run
}

#[test]
fn the_suites_are_sound() {
    let profiles: Vec<&Profile> = Profile::BUILTIN
        .iter()
        .map(|name| Profile::builtin(name).unwrap())
        .collect();
    let findings = check(&Suite::load().unwrap(), &profiles).unwrap();
    assert!(findings.is_empty(), "{findings:#?}");
}

#[test]
fn model_cards_pass() {
    for profile in ["3.0", "2.0", "1.0"] {
        on(profile, Interface::Contact, &Options::default());
    }
    on("3.0", Interface::Contactless, &Options::default());
}

/// A card that nobody needs any more: every case runs, those that block keys, applications and the card last.
#[test]
fn model_cards_pass_to_their_end() {
    let options = Options {
        destructive: true,
        ..Options::default()
    };
    for profile in ["3.0", "2.0", "1.0"] {
        let run = on(profile, Interface::Contact, &options);
        let blocked = run.results.iter().filter(|result| result.id.starts_with("BLOCKING-04"));
        assert!(blocked.clone().count() > 20 && blocked.clone().all(|result| result.verdict == Verdict::Pass));
    }
}

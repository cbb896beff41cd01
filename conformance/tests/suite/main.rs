//! The conformance suites on freshly issued model cards of every version.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod certificates;
mod coverage;
#[path = "../support/mod.rs"]
mod support;

use card_model::card::Interface;
use card_model::profile::Profile;
use card_model::words::Lang;
use conformance::run::{Observer, Options, Run, Verdict, junit, run};
use conformance::suite::{Suite, check::check};
use reader::channel::{Channel, ModelChannel, TransportError};
use std::time::Instant;
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
    for (profile, least) in [("3.0", 2_900), ("2.0", 2_800), ("1.0", 1_900)] {
        let begin = Instant::now();
        let run = on(profile, Interface::Contact, &Options::default());
        assert!(run.cases >= least, "{} cases for {profile}", run.cases);
        println!("{profile}: issued and run in {:?}", begin.elapsed());
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

/// What a run leaves behind does not disturb the next one; an interrupted run goes on where it ended.
#[test]
fn a_run_is_stopped_resumed_and_repeated() {
    struct Impatient(usize);
    impl Observer for Impatient {
        fn wants_stop(&mut self) -> bool {
            self.0 += 1;
            self.0 > 100
        }
    }
    let suite = Suite::load().unwrap();
    let mut issued = Issued::new("3.0", Interface::Contact);
    let (channel, keys, subject) = issued.parts();
    let stopped = run(&suite, channel, keys, subject, &Options::default(), &mut Impatient(0)).unwrap();
    assert!(stopped.interrupted.is_some() && stopped.results.len() == 100 && stopped.cases > 2_000);
    let text = serde_json::to_string(&stopped).unwrap();
    let options = Options {
        resume: Some(Run::parse(&text).unwrap()),
        brief: true,
        ..Options::default()
    };
    let (channel, keys, subject) = issued.parts();
    let whole = run(&suite, channel, keys, subject, &options, &mut ()).unwrap();
    assert!(whole.is_clean() && whole.results[..100] == stopped.results[..]);
    assert!(
        junit(&whole, Lang::En)
            .unwrap()
            .contains("<testsuite name=\"KEY_VER3\"")
    );
}

/// A card behind a relay that changes one answer is found, with the clause and the step; the holder's data is not shown.
#[test]
fn a_changed_answer_is_found() {
    let suite = Suite::load().unwrap();
    let mut issued = Issued::new("3.0", Interface::Contact);
    let (channel, keys, subject) = issued.parts();
    let mut relay = Relay { channel, commands: 0 };
    let options = Options {
        items: vec!["SSSE_RECORD".to_owned()],
        ..Options::default()
    };
    let run = run(&suite, &mut relay, keys, subject, &options, &mut ()).unwrap();
    let failed: Vec<_> = run
        .results
        .iter()
        .filter(|result| result.verdict == Verdict::Fail)
        .collect();
    assert_eq!(failed.len(), 1, "{failed:?}");
    let failure = failed[0].failure.as_ref().unwrap();
    assert!(!failed[0].clauses.is_empty() && !failure.expected.is_empty() && !failed[0].transcript.is_empty());
    let text = serde_json::to_string(&run).unwrap();
    assert!(
        !text.contains(&hex::encode_upper("111111198101011110")),
        "the citizen number is shown"
    );
}

/// A reader cannot cut the power within a command or put the card to its other interface: such cases do not apply, and say why.
#[test]
fn what_needs_a_bench_does_not_apply_behind_a_reader() {
    let suite = Suite::load().unwrap();
    let mut issued = Issued::new("3.0", Interface::Contact);
    let (channel, keys, subject) = issued.parts();
    let mut relay = Relay { channel, commands: 0 };
    let options = Options {
        cases: ["POWER_CUT-01", "POWER_CUT-05", "DUAL_INTERFACE-61"]
            .map(str::to_owned)
            .to_vec(),
        ..Options::default()
    };
    let run = run(&suite, &mut relay, keys, subject, &options, &mut ()).unwrap();
    assert!(run.is_clean() && run.not_applicable == run.cases && run.cases > 10);
    assert!(run.results.iter().all(|result| result.reason.is_some()));
}

/// Turns one bit of the value in the tenth answer to READ RECORD that has data.
struct Relay<'c> {
    channel: &'c mut ModelChannel,
    commands: usize,
}

impl Channel for Relay<'_> {
    reader::pass_on!(self => self.channel; reset_answer reset);

    fn name(&self) -> &str {
        "relay"
    }

    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, TransportError> {
        let mut answer = self.channel.transmit(command)?;
        if command[1] == 0xB2 && answer.len() > 4 {
            self.commands += 1;
            if self.commands == 10 {
                answer[3] ^= 1;
            }
        }
        Ok(answer)
    }
}

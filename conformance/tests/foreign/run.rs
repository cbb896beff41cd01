//! Runs of the suites on cards that are none of ours: verdicts with reasons, and nothing that could cost such a card a try.

use crate::cards::{ALL, Foreign, Manner};
use crate::support::issued::Issued;
use card_model::card::Interface;
use card_model::profile::Profile;
use card_model::secret::Pin;
use conformance::fuzz::{Cost, End, Kind, Limits, Options as FuzzOptions, Target, cost, fuzz};
use conformance::run::{Options, Run, Verdict, junit, run};
use conformance::suite::{Suite, Text};
use conformance::terminal::Subject;
use reader::channel::{Channel, Masking, ModelChannel, Reset, Transcript, TranscriptChannel, TransportError};
use reader::security::{CardIdentity, KeyFile};

/// A whole run with keys and PIN at hand, of which nothing must go out.
fn judged(channel: &mut dyn Channel) -> Run {
    let profile = Profile::builtin("3.0").unwrap();
    let mut keys = KeyFile::generate("TEST keys", &[profile], &[profile.algorithm], true).unwrap();
    let identity = CardIdentity {
        region: String::new(),
        historical: [0; 13],
        algorithm: profile.algorithm,
    };
    let pin = Pin::from_digits("123456").unwrap();
    let subject = Subject {
        profile,
        identity: &identity,
        pin: Some(&pin),
        certificate_pins: None,
    };
    let options = Options {
        stranger: Some(Text::new("不是社保卡", "no social security card")),
        ..Options::default()
    };
    run(&Suite::load().unwrap(), channel, &mut keys, subject, &options, &mut ()).unwrap()
}

#[test]
fn runs_on_any_card_give_verdicts() {
    for manner in ALL {
        let mut card = Foreign::new(manner, Interface::Contact);
        let run = judged(&mut card);
        println!(
            "{manner:?}: {} passed, {} failed, {} not applicable, {} inconclusive, {:?}",
            run.passed, run.failed, run.not_applicable, run.inconclusive, run.interrupted
        );
        assert!(!run.is_clean(), "{manner:?}");
        assert_eq!(
            run.interrupted.is_some(),
            manner == Manner::Mute(20, false),
            "{manner:?}"
        );
        assert_eq!(run.results.len(), run.cases);
        if run.interrupted.is_none() {
            assert!(
                run.failed > 0,
                "{manner:?}: the answer to reset at least is none of ours"
            );
        }
        for result in &run.results {
            let reason = result.reason.is_some() || result.failure.is_some();
            assert!(result.verdict == Verdict::Pass || reason, "{manner:?} {}", result.id);
        }
        // Most of what the standard asks for this card cannot have.
        assert!(
            run.passed * 4 < run.cases,
            "{manner:?}: {} of {} passed",
            run.passed,
            run.cases
        );
        assert!(
            card.sent.iter().all(|command| cost(command) == Cost::Free),
            "{manner:?}"
        );
        if manner != Manner::Always(0x6D00) {
            continue;
        }
        assert_eq!(Run::parse(&serde_json::to_string(&run).unwrap()).unwrap(), run);
        assert!(junit(&run, card_model::words::Lang::Zh).unwrap().contains("<testsuite"));
        assert!(conformance::report::html(&run).contains("</html>"));
    }
}

#[test]
fn a_transcript_in_the_place_of_a_card_ends_the_run_with_its_reason() {
    let text = "# reset contact 3B021450\n> 00A404000F7378312E73682EC9E7BBE1B1A3D5CF\n< 6A82\n";
    let mut channel = TranscriptChannel::from_text("card", text).unwrap();
    let run = judged(&mut channel);
    assert!(run.interrupted.is_some() || run.inconclusive + run.failed > 0);
    assert!(!run.is_clean());
}

fn fuzzed(channel: &mut dyn Channel) -> conformance::fuzz::Outcome {
    let target = Target {
        profile: Profile::builtin("3.0").unwrap(),
        keys: None,
        pin: None,
    };
    let options = FuzzOptions {
        commands: 1_500,
        time: None,
        seed: 9,
        limits: Limits::default(),
        masking: Masking::standard(),
    };
    fuzz(channel, target, &options, &mut ()).unwrap()
}

#[test]
fn any_card_can_be_fuzzed() {
    for manner in ALL {
        for interface in [Interface::Contact, Interface::Contactless] {
            let mut card = Foreign::new(manner, interface);
            let outcome = fuzzed(&mut card);
            let kinds: Vec<Kind> = outcome.findings.iter().map(|finding| finding.kind).collect();
            println!("{manner:?} {interface:?}: {kinds:?} {:?}", outcome.end);
            let shown = match manner {
                Manner::Always(_) | Manner::Random(_) => Kind::StatusWord,
                Manner::Endless | Manner::WrongLength => Kind::Chain,
                Manner::Mute(..) => Kind::Mute,
                Manner::Changing => Kind::Reset,
                Manner::TooLong => Kind::Length,
            };
            if manner != Manner::Always(0x9000) {
                assert!(kinds.contains(&shown), "{manner:?}: {kinds:?}");
            }
            assert!(!kinds.is_empty());
            assert_eq!(matches!(outcome.end, End::Lost(_)), manner == Manner::Mute(20, false));
            assert!(
                card.sent.iter().all(|command| cost(command) == Cost::Free),
                "{manner:?}"
            );
            for finding in &outcome.findings {
                Transcript::parse(&finding.transcript.join("\n")).unwrap();
                assert!(!finding.clause.is_empty() && !finding.expected.is_empty() && !finding.got.is_empty());
            }
        }
    }
}

/// An issued card in which one application cannot be selected.
struct Blocked {
    card: ModelChannel,
    name: Vec<u8>,
}

impl Channel for Blocked {
    reader::pass_on!(self => self.card; name reset_answer reset);

    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, TransportError> {
        let select = command.get(1) == Some(&0xA4) && command.ends_with(&self.name);
        match select {
            true => Ok(vec![0x93, 0x03]),
            false => self.card.transmit(command),
        }
    }
}

/// What the card can still do is judged; it is no stranger, because others of its applications prove whose it is.
#[test]
fn a_blocked_application_does_not_end_the_run() {
    let mut issued = Issued::new("3.0", Interface::Contact);
    let name = issued.profile.dedicated_file("DF03").unwrap().name.clone();
    let blocked = |issued: &Issued, name: Vec<u8>| {
        let card = card_model::card::Card::from_image(issued.channel.card().image()).unwrap();
        let entropy = Box::new(crate::support::Entropy(1));
        Blocked {
            card: ModelChannel::new(card, Interface::Contact, entropy),
            name,
        }
    };
    let suite = Suite::load().unwrap();
    let options = Options::default();
    let mut channel = blocked(&issued, name);
    let (_, keys, subject) = issued.parts();
    let judged = run(&suite, &mut channel, keys, subject, &options, &mut ()).unwrap();
    assert_eq!(judged.stranger, None);
    assert!(
        judged.passed > 1_000 && judged.failed + judged.inconclusive > 50,
        "{}",
        judged.passed
    );

    // Without the environment nobody knows whose card it is.
    let mut channel = blocked(&issued, issued.profile.dedicated_file("SSSE").unwrap().name.clone());
    let (_, keys, subject) = issued.parts();
    let judged = run(&suite, &mut channel, keys, subject, &options, &mut ()).unwrap();
    assert!(judged.stranger.is_some() && judged.inconclusive > 1_000);
}

/// Somebody puts another card into the reader while a run is on: PIN and keys are not tried on it.
struct Exchanged {
    cards: [ModelChannel; 2],
    resets: usize,
}

impl Exchanged {
    fn now(&self) -> usize {
        usize::from(self.resets > 8)
    }
}

impl Channel for Exchanged {
    fn name(&self) -> &str {
        "reader"
    }
    fn reset_answer(&self) -> &Reset {
        self.cards[self.now()].reset_answer()
    }
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, TransportError> {
        let now = self.now();
        self.cards[now].transmit(command)
    }
    fn reset(&mut self) -> Result<(), TransportError> {
        self.resets += 1;
        let now = self.now();
        self.cards[now].reset()
    }
}

#[test]
fn another_card_in_the_reader_ends_the_run() {
    let mut issued = Issued::new("3.0", Interface::Contact);
    let in_reader = |card| ModelChannel::new(card, Interface::Contact, Box::new(crate::support::Entropy(1)));
    let first = card_model::card::Card::from_image(issued.channel.card().image()).unwrap();
    let other = card_model::card::Card::blank(issued.profile, [0x99; 13]);
    let mut channel = Exchanged {
        cards: [in_reader(first), in_reader(other)],
        resets: 0,
    };
    let (_, keys, subject) = issued.parts();
    let run = run(
        &Suite::load().unwrap(),
        &mut channel,
        keys,
        subject,
        &Options::default(),
        &mut (),
    )
    .unwrap();
    let reason = run.interrupted.expect("the other card is noticed");
    assert_eq!(run.results.len(), run.cases);
    let decided = run.cases - run.inconclusive;
    assert!(decided < 10, "{decided}");
    for result in &run.results[10..] {
        assert_eq!(
            (result.verdict, result.commands),
            (Verdict::Inconclusive, 0),
            "{}",
            result.id
        );
        assert_eq!(result.reason.as_ref(), Some(&reason), "{}", result.id);
    }
}

//! What can go wrong on the way, and that nobody gets two cards.
#![allow(
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    reason = "tests and benches stop at the first surprise"
)]

mod common;

use card_model::card::{Interface, LifeCycle};
use card_model::profile::Profile;
use card_model::secret::Key;
use card_model::status::StatusWord;
use card_model::words::{Explain, Lang};
use common::{Plug, SALT, batch, blank, holders, issue, keys, profile, settings};
use personalize::{IssueError, IssueRun, Journal, Silent};
use reader::channel::Channel;
use reader::security::{KeyFile, SecurityModuleError};
use reader::session::Session;

#[test]
fn a_pulled_card_is_completed_when_it_comes_back() {
    let (profile, settings) = (profile("3.0"), settings());
    let (mut keys, holders) = (keys(profile), holders(profile, &settings));
    let total = personalize::run::planned_commands(profile, true) as usize;
    for left in (1..total).step_by(61) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("journal");
        let mut card = blank(profile, 1);
        let begun = {
            let journal = Journal::open(&path, SALT).expect("a journal");
            let mut run =
                IssueRun::new(batch(profile, &settings, &holders), &mut keys, Some(journal)).expect("a batch");
            let mut plug = Plug {
                channel: &mut card,
                left,
            };
            match run.issue_next(&mut plug, &mut Silent) {
                Ok(Some(result)) => {
                    assert!(result.is_interrupted(), "after {left} commands: {:?}", result.outcome);
                    true
                }
                Ok(None) => panic!("nobody waits"),
                Err(IssueError::Transport(_)) => false,
                Err(error) => panic!("after {left} commands: {error}"),
            }
        };
        card.reset().expect("power");
        let journal = Journal::open(&path, SALT).expect("a journal");
        let mut run = IssueRun::new(batch(profile, &settings, &holders), &mut keys, Some(journal)).expect("a batch");
        if begun {
            // Another card goes to the next person, not to the one whose card is somewhere.
            let mut other = blank(profile, 2);
            assert!(issue(&mut run, &mut other).expect("a card"));
            let report = run.report().view(Lang::En);
            assert_eq!((report.issued, report.failed), (1, 1), "after {left} commands");
            assert_eq!((report.cards[0].row, report.cards[1].row), (2, 3));
            assert_ne!(report.cards[0].card_number, report.cards[1].card_number);
        }
        let result = run
            .issue_next(&mut card, &mut Silent)
            .expect("a card")
            .expect("a holder");
        assert!(result.outcome.is_ok(), "after {left} commands: {:?}", result.outcome);
        assert_eq!(result.row, 2, "after {left} commands");
        let mut session = Session::open(Box::new(&mut card))
            .expect("a session")
            .with_security(&mut keys);
        assert_eq!(
            session.read_plain("SSSE/EF06/09").expect("readable"),
            Some(holders[0].name.clone())
        );
    }
}

#[test]
fn a_destroyed_card_is_written_off() {
    let (profile, settings) = (profile("3.0"), settings());
    let (mut keys, holders) = (keys(profile), holders(profile, &settings));
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("journal");
    let (mut card, mut other) = (blank(profile, 1), blank(profile, 2));
    let journal = Journal::open(&path, SALT).expect("a journal");
    let mut run = IssueRun::new(batch(profile, &settings, &holders[..1]), &mut keys, Some(journal)).expect("a batch");
    let mut plug = Plug {
        channel: &mut card,
        left: 700,
    };
    let result = run
        .issue_next(&mut plug, &mut Silent)
        .expect("a card")
        .expect("a holder");
    assert!(result.is_interrupted());
    let number = result.card_number.clone();
    drop(run);
    let mut journal = Journal::open(&path, SALT).expect("a journal");
    assert!(!journal.write_off_card("T99999999").expect("written"));
    assert!(journal.write_off_card(&number).expect("written"));
    assert!(!journal.write_off_card(&number).expect("written"));
    let mut run = IssueRun::new(batch(profile, &settings, &holders[..1]), &mut keys, Some(journal)).expect("a batch");
    let result = run
        .issue_next(&mut other, &mut Silent)
        .expect("a card")
        .expect("a holder");
    assert!(result.outcome.is_ok());
    assert_eq!(result.card_number, number, "the person keeps the number");
}

#[test]
fn a_card_is_never_given_to_a_second_person() {
    let (profile, settings) = (profile("3.0"), settings());
    let (mut keys, holders) = (keys(profile), holders(profile, &settings));
    let mut card = blank(profile, 1);
    let mut run = IssueRun::new(batch(profile, &settings, &holders), &mut keys, None).expect("a batch");
    assert!(issue(&mut run, &mut card).expect("a card"));
    let before = card.card().image().to_vec();
    let mut run = IssueRun::new(batch(profile, &settings, &holders[1..]), &mut keys, None).expect("a batch");
    let error = issue(&mut run, &mut card).expect_err("it is somebody's");
    let IssueError::OtherHolder { holder } = &error else {
        panic!("{error}")
    };
    assert!(!holder.contains(&holders[0].number.as_str()[4..14]));
    assert_eq!(run.report().cards.len(), 0, "the holder still waits");
    assert!(
        data_part(&before, card.card().image()),
        "only try counters may have been touched"
    );
}

/// The holder's data has not changed: no byte of it is in the difference. Try counters go down and up again.
fn data_part(before: &[u8], after: &[u8]) -> bool {
    before.len() == after.len() && before.iter().zip(after).filter(|(a, b)| a != b).count() < 200
}

#[test]
fn a_wrong_transport_key_is_told_and_changes_nothing() {
    let (profile, settings) = (profile("3.0"), settings());
    let (keys, holders) = (keys(profile), holders(profile, &settings));
    let wrong = keys.keys().iter().cloned().map(|mut key| {
        if key.name == "TK" {
            key.value = Key::from(*b"TEST-WRONG-TRANS");
        }
        key
    });
    let mut wrong = KeyFile::new("TEST wrong", true, wrong.collect());
    let mut card = blank(profile, 1);
    let mut run = IssueRun::new(batch(profile, &settings, &holders), &mut wrong, None).expect("a batch");
    let result = run
        .issue_next(&mut card, &mut Silent)
        .expect("a card")
        .expect("a holder");
    let Err(error) = &result.outcome else {
        panic!("issued with a wrong key")
    };
    let IssueError::Refused { sw, .. } = error else {
        panic!("{error}")
    };
    assert!(sw.tries_left().is_some());
    for lang in [Lang::Zh, Lang::En] {
        let words = error.explain(lang);
        assert!(words.what.contains("MF") && words.what.contains("63C"), "{words:?}");
    }
    assert_eq!(card.card().life_cycle(), LifeCycle::Blank);
}

#[test]
fn a_full_chip_is_emptied_again() {
    let mut small = Profile::builtin("3.0").expect("built in").clone();
    small.os.memory = 12_000;
    let settings = settings();
    let (mut keys, holders) = (keys(&small), holders(&small, &settings));
    let mut card = blank(&small, 1);
    let mut run = IssueRun::new(batch(&small, &settings, &holders), &mut keys, None).expect("a batch");
    let result = run
        .issue_next(&mut card, &mut Silent)
        .expect("a card")
        .expect("a holder");
    let Err(IssueError::StructureErased { cause }) = &result.outcome else {
        panic!("{:?}", result.outcome)
    };
    assert!(
        matches!(
            **cause,
            IssueError::Refused {
                sw: StatusWord::NO_SPACE,
                ..
            }
        ),
        "{cause}"
    );
    assert_eq!(card.card().life_cycle(), LifeCycle::Blank);
}

#[test]
fn a_missing_key_stops_before_the_first_card() {
    let (profile, settings) = (profile("3.0"), settings());
    let (keys, holders) = (keys(profile), holders(profile, &settings));
    let part: Vec<_> = keys
        .keys()
        .iter()
        .filter(|key| key.name != "UK2DF03" || key.version != 2)
        .cloned()
        .collect();
    let mut part = KeyFile::new("TEST part", true, part);
    let mut card = blank(profile, 1);
    let mut run = IssueRun::new(batch(profile, &settings, &holders), &mut part, None).expect("a batch");
    let error = issue(&mut run, &mut card).expect_err("a key is missing");
    let missing = matches!(&error, IssueError::SecurityModule(SecurityModuleError::KeyMissing { name, version: 2, .. }) if name == "UK2DF03");
    assert!(missing, "{error}");
    assert_eq!(card.card().life_cycle(), LifeCycle::Blank);
    let folder = tempfile::tempdir().expect("a folder");
    let result = run.issue_simulated(folder.path(), Interface::Contact, &mut Silent);
    assert!(result.is_err() && std::fs::read_dir(folder.path()).expect("a folder").count() == 0);
}

#[test]
fn a_killed_batch_goes_on() {
    let (profile, settings) = (profile("3.0"), settings());
    let (mut keys, holders) = (keys(profile), holders(profile, &settings));
    let holders = &holders[..6];
    let folder = tempfile::tempdir().expect("a folder");
    let (cards, path) = (folder.path().join("cards"), folder.path().join("journal"));
    {
        let journal = Journal::open(&path, SALT).expect("a journal");
        let mut run =
            IssueRun::new(batch(profile, &settings, &holders[..3]), &mut keys, Some(journal)).expect("a batch");
        run.issue_simulated(&cards, Interface::Contact, &mut Silent)
            .expect("a folder");
    }
    // Killed between the last command to the third card and its line in the journal.
    let text = std::fs::read_to_string(&path).expect("text");
    let lines: Vec<_> = text.lines().collect();
    assert!(lines.last().is_some_and(|line| line.contains("\"issued\"")));
    std::fs::write(&path, lines[..lines.len() - 1].join("\n") + "\n{\"at\":\"20").expect("written");

    let journal = Journal::open(&path, SALT).expect("a journal");
    let mut run = IssueRun::new(batch(profile, &settings, holders), &mut keys, Some(journal)).expect("a batch");
    run.issue_simulated(&cards, Interface::Contact, &mut Silent)
        .expect("a folder");
    let report = run.report().view(Lang::En);
    assert_eq!((report.issued, report.failed, report.skipped), (4, 0, 2), "{report:?}");
    assert_eq!(std::fs::read_dir(&cards).expect("a folder").count(), 6);
}

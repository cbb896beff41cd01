//! A bank outlet: cards with files and keys, and none of the card maker's keys.
#![allow(
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    reason = "tests and benches stop at the first surprise"
)]

mod common;

use card_model::profile::Profile;
use card_model::secret::Key;
use common::{Plug, SALT, TODAY, batch, blank, holders, issue, keys, profile, settings};
use personalize::{IssueError, IssueRun, ItemFailureKind, Journal, Silent};
use reader::channel::{Channel, ModelChannel};
use reader::security::{KeyFile, SecurityModuleError};
use reader::session::Session;

/// A card as the card maker delivers it to a bank: files and keys, no data.
fn pre_personalized(profile: &Profile, keys: &mut KeyFile, settings: &personalize::Settings) -> ModelChannel {
    let mut card = blank(profile, 1);
    let historical = reader::reset::historical(&card.reset_answer().bytes).expect("13 bytes");
    let issuer = personalize::Issuer::new(profile, &personalize::ModelOs, settings, TODAY).expect("an issuer");
    let identity = issuer.identity(historical);
    let mut bench = personalize::Bench {
        channel: &mut card,
        loader: keys,
        profile,
        card: &identity,
    };
    let pins = settings.initial_pins();
    let built = personalize::structure::build(&mut bench, &personalize::ModelOs, &pins).expect("built");
    assert!(built.keys > 100 && built.elementary_files > 40 && !built.erased);
    card
}

/// A bank's key file has no transport, temporary or issuer master key.
fn bank(keys: &KeyFile) -> KeyFile {
    let own = |name: &str| ["MK", "TMK", "TK"].contains(&name);
    let keys = keys.keys().iter().filter(|key| !own(&key.name)).cloned();
    KeyFile::new("TEST bank", true, keys.collect())
}

#[test]
fn a_pre_personalized_card_gets_data_only() {
    let (profile, settings) = (profile("3.0"), settings());
    let (mut keys, holders) = (keys(profile), holders(profile, &settings));
    let mut card = pre_personalized(profile, &mut keys, &settings);
    let mut bank = bank(&keys);
    let mut run = IssueRun::new(batch(profile, &settings, &holders), &mut bank, None).expect("a batch");
    let result = run
        .issue_next(&mut card, &mut Silent)
        .expect("a card")
        .expect("a holder");
    let issued = result.outcome.as_ref().expect("issued");
    assert!(!issued.structure);
}

#[test]
fn a_bank_completes_a_pulled_card_without_the_makers_keys() {
    let (profile, settings) = (profile("3.0"), settings());
    let (mut keys, holders) = (keys(profile), holders(profile, &settings));
    for left in [10, 60, 200, 350] {
        let mut card = pre_personalized(profile, &mut keys, &settings);
        let mut bank = bank(&keys);
        let folder = tempfile::tempdir().expect("a folder");
        let journal = Journal::open(&folder.path().join("journal"), SALT).expect("a journal");
        let mut run = IssueRun::new(batch(profile, &settings, &holders), &mut bank, Some(journal)).expect("a batch");
        let mut plug = Plug {
            channel: &mut card,
            left,
        };
        // Before the first line of the journal an error, after it a result: either way nothing is lost.
        let _ = run.issue_next(&mut plug, &mut Silent);
        card.reset().expect("power");
        let result = run
            .issue_next(&mut card, &mut Silent)
            .expect("a card")
            .expect("a holder");
        assert!(result.outcome.is_ok(), "after {left} commands: {:?}", result.outcome);
        assert_eq!(result.row, 2);
    }
}

#[test]
fn an_outlet_with_the_keys_of_one_file() {
    let (profile, settings) = (profile("3.0"), settings());
    let (mut keys, holders) = (keys(profile), holders(profile, &settings));
    let few = keys
        .keys()
        .iter()
        .filter(|key| ["UKSSSE", "RKSSSE", "IRK"].contains(&key.name.as_str()));
    let mut few = KeyFile::new("TEST outlet", true, few.cloned().collect());
    let mut card = pre_personalized(profile, &mut keys, &settings);
    // The sample holders have values for DF01: their card is not begun.
    let mut run = IssueRun::new(batch(profile, &settings, &holders), &mut few, None).expect("a batch");
    let error = issue(&mut run, &mut card).expect_err("a key is missing");
    assert!(
        matches!(
            error,
            IssueError::SecurityModule(SecurityModuleError::KeyMissing { .. })
        ),
        "{error}"
    );
    let mut basic = holders[..1].to_vec();
    basic[0]
        .values
        .retain(|(target, _)| target.path(profile).starts_with("SSSE"));
    let mut run = IssueRun::new(batch(profile, &settings, &basic), &mut few, None).expect("a batch");
    let result = run
        .issue_next(&mut card, &mut Silent)
        .expect("a card")
        .expect("a holder");
    let issued = result.outcome.as_ref().expect("issued");
    assert_eq!((issued.written, issued.compared), (14, 14));
    assert!(issued.left > 20);
    assert!(result.commands < 60, "{} commands", result.commands);
}

#[test]
fn what_the_card_maker_wrote_stays() {
    let (profile, settings) = (profile("3.0"), settings());
    let (mut keys, holders) = (keys(profile), holders(profile, &settings));
    let write = |card: &mut ModelChannel, keys: &mut KeyFile, id: &str| {
        let mut session = Session::open_as(Box::new(card), profile)
            .expect("a session")
            .with_security(keys);
        session.set_region("990000");
        let values = [("SSSE/EF05/01", id), ("SSSE/EF05/04", "91560000029900009900006A")];
        for written in session.write_text(&values).expect("an answer") {
            assert!(written.ok, "{written:?}");
        }
    };
    let mut card = pre_personalized(profile, &mut keys, &settings);
    write(&mut card, &mut keys, "990000D15600000511223344FFFFFFFF");
    let mut run = IssueRun::new(batch(profile, &settings, &holders), &mut keys, None).expect("a batch");
    let result = run
        .issue_next(&mut card, &mut Silent)
        .expect("a card")
        .expect("a holder");
    let issued = result.outcome.as_ref().expect("issued");
    assert!(hex::encode_upper(issued.card_id).starts_with("990000D15600000511223344"));
    assert_ne!(issued.card_id[12..], [0xFF; 4], "the authentication code was blank");
    let mut session = Session::open(Box::new(&mut card)).expect("a session");
    let institution = session.read_path("SSSE/EF05/04").expect("free");
    assert_eq!(hex::encode_upper(&institution[0].raw), "91560000029900009900006A");

    let mut card = pre_personalized(profile, &mut keys, &settings);
    write(&mut card, &mut keys, "990100D15600000511223344FFFFFFFF");
    let mut run = IssueRun::new(batch(profile, &settings, &holders), &mut keys, None).expect("a batch");
    let error = issue(&mut run, &mut card).expect_err("another region");
    assert!(
        matches!(&error, IssueError::OtherRegion { card, .. } if card == "990100"),
        "{error}"
    );
}

#[test]
fn items_fail_one_by_one() {
    let (profile, settings) = (profile("3.0"), settings());
    let (mut keys, holders) = (keys(profile), holders(profile, &settings));
    let mut card = pre_personalized(profile, &mut keys, &settings);
    // The key of one file is another one here than on the card.
    let other = keys.keys().iter().cloned().map(|mut key| {
        if key.name == "UK3DF01" {
            key.value = Key::from(*b"TEST-OTHER-UPDAT");
        }
        key
    });
    let mut other = KeyFile::new("TEST other", true, other.collect());
    let mut run = IssueRun::new(batch(profile, &settings, &holders), &mut other, None).expect("a batch");
    let result = run
        .issue_next(&mut card, &mut Silent)
        .expect("a card")
        .expect("a holder");
    let Err(IssueError::Items { failures }) = &result.outcome else {
        panic!("{:?}", result.outcome)
    };
    assert_eq!(failures.len(), 1);
    assert_eq!(failures[0].path, "DF01/EF08");
    assert!(matches!(failures[0].kind, ItemFailureKind::NotWritten(sw) if sw.tries_left().is_some()));
    // With the right key the same card is completed.
    let mut run = IssueRun::new(batch(profile, &settings, &holders), &mut keys, None).expect("a batch");
    assert!(issue(&mut run, &mut card).expect("a card"));
}

//! Cards from blank to verified, and what can go wrong on the way.
#![allow(
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    reason = "tests and benches stop at the first surprise"
)]

mod common;

use card_model::card::{Interface, LifeCycle};
use card_model::profile::Profile;
use card_model::status::StatusWord;
use card_model::words::{Explain, Lang};
use common::{Plug, TODAY, batch, blank, blank_on, holders, keys, profile, samples, settings};
use personalize::{HolderRules, HoldersFile, IssueError, IssueRun, ItemFailureKind, Journal, Silent};
use reader::channel::{Channel, ModelChannel};
use reader::security::{KeyFile, SecurityModuleError};
use reader::session::Session;
use std::collections::HashSet;

const SALT: &str = "5445535453414C54";

/// Issues the next card into `channel`.
fn issue(run: &mut IssueRun<'_>, channel: &mut dyn Channel) -> Result<bool, IssueError> {
    Ok(run
        .issue_next(channel, &mut Silent)?
        .is_some_and(|result| result.outcome.is_ok()))
}

#[test]
fn fifty_holders_into_a_folder_and_back() {
    let (profile, settings) = (profile("3.0"), settings());
    let (mut keys, holders) = (keys(profile), holders(profile, &settings));
    let folder = tempfile::tempdir().expect("a folder");
    let cards = folder.path().join("cards");
    let journal = Journal::open(&folder.path().join("journal"), SALT).expect("a journal");
    let mut run = IssueRun::new(batch(profile, &settings, &holders), &mut keys, Some(journal)).expect("a batch");
    run.issue_simulated(&cards, Interface::Contact, &mut Silent)
        .expect("a folder");
    let (report, journal) = run.finish();
    let view = report.view(Lang::En);
    assert_eq!((view.issued, view.failed, view.skipped), (50, 0, 0), "{view:?}");
    let ids: HashSet<_> = view.cards.iter().map(|card| card.card_id.clone()).collect();
    assert_eq!(ids.len(), 50);

    for (holder, card) in holders.iter().zip(&view.cards) {
        let mut channel = ModelChannel::open(cards.join(&card.card_number), Interface::Contact).expect("a card");
        assert_eq!(channel.card().life_cycle(), LifeCycle::Operational);
        let mut session = Session::open(Box::new(&mut channel))
            .expect("a session")
            .with_security(&mut keys);
        let read = session.read_plain("SSSE/EF06/09").expect("readable");
        assert_eq!(read.as_deref(), Some(holder.name.as_str()));
        for (target, value) in &holder.values {
            let path = target.path(profile);
            if path.matches('/').count() == 3 {
                continue; // inside a template: compared below as part of the whole record
            }
            let personalize::holders::Value::Bytes(expected) = value else {
                panic!("{path}")
            };
            let decoded = session.read_path(&path).expect("readable");
            assert_eq!(decoded.len(), 1, "{path}");
            assert_eq!(decoded[0].raw, *expected, "{path} row {}", holder.row);
        }
        assert_eq!(
            session.read_plain("SSSE/EF05/07").expect("readable"),
            Some(card.card_number.clone())
        );
        assert_eq!(
            session.read_plain("SSSE/EF05/05").expect("readable").as_deref(),
            Some("20260102")
        );
        assert_eq!(
            session.read_plain("SSSE/EF05/06").expect("readable").as_deref(),
            Some("20360102")
        );
        assert!(session.internal_authentication().expect("an answer"));
    }

    // Once more: everybody has a card.
    let mut run = IssueRun::new(batch(profile, &settings, &holders), &mut keys, journal).expect("a batch");
    run.issue_simulated(&cards, Interface::Contact, &mut Silent)
        .expect("a folder");
    let report = run.report();
    assert_eq!((report.issued, report.failed, report.skipped), (0, 0, 50));
    assert_eq!(std::fs::read_dir(&cards).expect("a folder").count(), 50);

    let text = std::fs::read_to_string(folder.path().join("journal")).expect("text");
    for holder in &holders {
        assert!(!text.contains(holder.number.as_str()) && !text.contains(&format!("\"{}\"", holder.name)));
    }
}

#[test]
fn every_version_and_interface() {
    for name in ["3.0", "2.0", "1.0"] {
        let (profile, settings) = (profile(name), settings());
        let mut keys = keys(profile);
        let text = "social_security_number,name,sex,ethnic_group\n111111198101011110,张三,男,汉族\n";
        let rules = HolderRules {
            profile,
            settings: &settings,
            today: TODAY,
            accept_disagreement: false,
        };
        let none = |_: &str| Err(std::io::ErrorKind::NotFound.into());
        let file = HoldersFile::parse(text.as_bytes(), "x", &rules, &none).expect("a table");
        let holders = file.require_all("x").expect("right");
        for interface in [Interface::Contact, Interface::Contactless] {
            if interface == Interface::Contactless && profile.reset.contactless.is_none() {
                continue;
            }
            let mut channel = blank_on(profile, 1, interface);
            let mut run = IssueRun::new(batch(profile, &settings, &holders), &mut keys, None).expect("a batch");
            let result = run
                .issue_next(&mut channel, &mut Silent)
                .expect("a card")
                .expect("a holder");
            let card = result
                .outcome
                .as_ref()
                .unwrap_or_else(|error| panic!("{name}: {error}"));
            assert!(
                card.structure && card.written == card.compared && card.written > 50,
                "{card:?}"
            );
            // The plan is near enough for a progress bar.
            let planned = personalize::run::planned_commands(profile, true);
            let real = result.commands;
            assert!(
                real.abs_diff(planned) < real / 10,
                "{name} {interface:?}: {planned} planned, {real} sent"
            );
        }
    }
}

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
    let pin = &settings.initial_pin;
    let built = personalize::structure::build(&mut bench, &personalize::ModelOs, pin).expect("built");
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
fn pictures_templates_and_cyclic_records_on_the_card() {
    let (profile, settings) = (profile("3.0"), settings());
    let mut keys = keys(profile);
    let head = "social_security_number,name,SSSE/EF07,SSSE/EF08,DF01/EF15/40:2/59,DF02/EF07,DF03/EF05/60";
    let cyclic = "1000000^20200101^20201231^测试单位|2000000^20190101^^样例单位";
    let text = format!("{head}\n111111198101011110,张三,0102FF,@photo,测试大学,{cyclic},20200101\n");
    let rules = HolderRules {
        profile,
        settings: &settings,
        today: TODAY,
        accept_disagreement: false,
    };
    let photo: Vec<u8> = (0..4000).map(|i| (i % 251) as u8).collect();
    let file = HoldersFile::parse(text.as_bytes(), "x", &rules, &|_| Ok(photo.clone())).expect("a table");
    let holders = file.require_all("x").expect("right");
    let mut card = blank(profile, 1);
    for round in 0..2 {
        // The second round finds the same person's card and appends no record twice.
        let mut run = IssueRun::new(batch(profile, &settings, &holders), &mut keys, None).expect("a batch");
        assert!(issue(&mut run, &mut card).expect("a card"), "{:?}", run.report());
        let mut session = Session::open(Box::new(&mut card))
            .expect("a session")
            .with_security(&mut keys);
        let read = |session: &mut Session<'_>, path: &str| session.read_path(path).expect("readable");
        assert_eq!(read(&mut session, "SSSE/EF08")[0].raw[..4000], photo, "round {round}");
        assert_eq!(read(&mut session, "SSSE/EF07")[0].raw[..4], [1, 2, 0xFF, 0]);
        let records = read(&mut session, "DF02/EF07");
        assert_eq!(records.iter().filter(|field| field.occurrence == 1).count(), 4);
        assert_eq!(records[3].value.plain().as_deref(), Some("测试单位"));
        assert!(
            records.iter().all(|field| field.occurrence <= 2),
            "two records: {records:?}"
        );
        assert_eq!(
            session.read_plain("DF03/EF05/60").expect("readable").as_deref(),
            Some("20200101")
        );
        let template = read(&mut session, "DF01/EF15/40:2");
        assert!(template[0].value.text(Lang::Zh).contains("测试大学"));
    }
}

#[test]
fn a_wrong_transport_key_is_told_and_changes_nothing() {
    let (profile, settings) = (profile("3.0"), settings());
    let (keys, holders) = (keys(profile), holders(profile, &settings));
    let wrong = keys.keys().iter().cloned().map(|mut key| {
        if key.name == "TK" {
            key.value = card_model::secret::Key::from(*b"TEST-WRONG-TRANS");
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
fn items_fail_one_by_one() {
    let (profile, settings) = (profile("3.0"), settings());
    let (mut keys, holders) = (keys(profile), holders(profile, &settings));
    let mut card = pre_personalized(profile, &mut keys, &settings);
    // The key of one file is another one here than on the card.
    let other = keys.keys().iter().cloned().map(|mut key| {
        if key.name == "UK3DF01" {
            key.value = card_model::secret::Key::from(*b"TEST-OTHER-UPDAT");
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

#[test]
fn the_same_file_in_gb18030() {
    let (profile, settings) = (profile("3.0"), settings());
    let utf8 = std::fs::read_to_string(samples().join("holders.csv")).expect("the sample");
    let gb = encoding_rs::GB18030.encode(&utf8).0.into_owned();
    let rules = HolderRules {
        profile,
        settings: &settings,
        today: TODAY,
        accept_disagreement: false,
    };
    let none = |_: &str| Err(std::io::ErrorKind::NotFound.into());
    let file = HoldersFile::parse(&gb, "gb", &rules, &none).expect("a table");
    let expected = holders(profile, &settings);
    let read = file.require_all("gb").expect("right");
    assert_eq!(read.len(), 50);
    for (a, b) in read.iter().zip(&expected) {
        assert!(a.name == b.name && a.number == b.number && a.values == b.values);
    }
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

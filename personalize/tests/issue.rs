//! Cards from blank to verified.
#![allow(
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    reason = "tests and benches stop at the first surprise"
)]

mod common;

use card_model::card::{Interface, LifeCycle};
use card_model::words::Lang;
use common::{SALT, TODAY, batch, blank, blank_on, holders, issue, keys, profile, samples, settings};
use personalize::{HolderRules, HoldersFile, IssueRun, Journal, Silent};
use reader::channel::ModelChannel;
use reader::session::Session;
use std::collections::HashSet;

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

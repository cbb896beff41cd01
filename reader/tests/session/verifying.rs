//! Genuine, forged and inconsistent cards.

use crate::bench::{card, holder, issued, keys, personalize, profile};
use card_model::card::Interface;
use card_model::words::Lang;
use jiff::civil::{Date, date};
use reader::session::Session;
use reader::verify::{Outcome, Verification, verify};

const TODAY: Date = date(2026, 11, 21);

fn failed(verification: &Verification) -> Vec<&str> {
    verification
        .checks
        .iter()
        .filter(|check| check.outcome == Outcome::Failed)
        .map(|check| check.name)
        .collect()
}

#[test]
fn an_issued_card_is_genuine_in_every_version_and_on_both_interfaces() {
    for name in ["3.0", "2.0", "1.0"] {
        for interface in [Interface::Contact, Interface::Contactless] {
            let profile = profile(name);
            if interface == Interface::Contactless && profile.reset.contactless.is_none() {
                continue;
            }
            let mut keys = keys();
            let mut channel = card(profile, &mut keys, interface);
            personalize(&mut channel, profile, &mut keys);
            let mut session = Session::open(Box::new(&mut channel))
                .expect("a card")
                .with_security(&mut keys);
            let verification = verify(&mut session, TODAY).expect("transport");
            assert_eq!(failed(&verification), Vec::<&str>::new(), "{name}: {verification:?}");
            assert!(verification.genuine() && verification.authentic());
            for lang in [Lang::Zh, Lang::En] {
                let json = serde_json::to_string(&verification.view(lang)).expect("json");
                assert!(
                    !json.contains("session.") && json.contains("\"genuine\":true"),
                    "{json}"
                );
            }
        }
    }
}

#[test]
fn keys_of_another_issuer_do_not_fit() {
    let (mut own, mut others) = (keys(), keys());
    let mut channel = issued("3.0", &mut own);
    let mut session = Session::open(Box::new(&mut channel))
        .expect("a card")
        .with_security(&mut others);
    let verification = verify(&mut session, TODAY).expect("transport");
    assert!(!verification.genuine() && !verification.authentic());
    assert_eq!(
        failed(&verification),
        ["internal_authentication", "authentication_code"]
    );
    let number = verification.check("social_security_number").expect("noted");
    assert_eq!(number.outcome, Outcome::Noted, "EF06 could not be read: {number:?}");
    // RKSSSE was refused once; it is not tried again, so that it is not locked.
    for _ in 0..5 {
        verify(&mut session, TODAY).expect("transport");
    }
    drop(session);
    let mut session = Session::open(Box::new(&mut channel))
        .expect("a card")
        .with_security(&mut own);
    assert!(verify(&mut session, TODAY).expect("transport").genuine());
}

#[test]
fn without_keys_nothing_is_proved() {
    let mut channel = issued("3.0", &mut keys());
    let mut session = Session::open(Box::new(&mut channel)).expect("a card");
    let verification = verify(&mut session, TODAY).expect("transport");
    assert!(!verification.genuine() && !verification.authentic());
}

#[test]
fn inconsistent_data_is_named() {
    let cases = [
        ("SSSE/EF05/07", "D21435690", "card_number"),
        ("SSSE/EF05/06", "2026-10-01", "expiry"),
        ("SSSE/EF05/06", "2025-10-01", "expiry"),
        ("SSSE/EF05/05", "2027-01-01", "issue_date"),
        ("SSSE/EF06/08", "990000198101011110", "social_security_number"),
        ("SSSE/EF06/0D", "19820101", "date_of_birth"),
        ("SSSE/EF06/0A", "2", "sex"),
        (
            "SSSE/EF05/01",
            "990100D15600000500000001FFFFFFFF",
            "authentication_code",
        ),
        (
            "SSSE/EF05/01",
            "990100D156000005000000010BADC0DE",
            "authentication_code",
        ),
    ];
    let mut keys = keys();
    let mut channel = issued("3.0", &mut keys);
    for (path, text, name) in cases {
        let mut session = Session::open(Box::new(&mut channel))
            .expect("a card")
            .with_security(&mut keys);
        let before = session.read_plain(path).expect("readable").expect("filled");
        assert!(
            session
                .write_text(&[(path, text)])
                .expect("transport")
                .iter()
                .all(|written| written.ok)
        );
        drop(session);
        let mut session = Session::open(Box::new(&mut channel))
            .expect("a card")
            .with_security(&mut keys);
        let verification = verify(&mut session, TODAY).expect("transport");
        assert!(
            failed(&verification).contains(&name),
            "{path}={text}: {:?}",
            failed(&verification)
        );
        assert!(!verification.genuine());
        session.write_text(&[(path, &before)]).expect("transport");
    }
    assert_eq!(holder("3.00").len(), 12);
}

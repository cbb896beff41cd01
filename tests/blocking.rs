//! Blocked applications and cards, locked keys and PINs, an exhausted PUK, an expired card: the exact status word, and what the
//! command says why and what to do next, in both languages.
#![allow(clippy::expect_used, clippy::panic, reason = "a test that cannot go on fails")]

mod common;

use card_model::card::Interface;
use card_model::profile::Profile;
use common::Place;
use reader::channel::{Channel, ModelChannel};
use reader::link::exchange_bytes;
use reader::security::{CardIdentity, KeyFile, KeyReference, SecurityModule};
use serde_json::Value;

/// A terminal with the issuer's TEST keys that sends what the command `ssc` has no verb for.
struct Issuer {
    card: ModelChannel,
    keys: KeyFile,
    identity: CardIdentity,
    profile: &'static Profile,
}

impl Issuer {
    fn new(place: &Place) -> Self {
        let card = ModelChannel::open(place.path("card.sim"), Interface::Contact).expect("a card");
        let historical = reader::reset::historical(&card.reset_answer().bytes).expect("13 bytes");
        let keys = KeyFile::open(&place.path("TEST.keys"), || {
            Ok::<_, reader::security::KeyFileError>(String::new().into())
        });
        let profile = Profile::builtin("3.0").expect("built in");
        Self {
            card,
            keys: keys.expect("keys"),
            identity: CardIdentity {
                region: "990000".to_owned(),
                historical,
                algorithm: profile.algorithm,
            },
            profile,
        }
    }

    fn send(&mut self, command: &[u8]) -> (Vec<u8>, u16) {
        let answer = exchange_bytes(&mut self.card, command).expect("an answer");
        (answer.data.to_vec(), answer.sw.0)
    }

    fn select(&mut self, df: &str) -> u16 {
        let name = &self.profile.dedicated_file(df).expect("a file").name;
        self.send(&[&[0, 0xA4, 4, 0, name.len() as u8][..], name].concat()).1
    }

    fn challenge(&mut self) -> Vec<u8> {
        self.send(&[0, 0x84, 0, 0, 8]).0
    }

    fn key(&self, name: &str) -> KeyReference<'static> {
        let (_, definition) = self.profile.key(name).expect("a key");
        KeyReference { definition, version: 1 }
    }

    fn authenticate(&mut self, key: &str, right: bool) -> u16 {
        let (challenge, source) = (self.challenge(), [0x5A; 8]);
        let key = self.key(key);
        let mut proof = self
            .keys
            .authentication_data(key, &self.identity, &challenge, &source)
            .expect("a key");
        proof[0] ^= u8::from(!right);
        self.send(&[&[0, 0x82, 0, key.definition.id, 16][..], &proof, &source].concat())
            .1
    }

    fn secured(&mut self, stk: &str, header: [u8; 4], right: bool) -> u16 {
        let challenge = self.challenge();
        let key = self.key(stk);
        let message = self.keys.secure_message(key, &self.identity, &challenge, header, None);
        let mut message = message.expect("a key");
        if let Some(last) = message.last_mut() {
            *last ^= u8::from(!right);
        }
        self.send(&message).1
    }
}

/// The words of an error in JSON: status word, exit code, and what to do next in both languages.
fn told(place: &Place, code: i32, words: &[&str]) -> Value {
    let card = [words, &["--reader", "sim:card.sim"]].concat();
    let error = place.json(code, &card)["error"].clone();
    for lang in ["en", "zh"] {
        let run = place.run(&[&card[..], &["--lang", lang]].concat()).expect(code);
        assert!(run.stderr.lines().count() >= 2, "{}", run.stderr);
        assert!(
            !run.stderr.contains("session.") && !run.stderr.contains("ssc."),
            "{}",
            run.stderr
        );
    }
    assert!(error["next"].is_string(), "{error}");
    error
}

fn text<'v>(error: &'v Value, key: &str) -> &'v str {
    error[key].as_str().unwrap_or_default()
}

#[test]
fn a_blocked_application_is_told_and_the_others_work() {
    let place = Place::with_card();
    let mut issuer = Issuer::new(&place);
    assert_eq!(issuer.select("SSSE"), 0x9000);
    assert_eq!(issuer.select("DF04"), 0x9000);
    assert_eq!(issuer.secured("STKDF04", [0x84, 0x1E, 0, 1], true), 0x6982, "LK first");
    for _ in 0..20 {
        assert_eq!(issuer.authenticate("LKDF04", false), 0x63CF, "failures do not lock LK");
    }
    assert_eq!(issuer.authenticate("LKDF04", true), 0x9000);
    assert_eq!(issuer.secured("STKDF04", [0x84, 0x1E, 0, 1], false), 0x6988);
    assert_eq!(issuer.secured("STKDF04", [0x84, 0x1E, 0, 1], true), 0x9000);
    assert_eq!(issuer.send(&[0, 0x84, 0, 0, 8]).1, 0x9303);
    assert_eq!(
        issuer.secured("STKDF04", [0x84, 0x1E, 0, 1], true),
        0x9000,
        "once more succeeds"
    );
    drop(issuer);

    let error = told(&place, 4, &["read", "DF04/EF05", "--keys", "TEST.keys"]);
    assert_eq!(error["sw"], "9303");
    assert!(
        text(&error, "what").contains("DF04") && text(&error, "next").contains("other applications"),
        "{error}"
    );
    let balance = told(&place, 4, &["account", "balance", "--keys", "TEST.keys"]);
    assert_eq!(balance["sw"], "9303");
    place.json(
        0,
        &["read", "DF01/EF05", "--reader", "sim:card.sim", "--keys", "TEST.keys"],
    );
    place.json(0, &["verify", "--reader", "sim:card.sim", "--keys", "TEST.keys"]);
    place.json(0, &["pin", "status", "--reader", "sim:card.sim"]);
}

#[test]
fn a_blocked_card_is_told_by_every_verb() {
    let place = Place::with_card();
    let mut issuer = Issuer::new(&place);
    assert_eq!(issuer.select("SSSE"), 0x9000);
    assert_eq!(issuer.authenticate("BK", true), 0x9000);
    assert_eq!(issuer.secured("STKSSSE", [0x84, 0x16, 0, 0], true), 0x9000);
    assert_eq!(issuer.send(&[0, 0x84, 0, 0, 8]).1, 0x6A81);
    drop(issuer);
    for words in [
        &["read"][..],
        &["verify", "--keys", "TEST.keys"],
        &["pin", "status"],
        &["write", "DF01/EF08/2B=1", "--keys", "TEST.keys"],
    ] {
        let error = told(&place, 4, words);
        assert_eq!(error["sw"], "6A81", "{words:?}");
        assert!(text(&error, "what").contains("blocked for good"), "{error}");
        assert!(text(&error, "next").contains("another card"), "{error}");
    }
    assert_eq!(place.json(0, &["card", "info", "card.sim"])["life_cycle"], "blocked");
}

#[test]
fn a_locked_key_and_an_exhausted_puk_are_told() {
    let place = Place::with_card();
    let mut issuer = Issuer::new(&place);
    let tries = issuer.profile.os.key_tries;
    assert_eq!(issuer.select("SSSE"), 0x9000);
    for key in ["RKSSSE", "PUK"] {
        for left in (0..tries).rev() {
            assert_eq!(issuer.authenticate(key, false), 0x63C0 | u16::from(left));
        }
        assert_eq!(issuer.authenticate(key, true), 0x6983, "locked, whatever is presented");
    }
    drop(issuer);
    let error = told(&place, 4, &["read", "SSSE/EF06", "--keys", "TEST.keys"]);
    assert_eq!(error["sw"], "6983");
    assert!(
        text(&error, "what").contains("RKSSSE") && text(&error, "next").contains("cannot be unlocked"),
        "{error}"
    );
    for words in [
        &["pin", "unblock", "--keys", "TEST.keys"][..],
        &["pin", "reset", "--keys", "TEST.keys"],
    ] {
        let run = place.run_with(
            &[("SSC_NEW_PIN", "123456"), ("SSC_PIN", "123456")],
            &[words, &["--reader", "sim:card.sim", "--json"]].concat(),
        );
        let error = run.expect(4).json()["error"].clone();
        assert_eq!(error["sw"], "6983");
        assert!(text(&error, "next").contains("no longer be unblocked"), "{error}");
    }
    // A PIN that is not blocked still works.
    place
        .run_with(&[("SSC_PIN", "123456")], &["pin", "verify", "--reader", "sim:card.sim"])
        .expect(0);
}

#[test]
fn an_exhausted_unblock_message_locks_the_puk_and_a_blocked_pin_stays_blocked() {
    let place = Place::with_card();
    for code in [5, 5, 5, 5] {
        let wrong = &[("SSC_PIN", "999999")];
        place
            .run_with(wrong, &["pin", "verify", "--last-try", "--reader", "sim:card.sim"])
            .expect(code);
    }
    let mut issuer = Issuer::new(&place);
    let tries = issuer.profile.os.key_tries;
    assert_eq!(issuer.select("SSSE"), 0x9000);
    assert_eq!(issuer.send(&[0, 0x20, 0, 0, 3, 0x12, 0x34, 0x56]).1, 0x6983);
    assert_eq!(issuer.authenticate("PUK", true), 0x9000);
    for _ in 0..tries {
        assert_eq!(issuer.secured("STKSSSE", [0x84, 0x24, 0, 0], false), 0x6988);
    }
    assert_eq!(
        issuer.secured("STKSSSE", [0x84, 0x24, 0, 0], true),
        0x6982,
        "the PUK is gone"
    );
    assert_eq!(issuer.authenticate("PUK", true), 0x6983);
    drop(issuer);
    let blocked = place.run_with(
        &[("SSC_PIN", "123456")],
        &["pin", "verify", "--reader", "sim:card.sim", "--json"],
    );
    let error = blocked.expect(5).json()["error"].clone();
    assert_eq!(error["sw"], "6983");
    assert!(error["next"].is_string(), "{error}");
    told(&place, 4, &["pin", "unblock", "--keys", "TEST.keys"]);
    let status = place.json(0, &["pin", "status", "--reader", "sim:card.sim"]);
    assert_eq!(status["tries_left"], 0, "{status}");
}

#[test]
fn an_expired_card_is_told_from_a_false_one() {
    let place = Place::with_card();
    for value in ["SSSE/EF05/05=20100101", "SSSE/EF05/06=20200101"] {
        place.json(0, &["write", value, "--reader", "sim:card.sim", "--keys", "TEST.keys"]);
    }
    let verified = place.json(1, &["verify", "--reader", "sim:card.sim", "--keys", "TEST.keys"]);
    assert_eq!(verified["genuine"], false);
    let error = &verified["error"];
    assert!(text(error, "what").contains("expired"), "{error}");
    assert!(
        text(error, "why").contains("2020-01-01") && text(error, "next").contains("new card"),
        "{error}"
    );
    let read = place.run(&["read", "SSSE/EF05", "--reader", "sim:card.sim"]).expect(0);
    assert!(read.stderr.contains("2020-01-01"), "{}", read.stderr);
}

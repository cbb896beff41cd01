//! `ssc pin`: tries are never spent in silence, and each state has its exit code.
#![allow(clippy::expect_used, clippy::panic, reason = "a test that cannot go on fails")]

mod common;

use common::{Place, has_keys};
use serde_json::Value;

const CARD: [&str; 2] = ["--reader", "sim:card.sim"];

fn pin(place: &Place, code: i32, variables: &[(&str, &str)], words: &[&str]) -> Value {
    let words = [&["pin"], words, &CARD, &["--json"]].concat();
    place.run_with(variables, &words).expect(code).json()
}

fn tries(place: &Place) -> Value {
    let status = pin(place, 0, &[], &["status"]);
    has_keys(&status, &["set", "tries_left", "ok"]);
    assert_eq!(status["set"], true);
    status["tries_left"].clone()
}

#[test]
fn the_whole_life_of_a_pin() {
    let place = Place::with_card();
    assert_eq!(tries(&place), tries(&place), "asking spends nothing");
    let all = tries(&place).as_u64().expect("number");
    let right = [("SSC_PIN", "123456")];
    let wrong = [("SSC_PIN", "000000")];
    assert_eq!(pin(&place, 0, &right, &["verify"])["ok"], true);

    let refused = pin(&place, 5, &wrong, &["verify"]);
    assert_eq!(
        (&refused["ok"], refused["tries_left"].as_u64()),
        (&Value::from(false), Some(all - 1)),
        "{refused}"
    );
    has_keys(&refused["error"], &["code", "what", "why", "next"]);
    assert_eq!(refused["error"]["code"], 5);

    let changed = pin(
        &place,
        0,
        &[("SSC_PIN", "123456"), ("SSC_NEW_PIN", "24681357")],
        &["change"],
    );
    assert_eq!(changed["ok"], true);
    assert_eq!(tries(&place).as_u64(), Some(all));
    pin(&place, 5, &right, &["verify"]);
    pin(&place, 0, &[("SSC_PIN", "24681357")], &["verify"]);

    // Down to the last try, which is kept until it is asked for.
    for left in (1..all).rev() {
        pin(&place, 5, &wrong, &["verify"]);
        assert_eq!(tries(&place).as_u64(), Some(left));
    }
    let kept = pin(&place, 5, &wrong, &["verify"]);
    assert!(
        kept["error"]["next"]
            .as_str()
            .is_some_and(|next| next.contains("--last-try")),
        "{kept}"
    );
    assert_eq!(tries(&place).as_u64(), Some(1), "the last try was not spent");
    pin(
        &place,
        5,
        &[("SSC_PIN", "000000"), ("SSC_NEW_PIN", "111111")],
        &["change"],
    );
    assert_eq!(tries(&place).as_u64(), Some(1));
    pin(&place, 5, &wrong, &["verify", "--last-try"]);
    assert_eq!(tries(&place).as_u64(), Some(0));
    pin(&place, 5, &[("SSC_PIN", "24681357")], &["verify", "--last-try"]);

    // The key PUK gives the tries back, or sets a new PIN.
    pin(&place, 2, &[], &["unblock"]);
    assert_eq!(pin(&place, 0, &[], &["unblock", "--keys", "TEST.keys"])["ok"], true);
    pin(&place, 0, &[("SSC_PIN", "24681357")], &["verify"]);
    pin(&place, 0, &[("SSC_NEW_PIN", "1234")], &["reset", "--keys", "TEST.keys"]);
    pin(&place, 0, &[("SSC_PIN", "1234")], &["verify"]);
}

#[test]
fn a_malformed_pin_never_reaches_the_card() {
    let place = Place::with_card();
    let before = tries(&place);
    for pin_text in ["123", "12345678901234567", "12a456", ""] {
        let failed = pin(&place, 2, &[("SSC_PIN", pin_text)], &["verify"]);
        assert!(pin_text.is_empty() || !failed.to_string().contains(pin_text));
    }
    pin(&place, 2, &[], &["verify"]);
    assert_eq!(tries(&place), before);
}

#[test]
fn a_blank_card_has_no_pin() {
    let place = Place::new();
    place.run(&["card", "new", "card.sim"]).expect(0);
    let status = pin(&place, 4, &[], &["status"]);
    has_keys(&status["error"], &["code", "what", "why", "next"]);
}

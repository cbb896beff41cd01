//! `ssc psam` and the flag `--psam`: what a PSAM gives is what the key file gives.
#![allow(clippy::expect_used, clippy::panic, reason = "a test that cannot go on fails")]

mod common;

use common::{Place, has_keys};
use serde_json::Value;

const CARD: [&str; 2] = ["--reader", "sim:card.sim"];
const KEYS: [&str; 2] = ["--keys", "TEST.keys"];
const PSAM: [&str; 2] = ["--psam", "sim:TEST.psam"];

fn new(place: &Place, file: &str, more: &[&str]) -> Value {
    place.json(0, &[&["psam", "new", file], &KEYS[..], more].concat())
}

fn with(place: &Place, code: i32, words: &[&str], module: [&str; 2]) -> Value {
    place.json(code, &[words, &CARD, &module].concat())
}

#[test]
fn a_psam_is_made_and_looked_into() {
    let place = Place::new().with_keys();
    let made = new(&place, "TEST.psam", &["--serial", "99010000000000000042"]);
    has_keys(
        &made,
        &[
            "file",
            "test",
            "serial",
            "terminal_number",
            "level",
            "key_version",
            "keys",
        ],
    );
    assert_eq!(made["serial"], "99010000000000000042");
    assert_eq!(made["terminal_number"], "000000000001");
    let loaded = made["keys"].as_array().expect("list");
    let key = |name: &str, algorithm: &str| {
        loaded
            .iter()
            .find(|key| key["name"] == name && key["algorithm"] == algorithm)
            .unwrap_or_else(|| panic!("{name}"))
    };
    assert_eq!(
        (&key("RKSSSE", "sm4")["usage"], &key("RKSSSE", "sm4")["id"]),
        (&Value::from("67"), &Value::from("0A"))
    );
    assert_eq!(key("UKSSSE", "3des")["usage"], "48");

    let info = place.json(0, &["psam", "info", "TEST.psam"]);
    has_keys(
        &info,
        &["atr", "serial", "terminal_number", "environments", "files", "keys"],
    );
    assert_eq!(info["atr"], "3B6D000000992611018699000000000042");
    assert_eq!(info["environments"].as_array().map(Vec::len), Some(3));
    let inside = info["keys"].as_array().expect("list");
    assert_eq!(
        inside.iter().filter(|key| !key["usage"].is_null()).count(),
        loaded.len()
    );

    let asked = place.json(0, &[&["psam", "info"], &PSAM[..]].concat());
    has_keys(&asked, &["terminal_number", "environments", "keys"]);
    assert_eq!(asked["terminal_number"], made["terminal_number"]);
    assert!(asked["keys"].as_array().is_some_and(|keys| keys.len() > 100));

    // No key value anywhere.
    let shown = place
        .run(&["keys", "show", "TEST.keys", "--reveal", "--json"])
        .expect(0)
        .json();
    let texts = [made.to_string(), info.to_string(), asked.to_string()];
    for key in shown["keys"].as_array().expect("list") {
        let value = key["value"].as_str().expect("hex");
        assert!(texts.iter().all(|text| !text.contains(value)), "{}", key["name"]);
    }

    place
        .run(&[&["psam", "new", "TEST.psam"], &KEYS[..]].concat())
        .expect(2);
    place.run(&["psam", "new", "other.psam"]).expect(2);
    place.run(&["psam", "info"]).expect(2);
    place.run(&["psam", "info", "TEST.keys"]).expect(2);
    for lang in ["en", "zh"] {
        let text = place
            .run(&["psam", "info", "TEST.psam", "--lang", lang])
            .expect(0)
            .stdout;
        assert!(text.contains("000000000001") && !text.contains("psam."), "{text}");
    }
}

#[test]
fn read_verify_and_pin_are_the_same_as_with_keys() {
    let place = Place::with_card();
    new(&place, "TEST.psam", &[]);
    for words in [&["read"][..], &["verify"], &["read", "SSSE/EF06", "DF03/EF05"]] {
        assert_eq!(with(&place, 0, words, PSAM), with(&place, 0, words, KEYS), "{words:?}");
    }
    let written = with(&place, 0, &["write", "DF01/EF08/2B=married", "SSSE/EF06/0B=01"], PSAM);
    assert!(
        written["written"]
            .as_array()
            .expect("list")
            .iter()
            .all(|w| w["ok"] == true)
    );
    assert_eq!(with(&place, 0, &["read"], PSAM), with(&place, 0, &["read"], KEYS));

    let words = [&["pin", "reset", "--yes", "--json"][..], &CARD, &PSAM].concat();
    let reset = place.run_with(&[("SSC_NEW_PIN", "975310")], &words).expect(0).json();
    assert_eq!(reset["ok"], true);
    let words = [&["pin", "verify", "--json"][..], &CARD].concat();
    place.run_with(&[("SSC_PIN", "975310")], &words).expect(0);
    with(&place, 0, &["pin", "unblock"], PSAM);
}

#[test]
fn what_a_psam_lacks_is_told() {
    let place = Place::with_card();
    new(&place, "no-sm4.psam", &["--without", "sm4"]);
    new(&place, "no-rk.psam", &["--without", "rkssse"]);
    new(&place, "city.psam", &["--level", "city", "--region", "990100"]);
    new(&place, "own-city.psam", &["--level", "city"]);
    let error = |code, module: &str| {
        let module = format!("sim:{module}");
        let words = [&["write", "SSSE/EF06/0B=01"][..], &CARD, &["--psam", &module]].concat();
        place.json(code, &words).to_string()
    };
    assert!(error(4, "no-sm4.psam").contains("no environment for sm4"));
    let other = error(4, "city.psam");
    assert!(other.contains("990100") && other.contains("990000"), "{other}");
    error(0, "own-city.psam");
    let read = [&["read", "SSSE/EF06"][..], &CARD, &["--psam", "sim:no-rk.psam"]].concat();
    let refused = place.run(&[&read[..], &["--json"]].concat());
    assert!(
        refused.code != 0 && refused.stdout.contains("RKSSSE"),
        "{}",
        refused.stdout
    );

    error(3, "nowhere.psam");
    error(2, "TEST.keys");
    let both = [&["read"][..], &CARD, &KEYS, &["--psam", "sim:own-city.psam"]].concat();
    place.run(&both).expect(2);
    let none = [&["verify"][..], &CARD].concat();
    place.run(&none).expect(2);
    place
        .run(&[&["psam", "new", "x.psam", "--without", "DANCE"], &KEYS[..]].concat())
        .expect(2);
    place
        .run(
            &[
                &["psam", "new", "x.psam", "--level", "city", "--region", "99"],
                &KEYS[..],
            ]
            .concat(),
        )
        .expect(2);
    place
        .run(&[&["psam", "new", "x.psam", "--serial", "12AB"], &KEYS[..]].concat())
        .expect(2);
    assert!(!place.path("x.psam").exists());
}

#[test]
fn a_psam_of_another_key_version() {
    let place = Place::with_card();
    new(&place, "second.psam", &["--key-version", "2"]);
    assert_eq!(
        with(&place, 0, &["read"], ["--psam", "sim:second.psam"]),
        with(&place, 0, &["read"], KEYS),
        "the card holds all versions"
    );
}

#[test]
fn a_trace_with_a_psam_holds_no_secret() {
    let place = Place::with_card();
    new(&place, "TEST.psam", &["--trace", "new.txt"]);
    let words = [&["pin", "reset", "--yes", "--trace", "reset.txt"][..], &CARD, &PSAM].concat();
    place.run_with(&[("SSC_NEW_PIN", "86420975")], &words).expect(0);
    let text = ["new.txt", "reset.txt"]
        .map(|name| std::fs::read_to_string(place.path(name)).expect("trace"))
        .concat();
    assert!(text.contains("80FA0000"), "the PSAM's commands are in the trace");
    assert!(!text.contains("86420975"), "the PIN is not");
    let shown = place
        .run(&["keys", "show", "TEST.keys", "--reveal", "--json"])
        .expect(0)
        .json();
    for key in shown["keys"].as_array().expect("list") {
        let value = key["value"].as_str().expect("hex");
        assert!(!text.contains(value), "{}", key["name"]);
    }
}

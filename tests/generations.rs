//! Cards of all generations: detection from the card's own data, and old records reused with a new meaning.
#![allow(clippy::expect_used, clippy::panic, reason = "a test that cannot go on fails")]

mod common;

use common::Place;
use serde_json::Value;

/// An issued card of a version in `card.sim`, with TEST keys and one holder with the basic columns only.
fn issued(profile: &str) -> Place {
    let place = Place::new().with_keys().with_samples(1);
    let text = std::fs::read_to_string(place.path("holders.csv")).expect("holders");
    let basic = |line: &str| line.split(',').take(6).collect::<Vec<_>>().join(",");
    place.write("holders.csv", text.lines().map(basic).collect::<Vec<_>>().join("\n"));
    place.run(&["card", "new", "card.sim", "--profile", profile]).expect(0);
    let call = ["issue", "--reader", "sim:card.sim", "--keys", "TEST.keys"];
    let files = ["--holders", "holders.csv", "--settings", "settings.toml"];
    place.run(&[&call[..], &files].concat()).expect(0);
    place
}

const CARD: [&str; 4] = ["--reader", "sim:card.sim", "--keys", "TEST.keys"];

fn with_pin(place: &Place, code: i32, words: &[&str]) -> Value {
    let words = [words, &CARD, &["--json"]].concat();
    place.run_with(&[("SSC_PIN", "123456")], &words).expect(code).json()
}

#[test]
fn records_of_version_1_are_reused_with_the_meaning_of_version_2() {
    let place = issued("1.0");
    let file = |place: &Place| with_pin(place, 0, &["read", "DF01/EF0A"])["files"][0]["elements"].clone();
    with_pin(&place, 0, &["write", "DF01/EF0A/37=5000.00", "DF01/EF0A/39=20120101"]);
    let old = file(&place);
    assert_eq!(old[0]["text"], "5000.00 yuan", "{old}");
    assert!(old[0].get("note").is_none(), "{old}");
    let done = with_pin(
        &place,
        0,
        &[
            "write",
            "DF01/EF0A/37@2.0=CHN",
            "DF01/EF0A/38@2.0=13",
            "DF01/EF0A/39@2.0=20010701",
        ],
    );
    assert!(
        done["written"]
            .as_array()
            .expect("list")
            .iter()
            .all(|w| w["ok"] == true),
        "{done}"
    );
    let new = file(&place);
    for element in new.as_array().expect("elements") {
        assert!(
            element["note"].as_str().is_some_and(|note| note.contains("EE")),
            "{new}"
        );
    }
    assert_eq!(new[0]["raw"], "43484EEE");
    assert_eq!(
        (&new[0]["value"], &new[0]["name"]),
        (&Value::from("CHN"), &Value::from("nationality"))
    );
    assert_eq!(new[1]["raw"], "3133EEEE");
    assert_eq!(new[2]["name"], "date joined party", "it follows the mark of 38: {new}");
    // One element alone knows its companion too, and people are told.
    let one = with_pin(&place, 0, &["read", "DF01/EF0A/39"]);
    assert_eq!(one["files"][0]["elements"].as_array().map(Vec::len), Some(1), "{one}");
    assert_eq!(one["files"][0]["elements"][0]["name"], "date joined party");
    let zh = [&["read", "DF01/EF0A", "--lang", "zh"][..], &CARD].concat();
    let text = place.run_with(&[("SSC_PIN", "123456")], &zh).expect(0).stdout;
    assert!(text.contains("复用") && text.contains("国籍"), "{text}");
    // A reused record stays reused without being told again.
    with_pin(&place, 0, &["write", "DF01/EF0A/37=USA"]);
    assert_eq!(file(&place)[0]["raw"], "555341EE");
    place.run(&[&["verify"][..], &CARD].concat()).expect(0);
}

#[test]
fn what_cannot_be_reused_is_refused_before_anything_is_written() {
    let place = issued("1.0");
    for (write, word) in [
        ("DF01/EF05/21@2.0=x", "reused"),
        ("DF01/EF0A/39@2.0=20010701", "38@2.0"),
        ("DF02/EF06/4B@2.0=10010", "too long"),
    ] {
        let refused = with_pin(&place, 2, &["write", write]);
        assert!(refused["error"].to_string().contains(word), "{refused}");
    }
    let place = issued("3.0");
    let refused = with_pin(&place, 2, &["write", "DF01/EF0A/37@2.0=CHN"]);
    assert!(refused["error"].to_string().contains("reused"), "{refused}");
}

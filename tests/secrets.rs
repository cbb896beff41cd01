//! Nothing secret in the output or in the trace of a whole issue run: keys, PINs, names, citizen numbers, searched as
//! text, in hex of UTF-8 and in hex of GBK.
#![allow(clippy::expect_used, clippy::panic, reason = "a test that cannot go on fails")]

mod common;

use common::Place;
use serde_json::Value;

/// Every form in which a text could stand somewhere.
fn forms(text: &str) -> Vec<String> {
    let gbk = encoding_rs::GB18030.encode(text).0;
    let upper = |bytes: &[u8]| hex::encode_upper(bytes);
    let spaced = |bytes: &[u8]| bytes.iter().map(|b| format!("{b:02X}")).collect::<Vec<_>>().join(" ");
    vec![
        text.to_owned(),
        upper(text.as_bytes()),
        upper(&gbk),
        spaced(text.as_bytes()),
        spaced(&gbk),
    ]
}

fn assert_absent(haystack: &str, forms: &[String], what: &str) {
    let haystack = haystack.to_uppercase();
    for form in forms {
        assert!(!haystack.contains(&form.to_uppercase()), "{what} was found as {form}");
    }
}

#[test]
fn a_trace_of_an_issue_run_holds_no_secret() {
    let place = Place::new().with_keys().with_samples(9);
    place.write("settings.toml", "region = \"990000\"\ninitializing_institution = \"01\"\ncard_number_prefix = \"T\"\ninitial_pin = \"86420975\"\n");
    let call = [
        "issue",
        "--reader",
        "sim:cards/",
        "--keys",
        "TEST.keys",
        "--holders",
        "holders.csv",
        "--settings",
        "settings.toml",
        "--trace",
        "trace.txt",
    ];
    let run = place.run(&call).expect(0);
    let trace = std::fs::read_to_string(place.path("trace.txt")).expect("trace");
    assert!(
        trace.lines().count() > 500,
        "a trace of nine cards has many lines, not {}",
        trace.lines().count()
    );
    let journal: String = std::fs::read_dir(place.dir())
        .expect("dir")
        .flatten()
        .filter(|e| e.path().extension().is_some_and(|x| x == "journal" || x == "jsonl"))
        .map(|e| std::fs::read_to_string(e.path()).expect("journal"))
        .collect();
    let everything = [trace.as_str(), &run.stdout, &run.stderr, &journal].join("\n");

    let revealed = place.json(0, &["keys", "show", "TEST.keys", "--reveal"]);
    for key in revealed["keys"].as_array().expect("keys") {
        let value = key["value"].as_str().expect("value").to_owned();
        let spaced = value
            .as_bytes()
            .chunks(2)
            .map(String::from_utf8_lossy)
            .collect::<Vec<_>>()
            .join(" ");
        assert_absent(&everything, &[value, spaced], key["name"].as_str().unwrap_or("key"));
    }
    assert_absent(&everything, &forms("86420975"), "the PIN");
    let holders = std::fs::read_to_string(place.path("holders.csv")).expect("holders");
    for line in holders.lines().skip(1) {
        let columns: Vec<&str> = line.split(',').collect();
        assert_absent(&everything, &forms(columns[0]), "a citizen number");
        assert_absent(&everything, &forms(columns[1]), "a name");
    }
}

#[test]
fn reading_and_pin_traces_are_masked_unless_asked_for() {
    let place = Place::with_card();
    let holders = std::fs::read_to_string(place.path("holders.csv")).expect("holders");
    let citizen = holders
        .lines()
        .nth(1)
        .and_then(|l| l.split(',').next())
        .expect("number")
        .to_owned();
    let read = |trace: &str, more: &[&str]| -> String {
        let words = [
            &[
                "read",
                "SSSE/EF06",
                "--reader",
                "sim:card.sim",
                "--keys",
                "TEST.keys",
                "--trace",
                trace,
            ],
            more,
        ]
        .concat();
        let run = place.run(&words).expect(0);
        assert!(run.stdout.contains(&citizen), "the holder's data is the result");
        std::fs::read_to_string(place.path(trace)).expect("trace")
    };
    assert_absent(&read("masked.txt", &[]), &forms(&citizen), "a citizen number");
    assert!(read("plain.txt", &["--unmasked"]).contains(&hex::encode_upper(&citizen)));
    let run = place.run_with(
        &[("SSC_PIN", "123456")],
        &["pin", "verify", "--reader", "sim:card.sim", "--trace", "pin.txt"],
    );
    assert_eq!(run.code, 0, "{}", run.stderr);
    let trace = std::fs::read_to_string(place.path("pin.txt")).expect("trace");
    assert!(trace.contains("0020") && !trace.contains("123456"), "{trace}");
}

#[test]
fn wrong_secrets_are_not_repeated() {
    let place = Place::with_card();
    for words in [&["pin", "verify"][..], &["read", "DF01/EF05"]] {
        for json in [&[][..], &["--json"]] {
            let words = [words, &["--reader", "sim:card.sim"], json].concat();
            let run = place.run_with(&[("SSC_PIN", "97531086")], &words).expect(5);
            assert_absent(&(run.stdout + &run.stderr), &forms("97531086"), "the PIN");
            // Two wrong ones are not enough to block it.
            place
                .run_with(&[("SSC_PIN", "123456")], &["pin", "verify", "--reader", "sim:card.sim"])
                .expect(0);
        }
    }
}

#[test]
fn test_keys_announce_themselves_everywhere() {
    let place = Place::with_card();
    for words in [
        &["verify"][..],
        &["read", "SSSE/EF06"],
        &["write", "DF01/EF08/2B=1"],
        &["bench", "--runs", "3"],
        &["pin", "unblock"],
    ] {
        let words = [words, &["--reader", "sim:card.sim", "--keys", "TEST.keys", "--quiet"]].concat();
        let run = place.run(&words).expect(0);
        assert!(run.stderr.contains("TEST"), "{words:?}: {}", run.stderr);
    }
    let value: Value = place.json(0, &["keys", "show", "TEST.keys"]);
    assert_eq!(value["test"], true);
}

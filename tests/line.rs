//! `--line`: simulated cards at the speed of a real line, and the estimate that every batch prints.
#![allow(clippy::expect_used, clippy::panic, reason = "a test that cannot go on fails")]

mod common;

use common::Place;
use std::time::{Duration, Instant};

#[test]
fn a_card_on_a_line_takes_its_time() {
    let place = Place::new();
    place.run(&["card", "new", "card.sim"]).expect(0);
    let challenges = ["0084000008"; 10];
    let words = [&["apdu", "--reader", "sim:card.sim", "--line", "9600"][..], &challenges].concat();
    let begin = Instant::now();
    let answers = place.json(0, &words);
    // Ten times 5 + 1 + 10 characters of 12 etu: 200 ms by hand.
    assert!(begin.elapsed() >= Duration::from_millis(200));
    for answer in answers.as_array().expect("list") {
        assert!(
            answer["micros"].as_u64().is_some_and(|micros| micros >= 20_000),
            "{answer}"
        );
    }
    let fast = place
        .run(&["apdu", "--reader", "sim:card.sim", "--line", "115200", "0084000008"])
        .expect(0);
    assert!(
        fast.stderr.contains("9600"),
        "this card offers no more: {}",
        fast.stderr
    );
    // The line says which interface: the card answers at once, as it does without contacts.
    let air = place
        .run(&[
            "apdu",
            "--raw",
            "--reader",
            "sim:card.sim",
            "--line",
            "106k",
            "0084000008",
        ])
        .expect(0);
    assert!(!air.stderr.contains("106"), "this card offers it: {}", air.stderr);
}

#[test]
fn a_line_that_cannot_be_is_code_2() {
    let place = Place::new();
    place.run(&["card", "new", "card.sim"]).expect(0);
    for words in [
        &[
            "apdu",
            "--reader",
            "sim:card.sim",
            "--line",
            "106k",
            "--interface",
            "contact",
            "0084000008",
        ][..],
        &["apdu", "--reader", "sim:card.sim", "--line", "212k", "0084000008"],
    ] {
        let error = place.json(2, words)["error"].clone();
        assert!(error["next"].is_string(), "{error}");
    }
}

#[test]
fn batches_and_benches_tell_the_line_time() {
    let place = Place::new().with_keys().with_samples(2);
    let issue = [
        "issue",
        "--reader",
        "sim:cards/",
        "--keys",
        "TEST.keys",
        "--holders",
        "holders.csv",
    ];
    let run = place.run(&issue).expect(0);
    assert!(
        run.stdout.contains("9600 bit/s") && run.stdout.contains("115200 bit/s"),
        "{}",
        run.stdout
    );
    std::fs::remove_dir_all(place.path("cards")).expect("cards");
    let _ = std::fs::remove_file(place.path("cards.journal"));
    let issued = place.json(0, &issue);
    let seconds = issued["line_seconds"]["9600"].as_f64().expect("seconds");
    let faster = issued["line_seconds"]["115200"].as_f64().expect("seconds");
    // 115200 is twelve times 9600, and all characters are the same.
    assert!(
        seconds > 10.0 && (seconds / faster - 12.0).abs() < 0.01,
        "{seconds} {faster}"
    );
    let card = std::fs::read_dir(place.path("cards"))
        .expect("cards")
        .next()
        .expect("a card")
        .expect("a card");
    let reader = format!("sim:{}", card.path().display());
    let bench = place.json(0, &["bench", "--reader", &reader, "--runs", "20"]);
    let challenge = bench
        .as_array()
        .expect("rows")
        .iter()
        .find(|row| row["command"] == "GET CHALLENGE 8");
    assert_eq!(challenge.expect("measured")["line_us"]["9600"], 20_000.0);
    assert!(
        place
            .run(&["bench", "--reader", &reader, "--runs", "5"])
            .expect(0)
            .stdout
            .contains("9600")
    );
}

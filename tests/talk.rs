//! What is the same for every verb: help, languages, failures, one JSON document, exit codes of usage.
#![allow(clippy::expect_used, clippy::panic, reason = "a test that cannot go on fails")]

mod common;

use common::{Place, has_keys};

const VERBS: [&[&str]; 48] = [
    &[],
    &["demo"],
    &["readers"],
    &["read"],
    &["verify"],
    &["write"],
    &["issue"],
    &["pin", "status"],
    &["pin", "verify"],
    &["pin", "change"],
    &["pin", "reset"],
    &["pin", "unblock"],
    &["account", "balance"],
    &["account", "load"],
    &["account", "debit"],
    &["account", "history"],
    &["account", "proof"],
    &["card", "new"],
    &["card", "info"],
    &["card", "serve"],
    &["keys", "generate"],
    &["keys", "show"],
    &["psam", "new"],
    &["psam", "info"],
    &["psam", "serve"],
    &["cert", "request"],
    &["cert", "write"],
    &["cert", "read"],
    &["cert", "verify"],
    &["cert", "pin", "status"],
    &["cert", "pin", "verify"],
    &["cert", "pin", "change"],
    &["cert", "pin", "reset"],
    &["cert", "pin", "unblock"],
    &["cert", "rekey"],
    &["sign"],
    &["decrypt"],
    &["ca", "new"],
    &["ca", "issue"],
    &["ca", "crl"],
    &["profile", "show"],
    &["profile", "check"],
    &["profile", "diff"],
    &["profile", "script"],
    &["apdu"],
    &["bench"],
    &["completions"],
    &["man"],
];

#[test]
fn every_verb_has_a_page_in_both_languages() {
    let place = Place::new();
    for verb in VERBS {
        let en = place.run(&[verb, &["--help"]].concat()).expect(0).stdout;
        let zh = place
            .run(&[verb, &["--help", "--lang", "zh"]].concat())
            .expect(0)
            .stdout;
        assert!(
            en.contains("Usage:") && en.contains("Examples:") && en.contains("--json"),
            "{en}"
        );
        assert!(
            zh.contains("用法：") && zh.contains("示例：") && !zh.contains("Usage"),
            "{zh}"
        );
        assert!(
            en.lines().count() < 60 && zh.lines().count() < 60,
            "more than one page: {en}"
        );
    }
}

#[test]
fn the_front_page_shows_three_people_where_to_start() {
    let place = Place::new();
    let en = place.run(&[]).expect(0);
    for word in ["ssc demo", "ssc issue", "ssc apdu", "ssc read", "ssc verify"] {
        assert!(en.stdout.contains(word), "{}", en.stdout);
    }
    let zh = place.run_with(&[("LC_ALL", "zh_CN.UTF-8")], &[]).expect(0);
    for word in ["银行", "测试", "医院"] {
        assert!(zh.stdout.contains(word), "{}", zh.stdout);
    }
    assert!(place.run(&["--lang", "en"]).expect(0).stdout.is_ascii() || en.stdout.contains("中文"));
}

#[test]
fn wrong_calls_are_code_2_with_the_next_step() {
    let place = Place::new();
    for call in [
        &["red"][..],
        &["read", "--foo"],
        &["card"],
        &["card", "new"],
        &["pin", "smash"],
        &["completions", "csh"],
        &["bench", "--runs", "0"],
        &["read", "--interface", "radio"],
        &["keys", "generate", "--out", "x"],
        &["apdu", "ZZ"],
        &["apdu", "00"],
        &["apdu", "00840000=90"],
        &["card", "new", "x.sim", "--profile", "9.0"],
        &["card", "new", "x.sim", "--serial", "12"],
        &["verify", "--reader", "sim:x.sim", "--keys", "none"],
    ] {
        let run = place.run(call).expect(2);
        assert!(run.stdout.is_empty(), "{call:?}: {}", run.stdout);
        assert!(run.stderr.starts_with("ssc: "), "{call:?}: {}", run.stderr);
        let zh = place.run(&[call, &["--lang", "zh"]].concat()).expect(2);
        assert!(zh.stderr.starts_with("ssc："), "{call:?}: {}", zh.stderr);
        let json = place.json(2, call);
        has_keys(&json["error"], &["code", "what", "why", "next"]);
        assert_eq!(json["error"]["code"], 2);
        assert!(json["error"]["what"].as_str().is_some_and(|what| !what.is_empty()));
    }
    assert!(
        std::fs::read_dir(place.dir()).expect("dir").next().is_none(),
        "a wrong call left a file"
    );
}

#[test]
fn quiet_silences_talk_but_not_failures() {
    let place = Place::new();
    assert!(!place.run(&["red", "--quiet"]).expect(2).stderr.is_empty());
}

#[test]
fn completions_and_man_pages_are_made() {
    let place = Place::new();
    for shell in ["bash", "zsh", "fish", "powershell"] {
        let script = place.run(&["completions", shell]).expect(0).stdout;
        assert!(script.contains("issue") && script.contains("holders"), "{shell}");
    }
    assert!(place.run(&["man"]).expect(0).stdout.contains(".TH ssc 1"));
    let written = place.json(0, &["man", "pages"]);
    let pages = written["written"].as_array().expect("list").len();
    assert!(pages > 20, "{pages}");
    let page = std::fs::read_to_string(place.path("pages/ssc-card-new.1")).expect("page");
    assert!(page.contains("ssc card new blank.sim"), "{page}");
}

#[test]
fn version_is_told() {
    let text = Place::new().run(&["--version"]).expect(0).stdout;
    assert!(text.contains(env!("CARGO_PKG_VERSION")));
}

//! `ssc demo`: in this process, through a private pcscd, and kept for one's own trials.
#![allow(clippy::expect_used, clippy::panic, reason = "a test that cannot go on fails")]

mod common;

use common::{Place, has_keys};

fn check(json: &serde_json::Value, steps: &[&str]) {
    assert_eq!(json["ok"], true, "{json}");
    let done = json["steps"].as_array().expect("steps");
    let names: Vec<_> = done.iter().map(|step| step["name"].as_str().expect("name")).collect();
    assert_eq!(names, steps);
    for step in done {
        has_keys(step, &["name", "ok", "apdus", "micros"]);
        assert_eq!(step["ok"], true);
        assert!(step["micros"].as_u64().is_some_and(|micros| micros > 0), "{step}");
    }
    let apdus: u64 = done.iter().filter_map(|step| step["apdus"].as_u64()).sum();
    assert!(apdus > 500, "{apdus} commands are no whole card");
}

#[test]
fn in_this_process_on_both_interfaces() {
    let place = Place::new();
    let steps = ["keys", "blank", "structure", "data", "proof", "read", "verify"];
    check(&place.json(0, &["demo"]), &steps);
    check(&place.json(0, &["demo", "--interface", "contactless"]), &steps);
    let left: Vec<_> = std::fs::read_dir(place.dir()).expect("dir").collect();
    assert!(left.is_empty(), "the demonstration leaves nothing behind: {left:?}");
}

#[cfg(target_os = "linux")]
#[test]
fn through_a_real_pcscd() {
    let place = Place::new();
    let steps = [
        "keys",
        "blank",
        "reader",
        "structure",
        "data",
        "proof",
        "read",
        "verify",
    ];
    check(&place.json(0, &["demo", "--pcsc"]), &steps);
    let text = place.run(&["demo", "--pcsc", "--lang", "zh"]).expect(0);
    assert!(text.stdout.contains("该卡为真卡"), "{}", text.stdout);
    assert!(text.stderr.contains("测试密钥"), "{}", text.stderr);
}

#[test]
fn what_is_kept_can_be_tried() {
    let place = Place::new();
    let text = place.run(&["demo", "--keep", "try"]).expect(0).stdout;
    assert!(text.contains("genuine and consistent"), "{text}");
    let mut tried = 0;
    for line in text.lines().map(str::trim).filter(|line| line.starts_with("ssc ")) {
        let words: Vec<&str> = line.split_whitespace().skip(1).collect();
        place.run(&words).expect(0);
        tried += 1;
    }
    assert!(tried >= 4, "{text}");
    assert_eq!(std::fs::read_dir(place.path("try/cards")).expect("cards").count(), 50);
    place.run(&["demo", "--keep", "try"]).expect(2);
}

#[test]
fn the_trace_of_a_demonstration_is_whole_and_masked() {
    let place = Place::new();
    let json = place.json(0, &["demo", "--trace", "t.txt"]);
    let apdus: u64 = json["steps"]
        .as_array()
        .expect("steps")
        .iter()
        .filter_map(|s| s["apdus"].as_u64())
        .sum();
    let trace = std::fs::read_to_string(place.path("t.txt")).expect("trace");
    let sent = trace.lines().filter(|line| line.starts_with("> ")).count() as u64;
    assert!(sent >= apdus, "{sent} of {apdus}");
    assert!(trace.contains("**"), "nothing is masked");
}

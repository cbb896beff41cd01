//! The main job by the command: 50 sample holders issued into card files, each read and verified; single cards; resuming.
#![allow(clippy::expect_used, clippy::panic, reason = "a test that cannot go on fails")]

mod common;

use common::{Place, has_keys, interrupt};
use serde_json::Value;
use std::collections::BTreeMap;
use std::process::Stdio;
use std::time::Duration;

const ISSUE: [&str; 7] = [
    "issue",
    "--keys",
    "TEST.keys",
    "--holders",
    "holders.csv",
    "--settings",
    "settings.toml",
];

/// The sample holders by column, for comparison.
fn holders(place: &Place) -> Vec<BTreeMap<String, String>> {
    let text = std::fs::read_to_string(place.path("holders.csv")).expect("holders");
    let mut lines = text.lines().map(|line| line.split(',').map(str::to_owned));
    let header: Vec<String> = lines.next().expect("header").collect();
    lines.map(|cells| header.iter().cloned().zip(cells).collect()).collect()
}

/// All elements of all files by path.
fn elements(read: &Value) -> BTreeMap<String, Value> {
    let mut all = BTreeMap::new();
    for file in read["files"].as_array().expect("files") {
        for element in file["elements"].as_array().expect("elements") {
            let tag = element["tag"].as_str().unwrap_or("-");
            all.entry(format!("{}/{tag}", file["path"].as_str().expect("path")))
                .or_insert_with(|| element.clone());
        }
    }
    all
}

#[test]
fn fifty_holders_are_issued_read_and_verified() {
    let place = Place::new().with_keys().with_samples(50);
    let done = place.json(0, &[&ISSUE[..], &["--reader", "sim:cards/"]].concat());
    has_keys(&done, &["issued", "failed", "cards"]);
    assert_eq!((&done["issued"], &done["failed"]), (&Value::from(50), &Value::from(0)));
    let cards = done["cards"].as_array().expect("cards");
    assert_eq!(cards.len(), 50);
    let files = std::fs::read_dir(place.path("cards")).expect("folder").count();
    assert_eq!(files, 50, "one file per holder and nothing else");
    let holders = holders(&place);
    for (number, card) in cards.iter().enumerate() {
        has_keys(card, &["row", "card_number", "card_id", "ok", "error"]);
        assert_eq!(card["ok"], true, "{card}");
        let card_number = card["card_number"].as_str().expect("number");
        let reader = format!("sim:cards/{}", file_of(&place, card_number));
        let all = ["--reader", &reader, "--keys", "TEST.keys"];
        let read = elements(&place.json(0, &[&["read"][..], &all].concat()));
        let holder = &holders[number];
        assert_eq!(read["SSSE/EF05/07"]["value"], card_number);
        assert_eq!(read["SSSE/EF05/01"]["raw"], card["card_id"]);
        let number = holder["social_security_number"].as_str();
        assert_eq!(read["SSSE/EF06/08"]["value"], number);
        let name = read["SSSE/EF06/09"]["value"].as_str().unwrap_or_default().to_owned()
            + read["SSSE/EF06/4E"]["value"].as_str().unwrap_or_default();
        assert!(name.starts_with(&holder["name"]), "{name} is not {}", holder["name"]);
        assert_eq!(read["SSSE/EF06/0D"]["raw"], number[6..14]);
        let address = &holder["DF01/EF05/21"];
        let written = read["DF01/EF05/21"]["value"].as_str().unwrap_or_default();
        assert_eq!(written, address);
        let verdict = place.json(0, &[&["verify"][..], &all].concat());
        has_keys(&verdict, &["genuine", "checks"]);
        assert_eq!(verdict["genuine"], true, "{verdict}");
        for check in verdict["checks"].as_array().expect("checks") {
            has_keys(check, &["name", "ok", "detail"]);
        }
    }
    // Again: nobody is issued twice.
    let again = place.json(0, &[&ISSUE[..], &["--reader", "sim:cards/"]].concat());
    assert_eq!((&again["issued"], &again["failed"]), (&Value::from(0), &Value::from(0)));
    assert_eq!(std::fs::read_dir(place.path("cards")).expect("folder").count(), 50);
}

#[test]
fn a_killed_batch_goes_on_where_it_stopped() {
    let place = Place::new().with_keys().with_samples(50);
    let call = [&ISSUE[..], &["--reader", "sim:cards/"]].concat();
    for pause in [60, 200] {
        let mut batch = place
            .command(&call)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("ssc runs");
        std::thread::sleep(Duration::from_millis(pause));
        batch.kill().expect("killed");
        batch.wait().expect("ended");
    }
    let done = place.json(0, &call);
    let count = |name: &str| done[name].as_u64().expect("number");
    assert_eq!((count("issued") + count("skipped"), count("failed")), (50, 0), "{done}");
    assert_eq!(
        std::fs::read_dir(place.path("cards")).expect("folder").count(),
        50,
        "nobody has two cards"
    );
    for card in std::fs::read_dir(place.path("cards")).expect("folder").flatten() {
        let reader = format!("sim:{}", card.path().display());
        place
            .run(&["verify", "--reader", &reader, "--keys", "TEST.keys"])
            .expect(0);
    }
}

#[test]
#[cfg(unix)]
fn a_card_that_was_begun_is_finished_after_ctrl_c() {
    let place = Place::new().with_keys().with_samples(1);
    place.line("card new card.sim").expect(0);
    let blank = std::fs::read(place.path("card.sim")).expect("a card");
    let slow = ["--reader", "sim:card.sim", "--line", "115200"];
    let mut batch = place
        .command(&[&ISSUE[..], &slow].concat())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("ssc runs");
    while std::fs::read(place.path("card.sim")).expect("a card") == blank {
        assert!(
            batch.try_wait().expect("a process").is_none(),
            "it ended on a blank card"
        );
        std::thread::sleep(Duration::from_millis(5));
    }
    interrupt(batch.id());
    assert!(
        batch.try_wait().expect("a process").is_none(),
        "the card was not finished yet"
    );
    assert_eq!(batch.wait().expect("ended").code(), Some(0));
    place.line("verify --reader sim:card.sim --keys TEST.keys").expect(0);
}

/// The file of a card: named by the card number.
fn file_of(place: &Place, card_number: &str) -> String {
    std::fs::read_dir(place.path("cards"))
        .expect("folder")
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .find(|name| name.starts_with(card_number))
        .unwrap_or_else(|| panic!("no file for {card_number}"))
}

#[test]
fn each_card_gets_the_next_holder() {
    let place = Place::new().with_keys().with_samples(2);
    for (number, file) in ["a.sim", "b.sim"].iter().enumerate() {
        place.run(&["card", "new", file]).expect(0);
        let reader = format!("sim:{file}");
        let done = place.json(0, &[&ISSUE[..], &["--reader", &reader, "--journal", "j"]].concat());
        assert_eq!(done["issued"], 1, "{done}");
        assert_eq!(
            number_on(&place, &reader),
            holders(&place)[number]["social_security_number"].as_str()
        );
    }
    place.run(&["card", "new", "c.sim"]).expect(0);
    let run = place.run(&[&ISSUE[..], &["--reader", "sim:c.sim", "--journal", "j"]].concat());
    assert!(run.expect(0).stderr.contains("journal j"), "where it is remembered");
    let done = place.json(0, &[&ISSUE[..], &["--reader", "sim:c.sim", "--journal", "j"]].concat());
    assert_eq!(done["issued"], 0, "nobody is left: {done}");
    // Without a journal an experiment on a card file can be repeated.
    let done = place.json(0, &[&ISSUE[..], &["--reader", "sim:c.sim"]].concat());
    assert_eq!(done["issued"], 1, "{done}");
    assert_eq!(
        number_on(&place, "sim:c.sim"),
        holders(&place)[0]["social_security_number"].as_str()
    );
    assert!(!place.path("holders.csv.journal").exists());
}

/// The social security number that a card holds.
fn number_on(place: &Place, reader: &str) -> String {
    let read = elements(&place.json(0, &["read", "SSSE/EF06", "--reader", reader, "--keys", "TEST.keys"]));
    read["SSSE/EF06/08"]["value"].as_str().expect("number").to_owned()
}

#[test]
fn old_versions_are_issued_too() {
    for profile in ["2.0", "1.0"] {
        let place = Place::new().with_keys().with_samples(1);
        // Columns beyond the basic ones name elements that older cards do not have.
        let text = std::fs::read_to_string(place.path("holders.csv")).expect("holders");
        let basic: Vec<String> = text
            .lines()
            .map(|l| l.split(',').take(6).collect::<Vec<_>>().join(","))
            .collect();
        place.write("holders.csv", basic.join("\n"));
        place.run(&["card", "new", "card.sim", "--profile", profile]).expect(0);
        place.json(0, &[&ISSUE[..], &["--reader", "sim:card.sim"]].concat());
        let read = elements(&place.json(0, &["read", "SSSE/EF06", "--reader", "sim:card.sim"]));
        assert_eq!(
            read["SSSE/EF06/08"]["value"],
            holders(&place)[0]["social_security_number"].as_str(),
            "free before 3.0"
        );
        place
            .run(&["verify", "--reader", "sim:card.sim", "--keys", "TEST.keys"])
            .expect(0);
    }
}

#[test]
fn refused_rows_say_row_column_and_reason_and_touch_no_card() {
    let place = Place::new().with_keys().with_samples(1);
    let mut text = std::fs::read_to_string(place.path("holders.csv")).expect("holders");
    text.push_str("990100195001011018,测试二,1,01,110000,19500101,x,13800000001,1\n");
    place.write("holders.csv", text);
    let run = place
        .run(&[&ISSUE[..], &["--reader", "sim:cards/", "--check"]].concat())
        .expect(2);
    assert!(
        run.stderr.contains("social_security_number") || run.stdout.contains("social_security_number"),
        "{}",
        run.stderr
    );
    assert!(
        run.stderr.contains('3') && !run.stderr.contains("990100195001011018"),
        "{}",
        run.stderr
    );
    assert!(!place.path("cards").exists());
}

#[test]
fn what_was_written_reads_back() {
    let place = Place::with_card();
    let card = ["--reader", "sim:card.sim", "--keys", "TEST.keys"];
    let done = place.json(
        0,
        &[&["write", "DF01/EF05/21=测试路1号", "DF01/EF08/2B=married"][..], &card].concat(),
    );
    for (row, path) in done["written"]
        .as_array()
        .expect("written")
        .iter()
        .zip(["DF01/EF05/21", "DF01/EF08/2B"])
    {
        assert_eq!(
            (row["path"].as_str(), row["ok"].as_bool()),
            (Some(path), Some(true)),
            "{done}"
        );
    }
    let read = elements(&place.json(0, &[&["read", "DF01/EF05", "DF01/EF08"][..], &card].concat()));
    assert_eq!(read["DF01/EF05/21"]["value"], "测试路1号");
    assert_eq!(read["DF01/EF08/2B"]["raw"], "32");
    place.json(2, &[&["write", "DF01/EF05/99=x"][..], &card].concat());
    place.json(2, &[&["write", "DF01/EF05/21"][..], &card].concat());
}

#[test]
fn what_may_not_be_read_says_why_and_what_to_do() {
    let place = Place::with_card();
    let run = place
        .run(&["read", "SSSE/EF06", "--reader", "sim:card.sim", "--json"])
        .expect(4);
    let json = run.json();
    assert_eq!(json["files"][0]["path"], "SSSE/EF06");
    assert_eq!(json["files"][0]["ok"], false);
    assert_eq!(json["files"][0]["sw"], "6982");
    has_keys(&json["error"], &["code", "what", "why", "next"]);
    assert!(json["error"].to_string().contains("RKSSSE"), "{json}");
    assert!(run.stderr.contains("RKSSSE"));
    place.json(2, &["read", "DF99/EF05", "--reader", "sim:card.sim"]);
    // Without a path: what may be read is read.
    let all = place.json(0, &["read", "--reader", "sim:card.sim"]);
    let paths: Vec<_> = all["files"]
        .as_array()
        .expect("files")
        .iter()
        .filter(|f| f["ok"] == true)
        .collect();
    assert!(paths.iter().any(|f| f["path"] == "SSSE/EF05"), "{all}");
    // One element only.
    let one = place.json(0, &["read", "SSSE/EF05/03", "--reader", "sim:card.sim"]);
    assert_eq!(one["files"][0]["elements"].as_array().map(Vec::len), Some(1), "{one}");
    has_keys(
        &one["files"][0]["elements"][0],
        &["tag", "name", "name_zh", "raw", "value", "text"],
    );
    assert_eq!(one["files"][0]["elements"][0]["value"], "3.00");
}

#[test]
fn the_pin_opens_what_it_may() {
    let place = Place::with_card();
    place.json(4, &["read", "DF01/EF05", "--reader", "sim:card.sim"]);
    let run = place
        .run_with(
            &[("SSC_PIN", "123456")],
            &["read", "DF01/EF05", "--reader", "sim:card.sim", "--json"],
        )
        .expect(0);
    assert!(elements(&run.json())["DF01/EF05/21"]["value"].is_string());
    place
        .run_with(
            &[("SSC_PIN", "654321")],
            &["read", "DF01/EF05", "--reader", "sim:card.sim"],
        )
        .expect(5);
}

#[test]
fn a_card_of_other_keys_is_not_genuine() {
    let place = Place::with_card();
    place
        .run(&["keys", "generate", "--test", "--out", "other.keys"])
        .expect(0);
    let verdict = place.json(1, &["verify", "--reader", "sim:card.sim", "--keys", "other.keys"]);
    assert_eq!(verdict["genuine"], false);
    has_keys(&verdict, &["genuine", "checks", "error"]);
}

#[test]
fn both_languages_show_the_card_to_people() {
    let place = Place::with_card();
    let en = place
        .run(&["read", "SSSE/EF05", "--reader", "sim:card.sim"])
        .expect(0)
        .stdout;
    assert!(en.contains("card category") || en.contains("issue date"), "{en}");
    let zh = place
        .run(&["read", "SSSE/EF05", "--reader", "sim:card.sim", "--lang", "zh"])
        .expect(0)
        .stdout;
    assert!(zh.contains("发卡日期"), "{zh}");
    let info = place.json(0, &["card", "info", "card.sim"]);
    assert_eq!(info["life_cycle"], "operational");
    let files = info["files"].as_array().expect("files");
    assert!(
        files
            .iter()
            .any(|f| f["path"] == "DF01/EF15" && f["size"].as_u64().is_some_and(|s| s > 0)),
        "{info}"
    );
}

/// A missing card file is a missing card; a row that is wrong twice is one failed row.
#[test]
fn missing_cards_and_wrong_rows() {
    let place = Place::new().with_keys();
    place.json(3, &["read", "--reader", "sim:nothing.sim"]);
    place.json(2, &["card", "info", "nothing.sim"]);
    place.write(
        "wrong.csv",
        "social_security_number,name,sex,ethnic_group\n111111198101011110,张三,男,汉\n990000194601100129,赵,9,火星\n",
    );
    let done = place.json(
        2,
        &[
            "issue",
            "--reader",
            "sim:cards/",
            "--keys",
            "TEST.keys",
            "--holders",
            "wrong.csv",
        ],
    );
    assert_eq!((&done["issued"], &done["failed"]), (&Value::from(1), &Value::from(1)));
    let row = &done["cards"][1];
    assert_eq!((&row["row"], &row["ok"]), (&Value::from(3), &Value::from(false)));
    assert!(row["error"].as_str().is_some_and(|words| words.contains("; ")), "{row}");
}

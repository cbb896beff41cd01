//! Profiles and overlays by the command: a provincial extension from the blank card to the written value.
#![allow(clippy::expect_used, clippy::panic, reason = "a test that cannot go on fails")]

mod common;

use common::{Place, has_keys};
use serde_json::Value;

/// One sample holder with the basic columns and further ones.
fn holders(place: &Place, further: &[(&str, &str)]) {
    let text = std::fs::read_to_string(place.path("holders.csv")).expect("holders");
    let mut lines = text
        .lines()
        .map(|line| line.split(',').take(6).collect::<Vec<_>>().join(","));
    let mut header = lines.next().expect("header");
    let mut row = lines.next().expect("row");
    for (path, value) in further {
        header = format!("{header},{path}");
        row = format!("{row},{value}");
    }
    place.write("holders.csv", format!("{header}\n{row}\n"));
}

const ISSUE: [&str; 9] = [
    "issue",
    "--reader",
    "sim:card.sim",
    "--keys",
    "TEST.keys",
    "--holders",
    "holders.csv",
    "--settings",
    "settings.toml",
];
const CARD: [&str; 4] = ["--reader", "sim:card.sim", "--keys", "TEST.keys"];

fn element<'v>(read: &'v Value, path: &str, tag: &str) -> &'v Value {
    let file = read["files"]
        .as_array()
        .expect("files")
        .iter()
        .find(|file| file["path"] == path);
    let file = file.unwrap_or_else(|| panic!("no {path} in {read}"));
    let found = file["elements"]
        .as_array()
        .expect("elements")
        .iter()
        .find(|e| e["tag"] == tag);
    found.unwrap_or_else(|| panic!("no {tag} in {file}"))
}

#[test]
fn provincial_cards_are_issued_read_and_written() {
    for (profile, extra, value, name) in [
        (
            "3.0-jiangsu",
            "SSSE/EF0D/EA",
            "TEST00000001",
            "personal identification code",
        ),
        ("2.0-jiangsu", "SSSE/EF0D/EB", "990100", "place of first application"),
        ("2.0-hunan", "DF0A/EF05/9A", "TEST00000000000001", "health card no."),
        ("3.0-hunan", "DF03/EF0C/9C", "2000.00", "monthly pension"),
        ("3.0-shandong", "SSSE/EF0C/9A", "TEST", "contents not public"),
    ] {
        let place = Place::new().with_keys().with_samples(1);
        holders(&place, &[(extra, value)]);
        let made = place.json(0, &["card", "new", "card.sim", "--profile", profile]);
        assert_eq!(made["profile"], profile);
        let done = place.json(0, &ISSUE);
        assert_eq!(done["issued"], 1, "{profile}: {done}");
        let (path, tag) = extra.rsplit_once('/').expect("a path");
        // A simulated card says by itself what it was made with.
        let read = place.json(0, &[&["read", path][..], &CARD].concat());
        assert_eq!(element(&read, path, tag)["name"], name, "{profile}: {read}");
        assert!(
            !element(&read, path, tag)["value"].is_null(),
            "{profile}: what was issued is there: {read}"
        );
        let overlay = profile.split_once('-').expect("a province").1;
        let named = ["--profile-overlay", overlay];
        let again = place.json(0, &[&["read", path][..], &named, &CARD].concat());
        assert_eq!(again, read, "{profile}");
        let new = if tag == "EB" { "990200" } else { "12" };
        let assignment = format!("{extra}={new}");
        let written = place.json(0, &[&["write", &assignment][..], &named, &CARD].concat());
        assert_eq!(written["written"][0]["ok"], true, "{profile}: {written}");
        place.run(&[&["verify"][..], &CARD].concat()).expect(0);
        let info = place.json(0, &["card", "info", "card.sim"]);
        let listed = info["files"]
            .as_array()
            .expect("files")
            .iter()
            .any(|file| file["path"] == path);
        assert!(listed, "{profile}: {info}");
    }
}

const OWN: &str = r#"extends = ["ssc-3.0", "ssc-2.0"]
name = "own"
zh = "自定义扩展"
en = "extension of a test"

[[df]]
id = "DF01"
keys = [
  { name = "UK0CDF01", id = 0x90, level = "province", zh = "更新 EF0C", en = "update EF0C" },
]

[[df.ef]]
fid = 0xEF0C
zh = "测试文件"
en = "file of a test"
class = "optional"
structure = "linear variable"
read = "PIN or RK1DF01"
update = "UK0CDF01"
elements = [
  { tag = 0x9A, an = 0x10, zh = "测试项", en = "item of a test", example = "ABC" },
]
"#;

#[test]
fn a_file_of_ones_own_goes_the_same_way() {
    for base in ["3.0", "2.0"] {
        let place = Place::new().with_samples(1);
        place.write("own.toml", OWN);
        let own = ["--profile-overlay", "own.toml"];
        place
            .run(&[&["keys", "generate", "--test", "--out", "TEST.keys"][..], &own].concat())
            .expect(0);
        holders(&place, &[("DF01/EF0C/9A", "甲")]);
        let made = place.json(0, &[&["card", "new", "card.sim", "--profile", base][..], &own].concat());
        assert_eq!(made["profile"], format!("{base}-own"));
        // The label of the card is not in the program: without the file nothing is issued, and the reason is said.
        let refused = place.json(2, &ISSUE);
        has_keys(&refused["error"], &["what", "next"]);
        assert!(
            refused["error"]["next"].to_string().contains("--profile-overlay"),
            "{refused}"
        );
        let done = place.json(0, &[&ISSUE[..], &own].concat());
        assert_eq!(done["issued"], 1, "{done}");
        let read = place.json(0, &[&["read", "DF01/EF0C"][..], &own, &CARD].concat());
        assert_eq!(element(&read, "DF01/EF0C", "9A")["value"], "甲", "{read}");
        place
            .run(&[&["write", "DF01/EF0C/9A=乙"][..], &own, &CARD].concat())
            .expect(0);
        let all = place.json(0, &[&["read"][..], &own, &CARD].concat());
        assert_eq!(element(&all, "DF01/EF0C", "9A")["text"], "乙");
        // Without the file the national part of the card is read all the same.
        let run = place.run(&[&["read", "SSSE/EF05"][..], &CARD].concat()).expect(0);
        assert!(run.stderr.contains("--profile-overlay"), "{}", run.stderr);
        place.run(&[&["verify"][..], &CARD].concat()).expect(0);
    }
}

#[test]
fn a_wrong_overlay_says_file_line_what_and_what_to_do() {
    let place = Place::new();
    place.write(
        "own.toml",
        OWN.replace("update = \"UK0CDF01\"", "updaet = \"UK0CDF01\""),
    );
    for lang in ["en", "zh"] {
        let json = place.json(
            2,
            &["card", "new", "x.sim", "--profile-overlay", "own.toml", "--lang", lang],
        );
        let (what, next) = (json["error"]["what"].to_string(), json["error"]["next"].to_string());
        assert!(what.contains("own.toml:19") && what.contains("updaet"), "{json}");
        assert!(next.contains("update"), "{json}");
    }
    place.write("own.toml", OWN.replace("UK0CDF01\", id", "UK0DDF01\", id"));
    let json = place.json(2, &["card", "new", "x.sim", "--profile-overlay", "own.toml"]);
    let what = json["error"]["what"].to_string();
    assert!(
        what.contains("own.toml:19: DF01/EF0C/update") && what.contains("UK0CDF01"),
        "{json}"
    );
    let json = place.json(2, &["card", "new", "x.sim", "--profile-overlay", "nowhere.toml"]);
    assert!(json["error"]["next"].to_string().contains("jiangsu"), "{json}");
    place.write("own.toml", OWN);
    let json = place.json(
        2,
        &[
            "card",
            "new",
            "x.sim",
            "--profile",
            "1.0",
            "--profile-overlay",
            "own.toml",
        ],
    );
    assert!(json["error"]["what"].to_string().contains("3.0, 2.0"), "{json}");
    assert!(!place.path("x.sim").exists());
}

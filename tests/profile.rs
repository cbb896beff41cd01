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

#[test]
fn a_profile_is_shown_as_tree_and_json() {
    let place = Place::new();
    let json = place.json(0, &["profile", "show", "2.0-hunan"]);
    has_keys(
        &json["profile"],
        &["name", "title", "title_zh", "algorithm", "dedicated_files"],
    );
    assert_eq!(json["profile"]["name"], "2.0-hunan");
    let dfs = json["profile"]["dedicated_files"].as_array().expect("list");
    let find = |list: &Value, key: &str, value: &str| -> Value {
        let found = list.as_array().expect("list").iter().find(|one| one[key] == value);
        found.unwrap_or_else(|| panic!("no {value} in {list}")).clone()
    };
    let health = dfs.iter().find(|df| df["id"] == "DF0A").expect("DF0A");
    let file = find(&health["files"], "path", "DF0A/EF05");
    assert_eq!(
        (&file["read"], &file["update"]),
        (&Value::from("PIN or RK1DF0A"), &Value::from("UK1DF0A"))
    );
    assert_eq!(find(&file["elements"], "tag", "9A")["format"], "an 12");
    let sse = dfs.iter().find(|df| df["id"] == "SSSE").expect("SSSE");
    let key = find(&sse["keys"], "name", "UK1DDF1");
    assert_eq!((&key["id"], &key["psam"]), (&Value::from("07"), &Value::from("48/5D")));
    let names = json["profiles"].as_array().expect("list");
    assert!(
        ["3.0", "1.0", "3.0-jiangsu", "2.0-shandong"]
            .iter()
            .all(|n| names.contains(&Value::from(*n)))
    );
    let en = place.run(&["profile", "show"]).expect(0).stdout;
    assert!(
        en.contains("SSSE/EF06  cardholder basic information") && en.contains("read RKSSSE · update UKSSSE"),
        "{en}"
    );
    assert!(
        en.contains("48/12") && en.contains("0094") && en.contains("an 1E"),
        "{en}"
    );
    let zh = place.run(&["profile", "show", "1.0", "--lang", "zh"]).expect(0).stdout;
    assert!(zh.contains("公民身份号码") && zh.contains("写 UKMF"), "{zh}");
    let unknown = place.json(2, &["profile", "show", "9.9"]);
    assert!(unknown["error"]["next"].to_string().contains("2.0-hunan"), "{unknown}");
}

#[test]
fn everything_wrong_with_a_file_is_told_at_once() {
    let place = Place::new();
    place.write("own.toml", OWN);
    let good = place.json(0, &["profile", "check", "own.toml"]);
    assert_eq!(
        (&good["ok"], &good["faults"]),
        (&Value::from(true), &serde_json::json!([]))
    );
    assert_eq!(good["profiles"], serde_json::json!(["3.0-own", "2.0-own"]));
    let wrong = OWN
        .replace("level = \"province\"", "level = \"city\"")
        .replace("structure = \"linear variable\"", "structure = \"list\"")
        .replace("read = \"PIN or RK1DF01\"", "read = \"PIN or\"")
        .replace("an = 0x10", "an = 0x00");
    place.write("wrong.toml", wrong);
    let run = place.run(&["profile", "check", "wrong.toml", "--json"]).expect(2);
    let json = run.json();
    let lines: Vec<u64> = json["faults"]
        .as_array()
        .expect("list")
        .iter()
        .filter_map(|f| f["line"].as_u64())
        .collect();
    assert_eq!(lines, [9, 17, 18, 21], "{json}");
    for fault in json["faults"].as_array().expect("list") {
        has_keys(fault, &["file", "line", "path", "what", "next"]);
    }
    let zh = place.run(&["profile", "check", "wrong.toml", "--lang", "zh"]).expect(2);
    assert!(
        zh.stdout.contains("wrong.toml:18") && zh.stderr.contains("4 处错误"),
        "{}{}",
        zh.stdout,
        zh.stderr
    );
    // What the standard forbids is a remark.
    place.write("rules.toml", OWN.replace("0xEF0C", "0xEF0B").replace("0x9A", "0x20"));
    let json = place.json(0, &["profile", "check", "rules.toml"]);
    assert_eq!(json["remarks"].as_array().map(Vec::len), Some(2), "{json}");
    // A whole profile is checked as well.
    let whole = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("card-model/profiles/ssc-3.0.toml");
    let json = place.json(0, &["profile", "check", whole.to_str().expect("a path")]);
    assert_eq!(json["profiles"], serde_json::json!(["3.0"]));
}

#[test]
fn differences_are_told_in_words() {
    let place = Place::new();
    let json = place.json(0, &["profile", "diff", "2.0", "3.0"]);
    let all = json["differences"].as_array().expect("list");
    let find = |path: &str, what: &str| {
        all.iter()
            .find(|one| one["path"] == path && one["what"] == what)
            .unwrap_or_else(|| panic!("no {what} of {path} in {json}"))
    };
    let read = find("SSSE/EF06", "read");
    assert_eq!((&read["a"], &read["b"]), (&Value::from("free"), &Value::from("RKSSSE")));
    assert_eq!(find("SSSE/STKSSSE", "key_length")["a"], "8");
    assert_eq!(find("CERT", "dedicated_file")["a"], Value::Null);
    assert_eq!(find("", "algorithm")["b"], "sm4");
    let text = place.run(&["profile", "diff", "1.0", "2.0"]).expect(0).stdout;
    assert!(text.contains("SSSE/EF06/0A: record number: 3 → 4"), "{text}");
    assert!(text.contains("DF01/EF15: file only in 2.0: education"), "{text}");
    let zh = place
        .run(&["profile", "diff", "1.0", "2.0", "--lang", "zh"])
        .expect(0)
        .stdout;
    assert!(zh.contains("DF01/EF15：文件仅 2.0 有：学历信息文件"), "{zh}");
    place.write("own.toml", OWN);
    let json = place.json(0, &["profile", "diff", "3.0", "own.toml"]);
    let paths: Vec<&str> = json["differences"]
        .as_array()
        .expect("list")
        .iter()
        .filter_map(|d| d["path"].as_str())
        .collect();
    assert_eq!(paths, ["DF01/UK0CDF01", "DF01/EF0C"], "{json}");
    let same = place.json(0, &["profile", "diff", "3.0", "3.0"]);
    assert_eq!(same["equal"], true);
}

#[test]
fn a_script_for_card_bureaus_is_written_and_can_be_replayed() {
    let place = Place::new().with_keys();
    let call = ["profile", "script", "3.0-jiangsu", "--keys", "TEST.keys"];
    let json = place.json(0, &[&call[..], &["--out", "masked.txt"]].concat());
    has_keys(
        &json,
        &["profile", "commands", "computed", "card_id", "file", "revealed"],
    );
    let masked = std::fs::read_to_string(place.path("masked.txt")).expect("script");
    assert!(
        masked.contains("**") && !masked.contains("0020000003123456"),
        "the PIN is masked"
    );
    assert!(masked.contains("# computed: LOAD KEY UKEF0D version 1"), "{masked}");
    place.json(2, &[&call[..], &["--out", "masked.txt"]].concat());
    place
        .run(&[&call[..], &["--reveal", "--out", "open.txt"]].concat())
        .expect(0);
    let open = std::fs::read_to_string(place.path("open.txt")).expect("script");
    let profile = card_model::profile::Profile::builtin("3.0-jiangsu").expect("built in");
    let card = personalize::script::replay(&open, profile).expect("the same card");
    assert_eq!(card.inventory().label, "3.0-jiangsu");
    // The replayed card is an issued one for the same keys.
    place.write("card.sim", card.image());
    place.run(&[&["verify"][..], &CARD].concat()).expect(0);
    let read = place.json(0, &[&["read", "SSSE/EF0D"][..], &CARD].concat());
    assert_eq!(element(&read, "SSSE/EF0D", "EA")["value"], "TEST00000001", "{read}");
    // Without keys: TEST keys from the seed, the same every time.
    let again = |seed: &str| {
        let words = ["profile", "script", "1.0", "--reveal", "--seed", seed];
        place.run(&words).expect(0).stdout
    };
    let seed = "00112233445566778899AABBCCDDEEFF";
    assert!(again(seed) == again(seed) && again(seed) != again(&"11".repeat(16)));
    place.json(2, &["profile", "script", "1.0", "--seed", "12"]);
}

//! `ssc card`, `ssc keys`, `ssc apdu`, `ssc bench` on simulated cards.
#![allow(clippy::expect_used, clippy::panic, reason = "a test that cannot go on fails")]

mod common;

use common::{CONFORM, Place, has_keys};

#[test]
fn a_blank_card_is_made_once_and_looked_into() {
    let place = Place::new();
    for (profile, algorithm) in [("3.0", "SM4"), ("2.0", "3DES"), ("1.0", "3DES")] {
        let file = format!("{profile}.sim");
        let made = place.json(0, &["card", "new", &file, "--profile", profile, "--serial", "01020304"]);
        assert_eq!(made["serial"], "01020304");
        let atr = made["atr"].as_str().expect("atr").to_owned();
        assert!(
            atr.starts_with("3B6D0000") && atr.ends_with("01020304") && atr.len() == 34,
            "{atr}"
        );
        let info = place.json(0, &["card", "info", &file]);
        has_keys(&info, &["profile", "atr", "ats", "life_cycle", "files"]);
        assert_eq!(info["profile"], profile);
        assert_eq!(info["atr"], atr);
        assert_eq!(info["life_cycle"], "blank");
        assert_eq!(info["files"].as_array().map(Vec::len), Some(0));
        assert!(
            info["algorithm"]
                .as_str()
                .is_some_and(|a| a.to_uppercase().contains(algorithm)),
            "{info}"
        );
        let ats = info["ats"].as_str().expect("ats");
        assert_eq!(ats.starts_with("127880A002"), profile == "3.0", "{ats}");
    }
    let before = std::fs::read(place.path("3.0.sim")).expect("card");
    let again = place.json(2, &["card", "new", "3.0.sim"]);
    assert!(again["error"]["next"].is_string(), "{again}");
    assert_eq!(std::fs::read(place.path("3.0.sim")).expect("card"), before);
}

#[test]
fn two_new_cards_have_different_serial_numbers() {
    let place = Place::new();
    let one = place.json(0, &["card", "new", "1.sim"])["serial"].clone();
    assert_ne!(one, place.json(0, &["card", "new", "2.sim"])["serial"]);
}

#[test]
fn a_file_that_is_no_card_is_code_2() {
    let place = Place::new();
    place.write("no.sim", "not a card");
    for call in [
        &["card", "info", "no.sim"][..],
        &["card", "info", "none.sim"],
        &["apdu", "--reader", "sim:no.sim", "00840000"],
    ] {
        has_keys(&place.json(2, call)["error"], &["code", "what", "why", "next"]);
    }
}

#[test]
fn a_card_without_antenna_says_so() {
    let place = Place::new();
    place.run(&["card", "new", "old.sim", "--profile", "1.0"]).expect(0);
    let json = place.json(
        3,
        &[
            "apdu",
            "--reader",
            "sim:old.sim",
            "--interface",
            "contactless",
            "0084000008",
        ],
    );
    assert!(
        json["error"]["what"]
            .as_str()
            .is_some_and(|what| what.contains("antenna")),
        "{json}"
    );
}

#[test]
fn raw_commands_are_sent_and_compared() {
    let place = Place::new();
    place.run(&["card", "new", "blank.sim"]).expect(0);
    let rows = place.json(
        0,
        &[
            "apdu",
            "--reader",
            "sim:blank.sim",
            "00 84 00 00 08=9000",
            "80CA000000",
            "00 B2 01 04 00",
        ],
    );
    let rows = rows.as_array().expect("list");
    assert_eq!(rows.len(), 3);
    for row in rows {
        has_keys(row, &["command", "response", "sw", "micros"]);
    }
    assert_eq!(rows[0]["command"], "0084000008");
    assert_eq!(rows[0]["response"].as_str().map(str::len), Some(16));
    assert_eq!(rows[1]["sw"], "9000");
    assert!(rows[1]["response"].as_str().is_some_and(|r| r.starts_with("E0")));
    assert_eq!(rows[2]["sw"], "6986");
    let run = place.run(&[
        "apdu",
        "--reader",
        "sim:blank.sim",
        "00 84 00 00 08=6A82",
        "00 84 00 00 08",
        "--json",
    ]);
    assert_eq!(
        run.json().as_array().map(Vec::len),
        Some(1),
        "it stops at the first surprise"
    );
    run.expect(1);
}

#[test]
fn t0_answers_are_resolved_unless_asked_for() {
    let place = Place::new();
    place.run(&["card", "new", "blank.sim"]).expect(0);
    let sw = |words: &[&str]| {
        let rows = place.json(0, &[&["apdu", "--reader", "sim:blank.sim"], words].concat());
        rows.as_array()
            .expect("list")
            .iter()
            .map(|r| r["sw"].as_str().unwrap_or_default().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(sw(&["00A40000023F00=9000"]), ["9000"]);
    let raw = sw(&["00A40000023F00", "--raw"]);
    assert!(raw[0].starts_with("61"), "{raw:?}");
    let expected = format!("00A40000023F00={}", raw[0]);
    assert_eq!(sw(&[&expected]), raw);
    let fetch = format!("00C00000{}", &raw[0][2..]);
    assert_eq!(sw(&["00A40000023F00", &fetch]), [raw[0].clone(), "9000".into()]);
    assert_eq!(sw(&["00A40000023F00", "--interface", "contactless"]), ["9000"]);
}

#[test]
fn test_keys_are_generated_once_and_shown_without_values() {
    let place = Place::new();
    let run = place
        .run(&["keys", "generate", "--test", "--out", "TEST.keys"])
        .expect(0);
    assert!(run.stderr.contains("TEST"), "no banner: {}", run.stderr);
    place
        .run(&["keys", "generate", "--test", "--out", "TEST.keys"])
        .expect(2);
    let shown = place.json(0, &["keys", "show", "TEST.keys"]);
    assert_eq!(shown["test"], true);
    let keys = shown["keys"].as_array().expect("list");
    assert!(keys.len() > 50, "{}", keys.len());
    for key in keys {
        has_keys(key, &["name", "address", "version", "level", "algorithm", "kcv"]);
        assert!(key.get("value").is_none(), "{key}");
    }
    let revealed = place.json(0, &["keys", "show", "TEST.keys", "--reveal"]);
    let value = revealed["keys"][0]["value"].as_str().expect("value");
    assert!(value.len() >= 16 && value.bytes().all(|b| b.is_ascii_hexdigit()));
    let text = place.run(&["keys", "show", "TEST.keys"]).expect(0).stdout;
    assert!(!text.contains(value));
    for algorithm in ["sm4", "3des"] {
        let file = format!("{algorithm}.keys");
        place
            .run(&["keys", "generate", "--test", "--out", &file, "--algorithm", algorithm])
            .expect(0);
        let shown = place.json(0, &["keys", "show", &file]);
        let all = shown["keys"].as_array().expect("list");
        assert!(all.iter().all(|k| {
            k["algorithm"]
                .as_str()
                .is_some_and(|a| a.eq_ignore_ascii_case(algorithm))
        }));
    }
}

#[test]
fn an_issued_card_is_conformant_and_the_verdicts_are_kept() {
    let place = Place::with_card();
    let conform = |more: &str| place.line(format!("{CONFORM} {more} --json"));
    let run = conform("--junit junit.xml --out result.json").expect(0).json();
    has_keys(&run, &["cases", "passed", "failed", "not_applicable", "results"]);
    assert!(
        run["cases"].as_u64().is_some_and(|cases| cases >= 1500),
        "{} cases",
        run["cases"]
    );
    assert_eq!(run["failed"], 0);
    for result in run["results"].as_array().expect("list") {
        has_keys(result, &["id", "verdict", "clause", "reason"]);
    }
    let junit = std::fs::read_to_string(place.path("junit.xml")).expect("written");
    assert!(junit.contains("<testsuite name=\"DF01_SAFETY\""), "{}", &junit[..500]);

    // What has a verdict is not run again.
    let again = conform("--resume result.json").expect(0).json();
    assert_eq!(again["passed"], run["passed"]);

    // A file of other keys is told before it can lock anything.
    place.line("keys generate --out other.keys --test").expect(0);
    place.line(CONFORM.replace("TEST.keys", "other.keys")).expect(1);
    let words: Vec<&str> = CONFORM.split(' ').collect();
    place.run_with(&[("SSC_PIN", "999999")], &words).expect(5);
    let one = conform("--suite CHANGE_PIN --case CHANGE_PIN-02").expect(0).json();
    assert_eq!(one["cases"], 1);
    place
        .run(&["conform", "run", "--suite", "NONE", "--keys", "TEST.keys"])
        .expect(2);
}

#[test]
fn the_cases_catch_cards_with_a_defect() {
    let place = Place::new();
    let report = place.json(0, &["conform", "mutants", "verify-any", "tear-account", "ats-length"]);
    has_keys(&report, &["defects", "caught", "uncaught", "trials"]);
    assert_eq!((&report["defects"], &report["caught"]), (&3.into(), &3.into()));
    for trial in report["trials"].as_array().expect("list") {
        has_keys(trial, &["defect", "title", "clauses", "by"]);
        has_keys(
            &trial["by"][0],
            &["case", "interface", "fits", "expected", "got", "detail"],
        );
    }
    let all = place.json(0, &["conform", "mutants", "--all-cases", "hash-wrong"]);
    assert!(all["idle_cases"].as_array().is_some_and(|idle| idle.len() > 1000));
    place.run(&["conform", "mutants", "no-such-defect"]).expect(2);
}

#[test]
fn bench_measures_blank_and_issued_cards() {
    let place = Place::with_card();
    let rows = place.json(
        0,
        &[
            "bench",
            "--reader",
            "sim:card.sim",
            "--keys",
            "TEST.keys",
            "--runs",
            "20",
        ],
    );
    let rows = rows.as_array().expect("list");
    assert!(rows.len() >= 6, "{rows:?}");
    for row in rows {
        has_keys(row, &["command", "n", "median_us", "p99_us", "per_second"]);
        assert_eq!(row["n"], 20);
        assert!(row["per_second"].as_f64().is_some_and(|r| r > 0.0));
    }
    place.run(&["card", "new", "blank.sim"]).expect(0);
    assert!(
        !place
            .json(0, &["bench", "--reader", "sim:blank.sim", "--runs", "5"])
            .as_array()
            .expect("list")
            .is_empty()
    );
}

#[test]
fn a_trace_is_explained_by_the_profile_and_masked() {
    let place = Place::with_card();
    let pin = [("SSC_PIN", "654321")];
    place.run_with(
        &pin,
        &["read", "SSSE/EF06", "--reader", "sim:card.sim", "--trace", "t.txt"],
    );
    let explained = place.json(0, &["trace", "explain", "t.txt"]);
    assert_eq!(
        (explained["format"].as_str(), explained["profile_by"].as_str()),
        (Some("transcript"), Some("version"))
    );
    let entries = explained["entries"].as_array().expect("entries");
    let refused = entries
        .iter()
        .find(|entry| entry["sw"] == "6982")
        .expect("EF06 needs a key");
    assert_eq!(
        (refused["cause"].as_str(), refused["clause"].as_str()),
        (Some("rule"), Some("STD-P5 6.10"))
    );
    assert!(
        refused["reason"].as_str().is_some_and(|words| words.contains("RKSSSE")),
        "{refused}"
    );

    let log = "00A404000F7378312E73682EC9E7BBE1B1A3D5CF\n9000\n0020000003123456\n63C2\n";
    place.write("plain.txt", log);
    let masked = place.run(&["trace", "explain", "plain.txt"]).expect(0);
    assert!(
        masked.stdout.contains("0020000003******") && !masked.stdout.contains("123456"),
        "{}",
        masked.stdout
    );
    let open = place
        .run(&[
            "trace",
            "explain",
            "plain.txt",
            "--reveal",
            "--profile",
            "1.0",
            "--lang",
            "zh",
        ])
        .expect(0);
    assert!(
        open.stdout.contains("0020000003123456") && open.stdout.contains("卡规范 1.0"),
        "{}",
        open.stdout
    );
    assert!(open.stderr.contains("未遮盖"), "{}", open.stderr);

    place.write("none.txt", "no bytes here\n");
    let none = place.json(2, &["trace", "explain", "none.txt"]);
    assert!(none["error"]["next"].is_string(), "{none}");
    place.json(2, &["trace", "explain", "missing.txt"]);
    let extended = place.json(0, &["trace", "explain", "plain.txt", "--profile-overlay", "jiangsu"]);
    assert!(
        extended["profile"]
            .as_str()
            .is_some_and(|name| name.contains("jiangsu")),
        "{extended}"
    );
}

#[test]
fn a_conformance_run_is_shown_as_a_page_and_compared() {
    let place = Place::with_card();
    let run = |out: &str, page: &str| {
        let suites = "--suite TRANSPORT --suite COMMAND_PARAMETER";
        let run = place.line(format!("{CONFORM} {suites} --out {out} --html {page} --json"));
        run.expect(0).json()
    };
    let first = run("a.json", "a.html");
    assert!(first["passed"].as_u64() > Some(100), "{first}");
    run("b.json", "b.html");
    let page = std::fs::read_to_string(place.path("a.html")).expect("a page");
    assert!(
        page.contains("COMMAND_PARAMETER-03:select-p1-01") && page.ends_with("</html>\n"),
        "{page}"
    );
    assert!(
        page.contains("0020000103******") && !page.contains("0020000103123456") && !page.contains("://"),
        "masked, and nothing is loaded"
    );
    let same = place.json(0, &["conform", "compare", "a.json", "b.json"]);
    assert_eq!(
        (same["worse"].as_u64(), same["changes"].as_array().map(Vec::len)),
        (Some(0), Some(0))
    );
    let text = std::fs::read_to_string(place.path("b.json")).expect("a result");
    place.write(
        "c.json",
        text.replacen("\"verdict\":\"pass\"", "\"verdict\":\"fail\"", 1),
    );
    let worse = place.json(1, &["conform", "compare", "a.json", "c.json", "--html", "c.html"]);
    assert_eq!(worse["worse"].as_u64(), Some(1), "{worse}");
    assert!(place.path("c.html").is_file());
    place.write("d.json", "{}");
    place.json(2, &["conform", "compare", "a.json", "d.json"]);
}

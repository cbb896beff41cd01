//! The whole matrix: generations × ciphers × interfaces × security modules. Each cell issues, reads, verifies and writes, and
//! nobody tells the reader which card it is; each cell that does not apply says why.
#![allow(clippy::expect_used, clippy::panic, reason = "a test that cannot go on fails")]

mod common;

use common::Place;

/// A third-generation card that announces DES: FCI 9F0C { 86 01 01 } is coded (IF38 10.1), so a reader must follow it, though
/// the cards seen announce SM4. Certificates need SM4, so this card has none.
const THIRD_WITH_DES: &str = r#"extends = "ssc-3.0"
name = "3.0-3des"
zh = "3.0 卡，3DES 算法"
en = "3.0 card with 3DES"
algorithm = "3DES"
remove = ["CERT", "PKI"]
"#;

/// Who computes with keys.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Module {
    KeyFile,
    Psam,
}

/// Why a combination is no card, or `None`.
fn does_not_apply(generation: &str, cipher: &str, interface: &str) -> Option<&'static str> {
    match (generation, cipher, interface) {
        ("1.0" | "2.0", "SM4", _) => {
            Some("SM4 came with generation 3 (files.md §7); a card without 9F0C in its FCI is a DES card (IF38 10.1)")
        }
        ("1.0" | "2.0", _, "contactless") => {
            Some("the antenna came with generation 3 (files.md §7): older cards give no answer there")
        }
        _ => None,
    }
}

#[test]
fn every_cell_issues_reads_verifies_and_writes() {
    let (mut done, mut left) = (0, Vec::new());
    for generation in ["3.0", "2.0", "1.0"] {
        for cipher in ["SM4", "3DES"] {
            let place = Place::new().with_samples(2);
            place.write("des.toml", THIRD_WITH_DES);
            let overlay: &[&str] = match (generation, cipher) {
                ("3.0", "3DES") => &["--profile-overlay", "des.toml"],
                _ => &[],
            };
            for interface in ["contact", "contactless"] {
                if let Some(why) = does_not_apply(generation, cipher, interface) {
                    left.push((generation, cipher, interface, why));
                    continue;
                }
                if !place.path("TEST.keys").exists() {
                    prepare(&place, overlay);
                }
                for module in [Module::KeyFile, Module::Psam] {
                    cell(&place, generation, cipher, interface, module, overlay);
                    done += 1;
                }
            }
        }
    }
    for (generation, cipher, interface, why) in &left {
        println!("{generation} {cipher} {interface}: {why}");
    }
    // 3.0: two ciphers, two interfaces; 2.0 and 1.0: 3DES on contacts; each with two modules.
    assert_eq!((done, left.len()), (12, 6));
}

/// Keys, a PSAM with the same roots, and holders with the columns that every generation has.
fn prepare(place: &Place, overlay: &[&str]) {
    let keys = ["keys", "generate", "--test", "--out", "TEST.keys"];
    place.run(&[&keys[..], overlay].concat()).expect(0);
    let psam = ["psam", "new", "TEST.psam", "--keys", "TEST.keys"];
    place.run(&[&psam[..], overlay].concat()).expect(0);
    let text = std::fs::read_to_string(place.path("holders.csv")).expect("holders");
    let basic = |line: &str| line.split(',').take(6).collect::<Vec<_>>().join(",");
    place.write("holders.csv", text.lines().map(basic).collect::<Vec<_>>().join("\n"));
}

fn cell(place: &Place, generation: &str, cipher: &str, interface: &str, module: Module, overlay: &[&str]) {
    let what = format!("{generation} {cipher} {interface} {module:?}");
    let file = format!("{generation}-{interface}-{module:?}.sim");
    let reader = format!("sim:{file}");
    let at = ["--reader", &reader, "--interface", interface];
    let made = place.json(
        0,
        &[&["card", "new", &file, "--profile", generation][..], overlay].concat(),
    );
    assert!(
        made["profile"]
            .as_str()
            .is_some_and(|name| name.starts_with(generation)),
        "{what}: {made}"
    );
    // Loading keys is the issuer's; the outlet's PSAM cannot give them out.
    let issue = [
        "issue",
        "--keys",
        "TEST.keys",
        "--holders",
        "holders.csv",
        "--settings",
        "settings.toml",
    ];
    let issued = place.json(0, &[&issue[..], &at, overlay].concat());
    assert_eq!(issued["issued"], 1, "{what}: {issued}");

    let keys: &[&str] = match module {
        Module::KeyFile => &["--keys", "TEST.keys"],
        Module::Psam => &["--psam", "sim:TEST.psam"],
    };
    let run = |words: &[&str]| {
        let words = [words, keys, &at, &["--json"]].concat();
        let run = place.run_with(&[("SSC_PIN", "123456")], &words);
        assert_eq!(run.code, 0, "{what}: {words:?}: {}{}", run.stdout, run.stderr);
        run.json()
    };
    let read = run(&["read", "SSSE/EF06/08", "DF01/EF05"]);
    assert_eq!(
        read["files"][0]["elements"][0]["value"], "990000194601100128",
        "{what}: {read}"
    );
    let verdict = run(&["verify"]);
    assert_eq!(verdict["genuine"], true, "{what}: {verdict}");
    let written = run(&["write", "DF01/EF05/21=测试路1号"]);
    assert_eq!(written["written"][0]["ok"], true, "{what}: {written}");
    let back = run(&["read", "DF01/EF05/21"]);
    assert_eq!(back["files"][0]["elements"][0]["value"], "测试路1号", "{what}: {back}");
}

/// The cells left out are real: an older card gives no answer without contacts, and its FCI names no cipher.
#[test]
fn what_does_not_apply_is_not_there() {
    let place = Place::new().with_keys().with_samples(1);
    for generation in ["2.0", "1.0"] {
        let file = format!("{generation}.sim");
        let reader = format!("sim:{file}");
        place.run(&["card", "new", &file, "--profile", generation]).expect(0);
        let call = ["read", "--reader", &reader, "--interface", "contactless"];
        let refused = place.json(3, &call);
        assert!(refused["error"]["what"].to_string().contains("antenna"), "{refused}");
        let profile = card_model::profile::Profile::builtin(generation).expect("built in");
        assert!(!profile.dedicated_file("SSSE").expect("SSSE").announces_algorithm);
    }
}

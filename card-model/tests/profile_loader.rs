//! The loader: what it accepts, and that every fault is told with file, line and path and never ends in a panic.

#![allow(clippy::expect_used, clippy::panic)]

use card_model::profile::{Access, Fault, Profile, ProfileError, Structure};
use card_model::words::{Explain, Lang};
use proptest::prelude::*;

const REAL: &str = include_str!("../profiles/ssc-3.0.toml");

#[test]
fn every_generation_loads() {
    for name in Profile::BUILTIN {
        let profile = Profile::builtin(name).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(profile.name, name);
        assert!(
            profile.memory_needed() < profile.os.memory,
            "{} bytes",
            profile.memory_needed()
        );
        assert!(std::ptr::eq(
            profile,
            Profile::builtin(&format!("ssc-{name}")).expect("the same profile")
        ));
    }
    let error = Profile::builtin("4.0").expect_err("not yet");
    assert_eq!(error.fault, Fault::UnknownProfile("4.0".to_owned()));
}

#[test]
fn specification_versions_choose_the_profile() {
    for (version, name) in [
        ("3.00", "3.0"),
        ("2.00", "2.0"),
        ("2.01", "2.0"),
        ("1.00", "1.0"),
        ("", "1.0"),
        ("\0\0\0\0", "1.0"),
    ] {
        assert_eq!(
            Profile::for_specification_version(version).expect("known").name,
            name,
            "{version:?}"
        );
    }
    assert!(Profile::for_specification_version("9.99").is_err());
}

/// Replaces `from`, which must occur once after `after`, and loads; returns the error and the line of the change.
fn broken(after: &str, from: &str, to: &str) -> (ProfileError, u32) {
    let start = REAL.find(after).unwrap_or_else(|| panic!("no {after:?}"));
    let at = start
        + REAL[start..]
            .find(from)
            .unwrap_or_else(|| panic!("no {from:?} after {after:?}"));
    let text = format!("{}{to}{}", &REAL[..at], &REAL[at + from.len()..]);
    let line = u32::try_from(REAL[..at].matches('\n').count() + 1).expect("small");
    let error = Profile::load(&text, "test.toml").expect_err("a fault");
    assert_eq!(error.file, "test.toml");
    (error, line)
}

/// Each fault is found at its line, with its path, and both languages say it.
#[test]
fn faults_are_told_with_line_and_path() {
    type Case = (
        &'static str,
        &'static str,
        &'static str,
        &'static str,
        fn(&Fault) -> bool,
    );
    let cases: &[Case] = &[
        ("algorithm", "\"SM4\"", "\"AES\"", "", |f| {
            matches!(f, Fault::NotOneOf { field: "algorithm", .. })
        }),
        ("contact = ", "3B6D0000", "3B6D000", "", |f| {
            matches!(f, Fault::Hex { .. })
        }),
        ("maker = ", "00992611018699", "0099", "", |f| {
            matches!(f, Fault::Hex { .. })
        }),
        ("[pin]", "tries = 3", "tries = 16", "", |f| {
            matches!(
                f,
                Fault::Range {
                    value: 16,
                    most: 15,
                    ..
                }
            )
        }),
        ("[pin]", "tries = 3", "tries = \"3\"", "", |f| {
            matches!(f, Fault::Syntax(_))
        }),
        ("[pin]", "tries = 3", "attempts = 3", "", |f| {
            matches!(f, Fault::Syntax(_))
        }),
        ("id = \"SSSE\"", "kind = \"DDF\"", "kind = \"EF\"", "SSSE", |f| {
            matches!(f, Fault::NotOneOf { .. })
        }),
        ("id = \"SSSE\"", "parent = \"MF\"", "parent = \"DF01\"", "SSSE", |f| {
            matches!(f, Fault::Unknown { .. })
        }),
        (
            "name = \"STKDF01\"",
            "versions = 3",
            "versions = 4",
            "DF01/UK1DF01",
            |f| matches!(f, Fault::Range { .. }),
        ),
        ("name = \"UK1DF01\"", "0x48, 0x42", "0x08, 0x42", "DF01/UK1DF01", |f| {
            *f == Fault::PsamUsage(0x08)
        }),
        ("name = \"UK1DF01\"", "0x48, 0x42", "0x48", "", |f| {
            matches!(f, Fault::Syntax(_))
        }),
        ("name = \"UK2DF01\"", "id = 0x84", "id = 0x83", "DF01/UK2DF01", |f| {
            matches!(f, Fault::Duplicate { .. })
        }),
        ("name = \"UK2DF01\"", "id = 0x84", "id = 0x04", "DF01/UK2DF01", |f| {
            matches!(f, Fault::Conflict { .. })
        }),
        ("name = \"UK2DF01\"", "0x009A", "0x0098", "DF01/UK2DF01", |f| {
            matches!(f, Fault::Overlap { address: 0x0098, .. })
        }),
        ("name = \"UK2DF01\"", "UK2DF01", "uk2", "DF01/uk2", |f| {
            matches!(f, Fault::Unknown { .. } | Fault::Conflict { .. })
        }),
        ("index = 0x02", "index = 0x02", "index = 0x01", "DF04", |f| {
            matches!(f, Fault::Duplicate { what: "key", .. })
        }),
        (
            "zh = \"户籍信息文件\"",
            "UK1DF01",
            "UK9DF09",
            "DF01/EF05/update",
            |f| matches!(f, Fault::Unknown { what: "key", .. }),
        ),
        (
            "zh = \"户籍信息文件\"",
            "UK1DF01",
            "UK1DF02",
            "DF01/EF05/update",
            |f| matches!(f, Fault::Unknown { what: "key", .. }),
        ),
        (
            "zh = \"户籍信息文件\"",
            "UK1DF01",
            "STKDF01",
            "DF01/EF05/update",
            |f| matches!(f, Fault::KeyRole(_)),
        ),
        ("zh = \"户籍信息文件\"", "PIN or", "PIN xor", "DF01/EF05", |f| {
            matches!(f, Fault::Access(_))
        }),
        (
            "zh = \"户籍信息文件\"",
            "\"linear variable\"",
            "\"list\"",
            "DF01/EF05",
            |f| matches!(f, Fault::NotOneOf { .. }),
        ),
        (
            "zh = \"户籍信息文件\"",
            "tag = 0x21",
            "tag = 0x20",
            "DF01/EF05/20",
            |f| matches!(f, Fault::Duplicate { what: "tag", .. }),
        ),
        (
            "zh = \"户籍信息文件\"",
            "tag = 0x21, ",
            "",
            "DF01/EF05/record 2",
            |f| *f == Fault::Missing("tag"),
        ),
        (
            "zh = \"户籍信息文件\"",
            "an = 0x50",
            "an = 0xFE",
            "DF01/EF05/record 2",
            |f| matches!(f, Fault::Range { value: 0xFE, .. }),
        ),
        (
            "zh = \"户籍信息文件\"",
            "an = 0x50",
            "an = 0x50, cn = 0x50",
            "DF01/EF05/record 2",
            |f| matches!(f, Fault::Conflict { .. }),
        ),
        (
            "zh = \"户籍信息文件\"",
            "\"household-type\"",
            "\"house\"",
            "DF01/EF05/record 1",
            |f| matches!(f, Fault::Unknown { what: "code table", .. }),
        ),
        (
            "zh = \"户籍信息文件\"",
            "an = 0x02",
            "an = 0x03",
            "DF01/EF05/record 1",
            |f| matches!(f, Fault::Conflict { .. }),
        ),
        (
            "zh = \"户籍信息文件\"",
            "cn = 0x03",
            "cn = 0x04",
            "DF01/EF05/record 3",
            |f| matches!(f, Fault::Range { .. }),
        ),
        (
            "zh = \"学历信息文件\"",
            "tlv = 0x34",
            "tlv = 0x35",
            "DF01/EF15/record 2",
            |f| {
                matches!(
                    f,
                    Fault::Sum {
                        found: 0x34,
                        expected: 0x35,
                        ..
                    }
                )
            },
        ),
        (
            "zh = \"学历信息文件\"",
            "repeat = 3",
            "repeat = 0",
            "DF01/EF15/record 2",
            |f| matches!(f, Fault::Range { .. }),
        ),
        (
            "zh = \"参保凭证信息文件\"",
            "tag = 0x79, tlv = 0x27",
            "tag = 0x78, an = 0x01, zh = \"甲\", en = \"a\" }, { tag = 0x79, tlv = 0x27",
            "DF03/EF19/79",
            |f| {
                matches!(
                    f,
                    Fault::UnequalRecords {
                        found: 0x29,
                        expected: 3
                    }
                )
            },
        ),
        (
            "zh = \"就业记录信息文件\"",
            "records = 4",
            "records = 0",
            "DF02/EF07",
            |f| matches!(f, Fault::Range { .. }),
        ),
        (
            "zh = \"照片信息文件\"",
            "b = 0x1000",
            "b = 0x0FFF",
            "SSSE/EF08",
            |f| matches!(f, Fault::Sum { .. }),
        ),
        ("size = 0x300", "0xEF08", "0xEF07", "SSSE/EF07", |f| {
            matches!(f, Fault::Duplicate { what: "FID", .. })
        }),
        ("id = \"DF01\"", "D15600000500", "D1560000", "DF01", |f| {
            matches!(
                f,
                Fault::Range {
                    value: 4,
                    least: 5,
                    most: 16,
                    ..
                }
            )
        }),
        ("id = \"DF02\"", "D15600000501", "D15600000500", "DF02", |f| {
            matches!(f, Fault::Duplicate { what: "name", .. })
        }),
        ("id = \"DF02\"", "0xDF02", "0xDF01", "DF02", |f| {
            matches!(f, Fault::Conflict { .. })
        }),
        (
            "id = \"SSSE\"",
            "directory_sfi = 0x1E",
            "directory_sfi = 0x1D",
            "SSSE",
            |f| matches!(f, Fault::Unknown { .. }),
        ),
        ("zh = \"目录文件\"", "repeat = 7", "repeat = 6", "SSSE/EF1E", |f| {
            matches!(f, Fault::Conflict { .. })
        }),
    ];
    for (after, from, to, path, expected) in cases {
        let (error, line) = broken(after, from, to);
        assert!(expected(&error.fault), "{from:?} -> {to:?}: {error:?}");
        assert_eq!(&error.path, path, "{from:?} -> {to:?}: {error}");
        // A fault of one value is told at its line; one of a whole file at the head of the file.
        let told = REAL.lines().nth(error.line as usize - 1).expect("a line");
        assert!(
            error.line == line || told.starts_with("[[df"),
            "{from:?} -> {to:?}: {error}, changed in {line}: {told}"
        );
        for lang in [Lang::En, Lang::Zh] {
            let words = error.explain(lang);
            assert!(words.what.starts_with("test.toml:"), "{}", words.what);
            assert!(
                !words.what.contains("profile.") && !words.what.contains("%{"),
                "{}",
                words.what
            );
        }
    }
}

#[test]
fn a_condition_that_lost_its_pin_is_told_at_the_condition() {
    let (error, _) = broken("id = \"SSSE\"", "has_pin = true", "has_pin = false");
    assert_eq!((&error.fault, error.path.as_str()), (&Fault::NoPin, "DF01/EF05/read"));
    assert_eq!(
        REAL.lines().nth(error.line as usize - 1),
        Some("read = \"PIN or RK1DF01\"")
    );
}

#[test]
fn the_line_of_an_element_is_exact() {
    let (error, line) = broken("zh = \"就业状况信息文件\"", "{ length = 3, zh", "{ length = 4, zh");
    assert_eq!(error.path, "DF02/EF06/record 2");
    assert_eq!(
        error.line,
        line - 2,
        "the element begins two lines above its second part: {error}"
    );
    assert!(
        matches!(
            error.fault,
            Fault::Sum {
                what: "parts",
                found: 6,
                expected: 5
            }
        ),
        "{error}"
    );
    assert!(
        error
            .to_string()
            .starts_with(&format!("test.toml:{}: DF02/EF06/record 2: ", line - 2)),
        "{error}"
    );
}

/// A provincial extension: an own elementary file with its key, another item, more cyclic records (`spec/files.md` §1.1).
const PROVINCE: &str = r#"
extends = "ssc-3.0"
name = "3.0-test-province"
zh = "测试省扩展"
en = "extension of a fictitious province"

[[df]]
id = "SSSE"
keys = [
  { name = "UKEF0D", id = 0x0D, psam = [0x48, 0x13], level = "province", zh = "更新 EF0D", en = "update EF0D" },
]

[[df.ef]]
fid = 0xEF0D
zh = "地方信息文件"
en = "local data"
class = "optional"
structure = "linear variable"
read = "free"
update = "UKEF0D"
elements = [
  { tag = 0xEA, an = 0x0C, zh = "人员识别码", en = "personal identification code", is = "person number" },
  { tag = 0xEB, cn = 0x03, zh = "初次申领地", en = "place of first application", is = "region" },
]

[[df]]
id = "DF02"

[[df.ef]]
fid = 0xEF07
records = 10

[[df]]
id = "DF01"
remove_files = [0xEF1A]

[[df.ef]]
fid = 0xEF09
change_elements = [
  { tag = 0x30, an = 0x12, zh = "统一社会信用代码" },
  { tag = 0xEC, an = 0x01, zh = "单位类型", en = "kind of employer" },
]
"#;

#[test]
fn overlays_add_change_and_remove() {
    let base = Profile::builtin("3.0").unwrap_or_else(|error| panic!("{error}"));
    let province = Profile::load(PROVINCE, "province.toml").unwrap_or_else(|error| panic!("{error}"));
    let local = province.locate("SSSE/EF0D/EA").expect("new file").file;
    assert_eq!((local.sfi, local.update.to_string()), (0x0D, "UKEF0D".to_owned()));
    let history = province.locate("DF02/EF07").expect("kept").file;
    assert_eq!(history.structure, Structure::Cyclic { records: 10 });
    assert_eq!(history.elements, base.locate("DF02/EF07").expect("there").file.elements);
    assert!(province.locate("DF01/EF1A").is_err());
    let employer = province.locate("DF01/EF09").expect("kept").file;
    assert_eq!(employer.record_count(), 4);
    let changed = employer.element(0x30).expect("kept");
    assert_eq!((changed.length, changed.zh.as_str()), (0x12, "统一社会信用代码"));
    assert_eq!(
        changed.en, "employer organisation code",
        "what an overlay does not name stays"
    );
    assert_eq!(employer.read, base.locate("DF01/EF09").expect("there").file.read);
    assert_eq!(province.uses_of("UKEF0D").len(), 1);
    assert_eq!(province.dedicated_files.len(), base.dedicated_files.len());
}

#[test]
fn faults_of_an_overlay_name_the_right_file() {
    let load = |text: &str| Profile::load(text, "province.toml").expect_err("a fault");
    let error = load("extends = \"ssc-9.9\"\n");
    assert_eq!(
        (error.line, &error.fault),
        (1, &Fault::UnknownProfile("ssc-9.9".to_owned()))
    );
    let error = load(&PROVINCE.replace("0xEF1A]", "0xEF1B]"));
    assert_eq!((error.file.as_str(), error.path.as_str()), ("province.toml", "DF01"));
    assert!(matches!(error.fault, Fault::NotInBase { what: "file", .. }), "{error}");
    let error = load("extends = \"ssc-3.0\"\nremove = [\"DF09\"]\n");
    assert!(
        matches!((&error.fault, error.line), (Fault::NotInBase { .. }, 2)),
        "{error}"
    );
    // A key that a file of the base still needs: the fault lies in the line of the base that names it.
    let error = load("extends = \"ssc-3.0\"\n[[df]]\nid = \"DF01\"\nremove_keys = [\"RK1DF01\"]\n");
    assert_eq!(
        (error.file.as_str(), error.path.as_str()),
        ("ssc-3.0.toml", "DF01/EF05/read")
    );
    // An access condition of the overlay is told in the overlay.
    let error = load("extends = \"ssc-3.0\"\n[[df]]\nid = \"DF01\"\n[[df.ef]]\nfid = 0xEF05\nread = \"PIN or NONE\"\n");
    assert_eq!(
        (error.file.as_str(), error.line, error.path.as_str()),
        ("province.toml", 6, "DF01/EF05/read")
    );
}

#[test]
fn paths_name_files_and_elements() {
    let profile = Profile::builtin("3.0").unwrap_or_else(|error| panic!("{error}"));
    for path in [
        "SSSE/EF05",
        "SSSE/EF06/09",
        "DF01/EF15/40:2",
        "DF01/EF15/40:2/57",
        "DF02/EF07",
    ] {
        assert_eq!(profile.locate(path).map(|found| found.path()), Ok(path.to_owned()));
    }
    assert_eq!(
        profile.locate("df01/ef15/40").expect("case does not matter").path(),
        "DF01/EF15/40:1"
    );
    assert_eq!(
        profile
            .locate("DF01/EF15/40:2/57")
            .expect("there")
            .target()
            .map(|e| e.zh.as_str()),
        Some("学位代码")
    );
    for path in [
        "",
        "SSSE",
        "SSSE/EF06/9",
        "SSSE/EF99",
        "DF09/EF05",
        "SSSE/EF06/99",
        "DF01/EF15/40:4",
        "DF01/EF15/40:0",
        "DF01/EF15/40:x",
        "DF01/EF15/40:1/99",
        "DF01/EF15/40/57/1",
        "SSSE/EF06/+9",
    ] {
        let error = profile.locate(path).expect_err(path);
        for lang in [Lang::En, Lang::Zh] {
            assert!(
                !error.explain(lang).what.contains("profile."),
                "{}",
                error.explain(lang).what
            );
        }
    }
    assert!(
        profile
            .locate("SSSE/EF06/99")
            .expect_err("no such")
            .to_string()
            .contains("08 09 4E 0A 0B 0C 0D")
    );
}

#[test]
fn sizes_records_and_order() {
    let profile = Profile::builtin("3.0").unwrap_or_else(|error| panic!("{error}"));
    let file = |path: &str| profile.locate(path).unwrap_or_else(|error| panic!("{error}")).file;
    assert_eq!(file("SSSE/EF05").size(), 50 + 3 * 7);
    assert_eq!(file("DF03/EF19").size(), 164);
    assert_eq!(file("DF03/EF05").record_count(), 7);
    let with_optional: Vec<_> = file("DF03/EF05")
        .records_with(|_| true)
        .map(|record| record.element.tag)
        .collect();
    assert_eq!((with_optional.len(), with_optional[1]), (8, Some(0x60)));
    let education: Vec<_> = file("DF01/EF15")
        .records()
        .map(|r| (r.number, r.element.tag, r.occurrence))
        .collect();
    assert_eq!(
        education,
        [
            (1, Some(0x2A), 1),
            (2, Some(0x40), 1),
            (3, Some(0x40), 2),
            (4, Some(0x40), 3)
        ]
    );
    assert_eq!(file("SSSE/EF06").record_number(0x0A), Some(4));
    let order: Vec<&str> = profile
        .depth_first()
        .iter()
        .map(|i| profile.dedicated_files[*i].id.as_str())
        .collect();
    assert_eq!(
        order,
        [
            "MF", "SSSE", "DF01", "DF02", "DF03", "DF04", "DF05", "DF06", "DF07", "BANK"
        ]
    );
    let ssse = profile.index_of("SSSE").expect("SSSE");
    let entries = profile.directory_entries(ssse);
    assert_eq!(entries.len(), 7);
    assert_eq!(
        hex::encode_upper(&entries[0]),
        "61124F06D156000005005008B9ABB9B2D3A6D3C3"
    );
    assert_eq!(entries[4].len(), 2 + 0x24);
    let uses: Vec<String> = profile
        .uses_of("UK2DF04")
        .iter()
        .map(|found| found.file.name())
        .collect();
    assert_eq!(uses, ["EF06", "EF15"]);
    assert_eq!(
        profile
            .transaction_key("DPK", 2)
            .and_then(|(_, key)| key.hsm_address(3)),
        Some(0x019B)
    );
    assert_eq!(
        file("DF04/EF06").read,
        "PIN and RK1DF04".parse::<Access>().expect("well-formed")
    );
}

fn told(error: &ProfileError, lines: usize) -> Result<(), TestCaseError> {
    prop_assert!(error.line >= 1);
    if error.file == "any.toml" {
        prop_assert!(
            usize::try_from(error.line).is_ok_and(|line| line <= lines + 1),
            "{} of {}",
            error,
            lines
        );
    }
    prop_assert!(!error.explain(Lang::Zh).what.is_empty());
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn any_text_gives_an_error_with_a_line(text in "\\PC{0,200}|([a-z_]{1,9} = [\"0-9x\\[\\]{},a-z ]{0,12}\n|\\[\\[df(\\.ef)?\\]\\]\n){0,12}") {
        let error = Profile::load(&text, "any.toml").expect_err("no whole profile by chance");
        told(&error, text.lines().count())?;
    }

    #[test]
    fn an_overlay_of_anything_gives_a_profile_or_an_error(text in "(\\[\\[df\\]\\]\nid = \"(SSSE|DF01|DF0A)\"\n|\\[\\[df\\.ef\\]\\]\nfid = 0xEF0[5-9]\n|(read|update|zh|structure|class) = \"(PIN|free|cyclic|internal|system)\"\n|(records|size|sfi) = [0-9]{1,3}\n|elements = \\[\\{ (tag|b|tlv) = 0x[0-9]{1,2} \\}\\]\n){0,10}") {
        let text = format!("extends = \"ssc-3.0\"\n{text}");
        if let Err(error) = Profile::load(&text, "any.toml") {
            told(&error, text.lines().count())?;
        }
    }

    #[test]
    fn a_damaged_profile_gives_a_profile_or_an_error(
        places in prop::collection::vec((any::<prop::sample::Index>(), 0usize..6, "\\PC{0,3}"), 1..4),
    ) {
        let mut characters: Vec<char> = REAL.chars().collect();
        for (place, kind, insert) in &places {
            let at = place.index(characters.len());
            match kind {
                0 => { characters.remove(at); }
                1 => { characters.splice(at..at, insert.chars()); }
                2 => { characters[at] = '0'; }
                3 => { characters.truncate(at.max(1)); }
                4 => {
                    // A line taken away.
                    let start = characters[..at].iter().rposition(|c| *c == '\n').map_or(0, |i| i + 1);
                    let end = characters[at..].iter().position(|c| *c == '\n').map_or(characters.len(), |i| at + i + 1);
                    characters.drain(start..end);
                }
                _ => {
                    // The next digit changed.
                    if let Some(i) = characters[at..].iter().position(char::is_ascii_digit) {
                        characters[at + i] = if characters[at + i] == '9' { '1' } else { '9' };
                    }
                }
            }
            if characters.is_empty() { break; }
        }
        let text: String = characters.into_iter().collect();
        if let Err(error) = Profile::load(&text, "any.toml") {
            told(&error, text.lines().count())?;
        }
    }
}

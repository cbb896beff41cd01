//! Each fault is found at its line, with its path, and both languages say it.

use crate::REAL;
use card_model::profile::{Fault, Profile, ProfileError, Thing};
use card_model::words::{Explain, Lang};

/// Text after which the change is made, text replaced and by what, path of the fault, the fault.
type Case = (
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    fn(&Fault) -> bool,
);

#[rustfmt::skip]
const CASES: &[Case] = &[
    ("algorithm", "\"SM4\"", "\"AES\"", "", |f| matches!(f, Fault::NotOneOf { field: "algorithm", .. })),
    ("contact = ", "3B6D0000", "3B6D000", "", |f| matches!(f, Fault::Hex { .. })),
    ("maker = ", "00992611018699", "0099", "", |f| matches!(f, Fault::Hex { .. })),
    ("[pin]", "tries = 3", "tries = 16", "", |f| matches!(f, Fault::Range { value: 16, most: 15, .. })),
    ("[pin]", "tries = 3", "tries = \"3\"", "", |f| matches!(f, Fault::WrongType { field: "tries", .. })),
    ("[pin]", "tries = 3", "attempts = 3", "", |f| matches!(f, Fault::UnknownField { .. })),
    ("[pin]", "tries = 3", "tries 3", "", |f| matches!(f, Fault::Syntax(_))),
    ("id = \"SSSE\"", "kind = \"DDF\"", "kind = \"EF\"", "SSSE", |f| matches!(f, Fault::NotOneOf { .. })),
    ("id = \"SSSE\"", "parent = \"MF\"", "parent = \"DF01\"", "SSSE", |f| matches!(f, Fault::Unknown { .. })),
    ("name = \"STKDF01\"", "versions = 3", "versions = 4", "DF01/UK1DF01", |f| matches!(f, Fault::Range { .. })),
    ("name = \"UK1DF01\"", "0x48, 0x42", "0x08, 0x42", "DF01/UK1DF01", |f| *f == Fault::PsamUsage(0x08)),
    ("name = \"UK1DF01\"", "0x48, 0x42", "0x48", "DF01/UK1DF01", |f| matches!(f, Fault::WrongType { field: "psam", .. })),
    ("name = \"UK2DF01\"", "id = 0x84", "id = 0x83", "DF01/UK2DF01", |f| matches!(f, Fault::Duplicate { .. })),
    ("name = \"UK2DF01\"", "id = 0x84", "id = 0x04", "DF01/UK2DF01", |f| matches!(f, Fault::Broken { .. })),
    ("name = \"UK2DF01\"", "0x009A", "0x0098", "DF01/UK2DF01", |f| matches!(f, Fault::Overlap { address: 0x0098, .. })),
    ("name = \"UK2DF01\"", "UK2DF01", "uk2", "DF01/uk2", |f| matches!(f, Fault::Unknown { .. } | Fault::Broken { .. })),
    ("index = 0x02", "index = 0x02", "index = 0x01", "DF04", |f| matches!(f, Fault::Duplicate { what: Thing::Key, .. })),
    ("zh = \"户籍信息文件\"", "UK1DF01", "UK9DF09", "DF01/EF05/update", |f| matches!(f, Fault::Unknown { what: Thing::Key, .. })),
    ("zh = \"户籍信息文件\"", "UK1DF01", "UK1DF02", "DF01/EF05/update", |f| matches!(f, Fault::Unknown { what: Thing::Key, .. })),
    ("zh = \"户籍信息文件\"", "UK1DF01", "STKDF01", "DF01/EF05/update", |f| matches!(f, Fault::KeyRole(_))),
    ("zh = \"户籍信息文件\"", "PIN or", "PIN xor", "DF01/EF05", |f| matches!(f, Fault::Access(_))),
    ("zh = \"户籍信息文件\"", "\"linear variable\"", "\"list\"", "DF01/EF05", |f| matches!(f, Fault::NotOneOf { .. })),
    ("zh = \"户籍信息文件\"", "tag = 0x21", "tag = 0x20", "DF01/EF05/20", |f| matches!(f, Fault::Duplicate { what: Thing::Tag, .. })),
    ("zh = \"户籍信息文件\"", "tag = 0x21, ", "", "DF01/EF05/record 2", |f| *f == Fault::Missing("tag")),
    ("zh = \"户籍信息文件\"", "an = 0x50", "an = 0xFE", "DF01/EF05/record 2", |f| matches!(f, Fault::Range { value: 0xFE, .. })),
    ("zh = \"户籍信息文件\"", "an = 0x50", "an = 0x50, cn = 0x50", "DF01/EF05/record 2", |f| matches!(f, Fault::Broken { .. })),
    ("zh = \"户籍信息文件\"", "\"household-type\"", "\"house\"", "DF01/EF05/record 1", |f| matches!(f, Fault::Unknown { what: Thing::CodeTable, .. })),
    ("zh = \"户籍信息文件\"", "an = 0x02", "an = 0x03", "DF01/EF05/record 1", |f| matches!(f, Fault::Broken { .. })),
    ("zh = \"户籍信息文件\"", "cn = 0x03", "cn = 0x04", "DF01/EF05/record 3", |f| matches!(f, Fault::Range { .. })),
    ("zh = \"学历信息文件\"", "tlv = 0x34", "tlv = 0x35", "DF01/EF15/record 2", |f| matches!(f, Fault::Sum { found: 0x34, expected: 0x35, .. })),
    ("zh = \"学历信息文件\"", "repeat = 3", "repeat = 0", "DF01/EF15/record 2", |f| matches!(f, Fault::Range { .. })),
    ("zh = \"参保凭证信息文件\"", "tag = 0x79, tlv = 0x27", "tag = 0x78, an = 0x01, zh = \"甲\", en = \"a\" }, { tag = 0x79, tlv = 0x27", "DF03/EF19/79", |f| matches!(f, Fault::UnequalRecords { found: 0x29, expected: 3 })),
    ("zh = \"就业记录信息文件\"", "records = 4", "records = 0", "DF02/EF07", |f| matches!(f, Fault::Range { .. })),
    ("zh = \"照片信息文件\"", "b = 0x1000", "b = 0x0FFF", "SSSE/EF08", |f| matches!(f, Fault::Sum { .. })),
    ("name = \"ADMINPIN\"", "id = 0x00", "id = 0x81", "PKI/ADMINPIN", |f| matches!(f, Fault::Broken { .. })),
    ("name = \"USERPIN\"", "role = \"user\"", "role = \"owner\"", "CERT/USERPIN", |f| matches!(f, Fault::NotOneOf { field: "role", .. })),
    ("name = \"USERPIN\"", "tries = 3", "tries = 0", "CERT/USERPIN", |f| matches!(f, Fault::Range { .. })),
    ("zh = \"数字证书应用\"", "\"USERPIN\"", "\"PIN\"", "CERT/PIN", |f| matches!(f, Fault::Broken { .. })),
    ("zh = \"签名公钥文件\"", "\"signing\"", "\"sealing\"", "CERT/0012", |f| matches!(f, Fault::NotOneOf { field: "key_pair", .. })),
    ("zh = \"加密公钥文件\"", "\"encryption\"", "\"signing\"", "CERT/0014", |f| matches!(f, Fault::Duplicate { what: Thing::KeyFile, .. })),
    ("zh = \"签名证书文件\"", "certificate_of = \"signing\"", "key_pair = \"signing\"", "CERT/0018", |f| matches!(f, Fault::Broken { .. })),
    ("zh = \"签名证书文件\"", "ADMINPIN", "MASTERPIN", "CERT/0018/update", |f| matches!(f, Fault::Unknown { what: Thing::Key, .. })),
    ("size = 0x300", "0xEF08", "0xEF07", "SSSE/EF07", |f| matches!(f, Fault::Duplicate { what: Thing::Fid, .. })),
    ("id = \"DF01\"", "D15600000500", "D1560000", "DF01", |f| matches!(f, Fault::Range { value: 4, least: 5, most: 16, .. })),
    ("id = \"DF02\"", "D15600000501", "D15600000500", "DF02", |f| matches!(f, Fault::Duplicate { what: Thing::Name, .. })),
    ("id = \"DF02\"", "0xDF02", "0xDF01", "DF02", |f| matches!(f, Fault::Broken { .. })),
    ("id = \"SSSE\"", "directory_sfi = 0x1E", "directory_sfi = 0x1D", "SSSE", |f| matches!(f, Fault::Unknown { .. })),
    ("zh = \"目录文件\"", "repeat = 7", "repeat = 6", "SSSE/EF1E", |f| matches!(f, Fault::Broken { .. })),
];

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

#[test]
fn faults_are_told_with_line_and_path() {
    for (after, from, to, path, expected) in CASES {
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
                what: Thing::Parts,
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

//! The provincial extensions in the program, and everything wrong with an overlay at once.

use card_model::profile::{Extension, Profile};
use card_model::words::{Explain, Lang};

#[test]
fn found_by_name_on_each_base_and_without_remarks() {
    let names: Vec<&str> = Profile::extended()
        .iter()
        .map(|profile| profile.name.as_str())
        .collect();
    assert_eq!(
        names,
        [
            "3.0-jiangsu",
            "2.0-jiangsu",
            "2.0-hunan",
            "3.0-hunan",
            "3.0-shandong",
            "2.0-shandong"
        ]
    );
    for name in Profile::PROVINCES {
        let extension = Extension::builtin(name).unwrap_or_else(|error| panic!("{error}"));
        assert!(extension.remarks().is_empty(), "{:?}", extension.remarks());
        assert!(extension.on("1.0").is_err());
        assert!(Profile::builtin(name).is_ok());
    }
    assert!(Profile::builtin("nowhere").is_err());
    assert!(Profile::builtin("").is_err());
}

const WRONG_FORM: &str = "extends = \"ssc-3.0\"
name = 7
[[df]]
id = \"SSSE\"
keyz = []
[[df.ef]]
zh = \"x\"
[[df.ef]]
fid = 0xEF0D
raed = \"free\"
elements = [
  { tag = 0x1EA, an = \"0C\" },
]
";

#[test]
fn every_fault_of_form_is_told_with_its_line() {
    let faults = Profile::check(WRONG_FORM, "province.toml").expect_err("wrong");
    let lines: Vec<u32> = faults.iter().map(|fault| fault.line).collect();
    assert_eq!(lines, [2, 5, 6, 10, 12, 12], "{faults:#?}");
    let near = faults.iter().find(|fault| fault.line == 10).expect("raed");
    for lang in [Lang::En, Lang::Zh] {
        let words = near.explain(lang);
        assert!(words.next.is_some_and(|next| next.contains("read")));
    }
    assert_eq!(near.path, "SSSE/EF0D");
}

const WRONG_CONTENTS: &str = "extends = [\"ssc-3.0\", \"ssc-2.0\"]
name = \"a name that is too long\"
zh = \"某省\"
en = \"a province\"
[[df]]
id = \"SSSE\"
remove_keys = [\"NOSUCH\"]
keys = [
  { name = \"UKEF0D\", id = 0x0D, level = \"city\", zh = \"x\", en = \"x\" },
]
[[df.ef]]
fid = 0xEF0D
zh = \"x\"
en = \"x\"
class = \"optional\"
structure = \"linear\"
read = \"free or\"
update = \"UKEF0D\"
elements = [
  { tag = 0xEA, an = 0x0C, cn = 0x0C, zh = \"x\", en = \"x\" },
  { tag = 0xEB, cn = 0x04, zh = \"x\", en = \"x\", is = \"region\" },
]
";

#[test]
fn every_fault_of_contents_is_told_with_its_line() {
    let faults = Extension::parse(WRONG_CONTENTS, "province.toml").expect_err("wrong");
    let lines: Vec<u32> = faults.iter().map(|fault| fault.line).collect();
    for line in [2, 7, 9, 16, 17, 20, 21] {
        assert!(lines.contains(&line), "line {line} is not among {faults:#?}");
    }
}

const BREAKS_RULES: &str = "extends = \"ssc-3.0\"
name = \"3.0-rules\"
zh = \"某省\"
en = \"a province\"
[[df]]
id = \"SSSE\"
[[df.ef]]
fid = 0xEF06
change_elements = [
  { tag = 0xE8, an = 0x02, zh = \"x\", en = \"x\" },
]
[[df.ef]]
fid = 0xEF09
zh = \"x\"
en = \"x\"
class = \"optional\"
structure = \"linear variable\"
read = \"free\"
update = \"UKSSSE\"
elements = [
  { tag = 0x08, an = 0x02, zh = \"x\", en = \"x\" },
]
";

#[test]
fn what_the_standard_forbids_is_a_remark() {
    let extension = Extension::parse(BREAKS_RULES, "province.toml").expect("usable");
    let remarks = extension.remarks();
    let lines: Vec<u32> = remarks.iter().map(|fault| fault.line).collect();
    assert_eq!(lines, [10, 12, 21], "{remarks:#?}");
}

//! Overlays: versions and provincial extensions.

use card_model::profile::{Fault, Profile, Rule, Structure, Thing};

/// A provincial extension: an own elementary file with its key, another item, more cyclic records (`spec/files.md` §1.1).
const PROVINCE: &str = r#"
extends = "ssc-3.0"
name = "3.0-test-prov"
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
    assert!(
        matches!(error.fault, Fault::NotInBase { what: Thing::File, .. }),
        "{error}"
    );
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

/// The example that profiles/README.md gives to provinces.
#[test]
fn the_example_of_the_readme_loads() {
    let readme = include_str!("../../profiles/README.md");
    let example = readme
        .split("```toml\n")
        .nth(1)
        .and_then(|rest| rest.split("```").next())
        .expect("an example");
    let profile = Profile::load(example, "README.md").unwrap_or_else(|error| panic!("{error}"));
    assert!(profile.locate("SSSE/EF0D/EA").is_ok());
}

/// A whole application of a province, from DF0A on; it needs room in the directory.
#[test]
fn an_overlay_may_add_an_application() {
    let text = r#"
extends = "ssc-3.0"

[[df]]
id = "DF0A"
kind = "ADF"
parent = "SSSE"
fid = 0xDF0A
name = "D1560000050A"
label = "健康卡"
zh = "健康卡（虚构）"
en = "health card (fictitious)"
keys = [{ name = "UK1DF0A", id = 0x83, level = "province", zh = "更新", en = "update" }]

[[df.ef]]
fid = 0xEF05
zh = "健康卡信息"
en = "health card data"
class = "optional"
structure = "linear fixed"
read = "PIN"
update = "UK1DF0A"
elements = [{ tag = 0x81, an = 0x12, zh = "健康卡号", en = "health card no.", repeat = 2 }]
"#;
    let error = Profile::load(text, "province.toml").expect_err("the directory has seven records");
    assert!(
        matches!(
            error.fault,
            Fault::Broken {
                rule: Rule::DirectoryRecords,
                ..
            }
        ),
        "{error}"
    );
    let room = "\n[[df]]\nid = \"SSSE\"\n[[df.ef]]\nfid = 0xEF1E\nchange_elements = [{ tag = 0x61, repeat = 8 }]\n";
    let profile = Profile::load(&format!("{text}{room}"), "province.toml").unwrap_or_else(|error| panic!("{error}"));
    let order: Vec<&str> = profile
        .depth_first()
        .iter()
        .map(|i| profile.dedicated_files[*i].id.as_str())
        .collect();
    assert_eq!(order[order.len() - 4..], ["DF0A", "BANK", "PKI", "CERT"]);
    let file = profile.locate("DF0A/EF05").expect("new").file;
    assert_eq!((file.size(), file.record_length()), (40, Some(20)));
    let entries = profile.directory_entries(profile.index_of("SSSE").expect("SSSE"));
    assert_eq!(hex::encode_upper(&entries[7]), "61104F06D1560000050A5006BDA1BFB5BFA8");
}

//! §2.3 of files.md: local extensions.

use crate::sheet::{section, sheet};
use card_model::profile::Profile;

/// Every row of §2.3: file, tags or number of elements, lengths.
#[test]
fn every_local_extension_of_the_sheet() {
    let lengths = |profile: &str, path: &str| -> Vec<u16> {
        let profile = Profile::builtin(profile).unwrap_or_else(|error| panic!("{error}"));
        let located = profile.locate(path).unwrap_or_else(|error| panic!("{error}"));
        located.file.elements.iter().map(|element| element.length).collect()
    };
    let text = sheet("files.md");
    let section = section(&text, "### 2.3 ", "## 3. ");
    let mut compared = 0;
    for (row, profile, path) in [
        ("SSSE EF0D | `EA`", "3.0-jiangsu", "SSSE/EF0D"),
        ("Hunan, SSSE EF0C", "2.0-hunan", "SSSE/EF0C"),
        ("Hunan, SSSE EF0D", "2.0-hunan", "SSSE/EF0D"),
        ("Hunan, DF01 EF0C", "2.0-hunan", "DF01/EF0C"),
        ("Hunan, DF03 EF0C", "2.0-hunan", "DF03/EF0C"),
        ("DF0A (health card) | EF05:", "2.0-hunan", "DF0A/EF05"),
        ("EF07: 家庭编号", "2.0-hunan", "DF0A/EF07"),
        ("救助与优抚对象 类别", "2.0-hunan", "DF0B/EF05"),
        ("EF06 cyclic 10×0x40 {", "2.0-hunan", "DF0C/EF06"),
    ] {
        let rest = section.split_once(row).unwrap_or_else(|| panic!("no {row} in §2.3")).1;
        let end = rest.find(['\n', '}', ';']).unwrap_or(rest.len());
        let cell = rest[..end].split(" | SRC").next().expect("a cell");
        let cell = cell
            .split("; read")
            .next()
            .expect("a cell")
            .split(" / ")
            .next()
            .expect("a cell");
        let words: Vec<&str> = cell
            .split([' ', '·', ',', '、', '|'])
            .filter(|word| !word.is_empty())
            .collect();
        let stated: Vec<u16> = words
            .iter()
            .enumerate()
            .filter(|(i, word)| word.len() == 2 && u16::from_str_radix(word, 16).is_ok() && (*i > 0))
            .filter(|(i, _)| matches!(words[*i - 1], "an" | "cn") || words[*i - 1].contains("金额"))
            .map(|(_, word)| u16::from_str_radix(word, 16).expect("hexadecimal"))
            .collect();
        let extra = usize::from(path == "DF0B/EF05" && stated.len() == 1);
        let have = lengths(profile, path);
        assert_eq!(have[..have.len() - extra], stated[..], "{row}: {cell}");
        compared += have.len();
    }
    assert_eq!(compared, 4 + 1 + 2 + 5 + 9 + 4 + 6 + 2 + 6);
    for profile in Profile::extended() {
        for mark in ["[C]", "[1]"] {
            assert!(!profile.zh.contains(mark));
        }
    }
    let local = Profile::builtin("shandong").unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(local.name, "3.0-shandong");
    assert!(local.key("RKMFEF0C").is_some_and(|(_, key)| key.id == 0x07));
}

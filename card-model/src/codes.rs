//! Code tables: what the codes on the card mean, in Chinese and English (`profiles/codes/*.toml`).
//!
//! A table that is not whole in the public sheets says so with `complete = false`; a code that it does not know is then
//! shown as it is, never refused.

use crate::words::Lang;
use std::sync::OnceLock;

/// A code and its texts.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Code as digits or text, without padding.
    pub code: String,
    /// Chinese text.
    pub zh: String,
    /// English text.
    pub en: String,
    /// Other words that people write for it.
    #[serde(default)]
    pub aka: Vec<String>,
}

/// A code table.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CodeTable {
    /// Name used in profiles, such as `sex`.
    pub name: String,
    /// Chinese title.
    pub zh: String,
    /// English title.
    pub en: String,
    /// Standard or sheet it comes from.
    pub source: String,
    /// Whether a code that is not listed is wrong; otherwise it may only be unknown here.
    pub complete: bool,
    /// Codes in ascending order of the source.
    #[serde(rename = "codes")]
    pub entries: Vec<Entry>,
}

impl Entry {
    /// The text in one language.
    pub fn text(&self, lang: Lang) -> &str {
        lang.pick(&self.zh, &self.en)
    }
}

impl CodeTable {
    /// The entry of a code; padding (00, blanks, nibbles F) must be taken off before.
    pub fn entry(&self, code: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.code == code)
    }

    /// The text of a code in one language.
    pub fn text(&self, code: &str, lang: Lang) -> Option<&str> {
        self.entry(code).map(|entry| entry.text(lang))
    }

    /// The code for what a person wrote: the code itself, or its Chinese or English text or another word for it. Upper and
    /// lower case and blanks around it make no difference.
    pub fn find(&self, text: &str) -> Option<&Entry> {
        let text = text.trim();
        let same = |word: &str| word.eq_ignore_ascii_case(text);
        self.entry(text)
            .or_else(|| {
                self.entries
                    .iter()
                    .find(|entry| same(&entry.zh) || same(&entry.en) || same(&entry.code))
            })
            .or_else(|| {
                self.entries
                    .iter()
                    .find(|entry| entry.aka.iter().any(|word| same(word)))
            })
    }
}

macro_rules! tables {
    ($($name:literal),+ $(,)?) => {
        const SOURCES: &[(&str, &str)] =
            &[$(($name, include_str!(concat!("../profiles/codes/", $name, ".toml")))),+];
    };
}

tables!(
    "abo-group",
    "appraisal-item",
    "assistance-type",
    "capacity-loss",
    "card-category",
    "card-mode",
    "country",
    "degree",
    "dependant-scheme",
    "disability-grade",
    "disability-kind",
    "education",
    "employment-form",
    "employment-registration",
    "employment-status",
    "ethnic-group",
    "expert-category",
    "health",
    "honour-level",
    "honour-medal",
    "honour-title",
    "household-type",
    "injury-conclusion",
    "insurance-scheme",
    "marital-status",
    "medical-category",
    "medical-scheme",
    "pension-scheme",
    "personal-capacity",
    "placement",
    "political-status",
    "preferential-kind",
    "professional-grade",
    "professional-qualification",
    "professional-title",
    "region",
    "relation",
    "relief-kind",
    "rh-group",
    "self-care",
    "settlement-category",
    "sex",
    "support-policy",
    "transaction-type",
    "unemployment-cancelling",
    "unemployment-reason",
    "unemployment-registration",
    "work-disability",
    "worker-grade",
    "yes-no",
    "yes-no-unknown",
);

/// All tables, by name. A file that does not parse is left out, which a test excludes.
pub fn tables() -> &'static [CodeTable] {
    static TABLES: OnceLock<Vec<CodeTable>> = OnceLock::new();
    TABLES.get_or_init(|| {
        SOURCES
            .iter()
            .filter_map(|(_, text)| toml::from_str(text).ok())
            .collect()
    })
}

/// A table by its name, such as `ethnic-group`.
pub fn table(name: &str) -> Option<&'static CodeTable> {
    tables().iter().find(|table| table.name == name)
}

/// A region of GB/T 2260, found as exactly as the table knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Region {
    /// Code asked for, six digits.
    pub code: String,
    /// Province, autonomous region or municipality.
    pub province: &'static Entry,
    /// Prefecture or city; `None` for a code of the province itself or one that is not in the table.
    pub prefecture: Option<&'static Entry>,
    /// Whether the table names the code itself; otherwise it names only what it belongs to.
    pub exact: bool,
}

impl Region {
    /// Name in one language: province and prefecture; a code below them that the table does not name follows in brackets.
    pub fn text(&self, lang: Lang) -> String {
        let province = self.province.text(lang);
        let mut text = match (self.prefecture.map(|prefecture| prefecture.text(lang)), lang) {
            (None, _) => province.to_owned(),
            (Some(prefecture), Lang::Zh) => format!("{province}{prefecture}"),
            (Some(prefecture), Lang::En) => format!("{prefecture}, {province}"),
        };
        if !self.exact {
            text += &format!(" ({})", self.code);
        }
        text
    }
}

/// The region of a six-digit code: itself, else its prefecture, else its province; `None` if not even that is known.
pub fn region(code: &str) -> Option<Region> {
    if code.len() != 6 || !code.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let table = table("region")?;
    let province = table.entry(&format!("{}0000", &code[..2]))?;
    let own = table.entry(code).filter(|entry| entry.code != province.code);
    let prefecture = own.or_else(|| {
        table
            .entry(&format!("{}00", &code[..4]))
            .filter(|entry| entry.code != province.code)
    });
    let exact = own.is_some() || code == province.code;
    Some(Region {
        code: code.to_owned(),
        province,
        prefecture,
        exact,
    })
}

/// The six-digit code of a region written as code, as Chinese name (`长沙市`, `长沙`, `湖南省长沙市`) or as English name
/// (`Changsha`, `Changsha, Hunan`). `None` for an unknown word and for one that means several regions (`Suzhou`, `吉林`):
/// no place is guessed.
pub fn region_code(text: &str) -> Option<&'static str> {
    let table = table("region")?;
    let text = text.trim();
    if let Some(entry) = table.entry(text) {
        return Some(&entry.code);
    }
    let mut found = table.entries.iter().filter(|entry| {
        let words = [&entry.zh, &entry.en].into_iter().chain(&entry.aka);
        // The whole name is made only where its own part fits; a batch looks up thousands.
        let part = text.ends_with(&entry.zh)
            || text
                .get(..entry.en.len())
                .is_some_and(|own| own.eq_ignore_ascii_case(&entry.en));
        let whole = |region: Region| {
            [Lang::Zh, Lang::En]
                .iter()
                .any(|lang| region.text(*lang).eq_ignore_ascii_case(text))
        };
        words.into_iter().any(|word| word.eq_ignore_ascii_case(text))
            || (part && region(&entry.code).is_some_and(whole))
    });
    match (found.next(), found.next()) {
        (Some(entry), None) => Some(&entry.code),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::{Element, Profile};
    use proptest::prelude::*;

    #[test]
    fn every_file_is_well_formed() {
        for (name, text) in SOURCES {
            let table: CodeTable = toml::from_str(text).unwrap_or_else(|error| panic!("codes/{name}.toml: {error}"));
            assert_eq!(&table.name, name);
            assert!(
                !table.zh.is_empty() && !table.en.is_empty() && !table.source.is_empty(),
                "{name}"
            );
            assert!(
                !table.complete || table.entries.len() > 1,
                "{name} is complete with hardly an entry"
            );
            for (i, entry) in table.entries.iter().enumerate() {
                assert!(
                    !entry.code.is_empty() && !entry.zh.is_empty() && !entry.en.is_empty(),
                    "{name} {entry:?}"
                );
                assert!(
                    table.entries[..i].iter().all(|other| other.code != entry.code),
                    "{name}: {} twice",
                    entry.code
                );
                for word in std::iter::once(&entry.zh).chain([&entry.en]).chain(&entry.aka) {
                    assert_eq!(word.trim(), word, "{name} {entry:?}");
                    // A word leads to its own code, except where a shorter or older code has the same text.
                    let found = table
                        .find(word)
                        .unwrap_or_else(|| panic!("{name}: {word} leads nowhere"));
                    let same = found.code == entry.code || ["region", "relation"].contains(name);
                    assert!(same, "{name}: {word} leads to {} instead of {}", found.code, entry.code);
                }
            }
        }
        assert_eq!(tables().len(), SOURCES.len());
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("profiles/codes");
        let files = std::fs::read_dir(folder).expect("profiles/codes").count();
        assert_eq!(files, SOURCES.len(), "a file of profiles/codes is not in the program");
    }

    #[test]
    fn every_table_is_used() {
        let mut used: Vec<String> = vec!["region".to_owned()];
        fn collect(element: &Element, used: &mut Vec<String>) {
            used.extend(element.codes.clone());
            used.extend(element.parts.iter().map(|part| part.codes.clone()));
            element.inner.iter().for_each(|inner| collect(inner, used));
        }
        for name in Profile::BUILTIN {
            let profile = Profile::builtin(name).unwrap_or_else(|error| panic!("{error}"));
            profile
                .files()
                .for_each(|(_, file)| file.elements.iter().for_each(|element| collect(element, &mut used)));
        }
        for (name, _) in SOURCES {
            assert!(used.iter().any(|table| table == name), "no element uses {name}");
        }
    }

    #[test]
    fn codes_and_words() {
        let table = |name| table(name).unwrap_or_else(|| panic!("no table {name}"));
        assert_eq!(
            table("ethnic-group")
                .entries
                .iter()
                .filter(|entry| entry.code.as_str() <= "56")
                .count(),
            56
        );
        assert_eq!(table("ethnic-group").text("01", Lang::Zh), Some("汉族"));
        for word in ["汉", "汉族", "han", " HAN ", "01"] {
            assert_eq!(
                table("ethnic-group").find(word).map(|entry| entry.code.as_str()),
                Some("01"),
                "{word}"
            );
        }
        assert_eq!(table("sex").find("女").map(|entry| entry.code.as_str()), Some("2"));
        assert_eq!(table("sex").find("Female").map(|entry| entry.code.as_str()), Some("2"));
        assert_eq!(
            table("education").find("本科").map(|entry| entry.code.as_str()),
            Some("21")
        );
        assert_eq!(
            table("abo-group").find("ab").map(|entry| entry.code.as_str()),
            Some("AB型")
        );
        assert_eq!(table("country").text("CHN", Lang::En), Some("China"));
        assert!(table("country").entries.len() >= 249);
        assert_eq!(table("sex").find("none"), None);
        assert!(!table("honour-title").complete);
    }

    #[test]
    fn regions_fall_back() {
        let text = |code| region(code).map(|region| (region.text(Lang::Zh), region.text(Lang::En), region.exact));
        let expected = |zh: &str, en: &str, exact| Some((zh.to_owned(), en.to_owned(), exact));
        assert_eq!(text("430000"), expected("湖南省", "Hunan", true));
        assert_eq!(text("430100"), expected("湖南省长沙市", "Changsha, Hunan", true));
        assert_eq!(
            text("430103"),
            expected("湖南省长沙市 (430103)", "Changsha, Hunan (430103)", false)
        );
        assert_eq!(text("439900"), expected("湖南省 (439900)", "Hunan (439900)", false));
        assert_eq!(text("429004"), expected("湖北省仙桃市", "Xiantao, Hubei", true));
        assert_eq!(
            text("990100"),
            expected(
                "测试省（虚构）测试市（虚构）",
                "Test City (fictitious), Test Province (fictitious)",
                true
            )
        );
        assert_eq!(text("111111"), expected("北京市 (111111)", "Beijing (111111)", false));
        for code in ["", "43010", "43010X", "000000", "４３０１００"] {
            assert_eq!(region(code), None, "{code}");
        }
        for (word, code) in [
            ("430100", "430100"),
            ("长沙", "430100"),
            ("长沙市", "430100"),
            ("湖南省长沙市", "430100"),
            ("changsha", "430100"),
            ("北京", "110000"),
            ("内蒙古", "150000"),
            ("吉林省", "220000"),
            ("吉林市", "220200"),
            ("测试市（虚构）", "990100"),
        ] {
            assert_eq!(region_code(word), Some(code), "{word}");
        }
        for word in ["无此地", "吉林", "Suzhou", "市辖区", "县", ""] {
            assert_eq!(region_code(word), None, "{word} is unknown or means several regions");
        }
        assert_eq!(region_code("suzhou, jiangsu"), Some("320500"));
        assert_eq!(region_code("北京市市辖区"), Some("110100"));
    }

    #[test]
    fn all_provinces_and_prefectures() {
        let entries = &table("region").expect("region").entries;
        let provinces = entries.iter().filter(|entry| entry.code.ends_with("0000")).count();
        assert_eq!(provinces, 34 + 1, "34 provinces and the fictitious one");
        // 333 prefectures, of which 293 cities, 30 autonomous prefectures, 7 prefectures, 3 leagues.
        let today = |entry: &&Entry| {
            entry.code.ends_with("00")
                && !entry.code.ends_with("0000")
                && !entry.code.starts_with("99")
                && !entry.en.contains("(until")
        };
        let prefectures: Vec<&Entry> = entries
            .iter()
            .filter(today)
            .filter(|entry| !entry.en.starts_with("count") && !entry.en.starts_with("district"))
            .collect();
        let count = |suffix: &str| prefectures.iter().filter(|entry| entry.zh.ends_with(suffix)).count();
        assert_eq!(
            (count("市"), count("自治州"), count("地区"), count("盟")),
            (293, 30, 7, 3)
        );
        assert_eq!(prefectures.len(), 333);
        for entry in entries {
            assert!(region(&entry.code).is_some_and(|region| region.exact), "{entry:?}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_looked_up(text in "\\PC{0,12}|[0-9]{6}") {
            let _ = region(&text);
            if let Some(code) = region_code(&text) {
                prop_assert!(region(code).is_some());
            }
            for table in tables() {
                if let Some(entry) = table.find(&text) {
                    prop_assert_eq!(table.entry(&entry.code), Some(entry));
                }
            }
        }
    }
}

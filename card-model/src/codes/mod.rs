//! Code tables: what the codes on the card mean, in Chinese and English (`profiles/codes/*.toml`).
//!
//! A table that is not whole in the public sheets says so with `complete = false`; a code that it does not know is then
//! shown as it is, never refused.

mod region;

pub use region::{Region, region, region_code};

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
            &[$(($name, include_str!(concat!("../../profiles/codes/", $name, ".toml")))),+];
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

    proptest! {
        #[test]
        fn any_text_is_looked_up(text in "\\PC{0,12}|[0-9]{6}") {
            for table in tables() {
                if let Some(entry) = table.find(&text) {
                    prop_assert_eq!(table.entry(&entry.code), Some(entry));
                }
            }
        }
    }
}

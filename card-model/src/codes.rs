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

/// The six-digit code of a region written as code, as Chinese name (`长沙市`, `长沙`, `湖南省长沙市`) or as English name.
pub fn region_code(text: &str) -> Option<&'static str> {
    let table = table("region")?;
    let text = text.trim();
    if let Some(entry) = table.find(text) {
        return Some(&entry.code);
    }
    table.entries.iter().find_map(|entry| {
        let province = table.entry(&format!("{}0000", entry.code.get(..2)?))?;
        let whole = format!("{}{}", province.zh, entry.zh);
        (whole == text && province.code != entry.code).then_some(entry.code.as_str())
    })
}

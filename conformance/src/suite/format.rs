//! What a suite file may contain; `suites/README.md` describes it for people, `suites/schema.json` for editors.

#[cfg(test)]
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A text in both languages.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Text {
    /// Chinese.
    pub zh: String,
    /// English.
    pub en: String,
}

impl Text {
    /// Both texts.
    pub fn new(zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self {
            zh: zh.into(),
            en: en.into(),
        }
    }

    /// The text in a language.
    pub fn in_language(&self, lang: card_model::words::Lang) -> &str {
        lang.pick(&self.zh, &self.en)
    }
}

/// A file: one named test item, or a template that items include.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct File {
    /// Version of the format, 1.
    pub format: u8,
    /// Chinese name of the item.
    pub zh: String,
    /// English name of the item.
    pub en: String,
    /// Where the item is named, such as `LD/T 6001.3 6.1`.
    #[serde(default)]
    pub clauses: Vec<String>,
    /// Identifiers of cases that were given up; they are never used again.
    #[serde(default)]
    pub retired: Vec<String>,
    /// Templates whose cases belong to this item, with the values of their parameters.
    #[serde(default)]
    pub include: Vec<Include>,
    /// Cases that the program derives from the profile.
    #[serde(default)]
    pub derive: Vec<Derive>,
    /// Routines; all files share them.
    #[serde(default)]
    pub routine: Vec<Routine>,
    /// Cases.
    #[serde(default)]
    pub case: Vec<Template>,
}

/// Takes the cases of a template.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Include {
    /// File in `suites/templates/` without its ending.
    pub template: String,
    /// Values of `$NAME` in the template.
    #[serde(default)]
    pub with: BTreeMap<String, String>,
}

/// Cases that the program derives from the profile.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Derive {
    /// What is derived.
    pub of: Derived,
    /// Identifier that all these cases begin with, such as `DF01S-100`.
    pub id: String,
    /// Dedicated file.
    pub df: String,
    /// Clauses of these cases.
    pub clauses: Vec<String>,
}

/// What the program derives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Derived {
    /// Access conditions: file × operation × what was proved × way of addressing.
    Access,
}

/// A routine: a transcript that cases call by its name.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Routine {
    /// Small letters with a hyphen.
    pub name: String,
    /// What it does, in Chinese.
    pub zh: String,
    /// What it does, in English.
    pub en: String,
    /// Transcript; `$1`, `$2` … are the arguments.
    pub steps: String,
}

/// A case, or with `each` or `table` many cases.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Template {
    /// Identifier such as `CHANGE_PIN-01`; never used twice.
    pub id: String,
    /// Chinese title.
    pub zh: String,
    /// English title.
    pub en: String,
    /// What it is to show.
    pub purpose: Text,
    /// Clauses, such as `STD-P5 6.14`.
    pub clauses: Vec<String>,
    /// Where it comes from.
    pub origin: Origin,
    /// Generations of the card it is for; none given: all.
    #[serde(default)]
    pub generations: Vec<u8>,
    /// Interfaces it is for; none given: all.
    #[serde(default)]
    pub interfaces: Vec<InterfaceName>,
    /// What the card must have beyond what the steps refer to: `DF04`, `DF04/EF06`, `key DSK`, `version DSK@2`, `pin`,
    /// `certificate pins`, `SM4`, `3DES`.
    #[serde(default)]
    pub needs: Vec<String>,
    /// The steps are calls of a driver; what it needs.
    #[serde(default)]
    pub driver: Option<DriverNeeds>,
    /// Routines before the steps.
    #[serde(default)]
    pub before: Vec<String>,
    /// Transcript.
    pub steps: String,
    /// Routines after the steps; they run also if a step failed.
    #[serde(default)]
    pub after: Vec<String>,
    /// What it does to the card.
    #[serde(default)]
    pub effect: Effect,
    /// How it leaves the card; needed where that is not as it found it.
    #[serde(default)]
    pub leaves: Option<Text>,
    /// Order among cases of the same effect, small first.
    #[serde(default)]
    pub order: u8,
    /// Rows of the coverage table that the transcript does not show by itself.
    #[serde(default)]
    pub covers: Vec<String>,
    /// One case for each thing of the profile.
    #[serde(default)]
    pub each: Option<Each>,
    /// One case for each row; every row has `n`, the end of the identifier, and values of `$NAME`.
    #[serde(default)]
    pub table: Vec<BTreeMap<String, String>>,
}

/// Card and PSAM around a driver before the first call.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct DriverNeeds {
    /// `present` (if nothing is given), `none`, `unpersonalized`, `forged`, `foreign`, `certified`, `mute`.
    #[serde(default)]
    pub card: String,
    /// `any` (if nothing is given), `present`, `none`, `without SM4`, `without KEY`, `of another city`.
    #[serde(default)]
    pub psam: String,
    /// Routines that prepare the card.
    #[serde(default)]
    pub prepare: Vec<String>,
}

/// Where a case comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// The standard names this test.
    Official,
    /// Derived from a clause.
    Clause,
    /// Ours.
    Own,
}

/// Interface of a card.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum InterfaceName {
    /// ISO/IEC 7816.
    Contact,
    /// ISO/IEC 14443.
    Contactless,
}

impl InterfaceName {
    /// Name in files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Contact => "contact",
            Self::Contactless => "contactless",
        }
    }
}

impl From<card_model::card::Interface> for InterfaceName {
    fn from(interface: card_model::card::Interface) -> Self {
        match interface {
            card_model::card::Interface::Contact => Self::Contact,
            card_model::card::Interface::Contactless => Self::Contactless,
        }
    }
}

impl From<InterfaceName> for card_model::card::Interface {
    fn from(interface: InterfaceName) -> Self {
        match interface {
            InterfaceName::Contact => Self::Contact,
            InterfaceName::Contactless => Self::Contactless,
        }
    }
}

/// What a case does to the card. Cases run in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Effect {
    /// Leaves it as it was.
    #[default]
    None,
    /// Spends tries and gives them back.
    Tries,
    /// Leaves it changed in a way that can be undone or does not matter, such as one more record; says how.
    Changed,
    /// Cannot be undone: runs only when destruction is allowed.
    Irreversible,
}

/// A selection of things of the profile.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Each {
    /// Kind of thing.
    pub of: Kind,
    /// Only in these dedicated files.
    #[serde(default)]
    pub df: Vec<String>,
    /// Files: only these structures: `linear variable`, `linear fixed`, `cyclic`, `transparent`, `internal`.
    #[serde(default)]
    pub structure: Vec<String>,
    /// Files: only these states in the standard: `active`, `predefined`, `reserved`, `optional`, `system`.
    #[serde(default)]
    pub class: Vec<String>,
    /// Files: only with (or without) a short file identifier.
    #[serde(default)]
    pub sfi: Option<bool>,
    /// Files: only those that somebody can read (or nobody).
    #[serde(default)]
    pub readable: Option<bool>,
    /// Files: only those that somebody can update (or nobody).
    #[serde(default)]
    pub updatable: Option<bool>,
    /// Files: only those that are free to read (or not).
    #[serde(default)]
    pub free: Option<bool>,
    /// Keys: only these roles, such as `external authentication`.
    #[serde(default)]
    pub role: Vec<String>,
    /// Keys: only with at least so many versions.
    #[serde(default)]
    pub versions: Option<u8>,
    /// Dedicated files: only these kinds: `MF`, `DDF`, `ADF`.
    #[serde(default)]
    pub kind: Vec<String>,
}

/// Kind of thing in a profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Dedicated files; gives `$DF`.
    Dfs,
    /// Elementary files; gives `$DF`, `$FILE` (`DF01/EF05`), `$OPEN` and `$WRITE` (the routines that satisfy its read and its
    /// update condition), `$LAST` and `$BEYOND` (number of the last record and of the one behind it), `$SIZE` and `$LASTBYTE`
    /// (size of a transparent file and offset of its last byte, four hexadecimal digits).
    Files,
    /// Elements of linear files, one for each record; gives `$ELEMENT` (`DF01/EF05/21`, `DF01/EF15/40:2`), `$NUMBER` (of
    /// the record, two hexadecimal digits), `$OCCURRENCE` and what files give.
    Elements,
    /// Keys; gives `$DF`, `$KEY` (with `#index` where there is one).
    Keys,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `UPDATE=1` writes the schema anew; the difference is for review.
    #[test]
    fn the_schema_is_that_of_the_types() {
        let schema = serde_json::to_string_pretty(&schemars::schema_for!(File)).expect("JSON") + "\n";
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("suites/schema.json");
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(&path, &schema).expect("written");
        }
        let committed = std::fs::read_to_string(&path).expect("suites/schema.json");
        assert_eq!(
            committed, schema,
            "run the test with UPDATE=1 and review the difference"
        );
    }
}

//! What must be covered, as data: `conformance/coverage.toml`.

use crate::ConformanceError;
use crate::suite::Text;
use card_model::status::StatusWord;
use serde::Deserialize;
use std::collections::BTreeMap;

/// The table as it is in the program.
const TABLE: &str = include_str!("../../../coverage.toml");

/// All rows of `spec/commands.md` §1–§3 and the status words of all commands.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// Why something has no case, by name: several rows share a reason.
    reason: BTreeMap<String, Text>,
    /// Sections of the sheet.
    pub section: Vec<Section>,
    /// Commands.
    pub command: Vec<Command>,
}

/// A section of the sheet.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Section {
    /// Number, such as `1.1`.
    pub number: String,
    /// Title in Chinese.
    pub zh: String,
    /// Title in English.
    pub en: String,
    /// Rows that follow from something else, and so are not written down a second time.
    #[serde(default)]
    pub rows_of: Option<RowsOf>,
    /// Rows.
    #[serde(default)]
    pub row: Vec<Rule>,
    /// Status words of [`RowsOf::Words`].
    #[serde(default)]
    pub words: Vec<String>,
    /// Those of the words that nothing on a card of these profiles gives, with the name of the reason.
    #[serde(default)]
    pub not_caused: BTreeMap<String, String>,
}

/// What the rows of a section follow from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RowsOf {
    /// Status words that some command must show.
    Words,
    /// Keys of the profile.
    Keys,
    /// Files of the profile.
    Files,
}

/// A row of the sheet that states a fact.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Name within the section; cases name the row as `1.1 case-4`.
    pub id: String,
    /// What the row of the sheet begins with.
    pub sheet: String,
    /// In Chinese.
    pub zh: String,
    /// In English.
    pub en: String,
    /// Clause.
    pub clause: String,
    /// What a card must have for it: as `needs` of a case, `contact`, `contactless`, or `generation 1 2`.
    #[serde(default)]
    pub needs: Vec<String>,
    /// Name of the reason why there is no case.
    #[serde(default)]
    pub reason: Option<String>,
    /// The test that shows it where it is about another device than the card: `file::function`.
    #[serde(default)]
    pub test: Option<String>,
}

/// A command and the status words that are listed for it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Command {
    /// Name, such as `SELECT`.
    pub name: String,
    /// Section of the sheet.
    pub section: String,
    /// What the row of the sheet begins with.
    pub sheet: String,
    /// Clause.
    pub clause: String,
    /// What its commands begin with, in hexadecimal.
    pub heads: Vec<String>,
    /// What they do not begin with: commands of the same instruction that are others.
    #[serde(default)]
    pub others: Vec<String>,
    /// What it begins with in a class that the card does not know.
    pub wrong_class: Vec<String>,
    /// Status words.
    pub status: Vec<String>,
    /// Status words that no terminal can cause, each with the name of the reason; `6700 contact`, `6A88 generation 1`: there only.
    #[serde(default)]
    pub not_caused: BTreeMap<String, String>,
    /// What a card must have for it, as `needs` of a case.
    #[serde(default)]
    pub needs: Vec<String>,
}

impl Table {
    /// Reads the table.
    ///
    /// # Errors
    /// It is damaged, or a row names a reason that is not there; the tests of this crate show that it is not.
    pub fn load() -> Result<Self, ConformanceError> {
        let fault = |fault: String| ConformanceError::Suite {
            file: "coverage.toml".to_owned(),
            fault,
        };
        let table: Self = toml::from_str(TABLE).map_err(|error| fault(error.to_string()))?;
        let rules = table.section.iter().flat_map(|section| &section.row);
        let named = rules
            .filter_map(|rule| rule.reason.as_ref())
            .chain(table.command.iter().flat_map(|command| command.not_caused.values()))
            .chain(table.section.iter().flat_map(|section| section.not_caused.values()));
        match named.into_iter().find(|name| !table.reason.contains_key(*name)) {
            Some(name) => Err(fault(format!("there is no reason {name}"))),
            None => Ok(table),
        }
    }

    /// The reason with a name.
    pub fn reason(&self, name: &str) -> Option<&Text> {
        self.reason.get(name)
    }

    /// The rows that an answer shows, which was the only one expected: the status word of the command, and the word itself.
    pub fn shown(&self, command: &[u8], sw: StatusWord) -> Vec<String> {
        let digits = hex::encode_upper(command.get(..4).unwrap_or(command));
        let word = family(sw);
        let begins = |heads: &[String]| heads.iter().any(|head| digits.starts_with(head.as_str()));
        let mut shown: Vec<String> = self
            .command
            .iter()
            .filter(|command| {
                let heads = if word == "6E00" {
                    &command.wrong_class
                } else {
                    &command.heads
                };
                begins(heads) && !begins(&command.others)
            })
            .map(|command| format!("{} {word}", command.name))
            .collect();
        shown.push(word_row(&word));
        shown
    }
}

/// Name of the row of a status word.
pub(super) fn word_row(word: &str) -> String {
    format!("word {word}")
}

/// A status word as lists have it: `63Cx`, `61xx`, `6Cxx` for all of their kind.
fn family(sw: StatusWord) -> String {
    match (sw.sw1(), sw.tries_left()) {
        (_, Some(_)) => "63Cx".to_owned(),
        (0x61, _) => "61xx".to_owned(),
        (0x6C, _) => "6Cxx".to_owned(),
        _ => sw.to_string(),
    }
}

//! Which cases cover what must be covered: the status words of each command, the rules of each file, the rows of the sheets.

use super::Suite;
use super::case::Case;
use crate::ConformanceError;
use crate::flow::Action;
use card_model::profile::{Profile, Structure};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The table as it is in the program.
const TABLE: &str = include_str!("../../coverage.toml");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    #[serde(default)]
    command: Vec<Command>,
}

/// A command and the status words that the standard lists for it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Command {
    name: String,
    clause: String,
    /// What its commands begin with, in hexadecimal.
    heads: Vec<String>,
    /// The same in a class that the card does not know.
    wrong_class: Vec<String>,
    status: Vec<String>,
    /// Status words that no terminal can cause.
    #[serde(default)]
    not_caused: Vec<String>,
}

/// Something that must be covered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Row {
    /// `command` or `file`.
    pub kind: &'static str,
    /// `SELECT`, `DF01/EF05`.
    pub name: String,
    /// `6A82`; `read`, `update`, `record`.
    pub what: String,
    /// Clause of a command.
    pub clause: String,
    /// Cases that cover it, without the parts that differ from file to file, each once.
    pub cases: BTreeSet<String>,
    /// Whether no terminal can cause it.
    pub not_caused: bool,
}

impl Row {
    /// Whether a case covers it or none can.
    pub fn is_covered(&self) -> bool {
        self.not_caused || !self.cases.is_empty()
    }
}

/// The coverage of a profile: every status word of every command, then reading, updating and records of every file.
///
/// # Errors
/// A suite or the table cannot be read.
pub fn coverage(suite: &Suite, profile: &Profile) -> Result<Vec<Row>, ConformanceError> {
    let table: Table = toml::from_str(TABLE).map_err(|error| ConformanceError::Suite {
        file: "coverage.toml".to_owned(),
        fault: error.to_string(),
    })?;
    let cases = suite.cases(profile)?;
    let mut rows = Vec::new();
    let answers = answers(&cases);
    for command in &table.command {
        for status in &command.status {
            let heads = if status == "6E00" {
                &command.wrong_class
            } else {
                &command.heads
            };
            let found = answers
                .iter()
                .filter(|((head, sw), _)| sw == status && heads.iter().any(|one| head.starts_with(one.as_str())));
            rows.push(Row {
                kind: "command",
                name: command.name.clone(),
                what: status.clone(),
                clause: command.clause.clone(),
                cases: found.flat_map(|(_, cases)| cases.iter().cloned()).collect(),
                not_caused: command.not_caused.contains(status),
            });
        }
    }
    let named = named(&cases);
    for (df, file) in profile.files() {
        let path = format!("{}/{}", df.id, file.name());
        let internal = matches!(file.structure, Structure::Internal { .. });
        for what in ["read", "update", "record"] {
            if internal && what == "record" {
                continue;
            }
            let key = format!("{what} {path}");
            rows.push(Row {
                kind: "file",
                name: path.clone(),
                what: what.to_owned(),
                clause: String::new(),
                cases: named.get(&key).cloned().unwrap_or_default(),
                not_caused: false,
            });
        }
    }
    Ok(rows)
}

/// Begin of a command (as far as it is written) and status word, with the cases that expect just this word.
fn answers(cases: &[Case]) -> BTreeMap<(String, String), BTreeSet<String>> {
    let mut found: BTreeMap<(String, String), BTreeSet<String>> = BTreeMap::new();
    for case in cases {
        for step in case.steps.steps() {
            let Action::Command { command, answers, .. } = &step.action else {
                continue;
            };
            let [answer] = &answers[..] else { continue };
            let [status] = &answer.status[..] else { continue };
            let head = hex::encode_upper(command.fixed_head());
            let key = (head.chars().take(8).collect(), status.to_string());
            found.entry(key).or_default().insert(stem(case));
        }
    }
    found
}

fn named(cases: &[Case]) -> BTreeMap<String, BTreeSet<String>> {
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for case in cases {
        for row in &case.covers {
            found.entry(row.clone()).or_default().insert(stem(case));
        }
    }
    found
}

fn stem(case: &Case) -> String {
    case.id.split(':').next().unwrap_or_default().to_owned()
}

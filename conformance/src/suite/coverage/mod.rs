//! Which cases cover what must be covered: the status words of each command, the rules of each file, the keys, the rows of the
//! sheets.
//!
//! A case covers what it has shown in a run. A status word counts where it was the only one that the case allows and the card
//! gave it; everything else a case names in `covers`, and it counts where the case passed.

mod table;

pub use table::{Command, RowsOf, Rule, Section, Table};

use super::Text;
use super::applies::need_obstacle;
use super::format::InterfaceName;
use crate::run::{CaseResult, Verdict};
use crate::terminal::Subject;
use card_model::profile::{KeyDefinition, Profile, Structure};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use table::word_row;

/// A section of the sheet with its rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// Number, such as `1.2`.
    pub section: String,
    /// Title.
    pub title: Text,
    /// Rows that concern the card.
    pub rows: Vec<Row>,
}

impl Part {
    /// Rows that cases have shown, rows that something else explains, rows that are open.
    pub fn sums(&self) -> [usize; 3] {
        let shown = self.rows.iter().filter(|row| !row.cases.is_empty()).count();
        let open = self.rows.iter().filter(|row| !row.is_covered()).count();
        [shown, self.rows.len() - shown - open, open]
    }
}

/// Something that must be covered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// `SELECT`, `DF01/EF05`, `UK1DF01`, or the fact that a row states.
    pub name: Text,
    /// `6A82`; `read`, `update`, `record`; empty where the name says all.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub what: String,
    /// Clause.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub clause: String,
    /// Cases that cover it, without the parts that differ from file to file, each once.
    pub cases: BTreeSet<String>,
    /// How many cases these are with the parts that differ.
    pub count: usize,
    /// Why no case can cover it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Text>,
    /// The test of this project that shows it, where it is about another device than the card.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test: Option<String>,
}

impl Row {
    /// Whether a case covers it, or there is a reason why none does.
    pub fn is_covered(&self) -> bool {
        !self.cases.is_empty() || self.reason.is_some() || self.test.is_some()
    }
}

/// The coverage that the results of a run show for a card on an interface: every row that concerns this card.
pub fn coverage(table: &Table, results: &[CaseResult], subject: Subject<'_>, interface: InterfaceName) -> Vec<Part> {
    let evidence = Evidence::of(results);
    let concerns = |needs: &[String]| needs.iter().all(|need| is_met(need, subject, interface));
    let reason = |name: Option<&String>| name.and_then(|name| table.reason(name)).cloned();
    // A reason may be one of an interface or of a generation only.
    let generation = format!("generation {}", subject.profile.generation);
    let here = ["", interface.name(), &generation];
    let not_caused = |causes: &BTreeMap<String, String>, word: &str| {
        let keys = here.map(|place| format!("{word} {place}"));
        reason(keys.iter().find_map(|key| causes.get(key.trim_end())))
    };
    let mut parts = Vec::new();
    for section in &table.section {
        let mut rows = Vec::new();
        for rule in section.row.iter().filter(|rule| concerns(&rule.needs)) {
            let name = Text::new(rule.zh.as_str(), rule.en.as_str());
            let key = format!("{} {}", section.number, rule.id);
            rows.push(Row {
                reason: reason(rule.reason.as_ref()),
                test: rule.test.clone(),
                ..evidence.row(&key, name, "", &rule.clause)
            });
        }
        for command in &table.command {
            if command.section != section.number || !concerns(&command.needs) {
                continue;
            }
            for status in &command.status {
                let key = format!("{} {status}", command.name);
                rows.push(Row {
                    reason: not_caused(&command.not_caused, status),
                    ..evidence.row(&key, same(&command.name), status, &command.clause)
                });
            }
        }
        match section.rows_of {
            Some(RowsOf::Words) => rows.extend(section.words.iter().map(|word| Row {
                reason: not_caused(&section.not_caused, word),
                ..evidence.row(&word_row(word), same(word), "", "STD-P5 5")
            })),
            Some(RowsOf::Keys) => rows.extend(keys(subject.profile).map(|key| {
                let row = format!("key {key}");
                evidence.row(&row, same(&key), "", "STD-P9 B.1")
            })),
            Some(RowsOf::Files) => rows.extend(files(subject.profile).map(|(path, what)| {
                let row = format!("{what} {path}");
                evidence.row(&row, same(&path), what, "STD-V2 5")
            })),
            None => {}
        }
        parts.push(Part {
            section: section.number.clone(),
            title: Text::new(section.zh.as_str(), section.en.as_str()),
            rows,
        });
    }
    parts
}

fn same(name: &str) -> Text {
    Text::new(name, name)
}

fn is_met(need: &str, subject: Subject<'_>, interface: InterfaceName) -> bool {
    match need {
        "contact" => interface == InterfaceName::Contact,
        "contactless" => interface == InterfaceName::Contactless,
        // Whether the PINs are known is a matter of the run, not of the card.
        "certificate pins" => true,
        need => match need.strip_prefix("generation ") {
            Some(generations) => generations
                .split(' ')
                .any(|one| one.parse() == Ok(subject.profile.generation)),
            None => need_obstacle(need, subject).is_none(),
        },
    }
}

/// Keys of a profile as cases name them, `DPK#2` where there is an index.
fn keys(profile: &Profile) -> impl Iterator<Item = String> {
    let name = |key: &KeyDefinition| match key.index {
        Some(index) => format!("{}#{index}", key.name),
        None => key.name.clone(),
    };
    profile.dedicated_files.iter().flat_map(|df| &df.keys).map(name)
}

/// Files of a profile with what must be shown of each: reading, updating, and its records unless nobody sees them.
fn files(profile: &Profile) -> impl Iterator<Item = (String, &'static str)> {
    profile.files().flat_map(|(df, file)| {
        let internal = matches!(file.structure, Structure::Internal { .. });
        let path = format!("{}/{}", df.id, file.name());
        ["read", "update", "record"]
            .into_iter()
            .filter(move |what| !(internal && *what == "record"))
            .map(move |what| (path.clone(), what))
    })
}

/// What passed cases have shown: by row the cases, without and with the parts that differ.
#[derive(Default)]
struct Evidence<'r>(BTreeMap<&'r str, (BTreeSet<&'r str>, usize)>);

impl<'r> Evidence<'r> {
    fn of(results: &'r [CaseResult]) -> Self {
        let mut evidence = Self::default();
        for result in results.iter().filter(|result| result.verdict == Verdict::Pass) {
            let stem = result.id.split(':').next().unwrap_or_default();
            for row in &result.covers {
                let (stems, count) = evidence.0.entry(row).or_default();
                stems.insert(stem);
                *count += 1;
            }
        }
        evidence
    }

    fn row(&self, key: &str, name: Text, what: &str, clause: &str) -> Row {
        let found = self.0.get(key);
        Row {
            name,
            what: what.to_owned(),
            clause: clause.to_owned(),
            cases: found
                .map(|(stems, _)| stems.iter().map(|stem| (*stem).to_owned()).collect())
                .unwrap_or_default(),
            count: found.map_or(0, |(_, count)| *count),
            reason: None,
            test: None,
        }
    }
}

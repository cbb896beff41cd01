//! The table of defects, `profiles/defects.toml`.

use super::answer::AnswerFault;
use super::bend::Bend;
use super::entropy::Generator;
use super::forge::Forge;
use super::leave::Leave;
use super::pattern::{self, Bytes, Words};
use super::reset::ResetFault;
use super::shape::Shape;
use crate::memory::JournalStep;
use crate::words::Lang;
use serde::Deserialize;
use std::sync::OnceLock;

/// One deliberate fault.
#[derive(Debug)]
pub struct Defect {
    /// Its name, for ever: lower-case words joined with hyphens.
    pub id: String,
    /// The rule that it breaks: where our sheets have it, then where the standards do, as `DOCUMENT SECTION`.
    pub clauses: Vec<String>,
    zh: String,
    en: String,
    at: Vec<Bytes>,
    on: Option<Words>,
    pub(super) fault: Fault,
}

/// What is wrong.
#[derive(Debug)]
pub(super) enum Fault {
    /// This status word instead of another.
    Word(u16),
    /// A command is taken for another one.
    TakenFor(Bytes),
    /// A command is accepted as if it said something else.
    Forge(Forge),
    /// The command meets a card whose state is bent for as long as it runs.
    Bend(Bend),
    /// The generator of random numbers.
    Entropy(Generator),
    /// What the command leaves behind.
    Leave(Leave),
    /// What it answers.
    Answer(AnswerFault),
    /// What power-on does.
    Reset(ResetFault),
    /// How the card understands its own files and keys.
    Shape(Shape),
    /// What is left when the power goes.
    Tear(Tear),
}

/// Protection against loss of power that is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tear {
    /// A step of the memory's journal.
    Journal(JournalStep),
    /// Amounts and log record are two changes.
    TwoChanges,
    /// A try is written off after the comparison only.
    TryAfterComparison,
}

impl Tear {
    /// The step of the journal that is left out.
    pub fn journal_step(self) -> Option<JournalStep> {
        match self {
            Self::Journal(step) => Some(step),
            Self::TwoChanges | Self::TryAfterComparison => None,
        }
    }
}

impl Defect {
    /// All defects in the order of the table; none if the table in the program were damaged, which a test excludes.
    pub fn all() -> &'static [Self] {
        static TABLE: OnceLock<Vec<Defect>> = OnceLock::new();
        TABLE.get_or_init(|| read(include_str!("../../../profiles/defects.toml")).unwrap_or_default())
    }

    /// The defect with a name.
    pub fn named(id: &str) -> Option<&'static Self> {
        Self::all().iter().find(|defect| defect.id == id)
    }

    /// What is wrong, in words.
    pub fn title(&self, lang: Lang) -> &str {
        lang.pick(&self.zh, &self.en)
    }

    /// Whether one of these clauses is the rule that it breaks, or a part of it. What the rule is only a part of, such as a whole
    /// chapter, does not fit.
    pub fn breaks(&self, clauses: &[String]) -> bool {
        let part = |rule: &str, clause: &str| {
            let rest = clause.strip_prefix(rule);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', ' ']))
        };
        let fits = |rule: &String| clauses.iter().any(|clause| part(&plain(rule), &plain(clause)));
        self.clauses.iter().any(fits)
    }

    /// Whether it only shows when the power goes in the middle of a write.
    pub fn needs_power_cut(&self) -> bool {
        matches!(self.fault, Fault::Tear(_))
    }

    pub(super) fn concerns(&self, command: &[u8]) -> bool {
        self.at.is_empty() || self.at.iter().any(|pattern| pattern.fits(command))
    }

    pub(super) fn on(&self, sw: u16) -> bool {
        self.on.is_none_or(|words| words.fits(sw))
    }
}

/// A clause without the sign that some write before the section.
fn plain(clause: &str) -> String {
    clause.replace('§', "")
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    defect: Vec<Row>,
}

/// A row; exactly one of the fields from `gives` on is there.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    id: String,
    clauses: Vec<String>,
    zh: String,
    en: String,
    #[serde(default)]
    at: Vec<Bytes>,
    on: Option<Words>,
    #[serde(default, deserialize_with = "pattern::word")]
    gives: Option<u16>,
    taken_for: Option<Bytes>,
    forges: Option<Forge>,
    bends: Option<Bend>,
    entropy: Option<Generator>,
    leaves: Option<Leave>,
    answers: Option<AnswerFault>,
    reset: Option<ResetFault>,
    shape: Option<Shape>,
    tears: Option<TearName>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum TearName {
    Aside,
    Declare,
    Clear,
    Recover,
    TwoChanges,
    TryAfterComparison,
}

fn read(text: &str) -> Option<Vec<Defect>> {
    let table: Table = toml::from_str(text).ok()?;
    table.defect.into_iter().map(defect).collect()
}

fn defect(row: Row) -> Option<Defect> {
    let tear = |name| match name {
        TearName::Aside => Tear::Journal(JournalStep::Aside),
        TearName::Declare => Tear::Journal(JournalStep::Declare),
        TearName::Clear => Tear::Journal(JournalStep::Clear),
        TearName::Recover => Tear::Journal(JournalStep::Recover),
        TearName::TwoChanges => Tear::TwoChanges,
        TearName::TryAfterComparison => Tear::TryAfterComparison,
    };
    let faults = [
        row.gives.map(Fault::Word),
        row.taken_for.map(Fault::TakenFor),
        row.forges.map(Fault::Forge),
        row.bends.map(Fault::Bend),
        row.entropy.map(Fault::Entropy),
        row.leaves.map(Fault::Leave),
        row.answers.map(Fault::Answer),
        row.reset.map(Fault::Reset),
        row.shape.map(Fault::Shape),
        row.tears.map(|name| Fault::Tear(tear(name))),
    ];
    let mut faults = faults.into_iter().flatten();
    let fault = faults.next()?;
    faults.next().is_none().then_some(Defect {
        id: row.id,
        clauses: row.clauses,
        zh: row.zh,
        en: row.en,
        at: row.at,
        on: row.on,
        fault,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_table_is_whole() {
        let text = include_str!("../../../profiles/defects.toml");
        let rows = toml::from_str::<Table>(text).unwrap().defect.len();
        let all = Defect::all();
        assert_eq!(all.len(), rows, "a row has no fault, or more than one");
        assert!(rows >= 150);
        let ids: BTreeSet<&str> = all.iter().map(|defect| defect.id.as_str()).collect();
        assert_eq!(ids.len(), rows, "a name twice");
        for defect in all {
            let name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            assert!(defect.id.chars().all(name), "{}", defect.id);
            assert!(!defect.zh.is_empty() && !defect.en.is_empty(), "{}", defect.id);
            let sheets = ["spec/commands.md §", "spec/files.md §", "spec/conformance.md §"];
            let first = defect.clauses.first().unwrap();
            assert!(
                sheets.iter().any(|sheet| first.starts_with(sheet)),
                "{}: {first}",
                defect.id
            );
            assert!(defect.clauses.len() > 1, "{} is in no standard", defect.id);
            // A chapter of commands is not the rule of one of them: any case of any command would fit.
            let chapter = |clause: &String| ["STD-P5 6", "STD-P5 7"].contains(&clause.as_str());
            assert!(
                !defect.clauses.iter().any(chapter),
                "{} names a whole chapter",
                defect.id
            );
        }
    }

    #[test]
    fn clauses_fit_with_their_parts() {
        let defect = Defect::named("verify-any").unwrap();
        let fits = |clause: &str| defect.breaks(&[clause.to_owned()]);
        assert!(fits("STD-P5 6.14") && fits("STD-P5 6.14.2") && fits("spec/commands.md 1.2 VERIFY"));
        assert!(!fits("STD-P5 6.1") && !fits("STD-P5 6") && !fits("STD-P7 6.14") && !fits("STD-P5"));
    }

    #[test]
    fn a_row_has_exactly_one_fault() {
        let row = "[[defect]]\nid = 'x'\nclauses = ['c']\nzh = 'z'\nen = 'e'\n";
        assert!(read(row).is_none());
        assert!(read(&format!("{row}gives = '6A80'\n")).is_some());
        assert!(read(&format!("{row}gives = '6A80'\ntaken_for = '00'\n")).is_none());
        assert!(read(&format!("{row}gives = '6A'\n")).is_none());
        assert!(read(&format!("{row}taken_for = '0'\n")).is_none());
        assert!(read(&format!("{row}on = '6'\ngives = '6A80'\n")).is_none());
    }
}

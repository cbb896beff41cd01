//! The result of a run: what is written to a file, compared with another run, and reported.
//!
//! The format is versioned ([`Run::format`]); `suites/README.md` describes its keys.

use crate::flow::Deviation;
use crate::suite::coverage::Part;
use crate::suite::{Case, Effect, Origin, Text};
use crate::terminal::Subject as CardSubject;
use jiff::Timestamp;
use reader::channel::Channel;
use reader::security::SecurityModule;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Version of the format of results.
pub const FORMAT: u32 = 1;

/// What was found out about one case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The card did what the case asks.
    Pass,
    /// It did not.
    Fail,
    /// The case is not for this card.
    NotApplicable,
    /// Nothing can be said: the state could not be set up, or channel or security module failed.
    Inconclusive,
}

/// What a failed case shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// `steps`, or `after` where the card could not be left as it was found.
    pub phase: String,
    /// Line in the steps of the case, from 1.
    pub line: usize,
    /// What the step is for, as its comment says.
    pub step: String,
    /// The command or check, as written.
    pub source: String,
    /// The answer that was expected, as written.
    pub expected: String,
    /// The answer that came, personal data and secrets masked.
    pub got: String,
    /// What is wrong with it: `status word`, `byte 3 of the data` …
    pub detail: String,
}

impl Failure {
    /// From a deviation; `got` is the masked answer.
    pub(super) fn new(case: &Case, phase: &str, deviation: &Deviation, got: Option<String>) -> Self {
        let step = case.steps.steps().iter().rev().find(|step| step.line <= deviation.line);
        let source = step.map_or(deviation.source.as_str(), |step| &step.source);
        Self {
            phase: phase.to_owned(),
            line: deviation.line,
            step: step.map(|step| step.remark.clone()).unwrap_or_default(),
            source: source.lines().next().unwrap_or_default().to_owned(),
            expected: deviation.source.clone(),
            got: got.unwrap_or_default(),
            detail: deviation.detail.clone(),
        }
    }
}

/// The result of one case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaseResult {
    /// Identifier.
    pub id: String,
    /// Named test item.
    pub item: String,
    /// Title.
    pub title: Text,
    /// What the case is to show.
    pub purpose: Text,
    /// Clauses.
    pub clauses: Vec<String>,
    /// Where the case comes from.
    pub origin: Origin,
    /// What the case does to the card.
    pub effect: Effect,
    /// Verdict.
    pub verdict: Verdict,
    /// Why there is no verdict on the card, or what went wrong with cleaning up.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "in_one_or_two_languages"
    )]
    pub reason: Option<Text>,
    /// What a failed case shows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
    /// Commands sent.
    pub commands: u64,
    /// Time in microseconds.
    pub micros: u64,
    /// Rows of the coverage table that the case has shown, if it passed.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub covers: BTreeSet<String>,
    /// The steps of the case as written.
    pub steps: String,
    /// What went over the channel, masked; empty where nothing was sent or it was left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub transcript: Vec<String>,
}

impl CaseResult {
    pub(crate) fn new(case: &Case, verdict: Verdict, reason: Option<Text>) -> Self {
        Self {
            id: case.id.clone(),
            item: case.item.clone(),
            title: case.title.clone(),
            purpose: case.purpose.clone(),
            clauses: case.clauses.clone(),
            origin: case.origin,
            effect: case.effect,
            verdict,
            reason,
            failure: None,
            commands: 0,
            micros: 0,
            covers: BTreeSet::new(),
            steps: case.text.clone(),
            transcript: Vec::new(),
        }
    }
}

/// The card of a run, without anything that identifies its holder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    /// Profile it was held against.
    pub profile: String,
    /// Reader or file.
    pub reader: String,
    /// `contact` or `contactless`.
    pub interface: crate::suite::format::InterfaceName,
    /// Answer to reset in hexadecimal, the card's serial number masked.
    pub reset: String,
    /// Region of its keys.
    pub region: String,
    /// Security module.
    pub module: String,
}

/// A run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// Version of this format.
    pub format: u32,
    /// Version of the program with its suites.
    pub version: String,
    /// The card.
    pub subject: Subject,
    /// When it began.
    pub started: Timestamp,
    /// When it ended.
    pub finished: Timestamp,
    /// Why it ended before all cases were run.
    pub interrupted: Option<Text>,
    /// Why the card may be any card; then cases that need its PIN or keys have no verdict.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stranger: Option<Text>,
    /// Cases that were chosen.
    pub cases: usize,
    /// Passed.
    pub passed: usize,
    /// Failed.
    pub failed: usize,
    /// Not for this card.
    pub not_applicable: usize,
    /// Without a verdict.
    pub inconclusive: usize,
    /// The cases in the order of the run: all that were chosen, or those that were run before somebody stopped it.
    pub results: Vec<CaseResult>,
    /// What must be covered, and which of the cases that passed cover it; empty where the run did not end.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub coverage: Vec<Part>,
}

/// A file that is no result of a run.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// Not of this form.
    #[error("no result of a conformance run: {0}")]
    Form(#[from] serde_json::Error),
    /// Of another version.
    #[error("format {0} of conformance results is not known, only {FORMAT}")]
    Format(u32),
}

impl Run {
    pub(super) fn begin(channel: &dyn Channel, module: &dyn SecurityModule, subject: CardSubject<'_>) -> Self {
        let reset = channel.reset_answer();
        Self::of(Subject {
            profile: subject.profile.name.clone(),
            reader: channel.name().to_owned(),
            interface: reset.interface.into(),
            reset: without_serial(&reset.bytes),
            region: subject.identity.region.clone(),
            module: module.describe(),
        })
    }

    /// The beginning of a run in which only a driver is tested.
    pub fn of_driver(stand: &mut dyn crate::driver::Stand) -> Self {
        let driver = stand.driver().describe();
        let facts = stand.facts();
        let interface = match facts.slot {
            2 => card_model::card::Interface::Contactless,
            _ => card_model::card::Interface::Contact,
        };
        Self::of(Subject {
            profile: facts.profile.name.clone(),
            reader: driver,
            interface: interface.into(),
            reset: String::new(),
            region: facts.identity.region.clone(),
            module: String::new(),
        })
    }

    /// A run in which nothing has been run.
    fn of(subject: Subject) -> Self {
        let now = Timestamp::now();
        Self {
            format: FORMAT,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            subject,
            started: now,
            finished: now,
            interrupted: None,
            stranger: None,
            cases: 0,
            passed: 0,
            failed: 0,
            not_applicable: 0,
            inconclusive: 0,
            results: Vec::new(),
            coverage: Vec::new(),
        }
    }

    pub(crate) fn add(&mut self, result: CaseResult) {
        *match result.verdict {
            Verdict::Pass => &mut self.passed,
            Verdict::Fail => &mut self.failed,
            Verdict::NotApplicable => &mut self.not_applicable,
            Verdict::Inconclusive => &mut self.inconclusive,
        } += 1;
        self.results.push(result);
        self.finished = Timestamp::now();
    }

    pub(crate) fn finish(&mut self, cases: usize) {
        self.cases = cases;
        self.finished = Timestamp::now();
    }

    /// A case that needs not be run again.
    pub(crate) fn settled(&self, id: &str) -> Option<&CaseResult> {
        self.results
            .iter()
            .find(|result| result.id == id && result.verdict != Verdict::Inconclusive)
    }

    /// Whether every case that was chosen was run, and none failed or stayed without a verdict.
    pub fn is_clean(&self) -> bool {
        self.interrupted.is_none() && self.failed == 0 && self.inconclusive == 0
    }

    /// Reads a result file.
    ///
    /// # Errors
    /// Not such a file, or of another version.
    pub fn parse(text: &str) -> Result<Self, RunError> {
        let run: Self = serde_json::from_str(text)?;
        match run.format {
            FORMAT => Ok(run),
            other => Err(RunError::Format(other)),
        }
    }
}

/// What `--json` prints has the reason in the caller's language only.
fn in_one_or_two_languages<'d, D: serde::Deserializer<'d>>(source: D) -> Result<Option<Text>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Reason {
        Both(Text),
        One(String),
    }
    Ok(Option::<Reason>::deserialize(source)?.map(|reason| match reason {
        Reason::Both(text) => text,
        Reason::One(text) => Text::new(text.clone(), text),
    }))
}

/// The last four bytes number the card.
pub(crate) fn without_serial(bytes: &[u8]) -> String {
    let (shown, serial) = bytes.split_at(bytes.len().saturating_sub(4));
    format!("{}{}", hex::encode_upper(shown), "**".repeat(serial.len()))
}

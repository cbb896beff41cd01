//! What a run found.

use super::judge::{Judge, Kind};
use super::player::Shown;
use crate::suite::Text;
use serde::Serialize;
use std::collections::BTreeMap;

/// Something that the tables of the standard do not have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What kind.
    pub kind: Kind,
    /// Name of the command, or its class and instruction.
    pub name: String,
    /// Clause that lists what the command may be answered with.
    pub clause: String,
    /// Header of the command that showed it, in hexadecimal; nothing for a reset.
    pub command: String,
    /// What the tables allow: status words or lengths.
    pub expected: String,
    /// What came.
    pub got: String,
    /// How often it was seen.
    pub times: u64,
    /// Seed of the round in which it was first seen.
    pub seed: u64,
    /// Whether it showed again when the round was played again; then the transcript is the smallest that shows it.
    pub reproduced: bool,
    /// Steps of the round until it showed.
    pub steps: usize,
    /// Steps that are left of them.
    pub minimized: usize,
    /// What went over the channel, from the reset to the fault, as `ssc trace explain` reads it.
    pub transcript: Vec<String>,
    #[serde(skip)]
    mark: (Kind, String, String),
}

impl Finding {
    pub(super) fn new(judge: &Judge, seed: u64, shown: &Shown, transcript: Vec<String>) -> Self {
        let (name, clause) = judge.name(&shown.command);
        let mut finding = Self {
            kind: shown.fault.kind,
            name,
            clause,
            command: String::new(),
            expected: String::new(),
            got: String::new(),
            times: 1,
            seed,
            reproduced: false,
            steps: 0,
            minimized: 0,
            transcript: Vec::new(),
            mark: super::mark(judge, shown),
        };
        finding.show(shown, transcript);
        finding
    }

    /// What makes it the same as another one.
    pub(super) fn mark(&self) -> (Kind, String, String) {
        self.mark.clone()
    }

    pub(super) fn show(&mut self, shown: &Shown, transcript: Vec<String>) {
        let header = shown.command.get(..4).unwrap_or(&shown.command);
        self.command = hex::encode_upper(header);
        self.expected.clone_from(&shown.fault.expected);
        self.got.clone_from(&shown.fault.got);
        self.transcript = transcript;
    }
}

/// Why a run ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// All commands were sent.
    Commands,
    /// The time was over.
    Time,
    /// Somebody stopped it.
    Stopped,
    /// So much was found that more says nothing.
    Findings,
    /// The card did not come back.
    Lost(Text),
}

/// A run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Outcome {
    /// What the sequences were made from.
    pub seed: u64,
    /// Commands sent, without those that made findings smaller.
    pub commands: u64,
    /// Commands that made findings smaller.
    pub minimizing: u64,
    /// Rounds, each from a reset.
    pub rounds: u64,
    /// Commands that the limits kept back.
    pub withheld: u64,
    /// Wrong PINs and proofs that were sent.
    pub tries_spent: u64,
    /// Time in seconds.
    pub seconds: f64,
    /// Why it ended.
    pub end: End,
    /// Status words of each command, and how often they came.
    pub words: BTreeMap<String, BTreeMap<String, u64>>,
    /// What was found, in the order of finding.
    pub findings: Vec<Finding>,
}

//! Lines of the journal.

use serde::{Deserialize, Serialize};

/// Format written by this program.
pub(super) const FORMAT: u16 = 1;

/// One line: when, and what.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Line {
    /// UTC, to the second.
    pub at: String,
    #[serde(flatten)]
    pub entry: Entry,
}

/// What a line of the journal says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Entry {
    /// First line: the journal's format and the salt of its person hashes.
    Opened {
        /// Format of the lines.
        format: u16,
        /// Salt of the person hashes.
        salt: String,
    },
    /// A card is begun for a person.
    Begun {
        /// Hash of the person.
        person: String,
        /// Row of the holders file.
        row: u64,
        /// Masked name, for the clerk.
        name: String,
        /// Card number given.
        card_number: String,
        /// The 13 historical bytes of the card, in hex.
        historical: String,
    },
    /// A step is begun or finished.
    Step {
        /// Hash of the person.
        person: String,
        /// Which step.
        step: Step,
        /// Begun or finished.
        state: StepState,
    },
    /// The card is issued.
    Issued {
        /// Hash of the person.
        person: String,
        /// Card identification code, in hex.
        card_id: String,
    },
    /// The card was given up.
    Failed {
        /// Hash of the person.
        person: String,
        /// The error in English; errors carry no secret and no name.
        error: String,
    },
    /// The half-issued card was declared destroyed.
    WrittenOff {
        /// Hash of the person.
        person: String,
    },
}

/// A step of issuing one card.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Files and keys of a blank card.
    Structure,
    /// Data of the holder.
    Data,
    /// Read back, internal authentication, consistency.
    Verification,
}

impl Step {
    /// The word in the journal and in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Structure => "structure",
            Self::Data => "data",
            Self::Verification => "verification",
        }
    }
}

/// Whether a step is begun or finished.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepState {
    /// Begun: its first command may have reached the card.
    Begun,
    /// Finished.
    Finished,
}

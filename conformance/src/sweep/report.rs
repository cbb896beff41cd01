//! What a sweep found.

use super::mode::Operation;
use card_model::words::Lang;
use std::collections::BTreeMap;

/// What a rule asks of the card.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// 9000 and, for a read, exactly the contents.
    Granted,
    /// 6982 and no data.
    Refused,
    /// Some other status word, such as 6A88 for a key of another application.
    Status(u16),
}

impl std::fmt::Display for Expected {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Granted => f.write_str("9000"),
            Self::Refused => f.write_str("6982"),
            Self::Status(sw) => write!(f, "{sw:04X}"),
        }
    }
}

/// A case in which the card did not do what its access table says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    /// File, such as `DF04/EF06`, or the place of a key case.
    pub file: String,
    /// Operation.
    pub operation: Operation,
    /// Way of addressing, or the scenario.
    pub mode: String,
    /// What the terminal had proved.
    pub states: String,
    /// The rule in words of the profile.
    pub rule: String,
    /// What the rule asks.
    pub expected: Expected,
    /// The status word that came.
    pub got: u16,
    /// Whether data came that was wrong or should not have come; the data itself is not kept.
    pub wrong_data: bool,
}

impl Mismatch {
    /// One line for people.
    pub fn words(&self, lang: Lang) -> String {
        let locale = lang.locale();
        let operation = match self.operation {
            Operation::Read => rust_i18n::t!("conformance.read", locale = locale),
            Operation::Update => rust_i18n::t!("conformance.update", locale = locale),
        };
        let got = format!("{:04X}{}", self.got, if self.wrong_data { " *" } else { "" });
        rust_i18n::t!(
            "conformance.mismatch",
            locale = locale,
            file = self.file,
            operation = operation,
            mode = self.mode,
            states = self.states,
            rule = self.rule,
            expected = self.expected.to_string(),
            got = got
        )
        .into_owned()
    }
}

/// Counts of one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Cases in which the card had to obey.
    pub granted: u64,
    /// Cases in which it had to refuse.
    pub refused: u64,
    /// Cases that could not be tried because the file is empty.
    pub empty: u64,
}

/// Result of a sweep.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// Counts by file and operation, such as `DF04/EF06`.
    pub files: BTreeMap<(String, Operation), Counts>,
    /// Cases about keys: versions, identifiers of other applications.
    pub key_cases: u64,
    /// Combinations of satisfied states that were set up.
    pub combinations: u64,
    /// Commands sent.
    pub commands: u64,
    /// Everything the card did wrong.
    pub mismatches: Vec<Mismatch>,
}

impl Report {
    /// All cases tried.
    pub fn cases(&self) -> u64 {
        self.key_cases
            + self
                .files
                .values()
                .map(|counts| counts.granted + counts.refused)
                .sum::<u64>()
    }

    /// Whether nothing was wrong.
    pub fn passed(&self) -> bool {
        self.mismatches.is_empty()
    }
}

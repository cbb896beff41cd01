//! What a hunt has found.

use crate::suite::format::InterfaceName;
use card_model::card::faulty::Defect;

/// A case that has caught a defect.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Caught {
    /// The case.
    pub case: String,
    /// The interface on which it has.
    pub interface: InterfaceName,
    /// Whether one of its clauses is the rule that the defect breaks.
    pub fits: bool,
    /// What it wanted.
    pub expected: String,
    /// What the card answered.
    pub got: String,
    /// What is wrong with that.
    pub detail: String,
}

/// A defect and what has caught it.
#[derive(Debug, Clone)]
pub struct Trial {
    /// The defect.
    pub defect: &'static Defect,
    /// Cases; only the first whose clause fits unless all were asked for.
    pub caught: Vec<Caught>,
}

impl Trial {
    /// Whether a case whose clause fits has caught it.
    pub fn is_caught(&self) -> bool {
        self.caught.iter().any(|caught| caught.fits)
    }
}

/// All trials of a hunt.
#[derive(Debug, Clone)]
pub struct Report {
    /// One for each defect, in the order of the table.
    pub trials: Vec<Trial>,
    /// Cases that pass on the healthy card and have caught nothing; known only if every case ran against every defect.
    pub idle: Option<Vec<String>>,
}

impl Report {
    /// Defects that no case with a fitting clause has caught.
    pub fn uncaught(&self) -> impl Iterator<Item = &Trial> {
        self.trials.iter().filter(|trial| !trial.is_caught())
    }
}

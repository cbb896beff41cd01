//! Codes that moved money once and do so no more.

use super::payload::Code;
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;

/// A memory of used codes. All tills that take codes of one issuer share one.
pub trait SpentCodes {
    /// Why the memory could not be asked.
    type Error;

    /// Uses a code: `true` the first time, `false` ever after. Must be one step, so that of two tills with the same code one
    /// gets `false`. May forget the code after `until`, when its age alone makes it useless.
    ///
    /// # Errors
    /// The memory cannot be asked; nothing is known then, and the code must not be taken.
    fn spend(&mut self, code: &Code, until: Timestamp) -> Result<bool, Self::Error>;
}

/// The memory of a single till, as long as it runs.
#[derive(Debug, Clone, Default)]
pub struct SpentInMemory {
    /// By the moment until which it counts.
    codes: BTreeMap<Timestamp, BTreeSet<(u16, [u8; 8])>>,
}

impl SpentInMemory {
    /// Forgets codes that are useless by age, and with them the memory they take.
    pub fn forget_before(&mut self, now: Timestamp) {
        self.codes = self.codes.split_off(&now);
    }
}

impl SpentCodes for SpentInMemory {
    type Error = Infallible;

    fn spend(&mut self, code: &Code, until: Timestamp) -> Result<bool, Infallible> {
        Ok(self.codes.entry(until).or_default().insert((code.issuer, code.number)))
    }
}

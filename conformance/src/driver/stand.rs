//! The test stand: a driver, and what can be done to the card, the PSAM and the keypad around it.

use super::facts::Facts;
use super::function::Invocation;
use super::situation::Situation;
use crate::ConformanceError;
use crate::suite::Text;
use reader::hsm::StringHsm;

/// What a call gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Return code.
    pub code: i64,
    /// pOutInfo up to its NUL.
    pub out: Vec<u8>,
}

/// Why a call gave nothing that can be judged by its code and text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallFault {
    /// The library has no such function.
    Missing,
    /// It wrote outside of pOutInfo.
    Overrun,
    /// pOutInfo has no NUL within its size.
    Endless,
    /// It changed a string that it was only to read.
    Changed,
    /// It did not come back in time; the process was ended.
    Silent,
    /// It ended the process; how.
    Died(String),
}

/// A driver under test.
pub trait DriverUnderTest {
    /// Name for reports.
    fn describe(&self) -> String;

    /// Calls a function.
    ///
    /// # Errors
    /// What happened instead of an answer.
    fn call(&mut self, call: &Invocation) -> Result<Answer, CallFault>;

    /// Calls a function so many times at once, each time on a thread of its own.
    fn together(&mut self, count: usize, call: &Invocation) -> Vec<Result<Answer, CallFault>>;

    /// Gives up what waits for a next step, as a caller's program that ends does.
    fn forget(&mut self);
}

/// What somebody does at the keypad when it asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// Types these characters.
    Typed(String),
    /// Cancels.
    Cancel,
    /// Does nothing until the time is over.
    Timeout,
}

/// The setup of a tester.
pub trait Stand {
    /// The driver under test.
    fn driver(&mut self) -> &mut dyn DriverUnderTest;

    /// Puts card and PSAM into a situation, the card fresh. The inner error tells why that cannot be had here.
    ///
    /// # Errors
    /// The card of the stand could not be read or prepared.
    fn set_up(&mut self, situation: &Situation) -> Result<Result<(), Text>, ConformanceError>;

    /// What is known of the card.
    fn facts(&self) -> &Facts;

    /// Who computes for the functions `_HSM_`; none: they cannot be tested.
    fn hsm(&self) -> Option<&StringHsm>;

    /// Decides what the keypad will be told next, once for each time it asks.
    ///
    /// # Errors
    /// The keypad is not ours to operate.
    fn keypad(&mut self, entries: Vec<Entry>) -> Result<(), Text>;

    /// How many entries were not asked for, and forgets them.
    fn not_asked(&mut self) -> usize;

    /// Whether card and PSAM are closed, so that others can have them; nothing where that cannot be seen.
    fn is_closed(&mut self) -> Option<bool>;

    /// Whether the card is a copy that each case gets anew, so that nothing is lost with it.
    fn is_disposable(&self) -> bool;
}

//! Conformance of social security cards: cases derived from the card profile, run over any channel, judged by rules that
//! are written here a second time.
//!
//! [`flow`] plays transcripts with expectations. [`suite`] is the cases as data and what is derived from the profile, such as the
//! access conditions (each elementary file × operation × proofs × way of addressing), [`run`] runs them on a card and gives
//! verdicts, [`mod@report`] shows them to people. [`mutants`] runs them on cards with a defect each, and [`oracle`] judges random
//! commands of [`explore`] by the sheets. [`driver`] calls a driver of the standard reader interface, [`fuzz`] sends
//! commands to cards of which nothing is known.

pub mod driver;
pub mod explore;
pub mod flow;
pub mod fuzz;
pub mod mutants;
pub mod oracle;
pub mod report;
pub mod rule;
pub mod run;
pub mod suite;
pub mod terminal;

mod error;
mod no_keys;

pub use error::ConformanceError;
pub use no_keys::NoKeys;

rust_i18n::i18n!("../locales", fallback = "en");

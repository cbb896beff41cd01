//! Random command sequences that a clever tester would send: he knows the card's keys and PIN, does mostly what terminals do,
//! and leaves steps out, exchanges them, repeats them and spoils them.
//!
//! The sequences depend on a seed and on the card's answers only, so a run can be repeated. He judges nothing.

mod certificates;
mod files;
mod keys;
mod money;
mod perform;
mod plan;
mod random;
mod rights;
mod tester;

pub use keys::Keys;
pub use random::Random;
pub use tester::{Event, Tester};

//! The defects of faulty cards: each of them changes what a card does. And the oracle, which agrees with the healthy card.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod mutants;
mod observable;
mod oracle;
#[path = "../support/mod.rs"]
mod support;

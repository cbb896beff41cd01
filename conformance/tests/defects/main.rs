//! The defects of faulty cards: each of them changes what a card does.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod observable;
#[path = "../support/mod.rs"]
mod support;

//! Cards of any kind: generated commands for healthy and faulty ones, and what runs make of cards that are none of ours.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod cards;
mod fuzz;
mod run;
#[path = "../support/mod.rs"]
mod support;

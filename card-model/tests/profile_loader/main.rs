//! The loader of profiles: what it accepts, and that every fault is told with file, line and path and never ends in a panic.

#![allow(clippy::expect_used, clippy::panic)]

mod builtin;
mod damage;
mod faults;
mod overlays;
mod provinces;

/// The text of the profile that the tests damage.
const REAL: &str = include_str!("../../profiles/ssc-3.0.toml");

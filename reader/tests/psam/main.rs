//! A PSAM or an HSM in place of a key file: the same answers for every key, distinct errors, purchases, whole sessions, two
//! readers.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[allow(dead_code, reason = "each test file uses its part")]
#[path = "../session/bench.rs"]
mod bench;
#[cfg(all(feature = "pcsc", target_os = "linux"))]
#[allow(dead_code, reason = "each test file uses its part")]
#[path = "../common/mod.rs"]
mod common;

mod account;
mod equality;
mod errors;
mod hsm;
mod pulled;
mod purchase;
mod sessions;
mod support;
#[cfg(all(feature = "pcsc", target_os = "linux"))]
mod two_slots;
mod wire;

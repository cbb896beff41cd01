//! The standard reader interface against simulated cards: every function, with a PSAM and with an HSM, on cards of all
//! generations and both interfaces; strings compared item by item.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[allow(dead_code, reason = "each test file uses its part")]
#[path = "../session/bench.rs"]
mod bench;

mod annex;
mod basics;
mod codes;
mod debit;
mod examples;
mod files;
mod hsm;
mod pinpad;
mod pins;
mod pki;
mod strings;
mod support;
mod threads;
mod versions;

//! Every command of the PSAM, both ciphers, its lock-outs, power cuts, and any bytes.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod any_bytes;
mod delivery;
mod description;
mod files;
mod key_loading;
mod power;
mod purchase;
mod samples;
mod select;
mod support;
mod textbook;

use card_model::crypto::Algorithm;

const BOTH: [Algorithm; 2] = [Algorithm::Sm4, Algorithm::TripleDes];

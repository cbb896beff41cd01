//! A model of the Chinese social security card (社会保障卡).
//!
//! Pure: no I/O, no clock, no global state. Entropy comes in as a parameter, so every run can be repeated.

mod apdu;
mod basic;
pub mod card;
mod chip;
pub mod codes;
pub mod crypto;
mod exchange;
mod memory;
pub mod profile;
pub mod psam;
pub mod secret;
pub mod sm2;
pub mod status;
pub mod words;

pub use chip::Chip;

rust_i18n::i18n!("../locales", fallback = "en");

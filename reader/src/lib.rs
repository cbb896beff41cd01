//! The terminal's side of the Chinese social security card: channels to a card, security modules, sessions, and the
//! standard driver interface.

pub mod certificate;
pub mod channel;
pub mod check_digits;
mod code_tables;
pub mod command;
pub mod commands;
pub mod decode;
pub mod driver;
pub mod error;
pub mod hsm;
pub mod link;
pub mod pin;
pub mod reset;
mod rule;
pub mod security;
pub mod select;
pub mod session;
pub mod verify;
pub mod wellknown;

rust_i18n::i18n!("../locales", fallback = "en");

#[cfg(test)]
mod words_test;

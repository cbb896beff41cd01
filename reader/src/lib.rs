//! The terminal's side of the Chinese social security card: channels to a card, security modules, sessions.

pub mod channel;
mod code_tables;
pub mod decode;
pub mod command;
pub mod link;
pub mod reset;
pub mod security;

rust_i18n::i18n!("../locales", fallback = "en");

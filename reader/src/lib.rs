//! The terminal's side of the Chinese social security card (社会保障卡): find a card, see which generation it is, authenticate,
//! read, decode, write and verify; and the standard driver interface of hospitals and pharmacies.
//!
//! # A card in a dozen lines
//!
//! ```
//! use reader::{Explain, Lang, Pin, Terminal};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let image = folder.path().join("card");
//! # std::fs::copy("../vectors/images/issued-3.0-format-2.img", &image)?;
//! # let (reader, keys) = (format!("sim:{}", image.display()), "../vectors/images/TEST.keys");
//! // `reader`: a part of a PC/SC reader's name, or `sim:FILE`; Terminal::new() takes the only reader with a card in it.
//! let mut terminal = Terminal::at(reader)
//!     .with_keys(keys, || unreachable!("TEST keys have no passphrase"))?     // or .with_psam("SAM slot")?
//!     .with_pins(Pin::from_digits("123456")?);
//! let mut session = terminal.session()?;
//! assert_eq!(session.card().version.as_deref(), Some("3.00"));
//! assert!(session.internal_authentication()?, "a genuine card");
//! for file in session.read(&["SSSE/EF05", "SSSE/EF06", "DF04/EF06"])? {
//!     for element in &file.elements {
//!         println!("{} {}: {}", file.path, element.name(Lang::En), element.value.text(Lang::En));
//!     }
//!     if let Some(error) = &file.error {
//!         eprintln!("{}: {}", file.path, error.explain(Lang::En).what);
//!     }
//! }
//! # assert_eq!(session.read_plain("SSSE/EF06/08")?.map(|number| number.len()), Some(18));
//! # Ok(()) }
//! ```
//!
//! Paths are those of the profile (`ssc profile show 3.0`): dedicated file, file, element by its tag, and `40:2` for the second
//! record with that tag. A [`Session`](session::Session) does what a path asks for: it selects, authenticates with the key that
//! the file wants, and asks for the PIN when nothing else helps.
//!
//! # The pieces
//!
//! | Module | Is |
//! |---|---|
//! | [`channel`] | one trait for a card in a PC/SC reader, behind the virtual reader's port, in this process, or in a recorded transcript; what traces, counts and slows it |
//! | [`security`] | who computes with keys: a PSAM in a second slot, a key file, a central HSM; master keys never leave them |
//! | [`pin`] | who gives the PIN |
//! | [`session`] | an opened card: authenticate, read, write, PIN, account |
//! | [`decode`] | from bytes to typed values and back |
//! | [`mod@verify`] | whether the card is genuine and what it holds fits together |
//! | [`certificate`] | the SM2 keys and certificates of third-generation cards |
//! | [`driver`] | the standard reader interface (`iReadCardBas` …) as safe Rust; `ssc-driver` makes C functions of it |
//! | [`hsm`] | the central HSM's string protocol: client, answers, service |
//! | [`reset`], [`select`], [`commands`], [`link`] | ATR and ATS, FCI, the commands of the standard, and the exchange beneath all |
//! | [`locked_file`] | a file that belongs to one program at a time |
//!
//! Card versions and provincial extensions come from `card_model`; what of it a simple program needs is here again:
//! [`Interface`], [`Lang`], [`Explain`], [`Pin`].
//!
//! # What blocks
//!
//! Every call waits for the card, and nothing runs in the background. A command is over when the card answered: PC/SC has no
//! time-out of its own. [`PinProvider::pin`](pin::PinProvider::pin) is called between two commands and may take as long as a
//! person does; no PC/SC transaction is held meanwhile. [`channel::pcsc::wait_for_card`] waits for a card with a time-out and a
//! stop flag. The [`driver::Driver`] has time-outs for cards, PINs, steps and the HSM, and may be shared by threads; a session belongs
//! to one thread at a time.
//!
//! # Errors
//!
//! Nothing here prints, exits or panics on what a card, a file or a person gives. An error says who can act on it
//! ([`error::ReaderError::family`]: transport, card, PIN, input), keeps the card's status word
//! ([`error::ReaderError::status_word`]), and [`Explain::explain`]s itself in Chinese and English: what failed, why, and what to do
//! next. Keys and PINs are in no message and in no `Debug`.
//!
//! A card that refuses one path does not stop the others ([`session::FileReading::error`]); a broken transport does. A refused key
//! is not tried a second time, and the last try of a PIN is not spent unless [`session::Options::last_try`] says so.
//!
//! # Features
//!
//! `pcsc` (default) links the PC/SC library of the system. Without it simulated cards, transcripts and the virtual reader's port
//! are left, and nothing of the system is needed.

pub mod certificate;
pub mod channel;
pub mod check_digits;
mod code_tables;
pub mod command;
pub mod commands;
pub mod decode;
pub mod driver;
pub mod error;
pub mod explain;
pub mod hsm;
pub mod link;
pub mod locked_file;
pub mod pin;
pub mod pinpad;
pub mod reset;
mod rule;
pub mod security;
pub mod select;
pub mod session;
mod terminal;
pub mod verify;
pub mod wellknown;

pub use card_model::card::Interface;
pub use card_model::secret::Pin;
pub use card_model::words::{Explain, Lang};
pub use terminal::Terminal;

rust_i18n::i18n!("../locales", fallback = "en");

/// The program of the README compiles.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

#[cfg(test)]
mod words_test;

//! What can be wrong with a key file.

use card_model::words::{Explain, Explanation, Lang};

/// Why a key file could not be used or written. No variant carries a key value.
#[derive(Debug, thiserror::Error)]
#[error("{}", self.explain(Lang::En).what)]
#[non_exhaustive]
pub enum KeyFileError {
    /// The file could not be read or written.
    File {
        /// Path.
        file: String,
        /// Cause.
        source: std::io::Error,
    },
    /// A file of this name exists; key files are never overwritten.
    Exists {
        /// Path.
        file: String,
    },
    /// Larger than any key file.
    TooLarge {
        /// Path.
        file: String,
    },
    /// Neither text nor an encrypted key file.
    NotText {
        /// Path.
        file: String,
    },
    /// Something in the text is wrong.
    Entry {
        /// Path.
        file: String,
        /// Line, from 1.
        line: usize,
        /// Name of the key concerned.
        key: Option<String>,
        /// What is wrong.
        cause: EntryError,
    },
    /// Keys that are not marked TEST lie in a plain file.
    PlainSecrets {
        /// Path.
        file: String,
    },
    /// Keys that are not marked TEST can only be written with a passphrase.
    PassphraseNeeded {
        /// Path.
        file: String,
    },
    /// The passphrase does not open the file.
    WrongPassphrase {
        /// Path.
        file: String,
    },
    /// The encrypted file is damaged, or needs more computing work than this machine may spend.
    Encryption {
        /// Path.
        file: String,
        /// Words of the encryption library.
        message: String,
    },
    /// The operating system gives no random numbers.
    Entropy {
        /// Its words.
        message: String,
    },
}

/// What is wrong with an entry of a key file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EntryError {
    /// No TOML.
    Syntax,
    /// Another value of `format`.
    Format,
    /// A field is missing.
    Missing(&'static str),
    /// A field nobody knows.
    UnknownField(String),
    /// A field of the wrong type.
    Type {
        /// Name of the field.
        field: &'static str,
        /// What it must be.
        expected: &'static str,
    },
    /// `key` is no list of tables.
    NoTable,
    /// A name that is no key name.
    Name,
    /// An address that has not four hex digits.
    Address,
    /// A number out of range.
    Number {
        /// Name of the field.
        field: &'static str,
        /// Lowest value.
        low: u8,
        /// Highest value.
        high: u8,
    },
    /// A level nobody knows.
    Level,
    /// A cipher nobody knows.
    Algorithm,
    /// No hex digits.
    Hex(&'static str),
    /// A value of the wrong length.
    Length {
        /// Its length in bytes.
        bytes: usize,
    },
    /// The check value does not belong to the value.
    CheckValue,
    /// The same key a second time.
    Twice {
        /// Line of the first.
        line: usize,
    },
}

impl EntryError {
    fn words(&self, lang: Lang) -> String {
        let locale = lang.locale();
        let text = match self {
            Self::Syntax => rust_i18n::t!("keys.entry.syntax", locale = locale),
            Self::Format => rust_i18n::t!("keys.entry.format", locale = locale, format = super::format::FORMAT),
            Self::Missing(field) => rust_i18n::t!("keys.entry.missing", locale = locale, field = field),
            Self::UnknownField(field) => rust_i18n::t!("keys.entry.unknown_field", locale = locale, field = field),
            Self::Type { field, expected } => {
                rust_i18n::t!("keys.entry.type", locale = locale, field = field, expected = expected)
            }
            Self::NoTable => rust_i18n::t!("keys.entry.no_table", locale = locale),
            Self::Name => rust_i18n::t!("keys.entry.name", locale = locale),
            Self::Address => rust_i18n::t!("keys.entry.address", locale = locale),
            Self::Number { field, low, high } => {
                rust_i18n::t!(
                    "keys.entry.number",
                    locale = locale,
                    field = field,
                    low = low,
                    high = high
                )
            }
            Self::Level => rust_i18n::t!("keys.entry.level", locale = locale),
            Self::Algorithm => rust_i18n::t!("keys.entry.algorithm", locale = locale),
            Self::Hex(field) => rust_i18n::t!("keys.entry.hex", locale = locale, field = field),
            Self::Length { bytes } => rust_i18n::t!("keys.entry.length", locale = locale, bytes = bytes),
            Self::CheckValue => rust_i18n::t!("keys.entry.check_value", locale = locale),
            Self::Twice { line } => rust_i18n::t!("keys.entry.twice", locale = locale, line = line),
        };
        text.into_owned()
    }
}

impl Explain for KeyFileError {
    fn explain(&self, lang: Lang) -> Explanation {
        let locale = lang.locale();
        let (what, why, next) = match self {
            Self::File { file, source } => (
                rust_i18n::t!("keys.file", locale = locale, file = file),
                Some(source.to_string().into()),
                Some(rust_i18n::t!("keys.file_next", locale = locale)),
            ),
            Self::Exists { file } => (
                rust_i18n::t!("keys.exists", locale = locale, file = file),
                None,
                Some(rust_i18n::t!("keys.exists_next", locale = locale)),
            ),
            Self::TooLarge { file } => (
                rust_i18n::t!("keys.too_large", locale = locale, file = file),
                None,
                Some(rust_i18n::t!("keys.file_next", locale = locale)),
            ),
            Self::NotText { file } => (
                rust_i18n::t!("keys.not_text", locale = locale, file = file),
                None,
                Some(rust_i18n::t!("keys.file_next", locale = locale)),
            ),
            Self::Entry { file, line, key, cause } => {
                let cause = cause.words(lang);
                let what = match key {
                    Some(key) => {
                        rust_i18n::t!(
                            "keys.at_key",
                            locale = locale,
                            file = file,
                            line = line,
                            key = key,
                            cause = cause
                        )
                    }
                    None => rust_i18n::t!("keys.at_line", locale = locale, file = file, line = line, cause = cause),
                };
                (what, None, Some(rust_i18n::t!("keys.entry_next", locale = locale)))
            }
            Self::PlainSecrets { file } => (
                rust_i18n::t!("keys.plain", locale = locale, file = file),
                Some(rust_i18n::t!("keys.plain_why", locale = locale)),
                Some(rust_i18n::t!("keys.plain_next", locale = locale)),
            ),
            Self::PassphraseNeeded { file } => (
                rust_i18n::t!("keys.passphrase_needed", locale = locale, file = file),
                None,
                Some(rust_i18n::t!("keys.passphrase_needed_next", locale = locale)),
            ),
            Self::WrongPassphrase { file } => (
                rust_i18n::t!("keys.wrong_passphrase", locale = locale, file = file),
                None,
                Some(rust_i18n::t!("keys.wrong_passphrase_next", locale = locale)),
            ),
            Self::Encryption { file, message } => (
                rust_i18n::t!("keys.encryption", locale = locale, file = file),
                Some(message.clone().into()),
                Some(rust_i18n::t!("keys.file_next", locale = locale)),
            ),
            Self::Entropy { message } => (
                rust_i18n::t!("keys.entropy", locale = locale),
                Some(message.clone().into()),
                None,
            ),
        };
        Explanation {
            what: what.into_owned(),
            why: why.map(Into::into),
            next: next.map(Into::into),
        }
    }
}

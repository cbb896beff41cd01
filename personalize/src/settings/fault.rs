//! What can be wrong with a settings file, in both languages.

use crate::words::say;
use card_model::words::{Explain, Explanation, Lang};

/// Why a settings file cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{}", self.explain(Lang::En).what)]
#[non_exhaustive]
pub enum SettingsError {
    /// The file cannot be read.
    Unreadable {
        /// Its path.
        file: String,
        /// Cause.
        source: std::io::Error,
    },
    /// The file is no TOML.
    Syntax {
        /// Its path.
        file: String,
        /// Line, from 1.
        line: usize,
        /// The parser's words; they name tokens, not values.
        message: String,
    },
    /// Keys or values are not allowed.
    Refused {
        /// Its path.
        file: String,
        /// All of them, in the order of the file.
        problems: Vec<SettingsProblem>,
    },
}

/// One wrong key or value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingsProblem {
    /// Line, from 1; 0 where the problem is in a default or in two keys together.
    pub line: usize,
    /// Key.
    pub key: String,
    /// What is wrong with it. The value is not repeated: it may be the PIN.
    pub fault: SettingsFault,
}

/// What is wrong with a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SettingsFault {
    /// No such key.
    UnknownKey,
    /// Neither string nor whole number.
    Type,
    /// Not six digits.
    Region,
    /// Not 24, 8 or 2 hex digits of an institution number.
    Institution,
    /// No date.
    Date,
    /// Not 1–50.
    Years,
    /// Not a capital letter followed by up to six digits and capital letters.
    Prefix,
    /// No number, or no room for it behind the prefix.
    Sequence,
    /// Not 1, 2, 3 or 4.
    Category,
    /// Not 4–16 digits.
    Pin,
}

impl SettingsFault {
    const fn key(self) -> &'static str {
        match self {
            Self::UnknownKey => "settings.unknown_key",
            Self::Type => "settings.type",
            Self::Region => "settings.region",
            Self::Institution => "settings.institution",
            Self::Date => "settings.date",
            Self::Years => "settings.years",
            Self::Prefix => "settings.prefix",
            Self::Sequence => "settings.sequence",
            Self::Category => "settings.category",
            Self::Pin => "settings.pin",
        }
    }
}

impl SettingsProblem {
    /// The problem in one line.
    pub fn line(&self, lang: Lang) -> String {
        let reason = say(lang, self.fault.key(), &[]);
        let line = self.line.to_string();
        let key = if self.line == 0 {
            "settings.problem_default"
        } else {
            "settings.problem"
        };
        say(lang, key, &[("line", &line), ("key", &self.key), ("reason", &reason)])
    }
}

impl Explain for SettingsError {
    fn explain(&self, lang: Lang) -> Explanation {
        let next = |key: &str| Some(say(lang, key, &[]));
        match self {
            Self::Unreadable { file, source } => Explanation {
                what: say(lang, "settings.unreadable", &[("file", file)]),
                why: Some(source.to_string()),
                next: next("settings.next_path"),
            },
            Self::Syntax { file, line, message } => Explanation {
                what: say(lang, "settings.syntax", &[("file", file), ("line", &line.to_string())]),
                why: Some(message.clone()),
                next: next("settings.next_syntax"),
            },
            Self::Refused { file, problems } => Explanation {
                what: say(
                    lang,
                    "settings.refused",
                    &[("file", file), ("count", &problems.len().to_string())],
                ),
                why: Some(
                    problems
                        .iter()
                        .map(|problem| problem.line(lang))
                        .collect::<Vec<_>>()
                        .join("; "),
                ),
                next: next("settings.next_refused"),
            },
        }
    }
}

//! What can be wrong with a journal.

use crate::words::say;
use card_model::words::{Explain, Explanation, Lang};

/// Why a journal cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{}", self.explain(Lang::En).what)]
#[non_exhaustive]
pub enum JournalError {
    /// The file cannot be opened, read or written.
    Io {
        /// Its path.
        path: String,
        /// Cause.
        source: std::io::Error,
    },
    /// Another program works with it.
    Locked {
        /// Its path.
        path: String,
    },
    /// The file does not begin as a journal does.
    NoJournal {
        /// Its path.
        path: String,
    },
    /// Written by a newer program.
    Newer {
        /// Its path.
        path: String,
        /// Format of the file.
        format: u16,
        /// Newest format known here.
        known: u16,
    },
    /// A line in the middle cannot be read.
    Damaged {
        /// Its path.
        path: String,
        /// Line, from 1.
        line: usize,
        /// The parser's words.
        message: String,
    },
}

impl Explain for JournalError {
    fn explain(&self, lang: Lang) -> Explanation {
        let next = |key: &str| Some(say(lang, key, &[]));
        match self {
            Self::Io { path, source } => Explanation {
                what: say(lang, "journal.io", &[("path", path)]),
                why: Some(source.to_string()),
                next: next("journal.next_io"),
            },
            Self::Locked { path } => Explanation {
                what: say(lang, "journal.locked", &[("path", path)]),
                why: None,
                next: next("journal.next_locked"),
            },
            Self::NoJournal { path } => Explanation {
                what: say(lang, "journal.no_journal", &[("path", path)]),
                why: None,
                next: next("journal.next_no_journal"),
            },
            Self::Newer { path, format, known } => Explanation {
                what: say(
                    lang,
                    "journal.newer",
                    &[
                        ("path", path),
                        ("format", &format.to_string()),
                        ("known", &known.to_string()),
                    ],
                ),
                why: None,
                next: next("journal.next_newer"),
            },
            Self::Damaged { path, line, message } => Explanation {
                what: say(lang, "journal.damaged", &[("path", path), ("line", &line.to_string())]),
                why: Some(message.clone()),
                next: next("journal.next_damaged"),
            },
        }
    }
}

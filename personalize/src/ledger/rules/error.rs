//! What can be wrong with rules, in both languages.

use crate::words::message;
use card_model::words::{Explain, Explanation, Lang};

/// Why rules cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{}", self.explain(Lang::En).what)]
#[non_exhaustive]
pub enum RulesError {
    /// The file cannot be read.
    Unreadable {
        /// Its path.
        file: String,
        /// Cause.
        source: std::io::Error,
    },
    /// No TOML, or a name that nothing has.
    Syntax {
        /// Path of the file.
        file: String,
        /// Line, from 1.
        line: usize,
        /// The parser's words.
        message: String,
    },
    /// It does not fit together.
    Refused {
        /// Path of the file.
        file: String,
        /// All that does not fit.
        problems: Vec<String>,
    },
}

impl Explain for RulesError {
    fn explain(&self, lang: Lang) -> Explanation {
        let (key, file, line, why) = match self {
            Self::Unreadable { file, source } => ("unreadable", file, 0, source.to_string()),
            Self::Syntax { file, line, message } => ("syntax", file, *line, message.clone()),
            Self::Refused { file, problems } => ("refused", file, 0, problems.join("; ")),
        };
        Explanation {
            what: message(
                lang,
                &format!("ledger.rules.{key}"),
                &[("file", file), ("line", &line.to_string())],
            ),
            why: Some(why),
            next: Some(message(lang, "ledger.rules.next", &[])),
        }
    }
}

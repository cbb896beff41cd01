//! Failures of the command: what failed, why, what to do next, and the exit code of its class.

use card_model::words::{Explain, Explanation, Lang};
use rust_i18n::t;
use serde_json::{Value, json};
use std::io::ErrorKind;

/// Who can act on a failure; each class has its exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// The answer is no: not genuine, not as expected, not equal.
    Verdict,
    /// The call or an input file is wrong.
    Input,
    /// No reader, no card, or the contact to it broke.
    NoCard,
    /// The card refused.
    Refused,
    /// The PIN is wrong or blocked.
    Pin,
}

impl Class {
    /// Exit code of the process.
    pub const fn code(self) -> u8 {
        match self {
            Self::Verdict => 1,
            Self::Input => 2,
            Self::NoCard => 3,
            Self::Refused => 4,
            Self::Pin => 5,
        }
    }

    /// Name in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Verdict => "verdict",
            Self::Input => "input",
            Self::NoCard => "no_card",
            Self::Refused => "refused",
            Self::Pin => "pin",
        }
    }
}

/// A failure in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Its class.
    pub class: Class,
    /// What, why, next.
    pub words: Explanation,
    /// Status word of the card, if it refused.
    pub sw: Option<u16>,
}

impl Failure {
    /// A failure of a class with its words.
    pub fn new(class: Class, what: impl Into<String>) -> Self {
        Self {
            class,
            words: Explanation {
                what: what.into(),
                why: None,
                next: None,
            },
            sw: None,
        }
    }

    /// A wrong call or input file.
    pub fn input(what: impl Into<String>) -> Self {
        Self::new(Class::Input, what)
    }

    /// Adds the cause.
    pub fn because(mut self, why: impl Into<String>) -> Self {
        self.words.why = Some(why.into());
        self
    }

    /// Adds the next step.
    pub fn next(mut self, next: impl Into<String>) -> Self {
        self.words.next = Some(next.into());
        self
    }

    /// A file of this machine could not be read or written.
    pub fn file(lang: Lang, path: &std::path::Path, cause: &std::io::Error) -> Self {
        let locale = lang.locale();
        let next = match cause.kind() {
            ErrorKind::AlreadyExists => t!("ssc.failure.file_there_next", locale = locale),
            _ => t!("ssc.failure.file_next", locale = locale),
        };
        Self::input(t!("ssc.failure.file", locale = locale, path = path.display()))
            .because(cause.to_string())
            .next(next)
    }

    /// An error of a library in words.
    pub fn explained(class: Class, error: &impl Explain, lang: Lang) -> Self {
        Self {
            class,
            words: error.explain(lang),
            sw: None,
        }
    }

    /// The lines for stderr.
    pub fn lines(&self, lang: Lang) -> String {
        let locale = lang.locale();
        let mut text = t!("ssc.failure.line", locale = locale, what = self.words.what).into_owned();
        if let Some(why) = &self.words.why {
            text.push('\n');
            text.push_str(&t!("ssc.failure.why", locale = locale, why = why));
        }
        if let Some(next) = &self.words.next {
            text.push('\n');
            text.push_str(&t!("ssc.failure.next", locale = locale, next = next));
        }
        text
    }

    /// The value of `error` in JSON.
    pub fn json(&self) -> Value {
        let mut error = json!({
            "code": self.class.code(),
            "class": self.class.name(),
            "what": self.words.what,
            "why": self.words.why,
            "next": self.words.next,
        });
        if let Some(sw) = self.sw {
            error["sw"] = json!(format!("{sw:04X}"));
        }
        error
    }
}

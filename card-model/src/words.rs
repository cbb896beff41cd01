//! Words for people, in Chinese and English, from the one table in `locales/`.

/// Language of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Lang {
    /// 中文.
    Zh,
    /// English.
    En,
}

impl Lang {
    /// Name of the language in the table.
    pub const fn locale(self) -> &'static str {
        match self {
            Self::Zh => "zh",
            Self::En => "en",
        }
    }

    /// The one of two texts that is in this language.
    pub const fn pick<'a>(self, zh: &'a str, en: &'a str) -> &'a str {
        match self {
            Self::Zh => zh,
            Self::En => en,
        }
    }
}

/// What went wrong, why, and what to do next: one line each, without a final full stop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// What failed.
    pub what: String,
    /// The cause, where it is known: status word and rule, line and column, the program that holds the card.
    pub why: Option<String>,
    /// The next step for the person at the machine.
    pub next: Option<String>,
}

/// An error that can be said to a person in both languages.
pub trait Explain {
    /// The error in words.
    fn explain(&self, lang: Lang) -> Explanation;
}

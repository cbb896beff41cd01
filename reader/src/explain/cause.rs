//! Why the card answered so, as far as the profile and the log tell it; and what the command changed.

use super::kind::Kind;
use crate::rule::Rule;
use card_model::words::Lang;
use rust_i18n::t;

/// What stands behind a status word.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cause {
    /// The access rule of the file, and what of it the log does not show.
    Rule(Rule),
    /// Granted although the log does not show how the rule was met: it begins later, or was masked.
    Earlier(Rule),
    /// The command needs a proof first: names of keys, `PIN`.
    Proof {
        /// Command.
        command: Kind,
        /// What.
        needs: Vec<String>,
    },
    /// No challenge was drawn in this application since it was selected, or it is used up (STD-P5 6.5).
    NoChallenge,
    /// No key with this identifier in the profile of this directory.
    NoSuchKey {
        /// Identifier.
        id: u8,
        /// Directory, such as `DF01`.
        directory: String,
    },
    /// What was selected is not here; the profile knows it elsewhere.
    Elsewhere {
        /// Paths.
        paths: Vec<String>,
    },
    /// The profile has no such file at all.
    NoSuchFile,
    /// The profile has no such element in the file.
    NoSuchElement {
        /// Tag.
        tag: u8,
        /// File.
        path: String,
    },
    /// The command is valid only right after another (STD-P5 table 49).
    OutOfTurn {
        /// The other.
        after: Kind,
    },
}

impl Cause {
    /// Name in JSON.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Rule(_) => "rule",
            Self::Earlier(_) => "earlier",
            Self::Proof { .. } => "proof",
            Self::NoChallenge => "no_challenge",
            Self::NoSuchKey { .. } => "no_such_key",
            Self::Elsewhere { .. } => "elsewhere",
            Self::NoSuchFile => "no_such_file",
            Self::NoSuchElement { .. } => "no_such_element",
            Self::OutOfTurn { .. } => "out_of_turn",
        }
    }

    /// In words.
    pub fn words(&self, lang: Lang) -> String {
        let locale = lang.locale();
        let list = |words: &[String]| words.join(lang.pick("、", ", "));
        match self {
            Self::Rule(rule) => return rule.words(lang),
            Self::Earlier(rule) => t!(
                "explain.cause.earlier",
                locale = locale,
                path = rule.path,
                condition = rule.condition
            ),
            Self::Proof { command, needs } => t!(
                "explain.cause.proof",
                locale = locale,
                command = command.text(lang),
                needs = needs.join(lang.pick(" 或 ", " or "))
            ),
            Self::NoChallenge => t!("explain.cause.no_challenge", locale = locale),
            Self::NoSuchKey { id, directory } => t!(
                "explain.cause.no_such_key",
                locale = locale,
                id = format!("{id:02X}"),
                directory = directory
            ),
            Self::Elsewhere { paths } => t!("explain.cause.elsewhere", locale = locale, paths = list(paths)),
            Self::NoSuchFile => t!("explain.cause.no_such_file", locale = locale),
            Self::NoSuchElement { tag, path } => t!(
                "explain.cause.no_such_element",
                locale = locale,
                tag = format!("{tag:02X}"),
                path = path
            ),
            Self::OutOfTurn { after } => t!("explain.cause.out_of_turn", locale = locale, after = after.text(lang)),
        }
        .into_owned()
    }

    /// What a person does, where the cause tells it better than the status word.
    pub fn next_step(&self, lang: Lang) -> Option<String> {
        match self {
            Self::Rule(rule) => Some(rule.next_step(lang)),
            _ => None,
        }
    }
}

/// What a command changed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Effect {
    /// The PIN is proved until the card is reset.
    PinProved,
    /// The card has no PIN.
    NoPin,
    /// A key, or a PIN of the certificate application, is proved until another directory is selected.
    Proved(String),
    /// Selecting another directory dropped what these keys had opened.
    Lost(Vec<String>),
    /// The last try was spent.
    Locked,
}

impl Effect {
    /// In words.
    pub fn words(&self, lang: Lang) -> String {
        let locale = lang.locale();
        match self {
            Self::PinProved => t!("explain.effect.pin", locale = locale),
            Self::NoPin => t!("explain.effect.no_pin", locale = locale),
            Self::Proved(name) => t!("explain.effect.proved", locale = locale, name = name),
            Self::Lost(names) => t!(
                "explain.effect.lost",
                locale = locale,
                names = names.join(lang.pick("、", ", "))
            ),
            Self::Locked => t!("explain.effect.locked", locale = locale),
        }
        .into_owned()
    }
}

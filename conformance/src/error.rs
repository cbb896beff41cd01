//! Why a suite could not be run to its end. A card that behaves wrongly is no error here but a finding.

use card_model::status::StatusWord;
use card_model::words::{Explain, Explanation, Lang};
use reader::channel::TransportError;
use reader::security::SecurityModuleError;

/// Why a suite ended early.
#[derive(Debug, thiserror::Error)]
#[error("{}", self.explain(Lang::En).what)]
#[non_exhaustive]
pub enum ConformanceError {
    /// The channel failed.
    Transport(#[from] TransportError),
    /// The security module failed.
    Security(#[from] SecurityModuleError),
    /// A state that the cases need could not be set up.
    Setup {
        /// What was tried, such as `UK1DF01 in DF01`.
        step: String,
        /// The card's answer.
        sw: StatusWord,
    },
    /// The card answered something else than it did before, or than it must.
    Answer {
        /// What was tried.
        step: String,
        /// What was expected: bytes in hexadecimal, or how many.
        expected: String,
        /// What the card answered, in hexadecimal.
        got: String,
    },
    /// The card's proof of its issuer is not that of the keys at hand.
    OtherKeys,
    /// The profile names a key that it does not define.
    UnknownKey {
        /// Its name.
        name: String,
    },
    /// A case refers to something that the profile does not have or that is not known of this card.
    UnknownReference {
        /// What.
        name: String,
    },
    /// A condition of a case does not hold on this card.
    Unmet {
        /// The condition as written.
        condition: String,
        /// What it is for.
        remark: String,
    },
    /// A value cannot be made of what the card answered.
    NoValue {
        /// Why.
        what: String,
    },
    /// A command that is not sent to a card that may be any card.
    Withheld {
        /// Its header in hexadecimal.
        command: String,
    },
    /// A suite file that cannot be read.
    Suite {
        /// File or case.
        file: String,
        /// What is wrong with it.
        fault: String,
    },
    /// A transcript line that cannot be read.
    Transcript {
        /// Line, from 1.
        line: usize,
        /// What is wrong with it.
        fault: String,
    },
}

impl Explain for ConformanceError {
    fn explain(&self, lang: Lang) -> Explanation {
        let locale = lang.locale();
        let (what, next) = match self {
            Self::Transport(error) => return error.explain(lang),
            Self::Security(error) => return error.explain(lang),
            Self::Setup { step, sw } => (
                rust_i18n::t!("conformance.setup", locale = locale, step = step, sw = sw.to_string()),
                Some(rust_i18n::t!("conformance.setup_next", locale = locale)),
            ),
            Self::Answer { step, expected, got } => (
                rust_i18n::t!(
                    "conformance.answer",
                    locale = locale,
                    step = step,
                    expected = expected,
                    got = got
                ),
                None,
            ),
            Self::UnknownKey { name } => (
                rust_i18n::t!("conformance.unknown_key", locale = locale, name = name),
                None,
            ),
            Self::OtherKeys => (
                rust_i18n::t!("conformance.other_keys", locale = locale),
                Some(rust_i18n::t!("conformance.other_keys_next", locale = locale)),
            ),
            Self::UnknownReference { name } => (
                rust_i18n::t!("conformance.unknown_reference", locale = locale, name = name),
                None,
            ),
            Self::Withheld { command } => (
                rust_i18n::t!("fuzz.withheld_command", locale = locale, command = command),
                None,
            ),
            Self::Suite { file, fault } => (
                rust_i18n::t!("conformance.suite", locale = locale, file = file, fault = fault),
                None,
            ),
            Self::Unmet { condition, remark } => (
                rust_i18n::t!(
                    "conformance.unmet",
                    locale = locale,
                    condition = condition,
                    remark = remark
                ),
                None,
            ),
            Self::NoValue { what } => (
                rust_i18n::t!("conformance.no_value", locale = locale, what = what),
                None,
            ),
            Self::Transcript { line, fault } => (
                rust_i18n::t!("conformance.transcript", locale = locale, line = line, fault = fault),
                None,
            ),
        };
        Explanation {
            what: what.into_owned(),
            why: None,
            next: next.map(std::borrow::Cow::into_owned),
        }
    }
}

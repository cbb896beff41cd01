//! Why a function of the interface failed: its return code, and what is written into pOutInfo.

use super::code::ReturnCode;
use crate::channel::TransportError;
use crate::decode::EncodeError;
use crate::error::ReaderError;
use crate::security::SecurityModuleError;
use card_model::crypto::AlgorithmError;
use card_model::status::StatusWord;
use card_model::words::{Explain, Explanation, Lang};

/// A failed call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Return code.
    pub code: ReturnCode,
    /// Tries left of a PIN.
    pub tries_left: Option<u8>,
    /// What exactly, in Chinese and English.
    detail: Option<(String, String)>,
    /// Whether the detail stands in the place of the code's words, which mean something else here.
    instead: bool,
}

impl Failure {
    /// A code that needs no more words than its own.
    pub const fn new(code: ReturnCode) -> Self {
        Self {
            code,
            tries_left: None,
            detail: None,
            instead: false,
        }
    }

    /// A code with what exactly is meant, Chinese and English.
    pub fn because(code: ReturnCode, zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self {
            detail: Some((zh.into(), en.into())),
            ..Self::new(code)
        }
    }

    /// The same words under another code.
    #[must_use]
    pub fn with_code(self, code: ReturnCode) -> Self {
        Self { code, ..self }
    }

    /// A code with the words of an error.
    pub fn of(code: ReturnCode, error: &impl Explain) -> Self {
        let words = |lang| {
            let Explanation { what, why, next } = error.explain(lang);
            let parts: Vec<String> = [Some(what), why, next].into_iter().flatten().collect();
            parts.join(lang.pick("；", "; "))
        };
        Self::because(code, words(Lang::Zh), words(Lang::En))
    }

    /// A code whose own words mean something else, with the words of an error in their place.
    pub fn instead(code: ReturnCode, error: &impl Explain) -> Self {
        Self {
            instead: true,
            ..Self::of(code, error)
        }
    }

    /// What is written into pOutInfo: the words of the code, and what exactly, in one line without separators of the
    /// interface.
    pub fn text(&self, lang: Lang) -> String {
        let mut text = if self.instead {
            String::new()
        } else {
            self.code.text(lang)
        };
        if let Some(tries) = self.tries_left.filter(|_| !self.instead) {
            text += &match lang {
                Lang::Zh => format!("，剩余{tries}次"),
                Lang::En => format!(", {tries} tries left"),
            };
        }
        if let Some((zh, en)) = &self.detail {
            if !self.instead {
                text += lang.pick("：", ": ");
            }
            text += lang.pick(zh, en);
        }
        let plain = |c: char| match c {
            '|' | '$' | '^' => ' ',
            c if c.is_control() => ' ',
            c => c,
        };
        text.chars().map(plain).collect()
    }
}

impl core::fmt::Display for Failure {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{} {}", self.code, self.text(Lang::En))
    }
}

impl core::error::Error for Failure {}

impl From<TransportError> for Failure {
    fn from(error: TransportError) -> Self {
        Self::of(transport_code(&error), &error)
    }
}

fn transport_code(error: &TransportError) -> ReturnCode {
    match error {
        TransportError::NoCard { .. }
        | TransportError::CardRemoved { .. }
        | TransportError::FileMissing { .. }
        | TransportError::Cancelled => ReturnCode::NO_CARD,
        TransportError::ResetByOther { .. } => ReturnCode::NOT_POWERED,
        TransportError::Mute { .. } | TransportError::AnswerTooShort { .. } | TransportError::Timeout { .. } => {
            ReturnCode::NO_ANSWER
        }
        TransportError::NotBuilt => ReturnCode::NO_LIBRARY,
        TransportError::Endless { .. } | TransportError::Protocol { .. } | TransportError::Image { .. } => {
            ReturnCode::CHECKSUM
        }
        _ => ReturnCode::READER,
    }
}

impl From<SecurityModuleError> for Failure {
    fn from(error: SecurityModuleError) -> Self {
        Self::of(module_code(&error), &error)
    }
}

/// A key that is not there is 6A88; that RKSSSE has a code of its own is known where it is asked for.
pub(super) fn module_code(error: &SecurityModuleError) -> ReturnCode {
    match error {
        SecurityModuleError::KeyMissing { .. } => ReturnCode::KEY_NOT_FOUND,
        other => other.driver_code().map_or(ReturnCode::NO_PSAM, ReturnCode),
    }
}

/// What a value of pWriteData is refused for.
pub(super) fn value_code(cause: &EncodeError) -> ReturnCode {
    match cause {
        EncodeError::TooLong { .. } | EncodeError::DigitCount { .. } => ReturnCode::DATA_LENGTH,
        EncodeError::FieldCount { .. } => ReturnCode::ILLEGAL_INPUT,
        EncodeError::Inner { cause, .. } => value_code(cause),
        _ => ReturnCode::ILLEGAL_CHARACTER,
    }
}

impl From<ReaderError> for Failure {
    fn from(error: ReaderError) -> Self {
        match error {
            ReaderError::Transport(error) => error.into(),
            ReaderError::SecurityModule(error) => error.into(),
            ReaderError::PinWrong { tries_left } => Self {
                tries_left: Some(tries_left),
                ..Self::new(ReturnCode::PIN_WRONG)
            },
            // What broke it off decides what the caller does; the words tell that the end is not known.
            ReaderError::Uncertain { ref cause, .. } => {
                let code = match &**cause {
                    ReaderError::SecurityModule(error) => module_code(error),
                    ReaderError::Transport(error) => transport_code(error),
                    other => code_of(other),
                };
                Self::of(code, &error)
            }
            other => Self::of(code_of(&other), &other),
        }
    }
}

fn code_of(error: &ReaderError) -> ReturnCode {
    match error {
        ReaderError::CardBlocked => ReturnCode::status(StatusWord::FUNCTION_NOT_SUPPORTED),
        ReaderError::NotSocialSecurityCard { sw } => match *sw {
            StatusWord::FUNCTION_NOT_SUPPORTED => ReturnCode::status(*sw),
            _ => ReturnCode::WRONG_CARD,
        },
        ReaderError::Refused { sw, .. } | ReaderError::KeyRefused { sw, .. } => ReturnCode::status(*sw),
        ReaderError::KeyLocked { .. } | ReaderError::KeyRefusedBefore { .. } => {
            ReturnCode::status(StatusWord::AUTHENTICATION_BLOCKED)
        }
        ReaderError::NotAllowed { .. } => ReturnCode::NOT_ALLOWED,
        ReaderError::PinBlocked | ReaderError::PinLastTry => ReturnCode::PIN_BLOCKED,
        ReaderError::NoIdentity => ReturnCode::CARD_ID,
        ReaderError::Algorithm(AlgorithmError::Ssf33) => ReturnCode::PSAM_ALGORITHM,
        ReaderError::Algorithm(_) | ReaderError::Profile(_) => ReturnCode::WRONG_CARD,
        ReaderError::OtherCard => ReturnCode::OTHER_CARD,
        ReaderError::FalseMac => ReturnCode::MAC_INVALID,
        ReaderError::NoAccount => ReturnCode::NOT_SUPPORTED,
        ReaderError::Answer { .. } => ReturnCode::CHECKSUM,
        ReaderError::ReadBack { .. } => ReturnCode::status(StatusWord::MEMORY_FAILURE),
        ReaderError::Value { cause, .. } => value_code(cause),
        ReaderError::NoSecurityModule { .. } | ReaderError::KeyFile(_) => ReturnCode::NO_PSAM,
        ReaderError::NoSuchKey { .. } => ReturnCode::KEY_NOT_FOUND,
        _ => ReturnCode::ILLEGAL_INPUT,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stay_in_one_field() {
        let failure = Failure::because(ReturnCode::NO_PSAM, "读写器 A|B$C^\n", "reader A|B$C^\n");
        assert_eq!(failure.text(Lang::Zh), "无PSAM卡：读写器 A B C  ");
        let wrong = Failure::from(ReaderError::PinWrong { tries_left: 2 });
        assert_eq!(wrong.text(Lang::Zh), "PIN校验失败，剩余2次");
        assert_eq!(wrong.code, ReturnCode::PIN_WRONG);
    }

    #[test]
    fn transport_codes() {
        let reader = || "reader".to_owned();
        let cases = [
            (TransportError::NoCard { reader: reader() }, -2),
            (TransportError::ResetByOther { reader: reader() }, -3),
            (TransportError::Mute { reader: reader() }, -4),
            (TransportError::NotBuilt, -5),
            (TransportError::NoReader, -11),
            (TransportError::ServiceDown, -11),
            (TransportError::HeldByOther { reader: reader() }, -11),
            (TransportError::Endless { rounds: 64 }, -15),
        ];
        for (error, code) in cases {
            assert_eq!(Failure::from(error).code.0, code);
        }
    }
}

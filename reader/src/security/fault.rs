//! Why a security module could not answer.

use crate::channel::TransportError;
use card_model::crypto::Algorithm;
use card_model::status::StatusWord;
use card_model::words::{Explain, Explanation, Lang};
use rust_i18n::t;

/// Why a security module could not answer. The card is not involved.
#[derive(Debug, thiserror::Error)]
#[error("{}", self.explain(Lang::En).what)]
#[non_exhaustive]
pub enum SecurityModuleError {
    /// The module does not hold this key in this version for this algorithm (of a PSAM: −2203 of the driver interface).
    KeyMissing {
        /// Key name.
        name: String,
        /// Key version.
        version: u8,
        /// Cipher.
        algorithm: Algorithm,
        /// The module's own description.
        module: String,
    },
    /// The module itself failed.
    Module {
        /// The module's own description.
        module: String,
        /// Its words.
        message: String,
    },
    /// What answers in the slot is no PSAM of this standard (−2201).
    NoPsam {
        /// Reader or file.
        module: String,
    },
    /// No answer came from the PSAM (−2201 where there is none).
    Transport {
        /// Reader or file.
        module: String,
        /// Cause.
        source: Box<TransportError>,
    },
    /// The PSAM has no environment for the cipher of the card (−2202).
    AlgorithmMissing {
        /// Cipher.
        algorithm: Algorithm,
        /// Reader or file.
        module: String,
    },
    /// The PSAM holds the key below the level that this card needs: it belongs to another province or city (−24).
    LevelTooLow {
        /// Key name.
        name: String,
        /// Usage byte of the key in the PSAM.
        usage: u8,
        /// Region of the PSAM, six digits.
        psam: String,
        /// Region of the card, six digits.
        card: String,
        /// Reader or file.
        module: String,
    },
    /// The PSAM refused a command.
    Refused {
        /// Name of the command.
        command: &'static str,
        /// Its status word.
        sw: StatusWord,
        /// Reader or file.
        module: String,
    },
}

impl SecurityModuleError {
    /// The number of the standard driver interface for it (`spec/terminal.md` §1.6): the numbers that send a caller to the
    /// central HSM, or the negative status word.
    pub fn driver_code(&self) -> Option<i32> {
        match self {
            Self::NoPsam { .. } | Self::Transport { .. } => Some(-2201),
            Self::AlgorithmMissing { .. } => Some(-2202),
            Self::KeyMissing { .. } => Some(-2203),
            Self::LevelTooLow { .. } => Some(-24),
            Self::Refused { sw, .. } => Some(-i32::from(sw.0)),
            Self::Module { .. } => None,
        }
    }
}

impl Explain for SecurityModuleError {
    fn explain(&self, lang: Lang) -> Explanation {
        let locale = lang.locale();
        let (what, why, next) = match self {
            Self::KeyMissing {
                name,
                version,
                algorithm,
                module,
            } => (
                t!(
                    "keys.missing",
                    locale = locale,
                    name = name,
                    version = version,
                    algorithm = algorithm.name(),
                    module = module
                ),
                None,
                Some(t!("keys.missing_next", locale = locale)),
            ),
            Self::Module { module, message } => (
                t!("keys.module", locale = locale, module = module),
                Some(message.clone()),
                None,
            ),
            Self::NoPsam { module } => (
                t!("psam.none", locale = locale, module = module),
                None,
                Some(t!("psam.none_next", locale = locale)),
            ),
            Self::Transport { module, source } => {
                let cause = source.explain(lang);
                return Explanation {
                    what: t!("psam.transport", locale = locale, module = module).into_owned(),
                    why: Some(cause.what),
                    next: cause.next,
                };
            }
            Self::AlgorithmMissing { algorithm, module } => (
                t!(
                    "psam.no_algorithm",
                    locale = locale,
                    module = module,
                    algorithm = algorithm.name()
                ),
                None,
                Some(t!("psam.no_algorithm_next", locale = locale)),
            ),
            Self::LevelTooLow {
                name,
                usage,
                psam,
                card,
                module,
            } => (
                t!("psam.level", locale = locale, module = module, name = name),
                Some(
                    t!(
                        "psam.level_why",
                        locale = locale,
                        usage = format!("{usage:02X}"),
                        psam = psam,
                        card = card
                    )
                    .into_owned(),
                ),
                Some(t!("psam.level_next", locale = locale)),
            ),
            Self::Refused { command, sw, module } => (
                t!(
                    "psam.refused",
                    locale = locale,
                    module = module,
                    command = command,
                    sw = format!("{:04X}", sw.0)
                ),
                Some(sw.meaning(lang)),
                None,
            ),
        };
        Explanation {
            what: what.into_owned(),
            why,
            next: next.map(std::borrow::Cow::into_owned),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers of `spec/terminal.md` §1.6; each error says its part in both languages.
    #[test]
    fn distinct_errors() {
        let module = || "SAM slot".to_owned();
        let errors = [
            (SecurityModuleError::NoPsam { module: module() }, Some(-2201)),
            (
                SecurityModuleError::Transport {
                    module: module(),
                    source: Box::new(TransportError::NoReader),
                },
                Some(-2201),
            ),
            (
                SecurityModuleError::AlgorithmMissing {
                    algorithm: Algorithm::Sm4,
                    module: module(),
                },
                Some(-2202),
            ),
            (
                SecurityModuleError::KeyMissing {
                    name: "RKSSSE".into(),
                    version: 1,
                    algorithm: Algorithm::Sm4,
                    module: module(),
                },
                Some(-2203),
            ),
            (
                SecurityModuleError::LevelTooLow {
                    name: "UK1DF01".into(),
                    usage: 0x27,
                    psam: "990100".into(),
                    card: "990200".into(),
                    module: module(),
                },
                Some(-24),
            ),
            (
                SecurityModuleError::Refused {
                    command: "CIPHER DATA",
                    sw: StatusWord::REFERENCE_NOT_FOUND,
                    module: module(),
                },
                Some(-27272),
            ),
            (
                SecurityModuleError::Module {
                    module: module(),
                    message: "x".into(),
                },
                None,
            ),
        ];
        for (error, code) in errors {
            assert_eq!(error.driver_code(), code);
            let (en, zh) = (error.explain(Lang::En), error.explain(Lang::Zh));
            assert!(en.what.contains("SAM slot") && zh.what.contains("SAM slot"), "{en:?}");
            assert_ne!(en.what, zh.what);
            assert!(!en.what.contains("psam."), "no words for {en:?}");
        }
    }
}

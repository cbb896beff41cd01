//! Why something could not be done with the certificate application, or with what lies around it.

use crate::channel::TransportError;
use crate::command::{Command, CommandError};
use crate::security::SecurityModuleError;
use card_model::profile::{KeyPair, PinRole};
use card_model::sm2::Sm2Error;
use card_model::status::StatusWord;
use card_model::words::{Explain, Explanation, Lang};
use rust_i18n::t;

/// What bytes from outside are not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.words(Lang::En))]
#[non_exhaustive]
pub enum FormatError {
    /// No certificate, request or list in DER or PEM.
    Der {
        /// `certificate`, `request`, `crl`, `key`, `name`, `envelope`: what was expected.
        what: &'static str,
        /// The parser's words.
        detail: String,
    },
    /// The signature algorithm or the public key is not SM2.
    NotSm2,
    /// An enveloped key blob of another length, version or algorithm.
    Blob,
    /// Not an SM2 key, signature or cipher text.
    Sm2(#[from] Sm2Error),
}

impl FormatError {
    /// The error in words.
    pub fn words(&self, lang: Lang) -> String {
        let locale = lang.locale();
        match self {
            Self::Der { what, detail } => {
                let what = match *what {
                    "certificate" => t!("pki.what.certificate", locale = locale),
                    "request" => t!("pki.what.request", locale = locale),
                    "crl" => t!("pki.what.crl", locale = locale),
                    "name" => t!("pki.what.name", locale = locale),
                    "envelope" => t!("pki.what.envelope", locale = locale),
                    _ => t!("pki.what.key", locale = locale),
                };
                t!("pki.format.der", locale = locale, what = what, detail = detail).into_owned()
            }
            Self::NotSm2 => t!("pki.format.not_sm2", locale = locale).into_owned(),
            Self::Blob => t!("pki.format.blob", locale = locale).into_owned(),
            Self::Sm2(error) => sm2_words(*error, lang),
        }
    }
}

impl Explain for FormatError {
    fn explain(&self, lang: Lang) -> Explanation {
        Explanation {
            what: self.words(lang),
            why: None,
            next: None,
        }
    }
}

/// An SM2 error in words.
pub(crate) fn sm2_words(error: Sm2Error, lang: Lang) -> String {
    let locale = lang.locale();
    match error {
        Sm2Error::Point => t!("pki.sm2.point", locale = locale),
        Sm2Error::PrivateKey => t!("pki.sm2.private_key", locale = locale),
        Sm2Error::Signature => t!("pki.sm2.signature", locale = locale),
        Sm2Error::CipherText => t!("pki.sm2.cipher_text", locale = locale),
        Sm2Error::Empty => t!("pki.sm2.empty", locale = locale),
        _ => t!("pki.sm2.entropy", locale = locale),
    }
    .into_owned()
}

/// Why something could not be done with the certificate application of a card.
#[derive(Debug, thiserror::Error)]
#[error("{}", self.explain(Lang::En).what)]
#[non_exhaustive]
pub enum CertificateError {
    /// No answer came from the card.
    Transport(#[from] TransportError),
    /// A command could not be built: more data than one command takes.
    Command(#[from] CommandError),
    /// Cards of this version have no certificate application.
    NotInProfile {
        /// Name of the profile.
        profile: String,
    },
    /// The card has no certificate application.
    NoApplication {
        /// Status word of SELECT.
        sw: StatusWord,
    },
    /// The card refused a command.
    Refused {
        /// Name of the command with its header in hex.
        command: String,
        /// Status word.
        sw: StatusWord,
    },
    /// The card's answer does not have the form that its writers know.
    Answer {
        /// Name of the command with its header in hex.
        command: String,
    },
    /// Wrong PIN.
    PinWrong {
        /// Whose.
        role: PinRole,
        /// Tries left.
        tries_left: u8,
    },
    /// PIN blocked.
    PinBlocked {
        /// Whose.
        role: PinRole,
    },
    /// One try is left, and nobody said it may be spent.
    PinLastTry {
        /// Whose.
        role: PinRole,
    },
    /// The command needs PINs that were not verified.
    PinNeeded {
        /// Whose, in the order of the rule.
        roles: Vec<PinRole>,
    },
    /// The security module could not compute.
    Module(#[from] SecurityModuleError),
    /// The master key that was presented is not that of the file.
    MasterKey {
        /// Id of the file in the profile.
        file: String,
        /// Tries left.
        tries_left: u8,
    },
    /// The card holds no key of this pair.
    NoKey {
        /// Which pair.
        pair: KeyPair,
    },
    /// The card holds no certificate of this pair.
    NoCertificate {
        /// Which pair.
        pair: KeyPair,
    },
    /// A certificate that does not fit its file.
    TooLong {
        /// Bytes of the certificate.
        length: usize,
        /// Bytes of the file.
        room: usize,
    },
    /// The certificate is for another key than the card's.
    OtherKey {
        /// Which pair.
        pair: KeyPair,
    },
    /// Something from outside is malformed.
    Format(#[from] FormatError),
    /// What was read back is not what was written.
    ReadBack {
        /// Which pair's certificate.
        pair: KeyPair,
    },
    /// The card signed, but the signature is not right.
    BadSignature,
}

impl CertificateError {
    /// Status word of the card, where one is the reason.
    pub fn status_word(&self) -> Option<StatusWord> {
        match self {
            Self::NoApplication { sw } | Self::Refused { sw, .. } => Some(*sw),
            Self::PinWrong { tries_left, .. } => Some(StatusWord::wrong_tries_left(*tries_left)),
            Self::PinBlocked { .. } | Self::MasterKey { tries_left: 0, .. } => Some(StatusWord::AUTHENTICATION_BLOCKED),
            Self::MasterKey { tries_left, .. } => Some(StatusWord::wrong_tries_left(*tries_left)),
            Self::PinNeeded { .. } => Some(StatusWord::SECURITY_NOT_SATISFIED),
            _ => None,
        }
    }

    /// Whether a PIN is the reason: wrong, blocked, about to be, or missing.
    pub fn is_about_pin(&self) -> bool {
        matches!(
            self,
            Self::PinWrong { .. } | Self::PinBlocked { .. } | Self::PinLastTry { .. }
        )
    }
}

/// Name and header of a command for messages; never its data.
pub(super) fn title(command: &Command) -> String {
    let name = match (command.cla(), command.ins()) {
        (0x80, 0x40) => "GENERATE KEY PAIR",
        (0x80, 0x48) => "SIGN",
        (0x80, 0x4A) => "LOAD IMPORT KEY",
        (0x80, 0x4C) => "VERIFY SIGNATURE",
        (0x80, 0x4E) => "DECRYPT",
        (0x80, 0x50) => "ENCRYPT",
        (0x80, 0xC2) => "IMPORT KEY",
        (0x80, 0xC4) => "HASH",
        (0x80, 0xC9) => "EXPORT PUBLIC KEY",
        (0x84, 0x5E) => "CHANGE PIN",
        (0x84, 0xD4) => "REPLACE KEY",
        (_, ins) => crate::commands::name(ins),
    };
    format!("{name} ({})", hex::encode_upper(command.header()))
}

/// Whose PIN, in words.
pub fn role_words(role: PinRole, lang: Lang) -> String {
    let locale = lang.locale();
    match role {
        PinRole::User => t!("pki.role.user", locale = locale),
        PinRole::Administrator => t!("pki.role.administrator", locale = locale),
    }
    .into_owned()
}

/// Which pair, in words.
pub(super) fn pair_words(pair: KeyPair, lang: Lang) -> String {
    let locale = lang.locale();
    match pair {
        KeyPair::Signing => t!("pki.pair.signing", locale = locale),
        KeyPair::Encryption => t!("pki.pair.encryption", locale = locale),
    }
    .into_owned()
}

impl Explain for CertificateError {
    fn explain(&self, lang: Lang) -> Explanation {
        let locale = lang.locale();
        let status = |sw: &StatusWord| format!("{sw}{}{}", lang.pick("：", ": "), sw.meaning(lang));
        let tell = |what: std::borrow::Cow<'_, str>, why: Option<String>, next: Option<std::borrow::Cow<'_, str>>| {
            Explanation {
                what: what.into_owned(),
                why,
                next: next.map(std::borrow::Cow::into_owned),
            }
        };
        match self {
            Self::Transport(error) => error.explain(lang),
            Self::Format(error) => error.explain(lang),
            Self::Module(error) => error.explain(lang),
            Self::MasterKey { file, tries_left } => tell(
                t!("pki.master_key", locale = locale, file = file),
                Some(t!("pki.pin_tries", locale = locale, n = tries_left).into_owned()),
                Some(t!("pki.master_key_next", locale = locale)),
            ),
            Self::Command(error) => tell(t!("pki.command", locale = locale, error = error), None, None),
            Self::NotInProfile { profile } => tell(
                t!("pki.not_in_profile", locale = locale, profile = profile),
                None,
                Some(t!("pki.not_in_profile_next", locale = locale)),
            ),
            Self::NoApplication { sw } => tell(
                t!("pki.no_application", locale = locale),
                Some(status(sw)),
                Some(t!("pki.no_application_next", locale = locale)),
            ),
            Self::Refused { command, sw } => {
                let next = sw.next_step(lang).map(std::borrow::Cow::Owned);
                tell(
                    t!("pki.refused", locale = locale, command = command),
                    Some(status(sw)),
                    next,
                )
            }
            Self::Answer { command } => tell(t!("pki.answer", locale = locale, command = command), None, None),
            Self::PinWrong { role, tries_left } => tell(
                t!("pki.pin_wrong", locale = locale, role = role_words(*role, lang)),
                Some(t!("pki.pin_tries", locale = locale, n = tries_left).into_owned()),
                None,
            ),
            Self::PinBlocked { role } => tell(
                t!("pki.pin_blocked", locale = locale, role = role_words(*role, lang)),
                None,
                Some(match role {
                    PinRole::User => t!("pki.pin_blocked_user_next", locale = locale),
                    PinRole::Administrator => t!("pki.pin_blocked_administrator_next", locale = locale),
                }),
            ),
            Self::PinLastTry { role } => tell(
                t!("pki.pin_last", locale = locale, role = role_words(*role, lang)),
                None,
                Some(t!("pki.pin_last_next", locale = locale)),
            ),
            Self::PinNeeded { roles } => {
                let roles: Vec<String> = roles.iter().map(|role| role_words(*role, lang)).collect();
                let roles = roles.join(lang.pick("、", " + "));
                tell(
                    t!("pki.pin_needed", locale = locale, roles = roles),
                    Some(status(&StatusWord::SECURITY_NOT_SATISFIED)),
                    None,
                )
            }
            Self::NoKey { pair } => tell(
                t!("pki.no_key", locale = locale, pair = pair_words(*pair, lang)),
                None,
                Some(match pair {
                    KeyPair::Signing => t!("pki.no_key_signing_next", locale = locale),
                    KeyPair::Encryption => t!("pki.no_key_encryption_next", locale = locale),
                }),
            ),
            Self::NoCertificate { pair } => tell(
                t!("pki.no_certificate", locale = locale, pair = pair_words(*pair, lang)),
                None,
                Some(t!("pki.no_certificate_next", locale = locale)),
            ),
            Self::TooLong { length, room } => tell(
                t!("pki.too_long", locale = locale, length = length, room = room),
                None,
                None,
            ),
            Self::OtherKey { pair } => tell(
                t!("pki.other_key", locale = locale, pair = pair_words(*pair, lang)),
                None,
                Some(t!("pki.other_key_next", locale = locale)),
            ),
            Self::ReadBack { pair } => tell(
                t!("pki.read_back", locale = locale, pair = pair_words(*pair, lang)),
                None,
                Some(t!("pki.read_back_next", locale = locale)),
            ),
            Self::BadSignature => tell(t!("pki.bad_signature", locale = locale), None, None),
        }
    }
}

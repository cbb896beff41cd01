//! Why reading or writing a card failed: transport, card or input, with the rule that refused and the next step.

use crate::channel::TransportError;
use crate::command::{Command, CommandError};
use crate::commands;
use crate::decode::EncodeError;
pub use crate::rule::{Operation, Rule};
use crate::security::{KeyFileError, SecurityModuleError};
use crate::session::TransactionKind;
use card_model::crypto::AlgorithmError;
use card_model::profile::{PathError, ProfileError};
use card_model::status::StatusWord;
use card_model::words::{Explain, Explanation, Lang};
use rust_i18n::t;

/// Who can act on an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// Reader, driver, contact, or no card.
    Transport,
    /// The card refused or answered something impossible.
    Card,
    /// PIN wrong, blocked, or about to be.
    Pin,
    /// Path, value, key file or option.
    Input,
}

/// Why something could not be done with a card.
#[derive(Debug, thiserror::Error)]
#[error("{}", self.explain(Lang::En).what)]
#[non_exhaustive]
pub enum ReaderError {
    /// No answer came from the card.
    Transport(#[from] TransportError),
    /// The security module could not compute.
    SecurityModule(#[from] SecurityModuleError),
    /// The key file cannot be used.
    KeyFile(#[from] KeyFileError),
    /// The profile is damaged or not known.
    Profile(#[from] ProfileError),
    /// A path names nothing.
    Path(#[from] PathError),
    /// The card has no social security environment.
    NotSocialSecurityCard {
        /// Status word of SELECT.
        sw: StatusWord,
    },
    /// CARD BLOCK was executed: the card answers 6A81 to everything, for good.
    CardBlocked,
    /// The key is locked after too many failures. It cannot be unlocked on this card.
    KeyLocked {
        /// Key name.
        key: String,
        /// Whether it is the key that resets the PIN: then the PIN cannot be reset any more.
        unblocks_pin: bool,
    },
    /// The card refused a command.
    Refused {
        /// Name of the command with its header in hex.
        command: String,
        /// File or element.
        path: Option<String>,
        /// Status word.
        sw: StatusWord,
        /// The access rule, where it explains the refusal.
        rule: Option<Box<Rule>>,
    },
    /// The access rule cannot be met with what was given; the command was not sent.
    NotAllowed {
        /// The rule.
        rule: Box<Rule>,
    },
    /// The card's answer does not have the form that the standard gives it.
    Answer {
        /// Name of the command with its header in hex.
        command: String,
        /// File or element.
        path: Option<String>,
    },
    /// The card did not accept an external authentication.
    KeyRefused {
        /// Key name.
        key: String,
        /// Version.
        version: u8,
        /// Status word.
        sw: StatusWord,
    },
    /// The key was refused before on this card; trying again would lock it.
    KeyRefusedBefore {
        /// Key name.
        key: String,
    },
    /// There is no security module.
    NoSecurityModule {
        /// Key that is needed.
        key: String,
    },
    /// The profile has no such key.
    NoSuchKey {
        /// What was looked for.
        key: String,
        /// Profile.
        profile: String,
    },
    /// Keys cannot be diversified, because the card does not tell region or historical bytes.
    NoIdentity,
    /// The card's cipher is not supported.
    Algorithm(#[from] AlgorithmError),
    /// Wrong PIN.
    PinWrong {
        /// Tries left.
        tries_left: u8,
    },
    /// PIN blocked.
    PinBlocked,
    /// One try is left, and nobody said it may be spent.
    PinLastTry,
    /// The value does not fit the element.
    Value {
        /// Element.
        path: String,
        /// What does not fit.
        cause: EncodeError,
    },
    /// A path that names no single element, where one is needed.
    NoElement {
        /// The path.
        path: String,
    },
    /// What was read back is not what was written.
    ReadBack {
        /// Element.
        path: String,
    },
    /// The card has no medical account.
    NoAccount,
    /// A MAC or transaction authentication code of the card is false: the card is not genuine, or data were altered.
    FalseMac,
    /// The line broke after the command that moves the money was sent: only the card knows whether it moved. Ask with
    /// [`crate::session::Session::outcome`].
    Uncertain {
        /// What was going on.
        kind: TransactionKind,
        /// Sequence number of the card.
        sequence: u16,
        /// Transaction sequence number of the terminal; 0 for a load.
        terminal_sequence: u32,
        /// What broke.
        cause: Box<ReaderError>,
    },
    /// The card in the reader is another one than before.
    OtherCard,
    /// A command could not be built; an error of this program or of a profile.
    Command(#[from] CommandError),
}

/// Name and header of a command for messages; never its data.
pub(crate) fn title(command: &Command) -> String {
    format!(
        "{} ({})",
        commands::name(command.ins()),
        hex::encode_upper(command.header())
    )
}

impl ReaderError {
    /// Who can act on the error.
    pub fn family(&self) -> Family {
        match self {
            Self::Transport(_)
            | Self::SecurityModule(SecurityModuleError::NoPsam { .. } | SecurityModuleError::Transport { .. }) => {
                Family::Transport
            }
            Self::SecurityModule(SecurityModuleError::Refused { .. }) => Family::Card,
            Self::Uncertain { cause, .. } => cause.family(),
            Self::PinWrong { .. } | Self::PinBlocked | Self::PinLastTry => Family::Pin,
            Self::NotSocialSecurityCard { .. }
            | Self::CardBlocked
            | Self::KeyLocked { .. }
            | Self::Refused { .. }
            | Self::Answer { .. }
            | Self::KeyRefused { .. }
            | Self::KeyRefusedBefore { .. }
            | Self::NotAllowed { .. }
            | Self::ReadBack { .. }
            | Self::OtherCard
            | Self::NoAccount
            | Self::FalseMac
            | Self::NoIdentity
            | Self::Algorithm(_) => Family::Card,
            Self::SecurityModule(_)
            | Self::KeyFile(_)
            | Self::Profile(_)
            | Self::Path(_)
            | Self::NoSecurityModule { .. }
            | Self::NoSuchKey { .. }
            | Self::Value { .. }
            | Self::NoElement { .. }
            | Self::Command(_) => Family::Input,
        }
    }

    /// Status word of the card, where one is the reason.
    pub fn status_word(&self) -> Option<StatusWord> {
        match self {
            Self::NotSocialSecurityCard { sw } | Self::Refused { sw, .. } | Self::KeyRefused { sw, .. } => Some(*sw),
            Self::PinWrong { tries_left } => Some(StatusWord::wrong_tries_left(*tries_left)),
            Self::PinBlocked | Self::KeyLocked { .. } => Some(StatusWord::AUTHENTICATION_BLOCKED),
            Self::CardBlocked => Some(StatusWord::FUNCTION_NOT_SUPPORTED),
            Self::NotAllowed { .. } => Some(StatusWord::SECURITY_NOT_SATISFIED),
            _ => None,
        }
    }
}

/// `6982: access condition not met`.
fn status(sw: StatusWord, lang: Lang) -> String {
    format!("{sw}{}{}", lang.pick("：", ": "), sw.meaning(lang))
}

impl Explain for ReaderError {
    fn explain(&self, lang: Lang) -> Explanation {
        let locale = lang.locale();
        let plain = |what: std::borrow::Cow<'_, str>, why: Option<String>, next: Option<String>| Explanation {
            what: what.into_owned(),
            why,
            next,
        };
        let text = |cow: std::borrow::Cow<'_, str>| Some(cow.into_owned());
        match self {
            Self::Transport(error) => error.explain(lang),
            Self::SecurityModule(error) => error.explain(lang),
            Self::KeyFile(error) => error.explain(lang),
            Self::Profile(error) => error.explain(lang),
            Self::Path(error) => error.explain(lang),
            Self::NotSocialSecurityCard { sw } => plain(
                t!("session.not_this_card", locale = locale),
                Some(status(*sw, lang)),
                text(t!("session.not_this_card_next", locale = locale)),
            ),
            Self::CardBlocked => plain(
                t!("session.card_blocked", locale = locale),
                text(t!("session.card_blocked_why", locale = locale)),
                text(t!("session.card_blocked_next", locale = locale)),
            ),
            Self::KeyLocked { key, unblocks_pin } => plain(
                t!("session.key_locked", locale = locale, key = key),
                Some(status(StatusWord::AUTHENTICATION_BLOCKED, lang)),
                text(match unblocks_pin {
                    true => t!("session.key_locked_pin_next", locale = locale),
                    false => t!("session.key_locked_next", locale = locale),
                }),
            ),
            Self::Refused {
                command,
                path,
                sw,
                rule,
            } => {
                let what = match path {
                    Some(path) => t!("session.refused_path", locale = locale, command = command, path = path),
                    None => t!("session.refused", locale = locale, command = command),
                };
                let words = |rule: &Rule| format!("{sw}{}{}", lang.pick("：", ": "), rule.words(lang));
                let why = rule.as_deref().map_or_else(|| status(*sw, lang), words);
                let next = rule
                    .as_ref()
                    .map(|rule| rule.next_step(lang))
                    .or_else(|| sw.next_step(lang));
                plain(what, Some(why), next)
            }
            Self::NotAllowed { rule } => {
                let what = match rule.operation {
                    Operation::Read => t!("session.not_readable", locale = locale, path = rule.path),
                    Operation::Update => t!("session.not_writable", locale = locale, path = rule.path),
                };
                plain(what, Some(rule.words(lang)), Some(rule.next_step(lang)))
            }
            Self::Answer { command, path } => {
                let place = path.as_deref().unwrap_or("–");
                plain(
                    t!("session.answer", locale = locale, command = command, path = place),
                    None,
                    text(t!("session.answer_next", locale = locale)),
                )
            }
            Self::KeyRefused { key, version, sw } => plain(
                t!("session.key_refused", locale = locale, key = key, version = version),
                Some(status(*sw, lang)),
                text(t!("session.key_refused_next", locale = locale)),
            ),
            Self::KeyRefusedBefore { key } => plain(
                t!("session.key_refused_before", locale = locale, key = key),
                None,
                text(t!("session.key_refused_next", locale = locale)),
            ),
            Self::NoSecurityModule { key } => plain(
                t!("session.no_module", locale = locale, key = key),
                None,
                text(t!("session.no_module_next", locale = locale)),
            ),
            Self::NoSuchKey { key, profile } => plain(
                t!("session.no_such_key", locale = locale, key = key, profile = profile),
                None,
                None,
            ),
            Self::NoIdentity => plain(
                t!("session.no_identity", locale = locale),
                text(t!("session.no_identity_why", locale = locale)),
                text(t!("session.no_identity_next", locale = locale)),
            ),
            Self::Algorithm(error) => {
                let what = match error {
                    AlgorithmError::Ssf33 => t!("session.ssf33", locale = locale),
                    AlgorithmError::Unknown(byte) => {
                        t!("session.algorithm", locale = locale, value = format!("{byte:02X}"))
                    }
                };
                plain(what, None, text(t!("session.algorithm_next", locale = locale)))
            }
            Self::PinWrong { tries_left } => plain(
                t!("session.pin_wrong", locale = locale),
                text(t!("session.pin_tries", locale = locale, n = tries_left)),
                text(if *tries_left > 1 {
                    t!("session.pin_again", locale = locale)
                } else {
                    t!("session.pin_careful", locale = locale)
                }),
            ),
            Self::PinBlocked => plain(
                t!("session.pin_blocked", locale = locale),
                None,
                text(t!("session.pin_blocked_next", locale = locale)),
            ),
            Self::PinLastTry => plain(
                t!("session.pin_last", locale = locale),
                text(t!("session.pin_last_why", locale = locale)),
                text(t!("session.pin_last_next", locale = locale)),
            ),
            Self::Value { path, cause } => plain(
                t!("session.value", locale = locale, path = path, cause = cause.words(lang)),
                None,
                None,
            ),
            Self::NoElement { path } => plain(
                t!("session.no_element", locale = locale, path = path),
                None,
                text(t!("session.no_element_next", locale = locale)),
            ),
            Self::ReadBack { path } => plain(
                t!("session.read_back", locale = locale, path = path),
                None,
                text(t!("session.read_back_next", locale = locale)),
            ),
            Self::NoAccount => plain(
                t!("account.none", locale = locale),
                None,
                text(t!("account.none_next", locale = locale)),
            ),
            Self::FalseMac => plain(
                t!("account.false_mac", locale = locale),
                None,
                text(t!("account.false_mac_next", locale = locale)),
            ),
            Self::Uncertain {
                kind,
                sequence,
                terminal_sequence,
                cause,
            } => {
                let (what, next) = match kind {
                    TransactionKind::Load => (
                        t!("account.uncertain_load", locale = locale, sequence = sequence),
                        t!("account.uncertain_load_next", locale = locale, sequence = sequence),
                    ),
                    TransactionKind::Settlement => (
                        t!("account.uncertain_settlement", locale = locale, sequence = sequence),
                        t!(
                            "account.uncertain_settlement_next",
                            locale = locale,
                            sequence = sequence,
                            terminal = terminal_sequence
                        ),
                    ),
                };
                plain(what, Some(cause.explain(lang).what), text(next))
            }
            Self::OtherCard => plain(
                t!("session.other_card", locale = locale),
                None,
                text(t!("session.other_card_next", locale = locale)),
            ),
            Self::Command(error) => plain(t!("session.command", locale = locale, error = error), None, None),
        }
    }
}

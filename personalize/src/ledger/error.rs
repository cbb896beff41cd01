//! Why the ledger did not do something, in both languages.

use super::electronic::RealNameError;
use super::engine::{Fault, TlsFault, UrlFault};
use super::record::Record;
use super::refusal::Refusal;
use super::rules::RulesError;
use crate::words::message;
use card_model::words::{Explain, Explanation, Lang};

/// Why the ledger did not do something.
#[derive(Debug, thiserror::Error)]
#[error("{}", self.explain(Lang::En).what)]
#[non_exhaustive]
pub enum LedgerError {
    /// The address is none.
    Address(UrlFault),
    /// The database does not work, or does not take what it is told.
    Database {
        /// Its words.
        words: String,
    },
    /// There is no line to the server that is as secure as the address asks.
    Tls(#[from] TlsFault),
    /// Others were faster again and again, or the connection did not come back, until patience ended. Nothing was done.
    Busy {
        /// The database's last words.
        words: String,
    },
    /// Another program has to be waited for; the caller tries again.
    #[doc(hidden)]
    Again {
        /// The database's words.
        words: String,
        /// Whether the connection has to be made anew.
        lost: bool,
    },
    /// The database holds no ledger.
    NoLedger {
        /// Its address.
        address: String,
    },
    /// A backup or a new ledger would go over a ledger that is there.
    Exists {
        /// Its address.
        address: String,
    },
    /// Made by a newer program, or by an older one and not yet brought up to date.
    Version {
        /// Version of the ledger.
        found: i64,
        /// Version of this program.
        known: i64,
    },
    /// A row does not hold what rows hold.
    Damaged {
        /// Table.
        table: &'static str,
        /// Key.
        id: String,
        /// What is wrong.
        words: String,
    },
    /// There is no such thing.
    Unknown {
        /// Kind of thing: `outlet`, `staff`, `person`, `application`, `card`, `ecard`.
        what: &'static str,
        /// Key that was asked for; numbers of people masked.
        id: String,
    },
    /// What was given cannot be.
    Input {
        /// Name of the value.
        what: &'static str,
        /// The value; numbers of people masked.
        given: String,
    },
    /// A file is no table.
    Table {
        /// Its path.
        file: String,
        /// Why.
        why: String,
    },
    /// The rules do not allow it.
    Refused(Box<Refusal>),
    /// The rules cannot be used.
    Rules(#[from] RulesError),
    /// It could not be found out who somebody is.
    RealName(#[from] RealNameError),
    /// A service said no, in its own words.
    Served(Box<Served>),
    /// A service does not answer, or not as one.
    Service {
        /// Its address.
        address: String,
        /// Why.
        words: String,
    },
}

/// Why a service did not do something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Served {
    /// Whether the rules do not allow it.
    pub refused: bool,
    /// Name of the refusal, or of what is wrong.
    pub name: String,
    /// In English.
    pub en: Explanation,
    /// In Chinese.
    pub zh: Explanation,
}

impl From<Fault> for LedgerError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Conflict(words) => Self::Again { words, lost: false },
            Fault::Lost(words) => Self::Again { words, lost: true },
            Fault::Tls(fault) => Self::Tls(fault),
            Fault::Other(words) => Self::Database { words },
        }
    }
}

impl From<UrlFault> for LedgerError {
    fn from(fault: UrlFault) -> Self {
        Self::Address(fault)
    }
}

impl From<Refusal> for LedgerError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(Box::new(refusal))
    }
}

impl LedgerError {
    /// Name of the refusal, where the rules do not allow it: a "no", and nothing to be mended.
    pub fn refusal(&self) -> Option<&str> {
        match self {
            Self::Refused(refusal) => Some(refusal.name()),
            Self::Served(served) => Some(served.name.as_str()).filter(|_| served.refused),
            _ => None,
        }
    }

    pub(super) fn damaged<R: Record>(id: &str, words: &str) -> Self {
        Self::Damaged {
            table: R::TABLE,
            id: id.to_owned(),
            words: words.to_owned(),
        }
    }

    pub(super) fn unknown(what: &'static str, id: &str) -> Self {
        let id = if what == "person" {
            crate::mask::number(id)
        } else {
            id.to_owned()
        };
        Self::Unknown { what, id }
    }

    pub(super) fn input(what: &'static str, given: &str) -> Self {
        Self::Input {
            what,
            given: given.to_owned(),
        }
    }
}

impl Explain for LedgerError {
    fn explain(&self, lang: Lang) -> Explanation {
        let words = |key: &str, values: &[(&str, &str)], why: Option<&str>| Explanation {
            what: message(lang, &format!("ledger.error.{key}"), values),
            why: why.map(str::to_owned),
            next: Some(message(lang, &format!("ledger.error.{key}_next"), values)),
        };
        let thing = |what: &str| message(lang, &format!("ledger.thing.{what}"), &[]);
        match self {
            Self::Address(UrlFault::Empty) => words("address_empty", &[], None),
            Self::Address(UrlFault::Scheme) => words("address_scheme", &[], None),
            Self::Address(UrlFault::Form) => words("address_form", &[], None),
            Self::Address(UrlFault::Tls) => words("address_tls", &[], None),
            Self::Database { words: why } => words("database", &[], Some(why)),
            Self::Busy { words: why } | Self::Again { words: why, .. } => words("busy", &[], Some(why)),
            Self::NoLedger { address } => words("no_ledger", &[("address", address)], None),
            Self::Exists { address } => words("exists", &[("address", address)], None),
            Self::Version { found, known } => {
                let key = if found > known { "newer" } else { "older" };
                words(
                    key,
                    &[("found", &found.to_string()), ("known", &known.to_string())],
                    None,
                )
            }
            Self::Damaged { table, id, words: why } => words("damaged", &[("table", table), ("id", id)], Some(why)),
            Self::Unknown { what, id } => words("unknown", &[("what", &thing(what)), ("id", id)], None),
            Self::Input { what, given } => words("input", &[("what", &thing(what)), ("given", given)], None),
            Self::Table { file, why } => words("table", &[("file", file)], Some(why)),
            Self::Refused(refusal) => refusal.explain(lang),
            Self::Tls(fault) => fault.explain(lang),
            Self::Rules(error) => error.explain(lang),
            Self::RealName(error) => error.explain(lang),
            Self::Served(served) => match lang {
                Lang::En => served.en.clone(),
                Lang::Zh => served.zh.clone(),
            },
            Self::Service { address, words: why } => words("service", &[("address", address)], Some(why)),
        }
    }
}

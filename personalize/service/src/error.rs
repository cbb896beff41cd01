//! Why a service does not start, or a client cannot be made.

use card_model::words::{Explain, Explanation, Lang};
use personalize::ledger::LedgerError;
use personalize::tls::PemError;
use rust_i18n::t;

/// Why a service does not start, or a client cannot be made.
#[derive(Debug, thiserror::Error)]
#[error("{}", self.explain(Lang::En).what)]
#[non_exhaustive]
pub enum ServiceError {
    /// The address cannot be listened at.
    Listen {
        /// The address.
        address: String,
        /// Why.
        words: String,
    },
    /// A file with a certificate or key cannot be used.
    Pem(#[from] PemError),
    /// Certificate and key do not go together, or TLS refuses them.
    Tls {
        /// Why.
        words: String,
    },
    /// Without TLS, other machines could read along.
    Plain {
        /// The address.
        address: String,
    },
    /// No address of a service.
    Address {
        /// What was given.
        given: String,
    },
    /// The operating system gives no thread, or the like.
    System {
        /// Why.
        words: String,
    },
    /// The ledger cannot be opened.
    Ledger(#[from] LedgerError),
}

impl Explain for ServiceError {
    fn explain(&self, lang: Lang) -> Explanation {
        let locale = lang.locale();
        let (what, why, next) = match self {
            Self::Listen { address, words } => (
                t!("service.error.listen", locale = locale, address = address),
                Some(words),
                t!("service.error.listen_next", locale = locale),
            ),
            Self::Tls { words } => (
                t!("service.error.tls", locale = locale),
                Some(words),
                t!("service.error.tls_next", locale = locale),
            ),
            Self::Plain { address } => (
                t!("service.error.plain", locale = locale, address = address),
                None,
                t!("service.error.plain_next", locale = locale),
            ),
            Self::Address { given } => (
                t!("service.error.address", locale = locale, given = given),
                None,
                t!("service.error.address_next", locale = locale),
            ),
            Self::System { words } => (
                t!("service.error.system", locale = locale),
                Some(words),
                t!("service.error.system_next", locale = locale),
            ),
            Self::Pem(error) => return error.explain(lang),
            Self::Ledger(error) => return error.explain(lang),
        };
        Explanation {
            what: what.into_owned(),
            why: why.cloned(),
            next: Some(next.into_owned()),
        }
    }
}

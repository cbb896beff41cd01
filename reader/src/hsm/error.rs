//! Why an HSM service did not answer.

use crate::security::HsmError;
use card_model::words::{Explain, Explanation, Lang};
use rust_i18n::t;

/// Why a request to an HSM has no answer.
#[derive(Debug, thiserror::Error)]
#[error("{}", self.explain(Lang::En).what)]
#[non_exhaustive]
pub enum ServiceError {
    /// The request does not have the form of its type.
    Form {
        /// Name of the item that is wrong.
        item: &'static str,
    },
    /// Neither of the types 01–04.
    Type {
        /// What was given.
        given: String,
    },
    /// A cipher that cannot be computed here: SSF33 is not public.
    Algorithm {
        /// Its identifier.
        identifier: u8,
    },
    /// No key has this address.
    Address {
        /// The address.
        address: u16,
    },
    /// The HSM could not compute.
    Hsm(#[from] HsmError),
    /// Not of the form `http://HOST:PORT/PATH`.
    Url {
        /// What was given.
        url: String,
    },
    /// The service cannot be reached.
    Unreachable {
        /// Its address.
        address: String,
        /// Cause.
        source: std::io::Error,
    },
    /// What came back is no answer of such a service.
    Answer {
        /// Its address.
        address: String,
    },
    /// The service refused.
    Refused {
        /// Its words.
        message: String,
    },
    /// There is no service in the settings.
    NoService,
}

impl Explain for ServiceError {
    fn explain(&self, lang: Lang) -> Explanation {
        let locale = lang.locale();
        let (what, why, next) = match self {
            Self::Form { item } => (
                t!("hsm.form", locale = locale, item = item),
                None,
                Some(t!("hsm.form_next", locale = locale)),
            ),
            Self::Type { given } => (
                t!("hsm.type", locale = locale, given = given),
                None,
                Some(t!("hsm.form_next", locale = locale)),
            ),
            Self::Algorithm { identifier } => (
                t!(
                    "hsm.algorithm",
                    locale = locale,
                    identifier = format!("{identifier:02X}")
                ),
                None,
                None,
            ),
            Self::Address { address } => (
                t!("hsm.address", locale = locale, address = format!("{address:04X}")),
                None,
                None,
            ),
            Self::Hsm(error) => (t!("hsm.failed", locale = locale), Some(error.to_string()), None),
            Self::Url { url } => (
                t!("hsm.url", locale = locale, url = url),
                None,
                Some(t!("hsm.url_next", locale = locale)),
            ),
            Self::Unreachable { address, source } => (
                t!("hsm.unreachable", locale = locale, address = address),
                Some(source.to_string()),
                Some(t!("hsm.unreachable_next", locale = locale)),
            ),
            Self::Answer { address } => (t!("hsm.answer", locale = locale, address = address), None, None),
            Self::Refused { message } => (t!("hsm.refused", locale = locale), Some(message.clone()), None),
            Self::NoService => (
                t!("hsm.none", locale = locale),
                None,
                Some(t!("hsm.none_next", locale = locale)),
            ),
        };
        Explanation {
            what: what.into_owned(),
            why,
            next: next.map(std::borrow::Cow::into_owned),
        }
    }
}

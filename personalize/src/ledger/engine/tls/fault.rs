//! Why there is no line to a server that is as secure as its address asks, in both languages.

use crate::tls::PemError;
use crate::words::message;
use card_model::words::{Explain, Explanation, Lang};
use rustls::{AlertDescription, CertificateError, Error};
use std::error::Error as _;

/// What tokio-postgres says where a server has no TLS; it has no other name for it.
const NOT_OFFERED: &str = "server does not support TLS";
/// What it says of an address with `hostaddr` alone.
const NO_NAME: &str = "no hostname provided for TLS handshake";

/// Why there is no line to a server that is as secure as its address asks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.explain(Lang::En).what)]
#[non_exhaustive]
pub enum TlsFault {
    /// A file of the address cannot be used.
    Pem(#[from] PemError),
    /// Our certificate and its key do not go together.
    Own {
        /// The certificate.
        file: String,
        /// Why.
        words: String,
    },
    /// The system has no roots.
    NoRoots {
        /// Why.
        words: String,
    },
    /// The server has no TLS.
    NotOffered,
    /// Nobody who is trusted issued the server's certificate.
    Issuer {
        /// Why.
        words: String,
    },
    /// The server's certificate is for another name, or the address has none.
    Name {
        /// Which.
        words: String,
    },
    /// The server's certificate is not valid today.
    Time {
        /// Until, or from when.
        words: String,
    },
    /// The server's certificate is wrong in another way.
    Certificate {
        /// How.
        words: String,
    },
    /// The server does not accept our certificate, or wants one.
    Refused {
        /// Its words.
        words: String,
    },
    /// Anything else.
    Handshake {
        /// Its words.
        words: String,
    },
}

impl TlsFault {
    /// Whether it is for TLS that a connection was not made.
    pub(in super::super) fn of(error: &postgres::Error) -> Option<Self> {
        let source = error.source()?;
        match source.to_string() {
            words if words == NOT_OFFERED => return Some(Self::NotOffered),
            words if words == NO_NAME => return Some(Self::Name { words }),
            _ => {}
        }
        let inner = source.downcast_ref::<std::io::Error>()?.get_ref()?;
        inner.downcast_ref::<Error>().map(Self::handshake)
    }

    fn handshake(error: &Error) -> Self {
        let words = error.to_string();
        match error {
            Error::InvalidCertificate(CertificateError::UnknownIssuer) => Self::Issuer { words },
            Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            ) => Self::Name { words },
            Error::InvalidCertificate(
                CertificateError::Expired
                | CertificateError::ExpiredContext { .. }
                | CertificateError::NotValidYet
                | CertificateError::NotValidYetContext { .. },
            ) => Self::Time { words },
            Error::InvalidCertificate(_) => Self::Certificate { words },
            Error::AlertReceived(
                AlertDescription::CertificateRequired
                | AlertDescription::UnknownCA
                | AlertDescription::BadCertificate
                | AlertDescription::CertificateExpired
                | AlertDescription::CertificateRevoked
                | AlertDescription::CertificateUnknown
                | AlertDescription::UnsupportedCertificate,
            ) => Self::Refused { words },
            _ => Self::Handshake { words },
        }
    }
}

impl Explain for TlsFault {
    fn explain(&self, lang: Lang) -> Explanation {
        let (key, file, why) = match self {
            Self::Pem(error) => return error.explain(lang),
            Self::Own { file, words } => ("own", file.as_str(), Some(words)),
            Self::NoRoots { words } => ("no_roots", "", Some(words)),
            Self::NotOffered => ("not_offered", "", None),
            Self::Issuer { words } => ("issuer", "", Some(words)),
            Self::Name { words } => ("name", "", Some(words)),
            Self::Time { words } => ("time", "", Some(words)),
            Self::Certificate { words } => ("certificate", "", Some(words)),
            Self::Refused { words } => ("refused", "", Some(words)),
            Self::Handshake { words } => ("handshake", "", Some(words)),
        };
        Explanation {
            what: message(lang, &format!("tls.{key}"), &[("file", file)]),
            why: why.filter(|words| !words.is_empty()).cloned(),
            next: Some(message(lang, &format!("tls.{key}_next"), &[])),
        }
    }
}

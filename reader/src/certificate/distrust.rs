//! Why a certificate is not trusted.

use super::error::FormatError;
use card_model::words::{Explain, Explanation, Lang};
use jiff::Timestamp;
use rust_i18n::t;

/// Why a certificate is not trusted. Names are those of RFC 4514.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.words(Lang::En))]
#[non_exhaustive]
pub enum ChainError {
    /// No chain leads to a trusted root.
    NoPath {
        /// Subject of the last certificate that was reached.
        subject: String,
        /// Its issuer, who is not known.
        issuer: String,
    },
    /// An issuer is known, but did not sign.
    Signature {
        /// Subject.
        subject: String,
        /// Issuer.
        issuer: String,
    },
    /// Not valid yet.
    NotYet {
        /// Subject.
        subject: String,
        /// First second of validity.
        from: Timestamp,
    },
    /// No longer valid.
    Expired {
        /// Subject.
        subject: String,
        /// Last second of validity.
        until: Timestamp,
    },
    /// An issuer is no certification authority, or not for so long a chain.
    NotAuthority {
        /// Subject.
        subject: String,
    },
    /// The key is not for this purpose.
    Usage {
        /// Subject.
        subject: String,
        /// What for.
        purpose: &'static str,
    },
    /// A critical extension that is not understood.
    Critical {
        /// Subject.
        subject: String,
        /// Object identifier.
        extension: String,
    },
    /// Revoked.
    Revoked {
        /// Subject.
        subject: String,
        /// Since when.
        since: Timestamp,
    },
    /// The issuer's revocation list is not right: signature or dates.
    List {
        /// Who keeps the list.
        issuer: String,
    },
    /// A certificate is malformed.
    Format(#[from] FormatError),
}

impl ChainError {
    /// The error in words.
    pub fn words(&self, lang: Lang) -> String {
        let locale = lang.locale();
        match self {
            Self::NoPath { subject, issuer } => {
                t!("pki.chain.no_path", locale = locale, subject = subject, issuer = issuer)
            }
            Self::Signature { subject, issuer } => {
                t!(
                    "pki.chain.signature",
                    locale = locale,
                    subject = subject,
                    issuer = issuer
                )
            }
            Self::NotYet { subject, from } => t!("pki.chain.not_yet", locale = locale, subject = subject, from = from),
            Self::Expired { subject, until } => {
                t!("pki.chain.expired", locale = locale, subject = subject, until = until)
            }
            Self::NotAuthority { subject } => t!("pki.chain.not_authority", locale = locale, subject = subject),
            Self::Usage { subject, purpose } => {
                let purpose = match *purpose {
                    "signature" => t!("pki.purpose.signature", locale = locale),
                    "encryption" => t!("pki.purpose.encryption", locale = locale),
                    _ => t!("pki.purpose.issuing", locale = locale),
                };
                t!("pki.chain.usage", locale = locale, subject = subject, purpose = purpose)
            }
            Self::Critical { subject, extension } => {
                t!(
                    "pki.chain.critical",
                    locale = locale,
                    subject = subject,
                    extension = extension
                )
            }
            Self::Revoked { subject, since } => {
                t!("pki.chain.revoked", locale = locale, subject = subject, since = since)
            }
            Self::List { issuer } => t!("pki.chain.list", locale = locale, issuer = issuer),
            Self::Format(error) => return error.words(lang),
        }
        .into_owned()
    }
}

impl Explain for ChainError {
    fn explain(&self, lang: Lang) -> Explanation {
        Explanation {
            what: self.words(lang),
            why: None,
            next: None,
        }
    }
}

//! Checks of X.509 certificates in card files: form, period, use, and the chain up to a trusted root.

use super::play::Player;
use card_model::words::Lang;
use jiff::Timestamp;
use reader::certificate::chain::{ChainError, Purpose, TrustStore};
use reader::certificate::x509::{Certificate, trim};

/// What is checked of a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CertificateCheck {
    /// It is an X.509 certificate of an SM2 key, and behind it is filling only.
    Form,
    /// It is valid now.
    Period,
    /// Its key may be used so.
    Usage(Purpose),
    /// It is valid now for this use, and a chain of valid certificates leads to a trusted root.
    Chain(Purpose),
}

impl CertificateCheck {
    /// Reads what stands behind the name of a check; `None`: the name is none of these.
    pub(super) fn parse(name: &str, word: Option<&str>) -> Option<Self> {
        let purpose = match word {
            Some("signature") => Some(Purpose::Signature),
            Some("encryption") => Some(Purpose::Encryption),
            _ => None,
        };
        match (name, purpose) {
            ("certificate", None) => Some(Self::Form),
            ("period", None) => Some(Self::Period),
            ("usage", Some(purpose)) => Some(Self::Usage(purpose)),
            ("chain", Some(purpose)) => Some(Self::Chain(purpose)),
            _ => None,
        }
    }
}

impl Player<'_, '_> {
    /// Why a check of the certificate in the contents of a file does not hold; `None`: it holds.
    pub(super) fn certificate_fault(&self, check: CertificateCheck, contents: &[u8]) -> Option<String> {
        let certificate = match certificate(contents) {
            Ok(certificate) => certificate,
            Err(fault) => return Some(fault),
        };
        let now = Timestamp::now();
        let words = |error: ChainError| error.words(Lang::En);
        match check {
            CertificateCheck::Form => certificate.public_key().err().map(|error| error.words(Lang::En)),
            CertificateCheck::Period => {
                let (from, until) = (certificate.not_before(), certificate.not_after());
                (now < from || now > until).then(|| format!("valid from {from} until {until}"))
            }
            CertificateCheck::Usage(purpose) => {
                // Taken for a root, at a moment when it was valid: what is left to be wrong is its use.
                let alone = TrustStore {
                    roots: vec![certificate.clone()],
                    ..TrustStore::default()
                };
                alone
                    .check(&certificate, purpose, certificate.not_before())
                    .err()
                    .map(words)
            }
            CertificateCheck::Chain(purpose) => match self.trust {
                Some(trust) => trust.check(&certificate, purpose, now).err().map(words),
                None => Some("nothing to trust was given".to_owned()),
            },
        }
    }
}

/// The certificate at the beginning of a file's contents.
pub(super) fn certificate(contents: &[u8]) -> Result<Certificate, String> {
    let fault = |error: reader::certificate::FormatError| error.words(Lang::En);
    let der = trim(contents).map_err(fault)?;
    Certificate::from_der(der).map_err(fault)
}

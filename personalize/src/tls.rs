//! What TLS is made of, for the line to a database and for the service: the algorithms, certificates and keys from PEM files.

use crate::words::message;
use card_model::words::{Explain, Explanation, Lang};
use rustls::RootCertStore;
use rustls::crypto::{CryptoProvider, ring};
use rustls_pki_types::pem::{Error, PemObject};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use std::path::Path;
use std::sync::Arc;

/// A file with a certificate or key that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.explain(Lang::En).what)]
pub struct PemError {
    /// Its path.
    pub file: String,
    /// Why.
    pub words: String,
}

impl PemError {
    /// A file that was read, and whose content does not fit.
    pub fn new(path: &Path, why: impl core::fmt::Display) -> Self {
        Self {
            file: path.display().to_string(),
            words: why.to_string(),
        }
    }
}

impl Explain for PemError {
    fn explain(&self, lang: Lang) -> Explanation {
        Explanation {
            what: message(lang, "tls.pem", &[("file", &self.file)]),
            why: Some(self.words.clone()),
            next: Some(message(lang, "tls.pem_next", &[])),
        }
    }
}

/// The algorithms; ours alone, whatever other parts of a program choose.
pub fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

/// All certificates of a file, at least one.
///
/// # Errors
/// The file cannot be read or has none.
pub fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, PemError> {
    let wrong = |error: Error| PemError::new(path, error);
    let all: Result<Vec<_>, _> = CertificateDer::pem_file_iter(path).map_err(wrong)?.collect();
    match all.map_err(wrong)? {
        all if all.is_empty() => Err(wrong(Error::NoItemsFound)),
        all => Ok(all),
    }
}

/// All certificates of a file as roots to be trusted.
///
/// # Errors
/// The file cannot be read or has none that can be a root.
pub fn roots(path: &Path) -> Result<RootCertStore, PemError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(path)? {
        roots.add(certificate).map_err(|error| PemError::new(path, error))?;
    }
    Ok(roots)
}

/// The first key of a file.
///
/// # Errors
/// The file cannot be read or has none without a passphrase.
pub fn key(path: &Path) -> Result<PrivateKeyDer<'static>, PemError> {
    PrivateKeyDer::from_pem_file(path).map_err(|error| PemError::new(path, error))
}

//! TLS of both sides, from PEM files.

use crate::error::ServiceError;
use personalize::tls::{PemError, certificates, key, provider, roots};
use rustls::ServerConfig;
use rustls::server::WebPkiClientVerifier;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use zeroize::Zeroizing;

/// TLS of the service.
#[derive(Debug, Clone)]
pub struct TlsServer {
    /// Its certificate, with those between it and the root.
    pub certificate: PathBuf,
    /// Its key.
    pub key: PathBuf,
    /// Roots of the certificates that callers may show in place of a token.
    pub client_ca: Option<PathBuf>,
}

/// TLS of the client.
#[derive(Debug, Clone, Default)]
pub struct TlsClient {
    /// Roots of the service's certificate.
    pub ca: Option<PathBuf>,
    /// The certificate it shows, and its key.
    pub own: Option<(PathBuf, PathBuf)>,
}

impl TlsServer {
    pub(crate) fn config(&self) -> Result<ServerConfig, ServiceError> {
        let tls = |error: rustls::Error| ServiceError::Tls {
            words: error.to_string(),
        };
        let builder = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(tls)?;
        let builder = match &self.client_ca {
            None => builder.with_no_client_auth(),
            Some(path) => {
                // Who shows none may still have a token.
                let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots(path)?), provider())
                    .allow_unauthenticated()
                    .build()
                    .map_err(|error| PemError::new(path, error))?;
                builder.with_client_cert_verifier(verifier)
            }
        };
        let mut config = builder
            .with_single_cert(certificates(&self.certificate)?, key(&self.key)?)
            .map_err(tls)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(config)
    }
}

impl TlsClient {
    pub(crate) fn config(&self) -> Result<ureq::tls::TlsConfig, ServiceError> {
        use ureq::tls::{Certificate, ClientCert, PrivateKey, RootCerts, TlsConfig};
        let owned = |path: &Path| -> Result<Vec<Certificate<'static>>, ServiceError> {
            let all = certificates(path)?;
            Ok(all.iter().map(|der| Certificate::from_der(der).to_owned()).collect())
        };
        let roots = match &self.ca {
            Some(path) => owned(path)?,
            None => Vec::new(),
        };
        let own = match &self.own {
            None => None,
            Some((certificate, path)) => {
                let text = Zeroizing::new(std::fs::read(path).map_err(|error| PemError::new(path, error))?);
                let key = PrivateKey::from_pem(&text).map_err(|error| PemError::new(path, error))?;
                Some(ClientCert::new_with_certs(&owned(certificate)?, key))
            }
        };
        Ok(TlsConfig::builder()
            .unversioned_rustls_crypto_provider(provider())
            .root_certs(RootCerts::new_with_certs(&roots))
            .client_cert(own)
            .build())
    }
}

/// The DER of the first certificate of a PEM file: what a caller shows, and what the ledger knows them by.
///
/// # Errors
/// The file has none.
pub fn first_certificate(path: &Path) -> Result<Vec<u8>, ServiceError> {
    Ok(certificates(path)?
        .first()
        .map(|first| first.to_vec())
        .unwrap_or_default())
}

//! TLS to a server: what the address asks for, in the words of libpq (`sslmode`, `sslrootcert`, `sslcert`, `sslkey`), and the
//! connector that does it.
//!
//! | `sslmode` | the line | the server's certificate |
//! |---|---|---|
//! | `disable` | in the clear | – |
//! | `prefer`, or none | encrypted if the server can | issuer and name checked where `sslrootcert` is given, else not |
//! | `require` | encrypted | likewise |
//! | `verify-ca` | encrypted | issuer checked; with the roots of the system the name as well, as those certify anybody |
//! | `verify-full`, or `sslrootcert` alone | encrypted | issuer and name checked |
//!
//! `sslrootcert` is a PEM file, or `system`; `verify-ca` and `verify-full` without it trust the roots of the system. Where libpq is
//! less strict (`require` with a root does not look at the name there), this is not. A socket in a folder is not encrypted.

mod fault;
mod unchecked;

pub use fault::TlsFault;

use crate::tls::{certificates, key, provider, roots};
use postgres::config::SslMode;
use rustls::client::WantsClientCert;
use rustls::{ClientConfig, ConfigBuilder, RootCertStore};
use std::path::PathBuf;
use std::sync::Arc;
use tokio_postgres_rustls::MakeRustlsConnect;
use unchecked::Unchecked;

/// What libpq calls the roots of the system.
const SYSTEM: &str = "system";

/// How the line to a server is secured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::ledger) struct Tls {
    mode: SslMode,
    check: Check,
    own: Option<(PathBuf, PathBuf)>,
}

/// What is looked at in the server's certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Check {
    /// Nothing: whoever answers is believed.
    Nothing,
    /// Who issued it.
    Issuer(Roots),
    /// Who issued it, and for which name.
    IssuerAndName(Roots),
}

/// Who is trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Roots {
    System,
    File(PathBuf),
}

/// The parameters of an address that say it, in their own words.
#[derive(Debug, Default)]
pub(super) struct TlsWords {
    pub mode: Option<String>,
    pub root: Option<String>,
    pub certificate: Option<String>,
    pub key: Option<String>,
}

impl TlsWords {
    /// The place of a parameter, if it is one of these.
    pub(super) fn place(&mut self, name: &str) -> Option<&mut Option<String>> {
        match name {
            "sslmode" => Some(&mut self.mode),
            "sslrootcert" => Some(&mut self.root),
            "sslcert" => Some(&mut self.certificate),
            "sslkey" => Some(&mut self.key),
            _ => None,
        }
    }
}

impl Tls {
    /// In the clear.
    pub(super) fn none() -> Self {
        Self {
            mode: SslMode::Disable,
            check: Check::Nothing,
            own: None,
        }
    }

    /// What an address asks for; `None` where it is not a mode, or a certificate stands without its key.
    pub(super) fn of(words: TlsWords) -> Option<Self> {
        let given = |word: Option<String>| word.filter(|word| !word.is_empty());
        let roots = given(words.root).map(|root| match root.as_str() {
            SYSTEM => Roots::System,
            path => Roots::File(PathBuf::from(path)),
        });
        let own = match (given(words.certificate), given(words.key)) {
            (None, None) => None,
            (Some(certificate), Some(key)) => Some((certificate.into(), key.into())),
            _ => return None,
        };
        let mode = match (given(words.mode), &roots) {
            (Some(mode), _) => mode,
            (None, None) => "prefer".to_owned(),
            // Who names a root wants it looked at.
            (None, Some(_)) => "verify-full".to_owned(),
        };
        let (mode, check) = match (mode.as_str(), roots) {
            ("disable", _) => return Some(Self::none()),
            ("prefer", roots) => (SslMode::Prefer, roots.map_or(Check::Nothing, Check::IssuerAndName)),
            ("require", roots) => (SslMode::Require, roots.map_or(Check::Nothing, Check::IssuerAndName)),
            ("verify-ca", Some(roots @ Roots::File(_))) => (SslMode::Require, Check::Issuer(roots)),
            ("verify-ca" | "verify-full", roots) => {
                let roots = roots.unwrap_or(Roots::System);
                (SslMode::Require, Check::IssuerAndName(roots))
            }
            _ => return None,
        };
        Some(Self { mode, check, own })
    }

    /// Whether the line is in the clear, may be, or must not be.
    pub(super) fn mode(&self) -> SslMode {
        self.mode
    }

    /// What makes the connections; nothing where they are in the clear. The files are read here.
    pub(super) fn connector(&self) -> Result<Option<MakeRustlsConnect>, TlsFault> {
        if self.mode == SslMode::Disable {
            return Ok(None);
        }
        let builder = self.checked()?;
        let mut config = match &self.own {
            None => builder.with_no_client_auth(),
            Some((certificate, path)) => builder
                .with_client_auth_cert(certificates(certificate)?, key(path)?)
                .map_err(|error| TlsFault::Own {
                    file: certificate.display().to_string(),
                    words: error.to_string(),
                })?,
        };
        // Since version 17, and needed there for sslnegotiation=direct; older servers do not look at it.
        config.alpn_protocols = vec![b"postgresql".to_vec()];
        Ok(Some(MakeRustlsConnect::new(config)))
    }

    fn checked(&self) -> Result<ConfigBuilder<ClientConfig, WantsClientCert>, TlsFault> {
        let builder = ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(|error| TlsFault::Handshake {
                words: error.to_string(),
            })?;
        Ok(match &self.check {
            Check::IssuerAndName(roots) => builder.with_root_certificates(roots.load()?),
            Check::Issuer(roots) => {
                let verifier = Unchecked::but_for_the_issuer(roots.load()?);
                builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier))
            }
            Check::Nothing => builder
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(Unchecked::at_all())),
        })
    }
}

impl Roots {
    fn load(&self) -> Result<RootCertStore, TlsFault> {
        match self {
            Self::File(path) => Ok(roots(path)?),
            Self::System => {
                let found = rustls_native_certs::load_native_certs();
                let mut store = RootCertStore::empty();
                let (added, _) = store.add_parsable_certificates(found.certs);
                match added {
                    0 => Err(TlsFault::NoRoots {
                        words: found
                            .errors
                            .iter()
                            .map(ToString::to_string)
                            .collect::<Vec<_>>()
                            .join("; "),
                    }),
                    _ => Ok(store),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(mode: &str, root: &str) -> Option<(SslMode, Check)> {
        let words = TlsWords {
            mode: Some(mode.into()),
            root: Some(root.into()),
            ..TlsWords::default()
        };
        Tls::of(words).map(|tls| (tls.mode, tls.check))
    }

    #[test]
    fn what_is_asked_for_is_never_less() {
        let file = || Roots::File("r.pem".into());
        let known = [
            ("disable", "", SslMode::Disable, Check::Nothing),
            ("", "", SslMode::Prefer, Check::Nothing),
            ("prefer", "", SslMode::Prefer, Check::Nothing),
            ("prefer", "r.pem", SslMode::Prefer, Check::IssuerAndName(file())),
            ("require", "", SslMode::Require, Check::Nothing),
            ("require", "r.pem", SslMode::Require, Check::IssuerAndName(file())),
            ("verify-ca", "r.pem", SslMode::Require, Check::Issuer(file())),
            ("verify-ca", "", SslMode::Require, Check::IssuerAndName(Roots::System)),
            (
                "verify-ca",
                "system",
                SslMode::Require,
                Check::IssuerAndName(Roots::System),
            ),
            ("verify-full", "r.pem", SslMode::Require, Check::IssuerAndName(file())),
            ("verify-full", "", SslMode::Require, Check::IssuerAndName(Roots::System)),
            ("", "r.pem", SslMode::Require, Check::IssuerAndName(file())),
            ("", "system", SslMode::Require, Check::IssuerAndName(Roots::System)),
        ];
        for (mode, root, line, check) in known {
            assert_eq!(of(mode, root), Some((line, check)), "{mode} {root}");
        }
        for unknown in ["allow", "verify_full", "REQUIRE", "none", "1"] {
            assert_eq!(of(unknown, ""), None, "{unknown}");
        }
    }

    #[test]
    fn a_certificate_has_its_key() {
        let half = |certificate: Option<&str>, key: Option<&str>| {
            Tls::of(TlsWords {
                certificate: certificate.map(str::to_owned),
                key: key.map(str::to_owned),
                ..TlsWords::default()
            })
        };
        assert_eq!(half(Some("c.pem"), None), None);
        assert_eq!(half(None, Some("k.pem")), None);
        let own = half(Some("c.pem"), Some("k.pem")).unwrap().own;
        assert_eq!(own, Some(("c.pem".into(), "k.pem".into())));
    }
}

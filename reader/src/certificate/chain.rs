//! Certificate chains: from a certificate over issuing authorities up to a trusted root, with dates, key usage and revocation
//! lists (RFC 5280 §6 as far as SM2 certificates of cards need it).

use super::x509::Certificate;
use jiff::Timestamp;
use x509_cert::ext::pkix::{BasicConstraints, KeyUsage};

pub use super::distrust::ChainError;
pub use super::revocation::RevocationList;

/// Most certificates between a certificate and its root.
const LONGEST: usize = 8;

/// Extensions that are understood; any other one that is critical makes a certificate useless here (RFC 5280 §4.2).
const UNDERSTOOD: [&str; 5] = [
    "2.5.29.15", // key usage
    "2.5.29.19", // basic constraints
    "2.5.29.14", // subject key identifier
    "2.5.29.35", // authority key identifier
    "2.5.29.37", // extended key usage: limits protocols that this program does not speak
];

/// What a certificate is wanted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Verifying signatures of the holder.
    Signature,
    /// Encrypting for the holder.
    Encryption,
}

/// What certificates are held against.
#[derive(Debug, Clone, Default)]
pub struct TrustStore {
    /// Trusted roots: what they sign is trusted because they are here.
    pub roots: Vec<Certificate>,
    /// Issuing authorities, trusted only as far as a chain leads to a root.
    pub intermediates: Vec<Certificate>,
    /// Revocation lists of roots and issuing authorities.
    pub revocation_lists: Vec<RevocationList>,
}

/// A chain that holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain {
    /// Subjects from the certificate up to the root.
    pub subjects: Vec<String>,
    /// Whether every certificate below the root was held against a revocation list of its issuer.
    pub revocation_checked: bool,
}

impl TrustStore {
    /// Checks a certificate at a moment for a purpose. A revocation list is used where there is one; without one the
    /// result says so. Of several ways up the first that holds counts; if none does, the error is that of the first.
    ///
    /// # Errors
    /// The certificate is not to be trusted for this.
    pub fn check(&self, leaf: &Certificate, purpose: Purpose, now: Timestamp) -> Result<Chain, ChainError> {
        usable(leaf, now)?;
        let usage = leaf.key_usage()?;
        // Without the extension a key is for everything (RFC 5280 §4.2.1.3).
        let allowed = |test: fn(&KeyUsage) -> bool| usage.as_ref().is_none_or(test);
        let (right, name) = match purpose {
            Purpose::Signature => (
                allowed(|usage| usage.digital_signature() || usage.non_repudiation()),
                "signature",
            ),
            Purpose::Encryption => (
                allowed(|usage| usage.key_encipherment() || usage.data_encipherment() || usage.key_agreement()),
                "encryption",
            ),
        };
        if !right {
            let subject = leaf.subject();
            return Err(ChainError::Usage { subject, purpose: name });
        }
        let mut chain = Chain {
            subjects: vec![leaf.subject()],
            revocation_checked: true,
        };
        // A root may itself be what is asked about.
        if self.roots.contains(leaf) {
            return Ok(chain);
        }
        self.climb(leaf, 0, now, &mut chain).map(|()| chain)
    }

    /// Finds issuers upwards. `below` counts the authorities between the certificate and the leaf.
    fn climb(
        &self,
        certificate: &Certificate,
        below: usize,
        now: Timestamp,
        chain: &mut Chain,
    ) -> Result<(), ChainError> {
        let subject = certificate.subject();
        let issuer_name = certificate.inner().tbs_certificate().issuer();
        let mut failure = None;
        let named = |authority: &&Certificate| authority.inner().tbs_certificate().subject() == issuer_name;
        let roots = self.roots.iter().filter(named).map(|root| (root, true));
        let others = self.intermediates.iter().filter(named).map(|other| (other, false));
        for (authority, is_root) in roots.chain(others) {
            let (length, checked) = (chain.subjects.len(), chain.revocation_checked);
            let outcome = self.issued(certificate, authority, below, now).and_then(|listed| {
                chain.subjects.push(authority.subject());
                chain.revocation_checked &= listed;
                if is_root {
                    Ok(())
                } else if below + 1 > LONGEST {
                    Err(ChainError::NotAuthority {
                        subject: authority.subject(),
                    })
                } else {
                    self.climb(authority, below + 1, now, chain)
                }
            });
            match outcome {
                Ok(()) => return Ok(()),
                Err(error) => {
                    chain.subjects.truncate(length);
                    chain.revocation_checked = checked;
                    failure.get_or_insert(error);
                }
            }
        }
        Err(failure.unwrap_or_else(|| ChainError::NoPath {
            subject,
            issuer: certificate.issuer(),
        }))
    }

    /// Whether `authority` issued `certificate` and was allowed to; `true` if a revocation list says it still stands.
    fn issued(
        &self,
        certificate: &Certificate,
        authority: &Certificate,
        below: usize,
        now: Timestamp,
    ) -> Result<bool, ChainError> {
        usable(authority, now)?;
        let subject = authority.subject();
        let room = match authority.constraints()? {
            Some(BasicConstraints {
                ca: true,
                path_len_constraint,
            }) => path_len_constraint.map_or(usize::MAX, usize::from),
            _ => return Err(ChainError::NotAuthority { subject }),
        };
        if below > room {
            return Err(ChainError::NotAuthority { subject });
        }
        let usage = authority.key_usage()?;
        if usage.as_ref().is_some_and(|usage| !usage.key_cert_sign()) {
            return Err(ChainError::Usage {
                subject,
                purpose: "issuing",
            });
        }
        let key = authority.public_key()?;
        if !certificate.signed_by(&key) {
            return Err(ChainError::Signature {
                subject: certificate.subject(),
                issuer: subject,
            });
        }
        let name = authority.inner().tbs_certificate().subject();
        let mut lists = self.revocation_lists.iter();
        let Some(list) = lists.find(|list| list.is_of(name)) else {
            return Ok(false);
        };
        let may_sign = usage.as_ref().is_none_or(KeyUsage::crl_sign);
        if !may_sign || !list.is_right(&key, now) {
            return Err(ChainError::List { issuer: list.issuer() });
        }
        match list.revoked(certificate) {
            Some(since) => Err(ChainError::Revoked {
                subject: certificate.subject(),
                since,
            }),
            None => Ok(true),
        }
    }
}

/// Dates and critical extensions.
fn usable(certificate: &Certificate, now: Timestamp) -> Result<(), ChainError> {
    let subject = || certificate.subject();
    if now < certificate.not_before() {
        let from = certificate.not_before();
        return Err(ChainError::NotYet {
            subject: subject(),
            from,
        });
    }
    if now > certificate.not_after() {
        let until = certificate.not_after();
        return Err(ChainError::Expired {
            subject: subject(),
            until,
        });
    }
    let extensions = certificate
        .inner()
        .tbs_certificate()
        .extensions()
        .map(Vec::as_slice)
        .unwrap_or_default();
    for extension in extensions.iter().filter(|extension| extension.critical) {
        let extension = extension.extn_id.to_string();
        if !UNDERSTOOD.contains(&extension.as_str()) {
            return Err(ChainError::Critical {
                subject: subject(),
                extension,
            });
        }
    }
    Ok(())
}

//! A certification authority: its key, its certificate, and what it issues.

use super::error::CaError;
use super::material::{ToBeSigned, authority_key, der_error, extension, serial_number, sign, subject_key, time};
use card_model::profile::KeyPair;
use card_model::sm2::{PrivateKey, PublicKey};
use der::asn1::Uint;
use der::oid::AssociatedOid;
use jiff::{Span, Timestamp, tz::TimeZone};
use rand_core::Rng;
use reader::certificate::FormatError;
use reader::certificate::blob::EnvelopedKey;
use reader::certificate::chain::RevocationList;
use reader::certificate::request::Request;
use reader::certificate::x509::{Certificate, public_key_info, signature_algorithm};
use x509_cert::Version as ListVersion;
use x509_cert::certificate::Version;
use x509_cert::crl::{RevokedCert, TbsCertList};
use x509_cert::ext::pkix::{BasicConstraints, CrlNumber, KeyUsage, KeyUsages};
use x509_cert::name::Name;
use x509_cert::serial_number::SerialNumber;
use x509_cert::time::Validity;

/// From when to when a certificate is valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lifetime {
    /// First second.
    pub from: Timestamp,
    /// Last second.
    pub until: Timestamp,
}

impl Lifetime {
    /// Some years from a moment on.
    ///
    /// # Errors
    /// A year that the calendar does not have.
    pub fn years(from: Timestamp, years: i16) -> Result<Self, CaError> {
        let until = from.to_zoned(TimeZone::UTC).checked_add(Span::new().years(years));
        Ok(Self {
            from,
            until: until.map_err(|_| CaError::Date)?.timestamp(),
        })
    }

    fn validity(self) -> Result<Validity, CaError> {
        Ok(Validity::new(time(self.from)?, time(self.until)?))
    }
}

/// A certificate that was taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revocation {
    /// Serial number, big endian.
    pub serial: Vec<u8>,
    /// Since when.
    pub since: Timestamp,
}

/// An encryption certificate and the key pair that goes into the card with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issued {
    /// The certificate.
    pub certificate: Certificate,
    /// The key pair, readable by the card only.
    pub key: EnvelopedKey,
}

/// A certification authority with its private key. TEST only.
#[derive(Debug, Clone)]
pub struct Authority {
    key: PrivateKey,
    certificate: Certificate,
}

impl Authority {
    /// A root: an authority that signs its own certificate. The name must contain TEST.
    ///
    /// # Errors
    /// A name without TEST, dates out of range, or useless entropy.
    pub fn root(name: &Name, lifetime: Lifetime, entropy: &mut dyn Rng) -> Result<Self, CaError> {
        let key = PrivateKey::generate(entropy).map_err(FormatError::from)?;
        let subject = Subject {
            name,
            key: &key.public_key(),
            usage: Usage::Authority { below: Some(1) },
        };
        let certificate = certify(&key, name, &subject, lifetime, entropy)?;
        Ok(Self { key, certificate })
    }

    /// An authority from its parts.
    ///
    /// # Errors
    /// The key does not belong to the certificate.
    pub fn new(key: PrivateKey, certificate: Certificate) -> Result<Self, CaError> {
        if certificate.public_key()? == key.public_key() {
            Ok(Self { key, certificate })
        } else {
            Err(CaError::OtherKey)
        }
    }

    /// The authority's certificate.
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// The authority's private key; TEST material.
    pub fn key(&self) -> &PrivateKey {
        &self.key
    }

    /// An issuing authority below this one, which may issue certificates for cards only.
    ///
    /// # Errors
    /// As [`Authority::root`].
    pub fn subordinate(&self, name: &Name, lifetime: Lifetime, entropy: &mut dyn Rng) -> Result<Self, CaError> {
        let key = PrivateKey::generate(entropy).map_err(FormatError::from)?;
        let usage = Usage::Authority { below: Some(0) };
        let certificate = self.certify(name, &key.public_key(), usage, lifetime, entropy)?;
        Ok(Self { key, certificate })
    }

    /// A certificate for the signing key of a request. That whoever asks has the private key was checked when the request
    /// was read.
    ///
    /// # Errors
    /// Dates out of range, or useless entropy.
    pub fn issue(&self, request: &Request, lifetime: Lifetime, entropy: &mut dyn Rng) -> Result<Certificate, CaError> {
        let usage = Usage::Card(KeyPair::Signing);
        self.certify(request.subject(), request.public_key(), usage, lifetime, entropy)
    }

    /// An encryption key pair for the holder of a request: made here, certified, and packed for the card's signing key.
    /// Nothing of the private key is kept.
    ///
    /// # Errors
    /// Dates out of range, or useless entropy.
    pub fn issue_encryption(
        &self,
        request: &Request,
        lifetime: Lifetime,
        entropy: &mut dyn Rng,
    ) -> Result<Issued, CaError> {
        let pair = PrivateKey::generate(entropy).map_err(FormatError::from)?;
        let usage = Usage::Card(KeyPair::Encryption);
        let certificate = self.certify(request.subject(), &pair.public_key(), usage, lifetime, entropy)?;
        Ok(Issued {
            certificate,
            key: EnvelopedKey::seal(&pair, request.public_key(), entropy)?,
        })
    }

    /// A revocation list in DER. `number` counts the lists of this authority.
    ///
    /// # Errors
    /// Dates or serial numbers out of range, or useless entropy.
    pub fn revocation_list(
        &self,
        revoked: &[Revocation],
        number: u64,
        lifetime: Lifetime,
        entropy: &mut dyn Rng,
    ) -> Result<Vec<u8>, CaError> {
        let entries = revoked.iter().map(|revocation| {
            Ok(RevokedCert {
                serial_number: <SerialNumber>::new(&revocation.serial).map_err(der_error)?,
                revocation_date: time(revocation.since)?,
                crl_entry_extensions: None,
            })
        });
        let entries = entries.collect::<Result<Vec<_>, CaError>>()?;
        let number = CrlNumber(Uint::new(&number.to_be_bytes()).map_err(der_error)?);
        let list = TbsCertList {
            version: ListVersion::V2,
            signature: signature_algorithm(),
            issuer: self.name().clone(),
            this_update: time(lifetime.from)?,
            next_update: Some(time(lifetime.until)?),
            // An empty list has no such field (RFC 5280 §5.1.2.6).
            revoked_certificates: (!entries.is_empty()).then_some(entries),
            crl_extensions: Some(vec![
                authority_key(&self.key.public_key())?,
                extension(CrlNumber::OID, false, &number)?,
            ]),
        };
        let der = sign(&list, &self.key, entropy)?;
        RevocationList::from_bytes(&der)?;
        Ok(der)
    }

    fn name(&self) -> &Name {
        self.certificate.inner().tbs_certificate().subject()
    }

    fn certify(
        &self,
        name: &Name,
        key: &PublicKey,
        usage: Usage,
        lifetime: Lifetime,
        entropy: &mut dyn Rng,
    ) -> Result<Certificate, CaError> {
        certify(&self.key, self.name(), &Subject { name, key, usage }, lifetime, entropy)
    }
}

/// What a key is certified for.
#[derive(Debug, Clone, Copy)]
enum Usage {
    /// Issuing, with so many authorities below.
    Authority { below: Option<u8> },
    /// One of a card's pairs.
    Card(KeyPair),
}

struct Subject<'a> {
    name: &'a Name,
    key: &'a PublicKey,
    usage: Usage,
}

fn certify(
    signer: &PrivateKey,
    issuer: &Name,
    subject: &Subject<'_>,
    lifetime: Lifetime,
    entropy: &mut dyn Rng,
) -> Result<Certificate, CaError> {
    if !issuer.to_string().contains("TEST") {
        return Err(CaError::NotTest {
            name: issuer.to_string(),
        });
    }
    let (constraints, usage) = match subject.usage {
        Usage::Authority { below } => (
            BasicConstraints {
                ca: true,
                path_len_constraint: below,
            },
            KeyUsages::KeyCertSign | KeyUsages::CRLSign,
        ),
        Usage::Card(KeyPair::Signing) => (
            BasicConstraints {
                ca: false,
                path_len_constraint: None,
            },
            KeyUsages::DigitalSignature | KeyUsages::NonRepudiation,
        ),
        Usage::Card(KeyPair::Encryption) => (
            BasicConstraints {
                ca: false,
                path_len_constraint: None,
            },
            KeyUsages::KeyEncipherment | KeyUsages::DataEncipherment | KeyUsages::KeyAgreement,
        ),
    };
    let to_be_signed = ToBeSigned {
        version: Version::V3,
        serial_number: serial_number(entropy)?,
        signature: signature_algorithm(),
        issuer: issuer.clone(),
        validity: lifetime.validity()?,
        subject: subject.name.clone(),
        subject_public_key_info: public_key_info(subject.key)?,
        extensions: vec![
            extension(BasicConstraints::OID, true, &constraints)?,
            extension(KeyUsage::OID, true, &KeyUsage(usage))?,
            subject_key(subject.key)?,
            authority_key(&signer.public_key())?,
        ],
    };
    Ok(Certificate::from_der(&sign(&to_be_signed, signer, entropy)?)?)
}

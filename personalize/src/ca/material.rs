//! What is signed: certificates and revocation lists in DER.

use super::error::CaError;
use card_model::sm2::{DEFAULT_ID, PrivateKey, PublicKey, sm3};
use der::asn1::{AnyRef, BitString, OctetString};
use der::{DateTime, Decode, Encode, Sequence};
use jiff::Timestamp;
use rand_core::Rng;
use reader::certificate::FormatError;
use reader::certificate::x509::signature_algorithm;
use std::time::Duration;
use x509_cert::certificate::Version;
use x509_cert::ext::pkix::{AuthorityKeyIdentifier, SubjectKeyIdentifier};
use x509_cert::ext::{Extension, Extensions};
use x509_cert::name::Name;
use x509_cert::serial_number::SerialNumber;
use x509_cert::time::{Time, Validity};
use x509_cert::{AlgorithmIdentifier, SubjectPublicKeyInfo};

/// `TBSCertificate` of RFC 5280 §4.1.
#[derive(Sequence)]
pub(super) struct ToBeSigned {
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT")]
    pub version: Version,
    pub serial_number: SerialNumber,
    pub signature: AlgorithmIdentifier,
    pub issuer: Name,
    pub validity: Validity,
    pub subject: Name,
    pub subject_public_key_info: SubjectPublicKeyInfo,
    #[asn1(context_specific = "3", tag_mode = "EXPLICIT")]
    pub extensions: Extensions,
}

/// Something and its signature.
#[derive(Sequence)]
struct Signed<'a> {
    subject: AnyRef<'a>,
    algorithm: AlgorithmIdentifier,
    signature: BitString,
}

pub(super) fn der_error(error: der::Error) -> CaError {
    CaError::Format(FormatError::Der {
        what: "certificate",
        detail: error.to_string(),
    })
}

/// Signs a structure: `SEQUENCE { structure, algorithm, signature }`, the signature as `SEQUENCE { r, s }`.
pub(super) fn sign(structure: &impl Encode, key: &PrivateKey, entropy: &mut dyn Rng) -> Result<Vec<u8>, CaError> {
    let bytes = structure.to_der().map_err(der_error)?;
    let digest = key.public_key().digest(DEFAULT_ID, &bytes);
    let signature = key.sign(&digest, entropy).map_err(FormatError::from)?;
    let signed = Signed {
        subject: AnyRef::from_der(&bytes).map_err(der_error)?,
        algorithm: signature_algorithm(),
        signature: BitString::from_bytes(&signature.to_der()).map_err(der_error)?,
    };
    signed.to_der().map_err(der_error)
}

/// An extension.
pub(super) fn extension(
    oid: der::asn1::ObjectIdentifier,
    critical: bool,
    value: &impl Encode,
) -> Result<Extension, CaError> {
    let value = value.to_der().map_err(der_error)?;
    Ok(Extension {
        extn_id: oid,
        critical,
        extn_value: OctetString::new(value).map_err(der_error)?,
    })
}

/// Identifier of a key: the first 20 bytes of SM3 over the point (RFC 5280 §4.2.1.2 leaves the method open).
fn key_identifier(key: &PublicKey) -> Result<OctetString, CaError> {
    let hash = sm3(&key.to_sec1_bytes());
    OctetString::new(&hash[..20]).map_err(der_error)
}

/// Identifier of the key that a certificate is for.
pub(super) fn subject_key(key: &PublicKey) -> Result<Extension, CaError> {
    use der::oid::AssociatedOid;
    let identifier = SubjectKeyIdentifier(key_identifier(key)?);
    extension(SubjectKeyIdentifier::OID, false, &identifier)
}

/// Identifier of the key that signs.
pub(super) fn authority_key(key: &PublicKey) -> Result<Extension, CaError> {
    use der::oid::AssociatedOid;
    let identifier = AuthorityKeyIdentifier {
        key_identifier: Some(key_identifier(key)?),
        authority_cert_issuer: None,
        authority_cert_serial_number: None,
    };
    extension(AuthorityKeyIdentifier::OID, false, &identifier)
}

/// A random serial number of 16 bytes, positive.
pub(super) fn serial_number(entropy: &mut dyn Rng) -> Result<SerialNumber, CaError> {
    let mut bytes = [0; 16];
    entropy.fill_bytes(&mut bytes);
    // A first byte from 40 to 7F: positive, and never shortened.
    bytes[0] = bytes[0] & 0x3F | 0x40;
    SerialNumber::new(&bytes).map_err(der_error)
}

/// A moment as X.509 has it.
pub(super) fn time(moment: Timestamp) -> Result<Time, CaError> {
    let seconds = u64::try_from(moment.as_second()).map_err(|_| CaError::Date)?;
    let moment = DateTime::from_unix_duration(Duration::from_secs(seconds)).map_err(|_| CaError::Date)?;
    Ok(Time::from(moment))
}

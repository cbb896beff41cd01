//! X.509 with SM2: certificates as they stand in the card and around it. Signatures are checked over the bytes that were
//! signed, never over a second encoding of them.

use super::error::FormatError;
use card_model::sm2::{DEFAULT_ID, PublicKey, Signature};
use der::asn1::{AnyRef, BitString, BitStringRef, ObjectIdentifier};
use der::{Decode, DecodePem, Encode, EncodePem, Sequence};
use jiff::Timestamp;
use x509_cert::ext::pkix::{BasicConstraints, KeyUsage};
use x509_cert::{AlgorithmIdentifier, SubjectPublicKeyInfo};

/// Signature with SM2 over SM3 (GM/T 0006).
pub const SM2_WITH_SM3: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.156.10197.1.501");
/// Public key on an elliptic curve.
pub const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
/// The curve sm2p256v1.
pub const SM2_CURVE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.156.10197.1.301");

/// The algorithm of an SM2 signature, without parameters.
pub fn signature_algorithm() -> AlgorithmIdentifier {
    AlgorithmIdentifier {
        oid: SM2_WITH_SM3,
        parameters: None,
    }
}

/// A parser's or encoder's words.
pub(super) fn der_error(what: &'static str) -> impl Fn(der::Error) -> FormatError {
    move |error| FormatError::Der {
        what,
        detail: error.to_string(),
    }
}

/// A public key as X.509 has it.
///
/// # Errors
/// Never in practice.
pub fn public_key_info(key: &PublicKey) -> Result<SubjectPublicKeyInfo, FormatError> {
    let bytes = key.to_sec1_bytes();
    Ok(SubjectPublicKeyInfo {
        algorithm: AlgorithmIdentifier {
            oid: EC_PUBLIC_KEY,
            parameters: Some(SM2_CURVE.into()),
        },
        subject_public_key: BitString::from_bytes(&bytes).map_err(der_error("key"))?,
    })
}

/// The SM2 key of a public key in X.509.
///
/// # Errors
/// Another kind of key, another curve, or no point of it.
pub fn public_key(info: &SubjectPublicKeyInfo) -> Result<PublicKey, FormatError> {
    let curve = info.algorithm.parameters.as_ref();
    let curve = curve.and_then(|parameters| parameters.decode_as::<ObjectIdentifier>().ok());
    if info.algorithm.oid != EC_PUBLIC_KEY || curve != Some(SM2_CURVE) {
        return Err(FormatError::NotSm2);
    }
    match info.subject_public_key.as_bytes() {
        Some([0x04, key @ ..]) => Ok(PublicKey::from_bytes(key)?),
        _ => Err(FormatError::NotSm2),
    }
}

/// What a certificate, a request and a revocation list have in common: something, and a signature over it.
#[derive(Sequence)]
struct SignedParts<'a> {
    subject: AnyRef<'a>,
    algorithm: x509_cert::spki::AlgorithmIdentifierRef<'a>,
    signature: BitStringRef<'a>,
}

/// A signed structure: the bytes that were signed, and the signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    bytes: Vec<u8>,
    signature: Signature,
}

impl Signed {
    /// Takes a certificate, request or revocation list apart.
    ///
    /// # Errors
    /// Not three parts, or no SM2 signature.
    pub fn from_der(der: &[u8], what: &'static str) -> Result<Self, FormatError> {
        let parts = SignedParts::from_der(der).map_err(der_error(what))?;
        let no_parameters = parts.algorithm.parameters.is_none_or(|parameters| parameters.is_null());
        if parts.algorithm.oid != SM2_WITH_SM3 || !no_parameters {
            return Err(FormatError::NotSm2);
        }
        let signature = parts.signature.as_bytes().ok_or(FormatError::NotSm2)?;
        Ok(Self {
            bytes: parts.subject.to_der().map_err(der_error(what))?,
            signature: Signature::from_der(signature)?,
        })
    }

    /// Whether `key` made the signature, with the usual identifier.
    pub fn signed_by(&self, key: &PublicKey) -> bool {
        key.verify(&key.digest(DEFAULT_ID, &self.bytes), &self.signature)
    }
}

/// A certificate with an SM2 key and an SM2 signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    der: Vec<u8>,
    signed: Signed,
    inner: x509_cert::Certificate,
}

impl Certificate {
    /// Reads DER without anything behind it.
    ///
    /// # Errors
    /// No certificate, or not signed with SM2.
    pub fn from_der(der: &[u8]) -> Result<Self, FormatError> {
        let inner = x509_cert::Certificate::from_der(der).map_err(der_error("certificate"))?;
        Ok(Self {
            der: der.to_vec(),
            signed: Signed::from_der(der, "certificate")?,
            inner,
        })
    }

    /// Reads DER or PEM.
    ///
    /// # Errors
    /// As [`Certificate::from_der`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, FormatError> {
        Self::from_der(&der_or_pem(bytes, "certificate")?)
    }

    /// The bytes.
    pub fn to_der(&self) -> &[u8] {
        &self.der
    }

    /// The certificate in PEM.
    ///
    /// # Errors
    /// Never in practice.
    pub fn to_pem(&self) -> Result<String, FormatError> {
        self.inner
            .to_pem(der::pem::LineEnding::LF)
            .map_err(der_error("certificate"))
    }

    /// The structure, for what has no accessor here.
    pub fn inner(&self) -> &x509_cert::Certificate {
        &self.inner
    }

    /// Subject in the form of RFC 4514.
    pub fn subject(&self) -> String {
        self.inner.tbs_certificate().subject().to_string()
    }

    /// Issuer in the form of RFC 4514.
    pub fn issuer(&self) -> String {
        self.inner.tbs_certificate().issuer().to_string()
    }

    /// Serial number in hex.
    pub fn serial(&self) -> String {
        hex::encode_upper(self.inner.tbs_certificate().serial_number().as_bytes())
    }

    /// First second of validity.
    pub fn not_before(&self) -> Timestamp {
        timestamp(self.inner.tbs_certificate().validity().not_before)
    }

    /// Last second of validity.
    pub fn not_after(&self) -> Timestamp {
        timestamp(self.inner.tbs_certificate().validity().not_after)
    }

    /// The key that the certificate is for.
    ///
    /// # Errors
    /// Not an SM2 key.
    pub fn public_key(&self) -> Result<PublicKey, FormatError> {
        public_key(self.inner.tbs_certificate().subject_public_key_info())
    }

    /// What the key may be used for, if the certificate says so.
    ///
    /// # Errors
    /// The extension is malformed or stands twice.
    pub fn key_usage(&self) -> Result<Option<KeyUsage>, FormatError> {
        let found = self.inner.tbs_certificate().get_extension::<KeyUsage>();
        Ok(found.map_err(der_error("certificate"))?.map(|(_, usage)| usage))
    }

    /// Whether the certificate is a certification authority's, and how many of them may follow below it.
    ///
    /// # Errors
    /// The extension is malformed or stands twice.
    pub fn constraints(&self) -> Result<Option<BasicConstraints>, FormatError> {
        let found = self.inner.tbs_certificate().get_extension::<BasicConstraints>();
        Ok(found
            .map_err(der_error("certificate"))?
            .map(|(_, constraints)| constraints))
    }

    /// Whether `key` signed it.
    pub fn signed_by(&self, key: &PublicKey) -> bool {
        // The algorithm stands twice; the one outside is not signed.
        self.inner.tbs_certificate().signature() == self.inner.signature_algorithm() && self.signed.signed_by(key)
    }
}

/// Seconds of an X.509 time; times out of range are cut to the range.
pub(super) fn timestamp(time: x509_cert::time::Time) -> Timestamp {
    let seconds = i64::try_from(time.to_unix_duration().as_secs()).unwrap_or(i64::MAX);
    Timestamp::from_second(seconds).unwrap_or(Timestamp::MAX)
}

/// DER as it is, or out of PEM, whatever its label.
///
/// # Errors
/// Text that begins like PEM and is none.
pub fn der_or_pem(bytes: &[u8], what: &'static str) -> Result<Vec<u8>, FormatError> {
    let start = bytes.windows(10).position(|window| window == b"-----BEGIN");
    match start {
        Some(start) if bytes.first() != Some(&0x30) => {
            let pem = der::pem::decode_vec(&bytes[start..]);
            let (_, der) = pem.map_err(|error| FormatError::Der {
                what,
                detail: error.to_string(),
            })?;
            Ok(der)
        }
        _ => Ok(bytes.to_vec()),
    }
}

/// A certificate without the bytes behind it: files of the card are filled up with 00.
///
/// # Errors
/// The bytes do not begin with a SEQUENCE that ends within them.
pub fn trim(contents: &[u8]) -> Result<&[u8], FormatError> {
    let length = match *contents {
        [0x30, length @ 0..=0x7F, ..] => 2 + usize::from(length),
        [0x30, 0x81, length, ..] => 3 + usize::from(length),
        [0x30, 0x82, high, low, ..] => 4 + usize::from(u16::from_be_bytes([high, low])),
        _ => 0,
    };
    contents
        .get(..length)
        .filter(|der| !der.is_empty())
        .ok_or_else(|| FormatError::Der {
            what: "certificate",
            detail: String::from("SEQUENCE"),
        })
}

/// Reads a certificate chain or a set of roots: several certificates in one PEM text, or one in DER.
///
/// # Errors
/// One of them is malformed.
pub fn certificates(bytes: &[u8]) -> Result<Vec<Certificate>, FormatError> {
    const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
    let Some(text) = core::str::from_utf8(bytes).ok().filter(|text| text.contains(BEGIN)) else {
        return Certificate::from_der(bytes).map(|certificate| vec![certificate]);
    };
    let parts = text.split(BEGIN).skip(1);
    parts
        .map(|part| {
            let end = part
                .find("-----END CERTIFICATE-----")
                .map_or(part.len(), |end| end + 25);
            let pem = format!("{BEGIN}{}", &part[..end]);
            let inner = x509_cert::Certificate::from_pem(pem).map_err(der_error("certificate"))?;
            Certificate::from_der(&inner.to_der().map_err(der_error("certificate"))?)
        })
        .collect()
}

//! PKCS#10 certification requests whose signature the card makes.

use super::application::CertificateApplication;
use super::error::{CertificateError, FormatError};
use super::x509::{Signed, der_error, der_or_pem, public_key, public_key_info, signature_algorithm};
use card_model::profile::KeyPair;
use card_model::sm2::{PublicKey, Signature};
use der::asn1::{BitString, SetOfVec};
use der::{Decode, Encode, EncodePem};
use std::str::FromStr;
use x509_cert::name::Name;
use x509_cert::request::{CertReq, CertReqInfo, Version};

/// A name in the form of RFC 4514, such as `CN=张三,O=TEST,C=CN`.
///
/// # Errors
/// No such form.
pub fn name(text: &str) -> Result<Name, FormatError> {
    Name::from_str(text)
        .map_err(der_error("name"))
        .and_then(|name| match name.is_empty() {
            true => Err(FormatError::Der {
                what: "name",
                detail: text.to_owned(),
            }),
            false => Ok(name),
        })
}

/// A certification request in DER, with what it asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    der: Vec<u8>,
    inner: CertReq,
    key: PublicKey,
}

impl Request {
    /// Makes a request. `sign` signs the bytes it is given with the private key that belongs to `key`.
    ///
    /// # Errors
    /// Whatever signing ended with.
    pub fn new<E: From<FormatError>>(
        subject: &Name,
        key: &PublicKey,
        sign: impl FnOnce(&[u8]) -> Result<Signature, E>,
    ) -> Result<Self, E> {
        let info = CertReqInfo {
            version: Version::V1,
            subject: subject.clone(),
            public_key: public_key_info(key)?,
            attributes: SetOfVec::new(),
        };
        let signed = info.to_der().map_err(der_error("request"))?;
        let signature = sign(&signed)?;
        // X.509 wants SEQUENCE { r, s } inside the bit string, not r ‖ s.
        let signature = BitString::from_bytes(&signature.to_der()).map_err(der_error("request"))?;
        let inner = CertReq {
            info,
            algorithm: signature_algorithm(),
            signature,
        };
        Ok(Self {
            der: inner.to_der().map_err(der_error("request"))?,
            inner,
            key: *key,
        })
    }

    /// Reads DER or PEM and checks that whoever asks has the private key.
    ///
    /// # Errors
    /// No request, not SM2, or the signature is not right.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, FormatError> {
        let der = der_or_pem(bytes, "request")?;
        let inner = CertReq::from_der(&der).map_err(der_error("request"))?;
        let key = public_key(&inner.info.public_key)?;
        if !Signed::from_der(&der, "request")?.signed_by(&key) {
            return Err(FormatError::Sm2(card_model::sm2::Sm2Error::Signature));
        }
        Ok(Self { der, inner, key })
    }

    /// The bytes.
    pub fn to_der(&self) -> &[u8] {
        &self.der
    }

    /// The request in PEM.
    ///
    /// # Errors
    /// Never in practice.
    pub fn to_pem(&self) -> Result<String, FormatError> {
        self.inner
            .to_pem(der::pem::LineEnding::LF)
            .map_err(der_error("request"))
    }

    /// Who asks.
    pub fn subject(&self) -> &Name {
        &self.inner.info.subject
    }

    /// The key that a certificate is asked for.
    pub fn public_key(&self) -> &PublicKey {
        &self.key
    }
}

impl CertificateApplication<'_> {
    /// A certification request for the signing key, signed by the card. Needs the user PIN.
    ///
    /// # Errors
    /// No key, no PIN, or the card refused.
    pub fn request(&mut self, subject: &Name) -> Result<Request, CertificateError> {
        let key = self
            .public_key(KeyPair::Signing)?
            .ok_or(CertificateError::NoKey { pair: KeyPair::Signing })?;
        Request::new(subject, &key, |message| self.sign(message))
    }
}

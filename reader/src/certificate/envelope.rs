//! Digital envelopes (数字信封) as GM/T 0010 writes them: a message under a fresh SM4 key, and that key under the SM2 key of the
//! receiver's certificate.
//!
//! The SM4 key is the only part that the card opens, so a message may have any length.

use super::cipher;
use super::error::FormatError;
use super::x509::{Certificate, der_error};
use card_model::sm2::Sm2Error;
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit};
use der::asn1::{AnyRef, ObjectIdentifier, OctetStringRef};
use der::{Decode, Encode, Reader, Sequence, SliceReader, Tag, TagNumber, Tagged};
use rand_core::Rng;
use sm4::Sm4;
use zeroize::Zeroizing;

/// Content type "enveloped data" (GM/T 0010 §4).
const ENVELOPED: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.156.10197.6.1.4.2.3");
/// Content type "data".
const DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.156.10197.6.1.4.2.1");
/// Encryption with SM2 (GM/T 0006).
const SM2_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.156.10197.1.301.3");
/// SM4 in CBC, with the initial value as parameter.
const SM4_CBC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.156.10197.1.104.2");
/// SM4 without a mode; writers that use it mean CBC if there is an initial value.
const SM4: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.156.10197.1.104");

/// Version of the syntax, of the envelope and of each receiver.
const VERSION: u8 = 1;
const BLOCK: usize = 16;

/// `ContentInfo`; the content stands under an explicit tag 0.
#[derive(Sequence)]
struct ContentInfo<'a> {
    content_type: ObjectIdentifier,
    content: AnyRef<'a>,
}

/// `EnvelopedData`; the set of receivers is taken apart by hand.
#[derive(Sequence)]
struct EnvelopedData<'a> {
    version: u8,
    receivers: AnyRef<'a>,
    content: EncryptedContent<'a>,
}

/// `RecipientInfo`.
#[derive(Sequence)]
struct Receiver<'a> {
    version: u8,
    certificate: CertificateName<'a>,
    algorithm: x509_cert::spki::AlgorithmIdentifierRef<'a>,
    key: &'a OctetStringRef,
}

/// `IssuerAndSerialNumber`, compared as bytes.
#[derive(Sequence)]
struct CertificateName<'a> {
    issuer: AnyRef<'a>,
    serial: AnyRef<'a>,
}

/// `EncryptedContentInfo`; the cipher text stands under an implicit tag 0.
#[derive(Sequence)]
struct EncryptedContent<'a> {
    content_type: ObjectIdentifier,
    algorithm: x509_cert::spki::AlgorithmIdentifierRef<'a>,
    content: AnyRef<'a>,
}

/// An envelope for one certificate, still closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// The SM4 key for the receiver's SM2 key: `X ‖ Y ‖ C3 ‖ C2`.
    key: Vec<u8>,
    initial: [u8; BLOCK],
    cipher: Vec<u8>,
}

/// Puts a message into an envelope for the holder of a certificate; gives it in DER.
///
/// # Errors
/// The certificate has no SM2 key, or the entropy is useless.
pub fn seal(receiver: &Certificate, message: &[u8], entropy: &mut dyn Rng) -> Result<Vec<u8>, FormatError> {
    let mut session = Zeroizing::new([0; BLOCK]);
    entropy.fill_bytes(&mut *session);
    let mut initial = [0; BLOCK];
    entropy.fill_bytes(&mut initial);
    let key = receiver.public_key()?.encrypt(&*session, entropy)?;
    let key = cipher::to_der(&key)?;
    let content = encrypt(&session, &initial, message);
    encode(receiver, &key, &initial, &content).map_err(der_error("envelope"))
}

fn encode(receiver: &Certificate, key: &[u8], initial: &[u8], content: &[u8]) -> der::Result<Vec<u8>> {
    let certificate = receiver.inner().tbs_certificate();
    let (issuer, serial) = (certificate.issuer().to_der()?, certificate.serial_number().to_der()?);
    let receiver = Receiver {
        version: VERSION,
        certificate: CertificateName {
            issuer: AnyRef::from_der(&issuer)?,
            serial: AnyRef::from_der(&serial)?,
        },
        algorithm: x509_cert::spki::AlgorithmIdentifierRef {
            oid: SM2_ENCRYPTION,
            parameters: None,
        },
        key: OctetStringRef::new(key)?,
    };
    let receivers = receiver.to_der()?;
    let enveloped = EnvelopedData {
        version: VERSION,
        receivers: AnyRef::new(Tag::Set, &receivers)?,
        content: EncryptedContent {
            content_type: DATA,
            algorithm: x509_cert::spki::AlgorithmIdentifierRef {
                oid: SM4_CBC,
                parameters: Some(AnyRef::new(Tag::OctetString, initial)?),
            },
            content: AnyRef::new(tag_0(false), content)?,
        },
    };
    let enveloped = enveloped.to_der()?;
    let whole = ContentInfo {
        content_type: ENVELOPED,
        content: AnyRef::new(tag_0(true), &enveloped)?,
    };
    whole.to_der()
}

/// The tag `[0]`.
const fn tag_0(constructed: bool) -> Tag {
    Tag::ContextSpecific {
        constructed,
        number: TagNumber(0),
    }
}

impl Envelope {
    /// Reads an envelope in DER, with SM2 and SM4 in CBC. Of several receivers the one that `certificate` names is taken;
    /// without a certificate, or if none of them is meant, the first.
    ///
    /// # Errors
    /// No envelope, or one with other algorithms.
    pub fn from_der(der: &[u8], certificate: Option<&Certificate>) -> Result<Self, FormatError> {
        let named = match certificate {
            Some(certificate) => Some(name_of(certificate).map_err(der_error("envelope"))?),
            None => None,
        };
        let whole = ContentInfo::from_der(der).map_err(der_error("envelope"))?;
        if whole.content_type != ENVELOPED || whole.content.tag() != tag_0(true) {
            return Err(other_kind("type"));
        }
        let enveloped = EnvelopedData::from_der(whole.content.value()).map_err(der_error("envelope"))?;
        let content = &enveloped.content;
        let initial = content.algorithm.parameters.map(|parameters| parameters.value());
        let initial: Option<[u8; BLOCK]> = initial.and_then(|value| value.try_into().ok());
        let right = [SM4_CBC, SM4].contains(&content.algorithm.oid) && content.content.tag() == tag_0(false);
        let Some(initial) = initial.filter(|_| right) else {
            return Err(other_kind("SM4-CBC"));
        };
        if enveloped.receivers.tag() != Tag::Set {
            return Err(other_kind("SET"));
        }
        let key = key_for(enveloped.receivers.value(), named.as_deref()).map_err(der_error("envelope"))?;
        Ok(Self {
            key: cipher::from_bytes(&key)?,
            initial,
            cipher: content.content.value().to_vec(),
        })
    }

    /// What the card opens: the SM4 key under the receiver's SM2 key, `X ‖ Y ‖ C3 ‖ C2`.
    pub fn encrypted_key(&self) -> &[u8] {
        &self.key
    }

    /// The message, with the key that was opened.
    ///
    /// # Errors
    /// The key is none of SM4, or not the one of this message.
    pub fn open(&self, key: &[u8]) -> Result<Zeroizing<Vec<u8>>, FormatError> {
        let wrong = || FormatError::Sm2(Sm2Error::CipherText);
        let key: &[u8; BLOCK] = key.try_into().map_err(|_| wrong())?;
        decrypt(key, &self.initial, &self.cipher).ok_or_else(wrong)
    }
}

/// `IssuerAndSerialNumber` of a certificate.
fn name_of(certificate: &Certificate) -> der::Result<Vec<u8>> {
    let inner = certificate.inner().tbs_certificate();
    Ok([inner.issuer().to_der()?, inner.serial_number().to_der()?].concat())
}

/// The encrypted key of the receiver with this name, or of the first one.
fn key_for(receivers: &[u8], named: Option<&[u8]>) -> der::Result<Vec<u8>> {
    let mut reader = SliceReader::new(receivers)?;
    let mut first = None;
    while !reader.is_finished() {
        let receiver = Receiver::decode(&mut reader)?;
        let name = [
            receiver.certificate.issuer.to_der()?,
            receiver.certificate.serial.to_der()?,
        ]
        .concat();
        if named.is_some_and(|named| named == name) {
            return Ok(receiver.key.as_bytes().to_vec());
        }
        first.get_or_insert_with(|| receiver.key.as_bytes().to_vec());
    }
    first.ok_or_else(|| {
        der::ErrorKind::Incomplete {
            expected_len: der::Length::ONE,
            actual_len: der::Length::ZERO,
        }
        .into()
    })
}

fn other_kind(detail: &str) -> FormatError {
    FormatError::Der {
        what: "envelope",
        detail: detail.to_owned(),
    }
}

/// SM4 in CBC with the padding of PKCS #7.
fn encrypt(key: &[u8; BLOCK], initial: &[u8; BLOCK], message: &[u8]) -> Vec<u8> {
    cbc::Encryptor::<Sm4>::new(key.into(), initial.into()).encrypt_padded_vec::<Pkcs7>(message)
}

/// `None` for another length than whole blocks, or a wrong padding.
fn decrypt(key: &[u8; BLOCK], initial: &[u8; BLOCK], cipher: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(cipher.to_vec());
    let decryptor = cbc::Decryptor::<Sm4>::new(key.into(), initial.into());
    let length = decryptor.decrypt_padded::<Pkcs7>(&mut bytes).ok()?.len();
    bytes.truncate(length);
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::super::tests::Counted;
    use super::*;
    use proptest::prelude::*;

    /// GB/T 17964 has no vector with this padding; the first block with the initial value 0 is the one of GB/T 32907.
    #[test]
    fn the_first_block_is_that_of_the_standard() {
        let key: [u8; 16] = core::array::from_fn(|i| {
            [
                0x01, 0x23, 0x45, 0x67, 0x89, 0xAB, 0xCD, 0xEF, 0xFE, 0xDC, 0xBA, 0x98, 0x76, 0x54, 0x32, 0x10,
            ][i]
        });
        let cipher = encrypt(&key, &[0; BLOCK], &key);
        assert_eq!(hex::encode_upper(&cipher[..16]), "681EDF34D206965E86B3E94F536E4246");
        assert_eq!(cipher.len(), 32, "a whole block of padding");
    }

    #[test]
    fn wrong_paddings() {
        let key = [7; 16];
        let whole = encrypt(&key, &[1; BLOCK], b"message");
        assert_eq!(
            decrypt(&key, &[1; BLOCK], &whole).expect("right").as_slice(),
            b"message"
        );
        assert!(decrypt(&key, &[1; BLOCK], &whole[..15]).is_none());
        assert!(decrypt(&key, &[1; BLOCK], &[]).is_none());
        // The last byte of the first block is masked by the initial value, which nobody protects.
        let mut initial = [1; BLOCK];
        initial[15] ^= 0xFF;
        assert!(decrypt(&key, &initial, &whole).is_none());
    }

    proptest! {
        #[test]
        fn messages_come_back(message in prop::collection::vec(any::<u8>(), 0..200), seed: u64) {
            let mut entropy = Counted(seed);
            let mut key = [0; 16];
            entropy.fill_bytes(&mut key);
            let cipher = encrypt(&key, &[3; BLOCK], &message);
            prop_assert_eq!(cipher.len(), message.len() / BLOCK * BLOCK + BLOCK);
            let plain = decrypt(&key, &[3; BLOCK], &cipher).expect("right");
            prop_assert_eq!(plain.as_slice(), message.as_slice());
        }

        #[test]
        fn any_bytes_are_taken_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            prop_assert!(Envelope::from_der(&bytes, None).is_err());
        }
    }
}

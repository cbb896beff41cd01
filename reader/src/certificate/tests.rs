//! The formats around the certificate application, without a card.

use super::blob::{EnvelopedKey, LENGTH};
use super::chain::RevocationList;
use super::request::{Request, name};
use super::x509::{Certificate, certificates, der_or_pem, signature_algorithm, trim};
use super::{FormatError, cipher};
use card_model::sm2::{PrivateKey, Signature};
use der::Encode;
use proptest::prelude::*;
use rand_core::TryRng;

/// Repeatable entropy: a counter that is hashed.
pub(super) struct Counted(pub u64);

impl TryRng for Counted {
    type Error = core::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_be_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_be_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
        for chunk in bytes.chunks_mut(32) {
            self.0 += 1;
            chunk.copy_from_slice(&card_model::sm2::sm3(&self.0.to_be_bytes())[..chunk.len()]);
        }
        Ok(())
    }
}

fn keys() -> (PrivateKey, PrivateKey) {
    let mut entropy = Counted(1);
    let mut key = || PrivateKey::generate(&mut entropy).expect("a key");
    (key(), key())
}

/// The offsets of `spec/commands.md` §8, which counts characters of hex.
#[test]
fn enveloped_key_has_its_fields_where_the_sheet_says() {
    let (pair, card) = keys();
    let sealed = EnvelopedKey::seal(&pair, &card.public_key(), &mut Counted(9)).expect("sealed");
    let bytes = sealed.to_bytes().expect("whole");
    assert_eq!(bytes.len(), LENGTH);
    let text = hex::encode(&bytes);
    let at = |offset: usize, length: usize| &text[offset..offset + 2 * length];
    let public = pair.public_key().to_bytes();
    assert_eq!(at(88, 32), hex::encode(sealed.private));
    assert_eq!(at(224, 32), hex::encode(&public[..32]));
    assert_eq!(at(352, 32), hex::encode(&public[32..]));
    assert_eq!(at(480, 32), hex::encode(&sealed.envelope[..32]));
    assert_eq!(at(608, 32), hex::encode(&sealed.envelope[32..64]));
    assert_eq!(at(672, 32), hex::encode(&sealed.envelope[64..96]));
    assert_eq!(at(744, 16), hex::encode(&sealed.envelope[96..]));
    assert_eq!(EnvelopedKey::from_bytes(&bytes), Ok(sealed.clone()));
    let session = card.decrypt(&sealed.envelope).expect("for this card");
    assert_eq!(session.len(), 16);
    for at in [0, 4, 8, 76, 368, LENGTH] {
        let mut wrong = bytes.clone();
        match wrong.get_mut(at) {
            Some(byte) => *byte ^= 0x10,
            None => wrong.push(0),
        }
        assert_eq!(EnvelopedKey::from_bytes(&wrong), Err(FormatError::Blob), "offset {at}");
    }
}

#[test]
fn a_request_proves_its_key() {
    let (key, other) = keys();
    let subject = name("CN=张三,O=TEST,C=CN").expect("a name");
    let sign = |key: &PrivateKey, message: &[u8]| -> Result<Signature, FormatError> {
        let digest = key.public_key().digest(card_model::sm2::DEFAULT_ID, message);
        Ok(key.sign(&digest, &mut Counted(4))?)
    };
    let request = Request::new(&subject, &key.public_key(), |message| sign(&key, message)).expect("a request");
    assert_eq!(Request::from_bytes(request.to_der()).as_ref(), Ok(&request));
    let pem = request.to_pem().expect("PEM");
    assert!(pem.starts_with("-----BEGIN CERTIFICATE REQUEST-----"));
    assert_eq!(Request::from_bytes(pem.as_bytes()).as_ref(), Ok(&request));
    assert!(request.subject().to_string().contains("张三"));
    let forged = Request::new(&subject, &key.public_key(), |message| sign(&other, message)).expect("signed by another");
    assert!(matches!(Request::from_bytes(forged.to_der()), Err(FormatError::Sm2(_))));
    for text in ["", "CN", "CN=,=", "张三"] {
        assert!(name(text).is_err(), "{text:?}");
    }
}

#[test]
fn filled_up_certificates_are_trimmed() {
    let der = |length: usize| {
        let mut bytes = match length {
            0..=0x7F => vec![0x30, length as u8],
            0x80..=0xFF => vec![0x30, 0x81, length as u8],
            _ => vec![0x30, 0x82, (length >> 8) as u8, length as u8],
        };
        bytes.resize(bytes.len() + length, 0x55);
        bytes
    };
    for length in [0, 1, 0x7F, 0x80, 0xFF, 0x100, 700] {
        let whole = der(length);
        let mut filled = whole.clone();
        filled.resize(1024, 0);
        assert_eq!(trim(&filled), Ok(&whole[..]));
        assert_eq!(trim(&whole), Ok(&whole[..]));
        assert!(length == 0 || trim(&whole[..whole.len() - 1]).is_err(), "cut short");
    }
    for bytes in [&[][..], &[0], &[0x31, 0], &[0x30], &[0x30, 0x82, 1]] {
        assert!(trim(bytes).is_err(), "{bytes:02X?}");
    }
}

#[test]
fn cipher_texts_in_both_forms() {
    let (key, _) = keys();
    let raw = key.public_key().encrypt(b"text", &mut Counted(2)).expect("encrypted");
    let der = cipher::to_der(&raw).expect("DER");
    assert_eq!(cipher::from_bytes(&der), Ok(raw.clone()));
    assert_eq!(cipher::from_bytes(&raw), Ok(raw.clone()));
    assert!(cipher::to_der(&raw[..96]).is_err() && cipher::from_bytes(&raw[..96]).is_err());
    let mut leading = raw;
    leading[0] = 0;
    leading[32] = 0;
    let der = cipher::to_der(&leading).expect("DER");
    assert_eq!(cipher::from_bytes(&der), Ok(leading), "leading zeros come back");
}

/// A list with an extension, signed.
fn list(key: &PrivateKey, critical: bool) -> RevocationList {
    let moment = |text: &str| {
        let time: der::DateTime = text.parse().expect("a time");
        x509_cert::time::Time::from(time)
    };
    let extension = x509_cert::ext::Extension {
        // Issuing distribution point: the list says something of some certificates only.
        extn_id: der::asn1::ObjectIdentifier::new_unwrap("2.5.29.28"),
        critical,
        extn_value: der::asn1::OctetString::new([0x30, 0x00]).expect("short"),
    };
    let content = x509_cert::crl::TbsCertList::<x509_cert::certificate::Rfc5280> {
        version: x509_cert::Version::V2,
        signature: signature_algorithm(),
        issuer: name("CN=TEST").expect("a name"),
        this_update: moment("2026-11-01T00:00:00Z"),
        next_update: Some(moment("2026-12-01T00:00:00Z")),
        revoked_certificates: None,
        crl_extensions: Some(vec![extension]),
    };
    let digest = key
        .public_key()
        .digest(card_model::sm2::DEFAULT_ID, &content.to_der().expect("DER"));
    let signature = key.sign(&digest, &mut Counted(6)).expect("signed");
    let signed = x509_cert::crl::CertificateList {
        tbs_cert_list: content,
        signature_algorithm: signature_algorithm(),
        signature: der::asn1::BitString::from_bytes(&signature.to_der()).expect("bits"),
    };
    RevocationList::from_bytes(&signed.to_der().expect("DER")).expect("a list")
}

#[test]
fn a_list_counts_whole_in_time_and_signed() {
    let (key, other) = keys();
    let now = "2026-11-21T00:00:00Z".parse().expect("a moment");
    let late = "2026-12-02T00:00:00Z".parse().expect("a moment");
    assert!(list(&key, false).is_right(&key.public_key(), now));
    assert!(!list(&key, false).is_right(&key.public_key(), late));
    assert!(!list(&key, false).is_right(&other.public_key(), now));
    assert!(
        !list(&key, true).is_right(&key.public_key(), now),
        "a part of another list"
    );
}

proptest! {
    #[test]
    fn any_bytes_from_outside(bytes in proptest::collection::vec(any::<u8>(), 0..600), der in any::<bool>()) {
        let bytes = if der { [&[0x30, 0x82, 2, 0][..], &bytes].concat() } else { bytes };
        let _ = Certificate::from_bytes(&bytes);
        let _ = Request::from_bytes(&bytes);
        let _ = RevocationList::from_bytes(&bytes);
        let _ = EnvelopedKey::from_bytes(&bytes);
        let _ = trim(&bytes);
        let _ = certificates(&bytes);
        if let Ok(raw) = cipher::from_bytes(&bytes) {
            prop_assert!(raw.len() >= 96);
        }
    }

    #[test]
    fn any_text_as_pem(text in "(-----BEGIN [A-Z ]{0,12}-----)?[\\n A-Za-z0-9+/=-]{0,200}(-----END CERTIFICATE-----)?") {
        let _ = der_or_pem(text.as_bytes(), "certificate");
        let _ = certificates(text.as_bytes());
        let _ = name(&text);
    }

    /// A real request with some bytes changed: parsed or refused, never a panic, and never another content under the same
    /// signature.
    #[test]
    fn damaged_requests(position in any::<usize>(), value in any::<u8>()) {
        let (key, _) = keys();
        let subject = name("CN=TEST,C=CN").expect("a name");
        let request = Request::new(&subject, &key.public_key(), |message| {
            let digest = key.public_key().digest(card_model::sm2::DEFAULT_ID, message);
            key.sign(&digest, &mut Counted(4)).map_err(FormatError::from)
        }).expect("a request");
        let mut der = request.to_der().to_vec();
        let position = position % der.len();
        der[position] = value;
        if let Ok(read) = Request::from_bytes(&der) {
            prop_assert_eq!((read.subject(), read.public_key()), (request.subject(), request.public_key()));
        }
    }
}

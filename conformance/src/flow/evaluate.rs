//! Values of expressions.

use super::certificate::certificate;
use super::expression::{Expression, KeyName, PinKind};
use super::play::Player;
use crate::ConformanceError;
use card_model::profile::{KeyDefinition, Located};
use card_model::secret::Pin;
use card_model::sm2::{PublicKey, sm3};
use reader::certificate::pins::{cryptogram, message};
use reader::security::{AccountHost, KeyReference, SecurityModuleError};

/// Identifier of a signer where none is agreed (GM/T 0009).
const STANDARD_IDENTIFIER: &[u8] = b"1234567812345678";

impl<'a> Player<'_, 'a> {
    /// The bytes of a value.
    ///
    /// # Errors
    /// Security module failed, a reference does not exist in the profile, or the value cannot be made of what the card
    /// answered ([`ConformanceError::NoValue`]).
    pub fn value(&mut self, expression: &Expression) -> Result<Vec<u8>, ConformanceError> {
        Ok(match expression {
            Expression::Bytes(bytes) => bytes.clone(),
            Expression::Recall(name) => self.recall(name)?.to_vec(),
            Expression::Joined(parts) => self.joined(parts)?,
            Expression::Prefixed(parts) => {
                let inside = self.joined(parts)?;
                let length = u8::try_from(inside.len()).map_err(|_| no_value("more than 255 bytes in brackets"))?;
                [&[length], &inside[..]].concat()
            }
            Expression::Fid(path) => self.fid(path)?.to_be_bytes().to_vec(),
            Expression::Name(df) => self.dedicated_file(df)?.name.clone(),
            Expression::Sfi { path, mode } => vec![self.located(path)?.file.sfi << 3 | mode],
            Expression::BinarySfi(path) => vec![0x80 | self.located(path)?.file.sfi],
            Expression::Directory(df) => {
                let sfi = self.dedicated_file(df)?.directory_sfi;
                vec![sfi.ok_or_else(|| unknown(&format!("directory of {df}")))?]
            }
            Expression::Algorithm => vec![self.profile().algorithm.identifier()],
            Expression::Tag(path) => vec![self.tag(path)?],
            Expression::Length(path) => vec![u8::try_from(self.element_length(path)?).map_err(|_| unknown(path))?],
            Expression::RecordLength(path) => {
                let located = self.located(path)?;
                let length = match located.element {
                    Some(element) => Some(element.length + 2),
                    None => located.file.record_length(),
                };
                let length = length.and_then(|length| u8::try_from(length).ok());
                vec![length.ok_or_else(|| unknown(path))?]
            }
            Expression::KeyId(name) => vec![self.key_id(name)?],
            Expression::Pin(kind) => pin(self.pin()?, *kind),
            Expression::CertificateProof { pin, challenge } => {
                let challenge = self.value(challenge)?;
                cryptogram(self.terminal.certificate_pin(pin)?, &challenge)
            }
            Expression::CertificatePin(name) => self.terminal.certificate_pin(name)?.expose().to_vec(),
            Expression::CertificateMessage {
                under,
                challenge,
                header,
                plain,
            } => {
                let (challenge, header) = (self.value(challenge)?, self.value(header)?);
                let header = fixed::<4>(&header, "a header of four bytes")?;
                let plain = plain.as_ref().map(|plain| self.value(plain)).transpose()?;
                let data = message(
                    header,
                    self.terminal.certificate_pin(under)?,
                    &challenge,
                    plain.as_deref(),
                );
                let length = u8::try_from(data.len()).map_err(|_| no_value("more than 255 bytes"))?;
                [&header[..], &[length], &data].concat()
            }
            Expression::Authentication { key, factor, source } => self.authentication(key, factor, source)?,
            Expression::Secure {
                key,
                challenge,
                header,
                plain,
            } => self.secure(key, challenge, header, plain.as_deref())?,
            Expression::Mac { key, factor, data } => {
                let (factor, data) = (self.value(factor)?, self.value(data)?);
                let (reference, card) = (self.key_reference(key)?, self.terminal.subject.identity);
                self.host()?.session_mac(reference, card, &factor, &data)?.to_vec()
            }
            Expression::TransactionCode { key, data } => {
                let data = self.value(data)?;
                let (reference, card) = (self.key_reference(key)?, self.terminal.subject.identity);
                self.host()?.transaction_code(reference, card, &data)?.to_vec()
            }
            Expression::IdentificationCode { key, data } => {
                let first = fixed::<12>(
                    &self.value(data)?,
                    "the first twelve bytes of a card identification code",
                )?;
                let (reference, card) = (self.key_reference(key)?, self.terminal.subject.identity);
                let code = self
                    .terminal
                    .module()
                    .identification_code_mac(reference, card, &first)?;
                code.to_vec()
            }
            Expression::Sm3(of) => sm3(&self.value(of)?).to_vec(),
            Expression::Sm2Digest { key, message } => {
                let (key, message) = (self.value(key)?, self.value(message)?);
                let key = PublicKey::from_bytes(&key).map_err(|error| no_value(&error.to_string()))?;
                key.digest(STANDARD_IDENTIFIER, &message).to_vec()
            }
            Expression::CertificateKey(of) => {
                let certificate = certificate(&self.value(of)?).map_err(|fault| no_value(&fault))?;
                let key = certificate.public_key().map_err(|error| no_value(&error.to_string()))?;
                key.to_bytes().to_vec()
            }
            Expression::Xor(a, b) => {
                let (mut a, b) = (self.value(a)?, self.value(b)?);
                a.iter_mut().rev().zip(b.iter().rev()).for_each(|(a, b)| *a ^= b);
                a
            }
            Expression::Slice { of, from, to } => {
                let bytes = self.value(of)?;
                let part = bytes.get(*from..to.unwrap_or(bytes.len()));
                part.ok_or_else(|| no_value(&format!("{} bytes are too few", bytes.len())))?
                    .to_vec()
            }
            Expression::Add(of, amount) => add(self.value(of)?, *amount),
            Expression::Repeat(times, of) => self.value(of)?.repeat(*times),
            Expression::Size(of) => {
                let size = self.value(of)?.len();
                vec![u8::try_from(size).map_err(|_| no_value("more than 255 bytes"))?]
            }
            Expression::Tlv { of, path } => {
                let data = self.value(of)?;
                find(&data, path)
                    .ok_or_else(|| no_value(&format!("no tag {}", words(path))))?
                    .to_vec()
            }
            Expression::Reset => self.terminal.reset_answer().to_vec(),
            Expression::Identity => self.terminal.subject.identity.historical.to_vec(),
            Expression::Historical => {
                let historical = reader::reset::historical(self.terminal.reset_answer());
                historical.ok_or_else(|| no_value("no 13 historical bytes"))?.to_vec()
            }
        })
    }

    fn joined(&mut self, parts: &[Expression]) -> Result<Vec<u8>, ConformanceError> {
        let mut bytes = Vec::new();
        for part in parts {
            bytes.append(&mut self.value(part)?);
        }
        Ok(bytes)
    }

    fn authentication(
        &mut self,
        key: &KeyName,
        factor: &Expression,
        source: &Expression,
    ) -> Result<Vec<u8>, ConformanceError> {
        let (factor, source) = (self.value(factor)?, self.value(source)?);
        let source = fixed::<8>(&source, "original data of eight bytes")?;
        let (reference, card) = (self.key_reference(key)?, self.terminal.subject.identity);
        let module = self.terminal.module();
        Ok(module.authentication_data(reference, card, &factor, &source)?.to_vec())
    }

    fn secure(
        &mut self,
        key: &KeyName,
        challenge: &Expression,
        header: &Expression,
        plain: Option<&Expression>,
    ) -> Result<Vec<u8>, ConformanceError> {
        let (challenge, header) = (self.value(challenge)?, self.value(header)?);
        let header = fixed::<4>(&header, "a header of four bytes")?;
        let plain = plain.map(|plain| self.value(plain)).transpose()?;
        let (reference, card) = (self.key_reference(key)?, self.terminal.subject.identity);
        let module = self.terminal.module();
        Ok(module.secure_message(reference, card, &challenge, header, plain.as_deref())?)
    }

    fn host(&mut self) -> Result<&mut dyn AccountHost, ConformanceError> {
        let module = self.terminal.module();
        let name = module.describe();
        module.account_host().ok_or_else(|| {
            ConformanceError::Security(SecurityModuleError::Module {
                module: name,
                message: "no host of the medical account".to_owned(),
            })
        })
    }

    fn key_reference(&self, key: &KeyName) -> Result<KeyReference<'a>, ConformanceError> {
        let definition = self.key(key)?;
        Ok(KeyReference {
            definition,
            version: key.version,
        })
    }

    fn key(&self, key: &KeyName) -> Result<&'a KeyDefinition, ConformanceError> {
        let profile = self.profile();
        let found = match key.index {
            None => profile.key(&key.name),
            Some(index) => profile.transaction_key(&key.name, index),
        };
        let unknown = || ConformanceError::UnknownKey { name: key.name.clone() };
        found.map(|(_, definition)| definition).ok_or_else(unknown)
    }

    fn key_id(&self, name: &str) -> Result<u8, ConformanceError> {
        match self.profile().certificate_pin(name) {
            Some(pin) => Ok(pin.id),
            None => Ok(self.key(&KeyName::parse(name).map_err(|_| unknown(name))?)?.id),
        }
    }

    fn fid(&self, path: &str) -> Result<u16, ConformanceError> {
        if path.contains('/') {
            return Ok(self.located(path)?.file.fid);
        }
        Ok(self.dedicated_file(path)?.fid)
    }

    fn tag(&self, path: &str) -> Result<u8, ConformanceError> {
        let located = self.located(path)?;
        let element = located.inner.or(located.element);
        element.and_then(|element| element.tag).ok_or_else(|| unknown(path))
    }

    /// Length of an element's value, of a cyclic file's record or of a transparent file.
    pub(super) fn element_length(&self, path: &str) -> Result<usize, ConformanceError> {
        let located = self.located(path)?;
        let length = match located.inner.or(located.element) {
            Some(element) => usize::from(element.length),
            None => match located.file.record_length() {
                Some(length) => usize::from(length),
                None => usize::try_from(located.file.size()).unwrap_or(usize::MAX),
            },
        };
        Ok(length)
    }

    pub(super) fn located(&self, path: &str) -> Result<Located<'a>, ConformanceError> {
        self.profile().locate(path).map_err(|_| unknown(path))
    }

    /// The card's PIN.
    pub(super) fn pin(&self) -> Result<&'a Pin, ConformanceError> {
        self.terminal.subject.pin.ok_or_else(|| unknown("PIN"))
    }
}

fn unknown(name: &str) -> ConformanceError {
    ConformanceError::UnknownReference { name: name.to_owned() }
}

fn no_value(what: &str) -> ConformanceError {
    ConformanceError::NoValue { what: what.to_owned() }
}

fn fixed<const N: usize>(bytes: &[u8], what: &str) -> Result<[u8; N], ConformanceError> {
    bytes
        .try_into()
        .map_err(|_| no_value(&format!("{} bytes are not {what}", bytes.len())))
}

/// A PIN of the same length: right, wrong in its first digit, or another one in its second digit.
fn pin(right: &Pin, kind: PinKind) -> Vec<u8> {
    let mut packed = right.expose().to_vec();
    if let Some(first) = packed.first_mut() {
        let (high, low) = (*first >> 4, *first & 0x0F);
        *first = match kind {
            PinKind::Right => *first,
            PinKind::Wrong => ((high + 1) % 10) << 4 | low,
            PinKind::Other => high << 4 | ((low + 1) % 10),
        };
    }
    packed
}

fn add(mut bytes: Vec<u8>, amount: i64) -> Vec<u8> {
    let mut carry = i128::from(amount);
    for byte in bytes.iter_mut().rev() {
        let sum = i128::from(*byte) + carry;
        *byte = sum.rem_euclid(256) as u8;
        carry = sum.div_euclid(256);
    }
    bytes
}

fn words(path: &[u16]) -> String {
    let tags: Vec<String> = path.iter().map(|tag| format!("{tag:02X}")).collect();
    tags.join("/")
}

/// The value under a path of tags in BER-TLV data with tags of one or two bytes.
pub(super) fn find<'d>(data: &'d [u8], path: &[u16]) -> Option<&'d [u8]> {
    let Some((wanted, deeper)) = path.split_first() else {
        return Some(data);
    };
    let mut rest = data;
    while !rest.is_empty() {
        let (tag, value, after) = object(rest)?;
        if tag == *wanted
            && let Some(found) = find(value, deeper)
        {
            return Some(found);
        }
        rest = after;
    }
    None
}

fn object(data: &[u8]) -> Option<(u16, &[u8], &[u8])> {
    let (tag, rest) = match *data {
        [first, second, ref rest @ ..] if first & 0x1F == 0x1F => (u16::from_be_bytes([first, second]), rest),
        [first, ref rest @ ..] => (u16::from(first), rest),
        [] => return None,
    };
    let (length, rest) = match *rest {
        [length @ 0..=0x7F, ref rest @ ..] => (usize::from(length), rest),
        [0x81, length, ref rest @ ..] => (usize::from(length), rest),
        [0x82, high, low, ref rest @ ..] => (usize::from(u16::from_be_bytes([high, low])), rest),
        _ => return None,
    };
    let (value, after) = rest.split_at_checked(length)?;
    Some((tag, value, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_objects() {
        assert_eq!(add(vec![0x00, 0xFF], 1), [0x01, 0x00]);
        assert_eq!(add(vec![0x00, 0x00], -1), [0xFF, 0xFF]);
        let fci = hex::decode("6F0A84027378A50488011EFF").expect("hex");
        assert_eq!(find(&fci, &[0x6F, 0xA5, 0x88]), Some(&[0x1E][..]));
        assert_eq!(find(&fci, &[0x6F, 0x9F0C]), None);
        assert_eq!(find(&fci[..5], &[0x6F]), None);
        let other = |kind| pin(&Pin::from_digits("919191").expect("digits"), kind);
        assert_eq!(other(PinKind::Wrong), [0x01, 0x91, 0x91]);
        assert_eq!(other(PinKind::Other), [0x92, 0x91, 0x91]);
    }
}

//! Commands of the certificate application: the coding real writers use (`spec/commands.md` §1.5), and for what no public
//! source shows a coding of our own in its style (`card-model/COS.md`, chapter "Certificate application").

use super::command::MAC;
use crate::apdu::Apdu;
use crate::sm2::{PRIVATE_KEY, PUBLIC_KEY, SIGNATURE};
use crate::status::StatusWord as Sw;

/// Data object: file identifier of a public key file.
const PUBLIC_FILE: u8 = 0xC0;
/// Data object: bytes to work on.
const DATA: u8 = 0xC1;
/// Data object: file identifier of a private key file.
const PRIVATE_FILE: u8 = 0xC2;
/// Data object: signature; ours.
const SIGNATURE_OBJECT: u8 = 0xCC;
/// Data object: public key. It is also the header of a public key file.
pub(super) const PUBLIC: u8 = 0xCA;
/// Data object: private key. It is also the header of a private key file.
pub(super) const PRIVATE: u8 = 0xCB;

/// A command of the certificate application whose form is right.
#[derive(Debug, Clone, Copy)]
pub enum Certificate<'a> {
    /// HASH: SM3.
    Hash { data: &'a [u8] },
    /// VERIFY with a cryptogram under the PIN's key.
    VerifyPin { id: u8, cryptogram: &'a [u8; 16] },
    /// VERIFY with Lc 00: how many tries are left; ours.
    QueryPin { id: u8 },
    /// CHANGE PIN under the old PIN's key.
    ChangePin {
        id: u8,
        cipher: &'a [u8; 16],
        mac: &'a [u8; MAC],
    },
    /// PIN CHANGE/UNBLOCK of the user PIN under the administrator's; ours. Without cipher text only the counter is reset.
    UnblockPin {
        id: u8,
        cipher: Option<&'a [u8; 16]>,
        mac: &'a [u8; MAC],
    },
    /// GENERATE KEY PAIR.
    Generate { public: u16, private: u16 },
    /// EXPORT PUBLIC KEY, first step.
    ExportSelect { public: u16, private: u16 },
    /// EXPORT PUBLIC KEY, second step.
    Export,
    /// DECRYPT: an SM2 envelope.
    Decrypt { private: u16, cipher: &'a [u8] },
    /// ENCRYPT; ours.
    Encrypt {
        key: PublicKeyReference<'a>,
        plain: &'a [u8],
    },
    /// SIGN; ours.
    Sign { private: u16, subject: Subject<'a> },
    /// VERIFY SIGNATURE; ours.
    VerifySignature {
        key: PublicKeyReference<'a>,
        subject: Subject<'a>,
        signature: &'a [u8; SIGNATURE],
    },
    /// LOAD IMPORT KEY.
    LoadImportKey { key: &'a [u8; 16] },
    /// IMPORT PUBLIC KEY.
    ImportPublic { public: u16, key: &'a [u8; PUBLIC_KEY] },
    /// IMPORT PRIVATE KEY.
    ImportPrivate {
        private: u16,
        cipher: &'a [u8; PRIVATE_KEY],
    },
}

/// Where a public key comes from.
#[derive(Debug, Clone, Copy)]
pub enum PublicKeyReference<'a> {
    /// A file of the card.
    File(u16),
    /// The command itself.
    Value(&'a [u8; PUBLIC_KEY]),
}

/// What is signed.
#[derive(Debug, Clone, Copy)]
pub enum Subject<'a> {
    /// e = SM3(ZA ‖ message), computed by the terminal.
    Digest(&'a [u8; 32]),
    /// The message; the card computes ZA with the usual identifier, and e.
    Message(&'a [u8]),
}

impl<'a> Certificate<'a> {
    /// Whether class and instruction belong to the certificate application. VERIFY, CHANGE PIN and PIN CHANGE/UNBLOCK
    /// are told from the social security PIN's by P1 or by the class.
    pub fn is_one(apdu: &Apdu<'_>) -> bool {
        match (apdu.cla(), apdu.ins()) {
            (0x00, 0x20) | (0x84, 0x24) => apdu.p1() == 0x01,
            (0x84, 0x5E) => true,
            (0x80, ins) => Self::is_instruction(ins),
            _ => false,
        }
    }

    /// Instructions that only the certificate application has.
    pub const fn is_instruction(ins: u8) -> bool {
        matches!(ins, 0x40 | 0x48 | 0x4A | 0x4C | 0x4E | 0x50 | 0xC2 | 0xC4 | 0xC9)
    }

    /// Judges P1-P2, lengths and the data objects.
    pub fn parse(apdu: &Apdu<'a>) -> Result<Self, Sw> {
        let mut objects = Objects(apdu.data);
        let [cla, ins, p1, p2, _] = apdu.header;
        let command = match (cla, ins, p1, p2) {
            (0x80, 0xC4, 0x01, 0x03) => Self::Hash {
                data: objects.need(apdu)?.value(DATA)?,
            },
            (0x80, 0x40, 0x00, 0x00) => {
                let (public, private) = objects.exactly(apdu, 0x08)?.pair()?;
                Self::Generate { public, private }
            }
            (0x80, 0xC9, 0x82, 0x00) => {
                let (public, private) = objects.exactly(apdu, 0x08)?.pair()?;
                Self::ExportSelect { public, private }
            }
            (0x80, 0xC9, 0x82, 0x80) => {
                if !apdu.data.is_empty() {
                    return Err(Sw::WRONG_LENGTH);
                }
                Self::Export
            }
            (0x80, 0x4E, 0x00, 0x01) => Self::Decrypt {
                private: objects.need(apdu)?.file(PRIVATE_FILE)?,
                cipher: objects.value(DATA)?,
            },
            (0x80, 0x50, 0x00, 0x01) => Self::Encrypt {
                key: objects.need(apdu)?.public_key()?,
                plain: objects.value(DATA)?,
            },
            (0x80, 0x48, 0x00, form @ (0x01 | 0x02)) => Self::Sign {
                private: objects.need(apdu)?.file(PRIVATE_FILE)?,
                subject: objects.subject(form)?,
            },
            (0x80, 0x4C, 0x00, form @ (0x01 | 0x02)) => Self::VerifySignature {
                key: objects.need(apdu)?.public_key()?,
                subject: objects.subject(form)?,
                signature: objects.array(SIGNATURE_OBJECT)?,
            },
            (0x80, 0x4A, 0x02, 0x10) => Self::LoadImportKey {
                key: objects.exactly(apdu, 0x12)?.array(DATA)?,
            },
            (0x80, 0xC2, 0x40, 0x00) => Self::ImportPublic {
                public: objects.exactly(apdu, 0x46)?.file(PUBLIC_FILE)?,
                key: objects.array(PUBLIC)?,
            },
            (0x80, 0xC2, 0xC0, 0x01) => Self::ImportPrivate {
                private: objects.exactly(apdu, 0x26)?.file(PRIVATE_FILE)?,
                cipher: objects.array(PRIVATE)?,
            },
            (0x00, 0x20, _, id) if is_pin(id) => return verify_pin(apdu, id),
            (0x84, 0x5E, 0x01, id) if is_pin(id) => {
                let (cipher, mac) = secured(apdu)?;
                let cipher = cipher.try_into().map_err(|_| Sw::WRONG_LENGTH)?;
                return Ok(Self::ChangePin { id, cipher, mac });
            }
            (0x84, 0x24, _, id) if is_pin(id) => {
                let (cipher, mac) = secured(apdu)?;
                let cipher = match cipher {
                    [] => None,
                    cipher => Some(cipher.try_into().map_err(|_| Sw::WRONG_LENGTH)?),
                };
                return Ok(Self::UnblockPin { id, cipher, mac });
            }
            _ => return Err(Sw::WRONG_P1P2),
        };
        objects.end().map(|()| command)
    }
}

/// A PIN identifier: bit 8 for a PIN of the current DF, five bits of number.
fn is_pin(id: u8) -> bool {
    id & 0x60 == 0
}

fn verify_pin<'a>(apdu: &Apdu<'a>, id: u8) -> Result<Certificate<'a>, Sw> {
    if apdu.is_bare() {
        return Ok(Certificate::QueryPin { id });
    }
    if apdu.le.is_some() {
        return Err(Sw::WRONG_LENGTH);
    }
    let cryptogram = apdu.data.try_into().map_err(|_| Sw::WRONG_LENGTH)?;
    Ok(Certificate::VerifyPin { id, cryptogram })
}

/// Cipher text and MAC of a secured command.
fn secured<'a>(apdu: &Apdu<'a>) -> Result<(&'a [u8], &'a [u8; MAC]), Sw> {
    if apdu.le.is_some() {
        return Err(Sw::WRONG_LENGTH);
    }
    apdu.data.split_last_chunk().ok_or(Sw::WRONG_LENGTH)
}

/// Data objects `tag length value` in their fixed order; the length in one byte, or `81 xx`, or `82 xx xx`.
struct Objects<'a>(&'a [u8]);

impl<'a> Objects<'a> {
    fn need(&mut self, apdu: &Apdu<'_>) -> Result<&mut Self, Sw> {
        if apdu.data.is_empty() {
            return Err(Sw::WRONG_LENGTH);
        }
        Ok(self)
    }

    fn exactly(&mut self, apdu: &Apdu<'_>, length: usize) -> Result<&mut Self, Sw> {
        if apdu.data.len() != length {
            return Err(Sw::WRONG_LENGTH);
        }
        Ok(self)
    }

    fn value(&mut self, tag: u8) -> Result<&'a [u8], Sw> {
        let (length, rest) = match self.0 {
            [first, 0x82, high, low, rest @ ..] if *first == tag => {
                (usize::from(u16::from_be_bytes([*high, *low])), rest)
            }
            [first, 0x81, length, rest @ ..] if *first == tag => (usize::from(*length), rest),
            [first, length @ 0..=0x7F, rest @ ..] if *first == tag => (usize::from(*length), rest),
            _ => return Err(Sw::WRONG_DATA),
        };
        let (value, rest) = rest.split_at_checked(length).ok_or(Sw::WRONG_DATA)?;
        self.0 = rest;
        Ok(value)
    }

    fn array<const N: usize>(&mut self, tag: u8) -> Result<&'a [u8; N], Sw> {
        self.value(tag)?.try_into().map_err(|_| Sw::WRONG_DATA)
    }

    fn file(&mut self, tag: u8) -> Result<u16, Sw> {
        self.array(tag).copied().map(u16::from_be_bytes)
    }

    fn pair(&mut self) -> Result<(u16, u16), Sw> {
        Ok((self.file(PUBLIC_FILE)?, self.file(PRIVATE_FILE)?))
    }

    fn public_key(&mut self) -> Result<PublicKeyReference<'a>, Sw> {
        match self.0.first() {
            Some(&PUBLIC_FILE) => self.file(PUBLIC_FILE).map(PublicKeyReference::File),
            _ => self.array(PUBLIC).map(PublicKeyReference::Value),
        }
    }

    /// P2 01: a digest; 02: a message.
    fn subject(&mut self, form: u8) -> Result<Subject<'a>, Sw> {
        if form == 0x01 {
            self.array(DATA).map(Subject::Digest)
        } else {
            self.value(DATA).map(Subject::Message)
        }
    }

    fn end(&self) -> Result<(), Sw> {
        if self.0.is_empty() { Ok(()) } else { Err(Sw::WRONG_DATA) }
    }
}

//! Defects by which the card hears something else than the terminal said: a proof that is not checked, a number that is not
//! looked at. The command is rewritten so that the healthy card accepts it.

use super::super::object::{EfStructure, KeyObject, KeyType};
use super::super::session::{Session, Transaction};
use super::super::{Card, command};
use super::account::{self, PROOF_SEQUENCE};
use super::entropy::Nothing;
use super::mac::MacRule;
use crate::apdu::Apdu;
use crate::crypto::{SessionKey, master_cryptogram};
use crate::sm2::sm3;
use serde::Deserialize;

/// What the card does not check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Forge {
    /// MAC of a secured command.
    Mac,
    /// The MAC is made by another rule; one by the standard's rule is refused.
    MacRule(MacRule),
    /// Authentication data of EXTERNAL AUTHENTICATION.
    Proof,
    /// Only the first four bytes of the authentication data are compared.
    ProofBegin,
    /// Authentication data of a 16-byte cipher are the left half of the block, of an 8-byte cipher the bytes in reverse.
    ProofRule,
    /// The key itself is used, no session key.
    ProofWithoutSession,
    /// Key version: a version that the card does not have is taken for 1.
    UnknownVersion,
    /// Key version: every version is taken for 1.
    Version,
    /// PIN of VERIFY.
    Pin,
    /// A PIN that begins as the right one does is accepted, shorter or longer.
    PinBegin,
    /// Old PIN of CHANGE PIN.
    OldPin,
    /// Cryptogram of a PIN of the certificate application.
    CertificatePin,
    /// MAC2 of CREDIT FOR LOAD and MAC1 of DEBIT FOR PURCHASE.
    TransactionMac,
    /// Key index of INITIALIZE: an unknown one is taken for 1.
    UnknownIndex,
    /// Key index of INITIALIZE: each is taken for 1.
    Index,
    /// Sequence number of GET TRANSACTION PROOF.
    ProofSequence,
    /// SIGN hashes the message alone, without Z.
    WithoutZ,
    /// The last byte of the data is stored as 00.
    LastByte,
    /// The oldest record of a cyclic file is number 1.
    OldestFirst,
    /// Record numbers begin with 0: number 2 is the first record, number 1 the first too.
    NumberFromZero,
    /// Le of READ RECORD and READ BINARY: the card always answers what there is.
    Le,
    /// Le 00 of READ RECORD is answered with the record.
    LeZero,
}

impl Forge {
    /// The command that the card hears instead; `None` if the defect does not touch this one.
    pub fn apply(self, card: &Card, command: &[u8]) -> Option<Vec<u8>> {
        let session = card.session.as_deref()?;
        let apdu = Apdu::parse(command)?;
        match self {
            Self::Mac => with_mac(command, &apdu, &Secured::of(card, session, &apdu)?.right()),
            Self::MacRule(rule) => {
                let secured = Secured::of(card, session, &apdu)?;
                let (given, right) = (apdu.data.last_chunk::<{ command::MAC }>()?, secured.right());
                let wanted = rule.mac(&secured.key, &secured.challenge, &apdu.header, secured.data);
                if *given == wanted {
                    with_mac(command, &apdu, &right)
                } else if *given == right {
                    with_mac(command, &apdu, &right.map(|byte| !byte))
                } else {
                    None
                }
            }
            Self::Proof | Self::ProofBegin | Self::ProofRule | Self::ProofWithoutSession => {
                let (key, data) = external_key(card, session, &apdu)?;
                let value = key.key(&card.memory)?;
                let source: &[u8; 8] = data.get(8..16)?.try_into().ok()?;
                let challenge = session.challenge.as_ref()?;
                let session_key = SessionKey::derive(key.algorithm, &value, challenge);
                let right = session_key.authenticate(source);
                let wanted = match self {
                    Self::ProofRule => {
                        let mut block = [0; 16];
                        block[..8].copy_from_slice(source);
                        session_key.encrypt_blocks(&mut block[..session_key.block()]);
                        if session_key.block() == 8 {
                            block[..8].reverse();
                        }
                        core::array::from_fn(|i| block[i])
                    }
                    Self::ProofWithoutSession => SessionKey::direct(key.algorithm, &value).authenticate(source),
                    _ => right,
                };
                let accepted = match self {
                    Self::Proof => true,
                    Self::ProofBegin => data[..4] == right[..4],
                    _ => data[..8] == wanted,
                };
                if accepted {
                    Some(with_data(command, 0, &right))
                } else if data[..8] == right {
                    Some(with_data(command, 0, &right.map(|byte| !byte)))
                } else {
                    None
                }
            }
            Self::UnknownVersion | Self::Version => {
                let version = *apdu.data.get(16)?;
                let unknown = match apdu.ins() {
                    0x82 => external_key(card, session, &apdu).is_none(),
                    _ => {
                        let environment = card.files.environment(session.df);
                        let fits =
                            |key: &KeyObject| key.kind == KeyType::InternalAuthentication && key.version == version;
                        card.find_key(environment, fits).is_none()
                    }
                };
                (self == Self::Version || unknown).then(|| with_data(command, 16, &[1]))
            }
            Self::Pin | Self::PinBegin => {
                let stored = pin(card, session)?;
                let alike = stored.starts_with(apdu.data) || apdu.data.starts_with(stored);
                let accepted = !stored.is_empty() && !apdu.data.is_empty() && (self == Self::Pin || alike);
                accepted.then(|| with_body(&apdu, stored))
            }
            Self::OldPin => {
                let separator = apdu.data.iter().position(|byte| *byte == 0xFF)?;
                Some(with_body(
                    &apdu,
                    &[pin(card, session)?, &apdu.data[separator..]].concat(),
                ))
            }
            Self::CertificatePin => {
                let df = if apdu.p2() & 0x80 == 0 {
                    card.files.environment(session.df)
                } else {
                    session.df
                };
                let index = card.find_key(df, |key| key.kind.is_certificate_pin() && key.id == apdu.p2())?;
                let key = &card.files.keys[index];
                let challenge = session.challenge.as_ref()?;
                let right = master_cryptogram(key.algorithm, &key.key(&card.memory)?, challenge);
                (!apdu.data.is_empty()).then(|| with_data(command, 0, &right))
            }
            Self::TransactionMac => {
                let right = transaction_mac(card, session, &apdu)?;
                with_mac(command, &apdu, &right)
            }
            Self::UnknownIndex | Self::Index => {
                let kind = if apdu.p1() == 0 {
                    KeyType::Load
                } else {
                    KeyType::Purchase
                };
                let index = *apdu.data.first()?;
                let unknown = card
                    .find_key(session.df, |key| key.kind == kind && key.index == index)
                    .is_none();
                (self == Self::Index || unknown).then(|| with_data(command, 0, &[1]))
            }
            Self::ProofSequence => {
                let at = account::amounts(card)? + PROOF_SEQUENCE;
                Some(with_data(command, 0, card.memory.read(at, 2)))
            }
            Self::WithoutZ => {
                let (file, message) = apdu.data.split_at_checked(4)?;
                let message = match message {
                    [0xC1, 0x81, _, message @ ..] | [0xC1, 0..=0x7F, message @ ..] => message,
                    _ => return None,
                };
                let data = [file, &[0xC1, 0x20], &sm3(message)].concat();
                let mut forged = with_body(&apdu, &data);
                forged[3] = 0x01;
                Some(forged)
            }
            Self::LastByte => Some(with_data(command, apdu.data.len().checked_sub(1)?, &[0])),
            Self::OldestFirst => {
                let (ef, number) = (addressed(card, session, &apdu)?, apdu.p1());
                let records = ef.usage(&card.memory).records;
                let cyclic = ef.structure == EfStructure::Cyclic && (1..=records).contains(&number);
                cyclic.then(|| with_p1(command, records + 1 - number))
            }
            Self::NumberFromZero => (apdu.p1() > 1).then(|| with_p1(command, apdu.p1() - 1)),
            Self::Le | Self::LeZero => {
                let [.., le] = command else { return None };
                if self == Self::LeZero && *le != 0 {
                    return None;
                }
                let answer = card.clone().transmit(command, &mut Nothing)?;
                let [0x6C, right] = answer.sw.to_be_bytes() else {
                    return None;
                };
                let mut forged = command.to_vec();
                *forged.last_mut()? = right;
                Some(forged)
            }
        }
    }
}

/// What the MAC of a secured command is made of.
struct Secured<'a> {
    key: SessionKey,
    challenge: Vec<u8>,
    header: [u8; 5],
    data: &'a [u8],
}

impl<'a> Secured<'a> {
    fn of(card: &Card, session: &Session, apdu: &Apdu<'a>) -> Option<Self> {
        let df = match apdu.ins() {
            0x24 | 0x16 => card.files.environment(session.df),
            _ => session.df,
        };
        let key = card.key_of(df, KeyType::SecureMessaging)?;
        let challenge = session.challenge.as_ref()?.to_vec();
        Some(Self {
            key: SessionKey::derive(key.algorithm, &key.key(&card.memory)?, &challenge),
            challenge,
            header: apdu.header,
            data: apdu.data.split_last_chunk::<{ command::MAC }>()?.0,
        })
    }

    fn right(&self) -> [u8; command::MAC] {
        self.key.mac(&self.header, self.data)
    }
}

/// The key that EXTERNAL AUTHENTICATION names, and the data of the command, at least 16 bytes.
fn external_key<'a>(card: &'a Card, session: &Session, apdu: &Apdu<'a>) -> Option<(&'a KeyObject, &'a [u8])> {
    let data = Some(apdu.data).filter(|data| data.len() >= 16)?;
    let (id, version) = (apdu.p2(), data.get(16).copied().unwrap_or(1));
    let df = if id & 0x80 == 0 {
        card.files.environment(session.df)
    } else {
        session.df
    };
    let index = card.find_key(df, |key| {
        key.kind.is_external() && key.id == id && key.version == version
    })?;
    Some((&card.files.keys[index], data))
}

fn pin<'a>(card: &'a Card, session: &Session) -> Option<&'a [u8]> {
    let environment = card.files.environment(session.df);
    let index = card.find_key(environment, |key| key.kind == KeyType::Pin)?;
    Some(card.files.keys[index].value(&card.memory))
}

fn transaction_mac(card: &Card, session: &Session, apdu: &Apdu<'_>) -> Option<[u8; 4]> {
    match session.transaction.as_ref()? {
        Transaction::Load {
            session_key,
            amount,
            terminal,
        } => {
            let time = apdu.data.get(..7)?;
            Some(session_key.mac(&[], &[&amount[..], b"1", terminal, time].concat()))
        }
        Transaction::Purchase {
            index,
            random,
            purchase,
        } => {
            let (terminal_sequence, time) = (apdu.data.get(..4)?, apdu.data.get(4..11)?);
            let key = card.find_key(session.df, |key| key.kind == KeyType::Purchase && key.index == *index)?;
            let key = &card.files.keys[key];
            let sequence = card.memory.read(account::amounts(card)? + 2, 2);
            let input = [&random[..], sequence, &terminal_sequence[2..]].concat();
            let session_key = SessionKey::derive(key.algorithm, &key.key(&card.memory)?, &input);
            let three = [purchase.personal, purchase.self_paid, purchase.pooled].concat();
            Some(session_key.mac(&[], &[&three[..], b"2", &purchase.terminal, time].concat()))
        }
    }
}

/// The elementary file that a record command addresses.
fn addressed<'a>(card: &'a Card, session: &Session, apdu: &Apdu<'_>) -> Option<&'a super::super::object::Ef> {
    match apdu.p2() >> 3 {
        0 => session.ef.map(|i| &card.files.efs[i]),
        sfi => {
            let mut files = card.files.dfs[session.df].files.iter().map(|i| &card.files.efs[*i]);
            files.find(|ef| ef.sfi == sfi)
        }
    }
}

/// The command with another MAC at the end of its data.
fn with_mac(command: &[u8], apdu: &Apdu<'_>, mac: &[u8; 4]) -> Option<Vec<u8>> {
    Some(with_data(command, apdu.data.len().checked_sub(4)?, mac))
}

/// The command with other bytes at a place of its data.
fn with_data(command: &[u8], at: usize, bytes: &[u8]) -> Vec<u8> {
    let mut forged = command.to_vec();
    if let Some(place) = forged.get_mut(5 + at..5 + at + bytes.len()) {
        place.copy_from_slice(bytes);
    }
    forged
}

/// The command with other data and without Le.
fn with_body(apdu: &Apdu<'_>, data: &[u8]) -> Vec<u8> {
    let length = u8::try_from(data.len()).unwrap_or(u8::MAX);
    [&apdu.header[..4], &[length], data].concat()
}

fn with_p1(command: &[u8], p1: u8) -> Vec<u8> {
    let mut forged = command.to_vec();
    forged[2] = p1;
    forged
}

//! Defects in what a command answers.

use super::super::object::{DfKind, KeyType};
use super::super::session::{Session, Transaction};
use super::super::{Card, Response};
use super::account::{self, PROOF_TAC, write};
use crate::apdu::Apdu;
use crate::crypto::{SessionKey, transaction_code};
use crate::exchange::Reply;
use serde::Deserialize;

/// What is wrong with the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AnswerFault {
    /// The last byte is missing.
    DropLast,
    /// The last two bytes are missing.
    DropLastTwo,
    /// There is a byte 00 too much.
    ExtraByte,
    /// The first byte is wrong.
    FirstByte,
    /// The last byte is wrong.
    LastByte,
    /// The halves are exchanged.
    SwapHalves,
    /// The last four bytes come first.
    LastFourFirst,
    /// The low digit of the status word is one higher.
    WordPlusOne,
    /// On contacts the data come at once instead of 61xx.
    AtOnce,
    /// The file control information has no tag 9F0C.
    FciWithoutIssuerData,
    /// The file control information tells another algorithm.
    FciAlgorithm,
    /// The file control information has the name of another dedicated file.
    FciName,
    /// The file control information has no A5.
    FciWithoutA5,
    /// The file control information of an application has an A5.
    FciWithA5,
    /// Tag 88 names another SFI of the directory.
    FciDirectory,
    /// SELECT of an elementary file answers file control information.
    FileInformation,
    /// INTERNAL AUTHENTICATION: left half of the block (8-byte cipher: the bytes in reverse).
    ProofRule,
    /// INTERNAL AUTHENTICATION: the key itself, no session key.
    ProofWithoutSession,
    /// INTERNAL AUTHENTICATION: factor and original data are exchanged.
    ProofSwapped,
    /// TAC over the amounts in another order (of a load: without the balance).
    TacData,
    /// TAC under the key of the purchase or load instead of DTK.
    TacKey,
    /// MAC2 of a purchase over the personal amount only.
    Mac2Data,
    /// The key version in the answer of INITIALIZE is 0.
    InitializeVersion,
    /// The algorithm in the answer of INITIALIZE is 0.
    InitializeAlgorithm,
    /// The sequence number in the answer of INITIALIZE is one too high.
    InitializeSequence,
    /// MAC1 of INITIALIZE FOR LOAD is made without the balance.
    LoadMac1,
}

impl AnswerFault {
    /// The answer with its fault. Data that wait for GET RESPONSE are changed where they wait.
    pub fn apply(self, card: &mut Card, before: &Card, command: &[u8], mut answer: Response) -> Response {
        if self == Self::WordPlusOne {
            answer.sw += 1;
            return answer;
        }
        let waits = answer.sw >> 8 == 0x61;
        let Some(session) = card.session.as_deref_mut() else {
            return answer;
        };
        let mut data = if waits {
            let fetched = session.waiting.fetch(Some(answer.sw & 0xFF));
            fetched.map(|(data, _)| data).unwrap_or_default()
        } else {
            answer.data.clone()
        };
        if self.change(card, before, command, &mut data).is_none() && self != Self::AtOnce {
            return self.put(card, answer, data, waits);
        }
        let waits = waits && self != Self::AtOnce;
        self.put(card, answer, data, waits)
    }

    fn put(self, card: &mut Card, mut answer: Response, data: Reply, waits: bool) -> Response {
        match card.session.as_deref_mut() {
            Some(session) if waits => {
                answer.data.clear();
                answer.sw = session.waiting.keep(data).0;
            }
            _ => {
                answer.sw = if answer.sw >> 8 == 0x61 { 0x9000 } else { answer.sw };
                answer.data = data;
            }
        }
        answer
    }

    fn change(self, card: &mut Card, before: &Card, command: &[u8], data: &mut Reply) -> Option<()> {
        let apdu = Apdu::parse(command)?;
        let old = before.session.as_deref()?;
        match self {
            Self::DropLast => drop(data.pop()),
            Self::DropLastTwo => data.truncate(data.len().saturating_sub(2)),
            Self::ExtraByte => data.try_push(0).ok()?,
            Self::FirstByte => *data.first_mut()? ^= 0x01,
            Self::LastByte => *data.last_mut()? ^= 0x01,
            Self::SwapHalves => {
                let half = data.len() / 2;
                data.rotate_left(half);
            }
            Self::LastFourFirst => {
                let four = data.len().min(4);
                data.rotate_right(four);
            }
            Self::ProofRule | Self::ProofWithoutSession | Self::ProofSwapped => {
                *data = self.proof(card, old, &apdu)?;
            }
            Self::TacData | Self::TacKey | Self::Mac2Data => self.codes(card, old, &apdu, data)?,
            Self::InitializeVersion | Self::InitializeAlgorithm | Self::InitializeSequence | Self::LoadMac1 => {
                self.initialize(card, &apdu, data)?;
            }
            Self::WordPlusOne | Self::AtOnce => {}
            _ => self.control_information(card, data)?,
        }
        Some(())
    }

    fn control_information(self, card: &Card, data: &mut Reply) -> Option<()> {
        let df = &card.files.dfs[card.session.as_deref()?.df];
        let mut name = df.name.to_vec();
        let mut proprietary = df.fci.to_vec();
        match self {
            Self::FciWithoutIssuerData => {
                let at = proprietary.windows(2).position(|tag| tag == [0x9F, 0x0C])?;
                proprietary.truncate(at);
            }
            Self::FciAlgorithm => *proprietary.last_mut()? ^= 0x02,
            Self::FciName => *name.last_mut()? ^= 0x01,
            Self::FciWithoutA5 => proprietary.clear(),
            Self::FciWithA5 if df.kind == DfKind::Adf => proprietary = vec![0x88, 0x01, 0x01],
            Self::FciDirectory if proprietary.starts_with(&[0x88, 1]) => proprietary[2] ^= 0x01,
            Self::FileInformation if data.is_empty() => {
                data.try_extend_from_slice(&[0x6F, 0x04, 0x80, 0x02, 0x00, 0x10]).ok()?;
                return Some(());
            }
            _ => return None,
        }
        if data.is_empty() {
            return None;
        }
        let mut inner = Vec::new();
        for (tag, value) in [(0x84, &name), (0xA5, &proprietary)] {
            if !value.is_empty() {
                inner.extend([tag, value.len() as u8]);
                inner.extend(value);
            }
        }
        data.clear();
        data.try_extend_from_slice(&[0x6F, inner.len() as u8]).ok()?;
        data.try_extend_from_slice(&inner).ok()
    }

    fn proof(self, card: &Card, session: &Session, apdu: &Apdu<'_>) -> Option<Reply> {
        let version = apdu.data.get(16).copied().unwrap_or(1);
        let environment = card.files.environment(session.df);
        let index = card.find_key(environment, |key| {
            key.kind == KeyType::InternalAuthentication && key.version == version
        })?;
        let key = &card.files.keys[index];
        let value = key.key(&card.memory)?;
        let (factor, source) = (apdu.data.get(..8)?, apdu.data.get(8..16)?);
        let derive = |factor: &[u8]| SessionKey::derive(key.algorithm, &value, factor);
        let proof = match self {
            Self::ProofSwapped => derive(source).authenticate(factor.try_into().ok()?),
            Self::ProofWithoutSession => {
                SessionKey::direct(key.algorithm, &value).authenticate(source.try_into().ok()?)
            }
            _ => {
                let mut block = [0; 16];
                block[..8].copy_from_slice(source);
                let session_key = derive(factor);
                session_key.encrypt_blocks(&mut block[..session_key.block()]);
                if session_key.block() == 8 {
                    block[..8].reverse();
                }
                core::array::from_fn(|i| block[i])
            }
        };
        Some(proof.into_iter().collect())
    }

    /// Wrong codes of CREDIT and DEBIT; a wrong TAC is what the card keeps as proof, too.
    fn codes(self, card: &mut Card, old: &Session, apdu: &Apdu<'_>, data: &mut Reply) -> Option<()> {
        let key = |kind| {
            let key = card.find_key(old.df, |key| key.kind == kind)?;
            let key = &card.files.keys[key];
            Some((key.algorithm, key.key(&card.memory)?))
        };
        let at = account::amounts(card)?;
        let tac = match old.transaction.as_ref()? {
            Transaction::Load { amount, terminal, .. } => {
                let sequence = card.memory.half(at).wrapping_sub(1).to_be_bytes();
                let time = apdu.data.get(..7)?;
                let balance = card.memory.read(at + 4, 4);
                let front = if self == Self::TacData { &[] } else { balance };
                let (algorithm, value) = key(if self == Self::TacKey {
                    KeyType::Load
                } else {
                    KeyType::Tac
                })?;
                let bytes = [front, &sequence, amount, b"1", terminal, time].concat();
                transaction_code(algorithm, &value, &bytes)
            }
            Transaction::Purchase {
                index,
                random,
                purchase,
            } => {
                let (terminal_sequence, time) = (apdu.data.get(..4)?, apdu.data.get(4..11)?);
                if self == Self::Mac2Data {
                    let key = card.find_key(old.df, |key| key.kind == KeyType::Purchase && key.index == *index)?;
                    let key = &card.files.keys[key];
                    let sequence = card.memory.half(at + 2).wrapping_sub(1).to_be_bytes();
                    let input = [&random[..], &sequence, &terminal_sequence[2..]].concat();
                    let session_key = SessionKey::derive(key.algorithm, &key.key(&card.memory)?, &input);
                    data.get_mut(4..8)?
                        .copy_from_slice(&session_key.mac(&[], &purchase.personal));
                    return Some(());
                }
                let amounts = if self == Self::TacData {
                    [purchase.pooled, purchase.self_paid, purchase.personal]
                } else {
                    [purchase.personal, purchase.self_paid, purchase.pooled]
                };
                let (algorithm, value) = key(if self == Self::TacKey {
                    KeyType::Purchase
                } else {
                    KeyType::Tac
                })?;
                let terminal = &purchase.terminal;
                let bytes = [&amounts.concat()[..], b"2", terminal, terminal_sequence, time].concat();
                transaction_code(algorithm, &value, &bytes)
            }
        };
        data.get_mut(..4)?.copy_from_slice(&tac);
        write(card, at + PROOF_TAC, &tac);
        Some(())
    }

    fn initialize(self, card: &Card, apdu: &Apdu<'_>, data: &mut Reply) -> Option<()> {
        // `CIA4 ‖ sequence2 ‖ version1 ‖ algorithm1 …` of a load, ten bytes more in front of a purchase's sequence.
        let sequence = if apdu.p1() == 0 { 4 } else { 14 };
        match self {
            Self::InitializeSequence => *data.get_mut(sequence + 1)? ^= 0x01,
            Self::InitializeVersion => *data.get_mut(sequence + 2)? = 0,
            Self::InitializeAlgorithm => *data.get_mut(sequence + 3)? = 0,
            _ => {
                let session = card.session.as_deref()?;
                let Transaction::Load {
                    session_key,
                    amount,
                    terminal,
                } = session.transaction.as_ref()?
                else {
                    return None;
                };
                let mac = session_key.mac(&[], &[&amount[..], b"1", terminal].concat());
                data.get_mut(12..16)?.copy_from_slice(&mac);
            }
        }
        Some(())
    }
}

//! From APDU to command: class, instruction, P1-P2 and lengths are judged here, before any state is looked at.

use crate::apdu::Apdu;
pub use crate::basic::{FileReference, Occurrence, RecordReference, Selection};
use crate::basic::{binary_reference, no_data, p1p2, record_reference, select};
use crate::crypto::MAC_LENGTH;
use crate::status::StatusWord as Sw;

/// A command whose form is right: the PSAM's table of contents (`card-model/PSAM.md`).
#[derive(Debug, Clone, Copy)]
pub enum Command<'a> {
    /// SELECT.
    Select(Selection<'a>),
    /// READ BINARY.
    ReadBinary { file: FileReference, offset: usize },
    /// READ RECORD.
    ReadRecord {
        file: FileReference,
        record: RecordReference,
    },
    /// UPDATE BINARY, plain.
    UpdatePlain { file: FileReference },
    /// UPDATE BINARY with a MAC.
    Update {
        file: FileReference,
        offset: usize,
        data: &'a [u8],
        mac: &'a [u8],
    },
    /// GET CHALLENGE.
    GetChallenge { length: usize },
    /// GET RESPONSE.
    GetResponse,
    /// INITIALIZE ENVIRONMENT.
    InitializeEnvironment { province: u8 },
    /// DELIVERY SESSION KEY.
    DeliverSessionKey { usage: u8, id: u8, data: &'a [u8] },
    /// CIPHER DATA.
    CipherData { step: CipherStep, data: &'a [u8] },
    /// INIT SAM FOR PURCHASE.
    InitPurchase {
        purchase: &'a [u8; PURCHASE],
        factors: &'a [u8],
    },
    /// CREDIT SAM FOR PURCHASE.
    CreditPurchase { mac: &'a [u8] },
    /// CREATE KEY and CHANGE KEY.
    LoadKey {
        change: bool,
        file: u8,
        cipher: &'a [u8],
        mac: &'a [u8],
    },
}

/// Bytes of INIT SAM FOR PURCHASE before the diversification factors: random 4, sequence number of the card 2, three amounts
/// 4 each, type 1, date 4, time 3, key version 1, algorithm 1.
pub const PURCHASE: usize = 28;

/// P1 of CIPHER DATA.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CipherStep {
    /// 00: encryption, the last.
    Encrypt,
    /// 02: encryption, more follows.
    EncryptMore,
    /// 05: a whole MAC, initial value in front.
    Mac,
    /// 07: first part of a MAC, initial value in front.
    MacFirst,
    /// 03: next part of a MAC.
    MacNext,
    /// 01: last part of a MAC.
    MacLast,
}

impl<'a> Command<'a> {
    /// Judges class, instruction, P1-P2 and lengths.
    pub fn parse(apdu: &Apdu<'a>) -> Result<Self, Sw> {
        match (apdu.cla(), apdu.ins()) {
            (0x00, 0xA4) => select(apdu).map(Self::Select),
            (0x00, 0xB0) => {
                let (file, offset) = binary_reference(apdu)?;
                no_data(apdu)?;
                Ok(Self::ReadBinary { file, offset })
            }
            (0x00, 0xB2) => {
                let (file, record) = record_reference(apdu)?;
                no_data(apdu)?;
                Ok(Self::ReadRecord { file, record })
            }
            (0x00, 0xD6) => {
                let (file, _) = binary_reference(apdu)?;
                if apdu.data.is_empty() || apdu.le.is_some() {
                    return Err(Sw::WRONG_LENGTH);
                }
                Ok(Self::UpdatePlain { file })
            }
            (0x04, 0xD6) => {
                let (file, offset) = binary_reference(apdu)?;
                match secured(apdu)? {
                    ([], _) => Err(Sw::WRONG_LENGTH),
                    (data, mac) => Ok(Self::Update {
                        file,
                        offset,
                        data,
                        mac,
                    }),
                }
            }
            (0x00, 0x84) => {
                p1p2(apdu, 0x00, 0x00)?;
                match apdu.le {
                    Some(length @ (4 | 8 | 16)) if apdu.data.is_empty() => Ok(Self::GetChallenge {
                        length: usize::from(length),
                    }),
                    _ => Err(Sw::WRONG_LENGTH),
                }
            }
            (0x00, 0xC0) => {
                p1p2(apdu, 0x00, 0x00)?;
                no_data(apdu)?;
                Ok(Self::GetResponse)
            }
            (0x80 | 0xBF, 0xEC) => {
                p1p2(apdu, 0x00, 0x00)?;
                match (apdu.data, apdu.le) {
                    ([province], None) => Ok(Self::InitializeEnvironment { province: *province }),
                    _ => Err(Sw::WRONG_LENGTH),
                }
            }
            (0x80 | 0xBF, 0xDE) => {
                if apdu.data.is_empty() || !apdu.data.len().is_multiple_of(8) || apdu.le.is_some() {
                    return Err(Sw::WRONG_LENGTH);
                }
                Ok(Self::DeliverSessionKey {
                    usage: apdu.p1(),
                    id: apdu.p2(),
                    data: apdu.data,
                })
            }
            (0x80, 0xFA) => {
                let step = match (apdu.p1(), apdu.p2()) {
                    (0x00, 0x00) => CipherStep::Encrypt,
                    (0x02, 0x00) => CipherStep::EncryptMore,
                    (0x05, 0x00) => CipherStep::Mac,
                    (0x07, 0x00) => CipherStep::MacFirst,
                    (0x03, 0x00) => CipherStep::MacNext,
                    (0x01, 0x00) => CipherStep::MacLast,
                    _ => return Err(Sw::WRONG_P1P2),
                };
                if apdu.data.is_empty() {
                    return Err(Sw::WRONG_LENGTH);
                }
                Ok(Self::CipherData { step, data: apdu.data })
            }
            (0x80, 0x70) => {
                p1p2(apdu, 0x01, 0x00)?;
                match apdu.data.split_first_chunk::<PURCHASE>() {
                    Some((purchase, factors)) if factors.len().is_multiple_of(8) => {
                        Ok(Self::InitPurchase { purchase, factors })
                    }
                    _ => Err(Sw::WRONG_LENGTH),
                }
            }
            (0x80, 0x72) => {
                p1p2(apdu, 0x00, 0x00)?;
                match (apdu.data.len(), apdu.le) {
                    (MAC_LENGTH, None) => Ok(Self::CreditPurchase { mac: apdu.data }),
                    _ => Err(Sw::WRONG_LENGTH),
                }
            }
            (0x84, 0xD4) => {
                let change = match apdu.p1() {
                    0x00 => false,
                    0x01 => true,
                    _ => return Err(Sw::WRONG_P1P2),
                };
                match apdu.data.len() {
                    0x1C | 0x24 => {}
                    _ => return Err(Sw::WRONG_LENGTH),
                }
                let (cipher, mac) = secured(apdu)?;
                Ok(Self::LoadKey {
                    change,
                    file: apdu.p2(),
                    cipher,
                    mac,
                })
            }
            (0x00 | 0x04 | 0x80 | 0x84 | 0xBF, ins) if !is_instruction(ins) => Err(Sw::INSTRUCTION_NOT_SUPPORTED),
            _ => Err(Sw::CLASS_NOT_SUPPORTED),
        }
    }
}

/// Whether some class has this instruction.
fn is_instruction(ins: u8) -> bool {
    matches!(
        ins,
        0x70 | 0x72 | 0x84 | 0xA4 | 0xB0 | 0xB2 | 0xC0 | 0xD4 | 0xD6 | 0xDE | 0xEC | 0xFA
    )
}

/// Data and MAC of a secured command without Le.
fn secured<'a>(apdu: &Apdu<'a>) -> Result<(&'a [u8], &'a [u8]), Sw> {
    match (apdu.data.split_last_chunk::<MAC_LENGTH>(), apdu.le) {
        (Some((data, mac)), None) => Ok((data, mac)),
        _ => Err(Sw::WRONG_LENGTH),
    }
}

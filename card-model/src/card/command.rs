//! From APDU to command: class, instruction, P1-P2 and lengths are judged here, before any state is looked at.
//!
//! The `match` below is the card's table of contents: part 5 of the standard (`spec/commands.md` §1.2) and the commands of
//! the model's own COS (`card-model/COS.md`).

use super::certificate_command::Certificate;
use crate::apdu::Apdu;
pub use crate::basic::{FileReference, Occurrence, RecordReference, Selection};
use crate::basic::{binary_reference, no_data, p1p2, record_reference, select};
use crate::status::StatusWord as Sw;

/// Bytes of a message authentication code at the end of a secured command.
pub const MAC: usize = crate::crypto::MAC_LENGTH;

/// A command whose form is right.
#[derive(Debug, Clone, Copy)]
pub enum Command<'a> {
    /// SELECT, §6.11.
    Select(Selection<'a>),
    /// READ RECORD, §6.10.
    ReadRecord {
        file: FileReference,
        record: RecordReference,
    },
    /// UPDATE RECORD, §6.13.
    UpdateRecord {
        file: FileReference,
        record: RecordReference,
        data: UpdateData<'a>,
    },
    /// READ BINARY, §6.9.
    ReadBinary { file: FileReference, offset: usize },
    /// UPDATE BINARY, §6.12.
    UpdateBinary {
        file: FileReference,
        offset: usize,
        data: UpdateData<'a>,
    },
    /// GET CHALLENGE, §6.5.
    GetChallenge { length: usize },
    /// INTERNAL AUTHENTICATION, §6.7.
    InternalAuthentication(Authentication<'a>),
    /// EXTERNAL AUTHENTICATION, §6.4.
    ExternalAuthentication {
        key: u8,
        authentication: Authentication<'a>,
    },
    /// VERIFY with a PIN, §6.14.
    Verify { pin: &'a [u8] },
    /// VERIFY with Lc 00: is there a PIN, how many tries are left.
    QueryPin,
    /// CHANGE PIN, §6.3.
    ChangePin { old: &'a [u8], new: &'a [u8] },
    /// PIN CHANGE/UNBLOCK, §6.8: without cipher text the counter only is reset.
    ResetPin { cipher: Option<&'a [u8]>, mac: &'a [u8] },
    /// APPLICATION BLOCK, §6.1.
    ApplicationBlock { mac: &'a [u8] },
    /// CARD BLOCK, §6.2.
    CardBlock { mac: &'a [u8] },
    /// GET RESPONSE, §6.6.
    GetResponse,
    /// GET BALANCE, §7.3.
    GetBalance(BalanceKind),
    /// INITIALIZE FOR LOAD, §7.5.
    InitializeLoad {
        index: u8,
        amount: [u8; 4],
        terminal: &'a [u8; 6],
    },
    /// CREDIT FOR LOAD, §7.1.
    Credit { time: &'a [u8; 7], mac: &'a [u8; 4] },
    /// INITIALIZE FOR PURCHASE, §7.6.
    InitializePurchase { index: u8, purchase: Purchase },
    /// DEBIT FOR PURCHASE, §7.2.
    Debit {
        terminal_sequence: &'a [u8; 4],
        time: &'a [u8; 7],
        mac: &'a [u8; 4],
    },
    /// GET TRANSACTION PROOF, §7.4.
    GetProof { kind: u8, sequence: &'a [u8; 2] },
    /// UPDATE STARTING DAY, §7.7.
    UpdateStartingDay { day: [u8; 2] },
    /// GET STARTING DAY, §7.8.
    GetStartingDay,
    /// Certificate application.
    Certificate(Certificate<'a>),
    /// COS: GET CARD DATA.
    GetCardData,
    /// COS: AUTHENTICATE MASTER KEY.
    AuthenticateMaster { cryptogram: &'a [u8] },
    /// COS: CREATE FILE.
    CreateFile { template: &'a [u8] },
    /// COS: LOAD KEY (new) and REPLACE KEY.
    LoadKey {
        replace: bool,
        cipher: &'a [u8],
        mac: &'a [u8],
    },
    /// COS: ACTIVATE.
    Activate,
    /// COS: ERASE STRUCTURE.
    Erase,
}

/// Data of an update, plain (CLA 00) or secured (CLA 04).
#[derive(Debug, Clone, Copy)]
pub enum UpdateData<'a> {
    /// As it is.
    Plain(&'a [u8]),
    /// Data or cipher text, and its MAC.
    Secured { data: &'a [u8], mac: &'a [u8] },
}

/// Data of INTERNAL and EXTERNAL AUTHENTICATION: `first8 ‖ source8 [‖ version]`.
#[derive(Debug, Clone, Copy)]
pub struct Authentication<'a> {
    /// Session factor (internal) or authentication data (external).
    pub first: &'a [u8; 8],
    /// Original data.
    pub source: &'a [u8; 8],
    /// Key version; absent means 1.
    pub version: u8,
}

/// What GET BALANCE tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BalanceKind {
    /// CIA: the personal account.
    Personal,
    /// SPIP: self-paid in the pay year.
    SelfPaid,
    /// SPFP: paid by the pooled fund in the pay year.
    Pooled,
}

/// Amounts of a purchase in fen, big endian, and where it happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Purchase {
    /// Taken from the personal account (CIA).
    pub personal: [u8; 4],
    /// Paid by the holder.
    pub self_paid: [u8; 4],
    /// Paid by the pooled fund.
    pub pooled: [u8; 4],
    /// Terminal number, cn.
    pub terminal: [u8; 6],
}

impl<'a> Command<'a> {
    /// Judges class, instruction, P1-P2 and lengths.
    pub fn parse(apdu: &Apdu<'a>) -> Result<Self, Sw> {
        if Certificate::is_one(apdu) {
            return Certificate::parse(apdu).map(Self::Certificate);
        }
        match (apdu.cla(), apdu.ins()) {
            (0x00, 0xA4) => select(apdu).map(Self::Select),
            (0x00, 0xB2) => {
                let (file, record) = record_reference(apdu)?;
                no_data(apdu)?;
                Ok(Self::ReadRecord { file, record })
            }
            (0x00 | 0x04, 0xDC) => {
                let (file, record) = record_reference(apdu)?;
                if matches!(record, RecordReference::From(_) | RecordReference::DownTo(_)) {
                    return Err(Sw::WRONG_P1P2);
                }
                Ok(Self::UpdateRecord {
                    file,
                    record,
                    data: update_data(apdu)?,
                })
            }
            (0x00, 0xB0) => {
                let (file, offset) = binary_reference(apdu)?;
                no_data(apdu)?;
                Ok(Self::ReadBinary { file, offset })
            }
            (0x00 | 0x04, 0xD6) => {
                let (file, offset) = binary_reference(apdu)?;
                Ok(Self::UpdateBinary {
                    file,
                    offset,
                    data: update_data(apdu)?,
                })
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
            (0x00, 0x88) => {
                p1p2(apdu, 0x00, 0x00)?;
                authentication(apdu).map(Self::InternalAuthentication)
            }
            (0x00, 0x82) => external(apdu),
            (0x00, 0x20) => {
                p1p2(apdu, 0x00, 0x00)?;
                match apdu.data.len() {
                    0 if apdu.is_bare() => Ok(Self::QueryPin),
                    2..=8 if apdu.le.is_none() => Ok(Self::Verify { pin: apdu.data }),
                    _ => Err(Sw::WRONG_LENGTH),
                }
            }
            (0x80, 0x5E) => {
                p1p2(apdu, 0x01, 0x00)?;
                if !(0x03..=0x11).contains(&apdu.data.len()) || apdu.le.is_some() {
                    return Err(Sw::WRONG_LENGTH);
                }
                let separator = apdu.data.iter().position(|b| *b == 0xFF).ok_or(Sw::WRONG_DATA)?;
                Ok(Self::ChangePin {
                    old: &apdu.data[..separator],
                    new: &apdu.data[separator + 1..],
                })
            }
            (0x84, 0x24) => match (apdu.p1(), apdu.p2(), apdu.data.len()) {
                (0x00, 0x00, MAC) => Ok(Self::ResetPin {
                    cipher: None,
                    mac: secured(apdu, MAC)?.1,
                }),
                (0x00, 0x01, 0x0C | 0x14) => {
                    let (cipher, mac) = secured(apdu, apdu.data.len())?;
                    Ok(Self::ResetPin {
                        cipher: Some(cipher),
                        mac,
                    })
                }
                (0x00, 0x00 | 0x01, _) => Err(Sw::WRONG_LENGTH),
                _ => Err(Sw::WRONG_P1P2),
            },
            (0x84, 0x1E) => {
                p1p2(apdu, 0x00, 0x01)?;
                Ok(Self::ApplicationBlock {
                    mac: secured(apdu, MAC)?.1,
                })
            }
            (0x84, 0x16) => {
                p1p2(apdu, 0x00, 0x00)?;
                Ok(Self::CardBlock {
                    mac: secured(apdu, MAC)?.1,
                })
            }
            (0x00, 0xC0) => {
                p1p2(apdu, 0x00, 0x00)?;
                no_data(apdu)?;
                Ok(Self::GetResponse)
            }
            (0xB0, ins) => account(apdu, ins),
            (0x80, 0xCA) => {
                p1p2(apdu, 0x00, 0x00)?;
                no_data(apdu)?;
                Ok(Self::GetCardData)
            }
            (0x80, 0xE0) => {
                p1p2(apdu, 0x00, 0x00)?;
                if apdu.data.is_empty() || apdu.le.is_some() {
                    return Err(Sw::WRONG_LENGTH);
                }
                Ok(Self::CreateFile { template: apdu.data })
            }
            (0x84, 0xD4) => {
                let replace = match (apdu.p1(), apdu.p2()) {
                    (0x00, 0x00) => false,
                    (0x01, 0x00) => true,
                    _ => return Err(Sw::WRONG_P1P2),
                };
                let (cipher, mac) = secured(apdu, apdu.data.len())?;
                Ok(Self::LoadKey { replace, cipher, mac })
            }
            (0x80, 0x44) => bare(apdu, Self::Activate),
            (0x80, 0xE4) => bare(apdu, Self::Erase),
            (0x00 | 0x04 | 0x80 | 0x84, ins) if !is_instruction(ins) => Err(Sw::INSTRUCTION_NOT_SUPPORTED),
            _ => Err(Sw::CLASS_NOT_SUPPORTED),
        }
    }
}

/// Whether some class has this instruction.
fn is_instruction(ins: u8) -> bool {
    Certificate::is_instruction(ins)
        || matches!(
            ins,
            0x16 | 0x1E
                | 0x20
                | 0x24
                | 0x26
                | 0x28
                | 0x2A
                | 0x2C
                | 0x2E
                | 0x44
                | 0x56
                | 0x5E
                | 0x82
                | 0x84
                | 0x88
                | 0xA4
                | 0xB0
                | 0xB2
                | 0xC0
                | 0xCA
                | 0xD4
                | 0xD6
                | 0xDC
                | 0xE0
                | 0xE4
        )
}

fn bare<'a>(apdu: &Apdu<'a>, command: Command<'a>) -> Result<Command<'a>, Sw> {
    p1p2(apdu, 0x00, 0x00)?;
    if apdu.is_bare() {
        Ok(command)
    } else {
        Err(Sw::WRONG_LENGTH)
    }
}

/// Data and MAC of a secured command with exactly `length` bytes of data and no Le.
fn secured<'a>(apdu: &Apdu<'a>, length: usize) -> Result<(&'a [u8], &'a [u8]), Sw> {
    if apdu.data.len() != length || apdu.le.is_some() {
        return Err(Sw::WRONG_LENGTH);
    }
    apdu.data
        .split_last_chunk::<MAC>()
        .map(|(data, mac)| (data, mac.as_slice()))
        .ok_or(Sw::WRONG_LENGTH)
}

fn update_data<'a>(apdu: &Apdu<'a>) -> Result<UpdateData<'a>, Sw> {
    if apdu.data.is_empty() || apdu.le.is_some() {
        return Err(Sw::WRONG_LENGTH);
    }
    if apdu.cla() == 0x00 {
        return Ok(UpdateData::Plain(apdu.data));
    }
    match secured(apdu, apdu.data.len())? {
        ([], _) => Err(Sw::WRONG_LENGTH),
        (data, mac) => Ok(UpdateData::Secured { data, mac }),
    }
}

fn authentication<'a>(apdu: &Apdu<'a>) -> Result<Authentication<'a>, Sw> {
    let (first, rest) = apdu.data.split_first_chunk::<8>().ok_or(Sw::WRONG_LENGTH)?;
    let (source, rest) = rest.split_first_chunk::<8>().ok_or(Sw::WRONG_LENGTH)?;
    let version = match rest {
        [] => 1,
        [version] => *version,
        _ => return Err(Sw::WRONG_LENGTH),
    };
    Ok(Authentication { first, source, version })
}

/// P2 00 is reserved by the standard; the model's COS authenticates master keys with it.
fn external<'a>(apdu: &Apdu<'a>) -> Result<Command<'a>, Sw> {
    let key = apdu.p2();
    if apdu.p1() != 0x00 || key & 0x60 != 0 || key == 0x80 {
        return Err(Sw::WRONG_P1P2);
    }
    if apdu.le.is_some() {
        return Err(Sw::WRONG_LENGTH);
    }
    if key == 0x00 {
        return match apdu.data.len() {
            8 | 16 => Ok(Command::AuthenticateMaster { cryptogram: apdu.data }),
            _ => Err(Sw::WRONG_LENGTH),
        };
    }
    Ok(Command::ExternalAuthentication {
        key,
        authentication: authentication(apdu)?,
    })
}

/// The special commands of the medical account (STD-P5 §7).
fn account<'a>(apdu: &Apdu<'a>, ins: u8) -> Result<Command<'a>, Sw> {
    match (ins, apdu.p1(), apdu.p2()) {
        (0x26, 0x00, kind @ 0x01..=0x03) => {
            let (kind, length) = match kind {
                0x01 => (BalanceKind::Personal, 4),
                0x02 => (BalanceKind::SelfPaid, 6),
                _ => (BalanceKind::Pooled, 6),
            };
            if apdu.data.is_empty() && apdu.le == Some(length) {
                Ok(Command::GetBalance(kind))
            } else {
                Err(Sw::WRONG_LENGTH)
            }
        }
        (0x28, 0x00, 0x01) => {
            let data: &[u8; 0x0B] = exact(apdu, 0x10)?;
            let [index, amount @ .., _, _, _, _, _, _] = *data;
            let terminal = data.last_chunk().ok_or(Sw::WRONG_LENGTH)?;
            Ok(Command::InitializeLoad {
                index,
                amount,
                terminal,
            })
        }
        (0x28, 0x01, 0x01) => {
            let data: &[u8; 0x13] = exact(apdu, 0x16)?;
            let four = |at: usize| core::array::from_fn(|i| data[at + i]);
            let purchase = Purchase {
                personal: four(1),
                self_paid: four(5),
                pooled: four(9),
                terminal: core::array::from_fn(|i| data[13 + i]),
            };
            Ok(Command::InitializePurchase {
                index: data[0],
                purchase,
            })
        }
        (0x2A, 0x00, 0x00) => {
            let data: &[u8; 0x0B] = exact(apdu, 0x04)?;
            let time = data.first_chunk().ok_or(Sw::WRONG_LENGTH)?;
            Ok(Command::Credit {
                time,
                mac: data.last_chunk().ok_or(Sw::WRONG_LENGTH)?,
            })
        }
        (0x2C, 0x01, 0x00) => {
            let data: &[u8; 0x0F] = exact(apdu, 0x08)?;
            Ok(Command::Debit {
                terminal_sequence: data.first_chunk().ok_or(Sw::WRONG_LENGTH)?,
                time: data[4..].first_chunk().ok_or(Sw::WRONG_LENGTH)?,
                mac: data.last_chunk().ok_or(Sw::WRONG_LENGTH)?,
            })
        }
        (0x2E, 0x00, kind) => Ok(Command::GetProof {
            kind,
            sequence: exact(apdu, 0x08)?,
        }),
        (0x56, 0x00, 0x00) => {
            if apdu.le.is_some() {
                return Err(Sw::WRONG_LENGTH);
            }
            Ok(Command::UpdateStartingDay {
                day: *exact(apdu, 0x00)?,
            })
        }
        (0x56, 0x01, 0x00) => {
            if apdu.data.is_empty() && apdu.le == Some(2) {
                Ok(Command::GetStartingDay)
            } else {
                Err(Sw::WRONG_LENGTH)
            }
        }
        (0x26 | 0x28 | 0x2A | 0x2C | 0x2E | 0x56, _, _) => Err(Sw::WRONG_P1P2),
        (ins, _, _) if is_instruction(ins) => Err(Sw::CLASS_NOT_SUPPORTED),
        _ => Err(Sw::INSTRUCTION_NOT_SUPPORTED),
    }
}

/// Data of exactly `N` bytes; Le absent, 00 or the length of the answer.
fn exact<'a, const N: usize>(apdu: &Apdu<'a>, answer: u16) -> Result<&'a [u8; N], Sw> {
    match apdu.le {
        None | Some(256) => {}
        Some(le) if le == answer => {}
        Some(_) => return Err(Sw::WRONG_LENGTH),
    }
    apdu.data.try_into().map_err(|_| Sw::WRONG_LENGTH)
}

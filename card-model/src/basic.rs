//! What the basic commands of card and PSAM name alike: dedicated files, elementary files, records (STD-P5 §6.9–6.13).

use crate::apdu::Apdu;
use crate::status::StatusWord as Sw;

/// What SELECT selects.
#[derive(Debug, Clone, Copy)]
pub enum Selection<'a> {
    /// P1 00 without data.
    Mf,
    /// P1 00: MF, DF, and as real cards do also an EF of the current DF.
    Fid(u16),
    /// P1 02: EF of the current DF.
    Ef(u16),
    /// P1 04: DF by whole or partial name, first or next occurrence.
    Name { name: &'a [u8], next: bool },
}

/// Which elementary file a command works on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileReference {
    /// The current one.
    Current,
    /// By short file identifier 1–30; becomes the current one.
    Sfi(u8),
}

/// Which record (`spec/conformance.md` §4.5). Number 0 is the current record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordReference {
    /// Mode 4.
    Number(u8),
    /// Mode 5: from this one to the last.
    From(u8),
    /// Mode 6: from the last down to this one.
    DownTo(u8),
    /// Modes 0–3; identifier 0 stands for any record, as in ISO/IEC 7816-4.
    Identifier { id: u8, occurrence: Occurrence },
}

/// Modes 0–3.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Occurrence {
    /// Mode 0.
    First,
    /// Mode 1.
    Last,
    /// Mode 2.
    Next,
    /// Mode 3; on UPDATE RECORD of a cyclic file: append.
    Previous,
}

/// Nothing but these P1 and P2.
pub fn p1p2(apdu: &Apdu<'_>, p1: u8, p2: u8) -> Result<(), Sw> {
    if (apdu.p1(), apdu.p2()) == (p1, p2) {
        Ok(())
    } else {
        Err(Sw::WRONG_P1P2)
    }
}

/// Cases 1 and 2.
pub fn no_data(apdu: &Apdu<'_>) -> Result<(), Sw> {
    if apdu.data.is_empty() {
        Ok(())
    } else {
        Err(Sw::WRONG_LENGTH)
    }
}

/// P1-P2 and data of SELECT.
pub fn select<'a>(apdu: &Apdu<'a>) -> Result<Selection<'a>, Sw> {
    let fid = |data: &[u8]| {
        <[u8; 2]>::try_from(data)
            .map(u16::from_be_bytes)
            .map_err(|_| Sw::WRONG_LENGTH)
    };
    match (apdu.p1(), apdu.p2()) {
        (0x00, 0x00) if apdu.data.is_empty() => Ok(Selection::Mf),
        (0x00, 0x00) => fid(apdu.data).map(Selection::Fid),
        (0x02, 0x00) => fid(apdu.data).map(Selection::Ef),
        (0x04, occurrence @ (0x00 | 0x02)) => match apdu.data.len() {
            5..=16 => Ok(Selection::Name {
                name: apdu.data,
                next: occurrence == 0x02,
            }),
            _ => Err(Sw::WRONG_LENGTH),
        },
        _ => Err(Sw::WRONG_P1P2),
    }
}

fn file_reference(sfi: u8) -> Result<FileReference, Sw> {
    match sfi {
        0 => Ok(FileReference::Current),
        1..=30 => Ok(FileReference::Sfi(sfi)),
        _ => Err(Sw::WRONG_P1P2),
    }
}

/// P1-P2 of the record commands.
pub fn record_reference(apdu: &Apdu<'_>) -> Result<(FileReference, RecordReference), Sw> {
    let file = file_reference(apdu.p2() >> 3)?;
    let p1 = apdu.p1();
    if p1 == 0xFF {
        return Err(Sw::WRONG_P1P2);
    }
    let identifier = |occurrence| RecordReference::Identifier { id: p1, occurrence };
    let record = match apdu.p2() & 0x07 {
        0 => identifier(Occurrence::First),
        1 => identifier(Occurrence::Last),
        2 => identifier(Occurrence::Next),
        3 => identifier(Occurrence::Previous),
        4 => RecordReference::Number(p1),
        5 => RecordReference::From(p1),
        6 => RecordReference::DownTo(p1),
        _ => return Err(Sw::WRONG_P1P2),
    };
    Ok((file, record))
}

/// P1-P2 of the binary commands. P1 b8 = 1: SFI and an offset of 8 bits; else an offset of 15 bits in the current file.
pub fn binary_reference(apdu: &Apdu<'_>) -> Result<(FileReference, usize), Sw> {
    let (p1, p2) = (apdu.p1(), usize::from(apdu.p2()));
    match p1 {
        0x00..=0x7F => Ok((FileReference::Current, usize::from(p1) << 8 | p2)),
        0x81..=0x9E => Ok((FileReference::Sfi(p1 & 0x1F), p2)),
        _ => Err(Sw::WRONG_P1P2),
    }
}

//! The commands of part 5 as a terminal sends them (`spec/commands.md` §1.2).

use crate::command::{Command, CommandError};

/// Bytes of data in one READ BINARY or UPDATE BINARY. Some readers take less than 256 bytes in one piece.
pub const CHUNK: usize = 0xF0;

/// Mode of record addressing: low three bits of P2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordMode {
    /// P1 is an identifier (tag): first record that has it.
    First,
    /// P1 is an identifier: next record after the current one. On UPDATE RECORD with P1 00 nothing this program uses.
    Next,
    /// P1 is an identifier: previous record; on UPDATE RECORD of a cyclic file a new record.
    Previous,
    /// P1 is a record number.
    Number,
    /// All records from number P1 on.
    FromNumber,
}

impl RecordMode {
    const fn bits(self) -> u8 {
        match self {
            Self::First => 0,
            Self::Next => 2,
            Self::Previous => 3,
            Self::Number => 4,
            Self::FromNumber => 5,
        }
    }
}

/// SELECT a dedicated file by its name; answers the FCI.
///
/// # Errors
/// More than 255 bytes of data.
pub fn select_name(name: &[u8]) -> Result<Command, CommandError> {
    Ok(Command::new(0x00, 0xA4, 0x04, 0x00).with_data(name)?.with_le(0))
}

/// SELECT a master or dedicated file by its identifier; answers the FCI.
///
/// # Errors
/// More than 255 bytes of data.
pub fn select_dedicated_file(fid: u16) -> Result<Command, CommandError> {
    Ok(Command::new(0x00, 0xA4, 0x00, 0x00)
        .with_data(&fid.to_be_bytes())?
        .with_le(0))
}

/// SELECT an elementary file of the current dedicated file; answers only 9000.
///
/// # Errors
/// More than 255 bytes of data.
pub fn select_file(fid: u16) -> Result<Command, CommandError> {
    Command::new(0x00, 0xA4, 0x02, 0x00).with_data(&fid.to_be_bytes())
}

/// SELECT an elementary file as many hosts send it, with P1 00 (`spec/files.md` §1.2).
///
/// # Errors
/// More than 255 bytes of data.
pub fn select_file_p1_00(fid: u16) -> Result<Command, CommandError> {
    Command::new(0x00, 0xA4, 0x00, 0x00).with_data(&fid.to_be_bytes())
}

/// READ RECORD. `sfi` 0 is the current file; `length` are the bytes expected, 256 and more mean "all".
pub fn read_record(p1: u8, mode: RecordMode, sfi: u8, length: usize) -> Command {
    Command::new(0x00, 0xB2, p1, sfi << 3 | mode.bits()).with_le(le(length))
}

/// UPDATE RECORD with a whole record, without secure messaging as the national files want it.
///
/// # Errors
/// More than 255 bytes of data.
pub fn update_record(p1: u8, mode: RecordMode, sfi: u8, record: &[u8]) -> Result<Command, CommandError> {
    Command::new(0x00, 0xDC, p1, sfi << 3 | mode.bits()).with_data(record)
}

/// READ BINARY of the current file; `offset` below 8000.
pub fn read_binary(offset: u16, length: usize) -> Command {
    let [high, low] = offset.to_be_bytes();
    Command::new(0x00, 0xB0, high & 0x7F, low).with_le(le(length))
}

/// UPDATE BINARY of the current file; `offset` below 8000.
///
/// # Errors
/// More than 255 bytes of data.
pub fn update_binary(offset: u16, data: &[u8]) -> Result<Command, CommandError> {
    let [high, low] = offset.to_be_bytes();
    Command::new(0x00, 0xD6, high & 0x7F, low).with_data(data)
}

/// GET CHALLENGE of 4, 8 or 16 bytes.
pub fn get_challenge(length: u8) -> Command {
    Command::new(0x00, 0x84, 0x00, 0x00).with_le(length)
}

/// INTERNAL AUTHENTICATION: `factor ‖ original [‖ version]`; version 1 is the default and not sent.
///
/// # Errors
/// More than 255 bytes of data.
pub fn internal_authentication(factor: &[u8; 8], original: &[u8; 8], version: u8) -> Result<Command, CommandError> {
    let data = with_version([*factor, *original], version);
    Ok(Command::new(0x00, 0x88, 0x00, 0x00).with_data(&data)?.with_le(8))
}

/// EXTERNAL AUTHENTICATION with key `id`: `authentication data ‖ original [‖ version]`.
///
/// # Errors
/// More than 255 bytes of data.
pub fn external_authentication(
    id: u8,
    data: &[u8; 8],
    original: &[u8; 8],
    version: u8,
) -> Result<Command, CommandError> {
    Command::new(0x00, 0x82, 0x00, id).with_data(&with_version([*data, *original], version))
}

fn with_version(parts: [[u8; 8]; 2], version: u8) -> Vec<u8> {
    let mut data = parts.concat();
    if version != 1 {
        data.push(version);
    }
    data
}

/// VERIFY without a PIN: asks for the tries left and spends none.
pub fn pin_query() -> Command {
    Command::new(0x00, 0x20, 0x00, 0x00).with_le(0)
}

/// VERIFY.
///
/// # Errors
/// More than 255 bytes of data.
pub fn verify(pin: &[u8]) -> Result<Command, CommandError> {
    Command::new(0x00, 0x20, 0x00, 0x00).with_data(pin)
}

/// CHANGE PIN: `old ‖ FF ‖ new`; either may be empty.
///
/// # Errors
/// More than 255 bytes of data.
pub fn change_pin(old: &[u8], new: &[u8]) -> Result<Command, CommandError> {
    let data = zeroize::Zeroizing::new([old, &[0xFF], new].concat());
    Command::new(0x80, 0x5E, 0x01, 0x00).with_data(&data)
}

/// Header of PIN CHANGE/UNBLOCK that resets the counter.
pub const UNBLOCK_PIN: [u8; 4] = [0x84, 0x24, 0x00, 0x00];
/// Header of PIN CHANGE/UNBLOCK that sets a new PIN.
pub const RESET_PIN: [u8; 4] = [0x84, 0x24, 0x00, 0x01];

/// Name of a command for messages, from its instruction byte.
pub fn name(ins: u8) -> &'static str {
    match ins {
        0x16 => "CARD BLOCK",
        0x1E => "APPLICATION BLOCK",
        0x20 => "VERIFY",
        0x24 => "PIN CHANGE/UNBLOCK",
        0x5E => "CHANGE PIN",
        0x82 => "EXTERNAL AUTHENTICATION",
        0x84 => "GET CHALLENGE",
        0x88 => "INTERNAL AUTHENTICATION",
        0xA4 => "SELECT",
        0xB0 => "READ BINARY",
        0xB2 => "READ RECORD",
        0xC0 => "GET RESPONSE",
        0xD6 => "UPDATE BINARY",
        0xDC => "UPDATE RECORD",
        _ => "command",
    }
}

/// Le byte for a number of bytes.
fn le(length: usize) -> u8 {
    u8::try_from(length).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Commands as real cards got them (`spec/commands.md` §1.2, §9).
    #[test]
    fn as_in_the_traces() {
        let hex = |command: Command| hex::encode_upper(command.to_bytes());
        assert_eq!(hex(select_file(0xEF05).expect("short")), "00A4020002EF05");
        assert_eq!(hex(select_file_p1_00(0xEF05).expect("short")), "00A4000002EF05");
        assert_eq!(hex(read_record(0x01, RecordMode::First, 0, 0x12)), "00B2010012");
        assert_eq!(hex(read_record(0x01, RecordMode::First, 5, 0x12)), "00B2012812");
        assert_eq!(hex(read_record(0x01, RecordMode::FromNumber, 0, 0x40)), "00B2010540");
        assert_eq!(hex(read_record(0x01, RecordMode::Number, 0, 256)), "00B2010400");
        let record = [0x05, 0x04, 0x20, 0x26, 0x01, 0x01];
        assert_eq!(
            hex(update_record(5, RecordMode::First, 5, &record).expect("short")),
            "00DC052806050420260101"
        );
        assert_eq!(hex(get_challenge(8)), "0084000008");
        assert_eq!(hex(pin_query()), "0020000000");
        assert_eq!(hex(verify(&[0x12, 0x34, 0x56]).expect("short")), "0020000003123456");
        assert_eq!(
            hex(change_pin(&[0x12, 0x34, 0x56], &[0x65, 0x43, 0x21]).expect("short")),
            "805E010007123456FF654321"
        );
        let (a, b) = ([0xAA; 8], [0xBB; 8]);
        let tail = "AAAAAAAAAAAAAAAABBBBBBBBBBBBBBBB";
        assert_eq!(
            hex(external_authentication(0x0A, &a, &b, 1).expect("short")),
            format!("0082000A10{tail}")
        );
        assert_eq!(
            hex(external_authentication(0x04, &a, &b, 3).expect("short")),
            format!("0082000411{tail}03")
        );
        assert_eq!(
            hex(internal_authentication(&a, &b, 1).expect("short")),
            format!("0088000010{tail}08")
        );
    }
}

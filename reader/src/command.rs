//! Command APDUs of the terminal: built, read from hex, put into the bytes that the protocol in use wants.

use crate::channel::Protocol;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// A command APDU in short form. Its data may hold a PIN: it is wiped on drop and not shown by `Debug`.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct Command {
    header: [u8; 4],
    data: Vec<u8>,
    le: Option<u16>,
}

/// Why bytes are no command APDU in short form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CommandError {
    /// Fewer than the four bytes of a header.
    #[error("a command has at least 4 bytes (CLA INS P1 P2), not {0}")]
    TooShort(usize),
    /// More data than one command of this card takes.
    #[error("a command carries at most 255 bytes of data, not {0}")]
    TooLong(usize),
    /// Lc does not fit the number of bytes that follow.
    #[error("Lc says {stated} bytes, {found} bytes follow")]
    Length {
        /// Lc.
        stated: usize,
        /// Bytes after Lc.
        found: usize,
    },
    /// More bytes expected than one answer has.
    #[error("an answer has at most 256 bytes, {0} were asked for")]
    Expected(u16),
    /// Not hexadecimal, or half a byte.
    #[error("no hexadecimal digits at character {0}")]
    Hex(usize),
}

impl Command {
    /// A command without data and without an expected answer (case 1).
    pub const fn new(cla: u8, ins: u8, p1: u8, p2: u8) -> Self {
        Self {
            header: [cla, ins, p1, p2],
            data: Vec::new(),
            le: None,
        }
    }

    /// The same command with data of 0 to 255 bytes; without data it stays as it is.
    ///
    /// # Errors
    /// More than 255 bytes.
    pub fn with_data(mut self, data: &[u8]) -> Result<Self, CommandError> {
        if data.len() > 255 {
            return Err(CommandError::TooLong(data.len()));
        }
        self.data.zeroize();
        self.data = data.to_vec();
        Ok(self)
    }

    /// The same command with an expected answer of up to `le` bytes; 0 and 256 both mean "up to 256".
    pub fn with_le(mut self, le: u8) -> Self {
        self.le = Some(expected(le));
        self
    }

    /// Reads the bytes of a command in short form, cases 1 to 4.
    ///
    /// # Errors
    /// The length fits no case; extended length is no form of this card.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CommandError> {
        let (header, body) = bytes
            .split_first_chunk::<4>()
            .ok_or(CommandError::TooShort(bytes.len()))?;
        let mut command = Self {
            header: *header,
            data: Vec::new(),
            le: None,
        };
        let Some((&p3, rest)) = body.split_first() else {
            return Ok(command);
        };
        if rest.is_empty() {
            command.le = Some(expected(p3));
            return Ok(command);
        }
        let length = usize::from(p3);
        let wrong = CommandError::Length {
            stated: length,
            found: rest.len(),
        };
        if length == 0 {
            return Err(wrong);
        }
        let (data, tail) = rest.split_at_checked(length).ok_or(wrong)?;
        command.data = data.to_vec();
        match tail {
            [] => Ok(command),
            [le] => {
                command.le = Some(expected(*le));
                Ok(command)
            }
            _ => Err(wrong),
        }
    }

    /// Reads a command from hex; spaces, colons and line ends between bytes do not matter.
    ///
    /// # Errors
    /// No hex, or the length fits no case.
    pub fn from_hex(text: &str) -> Result<Self, CommandError> {
        Self::from_bytes(&parse_hex(text)?)
    }

    /// CLA INS P1 P2.
    pub const fn header(&self) -> [u8; 4] {
        self.header
    }

    /// CLA.
    pub const fn cla(&self) -> u8 {
        self.header[0]
    }

    /// INS.
    pub const fn ins(&self) -> u8 {
        self.header[1]
    }

    /// The data, empty in cases 1 and 2; it may be secret.
    pub fn data(&self) -> &[u8] {
        &self.data
    }

    /// Bytes expected, 1 to 256, in cases 2 and 4.
    pub const fn le(&self) -> Option<u16> {
        self.le
    }

    /// The bytes of the APDU: header, Lc and data if there are any, Le if there is one.
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        self.encode(true)
    }

    /// The bytes for a protocol: under T=0 a command with data carries no Le (ISO/IEC 7816-3 §12.1.2).
    pub fn to_bytes_for(&self, protocol: Protocol) -> Zeroizing<Vec<u8>> {
        self.encode(protocol == Protocol::Block || self.data.is_empty())
    }

    fn encode(&self, with_le: bool) -> Zeroizing<Vec<u8>> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(self.data.len() + 6));
        bytes.extend_from_slice(&self.header);
        if !self.data.is_empty() {
            // At most 255: checked where the data came in.
            bytes.push(self.data.len() as u8);
            bytes.extend_from_slice(&self.data);
        }
        if let Some(le) = self.le.filter(|_| with_le) {
            bytes.push((le % 256) as u8);
        }
        bytes
    }
}

impl std::fmt::Debug for Command {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "Command({} + {} bytes",
            hex::encode_upper(self.header),
            self.data.len()
        )?;
        match self.le {
            Some(le) => write!(f, ", Le {le})"),
            None => f.write_str(")"),
        }
    }
}

const fn expected(le: u8) -> u16 {
    if le == 0 { 256 } else { le as u16 }
}

/// Reads hex; spaces, tabs, colons and line ends between bytes do not matter.
///
/// # Errors
/// The position (from 1) of the first character that does not fit.
pub fn parse_hex(text: &str) -> Result<Vec<u8>, CommandError> {
    let mut bytes = Vec::with_capacity(text.len() / 2);
    let mut high: Option<u32> = None;
    for (position, character) in text.chars().enumerate() {
        match (character.to_digit(16), high) {
            (Some(digit), None) => high = Some(digit),
            (Some(digit), Some(first)) => {
                bytes.push((first << 4 | digit) as u8);
                high = None;
            }
            (None, None) if character.is_whitespace() || character == ':' => {}
            (None, _) => return Err(CommandError::Hex(position + 1)),
        }
    }
    if high.is_some() {
        Err(CommandError::Hex(text.chars().count()))
    } else {
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn four_cases() {
        let hex = |command: &Command| hex::encode_upper(command.to_bytes());
        let select = || Command::new(0, 0xA4, 2, 0).with_data(&[0xEF, 5]).expect("two bytes");
        assert_eq!(hex(&Command::new(0x80, 0x44, 0, 0)), "80440000");
        assert_eq!(hex(&Command::new(0, 0x84, 0, 0).with_le(8)), "0084000008");
        assert_eq!(hex(&select()), "00A4020002EF05");
        assert_eq!(hex(&select().with_le(0)), "00A4020002EF0500");
        assert_eq!(
            hex::encode_upper(select().with_le(0).to_bytes_for(Protocol::T0)),
            "00A4020002EF05"
        );
        let read = Command::new(0, 0xB2, 1, 0).with_le(0x12);
        assert_eq!(hex::encode_upper(read.to_bytes_for(Protocol::T0)), "00B2010012");
    }

    #[test]
    fn wrong_lengths_are_told() {
        let read = |text| Command::from_hex(text).expect_err(text);
        assert_eq!(read("00A4"), CommandError::TooShort(2));
        assert_eq!(read("00A4020003EF05"), CommandError::Length { stated: 3, found: 2 });
        assert_eq!(read("00A4020001EF0500"), CommandError::Length { stated: 1, found: 3 });
        assert_eq!(read("00A40200000002EF05"), CommandError::Length { stated: 0, found: 4 });
        assert_eq!(read("00A4 02 0x"), CommandError::Hex(10));
        assert_eq!(read("00A4020"), CommandError::Hex(7));
        assert_eq!(
            Command::new(0, 0, 0, 0).with_data(&[0; 256]),
            Err(CommandError::TooLong(256))
        );
    }

    #[test]
    fn debug_hides_data() {
        let verify = Command::new(0, 0x20, 0, 0)
            .with_data(&[0x12, 0x34, 0x56])
            .expect("three bytes");
        assert_eq!(format!("{verify:?}"), "Command(00200000 + 3 bytes)");
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            if let Ok(command) = Command::from_bytes(&bytes) {
                prop_assert_eq!(&*command.to_bytes(), &bytes);
            }
        }

        #[test]
        fn any_text_is_read_or_refused(text in ".{0,40}") {
            if let Ok(bytes) = parse_hex(&text) {
                prop_assert_eq!(parse_hex(&hex::encode(&bytes)), Ok(bytes));
            }
        }
    }
}

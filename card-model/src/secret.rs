//! Values that must not leak: keys and PINs without a readable `Debug`, wiped on drop, compared in constant time.

use core::fmt;
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// A symmetric key of 8 bytes (single DES) or 16 bytes (two-key 3DES, SM4).
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Key {
    bytes: [u8; 16],
    length: u8,
}

/// A key whose length is neither 8 nor 16 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a key has 8 or 16 bytes, not {0}")]
pub struct KeyLengthError(pub usize);

impl Key {
    /// Takes 8 or 16 bytes.
    ///
    /// # Errors
    /// Any other length.
    pub fn new(bytes: &[u8]) -> Result<Self, KeyLengthError> {
        let length = match bytes.len() {
            8 => 8,
            16 => 16,
            other => return Err(KeyLengthError(other)),
        };
        let mut key = Self { bytes: [0; 16], length };
        key.bytes[..bytes.len()].copy_from_slice(bytes);
        Ok(key)
    }

    /// The key bytes; the caller must not print or keep them.
    pub fn expose(&self) -> &[u8] {
        &self.bytes[..usize::from(self.length)]
    }

    /// Length in bytes, 8 or 16.
    pub fn length(&self) -> u8 {
        self.length
    }
}

impl From<[u8; 16]> for Key {
    fn from(bytes: [u8; 16]) -> Self {
        Self { bytes, length: 16 }
    }
}

impl From<[u8; 8]> for Key {
    fn from(half: [u8; 8]) -> Self {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&half);
        Self { bytes, length: 8 }
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.length == other.length && bool::from(self.bytes.ct_eq(&other.bytes))
    }
}

impl Eq for Key {}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({} bytes, hidden)", self.length)
    }
}

/// Whether two byte strings are equal, in time that does not depend on where they differ.
pub fn equal(a: &[u8], b: &[u8]) -> bool {
    a.ct_eq(b).into()
}

/// A holder's PIN as the card takes it: packed digits, an odd count filled with nibble F (`spec/files.md` §5).
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct Pin {
    packed: Vec<u8>,
}

/// Why digits are no PIN. The digits themselves are not repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PinFormatError {
    /// Too few or too many digits.
    #[error("a PIN has 4 to 16 digits, not {0}")]
    Length(usize),
    /// Something else than 0–9.
    #[error("a PIN has digits only; character {0} is none")]
    Character(usize),
}

impl Pin {
    /// Packs 4 to 16 digits.
    ///
    /// # Errors
    /// Another number of digits, or a character that is no digit (its position is told, not the character).
    pub fn from_digits(digits: &str) -> Result<Self, PinFormatError> {
        if let Some(position) = digits.chars().position(|c| !c.is_ascii_digit()) {
            return Err(PinFormatError::Character(position + 1));
        }
        if !(4..=16).contains(&digits.len()) {
            return Err(PinFormatError::Length(digits.len()));
        }
        let mut packed = Vec::with_capacity(8);
        for pair in digits.as_bytes().chunks(2) {
            let low = pair.get(1).map_or(0x0F, |c| c - b'0');
            packed.push((pair[0] - b'0') << 4 | low);
        }
        Ok(Self { packed })
    }

    /// The packed bytes, 2 to 8; the caller must not print or keep them.
    pub fn expose(&self) -> &[u8] {
        &self.packed
    }

    /// Whether `packed` is a well-formed PIN: digits, and only the last low nibble may be F.
    pub fn is_well_formed(packed: &[u8]) -> bool {
        let Some((last, first)) = packed.split_last() else {
            return false;
        };
        let digit = |nibble: u8| nibble <= 9;
        (2..=8).contains(&packed.len())
            && first.iter().all(|b| digit(b >> 4) && digit(b & 15))
            && digit(last >> 4)
            && (digit(last & 15) || last & 15 == 15)
            && !(packed.len() == 2 && last & 15 == 15)
    }
}

impl fmt::Debug for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pin(hidden)")
    }
}

//! Patterns over command bytes and status words, as the table of defects writes them.

use serde::Deserialize;
use serde::de::{Deserializer, Error};

/// Bytes from CLA on: `00 B2 .. 05/07` is CLA 00, INS B2, any P1, and a P2 whose bits under the mask 07 are 05. P3 counts as
/// 00 where a command has none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bytes(Vec<(u8, u8)>);

impl Bytes {
    /// Whether a command begins so.
    pub fn fits(&self, command: &[u8]) -> bool {
        let byte = |i: usize| command.get(i).copied().or((i == 4).then_some(0));
        (0..)
            .zip(&self.0)
            .all(|(i, (value, mask))| byte(i).is_some_and(|byte| byte & mask == *value))
    }

    /// The command with these bits written over it.
    pub fn write(&self, command: &[u8]) -> Vec<u8> {
        let mut bytes = command.to_vec();
        for (byte, (value, mask)) in bytes.iter_mut().zip(&self.0) {
            *byte = *byte & !mask | value;
        }
        bytes
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let byte = |word: &str| match word.split_once('/') {
            Some((value, mask)) => Some((hex_byte(value)?, hex_byte(mask)?)),
            None if word == ".." => Some((0, 0)),
            None => Some((hex_byte(word)?, 0xFF)),
        };
        let bytes: Option<Vec<(u8, u8)>> = text.split_whitespace().map(byte).collect();
        bytes
            .filter(|bytes| bytes.iter().all(|(value, mask)| value & !mask == 0))
            .map(Self)
            .ok_or_else(|| D::Error::custom(format!("{text} is no pattern of command bytes")))
    }
}

fn hex_byte(word: &str) -> Option<u8> {
    (word.len() == 2).then(|| u8::from_str_radix(word, 16).ok()).flatten()
}

/// Status words: `6982`, `63C.`, `61..`, or `ok` for 9000 and 61xx.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Words {
    /// These digits.
    Digits {
        /// The digits that are fixed.
        value: u16,
        /// Which digits are fixed.
        mask: u16,
    },
    /// The command was done.
    Done,
}

impl Words {
    /// Whether a status word is one of these.
    pub fn fits(self, sw: u16) -> bool {
        match self {
            Self::Digits { value, mask } => sw & mask == value,
            Self::Done => sw == 0x9000 || sw >> 8 == 0x61,
        }
    }
}

impl<'de> Deserialize<'de> for Words {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text == "ok" {
            return Ok(Self::Done);
        }
        let digits = |any: char| u16::from_str_radix(&text.replace('.', &any.to_string()), 16);
        match (text.len(), digits('0'), digits('F')) {
            (4, Ok(value), Ok(most)) => Ok(Self::Digits {
                value,
                mask: !(value ^ most),
            }),
            _ => Err(D::Error::custom(format!("{text} is no pattern of status words"))),
        }
    }
}

/// One status word in hexadecimal.
pub fn word<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u16>, D::Error> {
    let text = String::deserialize(deserializer)?;
    match u16::from_str_radix(&text, 16) {
        Ok(word) if text.len() == 4 => Ok(Some(word)),
        _ => Err(D::Error::custom(format!("{text} is no status word"))),
    }
}

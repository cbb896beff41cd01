//! Message authentication codes by wrong rules (`spec/commands.md` §2.3), written out: the right rule is the card's own.

use crate::crypto::SessionKey;
use serde::Deserialize;

/// A way to make the MAC of a secured command that is not the standard's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MacRule {
    /// Filled with 00 only, without the 80 in front.
    ZeroPadding,
    /// The first four bytes of the last block under a 16-byte cipher, as transport cards have it; under an 8-byte cipher the
    /// last four.
    OtherBytes,
    /// Lc as if there were no MAC.
    LcWithoutMac,
    /// The challenge is the initial value too.
    InitialValue,
    /// The data without the header.
    WithoutHeader,
}

impl MacRule {
    /// The code over a command's header (five bytes) and data without MAC.
    pub fn mac(self, key: &SessionKey, challenge: &[u8], header: &[u8; 5], data: &[u8]) -> [u8; 4] {
        let mut header = *header;
        if self == Self::LcWithoutMac {
            header[4] = header[4].wrapping_sub(4);
        }
        let mut message = match self {
            Self::WithoutHeader => data.to_vec(),
            _ => [&header[..], data].concat(),
        };
        message.push(if self == Self::ZeroPadding { 0x00 } else { 0x80 });
        message.resize(message.len().next_multiple_of(key.block()), 0);
        let mut block = vec![0; key.block()];
        if self == Self::InitialValue {
            block.iter_mut().zip(challenge).for_each(|(byte, value)| *byte = *value);
        }
        for part in message.chunks(key.block()) {
            block.iter_mut().zip(part).for_each(|(byte, value)| *byte ^= value);
            key.encrypt_blocks(&mut block);
        }
        let word = |at: usize| -> [u8; 4] { core::array::from_fn(|i| block.get(at + i).copied().unwrap_or(0)) };
        let sixteen = key.block() == 16;
        match (self, sixteen) {
            (Self::OtherBytes, true) => word(0),
            (Self::OtherBytes, false) => word(4),
            (_, true) => core::array::from_fn(|i| block[i] ^ block[i + 4] ^ block[i + 8] ^ block[i + 12]),
            (_, false) => word(0),
        }
    }
}

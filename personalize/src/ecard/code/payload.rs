//! The bytes of a code.

use card_model::sm2::{SIGNATURE, Signature};
use serde::{Deserialize, Serialize};

/// Version of the layout.
const LAYOUT: u8 = 1;

/// Bytes of a code without its signature.
pub(super) const BODY: usize = 27;

/// What a code is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CodeKind {
    /// 身份码: says whose card it is.
    Identity,
    /// 支付码: moves money.
    Payment,
}

impl CodeKind {
    const fn number(self) -> u8 {
        match self {
            Self::Identity => 1,
            Self::Payment => 2,
        }
    }

    const fn of(number: u8) -> Option<Self> {
        match number {
            1 => Some(Self::Identity),
            2 => Some(Self::Payment),
            _ => None,
        }
    }
}

/// What a code says; layout in the [module](super)'s documentation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Code {
    /// What it is for.
    pub kind: CodeKind,
    /// Number of the issuer in the directory.
    pub issuer: u16,
    /// Number of the issuer's key.
    pub key: u8,
    /// Moment of issue, seconds since 1970-01-01 UTC. Lasts until the year 2106.
    pub issued: u32,
    /// Number of the electronic card.
    pub card: u64,
    /// Random number: no two codes are equal.
    pub number: [u8; 8],
    /// Number of the channel that shows the code.
    pub channel: u16,
    /// Code of the scene it is shown for.
    pub scene: u8,
}

impl Code {
    /// The bytes that are signed, after the prefix.
    pub fn to_bytes(&self) -> [u8; BODY] {
        let mut bytes = [0; BODY];
        bytes[0] = LAYOUT << 4 | self.kind.number();
        bytes[1..3].copy_from_slice(&self.issuer.to_be_bytes());
        bytes[3] = self.key;
        bytes[4..8].copy_from_slice(&self.issued.to_be_bytes());
        bytes[8..16].copy_from_slice(&self.card.to_be_bytes());
        bytes[16..24].copy_from_slice(&self.number);
        bytes[24..26].copy_from_slice(&self.channel.to_be_bytes());
        bytes[26] = self.scene;
        bytes
    }

    /// Reads the bytes; `None` for another layout or kind.
    pub fn from_bytes(bytes: &[u8; BODY]) -> Option<Self> {
        if bytes[0] >> 4 != LAYOUT {
            return None;
        }
        let (issuer, rest) = bytes[1..].split_first_chunk()?;
        let (key, rest) = rest.split_first()?;
        let (issued, rest) = rest.split_first_chunk()?;
        let (card, rest) = rest.split_first_chunk()?;
        let (number, rest) = rest.split_first_chunk()?;
        let (channel, rest) = rest.split_first_chunk()?;
        Some(Self {
            kind: CodeKind::of(bytes[0] & 0x0F)?,
            issuer: u16::from_be_bytes(*issuer),
            key: *key,
            issued: u32::from_be_bytes(*issued),
            card: u64::from_be_bytes(*card),
            number: *number,
            channel: u16::from_be_bytes(*channel),
            scene: *rest.first()?,
        })
    }
}

/// A code and its signature, not yet checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignedCode {
    /// What it says.
    pub code: Code,
    /// `r ‖ s` over prefix and code.
    pub signature: Signature,
}

impl SignedCode {
    /// 91 bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        [&self.code.to_bytes()[..], &self.signature.to_bytes()].concat()
    }

    /// Reads 91 bytes; `None` for another length, layout or kind, or numbers that are no signature.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let bytes: &[u8; BODY + SIGNATURE] = bytes.try_into().ok()?;
        let (body, signature) = bytes.split_first_chunk()?;
        Some(Self {
            code: Code::from_bytes(body)?,
            signature: Signature::from_bytes(signature).ok()?,
        })
    }
}

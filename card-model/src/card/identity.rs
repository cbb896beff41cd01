//! The fixed area of the memory: what the card maker gave the card, its life cycle, and where the heap ends.

use crate::crypto::Algorithm;
use crate::memory::{DATA, Memory, WriteError};

/// Offsets of the fixed area.
pub(super) mod fixed {
    use super::DATA;
    pub const LIFE: usize = DATA;
    pub const TOP: usize = DATA + 4;
    pub const ALGORITHM: usize = DATA + 8;
    pub const HISTORICAL: usize = DATA + 9;
    pub const CONTACT: usize = DATA + 22;
    pub const CONTACTLESS: usize = DATA + 31;
    pub const LABEL: usize = DATA + 40;
    pub const HEAP: usize = DATA + 64;
}

const LIFE_BLOCKED: u8 = 0x0F;

/// Most bytes of an interface prefix (TS to the last interface byte, or TL to TC).
const PREFIX: usize = 8;
/// Most characters of the card maker's label.
const LABEL: usize = 16;

/// Identity that the card maker gives a blank card.
#[derive(Debug)]
pub struct Maker<'a> {
    /// Cipher of the master key.
    pub algorithm: Algorithm,
    /// T1–TD.
    pub historical: &'a [u8; 13],
    /// ATR before the historical bytes.
    pub contact: &'a [u8],
    /// ATS before the historical bytes; empty for a card without an antenna.
    pub contactless: &'a [u8],
    /// Label of the profile the card is meant for.
    pub label: &'a str,
}

/// Writes the fixed area of a blank memory; the heap behind it is empty.
///
/// # Errors
/// Power lost.
pub fn write(memory: &mut Memory, maker: &Maker<'_>) -> Result<(), WriteError> {
    let mut area = [0; fixed::HEAP - DATA];
    let mut put = |address: usize, bytes: &[u8]| area[address - DATA..][..bytes.len()].copy_from_slice(bytes);
    put(
        fixed::TOP,
        &u32::try_from(fixed::HEAP).unwrap_or(u32::MAX).to_be_bytes(),
    );
    put(fixed::ALGORITHM, &[maker.algorithm.identifier()]);
    put(fixed::HISTORICAL, maker.historical);
    for (address, bytes, most) in [
        (fixed::CONTACT, maker.contact, PREFIX),
        (fixed::CONTACTLESS, maker.contactless, PREFIX),
        (fixed::LABEL, maker.label.as_bytes(), LABEL),
    ] {
        let bytes = &bytes[..bytes.len().min(most)];
        put(address, &[u8::try_from(bytes.len()).unwrap_or(0)]);
        put(address + 1, bytes);
    }
    memory.commit(&[(DATA, &area)])
}

/// First address behind the last object.
pub fn top(memory: &Memory) -> usize {
    memory.word(fixed::TOP) as usize
}

/// Whether CARD BLOCK was executed.
pub fn is_card_blocked(memory: &Memory) -> bool {
    memory.byte(fixed::LIFE) == LIFE_BLOCKED
}

/// Blocks the card for ever.
///
/// # Errors
/// Power lost.
pub fn block_card(memory: &mut Memory) -> Result<(), WriteError> {
    memory.commit(&[(fixed::LIFE, &[LIFE_BLOCKED])])
}

/// Historical bytes T1–TD.
pub fn historical(memory: &Memory) -> [u8; 13] {
    core::array::from_fn(|i| memory.byte(fixed::HISTORICAL + i))
}

/// ATR without TCK (T=0 only, no TCK needed).
pub fn atr(memory: &Memory) -> Vec<u8> {
    [sized(memory, fixed::CONTACT), &historical(memory)].concat()
}

/// ATS; empty for a card without an antenna.
pub fn ats(memory: &Memory) -> Vec<u8> {
    match sized(memory, fixed::CONTACTLESS) {
        [] => Vec::new(),
        prefix => [prefix, &historical(memory)].concat(),
    }
}

/// The card maker's label: name of the profile the card is meant for.
pub fn label(memory: &Memory) -> String {
    String::from_utf8_lossy(sized(memory, fixed::LABEL)).into_owned()
}

/// Cipher of the card.
pub fn algorithm(memory: &Memory) -> Algorithm {
    Algorithm::try_from(memory.byte(fixed::ALGORITHM)).unwrap_or(Algorithm::Sm4)
}

fn sized(memory: &Memory, address: usize) -> &[u8] {
    memory.read(address + 1, usize::from(memory.byte(address)).min(LABEL))
}

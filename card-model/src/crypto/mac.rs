//! Message authentication codes of both block sizes (`spec/commands.md` §2.3).

use super::{Algorithm, Cipher, first_eight};
use crate::secret::Key;
use zeroize::Zeroize;

/// Length of a message authentication code in bytes.
pub const MAC_LENGTH: usize = 4;

/// The ciphers of a MAC: the chain, and for a 16-byte key of the 8-byte cipher its right half for the last block
/// (ISO/IEC 9797-1 algorithm 3).
#[derive(Clone, Copy)]
struct Ciphers<'k> {
    chain: &'k Cipher,
    right: Option<&'k Cipher>,
}

/// The two halves of a 16-byte key of the 8-byte cipher; nothing for all other keys, which chain with the whole key.
pub(super) fn halves(algorithm: Algorithm, key: &Key) -> Option<(Cipher, Cipher)> {
    let half = |bytes: &[u8]| Cipher::new(algorithm, &Key::from(first_eight(bytes)));
    match (algorithm, key.expose().split_at_checked(8)) {
        (Algorithm::TripleDes, Some((left, right))) if right.len() == 8 => Some((half(left), half(right))),
        _ => None,
    }
}

/// CBC-MAC with padding 80 00… always. 16-byte cipher: XOR of the four words of the last block. 8-byte cipher: first four
/// bytes; a 16-byte key runs single DES with its left half and finishes with decryption under the right and encryption
/// under the left half.
struct State {
    algorithm: Algorithm,
    block: [u8; 16],
    filled: usize,
}

impl State {
    fn new(algorithm: Algorithm, initial: &[u8]) -> Self {
        let mut block = [0; 16];
        let length = initial.len().min(algorithm.block());
        block[..length].copy_from_slice(&initial[..length]);
        Self {
            algorithm,
            block,
            filled: 0,
        }
    }

    fn update(&mut self, ciphers: Ciphers<'_>, data: &[u8]) {
        let size = self.algorithm.block();
        for byte in data {
            self.block[self.filled] ^= byte;
            self.filled += 1;
            if self.filled == size {
                ciphers.chain.encrypt(&mut self.block[..size]);
                self.filled = 0;
            }
        }
    }

    fn finish(&mut self, ciphers: Ciphers<'_>) -> [u8; MAC_LENGTH] {
        self.update(ciphers, &[0x80]);
        let block = &mut self.block[..self.algorithm.block()];
        if self.filled > 0 {
            ciphers.chain.encrypt(block);
        }
        if let Some(right) = ciphers.right {
            right.decrypt(block);
            ciphers.chain.encrypt(block);
        }
        match self.algorithm {
            Algorithm::TripleDes => core::array::from_fn(|i| block[i]),
            Algorithm::Sm4 => core::array::from_fn(|i| block[i] ^ block[i + 4] ^ block[i + 8] ^ block[i + 12]),
        }
    }
}

impl Drop for State {
    fn drop(&mut self) {
        self.block.zeroize();
    }
}

/// A MAC over data that comes in parts.
pub struct MacChain {
    whole: Cipher,
    halves: Option<(Cipher, Cipher)>,
    state: State,
}

impl MacChain {
    /// Begins with an initial value, filled with 00 to the block; a longer one is cut.
    pub(super) fn new(algorithm: Algorithm, key: &Key, initial: &[u8]) -> Self {
        Self {
            whole: Cipher::new(algorithm, key),
            halves: halves(algorithm, key),
            state: State::new(algorithm, initial),
        }
    }

    /// Takes more data.
    pub fn update(&mut self, data: &[u8]) {
        let ciphers = ciphers(&self.whole, self.halves.as_ref());
        self.state.update(ciphers, data);
    }

    /// Pads and gives the code.
    pub fn finish(mut self) -> [u8; MAC_LENGTH] {
        let ciphers = ciphers(&self.whole, self.halves.as_ref());
        self.state.finish(ciphers)
    }
}

fn ciphers<'k>(whole: &'k Cipher, halves: Option<&'k (Cipher, Cipher)>) -> Ciphers<'k> {
    match halves {
        Some((left, right)) => Ciphers {
            chain: left,
            right: Some(right),
        },
        None => Ciphers {
            chain: whole,
            right: None,
        },
    }
}

/// The MAC over `parts` put together, with ciphers that are there already.
pub(super) fn mac_with(
    algorithm: Algorithm,
    whole: &Cipher,
    halves: Option<&(Cipher, Cipher)>,
    initial: &[u8],
    parts: &[&[u8]],
) -> [u8; MAC_LENGTH] {
    let ciphers = ciphers(whole, halves);
    let mut state = State::new(algorithm, initial);
    for part in parts {
        state.update(ciphers, part);
    }
    state.finish(ciphers)
}

/// The MAC over `parts` put together.
pub(super) fn mac(algorithm: Algorithm, key: &Key, initial: &[u8], parts: &[&[u8]]) -> [u8; MAC_LENGTH] {
    let whole = Cipher::new(algorithm, key);
    mac_with(algorithm, &whole, halves(algorithm, key).as_ref(), initial, parts)
}

//! Message authentication codes of both block sizes (`spec/commands.md` §2.3).

use super::{Algorithm, Cipher, first_eight};
use crate::secret::Key;
use zeroize::Zeroize;

/// Length of a message authentication code in bytes.
pub const MAC_LENGTH: usize = 4;

/// A key prepared for MACs. A 16-byte key of the 8-byte cipher is two single-length keys (ISO/IEC 9797-1 algorithm 3).
#[derive(Clone)]
pub(super) struct MacKey {
    algorithm: Algorithm,
    chain: Cipher,
    /// The right half of a 16-byte key of the 8-byte cipher.
    right: Option<Cipher>,
}

impl MacKey {
    /// `cipher` is that of the whole `key`; its schedule is used again where it is the one of the chain.
    pub(super) fn new(algorithm: Algorithm, key: &Key, cipher: &Cipher) -> Self {
        let half = |bytes: &[u8]| Cipher::new(algorithm, &Key::from(first_eight(bytes)));
        let (chain, right) = match (algorithm, key.expose().split_at_checked(8)) {
            (Algorithm::TripleDes, Some((left, right))) if right.len() == 8 => (half(left), Some(half(right))),
            _ => (cipher.clone(), None),
        };
        Self {
            algorithm,
            chain,
            right,
        }
    }

    /// The MAC over `parts` put together, with an initial value.
    pub(super) fn over(&self, initial: &[u8], parts: &[&[u8]]) -> [u8; MAC_LENGTH] {
        let mut chain = MacChain::begin(self.clone(), initial);
        for part in parts {
            chain.update(part);
        }
        chain.finish()
    }
}

/// CBC-MAC with padding 80 00… always. 16-byte cipher: XOR of the four words of the last block. 8-byte cipher: first four
/// bytes; a 16-byte key runs single DES with its left half and finishes with decryption under the right and encryption
/// under the left half (ISO/IEC 9797-1 algorithm 3).
pub struct MacChain {
    key: MacKey,
    block: [u8; 16],
    filled: usize,
}

impl MacChain {
    /// Begins with an initial value, filled with 00 to the block; a longer one is cut.
    pub(super) fn new(algorithm: Algorithm, key: &Key, initial: &[u8]) -> Self {
        Self::begin(MacKey::new(algorithm, key, &Cipher::new(algorithm, key)), initial)
    }

    fn begin(key: MacKey, initial: &[u8]) -> Self {
        let mut block = [0; 16];
        let length = initial.len().min(key.algorithm.block());
        block[..length].copy_from_slice(&initial[..length]);
        Self { key, block, filled: 0 }
    }

    /// Takes more data.
    pub fn update(&mut self, data: &[u8]) {
        let size = self.key.algorithm.block();
        for byte in data {
            self.block[self.filled] ^= byte;
            self.filled += 1;
            if self.filled == size {
                self.key.chain.encrypt(&mut self.block[..size]);
                self.filled = 0;
            }
        }
    }

    /// Pads and gives the code.
    pub fn finish(mut self) -> [u8; MAC_LENGTH] {
        self.update(&[0x80]);
        let block = &mut self.block[..self.key.algorithm.block()];
        if self.filled > 0 {
            self.key.chain.encrypt(block);
        }
        if let Some(right) = &self.key.right {
            right.decrypt(block);
            self.key.chain.encrypt(block);
        }
        match self.key.algorithm {
            Algorithm::TripleDes => core::array::from_fn(|i| block[i]),
            Algorithm::Sm4 => core::array::from_fn(|i| block[i] ^ block[i + 4] ^ block[i + 8] ^ block[i + 12]),
        }
    }
}

impl Drop for MacChain {
    fn drop(&mut self) {
        self.block.zeroize();
    }
}

/// The MAC over `parts` put together.
pub(super) fn mac(algorithm: Algorithm, key: &Key, initial: &[u8], parts: &[&[u8]]) -> [u8; MAC_LENGTH] {
    let mut chain = MacChain::new(algorithm, key, initial);
    for part in parts {
        chain.update(part);
    }
    chain.finish()
}

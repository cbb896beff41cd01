//! Random numbers that can be drawn again.

use rand_core::TryRng;
use sm3::{Digest, Sm3};

/// Challenges of a simulated card whose run shall be repeatable: SM3 of the seed and a counter (four bytes, big endian, from
/// 0), block after block. Everybody who knows the seed knows them all, so this is for scripts and tests only.
#[derive(Debug, Clone)]
pub struct SeededEntropy {
    seed: [u8; 16],
    counter: u32,
    block: [u8; 32],
    used: usize,
}

impl SeededEntropy {
    /// Begins with the first block.
    pub fn new(seed: [u8; 16]) -> Self {
        Self {
            seed,
            counter: 0,
            block: [0; 32],
            used: 32,
        }
    }

    /// Fills bytes with what comes next.
    pub fn fill(&mut self, bytes: &mut [u8]) {
        for byte in bytes {
            if self.used == self.block.len() {
                let digest = Sm3::new()
                    .chain_update(self.seed)
                    .chain_update(self.counter.to_be_bytes())
                    .finalize();
                self.block = digest.into();
                self.counter = self.counter.wrapping_add(1);
                self.used = 0;
            }
            *byte = self.block[self.used];
            self.used += 1;
        }
    }
}

impl TryRng for SeededEntropy {
    type Error = core::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        let mut bytes = [0; 4];
        self.fill(&mut bytes);
        Ok(u32::from_be_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        let mut bytes = [0; 8];
        self.fill(&mut bytes);
        Ok(u64::from_be_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
        self.fill(bytes);
        Ok(())
    }
}

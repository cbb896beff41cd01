//! Generators of random numbers that are none.

use rand_core::{Rng, TryRng};
use serde::Deserialize;

/// What a bad generator gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Generator {
    /// The same bytes every time.
    Constant,
    /// Each draw is one more than the draw before.
    Counting,
    /// The first half of each draw is random, the second is 00.
    Half,
}

/// A bad generator; `good` is what it should have used.
pub struct Bad<'a> {
    pub kind: Generator,
    pub draws: &'a mut u8,
    pub good: &'a mut dyn Rng,
}

impl TryRng for Bad<'_> {
    type Error = core::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_be_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_be_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
        match self.kind {
            Generator::Constant => bytes.fill(0x5C),
            Generator::Counting => {
                *self.draws = self.draws.wrapping_add(1);
                bytes.fill(0x5C);
                if let Some(last) = bytes.last_mut() {
                    *last = *self.draws;
                }
            }
            Generator::Half => {
                let (random, zero) = bytes.split_at_mut(bytes.len() / 2);
                self.good.fill_bytes(random);
                zero.fill(0);
            }
        }
        Ok(())
    }
}

/// Entropy for commands that draw none.
pub struct Nothing;

impl TryRng for Nothing {
    type Error = core::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        Ok(0)
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        Ok(0)
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
        bytes.fill(0);
        Ok(())
    }
}

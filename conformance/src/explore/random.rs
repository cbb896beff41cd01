//! Repeatable random numbers (SplitMix64): fast, one word of state, the state is the seed.

use card_model::card::Interface;
use card_model::profile::Profile;
use rand_core::TryRng;

/// A sequence of numbers that looks random.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Random(u64);

impl Random {
    /// The sequence of a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 bits.
    pub fn word(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut word = self.0;
        word = (word ^ word >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        word = (word ^ word >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        word ^ word >> 31
    }

    /// A number below `bound`; 0 for a bound of 0.
    pub fn below(&mut self, bound: usize) -> usize {
        // The bias of the remainder is of no importance for bounds of some thousands.
        (self.word() >> 11) as usize % bound.max(1)
    }

    /// True once in `times`.
    pub fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    /// A byte.
    pub fn byte(&mut self) -> u8 {
        (self.word() >> 32) as u8
    }

    /// `N` bytes.
    pub fn bytes<const N: usize>(&mut self) -> [u8; N] {
        core::array::from_fn(|_| self.byte())
    }

    /// One of several; the list is not empty.
    pub fn of<T: Copy>(&mut self, list: &[T]) -> Option<T> {
        list.get(self.below(list.len())).copied()
    }

    /// An interface that cards of a profile have.
    pub fn interface(&mut self, profile: &Profile) -> Interface {
        let contactless = profile.reset.contactless.is_some() && self.once_in(2);
        if contactless {
            Interface::Contactless
        } else {
            Interface::Contact
        }
    }

    /// A dedicated file of a profile.
    pub fn dedicated_file(&mut self, profile: &Profile) -> usize {
        self.below(profile.dedicated_files.len())
    }
}

impl TryRng for Random {
    type Error = core::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        Ok((self.word() >> 32) as u32)
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        Ok(self.word())
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
        bytes.iter_mut().for_each(|byte| *byte = self.byte());
        Ok(())
    }
}

//! The card as a function of its memory, its session and entropy.

use rand_core::Rng;

/// Interface through which the card is powered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Interface {
    /// Contacts, T=0: case 4 commands answer 61xx.
    Contact,
    /// ISO/IEC 14443 type A: direct answers.
    Contactless,
}

/// Why the card refused a command: rule and missing state, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// File concerned, such as `DF04/EF06`, as file identifiers where no profile is known.
    pub file: Option<String>,
    /// The condition in words of the profile grammar, with key identifiers in hex: `PIN and 84`.
    pub condition: Option<String>,
    /// What was missing of it.
    pub missing: Vec<String>,
}

/// Why bytes are no card image.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ImageError {
    /// Not written by this program.
    #[error("not a card image of ssc")]
    Magic,
    /// Written by a newer program.
    #[error("card image of format {0}, this program reads up to {1}")]
    Version(u16, u16),
    /// Damaged at an address.
    #[error("card image damaged at byte {0}")]
    Damaged(usize),
}

/// A response: data and status word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// Data, at most 256 bytes.
    pub data: arrayvec::ArrayVec<u8, 256>,
    /// Status word.
    pub sw: u16,
}

/// A card.
#[derive(Debug)]
pub struct Card {}

impl Card {
    /// A blank card as it leaves the card maker: `label` names the profile it is meant for, `historical` are T1–TD.
    pub fn blank(_profile: &crate::profile::Profile, _historical: [u8; 13]) -> Self {
        Self {}
    }

    /// Reads a card from the bytes of [`Card::image`].
    ///
    /// # Errors
    /// The bytes are no card image.
    pub fn from_image(_image: &[u8]) -> Result<Self, ImageError> {
        Ok(Self {})
    }

    /// The whole non-volatile memory, with a header that names format and version.
    pub fn image(&self) -> &[u8] {
        &[]
    }

    /// Parts of [`Card::image`] written since the last call, in order: `(offset, bytes)`. A file that applies them in
    /// order is, at every moment, an image from which a card recovers.
    pub fn take_writes(&mut self) -> Vec<(usize, Vec<u8>)> {
        Vec::new()
    }

    /// Powers the card (cold reset or field on), drops the volatile state, and gives ATR or ATS.
    pub fn power_on(&mut self, _interface: Interface) -> Vec<u8> {
        Vec::new()
    }

    /// Takes the power away.
    pub fn power_off(&mut self) {}

    /// Executes one command APDU. A card without power answers 6F00.
    pub fn transmit(&mut self, _command: &[u8], _entropy: &mut dyn Rng) -> Response {
        Response {
            data: arrayvec::ArrayVec::new(),
            sw: 0x6D00,
        }
    }

    /// Why the last command was refused, where a rule refused it.
    pub fn refusal(&self) -> Option<&Refusal> {
        None
    }
}

//! The PIN as the terminal handles it: who is asked for it, and what the card says about it.

use card_model::secret::Pin;
use serde::Serialize;

/// What a PIN is wanted for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PinRequest {
    /// File or element, such as `DF04/EF06`.
    pub path: String,
    /// Tries left before the PIN is blocked.
    pub tries_left: u8,
}

/// Who gives the PIN: a person at the terminal, an environment variable, a pin pad.
///
/// It is asked only when a condition wants the PIN and nothing else can meet it, once for each card, and never while the
/// reader is held by a transaction.
pub trait PinProvider {
    /// The PIN, or `None` if the person does not want to give it.
    fn pin(&mut self, request: &PinRequest) -> Option<Pin>;
}

/// A PIN that is known from the start.
impl PinProvider for Pin {
    fn pin(&mut self, _request: &PinRequest) -> Option<Pin> {
        Some(self.clone())
    }
}

/// State of the PIN of a card.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct PinStatus {
    /// Whether the card has a PIN; without one PIN conditions count as met.
    pub set: bool,
    /// Tries left; `None` for a card without a PIN.
    pub tries_left: Option<u8>,
}

impl PinStatus {
    /// Whether the PIN is blocked.
    pub fn blocked(self) -> bool {
        self.tries_left == Some(0)
    }
}

//! Channels to a card: one trait for the in-process model, a PC/SC reader, a card behind the virtual reader's port and a
//! replayed transcript. Logging, recording, line time and fault injection are decorators around a channel.

mod error;

pub use error::TransportError;

/// What a card answered to reset, whatever the interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reset {
    /// ATR as the reader gives it, or the ATS of a contactless card.
    pub bytes: Vec<u8>,
    /// Interface on which the card was reset.
    pub interface: card_model::card::Interface,
}

/// Why the card model refused the last command; only simulated cards can tell.
pub type Reason = card_model::card::Refusal;

/// One card in one reader: command bytes in, response bytes with status word out.
///
/// `61xx` and `6Cxx` come through as they are; [`crate::link`] is the one place that resolves them.
pub trait Channel {
    /// Name of the reader or file, for messages.
    fn name(&self) -> &str;

    /// The last answer to reset.
    fn reset_answer(&self) -> &Reset;

    /// Sends one command APDU of at least 4 bytes and returns data and status word, at least 2 bytes.
    ///
    /// # Errors
    /// The transport failed; a card's refusal is no error here.
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, TransportError>;

    /// Resets the card and drops its volatile state.
    ///
    /// # Errors
    /// The transport failed or the card is gone.
    fn reset(&mut self) -> Result<(), TransportError>;

    /// Why the card refused the last command, where the channel knows (simulated cards in this process).
    fn reason(&self) -> Option<Reason> {
        None
    }
}

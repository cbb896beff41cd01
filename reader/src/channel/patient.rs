//! A card that has left its reader is waited for: a decorator of [`Channel::reset`] for long runs.

use super::{Channel, TransportError};
use std::time::{Duration, Instant};

/// How often it is looked whether the card is back.
const STEP: Duration = Duration::from_millis(200);

/// How long a card is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// At one reset.
    pub once: Duration,
    /// At all resets together: a card that leaves again and again must not hold up a run for hours.
    pub altogether: Duration,
}

/// A channel whose [`Channel::reset`] waits for a card that is gone, as long as its [`Patience`] lasts. Virtual cards that are
/// started again, contactless cards that were moved and cards with a bad contact come back by themselves.
#[derive(Debug)]
pub struct Patient<C> {
    channel: C,
    patience: Patience,
}

impl<C: Channel> Patient<C> {
    /// Waits for the card of `channel` from now on.
    pub fn new(channel: C, patience: Patience) -> Self {
        Self { channel, patience }
    }
}

/// Whether the card may come back by itself.
fn may_return(error: &TransportError) -> bool {
    matches!(
        error,
        TransportError::NoCard { .. }
            | TransportError::CardRemoved { .. }
            | TransportError::ReaderRemoved { .. }
            | TransportError::ReaderNotFound { .. }
            | TransportError::NoReader
            | TransportError::Mute { .. }
            | TransportError::AnswerTooShort { .. }
    )
}

impl<C: Channel> Channel for Patient<C> {
    crate::pass_on!(
        self => self.channel;
        name reset_answer protocol transmit control reason is_bench lose_power_after change_interface comment
    );

    fn reset(&mut self) -> Result<(), TransportError> {
        let begun = Instant::now();
        let patience = self.patience.once.min(self.patience.altogether);
        loop {
            match self.channel.reset() {
                Err(error) if may_return(&error) && begun.elapsed() + STEP <= patience => std::thread::sleep(STEP),
                // What one round trip takes is not waiting.
                outcome => {
                    let waited = begun.elapsed();
                    if waited > STEP {
                        self.patience.altogether = self.patience.altogether.saturating_sub(waited);
                    }
                    return outcome;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::channel::{Interface, Reset};

    /// A card that is out of the reader for so many looks.
    struct Away {
        looks: u32,
        reset: Reset,
    }

    impl Channel for Away {
        fn name(&self) -> &str {
            "reader"
        }
        fn reset_answer(&self) -> &Reset {
            &self.reset
        }
        fn transmit(&mut self, _command: &[u8]) -> Result<Vec<u8>, TransportError> {
            Ok(vec![0x90, 0x00])
        }
        fn reset(&mut self) -> Result<(), TransportError> {
            self.looks = self.looks.saturating_sub(1);
            match self.looks {
                0 => Ok(()),
                1000.. => Err(TransportError::ServiceDown),
                _ => Err(TransportError::NoCard {
                    reader: "reader".into(),
                }),
            }
        }
    }

    fn away(looks: u32, once: u64, altogether: u64) -> Patient<Away> {
        let reset = Reset {
            bytes: vec![0x3B, 0x00],
            interface: Interface::Contact,
        };
        let patience = Patience {
            once: Duration::from_millis(once),
            altogether: Duration::from_millis(altogether),
        };
        Patient::new(Away { looks, reset }, patience)
    }

    #[test]
    fn a_card_that_comes_back_is_found() {
        assert!(away(4, 5_000, 60_000).reset().is_ok());
    }

    #[test]
    fn patience_ends() {
        let mut channel = away(900, 500, 60_000);
        let begun = Instant::now();
        assert!(matches!(channel.reset(), Err(TransportError::NoCard { .. })));
        assert!(begun.elapsed() >= STEP && begun.elapsed() < Duration::from_secs(5));
        // Altogether it lasts for one such wait only.
        let mut channel = away(900, 500, 300);
        assert!(channel.reset().is_err());
        let looks = channel.channel.looks;
        assert!(channel.reset().is_err());
        assert_eq!(channel.channel.looks, looks - 1, "looked once and not again");
    }

    #[test]
    fn what_waiting_does_not_mend_is_told_at_once() {
        let mut channel = away(2_000, 60_000, 60_000);
        assert!(matches!(channel.reset(), Err(TransportError::ServiceDown)));
        assert_eq!(channel.channel.looks, 1_999);
    }
}

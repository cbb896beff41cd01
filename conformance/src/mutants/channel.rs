//! A faulty card in this process, for the runner. It has no file and no way to one.

use crate::explore::Random;
use card_model::card::Interface;
use card_model::card::faulty::FaultyCard;
use reader::channel::{Channel, Reset, TransportError};

/// A channel to a card with a defect.
pub struct FaultyChannel {
    card: FaultyCard,
    reset: Reset,
    entropy: Random,
}

impl FaultyChannel {
    /// Powers the card. `seed` is that of its random numbers.
    pub fn new(mut card: FaultyCard, interface: Interface, seed: u64) -> Self {
        let bytes = card.power_on(interface);
        Self {
            card,
            reset: Reset { bytes, interface },
            entropy: Random::new(seed),
        }
    }
}

impl Channel for FaultyChannel {
    fn name(&self) -> &str {
        &self.card.defect().id
    }

    fn reset_answer(&self) -> &Reset {
        &self.reset
    }

    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, TransportError> {
        let answer = self.card.transmit(command, &mut self.entropy);
        answer
            .map(|answer| answer.to_bytes())
            .ok_or_else(|| TransportError::CardRemoved {
                reader: self.card.defect().id.clone(),
            })
    }

    fn is_bench(&self) -> bool {
        true
    }

    fn lose_power_after(&mut self, words: Option<u64>) {
        self.card.lose_power_after(words);
    }

    fn change_interface(&mut self, interface: Interface) -> Result<(), TransportError> {
        self.reset.interface = interface;
        self.reset()
    }

    fn reset(&mut self) -> Result<(), TransportError> {
        self.reset.bytes = self.card.power_on(self.reset.interface);
        if self.reset.bytes.is_empty() {
            return Err(TransportError::Mute {
                reader: self.card.defect().id.clone(),
            });
        }
        Ok(())
    }
}

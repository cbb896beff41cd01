//! A card with one deliberate defect, for tests of tests: whoever judges cards must notice it.
//!
//! The defect is not in the card. A [`FaultyCard`] holds a healthy [`Card`] and stands before it: it bends a command, the
//! state before it, the answer or the state after it, and lets the healthy card do the rest. So the card's own code has no
//! branch for defects and pays nothing for them. A faulty card is a type of its own that no file and no reader takes
//! ([`crate::Chip`] is not implemented), the defect is in no image, and no command turns it on or off.
//!
//! The defects are data: `profiles/defects.toml`, read by [`Defect::all`].

mod account;
mod answer;
mod bend;
mod entropy;
mod forge;
mod leave;
mod mac;
mod pattern;
mod reset;
mod shape;
mod table;

pub use table::Defect;

use super::{Card, Interface, Refusal, Response};
use arrayvec::ArrayVec;
use entropy::Bad;
use rand_core::Rng;
use table::{Fault, Tear};

/// A card with one defect. What it does with power and commands is what [`Card`] does but for the defect.
#[derive(Debug, Clone)]
pub struct FaultyCard {
    card: Card,
    defect: &'static Defect,
    /// Draws of a generator that counts.
    draws: u8,
}

impl FaultyCard {
    /// Gives a card a defect. The card is without power afterwards.
    pub fn new(mut card: Card, defect: &'static Defect) -> Self {
        card.power_off();
        if let Fault::Tear(tear) = &defect.fault {
            card.break_journal(tear.journal_step());
        }
        Self { card, defect, draws: 0 }
    }

    /// Its defect.
    pub fn defect(&self) -> &'static Defect {
        self.defect
    }

    /// The healthy card that the defect works upon, to look at its memory.
    pub fn card(&self) -> &Card {
        &self.card
    }

    /// As [`Card::lose_power_after`].
    pub fn lose_power_after(&mut self, words: Option<u64>) {
        self.card.lose_power_after(words);
    }

    /// As [`Card::power_on`].
    pub fn power_on(&mut self, interface: Interface) -> Vec<u8> {
        let before = self.card.session.take();
        let mut answer = self.card.power_on(interface);
        match &self.defect.fault {
            Fault::Reset(fault) => fault.apply(&mut self.card, before.as_deref(), &mut answer),
            Fault::Shape(shape) => shape.apply(&mut self.card),
            _ => {}
        }
        answer
    }

    /// As [`Card::power_off`].
    pub fn power_off(&mut self) {
        // A defect may carry the session over to the next power-on.
        if !matches!(self.defect.fault, Fault::Reset(_)) {
            self.card.power_off();
        }
    }

    /// As [`Card::refusal`].
    pub fn refusal(&self) -> Option<&Refusal> {
        self.card.refusal()
    }

    /// As [`Card::transmit`].
    pub fn transmit(&mut self, command: &[u8], entropy: &mut dyn Rng) -> Option<Response> {
        let card = &mut self.card;
        if card.session.is_none() || !self.defect.concerns(command) {
            return card.transmit(command, entropy);
        }
        match &self.defect.fault {
            Fault::Word(word) => {
                let answer = card.transmit(command, entropy)?;
                if !self.defect.on(answer.sw) {
                    return Some(answer);
                }
                Some(Response {
                    data: ArrayVec::new(),
                    sw: *word,
                })
            }
            Fault::TakenFor(header) => card.transmit(&header.write(command), entropy),
            Fault::Forge(forge) => {
                let forged = forge.apply(card, command);
                card.transmit(forged.as_deref().unwrap_or(command), entropy)
            }
            Fault::Bend(bend) => bend.around(card, |card| card.transmit(command, entropy)),
            Fault::Entropy(kind) => card.transmit(
                command,
                &mut Bad {
                    kind: *kind,
                    draws: &mut self.draws,
                    good: entropy,
                },
            ),
            Fault::Leave(leave) => {
                let before = card.clone();
                let mut answer = card.transmit(command, entropy)?;
                if self.defect.on(answer.sw) {
                    leave.apply(card, &before, command, &mut answer);
                }
                Some(answer)
            }
            Fault::Answer(fault) => {
                let before = card.clone();
                let answer = card.transmit(command, entropy)?;
                if !self.defect.on(answer.sw) {
                    return Some(answer);
                }
                Some(fault.apply(card, &before, command, answer))
            }
            Fault::Tear(tear) => {
                let before = card.clone();
                let answer = card.transmit(command, entropy);
                if answer.is_none() {
                    tear.apply(card, before, command);
                }
                answer
            }
            Fault::Reset(_) | Fault::Shape(_) => card.transmit(command, entropy),
        }
    }
}

impl Tear {
    /// After the power went in the middle of a command: what a card without this protection has in its memory.
    fn apply(self, card: &mut Card, mut before: Card, command: &[u8]) {
        match self {
            Self::Journal(_) => {}
            Self::TryAfterComparison => card.memory = before.memory,
            Self::TwoChanges => {
                // The command as it would have ended, with the power on and nothing drawn: DEBIT and CREDIT need none.
                before.memory.limit_power(None);
                let mut done = before.clone();
                let whole = done.transmit(command, &mut entropy::Nothing);
                if let (Some(_), Some(at)) = (whole, account::amounts(&done)) {
                    let amounts = done.memory.read(at, super::account::AMOUNTS).to_vec();
                    // The memory has power here, so this write cannot fail.
                    let _ = before.memory.commit(&[(at, &amounts)]);
                    card.memory = before.memory;
                }
            }
        }
    }
}

//! Random walks of a card model beside the oracle, and what is left of a walk that ends in a disagreement.

use super::{Disagreement, Learnt, Oracle};
use crate::explore::{Event, Keys, Random, Tester};
use card_model::card::faulty::FaultyCard;
use card_model::card::{Card, Interface, Response};
use card_model::profile::Profile;
use card_model::secret::Pin;
use rand_core::Rng;

/// A simulated card that walks beside the oracle.
pub trait Walker {
    /// As [`Card::power_on`].
    fn power_on(&mut self, interface: Interface) -> Vec<u8>;
    /// As [`Card::transmit`].
    fn transmit(&mut self, command: &[u8], entropy: &mut dyn Rng) -> Option<Response>;
}

impl Walker for Card {
    fn power_on(&mut self, interface: Interface) -> Vec<u8> {
        Self::power_on(self, interface)
    }
    fn transmit(&mut self, command: &[u8], entropy: &mut dyn Rng) -> Option<Response> {
        Self::transmit(self, command, entropy)
    }
}

impl Walker for FaultyCard {
    fn power_on(&mut self, interface: Interface) -> Vec<u8> {
        Self::power_on(self, interface)
    }
    fn transmit(&mut self, command: &[u8], entropy: &mut dyn Rng) -> Option<Response> {
        Self::transmit(self, command, entropy)
    }
}

/// What a walk starts from.
pub struct Start<'a> {
    /// The profile of the card.
    pub profile: &'a Profile,
    /// Its keys.
    pub keys: &'a Keys<'a>,
    /// Makes the issued card, a new one for each walk.
    pub card: &'a dyn Fn() -> Box<dyn Walker>,
    /// What the oracle knows of it.
    pub learnt: &'a Learnt,
    /// The holder's PIN.
    pub pin: &'a Pin,
}

/// A walk in which card and oracle disagree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Seed of the walk.
    pub seed: u64,
    /// The interface of the first power-on.
    pub interface: Interface,
    /// What happened, with its place in the walk; the last one is the disagreement.
    pub events: Vec<(usize, Event)>,
    /// The disagreement.
    pub disagreement: Disagreement,
}

impl Start<'_> {
    /// Walks `events` events from a seed; gives the number of commands.
    ///
    /// # Errors
    /// Card and oracle disagree; the walk is minimized.
    pub fn walk(&self, seed: u64, events: usize) -> Result<u64, Box<Finding>> {
        let mut random = Random::new(seed);
        let interface = random.interface(self.profile);
        let mut pair = Pair::new(self, seed, interface);
        let mut tester = Tester::new(self.profile, self.keys, self.pin, None, random, interface);
        let mut happened = Vec::with_capacity(events);
        let mut commands = 0;
        for place in 0..events {
            let event = tester.event();
            commands += u64::from(matches!(event, Event::Command(_)));
            let answer = pair.happen(place, &event);
            happened.push((place, event));
            match answer {
                Ok(answer) => {
                    if let Some((_, event)) = happened.last() {
                        tester.heard(event, &answer);
                    }
                }
                Err(disagreement) => {
                    let finding = Finding {
                        seed,
                        interface,
                        events: happened,
                        disagreement: *disagreement,
                    };
                    return Err(Box::new(self.minimize(finding)));
                }
            }
        }
        Ok(commands)
    }

    /// Leaves out what the disagreement does not need.
    fn minimize(&self, mut finding: Finding) -> Finding {
        let mut piece = finding.events.len() / 2;
        while piece > 0 {
            let mut from = 0;
            while from + piece <= finding.events.len() {
                let mut fewer = finding.events.clone();
                fewer.drain(from..from + piece);
                match self.replay(&finding, fewer) {
                    Some(shorter) => finding = shorter,
                    None => from += piece,
                }
            }
            piece /= 2;
        }
        finding
    }

    fn replay(&self, finding: &Finding, events: Vec<(usize, Event)>) -> Option<Finding> {
        let mut pair = Pair::new(self, finding.seed, finding.interface);
        for (count, (place, event)) in events.iter().enumerate() {
            if let Err(disagreement) = pair.happen(*place, event) {
                return Some(Finding {
                    events: events[..=count].to_vec(),
                    disagreement: *disagreement,
                    ..finding.clone()
                });
            }
        }
        None
    }
}

/// A card and its oracle.
struct Pair<'a> {
    card: Box<dyn Walker>,
    oracle: Oracle<'a>,
    seed: u64,
}

impl<'a> Pair<'a> {
    fn new(start: &Start<'a>, seed: u64, interface: Interface) -> Self {
        let mut card = (start.card)();
        card.power_on(interface);
        let mut oracle = Oracle::new(start.profile, start.keys, start.learnt.clone());
        oracle.reset(interface);
        Self { card, oracle, seed }
    }

    /// Random numbers of the card depend on the place in the walk only, so they stay the same when other events are left
    /// out.
    fn happen(&mut self, place: usize, event: &Event) -> Result<Vec<u8>, Box<Disagreement>> {
        match event {
            Event::Reset(interface) => {
                self.card.power_on(*interface);
                self.oracle.reset(*interface);
                Ok(Vec::new())
            }
            Event::Command(command) => {
                let mut entropy = Random::new(self.seed ^ (place as u64) << 40 ^ 0x5EED);
                let answer = self.card.transmit(command, &mut entropy);
                let answer = answer.map(|answer| answer.to_bytes()).unwrap_or_default();
                self.oracle.judge(command, &answer)?;
                Ok(answer)
            }
        }
    }
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "# seed {:016X}, power on {:?}", self.seed, self.interface)?;
        for (_, event) in &self.events {
            match event {
                Event::Reset(interface) => writeln!(f, "# reset, {interface:?}")?,
                Event::Command(command) => writeln!(f, "> {}", hex::encode_upper(command))?,
            }
        }
        writeln!(f, "< {}", hex::encode_upper(&self.disagreement.answer))?;
        write!(f, "# expected: {}", self.disagreement.expected)
    }
}

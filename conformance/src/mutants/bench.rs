//! The cases made ready for one sample card, and one case played on one fresh copy of it.

use super::channel::FaultyChannel;
use super::relay::{Disturbance, Relay};
use super::report::{Caught, Trial};
use super::{INTERFACES, Sample};
use crate::ConformanceError;
use crate::explore::Random;
use crate::flow::Deviation;
use crate::run::{End, play};
use crate::suite::{Case, Suite};
use crate::terminal::{Selections, Terminal};
use card_model::card::Interface;
use card_model::card::faulty::{Defect, FaultyCard};
use reader::channel::{Channel, ModelChannel};
use reader::security::KeyFile;
use std::collections::BTreeSet;
use std::sync::OnceLock;

/// Seed of the random numbers of all copies, healthy and faulty.
const SEED: u64 = 1;

/// The cases that apply to a sample, cheap ones first, and what the healthy card makes of them.
pub(super) struct Bench<'a> {
    suite: &'a Suite,
    sample: &'a Sample,
    cases: Vec<Ready>,
}

/// A case, the interfaces it applies to, and whether the healthy card passes it there, once somebody has asked.
struct Ready {
    case: Case,
    applies: [bool; 2],
    passes: [OnceLock<bool>; 2],
}

impl<'a> Bench<'a> {
    /// Expands the suite for the sample.
    pub fn new(suite: &'a Suite, sample: &'a Sample) -> Result<Self, ConformanceError> {
        let mut cases = suite.cases(&sample.profile)?;
        // A defect of a card is for cases that talk to the card.
        cases.retain(|case| case.driver.is_none());
        // What leaves the card as it was comes first, and of that what is short.
        cases.sort_by_key(|case| (case.effect, case.steps.steps().len()));
        let subject = sample.subject();
        let mut ready = Vec::new();
        for case in cases {
            let mut applies = [false; 2];
            for (applies, interface) in applies.iter_mut().zip(INTERFACES) {
                *applies = case.obstacle(subject, interface, suite.routines())?.is_none();
            }
            ready.push(Ready {
                case,
                applies,
                passes: Default::default(),
            });
        }
        Ok(Self {
            suite,
            sample,
            cases: ready,
        })
    }

    /// Looks for a case of the broken rule that catches a defect.
    pub fn first(&self, keys: &mut KeyFile, defect: &'static Defect) -> Trial {
        let fitting = (0..self.cases.len()).filter(|place| defect.breaks(&self.cases[*place].case.clauses));
        let mut on = INTERFACES
            .into_iter()
            .flat_map(|interface| fitting.clone().map(move |place| (place, interface)));
        let caught = on.find_map(|(place, interface)| self.catch(keys, place, defect, interface));
        Trial {
            defect,
            caught: caught.into_iter().collect(),
        }
    }

    /// All cases that catch a defect, on either interface.
    pub fn all(&self, keys: &mut KeyFile, defect: &'static Defect) -> Trial {
        let on = |place| INTERFACES.map(|interface| (place, interface));
        let caught = (0..self.cases.len()).filter_map(|place| {
            let mut on = on(place).into_iter();
            on.find_map(|(place, interface)| self.catch(keys, place, defect, interface))
        });
        Trial {
            defect,
            caught: caught.collect(),
        }
    }

    /// Cases that pass on the healthy card and have caught nothing.
    pub fn idle(&self, keys: &mut KeyFile, trials: &[Trial]) -> Vec<String> {
        let caught = trials.iter().flat_map(|trial| &trial.caught);
        let busy: BTreeSet<&str> = caught.map(|caught| caught.case.as_str()).collect();
        let mut idle = Vec::new();
        for (place, ready) in self.cases.iter().enumerate() {
            if !busy.contains(ready.case.id.as_str())
                && INTERFACES.iter().any(|interface| self.passes(keys, place, *interface))
            {
                idle.push(ready.case.id.clone());
            }
        }
        idle
    }

    /// The cases that a healthy card passes on contacts, how many answers each has, and what SELECT answers.
    pub fn answers(&self, keys: &mut KeyFile) -> (Vec<(usize, u64)>, Selections) {
        let mut answers = Vec::new();
        let mut selections = Selections::default();
        for (place, ready) in self.cases.iter().enumerate() {
            if ready.applies[index(Interface::Contact)] {
                let mut relay = Relay::new(self.healthy(Interface::Contact), u64::MAX, 0);
                if let End::Passed = self.play_after(keys, &ready.case, &mut relay, &mut selections) {
                    answers.push((place, relay.answers()));
                }
            }
        }
        (answers, selections)
    }

    /// Plays a case on contacts with one answer changed.
    pub fn disturbed(
        &self,
        keys: &mut KeyFile,
        (place, answer): (usize, u64),
        seed: u64,
        mut selections: Selections,
    ) -> Option<Disturbance> {
        let case = &self.cases[place].case;
        let mut relay = Relay::new(self.healthy(Interface::Contact), answer, seed);
        let end = self.play_after(keys, case, &mut relay, &mut selections);
        Some(Disturbance {
            case: case.id.clone(),
            answer,
            change: relay.changed()?,
            noticed: matches!(end, End::Failed(..) | End::Inconclusive(_)),
        })
    }

    fn catch(&self, keys: &mut KeyFile, place: usize, defect: &'static Defect, interface: Interface) -> Option<Caught> {
        let Ready { case, applies, .. } = &self.cases[place];
        if !applies[index(interface)] {
            return None;
        }
        let card = FaultyCard::new(self.sample.card.clone(), defect);
        let deviation = match self.play(keys, case, &mut FaultyChannel::new(card, interface, SEED)) {
            End::Failed(_, deviation) => deviation,
            _ => return None,
        };
        self.passes(keys, place, interface).then(|| {
            let Deviation {
                expected, got, detail, ..
            } = deviation;
            Caught {
                case: case.id.clone(),
                interface: interface.into(),
                fits: defect.breaks(&case.clauses),
                expected,
                got,
                detail,
            }
        })
    }

    /// Whether a healthy card passes a case.
    fn passes(&self, keys: &mut KeyFile, place: usize, interface: Interface) -> bool {
        let Ready { case, applies, passes } = &self.cases[place];
        applies[index(interface)]
            && *passes[index(interface)]
                .get_or_init(|| matches!(self.play(keys, case, &mut self.healthy(interface)), End::Passed))
    }

    fn healthy(&self, interface: Interface) -> ModelChannel {
        ModelChannel::new(self.sample.card.clone(), interface, Box::new(Random::new(SEED)))
    }

    fn play(&self, keys: &mut KeyFile, case: &Case, channel: &mut dyn Channel) -> End {
        let mut selections = Selections::default();
        self.play_after(keys, case, channel, &mut selections)
    }

    /// As in the midst of a run, in which the card was selected before.
    fn play_after(
        &self,
        keys: &mut KeyFile,
        case: &Case,
        channel: &mut dyn Channel,
        selections: &mut Selections,
    ) -> End {
        let mut terminal = Terminal::new(channel, keys, self.sample.subject()).comparing(selections);
        play(case, self.suite, &mut terminal, None).0
    }
}

const fn index(interface: Interface) -> usize {
    match interface {
        Interface::Contact => 0,
        Interface::Contactless => 1,
    }
}

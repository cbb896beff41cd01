//! A relay between terminal and card that changes one single answer: a fault that nobody has written down as a defect.

use super::bench::Bench;
use super::{Sample, lock};
use crate::ConformanceError;
use crate::explore::Random;
use crate::suite::Suite;
use reader::channel::{Channel, TransportError};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Passes everything on but the answer at one place.
pub struct Relay<C> {
    channel: C,
    place: u64,
    random: Random,
    answers: u64,
    command: Vec<u8>,
    changed: Option<Change>,
}

/// What a relay has changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The command; of GET RESPONSE the one whose data are fetched.
    pub command: Vec<u8>,
    /// What the card answered.
    pub right: Vec<u8>,
    /// What the terminal heard.
    pub wrong: Vec<u8>,
}

impl Change {
    /// Whether only bits of a number were changed that the card has drawn itself: any other number would have been as good, and
    /// nothing defines it. Such numbers are a challenge and the random number of INITIALIZE FOR LOAD and FOR PURCHASE.
    pub fn is_free(&self) -> bool {
        let drawn = match self.command[..] {
            [_, 0x84, ..] => 0..self.right.len() - 2,
            [0xB0, 0x28, 0x00, ..] => 8..12,
            [0xB0, 0x28, 0x01, ..] => 18..22,
            _ => return false,
        };
        let bytes = self.right.iter().zip(&self.wrong).enumerate();
        let mut changed = bytes.filter(|(_, (right, wrong))| right != wrong);
        self.right.len() == self.wrong.len() && changed.all(|(place, _)| drawn.contains(&place))
    }
}

impl<C: Channel> Relay<C> {
    /// Changes the answer at `place`, counted from 0; `seed` tells how.
    pub fn new(channel: C, place: u64, seed: u64) -> Self {
        Self {
            channel,
            place,
            random: Random::new(seed),
            answers: 0,
            command: Vec::new(),
            changed: None,
        }
    }

    /// Answers so far.
    pub fn answers(&self) -> u64 {
        self.answers
    }

    /// What was changed, if the place was reached.
    pub fn changed(self) -> Option<Change> {
        self.changed
    }

    /// Another status word, a bit of the data, a byte less.
    fn change(&mut self, answer: &[u8]) -> Vec<u8> {
        let mut other = answer.to_vec();
        let data = answer.len() - 2;
        match self.random.below(if data > 0 { 3 } else { 1 }) {
            0 => {
                let words: [u16; 6] = [0x9000, 0x6982, 0x6A82, 0x6985, 0x6700, 0x63C1];
                let words: Vec<[u8; 2]> = words
                    .into_iter()
                    .map(u16::to_be_bytes)
                    .filter(|word| answer[data..] != *word)
                    .collect();
                let word = self.random.of(&words).unwrap_or([0x6F, 0x00]);
                other.truncate(if word == [0x90, 0x00] { data } else { 0 });
                other.extend(word);
            }
            1 => other[self.random.below(data)] ^= 1 << self.random.below(8),
            _ => drop(other.remove(data - 1)),
        }
        other
    }
}

impl<C: Channel> Channel for Relay<C> {
    reader::pass_on!(
        self => self.channel;
        name reset_answer protocol reset control reason is_bench lose_power_after change_interface comment
    );

    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, TransportError> {
        let answer = self.channel.transmit(command)?;
        if command.get(1) != Some(&0xC0) {
            self.command = command.to_vec();
        }
        let here = self.answers == self.place && answer.len() >= 2;
        self.answers += 1;
        if !here {
            return Ok(answer);
        }
        let wrong = self.change(&answer);
        self.changed = Some(Change {
            command: self.command.clone(),
            right: answer,
            wrong: wrong.clone(),
        });
        Ok(wrong)
    }
}

/// One run with one changed answer.
#[derive(Debug, Clone)]
pub struct Disturbance {
    /// The case in which it fell.
    pub case: String,
    /// Place of the answer in the case, from 0.
    pub answer: u64,
    /// What was changed.
    pub change: Change,
    /// Whether the case says so: it fails or gives no verdict.
    pub noticed: bool,
}

/// Changes one answer of a whole run on contacts, `times` times, each time another one anywhere. Every case begins with a card
/// that was reset and leaves it as it was or says so, so that only the case in which the answer falls is played.
///
/// # Errors
/// A suite file cannot be read.
pub fn disturb(
    suite: &Suite,
    sample: &Sample,
    times: u64,
    threads: usize,
) -> Result<Vec<Disturbance>, ConformanceError> {
    let bench = Bench::new(suite, sample)?;
    let (cases, selections) = bench.answers(&mut sample.keys.clone());
    let all: u64 = cases.iter().map(|(_, answers)| answers).sum();
    let place = |time: u64| {
        let mut place = Random::new(time).word() % all.max(1);
        cases.iter().find_map(|(case, answers)| {
            let here = place < *answers;
            place -= if here { 0 } else { *answers };
            here.then_some((*case, place))
        })
    };
    let next = AtomicUsize::new(0);
    let disturbances = Mutex::new(Vec::new());
    let work = || {
        let mut keys = sample.keys.clone();
        loop {
            let time = next.fetch_add(1, Ordering::Relaxed) as u64;
            if time >= times {
                break;
            }
            let found = place(time).and_then(|at| bench.disturbed(&mut keys, at, !time, selections.clone()));
            lock(&disturbances).extend(found);
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..threads.max(1) {
            scope.spawn(work);
        }
    });
    let mut disturbances = core::mem::take(&mut *lock(&disturbances));
    disturbances.sort_by(|a: &Disturbance, b| (&a.case, a.answer).cmp(&(&b.case, b.answer)));
    Ok(disturbances)
}

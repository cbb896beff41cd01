//! Generated command sequences for any card, real ones included, and what is wrong with its answers by the tables of the standard
//! alone: status words that are not listed for the command, data of wrong length, `61xx` and `6Cxx` that lead nowhere, a card
//! that falls silent or answers another reset.
//!
//! A run is made of rounds. A round begins with a reset, so whatever shows in it can be tried again: what is found is minimized
//! by leaving steps out and making them simpler, always from a reset. Nothing goes out that [`limits`] does not allow; what is
//! allowed without being told is what leaves the card as it was. The right proofs and the right PIN, where keys and PIN are
//! given, spend no tries: a key is proved only where its dedicated file is current for sure, with a challenge taken for it, and
//! after one refusal never again.
//!
//! Sequences depend on the seed and on the profile only, so a run can be repeated.

mod form;
mod generate;
mod judge;
mod lasting;
mod limits;
mod minimize;
mod player;
mod report;
mod step;
mod target;

pub use judge::{Fault, Judge, Kind};
pub use limits::{Cost, Limits, cost};
pub use minimize::minimize;
pub use report::{End, Finding, Outcome};
pub use step::Step;
pub use target::Target;

use crate::ConformanceError;
use crate::suite::Text;
use card_model::words::{Explain, Lang};
use player::{Player, Shown, Trouble, family};
use reader::channel::{Channel, Masking, TransportError};
use std::time::{Duration, Instant};

/// Rounds after which the tries of the PIN are asked for.
const WATCH: u64 = 32;
/// Sequences that are tried to make one finding smaller.
const ATTEMPTS: usize = 250;
/// Findings after which a run ends: the card is no such card.
const MOST: usize = 40;

/// How a run is made.
#[derive(Debug, Clone)]
pub struct Options {
    /// Commands after which the run ends. Those that make findings smaller do not count.
    pub commands: u64,
    /// Time after which it ends.
    pub time: Option<Duration>,
    /// What the sequences are made from.
    pub seed: u64,
    /// What may be sent.
    pub limits: Limits,
    /// Whether transcripts show secrets.
    pub masking: Masking,
}

/// Who watches a run.
pub trait Observer {
    /// Commands sent so far, and what was found.
    fn progress(&mut self, _commands: u64, _findings: &[Finding]) {}
    /// Whether the run is to stop now.
    fn wants_stop(&mut self) -> bool {
        false
    }
}

/// Nobody.
impl Observer for () {}

/// Fuzzes a card. PIN and keys of the target must be known to belong to the card.
///
/// # Errors
/// The tables of the standard are damaged. Whatever the card does is no error.
pub fn fuzz(
    channel: &mut dyn Channel,
    target: Target<'_>,
    options: &Options,
    observer: &mut dyn Observer,
) -> Result<Outcome, ConformanceError> {
    let judge = Judge::new()?;
    let profile = target.profile;
    let player = Player::new(channel, target, options.limits, &judge, options.masking.clone());
    let mut run = Run {
        player,
        judge: &judge,
        options,
        observer,
        begun: Instant::now(),
        minimizing: 0,
        findings: Vec::new(),
        tries: None,
    };
    let mut rounds = 0;
    let end = loop {
        if let Some(end) = run.end() {
            break end;
        }
        let seed = options.seed ^ u64::wrapping_mul(rounds, 0xD134_2543_DE82_EF95);
        let steps = generate::round(profile, options.limits, seed);
        if let Err(error) = run.round(seed, &steps, rounds) {
            break End::Lost(in_both(&error));
        }
        rounds += 1;
    };
    // The card is left without anything that was proved or selected.
    let left = run.watch().and_then(|()| run.player.begin());
    let end = match left {
        Err(Trouble::Gone(gone)) if !matches!(end, End::Lost(_)) => End::Lost(in_both(&gone.0)),
        _ => end,
    };
    Ok(Outcome {
        seed: options.seed,
        commands: run.counted(),
        minimizing: run.minimizing,
        rounds,
        withheld: run.player.withheld,
        tries_spent: run.player.spent,
        seconds: run.begun.elapsed().as_secs_f64(),
        end,
        words: run.player.words,
        findings: run.findings,
    })
}

struct Run<'r, 't> {
    player: Player<'r, 't>,
    judge: &'r Judge,
    options: &'r Options,
    observer: &'r mut dyn Observer,
    begun: Instant,
    /// Commands that were sent to make findings smaller.
    minimizing: u64,
    findings: Vec<Finding>,
    /// Tries left of the PIN when the run began.
    tries: Option<u8>,
}

impl Run<'_, '_> {
    fn counted(&self) -> u64 {
        self.player.commands - self.minimizing
    }

    fn end(&mut self) -> Option<End> {
        self.observer
            .progress(self.player.commands - self.minimizing, &self.findings);
        if self.observer.wants_stop() {
            return Some(End::Stopped);
        }
        if self.findings.len() >= MOST {
            return Some(End::Findings);
        }
        if self.options.time.is_some_and(|time| self.begun.elapsed() >= time) {
            return Some(End::Time);
        }
        (self.counted() >= self.options.commands).then_some(End::Commands)
    }

    /// Plays a round; what is found is minimized, and ends it, unless it was found before.
    fn round(&mut self, seed: u64, steps: &[Step], number: u64) -> Result<(), TransportError> {
        let query = self.player.query_steps();
        if number == 0 {
            self.tries = self
                .player
                .tries()
                .or_else(|trouble| self.beside(seed, &query, trouble))?;
        } else if number.is_multiple_of(WATCH) {
            self.watch().or_else(|trouble| self.beside(seed, &query, trouble))?;
        }
        self.player.begin().or_else(|trouble| self.beside(seed, &[], trouble))?;
        for place in 0..steps.len() {
            let Err(trouble) = self.player.play(&steps[place]) else {
                continue;
            };
            let shown = match trouble {
                Trouble::Shown(shown) => shown,
                Trouble::Gone(gone) => {
                    let (error, shown) = *gone;
                    self.lost(seed, &error, &shown);
                    return Err(error);
                }
            };
            if self.known(&shown) {
                continue;
            }
            return self.found(seed, &steps[..=place], &shown);
        }
        Ok(())
    }

    /// A fault outside of the round, in these steps.
    fn beside<T: Default>(&mut self, seed: u64, steps: &[Step], trouble: Trouble) -> Result<T, TransportError> {
        match trouble {
            Trouble::Shown(shown) => {
                if !self.known(&shown) {
                    self.found(seed, steps, &shown)?;
                }
                Ok(T::default())
            }
            Trouble::Gone(gone) => {
                let (error, shown) = *gone;
                self.lost(seed, &error, &shown);
                Err(error)
            }
        }
    }

    /// Holds the tries of the PIN against those when the run began.
    fn watch(&mut self) -> Result<(), Trouble> {
        let now = self.player.tries()?;
        if let (Some(before), Some(now)) = (self.tries, now)
            && now < before
            && self.player.spent == 0
        {
            self.tries = Some(now);
            return Err(Trouble::Shown(Shown {
                command: vec![0x00, 0x20, 0x00, 0x00],
                fault: Fault {
                    kind: Kind::Tries,
                    expected: format!("63C{before:X}"),
                    got: format!("63C{now:X}"),
                },
            }));
        }
        Ok(())
    }

    /// A card that is silent for good is a finding, unless reader or card were taken away.
    fn lost(&mut self, seed: u64, error: &TransportError, shown: &Shown) {
        let answers = matches!(
            error,
            TransportError::Mute { .. } | TransportError::AnswerTooShort { .. }
        );
        if answers && !self.known(shown) {
            let transcript = self.player.lines();
            self.findings.push(Finding::new(self.judge, seed, shown, transcript));
        }
    }

    /// Counts a finding once more if it is one already.
    fn known(&mut self, shown: &Shown) -> bool {
        let mark = mark(self.judge, shown);
        let known = self.findings.iter_mut().find(|finding| finding.mark() == mark);
        known.map(|finding| finding.times += 1).is_some()
    }

    fn found(&mut self, seed: u64, steps: &[Step], shown: &Shown) -> Result<(), TransportError> {
        let mut finding = Finding::new(self.judge, seed, shown, self.player.lines());
        finding.steps = steps.len();
        let wanted = mark(self.judge, shown);
        let before = self.player.commands;
        let mut gone = None;
        let mut smallest = None;
        let mut shows = |candidate: &[Step]| {
            let over = self.options.time.is_some_and(|time| self.begun.elapsed() >= time);
            if gone.is_some() || over || self.observer.wants_stop() {
                return false;
            }
            match replay(&mut self.player, self.judge, candidate, &wanted) {
                Ok(shown) => {
                    if let Some(shown) = shown {
                        smallest = Some((shown, self.player.lines()));
                        return true;
                    }
                    false
                }
                Err(error) => {
                    gone = Some(error);
                    false
                }
            }
        };
        let left = match shows(steps) {
            true => minimize(steps.to_vec(), ATTEMPTS, shows),
            false => steps.to_vec(),
        };
        self.minimizing += self.player.commands - before;
        if let Some((shown, transcript)) = smallest {
            finding.reproduced = true;
            finding.minimized = left.len();
            finding.show(&shown, transcript);
        }
        self.findings.push(finding);
        gone.map_or(Ok(()), Err)
    }
}

/// Plays steps from a reset until the wanted fault shows.
fn replay(
    player: &mut Player<'_, '_>,
    judge: &Judge,
    steps: &[Step],
    wanted: &(Kind, String, String),
) -> Result<Option<Shown>, TransportError> {
    let begun = player.begin();
    for trouble in std::iter::once(begun).chain(steps.iter().map(|step| player.play(step))) {
        match trouble {
            Ok(()) => {}
            Err(Trouble::Gone(gone)) => return Err(gone.0),
            Err(Trouble::Shown(shown)) if mark(judge, &shown) == *wanted => return Ok(Some(shown)),
            Err(Trouble::Shown(_)) => {}
        }
    }
    Ok(None)
}

/// What makes two faults the same.
fn mark(judge: &Judge, shown: &Shown) -> (Kind, String, String) {
    let (name, _) = judge.name(&shown.command);
    let got = match shown.fault.kind {
        Kind::StatusWord => u16::from_str_radix(&shown.fault.got, 16).map_or_else(
            |_| shown.fault.got.clone(),
            |sw| family(card_model::status::StatusWord(sw)),
        ),
        _ => String::new(),
    };
    (shown.fault.kind, name, got)
}

fn in_both(error: &TransportError) -> Text {
    Text::new(error.explain(Lang::Zh).what, error.explain(Lang::En).what)
}

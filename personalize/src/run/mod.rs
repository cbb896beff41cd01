//! A batch: the next holder gets the card in the reader, the journal remembers, nobody gets two cards.

mod estimate;
mod report;
mod simulated;

pub use estimate::{Estimate, planned_commands};
pub use report::{CardResult, CardView, IssueReport, ReportView};
pub use simulated::historical_bytes;

use crate::card_os::CardOs;
use crate::error::IssueError;
use crate::holders::Holder;
use crate::issuer::Issuer;
use crate::journal::{self, Entry, Journal, Person, Stage, Step, StepState};
use crate::mask;
use crate::numbers::{CardNumber, CardNumberFault};
use crate::settings::Settings;
use card_model::profile::Profile;
use jiff::civil::Date;
use reader::channel::{Channel, Counted};
use reader::security::KeyLoader;
use std::collections::{HashSet, VecDeque};
use std::time::Instant;

/// What a batch issues, and how.
#[derive(Clone, Copy)]
pub struct Batch<'a> {
    /// What the cards become.
    pub profile: &'a Profile,
    /// How files and keys get onto blank cards.
    pub os: &'a dyn CardOs,
    /// Settings of the office.
    pub settings: &'a Settings,
    /// Holders in the order in which they get cards.
    pub holders: &'a [Holder],
    /// Issue date where neither holder nor settings name one.
    pub today: Date,
}

/// Told what happens, for progress bars. All methods do nothing by default.
pub trait Progress {
    /// A card is begun for a holder: row, masked name, card number.
    fn card_begun(&mut self, _row: u64, _name: &str, _card_number: &str) {}
    /// A step of the current card begins or is finished.
    fn step(&mut self, _step: Step, _state: StepState) {}
    /// A card is done or given up.
    fn card_done(&mut self, _result: &CardResult, _estimate: &Estimate) {}
    /// A holder has a card already, according to the journal.
    fn skipped(&mut self, _row: u64, _card_number: &str) {}
}

/// Progress nobody looks at.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Progress for Silent {}

/// A batch at work.
///
/// One call of [`IssueRun::issue_next`] issues one card; between two calls the card may be changed. Issuing can stop after
/// any call and go on in another process with the same journal.
pub struct IssueRun<'a> {
    issuer: Issuer<'a>,
    batch: Batch<'a>,
    loader: &'a mut dyn KeyLoader,
    journal: Option<Journal>,
    waiting: VecDeque<usize>,
    taken: HashSet<String>,
    sequence: u64,
    report: IssueReport,
    estimate: Estimate,
    keys_checked: (bool, bool),
}

/// Who gets the card.
struct Turn {
    holder: usize,
    person: Option<Person>,
    card_number: CardNumber,
    finish_structure: bool,
}

impl<'a> IssueRun<'a> {
    /// Begins a batch, or goes on with one. Without a journal nothing is remembered beyond this run: use one.
    ///
    /// # Errors
    /// The profile lacks something that every card has.
    pub fn new(batch: Batch<'a>, loader: &'a mut dyn KeyLoader, journal: Option<Journal>) -> Result<Self, IssueError> {
        let issuer = Issuer::new(batch.profile, batch.os, batch.settings, batch.today)?;
        let explicit = batch.holders.iter().filter_map(|holder| holder.card_number.as_ref());
        let mut taken: HashSet<String> = explicit.map(|number| number.as_str().to_owned()).collect();
        if let Some(journal) = &journal {
            taken.extend(journal.people().map(|(_, progress)| progress.card_number.clone()));
        }
        let estimate = Estimate::new(batch.profile);
        Ok(Self {
            issuer,
            loader,
            journal,
            waiting: (0..batch.holders.len()).collect(),
            taken,
            sequence: batch.settings.first_sequence,
            report: IssueReport::default(),
            estimate,
            batch,
            keys_checked: (false, false),
        })
    }

    /// What was done so far.
    pub fn report(&self) -> &IssueReport {
        &self.report
    }

    /// The journal, if there is one.
    pub fn journal(&self) -> Option<&Journal> {
        self.journal.as_ref()
    }

    /// Ends the batch and gives the report and the journal back.
    pub fn finish(self) -> (IssueReport, Option<Journal>) {
        (self.report, self.journal)
    }

    /// Drops holders from the front of the queue who need no card, and gives the one who gets the next. Those whose card
    /// was begun on another chip are reported as failed: the half-issued card has to be found or written off first.
    pub fn next_holder(&mut self, progress: &mut dyn Progress) -> Option<&'a Holder> {
        self.next_with(&|_| false, progress)
    }

    /// The same, where `at_hand` says that the card begun for a holder can be gone on with.
    fn next_with(
        &mut self,
        at_hand: &dyn Fn(&journal::Progress) -> bool,
        progress: &mut dyn Progress,
    ) -> Option<&'a Holder> {
        loop {
            let index = *self.waiting.front()?;
            let holder = self.batch.holders.get(index)?;
            let known = self.known(holder).map(|(_, known)| known);
            match known {
                Some(journal::Progress {
                    stage: Stage::Issued { .. },
                    card_number,
                    ..
                }) => {
                    progress.skipped(holder.row, &card_number);
                    self.report.skipped += 1;
                }
                Some(begun) if matches!(begun.stage, Stage::Begun { .. }) && !at_hand(&begun) => {
                    let journal::Progress {
                        card_number,
                        historical,
                        ..
                    } = begun;
                    let error = IssueError::HalfIssued {
                        card_number: card_number.clone(),
                        historical,
                    };
                    self.done(CardResult::failed(holder.row, card_number, error), progress);
                }
                _ => return Some(holder),
            }
            self.waiting.pop_front();
        }
    }

    /// Whether all holders have had their turn.
    pub fn is_finished(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Issues the card in the reader: to the holder for whom this very chip was begun, else to the next holder. `None` if
    /// nobody is left.
    ///
    /// A result with an error means that the holder has had a turn; an error means that this card cannot be used, that
    /// nothing was written to it, and that the holder still waits.
    ///
    /// # Errors
    /// The card cannot be used, a key is missing, or the journal cannot be kept.
    pub fn issue_next(
        &mut self,
        channel: &mut dyn Channel,
        progress: &mut dyn Progress,
    ) -> Result<Option<&CardResult>, IssueError> {
        let found = self.issuer.inspect(channel)?;
        let Some(turn) = self.turn(&found.historical, found.needs_structure(), progress)? else {
            return Ok(None);
        };
        self.check_keys(found.needs_structure())?;
        let result = self.issue(channel, &found.historical, &turn, progress)?;
        self.waiting.retain(|index| *index != turn.holder);
        Ok(Some(self.done(result, progress)))
    }

    /// The journal's knowledge of a holder.
    fn known(&self, holder: &Holder) -> Option<(Person, journal::Progress)> {
        let journal = self.journal.as_ref()?;
        let person = journal.person(holder.number.as_str());
        let progress = journal.progress(&person)?.clone();
        Some((person, progress))
    }

    fn turn(
        &mut self,
        historical: &[u8; 13],
        blank: bool,
        progress: &mut dyn Progress,
    ) -> Result<Option<Turn>, IssueError> {
        if let Some(turn) = self.begun_here(historical)? {
            return Ok(Some(turn));
        }
        let Some(holder) = self.next_holder(progress) else {
            return Ok(None);
        };
        if blank && let Some((_, issued)) = self.journal.as_ref().and_then(|journal| journal.issued_on(historical)) {
            return Err(IssueError::IssuedChip {
                card_number: issued.card_number.clone(),
            });
        }
        let Some(index) = self.waiting.front().copied() else {
            return Ok(None);
        };
        let person = self
            .journal
            .as_ref()
            .map(|journal| journal.person(holder.number.as_str()));
        let card_number = self.card_number(holder)?;
        Ok(Some(Turn {
            holder: index,
            person,
            card_number,
            finish_structure: false,
        }))
    }

    /// The holder for whom this chip was begun and not finished.
    fn begun_here(&self, historical: &[u8; 13]) -> Result<Option<Turn>, IssueError> {
        let Some(journal) = &self.journal else { return Ok(None) };
        let Some((person, begun)) = journal.begun_on(historical) else {
            return Ok(None);
        };
        let half = || IssueError::HalfIssued {
            card_number: begun.card_number.clone(),
            historical: begun.historical.clone(),
        };
        let mut holders = self.batch.holders.iter().enumerate();
        let found = holders.find(|(_, holder)| journal.person(holder.number.as_str()) == *person);
        // Begun for somebody of another file: this card is not for the people of this one.
        let (holder, _) = found.ok_or_else(half)?;
        let card_number = CardNumber::parse(&begun.card_number).map_err(|_| half())?;
        let finish_structure = matches!(
            begun.stage,
            Stage::Begun {
                open: Some(Step::Structure)
            }
        );
        Ok(Some(Turn {
            holder,
            person: Some(person.clone()),
            card_number,
            finish_structure,
        }))
    }

    /// The number a holder had before, or the one of the file, or the next free one.
    fn card_number(&mut self, holder: &Holder) -> Result<CardNumber, IssueError> {
        if let Some((_, earlier)) = self.known(holder)
            && let Ok(number) = CardNumber::parse(&earlier.card_number)
        {
            return Ok(number);
        }
        if let Some(number) = &holder.card_number {
            return Ok(number.clone());
        }
        loop {
            let number = CardNumber::assign(&self.batch.settings.card_number_prefix, self.sequence);
            let number = number.map_err(|fault| match fault {
                CardNumberFault::Exhausted => IssueError::NumbersExhausted,
                _ => IssueError::Profile {
                    path: self.batch.settings.card_number_prefix.clone(),
                },
            })?;
            if !self.taken.contains(number.as_str()) {
                return Ok(number);
            }
            self.sequence += 1;
        }
    }

    fn check_keys(&mut self, structure: bool) -> Result<(), IssueError> {
        let done = if structure {
            &mut self.keys_checked.0
        } else {
            &mut self.keys_checked.1
        };
        if !*done {
            self.issuer.check_keys(self.loader, structure)?;
            *done = true;
        }
        Ok(())
    }

    fn issue(
        &mut self,
        channel: &mut dyn Channel,
        historical: &[u8; 13],
        turn: &Turn,
        progress: &mut dyn Progress,
    ) -> Result<CardResult, IssueError> {
        let Some(holder) = self.batch.holders.get(turn.holder) else {
            return Err(IssueError::UnknownCard);
        };
        let mut counted = Counted::new(channel);
        let (begin, name) = (Instant::now(), mask::name(&holder.name));
        let mut begun = false;
        let journal = &mut self.journal;
        let mut hook = |step, state| {
            if !begun {
                progress.card_begun(holder.row, &name, turn.card_number.as_str());
            }
            if let (Some(journal), Some(person)) = (journal.as_mut(), &turn.person) {
                if !begun {
                    journal.append(Entry::Begun {
                        person: person.as_str().to_owned(),
                        row: holder.row,
                        name: name.clone(),
                        card_number: turn.card_number.as_str().to_owned(),
                        historical: hex::encode_upper(historical),
                    })?;
                }
                journal.append(Entry::Step {
                    person: person.as_str().to_owned(),
                    step,
                    state,
                })?;
            }
            begun = true;
            progress.step(step, state);
            Ok(())
        };
        let outcome = self.issuer.issue(
            &mut counted,
            self.loader,
            holder,
            &turn.card_number,
            turn.finish_structure,
            &mut hook,
        );
        let commands = counted.figures().apdus;
        let mut result = match outcome {
            Err(error) if !begun || matches!(error, IssueError::Journal(_)) => return Err(error),
            Err(error) => CardResult::failed(holder.row, turn.card_number.as_str().to_owned(), error),
            Ok(card) => CardResult::issued(holder.row, turn.card_number.as_str().to_owned(), card),
        };
        result.commands = commands;
        result.time = begin.elapsed();
        self.taken.insert(turn.card_number.as_str().to_owned());
        self.remember(turn, &result)?;
        Ok(result)
    }

    /// Ends a card in the journal. When the card stopped answering it stays begun: put back, it will be completed.
    fn remember(&mut self, turn: &Turn, result: &CardResult) -> Result<(), IssueError> {
        let (Some(journal), Some(person)) = (self.journal.as_mut(), &turn.person) else {
            return Ok(());
        };
        let person = person.as_str().to_owned();
        let entry = match &result.outcome {
            Ok(card) => Entry::Issued {
                person,
                card_id: hex::encode_upper(card.card_id),
            },
            Err(IssueError::Transport(_)) => return Ok(()),
            Err(error) => Entry::Failed {
                person,
                error: error.one_line(card_model::words::Lang::En),
            },
        };
        Ok(journal.append(entry)?)
    }

    fn done(&mut self, result: CardResult, progress: &mut dyn Progress) -> &CardResult {
        self.estimate.learn(&result, self.waiting.len());
        progress.card_done(&result, &self.estimate);
        self.report.add(result)
    }
}

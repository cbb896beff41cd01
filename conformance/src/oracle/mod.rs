//! The oracle: what a card may answer, worked out a second time from `spec/commands.md` and `spec/files.md`, and not from the
//! card model.
//!
//! It is naive on purpose. It keeps the state that the sheets speak of (current files, what was proved, counters, challenge,
//! contents, account), and for a command it collects *every* reason to refuse that it finds. If there is none, the card must
//! do the command and give the data that the sheets define; if there are some, the card must answer with one of their status
//! words, whichever it looks at first: the sheets fix no order of checks. Where they leave a state open (does a refused
//! command use the challenge up?) the oracle holds both for possible until an answer tells.
//!
//! What it does not judge: commands of the card operating system and of the certificate application, for which there is no
//! public text (`spec/commands.md` §10), and loss of power, which has its own tests.

mod account;
mod authentication;
mod expect;
mod files;
mod learn;
mod pin;
mod record;
mod select;
mod state;
mod walk;

pub use expect::{Data, Expectation};
pub use state::{Account, Contents, Learnt, State};
pub use walk::{Finding, Start, Walker};

use crate::explore::Keys;
use card_model::card::Interface;
use card_model::profile::Profile;
use expect::Request;

/// An answer that the sheets do not allow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disagreement {
    /// The command.
    pub command: Vec<u8>,
    /// The answer, status word included.
    pub answer: Vec<u8>,
    /// What would have been right.
    pub expected: Expectation,
}

/// The oracle of one card.
pub struct Oracle<'a> {
    profile: &'a Profile,
    keys: &'a Keys<'a>,
    state: State,
}

impl<'a> Oracle<'a> {
    /// An oracle of an issued card of which `learnt` is known; the card has no power yet.
    pub fn new(profile: &'a Profile, keys: &'a Keys<'a>, learnt: Learnt) -> Self {
        Self {
            profile,
            keys,
            state: State::new(learnt, Interface::Contact),
        }
    }

    /// Power went and came.
    pub fn reset(&mut self, interface: Interface) {
        self.state.reset(interface);
    }

    /// Judges an answer, status word included, and follows the card.
    ///
    /// # Errors
    /// The answer is none that the sheets allow; the oracle's state is worthless afterwards.
    pub fn judge(&mut self, command: &[u8], answer: &[u8]) -> Result<(), Box<Disagreement>> {
        let expected = self.expect(command);
        let wrong = |expected: Expectation| {
            Box::new(Disagreement {
                command: command.to_vec(),
                answer: answer.to_vec(),
                expected,
            })
        };
        let Some((data, sw)) = answer.split_last_chunk::<2>() else {
            return Err(wrong(expected));
        };
        let sw = u16::from_be_bytes(*sw);
        if !expected.allows(sw, data, self.state.interface) {
            return Err(wrong(expected));
        }
        self.follow(command, &expected, sw, data);
        Ok(())
    }

    /// What the card may answer to a command now.
    pub fn expect(&self, command: &[u8]) -> Expectation {
        let Some(request) = Request::parse(command) else {
            return Expectation::refused([0x6700, 0x6E00, 0x6D00, 0x6A86, self.blocked_word()]);
        };
        if self.state.learnt.card_blocked {
            return Expectation::refused([0x6A81]);
        }
        let mut expected = self.of_command(&request);
        let selects = matches!((request.cla, request.ins), (0x00, 0xA4));
        let blocks = matches!((request.cla, request.ins), (0x84, 0x1E));
        if self.state.blocked() && !selects && !expected.any {
            expected = match blocks {
                // Blocking a blocked application is done, whatever the proof (STD-P5 §6.1).
                true => expected.or_word(0x9000),
                false => expected.refused_too(0x9303),
            };
        }
        expected
    }

    fn blocked_word(&self) -> u16 {
        if self.state.learnt.card_blocked {
            0x6A81
        } else if self.state.blocked() {
            0x9303
        } else {
            0x6700
        }
    }

    fn of_command(&self, request: &Request<'_>) -> Expectation {
        if self.is_unpublished(request) {
            return Expectation::anything();
        }
        match (request.cla, request.ins) {
            (0x00, 0xA4) => self.expect_select(request),
            (0x00, 0xB2) => self.expect_read_record(request),
            (0x00 | 0x04, 0xDC) => self.expect_update_record(request),
            (0x00, 0xB0) => self.expect_read_binary(request),
            (0x00 | 0x04, 0xD6) => self.expect_update_binary(request),
            (0x00, 0x84) => self.expect_challenge(request),
            (0x00, 0x88) => self.expect_internal(request),
            (0x00, 0x82) => self.expect_external(request),
            (0x00, 0x20) => self.expect_verify(request),
            (0x80, 0x5E) => self.expect_change_pin(request),
            (0x84, 0x24) => self.expect_reset_pin(request),
            (0x84, 0x1E | 0x16) => self.expect_block(request),
            (0x00, 0xC0) => self.expect_response(request),
            (0xB0, 0x26 | 0x28 | 0x2A | 0x2C | 0x2E | 0x56) => self.expect_account(request),
            (0x00 | 0x04 | 0x80 | 0x84 | 0xB0, _) => Expectation::refused([0x6D00, 0x6E00]),
            _ => Expectation::refused([0x6E00]),
        }
    }

    /// Whether there is no public text by which the answer could be judged.
    fn is_unpublished(&self, request: &Request<'_>) -> bool {
        let certificates = self.profile.certificate_application().is_some_and(|application| {
            let index = self.profile.index_of(&application.id);
            index.is_some_and(|index| self.profile.environment(index) == self.profile.environment(self.state.df))
        });
        let transport = matches!(request.ins, 0xA4 | 0xC0);
        match (request.cla, request.ins) {
            (0x00, 0x20) | (0x84, 0x24) if request.p1 == 0x01 => true,
            (0x84, 0x5E | 0xD4) => true,
            (0x80, ins) => ins != 0x5E && is_unpublished_instruction(ins),
            // Master keys are authenticated with the value of P2 that the standard reserves.
            (0x00, 0x82) if request.p2 & 0x7F == 0 => true,
            _ => certificates && !transport,
        }
    }

    fn follow(&mut self, command: &[u8], expected: &Expectation, sw: u16, data: &[u8]) {
        let Some(request) = Request::parse(command) else {
            self.state.refused_command();
            return;
        };
        if self.state.learnt.card_blocked {
            return;
        }
        let done = sw == 0x9000 || sw >> 8 == 0x61;
        if (request.cla, request.ins) == (0x00, 0xC0) {
            self.follow_response(sw, data);
            return;
        }
        if is_of_form(sw) && self.state.waiting.is_some() {
            // Whether a command that was refused by its form takes away what waits is not said.
            self.state.waiting_sure = false;
        } else {
            self.state.waiting = (sw >> 8 == 0x61).then(|| expected.waiting(sw));
            self.state.waiting_sure = true;
        }
        let keeps = matches!((request.cla, request.ins), (0xB0, 0x26 | 0x2E));
        let transaction = self.state.transaction.clone();
        if !(keeps && done) {
            self.state.transaction = None;
        }
        if self.is_unpublished(&request) {
            self.state.doubt(&request);
            return;
        }
        match (request.cla, request.ins) {
            (0x00, 0xA4) => self.follow_select(&request, sw),
            (0x00, 0xB2) => self.follow_read_record(&request, sw),
            (0x00 | 0x04, 0xDC) => self.follow_update_record(&request, sw),
            (0x00, 0xB0) => self.follow_read_binary(&request, sw),
            (0x00 | 0x04, 0xD6) => self.follow_update_binary(&request, sw),
            (0x00, 0x84) => self.follow_challenge(sw, data),
            (0x00, 0x82) => self.follow_external(&request, sw),
            (0x00, 0x20) => self.follow_verify(&request, sw),
            (0x80, 0x5E) => self.follow_change_pin(&request, sw),
            (0x84, 0x24) => self.follow_reset_pin(&request, sw),
            (0x84, 0x1E | 0x16) => self.follow_block(&request, sw),
            (0xB0, _) => self.follow_account(&request, transaction, done, data),
            _ => {}
        }
    }

    fn expect_response(&self, request: &Request<'_>) -> Expectation {
        let mut expected = Expectation::done(Data::None);
        expected.parameters(request, [(0x00, 0x00)]);
        if !request.data.is_empty() {
            expected.refuse(0x6700);
        }
        match &self.state.waiting {
            None => expected.refuse(0x6F00),
            Some(waiting) => {
                if !self.state.waiting_sure {
                    expected.maybe([0x6F00]);
                }
                let (length, asked) = (waiting.length(), request.expected_length());
                if asked > length {
                    expected.refuse(0x6C00 | length as u16 & 0xFF);
                } else {
                    expected.data = waiting.part(asked);
                    if asked < length {
                        expected.refuse(0x6100 | (length - asked) as u16);
                    }
                }
            }
        }
        expected
    }

    fn follow_response(&mut self, sw: u16, data: &[u8]) {
        if !matches!(sw >> 8, 0x61 | 0x6C | 0x90) {
            // Whatever fails ends a transaction that was begun (STD-P5 table 49).
            self.state.transaction = None;
        }
        let Some(waiting) = self.state.waiting.clone() else {
            return;
        };
        match sw {
            0x6F00 => self.state.waiting = None,
            0x9000 => {
                self.learn_initialized(data);
                self.state.waiting = None;
            }
            _ if sw >> 8 == 0x61 => self.state.waiting = Some(waiting.rest(data.len())),
            _ if sw >> 8 == 0x6C => {}
            _ => {
                // Refused by its form: whether the data still wait is not said.
                self.state.waiting_sure = false;
            }
        }
    }
}

/// Refusals for which a card need not look at anything but the command.
fn is_of_form(sw: u16) -> bool {
    matches!(sw, 0x6700 | 0x6A86 | 0x6D00 | 0x6E00)
}

/// Instructions of class 80 that belong to the card operating system or the certificate application.
fn is_unpublished_instruction(ins: u8) -> bool {
    matches!(
        ins,
        0x40 | 0x44 | 0x48 | 0x4A | 0x4C | 0x4E | 0x50 | 0xC2 | 0xC4 | 0xC9 | 0xCA | 0xE0 | 0xE4
    )
}

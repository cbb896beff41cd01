//! The tester: what he knows, what he sends next, what he learns from the answers.

use super::keys::Keys;
use super::plan::Step;
use super::random::Random;
use card_model::card::Interface;
use card_model::profile::{KeyRole, Profile};
use card_model::secret::Pin;
use std::collections::VecDeque;

/// What happens to the card next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Power goes and comes, on this interface.
    Reset(Interface),
    /// A command.
    Command(Vec<u8>),
}

/// A tester at work on one card.
pub struct Tester<'a> {
    pub(super) profile: &'a Profile,
    pub(super) keys: &'a Keys<'a>,
    pub(super) random: Random,
    pub(super) steps: VecDeque<Step>,
    /// The holder's PIN as far as the tester knows.
    pub(super) pin: Vec<u8>,
    /// PINs of the certificate application.
    pub(super) certificate_pins: Option<[Pin; 2]>,
    /// The dedicated file selected last.
    pub(super) df: usize,
    /// The newest challenge.
    pub(super) challenge: Vec<u8>,
    /// The answer to INITIALIZE, and the command.
    pub(super) initialized: Option<(Vec<u8>, Vec<u8>)>,
    /// The command sent last.
    pub(super) last: Vec<u8>,
    /// A cipher text or signature that the card has made.
    pub(super) made: Vec<u8>,
    pub(super) interface: Interface,
    /// Bytes that wait for GET RESPONSE.
    pub(super) waiting: u8,
    /// The data command that made them wait.
    asked: Vec<u8>,
    /// A PIN that is the right one if the command with it succeeds.
    pub(super) pin_to_be: Option<Vec<u8>>,
    /// The length that a 6Cxx named, and the command that asked.
    pub(super) named_length: Option<(u8, Vec<u8>)>,
}

impl<'a> Tester<'a> {
    /// A tester before an issued card that has just been powered through `interface`.
    pub fn new(
        profile: &'a Profile,
        keys: &'a Keys<'a>,
        pin: &Pin,
        certificate_pins: Option<[Pin; 2]>,
        random: Random,
        interface: Interface,
    ) -> Self {
        Self {
            profile,
            keys,
            random,
            steps: VecDeque::new(),
            pin: pin.expose().to_vec(),
            certificate_pins,
            df: 0,
            challenge: Vec::new(),
            initialized: None,
            last: Vec::new(),
            made: Vec::new(),
            interface,
            waiting: 0,
            asked: Vec::new(),
            pin_to_be: None,
            named_length: None,
        }
    }

    /// What he does next.
    pub fn event(&mut self) -> Event {
        loop {
            // Now and then he forgets a step, or does one of another plan first.
            if self.waiting > 0 {
                let le = if self.random.once_in(12) { 0 } else { self.waiting };
                let fetch = vec![0x00, 0xC0, 0x00, 0x00, le];
                if !self.random.once_in(20) {
                    return Event::Command(fetch);
                }
                // Too late: another command came first.
                self.waiting = 0;
                self.steps.push_front(Step::Raw(fetch));
                self.steps.push_front(Step::Raw(vec![0x00, 0x84, 0x00, 0x00, 0x08]));
            }
            if self.steps.is_empty() {
                self.plan();
            }
            if self.random.once_in(25) {
                self.steps.pop_front();
            }
            if self.random.once_in(60) && !self.last.is_empty() {
                return Event::Command(self.last.clone());
            }
            let Some(step) = self.steps.pop_front() else { continue };
            self.pin_to_be = None;
            match self.perform(step) {
                Some(Event::Command(command)) => return Event::Command(self.spoil(command)),
                Some(event) => return event,
                None => {}
            }
        }
    }

    /// A wrong byte or length, once in a while.
    fn spoil(&mut self, mut command: Vec<u8>) -> Vec<u8> {
        if !self.random.once_in(45) {
            return command;
        }
        match self.random.below(7) {
            0 => command[0] = self.random.of(&[0x00, 0x04, 0x80, 0x84, 0xA0, 0xB0, 0x90]).unwrap_or(0),
            1 => command[1] = self.random.byte(),
            2 => command[2] ^= 1 << self.random.below(8),
            3 => command[3] ^= 1 << self.random.below(8),
            4 if command.len() > 6 => {
                command.pop();
                command[4] -= 1;
            }
            5 if command.len() > 5 && command.len() < 200 && command.len() == 5 + usize::from(command[4]) => {
                command.push(self.random.byte());
                command[4] += 1;
            }
            _ => {
                let place = self.random.below(command.len());
                command[place] ^= 1 << self.random.below(8);
            }
        }
        command
    }

    /// What the card answered: nothing if it gave no answer.
    pub fn heard(&mut self, event: &Event, answer: &[u8]) {
        let Event::Command(command) = event else {
            if let Event::Reset(interface) = event {
                self.interface = *interface;
            }
            self.df = 0;
            self.challenge.clear();
            self.initialized = None;
            self.waiting = 0;
            return;
        };
        let Some((data, sw)) = answer.split_last_chunk::<2>() else {
            return;
        };
        let fetched = command.get(1) == Some(&0xC0);
        self.waiting = match sw {
            [0x61, length] => *length,
            [0x6C, _] if fetched => self.waiting,
            _ => 0,
        };
        self.named_length = match sw {
            [0x6C, length] if !fetched && command.len() == 5 => Some((*length, command.clone())),
            _ => None,
        };
        if sw[0] == 0x61 && !fetched {
            self.asked.clone_from(command);
        }
        if !fetched {
            self.last.clone_from(command);
        }
        if sw[0] != 0x61 && sw != &[0x90, 0x00] {
            return;
        }
        let asked = if fetched { self.asked.clone() } else { command.clone() };
        self.learn(&asked, data);
    }

    fn learn(&mut self, command: &[u8], data: &[u8]) {
        match command {
            [_, 0x84, ..] => self.challenge = data.to_vec(),
            [_, 0xA4, 0x04 | 0x00, ..] => self.selected(command),
            [0xB0, 0x28, ..] if !data.is_empty() => self.initialized = Some((data.to_vec(), command.to_vec())),
            [0x80, 0x5E, ..] | [0x84, 0x24, 0x00, 0x01, ..] => {
                if let Some(pin) = self.pin_to_be.take() {
                    self.pin = pin;
                }
            }
            [0x80, 0x48 | 0x50, ..] if !data.is_empty() => self.made = data.to_vec(),
            _ => {}
        }
    }

    fn selected(&mut self, command: &[u8]) {
        let files = &self.profile.dedicated_files;
        let data = command.get(5..).unwrap_or_default();
        let by_name = files
            .iter()
            .position(|df| !data.is_empty() && df.name.starts_with(data));
        let by_fid = files.iter().position(|df| data == df.fid.to_be_bytes());
        if let Some(df) = by_name.or(by_fid) {
            self.df = df;
        }
    }

    /// The secure messaging key of the current dedicated file, or of its environment.
    pub(super) fn secure_messaging_key(&self, environment: bool) -> Option<&'a card_model::profile::KeyDefinition> {
        let df = if environment {
            self.profile.environment(self.df)
        } else {
            self.df
        };
        self.profile.dedicated_files[df].key_with_role(KeyRole::SecureMessaging)
    }
}

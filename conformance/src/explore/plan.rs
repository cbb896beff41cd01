//! What the tester is up to: small plans of a few steps, and how each step becomes a command.

use super::tester::Tester;
use card_model::card::Interface;
use card_model::profile::ElementaryFile;

/// A step whose bytes depend on what the card has answered before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    Reset(Interface),
    Select(usize),
    Raw(Vec<u8>),
    /// EXTERNAL AUTHENTICATION: dedicated file and key by index, version, and whether the proof is wrong.
    Authenticate(usize, usize, Option<u8>, bool),
    Internal(Option<u8>),
    Verify(Guess),
    ChangePin(Guess, Guess),
    /// A secured command; whether data are a new PIN, whether the MAC is wrong.
    Secured([u8; 4], Option<Guess>, bool),
    /// A secured update in the current dedicated file.
    SecuredUpdate([u8; 4], Vec<u8>, bool),
    Credit(bool),
    Debit(bool),
    Proof(u8, i16),
    Certificate(super::certificates::Move),
}

/// A PIN that is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Guess {
    Right,
    Wrong,
    Begin,
    Other,
    Empty,
    NoPin,
}

impl Tester<'_> {
    /// Makes a new plan.
    pub(super) fn plan(&mut self) {
        let steps = match self.random.below(40) {
            0..=9 => self.read_something(),
            10..=16 => self.update_something(),
            17..=20 => self.pin_plan(),
            21..=22 => self.unblock_plan(),
            23..=25 => self.select_plan(),
            26..=27 => self.authentication_plan(),
            28..=32 => self.account_plan(),
            33 => self.block_plan(),
            34 => vec![Step::Reset(self.random.interface(self.profile))],
            35..=36 => self.certificate_plan(),
            37 => (0..3).map(|_| Step::Raw(self.junk())).collect(),
            _ => self.parameter_plan(),
        };
        self.steps.extend(steps);
    }

    pub(super) fn enter(&mut self, df: usize) -> Vec<Step> {
        let environment = self.profile.environment(df);
        let mut steps = Vec::new();
        if environment != df && !self.random.once_in(4) {
            steps.push(Step::Select(environment));
        }
        steps.push(Step::Select(df));
        steps
    }

    pub(super) fn some_file(&mut self) -> Option<(usize, usize)> {
        let df = self.random.dedicated_file(self.profile);
        let files = self.profile.dedicated_files[df].files.len();
        (files > 0).then(|| (df, self.random.below(files)))
    }

    /// Proves what a condition names, some of it, or something else.
    pub(super) fn prove(&mut self, df: usize, update: bool, file: &ElementaryFile) -> Vec<Step> {
        let condition = if update { &file.update } else { &file.read };
        let Some(term) = self.random.of(&condition.terms.iter().collect::<Vec<_>>()) else {
            return Vec::new();
        };
        let mut steps = Vec::new();
        if term.pin && !self.random.once_in(6) {
            let environment = self.profile.environment(df);
            let pin = [Step::Select(environment), Step::Verify(Guess::Right), Step::Select(df)];
            steps.extend(pin);
        }
        for key in &term.keys {
            steps.extend(self.authenticate(df, key));
        }
        steps
    }

    pub(super) fn authenticate(&mut self, df: usize, name: &str) -> Vec<Step> {
        let environment = self.profile.environment(df);
        let found = [df, environment].into_iter().find_map(|at| {
            let keys = &self.profile.dedicated_files[at].keys;
            keys.iter().position(|key| key.name == name).map(|key| (at, key))
        });
        let Some((at, key)) = found else { return Vec::new() };
        let key = if self.random.once_in(10) {
            self.random.below(self.profile.dedicated_files[at].keys.len())
        } else {
            key
        };
        let version = match self.random.below(8) {
            0 => Some(1),
            1 => Some(2),
            2 => Some(3),
            3 => Some(4),
            _ => None,
        };
        let wrong = self.random.once_in(12);
        vec![self.challenge_step(), Step::Authenticate(at, key, version, wrong)]
    }

    pub(super) fn challenge_step(&mut self) -> Step {
        let length = self.random.of(&[8, 8, 8, 4, 16]).unwrap_or(8);
        Step::Raw(vec![0x00, 0x84, 0x00, 0x00, length])
    }

    fn certificate_plan(&mut self) -> Vec<Step> {
        let Some(application) = self.profile.certificate_application() else {
            return Vec::new();
        };
        let Some(df) = self.profile.index_of(&application.id) else {
            return Vec::new();
        };
        let mut steps = self.enter(df);
        steps.extend(
            super::certificates::moves(&mut self.random)
                .into_iter()
                .map(Step::Certificate),
        );
        steps
    }

    /// Commands whose parameters or lengths are wrong, one for each.
    fn parameter_plan(&mut self) -> Vec<Step> {
        const WRONG: [&[u8]; 20] = [
            &[0x00, 0xD6, 0x9F, 0x00, 0x01, 0x55],
            &[0x00, 0xB0, 0x80, 0x00, 0x01],
            &[0x84, 0x16, 0x00, 0x01, 0x04, 1, 2, 3, 4],
            &[0x84, 0x1E, 0x00, 0x00, 0x04, 1, 2, 3, 4],
            &[0x00, 0x84, 0x00, 0x01, 0x08],
            &[0x00, 0x84, 0x00, 0x00, 0x05],
            &[0x00, 0x84, 0x00, 0x00],
            &[
                0x00, 0x88, 0x01, 0x00, 0x10, 1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8,
            ],
            &[0x00, 0x88, 0x00, 0x00, 0x02, 1, 2],
            &[
                0x00, 0x82, 0x01, 0x04, 0x10, 1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8,
            ],
            &[
                0x00, 0x82, 0x00, 0x1F, 0x10, 1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8,
            ],
            &[0x00, 0x20, 0x00, 0x01, 0x03, 0x12, 0x34, 0x56],
            &[0x00, 0x20, 0x00, 0x00, 0x09, 1, 2, 3, 4, 5, 6, 7, 8, 9],
            &[0x80, 0x5E, 0x00, 0x00, 0x03, 0x12, 0xFF, 0x34],
            &[0x80, 0x5E, 0x01, 0x00, 0x02, 0x12, 0xFF],
            &[0x00, 0xC0, 0x00, 0x01, 0x10],
            &[0x00, 0xC0, 0x00, 0x00, 0x10],
            &[0xB0, 0x26, 0x00, 0x04, 0x04],
            &[0x00, 0xA4, 0x01, 0x00, 0x02, 0x3F, 0x00],
            &[0x00, 0xA4, 0x00, 0x00, 0x01, 0x3F],
        ];
        (0..4)
            .filter_map(|_| self.random.of(&WRONG).map(|wrong| Step::Raw(wrong.to_vec())))
            .collect()
    }

    fn junk(&mut self) -> Vec<u8> {
        let length = self.random.below(12);
        let classes = [0x00, 0x00, 0x04, 0x80, 0x84, 0xB0, 0xA0, 0xFF];
        let mut command = vec![self.random.of(&classes).unwrap_or(0), self.random.byte()];
        command.extend((0..2).map(|_| self.random.byte() & 0x1F));
        if length > 0 {
            command.push(length as u8);
            command.extend((0..length).map(|_| self.random.byte()));
        }
        command
    }
}

pub(super) fn with_data([cla, ins, p1, p2]: [u8; 4], data: &[u8]) -> Vec<u8> {
    let data = &data[..data.len().min(255)];
    match data.len() {
        0 => vec![cla, ins, p1, p2],
        length => [&[cla, ins, p1, p2, length as u8], data].concat(),
    }
}

pub(super) fn select_file(fid: u16) -> Vec<u8> {
    with_data([0x00, 0xA4, 0x02, 0x00], &fid.to_be_bytes())
}

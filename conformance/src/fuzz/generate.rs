//! Rounds of steps, made from the card profile and a seed. Half of them are what terminals do, so that the card gets into its
//! states; in between come commands with other parameters, lengths and classes. What may be sent is not decided here.

use super::limits::Limits;
use super::step::Step;
use crate::explore::Random;
use card_model::profile::{DedicatedFile, ElementaryFile, KeyRole, Profile, Structure, Term};

/// Makes rounds.
#[derive(Debug)]
pub(super) struct Generator<'a> {
    pub(super) profile: &'a Profile,
    limits: Limits,
    pub(super) random: Random,
    pub(super) steps: Vec<Step>,
}

/// Plans of one round.
const PLANS: usize = 5;

/// A round of a seed.
pub fn round(profile: &Profile, limits: Limits, seed: u64) -> Vec<Step> {
    let mut generator = Generator {
        profile,
        limits,
        random: Random::new(seed),
        steps: Vec::new(),
    };
    for _ in 0..=generator.random.below(PLANS) {
        generator.plan();
    }
    generator.steps
}

impl<'a> Generator<'a> {
    fn plan(&mut self) {
        if self.limits.destructive && self.random.once_in(3) {
            return self.lasting_plan();
        }
        match self.random.below(20) {
            0..=3 => self.read_plan(),
            4..=5 => self.write_plan(),
            6..=8 => self.parameter_plan(),
            9..=10 => self.select_plan(),
            11 => self.challenge_plan(),
            12 => self.authentication_plan(),
            13..=14 => self.pin_plan(),
            15..=17 => self.account_plan(),
            18 => self.response_plan(),
            _ => self.steps.push(Step::Reset),
        }
    }

    pub(super) fn command(&mut self, bytes: impl Into<Vec<u8>>) {
        let bytes = self.spoil(bytes.into());
        self.steps.push(match self.random.once_in(15) {
            true => Step::Unfollowed(bytes),
            false => Step::Command(bytes),
        });
    }

    /// Another class, parameter or length, once in a while.
    fn spoil(&mut self, mut bytes: Vec<u8>) -> Vec<u8> {
        if !self.random.once_in(12) {
            return bytes;
        }
        match self.random.below(6) {
            0 => bytes[0] = self.random.of(&[0xA0, 0xD0, 0x04, 0x80, 0x84, 0xB0, 0x00]).unwrap_or(0),
            1 => bytes[2] ^= 1 << self.random.below(8),
            2 => bytes[3] ^= 1 << self.random.below(8),
            3 => bytes[2 + self.random.below(2)] = self.random.byte(),
            4 if bytes.len() <= 5 => {
                bytes.truncate(4);
                bytes.extend(self.random.once_in(2).then(|| self.random.byte()));
            }
            4 => self.stretch(&mut bytes),
            _ => {
                // Data where there are none, or none where there are some.
                let data = bytes.len() > 5;
                bytes.truncate(4);
                if !data {
                    bytes.extend([2, 0x3F, 0x00]);
                }
            }
        }
        bytes
    }

    /// Data of another length.
    fn stretch(&mut self, bytes: &mut Vec<u8>) {
        let length = self.random.of(&[1, 2, 3, 8, 9, 16, 17, 18, 20]).unwrap_or(1);
        bytes.truncate(5);
        bytes[4] = length;
        bytes.extend((0..length).map(|_| self.random.byte()));
    }

    fn df(&mut self) -> usize {
        self.random.dedicated_file(self.profile)
    }

    pub(super) fn enter(&mut self) -> usize {
        let df = self.df();
        self.steps.push(Step::Enter(df));
        df
    }

    pub(super) fn file(&mut self, df: usize) -> Option<&'a ElementaryFile> {
        let files = &self.profile.dedicated_files[df].files;
        self.random.of(&files.iter().collect::<Vec<_>>())
    }

    pub(super) fn prove(&mut self, df: usize, terms: &[Term]) {
        let Some(term) = self.random.of(&terms.iter().collect::<Vec<_>>()) else {
            return;
        };
        if term.pin {
            self.steps.push(Step::Verify);
        }
        for name in &term.keys {
            self.prove_key(df, |key| key.name == *name);
        }
    }

    /// A key of the dedicated file or its environment.
    pub(super) fn prove_key(&mut self, df: usize, is_it: impl Fn(&card_model::profile::KeyDefinition) -> bool) {
        for at in [df, self.profile.environment(df)] {
            let keys = &self.profile.dedicated_files[at].keys;
            if let Some(key) = keys.iter().position(&is_it) {
                let version = match self.random.once_in(3) {
                    true => Some(1 + self.random.below(usize::from(keys[key].versions.max(1))) as u8),
                    false => None,
                };
                self.steps.push(Step::Prove { df: at, key, version });
                return;
            }
        }
    }

    pub(super) fn select_file(&mut self, file: &ElementaryFile) {
        let [high, low] = file.fid.to_be_bytes();
        let p1 = self.random.of(&[0x02, 0x02, 0x02, 0x00]).unwrap_or(0x02);
        self.command([0x00, 0xA4, p1, 0x00, 0x02, high, low]);
    }

    fn read_plan(&mut self) {
        let df = self.enter();
        let Some(file) = self.file(df) else { return };
        if !self.random.once_in(4) {
            self.prove(df, &file.read.terms);
        }
        let by_sfi = file.sfi > 0 && self.random.once_in(2);
        if !by_sfi && !self.random.once_in(6) {
            self.select_file(file);
        }
        for _ in 0..=self.random.below(4) {
            let header = self.read_header(file, if by_sfi { file.sfi } else { 0 });
            let le = self.random.of(&[0, 0, 0, 1, 8, 64, 255]).unwrap_or(0);
            self.command([&header[..], &[le]].concat());
        }
    }

    pub(super) fn read_header(&mut self, file: &ElementaryFile, sfi: u8) -> [u8; 4] {
        if is_binary(file) {
            let offset = self.random.of(&[0u16, 0, 1, 8, 0x7F, 0xFF, 0x200]).unwrap_or(0);
            let [high, low] = offset.to_be_bytes();
            return match sfi {
                0 => [0x00, 0xB0, high, low],
                sfi => [0x00, 0xB0, 0x80 | sfi, low],
            };
        }
        let mode = self.random.of(&[0, 0, 4, 4, 1, 2, 3, 5, 6, 7]).unwrap_or(4);
        let tags: Vec<u8> = file.elements.iter().filter_map(|element| element.tag).collect();
        let p1 = match mode {
            0..=3 if !self.random.once_in(5) => self.random.of(&tags).unwrap_or(0),
            _ => self.random.of(&[1, 1, 2, 3, 0, 9, 0xFE, 0xFF]).unwrap_or(1),
        };
        [0x00, 0xB2, p1, sfi << 3 | mode]
    }

    fn write_plan(&mut self) {
        let df = self.enter();
        let Some(file) = self.file(df) else { return };
        if !self.random.once_in(4) {
            self.prove(df, &file.read.terms);
            self.prove(df, &file.update.terms);
        }
        if matches!(file.structure, Structure::Internal { .. }) || file.key_pair.is_some() {
            return;
        }
        self.select_file(file);
        let sfi = if self.random.once_in(2) { file.sfi } else { 0 };
        for _ in 0..=self.random.below(2) {
            let mut read = self.read_header(file, sfi);
            if !is_binary(file) {
                // A place that a name or number stands for, so that what was read goes back there.
                read[3] = read[3] & 0xF8 | if read[3] & 0x07 == 0 { 0 } else { 4 };
                if matches!(file.structure, Structure::Cyclic { .. }) {
                    continue;
                }
            }
            let mut update = read;
            update[1] = if is_binary(file) { 0xD6 } else { 0xDC };
            self.steps.push(Step::WriteBack { read, update });
        }
    }

    fn select_plan(&mut self) {
        for _ in 0..=self.random.below(4) {
            let df = self.df();
            let file = &self.profile.dedicated_files[df];
            let [high, low] = file.fid.to_be_bytes();
            match self.random.below(8) {
                0 => self.command([0x00, 0xA4, 0x00, 0x00, 0x02, high, low]),
                1 => self.command([0x00, 0xA4, 0x00, 0x00]),
                2 => {
                    let [high, low] = self.random.bytes();
                    self.command([0x00, 0xA4, 0x02, 0x00, 0x02, high, low]);
                }
                3..=4 if file.name.len() >= 5 => {
                    let length = 5 + self.random.below(file.name.len() - 4);
                    let next = self.random.of(&[0x00, 0x00, 0x02]).unwrap_or(0);
                    let name = &file.name[..length];
                    self.command([&[0x00, 0xA4, 0x04, next, length as u8], name].concat());
                }
                5 => {
                    if let Some(file) = self.file(df) {
                        self.select_file(file);
                    }
                }
                _ => self.steps.push(Step::Enter(df)),
            }
        }
    }

    fn challenge_plan(&mut self) {
        for _ in 0..=self.random.below(3) {
            let le = self.random.of(&[4, 8, 16, 8, 0, 1, 5, 32]).unwrap_or(8);
            self.command([0x00, 0x84, 0x00, 0x00, le]);
        }
    }

    fn authentication_plan(&mut self) {
        let df = self.enter();
        if self.limits.spend_tries && self.random.once_in(3) {
            let keys = &self.profile.dedicated_files[df].keys;
            let key = self.random.below(keys.len());
            self.steps.push(Step::ProveWrongly { df, key });
        }
        let any = self.random.below(8);
        self.prove_key(df, |key| usize::from(key.id) % 8 == any);
        let length = self.random.of(&[16u8, 16, 17, 8, 0, 15, 18]).unwrap_or(16);
        let mut data: Vec<u8> = (0..length).map(|_| self.random.byte()).collect();
        if let (17, Some(version)) = (length, data.last_mut()) {
            *version = self.random.of(&[1, 2, 3, 4, 0]).unwrap_or(1);
        }
        let head = [0x00, 0x88, 0x00, 0x00];
        self.command(if data.is_empty() {
            head.to_vec()
        } else {
            [&head[..], &[length], &data].concat()
        });
    }

    fn pin_plan(&mut self) {
        let profile = self.profile;
        let with_pin = |df: &DedicatedFile| df.has_pin;
        let Some(df) = profile.dedicated_files.iter().position(with_pin) else {
            return;
        };
        self.steps.push(Step::Enter(df));
        for _ in 0..=self.random.below(3) {
            match self.random.below(6) {
                0 => self.steps.push(Step::KeepPin),
                1 => self.steps.push(Step::Verify),
                2 if self.limits.spend_tries => self.steps.push(Step::VerifyWrongly),
                3 => {
                    let p2 = self.random.of(&[0x00, 0x01, 0x80]).unwrap_or(0);
                    self.command([0x00, 0x20, 0x00, p2]);
                }
                _ => self.command([0x00, 0x20, 0x00, 0x00]),
            }
        }
    }

    pub(super) fn account_plan(&mut self) {
        let profile = self.profile;
        let purchase = |df: &DedicatedFile| df.keys.iter().any(|key| key.role == KeyRole::Purchase);
        let Some(df) = profile.dedicated_files.iter().position(purchase) else {
            return;
        };
        self.steps.push(Step::Enter(df));
        if !self.random.once_in(4) {
            self.steps.push(Step::Verify);
        }
        for _ in 0..=self.random.below(4) {
            let index = self.random.of(&[1, 1, 1, 2, 3, 4, 0]).unwrap_or(1);
            let amount = self.random.of(&[0u32, 1, 500, 0xFFFF_FFFF]).unwrap_or(1).to_be_bytes();
            let terminal = [0x99, 0, 0, 0, 0, self.random.byte()];
            match self.random.below(7) {
                0..=1 => {
                    let data = [&[index][..], &amount, &terminal].concat();
                    self.command([&[0xB0, 0x28, 0x00, 0x01, 0x0B], &data[..]].concat());
                }
                2..=3 => {
                    let data = [&[index][..], &amount, &[0; 4], &[0; 4], &terminal].concat();
                    self.command([&[0xB0, 0x28, 0x01, 0x01, 0x13], &data[..]].concat());
                }
                4 => {
                    let kind = self.random.of(&[0x01, 0x02, 0x03, 0x31, 0x32, 0x33]).unwrap_or(0x31);
                    let sequence = self.random.byte() & 0x03;
                    self.command([0xB0, 0x2E, 0x00, kind, 0x02, 0x00, sequence]);
                }
                5 => self.command([0xB0, 0x56, 0x01, 0x00, 0x02]),
                _ => {
                    let kind = 1 + self.random.below(4) as u8;
                    let le = self.random.of(&[4, 6, 0, 5]).unwrap_or(4);
                    self.command([0xB0, 0x26, 0x00, kind, le]);
                }
            }
        }
    }

    /// GET RESPONSE when something waits and when nothing does.
    fn response_plan(&mut self) {
        let df = self.df();
        let name = &self.profile.dedicated_files[df].name;
        if name.len() >= 5 && !self.random.once_in(3) {
            let select = [&[0x00, 0xA4, 0x04, 0x00, name.len() as u8], &name[..]].concat();
            self.steps.push(Step::Unfollowed(select));
        }
        for _ in 0..=self.random.below(2) {
            let le = self.random.of(&[0, 1, 8, 16, 32, 255]).unwrap_or(0);
            let step = [0x00, 0xC0, 0x00, 0x00, le].to_vec();
            self.steps.push(Step::Unfollowed(step));
        }
    }

    /// Known commands with any parameters and lengths.
    fn parameter_plan(&mut self) {
        const HEADS: [[u8; 2]; 24] = [
            [0x00, 0xA4],
            [0x00, 0xB0],
            [0x00, 0xB2],
            [0x00, 0x84],
            [0x00, 0x88],
            [0x00, 0xC0],
            [0x00, 0x20],
            [0x00, 0xCA],
            [0xB0, 0x26],
            [0xB0, 0x28],
            [0xB0, 0x2E],
            [0xB0, 0x56],
            [0xA0, 0xA4],
            [0xD0, 0xB2],
            [0x80, 0xCA],
            [0x04, 0xB2],
            [0x00, 0x82],
            [0x80, 0x5E],
            [0x00, 0xDC],
            [0x00, 0xD6],
            [0x84, 0x24],
            [0x84, 0x1E],
            [0xB0, 0x2A],
            [0xB0, 0x2C],
        ];
        if self.random.once_in(2) {
            self.enter();
        }
        for _ in 0..=self.random.below(5) {
            let [class, instruction] = self.random.of(&HEADS).unwrap_or_default();
            let parameter = |random: &mut Random| random.of(&[0, 0, 0, 1, 2, 4, 0x80, 0x85, 0xFE, 0xFF]).unwrap_or(0);
            let mut bytes = vec![
                class,
                instruction,
                parameter(&mut self.random),
                parameter(&mut self.random),
            ];
            match self.random.below(4) {
                0 => {}
                1 => bytes.push(self.random.of(&[0, 1, 2, 4, 8, 0x10, 0x80, 0xFF]).unwrap_or(0)),
                _ => {
                    bytes.push(1);
                    self.stretch(&mut bytes);
                    bytes.extend(self.random.once_in(4).then_some(0));
                }
            }
            self.command(bytes);
        }
    }
}

pub(super) fn is_binary(file: &ElementaryFile) -> bool {
    matches!(
        file.structure,
        Structure::Transparent { .. } | Structure::Internal { .. }
    )
}

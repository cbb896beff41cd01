//! Plans for cards that may be lost: they write, load, debit, block, and guess.

use super::generate::{Generator, is_binary};
use super::step::Step;

impl Generator<'_> {
    pub(super) fn lasting_plan(&mut self) {
        let df = self.enter();
        match self.random.below(5) {
            0..=1 => self.overwrite(df),
            2 => self.guess(df),
            3 => self.block(df),
            _ => self.complete(),
        }
    }

    fn data(&mut self, lengths: &[u8]) -> Vec<u8> {
        let length = self.random.of(lengths).unwrap_or(1);
        let mut data = vec![length];
        data.extend((0..length).map(|_| self.random.byte()));
        data
    }

    fn overwrite(&mut self, df: usize) {
        let Some(file) = self.file(df) else { return };
        if !self.random.once_in(4) {
            self.prove(df, &file.update.terms);
        }
        if !self.random.once_in(4) {
            self.select_file(file);
        }
        let sfi = if self.random.once_in(2) { file.sfi } else { 0 };
        for _ in 0..=self.random.below(2) {
            let mut header = self.read_header(file, sfi);
            header[0] = if self.random.once_in(6) { 0x04 } else { 0x00 };
            header[1] = if is_binary(file) { 0xD6 } else { 0xDC };
            let mut data = self.data(&[1, 3, 4, 6, 8, 20]);
            if let [length, tag, inner, ..] = &mut data[..]
                && *length > 2
                && !is_binary(file)
            {
                // A record of the file: its tag, and a length that fits.
                *tag = header[2];
                *inner = *length - 2;
            }
            self.command([&header[..], &data].concat());
        }
    }

    /// Wrong proofs and PINs.
    fn guess(&mut self, df: usize) {
        let key = self.random.below(self.profile.dedicated_files[df].keys.len());
        for _ in 0..=self.random.below(3) {
            match self.random.below(6) {
                0 => self.steps.push(Step::ProveWrongly { df, key }),
                1 => self.steps.push(Step::VerifyWrongly),
                2 => {
                    let data = self.data(&[16, 16, 17, 8, 15]);
                    let id = self.random.of(&[0x04, 0x84, 0x85, 0x06, 0x1F, 0x9F]).unwrap_or(4);
                    self.command([&[0x00, 0x82, 0x00, id], &data[..]].concat());
                }
                3 => {
                    let data = self.data(&[2, 3, 8, 1, 9]);
                    self.command([&[0x00, 0x20, 0x00, 0x00], &data[..]].concat());
                }
                4 => self.command([0x80, 0x5E, 0x01, 0x00, 0x07, 0x99, 0x99, 0x98, 0xFF, 0x12, 0x34, 0x56]),
                _ => {
                    let data = self.data(&[3, 7, 2, 18]);
                    self.command([&[0x80, 0x5E, 0x01, 0x00], &data[..]].concat());
                }
            }
        }
    }

    /// Secured commands with a MAC that is wrong.
    fn block(&mut self, df: usize) {
        if self.random.once_in(2) {
            self.prove_key(df, |key| matches!(key.id, 0x05 | 0x06 | 0x83));
        }
        if self.random.once_in(2) {
            self.command([0x00, 0x84, 0x00, 0x00, 0x08]);
        }
        let headers = [
            [0x84, 0x24, 0x00, 0x00],
            [0x84, 0x24, 0x00, 0x01],
            [0x84, 0x1E, 0x00, 0x01],
            [0x84, 0x16, 0x00, 0x00],
        ];
        let header = self.random.of(&headers).unwrap_or_default();
        let data = self.data(&[4, 4, 12, 20, 3, 5]);
        self.command([&header[..], &data].concat());
    }

    /// CREDIT, DEBIT and UPDATE STARTING DAY, with a MAC that is wrong, in and out of their states.
    fn complete(&mut self) {
        self.account_plan();
        match self.random.below(3) {
            0 => {
                let data = self.data(&[11, 11, 10]);
                self.command([&[0xB0, 0x2A, 0x00, 0x00], &data[..]].concat());
            }
            1 => {
                let data = self.data(&[15, 15, 16]);
                self.command([&[0xB0, 0x2C, 0x01, 0x00], &data[..]].concat());
            }
            _ => self.command([0xB0, 0x56, 0x00, 0x00, 0x02, 0x07, 0x01]),
        }
    }
}

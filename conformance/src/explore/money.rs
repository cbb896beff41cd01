//! Plans around the medical account.

use super::plan::{Guess, Step, select_file, with_data};
use super::tester::Tester;
use card_model::profile::{DedicatedFile, KeyDefinition, KeyRole};

impl Tester<'_> {
    pub(super) fn account_plan(&mut self) -> Vec<Step> {
        let purchase = |key: &KeyDefinition| key.role == KeyRole::Purchase;
        let files = &self.profile.dedicated_files;
        let Some(df) = files.iter().position(|df: &DedicatedFile| df.keys.iter().any(purchase)) else {
            return Vec::new();
        };
        let mut steps = Vec::new();
        if !self.random.once_in(6) {
            steps.extend([Step::Select(self.profile.environment(df)), Step::Verify(Guess::Right)]);
        }
        steps.push(Step::Select(df));
        for _ in 0..=self.random.below(3) {
            let index = self.random.of(&[1, 1, 1, 2, 3, 4, 0]).unwrap_or(1);
            let amount = self
                .random
                .of(&[0u32, 1, 500, 10_000, 0xFFFF_FFFF])
                .unwrap_or(1)
                .to_be_bytes();
            let more = self.random.of(&[0u32, 0, 7, 300]).unwrap_or(0).to_be_bytes();
            let (terminal, spoiled) = ([0x99, 0, 0, 0, 0, self.random.byte() & 0x77], self.random.once_in(6));
            match self.random.below(9) {
                0..=2 => {
                    let data = [&[index][..], &amount, &terminal].concat();
                    steps.push(Step::Raw(with_data([0xB0, 0x28, 0x00, 0x01], &data)));
                    steps.extend(self.interruption());
                    steps.push(Step::Credit(spoiled));
                    steps.extend(self.random.once_in(6).then_some(Step::Credit(false)));
                    steps.push(Step::Proof(b'1', 0));
                }
                3..=5 => {
                    let pooled = self.random.of(&[0u32, 9, 100]).unwrap_or(0).to_be_bytes();
                    let data = [&[index][..], &amount, &more, &pooled, &terminal].concat();
                    steps.push(Step::Raw(with_data([0xB0, 0x28, 0x01, 0x01], &data)));
                    steps.extend(self.interruption());
                    steps.push(Step::Debit(spoiled));
                    steps.extend(self.random.once_in(6).then_some(Step::Debit(false)));
                    steps.push(Step::Proof(b'2', 0));
                }
                6 => steps.push(Step::Proof(
                    self.random.of(b"123").unwrap_or(b'1'),
                    self.random.below(3) as i16 - 1,
                )),
                7 => {
                    if let Some(key) = self.role(df, KeyRole::StartingDay)
                        && !self.random.once_in(4)
                    {
                        steps.extend(self.authenticate(df, &key));
                    }
                    let day = self
                        .random
                        .of(&[[0x01, 0x01], [0x07, 0x01], [0x13, 0x01], [0x0A, 0x01]]);
                    steps.push(Step::Raw(with_data([0xB0, 0x56, 0x00, 0x00], &day.unwrap_or_default())));
                    steps.push(Step::Raw(vec![0xB0, 0x56, 0x01, 0x00, 0x02]));
                }
                _ => steps.push(Step::Raw(vec![0xB0, 0x56, 0x01, 0x00, 0x02])),
            }
            let kind = 1 + self.random.below(3) as u8;
            steps.push(Step::Raw(vec![0xB0, 0x26, 0x00, kind, if kind == 1 { 4 } else { 6 }]));
        }
        // The log.
        steps.push(Step::Raw(vec![0x00, 0xB2, 0x01, 0x08 << 3 | 4, 0x1C]));
        steps
    }

    /// A command between INITIALIZE and the one that completes it.
    pub(super) fn interruption(&mut self) -> Option<Step> {
        match self.random.below(12) {
            0 => Some(Step::Raw(vec![0xB0, 0x26, 0x00, 0x01, 0x04])),
            1 => Some(Step::Raw(vec![0x00, 0xB2, 0x01, 0x2C, 0x00])),
            2 => Some(self.challenge_step()),
            3 => Some(Step::Raw(select_file(0xEF05))),
            _ => None,
        }
    }
}

//! Plans around rights: PIN, unblocking, keys, selection, blocking.

use super::plan::{Guess, Step, select_file, with_data};
use super::tester::Tester;
use card_model::profile::KeyRole;

impl Tester<'_> {
    pub(super) fn pin_plan(&mut self) -> Vec<Step> {
        use Guess::{Begin, Empty, NoPin, Other, Right, Wrong};
        let environment = self.environment_with_pin();
        let query = Step::Raw(vec![0x00, 0x20, 0x00, 0x00, 0x00]);
        let mut steps = vec![Step::Select(environment)];
        match self.random.below(8) {
            0 => steps.extend([
                query.clone(),
                Step::Verify(Wrong),
                query.clone(),
                Step::Verify(Right),
                query,
            ]),
            1 => steps.extend([Step::Verify(Right), Step::Verify(Wrong)]),
            2 => {
                steps.extend((0..4).map(|_| Step::Verify(Wrong)));
                steps.extend([query, Step::Verify(Right), Step::ChangePin(Right, Other)]);
            }
            3 => steps.extend([Step::ChangePin(Right, Other), Step::Verify(Right), query]),
            4 => steps.extend([
                Step::ChangePin(Wrong, Other),
                query,
                Step::ChangePin(Right, Other),
                Step::Verify(Right),
            ]),
            5 => steps.extend([Step::ChangePin(Right, NoPin), Step::Verify(Begin), Step::Verify(Right)]),
            6 => steps.extend([Step::ChangePin(Right, Empty), query, Step::ChangePin(Right, Other)]),
            _ => steps.extend([Step::Verify(Wrong), Step::Verify(Begin), Step::Verify(Right), query]),
        }
        if self.random.once_in(3) {
            steps.extend(self.read_something());
        }
        steps
    }

    pub(super) fn environment_with_pin(&mut self) -> usize {
        let files = &self.profile.dedicated_files;
        let with_pin = files.iter().position(|df| df.has_pin).unwrap_or(0);
        if self.random.once_in(10) {
            self.random.dedicated_file(self.profile)
        } else {
            with_pin
        }
    }

    pub(super) fn role(&self, df: usize, role: KeyRole) -> Option<String> {
        let key = self.profile.dedicated_files[df].key_with_role(role)?;
        Some(key.name.clone())
    }

    pub(super) fn unblock_plan(&mut self) -> Vec<Step> {
        let environment = self.environment_with_pin();
        let mut steps = vec![Step::Select(environment)];
        let wrong = self.random.below(5);
        steps.extend((0..wrong).map(|_| Step::Verify(Guess::Wrong)));
        if let Some(puk) = self.role(environment, KeyRole::PinUnblock)
            && !self.random.once_in(6)
        {
            steps.extend(self.authenticate(environment, &puk));
        }
        for _ in 0..=self.random.below(2) {
            let spoiled = self.random.once_in(3);
            steps.push(self.challenge_step());
            steps.push(if self.random.once_in(2) {
                Step::Secured([0x84, 0x24, 0x00, 0x00], None, spoiled)
            } else {
                let new = self
                    .random
                    .of(&[Guess::Other, Guess::Other, Guess::NoPin, Guess::Empty]);
                Step::Secured([0x84, 0x24, 0x00, 0x01], new, spoiled)
            });
        }
        if self.random.once_in(8) {
            for _ in 0..3 {
                steps.push(self.challenge_step());
                steps.push(Step::Secured([0x84, 0x24, 0x00, 0x00], None, true));
            }
        }
        steps.extend([
            Step::Raw(vec![0x00, 0x20, 0x00, 0x00, 0x00]),
            Step::Verify(Guess::Right),
        ]);
        steps
    }

    pub(super) fn select_plan(&mut self) -> Vec<Step> {
        let mut steps = Vec::new();
        for _ in 0..=self.random.below(4) {
            let df = self.random.dedicated_file(self.profile);
            let file = &self.profile.dedicated_files[df];
            let step = match self.random.below(8) {
                0 => Step::Raw(with_data([0x00, 0xA4, 0x00, 0x00], &file.fid.to_be_bytes())),
                1 => Step::Raw(with_data(
                    [0x00, 0xA4, 0x04, 0x00],
                    file.name.get(..5).unwrap_or(&file.name),
                )),
                2 => Step::Raw(with_data(
                    [0x00, 0xA4, 0x04, 0x02],
                    file.name.get(..5).unwrap_or(&file.name),
                )),
                3 => Step::Raw(vec![0x00, 0xA4, 0x00, 0x00, 0x02, 0x3F, 0x00]),
                4 => Step::Raw(vec![0x00, 0xA4, 0x00, 0x00]),
                5 => Step::Raw(select_file(0xEF00 | u16::from(self.random.byte() & 0x1F))),
                6 => Step::Raw(with_data([0x00, 0xA4, 0x00, 0x00], &[0xEF, self.random.byte() & 0x1F])),
                _ => Step::Select(df),
            };
            steps.push(step);
        }
        if let Some((_, file)) = self
            .some_file()
            .map(|(df, i)| (df, &self.profile.dedicated_files[df].files[i]))
        {
            self.append_reads(&mut steps, file);
        }
        steps
    }

    pub(super) fn authentication_plan(&mut self) -> Vec<Step> {
        let df = self.random.dedicated_file(self.profile);
        let keys = self.profile.dedicated_files[df].keys.len();
        let mut steps = self.enter(df);
        if keys > 0 {
            let key = self.random.below(keys);
            let wrong = self.random.below(5);
            for _ in 0..wrong {
                steps.extend([self.challenge_step(), Step::Authenticate(df, key, None, true)]);
            }
            steps.extend([self.challenge_step(), Step::Authenticate(df, key, None, false)]);
            if self.random.once_in(2) {
                // The same challenge again, or one that another application was selected after.
                steps.extend(self.random.once_in(2).then_some(Step::Select(df)));
                steps.push(Step::Authenticate(df, key, None, false));
            }
            if self.random.once_in(3) {
                let other = self.random.dedicated_file(self.profile);
                steps.extend([
                    Step::Select(other),
                    self.challenge_step(),
                    Step::Authenticate(df, key, None, false),
                ]);
            }
        }
        let version = self.random.of(&[None, Some(1), Some(2), Some(3), Some(4)]).flatten();
        steps.push(Step::Internal(version));
        steps
    }

    pub(super) fn block_plan(&mut self) -> Vec<Step> {
        let card = self.random.once_in(4);
        let role = if card {
            KeyRole::CardBlock
        } else {
            KeyRole::ApplicationBlock
        };
        let files = &self.profile.dedicated_files;
        let able: Vec<usize> = (0..files.len())
            .filter(|df| files[*df].key_with_role(role).is_some())
            .collect();
        let Some(df) = self.random.of(&able) else {
            return Vec::new();
        };
        let mut steps = self.enter(df);
        if let Some(key) = self.role(df, role)
            && !self.random.once_in(5)
        {
            if self.random.once_in(4)
                && let Some(index) = files[df].keys.iter().position(|other| other.name == key)
            {
                for _ in 0..4 {
                    steps.extend([self.challenge_step(), Step::Authenticate(df, index, None, true)]);
                }
            }
            steps.extend(self.authenticate(df, &key));
        }
        let header = if card {
            [0x84, 0x16, 0x00, 0x00]
        } else {
            [0x84, 0x1E, 0x00, 0x01]
        };
        for _ in 0..=self.random.below(2) {
            steps.push(self.challenge_step());
            steps.push(Step::Secured(header, None, self.random.once_in(3)));
        }
        steps.push(self.challenge_step());
        if let Some(file) = files[df].files.first() {
            self.append_reads(&mut steps, file);
        }
        steps.extend([Step::Secured(header, None, false), Step::Select(df)]);
        if self.random.once_in(2) {
            steps.extend([Step::Reset(self.interface), Step::Select(df)]);
        }
        steps
    }
}

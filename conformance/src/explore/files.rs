//! Plans around elementary files: reading and updating in all the ways of naming a record.

use super::plan::{Step, select_file, with_data};
use super::tester::Tester;
use card_model::profile::{ElementaryFile, Structure};

impl Tester<'_> {
    pub(super) fn read_something(&mut self) -> Vec<Step> {
        let Some((df, file)) = self.some_file() else {
            return Vec::new();
        };
        let file = &self.profile.dedicated_files[df].files[file];
        let mut steps = self.enter(df);
        if !self.random.once_in(4) {
            steps.extend(self.prove(df, false, file));
        }
        self.append_reads(&mut steps, file);
        steps
    }

    /// Reads by identifier, which move the record pointer, and what resets it.
    pub(super) fn pointer_steps(&mut self, file: &ElementaryFile) -> Vec<Step> {
        let again = || Step::Raw(Vec::new());
        let tag = file.elements.first().and_then(|element| element.tag).unwrap_or(0);
        let read = |mode: u8| Step::Raw(vec![0x00, 0xB2, 0x00, mode, 0x00]);
        let between = match self.random.below(3) {
            0 => Step::Raw(select_file(file.fid)),
            1 => {
                let (mut header, data) = self.update(file);
                header[3] &= 0x07;
                Step::Raw(with_data(header, &data))
            }
            _ => Step::Raw(vec![0x00, 0xB2, tag, 0x00, 0x00]),
        };
        let steps = [
            read(2),
            again(),
            read(2),
            again(),
            between,
            read(2),
            again(),
            read(3),
            again(),
        ];
        [Step::Raw(select_file(file.fid))].into_iter().chain(steps).collect()
    }

    pub(super) fn append_reads(&mut self, steps: &mut Vec<Step>, file: &ElementaryFile) {
        if !self.random.once_in(3) {
            steps.push(Step::Raw(select_file(file.fid)));
        }
        for _ in 0..=self.random.below(4) {
            let read = self.read(file);
            steps.push(Step::Raw(read.clone()));
            if read[1] == 0xB2 || self.random.once_in(8) {
                // The right Le is found by asking with 00, as terminals on T=0 do.
                steps.push(Step::Raw(Vec::new()));
            }
        }
    }

    pub(super) fn read(&mut self, file: &ElementaryFile) -> Vec<u8> {
        let by_sfi = self.random.once_in(2);
        let odd = self.random.once_in(15);
        let sfi = if odd {
            self.random.byte() & 0x1F
        } else if by_sfi {
            file.sfi
        } else {
            0
        };
        let binary = matches!(
            file.structure,
            Structure::Transparent { .. } | Structure::Internal { .. }
        ) != odd;
        if binary {
            let offset = self.random.of(&[0, 0, 0, 1, 8, 0x2F, 0x100, 0x127, 0x2FF]).unwrap_or(0);
            let le = self.random.of(&[0, 1, 16, 66, 240]).unwrap_or(0);
            return if sfi > 0 {
                vec![0x00, 0xB0, 0x80 | sfi, offset as u8, le]
            } else {
                vec![0x00, 0xB0, (offset >> 8) as u8, offset as u8, le]
            };
        }
        let mode = self.random.of(&[0, 4, 4, 1, 2, 3, 5, 6, 7]).unwrap_or(4);
        let tags: Vec<u8> = file.elements.iter().filter_map(|element| element.tag).collect();
        let p1 = match mode {
            0..=3 if !self.random.once_in(5) => self.random.of(&tags).unwrap_or(0),
            _ => self.random.of(&[1, 2, 3, 0, 4, 9, 0xFF]).unwrap_or(1),
        };
        vec![0x00, 0xB2, p1, sfi << 3 | mode, 0x00]
    }

    pub(super) fn update_something(&mut self) -> Vec<Step> {
        let Some((df, file)) = self.some_file() else {
            return Vec::new();
        };
        let file = &self.profile.dedicated_files[df].files[file];
        let mut steps = self.enter(df);
        if !self.random.once_in(5) {
            steps.extend(self.prove(df, true, file));
        }
        if !self.random.once_in(3) {
            steps.push(Step::Raw(select_file(file.fid)));
        }
        for _ in 0..=self.random.below(3) {
            let (header, data) = self.update(file);
            if self.random.once_in(8) {
                let [_, ins, p1, p2] = header;
                let wrong = self.random.once_in(2);
                steps.push(self.challenge_step());
                steps.push(Step::SecuredUpdate([0x04, ins, p1, p2], data, wrong));
            } else {
                steps.push(Step::Raw(with_data(header, &data)));
            }
        }
        if !self.random.once_in(3) {
            steps.extend(self.prove(df, false, file));
            if self.random.once_in(3) && file.record_count() > 0 {
                steps.extend(self.pointer_steps(file));
            }
            self.append_reads(&mut steps, file);
        }
        steps
    }

    pub(super) fn update(&mut self, file: &ElementaryFile) -> ([u8; 4], Vec<u8>) {
        let sfi = if self.random.once_in(2) { file.sfi } else { 0 };
        let fill = self.random.byte();
        match file.structure {
            Structure::Transparent { .. } | Structure::Internal { .. } => {
                let offset = self.random.of(&[0u16, 0, 4, 0x20, 0x120, 0x2FE]).unwrap_or(0);
                let data = vec![fill; 1 + self.random.below(20)];
                let [high, low] = offset.to_be_bytes();
                match sfi {
                    0 => ([0x00, 0xD6, high, low], data),
                    sfi => ([0x00, 0xD6, 0x80 | sfi, low], data),
                }
            }
            Structure::Cyclic { .. } => {
                let length = file.record_length().unwrap_or(1);
                let more = u16::from(self.random.once_in(10));
                let data = vec![fill; usize::from(length + more).min(250)];
                let (p1, mode) = self
                    .random
                    .of(&[(0, 3), (0, 3), (0, 3), (1, 4), (2, 4), (0, 4)])
                    .unwrap_or((0, 3));
                ([0x00, 0xDC, p1, sfi << 3 | mode], data)
            }
            _ => {
                let Some(element) = self.random.of(&file.elements.iter().collect::<Vec<_>>()) else {
                    return ([0x00, 0xDC, 0x00, sfi << 3], Vec::new());
                };
                let tag = element.tag.unwrap_or(1);
                let length = match self.random.below(6) {
                    0 => self.random.below(usize::from(element.length) + 1),
                    1 => self.random.below(100),
                    _ => usize::from(element.length),
                };
                let length = length.min(240);
                let mut data = vec![tag, length as u8];
                data.resize(2 + length, fill);
                if self.random.once_in(12) {
                    data[1] = data[1].wrapping_add(1);
                }
                let (p1, mode) = match self.random.below(8) {
                    0 => (1 + self.random.below(8) as u8, 4),
                    1 => (tag, 1),
                    2 => (tag, 2),
                    3 => (0, 4),
                    4 => (0xFE, 4),
                    _ => (tag, 0),
                };
                ([0x00, 0xDC, p1, sfi << 3 | mode], data)
            }
        }
    }
}

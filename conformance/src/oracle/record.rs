//! READ RECORD and UPDATE RECORD (`spec/commands.md` §1.2, `spec/conformance.md` §4.5).

use super::Oracle;
use super::expect::{Data, Expectation, Request};
use super::files::Addressed;
use super::state::Contents;
use card_model::profile::{ElementaryFile, Structure};

/// Mode bits of P2.
const MODE: u8 = 0x07;

impl<'a> Oracle<'a> {
    pub(super) fn expect_read_record(&self, request: &Request<'_>) -> Expectation {
        let mut expected = Expectation::done(Data::None);
        if !request.data.is_empty() {
            expected.refuse(0x6700);
        }
        let mode = request.p2 & MODE;
        if request.p1 == 0xFF || mode == 7 || request.p2 >> 3 == 31 {
            expected.refuse(0x6A86);
            return expected;
        }
        let Some((file, records)) = self.record_file(&mut expected, request, false) else {
            return expected;
        };
        match mode {
            5 | 6 => self.expect_many(&mut expected, request, records),
            mode => match self.number(file, records, mode, request) {
                None => expected.refuse(0x6A83),
                Some(number) => expect_length(&mut expected, request, &records[number - 1]),
            },
        }
        expected
    }

    /// Modes 5 and 6: whole records. How a card cuts more than 256 bytes is not said.
    fn expect_many(&self, expected: &mut Expectation, request: &Request<'_>, records: &[Vec<u8>]) {
        let first = match request.p1 {
            0 => self.pointer(request),
            number => Some(usize::from(number)),
        };
        let Some(chosen) = first
            .and_then(|first| records.get(first - 1..))
            .filter(|chosen| !chosen.is_empty())
        else {
            expected.refuse(0x6A83);
            return;
        };
        let all = match request.p2 & MODE {
            5 => chosen.concat(),
            _ => chosen.iter().rev().flatten().copied().collect(),
        };
        if all.len() > 256 {
            *expected = Expectation::anything();
        } else {
            expect_length(expected, request, &all);
        }
    }

    pub(super) fn follow_read_record(&mut self, request: &Request<'_>, sw: u16) {
        let sfi = request.p2 >> 3;
        if request.p1 == 0xFF || request.p2 & MODE == 7 || sfi == 31 {
            return;
        }
        let named = matches!(sw, 0x9000 | 0x6A83) || sw >> 8 == 0x6C;
        self.opened(sfi, named);
        if sw != 0x9000 || request.p2 & MODE > 3 {
            return;
        }
        let Addressed::File(file) = self.addressed(0) else {
            return;
        };
        let records = self.records(file);
        let number = records.and_then(|records| self.number(file, records, request.p2 & MODE, request));
        if number.is_some() {
            self.state.record = number;
        }
    }

    pub(super) fn expect_update_record(&self, request: &Request<'_>) -> Expectation {
        let mut expected = Expectation::done(Data::None);
        let data = self.open_update(&mut expected, request);
        let mode = request.p2 & MODE;
        if request.p1 == 0xFF || mode > 4 || request.p2 >> 3 == 31 {
            expected.refuse(0x6A86);
            return expected;
        }
        let Some((file, records)) = self.record_file(&mut expected, request, true) else {
            return expected;
        };
        match file.structure {
            Structure::Cyclic { .. } => self.expect_cyclic(&mut expected, request, file, records, data),
            _ => self.expect_linear(&mut expected, request, file, records, data),
        }
        expected
    }

    fn expect_cyclic(
        &self,
        expected: &mut Expectation,
        request: &Request<'_>,
        file: &ElementaryFile,
        records: &[Vec<u8>],
        data: &[u8],
    ) {
        if Some(data.len()) != file.record_length().map(usize::from) {
            [0x6700, 0x6A85, 0x6A80].iter().for_each(|word| expected.refuse(*word));
        }
        match (request.p2 & MODE, request.p1) {
            (3, 0) => {}
            (4, _) => {
                if self.number(file, records, 4, request).is_none() {
                    expected.refuse(0x6A83);
                }
            }
            // Records of cyclic files have no identifiers.
            _ => [0x6981, 0x6A83, 0x6A86].iter().for_each(|word| expected.refuse(*word)),
        }
    }

    fn expect_linear(
        &self,
        expected: &mut Expectation,
        request: &Request<'_>,
        file: &ElementaryFile,
        records: &[Vec<u8>],
        data: &[u8],
    ) {
        let by_identifier = request.p2 & MODE < 4;
        let well_formed = matches!(data, [1..=0xFE, length, value @ ..] if usize::from(*length) == value.len());
        if !well_formed {
            expected.refuse(0x6A85);
        } else if by_identifier && request.p1 != 0 && data[0] != request.p1 {
            [0x6A85, 0x6A80].iter().for_each(|word| expected.refuse(*word));
        }
        if request.p2 & MODE == 4 && request.p1 == 0 && self.pointer(request).is_none() {
            expected.refuse(0x6A83);
            return;
        }
        let number = self.number(file, records, request.p2 & MODE, request);
        match file.structure {
            Structure::LinearFixed => {
                if Some(data.len()) != file.record_length().map(usize::from) {
                    [0x6A85, 0x6700].iter().for_each(|word| expected.refuse(*word));
                }
                if number.is_none() && records.len() >= usize::from(file.record_count()) {
                    expected.refuse(0x6A84);
                }
            }
            _ => {
                let stored = |record: &[u8]| record.len() + 1;
                let used: usize = records.iter().map(|record| stored(record)).sum();
                let old = number.map_or(0, |number| stored(&records[number - 1]));
                let wanted = used - old + stored(data);
                // Whether an issuer has made room for optional records is not in the profile.
                let optional = file
                    .records_with(|_| true)
                    .map(|record| usize::from(record.element.length) + 3);
                if wanted > optional.sum() {
                    expected.refuse(0x6A84);
                } else if wanted > file.size() as usize {
                    expected.maybe([0x6A84]);
                }
            }
        }
    }

    pub(super) fn follow_update_record(&mut self, request: &Request<'_>, sw: u16) {
        let secured = request.cla == 0x04;
        self.used_challenge(secured, sw);
        let (sfi, mode) = (request.p2 >> 3, request.p2 & MODE);
        if request.p1 == 0xFF || mode > 4 || sfi == 31 {
            return;
        }
        let named = sw == 0x9000;
        // The number is looked for with the pointer that the command met.
        let file = match self.addressed(sfi) {
            Addressed::File(file) => file,
            Addressed::Open if named => {
                self.lose(sfi);
                self.opened(sfi, named);
                return;
            }
            _ => {
                self.opened(sfi, named);
                return;
            }
        };
        if !named {
            self.opened(sfi, named);
            return;
        }
        let data = match request.data.split_last_chunk::<4>() {
            Some((data, _)) if secured => data.to_vec(),
            _ => request.data.to_vec(),
        };
        let number = self
            .records(file)
            .and_then(|records| self.number(file, records, mode, request));
        self.opened(sfi, named);
        self.state.record = None;
        let at = (self.state.df, file.fid);
        let Some(Contents::Records(records)) = self.state.learnt.files.get_mut(&at) else {
            return;
        };
        match (file.structure, number) {
            (Structure::Cyclic { records: most }, _) if mode == 3 => {
                records.insert(0, data);
                records.truncate(usize::from(most));
            }
            (_, Some(number)) => records[number - 1] = data,
            (_, None) => records.push(data),
        }
    }

    pub(super) fn records(&self, file: &ElementaryFile) -> Option<&[Vec<u8>]> {
        match self.state.learnt.files.get(&(self.state.df, file.fid)) {
            Some(Contents::Records(records)) => Some(records),
            _ => None,
        }
    }

    /// The file and its records, when it is known and has some; otherwise what is wrong is in `expected`.
    fn record_file(
        &self,
        expected: &mut Expectation,
        request: &Request<'_>,
        update: bool,
    ) -> Option<(&'a ElementaryFile, &[Vec<u8>])> {
        match self.addressed(request.p2 >> 3) {
            Addressed::File(file) => {
                self.check_access(expected, file, update);
                let records = self.records(file);
                if records.is_none() {
                    expected.refuse(0x6981);
                }
                records.map(|records| (file, records))
            }
            Addressed::Open => {
                *expected = Expectation::anything();
                None
            }
            Addressed::None(word) => {
                expected.refuse(word);
                None
            }
        }
    }

    /// The current record that a command meets: SELECT and any SFI reset the pointer.
    fn pointer(&self, request: &Request<'_>) -> Option<usize> {
        self.state.record.filter(|_| request.p2 >> 3 == 0)
    }

    /// The number of the record that modes 0 to 4 name; of UPDATE RECORD `None` where the record is new.
    fn number(&self, file: &ElementaryFile, records: &[Vec<u8>], mode: u8, request: &Request<'_>) -> Option<usize> {
        let pointer = self.pointer(request);
        let count = records.len();
        if mode == 4 {
            let number = match request.p1 {
                0 => pointer?,
                number => usize::from(number),
            };
            return (number <= count).then_some(number);
        }
        let tagged = !matches!(file.structure, Structure::Cyclic { .. });
        let fits = |number: &usize| {
            let tag = records[*number - 1].first();
            request.p1 == 0 || tagged && tag == Some(&request.p1)
        };
        match (mode, pointer) {
            (0, _) | (2, None) => (1..=count).find(fits),
            (1, _) | (3, None) => (1..=count).rev().find(fits),
            (2, Some(pointer)) => (pointer + 1..=count).find(fits),
            (3, Some(pointer)) => (1..pointer.min(count + 1)).rev().find(fits),
            _ => None,
        }
    }
}

/// READ RECORD answers with data only where Le is the true length; Le 00 is answered 6Cxx.
fn expect_length(expected: &mut Expectation, request: &Request<'_>, record: &[u8]) {
    if request.expected_length() == record.len() {
        expected.data = Data::known(record);
    } else {
        expected.refuse(0x6C00 | record.len() as u16 & 0xFF);
    }
}

//! Which elementary file a command means, whether it may be used, and the binary commands (`spec/commands.md` §1.2).

use super::Oracle;
use super::expect::{Data, Expectation, Request};
use super::state::{Contents, Surely};
use card_model::profile::{ElementaryFile, KeyRole, Structure};

/// The elementary file of a command.
pub(super) enum Addressed<'p> {
    /// This one.
    File(&'p ElementaryFile),
    /// The sheets do not say which.
    Open,
    /// None: the status word says why.
    None(u16),
}

impl<'a> Oracle<'a> {
    /// SFI 0 is the current file.
    pub(super) fn addressed(&self, sfi: u8) -> Addressed<'a> {
        let df = &self.profile.dedicated_files[self.state.df];
        let found = match sfi {
            0 if !self.state.ef_or.is_empty() => return Addressed::Open,
            0 => self.state.ef.and_then(|fid| df.file(fid)).ok_or(0x6986),
            sfi => df.file_by_sfi(sfi).ok_or(0x6A82),
        };
        match found {
            // Its contents were lost to the oracle.
            Ok(file) if !self.state.learnt.files.contains_key(&(self.state.df, file.fid)) => Addressed::Open,
            Ok(file) => Addressed::File(file),
            Err(word) => Addressed::None(word),
        }
    }

    /// Adds 6982 where the condition is not met; where that is open, it may come or not.
    pub(super) fn check_access(&self, expected: &mut Expectation, file: &ElementaryFile, update: bool) {
        let rule = if update { &file.update } else { &file.read };
        match self.state.meets(self.profile, rule) {
            Surely::Yes => {}
            Surely::Maybe => expected.maybe([0x6982]),
            Surely::No => expected.refuse(0x6982),
        }
    }

    /// Adds what is wrong with the MAC of a class 04 update; gives the data without MAC.
    pub(super) fn open_update<'d>(&self, expected: &mut Expectation, request: &Request<'d>) -> &'d [u8] {
        if request.data.is_empty() || request.le.is_some() {
            expected.refuse(0x6700);
        }
        if request.cla == 0x00 {
            return request.data;
        }
        let Some((data, mac)) = request.data.split_last_chunk::<4>() else {
            expected.refuse(0x6700);
            return &[];
        };
        if data.is_empty() {
            expected.refuse(0x6700);
        }
        let stk = self.profile.dedicated_files[self.state.df].key_with_role(KeyRole::SecureMessaging);
        match stk {
            None => expected.refuse(0x6A88),
            Some(stk) => self.check_mac(expected, stk, request, data, *mac),
        }
        data
    }

    /// Adds 6984 without a challenge and 6988 for a wrong MAC.
    pub(super) fn check_mac(
        &self,
        expected: &mut Expectation,
        stk: &card_model::profile::KeyDefinition,
        request: &Request<'_>,
        data: &[u8],
        mac: [u8; 4],
    ) {
        let (challenge, there) = &self.state.challenge;
        match there {
            Surely::No => {
                expected.refuse(0x6984);
                return;
            }
            Surely::Maybe => expected.maybe([0x6984]),
            Surely::Yes => {}
        }
        let covered = [&request.header()[..], data].concat();
        if self.keys.session_mac(stk, challenge, &covered) != Some(mac) {
            expected.refuse(0x6988);
        }
    }

    pub(super) fn expect_read_binary(&self, request: &Request<'_>) -> Expectation {
        let mut expected = Expectation::done(Data::None);
        if !request.data.is_empty() {
            expected.refuse(0x6700);
        }
        let Some((sfi, offset)) = binary_address(request) else {
            expected.refuse(0x6A86);
            return expected;
        };
        let Some(file) = self.binary_file(&mut expected, sfi, false) else {
            return expected;
        };
        let Some(Contents::Bytes(bytes)) = self.state.learnt.files.get(&(self.state.df, file.fid)) else {
            return expected;
        };
        let rest = bytes.get(offset..).filter(|rest| !rest.is_empty());
        let Some(rest) = rest else {
            expected.refuse(0x6B00);
            return expected;
        };
        let wanted = request.expected_length();
        if wanted > rest.len() && wanted < 256 {
            expected.refuse(0x6C00 | rest.len() as u16);
        } else {
            expected.data = Data::known(&rest[..rest.len().min(wanted)]);
        }
        expected
    }

    pub(super) fn follow_read_binary(&mut self, request: &Request<'_>, sw: u16) {
        if let Some((sfi, _)) = binary_address(request) {
            self.opened(sfi, sw == 0x9000 || sw >> 8 == 0x6C);
        }
    }

    pub(super) fn expect_update_binary(&self, request: &Request<'_>) -> Expectation {
        let mut expected = Expectation::done(Data::None);
        let data = self.open_update(&mut expected, request);
        let Some((sfi, offset)) = binary_address(request) else {
            expected.refuse(0x6A86);
            return expected;
        };
        let Some(file) = self.binary_file(&mut expected, sfi, true) else {
            return expected;
        };
        let Some(Contents::Bytes(bytes)) = self.state.learnt.files.get(&(self.state.df, file.fid)) else {
            return expected;
        };
        if offset >= bytes.len() {
            expected.refuse(0x6B00);
        } else if offset + data.len() > bytes.len() {
            // The sheets name no word for data that reach over the end.
            [0x6700, 0x6A84, 0x6B00].iter().for_each(|word| expected.refuse(*word));
        }
        expected
    }

    pub(super) fn follow_update_binary(&mut self, request: &Request<'_>, sw: u16) {
        let secured = request.cla == 0x04;
        self.used_challenge(secured, sw);
        let Some((sfi, offset)) = binary_address(request) else {
            return;
        };
        let file = self.addressed(sfi);
        if sw == 0x9000 && matches!(file, Addressed::Open) {
            self.lose(sfi);
        }
        self.opened(sfi, sw == 0x9000);
        let data = match request.data.split_last_chunk::<4>() {
            Some((data, _)) if secured => data,
            _ => request.data,
        };
        if let (0x9000, Addressed::File(file)) = (sw, file)
            && let Some(Contents::Bytes(bytes)) = self.state.learnt.files.get_mut(&(self.state.df, file.fid))
            && let Some(place) = bytes.get_mut(offset..offset + data.len())
        {
            place.copy_from_slice(data);
        }
    }

    fn binary_file(&self, expected: &mut Expectation, sfi: u8, update: bool) -> Option<&'a ElementaryFile> {
        match self.addressed(sfi) {
            Addressed::File(file) => {
                if !matches!(file.structure, Structure::Transparent { .. }) {
                    expected.refuse(0x6981);
                }
                self.check_access(expected, file, update);
                Some(file)
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

    /// A file named by SFI is the current one; whether also after a refusal is not said.
    pub(super) fn opened(&mut self, sfi: u8, done: bool) {
        if sfi == 0 {
            return;
        }
        let Some(file) = self.profile.dedicated_files[self.state.df].file_by_sfi(sfi) else {
            return;
        };
        if done {
            self.state.open(Some(file.fid));
        } else {
            self.state.ef_or.extend(self.state.ef);
            self.state.ef_or.push(file.fid);
            self.state.record = None;
        }
    }

    /// An update was done in a file that the oracle does not know for sure: it does not know the contents any more.
    pub(super) fn lose(&mut self, sfi: u8) {
        let df = self.state.df;
        let named = self.profile.dedicated_files[df].file_by_sfi(sfi).map(|file| file.fid);
        let or = self.state.ef_or.iter().chain(&self.state.ef).copied();
        let lost: Vec<u16> = match named {
            Some(fid) => vec![fid],
            None => or.collect(),
        };
        for fid in lost {
            self.state.learnt.files.remove(&(df, fid));
        }
    }

    /// A secured command has used the challenge up where its MAC was looked at.
    pub(super) fn used_challenge(&mut self, secured: bool, sw: u16) {
        if !secured {
            return;
        }
        match sw {
            0x9000 | 0x6988 | 0x6984 => self.state.challenge.1 = Surely::No,
            _ => self.state.doubt_challenge(),
        }
    }
}

/// SFI (0: current file) and offset.
fn binary_address(request: &Request<'_>) -> Option<(u8, usize)> {
    match request.p1 {
        0x00..=0x7F => Some((0, usize::from(request.p1) << 8 | usize::from(request.p2))),
        0x81..=0x9E => Some((request.p1 & 0x1F, usize::from(request.p2))),
        _ => None,
    }
}

//! SELECT and the file control information (`spec/commands.md` §1.2, §1.5; `spec/files.md` §1.2).

use super::Oracle;
use super::expect::{Data, Expectation, Request};
use card_model::profile::DedicatedFileKind;

/// What a SELECT finds.
enum Found {
    Dedicated(usize),
    Elementary(u16),
    Nothing,
}

impl Oracle<'_> {
    pub(super) fn expect_select(&self, request: &Request<'_>) -> Expectation {
        let mut expected = Expectation::done(Data::None);
        expected.parameters(request, [(0x00, 0x00), (0x02, 0x00), (0x04, 0x00), (0x04, 0x02)]);
        let lengths = match request.p1 {
            0x00 => 0..=2,
            0x02 => 2..=2,
            _ => 5..=16,
        };
        if !lengths.contains(&request.data.len()) || request.p1 == 0x00 && request.data.len() == 1 {
            expected.refuse(0x6700);
        }
        match self.found(request) {
            Found::Dedicated(df) => {
                if self.state.learnt.blocked.contains(&df) {
                    expected.refuse(0x9303);
                }
                expected.data = self.control_information(df);
                if request.data.is_empty() {
                    expected.cut(request);
                } else {
                    expected.case_four(request);
                }
                // Selection by a part of the name is optional, and so is the walk over all that fit.
                let whole = self.profile.dedicated_files[df].name == request.data;
                if request.p1 == 0x04 && (!whole || request.p2 == 0x02) {
                    expected.maybe([0x6A82]);
                }
            }
            Found::Elementary(_) => {
                if self.state.blocked() {
                    expected.refuse(0x9303);
                } else if request.p1 == 0x00 {
                    // The standard has P1 02 for elementary files; real cards take 00 too.
                    expected.maybe([0x6A82]);
                }
            }
            Found::Nothing => {
                expected.refuse(0x6A82);
                if self.state.blocked() {
                    expected.refuse(0x9303);
                }
            }
        }
        expected
    }

    pub(super) fn follow_select(&mut self, request: &Request<'_>, sw: u16) {
        let done = sw == 0x9000 || sw >> 8 == 0x61 || sw == 0x9303;
        match self.found(request) {
            // A blocked application is the current one, too: every command in it is refused from now on.
            Found::Dedicated(df) if done => {
                self.state.enter(df);
                if request.p1 == 0x04 {
                    self.state.search = Some((request.data.to_vec(), df));
                }
            }
            Found::Elementary(fid) if done && sw != 0x9303 => {
                self.state.open(Some(fid));
            }
            _ => {}
        }
    }

    fn found(&self, request: &Request<'_>) -> Found {
        let fid = <[u8; 2]>::try_from(request.data).map(u16::from_be_bytes);
        let elementary = |fid: u16| match self.profile.dedicated_files[self.state.df].file(fid) {
            Some(_) => Found::Elementary(fid),
            None => Found::Nothing,
        };
        match (request.p1, fid) {
            (0x00, _) if request.data.is_empty() => Found::Dedicated(0),
            (0x00, Ok(0x3F00)) => Found::Dedicated(0),
            (0x00, Ok(fid)) => self.nearest(fid).map_or_else(|| elementary(fid), Found::Dedicated),
            (0x02, Ok(fid)) => elementary(fid),
            (0x04, _) => self.named(request).map_or(Found::Nothing, Found::Dedicated),
            _ => Found::Nothing,
        }
    }

    /// The dedicated file with an identifier that is nearest to the current one: itself, below it, beside it, above it, or an
    /// environment. What lies inside another environment is not seen (STD-P4 §5.5).
    fn nearest(&self, fid: u16) -> Option<usize> {
        let files = &self.profile.dedicated_files;
        let current = self.state.df;
        let parent = files[current].parent;
        let is = |df: usize| files[df].fid == fid;
        let one_of = |mut all: Box<dyn Iterator<Item = usize> + '_>| all.find(|df| *df != 0 && is(*df));
        let environments = (0..files.len()).filter(|df| files[*df].kind == DedicatedFileKind::Ddf);
        is(current)
            .then_some(current)
            .or_else(|| one_of(Box::new(self.profile.children(current))))
            .or_else(|| parent.and_then(|parent| one_of(Box::new(self.profile.children(parent)))))
            .or_else(|| parent.filter(|parent| is(*parent)))
            .or_else(|| one_of(Box::new(environments)))
    }

    fn named(&self, request: &Request<'_>) -> Option<usize> {
        let files = &self.profile.dedicated_files;
        let order = self.profile.depth_first();
        let mut fitting = order
            .iter()
            .copied()
            .filter(|df| files[*df].name.starts_with(request.data));
        if request.p2 == 0x02 {
            return match &self.state.search {
                Some((name, last)) if name == request.data => fitting.skip_while(|df| df != last).nth(1),
                _ => fitting.next(),
            };
        }
        let whole = order.iter().copied().find(|df| files[*df].name == request.data);
        whole.or_else(|| fitting.next())
    }

    /// `6F{ 84 name, A5{ 88 SFI of the directory, 9F0C{ 86 algorithm } } }`; A5 of environments only.
    fn control_information(&self, df: usize) -> Data {
        let file = &self.profile.dedicated_files[df];
        if file.name.is_empty() {
            return Data::Any;
        }
        let mut proprietary = Vec::new();
        if let Some(sfi) = file.directory_sfi {
            proprietary.extend([0x88, 0x01, sfi]);
        }
        if file.announces_algorithm {
            let algorithm = match self.profile.algorithm {
                card_model::crypto::Algorithm::TripleDes => 0x01,
                card_model::crypto::Algorithm::Sm4 => 0x03,
            };
            proprietary.extend([0x9F, 0x0C, 0x03, 0x86, 0x01, algorithm]);
        }
        let mut inner = tlv(0x84, &file.name);
        if !proprietary.is_empty() {
            inner.extend(tlv(0xA5, &proprietary));
        }
        Data::known(&tlv(0x6F, &inner))
    }
}

fn tlv(tag: u8, value: &[u8]) -> Vec<u8> {
    [&[tag, value.len() as u8], value].concat()
}

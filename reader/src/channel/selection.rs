//! What a card has selected, followed from outside: by the commands that go to it, their status words and the profile.

use card_model::profile::{DedicatedFile, ElementaryFile, Profile};
use std::sync::Arc;

/// Place of a file in the profile: dedicated file and elementary file.
pub(crate) type FileIndex = (usize, usize);

/// The current files of a card, as far as they are sure.
#[derive(Debug, Clone)]
pub(crate) struct Selection {
    profile: Option<Arc<Profile>>,
    /// Current dedicated file; `None` where the profile does not know it.
    pub(crate) df: Option<usize>,
    /// Current elementary file.
    pub(crate) ef: Option<FileIndex>,
}

impl Selection {
    /// After a reset. Without a profile nothing ever counts as selected.
    pub(crate) fn new(profile: Option<Arc<Profile>>) -> Self {
        let df = profile.as_ref().map(|_| 0);
        Self { profile, df, ef: None }
    }

    /// The card was reset: the master file is current.
    pub(crate) fn reset(&mut self) {
        self.df = self.profile.as_ref().map(|_| 0);
        self.ef = None;
    }

    /// The file that a command with this short identifier means; 0 is the current file.
    pub(crate) fn addressed(&self, sfi: u8) -> Option<(FileIndex, &ElementaryFile)> {
        let index = if sfi == 0 { self.ef } else { self.by_sfi(sfi) }?;
        Some((index, self.file(index)?))
    }

    /// The current dedicated file.
    pub(crate) fn dedicated_file(&self) -> Option<&DedicatedFile> {
        self.profile.as_ref()?.dedicated_files.get(self.df?)
    }

    /// The file at a place.
    pub(crate) fn file(&self, (df, ef): FileIndex) -> Option<&ElementaryFile> {
        self.profile.as_ref()?.dedicated_files.get(df)?.files.get(ef)
    }

    fn by_sfi(&self, sfi: u8) -> Option<FileIndex> {
        let position = self
            .dedicated_file()?
            .files
            .iter()
            .position(|file| file.sfi == sfi && sfi != 0)?;
        Some((self.df?, position))
    }

    /// Follows selections, explicit or by short identifier. Where it is not sure what the card has selected, nothing counts
    /// as selected.
    pub(crate) fn follow(&mut self, command: &[u8], sw: &[u8]) {
        let done = matches!(sw, [0x90, 0x00] | [0x61 | 0x62 | 0x6C, _]);
        match *command {
            [0x00, 0xA4, p1, _, ref body @ ..] if done || sw == [0x93, 0x03] => {
                let length = body.first().map_or(0, |length| usize::from(*length));
                self.select(p1, body.get(1..1 + length).unwrap_or_default());
            }
            // A file that is not found leaves the selection as it was (ISO/IEC 7816-4 §7.1.1).
            [0x00, 0xA4, ..] if sw == [0x6A, 0x82] => {}
            [_, 0xA4, ..] => self.deselect(),
            [_, 0xB2 | 0xDC, _, p2, ..] if done && record_sfi(p2) != 0 => self.ef = self.by_sfi(record_sfi(p2)),
            [_, 0xB0 | 0xD6, p1, _, ..] if done && binary_sfi(p1) != 0 => self.ef = self.by_sfi(binary_sfi(p1)),
            // Standard commands that select nothing, and those of the model's COS.
            [
                _,
                0xB0 | 0xB2 | 0xD6 | 0xDC | 0x84 | 0xC0 | 0x20 | 0x82 | 0x88 | 0x5E | 0x24 | 0x1E | 0x16,
                ..,
            ]
            | [0x80 | 0x84, 0xCA | 0xD4 | 0x44, ..]
            // The certificate application.
            | [0x80, 0x40 | 0x48 | 0x4A | 0x4C | 0x4E | 0x50 | 0xC2 | 0xC4 | 0xC9, ..] => {}
            // Other operating systems select what they create, and nobody knows what else.
            _ if done => self.deselect(),
            _ => {}
        }
    }

    fn deselect(&mut self) {
        self.df = None;
        self.ef = None;
    }

    fn select(&mut self, p1: u8, data: &[u8]) {
        let Some(profile) = self.profile.clone() else { return };
        if p1 == 0x04 {
            // A partial name may stand for several files: only a whole one is sure.
            self.df = profile
                .dedicated_files
                .iter()
                .position(|df| !df.name.is_empty() && df.name == data);
            self.ef = None;
            return;
        }
        let Ok(fid) = <[u8; 2]>::try_from(data).map(u16::from_be_bytes) else {
            self.df = if data.is_empty() { Some(0) } else { None };
            self.ef = None;
            return;
        };
        let file = self
            .dedicated_file()
            .and_then(|df| df.files.iter().position(|file| file.fid == fid));
        if let (Some(df), Some(ef)) = (self.df, file) {
            self.ef = Some((df, ef));
            return;
        }
        self.ef = None;
        if p1 != 0x02 {
            let with_fid = |index: &usize| profile.dedicated_files.get(*index).is_some_and(|df| df.fid == fid);
            let near = self.df.and_then(|df| profile.children(df).find(with_fid));
            let mut all = (0..profile.dedicated_files.len()).filter(with_fid);
            // Two files of the profile may have one identifier in different places; then none is sure.
            self.df = near.or_else(|| all.next().filter(|_| all.next().is_none()));
        }
    }
}

/// Short identifier in P2 of record commands.
pub(crate) const fn record_sfi(p2: u8) -> u8 {
    p2 >> 3
}

/// Short identifier in P1 of binary commands.
pub(crate) const fn binary_sfi(p1: u8) -> u8 {
    if p1 & 0x80 != 0 { p1 & 0x1F } else { 0 }
}

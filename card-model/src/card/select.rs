//! SELECT and the file control information (STD-P5 §6.11, `spec/files.md` §1.2).

use super::command::{FileReference, Selection};
use super::object::DfKind;
use super::session::Session;
use super::{Card, Reply, Stop};
use crate::status::StatusWord as Sw;
use arrayvec::ArrayVec;

const MASTER_FILE: u16 = 0x3F00;

impl Card {
    pub(super) fn select(&mut self, session: &mut Session, selection: Selection<'_>) -> Result<Reply, Stop> {
        let df = match selection {
            Selection::Mf | Selection::Fid(MASTER_FILE) => 0,
            Selection::Fid(fid) => match self.df_by_fid(session.df, fid) {
                Some(df) => df,
                // Real cards accept P1 00 for an EF of the current DF too (LOG-V1, LOG-V2).
                None => return self.select_ef(session, fid),
            },
            Selection::Ef(fid) => return self.select_ef(session, fid),
            Selection::Name { name, next } => self.df_by_name(session, name, next)?,
        };
        session.enter(df);
        if self.files.is_blocked(&self.memory, df) {
            return Err(Sw::APPLICATION_BLOCKED.into());
        }
        Ok(self.control_information(df))
    }

    fn select_ef(&mut self, session: &mut Session, fid: u16) -> Result<Reply, Stop> {
        if self.files.is_blocked(&self.memory, session.df) {
            return Err(Sw::APPLICATION_BLOCKED.into());
        }
        let files = &self.files.dfs[session.df].files;
        let ef = files
            .iter()
            .copied()
            .find(|i| self.files.efs[*i].fid == fid)
            .ok_or(Sw::FILE_NOT_FOUND)?;
        session.open(ef);
        Ok(Reply::new())
    }

    /// The elementary file a command names; naming it by SFI makes it the current one.
    pub(super) fn file(&self, session: &mut Session, file: FileReference) -> Result<usize, Sw> {
        match file {
            FileReference::Current => session.ef.ok_or(Sw::NO_CURRENT_FILE),
            FileReference::Sfi(sfi) => {
                let files = &self.files.dfs[session.df].files;
                let ef = files
                    .iter()
                    .copied()
                    .find(|i| self.files.efs[*i].sfi == sfi)
                    .ok_or(Sw::FILE_NOT_FOUND)?;
                session.open(ef);
                Ok(ef)
            }
        }
    }

    /// A DF that can be seen by its identifier from `current`: itself, its children, its parent, its siblings. Below the
    /// MF of another environment nothing is seen (firewall, STD-P4 §5.5).
    fn df_by_fid(&self, current: usize, fid: u16) -> Option<usize> {
        let parent = self.files.dfs[current].parent;
        let children = |of: usize| {
            let dfs = self.files.dfs.iter().enumerate();
            dfs.skip(1).filter(move |(_, df)| df.parent == of).map(|(i, _)| i)
        };
        let environments = children(0);
        [current]
            .into_iter()
            .chain(children(current))
            .chain(children(parent))
            .chain([parent])
            .chain(environments)
            .find(|i| self.files.dfs[*i].fid == fid)
    }

    /// A DF whose name begins with `name`, in order of creation; the next occurrence continues the walk of the same name.
    fn df_by_name(&self, session: &mut Session, name: &[u8], next: bool) -> Result<usize, Sw> {
        let start = match &session.search {
            Some((walked, last)) if next && walked.as_slice() == name => last + 1,
            _ => 0,
        };
        let mut hits = (start..self.files.dfs.len()).filter(|i| self.files.dfs[*i].name.starts_with(name));
        let hit = if next {
            hits.next()
        } else {
            // A whole name goes before a longer one that begins with it.
            (0..self.files.dfs.len())
                .find(|i| self.files.dfs[*i].name.as_slice() == name)
                .or_else(|| hits.next())
        };
        let df = hit.ok_or(Sw::FILE_NOT_FOUND)?;
        session.search = ArrayVec::try_from(name).ok().map(|name| (name, df));
        Ok(df)
    }

    /// `6F{ 84 name, A5{ … } }`: A5 only where creation gave one; nothing for an MF without a name.
    fn control_information(&self, df: usize) -> Reply {
        let df = &self.files.dfs[df];
        let mut inner: ArrayVec<u8, 96> = ArrayVec::new();
        for (tag, value) in [(0x84, df.name.as_slice()), (0xA5, df.fci.as_slice())] {
            let wanted = !value.is_empty() || tag == 0x84 && df.kind != DfKind::Mf;
            if wanted {
                inner.extend([tag, length(value)]);
                inner.extend(value.iter().copied());
            }
        }
        let mut reply = Reply::new();
        reply.extend([0x6F, length(&inner)]);
        reply.extend(inner);
        reply
    }
}

/// One length byte: names have at most 16 bytes and A5 at most 64, so 127 is never passed.
fn length(value: &[u8]) -> u8 {
    u8::try_from(value.len()).unwrap_or(0x7F)
}

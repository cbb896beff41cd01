//! SELECT and the file control information.

use super::command::{FileReference, Selection};
use super::description::FileRole;
use super::session::Session;
use super::{Psam, Reply, Stop};
use crate::status::StatusWord as Sw;
use arrayvec::ArrayVec;

/// Index of the master file.
const ROOT: usize = 0;

impl Psam {
    pub(super) fn select(&mut self, session: &mut Session, selection: Selection<'_>) -> Result<Reply, Stop> {
        let df = match selection {
            Selection::Mf => ROOT,
            Selection::Fid(fid) => match self.df_by_fid(session.df, fid) {
                Some(df) => df,
                // As cards do, P1 00 also reaches an elementary file of the current dedicated file.
                None => return self.select_ef(session, fid),
            },
            Selection::Ef(fid) => return self.select_ef(session, fid),
            Selection::Name { name, next } => self.df_by_name(session, name, next)?,
        };
        session.enter(df);
        Ok(self.control_information(df))
    }

    fn select_ef(&self, session: &mut Session, fid: u16) -> Result<Reply, Stop> {
        let mut efs = self.store.efs.iter();
        let ef = efs
            .position(|ef| ef.df == session.df && ef.fid == fid)
            .ok_or(Sw::FILE_NOT_FOUND)?;
        session.open(ef);
        Ok(Reply::new())
    }

    /// The elementary file a command names; naming it by SFI makes it the current one.
    pub(super) fn file(&self, session: &mut Session, file: FileReference) -> Result<usize, Sw> {
        let ef = match file {
            FileReference::Current => return session.ef.ok_or(Sw::NO_CURRENT_FILE),
            FileReference::Sfi(sfi) => {
                let mut efs = self.store.efs.iter();
                efs.position(|ef| ef.df == session.df && ef.sfi() == sfi)
            }
        };
        let ef = ef.ok_or(Sw::FILE_NOT_FOUND)?;
        session.open(ef);
        Ok(ef)
    }

    /// A dedicated file that can be seen by its identifier from `current`: itself, its children, its siblings, its parent,
    /// and the environments.
    fn df_by_fid(&self, current: usize, fid: u16) -> Option<usize> {
        let dfs = &self.store.dfs;
        let children = |of: usize| (0..dfs.len()).filter(move |i| dfs[*i].parent == Some(of));
        let parent = dfs[current].parent;
        [current]
            .into_iter()
            .chain(children(current))
            .chain(parent.into_iter().flat_map(children))
            .chain(parent)
            .chain([ROOT])
            .chain(children(ROOT).filter(|i| !dfs[*i].application))
            .find(|i| dfs[*i].fid == fid)
    }

    /// A dedicated file whose name begins with `name`; the applications of all environments have one name, so those of the
    /// current environment come first. The next occurrence continues the walk of the same name.
    fn df_by_name(&self, session: &mut Session, name: &[u8], next: bool) -> Result<usize, Sw> {
        let dfs = &self.store.dfs;
        let environment = self.store.environment(session.df);
        let mut hits: Vec<usize> = (0..dfs.len()).filter(|i| dfs[*i].name.starts_with(name)).collect();
        let whole = |i: usize| dfs[i].name.as_slice() == name;
        // The walk has one order from its first step on, wherever it has led meanwhile.
        let start = match &session.search {
            Some((walked, last)) if next && walked.as_slice() == name => Some(*last),
            _ => None,
        };
        let df = match start {
            Some(last) => hits.into_iter().find(|i| *i > last),
            None if next => hits.first().copied(),
            None => {
                hits.sort_by_key(|i| (!whole(*i), self.store.environment(*i) != environment, *i));
                hits.first().copied()
            }
        };
        let df = df.ok_or(Sw::FILE_NOT_FOUND)?;
        session.search = ArrayVec::try_from(name).ok().map(|name| (name, df));
        Ok(df)
    }

    /// `6F{ 84 name, A5{ 88 SFI of the directory } }`; an application has no A5.
    fn control_information(&self, df: usize) -> Reply {
        let mut inner: ArrayVec<u8, 32> = ArrayVec::new();
        let name = &self.store.dfs[df].name;
        inner.extend([0x84, length(name)]);
        inner.extend(name.iter().copied());
        if let Some(directory) = self.store.file(df, FileRole::Directory) {
            inner.extend([0xA5, 3, 0x88, 1, directory.sfi()]);
        }
        let mut reply = Reply::new();
        reply.extend([0x6F, length(&inner)]);
        reply.extend(inner);
        reply
    }
}

/// One length byte: a name has at most 16 bytes.
fn length(value: &[u8]) -> u8 {
    u8::try_from(value.len()).unwrap_or(0x7F)
}

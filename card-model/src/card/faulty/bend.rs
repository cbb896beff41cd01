//! Defects by which the card believes, for as long as a command runs, what is not so: a right nobody has proved, a file of
//! another application, a block that was never set.

use super::super::condition::{Condition, KeySet};
use super::super::file_system::FileSystem;
use super::super::identity::fixed;
use super::super::object::{EfStructure, offset};
use super::super::{Card, Response};
use super::account::write;
use serde::Deserialize;

/// What the card believes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Bend {
    /// Every file may be read and updated.
    Access,
    /// Every key was authenticated.
    Keys,
    /// Any authenticated key stands for all.
    AnyKey,
    /// The PIN was verified.
    Pin,
    /// Keys of all other dedicated files belong to the current one too.
    ForeignKeys,
    /// Files of all other dedicated files belong to the current one too.
    ForeignFiles,
    /// No PIN and no key is locked.
    Unlocked,
    /// No application is blocked.
    ApplicationsOpen,
    /// The card is not blocked.
    CardOpen,
    /// Internal files may be read as transparent ones.
    InternalFiles,
    /// Public key files are transparent files like any other, and free to write.
    KeyFiles,
}

impl Bend {
    /// Runs `command` on a card that believes so, and sets right again what was bent.
    pub fn around(self, card: &mut Card, command: impl FnOnce(&mut Card) -> Option<Response>) -> Option<Response> {
        let files = card.files.clone();
        let rights = card
            .session
            .as_ref()
            .map(|session| (session.keys, session.verified.clone()));
        let undo = self.bend(card);
        let answer = command(card);
        // What the command itself proved or lost stays; what was only believed goes.
        if let (Some(session), Some((keys, verified))) = (&mut card.session, rights)
            && matches!(self, Self::Keys | Self::AnyKey | Self::Pin)
        {
            session.keys = keys;
            session.verified = verified;
        }
        card.files = files;
        if answer.is_some() {
            undo.iter().for_each(|change| change.take_back(card));
        }
        answer
    }

    fn bend(self, card: &mut Card) -> Vec<Change> {
        let Some(session) = &mut card.session else {
            return Vec::new();
        };
        let (files, df) = (&mut card.files, session.df);
        match self {
            Self::Access => open(files),
            Self::Keys => session.keys = all_keys(),
            Self::AnyKey if session.keys != KeySet::default() => session.keys = all_keys(),
            Self::AnyKey => {}
            Self::Pin => session.set_verified(files.environment(df), true),
            Self::ForeignKeys => {
                let others = (0..files.keys.len()).filter(|key| files.keys[*key].df != df);
                let others: Vec<usize> = others.collect();
                files.dfs[df].keys.extend(others);
            }
            Self::ForeignFiles => {
                let others = (0..files.efs.len()).filter(|ef| files.efs[*ef].df != df);
                let others: Vec<usize> = others.collect();
                files.dfs[df].files.extend(others);
            }
            Self::InternalFiles => {
                for ef in files.efs.iter_mut().filter(|ef| ef.structure == EfStructure::Internal) {
                    ef.structure = EfStructure::Transparent;
                    ef.key_pair = None;
                }
            }
            Self::KeyFiles => {
                for ef in files.efs.iter_mut().filter(|ef| ef.key_pair.is_some()) {
                    ef.key_pair = None;
                    ef.update = Condition::decode(&[0]).unwrap_or_default();
                }
            }
            Self::Unlocked => {
                let keys = card.files.keys.iter().filter(|key| key.is_locked(&card.memory));
                let places: Vec<usize> = keys.map(|key| key.address + offset::KEY_TRIES).collect();
                return Change::all(card, &places, |_| 1);
            }
            Self::ApplicationsOpen => {
                let places: Vec<usize> = card.files.dfs.iter().map(|df| df.address + offset::STATE).collect();
                return Change::all(card, &places, |state| state & !0x02);
            }
            Self::CardOpen => return Change::all(card, &[fixed::LIFE], |_| 0),
        }
        Vec::new()
    }
}

/// A byte of the memory that was bent.
struct Change {
    address: usize,
    old: u8,
    bent: u8,
}

impl Change {
    fn all(card: &mut Card, places: &[usize], bend: impl Fn(u8) -> u8) -> Vec<Self> {
        let change = |address: &usize| {
            let old = card.memory.byte(*address);
            let bent = bend(old);
            (old != bent).then_some(Self {
                address: *address,
                old,
                bent,
            })
        };
        let changes: Vec<Self> = places.iter().filter_map(change).collect();
        for change in &changes {
            write(card, change.address, &[change.bent]);
        }
        changes
    }

    /// What the command has changed meanwhile stays.
    fn take_back(&self, card: &mut Card) {
        if card.memory.byte(self.address) == self.bent {
            write(card, self.address, &[self.old]);
        }
    }
}

fn all_keys() -> KeySet {
    let mut keys = KeySet::default();
    (0..=u8::MAX).filter(|id| id & 0x60 == 0).for_each(|id| keys.insert(id));
    keys
}

fn open(files: &mut FileSystem) {
    let Some(free) = Condition::decode(&[0]) else { return };
    for ef in &mut files.efs {
        ef.read = free.clone();
        ef.update = free.clone();
    }
}

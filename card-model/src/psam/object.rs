//! Objects in a PSAM's memory. Their fixed parts are indexed at power-on; contents, counters and values are always read from
//! memory.

use super::description::{Cipher, FileRole, Level};
use super::usage::Usage;
use crate::crypto::Algorithm;
use crate::memory::{Memory, WriteError};
use crate::secret::Key;
use arrayvec::ArrayVec;

/// Offsets inside an object, from its address.
pub(super) mod offset {
    pub const KIND: usize = 0;
    /// Cipher of a dedicated file, role of an elementary file.
    pub const DETAIL: usize = 1;
    /// Index of the dedicated file that holds it; of the elementary file for a key in one.
    pub const PARENT: usize = 2;
    pub const LENGTH: usize = 4;
    pub const BODY: usize = 8;
    pub const EF_CONTENTS: usize = 16;
    /// Mutable part of a key: tries left (1), length (1), filler (2), value (16).
    pub const KEY_TRIES: usize = 16;
    pub const KEY_VALUE: usize = 20;
    pub const KEY_END: usize = 36;
}

/// A dedicated file in the index.
#[derive(Debug, Clone)]
pub struct Df {
    /// Index of the parent; `None` for the master file.
    pub parent: Option<usize>,
    /// File identifier.
    pub fid: u16,
    /// DF name.
    pub name: ArrayVec<u8, 16>,
    /// Cipher; an application has that of its environment.
    pub cipher: Cipher,
    /// Whether it is the application of an environment.
    pub application: bool,
}

/// An elementary file in the index.
#[derive(Debug, Clone)]
pub struct Ef {
    pub(super) address: usize,
    /// Index of its dedicated file.
    pub df: usize,
    /// File identifier.
    pub fid: u16,
    /// What it is for.
    pub role: FileRole,
    /// Bytes, or keys of a key file.
    pub size: usize,
}

/// Where a key lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// It is the master key of this dedicated file.
    Master(usize),
    /// It lies in this key file.
    File(usize),
}

/// A key in the index; value and counter stay in memory.
#[derive(Debug, Clone)]
pub struct KeyEntry {
    pub(super) address: usize,
    /// Where it lies.
    pub place: Place,
    /// Usage; `None` for a master key.
    pub usage: Option<Usage>,
    /// Identifier, for a purchase key its version.
    pub id: u8,
    /// Cipher.
    pub algorithm: Algorithm,
    /// Tries until it is locked; 0: never.
    pub tries: u8,
}

/// A key to be stored.
pub struct NewKey<'a> {
    /// Usage; `None` for a master key.
    pub usage: Option<Usage>,
    /// Identifier.
    pub id: u8,
    /// Cipher.
    pub algorithm: Algorithm,
    /// Tries until locked; 0: never.
    pub tries: u8,
    /// Value.
    pub value: &'a Key,
}

impl Ef {
    /// Contents; nothing for a key file.
    pub fn contents<'m>(&self, memory: &'m Memory) -> &'m [u8] {
        memory.read(self.contents_address(), contents_length(self.role, self.size))
    }

    /// Address of the contents.
    pub fn contents_address(&self) -> usize {
        self.address + offset::EF_CONTENTS
    }

    /// Short file identifier: the low five bits of the identifier.
    pub fn sfi(&self) -> u8 {
        self.fid.to_be_bytes()[1] & 0x1F
    }

    /// Level of a key file.
    pub fn key_level(&self) -> Option<Level> {
        match self.role {
            FileRole::Keys(level) => Some(level),
            _ => None,
        }
    }
}

impl KeyEntry {
    /// The value.
    pub fn value(&self, memory: &Memory) -> Option<Key> {
        let length = usize::from(memory.byte(self.address + offset::KEY_TRIES + 1));
        Key::new(memory.read(self.address + offset::KEY_VALUE, length.min(16))).ok()
    }

    /// Tries left; meaningless for a key that is never locked.
    pub fn tries_left(&self, memory: &Memory) -> u8 {
        memory.byte(self.address + offset::KEY_TRIES)
    }

    /// Whether failures have used up all tries.
    pub fn is_locked(&self, memory: &Memory) -> bool {
        self.tries > 0 && self.tries_left(memory) == 0
    }

    /// Sets the counter; nothing for a key that is never locked.
    pub fn set_tries(&self, memory: &mut Memory, left: u8) -> Result<(), WriteError> {
        if self.tries == 0 || self.tries_left(memory) == left {
            return Ok(());
        }
        memory.commit(&[(self.address + offset::KEY_TRIES, &[left])])
    }

    /// Replaces value and counter in one change.
    pub fn replace(&self, memory: &mut Memory, value: &Key) -> Result<(), WriteError> {
        let bytes = zeroize::Zeroizing::new(mutable(self.tries, value));
        memory.commit(&[(self.address + offset::KEY_TRIES, bytes.as_slice())])
    }
}

/// Bytes of the contents: a key file's size counts keys, which are objects of their own.
pub(super) fn contents_length(role: FileRole, size: usize) -> usize {
    match role {
        FileRole::Keys(_) => 0,
        _ => size,
    }
}

/// Counter, length and value of a key.
pub(super) fn mutable(tries: u8, value: &Key) -> [u8; offset::KEY_END - offset::KEY_TRIES] {
    let mut bytes = [0; offset::KEY_END - offset::KEY_TRIES];
    bytes[0] = tries;
    bytes[1] = value.length();
    bytes[offset::KEY_VALUE - offset::KEY_TRIES..][..value.expose().len()].copy_from_slice(value.expose());
    bytes
}

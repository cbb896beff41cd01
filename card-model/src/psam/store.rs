//! What a PSAM keeps in memory: dedicated files, elementary files and keys as objects on one heap, and their index.
//!
//! The maker writes the files; later only keys are appended, file contents and keys replaced. An object becomes visible
//! when the top of the heap moves over it in the same change.

use super::description::{Cipher, FileRole};
use super::object::{Df, Ef, KeyEntry, NewKey, Place, contents_length, mutable, offset};
use super::usage::{KeyKind, Usage};
use crate::card::ImageError;
use crate::crypto::Algorithm;
use crate::memory::{DATA, Memory, WORD, WriteError};
use arrayvec::ArrayVec;
use zeroize::Zeroizing;

/// Fixed area before the heap.
mod fixed {
    use super::DATA;
    /// End of the heap (4).
    pub const TOP: usize = DATA;
    /// Wrong MAC2 until a purchase key is locked.
    pub const PURCHASE_TRIES: usize = DATA + 4;
    /// Length of the answer to reset, then its bytes.
    pub const ATR: usize = DATA + 5;
    /// Most bytes of an answer to reset.
    pub const ATR_CAPACITY: usize = 33;
    /// First object.
    pub const HEAP: usize = DATA + 40;
}

const DEDICATED: u8 = 1;
const ELEMENTARY: u8 = 2;
const KEY: u8 = 3;
const MASTER_KEY: u8 = 4;

/// Parent of the master file.
const NOBODY: u16 = 0xFFFF;

/// Why nothing could be stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreError {
    /// No room.
    Full,
    /// The write failed.
    Write(WriteError),
}

impl From<WriteError> for StoreError {
    fn from(error: WriteError) -> Self {
        Self::Write(error)
    }
}

/// The index over a memory.
#[derive(Debug, Clone, Default)]
pub struct Store {
    /// Dedicated files; the first is the master file.
    pub dfs: Vec<Df>,
    /// Elementary files.
    pub efs: Vec<Ef>,
    /// Keys.
    pub keys: Vec<KeyEntry>,
}

impl Store {
    /// Writes the fixed area and an empty heap.
    pub fn format(memory: &mut Memory, atr: &[u8], purchase_tries: u8) -> Result<(), StoreError> {
        let atr = &atr[..atr.len().min(fixed::ATR_CAPACITY)];
        let mut area = vec![0; fixed::HEAP - DATA];
        area[..WORD].copy_from_slice(&address(fixed::HEAP));
        area[fixed::PURCHASE_TRIES - DATA] = purchase_tries;
        area[fixed::ATR - DATA] = u8::try_from(atr.len()).unwrap_or(0);
        area[fixed::ATR - DATA + 1..][..atr.len()].copy_from_slice(atr);
        Ok(memory.commit(&[(DATA, &area)])?)
    }

    /// Builds the index from memory.
    ///
    /// # Errors
    /// An object that makes no sense, with its address.
    pub fn load(memory: &Memory) -> Result<Self, ImageError> {
        let mut store = Self::default();
        let top = memory.word(fixed::TOP) as usize;
        if top > memory.image().len() || top < fixed::HEAP {
            return Err(ImageError::Damaged(fixed::TOP));
        }
        let mut address = fixed::HEAP;
        while address < top {
            let length = memory.word(address + offset::LENGTH) as usize;
            let fits = length >= offset::BODY && length.is_multiple_of(WORD) && length <= top - address;
            if !fits || store.index(memory, address, length).is_none() {
                return Err(ImageError::Damaged(address));
            }
            address += length;
        }
        if store.dfs.is_empty() {
            return Err(ImageError::Damaged(fixed::HEAP));
        }
        Ok(store)
    }

    fn index(&mut self, memory: &Memory, address: usize, length: usize) -> Option<()> {
        let at = |offset: usize| memory.byte(address + offset);
        let parent = memory.half(address + offset::PARENT);
        let holder = usize::from(parent);
        match at(offset::KIND) {
            DEDICATED => {
                let root = self.dfs.is_empty();
                let name = memory.read(address + offset::BODY + 4, usize::from(at(offset::BODY + 3)));
                let inside = offset::BODY + 4 + name.len() <= length;
                if !inside || root != (parent == NOBODY) || !root && holder >= self.dfs.len() {
                    return None;
                }
                self.dfs.push(Df {
                    parent: (!root).then_some(holder),
                    fid: memory.half(address + offset::BODY),
                    name: ArrayVec::try_from(name).ok()?,
                    cipher: Cipher::from_identifier(at(offset::DETAIL))?,
                    application: at(offset::BODY + 2) != 0,
                });
            }
            ELEMENTARY => {
                let role = *FileRole::ALL.get(usize::from(at(offset::DETAIL)))?;
                let size = usize::from(memory.half(address + offset::BODY + 2));
                let inside = offset::EF_CONTENTS + contents_length(role, size) <= length;
                if !inside || holder >= self.dfs.len() {
                    return None;
                }
                self.efs.push(Ef {
                    address,
                    df: holder,
                    fid: memory.half(address + offset::BODY),
                    role,
                    size,
                });
            }
            kind @ (KEY | MASTER_KEY) => {
                let place = match kind {
                    KEY if matches!(self.efs.get(holder)?.role, FileRole::Keys(_)) => Place::File(holder),
                    MASTER_KEY if holder < self.dfs.len() => Place::Master(holder),
                    _ => return None,
                };
                let usage = Usage::from_byte(at(offset::BODY));
                if length < offset::KEY_END || usage.is_none() != (kind == MASTER_KEY) {
                    return None;
                }
                self.keys.push(KeyEntry {
                    address,
                    place,
                    usage,
                    id: at(offset::BODY + 1),
                    algorithm: Algorithm::try_from(at(offset::BODY + 2)).ok()?,
                    tries: at(offset::BODY + 3),
                });
            }
            _ => return None,
        }
        Some(())
    }

    /// Adds an object and its index entry.
    fn append(
        &mut self,
        memory: &mut Memory,
        kind: u8,
        detail: u8,
        parent: u16,
        body: &[u8],
    ) -> Result<(), StoreError> {
        let top = memory.word(fixed::TOP) as usize;
        let length = (offset::BODY + body.len()).next_multiple_of(WORD);
        if top + length > memory.image().len() {
            return Err(StoreError::Full);
        }
        let mut object = Vec::with_capacity(length);
        object.extend([kind, detail]);
        object.extend(parent.to_be_bytes());
        object.extend(address(length));
        object.extend(body);
        object.resize(length, 0);
        memory.commit(&[(top, &object), (fixed::TOP, &address(top + length))])?;
        self.index(memory, top, length).ok_or(StoreError::Full)
    }

    /// Adds a dedicated file and gives its index.
    pub fn create_df(&mut self, memory: &mut Memory, df: &Df) -> Result<usize, StoreError> {
        let index = self.dfs.len();
        let parent = df.parent.map_or(NOBODY, short);
        let mut body = df.fid.to_be_bytes().to_vec();
        body.extend([u8::from(df.application), u8::try_from(df.name.len()).unwrap_or(0)]);
        body.extend(&df.name);
        self.append(memory, DEDICATED, df.cipher.identifier(), parent, &body)?;
        Ok(index)
    }

    /// Adds an elementary file filled with `contents`, the rest with 00.
    pub fn create_ef(
        &mut self,
        memory: &mut Memory,
        df: usize,
        fid: u16,
        role: FileRole,
        size: u16,
        contents: &[u8],
    ) -> Result<(), StoreError> {
        let detail = FileRole::ALL.iter().position(|known| *known == role).unwrap_or(0);
        let mut body = fid.to_be_bytes().to_vec();
        body.extend(size.to_be_bytes());
        body.extend([0; 4]);
        let length = contents_length(role, usize::from(size));
        body.extend(contents.iter().take(length));
        body.resize(offset::EF_CONTENTS - offset::BODY + length, 0);
        self.append(memory, ELEMENTARY, u8::try_from(detail).unwrap_or(0), short(df), &body)
    }

    /// Adds a key.
    pub fn create_key(&mut self, memory: &mut Memory, place: Place, key: &NewKey<'_>) -> Result<(), StoreError> {
        let (kind, parent) = match place {
            Place::Master(df) => (MASTER_KEY, df),
            Place::File(ef) => {
                if self.keys.iter().filter(|key| key.place == place).count() >= self.efs[ef].size {
                    return Err(StoreError::Full);
                }
                (KEY, ef)
            }
        };
        let usage = key.usage.map_or(0, Usage::byte);
        let head = [usage, key.id, key.algorithm.identifier(), key.tries, 0, 0, 0, 0];
        let value = Zeroizing::new(mutable(key.tries, key.value));
        let body = Zeroizing::new([&head[..], value.as_slice()].concat());
        self.append(memory, kind, 0, short(parent), &body)
    }

    /// The environment of a dedicated file: itself, or the one above an application.
    pub fn environment(&self, df: usize) -> usize {
        match &self.dfs[df] {
            Df {
                application: true,
                parent: Some(parent),
                ..
            } => *parent,
            _ => df,
        }
    }

    /// The file of a dedicated file with a role.
    pub fn file(&self, df: usize, role: FileRole) -> Option<&Ef> {
        self.efs.iter().find(|ef| ef.df == df && ef.role == role)
    }

    /// The master key of a dedicated file.
    pub fn master_key(&self, df: usize) -> Option<&KeyEntry> {
        self.keys.iter().find(|key| key.place == Place::Master(df))
    }

    /// Whether a key lies in a key file of this dedicated file and has this kind and identifier.
    pub fn is_key_of(&self, key: &KeyEntry, df: usize, kind: KeyKind, id: u8) -> bool {
        let here = matches!(key.place, Place::File(ef) if self.efs[ef].df == df);
        here && key.id == id && key.usage.is_some_and(|usage| usage.kind == kind)
    }

    /// Free memory in bytes.
    pub fn free(memory: &Memory) -> usize {
        memory.image().len().saturating_sub(memory.word(fixed::TOP) as usize)
    }
}

/// The answer to reset that the maker stored.
pub fn atr(memory: &Memory) -> &[u8] {
    let length = usize::from(memory.byte(fixed::ATR)).min(fixed::ATR_CAPACITY);
    memory.read(fixed::ATR + 1, length)
}

/// Wrong MAC2 until a purchase key is locked.
pub fn purchase_tries(memory: &Memory) -> u8 {
    memory.byte(fixed::PURCHASE_TRIES)
}

/// An address or length as a word; memories are far smaller than four gigabytes.
fn address(value: usize) -> [u8; WORD] {
    u32::try_from(value).unwrap_or(u32::MAX).to_be_bytes()
}

fn short(index: usize) -> u16 {
    u16::try_from(index).unwrap_or(NOBODY)
}

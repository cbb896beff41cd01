//! Files and keys in memory: one heap of objects behind a fixed area, and the index that is built from it at power-on.
//!
//! An object is written once and becomes visible when the top of the heap moves over it in the same change. What changes
//! later (record counters, record contents, try counters, key values, states) lies at fixed places inside it.

use super::ImageError;
use super::condition::Condition;
use super::identity::{self, Maker, fixed};
use super::object::{Df, DfKind, Ef, EfStructure, KeyObject, KeyType, NewDf, NewEf, NewKey, UpdateProtection, offset};
use crate::crypto::Algorithm;
use crate::memory::{Memory, WORD, WriteError};
use crate::profile::KeyPair;
use arrayvec::ArrayVec;

const DEDICATED: u8 = 1;
const ELEMENTARY: u8 = 2;
const KEY: u8 = 3;

const STATE_ACTIVATED: u8 = 0x01;
const STATE_BLOCKED: u8 = 0x02;

/// Why an object could not be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CreateError {
    /// No room on the chip.
    Full,
    /// The write failed.
    Write(WriteError),
}

impl From<WriteError> for CreateError {
    fn from(error: WriteError) -> Self {
        Self::Write(error)
    }
}

/// The index over a memory.
#[derive(Debug, Clone, Default)]
pub struct FileSystem {
    /// Dedicated files; the first is the MF.
    pub dfs: Vec<Df>,
    /// Elementary files.
    pub efs: Vec<Ef>,
    /// Keys and PINs.
    pub keys: Vec<KeyObject>,
}

impl FileSystem {
    /// Formats a blank memory: the fixed area and an MF without a name.
    ///
    /// # Errors
    /// Power lost or no room.
    pub fn format(memory: &mut Memory, maker: &Maker<'_>) -> Result<Self, CreateError> {
        identity::write(memory, maker)?;
        let mut system = Self::default();
        system.create_df(
            memory,
            0,
            &NewDf {
                kind: DfKind::Mf,
                fid: 0x3F00,
                name: &[],
                fci: &[],
            },
        )?;
        Ok(system)
    }

    /// Builds the index from memory.
    ///
    /// # Errors
    /// An object that makes no sense, with its address.
    pub fn load(memory: &Memory) -> Result<Self, ImageError> {
        let mut system = Self::default();
        let top = identity::top(memory);
        if top > memory.image().len() {
            return Err(ImageError::Damaged(fixed::TOP));
        }
        if Algorithm::try_from(memory.byte(fixed::ALGORITHM)).is_err() {
            return Err(ImageError::Damaged(fixed::ALGORITHM));
        }
        let mut address = fixed::HEAP;
        while address < top {
            let length = memory.word(address + offset::LENGTH) as usize;
            if length < offset::BODY || !length.is_multiple_of(WORD) || address + length > top {
                return Err(ImageError::Damaged(address));
            }
            system
                .index(memory, address, length)
                .ok_or(ImageError::Damaged(address))?;
            address += length;
        }
        if system.dfs.first().is_none_or(|df| df.kind != DfKind::Mf) {
            return Err(ImageError::Damaged(fixed::HEAP));
        }
        Ok(system)
    }

    fn index(&mut self, memory: &Memory, address: usize, length: usize) -> Option<()> {
        let parent = usize::from(memory.half(address + offset::PARENT));
        let at = |offset: usize| memory.byte(address + offset);
        let sized = |offset: usize| memory.read(address + offset + 1, usize::from(at(offset)));
        match at(offset::KIND) {
            DEDICATED => {
                let kind = match (at(offset::BODY), self.dfs.is_empty()) {
                    (0x3F, true) => DfKind::Mf,
                    (0x38, false) => DfKind::Ddf,
                    (0x39, false) => DfKind::Adf,
                    _ => return None,
                };
                let name = sized(offset::BODY + 3);
                let fci = sized(offset::BODY + 4 + name.len());
                // The MF, first of all, is its own parent.
                let orphan = parent >= self.dfs.len().max(1);
                if orphan || offset::BODY + 5 + name.len() + fci.len() > length {
                    return None;
                }
                self.dfs.push(Df {
                    address,
                    parent,
                    kind,
                    fid: memory.half(address + offset::BODY + 1),
                    name: ArrayVec::try_from(name).ok()?,
                    fci: ArrayVec::try_from(fci).ok()?,
                    files: Vec::new(),
                    keys: Vec::new(),
                });
            }
            ELEMENTARY => {
                let structure = [
                    EfStructure::Transparent,
                    EfStructure::LinearFixed,
                    EfStructure::LinearVariable,
                    EfStructure::Cyclic,
                    EfStructure::Internal,
                ]
                .into_iter()
                .find(|s| *s as u8 == at(offset::BODY))?;
                let protection = [
                    UpdateProtection::None,
                    UpdateProtection::Mac,
                    UpdateProtection::EncryptionAndMac,
                ]
                .into_iter()
                .find(|p| *p as u8 == at(14))?;
                let read = sized(offset::EF_CONDITIONS);
                let update = sized(offset::EF_CONDITIONS + 1 + read.len());
                let body = offset::EF_CONDITIONS + 2 + read.len() + update.len();
                let size = memory.word(address + offset::EF_SIZE) as usize;
                let key_pair = KeyPair::from_byte(at(offset::EF_KEY_PAIR));
                if body + size > length || key_pair.is_none() && at(offset::EF_KEY_PAIR) != 0 {
                    return None;
                }
                // Images of format 1 have no such room; a file without it is no amounts file.
                let hidden = structure.hidden(key_pair);
                let hidden = if body + size + hidden > length { 0 } else { hidden };
                let ef = Ef {
                    address,
                    df: parent,
                    fid: memory.half(address + 9),
                    sfi: at(11),
                    structure,
                    record_length: at(12),
                    record_capacity: at(13),
                    protection,
                    read: Condition::decode(read)?,
                    update: Condition::decode(update)?,
                    body: address + body,
                    size,
                    hidden,
                    key_pair,
                };
                if !ef.counters_fit(memory) {
                    return None;
                }
                self.dfs.get_mut(parent)?.files.push(self.efs.len());
                self.efs.push(ef);
            }
            KEY => {
                if length < offset::KEY_END || at(offset::KEY_LENGTH) > 16 {
                    return None;
                }
                self.dfs.get_mut(parent)?.keys.push(self.keys.len());
                self.keys.push(KeyObject {
                    address,
                    df: parent,
                    kind: KeyType::from_byte(at(8))?,
                    id: at(9),
                    version: at(10),
                    index: at(11),
                    tries: at(12),
                    algorithm: Algorithm::try_from(at(13)).ok()?,
                });
            }
            _ => return None,
        }
        Some(())
    }

    /// Bytes free for new objects.
    pub fn free(memory: &Memory) -> usize {
        memory.image().len().saturating_sub(identity::top(memory))
    }

    /// Writes an object's fixed part, its contents already erased, and moves the top over it. A try counter is filled in
    /// the same change.
    fn append(
        &mut self,
        memory: &mut Memory,
        kind: u8,
        parent: usize,
        fields: &[u8],
        body: usize,
        counter: Option<(usize, [u8; 1])>,
    ) -> Result<(), CreateError> {
        let address = identity::top(memory);
        let length = (offset::BODY + fields.len() + body).next_multiple_of(WORD);
        if length > Self::free(memory) {
            return Err(CreateError::Full);
        }
        let parent = u16::try_from(parent).map_err(|_| CreateError::Full)?;
        let mut bytes = vec![kind, 0];
        bytes.extend_from_slice(&parent.to_be_bytes());
        bytes.extend_from_slice(&u32::try_from(length).map_err(|_| CreateError::Full)?.to_be_bytes());
        bytes.extend_from_slice(fields);
        memory.erase(address + bytes.len(), length - bytes.len())?;
        let top = u32::try_from(address + length).map_err(|_| CreateError::Full)?;
        let (object, top) = ((address, &bytes[..]), (fixed::TOP, &top.to_be_bytes()[..]));
        match &counter {
            Some((counter, full)) => memory.commit(&[object, top, (*counter, full)])?,
            None => memory.commit(&[object, top])?,
        }
        self.index(memory, address, length).ok_or(CreateError::Full)
    }

    /// Creates a dedicated file under `parent`.
    ///
    /// # Errors
    /// No room or a failed write.
    pub fn create_df(&mut self, memory: &mut Memory, parent: usize, df: &NewDf<'_>) -> Result<(), CreateError> {
        let mut fields = vec![df.kind as u8];
        fields.extend_from_slice(&df.fid.to_be_bytes());
        for part in [df.name, df.fci] {
            fields.push(u8::try_from(part.len()).map_err(|_| CreateError::Full)?);
            fields.extend_from_slice(part);
        }
        self.append(memory, DEDICATED, parent, &fields, 0, None)
    }

    /// Creates an elementary file in `df`, erased.
    ///
    /// # Errors
    /// No room or a failed write.
    pub fn create_ef(&mut self, memory: &mut Memory, df: usize, ef: &NewEf<'_>) -> Result<(), CreateError> {
        let mut fields = vec![ef.structure as u8];
        fields.extend_from_slice(&ef.fid.to_be_bytes());
        fields.extend_from_slice(&[ef.sfi, ef.record_length, ef.record_capacity, ef.protection as u8]);
        fields.push(ef.key_pair.map_or(0, KeyPair::byte));
        fields.extend_from_slice(&[0; WORD]);
        fields.extend_from_slice(&u32::from(ef.size).to_be_bytes());
        for condition in [ef.read, ef.update] {
            fields.push(u8::try_from(condition.len()).map_err(|_| CreateError::Full)?);
            fields.extend_from_slice(condition);
        }
        self.append(
            memory,
            ELEMENTARY,
            df,
            &fields,
            usize::from(ef.size) + ef.structure.hidden(ef.key_pair),
            None,
        )
    }

    /// Stores a new key in `df`. The counter of the master key that brought it is filled in the same change.
    ///
    /// # Errors
    /// No room or a failed write.
    pub fn create_key(
        &mut self,
        memory: &mut Memory,
        df: usize,
        key: &NewKey<'_>,
        counter: Option<(usize, [u8; 1])>,
    ) -> Result<(), CreateError> {
        let mut fields = vec![
            key.kind as u8,
            key.id,
            key.version,
            key.index,
            key.tries,
            key.algorithm.identifier(),
            0,
            0,
        ];
        fields.push(key.tries);
        fields.push(u8::try_from(key.value.len()).map_err(|_| CreateError::Full)?);
        fields.extend_from_slice(key.value);
        fields.resize(offset::KEY_END - offset::BODY, 0);
        self.append(memory, KEY, df, &fields, 0, counter)
    }

    /// Takes everything away but the MF and its keys.
    ///
    /// # Errors
    /// Power lost.
    pub fn erase(&mut self, memory: &mut Memory) -> Result<(), WriteError> {
        let first = self
            .dfs
            .iter()
            .skip(1)
            .map(|df| df.address)
            .chain(self.efs.iter().map(|ef| ef.address))
            .min();
        let Some(first) = first else { return Ok(()) };
        // Keys that the MF got after its first file move down to where that file was.
        let late = self.keys.iter().filter(|key| key.df == 0 && key.address >= first);
        let late: Vec<u8> = late
            .flat_map(|key| memory.read(key.address, memory.word(key.address + offset::LENGTH) as usize))
            .copied()
            .collect();
        let top = first + late.len();
        let old_top = identity::top(memory);
        let new_top = u32::try_from(top).unwrap_or(u32::MAX).to_be_bytes();
        memory.commit(&[(first, &late), (fixed::TOP, &new_top)])?;
        memory.erase(top, old_top.saturating_sub(top))?;
        if let Ok(system) = Self::load(memory) {
            *self = system;
        }
        Ok(())
    }

    /// The environment a DF belongs to: itself if it is a DDF or the MF, else the DDF above.
    pub fn environment(&self, df: usize) -> usize {
        match self.dfs[df].kind {
            DfKind::Adf => self.dfs[df].parent,
            _ => df,
        }
    }

    /// Whether creation has ended in a DF.
    pub fn is_activated(&self, memory: &Memory, df: usize) -> bool {
        memory.byte(self.dfs[df].address + offset::STATE) & STATE_ACTIVATED != 0
    }

    /// Whether APPLICATION BLOCK was executed in a DF.
    pub fn is_blocked(&self, memory: &Memory, df: usize) -> bool {
        memory.byte(self.dfs[df].address + offset::STATE) & STATE_BLOCKED != 0
    }

    /// Ends creation in a DF.
    ///
    /// # Errors
    /// Power lost.
    pub fn activate(&self, memory: &mut Memory, df: usize) -> Result<(), WriteError> {
        self.add_state(memory, df, STATE_ACTIVATED)
    }

    /// Blocks an application for ever.
    ///
    /// # Errors
    /// Power lost.
    pub fn block(&self, memory: &mut Memory, df: usize) -> Result<(), WriteError> {
        self.add_state(memory, df, STATE_BLOCKED)
    }

    fn add_state(&self, memory: &mut Memory, df: usize, state: u8) -> Result<(), WriteError> {
        let address = self.dfs[df].address + offset::STATE;
        memory.commit(&[(address, &[memory.byte(address) | state])])
    }
}

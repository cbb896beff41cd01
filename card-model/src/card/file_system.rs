//! Files and keys in memory: one heap of objects behind a fixed area, and the index that is built from it at power-on.
//!
//! An object is written once and becomes visible when the top of the heap moves over it in the same change. What changes
//! later (record counters, record contents, try counters, key values, states) lies at fixed places inside it.

use super::ImageError;
use super::condition::Condition;
use super::memory::{DATA, Memory, WORD, WriteError};
use crate::crypto::Algorithm;
use crate::secret::Key;
use arrayvec::ArrayVec;

/// Offsets of the fixed area.
mod fixed {
    use super::DATA;
    pub const LIFE: usize = DATA;
    pub const TOP: usize = DATA + 4;
    pub const ALGORITHM: usize = DATA + 8;
    pub const HISTORICAL: usize = DATA + 9;
    pub const CONTACT: usize = DATA + 22;
    pub const CONTACTLESS: usize = DATA + 31;
    pub const LABEL: usize = DATA + 40;
    pub const HEAP: usize = DATA + 64;
}

/// Offsets inside an object, from its address.
mod object {
    pub const KIND: usize = 0;
    pub const STATE: usize = 1;
    pub const PARENT: usize = 2;
    pub const LENGTH: usize = 4;
    pub const BODY: usize = 8;
    /// Mutable part of an EF: bytes used (2), records (1), slot of the newest record (1).
    pub const EF_USE: usize = 16;
    pub const EF_SIZE: usize = 20;
    pub const EF_CONDITIONS: usize = 24;
    /// Mutable part of a key: tries left (1), length (1), value (16).
    pub const KEY_TRIES: usize = 16;
    pub const KEY_LENGTH: usize = 17;
    pub const KEY_VALUE: usize = 18;
    pub const KEY_END: usize = 34;
}

const DEDICATED: u8 = 1;
const ELEMENTARY: u8 = 2;
const KEY: u8 = 3;

const STATE_ACTIVATED: u8 = 0x01;
const STATE_BLOCKED: u8 = 0x02;

const LIFE_BLOCKED: u8 = 0x0F;

/// Most bytes of an interface prefix (TS to the last interface byte, or TL to TC).
const PREFIX: usize = 8;
/// Most characters of the card maker's label.
const LABEL: usize = 16;

/// Kind of a dedicated file, as CREATE FILE names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DfKind {
    /// Master file.
    Mf = 0x3F,
    /// Environment.
    Ddf = 0x38,
    /// Application.
    Adf = 0x39,
}

/// A dedicated file in the index.
#[derive(Debug, Clone)]
pub struct Df {
    address: usize,
    /// Index of the parent; the MF is its own.
    pub parent: usize,
    /// Kind.
    pub kind: DfKind,
    /// File identifier.
    pub fid: u16,
    /// DF name.
    pub name: ArrayVec<u8, 16>,
    /// Contents of A5 in the FCI.
    pub fci: ArrayVec<u8, 64>,
    /// Indexes of its elementary files.
    pub files: Vec<usize>,
    /// Indexes of its keys.
    pub keys: Vec<usize>,
}

/// Structure of an elementary file, as CREATE FILE names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EfStructure {
    /// Bytes addressed by offset.
    Transparent = 0x01,
    /// Records of one length.
    LinearFixed = 0x02,
    /// Records of their own length, stored with a length byte in front.
    LinearVariable = 0x04,
    /// Ring of records, the newest is number 1.
    Cyclic = 0x06,
    /// For the card operating system only.
    Internal = 0x09,
}

/// Secure messaging that an elementary file demands for updates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum UpdateProtection {
    /// Plain updates; a MAC is checked if it comes.
    #[default]
    None = 0,
    /// A MAC is demanded.
    Mac = 1,
    /// Encryption and a MAC are demanded.
    EncryptionAndMac = 2,
}

/// An elementary file in the index.
#[derive(Debug, Clone)]
pub struct Ef {
    address: usize,
    /// Index of the DF it belongs to.
    pub df: usize,
    /// File identifier.
    pub fid: u16,
    /// Short file identifier, 0 for none.
    pub sfi: u8,
    /// Structure.
    pub structure: EfStructure,
    /// Record length of fixed and cyclic files.
    pub record_length: u8,
    /// Record capacity of fixed and cyclic files.
    pub record_capacity: u8,
    /// Protection of updates.
    pub protection: UpdateProtection,
    /// Read condition.
    pub read: Condition,
    /// Update condition.
    pub update: Condition,
    /// Address of the contents.
    pub body: usize,
    /// Size of the contents in bytes.
    pub size: usize,
}

/// How full an elementary file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct EfUse {
    /// Bytes used in a linear file.
    pub used: u16,
    /// Number of records.
    pub records: u8,
    /// Slot of the newest record of a cyclic file.
    pub newest: u8,
}

/// Type of a key (`card-model/COS.md`, LOAD KEY).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyType {
    /// Master key of a dedicated file.
    Master = 0x00,
    /// The holder's PIN.
    Pin = 0x01,
    /// STK.
    SecureMessaging = 0x07,
    /// DLK.
    Load = 0x08,
    /// DPK.
    Purchase = 0x09,
    /// DTK.
    Tac = 0x0A,
    /// UK, RK, DSK.
    ExternalAuthentication = 0x0D,
    /// IRK.
    InternalAuthentication = 0x0E,
    /// PUK.
    PinUnblock = 0x10,
    /// BK.
    CardBlock = 0x11,
    /// LK.
    ApplicationBlock = 0x12,
}

impl KeyType {
    const ALL: [Self; 11] = [
        Self::Master,
        Self::Pin,
        Self::SecureMessaging,
        Self::Load,
        Self::Purchase,
        Self::Tac,
        Self::ExternalAuthentication,
        Self::InternalAuthentication,
        Self::PinUnblock,
        Self::CardBlock,
        Self::ApplicationBlock,
    ];

    /// The type with this number.
    pub fn from_byte(byte: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|t| *t as u8 == byte)
    }

    /// Whether EXTERNAL AUTHENTICATION may use it.
    pub fn is_external(self) -> bool {
        matches!(
            self,
            Self::ExternalAuthentication | Self::PinUnblock | Self::CardBlock | Self::ApplicationBlock
        )
    }
}

/// A key or PIN in the index; its value and counter stay in memory.
#[derive(Debug, Clone)]
pub struct KeyObject {
    address: usize,
    /// Index of the DF it belongs to.
    pub df: usize,
    /// Type.
    pub kind: KeyType,
    /// Identifier.
    pub id: u8,
    /// Version.
    pub version: u8,
    /// Key index of a transaction key.
    pub index: u8,
    /// Tries until it is locked; 0: never.
    pub tries: u8,
    /// Cipher.
    pub algorithm: Algorithm,
}

/// What CREATE FILE makes.
#[derive(Debug)]
pub struct NewDf<'a> {
    /// Kind, DDF or ADF.
    pub kind: DfKind,
    /// File identifier.
    pub fid: u16,
    /// DF name.
    pub name: &'a [u8],
    /// Contents of A5.
    pub fci: &'a [u8],
}

/// What CREATE FILE makes.
#[derive(Debug)]
pub struct NewEf<'a> {
    /// Structure.
    pub structure: EfStructure,
    /// File identifier.
    pub fid: u16,
    /// Short file identifier, 0 for none.
    pub sfi: u8,
    /// Record length of fixed and cyclic files.
    pub record_length: u8,
    /// Record capacity of fixed and cyclic files.
    pub record_capacity: u8,
    /// Protection of updates.
    pub protection: UpdateProtection,
    /// Encoded read condition.
    pub read: &'a [u8],
    /// Encoded update condition.
    pub update: &'a [u8],
    /// Size of the contents in bytes.
    pub size: u16,
}

/// What LOAD KEY makes.
#[derive(Debug)]
pub struct NewKey<'a> {
    /// Type.
    pub kind: KeyType,
    /// Identifier.
    pub id: u8,
    /// Version.
    pub version: u8,
    /// Key index.
    pub index: u8,
    /// Tries until locked; 0: never.
    pub tries: u8,
    /// Cipher.
    pub algorithm: Algorithm,
    /// Value, at most 16 bytes.
    pub value: &'a [u8],
}

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

/// Identity that the card maker gives a blank card.
#[derive(Debug)]
pub struct Maker<'a> {
    /// Cipher of the master key.
    pub algorithm: Algorithm,
    /// T1–TD.
    pub historical: &'a [u8; 13],
    /// ATR before the historical bytes.
    pub contact: &'a [u8],
    /// ATS before the historical bytes; empty for a card without an antenna.
    pub contactless: &'a [u8],
    /// Label of the profile the card is meant for.
    pub label: &'a str,
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
        let mut area = [0; fixed::HEAP - DATA];
        let mut put = |address: usize, bytes: &[u8]| area[address - DATA..][..bytes.len()].copy_from_slice(bytes);
        put(
            fixed::TOP,
            &u32::try_from(fixed::HEAP).unwrap_or(u32::MAX).to_be_bytes(),
        );
        put(fixed::ALGORITHM, &[maker.algorithm.identifier()]);
        put(fixed::HISTORICAL, maker.historical);
        for (address, bytes, most) in [
            (fixed::CONTACT, maker.contact, PREFIX),
            (fixed::CONTACTLESS, maker.contactless, PREFIX),
            (fixed::LABEL, maker.label.as_bytes(), LABEL),
        ] {
            let bytes = &bytes[..bytes.len().min(most)];
            put(address, &[u8::try_from(bytes.len()).unwrap_or(0)]);
            put(address + 1, bytes);
        }
        memory.commit(&[(DATA, &area)])?;
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
        let top = Self::top(memory);
        if top > memory.image().len() {
            return Err(ImageError::Damaged(fixed::TOP));
        }
        if Algorithm::try_from(memory.byte(fixed::ALGORITHM)).is_err() {
            return Err(ImageError::Damaged(fixed::ALGORITHM));
        }
        let mut address = fixed::HEAP;
        while address < top {
            let length = memory.word(address + object::LENGTH) as usize;
            if length < object::BODY || !length.is_multiple_of(WORD) || address + length > top {
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
        let parent = usize::from(memory.half(address + object::PARENT));
        let at = |offset: usize| memory.byte(address + offset);
        let sized = |offset: usize| memory.read(address + offset + 1, usize::from(at(offset)));
        match at(object::KIND) {
            DEDICATED => {
                let kind = match (at(object::BODY), self.dfs.is_empty()) {
                    (0x3F, true) => DfKind::Mf,
                    (0x38, false) => DfKind::Ddf,
                    (0x39, false) => DfKind::Adf,
                    _ => return None,
                };
                let name = sized(object::BODY + 3);
                let fci = sized(object::BODY + 4 + name.len());
                if !self.dfs.is_empty() && parent >= self.dfs.len()
                    || object::BODY + 5 + name.len() + fci.len() > length
                {
                    return None;
                }
                self.dfs.push(Df {
                    address,
                    parent,
                    kind,
                    fid: memory.half(address + object::BODY + 1),
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
                .find(|s| *s as u8 == at(object::BODY))?;
                let protection = [
                    UpdateProtection::None,
                    UpdateProtection::Mac,
                    UpdateProtection::EncryptionAndMac,
                ]
                .into_iter()
                .find(|p| *p as u8 == at(14))?;
                let read = sized(object::EF_CONDITIONS);
                let update = sized(object::EF_CONDITIONS + 1 + read.len());
                let body = object::EF_CONDITIONS + 2 + read.len() + update.len();
                let size = memory.word(address + object::EF_SIZE) as usize;
                if body + size > length {
                    return None;
                }
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
                };
                if !fits(&ef, memory) {
                    return None;
                }
                self.dfs.get_mut(parent)?.files.push(self.efs.len());
                self.efs.push(ef);
            }
            KEY => {
                if length < object::KEY_END || at(object::KEY_LENGTH) > 16 {
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

    fn top(memory: &Memory) -> usize {
        memory.word(fixed::TOP) as usize
    }

    /// Bytes free for new objects.
    pub fn free(memory: &Memory) -> usize {
        memory.image().len().saturating_sub(Self::top(memory))
    }

    /// Writes an object's fixed part, its contents already erased, and moves the top over it.
    fn append(
        &mut self,
        memory: &mut Memory,
        kind: u8,
        parent: usize,
        fields: &[u8],
        body: usize,
    ) -> Result<(), CreateError> {
        let address = Self::top(memory);
        let length = (object::BODY + fields.len() + body).next_multiple_of(WORD);
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
        memory.commit(&[(address, &bytes), (fixed::TOP, &top.to_be_bytes())])?;
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
        self.append(memory, DEDICATED, parent, &fields, 0)
    }

    /// Creates an elementary file in `df`, erased.
    ///
    /// # Errors
    /// No room or a failed write.
    pub fn create_ef(&mut self, memory: &mut Memory, df: usize, ef: &NewEf<'_>) -> Result<(), CreateError> {
        let mut fields = vec![ef.structure as u8];
        fields.extend_from_slice(&ef.fid.to_be_bytes());
        fields.extend_from_slice(&[ef.sfi, ef.record_length, ef.record_capacity, ef.protection as u8, 0]);
        fields.extend_from_slice(&[0; WORD]);
        fields.extend_from_slice(&u32::from(ef.size).to_be_bytes());
        for condition in [ef.read, ef.update] {
            fields.push(u8::try_from(condition.len()).map_err(|_| CreateError::Full)?);
            fields.extend_from_slice(condition);
        }
        self.append(memory, ELEMENTARY, df, &fields, usize::from(ef.size))
    }

    /// Stores a new key in `df`.
    ///
    /// # Errors
    /// No room or a failed write.
    pub fn create_key(&mut self, memory: &mut Memory, df: usize, key: &NewKey<'_>) -> Result<(), CreateError> {
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
        fields.resize(object::KEY_END - object::BODY, 0);
        self.append(memory, KEY, df, &fields, 0)
    }

    /// Takes everything away but the MF and its keys.
    ///
    /// # Errors
    /// Power lost.
    pub fn erase(&mut self, memory: &mut Memory) -> Result<(), WriteError> {
        let end = |address: usize| address + memory.word(address + object::LENGTH) as usize;
        let first = self
            .dfs
            .iter()
            .skip(1)
            .map(|df| df.address)
            .chain(self.efs.iter().map(|ef| ef.address))
            .min();
        let mf_keys = self
            .keys
            .iter()
            .filter(|key| key.df == 0)
            .map(|key| end(key.address))
            .max();
        let Some(first) = first else { return Ok(()) };
        let top = first.max(mf_keys.unwrap_or(first));
        let old_top = Self::top(memory);
        memory.commit(&[(fixed::TOP, &u32::try_from(top).unwrap_or(u32::MAX).to_be_bytes())])?;
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
        memory.byte(self.dfs[df].address + object::STATE) & STATE_ACTIVATED != 0
    }

    /// Whether APPLICATION BLOCK was executed in a DF.
    pub fn is_blocked(&self, memory: &Memory, df: usize) -> bool {
        memory.byte(self.dfs[df].address + object::STATE) & STATE_BLOCKED != 0
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
        let address = self.dfs[df].address + object::STATE;
        memory.commit(&[(address, &[memory.byte(address) | state])])
    }
}

/// Whether the counters of a file lie inside its contents.
fn fits(ef: &Ef, memory: &Memory) -> bool {
    let usage = ef.usage(memory);
    let slots = usize::from(ef.record_length) * usize::from(ef.record_capacity);
    match ef.structure {
        EfStructure::Transparent | EfStructure::Internal => true,
        EfStructure::LinearVariable => usize::from(usage.used) <= ef.size,
        EfStructure::LinearFixed => slots <= ef.size && usage.records <= ef.record_capacity,
        EfStructure::Cyclic => {
            slots <= ef.size && usage.records <= ef.record_capacity && usage.newest < ef.record_capacity.max(1)
        }
    }
}

impl Ef {
    /// Counters.
    pub fn usage(&self, memory: &Memory) -> EfUse {
        let address = self.address + object::EF_USE;
        EfUse {
            used: memory.half(address),
            records: memory.byte(address + 2),
            newest: memory.byte(address + 3),
        }
    }

    /// The change that sets the counters, for a commit together with the contents.
    pub fn usage_change(&self, usage: EfUse) -> (usize, [u8; WORD]) {
        let [high, low] = usage.used.to_be_bytes();
        (self.address + object::EF_USE, [high, low, usage.records, usage.newest])
    }
}

impl KeyObject {
    /// Tries left; meaningless for a key that is never locked.
    pub fn tries_left(&self, memory: &Memory) -> u8 {
        memory.byte(self.address + object::KEY_TRIES)
    }

    /// Whether failures have used up all tries.
    pub fn is_locked(&self, memory: &Memory) -> bool {
        self.tries > 0 && self.tries_left(memory) == 0
    }

    /// Sets the counter.
    ///
    /// # Errors
    /// Power lost.
    pub fn set_tries(&self, memory: &mut Memory, left: u8) -> Result<(), WriteError> {
        if self.tries == 0 || self.tries_left(memory) == left {
            return Ok(());
        }
        memory.commit(&[(self.address + object::KEY_TRIES, &[left])])
    }

    /// The value as stored: key bytes, or the packed PIN.
    pub fn value<'m>(&self, memory: &'m Memory) -> &'m [u8] {
        memory.read(
            self.address + object::KEY_VALUE,
            usize::from(memory.byte(self.address + object::KEY_LENGTH)).min(16),
        )
    }

    /// The value as a key; `None` for a PIN of another length.
    pub fn key(&self, memory: &Memory) -> Option<Key> {
        Key::new(self.value(memory)).ok()
    }

    /// Replaces value and counter in one change.
    ///
    /// # Errors
    /// Power lost.
    pub fn replace(&self, memory: &mut Memory, value: &[u8]) -> Result<(), WriteError> {
        let mut bytes = [0; object::KEY_END - object::KEY_TRIES];
        bytes[0] = self.tries;
        bytes[1] = u8::try_from(value.len()).unwrap_or(0);
        bytes[2..][..value.len()].copy_from_slice(value);
        memory.commit(&[(self.address + object::KEY_TRIES, &bytes)])
    }
}

/// Whether CARD BLOCK was executed.
pub fn is_card_blocked(memory: &Memory) -> bool {
    memory.byte(fixed::LIFE) == LIFE_BLOCKED
}

/// Blocks the card for ever.
///
/// # Errors
/// Power lost.
pub fn block_card(memory: &mut Memory) -> Result<(), WriteError> {
    memory.commit(&[(fixed::LIFE, &[LIFE_BLOCKED])])
}

/// Historical bytes T1–TD.
pub fn historical(memory: &Memory) -> [u8; 13] {
    core::array::from_fn(|i| memory.byte(fixed::HISTORICAL + i))
}

/// ATR without TCK (T=0 only, no TCK needed).
pub fn atr(memory: &Memory) -> Vec<u8> {
    [sized(memory, fixed::CONTACT), &historical(memory)].concat()
}

/// ATS; empty for a card without an antenna.
pub fn ats(memory: &Memory) -> Vec<u8> {
    match sized(memory, fixed::CONTACTLESS) {
        [] => Vec::new(),
        prefix => [prefix, &historical(memory)].concat(),
    }
}

/// The card maker's label: name of the profile the card is meant for.
pub fn label(memory: &Memory) -> String {
    String::from_utf8_lossy(sized(memory, fixed::LABEL)).into_owned()
}

/// Cipher of the card.
pub fn algorithm(memory: &Memory) -> Algorithm {
    Algorithm::try_from(memory.byte(fixed::ALGORITHM)).unwrap_or(Algorithm::Sm4)
}

fn sized(memory: &Memory, address: usize) -> &[u8] {
    memory.read(address + 1, usize::from(memory.byte(address)).min(LABEL))
}

//! Objects in memory: dedicated files, elementary files, keys. Their fixed parts are indexed at power-on; what changes
//! later (counters, contents, states, key values) is always read from memory.

use super::condition::Condition;
use crate::crypto::Algorithm;
use crate::memory::{Memory, WORD, WriteError};
use crate::profile::{KeyPair, KeyRole, PinRole};
use crate::secret::Key;
use arrayvec::ArrayVec;
use zeroize::Zeroizing;

/// Offsets inside an object, from its address.
pub(super) mod offset {
    pub const KIND: usize = 0;
    pub const STATE: usize = 1;
    pub const PARENT: usize = 2;
    pub const LENGTH: usize = 4;
    pub const BODY: usize = 8;
    /// Mutable part of an EF: bytes used (2), records (1), slot of the newest record (1).
    /// Key pair whose key an EF holds; 00 for none.
    pub const EF_KEY_PAIR: usize = 15;
    pub const EF_USE: usize = 16;
    pub const EF_SIZE: usize = 20;
    pub const EF_CONDITIONS: usize = 24;
    /// Mutable part of a key: tries left (1), length (1), value (16).
    pub const KEY_TRIES: usize = 16;
    pub const KEY_LENGTH: usize = 17;
    pub const KEY_VALUE: usize = 18;
    pub const KEY_END: usize = 34;
}

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
    pub(super) address: usize,
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

impl EfStructure {
    /// Bytes behind the contents that only the card operating system knows: the transaction proof of an amounts file.
    pub(super) const fn hidden(self, key_pair: Option<KeyPair>) -> usize {
        match (self, key_pair) {
            (Self::Internal, None) => super::account::PROOF,
            _ => 0,
        }
    }
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
    pub(super) address: usize,
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
    /// Bytes behind the contents that only the card operating system knows.
    pub hidden: usize,
    /// Key pair whose public (transparent) or private key (internal) it holds.
    pub key_pair: Option<KeyPair>,
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
    /// The holder's PIN of a certificate application.
    UserPin = 0x02,
    /// The administrator's PIN of a certificate application.
    AdministratorPin = 0x03,
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
    /// DSK.
    StartingDay = 0x13,
}

impl KeyType {
    const ALL: [Self; 14] = [
        Self::Master,
        Self::Pin,
        Self::UserPin,
        Self::AdministratorPin,
        Self::SecureMessaging,
        Self::Load,
        Self::Purchase,
        Self::Tac,
        Self::ExternalAuthentication,
        Self::InternalAuthentication,
        Self::PinUnblock,
        Self::CardBlock,
        Self::ApplicationBlock,
        Self::StartingDay,
    ];

    /// The type with this number.
    pub fn from_byte(byte: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|t| *t as u8 == byte)
    }

    /// Whether it is a PIN of a certificate application.
    pub fn is_certificate_pin(self) -> bool {
        matches!(self, Self::UserPin | Self::AdministratorPin)
    }

    /// Whether EXTERNAL AUTHENTICATION may use it.
    pub fn is_external(self) -> bool {
        matches!(
            self,
            Self::ExternalAuthentication
                | Self::PinUnblock
                | Self::CardBlock
                | Self::ApplicationBlock
                | Self::StartingDay
        )
    }
}

impl From<KeyRole> for KeyType {
    fn from(role: KeyRole) -> Self {
        match role {
            KeyRole::Master => Self::Master,
            KeyRole::InternalAuthentication => Self::InternalAuthentication,
            KeyRole::SecureMessaging => Self::SecureMessaging,
            KeyRole::ExternalAuthentication => Self::ExternalAuthentication,
            KeyRole::PinUnblock => Self::PinUnblock,
            KeyRole::CardBlock => Self::CardBlock,
            KeyRole::ApplicationBlock => Self::ApplicationBlock,
            KeyRole::StartingDay => Self::StartingDay,
            KeyRole::Purchase => Self::Purchase,
            KeyRole::Load => Self::Load,
            KeyRole::Tac => Self::Tac,
        }
    }
}

impl From<PinRole> for KeyType {
    fn from(role: PinRole) -> Self {
        match role {
            PinRole::User => Self::UserPin,
            PinRole::Administrator => Self::AdministratorPin,
        }
    }
}

/// A key or PIN in the index; its value and counter stay in memory.
#[derive(Debug, Clone)]
pub struct KeyObject {
    pub(super) address: usize,
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
    /// Key pair whose key it holds.
    pub key_pair: Option<KeyPair>,
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

impl Ef {
    /// Whether the counters lie inside the contents, as they do in every image that is not damaged.
    pub fn counters_fit(&self, memory: &Memory) -> bool {
        let usage = self.usage(memory);
        let slots = usize::from(self.record_length) * usize::from(self.record_capacity);
        match self.structure {
            EfStructure::Transparent | EfStructure::Internal => true,
            EfStructure::LinearVariable => usize::from(usage.used) <= self.size,
            EfStructure::LinearFixed => slots <= self.size && usage.records <= self.record_capacity,
            EfStructure::Cyclic => {
                slots <= self.size
                    && usage.records <= self.record_capacity
                    && usage.newest < self.record_capacity.max(1)
            }
        }
    }

    /// Counters.
    pub fn usage(&self, memory: &Memory) -> EfUse {
        let address = self.address + offset::EF_USE;
        EfUse {
            used: memory.half(address),
            records: memory.byte(address + 2),
            newest: memory.byte(address + 3),
        }
    }

    /// The change that sets the counters, for a commit together with the contents.
    pub fn usage_change(&self, usage: EfUse) -> (usize, [u8; WORD]) {
        let [high, low] = usage.used.to_be_bytes();
        (self.address + offset::EF_USE, [high, low, usage.records, usage.newest])
    }
}

impl KeyObject {
    /// Tries left; meaningless for a key that is never locked.
    pub fn tries_left(&self, memory: &Memory) -> u8 {
        memory.byte(self.address + offset::KEY_TRIES)
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
        memory.commit(&[(self.address + offset::KEY_TRIES, &[left])])
    }

    /// The value as stored: key bytes, or the packed PIN.
    pub fn value<'m>(&self, memory: &'m Memory) -> &'m [u8] {
        memory.read(
            self.address + offset::KEY_VALUE,
            usize::from(memory.byte(self.address + offset::KEY_LENGTH)).min(16),
        )
    }

    /// The value as a key; `None` for a PIN of another length.
    pub fn key(&self, memory: &Memory) -> Option<Key> {
        Key::new(self.value(memory)).ok()
    }

    /// The change that fills the counter, for a commit together with what the right key brought.
    pub fn full_counter(&self) -> (usize, [u8; 1]) {
        (self.address + offset::KEY_TRIES, [self.tries])
    }

    /// Replaces value and counter in one change.
    ///
    /// # Errors
    /// Power lost.
    pub fn replace(&self, memory: &mut Memory, value: &[u8]) -> Result<(), WriteError> {
        self.replace_with(memory, value, None)
    }

    /// Replaces value and counter, and fills the counter of another key, in one change.
    ///
    /// # Errors
    /// Power lost.
    pub fn replace_with(
        &self,
        memory: &mut Memory,
        value: &[u8],
        counter: Option<(usize, [u8; 1])>,
    ) -> Result<(), WriteError> {
        let mut bytes = Zeroizing::new([0; offset::KEY_END - offset::KEY_TRIES]);
        bytes[0] = self.tries;
        bytes[1] = u8::try_from(value.len()).unwrap_or(0);
        bytes[2..][..value.len()].copy_from_slice(value);
        let own = (self.address + offset::KEY_TRIES, &bytes[..]);
        match &counter {
            Some((address, full)) => memory.commit(&[own, (*address, full)]),
            None => memory.commit(&[own]),
        }
    }
}

//! What is inside a PSAM, without any secret: for `ssc psam info`.

use super::Psam;
use super::description::{Cipher, FileRole};
use super::object::Place;
use super::store::{self, Store};
use super::usage::Usage;
use crate::crypto::key_check_value;

/// An elementary file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PsamFileInfo {
    /// File identifiers from below the master file, such as `DDF2/DF01/0019`.
    pub path: String,
    /// Cipher of its environment.
    pub cipher: Cipher,
    /// Whether it belongs to the application of the environment.
    pub application: bool,
    /// File identifier.
    pub fid: u16,
    /// What it is for.
    pub role: FileRole,
    /// Bytes, or room for keys.
    pub size: usize,
    /// Contents; empty for key files.
    pub contents: Vec<u8>,
}

/// A key without its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PsamKeyInfo {
    /// Key file, or the dedicated file of a master key, as file identifiers.
    pub path: String,
    /// Cipher of its environment.
    pub cipher: Cipher,
    /// Usage; `None` for a master key.
    pub usage: Option<Usage>,
    /// Identifier.
    pub id: u8,
    /// Check value.
    pub check_value: [u8; 3],
    /// Tries left; `None` for a key that is never locked.
    pub tries_left: Option<u8>,
}

/// Contents of a PSAM as a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PsamInventory {
    /// Answer to reset.
    pub atr: Vec<u8>,
    /// Free memory in bytes.
    pub free: usize,
    /// Elementary files in order of creation.
    pub files: Vec<PsamFileInfo>,
    /// Keys in order of creation.
    pub keys: Vec<PsamKeyInfo>,
}

impl PsamInventory {
    /// The file with a role in the environment of a cipher.
    pub fn file(&self, cipher: Cipher, role: FileRole) -> Option<&PsamFileInfo> {
        self.files
            .iter()
            .find(|file| file.cipher == cipher && file.role == role)
    }
}

impl Psam {
    /// Lists what is inside.
    pub fn inventory(&self) -> PsamInventory {
        let files = self.store.efs.iter().enumerate().map(|(index, ef)| {
            let df = &self.store.dfs[ef.df];
            PsamFileInfo {
                path: self.path(ef.df, Some(index)),
                cipher: df.cipher,
                application: df.application,
                fid: ef.fid,
                role: ef.role,
                size: ef.size,
                contents: ef.contents(&self.memory).to_vec(),
            }
        });
        let keys = self.store.keys.iter().map(|key| {
            let (df, ef) = match key.place {
                Place::Master(df) => (df, None),
                Place::File(ef) => (self.store.efs[ef].df, Some(ef)),
            };
            let value = key.value(&self.memory);
            PsamKeyInfo {
                path: self.path(df, ef),
                cipher: self.store.dfs[df].cipher,
                usage: key.usage,
                id: key.id,
                check_value: value.map_or([0; 3], |value| key_check_value(key.algorithm, &value)),
                tries_left: (key.tries > 0).then(|| key.tries_left(&self.memory)),
            }
        });
        PsamInventory {
            atr: store::atr(&self.memory).to_vec(),
            free: Store::free(&self.memory),
            files: files.collect(),
            keys: keys.collect(),
        }
    }
}

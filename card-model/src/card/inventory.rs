//! What is inside a simulated card, without any secret: for `ssc card info`.

use super::Card;
use super::file_system::FileSystem;
use super::identity;
use super::object::{EfStructure, KeyType};
use crate::crypto::Algorithm;

/// Stage of a card's life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LifeCycle {
    /// MF and transport key only.
    Blank = 0x00,
    /// Files are being created.
    Structure = 0x01,
    /// Some environment is activated.
    Operational = 0x03,
    /// CARD BLOCK was executed.
    Blocked = 0x0F,
}

/// An elementary file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileInfo {
    /// File identifiers from below the MF, such as `DDF1/DF01/EF05`.
    pub path: String,
    /// File identifiers as numbers, DFs from below the MF and the EF last.
    pub fids: Vec<u16>,
    /// Structure.
    pub structure: EfStructure,
    /// Size of the contents in bytes.
    pub size: usize,
    /// Number of records; 0 for files without records.
    pub records: u8,
}

/// A key or the PIN, without its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyInfo {
    /// File identifiers of its DF from below the MF; empty for the MF.
    pub fids: Vec<u16>,
    /// Type.
    pub kind: KeyType,
    /// Identifier.
    pub id: u8,
    /// Version.
    pub version: u8,
    /// Tries left; `None` for a key that is never locked.
    pub tries_left: Option<u8>,
}

/// Contents of a card as a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inventory {
    /// Label of the card maker: name of a profile.
    pub label: String,
    /// Cipher.
    pub algorithm: Algorithm,
    /// T1–TD.
    pub historical: [u8; 13],
    /// Answer to reset on contacts.
    pub atr: Vec<u8>,
    /// Answer to select of the contactless interface; empty without an antenna.
    pub ats: Vec<u8>,
    /// Stage of life.
    pub life_cycle: LifeCycle,
    /// Free memory in bytes.
    pub free: usize,
    /// Elementary files in order of creation.
    pub files: Vec<FileInfo>,
    /// Keys and PIN in order of creation.
    pub keys: Vec<KeyInfo>,
}

impl Card {
    /// Lists what is inside.
    pub fn inventory(&self) -> Inventory {
        let files = self.files.efs.iter().map(|ef| {
            let mut fids = self.fids(ef.df);
            fids.push(ef.fid);
            FileInfo {
                path: fids
                    .iter()
                    .map(|fid| format!("{fid:04X}"))
                    .collect::<Vec<_>>()
                    .join("/"),
                fids,
                structure: ef.structure,
                size: ef.size,
                records: ef.usage(&self.memory).records,
            }
        });
        let keys = self.files.keys.iter().map(|key| KeyInfo {
            fids: self.fids(key.df),
            kind: key.kind,
            id: key.id,
            version: key.version,
            tries_left: (key.tries > 0).then(|| key.tries_left(&self.memory)),
        });
        Inventory {
            label: identity::label(&self.memory),
            algorithm: identity::algorithm(&self.memory),
            historical: identity::historical(&self.memory),
            atr: identity::atr(&self.memory),
            ats: identity::ats(&self.memory),
            life_cycle: self.life_cycle(),
            free: FileSystem::free(&self.memory),
            files: files.collect(),
            keys: keys.collect(),
        }
    }

    /// Stage of life, from what is there.
    pub fn life_cycle(&self) -> LifeCycle {
        let mut dfs = 0..self.files.dfs.len();
        if identity::is_card_blocked(&self.memory) {
            LifeCycle::Blocked
        } else if dfs.any(|df| self.files.is_activated(&self.memory, df)) {
            LifeCycle::Operational
        } else if self.files.dfs.len() > 1 || !self.files.efs.is_empty() {
            LifeCycle::Structure
        } else {
            LifeCycle::Blank
        }
    }

    fn fids(&self, df: usize) -> Vec<u16> {
        let mut fids = Vec::new();
        let mut current = df;
        while current != 0 {
            fids.push(self.files.dfs[current].fid);
            current = self.files.dfs[current].parent;
        }
        fids.reverse();
        fids
    }
}

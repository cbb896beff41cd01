//! CREATE KEY and CHANGE KEY, and what they share with updates: the MAC under a master key.

use super::object::{NewKey, Place};
use super::session::Session;
use super::usage::{KeyKind, Usage};
use super::{Psam, Reply, Stop, store};
use crate::apdu::Apdu;
use crate::crypto::{Algorithm, decrypt_data, key_loading_mac};
use crate::secret::{Key, equal};
use crate::status::StatusWord as Sw;
use zeroize::Zeroizing;

/// Bytes of a key record before the key.
pub const KEY_HEADER: usize = 8;

/// P2 of CHANGE KEY for the master key of the current dedicated file.
pub const MASTER_KEY_FILE: u8 = 0x00;

/// Identifiers from here on are reserved (STD-P9 table A1).
const RESERVED: u8 = 0xC0;

/// A key as CREATE KEY and CHANGE KEY carry it (`spec/commands.md` §2.7): usage, identifier or version, 00, algorithm, rights
/// 0000, 0000, key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRecord {
    /// Usage; `None` for the master key, whose usage byte and identifier are 00.
    pub usage: Option<Usage>,
    /// Identifier, for a purchase key its version.
    pub id: u8,
    /// Cipher.
    pub algorithm: Algorithm,
    /// Value.
    pub key: Key,
}

impl KeyRecord {
    /// The record's bytes.
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let usage = self.usage.map_or(0, Usage::byte);
        let algorithm = algorithm_byte(self.algorithm, self.key.length());
        let mut bytes = Zeroizing::new(Vec::with_capacity(KEY_HEADER + 16));
        bytes.extend([usage, self.id, 0, algorithm, 0, 0, 0, 0]);
        bytes.extend_from_slice(self.key.expose());
        bytes
    }

    /// Reads a record; `None` if a field has no meaning or the length of the key is not that of its cipher.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (header, value) = bytes.split_first_chunk::<KEY_HEADER>()?;
        let [usage, id, 0, algorithm, 0, 0, 0, 0] = *header else {
            return None;
        };
        let key = Key::new(value).ok()?;
        let algorithm = [Algorithm::TripleDes, Algorithm::Sm4]
            .into_iter()
            .find(|known| algorithm_byte(*known, key.length()) == algorithm)?;
        if algorithm == Algorithm::Sm4 && key.length() != 16 || id >= RESERVED {
            return None;
        }
        let usage = match (usage, id) {
            (0, 0) => None,
            _ => Some(Usage::from_byte(usage)?),
        };
        Some(Self {
            usage,
            id,
            algorithm,
            key,
        })
    }
}

/// Algorithm in a key record: 00 3DES, 01 DES; 03 SM4 is not in the sheet, which is older (ours, after tag 9F0C).
fn algorithm_byte(algorithm: Algorithm, length: u8) -> u8 {
    match (algorithm, length) {
        (Algorithm::TripleDes, 8) => 0x01,
        (Algorithm::TripleDes, _) => 0x00,
        (Algorithm::Sm4, _) => 0x03,
    }
}

impl Psam {
    pub(super) fn load_key(
        &mut self,
        session: &mut Session,
        apdu: &Apdu<'_>,
        change: bool,
        file: u8,
        cipher: &[u8],
        mac: &[u8],
    ) -> Result<Reply, Stop> {
        let df = session.df;
        let place = match file {
            MASTER_KEY_FILE => Place::Master(df),
            _ => {
                let mut efs = self.store.efs.iter();
                let ef = efs.position(|ef| ef.df == df && ef.fid == u16::from(file) && ef.key_level().is_some());
                Place::File(ef.ok_or(Sw::FILE_NOT_FOUND)?)
            }
        };
        let (algorithm, master) = self.check_master_mac(session, apdu, cipher, mac)?;
        if !cipher.len().is_multiple_of(algorithm.block()) {
            return Err(Sw::WRONG_LENGTH.into());
        }
        let plain = Zeroizing::new(decrypt_data(algorithm, &master, cipher).ok_or(Sw::WRONG_DATA)?);
        let record = KeyRecord::from_bytes(&plain).ok_or(Sw::WRONG_DATA)?;
        let is_master = matches!(place, Place::Master(_));
        if record.algorithm != algorithm
            || record.usage.is_none() != is_master
            || is_master && record.key.length() != 16
        {
            return Err(Sw::WRONG_DATA.into());
        }
        let here = |key: &super::object::KeyEntry| match (key.place, place) {
            // One application holds a usage and identifier once, whatever the file.
            (Place::File(a), Place::File(b)) => {
                self.store.efs[a].df == self.store.efs[b].df && key.usage == record.usage && key.id == record.id
            }
            (a, b) => a == b,
        };
        let same = self.store.keys.iter().position(here);
        match (same, change) {
            (Some(_), false) => return Err(Sw::FILE_EXISTS.into()),
            (None, true) => return Err(Sw::REFERENCE_NOT_FOUND.into()),
            (None, false) => {
                let purchase = record.usage.is_some_and(|usage| usage.kind == KeyKind::Purchase);
                let key = NewKey {
                    usage: record.usage,
                    id: record.id,
                    algorithm,
                    tries: if purchase {
                        store::purchase_tries(&self.memory)
                    } else {
                        0
                    },
                    value: &record.key,
                };
                self.store.create_key(&mut self.memory, place, &key)?;
            }
            (Some(index), true) => {
                let key = &self.store.keys[index];
                if key.place != place {
                    return Err(Sw::REFERENCE_NOT_FOUND.into());
                }
                key.replace(&mut self.memory, &record.key)?;
            }
        }
        // A working key may stem from the value that was replaced.
        session.delivered = None;
        session.purchase = None;
        Ok(Reply::new())
    }

    /// Checks the MAC of a key-loading or update command: master key of the current dedicated file, initial value = the
    /// challenge, which is used up. The try is spent before the comparison, so that pulling the PSAM cannot give it back.
    pub(super) fn check_master_mac(
        &mut self,
        session: &mut Session,
        apdu: &Apdu<'_>,
        data: &[u8],
        mac: &[u8],
    ) -> Result<(Algorithm, Key), Stop> {
        let df = session.df;
        if self.store.dfs[df].cipher.algorithm().is_none() {
            return Err(self.not_public(df, Sw::CONDITIONS_NOT_SATISFIED));
        }
        let master = self.store.master_key(df).ok_or(Sw::REFERENCE_NOT_FOUND)?;
        if master.is_locked(&self.memory) {
            return Err(Sw::AUTHENTICATION_BLOCKED.into());
        }
        let challenge = session.challenge.take().ok_or(Sw::REFERENCE_DATA_INVALID)?;
        let algorithm = master.algorithm;
        let key = master.value(&self.memory).ok_or(Sw::REFERENCE_NOT_FOUND)?;
        let left = master.tries_left(&self.memory);
        master.set_tries(&mut self.memory, left.saturating_sub(1))?;
        if !equal(&key_loading_mac(algorithm, &key, &challenge, &apdu.header, data), mac) {
            return Err(Sw::SECURE_MESSAGING_WRONG.into());
        }
        master.set_tries(&mut self.memory, master.tries)?;
        Ok((algorithm, key))
    }
}

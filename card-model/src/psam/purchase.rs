//! INIT SAM FOR PURCHASE and CREDIT SAM FOR PURCHASE (STD-P9; `spec/commands.md` §2.7, §5).

use super::command::PURCHASE;
use super::delivery::diversified;
use super::description::FileRole;
use super::session::{Purchase, Session};
use super::usage::KeyKind;
use super::{Psam, Reply, Stop};
use crate::crypto::{Algorithm, SessionKey};
use crate::secret::equal;
use crate::status::StatusWord as Sw;

/// The one answer to a wrong MAC2, whatever number of tries is left.
const WRONG_MAC2: Sw = Sw(0x63CF);

/// Data of INIT SAM FOR PURCHASE as byte ranges.
mod field {
    use core::ops::Range;
    pub const RANDOM: Range<usize> = 0..4;
    pub const CARD_SEQUENCE: Range<usize> = 4..6;
    pub const AMOUNTS: Range<usize> = 6..18;
    pub const AMOUNTS_AND_TYPE: Range<usize> = 6..19;
    pub const TIME: Range<usize> = 19..26;
    pub const KEY_VERSION: usize = 26;
    pub const ALGORITHM: usize = 27;
}

impl Psam {
    /// INIT SAM FOR PURCHASE: the next transaction number of the terminal and the MAC1 of a purchase. The number is safe in
    /// memory before MAC1 leaves, so that no two purchases share one.
    pub(super) fn init_purchase(
        &mut self,
        session: &mut Session,
        purchase: &[u8; PURCHASE],
        factors: &[u8],
    ) -> Result<Reply, Stop> {
        session.delivered = None;
        session.purchase = None;
        let df = session.df;
        if self.store.dfs[df].cipher.algorithm().is_none() {
            return Err(self.not_public(df, Sw::KEY_INDEX_NOT_SUPPORTED));
        }
        let version = purchase[field::KEY_VERSION];
        let (index, entry) = self
            .store
            .keys
            .iter()
            .enumerate()
            .find(|(_, key)| self.store.is_key_of(key, df, KeyKind::Purchase, version))
            .ok_or(Sw::KEY_INDEX_NOT_SUPPORTED)?;
        let missing = || Sw::FILE_NOT_FOUND;
        let counter = self.store.file(df, FileRole::TransactionNumber).ok_or_else(missing)?;
        let environment = self.store.environment(df);
        let terminal = self
            .store
            .file(environment, FileRole::TerminalNumber)
            .ok_or_else(missing)?;
        if entry.is_locked(&self.memory) {
            return Err(Sw::AUTHENTICATION_BLOCKED.into());
        }
        let levels = entry.usage.map_or(0, |usage| usage.levels);
        if factors.len() != usize::from(levels) * 8 || !names_cipher(purchase[field::ALGORITHM], entry.algorithm) {
            return Err(Sw::WRONG_DATA.into());
        }
        let root = entry.value(&self.memory).ok_or(Sw::KEY_INDEX_NOT_SUPPORTED)?;
        let key = diversified(session, entry.algorithm, root, factors)?;
        let number = self.memory.word(counter.contents_address()).checked_add(1);
        let number = number.ok_or(Sw::COUNTER_FULL)?.to_be_bytes();
        let factor = [&purchase[field::RANDOM], &purchase[field::CARD_SEQUENCE], &number[2..]].concat();
        let session_key = SessionKey::derive(entry.algorithm, &key, &factor);
        let message = [
            &purchase[field::AMOUNTS_AND_TYPE],
            terminal.contents(&self.memory),
            &purchase[field::TIME],
        ]
        .concat();
        let mac1 = session_key.mac(&[], &message);
        let counter = counter.contents_address();
        self.memory.commit(&[(counter, &number)])?;
        session.purchase = Some(Purchase {
            key: index,
            mac: session_key.mac(&[], &purchase[field::AMOUNTS]),
        });
        Ok(number.into_iter().chain(mac1).collect())
    }

    /// CREDIT SAM FOR PURCHASE: the card's MAC2. Each wrong one costs a try of the purchase key, spent before the
    /// comparison; a right one gives all tries back.
    pub(super) fn credit_purchase(&mut self, session: &mut Session, mac: &[u8]) -> Result<Reply, Stop> {
        let purchase = session.purchase.take().ok_or(Sw::INVALID_STATE)?;
        let key = &self.store.keys[purchase.key];
        let left = key.tries_left(&self.memory);
        key.set_tries(&mut self.memory, left.saturating_sub(1))?;
        if !equal(&purchase.mac, mac) {
            return Err(WRONG_MAC2.into());
        }
        key.set_tries(&mut self.memory, key.tries)?;
        Ok(Reply::new())
    }
}

/// Whether the algorithm byte that a card gave names the cipher of the key: 00 or 01 for DES and 3DES, 03 for SM4.
fn names_cipher(byte: u8, algorithm: Algorithm) -> bool {
    match algorithm {
        Algorithm::TripleDes => byte <= 1,
        Algorithm::Sm4 => byte == Algorithm::Sm4.identifier(),
    }
}

//! What a PSAM remembers while it has power.

use super::usage::KeyKind;
use crate::crypto::{MacChain, SessionKey};
use crate::exchange::{Challenge, Waiting};
use arrayvec::ArrayVec;
use zeroize::Zeroize;

/// Volatile state; a reset makes it new.
#[derive(Default)]
pub struct Session {
    /// Current dedicated file; after a reset the master file.
    pub df: usize,
    /// Current elementary file.
    pub ef: Option<usize>,
    /// Current record of the directory, from 1.
    pub record: Option<u8>,
    /// The newest challenge; used once.
    pub challenge: Option<Challenge>,
    /// Data that waits for GET RESPONSE.
    pub waiting: Waiting,
    /// Last name that was selected and where, for "next occurrence".
    pub search: Option<(ArrayVec<u8, 16>, usize)>,
    /// Province of the card, by INITIALIZE ENVIRONMENT: two packed digits.
    pub province: Option<u8>,
    /// The key of DELIVERY SESSION KEY.
    pub delivered: Option<Delivered>,
    /// A purchase that waits for its MAC2.
    pub purchase: Option<Purchase>,
}

/// A working key for CIPHER DATA.
pub struct Delivered {
    /// What it may do.
    pub kind: KeyKind,
    /// The key.
    pub key: SessionKey,
    /// A MAC whose data is not yet complete.
    pub chain: Option<MacChain>,
}

/// A purchase between INIT SAM FOR PURCHASE and CREDIT SAM FOR PURCHASE.
pub struct Purchase {
    /// Index of the purchase key.
    pub key: usize,
    /// The MAC2 that the card must give.
    pub mac: [u8; crate::crypto::MAC_LENGTH],
}

impl Session {
    /// Makes a dedicated file current. Everything that belongs to another one is forgotten.
    pub fn enter(&mut self, df: usize) {
        self.ef = None;
        self.record = None;
        self.delivered = None;
        self.purchase = None;
        if self.df != df {
            self.df = df;
            self.challenge = None;
            self.province = None;
        }
    }

    /// Makes an elementary file current.
    pub fn open(&mut self, ef: usize) {
        if self.ef != Some(ef) {
            self.record = None;
        }
        self.ef = Some(ef);
    }
}

impl Drop for Purchase {
    fn drop(&mut self) {
        self.mac.zeroize();
    }
}

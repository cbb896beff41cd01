//! What the card forgets when the power goes.

use super::Interface;
use super::command::Purchase;
use super::condition::KeySet;
use crate::crypto::{LoadingKey, SessionKey};
use crate::exchange::{Challenge, Waiting};
use crate::secret::Key;
use crate::sm2::{PrivateKey, PublicKey};
use arrayvec::ArrayVec;

/// A transaction of the medical account between INITIALIZE and the command that completes it.
#[derive(Clone)]
pub enum Transaction {
    /// State "load".
    Load {
        /// SESLK.
        session_key: SessionKey,
        /// Fen, big endian.
        amount: [u8; 4],
        /// Terminal number.
        terminal: [u8; 6],
    },
    /// State "purchase".
    Purchase {
        /// Key index of the DPK.
        index: u8,
        /// The card's random number.
        random: [u8; 4],
        /// Amounts and terminal.
        purchase: Purchase,
    },
}

/// An encryption pair on its way into the card. Files are named by their index.
#[derive(Clone, Default)]
pub struct Import {
    /// Key that the private key is encrypted under.
    pub key: Option<Key>,
    /// The public key, waiting for its private key.
    pub public: Option<(usize, PublicKey)>,
    /// The private key, waiting for its public key.
    pub private: Option<(usize, PrivateKey)>,
}

/// Volatile state between power-on and power-off.
#[derive(Clone)]
pub struct Session {
    /// Interface the card was powered through.
    pub interface: Interface,
    /// Index of the current DF.
    pub df: usize,
    /// Index of the current EF.
    pub ef: Option<usize>,
    /// Number of the current record.
    pub record: Option<u8>,
    /// The newest challenge, until it is used or another DF is selected.
    pub challenge: Option<Challenge>,
    /// Environments (indexes of DDFs) whose PIN was verified since power-on.
    pub verified: ArrayVec<usize, 8>,
    /// Keys authenticated since the current DF was selected.
    pub keys: KeySet,
    /// Whether the master key of the current DF was authenticated.
    pub master: bool,
    /// The master key under which keys were loaded last, prepared; compared with the stored key before it is used.
    pub loading: Option<LoadingKey>,
    /// State of the medical account; `None` is "idle" (STD-P5 table 49).
    pub transaction: Option<Transaction>,
    /// Public key file named for export.
    pub export: Option<usize>,
    /// Import of an encryption pair.
    pub import: Import,
    /// Response data waiting for GET RESPONSE.
    pub waiting: Waiting,
    /// Name and last hit of a SELECT by name, for the next occurrence.
    pub search: Option<(ArrayVec<u8, 16>, usize)>,
}

impl Session {
    /// The state after power-on: the MF is current, nothing is satisfied.
    pub fn new(interface: Interface) -> Self {
        Self {
            interface,
            df: 0,
            ef: None,
            record: None,
            challenge: None,
            verified: ArrayVec::new(),
            keys: KeySet::default(),
            master: false,
            loading: None,
            transaction: None,
            export: None,
            import: Import::default(),
            waiting: Waiting::default(),
            search: None,
        }
    }

    /// Makes a DF current. Key states and challenge belong to the DF they were made in; reselecting it keeps them
    /// (STD-P5 §6.11, STD-P7 §6.6). The PIN state stays until power-off (STD-P7 §5.8).
    pub fn enter(&mut self, df: usize) {
        self.ef = None;
        self.record = None;
        if self.df != df {
            self.df = df;
            self.keys = KeySet::default();
            self.master = false;
            self.challenge = None;
            self.export = None;
            self.import = Import::default();
        }
    }

    /// Makes an EF current; the record pointer is reset.
    pub fn open(&mut self, ef: usize) {
        self.ef = Some(ef);
        self.record = None;
    }

    /// Remembers that the PIN of an environment was verified, or forgets it.
    pub fn set_verified(&mut self, environment: usize, verified: bool) {
        self.verified.retain(|e| *e != environment);
        if verified {
            // A ninth environment is not remembered: it stays unverified.
            let _ = self.verified.try_push(environment);
        }
    }
}

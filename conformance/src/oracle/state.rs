//! What the oracle knows of a card.

use super::expect::{Request, Waiting};
use crate::rule::States;
use card_model::card::Interface;
use card_model::profile::{Access, Profile};
use std::collections::{BTreeMap, BTreeSet};

/// Contents of an elementary file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Contents {
    /// All bytes of a transparent file.
    Bytes(Vec<u8>),
    /// Records by number from 1.
    Records(Vec<Vec<u8>>),
    /// Not to be read by anybody.
    Internal,
}

/// The medical account. Amounts in fen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Account {
    /// Sequence numbers of loads and of purchases.
    pub sequences: [u16; 2],
    /// Personal account.
    pub balance: u32,
    /// Paid by the holder and by the pooled fund in the pay year.
    pub totals: [u32; 2],
    /// Pay year, BCD.
    pub year: u16,
    /// Starting day, BCD mmdd.
    pub day: u16,
    /// The last transaction: type, sequence number, MAC, TAC.
    pub proof: Option<(u8, u16, [u8; 4], [u8; 4])>,
    /// Whether there was a transaction whose codes the oracle could not compute.
    pub proof_open: bool,
}

/// What stays without power.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Learnt {
    /// Contents by dedicated file (index in the profile) and file identifier.
    pub files: BTreeMap<(usize, u16), Contents>,
    /// The PIN of each environment, and the tries left. `None`: a PIN that the oracle does not know.
    pub pins: BTreeMap<usize, (Option<Vec<u8>>, u8)>,
    /// Tries left by dedicated file, key identifier and version; keys that are never locked are not in.
    pub tries: BTreeMap<(usize, u8, u8), u8>,
    /// Blocked applications.
    pub blocked: BTreeSet<usize>,
    /// Whether the card is blocked.
    pub card_blocked: bool,
    /// The account of the medical application.
    pub account: Account,
}

/// A thing that is so, is not, or may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Surely {
    /// It is not so.
    #[default]
    No,
    /// It may be so.
    Maybe,
    /// It is so.
    Yes,
}

/// A transaction between INITIALIZE and what completes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transaction {
    /// Whether it is a load.
    pub load: bool,
    /// Key index.
    pub index: u8,
    /// Amounts of the command: one of a load, three of a purchase.
    pub amounts: Vec<u8>,
    /// Terminal number.
    pub terminal: Vec<u8>,
    /// The card's random number, once it was seen.
    pub random: Option<[u8; 4]>,
}

/// The whole state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// What stays without power.
    pub learnt: Learnt,
    /// The interface.
    pub interface: Interface,
    /// The current dedicated file.
    pub df: usize,
    /// The current elementary file.
    pub ef: Option<u16>,
    /// Files of which one may be the current one instead; then `ef` is not sure.
    pub ef_or: Vec<u16>,
    /// The current record.
    pub record: Option<usize>,
    /// The newest challenge, and whether it is still there.
    pub challenge: (Vec<u8>, Surely),
    /// Environments whose PIN was verified.
    pub verified: BTreeMap<usize, Surely>,
    /// Keys authenticated in the current dedicated file, by identifier.
    pub keys: BTreeMap<u8, Surely>,
    /// A transaction that was begun.
    pub transaction: Option<Transaction>,
    /// Data that wait for GET RESPONSE.
    pub waiting: Option<Waiting>,
    /// Whether they surely do.
    pub waiting_sure: bool,
    /// Name and dedicated file of the last SELECT by name.
    pub search: Option<(Vec<u8>, usize)>,
}

impl State {
    /// A card that has just been powered.
    pub fn new(learnt: Learnt, interface: Interface) -> Self {
        Self {
            learnt,
            interface,
            df: 0,
            ef: None,
            ef_or: Vec::new(),
            record: None,
            challenge: (Vec::new(), Surely::No),
            verified: BTreeMap::new(),
            keys: BTreeMap::new(),
            transaction: None,
            waiting: None,
            waiting_sure: true,
            search: None,
        }
    }

    /// Power went and came: what was learnt stays.
    pub fn reset(&mut self, interface: Interface) {
        *self = Self::new(core::mem::take(&mut self.learnt), interface);
    }

    /// Whether the current application is blocked.
    pub fn blocked(&self) -> bool {
        self.learnt.blocked.contains(&self.df)
    }

    /// Another or the same dedicated file is selected (STD-P5 §6.11, STD-P7 §6.6).
    pub fn enter(&mut self, df: usize) {
        self.open(None);
        if self.df != df {
            self.df = df;
            self.keys.clear();
            self.challenge.1 = Surely::No;
        }
    }

    /// Makes an elementary file current, or none; the record pointer is reset.
    pub fn open(&mut self, fid: Option<u16>) {
        (self.ef, self.record) = (fid, None);
        self.ef_or.clear();
    }

    /// A command whose form was wrong.
    pub fn refused_command(&mut self) {
        self.waiting_sure = false;
        self.transaction = None;
    }

    /// The challenge may have been used up.
    pub fn doubt_challenge(&mut self) {
        if self.challenge.1 == Surely::Yes {
            self.challenge.1 = Surely::Maybe;
        }
    }

    /// A command that the oracle cannot judge: what it may have changed is open.
    pub fn doubt(&mut self, request: &Request<'_>) {
        self.doubt_challenge();
        if request.ins == 0x84 {
            // A challenge that the oracle did not look at.
            self.challenge = (Vec::new(), Surely::No);
        }
        if matches!(request.ins, 0xB2 | 0xDC | 0xB0 | 0xD6) {
            self.ef_or.extend(self.ef);
        }
    }

    /// Whether an access condition is met in the current dedicated file.
    pub fn meets(&self, profile: &Profile, rule: &Access) -> Surely {
        let surely = self.states(profile, |state| state == Surely::Yes);
        let perhaps = self.states(profile, |state| state != Surely::No);
        match (surely.satisfy(rule), perhaps.satisfy(rule)) {
            (true, _) => Surely::Yes,
            (false, true) => Surely::Maybe,
            (false, false) => Surely::No,
        }
    }

    /// Whether the PIN condition of the current environment is met: verified, or there is no PIN (STD-P7 §5.7).
    pub fn pin(&self, profile: &Profile) -> Surely {
        let environment = profile.environment(self.df);
        match self.learnt.pins.get(&environment) {
            Some((Some(pin), _)) if pin.is_empty() => Surely::Yes,
            Some((None, _)) => Surely::Maybe,
            _ => self.verified.get(&environment).copied().unwrap_or_default(),
        }
    }

    fn states(&self, profile: &Profile, counts: impl Fn(Surely) -> bool) -> States {
        let environment = profile.environment(self.df);
        let keys = self
            .keys
            .iter()
            .filter(|(_, state)| counts(**state))
            .flat_map(|(id, _)| {
                let at = if id & 0x80 == 0 { environment } else { self.df };
                let keys = profile.dedicated_files[at].keys.iter();
                keys.filter(move |key| key.id == *id).map(|key| key.name.clone())
            });
        States::with(counts(self.pin(profile)), keys)
    }
}

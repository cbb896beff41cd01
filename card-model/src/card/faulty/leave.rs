//! Defects in what a command leaves behind: a state that should be gone, a counter that should have moved, bytes that should
//! have been written.

use super::super::object::KeyType;
use super::super::session::{Session, Transaction};
use super::super::{Card, Response};
use super::account::{self, write};
use crate::apdu::Apdu;
use serde::Deserialize;

/// What is wrong after the command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Leave {
    /// The challenge from before is still there.
    KeepChallenge,
    /// The authenticated keys from before still count.
    KeepKeys,
    /// The PIN counts as verified if it did before, and only then.
    KeepVerified,
    /// The elementary file from before is still the current one.
    KeepFile,
    /// The record pointer from before is still there.
    KeepRecord,
    /// The transaction that was begun is still open.
    KeepTransaction,
    /// The answer that waited for GET RESPONSE still waits.
    KeepWaiting,
    /// The import key from before can be used again.
    KeepImport,
    /// The memory is as before.
    KeepMemory,
    /// All try counters are as before.
    KeepTries,
    /// The challenge is gone.
    DropChallenge,
    /// No key counts as authenticated.
    DropKeys,
    /// No key counts as authenticated, where the dedicated file stayed the same.
    DropKeysOnReselect,
    /// The PIN does not count as verified.
    DropVerified,
    /// No elementary file is current.
    DropFile,
    /// The MF is current.
    DropDedicatedFile,
    /// The transaction that was begun is gone.
    DropTransaction,
    /// All keys count as authenticated.
    AllKeys,
    /// A try that was spent is spent twice.
    SpendTwice,
    /// The PIN's counter is one lower.
    SpendPin,
    /// The PIN's counter is one higher than its most.
    FillTooMuch,
    /// A counter that came down to one try is locked.
    LockEarly,
    /// All applications of the environment are blocked.
    BlockAll,
    /// The personal account holds one fen more.
    BalanceMore,
    /// The personal account holds one fen less.
    BalanceLess,
    /// The holder's own payment is taken from the personal account too.
    BalanceWithSelfPaid,
    /// The sequence numbers are as before.
    KeepSequence,
    /// The yearly totals are as before.
    KeepTotals,
    /// The totals of a new year go on from the old ones.
    TotalsGoOn,
    /// The log is as before.
    KeepLog,
    /// The record in the log has the other transaction type.
    LogType,
    /// The amounts in the log record are 00.
    LogAmounts,
    /// The transaction proof is as before.
    KeepProof,
    /// The new PIN is stored as it came although it is none.
    AnyPin,
}

impl Leave {
    /// Changes what the command left, and the answer where it tells of it.
    pub fn apply(self, card: &mut Card, before: &Card, command: &[u8], answer: &mut Response) {
        let (Some(session), Some(old)) = (card.session.as_deref_mut(), before.session.as_deref()) else {
            return;
        };
        match self {
            Self::KeepChallenge
            | Self::KeepKeys
            | Self::KeepVerified
            | Self::KeepFile
            | Self::KeepRecord
            | Self::KeepTransaction
            | Self::KeepWaiting
            | Self::KeepImport => self.keep(session, old),
            Self::DropChallenge => session.challenge = None,
            Self::DropKeys => session.keys = Default::default(),
            Self::DropKeysOnReselect if session.df == old.df => session.keys = Default::default(),
            Self::DropKeysOnReselect => {}
            Self::DropVerified => session.verified.clear(),
            Self::DropFile => session.ef = None,
            Self::DropDedicatedFile => session.enter(0),
            Self::DropTransaction => session.transaction = None,
            Self::AllKeys => (0..=u8::MAX)
                .filter(|id| id & 0x60 == 0)
                .for_each(|id| session.keys.insert(id)),
            Self::BlockAll => {
                let environment = card.files.environment(session.df);
                for df in 0..card.files.dfs.len() {
                    if card.files.dfs[df].parent == environment && df != environment {
                        // A card that lost its power here is found so by the next power-on.
                        let _ = card.files.block(&mut card.memory, df);
                    }
                }
            }
            Self::KeepMemory => card.memory = before.memory.clone(),
            Self::KeepTries | Self::SpendTwice | Self::SpendPin | Self::FillTooMuch | Self::LockEarly => {
                self.counters(card, before, answer);
            }
            Self::AnyPin => store_any_pin(card, before, command, answer),
            _ => self.account(card, before),
        }
    }

    fn keep(self, session: &mut Session, old: &Session) {
        match self {
            Self::KeepChallenge if old.challenge.is_some() => session.challenge.clone_from(&old.challenge),
            Self::KeepKeys => session.keys = old.keys,
            Self::KeepVerified => session.verified.clone_from(&old.verified),
            Self::KeepFile => session.ef = old.ef,
            Self::KeepRecord => session.record = old.record,
            Self::KeepTransaction if old.transaction.is_some() => session.transaction.clone_from(&old.transaction),
            Self::KeepWaiting => session.waiting = old.waiting.clone(),
            Self::KeepImport => session.import = old.import.clone(),
            _ => {}
        }
    }

    fn counters(self, card: &mut Card, before: &Card, answer: &mut Response) {
        for key in &card.files.keys {
            let (was, is) = (key.tries_left(&before.memory), key.tries_left(&card.memory));
            let left = match self {
                Self::KeepTries => was,
                Self::SpendTwice if is < was => is.saturating_sub(1),
                Self::LockEarly if is == 1 && was == 2 => 0,
                Self::SpendPin if key.kind == KeyType::Pin => is.saturating_sub(1),
                Self::FillTooMuch if key.kind == KeyType::Pin => key.tries + 1,
                _ => is,
            };
            if left != is {
                // A card that lost its power here is found so by the next power-on.
                let _ = key.set_tries(&mut card.memory, left);
                if answer.sw & 0xFFF0 == 0x63C0 {
                    answer.sw = 0x63C0 | u16::from(left);
                }
            }
        }
    }

    fn account(self, card: &mut Card, before: &Card) {
        let (Some(at), Some(log)) = (account::amounts(card), account::log(card)) else {
            return;
        };
        let balance = card.memory.word(at + 4);
        match self {
            Self::BalanceMore => write(card, at + 4, &balance.wrapping_add(1).to_be_bytes()),
            Self::BalanceLess => write(card, at + 4, &balance.wrapping_sub(1).to_be_bytes()),
            Self::BalanceWithSelfPaid => {
                if let Some(Transaction::Purchase { purchase, .. }) = transaction(before) {
                    let less = balance.saturating_sub(u32::from_be_bytes(purchase.self_paid));
                    write(card, at + 4, &less.to_be_bytes());
                }
            }
            Self::KeepSequence => write(card, at, before.memory.read(at, 4)),
            Self::KeepTotals => write(card, at + 8, before.memory.read(at + 8, 8)),
            Self::TotalsGoOn if before.memory.half(at + 16) != card.memory.half(at + 16) => {
                for total in [at + 8, at + 12] {
                    let sum = before.memory.word(total).saturating_add(card.memory.word(total));
                    write(card, total, &sum.to_be_bytes());
                }
            }
            Self::KeepProof => {
                let proof = at + super::super::account::AMOUNTS;
                write(card, proof, before.memory.read(proof, super::super::account::PROOF));
            }
            Self::KeepLog => {
                let ef = &card.files.efs[log];
                let (address, length) = (ef.address, ef.body + ef.size - ef.address);
                write(card, address, before.memory.read(address, length));
            }
            Self::LogType | Self::LogAmounts => {
                let ef = &card.files.efs[log];
                let slot = ef.body + usize::from(ef.usage(&card.memory).newest) * usize::from(ef.record_length);
                match self {
                    Self::LogType => {
                        let other = card.memory.byte(slot + 2) ^ (b'1' ^ b'2');
                        write(card, slot + 2, &[other]);
                    }
                    _ => write(card, slot + 16, &[0; 4]),
                }
            }
            _ => {}
        }
    }
}

fn transaction(card: &Card) -> Option<&Transaction> {
    card.session.as_deref()?.transaction.as_ref()
}

/// CHANGE PIN whose old PIN is right stores whatever the new one is.
fn store_any_pin(card: &mut Card, before: &Card, command: &[u8], answer: &mut Response) {
    let mut store = || -> Option<()> {
        let session = before.session.as_deref()?;
        let apdu = Apdu::parse(command)?;
        let separator = apdu.data.iter().position(|byte| *byte == 0xFF)?;
        let environment = card.files.environment(session.df);
        let pin = card.find_key(environment, |key| key.kind == KeyType::Pin)?;
        let pin = &card.files.keys[pin];
        let new = apdu.data.get(separator + 1..)?;
        if pin.value(&card.memory) != &apdu.data[..separator] || new.len() > 8 {
            return None;
        }
        pin.replace(&mut card.memory, new).ok()
    };
    if store().is_some() {
        answer.sw = 0x9000;
    }
}

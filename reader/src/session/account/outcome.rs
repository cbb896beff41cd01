//! What became of a transaction whose end nobody saw: the card was pulled, the line broke (`spec/commands.md` §1.3, STD-P7 §14).

use super::{Amounts, LogEntry, Proof, Receipt, TransactionKind, part};
use crate::error::ReaderError;
use crate::security::AccountHost;
use crate::session::Session;
use card_model::profile::KeyRole;
use card_model::status::StatusWord;

/// What the card says about a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome {
    /// Whether the money moved.
    pub moved: bool,
    /// MAC and TAC, if it was the last transaction of the card.
    pub proof: Option<Proof>,
    /// Its record in the log, if it still is there.
    pub entry: Option<LogEntry>,
}

impl Session<'_> {
    /// Whether the transaction with this sequence number moved money. The card counts a number up in the same step that moves
    /// the money, so a number below the next one is a transaction that happened.
    ///
    /// # Errors
    /// No account, the PIN is missing, or the card refused.
    pub fn outcome(&mut self, kind: TransactionKind, sequence: u16) -> Result<Outcome, ReaderError> {
        let proof = self.proof(kind, sequence)?;
        let log = self.history()?;
        let entry = log
            .into_iter()
            .find(|entry| entry.kind == Some(kind) && entry.sequence == sequence);
        let moved = proof.is_some() || entry.is_some() || self.next_sequence(kind)?.is_none_or(|next| sequence < next);
        Ok(Outcome { moved, proof, entry })
    }

    /// Whether the proof of an outcome is genuine: its TAC is the one the host computes from the log. `None` where there is
    /// nothing to compare: the proof or the record is gone, or of a settlement the terminal's number is not known.
    ///
    /// # Errors
    /// The host has no DTK, the PIN is missing, or the card refused.
    pub fn check_outcome(
        &mut self,
        outcome: &Outcome,
        terminal_sequence: Option<u32>,
        host: &mut dyn AccountHost,
    ) -> Result<Option<bool>, ReaderError> {
        let (Some(proof), Some(entry)) = (outcome.proof, outcome.entry) else {
            return Ok(None);
        };
        let receipt = |terminal_sequence, balance| Receipt {
            sequence: entry.sequence,
            terminal_sequence,
            balance,
            tac: proof.tac,
        };
        let checked = match (entry.kind, terminal_sequence) {
            (Some(TransactionKind::Load), _) => {
                // The proof is that of the last transaction: the balance after it is the balance now.
                let balance = self.balance()?.personal;
                self.check_load(entry.amounts.personal, entry.place, &receipt(0, balance), host)
            }
            (Some(TransactionKind::Settlement), Some(number)) => {
                self.check_settlement(entry.amounts, entry.place, &receipt(number, 0), host)
            }
            (Some(TransactionKind::Settlement) | None, _) => return Ok(None),
        };
        match checked {
            Ok(()) => Ok(Some(true)),
            Err(ReaderError::FalseMac) => Ok(Some(false)),
            Err(error) => Err(error),
        }
    }

    /// The number that the next transaction of a kind will have: the card tells it when a transaction of nothing is begun,
    /// which changes nothing. `None` if all numbers are used (9402).
    ///
    /// # Errors
    /// No account, the PIN is missing, or the card refused.
    pub fn next_sequence(&mut self, kind: TransactionKind) -> Result<Option<u16>, ReaderError> {
        let df = self.enter_account(true)?;
        let role = match kind {
            TransactionKind::Load => KeyRole::Load,
            TransactionKind::Settlement => KeyRole::Purchase,
        };
        let key = self.key_with(df, role, None)?;
        let index = key.index.unwrap_or(key.id);
        let (nothing, nowhere) = (Amounts::default(), [0; 6]);
        let answer = match kind {
            TransactionKind::Load => {
                let data = [&[index][..], &nothing.personal.to_be_bytes(), &nowhere].concat();
                self.account_command::<16>(0x28, [0x00, 0x01], &data, 16)
                    .map(|answer| part(&answer, 4))
            }
            TransactionKind::Settlement => {
                let data = [&[index][..], &nothing.to_bytes(), &nowhere].concat();
                self.account_command::<22>(0x28, [0x01, 0x01], &data, 22)
                    .map(|answer| part(&answer, 14))
            }
        };
        match answer {
            Ok(bytes) => Ok(Some(u16::from_be_bytes(bytes))),
            Err(ReaderError::Refused { sw, .. }) if sw == StatusWord::COUNTER_FULL => Ok(None),
            Err(error) => Err(error),
        }
    }
}

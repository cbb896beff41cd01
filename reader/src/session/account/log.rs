//! The log of the account (医疗交易明细): what happened, newest first.

use super::{Amounts, Place, TransactionKind, part};
use crate::error::ReaderError;
use crate::session::Session;
use card_model::profile::{ElementaryFile, Structure};

/// A record of the log: sequence 2, type 1, terminal 6, time 7, then one amount or three of 4 (`spec/commands.md` §5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogEntry {
    /// What it was; `None` for a type that the standard does not know.
    pub kind: Option<TransactionKind>,
    /// Sequence number of the card: loads and settlements are counted apart.
    pub sequence: u16,
    /// Where and when.
    pub place: Place,
    /// Amounts in fen; of a load the first is what was loaded.
    pub amounts: Amounts,
}

/// Length of a record with one amount: a card that keeps a personal account only.
const SHORT: usize = 20;
/// Length of a record with three amounts.
const LONG: usize = 28;

impl LogEntry {
    /// The entry in a record; `None` for another length.
    fn parse(record: &[u8]) -> Option<Self> {
        if !matches!(record.len(), SHORT | LONG) {
            return None;
        }
        let code = record[2];
        let kinds = [TransactionKind::Load, TransactionKind::Settlement];
        Some(Self {
            kind: kinds.into_iter().find(|kind| kind.code() == code),
            sequence: u16::from_be_bytes(part(record, 0)),
            place: Place {
                terminal: part(record, 3),
                time: part(record, 9),
            },
            // Amounts that a short record does not have are nought.
            amounts: Amounts {
                personal: u32::from_be_bytes(part(record, 16)),
                self_paid: u32::from_be_bytes(part(record, 20)),
                pooled: u32::from_be_bytes(part(record, 24)),
            },
        })
    }
}

impl Session<'_> {
    /// The log of the account, newest first; a PIN is asked for if the card has one.
    ///
    /// # Errors
    /// The card has no account, the PIN is missing, or the card refused.
    pub fn history(&mut self) -> Result<Vec<LogEntry>, ReaderError> {
        let df = self.enter_account(true)?;
        let log = df
            .files
            .iter()
            .find(|file| is_log(file))
            .ok_or(ReaderError::NoAccount)?;
        let path = format!("{}/{}", df.id, log.name());
        let mut records: Vec<(u8, Vec<u8>)> = Vec::new();
        for field in self.read_path(&path)? {
            match records.last_mut() {
                Some((number, record)) if *number == field.occurrence => record.extend(field.raw),
                _ => records.push((field.occurrence, field.raw)),
            }
        }
        let malformed = || ReaderError::Answer {
            command: "READ RECORD".to_owned(),
            path: Some(path.clone()),
        };
        records
            .iter()
            .map(|(_, record)| LogEntry::parse(record).ok_or_else(malformed))
            .collect()
    }
}

/// The log is the cyclic file that nobody but the card itself writes.
fn is_log(file: &ElementaryFile) -> bool {
    matches!(file.structure, Structure::Cyclic { .. }) && file.update.is_never()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn records_of_both_lengths() {
        let record = hex::decode("0009 32 990100000001 20260401093000 000003E8 00000064 0000000A".replace(' ', ""));
        let record = record.expect("hex");
        let entry = LogEntry::parse(&record).expect("28 bytes");
        assert_eq!((entry.kind, entry.sequence), (Some(TransactionKind::Settlement), 9));
        assert_eq!(entry.place.terminal, [0x99, 0x01, 0, 0, 0, 1]);
        assert_eq!(entry.place.time, [0x20, 0x26, 0x04, 0x01, 0x09, 0x30, 0x00]);
        let Amounts {
            personal,
            self_paid,
            pooled,
        } = entry.amounts;
        assert_eq!((personal, self_paid, pooled), (1000, 100, 10));
        let short = LogEntry::parse(&record[..20]).expect("20 bytes");
        assert_eq!(short.amounts.personal, 1000);
        assert_eq!((short.amounts.self_paid, short.amounts.pooled), (0, 0));
    }

    proptest! {
        #[test]
        fn any_bytes_parse_without_panic(record in proptest::collection::vec(any::<u8>(), 0..40)) {
            prop_assert_eq!(LogEntry::parse(&record).is_some(), matches!(record.len(), 20 | 28));
        }
    }
}

//! READ BINARY, READ RECORD and UPDATE BINARY.
//!
//! All files but key files are free to read. Contents are changed with a MAC under the master key of the file's dedicated
//! file; the transaction number is written by the PSAM alone.

use super::command::{FileReference, Occurrence, RecordReference};
use super::description::FileRole;
use super::session::Session;
use super::{Psam, Reply, Stop};
use crate::apdu::Apdu;
use crate::card::Refusal;
use crate::status::StatusWord as Sw;

impl Psam {
    pub(super) fn read_binary(
        &self,
        session: &mut Session,
        file: FileReference,
        offset: usize,
        le: Option<u16>,
    ) -> Result<Reply, Stop> {
        let index = self.transparent(session, file)?;
        let contents = self.store.efs[index].contents(&self.memory);
        let rest = contents
            .get(offset..)
            .filter(|rest| !rest.is_empty())
            .ok_or(Sw::WRONG_OFFSET)?;
        let wanted = usize::from(le.unwrap_or(256));
        // Le 00 asks for 256 bytes or what there is up to the end of the file (STD-P5 §6.9).
        if wanted > rest.len() && wanted != 256 {
            return Err(Sw::wrong_le(rest.len()).into());
        }
        Ok(rest.iter().copied().take(wanted).collect())
    }

    pub(super) fn read_record(
        &self,
        session: &mut Session,
        file: FileReference,
        record: RecordReference,
        le: Option<u16>,
    ) -> Result<Reply, Stop> {
        let index = self.file(session, file)?;
        let ef = &self.store.efs[index];
        if ef.role != FileRole::Directory {
            return Err(Sw::INCOMPATIBLE_FILE.into());
        }
        let records = records(ef.contents(&self.memory));
        let last = records.len();
        let current = session.record.map(usize::from);
        let named = |number: u8| if number == 0 { current } else { Some(number.into()) };
        let tagged = |id: u8, number: &usize| id == 0 || records[*number - 1].first() == Some(&id);
        let numbers: Vec<usize> = match record {
            RecordReference::Number(number) => named(number).into_iter().collect(),
            RecordReference::From(number) => named(number).map(|first| (first..=last).collect()).unwrap_or_default(),
            RecordReference::DownTo(number) => named(number)
                .map(|first| (first..=last).rev().collect())
                .unwrap_or_default(),
            RecordReference::Identifier { id, occurrence } => {
                let fits = |n: &usize| tagged(id, n);
                match occurrence {
                    Occurrence::First => (1..=last).find(fits),
                    Occurrence::Last => (1..=last).rev().find(fits),
                    Occurrence::Next => (current.map_or(1, |current| current + 1)..=last).find(fits),
                    Occurrence::Previous => (1..current.unwrap_or(last + 1)).rev().find(fits),
                }
                .into_iter()
                .collect()
            }
        };
        let mut reply = Reply::new();
        for number in &numbers {
            let record = records.get(number.wrapping_sub(1)).ok_or(Sw::RECORD_NOT_FOUND)?;
            let room = reply.remaining_capacity();
            reply.extend(record.iter().copied().take(room));
        }
        let by_identifier = matches!(record, RecordReference::Identifier { .. });
        match numbers.first() {
            None => return Err(Sw::RECORD_NOT_FOUND.into()),
            Some(number) if by_identifier => session.record = u8::try_from(*number).ok(),
            Some(_) => {}
        }
        let wanted = usize::from(le.unwrap_or(256));
        if wanted == reply.len() {
            Ok(reply)
        } else {
            Err(Sw::wrong_le(reply.len()).into())
        }
    }

    /// UPDATE BINARY without a MAC: no file takes it.
    pub(super) fn update_plain(&mut self, session: &mut Session, file: FileReference) -> Result<Reply, Stop> {
        let index = self.transparent(session, file)?;
        self.check_update(index)?;
        Err(Sw::SECURE_MESSAGING_MISSING.into())
    }

    pub(super) fn update_binary(
        &mut self,
        session: &mut Session,
        apdu: &Apdu<'_>,
        file: FileReference,
        offset: usize,
        data: &[u8],
        mac: &[u8],
    ) -> Result<Reply, Stop> {
        let index = self.transparent(session, file)?;
        self.check_update(index)?;
        self.check_master_mac(session, apdu, data, mac)?;
        let ef = &self.store.efs[index];
        let left = ef.size.checked_sub(offset).filter(|left| *left > 0);
        if data.len() > left.ok_or(Sw::WRONG_OFFSET)? {
            return Err(Sw::WRONG_LENGTH.into());
        }
        self.memory.commit(&[(ef.contents_address() + offset, data)])?;
        Ok(Reply::new())
    }

    fn transparent(&self, session: &mut Session, file: FileReference) -> Result<usize, Sw> {
        let index = self.file(session, file)?;
        match self.store.efs[index].role {
            FileRole::Directory | FileRole::Keys(_) => Err(Sw::INCOMPATIBLE_FILE),
            _ => Ok(index),
        }
    }

    fn check_update(&mut self, index: usize) -> Result<(), Sw> {
        let ef = &self.store.efs[index];
        if ef.role != FileRole::TransactionNumber {
            return Ok(());
        }
        self.refusal = Some(Refusal {
            file: Some(self.path(ef.df, Some(index))),
            condition: Some("never".to_owned()),
            missing: Vec::new(),
        });
        Err(Sw::SECURITY_NOT_SATISFIED)
    }
}

/// Records of a directory: each with its length in front, up to a length of 0.
fn records(contents: &[u8]) -> Vec<&[u8]> {
    let mut records = Vec::new();
    let mut rest = contents;
    while let Some((length, tail)) = rest.split_first() {
        match tail.split_at_checked(usize::from(*length)) {
            Some((record, next)) if !record.is_empty() => {
                records.push(record);
                rest = next;
            }
            _ => break,
        }
    }
    records
}

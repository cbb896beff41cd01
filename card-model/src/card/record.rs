//! READ RECORD and UPDATE RECORD with their eight ways of naming a record (`spec/conformance.md` §4.5).

use super::command::{FileReference, Occurrence, RecordReference, UpdateData};
use super::object::{Ef, EfStructure};
use super::session::Session;
use super::{Card, Reply, Stop};
use crate::apdu::Apdu;
use crate::memory::{Memory, WORD};
use crate::status::StatusWord as Sw;

impl Card {
    pub(super) fn read_record(
        &mut self,
        session: &mut Session,
        file: FileReference,
        record: RecordReference,
        le: Option<u16>,
    ) -> Result<Reply, Stop> {
        let index = self.file(session, file)?;
        let ef = &self.files.efs[index];
        if !ef.has_records() {
            return Err(Sw::INCOMPATIBLE_FILE.into());
        }
        self.check_access(session, index, Access::Read)?;
        let ef = &self.files.efs[index];
        let mut reply = Reply::new();
        let mut pointer = session.record;
        match record {
            RecordReference::Number(0) => {
                let current = session.record.ok_or(Sw::RECORD_NOT_FOUND)?;
                append(
                    &mut reply,
                    ef.record(&self.memory, current).ok_or(Sw::RECORD_NOT_FOUND)?,
                );
            }
            RecordReference::Number(number) => {
                append(&mut reply, ef.record(&self.memory, number).ok_or(Sw::RECORD_NOT_FOUND)?);
            }
            RecordReference::From(number) | RecordReference::DownTo(number) => {
                let first = if number == 0 { session.record } else { Some(number) }.ok_or(Sw::RECORD_NOT_FOUND)?;
                let last = ef.usage(&self.memory).records;
                if first > last {
                    return Err(Sw::RECORD_NOT_FOUND.into());
                }
                // Whole records only; what does not fit is read by number.
                if matches!(record, RecordReference::From(_)) {
                    for record in ef.records(&self.memory).skip(usize::from(first - 1)) {
                        if !append(&mut reply, record) {
                            break;
                        }
                    }
                } else {
                    for number in (first..=last).rev() {
                        if !append(&mut reply, ef.record(&self.memory, number).ok_or(Sw::RECORD_NOT_FOUND)?) {
                            break;
                        }
                    }
                }
            }
            RecordReference::Identifier { id, occurrence } => {
                let number = ef
                    .find(&self.memory, id, occurrence, session.record)
                    .ok_or(Sw::RECORD_NOT_FOUND)?;
                append(&mut reply, ef.record(&self.memory, number).ok_or(Sw::RECORD_NOT_FOUND)?);
                pointer = Some(number);
            }
        }
        // STD-P5 §6.10: only the true length is answered with data, Le 00 included; 256 bytes are what Le 00 asks for.
        let wanted = usize::from(le.unwrap_or(256));
        if wanted == reply.len() {
            // A read that is answered 6Cxx is repeated by the terminal: it must not move the pointer twice.
            session.record = pointer;
            Ok(reply)
        } else {
            Err(Sw::wrong_le(reply.len()).into())
        }
    }

    pub(super) fn update_record(
        &mut self,
        session: &mut Session,
        apdu: &Apdu<'_>,
        file: FileReference,
        record: RecordReference,
        data: UpdateData<'_>,
    ) -> Result<Reply, Stop> {
        let index = self.file(session, file)?;
        if !self.files.efs[index].has_records() {
            return Err(Sw::INCOMPATIBLE_FILE.into());
        }
        self.check_access(session, index, Access::Update)?;
        let data = self.open_update(session, index, apdu, data)?;
        let ef = &self.files.efs[index];
        match ef.structure {
            EfStructure::Cyclic => update_cyclic(ef, &mut self.memory, session.record, record, &data)?,
            _ => update_linear(ef, &mut self.memory, session.record, record, &data)?,
        }
        session.record = None;
        Ok(Reply::new())
    }
}

pub(super) use super::binary::Access;

/// Adds a whole record if it fits into the 256 bytes of one response.
fn append(reply: &mut Reply, record: &[u8]) -> bool {
    reply.try_extend_from_slice(record).is_ok()
}

/// A linear file: an existing record is replaced, an unknown number or identifier appends (STD-P5 §6.13).
fn update_linear(
    ef: &Ef,
    memory: &mut Memory,
    current: Option<u8>,
    record: RecordReference,
    data: &[u8],
) -> Result<(), Stop> {
    if !is_record(data) {
        return Err(Sw::LENGTH_NOT_TLV.into());
    }
    let number = match record {
        RecordReference::Number(0) => Some(current.ok_or(Sw::RECORD_NOT_FOUND)?),
        RecordReference::Number(number) => Some(number),
        RecordReference::Identifier { id, occurrence } => {
            if id != 0 && data.first() != Some(&id) {
                return Err(Sw::LENGTH_NOT_TLV.into());
            }
            ef.find(memory, id, occurrence, current)
        }
        RecordReference::From(_) | RecordReference::DownTo(_) => return Err(Sw::WRONG_P1P2.into()),
    };
    match (ef.structure, number.filter(|n| *n <= ef.usage(memory).records)) {
        (EfStructure::LinearFixed, _) if data.len() != usize::from(ef.record_length) => Err(Sw::LENGTH_NOT_TLV.into()),
        (EfStructure::LinearFixed, Some(number)) => {
            let address = ef.body + usize::from(number - 1) * data.len();
            Ok(memory.commit(&[(address, data)])?)
        }
        (EfStructure::LinearFixed, None) => {
            let mut usage = ef.usage(memory);
            if usage.records >= ef.record_capacity {
                return Err(Sw::NO_SPACE.into());
            }
            let address = ef.body + usize::from(usage.records) * data.len();
            usage.records += 1;
            let (at, counters) = ef.usage_change(usage);
            Ok(memory.commit(&[(address, data), (at, &counters)])?)
        }
        (_, Some(number)) => replace_variable(ef, memory, number, data),
        (_, None) => append_variable(ef, memory, data),
    }
}

fn append_variable(ef: &Ef, memory: &mut Memory, data: &[u8]) -> Result<(), Stop> {
    let mut usage = ef.usage(memory);
    let used = usize::from(usage.used);
    let entry = entry(data)?;
    if used + entry.len() > ef.size || usage.records == 254 {
        return Err(Sw::NO_SPACE.into());
    }
    usage.records += 1;
    usage.used = u16::try_from(used + entry.len()).map_err(|_| Sw::NO_SPACE)?;
    let (at, counters) = ef.usage_change(usage);
    Ok(memory.commit(&[(ef.body + used, &entry), (at, &counters)])?)
}

/// A record of another length moves the records behind it; all in one change.
fn replace_variable(ef: &Ef, memory: &mut Memory, number: u8, data: &[u8]) -> Result<(), Stop> {
    let old = ef.record(memory, number).ok_or(Sw::RECORD_NOT_FOUND)?;
    let start: usize = (1..number)
        .filter_map(|n| ef.record(memory, n))
        .map(|r| r.len() + 1)
        .sum();
    if old.len() == data.len() {
        return Ok(memory.commit(&[(ef.body + start + 1, data)])?);
    }
    let mut usage = ef.usage(memory);
    let used = usize::from(usage.used);
    let mut tail = entry(data)?;
    tail.extend_from_slice(memory.read(ef.body + start + 1 + old.len(), used - start - 1 - old.len()));
    if start + tail.len() > ef.size {
        return Err(Sw::NO_SPACE.into());
    }
    usage.used = u16::try_from(start + tail.len()).map_err(|_| Sw::NO_SPACE)?;
    let (at, counters) = ef.usage_change(usage);
    Ok(memory.commit(&[(ef.body + start, &tail), (at, &counters)])?)
}

/// A cyclic file: mode "previous" with P1 00 appends, the oldest record falls out; a number replaces (STD-P5 §6.13).
fn update_cyclic(
    ef: &Ef,
    memory: &mut Memory,
    current: Option<u8>,
    record: RecordReference,
    data: &[u8],
) -> Result<(), Stop> {
    let length = usize::from(ef.record_length);
    if data.len() != length {
        return Err(Sw::WRONG_LENGTH.into());
    }
    match record {
        RecordReference::Identifier {
            id: 0,
            occurrence: Occurrence::Previous,
        } => {
            let (slot, (at, counters)) = ef.next_cyclic(memory);
            Ok(memory.commit(&[(slot, data), (at, &counters)])?)
        }
        RecordReference::Number(number) => {
            let number = if number == 0 {
                current.ok_or(Sw::RECORD_NOT_FOUND)?
            } else {
                number
            };
            let address = ef.cyclic_slot(memory, number).ok_or(Sw::RECORD_NOT_FOUND)?;
            Ok(memory.commit(&[(address, data)])?)
        }
        _ => Err(Sw::INCOMPATIBLE_FILE.into()),
    }
}

/// `tag length value` with a tag 01–FE and a length that says how much follows.
fn is_record(data: &[u8]) -> bool {
    matches!(data, [tag, length, value @ ..] if (0x01..=0xFE).contains(tag) && usize::from(*length) == value.len())
}

/// A record with its length byte in front, as it is stored.
fn entry(data: &[u8]) -> Result<Vec<u8>, Sw> {
    let length = u8::try_from(data.len()).map_err(|_| Sw::WRONG_LENGTH)?;
    Ok([&[length], data].concat())
}

impl Ef {
    fn has_records(&self) -> bool {
        matches!(
            self.structure,
            EfStructure::LinearFixed | EfStructure::LinearVariable | EfStructure::Cyclic
        )
    }

    /// Record by number from 1: order of creation in linear files, newest first in cyclic files.
    pub(super) fn record<'m>(&self, memory: &'m Memory, number: u8) -> Option<&'m [u8]> {
        let usage = self.usage(memory);
        if number == 0 || number > usage.records {
            return None;
        }
        let length = usize::from(self.record_length);
        match self.structure {
            EfStructure::LinearFixed => Some(memory.read(self.body + usize::from(number - 1) * length, length)),
            EfStructure::Cyclic => self
                .cyclic_slot(memory, number)
                .map(|address| memory.read(address, length)),
            EfStructure::LinearVariable => self.variable_records(memory).nth(usize::from(number - 1)),
            EfStructure::Transparent | EfStructure::Internal => None,
        }
    }

    /// All records in the order of their numbers, in one walk.
    fn records<'m>(&'m self, memory: &'m Memory) -> impl Iterator<Item = &'m [u8]> {
        let variable = (self.structure == EfStructure::LinearVariable).then(|| self.variable_records(memory));
        let others = (self.structure != EfStructure::LinearVariable).then_some(1..=self.usage(memory).records);
        let others = others
            .into_iter()
            .flatten()
            .filter_map(|number| self.record(memory, number));
        variable.into_iter().flatten().chain(others)
    }

    fn cyclic_slot(&self, memory: &Memory, number: u8) -> Option<usize> {
        let usage = self.usage(memory);
        if number == 0 || number > usage.records {
            return None;
        }
        let capacity = usize::from(self.record_capacity);
        let slot = (usize::from(usage.newest) + capacity - usize::from(number - 1)) % capacity;
        Some(self.body + slot * usize::from(self.record_length))
    }

    /// Where the next record of a cyclic file goes, and the change of the counters that makes it number 1.
    pub(super) fn next_cyclic(&self, memory: &Memory) -> (usize, (usize, [u8; WORD])) {
        let mut usage = self.usage(memory);
        usage.newest = if usage.records == 0 {
            0
        } else {
            (usage.newest + 1) % self.record_capacity.max(1)
        };
        usage.records = usage.records.saturating_add(1).min(self.record_capacity);
        let slot = self.body + usize::from(usage.newest) * usize::from(self.record_length);
        (slot, self.usage_change(usage))
    }

    fn variable_records<'m>(&self, memory: &'m Memory) -> impl Iterator<Item = &'m [u8]> {
        let mut rest = memory.read(self.body, usize::from(self.usage(memory).used));
        core::iter::from_fn(move || {
            let (length, tail) = rest.split_first()?;
            let (record, next) = tail.split_at_checked(usize::from(*length))?;
            rest = next;
            Some(record)
        })
    }

    /// Number of a record by identifier, which is its tag; records of cyclic files have none and are found with 0 only.
    fn find(&self, memory: &Memory, id: u8, occurrence: Occurrence, current: Option<u8>) -> Option<u8> {
        let last = self.usage(memory).records;
        let tagged = self.structure != EfStructure::Cyclic;
        let fits = |number: &u8| {
            id == 0
                || tagged
                    && self
                        .record(memory, *number)
                        .and_then(<[u8]>::first)
                        .is_some_and(|tag| *tag == id)
        };
        match (occurrence, current) {
            (Occurrence::First, _) | (Occurrence::Next, None) => (1..=last).find(fits),
            (Occurrence::Last, _) | (Occurrence::Previous, None) => (1..=last).rev().find(fits),
            (Occurrence::Next, Some(current)) => (current.saturating_add(1)..=last).find(fits),
            (Occurrence::Previous, Some(current)) => (1..current.min(last.saturating_add(1))).rev().find(fits),
        }
    }
}

//! The ways of naming a file's contents. All of them must obey the same rule.

use super::contents::Contents;
use crate::terminal::with_data;
use reader::command::Command;

/// What is done to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Operation {
    /// READ RECORD or READ BINARY.
    Read,
    /// UPDATE RECORD or UPDATE BINARY.
    Update,
}

/// How the place inside the file is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Place {
    /// By record number.
    Number,
    /// By identifier: first, last, next, previous with that tag.
    Identifier(Occurrence),
    /// From a record to the last.
    From,
    /// From the last record down to one.
    DownTo,
    /// A new record in a cyclic file.
    Append,
    /// By offset.
    Offset,
}

/// Which of the records with one identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Occurrence {
    /// Mode 0.
    First = 0,
    /// Mode 1.
    Last = 1,
    /// Mode 2, from a fresh selection: the first.
    Next = 2,
    /// Mode 3, from a fresh selection: the last.
    Previous = 3,
}

/// A way of addressing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Mode {
    /// Whether the file is named by its short identifier in the command; else it is selected before.
    pub sfi: bool,
    /// Place in the file.
    pub place: Place,
}

impl std::fmt::Display for Mode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let place = match self.place {
            Place::Number => "number",
            Place::Identifier(Occurrence::First) => "identifier, first",
            Place::Identifier(Occurrence::Last) => "identifier, last",
            Place::Identifier(Occurrence::Next) => "identifier, next",
            Place::Identifier(Occurrence::Previous) => "identifier, previous",
            Place::From => "from a record to the last",
            Place::DownTo => "from the last down to a record",
            Place::Append => "appended record",
            Place::Offset => "offset",
        };
        write!(f, "{place}{}", if self.sfi { ", SFI" } else { "" })
    }
}

const IDENTIFIERS: [Place; 4] = [
    Place::Identifier(Occurrence::First),
    Place::Identifier(Occurrence::Last),
    Place::Identifier(Occurrence::Next),
    Place::Identifier(Occurrence::Previous),
];

/// All ways that make sense for an operation on contents of this kind, by selection and (if there is one) by SFI.
pub fn modes(operation: Operation, contents: &Contents, has_sfi: bool) -> Vec<Mode> {
    let mut places = Vec::new();
    match (contents, operation) {
        (Contents::Transparent(_), _) => places.push(Place::Offset),
        (Contents::Linear(_), Operation::Read) => {
            places.push(Place::Number);
            places.extend(IDENTIFIERS);
            places.extend([Place::From, Place::DownTo]);
        }
        (Contents::Linear(_), Operation::Update) => {
            places.push(Place::Number);
            places.extend(IDENTIFIERS);
        }
        (Contents::Cyclic { .. }, Operation::Read) => places.extend([Place::Number, Place::From, Place::DownTo]),
        (Contents::Cyclic { .. }, Operation::Update) => places.extend([Place::Append, Place::Number]),
    }
    let by = |sfi| places.iter().map(move |place| Mode { sfi, place: *place });
    let with_sfi = by(true).filter(|_| has_sfi);
    by(false).chain(with_sfi).collect()
}

/// A command of the sweep and what the card must answer where the rule allows it.
#[derive(Debug, Clone)]
pub struct Probe {
    /// The command.
    pub command: Command,
    /// Data that a read must give, or that an update writes (always what is there already).
    pub data: Vec<u8>,
}

/// The command of one case. `turn` chooses record and offset; `None` if the contents have nothing to aim at.
pub fn probe(operation: Operation, mode: Mode, sfi: u8, contents: &Contents, turn: usize) -> Option<Probe> {
    let sfi = if mode.sfi { sfi } else { 0 };
    if let Contents::Transparent(bytes) = contents {
        let offset = if bytes.is_empty() { 0 } else { turn * 37 % bytes.len() };
        let data = bytes[offset..bytes.len().min(offset + 8)].to_vec();
        let (p1, p2) = (if mode.sfi { 0x80 | sfi } else { 0 }, u8::try_from(offset).ok()?);
        let command = match operation {
            Operation::Read => Command::new(0x00, 0xB0, p1, p2).with_le(data.len() as u8),
            Operation::Update => with_data([0x00, 0xD6, p1, p2], &data),
        };
        return (!data.is_empty()).then_some(Probe { command, data });
    }
    let records = contents.records();
    let number = turn % records.len().max(1);
    let record = records.get(number)?;
    let tag = *record.first()?;
    let same_tag = |other: &&Vec<u8>| other.first() == Some(&tag);
    let (p1, bits, data) = match mode.place {
        Place::Number => (u8::try_from(number + 1).ok()?, 4, record.clone()),
        Place::Identifier(occurrence) => {
            let from_the_end = matches!(occurrence, Occurrence::Last | Occurrence::Previous);
            let met = if from_the_end {
                records.iter().rfind(same_tag)
            } else {
                records.iter().find(same_tag)
            };
            (tag, occurrence as u8, met?.clone())
        }
        Place::From => (u8::try_from(number + 1).ok()?, 5, records[number..].concat()),
        Place::DownTo => {
            let down: Vec<u8> = records[number..].iter().rev().flatten().copied().collect();
            (u8::try_from(number + 1).ok()?, 6, down)
        }
        Place::Append => (0, 3, records.last()?.clone()),
        Place::Offset => return None,
    };
    let p2 = sfi << 3 | bits;
    // One answer has 256 bytes; longer contents are read by number.
    let command = match operation {
        Operation::Read if data.len() > 256 => return None,
        Operation::Read => Command::new(0x00, 0xB2, p1, p2).with_le((data.len() % 256) as u8),
        Operation::Update if data.len() > 255 => return None,
        Operation::Update => with_data([0x00, 0xDC, p1, p2], &data),
    };
    Some(Probe { command, data })
}

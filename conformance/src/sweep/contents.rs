//! What a file holds, learnt with all rights before the sweep, so that the sweep can compare reads and write back what is
//! there.

use crate::ConformanceError;
use crate::terminal::Terminal;
use card_model::profile::{ElementaryFile, Structure};
use card_model::status::StatusWord;
use reader::command::Command;

/// Bytes of a transparent file that the sweep looks at: offsets that fit a command with SFI.
const TRANSPARENT: u16 = 256;

/// Contents of an elementary file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Contents {
    /// The first bytes.
    Transparent(Vec<u8>),
    /// Records in order of creation, each `tag length value`.
    Linear(Vec<Vec<u8>>),
    /// Records, newest first.
    Cyclic {
        /// The records.
        records: Vec<Vec<u8>>,
        /// How many there can be.
        capacity: usize,
    },
}

impl Contents {
    /// Reads a file that may be read now. `None`: a file for the card operating system only.
    ///
    /// # Errors
    /// The channel failed, or the card refuses.
    pub fn learn(terminal: &mut Terminal<'_>, file: &ElementaryFile) -> Result<Option<Self>, ConformanceError> {
        let contents = match file.structure {
            Structure::Internal { .. } => return Ok(None),
            Structure::Transparent { size } => {
                Self::select(terminal, file)?;
                let le = (size.min(TRANSPARENT) % 256) as u8;
                let answer = terminal.send(&Command::new(0x00, 0xB0, 0x00, 0x00).with_le(le))?;
                terminal.demand(answer.sw, || format!("READ BINARY {:04X}", file.fid))?;
                Self::Transparent(answer.data)
            }
            Structure::LinearVariable | Structure::LinearFixed => Self::Linear(Self::all(terminal, file)?),
            Structure::Cyclic { records } => Self::Cyclic {
                records: Self::all(terminal, file)?,
                capacity: usize::from(records),
            },
        };
        Ok(Some(contents))
    }

    fn select(terminal: &mut Terminal<'_>, file: &ElementaryFile) -> Result<(), ConformanceError> {
        let sw = terminal.select_file(file.fid)?;
        terminal.demand(sw, || format!("SELECT {:04X}", file.fid))
    }

    fn all(terminal: &mut Terminal<'_>, file: &ElementaryFile) -> Result<Vec<Vec<u8>>, ConformanceError> {
        Self::select(terminal, file)?;
        let mut records = Vec::new();
        for number in 1..=0xFE {
            let answer = terminal.send(&Command::new(0x00, 0xB2, number, 0x04).with_le(0))?;
            if answer.sw == StatusWord::RECORD_NOT_FOUND {
                break;
            }
            terminal.demand(answer.sw, || format!("READ RECORD {number} of {:04X}", file.fid))?;
            records.push(answer.data);
        }
        Ok(records)
    }

    /// The records, none for a transparent file.
    pub fn records(&self) -> &[Vec<u8>] {
        match self {
            Self::Transparent(_) => &[],
            Self::Linear(records) | Self::Cyclic { records, .. } => records,
        }
    }

    /// A copy of the oldest record was appended to a cyclic file.
    pub fn appended(&mut self) {
        if let Self::Cyclic { records, capacity } = self {
            records.extend(records.last().cloned());
            records.rotate_right(1);
            records.truncate(*capacity);
        }
    }

    /// Whether there is nothing to read or to write back.
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Transparent(bytes) => bytes.is_empty(),
            _ => self.records().is_empty(),
        }
    }
}

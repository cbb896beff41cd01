//! Selecting files and reading their bytes.

use super::Session;
use crate::command::Command;
use crate::commands::{self, CHUNK, RecordMode};
use crate::error::{Operation, ReaderError, title};
use card_model::profile::{DedicatedFile, ElementaryFile, Located, Profile};
use card_model::status::StatusWord;

/// A file of the profile as the session reaches it.
#[derive(Debug, Clone)]
pub(super) struct Reach<'p> {
    /// Index of the dedicated file.
    pub df: usize,
    /// The file.
    pub file: &'p ElementaryFile,
    /// Path of the file, for messages.
    pub path: String,
}

impl<'p> Reach<'p> {
    pub fn new(profile: &Profile, df: &DedicatedFile, file: &'p ElementaryFile) -> Self {
        let index = profile.index_of(&df.id).unwrap_or_default();
        Self {
            df: index,
            file,
            path: format!("{}/{}", df.id, file.name()),
        }
    }

    pub fn of(profile: &Profile, located: &Located<'p>) -> Self {
        Self::new(profile, located.dedicated_file, located.file)
    }
}

impl Session<'_> {
    /// Makes a dedicated file the current one, if it is not.
    pub(super) fn enter(&mut self, df: usize) -> Result<(), ReaderError> {
        if self.state.df == Some(df) {
            Ok(())
        } else {
            self.select_again(df)
        }
    }

    /// Selects a dedicated file even if it is the current one, which keeps its security state.
    pub(super) fn select_again(&mut self, df: usize) -> Result<(), ReaderError> {
        let Some(definition) = self.profile.dedicated_files.get(df) else {
            return Ok(());
        };
        let command = if definition.name.is_empty() {
            commands::select_dedicated_file(definition.fid)?
        } else {
            commands::select_name(&definition.name)?
        };
        let id = definition.id.clone();
        let response = self.send(&command)?;
        if !response.sw.is_ok() {
            return Err(ReaderError::Refused {
                command: title(&command),
                path: Some(id),
                sw: response.sw,
                rule: None,
            });
        }
        self.state.selected(df);
        Ok(())
    }

    /// Makes an elementary file the current one, if it is not.
    pub(super) fn enter_file(&mut self, reach: &Reach<'_>) -> Result<(), ReaderError> {
        self.enter(reach.df)?;
        let fid = reach.file.fid;
        if self.state.file == Some(fid) {
            return Ok(());
        }
        let command = commands::select_file(fid)?;
        let mut response = self.send(&command)?;
        if response.sw == StatusWord::WRONG_P1P2 {
            response = self.send(&commands::select_file_p1_00(fid)?)?;
        }
        if !response.sw.is_ok() {
            return Err(self.refused(&command, reach, Operation::Read, response.sw));
        }
        self.state.file = Some(fid);
        Ok(())
    }

    /// Reads the value of the `occurrence`-th record with a tag; `None` if there is none. `length` is the value length in
    /// the profile; other lengths cost one more exchange.
    pub(super) fn read_tagged(
        &mut self,
        reach: &Reach<'_>,
        tag: u8,
        occurrence: u8,
        length: u16,
    ) -> Result<Option<Vec<u8>>, ReaderError> {
        self.enter_file(reach)?;
        let expected = usize::from(length) + 2;
        let mut record = Vec::new();
        for number in 1..=occurrence.max(1) {
            let mode = if number == 1 {
                RecordMode::First
            } else {
                RecordMode::Next
            };
            match self.read_one(reach, tag, mode, expected)? {
                Some(bytes) => record = bytes,
                None => return Ok(None),
            }
        }
        match record.as_slice() {
            [found, length, value @ ..] if *found == tag && value.len() == usize::from(*length) => {
                Ok(Some(value.to_vec()))
            }
            _ => {
                let command = title(&commands::read_record(tag, RecordMode::First, 0, expected));
                Err(ReaderError::Answer {
                    command,
                    path: Some(format!("{}/{tag:02X}", reach.path)),
                })
            }
        }
    }

    /// Reads one record with tag and length; `None` if there is none. Reads again where the answer was cut to Le.
    fn read_one(
        &mut self,
        reach: &Reach<'_>,
        p1: u8,
        mode: RecordMode,
        expected: usize,
    ) -> Result<Option<Vec<u8>>, ReaderError> {
        let command = commands::read_record(p1, mode, 0, expected);
        let Some(bytes) = self.read_or_nothing(&command, reach)? else {
            return Ok(None);
        };
        let whole = bytes.get(1).map_or(0, |length| usize::from(*length) + 2);
        // "Next" moved the pointer already; asked again it would give another record.
        if reach.file.is_linear() && bytes.len() < whole && mode != RecordMode::Next {
            return self.read_or_nothing(&commands::read_record(p1, mode, 0, whole), reach);
        }
        Ok(Some(bytes))
    }

    /// The answer to a reading command; `None` for "record not found".
    fn read_or_nothing(&mut self, command: &Command, reach: &Reach<'_>) -> Result<Option<Vec<u8>>, ReaderError> {
        let response = self.send(command)?;
        match response.sw {
            sw if sw.is_ok() => Ok(Some(response.data)),
            StatusWord::RECORD_NOT_FOUND => Ok(None),
            sw => Err(self.refused(command, reach, Operation::Read, sw)),
        }
    }

    /// All records of a linear file, concatenated. Asks for the whole file at once where it fits into one answer; the
    /// records are `None` if the card does not know that form or its answer was cut.
    pub(super) fn read_all_records(&mut self, reach: &Reach<'_>) -> Result<Vec<u8>, ReaderError> {
        self.enter_file(reach)?;
        let total: usize = reach
            .file
            .records()
            .map(|record| usize::from(record.element.length) + 2)
            .sum();
        if (1..=256).contains(&total) {
            let command = commands::read_record(1, RecordMode::FromNumber, 0, total);
            let response = self.send(&command)?;
            match response.sw {
                sw if sw.is_ok() && crate::decode::split_records(&response.data).is_some() => return Ok(response.data),
                StatusWord::RECORD_NOT_FOUND => return Ok(Vec::new()),
                StatusWord::SECURITY_NOT_SATISFIED | StatusWord::APPLICATION_BLOCKED => {
                    return Err(self.refused(&command, reach, Operation::Read, response.sw));
                }
                _ => {}
            }
        }
        Ok(self.read_numbered(reach)?.concat())
    }

    /// Records one by one until the card has no more.
    pub(super) fn read_numbered(&mut self, reach: &Reach<'_>) -> Result<Vec<Vec<u8>>, ReaderError> {
        self.enter_file(reach)?;
        let lengths: Vec<usize> = match reach.file.record_length() {
            Some(length) => vec![usize::from(length); usize::from(reach.file.record_count())],
            None => reach
                .file
                .records()
                .map(|record| usize::from(record.element.length) + 2)
                .collect(),
        };
        let mut records = Vec::with_capacity(lengths.len());
        for number in 1..=LAST_RECORD {
            let expected = lengths
                .get(usize::from(number) - 1)
                .or(lengths.last())
                .copied()
                .unwrap_or(0);
            match self.read_one(reach, number, RecordMode::Number, expected)? {
                Some(record) => records.push(record),
                None => break,
            }
        }
        Ok(records)
    }

    /// One record by its number; empty if there is none.
    pub(super) fn read_record_number(
        &mut self,
        reach: &Reach<'_>,
        number: u8,
        length: usize,
    ) -> Result<Vec<u8>, ReaderError> {
        self.enter_file(reach)?;
        Ok(self
            .read_one(reach, number, RecordMode::Number, length)?
            .unwrap_or_default())
    }

    /// The content of a transparent file: up to `size` bytes, less if the card's file is shorter.
    pub(super) fn read_transparent(&mut self, reach: &Reach<'_>, size: u16) -> Result<Vec<u8>, ReaderError> {
        self.enter_file(reach)?;
        let size = usize::from(size);
        let mut content = Vec::with_capacity(size);
        while content.len() < size {
            let wanted = (size - content.len()).min(CHUNK);
            let offset = u16::try_from(content.len()).unwrap_or(u16::MAX);
            let command = commands::read_binary(offset, wanted);
            let response = self.send(&command)?;
            let past_end = response.sw == StatusWord::WRONG_OFFSET && !content.is_empty();
            if past_end {
                break;
            }
            if !response.sw.is_ok() && response.sw != StatusWord::END_OF_DATA {
                return Err(self.refused(&command, reach, Operation::Read, response.sw));
            }
            let read = response.data.len().min(wanted);
            content.extend(response.data.into_iter().take(read));
            if read < wanted {
                break;
            }
        }
        Ok(content)
    }
}

/// Highest record number of the standard (STD-P5 §6.10).
const LAST_RECORD: u8 = 254;

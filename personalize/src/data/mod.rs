//! Personalization with standard commands only: what a bank outlet does with a pre-personalized card, real or simulated
//! (`spec/commands.md` §4.1 stage 4).
//!
//! For each dedicated file: EXTERNAL AUTHENTICATION with the update keys, all items, then the read keys, all files read back
//! and compared. An item that fails does not keep the others from being written.

mod access;

use crate::card_os::Bench;
use crate::contents::{Body, Contents, FileContents, Slot};
use crate::error::{IssueError, ItemFailure, ItemFailureKind};
use crate::terminal::{built, select};
use access::{Closed, missing_key};
use card_model::profile::{DedicatedFile, ElementaryFile};
use card_model::secret::Pin;
use card_model::status::StatusWord;
use reader::command::{Command, CommandError};
use reader::commands::{self, CHUNK, RecordMode, read_record, update_record};
use reader::link::{Response, exchange};
use reader::security::SecurityModuleError;

/// What the data step did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DataReport {
    /// Items written: records, blocks of transparent files.
    pub written: usize,
    /// Items read back and found equal.
    pub compared: usize,
    /// Items that failed.
    pub failures: Vec<ItemFailure>,
    /// Files without a value for this card that were left as they are, because the security module has no key for them.
    pub left: usize,
}

impl DataReport {
    /// The report, or all failures as one error.
    ///
    /// # Errors
    /// At least one item failed.
    pub fn require_all(self) -> Result<Self, IssueError> {
        if self.failures.is_empty() {
            Ok(self)
        } else {
            Err(IssueError::Items {
                failures: self.failures,
            })
        }
    }
}

/// Whether the PIN may be presented to read files back.
#[derive(Debug, Clone, Copy)]
pub enum PinUse<'p> {
    /// It was loaded into this card a moment ago: present it wherever it is needed.
    Loaded(&'p Pin),
    /// It is the usual one: present it only where a file with values cannot be read without.
    Usual(&'p Pin),
}

/// Checks, without the card, that the security module holds the keys for all files that get values.
///
/// # Errors
/// The first key that is missing.
pub fn check_keys(bench: &mut Bench<'_>, contents: &Contents) -> Result<(), IssueError> {
    let profile = bench.profile;
    for file in contents.files.iter().filter(|file| file.given) {
        let Some(df) = profile.dedicated_files.get(file.dedicated) else {
            continue;
        };
        let Some(ef) = df.files.get(file.file) else { continue };
        for access in [&ef.update, &ef.read] {
            if let Some(name) = missing_key(bench, df, access) {
                return Err(SecurityModuleError::KeyMissing {
                    name,
                    version: 1,
                    algorithm: bench.card.algorithm,
                    module: bench.loader.describe(),
                }
                .into());
            }
        }
    }
    Ok(())
}

/// Writes the contents of a card and reads them back. Files without a value get empty items where the security module has
/// the keys. The PIN is presented at most once, and never when one try is left.
///
/// # Errors
/// The transport or the security module failed, or a dedicated file cannot be selected. What the card refuses item by item
/// is in the report.
pub fn write(bench: &mut Bench<'_>, contents: &Contents, pin: PinUse<'_>) -> Result<DataReport, IssueError> {
    let profile = bench.profile;
    let mut writer = Writer {
        bench,
        pin,
        pin_answer: None,
        keys: Vec::new(),
        report: DataReport::default(),
    };
    for files in contents.files.chunk_by(|a, b| a.dedicated == b.dedicated) {
        let Some(df) = files.first().and_then(|f| profile.dedicated_files.get(f.dedicated)) else {
            continue;
        };
        let mut todo = Vec::with_capacity(files.len());
        for file in files.iter().filter(|file| !file.body.is_nothing()) {
            let Some(ef) = df.files.get(file.file) else { continue };
            let mut closed = |access| missing_key(writer.bench, df, access).is_some();
            if !file.given && (closed(&ef.update) || closed(&ef.read)) {
                writer.report.left += 1;
            } else {
                todo.push((file, ef));
            }
        }
        if todo.is_empty() {
            continue;
        }
        select(writer.bench.channel, df)?;
        // Selecting another application drops the key states of the last one, not the PIN (STD-P7 §5.8, §6.6).
        writer.keys.clear();
        for (file, ef) in &todo {
            writer.write_file(df, ef, file)?;
        }
        for (file, ef) in &todo {
            writer.compare_file(df, ef, file)?;
        }
    }
    Ok(writer.report)
}

impl Body {
    fn is_nothing(&self) -> bool {
        match self {
            Self::Linear { records, .. } => records.is_empty(),
            Self::Transparent(content) => content.is_none(),
            Self::Cyclic(records) => records.is_empty(),
        }
    }
}

struct Writer<'b, 'a, 'p> {
    bench: &'b mut Bench<'a>,
    pin: PinUse<'p>,
    /// The card's answer to the PIN, once it was presented.
    pin_answer: Option<StatusWord>,
    /// Answers to external authentications in the current dedicated file.
    keys: Vec<(u8, StatusWord)>,
    report: DataReport,
}

impl Writer<'_, '_, '_> {
    fn write_file(
        &mut self,
        df: &DedicatedFile,
        ef: &ElementaryFile,
        contents: &FileContents,
    ) -> Result<(), IssueError> {
        if let Err(closed) = self.open(df, &ef.update)? {
            let kind = match closed {
                Closed::Card(sw) => ItemFailureKind::NotWritten(sw),
                Closed::NoKey(name) => ItemFailureKind::NoKey(name),
            };
            self.fail(file_path(df, ef), kind);
            return Ok(());
        }
        match &contents.body {
            Body::Linear { records, bytes } => {
                for slot in records {
                    let record = bytes.get(slot.start..slot.end()).unwrap_or_default();
                    let (p1, mode) = slot.address();
                    self.update(update_record(p1, mode, ef.sfi, record), || record_path(df, ef, slot))?;
                }
            }
            Body::Transparent(content) => {
                self.open_transparent(ef, &file_path(df, ef))?;
                for (offset, block) in blocks(content.as_deref().unwrap_or_default()) {
                    self.update(commands::update_binary(offset, block), || file_path(df, ef))?;
                }
            }
            Body::Cyclic(records) => {
                // A card that was interrupted may hold the records already; appending them twice would be wrong.
                if self.open(df, &ef.read)?.is_ok() && self.holds_cyclic(ef, records)? {
                    return Ok(());
                }
                for record in records {
                    self.update(update_record(0x00, RecordMode::Previous, ef.sfi, record), || {
                        file_path(df, ef)
                    })?;
                }
            }
        }
        Ok(())
    }

    /// Makes a transparent file the current one: offsets above 255 need that.
    fn open_transparent(&mut self, ef: &ElementaryFile, path: &str) -> Result<StatusWord, IssueError> {
        let command = built(commands::select_file(ef.fid), path)?;
        Ok(exchange(self.bench.channel, &command)?.sw)
    }

    fn update(&mut self, command: Result<Command, CommandError>, path: impl Fn() -> String) -> Result<(), IssueError> {
        let command = command.map_err(|_| IssueError::Profile { path: path() })?;
        let response = exchange(self.bench.channel, &command)?;
        if response.sw.is_ok() {
            self.report.written += 1;
        } else {
            self.fail(path(), ItemFailureKind::NotWritten(response.sw));
        }
        Ok(())
    }

    fn compare_file(
        &mut self,
        df: &DedicatedFile,
        ef: &ElementaryFile,
        contents: &FileContents,
    ) -> Result<(), IssueError> {
        let without_pin = ef.read.terms.iter().any(|term| !term.pin);
        if !contents.given && !without_pin && matches!(self.pin, PinUse::Usual(_)) {
            // Empty items are not worth a try of somebody's PIN.
            return Ok(());
        }
        let path = file_path(df, ef);
        if self.report.failures.iter().any(|failure| failure.path == path) {
            return Ok(());
        }
        if let Err(closed) = self.open(df, &ef.read)? {
            let kind = match closed {
                Closed::Card(sw) => ItemFailureKind::NotRead(sw),
                Closed::NoKey(name) => ItemFailureKind::NoKey(name),
            };
            self.fail(path, kind);
            return Ok(());
        }
        match &contents.body {
            Body::Linear { records, bytes } => self.compare_records(df, ef, records, bytes),
            Body::Transparent(content) => self.compare_transparent(ef, path, content.as_deref().unwrap_or_default()),
            Body::Cyclic(records) => {
                let kind = if self.holds_cyclic(ef, records)? {
                    None
                } else {
                    Some(ItemFailureKind::Different)
                };
                match kind {
                    None => self.report.compared += records.len(),
                    Some(kind) => self.fail(path, kind),
                }
                Ok(())
            }
        }
    }

    /// Reads the whole file where it fits into one answer, else record by record.
    fn compare_records(
        &mut self,
        df: &DedicatedFile,
        ef: &ElementaryFile,
        records: &[Slot],
        bytes: &[u8],
    ) -> Result<(), IssueError> {
        if bytes.len() <= 256 {
            let response = self.read(read_record(1, RecordMode::FromNumber, ef.sfi, bytes.len()))?;
            if response.sw.is_ok() && response.data == bytes {
                self.report.compared += records.len();
                return Ok(());
            }
        }
        // What differs, or a card that does not answer whole files: look at each record.
        for slot in records {
            let path = record_path(df, ef, slot);
            if self.report.failures.iter().any(|failure| failure.path == path) {
                continue;
            }
            let expected = bytes.get(slot.start..slot.end()).unwrap_or_default();
            let (p1, mode) = slot.address();
            let response = self.read(read_record(p1, mode, ef.sfi, slot.length))?;
            match response.sw {
                sw if !sw.is_ok() => self.fail(path, ItemFailureKind::NotRead(sw)),
                _ if response.data != expected => self.fail(path, ItemFailureKind::Different),
                _ => self.report.compared += 1,
            }
        }
        Ok(())
    }

    fn compare_transparent(&mut self, ef: &ElementaryFile, path: String, content: &[u8]) -> Result<(), IssueError> {
        self.open_transparent(ef, &path)?;
        for (offset, block) in blocks(content) {
            let response = self.read(commands::read_binary(offset, block.len()))?;
            let kind = match response.sw {
                sw if !sw.is_ok() => ItemFailureKind::NotRead(sw),
                _ if response.data != block => ItemFailureKind::Different,
                _ => {
                    self.report.compared += 1;
                    continue;
                }
            };
            self.fail(path, kind);
            return Ok(());
        }
        Ok(())
    }

    /// Whether the newest records of a cyclic file are these.
    fn holds_cyclic(&mut self, ef: &ElementaryFile, records: &[Vec<u8>]) -> Result<bool, IssueError> {
        for (number, record) in (1..).zip(records.iter().rev()) {
            let response = self.read(read_record(number, RecordMode::Number, ef.sfi, record.len()))?;
            if !response.sw.is_ok() || response.data != *record {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn read(&mut self, command: Command) -> Result<Response, IssueError> {
        Ok(exchange(self.bench.channel, &command)?)
    }

    fn fail(&mut self, path: String, kind: ItemFailureKind) {
        self.report.failures.push(ItemFailure { path, kind });
    }
}

impl Slot {
    /// How the record is named: by its tag, as writers in the field do, or by its number where several have the tag.
    fn address(&self) -> (u8, RecordMode) {
        if self.unique {
            (self.tag, RecordMode::First)
        } else {
            (self.number, RecordMode::Number)
        }
    }
}

/// The pieces in which a transparent file is written and read, with their offsets.
fn blocks(content: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    // Files have at most 32767 bytes.
    content
        .chunks(CHUNK)
        .enumerate()
        .map(|(number, block)| (u16::try_from(number * CHUNK).unwrap_or(u16::MAX), block))
}

fn file_path(df: &DedicatedFile, ef: &ElementaryFile) -> String {
    format!("{}/{}", df.id, ef.name())
}

fn record_path(df: &DedicatedFile, ef: &ElementaryFile, slot: &Slot) -> String {
    match slot.unique {
        true => format!("{}/{}/{:02X}", df.id, ef.name(), slot.tag),
        false => format!("{}/{}/{:02X}:{}", df.id, ef.name(), slot.tag, slot.nth + 1),
    }
}

//! Personalization with standard commands only: what a bank outlet does with a pre-personalized card, real or simulated
//! (`spec/commands.md` §4.1 stage 4).
//!
//! For each dedicated file: EXTERNAL AUTHENTICATION with the update keys, all items, then the read keys, all files read back
//! and compared. An item that fails does not keep the others from being written.

use crate::card_os::Bench;
use crate::contents::{Body, Contents, FileContents, Slot};
use crate::error::{IssueError, ItemFailure, ItemFailureKind};
use crate::structure::external_authentication;
use crate::terminal::{built, select};
use card_model::profile::{Access, DedicatedFile, ElementaryFile, KeyDefinition, Profile, Term};
use card_model::secret::Pin;
use card_model::status::StatusWord;
use reader::command::{Command, CommandError};
use reader::commands::{self, CHUNK, RecordMode, read_record, update_record};
use reader::link::{Response, exchange};
use reader::security::KeyReference;

/// What the data step did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DataReport {
    /// Items written: records, blocks of transparent files.
    pub written: usize,
    /// Items read back and found equal.
    pub compared: usize,
    /// Items that failed.
    pub failures: Vec<ItemFailure>,
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

/// Writes the contents of a card and reads them back. `pin` is presented once where a file can only be read with the PIN; a
/// PIN with one try left is not presented.
///
/// # Errors
/// The transport or the security module failed, or a dedicated file cannot be selected. What the card refuses item by item
/// is in the report.
pub fn write(bench: &mut Bench<'_>, contents: &Contents, pin: Option<&Pin>) -> Result<DataReport, IssueError> {
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
        let todo = |f: &&FileContents| !f.body.is_nothing();
        if !files.iter().any(|f| todo(&f)) {
            continue;
        }
        select(writer.bench.channel, df)?;
        // Selecting another application drops the key states of the last one, not the PIN (STD-P7 §5.8, §6.6).
        writer.keys.clear();
        for file in files.iter().filter(todo) {
            writer.write_file(df, file)?;
        }
        for file in files.iter().filter(todo) {
            writer.compare_file(df, file)?;
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

/// Why a file cannot be opened.
enum Closed {
    Card(StatusWord),
    NoKey(String),
}

struct Writer<'b, 'a, 'p> {
    bench: &'b mut Bench<'a>,
    pin: Option<&'p Pin>,
    /// The card's answer to the PIN, once it was presented.
    pin_answer: Option<StatusWord>,
    /// Answers to external authentications in the current dedicated file.
    keys: Vec<(u8, StatusWord)>,
    report: DataReport,
}

impl Writer<'_, '_, '_> {
    fn write_file(&mut self, df: &DedicatedFile, contents: &FileContents) -> Result<(), IssueError> {
        let Some(ef) = df.files.get(contents.file) else {
            return Ok(());
        };
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

    fn compare_file(&mut self, df: &DedicatedFile, contents: &FileContents) -> Result<(), IssueError> {
        let Some(ef) = df.files.get(contents.file) else {
            return Ok(());
        };
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

    /// Satisfies a condition: an alternative that needs no PIN goes before one that does.
    fn open(&mut self, df: &DedicatedFile, access: &Access) -> Result<Result<(), Closed>, IssueError> {
        if access.is_free() {
            return Ok(Ok(()));
        }
        let mut closed = Closed::Card(StatusWord::SECURITY_NOT_SATISFIED);
        for with_pin in [false, true] {
            for term in access.terms.iter().filter(|term| term.pin == with_pin) {
                match self.satisfy(df, term)? {
                    Ok(()) => return Ok(Ok(())),
                    Err(why) => closed = why,
                }
            }
        }
        Ok(Err(closed))
    }

    fn satisfy(&mut self, df: &DedicatedFile, term: &Term) -> Result<Result<(), Closed>, IssueError> {
        for name in &term.keys {
            let Some(definition) = find_key(self.bench.profile, df, name) else {
                return Err(IssueError::Profile { path: name.clone() });
            };
            let key = KeyReference { definition, version: 1 };
            if !self.bench.loader.holds(key, self.bench.card) {
                return Ok(Err(Closed::NoKey(name.clone())));
            }
            let sw = self.authenticate(key)?;
            if !sw.is_ok() {
                return Ok(Err(Closed::Card(sw)));
            }
        }
        if term.pin {
            let sw = self.present_pin()?;
            if !sw.is_ok() {
                return Ok(Err(Closed::Card(sw)));
            }
        }
        Ok(Ok(()))
    }

    /// One external authentication per key and dedicated file: a key that failed is not tried again.
    fn authenticate(&mut self, key: KeyReference<'_>) -> Result<StatusWord, IssueError> {
        let id = key.definition.id;
        if let Some((_, sw)) = self.keys.iter().find(|(known, _)| *known == id) {
            return Ok(*sw);
        }
        let sw = match external_authentication(self.bench, key) {
            Ok(()) => StatusWord::OK,
            Err(IssueError::Refused { sw, .. }) => sw,
            Err(error) => return Err(error),
        };
        self.keys.push((id, sw));
        Ok(sw)
    }

    /// Presents the PIN once, after asking how many tries are left; the last try is never spent.
    fn present_pin(&mut self) -> Result<StatusWord, IssueError> {
        if let Some(sw) = self.pin_answer {
            return Ok(sw);
        }
        let query = exchange(self.bench.channel, &commands::pin_query())?;
        let sw = match (query.sw, self.pin) {
            // 9000: the card has no PIN.
            (sw, _) if sw.is_ok() => sw,
            (sw, Some(pin)) if sw.tries_left().is_some_and(|left| left > 1) => {
                let command = built(commands::verify(pin.expose()), "PIN")?;
                exchange(self.bench.channel, &command)?.sw
            }
            (sw, _) => sw,
        };
        self.pin_answer = Some(sw);
        Ok(sw)
    }

    fn fail(&mut self, path: String, kind: ItemFailureKind) {
        self.report.failures.push(ItemFailure { path, kind });
    }
}

/// A key named by a condition: of the dedicated file itself or of one above it.
fn find_key<'p>(profile: &'p Profile, df: &'p DedicatedFile, name: &str) -> Option<&'p KeyDefinition> {
    let mut current = Some(df);
    while let Some(file) = current {
        if let Some(key) = file.key(name) {
            return Some(key);
        }
        current = file.parent.and_then(|parent| profile.dedicated_files.get(parent));
    }
    None
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

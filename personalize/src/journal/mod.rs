//! The journal of a batch: what was begun and finished for whom, so that an interrupted batch goes on where it stopped and
//! nobody gets two cards.
//!
//! A journal is an append-only text file, one JSON object per line, synchronised to the disk line by line: what a line says
//! was true before the next command went to a card. A line torn by a power cut is dropped when the journal is opened again. The
//! file holds no secret and no citizen number: people appear as a salted, slow hash, and as a masked name for the clerk.

mod entry;
mod fault;

pub use entry::{Entry, Step, StepState};
pub use fault::JournalError;

use entry::{FORMAT, Line};
use reader::locked_file::LockedFile;
use std::collections::HashMap;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// Rounds of the person hash: about a tenth of a millisecond for us, and the same for every guess of who copies a journal.
const HASH_ROUNDS: u32 = 500;

/// A person as the journal knows them: a salted hash of the social security number.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Person(String);

impl Person {
    /// Sixteen bytes in hex.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What the journal knows about a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// Row of the holders file at the last attempt.
    pub row: u64,
    /// Card number given to the person.
    pub card_number: String,
    /// The 13 historical bytes of the card on which it began, in hex.
    pub historical: String,
    /// Where it stands.
    pub stage: Stage,
}

/// Where the card of a person stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stage {
    /// Begun and not ended: the program or the machine stopped in the middle.
    Begun {
        /// The last step that was begun and not finished, if any.
        open: Option<Step>,
    },
    /// Issued.
    Issued {
        /// Card identification code, in hex.
        card_id: String,
    },
    /// Ended with an error; may be tried again.
    Failed {
        /// The error in English.
        error: String,
    },
    /// Begun, never ended, and the half-issued card declared destroyed; may be issued again.
    WrittenOff,
}

/// A journal file, locked for this program as long as it is open.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    file: LockedFile,
    /// Length of the lines that are whole.
    length: u64,
    salt: String,
    people: HashMap<Person, Progress>,
}

impl Journal {
    /// Opens a journal, or begins one with `salt` (16 random bytes in hex are usual) if there is none.
    ///
    /// # Errors
    /// The file cannot be opened or locked, is no journal, or is damaged in the middle.
    pub fn open(path: &Path, salt: &str) -> Result<Self, JournalError> {
        let io = |source| JournalError::Io {
            path: path.display().to_string(),
            source,
        };
        let file = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .open(path)
            .map_err(io)?;
        let mut file = LockedFile::new(file).map_err(|error| match error {
            TryLockError::WouldBlock => JournalError::Locked {
                path: path.display().to_string(),
            },
            TryLockError::Error(source) => io(source),
        })?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(io)?;
        let whole = whole_lines(&bytes);
        let (length, people) = (whole as u64, HashMap::new());
        let mut journal = Self {
            path: path.to_owned(),
            file,
            length,
            salt: String::new(),
            people,
        };
        journal.replay(&bytes[..whole])?;
        if whole < bytes.len() {
            journal.file.set_len(length).map_err(io)?;
            journal.file.sync_all().map_err(io)?;
            journal.file.seek(SeekFrom::End(0)).map_err(io)?;
        }
        if journal.salt.is_empty() {
            journal.append(Entry::Opened {
                format: FORMAT,
                salt: salt.to_owned(),
            })?;
            sync_folder(path);
        }
        Ok(journal)
    }

    /// The journal kept beside a holders file when no other was named: `holders.csv.journal`.
    pub fn beside(holders: &Path) -> PathBuf {
        let mut name = holders.file_name().unwrap_or_default().to_os_string();
        name.push(".journal");
        holders.with_file_name(name)
    }

    /// Path of the file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The person with this social security number, as this journal writes them.
    pub fn person(&self, social_security_number: &str) -> Person {
        use sm3::{Digest, Sm3};
        let mut hash = Sm3::new_with_prefix(&self.salt)
            .chain_update(social_security_number)
            .finalize();
        for _ in 1..HASH_ROUNDS {
            hash = Sm3::digest(hash);
        }
        Person(hex::encode(&hash[..16]))
    }

    /// What is known about a person.
    pub fn progress(&self, person: &Person) -> Option<&Progress> {
        self.people.get(person)
    }

    /// The person whose card was begun on the chip with these historical bytes and never ended.
    pub fn begun_on(&self, historical: &[u8; 13]) -> Option<(&Person, &Progress)> {
        let historical = hex::encode_upper(historical);
        self.people
            .iter()
            .find(|(_, p)| p.historical == historical && matches!(p.stage, Stage::Begun { .. }))
    }

    /// The person whose card, issued according to this journal, is the chip with these historical bytes.
    pub fn issued_on(&self, historical: &[u8; 13]) -> Option<(&Person, &Progress)> {
        let historical = hex::encode_upper(historical);
        self.people
            .iter()
            .find(|(_, p)| p.historical == historical && matches!(p.stage, Stage::Issued { .. }))
    }

    /// Whether this card number was given to somebody.
    pub fn knows_card_number(&self, number: &str) -> bool {
        self.people.values().any(|progress| progress.card_number == number)
    }

    /// All people of the journal.
    pub fn people(&self) -> impl Iterator<Item = (&Person, &Progress)> {
        self.people.iter()
    }

    /// Declares the half-issued card of a person destroyed, so that the person may get another one.
    ///
    /// # Errors
    /// The line could not be written. Nothing is written for a person who has no half-issued card.
    pub fn write_off(&mut self, person: &Person) -> Result<bool, JournalError> {
        let begun = matches!(
            self.people.get(person),
            Some(Progress {
                stage: Stage::Begun { .. },
                ..
            })
        );
        if begun {
            self.append(Entry::WrittenOff {
                person: person.0.clone(),
            })?;
        }
        Ok(begun)
    }

    /// The same by the card number that was given to the person. Gives whether there was such a half-issued card.
    ///
    /// # Errors
    /// The line could not be written.
    pub fn write_off_card(&mut self, card_number: &str) -> Result<bool, JournalError> {
        let half =
            |progress: &Progress| progress.card_number == card_number && matches!(progress.stage, Stage::Begun { .. });
        let person = self
            .people
            .iter()
            .find(|(_, progress)| half(progress))
            .map(|(person, _)| person.clone());
        match person {
            Some(person) => self.write_off(&person),
            None => Ok(false),
        }
    }

    /// Appends a line and waits until the disk has it.
    ///
    /// # Errors
    /// The line could not be written; then the work it announces must not be begun.
    pub fn append(&mut self, entry: Entry) -> Result<(), JournalError> {
        let damaged = |message: String| JournalError::Damaged {
            path: self.path.display().to_string(),
            line: 0,
            message,
        };
        let line = Line {
            at: jiff::Timestamp::now().strftime("%FT%TZ").to_string(),
            entry,
        };
        let mut text = serde_json::to_string(&line).map_err(|error| damaged(error.to_string()))?;
        text.push('\n');
        let written = self
            .file
            .write_all(text.as_bytes())
            .and_then(|()| self.file.sync_data());
        if let Err(source) = written {
            // A full disk takes part of a line; what comes after it must not be joined to it.
            let _ = self.file.set_len(self.length);
            return Err(JournalError::Io {
                path: self.path.display().to_string(),
                source,
            });
        }
        self.length += text.len() as u64;
        self.apply(line.entry);
        Ok(())
    }

    fn replay(&mut self, bytes: &[u8]) -> Result<(), JournalError> {
        let path = self.path.display().to_string();
        for (index, line) in bytes
            .split(|b| *b == b'\n')
            .enumerate()
            .filter(|(_, line)| !line.is_empty())
        {
            let line: Line = serde_json::from_slice(line).map_err(|error| JournalError::Damaged {
                path: path.clone(),
                line: index + 1,
                message: error.to_string(),
            })?;
            match (&line.entry, self.salt.is_empty()) {
                (Entry::Opened { format, .. }, _) if *format > FORMAT => {
                    return Err(JournalError::Newer {
                        path,
                        format: *format,
                        known: FORMAT,
                    });
                }
                (Entry::Opened { .. }, true) => {}
                (_, false) => {}
                (_, true) => return Err(JournalError::NoJournal { path }),
            }
            self.apply(line.entry);
        }
        Ok(())
    }

    fn apply(&mut self, entry: Entry) {
        let progress = |people: &mut HashMap<Person, Progress>, person: String, stage| {
            if let Some(progress) = people.get_mut(&Person(person)) {
                progress.stage = stage;
            }
        };
        match entry {
            Entry::Opened { salt, .. } => {
                if self.salt.is_empty() {
                    self.salt = salt;
                }
            }
            Entry::Begun {
                person,
                row,
                card_number,
                historical,
                ..
            } => {
                let stage = Stage::Begun { open: None };
                self.people.insert(
                    Person(person),
                    Progress {
                        row,
                        card_number,
                        historical,
                        stage,
                    },
                );
            }
            Entry::Step { person, step, state } => {
                let open = Some(step).filter(|_| state == StepState::Begun);
                progress(&mut self.people, person, Stage::Begun { open });
            }
            Entry::Issued { person, card_id } => progress(&mut self.people, person, Stage::Issued { card_id }),
            Entry::Failed { person, error } => progress(&mut self.people, person, Stage::Failed { error }),
            Entry::WrittenOff { person } => progress(&mut self.people, person, Stage::WrittenOff),
        }
    }
}

/// Length of the part that ends with a line end: the rest is a line torn by a power cut.
fn whole_lines(bytes: &[u8]) -> usize {
    bytes.iter().rposition(|b| *b == b'\n').map_or(0, |last| last + 1)
}

/// Makes a new file's name as lasting as its content. Systems that cannot open folders keep names in their own way.
fn sync_folder(path: &Path) {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    if let Ok(folder) = File::open(folder) {
        let _ = folder.sync_all();
    }
}

#[cfg(test)]
mod tests;

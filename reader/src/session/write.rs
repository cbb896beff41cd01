//! Writing: the right update key, the write, reading back and comparing (`spec/commands.md` §4.4, §9 C).

use super::Session;
use super::file::Reach;
use crate::commands::{self, CHUNK, RecordMode};
use crate::decode::{EncodeError, encode, encode_pair, encode_record, split_records};
use crate::error::{Operation, ReaderError, Rule};
use crate::wellknown;
use card_model::profile::{Element, Located, Profile, Structure};
use card_model::status::StatusWord;
use serde::Serialize;

/// A value to be written: bytes of an element, an inner element, a whole tagless record to be appended to a cyclic file,
/// or the content of a transparent file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Write {
    /// Path in the profile.
    pub path: String,
    /// Bytes without tag and length, padded.
    pub bytes: Vec<u8>,
}

/// What became of a [`Write`].
#[derive(Debug, Serialize)]
pub struct Written {
    /// Path as the profile writes it.
    pub path: String,
    /// Whether it was written, and came back equal if it could be read.
    pub ok: bool,
    /// Whether it was read back; writing needs another key than reading.
    pub compared: bool,
    /// Why it failed.
    #[serde(skip)]
    pub error: Option<ReaderError>,
}

impl Write {
    /// The writes for a text as a person gives it, see [`encode`]. A name gives two: what does not fit into the name
    /// element goes into its extension, and a shorter name clears the extension. Fields of a cyclic record are given as
    /// a JSON array of texts.
    ///
    /// # Errors
    /// The path names nothing that can be written at once, or the text does not fit.
    pub fn from_text(profile: &Profile, path: &str, text: &str) -> Result<Vec<Self>, ReaderError> {
        let located = profile.locate(path)?;
        let path = located.path();
        if located.file.update.is_never() {
            let file = Reach::of(profile, &located).path;
            let condition = located.file.update.to_string();
            let rule = Rule {
                path: file,
                operation: Operation::Update,
                condition,
                missing: Vec::new(),
                module: None,
                certificate: false,
            };
            return Err(ReaderError::NotAllowed { rule: Box::new(rule) });
        }
        let value = |cause: EncodeError| ReaderError::Value {
            path: path.clone(),
            cause,
        };
        let Some(element) = located.target() else {
            return Ok(vec![Self {
                bytes: Self::file_from_text(&located, &path, text)?,
                path,
            }]);
        };
        if path == wellknown::NAME
            && let Some(second) = profile
                .locate(wellknown::NAME_EXTENSION)
                .ok()
                .and_then(|located| located.element)
        {
            let (head, tail) = encode_pair(element, second, text).map_err(value)?;
            let extension = Self {
                path: wellknown::NAME_EXTENSION.to_owned(),
                bytes: tail,
            };
            return Ok(vec![
                Self {
                    path: path.clone(),
                    bytes: head,
                },
                extension,
            ]);
        }
        Ok(vec![Self {
            bytes: encode(element, text).map_err(value)?,
            path: path.clone(),
        }])
    }

    fn file_from_text(located: &Located<'_>, path: &str, text: &str) -> Result<Vec<u8>, ReaderError> {
        let value = |cause: EncodeError| ReaderError::Value {
            path: path.to_owned(),
            cause,
        };
        match located.file.structure {
            Structure::Cyclic { .. } => {
                let fields: Vec<String> = serde_json::from_str(text).map_err(|_| {
                    value(EncodeError::FieldCount {
                        found: 1,
                        wanted: located.file.elements.len(),
                    })
                })?;
                encode_record(located.file, &fields).map_err(value)
            }
            Structure::Transparent { size } => {
                let bytes = hex::decode(text.trim()).map_err(|_| value(EncodeError::BadHex))?;
                let limit = usize::from(size);
                if bytes.len() > limit {
                    return Err(value(EncodeError::TooLong {
                        by: bytes.len() - limit,
                        limit,
                    }));
                }
                Ok(bytes)
            }
            _ => Err(ReaderError::NoElement { path: path.to_owned() }),
        }
    }
}

impl Session<'_> {
    /// Writes texts by path and compares what comes back. All texts are encoded before the first is written. Of two
    /// texts for one element the later counts, also where the first is the extension that a name brought with it.
    ///
    /// In a card of version 1 a path ending in `@2.0` (`DF01/EF0A/37@2.0`) writes the value that version 2 gives the tag,
    /// with the mark of reuse behind it; a record that carries the mark already is written so without being told.
    ///
    /// # Errors
    /// A path or text is wrong (nothing is written then), or the transport failed. What the card refuses is told in the
    /// result of its path.
    pub fn write_text(&mut self, values: &[(&str, &str)]) -> Result<Vec<Written>, ReaderError> {
        let mut writes: Vec<Write> = Vec::with_capacity(values.len());
        let paths: Vec<&str> = values.iter().map(|(path, _)| *path).collect();
        for (path, text) in values {
            let made = match self.reused_write(path, text, &paths)? {
                Some(write) => vec![write],
                None => Write::from_text(self.profile, path, text)?,
            };
            for write in made {
                let is_element = self.profile.locate(&write.path)?.element.is_some();
                writes.retain(|earlier| !is_element || earlier.path != write.path);
                writes.push(write);
            }
        }
        self.write(&writes)
    }

    /// Writes values grouped by dedicated file: first all writes under the update keys, then everything is read back and
    /// compared. One failed value does not stop the others.
    ///
    /// # Errors
    /// A path names nothing (nothing is written then), or the transport failed.
    pub fn write(&mut self, writes: &[Write]) -> Result<Vec<Written>, ReaderError> {
        let profile = self.profile;
        let located = writes
            .iter()
            .map(|write| profile.locate(&write.path))
            .collect::<Result<Vec<_>, _>>()?;
        let mut results: Vec<Written> = located
            .iter()
            .map(|located| Written {
                path: located.path(),
                ok: false,
                compared: false,
                error: None,
            })
            .collect();
        let mut order: Vec<usize> = Vec::new();
        for located in &located {
            let df = profile.index_of(&located.dedicated_file.id).unwrap_or_default();
            if !order.contains(&df) {
                order.push(df);
            }
        }
        for df in order {
            let here = |at: &usize| profile.index_of(&located[*at].dedicated_file.id) == Some(df);
            let indexes: Vec<usize> = (0..writes.len()).filter(here).collect();
            for at in &indexes {
                let outcome = self.write_one(&located[*at], &writes[*at].bytes);
                results[*at].ok = settle(outcome, &mut results[*at].error)?.is_some();
            }
            self.compare(&indexes, &located, writes, &mut results)?;
        }
        Ok(results)
    }

    fn write_one(&mut self, located: &Located<'_>, bytes: &[u8]) -> Result<(), ReaderError> {
        let reach = Reach::of(self.profile, located);
        let check = |element: &Element| {
            let (found, wanted) = (bytes.len(), usize::from(element.length));
            let cause = EncodeError::DigitCount { found, wanted };
            if found == wanted {
                Ok(())
            } else {
                Err(ReaderError::Value {
                    path: located.path(),
                    cause,
                })
            }
        };
        match (located.element, located.inner) {
            (Some(element), Some(inner)) => {
                check(inner)?;
                let outer = self.with_inner(&reach, located, element, inner, bytes)?;
                self.allow_update(&reach)?;
                self.update_element(&reach, located, element, &outer)
            }
            (Some(element), None) => {
                check(element)?;
                self.allow_update(&reach)?;
                self.update_element(&reach, located, element, bytes)
            }
            (None, _) => {
                self.allow_update(&reach)?;
                match reach.file.structure {
                    Structure::Cyclic { .. } => {
                        let command = commands::update_record(0, RecordMode::Previous, 0, bytes)?;
                        self.update(&reach, &command)
                    }
                    Structure::Transparent { .. } => self.update_transparent(&reach, bytes),
                    _ => Err(ReaderError::NoElement { path: located.path() }),
                }
            }
        }
    }

    /// Meets the update condition and makes the file the current one.
    fn allow_update(&mut self, reach: &Reach<'_>) -> Result<(), ReaderError> {
        if reach.file.update.is_never() || !self.meet(reach, Operation::Update)? {
            return Err(ReaderError::NotAllowed {
                rule: Box::new(self.rule(reach, Operation::Update)),
            });
        }
        self.enter_file(reach)
    }

    fn update(&mut self, reach: &Reach<'_>, command: &crate::command::Command) -> Result<(), ReaderError> {
        let sw = self.send(command)?.sw;
        if sw.is_ok() {
            Ok(())
        } else {
            Err(self.refused(command, reach, Operation::Update, sw))
        }
    }

    fn update_element(
        &mut self,
        reach: &Reach<'_>,
        located: &Located<'_>,
        element: &Element,
        bytes: &[u8],
    ) -> Result<(), ReaderError> {
        let record = record(element, bytes);
        let tag = element.tag.unwrap_or(0);
        let command = if located.occurrence <= 1 {
            commands::update_record(tag, RecordMode::First, 0, &record)?
        } else {
            let same =
                |r: &card_model::profile::Record<'_>| r.element.tag == Some(tag) && r.occurrence == located.occurrence;
            let number = reach
                .file
                .records()
                .find(same)
                .map(|record| record.number)
                .unwrap_or(located.occurrence);
            self.fill_before(reach, number)?;
            commands::update_record(number, RecordMode::Number, 0, &record)?
        };
        self.update(reach, &command)
    }

    /// Writes empty items for records that are missing before `number`, because the card appends a record with an unknown
    /// number at the end. Where the file may not be read the records are taken to be there.
    fn fill_before(&mut self, reach: &Reach<'_>, number: u8) -> Result<(), ReaderError> {
        let mut last = number - 1;
        while last > 0 {
            let sw = self.send(&commands::read_record(last, RecordMode::Number, 0, 256))?.sw;
            if sw != StatusWord::RECORD_NOT_FOUND {
                break;
            }
            last -= 1;
        }
        let missing: Vec<_> = reach
            .file
            .records()
            .filter(|record| record.number > last && record.number < number)
            .collect();
        for missing in missing {
            let empty = encode(missing.element, "").unwrap_or_default();
            let command =
                commands::update_record(missing.number, RecordMode::Number, 0, &record(missing.element, &empty))?;
            self.update(reach, &command)?;
        }
        Ok(())
    }

    /// The value of a nested element with one inner element exchanged.
    fn with_inner(
        &mut self,
        reach: &Reach<'_>,
        located: &Located<'_>,
        element: &Element,
        inner: &Element,
        bytes: &[u8],
    ) -> Result<Vec<u8>, ReaderError> {
        self.meet(reach, Operation::Read)?;
        let old = self.read_tagged(reach, element.tag.unwrap_or(0), located.occurrence, element.length)?;
        let old = old.unwrap_or_default();
        let fields = split_records(&old).unwrap_or_default();
        let mut value = Vec::with_capacity(usize::from(element.length));
        for part in &element.inner {
            let kept = fields
                .iter()
                .find(|field| Some(field.tag) == part.tag)
                .map(|field| field.value.to_vec());
            let kept = kept.filter(|kept| kept.len() == usize::from(part.length));
            let content = if part.tag == inner.tag {
                bytes.to_vec()
            } else {
                kept.unwrap_or_else(|| encode(part, "").unwrap_or_default())
            };
            value.extend(record(part, &content));
        }
        Ok(value)
    }

    fn update_transparent(&mut self, reach: &Reach<'_>, bytes: &[u8]) -> Result<(), ReaderError> {
        for (number, part) in bytes.chunks(CHUNK).enumerate() {
            let offset = u16::try_from(number * CHUNK).unwrap_or(u16::MAX);
            self.update(reach, &commands::update_binary(offset, part)?)?;
        }
        Ok(())
    }
}

/// `tag length value`.
fn record(element: &Element, bytes: &[u8]) -> Vec<u8> {
    let length = u8::try_from(bytes.len()).unwrap_or(u8::MAX);
    [&[element.tag.unwrap_or(0), length], bytes].concat()
}

/// Keeps an error for its path; a transport error ends everything.
pub(super) fn settle<T>(
    outcome: Result<T, ReaderError>,
    place: &mut Option<ReaderError>,
) -> Result<Option<T>, ReaderError> {
    match outcome {
        Ok(value) => Ok(Some(value)),
        Err(error @ ReaderError::Transport(_)) => Err(error),
        Err(error) => {
            *place = Some(error);
            Ok(None)
        }
    }
}

//! Reading by path: elements, files, everything that may be read.

use super::Session;
use super::file::Reach;
use super::reuse::{later_version, with_marking};
use crate::decode::{
    Decoded, ElementView, Value, decode, decode_cyclic, decode_records, decode_transparent, join_name, split_records,
};
use crate::error::{Operation, ReaderError, title};
use crate::wellknown;
use card_model::profile::{DedicatedFileKind, Element, ElementaryFile, Located, Structure};
use card_model::status::StatusWord;
use card_model::words::{Explain, Lang};
use serde::Serialize;

/// What was read for one path.
#[derive(Debug)]
pub struct FileReading {
    /// Path as the profile writes it.
    pub path: String,
    /// The elements; empty if it failed or the file is empty.
    pub elements: Vec<Decoded>,
    /// Why it failed.
    pub error: Option<ReaderError>,
}

/// One file in the JSON of `ssc read`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FileView {
    /// Path.
    pub path: String,
    /// Whether it was read.
    pub ok: bool,
    /// Status word: 9000, or what the card refused with; `null` if the card was not the reason.
    pub sw: Option<String>,
    /// The elements.
    pub elements: Vec<ElementView>,
    /// The reason in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// The JSON of `ssc read`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ReadingView {
    /// Files in the order they were read.
    pub files: Vec<FileView>,
}

impl ReadingView {
    /// The JSON document for what was read.
    pub fn new(readings: &[FileReading], lang: Lang) -> Self {
        Self {
            files: readings.iter().map(|reading| reading.view(lang)).collect(),
        }
    }
}

impl FileReading {
    /// Whether the path was read.
    pub fn ok(&self) -> bool {
        self.error.is_none()
    }

    /// The first element with a tag.
    pub fn element(&self, tag: u8) -> Option<&Decoded> {
        self.elements.iter().find(|element| element.tag == Some(tag))
    }

    /// The reading as `ssc read --json` prints it.
    pub fn view(&self, lang: Lang) -> FileView {
        let sw = match &self.error {
            None => Some(StatusWord::OK),
            Some(error) => error.status_word(),
        };
        let words = |error: &ReaderError| {
            let explanation = error.explain(lang);
            match explanation.why {
                Some(why) => format!("{}{}{why}", explanation.what, lang.pick("：", ": ")),
                None => explanation.what,
            }
        };
        FileView {
            path: self.path.clone(),
            ok: self.ok(),
            sw: sw.map(|sw| sw.to_string()),
            elements: self.elements.iter().map(|element| element.view(lang)).collect(),
            error: self.error.as_ref().map(words),
        }
    }
}

impl Session<'_> {
    /// Reads paths in their order. A path that the card refuses does not stop the others; a broken transport does.
    ///
    /// # Errors
    /// A path names nothing in this card version (nothing is read then), or the transport failed.
    pub fn read(&mut self, paths: &[&str]) -> Result<Vec<FileReading>, ReaderError> {
        let profile = self.profile;
        let located = paths
            .iter()
            .map(|path| profile.locate(path))
            .collect::<Result<Vec<_>, _>>()?;
        located.iter().map(|located| self.read_located(located)).collect()
    }

    /// Reads one path; the error is that of the path.
    ///
    /// # Errors
    /// The path names nothing, cannot be read with what was given, or the transport failed.
    pub fn read_path(&mut self, path: &str) -> Result<Vec<Decoded>, ReaderError> {
        let located = self.profile.locate(path)?;
        self.elements_of(&located)
    }

    /// Reads every file that may be read with what was given: free files, files whose key the security module holds, and
    /// files that want the PIN if there is somebody to give it. Files the card does not have are left out.
    ///
    /// # Errors
    /// The transport failed.
    pub fn read_all(&mut self) -> Result<Vec<FileReading>, ReaderError> {
        let profile = self.profile;
        if !self.state.pin && !self.pin_there() {
            // Without a PIN on the card its conditions are met; what the card says to the question changes nothing else.
            match self.pin_status() {
                Ok(status) => self.state.pin = !status.set,
                Err(error @ ReaderError::Transport(_)) => return Err(error),
                Err(_) => {}
            }
        }
        let mut readings = Vec::new();
        let mut absent = None;
        for (df, file) in profile.files() {
            if df.kind == DedicatedFileKind::Mf
                || absent == Some(df.fid)
                || !is_listed(file)
                || !self.can_meet(&file.read)
            {
                continue;
            }
            let located = Located {
                dedicated_file: df,
                file,
                element: None,
                occurrence: 1,
                inner: None,
            };
            let reading = self.read_located(&located)?;
            let sw = reading.error.as_ref().and_then(ReaderError::status_word);
            if sw == Some(StatusWord::FILE_NOT_FOUND) {
                if self.state.df != profile.index_of(&df.id) {
                    absent = Some(df.fid);
                }
                continue;
            }
            readings.push(reading);
        }
        Ok(readings)
    }

    fn read_located(&mut self, located: &Located<'_>) -> Result<FileReading, ReaderError> {
        let path = located.path();
        match self.elements_of(located) {
            Ok(elements) => Ok(FileReading {
                path,
                elements,
                error: None,
            }),
            Err(error @ ReaderError::Transport(_)) => Err(error),
            Err(error) => Ok(FileReading {
                path,
                elements: Vec::new(),
                error: Some(error),
            }),
        }
    }

    /// Meets the read condition and reads. Where the condition cannot be met the command is sent all the same, so that
    /// the refusal is the card's own.
    fn elements_of(&mut self, located: &Located<'_>) -> Result<Vec<Decoded>, ReaderError> {
        let reach = Reach::of(self.profile, located);
        self.enter(reach.df)?;
        self.meet(&reach, Operation::Read)?;
        match located.element {
            Some(element) => self.one_element(&reach, located, element),
            None => self.whole_file(&reach),
        }
    }

    fn whole_file(&mut self, reach: &Reach<'_>) -> Result<Vec<Decoded>, ReaderError> {
        match reach.file.structure {
            Structure::LinearVariable | Structure::LinearFixed => {
                let bytes = self.read_all_records(reach)?;
                let malformed = || {
                    let command = crate::commands::read_record(1, crate::commands::RecordMode::Number, 0, 0);
                    ReaderError::Answer {
                        command: title(&command),
                        path: Some(reach.path.clone()),
                    }
                };
                let records = split_records(&bytes).ok_or_else(malformed)?;
                let mut decoded = decode_records(reach.file, later_version(self.profile, &reach.path), &records);
                if let (Some(first), Some(second)) = self.name_tags(&reach.path) {
                    join_name(&mut decoded, first, second);
                }
                Ok(decoded)
            }
            Structure::Cyclic { .. } => {
                let records = self.read_numbered(reach)?;
                let numbered = (1u8..).zip(&records);
                Ok(numbered
                    .flat_map(|(number, bytes)| decode_cyclic(reach.file, number, bytes))
                    .collect())
            }
            Structure::Transparent { size } => Ok(decode_transparent(reach.file, &self.read_transparent(reach, size)?)),
            Structure::Internal { .. } => Err(ReaderError::NotAllowed {
                rule: Box::new(self.rule(reach, Operation::Read)),
            }),
        }
    }

    fn one_element(
        &mut self,
        reach: &Reach<'_>,
        located: &Located<'_>,
        element: &Element,
    ) -> Result<Vec<Decoded>, ReaderError> {
        let tag = element.tag.unwrap_or(0);
        let Some(raw) = self.read_tagged(reach, tag, located.occurrence, element.length)? else {
            // A record that was never written is an empty item.
            return Ok(Vec::new());
        };
        let marking = self.marking_record(reach, element)?;
        let records = with_marking(crate::decode::Record { tag, value: &raw }, marking.as_ref());
        let mut decoded = decode_records(reach.file, later_version(self.profile, &reach.path), &records);
        decoded.truncate(1);
        for one in &mut decoded {
            one.occurrence = located.occurrence;
        }
        if self.name_tags(&reach.path).0 == Some(tag) && is_nearly_full(&raw) {
            self.append_extension(reach, &mut decoded)?;
        }
        if let Some(inner) = located.inner {
            return Ok(decoded.into_iter().flat_map(|outer| inner_of(outer, inner)).collect());
        }
        Ok(decoded)
    }

    /// Reads the extension of a name that fills its element, and joins both.
    fn append_extension(&mut self, reach: &Reach<'_>, decoded: &mut Vec<Decoded>) -> Result<(), ReaderError> {
        let (Some(first), Some(second)) = self.name_tags(&reach.path) else {
            return Ok(());
        };
        let Some(element) = reach.file.element(second) else {
            return Ok(());
        };
        if let Some(raw) = self.read_tagged(reach, second, 1, element.length)? {
            let value = decode(element, &raw);
            decoded.push(Decoded {
                tag: Some(second),
                occurrence: 1,
                zh: element.zh.clone(),
                en: element.en.clone(),
                raw,
                value,
                reused: false,
            });
            join_name(decoded, first, second);
            decoded.retain(|element| element.tag == Some(first));
        }
        Ok(())
    }

    /// Tags of name and name extension, if the path is the file that holds them.
    fn name_tags(&self, path: &str) -> (Option<u8>, Option<u8>) {
        if path != wellknown::HOLDER_FILE {
            return (None, None);
        }
        let tag = |path| {
            self.profile
                .locate(path)
                .ok()
                .and_then(|located| located.element)
                .and_then(|element| element.tag)
        };
        (tag(wellknown::NAME), tag(wellknown::NAME_EXTENSION))
    }

    /// Value of a single element as plain text; `None` if it is empty or not there.
    ///
    /// # Errors
    /// As [`Session::read_path`].
    pub fn read_plain(&mut self, path: &str) -> Result<Option<String>, ReaderError> {
        let decoded = self.read_path(path)?;
        Ok(decoded
            .first()
            .and_then(|element| element.value.plain())
            .filter(|text| !text.is_empty()))
    }
}

/// Whether a file is one that people read: not the operating system's own.
fn is_listed(file: &ElementaryFile) -> bool {
    !matches!(file.structure, Structure::Internal { .. }) && !file.elements.is_empty()
}

/// The longest character has four bytes: with less than that left, the name may go on in its extension.
fn is_nearly_full(raw: &[u8]) -> bool {
    let used = raw.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    used + 4 > raw.len()
}

fn inner_of(outer: Decoded, inner: &Element) -> Option<Decoded> {
    match outer.value {
        Value::Nested(fields) => fields.into_iter().find(|field| field.tag == inner.tag),
        _ => None,
    }
}

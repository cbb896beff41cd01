//! Reads a PSAM description from TOML; every fault is told with file, line and place.

use super::{Application, Cipher, Environment, FieldKind, FileRole, PsamDescription, PsamField, PsamFile};
use crate::profile::{Fault, KeyRole, ProfileError, Thing};
use crate::psam::usage::KeyKind;
use serde::Deserialize;
use std::sync::OnceLock;
use toml::Spanned;

/// Length of a DF name in bytes.
const NAME: core::ops::RangeInclusive<usize> = 5..=16;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    name: String,
    zh: String,
    en: String,
    reset: RawReset,
    os: RawOs,
    environment: Vec<Spanned<RawEnvironment>>,
    #[serde(default)]
    environment_file: Vec<Spanned<RawFile>>,
    application: Spanned<RawApplication>,
    #[serde(default)]
    application_file: Vec<Spanned<RawFile>>,
    #[serde(default)]
    further_form: Vec<RawForm>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawReset {
    contact: Spanned<String>,
    maker: Spanned<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawOs {
    /// Bytes for files and keys.
    memory: u16,
    master_key_tries: Spanned<u8>,
    purchase_key_tries: Spanned<u8>,
    test_master_key: Spanned<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawEnvironment {
    fid: Spanned<u16>,
    name: Spanned<String>,
    cipher: Cipher,
    zh: String,
    en: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawApplication {
    fid: u16,
    aid: Spanned<String>,
    label: Spanned<String>,
    zh: String,
    en: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFile {
    fid: Spanned<u16>,
    role: Spanned<String>,
    size: Option<Spanned<u16>>,
    keys: Option<Spanned<u16>>,
    zh: String,
    en: String,
    #[serde(default)]
    fields: Vec<RawField>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawField {
    is: FieldKind,
    length: u8,
    zh: String,
    en: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawForm {
    role: Spanned<String>,
    #[serde(rename = "type")]
    kind: Spanned<u8>,
}

/// The text of a file, to tell where something stands.
struct Source<'a> {
    text: &'a str,
    file: &'a str,
}

impl Source<'_> {
    fn fault(&self, offset: usize, path: &str, fault: Fault) -> ProfileError {
        let before = self.text.as_bytes().get(..offset).unwrap_or(self.text.as_bytes());
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        ProfileError {
            file: self.file.to_owned(),
            line: u32::try_from(line).unwrap_or(u32::MAX),
            path: path.to_owned(),
            fault,
        }
    }

    fn hex(&self, path: &str, field: &'static str, value: &Spanned<String>) -> Result<Vec<u8>, ProfileError> {
        hex::decode(value.get_ref()).map_err(|_| {
            let value_text = value.get_ref().clone();
            let fault = Fault::Hex {
                field,
                value: value_text,
            };
            self.fault(value.span().start, path, fault)
        })
    }

    fn array<const N: usize>(
        &self,
        path: &str,
        field: &'static str,
        value: &Spanned<String>,
    ) -> Result<[u8; N], ProfileError> {
        self.hex(path, field, value)?.try_into().map_err(|_| {
            let fault = Fault::Hex {
                field,
                value: value.get_ref().clone(),
            };
            self.fault(value.span().start, path, fault)
        })
    }

    fn df_name(&self, path: &str, field: &'static str, value: &Spanned<String>) -> Result<Vec<u8>, ProfileError> {
        let name = self.hex(path, field, value)?;
        self.range(path, field, value.span().start, name.len(), NAME)?;
        Ok(name)
    }

    fn range(
        &self,
        path: &str,
        field: &'static str,
        offset: usize,
        value: usize,
        allowed: core::ops::RangeInclusive<usize>,
    ) -> Result<(), ProfileError> {
        if allowed.contains(&value) {
            return Ok(());
        }
        let number = |value: usize| u32::try_from(value).unwrap_or(u32::MAX);
        let fault = Fault::Range {
            field,
            value: number(value),
            least: number(*allowed.start()),
            most: number(*allowed.end()),
        };
        Err(self.fault(offset, path, fault))
    }

    fn tries(&self, field: &'static str, value: &Spanned<u8>) -> Result<u8, ProfileError> {
        self.range("", field, value.span().start, usize::from(*value.get_ref()), 1..=255)?;
        Ok(*value.get_ref())
    }
}

impl PsamDescription {
    /// The PSAM of this program.
    ///
    /// # Errors
    /// None in a released program; a test loads it.
    pub fn builtin() -> Result<&'static Self, ProfileError> {
        static BUILTIN: OnceLock<Result<PsamDescription, ProfileError>> = OnceLock::new();
        let loaded = BUILTIN.get_or_init(|| Self::load(include_str!("../../../profiles/psam.toml"), "psam.toml"));
        loaded.as_ref().map_err(Clone::clone)
    }

    /// Reads a description from TOML text; `file` is the name that errors tell.
    ///
    /// # Errors
    /// The first fault found, with file, line and place.
    pub fn load(text: &str, file: &str) -> Result<Self, ProfileError> {
        let source = Source { text, file };
        let raw: Raw = toml::from_str(text).map_err(|error| {
            let offset = error.span().map_or(0, |span| span.start);
            source.fault(offset, "", Fault::Syntax(error.message().to_owned()))
        })?;
        let environments = environments(&source, raw.environment)?;
        let application = raw.application.get_ref();
        let label = application.label.get_ref().len();
        let at = application.label.span().start;
        source.range("application", "label", at, label, 1..=16)?;
        let description = Self {
            contact: source.hex("reset", "contact", &raw.reset.contact)?,
            maker: source.array("reset", "maker", &raw.reset.maker)?,
            memory: raw.os.memory,
            master_key_tries: source.tries("os.master_key_tries", &raw.os.master_key_tries)?,
            purchase_key_tries: source.tries("os.purchase_key_tries", &raw.os.purchase_key_tries)?,
            test_master_key: source.array("os", "test_master_key", &raw.os.test_master_key)?,
            environments,
            environment_files: files(&source, "environment", raw.environment_file)?,
            application: Application {
                fid: application.fid,
                aid: source.df_name("application", "aid", &application.aid)?,
                label: application.label.get_ref().clone(),
                zh: application.zh.clone(),
                en: application.en.clone(),
            },
            application_files: files(&source, "application", raw.application_file)?,
            further_forms: raw
                .further_form
                .into_iter()
                .map(|form| further_form(&source, &form))
                .collect::<Result<_, _>>()?,
            name: raw.name,
            zh: raw.zh,
            en: raw.en,
        };
        let present = |role| description.file(role).is_some();
        match FileRole::ALL.into_iter().find(|role| !present(*role)) {
            None => Ok(description),
            Some(role) => Err(source.fault(0, "", Fault::Missing(role.word()))),
        }
    }
}

fn environments(source: &Source<'_>, raw: Vec<Spanned<RawEnvironment>>) -> Result<Vec<Environment>, ProfileError> {
    let mut environments: Vec<Environment> = Vec::new();
    for spanned in raw {
        let start = spanned.span().start;
        let it = spanned.into_inner();
        let path = format!("{:04X}", it.fid.get_ref());
        let name = source.df_name(&path, "name", &it.name)?;
        let twice = |what, value: String| source.fault(start, &path, Fault::Duplicate { what, value });
        if environments.iter().any(|other| other.fid == *it.fid.get_ref()) {
            return Err(twice(Thing::Fid, path.clone()));
        }
        if environments
            .iter()
            .any(|other| other.name == name || other.cipher == it.cipher)
        {
            return Err(twice(Thing::DedicatedFile, it.name.get_ref().clone()));
        }
        environments.push(Environment {
            fid: *it.fid.get_ref(),
            name,
            cipher: it.cipher,
            zh: it.zh,
            en: it.en,
        });
    }
    match environments.first() {
        Some(first) if first.fid == 0x3F00 => Ok(environments),
        _ => Err(source.fault(0, "", Fault::Missing("environment 3F00"))),
    }
}

fn files(source: &Source<'_>, place: &str, raw: Vec<Spanned<RawFile>>) -> Result<Vec<PsamFile>, ProfileError> {
    let mut files: Vec<PsamFile> = Vec::new();
    for spanned in raw {
        let start = spanned.span().start;
        let it = spanned.into_inner();
        let fid = *it.fid.get_ref();
        let path = format!("{place}/{fid:04X}");
        // The short identifier must be one, because it is how files are read.
        source.range(&path, "fid", it.fid.span().start, usize::from(fid), 1..=30)?;
        let word = it.role.get_ref();
        let role = FileRole::ALL
            .into_iter()
            .find(|role| role.word() == word)
            .ok_or_else(|| {
                let fault = Fault::NotOneOf {
                    field: "role",
                    value: word.clone(),
                    allowed: FileRole::words(),
                };
                source.fault(it.role.span().start, &path, fault)
            })?;
        if files.iter().any(|other| other.fid == fid || other.role == role) {
            let value = format!("{fid:04X} {word}");
            return Err(source.fault(
                start,
                &path,
                Fault::Duplicate {
                    what: Thing::File,
                    value,
                },
            ));
        }
        let (name, size) = match role {
            FileRole::Keys(_) => ("keys", it.keys),
            _ => ("size", it.size),
        };
        let size = size.ok_or_else(|| source.fault(start, &path, Fault::Missing(name)))?;
        let sum: u32 = it.fields.iter().map(|field| u32::from(field.length)).sum();
        if !it.fields.is_empty() && sum != u32::from(*size.get_ref()) {
            let fault = Fault::Sum {
                what: Thing::Elements,
                found: sum,
                expected: u32::from(*size.get_ref()),
            };
            return Err(source.fault(size.span().start, &path, fault));
        }
        let exact = match role {
            FileRole::TransactionNumber => 4..=4,
            FileRole::TerminalNumber => 6..=6,
            _ => 1..=usize::from(u8::MAX),
        };
        let length = usize::from(*size.get_ref());
        source.range(&path, name, size.span().start, length, exact)?;
        files.push(PsamFile {
            fid,
            role,
            size: *size.get_ref(),
            zh: it.zh,
            en: it.en,
            fields: it
                .fields
                .into_iter()
                .map(|field| PsamField {
                    kind: field.is,
                    length: field.length,
                    zh: field.zh,
                    en: field.en,
                })
                .collect(),
        });
    }
    Ok(files)
}

fn further_form(source: &Source<'_>, form: &RawForm) -> Result<(KeyRole, KeyKind), ProfileError> {
    let role = KeyRole::from_word(form.role.get_ref()).ok_or_else(|| {
        let fault = Fault::NotOneOf {
            field: "role",
            value: form.role.get_ref().clone(),
            allowed: KeyRole::words(),
        };
        source.fault(form.role.span().start, "further_form", fault)
    })?;
    let kind = KeyKind::from_number(*form.kind.get_ref()).ok_or_else(|| {
        let fault = Fault::PsamUsage(*form.kind.get_ref());
        source.fault(form.kind.span().start, "further_form", fault)
    })?;
    Ok((role, kind))
}

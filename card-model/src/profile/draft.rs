//! A profile between text and result: base and overlays merged, every value still knowing where it was written.

use crate::profile::error::{Fault, ProfileError};
use crate::profile::raw::RawReused;

/// A line of one of the files a profile was made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Place {
    /// Index in [`Draft::sources`].
    pub source: usize,
    /// Line from 1.
    pub line: u32,
}

/// A value and where it was written.
#[derive(Debug, Clone)]
pub(super) struct Cell<T> {
    pub value: T,
    pub place: Place,
}

/// A value that some file may have given.
pub(super) type Field<T> = Option<Cell<T>>;

#[derive(Default)]
pub(super) struct Draft {
    /// Names of the files, base first.
    pub sources: Vec<String>,
    /// What was found wrong on the way.
    pub faults: Vec<ProfileError>,
    pub place: Place,
    pub name: Field<String>,
    pub zh: Field<String>,
    pub en: Field<String>,
    pub generation: Field<u8>,
    pub specification_version: Field<String>,
    pub algorithm: Field<String>,
    pub contact: Field<String>,
    pub contactless: Field<String>,
    pub maker: Field<String>,
    pub min_digits: Field<u8>,
    pub max_digits: Field<u8>,
    pub pin_tries: Field<u8>,
    pub key_tries: Field<u8>,
    pub memory: Field<u32>,
    pub test_transport_key: Field<String>,
    pub dedicated_files: Vec<DraftDedicatedFile>,
}

pub(super) struct DraftDedicatedFile {
    pub place: Place,
    pub id: String,
    pub kind: Field<String>,
    pub parent: Field<String>,
    pub fid: Field<u16>,
    pub name: Field<String>,
    pub label: Field<String>,
    pub zh: Field<String>,
    pub en: Field<String>,
    pub directory_sfi: Field<u8>,
    pub announces_algorithm: Field<bool>,
    pub has_pin: Field<bool>,
    pub keys: Vec<DraftKey>,
    pub pins: Vec<DraftPin>,
    pub files: Vec<DraftElementaryFile>,
}

pub(super) struct DraftKey {
    pub place: Place,
    pub name: String,
    pub id: Field<u8>,
    pub index: Field<u8>,
    pub role: Field<String>,
    pub psam: Field<[u8; 2]>,
    pub hsm: Field<u16>,
    pub level: Field<String>,
    pub versions: Field<u8>,
    pub length: Field<u8>,
    pub tries: Field<u8>,
    pub zh: Field<String>,
    pub en: Field<String>,
}

pub(super) struct DraftPin {
    pub place: Place,
    pub name: String,
    pub role: Field<String>,
    pub id: Field<u8>,
    pub tries: Field<u8>,
    pub zh: Field<String>,
    pub en: Field<String>,
}

pub(super) struct DraftElementaryFile {
    pub place: Place,
    pub fid: u16,
    pub sfi: Field<u8>,
    pub zh: Field<String>,
    pub en: Field<String>,
    pub class: Field<String>,
    pub structure: Field<String>,
    pub records: Field<u8>,
    pub size: Field<u16>,
    pub read: Field<String>,
    pub update: Field<String>,
    pub key_pair: Field<String>,
    pub certificate_of: Field<String>,
    pub elements: Vec<DraftElement>,
}

#[derive(Default)]
pub(super) struct DraftElement {
    pub place: Place,
    pub tag: Field<u8>,
    pub an: Field<u16>,
    pub cn: Field<u16>,
    pub b: Field<u16>,
    pub tlv: Field<u16>,
    pub zh: Field<String>,
    pub en: Field<String>,
    pub is: Field<String>,
    pub codes: Field<String>,
    pub parts: Vec<DraftPart>,
    pub repeat: Field<u8>,
    pub optional: Field<bool>,
    pub example: Field<String>,
    pub reused: Field<RawReused>,
    pub inner: Vec<DraftElement>,
}

pub(super) struct DraftPart {
    pub place: Place,
    pub zh: String,
    pub en: String,
    pub length: u8,
    pub codes: String,
}

impl Draft {
    /// An error at a place of this draft.
    pub fn error(&self, place: Place, path: impl Into<String>, fault: Fault) -> ProfileError {
        let file = self.sources.get(place.source).cloned().unwrap_or_default();
        ProfileError {
            file,
            line: place.line.max(1),
            path: path.into(),
            fault,
        }
    }
}

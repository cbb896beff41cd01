//! Lays a profile file over what it extends.
//!
//! A whole profile is an overlay over nothing. Dedicated files are matched by `id`, elementary files by `fid`, keys by
//! `name` (and `index`), elements by `tag`. What a file gives replaces what the base had; what it does not name stays.
//! `elements` replaces the whole list of a file, `change_elements` changes or appends single ones, the `remove…` lists
//! take away.

use crate::profile::draft::{
    Cell, Draft, DraftDedicatedFile, DraftElement, DraftElementaryFile, DraftKey, DraftPart, DraftPin, Field, Place,
};
use crate::profile::error::Fault;
use crate::profile::raw::{
    Opt, RawDedicatedFile, RawElement, RawElementaryFile, RawKey, RawPart, RawPinDefinition, RawProfile,
};
use crate::profile::rule::Thing;
use toml::Spanned;

/// The text of one file, to turn byte offsets into lines.
pub(super) struct Source<'a> {
    /// Index in [`Draft::sources`].
    index: usize,
    /// Offset of each line's first byte.
    lines: Vec<usize>,
    text: &'a str,
}

impl<'a> Source<'a> {
    pub(super) fn new(index: usize, text: &'a str) -> Self {
        let breaks = text
            .bytes()
            .enumerate()
            .filter(|(_, byte)| *byte == b'\n')
            .map(|(i, _)| i + 1);
        Self {
            index,
            lines: std::iter::once(0).chain(breaks).collect(),
            text,
        }
    }

    /// Place of a byte offset; an offset past the end is the last line.
    pub(super) fn place(&self, offset: usize) -> Place {
        let offset = offset.min(self.text.len());
        let line = self.lines.partition_point(|start| *start <= offset);
        Place {
            source: self.index,
            line: u32::try_from(line).unwrap_or(u32::MAX).max(1),
        }
    }

    fn of<T>(&self, spanned: &Spanned<T>) -> Place {
        self.place(spanned.span().start)
    }

    fn cell<T>(&self, spanned: Spanned<T>) -> Cell<T> {
        Cell {
            place: self.of(&spanned),
            value: spanned.into_inner(),
        }
    }

    /// Lets `new` replace `field` if it was given.
    fn set<T>(&self, field: &mut Field<T>, new: Opt<T>) {
        if let Some(spanned) = new {
            *field = Some(self.cell(spanned));
        }
    }
}

macro_rules! set_fields {
    ($source:ident, $raw:ident => $draft:ident: $($field:ident),+) => {
        $($source.set(&mut $draft.$field, $raw.$field);)+
    };
}

impl Draft {
    /// Applies one file, whose name is already the last of `sources`.
    ///
    /// All that the base does not fit is put into [`Draft::faults`].
    pub(super) fn apply(&mut self, raw: RawProfile, source: &Source<'_>) {
        self.place = source.place(0);
        set_fields!(source, raw => self: name, zh, en, generation, specification_version, algorithm);
        let RawProfile {
            reset,
            pin,
            os,
            remove,
            df,
            ..
        } = raw;
        set_fields!(source, reset => self: contact, contactless, maker);
        set_fields!(source, pin => self: min_digits, max_digits);
        source.set(&mut self.pin_tries, pin.tries);
        set_fields!(source, os => self: key_tries, memory, test_transport_key);
        for name in remove {
            let place = source.of(&name);
            let known = self.dedicated_files.len();
            self.dedicated_files.retain(|df| df.id != *name.get_ref());
            if self.dedicated_files.len() == known {
                self.not_in_base(place, "", Thing::DedicatedFile, name.into_inner());
            }
        }
        let mut seen = Vec::new();
        for spanned in df {
            let place = source.of(&spanned);
            let raw = spanned.into_inner();
            let id = raw.id.get_ref().clone();
            if seen.contains(&id) {
                let fault = Fault::Duplicate {
                    what: Thing::Id,
                    value: id.clone(),
                };
                self.fault(source.of(&raw.id), id, fault);
                continue;
            }
            seen.push(id.clone());
            let position = self
                .dedicated_files
                .iter()
                .position(|df| df.id == id)
                .unwrap_or_else(|| {
                    self.dedicated_files.push(DraftDedicatedFile::new(place, id));
                    self.dedicated_files.len() - 1
                });
            self.apply_dedicated_file(position, raw, source);
        }
    }

    fn fault(&mut self, place: Place, path: impl Into<String>, fault: Fault) {
        let error = self.error(place, path, fault);
        self.faults.push(error);
    }

    fn not_in_base(&mut self, place: Place, path: &str, what: Thing, name: String) {
        self.fault(place, path, Fault::NotInBase { what, name });
    }

    fn apply_dedicated_file(&mut self, position: usize, raw: RawDedicatedFile, source: &Source<'_>) {
        let df = &mut self.dedicated_files[position];
        set_fields!(source, raw => df: kind, parent, fid, name, label, zh, en, directory_sfi, announces_algorithm, has_pin);
        let id = df.id.clone();
        for name in raw.remove_keys {
            let place = source.of(&name);
            let keys = &mut self.dedicated_files[position].keys;
            let known = keys.len();
            keys.retain(|key| key.name != *name.get_ref());
            if keys.len() == known {
                self.not_in_base(place, &id, Thing::Key, name.into_inner());
            }
        }
        for fid in raw.remove_files {
            let place = source.of(&fid);
            let files = &mut self.dedicated_files[position].files;
            let known = files.len();
            files.retain(|ef| ef.fid != *fid.get_ref());
            if files.len() == known {
                self.not_in_base(place, &id, Thing::File, format!("{:04X}", fid.get_ref()));
            }
        }
        let mut seen = Vec::new();
        for spanned in raw.keys {
            let place = source.of(&spanned);
            let key = spanned.into_inner();
            let identity = (
                key.name.get_ref().clone(),
                key.index.as_ref().map(|index| *index.get_ref()),
            );
            if seen.contains(&identity) {
                let fault = Fault::Duplicate {
                    what: Thing::Key,
                    value: identity.0,
                };
                self.fault(place, id.clone(), fault);
                continue;
            }
            seen.push(identity);
            self.dedicated_files[position].apply_key(place, key, source);
        }
        let mut seen = Vec::new();
        for spanned in raw.pins {
            let place = source.of(&spanned);
            let pin = spanned.into_inner();
            let name = pin.name.get_ref().clone();
            if seen.contains(&name) {
                let fault = Fault::Duplicate {
                    what: Thing::Pin,
                    value: name,
                };
                self.fault(place, id.clone(), fault);
                continue;
            }
            seen.push(name);
            self.dedicated_files[position].apply_pin(place, pin, source);
        }
        let mut seen = Vec::new();
        for spanned in raw.ef {
            let place = source.of(&spanned);
            let raw = spanned.into_inner();
            let fid = *raw.fid.get_ref();
            let path = format!("{id}/{fid:04X}");
            if seen.contains(&fid) {
                let fault = Fault::Duplicate {
                    what: Thing::Fid,
                    value: format!("{fid:04X}"),
                };
                self.fault(source.of(&raw.fid), path, fault);
                continue;
            }
            seen.push(fid);
            let files = &mut self.dedicated_files[position].files;
            let position = files.iter().position(|ef| ef.fid == fid).unwrap_or_else(|| {
                files.push(DraftElementaryFile::new(place, fid));
                files.len() - 1
            });
            for (place, fault) in files[position].apply(raw, source) {
                self.fault(place, path.clone(), fault);
            }
        }
    }
}

impl DraftDedicatedFile {
    fn new(place: Place, id: String) -> Self {
        Self {
            place,
            id,
            kind: None,
            parent: None,
            fid: None,
            name: None,
            label: None,
            zh: None,
            en: None,
            directory_sfi: None,
            announces_algorithm: None,
            has_pin: None,
            keys: Vec::new(),
            pins: Vec::new(),
            files: Vec::new(),
        }
    }

    fn apply_pin(&mut self, place: Place, raw: RawPinDefinition, source: &Source<'_>) {
        let same = |pin: &DraftPin| pin.name == *raw.name.get_ref();
        let position = self.pins.iter().position(same).unwrap_or_else(|| {
            self.pins.push(DraftPin {
                place,
                name: raw.name.get_ref().clone(),
                role: None,
                id: None,
                tries: None,
                zh: None,
                en: None,
            });
            self.pins.len() - 1
        });
        let pin = &mut self.pins[position];
        set_fields!(source, raw => pin: role, id, tries, zh, en);
    }

    fn apply_key(&mut self, place: Place, raw: RawKey, source: &Source<'_>) {
        let index = raw.index.as_ref().map(|index| *index.get_ref());
        let same = |key: &DraftKey| {
            key.name == *raw.name.get_ref() && (index.is_none() || key.index.as_ref().map(|cell| cell.value) == index)
        };
        let position = self.keys.iter().position(same).unwrap_or_else(|| {
            self.keys.push(DraftKey {
                place,
                name: raw.name.get_ref().clone(),
                id: None,
                index: None,
                role: None,
                psam: None,
                hsm: None,
                level: None,
                versions: None,
                length: None,
                tries: None,
                zh: None,
                en: None,
            });
            self.keys.len() - 1
        });
        let key = &mut self.keys[position];
        set_fields!(source, raw => key: id, index, role, psam, hsm, level, versions, length, tries, zh, en);
    }
}

impl DraftElementaryFile {
    fn new(place: Place, fid: u16) -> Self {
        Self {
            place,
            fid,
            sfi: None,
            zh: None,
            en: None,
            class: None,
            structure: None,
            records: None,
            size: None,
            read: None,
            update: None,
            key_pair: None,
            certificate_of: None,
            elements: Vec::new(),
        }
    }

    fn apply(&mut self, raw: RawElementaryFile, source: &Source<'_>) -> Vec<(Place, Fault)> {
        let mut faults = Vec::new();
        set_fields!(source, raw => self: sfi, zh, en, class, structure, records, size, read, update, key_pair, certificate_of);
        if let Some(elements) = raw.elements {
            self.elements = elements
                .into_iter()
                .map(|element| new_element(element, source))
                .collect();
        }
        for tag in raw.remove_elements {
            let known = self.elements.len();
            self.elements
                .retain(|element| element.tag.as_ref().map(|cell| cell.value) != Some(*tag.get_ref()));
            if self.elements.len() == known {
                let name = format!("{:02X}", tag.get_ref());
                let what = Thing::Element;
                faults.push((source.of(&tag), Fault::NotInBase { what, name }));
            }
        }
        for change in raw.change_elements {
            let Some(tag) = change.get_ref().tag.as_ref().map(|tag| *tag.get_ref()) else {
                faults.push((source.of(&change), Fault::Missing("tag")));
                continue;
            };
            let same = |element: &&mut DraftElement| element.tag.as_ref().map(|cell| cell.value) == Some(tag);
            match self.elements.iter_mut().find(same) {
                Some(element) => apply_element(element, change.into_inner(), source),
                None => self.elements.push(new_element(change, source)),
            }
        }
        faults
    }
}

fn new_element(raw: Spanned<RawElement>, source: &Source<'_>) -> DraftElement {
    let mut element = DraftElement {
        place: source.of(&raw),
        ..DraftElement::default()
    };
    apply_element(&mut element, raw.into_inner(), source);
    element
}

fn apply_element(element: &mut DraftElement, raw: RawElement, source: &Source<'_>) {
    if raw.an.is_some() || raw.cn.is_some() || raw.b.is_some() || raw.tlv.is_some() {
        (element.an, element.cn, element.b, element.tlv) = (None, None, None, None);
    }
    if raw.is.is_some() || raw.codes.is_some() || raw.parts.is_some() {
        (element.is, element.codes) = (None, None);
        element.parts.clear();
    }
    set_fields!(source, raw => element: tag, an, cn, b, tlv, zh, en, is, codes, repeat, optional, example, reused);
    if let Some(parts) = raw.parts {
        element.parts = parts.into_iter().map(|part| new_part(part, source)).collect();
    }
    if let Some(inner) = raw.inner {
        element.inner = inner.into_iter().map(|inner| new_element(inner, source)).collect();
    }
}

fn new_part(raw: Spanned<RawPart>, source: &Source<'_>) -> DraftPart {
    let place = source.of(&raw);
    let RawPart { zh, en, length, codes } = raw.into_inner();
    DraftPart {
        place,
        zh: zh.into_inner(),
        en: en.into_inner(),
        length: length.into_inner(),
        codes: codes.into_inner(),
    }
}

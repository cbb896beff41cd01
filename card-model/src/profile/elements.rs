//! Elementary files and data elements, from the draft to the profile.

use crate::profile::check::broken;
use crate::profile::check_element;
use crate::profile::draft::{DraftElement, DraftElementaryFile, DraftPart, Field};
use crate::profile::error::{Fault, ProfileError};
use crate::profile::resolve::{At, CLASSES, Faults, KEY_PAIRS, MEANINGS, STRUCTURES, Shape};
use crate::profile::rule::Rule;
use crate::profile::{Access, Element, ElementaryFile, Format, KeyPair, Meaning, Part, Reused, Structure};

/// An elementary file with its elements; each value checked by itself and each element against its length.
pub(super) fn elementary_file(at: &At<'_>, ef: &DraftElementaryFile, faults: &mut Faults) -> Option<ElementaryFile> {
    let structure = faults.take(structure(at, ef));
    let linear = match structure {
        Some(structure) => matches!(structure, Structure::LinearVariable | Structure::LinearFixed),
        // Not known: elements with tags are taken for records.
        None => ef.elements.iter().all(|element| element.tag.is_some()),
    };
    let mut elements: Vec<Element> = Vec::new();
    let mut whole = true;
    let mut number = 1;
    for (i, draft) in ef.elements.iter().enumerate() {
        let name = if linear {
            format!("record {number}")
        } else {
            format!("field {}", i + 1)
        };
        let at = at.below(draft.place, format!("{}/{name}", at.path));
        match faults.take(element(&at, draft, linear, true)) {
            Some(element) => {
                number += usize::from(element.repeat);
                elements.push(element);
            }
            None => {
                number += 1;
                whole = false;
            }
        }
    }
    let implied = match (ef.fid.to_be_bytes(), structure) {
        (_, Some(Structure::Internal { .. })) => 0,
        ([0xEF, low @ 1..=0x1E], _) => low,
        _ => 0,
    };
    let sfi = match &ef.sfi {
        None => Some(implied),
        Some(cell) => faults.take(at.range("sfi", cell, 0, 30)),
    };
    let zh = faults.take(at.text("zh", &ef.zh));
    let en = faults.take(at.text("en", &ef.en));
    let class = faults.take(at.one_of("class", &ef.class, CLASSES));
    let read = faults.take(access(at, "read", &ef.read));
    let update = faults.take(access(at, "update", &ef.update));
    let pair = faults.take(key_pair(at, "key_pair", &ef.key_pair));
    let certificate_of = faults.take(key_pair(at, "certificate_of", &ef.certificate_of));
    Some(ElementaryFile {
        fid: ef.fid,
        sfi: sfi?,
        zh: zh?,
        en: en?,
        class: class?,
        structure: structure?,
        read: read?,
        update: update?,
        key_pair: pair?,
        certificate_of: certificate_of?,
        elements,
    })
    .filter(|_| whole)
}

fn structure(at: &At<'_>, ef: &DraftElementaryFile) -> Result<Structure, ProfileError> {
    Ok(match at.one_of("structure", &ef.structure, STRUCTURES)? {
        Shape::Variable => Structure::LinearVariable,
        Shape::Fixed => Structure::LinearFixed,
        Shape::Cyclic => Structure::Cyclic {
            records: at.number("records", &ef.records, 1, 254)?,
        },
        Shape::Transparent => Structure::Transparent {
            size: at.number("size", &ef.size, 1, 0x7FFF)?,
        },
        Shape::Internal => Structure::Internal {
            size: at.number("size", &ef.size, 1, 0x7FFF)?,
        },
    })
}

fn key_pair(at: &At<'_>, name: &'static str, field: &Field<String>) -> Result<Option<KeyPair>, ProfileError> {
    match field {
        None => Ok(None),
        Some(_) => at.one_of(name, field, KEY_PAIRS).map(Some),
    }
}

fn access(at: &At<'_>, name: &'static str, field: &Field<String>) -> Result<Access, ProfileError> {
    let cell = at.need(name, field)?;
    cell.value
        .parse()
        .map_err(|error| at.error(cell.place, Fault::Access(error)))
}

/// `tagged`: the element is a record or an inner TLV, so it needs a tag and its length fits one byte.
/// `outer`: it is not inside another one.
fn element(at: &At<'_>, draft: &DraftElement, tagged: bool, outer: bool) -> Result<Element, ProfileError> {
    let given: Vec<_> = [
        (Format::An, &draft.an),
        (Format::Cn, &draft.cn),
        (Format::B, &draft.b),
        (Format::Tlv, &draft.tlv),
    ]
    .into_iter()
    .filter_map(|(format, field)| field.as_ref().map(|cell| (format, cell)))
    .collect();
    let (format, length) = match given[..] {
        [(format, cell)] => (format, cell),
        [] => return Err(at.error(at.place, Fault::Missing("an, cn, b or tlv"))),
        [_, (_, second), ..] => {
            return Err(at.error(second.place, broken(Rule::OneFormat, draft_name(draft))));
        }
    };
    let tag = match (&draft.tag, tagged) {
        (Some(cell), true) => Some(at.range("tag", cell, 0x01, 0xFE)?),
        (None, true) => return Err(at.error(at.place, Fault::Missing("tag"))),
        (Some(cell), false) => {
            return Err(at.error(cell.place, broken(Rule::NoTag, format!("{:02X}", cell.value))));
        }
        (None, false) => None,
    };
    // UPDATE RECORD carries tag, length and value in at most 255 bytes.
    let length = at.range("length", length, 1, if tagged { 253 } else { 0x7FFF })?;
    let codes = draft.codes.as_ref().map(|cell| cell.value.clone());
    let meaning = match &draft.is {
        Some(_) => at.one_of("is", &draft.is, MEANINGS)?,
        None if codes.is_some() => Meaning::Code,
        None if !draft.parts.is_empty() => Meaning::Composite,
        None if format == Format::B && !tagged && length > 4 => Meaning::Binary,
        None => Meaning::Text,
    };
    if !outer && (!draft.inner.is_empty() || format == Format::Tlv) {
        return Err(at.error(at.place, broken(Rule::OneLevel, draft_name(draft))));
    }
    let inner = draft.inner.iter().map(|inner| {
        let tag = inner.tag.as_ref().map_or(0, |cell| cell.value);
        element(
            &at.below(inner.place, format!("{}/{tag:02X}", at.path)),
            inner,
            true,
            false,
        )
    });
    let element = Element {
        tag,
        zh: at.text("zh", &draft.zh)?,
        en: at.text("en", &draft.en)?,
        format,
        length,
        meaning,
        codes,
        parts: draft.parts.iter().map(part).collect(),
        repeat: match &draft.repeat {
            None => 1,
            Some(cell) => at.range("repeat", cell, 1, if tagged && outer { 99 } else { 1 })?,
        },
        optional: draft.optional.as_ref().is_some_and(|cell| cell.value),
        example: draft.example.as_ref().map(|cell| cell.value.clone()),
        reused: reused(at, draft, length)?,
        inner: inner.collect::<Result<_, _>>()?,
    };
    check_element::element(&element).map_err(|fault| at.error(at.place, fault))?;
    for (part, draft) in element.parts.iter().zip(&draft.parts) {
        check_element::codes(&part.codes, Format::An, part.length.into())
            .map_err(|fault| at.error(draft.place, fault))?;
    }
    Ok(element)
}

/// How the record is reused by version 2: the form of the value must leave room for the mark.
fn reused(at: &At<'_>, draft: &DraftElement, length: u16) -> Result<Option<Reused>, ProfileError> {
    let Some(cell) = &draft.reused else { return Ok(None) };
    let raw = cell.value;
    let forms = [(Format::An, raw.an), (Format::Cn, raw.cn), (Format::B, raw.b)];
    let form = forms
        .into_iter()
        .find_map(|(format, length)| length.map(|length| (format, length)));
    if let Some((_, found)) = form
        && !(1..length).contains(&found)
    {
        return Err(at.error(
            cell.place,
            Fault::Range {
                field: "length in reused",
                value: found.into(),
                least: 1,
                most: u32::from(length).saturating_sub(1),
            },
        ));
    }
    Ok(Some(Reused { with: raw.with, form }))
}

fn part(draft: &DraftPart) -> Part {
    Part {
        zh: draft.zh.clone(),
        en: draft.en.clone(),
        length: draft.length,
        codes: draft.codes.clone(),
    }
}

/// Name of an element that may lack one.
fn draft_name(draft: &DraftElement) -> String {
    draft
        .zh
        .as_ref()
        .map_or_else(|| "?".to_owned(), |cell| cell.value.clone())
}

//! Whole files: records with tags, tagless cyclic records, transparent contents.

use super::value::{Decoded, Value};
use super::{charset, decode};
use card_model::profile::{Element, ElementaryFile, Format};

/// A record or inner field: tag and value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record<'a> {
    /// Tag.
    pub tag: u8,
    /// Value without tag and length.
    pub value: &'a [u8],
}

/// Splits concatenated `tag length value` records. Fill of 00 or FF behind the last one is allowed. `None` if a length
/// reaches beyond the end.
pub fn split_records(bytes: &[u8]) -> Option<Vec<Record<'_>>> {
    let mut records = Vec::new();
    let mut rest = bytes;
    while let Some((&tag, after)) = rest.split_first() {
        if matches!(tag, 0x00 | 0xFF) && rest.iter().all(|byte| *byte == tag) {
            break;
        }
        let (&length, after) = after.split_first()?;
        let (value, tail) = after.split_at_checked(usize::from(length))?;
        records.push(Record { tag, value });
        rest = tail;
    }
    Some(records)
}

/// Values of records or inner fields by the elements that describe them; tags nobody described are kept as bytes.
pub(super) fn name_fields(elements: &[Element], records: &[Record<'_>]) -> Vec<Decoded> {
    let mut decoded: Vec<Decoded> = Vec::with_capacity(records.len());
    for record in records {
        let before = decoded.iter().filter(|other| other.tag == Some(record.tag)).count();
        let occurrence = u8::try_from(before + 1).unwrap_or(u8::MAX);
        let element = elements.iter().find(|element| element.tag == Some(record.tag));
        decoded.push(match element {
            Some(element) => one(element, occurrence, record.value),
            None => unknown(record.tag, occurrence, record.value),
        });
    }
    decoded
}

pub(super) fn one(element: &Element, occurrence: u8, bytes: &[u8]) -> Decoded {
    Decoded {
        tag: element.tag,
        occurrence,
        zh: element.zh.clone(),
        en: element.en.clone(),
        raw: bytes.to_vec(),
        value: decode(element, bytes),
        reused: super::reuse::has_mark(element.length, bytes),
    }
}

fn unknown(tag: u8, occurrence: u8, bytes: &[u8]) -> Decoded {
    Decoded {
        tag: Some(tag),
        occurrence,
        zh: "未定义".to_owned(),
        en: "not in the profile".to_owned(),
        raw: bytes.to_vec(),
        value: Value::Bytes(bytes.to_vec()),
        reused: false,
    }
}

/// Values of the records of a linear file.
///
/// `later` is the same file in version 2: a record of a version 1 card that carries the mark of reuse holds the value of
/// version 2 (see [`super::is_reused`]).
pub fn decode_records(file: &ElementaryFile, later: Option<&ElementaryFile>, records: &[Record<'_>]) -> Vec<Decoded> {
    let mut decoded = name_fields(&file.elements, records);
    super::reuse::apply(file, later, records, &mut decoded);
    decoded
}

/// Joins a text that was too long for `first` and goes on in `second`: `first` gets the whole text, `second` keeps its
/// part.
pub fn join_name(decoded: &mut [Decoded], first: u8, second: u8) {
    let raw = |tag| {
        decoded
            .iter()
            .find(|element| element.tag == Some(tag))
            .map(|element| element.raw.as_slice())
    };
    let (Some(head), Some(tail)) = (raw(first), raw(second)) else {
        return;
    };
    let tail = charset::cut_padding(tail);
    if tail.is_empty() {
        return;
    }
    let whole = [charset::cut_padding(head), tail].concat();
    let value = match charset::decode(&whole) {
        Some(text) => Value::Text(text),
        None => Value::Malformed {
            lossy: charset::decode_lossy(&whole),
        },
    };
    if let Some(element) = decoded.iter_mut().find(|element| element.tag == Some(first)) {
        element.value = value;
    }
}

/// Fields of one record of a cyclic file; `number` is the record number, 1 being the newest. A record shorter than its
/// fields gives only those it has, one that is longer an extra field with the rest.
pub fn decode_cyclic(file: &ElementaryFile, number: u8, bytes: &[u8]) -> Vec<Decoded> {
    let mut rest = bytes;
    let mut decoded = Vec::with_capacity(file.elements.len());
    for element in &file.elements {
        let length = usize::from(element.length).min(rest.len());
        let (value, tail) = rest.split_at(length);
        if value.is_empty() && element.length > 0 {
            break;
        }
        decoded.push(one(element, number, value));
        rest = tail;
    }
    if !rest.is_empty() {
        let mut extra = unknown(0, number, rest);
        extra.tag = None;
        decoded.push(extra);
    }
    decoded
}

/// The content of a transparent file.
pub fn decode_transparent(file: &ElementaryFile, bytes: &[u8]) -> Vec<Decoded> {
    match file.elements.first() {
        Some(element) if element.format != Format::Tlv => vec![one(element, 1, bytes)],
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::element;
    use super::*;
    use card_model::profile::{Access, FileClass, Meaning, Structure};
    use proptest::prelude::*;

    fn file(elements: Vec<Element>) -> ElementaryFile {
        ElementaryFile {
            fid: 0xEF05,
            sfi: 5,
            zh: String::new(),
            en: String::new(),
            class: FileClass::Active,
            structure: Structure::LinearVariable,
            read: Access::free(),
            update: Access::never(),
            key_pair: None,
            certificate_of: None,
            elements,
        }
    }

    fn with_tag(mut element: Element, tag: u8) -> Element {
        element.tag = Some(tag);
        element
    }

    #[test]
    fn repeated_and_unknown_tags() {
        let mut item = element(Format::Tlv, 8, Meaning::Text);
        item.inner = vec![with_tag(element(Format::An, 2, Meaning::Text), 0x57)];
        let file = file(vec![with_tag(item, 0x40)]);
        let bytes = hex::decode("40045702414240085702434400000000E10101FFFF").expect("hex");
        let records = split_records(&bytes).expect("whole records");
        let decoded = decode_records(&file, None, &records);
        assert_eq!(
            decoded.iter().map(|d| (d.tag, d.occurrence)).collect::<Vec<_>>(),
            [(Some(0x40), 1), (Some(0x40), 2), (Some(0xE1), 1)]
        );
        assert_eq!(decoded[1].value.to_json(), serde_json::json!({"57": "CD"}));
        assert_eq!(decoded[2].value, Value::Bytes(vec![1]));
    }

    #[test]
    fn tail_mark_takes_the_later_meaning() {
        let mut amount = with_tag(element(Format::Cn, 4, Meaning::Amount), 0x90);
        amount.reused = Some(card_model::profile::Reused::default());
        let old = file(vec![amount]);
        let new = file(vec![with_tag(element(Format::An, 1, Meaning::Text), 0x90)]);
        let read = |bytes: &[u8]| {
            let record = [Record {
                tag: 0x90,
                value: bytes,
            }];
            decode_records(&old, Some(&new), &record)[0].value.clone()
        };
        assert_eq!(read(&[0x31, 0xEE, 0xEE, 0xEE]), Value::Text("1".to_owned()));
        assert_eq!(read(&[0, 0, 0x12, 0x34]), Value::Amount(1234));
    }

    #[test]
    fn long_names_are_joined_also_when_cut_within_a_character() {
        let file = file(vec![
            with_tag(element(Format::An, 5, Meaning::PersonName), 0x09),
            with_tag(element(Format::An, 4, Meaning::PersonName), 0x4E),
        ]);
        for (head, tail) in [("D5C5C8FD00", "C0EEC0EE"), ("D5C5C8FDC0", "EEC0EE00")] {
            let bytes = hex::decode(format!("0905{head}4E04{tail}")).expect("hex");
            let mut decoded = decode_records(&file, None, &split_records(&bytes).expect("records"));
            join_name(&mut decoded, 0x09, 0x4E);
            assert_eq!(decoded[0].value.plain().as_deref(), Some("张三李李"));
        }
    }

    proptest! {
        #[test]
        fn any_bytes_split_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            let file = file(vec![element(Format::An, 5, Meaning::Text), element(Format::Cn, 3, Meaning::Date)]);
            if let Some(records) = split_records(&bytes) {
                let mut decoded = decode_records(&file, Some(&file), &records);
                join_name(&mut decoded, 0x20, 0x21);
            }
            let covered: usize = decode_cyclic(&file, 1, &bytes).iter().map(|field| field.raw.len()).sum();
            prop_assert_eq!(covered, bytes.len());
        }

        #[test]
        fn what_is_put_together_is_split(list in proptest::collection::vec((1u8..=0xFE, proptest::collection::vec(any::<u8>(), 0..20)), 0..6)) {
            let bytes: Vec<u8> = list.iter().flat_map(|(tag, value)| {
                [&[*tag, u8::try_from(value.len()).expect("short")], value.as_slice()].concat()
            }).collect();
            let split = split_records(&bytes).expect("whole records");
            prop_assert_eq!(split.len(), list.len());
            for (record, (tag, value)) in split.iter().zip(&list) {
                prop_assert_eq!((record.tag, record.value), (*tag, value.as_slice()));
            }
        }
    }
}

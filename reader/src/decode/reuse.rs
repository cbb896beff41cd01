//! Records of version 1 that hold the value which version 2 gives their tag (STD-V2 annex C, `spec/files.md` §2.2).
//!
//! The value is followed by `EE` up to the length of the record. Which records may be reused so, in which form, and which of
//! them follow the mark of another, the profile of version 1 says.

use super::records::Record;
use super::value::EncodeError;
use super::{encode, records};
use card_model::profile::{Element, ElementaryFile, Format};

/// Fill behind a value of version 2.
const MARK: u8 = 0xEE;

/// The element by which a reused record is decoded: that of version 2, in the form that fits the record. `None` where the
/// element is not reused, or version 2 has no such tag.
pub fn reused_element(old: &Element, later: Option<&ElementaryFile>) -> Option<Element> {
    let reused = old.reused?;
    let mut element = later?.element(old.tag?)?.clone();
    if let Some((format, length)) = reused.form {
        (element.format, element.length) = (format, length);
        element.codes = None;
    } else if reused.with.is_some() && element.format == Format::An {
        // A text that follows another record's mark needs no room for its own.
        element.length = element.length.min(old.length);
    }
    Some(element)
}

/// Whether a value ends in the mark: exactly the rest behind `length` is `EE`.
pub(super) fn has_mark(length: u16, bytes: &[u8]) -> bool {
    let (_, tail) = bytes.split_at_checked(usize::from(length)).unwrap_or((bytes, &[]));
    !tail.is_empty() && tail.iter().all(|byte| *byte == MARK)
}

/// Whether the record with `old`'s tag carries the mark itself.
fn is_marked(old: &Element, later: Option<&ElementaryFile>, bytes: &[u8]) -> bool {
    old.reused.is_some_and(|reused| reused.with.is_none())
        && reused_element(old, later).is_some_and(|element| has_mark(element.length, bytes))
}

/// The record whose mark counts for an element: its own, or the one it follows.
pub fn marking_element<'e>(file: &'e ElementaryFile, old: &'e Element) -> Option<&'e Element> {
    match old.reused?.with {
        None => Some(old),
        Some(tag) => file.element(tag),
    }
}

/// Whether a record of `file` holds a value of version 2; `bytes_of` gives the value of a record by its tag.
pub fn is_reused<'b>(
    file: &ElementaryFile,
    later: Option<&ElementaryFile>,
    old: &Element,
    bytes_of: impl FnOnce(u8) -> Option<&'b [u8]>,
) -> bool {
    let Some(marking) = marking_element(file, old) else {
        return false;
    };
    let bytes = marking.tag.and_then(bytes_of);
    bytes.is_some_and(|bytes| is_marked(marking, later, bytes))
}

/// The value of version 2 for a record of version 1, with its mark.
///
/// # Errors
/// The record is never reused, has no room for the value, or the text does not fit the element of version 2.
pub fn encode_reused(old: &Element, later: Option<&ElementaryFile>, text: &str) -> Result<Vec<u8>, EncodeError> {
    let element = reused_element(old, later).ok_or(EncodeError::NotReused)?;
    let (found, room) = (usize::from(element.length), usize::from(old.length));
    let marks = old.reused.is_some_and(|reused| reused.with.is_none());
    if found > room || (marks && found == room) {
        let by = found - room + usize::from(marks);
        return Err(EncodeError::TooLong { by, limit: room });
    }
    let mut bytes = encode(&element, text)?;
    bytes.resize(room, if marks { MARK } else { 0 });
    Ok(bytes)
}

/// Decodes those of `records` that are reused again, with their new meaning.
pub(super) fn apply(
    file: &ElementaryFile,
    later: Option<&ElementaryFile>,
    records: &[Record<'_>],
    decoded: &mut [super::Decoded],
) {
    for (decoded, record) in decoded.iter_mut().zip(records) {
        let Some(old) = file.element(record.tag) else { continue };
        let bytes_of = |tag| records.iter().find(|other| other.tag == tag).map(|other| other.value);
        if !is_reused(file, later, old, bytes_of) {
            continue;
        }
        match reused_element(old, later) {
            Some(element) => {
                let occurrence = decoded.occurrence;
                *decoded = records::one(&element, occurrence, record.value);
                decoded.raw = record.value.to_vec();
            }
            // The second half of a text that version 2 keeps in one element: nothing stands there any more.
            None => decoded.value = super::Value::Empty,
        }
        decoded.reused = true;
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Value, decode_records, split_records};
    use super::*;
    use card_model::profile::Profile;

    fn versions(path: &str) -> (&'static ElementaryFile, &'static ElementaryFile) {
        let file = |name| {
            let profile = Profile::builtin(name).expect("built in");
            profile.locate(path).expect("in both versions").file
        };
        (file("1.0"), file("2.0"))
    }

    fn read(path: &str, hex: &str) -> Vec<(u8, bool, Value)> {
        let (old, later) = versions(path);
        let bytes = hex::decode(hex.replace(' ', "")).expect("hex");
        let decoded = decode_records(old, Some(later), &split_records(&bytes).expect("records"));
        let plain = |d: super::super::Decoded| (d.tag.expect("tagged"), d.reused, d.value);
        decoded.into_iter().map(plain).collect()
    }

    #[test]
    fn every_tag_of_annex_c_is_marked_in_the_profile() {
        let profile = Profile::builtin("1.0").expect("built in");
        let mut marking = Vec::new();
        let mut following = Vec::new();
        for (_, file) in profile.files() {
            for element in &file.elements {
                match element.reused {
                    Some(reused) if reused.with.is_none() => marking.push(element.tag.expect("tag")),
                    // Second halves of long texts follow too; the annex does not know that texts were cut.
                    Some(reused) if ![0x82, 0x85, 0x88, 0x95].contains(&element.tag.expect("tag")) => {
                        following.push((element.tag.expect("tag"), reused.with.expect("follows")));
                    }
                    _ => {}
                }
            }
        }
        marking.sort_unstable();
        following.sort_unstable();
        let annex = [
            0x32, 0x37, 0x38, 0x4B, 0x4D, 0x4F, 0x50, 0x55, 0x61, 0x71, 0x81, 0x84, 0x87, 0x90, 0x93, 0x97,
        ];
        assert_eq!(marking, annex);
        let companions = [
            (0x39, 0x38),
            (0x56, 0x55),
            (0x6F, 0x71),
            (0x70, 0x71),
            (0x92, 0x90),
            (0x96, 0x55),
        ];
        assert_eq!(following, companions);
    }

    #[test]
    fn amounts_become_codes_where_the_mark_stands_and_companions_follow() {
        let reused = read("DF01/EF0A", "3704 43484EEE 3804 3133EEEE 3904 20010701");
        assert!(reused.iter().all(|(_, reused, _)| *reused), "{reused:?}");
        assert_eq!(reused[0].2.plain().as_deref(), Some("CHN"));
        assert_eq!(reused[1].2.plain().as_deref(), Some("13"));
        let old = read("DF01/EF0A", "3704 00500000 3804 00600000 3904 20010701");
        assert!(old.iter().all(|(_, reused, _)| !reused), "{old:?}");
        assert_eq!(old[0].2, Value::Amount(500_000));
        // Only the marked one changes its meaning.
        let mixed = read("DF04/EF06", "9004 31EEEEEE 9204 00001234 9304 00000777");
        assert_eq!(
            mixed.iter().map(|(_, reused, _)| *reused).collect::<Vec<_>>(),
            [true, true, false]
        );
        assert_eq!(mixed[0].2.plain().as_deref(), Some("1"));
        assert_eq!(mixed[1].2, Value::Amount(1234));
        assert_eq!(mixed[2].2, Value::Amount(777));
    }

    #[test]
    fn a_certificate_number_is_packed_and_long_texts_lose_their_second_half() {
        let text = format!("550A 1234567890123456EEEE 563E {}", "00".repeat(0x3E));
        let read_back = read("DF02/EF09", &text);
        assert_eq!(read_back[0].2.plain().as_deref(), Some("1234567890123456"));
        assert!(read_back[1].1);
        let hospital = format!(
            "813E {}{} 8208 {}",
            hex::encode("31010000"),
            "EE".repeat(0x36),
            "EE".repeat(8)
        );
        let read_back = read("DF04/EF05", &hospital);
        assert!(read_back[0].1 && read_back[1].1, "{read_back:?}");
        assert_eq!(read_back[0].2.plain().as_deref(), Some("31010000"));
        assert_eq!(read_back[1].2, Value::Empty);
    }

    #[test]
    fn what_is_written_as_version_2_reads_as_version_2() {
        for (path, tag, text) in [
            ("DF01/EF0A", 0x37, "CHN"),
            ("DF01/EF09", 0x32, "24"),
            ("DF04/EF05", 0x84, "990100"),
            ("DF04/EF06", 0x93, "7"),
        ] {
            let (old, later) = versions(path);
            let element = old.element(tag).expect("there");
            let bytes = encode_reused(element, Some(later), text).expect("fits");
            assert_eq!(bytes.len(), usize::from(element.length));
            let record = [&[tag, u8::try_from(bytes.len()).expect("short")], &bytes[..]].concat();
            let read_back = read(path, &hex::encode(record));
            assert!(read_back[0].1, "{path}");
            assert_eq!(read_back[0].2.plain().as_deref(), Some(text), "{path}");
        }
        let (old, later) = versions("DF02/EF06");
        let no_room = encode_reused(old.element(0x4B).expect("there"), Some(later), "10010");
        assert_eq!(no_room, Err(EncodeError::TooLong { by: 2, limit: 4 }));
        let (old, later) = versions("DF01/EF05");
        let never = encode_reused(old.element(0x21).expect("there"), Some(later), "x");
        assert_eq!(never, Err(EncodeError::NotReused));
    }
}

//! Values as the interface gives them: the characters or digits of the card, without a meaning put into them.
//!
//! `an` is text without its padding, `cn` are digits without the nibbles F at the end, `b` and nested values are hex. What was
//! never filled is an empty string.

use super::code::ReturnCode;
use super::failure::{Failure, value_code};
use super::strings::{self, guarded};
use crate::decode::{EncodeError, Value, cut_padding, decode, decode_text, encode_text};
use card_model::profile::{Element, ElementaryFile, Format, Meaning};

/// The value of an element as an item of pOutInfo.
pub(super) fn text_of(element: &Element, raw: &[u8]) -> String {
    let raw = raw.get(..usize::from(element.length)).unwrap_or(raw);
    if decode(element, raw) == Value::Empty {
        return String::new();
    }
    match element.format {
        Format::An => {
            let cut = cut_padding(raw);
            guarded(&decode_text(cut).unwrap_or_else(|| hex::encode_upper(cut)))
        }
        Format::Cn => {
            let all = hex::encode_upper(raw);
            let digits = all.trim_end_matches('F');
            if digits.bytes().all(|b| b.is_ascii_digit()) {
                digits.to_owned()
            } else {
                // An identifier in hex keeps its whole length.
                all
            }
        }
        Format::B | Format::Tlv => hex::encode_upper(raw),
    }
}

/// The bytes of an element from an item of pWriteData, padded to its length.
///
/// # Errors
/// A character that cannot stand there (−41), or too long (−42).
pub(super) fn bytes_of(element: &Element, text: &str) -> Result<Vec<u8>, Failure> {
    let length = usize::from(element.length);
    let refused = |code, zh: &str, en: &str| {
        let tag = element.tag.map_or_else(String::new, |tag| format!("{tag:02X} "));
        let (zh, en) = (format!("{tag}{}{zh}", element.zh), format!("{tag}{} {en}", element.en));
        Failure::because(code, zh, en)
    };
    let (mut bytes, padding) = match element.format {
        Format::An => {
            let bytes = encode_text(text).map_err(|cause| {
                refused(
                    value_code(&EncodeError::Charset(cause)),
                    "含不能写入的字符",
                    "has a character that cannot be written",
                )
            })?;
            (bytes, 0x00)
        }
        Format::Cn => {
            // Identifiers that are no numbers are written in hex over the whole length; days and regions have all their digits.
            let whole = text.len() == 2 * length;
            let identifier = matches!(element.meaning, Meaning::Text | Meaning::PersonNumber | Meaning::Binary);
            let fits = |b: u8| b.is_ascii_digit() || (identifier && whole && b.is_ascii_hexdigit());
            if !text.bytes().all(fits) {
                return Err(refused(ReturnCode::ILLEGAL_CHARACTER, "应为数字", "has digits only"));
            }
            let fixed = matches!(
                element.meaning,
                Meaning::Date | Meaning::Month | Meaning::Year | Meaning::Time | Meaning::Region
            );
            if fixed && !whole && !text.is_empty() {
                return Err(refused(ReturnCode::DATA_LENGTH, "长度不对", "has another length"));
            }
            let even = if text.len().is_multiple_of(2) {
                text.to_owned()
            } else {
                format!("{text}F")
            };
            (hex::decode(even).unwrap_or_default(), 0xFF)
        }
        Format::B | Format::Tlv => {
            let odd = |_| refused(ReturnCode::ILLEGAL_CHARACTER, "应为十六进制", "is written in hex");
            let bytes = hex::decode(text).map_err(odd)?;
            if !bytes.is_empty() && bytes.len() != length {
                return Err(refused(ReturnCode::DATA_LENGTH, "长度不对", "has another length"));
            }
            (bytes, 0x00)
        }
    };
    if bytes.len() > length {
        return Err(refused(ReturnCode::DATA_LENGTH, "过长", "is too long"));
    }
    if bytes.is_empty() && element.format == Format::Tlv {
        return crate::decode::encode(element, "").map_err(|cause| Failure::new(value_code(&cause)));
    }
    bytes.resize(length, padding);
    Ok(bytes)
}

/// A record of a cyclic file as fields; `None` for one that was never written.
pub(super) fn record_text(file: &ElementaryFile, bytes: &[u8]) -> Option<String> {
    if bytes.iter().all(|byte| *byte == 0xFF) || bytes.iter().all(|byte| *byte == 0) {
        return None;
    }
    let mut rest = bytes;
    let mut fields = Vec::with_capacity(file.elements.len());
    for element in &file.elements {
        let (value, tail) = rest
            .split_at_checked(usize::from(element.length))
            .unwrap_or((rest, &[]));
        fields.push(text_of(element, value));
        rest = tail;
    }
    Some(strings::join_fields(fields))
}

/// A record of a cyclic file from its fields.
///
/// # Errors
/// Another number of fields (−23), or as [`bytes_of`].
pub(super) fn record_bytes(file: &ElementaryFile, text: &str) -> Result<Vec<u8>, Failure> {
    let fields = strings::fields(text);
    if fields.len() != file.elements.len() {
        return Err(Failure::because(
            ReturnCode::ILLEGAL_INPUT,
            format!("记录应有{}个字段", file.elements.len()),
            format!("a record has {} fields", file.elements.len()),
        ));
    }
    let mut bytes = Vec::new();
    for (element, field) in file.elements.iter().zip(fields) {
        bytes.extend(bytes_of(element, field)?);
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use card_model::profile::Profile;
    use proptest::prelude::*;

    fn element(path: &str) -> &'static Element {
        let profile = Profile::builtin("3.0").expect("built in");
        profile.locate(path).expect("there").element.expect("an element")
    }

    #[test]
    fn forms() {
        let cases = [
            ("SSSE/EF06/09", "张三"),
            ("SSSE/EF06/08", "111111198101011110"),
            ("SSSE/EF05/06", "20360401"),
            ("SSSE/EF05/01", "990100D15600000500000001FFFFFFFF"),
            ("DF04/EF06/92", "00012345"),
        ];
        for (path, text) in cases {
            let bytes = bytes_of(element(path), text).expect("fits");
            assert_eq!(bytes.len(), usize::from(element(path).length), "{path}");
            assert_eq!(text_of(element(path), &bytes), text, "{path}");
        }
        assert_eq!(text_of(element("SSSE/EF06/09"), &[0; 30]), "");
        assert_eq!(text_of(element("SSSE/EF05/06"), &[0xFF; 4]), "");
        assert_eq!(
            text_of(element("SSSE/EF06/09"), b"A|B$C"),
            "A｜B＄C",
            "no separator comes from a card"
        );
    }

    #[test]
    fn what_does_not_fit() {
        let code = |path, text: &str| bytes_of(element(path), text).expect_err("refused").code;
        assert_eq!(code("SSSE/EF06/08", "1111111981010111101"), ReturnCode::DATA_LENGTH);
        assert_eq!(code("SSSE/EF05/06", "2036041"), ReturnCode::DATA_LENGTH);
        assert_eq!(code("SSSE/EF05/06", "2036040x"), ReturnCode::ILLEGAL_CHARACTER);
        assert_eq!(code("SSSE/EF06/09", "a\u{1}"), ReturnCode::ILLEGAL_CHARACTER);
    }

    #[test]
    fn cyclic_records() {
        let profile = Profile::builtin("3.0").expect("built in");
        let file = profile.locate("DF04/EF08").expect("there").file;
        let text = "0001^2^990100000001^20260401093000^00000000^0000000A^00000014^";
        let bytes = record_bytes(file, text).expect("fits");
        assert_eq!(record_text(file, &bytes).as_deref(), Some(text));
        assert_eq!(record_text(file, &[0xFF; 28]), None);
        assert_eq!(
            record_bytes(file, "1^2^").expect_err("fields").code,
            ReturnCode::ILLEGAL_INPUT
        );
    }

    proptest! {
        #[test]
        fn any_bytes_have_a_text(bytes in prop::collection::vec(any::<u8>(), 0..40), which in 0usize..5) {
            let path = ["SSSE/EF06/09", "SSSE/EF05/01", "SSSE/EF05/06", "DF01/EF15/40", "DF04/EF06/93"][which];
            let text = text_of(element(path), &bytes);
            prop_assert!(!text.contains(['|', '$', '^']));
        }

        #[test]
        fn any_text_is_taken_or_refused(text in "\\PC{0,30}", which in 0usize..5) {
            let path = ["SSSE/EF06/09", "SSSE/EF05/01", "SSSE/EF05/06", "DF01/EF15/40", "DF04/EF06/93"][which];
            if let Ok(bytes) = bytes_of(element(path), &text) {
                prop_assert_eq!(bytes.len(), usize::from(element(path).length));
            }
        }
    }
}

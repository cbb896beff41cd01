//! From a text or code to the padded bytes of an element.

use super::charset;
use super::notation::{calendar_day, code, composite, exact_digits, fen, moment, month, only_digits, region};
use super::value::EncodeError;
use card_model::profile::{Element, ElementaryFile, Format, Meaning};
use serde_json::Value as Json;

/// The bytes of an element's value, without tag and length, padded to its length. The text is what a person or a
/// holders file says: a code or its Chinese or English text, a day as `20261121` or `2026-11-21`, an amount in yuan with
/// a point (`12.34`) or in fen without one, a nested value as a JSON object of inner tags, bytes as hex. An empty text
/// gives an empty item.
///
/// # Errors
/// What does not fit, and why.
pub fn encode(element: &Element, text: &str) -> Result<Vec<u8>, EncodeError> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(empty(element));
    }
    if element.format == Format::Tlv {
        return match serde_json::from_str(text) {
            Ok(object @ Json::Object(_)) => encode_json(element, &object),
            _ => Err(EncodeError::NotNested),
        };
    }
    if element.meaning == Meaning::Binary {
        return fill(element, hex::decode(text).map_err(|_| EncodeError::BadHex)?);
    }
    let content = content(element, text)?;
    match element.format {
        Format::An => fill(element, charset::encode(&content)?),
        Format::Cn => digits(element, &content),
        Format::B => number(element, &content),
        Format::Tlv => Err(EncodeError::NotNested),
    }
}

/// The bytes of an element from JSON in the form of [`super::Value::to_json`].
///
/// # Errors
/// As [`encode`].
pub fn encode_json(element: &Element, json: &Json) -> Result<Vec<u8>, EncodeError> {
    match json {
        Json::Null => Ok(empty(element)),
        Json::String(text) => encode(element, text),
        Json::Number(number) => encode(element, &number.to_string()),
        Json::Object(fields) if element.format == Format::Tlv => {
            let known = |name: &str| element.inner.iter().any(|inner| tag_is(inner, name));
            if let Some(name) = fields.keys().find(|name| !known(name)) {
                return Err(EncodeError::NoSuchTag { given: name.clone() });
            }
            let mut bytes = Vec::with_capacity(usize::from(element.length));
            for inner in &element.inner {
                let json = fields
                    .iter()
                    .find(|(name, _)| tag_is(inner, name))
                    .map_or(&Json::Null, |(_, json)| json);
                let field = format!("{:02X}", inner.tag.unwrap_or(0));
                let value = encode_json(inner, json).map_err(|cause| EncodeError::Inner {
                    field,
                    cause: Box::new(cause),
                })?;
                bytes.push(inner.tag.unwrap_or(0));
                bytes.push(u8::try_from(value.len()).unwrap_or(u8::MAX));
                bytes.extend(value);
            }
            Ok(bytes)
        }
        _ => Err(EncodeError::NotNested),
    }
}

fn tag_is(element: &Element, name: &str) -> bool {
    u8::from_str_radix(name, 16).is_ok_and(|tag| element.tag == Some(tag))
}

/// A tagless cyclic record from its fields in order.
///
/// # Errors
/// Another number of fields, or a field that does not fit.
pub fn encode_record<S: AsRef<str>>(file: &ElementaryFile, fields: &[S]) -> Result<Vec<u8>, EncodeError> {
    if fields.len() != file.elements.len() {
        return Err(EncodeError::FieldCount {
            found: fields.len(),
            wanted: file.elements.len(),
        });
    }
    let mut bytes = Vec::new();
    for (number, (element, text)) in file.elements.iter().zip(fields).enumerate() {
        let field = (number + 1).to_string();
        let value = encode(element, text.as_ref());
        bytes.extend(value.map_err(|cause| EncodeError::Inner {
            field,
            cause: Box::new(cause),
        })?);
    }
    Ok(bytes)
}

/// A text that may be too long for `first` and then goes on in `second`, cut between two characters.
///
/// # Errors
/// Longer than both together, or a character that cannot be written.
pub fn encode_pair(first: &Element, second: &Element, text: &str) -> Result<(Vec<u8>, Vec<u8>), EncodeError> {
    let limit = usize::from(first.length);
    let (head, tail) = charset::encode_split(text.trim(), limit)?;
    let second_limit = usize::from(second.length);
    if tail.len() > second_limit {
        return Err(EncodeError::TooLong {
            by: tail.len() - second_limit,
            limit: limit + second_limit,
        });
    }
    Ok((fill(first, head)?, fill(second, tail)?))
}

/// An item that was created but not filled.
fn empty(element: &Element) -> Vec<u8> {
    match element.format {
        Format::Cn => vec![0xFF; usize::from(element.length)],
        Format::An | Format::B => vec![0; usize::from(element.length)],
        Format::Tlv => {
            let inner = |inner: &Element| {
                let value = empty(inner);
                [
                    &[inner.tag.unwrap_or(0), u8::try_from(value.len()).unwrap_or(u8::MAX)],
                    value.as_slice(),
                ]
                .concat()
            };
            element.inner.iter().flat_map(inner).collect()
        }
    }
}

/// Left aligned, filled as the format wants it: `cn` with nibbles F, all others with 00.
fn fill(element: &Element, mut bytes: Vec<u8>) -> Result<Vec<u8>, EncodeError> {
    let limit = usize::from(element.length);
    if bytes.len() > limit {
        return Err(EncodeError::TooLong {
            by: bytes.len() - limit,
            limit,
        });
    }
    bytes.resize(limit, if element.format == Format::Cn { 0xFF } else { 0 });
    Ok(bytes)
}

/// The characters or digits that stand for `text` on the card.
fn content(element: &Element, text: &str) -> Result<String, EncodeError> {
    let width = capacity(element);
    match element.meaning {
        Meaning::Text | Meaning::PersonName | Meaning::PersonNumber | Meaning::Binary => Ok(text.to_owned()),
        Meaning::Date => calendar_day(text).map(|day| format!("{:04}{:02}{:02}", day.year(), day.month(), day.day())),
        Meaning::Month => month(text),
        Meaning::Year => exact_digits(text, 4),
        Meaning::Time => moment(text),
        Meaning::Amount => {
            let fen = fen(text)?;
            Ok(format!("{fen:0width$}"))
        }
        Meaning::Count => {
            let digits = only_digits(text)?.trim_start_matches('0');
            Ok(format!("{digits:0>width$}"))
        }
        Meaning::Region => region(text),
        Meaning::Code => match element.codes.as_deref() {
            Some(table) => code(table, text),
            None => Ok(text.to_owned()),
        },
        Meaning::Composite => composite(&element.parts, text),
    }
}

/// Digits or characters that the element holds.
fn capacity(element: &Element) -> usize {
    match element.format {
        Format::Cn => 2 * usize::from(element.length),
        _ => usize::from(element.length),
    }
}

/// Packs digits, filled with nibbles F. Identifiers that are no numbers may be given in hex over the whole length.
fn digits(element: &Element, text: &str) -> Result<Vec<u8>, EncodeError> {
    let limit = capacity(element);
    let identifier = matches!(element.meaning, Meaning::Text | Meaning::PersonNumber) && text.len() == limit;
    let allowed = |c: char| c.is_ascii_digit() || (identifier && c.is_ascii_hexdigit());
    if let Some((position, character)) = text.chars().enumerate().find(|(_, c)| !allowed(*c)) {
        return Err(EncodeError::NoDigit {
            character,
            position: position + 1,
        });
    }
    if text.len() > limit {
        return Err(EncodeError::TooLong {
            by: text.len() - limit,
            limit,
        });
    }
    hex::decode(format!("{text:F<limit$}")).map_err(|_| EncodeError::BadHex)
}

/// A binary number, big endian over the whole length; other `b` values are hex.
fn number(element: &Element, text: &str) -> Result<Vec<u8>, EncodeError> {
    if !matches!(element.meaning, Meaning::Amount | Meaning::Count) {
        return fill(element, hex::decode(text).map_err(|_| EncodeError::BadHex)?);
    }
    let limit = usize::from(element.length);
    let number: u64 = text
        .parse()
        .map_err(|_| EncodeError::BadAmount { given: text.to_owned() })?;
    let bytes = number.to_be_bytes();
    let significant = bytes
        .iter()
        .position(|byte| *byte != 0)
        .map_or(0, |first| bytes.len() - first);
    if significant > limit {
        return Err(EncodeError::TooLong {
            by: significant - limit,
            limit,
        });
    }
    let mut value = vec![0; limit.saturating_sub(bytes.len())];
    value.extend(&bytes[bytes.len().saturating_sub(limit)..]);
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::super::tests::element;
    use super::super::{Value, decode};
    use super::*;
    use jiff::civil::Date;
    use proptest::prelude::*;

    fn hex_of(format: Format, length: u16, meaning: Meaning, text: &str) -> Result<String, EncodeError> {
        encode(&element(format, length, meaning), text).map(hex::encode_upper)
    }

    #[test]
    fn padding_by_format() {
        assert_eq!(
            hex_of(Format::An, 6, Meaning::Text, "北京").as_deref(),
            Ok("B1B1BEA90000")
        );
        assert_eq!(hex_of(Format::Cn, 3, Meaning::Text, "12345").as_deref(), Ok("12345F"));
        assert_eq!(hex_of(Format::An, 3, Meaning::Text, "").as_deref(), Ok("000000"));
        assert_eq!(hex_of(Format::Cn, 3, Meaning::Region, "").as_deref(), Ok("FFFFFF"));
        assert_eq!(hex_of(Format::An, 3, Meaning::Count, "7").as_deref(), Ok("303037"));
        assert_eq!(
            hex_of(Format::Cn, 4, Meaning::Amount, "12.3").as_deref(),
            Ok("00001230")
        );
        assert_eq!(
            hex_of(Format::Cn, 4, Meaning::Amount, "12 元").as_deref(),
            Ok("00001200")
        );
        assert_eq!(hex_of(Format::B, 4, Meaning::Amount, "1234").as_deref(), Ok("000004D2"));
    }

    #[test]
    fn days_as_people_write_them() {
        for text in ["20260102", "2026-01-02", "2026/1/2", "2026.1.2", "2026年1月2日"] {
            assert_eq!(
                hex_of(Format::Cn, 4, Meaning::Date, text).as_deref(),
                Ok("20260102"),
                "{text}"
            );
        }
        for text in [
            "20260230",
            "2026-13-01",
            "260101",
            "00000101",
            "2026-1",
            "today",
            "2026-01-02-03",
        ] {
            assert_eq!(
                hex_of(Format::Cn, 4, Meaning::Date, text),
                Err(EncodeError::BadDate { given: text.to_owned() })
            );
        }
        assert_eq!(hex_of(Format::Cn, 3, Meaning::Month, "2026-3").as_deref(), Ok("202603"));
        assert_eq!(
            hex_of(Format::Cn, 7, Meaning::Time, "2026-01-02 03:04:05").as_deref(),
            Ok("20260102030405")
        );
    }

    #[test]
    fn errors_say_what_is_wrong() {
        use EncodeError::*;
        assert_eq!(
            hex_of(Format::An, 3, Meaning::Text, "北京"),
            Err(TooLong { by: 1, limit: 3 })
        );
        assert_eq!(
            hex_of(Format::Cn, 1, Meaning::Text, "1x"),
            Err(NoDigit {
                character: 'x',
                position: 2
            })
        );
        assert_eq!(
            hex_of(Format::Cn, 3, Meaning::Region, "9901"),
            Err(DigitCount { found: 4, wanted: 6 })
        );
        assert_eq!(
            hex_of(Format::Cn, 4, Meaning::Amount, "1.234"),
            Err(BadAmount {
                given: "1.234".to_owned()
            })
        );
        assert_eq!(
            hex_of(Format::Cn, 4, Meaning::Amount, "1234567.89"),
            Err(TooLong { by: 1, limit: 8 })
        );
        assert_eq!(
            hex_of(Format::B, 2, Meaning::Count, "65536"),
            Err(TooLong { by: 1, limit: 2 })
        );
        assert!(matches!(
            hex_of(Format::An, 8, Meaning::Text, "a\u{E5E5}"),
            Err(Charset(_))
        ));
        assert_eq!(hex_of(Format::B, 2, Meaning::Binary, "0"), Err(BadHex));
    }

    #[test]
    fn nested_values_round_trip_as_json() {
        let mut outer = element(Format::Tlv, 11, Meaning::Text);
        let mut day = element(Format::Cn, 4, Meaning::Date);
        day.tag = Some(0x11);
        let mut kind = element(Format::An, 3, Meaning::Text);
        kind.tag = Some(0x10);
        outer.inner = vec![kind, day];
        let text = r#"{"10":"010","11":"20260102"}"#;
        let bytes = encode(&outer, text).expect("fits");
        assert_eq!(hex::encode_upper(&bytes), "1003303130110420260102");
        assert_eq!(decode(&outer, &bytes).to_json().to_string(), text);
        for text in ["1", "\"1\"", "[]", "null", "{"] {
            assert_eq!(encode(&outer, text), Err(EncodeError::NotNested), "{text}");
        }
        assert_eq!(
            encode(&outer, r#"{"12":"x"}"#),
            Err(EncodeError::NoSuchTag { given: "12".to_owned() })
        );
        let empty = encode(&outer, "").expect("empty");
        assert_eq!(hex::encode_upper(empty), "10030000001104FFFFFFFF");
    }

    #[test]
    fn names_over_two_elements() {
        let (first, second) = (
            element(Format::An, 5, Meaning::PersonName),
            element(Format::An, 4, Meaning::PersonName),
        );
        let (head, tail) = encode_pair(&first, &second, "张三李四").expect("fits");
        assert_eq!(
            (hex::encode_upper(head), hex::encode_upper(tail)),
            ("D5C5C8FD00".to_owned(), "C0EECBC4".to_owned())
        );
        let long = encode_pair(&first, &second, "张三李四王");
        assert_eq!(long, Err(EncodeError::TooLong { by: 2, limit: 9 }));
    }

    proptest! {
        #[test]
        fn any_text_is_taken_or_refused(text in "\\PC{0,20}", length in 0u16..12, choice in 0usize..13, format in 0usize..4) {
            let format = [Format::An, Format::Cn, Format::B, Format::Tlv][format];
            let meaning = [
                Meaning::Text, Meaning::Date, Meaning::Month, Meaning::Year, Meaning::Time, Meaning::Amount, Meaning::Count,
                Meaning::Region, Meaning::Code, Meaning::Composite, Meaning::PersonName, Meaning::PersonNumber, Meaning::Binary,
            ][choice];
            let element = element(format, length, meaning);
            if let Ok(bytes) = encode(&element, &text) {
                prop_assert!(bytes.len() <= usize::from(length));
                if let Some(plain) = decode(&element, &bytes).plain() {
                    prop_assert_eq!(encode(&element, &plain).expect("own value"), bytes);
                }
            }
        }

        #[test]
        fn text_comes_back(text in "\\PC{0,14}") {
            let element = element(Format::An, 60, Meaning::Text);
            if let Ok(bytes) = encode(&element, &text) {
                let trimmed = text.trim();
                match decode(&element, &bytes) {
                    Value::Empty => prop_assert!(trimmed.is_empty()),
                    value => prop_assert_eq!(value.plain().expect("text"), trimmed),
                }
            }
        }

        #[test]
        fn days_come_back(year in 1i16..=9999, month in 1i8..=12, day in 1i8..=31) {
            if let Ok(date) = Date::new(year, month, day) {
                let element = element(Format::Cn, 4, Meaning::Date);
                let bytes = encode(&element, &date.to_string()).expect("a day");
                prop_assert_eq!(decode(&element, &bytes), Value::Date(date));
            }
        }

        #[test]
        fn amounts_come_back(fen in 0u64..100_000_000, binary: bool) {
            let element = element(if binary { Format::B } else { Format::Cn }, 4, Meaning::Amount);
            let bytes = encode(&element, &format!("{}.{:02}", fen / 100, fen % 100)).expect("an amount");
            prop_assert_eq!(decode(&element, &bytes), if binary && fen == 0xFFFF_FFFF { Value::Empty } else { Value::Amount(fen) });
        }
    }
}

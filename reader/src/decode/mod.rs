//! From bytes to typed values and back, by the profile (`spec/files.md` §0.3).

mod charset;
mod encode;
mod notation;
mod records;
mod reuse;
mod value;

pub use charset::{CharsetError, cut_padding, decode as decode_text, encode as encode_text, encode_split};
pub use encode::{encode, encode_json, encode_pair, encode_record};
pub use notation::{fen, moment};
pub use records::{Record, decode_cyclic, decode_records, decode_transparent, join_name, split_records};
pub use reuse::{encode_reused, is_reused, marking_element, reused_element};
pub use value::{Coded, Decoded, ElementView, EncodeError, PartValue, Value};

use card_model::profile::{Element, Format, Meaning};
use jiff::civil::{Date, DateTime};

/// The value of an element from its bytes, without tag and length.
pub fn decode(element: &Element, bytes: &[u8]) -> Value {
    let bytes = cut_tail_mark(element, bytes);
    if is_unfilled(element, bytes) {
        return Value::Empty;
    }
    match element.format {
        Format::Tlv => nested(element, bytes),
        Format::An => text(element, bytes),
        Format::Cn => digits(element, bytes),
        Format::B => binary(element, bytes),
    }
}

/// A record made for version 1 that was rewritten with the shorter version 2 value is filled with `EE` to its length
/// (STD-V2 annex C, `spec/files.md` §2.2): the fill is cut off.
fn cut_tail_mark<'a>(element: &Element, bytes: &'a [u8]) -> &'a [u8] {
    match bytes.split_at_checked(usize::from(element.length)) {
        Some((value, _)) if reuse::has_mark(element.length, bytes) => value,
        _ => bytes,
    }
}

/// Whether the item was created but never filled: all FF, all 00, or for text all blanks. Zero is a value of amounts and
/// counts.
fn is_unfilled(element: &Element, bytes: &[u8]) -> bool {
    let all = |fill: u8| bytes.iter().all(|byte| *byte == fill);
    let zero_counts = element.format != Format::An
        && (matches!(element.meaning, Meaning::Amount | Meaning::Count)
            || (element.format == Format::B && element.meaning == Meaning::Text));
    all(0xFF) || (all(0) && !zero_counts) || (element.format == Format::An && charset::cut_padding(bytes).is_empty())
}

fn malformed(bytes: &[u8], format: Format) -> Value {
    let lossy = match format {
        Format::An => charset::decode_lossy(charset::cut_padding(bytes)),
        _ => hex::encode_upper(bytes),
    };
    Value::Malformed { lossy }
}

/// `an`: characters, or ASCII digits of a typed number.
fn text(element: &Element, bytes: &[u8]) -> Value {
    let Some(content) = charset::decode(charset::cut_padding(bytes)) else {
        return malformed(bytes, Format::An);
    };
    typed(element, &content).unwrap_or_else(|| malformed(bytes, Format::An))
}

/// `cn`: digits up to the fill of nibbles F. A text with other nibbles is no number but an identifier written in hex.
fn digits(element: &Element, bytes: &[u8]) -> Value {
    if element.meaning == Meaning::Binary {
        return Value::Bytes(bytes.to_vec());
    }
    let all = hex::encode_upper(bytes);
    let digits = all.trim_end_matches('F');
    if digits.bytes().all(|b| b.is_ascii_digit()) {
        return typed(element, digits).unwrap_or_else(|| malformed(bytes, Format::Cn));
    }
    match element.meaning {
        Meaning::Text | Meaning::PersonNumber => Value::Text(all),
        _ => malformed(bytes, Format::Cn),
    }
}

/// `b`: a number for amounts and counts, else bytes.
fn binary(element: &Element, bytes: &[u8]) -> Value {
    let number = || (bytes.len() <= 8).then(|| bytes.iter().fold(0u64, |sum, byte| sum << 8 | u64::from(*byte)));
    match element.meaning {
        Meaning::Amount => number().map_or_else(|| malformed(bytes, Format::B), Value::Amount),
        Meaning::Count => number().map_or_else(|| malformed(bytes, Format::B), Value::Count),
        _ => Value::Bytes(bytes.to_vec()),
    }
}

/// Gives characters the meaning of the element; `None` if they have none.
fn typed(element: &Element, content: &str) -> Option<Value> {
    let number = || (!content.is_empty() && content.bytes().all(|b| b.is_ascii_digit())).then(|| content.parse().ok());
    let table = element.codes.as_deref();
    Some(match element.meaning {
        Meaning::Text | Meaning::PersonName | Meaning::PersonNumber => Value::Text(content.to_owned()),
        Meaning::Date => Value::Date(date(content)?),
        Meaning::Month => {
            let (year, month) = (field(content, 0, 4)?, field(content, 4, 2)?);
            let month = i8::try_from(month).ok()?;
            (content.len() == 6 && (1..=12).contains(&month)).then_some(Value::Month(year, month))?
        }
        Meaning::Year => Value::Year((content.len() == 4).then(|| field(content, 0, 4))??),
        Meaning::Time => Value::Time(time(content)?),
        Meaning::Amount => Value::Amount(number()??),
        Meaning::Count => Value::Count(number()??),
        Meaning::Code => Value::Code(coded(table, content)),
        Meaning::Region => Value::Code(Coded {
            code: content.to_owned(),
            text: crate::code_tables::region(content),
        }),
        Meaning::Composite => composite(element, content)?,
        Meaning::Binary => Value::Bytes(content.as_bytes().to_vec()),
    })
}

fn coded(table: Option<&str>, code: &str) -> Coded {
    Coded {
        code: code.to_owned(),
        text: table.and_then(|table| crate::code_tables::text(table, code)),
    }
}

fn composite(element: &Element, content: &str) -> Option<Value> {
    let mut rest = content;
    let mut parts = Vec::with_capacity(element.parts.len());
    for part in &element.parts {
        let (code, tail) = rest.split_at_checked(usize::from(part.length))?;
        rest = tail;
        let coded = coded(Some(&part.codes), code);
        parts.push(PartValue {
            zh: part.zh.clone(),
            en: part.en.clone(),
            coded,
        });
    }
    rest.is_empty().then_some(Value::Composite(parts))
}

/// A number of `length` digits at `start`.
fn field(digits: &str, start: usize, length: usize) -> Option<i16> {
    let part = digits.get(start..start + length)?;
    part.bytes().all(|b| b.is_ascii_digit()).then(|| part.parse().ok())?
}

fn date(digits: &str) -> Option<Date> {
    if digits.len() != 8 {
        return None;
    }
    let month = i8::try_from(field(digits, 4, 2)?).ok()?;
    Date::new(field(digits, 0, 4)?, month, i8::try_from(field(digits, 6, 2)?).ok()?).ok()
}

fn time(digits: &str) -> Option<DateTime> {
    let (day, clock) = digits.split_at_checked(8)?;
    let part = |start| i8::try_from(field(clock, start, 2)?).ok();
    if clock.len() != 6 {
        return None;
    }
    date(day)?
        .to_datetime(jiff::civil::Time::MIN)
        .with()
        .hour(part(0)?)
        .minute(part(2)?)
        .second(part(4)?)
        .build()
        .ok()
}

/// Inner elements of a B-TLV value, in the order they stand.
fn nested(element: &Element, bytes: &[u8]) -> Value {
    match split_records(bytes) {
        Some(fields) => Value::Nested(records::name_fields(&element.inner, &fields)),
        None => malformed(bytes, Format::Tlv),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use card_model::words::Lang;
    use proptest::prelude::*;

    pub(crate) fn element(format: Format, length: u16, meaning: Meaning) -> Element {
        Element {
            tag: Some(0x20),
            zh: "项".to_owned(),
            en: "item".to_owned(),
            format,
            length,
            meaning,
            codes: None,
            parts: Vec::new(),
            repeat: 1,
            optional: false,
            example: None,
            reused: None,
            inner: Vec::new(),
        }
    }

    fn value(format: Format, meaning: Meaning, hex: &str) -> Value {
        let bytes = hex::decode(hex).expect("hex");
        decode(
            &element(format, u16::try_from(bytes.len()).expect("short"), meaning),
            &bytes,
        )
    }

    #[test]
    fn one_value_of_each_meaning() {
        use Format::{An, B, Cn};
        let plain = |format, meaning, hex| value(format, meaning, hex).plain().expect("one line");
        assert_eq!(plain(An, Meaning::Text, "B1B1BEA90000"), "北京");
        assert_eq!(plain(An, Meaning::PersonName, "B1B120202020"), "北");
        assert_eq!(plain(Cn, Meaning::Date, "20300228"), "20300228");
        assert_eq!(
            value(Cn, Meaning::Date, "20300230"),
            Value::Malformed {
                lossy: "20300230".to_owned()
            }
        );
        assert_eq!(plain(Cn, Meaning::Month, "202612"), "202612");
        assert_eq!(plain(Cn, Meaning::Year, "2026"), "2026");
        assert_eq!(
            value(Cn, Meaning::Time, "20261121235959").text(Lang::En),
            "2026-11-21 23:59:59"
        );
        assert_eq!(value(Cn, Meaning::Amount, "00001234").text(Lang::Zh), "12.34 元");
        assert_eq!(value(B, Meaning::Amount, "000004D2").to_json(), serde_json::json!(1234));
        assert_eq!(value(An, Meaning::Count, "303037"), Value::Count(7));
        assert_eq!(plain(Cn, Meaning::Region, "990101"), "990101");
        assert_eq!(plain(Cn, Meaning::Text, "12345F"), "12345");
        assert_eq!(
            plain(Cn, Meaning::Text, "990101D15600000500000001FFFFFFFF"),
            "990101D15600000500000001FFFFFFFF"
        );
    }

    #[test]
    fn never_filled() {
        use Format::{An, B, Cn};
        for (format, meaning, hex) in [
            (An, Meaning::Text, "000000"),
            (An, Meaning::Text, "FFFFFF"),
            (An, Meaning::Text, "202020"),
            (Cn, Meaning::Date, "FFFFFFFF"),
            (Cn, Meaning::Date, "00000000"),
            (Cn, Meaning::Amount, "FFFFFFFF"),
            (B, Meaning::Binary, "000000"),
            (An, Meaning::Text, ""),
        ] {
            assert_eq!(value(format, meaning, hex), Value::Empty, "{hex}");
        }
        assert_eq!(value(Cn, Meaning::Amount, "00000000"), Value::Amount(0));
        assert_eq!(value(B, Meaning::Count, "0000"), Value::Count(0));
    }

    #[test]
    fn version_1_record_with_version_2_value() {
        let element = element(Format::An, 2, Meaning::Text);
        assert_eq!(decode(&element, b"12\xEE\xEE"), Value::Text("12".to_owned()));
        assert_eq!(decode(&element, b"12\x00\x00"), Value::Text("12".to_owned()));
    }

    #[test]
    fn composite_values_have_named_parts() {
        let mut element = element(Format::An, 5, Meaning::Composite);
        let part = |zh: &str, length| card_model::profile::Part {
            zh: zh.to_owned(),
            en: zh.to_owned(),
            length,
            codes: "no such table".to_owned(),
        };
        element.parts = vec![part("a", 2), part("b", 3)];
        assert_eq!(decode(&element, b"10021").text(Lang::En), "a: 10; b: 021");
        assert_eq!(decode(&element, b"10021").plain().as_deref(), Some("10021"));
        assert!(matches!(decode(&element, b"1002\0"), Value::Malformed { .. }));
    }

    fn any_element() -> impl Strategy<Value = Element> {
        let format = prop_oneof![Just(Format::An), Just(Format::Cn), Just(Format::B), Just(Format::Tlv)];
        let meaning = prop_oneof![
            Just(Meaning::Text),
            Just(Meaning::Date),
            Just(Meaning::Month),
            Just(Meaning::Year),
            Just(Meaning::Time),
            Just(Meaning::Amount),
            Just(Meaning::Count),
            Just(Meaning::Region),
            Just(Meaning::Code),
            Just(Meaning::Composite),
            Just(Meaning::PersonName),
            Just(Meaning::PersonNumber),
            Just(Meaning::Binary),
        ];
        (format, meaning, 0u16..40).prop_map(|(format, meaning, length)| element(format, length, meaning))
    }

    proptest! {
        #[test]
        fn any_bytes_decode_without_panic(element in any_element(), bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            let value = decode(&element, &bytes);
            for lang in [Lang::Zh, Lang::En] {
                let _ = value.text(lang);
            }
            let _ = (value.plain(), value.to_json());
        }
    }
}

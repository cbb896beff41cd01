//! Chinese text on the card: GB18030, one to four bytes per character (`spec/files.md` §0.3).

use encoding_rs::GB18030;

/// Why text cannot be put into GB18030.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CharsetError {
    /// A character without a code of its own.
    NotInGb18030(char),
    /// A control character; cards have none in their texts.
    Control(char),
}

/// Text of a card value. Padding must be cut off before. `None` if the bytes are no GB18030.
pub fn decode(bytes: &[u8]) -> Option<String> {
    GB18030
        .decode_without_bom_handling_and_without_replacement(bytes)
        .map(|text| text.into_owned())
}

/// Text of a card value with U+FFFD for what cannot be read.
pub fn decode_lossy(bytes: &[u8]) -> String {
    GB18030.decode_without_bom_handling(bytes).0.into_owned()
}

/// Bytes of one character. A character whose code reads back as another (private-use code points that the 2022 edition
/// mapped elsewhere) is refused, because the name would come back changed.
fn encode_char(character: char) -> Result<Vec<u8>, CharsetError> {
    if character.is_control() {
        return Err(CharsetError::Control(character));
    }
    let mut buffer = [0; 4];
    let text: &str = character.encode_utf8(&mut buffer);
    let (bytes, _, failed) = GB18030.encode(text);
    if failed || decode(&bytes).as_deref() != Some(text) {
        return Err(CharsetError::NotInGb18030(character));
    }
    Ok(bytes.into_owned())
}

/// Bytes of a text.
///
/// # Errors
/// A character that is not in GB18030, or a control character.
pub fn encode(text: &str) -> Result<Vec<u8>, CharsetError> {
    let mut bytes = Vec::with_capacity(2 * text.len());
    for character in text.chars() {
        bytes.extend(encode_char(character)?);
    }
    Ok(bytes)
}

/// Bytes of a text in two parts, the first of at most `first` bytes, cut between two characters: a long name goes over
/// into its extension (`spec/files.md` §2.1, tags 09 and 4E).
///
/// # Errors
/// As [`encode`].
pub fn encode_split(text: &str, first: usize) -> Result<(Vec<u8>, Vec<u8>), CharsetError> {
    let mut head = Vec::with_capacity(first);
    let mut characters = text.chars();
    let mut tail = Vec::new();
    for character in characters.by_ref() {
        let bytes = encode_char(character)?;
        if head.len() + bytes.len() > first {
            tail = bytes;
            break;
        }
        head.extend(bytes);
    }
    tail.extend(encode(characters.as_str())?);
    Ok((head, tail))
}

/// Cuts the padding off the end of an `an` value: 00, and 20 or FF as some issuers and blank cards have it. None of the
/// three is the last byte of a GB18030 character, but 20 may be a blank that belongs to the text; trailing blanks carry
/// no meaning on the card.
pub fn cut_padding(bytes: &[u8]) -> &[u8] {
    let end = bytes
        .iter()
        .rposition(|byte| !matches!(byte, 0x00 | 0x20 | 0xFF))
        .map_or(0, |last| last + 1);
    &bytes[..end]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn rare_characters() {
        // 䶮 has a two-byte code since the 2005 edition, 㛃 and 𬱖 four bytes.
        for (text, bytes) in [("䶮", "FE9F"), ("㛃", "8230C239"), ("𬱖", "9931FA30")] {
            let encoded = encode(text).expect("in GB18030");
            assert_eq!(decode(&encoded).as_deref(), Some(text));
            if text == "䶮" {
                assert_eq!(hex::encode_upper(&encoded), bytes);
            } else {
                assert_eq!(encoded.len(), 4);
            }
        }
        assert_eq!(hex::encode_upper(encode("张").expect("in GBK")), "D5C5");
    }

    #[test]
    fn refuses_what_would_come_back_changed() {
        assert_eq!(encode("a\u{7}"), Err(CharsetError::Control('\u{7}')));
        assert_eq!(encode("\u{E5E5}"), Err(CharsetError::NotInGb18030('\u{E5E5}')));
    }

    #[test]
    fn splits_between_characters() {
        let (head, tail) = encode_split("张三李四", 5).expect("in GBK");
        assert_eq!((head.len(), tail.len()), (4, 4));
        assert_eq!(decode(&tail).as_deref(), Some("李四"));
        assert_eq!(encode_split("张三", 30).expect("in GBK").1, Vec::<u8>::new());
    }

    #[test]
    fn padding() {
        assert_eq!(cut_padding(b"AB \0\0"), b"AB");
        assert_eq!(cut_padding(&[0xFF; 4]), b"");
        assert_eq!(cut_padding(b"\0A"), b"\0A");
    }

    proptest! {
        #[test]
        fn round_trip(text in "\\PC{0,40}", first in 0usize..40) {
            if let Ok(bytes) = encode(&text) {
                let read = decode(&bytes);
                prop_assert_eq!(read.as_deref(), Some(text.as_str()));
                let (head, tail) = encode_split(&text, first).expect("the same characters");
                prop_assert!(head.len() <= first);
                prop_assert_eq!([head, tail].concat(), bytes);
            }
        }
    }
}

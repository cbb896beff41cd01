//! Bytes of a holders file to text: UTF-8, UTF-8 with byte order mark, or GB18030, found out by looking.

/// How a holders file was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextEncoding {
    /// UTF-8.
    Utf8,
    /// UTF-8 with a byte order mark, as spreadsheets write it.
    Utf8Bom,
    /// GB18030 (and so GBK and GB2312).
    Gb18030,
}

/// Why bytes are no text that is understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextFault {
    /// UTF-16 with a byte order mark.
    Utf16,
    /// Neither UTF-8 nor GB18030; the line (from 1) where both readings have failed.
    Neither {
        /// Line, from 1.
        line: usize,
    },
}

/// Reads text. What is well-formed UTF-8 is UTF-8: Chinese text in GB18030 practically never is.
///
/// # Errors
/// The bytes are neither.
pub fn decode(bytes: &[u8]) -> Result<(String, TextEncoding), TextFault> {
    if let Some(rest) = bytes.strip_prefix(b"\xEF\xBB\xBF") {
        let text = core::str::from_utf8(rest).map_err(|error| neither(rest, error.valid_up_to()))?;
        return Ok((text.to_owned(), TextEncoding::Utf8Bom));
    }
    if bytes.starts_with(b"\xFF\xFE") || bytes.starts_with(b"\xFE\xFF") {
        return Err(TextFault::Utf16);
    }
    let Err(error) = core::str::from_utf8(bytes) else {
        return Ok((String::from_utf8_lossy(bytes).into_owned(), TextEncoding::Utf8));
    };
    match encoding_rs::GB18030.decode_without_bom_handling_and_without_replacement(bytes) {
        Some(text) => Ok((text.into_owned(), TextEncoding::Gb18030)),
        None => Err(neither(bytes, first_wrong_line(bytes).max(error.valid_up_to()))),
    }
}

/// Offset of the first line that is no GB18030. A line end is never part of a GB18030 character.
fn first_wrong_line(bytes: &[u8]) -> usize {
    let readable = |line: &&[u8]| {
        encoding_rs::GB18030
            .decode_without_bom_handling_and_without_replacement(line)
            .is_some()
    };
    bytes
        .split_inclusive(|b| *b == b'\n')
        .take_while(readable)
        .map(<[u8]>::len)
        .sum()
}

fn neither(bytes: &[u8], offset: usize) -> TextFault {
    TextFault::Neither {
        line: 1 + bytes.iter().take(offset).filter(|b| **b == b'\n').count(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings() {
        let text = "name\n李䶮,王㛃,陈𬱖\n";
        assert_eq!(decode(text.as_bytes()), Ok((text.to_owned(), TextEncoding::Utf8)));
        let bom = [b"\xEF\xBB\xBF", text.as_bytes()].concat();
        assert_eq!(decode(&bom), Ok((text.to_owned(), TextEncoding::Utf8Bom)));
        let (gb, _, lost) = encoding_rs::GB18030.encode(text);
        assert!(!lost);
        assert_eq!(decode(&gb), Ok((text.to_owned(), TextEncoding::Gb18030)));
        assert_eq!(decode(b"\xFF\xFEn\0"), Err(TextFault::Utf16));
        assert_eq!(
            decode(b"a\nb\n\x80\xFF,\xFF\xFF\n"),
            Err(TextFault::Neither { line: 3 })
        );
        assert_eq!(decode(b"\xEF\xBB\xBFa\n\xFF"), Err(TextFault::Neither { line: 2 }));
    }
}

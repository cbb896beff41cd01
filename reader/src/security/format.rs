//! The key file format `ssc-keys-1`: TOML, one table `[[key]]` per root key.
//!
//! ```toml
//! format = "ssc-keys-1"
//! test = true           # TEST keys; only these may lie in a plain file
//!
//! [[key]]
//! name = "UKSSSE"       # name in the profile, or MK (master key root), TMK (temporary master key), TK (transport key)
//! # index = 2           # of the purchase keys, which share one name
//! address = "0094"      # logical address in a central HSM; left out for local keys
//! version = 1           # 1–3
//! level = "province"    # ministry, province, city: where the root stands; issuer
//! algorithm = "sm4"     # or 3des
//! value = "…"           # 32 hex digits; 16 for single DES
//! kcv = "…"             # check value, six hex digits; may be left out
//! ```
//!
//! All other files are this text encrypted with a passphrase: `age`, armored, scrypt. `age -d` opens them too.
//!
//! Read by hand from the spanned TOML tree, so that no message of a library repeats a line that holds a key value.

use super::entry::{RootKey, RootLevel};
use super::error::{EntryError, KeyFileError};
use card_model::crypto::Algorithm;
use card_model::secret::{Key, equal};
use std::fmt::Write as _;
use toml::Spanned;
use toml::de::{DeTable, DeValue};
use zeroize::Zeroizing;

/// Value of `format`.
pub const FORMAT: &str = "ssc-keys-1";

/// Largest key file that is read, in bytes.
pub(super) const MAX_LENGTH: usize = 1 << 20;

/// Names of an entry's fields.
const FIELDS: [&str; 8] = [
    "name",
    "index",
    "address",
    "version",
    "level",
    "algorithm",
    "value",
    "kcv",
];

/// Content of a key file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Content {
    /// TEST keys: the file may be plain.
    pub test: bool,
    /// Keys in file order.
    pub keys: Vec<RootKey>,
}

/// Parses the plain text of a key file; `file` is its name for messages.
pub(super) fn parse(file: &str, text: &str) -> Result<Content, KeyFileError> {
    let at = |offset: usize| line_of(text, offset);
    let fail = |offset: usize, key: Option<String>, cause: EntryError| KeyFileError::Entry {
        file: file.to_owned(),
        line: at(offset),
        key,
        cause,
    };
    let document =
        DeTable::parse(text).map_err(|error| fail(error.span().map_or(0, |s| s.start), None, EntryError::Syntax))?;
    let root = document.get_ref();

    let format = root
        .get("format")
        .ok_or_else(|| fail(0, None, EntryError::Missing("format")))?;
    if format.get_ref().as_str() != Some(FORMAT) {
        return Err(fail(format.span().start, None, EntryError::Format));
    }
    let test = match root.get("test") {
        None => false,
        Some(value) => value.get_ref().as_bool().ok_or_else(|| {
            fail(
                value.span().start,
                None,
                EntryError::Type {
                    field: "test",
                    expected: "true or false",
                },
            )
        })?,
    };
    for (name, _) in root {
        if !["format", "test", "key"].contains(&name.get_ref().as_ref()) {
            return Err(fail(
                name.span().start,
                None,
                EntryError::UnknownField(name.get_ref().to_string()),
            ));
        }
    }

    let mut keys: Vec<RootKey> = Vec::new();
    let mut lines = Vec::new();
    if let Some(list) = root.get("key") {
        let entries = list
            .get_ref()
            .as_array()
            .ok_or_else(|| fail(list.span().start, None, EntryError::NoTable))?;
        for value in entries {
            let start = value.span().start;
            let table = value
                .get_ref()
                .as_table()
                .ok_or_else(|| fail(start, None, EntryError::NoTable))?;
            let title = table.get("name").and_then(|n| n.get_ref().as_str()).map(str::to_owned);
            let key = entry(table, start).map_err(|(offset, cause)| fail(offset, title.clone(), cause))?;
            keys.push(key);
            lines.push(start);
        }
    }
    let mut order: Vec<usize> = (0..keys.len()).collect();
    order.sort_by(|a, b| keys[*a].identity().cmp(&keys[*b].identity()));
    for pair in order.windows(2) {
        if keys[pair[0]].identity() == keys[pair[1]].identity() {
            let (first, second) = (pair[0].min(pair[1]), pair[0].max(pair[1]));
            let cause = EntryError::Twice { line: at(lines[first]) };
            return Err(fail(lines[second], Some(keys[second].title()), cause));
        }
    }
    Ok(Content { test, keys })
}

/// One entry; the error comes with the byte offset it belongs to.
fn entry(table: &DeTable<'_>, start: usize) -> Result<RootKey, (usize, EntryError)> {
    for (name, _) in table {
        if !FIELDS.contains(&name.get_ref().as_ref()) {
            return Err((name.span().start, EntryError::UnknownField(name.get_ref().to_string())));
        }
    }
    let text = |field: &'static str| -> Result<Option<(usize, &str)>, (usize, EntryError)> {
        let Some(value) = table.get(field) else { return Ok(None) };
        let content = value.get_ref().as_str();
        content.map(|c| Some((value.span().start, c))).ok_or((
            value.span().start,
            EntryError::Type {
                field,
                expected: "a string in quotes",
            },
        ))
    };
    let needed = |field: &'static str| text(field)?.ok_or((start, EntryError::Missing(field)));

    let (at, name) = needed("name")?;
    let well_named = !name.is_empty() && name.len() <= 32 && name.bytes().all(|b| b.is_ascii_graphic() && b != b'#');
    if !well_named {
        return Err((at, EntryError::Name));
    }
    let index = number(table, "index", 0..=255)?;
    let address = match text("address")? {
        None => None,
        Some((at, digits)) if digits.len() == 4 && digits.bytes().all(|b| b.is_ascii_hexdigit()) => {
            Some(u16::from_str_radix(digits, 16).map_err(|_| (at, EntryError::Address))?)
        }
        Some((at, _)) => return Err((at, EntryError::Address)),
    };
    let version = number(table, "version", 1..=3)?.ok_or((start, EntryError::Missing("version")))?;
    let (at, level) = needed("level")?;
    let level = RootLevel::from_name(level).ok_or((at, EntryError::Level))?;
    let (at, algorithm) = needed("algorithm")?;
    let algorithm = [Algorithm::Sm4, Algorithm::TripleDes]
        .into_iter()
        .find(|a| a.name() == algorithm)
        .ok_or((at, EntryError::Algorithm))?;

    let (at, digits) = needed("value")?;
    let bytes = Zeroizing::new(hex::decode(digits).map_err(|_| (at, EntryError::Hex("value")))?);
    let value = Key::new(&bytes).map_err(|_| (at, EntryError::Length { bytes: bytes.len() }))?;
    if algorithm == Algorithm::Sm4 && value.length() != 16 {
        return Err((at, EntryError::Length { bytes: bytes.len() }));
    }
    let key = RootKey {
        name: name.to_owned(),
        index,
        address,
        version,
        level,
        algorithm,
        value,
    };
    if let Some((at, digits)) = text("kcv")? {
        let told = hex::decode(digits).map_err(|_| (at, EntryError::Hex("kcv")))?;
        if !equal(&told, &key.check_value()) {
            return Err((at, EntryError::CheckValue));
        }
    }
    Ok(key)
}

fn number(
    table: &DeTable<'_>,
    field: &'static str,
    range: std::ops::RangeInclusive<u8>,
) -> Result<Option<u8>, (usize, EntryError)> {
    let Some(value) = table.get(field) else { return Ok(None) };
    let parsed = integer(value).filter(|n| range.contains(n));
    let cause = EntryError::Number {
        field,
        low: *range.start(),
        high: *range.end(),
    };
    parsed.map(Some).ok_or((value.span().start, cause))
}

fn integer(value: &Spanned<DeValue<'_>>) -> Option<u8> {
    let integer = value.get_ref().as_integer()?;
    u8::from_str_radix(integer.as_str(), integer.radix()).ok()
}

/// Line of a byte offset, from 1.
fn line_of(text: &str, offset: usize) -> usize {
    let end = offset.min(text.len());
    1 + text.as_bytes()[..end].iter().filter(|b| **b == b'\n').count()
}

/// The plain text of a key file. It holds the values, so it is wiped when it is dropped.
pub(super) fn print(content: &Content) -> Zeroizing<String> {
    // Room for everything from the start: a string that grows leaves unwiped copies behind.
    let mut text = Zeroizing::new(String::with_capacity(256 + 320 * content.keys.len()));
    if content.test {
        text.push_str("# TEST KEYS. Never load them into a card that is handed out.\n");
    }
    let _ = writeln!(text, "format = \"{FORMAT}\"\ntest = {}", content.test);
    for key in &content.keys {
        let _ = write!(text, "\n[[key]]\nname = \"{}\"\n", key.name);
        if let Some(index) = key.index {
            let _ = writeln!(text, "index = {index}");
        }
        if let Some(address) = key.address {
            let _ = writeln!(text, "address = \"{address:04X}\"");
        }
        let value = Zeroizing::new(hex::encode_upper(key.value.expose()));
        let _ = writeln!(
            text,
            "version = {}\nlevel = \"{}\"\nalgorithm = \"{}\"\nvalue = \"{}\"\nkcv = \"{}\"",
            key.version,
            key.level.name(),
            key.algorithm.name(),
            *value,
            hex::encode_upper(key.check_value())
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SMALL: &str = "format = \"ssc-keys-1\"\ntest = true\n\n[[key]]\nname = \"UKSSSE\"\naddress = \"0094\"\nversion = 1\nlevel = \"province\"\nalgorithm = \"sm4\"\nvalue = \"7E577E577E577E577E577E577E577E57\"\n";

    fn error(text: &str) -> String {
        parse("keys.toml", text).expect_err("must be refused").to_string()
    }

    #[test]
    fn reads_and_prints() {
        let content = parse("keys.toml", SMALL).expect("well-formed");
        assert!(content.test);
        assert_eq!(content.keys[0].address, Some(0x94));
        assert_eq!(parse("again", &print(&content)).expect("own output"), content);
    }

    #[test]
    fn errors_name_file_line_and_key_but_never_a_value() {
        let cases = [
            (SMALL.replace("sm4", "aes"), "keys.toml:9: key UKSSSE: "),
            (SMALL.replace("version = 1", "version = 4"), "keys.toml:7: key UKSSSE: "),
            (SMALL.replace("\"7E57", "\"7X57"), "keys.toml:10: key UKSSSE: "),
            (SMALL.replace("7E577E577E577E577E57", ""), "keys.toml:10: key UKSSSE: "),
            (
                SMALL.replace("\"7E577E577E577E577E577E577E577E57\"", "7577757777"),
                "keys.toml:10: key UKSSSE: ",
            ),
            (SMALL.replace("level = \"province\"\n", ""), "keys.toml:4: key UKSSSE: "),
            (SMALL.replace("0094", "94"), "keys.toml:6: key UKSSSE: "),
            (SMALL.replace("address", "adress"), "keys.toml:6: key UKSSSE: "),
            (format!("{SMALL}kcv = \"000000\"\n"), "keys.toml:11: key UKSSSE: "),
            (
                format!("{SMALL}{}", &SMALL[SMALL.find("[[").unwrap_or(0)..]),
                "keys.toml:11: key UKSSSE: ",
            ),
            (SMALL.replace("ssc-keys-1", "ssc-keys-9"), "keys.toml:1: "),
            (SMALL.replace("\"7E577E57", "\"7E577E57\\q"), "keys.toml:10: "),
        ];
        for (text, start) in cases {
            let message = error(&text);
            assert!(message.starts_with(start), "{message}");
            assert!(!message.contains("7E57") && !message.contains("7757"), "{message}");
        }
    }

    proptest! {
        #[test]
        fn any_text_gives_an_error_and_no_panic(text in "\\PC{0,200}") {
            let _ = parse("keys.toml", &text);
        }

        #[test]
        fn damaged_files_never_panic(at in 0..SMALL.len(), byte in any::<char>()) {
            let mut text: Vec<char> = SMALL.chars().collect();
            text[at] = byte;
            let _ = parse("keys.toml", &text.into_iter().collect::<String>());
        }

        #[test]
        fn what_is_printed_is_read_back(
            name in "[A-Z][A-Z0-9]{0,10}", index in proptest::option::of(0u8..4), address in proptest::option::of(any::<u16>()),
            version in 1u8..=3, bytes in any::<[u8; 16]>(), des in any::<bool>(), test in any::<bool>(),
        ) {
            let algorithm = if des { Algorithm::TripleDes } else { Algorithm::Sm4 };
            let key = RootKey { name, index, address, version, level: RootLevel::City, algorithm, value: Key::from(bytes) };
            let content = Content { test, keys: vec![key] };
            prop_assert_eq!(parse("keys.toml", &print(&content)).expect("own output"), content);
        }
    }
}

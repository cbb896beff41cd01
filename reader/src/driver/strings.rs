//! The string grammar of the interface (IF38, `spec/terminal.md` §1.2): items end with `|`, files with `$`, fields of
//! cyclic records with `^`. What comes in is taken with or without its last separators; what goes out has them all.

use super::code::ReturnCode;
use super::failure::Failure;

/// Ends an item.
pub const ITEM: char = '|';
/// Ends a file.
pub const FILE: char = '$';
/// Ends a field of a cyclic record.
pub const FIELD: char = '^';

/// A parameter does not have the form of the interface.
pub(super) fn illegal(zh: &str, en: &str) -> Failure {
    Failure::because(ReturnCode::ILLEGAL_INPUT, zh, en)
}

/// Items of a text; a trailing separator ends the last one and begins none.
pub(super) fn items(text: &str) -> Vec<&str> {
    let text = text.trim_matches(|c: char| c.is_whitespace() || c == '\0');
    if text.is_empty() {
        return Vec::new();
    }
    text.strip_suffix(ITEM).unwrap_or(text).split(ITEM).collect()
}

/// Items as they go out: each with its separator.
pub(super) fn join<S: AsRef<str>>(items: impl IntoIterator<Item = S>) -> String {
    let mut text = String::new();
    for item in items {
        text += item.as_ref();
        text.push(ITEM);
    }
    text
}

/// A value as it may stand between separators: a card that holds one of them could shift all items behind it, so they are
/// replaced by their full-width forms.
pub(super) fn guarded(value: &str) -> String {
    let guard = |c: char| match c {
        '|' => '｜',
        '$' => '＄',
        '^' => '＾',
        c if c.is_control() => ' ',
        c => c,
    };
    value.chars().map(guard).collect()
}

/// Exactly `N` bytes in hex.
pub(super) fn hex_array<const N: usize>(text: &str) -> Result<[u8; N], Failure> {
    let text = text.trim();
    if text.len() != 2 * N {
        return Err(Failure::because(
            ReturnCode::DATA_LENGTH,
            format!("应为{}个十六进制字符", 2 * N),
            format!("{} hex digits are expected", 2 * N),
        ));
    }
    let mut bytes = [0; N];
    hex::decode_to_slice(text, &mut bytes)
        .map_err(|_| Failure::because(ReturnCode::ILLEGAL_CHARACTER, "含非十六进制字符", "not hexadecimal"))?;
    Ok(bytes)
}

/// pCardInfo: card identification code and card number of the card that is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CardInfo {
    /// Card identification code.
    pub card_id: [u8; 16],
    /// Card number, as the caller has it from iReadCardBas.
    pub card_number: String,
}

impl CardInfo {
    /// Reads `卡识别码|卡号|`.
    ///
    /// # Errors
    /// Another number of items (−23), or no card identification code (−20).
    pub fn parse(text: &str) -> Result<Self, Failure> {
        match items(text)[..] {
            [card_id, card_number] => Ok(Self {
                card_id: hex_array(card_id).map_err(|failure| failure.with_code(ReturnCode::CARD_ID))?,
                card_number: card_number.trim().to_owned(),
            }),
            _ => Err(illegal(
                "pCardInfo应为“卡识别码|卡号|”",
                "pCardInfo has two items: card id and card number",
            )),
        }
    }
}

impl core::fmt::Display for CardInfo {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{}|{}|", hex::encode_upper(self.card_id), self.card_number)
    }
}

/// An item of pFileAddr: a tag, a tag with a repeat, or the number of a cyclic record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Before the colon: tag or record number as written.
    pub name: String,
    /// Behind the colon: which of several records with this tag, or `A` for all.
    pub which: Option<String>,
}

/// A file of pFileAddr with its items.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileAddress {
    /// File as the caller wrote it; so it is given back.
    pub written: String,
    /// Dedicated file in the spelling of the profile: `SSSE`, `DF01`.
    pub df: String,
    /// Elementary file: `EF05`.
    pub ef: String,
    /// Its items; none means the whole file.
    pub items: Vec<Item>,
}

impl FileAddress {
    /// Reads a list of files, `DF01EF0A|37|$DF01EF15|2A|40:2|$`. Other spellings of callers are taken too: `3F00EF05`,
    /// `MFEF05` and `DDF1EF05` for SSSE, small letters, blanks, missing last separators.
    ///
    /// # Errors
    /// Nothing, or something that is no file (−23).
    pub fn parse_list(text: &str) -> Result<Vec<Self>, Failure> {
        let files = files(text).map(Self::parse).collect::<Result<Vec<_>, _>>()?;
        if files.is_empty() {
            return Err(illegal("pFileAddr为空", "pFileAddr names no file"));
        }
        Ok(files)
    }

    fn parse(text: &str) -> Result<Self, Failure> {
        let parts = items(text);
        let Some((written, rest)) = parts.split_first() else {
            return Err(illegal("pFileAddr中有空文件名", "pFileAddr has a file without a name"));
        };
        let (df, ef) = file_name(written)?;
        let items = rest.iter().map(|item| Item::parse(item)).collect::<Result<_, _>>()?;
        Ok(Self {
            written: written.trim().to_owned(),
            df,
            ef,
            items,
        })
    }
}

impl Item {
    fn parse(text: &str) -> Result<Self, Failure> {
        let (name, which) = match text.split_once(':') {
            Some((name, which)) => (name.trim(), Some(which.trim())),
            None => (text.trim(), None),
        };
        let word = |text: &str| (1..=3).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_hexdigit());
        if !word(name) || !which.is_none_or(word) {
            return Err(Failure::because(
                ReturnCode::ILLEGAL_INPUT,
                format!("数据项“{text}”不合法"),
                format!("{text:?} is no item"),
            ));
        }
        Ok(Self {
            name: name.to_ascii_uppercase(),
            which: which.map(str::to_ascii_uppercase),
        })
    }
}

/// Files of a list.
fn files(text: &str) -> impl Iterator<Item = &str> {
    let text = text.trim_matches(|c: char| c.is_whitespace() || c == '\0');
    text.split(FILE).map(str::trim).filter(|file| !file.is_empty())
}

/// Names that callers give to the social security environment.
const ENVIRONMENT_SPELLINGS: [&str; 5] = ["", "MF", "3F00", "DDF1", "SSSE"];

/// Dedicated and elementary file of a name such as `DF01EF15`.
fn file_name(written: &str) -> Result<(String, String), Failure> {
    let name = written.trim().to_ascii_uppercase();
    let unknown = || {
        Failure::because(
            ReturnCode::ILLEGAL_INPUT,
            format!("“{written}”不是文件名"),
            format!("{written:?} is no name of a file"),
        )
    };
    let at = name
        .len()
        .checked_sub(4)
        .filter(|at| name.is_char_boundary(*at))
        .ok_or_else(unknown)?;
    let (df, ef) = name.split_at(at);
    let file = ef.starts_with("EF") && ef.bytes().skip(2).all(|b| b.is_ascii_hexdigit());
    let directory = df.len() <= 8 && df.bytes().all(|b| b.is_ascii_alphanumeric());
    if !file || !directory {
        return Err(unknown());
    }
    let df = if ENVIRONMENT_SPELLINGS.contains(&df) {
        crate::wellknown::ENVIRONMENT
    } else {
        df
    };
    Ok((df.to_owned(), ef.to_owned()))
}

/// Values of pWriteData for one file, in the order of its items.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileValues {
    /// Dedicated file.
    pub df: String,
    /// Elementary file.
    pub ef: String,
    /// Values as given.
    pub values: Vec<String>,
}

impl FileValues {
    /// Reads pWriteData, `DF01EF07|1|$`.
    ///
    /// # Errors
    /// As [`FileAddress::parse_list`].
    pub fn parse_list(text: &str) -> Result<Vec<Self>, Failure> {
        let parse = |file| {
            // A value may end with a blank that belongs to nothing; names may not, so only the name is trimmed.
            let mut parts = items(file).into_iter();
            let (df, ef) = file_name(parts.next().unwrap_or_default())?;
            let values = parts.map(str::to_owned).collect();
            Ok(Self { df, ef, values })
        };
        let files = files(text).map(parse).collect::<Result<Vec<_>, Failure>>()?;
        if files.is_empty() {
            return Err(illegal("pWriteData为空", "pWriteData names no file"));
        }
        Ok(files)
    }
}

/// Fields of a cyclic record, `a^b^c^`.
pub(super) fn fields(record: &str) -> Vec<&str> {
    record.strip_suffix(FIELD).unwrap_or(record).split(FIELD).collect()
}

/// A cyclic record as it goes out.
pub(super) fn join_fields<S: AsRef<str>>(fields: impl IntoIterator<Item = S>) -> String {
    let mut text = String::new();
    for field in fields {
        text += field.as_ref();
        text.push(FIELD);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn one(text: &str) -> FileAddress {
        let mut files = FileAddress::parse_list(text).expect("a list");
        assert_eq!(files.len(), 1, "{text}");
        files.remove(0)
    }

    /// The examples of IF38 and of callers (`spec/terminal.md` §1.2, §1.11).
    #[test]
    fn file_lists() {
        let files = FileAddress::parse_list("DF01EF0A|37|$DF01EF15|2A|40:2|$").expect("two files");
        let names: Vec<_> = files.iter().map(|file| (file.df.as_str(), file.ef.as_str())).collect();
        assert_eq!(names, [("DF01", "EF0A"), ("DF01", "EF15")]);
        let item = |name: &str, which: Option<&str>| Item {
            name: name.to_owned(),
            which: which.map(str::to_owned),
        };
        assert_eq!(files[0].items, [item("37", None)]);
        assert_eq!(files[1].items, [item("2A", None), item("40", Some("2"))]);
        for whole in ["DF04EF08$", "DF04EF08|$", "DF04EF08", " df04ef08 |"] {
            assert_eq!((one(whole).df.as_str(), one(whole).items.len()), ("DF04", 0), "{whole}");
        }
        for spelling in [
            "SSSEEF05|07|$",
            "3F00EF05|07|",
            "MFEF05|07",
            "EF05|07|$",
            "ssseef05|07|$",
            "DDF1EF05|07|$",
        ] {
            assert_eq!(
                (one(spelling).df.as_str(), one(spelling).ef.as_str()),
                ("SSSE", "EF05"),
                "{spelling}"
            );
        }
        assert_eq!(one("3F00EF05|07|").written, "3F00EF05", "given back as it was written");
        assert_eq!(one("DF02EF07|99:01|").items, [item("99", Some("01"))]);
    }

    #[test]
    fn what_is_no_list() {
        for text in [
            "",
            "$",
            "|",
            "$$",
            "EF5",
            "DF01",
            "DF01EF0G|1|$",
            "DF01EF05|1234|$",
            "DF01EF05|x|$",
            "DF01EF05||$",
            "中文文件EF05",
            "D F01EF05",
        ] {
            assert!(FileAddress::parse_list(text).is_err(), "{text}");
        }
    }

    #[test]
    fn card_info() {
        let text = "639900D15600000500BF7C7A48FB4966|X00000019|";
        let info = CardInfo::parse(text).expect("the official sample");
        assert_eq!(
            (info.card_number.as_str(), info.to_string().as_str()),
            ("X00000019", text)
        );
        assert_eq!(
            CardInfo::parse(text.trim_end_matches('|')).expect("without the last separator"),
            info
        );
        assert_eq!(
            CardInfo::parse("|").expect_err("one empty item").code,
            ReturnCode::ILLEGAL_INPUT
        );
        assert_eq!(
            CardInfo::parse("6399|X00000019|").expect_err("short").code,
            ReturnCode::CARD_ID
        );
        assert_eq!(
            CardInfo::parse("").expect_err("nothing").code,
            ReturnCode::ILLEGAL_INPUT
        );
    }

    #[test]
    fn values() {
        let values = FileValues::parse_list("SSSEEF06|张三| x |$DF02EF07|1^2^^|$").expect("two files");
        assert_eq!(values[0].values, ["张三", " x "]);
        assert_eq!(fields(&values[1].values[0]), ["1", "2", ""]);
        assert_eq!(join_fields(["1", "2", ""]), "1^2^^");
        assert_eq!(items("a||b||"), ["a", "", "b", ""]);
        assert_eq!(join(["a", "", "b"]), "a||b|");
        assert_eq!(guarded("a|b$c^d\0"), "a｜b＄c＾d ");
    }

    proptest! {
        #[test]
        fn any_text_is_taken_or_refused(text in "\\PC{0,60}") {
            let _ = (FileAddress::parse_list(&text), FileValues::parse_list(&text), CardInfo::parse(&text));
        }

        /// Lists as they are written come back item by item.
        #[test]
        fn lists_come_back(files in prop::collection::vec(("DF0[1-7]EF[01][0-9A-F]", prop::collection::vec("[0-9A-F]{2}(:[1-9])?", 0..5)), 1..5)) {
            let text: String = files.iter().map(|(name, items)| format!("{name}|{}$", join(items))).collect();
            let parsed = FileAddress::parse_list(&text).expect("well formed");
            prop_assert_eq!(parsed.len(), files.len());
            for (file, (name, items)) in parsed.iter().zip(&files) {
                prop_assert_eq!(&file.written, name);
                let written: Vec<String> = file.items.iter().map(|item| match &item.which {
                    Some(which) => format!("{}:{which}", item.name),
                    None => item.name.clone(),
                }).collect();
                prop_assert_eq!(&written, items);
            }
        }

        #[test]
        fn nearly_lists_are_taken_or_refused(text in "[DSEF0-9A|$:^ ]{0,40}") {
            if let Ok(files) = FileAddress::parse_list(&text) {
                prop_assert!(!files.is_empty());
            }
            let _ = FileValues::parse_list(&text);
        }
    }
}

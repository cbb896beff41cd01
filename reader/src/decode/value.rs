//! Typed values of data elements, as JSON and as text for people.

use super::charset::CharsetError;
use card_model::words::Lang;
use jiff::civil::{Date, DateTime};
use serde::Serialize;
use serde_json::json;

/// A code with its text in both languages, where the code table has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coded {
    /// The code as the card holds it.
    pub code: String,
    /// Chinese and English text.
    pub text: Option<(String, String)>,
}

impl Coded {
    /// Text of the code; the code itself where the table does not have it.
    pub fn text(&self, lang: Lang) -> &str {
        match &self.text {
            Some((zh, en)) => lang.pick(zh, en),
            None => &self.code,
        }
    }
}

/// A part of a composite value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartValue {
    /// Chinese name of the part.
    pub zh: String,
    /// English name of the part.
    pub en: String,
    /// Its code.
    pub coded: Coded,
}

/// The value of a data element.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Value {
    /// Never filled.
    Empty,
    /// Text, or a number that is only a name (card number, telephone).
    Text(String),
    /// A day.
    Date(Date),
    /// A month: year and month 1–12.
    Month(i16, i8),
    /// A year.
    Year(i16),
    /// A moment, local time of the terminal.
    Time(DateTime),
    /// An amount in fen.
    Amount(u64),
    /// A count.
    Count(u64),
    /// A code, also of a region.
    Code(Coded),
    /// Several codes in one value.
    Composite(Vec<PartValue>),
    /// Raw bytes.
    Bytes(Vec<u8>),
    /// Inner elements.
    Nested(Vec<Decoded>),
    /// Bytes that do not fit the format of the element; `lossy` is what can be read of them.
    Malformed {
        /// Readable rest.
        lossy: String,
    },
}

impl Value {
    /// The value as `ssc write` and a holders file take it: codes as codes, days as YYYYMMDD, amounts in fen. `None` for
    /// values that have no one-line form.
    pub fn plain(&self) -> Option<String> {
        Some(match self {
            Self::Empty => String::new(),
            Self::Text(text) => text.clone(),
            Self::Date(date) => format!("{:04}{:02}{:02}", date.year(), date.month(), date.day()),
            Self::Month(year, month) => format!("{year:04}{month:02}"),
            Self::Year(year) => format!("{year:04}"),
            Self::Time(time) => time.strftime("%Y%m%d%H%M%S").to_string(),
            Self::Amount(number) | Self::Count(number) => number.to_string(),
            Self::Code(coded) => coded.code.clone(),
            Self::Composite(parts) => parts.iter().map(|part| part.coded.code.as_str()).collect(),
            Self::Bytes(bytes) => hex::encode_upper(bytes),
            Self::Nested(_) | Self::Malformed { .. } => return None,
        })
    }

    /// The value in JSON: numbers for amounts (fen) and counts, an object of inner tags for nested values, `null` for
    /// empty and malformed ones, strings in the form of [`Value::plain`] for all others.
    pub fn to_json(&self) -> serde_json::Value {
        match self {
            Self::Empty | Self::Malformed { .. } => serde_json::Value::Null,
            Self::Amount(number) | Self::Count(number) => json!(number),
            Self::Nested(inner) => {
                let field = |element: &Decoded| (element.tag_text().unwrap_or_default(), element.value.to_json());
                serde_json::Value::Object(inner.iter().map(field).collect())
            }
            other => other.plain().map_or(serde_json::Value::Null, serde_json::Value::String),
        }
    }

    /// The value for people.
    pub fn text(&self, lang: Lang) -> String {
        match self {
            Self::Empty => String::new(),
            Self::Text(text) => text.clone(),
            Self::Date(date) => date.to_string(),
            Self::Month(year, month) => format!("{year:04}-{month:02}"),
            Self::Year(year) => format!("{year:04}"),
            Self::Time(time) => time.strftime("%Y-%m-%d %H:%M:%S").to_string(),
            Self::Amount(fen) => {
                format!("{}.{:02} {}", fen / 100, fen % 100, lang.pick("元", "yuan"))
            }
            Self::Count(number) => number.to_string(),
            Self::Code(coded) => coded.text(lang).to_owned(),
            Self::Composite(parts) => {
                let part = |p: &PartValue| {
                    format!(
                        "{}{}{}",
                        lang.pick(&p.zh, &p.en),
                        lang.pick("：", ": "),
                        p.coded.text(lang)
                    )
                };
                parts.iter().map(part).collect::<Vec<_>>().join(lang.pick("；", "; "))
            }
            Self::Bytes(bytes) if bytes.len() <= 32 => hex::encode_upper(bytes),
            Self::Bytes(bytes) => match lang {
                Lang::Zh => format!("{} 字节", bytes.len()),
                Lang::En => format!("{} bytes", bytes.len()),
            },
            Self::Nested(inner) => {
                let filled = inner.iter().filter(|element| element.value != Self::Empty);
                let field = |e: &Decoded| {
                    format!(
                        "{}{}{}",
                        lang.pick(&e.zh, &e.en),
                        lang.pick("：", ": "),
                        e.value.text(lang)
                    )
                };
                filled.map(field).collect::<Vec<_>>().join(lang.pick("；", "; "))
            }
            Self::Malformed { lossy } => lossy.clone(),
        }
    }
}

/// An element of a card with its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decoded {
    /// Tag; `None` for fields of cyclic records and contents of transparent files.
    pub tag: Option<u8>,
    /// Which of several elements with this tag, from 1; in a cyclic file the record number, 1 being the newest.
    pub occurrence: u8,
    /// Chinese name.
    pub zh: String,
    /// English name.
    pub en: String,
    /// Bytes of the value.
    pub raw: Vec<u8>,
    /// What they mean.
    pub value: Value,
    /// Whether a record made for version 1 holds the value of version 2, as its fill of `EE` says.
    pub reused: bool,
}

/// An element in the JSON of `ssc read`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ElementView {
    /// Tag in hex; `null` where the file has no tags.
    pub tag: Option<String>,
    /// English name.
    pub name: String,
    /// Chinese name.
    pub name_zh: String,
    /// Which of several with this tag; record number in a cyclic file.
    pub occurrence: u8,
    /// Bytes in hex.
    pub raw: String,
    /// [`Value::to_json`].
    pub value: serde_json::Value,
    /// [`Value::text`].
    pub text: String,
    /// Whether the bytes do not fit the format of the element.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub malformed: bool,
    /// What a person should know beside the value, such as that an old record was reused with another meaning.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Inner elements of a nested value.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub elements: Vec<ElementView>,
}

impl Decoded {
    /// Tag as two hex digits.
    pub fn tag_text(&self) -> Option<String> {
        self.tag.map(|tag| format!("{tag:02X}"))
    }

    /// Name in a language.
    pub fn name(&self, lang: Lang) -> &str {
        lang.pick(&self.zh, &self.en)
    }

    /// The element as `ssc read --json` prints it.
    pub fn view(&self, lang: Lang) -> ElementView {
        let inner = match &self.value {
            Value::Nested(inner) => inner.iter().map(|element| element.view(lang)).collect(),
            _ => Vec::new(),
        };
        ElementView {
            tag: self.tag_text(),
            name: self.en.clone(),
            name_zh: self.zh.clone(),
            occurrence: self.occurrence,
            raw: hex::encode_upper(&self.raw),
            value: self.value.to_json(),
            text: self.value.text(lang),
            malformed: matches!(self.value, Value::Malformed { .. }),
            note: self
                .reused
                .then(|| rust_i18n::t!("session.reused", locale = lang.locale()).into_owned()),
            elements: inner,
        }
    }
}

/// Why a text cannot become the value of an element.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum EncodeError {
    /// Longer than the element by so many bytes (digits for `cn`).
    TooLong {
        /// Excess.
        by: usize,
        /// Length of the element in bytes (digits for `cn`).
        limit: usize,
    },
    /// A character that is no digit, and its position from 1.
    NoDigit {
        /// The character.
        character: char,
        /// Position.
        position: usize,
    },
    /// Another number of digits than the element must have.
    DigitCount {
        /// Digits found.
        found: usize,
        /// Digits wanted.
        wanted: usize,
    },
    /// The code table has neither such a code nor such a text.
    NoSuchCode {
        /// What was given.
        given: String,
        /// Name of the table.
        table: String,
    },
    /// A character without a code in GB18030, or a control character.
    Charset(CharsetError),
    /// No such day, month or time.
    BadDate {
        /// What was given.
        given: String,
    },
    /// No amount.
    BadAmount {
        /// What was given.
        given: String,
    },
    /// No even number of hex digits.
    BadHex,
    /// A nested value is given as a JSON object of inner tags.
    NotNested,
    /// An inner tag that the element does not have.
    NoSuchTag {
        /// What was given.
        given: String,
    },
    /// Version 2 gives this record no other meaning.
    NotReused,
    /// The record follows the mark of another one, which is neither there nor written with it.
    NotMarked {
        /// Tag of the record that carries the mark.
        tag: u8,
    },
    /// Another number of fields than the record has.
    FieldCount {
        /// Fields found.
        found: usize,
        /// Fields of the record.
        wanted: usize,
    },
    /// Something is wrong with an inner element.
    Inner {
        /// Its tag or number.
        field: String,
        /// What is wrong with it.
        cause: Box<EncodeError>,
    },
}

impl EncodeError {
    /// The error in words, without its place.
    pub fn words(&self, lang: Lang) -> String {
        let locale = lang.locale();
        let text = match self {
            Self::TooLong { by, limit } => {
                rust_i18n::t!("session.encode.too_long", locale = locale, by = by, limit = limit)
            }
            Self::NoDigit { character, position } => {
                rust_i18n::t!(
                    "session.encode.no_digit",
                    locale = locale,
                    character = character,
                    position = position
                )
            }
            Self::DigitCount { found, wanted } => {
                rust_i18n::t!(
                    "session.encode.digit_count",
                    locale = locale,
                    found = found,
                    wanted = wanted
                )
            }
            Self::NoSuchCode { given, table } => {
                rust_i18n::t!(
                    "session.encode.no_such_code",
                    locale = locale,
                    given = given,
                    table = table
                )
            }
            Self::Charset(CharsetError::NotInGb18030(character)) => {
                let code = format!("U+{:04X}", u32::from(*character));
                rust_i18n::t!(
                    "session.encode.not_in_gb18030",
                    locale = locale,
                    character = character,
                    code = code
                )
            }
            Self::Charset(CharsetError::Control(character)) => {
                let code = format!("U+{:04X}", u32::from(*character));
                rust_i18n::t!("session.encode.control", locale = locale, code = code)
            }
            Self::BadDate { given } => rust_i18n::t!("session.encode.bad_date", locale = locale, given = given),
            Self::BadAmount { given } => rust_i18n::t!("session.encode.bad_amount", locale = locale, given = given),
            Self::BadHex => rust_i18n::t!("session.encode.bad_hex", locale = locale),
            Self::NotNested => rust_i18n::t!("session.encode.not_nested", locale = locale),
            Self::NoSuchTag { given } => rust_i18n::t!("session.encode.no_such_tag", locale = locale, given = given),
            Self::NotReused => rust_i18n::t!("session.encode.not_reused", locale = locale),
            Self::NotMarked { tag } => {
                rust_i18n::t!("session.encode.not_marked", locale = locale, tag = format!("{tag:02X}"))
            }
            Self::FieldCount { found, wanted } => {
                rust_i18n::t!(
                    "session.encode.field_count",
                    locale = locale,
                    found = found,
                    wanted = wanted
                )
            }
            Self::Inner { field, cause } => {
                return format!("{field}{}{}", lang.pick("：", ": "), cause.words(lang));
            }
        };
        text.into_owned()
    }
}

impl std::fmt::Display for EncodeError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.words(Lang::En))
    }
}

impl std::error::Error for EncodeError {}

impl From<CharsetError> for EncodeError {
    fn from(error: CharsetError) -> Self {
        Self::Charset(error)
    }
}

//! Status words: the two bytes that end every response, and what they mean to a person.
//!
//! The words come from `profiles/status-words.toml`, which holds all of `spec/commands.md` §1.4 and
//! `spec/conformance.md` §6.5.

use crate::words::Lang;
use std::sync::OnceLock;

/// SW1 SW2 of a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StatusWord(pub u16);

macro_rules! status_words {
    ($($(#[$doc:meta])* $name:ident = $value:literal;)*) => {
        impl StatusWord {
            $($(#[$doc])* pub const $name: Self = Self($value);)*

            /// All named status words with their names, in ascending order of warnings, errors and application codes.
            pub const NAMED: &'static [(&'static str, Self)] = &[$((stringify!($name), Self::$name)),*];
        }
    };
}

status_words! {
    /// Done.
    OK = 0x9000;
    /// Warning without further information.
    WARNING = 0x6200;
    /// Part of the data returned may be corrupted.
    DATA_MAY_BE_CORRUPTED = 0x6281;
    /// File or record ended before Le bytes.
    END_OF_DATA = 0x6282;
    /// The selected file is invalidated.
    FILE_INVALIDATED = 0x6283;
    /// FCI not in the format asked for.
    FCI_FORMAT = 0x6284;
    /// The selected file is in its termination state.
    FILE_TERMINATED = 0x6285;
    /// No input from a sensor, or a life-cycle warning.
    NO_INPUT = 0x6286;
    /// Verification failed or no information given.
    NO_INFORMATION = 0x6300;
    /// The file is full after this write.
    FILE_FULL = 0x6381;
    /// Execution error, state unchanged.
    STATE_UNCHANGED = 0x6400;
    /// The card needs an immediate answer, state unchanged.
    RESPONSE_REQUIRED = 0x6401;
    /// Writing to memory failed.
    MEMORY_FAILURE = 0x6581;
    /// Security issue.
    SECURITY_ISSUE = 0x6600;
    /// Wrong Lc or Le.
    WRONG_LENGTH = 0x6700;
    /// A function named in CLA is not supported.
    CLASS_FUNCTION_NOT_SUPPORTED = 0x6800;
    /// Logical channels are not supported.
    CHANNEL_NOT_SUPPORTED = 0x6881;
    /// Secure messaging is not supported.
    SECURE_MESSAGING_NOT_SUPPORTED = 0x6882;
    /// The last command of a chain was expected.
    LAST_OF_CHAIN_EXPECTED = 0x6883;
    /// Command chaining is not supported.
    CHAINING_NOT_SUPPORTED = 0x6884;
    /// The command is not allowed.
    COMMAND_NOT_ALLOWED = 0x6900;
    /// Not accepted in this state of the medical application.
    INVALID_STATE = 0x6901;
    /// Command incompatible with the file structure.
    INCOMPATIBLE_FILE = 0x6981;
    /// Access condition not met.
    SECURITY_NOT_SATISFIED = 0x6982;
    /// PIN or key locked.
    AUTHENTICATION_BLOCKED = 0x6983;
    /// Reference data invalid, for example no challenge drawn.
    REFERENCE_DATA_INVALID = 0x6984;
    /// Conditions of use not met.
    CONDITIONS_NOT_SATISFIED = 0x6985;
    /// No current elementary file.
    NO_CURRENT_FILE = 0x6986;
    /// MAC of secure messaging missing.
    SECURE_MESSAGING_MISSING = 0x6987;
    /// MAC or secure message wrong.
    SECURE_MESSAGING_WRONG = 0x6988;
    /// Wrong parameters.
    WRONG_PARAMETERS = 0x6A00;
    /// Wrong data field.
    WRONG_DATA = 0x6A80;
    /// Function not supported, no master file, or card blocked.
    FUNCTION_NOT_SUPPORTED = 0x6A81;
    /// File not found.
    FILE_NOT_FOUND = 0x6A82;
    /// Record not found.
    RECORD_NOT_FOUND = 0x6A83;
    /// Not enough space.
    NO_SPACE = 0x6A84;
    /// Lc inconsistent with the TLV structure.
    LENGTH_NOT_TLV = 0x6A85;
    /// Wrong P1-P2.
    WRONG_P1P2 = 0x6A86;
    /// Lc inconsistent with P1-P2.
    LENGTH_NOT_P1P2 = 0x6A87;
    /// Key or reference data not found.
    REFERENCE_NOT_FOUND = 0x6A88;
    /// File or key exists already.
    FILE_EXISTS = 0x6A89;
    /// DF name exists already.
    NAME_EXISTS = 0x6A8A;
    /// Offset outside the file.
    WRONG_OFFSET = 0x6B00;
    /// Instruction not supported.
    INSTRUCTION_NOT_SUPPORTED = 0x6D00;
    /// Class not supported.
    CLASS_NOT_SUPPORTED = 0x6E00;
    /// No data to return, or unknown error.
    NO_DATA = 0x6F00;
    /// Transaction MAC invalid.
    MAC_INVALID = 0x9302;
    /// Application blocked for good.
    APPLICATION_BLOCKED = 0x9303;
    /// Account does not hold the amount.
    AMOUNT_INSUFFICIENT = 0x9401;
    /// Transaction counter at its maximum.
    COUNTER_FULL = 0x9402;
    /// Key index not supported.
    KEY_INDEX_NOT_SUPPORTED = 0x9403;
    /// MAC or TAC not available.
    MAC_NOT_AVAILABLE = 0x9406;
}

impl StatusWord {
    /// `63Cx`: verification failed, `tries` left; more than 15 are shown as 15.
    pub const fn wrong_tries_left(tries: u8) -> Self {
        Self(0x63C0 | if tries > 15 { 15 } else { tries as u16 })
    }

    /// `61xx`: `length` bytes wait; 256 is coded as 00, as is everything above.
    pub const fn more_data(length: usize) -> Self {
        Self(0x6100 | if length < 256 { length as u16 } else { 0 })
    }

    /// `6Cxx`: `length` bytes are available; 256 is coded as 00, as is everything above.
    pub const fn wrong_le(length: usize) -> Self {
        Self(0x6C00 | if length < 256 { length as u16 } else { 0 })
    }

    /// Whether the command was done: 9000, or 61xx with data waiting.
    pub const fn is_ok(self) -> bool {
        self.0 == 0x9000 || self.sw1() == 0x61
    }

    /// Tries left, where the word is `63Cx`.
    pub const fn tries_left(self) -> Option<u8> {
        if self.0 & 0xFFF0 == 0x63C0 {
            Some((self.0 & 15) as u8)
        } else {
            None
        }
    }

    /// Bytes waiting for GET RESPONSE (1–256), where the word is `61xx`.
    pub const fn more_data_length(self) -> Option<usize> {
        if self.sw1() == 0x61 {
            Some(length_of(self.sw2()))
        } else {
            None
        }
    }

    /// Bytes to ask for instead (1–256), where the word is `6Cxx`.
    pub const fn right_le(self) -> Option<usize> {
        if self.sw1() == 0x6C {
            Some(length_of(self.sw2()))
        } else {
            None
        }
    }

    /// First byte.
    pub const fn sw1(self) -> u8 {
        (self.0 >> 8) as u8
    }

    /// Second byte.
    pub const fn sw2(self) -> u8 {
        (self.0 & 0xFF) as u8
    }

    /// The two bytes in the order they are sent.
    pub const fn to_bytes(self) -> [u8; 2] {
        self.0.to_be_bytes()
    }

    /// What the word means; for an unknown one the words of its family, or "unknown status word".
    pub fn meaning(self, lang: Lang) -> String {
        match self.row() {
            Some(row) => self.fill(lang.pick(&row.zh, &row.en)),
            None => lang.pick("未知的状态字", "unknown status word").to_owned(),
        }
    }

    /// What a person does next; `None` where nothing has to be done or nothing is known.
    pub fn next_step(self, lang: Lang) -> Option<String> {
        let row = self.row()?;
        let text = lang.pick(&row.next_zh, &row.next_en);
        (!text.is_empty()).then(|| self.fill(text))
    }

    /// Name of the constant, such as `SECURITY_NOT_SATISFIED`.
    pub fn name(self) -> Option<&'static str> {
        Self::NAMED
            .iter()
            .find(|(_, word)| *word == self)
            .map(|(name, _)| *name)
    }

    /// Whether a social security card may answer the word by the standard (STD-P5 table 5) or the model's own COS.
    pub fn is_of_this_card(self) -> bool {
        self.row().is_some_and(|row| row.card)
    }

    fn row(self) -> Option<&'static Row> {
        let digits = format!("{:04X}", self.0);
        let fits = |row: &&Row| {
            row.sw
                .chars()
                .zip(digits.chars())
                .all(|(pattern, digit)| pattern == 'x' || pattern == digit)
        };
        table()
            .iter()
            .filter(fits)
            .min_by_key(|row| row.sw.matches('x').count())
    }

    /// Puts the number that the digits `x` of the row stand for into `text`.
    fn fill(self, text: &str) -> String {
        let number = match self.sw1() {
            0x61 | 0x6C => length_of(self.sw2()),
            0x63 if self.0 & 0xF0 == 0xC0 => usize::from(self.sw2() & 15),
            _ => usize::from(self.sw2()),
        };
        text.replace("{n}", &number.to_string())
    }
}

const fn length_of(sw2: u8) -> usize {
    if sw2 == 0 { 256 } else { sw2 as usize }
}

impl From<u16> for StatusWord {
    fn from(value: u16) -> Self {
        Self(value)
    }
}

impl From<StatusWord> for u16 {
    fn from(word: StatusWord) -> Self {
        word.0
    }
}

impl From<[u8; 2]> for StatusWord {
    fn from(bytes: [u8; 2]) -> Self {
        Self(u16::from_be_bytes(bytes))
    }
}

impl core::fmt::Display for StatusWord {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{:04X}", self.0)
    }
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    status: Vec<Row>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    sw: String,
    #[cfg_attr(not(test), allow(dead_code))]
    name: Option<String>,
    card: bool,
    zh: String,
    en: String,
    next_zh: String,
    next_en: String,
}

/// The table; empty if the file in the program were damaged, which a test excludes.
fn table() -> &'static [Row] {
    static TABLE: OnceLock<Vec<Row>> = OnceLock::new();
    TABLE.get_or_init(|| {
        toml::from_str::<Table>(include_str!("../profiles/status-words.toml"))
            .map(|table| table.status)
            .unwrap_or_default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_and_constants_agree() {
        let rows = toml::from_str::<Table>(include_str!("../profiles/status-words.toml"))
            .expect("the table is well-formed")
            .status;
        for row in &rows {
            assert_eq!(row.sw.len(), 4, "{}", row.sw);
            assert!(
                row.sw.chars().all(|c| matches!(c, '0'..='9' | 'A'..='F' | 'x')),
                "{}",
                row.sw
            );
            assert!(!row.zh.is_empty() && !row.en.is_empty(), "{} has no text", row.sw);
            assert_eq!(
                row.next_zh.is_empty(),
                row.next_en.is_empty(),
                "{} has its next step in one language only",
                row.sw
            );
            assert_eq!(
                rows.iter().filter(|other| other.sw == row.sw).count(),
                1,
                "{} twice",
                row.sw
            );
            if let Some(name) = &row.name {
                let constant = StatusWord::NAMED
                    .iter()
                    .find(|(n, _)| n == name)
                    .unwrap_or_else(|| panic!("no {name}"));
                assert_eq!(constant.1.to_string(), row.sw);
            }
        }
        for (name, word) in StatusWord::NAMED {
            assert!(
                rows.iter().any(|row| row.name.as_deref() == Some(*name)),
                "{name} {word} is not in the table"
            );
        }
    }

    #[test]
    fn every_word_of_the_sheets_has_a_row() {
        for word in [
            "6101", "63C0", "6581", "6700", "6901", "6981", "6982", "6983", "6984", "6985", "6986", "6987", "6988",
            "6A80", "6A81", "6A82", "6A83", "6A84", "6A85", "6A86", "6A88", "6B00", "6C01", "6D00", "6E00", "6F00",
            "9302", "9303", "9401", "9402", "9403", "9406",
        ] {
            let word = StatusWord(u16::from_str_radix(word, 16).expect("hex"));
            assert!(word.is_of_this_card(), "{word}");
            assert!(
                word.next_step(Lang::Zh).is_some() && word.next_step(Lang::En).is_some(),
                "{word}"
            );
        }
        for word in [
            "9000", "6200", "6281", "6282", "6283", "6284", "6285", "6286", "6300", "6381", "6400", "6401", "6600",
            "6800", "6881", "6882", "6883", "6884", "6900", "6A00", "6A87", "6A89", "6A8A",
        ] {
            let word = StatusWord(u16::from_str_radix(word, 16).expect("hex"));
            assert!(word.name().is_some(), "{word}");
        }
    }

    #[test]
    fn families() {
        assert_eq!(StatusWord(0x63C2).tries_left(), Some(2));
        assert_eq!(StatusWord(0x6300).tries_left(), None);
        assert_eq!(StatusWord(0x6100).more_data_length(), Some(256));
        assert_eq!(StatusWord(0x6C1E).right_le(), Some(30));
        assert_eq!(StatusWord::wrong_tries_left(3), StatusWord(0x63C3));
        assert_eq!(StatusWord::more_data(256), StatusWord(0x6100));
        assert_eq!(StatusWord::wrong_le(18), StatusWord(0x6C12));
        assert_eq!(StatusWord(0x63C2).meaning(Lang::En), "wrong PIN or key, 2 tries left");
        assert_eq!(StatusWord(0x6C00).meaning(Lang::Zh), "Le 错误，正确长度为 256");
        assert_eq!(StatusWord(0x6A99).meaning(Lang::En), "wrong parameters");
        assert_eq!(StatusWord(0x9999).meaning(Lang::En), "unknown status word");
        assert_eq!(StatusWord::SECURITY_NOT_SATISFIED.to_string(), "6982");
        assert_eq!(StatusWord(0x6982).name(), Some("SECURITY_NOT_SATISFIED"));
    }
}

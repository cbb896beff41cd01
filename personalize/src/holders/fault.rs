//! What can be wrong with a holders file: every problem with row, column, value and reason, in both languages.

use crate::citizen::NumberFault;
use crate::mask;
use crate::numbers::CardNumberFault;
use crate::words::say;
use card_model::words::{Explain, Explanation, Lang};
use reader::decode::EncodeError;

/// Why a holders file cannot be read at all.
#[derive(Debug, thiserror::Error)]
#[error("{}", self.explain(Lang::En).what)]
#[non_exhaustive]
pub enum HoldersError {
    /// The file cannot be read.
    Unreadable {
        /// Its path.
        file: String,
        /// Cause.
        source: std::io::Error,
    },
    /// Neither UTF-8 nor GB18030.
    Encoding {
        /// Its path.
        file: String,
        /// First unreadable line, from 1; `None` for a UTF-16 file.
        line: Option<usize>,
    },
    /// The file has no line at all.
    Empty {
        /// Its path.
        file: String,
    },
    /// The file was read, but rows or columns are wrong.
    Refused {
        /// Its path.
        file: String,
        /// All problems, warnings left out.
        problems: Vec<Problem>,
    },
}

/// How much of a problem it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Severity {
    /// The row cannot be issued.
    Error,
    /// The row can be issued; a person should look at it.
    Warning,
}

/// One problem of a holders file.
#[derive(Clone, PartialEq, Eq)]
pub struct Problem {
    /// Row as a spreadsheet counts: the header is row 1.
    pub row: u64,
    /// Column heading.
    pub column: String,
    /// How much of a problem.
    pub severity: Severity,
    /// Reason.
    pub fault: CellFault,
    value: String,
    secrecy: Secrecy,
}

/// What kind of value a cell holds, for masking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Secrecy {
    /// May be shown.
    Open,
    /// Name of a person.
    Name,
    /// Number of a person.
    Number,
}

impl From<EncodeError> for CellFault {
    fn from(error: EncodeError) -> Self {
        Self::Value(error)
    }
}

/// Why a cell is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum CellFault {
    /// Heading that names neither a known column nor an element of the profile.
    UnknownColumn,
    /// The same column twice.
    RepeatedColumn,
    /// A column that every file must have is not there.
    MissingColumn,
    /// The row has another number of cells than the header.
    CellCount {
        /// Cells of the row.
        cells: usize,
        /// Columns of the header.
        columns: usize,
    },
    /// Nothing in a cell that must hold something.
    Missing,
    /// Social security number.
    SocialSecurityNumber(NumberFault),
    /// Card number.
    CardNumber(CardNumberFault),
    /// Date of birth differs from the citizen number's.
    BirthDisagrees,
    /// Sex differs from the citizen number's.
    SexDisagrees,
    /// The same person stands in an earlier row.
    SamePerson {
        /// That row.
        row: u64,
    },
    /// The same card number stands in an earlier row.
    SameCardNumber {
        /// That row.
        row: u64,
    },
    /// The value does not fit the element.
    Value(EncodeError),
    /// A private-use character, which means something else on every machine.
    PrivateUse(char),
    /// More bytes than the transparent file holds.
    TooLong {
        /// Bytes of the value.
        bytes: usize,
        /// Bytes of the file.
        allowed: usize,
    },
    /// No date of the calendar.
    Date,
    /// No province has such region codes.
    Region,
    /// The province exists, the prefecture is not in the table: dissolved or mistyped.
    Prefecture,
    /// The province digits of the citizen number belong to no province.
    Province,
    /// More records than the cyclic file keeps.
    Records {
        /// Records of the file.
        allowed: usize,
    },
    /// The file behind `@` cannot be read.
    File {
        /// The system's words.
        message: String,
    },
    /// Expiry date not after the issue date, or birth after the issue date.
    Order,
}

impl Problem {
    /// A problem of a cell.
    pub fn new(row: u64, column: &str, severity: Severity, fault: CellFault, value: &str, secrecy: Secrecy) -> Self {
        Self {
            row,
            column: column.to_owned(),
            severity,
            fault,
            value: value.to_owned(),
            secrecy,
        }
    }

    /// The value of the cell: names and numbers of people masked unless `reveal`.
    pub fn value(&self, reveal: bool) -> String {
        match self.secrecy {
            _ if reveal => self.value.clone(),
            Secrecy::Open => self.value.clone(),
            Secrecy::Name => mask::name(&self.value),
            Secrecy::Number => mask::number(&self.value),
        }
    }

    /// Row, column, value and reason in one line.
    pub fn line(&self, lang: Lang, reveal: bool) -> String {
        let severity = match self.severity {
            Severity::Error => say(lang, "holders.error", &[]),
            Severity::Warning => say(lang, "holders.warning", &[]),
        };
        say(
            lang,
            "holders.problem",
            &[
                ("row", &self.row.to_string()),
                ("severity", &severity),
                ("reason", &self.fault.words(lang)),
                ("column", &self.column),
                ("value", &self.value(reveal)),
            ],
        )
    }
}

impl core::fmt::Debug for Problem {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(&self.line(Lang::En, false))
    }
}

impl CellFault {
    /// The reason in words.
    pub fn words(&self, lang: Lang) -> String {
        let plain = |key: &str| say(lang, key, &[]);
        let numbers = |key: &str, values: &[(&str, usize)]| {
            let texts: Vec<_> = values.iter().map(|(name, value)| (*name, value.to_string())).collect();
            let pairs: Vec<_> = texts.iter().map(|(name, text)| (*name, text.as_str())).collect();
            say(lang, key, &pairs)
        };
        let row = |key: &str, row: &u64| say(lang, key, &[("other", &row.to_string())]);
        match self {
            Self::UnknownColumn => plain("holders.unknown_column"),
            Self::RepeatedColumn => plain("holders.repeated_column"),
            Self::MissingColumn => plain("holders.missing_column"),
            Self::CellCount { cells, columns } => {
                numbers("holders.cell_count", &[("cells", *cells), ("columns", *columns)])
            }
            Self::Missing => plain("holders.missing"),
            Self::SocialSecurityNumber(fault) => match fault {
                NumberFault::Length(count) => numbers("holders.number_length", &[("count", *count)]),
                NumberFault::Old => plain("holders.number_old"),
                NumberFault::Character(at) => numbers("holders.number_character", &[("position", *at)]),
                NumberFault::Birth => plain("holders.number_birth"),
                NumberFault::Check(check) => say(lang, "holders.number_check", &[("check", &check.to_string())]),
            },
            Self::CardNumber(fault) => match fault {
                CardNumberFault::Length(count) => numbers("holders.card_number_length", &[("count", *count)]),
                CardNumberFault::Character(at) => numbers("holders.card_number_character", &[("position", *at)]),
                CardNumberFault::Check(c) => say(lang, "holders.card_number_check", &[("check", &c.to_string())]),
                CardNumberFault::Exhausted => plain("holders.card_number_exhausted"),
            },
            Self::BirthDisagrees => plain("holders.birth_disagrees"),
            Self::SexDisagrees => plain("holders.sex_disagrees"),
            Self::SamePerson { row: other } => row("holders.same_person", other),
            Self::SameCardNumber { row: other } => row("holders.same_card_number", other),
            Self::TooLong { bytes, allowed } => {
                numbers("holders.too_long", &[("bytes", *bytes), ("allowed", *allowed)])
            }
            Self::Value(error) => error.words(lang),
            Self::PrivateUse(character) => {
                let code = format!("U+{:04X}", u32::from(*character));
                say(lang, "holders.private_use", &[("code", &code)])
            }
            Self::Date => plain("holders.date"),
            Self::Region => plain("holders.region"),
            Self::Prefecture => plain("holders.prefecture"),
            Self::Province => plain("holders.province"),
            Self::Records { allowed } => numbers("holders.records", &[("allowed", *allowed)]),
            Self::File { message } => say(lang, "holders.file", &[("message", message)]),
            Self::Order => plain("holders.order"),
        }
    }
}

impl Explain for HoldersError {
    fn explain(&self, lang: Lang) -> Explanation {
        let next = |key: &str| Some(say(lang, key, &[]));
        match self {
            Self::Unreadable { file, source } => Explanation {
                what: say(lang, "holders.unreadable", &[("file", file)]),
                why: Some(source.to_string()),
                next: next("holders.next_path"),
            },
            Self::Encoding { file, line } => Explanation {
                what: say(lang, "holders.encoding", &[("file", file)]),
                why: Some(match line {
                    Some(line) => say(lang, "holders.encoding_line", &[("line", &line.to_string())]),
                    None => say(lang, "holders.encoding_utf16", &[]),
                }),
                next: next("holders.next_encoding"),
            },
            Self::Empty { file } => Explanation {
                what: say(lang, "holders.empty", &[("file", file)]),
                why: None,
                next: next("holders.next_columns"),
            },
            Self::Refused { file, problems } => Explanation {
                what: say(
                    lang,
                    "holders.refused",
                    &[("file", file), ("count", &problems.len().to_string())],
                ),
                why: Some(
                    problems
                        .iter()
                        .map(|p| p.line(lang, false))
                        .collect::<Vec<_>>()
                        .join("\n"),
                ),
                next: next("holders.next_refused"),
            },
        }
    }
}

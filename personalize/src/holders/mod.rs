//! The holders file: a table of people to whom cards are issued, checked whole before the first card is touched.
//!
//! CSV with a header, in UTF-8 (with or without byte order mark) or GB18030; comma, semicolon or tab between cells. Columns:
//! `social_security_number`, `name` (these two must be there), `sex`, `ethnic_group`, `place_of_birth`, `date_of_birth`,
//! `card_number`, `issue_date`, `expiry_date`, their Chinese names, and any element or file by its path (see
//! [`crate::target`]). Codes or Chinese or English words; `@photo.jpg` in the column of a transparent file names a file
//! beside the table. An empty cell leaves the item empty; sex and date of birth are then taken from the citizen number.

mod columns;
mod fault;
mod row;
pub(crate) mod text;

pub use columns::Column;
pub use fault::{CellFault, HoldersError, Problem, Secrecy, Severity};
pub use text::TextEncoding;

use crate::citizen::SocialSecurityNumber;
use crate::mask;
use crate::numbers::CardNumber;
use crate::settings::Settings;
use crate::target::Target;
use card_model::profile::Profile;
use jiff::civil::Date;
use std::collections::HashMap;
use std::path::Path;

/// A person to whom a card is issued, with the values for the card already coded.
#[derive(Clone)]
pub struct Holder {
    /// Row as a spreadsheet counts: the header is row 1.
    pub row: u64,
    /// Social security number.
    pub number: SocialSecurityNumber,
    /// Full name.
    pub name: String,
    /// Card number, if the file gives one.
    pub card_number: Option<CardNumber>,
    /// Issue date, if the file gives one.
    pub issue_date: Option<Date>,
    /// Expiry date, if the file gives one.
    pub expiry_date: Option<Date>,
    /// All values for the card with their places.
    pub values: Vec<(Target, Value)>,
}

/// A coded value.
#[derive(Clone, PartialEq, Eq)]
pub enum Value {
    /// Value of an element, or content of a transparent file; filled to its length.
    Bytes(Vec<u8>),
    /// Records of a cyclic file, oldest first.
    Records(Vec<Vec<u8>>),
}

impl core::fmt::Debug for Holder {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Holder")
            .field("row", &self.row)
            .field("number", &self.number)
            .field("name", &mask::name(&self.name))
            .field("values", &self.values.len())
            .finish_non_exhaustive()
    }
}

/// How a holders file is checked.
#[derive(Debug, Clone, Copy)]
pub struct HolderRules<'a> {
    /// Profile of the cards to be issued.
    pub profile: &'a Profile,
    /// Settings of the office.
    pub settings: &'a Settings,
    /// The day of issuing, where the settings name none.
    pub today: Date,
    /// Whether a date of birth or sex that disagrees with the citizen number is only a warning.
    ///
    /// By default it is an error: the police give a new number when they correct either, so one of the two cells is wrong, and
    /// a printed card cannot be corrected. Numbers with a wrong sex digit do exist, so a person may decide otherwise.
    pub accept_disagreement: bool,
}

/// A read and checked holders file.
#[derive(Debug, Clone)]
pub struct HoldersFile {
    /// How it was written.
    pub encoding: TextEncoding,
    /// People whose rows are right, in the order of the file.
    pub holders: Vec<Holder>,
    /// All problems, in the order of the file; rows with an error are not among the holders.
    pub problems: Vec<Problem>,
    /// Number of rows behind the header.
    pub rows: u64,
}

impl HoldersFile {
    /// Reads and checks a file. Files named by `@` are looked for beside it.
    ///
    /// # Errors
    /// The file cannot be read as a table. Wrong rows are no error here, see [`HoldersFile::problems`].
    pub fn load(path: &Path, rules: &HolderRules<'_>) -> Result<Self, HoldersError> {
        let name = path.display().to_string();
        let bytes = std::fs::read(path).map_err(|source| HoldersError::Unreadable {
            file: name.clone(),
            source,
        })?;
        let folder = path.parent().unwrap_or(Path::new("."));
        Self::parse(&bytes, &name, rules, &|file| std::fs::read(folder.join(file)))
    }

    /// Reads and checks a table; `name` stands for the file in messages, `attachment` reads what `@` names.
    ///
    /// # Errors
    /// As [`HoldersFile::load`].
    pub fn parse(
        bytes: &[u8],
        name: &str,
        rules: &HolderRules<'_>,
        attachment: &dyn Fn(&str) -> std::io::Result<Vec<u8>>,
    ) -> Result<Self, HoldersError> {
        let file = || name.to_owned();
        let (text, encoding) = text::decode(bytes).map_err(|fault| match fault {
            text::TextFault::Utf16 => HoldersError::Encoding {
                file: file(),
                line: None,
            },
            text::TextFault::Neither { line } => HoldersError::Encoding {
                file: file(),
                line: Some(line),
            },
        })?;
        let mut reader = csv::ReaderBuilder::new()
            .flexible(true)
            .trim(csv::Trim::All)
            .has_headers(false)
            .delimiter(delimiter(&text))
            .from_reader(text.as_bytes());
        let mut records = reader.records().filter_map(Result::ok);
        let Some(header) = records.next() else {
            return Err(HoldersError::Empty { file: file() });
        };

        let mut result = Self {
            encoding,
            holders: Vec::new(),
            problems: Vec::new(),
            rows: 0,
        };
        let columns = header_columns(rules.profile, &header, &mut result.problems);
        if !result.problems.is_empty() {
            return Ok(result);
        }
        let mut seen = Seen::default();
        for (index, record) in records.enumerate() {
            let row = index as u64 + 2;
            if record.iter().all(str::is_empty) {
                continue;
            }
            result.rows += 1;
            let mut problems = Vec::new();
            let holder = row::read(rules, &columns, row, &record, attachment, &mut problems);
            if let Some(holder) = &holder {
                seen.check(holder, &mut problems);
            }
            let refused = problems.iter().any(|problem| problem.severity == Severity::Error);
            result.problems.append(&mut problems);
            result.holders.extend(holder.filter(|_| !refused));
        }
        Ok(result)
    }

    /// The problems that keep rows from being issued.
    pub fn errors(&self) -> impl Iterator<Item = &Problem> {
        self.problems
            .iter()
            .filter(|problem| problem.severity == Severity::Error)
    }

    /// The holders of a file without errors.
    ///
    /// # Errors
    /// [`HoldersError::Refused`] with all errors of the file, if there is one.
    pub fn require_all(self, name: &str) -> Result<Vec<Holder>, HoldersError> {
        let problems: Vec<_> = self.errors().cloned().collect();
        if problems.is_empty() {
            return Ok(self.holders);
        }
        Err(HoldersError::Refused {
            file: name.to_owned(),
            problems,
        })
    }
}

/// A column with its heading as written.
#[derive(Debug, Clone)]
struct Heading {
    text: String,
    column: Column,
}

fn header_columns(profile: &Profile, header: &csv::StringRecord, problems: &mut Vec<Problem>) -> Vec<Heading> {
    let mut columns: Vec<Heading> = Vec::new();
    let mut refuse = |heading: &str, fault| {
        problems.push(Problem::new(1, heading, Severity::Error, fault, heading, Secrecy::Open));
    };
    for heading in header {
        match columns::resolve(profile, heading) {
            None => refuse(heading, CellFault::UnknownColumn),
            Some(column) if columns.iter().any(|c| c.column == column) => refuse(heading, CellFault::RepeatedColumn),
            Some(column) => columns.push(Heading {
                text: heading.to_owned(),
                column,
            }),
        }
    }
    for required in columns::REQUIRED {
        let wanted = columns::resolve(profile, required);
        if !columns.iter().any(|c| Some(c.column) == wanted) {
            refuse(required, CellFault::MissingColumn);
        }
    }
    columns
}

/// The separator of the header: comma, or where it has none, tab or semicolon.
fn delimiter(text: &str) -> u8 {
    let header = text.lines().next().unwrap_or_default();
    *[b',', b'\t', b';']
        .iter()
        .find(|d| header.as_bytes().contains(d))
        .unwrap_or(&b',')
}

/// People and card numbers of earlier rows.
#[derive(Default)]
struct Seen {
    people: HashMap<String, u64>,
    cards: HashMap<String, u64>,
}

impl Seen {
    fn check(&mut self, holder: &Holder, problems: &mut Vec<Problem>) {
        let number = holder.number.as_str();
        if let Some(row) = self.people.get(number) {
            let fault = CellFault::SamePerson { row: *row };
            let column = columns::REQUIRED[0];
            problems.push(Problem::new(
                holder.row,
                column,
                Severity::Error,
                fault,
                number,
                Secrecy::Number,
            ));
        } else {
            self.people.insert(number.to_owned(), holder.row);
        }
        let Some(card) = &holder.card_number else { return };
        if let Some(row) = self.cards.get(card.as_str()) {
            let fault = CellFault::SameCardNumber { row: *row };
            let problem = Problem::new(
                holder.row,
                "card_number",
                Severity::Error,
                fault,
                card.as_str(),
                Secrecy::Open,
            );
            problems.push(problem);
        } else {
            self.cards.insert(card.as_str().to_owned(), holder.row);
        }
    }
}

#[cfg(test)]
mod tests;

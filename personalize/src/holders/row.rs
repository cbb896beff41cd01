//! One row of a holders file to a holder.

use super::columns::Column;
use super::fault::{CellFault, Problem, Secrecy, Severity};
use super::{Heading, Holder, HolderRules, Value};
use crate::citizen::{SocialSecurityNumber, date};
use crate::numbers::CardNumber;
use crate::standard::path;
use crate::target::{Part, Target};
use card_model::codes;
use card_model::profile::{Element, ElementaryFile, Meaning, Profile, Structure};
use jiff::civil::Date;
use reader::decode::{EncodeError, encode, encode_pair, encode_record};

/// Reads a row; adds what is wrong to `problems`. A row without number or name gives no holder.
pub(super) fn read(
    rules: &HolderRules<'_>,
    columns: &[Heading],
    row: u64,
    record: &csv::StringRecord,
    attachment: &dyn Fn(&str) -> std::io::Result<Vec<u8>>,
    problems: &mut Vec<Problem>,
) -> Option<Holder> {
    let mut reading = Row {
        rules,
        row,
        problems,
        attachment,
        draft: Draft::default(),
    };
    if record.len() != columns.len() {
        let fault = CellFault::CellCount {
            cells: record.len(),
            columns: columns.len(),
        };
        reading.refuse("", fault, "", Secrecy::Open);
    }
    for (heading, cell) in columns.iter().zip(record) {
        reading.cell(heading, cell);
    }
    reading.finish(columns)
}

#[derive(Default)]
struct Draft {
    number: Option<SocialSecurityNumber>,
    name: Option<String>,
    card_number: Option<CardNumber>,
    issue_date: Option<Date>,
    expiry_date: Option<Date>,
    values: Vec<(Target, Value)>,
}

struct Row<'a> {
    rules: &'a HolderRules<'a>,
    row: u64,
    problems: &'a mut Vec<Problem>,
    attachment: &'a dyn Fn(&str) -> std::io::Result<Vec<u8>>,
    draft: Draft,
}

impl Row<'_> {
    fn refuse(&mut self, column: &str, fault: CellFault, value: &str, secrecy: Secrecy) {
        self.tell(column, Severity::Error, fault, value, secrecy);
    }

    fn tell(&mut self, column: &str, severity: Severity, fault: CellFault, value: &str, secrecy: Secrecy) {
        self.problems
            .push(Problem::new(self.row, column, severity, fault, value, secrecy));
    }

    fn cell(&mut self, heading: &Heading, cell: &str) {
        let column = heading.text.as_str();
        match heading.column {
            Column::SocialSecurityNumber if cell.is_empty() => {
                self.refuse(column, CellFault::Missing, cell, Secrecy::Number);
            }
            Column::SocialSecurityNumber => match SocialSecurityNumber::parse(cell) {
                Ok(number) => {
                    if number.province().is_some_and(|province| !gives_numbers(province)) {
                        self.refuse(column, CellFault::Province, cell, Secrecy::Number);
                    }
                    self.draft.number = Some(number);
                }
                Err(fault) => self.refuse(column, CellFault::SocialSecurityNumber(fault), cell, Secrecy::Number),
            },
            Column::Name if cell.is_empty() => self.refuse(column, CellFault::Missing, cell, Secrecy::Name),
            Column::Name => match split_name(self.rules.profile, cell) {
                Ok(values) => {
                    self.draft.name = Some(cell.to_owned());
                    self.draft.values.extend(values);
                }
                Err(fault) => self.refuse(column, fault, cell, Secrecy::Name),
            },
            Column::CardNumber => match (!cell.is_empty()).then(|| CardNumber::parse(cell)) {
                Some(Ok(number)) => self.draft.card_number = Some(number),
                Some(Err(fault)) => self.refuse(column, CellFault::CardNumber(fault), cell, Secrecy::Open),
                None => {}
            },
            Column::IssueDate => self.draft.issue_date = self.calendar(column, path::ISSUE_DATE, cell),
            Column::ExpiryDate => self.draft.expiry_date = self.calendar(column, path::EXPIRY_DATE, cell),
            Column::Element(target) => self.element(column, target, cell),
        }
    }

    /// A date, in any of the spellings that the element at `path` takes.
    fn calendar(&mut self, column: &str, path: &str, cell: &str) -> Option<Date> {
        if cell.is_empty() {
            return None;
        }
        let profile = self.rules.profile;
        let element = Target::find(profile, path).and_then(|target| target.element(profile))?;
        let parsed = encode(element, cell).map(|packed| date(&hex::encode(packed)));
        let Ok(Some(day)) = parsed else {
            self.refuse(column, CellFault::Date, cell, Secrecy::Open);
            return None;
        };
        Some(day)
    }

    fn element(&mut self, column: &str, target: Target, cell: &str) {
        if cell.is_empty() {
            return;
        }
        let profile = self.rules.profile;
        let secrecy = match target.element(profile).map(|element| element.meaning) {
            Some(Meaning::PersonName) => Secrecy::Name,
            Some(Meaning::PersonNumber) => Secrecy::Number,
            _ => Secrecy::Open,
        };
        match self.encode(target, cell) {
            Ok(value) => {
                if target
                    .element(profile)
                    .is_some_and(|element| element.meaning == Meaning::Region)
                    && let Value::Bytes(packed) = &value
                {
                    self.region(column, &hex::encode(packed), cell);
                }
                self.draft.values.push((target, value));
            }
            Err(fault) => self.refuse(column, fault, cell, secrecy),
        }
    }

    /// A region that no province has is wrong. One whose prefecture the table does not have may be right: prefectures have
    /// been dissolved, and people are still born there.
    fn region(&mut self, column: &str, code: &str, cell: &str) {
        match codes::region(code) {
            None => self.refuse(column, CellFault::Region, cell, Secrecy::Open),
            Some(region) if region.prefecture.is_none() && !region.exact => {
                self.tell(column, Severity::Warning, CellFault::Prefecture, cell, Secrecy::Open);
            }
            Some(_) => {}
        }
    }

    fn encode(&self, target: Target, cell: &str) -> Result<Value, CellFault> {
        let profile = self.rules.profile;
        if let (Part::Record { .. }, Some(element)) = (target.part, target.element(profile)) {
            if element.is_personal() {
                no_private_use(cell)?;
            }
            return Ok(Value::Bytes(encode(element, cell)?));
        }
        let Some(file) = target.file(profile) else {
            return Err(CellFault::UnknownColumn);
        };
        let allowed = match file.structure {
            Structure::Cyclic { records } => return cyclic(file, usize::from(records), cell),
            Structure::Transparent { size } => usize::from(size),
            _ => return Err(CellFault::UnknownColumn),
        };
        let mut bytes = match cell.strip_prefix('@') {
            Some(name) => (self.attachment)(name).map_err(|error| CellFault::File {
                message: error.to_string(),
            })?,
            None => hex::decode(cell).map_err(|_| EncodeError::BadHex)?,
        };
        if bytes.len() > allowed {
            return Err(CellFault::TooLong {
                bytes: bytes.len(),
                allowed,
            });
        }
        bytes.resize(allowed, 0);
        Ok(Value::Bytes(bytes))
    }

    /// Compares what the citizen number says, the cells and the dates with each other.
    fn finish(mut self, columns: &[Heading]) -> Option<Holder> {
        let number = self.draft.number.clone()?;
        if let Some(citizen) = number.citizen() {
            let birth = citizen.birth.strftime("%Y%m%d").to_string();
            self.agree(columns, path::DATE_OF_BIRTH, &birth, CellFault::BirthDisagrees, &[]);
            // 0 unknown and 9 not stated disagree with nothing.
            self.agree(
                columns,
                path::SEX,
                &citizen.sex.to_string(),
                CellFault::SexDisagrees,
                &["0", "9"],
            );
        }
        let issue = self
            .draft
            .issue_date
            .or(self.rules.settings.issue_date)
            .unwrap_or(self.rules.today);
        let expiry = self.draft.expiry_date.or_else(|| self.rules.settings.expiry(issue));
        if expiry.is_none_or(|expiry| expiry <= issue) {
            let shown = expiry.map(|expiry| expiry.to_string()).unwrap_or_default();
            self.refuse("expiry_date", CellFault::Order, &shown, Secrecy::Open);
        }
        if number.citizen().is_some_and(|citizen| citizen.birth > issue) {
            self.refuse("issue_date", CellFault::Order, &issue.to_string(), Secrecy::Open);
        }
        let Draft {
            name,
            card_number,
            issue_date,
            expiry_date,
            values,
            ..
        } = self.draft;
        Some(Holder {
            row: self.row,
            number,
            name: name?,
            card_number,
            issue_date,
            expiry_date,
            values,
        })
    }

    /// The element at `path` must hold `expected`; where the cell is empty, it gets it.
    fn agree(&mut self, columns: &[Heading], path: &str, expected: &str, fault: CellFault, neutral: &[&str]) {
        let profile = self.rules.profile;
        let Some(target) = Target::find(profile, path) else {
            return;
        };
        let Some(element) = target.element(profile) else { return };
        let Ok(bytes) = encode(element, expected) else { return };
        let present = self
            .draft
            .values
            .iter()
            .find(|(t, _)| *t == target)
            .map(|(_, value)| value.clone());
        let heading = columns.iter().find(|c| c.column == Column::Element(target));
        match present {
            // A cell that could not be read has been told already.
            None if self
                .problems
                .iter()
                .any(|p| p.row == self.row && heading.is_some_and(|h| h.text == p.column)) => {}
            None => self.draft.values.push((target, Value::Bytes(bytes))),
            Some(value) if value == Value::Bytes(bytes) => {}
            Some(value)
                if neutral
                    .iter()
                    .any(|n| encode(element, n).is_ok_and(|b| value == Value::Bytes(b))) => {}
            Some(_) => {
                let severity = if self.rules.accept_disagreement {
                    Severity::Warning
                } else {
                    Severity::Error
                };
                let column = heading.map_or(path, |h| h.text.as_str()).to_owned();
                self.tell(&column, severity, fault, expected, Secrecy::Number);
            }
        }
    }
}

/// Records of a cyclic file in the order of appending (oldest first) from `record|record` with `field^field`, newest first.
fn cyclic(file: &ElementaryFile, allowed: usize, cell: &str) -> Result<Value, CellFault> {
    let records: Vec<&str> = cell.trim_end_matches('|').split('|').collect();
    if records.len() > allowed {
        return Err(CellFault::Records { allowed });
    }
    let coded = records
        .iter()
        .rev()
        .map(|record| encode_record(file, &record.split('^').collect::<Vec<_>>()));
    Ok(Value::Records(coded.collect::<Result<_, _>>()?))
}

/// The name in its element, and what has no room there in the extension, cut between characters (`spec/files.md` §2.1).
fn split_name(profile: &Profile, name: &str) -> Result<Vec<(Target, Value)>, CellFault> {
    no_private_use(name)?;
    let find = |path: &str| -> Option<(Target, &Element)> {
        let target = Target::find(profile, path)?;
        Some((target, target.element(profile)?))
    };
    let (target, first) = find(path::NAME).ok_or(CellFault::UnknownColumn)?;
    let Some((extension, second)) = find(path::NAME_EXTENSION) else {
        return Ok(vec![(target, Value::Bytes(encode(first, name)?))]);
    };
    let (head, tail) = encode_pair(first, second, name)?;
    Ok(vec![(target, Value::Bytes(head)), (extension, Value::Bytes(tail))])
}

fn no_private_use(text: &str) -> Result<(), CellFault> {
    let private = |c: &char| matches!(c, '\u{E000}'..='\u{F8FF}' | '\u{F0000}'..='\u{10FFFF}');
    text.chars()
        .find(private)
        .map_or(Ok(()), |c| Err(CellFault::PrivateUse(c)))
}

/// Whether citizen numbers begin with these digits: a province's, or 83 of residence permits for people from Taiwan, which
/// GB/T 2260 does not have.
fn gives_numbers(province: &str) -> bool {
    province == "83" || codes::region(&format!("{province}0000")).is_some()
}

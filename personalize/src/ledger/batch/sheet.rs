//! Tables that people hand in: CSV in the encodings of holders files, or the first sheet of an XLSX workbook; as text, cell by cell.

use super::super::error::LedgerError;
use crate::holders::text;
use calamine::{Data, Reader, Xlsx};
use std::io::Cursor;
use std::path::Path;

/// Rows that a file may have.
const MOST_ROWS: usize = 1_000_000;
/// From here on a spreadsheet's number is not the one that was typed: only 15 digits survive.
const EXACT: f64 = 1e15;

/// A table: its heading, and its rows with their numbers as a spreadsheet counts them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sheet {
    /// Headings.
    pub header: Vec<String>,
    /// Rows that are not empty: number and cells.
    pub rows: Vec<(u64, Vec<String>)>,
}

impl Sheet {
    /// Reads a table; what begins as a ZIP file is a workbook.
    pub(super) fn parse(bytes: &[u8], path: &Path) -> Result<Self, LedgerError> {
        let unreadable = |why: String| LedgerError::Table {
            file: path.display().to_string(),
            why,
        };
        let all = match bytes.starts_with(b"PK") {
            true => workbook(bytes).map_err(unreadable)?,
            false => lines(bytes).map_err(unreadable)?,
        };
        let mut rows = all
            .into_iter()
            .zip(1_u64..)
            .filter(|(cells, _)| cells.iter().any(|cell| !cell.is_empty()));
        let (header, _) = rows.next().ok_or_else(|| unreadable("–".to_owned()))?;
        Ok(Self {
            header,
            rows: rows.map(|(cells, number)| (number, cells)).take(MOST_ROWS).collect(),
        })
    }
}

fn lines(bytes: &[u8]) -> Result<Vec<Vec<String>>, String> {
    let (text, _) = text::decode(bytes).map_err(|fault| format!("{fault:?}"))?;
    let first = text.lines().next().unwrap_or_default();
    let delimiter = [b',', b';', b'\t']
        .into_iter()
        .max_by_key(|d| first.bytes().filter(|b| b == d).count());
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .trim(csv::Trim::All)
        .has_headers(false)
        .delimiter(delimiter.unwrap_or(b','))
        .from_reader(text.as_bytes());
    let record = |record: csv::Result<csv::StringRecord>| {
        record
            .map(|cells| cells.iter().map(str::to_owned).collect())
            .map_err(|error| error.to_string())
    };
    reader.records().map(record).collect()
}

fn workbook(bytes: &[u8]) -> Result<Vec<Vec<String>>, String> {
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).map_err(|error| error.to_string())?;
    let sheet = book.worksheet_range_at(0).ok_or_else(|| "no sheet".to_owned())?;
    let sheet = sheet.map_err(|error| error.to_string())?;
    // A range begins at its first cell that is not empty; row numbers are those of the sheet.
    let skipped = sheet.start().map_or(0, |(row, _)| row as usize);
    let mut rows = vec![Vec::new(); skipped.min(MOST_ROWS)];
    rows.extend(sheet.rows().map(|row| row.iter().map(cell).collect()));
    Ok(rows)
}

/// A cell as text. Digits that a spreadsheet has rounded are marked, so that no rule takes them.
fn cell(data: &Data) -> String {
    match data {
        Data::Empty => String::new(),
        Data::String(text) => text.trim().to_owned(),
        Data::Int(number) => number.to_string(),
        Data::Float(number) if number.abs() >= EXACT => format!("≈{number}"),
        Data::Float(number) => number.to_string(),
        Data::Bool(flag) => flag.to_string(),
        Data::DateTime(moment) => {
            let (year, month, day, ..) = moment.to_ymd_hms_milli();
            format!("{year:04}-{month:02}-{day:02}")
        }
        Data::DateTimeIso(text) | Data::DurationIso(text) => text.clone(),
        Data::Error(error) => format!("{error:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_table_keeps_the_numbers_of_its_rows() {
        let sheet = Sheet::parse("a;b\n\n1;二\n ; \n3;\"x;y\"\n".as_bytes(), Path::new("x")).unwrap();
        assert_eq!(sheet.header, ["a", "b"]);
        let rows = [
            (2, vec!["1".to_owned(), "二".into()]),
            (4, vec!["3".into(), "x;y".into()]),
        ];
        assert_eq!(sheet.rows, rows);
        assert!(Sheet::parse(b"", Path::new("x")).is_err());
        assert!(Sheet::parse(b"PK\x03\x04 no workbook", Path::new("x")).is_err());
    }

    #[test]
    fn rounded_digits_are_marked() {
        assert_eq!(cell(&Data::Float(990000197001010011_f64)), "≈990000197001010000");
        assert_eq!(cell(&Data::Float(13900000000.0)), "13900000000");
    }

    proptest! {
        #[test]
        fn any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = Sheet::parse(&bytes, Path::new("x"));
            let _ = Sheet::parse(&[b"PK\x03\x04", &bytes[..]].concat(), Path::new("x"));
        }
    }
}

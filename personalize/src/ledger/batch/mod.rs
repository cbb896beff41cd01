//! Batches: a file of applications from an employer or a school. Row by row each becomes an application or is rejected with its
//! reason; the rejected rows come out as a file that can be corrected and fed again. The same file fed twice, or fed again after
//! the program was killed, applies for nobody twice: a row's request number is made of the file's digest and the row.

mod receipts;
mod sheet;

pub(super) use receipts::of as receipts;
pub use receipts::{Returned, write as write_receipts};

use super::entities::Batch;
use super::error::LedgerError;
use super::order::{Agent, Applicant, Details, Order};
use super::rules::Rules;
use super::store::Ledger;
use super::transaction::Entry;
use card_model::words::{Explain, Lang};
use jiff::Timestamp;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sheet::Sheet;
use sm3::{Digest, Sm3};
use std::collections::{BTreeSet, HashMap};
use std::path::Path;

/// Rows in one transaction.
const CHUNK: usize = 50;

/// A column that a batch may have: its name, its Chinese name.
const COLUMNS: [(&str, &str); 16] = [
    ("social_security_number", "社会保障号码"),
    ("name", "姓名"),
    ("document", "证件类型"),
    ("document_number", "证件号码"),
    ("sex", "性别"),
    ("date_of_birth", "出生日期"),
    ("mobile", "手机号"),
    ("kind", "申领类型"),
    ("bank", "银行"),
    ("reason_code", "补换原因"),
    ("merge", "合并卡号"),
    ("agent", "代办人"),
    ("agent_document", "代办人证件"),
    ("guardian", "监护人"),
    ("in_hand", "旧卡已交回"),
    ("reason", "未受理原因"),
];

/// What became of a batch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BatchReport {
    /// Number of the batch.
    pub batch: String,
    /// Rows.
    pub total: u64,
    /// Rows that became applications now.
    pub accepted: u64,
    /// Rows that had become applications before.
    pub repeated: u64,
    /// Rows that were rejected.
    pub rejected: Vec<Rejected>,
    /// Years whose holidays the rules do not know, so that the promises count their weekends only.
    #[serde(default)]
    pub holidays_unknown: Vec<i16>,
}

/// A row that was rejected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Rejected {
    /// Number of the row, as a spreadsheet counts.
    pub row: u64,
    /// Why, and what to do.
    pub reason: String,
}

/// A file of applications, read and not yet fed.
#[derive(Debug, Clone)]
pub struct BatchFile {
    name: String,
    channel: String,
    digest: String,
    columns: Vec<Option<usize>>,
    sheet: Sheet,
    content: Vec<u8>,
}

impl BatchFile {
    /// Reads a file, CSV or XLSX, that came by a channel of the rules.
    ///
    /// # Errors
    /// The file cannot be read as a table, or a column is unknown, missing or there twice.
    pub fn load(path: &Path, channel: &str) -> Result<Self, LedgerError> {
        let bytes = std::fs::read(path).map_err(|error| LedgerError::Table {
            file: path.display().to_string(),
            why: error.to_string(),
        })?;
        Self::parse(&bytes, path, channel)
    }

    /// Reads a table from bytes; `path` stands for it in messages.
    ///
    /// # Errors
    /// As [`BatchFile::load`].
    pub fn parse(bytes: &[u8], path: &Path, channel: &str) -> Result<Self, LedgerError> {
        let sheet = Sheet::parse(bytes, path)?;
        let place = |heading: &String| COLUMNS.iter().position(|(en, zh)| heading == en || heading == zh);
        let mut columns: Vec<Option<usize>> = vec![None; COLUMNS.len()];
        for (number, heading) in sheet.header.iter().enumerate() {
            let column = place(heading).ok_or_else(|| LedgerError::input("column", heading))?;
            if columns[column].replace(number).is_some() {
                return Err(LedgerError::input("column", heading));
            }
        }
        if let Some(missing) = (0..2).find(|column| columns[*column].is_none()) {
            return Err(LedgerError::unknown("column", COLUMNS[missing].0));
        }
        let name = path
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default();
        Ok(Self {
            name,
            channel: channel.to_owned(),
            digest: hex::encode(&Sm3::digest(bytes)[..8]),
            columns,
            sheet,
            content: bytes.to_vec(),
        })
    }

    /// Its name, without folders.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The channel of the rules by which it came.
    pub fn channel(&self) -> &str {
        &self.channel
    }

    /// The file as it was read.
    pub fn content(&self) -> &[u8] {
        &self.content
    }

    /// Number of rows.
    pub fn rows(&self) -> u64 {
        self.sheet.rows.len() as u64
    }

    /// The rejected rows as CSV, with the reasons: corrected, it can be fed again.
    ///
    /// # Errors
    /// A cell cannot be written.
    pub fn rejects(&self, rejected: &[Rejected]) -> Result<Vec<u8>, LedgerError> {
        let reason = COLUMNS.len() - 1;
        let told = self.columns[reason];
        let mut writer = csv::WriterBuilder::new()
            .flexible(true)
            .from_writer(b"\xEF\xBB\xBF".to_vec());
        let cells: HashMap<u64, &Vec<String>> = self.sheet.rows.iter().map(|(row, cells)| (*row, cells)).collect();
        let rejected = rejected
            .iter()
            .filter_map(|it| Some((*cells.get(&it.row)?, it.reason.as_str())));
        let rows = std::iter::once((&self.sheet.header, COLUMNS[reason].0)).chain(rejected);
        for (cells, reason) in rows {
            let cells = cells
                .iter()
                .enumerate()
                .filter(|(number, _)| Some(*number) != told)
                .map(|(_, cell)| cell.as_str());
            let written = writer.write_record(cells.chain([reason]));
            written.map_err(|error| LedgerError::input("reason", &error.to_string()))?;
        }
        writer
            .into_inner()
            .map_err(|error| LedgerError::input("reason", &error.to_string()))
    }

    fn order(&self, batch: &str, row: u64, cells: &[String]) -> Result<Order, LedgerError> {
        let cell = |name: &str| {
            let column = COLUMNS.iter().position(|(en, _)| *en == name);
            let index = column.and_then(|column| self.columns[column]);
            index
                .and_then(|index| cells.get(index))
                .filter(|cell| !cell.is_empty())
                .cloned()
        };
        let flag = |name: &'static str| match cell(name).as_deref() {
            None | Some("0" | "false" | "否" | "no") => Ok(false),
            Some("1" | "true" | "是" | "yes") => Ok(true),
            Some(other) => Err(LedgerError::input("flag", other)),
        };
        let birth = cell("date_of_birth").map(|text| birth(&text)).transpose()?;
        let sex = cell("sex").map(|sex| match sex.as_str() {
            "男" => "1".to_owned(),
            "女" => "2".to_owned(),
            _ => sex,
        });
        let agent = match (cell("agent"), cell("agent_document")) {
            (None, None) => None,
            (name, document) => Some(Agent {
                name: name.unwrap_or_default(),
                document: document.unwrap_or_default(),
                guardian: flag("guardian")?,
            }),
        };
        let details = Details {
            applicant: Some(Applicant {
                number: cell("social_security_number").unwrap_or_default(),
                name: cell("name").unwrap_or_default(),
                document: cell("document"),
                document_number: cell("document_number"),
                sex,
                birth,
                mobile: cell("mobile"),
            }),
            kind: cell("kind"),
            channel: Some(self.channel.clone()),
            bank: cell("bank"),
            reason_code: cell("reason_code"),
            merge: cell("merge"),
            agent,
            in_hand: flag("in_hand")?,
            batch: Some(batch.to_owned()),
            ..Details::default()
        };
        Ok(Order::new(format!("{batch}/{row}"), "apply", None).with(details))
    }

    /// Feeds it, a part of the rows in each transaction. `progress` is told how many rows are done.
    pub(super) fn feed(
        &self,
        ledger: &mut Ledger,
        rules: &Rules,
        (who, at): (&str, Timestamp),
        lang: Lang,
        progress: &mut dyn FnMut(u64),
    ) -> Result<BatchReport, LedgerError> {
        let outlet = ledger.read(|transaction| transaction.actor(who, at))?.outlet.id;
        let batch = format!("{outlet}-{}", self.digest);
        let mut report = BatchReport {
            batch: batch.clone(),
            total: self.rows(),
            accepted: 0,
            repeated: 0,
            rejected: Vec::new(),
            holidays_unknown: Vec::new(),
        };
        let mut unknown = BTreeSet::new();
        let mut done = 0;
        for chunk in self.sheet.rows.chunks(CHUNK) {
            let orders: Vec<Result<Order, LedgerError>> = chunk
                .iter()
                .map(|(row, cells)| self.order(&batch, *row, cells))
                .collect();
            let good: Vec<Order> = orders.iter().filter_map(|order| order.as_ref().ok().cloned()).collect();
            let mut results = ledger.perform_all(rules, who, at, &good)?.into_iter();
            for ((row, _), order) in chunk.iter().zip(orders) {
                let result =
                    order.and_then(|_| results.next().unwrap_or_else(|| Err(LedgerError::input("request", ""))));
                match result {
                    Ok(receipt) => {
                        let count = if receipt.repeated {
                            &mut report.repeated
                        } else {
                            &mut report.accepted
                        };
                        *count += 1;
                        unknown.extend(receipt.holidays_unknown);
                    }
                    Err(error) => report.rejected.push(Rejected {
                        row: *row,
                        reason: told(&error, lang),
                    }),
                }
            }
            done += chunk.len() as u64;
            progress(done);
        }
        report.holidays_unknown = unknown.into_iter().collect();
        ledger.enter_batch(who, at, self, &report)?;
        Ok(report)
    }
}

/// `2020-06-01`, `20200601`, `2020/6/1`, `2020年6月1日`.
fn birth(text: &str) -> Result<Date, LedgerError> {
    let parts: Vec<&str> = text
        .split(|c: char| !c.is_ascii_digit())
        .filter(|part| !part.is_empty())
        .collect();
    let digits = match parts[..] {
        [whole] => whole.to_owned(),
        [year, month, day] => format!("{year}{month:0>2}{day:0>2}"),
        _ => String::new(),
    };
    crate::citizen::date(&digits).ok_or_else(|| LedgerError::input("birth", text))
}

impl Ledger {
    /// Writes down that a batch was fed; again only if it came out differently.
    fn enter_batch(
        &mut self,
        who: &str,
        at: Timestamp,
        file: &BatchFile,
        report: &BatchReport,
    ) -> Result<(), LedgerError> {
        let count = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        self.write(&report.batch, |transaction| {
            let actor = transaction.actor(who, at)?;
            let known = transaction.get::<Batch>(&report.batch)?;
            let accepted = transaction.query(
                "SELECT COUNT(*) FROM application WHERE batch = $1",
                &[report.batch.as_str().into()],
            )?;
            let mut batch = Batch {
                id: report.batch.clone(),
                file: file.name.clone(),
                outlet: actor.outlet.id.clone(),
                channel: file.channel.clone(),
                total: count(report.total),
                accepted: accepted.first().map_or(0, |row| row.number(0)),
                rejected: count(report.rejected.len() as u64),
                revision: known.as_ref().map_or(0, |known| known.revision),
            };
            if known.as_ref() == Some(&batch) {
                return Ok(());
            }
            transaction.save(&mut batch)?;
            let entry = Entry {
                act: "feed",
                reason: "",
                subject: &batch.id,
                request: &format!("{}#{}", batch.id, batch.revision),
                outcome: &format!("{}/{}", batch.accepted, batch.total),
            };
            transaction.note(&actor, &entry)
        })
    }
}

/// Why a row was rejected, in one line.
fn told(error: &LedgerError, lang: Lang) -> String {
    let words = error.explain(lang);
    match words.next {
        Some(next) => format!("{}{}{next}", words.what, lang.pick("；", "; ")),
        None => words.what,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn dates_as_people_write_them() {
        for text in ["2020-06-01", "20200601", "2020/6/1", "2020年6月1日"] {
            assert_eq!(birth(text).unwrap(), jiff::civil::date(2020, 6, 1), "{text}");
        }
        assert!(birth("1.6.").is_err() && birth("2020-13-01").is_err());
    }

    #[test]
    fn columns_are_known_and_stand_once() {
        let parse = |text: &str| BatchFile::parse(text.as_bytes(), Path::new("x.csv"), "employer");
        assert!(parse("社会保障号码,姓名\n").is_ok());
        assert!(matches!(parse("姓名\n"), Err(LedgerError::Unknown { .. })));
        assert!(matches!(
            parse("name,social_security_number,姓名\n"),
            Err(LedgerError::Input { .. })
        ));
        assert!(matches!(
            parse("name,social_security_number,shoe_size\n"),
            Err(LedgerError::Input { .. })
        ));
    }

    proptest! {
        #[test]
        fn any_rows(rows in proptest::collection::vec("\\PC{0,60}", 0..5)) {
            let text = format!("social_security_number,name,date_of_birth,sex,in_hand,agent\n{}", rows.join("\n"));
            if let Ok(file) = BatchFile::parse(text.as_bytes(), Path::new("x.csv"), "employer") {
                for (row, cells) in &file.sheet.rows {
                    let _ = file.order("b", *row, cells);
                }
            }
        }
    }
}

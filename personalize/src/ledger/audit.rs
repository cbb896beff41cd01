//! The audit: is the log whole, and are the tables what the log says?
//!
//! Every line is computed again from its own words and from the images of the rows it changed; every row is held against its last
//! image. An altered, removed or inserted line, an altered image, and a row that was altered, removed, inserted or put back to
//! an older state are found, and the first broken link of each chain is named. Who can rewrite the whole database can rewrite
//! all digests too: against that, the ends of the chains ([`Audit::heads`]) are kept elsewhere and handed to a later audit.

use super::credential::Credential;
use super::electronic::{Binding, Ecard, Password, Spent};
use super::entities::{Application, Batch, Card, Outlet, Person, Series, Staff, every_table};
use super::error::LedgerError;
use super::line::{self, BEGINNING, Change, Line};
use super::record::{Record, json};
use super::store::Ledger;
use super::transaction::Transaction;
use crate::words::message;
use card_model::words::Lang;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};

/// Rows read at a time.
const PAGE: i64 = 1000;
/// More findings than this are counted and not listed.
const LISTED: usize = 100;

/// What an audit found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Audit {
    /// Whether nothing is wrong.
    pub whole: bool,
    /// Lines of the log that were read.
    pub lines: u64,
    /// Rows that were held against the log.
    pub rows: u64,
    /// How much is wrong.
    pub faults: u64,
    /// What is wrong: the log first, chain by chain, then the tables. At most 100.
    pub findings: Vec<Finding>,
    /// The end of each chain, to be kept elsewhere.
    pub heads: Vec<Head>,
}

/// The end of a chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Head {
    /// Outlet.
    pub chain: String,
    /// Number of its last line.
    pub seq: i64,
    /// Digest of its last line.
    pub digest: String,
}

/// Something that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// What.
    pub kind: FindingKind,
    /// Chain, or table.
    pub place: String,
    /// Number of the line, or key of the row.
    pub key: String,
}

/// Kinds of findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FindingKind {
    /// The line, or an image of a row it changed, does not give its digest.
    LineAltered,
    /// A line is not there.
    LineMissing,
    /// The line does not follow the one before it.
    LinkBroken,
    /// The chain ends before or behind the end that is written down.
    EndWrong,
    /// An image of a row belongs to no line.
    StrayImage,
    /// The row is not what the log says.
    RowAltered,
    /// The log knows a row that is not there.
    RowMissing,
    /// The row was put back to an older state.
    RowOlder,
    /// The log does not know the row.
    RowUnknown,
    /// A line that an earlier audit saw is not there any more.
    Rewritten,
}

impl Finding {
    /// The finding in words.
    pub fn words(&self, lang: Lang) -> String {
        let values = [("place", self.place.as_str()), ("key", self.key.as_str())];
        message(lang, &format!("ledger.finding.{}", self.kind.name()), &values)
    }
}

impl FindingKind {
    /// Name in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::LineAltered => "line_altered",
            Self::LineMissing => "line_missing",
            Self::LinkBroken => "link_broken",
            Self::EndWrong => "end_wrong",
            Self::StrayImage => "stray_image",
            Self::RowAltered => "row_altered",
            Self::RowMissing => "row_missing",
            Self::RowOlder => "row_older",
            Self::RowUnknown => "row_unknown",
            Self::Rewritten => "rewritten",
        }
    }
}

impl Audit {
    fn find(&mut self, kind: FindingKind, place: &str, key: &str) {
        self.whole = false;
        self.faults += 1;
        if self.findings.len() < LISTED {
            self.findings.push(Finding {
                kind,
                place: place.to_owned(),
                key: key.to_owned(),
            });
        }
    }
}

impl Ledger {
    /// The audit, whoever wants it: proves the ledger whole, or says what is wrong. `earlier` are the ends of chains that an earlier
    /// audit saw.
    ///
    /// # Errors
    /// The database does not answer.
    pub fn examine(&mut self, earlier: &[Head]) -> Result<Audit, LedgerError> {
        self.read(|transaction| {
            let mut audit = Audit {
                whole: true,
                lines: 0,
                rows: 0,
                faults: 0,
                findings: Vec::new(),
                heads: Vec::new(),
            };
            chains(transaction, earlier, &mut audit)?;
            strays(transaction, &mut audit)?;
            macro_rules! held {
                ($table:ident) => {
                    rows::<$table>(transaction, &mut audit)?;
                    missing::<$table>(transaction, &mut audit)?;
                };
            }
            every_table!(held);
            Ok(audit)
        })
    }
}

/// Every chain from its beginning to its end.
fn chains(transaction: &mut Transaction<'_>, earlier: &[Head], audit: &mut Audit) -> Result<(), LedgerError> {
    let mut ends: BTreeMap<String, Option<(i64, String)>> = BTreeMap::new();
    for row in transaction.query("SELECT DISTINCT chain FROM line", &[])? {
        ends.insert(row.text(0).to_owned(), None);
    }
    for row in transaction.query("SELECT id, seq, head FROM chain", &[])? {
        ends.insert(row.text(0).to_owned(), Some((row.number(1), row.text(2).to_owned())));
    }
    for head in earlier {
        ends.entry(head.chain.clone()).or_insert(None);
    }
    for (chain, end) in ends {
        let seen: HashMap<i64, &str> = earlier
            .iter()
            .filter(|head| head.chain == chain)
            .map(|head| (head.seq, head.digest.as_str()))
            .collect();
        let head = walk(transaction, &chain, &seen, audit)?;
        let written = end.unwrap_or((0, BEGINNING.to_owned()));
        if written != (head.seq, head.digest.clone()) {
            audit.find(FindingKind::EndWrong, &chain, &head.seq.to_string());
        }
        for seq in seen.keys().filter(|seq| **seq > head.seq) {
            audit.find(FindingKind::Rewritten, &chain, &seq.to_string());
        }
        audit.heads.push(head);
    }
    Ok(())
}

fn walk(
    transaction: &mut Transaction<'_>,
    chain: &str,
    seen: &HashMap<i64, &str>,
    audit: &mut Audit,
) -> Result<Head, LedgerError> {
    let mut head = Head {
        chain: chain.to_owned(),
        seq: 0,
        digest: BEGINNING.to_owned(),
    };
    let lines = format!(
        "SELECT {} FROM line WHERE chain = $1 AND seq > $2 ORDER BY seq LIMIT $3",
        line::COLUMNS
    );
    let images = "SELECT seq, entity, id, revision, image FROM change WHERE chain = $1 AND seq > $2 AND seq <= $3";
    loop {
        let page = transaction.query(&lines, &[chain.into(), head.seq.into(), PAGE.into()])?;
        let Some(last) = page.last().map(|row| row.number(1)) else {
            return Ok(head);
        };
        let mut changes: HashMap<i64, Vec<Change>> = HashMap::new();
        for row in transaction.query(images, &[chain.into(), head.seq.into(), last.into()])? {
            changes.entry(row.number(0)).or_default().push(Change {
                entity: row.text(1).to_owned(),
                id: row.text(2).to_owned(),
                revision: row.number(3),
                image: row.text(4).to_owned(),
            });
        }
        for line in page.iter().map(Line::of) {
            audit.lines += 1;
            let key = line.seq.to_string();
            let gap = line.seq != head.seq + 1;
            if gap {
                audit.find(FindingKind::LineMissing, chain, &(head.seq + 1).to_string());
            }
            if line.computed(&changes.remove(&line.seq).unwrap_or_default()) != line.digest {
                audit.find(FindingKind::LineAltered, chain, &key);
            } else if line.previous != head.digest && !gap {
                audit.find(FindingKind::LinkBroken, chain, &key);
            }
            if seen.get(&line.seq).is_some_and(|digest| *digest != line.digest) {
                audit.find(FindingKind::Rewritten, chain, &key);
            }
            head.seq = line.seq;
            head.digest = line.digest;
        }
    }
}

/// Images without a line.
fn strays(transaction: &mut Transaction<'_>, audit: &mut Audit) -> Result<(), LedgerError> {
    let sql = "SELECT change.entity, change.id FROM change \
               LEFT JOIN line ON line.chain = change.chain AND line.seq = change.seq WHERE line.seq IS NULL LIMIT 101";
    for row in transaction.query(sql, &[])? {
        audit.find(FindingKind::StrayImage, row.text(0), &shown(row.text(0), row.text(1)));
    }
    Ok(())
}

/// Every row against the image of its revision.
fn rows<R: Record>(transaction: &mut Transaction<'_>, audit: &mut Audit) -> Result<(), LedgerError> {
    let table = R::TABLE;
    let columns: Vec<String> = R::COLUMNS.iter().map(|column| format!("{table}.{column}")).collect();
    let key = &columns[0];
    let sql = format!(
        "SELECT {}, change.image FROM {table} LEFT JOIN change ON change.entity = '{table}' AND change.id = {key} \
         AND change.revision = {table}.revision WHERE {key} > $1 ORDER BY {key} LIMIT $2",
        columns.join(", ")
    );
    let mut after = String::new();
    loop {
        let page = transaction.query(&sql, &[after.as_str().into(), PAGE.into()])?;
        let Some(last) = page.last() else { return Ok(()) };
        last.text(0).clone_into(&mut after);
        for row in &page {
            audit.rows += 1;
            let image = R::COLUMNS.len();
            let id = shown(table, row.text(0));
            if row.is_null(image) {
                audit.find(FindingKind::RowUnknown, table, &id);
            } else if serde_json::from_str::<serde_json::Value>(row.text(image)).ok() != Some(json::<R>(row)) {
                audit.find(FindingKind::RowAltered, table, &id);
            }
        }
    }
}

/// Images that are newer than their row, or whose row is not there.
fn missing<R: Record>(transaction: &mut Transaction<'_>, audit: &mut Audit) -> Result<(), LedgerError> {
    let (table, key) = (R::TABLE, R::COLUMNS[0]);
    let sql = format!(
        "SELECT DISTINCT change.id, {table}.{key} FROM change LEFT JOIN {table} ON {table}.{key} = change.id \
         WHERE change.entity = '{table}' AND ({table}.{key} IS NULL OR change.revision > {table}.revision) LIMIT 101"
    );
    for row in transaction.query(&sql, &[])? {
        let kind = if row.is_null(1) {
            FindingKind::RowMissing
        } else {
            FindingKind::RowOlder
        };
        audit.find(kind, table, &shown(table, row.text(0)));
    }
    Ok(())
}

/// A key as it may be shown: people are masked.
fn shown(table: &str, id: &str) -> String {
    if table == Person::TABLE {
        crate::mask::number(id)
    } else {
        id.to_owned()
    }
}

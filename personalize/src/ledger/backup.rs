//! A backup is a ledger of its own: all rows of one consistent picture, copied while others go on working, into an SQLite file or
//! an empty server. The same copying restores it, and moves an outlet's ledger to a city's server when it has outgrown its file.

use super::credential::Credential;
use super::electronic::{Binding, Ecard, Password, Spent};
use super::engine::{Access, Engine, Url, Value};
use super::entities::{Application, Batch, Card, Outlet, Person, Series, Staff, every_table};
use super::error::LedgerError;
use super::record::Record;
use super::schema::VERSIONS;
use super::store::Ledger;
use super::transaction::Transaction;
use std::path::PathBuf;

/// Rows copied at a time.
const PAGE: i64 = 500;

/// A table and the columns of its key, which come first.
struct Table {
    name: &'static str,
    columns: Vec<&'static str>,
    key: usize,
}

/// All tables, those first that others refer to.
fn tables() -> Vec<Table> {
    let plain = |name, columns: &[&'static str], key| Table {
        name,
        columns: columns.to_vec(),
        key,
    };
    let line: Vec<&'static str> = super::line::COLUMNS.split(", ").collect();
    let mut tables = vec![
        plain("ledger", &["name", "content"], 1),
        plain("chain", &["id", "seq", "head"], 1),
        plain("line", &line, 2),
        plain("change", &["entity", "id", "revision", "chain", "seq", "image"], 3),
    ];
    macro_rules! table {
        ($record:ident) => {
            tables.push(plain($record::TABLE, $record::COLUMNS, 1));
        };
    }
    every_table!(table);
    tables
}

impl Ledger {
    /// Copies the whole ledger, as it is at this moment, to another address that holds none. Gives the number of rows.
    ///
    /// # Errors
    /// A ledger is there already, or one of the databases does not answer; then nothing is left at the other address.
    pub fn copy_to(&mut self, address: &str) -> Result<u64, LedgerError> {
        let target = Url::parse(address)?;
        // A file appears under its name only when it is whole.
        let part = match &target {
            Url::Sqlite(path) if path.exists() => {
                return Err(LedgerError::Exists {
                    address: target.to_string(),
                });
            }
            Url::Sqlite(path) => {
                let mut name = path.clone().into_os_string();
                name.push(".part");
                Some((PathBuf::from(name), path.clone()))
            }
            Url::Postgres(_) => None,
        };
        if let Some((part, _)) = &part {
            // What an interrupted backup left is no backup.
            let _ = std::fs::remove_file(part);
        }
        let place = match &part {
            Some((part, _)) => Url::Sqlite(part.clone()),
            None => target.clone(),
        };
        let mut engine = super::engine::connect(&place)?;
        let copied = self.read(|transaction| {
            engine.rollback();
            engine.begin(Access::Write)?;
            if engine.has_table("ledger")? {
                return Err(LedgerError::Exists {
                    address: target.to_string(),
                });
            }
            for statements in VERSIONS {
                engine.script(statements)?;
            }
            let mut rows = 0;
            for table in tables() {
                rows += copy(transaction, engine.as_mut(), &table)?;
            }
            engine.commit()?;
            Ok(rows)
        });
        if copied.is_err() {
            engine.rollback();
        }
        drop(engine);
        let Some((part, path)) = part else { return copied };
        let moved = copied.and_then(|rows| {
            let renamed = std::fs::rename(&part, &path);
            renamed.map(|()| rows).map_err(|error| LedgerError::Database {
                words: error.to_string(),
            })
        });
        if moved.is_err() {
            let _ = std::fs::remove_file(&part);
        }
        moved
    }
}

fn copy(source: &mut Transaction<'_>, target: &mut dyn Engine, table: &Table) -> Result<u64, LedgerError> {
    let (columns, key) = (table.columns.join(", "), table.columns[..table.key].join(", "));
    let marks = |count: usize| (1..=count).map(|n| format!("${n}")).collect::<Vec<_>>().join(", ");
    let insert = format!(
        "INSERT INTO {} ({columns}) VALUES ({})",
        table.name,
        marks(table.columns.len())
    );
    let first = format!("SELECT {columns} FROM {} ORDER BY {key} LIMIT $1", table.name);
    let next = format!(
        "SELECT {columns} FROM {} WHERE ({key}) > ({}) ORDER BY {key} LIMIT ${}",
        table.name,
        marks(table.key),
        table.key + 1
    );
    let mut copied = 0;
    let mut page = source.query(&first, &[PAGE.into()])?;
    while let Some(last) = page.last() {
        let mut from: Vec<Value> = last.0[..table.key].to_vec();
        for row in &page {
            target.execute(&insert, &row.0)?;
            copied += 1;
        }
        from.push(PAGE.into());
        page = source.query(&next, &from)?;
    }
    Ok(copied)
}

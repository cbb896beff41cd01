//! SQLite: one file, one outlet. Writers queue; readers see the last whole state and wait for nobody.

use super::{Access, Engine, Fault, Row, Value};
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ErrorCode, ToSql, ffi, params_from_iter};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long a writer waits in the queue before it starts over.
const BUSY: Duration = Duration::from_secs(5);

/// A connection to a file.
pub(super) struct Sqlite {
    path: PathBuf,
    connection: Connection,
}

impl Sqlite {
    /// Opens a file, or makes an empty one.
    pub(super) fn open(path: &Path) -> Result<Self, Fault> {
        Ok(Self {
            path: path.to_owned(),
            connection: open(path)?,
        })
    }

    fn simple(&mut self, sql: &str) -> Result<(), Fault> {
        self.connection.execute_batch(sql).map_err(fault)
    }
}

fn open(path: &Path) -> Result<Connection, Fault> {
    let connection = Connection::open(path).map_err(fault)?;
    connection.busy_timeout(BUSY).map_err(fault)?;
    // FULL: a committed application survives a power cut.
    connection
        .execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;")
        .map_err(fault)?;
    connection.set_prepared_statement_cache_capacity(128);
    Ok(connection)
}

impl Engine for Sqlite {
    fn begin(&mut self, access: Access) -> Result<(), Fault> {
        self.simple(match access {
            Access::Read => "BEGIN DEFERRED",
            Access::Write => "BEGIN IMMEDIATE",
        })
    }

    fn execute(&mut self, sql: &str, values: &[Value]) -> Result<u64, Fault> {
        let mut statement = self.connection.prepare_cached(&numbered(sql)).map_err(fault)?;
        let changed = statement.execute(params_from_iter(values)).map_err(fault)?;
        Ok(changed as u64)
    }

    fn query(&mut self, sql: &str, values: &[Value]) -> Result<Vec<Row>, Fault> {
        let mut statement = self.connection.prepare_cached(&numbered(sql)).map_err(fault)?;
        let width = statement.column_count();
        let mut found = statement.query(params_from_iter(values)).map_err(fault)?;
        let mut rows = Vec::new();
        while let Some(row) = found.next().map_err(fault)? {
            let cells = (0..width).map(|index| row.get_ref(index).map(cell).map_err(fault));
            rows.push(Row(cells.collect::<Result<_, _>>()?));
        }
        Ok(rows)
    }

    fn has_table(&mut self, name: &str) -> Result<bool, Fault> {
        let sql = "SELECT name FROM sqlite_master WHERE type = 'table' AND name = $1";
        Ok(!self.query(sql, &[name.into()])?.is_empty())
    }

    fn script(&mut self, sql: &str) -> Result<(), Fault> {
        self.simple(sql)
    }

    fn commit(&mut self) -> Result<(), Fault> {
        self.simple("COMMIT")
    }

    fn rollback(&mut self) {
        // Without a transaction there is nothing to undo.
        let _ = self.simple("ROLLBACK");
    }

    fn reconnect(&mut self) -> Result<(), Fault> {
        self.connection = open(&self.path)?;
        Ok(())
    }
}

/// `$1` of PostgreSQL is a name in SQLite, counted by its first use; `?1` is the number.
fn numbered(sql: &str) -> String {
    sql.replace('$', "?")
}

fn cell(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Integer(number) => Value::Number(number),
        ValueRef::Text(bytes) => Value::Text(String::from_utf8_lossy(bytes).into_owned()),
        // The ledger writes neither; whoever did is found by the audit, as the row differs from the log.
        ValueRef::Real(number) => Value::Text(number.to_string()),
        ValueRef::Blob(bytes) => Value::Text(String::from_utf8_lossy(bytes).into_owned()),
        ValueRef::Null => Value::Null,
    }
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Number(number) => ValueRef::Integer(*number),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
        }))
    }
}

#[allow(clippy::needless_pass_by_value, reason = "the form map_err asks for")]
fn fault(error: rusqlite::Error) -> Fault {
    let words = error.to_string();
    let rusqlite::Error::SqliteFailure(failure, _) = &error else {
        return Fault::Other(words);
    };
    let taken = [ffi::SQLITE_CONSTRAINT_UNIQUE, ffi::SQLITE_CONSTRAINT_PRIMARYKEY];
    match failure.code {
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => Fault::Conflict(words),
        // A unique value was taken meanwhile: the rules, asked again, say who holds it.
        ErrorCode::ConstraintViolation if taken.contains(&failure.extended_code) => Fault::Conflict(words),
        _ => Fault::Other(words),
    }
}

//! The two databases a ledger lives in, behind one small trait: text, whole numbers and nothing else goes in and out.
//!
//! All SQL of the ledger is written once, with `$1`, `$2` … as parameters, `TEXT` and `BIGINT` as the only types, and no
//! trigger, sequence, stored procedure or engine's own function, so that servers that speak PostgreSQL's protocol take it too.

mod postgres;
mod sqlite;
mod tls;
mod url;

pub use tls::TlsFault;
pub(super) use url::Url;
pub use url::UrlFault;

/// A cell of a row, or a parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    /// No value.
    Null,
    /// `BIGINT`.
    Number(i64),
    /// `TEXT`.
    Text(String),
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

/// A row: its cells in the order of the query.
#[derive(Debug, Clone)]
pub(super) struct Row(pub Vec<Value>);

impl Row {
    /// Cell `index` as text; empty where it is none.
    pub(super) fn text(&self, index: usize) -> &str {
        match self.0.get(index) {
            Some(Value::Text(text)) => text,
            _ => "",
        }
    }

    /// Cell `index` as a number; 0 where it is none.
    pub(super) fn number(&self, index: usize) -> i64 {
        match self.0.get(index) {
            Some(Value::Number(number)) => *number,
            _ => 0,
        }
    }

    /// Whether cell `index` holds nothing.
    pub(super) fn is_null(&self, index: usize) -> bool {
        matches!(self.0.get(index), None | Some(Value::Null))
    }
}

/// What a transaction is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    /// One consistent picture, nothing written.
    Read,
    /// Serializable.
    Write,
}

/// Why a database did not do it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fault {
    /// Somebody else was faster, or the database is busy: roll back and try again.
    Conflict(String),
    /// The connection broke; whether a commit under way was done is not known.
    Lost(String),
    /// There is no line to the server that is as secure as the address asks: trying again does not help.
    Tls(TlsFault),
    /// Anything else: trying again does not help.
    Other(String),
}

/// A connection to a database.
pub(super) trait Engine: Send {
    /// Begins a transaction.
    fn begin(&mut self, access: Access) -> Result<(), Fault>;
    /// Runs one statement; the number of rows it changed.
    fn execute(&mut self, sql: &str, values: &[Value]) -> Result<u64, Fault>;
    /// Runs one query; all its rows.
    fn query(&mut self, sql: &str, values: &[Value]) -> Result<Vec<Row>, Fault>;
    /// Whether there is a table of this name.
    fn has_table(&mut self, name: &str) -> Result<bool, Fault>;
    /// Runs statements without parameters.
    fn script(&mut self, sql: &str) -> Result<(), Fault>;
    /// Ends the transaction for good.
    fn commit(&mut self) -> Result<(), Fault>;
    /// Undoes the transaction; a broken connection is as good as undone.
    fn rollback(&mut self);
    /// Connects anew after [`Fault::Lost`].
    fn reconnect(&mut self) -> Result<(), Fault>;
}

/// Connects.
pub(super) fn connect(url: &Url) -> Result<Box<dyn Engine>, Fault> {
    Ok(match url {
        Url::Sqlite(path) => Box::new(sqlite::Sqlite::open(path)?),
        Url::Postgres(address) => Box::new(postgres::Server::open(address)?),
    })
}

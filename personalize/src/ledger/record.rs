//! A row of a table as a value of Rust: the same names in the table, in the log and in JSON.

use super::engine::{Row, Value};
use super::error::LedgerError;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Number, Value as Json};

/// What is kept in a table. Its members are named as the columns are, in the same order.
pub(super) trait Record: Serialize + DeserializeOwned + Clone {
    /// The table.
    const TABLE: &'static str;
    /// Its columns: the key first, `revision` last.
    const COLUMNS: &'static [&'static str];

    /// The key.
    fn id(&self) -> &str;
    /// How often the row was changed; 0: not yet in the table.
    fn revision(&self) -> i64;
    /// After a change.
    fn set_revision(&mut self, revision: i64);
}

/// `a, b, c`.
pub(super) fn list<R: Record>() -> String {
    R::COLUMNS.join(", ")
}

/// The row as it is written into the log.
pub(super) fn image<R: Record>(record: &R) -> Result<String, LedgerError> {
    serde_json::to_string(record).map_err(|error| LedgerError::damaged::<R>(record.id(), &error.to_string()))
}

/// The cells in the order of the columns.
pub(super) fn cells<R: Record>(record: &R) -> Result<Vec<Value>, LedgerError> {
    let damaged = |words: &str| LedgerError::damaged::<R>(record.id(), words);
    let json = serde_json::to_value(record).map_err(|error| damaged(&error.to_string()))?;
    let cell = |column: &&str| match &json[*column] {
        Json::Null => Ok(Value::Null),
        Json::String(text) => Ok(Value::Text(text.clone())),
        Json::Number(number) => number.as_i64().map(Value::Number).ok_or_else(|| damaged(column)),
        _ => Err(damaged(column)),
    };
    R::COLUMNS.iter().map(cell).collect()
}

/// A row of the database as the JSON that its image in the log should be.
pub(super) fn json<R: Record>(row: &Row) -> Json {
    let cell = |value: &Value| match value {
        Value::Null => Json::Null,
        Value::Text(text) => Json::String(text.clone()),
        Value::Number(number) => Json::Number(Number::from(*number)),
    };
    let columns = R::COLUMNS.iter().zip(&row.0);
    Json::Object(
        columns
            .map(|(column, value)| ((*column).to_owned(), cell(value)))
            .collect::<Map<_, _>>(),
    )
}

/// A row of the database.
pub(super) fn from_row<R: Record>(row: &Row) -> Result<R, LedgerError> {
    serde_json::from_value(json::<R>(row)).map_err(|error| LedgerError::damaged::<R>(row.text(0), &error.to_string()))
}

/// Yes and no, kept as 1 and 0.
pub(super) mod flag {
    use serde::{Deserialize, Deserializer, Serializer};

    #[allow(clippy::trivially_copy_pass_by_ref, reason = "the form serde asks for")]
    pub fn serialize<S: Serializer>(flag: &bool, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(i64::from(*flag))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
        i64::deserialize(deserializer).map(|number| number != 0)
    }
}

/// Gives a structure its table and columns, from one list of its members.
macro_rules! table {
    ($table:literal, $type:ident: $($column:ident),+) => {
        impl $crate::ledger::record::Record for $type {
            const TABLE: &'static str = $table;
            const COLUMNS: &'static [&'static str] = &[$(stringify!($column)),+];

            fn id(&self) -> &str {
                &self.id
            }

            fn revision(&self) -> i64 {
                self.revision
            }

            fn set_revision(&mut self, revision: i64) {
                self.revision = revision;
            }
        }
    };
}
pub(super) use table;

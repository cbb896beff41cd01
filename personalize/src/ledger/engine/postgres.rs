//! PostgreSQL, or a server that speaks its protocol: a city, a province.

use super::tls::TlsFault;
use super::url::ServerAddress;
use super::{Access, Engine, Fault, Row, Value};
use bytes::BytesMut;
use postgres::error::SqlState;
use postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};
use postgres::{Client, Config, NoTls, Statement};
use std::collections::HashMap;
use std::error::Error;
use std::time::Duration;
use tokio_postgres_rustls::MakeRustlsConnect;

/// How long a server may take to answer the first call.
const CONNECT: Duration = Duration::from_secs(5);

/// A connection to a server.
pub(super) struct Server {
    config: Config,
    tls: Option<MakeRustlsConnect>,
    client: Client,
    statements: HashMap<String, Statement>,
}

impl Server {
    /// Connects.
    pub(super) fn open(address: &ServerAddress) -> Result<Self, Fault> {
        let mut config = address.config.clone();
        config.connect_timeout(CONNECT).ssl_mode(address.tls.mode());
        let tls = address.tls.connector().map_err(Fault::Tls)?;
        Ok(Self {
            client: connect(&config, tls.as_ref())?,
            config,
            tls,
            statements: HashMap::new(),
        })
    }

    /// Prepared once for each connection.
    fn statement(&mut self, sql: &str) -> Result<Statement, Fault> {
        if let Some(statement) = self.statements.get(sql) {
            return Ok(statement.clone());
        }
        let statement = self.client.prepare(sql).map_err(fault)?;
        self.statements.insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }

    fn simple(&mut self, sql: &str) -> Result<(), Fault> {
        self.client.batch_execute(sql).map_err(fault)
    }
}

fn connect(config: &Config, tls: Option<&MakeRustlsConnect>) -> Result<Client, Fault> {
    let connected = match tls {
        None => config.connect(NoTls),
        Some(tls) => config.connect(tls.clone()),
    };
    connected.map_err(|error| TlsFault::of(&error).map_or_else(|| fault(error), Fault::Tls))
}

impl Engine for Server {
    fn begin(&mut self, access: Access) -> Result<(), Fault> {
        self.simple(match access {
            Access::Read => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
            Access::Write => "BEGIN ISOLATION LEVEL SERIALIZABLE",
        })
    }

    fn execute(&mut self, sql: &str, values: &[Value]) -> Result<u64, Fault> {
        let statement = self.statement(sql)?;
        let values: Vec<&(dyn ToSql + Sync)> = values.iter().map(|v| v as &(dyn ToSql + Sync)).collect();
        self.client.execute(&statement, &values).map_err(fault)
    }

    fn query(&mut self, sql: &str, values: &[Value]) -> Result<Vec<Row>, Fault> {
        let statement = self.statement(sql)?;
        let values: Vec<&(dyn ToSql + Sync)> = values.iter().map(|v| v as &(dyn ToSql + Sync)).collect();
        let rows = self.client.query(&statement, &values).map_err(fault)?;
        let cells = |row: &postgres::Row| {
            let cells = (0..row.len()).map(|index| row.try_get(index).map_err(fault));
            Ok(Row(cells.collect::<Result<Vec<Value>, Fault>>()?))
        };
        rows.iter().map(cells).collect()
    }

    fn has_table(&mut self, name: &str) -> Result<bool, Fault> {
        let sql = "SELECT CAST(table_name AS TEXT) FROM information_schema.tables WHERE table_schema = current_schema() AND table_name = $1";
        Ok(!self.query(sql, &[name.into()])?.is_empty())
    }

    fn script(&mut self, sql: &str) -> Result<(), Fault> {
        self.simple(sql)
    }

    fn commit(&mut self) -> Result<(), Fault> {
        self.simple("COMMIT")
    }

    fn rollback(&mut self) {
        // A transaction of a broken connection is undone by the server.
        let _ = self.simple("ROLLBACK");
    }

    fn reconnect(&mut self) -> Result<(), Fault> {
        self.statements.clear();
        self.client = connect(&self.config, self.tls.as_ref())?;
        Ok(())
    }
}

impl ToSql for Value {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Number(number) => number.to_sql(ty, out),
            Self::Text(text) => text.to_sql(ty, out),
        }
    }

    fn accepts(ty: &Type) -> bool {
        *ty == Type::INT8 || <String as ToSql>::accepts(ty)
    }

    to_sql_checked!();
}

impl<'a> FromSql<'a> for Value {
    fn from_sql(ty: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        if *ty == Type::INT8 {
            i64::from_sql(ty, raw).map(Self::Number)
        } else {
            String::from_sql(ty, raw).map(Self::Text)
        }
    }

    fn from_sql_null(_: &Type) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self::Null)
    }

    fn accepts(ty: &Type) -> bool {
        <Self as ToSql>::accepts(ty)
    }
}

#[allow(clippy::needless_pass_by_value, reason = "the form map_err asks for")]
fn fault(error: postgres::Error) -> Fault {
    let Some(database) = error.as_db_error() else {
        // No word of the server: the line is broken, unless we called it wrongly.
        let words = error.source().map_or_else(|| error.to_string(), ToString::to_string);
        let broken = error.is_closed() || error.source().is_some_and(<dyn Error>::is::<std::io::Error>);
        return if broken {
            Fault::Lost(words)
        } else {
            Fault::Other(words)
        };
    };
    let words = database.message().to_owned();
    let code = database.code();
    let conflicts = [
        SqlState::T_R_SERIALIZATION_FAILURE,
        SqlState::T_R_DEADLOCK_DETECTED,
        // A unique value was taken meanwhile: the rules, asked again, say who holds it.
        SqlState::UNIQUE_VIOLATION,
        SqlState::LOCK_NOT_AVAILABLE,
    ];
    // 57P01–57P03: the server stops or starts; 53300: it is full for the moment; 08: the connection.
    if conflicts.contains(code) {
        Fault::Conflict(words)
    } else if ["57P", "53", "08"].iter().any(|class| code.code().starts_with(class)) {
        Fault::Lost(words)
    } else {
        Fault::Other(words)
    }
}

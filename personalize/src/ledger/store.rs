//! Opening a ledger, and transactions that are tried again when others were faster.

use super::electronic::RealName;
use super::engine::{Access, Engine, Fault, Url, Value, connect};
use super::error::LedgerError;
use super::schema::{NEWEST, VERSIONS, name};
use super::transaction::{Transaction, moment};
use crate::numbers::Region;
use jiff::Timestamp;
use sm3::{Digest, Sm3};
use std::collections::HashMap;
use std::time::{Duration, Instant};

/// How long a transaction is tried again before the ledger gives up.
const PATIENCE: Duration = Duration::from_secs(30);
/// Longest pause between two tries.
const PAUSE: u64 = 400;

/// A ledger, connected.
pub struct Ledger {
    /// Told without a password.
    pub(super) url: Url,
    pub(super) engine: Box<dyn Engine>,
    patience: Duration,
    /// Six digits of the province or city.
    pub(super) region: String,
    /// Methods of real-name checks that this program has itself.
    pub(super) real_names: HashMap<String, Box<dyn RealName + Send>>,
}

impl core::fmt::Debug for Ledger {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Ledger").field("url", &self.url).finish_non_exhaustive()
    }
}

impl Ledger {
    /// Opens a ledger by its address: `sqlite:FILE`, a path, or `postgres://USER@HOST/DATABASE`, which takes the parameters of libpq:
    /// `?sslmode=verify-full&sslrootcert=FILE`.
    ///
    /// # Errors
    /// The address is none, the database does not answer, it holds no ledger, or one of another version.
    pub fn open(address: &str) -> Result<Self, LedgerError> {
        if let Url::Sqlite(path) = Url::parse(address)?
            && !path.exists()
        {
            // SQLite would make an empty file of it.
            return Err(LedgerError::NoLedger {
                address: address.to_owned(),
            });
        }
        let mut ledger = Self::connect(address)?;
        match ledger.version()? {
            NEWEST => {}
            0 => {
                return Err(LedgerError::NoLedger {
                    address: ledger.url.to_string(),
                });
            }
            found => return Err(LedgerError::Version { found, known: NEWEST }),
        }
        ledger.region = ledger.known(name::REGION)?;
        Ok(ledger)
    }

    /// Makes an empty ledger of a province or city, or brings one of an older program up to date. Gives whether it is new.
    ///
    /// # Errors
    /// The address is none, the database does not answer, or it holds a ledger of a newer program.
    pub fn init(address: &str, region: &Region, at: Timestamp) -> Result<(Self, bool), LedgerError> {
        let mut ledger = Self::connect(address)?;
        let begun = ledger.attempt(Access::Write, "init", |engine| {
            let found = version(engine)?;
            if found > NEWEST {
                return Err(LedgerError::Version { found, known: NEWEST });
            }
            for (statements, number) in VERSIONS.iter().zip(1_i64..).filter(|(_, number)| *number > found) {
                engine.script(statements)?;
                engine.execute("DELETE FROM ledger WHERE name = $1", &[name::VERSION.into()])?;
                tell(engine, name::VERSION, &number.to_string())?;
            }
            if found == 0 {
                tell(engine, name::REGION, region.as_str())?;
                tell(engine, name::BEGUN, &moment(at))?;
            }
            Ok(found == 0)
        })?;
        ledger.region = ledger.known(name::REGION)?;
        Ok((ledger, begun))
    }

    /// How long to try again when others are faster or the server is away; 30 seconds unless told otherwise.
    pub fn set_patience(&mut self, patience: Duration) {
        self.patience = patience;
    }

    /// Does some work in one serializable transaction, again from its beginning whenever somebody else was faster. `request`
    /// spreads the pauses of those who collide.
    pub(super) fn write<T>(
        &mut self,
        request: &str,
        mut work: impl FnMut(&mut Transaction<'_>) -> Result<T, LedgerError>,
    ) -> Result<T, LedgerError> {
        self.attempt(Access::Write, request, |engine| {
            let mut transaction = Transaction::new(engine);
            let result = work(&mut transaction)?;
            transaction.close()?;
            Ok(result)
        })
    }

    /// Reads one consistent picture.
    pub(super) fn read<T>(
        &mut self,
        mut work: impl FnMut(&mut Transaction<'_>) -> Result<T, LedgerError>,
    ) -> Result<T, LedgerError> {
        self.attempt(Access::Read, "read", |engine| work(&mut Transaction::new(engine)))
    }

    fn connect(address: &str) -> Result<Self, LedgerError> {
        let url = Url::parse(address)?;
        let begun = Instant::now();
        let mut tries = 0;
        let engine = loop {
            match connect(&url) {
                Ok(engine) => break engine,
                // A server that restarts is back within seconds; one that is not there is said so.
                Err(Fault::Conflict(_) | Fault::Lost(_)) if begun.elapsed() <= PATIENCE / 6 => {
                    pause("connect", &mut tries);
                }
                Err(Fault::Tls(fault)) => return Err(fault.into()),
                Err(Fault::Conflict(words) | Fault::Lost(words) | Fault::Other(words)) => {
                    return Err(LedgerError::Database { words });
                }
            }
        };
        Ok(Self {
            url,
            engine,
            patience: PATIENCE,
            region: String::new(),
            real_names: HashMap::new(),
        })
    }

    fn version(&mut self) -> Result<i64, LedgerError> {
        self.attempt(Access::Read, "version", version)
    }

    fn known(&mut self, name: &str) -> Result<String, LedgerError> {
        let sql = "SELECT content FROM ledger WHERE name = $1";
        self.read(|transaction| {
            let rows = transaction.query(sql, &[name.into()])?;
            Ok(rows.first().map(|row| row.text(0).to_owned()).unwrap_or_default())
        })
    }

    fn attempt<T>(
        &mut self,
        access: Access,
        request: &str,
        mut work: impl FnMut(&mut dyn Engine) -> Result<T, LedgerError>,
    ) -> Result<T, LedgerError> {
        let begun = Instant::now();
        let mut tries = 0;
        loop {
            let engine = self.engine.as_mut();
            let result = (|| {
                engine.begin(access)?;
                let result = work(engine)?;
                engine.commit()?;
                Ok(result)
            })();
            let (words, lost) = match result {
                Ok(result) => return Ok(result),
                Err(LedgerError::Again { words, lost }) => (words, lost),
                Err(error) => {
                    self.engine.rollback();
                    return Err(error);
                }
            };
            self.engine.rollback();
            if begun.elapsed() > self.patience {
                return Err(LedgerError::Busy { words });
            }
            pause(request, &mut tries);
            if lost && let Err(fault @ (Fault::Tls(_) | Fault::Other(_))) = self.engine.reconnect() {
                return Err(fault.into());
            }
        }
    }
}

/// Version of the tables; 0 where there are none.
fn version(engine: &mut dyn Engine) -> Result<i64, LedgerError> {
    if !engine.has_table("ledger")? {
        return Ok(0);
    }
    let values: [Value; 1] = [name::VERSION.into()];
    let rows = engine.query("SELECT content FROM ledger WHERE name = $1", &values)?;
    Ok(rows.first().and_then(|row| row.text(0).parse().ok()).unwrap_or(0))
}

fn tell(engine: &mut dyn Engine, name: &str, content: &str) -> Result<(), LedgerError> {
    let sql = "INSERT INTO ledger (name, content) VALUES ($1, $2)";
    engine.execute(sql, &[name.into(), content.into()])?;
    Ok(())
}

/// Waits longer each time, and not as long as the others do.
fn pause(request: &str, tries: &mut u32) {
    let longest = (4_u64 << (*tries).min(7)).min(PAUSE);
    let mixed = Sm3::new_with_prefix(request)
        .chain_update(tries.to_be_bytes())
        .chain_update(std::process::id().to_be_bytes())
        .chain_update(format!("{:?}", std::thread::current().id()))
        .finalize();
    let share = u64::from(mixed[0]);
    std::thread::sleep(Duration::from_millis(longest * share / 255));
    *tries = tries.saturating_add(1);
}

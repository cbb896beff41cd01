//! One transaction: rows read and changed, and the lines of the log that say so.

use super::electronic::Binding;
use super::engine::{Engine, Fault, Row, Value};
use super::entities::{Outlet, Staff};
use super::error::LedgerError;
use super::line::{self, BEGINNING, Change, Line};
use super::record::{Record, cells, from_row, image, list};
use jiff::Timestamp;
use std::collections::{BTreeMap, HashMap};

/// Who does something, where and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// Name in the log.
    pub id: String,
    /// Role of the rules.
    pub role: String,
    /// The outlet: its region, its bank, its chain of log lines.
    pub outlet: Outlet,
    /// When it is done; the ledger has no clock of its own.
    pub at: Timestamp,
}

/// What a line of the log says besides who, where and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Entry<'a> {
    pub act: &'a str,
    pub reason: &'a str,
    pub subject: &'a str,
    /// Number of the request: the same request is never done twice.
    pub request: &'a str,
    pub outcome: &'a str,
}

/// The end of a chain as this transaction leaves it.
struct Head {
    seq: i64,
    digest: String,
    fresh: bool,
}

/// A transaction at work. What it changed is in force when it is committed, or not at all.
pub struct Transaction<'l> {
    engine: &'l mut dyn Engine,
    pending: BTreeMap<(&'static str, String), (i64, String)>,
    heads: HashMap<String, Head>,
}

impl<'l> Transaction<'l> {
    pub(super) fn new(engine: &'l mut dyn Engine) -> Self {
        Self {
            engine,
            pending: BTreeMap::new(),
            heads: HashMap::new(),
        }
    }

    pub(super) fn query(&mut self, sql: &str, values: &[Value]) -> Result<Vec<Row>, LedgerError> {
        Ok(self.engine.query(sql, values)?)
    }

    /// The row with a key.
    pub(super) fn get<R: Record>(&mut self, id: &str) -> Result<Option<R>, LedgerError> {
        let key = R::COLUMNS[0];
        let found = self.find(&format!("{key} = $1"), &[id.into()])?;
        Ok(found.into_iter().next())
    }

    /// The rows for which a condition holds. The condition is the program's own text; values come as parameters.
    pub(super) fn find<R: Record>(&mut self, condition: &str, values: &[Value]) -> Result<Vec<R>, LedgerError> {
        let sql = format!("SELECT {} FROM {} WHERE {condition}", list::<R>(), R::TABLE);
        self.engine.query(&sql, values)?.iter().map(from_row).collect()
    }

    /// Writes a row, new or changed. A line of the log has to follow.
    pub(super) fn save<R: Record>(&mut self, row: &mut R) -> Result<(), LedgerError> {
        let key = (R::TABLE, row.id().to_owned());
        let before = row.revision();
        // Changed twice in one line, a row has one image.
        if !self.pending.contains_key(&key) {
            row.set_revision(before + 1);
        }
        if before == 0 {
            let marks: Vec<String> = (1..=R::COLUMNS.len()).map(|n| format!("${n}")).collect();
            let sql = format!(
                "INSERT INTO {} ({}) VALUES ({})",
                R::TABLE,
                list::<R>(),
                marks.join(", ")
            );
            self.engine.execute(&sql, &cells(row)?)?;
        } else {
            let sets = R::COLUMNS
                .iter()
                .enumerate()
                .skip(1)
                .map(|(n, column)| format!("{column} = ${}", n + 1));
            let sets = sets.collect::<Vec<_>>().join(", ");
            let last = R::COLUMNS.len() + 1;
            let sql = format!(
                "UPDATE {} SET {sets} WHERE {} = $1 AND revision = ${last}",
                R::TABLE,
                R::COLUMNS[0]
            );
            let mut values = cells(row)?;
            values.push(before.into());
            if self.engine.execute(&sql, &values)? != 1 {
                return Err(Fault::Conflict(format!("{} {} was changed meanwhile", R::TABLE, row.id())).into());
            }
        }
        self.pending.insert(key, (row.revision(), image(row)?));
        Ok(())
    }

    /// What came out of a request that was done already.
    pub(super) fn done(&mut self, request: &str) -> Result<Option<Line>, LedgerError> {
        let sql = format!("SELECT {} FROM line WHERE request = $1", line::COLUMNS);
        Ok(self.query(&sql, &[request.into()])?.first().map(Line::of))
    }

    /// The number that the next line of an outlet's chain will have.
    pub(super) fn next_seq(&mut self, outlet: &str) -> Result<i64, LedgerError> {
        Ok(self.head(outlet)?.seq + 1)
    }

    /// Writes the line for all rows changed since the last one.
    pub(super) fn note(&mut self, actor: &Actor, entry: &Entry<'_>) -> Result<(), LedgerError> {
        let chain = actor.outlet.id.as_str();
        self.head(chain)?;
        let changes: Vec<Change> = std::mem::take(&mut self.pending)
            .into_iter()
            .map(|((entity, id), (revision, image))| Change {
                entity: entity.to_owned(),
                id,
                revision,
                image,
            })
            .collect();
        let head = self
            .heads
            .get_mut(chain)
            .ok_or_else(|| LedgerError::unknown("outlet", chain))?;
        let mut line = Line {
            chain: chain.to_owned(),
            seq: head.seq + 1,
            made_at: moment(actor.at),
            who: actor.id.clone(),
            role: actor.role.clone(),
            place: chain.to_owned(),
            act: entry.act.to_owned(),
            reason: entry.reason.to_owned(),
            subject: entry.subject.to_owned(),
            request: entry.request.to_owned(),
            outcome: entry.outcome.to_owned(),
            previous: head.digest.clone(),
            digest: String::new(),
        };
        line.digest = line.computed(&changes);
        head.seq = line.seq;
        head.digest.clone_from(&line.digest);
        let sql = format!(
            "INSERT INTO line ({}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
            line::COLUMNS
        );
        self.engine.execute(&sql, &line.cells())?;
        for change in changes {
            let values = [
                change.entity.into(),
                change.id.into(),
                change.revision.into(),
                chain.into(),
                line.seq.into(),
                change.image.into(),
            ];
            let sql = "INSERT INTO change (entity, id, revision, chain, seq, image) VALUES ($1, $2, $3, $4, $5, $6)";
            self.engine.execute(sql, &values)?;
        }
        Ok(())
    }

    /// Does a part of the work for itself: refused, it leaves no trace, and the rest goes on.
    pub(super) fn apart<T>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, LedgerError>,
    ) -> Result<T, LedgerError> {
        self.engine.script("SAVEPOINT part")?;
        let result = work(self);
        match &result {
            Ok(_) => self.engine.script("RELEASE SAVEPOINT part")?,
            Err(LedgerError::Again { .. } | LedgerError::Database { .. }) => {}
            Err(_) => {
                self.pending.clear();
                self.engine.script("ROLLBACK TO SAVEPOINT part")?;
            }
        }
        result
    }

    /// Writes the ends of the chains; then the transaction can be committed.
    pub(super) fn close(mut self) -> Result<(), LedgerError> {
        if let Some(((table, id), _)) = self.pending.pop_first() {
            return Err(LedgerError::Damaged {
                table,
                id,
                words: "changed without a line in the log".to_owned(),
            });
        }
        for (chain, head) in self.heads {
            let values = [chain.into(), head.seq.into(), head.digest.into()];
            let sql = match head.fresh {
                true => "INSERT INTO chain (id, seq, head) VALUES ($1, $2, $3)",
                false => "UPDATE chain SET seq = $2, head = $3 WHERE id = $1",
            };
            self.engine.execute(sql, &values)?;
        }
        Ok(())
    }

    /// The channels that an electronic card is bound to.
    pub(super) fn channels(&mut self, ecard: &str) -> Result<Vec<String>, LedgerError> {
        let bound = self.find::<Binding>("ecard = $1 AND active = 1 ORDER BY channel", &[ecard.into()])?;
        Ok(bound.into_iter().map(|binding| binding.channel).collect())
    }

    /// Somebody of the ledger's staff at work.
    pub(super) fn actor(&mut self, id: &str, at: Timestamp) -> Result<Actor, LedgerError> {
        let staff: Option<Staff> = self.get(id)?;
        let staff = staff
            .filter(|staff| staff.active)
            .ok_or_else(|| LedgerError::unknown("staff", id))?;
        let outlet = self
            .get(&staff.outlet)?
            .ok_or_else(|| LedgerError::unknown("outlet", &staff.outlet))?;
        Ok(Actor {
            id: staff.id,
            role: staff.role,
            outlet,
            at,
        })
    }

    fn head(&mut self, chain: &str) -> Result<&mut Head, LedgerError> {
        if !self.heads.contains_key(chain) {
            let rows = self
                .engine
                .query("SELECT seq, head FROM chain WHERE id = $1", &[chain.into()])?;
            let head = match rows.first() {
                Some(row) => Head {
                    seq: row.number(0),
                    digest: row.text(1).to_owned(),
                    fresh: false,
                },
                None => Head {
                    seq: 0,
                    digest: BEGINNING.to_owned(),
                    fresh: true,
                },
            };
            self.heads.insert(chain.to_owned(), head);
        }
        self.heads
            .get_mut(chain)
            .ok_or_else(|| LedgerError::unknown("outlet", chain))
    }
}

/// A moment as the ledger writes it: UTC, to the second.
pub(super) fn moment(at: Timestamp) -> String {
    at.strftime("%FT%TZ").to_string()
}

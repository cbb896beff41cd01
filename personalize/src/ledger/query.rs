//! Questions: where is my card, who waits too long, what do we know, what was done.

use super::electronic::Ecard;
use super::entities::{Application, Card, Outlet, Person};
use super::error::LedgerError;
use super::line::{self, Line};
use super::order::Target;
use super::rules::Rules;
use super::transaction::Transaction;
use crate::words::message;
use card_model::words::Lang;
use jiff::civil::Date;
use jiff::tz::{Offset, TimeZone};
use jiff::{Timestamp, ToSpan};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where an application stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Progress {
    /// The application.
    pub application: Application,
    /// Its card, once it is made.
    pub card: Option<Card>,
    /// Name of the outlet.
    pub outlet: String,
    /// Whether the promise is broken.
    pub overdue: bool,
}

/// What is known about a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Standing {
    /// The person.
    pub person: Person,
    /// All applications, the newest first.
    pub applications: Vec<Application>,
    /// All cards, the newest first.
    pub cards: Vec<Card>,
    /// All electronic cards, the newest first.
    #[serde(default)]
    pub ecards: Vec<Ecard>,
    /// Channels that the electronic card is bound to.
    #[serde(default)]
    pub channels: Vec<String>,
}

/// Something that should have happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Overdue {
    /// `promise`: the card should be there; `oral_loss`: a formal report of loss should have followed.
    pub kind: String,
    /// Application or card number.
    pub subject: String,
    /// Outlet.
    pub outlet: String,
    /// State, by its name.
    pub state: String,
    /// The day by which it should have happened.
    pub due: Date,
    /// Days since then.
    pub days: i64,
}

/// Where the newest application of a person stands, or the one that is named.
pub(super) fn progress(
    transaction: &mut Transaction<'_>,
    target: &Target,
    at: Timestamp,
) -> Result<Progress, LedgerError> {
    let (condition, key, what) = match target {
        Target::Person(id) => ("person = $1 ORDER BY applied DESC, id DESC LIMIT 1", id, "person"),
        Target::Application(id) => ("id = $1", id, "application"),
        Target::Card(id) => ("card = $1", id, "card"),
        Target::Ecard(id) => ("card = (SELECT card FROM ecard WHERE id = $1)", id, "ecard"),
    };
    let found = transaction.find::<Application>(condition, &[key.as_str().into()])?;
    let application = found
        .into_iter()
        .next()
        .ok_or_else(|| LedgerError::unknown(what, key))?;
    let card = match &application.card {
        Some(number) => transaction.get::<Card>(number)?,
        None => None,
    };
    let outlet = transaction.get::<Outlet>(&application.outlet)?;
    let waiting = ["applied", "making", "failed", "made"].contains(&application.state.as_str());
    Ok(Progress {
        overdue: waiting && application.promised < day(at),
        outlet: outlet.map(|outlet| outlet.name).unwrap_or_default(),
        application,
        card,
    })
}

/// What is known about a person.
pub(super) fn standing(transaction: &mut Transaction<'_>, number: &str) -> Result<Standing, LedgerError> {
    let person = transaction.get::<Person>(number)?;
    let key = [number.into()];
    let ecards: Vec<Ecard> = transaction.find("person = $1 ORDER BY opened DESC, id", &key)?;
    let channels = match ecards.iter().find(|ecard| ecard.valid_of.is_some()) {
        Some(ecard) => transaction.channels(&ecard.id)?,
        None => Vec::new(),
    };
    Ok(Standing {
        ecards,
        channels,
        person: person.ok_or_else(|| LedgerError::unknown("person", number))?,
        applications: transaction.find("person = $1 ORDER BY applied DESC, id DESC", &key)?,
        cards: transaction.find("person = $1 ORDER BY changed DESC, id DESC", &key)?,
    })
}

/// All lines about a row, the oldest first.
pub(super) fn history(transaction: &mut Transaction<'_>, subject: &str) -> Result<Vec<Line>, LedgerError> {
    let columns: Vec<String> = line::COLUMNS
        .split(", ")
        .map(|column| format!("line.{column}"))
        .collect();
    let sql = format!(
        "SELECT DISTINCT {} FROM line JOIN change ON change.chain = line.chain AND change.seq = line.seq \
         WHERE change.id = $1 ORDER BY line.made_at, line.chain, line.seq",
        columns.join(", ")
    );
    let rows = transaction.query(&sql, &[subject.into()])?;
    Ok(rows.iter().map(Line::of).collect())
}

/// What is overdue, the longest first.
pub(super) fn overdue(
    transaction: &mut Transaction<'_>,
    rules: &Rules,
    at: Timestamp,
) -> Result<Vec<Overdue>, LedgerError> {
    let mut all = promises(transaction, day(at))?;
    all.extend(oral_losses(transaction, rules, day(at))?);
    all.sort_by(|a, b| (a.due, &a.subject).cmp(&(b.due, &b.subject)));
    Ok(all)
}

/// How many cards are valid, sealed and cancelled, and how many applications are open.
pub(super) fn counts(transaction: &mut Transaction<'_>) -> Result<Counts, LedgerError> {
    let mut count = |sql: &str| {
        let rows = transaction.query(sql, &[])?;
        Ok::<_, LedgerError>(rows.first().map_or(0, |row| row.number(0)))
    };
    Ok(Counts {
        people: count("SELECT COUNT(*) FROM person")?,
        open: count("SELECT COUNT(*) FROM application WHERE open_of IS NOT NULL")?,
        sealed: count("SELECT COUNT(*) FROM card WHERE sealed_of IS NOT NULL")?,
        valid: count("SELECT COUNT(*) FROM card WHERE valid_of IS NOT NULL")?,
        cancelled: count("SELECT COUNT(*) FROM card WHERE state = 9")?,
        electronic: count("SELECT COUNT(*) FROM ecard WHERE on_state IS NOT NULL")?,
    })
}

/// How much of what there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Counts {
    /// People.
    pub people: i64,
    /// Open applications.
    pub open: i64,
    /// Sealed cards.
    pub sealed: i64,
    /// Valid cards.
    pub valid: i64,
    /// Cancelled cards.
    pub cancelled: i64,
    /// Electronic cards in use.
    pub electronic: i64,
}

impl Progress {
    /// The answer to "where is my card?", in one sentence.
    pub fn sentence(&self, rules: &Rules, lang: Lang) -> String {
        let it = &self.application;
        let key = match self.overdue {
            true => format!("ledger.progress.{}_overdue", it.state),
            false => format!("ledger.progress.{}", it.state),
        };
        let fee = it.fee_fen - it.paid_fen;
        let told = message(
            lang,
            &key,
            &[
                ("kind", &rules.words(&it.kind, lang)),
                ("applied", &day(it.applied).to_string()),
                ("promised", &it.promised.to_string()),
                ("changed", &day(it.changed).to_string()),
                ("outlet", &self.outlet),
                ("failure", it.failure.as_deref().unwrap_or("–")),
            ],
        );
        if fee <= 0 || !["applied", "failed"].contains(&it.state.as_str()) {
            return told;
        }
        let yuan = format!("{}.{:02}", fee / 100, fee % 100);
        told + &message(lang, "ledger.progress.fee", &[("yuan", &yuan)])
    }
}

fn promises(transaction: &mut Transaction<'_>, today: Date) -> Result<Vec<Overdue>, LedgerError> {
    let condition = "state IN ('applied', 'making', 'failed', 'made') AND promised < $1 ORDER BY promised, id";
    let found = transaction.find::<Application>(condition, &[today.to_string().into()])?;
    let overdue = found.into_iter().map(|it| Overdue {
        kind: "promise".to_owned(),
        subject: it.id,
        outlet: it.outlet,
        state: it.state,
        due: it.promised,
        days: days(it.promised, today),
    });
    Ok(overdue.collect())
}

fn oral_losses(transaction: &mut Transaction<'_>, rules: &Rules, today: Date) -> Result<Vec<Overdue>, LedgerError> {
    let found = transaction.find::<Card>("state = 4 ORDER BY changed, id", &[])?;
    let due = |card: &Card| day(card.changed).checked_add(rules.card.oral_loss_days.days()).ok();
    let overdue = found.into_iter().filter_map(|card| {
        let due = due(&card).filter(|due| *due < today)?;
        Some(Overdue {
            kind: "oral_loss".to_owned(),
            subject: card.id,
            outlet: card.outlet,
            state: rules.card_state(card.state)?.name.clone(),
            due,
            days: days(due, today),
        })
    });
    Ok(overdue.collect())
}

/// The day of a moment where the ledger is: the whole country keeps UTC+8.
pub(super) fn day(at: Timestamp) -> Date {
    at.to_zoned(TimeZone::fixed(Offset::constant(8))).date()
}

fn days(from: Date, to: Date) -> i64 {
    (to - from).get_days().into()
}

//! Receipts (回盘): what became of the applications of a batch or an outlet, as the province takes it back.

use super::super::entities::{Application, Card, Person};
use super::super::error::LedgerError;
use super::super::transaction::Transaction;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Lines read at a time.
const PAGE: usize = 500;

/// One line of the receipts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Returned {
    /// Application.
    pub application: String,
    /// Batch.
    pub batch: String,
    /// State of the application, by its name.
    pub state: String,
    /// Why making failed.
    pub failure: String,
    /// Card number.
    pub card_number: String,
    /// Social security number.
    pub social_security_number: String,
    /// Name.
    pub name: String,
    /// Issue date.
    pub issue_date: String,
    /// Expiry date.
    pub expiry_date: String,
    /// Card identification code in hex.
    pub card_id: String,
    /// Historical bytes in hex.
    pub historical: String,
    /// Number of the financial account.
    pub bank_number: String,
}

/// The receipts of a batch, or of all applications of an outlet, in the order of applications.
pub(in crate::ledger) fn of(
    transaction: &mut Transaction<'_>,
    outlet: &str,
    batch: Option<&str>,
) -> Result<Vec<Returned>, LedgerError> {
    let mut all = Vec::new();
    let mut after = String::new();
    loop {
        let page: Vec<Application> = match batch {
            Some(batch) => transaction.find(
                "batch = $1 AND outlet = $2 AND id > $3 ORDER BY id LIMIT $4",
                &[batch.into(), outlet.into(), after.as_str().into(), (PAGE as i64).into()],
            )?,
            None => transaction.find(
                "outlet = $1 AND id > $2 ORDER BY id LIMIT $3",
                &[outlet.into(), after.as_str().into(), (PAGE as i64).into()],
            )?,
        };
        let Some(last) = page.last() else { return Ok(all) };
        after.clone_from(&last.id);
        for it in page {
            let person: Option<Person> = transaction.get(&it.person)?;
            let card: Option<Card> = match &it.card {
                Some(number) => transaction.get(number)?,
                None => None,
            };
            all.push(line(it, person, card));
        }
    }
}

/// The receipts as CSV that a spreadsheet opens.
///
/// # Errors
/// A cell cannot be written.
pub fn write(lines: &[Returned]) -> Result<Vec<u8>, LedgerError> {
    let failed = |error: &dyn core::fmt::Display| LedgerError::input("reason", &error.to_string());
    let mut writer = csv::Writer::from_writer(b"\xEF\xBB\xBF".to_vec());
    for line in lines {
        writer.serialize(line).map_err(|error| failed(&error))?;
    }
    writer.into_inner().map_err(|error| failed(&error))
}

fn line(it: Application, person: Option<Person>, card: Option<Card>) -> Returned {
    let (issued, expires) = card.as_ref().map_or_else(Default::default, |card| {
        (card.issued.to_string(), card.expires.to_string())
    });
    let (card_id, historical, bank_number) = card.map_or((None, None, None), |card| {
        (card.card_id, card.historical, card.bank_number)
    });
    Returned {
        application: it.id,
        batch: it.batch.unwrap_or_default(),
        state: it.state,
        failure: it.failure.unwrap_or_default(),
        card_number: it.card.unwrap_or_default(),
        social_security_number: it.person,
        name: person.map(|person| person.name).unwrap_or_default(),
        issue_date: issued,
        expiry_date: expires,
        card_id: card_id.unwrap_or_default(),
        historical: historical.unwrap_or_default(),
        bank_number: bank_number.unwrap_or_default(),
    }
}

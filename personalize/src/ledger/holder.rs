//! From an application to a line of a holders file: the person's data, through the same checks as everybody's.

use super::entities::Person;
use crate::holders::{Holder, HolderRules, HoldersError, HoldersFile};

/// What the columns are called.
const HEADER: [&str; 6] = [
    "social_security_number",
    "name",
    "sex",
    "date_of_birth",
    "card_number",
    "issue_date",
];

/// The holder of a card with a number, for the issuer.
///
/// # Errors
/// What a person is called, or was born, does not fit on a card.
pub fn holder(person: &Person, card_number: &str, rules: &HolderRules<'_>) -> Result<Holder, HoldersError> {
    let unwritten = |error: csv::Error| HoldersError::Unreadable {
        file: person.id.clone(),
        source: error.into(),
    };
    let sex = if person.sex == "9" { "" } else { &person.sex };
    let issued = rules.settings.issue_date.unwrap_or(rules.today).to_string();
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(HEADER).map_err(unwritten)?;
    let cells = [
        &person.id,
        &person.name,
        sex,
        &person.birth.to_string(),
        card_number,
        &issued,
    ];
    writer.write_record(cells).map_err(unwritten)?;
    let table = writer
        .into_inner()
        .map_err(|error| unwritten(error.into_error().into()))?;
    let none = |_: &str| Err(std::io::ErrorKind::NotFound.into());
    let file = HoldersFile::parse(&table, "ledger", rules, &none)?;
    let mut holders = file.require_all("ledger")?;
    holders.pop().ok_or_else(|| HoldersError::Empty {
        file: "ledger".to_owned(),
    })
}

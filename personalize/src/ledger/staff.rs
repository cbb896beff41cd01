//! Outlets and the people who work there.

use super::entities::{Outlet, Staff};
use super::error::LedgerError;
use super::refusal::{Refusal, both, both_all};
use super::rules::Rules;
use super::store::Ledger;
use super::transaction::{Actor, Entry, Transaction};
use crate::numbers::Region;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An outlet, or somebody who works at one, to be entered or changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Entrance {
    /// An outlet; its `revision` is not looked at.
    Outlet(Outlet),
    /// Somebody; the `revision` is not looked at.
    Staff(Staff),
}

/// Enters or changes outlets and staff, each as [`check`] takes it.
pub(super) fn enter(
    transaction: &mut Transaction<'_>,
    rules: &Rules,
    who: Option<&str>,
    at: Timestamp,
    entrances: &[Entrance],
    request: &str,
) -> Result<(), LedgerError> {
    if transaction.done(request)?.is_some() {
        return Ok(());
    }
    let founding = transaction.query("SELECT COUNT(*) FROM staff", &[])?;
    let founding = founding.first().is_some_and(|row| row.number(0) == 0);
    let actor = match who {
        Some(who) if !founding => Some(transaction.actor(who, at)?),
        None if !founding => return Err(LedgerError::unknown("staff", "")),
        _ => None,
    };
    if let Some(actor) = actor.as_ref().filter(|actor| !rules.may_enter(&actor.role)) {
        return Err(may_not_enter(rules, &actor.role));
    }
    for (number, entrance) in entrances.iter().enumerate() {
        let (subject, outlet) = save(transaction, entrance)?;
        let actor = actor.clone().unwrap_or_else(|| Actor {
            id: "init".to_owned(),
            role: "init".to_owned(),
            outlet,
            at,
        });
        let entry = Entry {
            act: "enter",
            reason: "",
            subject: &subject,
            request: &if number == 0 {
                request.to_owned()
            } else {
                format!("{request}+{number}")
            },
            outcome: "",
        };
        transaction.note(&actor, &entry)?;
    }
    Ok(())
}

impl Ledger {
    /// Whether somebody may ask what is known about people.
    ///
    /// # Errors
    /// Not by the rules; nobody of that name works here.
    pub fn allow_inquiry(&mut self, rules: &Rules, who: &str, at: Timestamp) -> Result<(), LedgerError> {
        let act = ["ask about people", "查询人员"];
        self.allow(rules, who, at, act, &rules.administration.inquire)
    }

    /// Whether somebody may read the log and make backups.
    ///
    /// # Errors
    /// Not by the rules; nobody of that name works here.
    pub fn allow_audit(&mut self, rules: &Rules, who: &str, at: Timestamp) -> Result<(), LedgerError> {
        let act = ["read the log", "查看日志"];
        self.allow(rules, who, at, act, &rules.administration.audit)
    }

    fn allow(
        &mut self,
        rules: &Rules,
        who: &str,
        at: Timestamp,
        act: [&str; 2],
        roles: &[String],
    ) -> Result<(), LedgerError> {
        let actor = self.read(|transaction| transaction.actor(who, at))?;
        if roles.contains(&actor.role) {
            return Ok(());
        }
        Err(Refusal::Role {
            act: act.map(str::to_owned),
            role: both(rules, &actor.role),
            who: both_all(rules, roles.iter().map(String::as_str)),
        }
        .into())
    }
}

/// The role may enter neither outlets nor staff.
pub(super) fn may_not_enter(rules: &Rules, role: &str) -> LedgerError {
    Refusal::Role {
        act: ["enter outlets and staff".to_owned(), "登记网点和人员".to_owned()],
        role: both(rules, role),
        who: both_all(rules, rules.administration.enter.iter().map(String::as_str)),
    }
    .into()
}

/// Whether it can be entered as it is written.
pub(super) fn check(rules: &Rules, entrance: &Entrance) -> Result<(), LedgerError> {
    let name = |text: &str, longest: usize| {
        !text.trim().is_empty() && text.chars().count() <= longest && !text.chars().any(char::is_control)
    };
    match entrance {
        Entrance::Outlet(outlet) => {
            let id = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'-';
            if !name(&outlet.id, 20) || !outlet.id.bytes().all(id) {
                return Err(LedgerError::input("outlet", &outlet.id));
            }
            Region::parse(&outlet.region).ok_or_else(|| LedgerError::input("region", &outlet.region))?;
            let words = [("outlet_name", &outlet.name), ("bank", &outlet.bank)];
            match words.into_iter().find(|(_, text)| !name(text, 80)) {
                Some((what, text)) => Err(LedgerError::input(what, text)),
                None => Ok(()),
            }
        }
        Entrance::Staff(staff) if !name(&staff.id, 40) => Err(LedgerError::input("staff", &staff.id)),
        Entrance::Staff(staff) if !rules.has_role(&staff.role) => Err(LedgerError::input("role", &staff.role)),
        Entrance::Staff(_) => Ok(()),
    }
}

/// Writes the row; its key, and the outlet whose chain a founder writes into.
fn save(transaction: &mut Transaction<'_>, entrance: &Entrance) -> Result<(String, Outlet), LedgerError> {
    match entrance {
        Entrance::Outlet(outlet) => {
            let mut outlet = outlet.clone();
            outlet.revision = transaction.get::<Outlet>(&outlet.id)?.map_or(0, |known| known.revision);
            transaction.save(&mut outlet)?;
            Ok((outlet.id.clone(), outlet))
        }
        Entrance::Staff(staff) => {
            let mut staff = staff.clone();
            let outlet = transaction.get::<Outlet>(&staff.outlet)?;
            let outlet = outlet.ok_or_else(|| LedgerError::unknown("outlet", &staff.outlet))?;
            staff.revision = transaction.get::<Staff>(&staff.id)?.map_or(0, |known| known.revision);
            transaction.save(&mut staff)?;
            Ok((staff.id, outlet))
        }
    }
}

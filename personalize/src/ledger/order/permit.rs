//! Whether an order would be done, without doing it.

use super::situation::Situation;
use super::{Order, Receipt, conditions, perform};
use crate::ledger::error::LedgerError;
use crate::ledger::rules::{Condition, Rules};
use crate::ledger::transaction::Transaction;
use jiff::Timestamp;

/// Conditions that leave a trace, and so cannot be asked without doing the order.
const TRACED: [Condition; 3] = [
    Condition::RealName,
    Condition::RealNameWithoutPassword,
    Condition::PasswordRight,
];

/// Whether the rules allow an order; the rows as they are.
pub(in crate::ledger) fn permit(
    transaction: &mut Transaction<'_>,
    rules: &Rules,
    who: &str,
    at: Timestamp,
    order: &Order,
) -> Result<Receipt, LedgerError> {
    let actor = transaction.actor(who, at)?;
    let it = Situation::find(transaction, rules, actor, order)?;
    let transition = perform::transition(&it)?;
    if transition.when.iter().any(|condition| TRACED.contains(condition)) {
        return Err(LedgerError::input("act", &order.act));
    }
    perform::may(&it, transition)?;
    for condition in &transition.when {
        conditions::judge(*condition, &it)?;
    }
    Ok(perform::receipt(it, false))
}

//! Whether an order would be done, without doing it.

use super::situation::Situation;
use super::{Order, Receipt, conditions, perform};
use crate::ledger::error::LedgerError;
use crate::ledger::rules::{Condition, Rules};
use crate::ledger::store::Ledger;
use jiff::Timestamp;

/// Conditions that leave a trace, and so cannot be asked without doing the order.
const TRACED: [Condition; 3] = [
    Condition::RealName,
    Condition::RealNameWithoutPassword,
    Condition::PasswordRight,
];

impl Ledger {
    /// Whether the rules allow an order at this moment. Nothing is written, and so nothing that asks a password can be asked this
    /// way. Gives the rows as they are.
    ///
    /// # Errors
    /// As [`Ledger::perform`]; an act that asks who the person is, or for a password, is none that can be asked here.
    pub fn permit(&mut self, rules: &Rules, who: &str, at: Timestamp, order: &Order) -> Result<Receipt, LedgerError> {
        perform::check(order)?;
        self.read(|transaction| {
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
        })
    }
}

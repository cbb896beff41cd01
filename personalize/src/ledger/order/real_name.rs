//! Asking a program who somebody is: before the transaction, as it may take long, and only when all else allows the order.

use super::situation::Situation;
use super::{Order, conditions, electronic, perform};
use crate::ledger::electronic::{Program, RealName, RealNameError};
use crate::ledger::error::LedgerError;
use crate::ledger::rules::{Condition, RealNameBy, RealNameMethod, Rules};
use crate::ledger::store::Ledger;
use jiff::Timestamp;

/// Conditions that only the answer of the program, or the transaction itself, can satisfy.
const LATER: [Condition; 3] = [
    Condition::RealName,
    Condition::RealNameWithoutPassword,
    Condition::PasswordRight,
];

impl Ledger {
    /// Sets up a method of real-name checks within this program, in place of the one that the rules name.
    pub fn set_real_name(&mut self, method: &str, check: Box<dyn RealName + Send>) {
        self.real_names.insert(method.to_owned(), check);
    }

    /// The method by which it was made sure that the person is who they say, if the order names one that has to be asked.
    pub(in crate::ledger) fn prove(
        &mut self,
        rules: &Rules,
        who: &str,
        at: Timestamp,
        order: &Order,
    ) -> Result<Option<String>, LedgerError> {
        let Some(identified) = &order.details.real_name else {
            return Ok(None);
        };
        let named = rules.real_name(&identified.method);
        let Some(method) = named.filter(|method| method.by == RealNameBy::Program) else {
            return Ok(None);
        };
        let person = self.read(|transaction| {
            if transaction.done(&order.request)?.is_some() {
                return Ok(None);
            }
            let actor = transaction.actor(who, at)?;
            let it = Situation::find(transaction, rules, actor, order)?;
            let transition = perform::transition(&it)?;
            perform::may(&it, transition)?;
            for condition in transition.when.iter().filter(|condition| !LATER.contains(condition)) {
                conditions::judge(*condition, &it)?;
            }
            electronic::method(&it)?;
            Ok(Some(it.person))
        })?;
        let Some(person) = person else { return Ok(None) };
        let evidence = identified.evidence.as_ref().map(super::Secret::expose);
        let asked = electronic::asked(order, &method.name, &person, evidence);
        let yes = match self.real_names.get(&method.name) {
            Some(check) => check.check(&asked)?,
            None => program(method)?.check(&asked)?,
        };
        Ok(Some(method.name.clone()).filter(|_| yes))
    }
}

/// The program that the rules name for a method.
fn program(method: &RealNameMethod) -> Result<Program, RealNameError> {
    let path = method.program.as_deref().ok_or_else(|| RealNameError::NotSetUp {
        method: method.name.clone(),
    })?;
    Ok(Program::new(path, method.seconds.unwrap_or_default()))
}

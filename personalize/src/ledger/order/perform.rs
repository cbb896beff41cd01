//! Doing an order: the transition of the rules is found, its role and conditions are asked, its effects done, its line written.

use super::situation::Situation;
use super::{Order, Receipt, conditions, effects};
use crate::ledger::entities::{Application, Card};
use crate::ledger::error::LedgerError;
use crate::ledger::refusal::{Refusal, both, both_act, both_all};
use crate::ledger::rules::{Effect, Object, Rules, Transition};
use crate::ledger::store::Ledger;
use crate::ledger::transaction::{Entry, Transaction};
use jiff::Timestamp;

/// Longest request number, reason and the like.
const LONGEST: usize = 200;

impl Ledger {
    /// Does an order. `who` is a member of the staff, `at` the moment.
    ///
    /// # Errors
    /// [`LedgerError::Refused`] says which rule does not allow it; then, as with any error, nothing was changed.
    pub fn perform(&mut self, rules: &Rules, who: &str, at: Timestamp, order: &Order) -> Result<Receipt, LedgerError> {
        check(order)?;
        self.write(&order.request, |transaction| one(transaction, rules, who, at, order))
    }

    /// Does several orders in one transaction, each for itself: what the rules refuse stays undone, the others are done.
    ///
    /// # Errors
    /// The database does not work; then nothing was changed.
    pub fn perform_all(
        &mut self,
        rules: &Rules,
        who: &str,
        at: Timestamp,
        orders: &[Order],
    ) -> Result<Vec<Result<Receipt, LedgerError>>, LedgerError> {
        let request = orders.first().map_or("", |order| order.request.as_str());
        self.write(request, |transaction| {
            let mut results = Vec::with_capacity(orders.len());
            for order in orders {
                let done = check(order)
                    .and_then(|()| transaction.apart(|transaction| one(transaction, rules, who, at, order)));
                match done {
                    Err(
                        error
                        @ (LedgerError::Again { .. } | LedgerError::Database { .. } | LedgerError::Damaged { .. }),
                    ) => return Err(error),
                    done => results.push(done),
                }
            }
            Ok(results)
        })
    }
}

/// What goes into the log has an end and no line breaks.
fn check(order: &Order) -> Result<(), LedgerError> {
    let texts = [
        ("request", Some(&order.request)),
        ("reason", order.details.reason.as_ref()),
    ];
    for (what, text) in texts {
        if text.is_some_and(|text| text.chars().count() > LONGEST || text.chars().any(char::is_control)) {
            return Err(LedgerError::input(what, ""));
        }
    }
    if order.request.is_empty() {
        return Err(LedgerError::input("request", ""));
    }
    Ok(())
}

fn one(
    transaction: &mut Transaction<'_>,
    rules: &Rules,
    who: &str,
    at: Timestamp,
    order: &Order,
) -> Result<Receipt, LedgerError> {
    if let Some(line) = transaction.done(&order.request)? {
        if line.act != order.act {
            return Err(Refusal::Request {
                act: line.act,
                subject: line.subject,
            }
            .into());
        }
        return repeated(transaction, order, &line.subject);
    }
    let actor = transaction.actor(who, at)?;
    let mut it = Situation::find(transaction, rules, actor, order)?;
    let transition = transition(&it)?;
    if !transition.who.contains(&it.actor.role) {
        return Err(role(rules, order, &it.actor.role, &transition.who));
    }
    if transition.does.contains(&Effect::Apply) {
        channel(&it)?;
    }
    for condition in &transition.when {
        conditions::judge(*condition, &it)?;
    }
    for effect in &transition.does {
        effects::apply(*effect, &mut it, transaction)?;
    }
    advance(&mut it, transition);
    it.save(transaction)?;
    let subject = match transition.on {
        Object::Application => it.application.as_ref().map(|it| it.id.clone()),
        Object::Card => it.card.as_ref().map(|it| it.id.clone()),
    };
    let amount = order
        .details
        .amount_fen
        .filter(|_| it.refund_fen == 0)
        .unwrap_or(it.refund_fen);
    let entry = Entry {
        act: &order.act,
        reason: order.details.reason.as_deref().unwrap_or_default(),
        subject: subject.as_deref().unwrap_or_default(),
        request: &order.request,
        outcome: &if amount == 0 {
            String::new()
        } else {
            format!("{amount} fen")
        },
    };
    transaction.note(&it.actor, &entry)?;
    Ok(Receipt {
        request: order.request.clone(),
        act: order.act.clone(),
        repeated: false,
        old_card: it.valid.filter(|card| card.state == 9),
        application: it.application,
        card: it.card,
        refund_fen: it.refund_fen,
    })
}

/// What came out the first time, as it is now.
fn repeated(transaction: &mut Transaction<'_>, order: &Order, subject: &str) -> Result<Receipt, LedgerError> {
    let mut application: Option<Application> = transaction.get(subject)?;
    let mut card: Option<Card> = transaction.get(subject)?;
    if let Some(number) = application.as_ref().and_then(|application| application.card.clone()) {
        card = transaction.get(&number)?;
    } else if let Some(card) = &card {
        application = transaction.get(&card.application)?;
    }
    Ok(Receipt {
        request: order.request.clone(),
        act: order.act.clone(),
        repeated: true,
        application,
        card,
        old_card: None,
        refund_fen: 0,
    })
}

/// The line of the table that fits, or why none does.
fn transition<'r>(it: &Situation<'r>) -> Result<&'r Transition, LedgerError> {
    let (rules, order) = (it.rules, it.order);
    let kind = order.details.kind.as_deref().unwrap_or("first");
    let mine = |line: &&Transition| line.act == order.act;
    let fits = |line: &&Transition| match it.state(line.on) {
        _ if line.from.is_empty() => order.target.is_none() && line.kind.as_deref() == Some(kind),
        Some(state) => line.from.iter().any(|from| from == state),
        None => false,
    };
    let lines = || rules.transition.iter().filter(mine);
    // Where an act exists for both, what was asked for is a card.
    let found = lines()
        .filter(|line| line.on == Object::Card)
        .find(fits)
        .or_else(|| lines().find(fits));
    if let Some(line) = found {
        return Ok(line);
    }
    let Some(first) = lines().next() else {
        return Err(LedgerError::input("act", &order.act));
    };
    if first.from.is_empty() {
        return Err(LedgerError::input("kind", kind));
    }
    let Some(state) = it.state(first.on) else {
        return Err(LedgerError::unknown(
            first.on.name(),
            order.details.card_number.as_deref().unwrap_or("–"),
        ));
    };
    let fitting = lines().flat_map(|line| line.from.iter().map(String::as_str));
    Err(Refusal::State {
        act: both_act(rules, &order.act),
        state: both(rules, state),
        fitting: both_all(rules, fitting),
    }
    .into())
}

fn role(rules: &Rules, order: &Order, role: &str, who: &[String]) -> LedgerError {
    Refusal::Role {
        act: both_act(rules, &order.act),
        role: both(rules, role),
        who: both_all(rules, who.iter().map(String::as_str)),
    }
    .into()
}

/// An application comes in by a channel that is open to whoever brings it.
fn channel(it: &Situation<'_>) -> Result<(), LedgerError> {
    let name = it.order.details.channel.as_deref().unwrap_or("counter");
    let channel = it
        .rules
        .channel(name)
        .ok_or_else(|| LedgerError::input("channel", name))?;
    if channel.who.contains(&it.actor.role) {
        Ok(())
    } else {
        Err(role(it.rules, it.order, &it.actor.role, &channel.who))
    }
}

/// The state afterwards.
fn advance(it: &mut Situation<'_>, transition: &Transition) {
    if transition.to.is_empty() {
        return;
    }
    match transition.on {
        Object::Application => {
            let open = it
                .rules
                .application_state(&transition.to)
                .is_some_and(|state| state.open);
            if let Some(application) = &mut it.application {
                application.state.clone_from(&transition.to);
                application.open_of = Some(application.person.clone()).filter(|_| open);
            }
        }
        Object::Card => {
            let code = it.rules.card_state_named(&transition.to).map(|state| state.code);
            if let (Some(card), Some(code)) = (&mut it.card, code) {
                effects::set_card_state(card, code);
            }
        }
    }
}

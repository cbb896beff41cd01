//! Doing an order: the transition of the rules is found, its role and conditions are asked, its effects done, its line written.

use super::situation::Situation;
use super::{Order, Receipt, conditions, effects, electronic};
use crate::ledger::electronic::Ecard;
use crate::ledger::entities::{Application, Card};
use crate::ledger::error::LedgerError;
use crate::ledger::line::Line;
use crate::ledger::query::day;
use crate::ledger::refusal::{Refusal, both, both_act, both_all};
use crate::ledger::rules::{Condition, Effect, Object, Rules, Transition};
use crate::ledger::store::Ledger;
use crate::ledger::transaction::{Entry, Transaction};
use jiff::Timestamp;

/// Longest request number, reason and the like.
const LONGEST: usize = 200;
/// What the log says came out of an order with a wrong password, before the tries that are left.
const WRONG: &str = "password_wrong ";

/// What came out of an order. A refusal in here is one that was written down: a wrong password has cost a try.
pub(in crate::ledger) type Outcome = Result<Receipt, LedgerError>;

impl Ledger {
    /// Does several orders in one transaction, each for itself: what the rules refuse stays undone, the others are done. No
    /// program is asked who somebody is.
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
                    .and_then(|()| transaction.apart(|transaction| perform(transaction, rules, who, at, order, None)))
                    .flatten();
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
pub(in crate::ledger) fn check(order: &Order) -> Result<(), LedgerError> {
    let texts = [
        ("request", Some(&order.request)),
        ("reason", order.details.reason.as_ref()),
        ("channel", order.details.channel.as_ref()),
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

/// Does an order, unless its request was done before.
pub(in crate::ledger) fn perform(
    transaction: &mut Transaction<'_>,
    rules: &Rules,
    who: &str,
    at: Timestamp,
    order: &Order,
    proven: Option<&str>,
) -> Result<Outcome, LedgerError> {
    if let Some(line) = transaction.done(&order.request)? {
        if line.act != order.act {
            return Err(Refusal::Request {
                act: line.act,
                subject: line.subject,
            }
            .into());
        }
        if let Some(left) = line.outcome.strip_prefix(WRONG) {
            let tries_left = left.parse().unwrap_or(0);
            return Ok(Err(Refusal::PasswordWrong { tries_left }.into()));
        }
        same_code(transaction, order, &line)?;
        return Ok(Ok(promised(repeated(transaction, order, &line.subject)?, rules)));
    }
    if !rules.transition.iter().any(|line| line.act == order.act) {
        return Err(LedgerError::input("act", &order.act));
    }
    let actor = transaction.actor(who, at)?;
    let mut it = Situation::find(transaction, rules, actor, order)?;
    it.proven = proven.map(str::to_owned);
    let transition = transition(&it)?;
    it.touched = transition.on == Object::Ecard;
    may(&it, transition)?;
    for condition in &transition.when {
        if let Err(error) = conditions::judge(*condition, &it) {
            return refused(transaction, &mut it, error).map(Err);
        }
    }
    if by_password(&it, transition) {
        electronic::count_right(&mut it);
    }
    for effect in &transition.does {
        effects::apply(*effect, &mut it, transaction)?;
    }
    advance(&mut it, transition);
    electronic::follow(&mut it, transaction)?;
    it.save(transaction)?;
    note(transaction, &it, transition.on, &outcome(&it, transition))?;
    Ok(Ok(promised(receipt(it, false), rules)))
}

/// Whether the role may do it, in this channel.
pub(super) fn may(it: &Situation<'_>, transition: &Transition) -> Result<(), LedgerError> {
    if !transition.who.contains(&it.actor.role) {
        return Err(role(it.rules, it.order, &it.actor.role, &transition.who));
    }
    if transition.does.contains(&Effect::Apply) {
        channel(it)?;
    }
    Ok(())
}

/// A wrong password costs a try, and that is written down; every other refusal leaves no trace.
fn refused(
    transaction: &mut Transaction<'_>,
    it: &mut Situation<'_>,
    error: LedgerError,
) -> Result<LedgerError, LedgerError> {
    let LedgerError::Refused(refusal) = &error else {
        return Err(error);
    };
    let Refusal::PasswordWrong { tries_left } = refusal.as_ref() else {
        return Err(error);
    };
    electronic::count_wrong(it);
    it.save(transaction)?;
    note(transaction, it, Object::Ecard, &format!("{WRONG}{tries_left}"))?;
    Ok(error)
}

/// Whether the password was asked for, in one way or the other.
fn by_password(it: &Situation<'_>, transition: &Transition) -> bool {
    let named = it.order.details.real_name.as_ref().map(|it| it.method.as_str());
    let method = named.and_then(|name| it.rules.real_name(name));
    transition.when.contains(&Condition::PasswordRight)
        || (transition.when.contains(&Condition::RealName)
            && method.is_some_and(|method| method.by == crate::ledger::rules::RealNameBy::Password))
}

fn note(
    transaction: &mut Transaction<'_>,
    it: &Situation<'_>,
    object: Object,
    outcome: &str,
) -> Result<(), LedgerError> {
    let subject = match object {
        Object::Application => it.application.as_ref().map(|it| it.id.clone()),
        Object::Card => it.card.as_ref().map(|it| it.id.clone()),
        Object::Ecard => it.ecard.as_ref().map(|it| it.id.clone()),
    };
    let entry = Entry {
        act: &it.order.act,
        reason: it.order.details.reason.as_deref().unwrap_or_default(),
        subject: subject.as_deref().unwrap_or_default(),
        request: &it.order.request,
        outcome,
    };
    transaction.note(&it.actor, &entry)
}

/// What the log says besides: the channel, how it was made sure who the person is, money.
fn outcome(it: &Situation<'_>, transition: &Transition) -> String {
    let details = &it.order.details;
    let mut words = Vec::new();
    if transition.on == Object::Ecard {
        words.extend(details.channel.clone());
        let asks = [Condition::RealName, Condition::RealNameWithoutPassword];
        let method = details.real_name.as_ref().map(|it| it.method.clone());
        words.extend(method.filter(|_| transition.when.iter().any(|condition| asks.contains(condition))));
    }
    let amount = details
        .amount_fen
        .filter(|_| it.refund_fen == 0)
        .unwrap_or(it.refund_fen);
    if amount != 0 {
        words.push(format!("{amount} fen"));
    }
    words.join(", ")
}

pub(super) fn receipt(it: Situation<'_>, repeated: bool) -> Receipt {
    let bound = it.channels.iter().filter(|binding| binding.active);
    Receipt {
        request: it.order.request.clone(),
        act: it.order.act.clone(),
        repeated,
        channels: bound.map(|binding| binding.channel.clone()).collect(),
        old_card: it.valid.filter(|card| card.state == 9),
        application: it.application,
        card: it.card,
        ecard: it.ecard,
        refund_fen: it.refund_fen,
        holidays_unknown: Vec::new(),
    }
}

/// With the years of which a promise that was made knows no holidays.
fn promised(mut receipt: Receipt, rules: &Rules) -> Receipt {
    if let Some(it) = receipt.application.as_ref().filter(|_| receipt.act == "apply") {
        receipt.holidays_unknown = rules.calendar().unknown(day(it.applied), it.promised);
    }
    receipt
}

/// A request that took a payment code took this one.
fn same_code(transaction: &mut Transaction<'_>, order: &Order, line: &Line) -> Result<(), LedgerError> {
    let Some(code) = &order.details.code else {
        return Ok(());
    };
    let taken = "SELECT seq FROM change WHERE entity = 'spent' AND id = $1 AND chain = $2 AND seq = $3";
    let key = [code.id().into(), line.chain.as_str().into(), line.seq.into()];
    if transaction.query(taken, &key)?.is_empty() {
        let (act, subject) = (line.act.clone(), line.subject.clone());
        return Err(Refusal::Request { act, subject }.into());
    }
    Ok(())
}

/// What came out the first time, as it is now.
fn repeated(transaction: &mut Transaction<'_>, order: &Order, subject: &str) -> Result<Receipt, LedgerError> {
    let mut application: Option<Application> = transaction.get(subject)?;
    let mut card: Option<Card> = transaction.get(subject)?;
    let mut ecard: Option<Ecard> = transaction.get(subject)?;
    if let Some(number) = application.as_ref().and_then(|application| application.card.clone()) {
        card = transaction.get(&number)?;
    } else if let Some(number) = ecard.as_ref().map(|ecard| ecard.card.clone()) {
        card = transaction.get(&number)?;
    }
    if let Some(card) = &card {
        if application.is_none() {
            application = transaction.get(&card.application)?;
        }
        if ecard.is_none() {
            let twins = "card = $1 AND valid_of IS NOT NULL";
            ecard = transaction.find::<Ecard>(twins, &[card.id.as_str().into()])?.pop();
        }
    }
    let channels = match &ecard {
        None => Vec::new(),
        Some(ecard) => transaction.channels(&ecard.id)?,
    };
    Ok(Receipt {
        request: order.request.clone(),
        act: order.act.clone(),
        repeated: true,
        application,
        card,
        old_card: None,
        ecard,
        channels,
        refund_fen: 0,
        holidays_unknown: Vec::new(),
    })
}

/// The line of the table that fits, or why none does.
pub(super) fn transition<'r>(it: &Situation<'r>) -> Result<&'r Transition, LedgerError> {
    let (rules, order) = (it.rules, it.order);
    let kind = order.details.kind.as_deref().unwrap_or("first");
    let mine = |line: &&Transition| line.act == order.act && line.follows.is_none();
    let fits = |line: &&Transition| match it.state(line.on) {
        state if line.from.is_empty() && line.on == Object::Ecard => {
            order.target.is_some() && state.is_none_or(is_ended)
        }
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
    if first.on == Object::Ecard && order.target.is_some() {
        return Err(no_electronic(it, first));
    }
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

fn is_ended(state: &str) -> bool {
    state == "ended"
}

/// Why an act on an electronic card does not go: there is one already, there is none, or its card is in the wrong state.
fn no_electronic(it: &Situation<'_>, line: &Transition) -> LedgerError {
    match &it.ecard {
        Some(ecard) if line.from.is_empty() => Refusal::HasElectronic {
            ecard: ecard.id.clone(),
            state: both(it.rules, &ecard.state),
        }
        .into(),
        Some(_) if it.state(Object::Ecard).is_some() => electronic::refused(it),
        _ => Refusal::NoElectronic.into(),
    }
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
        Object::Ecard => electronic::advance(it, &transition.to),
    }
}

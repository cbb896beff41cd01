//! Conditions and effects of electronic cards, and how they follow their physical cards.

use super::situation::Situation;
use super::{Order, check_mobile, effects};
use crate::ledger::electronic::{Asked, Binding, Ecard, Password, RealName, Spent, fits};
use crate::ledger::entities::Person;
use crate::ledger::error::LedgerError;
use crate::ledger::refusal::{Refusal, both};
use crate::ledger::rules::{Condition, Effect, RealNameBy, RealNameMethod};
use crate::ledger::transaction::Transaction;
use sm3::{Digest, Sm3};

/// The role whose staff acts in one channel alone.
const CHANNEL: &str = "channel";
/// Smallest number of an electronic card, and how many there are: 16 digits, the first not 0.
const FIRST: u64 = 1_000_000_000_000_000;
const NUMBERS: u64 = 9 * FIRST;

/// Whether a condition of electronic cards holds; if not, the most that can be said.
pub(super) fn judge(condition: Condition, it: &Situation<'_>) -> Result<bool, LedgerError> {
    let details = &it.order.details;
    let ecard = it.ecard.as_ref();
    let channel = details.channel.as_deref().unwrap_or_default();
    Ok(match condition {
        Condition::MobileGiven => match details.mobile.as_deref().map(str::trim) {
            Some(mobile) => check_mobile(mobile).map(|()| true)?,
            None => false,
        },
        Condition::Guarded => match &details.agent {
            None => !it.is_minor(),
            Some(agent) => agent.guardian && !agent.name.trim().is_empty() && !agent.document.trim().is_empty(),
        },
        Condition::CardUsable => return usable(it).map(|()| true),
        Condition::CardInDate => it.card.as_ref().is_some_and(|card| card.expires >= it.today),
        Condition::ChannelKnown => it.rules.electronic_channel(channel).is_some(),
        Condition::OwnChannel => {
            let mine = it.actor.id.strip_prefix(channel);
            it.actor.role != CHANNEL || mine.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        }
        Condition::ChannelBound => it.bound(),
        Condition::ChannelNotBound => !it.bound(),
        Condition::RealName => return real_name(it, true),
        Condition::RealNameWithoutPassword => return real_name(it, false),
        Condition::NoPassword => it.password.is_none(),
        Condition::PasswordSet => it.password.is_some(),
        Condition::PasswordRight => return password_right(it, details.password.as_ref().map(super::Secret::expose)),
        Condition::PasswordFit => {
            let digits = it.rules.electronic.password_digits;
            details
                .new_password
                .as_ref()
                .is_some_and(|new| fits(new.expose(), digits))
        }
        Condition::AccountOpen => it.card.as_ref().is_some_and(|card| card.financial == "open"),
        Condition::MobileReserved => match (&it.person.mobile, &details.mobile) {
            (None, _) => false,
            (Some(_), None) => true,
            (Some(reserved), Some(named)) => digits(reserved) == digits(named),
        },
        Condition::PaymentOpen => ecard.is_some_and(|ecard| ecard.payment == "open"),
        Condition::PaymentClosed => ecard.is_some_and(|ecard| ecard.payment != "open"),
        Condition::CodeNamed => match &details.code {
            None => false,
            Some(code) if hex::decode(&code.number).is_ok_and(|bytes| bytes.len() == 8) => true,
            Some(code) => return Err(LedgerError::input("code", &code.number)),
        },
        Condition::CodeUnspent => match &it.spent {
            None => true,
            Some(spent) => {
                return Err(Refusal::Spent {
                    at: spent.at.to_string(),
                    outlet: spent.outlet.clone(),
                }
                .into());
            }
        },
        _ => return Err(LedgerError::input("act", condition.name())),
    })
}

/// The number without blanks and signs, and without the country's +86.
fn digits(mobile: &str) -> String {
    let digits: String = mobile.chars().filter(char::is_ascii_digit).collect();
    digits
        .strip_prefix("86")
        .filter(|rest| rest.len() == 11)
        .map_or(digits.clone(), str::to_owned)
}

/// An electronic card is for a card in its normal state; of any other, the state is the answer.
fn usable(it: &Situation<'_>) -> Result<(), LedgerError> {
    let state = it.card.as_ref().and_then(|card| it.rules.card_state(card.state));
    match state {
        Some(state) if state.electronic == "usable" => Ok(()),
        Some(_) => Err(refused(it)),
        None => Err(Refusal::Condition(Condition::CardUsable).into()),
    }
}

/// Why an electronic card cannot be used, or had: the state of the physical card says it, where there is one.
pub(super) fn refused(it: &Situation<'_>) -> LedgerError {
    let words = |name: &str| both(it.rules, name);
    let card = it.card.as_ref().and_then(|card| it.rules.card_state(card.state));
    Refusal::Electronic {
        state: it.ecard.as_ref().map(|ecard| words(&ecard.state)),
        card_state: card.map(|state| state.code),
        card: card.map(|state| words(&state.name)).unwrap_or_default(),
    }
    .into()
}

/// The method named by the order, if this role may use it.
pub(super) fn method<'r>(it: &Situation<'r>) -> Result<Option<&'r RealNameMethod>, LedgerError> {
    let Some(named) = &it.order.details.real_name else {
        return Ok(None);
    };
    let method = it.rules.real_name(&named.method);
    let method = method.ok_or_else(|| LedgerError::input("real_name", &named.method))?;
    if method.who.contains(&it.actor.role) {
        return Ok(Some(method));
    }
    Err(Refusal::Role {
        act: both(it.rules, &method.name),
        role: both(it.rules, &it.actor.role),
        who: crate::ledger::refusal::both_all(it.rules, method.who.iter().map(String::as_str)),
    }
    .into())
}

fn real_name(it: &Situation<'_>, with_password: bool) -> Result<bool, LedgerError> {
    let Some(method) = method(it)? else { return Ok(false) };
    let evidence = it.order.details.real_name.as_ref().and_then(|it| it.evidence.as_ref());
    match method.by {
        RealNameBy::Staff => Ok(true),
        RealNameBy::Program => Ok(it.proven.as_deref() == Some(method.name.as_str())),
        RealNameBy::Password if with_password => password_right(it, evidence.map(super::Secret::expose)),
        RealNameBy::Password => Ok(false),
    }
}

/// What is asked of a method of real-name checks.
pub(super) fn asked<'s>(order: &'s Order, method: &'s str, person: &'s Person, evidence: Option<&'s str>) -> Asked<'s> {
    Asked {
        method,
        request: &order.request,
        act: &order.act,
        channel: order.details.channel.as_deref(),
        person: &person.id,
        name: &person.name,
        mobile: person.mobile.as_deref(),
        evidence,
    }
}

fn password_right(it: &Situation<'_>, text: Option<&str>) -> Result<bool, LedgerError> {
    let Some(password) = &it.password else {
        return Err(Refusal::Condition(Condition::PasswordSet).into());
    };
    if password.tries <= 0 {
        return Err(Refusal::PasswordLocked.into());
    }
    if text.is_none() {
        return Ok(false);
    }
    if password.check(&asked(it.order, "password", &it.person, text))? {
        return Ok(true);
    }
    Err(Refusal::PasswordWrong {
        tries_left: password.tries - 1,
    }
    .into())
}

/// A wrong password takes one of its tries.
pub(super) fn count_wrong(it: &mut Situation<'_>) {
    if let Some(password) = &mut it.password {
        password.tries -= 1;
        if let Some(ecard) = it.ecard.as_mut().filter(|_| password.tries <= 0) {
            "locked".clone_into(&mut ecard.password);
        }
    }
}

/// A right password has all its tries again.
pub(super) fn count_right(it: &mut Situation<'_>) {
    if let Some(password) = &mut it.password {
        password.tries = it.rules.electronic.password_tries;
    }
}

/// Does one effect on an electronic card.
pub(super) fn apply(
    effect: Effect,
    it: &mut Situation<'_>,
    transaction: &mut Transaction<'_>,
) -> Result<(), LedgerError> {
    match effect {
        Effect::ReserveMobile => it.person.mobile = it.order.details.mobile.as_deref().map(|it| it.trim().to_owned()),
        Effect::OpenElectronic => open(it, transaction)?,
        Effect::BindChannel => bind(it),
        Effect::UnbindChannel => {
            let named = it.order.details.channel.clone();
            unbind(it, |binding| Some(&binding.channel) == named.as_ref());
        }
        Effect::UnbindAll => unbind(it, |_| true),
        Effect::SetPassword => set_password(it)?,
        Effect::OpenPayment => on(it, |ecard| "open".clone_into(&mut ecard.payment)),
        Effect::ClosePayment => on(it, |ecard| "closed".clone_into(&mut ecard.payment)),
        Effect::SpendCode => spend(it),
        Effect::EndElectronic => {
            on(it, |ecard| "closed".clone_into(&mut ecard.payment));
            unbind(it, |_| true);
            advance(it, "ended");
        }
        _ => {}
    }
    Ok(())
}

fn on(it: &mut Situation<'_>, change: impl FnOnce(&mut Ecard)) {
    if let Some(ecard) = &mut it.ecard {
        change(ecard);
    }
}

fn open(it: &mut Situation<'_>, transaction: &mut Transaction<'_>) -> Result<(), LedgerError> {
    let Some(card) = &it.card else { return Ok(()) };
    let (at, place) = (it.actor.at, transaction.next_seq(&it.actor.outlet.id)?);
    let mut attempt = 0_u32;
    // Counted for each outlet, so that outlets do not wait for each other, and spread over all numbers there are.
    let id = loop {
        let digest = Sm3::digest(format!("ssc ecard {} {place} {attempt}", it.actor.outlet.id));
        let number = digest[..8]
            .iter()
            .fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
        let id = (FIRST + number % NUMBERS).to_string();
        if transaction.get::<Ecard>(&id)?.is_none() {
            break id;
        }
        attempt += 1;
    };
    it.channels.clear();
    it.password = None;
    it.ecard = Some(Ecard {
        id,
        person: card.person.clone(),
        card: card.id.clone(),
        state: String::new(),
        password: "none".to_owned(),
        payment: "closed".to_owned(),
        opened: at,
        ended: None,
        changed: at,
        valid_of: None,
        on_state: None,
        revision: 0,
    });
    Ok(())
}

fn bind(it: &mut Situation<'_>) {
    let (at, named) = (it.actor.at, it.order.details.channel.clone().unwrap_or_default());
    let Some(ecard) = &it.ecard else { return };
    if let Some(known) = it.channels.iter_mut().find(|binding| binding.channel == named) {
        known.active = true;
        known.changed = at;
        return;
    }
    it.channels.push(Binding {
        id: format!("{}/{named}", ecard.id),
        ecard: ecard.id.clone(),
        channel: named,
        active: true,
        changed: at,
        revision: 0,
    });
}

fn unbind(it: &mut Situation<'_>, which: impl Fn(&Binding) -> bool) {
    let at = it.actor.at;
    for binding in it
        .channels
        .iter_mut()
        .filter(|binding| binding.active && which(binding))
    {
        binding.active = false;
        binding.changed = at;
    }
}

fn set_password(it: &mut Situation<'_>) -> Result<(), LedgerError> {
    let (Some(ecard), Some(new)) = (&mut it.ecard, &it.order.details.new_password) else {
        return Ok(());
    };
    let (rounds, tries) = (it.rules.electronic.password_rounds, it.rules.electronic.password_tries);
    match &mut it.password {
        Some(password) => password.replace(new.expose(), rounds, tries)?,
        None => it.password = Some(Password::new(&ecard.id, new.expose(), rounds, tries)?),
    }
    "chosen".clone_into(&mut ecard.password);
    Ok(())
}

fn spend(it: &mut Situation<'_>) {
    let details = &it.order.details;
    let (Some(code), Some(ecard)) = (&details.code, &it.ecard) else {
        return;
    };
    it.spent = Some(Spent {
        id: code.id(),
        ecard: ecard.id.clone(),
        channel: details.channel.clone().unwrap_or_default(),
        scene: code.scene.into(),
        outlet: it.actor.outlet.id.clone(),
        at: it.actor.at,
        amount_fen: details.amount_fen.unwrap_or(0),
        revision: 0,
    });
}

/// The state of the electronic card afterwards.
pub(super) fn advance(it: &mut Situation<'_>, state: &str) {
    let on = it.twin().map_or(1, |card| card.state);
    let why = it.order.details.reason.clone();
    let why = why.filter(|_| it.twin().is_none_or(|card| card.ended.is_none()));
    let why = why.or_else(|| it.twin().and_then(|card| card.ended.clone()));
    let act = it.order.act.clone();
    on_state(it, state, on, why.unwrap_or(act));
}

fn on_state(it: &mut Situation<'_>, state: &str, code: i64, why: String) {
    on(it, |ecard| {
        if state == "ended" && ecard.state != "ended" {
            ecard.ended = Some(why);
        }
        ecard.set_state(state, code);
    });
}

/// What has happened to the physical card happens to its electronic one.
pub(super) fn follow(it: &mut Situation<'_>, transaction: &mut Transaction<'_>) -> Result<(), LedgerError> {
    let (Some(ecard), Some(card)) = (&it.ecard, it.twin()) else {
        return Ok(());
    };
    let word = it.rules.card_state(card.state).map(|state| state.electronic.as_str());
    let mut lines = it.rules.transition.iter();
    let Some(line) =
        lines.find(|line| line.follows.as_deref() == word && word.is_some() && line.from.contains(&ecard.state))
    else {
        return Ok(());
    };
    for effect in &line.does {
        effects::apply(*effect, it, transaction)?;
    }
    advance(it, &line.to);
    Ok(())
}

//! What the conditions of the rules mean.

use super::electronic;
use super::situation::Situation;
use crate::ledger::error::LedgerError;
use crate::ledger::refusal::{Refusal, both};
use crate::ledger::rules::Condition;

/// Whether a condition holds; if not, the most that can be said.
pub(super) fn judge(condition: Condition, it: &Situation<'_>) -> Result<(), LedgerError> {
    let details = &it.order.details;
    let card = it.card.as_ref();
    let financial = |words: &[&str]| card.is_some_and(|card| words.contains(&card.financial.as_str()));
    let holds = match condition {
        Condition::Alive => it.person.died.is_none(),
        Condition::Represented => represented(it),
        Condition::NoOpenApplication => return no_open_application(it),
        Condition::NoCard => return no_card(it),
        Condition::CardHeld => it.valid.is_some(),
        Condition::NoSealedCard => it.sealed.is_none(),
        Condition::OldCardGivenUp => it.held().is_some_and(|card| [2, 3].contains(&card.state)) || details.in_hand,
        Condition::OldCardNormal => it.held().is_some_and(|card| card.state == 1),
        Condition::NearExpiry => {
            let span = jiff::Span::new().months(it.rules.renewal.months_before);
            let opens = it.held().and_then(|card| card.expires.checked_sub(span).ok());
            opens.is_some_and(|opens| opens <= it.today)
        }
        Condition::OtherBank => it
            .held()
            .is_some_and(|card| details.bank.as_ref().is_some_and(|bank| *bank != card.bank)),
        Condition::Paid => it.application.as_ref().is_some_and(|it| it.paid_fen >= it.fee_fen),
        Condition::NotPaid => it.application.as_ref().is_some_and(|it| it.paid_fen < it.fee_fen),
        Condition::ReasonGiven => details
            .reason
            .as_deref()
            .is_some_and(|reason| !reason.trim().is_empty()),
        Condition::AtItsOutlet => it
            .application
            .as_ref()
            .is_some_and(|open| open.outlet == it.actor.outlet.id),
        Condition::Received => match &details.agent {
            None => !it.is_minor(),
            Some(agent) => is_named(&agent.name, &agent.document) && (agent.guardian || !it.is_minor()),
        },
        Condition::HandedOver => it.application.as_ref().is_some_and(|it| it.state == "collected"),
        Condition::ChipSound => card.is_some_and(|card| card.chip == "sound"),
        Condition::PinChosen => details.pin_chosen || card.is_some_and(|card| card.pin == "chosen"),
        Condition::AccountNotOpen => financial(&["none"]),
        Condition::AccountThere => financial(&["open", "suspended", "settling"]),
        Condition::AccountSettled => !financial(&["open", "suspended", "settling"]),
        Condition::MedicalOpen => card.is_some_and(|card| card.medical == "open"),
        Condition::MedicalSettled => card.is_some_and(|card| card.medical != "open"),
        Condition::InHand => details.in_hand,
        Condition::NoReplacement => it.open.is_none() && it.sealed.is_none(),
        Condition::BlockDue => card.is_some_and(|card| card.chip == "block_due"),
        electronic => electronic::judge(electronic, it)?,
    };
    if holds {
        Ok(())
    } else {
        Err(Refusal::Condition(condition).into())
    }
}

/// A minor is brought by a guardian or by an organization; whoever acts for somebody has a name and a document.
fn represented(it: &Situation<'_>) -> bool {
    let details = &it.order.details;
    let counter = details
        .channel
        .as_deref()
        .is_none_or(|channel| ["counter", "self_service"].contains(&channel));
    match &details.agent {
        Some(agent) => is_named(&agent.name, &agent.document) && (agent.guardian || !it.is_minor()),
        None => !counter || !it.is_minor(),
    }
}

fn is_named(name: &str, document: &str) -> bool {
    !name.trim().is_empty() && !document.trim().is_empty()
}

/// Whoever has an open application is told where it is and what may be done about it from here.
fn no_open_application(it: &Situation<'_>) -> Result<(), LedgerError> {
    let Some(open) = &it.open else { return Ok(()) };
    let state = it.rules.application_state(&open.state);
    Err(Refusal::Open {
        application: open.id.clone(),
        outlet: open.outlet.clone(),
        state: both(it.rules, &open.state),
        choices: state.map(|state| state.elsewhere.clone()).unwrap_or_default(),
    }
    .into())
}

/// A first card is for who has none. One elsewhere may be merged, if its holder agreed to this very card.
fn no_card(it: &Situation<'_>) -> Result<(), LedgerError> {
    let Some(card) = it.valid.as_ref().or(it.sealed.as_ref()) else {
        return Ok(());
    };
    let name = it
        .rules
        .card_state(card.state)
        .map(|state| state.name.as_str())
        .unwrap_or_default();
    let state = both(it.rules, name);
    if card.region == it.actor.outlet.region || it.valid.is_none() || it.sealed.is_some() {
        return Err(Refusal::HasCard {
            card: card.id.clone(),
            state,
        }
        .into());
    }
    if it.order.details.merge.as_deref() == Some(card.id.as_str()) {
        return Ok(());
    }
    Err(Refusal::CardElsewhere {
        card: card.id.clone(),
        region: card.region.clone(),
        state,
    }
    .into())
}

//! What the effects of the rules do.

use super::electronic;
use super::situation::Situation;
use crate::ledger::entities::{Application, Card, Person, Series};
use crate::ledger::error::LedgerError;
use crate::ledger::refusal::Refusal;
use crate::ledger::rules::Effect;
use crate::ledger::transaction::Transaction;
use crate::numbers::CardNumber;

/// Years a card is valid where nobody says otherwise.
const VALID_YEARS: i16 = 10;

/// Does one effect.
pub(super) fn apply(
    effect: Effect,
    it: &mut Situation<'_>,
    transaction: &mut Transaction<'_>,
) -> Result<(), LedgerError> {
    let details = &it.order.details;
    match effect {
        Effect::Apply => enter(it, transaction)?,
        Effect::Merge => {
            if let Some(card) = &mut it.valid {
                "merged".clone_into(&mut card.pin);
                end(card, "merged");
                set_card_state(card, 9);
            }
        }
        Effect::Pay => pay(it)?,
        Effect::Refund => {
            if let Some(application) = &mut it.application {
                it.refund_fen = std::mem::take(&mut application.paid_fen);
            }
        }
        Effect::ReserveNumber => reserve(it, transaction)?,
        Effect::NoteFailure => {
            if let Some(application) = &mut it.application {
                application.failure.clone_from(&details.reason);
            }
        }
        Effect::CreateCard => create(it, transaction)?,
        Effect::DestroyCard => {
            if let Some(card) = &mut it.card {
                end(card, "returned");
                set_card_state(card, 9);
            }
        }
        Effect::HandOver => {
            if let Some(application) = &mut it.application {
                let agent = details.agent.as_ref();
                let receiver = agent.map(|agent| format!("{} {}", agent.name.trim(), agent.document.trim()));
                application.receiver = Some(receiver.unwrap_or_else(|| "self".to_owned()));
            }
        }
        Effect::EndOldCard => {
            let bank = it.card.as_ref().map(|card| card.bank.clone());
            if let Some(old) = &mut it.valid {
                let account = if Some(&old.bank) == bank.as_ref() {
                    "moved"
                } else {
                    "settling"
                };
                if ["open", "suspended"].contains(&old.financial.as_str()) {
                    account.clone_into(&mut old.financial);
                }
                end(old, "replaced");
                block(old);
                set_card_state(old, 9);
            }
        }
        Effect::OpenMedical => on_card(it, |card| "open".clone_into(&mut card.medical)),
        Effect::SettleMedical => on_card(it, |card| "settled".clone_into(&mut card.medical)),
        Effect::OpenAccount => on_card(it, |card| "open".clone_into(&mut card.financial)),
        Effect::SuspendAccount => on_card(it, |card| {
            if card.financial == "open" {
                "suspended".clone_into(&mut card.financial);
            }
        }),
        Effect::ResumeAccount => on_card(it, |card| {
            if card.financial == "suspended" {
                "open".clone_into(&mut card.financial);
            }
        }),
        Effect::SettleAccount => on_card(it, |card| "settled".clone_into(&mut card.financial)),
        Effect::ChoosePin => on_card(it, |card| "chosen".clone_into(&mut card.pin)),
        Effect::ResetPin => on_card(it, |card| "initial".clone_into(&mut card.pin)),
        Effect::EndCard => {
            let reason = details.reason.clone().unwrap_or_else(|| it.order.act.clone());
            on_card(it, |card| end(card, &reason));
        }
        Effect::BlockChip => on_card(it, block),
        Effect::ChipBlocked => on_card(it, |card| "blocked".clone_into(&mut card.chip)),
        Effect::NoteDeath => {
            let died = details.died.unwrap_or(it.today);
            if died > it.today || died < it.person.birth {
                return Err(LedgerError::input("died", &died.to_string()));
            }
            it.person.died = Some(died);
        }
        effect => electronic::apply(effect, it, transaction)?,
    }
    Ok(())
}

/// Sets the state of a card, and with it whether the person's one place is taken.
pub(super) fn set_card_state(card: &mut Card, code: i64) {
    card.state = code;
    card.sealed_of = Some(card.person.clone()).filter(|_| code == 0);
    card.valid_of = Some(card.person.clone()).filter(|_| (1..=4).contains(&code));
}

fn on_card(it: &mut Situation<'_>, change: impl FnOnce(&mut Card)) {
    if let Some(card) = &mut it.card {
        change(card);
    }
}

/// The social functions end; the medical account goes on with the person.
fn end(card: &mut Card, why: &str) {
    card.ended = Some(why.to_owned());
    if card.medical == "open" {
        "moved".clone_into(&mut card.medical);
    }
}

fn block(card: &mut Card) {
    if card.chip == "sound" {
        "block_due".clone_into(&mut card.chip);
    }
}

fn enter(it: &mut Situation<'_>, transaction: &mut Transaction<'_>) -> Result<(), LedgerError> {
    let (details, outlet) = (&it.order.details, &it.actor.outlet);
    let document = [
        it.person.document.as_str().into(),
        it.person.document_number.as_str().into(),
    ];
    let others = transaction.find::<Person>("document = $1 AND document_number = $2", &document)?;
    if let Some(other) = others.iter().find(|other| other.id != it.person.id) {
        return Err(taken_by("document_number", &crate::mask::number(&other.id)));
    }
    let name = details.kind.as_deref().unwrap_or("first");
    let kind = it.rules.kind(name).ok_or_else(|| LedgerError::input("kind", name))?;
    let code = details.reason_code.clone().unwrap_or_default();
    if !code.is_empty() && !it.rules.card.reissue_reasons.contains(&code) {
        return Err(LedgerError::input("reason_code", &code));
    }
    let old = it.valid.as_ref().filter(|_| kind.name != "first");
    let bank = details
        .bank
        .clone()
        .or_else(|| old.map(|card| card.bank.clone()))
        .unwrap_or_else(|| outlet.bank.clone());
    let promised = it.rules.calendar().after(it.today, kind.promise_days);
    let relation = match (&details.agent, &details.channel) {
        (Some(agent), _) if agent.guardian => "guardian",
        (Some(_), _) => "agent",
        (None, Some(channel)) if !["counter", "self_service"].contains(&channel.as_str()) => channel,
        (None, _) => "self",
    };
    let seq = transaction.next_seq(&outlet.id)?;
    it.application = Some(Application {
        id: format!("{}-{seq:08}", outlet.id),
        person: it.person.id.clone(),
        kind: kind.name.clone(),
        reason_code: code,
        channel: details.channel.clone().unwrap_or_else(|| "counter".to_owned()),
        outlet: outlet.id.clone(),
        region: outlet.region.clone(),
        bank,
        batch: details.batch.clone(),
        relation: relation.to_owned(),
        agent: details.agent.as_ref().map(|agent| agent.name.trim().to_owned()),
        agent_document: details.agent.as_ref().map(|agent| agent.document.trim().to_owned()),
        state: String::new(),
        failure: None,
        card: None,
        old_card: old.map(|card| card.id.clone()),
        fee_fen: kind.fee_fen,
        paid_fen: 0,
        applied: it.actor.at,
        promised: promised.ok_or_else(|| LedgerError::input("date", &it.today.to_string()))?,
        changed: it.actor.at,
        receiver: None,
        open_of: None,
        revision: 0,
    });
    Ok(())
}

fn pay(it: &mut Situation<'_>) -> Result<(), LedgerError> {
    let Some(application) = &mut it.application else {
        return Ok(());
    };
    let owed = application.fee_fen - application.paid_fen;
    let paid = it.order.details.amount_fen.unwrap_or(owed);
    if paid <= 0 || paid > owed {
        return Err(LedgerError::input("amount", &paid.to_string()));
    }
    application.paid_fen += paid;
    Ok(())
}

/// The number given, or the next one behind the prefix. An application that failed keeps its number.
fn reserve(it: &mut Situation<'_>, transaction: &mut Transaction<'_>) -> Result<(), LedgerError> {
    let Some(application) = &mut it.application else {
        return Ok(());
    };
    application.failure = None;
    if application.card.is_some() {
        return Ok(());
    }
    let details = &it.order.details;
    if let Some(given) = &details.card_number {
        let number = CardNumber::parse(given).map_err(|_| LedgerError::input("card_number", given))?;
        let taken = transaction.find::<Application>("card = $1", &[number.as_str().into()])?;
        if let Some(other) = taken.first() {
            return Err(taken_by("card_number", &other.id));
        }
        application.card = Some(number.as_str().to_owned());
        return Ok(());
    }
    let prefix = details.card_number_prefix.as_deref().unwrap_or("T");
    let mut series = transaction.get::<Series>(prefix)?.unwrap_or(Series {
        id: prefix.to_owned(),
        next: 1,
        revision: 0,
    });
    loop {
        let sequence = u64::try_from(series.next).unwrap_or(u64::MAX);
        let number =
            CardNumber::assign(prefix, sequence).map_err(|_| LedgerError::input("card_number_prefix", prefix))?;
        series.next += 1;
        // Numbers that were given by hand are passed over.
        if transaction
            .find::<Application>("card = $1", &[number.as_str().into()])?
            .is_empty()
        {
            application.card = Some(number.as_str().to_owned());
            return transaction.save(&mut series);
        }
    }
}

fn taken_by(what: &'static str, by: &str) -> LedgerError {
    let by = by.to_owned();
    Refusal::Taken { what, by }.into()
}

fn create(it: &mut Situation<'_>, transaction: &mut Transaction<'_>) -> Result<(), LedgerError> {
    let Some(application) = &it.application else {
        return Ok(());
    };
    let details = &it.order.details;
    let hex = |what: &'static str, bytes: usize, given: &Option<String>| match given.as_deref() {
        None => Ok(None),
        Some(text) => match hex::decode(text) {
            Ok(found) if found.len() == bytes => Ok(Some(hex::encode_upper(found))),
            _ => Err(LedgerError::input(what, text)),
        },
    };
    let issued = details.issued.unwrap_or(it.today);
    let ten_years = issued.checked_add(jiff::Span::new().years(VALID_YEARS)).ok();
    let expires = details.expires.or(ten_years).filter(|expires| *expires > issued);
    let number = application
        .card
        .as_ref()
        .ok_or_else(|| LedgerError::input("card_number", ""))?;
    let card_id = hex("card_id", 16, &details.card_id)?;
    let historical = hex("historical", 13, &details.historical)?;
    // The same chip, the same account: never for two cards.
    for (what, value) in [
        ("card_id", &card_id),
        ("historical", &historical),
        ("bank_number", &details.bank_number),
    ] {
        if let Some(value) = value
            && let Some(other) = transaction
                .find::<Card>(&format!("{what} = $1"), &[value.as_str().into()])?
                .first()
        {
            return Err(taken_by(what, &other.id));
        }
    }
    it.card = Some(Card {
        id: number.clone(),
        person: application.person.clone(),
        application: application.id.clone(),
        outlet: application.outlet.clone(),
        region: application.region.clone(),
        bank: application.bank.clone(),
        card_id,
        historical,
        bank_number: details.bank_number.clone(),
        issued,
        expires: expires.ok_or_else(|| LedgerError::input("expires", &issued.to_string()))?,
        state: 0,
        financial: "none".to_owned(),
        medical: "none".to_owned(),
        pin: "initial".to_owned(),
        chip: "sound".to_owned(),
        ended: None,
        changed: it.actor.at,
        valid_of: None,
        sealed_of: Some(application.person.clone()),
        revision: 0,
    });
    Ok(())
}

//! `ssc order`: applications and cards, from the counter.

mod batch;
mod chip;

use crate::args::{
    Order as Verb, OrderAct, OrderAgent, OrderApply, OrderMade, OrderMobile, OrderProgress, OrderShow, OrderTarget,
};
use crate::connect::Desk;
use crate::failure::Failure;
use crate::money::fen;
use crate::output::{Report, Table};
use card_model::words::Lang;
use jiff::Timestamp;
use personalize::ledger::{Agent, Applicant, Card, Details, Order, Receipt, Rules, Target};
use personalize::mask;
use rust_i18n::t;
use serde_json::json;

/// Runs one of the verbs.
pub fn run(verb: &Verb, desk: &Desk) -> Result<Report, Failure> {
    match verb {
        Verb::Apply(it) => apply(it, desk),
        Verb::Instant(it) => chip::instant(it, desk),
        Verb::Batch(it) => batch::feed(it, desk),
        Verb::Receipts(it) => batch::receipts(it, desk),
        Verb::Make(it) => chip::make(it, desk),
        Verb::Made(it) => made(it, desk),
        Verb::Progress(it) => progress(it, desk),
        Verb::Show(it) => show(it, desk),
        Verb::Pay(it) => act("pay", it, desk),
        Verb::Withdraw(it) => act("withdraw", it, desk),
        Verb::Fail(it) => act("fail", it, desk),
        Verb::Deliver(it) => act("deliver", it, desk),
        Verb::Collect(it) => act("collect", it, desk),
        Verb::Return(it) => act("return", it, desk),
        Verb::Activate(it) => act("activate", it, desk),
        Verb::ActivateAccount(it) => act("activate_account", it, desk),
        Verb::ChangePin(it) => act("change_pin", it, desk),
        Verb::ResetPin(it) => act("reset_pin", it, desk),
        Verb::LoseOrally(it) => act("lose_orally", it, desk),
        Verb::Lose(it) => act("lose", it, desk),
        Verb::Find(it) => act("find", it, desk),
        Verb::Lock(it) => act("lock", it, desk),
        Verb::Unlock(it) => act("unlock", it, desk),
        Verb::Block(it) => act("block", it, desk),
        Verb::Blocked(it) => act("blocked", it, desk),
        Verb::SettleMedical(it) => act("settle_medical", it, desk),
        Verb::SettleAccount(it) => act("settle_account", it, desk),
        Verb::Cancel(it) => act("cancel", it, desk),
        Verb::Die(it) => act("die", it, desk),
        Verb::ReserveMobile(it) => reserve_mobile(it, desk),
    }
}

fn apply(it: &OrderApply, desk: &Desk) -> Result<Report, Failure> {
    let rules = desk.rules(&it.place)?;
    let order = Order::new(desk.request(it.request.as_deref())?, "apply", None).with(applying(it));
    let mut ledger = desk.ledger(&it.place)?;
    let done = ledger.perform(&rules, desk.who(&it.place)?, Timestamp::now(), &order);
    Ok(reported(&done.map_err(|e| desk.ledger_failure(&e))?, &rules, desk))
}

/// What an application says.
fn applying(it: &OrderApply) -> Details {
    Details {
        applicant: Some(Applicant {
            number: it.person.clone(),
            name: it.name.clone(),
            document: it.document.clone(),
            document_number: it.document_number.clone(),
            sex: it.sex.clone(),
            birth: it.birth,
            mobile: it.mobile.clone(),
        }),
        kind: it.kind.clone(),
        channel: it.channel.clone(),
        bank: it.bank.clone(),
        reason_code: it.reason_code.clone(),
        merge: it.merge.clone(),
        agent: agent(&it.agent),
        in_hand: it.in_hand,
        ..Details::default()
    }
}

fn act(name: &str, it: &OrderAct, desk: &Desk) -> Result<Report, Failure> {
    let lang = desk.output.lang;
    let rules = desk.rules(&it.place)?;
    let amount = it.amount.as_deref().map(|text| fen(text, lang)).transpose()?;
    let mut ledger = desk.ledger(&it.place)?;
    let who = desk.who(&it.place)?;
    let mut target = target(&it.target);
    let mut in_hand = it.in_hand;
    // The card in the reader is in the clerk's hand, and says itself which one it is.
    if desk.common.reader.is_some() {
        let number = chip::number_of_card(desk)?;
        chip::same_card(ledger.as_mut(), &target, &number, desk)?;
        target = Target::Card(number);
        in_hand = true;
    }
    let details = Details {
        agent: agent(&it.agent),
        reason: it.reason.clone(),
        in_hand,
        pin_chosen: it.pin_chosen,
        amount_fen: amount.map(i64::from),
        ..Details::default()
    };
    let order = Order::new(desk.request(it.request.as_deref())?, name, Some(target)).with(details);
    if desk.common.reader.is_some() && name == "blocked" {
        chip::block_due(ledger.as_mut(), &order, desk)?;
    }
    let done = ledger.perform(&rules, who, Timestamp::now(), &order);
    let mut receipt = done.map_err(|e| desk.ledger_failure(&e))?;
    let mut told = None;
    // The ledger first: a chip is blocked only when the ledger has said so.
    if desk.common.reader.is_some() && receipt.card.as_ref().is_some_and(|card| card.chip == "block_due") {
        told = chip::block(ledger.as_mut(), &rules, who, &mut receipt, &order.request, desk).err();
    }
    Ok(reported(&receipt, &rules, desk).with(told))
}

fn made(it: &OrderMade, desk: &Desk) -> Result<Report, Failure> {
    let rules = desk.rules(&it.place)?;
    let details = Details {
        card_id: it.card_id.clone(),
        historical: it.historical.clone(),
        bank_number: it.bank_number.clone(),
        issued: it.issued,
        expires: it.expires,
        ..Details::default()
    };
    let order = Order::new(desk.request(it.request.as_deref())?, "made", Some(target(&it.target))).with(details);
    let mut ledger = desk.ledger(&it.place)?;
    let done = ledger.perform(&rules, desk.who(&it.place)?, Timestamp::now(), &order);
    Ok(reported(&done.map_err(|e| desk.ledger_failure(&e))?, &rules, desk))
}

fn reserve_mobile(it: &OrderMobile, desk: &Desk) -> Result<Report, Failure> {
    let rules = desk.rules(&it.place)?;
    let details = Details {
        mobile: Some(it.mobile.clone()),
        ..Details::default()
    };
    let request = desk.request(it.request.as_deref())?;
    let order = Order::new(request, "reserve_mobile", Some(target(&it.target))).with(details);
    let mut ledger = desk.ledger(&it.place)?;
    let done = ledger.perform(&rules, desk.who(&it.place)?, Timestamp::now(), &order);
    Ok(reported(&done.map_err(|e| desk.ledger_failure(&e))?, &rules, desk))
}

fn progress(it: &OrderProgress, desk: &Desk) -> Result<Report, Failure> {
    let rules = desk.rules(&it.place)?;
    let mut ledger = desk.ledger(&it.place)?;
    let progress = ledger
        .progress(&target(&it.target), Timestamp::now())
        .map_err(|e| desk.ledger_failure(&e))?;
    let sentence = progress.sentence(&rules, desk.output.lang);
    let mut json = json!(progress);
    json["sentence"] = json!(sentence);
    Ok(Report::new(json, sentence))
}

fn show(it: &OrderShow, desk: &Desk) -> Result<Report, Failure> {
    let lang = desk.output.lang;
    let locale = lang.locale();
    let rules = desk.rules(&it.place)?;
    let mut ledger = desk.ledger(&it.place)?;
    let standing = ledger.standing(&it.person).map_err(|e| desk.ledger_failure(&e))?;
    let mut cards = Table::new(&[
        t!("ledger.column.card", locale = locale),
        t!("ledger.column.state", locale = locale),
        t!("ledger.column.outlet", locale = locale),
        t!("ledger.column.bank", locale = locale),
        t!("ledger.column.expires", locale = locale),
        t!("ledger.column.chip", locale = locale),
    ]);
    for card in &standing.cards {
        let state = card_state(card, &rules, lang);
        let cells = [
            &card.id,
            &state,
            &card.outlet,
            &card.bank,
            &card.expires.to_string(),
            &card.chip,
        ];
        cards.row(cells.map(Clone::clone).to_vec());
    }
    let mut applications = Table::new(&[
        t!("ledger.column.application", locale = locale),
        t!("ledger.column.kind", locale = locale),
        t!("ledger.column.state", locale = locale),
        t!("ledger.column.outlet", locale = locale),
        t!("ledger.column.promised", locale = locale),
    ]);
    for it in &standing.applications {
        let (kind, state) = (rules.words(&it.kind, lang), rules.words(&it.state, lang));
        applications.row(vec![
            it.id.clone(),
            kind,
            state,
            it.outlet.clone(),
            it.promised.to_string(),
        ]);
    }
    let person = format!(
        "{} {}",
        mask::name(&standing.person.name),
        mask::number(&standing.person.id)
    );
    Ok(Report::new(
        json!(standing),
        format!("{person}\n\n{cards}\n{applications}"),
    ))
}

/// Promises that count the weekends of a year only are not made in silence.
fn tell_unknown(years: &[i16], desk: &Desk) {
    let years: Vec<String> = years.iter().map(ToString::to_string).collect();
    let (locale, years) = (desk.output.lang.locale(), years.join(desk.output.lang.pick("、", ", ")));
    if !years.is_empty() {
        desk.output
            .talk(&t!("ledger.calendar_unknown", locale = locale, years = years));
    }
}

/// What was done, for people and programs.
fn reported(receipt: &Receipt, rules: &Rules, desk: &Desk) -> Report {
    let lang = desk.output.lang;
    let locale = lang.locale();
    let mut lines = Vec::new();
    if let Some(it) = &receipt.application {
        let (kind, state) = (rules.words(&it.kind, lang), rules.words(&it.state, lang));
        lines.push(
            t!(
                "ledger.done_application",
                locale = locale,
                id = it.id,
                kind = kind,
                state = state
            )
            .into_owned(),
        );
        if receipt.act == "apply" {
            lines.push(t!("ledger.done_promise", locale = locale, promised = it.promised).into_owned());
            tell_unknown(&receipt.holidays_unknown, desk);
        }
        if it.fee_fen > it.paid_fen {
            let owed = it.fee_fen - it.paid_fen;
            let yuan = format!("{}.{:02}", owed / 100, owed % 100);
            lines.push(t!("ledger.done_fee", locale = locale, yuan = yuan).into_owned());
        }
    }
    for card in receipt.card.iter().chain(&receipt.old_card) {
        let state = card_state(card, rules, lang);
        lines.push(t!("ledger.done_card", locale = locale, id = card.id, state = state).into_owned());
        if card.chip == "block_due" {
            lines.push(t!("ledger.done_block_due", locale = locale, id = card.id).into_owned());
        }
    }
    if let Some(ecard) = &receipt.ecard {
        let state = rules.words(&ecard.state, lang);
        lines.push(t!("ledger.done_ecard", locale = locale, id = ecard.id, state = state).into_owned());
    }
    if receipt.refund_fen > 0 {
        let yuan = format!("{}.{:02}", receipt.refund_fen / 100, receipt.refund_fen % 100);
        lines.push(t!("ledger.done_refund", locale = locale, yuan = yuan).into_owned());
    }
    if receipt.repeated {
        lines.push(t!("ledger.done_before", locale = locale, request = receipt.request).into_owned());
    }
    let mut json = json!(receipt);
    json["ok"] = json!(true);
    Report::new(json, lines.join("\n"))
}

fn card_state(card: &Card, rules: &Rules, lang: Lang) -> String {
    let name = rules
        .card_state(card.state)
        .map(|state| state.name.as_str())
        .unwrap_or_default();
    format!("{} {}", card.state, rules.words(name, lang))
}

/// What an order is about; clap has seen to it that one is there.
fn target(it: &OrderTarget) -> Target {
    match (&it.person, &it.application, &it.card) {
        (_, Some(application), _) => Target::Application(application.clone()),
        (_, _, Some(card)) => Target::Card(card.clone()),
        (person, ..) => Target::Person(person.clone().unwrap_or_default()),
    }
}

/// Who acts for the holder.
pub fn agent(it: &OrderAgent) -> Option<Agent> {
    Some(Agent {
        name: it.agent.clone()?,
        document: it.agent_document.clone()?,
        guardian: it.guardian,
    })
}

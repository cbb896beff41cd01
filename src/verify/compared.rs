//! `ssc verify --ledger`: what the chip says against what the ledger says.

use crate::args::LedgerPlace;
use crate::connect::Desk;
use crate::failure::Failure;
use card_model::words::Lang;
use jiff::Timestamp;
use jiff::civil::Date;
use personalize::ledger::{Card, LedgerAccess, LedgerError, Person, Rules, Target};
use personalize::mask;
use reader::session::Session;
use reader::verify::{Check, Outcome, Words};
use reader::wellknown::{CARD_ID, CARD_NUMBER, EXPIRY_DATE, ISSUE_DATE, NAME, SOCIAL_SECURITY_NUMBER};
use rust_i18n::t;

/// The checks: number, chip, person, dates, state, PIN.
pub fn checks(session: &mut Session<'_>, place: &LedgerPlace, desk: &Desk) -> Result<Vec<Check>, Failure> {
    let mut ledger = desk.ledger(place)?;
    let rules = desk.rules(place)?;
    let mut chip = |path: &str| -> Result<String, Failure> {
        let read = session.read_plain(path).map_err(|e| desk.refusal(&e))?;
        Ok(read.unwrap_or_default())
    };
    let number = chip(CARD_NUMBER)?;
    let Some((card, person)) = known(ledger.as_mut(), &number).map_err(|e| desk.ledger_failure(&e))? else {
        return Ok(vec![check(
            "ledger_card",
            Outcome::Failed,
            words("no_card", &[("number", &number)]),
        )]);
    };
    let mut checks = vec![check("ledger_card", Outcome::Passed, plain(&number))];
    let card_id = chip(CARD_ID)?;
    checks.push(match &card.card_id {
        Some(known) => compared("ledger_card_id", card_id.eq_ignore_ascii_case(known), &card_id, known),
        None => check("ledger_card_id", Outcome::Noted, words("not_noted", &[])),
    });
    let (holder, name) = (chip(SOCIAL_SECURITY_NUMBER)?, chip(NAME)?);
    checks.push(compared(
        "ledger_person",
        holder == person.id,
        &mask::number(&holder),
        &mask::number(&person.id),
    ));
    // A long name is cut on the card.
    let same = !name.is_empty() && person.name.starts_with(&name);
    checks.push(compared(
        "ledger_name",
        same,
        &mask::name(&name),
        &mask::name(&person.name),
    ));
    let dates = [chip(ISSUE_DATE)?, chip(EXPIRY_DATE)?].map(|date| date.replace('-', ""));
    let noted = [card.issued, card.expires].map(|date: Date| date.strftime("%Y%m%d").to_string());
    checks.push(compared(
        "ledger_dates",
        dates == noted,
        &dates.join(" – "),
        &noted.join(" – "),
    ));
    checks.push(state(&card, &rules));
    let pin = session.pin_status().map_err(|e| desk.refusal(&e))?;
    checks.push(match (card.pin.as_str(), pin.set, pin.tries_left) {
        (_, _, Some(0)) => check("ledger_pin", Outcome::Noted, words("pin_blocked", &[])),
        ("chosen", false, _) => check("ledger_pin", Outcome::Failed, words("pin_not_set", &[])),
        _ => check("ledger_pin", Outcome::Passed, words("pin_fits", &[])),
    });
    Ok(checks)
}

/// The card of a number and its person, if the ledger has them.
fn known(ledger: &mut dyn LedgerAccess, number: &str) -> Result<Option<(Card, Person)>, LedgerError> {
    let progress = match ledger.progress(&Target::Card(number.to_owned()), Timestamp::now()) {
        Err(LedgerError::Unknown { .. }) => return Ok(None),
        progress => progress?,
    };
    let person = ledger.standing(&progress.application.person)?.person;
    Ok(progress.card.map(|card| (card, person)))
}

/// A card that answers is not blocked, and one that is used is in its normal state.
fn state(card: &Card, rules: &Rules) -> Check {
    let name = rules
        .card_state(card.state)
        .map(|state| state.name.clone())
        .unwrap_or_default();
    let state = Words {
        zh: format!("{} {}", card.state, rules.words(&name, Lang::Zh)),
        en: format!("{} {}", card.state, rules.words(&name, Lang::En)),
    };
    if card.chip == "sound" {
        let fits = if card.state == 1 {
            Outcome::Passed
        } else {
            Outcome::Failed
        };
        return check("ledger_state", fits, state);
    }
    let blocked = words(&card.chip, &[]);
    let both = Words {
        zh: format!("{}；{}", state.zh, blocked.zh),
        en: format!("{}; {}", state.en, blocked.en),
    };
    check("ledger_state", Outcome::Failed, both)
}

fn compared(name: &'static str, same: bool, chip: &str, ledger: &str) -> Check {
    if same {
        check(name, Outcome::Passed, plain(chip))
    } else {
        check(
            name,
            Outcome::Failed,
            words("differs", &[("chip", chip), ("ledger", ledger)]),
        )
    }
}

fn check(name: &'static str, outcome: Outcome, detail: Words) -> Check {
    let title = words(name, &[]);
    Check {
        name,
        title,
        outcome,
        detail,
    }
}

fn plain(text: &str) -> Words {
    Words {
        zh: text.to_owned(),
        en: text.to_owned(),
    }
}

fn words(key: &str, values: &[(&str, &str)]) -> Words {
    let text = |lang: Lang| {
        let key = format!("ledger.compared.{key}");
        let mut text = t!(&key, locale = lang.locale()).into_owned();
        for (name, value) in values {
            text = text.replace(&format!("%{{{name}}}"), value);
        }
        text
    };
    Words {
        zh: text(Lang::Zh),
        en: text(Lang::En),
    }
}

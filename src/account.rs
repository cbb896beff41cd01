//! `ssc account`: the medical account of a card, from a terminal's counter. If a card is pulled in the middle, `proof` tells
//! afterwards whether the money moved.

use crate::args::{Account, AccountDebit, AccountLoad, AccountPlace, AccountProof};
use crate::ask;
use crate::connect::Desk;
use crate::failure::{Class, Failure};
use crate::money::{fen, yuan};
use crate::output::{Report, Table, hex_upper};
use crate::security::{Cashier, Counter};
use crate::session::Person;
use card_model::words::Lang;
use reader::error::ReaderError;
use reader::security::SecurityModuleError;
use reader::session::{Amounts, LogEntry, Place, Receipt, Session, TransactionKind};
use rust_i18n::t;
use serde_json::{Value, json};

/// Terminal number where there is no PSAM: twelve zeros, as the standard driver says it.
const NO_TERMINAL: [u8; 6] = [0; 6];

/// Runs one of the verbs.
pub fn run(verb: &Account, desk: &Desk) -> Result<Report, Failure> {
    match verb {
        Account::Balance => balance(desk),
        Account::Load(it) => load(it, desk),
        Account::Debit(it) => debit(it, desk),
        Account::History => history(desk),
        Account::Proof(it) => proof(it, desk),
    }
}

fn balance(desk: &Desk) -> Result<Report, Failure> {
    let locale = desk.output.lang.locale();
    let (balance, (month, day)) = done(desk, false, |session| Ok((session.balance()?, session.starting_day()?)))?;
    let starting = format!("{month:02}-{day:02}");
    let year = (balance.year > 0).then_some(balance.year);
    let text = t!(
        "account.balance",
        locale = locale,
        personal = yuan(balance.personal),
        self_paid = yuan(balance.self_paid),
        pooled = yuan(balance.pooled),
        year = year.map_or_else(|| "–".to_owned(), |year| year.to_string()),
        day = starting
    );
    let json = json!({
        "personal_fen": balance.personal,
        "self_paid_fen": balance.self_paid,
        "pooled_fen": balance.pooled,
        "pay_year": year,
        "starting_day": starting,
    });
    Ok(Report::new(json, text))
}

fn load(it: &AccountLoad, desk: &Desk) -> Result<Report, Failure> {
    let lang = desk.output.lang;
    let locale = lang.locale();
    let amount = fen(&it.amount, lang)?;
    let (mut cashier, place) = counter(&it.place, None, desk)?;
    let question = t!("account.load_really", locale = locale, amount = yuan(amount));
    ask::confirm(&question, desk.common.yes, desk.output)?;
    let json = json!({
        "kind": kind_name(TransactionKind::Load),
        "amount_fen": amount,
        "terminal": hex_upper(&place.terminal),
        "time": moment(&place),
    });
    let result = at_the_card(desk, true, |session| session.load(amount, place, cashier.as_mut()))?;
    finish(json, result, desk, |receipt| {
        let said = t!(
            "account.loaded",
            locale = locale,
            amount = yuan(amount),
            balance = yuan(receipt.balance),
            sequence = receipt.sequence
        );
        (said.into_owned(), true)
    })
}

fn debit(it: &AccountDebit, desk: &Desk) -> Result<Report, Failure> {
    let lang = desk.output.lang;
    let locale = lang.locale();
    let part = |text: &Option<String>| text.as_deref().map_or(Ok(0), |text| fen(text, lang));
    let amounts = Amounts {
        personal: fen(&it.personal, lang)?,
        self_paid: part(&it.self_paid)?,
        pooled: part(&it.pooled)?,
    };
    let (mut cashier, place) = counter(&it.place, it.terminal_sequence, desk)?;
    let question = t!(
        "account.debit_really",
        locale = locale,
        personal = yuan(amounts.personal),
        self_paid = yuan(amounts.self_paid),
        pooled = yuan(amounts.pooled)
    );
    ask::confirm(&question, desk.common.yes, desk.output)?;
    let mut json = json!({
        "kind": kind_name(TransactionKind::Settlement),
        "personal_fen": amounts.personal,
        "self_paid_fen": amounts.self_paid,
        "pooled_fen": amounts.pooled,
        "terminal": hex_upper(&place.terminal),
        "time": moment(&place),
    });
    let result = at_the_card(desk, true, |session| {
        let algorithm = session.identity()?.algorithm;
        let index = it.key_index.or_else(|| cashier.purchase_key(algorithm)).unwrap_or(1);
        let receipt = session.settle(index, amounts, place, cashier.as_mut())?;
        // The money has moved: what is wrong with the host's code now is told beside the receipt, not instead of it.
        let checked = session.check_settlement(amounts, place, &receipt, cashier.as_mut());
        Ok((receipt, index, checked))
    })?;
    let (receipt, checked) = match result {
        Ok((receipt, index, checked)) => {
            json["key_index"] = json!(index);
            (Ok(receipt), checked)
        }
        Err(error) => (Err(error), Ok(())),
    };
    let genuine = match checked {
        Ok(()) => Some(true),
        Err(ReaderError::FalseMac) => Some(false),
        // A terminal without the host's keys cannot tell.
        Err(_) => None,
    };
    json["tac_ok"] = json!(genuine);
    finish(json, receipt, desk, |receipt| {
        let said = t!(
            "account.debited",
            locale = locale,
            personal = yuan(amounts.personal),
            balance = yuan(receipt.balance),
            sequence = receipt.sequence,
            terminal = receipt.terminal_sequence
        );
        (said.into_owned(), genuine != Some(false))
    })
}

/// The report of a transaction: its receipt, or that only the card knows its end. What `said` gives besides the words is
/// whether the card's code is genuine, as far as anybody could tell.
fn finish(
    mut json: Value,
    result: Result<Receipt, ReaderError>,
    desk: &Desk,
    said: impl FnOnce(&Receipt) -> (String, bool),
) -> Result<Report, Failure> {
    match result {
        Ok(receipt) => {
            json["ok"] = json!(true);
            json["sequence"] = json!(receipt.sequence);
            json["balance_fen"] = json!(receipt.balance);
            json["tac"] = json!(hex_upper(&receipt.tac));
            if json["kind"] == kind_name(TransactionKind::Settlement) {
                json["terminal_sequence"] = json!(receipt.terminal_sequence);
            }
            let (text, genuine) = said(&receipt);
            let failure = (!genuine).then(|| desk.refusal(&ReaderError::FalseMac));
            Ok(Report::new(json, text).with(failure))
        }
        Err(
            ref error @ ReaderError::Uncertain {
                sequence,
                terminal_sequence,
                ..
            },
        ) => {
            json["ok"] = Value::Null;
            json["sequence"] = json!(sequence);
            json["terminal_sequence"] = json!(terminal_sequence);
            Ok(Report::new(json, String::new()).with(Some(desk.refusal(error))))
        }
        Err(error) => Err(desk.refusal(&error)),
    }
}

fn history(desk: &Desk) -> Result<Report, Failure> {
    let lang = desk.output.lang;
    let locale = lang.locale();
    let entries = done(desk, false, |session| session.history())?;
    let mut table = Table::new(&[
        format!(">{}", t!("account.sequence", locale = locale)),
        t!("account.kind", locale = locale).into_owned(),
        t!("account.time", locale = locale).into_owned(),
        t!("account.terminal", locale = locale).into_owned(),
        format!(">{}", t!("account.personal", locale = locale)),
        format!(">{}", t!("account.self_paid", locale = locale)),
        format!(">{}", t!("account.pooled", locale = locale)),
    ]);
    for entry in &entries {
        table.row(vec![
            entry.sequence.to_string(),
            entry.kind.map_or_else(|| "–".to_owned(), |kind| kind_words(kind, lang)),
            moment(&entry.place),
            hex_upper(&entry.place.terminal),
            yuan(entry.amounts.personal),
            yuan(entry.amounts.self_paid),
            yuan(entry.amounts.pooled),
        ]);
    }
    let text = if entries.is_empty() {
        t!("account.no_history", locale = locale).into_owned()
    } else {
        table.to_string()
    };
    let list: Vec<Value> = entries.iter().map(entry_json).collect();
    Ok(Report::new(json!({ "transactions": list }), text))
}

fn proof(it: &AccountProof, desk: &Desk) -> Result<Report, Failure> {
    let lang = desk.output.lang;
    let locale = lang.locale();
    let mut cashier = desk.cashier(Counter {
        terminal: NO_TERMINAL,
        sequence: 0,
    })?;
    let found = done(desk, false, |session| {
        let newest = |session: &mut Session<'_>| {
            let log = session.history()?;
            Ok::<_, ReaderError>(log.iter().find_map(|entry| Some((entry.kind?, entry.sequence))))
        };
        let asked = match (it.load, it.settlement) {
            (Some(sequence), _) => Some((TransactionKind::Load, sequence)),
            (None, Some(sequence)) => Some((TransactionKind::Settlement, sequence)),
            (None, None) => newest(session)?,
        };
        let Some((kind, sequence)) = asked else { return Ok(None) };
        let outcome = session.outcome(kind, sequence)?;
        let genuine = match &mut cashier {
            None => None,
            Some(cashier) => match session.check_outcome(&outcome, it.terminal_sequence, cashier.as_mut()) {
                Ok(genuine) => genuine,
                // A terminal without the host's key cannot tell; the card's word stands all the same.
                Err(ReaderError::SecurityModule(SecurityModuleError::KeyMissing { .. })) => None,
                Err(error) => return Err(error),
            },
        };
        Ok(Some((kind, sequence, outcome, genuine)))
    })?;
    let Some((kind, sequence, outcome, genuine)) = found else {
        let json = json!({ "kind": null, "sequence": null, "moved": false });
        let none = Failure::new(Class::Verdict, t!("account.no_history", locale = locale));
        return Ok(Report::new(json, String::new()).with(Some(none)));
    };
    let json = json!({
        "kind": kind_name(kind),
        "sequence": sequence,
        "moved": outcome.moved,
        "mac": outcome.proof.map(|proof| hex_upper(&proof.mac)),
        "tac": outcome.proof.map(|proof| hex_upper(&proof.tac)),
        "tac_ok": genuine,
        "record": outcome.entry.as_ref().map(entry_json),
    });
    let name = kind_words(kind, lang);
    if !outcome.moved {
        let failure = Failure::new(
            Class::Verdict,
            t!("account.not_moved", locale = locale, kind = name, sequence = sequence),
        )
        .next(t!("account.not_moved_next", locale = locale));
        return Ok(Report::new(json, String::new()).with(Some(failure)));
    }
    let mut lines = vec![t!("account.moved", locale = locale, kind = name, sequence = sequence).into_owned()];
    if let Some(entry) = &outcome.entry {
        lines.push(format!(
            "{}  {}  {} / {} / {}",
            moment(&entry.place),
            hex_upper(&entry.place.terminal),
            yuan(entry.amounts.personal),
            yuan(entry.amounts.self_paid),
            yuan(entry.amounts.pooled)
        ));
    }
    if let Some(proof) = &outcome.proof {
        lines.push(format!("MAC {}  TAC {}", hex_upper(&proof.mac), hex_upper(&proof.tac)));
    }
    if genuine == Some(true) {
        lines.push(t!("account.tac_ok", locale = locale).into_owned());
    }
    let failure = (genuine == Some(false)).then(|| desk.refusal(&ReaderError::FalseMac));
    Ok(Report::new(json, lines.join("\n")).with(failure))
}

/// The security module, and the place of a transaction with it.
fn counter(it: &AccountPlace, sequence: Option<u32>, desk: &Desk) -> Result<(Box<dyn Cashier>, Place), Failure> {
    let locale = desk.output.lang.locale();
    let now = jiff::Zoned::now();
    let time = match &it.time {
        Some(text) => reader::decode::moment(text)
            .map_err(|e| Failure::input(t!("account.time_form", locale = locale)).because(e.words(desk.output.lang)))?,
        None => now.strftime("%Y%m%d%H%M%S").to_string(),
    };
    let time = packed(&time).ok_or_else(|| Failure::input(t!("account.time_form", locale = locale)))?;
    if desk.common.psam.is_some() && (it.terminal.is_some() || sequence.is_some()) {
        return Err(Failure::input(t!("account.psam_counts", locale = locale))
            .next(t!("account.psam_counts_next", locale = locale)));
    }
    let terminal = match &it.terminal {
        Some(text) => {
            packed(text).ok_or_else(|| Failure::input(t!("account.terminal_form", locale = locale, text = text)))?
        }
        None => NO_TERMINAL,
    };
    // A key file keeps no number. The seconds since 1970 do not come twice on one counter.
    let seconds = u32::try_from(now.timestamp().as_second()).unwrap_or(0);
    let cashier = desk.cashier(Counter {
        terminal,
        sequence: sequence.unwrap_or(seconds),
    })?;
    let mut cashier = match cashier {
        Some(cashier) => cashier,
        None => return Err(desk.no_keys()),
    };
    let terminal = cashier
        .terminal_number()
        .map_err(|e| desk.refusal(&ReaderError::from(e)))?;
    Ok((cashier, Place { terminal, time }))
}

/// Does something with the account; the PIN is asked when the card wants it. The card's answer is left to the caller.
fn at_the_card<T>(
    desk: &Desk,
    exclusive: bool,
    work: impl FnOnce(&mut Session<'_>) -> Result<T, ReaderError>,
) -> Result<Result<T, ReaderError>, Failure> {
    let mut person = Person::new(desk.output);
    let result = {
        let mut session = desk.session(exclusive)?.with_pins(&mut person);
        work(&mut session)
    };
    match (result, person.failure) {
        (Err(_), Some(failure)) => Err(failure),
        (result, _) => Ok(result),
    }
}

fn done<T>(
    desk: &Desk,
    exclusive: bool,
    work: impl FnOnce(&mut Session<'_>) -> Result<T, ReaderError>,
) -> Result<T, Failure> {
    at_the_card(desk, exclusive, work)?.map_err(|e| desk.refusal(&e))
}

fn entry_json(entry: &LogEntry) -> Value {
    json!({
        "kind": entry.kind.map(kind_name),
        "sequence": entry.sequence,
        "time": moment(&entry.place),
        "terminal": hex_upper(&entry.place.terminal),
        "personal_fen": entry.amounts.personal,
        "self_paid_fen": entry.amounts.self_paid,
        "pooled_fen": entry.amounts.pooled,
    })
}

/// Packed digits of a text that has as many as fit.
fn packed<const N: usize>(digits: &str) -> Option<[u8; N]> {
    let decimal = digits.bytes().all(|byte| byte.is_ascii_digit());
    hex::decode(digits).ok().filter(|_| decimal)?.try_into().ok()
}

/// `2026-04-01 09:30:00`.
fn moment(place: &Place) -> String {
    let [y1, y2, month, day, hour, minute, second] = place.time;
    format!("{y1:02X}{y2:02X}-{month:02X}-{day:02X} {hour:02X}:{minute:02X}:{second:02X}")
}

const fn kind_name(kind: TransactionKind) -> &'static str {
    match kind {
        TransactionKind::Load => "load",
        TransactionKind::Settlement => "settlement",
    }
}

fn kind_words(kind: TransactionKind, lang: Lang) -> String {
    match kind {
        TransactionKind::Load => t!("account.load", locale = lang.locale()),
        TransactionKind::Settlement => t!("account.settlement", locale = lang.locale()),
    }
    .into_owned()
}

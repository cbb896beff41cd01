//! `ssc ecard`: the electronic card, its codes, and the keys of those who issue them.

mod keys;
mod show;
mod verify;

use crate::args::{
    Ecard as Verb, EcardAct, EcardHistory, EcardKeys, EcardPassword, EcardPayment, EcardStatus, EcardTarget,
    PasswordAct, PaymentAct,
};
use crate::ask;
use crate::connect::Desk;
use crate::failure::{Class, Failure};
use crate::order::agent;
use crate::output::{Report, Table};
use card_model::words::Lang;
use jiff::Timestamp;
use personalize::ecard::FolderError;
use personalize::ecard::code::{Issuer, Scene};
use personalize::ledger::{Details, Identified, LedgerAccess, LedgerError, Order, RealNameBy, Receipt, Rules, Target};
use personalize::mask;
use rust_i18n::t;
use serde_json::json;

/// Runs one of the verbs.
pub fn run(verb: &Verb, desk: &Desk) -> Result<Report, Failure> {
    match verb {
        Verb::Register(it) => act("register", it, Details::default(), desk),
        Verb::Bind(it) => act("bind", it, Details::default(), desk),
        Verb::Unbind(it) => act("unbind", it, Details::default(), desk),
        Verb::Deregister(it) => act("deregister", it, Details::default(), desk),
        Verb::Password(it) => password(it, desk),
        Verb::Payment(it) => payment(it, desk),
        Verb::Show(it) => show::run(it, desk),
        Verb::Verify(it) => verify::run(it, desk),
        Verb::Status(it) => status(it, desk),
        Verb::History(it) => history(it, desk),
        Verb::Keys(EcardKeys::New(it)) => keys::new(it, desk),
        Verb::Keys(EcardKeys::List(it)) => keys::list(it, desk),
    }
}

fn password(it: &EcardPassword, desk: &Desk) -> Result<Report, Failure> {
    let mut details = Details::default();
    if it.what == PasswordAct::Change {
        details.password = Some(ask::ecard_password(ask::ECARD_PASSWORD, desk.output)?.into());
    }
    details.new_password = Some(ask::ecard_password(ask::NEW_ECARD_PASSWORD, desk.output)?.into());
    let name = match it.what {
        PasswordAct::Set => "set_password",
        PasswordAct::Change => "change_password",
        PasswordAct::Reset => "reset_password",
    };
    act(name, &it.act, details, desk)
}

fn payment(it: &EcardPayment, desk: &Desk) -> Result<Report, Failure> {
    let mut details = Details {
        mobile: it.mobile.clone(),
        ..Details::default()
    };
    if it.what == PaymentAct::Close {
        return act("close_payment", &it.act, details, desk);
    }
    details.password = Some(ask::ecard_password(ask::ECARD_PASSWORD, desk.output)?.into());
    act("open_payment", &it.act, details, desk)
}

fn act(name: &str, it: &EcardAct, details: Details, desk: &Desk) -> Result<Report, Failure> {
    let rules = desk.rules(&it.place)?;
    let details = Details {
        channel: it.channel.clone(),
        agent: agent(&it.agent),
        reason: it.reason.clone(),
        real_name: identified(it, &rules, desk)?,
        ..details
    };
    let order = Order::new(desk.request(it.request.as_deref())?, name, Some(target(&it.target))).with(details);
    let mut ledger = desk.ledger(&it.place)?;
    let done = ledger.perform(&rules, desk.who(&it.place)?, Timestamp::now(), &order);
    Ok(reported(&done.map_err(|e| desk.ledger_failure(&e))?, &rules, desk))
}

/// The method of the real-name check, with what the holder presents for it.
fn identified(it: &EcardAct, rules: &Rules, desk: &Desk) -> Result<Option<Identified>, Failure> {
    let Some(method) = &it.real_name else { return Ok(None) };
    let evidence = match rules.real_name(method).map(|method| method.by) {
        Some(RealNameBy::Password) => Some(ask::ecard_password(ask::ECARD_PASSWORD, desk.output)?),
        Some(RealNameBy::Program) => ask::evidence(desk.output)?,
        Some(RealNameBy::Staff) | None => None,
    };
    Ok(Some(Identified {
        method: method.clone(),
        evidence: evidence.map(Into::into),
    }))
}

/// What was done, for people and programs.
fn reported(receipt: &Receipt, rules: &Rules, desk: &Desk) -> Report {
    let lang = desk.output.lang;
    let locale = lang.locale();
    let mut lines = Vec::new();
    if let Some(ecard) = &receipt.ecard {
        let (state, card) = (rules.words(&ecard.state, lang), &ecard.card);
        lines.push(t!("ecard.done", locale = locale, id = ecard.id, state = state, card = card).into_owned());
        let channels = channels(&receipt.channels, rules, lang);
        lines.push(t!("ecard.done_channels", locale = locale, channels = channels).into_owned());
    }
    if receipt.repeated {
        lines.push(t!("ledger.done_before", locale = locale, request = receipt.request).into_owned());
    }
    let json = json!({
        "ok": true,
        "act": receipt.act,
        "request": receipt.request,
        "repeated": receipt.repeated,
        "ecard": receipt.ecard,
        "channels": receipt.channels,
    });
    Report::new(json, lines.join("\n"))
}

fn channels(names: &[String], rules: &Rules, lang: Lang) -> String {
    let words: Vec<String> = names
        .iter()
        .map(|name| format!("{} ({name})", rules.words(name, lang)))
        .collect();
    match words.is_empty() {
        true => "–".to_owned(),
        false => words.join(lang.pick("、", ", ")),
    }
}

fn status(it: &EcardStatus, desk: &Desk) -> Result<Report, Failure> {
    let lang = desk.output.lang;
    let locale = lang.locale();
    let rules = desk.rules(&it.place)?;
    let mut ledger = desk.ledger(&it.place)?;
    let person = person(ledger.as_mut(), &it.target).map_err(|e| desk.ledger_failure(&e))?;
    let standing = ledger.standing(&person).map_err(|e| desk.ledger_failure(&e))?;
    let mut table = Table::new(&[
        t!("ecard.column.number", locale = locale),
        t!("ecard.column.state", locale = locale),
        t!("ecard.column.card", locale = locale),
        t!("ecard.column.password", locale = locale),
        t!("ecard.column.payment", locale = locale),
        t!("ecard.column.opened", locale = locale),
    ]);
    for ecard in &standing.ecards {
        let word = |area: &str, name: &str| {
            let key = format!("ecard.{area}.{name}");
            t!(&key, locale = locale).into_owned()
        };
        table.row(vec![
            ecard.id.clone(),
            rules.words(&ecard.state, lang),
            ecard.card.clone(),
            word("password", &ecard.password),
            word("payment", &ecard.payment),
            ecard.opened.strftime("%F").to_string(),
        ]);
    }
    let holder = format!(
        "{} {}",
        mask::name(&standing.person.name),
        mask::number(&standing.person.id)
    );
    let channels = channels(&standing.channels, &rules, lang);
    let channels = t!("ecard.done_channels", locale = locale, channels = channels);
    let text = match standing.ecards.is_empty() {
        true => t!("ecard.none", locale = locale, holder = holder).into_owned(),
        false => format!("{holder}\n\n{table}\n{channels}"),
    };
    let json = json!({ "ecards": standing.ecards, "channels": standing.channels });
    Ok(Report::new(json, text))
}

fn person(ledger: &mut dyn LedgerAccess, target: &EcardTarget) -> Result<String, LedgerError> {
    if let Some(person) = &target.person {
        return Ok(person.clone());
    }
    let found = ledger.progress(&self::target(target), Timestamp::now())?;
    Ok(found.application.person)
}

fn history(it: &EcardHistory, desk: &Desk) -> Result<Report, Failure> {
    crate::ledger::lines(&it.ecard, &it.place, desk)
}

/// What an act is about; clap has seen to it that one is there.
fn target(it: &EcardTarget) -> Target {
    match (&it.ecard, &it.card) {
        (Some(ecard), _) => Target::Ecard(ecard.clone()),
        (_, Some(card)) => Target::Card(card.clone()),
        _ => Target::Person(it.person.clone().unwrap_or_default()),
    }
}

/// A scene of an issuer by its number or one of its names.
fn scene<'i>(given: &str, issuer: &'i Issuer, desk: &Desk) -> Result<&'i Scene, Failure> {
    let scenes = &issuer.scheme.scenes;
    let named = |scene: &&Scene| scene.code.to_string() == given || scene.name == given || scene.name_zh == given;
    scenes.iter().find(named).ok_or_else(|| {
        let lang = desk.output.lang;
        let known: Vec<String> = scenes
            .iter()
            .map(|scene| format!("{} {}", scene.code, lang.pick(&scene.name_zh, &scene.name)))
            .collect();
        let known = known.join(lang.pick("、", ", "));
        Failure::input(t!("ecard.no_scene", locale = lang.locale(), given = given)).next(t!(
            "ecard.no_scene_next",
            locale = lang.locale(),
            known = known
        ))
    })
}

/// A channel that the rules do not have.
fn no_channel(name: &str, rules: &Rules, desk: &Desk) -> Failure {
    let lang = desk.output.lang;
    let known: Vec<&str> = rules
        .electronic_channels()
        .iter()
        .map(|channel| channel.name.as_str())
        .collect();
    let known = known.join(lang.pick("、", ", "));
    Failure::input(t!("ecard.no_channel", locale = lang.locale(), name = name)).next(t!(
        "ecard.no_channel_next",
        locale = lang.locale(),
        known = known
    ))
}

impl Desk<'_> {
    /// Why a folder of issuers could not be used.
    fn issuers(&self, error: &FolderError) -> Failure {
        Failure::explained(Class::Input, error, self.output.lang)
    }
}

//! `ssc cert pin`: the PINs of the certificate application. Tries are shown before a PIN is asked, and the last one is kept
//! unless `--last-try` says otherwise.

use crate::args::{CertPin, CertPinOf};
use crate::ask;
use crate::connect::Desk;
use crate::failure::Failure;
use crate::output::Report;
use card_model::profile::PinRole;
use reader::certificate::{CertificateApplication, CertificateError};
use reader::pin::PinStatus;
use rust_i18n::t;
use serde_json::{Value, json};

/// Runs one of the verbs.
pub fn run(verb: &CertPin, desk: &Desk) -> Result<Report, Failure> {
    match verb {
        CertPin::Status => status(desk),
        CertPin::Verify(of) => verify(of, desk),
        CertPin::Change(of) => change(of, desk),
        CertPin::Reset(of) if of.administrator => give(PinRole::Administrator, desk),
        CertPin::Reset(_) => unblock(true, desk),
        CertPin::Unblock => unblock(false, desk),
    }
}

const fn role_name(role: PinRole) -> &'static str {
    match role {
        PinRole::User => "user",
        PinRole::Administrator => "administrator",
    }
}

const fn role(of: &CertPinOf) -> (PinRole, &'static str) {
    if of.administrator {
        (PinRole::Administrator, ask::ADMINISTRATOR_PIN)
    } else {
        (PinRole::User, ask::CERTIFICATE_PIN)
    }
}

fn status(desk: &Desk) -> Result<Report, Failure> {
    let lang = desk.output.lang;
    let mut session = desk.session(false)?;
    let profile = session.profile();
    let fail = |e: CertificateError| desk.certificate(&e);
    let mut application = CertificateApplication::open(session.channel(), profile).map_err(fail)?;
    let (mut json, mut lines) = (serde_json::Map::new(), Vec::new());
    for role in [PinRole::User, PinRole::Administrator] {
        let status = application.pin_status(role).map_err(fail)?;
        let tries = status.and_then(|status| status.tries_left);
        let whose = reader::certificate::role_words(role, lang);
        lines.push(match tries {
            None => t!("ssc.cert.pin.unknown", locale = lang.locale(), whose = whose),
            Some(0) => t!("ssc.cert.pin.blocked", locale = lang.locale(), whose = whose),
            Some(tries) => t!(
                "ssc.cert.pin.tries",
                locale = lang.locale(),
                whose = whose,
                tries = tries
            ),
        });
        json.insert(
            role_name(role).to_owned(),
            json!({ "set": status.map(|status| status.set), "tries_left": tries }),
        );
    }
    Ok(Report::new(Value::Object(json), lines.join("\n")))
}

fn verify(of: &CertPinOf, desk: &Desk) -> Result<Report, Failure> {
    let (role, variable) = role(of);
    let mut session = desk.session(false)?;
    let profile = session.profile();
    let mut application = CertificateApplication::open(session.channel(), profile).map_err(|e| desk.certificate(&e))?;
    let outcome = guarded(&mut application, role, desk)
        .and_then(|tries| ask::pin(variable, tries, desk.output))
        .and_then(|pin| {
            let outcome = application.verify_pin(role, &pin, desk.common.last_try);
            outcome.map_err(|e| desk.certificate(&e))
        });
    finish(&mut application, role, outcome, "ssc.cert.pin.right", desk)
}

fn change(of: &CertPinOf, desk: &Desk) -> Result<Report, Failure> {
    let (role, variable) = role(of);
    let mut session = desk.session(true)?;
    let profile = session.profile();
    let mut application = CertificateApplication::open(session.channel(), profile).map_err(|e| desk.certificate(&e))?;
    let outcome = guarded(&mut application, role, desk)
        .and_then(|tries| {
            let old = ask::pin(variable, tries, desk.output)?;
            Ok((old, ask::pin(ask::NEW_PIN, None, desk.output)?))
        })
        .and_then(|(old, new)| {
            let outcome = application.change_pin(role, &old, &new, desk.common.last_try);
            outcome.map_err(|e| desk.certificate(&e))
        });
    finish(&mut application, role, outcome, "ssc.cert.pin.changed", desk)
}

/// The user PIN gets a full counter under the administrator's PIN; with `reset` also new digits.
fn unblock(reset: bool, desk: &Desk) -> Result<Report, Failure> {
    let administrator = PinRole::Administrator;
    let last_try = desk.common.last_try;
    let mut session = desk.session(true)?;
    let profile = session.profile();
    let fail = |e: CertificateError| desk.certificate(&e);
    let mut application = CertificateApplication::open(session.channel(), profile).map_err(fail)?;
    let tries = guarded(&mut application, administrator, desk)?;
    let pin = ask::pin(ask::ADMINISTRATOR_PIN, tries, desk.output)?;
    let new = reset.then(|| ask::pin(ask::NEW_PIN, None, desk.output)).transpose()?;
    application.verify_pin(administrator, &pin, last_try).map_err(fail)?;
    let outcome = application.unblock_user_pin(&pin, new.as_ref()).map_err(fail);
    let done = if reset {
        "ssc.cert.pin.was_reset"
    } else {
        "ssc.cert.pin.unblocked"
    };
    finish(&mut application, PinRole::User, outcome, done, desk)
}

/// A PIN given again under the issuer's master key.
fn give(role: PinRole, desk: &Desk) -> Result<Report, Failure> {
    let mut keys = desk.required_keys()?;
    let new = ask::pin(ask::NEW_PIN, None, desk.output)?;
    let locale = desk.output.lang.locale();
    ask::confirm(
        &t!("ssc.cert.pin.reset_really", locale = locale),
        desk.common.yes,
        desk.output,
    )?;
    let mut session = desk.session(true)?;
    let card = session.identity().map_err(|e| desk.refusal(&e))?;
    let profile = session.profile();
    let fail = |e: CertificateError| desk.certificate(&e);
    let mut application = CertificateApplication::open(session.channel(), profile).map_err(fail)?;
    application.give_pin(role, &new, &mut keys, &card).map_err(fail)?;
    finish(&mut application, role, Ok(()), "ssc.cert.pin.was_reset", desk)
}

fn guarded(application: &mut CertificateApplication<'_>, role: PinRole, desk: &Desk) -> Result<Option<u8>, Failure> {
    application
        .guard_pin(role, desk.common.last_try)
        .map_err(|e| desk.certificate(&e))
}

/// Reports the outcome together with the state of the PIN afterwards.
fn finish(
    application: &mut CertificateApplication<'_>,
    role: PinRole,
    outcome: Result<(), Failure>,
    done: &str,
    desk: &Desk,
) -> Result<Report, Failure> {
    let lang = desk.output.lang;
    // The outcome is what counts, even if the card is gone by now.
    let status = application.pin_status(role).ok().flatten().unwrap_or(PinStatus {
        set: true,
        tries_left: None,
    });
    let json = json!({
        "pin": role_name(role),
        "set": status.set,
        "tries_left": status.tries_left,
        "ok": outcome.is_ok(),
    });
    let text = match outcome {
        Ok(()) => t!(
            done,
            locale = lang.locale(),
            whose = reader::certificate::role_words(role, lang)
        )
        .into_owned(),
        Err(_) => String::new(),
    };
    Ok(Report::new(json, text).with(outcome.err()))
}

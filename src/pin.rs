//! `ssc pin`: tries are shown before a PIN is asked, and the last one is kept unless `--last-try` says otherwise.

use crate::args::Pin as Verb;
use crate::ask;
use crate::connect::Desk;
use crate::failure::Failure;
use crate::output::Report;
use reader::error::ReaderError;
use reader::pin::PinStatus;
use reader::session::Session;
use rust_i18n::t;
use serde_json::json;

/// Runs one of the verbs.
pub fn run(verb: &Verb, desk: &Desk) -> Result<Report, Failure> {
    match verb {
        Verb::Status => status(desk),
        Verb::Verify => verify(desk),
        Verb::Change => change(desk),
        Verb::Reset => with_puk(desk, true),
        Verb::Unblock => with_puk(desk, false),
    }
}

fn status(desk: &Desk) -> Result<Report, Failure> {
    let mut session = desk.session(false)?;
    let status = session.pin_status().map_err(|e| desk.refusal(&e))?;
    let locale = desk.output.lang.locale();
    let text = match status.tries_left {
        None => t!("ssc.pin.none", locale = locale),
        Some(0) => t!("ssc.pin.blocked", locale = locale),
        Some(tries) => t!("ssc.pin.tries", locale = locale, tries = tries),
    };
    Ok(Report::new(json(status, !status.blocked()), text))
}

fn verify(desk: &Desk) -> Result<Report, Failure> {
    let mut session = desk.session(false)?;
    let before = match guarded(&mut session, desk) {
        Ok(status) => status,
        Err(report) => return *report,
    };
    if !before.set {
        return Ok(Report::new(
            json(before, true),
            t!("ssc.pin.none", locale = desk.output.lang.locale()),
        ));
    }
    let pin = ask::pin(ask::PIN, before.tries_left, desk.output)?;
    let result = session.verify_pin(&pin);
    finish(&mut session, result, "ssc.pin.right", desk)
}

fn change(desk: &Desk) -> Result<Report, Failure> {
    let mut session = desk.session(true)?;
    let before = match guarded(&mut session, desk) {
        Ok(status) => status,
        Err(report) => return *report,
    };
    let old = before
        .set
        .then(|| ask::pin(ask::PIN, before.tries_left, desk.output))
        .transpose()?;
    let new = ask::pin(ask::NEW_PIN, None, desk.output)?;
    let result = session.change_pin(old.as_ref(), Some(&new));
    finish(&mut session, result, "ssc.pin.changed", desk)
}

/// Reset and unblock: the key PUK instead of the old PIN.
fn with_puk(desk: &Desk, reset: bool) -> Result<Report, Failure> {
    let locale = desk.output.lang.locale();
    let mut keys = desk.required_security()?;
    let mut session = desk.session(true)?.with_security(keys.as_mut());
    if reset {
        let new = ask::pin(ask::NEW_PIN, None, desk.output)?;
        ask::confirm(
            &t!("ssc.pin.reset_really", locale = locale),
            desk.common.yes,
            desk.output,
        )?;
        let result = session.reset_pin(Some(&new));
        finish(&mut session, result, "ssc.pin.was_reset", desk)
    } else {
        let result = session.unblock_pin();
        finish(&mut session, result, "ssc.pin.unblocked", desk)
    }
}

/// The state of the PIN if a try may be spent; else the report that says why not.
fn guarded(session: &mut Session<'_>, desk: &Desk) -> Result<PinStatus, Box<Result<Report, Failure>>> {
    let status = session.pin_status().map_err(|e| Box::new(Err(desk.refusal(&e))))?;
    session
        .guard_pin()
        .map_err(|error| Box::new(Ok(refused(status, &error, desk))))
}

/// Reports the outcome together with the state of the PIN afterwards.
fn finish(
    session: &mut Session<'_>,
    result: Result<(), ReaderError>,
    done: &str,
    desk: &Desk,
) -> Result<Report, Failure> {
    // The outcome is what counts, even if the card is gone by now.
    let after = session.pin_status().unwrap_or(PinStatus {
        set: true,
        tries_left: None,
    });
    match result {
        Ok(()) => Ok(Report::new(
            json(after, true),
            t!(done, locale = desk.output.lang.locale()),
        )),
        Err(error) => Ok(refused(after, &error, desk)),
    }
}

fn refused(status: PinStatus, error: &ReaderError, desk: &Desk) -> Report {
    Report::new(json(status, false), String::new()).with(Some(desk.refusal(error)))
}

fn json(status: PinStatus, ok: bool) -> serde_json::Value {
    json!({ "set": status.set, "tries_left": status.tries_left, "ok": ok })
}

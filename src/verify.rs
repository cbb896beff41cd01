//! `ssc verify`: is the card genuine and consistent?

mod compared;

use crate::args::Verify;
use crate::ask;
use crate::certificate::{PAIRS, trust};
use crate::connect::Desk;
use crate::failure::{Class, Failure};
use crate::output::{Report, Table};
use crate::session::{Person, today};
use card_model::profile::PinRole;
use card_model::words::Lang;
use reader::certificate::chain::TrustStore;
use reader::certificate::{CertificateApplication, CertificateError};
use reader::session::Session;
use reader::verify::{Check, Outcome, Verification, verify};
use rust_i18n::t;
use serde_json::json;

/// Makes all checks.
pub fn run(it: &Verify, desk: &Desk) -> Result<Report, Failure> {
    let store = trust(&it.trust, desk)?;
    let mut keys = desk.required_security()?;
    let mut person = Person::new(desk.output);
    let mut session = desk.session(false)?.with_security(keys.as_mut());
    if ask::has(ask::PIN) {
        session = session.with_pins(&mut person);
    }
    let mut verification = verify(&mut session, today()).map_err(|e| desk.refusal(&e))?;
    if let Some(place) = it.place() {
        verification
            .checks
            .extend(compared::checks(&mut session, &place, desk)?);
    }
    verification
        .checks
        .extend(certificates(&mut session, store.as_ref(), desk)?);
    Ok(report(&verification, desk.output.lang))
}

/// The checks of the card's certificates; none of a card without certificates.
fn certificates(session: &mut Session<'_>, store: Option<&TrustStore>, desk: &Desk) -> Result<Vec<Check>, Failure> {
    let profile = session.profile();
    if profile.certificate_application().is_none() {
        return Ok(Vec::new());
    }
    let fail = |e: CertificateError| desk.certificate(&e);
    let mut application = match CertificateApplication::open(session.channel(), profile) {
        Ok(application) => application,
        Err(CertificateError::NoApplication { .. }) => return Ok(Vec::new()),
        Err(error) => return Err(fail(error)),
    };
    let mut present = false;
    for pair in PAIRS {
        present |= application.read_certificate(pair).map_err(fail)?.is_some();
    }
    if !present {
        return Ok(Vec::new());
    }
    user_pin(&mut application, desk)?;
    let found = desk.check_certificates(&mut application, store)?;
    Ok(found.iter().flat_map(|(pair, check)| check.checks(*pair)).collect())
}

/// The answer to a challenge needs the user PIN of the certificate application. `SSC_CERT_PIN` is meant for it. `SSC_PIN` is
/// often the same; it is tried only as long as no try is missing, so that a verification repeated does not block anything.
fn user_pin(application: &mut CertificateApplication<'_>, desk: &Desk) -> Result<(), Failure> {
    if ask::has(ask::CERTIFICATE_PIN) {
        return desk.user_pin(application);
    }
    let index = application
        .profile()
        .index_of(application.directory())
        .unwrap_or_default();
    let all = application
        .profile()
        .pin_with_role(index, PinRole::User)
        .map(|pin| pin.tries);
    let status = application
        .pin_status(PinRole::User)
        .map_err(|e| desk.certificate(&e))?;
    if !ask::has(ask::PIN) || status.and_then(|status| status.tries_left) != all {
        return Ok(());
    }
    match desk.user_pin(application) {
        Err(failure) if failure.class == Class::Pin => {
            desk.output
                .warn(&t!("ssc.cert.other_pin", locale = desk.output.lang.locale()));
            Ok(())
        }
        other => other,
    }
}

/// The checks in words, and the verdict.
fn report(verification: &Verification, lang: Lang) -> Report {
    let locale = lang.locale();
    // Nothing else is wrong with it: that is a matter of renewal, not of doubt.
    let mut failed = verification
        .checks
        .iter()
        .filter(|check| check.outcome == Outcome::Failed);
    let expired = failed.next().is_some_and(|check| check.name == "expiry") && failed.next().is_none();
    let verdict = match (verification.genuine(), verification.authentic()) {
        (true, _) => t!("ssc.verify.genuine", locale = locale),
        (false, true) if expired => t!("ssc.verify.expired", locale = locale),
        (false, true) => t!("ssc.verify.inconsistent", locale = locale),
        (false, false) => t!("ssc.verify.not_genuine", locale = locale),
    };
    let failure = (!verification.genuine()).then(|| {
        let failed: Vec<String> = verification
            .checks
            .iter()
            .filter(|check| check.outcome == Outcome::Failed)
            .map(|check| {
                format!(
                    "{}{}{}",
                    check.title.text(lang),
                    lang.pick("：", ": "),
                    check.detail.text(lang)
                )
            })
            .collect();
        Failure::new(Class::Verdict, verdict.clone())
            .because(failed.join(lang.pick("；", "; ")))
            .next(match expired {
                true => t!("ssc.verify.expired_next", locale = locale),
                false => t!("ssc.verify.next", locale = locale),
            })
    });
    let text = format!("{}\n{verdict}", table(verification, lang));
    Report::new(json!(verification.view(lang)), text).with(failure)
}

/// One line per check of a verification.
pub fn table(verification: &Verification, lang: Lang) -> Table {
    lines(&verification.checks, lang)
}

/// One line per check.
pub fn lines(checks: &[Check], lang: Lang) -> Table {
    let mut table = Table::plain(3);
    for check in checks {
        let mark = match check.outcome {
            Outcome::Passed => "✓",
            Outcome::Failed => "✗",
            Outcome::Noted => "·",
        };
        table.row(vec![
            mark.into(),
            check.title.text(lang).into(),
            check.detail.text(lang).into(),
        ]);
    }
    table
}

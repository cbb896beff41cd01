//! Runs the cases of the driver interface on a test stand and gives verdicts.

use super::play::{Play, Played};
use super::stand::Stand;
use crate::ConformanceError;
use crate::flow::Deviation;
use crate::run::{CaseResult, Failure, Observer, Options, Run, Verdict};
use crate::suite::{Case, DriverCase, Effect, Suite, Text};
use crate::terminal::{CertificatePins, Subject};
use card_model::card::Interface;
use std::time::Instant;

/// Runs the cases of the driver interface and adds a verdict for each to `run`.
///
/// Before each case card and PSAM are put into the situation that it needs. Cases run in the order of their effect. What the stand
/// or the driver cannot do makes a case not applicable, with the reason.
///
/// # Errors
/// A suite file cannot be read.
pub fn run(
    suite: &Suite,
    stand: &mut dyn Stand,
    options: &Options,
    observer: &mut dyn Observer,
    run: &mut Run,
) -> Result<(), ConformanceError> {
    let profile = stand.facts().profile.clone();
    let mut cases = suite.cases(&profile)?;
    cases.retain(|case| case.driver.is_some() && options.chooses(case));
    cases.sort_by_key(|case| (case.effect, case.order));
    let (before, count) = (run.cases, cases.len());
    for (number, case) in (1..).zip(&cases) {
        let Some(driver) = &case.driver else { continue };
        if let Some(settled) = options.resume.as_ref().and_then(|run| run.settled(&case.id)) {
            run.add(settled.clone());
            continue;
        }
        if observer.wants_stop() {
            run.interrupted = Some(Text::new("运行被中止", "the run was stopped"));
            break;
        }
        observer.begins(case, before + number, before + count);
        let result = one(suite, case, driver, stand, options)?;
        run.add(result);
        if let Some(result) = run.results.last() {
            observer.ended(result, run);
        }
    }
    run.finish(before + count);
    Ok(())
}

fn one(
    suite: &Suite,
    case: &Case,
    driver: &DriverCase,
    stand: &mut dyn Stand,
    options: &Options,
) -> Result<CaseResult, ConformanceError> {
    let not_applicable = |reason| Ok(CaseResult::new(case, Verdict::NotApplicable, Some(reason)));
    if let Some(reason) = obstacle(suite, case, driver, stand)? {
        return not_applicable(reason);
    }
    if case.effect == Effect::Irreversible && !options.destructive && !stand.is_disposable() {
        return not_applicable(Text::new(
            "不可逆的用例，需 --destructive 才运行",
            "cannot be undone: runs only with --destructive",
        ));
    }
    let begin = Instant::now();
    match stand.set_up(&driver.situation) {
        Ok(Ok(())) => {}
        Ok(Err(reason)) => return not_applicable(reason),
        Err(error) => return Ok(CaseResult::new(case, Verdict::Inconclusive, Some(in_both(&error)))),
    }
    stand.not_asked();
    let mut play = Play::new(stand);
    let mut played = play.play(&driver.steps)?;
    let cleaned = play.play(&driver.after)?;
    let mut phase = "steps";
    if let (Played::Passed, Played::Failed(deviation)) = (&played, &cleaned) {
        phase = "after";
        played = Played::Failed(deviation.clone());
    }
    let (calls, transcript) = (play.calls, std::mem::take(&mut play.transcript));
    let mut result = match played {
        Played::Passed => CaseResult::new(case, Verdict::Pass, None),
        Played::NotApplicable(reason) => CaseResult::new(case, Verdict::NotApplicable, Some(reason)),
        Played::Failed(deviation) => {
            let mut result = CaseResult::new(case, Verdict::Fail, None);
            result.failure = Some(failure(driver, phase, deviation));
            result
        }
    };
    result.commands = calls;
    result.micros = u64::try_from(begin.elapsed().as_micros()).unwrap_or(u64::MAX);
    if !(options.brief && result.verdict == Verdict::Pass) {
        result.transcript = transcript;
    }
    Ok(result)
}

fn failure(driver: &DriverCase, phase: &str, deviation: Deviation) -> Failure {
    let script = if phase == "after" { &driver.after } else { &driver.steps };
    let step = script.steps.iter().rev().find(|step| step.line <= deviation.line);
    Failure {
        phase: phase.to_owned(),
        line: deviation.line,
        step: step.map(|step| step.remark.clone()).unwrap_or_default(),
        source: deviation.source,
        expected: deviation.expected,
        got: deviation.got,
        detail: deviation.detail,
    }
}

fn obstacle(
    suite: &Suite,
    case: &Case,
    driver: &DriverCase,
    stand: &dyn Stand,
) -> Result<Option<Text>, ConformanceError> {
    let facts = stand.facts();
    let certificate_pins = facts.certificate_pin.as_ref().map(|user| CertificatePins {
        user,
        // Only whether they are known is asked.
        administrator: user,
    });
    let subject = Subject {
        profile: &facts.profile,
        identity: &facts.identity,
        pin: facts.pin.as_ref(),
        certificate_pins,
    };
    let interface = match facts.slot {
        2 => Interface::Contactless,
        _ => Interface::Contact,
    };
    if let Some(obstacle) = case.obstacle(subject, interface, suite.routines())? {
        return Ok(Some(obstacle));
    }
    if driver.steps.needs_hsm() && stand.hsm().is_none() {
        return Ok(Some(Text::new(
            "未提供密钥，无法模拟加密机（--keys）",
            "no keys to answer as an HSM: --keys",
        )));
    }
    Ok(None)
}

fn in_both(error: &ConformanceError) -> Text {
    use card_model::words::{Explain, Lang};
    Text::new(error.explain(Lang::Zh).what, error.explain(Lang::En).what)
}

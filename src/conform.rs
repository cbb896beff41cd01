//! `ssc conform`: conformance cases and verdicts.

mod compare;
mod coverage;
mod driver;
mod fuzz;
mod subject;
mod watch;

pub use compare::run as compare;
pub use coverage::run as coverage;
pub use driver::host;
pub use fuzz::run as fuzz;

use crate::args::{ConformList, ConformRun, Selection};
use crate::ask;
use crate::connect::Desk;
use crate::failure::{Class, Failure};
use crate::output::{Output, Report, Table, duration};
use card_model::secret::Pin;
use card_model::words::Lang;
use conformance::ConformanceError;
use conformance::run::{self, CaseResult, Observer, Options, Run, Verdict};
use conformance::suite::{Case, Suite, Text};
use conformance::terminal::{CertificatePins, Subject};
use indicatif::ProgressBar;
use rust_i18n::t;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How often the result file of a run is brought up to date.
const SAVING: Duration = Duration::from_secs(5);

/// Cases that are named one by one.
const FEW: usize = 3;

/// Lists the cases of a card version.
pub fn list(it: &ConformList, desk: &Desk) -> Result<Report, Failure> {
    let lang = desk.output.lang;
    let suite = load(desk)?;
    let options = options(&it.selection, &suite, lang)?;
    let profile = desk.profile(&it.profile)?;
    let mut cases = suite.cases(profile).map_err(|e| refusal(&e, desk))?;
    cases.retain(|case| options.chooses(case));
    let mut table = Table::new(&[
        t!("conform.id", locale = lang.locale()),
        t!("conform.title", locale = lang.locale()),
        t!("conform.clause", locale = lang.locale()),
    ]);
    for case in &cases {
        table.row(vec![
            case.id.clone(),
            case.title.in_language(lang).to_owned(),
            case.clauses.join(", "),
        ]);
    }
    let text = format!(
        "{table}\n{}",
        t!("conform.count", locale = lang.locale(), n = cases.len())
    );
    let rows: Vec<Value> = cases.iter().map(|case| view(case, lang)).collect();
    Ok(Report::new(json!({ "cases": cases.len(), "list": rows }), text))
}

fn view(case: &Case, lang: Lang) -> Value {
    json!({
        "id": case.id,
        "suite": case.item,
        "title": case.title.in_language(lang),
        "purpose": case.purpose.in_language(lang),
        "clause": case.clauses.join(", "),
        "origin": case.origin,
        "effect": case.effect,
    })
}

/// Runs the cases on the card.
pub fn run(it: &ConformRun, desk: &Desk) -> Result<Report, Failure> {
    let lang = desk.output.lang;
    let suite = load(desk)?;
    let mut options = options(&it.selection, &suite, lang)?;
    options.destructive = it.destructive;
    options.without_driver = it.driver.is_some();
    options.trust = crate::certificate::trust(&it.trust, desk)?;
    options.resume = it.resume.as_deref().map(|path| earlier(path, lang)).transpose()?;
    driver::check(it, desk)?;
    let mut keys = desk.required_security()?;
    let pins = Pins::given(desk)?;
    let mut card = desk.subject(None)?;
    tell_stranger(card.stranger.as_ref(), desk.output);
    options.stranger.clone_from(&card.stranger);
    let subject = Subject {
        profile: card.profile,
        identity: &card.identity,
        pin: pins.holder.as_ref(),
        certificate_pins: pins.certificate(),
    };
    if it.destructive {
        ask::confirm(
            &t!("conform.really", locale = lang.locale()),
            desk.common.yes,
            desk.output,
        )?;
    }
    let mut watch = Watch::new(desk.output, it.out.as_deref())?;
    let outcome = run::run(
        &suite,
        card.channel.as_mut(),
        keys.as_mut(),
        subject,
        &options,
        &mut watch,
    );
    let mut run = outcome.map_err(|e| refusal(&e, desk))?;
    // A card that may be any card is not given to a driver, which tries keys and PIN by itself.
    if it.driver.is_some() && run.interrupted.is_none() && run.stranger.is_none() {
        let known = driver::Known::of(card.channel.as_mut(), keys.as_mut(), subject, desk)?;
        // The driver opens the card itself.
        drop(card.channel);
        driver::run(it, known, &suite, &options, &mut watch, &mut run, desk)?;
    }
    watch.finish(&run)?;
    if let Some(path) = &it.junit {
        let xml = run::junit(&run, lang).map_err(|e| Failure::input(e.to_string()))?;
        std::fs::write(path, xml).map_err(|e| Failure::file(lang, path, &e))?;
    }
    if let Some(path) = &it.html {
        std::fs::write(path, conformance::report::html(&run)).map_err(|e| Failure::file(lang, path, &e))?;
    }
    Ok(report(&run, lang))
}

/// A card that did not open as one of ours is told of before anything is sent to it.
fn tell_stranger(why: Option<&Text>, output: Output) {
    if let Some(why) = why {
        let (locale, why) = (output.lang.locale(), why.in_language(output.lang));
        output.talk(&t!("fuzz.stranger", locale = locale, why = why));
    }
}

fn load(desk: &Desk) -> Result<Suite, Failure> {
    Suite::load().map_err(|e| refusal(&e, desk))
}

/// What `--suite` and `--case` choose; a name that nothing has is a mistake of the caller.
fn options(selection: &Selection, suite: &Suite, lang: Lang) -> Result<Options, Failure> {
    for name in &selection.suite {
        if !suite.items().iter().any(|item| item.name == *name) {
            let known: Vec<&str> = suite.items().iter().map(|item| item.name.as_str()).collect();
            return Err(
                Failure::input(t!("conform.no_suite", locale = lang.locale(), name = name)).next(t!(
                    "conform.no_suite_next",
                    locale = lang.locale(),
                    known = known.join(", ")
                )),
            );
        }
    }
    Ok(Options {
        items: selection.suite.clone(),
        cases: selection.case.clone(),
        ..Options::default()
    })
}

fn earlier(path: &Path, lang: Lang) -> Result<Run, Failure> {
    let text = std::fs::read_to_string(path).map_err(|e| Failure::file(lang, path, &e))?;
    Run::parse(&text).map_err(|error| {
        Failure::input(t!("conform.no_result", locale = lang.locale(), path = path.display()))
            .because(error.to_string())
    })
}

fn refusal(error: &ConformanceError, desk: &Desk) -> Failure {
    match error {
        ConformanceError::Transport(error) => desk.transport(error),
        ConformanceError::Security(_) => Failure::explained(Class::Input, error, desk.output.lang),
        ConformanceError::OtherKeys => Failure::explained(Class::Verdict, error, desk.output.lang),
        ConformanceError::Setup { sw, .. } => {
            let pin = sw.tries_left().is_some() || *sw == card_model::status::StatusWord::AUTHENTICATION_BLOCKED;
            let class = if pin { Class::Pin } else { Class::Refused };
            let mut failure = Failure::explained(class, error, desk.output.lang);
            failure.sw = Some(sw.0);
            failure
        }
        _ => Failure::explained(Class::Input, error, desk.output.lang),
    }
}

/// The PINs that the environment gives; cases that need others do not apply. Nobody is asked: a run has no place for it.
struct Pins {
    holder: Option<Pin>,
    user: Option<Pin>,
    administrator: Option<Pin>,
}

impl Pins {
    fn given(desk: &Desk) -> Result<Self, Failure> {
        let pin = |variable: &str| ask::pin(variable, None, desk.output);
        let holder = ask::has(ask::PIN).then(|| pin(ask::PIN)).transpose()?;
        let administrator = ask::has(ask::ADMINISTRATOR_PIN)
            .then(|| pin(ask::ADMINISTRATOR_PIN))
            .transpose()?;
        let user = ask::has(ask::CERTIFICATE_PIN) || ask::has(ask::PIN);
        Ok(Self {
            holder,
            user: user.then(|| pin(ask::CERTIFICATE_PIN)).transpose()?,
            administrator,
        })
    }

    fn certificate(&self) -> Option<CertificatePins<'_>> {
        Some(CertificatePins {
            user: self.user.as_ref()?,
            administrator: self.administrator.as_ref()?,
        })
    }
}

/// Progress, the result file, and Ctrl-C.
struct Watch<'a> {
    bar: ProgressBar,
    output: Output,
    file: Option<&'a Path>,
    saved: Instant,
    trouble: Option<std::io::Error>,
    stop: Arc<AtomicBool>,
}

impl<'a> Watch<'a> {
    fn new(output: Output, file: Option<&'a Path>) -> Result<Self, Failure> {
        let bar = watch::bar(output);
        let stop = watch::stop_flag()?;
        Ok(Self {
            bar,
            output,
            file,
            saved: Instant::now(),
            trouble: None,
            stop,
        })
    }

    fn save(&mut self, run: &Run) {
        let Some(path) = self.file else { return };
        self.saved = Instant::now();
        let written = serde_json::to_vec(run)
            .map_err(std::io::Error::other)
            .and_then(|bytes| replace(path, &bytes));
        if let Err(error) = written {
            self.trouble = Some(error);
        }
    }

    fn finish(mut self, run: &Run) -> Result<(), Failure> {
        self.bar.finish_and_clear();
        self.save(run);
        match (self.trouble, self.file) {
            (Some(error), Some(path)) => Err(Failure::file(self.output.lang, path, &error)),
            _ => Ok(()),
        }
    }
}

/// Writes beside the file and moves it there: the file is whole at any time.
fn replace(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let beside = path.with_extension("part");
    std::fs::write(&beside, bytes)?;
    std::fs::rename(beside, path)
}

impl Observer for Watch<'_> {
    fn begins(&mut self, case: &Case, number: usize, of: usize) {
        self.bar.set_length(of as u64);
        self.bar.set_position(number as u64);
        self.bar.set_message(case.item.clone());
    }

    fn ended(&mut self, result: &CaseResult, run: &Run) {
        if result.verdict == Verdict::Fail {
            let line = failed_line(result, self.output.lang);
            self.bar.suspend(|| self.output.talk(&line));
        }
        if self.saved.elapsed() > SAVING {
            self.save(run);
        }
    }

    fn wants_stop(&mut self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}

fn failed_line(result: &CaseResult, lang: Lang) -> String {
    let failure = result.failure.as_ref();
    t!(
        "conform.failed_line",
        locale = lang.locale(),
        id = result.id,
        title = result.title.in_language(lang),
        clause = result.clauses.join(", "),
        source = failure.map_or("", |failure| &failure.source),
        expected = failure.map_or("", |failure| &failure.expected),
        got = failure.map_or("", |failure| &failure.got),
        detail = failure.map_or("", |failure| &failure.detail)
    )
    .into_owned()
}

fn report(run: &Run, lang: Lang) -> Report {
    let locale = lang.locale();
    let mut items: BTreeMap<&str, [usize; 4]> = BTreeMap::new();
    for result in &run.results {
        let counts = items.entry(&result.item).or_default();
        counts[match result.verdict {
            Verdict::Pass => 0,
            Verdict::Fail => 1,
            Verdict::NotApplicable => 2,
            Verdict::Inconclusive => 3,
        }] += 1;
    }
    let mut table = Table::new(&[
        t!("conform.item", locale = locale).into_owned(),
        format!(">{}", t!("conform.passed", locale = locale)),
        format!(">{}", t!("conform.failed", locale = locale)),
        format!(">{}", t!("conform.not_applicable", locale = locale)),
        format!(">{}", t!("conform.inconclusive", locale = locale)),
    ]);
    for (item, counts) in items {
        let mut row = vec![item.to_owned()];
        row.extend(counts.map(|count| count.to_string()));
        table.row(row);
    }
    let micros = run.results.iter().map(|result| result.micros).sum();
    let summary = t!(
        "conform.summary",
        locale = locale,
        cases = run.results.len(),
        of = run.cases,
        passed = run.passed,
        failed = run.failed,
        not_applicable = run.not_applicable,
        inconclusive = run.inconclusive,
        time = duration(micros)
    );
    let undecided = undecided(run, lang);
    let text = format!("{table}\n{undecided}{summary}");
    Report::new(document(run, lang), text).with(failure(run, lang))
}

/// Cases without a verdict, by their reasons.
fn undecided(run: &Run, lang: Lang) -> String {
    let mut by_reason: Vec<(&str, Vec<&str>)> = Vec::new();
    for result in run.results.iter().filter(|it| it.verdict == Verdict::Inconclusive) {
        let reason = result.reason.as_ref().map_or("", |reason| reason.in_language(lang));
        match by_reason.iter_mut().find(|(other, _)| *other == reason) {
            Some((_, cases)) => cases.push(&result.id),
            None => by_reason.push((reason, vec![&result.id])),
        }
    }
    let line = |(reason, cases): (&str, Vec<&str>)| match cases.as_slice() {
        few if few.len() <= FEW => format!("{}  {reason}\n", few.join(", ")),
        many => {
            let (locale, first) = (lang.locale(), many[..FEW].join(", "));
            let many = t!("conform.undecided_many", locale = locale, n = many.len(), first = first);
            format!("{many}  {reason}\n")
        }
    };
    by_reason.into_iter().map(line).collect()
}

/// The result file with what callers of `--json` expect beside it: one clause text, one reason in the caller's language.
fn document(run: &Run, lang: Lang) -> Value {
    let mut document = json!(run);
    if let Some(results) = document.get_mut("results").and_then(Value::as_array_mut) {
        for (value, result) in results.iter_mut().zip(&run.results) {
            value["clause"] = json!(result.clauses.join(", "));
            let reason = match (&result.reason, &result.failure) {
                (Some(reason), _) => Some(reason.in_language(lang).to_owned()),
                (None, Some(failure)) => Some(failure.detail.clone()),
                (None, None) => None,
            };
            value["reason"] = json!(reason);
        }
    }
    document
}

fn failure(run: &Run, lang: Lang) -> Option<Failure> {
    let locale = lang.locale();
    if run.failed > 0 {
        let failed = run.results.iter().filter(|result| result.verdict == Verdict::Fail);
        let lines: Vec<String> = failed.take(5).map(|result| failed_line(result, lang)).collect();
        return Some(
            Failure::new(
                Class::Verdict,
                t!("conform.not_conformant", locale = locale, n = run.failed),
            )
            .because(lines.join("\n")),
        );
    }
    if let Some(reason) = &run.interrupted {
        return Some(
            Failure::new(Class::NoCard, t!("conform.interrupted", locale = locale))
                .because(reason.in_language(lang))
                .next(t!("conform.interrupted_next", locale = locale)),
        );
    }
    (run.inconclusive > 0).then(|| {
        Failure::new(
            Class::Verdict,
            t!("conform.undecided", locale = locale, n = run.inconclusive),
        )
    })
}

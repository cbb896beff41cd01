//! `ssc issue`: the next holder's card, or one card file for each holder.

use crate::args::Issue;
use crate::connect::Desk;
use crate::failure::{Class, Failure};
use crate::output::{Report, Table, duration};
use crate::progress::Bar;
use crate::session::today;
use crate::stop;
use card_model::profile::Profile;
use card_model::words::Lang;
use personalize::holders::{Problem, Severity};
use personalize::{
    Batch, HolderRules, HoldersFile, IssueError, IssueReport, IssueRun, Journal, ModelOs, Settings, inspect,
};
use reader::channel::{Channel, SIMULATED};
use reader::session::Session;
use rust_i18n::t;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

/// What `--reader` means for a batch.
enum Place {
    /// `sim:DIR/`: one card file for each holder.
    Folder(PathBuf),
    /// `sim:FILE`: this one card.
    File,
    /// A PC/SC reader: one card after the other.
    Reader,
}

/// Issues.
pub fn run(it: &Issue, desk: &Desk) -> Result<Report, Failure> {
    let place = place(desk);
    let settings = settings(it, desk)?;
    let mut keys = desk.required_keys()?;
    if it.check {
        let profile = desk.profile(it.profile.as_deref().unwrap_or(Profile::BUILTIN[0]))?;
        let holders = holders(it, profile, &settings, desk)?;
        return Ok(checked(&holders, desk));
    }
    let mut card = match place {
        Place::Folder(_) => None,
        Place::File | Place::Reader => Some(desk.card(true)?),
    };
    let profile = match (&it.profile, &mut card) {
        (Some(name), _) => desk.profile(name)?,
        (None, Some(card)) => profile_of(card.as_mut(), desk)?,
        (None, None) => desk.profile(Profile::BUILTIN[0])?,
    };
    let holders = holders(it, profile, &settings, desk)?;
    let journal = journal(it, &place, desk)?;
    let batch = Batch {
        profile,
        os: &ModelOs,
        settings: &settings,
        holders: &holders.holders,
        today: today(),
    };
    let mut run = IssueRun::new(batch, &mut keys, journal).map_err(|e| desk.issue_failure(&e))?;
    let waiting = holders.holders.len();
    let stopped = match (&place, card) {
        (Place::Folder(folder), _) => {
            let mut bar = Bar::new(waiting as u64, desk.output);
            let mut traced = |channel| desk.traced(desk.counted(desk.slowed(channel)));
            run.issue_simulated_through(folder, desk.interface(), &mut bar, &mut traced)
                .err()
        }
        (place, Some(card)) => {
            let count = if matches!(place, Place::Reader) { it.count } else { 1 };
            one_after_the_other(&mut run, card, count, waiting, desk)?
        }
        (_, None) => None,
    };
    let (report, journal) = run.finish();
    let journal = journal.map(|journal| journal.path().display().to_string());
    let rejected = matches!(place, Place::Folder(_)).then_some(&holders);
    Ok(reported(&report, rejected, stopped, journal, desk))
}

/// Issues the card in the reader, then waits for the next one, until `count` cards had their turn or nobody is left. Ctrl-C lets the
/// card that was begun be finished.
fn one_after_the_other(
    run: &mut IssueRun<'_>,
    mut card: Box<dyn Channel + Send>,
    count: u64,
    waiting: usize,
    desk: &Desk,
) -> Result<Option<IssueError>, Failure> {
    let count = count.min(waiting as u64).max(1);
    let stop = stop::flag(desk)?;
    let mut bar = Bar::new(count, desk.output);
    for done in 1..=count {
        if let Err(error) = run.issue_next(card.as_mut(), &mut bar) {
            return Ok(Some(error));
        }
        if done == count || stop.load(Ordering::Relaxed) || run.next_holder(&mut bar).is_none() {
            break;
        }
        let name = card.name().to_owned();
        drop(card);
        bar.say(&t!(
            "ssc.issue.change",
            locale = desk.output.lang.locale(),
            left = count - done
        ));
        match next_card(&name, &stop, desk)? {
            Some(next) => card = next,
            None => break,
        }
    }
    Ok(None)
}

/// The next card in a reader; `None` when Ctrl-C ended the wait.
#[cfg(feature = "pcsc")]
fn next_card(name: &str, stop: &AtomicBool, desk: &Desk) -> Result<Option<Box<dyn Channel + Send>>, Failure> {
    use reader::channel::{OpenOptions, TransportError, open, pcsc};
    let changed = pcsc::wait_for_removal(name, None, stop).and_then(|()| pcsc::wait_for_card(Some(name), None, stop));
    match changed {
        Ok(_) => {}
        Err(TransportError::Cancelled) => return Ok(None),
        Err(error) => return Err(desk.transport(&error)),
    }
    let options = OpenOptions {
        exclusive: true,
        ..OpenOptions::default()
    };
    let channel = open(Some(name), options).map_err(|e| desk.transport(&e))?;
    Ok(Some(desk.traced(desk.counted(channel))))
}

/// Without PC/SC there is no reader whose card could change.
#[cfg(not(feature = "pcsc"))]
fn next_card(_name: &str, _stop: &AtomicBool, _desk: &Desk) -> Result<Option<Box<dyn Channel + Send>>, Failure> {
    Ok(None)
}

fn place(desk: &Desk) -> Place {
    match desk
        .common
        .reader
        .as_deref()
        .and_then(|name| name.strip_prefix(SIMULATED))
    {
        Some(path) if path.ends_with(['/', std::path::MAIN_SEPARATOR]) || Path::new(path).is_dir() => {
            Place::Folder(PathBuf::from(path.trim_end_matches(['/', std::path::MAIN_SEPARATOR])))
        }
        Some(_) => Place::File,
        None => Place::Reader,
    }
}

fn settings(it: &Issue, desk: &Desk) -> Result<Settings, Failure> {
    let result = match &it.settings {
        Some(path) => Settings::load(path),
        None => Settings::test_defaults(),
    };
    result.map_err(|e| Failure::explained(Class::Input, &e, desk.output.lang))
}

fn holders(it: &Issue, profile: &Profile, settings: &Settings, desk: &Desk) -> Result<HoldersFile, Failure> {
    let rules = HolderRules {
        profile,
        settings,
        today: today(),
        accept_disagreement: it.accept_disagreement,
    };
    let file =
        HoldersFile::load(&it.holders, &rules).map_err(|e| Failure::explained(Class::Input, &e, desk.output.lang))?;
    for problem in &file.problems {
        desk.output.warn(&problem.line(desk.output.lang, false));
    }
    if file.holders.is_empty() && file.errors().next().is_some() {
        return Err(rejection(&file, desk));
    }
    Ok(file)
}

/// The rows that cannot be issued, each once, with all that is wrong in it.
fn wrong_rows(file: &HoldersFile, lang: Lang) -> BTreeMap<u64, String> {
    let mut rows: BTreeMap<u64, String> = BTreeMap::new();
    for problem in file.errors() {
        let words = problem.line(lang, false);
        rows.entry(problem.row)
            .and_modify(|all| {
                all.push_str("; ");
                all.push_str(&words);
            })
            .or_insert(words);
    }
    rows
}

/// The rows that cannot be issued, as a failure: the input file has to be mended.
fn rejection(file: &HoldersFile, desk: &Desk) -> Failure {
    let lang = desk.output.lang;
    let count = wrong_rows(file, lang).len();
    let first = file
        .errors()
        .next()
        .map(|problem| problem.line(lang, false))
        .unwrap_or_default();
    Failure::input(t!("ssc.issue.rejected", locale = lang.locale(), count = count))
        .because(first)
        .next(t!("ssc.issue.rejected_next", locale = lang.locale()))
}

fn checked(file: &HoldersFile, desk: &Desk) -> Report {
    let lang = desk.output.lang;
    let (good, all) = (file.holders.len(), file.rows);
    let json = json!({ "rows": all, "good": good, "problems": file.problems.iter().map(|p| problem(p, desk)).collect::<Vec<_>>() });
    let text = t!("ssc.issue.checked", locale = lang.locale(), good = good, all = all);
    let failure = file.errors().next().map(|_| rejection(file, desk));
    Report::new(json, text).with(failure)
}

fn problem(problem: &Problem, desk: &Desk) -> Value {
    json!({
        "row": problem.row,
        "column": problem.column,
        "error": problem.severity == Severity::Error,
        "text": problem.line(desk.output.lang, false),
    })
}

/// The profile of the card in the reader: what its maker meant it for, else its specification version.
pub fn profile_of<'d>(card: &mut dyn Channel, desk: &'d Desk) -> Result<&'d Profile, Failure> {
    let found = inspect(card, &ModelOs).map_err(|e| desk.issue_failure(&e))?;
    match found.data {
        Some(data) => desk.labelled(&data.label),
        None => {
            let session = Session::open(Box::new(card)).map_err(|e| desk.refusal(&e))?;
            let name = session.profile().name.clone();
            desk.profile(&name)
        }
    }
}

/// The journal: the named one; for real readers the one beside the holders file; for a folder of simulated cards the one
/// beside the folder, so that a rehearsal counts for nobody. A single card file is an experiment that can be repeated: the
/// same list gives the same card again, and only a named journal remembers it.
fn journal(it: &Issue, place: &Place, desk: &Desk) -> Result<Option<Journal>, Failure> {
    let path = match (&it.journal, place) {
        (Some(path), _) => path.clone(),
        (None, Place::Reader) => Journal::beside(&it.holders),
        (None, Place::Folder(folder)) => Journal::beside(folder),
        (None, Place::File) => return Ok(None),
    };
    let salt = hex::encode(desk.random::<16>()?);
    let lang = desk.output.lang;
    let failed = |e| Failure::explained(Class::Input, &e, lang);
    let mut journal = Journal::open(&path, &salt).map_err(failed)?;
    for number in &it.write_off {
        if !journal.write_off_card(number).map_err(failed)? {
            let locale = lang.locale();
            let what = t!("ssc.issue.nothing_to_write_off", locale = locale, number = number);
            return Err(Failure::input(what).next(t!("ssc.issue.nothing_to_write_off_next", locale = locale)));
        }
    }
    Ok(Some(journal))
}

fn reported(
    report: &IssueReport,
    rejected: Option<&HoldersFile>,
    stopped: Option<IssueError>,
    journal: Option<String>,
    desk: &Desk,
) -> Report {
    let lang = desk.output.lang;
    let locale = lang.locale();
    let mut json = json!(report.view(lang));
    let mut table = Table::new(&[
        t!("ssc.issue.row", locale = locale).into_owned(),
        t!("ssc.issue.card_number", locale = locale).into_owned(),
        t!("ssc.issue.card_id", locale = locale).into_owned(),
        format!(">{}", t!("ssc.issue.commands", locale = locale)),
        format!(">{}", t!("ssc.issue.time", locale = locale)),
        t!("ssc.issue.outcome", locale = locale).into_owned(),
    ]);
    for card in &report.cards {
        let view = card.view(lang);
        let outcome = view
            .error
            .unwrap_or_else(|| t!("ssc.issue.done", locale = locale).into_owned());
        table.row(vec![
            view.row.to_string(),
            view.card_number,
            view.card_id.unwrap_or_default(),
            view.commands.to_string(),
            duration(view.micros),
            outcome,
        ]);
    }
    let mut failed = report.failed;
    if let Some(file) = rejected {
        for (row, words) in wrong_rows(file, lang) {
            failed += 1;
            if let Some(cards) = json["cards"].as_array_mut() {
                cards.push(json!({
                    "row": row, "card_number": null, "card_id": null, "ok": false, "error": words,
                }));
            }
        }
    }
    json["failed"] = json!(failed);
    let mut text = if table.is_empty() {
        String::new()
    } else {
        format!("{table}\n")
    };
    text.push_str(&t!(
        "ssc.issue.sum",
        locale = locale,
        issued = report.issued,
        failed = failed,
        skipped = report.skipped
    ));
    let figures = desk.figures();
    json["line_seconds"] = desk.line_json(&figures);
    if figures.apdus > 0 {
        text = format!("{text}\n{}", desk.line_text(&figures));
    }
    if report.cards.is_empty() && stopped.is_none() {
        let journal = journal.unwrap_or_default();
        desk.output
            .talk(&t!("ssc.issue.nobody", locale = locale, journal = journal));
    }
    let failure = stopped
        .as_ref()
        .or_else(|| report.cards.iter().find_map(|card| card.outcome.as_ref().err()))
        .map(|error| desk.issue_failure(error))
        .or_else(|| {
            rejected
                .filter(|file| file.errors().next().is_some())
                .map(|file| rejection(file, desk))
        });
    Report::new(json, text).with(failure)
}

impl Desk<'_> {
    /// Why a card was not issued, as a failure of its class.
    pub fn issue_failure(&self, error: &IssueError) -> Failure {
        let class = match error {
            IssueError::Transport(error) => return self.transport(error),
            IssueError::NotGenuine { .. } => Class::Verdict,
            IssueError::SecurityModule(_)
            | IssueError::Journal(_)
            | IssueError::Settings(_)
            | IssueError::Holders(_)
            | IssueError::Profile { .. }
            | IssueError::NumbersExhausted
            | IssueError::Folder { .. } => Class::Input,
            _ => Class::Refused,
        };
        let mut failure = Failure::explained(class, error, self.output.lang);
        if let IssueError::Refused { sw, .. } = error {
            failure.sw = Some(sw.0);
        }
        failure
    }
}

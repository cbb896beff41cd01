//! `ssc conform mutants`: the suites against cards with a defect each, issued and tried in this process.

use crate::args::ConformMutants;
use crate::connect::Desk;
use crate::failure::{Class, Failure};
use crate::output::{Report, Table};
use crate::samples;
use crate::session::today;
use card_model::card::faulty::Defect;
use card_model::card::{Card, Interface};
use card_model::crypto::Algorithm;
use card_model::words::{Explain, Lang};
use conformance::mutants::{self, Hunt, Sample, Trial, hunt};
use conformance::suite::Suite;
use personalize::run::historical_bytes;
use personalize::{Batch, HolderRules, HoldersFile, IssueRun, ModelOs, Settings, Silent};
use reader::channel::{ModelChannel, system_entropy};
use reader::security::{CardIdentity, KeyFile};
use rust_i18n::t;
use serde_json::{Value, json};

/// The holder of the card that is tried: what a card of every version has.
const HOLDER: &str = "social_security_number,name,sex,ethnic_group\n111111198101011110,张三,男,汉族\n";

/// Tries the suites against the defects.
pub fn run(it: &ConformMutants, desk: &Desk) -> Result<Report, Failure> {
    let lang = desk.output.lang;
    let suite = Suite::load().map_err(|e| explained(&e, lang))?;
    let defects = defects(&it.defect, lang)?;
    let sample = sample(it, desk)?;
    let how = Hunt {
        all_cases: it.all_cases,
        threads: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
    };
    let report = hunt(&suite, &sample, &defects, how).map_err(|e| explained(&e, lang))?;
    Ok(words(&report, lang))
}

fn explained(error: &impl Explain, lang: Lang) -> Failure {
    Failure::explained(Class::Input, error, lang)
}

/// The defects that are named; all if none is.
fn defects(names: &[String], lang: Lang) -> Result<Vec<&'static Defect>, Failure> {
    if names.is_empty() {
        return Ok(Defect::all().iter().collect());
    }
    let unknown = |name: &String| {
        Failure::input(t!("mutants.unknown", locale = lang.locale(), name = name))
            .next(t!("mutants.unknown_next", locale = lang.locale()))
    };
    names
        .iter()
        .map(|name| Defect::named(name).ok_or_else(|| unknown(name)))
        .collect()
}

/// A card issued in this process with TEST keys; it is never written to a file.
fn sample(it: &ConformMutants, desk: &Desk) -> Result<Sample, Failure> {
    let lang = desk.output.lang;
    let profile = desk.profile(&it.profile)?;
    let settings = Settings::parse(samples::SETTINGS, samples::SETTINGS_NAME).map_err(|e| explained(&e, lang))?;
    let rules = HolderRules {
        profile,
        settings: &settings,
        today: today(),
        accept_disagreement: false,
    };
    let no_attachment = |_: &str| Err(std::io::ErrorKind::NotFound.into());
    let holders = HoldersFile::parse(HOLDER.as_bytes(), samples::HOLDERS_NAME, &rules, &no_attachment)
        .and_then(|file| file.require_all(samples::HOLDERS_NAME))
        .map_err(|e| explained(&e, lang))?;
    let mut keys = KeyFile::generate("TEST", &[profile], &[Algorithm::Sm4, Algorithm::TripleDes], true)
        .map_err(|e| explained(&e, lang))?;
    let historical = historical_bytes(profile, &settings.region, desk.random()?);
    let entropy = system_entropy().map_err(|e| desk.transport(&e))?;
    let mut channel = ModelChannel::new(Card::blank(profile, historical), Interface::Contact, entropy);
    let batch = Batch {
        profile,
        os: &ModelOs,
        settings: &settings,
        holders: &holders,
        today: today(),
    };
    let mut run = IssueRun::new(batch, &mut keys, None).map_err(|e| desk.issue_failure(&e))?;
    run.issue_next(&mut channel, &mut Silent)
        .map_err(|e| desk.issue_failure(&e))?;
    let (report, _) = run.finish();
    if let Some(error) = report.cards.iter().find_map(|card| card.outcome.as_ref().err()) {
        return Err(desk.issue_failure(error));
    }
    Ok(Sample {
        profile: profile.clone(),
        card: channel.into_card().map_err(|e| desk.transport(&e))?,
        keys,
        identity: CardIdentity {
            region: settings.region.as_str().to_owned(),
            historical,
            algorithm: profile.algorithm,
        },
        pin: settings.initial_pin.clone(),
        certificate_pins: [settings.initial_pin.clone(), settings.administrator_pin.clone()],
    })
}

fn uncaught_line(trial: &Trial, lang: Lang) -> String {
    t!(
        "mutants.uncaught_line",
        locale = lang.locale(),
        id = trial.defect.id,
        title = trial.defect.title(lang),
        clause = trial.defect.clauses.join(", ")
    )
    .into_owned()
}

/// The cases that caught a defect; many that were expanded from one are counted. `*`: one of the rule that is broken.
fn catchers(trial: &Trial) -> String {
    let mut stems: Vec<(&str, bool, usize)> = Vec::new();
    for caught in &trial.caught {
        let stem = caught.case.split(':').next().unwrap_or_default();
        match stems.iter_mut().find(|(name, ..)| *name == stem) {
            Some((_, fits, count)) => {
                *fits |= caught.fits;
                *count += 1;
            }
            None => stems.push((stem, caught.fits, 1)),
        }
    }
    let names: Vec<String> = stems
        .iter()
        .map(|(stem, fits, count)| {
            let star = if *fits { "*" } else { "" };
            match (&trial.caught[..], count) {
                ([caught], _) => format!("{}{star}", caught.case),
                (_, 1) => format!("{stem}{star}"),
                (_, count) => format!("{stem}{star} ({count})"),
            }
        })
        .collect();
    if names.is_empty() {
        "–".to_owned()
    } else {
        names.join(", ")
    }
}

fn words(report: &mutants::Report, lang: Lang) -> Report {
    let locale = lang.locale();
    let mut table = Table::new(&[
        t!("mutants.defect", locale = locale),
        t!("mutants.title", locale = locale),
        t!("mutants.caught_by", locale = locale),
    ]);
    for trial in &report.trials {
        table.row(vec![
            trial.defect.id.clone(),
            trial.defect.title(lang).to_owned(),
            catchers(trial),
        ]);
    }
    let uncaught = report.uncaught().count();
    let mut text = format!(
        "{table}\n{}",
        t!(
            "mutants.summary",
            locale = locale,
            n = report.trials.len(),
            caught = report.trials.len() - uncaught
        )
    );
    if let Some(idle) = report.idle.as_ref().filter(|idle| !idle.is_empty()) {
        text.push_str(&format!(
            "\n{}\n{}",
            t!("mutants.idle", locale = locale, n = idle.len()),
            idle.join("\n")
        ));
    }
    let failure = (uncaught > 0).then(|| {
        let lines: Vec<String> = report
            .uncaught()
            .take(5)
            .map(|trial| uncaught_line(trial, lang))
            .collect();
        Failure::new(Class::Verdict, t!("mutants.uncaught", locale = locale, n = uncaught)).because(lines.join("\n"))
    });
    Report::new(document(report, lang), text).with(failure)
}

fn document(report: &mutants::Report, lang: Lang) -> Value {
    let trials: Vec<Value> = report
        .trials
        .iter()
        .map(|trial| {
            json!({
                "defect": trial.defect.id,
                "title": trial.defect.title(lang),
                "clauses": trial.defect.clauses,
                "caught": trial.is_caught(),
                "by": trial.caught,
            })
        })
        .collect();
    json!({
        "defects": report.trials.len(),
        "caught": report.trials.len() - report.uncaught().count(),
        "uncaught": report.uncaught().map(|trial| &trial.defect.id).collect::<Vec<_>>(),
        "idle_cases": report.idle,
        "trials": trials,
    })
}

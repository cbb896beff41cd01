//! `ssc conform fuzz`: generated commands to any card.

use super::subject::{self, tell_stranger};
use super::{Pins, refusal};
use crate::args::ConformFuzz;
use crate::ask;
use crate::connect::Desk;
use crate::failure::{Class, Failure};
use crate::output::{Output, Report, Table, duration};
use crate::{progress, stop};
use card_model::words::Lang;
use conformance::NoKeys;
use conformance::fuzz::{End, Finding, Kind, Limits, Observer, Options, Outcome, Target};
use conformance::suite::Text;
use conformance::terminal::{Subject, Terminal};
use indicatif::ProgressBar;
use reader::channel::Masking;
use reader::security::SecurityModule;
use rust_i18n::t;
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Fuzzes the card of `--reader`. The exit code is 1 where something was found.
pub fn run(it: &ConformFuzz, desk: &Desk) -> Result<Report, Failure> {
    let output = desk.output;
    let mut keys = desk.security()?;
    let pins = Pins::given(desk)?;
    let mut card = desk.subject(it.profile.as_deref())?;
    tell_stranger(card.stranger.as_ref(), output);
    if it.destructive || it.spend_tries {
        let question = if it.destructive {
            "fuzz.really"
        } else {
            "fuzz.really_tries"
        };
        ask::confirm(&t!(question, locale = output.lang.locale()), desk.common.yes, output)?;
    }
    let mut pin = pins.holder.as_ref();
    if card.stranger.is_none() {
        card.stranger = proved(&mut card, keys.as_deref_mut(), pin, desk)?;
        tell_stranger(card.stranger.as_ref(), output);
    }
    if card.stranger.is_some() {
        // Nobody knows whose PINs and keys these would be tried on.
        (keys, pin) = (None, None);
    }
    let options = Options {
        commands: it.commands,
        time: it.seconds.map(Duration::from_secs),
        seed: match it.seed {
            Some(seed) => seed,
            None => u64::from_be_bytes(desk.random()?) >> 16,
        },
        limits: Limits {
            spend_tries: it.spend_tries,
            destructive: it.destructive,
        },
        masking: match desk.common.unmasked {
            true => Masking::Unmasked,
            false => Masking::Masked(Some(Arc::new(card.profile.clone()))),
        },
    };
    let target = Target {
        profile: card.profile,
        keys: match &mut keys {
            Some(module) => Some((module.as_mut(), &card.identity)),
            None => None,
        },
        pin,
    };
    let mut watch = Watch::new(desk, it.commands)?;
    let outcome = conformance::fuzz::fuzz(card.channel.as_mut(), target, &options, &mut watch);
    watch.bar.finish_and_clear();
    let outcome = outcome.map_err(|error| refusal(&error, desk))?;
    let document = document(&outcome, card.stranger.as_ref(), output.lang);
    if let Some(path) = &it.out {
        std::fs::write(path, document.to_string()).map_err(|error| Failure::file(output.lang, path, &error))?;
    }
    if let Some(folder) = &it.transcripts {
        write_transcripts(folder, &outcome, output.lang)?;
    }
    let failure = failure(&outcome, output.lang);
    Ok(Report::new(document, text(&outcome, output.lang)).with(failure))
}

/// Whether PIN and keys are those of this card, as before a run of cases; gives the reason where that cannot be known.
fn proved(
    card: &mut subject::Card<'_>,
    keys: Option<&mut (dyn SecurityModule + Send + '_)>,
    pin: Option<&card_model::secret::Pin>,
    desk: &Desk,
) -> Result<Option<Text>, Failure> {
    let mut nobody = NoKeys;
    let module = match keys {
        Some(module) => module,
        None => &mut nobody,
    };
    let subject = Subject {
        profile: card.profile,
        identity: &card.identity,
        pin,
        certificate_pins: None,
    };
    let mut terminal = Terminal::new(card.channel.as_mut(), module, subject);
    conformance::run::guard(&mut terminal).map_err(|error| refusal(&error, desk))
}

struct Watch {
    bar: ProgressBar,
    output: Output,
    told: usize,
    stop: Arc<AtomicBool>,
}

impl Watch {
    fn new(desk: &Desk, commands: u64) -> Result<Self, Failure> {
        Ok(Self {
            bar: progress::bar(Some(commands), desk.output),
            output: desk.output,
            told: 0,
            stop: stop::flag(desk)?,
        })
    }
}

impl Observer for Watch {
    fn progress(&mut self, commands: u64, findings: &[Finding]) {
        self.bar.set_position(commands);
        for finding in findings.iter().skip(self.told) {
            let line = line(finding, self.output.lang);
            self.bar.suspend(|| self.output.talk(&line));
        }
        self.told = self.told.max(findings.len());
    }

    fn wants_stop(&mut self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}

fn kind(kind: Kind, lang: Lang) -> String {
    let key = format!("fuzz.kind.{}", kind.name());
    t!(&key, locale = lang.locale()).into_owned()
}

fn line(finding: &Finding, lang: Lang) -> String {
    t!(
        "fuzz.line",
        locale = lang.locale(),
        kind = kind(finding.kind, lang),
        name = finding.name,
        command = finding.command,
        clause = finding.clause,
        expected = finding.expected,
        got = finding.got
    )
    .into_owned()
}

fn document(outcome: &Outcome, stranger: Option<&Text>, lang: Lang) -> Value {
    let mut document = json!(outcome);
    document["found"] = json!(outcome.findings.len());
    document["end"] = json!(match &outcome.end {
        End::Commands => "commands",
        End::Time => "time",
        End::Stopped => "stopped",
        End::Findings => "findings",
        End::Lost(_) => "lost",
    });
    document["stranger"] = json!(stranger.map(|why| why.in_language(lang)));
    document
}

fn text(outcome: &Outcome, lang: Lang) -> String {
    let locale = lang.locale();
    let mut text = String::new();
    for (number, finding) in (1..).zip(&outcome.findings) {
        let smaller = match finding.reproduced {
            true => t!(
                "fuzz.minimized",
                locale = locale,
                from = finding.steps,
                to = finding.minimized
            ),
            false => t!("fuzz.not_reproduced", locale = locale),
        };
        let times = t!("fuzz.times", locale = locale, n = finding.times);
        text.push_str(&format!("{number}. {}\n{smaller} {times}\n", line(finding, lang)));
        for line in &finding.transcript {
            text.push_str(&format!("    {line}\n"));
        }
        text.push('\n');
    }
    let mut table = Table::new(&[
        t!("fuzz.command", locale = locale).into_owned(),
        t!("fuzz.answers", locale = locale).into_owned(),
    ]);
    for (name, words) in &outcome.words {
        let words: Vec<String> = words.iter().map(|(word, times)| format!("{word}×{times}")).collect();
        table.row(vec![name.clone(), words.join("  ")]);
    }
    let summary = t!(
        "fuzz.summary",
        locale = locale,
        commands = outcome.commands,
        rounds = outcome.rounds,
        withheld = outcome.withheld,
        found = outcome.findings.len(),
        seed = outcome.seed,
        time = duration((outcome.seconds * 1e6) as u64)
    );
    text.push_str(&format!("{table}\n{summary}"));
    text
}

/// One file for each finding, for `ssc trace explain`.
fn write_transcripts(folder: &Path, outcome: &Outcome, lang: Lang) -> Result<(), Failure> {
    std::fs::create_dir_all(folder).map_err(|error| Failure::file(lang, folder, &error))?;
    for (number, finding) in (1..).zip(&outcome.findings) {
        let path = folder.join(format!("finding-{number:02}.txt"));
        let head = format!("# ssc transcript\n# {}\n", line(finding, Lang::En));
        let content = head + &finding.transcript.join("\n") + "\n";
        std::fs::write(&path, content).map_err(|error| Failure::file(lang, &path, &error))?;
    }
    Ok(())
}

fn failure(outcome: &Outcome, lang: Lang) -> Option<Failure> {
    let locale = lang.locale();
    if !outcome.findings.is_empty() {
        let found = t!("fuzz.found", locale = locale, n = outcome.findings.len());
        return Some(Failure::new(Class::Verdict, found));
    }
    match &outcome.end {
        End::Lost(why) => {
            let lost = t!("fuzz.lost", locale = locale);
            Some(Failure::new(Class::NoCard, lost).because(why.in_language(lang)))
        }
        _ => None,
    }
}

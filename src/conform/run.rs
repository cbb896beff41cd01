//! `ssc conform run`: the cases on the card of `--reader`, and at the same time on those of `--also`.

use super::subject::{Card, tell_stranger};
use super::verdicts::{Judged, failed_line, report, report_all};
use super::{Pins, driver, earlier, load, options, refusal};
use crate::args::{Common, ConformRun};
use crate::ask;
use crate::connect::Desk;
use crate::failure::Failure;
use crate::output::{Output, Report};
use crate::{progress, stop};
use card_model::profile::Profile;
use card_model::words::Lang;
use conformance::ConformanceError;
use conformance::run::{self, CaseResult, Observer, Options, Run, Station, Verdict};
use conformance::suite::{Case, Suite};
use conformance::terminal::Subject;
use indicatif::{MultiProgress, ProgressBar};
use reader::security::{CardIdentity, SecurityModule};
use rust_i18n::t;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How often the result file of a run is brought up to date.
const SAVING: Duration = Duration::from_secs(5);

/// Runs the cases on the card, or on several cards at once.
pub fn run(it: &ConformRun, desk: &Desk) -> Result<Report, Failure> {
    let output = desk.output;
    let suite = load(desk)?;
    let options = Options {
        destructive: it.destructive,
        without_driver: it.driver.is_some(),
        trust: crate::certificate::trust(&it.trust, desk)?,
        ..options(&it.selection, &suite, output.lang)?
    };
    driver::check(it, desk)?;
    let pins = Pins::given(desk)?;
    let also: Vec<Common> = it.also.iter().map(|reader| desk.common.with_reader(reader)).collect();
    let others: Vec<Desk> = also.iter().map(|common| desk.at(common)).collect();
    let mut benches = Vec::new();
    for (number, (desk, keys)) in std::iter::once(desk).chain(&others).zip(keys(it, desk)?).enumerate() {
        benches.push(Bench::prepare(it, number, desk, keys, &options)?);
    }
    if it.destructive {
        ask::confirm(
            &t!("conform.really", locale = output.lang.locale()),
            desk.common.yes,
            output,
        )?;
    }
    let mut watches = watches(&benches, desk)?;
    let outcomes = all(&suite, &mut benches, &pins, &mut watches);
    let mut judged = Vec::new();
    for (number, ((bench, mut watch), outcome)) in benches.into_iter().zip(watches).zip(outcomes).enumerate() {
        let reader = bench.card.channel.name().to_owned();
        let refused = |error| refusal(&error, bench.desk);
        let outcome = outcome.map_err(refused).and_then(|mut run| {
            if it.driver.is_some() {
                bench.test_driver(it, &pins, &suite, &mut run, &mut watch)?;
            }
            watch.finish(&run)?;
            write_reports(it, number, &run, output.lang)?;
            Ok(run)
        });
        judged.push(Judged { reader, outcome });
    }
    match judged.as_slice() {
        [one] => one
            .outcome
            .as_ref()
            .map(|run| report(run, output.lang))
            .map_err(Clone::clone),
        several => Ok(report_all(several, output.lang)),
    }
}

/// A security module for each card.
fn keys(it: &ConformRun, desk: &Desk) -> Result<Vec<Box<dyn SecurityModule + Send>>, Failure> {
    if it.also.is_empty() {
        return Ok(vec![desk.required_security()?]);
    }
    let locale = desk.output.lang.locale();
    for (name, given) in [
        ("--psam", desk.common.psam.is_some()),
        ("--trace", desk.common.trace.is_some()),
    ] {
        if given {
            return Err(Failure::input(t!(
                "conform.one_card_only",
                locale = locale,
                name = name
            )));
        }
    }
    let file = desk.required_keys()?;
    let copy = |_| Box::new(file.clone()) as Box<dyn SecurityModule + Send>;
    Ok((0..=it.also.len()).map(copy).collect())
}

/// A card with what its run needs.
struct Bench<'d> {
    desk: &'d Desk<'d>,
    card: Card<'d>,
    keys: Box<dyn SecurityModule + Send>,
    options: Options,
    file: Option<PathBuf>,
}

impl<'d> Bench<'d> {
    fn prepare(
        it: &ConformRun,
        number: usize,
        desk: &'d Desk<'d>,
        keys: Box<dyn SecurityModule + Send>,
        options: &Options,
    ) -> Result<Self, Failure> {
        let resume = it
            .resume
            .as_deref()
            .map(|path| earlier(&numbered(path, number), desk.output.lang));
        let resume = resume.transpose()?;
        let card = desk.subject(None)?;
        tell_stranger(card.stranger.as_ref(), desk.output);
        let options = Options {
            resume,
            stranger: card.stranger.clone(),
            ..options.clone()
        };
        let file = it.out.as_deref().map(|path| numbered(path, number));
        Ok(Self {
            desk,
            card,
            keys,
            options,
            file,
        })
    }

    /// Runs the cases of the driver interface, which opens the card itself.
    fn test_driver(
        mut self,
        it: &ConformRun,
        pins: &Pins,
        suite: &Suite,
        run: &mut Run,
        watch: &mut Watch,
    ) -> Result<(), Failure> {
        // A card that may be any card is not given to a driver, which tries keys and PIN by itself.
        if run.interrupted.is_some() || run.stranger.is_some() {
            return Ok(());
        }
        let subject = subject(self.card.profile, &self.card.identity, pins);
        let known = driver::Known::of(self.card.channel.as_mut(), self.keys.as_mut(), subject, self.desk)?;
        drop(self.card.channel);
        driver::run(it, known, suite, &self.options, watch, run, self.desk)
    }
}

/// Runs the cases on all cards, each in a thread of its own.
fn all(
    suite: &Suite,
    benches: &mut [Bench<'_>],
    pins: &Pins,
    watches: &mut [Watch],
) -> Vec<Result<Run, ConformanceError>> {
    let stations = benches.iter_mut().zip(watches).map(|(bench, watch)| Station {
        subject: subject(bench.card.profile, &bench.card.identity, pins),
        channel: bench.card.channel.as_mut(),
        module: bench.keys.as_mut(),
        options: &bench.options,
        observer: watch,
    });
    run::run_all(suite, stations.collect())
}

fn subject<'c>(profile: &'c Profile, identity: &'c CardIdentity, pins: &'c Pins) -> Subject<'c> {
    Subject {
        profile,
        identity,
        pin: pins.holder.as_ref(),
        certificate_pins: pins.certificate(),
    }
}

/// File of the card with this number, from 0: `r.json`, `r-2.json`, `r-3.json` …
fn numbered(path: &Path, number: usize) -> PathBuf {
    if number == 0 {
        return path.to_owned();
    }
    let mut name = path.file_stem().unwrap_or_default().to_owned();
    name.push(format!("-{}", number + 1));
    if let Some(extension) = path.extension() {
        name.push(".");
        name.push(extension);
    }
    path.with_file_name(name)
}

fn write_reports(it: &ConformRun, number: usize, run: &Run, lang: Lang) -> Result<(), Failure> {
    let write = |path: &Path, text: String| {
        let path = numbered(path, number);
        std::fs::write(&path, text).map_err(|e| Failure::file(lang, &path, &e))
    };
    if let Some(path) = &it.junit {
        write(path, run::junit(run, lang).map_err(|e| Failure::input(e.to_string()))?)?;
    }
    if let Some(path) = &it.html {
        write(path, conformance::report::html(run))?;
    }
    Ok(())
}

/// Who watches the runs; with several cards one bar for each.
fn watches(benches: &[Bench<'_>], desk: &Desk) -> Result<Vec<Watch>, Failure> {
    let (stop, output) = (stop::flag(desk)?, desk.output);
    let several = benches.len() > 1;
    let bars = MultiProgress::with_draw_target(progress::target(output));
    let watch = |bench: &Bench<'_>| Watch {
        bar: match several {
            true => bars.add(progress::bar(None, output)),
            false => progress::bar(None, output),
        },
        output,
        reader: several.then(|| bench.card.channel.name().to_owned()),
        file: bench.file.clone(),
        saved: Instant::now(),
        trouble: None,
        stop: Arc::clone(&stop),
    };
    Ok(benches.iter().map(watch).collect())
}

/// Progress, the result file, and Ctrl-C.
pub struct Watch {
    bar: ProgressBar,
    output: Output,
    /// Reader, where there are several.
    reader: Option<String>,
    file: Option<PathBuf>,
    saved: Instant,
    trouble: Option<std::io::Error>,
    stop: Arc<AtomicBool>,
}

impl Watch {
    fn save(&mut self, run: &Run) {
        let Some(path) = &self.file else { return };
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
        match (self.trouble, &self.file) {
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

impl Observer for Watch {
    fn begins(&mut self, case: &Case, number: usize, of: usize) {
        self.bar.set_length(of as u64);
        self.bar.set_position(number as u64);
        self.bar.set_message(case.item.clone());
    }

    fn ended(&mut self, result: &CaseResult, run: &Run) {
        if result.verdict == Verdict::Fail {
            let line = failed_line(result, self.output.lang);
            let line = match &self.reader {
                Some(reader) => format!("{reader}: {line}"),
                None => line,
            };
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_several_cards_have_their_numbers() {
        let name = |path: &str, number| numbered(Path::new(path), number).display().to_string();
        assert_eq!(name("a/r.json", 0), "a/r.json");
        assert_eq!(name("a/r.json", 1), "a/r-2.json");
        assert_eq!(name("report.page.html", 2), "report.page-3.html");
        assert_eq!(name("result", 1), "result-2");
    }
}

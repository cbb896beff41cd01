//! `ssc demo`: the main job on a fresh simulated card, step by step, with commands and time.

use crate::args::Demo;
use crate::connect::Desk;
use crate::failure::{Class, Failure};
use crate::output::{Report, Table, duration};
use crate::session::today;
use crate::{read, samples, verify};
use card_model::card::Card;
use card_model::crypto::Algorithm;
use card_model::profile::Profile;
use card_model::words::Lang;
use personalize::run::historical_bytes;
use personalize::{
    Batch, HolderRules, HoldersFile, IssueRun, ModelOs, Progress, Settings, Step as IssueStep, StepState,
};
use reader::channel::{Channel, Counted, Counter, Figures, ModelChannel};
use reader::security::KeyFile;
use reader::session::{FileReading, Session};
use reader::verify::Verification;
use rust_i18n::t;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Name of the card's file in the folder.
const CARD: &str = "demo.sim";
/// Name of the key file in the folder.
const KEYS: &str = "TEST.keys";
/// Files whose contents are shown; the others are counted.
const SHOWN: [&str; 4] = ["SSSE/EF05", "SSSE/EF06", "DF01/EF05", "DF01/EF08"];

/// One step of the job.
struct Step {
    /// Stable name in JSON.
    name: &'static str,
    apdus: u64,
    micros: u64,
}

/// Times and counts the steps as they end.
struct Steps {
    done: Vec<Step>,
    begin: Instant,
    counter: Option<Counter>,
    before: Figures,
}

impl Steps {
    fn new() -> Self {
        Self {
            done: Vec::new(),
            begin: Instant::now(),
            counter: None,
            before: Figures::default(),
        }
    }

    /// From now on the commands of this channel are counted.
    fn count(&mut self, channel: Box<dyn Channel + Send>) -> Box<dyn Channel + Send> {
        let counted = Counted::new(channel);
        self.counter = Some(counted.counter());
        self.before = Figures::default();
        Box::new(counted)
    }

    fn figures(&self) -> Figures {
        self.counter.as_ref().map(Counter::figures).unwrap_or_default()
    }

    /// A step begins; what happened before belongs to none.
    fn begin(&mut self) {
        self.begin = Instant::now();
        self.before = self.figures();
    }

    /// The step that began last is finished, and the next begins.
    fn end(&mut self, name: &'static str) {
        let micros = u64::try_from(self.begin.elapsed().as_micros()).unwrap_or(u64::MAX);
        let apdus = self.figures().since(&self.before).apdus;
        self.done.push(Step { name, apdus, micros });
        self.begin();
    }

    fn json(&self) -> Vec<Value> {
        let step = |s: &Step| json!({ "name": s.name, "ok": true, "apdus": s.apdus, "micros": s.micros });
        self.done.iter().map(step).collect()
    }
}

impl Progress for Steps {
    fn step(&mut self, step: IssueStep, state: StepState) {
        match (step, state) {
            (_, StepState::Begun) => self.begin(),
            (IssueStep::Structure, _) => self.end("structure"),
            (IssueStep::Data, _) => self.end("data"),
            (IssueStep::Verification, _) => self.end("proof"),
        }
    }
}

/// Runs the main job.
pub fn run(it: &Demo, desk: &Desk) -> Result<Report, Failure> {
    #[cfg(all(feature = "pcsc", target_os = "linux"))]
    if it.pcsc && !reader::channel::daemon::prepared() {
        // The PC/SC library reads its socket's name from the environment before main; so this program runs once more.
        let status = reader::channel::daemon::again(std::env::args_os().skip(1))
            .and_then(reader::channel::daemon::Again::status)
            .map_err(|e| desk.transport(&e))?;
        return Ok(Report::of_child(status.code()));
    }
    let (folder, _temporary) = folder(it, desk)?;
    let mut steps = Steps::new();
    let outcome = job(it, desk, &folder, &mut steps);
    match outcome {
        Ok(shown) => Ok(report(it, desk, &folder, &steps, &shown)),
        Err(failure) => {
            let mut done = steps.json();
            done.push(json!({ "name": "failed", "ok": false, "apdus": 0, "micros": 0 }));
            let text = table(&steps, desk.output.lang);
            Ok(Report::new(json!({ "ok": false, "steps": done }), text).with(Some(failure)))
        }
    }
}

/// Where the demonstration keeps its files, and what removes them at the end.
fn folder(it: &Demo, desk: &Desk) -> Result<(PathBuf, Option<tempfile::TempDir>), Failure> {
    let lang = desk.output.lang;
    match &it.keep {
        Some(folder) => {
            std::fs::create_dir_all(folder).map_err(|e| Failure::file(lang, folder, &e))?;
            for (name, text) in samples::FILES {
                samples::write_new(&folder.join(name), text, lang)?;
            }
            Ok((folder.clone(), None))
        }
        None => {
            let folder = tempfile::tempdir().map_err(|e| Failure::file(lang, &std::env::temp_dir(), &e))?;
            Ok((folder.path().to_owned(), Some(folder)))
        }
    }
}

/// What is shown of the finished card.
struct Shown<'d> {
    profile: &'d Profile,
    readings: Vec<FileReading>,
    verification: Verification,
    line: Figures,
}

fn job<'d>(it: &Demo, desk: &'d Desk, folder: &Path, steps: &mut Steps) -> Result<Shown<'d>, Failure> {
    let lang = desk.output.lang;
    let profile = desk.profile(Profile::BUILTIN[0])?;
    let mut keys = test_keys(&folder.join(KEYS), desk)?;
    steps.end("keys");

    let settings = Settings::parse(samples::SETTINGS, samples::SETTINGS_NAME)
        .map_err(|e| Failure::explained(Class::Input, &e, lang))?;
    let rules = HolderRules {
        profile,
        settings: &settings,
        today: today(),
        accept_disagreement: false,
    };
    let no_attachment = |_: &str| Err(std::io::ErrorKind::NotFound.into());
    let holders = HoldersFile::parse(
        samples::HOLDERS.as_bytes(),
        samples::HOLDERS_NAME,
        &rules,
        &no_attachment,
    )
    .and_then(|file| file.require_all(samples::HOLDERS_NAME))
    .map_err(|e| Failure::explained(Class::Input, &e, lang))?;
    steps.begin();
    let blank = Card::blank(profile, historical_bytes(profile, &settings.region, desk.random()?));
    let card = ModelChannel::create(folder.join(CARD), blank, desk.interface()).map_err(|e| desk.transport(&e))?;
    steps.end("blank");

    let mut reader = insert(it, card, desk)?;
    if it.pcsc {
        steps.end("reader");
    }
    let channel = reader.channel(desk)?;
    desk.judge_line(true, channel.reset_answer())?;
    let mut channel = steps.count(desk.traced(desk.slowed(channel)));
    let batch = Batch {
        profile,
        os: &ModelOs,
        settings: &settings,
        holders: &holders[..1],
        today: today(),
    };
    let mut run = IssueRun::new(batch, &mut keys, None).map_err(|e| desk.issue_failure(&e))?;
    run.issue_next(channel.as_mut(), steps)
        .map_err(|e| desk.issue_failure(&e))?;
    let (report, _) = run.finish();
    if let Some(error) = report.cards.iter().find_map(|card| card.outcome.as_ref().err()) {
        return Err(desk.issue_failure(error));
    }

    channel.reset().map_err(|e| desk.transport(&e))?;
    steps.begin();
    let mut session = Session::open(channel)
        .map_err(|e| desk.refusal(&e))?
        .with_security(&mut keys);
    let readings = session.read_all().map_err(|e| desk.refusal(&e))?;
    steps.end("read");
    let verification = reader::verify::verify(&mut session, today()).map_err(|e| desk.refusal(&e))?;
    steps.end("verify");
    Ok(Shown {
        profile,
        readings,
        verification,
        line: steps.figures(),
    })
}

fn test_keys(path: &Path, desk: &Desk) -> Result<KeyFile, Failure> {
    let profiles = desk.profiles()?;
    let keys = KeyFile::generate(
        &path.display().to_string(),
        &profiles,
        &[Algorithm::Sm4, Algorithm::TripleDes],
        true,
    )
    .and_then(|keys| keys.save(path, None).map(|()| keys))
    .map_err(|e| Failure::explained(Class::Input, &e, desk.output.lang))?;
    desk.banner(&keys);
    Ok(keys)
}

/// The card where the job finds it: in this process, or in the virtual reader of a pcscd of our own.
enum Reader {
    Here(Option<Box<ModelChannel>>),
    #[cfg(all(feature = "pcsc", target_os = "linux"))]
    Pcsc {
        name: String,
        _card: reader::channel::vpcd::Inserted<ModelChannel>,
        _daemon: reader::channel::daemon::PrivateDaemon,
    },
}

fn insert(it: &Demo, card: ModelChannel, desk: &Desk) -> Result<Reader, Failure> {
    if !it.pcsc {
        return Ok(Reader::Here(Some(Box::new(card))));
    }
    #[cfg(all(feature = "pcsc", target_os = "linux"))]
    {
        use reader::channel::daemon::PrivateDaemon;
        use reader::channel::vpcd::{ServeOptions, insert};
        let daemon = PrivateDaemon::start("ssc demo").map_err(|e| desk.transport(&e))?;
        let name = daemon.reader(0);
        let card = insert(card, &daemon.address(0), ServeOptions::default()).map_err(|e| desk.transport(&e))?;
        let never = std::sync::atomic::AtomicBool::new(false);
        let patience = std::time::Duration::from_secs(10);
        reader::channel::pcsc::wait_for_card(Some(&name), Some(patience), &never).map_err(|e| desk.transport(&e))?;
        Ok(Reader::Pcsc {
            name,
            _card: card,
            _daemon: daemon,
        })
    }
    #[cfg(not(all(feature = "pcsc", target_os = "linux")))]
    {
        drop(card);
        let locale = desk.output.lang.locale();
        Err(Failure::new(Class::NoCard, t!("ssc.demo.linux_only", locale = locale))
            .next(t!("ssc.demo.linux_only_next", locale = locale)))
    }
}

impl Reader {
    fn channel(&mut self, desk: &Desk) -> Result<Box<dyn Channel + Send>, Failure> {
        match self {
            Self::Here(card) => card
                .take()
                .map(|card| card as Box<dyn Channel + Send>)
                .ok_or_else(|| Failure::input(t!("ssc.demo.taken", locale = desk.output.lang.locale()))),
            #[cfg(all(feature = "pcsc", target_os = "linux"))]
            Self::Pcsc { name, .. } => {
                let options = reader::channel::OpenOptions {
                    exclusive: true,
                    ..Default::default()
                };
                reader::channel::open(Some(name), options)
                    .map(|card| card as Box<dyn Channel + Send>)
                    .map_err(|e| desk.transport(&e))
            }
        }
    }
}

fn report(it: &Demo, desk: &Desk, folder: &Path, steps: &Steps, shown: &Shown) -> Report {
    let lang = desk.output.lang;
    let locale = lang.locale();
    let genuine = shown.verification.genuine();
    let mut chosen = Vec::new();
    let mut others = 0;
    for reading in &shown.readings {
        if SHOWN.contains(&reading.path.as_str()) {
            chosen.push(reading)
        } else {
            others += 1
        }
    }
    let sum = steps
        .done
        .iter()
        .fold((0, 0), |(apdus, micros), s| (apdus + s.apdus, micros + s.micros));
    let through = if it.pcsc {
        t!("ssc.demo.through_pcsc", locale = locale)
    } else {
        t!("ssc.demo.through_process", locale = locale)
    };
    let next = match &it.keep {
        Some(_) => t!(
            "ssc.demo.next_kept",
            locale = locale,
            card = folder.join(CARD).display(),
            keys = folder.join(KEYS).display(),
            holders = folder.join(samples::HOLDERS_NAME).display(),
            settings = folder.join(samples::SETTINGS_NAME).display(),
            cards = folder.join("cards").display()
        ),
        None => t!("ssc.demo.next", locale = locale),
    };
    let verdict = if genuine {
        t!("ssc.demo.verified", locale = locale)
    } else {
        t!("ssc.verify.not_genuine", locale = locale)
    };
    let text = [
        through.into_owned(),
        table(steps, lang),
        t!("ssc.demo.sum", locale = locale, apdus = sum.0, time = duration(sum.1)).into_owned(),
        desk.line_text(&shown.line),
        String::new(),
        t!("ssc.demo.card", locale = locale).into_owned(),
        String::new(),
        read::text(shown.profile, chosen, lang),
        String::new(),
        t!("ssc.demo.others", locale = locale, files = others).into_owned(),
        String::new(),
        verify::table(&shown.verification, lang).to_string(),
        verdict.into_owned(),
        String::new(),
        next.trim_end().to_string(),
    ]
    .join("\n");
    let mut json = json!({ "ok": genuine, "steps": steps.json(), "verification": shown.verification.view(lang) });
    json["line_seconds"] = desk.line_json(&shown.line);
    if it.keep.is_some() {
        json["folder"] = json!(folder.display().to_string());
    }
    let failure = (!genuine).then(|| Failure::new(Class::Verdict, t!("ssc.verify.not_genuine", locale = locale)));
    Report::new(json, text).with(failure)
}

fn table(steps: &Steps, lang: Lang) -> String {
    let locale = lang.locale();
    let mut table = Table::new(&[
        t!("ssc.demo.step", locale = locale).into_owned(),
        format!(">{}", t!("ssc.issue.commands", locale = locale)),
        format!(">{}", t!("ssc.issue.time", locale = locale)),
    ]);
    for step in &steps.done {
        let key = format!("ssc.demo.steps.{}", step.name);
        let title = t!(&key, locale = locale).into_owned();
        let apdus = if step.apdus > 0 {
            step.apdus.to_string()
        } else {
            "–".into()
        };
        table.row(vec![format!("✓ {title}"), apdus, duration(step.micros)]);
    }
    table.to_string()
}

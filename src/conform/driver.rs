//! `ssc conform run --driver`: the cases of the driver interface, on this project's driver or any library's.

use super::refusal;
use super::run::Watch;
use crate::args::{ConformHost, ConformRun};
use crate::connect::Desk;
use crate::failure::Failure;
use crate::output::{Output, Report};
use SSCardDriver::client::{CallError, Client, Given};
use conformance::driver::{
    self, Answer, Argument, Attendant, Builtin, CallFault, DriverUnderTest, Facts, FolderStand, Hosted, Invocation,
    MemoryStand, ReaderStand, Specimen, Stand, Workshop, wire,
};
use conformance::run::{Options, Run};
use conformance::suite::Suite;
use conformance::terminal::{Subject, Terminal};
use reader::channel::{Channel, SIMULATED};
use reader::driver::Settings;
use reader::hsm::StringHsm;
use reader::security::{Hsm, HsmStanding, KeyFile, SecurityModule};
use rust_i18n::t;
use serde_json::json;
use std::io::{BufRead, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// This project's driver, in this process.
const BUILTIN: &str = "builtin";
/// How long a call may take: a person at a keypad needs time.
const PATIENCE: Duration = Duration::from_secs(120);
/// Names the settings file of this project's library.
const SETTINGS: &str = reader::driver::CONFIG_VARIABLE;

/// What must be known of the card while it is open for the runner, before the driver has it.
pub enum Known {
    /// A file of a simulated card; drivers get copies.
    Simulated(Box<Specimen>),
    /// The card in a reader.
    Real(Box<Facts>, String),
}

impl Known {
    /// Looks at the card behind the channel.
    pub fn of(
        channel: &mut dyn Channel,
        module: &mut dyn SecurityModule,
        subject: Subject<'_>,
        desk: &Desk,
    ) -> Result<Self, Failure> {
        let lang = desk.output.lang;
        let named = desk.common.reader.as_deref().unwrap_or_default();
        let interface = channel.reset_answer().interface;
        if !named.starts_with(SIMULATED) {
            let slot = match interface {
                card_model::card::Interface::Contact => 1,
                card_model::card::Interface::Contactless => 2,
            };
            let reader = channel.name().to_owned();
            let facts = Facts::read(&mut Terminal::new(channel, module, subject), slot);
            return Ok(Self::Real(Box::new(facts.map_err(|e| refusal(&e, desk))?), reader));
        }
        let path = PathBuf::from(channel.name());
        let Some(pin) = subject.pin else {
            return Err(Failure::input(t!("conform.driver_pin", locale = lang.locale())));
        };
        Ok(Self::Simulated(Box::new(Specimen {
            image: std::fs::read(&path).map_err(|error| Failure::file(lang, &path, &error))?,
            profile: subject.profile.clone(),
            identity: subject.identity.clone(),
            keys: desk.required_keys()?,
            pin: pin.clone(),
            certificate_pins: subject
                .certificate_pins
                .map(|pins| (pins.user.clone(), pins.administrator.clone())),
            interface,
        })))
    }
}

/// Runs the cases and adds their verdicts to the run.
pub fn run(
    it: &ConformRun,
    known: Known,
    suite: &Suite,
    options: &Options,
    watch: &mut Watch,
    run: &mut Run,
    desk: &Desk,
) -> Result<(), Failure> {
    let name = it.driver.as_deref().unwrap_or(BUILTIN);
    let folder = tempfile::tempdir().map_err(|error| Failure::input(error.to_string()))?;
    let mut stand: Box<dyn Stand> = match known {
        Known::Simulated(specimen) => {
            let workshop = Workshop::new(*specimen, suite.routines()).map_err(|e| refusal(&e, desk))?;
            if name == BUILTIN {
                Box::new(MemoryStand::new(workshop))
            } else {
                let library = library(name, Some(folder.path()), desk)?;
                let stand = FolderStand::new(workshop, folder.path(), library);
                Box::new(stand.map_err(|e| refusal(&e, desk))?)
            }
        }
        Known::Real(facts, reader) => {
            let keys = desk.keys()?;
            let driver: Box<dyn DriverUnderTest> = if name == BUILTIN {
                Box::new(Builtin::new(settings(&facts, &reader)))
            } else {
                library(name, None, desk)?
            };
            let attendant = it.attended.then(|| attendant(desk.output));
            Box::new(ReaderStand::new(
                *facts,
                &reader,
                keys.as_ref().and_then(hsm),
                it.with_psam,
                attendant,
                driver,
            ))
        }
    };
    let described = stand.driver().describe();
    run.subject.module = format!("{}; {described}", run.subject.module);
    driver::run(suite, &mut *stand, options, watch, run).map_err(|e| refusal(&e, desk))
}

fn hsm(keys: &KeyFile) -> Option<StringHsm> {
    let hsm = Hsm::new("HSM", keys, HsmStanding::Ministry).ok()?;
    Some(StringHsm::new(hsm, 1))
}

/// Settings of this project's driver for a card in a reader.
fn settings(facts: &Facts, reader: &str) -> Settings {
    let named = Some(reader.to_owned());
    let (contact, contactless) = if facts.slot == 2 { (None, named) } else { (named, None) };
    Settings {
        contact,
        contactless,
        ..Settings::default()
    }
}

fn attendant(output: Output) -> Attendant {
    Box::new(move |what| {
        output.talk(&t!(
            "conform.attend",
            locale = output.lang.locale(),
            what = what.in_language(output.lang)
        ));
        true
    })
}

/// Whether the library that is named can be loaded: told before anything else is done.
pub fn check(it: &ConformRun, desk: &Desk) -> Result<(), Failure> {
    let lang = desk.output.lang;
    let Some(name) = it.driver.as_deref().filter(|name| *name != BUILTIN) else {
        return Ok(());
    };
    let path = std::fs::canonicalize(name).map_err(|error| Failure::file(lang, Path::new(name), &error))?;
    let output = hosting(&program()?, &path).arg("--check").output();
    let output = output.map_err(|error| Failure::input(error.to_string()))?;
    if output.status.success() {
        return Ok(());
    }
    let failure = Failure::input(t!("conform.no_library", locale = lang.locale(), path = name));
    Err(failure.because(String::from_utf8_lossy(&output.stderr).trim().to_owned()))
}

fn program() -> Result<PathBuf, Failure> {
    std::env::current_exe().map_err(|error| Failure::input(error.to_string()))
}

/// This program as the process that has a library loaded.
fn hosting(program: &Path, library: &Path) -> Command {
    let mut command = Command::new(program);
    command.args(["conform", "host"]).arg(library);
    command
}

/// A library in a process of its own; with a folder it takes its settings from there.
fn library(name: &str, folder: Option<&Path>, desk: &Desk) -> Result<Box<dyn DriverUnderTest>, Failure> {
    let path = std::fs::canonicalize(name).map_err(|error| Failure::file(desk.output.lang, Path::new(name), &error))?;
    let program = program()?;
    let settings = folder.map(FolderStand::settings);
    let start = move || {
        let mut command = hosting(&program, &path);
        if let Some(settings) = &settings {
            // The tester's own settings are for the tester's own readers.
            for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("SSC_DRIVER_")) {
                command.env_remove(name);
            }
            command.env(SETTINGS, settings);
        }
        command
    };
    Ok(Box::new(Hosted::new(name, PATIENCE, start)))
}

/// `ssc conform host`: loads a library and calls what stdin says.
pub fn host(it: &ConformHost, desk: &Desk) -> Result<Report, Failure> {
    let locale = desk.output.lang.locale();
    let client = Client::load(&it.library).map_err(|error| {
        Failure::input(t!("conform.no_library", locale = locale, path = it.library.display()))
            .because(error.to_string())
    })?;
    let report = Report::new(json!({ "library": it.library.display().to_string() }), String::new());
    if it.check {
        return Ok(report);
    }
    for line in std::io::stdin().lock().lines() {
        let line = line.map_err(|error| Failure::input(error.to_string()))?;
        let Some((count, call)) = wire::parse_request(&line) else {
            return Err(Failure::input(t!("conform.no_request", locale = locale)));
        };
        let mut out = std::io::stdout().lock();
        for answer in together(&client, count, &call) {
            // A library may have left a line without its end.
            writeln!(out, "\n{}", wire::answer(&answer))
                .and_then(|()| out.flush())
                .map_err(|error| Failure::input(error.to_string()))?;
        }
    }
    Ok(report)
}

fn together(client: &Client, count: usize, call: &Invocation) -> Vec<Result<Answer, CallFault>> {
    if count == 1 {
        return vec![called(client, call)];
    }
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..count).map(|_| scope.spawn(|| called(client, call))).collect();
        let panicked = |_| Err(CallFault::Died("a thread panicked".to_owned()));
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(panicked))
            .collect()
    })
}

fn called(client: &Client, call: &Invocation) -> Result<Answer, CallFault> {
    let given = |argument| match argument {
        &Argument::Number(number) => Given::Number(number),
        Argument::Text(bytes) => Given::Text(bytes),
        Argument::Null => Given::Null,
    };
    let given: Vec<Given<'_>> = call.arguments.iter().map(given).collect();
    match client.call(call.function.name, &given, call.function.out) {
        Ok((code, out)) => Ok(Answer { code, out }),
        Err(error) => Err(match error {
            CallError::Missing | CallError::Shape => CallFault::Missing,
            CallError::Overrun => CallFault::Overrun,
            CallError::Endless => CallFault::Endless,
            CallError::Changed => CallFault::Changed,
        }),
    }
}

//! The access sweep: each elementary file × operation × combination of satisfied states × way of addressing, compared
//! with the profile's access table (`spec/conformance.md` §4.9 "SAFETY", §4.7 firewall).
//!
//! The sweep writes only what is there already; cyclic files get copies of their oldest record. It makes no wrong
//! presentation of the PIN. Keys of another application under an identifier that both have are presented wrongly once
//! and rightly at once after, and only with [`Depth::Full`].

mod contents;
mod mode;
mod report;

pub use contents::Contents;
pub use mode::{Mode, Occurrence, Operation, Place};
pub use report::{Counts, Expected, Mismatch, Report};

use crate::ConformanceError;
use crate::rule::States;
use crate::terminal::{Subject, Terminal, with_data};
use card_model::profile::{Access, ElementaryFile, KeyDefinition, KeyRole, Structure};
use card_model::status::StatusWord;
use mode::{modes, probe};
use reader::channel::Channel;
use reader::command::Command;
use reader::security::SecurityModule;
use std::collections::BTreeSet;

/// How many combinations of states are set up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// With and without PIN: no key, each key alone, all keys; one way of addressing at a time, another each time. For
    /// real cards: about ten thousand commands.
    Quick,
    /// With and without PIN: every subset of the keys that the dedicated file's conditions name. For the model.
    Full,
}

/// Runs the sweep over all dedicated files of the subject's profile.
///
/// # Errors
/// Channel or security module failed, or a state could not be set up. What the card does wrong is in the report.
pub fn sweep(
    channel: &mut dyn Channel,
    module: &mut dyn SecurityModule,
    subject: Subject<'_>,
    depth: Depth,
) -> Result<Report, ConformanceError> {
    let mut sweep = Sweep {
        terminal: Terminal::new(channel, module, subject),
        depth,
        report: Report::default(),
        turn: 0,
    };
    for df in subject.profile.depth_first() {
        sweep.dedicated_file(df)?;
    }
    sweep.report.commands = sweep.terminal.commands;
    Ok(sweep.report)
}

struct Sweep<'a> {
    terminal: Terminal<'a>,
    depth: Depth,
    report: Report,
    /// Counts cases, to take another record, offset and mode each time.
    turn: usize,
}

/// A file of the dedicated file that is being swept. `None`: nobody may read it from outside.
struct Target<'a> {
    file: &'a ElementaryFile,
    name: String,
    contents: Option<Contents>,
}

impl<'a> Sweep<'a> {
    fn dedicated_file(&mut self, df: usize) -> Result<(), ConformanceError> {
        let file = self.terminal.df(df);
        let unknown_pins = !file.pins.is_empty() && self.terminal.subject.certificate_pins.is_none();
        if file.files.is_empty() || unknown_pins {
            return Ok(());
        }
        let keys: BTreeSet<&str> = file
            .files
            .iter()
            .flat_map(|f| [f.read.keys(), f.update.keys()])
            .flatten()
            .collect();
        let keys: Vec<&str> = keys.into_iter().collect();
        let mut targets = self.learn(df, &keys)?;
        let pins: &[bool] = if self.terminal.knows_pin(df).is_some() {
            &[false, true]
        } else {
            &[false]
        };
        for pin in pins.iter().copied() {
            for subset in self.subsets(&keys) {
                let states = self.establish(df, pin, &subset)?;
                self.report.combinations += 1;
                let thorough = subset.len() <= 1 || subset.len() == keys.len();
                self.check_all(&mut targets, &states, "", thorough)?;
            }
        }
        self.what_is_kept(df, &keys, &mut targets)?;
        self.versions(df, &keys, &mut targets)?;
        self.foreign_keys(df)
    }

    fn subsets<'k>(&self, keys: &[&'k str]) -> Vec<Vec<&'k str>> {
        let pick = |mask: u32| {
            (0..keys.len())
                .filter(|i| mask >> i & 1 == 1)
                .map(|i| keys[i])
                .collect()
        };
        let all = 1u32.checked_shl(u32::try_from(keys.len()).unwrap_or(u32::MAX));
        match (self.depth, all) {
            (Depth::Full, Some(all)) => (0..all).map(pick).collect(),
            _ => {
                let mut subsets = vec![Vec::new()];
                subsets.extend(keys.iter().map(|key| vec![*key]));
                subsets.push(keys.to_vec());
                subsets
            }
        }
    }

    /// Resets the card and proves exactly this.
    fn establish(&mut self, df: usize, pin: bool, keys: &[&str]) -> Result<States, ConformanceError> {
        self.terminal.reset()?;
        let environment = self.terminal.subject.profile.environment(df);
        match self.terminal.knows_pin(df).filter(|_| pin) {
            Some(known) => self.terminal.verify(df, known)?,
            None => self.terminal.enter(environment)?,
        }
        self.terminal.enter(df)?;
        for key in keys {
            self.terminal.prove(key)?;
        }
        Ok(States::with(pin, keys.iter().copied()))
    }

    /// Reads all files with all rights.
    fn learn(&mut self, df: usize, keys: &[&str]) -> Result<Vec<Target<'a>>, ConformanceError> {
        let pin = self.terminal.knows_pin(df).is_some();
        let states = self.establish(df, pin, keys)?;
        let directory = self.terminal.df(df);
        let mut targets = Vec::new();
        for file in &directory.files {
            let contents = if states.satisfy(&file.read) {
                Contents::learn(&mut self.terminal, file)?
            } else {
                None
            };
            targets.push(Target {
                file,
                name: format!("{}/{:04X}", directory.id, file.fid),
                contents,
            });
        }
        Ok(targets)
    }

    /// Both operations on all files in the state that is set up. `thorough`: in all ways (with [`Depth::Full`]); else in
    /// one that changes.
    fn check_all(
        &mut self,
        targets: &mut [Target<'a>],
        states: &States,
        scenario: &str,
        thorough: bool,
    ) -> Result<(), ConformanceError> {
        for target in targets {
            for operation in [Operation::Read, Operation::Update] {
                let Some(contents) = target.contents.as_ref().filter(|contents| !contents.is_empty()) else {
                    self.closed(target, operation, states, scenario)?;
                    continue;
                };
                let ways = modes(operation, contents, target.file.sfi != 0);
                let chosen = if thorough && self.depth == Depth::Full {
                    &ways[..]
                } else {
                    std::slice::from_ref(&ways[self.turn % ways.len()])
                };
                for mode in chosen {
                    self.check(target, operation, *mode, states, scenario)?;
                }
            }
        }
        Ok(())
    }

    fn check(
        &mut self,
        target: &mut Target<'a>,
        operation: Operation,
        mode: Mode,
        states: &States,
        scenario: &str,
    ) -> Result<(), ConformanceError> {
        self.turn += 1;
        let rule = rule(target.file, operation);
        let counts = self.report.files.entry((target.name.clone(), operation)).or_default();
        let Some(contents) = &mut target.contents else {
            return Ok(());
        };
        let Some(probe) = probe(operation, mode, target.file.sfi, contents, self.turn) else {
            counts.empty += 1;
            return Ok(());
        };
        let granted = states.satisfy(rule);
        *(if granted {
            &mut counts.granted
        } else {
            &mut counts.refused
        }) += 1;
        if !mode.sfi {
            let sw = self.terminal.select_file(target.file.fid)?;
            self.terminal.demand(sw, || format!("SELECT {}", target.name))?;
        }
        let answer = self.terminal.send(&probe.command)?;
        let expected_data = if granted && operation == Operation::Read {
            &probe.data[..]
        } else {
            &[]
        };
        let expected = if granted { Expected::Granted } else { Expected::Refused };
        // A public key is written by the commands that make or import the pair and by no other (`card-model/COS.md`).
        let key_file = operation == Operation::Update && target.file.key_pair.is_some();
        let right_sw = match answer.sw {
            StatusWord::OK => granted,
            StatusWord::SECURITY_NOT_SATISFIED => !granted,
            StatusWord::INCOMPATIBLE_FILE => !granted && key_file,
            _ => false,
        };
        if answer.sw == StatusWord::OK && operation == Operation::Update && mode.place == Place::Append {
            contents.appended();
        }
        if !right_sw || answer.data != expected_data {
            let mode = format!("{mode}{scenario}");
            let wrong_data = answer.data != expected_data;
            self.mismatch(target, operation, mode, states, expected, answer.sw, wrong_data);
        }
        Ok(())
    }

    /// A file that is empty or whose contents are not known: refusals are judged on its first record or byte; where the
    /// rule allows it, an empty file has no such record, and nothing is written to it.
    fn closed(
        &mut self,
        target: &Target<'a>,
        operation: Operation,
        states: &States,
        scenario: &str,
    ) -> Result<(), ConformanceError> {
        let internal = matches!(target.file.structure, Structure::Internal { .. });
        // The rules of a private key file are those of using and of making the key; its bytes are for nobody.
        let granted = !internal && states.satisfy(rule(target.file, operation));
        let counts = self.report.files.entry((target.name.clone(), operation)).or_default();
        if granted && (target.contents.is_none() || operation == Operation::Update) {
            counts.empty += 1;
            return Ok(());
        }
        *(if granted {
            &mut counts.granted
        } else {
            &mut counts.refused
        }) += 1;
        let sw = self.terminal.select_file(target.file.fid)?;
        if internal && sw == StatusWord::FILE_NOT_FOUND {
            return Ok(());
        }
        self.terminal.demand(sw, || format!("SELECT {}", target.name))?;
        let bytes = internal || matches!(target.file.structure, Structure::Transparent { .. });
        let command = match (operation, bytes) {
            (Operation::Read, true) => Command::new(0x00, 0xB0, 0x00, 0x00).with_le(0),
            (Operation::Read, false) => Command::new(0x00, 0xB2, 0x01, 0x04).with_le(0),
            (Operation::Update, true) => with_data([0x00, 0xD6, 0x00, 0x00], &[0x00]),
            (Operation::Update, false) => with_data([0x00, 0xDC, 0x01, 0x04], &[0x01, 0x00]),
        };
        let answer = self.terminal.send(&command)?;
        let right = match (granted, internal) {
            (true, _) => answer.sw == StatusWord::RECORD_NOT_FOUND,
            (false, true) => matches!(
                answer.sw,
                StatusWord::SECURITY_NOT_SATISFIED | StatusWord::INCOMPATIBLE_FILE | StatusWord::NO_CURRENT_FILE
            ),
            (false, false) => answer.sw == StatusWord::SECURITY_NOT_SATISFIED,
        };
        let wrong_data = !answer.data.is_empty();
        if !right || wrong_data {
            let mode = format!("first record or byte{scenario}");
            let expected = if granted {
                Expected::Status(StatusWord::RECORD_NOT_FOUND.0)
            } else {
                Expected::Refused
            };
            self.mismatch(target, operation, mode, states, expected, answer.sw, wrong_data);
        }
        Ok(())
    }

    /// What a state survives: selecting the same file again, a failed selection, another application, a reset.
    fn what_is_kept(&mut self, df: usize, keys: &[&str], targets: &mut [Target<'a>]) -> Result<(), ConformanceError> {
        let pin = self.terminal.knows_pin(df).is_some();
        let full = self.establish(df, pin, keys)?;
        self.terminal.enter(df)?;
        self.check_all(targets, &full, ", after selecting the DF again", true)?;
        self.terminal.select_file(0xEFFE)?;
        self.check_all(targets, &full, ", after a failed selection", false)?;

        let left = full.after_leaving();
        for other in self.terminal.siblings(df) {
            self.establish(df, pin, keys)?;
            self.terminal.enter(other)?;
            let mut foreign = self.bare_targets(other);
            self.check_all(&mut foreign, &left, ", rights won in another application", true)?;
            self.terminal.enter(df)?;
            self.check_all(targets, &left, ", after another application", true)?;
        }
        self.establish(df, pin, keys)?;
        self.terminal.enter_afresh(df)?;
        self.check_all(targets, &left, ", after another DF", true)?;

        self.establish(df, pin, keys)?;
        self.terminal.reset()?;
        self.terminal.enter(self.terminal.subject.profile.environment(df))?;
        self.terminal.enter(df)?;
        self.check_all(targets, &States::none(), ", after a reset", true)
    }

    /// The files of an application without their contents.
    fn bare_targets(&self, df: usize) -> Vec<Target<'a>> {
        let directory = self.terminal.df(df);
        let target = |file: &'a ElementaryFile| Target {
            file,
            name: format!("{}/{:04X}", directory.id, file.fid),
            contents: None,
        };
        directory.files.iter().map(target).collect()
    }

    /// Each version of each key opens what the key opens; a version that was not loaded is not found. PINs have no versions.
    fn versions(&mut self, df: usize, keys: &[&str], targets: &mut [Target<'a>]) -> Result<(), ConformanceError> {
        let pin = self.terminal.knows_pin(df).is_some();
        for name in keys {
            if self.terminal.subject.profile.certificate_pin(name).is_some() {
                continue;
            }
            let key = self.terminal.key(name)?;
            for version in 1..=key.versions + 1 {
                self.establish(df, pin, &[])?;
                let sw = self.terminal.authenticate(key, Some(version))?;
                let loaded = version <= key.versions;
                let expected = if loaded {
                    StatusWord::OK
                } else {
                    StatusWord::REFERENCE_NOT_FOUND
                };
                self.key_case(df, key, &format!("version {version}"), expected, sw);
                let states = if loaded {
                    States::with(pin, [*name])
                } else {
                    States::with(pin, [] as [&str; 0])
                };
                self.check_all(targets, &states, &format!(", version {version} of {name}"), false)?;
            }
        }
        Ok(())
    }

    /// Identifiers of other applications are not found here (FW-4); with an identifier that both have, the other
    /// application's key proves nothing.
    fn foreign_keys(&mut self, df: usize) -> Result<(), ConformanceError> {
        let own = &self.terminal.df(df).keys;
        let external = |key: &&'a KeyDefinition| key.role == KeyRole::ExternalAuthentication && key.id & 0x80 != 0;
        for other in self.terminal.siblings(df) {
            for key in self.terminal.df(other).keys.iter().filter(external) {
                self.establish(df, false, &[])?;
                let same = own.iter().find(|k| k.id == key.id);
                match same {
                    None => {
                        let sw = self.terminal.authenticate(key, None)?;
                        let text = format!("identifier {:02X} of {}", key.id, key.name);
                        self.key_case(df, key, &text, StatusWord::REFERENCE_NOT_FOUND, sw);
                    }
                    Some(right) if external(&right) && self.depth == Depth::Full && right.tries != Some(1) => {
                        let sw = self.terminal.authenticate(key, None)?;
                        let tries = right.tries.map_or(15, |tries| tries.saturating_sub(1));
                        let text = format!("{} presented as {}", key.name, right.name);
                        self.key_case(df, key, &text, StatusWord::wrong_tries_left(tries), sw);
                        self.terminal.prove(&right.name)?;
                    }
                    Some(_) => {}
                }
            }
        }
        Ok(())
    }

    fn key_case(&mut self, df: usize, key: &KeyDefinition, text: &str, expected: StatusWord, got: StatusWord) {
        self.report.key_cases += 1;
        if expected != got {
            self.report.mismatches.push(Mismatch {
                file: self.terminal.df(df).id.clone(),
                operation: Operation::Read,
                mode: format!("EXTERNAL AUTHENTICATION, {text}"),
                states: States::none().to_string(),
                rule: key.name.clone(),
                expected: Expected::Status(expected.0),
                got: got.0,
                wrong_data: false,
            });
        }
    }

    #[expect(clippy::too_many_arguments, reason = "the fields of a finding")]
    fn mismatch(
        &mut self,
        target: &Target<'a>,
        operation: Operation,
        mode: String,
        states: &States,
        expected: Expected,
        got: StatusWord,
        wrong_data: bool,
    ) {
        self.report.mismatches.push(Mismatch {
            file: target.name.clone(),
            operation,
            mode,
            states: states.to_string(),
            rule: rule(target.file, operation).to_string(),
            expected,
            got: got.0,
            wrong_data,
        });
    }
}

fn rule(file: &ElementaryFile, operation: Operation) -> &Access {
    match operation {
        Operation::Read => &file.read,
        Operation::Update => &file.update,
    }
}

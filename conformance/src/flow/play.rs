//! Plays a transcript on a card.

use super::{Action, Deviation, Flow, Routines, Step};
use crate::ConformanceError;
use crate::terminal::Terminal;
use card_model::profile::{DedicatedFile, Profile};
use card_model::status::StatusWord;
use reader::certificate::chain::TrustStore;
use reader::channel::TransportError;
use reader::link::Response;
use std::collections::BTreeMap;

/// Plays transcripts on a card and remembers what they remember.
pub struct Player<'p, 'a> {
    pub(super) terminal: &'p mut Terminal<'a>,
    pub(super) routines: &'p Routines,
    values: BTreeMap<String, Vec<u8>>,
    pub(super) depth: usize,
    /// Commands whose answer was the only one that the transcript allows.
    pub judged: Vec<Judged>,
    /// Roots and authorities that certificates are held against.
    pub trust: Option<&'p TrustStore>,
}

/// A command with the status word that was expected and came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// The command as it was sent.
    pub command: Vec<u8>,
    /// Its status word.
    pub sw: StatusWord,
}

impl<'p, 'a> Player<'p, 'a> {
    /// Begins with nothing remembered.
    pub fn new(terminal: &'p mut Terminal<'a>, routines: &'p Routines) -> Self {
        Self {
            terminal,
            routines,
            values: BTreeMap::new(),
            depth: 0,
            judged: Vec::new(),
            trust: None,
        }
    }

    /// Does the steps in order; stops at the first that does not fit. After each command its data is remembered as `DATA`
    /// and its status word as `SW`.
    ///
    /// # Errors
    /// Channel or security module failed, or a step refers to what does not exist.
    pub fn play(&mut self, flow: &Flow) -> Result<Option<Deviation>, ConformanceError> {
        for step in flow.steps() {
            let done = self.step(step);
            match done {
                Ok(None) => {}
                Ok(deviation) => return Ok(deviation),
                Err(ConformanceError::NoValue { what }) => return Ok(Some(not_done(step, what))),
                Err(ConformanceError::Setup { step: what, sw }) => {
                    return Ok(Some(not_done(step, format!("{what}: {sw}"))));
                }
                Err(error @ ConformanceError::Answer { .. }) => return Ok(Some(not_done(step, error.to_string()))),
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }

    fn step(&mut self, step: &Step) -> Result<Option<Deviation>, ConformanceError> {
        match &step.action {
            Action::Command {
                raw,
                cut,
                command,
                answers,
            } => {
                let command = self.value(command)?;
                let answer = match cut {
                    Some(words) => match self.terminal.cut(*words, &command) {
                        Ok(Some(answer)) if !answers.is_empty() => answer,
                        Ok(_) => return Ok(None),
                        // A card that does not come back is a finding, not a fault of the channel.
                        Err(error @ ConformanceError::Transport(TransportError::Mute { .. })) => {
                            return Ok(Some(not_done(step, error.to_string())));
                        }
                        Err(error) => return Err(error),
                    },
                    None if *raw => self.terminal.transmit(&command)?,
                    None => self.terminal.exchange(&command)?,
                };
                self.remember("DATA", answer.data.clone());
                self.remember("SW", answer.sw.to_bytes().to_vec());
                let deviation = self.compare(answers, &answer)?;
                if deviation.is_none() && matches!(&answers[..], [only] if only.status.len() == 1) {
                    self.judged.push(Judged {
                        command: command.clone(),
                        sw: answer.sw,
                    });
                }
                if deviation.is_none()
                    && cut.is_none()
                    && answer.sw == StatusWord::OK
                    && let Some(again) = once_more(&command)
                {
                    return self.read_again(step, &again, &answer);
                }
                Ok(deviation)
            }
            Action::Call(call) => self.call(call).map(|()| None),
            Action::Remember { name, value } => {
                let value = self.value(value)?;
                self.remember(name, value);
                Ok(None)
            }
            Action::Check(check) => {
                let fault = self.check(check)?;
                Ok(fault.map(|fault| Deviation {
                    line: step.line,
                    source: step.source.clone(),
                    expected: step.source.clone(),
                    got: fault.got,
                    detail: fault.detail,
                }))
            }
            Action::Condition(check) => match self.check(check)? {
                None => Ok(None),
                Some(_) => Err(ConformanceError::Unmet {
                    condition: step.source.trim_start_matches('~').trim().to_owned(),
                    remark: step.remark.clone(),
                }),
            },
        }
    }

    /// What was read is read once more: a card that gives other data the second time has given wrong ones once.
    fn read_again(
        &mut self,
        step: &Step,
        command: &[u8],
        first: &Response,
    ) -> Result<Option<Deviation>, ConformanceError> {
        let second = self.terminal.exchange(command)?;
        Ok((second != *first).then(|| Deviation {
            line: step.line,
            source: step.source.clone(),
            expected: hex::encode_upper(first.to_bytes()),
            got: hex::encode_upper(second.to_bytes()),
            detail: "read once more, it is something else".to_owned(),
        }))
    }

    pub(super) fn profile(&self) -> &'a Profile {
        self.terminal.subject.profile
    }

    pub(super) fn dedicated_file(&self, id: &str) -> Result<&'a DedicatedFile, ConformanceError> {
        self.profile()
            .dedicated_file(id)
            .ok_or_else(|| ConformanceError::UnknownReference { name: id.to_owned() })
    }

    pub(super) fn remember(&mut self, name: &str, bytes: Vec<u8>) {
        self.values.insert(name.to_owned(), bytes);
    }

    pub(super) fn recall(&self, name: &str) -> Result<&[u8], ConformanceError> {
        self.values
            .get(name)
            .map(Vec::as_slice)
            .ok_or_else(|| ConformanceError::NoValue {
                what: format!("{name} was not remembered before"),
            })
    }
}

/// The command that reads the same once more, of READ RECORD, READ BINARY, GET BALANCE and EXPORT PUBLIC KEY; after READ RECORD of the
/// next or previous record that of the current one.
fn once_more(command: &[u8]) -> Option<Vec<u8>> {
    match command {
        [0x00, 0xB2, _, p2, length] if matches!(p2 & 0x07, 2 | 3) => Some(vec![0x00, 0xB2, 0x00, 0x04, *length]),
        [0x00, 0xB0 | 0xB2, ..] | [0xB0, 0x26, ..] | [0x80, 0xC9, 0x82, 0x80, ..] => Some(command.to_vec()),
        _ => None,
    }
}

fn not_done(step: &Step, detail: String) -> Deviation {
    Deviation {
        line: step.line,
        source: step.source.clone(),
        expected: step.source.clone(),
        got: String::new(),
        detail,
    }
}

//! Plays the steps of a driver case.

use super::evaluate::{Memory, text};
use super::fit::fit;
use super::function::{Argument, Invocation, Parameter};
use super::script::{Action, CheckKind, Given, Key, Outcome, Script, Step, Times};
use super::shown;
use super::stand::{Answer, CallFault, Entry, Stand};
use super::text::Value;
use crate::ConformanceError;
use crate::flow::Deviation;
use crate::suite::Text;
use card_model::sm2::{DEFAULT_ID, Signature};
use reader::certificate::x509::Certificate;
use reader::driver::Encoding;

/// How steps ended.
pub(super) enum Played {
    /// All fit.
    Passed,
    /// One did not.
    Failed(Deviation),
    /// The driver or the stand cannot do what the case needs.
    NotApplicable(Text),
}

/// Plays steps and remembers what they remember.
pub(super) struct Play<'s> {
    stand: &'s mut dyn Stand,
    memory: Memory,
    /// What the keypad was told last.
    typed: Vec<Entry>,
    /// Calls and answers, masked.
    pub transcript: Vec<String>,
    /// Calls made.
    pub calls: u64,
}

impl<'s> Play<'s> {
    /// Begins with nothing remembered.
    pub fn new(stand: &'s mut dyn Stand) -> Self {
        Self {
            stand,
            memory: Memory::new(),
            typed: Vec::new(),
            transcript: Vec::new(),
            calls: 0,
        }
    }

    /// Does the steps in order; stops at the first that does not fit.
    ///
    /// # Errors
    /// Never for what the driver does; only for what the runner itself cannot do.
    pub fn play(&mut self, script: &Script) -> Result<Played, ConformanceError> {
        for step in &script.steps {
            let played = match self.step(step) {
                Err(ConformanceError::NoValue { what }) => Played::Failed(deviation(step, what)),
                Err(ConformanceError::UnknownReference { name }) => Played::NotApplicable(Text::new(
                    format!("该卡或测试环境没有 {name}"),
                    format!("this card or setup has no {name}"),
                )),
                other => other?,
            };
            if !matches!(played, Played::Passed) {
                return Ok(played);
            }
        }
        Ok(Played::Passed)
    }

    fn step(&mut self, step: &Step) -> Result<Played, ConformanceError> {
        match &step.action {
            Action::Type(keys) => {
                let mut entries = Vec::with_capacity(keys.len());
                for key in keys {
                    entries.push(match key {
                        Key::Typed(value) => Entry::Typed(self.text(value)?),
                        Key::Cancel => Entry::Cancel,
                        Key::Timeout => Entry::Timeout,
                    });
                }
                self.typed = entries;
                Ok(self.type_in())
            }
            Action::Call {
                function,
                arguments,
                times,
                outcomes,
            } => {
                let given = arguments.iter().zip(function.parameters);
                let arguments = given
                    .map(|(given, parameter)| self.argument(given, *parameter))
                    .collect::<Result<_, _>>()?;
                let call = Invocation { function, arguments };
                self.call(step, &call, *times, outcomes)
            }
            Action::Remember { name, value } => {
                let value = self.text(value)?;
                self.memory.insert(name.clone(), value);
                Ok(Played::Passed)
            }
            Action::Check { kind, of } => {
                let texts = of.iter().map(|value| self.text(value)).collect::<Result<Vec<_>, _>>()?;
                Ok(match checked(*kind, &texts) {
                    None => Played::Passed,
                    Some(detail) => Played::Failed(deviation(step, detail)),
                })
            }
        }
    }

    /// Tells the keypad what comes.
    fn type_in(&mut self) -> Played {
        if self.typed.is_empty() {
            return Played::Passed;
        }
        match self.stand.keypad(self.typed.clone()) {
            Ok(()) => Played::Passed,
            Err(reason) => Played::NotApplicable(reason),
        }
    }

    fn call(
        &mut self,
        step: &Step,
        call: &Invocation,
        times: Times,
        outcomes: &[Outcome],
    ) -> Result<Played, ConformanceError> {
        self.transcript.push(shown::call(call, times));
        let count = match times {
            Times::Together(count) => {
                for answer in self.stand.driver().together(count, call) {
                    let played = self.judge(step, call, outcomes, answer)?;
                    if !matches!(played, Played::Passed) {
                        return Ok(played);
                    }
                }
                return Ok(Played::Passed);
            }
            Times::Once => 1,
            Times::Repeat(count) => count,
        };
        for number in 0..count {
            if number > 0 {
                self.type_in();
            }
            let answer = self.stand.driver().call(call);
            let played = self.judge(step, call, outcomes, answer)?;
            if !matches!(played, Played::Passed) {
                return Ok(played);
            }
        }
        self.typed.clear();
        Ok(Played::Passed)
    }

    fn text(&self, value: &Value) -> Result<String, ConformanceError> {
        text(value, &self.memory, &*self.stand)
    }

    fn argument(&self, given: &Given, parameter: Parameter) -> Result<Argument, ConformanceError> {
        let Given::Value(value) = given else {
            return Ok(Argument::Null);
        };
        let text = self.text(value)?;
        match parameter {
            Parameter::Number => text
                .parse()
                .map(Argument::Number)
                .map_err(|_| ConformanceError::NoValue {
                    what: format!("{text} is no number"),
                }),
            Parameter::Text(_) | Parameter::Key(_) => Ok(Argument::Text(Encoding::Gbk.encode(&text))),
        }
    }

    /// Everything that must hold of an answer, whatever the case is about, and what the case wants.
    fn judge(
        &mut self,
        step: &Step,
        call: &Invocation,
        outcomes: &[Outcome],
        answer: Result<Answer, CallFault>,
    ) -> Result<Played, ConformanceError> {
        self.calls += 1;
        let answer = match answer {
            Ok(answer) => answer,
            Err(CallFault::Missing) => {
                return Ok(Played::NotApplicable(Text::new(
                    format!("该驱动库没有函数 {}", call.function.name),
                    format!("the library has no function {}", call.function.name),
                )));
            }
            Err(fault) => {
                self.transcript.push(format!("< {}", words(&fault)));
                return Ok(Played::Failed(deviation(step, words(&fault))));
            }
        };
        self.transcript.push(shown::answer(&answer));
        // What an envelope holds is no text.
        let out = if call.function.name == "PKI_OpenEnvelope" && answer.code == 0 {
            Encoding::Gbk.decode(&answer.out).unwrap_or_default()
        } else {
            match gbk(&answer) {
                Ok(out) => out,
                Err(detail) => return Ok(Played::Failed(got(step, &answer, detail))),
            }
        };
        self.memory.insert("OUT".to_owned(), out.clone());
        if let Some(detail) = self.fits(outcomes, &answer, &out)? {
            return Ok(Played::Failed(got(step, &answer, detail)));
        }
        if (answer.code != 0 || !call.function.leaves_open) && self.stand.is_closed() == Some(false) {
            let detail = "card or PSAM was left open".to_owned();
            return Ok(Played::Failed(got(step, &answer, detail)));
        }
        let left = self.stand.not_asked();
        if answer.code == 0 && left > 0 {
            let detail = format!("the keypad did not ask {left} times that it should have asked");
            return Ok(Played::Failed(got(step, &answer, detail)));
        }
        Ok(Played::Passed)
    }

    /// Whether one of the outcomes fits; if none does, what is wrong with the last one that has the right code.
    fn fits(&mut self, outcomes: &[Outcome], answer: &Answer, out: &str) -> Result<Option<String>, ConformanceError> {
        let mut detail = "return code".to_owned();
        for outcome in outcomes {
            if !outcome.codes.iter().any(|code| code.fits(answer.code)) {
                continue;
            }
            let misfit = match &outcome.out {
                Some(pieces) => fit(pieces, out, &mut self.memory, &*self.stand)?.map(|misfit| misfit.detail),
                None if out.trim().is_empty() => Some("pOutInfo says nothing".to_owned()),
                None => None,
            };
            match misfit {
                None => return Ok(None),
                Some(misfit) => detail = misfit,
            }
        }
        Ok(Some(detail))
    }
}

/// pOutInfo as text.
///
/// # Errors
/// It is no GBK; or it is UTF-8, which a caller that reads GBK shows as other characters.
fn gbk(answer: &Answer) -> Result<String, String> {
    if let Ok(text) = std::str::from_utf8(&answer.out)
        && text.chars().any(|c| ('\u{4E00}'..='\u{9FFF}').contains(&c))
    {
        return Err("pOutInfo is UTF-8, not GBK".to_owned());
    }
    Encoding::Gbk
        .decode(&answer.out)
        .map_err(|_| "pOutInfo is no GBK".to_owned())
}

fn words(fault: &CallFault) -> String {
    match fault {
        CallFault::Missing => "no such function".to_owned(),
        CallFault::Overrun => "bytes outside of pOutInfo were written".to_owned(),
        CallFault::Endless => "pOutInfo has no NUL within its size".to_owned(),
        CallFault::Changed => "a string that goes in was changed".to_owned(),
        CallFault::Silent => "the function did not come back in time".to_owned(),
        CallFault::Died(how) => format!("the process ended: {how}"),
    }
}

fn checked(kind: CheckKind, texts: &[String]) -> Option<String> {
    let wrong = match kind {
        CheckKind::Equal => (!texts.windows(2).all(|pair| pair[0] == pair[1])).then_some("the values differ"),
        CheckKind::Distinct => {
            let mut sorted: Vec<&String> = texts.iter().collect();
            sorted.sort();
            sorted
                .windows(2)
                .any(|pair| pair[0] == pair[1])
                .then_some("two values are equal")
        }
        CheckKind::Signature => (!signed(texts)).then_some("the signature is wrong"),
        CheckKind::Less => {
            let numbers: Vec<Option<u64>> = texts.iter().map(|text| text.parse().ok()).collect();
            let less = matches!(numbers[..], [Some(a), Some(b)] if a < b);
            (!less).then_some("not less")
        }
        CheckKind::Records => {
            let found = texts.get(1).map_or(0, |text| text.matches('|').count());
            (texts.first() != Some(&found.to_string())).then_some("another number of records")
        }
    };
    wrong.map(str::to_owned)
}

/// Certificate in hex, text, signature r ‖ s in hex.
fn signed(texts: &[String]) -> bool {
    let [certificate, message, signature] = texts else {
        return false;
    };
    let verified = || {
        let certificate = Certificate::from_der(&hex::decode(certificate.trim_end_matches('|')).ok()?).ok()?;
        let signature = Signature::from_bytes(&hex::decode(signature.trim_end_matches('|')).ok()?).ok()?;
        let key = certificate.public_key().ok()?;
        let digest = key.digest(DEFAULT_ID, &Encoding::Gbk.encode(message));
        Some(key.verify(&digest, &signature))
    };
    verified().unwrap_or(false)
}

fn deviation(step: &Step, detail: String) -> Deviation {
    let source = step.source.lines().next().unwrap_or_default().to_owned();
    let expected: Vec<&str> = step
        .source
        .lines()
        .skip(1)
        .map(|line| line.trim_start_matches('<').trim())
        .collect();
    Deviation {
        line: step.line,
        expected: if expected.is_empty() {
            source.clone()
        } else {
            expected.join(" / ")
        },
        source,
        got: String::new(),
        detail,
    }
}

fn got(step: &Step, answer: &Answer, detail: String) -> Deviation {
    Deviation {
        got: shown::answer(answer).trim_start_matches("< ").to_owned(),
        ..deviation(step, detail)
    }
}

//! The steps of a driver case: calls, what they must give, values, checks.
//!
//! ```text
//! # what the next call is for
//! @ type {pin}                                 what the keypad is told when it asks; cancel, timeout
//! @ iReadCard {type} 2 {info} SSSEEF05|07|$    a call: iType and so on; pOutInfo is not written
//! < 0 SSSEEF05|{element SSSE/EF05/07}|$        return code and pOutInfo; further < lines are alternatives
//! < -22                                        a failure: pOutInfo must say something in GBK
//! @ together 4 iReadCardBas {type}             the same call so many times at once; each must fit
//! @ repeat 31 iDoDebit {type} {info} …         one after the other, the same typed each time
//! = KEY {hsm external STEP}                    remembers a text
//! ? equal A B                                  a check
//! ```

use super::function::{Function, Parameter};
use super::text::{Kind, Piece, Value, is_name, operand, pattern, value, words};
use crate::ConformanceError;
use crate::flow::Reference;

/// The steps.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Script {
    /// In order.
    pub steps: Vec<Step>,
}

/// A line with its remark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Line in the text, from 1.
    pub line: usize,
    /// The comment before it.
    pub remark: String,
    /// The line as written.
    pub source: String,
    /// What it does.
    pub action: Action,
}

/// What a line does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// The keypad is told what comes.
    Type(Vec<Key>),
    /// A call.
    Call {
        /// The function.
        function: &'static Function,
        /// Its arguments.
        arguments: Vec<Given>,
        /// How often.
        times: Times,
        /// What it may give.
        outcomes: Vec<Outcome>,
    },
    /// Remembers a text.
    Remember {
        /// Under this name.
        name: String,
        /// The text.
        value: Value,
    },
    /// A check.
    Check {
        /// What must hold.
        kind: CheckKind,
        /// Of what.
        of: Vec<Value>,
    },
}

/// How often a call is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Times {
    /// Once.
    Once,
    /// So many times at once.
    Together(usize),
    /// So many times, one after the other.
    Repeat(usize),
}

/// An entry at the keypad.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Key {
    /// Types this.
    Typed(Value),
    /// Cancels.
    Cancel,
    /// Does nothing.
    Timeout,
}

/// An argument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Given {
    /// A text or a number.
    Value(Value),
    /// NULL.
    Null,
}

/// What a call may give.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Line in the text, from 1.
    pub line: usize,
    /// As written.
    pub source: String,
    /// Return codes, one of which must come.
    pub codes: Vec<Code>,
    /// pOutInfo; of a failure nothing means: some text.
    pub out: Option<Vec<Piece>>,
}

/// A return code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    /// Just this.
    Is(i64),
    /// `63Cx`: a card's 63C0 to 63CF as negative number.
    TriesLeft,
}

/// A check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckKind {
    /// All are equal.
    Equal,
    /// No two are equal.
    Distinct,
    /// `signature CERTIFICATE TEXT SIGNATURE`: SM2 signature over the text's bytes in GBK with the usual identifier.
    Signature,
    /// `records N X`: X has so many items.
    Records,
    /// `less A B`: as numbers.
    Less,
}

impl Script {
    /// Reads the steps.
    ///
    /// # Errors
    /// A line that is none of the forms, with its number.
    pub fn parse(text: &str) -> Result<Self, ConformanceError> {
        let mut script = Self::default();
        let mut remark = String::new();
        let mut last = 0;
        for (number, line) in (1..).zip(text.lines()) {
            let line = line.trim();
            last = number;
            let fault = |fault: String| ConformanceError::Transcript { line: number, fault };
            if line.is_empty() {
                continue;
            }
            if let Some(comment) = line.strip_prefix('#') {
                if !remark.is_empty() {
                    remark.push(' ');
                }
                remark.push_str(comment.trim());
                continue;
            }
            if let Some(outcome) = line.strip_prefix('<') {
                script.outcome(outcome.trim(), number).map_err(fault)?;
                continue;
            }
            script.answered().map_err(fault)?;
            script.steps.push(Step {
                line: number,
                remark: std::mem::take(&mut remark),
                source: line.to_owned(),
                action: action(line).map_err(fault)?,
            });
        }
        script
            .answered()
            .map_err(|fault| ConformanceError::Transcript { line: last, fault })?;
        Ok(script)
    }

    fn answered(&self) -> Result<(), String> {
        match self.steps.last().map(|step| &step.action) {
            Some(Action::Call { outcomes, .. }) if outcomes.is_empty() => {
                Err("what the call before must give was expected".to_owned())
            }
            _ => Ok(()),
        }
    }

    fn outcome(&mut self, text: &str, line: usize) -> Result<(), String> {
        let Some(Step {
            source,
            action: Action::Call { outcomes, .. },
            ..
        }) = self.steps.last_mut()
        else {
            return Err("an outcome without a call".to_owned());
        };
        let (codes, out) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        let codes = codes.split('/').map(Code::parse).collect::<Result<Vec<_>, _>>()?;
        let succeeds = codes.contains(&Code::Is(0));
        if succeeds && codes.len() > 1 {
            return Err("success and failure are two alternatives".to_owned());
        }
        let out = out.trim();
        outcomes.push(Outcome {
            line,
            source: text.to_owned(),
            codes,
            out: if succeeds || !out.is_empty() {
                Some(pattern(out)?)
            } else {
                None
            },
        });
        source.push_str("\n< ");
        source.push_str(text);
        Ok(())
    }

    /// Everything of the profile that the steps refer to, and the PIN if they need it.
    pub fn references(&self) -> Vec<Reference> {
        let mut references = Vec::new();
        self.walk(&mut |value| references.extend(value.reference()));
        references
    }

    /// Whether the steps need an HSM.
    pub fn needs_hsm(&self) -> bool {
        self.computes(|kind| kind == Kind::Hsm)
    }

    /// Whether the steps need the PIN of the certificate application.
    pub fn needs_certificate_pin(&self) -> bool {
        self.computes(|kind| kind == Kind::CertificatePin)
    }

    fn computes(&self, wanted: impl Fn(Kind) -> bool) -> bool {
        let mut found = false;
        self.walk(&mut |value| found |= matches!(value, Value::Computed { kind, .. } if wanted(*kind)));
        found
    }

    /// The functions that are called.
    pub fn functions(&self) -> impl Iterator<Item = &'static Function> {
        self.steps.iter().filter_map(|step| match &step.action {
            Action::Call { function, .. } => Some(*function),
            _ => None,
        })
    }

    fn walk(&self, visit: &mut dyn FnMut(&Value)) {
        for step in &self.steps {
            match &step.action {
                Action::Type(keys) => keys.iter().for_each(|key| {
                    if let Key::Typed(value) = key {
                        value.walk(visit);
                    }
                }),
                Action::Call {
                    arguments, outcomes, ..
                } => {
                    for argument in arguments {
                        if let Given::Value(value) = argument {
                            value.walk(visit);
                        }
                    }
                    let pieces = outcomes.iter().filter_map(|outcome| outcome.out.as_ref()).flatten();
                    for piece in pieces {
                        match piece {
                            Piece::Value(value) | Piece::Has(value) => value.walk(visit),
                            Piece::In(values) => values.iter().for_each(|value| value.walk(visit)),
                            Piece::Some { .. } | Piece::Tries(_) => {}
                        }
                    }
                }
                Action::Remember { value, .. } => value.walk(visit),
                Action::Check { of, .. } => of.iter().for_each(|value| value.walk(visit)),
            }
        }
    }
}

impl Code {
    fn parse(text: &str) -> Result<Self, String> {
        match text {
            "63Cx" => Ok(Self::TriesLeft),
            text => text
                .parse()
                .map(Self::Is)
                .map_err(|_| format!("{text} is no return code")),
        }
    }

    /// Whether a code fits.
    pub fn fits(self, code: i64) -> bool {
        match self {
            Self::Is(wanted) => wanted == code,
            Self::TriesLeft => (-0x63CF..=-0x63C0).contains(&code),
        }
    }
}

fn action(line: &str) -> Result<Action, String> {
    if let Some(text) = line.strip_prefix('@') {
        return call(text);
    }
    if let Some(text) = line.strip_prefix('=') {
        let (name, text) = text
            .trim()
            .split_once(char::is_whitespace)
            .ok_or("= NAME TEXT was expected")?;
        if !is_name(name) {
            return Err(format!("{name} is no name: capital letters, digits and _"));
        }
        return Ok(Action::Remember {
            name: name.to_owned(),
            value: value(text.trim())?,
        });
    }
    if let Some(text) = line.strip_prefix('?') {
        return check(text);
    }
    Err("a line begins with #, @, <, = or ?".to_owned())
}

fn call(text: &str) -> Result<Action, String> {
    let words = words(text)?;
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let (times, name, rest) = match words[..] {
        ["type", ref keys @ ..] => {
            return keys
                .iter()
                .map(|word| key(word))
                .collect::<Result<_, _>>()
                .map(Action::Type);
        }
        ["together", times, name, ref rest @ ..] => (Times::Together(number(times)?), name, rest),
        ["repeat", times, name, ref rest @ ..] => (Times::Repeat(number(times)?), name, rest),
        [name, ref rest @ ..] => (Times::Once, name, rest),
        [] => return Err("@ FUNCTION ARGUMENTS was expected".to_owned()),
    };
    let function = Function::named(name).ok_or_else(|| format!("there is no function {name}"))?;
    if rest.len() != function.parameters.len() {
        return Err(format!(
            "{name} takes {} arguments beside pOutInfo",
            function.parameters.len()
        ));
    }
    let given = |(word, parameter): (&&str, &Parameter)| match (*word, parameter) {
        ("NULL", Parameter::Text(_) | Parameter::Key(_)) => Ok(Given::Null),
        (word, _) => value(word).map(Given::Value),
    };
    Ok(Action::Call {
        function,
        arguments: rest
            .iter()
            .zip(function.parameters)
            .map(given)
            .collect::<Result<_, _>>()?,
        times,
        outcomes: Vec::new(),
    })
}

/// How often: 2 to 64.
fn number(word: &str) -> Result<usize, String> {
    let times = word.parse().ok().filter(|times| (2..=64).contains(times));
    times.ok_or_else(|| format!("{word} is no number from 2 to 64"))
}

fn key(word: &str) -> Result<Key, String> {
    Ok(match word {
        "cancel" => Key::Cancel,
        "timeout" => Key::Timeout,
        word => Key::Typed(value(word)?),
    })
}

fn check(text: &str) -> Result<Action, String> {
    let words = words(text)?;
    let Some((kind, rest)) = words.split_first() else {
        return Err("? CHECK VALUES was expected".to_owned());
    };
    let kind = match (kind.as_str(), rest.len()) {
        ("equal", 2..) => CheckKind::Equal,
        ("distinct", 2..) => CheckKind::Distinct,
        ("signature", 3) => CheckKind::Signature,
        ("records", 2) => CheckKind::Records,
        ("less", 2) => CheckKind::Less,
        _ => return Err(format!("{text} is no check")),
    };
    let of = rest.iter().map(|word| operand(word)).collect::<Result<_, _>>()?;
    Ok(Action::Check { kind, of })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines() {
        let script = Script::parse(
            "# the card number\n@ iReadCard {type} 2 {info} SSSEEF05|07|$\n< 0 SSSEEF05|{NUMBER=any}|$\n< -22\n\
             @ type {pin} cancel\n? equal NUMBER {element SSSE/EF05/07}\n",
        )
        .expect("a script");
        assert_eq!(script.steps.len(), 3);
        assert_eq!(script.steps[0].remark, "the card number");
        let element = Reference::Path("SSSE/EF05/07".to_owned());
        assert_eq!(script.references(), [Reference::Pin, element]);
        for wrong in [
            "@ iReadCardBas",
            "@ iReadCardBas 1",
            "@ iNothing 1\n< 0",
            "< 0",
            "@ iReadCardBas 1\n< x",
            "@ iReadCardBas 1\n< 0/-1",
            "@ together 1 iReadCardBas 1\n< 0",
            "> 00",
            "? equal A",
            "= a b",
        ] {
            assert!(Script::parse(wrong).is_err(), "{wrong}");
        }
    }
}

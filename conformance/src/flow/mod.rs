//! Transcripts with expectations: commands with values filled in, answers compared with patterns. The notation of
//! `vectors/read-flow-3.00.txt` and of the cases in `suites/`; `suites/README.md` describes all of it.
//!
//! ```text
//! # comment: says what the next command is for
//! > 00880000 10 {R2} {R1}        command; {R2} are bytes remembered before; 61xx and 6Cxx are resolved
//! >> 00B2010400                  command as it is; 61xx and 6Cxx are answers
//! ^ 3 00D60000 01 00             command whose power goes after the card has written three words; it is reset afterwards
//! < {auth IRK R2 R1} 9000        answer with status word: data computed by the security module
//! < {R1=8} 9000                  any 8 bytes, remembered; a second < line is an alternative
//! ! prove UK1DF01                a routine, see [`routine`]
//! = V {tlv DATA 6F/84}           remembers a computed value
//! ? equal V {name SSSE}          a check
//! ~ nonzero V                    a condition: where it does not hold, the case does not apply to this card
//! ```

mod certificate;
mod check;
mod compare;
mod evaluate;
mod expression;
mod judge;
mod pieces;
mod play;
mod random;
pub mod routine;
mod status;

pub use certificate::CertificateCheck;
pub use check::{Check, CheckKind};
pub use expression::{Expression, KeyName, PinKind, Reference};
pub use pieces::{Count, Piece};
pub use play::{Judged, Player};
pub use routine::{Call, Routines};
pub use status::StatusPattern;

use crate::ConformanceError;
use crate::terminal::{Subject, Terminal};
use reader::channel::Channel;
use reader::security::SecurityModule;

/// A transcript.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Flow {
    steps: Vec<Step>,
}

/// A line that does something, with its comment and its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Line in the text, from 1.
    pub line: usize,
    /// The comment lines before it.
    pub remark: String,
    /// The line as written; of a command with its answers.
    pub source: String,
    /// What it does.
    pub action: Action,
}

/// What a line does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Sends a command.
    Command {
        /// Whether 61xx and 6Cxx are answers, not resolved.
        raw: bool,
        /// The words that the card may write before its power goes; then the card is reset, and no answer is an answer too.
        cut: Option<u64>,
        /// The command.
        command: Expression,
        /// The answers it may have.
        answers: Vec<Answer>,
    },
    /// Calls a routine.
    Call(Call),
    /// Remembers a value.
    Remember {
        /// Under this name.
        name: String,
        /// The value.
        value: Expression,
    },
    /// Checks something.
    Check(Check),
    /// Goes on only if a check holds; else the case does not apply to what is on the card.
    Condition(Check),
}

/// An answer that a command may have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Line in the text, from 1.
    pub line: usize,
    /// The answer as written.
    pub source: String,
    /// Its data.
    pub data: Vec<Piece>,
    /// Its status word: one of these.
    pub status: Vec<StatusPattern>,
}

/// An answer or a check that does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deviation {
    /// Line of the answer in the transcript, from 1.
    pub line: usize,
    /// The line that failed, as written.
    pub source: String,
    /// The answer the transcript wants, values filled in; `..` for a byte that may be anything.
    pub expected: String,
    /// The answer that came, as hex, or the values that a check found wrong.
    pub got: String,
    /// What is wrong in words, such as `status word` or `byte 3 of the data`.
    pub detail: String,
}

impl Flow {
    /// Reads a transcript.
    ///
    /// # Errors
    /// A line that is none of the forms, with its number.
    pub fn parse(text: &str) -> Result<Self, ConformanceError> {
        let mut steps: Vec<Step> = Vec::new();
        let mut remark = String::new();
        let mut lines = 0;
        for (number, line) in (1..).zip(text.lines()) {
            let line = line.trim();
            lines = number;
            let fault = |fault: String| ConformanceError::Transcript { line: number, fault };
            if let Some(comment) = line.strip_prefix('#') {
                if !remark.is_empty() {
                    remark.push(' ');
                }
                remark.push_str(comment.trim());
                continue;
            }
            if line.is_empty() {
                continue;
            }
            if let Some(rest) = line.strip_prefix('<') {
                answer(&mut steps, rest, number).map_err(&fault)?;
                continue;
            }
            unanswered(&steps).map_err(&fault)?;
            // Several routines may stand in one line; none at all where a parameter is empty.
            let parts: Vec<&str> = match line.strip_prefix('!') {
                Some(calls) => calls.split(';').filter(|call| !call.trim().is_empty()).collect(),
                None => vec![line],
            };
            for part in parts {
                let action = if line.starts_with('!') {
                    Call::parse(part).map(Action::Call)
                } else {
                    action(part)
                };
                steps.push(Step {
                    line: number,
                    remark: std::mem::take(&mut remark),
                    source: line.to_owned(),
                    action: action.map_err(&fault)?,
                });
            }
        }
        unanswered(&steps).map_err(|_| ConformanceError::Transcript {
            line: lines,
            fault: "the last command has no answer".to_owned(),
        })?;
        Ok(Self { steps })
    }

    /// The steps in order.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// The routines that are called, in order.
    pub fn calls(&self) -> impl Iterator<Item = &Call> {
        self.steps.iter().filter_map(|step| match &step.action {
            Action::Call(call) => Some(call),
            _ => None,
        })
    }

    /// Whether a step cuts the power within a command or changes the interface, which only a card on the bench allows
    /// ([`Channel::is_bench`]). Routines of the suites do neither.
    pub fn needs_bench(&self) -> bool {
        self.steps.iter().any(|step| {
            matches!(
                step.action,
                Action::Command { cut: Some(_), .. } | Action::Call(Call::Interface(_))
            )
        })
    }

    /// Number of commands, without those of routines.
    pub fn len(&self) -> usize {
        self.steps
            .iter()
            .filter(|step| matches!(step.action, Action::Command { .. }))
            .count()
    }

    /// Whether nothing is done.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// Sends the commands one after the other; stops at the first answer that does not fit.
    ///
    /// # Errors
    /// Channel or security module failed, or a step uses a name or key that does not exist.
    pub fn run(
        &self,
        channel: &mut dyn Channel,
        module: &mut dyn SecurityModule,
        subject: Subject<'_>,
    ) -> Result<Option<Deviation>, ConformanceError> {
        let mut terminal = Terminal::new(channel, module, subject);
        let routines = Routines::default();
        Player::new(&mut terminal, &routines).play(self)
    }

    /// Everything of the profile that the transcript refers to, and the PIN if it needs it.
    pub fn references(&self) -> Vec<Reference> {
        let mut references = Vec::new();
        let mut visit = |value: &Expression| references.extend(value.reference());
        for step in &self.steps {
            match &step.action {
                Action::Command { command, answers, .. } => {
                    command.walk(&mut visit);
                    answers
                        .iter()
                        .flat_map(|answer| &answer.data)
                        .for_each(|p| p.walk(&mut visit));
                }
                Action::Remember { value, .. } => value.walk(&mut visit),
                Action::Check(check) | Action::Condition(check) => {
                    check.values.iter().for_each(|value| value.walk(&mut visit));
                }
                Action::Call(_) => {}
            }
        }
        for step in &self.steps {
            match &step.action {
                Action::Command { answers, .. } => {
                    let data = answers.iter().flat_map(|answer| &answer.data);
                    data.for_each(|piece| piece.counts(&mut references));
                }
                Action::Call(call) => references.extend(call.references()),
                Action::Check(check) | Action::Condition(check) => references.extend(check.reference()),
                Action::Remember { .. } => {}
            }
        }
        references.sort();
        references.dedup();
        references
    }
}

impl Piece {
    fn walk(&self, visit: &mut dyn FnMut(&Expression)) {
        match self {
            Self::Value(value) | Self::Not(value) => value.walk(visit),
            Self::Prefixed(inner) => inner.iter().for_each(|piece| piece.walk(visit)),
            Self::Any { .. } | Self::Digits(_) | Self::Mask { .. } | Self::NonZero(_) => {}
        }
    }

    fn counts(&self, references: &mut Vec<Reference>) {
        match self {
            Self::Any {
                count: Count::Element(path),
                ..
            } => references.push(Reference::Path(path.clone())),
            Self::Prefixed(inner) => inner.iter().for_each(|piece| piece.counts(references)),
            _ => {}
        }
    }
}

fn unanswered(steps: &[Step]) -> Result<(), String> {
    match steps.last().map(|step| &step.action) {
        Some(Action::Command { answers, cut: None, .. }) if answers.is_empty() => {
            Err("a command where an answer was expected".to_owned())
        }
        _ => Ok(()),
    }
}

fn answer(steps: &mut [Step], text: &str, line: usize) -> Result<(), String> {
    let Some(Step {
        source,
        action: Action::Command { answers, .. },
        ..
    }) = steps.last_mut()
    else {
        return Err("an answer without a command".to_owned());
    };
    let text = text.trim();
    let (data, status) = split_status(text).ok_or("an answer ends with a status word")?;
    answers.push(Answer {
        line,
        source: text.to_owned(),
        data: match data.trim() {
            "" => Vec::new(),
            data => pieces::pieces(data)?,
        },
        status: StatusPattern::alternatives(status)?,
    });
    source.push_str("\n< ");
    source.push_str(text);
    Ok(())
}

/// The last word is the status word; where it is longer, its last four digits are.
fn split_status(text: &str) -> Option<(&str, &str)> {
    let begin = text.rfind([' ', '\t', '}', ']']).map_or(0, |position| position + 1);
    let (data, word) = text.split_at_checked(begin)?;
    if StatusPattern::looks_like(word) {
        return Some((data, word));
    }
    let (head, status) = text.split_at_checked(text.len().checked_sub(4)?)?;
    (head.len() >= begin && StatusPattern::looks_like(status)).then_some((head, status))
}

fn action(line: &str) -> Result<Action, String> {
    let command = |raw: bool, cut: Option<u64>, text: &str| {
        Ok(Action::Command {
            raw,
            cut,
            command: pieces::value(text)?,
            answers: Vec::new(),
        })
    };
    if let Some(text) = line.strip_prefix(">>") {
        return command(true, None, text);
    }
    if let Some(text) = line.strip_prefix('>') {
        return command(false, None, text);
    }
    if let Some(text) = line.strip_prefix('^') {
        let (words, text) = text
            .trim_start()
            .split_once(char::is_whitespace)
            .ok_or("^ WORDS COMMAND was expected")?;
        let words = words.parse().map_err(|_| format!("{words} is no number of words"))?;
        return command(false, Some(words), text);
    }
    if let Some(text) = line.strip_prefix('?') {
        return Check::parse(text.trim()).map(Action::Check);
    }
    if let Some(text) = line.strip_prefix('~') {
        return Check::parse(text.trim()).map(Action::Condition);
    }
    if let Some(text) = line.strip_prefix('=') {
        let (name, text) = text
            .trim()
            .split_once(char::is_whitespace)
            .ok_or("= NAME VALUE was expected")?;
        if !expression::is_name(name) {
            return Err(format!("{name} is no name: capital letters, digits and _"));
        }
        return Ok(Action::Remember {
            name: name.to_owned(),
            value: pieces::value(text)?,
        });
    }
    Err("a line begins with #, >, >>, ^, <, !, =, ? or ~".to_owned())
}

#[cfg(test)]
mod tests;

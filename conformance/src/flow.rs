//! Transcripts of reference command flows: commands with values filled in, answers compared with patterns
//! (`vectors/read-flow-3.00.txt`).
//!
//! ```text
//! # comment
//! > 00880000 10 {R2} {R1}        command; {R2} are bytes remembered before
//! < {auth IRK R2 R1} 9000        answer with status word: data computed by the security module
//! < {8} 9000                     any 8 bytes
//! < {R1=8} 9000                  any 8 bytes, remembered
//! ```

use crate::ConformanceError;
use crate::terminal::Subject;
use reader::channel::Channel;
use reader::link::exchange_bytes;
use reader::security::{KeyReference, SecurityModule};
use std::collections::BTreeMap;

/// A piece of a command or an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Bytes(Vec<u8>),
    Any(usize),
    Remember(String, usize),
    Recall(String),
    Authentication {
        key: String,
        factor: String,
        source: String,
    },
}

/// One command and the answer it must have.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Step {
    line: usize,
    command: Vec<Piece>,
    answer: Vec<Piece>,
}

/// A transcript.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Flow {
    steps: Vec<Step>,
}

/// An answer that does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deviation {
    /// Line of the answer in the transcript, from 1.
    pub line: usize,
    /// The answer the transcript wants, values filled in; `..` for a byte that may be anything.
    pub expected: String,
    /// The answer that came, as hex.
    pub got: String,
}

impl Flow {
    /// Reads a transcript.
    ///
    /// # Errors
    /// A line that is neither comment, command nor answer, with its number.
    pub fn parse(text: &str) -> Result<Self, ConformanceError> {
        let mut steps: Vec<Step> = Vec::new();
        let mut command = None;
        for (number, line) in (1..).zip(text.lines()) {
            let line = line.trim();
            let fault = |fault: &str| ConformanceError::Transcript {
                line: number,
                fault: fault.to_owned(),
            };
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            if let Some(rest) = line.strip_prefix('>') {
                if command.replace(pieces(rest).map_err(&fault)?).is_some() {
                    return Err(fault("a command where an answer was expected"));
                }
            } else if let Some(rest) = line.strip_prefix('<') {
                let command = command.take().ok_or_else(|| fault("an answer without a command"))?;
                let answer = pieces(rest).map_err(&fault)?;
                steps.push(Step {
                    line: number,
                    command,
                    answer,
                });
            } else {
                return Err(fault("a line begins with #, > or <"));
            }
        }
        match command {
            Some(_) => Err(ConformanceError::Transcript {
                line: text.lines().count(),
                fault: "the last command has no answer".to_owned(),
            }),
            None => Ok(Self { steps }),
        }
    }

    /// Number of commands.
    pub fn len(&self) -> usize {
        self.steps.len()
    }

    /// Whether there is no command.
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
        let mut run = Run {
            module,
            subject,
            remembered: BTreeMap::new(),
        };
        for step in &self.steps {
            let mut command = Vec::new();
            for piece in &step.command {
                command.extend(run.value(piece, step.line)?);
            }
            let answer = exchange_bytes(channel, &command)?.to_bytes();
            if let Some(deviation) = run.compare(step, &answer)? {
                return Ok(Some(deviation));
            }
        }
        Ok(None)
    }
}

struct Run<'a> {
    module: &'a mut dyn SecurityModule,
    subject: Subject<'a>,
    remembered: BTreeMap<String, Vec<u8>>,
}

impl Run<'_> {
    fn value(&mut self, piece: &Piece, line: usize) -> Result<Vec<u8>, ConformanceError> {
        let fault = |fault: String| ConformanceError::Transcript { line, fault };
        match piece {
            Piece::Bytes(bytes) => Ok(bytes.clone()),
            Piece::Any(_) | Piece::Remember(..) => Err(fault("a command has no unknown bytes".to_owned())),
            Piece::Recall(name) => self.recall(name).map_err(fault),
            Piece::Authentication { key, factor, source } => {
                let found = self.subject.profile.key(key);
                let (_, definition) = found.ok_or_else(|| ConformanceError::UnknownKey { name: key.clone() })?;
                let factor = self.recall(factor).map_err(fault)?;
                let source = self.recall(source).map_err(fault)?;
                let source = <[u8; 8]>::try_from(source.as_slice());
                let source = source.map_err(|_| fault("original data has 8 bytes".to_owned()))?;
                let reference = KeyReference { definition, version: 1 };
                let data = self
                    .module
                    .authentication_data(reference, self.subject.identity, &factor, &source)?;
                Ok(data.to_vec())
            }
        }
    }

    fn recall(&self, name: &str) -> Result<Vec<u8>, String> {
        self.remembered
            .get(name)
            .cloned()
            .ok_or_else(|| format!("{name} was not remembered before"))
    }

    fn compare(&mut self, step: &Step, answer: &[u8]) -> Result<Option<Deviation>, ConformanceError> {
        let mut expected = String::new();
        let (mut rest, mut fits) = (answer, true);
        for piece in &step.answer {
            let length = match piece {
                Piece::Any(length) | Piece::Remember(_, length) => {
                    expected.push_str(&"..".repeat(*length));
                    *length
                }
                known => {
                    let value = self.value(known, step.line)?;
                    expected.push_str(&hex::encode_upper(&value));
                    fits &= rest.starts_with(&value);
                    value.len()
                }
            };
            let Some((part, tail)) = rest.split_at_checked(length) else {
                (rest, fits) = (&[], false);
                continue;
            };
            if let Piece::Remember(name, _) = piece {
                self.remembered.insert(name.clone(), part.to_vec());
            }
            rest = tail;
        }
        let deviation = || Deviation {
            line: step.line,
            expected,
            got: hex::encode_upper(answer),
        };
        Ok((!fits || !rest.is_empty()).then(deviation))
    }
}

fn pieces(text: &str) -> Result<Vec<Piece>, &'static str> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (plain, tail) = rest.split_at(rest.find('{').unwrap_or(rest.len()));
        let digits: String = plain.split_whitespace().collect();
        if !digits.is_empty() {
            pieces.push(Piece::Bytes(hex::decode(digits).map_err(|_| "no hexadecimal bytes")?));
        }
        let Some(inside) = tail.strip_prefix('{') else { break };
        let (inside, tail) = inside.split_once('}').ok_or("a brace is not closed")?;
        pieces.push(braced(inside)?);
        rest = tail;
    }
    if pieces.is_empty() {
        Err("nothing after the sign")
    } else {
        Ok(pieces)
    }
}

fn braced(inside: &str) -> Result<Piece, &'static str> {
    let count = |digits: &str| match digits.trim().parse::<usize>() {
        Ok(count @ 1..=256) => Ok(count),
        _ => Err("a number of bytes from 1 to 256 was expected"),
    };
    let words: Vec<&str> = inside.split_whitespace().collect();
    match words[..] {
        ["auth", key, factor, source] => Ok(Piece::Authentication {
            key: key.to_owned(),
            factor: factor.to_owned(),
            source: source.to_owned(),
        }),
        [word] => match word.split_once('=') {
            Some((name, length)) => Ok(Piece::Remember(name.to_owned(), count(length)?)),
            None if word.starts_with(|c: char| c.is_ascii_digit()) => count(word).map(Piece::Any),
            None => Ok(Piece::Recall(word.to_owned())),
        },
        _ => Err("{n}, {NAME=n}, {NAME} or {auth KEY FACTOR SOURCE} was expected"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn faults_are_told() {
        for (text, line) in [
            ("x", 1),
            ("> 00", 1),
            ("< 9000", 1),
            ("> 0\n< 9000", 1),
            ("\n> {R\n<9000", 2),
            ("> 00A4\n< {0}", 2),
        ] {
            match Flow::parse(text) {
                Err(ConformanceError::Transcript { line: told, .. }) => assert_eq!(told, line, "{text}"),
                other => panic!("{text}: {other:?}"),
            }
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "([><#{}=0-9A-F a-z\n]|\\PC){0,80}") {
            let _ = Flow::parse(&text);
        }
    }
}

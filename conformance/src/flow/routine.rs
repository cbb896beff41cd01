//! Routines: what many cases do before and after, as one line each.
//!
//! | routine | does |
//! |---|---|
//! | `reset` | resets the card |
//! | `interface contactless` | puts the card to its other interface (`contact`, `contactless`) and resets it there |
//! | `select X` | SELECT of a dedicated file (`SSSE`) or a file of the current one (`DF01/EF05`) |
//! | `open X` | selects the environment, the dedicated file and, for a path, the file |
//! | `afresh X` | selects another dedicated file and then X, so that X is entered without any key |
//! | `verify` | VERIFY with the card's PIN where one is |
//! | `prove K` | GET CHALLENGE and EXTERNAL AUTHENTICATION with a key, or VERIFY with a PIN of the certificate application |
//! | `challenge N 8` | GET CHALLENGE, remembered as N |
//! | `challenges N 100` | so many challenges of 8 bytes, one after the other, remembered as N |
//! | `read X N` | reads a whole transparent file of the current dedicated file, remembered as N |
//! | another name | a transcript of `suites/routines.toml`, with `$1`, `$2` … for its arguments |
//!
//! All of them want success.

use super::expression::{KeyName, Reference, is_name};
use super::{Flow, Player};
use crate::ConformanceError;
use crate::suite::format::InterfaceName;
use card_model::profile::Profile;
use reader::command::Command;
use std::collections::BTreeMap;

/// A call of a routine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Call {
    /// `reset`
    Reset,
    /// `interface contactless`
    Interface(InterfaceName),
    /// `select X`
    Select(String),
    /// `open X`
    Open(String),
    /// `afresh X`
    Afresh(String),
    /// `verify`
    Verify,
    /// `prove K`
    Prove(KeyName),
    /// `challenge N 8`
    Challenge {
        /// Name.
        name: String,
        /// Bytes.
        length: u8,
    },
    /// `challenges N 100`
    Challenges {
        /// Name.
        name: String,
        /// How many.
        count: u16,
    },
    /// `read CERT/0018 N`
    Read {
        /// File.
        path: String,
        /// Name.
        name: String,
    },
    /// A routine of the suites.
    Named {
        /// Its name.
        name: String,
        /// Its arguments.
        arguments: Vec<String>,
    },
}

impl Call {
    /// Reads a call.
    ///
    /// # Errors
    /// Not of the form of a call; whether a routine of the suites exists is checked with [`Routines::has`].
    pub fn parse(text: &str) -> Result<Self, String> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let name = |word: &str| match is_name(word) {
            true => Ok(word.to_owned()),
            false => Err(format!("{word} is no name: capital letters, digits and _")),
        };
        Ok(match words[..] {
            ["reset"] => Self::Reset,
            ["interface", "contact"] => Self::Interface(InterfaceName::Contact),
            ["interface", "contactless"] => Self::Interface(InterfaceName::Contactless),
            ["select", path] => Self::Select(path.to_owned()),
            ["open", path] => Self::Open(path.to_owned()),
            ["afresh", path] => Self::Afresh(path.to_owned()),
            ["verify"] => Self::Verify,
            ["prove", key] => Self::Prove(KeyName::parse(key)?),
            ["read", path, word] => Self::Read {
                path: path.to_owned(),
                name: name(word)?,
            },
            ["challenge", word, length] => Self::Challenge {
                name: name(word)?,
                length: length
                    .parse()
                    .ok()
                    .filter(|length| [4, 8, 16].contains(length))
                    .ok_or("a challenge has 4, 8 or 16 bytes")?,
            },
            ["challenges", word, count] => Self::Challenges {
                name: name(word)?,
                count: count.parse().map_err(|_| format!("{count} is no number"))?,
            },
            [routine, ref arguments @ ..] if is_routine(routine) => Self::Named {
                name: routine.to_owned(),
                arguments: arguments.iter().map(|&argument| argument.to_owned()).collect(),
            },
            _ => return Err(format!("{} is no routine", text.trim())),
        })
    }

    /// What the call itself refers to in the profile. [`Routines::references`] adds what a routine of the suites does.
    pub(super) fn references(&self) -> Option<Reference> {
        match self {
            Self::Select(path) | Self::Open(path) | Self::Afresh(path) => Some(match path.contains('/') {
                true => Reference::Path(path.clone()),
                false => Reference::DedicatedFile(path.clone()),
            }),
            Self::Read { path, .. } => Some(Reference::Path(path.clone())),
            Self::Verify => Some(Reference::Pin),
            Self::Prove(key) if key.version > 1 => Some(Reference::Version(key.name.clone(), key.version)),
            Self::Prove(key) => Some(Reference::Key(key.name.clone())),
            _ => None,
        }
    }
}

/// Routines of the suites have a hyphen in their names, so that none can be mistaken for a built-in one.
fn is_routine(word: &str) -> bool {
    word.contains('-')
        && word
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}

/// The routines of the suites: name and transcript.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Routines(BTreeMap<String, String>);

/// Bytes of one READ BINARY.
const BLOCK: u8 = 0x80;
/// How deep routines may call each other.
const MAX_DEPTH: usize = 8;

impl Routines {
    /// Adds a routine.
    ///
    /// # Errors
    /// Its name has no hyphen or is taken.
    pub fn add(&mut self, name: &str, text: &str) -> Result<(), String> {
        if !is_routine(name) {
            return Err(format!("{name}: a routine's name is small letters with a hyphen"));
        }
        match self.0.insert(name.to_owned(), text.to_owned()) {
            None => Ok(()),
            Some(_) => Err(format!("{name} stands twice")),
        }
    }

    /// Whether a call finds its routine.
    pub fn has(&self, call: &Call) -> bool {
        match call {
            Call::Named { name, .. } => self.0.contains_key(name),
            _ => true,
        }
    }

    /// Names of all routines.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// The transcript of a call, arguments filled in.
    ///
    /// # Errors
    /// The routine does not exist or its text cannot be read.
    pub fn flow(&self, name: &str, arguments: &[String]) -> Result<Flow, ConformanceError> {
        let unknown = || ConformanceError::UnknownReference {
            name: format!("routine {name}"),
        };
        let mut text = self.0.get(name).ok_or_else(unknown)?.clone();
        for (number, argument) in (1..).zip(arguments) {
            text = text.replace(&format!("${number}"), argument);
        }
        Flow::parse(&text)
    }

    /// Everything a call refers to, routines within routines included.
    ///
    /// # Errors
    /// As [`Routines::flow`].
    pub fn references(&self, call: &Call) -> Result<Vec<Reference>, ConformanceError> {
        self.deep_references(call, 0)
    }

    fn deep_references(&self, call: &Call, depth: usize) -> Result<Vec<Reference>, ConformanceError> {
        let mut references: Vec<Reference> = call.references().into_iter().collect();
        if let (Call::Named { name, arguments }, 0..MAX_DEPTH) = (call, depth) {
            let flow = self.flow(name, arguments)?;
            references.extend(flow.references());
            for inner in flow.calls() {
                references.extend(self.deep_references(inner, depth + 1)?);
            }
        }
        Ok(references)
    }
}

impl Player<'_, '_> {
    /// Calls a routine and wants success.
    ///
    /// # Errors
    /// Channel or security module failed, a reference does not exist, or the card refuses ([`ConformanceError::Setup`]).
    pub fn call(&mut self, call: &Call) -> Result<(), ConformanceError> {
        match call {
            Call::Reset => self.terminal.reset(),
            Call::Interface(interface) => self.terminal.change_interface((*interface).into()),
            Call::Select(path) => self.select(path),
            Call::Open(path) => {
                let (df, _) = path.split_once('/').unwrap_or((path, ""));
                let index = self.index(df)?;
                let environment = self.profile().environment(index);
                if environment != index {
                    self.terminal.enter(environment)?;
                }
                self.terminal.enter(index)?;
                if df != path { self.select(path) } else { Ok(()) }
            }
            Call::Afresh(df) => {
                let index = self.index(df)?;
                self.terminal.enter_afresh(index)
            }
            Call::Verify => {
                let pin = self.pin()?;
                self.terminal.present(pin)
            }
            Call::Prove(key) => self
                .terminal
                .prove_version(&key.name, Some(key.version).filter(|v| *v > 1)),
            Call::Challenge { name, length } => {
                let challenge = self.terminal.challenge(*length)?;
                self.remember(name, challenge);
                Ok(())
            }
            Call::Challenges { name, count } => {
                let mut all = Vec::new();
                for _ in 0..*count {
                    all.append(&mut self.terminal.challenge(8)?);
                }
                self.remember(name, all);
                Ok(())
            }
            Call::Read { path, name } => {
                let contents = self.read(path)?;
                self.remember(name, contents);
                Ok(())
            }
            Call::Named { name, arguments } => self.routine(name, arguments),
        }
    }

    fn routine(&mut self, name: &str, arguments: &[String]) -> Result<(), ConformanceError> {
        if self.depth >= MAX_DEPTH {
            return Err(ConformanceError::UnknownReference {
                name: format!("routine {name} within itself"),
            });
        }
        let flow = self.routines.flow(name, arguments)?;
        self.depth += 1;
        let deviation = self.play(&flow);
        self.depth -= 1;
        match deviation? {
            None => Ok(()),
            Some(deviation) => Err(ConformanceError::Setup {
                step: format!("{name}, {}", deviation.source.lines().next().unwrap_or_default()),
                sw: self.terminal.last,
            }),
        }
    }

    fn select(&mut self, path: &str) -> Result<(), ConformanceError> {
        if !path.contains('/') {
            let index = self.index(path)?;
            return self.terminal.enter(index);
        }
        let fid = self.located(path)?.file.fid;
        let sw = self.terminal.select_file(fid)?;
        self.terminal.demand(sw, || format!("SELECT {path}"))
    }

    /// The whole of a transparent file, block by block.
    fn read(&mut self, path: &str) -> Result<Vec<u8>, ConformanceError> {
        self.select(path)?;
        // READ BINARY reaches no further than fifteen bits do.
        let size = u16::try_from(self.located(path)?.file.size()).unwrap_or(u16::MAX) & 0x7FFF;
        let mut contents = Vec::with_capacity(usize::from(size));
        for offset in (0..size).step_by(usize::from(BLOCK)) {
            let length = u8::try_from(size - offset).map_or(BLOCK, |left| left.min(BLOCK));
            let [high, low] = offset.to_be_bytes();
            let answer = self
                .terminal
                .send(&Command::new(0x00, 0xB0, high, low).with_le(length))?;
            self.terminal
                .demand(answer.sw, || format!("READ BINARY {offset} of {path}"))?;
            contents.extend(answer.data);
        }
        Ok(contents)
    }

    fn index(&self, df: &str) -> Result<usize, ConformanceError> {
        index(self.profile(), df)
    }
}

fn index(profile: &Profile, df: &str) -> Result<usize, ConformanceError> {
    profile
        .index_of(df)
        .ok_or_else(|| ConformanceError::UnknownReference { name: df.to_owned() })
}

//! What an answer may look like by the tables of the standard alone: the status words of each command (`coverage.toml`, which
//! the suites are held against too) and the length of its data. No state of the card is looked at; that is the oracle's matter.

use super::form::{form, is_unpublished, lengths, shape};
use crate::ConformanceError;
use crate::flow::StatusPattern;
use crate::suite::coverage::{Command as Listed, Table};
use card_model::status::StatusWord;

/// Classes that commands of this card have.
const CLASSES: [u8; 5] = [0x00, 0x04, 0x80, 0x84, 0xB0];
/// Words that come before a card looks at the command's own rules: form, blocked application, blocked card
/// (`spec/commands.md` §1.2, §1.4, §3.1).
const ALWAYS: [&str; 3] = ["6700", "9303", "6A81"];

/// The tables.
#[derive(Debug)]
pub struct Judge {
    commands: Vec<(Listed, Vec<StatusPattern>)>,
    /// Every status word of the standard, for commands that no public text describes.
    all: Vec<StatusPattern>,
}

/// What is wrong with an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A status word that the standard does not list for the command.
    StatusWord,
    /// Done, although the standard has no such command: other parameters or another length.
    Coding,
    /// Done, but with data of another length than the command asks for or the standard defines.
    Length,
    /// Data beside a refusal.
    DataWithRefusal,
    /// 61xx or 6Cxx after which the card does not give what it announced.
    Chain,
    /// No answer, or the card had to be reset to go on.
    Mute,
    /// Another answer to reset than before.
    Reset,
    /// Tries of the PIN were spent, although no wrong PIN was sent.
    Tries,
}

impl Kind {
    /// Name in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::StatusWord => "status_word",
            Self::Coding => "coding",
            Self::Length => "length",
            Self::DataWithRefusal => "data_with_refusal",
            Self::Chain => "chain",
            Self::Mute => "mute",
            Self::Reset => "reset",
            Self::Tries => "tries",
        }
    }
}

/// An answer that is not right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// What kind.
    pub kind: Kind,
    /// What the tables allow: status words or lengths.
    pub expected: String,
    /// What came.
    pub got: String,
}

impl Judge {
    /// Reads the tables.
    ///
    /// # Errors
    /// They are damaged.
    pub fn new() -> Result<Self, ConformanceError> {
        let mut commands = Vec::new();
        let mut all = Vec::new();
        for listed in Table::load()?.command {
            let patterns = patterns(listed.status.iter().map(String::as_str), &listed.name)?;
            all.extend(patterns.iter().cloned());
            commands.push((listed, patterns));
        }
        // Instructions that are not there, MAC missing (STD-P7 §7.4), signature not right: not listed with any command.
        all.extend(patterns(["6D00", "6987", "6300"].into_iter().chain(ALWAYS), "all")?);
        Ok(Self { commands, all })
    }

    /// Name and clause of a command; its class and instruction where the standard does not have it.
    pub fn name(&self, command: &[u8]) -> (String, String) {
        match self.listed(command)[..] {
            [(listed, _)] => (listed.name.clone(), listed.clause.clone()),
            [] => {
                let head = command.get(..2).unwrap_or_default();
                (hex::encode_upper(head), "STD-P5 5".to_owned())
            }
            ref several => {
                let names: Vec<&str> = several.iter().map(|(listed, _)| listed.name.as_str()).collect();
                (names.join(" / "), several[0].0.clause.clone())
            }
        }
    }

    /// Judges the last answer to a command, its data whole; `first` is the card's first status word, before 6Cxx or 61xx was
    /// followed.
    ///
    /// # Errors
    /// What is wrong.
    pub fn judge(&self, command: &[u8], first: StatusWord, sw: StatusWord, data: &[u8]) -> Result<(), Fault> {
        for word in [first, sw] {
            self.judge_word(command, word)?;
        }
        if sw != StatusWord::OK {
            return match data.len() {
                // GET RESPONSE gives a part and tells of the rest.
                _ if sw.more_data_length().is_some() => Ok(()),
                0 => Ok(()),
                length => Err(Fault {
                    kind: Kind::DataWithRefusal,
                    expected: sw.to_string(),
                    got: format!("{length} + {sw}"),
                }),
            };
        }
        if !form(command).is_coded() {
            return Err(Fault {
                kind: Kind::Coding,
                expected: "6700 6A81 6A86".to_owned(),
                got: sw.to_string(),
            });
        }
        match lengths(command, first) {
            Some(lengths) if !lengths.contains(data.len()) => Err(Fault {
                kind: Kind::Length,
                expected: lengths.to_string(),
                got: data.len().to_string(),
            }),
            _ => Ok(()),
        }
    }

    fn judge_word(&self, command: &[u8], sw: StatusWord) -> Result<(), Fault> {
        let allowed = self.words(command);
        if allowed.iter().any(|pattern| pattern.fits(sw, |_| None).is_some()) {
            return Ok(());
        }
        let mut expected: Vec<String> = allowed.iter().map(ToString::to_string).collect();
        expected.sort();
        expected.dedup();
        Err(Fault {
            kind: Kind::StatusWord,
            expected: expected.join(" "),
            got: sw.to_string(),
        })
    }

    /// The status words that a command may be answered with.
    fn words(&self, command: &[u8]) -> Vec<StatusPattern> {
        let more = |texts: &[&str]| patterns(texts.iter().copied(), "").unwrap_or_default();
        let Some(&class) = command.first() else {
            return self.all.clone();
        };
        if !CLASSES.contains(&class) {
            return more(&["6E00", "6700", "9303", "6A81"]);
        }
        if is_unpublished(command) {
            return self.all.clone();
        }
        let listed = self.listed(command);
        if listed.is_empty() {
            return more(&["6D00", "6E00", "6700", "9303", "6A81"]);
        }
        let mut words: Vec<StatusPattern> = listed.iter().flat_map(|(_, words)| words.iter().cloned()).collect();
        words.extend(more(&ALWAYS));
        if listed.len() > 1 {
            words.extend(more(&["6A86"]));
        }
        let (data, answers) = shape(command);
        if !data && answers {
            // Wrong Le (spec/commands.md §1.1).
            words.extend(more(&["6Cxx"]));
        }
        if answers {
            words.extend(more(&["61xx"]));
        }
        if class & 0x0F == 0x04 {
            words.extend(more(&["6987"]));
        }
        // 6E00 is for classes that are not the command's, 6A86 for wrong parameters, 6700 for a wrong length (STD-P5 table 5).
        let form = form(command);
        let unfounded = [
            ("6E00", true),
            ("6A86", form.parameters == Some(true)),
            ("6700", form.length == Some(true)),
        ];
        words.retain(|word| {
            let word = word.to_string();
            !unfounded.iter().any(|(unfounded, is)| *is && word == *unfounded)
        });
        words
    }

    /// Entries of the table for a command: the one that fits, else those that differ in P1 only.
    fn listed(&self, command: &[u8]) -> Vec<&(Listed, Vec<StatusPattern>)> {
        let head = hex::encode_upper(command.get(..4).unwrap_or(command));
        let found = |length: usize| -> Vec<&(Listed, Vec<StatusPattern>)> {
            let begins = |one: &String| head.starts_with(one.get(..length.min(one.len())).unwrap_or(one));
            let commands = self.commands.iter();
            commands.filter(|(listed, _)| listed.heads.iter().any(begins)).collect()
        };
        match found(8) {
            exact if exact.is_empty() => found(4),
            exact => exact,
        }
    }
}

fn patterns<'t>(texts: impl IntoIterator<Item = &'t str>, name: &str) -> Result<Vec<StatusPattern>, ConformanceError> {
    texts
        .into_iter()
        .map(|text| {
            StatusPattern::parse(text).map_err(|fault| ConformanceError::Suite {
                file: format!("coverage.toml, {name}"),
                fault,
            })
        })
        .collect()
}

//! What the rules say about electronic cards besides their transitions.

use super::Rules;
use serde::Deserialize;
use std::path::PathBuf;

/// States and passwords of electronic cards.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Electronic {
    pub states: Vec<super::Named>,
    pub password_digits: usize,
    pub password_tries: i64,
    pub password_rounds: u32,
}

/// A channel in which electronic cards are shown.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ElectronicChannel {
    /// Its number in codes.
    pub number: u16,
    /// Its name.
    pub name: String,
    pub(super) en: String,
    pub(super) zh: String,
}

/// By whom it is made sure that a person is who they say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RealNameBy {
    /// Whoever does the act has looked at person and document.
    Staff,
    /// The password of the electronic card.
    Password,
    /// A program.
    Program,
}

/// A method by which it is made sure that a person is who they say.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RealNameMethod {
    /// Its name.
    pub name: String,
    /// By whom.
    pub by: RealNameBy,
    /// Roles that may use it.
    pub who: Vec<String>,
    /// The program, where one is set up.
    #[serde(default)]
    pub program: Option<PathBuf>,
    /// How long the program may take.
    #[serde(default)]
    pub seconds: Option<u64>,
    pub(super) en: String,
    pub(super) zh: String,
}

/// The states that the database knows, in alphabetical order.
const STATES: [&str; 3] = ["active", "ended", "suspended"];
/// Fewer rounds than GM/T 0091 asks for at least are not taken.
const FEWEST_ROUNDS: u32 = 1024;
/// Longest time for a program, in seconds.
const LONGEST: u64 = 600;

impl Rules {
    /// All channels in which electronic cards may be shown.
    pub fn electronic_channels(&self) -> &[ElectronicChannel] {
        &self.electronic_channel
    }

    /// A channel of electronic cards by its name.
    pub fn electronic_channel(&self, name: &str) -> Option<&ElectronicChannel> {
        self.electronic_channel.iter().find(|channel| channel.name == name)
    }

    /// A channel of electronic cards by its number in codes.
    pub fn electronic_channel_numbered(&self, number: u16) -> Option<&ElectronicChannel> {
        self.electronic_channel.iter().find(|channel| channel.number == number)
    }

    /// A method of real-name checks by its name.
    pub fn real_name(&self, name: &str) -> Option<&RealNameMethod> {
        self.real_name.iter().find(|method| method.name == name)
    }

    /// Whether there is such a state of electronic cards.
    pub(super) fn has_electronic_state(&self, name: &str) -> bool {
        self.electronic.states.iter().any(|state| state.name == name)
    }
}

/// All that does not fit, in English as the rules themselves are.
pub(super) fn problems(rules: &Rules, problems: &mut Vec<String>) {
    let mut names: Vec<&str> = rules
        .electronic
        .states
        .iter()
        .map(|state| state.name.as_str())
        .collect();
    names.sort_unstable();
    if names != STATES {
        problems.push(format!("electronic states: they are {}", STATES.join(", ")));
    }
    let it = &rules.electronic;
    if !(4..=12).contains(&it.password_digits) || !(1..=20).contains(&it.password_tries) {
        problems.push("electronic: a password has 4 to 12 digits and 1 to 20 tries".to_owned());
    }
    if !(FEWEST_ROUNDS..=10_000_000).contains(&it.password_rounds) {
        problems.push(format!("electronic: password_rounds are {FEWEST_ROUNDS} to 10 million"));
    }
    let channels = &rules.electronic_channel;
    for (place, one) in channels.iter().enumerate() {
        if channels[place + 1..]
            .iter()
            .any(|other| other.name == one.name || other.number == one.number)
        {
            problems.push(format!(
                "electronic channel {}: stands twice, or its number does",
                one.name
            ));
        }
    }
    for (place, method) in rules.real_name.iter().enumerate() {
        let name = &method.name;
        for role in method.who.iter().filter(|role| !rules.has_role(role)) {
            problems.push(format!("real_name {name}: unknown role {role}"));
        }
        if rules.real_name[place + 1..].iter().any(|other| other.name == *name) {
            problems.push(format!("real_name {name}: stands twice"));
        }
        let program = method.by == RealNameBy::Program;
        if program != method.seconds.is_some_and(|seconds| (1..=LONGEST).contains(&seconds))
            || (method.program.is_some() && !program)
        {
            problems.push(format!(
                "real_name {name}: a program, and nothing else, has 1 to {LONGEST} seconds"
            ));
        }
    }
    // On any other state of the physical card the database would not hold it.
    for state in &rules.card.states {
        if (state.electronic == "usable") != (state.code == 1) || (state.electronic == "ended") != (state.code == 9) {
            problems.push(format!(
                "card state {}: an electronic card is usable with state 1 alone, and ended with state 9 alone",
                state.name
            ));
        }
    }
}

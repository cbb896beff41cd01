//! The rules as data: states, who may do what and when, what it does, fees, promises, holidays.
//!
//! [`Rules::builtin`] is `rules.toml` beside this file; a province hands in a changed copy. What a condition or an effect
//! *is*, the program knows; *when* it applies, only the rules say. Rules that name something unknown, or leave a state without
//! its words, are refused when they are read.

mod calendar;
mod check;
mod condition;
mod diagram;
mod electronic;
mod error;
mod table;

pub use calendar::Calendar;
pub use condition::{Condition, Effect};
pub use electronic::{ElectronicChannel, RealNameBy, RealNameMethod};
pub use error::RulesError;
pub use table::Line as TableLine;

use card_model::words::Lang;
use serde::Deserialize;
use std::path::Path;

/// The rules built in.
const BUILTIN: &str = include_str!("rules.toml");

/// The rules of a ledger.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    pub(super) application: Applications,
    pub(super) card: Cards,
    pub(super) electronic: electronic::Electronic,
    pub(super) electronic_channel: Vec<ElectronicChannel>,
    pub(super) real_name: Vec<RealNameMethod>,
    pub(super) kind: Vec<Kind>,
    pub(super) renewal: Renewal,
    pub(super) role: Vec<Named>,
    pub(super) channel: Vec<Channel>,
    pub(super) administration: Administration,
    pub(super) identity: Identity,
    pub(super) act: Vec<Named>,
    pub(super) transition: Vec<Transition>,
    pub(super) calendar: Calendar,
    #[serde(skip)]
    text: String,
}

/// States of applications.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Applications {
    pub states: Vec<ApplicationState>,
}

/// A state of an application.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApplicationState {
    /// Its name in tables and JSON.
    pub name: String,
    /// Whether the person may not apply again meanwhile.
    pub open: bool,
    /// What another outlet may do about it: `withdraw`, `make_again`, `wait`.
    pub elsewhere: Vec<String>,
    en: String,
    zh: String,
}

/// States of cards, and what is the same for all of them.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Cards {
    pub states: Vec<CardState>,
    pub reissue_reasons: Vec<String>,
    pub initial_pin: String,
    pub oral_loss_days: i32,
}

/// A state of a card.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CardState {
    /// Code of `spec/commands.md` §4.4.
    pub code: i64,
    /// Its name in JSON.
    pub name: String,
    /// What the electronic card does in this state: `usable`, `refused` or `ended`.
    pub electronic: String,
    en: String,
    zh: String,
}

/// What is applied for.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kind {
    /// Its name.
    pub name: String,
    /// What it costs, in fen.
    pub fee_fen: i64,
    /// Working days until the card is there.
    pub promise_days: u16,
    en: String,
    zh: String,
}

/// When a card may be renewed.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Renewal {
    pub months_before: i32,
}

/// Something with a name and words.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Named {
    /// Its name.
    pub name: String,
    en: String,
    zh: String,
}

/// A way in which applications come in.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Channel {
    /// Its name.
    pub name: String,
    /// Roles that may bring applications this way.
    pub who: Vec<String>,
    en: String,
    zh: String,
}

/// Who may do what is no matter of cards.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Administration {
    pub enter: Vec<String>,
    pub audit: Vec<String>,
    pub inquire: Vec<String>,
}

/// How people are identified.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Identity {
    pub guardian_below: i16,
    pub documents: Vec<Document>,
}

/// A kind of document.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Document {
    /// Its name.
    pub name: String,
    /// Whether its number is the social security number.
    pub citizen: bool,
    en: String,
    zh: String,
}

/// What a transition is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Object {
    /// An application.
    Application,
    /// A card.
    Card,
    /// An electronic card.
    Ecard,
}

/// One line of the table of transitions.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Transition {
    /// What is done.
    pub act: String,
    /// For which kind of application, where it matters.
    #[serde(default)]
    pub kind: Option<String>,
    /// On what.
    pub on: Object,
    /// In which states; none: there is nothing yet.
    pub from: Vec<String>,
    /// The state afterwards; empty: as it was.
    pub to: String,
    /// Roles.
    pub who: Vec<String>,
    /// What must hold, in the order in which it is asked.
    pub when: Vec<Condition>,
    /// What is done besides.
    pub does: Vec<Effect>,
    /// Of an electronic card: it happens with the physical card, when that comes into a state whose `electronic` is this word.
    #[serde(default)]
    pub follows: Option<String>,
}

impl Rules {
    /// The rules built in.
    ///
    /// # Errors
    /// Never in practice; they go through the same checks as a file.
    pub fn builtin() -> Result<Self, RulesError> {
        Self::parse(BUILTIN, "rules.toml")
    }

    /// Reads rules from a file.
    ///
    /// # Errors
    /// The file cannot be read, is no TOML, or does not fit together; all that does not is told.
    pub fn load(path: &Path) -> Result<Self, RulesError> {
        let file = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|source| RulesError::Unreadable {
            file: file.clone(),
            source,
        })?;
        Self::parse(&text, &file)
    }

    /// The text they were read from.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Reads rules from text; `file` stands for it in messages.
    ///
    /// # Errors
    /// As [`Rules::load`].
    pub fn parse(text: &str, file: &str) -> Result<Self, RulesError> {
        let mut rules: Self = toml::from_str(text).map_err(|error| RulesError::Syntax {
            file: file.to_owned(),
            line: 1 + text
                .bytes()
                .take(error.span().map_or(0, |span| span.start))
                .filter(|b| *b == b'\n')
                .count(),
            message: error.message().to_owned(),
        })?;
        let problems = check::problems(&rules);
        if problems.is_empty() {
            text.clone_into(&mut rules.text);
            Ok(rules)
        } else {
            Err(RulesError::Refused {
                file: file.to_owned(),
                problems,
            })
        }
    }

    /// The text of the rules built in, as a start for a province's own.
    pub const fn builtin_text() -> &'static str {
        BUILTIN
    }

    /// All transitions.
    pub fn transitions(&self) -> &[Transition] {
        &self.transition
    }

    /// All acts.
    pub fn acts(&self) -> &[Named] {
        &self.act
    }

    /// A state of applications by its name.
    pub fn application_state(&self, name: &str) -> Option<&ApplicationState> {
        self.application.states.iter().find(|state| state.name == name)
    }

    /// A state of cards by its code.
    pub fn card_state(&self, code: i64) -> Option<&CardState> {
        self.card.states.iter().find(|state| state.code == code)
    }

    /// A state of cards by its name.
    pub fn card_state_named(&self, name: &str) -> Option<&CardState> {
        self.card.states.iter().find(|state| state.name == name)
    }

    /// A kind of application by its name.
    pub fn kind(&self, name: &str) -> Option<&Kind> {
        self.kind.iter().find(|kind| kind.name == name)
    }

    /// A channel by its name.
    pub fn channel(&self, name: &str) -> Option<&Channel> {
        self.channel.iter().find(|channel| channel.name == name)
    }

    /// A kind of document by its name.
    pub fn document(&self, name: &str) -> Option<&Document> {
        self.identity.documents.iter().find(|document| document.name == name)
    }

    /// Whether there is such a role.
    pub fn has_role(&self, name: &str) -> bool {
        self.role.iter().any(|role| role.name == name)
    }

    /// Whether a role may enter outlets and staff.
    pub fn may_enter(&self, role: &str) -> bool {
        self.administration.enter.iter().any(|may| may == role)
    }

    /// The PIN of a card that was never used.
    pub fn initial_pin(&self) -> &str {
        &self.card.initial_pin
    }

    /// Free days and working days.
    pub fn calendar(&self) -> &Calendar {
        &self.calendar
    }

    /// The words of an act; the name itself where there are none.
    pub fn act_words(&self, name: &str, lang: Lang) -> String {
        let found = self.act.iter().find(|it| it.name == name);
        found.map_or_else(|| name.to_owned(), |it| lang.pick(&it.zh, &it.en).to_owned())
    }

    /// The words of a state, role, kind, channel or document; the name itself where there are none.
    pub fn words(&self, name: &str, lang: Lang) -> String {
        let state = self.application_state(name).map(|it| (&it.en, &it.zh));
        let found = state
            .or_else(|| self.card_state_named(name).map(|it| (&it.en, &it.zh)))
            .or_else(|| self.role.iter().find(|it| it.name == name).map(|it| (&it.en, &it.zh)))
            .or_else(|| self.kind(name).map(|it| (&it.en, &it.zh)))
            .or_else(|| self.channel(name).map(|it| (&it.en, &it.zh)))
            .or_else(|| self.electronic_channel(name).map(|it| (&it.en, &it.zh)))
            .or_else(|| self.real_name(name).map(|it| (&it.en, &it.zh)))
            .or_else(|| {
                let state = self.electronic.states.iter().find(|it| it.name == name);
                state.map(|it| (&it.en, &it.zh))
            })
            .or_else(|| self.document(name).map(|it| (&it.en, &it.zh)));
        found.map_or_else(|| name.to_owned(), |(en, zh)| lang.pick(zh, en).to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn refused(text: &str) -> String {
        let Err(RulesError::Refused { problems, .. }) = Rules::parse(text, "x") else {
            panic!("taken: {text}")
        };
        problems.join("\n")
    }

    #[test]
    fn rules_that_do_not_fit_together_are_refused() {
        let changed = |from: &str, to: &str| {
            assert!(BUILTIN.contains(from), "{from}");
            BUILTIN.replacen(from, to, 1)
        };
        // One person, one card is not to be had without asking.
        let without = changed(
            "when = [\"alive\", \"represented\", \"no_open_application\", \"no_card\"]",
            "when = []",
        );
        assert!(refused(&without).contains("one person, one card"));
        assert!(refused(&changed("from = [\"making\"]", "from = [\"baking\"]")).contains("baking"));
        assert!(refused(&changed("code = 9,", "code = 8,")).contains('8'));
        assert!(
            refused(&changed(
                "name = \"failed\", open = true",
                "name = \"failed\", open = false"
            ))
            .contains("failed")
        );
        assert!(refused(&changed("enter = [\"manager\"]", "enter = [\"boss\"]")).contains("boss"));
        assert!(refused(&changed("fee_fen = 2000", "fee_fen = -1")).contains("fee"));
        assert!(refused(&changed("years = [2026]", "years = [2025]")).contains("2026-01-01"));
        for (from, to, what) in [
            (
                "electronic = \"refused\", en = \"lost\"",
                "electronic = \"usable\", en = \"lost\"",
                "state 1 alone",
            ),
            ("password_rounds = 10000", "password_rounds = 10", "password_rounds"),
            (
                "number = 2\nname = \"app_province\"",
                "number = 1\nname = \"app_province\"",
                "app_national",
            ),
            (
                "who = []\nfollows = \"refused\"",
                "who = [\"clerk\"]\nfollows = \"refused\"",
                "nobody's act",
            ),
            ("who = []\nfollows = \"refused\"", "who = []", "nobody may"),
            ("by = \"staff\"\n", "by = \"program\"\n", "seconds"),
            ("\"card_usable\", ", "", "card_usable"),
        ] {
            let problems = refused(&changed(from, to));
            assert!(problems.contains(what), "{problems}");
        }
        let error = Rules::parse(&changed("\"paid\"", "\"bribed\""), "x").unwrap_err();
        assert!(
            matches!(error, RulesError::Syntax { line, .. } if line > 200),
            "{error:?}"
        );
    }

    #[test]
    fn the_diagram_shows_every_state_and_act() {
        let rules = Rules::builtin().unwrap();
        for lang in [Lang::En, Lang::Zh] {
            let svg = rules.diagram(lang);
            assert!(svg.starts_with("<svg ") && svg.trim_end().ends_with("</svg>"));
            for act in rules.acts() {
                assert!(svg.contains(&rules.act_words(&act.name, lang)), "{}", act.name);
            }
            assert!(svg.contains("9 "));
        }
    }

    proptest! {
        #[test]
        fn any_line_changed(line in 0..BUILTIN.lines().count(), text in "\\PC{0,40}") {
            let lines: Vec<&str> = BUILTIN.lines().enumerate().map(|(n, old)| if n == line { text.as_str() } else { old }).collect();
            let _ = Rules::parse(&lines.join("\n"), "x");
        }
    }
}

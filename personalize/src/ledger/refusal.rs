//! Why the rules do not allow something, with what may be done instead.

use super::rules::{Condition, Rules};
use crate::words::message;
use card_model::words::{Explain, Explanation, Lang};

/// A refusal by the rules. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.explain(Lang::En).what)]
#[non_exhaustive]
pub enum Refusal {
    /// The act does not fit the state.
    State {
        /// The act, in English and Chinese.
        act: [String; 2],
        /// The state it is in.
        state: [String; 2],
        /// The states in which it would.
        fitting: [String; 2],
    },
    /// The role may not.
    Role {
        /// The act.
        act: [String; 2],
        /// The role.
        role: [String; 2],
        /// Roles that may.
        who: [String; 2],
    },
    /// A condition does not hold.
    Condition(Condition),
    /// The person has a card of this region.
    HasCard {
        /// Its number.
        card: String,
        /// Its state.
        state: [String; 2],
    },
    /// The person has a card of another region, which has to be merged first.
    CardElsewhere {
        /// Its number.
        card: String,
        /// Its region.
        region: String,
        /// Its state.
        state: [String; 2],
    },
    /// The person has an open application.
    Open {
        /// Its number.
        application: String,
        /// Outlet.
        outlet: String,
        /// Its state.
        state: [String; 2],
        /// What may be done: `withdraw`, `make_again`, `wait`.
        choices: Vec<String>,
    },
    /// A chip, an account number or a document belongs to another card or person.
    Taken {
        /// What: `card_id`, `historical`, `bank_number`, `card_number`, `document_number`.
        what: &'static str,
        /// The card or person it belongs to; numbers of people masked.
        by: String,
    },
    /// The electronic card cannot be used, or had, as the physical card is in this state, or as it has ended.
    Electronic {
        /// State of the electronic card, where there is one.
        state: Option<[String; 2]>,
        /// Code of the state of the physical card.
        card_state: Option<i64>,
        /// The same in words.
        card: [String; 2],
    },
    /// The person has an electronic card.
    HasElectronic {
        /// Its number.
        ecard: String,
        /// Its state.
        state: [String; 2],
    },
    /// The person, or the card, has no electronic card.
    NoElectronic,
    /// The password is wrong; that has cost a try.
    PasswordWrong {
        /// Tries that are left.
        tries_left: i64,
    },
    /// There were too many wrong passwords.
    PasswordLocked,
    /// The code has moved money before.
    Spent {
        /// When.
        at: String,
        /// At which outlet.
        outlet: String,
    },
    /// The same request number was used for something else.
    Request {
        /// The act it was used for.
        act: String,
        /// On what.
        subject: String,
    },
}

impl Refusal {
    /// Name in JSON.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::State { .. } => "state",
            Self::Role { .. } => "role",
            Self::Condition(condition) => condition.name(),
            Self::HasCard { .. } => "has_card",
            Self::CardElsewhere { .. } => "card_elsewhere",
            Self::Open { .. } => "open_application",
            Self::Taken { .. } => "taken",
            Self::Electronic { card_state, .. } => match card_state {
                Some(0) => "card_sealed",
                Some(2) => "card_lost",
                Some(3) => "card_locked",
                Some(4) => "card_lost_temporarily",
                Some(9) => "card_cancelled",
                _ => "electronic_ended",
            },
            Self::HasElectronic { .. } => "has_electronic",
            Self::NoElectronic => "no_electronic",
            Self::PasswordWrong { .. } => "password_wrong",
            Self::PasswordLocked => "password_locked",
            Self::Spent { .. } => "code_spent",
            Self::Request { .. } => "request",
        }
    }
}

/// The words of a name of the rules in both languages.
pub(super) fn both(rules: &Rules, name: &str) -> [String; 2] {
    [rules.words(name, Lang::En), rules.words(name, Lang::Zh)]
}

/// The words of an act in both languages.
pub(super) fn both_act(rules: &Rules, name: &str) -> [String; 2] {
    [rules.act_words(name, Lang::En), rules.act_words(name, Lang::Zh)]
}

/// The words of several names in both languages.
pub(super) fn both_all<'n>(rules: &Rules, names: impl Iterator<Item = &'n str> + Clone) -> [String; 2] {
    let join = |lang: Lang| {
        names
            .clone()
            .map(|name| rules.words(name, lang))
            .collect::<Vec<_>>()
            .join(lang.pick("、", ", "))
    };
    [join(Lang::En), join(Lang::Zh)]
}

impl Explain for Refusal {
    fn explain(&self, lang: Lang) -> Explanation {
        let pick = |words: &[String; 2]| words[usize::from(lang == Lang::Zh)].clone();
        let say = |key: &str, values: &[(&str, &str)]| Explanation {
            what: message(lang, &format!("ledger.refusal.{key}"), values),
            why: None,
            next: Some(message(lang, &format!("ledger.refusal.{key}_next"), values)),
        };
        match self {
            Self::State { act, state, fitting } => say(
                "state",
                &[
                    ("act", &pick(act)),
                    ("state", &pick(state)),
                    ("fitting", &pick(fitting)),
                ],
            ),
            Self::Role { act, role, who } => say(
                "role",
                &[("act", &pick(act)), ("role", &pick(role)), ("who", &pick(who))],
            ),
            Self::Condition(condition) => Explanation {
                what: message(
                    lang,
                    "ledger.refusal.condition",
                    &[("condition", &condition.words(lang))],
                ),
                why: None,
                next: Some(message(
                    lang,
                    &format!("ledger.condition_next.{}", condition.name()),
                    &[],
                )),
            },
            Self::HasCard { card, state } => say("has_card", &[("card", card), ("state", &pick(state))]),
            Self::CardElsewhere { card, region, state } => say(
                "card_elsewhere",
                &[("card", card), ("region", region), ("state", &pick(state))],
            ),
            Self::Open {
                application,
                outlet,
                state,
                choices,
            } => {
                let choice =
                    |name: &String| message(lang, &format!("ledger.choice.{name}"), &[("application", application)]);
                let choices = choices
                    .iter()
                    .map(choice)
                    .collect::<Vec<_>>()
                    .join(lang.pick("；", "; "));
                let values = [
                    ("application", application.as_str()),
                    ("outlet", outlet),
                    ("state", &pick(state)),
                ];
                Explanation {
                    next: Some(choices).filter(|choices| !choices.is_empty()),
                    ..say("open", &values)
                }
            }
            Self::Taken { what, by } => {
                let what = message(lang, &format!("ledger.thing.{what}"), &[]);
                say("taken", &[("what", &what), ("by", by)])
            }
            Self::Electronic { card_state, card, .. } => match card_state {
                Some(1) | None => say("electronic_ended", &[]),
                _ => say("electronic", &[("card", &pick(card))]),
            },
            Self::HasElectronic { ecard, state } => say("has_electronic", &[("ecard", ecard), ("state", &pick(state))]),
            Self::NoElectronic => say("no_electronic", &[]),
            Self::PasswordWrong { tries_left } => say("password_wrong", &[("tries", &tries_left.to_string())]),
            Self::PasswordLocked => say("password_locked", &[]),
            Self::Spent { at, outlet } => say("code_spent", &[("at", at), ("outlet", outlet)]),
            Self::Request { act, subject } => say("request", &[("act", act), ("subject", subject)]),
        }
    }
}

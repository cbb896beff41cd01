//! The transitions as a table.

use super::condition::{Area, Condition, Effect};
use super::{Object, Rules, Transition};
use crate::words::message;
use card_model::words::Lang;
use serde::Serialize;

/// One transition from one set of states, in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    /// What it is about: `application`, `card` or `ecard`.
    pub on: &'static str,
    /// Name of the act, as `ssc order` takes it.
    pub act: String,
    /// The act in words; with the kind of application where it matters.
    pub title: String,
    /// States before, in words.
    pub from: Vec<String>,
    /// State afterwards, in words; none: as it was.
    pub to: Option<String>,
    /// Who may.
    pub who: Vec<String>,
    /// What must hold.
    pub when: Vec<String>,
    /// What happens to the chip.
    pub chip: Vec<String>,
    /// What happens to the accounts.
    pub accounts: Vec<String>,
    /// What else is done.
    pub papers: Vec<String>,
    /// What the electronic card does afterwards; none: as it was.
    pub electronic: Option<String>,
}

impl Rules {
    /// The whole table, in the order of the rules.
    pub fn table(&self, lang: Lang) -> Vec<Line> {
        self.transition
            .iter()
            .map(|transition| self.line(transition, lang))
            .collect()
    }

    fn line(&self, transition: &Transition, lang: Lang) -> Line {
        let all = |names: &[String]| names.iter().map(|name| self.words(name, lang)).collect::<Vec<_>>();
        let effects = |area: Area| {
            let mine = transition.does.iter().filter(|effect| effect.area() == area);
            mine.map(|effect: &Effect| effect.words(lang)).collect::<Vec<_>>()
        };
        let mut title = self.act_words(&transition.act, lang);
        if let Some(kind) = &transition.kind {
            title = format!("{title}{}{}", lang.pick("：", ": "), self.words(kind, lang));
        }
        let to = Some(&transition.to).filter(|to| !to.is_empty());
        let electronic = to
            .filter(|_| transition.on == Object::Card)
            .and_then(|to| self.card_state_named(to));
        let who = match transition.follows {
            None => all(&transition.who),
            Some(_) => vec![message(lang, "ledger.follows", &[])],
        };
        let ends = transition.does.contains(&Effect::EndElectronic);
        let word = electronic.map(|state| if ends { "ended" } else { &state.electronic });
        Line {
            on: transition.on.name(),
            act: transition.act.clone(),
            title,
            from: all(&transition.from),
            to: to.map(|to| self.words(to, lang)),
            who,
            when: transition
                .when
                .iter()
                .map(|condition: &Condition| condition.words(lang))
                .collect(),
            chip: effects(Area::Chip),
            accounts: effects(Area::Accounts),
            papers: effects(Area::Papers),
            electronic: word.map(|word| message(lang, &format!("ledger.electronic.{word}"), &[])),
        }
    }
}

impl Object {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Application => "application",
            Self::Card => "card",
            Self::Ecard => "ecard",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_has_its_words_in_both_languages() {
        let rules = Rules::builtin().unwrap();
        for lang in [Lang::En, Lang::Zh] {
            for line in rules.table(lang) {
                let text = format!("{line:?}");
                assert!(!text.contains("ledger."), "{text}");
                assert!(!line.who.is_empty(), "nobody may {}", line.act);
            }
        }
        for condition in Condition::ALL {
            assert!(!condition.words(Lang::En).contains("ledger."), "{condition:?}");
        }
        for effect in Effect::ALL {
            assert!(!effect.words(Lang::Zh).contains("ledger."), "{effect:?}");
        }
    }
}

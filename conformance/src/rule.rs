//! The access table's rules, evaluated a second time: independent of [`Access::holds`] and of the card's own conditions.

use card_model::profile::Access;
use std::collections::BTreeSet;

/// What a terminal has proved to the card.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct States {
    /// The PIN of the environment was verified.
    pub pin: bool,
    /// Names of the keys authenticated in the current dedicated file.
    pub keys: BTreeSet<String>,
}

impl States {
    /// Nothing proved.
    pub fn none() -> Self {
        Self::default()
    }

    /// With these keys.
    pub fn with(pin: bool, keys: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self {
            pin,
            keys: keys.into_iter().map(Into::into).collect(),
        }
    }

    /// What remains after another dedicated file was selected: the PIN, no key (STD-P7 §5.8, §6.6).
    #[must_use]
    pub fn after_leaving(&self) -> Self {
        Self {
            pin: self.pin,
            keys: BTreeSet::new(),
        }
    }

    /// Whether a rule of the profile is satisfied: some alternative has nothing left that is not proved.
    pub fn satisfy(&self, rule: &Access) -> bool {
        let unproved = |term: &card_model::profile::Term| {
            let keys = term.keys.iter().filter(|key| !self.keys.contains(*key)).count();
            keys + usize::from(term.pin && !self.pin)
        };
        rule.terms.iter().map(unproved).min() == Some(0)
    }
}

impl std::fmt::Display for States {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let pin = self.pin.then_some("PIN");
        let all: Vec<&str> = pin.into_iter().chain(self.keys.iter().map(String::as_str)).collect();
        f.write_str(if all.is_empty() { "nothing" } else { "" })?;
        f.write_str(&all.join(" + "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use card_model::profile::Term;
    use proptest::prelude::*;

    proptest! {
        /// Two evaluators written apart say the same of every rule in every state.
        #[test]
        fn agrees_with_the_profiles_own_evaluation(
            terms in prop::collection::vec((any::<bool>(), prop::collection::vec("[A-D]", 0..4)), 0..4),
            pin: bool, keys in prop::collection::btree_set("[A-D]", 0..4),
        ) {
            let rule = Access { terms: terms.into_iter().map(|(pin, keys)| Term { pin, keys }).collect() };
            let states = States { pin, keys: keys.clone() };
            prop_assert_eq!(states.satisfy(&rule), rule.holds(pin, |key| keys.contains(key)));
        }
    }

    #[test]
    fn in_words() {
        assert_eq!(States::none().to_string(), "nothing");
        assert_eq!(States::with(true, ["RK1DF04"]).to_string(), "PIN + RK1DF04");
    }
}

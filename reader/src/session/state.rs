//! What the card has granted in this session, and how a condition can be met (`spec/commands.md` §3.1).

use super::Prefer;
use card_model::profile::{Access, Term};

/// Selection and authentication as the card remembers them.
#[derive(Debug, Clone, Default)]
pub(super) struct SecurityState {
    /// Current dedicated file, as index in the profile.
    pub df: Option<usize>,
    /// Current elementary file.
    pub file: Option<u16>,
    /// PIN verified, or the card has none. Kept until reset.
    pub pin: bool,
    /// The person did not want to give the PIN; it is not asked again.
    pub pin_declined: bool,
    /// Keys used in this dedicated file. Lost when another one is selected.
    pub keys: Vec<String>,
    /// Keys the card refused; never tried again in this session.
    pub refused: Vec<String>,
}

impl SecurityState {
    /// Another dedicated file, or the same again, was selected.
    pub fn selected(&mut self, df: usize) {
        if self.df != Some(df) {
            self.keys.clear();
        }
        self.df = Some(df);
        self.file = None;
    }

    /// Whether a key was used here.
    pub fn has_key(&self, name: &str) -> bool {
        self.keys.iter().any(|key| key == name)
    }

    /// Parts of a term that are not met yet.
    pub fn missing<'t>(&self, term: &'t Term) -> Missing<'t> {
        let keys = term
            .keys
            .iter()
            .map(String::as_str)
            .filter(|name| !self.has_key(name))
            .collect();
        Missing {
            pin: term.pin && !self.pin,
            keys,
        }
    }
}

/// What is still to be done for a term.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Missing<'t> {
    /// Verify the PIN.
    pub pin: bool,
    /// Authenticate with these keys.
    pub keys: Vec<&'t str>,
}

impl Missing<'_> {
    pub fn is_empty(&self) -> bool {
        !self.pin && self.keys.is_empty()
    }

    /// The parts by name, PIN first as conditions are written.
    pub fn names(&self) -> Vec<String> {
        let pin = self.pin.then_some(crate::rule::PIN);
        pin.into_iter()
            .chain(self.keys.iter().copied())
            .map(str::to_owned)
            .collect()
    }
}

/// The cheapest way to meet a condition: what is already met, then keys alone, then the PIN – or the PIN before keys, as
/// preferred. `None` if no term can be met with what is there.
pub(super) fn cheapest<'t>(
    access: &'t Access,
    state: &SecurityState,
    prefer: Prefer,
    pin_there: bool,
    mut key_there: impl FnMut(&str) -> bool,
) -> Option<Missing<'t>> {
    let cost = |missing: &Missing<'_>| match (missing.is_empty(), prefer) {
        (true, _) => 0,
        (false, Prefer::Key) => 1 + missing.keys.len() + if missing.pin { 100 } else { 0 },
        (false, Prefer::Pin) => 1 + usize::from(missing.pin) + 100 * missing.keys.len(),
    };
    let possible = |missing: &Missing<'_>, key_there: &mut dyn FnMut(&str) -> bool| {
        (!missing.pin || pin_there) && missing.keys.iter().all(|key| key_there(key))
    };
    let ways = access.terms.iter().map(|term| state.missing(term));
    ways.filter(|missing| possible(missing, &mut key_there))
        .min_by_key(cost)
}

/// What of each term is neither met nor at hand, shortest first.
pub(super) fn lacking(
    access: &Access,
    state: &SecurityState,
    pin_there: bool,
    mut key_there: impl FnMut(&str) -> bool,
) -> Vec<Vec<String>> {
    let way = |term: &Term| {
        let mut missing = state.missing(term);
        missing.pin &= !pin_there;
        missing.keys.retain(|key| !key_there(key));
        missing.names()
    };
    let mut ways: Vec<Vec<String>> = access.terms.iter().map(way).collect();
    ways.sort_by_key(Vec::len);
    ways
}

#[cfg(test)]
mod tests {
    use super::*;

    fn term(pin: bool, keys: &[&str]) -> Term {
        Term {
            pin,
            keys: keys.iter().map(|key| (*key).to_owned()).collect(),
        }
    }

    fn either() -> Access {
        Access {
            terms: vec![term(true, &[]), term(false, &["RK1DF01"])],
        }
    }

    #[test]
    fn the_cheaper_way_is_taken() {
        let (state, access) = (SecurityState::default(), either());
        let way = |prefer, pin, key| cheapest(&access, &state, prefer, pin, |_| key).map(|missing| missing.names());
        assert_eq!(way(Prefer::Key, true, true), Some(vec!["RK1DF01".to_owned()]));
        assert_eq!(way(Prefer::Pin, true, true), Some(vec!["PIN".to_owned()]));
        assert_eq!(way(Prefer::Key, true, false), Some(vec!["PIN".to_owned()]));
        assert_eq!(way(Prefer::Key, false, false), None);
        let both = Access {
            terms: vec![term(true, &["RK1DF04"])],
        };
        assert_eq!(lacking(&both, &state, false, |_| false), [["PIN", "RK1DF04"]]);
        assert_eq!(lacking(&both, &state, false, |_| true), [["PIN"]]);
        assert_eq!(lacking(&either(), &state, false, |_| false), [["PIN"], ["RK1DF01"]]);
        assert!(cheapest(&Access::never(), &state, Prefer::Key, true, |_| true).is_none());
    }

    #[test]
    fn what_is_met_costs_nothing() {
        let mut state = SecurityState {
            pin: true,
            ..SecurityState::default()
        };
        state.selected(3);
        state.keys.push("UK1DF01".to_owned());
        let access = either();
        let way = cheapest(&access, &state, Prefer::Key, true, |_| true).expect("met");
        assert!(way.is_empty());
        state.selected(3);
        assert!(
            state.has_key("UK1DF01"),
            "selecting the same file again keeps the state"
        );
        state.selected(4);
        assert!(
            !state.has_key("UK1DF01") && state.pin,
            "another file drops keys, not the PIN"
        );
    }
}

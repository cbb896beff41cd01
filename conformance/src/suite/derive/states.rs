//! What is proved before a command: the states that tell whether a rule is kept.

use crate::rule::States;
use card_model::profile::{Access, DedicatedFile};
use std::collections::BTreeSet;

/// The states for a rule: first nothing, then each alternative just satisfied, then what nearly satisfies it, everything
/// that does not, and everything. Each once.
pub(super) fn states(df: &DedicatedFile, rule: &Access, has_pin: bool) -> Vec<States> {
    let keys: BTreeSet<&str> = df
        .files
        .iter()
        .flat_map(|file| [file.read.keys(), file.update.keys()])
        .flatten()
        .collect();
    let mut states = vec![States::none()];
    for term in &rule.terms {
        states.push(States::with(term.pin && has_pin, term.keys.iter().cloned()));
    }
    for term in &rule.terms {
        if term.pin && !term.keys.is_empty() {
            states.push(States::with(false, term.keys.iter().cloned()));
        }
        for left_out in &term.keys {
            let rest = term.keys.iter().filter(|key| *key != left_out).cloned();
            states.push(States::with(term.pin && has_pin, rest));
        }
    }
    let named = rule.keys();
    let others: Vec<&str> = keys.iter().copied().filter(|key| !named.contains(key)).collect();
    let pin_alone = rule.terms.iter().any(|term| term.pin && term.keys.is_empty());
    states.push(States::with(has_pin && !pin_alone, others));
    states.push(States::with(has_pin, keys));
    let mut once: Vec<States> = Vec::new();
    for state in states {
        if !once.contains(&state) {
            once.push(state);
        }
    }
    once
}

/// Name in identifiers.
pub(super) fn name(states: &States) -> String {
    let pin = states.pin.then_some("PIN");
    let parts: Vec<&str> = pin.into_iter().chain(states.keys.iter().map(String::as_str)).collect();
    match parts.len() {
        0 => "none".to_owned(),
        1..=3 => parts.join("+"),
        more => format!("{}+{}more", parts[..2].join("+"), more - 2),
    }
}

/// The routines that prove this in the current dedicated file.
pub(super) fn routines(states: &States) -> Vec<String> {
    let pin = states.pin.then(|| "verify".to_owned());
    pin.into_iter()
        .chain(states.keys.iter().map(|key| format!("prove {key}")))
        .collect()
}

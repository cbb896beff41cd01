//! Satisfying the conditions of files: keys on demand, each once, and the PIN with care.

use super::{PinUse, Writer};
use crate::card_os::Bench;
use crate::error::IssueError;
use crate::structure::external_authentication;
use crate::terminal::built;
use card_model::profile::{Access, DedicatedFile, KeyDefinition, Profile, Term};
use card_model::status::StatusWord;
use reader::commands;
use reader::link::exchange;
use reader::security::KeyReference;

/// Why a file cannot be opened.
pub(super) enum Closed {
    Card(StatusWord),
    NoKey(String),
}

impl Writer<'_, '_, '_> {
    /// Satisfies a condition: an alternative that needs no PIN goes before one that does.
    pub(super) fn open(&mut self, df: &DedicatedFile, access: &Access) -> Result<Result<(), Closed>, IssueError> {
        if access.is_free() {
            return Ok(Ok(()));
        }
        let mut closed = Closed::Card(StatusWord::SECURITY_NOT_SATISFIED);
        for with_pin in [false, true] {
            for term in access.terms.iter().filter(|term| term.pin == with_pin) {
                match self.satisfy(df, term)? {
                    Ok(()) => return Ok(Ok(())),
                    Err(why) => closed = why,
                }
            }
        }
        Ok(Err(closed))
    }

    fn satisfy(&mut self, df: &DedicatedFile, term: &Term) -> Result<Result<(), Closed>, IssueError> {
        for name in &term.keys {
            let Some(definition) = find_key(self.bench.profile, df, name) else {
                return Err(IssueError::Profile { path: name.clone() });
            };
            let key = KeyReference { definition, version: 1 };
            if !self.bench.loader.holds(key, self.bench.card) {
                return Ok(Err(Closed::NoKey(name.clone())));
            }
            let sw = self.authenticate(key)?;
            if !sw.is_ok() {
                return Ok(Err(Closed::Card(sw)));
            }
        }
        if term.pin {
            let sw = self.present_pin()?;
            if !sw.is_ok() {
                return Ok(Err(Closed::Card(sw)));
            }
        }
        Ok(Ok(()))
    }

    /// One external authentication per key and dedicated file: a key that failed is not tried again.
    fn authenticate(&mut self, key: KeyReference<'_>) -> Result<StatusWord, IssueError> {
        let id = key.definition.id;
        if let Some((_, sw)) = self.keys.iter().find(|(known, _)| *known == id) {
            return Ok(*sw);
        }
        let sw = match external_authentication(self.bench, key) {
            Ok(()) => StatusWord::OK,
            Err(IssueError::Refused { sw, .. }) => sw,
            Err(error) => return Err(error),
        };
        self.keys.push((id, sw));
        Ok(sw)
    }

    /// Presents the PIN once, after asking how many tries are left; the last try is never spent.
    fn present_pin(&mut self) -> Result<StatusWord, IssueError> {
        if let Some(sw) = self.pin_answer {
            return Ok(sw);
        }
        let query = exchange(self.bench.channel, &commands::pin_query())?;
        let (PinUse::Loaded(pin) | PinUse::Usual(pin)) = self.pin;
        let sw = match query.sw {
            // 9000: the card has no PIN.
            sw if sw.tries_left().is_some_and(|left| left > 1) => {
                let command = built(commands::verify(pin.expose()), "PIN")?;
                exchange(self.bench.channel, &command)?.sw
            }
            sw => sw,
        };
        self.pin_answer = Some(sw);
        Ok(sw)
    }
}

/// The first key that is missing where no alternative of a condition can be satisfied.
pub(super) fn missing_key(bench: &mut Bench<'_>, df: &DedicatedFile, access: &Access) -> Option<String> {
    let mut first = None;
    for term in &access.terms {
        let missing = term.keys.iter().find(|name| {
            let definition = find_key(bench.profile, df, name);
            !definition
                .is_some_and(|definition| bench.loader.holds(KeyReference { definition, version: 1 }, bench.card))
        });
        match missing {
            None => return None,
            Some(name) => first = first.or_else(|| Some(name.clone())),
        }
    }
    first
}

/// A key named by a condition: of the dedicated file itself or of one above it.
fn find_key<'p>(profile: &'p Profile, df: &'p DedicatedFile, name: &str) -> Option<&'p KeyDefinition> {
    let mut current = Some(df);
    while let Some(file) = current {
        if let Some(key) = file.key(name) {
            return Some(key);
        }
        current = file.parent.and_then(|parent| profile.dedicated_files.get(parent));
    }
    None
}

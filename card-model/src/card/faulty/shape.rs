//! Defects in how the card understands its files and keys: conditions read wrongly, a ring that is too short.

use super::super::Card;
use super::super::condition::Condition;
use super::super::file_system::FileSystem;
use super::super::object::{DfKind, EfStructure, KeyType};
use super::account::write;
use serde::Deserialize;

/// What is understood wrongly, from power-on to power-off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shape {
    /// "PIN or key" is taken for "PIN and key".
    OrIsAnd,
    /// "PIN and key" is taken for "PIN or key".
    AndIsOr,
    /// The PIN in a condition is not asked for.
    WithoutPin,
    /// The PIN never satisfies a condition.
    PinIsNothing,
    /// Updates are checked against the read condition.
    UpdateByRead,
    /// "Never" is taken for "free".
    NeverIsFree,
    /// What is free in an application needs the PIN.
    FreeNeedsPin,
    /// The holder's basic data (EF06 of an environment) are free to read.
    HolderDataFree,
    /// Fingerprint and photo (EF07 and EF08 of an environment) are free to read.
    PictureFree,
    /// A cyclic file holds one record less.
    ShortRing,
    /// SFIs are those of the file before.
    WrongSfi,
    /// The keys for blocking are locked after three failures.
    BlockKeysLock,
    /// The authentication keys are never locked.
    KeysNeverLock,
}

impl Shape {
    /// Changes the index after a power-on; the memory stays, but for a counter that a healthy card does not use.
    pub fn apply(self, card: &mut Card) {
        // Afresh, so that nothing is changed twice. A card that powers on has an index that loads.
        if let Ok(files) = FileSystem::load(&card.memory) {
            card.files = files;
        }
        let environments: Vec<bool> = card.files.dfs.iter().map(|df| df.kind == DfKind::Ddf).collect();
        for ef in &mut card.files.efs {
            let environment = environments.get(ef.df).copied().unwrap_or(false);
            match self {
                Self::OrIsAnd => {
                    ef.read = ef.read.all_of();
                    ef.update = ef.update.all_of();
                }
                Self::AndIsOr => {
                    ef.read = ef.read.any_of();
                    ef.update = ef.update.any_of();
                }
                Self::WithoutPin => ef.read = ef.read.with_pin(|_| false),
                Self::PinIsNothing => ef.read = ef.read.without_terms_of_pin(),
                Self::UpdateByRead => ef.update = ef.read.clone(),
                Self::NeverIsFree if ef.update == Condition::default() => ef.update = Condition::free(),
                Self::FreeNeedsPin if ef.read == Condition::free() && !environment => {
                    ef.read = ef.read.with_pin(|_| true);
                }
                Self::HolderDataFree if environment && ef.fid == 0xEF06 => ef.read = Condition::free(),
                Self::PictureFree if environment && matches!(ef.fid, 0xEF07 | 0xEF08) => ef.read = Condition::free(),
                Self::ShortRing if ef.structure == EfStructure::Cyclic && ef.record_capacity > 1 => {
                    ef.record_capacity -= 1;
                }
                Self::WrongSfi if ef.sfi > 1 => ef.sfi -= 1,
                _ => {}
            }
        }
        match self {
            Self::BlockKeysLock => self.lock_block_keys(card),
            Self::KeysNeverLock => {
                let keys = card.files.keys.iter_mut();
                keys.filter(|key| key.kind == KeyType::ExternalAuthentication)
                    .for_each(|key| key.tries = 0);
            }
            _ => {}
        }
    }

    fn lock_block_keys(self, card: &mut Card) {
        for index in 0..card.files.keys.len() {
            let key = &mut card.files.keys[index];
            if matches!(key.kind, KeyType::CardBlock | KeyType::ApplicationBlock) && key.tries == 0 {
                key.tries = 3;
                let at = key.address + super::super::object::offset::KEY_TRIES;
                if card.memory.byte(at) == 0 {
                    write(card, at, &[3]);
                }
            }
        }
    }
}

impl Condition {
    fn free() -> Self {
        Self::decode(&[0]).unwrap_or_default()
    }

    /// One alternative with everything in it.
    fn all_of(&self) -> Self {
        let Some((first, rest)) = self.terms.split_first() else {
            return self.clone();
        };
        let mut all = *first;
        for term in rest {
            all.pin |= term.pin;
            term.keys.iter().for_each(|id| all.keys.insert(id));
        }
        let mut terms = self.terms.clone();
        terms.clear();
        terms.push(all);
        Self { terms }
    }

    /// An alternative for the PIN and one for the keys of each alternative.
    fn any_of(&self) -> Self {
        let mut terms = self.terms.clone();
        for term in &mut terms {
            if term.pin && term.keys != Default::default() {
                term.pin = false;
            }
        }
        for term in &self.terms {
            if term.pin && term.keys != Default::default() {
                let mut pin = *term;
                pin.keys = Default::default();
                // Conditions of the profiles have two alternatives, a condition has room for eight.
                let _ = terms.try_push(pin);
            }
        }
        Self { terms }
    }

    fn with_pin(&self, pin: impl Fn(bool) -> bool) -> Self {
        let mut terms = self.terms.clone();
        terms.iter_mut().for_each(|term| term.pin = pin(term.pin));
        Self { terms }
    }

    fn without_terms_of_pin(&self) -> Self {
        let mut terms = self.terms.clone();
        if terms.len() > 1 {
            terms.retain(|term| !term.pin);
        }
        Self { terms }
    }
}

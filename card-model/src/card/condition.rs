//! Access conditions as the card stores and checks them (`card-model/COS.md`, template 62 tags C1 and C2).

use crate::profile::Access;
use arrayvec::ArrayVec;

/// Most alternatives a condition may have.
const TERMS: usize = 8;

/// A set of key identifiers: bit 8 (specific to the application) and the low five bits (STD-P5 §6.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct KeySet(u64);

impl KeySet {
    /// Adds a key identifier.
    pub fn insert(&mut self, id: u8) {
        self.0 |= Self::bit(id);
    }

    /// Takes a key identifier out.
    pub fn remove(&mut self, id: u8) {
        self.0 &= !Self::bit(id);
    }

    /// Whether a key identifier is in.
    pub fn contains(self, id: u8) -> bool {
        self.0 & Self::bit(id) != 0
    }

    /// Identifiers in ascending order.
    pub fn iter(self) -> impl Iterator<Item = u8> {
        (0..64u8)
            .filter(move |bit| self.0 >> bit & 1 == 1)
            .map(|bit| bit & 0x1F | (bit & 0x20) << 2)
    }

    fn bit(id: u8) -> u64 {
        1 << (id & 0x1F | (id & 0x80) >> 2)
    }
}

/// One alternative: everything in it must be satisfied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Term {
    /// The PIN of the environment.
    pub pin: bool,
    /// Keys used in external authentications.
    pub keys: KeySet,
}

/// A condition: one of its terms must hold. No term: never.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Condition {
    pub(super) terms: ArrayVec<Term, TERMS>,
}

impl Condition {
    /// Decodes the value of tag C1 or C2; `None` if it is malformed or has too many terms.
    pub fn decode(mut bytes: &[u8]) -> Option<Self> {
        let mut terms = ArrayVec::new();
        while let Some((flags, rest)) = bytes.split_first() {
            let (keys, rest) = rest.split_at_checked(usize::from(flags >> 4))?;
            if flags & 0x0E != 0 || keys.iter().any(|id| id & 0x60 != 0) {
                return None;
            }
            let mut term = Term {
                pin: flags & 1 == 1,
                keys: KeySet::default(),
            };
            keys.iter().for_each(|id| term.keys.insert(*id));
            terms.try_push(term).ok()?;
            bytes = rest;
        }
        Some(Self { terms })
    }

    /// The value of tag C1 or C2 for a condition of the profile; `key_id` finds the identifier of a named key.
    /// `None` if a key is not found or a term has more than 15 keys.
    pub fn encode(access: &Access, key_id: impl Fn(&str) -> Option<u8>) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        for term in &access.terms {
            let count = u8::try_from(term.keys.len()).ok().filter(|n| *n < 16)?;
            bytes.push(count << 4 | u8::from(term.pin));
            for key in &term.keys {
                bytes.push(key_id(key)?);
            }
        }
        Some(bytes)
    }

    /// Whether the condition holds with these states.
    pub fn holds(&self, pin: bool, keys: KeySet) -> bool {
        self.terms
            .iter()
            .any(|term| (pin || !term.pin) && term.keys.0 & !keys.0 == 0)
    }

    /// What is missing of the alternative that is nearest to being satisfied, in words.
    pub fn missing(&self, pin: bool, keys: KeySet) -> Vec<String> {
        let lacking = |term: &Term| -> Vec<String> {
            let pin = (term.pin && !pin).then(|| "PIN".to_owned());
            let keys = term
                .keys
                .iter()
                .filter(|id| !keys.contains(*id))
                .map(|id| format!("{id:02X}"));
            pin.into_iter().chain(keys).collect()
        };
        self.terms.iter().map(lacking).min_by_key(Vec::len).unwrap_or_default()
    }
}

impl core::fmt::Display for Condition {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        if self.terms.is_empty() {
            return f.write_str("never");
        }
        for (i, term) in self.terms.iter().enumerate() {
            if i > 0 {
                f.write_str(" or ")?;
            }
            let pin = term.pin.then(|| "PIN".to_owned());
            let parts: Vec<String> = pin
                .into_iter()
                .chain(term.keys.iter().map(|id| format!("{id:02X}")))
                .collect();
            f.write_str(if parts.is_empty() { "free" } else { "" })?;
            f.write_str(&parts.join(" and "))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pin_or_key_and_pin_and_key() {
        let mut keys = KeySet::default();
        let or = Condition::decode(&[0x01, 0x10, 0x88]).unwrap();
        let and = Condition::decode(&[0x11, 0x84]).unwrap();
        assert_eq!(or.to_string(), "PIN or 88");
        assert_eq!(and.to_string(), "PIN and 84");
        assert!(or.holds(true, keys) && !or.holds(false, keys) && !and.holds(true, keys));
        assert_eq!(and.missing(false, keys), ["PIN", "84"]);
        keys.insert(0x84);
        assert!(and.holds(true, keys) && !and.holds(false, keys) && !or.holds(false, keys));
        keys.insert(0x88);
        assert!(or.holds(false, keys));
        assert_eq!(keys.iter().collect::<Vec<_>>(), [0x84, 0x88]);
    }

    #[test]
    fn free_and_never() {
        assert!(Condition::decode(&[0]).unwrap().holds(false, KeySet::default()));
        assert!(!Condition::decode(&[]).unwrap().holds(true, KeySet(u64::MAX)));
        assert_eq!(Condition::decode(&[0x10]), None);
        assert_eq!(Condition::decode(&[0x10, 0x40]), None);
    }

    #[test]
    fn global_and_specific_keys_are_different() {
        let mut keys = KeySet::default();
        keys.insert(0x04);
        assert!(keys.contains(0x04) && !keys.contains(0x84));
    }
}

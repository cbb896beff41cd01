//! Access conditions of elementary files (`spec/files.md` §3.1, `spec/commands.md` §3.1).

/// A condition in disjunctive form: it holds when any of its terms holds. No term: never; an empty term: free.
///
/// In profiles it is written `free`, `never`, `PIN`, `UKSSSE`, `PIN or RK1DF01`, `PIN and RK1DF04`,
/// `PIN and RK3DF03 or UK4DF03` (`and` binds tighter than `or`).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Access {
    /// The alternatives.
    pub terms: Vec<Term>,
}

/// A conjunction: all of its parts must be satisfied.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Term {
    /// The holder's PIN must have been verified (or the card must have no PIN).
    pub pin: bool,
    /// Names of keys that must have been used in an external authentication.
    pub keys: Vec<String>,
}

impl Access {
    /// Always satisfied.
    pub fn free() -> Self {
        Self {
            terms: vec![Term::default()],
        }
    }

    /// Never satisfied from outside.
    pub fn never() -> Self {
        Self::default()
    }

    /// Whether no condition has to be met.
    pub fn is_free(&self) -> bool {
        self.terms.iter().any(|term| !term.pin && term.keys.is_empty())
    }

    /// Whether nothing can meet it.
    pub fn is_never(&self) -> bool {
        self.terms.is_empty()
    }

    /// Whether it holds for a terminal that has `pin` and the keys for which `has_key` answers true.
    pub fn holds(&self, pin: bool, has_key: impl Fn(&str) -> bool) -> bool {
        self.terms
            .iter()
            .any(|term| (!term.pin || pin) && term.keys.iter().all(|key| has_key(key)))
    }
}

impl core::fmt::Display for Access {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        if self.is_never() {
            return f.write_str("never");
        }
        if self.is_free() {
            return f.write_str("free");
        }
        for (i, term) in self.terms.iter().enumerate() {
            if i > 0 {
                f.write_str(" or ")?;
            }
            let pin = term.pin.then_some("PIN");
            let parts: Vec<&str> = pin.into_iter().chain(term.keys.iter().map(String::as_str)).collect();
            f.write_str(&parts.join(" and "))?;
        }
        Ok(())
    }
}

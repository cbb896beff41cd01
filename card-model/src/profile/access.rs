//! Access conditions of elementary files (`spec/files.md` §3.1, `spec/commands.md` §3.1).

use crate::words::Lang;
use rust_i18n::t;

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

/// Why a text is no access condition.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.words(Lang::En))]
#[non_exhaustive]
pub enum AccessError {
    /// The text is empty.
    Empty,
    /// A key name or `PIN` was expected here.
    Operand(String),
    /// `and` or `or` was expected here.
    Operator(String),
    /// The text ends after an operator.
    Dangling(String),
    /// The same operand or the same term stands twice.
    Twice(String),
    /// `free` or `never` together with something else.
    NotAlone(String),
}

impl AccessError {
    /// The error in words.
    pub fn words(&self, lang: Lang) -> String {
        let locale = lang.locale();
        match self {
            Self::Empty => t!("profile.condition.empty", locale = locale),
            Self::Operand(word) => t!("profile.condition.operand", locale = locale, word = word),
            Self::Operator(word) => t!("profile.condition.operator", locale = locale, word = word),
            Self::Dangling(word) => t!("profile.condition.dangling", locale = locale, word = word),
            Self::Twice(word) => t!("profile.condition.twice", locale = locale, word = word),
            Self::NotAlone(word) => t!("profile.condition.not_alone", locale = locale, word = word),
        }
        .into_owned()
    }
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

    /// Whether the PIN occurs in any term.
    pub fn mentions_pin(&self) -> bool {
        self.terms.iter().any(|term| term.pin)
    }

    /// Names of all keys that occur, in order, each once.
    pub fn keys(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for key in self.terms.iter().flat_map(|term| &term.keys) {
            if !names.contains(&key.as_str()) {
                names.push(key);
            }
        }
        names
    }
}

impl core::str::FromStr for Access {
    type Err = AccessError;

    fn from_str(text: &str) -> Result<Self, AccessError> {
        let words: Vec<&str> = text.split_whitespace().collect();
        match words[..] {
            [] => return Err(AccessError::Empty),
            ["free"] => return Ok(Self::free()),
            ["never"] => return Ok(Self::never()),
            _ => {}
        }
        let mut access = Self {
            terms: vec![Term::default()],
        };
        for pair in words.chunks(2) {
            let operand = pair[0];
            match operand {
                "free" | "never" => return Err(AccessError::NotAlone(operand.to_owned())),
                _ if !is_operand(operand) => return Err(AccessError::Operand(operand.to_owned())),
                _ => {}
            }
            if let Some(term) = access.terms.last_mut() {
                let twice = if operand == "PIN" {
                    term.pin
                } else {
                    term.keys.iter().any(|key| key == operand)
                };
                if twice {
                    return Err(AccessError::Twice(operand.to_owned()));
                }
                if operand == "PIN" {
                    term.pin = true;
                } else {
                    term.keys.push(operand.to_owned());
                }
            }
            match pair.get(1) {
                None | Some(&"and") => {}
                Some(&"or") => access.terms.push(Term::default()),
                Some(other) => return Err(AccessError::Operator((*other).to_owned())),
            }
        }
        if words.len().is_multiple_of(2) {
            return Err(AccessError::Dangling(words[words.len() - 1].to_owned()));
        }
        for (i, term) in access.terms.iter().enumerate() {
            if access.terms[..i].contains(term) {
                return Err(AccessError::Twice(
                    Self {
                        terms: vec![term.clone()],
                    }
                    .to_string(),
                ));
            }
        }
        Ok(access)
    }
}

/// `PIN`, or a key name: a capital letter and then capital letters and digits.
fn is_operand(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_uppercase())
        && word.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit())
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(text: &str) -> Result<Access, AccessError> {
        text.parse()
    }

    #[test]
    fn all_forms_of_the_sheet() {
        for text in [
            "free",
            "never",
            "PIN",
            "UKSSSE",
            "PIN or RK1DF01",
            "PIN and RK1DF04",
            "PIN and RK3DF03 or UK4DF03",
        ] {
            assert_eq!(parse(text).map(|access| access.to_string()), Ok(text.to_owned()));
        }
        let access = parse("PIN and RK3DF03 or UK4DF03").expect("well-formed");
        assert!(access.holds(false, |key| key == "UK4DF03"));
        assert!(access.holds(true, |key| key == "RK3DF03"));
        assert!(!access.holds(true, |_| false));
        assert!(!access.holds(false, |key| key == "RK3DF03"));
        assert_eq!(access.keys(), ["RK3DF03", "UK4DF03"]);
        assert!(access.mentions_pin());
    }

    #[test]
    fn refuses_what_is_no_condition() {
        assert_eq!(parse(" "), Err(AccessError::Empty));
        assert_eq!(parse("PIN or"), Err(AccessError::Dangling("or".to_owned())));
        assert_eq!(parse("PIN xor RK1DF01"), Err(AccessError::Operator("xor".to_owned())));
        assert_eq!(parse("or PIN"), Err(AccessError::Operand("or".to_owned())));
        assert_eq!(parse("pin"), Err(AccessError::Operand("pin".to_owned())));
        assert_eq!(parse("PIN and PIN"), Err(AccessError::Twice("PIN".to_owned())));
        assert_eq!(parse("PIN or PIN"), Err(AccessError::Twice("PIN".to_owned())));
        assert_eq!(parse("PIN or free"), Err(AccessError::NotAlone("free".to_owned())));
    }

    proptest! {
        #[test]
        fn any_text_gives_a_condition_or_an_error(text in "[ A-Za-z0-9]{0,40}|((PIN|RK1|UK2|free|never) (or|and) ){0,4}(PIN|RK1)") {
            if let Ok(access) = parse(&text) {
                prop_assert_eq!(parse(&access.to_string()), Ok(access));
            }
        }
    }
}

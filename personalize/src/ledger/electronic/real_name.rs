//! Whether a person is who they say: the seam for faces, message codes and whatever a province has.

use crate::words::message;
use card_model::words::{Explain, Explanation, Lang};
use serde::Serialize;

/// What is asked of a method. The evidence is whatever the method needs: a message code, the reference of a picture; it is never
/// written into the log.
#[derive(Clone, Copy, Serialize)]
pub struct Asked<'a> {
    /// Name of the method in the rules.
    pub method: &'a str,
    /// Number of the request; a request that is asked again has the same.
    pub request: &'a str,
    /// The act that needs it.
    pub act: &'a str,
    /// Channel in which it is done.
    pub channel: Option<&'a str>,
    /// Social security number of the person.
    pub person: &'a str,
    /// Their name.
    pub name: &'a str,
    /// Their mobile number.
    pub mobile: Option<&'a str>,
    /// What the person presented.
    pub evidence: Option<&'a str>,
}

impl core::fmt::Debug for Asked<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Asked")
            .field("method", &self.method)
            .field("act", &self.act)
            .field("person", &crate::mask::number(self.person))
            .finish_non_exhaustive()
    }
}

/// A method by which it is made sure that a person is who they say.
pub trait RealName {
    /// Whether they are.
    ///
    /// # Errors
    /// It could not be found out; that is no "yes".
    fn check(&self, asked: &Asked<'_>) -> Result<bool, RealNameError>;
}

/// A check of a person's identity that could not be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.explain(Lang::En).what)]
#[non_exhaustive]
pub enum RealNameError {
    /// The rules name the method, but no program for it.
    NotSetUp {
        /// Name of the method.
        method: String,
    },
    /// The program could not be run, or ended in another way than by yes or no.
    Program {
        /// Its path.
        program: String,
        /// What happened.
        why: String,
    },
    /// The program did not answer in time, and was ended.
    TooSlow {
        /// Its path.
        program: String,
        /// The limit.
        seconds: u64,
    },
}

impl Explain for RealNameError {
    fn explain(&self, lang: Lang) -> Explanation {
        let say = |key: &str, values: &[(&str, &str)], why: Option<&String>| Explanation {
            what: message(lang, &format!("ledger.real_name.{key}"), values),
            why: why.cloned(),
            next: Some(message(lang, &format!("ledger.real_name.{key}_next"), values)),
        };
        match self {
            Self::NotSetUp { method } => say("not_set_up", &[("method", method)], None),
            Self::Program { program, why } => say("program", &[("program", program)], Some(why)),
            Self::TooSlow { program, seconds } => say(
                "too_slow",
                &[("program", program), ("seconds", &seconds.to_string())],
                None,
            ),
        }
    }
}

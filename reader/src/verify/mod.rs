//! Is the card genuine, and does what it holds fit together?

mod contents;

use crate::decode::Decoded;
use crate::error::ReaderError;
use crate::session::Session;
use crate::wellknown;
use card_model::profile::KeyRole;
use card_model::words::{Explain, Lang};
use jiff::civil::Date;
use serde::Serialize;

/// Text in both languages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    /// Chinese.
    pub zh: String,
    /// English.
    pub en: String,
}

impl Words {
    /// The text in a language.
    pub fn text(&self, lang: Lang) -> &str {
        lang.pick(&self.zh, &self.en)
    }

    fn of_error(error: &ReaderError) -> Self {
        let text = |lang: Lang| {
            let explanation = error.explain(lang);
            let why = explanation
                .why
                .map(|why| format!("{}{why}", lang.pick("：", ": ")))
                .unwrap_or_default();
            format!("{}{why}", explanation.what)
        };
        Self {
            zh: text(Lang::Zh),
            en: text(Lang::En),
        }
    }
}

/// A text of the table in both languages.
macro_rules! words {
    ($key:literal $(, $name:ident = $value:expr)*) => {
        Words {
            zh: rust_i18n::t!($key, locale = "zh" $(, $name = $value)*).into_owned(),
            en: rust_i18n::t!($key, locale = "en" $(, $name = $value)*).into_owned(),
        }
    };
}

use words;

/// Outcome of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// As it should be.
    Passed,
    /// Not as it should be.
    Failed,
    /// Worth knowing, but no fault: cards differ here, or there was nothing to check.
    Noted,
}

/// One check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// Stable name, such as `internal_authentication`.
    pub name: &'static str,
    /// Name for people.
    pub title: Words,
    /// Outcome.
    pub outcome: Outcome,
    /// What was found.
    pub detail: Words,
}

impl Check {
    /// The check as JSON has it.
    pub fn view(&self, lang: Lang) -> CheckView {
        CheckView {
            name: self.name,
            title: self.title.text(lang).to_owned(),
            ok: self.outcome != Outcome::Failed,
            note: self.outcome == Outcome::Noted,
            detail: self.detail.text(lang).to_owned(),
        }
    }
}

/// All checks of a card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verification {
    /// In the order they were made.
    pub checks: Vec<Check>,
}

/// A check in the JSON of `ssc verify`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CheckView {
    /// Stable name.
    pub name: &'static str,
    /// Name for people.
    pub title: String,
    /// Whether it is as it should be; notes are.
    pub ok: bool,
    /// Whether it is only a note.
    pub note: bool,
    /// What was found.
    pub detail: String,
}

/// The JSON of `ssc verify`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct VerificationView {
    /// Every check passed.
    pub genuine: bool,
    /// The cryptographic checks passed, whatever the others say: an expired card is still authentic.
    pub authentic: bool,
    /// The checks.
    pub checks: Vec<CheckView>,
}

/// Names of the checks that only the issuer's keys can pass.
const CRYPTOGRAPHIC: [&str; 2] = ["internal_authentication", "authentication_code"];

impl Verification {
    /// Whether every check passed.
    pub fn genuine(&self) -> bool {
        self.checks.iter().all(|check| check.outcome != Outcome::Failed)
    }

    /// Whether the cryptographic checks passed.
    pub fn authentic(&self) -> bool {
        let passed = |name: &&str| self.check(name).is_some_and(|check| check.outcome == Outcome::Passed);
        CRYPTOGRAPHIC.iter().all(passed)
    }

    /// A check by its name.
    pub fn check(&self, name: &str) -> Option<&Check> {
        self.checks.iter().find(|check| check.name == name)
    }

    /// The JSON document.
    pub fn view(&self, lang: Lang) -> VerificationView {
        VerificationView {
            genuine: self.genuine(),
            authentic: self.authentic(),
            checks: self.checks.iter().map(|check| check.view(lang)).collect(),
        }
    }
}

/// What was read for the checks.
struct Found {
    issuer: Vec<Decoded>,
    holder: Result<Vec<Decoded>, ReaderError>,
}

/// Makes all checks; `today` is the day against which dates are held.
///
/// # Errors
/// The transport failed, or the card information file cannot be read. All else is told by the checks.
pub fn verify(session: &mut Session<'_>, today: Date) -> Result<Verification, ReaderError> {
    let internal = internal_authentication(session)?;
    let code = authentication_code(session)?;
    let issuer = session.read_path(wellknown::ISSUER_FILE)?;
    let holder = session.read_path(wellknown::HOLDER_FILE);
    if let Err(error @ ReaderError::Transport(_)) = holder {
        return Err(error);
    }
    let found = Found { issuer, holder };
    let mut checks = vec![internal, code];
    checks.extend([
        contents::provider(session),
        contents::region(session),
        contents::version(session),
        contents::card_number(session),
        contents::institution(session, &found),
        contents::serial(session),
        contents::issue_date(session, &found, today),
        contents::expiry(session, &found, today),
    ]);
    checks.extend(contents::holder_checks(session, &found));
    Ok(Verification { checks })
}

fn check(name: &'static str, title: Words, outcome: Outcome, detail: Words) -> Check {
    Check {
        name,
        title,
        outcome,
        detail,
    }
}

fn internal_authentication(session: &mut Session<'_>) -> Result<Check, ReaderError> {
    let (outcome, detail) = match session.internal_authentication() {
        Ok(true) => (Outcome::Passed, words!("session.check.internal.ok")),
        Ok(false) => (Outcome::Failed, words!("session.check.internal.bad")),
        Err(error @ ReaderError::Transport(_)) => return Err(error),
        Err(error) => (Outcome::Failed, Words::of_error(&error)),
    };
    Ok(check(
        CRYPTOGRAPHIC[0],
        words!("session.check.internal.title"),
        outcome,
        detail,
    ))
}

fn authentication_code(session: &mut Session<'_>) -> Result<Check, ReaderError> {
    let id = session.card().card_id.clone().unwrap_or_default();
    let parts = id
        .split_first_chunk::<12>()
        .map(|(first, code)| (*first, code.to_vec()));
    let (outcome, detail) = match parts {
        Some((first, code)) if code.len() == 4 => {
            if code.iter().all(|byte| *byte == 0xFF) {
                (Outcome::Failed, words!("session.check.code.blank"))
            } else {
                match session.identification_code_mac(&first) {
                    Ok(expected) if card_model::secret::equal(&expected, &code) => {
                        (Outcome::Passed, words!("session.check.code.ok"))
                    }
                    Ok(_) => (Outcome::Failed, words!("session.check.code.bad")),
                    Err(error @ ReaderError::Transport(_)) => return Err(error),
                    Err(error) => (Outcome::Failed, Words::of_error(&error)),
                }
            }
        }
        _ => (Outcome::Failed, words!("session.check.code.missing")),
    };
    Ok(check(
        CRYPTOGRAPHIC[1],
        words!("session.check.code.title"),
        outcome,
        detail,
    ))
}

impl Session<'_> {
    /// The authentication code that the card identification code with these first twelve bytes must end with.
    ///
    /// # Errors
    /// No security module, or it lacks the IRK.
    pub fn identification_code_mac(&mut self, first: &[u8; 12]) -> Result<[u8; 4], ReaderError> {
        let irk = self.environment_key(KeyRole::InternalAuthentication)?;
        self.ask_module(&irk, |module, key, card| {
            module.identification_code_mac(key, card, first)
        })
    }
}

//! Access rules in words: what a file needs, what of it is missing, and what to do about it.

use crate::security::SecurityModuleError;
use card_model::words::{Explain, Explanation, Lang};
use rust_i18n::t;

/// What was to be done with a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// Read.
    Read,
    /// Update.
    Update,
}

/// The access rule that stands behind a refusal, derived from the profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// File, such as `DF04/EF06`.
    pub path: String,
    /// What was to be done.
    pub operation: Operation,
    /// The condition, such as `PIN and RK1DF04`; `never`.
    pub condition: String,
    /// For each alternative of the condition what of it is neither met nor at hand: names of keys, `PIN`. Shortest first.
    pub missing: Vec<Vec<String>>,
    /// Why the security module that was given cannot help, where it is more than that a key is not there.
    pub module: Option<ModuleReason>,
    /// Whether PINs of a certificate application are missing: a session cannot prove them, and their files have verbs of
    /// their own.
    pub certificate: bool,
}

/// What a security module says, in both languages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModuleReason {
    zh: Explanation,
    en: Explanation,
}

impl From<&SecurityModuleError> for ModuleReason {
    fn from(error: &SecurityModuleError) -> Self {
        Self {
            zh: error.explain(Lang::Zh),
            en: error.explain(Lang::En),
        }
    }
}

impl ModuleReason {
    /// What it says in a language.
    pub fn explanation(&self, lang: Lang) -> &Explanation {
        match lang {
            Lang::Zh => &self.zh,
            Lang::En => &self.en,
        }
    }

    /// The fact and its cause in one line.
    fn words(&self, lang: Lang) -> String {
        let said = self.explanation(lang);
        match &said.why {
            Some(why) => format!("{}{}{why}", said.what, lang.pick("，", ": ")),
            None => said.what.clone(),
        }
    }
}

/// Name of the PIN in conditions.
pub(crate) const PIN: &str = "PIN";

impl Rule {
    /// Whether nothing from outside can meet the condition.
    pub fn is_never(&self) -> bool {
        self.missing.is_empty()
    }

    /// Whether something is missing; else the session had everything, and still the card refused.
    pub fn is_missing(&self) -> bool {
        self.missing.iter().all(|way| !way.is_empty())
    }

    /// `DF04/EF06 needs PIN and RK1DF04; RK1DF04 is missing`, and what the security module says.
    pub fn words(&self, lang: Lang) -> String {
        match &self.module {
            None => self.condition_words(lang),
            Some(reason) => format!(
                "{}{}{}",
                self.condition_words(lang),
                lang.pick("；", "; "),
                reason.words(lang)
            ),
        }
    }

    fn condition_words(&self, lang: Lang) -> String {
        let (locale, path) = (lang.locale(), self.path.as_str());
        if self.is_never() {
            return t!("session.rule.never", locale = locale, path = path).into_owned();
        }
        let condition = match lang {
            Lang::En => self.condition.clone(),
            Lang::Zh => self.condition.replace(" and ", " 和 ").replace(" or ", " 或 "),
        };
        if !self.is_missing() {
            return t!("session.rule.met", locale = locale, path = path, condition = condition).into_owned();
        }
        let way = |parts: &Vec<String>| parts.join(lang.pick(" 和 ", " and "));
        let ways: Vec<String> = self.missing.iter().map(way).collect();
        let missing = ways.join(lang.pick(" 或 ", " or "));
        match self.missing.last() {
            Some(last) if last.len() > 1 => {
                t!(
                    "session.rule.are_missing",
                    locale = locale,
                    path = path,
                    condition = condition,
                    missing = missing
                )
            }
            _ => t!(
                "session.rule.is_missing",
                locale = locale,
                path = path,
                condition = condition,
                missing = missing
            ),
        }
        .into_owned()
    }

    /// What a person does about it.
    pub fn next_step(&self, lang: Lang) -> String {
        let locale = lang.locale();
        let module = self.module.as_ref().map(|reason| reason.explanation(lang));
        if let Some(next) = module.and_then(|said| said.next.clone()) {
            return next;
        }
        if self.is_never() {
            return t!("session.rule.never_next", locale = locale).into_owned();
        }
        if !self.is_missing() {
            return t!("session.rule.met_next", locale = locale).into_owned();
        }
        if self.certificate {
            return t!("session.rule.certificate_next", locale = locale).into_owned();
        }
        let way = |parts: &Vec<String>| {
            let pin = parts
                .iter()
                .any(|part| part == PIN)
                .then(|| t!("session.rule.the_pin", locale = locale).into_owned());
            let keys: Vec<&str> = parts.iter().map(String::as_str).filter(|part| *part != PIN).collect();
            let keys = keys.join(lang.pick("、", ", "));
            let keys =
                (!keys.is_empty()).then(|| t!("session.rule.the_key", locale = locale, keys = keys).into_owned());
            [pin, keys]
                .into_iter()
                .flatten()
                .collect::<Vec<_>>()
                .join(lang.pick("和", " and "))
        };
        let ways: Vec<String> = self.missing.iter().map(way).collect();
        t!(
            "session.rule.give",
            locale = locale,
            what = ways.join(lang.pick("，或", ", or "))
        )
        .into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(condition: &str, missing: &[&[&str]]) -> Rule {
        Rule {
            path: "DF04/EF06".to_owned(),
            operation: Operation::Read,
            condition: condition.to_owned(),
            missing: missing
                .iter()
                .map(|way| way.iter().map(|part| (*part).to_owned()).collect())
                .collect(),
            module: None,
            certificate: false,
        }
    }

    #[test]
    fn words() {
        let cases = [
            (
                rule("PIN and RK1DF04", &[&["RK1DF04"]]),
                "DF04/EF06 needs PIN and RK1DF04; RK1DF04 is missing",
            ),
            (
                rule("PIN and RK1DF04", &[&["PIN", "RK1DF04"]]),
                "DF04/EF06 needs PIN and RK1DF04; PIN and RK1DF04 are missing",
            ),
            (
                rule("PIN or RK1DF04", &[&["PIN"], &["RK1DF04"]]),
                "DF04/EF06 needs PIN or RK1DF04; PIN or RK1DF04 is missing",
            ),
            (rule("never", &[]), "DF04/EF06: no command from outside may do this"),
        ];
        for (rule, words) in cases {
            assert_eq!(rule.words(Lang::En), words);
        }
        let either = rule("PIN or RK1DF04", &[&["PIN"], &["RK1DF04"]]);
        assert_eq!(
            either.next_step(Lang::En),
            "give the PIN (SSC_PIN), or a key file (--keys) or security module that holds RK1DF04"
        );
        assert_eq!(
            either.words(Lang::Zh),
            "DF04/EF06 需要 PIN 或 RK1DF04；缺少 PIN 或 RK1DF04"
        );
        assert!(rule("PIN", &[&[]]).words(Lang::En).contains("the session had it"));
        let certificate = Rule {
            certificate: true,
            ..rule("USERPIN and ADMINPIN", &[&["USERPIN", "ADMINPIN"]])
        };
        assert_eq!(
            certificate.next_step(Lang::En),
            "certificates and their keys are written with ssc cert write"
        );
        let error = SecurityModuleError::NoPsam {
            module: "slot 2".to_owned(),
        };
        let told = Rule {
            module: Some(ModuleReason::from(&error)),
            ..rule("RK1DF04", &[&["RK1DF04"]])
        };
        assert_eq!(
            told.words(Lang::En),
            "DF04/EF06 needs RK1DF04; RK1DF04 is missing; there is no PSAM in slot 2"
        );
        assert!(told.next_step(Lang::En).contains("--psam"));
    }
}

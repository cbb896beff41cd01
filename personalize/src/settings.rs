//! The settings of an issuing office: a TOML file, every key optional.

mod fault;

pub use fault::{SettingsError, SettingsFault, SettingsProblem};

use crate::citizen::date;
use crate::numbers::{CardNumber, CardNumberFault, Institution, Region};
use crate::standard;
use crate::structure::InitialPins;
use card_model::secret::Pin;
use jiff::civil::Date;
use std::path::Path;
use toml::de::{DeTable, DeValue};
use zeroize::Zeroizing;

/// What is the same for all cards of a batch.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `region`: application city code of the cards, six digits; the keys are diversified by it.
    pub region: Region,
    /// `initializing_institution`: 24 hex digits, or the last 8 (place and sequence), or the last 2 (sequence).
    pub institution: Institution,
    /// `issue_date`: `YYYY-MM-DD` or `YYYYMMDD`; absent: the day of issuing.
    pub issue_date: Option<Date>,
    /// `validity_years`: years until the expiry date, 1–50.
    pub validity_years: i16,
    /// `card_number_prefix`: a capital letter, then digits or capital letters, at most 7 characters.
    pub card_number_prefix: String,
    /// `first_sequence`: the number behind the prefix from which card numbers are counted.
    pub first_sequence: u64,
    /// `card_category`: 1 pre-school child, 2 student, 3 adult or not distinguished, 4 senior.
    pub card_category: char,
    /// `initial_pin`: 4–16 digits.
    pub initial_pin: Pin,
    /// `administrator_pin`: 4–16 digits, of the certificate application.
    pub administrator_pin: Pin,
}

impl Settings {
    /// The PINs that a card gets with its structure.
    pub fn initial_pins(&self) -> InitialPins {
        InitialPins {
            holder: self.initial_pin.clone(),
            administrator: self.administrator_pin.clone(),
        }
    }

    /// Defaults for tests and training: region 990000 (no real region), institution 01, valid 10 years, card numbers from
    /// `T0000001` on, category 3, PIN 123456, administrator PIN 12345678.
    ///
    /// # Errors
    /// Never in practice; the defaults go through the same checks as a file.
    pub fn test_defaults() -> Result<Self, SettingsError> {
        Self::parse("", "defaults")
    }

    /// Reads a settings file.
    ///
    /// # Errors
    /// The file cannot be read, is no TOML, or holds keys or values that are not allowed; all of them are told.
    pub fn load(path: &Path) -> Result<Self, SettingsError> {
        let name = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|source| SettingsError::Unreadable {
            file: name.clone(),
            source,
        })?;
        Self::parse(&Zeroizing::new(text), &name)
    }

    /// Reads settings from text; `name` stands for the file in messages.
    ///
    /// # Errors
    /// As [`Settings::load`].
    pub fn parse(text: &str, name: &str) -> Result<Self, SettingsError> {
        let lines = Lines(text);
        let table = DeTable::parse(text).map_err(|error| SettingsError::Syntax {
            file: name.to_owned(),
            line: lines.of(error.span().map_or(0, |span| span.start)),
            message: error.message().to_owned(),
        })?;
        let mut draft = Draft::default();
        let mut problems = Vec::new();
        for (key, value) in table.get_ref() {
            if let Err(fault) = draft.set(key.get_ref(), value.get_ref()) {
                let line = lines.of(key.span().start);
                problems.push(SettingsProblem {
                    line,
                    key: key.get_ref().to_string(),
                    fault,
                });
            }
        }
        problems.sort_by_key(|problem| problem.line);
        let settings = draft.finish(&mut problems);
        match settings {
            Some(settings) if problems.is_empty() => Ok(settings),
            _ => Err(SettingsError::Refused {
                file: name.to_owned(),
                problems,
            }),
        }
    }

    /// The expiry date of a card issued on `issue`: the same day `validity_years` later (29 February becomes 28 February).
    pub fn expiry(&self, issue: Date) -> Option<Date> {
        issue.checked_add(jiff::Span::new().years(self.validity_years)).ok()
    }
}

/// Line numbers of byte offsets.
struct Lines<'a>(&'a str);

impl Lines<'_> {
    fn of(&self, offset: usize) -> usize {
        1 + self.0.bytes().take(offset).filter(|b| *b == b'\n').count()
    }
}

#[derive(Default)]
struct Draft {
    region: Option<Region>,
    institution: Option<String>,
    issue_date: Option<Date>,
    validity_years: Option<i16>,
    card_number_prefix: Option<String>,
    first_sequence: Option<u64>,
    card_category: Option<char>,
    initial_pin: Option<Pin>,
    administrator_pin: Option<Pin>,
}

impl Draft {
    fn set(&mut self, key: &str, value: &DeValue<'_>) -> Result<(), SettingsFault> {
        match key {
            "region" => self.region = Some(Region::parse(&text(value)?).ok_or(SettingsFault::Region)?),
            "initializing_institution" => self.institution = Some(text(value)?),
            "issue_date" => self.issue_date = Some(issue_date(value)?),
            "validity_years" => {
                let years = text(value)?.parse().ok().filter(|years| (1..=50).contains(years));
                self.validity_years = Some(years.ok_or(SettingsFault::Years)?);
            }
            "card_number_prefix" => {
                let prefix = text(value)?;
                if prefix.is_empty() || prefix.len() > 7 {
                    return Err(SettingsFault::Prefix);
                }
                CardNumber::assign(&prefix, 0).map_err(|_| SettingsFault::Prefix)?;
                self.card_number_prefix = Some(prefix);
            }
            "first_sequence" => {
                self.first_sequence = Some(text(value)?.parse().map_err(|_| SettingsFault::Sequence)?);
            }
            "card_category" => {
                let category = text(value)?;
                let mut characters = category.chars();
                let first = characters.next().filter(|c| ('1'..='4').contains(c));
                self.card_category = first.filter(|_| characters.next().is_none());
                self.card_category.ok_or(SettingsFault::Category)?;
            }
            "initial_pin" => {
                let digits = Zeroizing::new(text(value)?);
                self.initial_pin = Some(Pin::from_digits(&digits).map_err(|_| SettingsFault::Pin)?);
            }
            "administrator_pin" => {
                let digits = Zeroizing::new(text(value)?);
                self.administrator_pin = Some(Pin::from_digits(&digits).map_err(|_| SettingsFault::Pin)?);
            }
            _ => return Err(SettingsFault::UnknownKey),
        }
        Ok(())
    }

    /// Fills what is absent; adds the problems that show only when all is known.
    fn finish(self, problems: &mut Vec<SettingsProblem>) -> Option<Settings> {
        let region = self.region.or_else(|| Region::parse("990000"))?;
        let prefix = self.card_number_prefix.unwrap_or_else(|| "T".to_owned());
        let first_sequence = self.first_sequence.unwrap_or(1);
        let mut refuse = |key: &str, fault| {
            problems.push(SettingsProblem {
                line: 0,
                key: key.to_owned(),
                fault,
            })
        };
        let institution = Institution::parse(self.institution.as_deref().unwrap_or("01"), &region);
        if institution.is_none() {
            refuse("initializing_institution", SettingsFault::Institution);
        }
        if CardNumber::assign(&prefix, first_sequence) == Err(CardNumberFault::Exhausted) {
            refuse("first_sequence", SettingsFault::Sequence);
        }
        Some(Settings {
            institution: institution?,
            region,
            issue_date: self.issue_date,
            validity_years: self.validity_years.unwrap_or(10),
            card_number_prefix: prefix,
            first_sequence,
            card_category: self.card_category.or_else(|| standard::CARD_CATEGORY.chars().next())?,
            initial_pin: self.initial_pin.or_else(|| Pin::from_digits("123456").ok())?,
            administrator_pin: self.administrator_pin.or_else(|| Pin::from_digits("12345678").ok())?,
        })
    }
}

/// A string, or a whole number as it is written: `region = 990000` means the same as `region = "990000"`.
fn text(value: &DeValue<'_>) -> Result<String, SettingsFault> {
    match value {
        DeValue::String(text) => Ok(text.trim().to_owned()),
        DeValue::Integer(number) if number.radix() == 10 => Ok(number.as_str().to_owned()),
        _ => Err(SettingsFault::Type),
    }
}

fn issue_date(value: &DeValue<'_>) -> Result<Date, SettingsFault> {
    let written = match value {
        DeValue::Datetime(moment) => moment.date.map(|date| date.to_string()).ok_or(SettingsFault::Date)?,
        other => text(other)?,
    };
    date(&written.replace('-', "")).ok_or(SettingsFault::Date)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn defaults() {
        let settings = Settings::test_defaults().unwrap();
        assert_eq!(settings.region.as_str(), "990000");
        assert_eq!(settings.validity_years, 10);
        assert_eq!(
            hex::encode_upper(settings.institution.bytes()),
            "915600000299000099000001"
        );
        assert!(format!("{settings:?}").contains("hidden"));
        let leap = Date::constant(2024, 2, 29);
        assert_eq!(settings.expiry(leap), Some(Date::constant(2034, 2, 28)));
    }

    #[test]
    fn all_keys() {
        let text = "region = 990100\ninitializing_institution = \"9901006A\"\nissue_date = 2026-01-02\nvalidity_years = 8\n\
                    card_number_prefix = \"A9\"\nfirst_sequence = 7\ncard_category = 2\ninitial_pin = \"654321\"\n";
        let settings = Settings::parse(text, "x").unwrap();
        assert_eq!(settings.issue_date, Some(Date::constant(2026, 1, 2)));
        assert_eq!(
            hex::encode_upper(settings.institution.bytes()),
            "91560000029901009901006A"
        );
        assert_eq!((settings.first_sequence, settings.card_category), (7, '2'));
        for written in ["\"2026-01-02\"", "\"20260102\"", "20260102"] {
            let settings = Settings::parse(&format!("issue_date = {written}"), "x").unwrap();
            assert_eq!(settings.issue_date, Some(Date::constant(2026, 1, 2)));
        }
    }

    #[test]
    fn every_problem_is_told_with_its_line() {
        let text = "# office\nregion = \"99000\"\nvalidity_years = 0\ninitial_pin = \"12a4\"\nregon = 1\n\
                    card_number_prefix = \"9\"\nissue_date = \"2026-02-30\"\ninitializing_institution = \"zz\"\n";
        let Err(SettingsError::Refused { problems, .. }) = Settings::parse(text, "office.toml") else {
            panic!()
        };
        let told: Vec<_> = problems.iter().map(|p| (p.line, p.key.as_str())).collect();
        assert_eq!(
            told,
            [
                (2, "region"),
                (3, "validity_years"),
                (4, "initial_pin"),
                (5, "regon"),
                (6, "card_number_prefix"),
                (7, "issue_date"),
                (0, "initializing_institution"),
            ]
        );
    }

    #[test]
    fn syntax_has_a_line_and_no_secret() {
        let Err(error) = Settings::parse("region = \"990000\"\ninitial_pin = 123456\"\n", "office.toml") else {
            panic!()
        };
        let SettingsError::Syntax { line, .. } = &error else {
            panic!("{error:?}")
        };
        assert_eq!(*line, 2);
        assert!(!error.to_string().contains("123456"));
    }

    proptest! {
        #[test]
        fn any_text(text in "\\PC{0,200}") {
            let _ = Settings::parse(&text, "x");
        }

        #[test]
        fn any_values(key in "(region|initializing_institution|issue_date|validity_years|card_number_prefix|initial_pin|administrator_pin)",
                      value in "\\PC{0,30}") {
            let _ = Settings::parse(&format!("{key} = {value:?}"), "x");
            let _ = Settings::parse(&format!("{key} = {value}"), "x");
        }
    }
}

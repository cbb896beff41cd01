//! Checks on what the card holds: numbers, dates, and how they fit together.

use super::{Check, Found, Outcome, Words, check, words};
use crate::check_digits::{citizen_check, is_card_number, is_citizen_number};
use crate::decode::{Decoded, Value};
use crate::session::Session;
use crate::wellknown;
use card_model::crypto::AlgorithmError;
use jiff::civil::Date;

pub(super) fn provider(session: &Session<'_>) -> Check {
    let id = session.card().card_id.as_deref().unwrap_or_default();
    let found = id.get(3..8).unwrap_or_default();
    let outcome = if found == wellknown::PROVIDER {
        Outcome::Passed
    } else {
        Outcome::Failed
    };
    let detail = words!("session.check.provider.detail", found = hex::encode_upper(found));
    check(
        "application_provider",
        words!("session.check.provider.title"),
        outcome,
        detail,
    )
}

pub(super) fn region(session: &Session<'_>) -> Check {
    let code = session.card().region.clone().unwrap_or_default();
    let (outcome, detail) = match crate::code_tables::region(&code) {
        Some((zh, en)) => (
            Outcome::Passed,
            Words {
                zh: format!("{code} {zh}"),
                en: format!("{code} {en}"),
            },
        ),
        None => (Outcome::Failed, words!("session.check.region.bad", code = code)),
    };
    check("region", words!("session.check.region.title"), outcome, detail)
}

pub(super) fn version(session: &Session<'_>) -> Check {
    let told = session.card().version.clone().unwrap_or_default();
    let profile = session.profile();
    let cipher = session.algorithm();
    let same_version =
        told.get(..3) == profile.specification_version.get(..3) || (told.is_empty() && profile.generation == 1);
    let (outcome, detail) = match cipher {
        _ if !same_version => (
            Outcome::Failed,
            words!("session.check.version.other", found = told, profile = profile.name),
        ),
        Ok(cipher) if cipher == profile.algorithm => (
            Outcome::Passed,
            words!("session.check.version.ok", found = told, cipher = cipher.name()),
        ),
        Ok(cipher) => (
            Outcome::Noted,
            words!("session.check.version.cipher", found = told, cipher = cipher.name()),
        ),
        Err(AlgorithmError::Ssf33) => (
            Outcome::Noted,
            words!("session.check.version.cipher", found = told, cipher = "SSF33"),
        ),
        Err(AlgorithmError::Unknown(byte)) => {
            let byte = format!("{byte:02X}");
            (
                Outcome::Failed,
                words!("session.check.version.cipher", found = told, cipher = byte),
            )
        }
    };
    check("version", words!("session.check.version.title"), outcome, detail)
}

pub(super) fn card_number(session: &Session<'_>) -> Check {
    let number = session.card().card_number.clone().unwrap_or_default();
    let (outcome, detail) = if number.is_empty() {
        (Outcome::Failed, words!("session.check.missing"))
    } else if is_card_number(&number) {
        (Outcome::Passed, words!("session.check.digit_ok"))
    } else {
        (Outcome::Failed, words!("session.check.digit_bad"))
    };
    check(
        "card_number",
        words!("session.check.card_number.title"),
        outcome,
        detail,
    )
}

pub(super) fn institution(session: &Session<'_>, found: &Found) -> Check {
    let region = session.card().region.clone().unwrap_or_default();
    let raw = element(session, &found.issuer, wellknown::INSTITUTION)
        .map(|e| e.raw.clone())
        .unwrap_or_default();
    let issuer = raw.starts_with(&wellknown::ORGANISATION);
    let same_region = raw.get(5..8).is_some_and(|bytes| hex::encode(bytes) == region);
    let hex = hex::encode_upper(&raw);
    let (outcome, detail) = match (issuer, same_region) {
        (true, true) => (Outcome::Passed, words!("session.check.institution.ok")),
        (true, false) => (Outcome::Noted, words!("session.check.institution.region", found = hex)),
        (false, _) => (Outcome::Noted, words!("session.check.institution.bad", found = hex)),
    };
    check(
        "institution",
        words!("session.check.institution.title"),
        outcome,
        detail,
    )
}

/// Serial and historical bytes often agree, but not on all cards (`spec/files.md` §4.1): a note, whatever they say.
pub(super) fn serial(session: &Session<'_>) -> Check {
    let id = session.card().card_id.as_deref().unwrap_or_default();
    let historical = session.historical().unwrap_or_default();
    let same = id.get(8..12) == Some(&historical[9..]);
    let detail = if same {
        words!("session.check.serial.same")
    } else {
        words!("session.check.serial.other")
    };
    check("serial", words!("session.check.serial.title"), Outcome::Noted, detail)
}

pub(super) fn issue_date(session: &Session<'_>, found: &Found, today: Date) -> Check {
    let (outcome, detail) = match date(session, &found.issuer, wellknown::ISSUE_DATE) {
        Dated::Day(day) if day > today => (Outcome::Failed, words!("session.check.issue.future", day = day)),
        Dated::Day(day) => (Outcome::Passed, words!("session.check.day", day = day)),
        Dated::Empty => (Outcome::Failed, words!("session.check.missing")),
        Dated::Wrong => (Outcome::Failed, words!("session.check.no_day")),
    };
    check("issue_date", words!("session.check.issue.title"), outcome, detail)
}

pub(super) fn expiry(session: &Session<'_>, found: &Found, today: Date) -> Check {
    let issued = match date(session, &found.issuer, wellknown::ISSUE_DATE) {
        Dated::Day(day) => Some(day),
        _ => None,
    };
    let (outcome, detail) = match date(session, &found.issuer, wellknown::EXPIRY_DATE) {
        Dated::Day(day) if issued.is_some_and(|issued| day < issued) => {
            (Outcome::Failed, words!("session.check.expiry.before", day = day))
        }
        Dated::Day(day) if day < today => (Outcome::Failed, words!("session.check.expiry.over", day = day)),
        Dated::Day(day) => (Outcome::Passed, words!("session.check.day", day = day)),
        // Generation 3 cards may have none (spec/files.md §7).
        Dated::Empty => (Outcome::Noted, words!("session.check.missing")),
        Dated::Wrong => (Outcome::Failed, words!("session.check.no_day")),
    };
    check("expiry", words!("session.check.expiry.title"), outcome, detail)
}

/// Checks on the holder's data: one note where it could not be read.
pub(super) fn holder_checks(session: &Session<'_>, found: &Found) -> Vec<Check> {
    let holder = match &found.holder {
        Ok(holder) => holder,
        Err(error) => {
            let title = words!("session.check.number.title");
            return vec![check(
                "social_security_number",
                title,
                Outcome::Noted,
                Words::of_error(error),
            )];
        }
    };
    let plain = |path| {
        element(session, holder, path)
            .and_then(|element| element.value.plain())
            .unwrap_or_default()
    };
    let number = plain(wellknown::SOCIAL_SECURITY_NUMBER);
    let citizen = number.len() == 18 && citizen_check(number.get(..17).unwrap_or_default()).is_some();
    let (outcome, detail) = match (number.is_empty(), citizen) {
        (true, _) => (Outcome::Failed, words!("session.check.missing")),
        (false, true) if is_citizen_number(&number) => (Outcome::Passed, words!("session.check.digit_ok")),
        (false, true) => (Outcome::Failed, words!("session.check.digit_bad")),
        (false, false) => (Outcome::Noted, words!("session.check.number.assigned")),
    };
    let mut checks = vec![check(
        "social_security_number",
        words!("session.check.number.title"),
        outcome,
        detail,
    )];

    let title = words!("session.check.birth.title");
    let issued = date(session, &found.issuer, wellknown::ISSUE_DATE);
    let (outcome, detail) = match date(session, holder, wellknown::DATE_OF_BIRTH) {
        Dated::Wrong => (Outcome::Failed, words!("session.check.no_day")),
        Dated::Empty => (Outcome::Noted, words!("session.check.missing")),
        Dated::Day(day) if issued.before(day) => (Outcome::Failed, words!("session.check.birth.after")),
        Dated::Day(_) if citizen && number.get(6..14) != Some(plain(wellknown::DATE_OF_BIRTH).as_str()) => {
            (Outcome::Failed, words!("session.check.birth.other"))
        }
        Dated::Day(_) => (Outcome::Passed, words!("session.check.birth.ok")),
    };
    checks.push(check("date_of_birth", title, outcome, detail));

    let sex = plain(wellknown::SEX);
    if citizen && matches!(sex.as_str(), "1" | "2") {
        let male = number.as_bytes().get(16).is_some_and(|digit| digit % 2 == 1);
        let outcome = if male == (sex == "1") {
            Outcome::Passed
        } else {
            Outcome::Failed
        };
        let detail = match outcome {
            Outcome::Passed => words!("session.check.sex.ok"),
            _ => words!("session.check.sex.bad"),
        };
        checks.push(check("sex", words!("session.check.sex.title"), outcome, detail));
    }
    checks
}

/// A day on the card.
enum Dated {
    Day(Date),
    Empty,
    Wrong,
}

impl Dated {
    fn before(&self, day: Date) -> bool {
        matches!(self, Self::Day(own) if *own < day)
    }
}

fn date(session: &Session<'_>, decoded: &[Decoded], path: &str) -> Dated {
    match element(session, decoded, path).map(|element| &element.value) {
        Some(Value::Date(day)) => Dated::Day(*day),
        None | Some(Value::Empty) => Dated::Empty,
        Some(_) => Dated::Wrong,
    }
}

/// The element of a path among those of its file.
fn element<'d>(session: &Session<'_>, decoded: &'d [Decoded], path: &str) -> Option<&'d Decoded> {
    let tag = session.profile().locate(path).ok()?.element?.tag;
    decoded.iter().find(|element| element.tag == tag)
}

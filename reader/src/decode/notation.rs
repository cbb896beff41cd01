//! How people write days, amounts, regions and codes, and the digits that stand for them on the card.

use super::value::EncodeError;
use super::{date, time};
use card_model::profile::Part;
use jiff::civil::Date;

/// The text, if it is nothing but digits.
pub(super) fn only_digits(text: &str) -> Result<&str, EncodeError> {
    match text.chars().enumerate().find(|(_, c)| !c.is_ascii_digit()) {
        Some((position, character)) => Err(EncodeError::NoDigit {
            character,
            position: position + 1,
        }),
        None => Ok(text),
    }
}

/// The text, if it is so many digits.
pub(super) fn exact_digits(text: &str, wanted: usize) -> Result<String, EncodeError> {
    let digits = only_digits(text)?;
    if digits.len() != wanted {
        return Err(EncodeError::DigitCount {
            found: digits.len(),
            wanted,
        });
    }
    Ok(digits.to_owned())
}

/// Numbers of a date written with `-`, `/`, `.` or 年月日 between them.
fn separated(text: &str) -> Option<Vec<&str>> {
    let body = text.trim_end_matches(['日', '月', '号']);
    let parts: Vec<&str> = body.split(['-', '/', '.', '年', '月']).map(str::trim).collect();
    let fits = |part: &&str| !part.is_empty() && part.len() <= 4 && part.bytes().all(|b| b.is_ascii_digit());
    (parts.len() > 1 && parts.iter().all(fits) && parts[0].len() == 4).then_some(parts)
}

/// A day: `20261121`, `2026-11-21`, `2026/1/2`, `2026年1月2日`.
pub(super) fn calendar_day(text: &str) -> Result<Date, EncodeError> {
    let bad = || EncodeError::BadDate { given: text.to_owned() };
    let digits = match separated(text).as_deref() {
        Some([year, month, day]) => format!("{year}{month:0>2}{day:0>2}"),
        _ => text.to_owned(),
    };
    date(&digits).filter(|day| day.year() > 0).ok_or_else(bad)
}

/// A month: `202611`, `2026-11`, `2026年11月`.
pub(super) fn month(text: &str) -> Result<String, EncodeError> {
    let bad = || EncodeError::BadDate { given: text.to_owned() };
    let digits = match separated(text).as_deref() {
        Some([year, month]) => format!("{year}{month:0>2}"),
        _ => text.to_owned(),
    };
    date(&format!("{digits}01"))
        .filter(|day| digits.len() == 6 && day.year() > 0)
        .map(|_| digits)
        .ok_or_else(bad)
}

/// A moment: fourteen digits, or a day and `hh:mm:ss` with a blank or T between them. The answer has fourteen digits.
///
/// # Errors
/// The text is no moment of the calendar.
pub fn moment(text: &str) -> Result<String, EncodeError> {
    let bad = || EncodeError::BadDate { given: text.to_owned() };
    let digits = match text.split_once([' ', 'T']) {
        Some((day, clock)) => {
            let day = calendar_day(day).map_err(|_| bad())?;
            let clock: Vec<&str> = clock.split(':').collect();
            format!("{:04}{:02}{:02}{}", day.year(), day.month(), day.day(), clock.concat())
        }
        None => text.to_owned(),
    };
    time(&digits).map(|_| digits).ok_or_else(bad)
}

/// Yuan with a decimal point or the word, or fen without either.
///
/// # Errors
/// The text is no amount, or has more than two decimals.
pub fn fen(text: &str) -> Result<u64, EncodeError> {
    let bad = || EncodeError::BadAmount { given: text.to_owned() };
    let (body, yuan) = match text.strip_suffix('元').or_else(|| text.strip_suffix("yuan")) {
        Some(body) => (body.trim(), true),
        None => (text, text.contains('.')),
    };
    let all_digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    if !yuan {
        return if all_digits(body) {
            body.parse().map_err(|_| bad())
        } else {
            Err(bad())
        };
    }
    let (whole, cents) = body.split_once('.').unwrap_or((body, ""));
    if whole.is_empty() || cents.len() > 2 || !all_digits(whole) || !all_digits(cents) {
        return Err(bad());
    }
    format!("{whole}{cents:0<2}").parse().map_err(|_| bad())
}

/// Six digits, also of a region the table does not know, or the name of one it knows.
pub(super) fn region(text: &str) -> Result<String, EncodeError> {
    if text.bytes().all(|b| b.is_ascii_digit()) {
        return exact_digits(text, 6);
    }
    crate::code_tables::region_code(text).ok_or_else(|| EncodeError::NoSuchCode {
        given: text.to_owned(),
        table: "region".to_owned(),
    })
}

/// A code of the table, given as code or as its text.
pub(super) fn code(table: &str, text: &str) -> Result<String, EncodeError> {
    crate::code_tables::find(table, text).ok_or_else(|| EncodeError::NoSuchCode {
        given: text.to_owned(),
        table: table.to_owned(),
    })
}

/// All parts of a composite in one row of codes, each checked against its table.
pub(super) fn composite(parts: &[Part], text: &str) -> Result<String, EncodeError> {
    let wanted: usize = parts.iter().map(|part| usize::from(part.length)).sum();
    let found = text.chars().count();
    if !text.is_ascii() || found != wanted {
        return Err(EncodeError::DigitCount { found, wanted });
    }
    let mut rest = text;
    for part in parts {
        let (given, tail) = rest.split_at(usize::from(part.length));
        rest = tail;
        code(&part.codes, given).map_err(|cause| EncodeError::Inner {
            field: part.en.clone(),
            cause: Box::new(cause),
        })?;
    }
    Ok(text.to_owned())
}

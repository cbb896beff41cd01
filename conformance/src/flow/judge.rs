//! Judges the checks of a transcript.

use super::check::{Check, CheckKind};
use super::evaluate::find;
use super::play::Player;
use super::random;
use crate::ConformanceError;
use card_model::profile::Element;
use card_model::sm2::{PublicKey, Signature};
use card_model::words::Lang;
use jiff::civil::Date;
use reader::check_digits::{is_card_number, is_citizen_number};
use reader::decode::{Value, decode};
use reader::reset;

/// Why a check does not hold.
pub(super) struct Fault {
    /// What was found.
    pub got: String,
    /// In words.
    pub detail: String,
}

impl Player<'_, '_> {
    /// Judges one check. `None`: it holds.
    pub(super) fn check(&mut self, check: &Check) -> Result<Option<Fault>, ConformanceError> {
        let mut values = Vec::with_capacity(check.values.len());
        for value in &check.values {
            values.push(self.value(value)?);
        }
        let first = values.first().map(Vec::as_slice).unwrap_or_default();
        let wrong = match &check.kind {
            CheckKind::Equal => values
                .iter()
                .any(|value| value != first)
                .then(|| "not equal".to_owned()),
            CheckKind::Distinct => repeated(&values).then(|| "two are equal".to_owned()),
            CheckKind::Among => {
                (!values.iter().skip(1).any(|value| value == first)).then(|| "none of these".to_owned())
            }
            CheckKind::Length(least, most) => {
                let length = first.len();
                (!(*least..=*most).contains(&length)).then(|| format!("{length} bytes"))
            }
            CheckKind::Present(path) => find(first, path).is_none().then(|| "the tag is missing".to_owned()),
            CheckKind::Absent(path) => find(first, path).is_some().then(|| "the tag is there".to_owned()),
            CheckKind::Bcd => (!is_bcd(first)).then(|| "no packed digits".to_owned()),
            CheckKind::Date => (!is_date(first)).then(|| "no date".to_owned()),
            CheckKind::Ascii => (!is_ascii(first)).then(|| "no ASCII text".to_owned()),
            CheckKind::Zero => first.iter().any(|byte| *byte != 0).then(|| "not zero".to_owned()),
            CheckKind::NonZero => first.iter().all(|byte| *byte == 0).then(|| "all zero".to_owned()),
            CheckKind::Element(path) => {
                let located = self.located(path)?;
                let element = located.inner.or(located.element).or(located.file.elements.first());
                element.and_then(|element| element_fault(element, first))
            }
            CheckKind::CheckCharacter => wrong_character(first),
            CheckKind::Signature => signature_fault(&values),
            CheckKind::Less => match &values[..] {
                [a, b] => (number(a) >= number(b)).then(|| "not less".to_owned()),
                _ => None,
            },
            CheckKind::Unique(size) => {
                let mut blocks: Vec<&[u8]> = first.chunks(*size).collect();
                blocks.sort_unstable();
                let same = blocks.windows(2).any(|pair| pair[0] == pair[1]);
                same.then(|| format!("a block of {size} bytes came twice"))
            }
            CheckKind::Random => random::fault(first),
            CheckKind::Certificate(check) => self.certificate_fault(*check, first),
            CheckKind::ResetRules => reset_fault(self.terminal.reset_answer()),
        };
        let shown = |values: &[Vec<u8>]| values.iter().map(hex::encode_upper).collect::<Vec<_>>().join(" ");
        Ok(wrong.map(|detail| Fault {
            got: shown(&values),
            detail,
        }))
    }
}

fn repeated(values: &[Vec<u8>]) -> bool {
    values.iter().enumerate().any(|(i, value)| values[..i].contains(value))
}

/// Significant bytes of a number.
fn number(bytes: &[u8]) -> (usize, &[u8]) {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    (bytes.len() - zeros, &bytes[zeros..])
}

fn is_bcd(bytes: &[u8]) -> bool {
    let nibbles = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    let mut filling = nibbles.skip_while(|nibble| *nibble <= 9);
    filling.all(|nibble| nibble == 15)
}

fn is_date(bytes: &[u8]) -> bool {
    let text = hex::encode(bytes);
    let part = |from: usize, to: usize| text.get(from..to).and_then(|digits| digits.parse::<i16>().ok());
    let day =
        |year: i16, month: i16, day: i16| Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok();
    bytes.len() == 4
        && matches!((part(0, 4), part(4, 6), part(6, 8)), (Some(y), Some(m), Some(d)) if day(y, m, d).is_some())
}

fn is_ascii(bytes: &[u8]) -> bool {
    let end = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    bytes[..end].iter().all(|byte| (0x20..0x7F).contains(byte))
}

fn element_fault(element: &Element, bytes: &[u8]) -> Option<String> {
    if bytes.len() != usize::from(element.length) {
        return Some(format!("{} bytes, not {}", bytes.len(), element.length));
    }
    value_fault(&decode(element, bytes)).map(|fault| format!("{}: {fault}", element.en))
}

fn value_fault(value: &Value) -> Option<String> {
    match value {
        Value::Malformed { .. } => Some("does not fit the format".to_owned()),
        Value::Code(coded) if coded.text.is_none() => Some(format!("{} is not in the code table", coded.code)),
        Value::Composite(parts) => parts
            .iter()
            .find(|part| part.coded.text.is_none())
            .map(|part| format!("{} is not in the code table", part.coded.code)),
        Value::Nested(inner) => inner.iter().find_map(|decoded| value_fault(&decoded.value)),
        _ => None,
    }
}

fn wrong_character(bytes: &[u8]) -> Option<String> {
    let right = match std::str::from_utf8(bytes) {
        Ok(text) if text.len() == 9 => is_card_number(text),
        Ok(text) if text.len() == 18 => is_citizen_number(text),
        _ => return Some("neither 9 nor 18 characters".to_owned()),
    };
    (!right).then(|| "wrong check character".to_owned())
}

fn signature_fault(values: &[Vec<u8>]) -> Option<String> {
    let [key, digest, signature] = values else { return None };
    let Ok(key) = PublicKey::from_bytes(key) else {
        return Some("no point of the curve".to_owned());
    };
    let (Ok(digest), Ok(signature)) = (<[u8; 32]>::try_from(&digest[..]), Signature::from_bytes(signature)) else {
        return Some("no digest of 32 bytes or no signature r ‖ s".to_owned());
    };
    (!key.verify(&digest, &signature)).then(|| "the signature is wrong".to_owned())
}

fn reset_fault(bytes: &[u8]) -> Option<String> {
    let explained = reset::explain(bytes);
    match explained.damage {
        Some(damage) => Some(damage.text(Lang::En)),
        None => reset::rules::objections(&explained)
            .first()
            .map(|one| one.text(Lang::En)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_judged() {
        assert!(is_bcd(&[0x12, 0x3F]) && is_bcd(&[0xFF]) && !is_bcd(&[0xF1]) && !is_bcd(&[0x1A]));
        assert!(is_date(&[0x20, 0x24, 0x02, 0x29]) && !is_date(&[0x20, 0x23, 0x02, 0x29]) && !is_date(&[0x20]));
        assert!(is_ascii(b"AB\0") && !is_ascii(b"A\0B"));
        assert!(number(&[0, 9]) < number(&[1, 0]) && number(&[0, 0, 9]) < number(&[10]));
        assert!(repeated(&[vec![1], vec![2], vec![1]]) && !repeated(&[vec![1], vec![2]]));
    }
}

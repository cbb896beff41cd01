//! Values of a case, from the card, the HSM and what was remembered.

use super::facts::Facts;
use super::stand::Stand;
use super::text::{Kind, Value};
use crate::ConformanceError;
use crate::flow::KeyName;
use card_model::secret::Pin;
use reader::driver::Encoding;
use std::collections::BTreeMap;

/// What was remembered, by name.
pub(super) type Memory = BTreeMap<String, String>;

/// The text of a value.
///
/// # Errors
/// [`ConformanceError::UnknownReference`] for what this card or stand does not have, [`ConformanceError::NoValue`] for what
/// cannot be made of what the driver gave.
pub(super) fn text(value: &Value, memory: &Memory, stand: &dyn Stand) -> Result<String, ConformanceError> {
    match value {
        Value::Text(text) => Ok(text.clone()),
        Value::Recall(name) => memory.get(name).cloned().ok_or_else(|| ConformanceError::NoValue {
            what: format!("{name} was not remembered before"),
        }),
        Value::Joined(parts) => parts.iter().map(|part| text(part, memory, stand)).collect(),
        Value::Computed { kind, of } => computed(*kind, of, memory, stand),
    }
}

fn computed(kind: Kind, of: &[Value], memory: &Memory, stand: &dyn Stand) -> Result<String, ConformanceError> {
    let facts = stand.facts();
    let word = of.first().map(Value::word).unwrap_or_default();
    let unknown = |name: &str| ConformanceError::UnknownReference { name: name.to_owned() };
    let argument = |at: usize| match of.get(at) {
        Some(value) => text(value, memory, stand),
        None => Ok(String::new()),
    };
    let number = || -> Result<usize, ConformanceError> { word.parse().map_err(|_| unknown(word)) };
    match kind {
        Kind::Slot => Ok(facts.slot.to_string()),
        Kind::OtherSlot => Ok((3 - facts.slot).to_string()),
        Kind::Info => facts.info().ok_or_else(|| unknown("pCardInfo")),
        Kind::Pin => pin(facts.pin.as_ref()),
        Kind::WrongPin => Ok(turned(pin(facts.pin.as_ref())?, true)),
        Kind::OtherPin => Ok(turned(pin(facts.pin.as_ref())?, false)),
        Kind::CertificatePin => pin(facts.certificate_pin.as_ref()),
        Kind::Element => facts.element(word).map(str::to_owned).ok_or_else(|| unknown(word)),
        Kind::File => facts.items(word).map(str::to_owned).ok_or_else(|| unknown(word)),
        Kind::Name => name(facts).ok_or_else(|| unknown("SSSE/EF06/09")),
        Kind::Basics => basics(facts).ok_or_else(|| unknown("SSSE/EF05")),
        Kind::Region => Ok(facts.identity.region.clone()),
        Kind::Historical => Ok(hex::encode_upper(facts.identity.historical)),
        Kind::Algorithm => Ok(match facts.identity.algorithm {
            card_model::crypto::Algorithm::TripleDes => "01",
            card_model::crypto::Algorithm::Sm4 => "03",
        }
        .to_owned()),
        Kind::Address => {
            let key = KeyName::parse(word).map_err(|_| unknown(word))?;
            let definition = match key.index {
                Some(index) => facts.profile.transaction_key(&key.name, index),
                None => facts.profile.key(&key.name),
            };
            let address = definition.and_then(|(_, definition)| definition.hsm);
            address
                .map(|address| format!("{address:04X}"))
                .ok_or_else(|| unknown(word))
        }
        Kind::Certificate => facts.certificates.get(word).cloned().ok_or_else(|| unknown(word)),
        Kind::Hsm => {
            let area = format!(
                "{}|{}",
                facts.identity.region,
                hex::encode_upper(facts.identity.historical)
            );
            let request = match word {
                // A ninth item is for the province, not for the HSM.
                "basics" => format!("01|{}", first_items(&argument(1)?, 8)),
                "external" => format!("02|{area}|{}", argument(1)?),
                "message" => format!("03|{area}|{}", argument(1)?),
                _ => format!("04|{area}|{}|{}", argument(1)?, argument(2)?),
            };
            let hsm = stand.hsm().ok_or_else(|| unknown("HSM"))?;
            hsm.answer(&request).map_err(|error| ConformanceError::NoValue {
                what: format!("{{hsm {word}}}: {error}"),
            })
        }
        Kind::Item => {
            let text = argument(1)?;
            let at = number()?;
            text.split('|')
                .nth(at.saturating_sub(1))
                .map(str::to_owned)
                .ok_or_else(|| ConformanceError::NoValue {
                    what: format!("there is no item {at}"),
                })
        }
        Kind::Items => Ok(first_items(&argument(1)?, number()?)),
        Kind::Repeat => Ok(argument(1)?.repeat(number()?)),
        Kind::Flip => {
            let at = number()?;
            let flip = |(place, c): (usize, char)| match (place == at, c.to_digit(16)) {
                (true, Some(digit)) => char::from_digit(digit ^ 1, 16).unwrap_or(c).to_ascii_uppercase(),
                _ => c,
            };
            Ok(argument(1)?.chars().enumerate().map(flip).collect())
        }
        Kind::Hex => Ok(hex::encode_upper(Encoding::Gbk.encode(&argument(0)?))),
    }
}

/// The name with its extension.
fn name(facts: &Facts) -> Option<String> {
    let extension = facts.element("SSSE/EF06/4E").unwrap_or_default();
    Some(format!("{}{extension}", facts.element("SSSE/EF06/09")?))
}

/// Items 1 to 9 of iReadCardBas (`spec/terminal.md` §1.4.1).
fn basics(facts: &Facts) -> Option<String> {
    let id = facts.element("SSSE/EF05/01")?;
    let items = [
        id.get(..6)?.to_owned(),
        facts.element("SSSE/EF06/08")?.to_owned(),
        facts.element("SSSE/EF05/07")?.chars().take(9).collect(),
        id.to_owned(),
        name(facts)?,
        hex::encode_upper(facts.identity.historical),
        facts.element("SSSE/EF05/03")?.to_owned(),
        facts.element("SSSE/EF05/05")?.to_owned(),
        facts.element("SSSE/EF05/06")?.to_owned(),
    ];
    Some(items.join("|") + "|")
}

/// The first so many items of a text, each with its separator.
fn first_items(text: &str, count: usize) -> String {
    text.split_inclusive('|').take(count).collect()
}

/// Digits of a PIN.
fn pin(pin: Option<&Pin>) -> Result<String, ConformanceError> {
    let pin = pin.ok_or_else(|| ConformanceError::UnknownReference { name: "PIN".to_owned() })?;
    Ok(hex::encode_upper(pin.expose()).trim_end_matches('F').to_owned())
}

/// Another PIN of the same length: with another first digit, or with another last one.
fn turned(digits: String, first: bool) -> String {
    let last = digits.len().saturating_sub(1);
    let turn = |(at, c): (usize, char)| match c.to_digit(10) {
        Some(digit) if at == if first { 0 } else { last } => char::from_digit((digit + 1) % 10, 10).unwrap_or(c),
        _ => c,
    };
    digits.chars().enumerate().map(turn).collect()
}

//! What must hold in one data element: its length against meaning, code table, parts and inner elements.

use crate::codes as tables;
use crate::profile::check::broken;
use crate::profile::error::Fault;
use crate::profile::rule::{Rule, Thing};
use crate::profile::{Element, Format, Meaning};

/// One element by itself: its length against meaning, code table, parts and inner elements.
pub(super) fn element(element: &Element) -> Result<(), Fault> {
    let lengths: &[u16] = match (element.meaning, element.format) {
        (Meaning::Date, Format::Cn) => &[4],
        (Meaning::Month, Format::Cn) => &[3],
        (Meaning::Year, Format::Cn) => &[2],
        (Meaning::Time, Format::Cn) => &[7],
        (Meaning::Amount, Format::Cn | Format::B) => &[4],
        (Meaning::Region, Format::Cn) => &[3],
        (Meaning::Date | Meaning::Month | Meaning::Year | Meaning::Time | Meaning::Amount | Meaning::Region, _) => {
            return Err(broken(Rule::MeaningFormat, element.zh.clone()));
        }
        (Meaning::Composite, Format::An) | (Meaning::Code, Format::An | Format::Cn) => &[],
        (Meaning::Composite | Meaning::Code, _) => return Err(broken(Rule::CodeFormat, element.zh.clone())),
        (Meaning::Count | Meaning::Text | Meaning::PersonName | Meaning::PersonNumber | Meaning::Binary, _) => &[],
    };
    if let [only] = *lengths
        && element.length != only
    {
        let (value, only) = (u32::from(element.length), u32::from(only));
        return Err(Fault::Range {
            field: "length",
            value,
            least: only,
            most: only,
        });
    }
    if let Some(table) = &element.codes {
        codes(table, element.format, element.length)?;
    }
    let sum = |lengths: &mut dyn Iterator<Item = u32>, what: Thing, expected: u16| {
        let found: u32 = lengths.sum();
        if found == u32::from(expected) {
            Ok(())
        } else {
            Err(Fault::Sum {
                what,
                found,
                expected: expected.into(),
            })
        }
    };
    if !element.parts.is_empty() {
        sum(
            &mut element.parts.iter().map(|part| u32::from(part.length)),
            Thing::Parts,
            element.length,
        )?;
    }
    if element.format == Format::Tlv || !element.inner.is_empty() {
        if element.format != Format::Tlv {
            return Err(broken(Rule::InnerNeedsTlv, element.zh.clone()));
        }
        sum(
            &mut element.inner.iter().map(|inner| u32::from(inner.length) + 2),
            Thing::InnerElements,
            element.length,
        )?;
    }
    for (i, inner) in element.inner.iter().enumerate() {
        if element.inner[..i].iter().any(|other| other.tag == inner.tag) {
            let value = format!("{:02X}", inner.tag.unwrap_or(0));
            return Err(Fault::Duplicate {
                what: Thing::InnerTag,
                value,
            });
        }
    }
    Ok(())
}

/// The table exists and its codes fit an element of this format and length.
pub(super) fn codes(table: &str, format: Format, length: u16) -> Result<(), Fault> {
    let known = tables::table(table).ok_or_else(|| Fault::Unknown {
        what: Thing::CodeTable,
        name: table.to_owned(),
    })?;
    let fits = |code: &str| match format {
        // Fewer digits than the element has are filled with F.
        Format::Cn => code.len() <= 2 * usize::from(length),
        _ if code.is_ascii() => code.len() == usize::from(length),
        _ => code.chars().map(|c| if c.is_ascii() { 1 } else { 2 }).sum::<usize>() <= usize::from(length),
    };
    match known.entries.iter().find(|entry| !fits(&entry.code)) {
        None => Ok(()),
        Some(entry) => Err(broken(
            Rule::CodeLength,
            format!("{table} {}: {length:02X}", entry.code),
        )),
    }
}

//! `ssc readers`: readers and cards, with their ATRs explained.

use crate::connect::Desk;
use crate::failure::Failure;
use crate::output::Report;
use reader::channel::TransportError;

#[cfg(not(feature = "pcsc"))]
pub fn run(desk: &Desk) -> Result<Report, Failure> {
    Err(desk.transport(&TransportError::NotBuilt))
}

/// Lists the PC/SC readers.
#[cfg(feature = "pcsc")]
pub fn run(desk: &Desk) -> Result<Report, Failure> {
    use crate::output::{Table, hex_upper};
    use reader::channel::pcsc::{Slot, list};
    use rust_i18n::t;
    use serde_json::{Value, json};

    let lang = desk.output.lang;
    let locale = lang.locale();
    let readers = list().map_err(|e| desk.transport(&e))?;
    if readers.is_empty() {
        let failure = desk.transport(&TransportError::NoReader);
        desk.output.talk(&failure.lines(lang));
        return Ok(Report::new(json!([]), String::new()));
    }
    let mut rows = Vec::new();
    let mut text = String::new();
    for reader in &readers {
        let state = match &reader.slot {
            Slot::Empty => t!("ssc.readers.empty", locale = locale),
            Slot::Card { exclusive: false, .. } => t!("ssc.readers.card", locale = locale),
            Slot::Card { exclusive: true, .. } => t!("ssc.readers.held", locale = locale),
            Slot::Mute => t!("ssc.readers.mute", locale = locale),
            Slot::Unavailable => t!("ssc.readers.unavailable", locale = locale),
        };
        text.push_str(&format!("{}: {state}\n", reader.name));
        let mut fields: Vec<Value> = Vec::new();
        let mut historical = Value::Null;
        if let Some(atr) = reader.atr() {
            let explained = reader::reset::explain(atr);
            let mut table = Table::new(&["ATR".to_string(), hex_upper(atr), String::new()]);
            for field in &explained.fields {
                let words = field.text(lang);
                table.row(vec![field.name.clone(), hex_upper(&field.bytes), words.clone()]);
                fields.push(json!({ "name": field.name, "bytes": hex_upper(&field.bytes), "text": words }));
            }
            text.push_str(&indent(&table.to_string()));
            historical = json!(hex_upper(&explained.historical));
            if let Some(damage) = explained.damage {
                text.push_str(&format!("  {}\n", damage.text(lang)));
            }
        }
        rows.push(json!({
            "name": reader.name,
            "card_present": reader.card_present(),
            "atr": reader.atr().map(hex_upper),
            "historical": historical,
            "explained": fields,
            "held": matches!(reader.slot, Slot::Card { exclusive: true, .. }),
        }));
    }
    Ok(Report::new(json!(rows), text.trim_end().to_string()))
}

#[cfg(feature = "pcsc")]
fn indent(text: &str) -> String {
    text.lines().map(|line| format!("  {line}\n")).collect()
}

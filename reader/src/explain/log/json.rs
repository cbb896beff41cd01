//! What `ssc apdu --json` prints: an array of `{"command", "response", "sw", "micros"}`.

use super::{Collector, bytes};
use serde_json::Value;

/// Reads the array; the number of the entry stands for the line.
pub(super) fn read(text: &str, to: &mut Collector) {
    let Ok(Value::Array(entries)) = serde_json::from_str(text) else {
        return;
    };
    for (number, entry) in entries.iter().enumerate().map(|(index, entry)| (index + 1, entry)) {
        let field = |name: &str| entry.get(name).and_then(Value::as_str);
        match field("command").and_then(bytes) {
            Some(command) => to.command(number, command),
            None => {
                to.pass(number);
                continue;
            }
        }
        if let Some(sw) = field("sw") {
            let answer = [field("response").unwrap_or_default(), sw].concat();
            match bytes(&answer) {
                Some(answer) => to.answer(number, answer, entry.get("micros").and_then(Value::as_u64)),
                None => to.pass(number),
            }
        }
    }
}

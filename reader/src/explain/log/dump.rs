//! OpenSC: bytes as a dump, sixteen in a row with their characters beside them.

use super::lines::reset;
use super::{Bytes, Collector, bytes};
use std::iter::Peekable;

/// Columns of a full row before the characters: sixteen times two digits and a blank.
const FULL: usize = 48;

/// OpenSC's debug log: `Outgoing APDU (7 bytes):` and the dump below.
pub(super) fn debug_log(text: &str, to: &mut Collector) {
    let mut lines = text.lines().enumerate().peekable();
    while let Some((index, line)) = lines.next() {
        let line = line.trim_start();
        if let Some((_, atr)) = line.split_once("match_atr_table: ATR     : ") {
            to.reset(index + 1, bytes(atr).and_then(reset));
        }
        let outgoing = line.strip_prefix("Outgoing APDU (");
        let Some(rest) = outgoing.or_else(|| line.strip_prefix("Incoming APDU (")) else {
            continue;
        };
        let length = rest.split(' ').next().and_then(|number| number.parse().ok());
        let dump = rows(&mut lines, length);
        match (dump.is_empty(), outgoing) {
            (true, _) => to.pass(index + 1),
            (false, Some(_)) => to.command(index + 1, dump),
            (false, None) => to.answer(index + 1, dump, None),
        }
    }
}

/// opensc-tool: `Sending: …` and `Received (SW1=0x90, SW2=0x00):`, with the data below if there is any.
pub(super) fn tool(text: &str, to: &mut Collector) {
    let mut lines = text.lines().enumerate().peekable();
    while let Some((index, line)) = lines.next() {
        let line = line.trim();
        if let Some(rest) = line.strip_prefix("Sending: ") {
            match bytes(rest) {
                Some(command) => to.command(index + 1, command),
                None => to.pass(index + 1),
            }
        } else if let Some(rest) = line.strip_prefix("Received (SW1=") {
            let Some(sw) = status(rest) else {
                to.pass(index + 1);
                continue;
            };
            let mut answer = if rest.ends_with(':') {
                rows(&mut lines, None)
            } else {
                Bytes::new()
            };
            answer.extend(sw);
            to.answer(index + 1, answer, None);
        }
    }
}

/// `0x90, SW2=0x00)`.
fn status(text: &str) -> Option<Bytes> {
    let words = text.trim_end_matches(':').trim_end_matches(')').replace(", SW2=", " ");
    bytes(&words).filter(|bytes| bytes.len() == 2)
}

/// Rows of a dump up to `length` bytes, or as long as the lines look like rows.
fn rows<'t>(lines: &mut Peekable<impl Iterator<Item = (usize, &'t str)>>, length: Option<usize>) -> Bytes {
    let mut all = Bytes::new();
    while let Some((_, line)) = lines.peek() {
        let left = length.map(|length: usize| length.saturating_sub(all.len()));
        if left == Some(0) {
            break;
        }
        let Some(row) = row(line, all.is_empty(), left) else {
            break;
        };
        let full = row.len() == 16;
        all.extend(row);
        lines.next();
        if !full {
            break;
        }
    }
    all
}

/// The bytes of a row. A single row ends right after its last byte, so its length tells how many it holds (three columns
/// and one character each); a row below a full one is filled up. Characters that look like digits mislead no one so.
fn row(line: &str, first: bool, left: Option<usize>) -> Option<Bytes> {
    let columns = line.chars().count();
    let count = match left {
        Some(left) => left.min(16),
        // Blanks at the end may have been cut off on the way.
        None if first => columns.div_ceil(4).min(16),
        None => line.get(..FULL).unwrap_or(line).split_whitespace().count(),
    };
    let pairs: Vec<&str> = line.split_whitespace().take(count).collect();
    if count == 0 || pairs.len() < count {
        return None;
    }
    let positions = (0..count).all(|at| line.get(at * 3..at * 3 + 2) == pairs.get(at).copied());
    positions.then(|| bytes(&pairs.concat())).flatten()
}

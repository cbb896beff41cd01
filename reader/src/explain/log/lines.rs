//! Formats with one command or answer in a line.

use super::{Bytes, Collector, bytes};
use crate::channel::Reset;
use crate::channel::transcript::parse_reset;
use card_model::card::Interface;

/// Marks before a command, longer ones before their beginnings.
const COMMANDS: [&str; 9] = ["A>>", "-->", "->", "=>", ">>", ">", "C-APDU", "CAPDU", "APDU"];
/// Marks before an answer.
const ANSWERS: [&str; 9] = ["A<<", "<--", "<-", "<=", "<<", "<", "R-APDU", "RAPDU", "RESPONSE"];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Command,
    Answer,
}

/// Our transcripts and everything marked alike.
pub(super) fn transcript(text: &str, to: &mut Collector) {
    for (number, line) in numbered(text) {
        if let Some(remark) = line.strip_prefix('#') {
            match parse_reset(remark) {
                Some(reset) => to.reset(number, Some(reset)),
                // The box around the warning of an unmasked trace, and its first line.
                None if remark.trim().starts_with(['+', '|']) || remark.trim() == "ssc transcript" => {}
                None => to.remark(number, remark),
            }
            continue;
        }
        let Some((way, rest)) = marked(line) else { continue };
        let (content, remark) = rest.split_once('#').unwrap_or((rest, ""));
        // scriptor explains the status word after a colon.
        let content = content.split(" : ").next().unwrap_or_default();
        let content = without_talk(content);
        match (bytes(&content), way) {
            (Some(bytes), Way::Command) => to.command(number, bytes),
            (Some(bytes), Way::Answer) => to.answer(number, bytes, micros(remark)),
            (None, _) => to.pass(number),
        }
    }
}

/// Debug log of pcscd.
pub(super) fn pcscd(text: &str, to: &mut Collector) {
    for (number, line) in numbered(text) {
        if let Some((way, rest)) = pcscd_mark(line) {
            match (bytes(rest), way) {
                (Some(bytes), Way::Command) => to.command(number, bytes),
                (Some(bytes), Way::Answer) => to.answer(number, bytes, None),
                (None, _) => to.pass(number),
            }
        } else if let Some((_, atr)) = line.split_once("Card ATR: ") {
            to.reset(number, bytes(atr).and_then(reset));
        } else if ["power up complete", "Reset complete", "Card removed"]
            .iter()
            .any(|talk| line.contains(talk))
        {
            to.reset(number, None);
        }
    }
}

/// `00000003 APDU: …` or `00000096 SW: …`, with whatever colours and counters stand before.
pub(super) fn pcscd_mark(line: &str) -> Option<(Way, &str)> {
    let clock = line.trim_start_matches(|c: char| !c.is_ascii_digit());
    let rest = clock.trim_start_matches(|c: char| c.is_ascii_digit());
    if clock.len() - rest.len() != 8 {
        return None;
    }
    let rest = rest.trim_start();
    let command = rest.strip_prefix("APDU: ").map(|rest| (Way::Command, rest));
    command.or_else(|| rest.strip_prefix("SW: ").map(|rest| (Way::Answer, rest)))
}

/// Hexadecimal lines in turn, or `command -> answer` and `command=answer` in one.
pub(super) fn plain(text: &str, to: &mut Collector) {
    for (number, line) in numbered(text) {
        let (content, remark) = line.split_once('#').unwrap_or((line, ""));
        if content.trim().is_empty() {
            match parse_reset(remark) {
                Some(reset) => to.reset(number, Some(reset)),
                None if remark.trim().is_empty() => {}
                None => to.remark(number, remark),
            }
            continue;
        }
        let parts: Vec<Option<Bytes>> = content.splitn(2, ['=', '→']).map(arrowless).collect();
        match parts.as_slice() {
            [Some(command), Some(answer)] => {
                to.command(number, command.clone());
                to.answer(number, answer.clone(), micros(remark));
            }
            [Some(bytes)] if to.is_waiting() && is_answer(bytes) => to.answer(number, bytes.clone(), micros(remark)),
            [Some(bytes)] => to.command(number, bytes.clone()),
            _ => one_line(number, content, to),
        }
    }
}

/// `command -> answer`; the hyphen may also stand between bytes.
fn one_line(number: usize, content: &str, to: &mut Collector) {
    let both = content
        .split_once('>')
        .and_then(|(command, answer)| Some((arrowless(command)?, arrowless(answer)?)));
    match both {
        Some((command, answer)) => {
            to.command(number, command);
            to.answer(number, answer, None);
        }
        None => to.pass(number),
    }
}

fn arrowless(text: &str) -> Option<Bytes> {
    bytes(text.trim().trim_matches(['>', '-', '=']))
}

/// Whether bytes may end with a status word (ISO/IEC 7816-4 §5.6: 6X or 9X).
fn is_answer(bytes: &Bytes) -> bool {
    bytes.len() < 4 || matches!(bytes.get(bytes.len() - 2), Some(Some(0x60..=0x6F | 0x90..=0x9F) | None))
}

/// Whether a line is marked and holds bytes.
pub(super) fn is_marked(line: &str) -> bool {
    line.trim() == "# ssc transcript" || marked(line).is_some_and(|(_, rest)| starts_with_bytes(&without_talk(rest)))
}

fn starts_with_bytes(text: &str) -> bool {
    let mut digits = text.chars().filter(|c| !c.is_whitespace());
    let digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_hexdigit() || c == '*');
    digit(digits.next()) && digit(digits.next())
}

fn marked(line: &str) -> Option<(Way, &str)> {
    let line = line.trim();
    let find = |marks: &[&str], way| {
        let rest = marks.iter().find_map(|mark| strip_prefix(line, mark))?;
        Some((way, rest.trim_start_matches([':', '=', ' ', '\t'])))
    };
    find(&COMMANDS, Way::Command).or_else(|| find(&ANSWERS, Way::Answer))
}

/// The rest after a mark, whatever its case.
fn strip_prefix<'t>(line: &'t str, mark: &str) -> Option<&'t str> {
    let (head, rest) = line.split_at_checked(mark.len())?;
    head.eq_ignore_ascii_case(mark).then_some(rest)
}

/// apdu4j tells protocol, lengths and time in front: `T=0 (4+0015)`, `(0028+2) (14ms)`.
fn without_talk(text: &str) -> String {
    let talk = |word: &&str| !(word.starts_with("T=") || word.starts_with('(') && word.ends_with(')'));
    text.split_whitespace().filter(talk).collect::<Vec<_>>().join(" ")
}

/// `412 us` in a remark.
fn micros(remark: &str) -> Option<u64> {
    remark.trim().strip_suffix("us")?.trim().parse().ok()
}

/// An answer to reset as pcscd logs it; a contactless card's is made up by the reader (PC/SC part 3 §3.1.3.2.3.1).
pub(super) fn reset(bytes: Bytes) -> Option<Reset> {
    let bytes: Vec<u8> = bytes.into_iter().collect::<Option<_>>()?;
    let contactless = crate::reset::explain(&bytes).kind == crate::reset::Kind::PcscContactless;
    let interface = if contactless {
        Interface::Contactless
    } else {
        Interface::Contact
    };
    Some(Reset { bytes, interface })
}

fn numbered(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().map(|(index, line)| (index + 1, line.trim()))
}

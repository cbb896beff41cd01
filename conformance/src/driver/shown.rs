//! Calls in transcripts: personal data, PINs and keys are masked, the form stays.

use super::fit::SEPARATORS;
use super::function::{Argument, Invocation, Parameter};
use super::script::Times;
use super::stand::Answer;
use reader::driver::Encoding;

/// A call as it stands in a transcript.
pub(super) fn call(call: &Invocation, times: Times) -> String {
    let name = call.function.name;
    let mut text = match times {
        Times::Once => format!("@ {name}"),
        Times::Together(count) => format!("@ together {count} {name}"),
        Times::Repeat(count) => format!("@ repeat {count} {name}"),
    };
    for (argument, parameter) in call.arguments.iter().zip(call.function.parameters) {
        text.push(' ');
        text += &match (argument, parameter) {
            (Argument::Null, _) => "NULL".to_owned(),
            (Argument::Number(number), _) => number.to_string(),
            // pFileAddr and pPayInfo name no person.
            (Argument::Text(bytes), Parameter::Text(512 | 1024)) if bytes.len() <= 200 => quoted(&decoded(bytes)),
            (Argument::Text(bytes), _) => quoted(&masked(&decoded(bytes))),
        };
    }
    text
}

/// An answer: of a success only the form of pOutInfo, of a failure its words.
pub(super) fn answer(answer: &Answer) -> String {
    let out = decoded(&answer.out);
    let out = if answer.code == 0 { masked(&out) } else { out };
    format!("< {} {out}", answer.code).trim_end().to_owned()
}

fn decoded(bytes: &[u8]) -> String {
    Encoding::Gbk
        .decode(bytes)
        .unwrap_or_else(|_| format!("({} bytes that are no GBK)", bytes.len()))
}

/// Every character but separators and names of files is hidden; of long items stands only how long they are.
fn masked(text: &str) -> String {
    let mut shown = String::new();
    for item in text.split_inclusive(SEPARATORS) {
        let name = item.trim_end_matches(SEPARATORS);
        let length = name.chars().count();
        if name.is_ascii() && length == 8 && name.get(4..6) == Some("EF") {
            shown += name;
        } else if length > LONG {
            shown += &format!("*({length})");
        } else {
            shown += &"*".repeat(length);
        }
        shown += &item[name.len()..];
    }
    shown
}

/// Items with more characters are not drawn out.
const LONG: usize = 40;

fn quoted(text: &str) -> String {
    if text.is_empty() || text.contains(char::is_whitespace) {
        format!("\"{text}\"")
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_shown() {
        let out = Encoding::Gbk.encode("SSSEEF06|张三|111111198101011110|$");
        let text = answer(&Answer { code: 0, out });
        assert_eq!(text, "< 0 SSSEEF06|**|******************|$");
        let out = Encoding::Gbk.encode("无卡");
        assert_eq!(answer(&Answer { code: -2, out }), "< -2 无卡");
    }
}

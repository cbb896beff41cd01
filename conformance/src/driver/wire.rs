//! Calls between the runner and a process that has loaded a library: lines of text.
//!
//! A vendor's library may end the process, hang, or print to its output, so it is called in a process of its own. A request is
//! `COUNT NAME ARGUMENT…` with `i5` for a number, `tC4E3` for the bytes of a string and `n` for NULL. Each answer is a line that begins
//! with [`MARK`]; all else on the line or on others the library printed itself.

use super::function::{Argument, Function, Invocation};
use super::stand::{Answer, CallFault};

/// Begins an answer.
pub const MARK: &str = "ssc-driver-answer:";

/// A request as a line, without its end.
pub fn request(count: usize, call: &Invocation) -> String {
    let mut line = format!("{count} {}", call.function.name);
    for argument in &call.arguments {
        line += &match argument {
            Argument::Number(number) => format!(" i{number}"),
            Argument::Text(bytes) => format!(" t{}", hex::encode(bytes)),
            Argument::Null => " n".to_owned(),
        };
    }
    line
}

/// Reads a request: how many calls at once, and which.
pub fn parse_request(line: &str) -> Option<(usize, Invocation)> {
    let mut words = line.split_whitespace();
    let count = words.next()?.parse().ok().filter(|count| (1..=64).contains(count))?;
    let function = Function::named(words.next()?)?;
    let argument = |word: &str| match word.split_at_checked(1)? {
        ("i", number) => number.parse().ok().map(Argument::Number),
        ("t", digits) => hex::decode(digits).ok().map(Argument::Text),
        ("n", "") => Some(Argument::Null),
        _ => None,
    };
    let arguments = words.map(argument).collect::<Option<Vec<_>>>()?;
    (arguments.len() == function.parameters.len()).then_some((count, Invocation { function, arguments }))
}

/// An answer as a line, without its end.
pub fn answer(answer: &Result<Answer, CallFault>) -> String {
    match answer {
        Ok(answer) => format!("{MARK} {} t{}", answer.code, hex::encode(&answer.out)),
        Err(CallFault::Missing) => format!("{MARK} missing"),
        Err(CallFault::Overrun) => format!("{MARK} overrun"),
        Err(CallFault::Endless) => format!("{MARK} endless"),
        Err(CallFault::Changed) => format!("{MARK} changed"),
        Err(CallFault::Silent) => format!("{MARK} silent"),
        Err(CallFault::Died(how)) => format!("{MARK} died {how}"),
    }
}

/// Reads an answer; nothing for what is none.
pub fn parse_answer(line: &str) -> Option<Result<Answer, CallFault>> {
    let text = line.split_once(MARK)?.1.trim();
    Some(Err(match text.split_once(' ').unwrap_or((text, "")) {
        ("missing", _) => CallFault::Missing,
        ("overrun", _) => CallFault::Overrun,
        ("endless", _) => CallFault::Endless,
        ("changed", _) => CallFault::Changed,
        ("silent", _) => CallFault::Silent,
        ("died", how) => CallFault::Died(how.to_owned()),
        (code, out) => {
            return Some(Ok(Answer {
                code: code.parse().ok()?,
                out: hex::decode(out.strip_prefix('t')?).ok()?,
            }));
        }
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn both_ways() {
        let call = Invocation {
            function: Function::named("iDoDebit").expect("there"),
            arguments: vec![Argument::Number(-3), Argument::Null, Argument::Text(Vec::new())],
        };
        assert_eq!(parse_request(&request(4, &call)), Some((4, call)));
        for one in [
            Ok(Answer {
                code: -2201,
                out: vec![0xC4, 0xE3],
            }),
            Err(CallFault::Missing),
            Err(CallFault::Overrun),
            Err(CallFault::Died("signal: 11".to_owned())),
        ] {
            assert_eq!(
                parse_answer(&format!("Thread attach success{}", answer(&one))),
                Some(one)
            );
        }
        assert_eq!(parse_answer("Thread attach success"), None);
    }

    proptest! {
        #[test]
        fn any_line_is_read_or_not(line in "\\PC{0,60}") {
            let _ = (parse_request(&line), parse_answer(&line), parse_answer(&format!("{MARK}{line}")));
        }
    }
}

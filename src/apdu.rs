//! `ssc apdu`: raw commands.

use crate::args::Apdu;
use crate::connect::Desk;
use crate::failure::{Class, Failure};
use crate::output::{Report, Table, duration, hex_upper};
use card_model::status::StatusWord;
use card_model::words::Lang;
use rust_i18n::t;
use serde_json::json;
use std::time::Instant;

/// One command of the call.
struct Step {
    command: Vec<u8>,
    expected: Option<StatusWord>,
}

impl Step {
    /// Whether the caller expects what T=0 answers on the way, so that it must not be resolved.
    fn wants_61_or_6c(&self) -> bool {
        self.expected.is_some_and(|sw| sw.sw1() == 0x61 || sw.sw1() == 0x6C)
    }

    /// Whether this fetches the answer of the command before it.
    fn is_get_response(&self) -> bool {
        self.command.get(1) == Some(&0xC0)
    }
}

/// Sends the commands in turn and stops at the first that answers otherwise than expected.
pub fn run(it: &Apdu, desk: &Desk) -> Result<Report, Failure> {
    let lang = desk.output.lang;
    let locale = lang.locale();
    let steps = it
        .commands
        .iter()
        .map(|text| parse(text, lang))
        .collect::<Result<Vec<_>, _>>()?;
    let mut card = desk.card(false)?;
    let mut rows = Vec::new();
    let mut table = Table::new(&[
        t!("ssc.apdu.command", locale = locale),
        t!("ssc.apdu.response", locale = locale),
        t!("ssc.apdu.sw", locale = locale),
        t!("ssc.apdu.meaning", locale = locale),
        t!("ssc.apdu.time", locale = locale),
    ]);
    let mut failure = None;
    for (number, step) in steps.iter().enumerate() {
        let raw = it.raw || step.wants_61_or_6c() || steps.get(number + 1).is_some_and(Step::is_get_response);
        let start = Instant::now();
        let answer = if raw {
            card.transmit(&step.command)
        } else {
            reader::link::exchange_bytes(&mut card, &step.command).map(|response| response.to_bytes())
        };
        let answer = answer.map_err(|e| desk.transport(&e))?;
        let micros = u64::try_from(start.elapsed().as_micros()).unwrap_or(u64::MAX);
        let Some((data, sw)) = answer.split_last_chunk::<2>() else {
            continue;
        };
        let sw = StatusWord(u16::from_be_bytes(*sw));
        let (command, response) = (hex_upper(&step.command), hex_upper(data));
        rows.push(
            json!({ "command": command, "response": response, "sw": sw_text(sw), "micros": micros,
            "expected": step.expected.map(sw_text) }),
        );
        table.row(vec![
            command.clone(),
            response,
            sw_text(sw),
            sw.meaning(lang),
            duration(micros),
        ]);
        if let Some(expected) = step.expected.filter(|expected| *expected != sw) {
            failure = Some(mismatch(&command, expected, sw, card.reason().as_ref(), lang));
            break;
        }
    }
    Ok(Report::new(json!(rows), table.to_string()).with(failure))
}

fn sw_text(sw: StatusWord) -> String {
    format!("{:04X}", sw.0)
}

fn mismatch(
    command: &str,
    expected: StatusWord,
    sw: StatusWord,
    reason: Option<&reader::channel::Reason>,
    lang: Lang,
) -> Failure {
    let locale = lang.locale();
    let mut why = t!(
        "ssc.apdu.got",
        locale = locale,
        sw = sw_text(sw),
        meaning = sw.meaning(lang)
    )
    .into_owned();
    if let Some(condition) = reason.and_then(|r| r.condition.as_ref()) {
        why.push_str(&t!("ssc.apdu.rule", locale = locale, condition = condition));
    }
    let mut failure = Failure::new(
        Class::Verdict,
        t!(
            "ssc.apdu.mismatch",
            locale = locale,
            command = command,
            expected = sw_text(expected)
        ),
    )
    .because(why);
    failure.sw = Some(sw.0);
    failure.words.next = sw.next_step(lang);
    failure
}

fn parse(text: &str, lang: Lang) -> Result<Step, Failure> {
    let locale = lang.locale();
    let wrong = || {
        Failure::input(t!("ssc.apdu.form", locale = locale, text = text))
            .next(t!("ssc.apdu.form_next", locale = locale))
    };
    let (command, sw) = text
        .split_once('=')
        .map_or((text, None), |(command, sw)| (command, Some(sw)));
    let command = reader::command::parse_hex(command).map_err(|_| wrong())?;
    if command.len() < 4 {
        return Err(wrong().because(t!("ssc.apdu.short", locale = locale)));
    }
    let expected = match sw {
        None => None,
        Some(sw) => {
            let sw = reader::command::parse_hex(sw)
                .ok()
                .and_then(|b| <[u8; 2]>::try_from(b).ok())
                .ok_or_else(wrong)?;
            Some(StatusWord(u16::from_be_bytes(sw)))
        }
    };
    Ok(Step { command, expected })
}

//! `ssc write`: elements after the right authentication, read back and compared.

use crate::args::Write;
use crate::ask;
use crate::connect::Desk;
use crate::failure::{Class, Failure};
use crate::output::Report;
use crate::session::Person;
use reader::session::Written;
use rust_i18n::t;
use serde_json::json;

/// Writes all values; nothing is written if one of them is wrong.
pub fn run(it: &Write, desk: &Desk) -> Result<Report, Failure> {
    let lang = desk.output.lang;
    let locale = lang.locale();
    let values = it
        .assignments
        .iter()
        .map(|text| {
            text.split_once('=').ok_or_else(|| {
                Failure::input(t!("ssc.write.form", locale = locale, text = text))
                    .next(t!("ssc.write.form_next", locale = locale))
            })
        })
        .collect::<Result<Vec<_>, _>>()?;
    let mut keys = desk.required_security()?;
    let mut person = Person::new(desk.output);
    let written = {
        let mut session = desk.session(true)?.with_security(keys.as_mut());
        // Reading back may want the PIN; nobody is asked for it, the written value is what matters.
        if ask::has(ask::PIN) {
            session = session.with_pins(&mut person);
        }
        session.write_text(&values).map_err(|e| desk.refusal(&e))?
    };
    let failure = person.failure.or_else(|| {
        written.iter().find(|w| !w.ok).map(|w| match &w.error {
            Some(error) => desk.refusal(error),
            None => Failure::new(
                Class::Verdict,
                t!("ssc.write.different", locale = locale, path = w.path),
            ),
        })
    });
    let lines: Vec<String> = written.iter().map(|w| line(w, locale)).collect();
    let rows: Vec<_> = written
        .iter()
        .map(|w| {
            let error = w.error.as_ref().map(|e| desk.refusal(e).json());
            json!({ "path": w.path, "ok": w.ok, "compared": w.compared, "error": error })
        })
        .collect();
    Ok(Report::new(json!({ "written": rows }), lines.join("\n")).with(failure))
}

fn line(written: &Written, locale: &str) -> String {
    let words = match (written.ok, written.compared) {
        (true, true) => t!("ssc.write.done", locale = locale),
        (true, false) => t!("ssc.write.done_unread", locale = locale),
        (false, _) => t!("ssc.write.failed", locale = locale),
    };
    format!("{}: {words}", written.path)
}

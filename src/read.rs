//! `ssc read`: files and elements, decoded.

use crate::args::Read;
use crate::ask;
use crate::connect::Desk;
use crate::failure::Failure;
use crate::output::{Report, Table};
use crate::session::{Person, today};
use card_model::profile::Profile;
use card_model::words::Lang;
use jiff::civil::Date;
use reader::decode::ElementView;
use reader::session::{FileReading, ReadingView};
use reader::wellknown;
use rust_i18n::t;
use serde_json::json;
use std::io::IsTerminal;

/// Reads the paths, or all that may be read.
pub fn run(it: &Read, desk: &Desk) -> Result<Report, Failure> {
    let lang = desk.output.lang;
    let mut keys = desk.security()?;
    let mut person = Person::new(desk.output);
    let readings;
    let profile;
    {
        let mut session = desk.session(false)?;
        if let Some(keys) = &mut keys {
            session = session.with_security(keys.as_mut());
        }
        // Named paths are worth a question to the person at the terminal; a look around asks only when told to.
        if it.pin || ask::has(ask::PIN) || (!it.paths.is_empty() && std::io::stdin().is_terminal()) {
            session = session.with_pins(&mut person);
        }
        profile = session.profile().name.clone();
        let paths: Vec<&str> = it.paths.iter().map(String::as_str).collect();
        let result = if paths.is_empty() {
            session.read_all()
        } else {
            session.read(&paths)
        };
        readings = result.map_err(|e| desk.refusal(&e))?;
    }
    let failure = match person.failure {
        Some(failure) => Some(failure),
        None => readings
            .iter()
            .find_map(|reading| reading.error.as_ref())
            .map(|e| desk.refusal(e)),
    };
    if let Some(day) = expired(&readings) {
        desk.output
            .talk(&t!("ssc.read.expired", locale = lang.locale(), day = day));
    }
    let text = text(desk.profile(&profile)?, &readings, lang);
    Ok(Report::new(json!(ReadingView::new(&readings, lang)), text).with(failure))
}

/// The day on which the card expired, if it was among what was read and is over.
fn expired(readings: &[FileReading]) -> Option<Date> {
    let (_, tag) = wellknown::EXPIRY_DATE.rsplit_once('/')?;
    let tag = u8::from_str_radix(tag, 16).ok()?;
    let mut issuer = readings
        .iter()
        .filter(|reading| wellknown::EXPIRY_DATE.starts_with(&reading.path));
    let day = issuer.find_map(|reading| reading.element(tag))?.value.plain()?;
    Date::strptime("%Y%m%d", day).ok().filter(|day| *day < today())
}

/// What was read, for people: one table per file.
pub fn text<'r>(profile: &Profile, readings: impl IntoIterator<Item = &'r FileReading>, lang: Lang) -> String {
    let locale = lang.locale();
    let mut parts = Vec::new();
    for reading in readings {
        let view = reading.view(lang);
        let name = profile
            .locate(&reading.path)
            .map(|l| lang.pick(&l.file.zh, &l.file.en).to_string());
        let mut part = format!("{}  {}\n", view.path, name.unwrap_or_default());
        if let Some(error) = &view.error {
            part.push_str(&format!("  {error}\n"));
        } else if view.elements.is_empty() {
            part.push_str(&format!("  {}\n", t!("ssc.read.empty", locale = locale)));
        } else {
            let mut table = Table::plain(3);
            for element in &view.elements {
                rows(&mut table, element, "", lang);
            }
            part.push_str(
                &table
                    .to_string()
                    .lines()
                    .map(|line| format!("  {line}\n"))
                    .collect::<String>(),
            );
        }
        parts.push(part);
    }
    parts.join("\n").trim_end().to_string()
}

fn rows(table: &mut Table, element: &ElementView, indent: &str, lang: Lang) {
    let tag = element.tag.clone().unwrap_or_default();
    let name = lang.pick(&element.name_zh, &element.name);
    let name = if element.occurrence > 1 {
        format!("{name} ({})", element.occurrence)
    } else {
        name.to_string()
    };
    let text = match (element.elements.is_empty(), element.text.is_empty()) {
        (false, _) => String::new(),
        (true, true) => "–".into(),
        (true, false) => element.text.clone(),
    };
    let text = match &element.note {
        Some(note) => format!("{text}{}{note}{}", lang.pick("（", "  ("), lang.pick("）", ")")),
        None => text,
    };
    table.row(vec![format!("{indent}{tag}"), format!("{indent}{name}"), text]);
    for inner in &element.elements {
        rows(table, inner, &format!("{indent}  "), lang);
    }
}

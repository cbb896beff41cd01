//! `ssc trace explain`: a log of APDUs, line by line, offline.

use crate::args::TraceExplain;
use crate::connect::Desk;
use crate::failure::{Class, Failure};
use crate::output::{Report, hex_upper};
use card_model::words::Lang;
use reader::channel::Reset;
use reader::explain::{Entry, Explained, Field, Log, Options, Step, explain};
use rust_i18n::t;
use serde_json::{Value, json};
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

/// Logs above this size are refused: nobody reads the explanation of one.
const LARGEST: u64 = 64 << 20;

/// Reads, explains and shows a log.
pub fn run(it: &TraceExplain, desk: &Desk) -> Result<Report, Failure> {
    let lang = desk.output.lang;
    let text = text(&it.file, lang)?;
    let log = Log::parse(&text).map_err(|error| Failure::explained(Class::Input, &error, lang))?;
    let profile = it
        .profile
        .as_deref()
        .map(|name| crate::profile::named(name, desk))
        .transpose()?;
    let extended = desk.overlay.iter().flat_map(|overlay| overlay.profiles());
    let options = Options {
        profile: profile.map(|profile| Arc::new(profile.into_owned())),
        extended: extended.cloned().map(Arc::new).collect(),
        reveal: it.reveal,
    };
    let explained = explain(&log, &options).map_err(|error| Failure::explained(Class::Input, &error, lang))?;
    let note = if it.reveal {
        "explain.revealed"
    } else {
        "explain.masked"
    };
    desk.output.talk(&t!(note, locale = lang.locale()));
    if !log.passed.is_empty() {
        let lines: Vec<String> = log.passed.iter().map(usize::to_string).collect();
        desk.output
            .talk(&t!("explain.passed", locale = lang.locale(), lines = lines.join(", ")));
    }
    Ok(Report::new(
        document(&log, &explained, lang),
        page(&log, &explained, lang),
    ))
}

fn text(path: &Path, lang: Lang) -> Result<String, Failure> {
    let read = || -> std::io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        if path == Path::new("-") {
            std::io::stdin().lock().take(LARGEST + 1).read_to_end(&mut bytes)?;
        } else {
            std::fs::File::open(path)?.take(LARGEST + 1).read_to_end(&mut bytes)?;
        }
        Ok(bytes)
    };
    let bytes = read().map_err(|error| Failure::file(lang, path, &error))?;
    if bytes.len() as u64 > LARGEST {
        let size = LARGEST >> 20;
        return Err(Failure::input(t!(
            "explain.too_large",
            locale = lang.locale(),
            size = size
        )));
    }
    // Logs carry whatever a program printed; what is no UTF-8 is no APDU either.
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn evidence(explained: &Explained) -> &'static str {
    explained.evidence.map_or("given", |evidence| evidence.name())
}

fn page(log: &Log, explained: &Explained, lang: Lang) -> String {
    let locale = lang.locale();
    let key = format!("explain.evidence.{}", evidence(explained));
    let mut lines = vec![
        t!(
            "explain.head",
            locale = locale,
            format = log.format.text(lang),
            profile = explained.profile.name,
            evidence = t!(&key, locale = locale)
        )
        .into_owned(),
    ];
    for entry in &explained.steps {
        match entry {
            Entry::Reset { line, reset } => {
                let answer = reset.as_ref().map(reset_text).unwrap_or_default();
                lines.push(format!("{line:>6}  {}{answer}", t!("explain.reset", locale = locale)));
            }
            Entry::Remark { line, text } => lines.push(format!("{line:>6}  # {text}")),
            Entry::Exchange(step) => exchange(step, lang, &mut lines),
        }
    }
    lines.join("\n")
}

fn reset_text(reset: &Reset) -> String {
    format!(" {}", hex_upper(&reset.bytes))
}

fn exchange(step: &Step, lang: Lang, lines: &mut Vec<String>) {
    let locale = lang.locale();
    lines.push(format!("{:>6}  {}", step.line, step.title(lang)));
    lines.push(format!("        > {}", step.command));
    lines.extend(step.sent.iter().map(|field| field_text(field, lang)));
    match (&step.data, step.meaning(lang)) {
        (None, _) => lines.push(format!("        < {}", t!("explain.no_answer", locale = locale))),
        (Some(data), meaning) => {
            let sw = step.sw.map_or_else(|| "****".to_owned(), |sw| sw.to_string());
            let data = if data.is_empty() {
                String::new()
            } else {
                format!("{data} ")
            };
            lines.push(format!("        < {data}{sw}  {}", meaning.unwrap_or_default()));
        }
    }
    lines.extend(step.received.iter().map(|field| field_text(field, lang)));
    lines.extend(
        step.cause
            .iter()
            .map(|cause| format!("          {}", cause.words(lang))),
    );
    lines.extend(
        step.effects
            .iter()
            .map(|effect| format!("          {}", effect.words(lang))),
    );
    if let Some(next) = step.next_step(lang) {
        lines.push(format!(
            "          {}",
            t!("explain.next", locale = locale, next = next)
        ));
    }
}

fn field_text(field: &Field, lang: Lang) -> String {
    let tag = field.tag.map(|tag| format!("{tag:02X} ")).unwrap_or_default();
    let text = field.text(lang).map(|text| format!(" = {text}")).unwrap_or_default();
    format!("          {tag}{}: {}{text}", field.name(lang), field.hex)
}

fn document(log: &Log, explained: &Explained, lang: Lang) -> Value {
    let entries: Vec<Value> = explained.steps.iter().map(|entry| entry_json(entry, lang)).collect();
    json!({
        "format": log.format.name(),
        "profile": explained.profile.name,
        "profile_by": evidence(explained),
        "masked": !explained.revealed,
        "passed": log.passed,
        "entries": entries,
    })
}

fn entry_json(entry: &Entry, lang: Lang) -> Value {
    match entry {
        Entry::Reset { line, reset } => json!({
            "line": line, "type": "reset", "answer": reset.as_ref().map(|reset| hex_upper(&reset.bytes)),
        }),
        Entry::Remark { line, text } => json!({ "line": line, "type": "remark", "text": text }),
        Entry::Exchange(step) => json!({
            "line": step.line,
            "type": "exchange",
            "title": step.title(lang),
            "kind": step.kind.map(|kind| kind.name()),
            "clause": step.kind.map(|kind| kind.clause()),
            "path": step.target.as_ref().map(|target| &target.path),
            "record": step.target.as_ref().and_then(|target| target.record),
            "name": step.target.as_ref().map(|target| &target.en),
            "name_zh": step.target.as_ref().map(|target| &target.zh),
            "key": step.key.as_ref().map(|key| &key.name),
            "command": step.command,
            "response": step.data,
            "sw": step.sw.map(|sw| sw.to_string()),
            "micros": step.micros,
            "sent": step.sent.iter().map(|field| field_json(field, lang)).collect::<Vec<_>>(),
            "received": step.received.iter().map(|field| field_json(field, lang)).collect::<Vec<_>>(),
            "meaning": step.meaning(lang),
            "cause": step.cause.as_ref().map(|cause| cause.name()),
            "reason": step.cause.as_ref().map(|cause| cause.words(lang)),
            "effects": step.effects.iter().map(|effect| effect.words(lang)).collect::<Vec<_>>(),
            "next": step.next_step(lang),
        }),
    }
}

fn field_json(field: &Field, lang: Lang) -> Value {
    json!({
        "tag": field.tag.map(|tag| format!("{tag:02X}")),
        "name": field.en,
        "name_zh": field.zh,
        "raw": field.hex,
        "text": field.text(lang),
    })
}

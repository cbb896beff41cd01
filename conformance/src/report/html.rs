//! A run as one HTML page: summary, charts, coverage, and each case with its steps and what went over the channel.

use super::chart::{self, count};
use super::coverage::coverage;
use super::listing::listing;
use super::page::{both, duration, escape, frame, plain_word, table, word};
use super::{VERDICTS, name};
use crate::run::Run;
use crate::suite::check::document_of;
use std::collections::BTreeMap;
use std::fmt::Write;

/// Upper ends of the classes of latency, in microseconds of one command.
const CLASSES: [u64; 9] = [100, 300, 1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000];

/// The page of a run, in Chinese and English, masked as the run is.
pub fn html(run: &Run) -> String {
    let mut body = String::new();
    summary(run, &mut body);
    section(
        &mut body,
        "groups",
        &chart::verdicts(&count(&run.results, |result| vec![&result.item])),
    );
    let documents = count(&run.results, |result| {
        result.clauses.iter().map(|clause| document_of(clause)).collect()
    });
    section(&mut body, "documents", &chart::verdicts(&documents));
    clauses(run, &mut body);
    coverage(run, &mut body);
    latency(run, &mut body);
    listing(run, &mut body);
    frame(&plain_word("title"), &body)
}

fn section(body: &mut String, heading: &str, content: &str) {
    let _ = write!(body, "<h2>{}</h2>\n{content}\n", word(heading));
}

fn summary(run: &Run, body: &mut String) {
    let subject = &run.subject;
    let reset = format!("<code>{}</code>", escape(&subject.reset));
    let interface = word(match subject.interface {
        crate::suite::format::InterfaceName::Contact => "contact",
        crate::suite::format::InterfaceName::Contactless => "contactless",
    });
    let micros = run.results.iter().map(|result| result.micros).sum();
    let commands: u64 = run.results.iter().map(|result| result.commands).sum();
    let rows = [
        ("profile", escape(&subject.profile)),
        ("reader", escape(&subject.reader)),
        ("interface", interface),
        ("reset", reset),
        ("region", escape(&subject.region)),
        ("module", escape(&subject.module)),
        ("started", escape(&run.started.to_string())),
        ("finished", escape(&run.finished.to_string())),
        ("time", duration(micros)),
        ("commands", commands.to_string()),
        ("program", format!("ssc {}", escape(&run.version))),
    ];
    body.push_str("<div class=\"counts\">");
    for (verdict, number) in VERDICTS
        .iter()
        .zip([run.passed, run.failed, run.not_applicable, run.inconclusive])
    {
        let class = name(*verdict);
        let _ = write!(body, "<div class=\"{class}\"><b>{number}</b>{}</div>", word(class));
    }
    let _ = write!(
        body,
        "<div><b>{}/{}</b>{}</div></div>",
        run.results.len(),
        run.cases,
        word("cases")
    );
    if let Some(reason) = &run.interrupted {
        let _ = write!(body, "<p><b>{}</b>: {}</p>", word("interrupted"), both(reason));
    }
    let rows: Vec<Vec<String>> = rows.into_iter().map(|(key, value)| vec![word(key), value]).collect();
    body.push_str(&table(&[], &rows));
}

fn clauses(run: &Run, body: &mut String) {
    let counts = count(&run.results, |result| {
        result.clauses.iter().map(String::as_str).collect()
    });
    let content = format!(
        "<details><summary>{} ({})</summary><div class=\"case\">{}</div></details>",
        word("clauses"),
        counts.len(),
        chart::verdicts(&counts)
    );
    body.push_str(&content);
}

fn latency(run: &Run, body: &mut String) {
    let mut classes = [0u64; CLASSES.len() + 1];
    let mut items: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
    for result in run.results.iter().filter(|result| result.commands > 0) {
        let each = result.micros / result.commands;
        let class = CLASSES.iter().position(|end| each < *end).unwrap_or(CLASSES.len());
        if let Some(number) = classes.get_mut(class) {
            *number += 1;
        }
        items.entry(&result.item).or_default().push(each);
    }
    let label = |class: usize| match (
        class.checked_sub(1).and_then(|below| CLASSES.get(below)),
        CLASSES.get(class),
    ) {
        (Some(from), Some(to)) => format!("{}–{}", duration(*from), duration(*to)),
        (None, Some(to)) => format!("< {}", duration(*to)),
        (from, None) => format!("≥ {}", duration(from.copied().unwrap_or_default())),
    };
    let rows: Vec<(String, u64, String)> = classes
        .iter()
        .enumerate()
        .map(|(class, number)| (label(class), *number, number.to_string()))
        .collect();
    section(body, "latency", &chart::numbers(&rows));
    let medians: Vec<(String, u64, String)> = items
        .into_iter()
        .map(|(item, mut times)| {
            times.sort_unstable();
            let median = times.get(times.len() / 2).copied().unwrap_or_default();
            let last = times.last().copied().unwrap_or_default();
            (
                item.to_owned(),
                median,
                format!("{} / {}", duration(median), duration(last)),
            )
        })
        .collect();
    section(body, "latency_items", &chart::numbers(&medians));
}

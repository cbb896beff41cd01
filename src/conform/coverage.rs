//! `ssc conform coverage`: what must be covered, and what a run has shown of it.

use super::earlier;
use crate::args::ConformCoverage;
use crate::connect::Desk;
use crate::failure::Failure;
use crate::output::{Report, Table};
use card_model::words::Lang;
use conformance::suite::coverage::{Part, Row};
use rust_i18n::t;
use serde_json::json;

/// Shows the coverage table of a run.
pub fn run(it: &ConformCoverage, desk: &Desk) -> Result<Report, Failure> {
    let lang = desk.output.lang;
    let run = earlier(&it.result, lang)?;
    if run.coverage.is_empty() {
        return Err(Failure::input(t!("conform.no_coverage", locale = lang.locale()))
            .next(t!("conform.no_coverage_next", locale = lang.locale())));
    }
    Ok(report(&run.coverage, &run.subject.profile, it.open, lang))
}

fn report(parts: &[Part], profile: &str, only_open: bool, lang: Lang) -> Report {
    let locale = lang.locale();
    let mut table = Table::new(&[
        t!("conform.section", locale = locale),
        t!("conform.row", locale = locale),
        t!("conform.cases", locale = locale),
    ]);
    for part in parts {
        for row in part.rows.iter().filter(|row| !only_open || row.cases.is_empty()) {
            let name = format!("{} {}", row.name.in_language(lang), row.what);
            table.row(vec![part.section.clone(), name.trim_end().to_owned(), told(row, lang)]);
        }
    }
    let [shown, explained, open] = parts.iter().fold([0; 3], |sums, part| {
        let [shown, explained, open] = part.sums();
        [sums[0] + shown, sums[1] + explained, sums[2] + open]
    });
    let summary = t!(
        "conform.covered",
        locale = locale,
        n = shown,
        of = shown + explained + open,
        explained = explained,
        open = open
    );
    let json = json!({
        "profile": profile,
        "rows": shown + explained + open,
        "covered": shown,
        "explained": explained,
        "open": open,
        "coverage": parts,
    });
    Report::new(json, format!("{table}\n{summary}"))
}

/// The cases of a row, or why there is none.
fn told(row: &Row, lang: Lang) -> String {
    let cases: Vec<&str> = row.cases.iter().map(String::as_str).collect();
    match (&row.reason, &row.test) {
        _ if !cases.is_empty() => format!("{} · {}", row.count, cases.join(", ")),
        (Some(reason), _) => reason.in_language(lang).to_owned(),
        (None, Some(test)) => test.clone(),
        (None, None) => t!("conform.open", locale = lang.locale()).into_owned(),
    }
}

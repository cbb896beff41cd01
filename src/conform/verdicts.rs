//! What `ssc conform run` says: tables, verdicts and reasons, of one card or of several.

use crate::failure::{Class, Failure};
use crate::output::{Report, Table, duration};
use card_model::words::Lang;
use conformance::run::{CaseResult, Run, Verdict};
use rust_i18n::t;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Cases that are named one by one.
const FEW: usize = 3;

/// One failed case in one line.
pub fn failed_line(result: &CaseResult, lang: Lang) -> String {
    let failure = result.failure.as_ref();
    t!(
        "conform.failed_line",
        locale = lang.locale(),
        id = result.id,
        title = result.title.in_language(lang),
        clause = result.clauses.join(", "),
        source = failure.map_or("", |failure| &failure.source),
        expected = failure.map_or("", |failure| &failure.expected),
        got = failure.map_or("", |failure| &failure.got),
        detail = failure.map_or("", |failure| &failure.detail)
    )
    .into_owned()
}

/// What a run says of one card.
pub fn report(run: &Run, lang: Lang) -> Report {
    let locale = lang.locale();
    let mut items: BTreeMap<&str, [usize; 4]> = BTreeMap::new();
    for result in &run.results {
        let counts = items.entry(&result.item).or_default();
        counts[match result.verdict {
            Verdict::Pass => 0,
            Verdict::Fail => 1,
            Verdict::NotApplicable => 2,
            Verdict::Inconclusive => 3,
        }] += 1;
    }
    let mut table = Table::new(&[
        t!("conform.item", locale = locale).into_owned(),
        format!(">{}", t!("conform.passed", locale = locale)),
        format!(">{}", t!("conform.failed", locale = locale)),
        format!(">{}", t!("conform.not_applicable", locale = locale)),
        format!(">{}", t!("conform.inconclusive", locale = locale)),
    ]);
    for (item, counts) in items {
        let mut row = vec![item.to_owned()];
        row.extend(counts.map(|count| count.to_string()));
        table.row(row);
    }
    let micros = run.results.iter().map(|result| result.micros).sum();
    let summary = t!(
        "conform.summary",
        locale = locale,
        cases = run.results.len(),
        of = run.cases,
        passed = run.passed,
        failed = run.failed,
        not_applicable = run.not_applicable,
        inconclusive = run.inconclusive,
        time = duration(micros)
    );
    let undecided = undecided(run, lang);
    let text = format!("{table}\n{undecided}{summary}");
    Report::new(document(run, lang), text).with(failure(run, lang))
}

/// A card of several, and what came out.
pub struct Judged {
    /// Its reader.
    pub reader: String,
    /// Its run, or why there is none.
    pub outcome: Result<Run, Failure>,
}

/// What runs on several cards say: one after the other, and all together.
pub fn report_all(judged: &[Judged], lang: Lang) -> Report {
    let locale = lang.locale();
    let mut texts = Vec::new();
    let mut cards = Vec::new();
    let mut failures = Vec::new();
    for Judged { reader, outcome } in judged {
        let failure = match outcome {
            Ok(run) => {
                let report = report(run, lang);
                texts.push(format!("{reader}\n{}", report.text));
                cards.push(report.json);
                report.failure
            }
            Err(failure) => {
                texts.push(format!("{reader}\n{}", failure.words.what));
                cards.push(json!({ "reader": reader, "error": failure.json() }));
                Some(failure.clone())
            }
        };
        failures.extend(failure.map(|failure| (reader.as_str(), failure)));
    }
    let runs = || judged.iter().filter_map(|card| card.outcome.as_ref().ok());
    let sum = |count: fn(&Run) -> usize| runs().map(count).sum::<usize>();
    let clean = runs().filter(|run| run.is_clean()).count();
    let last = t!("conform.all_cards", locale = locale, clean = clean, of = judged.len());
    let json = json!({
        "cases": sum(|run| run.cases),
        "passed": sum(|run| run.passed),
        "failed": sum(|run| run.failed),
        "not_applicable": sum(|run| run.not_applicable),
        "inconclusive": sum(|run| run.inconclusive),
        "cards": cards,
    });
    Report::new(json, format!("{}\n\n{last}", texts.join("\n\n"))).with(together(&failures, &last))
}

/// One failure for all cards: a card that failed counts more than one that was lost.
fn together(failures: &[(&str, Failure)], what: &str) -> Option<Failure> {
    let verdict = failures.iter().find(|(_, failure)| failure.class == Class::Verdict);
    let class = verdict.or(failures.first())?.1.class;
    let lines: Vec<String> = failures
        .iter()
        .map(|(reader, failure)| format!("{reader}: {}", failure.words.what))
        .collect();
    Some(Failure::new(class, what).because(lines.join("\n")))
}

/// Cases without a verdict, by their reasons.
fn undecided(run: &Run, lang: Lang) -> String {
    let mut by_reason: Vec<(&str, Vec<&str>)> = Vec::new();
    for result in run.results.iter().filter(|it| it.verdict == Verdict::Inconclusive) {
        let reason = result.reason.as_ref().map_or("", |reason| reason.in_language(lang));
        match by_reason.iter_mut().find(|(other, _)| *other == reason) {
            Some((_, cases)) => cases.push(&result.id),
            None => by_reason.push((reason, vec![&result.id])),
        }
    }
    let line = |(reason, cases): (&str, Vec<&str>)| match cases.as_slice() {
        few if few.len() <= FEW => format!("{}  {reason}\n", few.join(", ")),
        many => {
            let (locale, first) = (lang.locale(), many[..FEW].join(", "));
            let many = t!("conform.undecided_many", locale = locale, n = many.len(), first = first);
            format!("{many}  {reason}\n")
        }
    };
    by_reason.into_iter().map(line).collect()
}

/// The result file with what callers of `--json` expect beside it: one clause text, one reason in the caller's language.
fn document(run: &Run, lang: Lang) -> Value {
    let mut document = json!(run);
    if let Some(results) = document.get_mut("results").and_then(Value::as_array_mut) {
        for (value, result) in results.iter_mut().zip(&run.results) {
            value["clause"] = json!(result.clauses.join(", "));
            let reason = match (&result.reason, &result.failure) {
                (Some(reason), _) => Some(reason.in_language(lang).to_owned()),
                (None, Some(failure)) => Some(failure.detail.clone()),
                (None, None) => None,
            };
            value["reason"] = json!(reason);
        }
    }
    document
}

fn failure(run: &Run, lang: Lang) -> Option<Failure> {
    let locale = lang.locale();
    if run.failed > 0 {
        let failed = run.results.iter().filter(|result| result.verdict == Verdict::Fail);
        let lines: Vec<String> = failed.take(5).map(|result| failed_line(result, lang)).collect();
        return Some(
            Failure::new(
                Class::Verdict,
                t!("conform.not_conformant", locale = locale, n = run.failed),
            )
            .because(lines.join("\n")),
        );
    }
    if let Some(reason) = &run.interrupted {
        return Some(
            Failure::new(Class::NoCard, t!("conform.interrupted", locale = locale))
                .because(reason.in_language(lang))
                .next(t!("conform.interrupted_next", locale = locale)),
        );
    }
    (run.inconclusive > 0).then(|| {
        Failure::new(
            Class::Verdict,
            t!("conform.undecided", locale = locale, n = run.inconclusive),
        )
    })
}

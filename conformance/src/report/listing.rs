//! The list of cases: failures in full, everything else folded, its details kept once for all cases that share them.
//!
//! Steps and transcripts of thousands of cases are mostly the same lines. A page holds each line once, in a block of JSON that
//! the page's own script reads when a case is unfolded; what failed or stayed open stands in the page itself.

use super::page::{both, duration, escape, plain_word, table, word};
use super::{VERDICTS, name};
use crate::run::{CaseResult, Run, Verdict};
use crate::suite::Text;
use serde::Serialize;
use std::collections::HashMap;
use std::fmt::Write;

/// The details of folded cases.
#[derive(Default, Serialize)]
pub(super) struct Details<'r> {
    /// Each line once.
    lines: Vec<&'r str>,
    /// Of each folded case: purpose and reason in both languages, steps, transcript, as numbers of lines.
    cases: Vec<Detail>,
    #[serde(skip)]
    known: HashMap<&'r str, usize>,
}

#[derive(Serialize)]
struct Detail {
    /// Purpose: Chinese, English.
    #[serde(rename = "p")]
    purpose: [usize; 2],
    /// Reason: Chinese, English.
    #[serde(rename = "r", skip_serializing_if = "Option::is_none")]
    reason: Option<[usize; 2]>,
    /// Steps.
    #[serde(rename = "s")]
    steps: Vec<usize>,
    /// Transcript.
    #[serde(rename = "t", skip_serializing_if = "Vec::is_empty")]
    transcript: Vec<usize>,
    /// Time of all commands.
    #[serde(rename = "u")]
    time: String,
    /// Number of commands.
    #[serde(rename = "c")]
    commands: u64,
}

impl<'r> Details<'r> {
    fn line(&mut self, text: &'r str) -> usize {
        *self.known.entry(text).or_insert_with(|| {
            self.lines.push(text);
            self.lines.len() - 1
        })
    }

    fn text(&mut self, text: &'r Text) -> [usize; 2] {
        [self.line(&text.zh), self.line(&text.en)]
    }

    /// Keeps the details of a case and gives its number.
    fn keep(&mut self, result: &'r CaseResult) -> usize {
        let detail = Detail {
            purpose: self.text(&result.purpose),
            reason: result.reason.as_ref().map(|reason| self.text(reason)),
            steps: result.steps.trim().lines().map(|line| self.line(line)).collect(),
            transcript: result.transcript.iter().map(|line| self.line(line)).collect(),
            time: duration(result.micros),
            commands: result.commands,
        };
        self.cases.push(detail);
        self.cases.len() - 1
    }

    /// The block of JSON: text that no reader of HTML takes for marks.
    fn block(&self) -> String {
        let json = serde_json::to_string(self).unwrap_or_default();
        let mut safe = String::with_capacity(json.len());
        for c in json.chars() {
            match c {
                '<' | '>' | '&' | '\u{2028}' | '\u{2029}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' => {
                    let _ = write!(safe, "\\u{:04x}", u32::from(c));
                }
                c => safe.push(c),
            }
        }
        format!("<script type=\"application/json\" id=\"details\">{safe}</script>\n")
    }
}

/// The section of all cases.
pub(super) fn listing(run: &Run, body: &mut String) {
    let mut options = format!("<option value=\"\">{}</option>", option("all"));
    for verdict in VERDICTS {
        let _ = write!(
            options,
            "<option value=\"{0}\">{1}</option>",
            name(verdict),
            option(name(verdict))
        );
    }
    let _ = write!(
        body,
        "<h2>{}</h2>\n<div class=\"filter\"><select id=\"verdict\">{options}</select>\
         <input id=\"search\" type=\"search\"><span id=\"shown\"></span></div>\n",
        word("all_cases")
    );
    let mut details = Details::default();
    for result in &run.results {
        match result.verdict {
            Verdict::Fail | Verdict::Inconclusive => unfolded(result, body),
            Verdict::Pass | Verdict::NotApplicable => folded(result, &mut details, body),
        }
    }
    let _ = write!(
        body,
        "<div id=\"detail\" hidden><p></p><p><b>{}</b>: <span></span></p><p>{}</p><pre></pre><p>{}: <span></span></p><pre></pre></div>\n{}",
        word("reason"),
        word("steps"),
        word("transcript"),
        details.block()
    );
}

/// Options of a list hold text only: both languages stand in them.
fn option(key: &str) -> String {
    let Text { zh, en } = plain_word(key);
    escape(&format!("{zh} · {en}"))
}

fn summary(result: &CaseResult) -> String {
    format!(
        "<summary><code>{}</code>{}<small>{}</small></summary>",
        escape(&result.id),
        both(&result.title),
        escape(&result.clauses.join(" · "))
    )
}

fn folded<'r>(result: &'r CaseResult, details: &mut Details<'r>, body: &mut String) {
    let class = name(result.verdict);
    let number = details.keep(result);
    let _ = writeln!(
        body,
        "<details class=\"{class}\" data-n=\"{number}\">{}</details>",
        summary(result)
    );
}

fn unfolded(result: &CaseResult, body: &mut String) {
    let class = name(result.verdict);
    let _ = write!(
        body,
        "<details class=\"{class}\" open>{}<div class=\"case\"><p>{}</p>",
        summary(result),
        both(&result.purpose),
    );
    if let Some(reason) = &result.reason {
        let _ = write!(body, "<p><b>{}</b>: {}</p>", word("reason"), both(reason));
    }
    if let Some(failure) = &result.failure {
        let code = |text: &str| format!("<code>{}</code>", escape(text));
        let rows = [
            ("phase", escape(&failure.phase)),
            ("line", failure.line.to_string()),
            ("step", escape(&failure.step)),
            ("source", code(&failure.source)),
            ("expected", code(&failure.expected)),
            ("got", code(&failure.got)),
            ("detail", escape(&failure.detail)),
        ];
        let rows: Vec<Vec<String>> = rows.into_iter().map(|(key, value)| vec![word(key), value]).collect();
        body.push_str(&table(&[], &rows));
    }
    let _ = write!(
        body,
        "<p>{}</p><pre>{}</pre>",
        word("steps"),
        escape(result.steps.trim())
    );
    if !result.transcript.is_empty() {
        let lines = escape(&result.transcript.join("\n"));
        let _ = write!(
            body,
            "<p>{}: {} · {}</p><pre>{lines}</pre>",
            word("transcript"),
            result.commands,
            duration(result.micros)
        );
    }
    body.push_str("</div></details>\n");
}

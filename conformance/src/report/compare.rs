//! Two runs side by side: what got worse, what got better, what is new, what is gone.

use super::page::{both, escape, frame, plain_word, table, word};
use super::{name, verdict_text};
use crate::run::{CaseResult, Run, Verdict};
use crate::suite::Text;
use card_model::words::Lang;
use rust_i18n::t;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// How a case changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// It passed or did not apply, and now it fails or has no verdict.
    Worse,
    /// It failed or had no verdict, and now it passes or does not apply.
    Better,
    /// Another verdict that is neither.
    Other,
    /// It fails in another way.
    FailsOtherwise,
    /// Only the second run has it.
    Added,
    /// Only the first run has it.
    Removed,
}

impl ChangeKind {
    /// All kinds in the order of reports.
    pub const ALL: [Self; 6] = [
        Self::Worse,
        Self::FailsOtherwise,
        Self::Better,
        Self::Other,
        Self::Added,
        Self::Removed,
    ];

    /// Name in JSON and in the table of words.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Worse => "worse",
            Self::Better => "better",
            Self::Other => "other",
            Self::FailsOtherwise => "fails_otherwise",
            Self::Added => "added",
            Self::Removed => "removed",
        }
    }
}

/// A case that is not the same in both runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// Identifier.
    pub id: String,
    /// Title.
    pub title: Text,
    /// Clauses.
    pub clauses: Vec<String>,
    /// How it changed.
    pub kind: ChangeKind,
    /// Verdict of the first run.
    pub before: Option<Verdict>,
    /// Verdict of the second run.
    pub after: Option<Verdict>,
    /// What the second run shows, or the first where the case is gone: the deviation, or the reason.
    pub detail: Text,
}

/// Two runs side by side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Comparison {
    /// Profile and reader of the first run.
    pub before: String,
    /// Profile and reader of the second run.
    pub after: String,
    /// Cases that are the same in both.
    pub same: usize,
    /// The others, by kind and identifier.
    pub changes: Vec<Change>,
}

impl Comparison {
    /// Compares two runs case by case.
    pub fn of(before: &Run, after: &Run) -> Self {
        let (first, second) = (by_id(before), by_id(after));
        let ids: BTreeSet<&str> = first.keys().chain(second.keys()).copied().collect();
        let mut same = 0;
        let mut changes = Vec::new();
        for id in ids {
            match change(first.get(id).copied(), second.get(id).copied()) {
                Some(change) => changes.push(change),
                None => same += 1,
            }
        }
        changes.sort_by_key(|change| ChangeKind::ALL.iter().position(|kind| *kind == change.kind));
        Self {
            before: subject(before),
            after: subject(after),
            same,
            changes,
        }
    }

    /// Whether nothing got worse: no case that passed or did not apply fails or is open now, and none is gone.
    pub fn is_no_worse(&self) -> bool {
        let bad = [ChangeKind::Worse, ChangeKind::Removed];
        !self.changes.iter().any(|change| bad.contains(&change.kind))
    }

    /// Changes of a kind.
    pub fn of_kind(&self, kind: ChangeKind) -> impl Iterator<Item = &Change> {
        self.changes.iter().filter(move |change| change.kind == kind)
    }

    /// The comparison as lines of text.
    pub fn text(&self, lang: Lang) -> String {
        let locale = lang.locale();
        let mut text = t!(
            "report.compared",
            locale = locale,
            before = self.before,
            after = self.after,
            same = self.same,
            changed = self.changes.len()
        )
        .into_owned();
        for kind in ChangeKind::ALL {
            if self.of_kind(kind).next().is_none() {
                continue;
            }
            let key = format!("report.{}", kind.name());
            let _ = write!(
                text,
                "\n\n{} ({})",
                t!(&key, locale = locale),
                self.of_kind(kind).count()
            );
            for change in self.of_kind(kind) {
                let say =
                    |verdict: Option<Verdict>| verdict.map_or("–".to_owned(), |verdict| verdict_text(verdict, lang));
                let _ = write!(
                    text,
                    "\n  {}  {} → {}  {}  {}",
                    change.id,
                    say(change.before),
                    say(change.after),
                    change.title.in_language(lang),
                    change.detail.in_language(lang)
                );
            }
        }
        text
    }

    /// The comparison as one HTML page.
    pub fn html(&self) -> String {
        let mut body = format!(
            "<p>A: {}<br>B: {}</p><div class=\"counts\"><div class=\"pass\"><b>{}</b>{}</div>",
            escape(&self.before),
            escape(&self.after),
            self.same,
            word("same")
        );
        for kind in ChangeKind::ALL {
            let class = if matches!(kind, ChangeKind::Worse | ChangeKind::FailsOtherwise) {
                "fail"
            } else {
                "not_applicable"
            };
            let number = self.of_kind(kind).count();
            let _ = write!(
                body,
                "<div class=\"{class}\"><b>{number}</b>{}</div>",
                word(kind.name())
            );
        }
        body.push_str("</div>");
        for kind in ChangeKind::ALL {
            let rows: Vec<Vec<String>> = self.of_kind(kind).map(row).collect();
            if !rows.is_empty() {
                let head = ["id", "case", "clauses", "before", "after", "detail"].map(word);
                let _ = write!(body, "<h2>{}</h2>{}", word(kind.name()), table(&head, &rows));
            }
        }
        frame(&plain_word("comparison"), &body)
    }
}

fn row(change: &Change) -> Vec<String> {
    let say = |verdict: Option<Verdict>| verdict.map_or("–".to_owned(), |verdict| word(name(verdict)));
    vec![
        format!("<code>{}</code>", escape(&change.id)),
        both(&change.title),
        escape(&change.clauses.join(" · ")),
        say(change.before),
        say(change.after),
        both(&change.detail),
    ]
}

fn by_id(run: &Run) -> BTreeMap<&str, &CaseResult> {
    run.results.iter().map(|result| (result.id.as_str(), result)).collect()
}

fn subject(run: &Run) -> String {
    format!("{} · {} · {}", run.subject.profile, run.subject.reader, run.started)
}

/// How a case changed; `None` if it is the same.
fn change(before: Option<&CaseResult>, after: Option<&CaseResult>) -> Option<Change> {
    let shown = after.or(before)?;
    let kind = match (before, after) {
        (Some(before), Some(after)) => changed(before, after)?,
        (None, _) => ChangeKind::Added,
        (_, None) => ChangeKind::Removed,
    };
    Some(Change {
        id: shown.id.clone(),
        title: shown.title.clone(),
        clauses: shown.clauses.clone(),
        kind,
        before: before.map(|result| result.verdict),
        after: after.map(|result| result.verdict),
        detail: detail(shown),
    })
}

fn changed(before: &CaseResult, after: &CaseResult) -> Option<ChangeKind> {
    let bad = |verdict| matches!(verdict, Verdict::Fail | Verdict::Inconclusive);
    if before.verdict == after.verdict {
        // Answers hold random numbers; where a case fails is what tells one failure from another.
        let place = |result: &CaseResult| {
            let failure = result.failure.as_ref()?;
            Some((failure.phase.clone(), failure.line, failure.detail.clone()))
        };
        return (place(before) != place(after)).then_some(ChangeKind::FailsOtherwise);
    }
    Some(match (bad(before.verdict), bad(after.verdict)) {
        (false, true) => ChangeKind::Worse,
        (true, false) => ChangeKind::Better,
        _ => ChangeKind::Other,
    })
}

fn detail(result: &CaseResult) -> Text {
    match (&result.failure, &result.reason) {
        (Some(failure), _) => {
            let text = format!("{} ≠ {}: {}", failure.got, failure.expected, failure.detail);
            Text::new(text.clone(), text)
        }
        (None, Some(reason)) => reason.clone(),
        (None, None) => Text::default(),
    }
}

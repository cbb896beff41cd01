//! Results of runs for people: one HTML page that needs nothing but itself, and what changed between two runs.
//!
//! Everything that comes from a card, a reader's name or a result file is text to these pages: [`page`] escapes it, and the
//! page's own policy lets nothing be loaded from anywhere.

mod chart;
mod compare;
mod coverage;
mod html;
mod listing;
mod page;

pub use compare::{Change, ChangeKind, Comparison};
pub use html::html;

use crate::run::Verdict;
use card_model::words::Lang;
use rust_i18n::t;

/// The verdicts in the order of charts and tables.
const VERDICTS: [Verdict; 4] = [
    Verdict::Pass,
    Verdict::Fail,
    Verdict::NotApplicable,
    Verdict::Inconclusive,
];

/// Name of a verdict in result files, style sheets and the table of words.
const fn name(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "pass",
        Verdict::Fail => "fail",
        Verdict::NotApplicable => "not_applicable",
        Verdict::Inconclusive => "inconclusive",
    }
}

/// A verdict in a language.
fn verdict_text(verdict: Verdict, lang: Lang) -> String {
    let key = format!("report.{}", name(verdict));
    t!(&key, locale = lang.locale()).into_owned()
}

#[cfg(test)]
mod tests;

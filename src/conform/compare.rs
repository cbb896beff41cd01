//! `ssc conform compare`: what changed between two runs.

use crate::args::ConformCompare;
use crate::connect::Desk;
use crate::failure::{Class, Failure};
use crate::output::Report;
use conformance::report::{ChangeKind, Comparison};
use rust_i18n::t;
use serde_json::{Value, json};

/// Compares two result files. The exit code is 1 where something got worse or is gone.
pub fn run(it: &ConformCompare, desk: &Desk) -> Result<Report, Failure> {
    let lang = desk.output.lang;
    let before = super::earlier(&it.before, lang)?;
    let after = super::earlier(&it.after, lang)?;
    let compared = Comparison::of(&before, &after);
    if let Some(path) = &it.html {
        std::fs::write(path, compared.html()).map_err(|error| Failure::file(lang, path, &error))?;
    }
    let count = |kind| compared.of_kind(kind).count();
    let counts: serde_json::Map<String, Value> = ChangeKind::ALL
        .into_iter()
        .map(|kind| (kind.name().to_owned(), json!(count(kind))))
        .collect();
    let mut document = json!({
        "before": compared.before,
        "after": compared.after,
        "same": compared.same,
        "changes": compared.changes,
    });
    if let Some(document) = document.as_object_mut() {
        document.extend(counts);
    }
    let failure = (!compared.is_no_worse()).then(|| {
        let n = count(ChangeKind::Worse) + count(ChangeKind::Removed);
        Failure::new(Class::Verdict, t!("report.not_as_good", locale = lang.locale(), n = n))
    });
    Ok(Report::new(document, compared.text(lang)).with(failure))
}

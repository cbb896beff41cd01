//! `ssc` alone: where a bank clerk, a tester and an integrator start.

use crate::output::Report;
use card_model::words::Lang;
use rust_i18n::t;
use serde_json::json;

/// The front page.
pub fn page(lang: Lang) -> Report {
    let locale = lang.locale();
    let parts = [
        t!("ssc.front.title", locale = locale),
        t!("ssc.front.first", locale = locale),
        t!("ssc.front.clerk", locale = locale),
        t!("ssc.front.tester", locale = locale),
        t!("ssc.front.integrator", locale = locale),
        t!("ssc.front.last", locale = locale),
    ];
    let text = parts
        .iter()
        .map(|part| part.trim_end())
        .collect::<Vec<_>>()
        .join("\n\n");
    Report::new(json!({ "version": env!("CARGO_PKG_VERSION"), "help": text }), text)
}

//! `ssc order batch|receipts`: files in, files out.

use crate::args::{OrderBatch, OrderReceipts};
use crate::connect::Desk;
use crate::failure::{Class, Failure};
use crate::output::Report;
use indicatif::{ProgressBar, ProgressDrawTarget};
use jiff::Timestamp;
use personalize::ledger::{BatchFile, write_receipts};
use rust_i18n::t;
use serde_json::json;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Feeds a file of applications.
pub fn feed(it: &OrderBatch, desk: &Desk) -> Result<Report, Failure> {
    let lang = desk.output.lang;
    let locale = lang.locale();
    let rules = desk.rules(&it.place)?;
    let file = BatchFile::load(&it.file, &it.channel).map_err(|e| desk.ledger_failure(&e))?;
    let mut ledger = desk.ledger(&it.place)?;
    let bar = ProgressBar::with_draw_target(
        Some(file.rows()),
        if desk.output.quiet {
            ProgressDrawTarget::hidden()
        } else {
            ProgressDrawTarget::stderr()
        },
    );
    let mut progress = |done| bar.set_position(done);
    let who = desk.who(&it.place)?;
    let fed = ledger.feed(&rules, who, Timestamp::now(), &file, lang, &mut progress);
    bar.finish_and_clear();
    let report = fed.map_err(|e| desk.ledger_failure(&e))?;
    super::tell_unknown(&report.holidays_unknown, desk);
    let mut json = json!(report);
    let mut text = t!(
        "ledger.fed",
        locale = locale,
        batch = report.batch,
        total = report.total,
        accepted = report.accepted,
        repeated = report.repeated,
        rejected = report.rejected.len()
    )
    .into_owned();
    let Some(first) = report.rejected.first() else {
        return Ok(Report::new(json, text));
    };
    let place = it.rejects.clone().unwrap_or_else(|| beside(&it.file));
    write(
        &place,
        &file.rejects(&report.rejected).map_err(|e| desk.ledger_failure(&e))?,
        desk,
    )?;
    let path = place.display().to_string();
    text = format!("{text}\n{}", t!("ledger.rejects", locale = locale, path = path));
    json["rejects"] = json!(path);
    let failure = Failure::new(
        Class::Verdict,
        t!("ledger.rejected", locale = locale, count = report.rejected.len()),
    )
    .because(t!(
        "ledger.rejected_row",
        locale = locale,
        row = first.row,
        reason = first.reason
    ))
    .next(t!("ledger.rejected_next", locale = locale, path = path));
    Ok(Report::new(json, text).with(Some(failure)))
}

/// `people.xlsx` becomes `people.xlsx.rejected.csv`.
fn beside(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".rejected.csv");
    name.into()
}

/// Writes a new file; one that is there is never written over.
fn write(path: &Path, bytes: &[u8], desk: &Desk) -> Result<(), Failure> {
    let opened = OpenOptions::new().write(true).create_new(true).open(path);
    let written = opened.and_then(|mut file| file.write_all(bytes));
    written.map_err(|error| Failure::file(desk.output.lang, path, &error))
}

/// Receipts (回盘).
pub fn receipts(it: &OrderReceipts, desk: &Desk) -> Result<Report, Failure> {
    let mut ledger = desk.ledger(&it.place)?;
    let who = desk.who(&it.place)?;
    let lines = ledger
        .receipts(who, Timestamp::now(), it.batch.as_deref())
        .map_err(|e| desk.ledger_failure(&e))?;
    write(
        &it.out,
        &write_receipts(&lines).map_err(|e| desk.ledger_failure(&e))?,
        desk,
    )?;
    let path = it.out.display().to_string();
    let text = t!(
        "ledger.receipts",
        locale = desk.output.lang.locale(),
        count = lines.len(),
        path = path
    );
    Ok(Report::new(json!({ "file": path, "lines": lines.len() }), text))
}

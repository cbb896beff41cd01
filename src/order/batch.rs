//! `ssc order batch|receipts`: files in, files out.

use crate::args::{OrderBatch, OrderReceipts};
use crate::connect::Desk;
use crate::failure::{Class, Failure};
use crate::output::Report;
use crate::progress;
use crate::samples::write_once;
use jiff::Timestamp;
use personalize::ledger::{BatchFile, write_receipts};
use rust_i18n::t;
use serde_json::json;
use std::path::{Path, PathBuf};

/// Feeds a file of applications.
pub fn feed(it: &OrderBatch, desk: &Desk) -> Result<Report, Failure> {
    let lang = desk.output.lang;
    let locale = lang.locale();
    let rules = desk.rules(&it.place)?;
    let file = BatchFile::load(&it.file, &it.channel).map_err(|e| desk.ledger_failure(&e))?;
    let mut ledger = desk.ledger(&it.place)?;
    let bar = progress::bar(Some(file.rows()), desk.output);
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
    let rows = file.rejects(&report.rejected).map_err(|e| desk.ledger_failure(&e))?;
    let place = put_rejects(it, &rows, desk)?;
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

/// Writes the rejected rows where the call says, or beside the file. A file that is there may hold corrections and is never written
/// over: beside the file the next free name is taken. Where these very rows stand already, they stay.
fn put_rejects(it: &OrderBatch, rows: &[u8], desk: &Desk) -> Result<PathBuf, Failure> {
    let holds = |place: &Path| std::fs::read(place).is_ok_and(|held| held == rows);
    let beside = || (1_u32..).map(|number| beside(&it.file, number));
    let place = match &it.rejects {
        Some(named) => Some(named.clone()),
        None => beside().find(|place| holds(place) || !place.exists()),
    };
    let place = place.unwrap_or_default();
    if !holds(&place) {
        write_once(&place, rows, desk.output.lang)?;
    }
    Ok(place)
}

/// `people.xlsx` becomes `people.xlsx.rejected.csv`, then `people.xlsx.rejected-2.csv` …
fn beside(file: &Path, number: u32) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    match number {
        1 => name.push(".rejected.csv"),
        number => name.push(format!(".rejected-{number}.csv")),
    }
    name.into()
}

/// Receipts (回盘).
pub fn receipts(it: &OrderReceipts, desk: &Desk) -> Result<Report, Failure> {
    let mut ledger = desk.ledger(&it.place)?;
    let who = desk.who(&it.place)?;
    let lines = ledger
        .receipts(who, Timestamp::now(), it.batch.as_deref())
        .map_err(|e| desk.ledger_failure(&e))?;
    let table = write_receipts(&lines).map_err(|e| desk.ledger_failure(&e))?;
    write_once(&it.out, table, desk.output.lang)?;
    let path = it.out.display().to_string();
    let text = t!(
        "ledger.receipts",
        locale = desk.output.lang.locale(),
        count = lines.len(),
        path = path
    );
    Ok(Report::new(json!({ "file": path, "lines": lines.len() }), text))
}

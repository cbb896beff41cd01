//! The coverage table: by section of the sheet, each row with the number of its cases, what is open, and why.

use super::page::{both, escape, table, word};
use crate::run::Run;
use crate::suite::Text;
use crate::suite::coverage::Row;
use std::fmt::Write;

/// The section of the coverage; nothing where the run has none.
pub(super) fn coverage(run: &Run, body: &mut String) {
    if run.coverage.is_empty() {
        return;
    }
    let _ = write!(
        body,
        "<h2>{}</h2>\n<p>{}</p>\n<table class=\"coverage\"><thead><tr><th></th><th></th><th>{}</th><th>{}</th><th>{}</th><th>{}</th></tr></thead><tbody>",
        word("coverage"),
        word("coverage_about"),
        word("rows"),
        word("shown"),
        word("explained"),
        word("open"),
    );
    let mut sums = [0; 3];
    for part in &run.coverage {
        let [shown, explained, open] = part.sums();
        sums = [sums[0] + shown, sums[1] + explained, sums[2] + open];
        let class = if open > 0 { " class=\"open\"" } else { "" };
        let _ = write!(
            body,
            "<tr{class}><td>§{}</td><td>{}</td><td>{}</td><td>{shown}</td><td>{explained}</td><td>{open}</td></tr>",
            escape(&part.section),
            both(&part.title),
            part.rows.len()
        );
    }
    let [shown, explained, open] = sums;
    let _ = writeln!(
        body,
        "<tr><td></td><td><b>{}</b></td><td><b>{}</b></td><td><b>{shown}</b></td><td><b>{explained}</b></td><td><b>{open}</b></td></tr></tbody></table>",
        word("total"),
        shown + explained + open
    );
    for part in &run.coverage {
        let unfolded = if part.sums()[2] > 0 { " open" } else { "" };
        let _ = writeln!(
            body,
            "<details{unfolded}><summary>§{} {}</summary><div class=\"case\">{}</div></details>",
            escape(&part.section),
            both(&part.title),
            lines(&part.rows)
        );
    }
}

/// One line for each fact; rows of one name, such as the status words of a command, stand in one line.
fn lines(rows: &[Row]) -> String {
    let mut lines: Vec<Vec<String>> = Vec::new();
    let mut begun: Option<&Text> = None;
    for row in rows {
        if row.what.is_empty() {
            lines.push(vec![both(&row.name), cases(row)]);
            begun = None;
            continue;
        }
        match lines
            .last_mut()
            .and_then(|line| line.last_mut())
            .filter(|_| begun == Some(&row.name))
        {
            Some(cell) => cell.push_str(&chip(row)),
            None => lines.push(vec![both(&row.name), chip(row)]),
        }
        begun = Some(&row.name);
    }
    table(&[], &lines)
}

/// A status word with the number of its cases.
fn chip(row: &Row) -> String {
    let (class, number) = match (row.count, &row.reason) {
        (0, None) => ("fail", word("open")),
        (0, Some(reason)) => ("not_applicable", both(reason)),
        (count, _) => ("pass", count.to_string()),
    };
    format!(
        "<span class=\"chip {class}\"><code>{}</code> {number}</span>",
        escape(&row.what)
    )
}

fn cases(row: &Row) -> String {
    match (row.count, &row.reason, &row.test) {
        (0, Some(reason), _) => both(reason),
        (0, None, Some(test)) => format!("{}: <code>{}</code>", word("shown_by_test"), escape(test)),
        (0, None, None) => format!("<b class=\"open\">{}</b>", word("open")),
        (count, _, _) => {
            let cases: Vec<&str> = row.cases.iter().map(String::as_str).collect();
            format!("{count} · <code>{}</code>", escape(&cases.join(" ")))
        }
    }
}

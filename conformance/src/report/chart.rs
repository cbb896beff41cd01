//! Charts as inline SVG.

use super::page::escape;
use super::{VERDICTS, name};
use crate::run::{CaseResult, Verdict};
use std::collections::BTreeMap;
use std::fmt::Write;

/// Width of a chart in its own units.
const WIDTH: f64 = 900.0;
/// Where bars begin, behind their labels.
const LEFT: f64 = 210.0;
/// Height of a row.
const ROW: f64 = 22.0;
/// Room for the number behind a bar.
const RIGHT: f64 = 70.0;

/// Numbers of verdicts, in the order of [`VERDICTS`].
pub(super) type Counts = [usize; 4];

/// Counts verdicts by a label; a result may stand under several labels.
pub(super) fn count<'r>(
    results: &'r [CaseResult],
    labels: impl Fn(&'r CaseResult) -> Vec<&'r str>,
) -> BTreeMap<String, Counts> {
    let mut counts: BTreeMap<String, Counts> = BTreeMap::new();
    for result in results {
        for label in labels(result) {
            add(counts.entry(label.to_owned()).or_default(), result.verdict);
        }
    }
    counts
}

fn add(counts: &mut Counts, verdict: Verdict) {
    let place = VERDICTS.iter().position(|one| *one == verdict);
    if let Some(count) = place.and_then(|place| counts.get_mut(place)) {
        *count += 1;
    }
}

/// A bar for each label, its parts as long as the verdicts are many.
pub(super) fn verdicts(counts: &BTreeMap<String, Counts>) -> String {
    let most = counts
        .values()
        .map(|counts| counts.iter().sum::<usize>())
        .max()
        .unwrap_or(0);
    let mut svg = begin(counts.len());
    for (row, (label, counts)) in counts.iter().enumerate() {
        let y = row as f64 * ROW;
        write_label(&mut svg, y, label);
        let mut x = LEFT;
        for (verdict, count) in VERDICTS.iter().zip(counts) {
            let width = length(*count as f64, most as f64);
            if *count > 0 {
                let class = name(*verdict);
                let _ = write!(
                    svg,
                    "<rect class=\"{class}\" x=\"{x:.1}\" y=\"{:.1}\" width=\"{width:.1}\" height=\"{:.1}\"/>",
                    y + 4.0,
                    ROW - 8.0
                );
            }
            x += width;
        }
        let _ = write!(
            svg,
            "<text x=\"{:.1}\" y=\"{:.1}\">{}</text>",
            x + 6.0,
            y + ROW - 7.0,
            counts.iter().sum::<usize>()
        );
    }
    svg + "</svg>"
}

/// A bar for each label with its number.
pub(super) fn numbers(rows: &[(String, u64, String)]) -> String {
    let most = rows.iter().map(|(_, number, _)| *number).max().unwrap_or(0);
    let mut svg = begin(rows.len());
    for (row, (label, number, text)) in rows.iter().enumerate() {
        let y = row as f64 * ROW;
        write_label(&mut svg, y, label);
        let width = length(*number as f64, most as f64);
        let _ = write!(
            svg,
            "<rect class=\"bar\" x=\"{LEFT}\" y=\"{:.1}\" width=\"{width:.1}\" height=\"{:.1}\"/>\
             <text x=\"{:.1}\" y=\"{:.1}\">{}</text>",
            y + 4.0,
            ROW - 8.0,
            LEFT + width + 6.0,
            y + ROW - 7.0,
            escape(text)
        );
    }
    svg + "</svg>"
}

fn begin(rows: usize) -> String {
    let height = rows as f64 * ROW;
    format!(
        "<svg role=\"img\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" height=\"{height}\">\
         <line class=\"axis\" x1=\"{LEFT}\" y1=\"0\" x2=\"{LEFT}\" y2=\"{height}\"/>"
    )
}

fn write_label(svg: &mut String, y: f64, label: &str) {
    let _ = write!(
        svg,
        "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
        LEFT - 8.0,
        y + ROW - 7.0,
        escape(label)
    );
}

fn length(number: f64, most: f64) -> f64 {
    if most > 0.0 {
        number / most * (WIDTH - LEFT - RIGHT)
    } else {
        0.0
    }
}

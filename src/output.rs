//! What a verb reports: one JSON document or text on stdout, talk on stderr.

use crate::failure::{Class, Failure};
use serde_json::{Value, json};
use std::io::Write;
use unicode_width::UnicodeWidthStr;

/// The result of a verb, ready for both forms.
#[derive(Debug)]
pub struct Report {
    /// The JSON document.
    pub json: Value,
    /// The text for people, without the final line feed.
    pub text: String,
    /// Why the exit code is not 0, although there is a result to show.
    pub failure: Option<Failure>,
    /// Exit code of a child process that has said everything already.
    pub child: Option<u8>,
}

impl Report {
    /// A good result.
    pub fn new(json: Value, text: impl Into<String>) -> Self {
        Self {
            json,
            text: text.into(),
            failure: None,
            child: None,
        }
    }

    /// A child process has done the work and said everything.
    #[cfg(all(feature = "pcsc", target_os = "linux"))]
    pub fn of_child(code: Option<i32>) -> Self {
        let code = code
            .and_then(|code| u8::try_from(code).ok())
            .unwrap_or(Class::NoCard.code());
        Self {
            child: Some(code),
            ..Self::silent()
        }
    }

    /// Nothing more to say on stdout.
    pub fn silent() -> Self {
        Self::new(Value::Null, "")
    }

    /// The result of something that went wrong after it had something to show.
    pub fn with(mut self, failure: Option<Failure>) -> Self {
        self.failure = failure;
        self
    }
}

/// Where results and talk go.
#[derive(Debug, Clone, Copy)]
pub struct Output {
    /// JSON instead of text.
    pub json: bool,
    /// No talk.
    pub quiet: bool,
    /// Language of talk.
    pub lang: card_model::words::Lang,
}

impl Output {
    /// Says something that is not the result.
    pub fn talk(&self, text: &str) {
        if !self.quiet {
            // Nobody listens on a closed stderr; the work goes on.
            let _ = writeln!(std::io::stderr().lock(), "{text}");
        }
    }

    /// Says something that must be heard even with `--quiet`.
    pub fn warn(&self, text: &str) {
        Self::warn_line(text);
    }

    /// The same before there is an output.
    pub fn warn_line(text: &str) {
        let _ = writeln!(std::io::stderr().lock(), "{text}");
    }

    /// Writes the one result and gives the exit code.
    pub fn finish(&self, outcome: Result<Report, Failure>) -> u8 {
        let (failure, shown) = match outcome {
            Ok(Report { child: Some(code), .. }) => return code,
            Ok(report) => {
                let shown = if self.json {
                    document(report.json, report.failure.as_ref())
                } else {
                    report.text
                };
                (report.failure, shown)
            }
            Err(failure) => {
                let shown = if self.json {
                    json!({ "error": failure.json() }).to_string()
                } else {
                    String::new()
                };
                (Some(failure), shown)
            }
        };
        let mut code = failure.as_ref().map_or(0, |f| f.class.code());
        if !shown.is_empty() && put(&shown).is_err() {
            code = code.max(Class::Input.code());
        }
        if let Some(failure) = failure {
            self.warn(&failure.lines(self.lang));
        }
        code
    }
}

/// Writes a line to stdout; a closed pipe (`ssc read | head`) is an error the caller may ignore.
pub fn put(text: &str) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    if !text.ends_with('\n') {
        out.write_all(b"\n")?;
    }
    out.flush()
}

fn document(mut json: Value, failure: Option<&Failure>) -> String {
    if json.is_null() {
        return String::new();
    }
    if let (Some(failure), Some(object)) = (failure, json.as_object_mut()) {
        object.insert("error".into(), failure.json());
    }
    json.to_string()
}

/// A table for people: columns are as wide as their widest cell, Chinese characters counting two.
#[derive(Debug, Default)]
pub struct Table {
    rows: Vec<Vec<String>>,
    right: Vec<bool>,
    headed: bool,
}

impl Table {
    /// A table with headings; a heading that begins with `>` is a column of numbers and goes right.
    pub fn new<S: AsRef<str>>(headings: &[S]) -> Self {
        let right = headings.iter().map(|h| h.as_ref().starts_with('>')).collect();
        let heads = headings
            .iter()
            .map(|h| h.as_ref().trim_start_matches('>').to_string())
            .collect();
        Self {
            rows: vec![heads],
            right,
            headed: true,
        }
    }

    /// A table of so many columns without headings.
    pub fn plain(columns: usize) -> Self {
        Self {
            rows: Vec::new(),
            right: vec![false; columns],
            headed: false,
        }
    }

    /// Adds a row.
    pub fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    /// Whether nothing but headings is in it.
    pub fn is_empty(&self) -> bool {
        self.rows.len() <= usize::from(self.headed)
    }
}

impl core::fmt::Display for Table {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let columns = self.right.len();
        let width = |cell: &str| UnicodeWidthStr::width(cell);
        let widths: Vec<usize> = (0..columns)
            .map(|c| {
                self.rows
                    .iter()
                    .filter_map(|r| r.get(c))
                    .map(|cell| width(cell))
                    .max()
                    .unwrap_or(0)
            })
            .collect();
        for (number, row) in self.rows.iter().enumerate() {
            let mut line = String::new();
            for (column, cell) in row.iter().enumerate().take(columns) {
                let fill = " ".repeat(widths[column].saturating_sub(width(cell)));
                if column > 0 {
                    line.push_str("  ");
                }
                if self.right[column] {
                    line.push_str(&fill);
                    line.push_str(cell);
                } else {
                    line.push_str(cell);
                    line.push_str(&fill);
                }
            }
            writeln!(f, "{}", line.trim_end())?;
            if number == 0 && self.headed {
                let rule: Vec<String> = widths.iter().map(|w| "─".repeat(*w)).collect();
                writeln!(f, "{}", rule.join("  "))?;
            }
        }
        Ok(())
    }
}

/// Upper-case hex without spaces.
pub fn hex_upper(bytes: &[u8]) -> String {
    hex::encode_upper(bytes)
}

/// A time in the unit people read: µs below 10 ms, ms below 10 s, else s.
pub fn duration(micros: u64) -> String {
    match micros {
        0..10_000 => format!("{micros} µs"),
        10_000..10_000_000 => format!("{:.1} ms", micros as f64 / 1e3),
        _ => format!("{:.1} s", micros as f64 / 1e6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_under_each_other_with_chinese_text() {
        let mut table = Table::new(&["tag", "姓名", ">n"]);
        table.row(vec!["09".into(), "张三".into(), "5".into()]);
        table.row(vec!["4E".into(), "A".into(), "100".into()]);
        assert_eq!(
            table.to_string(),
            "tag  姓名    n\n───  ────  ───\n09   张三    5\n4E   A     100\n"
        );
    }

    #[test]
    fn times_are_written_in_the_unit_people_read() {
        assert_eq!(duration(999), "999 µs");
        assert_eq!(duration(12_340), "12.3 ms");
        assert_eq!(duration(12_340_000), "12.3 s");
    }
}

//! Reads the tables of a specification sheet.

use std::path::Path;

/// Text of a sheet in the folder `shared/spec` beside the checkout.
pub fn sheet(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../shared/spec")
        .join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| {
        panic!(
            "{}: {error}; the sheets must lie beside the checkout in shared/",
            path.display()
        )
    })
}

/// The part of a sheet from the line that starts with `from` up to the next line that starts with `to`.
pub fn section<'a>(text: &'a str, from: &str, to: &str) -> &'a str {
    let start = line_start(text, from, 0);
    let rest = start + from.len();
    let end = line_start(text, to, rest);
    &text[start..end]
}

fn line_start(text: &str, begin: &str, after: usize) -> usize {
    let found = text[after..]
        .match_indices(begin)
        .map(|(i, _)| after + i)
        .find(|i| *i == 0 || text.as_bytes()[i - 1] == b'\n');
    found.unwrap_or_else(|| panic!("the sheet has no line {begin:?}"))
}

/// Rows of all tables in a text, cells trimmed, heads left out.
pub fn rows(text: &str) -> Vec<Vec<String>> {
    let lines: Vec<&str> = text.lines().collect();
    let mut rows = Vec::new();
    for (i, line) in lines.iter().enumerate() {
        let head = lines.get(i + 1).is_some_and(|next| next.starts_with("|---"));
        if line.starts_with('|') && !line.starts_with("|---") && !head {
            rows.push(
                line.trim()
                    .trim_matches('|')
                    .split('|')
                    .map(|cell| cell.trim().to_owned())
                    .collect(),
            );
        }
    }
    rows
}

/// The text without round brackets and what is in them.
pub fn without_brackets(text: &str) -> String {
    let mut depth = 0;
    let mut kept = String::new();
    for c in text.chars() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ if depth == 0 => kept.push(c),
            _ => {}
        }
    }
    kept
}

/// A Chinese name without the remarks that the sheet adds to it in full-width brackets.
pub fn chinese_name(text: &str) -> String {
    let Some(start) = ["（V2.0", "（附录", "（后称", "（LD/T"]
        .iter()
        .find_map(|mark| text.find(mark))
    else {
        return text.trim().to_owned();
    };
    let end = text[start..]
        .find('）')
        .map_or(text.len(), |i| start + i + '）'.len_utf8());
    format!("{}{}", &text[..start], &text[end..]).trim().to_owned()
}

/// A hexadecimal number.
pub fn hex(text: &str) -> u32 {
    u32::from_str_radix(text.trim().trim_matches('`'), 16)
        .unwrap_or_else(|_| panic!("{text:?} is no hexadecimal number"))
}

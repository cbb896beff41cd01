//! HTML in two languages: escaping, words, the frame around a page.

use crate::suite::Text;
use card_model::words::Lang;
use rust_i18n::t;
use std::fmt::Write;

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// Text as HTML, in elements and in quoted attributes. Control characters, which HTML cannot carry, become `U+FFFD`.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\n' | '\t' => escaped.push(c),
            // Marks that turn the direction of text could make a page show what is not there.
            c if c.is_control() || matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}') => {
                escaped.push(char::REPLACEMENT_CHARACTER);
            }
            c => escaped.push(c),
        }
    }
    escaped
}

/// A text in both languages, of which the page shows one.
pub(super) fn both(text: &Text) -> String {
    spans(&escape(&text.zh), &escape(&text.en))
}

/// A word of the table in both languages.
pub(super) fn word(key: &str) -> String {
    let key = format!("report.{key}");
    let say = |lang: Lang| escape(&t!(&key, locale = lang.locale()));
    spans(&say(Lang::Zh), &say(Lang::En))
}

/// A word of the table as plain text in both languages, for charts.
pub(super) fn plain_word(key: &str) -> Text {
    let key = format!("report.{key}");
    let say = |lang: Lang| t!(&key, locale = lang.locale()).into_owned();
    Text::new(say(Lang::Zh), say(Lang::En))
}

fn spans(zh: &str, en: &str) -> String {
    if zh == en {
        return zh.to_owned();
    }
    format!("<span lang=\"zh\">{zh}</span><span lang=\"en\">{en}</span>")
}

/// A time in the unit that people read.
pub(super) fn duration(micros: u64) -> String {
    match micros {
        0..10_000 => format!("{micros} µs"),
        10_000..10_000_000 => format!("{:.1} ms", micros as f64 / 1e3),
        _ => format!("{:.1} s", micros as f64 / 1e6),
    }
}

/// Rows of a table; cells are HTML already.
pub(super) fn table(head: &[String], rows: &[Vec<String>]) -> String {
    let mut text = String::from("<table><thead><tr>");
    for cell in head {
        let _ = write!(text, "<th>{cell}</th>");
    }
    text.push_str("</tr></thead><tbody>");
    for row in rows {
        text.push_str("<tr>");
        for cell in row {
            let _ = write!(text, "<td>{cell}</td>");
        }
        text.push_str("</tr>");
    }
    text.push_str("</tbody></table>");
    text
}

/// The whole page: nothing is loaded, and the browser is told to load nothing.
pub(super) fn frame(title: &Text, body: &str) -> String {
    let plain = escape(&format!("{} · {}", title.zh, title.en));
    let heading = both(title);
    format!(
        "<!doctype html>\n<html lang=\"zh\" data-lang=\"zh\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"referrer\" content=\"no-referrer\">\n\
         <title>{plain}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<header><h1>{heading}</h1>\
         <nav><button type=\"button\" data-set=\"zh\">中文</button><button type=\"button\" data-set=\"en\">English</button></nav></header>\n\
         <main>\n{body}\n</main>\n<script>\n{SCRIPT}</script>\n</body>\n</html>\n"
    )
}

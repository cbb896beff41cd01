//! Every word shown to people is in the one table, in both languages, and nothing in the table is unused.
#![allow(clippy::expect_used, clippy::panic, reason = "a test that cannot go on fails")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

rust_i18n::i18n!("locales", fallback = "en");

fn messages(locale: &str) -> BTreeMap<String, String> {
    let found = _RUST_I18N_BACKEND.messages_for_locale(locale).unwrap_or_default();
    found
        .into_iter()
        .map(|(key, text)| (key.into_owned(), text.into_owned()))
        .collect()
}

fn sources() -> String {
    fn walk(dir: &Path, text: &mut String) {
        let Ok(entries) = std::fs::read_dir(dir) else { return };
        for path in entries.flatten().map(|e| e.path()) {
            if path.is_dir() {
                walk(&path, text);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let source = std::fs::read_to_string(&path).expect("source");
                // Comments may name keys that do not exist.
                source
                    .lines()
                    .filter(|l| !l.trim_start().starts_with("//"))
                    .for_each(|line| {
                        text.push_str(line);
                        text.push('\n');
                    });
            }
        }
    }
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let mut text = String::new();
    for dir in [
        "src",
        "card-model/src",
        "reader/src",
        "personalize/src",
        "personalize/service/src",
        "conformance/src",
    ] {
        walk(&root.join(dir), &mut text);
    }
    text
}

/// String literals of the sources, without escapes: keys have none.
fn literals(text: &str) -> BTreeSet<&str> {
    text.split('"').collect()
}

#[test]
fn every_message_is_there_in_both_languages() {
    let (en, zh) = (messages("en"), messages("zh"));
    let keys: BTreeSet<_> = en.keys().chain(zh.keys()).collect();
    assert!(keys.len() > 100, "the table was not found");
    for key in keys {
        assert!(en.get(key).is_some_and(|t| !t.is_empty()), "{key} has no English");
        assert!(zh.get(key).is_some_and(|t| !t.is_empty()), "{key} has no Chinese");
    }
}

#[test]
fn both_languages_name_the_same_values() {
    let names = |text: &str| -> BTreeSet<String> {
        text.split("%{")
            .skip(1)
            .filter_map(|rest| rest.split_once('}'))
            .map(|(name, _)| name.to_string())
            .collect()
    };
    let zh = messages("zh");
    for (key, text) in messages("en") {
        assert_eq!(names(&text), names(&zh[&key]), "{key}");
    }
}

#[test]
fn every_key_in_the_sources_is_in_the_table() {
    let text = sources();
    let table = messages("en");
    let mut missing = Vec::new();
    for part in text.split("t!(").skip(1) {
        let Some(rest) = part.trim_start().strip_prefix('"') else {
            continue;
        };
        let Some((key, _)) = rest.split_once('"') else { continue };
        let is_key = key.contains('.') && key.chars().all(|c| c.is_ascii_alphanumeric() || "._".contains(c));
        if is_key && !table.contains_key(key) {
            missing.push(key);
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
}

/// Key patterns of the sources: `"reset.{}"` as `["reset.", ""]`.
fn patterns<'t>(literals: &BTreeSet<&'t str>) -> Vec<Vec<&'t str>> {
    let plain = |part: &&str| part.chars().all(|c| c.is_ascii_alphanumeric() || "._".contains(c));
    literals
        .iter()
        .filter(|literal| literal.contains('{'))
        .map(|literal| {
            let mut parts = literal.split('{');
            let first = parts.next().unwrap_or_default();
            let rest = parts.map(|part| part.split_once('}').map_or("?", |(_, end)| end));
            std::iter::once(first).chain(rest).collect::<Vec<_>>()
        })
        .filter(|parts| parts.iter().all(plain) && !parts[0].is_empty())
        .filter(|parts| parts.concat().contains(['.', '_']))
        .collect()
}

/// Whether a key, or the end of one, is written out in the sources or made there from parts that are.
fn is_made(key: &str, literals: &BTreeSet<&str>, patterns: &[Vec<&str>]) -> bool {
    fn fits(key: &str, pattern: &[&str], literals: &BTreeSet<&str>, patterns: &[Vec<&str>]) -> bool {
        let Some((first, rest)) = pattern.split_first() else {
            return key.is_empty();
        };
        let Some(key) = key.strip_prefix(first) else {
            return false;
        };
        if rest.is_empty() {
            return key.is_empty();
        }
        (1..=key.len())
            .any(|end| is_made(&key[..end], literals, patterns) && fits(&key[end..], rest, literals, patterns))
    }
    literals.contains(key) || patterns.iter().any(|pattern| fits(key, pattern, literals, patterns))
}

/// Keys may be put together at run time, from literals of the sources.
#[test]
fn no_key_of_the_table_is_unused() {
    let text = sources();
    let literals = literals(&text);
    let patterns = patterns(&literals);
    let unused: Vec<String> = messages("en")
        .into_keys()
        // Help keys follow the tree of verbs; `src/help.rs` tests them. Tables named by a macro join table and name.
        .filter(|key| !key.starts_with("ssc.help."))
        .filter(|key| {
            let joined = key
                .rsplit_once('.')
                .is_some_and(|(table, name)| literals.contains(table) && literals.contains(name));
            !joined && !is_made(key, &literals, &patterns)
        })
        .collect();
    assert!(unused.is_empty(), "{unused:#?}");
}

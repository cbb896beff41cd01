//! Every word shown to people is in the one table, in both languages, and nothing in the table is unused.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

rust_i18n::i18n!("locales", fallback = "en");

fn messages(locale: &str) -> BTreeMap<String, String> {
    use rust_i18n::Backend;
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
                text.push_str(&std::fs::read_to_string(&path).expect("source"));
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

/// A key is used if the sources write it out, or write its parts where they put it together at run time: beginnings as in
/// `format!("reset.{name}")`, and ends as literals of their own (a blank may stand for an underscore).
#[test]
fn no_key_of_the_table_is_unused() {
    let text = sources();
    let literals: BTreeSet<String> = literals(&text).into_iter().map(|l| l.replace(' ', "_")).collect();
    let beginnings: BTreeSet<&str> = literals
        .iter()
        .filter_map(|literal| literal.split_once('{').map(|(beginning, _)| beginning))
        .filter(|beginning| beginning.ends_with(['.', '_']))
        .collect();
    fn put_together(rest: &str, literals: &BTreeSet<String>, beginnings: &BTreeSet<&str>) -> bool {
        literals.contains(rest)
            || beginnings
                .iter()
                .filter_map(|beginning| rest.strip_prefix(beginning))
                .any(|end| put_together(end, literals, beginnings))
    }
    // Help keys follow the tree of verbs; `src/help.rs` tests them.
    let used = |key: &str| key.starts_with("ssc.help.") || put_together(key, &literals, &beginnings);
    let unused: Vec<String> = messages("en").into_keys().filter(|key| !used(key)).collect();
    assert!(unused.is_empty(), "{unused:#?}");
}

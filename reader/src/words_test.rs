//! Every word this crate says is in the table, in both languages.

use rust_i18n::t;

/// Keys written in the sources, by the shape `t!("area.key"` or `words!("area.key"`.
fn keys_in(source: &str) -> Vec<String> {
    let mut keys = Vec::new();
    for start in ["t!(", "words!("] {
        for piece in source.split(start).skip(1) {
            let literal = piece
                .trim_start()
                .strip_prefix('"')
                .and_then(|rest| rest.split_once('"'));
            if let Some((key, _)) =
                literal.filter(|(key, _)| ["session.", "keys.", "pki."].iter().any(|area| key.starts_with(area)))
            {
                keys.push(key.to_owned());
            }
        }
    }
    keys
}

fn sources(folder: &std::path::Path) -> Vec<String> {
    let mut texts = Vec::new();
    for entry in std::fs::read_dir(folder).expect("source folder") {
        let path = entry.expect("entry").path();
        if path.is_dir() {
            texts.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") && !path.ends_with("words_test.rs") {
            texts.push(std::fs::read_to_string(&path).expect("text"));
        }
    }
    texts
}

#[test]
fn every_key_has_words_in_both_languages() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let keys: Vec<String> = sources(&folder).iter().flat_map(|text| keys_in(text)).collect();
    assert!(keys.len() > 100, "only {} keys found", keys.len());
    for key in keys {
        let (zh, en) = (t!(&key, locale = "zh"), t!(&key, locale = "en"));
        assert!(
            zh != key.as_str() && en != key.as_str() && !zh.is_empty() && !en.is_empty(),
            "{key} has no words"
        );
        let names = |text: &str| {
            let mut names: Vec<String> = text
                .split("%{")
                .skip(1)
                .filter_map(|rest| rest.split_once('}'))
                .map(|(name, _)| name.to_owned())
                .collect();
            names.sort();
            names
        };
        let (in_zh, in_en) = (names(&zh), names(&en));
        assert!(in_zh.iter().all(|name| in_en.contains(name)), "{key}: {zh} / {en}");
    }
}

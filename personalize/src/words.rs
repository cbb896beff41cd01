//! Messages of this crate from the tables `locales/personalize.yml` and `locales/ledger.yml`.

use card_model::words::Lang;

/// The message `personalize.<key>` in a language, with `%{name}` replaced by the values given.
pub(crate) fn say(lang: Lang, key: &str, values: &[(&str, &str)]) -> String {
    message(lang, &format!("personalize.{key}"), values)
}

/// The message `<key>`, whole, in a language.
pub(crate) fn message(lang: Lang, key: &str, values: &[(&str, &str)]) -> String {
    let mut text = rust_i18n::t!(key, locale = lang.locale()).into_owned();
    for (name, value) in values {
        text = text.replace(&format!("%{{{name}}}"), value);
    }
    text
}

//! Messages of this crate from the table `locales/personalize.yml`.

use card_model::words::Lang;

/// The message `personalize.<key>` in a language, with `%{name}` replaced by the values given.
pub(crate) fn say(lang: Lang, key: &str, values: &[(&str, &str)]) -> String {
    let mut text = rust_i18n::t!(format!("personalize.{key}"), locale = lang.locale()).into_owned();
    for (name, value) in values {
        text = text.replace(&format!("%{{{name}}}"), value);
    }
    text
}

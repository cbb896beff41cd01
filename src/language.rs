//! The language of messages: `--lang`, else the locale of the system, else English.

use card_model::words::Lang;
use std::ffi::OsString;

/// Finds the language before the arguments are parsed, so that even their errors are said in it.
pub fn of(arguments: &[OsString]) -> Lang {
    let mut wanted = None;
    let mut words = arguments.iter().filter_map(|a| a.to_str());
    while let Some(word) = words.next() {
        if word == "--lang" {
            wanted = words.next();
        } else if let Some(value) = word.strip_prefix("--lang=") {
            wanted = Some(value);
        }
    }
    match wanted {
        Some("zh") => Lang::Zh,
        Some("en") => Lang::En,
        _ => of_locale(sys_locale::get_locale().as_deref()),
    }
}

fn of_locale(locale: Option<&str>) -> Lang {
    if locale.is_some_and(|l| l.to_ascii_lowercase().starts_with("zh")) {
        Lang::Zh
    } else {
        Lang::En
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<OsString> {
        text.split(' ').map(OsString::from).collect()
    }

    #[test]
    fn the_flag_wins_wherever_it_stands() {
        assert_eq!(of(&words("ssc read --lang zh")), Lang::Zh);
        assert_eq!(of(&words("ssc --lang=zh read")), Lang::Zh);
        assert_eq!(of(&words("ssc --lang zh read --lang en")), Lang::En);
    }

    #[test]
    fn chinese_locales_give_chinese_and_all_others_english() {
        assert_eq!(of_locale(Some("zh-CN")), Lang::Zh);
        assert_eq!(of_locale(Some("zh_TW.UTF-8")), Lang::Zh);
        assert_eq!(of_locale(Some("de-DE")), Lang::En);
        assert_eq!(of_locale(None), Lang::En);
    }
}

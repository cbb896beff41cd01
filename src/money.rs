//! Money as people write it. A bare number is refused: twelve what?

use crate::failure::Failure;
use card_model::words::Lang;
use rust_i18n::t;

/// Fen of an amount: `12.34`, `12yuan`, `12元`, `1234fen`, `1234分`, or 0.
pub fn fen(text: &str, lang: Lang) -> Result<u32, Failure> {
    let locale = lang.locale();
    let bad = || {
        Failure::input(t!("account.amount", locale = locale, text = text))
            .next(t!("account.amount_next", locale = locale))
    };
    let text = text.trim();
    let (body, marked) = match text.strip_suffix("fen").or_else(|| text.strip_suffix('分')) {
        Some(body) if body.trim_end().bytes().all(|b| b.is_ascii_digit()) => (body.trim_end(), true),
        Some(_) => return Err(bad()),
        None => (text, text.contains(['.', '元']) || text.ends_with("yuan")),
    };
    if body.is_empty() || (!marked && body != "0") {
        return Err(bad());
    }
    let fen = reader::decode::fen(body).map_err(|_| bad())?;
    u32::try_from(fen).map_err(|_| bad())
}

/// `12.34`.
pub fn yuan(fen: u32) -> String {
    format!("{}.{:02}", fen / 100, fen % 100)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn yuan_and_fen() {
        for (text, expected) in [
            ("12.34", 1234),
            ("12.3", 1230),
            ("0.05", 5),
            ("12.", 1200),
            ("12yuan", 1200),
            ("12 元", 1200),
            ("12.34元", 1234),
            ("1234fen", 1234),
            ("1234分", 1234),
            ("0", 0),
            ("42949672.95", u32::MAX),
        ] {
            assert_eq!(fen(text, Lang::En).expect(text), expected, "{text}");
        }
        for text in [
            "12",
            "",
            "fen",
            "yuan",
            "1.234",
            "-1.00",
            "+1.00",
            "1,00",
            "12.3fen",
            "42949672.96",
            ".5",
            "1e2",
            "12元fen",
        ] {
            assert!(fen(text, Lang::En).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_printed_is_read(amount: u32) {
            prop_assert_eq!(fen(&yuan(amount), Lang::Zh).expect("an amount"), amount);
            let text = format!("{amount}fen");
            prop_assert_eq!(fen(&text, Lang::Zh).expect("an amount"), amount);
        }

        #[test]
        fn any_text_is_read_or_refused(text in ".*") {
            let _ = fen(&text, Lang::En);
        }
    }
}

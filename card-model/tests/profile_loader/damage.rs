//! Any text and any damage gives a profile or an error with a line.

use crate::REAL;
use card_model::profile::{Profile, ProfileError};
use card_model::words::{Explain, Lang};
use proptest::prelude::*;

fn told(error: &ProfileError, lines: usize) -> Result<(), TestCaseError> {
    prop_assert!(error.line >= 1);
    if error.file == "any.toml" {
        prop_assert!(
            usize::try_from(error.line).is_ok_and(|line| line <= lines + 1),
            "{} of {}",
            error,
            lines
        );
    }
    prop_assert!(!error.explain(Lang::Zh).what.is_empty());
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn any_text_gives_an_error_with_a_line(text in "\\PC{0,200}|([a-z_]{1,9} = [\"0-9x\\[\\]{},a-z ]{0,12}\n|\\[\\[df(\\.ef)?\\]\\]\n){0,12}") {
        let error = Profile::load(&text, "any.toml").expect_err("no whole profile by chance");
        told(&error, text.lines().count())?;
    }

    #[test]
    fn an_overlay_of_anything_gives_a_profile_or_an_error(text in "(\\[\\[df\\]\\]\nid = \"(SSSE|DF01|DF0A)\"\n|\\[\\[df\\.ef\\]\\]\nfid = 0xEF0[5-9]\n|(read|update|zh|structure|class) = \"(PIN|free|cyclic|internal|system)\"\n|(records|size|sfi) = [0-9]{1,3}\n|elements = \\[\\{ (tag|b|tlv) = 0x[0-9]{1,2} \\}\\]\n){0,10}") {
        let text = format!("extends = \"ssc-3.0\"\n{text}");
        if let Err(error) = Profile::load(&text, "any.toml") {
            told(&error, text.lines().count())?;
        }
    }

    #[test]
    fn a_damaged_profile_gives_a_profile_or_an_error(
        places in prop::collection::vec((any::<prop::sample::Index>(), 0usize..6, "\\PC{0,3}"), 1..4),
    ) {
        let mut characters: Vec<char> = REAL.chars().collect();
        for (place, kind, insert) in &places {
            let at = place.index(characters.len());
            match kind {
                0 => { characters.remove(at); }
                1 => { characters.splice(at..at, insert.chars()); }
                2 => { characters[at] = '0'; }
                3 => { characters.truncate(at.max(1)); }
                4 => {
                    // A line taken away.
                    let start = characters[..at].iter().rposition(|c| *c == '\n').map_or(0, |i| i + 1);
                    let end = characters[at..].iter().position(|c| *c == '\n').map_or(characters.len(), |i| at + i + 1);
                    characters.drain(start..end);
                }
                _ => {
                    // The next digit changed.
                    if let Some(i) = characters[at..].iter().position(char::is_ascii_digit) {
                        characters[at + i] = if characters[at + i] == '9' { '1' } else { '9' };
                    }
                }
            }
            if characters.is_empty() { break; }
        }
        let text: String = characters.into_iter().collect();
        if let Err(error) = Profile::load(&text, "any.toml") {
            told(&error, text.lines().count())?;
        }
    }
}

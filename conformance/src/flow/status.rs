//! Status words that an answer may have: `9000`, `63Cx`, `61xx`, `6A86/6B00`, `63C<T>` (remembered), `63C<T-1>` (computed).

use super::expression::is_name;
use card_model::status::StatusWord;

/// One allowed status word, digit by digit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusPattern {
    /// The digits from the left; one for a name stands for the last digit or the last two.
    digits: Vec<Digit>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Digit {
    Fixed(u8),
    Any,
    /// The rest of the status word, remembered or, with an offset, compared with what was remembered.
    Named {
        name: String,
        offset: Option<i16>,
    },
}

/// What a status word gave to be remembered: a name and its value.
pub(crate) type Remembered = Option<(String, u8)>;

impl StatusPattern {
    /// Reads alternatives separated by `/`.
    pub(super) fn alternatives(text: &str) -> Result<Vec<Self>, String> {
        text.split('/').map(Self::parse).collect()
    }

    /// Whether a word may be read as a status word at the end of an answer.
    pub(super) fn looks_like(text: &str) -> bool {
        text.split('/').all(|one| Self::parse(one).is_ok())
    }

    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let fault = || format!("{text} is no status word");
        let (head, named) = match text.split_once('<') {
            None => (text, None),
            Some((head, tail)) => (head, Some(tail.strip_suffix('>').ok_or_else(fault)?)),
        };
        let mut digits = Vec::new();
        for c in head.chars() {
            digits.push(match c {
                'x' => Digit::Any,
                c if c.is_ascii_hexdigit() && !c.is_ascii_lowercase() => {
                    Digit::Fixed(u8::try_from(c.to_digit(16).unwrap_or_default()).unwrap_or_default())
                }
                _ => return Err(fault()),
            });
        }
        match named {
            None if digits.len() == 4 => {}
            Some(named) if digits.len() == 2 || digits.len() == 3 => digits.push(name(named).ok_or_else(fault)?),
            _ => return Err(fault()),
        }
        Ok(Self { digits })
    }

    /// Whether a status word fits; `recall` gives what was remembered.
    pub(crate) fn fits(&self, sw: StatusWord, recall: impl Fn(&str) -> Option<u8>) -> Option<Remembered> {
        let mut remembered = None;
        for (position, digit) in self.digits.iter().enumerate() {
            let shift = 12 - 4 * position;
            match digit {
                Digit::Any => {}
                Digit::Fixed(value) if sw.0 >> shift & 0xF == u16::from(*value) => {}
                Digit::Fixed(_) => return None,
                Digit::Named { name, offset } => {
                    let bits = shift + 4;
                    let value = u8::try_from(sw.0 & ((1u16 << bits) - 1)).ok()?;
                    match offset {
                        None => remembered = Some((name.clone(), value)),
                        Some(offset) if recall(name).map(i16::from)? + offset == i16::from(value) => {}
                        Some(_) => return None,
                    }
                }
            }
        }
        Some(remembered)
    }
}

/// `T` remembers, `T-1`, `T+1` and `T+0` compare.
fn name(text: &str) -> Option<Digit> {
    let (name, offset) = match text.find(['+', '-']) {
        None => (text, None),
        Some(position) => (&text[..position], Some(text[position..].parse().ok()?)),
    };
    is_name(name).then(|| Digit::Named {
        name: name.to_owned(),
        offset,
    })
}

impl std::fmt::Display for StatusPattern {
    /// As in lists of status words: `63Cx` whatever is remembered.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut text = String::new();
        for digit in &self.digits {
            match digit {
                Digit::Fixed(value) => text.push_str(&format!("{value:X}")),
                Digit::Any => text.push('x'),
                Digit::Named { .. } => text.push_str(&"x".repeat(4 - text.len())),
            }
        }
        f.write_str(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        let fits = |pattern: &str, sw: u16| {
            let all = StatusPattern::alternatives(pattern).expect("well-formed");
            all.iter()
                .find_map(|one| one.fits(StatusWord(sw), |name| (name == "T").then_some(3)))
        };
        assert_eq!(fits("9000", 0x9000), Some(None));
        assert_eq!(fits("9000", 0x9001), None);
        assert_eq!(fits("63Cx", 0x63C5), Some(None));
        assert_eq!(fits("6A86/6B00", 0x6B00), Some(None));
        assert_eq!(fits("63C<N>", 0x63C5), Some(Some(("N".to_owned(), 5))));
        assert_eq!(fits("61<L>", 0x6112), Some(Some(("L".to_owned(), 0x12))));
        assert_eq!(fits("63C<T-1>", 0x63C2), Some(None));
        assert_eq!(fits("63C<T-1>", 0x63C3), None);
        assert_eq!(fits("63C<U-1>", 0x63C3), None);
        for wrong in [
            "", "900", "90000", "90g0", "63C<>", "63C<t>", "6<T>", "63C<T-x>", "63C<T", "6a86",
        ] {
            assert!(StatusPattern::alternatives(wrong).is_err(), "{wrong}");
        }
        assert_eq!(
            StatusPattern::parse("63C<T-1>").map(|p| p.to_string()),
            Ok("63Cx".to_owned())
        );
    }
}

//! Numbers of a card: region, card number with check character, card identification code, initialising institution number
//! (`spec/files.md` §4).

use crate::standard::{ORGANISATION, PROVIDER};
use core::fmt;
use reader::check_digits::card_check;

/// A GB/T 2260 region code: six digits.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Region(String);

impl Region {
    /// Takes six digits; whether the region exists is another question.
    pub fn parse(text: &str) -> Option<Self> {
        (text.len() == 6 && text.bytes().all(|b| b.is_ascii_digit())).then(|| Self(text.to_owned()))
    }

    /// The region in bytes 1–3 of a card identification code; `None` if they are no digits, as on a blank card.
    pub fn from_packed(packed: &[u8]) -> Option<Self> {
        Self::parse(&hex::encode(packed.get(..3)?))
    }

    /// Six digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Packed BCD.
    pub fn packed(&self) -> [u8; 3] {
        let digit = |i: usize| self.0.as_bytes()[i] - b'0';
        core::array::from_fn(|i| digit(2 * i) << 4 | digit(2 * i + 1))
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// 卡号: eight characters and a check character (`spec/files.md` §4.4).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CardNumber(String);

/// Why a text is no card number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CardNumberFault {
    /// Not nine characters but this many.
    Length(usize),
    /// The character at this position (from 1) is neither digit nor capital letter.
    Character(usize),
    /// The check character should be this one.
    Check(char),
    /// No number is left: the sequence needs more places than the prefix leaves.
    Exhausted,
}

impl CardNumber {
    /// Checks nine characters; a hyphen before the check character, as some cards print it, is dropped.
    ///
    /// # Errors
    /// The first fault found.
    pub fn parse(text: &str) -> Result<Self, CardNumberFault> {
        let text: String = match text.strip_suffix(|_: char| true) {
            Some(body) if body.ends_with('-') => text.replacen('-', "", 1),
            _ => text.to_owned(),
        };
        let count = text.chars().count();
        if let Some(position) = text
            .chars()
            .position(|c| !(c.is_ascii_digit() || c.is_ascii_uppercase()))
        {
            return Err(CardNumberFault::Character(position + 1));
        }
        if count != 9 {
            return Err(CardNumberFault::Length(count));
        }
        let (body, check) = text.split_at(8);
        let expected = card_check(body).ok_or(CardNumberFault::Length(count))?;
        if !check.ends_with(expected) {
            return Err(CardNumberFault::Check(expected));
        }
        Ok(Self(text))
    }

    /// The number with `prefix` (a capital letter, then digits and letters) and a decimal sequence in the remaining places.
    ///
    /// # Errors
    /// The prefix is not 1–8 such characters, or the sequence does not fit.
    pub fn assign(prefix: &str, sequence: u64) -> Result<Self, CardNumberFault> {
        let places = 8_usize
            .checked_sub(prefix.len())
            .ok_or(CardNumberFault::Length(prefix.len()))?;
        let digits = if places == 0 {
            String::new()
        } else {
            format!("{sequence:0places$}")
        };
        if digits.len() != places || (places == 0 && sequence > 0) {
            return Err(CardNumberFault::Exhausted);
        }
        let body = format!("{prefix}{digits}");
        if let Some(position) = body
            .bytes()
            .position(|b| !(b.is_ascii_digit() || b.is_ascii_uppercase()))
        {
            return Err(CardNumberFault::Character(position + 1));
        }
        if !body.as_bytes()[0].is_ascii_uppercase() {
            return Err(CardNumberFault::Character(1));
        }
        let check = card_check(&body).ok_or(CardNumberFault::Exhausted)?;
        Ok(Self(format!("{body}{check}")))
    }

    /// Nine characters.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CardNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The first twelve bytes of the card identification code: city, provider, serial (`spec/files.md` §4.1). The authentication
/// code over them completes it.
pub fn identification_head(region: &Region, serial: [u8; 4]) -> [u8; 12] {
    let mut head = [0; 12];
    head[..3].copy_from_slice(&region.packed());
    head[3..8].copy_from_slice(&PROVIDER);
    head[8..].copy_from_slice(&serial);
    head
}

/// 初始化机构编号: organisation ‖ issuing region ‖ region of the institution ‖ sequence (`spec/files.md` §4.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Institution([u8; 12]);

impl Institution {
    /// Puts the number together.
    pub fn new(issuing: &Region, place: &Region, sequence: u8) -> Self {
        let mut bytes = [0; 12];
        bytes[..5].copy_from_slice(&ORGANISATION);
        bytes[5..8].copy_from_slice(&issuing.packed());
        bytes[8..11].copy_from_slice(&place.packed());
        bytes[11] = sequence;
        Self(bytes)
    }

    /// Reads the whole number (24 hex digits), or `place ‖ sequence` (8), or the sequence alone (2); what is left out is
    /// taken from the issuing region. `None` if it is none of them, or if organisation or regions are not what they must be.
    pub fn parse(text: &str, issuing: &Region) -> Option<Self> {
        match text.len() {
            24 => {
                let mut bytes = [0; 12];
                hex::decode_to_slice(text, &mut bytes).ok()?;
                let regions =
                    Region::from_packed(&bytes[5..8]).is_some() && Region::from_packed(&bytes[8..11]).is_some();
                (bytes[..5] == ORGANISATION && regions).then_some(Self(bytes))
            }
            8 if text.is_ascii() => Some(Self::new(
                issuing,
                &Region::parse(&text[..6])?,
                u8::from_str_radix(&text[6..], 16).ok()?,
            )),
            2 if text.is_ascii() => Some(Self::new(issuing, issuing, u8::from_str_radix(text, 16).ok()?)),
            _ => None,
        }
    }

    /// Twelve bytes as they stand on the card.
    pub fn bytes(&self) -> &[u8; 12] {
        &self.0
    }

    /// The issuing region in it.
    pub fn issuing(&self) -> Option<Region> {
        Region::from_packed(&self.0[5..8])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The example of STD-V2 annex A and the one of the interface specification (`spec/conformance.md` §DIG-1).
    #[test]
    fn card_numbers() {
        assert_eq!(CardNumber::parse("D2143569-X").unwrap().as_str(), "D2143569X");
        assert_eq!(CardNumber::parse("X00000019").unwrap().as_str(), "X00000019");
        assert_eq!(CardNumber::parse("X00000018"), Err(CardNumberFault::Check('9')));
        assert_eq!(CardNumber::parse("x00000019"), Err(CardNumberFault::Character(1)));
        assert_eq!(CardNumber::parse("X000"), Err(CardNumberFault::Length(4)));
        assert_eq!(CardNumber::assign("X", 1).unwrap().as_str(), "X00000019");
        assert_eq!(CardNumber::assign("X12345", 100), Err(CardNumberFault::Exhausted));
        assert_eq!(CardNumber::assign("1X", 1), Err(CardNumberFault::Character(1)));
        assert_eq!(CardNumber::assign("XXXXXXXXX", 1), Err(CardNumberFault::Length(9)));
    }

    #[test]
    fn identification_and_institution() {
        let region = Region::parse("990000").unwrap();
        let head = identification_head(&region, [1, 2, 3, 4]);
        assert_eq!(hex::encode_upper(head), "990000D15600000501020304");
        let whole = Institution::parse("91560000029900009900016A", &region).unwrap();
        assert_eq!(whole, Institution::parse("9900016A", &region).unwrap());
        assert_eq!(
            hex::encode_upper(Institution::parse("02", &region).unwrap().bytes()),
            "915600000299000099000002"
        );
        assert_eq!(Institution::parse("91560000039900009900016A", &region), None);
        assert_eq!(whole.issuing(), Some(region));
    }

    proptest! {
        #[test]
        fn any_text(text in "\\PC{0,26}") {
            let _ = CardNumber::parse(&text);
            let _ = Region::parse(&text);
            let _ = Institution::parse(&text, &Region("990000".to_owned()));
        }

        #[test]
        fn assigned_numbers_are_right(prefix in "[A-Z][0-9A-Z]{0,7}", sequence in 0_u64..20_000_000) {
            if let Ok(number) = CardNumber::assign(&prefix, sequence) {
                prop_assert_eq!(CardNumber::parse(number.as_str()), Ok(number));
            }
        }

        /// One wrong character of the sequence is always found: the weights are prime to 11.
        #[test]
        fn one_wrong_digit_is_found(sequence in 0_u64..9_999_999, place in 1_usize..8, other in 0_u8..10) {
            let number = CardNumber::assign("T", sequence).unwrap();
            let mut bytes = number.as_str().as_bytes().to_vec();
            if bytes[place] != b'0' + other {
                bytes[place] = b'0' + other;
                prop_assert!(CardNumber::parse(core::str::from_utf8(&bytes).unwrap()).is_err());
            }
        }
    }
}

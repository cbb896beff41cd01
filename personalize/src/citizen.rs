//! The social security number: an 18-character citizen number (GB 11643), or a number assigned by the ministry to people who
//! have none (`spec/files.md` §2.1, SSSE EF06 tag 08).

use jiff::civil::Date;
use reader::check_digits::citizen_check;

/// A social security number that is right in itself.
#[derive(Clone, PartialEq, Eq)]
pub struct SocialSecurityNumber {
    text: String,
    citizen: Option<Citizen>,
}

/// What a citizen number says about its holder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Citizen {
    /// Date of birth, digits 7–14.
    pub birth: Date,
    /// Sex as GB/T 2261.1 codes it, from the parity of digit 17: `1` male, `2` female.
    pub sex: char,
}

/// Why a text is no social security number. None of them repeats the number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NumberFault {
    /// Not 18 characters but this many.
    Length(usize),
    /// 15 digits: a citizen number of before 1999, which has to be replaced by the one of 18.
    Old,
    /// The character at this position (from 1) may not stand there.
    Character(usize),
    /// Digits 7–14 are no date.
    Birth,
    /// The check character should be this one.
    Check(char),
}

impl SocialSecurityNumber {
    /// Checks a number. A lower-case `x` at the end is accepted as `X`.
    ///
    /// Three capital letters in front (country code) mark a number the ministry assigned; of such a number only the length
    /// and the characters are checked, because its check rule is not published.
    ///
    /// # Errors
    /// The first fault found.
    pub fn parse(text: &str) -> Result<Self, NumberFault> {
        let text = text.to_uppercase();
        let bytes = text.as_bytes();
        let count = text.chars().count();
        if count == 15 && bytes.iter().all(u8::is_ascii_digit) {
            return Err(NumberFault::Old);
        }
        if count != 18 {
            return Err(NumberFault::Length(count));
        }
        if let Some(position) = text.chars().position(|c| !c.is_ascii_alphanumeric()) {
            return Err(NumberFault::Character(position + 1));
        }
        if bytes[..3].iter().all(u8::is_ascii_uppercase) {
            return Ok(Self { text, citizen: None });
        }
        if let Some(position) = bytes[..17].iter().position(|b| !b.is_ascii_digit()) {
            return Err(NumberFault::Character(position + 1));
        }
        if !(bytes[17].is_ascii_digit() || bytes[17] == b'X') {
            return Err(NumberFault::Character(18));
        }
        let birth = date(&text[6..14]).ok_or(NumberFault::Birth)?;
        let check = citizen_check(&text[..17]).ok_or(NumberFault::Length(count))?;
        if !text.ends_with(check) {
            return Err(NumberFault::Check(check));
        }
        let sex = if bytes[16] % 2 == 1 { '1' } else { '2' };
        Ok(Self {
            text,
            citizen: Some(Citizen { birth, sex }),
        })
    }

    /// The number, 18 characters.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What the number says, if it is a citizen number.
    pub fn citizen(&self) -> Option<Citizen> {
        self.citizen
    }

    /// The province digits of a citizen number that has them. Numbers starting with 9 have none: permanent residence
    /// numbers of foreigners, and fictitious ones.
    pub fn province(&self) -> Option<&str> {
        self.citizen
            .filter(|_| !self.text.starts_with('9'))
            .map(|_| &self.text[..2])
    }
}

impl core::fmt::Debug for SocialSecurityNumber {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "SocialSecurityNumber({})", crate::mask::number(&self.text))
    }
}

/// `YYYYMMDD` as a date of the calendar.
pub(crate) fn date(digits: &str) -> Option<Date> {
    if digits.len() != 8 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let (year, month, day) = (
        digits[..4].parse().ok()?,
        digits[4..6].parse().ok()?,
        digits[6..].parse().ok()?,
    );
    Date::new(year, month, day).ok().filter(|_| year > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers() {
        let number = SocialSecurityNumber::parse("111111198101011110").unwrap();
        let citizen = number.citizen().unwrap();
        assert_eq!((citizen.birth.to_string().as_str(), citizen.sex), ("1981-01-01", '1'));
        assert_eq!(number.province(), Some("11"));
        assert_eq!(
            SocialSecurityNumber::parse("990000198101010011").unwrap_err(),
            NumberFault::Check('X')
        );
        assert_eq!(
            SocialSecurityNumber::parse("990000198102300019").unwrap_err(),
            NumberFault::Birth
        );
        assert_eq!(
            SocialSecurityNumber::parse("111111810101111").unwrap_err(),
            NumberFault::Old
        );
        assert_eq!(SocialSecurityNumber::parse("1111").unwrap_err(), NumberFault::Length(4));
        assert_eq!(
            SocialSecurityNumber::parse("1111111981O1011110").unwrap_err(),
            NumberFault::Character(11)
        );
        assert_eq!(
            SocialSecurityNumber::parse("USA000000000000001").unwrap().citizen(),
            None
        );
        let lower = (1000..2000)
            .map(|n| format!("9900001990010{n:04}"))
            .find(|body| citizen_check(body) == Some('X') && date(&body[6..14]).is_some())
            .unwrap();
        assert!(
            SocialSecurityNumber::parse(&format!("{lower}x"))
                .unwrap()
                .as_str()
                .ends_with('X')
        );
    }

    proptest! {
        #[test]
        fn any_text_gives_an_answer(text in "\\PC{0,24}") {
            let _ = SocialSecurityNumber::parse(&text);
        }

        #[test]
        fn any_eighteen(text in "[0-9X]{18}") {
            let _ = SocialSecurityNumber::parse(&text);
        }
    }
}

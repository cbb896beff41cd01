//! Check characters of the numbers on the card.

/// Weights of the citizen number (GB 11643-1999, ISO/IEC 7064 MOD 11-2), digits 1–17.
const CITIZEN_WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
/// Check characters by the weighted sum modulo 11.
const CITIZEN_CHECKS: [char; 11] = ['1', '0', 'X', '9', '8', '7', '6', '5', '4', '3', '2'];
/// Weights of the card number (STD-V2 annex A), characters 1–8.
const CARD_WEIGHTS: [u32; 8] = [3, 7, 9, 10, 5, 8, 4, 2];

/// Check character of a citizen number from its first 17 digits; `None` if they are no 17 digits.
pub fn citizen_check(first: &str) -> Option<char> {
    let digits: Vec<u32> = first.chars().map(|c| c.to_digit(10)).collect::<Option<_>>()?;
    if digits.len() != CITIZEN_WEIGHTS.len() {
        return None;
    }
    let sum: u32 = digits
        .iter()
        .zip(CITIZEN_WEIGHTS)
        .map(|(digit, weight)| digit * weight)
        .sum();
    CITIZEN_CHECKS.get((sum % 11) as usize).copied()
}

/// Check character of a card number from its first 8 characters, digits and capital letters (A = 10 … Z = 35); `None` if
/// there are other characters. 10 is written `X`, 11 is written `0`.
pub fn card_check(first: &str) -> Option<char> {
    let value = |c: char| {
        (c.is_ascii_digit() || c.is_ascii_uppercase())
            .then(|| c.to_digit(36))
            .flatten()
    };
    let values: Vec<u32> = first.chars().map(value).collect::<Option<_>>()?;
    if values.len() != CARD_WEIGHTS.len() {
        return None;
    }
    let sum: u32 = values
        .iter()
        .zip(CARD_WEIGHTS)
        .map(|(value, weight)| value * weight)
        .sum();
    match 11 - sum % 11 {
        11 => Some('0'),
        10 => Some('X'),
        digit => char::from_digit(digit, 10),
    }
}

/// Whether the last character of a citizen number (18 characters, capital X) is its check character.
pub fn is_citizen_number(number: &str) -> bool {
    split_last(number).is_some_and(|(first, last)| citizen_check(first) == Some(last))
}

/// Whether the last character of a card number (9 characters) is its check character.
pub fn is_card_number(number: &str) -> bool {
    split_last(number).is_some_and(|(first, last)| card_check(first) == Some(last))
}

fn split_last(number: &str) -> Option<(&str, char)> {
    let (at, last) = number.char_indices().next_back()?;
    Some((&number[..at], last))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn examples() {
        // STD-V2 annex A.
        assert_eq!(card_check("D2143569"), Some('X'));
        assert!(is_card_number("D2143569X") && !is_card_number("D21435690"));
        // The number everybody uses in examples.
        assert!(is_citizen_number("111111198101011110") && !is_citizen_number("990000198101010011"));
        assert_eq!(card_check("d2143569"), None);
        assert_eq!(citizen_check("1111111981010111"), None);
    }

    proptest! {
        #[test]
        fn any_text_is_judged(text in "\\PC{0,20}") {
            let _ = (is_citizen_number(&text), is_card_number(&text), citizen_check(&text), card_check(&text));
        }

        #[test]
        fn one_changed_digit_is_found(number in "[0-9]{17}", at in 0usize..17, by in 1u8..10) {
            let check = citizen_check(&number).expect("17 digits");
            let mut other = number.clone().into_bytes();
            other[at] = b'0' + (other[at] - b'0' + by) % 10;
            let other = String::from_utf8(other).expect("digits");
            prop_assert_ne!(citizen_check(&other), Some(check));
        }
    }
}

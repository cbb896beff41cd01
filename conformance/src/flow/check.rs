//! Checks of what a transcript has remembered: `? equal A B`, `? element SSSE/EF05/07 V`, `? sm2 KEY E SIGNATURE`.

use super::certificate::CertificateCheck;
use super::expression::{Expression, Reference};
use super::pieces::{tags, value};

/// A check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// What is checked.
    pub kind: CheckKind,
    /// On what.
    pub values: Vec<Expression>,
}

/// What is checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CheckKind {
    /// All are equal.
    Equal,
    /// No two are equal.
    Distinct,
    /// The first is one of the others.
    Among,
    /// From so many to so many bytes.
    Length(usize, usize),
    /// The tags are there.
    Present(Vec<u16>),
    /// The tags are not there.
    Absent(Vec<u16>),
    /// Packed digits filled with F.
    Bcd,
    /// YYYYMMDD in packed digits.
    Date,
    /// Printable ASCII characters, filled with 00.
    Ascii,
    /// All bytes are 00.
    Zero,
    /// Some byte is not 00.
    NonZero,
    /// Is a valid value of this element: format, filling, code table, inner elements.
    Element(String),
    /// Card number (nine characters) or citizen number (18) with its right check character.
    CheckCharacter,
    /// SM2: public key X ‖ Y, digest, signature r ‖ s.
    Signature,
    /// The first, as a number, is less than the second.
    Less,
    /// No block of so many bytes occurs twice.
    Unique(usize),
    /// Nothing speaks against randomness (tests of GB/T 32915 at the level 0.00001 each, see `random.rs`).
    Random,
    /// The answer to reset obeys STD-P2 §8.
    ResetRules,
    /// The contents of a certificate file.
    Certificate(CertificateCheck),
}

impl Check {
    /// Reads a check.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let (name, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        let rest = rest.trim();
        let (kind, operands) = match name {
            "equal" => (CheckKind::Equal, rest),
            "distinct" => (CheckKind::Distinct, rest),
            "among" => (CheckKind::Among, rest),
            "length" => {
                let (word, rest) = first(rest)?;
                (length(word)?, rest)
            }
            "present" => {
                let (word, rest) = first(rest)?;
                (CheckKind::Present(tags(word)?), rest)
            }
            "absent" => {
                let (word, rest) = first(rest)?;
                (CheckKind::Absent(tags(word)?), rest)
            }
            "bcd" => (CheckKind::Bcd, rest),
            "date" => (CheckKind::Date, rest),
            "ascii" => (CheckKind::Ascii, rest),
            "zero" => (CheckKind::Zero, rest),
            "nonzero" => (CheckKind::NonZero, rest),
            "element" => {
                let (word, rest) = first(rest)?;
                (CheckKind::Element(word.to_owned()), rest)
            }
            "checkcharacter" => (CheckKind::CheckCharacter, rest),
            "sm2" => (CheckKind::Signature, rest),
            "less" => (CheckKind::Less, rest),
            "unique" => {
                let (word, rest) = first(rest)?;
                let size = word.parse().ok().filter(|size| *size > 0);
                (CheckKind::Unique(size.ok_or("a block has at least one byte")?), rest)
            }
            "random" => (CheckKind::Random, rest),
            "resetrules" => (CheckKind::ResetRules, rest),
            "certificate" | "period" | "usage" | "chain" => {
                let (word, values) = match first(rest) {
                    Ok((word, values)) => (Some(word), values),
                    Err(_) => (None, rest),
                };
                let check = CertificateCheck::parse(name, word);
                let check = check.ok_or_else(|| format!("{name}: signature or encryption, and a value"))?;
                (CheckKind::Certificate(check), values)
            }
            _ => return Err(format!("{name} is no check (suites/README.md has all that are)")),
        };
        let values = operands_of(operands)?;
        let fits = match kind {
            CheckKind::Equal | CheckKind::Distinct | CheckKind::Among => values.len() >= 2,
            CheckKind::Signature => values.len() == 3,
            CheckKind::Less => values.len() == 2,
            CheckKind::ResetRules => values.is_empty(),
            _ => values.len() == 1,
        };
        if fits {
            Ok(Self { kind, values })
        } else {
            Err(format!("{name}: {} values do not fit", values.len()))
        }
    }

    /// What the check itself refers to in the profile.
    pub(super) fn reference(&self) -> Option<Reference> {
        match &self.kind {
            CheckKind::Element(path) => Some(Reference::Path(path.clone())),
            _ => None,
        }
    }
}

fn first(text: &str) -> Result<(&str, &str), String> {
    text.split_once(char::is_whitespace)
        .map(|(word, rest)| (word, rest.trim()))
        .ok_or_else(|| "something is missing at the end".to_owned())
}

fn length(word: &str) -> Result<CheckKind, String> {
    let number = |text: &str| text.parse::<usize>().map_err(|_| format!("{word} is no length"));
    Ok(match word.split_once("..") {
        None => CheckKind::Length(number(word)?, number(word)?),
        Some((from, to)) => CheckKind::Length(number(from)?, number(to)?),
    })
}

/// Values separated by blanks; a blank inside braces or brackets separates nothing.
fn operands_of(text: &str) -> Result<Vec<Expression>, String> {
    let mut values = Vec::new();
    let (mut depth, mut begin) = (0usize, 0);
    for (position, c) in text.char_indices().chain([(text.len(), ' ')]) {
        match c {
            '{' | '[' => depth += 1,
            '}' | ']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 && c.is_whitespace() {
            let word = &text[begin..position];
            if !word.is_empty() {
                values.push(operand(word)?);
            }
            begin = position + c.len_utf8();
        }
    }
    Ok(values)
}

/// `NAME`, `0xHEX`, `{…}`, `[…]`.
fn operand(word: &str) -> Result<Expression, String> {
    let inside = match word.strip_prefix("0x") {
        Some(digits) => digits.to_owned(),
        None if word.starts_with(['{', '[']) => word.to_owned(),
        None => format!("{{{word}}}"),
    };
    value(&inside)
}

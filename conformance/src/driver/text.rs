//! Texts of the interface with values filled in, and patterns that pOutInfo must fit.

use crate::flow::{KeyName, Reference};

/// A text with values filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// As written.
    Text(String),
    /// `{STEP}`: remembered before.
    Recall(String),
    /// One after the other.
    Joined(Vec<Value>),
    /// `{info}`, `{element SSSE/EF06/09}`, `{hsm external STEP}` …
    Computed {
        /// What is computed.
        kind: Kind,
        /// From what.
        of: Vec<Value>,
    },
}

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `{type}`: iType of the slot of the card.
    Slot,
    /// `{type other}`: iType of the slot without a card.
    OtherSlot,
    /// `{info}`: pCardInfo.
    Info,
    /// `{pin}`: the holder's PIN.
    Pin,
    /// `{pin wrong}`: one that differs in its first digit.
    WrongPin,
    /// `{pin other}`: one to change to.
    OtherPin,
    /// `{pin certificate}`: user PIN of the certificate application.
    CertificatePin,
    /// `{element PATH}`: value of an element on the card.
    Element,
    /// `{file PATH}`: all items of a file on the card, each with its `|`.
    File,
    /// `{name}`: the name with its extension.
    Name,
    /// `{basics}`: the first nine items of iReadCardBas.
    Basics,
    /// `{region}`: area of the card, six digits.
    Region,
    /// `{historical}`: historical bytes of the answer to reset.
    Historical,
    /// `{algorithm}`: identifier of the card's cipher, two digits.
    Algorithm,
    /// `{address KEY}`: logical address of a key, four digits.
    Address,
    /// `{certificate signing}`, `{certificate encryption}`: certificate of the card, DER in hex.
    Certificate,
    /// `{hsm basics STEP}`, `external`, `message`; `{hsm debit SEQUENCE STEP}`: what the HSM answers to a first step.
    Hsm,
    /// `{item N X}`: the item with this number.
    Item,
    /// `{items N X}`: the first so many items, each with its `|`.
    Items,
    /// `{repeat N X}`: so many times X.
    Repeat,
    /// `{flip N X}`: another digit at a place of hex, from 0.
    Flip,
    /// `{hex X}`: the bytes of a text in GBK as hex.
    Hex,
}

/// A piece of a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// Just this text.
    Value(Value),
    /// Some characters, remembered under a name if there is one.
    Some {
        /// Name.
        name: Option<String>,
        /// Which.
        form: Form,
    },
    /// One of these texts.
    In(Vec<Value>),
    /// The text has this somewhere.
    Has(Value),
    /// `{N=tries}`: the text has a number somewhere; the first one is remembered.
    Tries(String),
}

/// Characters of a piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// One item, up to a separator or the end; it may be empty.
    Any,
    /// One item that is not empty.
    Filled,
    /// So many hexadecimal digits.
    Hex(usize),
    /// So many decimal digits.
    Digits(usize),
    /// All that remains.
    Rest,
}

/// Reads a text with values in braces.
///
/// # Errors
/// A brace without its counterpart, or a value that is none of the known.
pub fn value(text: &str) -> Result<Value, String> {
    let mut parts = Vec::new();
    for part in split(text)? {
        parts.push(match part {
            Part::Text(text) => Value::Text(text.to_owned()),
            Part::Braces(inside) => braces(inside)?,
        });
    }
    Ok(match parts.len() {
        1 => parts.remove(0),
        0 => Value::Text(String::new()),
        _ => Value::Joined(parts),
    })
}

/// Reads a pattern.
///
/// # Errors
/// As [`value`].
pub fn pattern(text: &str) -> Result<Vec<Piece>, String> {
    split(text)?
        .into_iter()
        .map(|part| match part {
            Part::Text(text) => Ok(Piece::Value(Value::Text(text.to_owned()))),
            Part::Braces(inside) => piece(inside),
        })
        .collect()
}

/// Splits at blanks that are in no braces and no quotation marks; the marks themselves are taken away.
///
/// # Errors
/// Braces or quotation marks that do not end.
pub fn words(text: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let (mut depth, mut quoted) = (0usize, false);
    for c in text.chars() {
        match c {
            '"' if depth == 0 => {
                quoted = !quoted;
                word.get_or_insert_default();
                continue;
            }
            '{' => depth += 1,
            '}' => depth = depth.checked_sub(1).ok_or("} without {")?,
            c if c.is_whitespace() && depth == 0 && !quoted => {
                words.extend(word.take());
                continue;
            }
            _ => {}
        }
        word.get_or_insert_default().push(c);
    }
    if quoted || depth > 0 {
        return Err("\" or { without its end".to_owned());
    }
    words.extend(word);
    Ok(words)
}

/// A name of something remembered: capital letters, digits and `_`.
pub fn is_name(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_uppercase())
        && word
            .chars()
            .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
}

enum Part<'t> {
    Text(&'t str),
    Braces(&'t str),
}

fn split(text: &str) -> Result<Vec<Part<'_>>, String> {
    let mut parts = Vec::new();
    let (mut depth, mut begin) = (0usize, 0);
    for (at, c) in text.char_indices() {
        match c {
            '{' => {
                if depth == 0 {
                    if begin < at {
                        parts.push(Part::Text(&text[begin..at]));
                    }
                    begin = at + 1;
                }
                depth += 1;
            }
            '}' => {
                depth = depth.checked_sub(1).ok_or("} without {")?;
                if depth == 0 {
                    parts.push(Part::Braces(&text[begin..at]));
                    begin = at + 1;
                }
            }
            _ => {}
        }
    }
    if depth > 0 {
        return Err("{ without }".to_owned());
    }
    if begin < text.len() {
        parts.push(Part::Text(&text[begin..]));
    }
    Ok(parts)
}

fn braces(inside: &str) -> Result<Value, String> {
    let words = words(inside)?;
    let Some((first, rest)) = words.split_first() else {
        return Err("{} says nothing".to_owned());
    };
    if is_name(first) && rest.is_empty() {
        return Ok(Value::Recall(first.clone()));
    }
    let rest: Vec<&str> = rest.iter().map(String::as_str).collect();
    let (kind, of): (Kind, &[&str]) = match (first.as_str(), &rest[..]) {
        ("type", []) => (Kind::Slot, &[]),
        ("type", ["other"]) => (Kind::OtherSlot, &[]),
        ("info", []) => (Kind::Info, &[]),
        ("pin", []) => (Kind::Pin, &[]),
        ("pin", ["wrong"]) => (Kind::WrongPin, &[]),
        ("pin", ["other"]) => (Kind::OtherPin, &[]),
        ("pin", ["certificate"]) => (Kind::CertificatePin, &[]),
        ("element", path @ [_]) => (Kind::Element, path),
        ("file", path @ [_]) => (Kind::File, path),
        ("name", []) => (Kind::Name, &[]),
        ("basics", []) => (Kind::Basics, &[]),
        ("region", []) => (Kind::Region, &[]),
        ("historical", []) => (Kind::Historical, &[]),
        ("algorithm", []) => (Kind::Algorithm, &[]),
        ("address", key @ [_]) => (Kind::Address, key),
        ("certificate", which @ ["signing" | "encryption"]) => (Kind::Certificate, which),
        ("hsm", of @ (["basics" | "external" | "message", _] | ["debit", _, _])) => (Kind::Hsm, of),
        ("item", of @ [_, _]) => (Kind::Item, of),
        ("items", of @ [_, _]) => (Kind::Items, of),
        ("repeat", of @ [_, _]) => (Kind::Repeat, of),
        ("flip", of @ [_, _]) => (Kind::Flip, of),
        ("hex", of @ [_]) => (Kind::Hex, of),
        _ => return Err(format!("{{{inside}}} is no value")),
    };
    let of = of.iter().map(|word| operand(word)).collect::<Result<_, _>>()?;
    Ok(Value::Computed { kind, of })
}

/// An argument within braces: a remembered name stands without braces of its own. Keys are written as such names too;
/// whoever takes a key takes the name for what it is.
pub(super) fn operand(word: &str) -> Result<Value, String> {
    if is_name(word) {
        Ok(Value::Recall(word.to_owned()))
    } else {
        value(word)
    }
}

fn piece(inside: &str) -> Result<Piece, String> {
    let (name, inside) = match inside.split_once('=') {
        Some((name, rest)) if is_name(name) => (Some(name.to_owned()), rest),
        _ => (None, inside),
    };
    let words = words(inside)?;
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let number = |word: &str| word.parse::<usize>().map_err(|_| format!("{word} is no number"));
    if let (["tries"], Some(name)) = (&words[..], &name) {
        return Ok(Piece::Tries(name.clone()));
    }
    let form = match words[..] {
        ["any"] => Form::Any,
        ["some"] => Form::Filled,
        ["rest"] => Form::Rest,
        ["hex", count] if number(count).is_ok() => Form::Hex(number(count)?),
        ["digits", count] => Form::Digits(number(count)?),
        _ if name.is_some() => return Err(format!("{inside}: any, some, hex N, digits N or rest was expected")),
        ["has", of] => return Ok(Piece::Has(operand(of)?)),
        ["in", ref of @ ..] => return Ok(Piece::In(of.iter().map(|one| operand(one)).collect::<Result<_, _>>()?)),
        _ => return braces(inside).map(Piece::Value),
    };
    Ok(Piece::Some { name, form })
}

impl Value {
    /// Calls `visit` for this value and all within.
    pub fn walk(&self, visit: &mut dyn FnMut(&Self)) {
        visit(self);
        match self {
            Self::Joined(parts) | Self::Computed { of: parts, .. } => parts.iter().for_each(|part| part.walk(visit)),
            Self::Text(_) | Self::Recall(_) => {}
        }
    }

    /// The word as written, for paths, keys and numbers.
    pub(super) fn word(&self) -> &str {
        match self {
            Self::Text(word) | Self::Recall(word) => word,
            _ => "",
        }
    }

    /// What of the profile the value refers to.
    pub(super) fn reference(&self) -> Option<Reference> {
        let Self::Computed { kind, of } = self else {
            return None;
        };
        let word = of.first().map(Self::word).unwrap_or_default();
        match kind {
            Kind::Element | Kind::File => Some(Reference::Path(word.to_owned())),
            Kind::Address => KeyName::parse(word).ok().map(|key| Reference::Key(key.name)),
            Kind::Pin | Kind::WrongPin | Kind::OtherPin => Some(Reference::Pin),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn forms() {
        assert_eq!(
            words("iReadCard {type} 2 \"a b\" \"\" {item 3 {S T}}").expect("words"),
            ["iReadCard", "{type}", "2", "a b", "", "{item 3 {S T}}"]
        );
        assert_eq!(
            value("a{X}b").expect("value"),
            Value::Joined(vec![
                Value::Text("a".to_owned()),
                Value::Recall("X".to_owned()),
                Value::Text("b".to_owned())
            ])
        );
        assert_eq!(
            pattern("{A=hex 16}|").expect("pattern").first(),
            Some(&Piece::Some {
                name: Some("A".to_owned()),
                form: Form::Hex(16)
            })
        );
        for wrong in [
            "{",
            "}",
            "{}",
            "{nothing}",
            "{element}",
            "{A=element X/Y}",
            "{hsm debit X}",
        ] {
            assert!(pattern(wrong).is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "[a-zA-Z0-9{}|$^ =\"]{0,40}") {
            let _ = (value(&text), pattern(&text), words(&text));
        }
    }
}

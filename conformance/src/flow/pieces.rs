//! From the text of a command or an answer to its pieces.

use super::expression::{Expression, KeyName, PinKind, is_name};

/// A piece of a command or an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// A value.
    Value(Expression),
    /// So many bytes of any value, remembered if there is a name.
    Any {
        /// How many.
        count: Count,
        /// Name under which they are remembered.
        name: Option<String>,
    },
    /// `8.F.`: hexadecimal digits, any digit where a dot stands.
    Digits(Vec<Option<u8>>),
    /// `{mask 0xF0 0x80}`: the bits of the first that are set are those of the second.
    Mask {
        /// Bits that count.
        bits: Vec<u8>,
        /// Their values.
        value: Vec<u8>,
    },
    /// `{nonzero 8}`: so many bytes, not all zero.
    NonZero(usize),
    /// `{not X}`: as many bytes as X has, and other ones.
    Not(Expression),
    /// `[ … ]` with something in it that is not known beforehand.
    Prefixed(Vec<Piece>),
}

/// Number of bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Count {
    /// Exactly so many.
    Exactly(usize),
    /// `2..8`: from, to (included).
    Between(usize, usize),
    /// `*`: what remains.
    Rest,
    /// As long as the value of an element, one record of a cyclic file or a transparent file is.
    Element(String),
}

/// Reads pieces to the end of the text.
pub(super) fn pieces(text: &str) -> Result<Vec<Piece>, String> {
    let mut rest = text;
    let pieces = until(&mut rest, None)?;
    if pieces.is_empty() {
        return Err("nothing after the sign".to_owned());
    }
    Ok(pieces)
}

/// Reads a value to the end of the text.
pub(super) fn value(text: &str) -> Result<Expression, String> {
    let values = pieces(text)?.into_iter().map(known).collect::<Result<Vec<_>, _>>()?;
    Ok(joined(values))
}

pub(super) fn joined(mut values: Vec<Expression>) -> Expression {
    match values.len() {
        1 => values.remove(0),
        _ => Expression::Joined(values),
    }
}

fn known(piece: Piece) -> Result<Expression, String> {
    match piece {
        Piece::Value(value) => Ok(value),
        _ => Err("a value was expected; unknown bytes stand in answers only".to_owned()),
    }
}

/// How deep brackets and braces may be nested; deeper text is refused before it can exhaust the stack.
const MAX_DEPTH: usize = 16;

fn until(rest: &mut &str, close: Option<char>) -> Result<Vec<Piece>, String> {
    bounded(rest, close, 0)
}

fn bounded(rest: &mut &str, close: Option<char>, depth: usize) -> Result<Vec<Piece>, String> {
    if depth > MAX_DEPTH {
        return Err("nested too deep".to_owned());
    }
    let mut pieces = Vec::new();
    let mut digits = String::new();
    loop {
        let Some(next) = rest.chars().next() else {
            flush(&mut digits, &mut pieces)?;
            return match close {
                None => Ok(pieces),
                Some(_) => Err("a bracket is not closed".to_owned()),
            };
        };
        let (_, after) = rest.split_at(next.len_utf8());
        match next {
            '{' => {
                flush(&mut digits, &mut pieces)?;
                let (inside, after) = braces(after)?;
                pieces.extend(braced(inside, depth + 1)?);
                *rest = after;
            }
            '[' => {
                flush(&mut digits, &mut pieces)?;
                *rest = after;
                pieces.push(prefixed(bounded(rest, Some(']'), depth + 1)?));
            }
            _ if Some(next) == close => {
                flush(&mut digits, &mut pieces)?;
                *rest = after;
                return Ok(pieces);
            }
            c if c.is_whitespace() => *rest = after,
            c => {
                digits.push(c);
                *rest = after;
            }
        }
    }
}

fn prefixed(inner: Vec<Piece>) -> Piece {
    let values: Option<Vec<Expression>> = inner
        .iter()
        .map(|piece| match piece {
            Piece::Value(value) => Some(value.clone()),
            _ => None,
        })
        .collect();
    match values {
        Some(values) => Piece::Value(Expression::Prefixed(values)),
        None => Piece::Prefixed(inner),
    }
}

fn flush(digits: &mut String, pieces: &mut Vec<Piece>) -> Result<(), String> {
    let text = std::mem::take(digits);
    if text.is_empty() {
        return Ok(());
    }
    if text.contains('.') {
        let digit = |c: char| match c {
            '.' => Ok(None),
            c => c
                .to_digit(16)
                .and_then(|d| u8::try_from(d).ok())
                .map(Some)
                .ok_or_else(|| no_hex(&text)),
        };
        let all = text.chars().map(digit).collect::<Result<Vec<_>, _>>()?;
        if all.len() % 2 == 1 {
            return Err(no_hex(&text));
        }
        pieces.push(Piece::Digits(all));
        return Ok(());
    }
    let bytes = hex::decode(&text).map_err(|_| no_hex(&text))?;
    pieces.push(Piece::Value(Expression::Bytes(bytes)));
    Ok(())
}

fn no_hex(text: &str) -> String {
    format!("{text} is no hexadecimal bytes")
}

/// The inside of a brace and what follows it.
fn braces(text: &str) -> Result<(&str, &str), String> {
    let mut depth = 1;
    for (position, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Ok((&text[..position], &text[position + 1..]));
        }
    }
    Err("a brace is not closed".to_owned())
}

/// The words inside a brace; what stands in inner braces or brackets is one word.
fn words(text: &str) -> Result<Vec<&str>, String> {
    let mut words = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let mut depth = 0usize;
        let end = rest
            .char_indices()
            .find(|(_, c)| {
                match c {
                    '{' | '[' => depth += 1,
                    '}' | ']' => depth = depth.saturating_sub(1),
                    _ => {}
                }
                depth == 0 && c.is_whitespace()
            })
            .map_or(rest.len(), |(position, _)| position);
        words.push(&rest[..end]);
        rest = rest[end..].trim_start();
    }
    Ok(words)
}

fn braced(inside: &str, depth: usize) -> Result<Vec<Piece>, String> {
    if let Some((name, text)) = inside.split_once('=')
        && is_name(name.trim())
    {
        return remembered(name.trim(), text.trim());
    }
    let words = words(inside)?;
    let [first, arguments @ ..] = &words[..] else {
        return Err("nothing in the braces".to_owned());
    };
    if arguments.is_empty()
        && let Some(count) = count(first)?
    {
        return Ok(vec![Piece::Any { count, name: None }]);
    }
    if is_name(first) && arguments.is_empty() {
        return Ok(vec![Piece::Value(Expression::Recall((*first).to_owned()))]);
    }
    match (*first, arguments) {
        ("record", [path]) if path.matches('/').count() == 2 => Ok(whole_record(path, None)),
        ("mask", [bits, value]) => mask(bits, value),
        ("nonzero", [number]) => Ok(vec![Piece::NonZero(bytes_number(number)?)]),
        ("not", [of]) => Ok(vec![Piece::Not(argument(of, depth)?)]),
        _ => Ok(vec![Piece::Value(function(first, arguments, depth)?)]),
    }
}

fn remembered(name: &str, text: &str) -> Result<Vec<Piece>, String> {
    if let Some(path) = text.strip_prefix("record ") {
        return Ok(whole_record(path.trim(), Some(name)));
    }
    let count = count(text)?.ok_or("after = a number of bytes, from..to, * or a path was expected")?;
    Ok(vec![Piece::Any {
        count,
        name: Some(name.to_owned()),
    }])
}

/// `{record PATH}` in an answer: tag, length, value of an element.
fn whole_record(path: &str, name: Option<&str>) -> Vec<Piece> {
    vec![
        Piece::Value(Expression::Tag(path.to_owned())),
        Piece::Value(Expression::Length(path.to_owned())),
        Piece::Any {
            count: Count::Element(path.to_owned()),
            name: name.map(str::to_owned),
        },
    ]
}

fn count(word: &str) -> Result<Option<Count>, String> {
    if word == "*" {
        return Ok(Some(Count::Rest));
    }
    if word.contains('/') && !word.contains(char::is_whitespace) {
        return Ok(Some(Count::Element(word.to_owned())));
    }
    if let Some((from, to)) = word.split_once("..") {
        let (from, to) = (bytes_number(from)?, bytes_number(to)?);
        return if from <= to {
            Ok(Some(Count::Between(from, to)))
        } else {
            Err(format!("{word} is no range"))
        };
    }
    if word.starts_with(|c: char| c.is_ascii_digit()) {
        return bytes_number(word).map(|number| Some(Count::Exactly(number)));
    }
    Ok(None)
}

fn bytes_number(word: &str) -> Result<usize, String> {
    match word.trim().parse::<usize>() {
        Ok(count @ 1..=4096) => Ok(count),
        _ => Err(format!("{word}: a number of bytes from 1 to 4096 was expected")),
    }
}

fn mask(bits: &str, value: &str) -> Result<Vec<Piece>, String> {
    let (bits, value) = (literal(bits)?, literal(value)?);
    if bits.len() != value.len() {
        return Err("mask and value have different lengths".to_owned());
    }
    Ok(vec![Piece::Mask { bits, value }])
}

fn literal(word: &str) -> Result<Vec<u8>, String> {
    let digits = word
        .strip_prefix("0x")
        .ok_or_else(|| format!("{word} does not begin with 0x"))?;
    hex::decode(digits).map_err(|_| no_hex(digits))
}

/// An argument: `0x…`, a remembered name, or another value in braces or brackets.
fn argument(word: &str, depth: usize) -> Result<Expression, String> {
    if word.starts_with("0x") {
        return literal(word).map(Expression::Bytes);
    }
    if is_name(word) {
        return Ok(Expression::Recall(word.to_owned()));
    }
    if !word.starts_with(['{', '[']) {
        return Err(format!("{word}: NAME, 0xHEX, {{…}} or […] was expected"));
    }
    let mut rest = word;
    let pieces = bounded(&mut rest, None, depth)?;
    let values = pieces.into_iter().map(known).collect::<Result<Vec<_>, _>>()?;
    Ok(joined(values))
}

fn function(name: &str, arguments: &[&str], depth: usize) -> Result<Expression, String> {
    let at = |index: usize| -> Result<Box<Expression>, String> { argument(arguments[index], depth).map(Box::new) };
    let number = |word: &str| word.parse::<i64>().map_err(|_| format!("{word} is no number"));
    let own = |word: &str| word.to_owned();
    Ok(match (name, arguments) {
        ("fid", [path]) => Expression::Fid(own(path)),
        ("name", [df]) => Expression::Name(own(df)),
        ("sfi", [path]) => Expression::BinarySfi(own(path)),
        ("sfi", [path, mode]) => Expression::Sfi {
            path: own(path),
            mode: u8::try_from(number(mode)?)
                .ok()
                .filter(|mode| *mode < 8)
                .ok_or("a mode has three bits")?,
        },
        ("directory", [df]) => Expression::Directory(own(df)),
        ("algorithm", []) => Expression::Algorithm,
        ("tag", [path]) => Expression::Tag(own(path)),
        ("len", [path]) => Expression::Length(own(path)),
        ("reclen", [path]) => Expression::RecordLength(own(path)),
        ("id", [key]) => Expression::KeyId(own(key)),
        ("pin", []) => Expression::Pin(PinKind::Right),
        ("pin", ["wrong"]) => Expression::Pin(PinKind::Wrong),
        ("pin", ["other"]) => Expression::Pin(PinKind::Other),
        ("pin", [name]) if is_name(name) => Expression::CertificatePin(own(name)),
        ("sealed", [under, _, _, plain @ ..]) if plain.len() <= 1 => Expression::CertificateMessage {
            under: own(under),
            challenge: at(1)?,
            header: at(2)?,
            plain: match plain {
                [_] => Some(at(3)?),
                _ => None,
            },
        },
        ("proof", [pin, _]) => Expression::CertificateProof {
            pin: own(pin),
            challenge: at(1)?,
        },
        ("auth", [key, _, _]) => Expression::Authentication {
            key: KeyName::parse(key)?,
            factor: at(1)?,
            source: at(2)?,
        },
        ("secure", [key, _, _, plain @ ..]) if plain.len() <= 1 => Expression::Secure {
            key: KeyName::parse(key)?,
            challenge: at(1)?,
            header: at(2)?,
            plain: match plain {
                [_] => Some(at(3)?),
                _ => None,
            },
        },
        ("mac", [key, _, _]) => Expression::Mac {
            key: KeyName::parse(key)?,
            factor: at(1)?,
            data: at(2)?,
        },
        ("tac", [key, _]) => Expression::TransactionCode {
            key: KeyName::parse(key)?,
            data: at(1)?,
        },
        ("code", [key, _]) => Expression::IdentificationCode {
            key: KeyName::parse(key)?,
            data: at(1)?,
        },
        ("certkey", [_]) => Expression::CertificateKey(at(0)?),
        ("sm3", [_]) => Expression::Sm3(at(0)?),
        ("sm2digest", [_, _]) => Expression::Sm2Digest {
            key: at(0)?,
            message: at(1)?,
        },
        ("xor", [_, _]) => Expression::Xor(at(0)?, at(1)?),
        ("slice", [_, range]) => slice(at(0)?, range)?,
        ("add", [_, amount]) => Expression::Add(at(0)?, number(amount)?),
        ("repeat", [times, _]) => Expression::Repeat(bytes_number(times)?, at(1)?),
        ("size", [_]) => Expression::Size(at(0)?),
        ("tlv", [_, path]) => Expression::Tlv {
            of: at(0)?,
            path: tags(path)?,
        },
        ("reset", []) => Expression::Reset,
        ("historical", []) => Expression::Historical,
        ("identity", []) => Expression::Identity,
        _ => {
            return Err(format!(
                "{name} with {} arguments is not known (suites/README.md has all that are)",
                arguments.len()
            ));
        }
    })
}

fn slice(of: Box<Expression>, range: &str) -> Result<Expression, String> {
    let fault = || format!("{range}: from..to was expected");
    let (from, to) = range.split_once("..").ok_or_else(fault)?;
    let from = from.parse().map_err(|_| fault())?;
    let to = match to {
        "" => None,
        to => Some(to.parse().map_err(|_| fault())?),
    };
    Ok(Expression::Slice { of, from, to })
}

/// `6F/A5/9F0C`: tags of one or two bytes.
pub(super) fn tags(path: &str) -> Result<Vec<u16>, String> {
    path.split('/')
        .map(|tag| match tag.len() {
            2 | 4 => u16::from_str_radix(tag, 16).map_err(|_| format!("{tag} is no tag")),
            _ => Err(format!("{tag} is no tag")),
        })
        .collect()
}

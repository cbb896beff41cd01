//! Whether pOutInfo fits a pattern.

use super::evaluate::{Memory, text};
use super::stand::Stand;
use super::text::{Form, Piece};
use crate::ConformanceError;

/// Separators of the interface: items, files, fields.
pub(super) const SEPARATORS: [char; 3] = ['|', '$', '^'];

/// What does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Misfit {
    /// In words.
    pub detail: String,
}

/// Compares, and remembers what the pattern names.
///
/// # Errors
/// A value of the pattern cannot be had.
pub(super) fn fit(
    pieces: &[Piece],
    out: &str,
    memory: &mut Memory,
    stand: &dyn Stand,
) -> Result<Option<Misfit>, ConformanceError> {
    let mut rest = out;
    for piece in pieces {
        let at = out.len() - rest.len();
        match piece {
            Piece::Has(value) => {
                let wanted = text(value, memory, stand)?;
                if !out.contains(&wanted) {
                    return Ok(Some(Misfit {
                        detail: format!("the text has no {wanted:?}"),
                    }));
                }
                rest = "";
            }
            Piece::Tries(name) => {
                let begin = out.find(|c: char| c.is_ascii_digit());
                let number = begin.map(|begin| {
                    let tail = &out[begin..];
                    let end = tail.find(|c: char| !c.is_ascii_digit()).unwrap_or(tail.len());
                    tail[..end].to_owned()
                });
                let Some(number) = number else {
                    return Ok(Some(Misfit {
                        detail: "the text tells no number of tries".to_owned(),
                    }));
                };
                memory.insert(name.clone(), number);
                rest = "";
            }
            Piece::Value(value) => {
                let wanted = text(value, memory, stand)?;
                match rest.strip_prefix(&wanted[..]) {
                    Some(tail) => rest = tail,
                    None => return Ok(Some(misfit(out, at + common(rest, &wanted)))),
                }
            }
            Piece::In(values) => {
                let mut tail = None;
                for value in values {
                    tail = tail.or(rest.strip_prefix(&text(value, memory, stand)?[..]));
                }
                match tail {
                    Some(tail) => rest = tail,
                    None => return Ok(Some(misfit(out, at))),
                }
            }
            Piece::Some { name, form } => {
                let Some(length) = length(*form, rest) else {
                    return Ok(Some(misfit(out, at)));
                };
                let (taken, tail) = rest.split_at(length);
                if let Some(name) = name {
                    memory.insert(name.clone(), taken.to_owned());
                }
                rest = tail;
            }
        }
    }
    Ok((!rest.is_empty()).then(|| misfit(out, out.len() - rest.len())))
}

/// How many bytes of the text a form takes.
fn length(form: Form, text: &str) -> Option<usize> {
    let item = text.find(SEPARATORS).unwrap_or(text.len());
    let counted = |count: usize, fits: fn(u8) -> bool| {
        let head = text.as_bytes().get(..count)?;
        head.iter().all(|b| fits(*b)).then_some(count)
    };
    match form {
        Form::Any => Some(item),
        Form::Filled => (item > 0).then_some(item),
        Form::Hex(count) => counted(count, |b| b.is_ascii_digit() || (b'A'..=b'F').contains(&b)),
        Form::Digits(count) => counted(count, |b| b.is_ascii_digit()),
        Form::Rest => Some(text.len()),
    }
}

/// How many bytes two texts have in common at their begin.
fn common(a: &str, b: &str) -> usize {
    a.char_indices()
        .zip(b.chars())
        .find(|((_, x), y)| x != y)
        .map_or(a.len().min(b.len()), |((at, _), _)| at)
}

/// Names the place: item, file and field, all from 1, without what stands there.
fn misfit(out: &str, at: usize) -> Misfit {
    let before = out.get(..at).unwrap_or(out);
    let file = before.rsplit('$').next().unwrap_or_default();
    let item = file.matches('|').count() + 1;
    let field = file.rsplit('|').next().unwrap_or_default().matches('^').count() + 1;
    let mut detail = format!("item {item} of pOutInfo");
    if before.contains('$') {
        detail = format!("file {}, {detail}", before.matches('$').count() + 1);
    }
    if field > 1 {
        detail += &format!(", field {field}");
    }
    if at >= out.len() {
        detail += ": the text ends too early";
    }
    Misfit { detail }
}

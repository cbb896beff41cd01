//! Compares answers with patterns.

use super::pieces::{Count, Piece};
use super::play::Player;
use super::{Answer, Deviation};
use crate::ConformanceError;
use reader::link::Response;

/// A piece with its values filled in.
enum Known {
    Bytes(Vec<u8>),
    Any {
        least: usize,
        most: usize,
        name: Option<String>,
    },
    Digits(Vec<Option<u8>>),
    Mask {
        bits: Vec<u8>,
        value: Vec<u8>,
    },
    NonZero(usize),
    Not(Vec<u8>),
    Prefixed(Vec<Known>),
}

/// One comparison.
#[derive(Default)]
struct Attempt {
    expected: String,
    fault: Option<String>,
    remembered: Vec<(String, Vec<u8>)>,
}

impl Player<'_, '_> {
    /// Finds the first of the answers that fits and remembers what it names.
    pub(super) fn compare(
        &mut self,
        answers: &[Answer],
        got: &Response,
    ) -> Result<Option<Deviation>, ConformanceError> {
        let mut nearest: Option<(bool, Deviation)> = None;
        for answer in answers {
            let mut attempt = Attempt::default();
            let recall = |name: &str| self.recall(name).ok().and_then(|bytes| bytes.last().copied());
            let status = answer.status.iter().find_map(|pattern| pattern.fits(got.sw, recall));
            let known = self.known(&answer.data)?;
            attempt.all(&known, &got.data, 0);
            let words: Vec<String> = answer.status.iter().map(ToString::to_string).collect();
            attempt.expected.push_str(&words.join("/"));
            let Some(remembered) = status else {
                nearest = nearest.or_else(|| {
                    Some((
                        false,
                        deviation(answer, got, attempt.expected, "status word".to_owned()),
                    ))
                });
                continue;
            };
            match attempt.fault.take() {
                None => {
                    for (name, bytes) in attempt.remembered {
                        self.remember(&name, bytes);
                    }
                    if let Some((name, value)) = remembered {
                        self.remember(&name, vec![value]);
                    }
                    return Ok(None);
                }
                Some(fault) if !matches!(nearest, Some((true, _))) => {
                    nearest = Some((true, deviation(answer, got, attempt.expected, fault)));
                }
                Some(_) => {}
            }
        }
        Ok(nearest.map(|(_, deviation)| deviation))
    }

    fn known(&mut self, pieces: &[Piece]) -> Result<Vec<Known>, ConformanceError> {
        let mut known = Vec::with_capacity(pieces.len());
        for piece in pieces {
            known.push(match piece {
                Piece::Value(value) => Known::Bytes(self.value(value)?),
                Piece::Any { count, name } => {
                    let (least, most) = match count {
                        Count::Exactly(number) => (*number, *number),
                        Count::Between(least, most) => (*least, *most),
                        Count::Rest => (0, usize::MAX),
                        Count::Element(path) => {
                            let length = self.element_length(path)?;
                            (length, length)
                        }
                    };
                    Known::Any {
                        least,
                        most,
                        name: name.clone(),
                    }
                }
                Piece::Digits(digits) => Known::Digits(digits.clone()),
                Piece::Mask { bits, value } => Known::Mask {
                    bits: bits.clone(),
                    value: value.clone(),
                },
                Piece::NonZero(number) => Known::NonZero(*number),
                Piece::Not(value) => Known::Not(self.value(value)?),
                Piece::Prefixed(inner) => Known::Prefixed(self.known(inner)?),
            });
        }
        Ok(known)
    }
}

impl Known {
    /// The fewest and the most bytes that fit.
    fn bounds(&self) -> (usize, usize) {
        let fixed = |number| (number, number);
        match self {
            Self::Bytes(bytes) | Self::Not(bytes) => fixed(bytes.len()),
            Self::Any { least, most, .. } => (*least, *most),
            Self::Digits(digits) => fixed(digits.len() / 2),
            Self::Mask { bits, .. } => fixed(bits.len()),
            Self::NonZero(number) => fixed(*number),
            Self::Prefixed(inner) => inner
                .iter()
                .map(Self::bounds)
                .fold((1, 1), |sum, one| (sum.0 + one.0, sum.1.saturating_add(one.1))),
        }
    }

    fn text(&self) -> String {
        match self {
            Self::Bytes(bytes) => hex::encode_upper(bytes),
            Self::Any { least, most, .. } if least == most => "..".repeat(*least),
            Self::Any { .. } => "…".to_owned(),
            Self::Digits(digits) => digits
                .iter()
                .map(|digit| digit.map_or('.', |digit| char::from_digit(digit.into(), 16).unwrap_or('.')))
                .collect::<String>()
                .to_uppercase(),
            Self::Mask { bits, .. } => "..".repeat(bits.len()),
            Self::NonZero(number) => "..".repeat(*number),
            Self::Not(bytes) => format!("not {}", hex::encode_upper(bytes)),
            Self::Prefixed(inner) => {
                let inner: String = inner.iter().map(Self::text).collect();
                format!("[{inner}]")
            }
        }
    }

    /// First byte that does not fit, if the length fits.
    fn wrong_byte(&self, part: &[u8]) -> Option<usize> {
        match self {
            Self::Bytes(bytes) => part.iter().zip(bytes).position(|(a, b)| a != b),
            Self::Not(bytes) => (part == bytes).then_some(0),
            Self::Any { .. } | Self::Prefixed(_) => None,
            Self::Digits(digits) => part.iter().zip(digits.chunks(2)).position(|(byte, digits)| {
                let wrong = |want: Option<u8>, have: u8| want.is_some_and(|want| want != have);
                wrong(digits[0], byte >> 4) || digits.get(1).is_some_and(|low| wrong(*low, byte & 0x0F))
            }),
            Self::Mask { bits, value } => part
                .iter()
                .zip(bits.iter().zip(value))
                .position(|(byte, (bits, value))| byte & bits != value & bits),
            Self::NonZero(_) => part.iter().all(|byte| *byte == 0).then_some(0),
        }
    }
}

impl Attempt {
    /// Compares all of `data`, which begins at byte `offset` of the answer.
    fn all(&mut self, pieces: &[Known], data: &[u8], offset: usize) {
        for piece in pieces {
            self.expected.push_str(&piece.text());
        }
        self.inner(pieces, data, offset);
    }

    fn inner(&mut self, pieces: &[Known], data: &[u8], offset: usize) {
        let mut position = 0;
        for (number, piece) in pieces.iter().enumerate() {
            let rest = &data[position..];
            let later = pieces[number + 1..].iter().map(|piece| piece.bounds().0).sum();
            let (least, most) = piece.bounds();
            let room = rest.len().saturating_sub(later);
            let length = match piece {
                Known::Prefixed(_) => rest.first().map_or(1, |length| usize::from(*length) + 1),
                _ => room.clamp(least, most.max(least)),
            };
            let Some(part) = rest.get(..length) else {
                self.fail(format!("{} bytes of data are too few", offset + data.len()));
                return;
            };
            match piece {
                Known::Prefixed(inner) => self.inner(inner, &part[1..], offset + position + 1),
                _ => {
                    if let Some(wrong) = piece.wrong_byte(part) {
                        self.fail(format!("byte {} of the data", offset + position + wrong + 1));
                    }
                }
            }
            if let Known::Any { name: Some(name), .. } = piece {
                self.remembered.push((name.clone(), part.to_vec()));
            }
            position += length;
        }
        if position < data.len() {
            self.fail(format!("{} bytes of data are too many", offset + data.len()));
        }
    }

    fn fail(&mut self, fault: String) {
        self.fault.get_or_insert(fault);
    }
}

fn deviation(answer: &Answer, got: &Response, expected: String, detail: String) -> Deviation {
    Deviation {
        line: answer.line,
        source: answer.source.clone(),
        expected,
        got: hex::encode_upper(got.to_bytes()),
        detail,
    }
}

//! The forms of the commands (`spec/commands.md` §1.2, §1.3): which parameters and lengths they have, and how long their answers
//! are.

use card_model::status::StatusWord;
use reader::command::Command;

/// Whether parameters and length of a command are those of the standard; `None` where that depends on the card or on the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Form {
    /// P1 and P2.
    pub parameters: Option<bool>,
    /// Lc and Le.
    pub length: Option<bool>,
}

impl Form {
    const OPEN: Self = Self {
        parameters: None,
        length: None,
    };

    /// Whether there is such a command: only then may it be done.
    pub fn is_coded(self) -> bool {
        self.parameters != Some(false) && self.length != Some(false)
    }
}

/// The form of a command. Which word refuses a wrong one first is not fixed everywhere. Of unpublished commands nothing is known.
pub(super) fn form(command: &[u8]) -> Form {
    let wrong = Form {
        parameters: Some(false),
        length: Some(false),
    };
    let Ok(parsed) = Command::from_bytes(command) else {
        return wrong;
    };
    if is_unpublished(command) {
        return Form::OPEN;
    }
    let [class, instruction, p1, p2] = parsed.header();
    let (data, asked) = (parsed.data().len(), parsed.le());
    // Where P1 and P2 are wrong, nobody knows what length would be right.
    let of = |parameters: bool, length: bool| Form {
        parameters: Some(parameters),
        length: parameters.then_some(length),
    };
    let any_parameters = |length: bool| Form {
        parameters: None,
        length: Some(length),
    };
    let at_most = |length: u16| asked.is_none_or(|asked| asked == 256 || asked >= length);
    match (class, instruction) {
        (0x00, 0xA4) => match (p1, p2) {
            (0x00, 0x00) => of(true, matches!(data, 0 | 2)),
            (0x02, 0x00) => of(true, data == 2),
            (0x04, 0x00) => of(true, matches!(data, 5..=16)),
            // Selection of the next by a part of its name is optional.
            (0x04, 0x02) => any_parameters(matches!(data, 5..=16)),
            _ => of(false, false),
        },
        // Without Le they go over T=0 as with Le 00 (ISO/IEC 7816-3 §12.2). Le 00 of READ RECORD is answered with 6Cxx, so what is
        // done is the command with the length that the card named.
        (0x00, 0xB2) => Form {
            parameters: match (p1, p2 & 0x07, p2 >> 3) {
                (0xFF, ..) | (_, 0x07, _) => Some(false),
                // The current record, and a short file identifier that is none.
                (0x00, ..) | (.., 0x1F) => None,
                _ => Some(true),
            },
            length: Some(data == 0),
        },
        (0x00, 0xB0) => Form {
            parameters: binary_parameters(p1),
            length: Some(data == 0),
        },
        // What data fit depends on the file.
        (0x00 | 0x04, 0xDC) => Form {
            parameters: (p2 & 0x07 > 0x04 || p1 == 0xFF).then_some(false),
            length: (data == 0 || asked.is_some()).then_some(false),
        },
        (0x00 | 0x04, 0xD6) => Form {
            parameters: binary_parameters(p1),
            length: (data == 0 || asked.is_some()).then_some(false),
        },
        (0x00, 0x84) => of((p1, p2) == (0, 0), data == 0 && matches!(asked, Some(4 | 8 | 16))),
        (0x00, 0x82) => Form {
            parameters: (p1 != 0).then_some(false),
            length: Some(matches!(data, 16 | 17) && asked.is_none()),
        },
        (0x00, 0x88) => of((p1, p2) == (0, 0), matches!(data, 16 | 17) && at_most(8)),
        (0x00, 0x20) => of(
            (p1, p2) == (0, 0),
            matches!(data, 0 | 2..=8) && asked.is_none_or(|asked| data == 0 && asked == 256),
        ),
        (0x80, 0x5E) => of((p1, p2) == (1, 0), matches!(data, 3..=17) && asked.is_none()),
        (0x84, 0x24) => match (p1, p2, data) {
            (0, 0, _) => of(true, data == 4 && asked.is_none()),
            // One of the two, by the card's cipher.
            (0, 1, 12 | 20) => Form {
                parameters: Some(true),
                length: None,
            },
            (0, 1, _) => of(true, false),
            _ => of(false, false),
        },
        (0x84, 0x1E) => of((p1, p2) == (0, 1), data == 4 && asked.is_none()),
        (0x84, 0x16) => of((p1, p2) == (0, 0), data == 4 && asked.is_none()),
        (0x00, 0xC0) => of((p1, p2) == (0, 0), data == 0),
        (0xB0, 0x26) => of(
            p1 == 0 && matches!(p2, 1..=3),
            data == 0 && asked == Some(if p2 == 1 { 4 } else { 6 }),
        ),
        (0xB0, 0x28) => match (p1, p2) {
            (0, 1) => of(true, data == 11 && at_most(16)),
            (1, 1) => of(true, data == 19 && at_most(22)),
            _ => of(false, false),
        },
        (0xB0, 0x2A) => of((p1, p2) == (0, 0), data == 11 && at_most(4)),
        (0xB0, 0x2C) => of((p1, p2) == (1, 0), data == 15 && at_most(8)),
        // P2 is any type of transaction.
        (0xB0, 0x2E) => Form {
            parameters: (p1 != 0).then_some(false),
            length: Some(data == 2 && at_most(8)),
        },
        (0xB0, 0x56) => match (p1, p2) {
            (0, 0) => of(true, data == 2 && asked.is_none()),
            (1, 0) => of(true, data == 0 && asked == Some(2)),
            _ => of(false, false),
        },
        _ => wrong,
    }
}

/// P1 of a binary command: an offset, or with its first bit a short file identifier under 100xxxxx.
fn binary_parameters(p1: u8) -> Option<bool> {
    match (p1 & 0x80, p1 & 0x60, p1 & 0x1F) {
        (0, ..) => Some(true),
        // Short file identifiers that are none.
        (_, 0, 0 | 0x1F) => None,
        (_, reserved, _) => Some(reserved == 0),
    }
}

/// Commands for which there is no public text (`spec/commands.md` §10): those of the card operating system and of the
/// certificate application.
pub(super) fn is_unpublished(command: &[u8]) -> bool {
    match *command {
        [0x80, instruction, ..] => instruction != 0x5E,
        [0x84, 0x5E | 0xD4, ..] => true,
        [0x00, 0x20, 0x01, ..] | [0x84, 0x24, 0x01, ..] => true,
        // Master keys are authenticated with the value of P2 that the standard reserves.
        [0x00, 0x82, _, p2, ..] => p2 & 0x7F == 0,
        _ => false,
    }
}

/// Whether a command has data, and whether it may answer with some.
pub(super) fn shape(command: &[u8]) -> (bool, bool) {
    let data = command.len() > 5;
    let answers = lengths(command, StatusWord::OK).is_none_or(|lengths| lengths != Lengths::none());
    (data, answers)
}

/// Lengths that the data of an answer may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Lengths {
    least: usize,
    most: usize,
}

impl Lengths {
    const fn none() -> Self {
        Self::exactly(0)
    }

    const fn exactly(length: usize) -> Self {
        Self {
            least: length,
            most: length,
        }
    }

    pub fn contains(self, length: usize) -> bool {
        (self.least..=self.most).contains(&length)
    }
}

impl std::fmt::Display for Lengths {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.least == self.most {
            true => write!(f, "{}", self.least),
            false => write!(f, "{}–{}", self.least, self.most),
        }
    }
}

/// How long the data of a command that is done may be (`spec/commands.md` §1.2, §1.3); `None` where no text says. After 6Cxx
/// the card itself has named the length.
pub(super) fn lengths(command: &[u8], first: StatusWord) -> Option<Lengths> {
    let parsed = Command::from_bytes(command).ok()?;
    let asked = parsed.le().map(usize::from);
    if let Some(named) = first.right_le() {
        return Some(Lengths::exactly(named));
    }
    let [class, instruction, p1, p2] = *command.first_chunk::<4>()?;
    let defined = match (class, instruction) {
        _ if is_unpublished(command) => return None,
        (0x00, 0xA4) => {
            return Some(Lengths {
                least: 0,
                most: if p1 == 0x02 { 0 } else { asked.unwrap_or(256) },
            });
        }
        // As many bytes as asked for; Le 00 of READ BINARY: to the end of the file. Le 00 of READ RECORD is never done.
        (0x00, 0xB0 | 0xB2 | 0xC0) => {
            return Some(match asked {
                None | Some(256) if instruction != 0xB2 => Lengths { least: 1, most: 256 },
                None => Lengths::none(),
                Some(length) => Lengths::exactly(length),
            });
        }
        (0x00, 0x84) => asked.unwrap_or(0),
        (0x00, 0x88) => 8,
        (0xB0, 0x26) if p2 == 0x01 => 4,
        (0xB0, 0x26) => 6,
        (0xB0, 0x28) if p1 == 0x00 => 16,
        (0xB0, 0x28) => 22,
        (0xB0, 0x2A) => 4,
        (0xB0, 0x2C | 0x2E) => 8,
        (0xB0, 0x56) if p1 == 0x01 => 2,
        _ => 0,
    };
    // A contactless card gives no more than was asked for.
    Some(match asked {
        Some(asked) if !parsed.data().is_empty() && asked < defined => Lengths {
            least: asked,
            most: defined,
        },
        _ => Lengths::exactly(defined),
    })
}

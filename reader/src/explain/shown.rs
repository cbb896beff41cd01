//! Bytes as they may be shown: hidden ones as `**`, whether the log hid them or we do.

/// Digits in a row from which a remark may hold a citizen number, a card number or a PIN.
const LONG: usize = 4;

/// Bytes of a command or an answer with what may be shown of each.
#[derive(Debug, Clone, Default)]
pub(super) struct Shown {
    /// What the card got or gave; 0 where the log had masked it.
    pub bytes: Vec<u8>,
    /// Two characters for each byte.
    text: String,
}

impl Shown {
    /// `masked` is the masker's text of the same bytes; `None` shows all that the log has.
    pub fn new(logged: &[Option<u8>], masked: Option<&str>) -> Self {
        let bytes: Vec<u8> = plain(logged);
        let masked: Vec<char> = masked.unwrap_or_default().chars().filter(|c| *c != ' ').collect();
        let pair = |(index, byte): (usize, &Option<u8>)| match (byte, masked.get(2 * index)) {
            (None, _) | (Some(_), Some('*')) => "**".to_owned(),
            (Some(byte), _) => format!("{byte:02X}"),
        };
        let text = logged.iter().enumerate().map(pair).collect();
        Self { bytes, text }
    }

    /// The text of a part.
    pub fn text(&self, range: std::ops::Range<usize>) -> String {
        self.text
            .get(range.start * 2..range.end * 2)
            .unwrap_or_default()
            .to_owned()
    }

    /// The text of all.
    pub fn all(&self) -> String {
        self.text.clone()
    }

    /// The bytes of a part, if all of them may be shown.
    pub fn open(&self, range: std::ops::Range<usize>) -> Option<&[u8]> {
        let visible = !self.text.get(range.start * 2..range.end * 2)?.contains('*');
        visible.then(|| self.bytes.get(range)).flatten()
    }

    /// The same without its last `count` bytes.
    pub fn without_last(&self, count: usize) -> Self {
        let left = self.bytes.len().saturating_sub(count);
        Self {
            bytes: self.bytes.get(..left).unwrap_or_default().to_vec(),
            text: self.text(0..left),
        }
    }

    /// The part from `start` on, `length` bytes or fewer.
    pub fn part(&self, start: usize, length: usize) -> Self {
        let start = start.min(self.bytes.len());
        let end = (start + length).min(self.bytes.len());
        Self {
            bytes: self.bytes.get(start..end).unwrap_or_default().to_vec(),
            text: self.text(start..end),
        }
    }
}

/// The bytes with 0 for what the log had masked.
pub(super) fn plain(logged: &[Option<u8>]) -> Vec<u8> {
    logged.iter().map(|byte| byte.unwrap_or_default()).collect()
}

/// Whether the log has every byte of it.
pub(super) fn is_whole(logged: &[Option<u8>]) -> bool {
    logged.iter().all(Option::is_some)
}

/// A remark with `*` for every digit of a long number.
pub(super) fn without_numbers(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        let (before, number) = rest.split_at(start);
        let length = number.find(|c: char| !c.is_ascii_digit()).unwrap_or(number.len());
        let (digits, after) = number.split_at(length);
        shown.push_str(before);
        if length >= LONG {
            shown.push_str(&"*".repeat(length));
        } else {
            shown.push_str(digits);
        }
        rest = after;
    }
    shown.push_str(rest);
    shown
}

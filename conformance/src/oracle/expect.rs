//! What an answer may be.

use card_model::card::Interface;
use std::collections::BTreeSet;

/// A command, taken apart.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    pub cla: u8,
    pub ins: u8,
    pub p1: u8,
    pub p2: u8,
    /// P3, 00 if there is none.
    pub p3: u8,
    pub data: &'a [u8],
    /// The byte of Le, if there is one.
    pub le: Option<u8>,
}

impl<'a> Request<'a> {
    /// `None` where the lengths do not agree.
    pub fn parse(command: &'a [u8]) -> Option<Self> {
        let (head, body) = command.split_first_chunk::<4>()?;
        let [cla, ins, p1, p2] = *head;
        let (p3, data, le) = match body {
            [] => (0, &[][..], None),
            [le] => (*le, &[][..], Some(*le)),
            [0, ..] => return None,
            [length, rest @ ..] => {
                let (data, rest) = rest.split_at_checked(usize::from(*length))?;
                match rest {
                    [] => (*length, data, None),
                    [le] => (*length, data, Some(*le)),
                    _ => return None,
                }
            }
        };
        Some(Self {
            cla,
            ins,
            p1,
            p2,
            p3,
            data,
            le,
        })
    }

    /// CLA INS P1 P2 P3.
    pub fn header(&self) -> [u8; 5] {
        [self.cla, self.ins, self.p1, self.p2, self.p3]
    }

    /// Bytes asked for: 256 for Le 00 and without Le.
    pub fn expected_length(&self) -> usize {
        match self.le {
            None | Some(0) => 256,
            Some(le) => usize::from(le),
        }
    }
}

/// Data of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Data {
    /// None.
    None,
    /// These bytes; `None` where any byte is right.
    Bytes(Vec<Option<u8>>),
    /// Whatever.
    Any,
}

impl Data {
    /// Bytes that are known.
    pub fn known(bytes: &[u8]) -> Self {
        match bytes {
            [] => Self::None,
            bytes => Self::Bytes(bytes.iter().copied().map(Some).collect()),
        }
    }

    /// `length` bytes of which nothing is known.
    pub fn of_length(length: usize) -> Self {
        Self::Bytes(vec![None; length])
    }

    fn fits(&self, data: &[u8]) -> bool {
        match self {
            Self::None => data.is_empty(),
            Self::Any => true,
            Self::Bytes(bytes) => {
                bytes.len() == data.len()
                    && bytes
                        .iter()
                        .zip(data)
                        .all(|(wanted, got)| wanted.is_none_or(|b| b == *got))
            }
        }
    }

    fn cut(&self, length: usize) -> Self {
        match self {
            Self::Bytes(bytes) => Self::Bytes(bytes[..bytes.len().min(length)].to_vec()),
            other => other.clone(),
        }
    }
}

/// Data that wait for GET RESPONSE.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting(Vec<Option<u8>>);

impl Waiting {
    /// How many.
    pub fn length(&self) -> usize {
        self.0.len()
    }

    /// The first of them.
    pub fn part(&self, length: usize) -> Data {
        Data::Bytes(self.0[..length.min(self.0.len())].to_vec())
    }

    /// What waits after some were fetched.
    pub fn rest(&self, fetched: usize) -> Self {
        Self(self.0.get(fetched..).unwrap_or_default().to_vec())
    }
}

/// What a card may answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expectation {
    /// Status words of refusals for which there is a reason.
    pub refusals: BTreeSet<u16>,
    /// Status words that may come besides, where the sheets are silent; 9000 among them if success may come too.
    pub possible: BTreeSet<u16>,
    /// Whether every status word is right.
    pub any: bool,
    /// Data of success.
    pub data: Data,
    /// Whether the data are answered at once on contacts too (case 2).
    pub at_once: bool,
    /// Le of a command with data: contactless answers are cut to it.
    cut: Option<usize>,
}

impl Expectation {
    /// Success with these data.
    pub fn done(data: Data) -> Self {
        Self {
            refusals: BTreeSet::new(),
            possible: BTreeSet::new(),
            any: false,
            data,
            at_once: true,
            cut: None,
        }
    }

    /// One of these refusals.
    pub fn refused(words: impl IntoIterator<Item = u16>) -> Self {
        Self {
            refusals: words.into_iter().collect(),
            ..Self::done(Data::None)
        }
    }

    /// Everything.
    pub fn anything() -> Self {
        Self {
            any: true,
            ..Self::done(Data::Any)
        }
    }

    /// A reason to refuse.
    pub fn refuse(&mut self, word: u16) {
        self.refusals.insert(word);
    }

    /// A status word that may come or not.
    pub fn maybe(&mut self, words: impl IntoIterator<Item = u16>) {
        self.possible.extend(words);
    }

    /// As it is, with a further reason to refuse.
    #[must_use]
    pub fn refused_too(mut self, word: u16) -> Self {
        self.any = false;
        self.refuse(word);
        self
    }

    /// As it is, and this word besides.
    #[must_use]
    pub fn or_word(mut self, word: u16) -> Self {
        self.maybe([word]);
        self
    }

    /// The command has data, so on T=0 the answer must be fetched; on contactless it is cut to Le.
    pub fn case_four(&mut self, request: &Request<'_>) {
        self.at_once = false;
        self.cut(request);
    }

    /// Data end where Le says.
    pub fn cut(&mut self, request: &Request<'_>) {
        self.cut = request.le.map(|_| request.expected_length());
    }

    /// Refuses other P1 and P2 than these.
    pub fn parameters(&mut self, request: &Request<'_>, right: impl IntoIterator<Item = (u8, u8)>) {
        if !right.into_iter().any(|pair| pair == (request.p1, request.p2)) {
            self.refuse(0x6A86);
        }
    }

    /// Refuses another number of data bytes, and an Le where there must be none.
    pub fn lengths(&mut self, request: &Request<'_>, right: impl IntoIterator<Item = usize>, answers: bool) {
        let fits = right.into_iter().any(|length| length == request.data.len());
        if !fits || request.le.is_some() && !answers {
            self.refuse(0x6700);
        }
    }

    /// Whether an answer is right.
    pub fn allows(&self, sw: u16, data: &[u8], interface: Interface) -> bool {
        if self.any || self.refusals.contains(&sw) && (data.is_empty() || sw >> 8 == 0x61) {
            return true;
        }
        let done = self.refusals.is_empty() || self.possible.contains(&0x9000);
        let waits = interface == Interface::Contact && !self.at_once && self.data != Data::None;
        match sw {
            _ if sw >> 8 == 0x61 && waits && done => match &self.data {
                Data::Bytes(bytes) => data.is_empty() && bytes.len() & 0xFF == usize::from(sw & 0xFF),
                _ => data.is_empty(),
            },
            0x9000 if done && !waits => {
                let wanted = self.cut.map_or(self.data.clone(), |length| self.data.cut(length));
                wanted.fits(data)
            }
            _ => self.possible.contains(&sw) && sw != 0x9000 && data.is_empty(),
        }
    }

    /// What waits after a 61xx.
    pub fn waiting(&self, sw: u16) -> Waiting {
        match &self.data {
            Data::Bytes(bytes) if !self.any => Waiting(bytes.clone()),
            _ => Waiting(vec![None; if sw & 0xFF == 0 { 256 } else { usize::from(sw & 0xFF) }]),
        }
    }
}

impl std::fmt::Display for Expectation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let words = |words: &BTreeSet<u16>| {
            let words: Vec<String> = words.iter().map(|word| format!("{word:04X}")).collect();
            words.join(" ")
        };
        if self.any {
            return f.write_str("anything");
        }
        if self.refusals.is_empty() {
            f.write_str("success")?;
            match &self.data {
                Data::None => {}
                Data::Any => f.write_str(" with data")?,
                Data::Bytes(bytes) => {
                    f.write_str(" with ")?;
                    for byte in bytes {
                        match byte {
                            Some(byte) => write!(f, "{byte:02X}")?,
                            None => f.write_str("..")?,
                        }
                    }
                }
            }
        } else {
            write!(f, "one of {}", words(&self.refusals))?;
        }
        if !self.possible.is_empty() {
            write!(f, ", or {}", words(&self.possible))?;
        }
        Ok(())
    }
}

//! Transcripts: what went between terminal and card, as lines of text.
//!
//! ```text
//! # reset contact 3B6D0000…
//! > 00A404000F7378312E73682EC9E7BBE1B1A3D5CF
//! < 6118 # 412 us
//! # any remark
//! > 00C0000018
//! < 6F16840F… 9000
//! > 0020000003******
//! ```
//!
//! `>` is a command, `<` its answer, `#` begins a remark anywhere; spaces between bytes do not matter. `**` stands for a
//! byte that was masked. The remark `# reset contact HEX` or `# reset contactless HEX` gives an answer to reset.
//!
//! [`super::Trace`] writes them, [`TranscriptChannel`] plays them back.

use super::{Channel, Reset, TransportError, check_command};
use card_model::card::Interface;

/// A line of a transcript that means something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// The card was reset and answered so.
    Reset(Reset),
    /// A command; `None` for masked bytes.
    Command(Vec<Option<u8>>),
    /// An answer; `None` for masked bytes.
    Answer(Vec<Option<u8>>),
}

/// A transcript: its entries with their line numbers from 1.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Transcript {
    /// Entries in order.
    pub entries: Vec<(usize, Entry)>,
}

/// Why a text is no transcript.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TranscriptError {
    /// A line begins with none of `>`, `<`, `#`.
    #[error("line {0} begins with none of > < #")]
    Mark(usize),
    /// No bytes, or no hexadecimal ones.
    #[error("line {0} holds no hexadecimal bytes")]
    Bytes(usize),
    /// An answer without a command before it, or a command after an unanswered one.
    #[error("line {0} is out of turn: commands and answers alternate")]
    Turn(usize),
}

impl TranscriptError {
    /// The line, from 1.
    pub fn line(self) -> usize {
        match self {
            Self::Mark(line) | Self::Bytes(line) | Self::Turn(line) => line,
        }
    }
}

impl Transcript {
    /// Reads a transcript. A command without an answer may end it: the card was pulled.
    ///
    /// # Errors
    /// The line that is none.
    pub fn parse(text: &str) -> Result<Self, TranscriptError> {
        let mut entries: Vec<(usize, Entry)> = Vec::new();
        let mut waiting = false;
        for (number, line) in text.lines().enumerate().map(|(index, line)| (index + 1, line.trim())) {
            if let Some(remark) = line.strip_prefix('#') {
                if let Some(reset) = parse_reset(remark) {
                    waiting = false;
                    entries.push((number, Entry::Reset(reset)));
                }
                continue;
            }
            let content = line.split('#').next().unwrap_or_default();
            let bytes = |text: &str| parse_bytes(text).ok_or(TranscriptError::Bytes(number));
            if let Some(command) = content.strip_prefix('>') {
                if waiting {
                    return Err(TranscriptError::Turn(number));
                }
                entries.push((number, Entry::Command(bytes(command)?)));
                waiting = true;
            } else if let Some(answer) = content.strip_prefix('<') {
                if !waiting {
                    return Err(TranscriptError::Turn(number));
                }
                entries.push((number, Entry::Answer(bytes(answer)?)));
                waiting = false;
            } else if !content.is_empty() {
                return Err(TranscriptError::Mark(number));
            }
        }
        Ok(Self { entries })
    }
}

/// The remark that gives an answer to reset.
pub(super) fn reset_remark(reset: &Reset) -> String {
    let interface = match reset.interface {
        Interface::Contact => "contact",
        Interface::Contactless => "contactless",
    };
    format!("# reset {interface} {}", hex::encode_upper(&reset.bytes))
}

pub(crate) fn parse_reset(remark: &str) -> Option<Reset> {
    let mut words = remark.split_whitespace();
    if words.next() != Some("reset") {
        return None;
    }
    let interface = match words.next()? {
        "contact" => Interface::Contact,
        "contactless" => Interface::Contactless,
        _ => return None,
    };
    let bytes = crate::command::parse_hex(&words.collect::<String>()).ok()?;
    Some(Reset { bytes, interface })
}

/// Bytes in hex or `**`, at least one.
fn parse_bytes(text: &str) -> Option<Vec<Option<u8>>> {
    let digits: Vec<char> = text.chars().filter(|c| !c.is_whitespace()).collect();
    let (pairs, rest) = digits.as_chunks::<2>();
    if pairs.is_empty() || !rest.is_empty() {
        return None;
    }
    pairs
        .iter()
        .map(|&[high, low]| match (high.to_digit(16), low.to_digit(16)) {
            (Some(high), Some(low)) => Some(Some((high << 4 | low) as u8)),
            _ if high == '*' && low == '*' => Some(None),
            _ => None,
        })
        .collect()
}

/// A channel that plays a transcript back: each command must be the recorded one, and gets the recorded answer. A masked
/// byte of a command fits any byte; a masked answer cannot be played.
#[derive(Debug)]
pub struct TranscriptChannel {
    name: String,
    entries: Vec<(usize, Entry)>,
    next: usize,
    reset: Reset,
}

impl TranscriptChannel {
    /// Plays a transcript; `name` is for messages.
    pub fn new(name: impl Into<String>, transcript: Transcript) -> Self {
        let reset = Reset {
            bytes: Vec::new(),
            interface: Interface::Contact,
        };
        let mut channel = Self {
            name: name.into(),
            entries: transcript.entries,
            next: 0,
            reset,
        };
        channel.take_reset();
        channel
    }

    /// Reads and plays a transcript.
    ///
    /// # Errors
    /// The text is none.
    pub fn from_text(name: impl Into<String>, text: &str) -> Result<Self, TransportError> {
        let name = name.into();
        match Transcript::parse(text) {
            Ok(transcript) => Ok(Self::new(name, transcript)),
            Err(error) => {
                let (line, message) = (error.line(), error.to_string());
                Err(TransportError::Transcript { name, line, message })
            }
        }
    }

    /// Whether everything was played.
    pub fn is_finished(&self) -> bool {
        self.next >= self.entries.len()
    }

    fn take_reset(&mut self) {
        if let Some((_, Entry::Reset(reset))) = self.entries.get(self.next) {
            self.reset = reset.clone();
            self.next += 1;
        }
    }

    fn failed(&self, message: impl Into<String>) -> TransportError {
        let line = self.entries.get(self.next).map_or(0, |(line, _)| *line);
        TransportError::Transcript {
            name: self.name.clone(),
            line,
            message: message.into(),
        }
    }
}

impl Channel for TranscriptChannel {
    fn name(&self) -> &str {
        &self.name
    }

    fn reset_answer(&self) -> &Reset {
        &self.reset
    }

    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, TransportError> {
        check_command(command)?;
        // Data stays out of messages; a header is no secret.
        let header = hex::encode_upper(command.get(..4).unwrap_or_default());
        let wanted = match self.entries.get(self.next) {
            Some((_, Entry::Command(wanted))) => wanted,
            Some((_, Entry::Reset(_))) => return Err(self.failed(format!("{header} sent, a reset was recorded"))),
            Some((_, Entry::Answer(_))) | None => {
                return Err(self.failed(format!("{header} sent, nothing was recorded")));
            }
        };
        let same = wanted.len() == command.len()
            && wanted
                .iter()
                .zip(command)
                .all(|(wanted, sent)| wanted.is_none_or(|wanted| wanted == *sent));
        if !same {
            let recorded: String = wanted
                .iter()
                .take(4)
                .map(|byte| byte.map_or("**".to_owned(), |byte| format!("{byte:02X}")))
                .collect();
            let difference = if recorded == header {
                "with other data or length"
            } else {
                "another command"
            };
            return Err(self.failed(format!("{header} sent, {recorded} recorded: {difference}")));
        }
        self.next += 1;
        match self.entries.get(self.next) {
            Some((_, Entry::Answer(answer))) => match answer.iter().copied().collect::<Option<Vec<u8>>>() {
                Some(answer) => {
                    self.next += 1;
                    Ok(answer)
                }
                None => Err(self.failed("the answer is masked")),
            },
            // Recorded without an answer: the card was gone.
            Some((_, Entry::Command(_) | Entry::Reset(_))) | None => Err(TransportError::CardRemoved {
                reader: self.name.clone(),
            }),
        }
    }

    fn reset(&mut self) -> Result<(), TransportError> {
        match self.entries.get(self.next) {
            Some((_, Entry::Reset(_))) => {
                self.take_reset();
                Ok(())
            }
            Some(_) => Err(self.failed("a reset, a command was recorded")),
            // After the end a reset does no harm; commands do.
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TEXT: &str = "# ssc transcript\n# reset contact 3B 6D 00 00\n> 00 84 00 00 08\n< 0102030405060708 9000 # 31 us\n\
        > 0020000003******\n< 63C2\n# reset contactless 1278\n\n> 00B2010012\n< 0101** 9000\n";

    #[test]
    fn plays_what_was_recorded() {
        let mut channel = TranscriptChannel::from_text("t", TEXT).expect("a transcript");
        assert_eq!(channel.reset_answer().bytes, [0x3B, 0x6D, 0, 0]);
        assert_eq!(
            channel.transmit(&[0, 0x84, 0, 0, 8]).expect("recorded"),
            [1, 2, 3, 4, 5, 6, 7, 8, 0x90, 0]
        );
        assert_eq!(
            channel.transmit(&[0, 0x20, 0, 0, 3, 0x11, 0x22, 0x33]).expect("masked"),
            [0x63, 0xC2]
        );
        channel.reset().expect("recorded");
        assert_eq!(channel.reset_answer().interface, Interface::Contactless);
        assert!(!channel.is_finished());
        let masked = channel.transmit(&[0, 0xB2, 1, 0, 0x12]);
        assert!(
            matches!(masked, Err(TransportError::Transcript { line: 10, .. })),
            "{masked:?}"
        );
    }

    #[test]
    fn tells_what_differs_without_the_data() {
        let mut channel = TranscriptChannel::from_text("t", TEXT).expect("a transcript");
        let error = channel
            .transmit(&[0, 0x20, 0, 0, 3, 0x12, 0x34, 0x56])
            .expect_err("another command")
            .to_string();
        assert!(error.contains("t:3"), "{error}");
        let error = format!("{:?}", channel.transmit(&[0, 0x84, 0, 0, 4]));
        assert!(
            error.contains("other data or length") && !error.contains("123456"),
            "{error}"
        );
    }

    #[test]
    fn damage_is_told_with_its_line() {
        assert_eq!(Transcript::parse("> 00840000\n? 9000"), Err(TranscriptError::Mark(2)));
        assert_eq!(Transcript::parse("> 0084000"), Err(TranscriptError::Bytes(1)));
        assert_eq!(Transcript::parse(">"), Err(TranscriptError::Bytes(1)));
        assert_eq!(Transcript::parse("< 9000"), Err(TranscriptError::Turn(1)));
        assert_eq!(
            Transcript::parse("> 00840000\n\n> 00840000"),
            Err(TranscriptError::Turn(3))
        );
        assert!(Transcript::parse("> 00840000 # pulled").is_ok());
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "[ -~\n]{0,200}") {
            if let Ok(transcript) = Transcript::parse(&text) {
                let mut channel = TranscriptChannel::new("t", transcript);
                let _ = channel.transmit(&[0, 0x84, 0, 0, 8]);
                let _ = channel.reset();
            }
        }

        #[test]
        fn near_transcripts_are_read_or_refused(text in "([><#] ?[0-9a-f*]{0,8}\n){0,20}") {
            let _ = Transcript::parse(&text);
        }
    }
}

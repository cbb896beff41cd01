//! Logs of other programs and our own, read into what went over the line.
//!
//! | format | a line of it |
//! |---|---|
//! | transcript | `> 00A40400…` and `< 6118 # 412 us` (`--trace`; scriptor and apdu4j mark in much the same way) |
//! | pcscd | `00000003 APDU: 00 A4 04 00 …` and `00000096 SW: 61 1E` (`pcscd --foreground --debug --apdu`) |
//! | OpenSC's debug log | `Outgoing APDU (20 bytes):` with a dump below (`OPENSC_DEBUG=9`) |
//! | opensc-tool | `Sending: 00 A4 …` and `Received (SW1=0x90, SW2=0x00):` with a dump below |
//! | JSON | what `ssc apdu --json` prints |
//! | plain | hexadecimal lines, commands and answers in turn, or `command -> answer` in one line |
//!
//! A line that is nothing of the kind is passed over and told in [`Log::passed`], where the format says that it should be
//! something; a program's talk between the APDUs is nobody's loss.

mod dump;
mod json;
mod lines;

use crate::channel::Reset;
use card_model::words::{Explain, Explanation, Lang};
use rust_i18n::t;

/// Bytes of a log; `None` stands for a byte that was masked when the log was written.
pub type Bytes = Vec<Option<u8>>;

/// What wrote the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// Lines marked with `>` and `<`: our own transcripts, scriptor, apdu4j.
    Transcript,
    /// Debug log of pcscd.
    Pcscd,
    /// Debug log of OpenSC's library.
    OpenscDebug,
    /// What opensc-tool prints.
    OpenscTool,
    /// What `ssc apdu --json` prints.
    Json,
    /// Hexadecimal lines.
    Plain,
}

impl Format {
    /// Name in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Transcript => "transcript",
            Self::Pcscd => "pcscd",
            Self::OpenscDebug => "opensc_debug",
            Self::OpenscTool => "opensc_tool",
            Self::Json => "json",
            Self::Plain => "plain",
        }
    }

    /// Name for people.
    pub fn text(self, lang: Lang) -> String {
        let key = format!("explain.format.{}", self.name());
        t!(&key, locale = lang.locale()).into_owned()
    }
}

/// What happened, and in which line of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Line, from 1.
    pub line: usize,
    /// What.
    pub kind: EventKind,
}

/// What went over the line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventKind {
    /// The card was reset; with its answer, where the log has it.
    Reset(Option<Reset>),
    /// A command and, unless the card was gone, its answer with the status word.
    Exchange {
        /// Command, at least 4 bytes.
        command: Bytes,
        /// Answer, at least 2 bytes.
        answer: Option<Bytes>,
        /// Microseconds, where the log has them.
        micros: Option<u64>,
    },
    /// A remark of whoever wrote a transcript.
    Remark(String),
}

/// A log that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    /// What wrote it.
    pub format: Format,
    /// Events in order.
    pub events: Vec<Event>,
    /// Lines that should hold bytes and do not, from 1.
    pub passed: Vec<usize>,
}

/// Why a text is no log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.explain(Lang::En).what)]
#[non_exhaustive]
pub enum LogError {
    /// No command in it, in any of the formats.
    NoCommand,
}

impl Explain for LogError {
    fn explain(&self, lang: Lang) -> Explanation {
        let locale = lang.locale();
        Explanation {
            what: t!("explain.no_command", locale = locale).into_owned(),
            why: Some(t!("explain.no_command_why", locale = locale).into_owned()),
            next: Some(t!("explain.no_command_next", locale = locale).into_owned()),
        }
    }
}

impl Log {
    /// Reads a log in whichever format it is.
    ///
    /// # Errors
    /// There is no command in it.
    pub fn parse(text: &str) -> Result<Self, LogError> {
        let format = detect(text);
        let mut collector = Collector::default();
        match format {
            Format::Transcript => lines::transcript(text, &mut collector),
            Format::Pcscd => lines::pcscd(text, &mut collector),
            Format::OpenscDebug => dump::debug_log(text, &mut collector),
            Format::OpenscTool => dump::tool(text, &mut collector),
            Format::Json => json::read(text, &mut collector),
            Format::Plain => lines::plain(text, &mut collector),
        }
        let (events, passed) = collector.finish();
        let exchanged = |event: &Event| matches!(event.kind, EventKind::Exchange { .. });
        if !events.iter().any(exchanged) {
            return Err(LogError::NoCommand);
        }
        Ok(Self { format, events, passed })
    }
}

/// The most telling mark anywhere in the text decides: what opensc-tool prints may stand beside OpenSC's debug log.
fn detect(text: &str) -> Format {
    if text.trim_start().starts_with(['[', '{']) {
        return Format::Json;
    }
    let has = |mark: fn(&str) -> bool| text.lines().map(str::trim_start).any(mark);
    if has(|line| line.starts_with("Outgoing APDU (")) {
        Format::OpenscDebug
    } else if has(|line| lines::pcscd_mark(line).is_some()) {
        Format::Pcscd
    } else if has(|line| line.starts_with("Received (SW1=")) {
        Format::OpenscTool
    } else if has(lines::is_marked) {
        Format::Transcript
    } else {
        Format::Plain
    }
}

/// Puts commands and answers together.
#[derive(Debug, Default)]
struct Collector {
    events: Vec<Event>,
    passed: Vec<usize>,
    waiting: Option<(usize, Bytes)>,
}

impl Collector {
    /// A command of at least a header; shorter bytes are passed over. One that is still waiting had no answer.
    fn command(&mut self, line: usize, bytes: Bytes) {
        if bytes.len() < 4 {
            self.pass(line);
            return;
        }
        self.unanswered();
        self.waiting = Some((line, bytes));
    }

    /// The answer to the command that waits, at least a status word.
    fn answer(&mut self, line: usize, bytes: Bytes, micros: Option<u64>) {
        if bytes.len() < 2 {
            self.pass(line);
            return;
        }
        match self.waiting.take() {
            Some((begin, command)) => self.exchange(begin, command, Some(bytes), micros),
            None => self.pass(line),
        }
    }

    fn is_waiting(&self) -> bool {
        self.waiting.is_some()
    }

    fn reset(&mut self, line: usize, reset: Option<Reset>) {
        self.unanswered();
        // Programs tell of one reset several times: when the card is powered, and when its answer is asked for.
        if let Some(Event {
            kind: EventKind::Reset(last),
            ..
        }) = self.events.last_mut()
            && (last.is_none() || reset.is_none() || *last == reset)
        {
            *last = reset.or_else(|| last.take());
            return;
        }
        let kind = EventKind::Reset(reset);
        self.events.push(Event { line, kind });
    }

    fn remark(&mut self, line: usize, text: &str) {
        self.unanswered();
        let kind = EventKind::Remark(text.trim().to_owned());
        self.events.push(Event { line, kind });
    }

    fn pass(&mut self, line: usize) {
        self.passed.push(line);
    }

    fn unanswered(&mut self) {
        if let Some((line, command)) = self.waiting.take() {
            self.exchange(line, command, None, None);
        }
    }

    fn exchange(&mut self, line: usize, command: Bytes, answer: Option<Bytes>, micros: Option<u64>) {
        let kind = EventKind::Exchange {
            command,
            answer,
            micros,
        };
        self.events.push(Event { line, kind });
    }

    fn finish(mut self) -> (Vec<Event>, Vec<usize>) {
        self.unanswered();
        (self.events, self.passed)
    }
}

/// Bytes in hex or `**`; blanks, colons, hyphens and commas may stand between bytes, `0x` before them. At least one byte.
fn bytes(text: &str) -> Option<Bytes> {
    let plain = text.replace("0x", " ").replace("0X", " ");
    let mut bytes = Vec::with_capacity(plain.len() / 2);
    let mut rest = plain
        .chars()
        .filter(|c| !matches!(c, ':' | '-' | ',') && !c.is_whitespace());
    while let Some(high) = rest.next() {
        let low = rest.next()?;
        bytes.push(match (high.to_digit(16), low.to_digit(16)) {
            (Some(high), Some(low)) => u8::try_from(high << 4 | low).ok(),
            _ if high == '*' && low == '*' => None,
            _ => return None,
        });
    }
    (!bytes.is_empty()).then_some(bytes)
}

#[cfg(test)]
mod tests;

//! Writes what goes over a channel as a transcript, masked unless asked otherwise.

use super::mask::Masker;
use super::transcript::reset_remark;
use super::{Channel, Interface, TransportError};
use card_model::profile::Profile;
use std::io::{self, Write};
use std::sync::Arc;
use std::time::Instant;

/// Whether a trace shows secrets.
#[derive(Debug, Clone)]
pub enum Masking {
    /// PINs, keys, cryptograms, guarded files, names and numbers of persons are written as `**`. Files are judged by this
    /// profile; the newest one is the strictest. Without a profile no file's content is shown.
    Masked(Option<Arc<Profile>>),
    /// Everything is written as it is, after a warning in a box. Such a transcript can be replayed; it is for TEST cards.
    Unmasked,
}

impl Masking {
    /// Masked by the newest profile in the program, which is right for all cards whose profile is not known yet.
    pub fn standard() -> Self {
        let newest = Profile::BUILTIN.first().and_then(|name| Profile::builtin(name).ok());
        Self::Masked(newest.map(|profile| Arc::new(profile.clone())))
    }
}

/// The warning at the head of an unmasked trace.
const WARNING: &str = "\
# +-------------------------------------------------------------------------+
# | UNMASKED: this file holds PINs, names and citizen numbers in the clear. |
# | Delete it when it is no longer needed, and do not pass it on.           |
# | 未遮盖：本文件含有明文密码、姓名和公民身份号码，用后请删除，切勿外传。  |
# +-------------------------------------------------------------------------+
";

/// A channel that writes a transcript (see [`super::Transcript`]) of everything that goes over it.
///
/// A trace that cannot be written does not disturb the card: the work goes on, and [`Trace::failure`] tells of it.
pub struct Trace<C, W> {
    channel: C,
    output: W,
    masker: Option<Masker>,
    failure: Option<io::Error>,
}

impl<C: std::fmt::Debug, W> std::fmt::Debug for Trace<C, W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Trace")
            .field("channel", &self.channel)
            .finish_non_exhaustive()
    }
}

impl<C: Channel, W: Write> Trace<C, W> {
    /// Begins a transcript of `channel` with its name and answer to reset. Each exchange is one write to `output`.
    pub fn new(channel: C, output: W, masking: Masking) -> Self {
        let masker = match masking {
            Masking::Masked(profile) => Some(Masker::new(profile)),
            Masking::Unmasked => None,
        };
        let mut trace = Self {
            channel,
            output,
            masker,
            failure: None,
        };
        let warning = if trace.masker.is_none() { WARNING } else { "" };
        let head = format!(
            "{warning}# ssc transcript\n# reader {}\n{}\n",
            one_line(trace.channel.name()),
            reset_remark(trace.channel.reset_answer())
        );
        trace.write(&head);
        trace
    }

    /// Why the trace is not whole, if something went wrong with writing it.
    pub fn failure(&self) -> Option<&io::Error> {
        self.failure.as_ref()
    }

    /// The channel and the output without the tracing.
    pub fn into_inner(self) -> (C, W) {
        (self.channel, self.output)
    }

    fn write(&mut self, text: &str) {
        if let Err(error) = self
            .output
            .write_all(text.as_bytes())
            .and_then(|()| self.output.flush())
        {
            self.failure.get_or_insert(error);
        }
    }

    fn note_reset(&mut self, result: &Result<(), TransportError>) {
        if let Some(masker) = &mut self.masker {
            masker.reset();
        }
        let text = match result {
            Ok(()) => reset_remark(self.channel.reset_answer()),
            Err(error) => format!("# {}", one_line(&error.to_string())),
        };
        self.write(&(text + "\n"));
    }
}

fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

impl<C: Channel, W: Write> Channel for Trace<C, W> {
    crate::pass_on!(self => self.channel; name reset_answer protocol reason is_bench);

    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, TransportError> {
        let begin = Instant::now();
        let result = self.channel.transmit(command);
        let micros = begin.elapsed().as_micros();
        let answer = result.as_deref().ok();
        let (sent, received) = match &mut self.masker {
            Some(masker) => masker.exchange(command, answer),
            None => (hex::encode_upper(command), answer.map(unmasked_answer)),
        };
        let text = match (&result, received) {
            (Err(error), _) => format!("> {sent}\n# {}\n", one_line(&error.to_string())),
            (Ok(_), received) => format!("> {sent}\n< {} # {micros} us\n", received.unwrap_or_default()),
        };
        self.write(&text);
        result
    }

    fn reset(&mut self) -> Result<(), TransportError> {
        let result = self.channel.reset();
        self.note_reset(&result);
        result
    }

    fn lose_power_after(&mut self, words: Option<u64>) {
        if let Some(words) = words {
            self.write(&format!("# power goes after {words} words written\n"));
        }
        self.channel.lose_power_after(words);
    }

    fn change_interface(&mut self, interface: Interface) -> Result<(), TransportError> {
        let result = self.channel.change_interface(interface);
        self.note_reset(&result);
        result
    }

    /// A remark tells of it: its data are no command of the card, and what a person types at the reader does not come here.
    fn control(&mut self, code: u32, data: &[u8]) -> Result<Option<Vec<u8>>, TransportError> {
        let answer = self.channel.control(code, data);
        let told = match &answer {
            Ok(Some(bytes)) => hex::encode_upper(bytes),
            Ok(None) => "-".to_owned(),
            Err(error) => one_line(&error.to_string()),
        };
        self.write(&format!("# control {code:08X} {} -> {told}\n", hex::encode_upper(data)));
        answer
    }

    fn comment(&mut self, text: &str) {
        let remark: String = text.lines().map(|line| format!("# {}\n", one_line(line))).collect();
        self.write(&remark);
        self.channel.comment(text);
    }
}

fn unmasked_answer(answer: &[u8]) -> String {
    let (data, sw) = answer.split_at(answer.len().saturating_sub(2));
    let space = if data.is_empty() { "" } else { " " };
    format!("{}{space}{}", hex::encode_upper(data), hex::encode_upper(sw))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::channel::TranscriptChannel;

    const TALK: &str = "# reset contact 3B6D0000\n> 0084000008\n< 0102030405060708 9000\n> 0020000003123456\n< 63C2\n\
        # reset contactless 1278\n> 00B2010012\n";

    fn trace(masking: Masking) -> String {
        let channel = TranscriptChannel::from_text("card\nname", TALK).expect("a transcript");
        let mut trace = Trace::new(channel, Vec::new(), masking);
        trace.transmit(&[0, 0x84, 0, 0, 8]).expect("recorded");
        trace.comment("PIN\nof the holder");
        trace.transmit(&[0, 0x20, 0, 0, 3, 0x12, 0x34, 0x56]).expect("recorded");
        trace.reset().expect("recorded");
        assert!(trace.transmit(&[0, 0xB2, 1, 0, 0x12]).is_err());
        assert!(trace.failure().is_none());
        String::from_utf8(trace.into_inner().1).expect("text")
    }

    #[test]
    fn an_unmasked_trace_warns_and_can_be_replayed() {
        let text = trace(Masking::Unmasked);
        assert!(text.starts_with("# +--"), "{text}");
        let mut again = TranscriptChannel::from_text("again", &text).expect("a transcript");
        assert_eq!(again.reset_answer().bytes, [0x3B, 0x6D, 0, 0]);
        again.transmit(&[0, 0x84, 0, 0, 8]).expect("recorded");
        again.transmit(&[0, 0x20, 0, 0, 3, 0x12, 0x34, 0x56]).expect("recorded");
        again.reset().expect("recorded");
        assert!(matches!(
            again.transmit(&[0, 0xB2, 1, 0, 0x12]),
            Err(TransportError::CardRemoved { .. })
        ));
    }

    #[test]
    fn a_masked_trace_hides_the_pin() {
        let text = trace(Masking::standard());
        assert!(!text.contains("UNMASKED") && !text.contains("123456"), "{text}");
        for line in [
            "# reader card name",
            "> 0020000003******",
            "# PIN",
            "# of the holder",
            "# reset contactless 1278",
        ] {
            assert!(text.lines().any(|one| one == line), "{line} in\n{text}");
        }
        assert!(
            text.lines()
                .any(|line| line.starts_with("< 63C2 # ") && line.ends_with(" us")),
            "{text}"
        );
    }

    /// A disk that is full.
    struct Full;

    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::Error::from(io::ErrorKind::StorageFull))
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_full_disk_does_not_stop_the_card() {
        let channel = TranscriptChannel::from_text("card", TALK).expect("a transcript");
        let mut trace = Trace::new(channel, Full, Masking::standard());
        trace.transmit(&[0, 0x84, 0, 0, 8]).expect("recorded");
        assert_eq!(trace.failure().map(io::Error::kind), Some(io::ErrorKind::StorageFull));
    }
}

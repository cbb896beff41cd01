//! Channels to a card: one trait for the in-process model, a PC/SC reader, a card behind the virtual reader's port and a
//! replayed transcript. Logging, recording, line time and fault injection are decorators around a channel.
//!
//! | channel | card |
//! |---|---|
//! | [`ModelChannel`] | the card model in this process, in memory or in a file (`sim:FILE`) |
//! | `pcsc::PcscChannel` | a card in a PC/SC reader (feature `pcsc`) |
//! | [`vpcd::VpcdChannel`] | a card that connects to a port where we play the virtual reader |
//!
//! | [`TranscriptChannel`] | nobody: a recorded transcript is played back |
//!
//! | decorator | does |
//! |---|---|
//! | [`Trace`] | writes a transcript, masked or (to be replayed) not |
//! | [`Slow`] | makes a simulated card as slow as a real one |
//! | [`Counted`] | counts commands, bytes, time, and the time on the line |
//! | [`Patient`] | waits in a reset for a card that is gone |
//!
//! [`open`] chooses by the text of `--reader`.

mod count;
#[cfg(all(feature = "pcsc", target_os = "linux"))]
pub mod daemon;
mod error;
mod line_time;
pub(crate) mod mask;
mod model;
mod pass_on;
mod patient;
#[cfg(feature = "pcsc")]
pub mod pcsc;
pub(crate) mod selection;
pub mod slow;
mod trace;
pub(crate) mod transcript;
pub mod vpcd;

pub use count::{Counted, Counter, Figures};
pub use error::TransportError;
pub use line_time::Line;
pub use model::{ModelChannel, system_entropy};
pub use patient::{Patience, Patient};
pub use slow::Slow;
pub use trace::{Masking, Trace};
pub use transcript::{Entry, Transcript, TranscriptChannel, TranscriptError};

pub use card_model::card::Interface;

/// What a card answered to reset, whatever the interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reset {
    /// ATR as the reader gives it, or the ATS of a contactless card.
    pub bytes: Vec<u8>,
    /// Interface on which the card was reset.
    pub interface: Interface,
}

/// Transmission protocol between reader and card, as far as the form of commands depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// Contacts, character by character: a command with data carries no Le, the answer is fetched after `61xx`.
    T0,
    /// Blocks (T=1 on contacts, ISO/IEC 14443-4 without): commands go through whole.
    Block,
}

/// Why the card model refused the last command; only simulated cards can tell.
pub type Reason = card_model::card::Refusal;

/// One card in one reader: command bytes in, response bytes with status word out.
///
/// `61xx` and `6Cxx` come through as they are; [`crate::link`] is the one place that resolves them.
///
/// A channel never holds a PC/SC transaction between two calls, so a person may type a PIN in between.
pub trait Channel {
    /// Name of the reader or file, for messages.
    fn name(&self) -> &str;

    /// The last answer to reset.
    fn reset_answer(&self) -> &Reset;

    /// The transmission protocol in use. Contact cards of this standard know T=0 only (STD-P2 §8).
    fn protocol(&self) -> Protocol {
        match self.reset_answer().interface {
            Interface::Contact => Protocol::T0,
            Interface::Contactless => Protocol::Block,
        }
    }

    /// Sends one command APDU of at least 4 bytes and returns data and status word, at least 2 bytes.
    ///
    /// # Errors
    /// The transport failed; a card's refusal is no error here. After an error only [`Channel::reset`] makes sense.
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, TransportError>;

    /// Resets the card and drops its volatile state. Also reaches the card again after it was taken out and put back,
    /// after another program reset it, and after the PC/SC service was restarted.
    ///
    /// # Errors
    /// The transport failed or the card is gone.
    fn reset(&mut self) -> Result<(), TransportError>;

    /// Sends a control code to the reader itself (PC/SC part 10, see [`crate::pinpad`]) and gives its answer; `None` of a reader that
    /// takes none, as simulated cards and most readers are.
    ///
    /// # Errors
    /// The transport failed.
    fn control(&mut self, _code: u32, _data: &[u8]) -> Result<Option<Vec<u8>>, TransportError> {
        Ok(None)
    }

    /// Why the card refused the last command, where the channel knows (simulated cards in this process).
    fn reason(&self) -> Option<Reason> {
        None
    }

    /// Whether the power can be cut within a command ([`Channel::lose_power_after`]), and whether the card can be put to its other
    /// interface ([`Channel::change_interface`]). Readers cannot do either; simulated cards in this process can.
    fn is_bench(&self) -> bool {
        false
    }

    /// Lets the power go after the card has written `words` more words to its memory; `None`: not any more. The command that runs into
    /// it gets no answer. A channel that is no [bench](Channel::is_bench) does nothing.
    fn lose_power_after(&mut self, _words: Option<u64>) {}

    /// Changes the interface and resets the card there. A channel that is no [bench](Channel::is_bench) only resets it.
    ///
    /// # Errors
    /// As [`Channel::reset`]; the card does not have that interface.
    fn change_interface(&mut self, _interface: Interface) -> Result<(), TransportError> {
        self.reset()
    }

    /// Remark for the trace and the transcript, such as the step that begins now. Other channels ignore it.
    fn comment(&mut self, _text: &str) {}
}

impl<C: Channel + ?Sized> Channel for &mut C {
    crate::pass_on!(self => **self; all);
}

impl<C: Channel + ?Sized> Channel for Box<C> {
    crate::pass_on!(self => **self; all);
}

/// How [`open`] reaches the card.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenOptions {
    /// Interface through which a simulated card is powered; a reader's interface is its own.
    pub interface: Interface,
    /// Keep other programs away from the card as long as the channel lives. Issuing and writing want this; it is no
    /// transaction, so it may last while a person types. Simulated cards in files are always held alone.
    pub exclusive: bool,
}

impl Default for OpenOptions {
    fn default() -> Self {
        Self {
            interface: Interface::Contact,
            exclusive: false,
        }
    }
}

/// Prefix of `--reader` that names a simulated card's file.
pub const SIMULATED: &str = "sim:";

/// Opens the card that `reader` names: `sim:FILE` (a simulated card or PSAM), a part of a PC/SC reader's name, or nothing for the only reader with a
/// card.
///
/// # Errors
/// The file or the reader cannot be used; see [`TransportError`].
pub fn open(reader: Option<&str>, options: OpenOptions) -> Result<Box<dyn Channel + Send>, TransportError> {
    if let Some(file) = reader.and_then(|name| name.strip_prefix(SIMULATED)) {
        return model::open_any(std::path::Path::new(file), options.interface);
    }
    open_pcsc(reader, options)
}

#[cfg(feature = "pcsc")]
fn open_pcsc(reader: Option<&str>, options: OpenOptions) -> Result<Box<dyn Channel + Send>, TransportError> {
    Ok(Box::new(pcsc::PcscChannel::open(reader, options)?))
}

#[cfg(not(feature = "pcsc"))]
fn open_pcsc(_reader: Option<&str>, _options: OpenOptions) -> Result<Box<dyn Channel + Send>, TransportError> {
    Err(TransportError::NotBuilt)
}

/// Refuses commands shorter than a header: the virtual reader would take one byte as a control code and hang.
pub(crate) fn check_command(command: &[u8]) -> Result<(), TransportError> {
    if command.len() < 4 {
        Err(TransportError::CommandTooShort { length: command.len() })
    } else {
        Ok(())
    }
}

/// Refuses answers without a status word: PC/SC reports a card that died in mid-command as success with 0 bytes.
pub(crate) fn check_answer(answer: Vec<u8>) -> Result<Vec<u8>, TransportError> {
    if answer.len() < 2 {
        Err(TransportError::AnswerTooShort { length: answer.len() })
    } else {
        Ok(answer)
    }
}

//! Cards in PC/SC readers: pcscd on Linux, the smart card services of Windows and macOS.
//!
//! * No transaction is ever held: each command stands alone, so a person may take all the time for a PIN. Who must be
//!   alone with the card (issuing, writing) connects with [`OpenOptions::exclusive`].
//! * Connecting leaves the card as it is. Dropping a [`PcscChannel`] **resets** the card, so that a PIN or an
//!   authentication given here does not outlive the program and serve another one.
//! * Every failure has its own [`TransportError`]; a service that was restarted, a card that was put back and a reset by
//!   another program are mended by [`Channel::reset`].

use super::{Channel, OpenOptions, Protocol, Reset, TransportError, check_answer, check_command};
use crate::reset;
use ::pcsc::{Card, Context, Disposition, Error, Protocols, ReaderState, Scope, ShareMode, State};
use std::ffi::CString;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How long one wait for an event lasts; a stop flag is looked at in between.
const STEP: Duration = Duration::from_millis(150);
/// By when pcscd has noticed that a card is gone: its poll of 400 ms and a margin.
const POLL: Duration = Duration::from_millis(700);

/// What a reader holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Slot {
    /// No card.
    Empty,
    /// A card that answered to reset.
    Card {
        /// Its answer to reset.
        atr: Vec<u8>,
        /// Whether another program holds it exclusively.
        exclusive: bool,
    },
    /// A card that does not answer.
    Mute,
    /// The reader itself does not answer.
    Unavailable,
}

/// A reader and what it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReaderInfo {
    /// Name as PC/SC gives it.
    pub name: String,
    /// What it holds.
    pub slot: Slot,
}

impl ReaderInfo {
    /// Whether a card is in the reader, answering or not.
    pub fn card_present(&self) -> bool {
        matches!(self.slot, Slot::Card { .. } | Slot::Mute)
    }

    /// Answer to reset of the card, if it gave one.
    pub fn atr(&self) -> Option<&[u8]> {
        match &self.slot {
            Slot::Card { atr, .. } => Some(atr),
            Slot::Empty | Slot::Mute | Slot::Unavailable => None,
        }
    }
}

/// All readers with what they hold; none is no error.
///
/// # Errors
/// The PC/SC service does not run or fails.
pub fn list() -> Result<Vec<ReaderInfo>, TransportError> {
    look(&establish()?)
}

/// The reader that `wanted` names by a part of its name (a whole name wins, capitals do not matter); nothing means the
/// only reader with a card. Where several names fit, the only one of them with a card is taken.
///
/// # Errors
/// No reader, none or several that fit, or no card anywhere.
pub fn choose(readers: &[ReaderInfo], wanted: Option<&str>) -> Result<String, TransportError> {
    if readers.is_empty() {
        return Err(TransportError::NoReader);
    }
    let names = |readers: &[&ReaderInfo]| readers.iter().map(|reader| reader.name.clone()).collect::<Vec<_>>();
    let all: Vec<&ReaderInfo> = readers.iter().collect();
    let fitting = match wanted {
        None => all.clone(),
        Some(text) => {
            if let Some(exact) = readers.iter().find(|reader| reader.name == text) {
                return Ok(exact.name.clone());
            }
            let text = text.to_lowercase();
            all.iter()
                .copied()
                .filter(|reader| reader.name.to_lowercase().contains(&text))
                .collect()
        }
    };
    let with_card: Vec<&ReaderInfo> = fitting.iter().copied().filter(|reader| reader.card_present()).collect();
    match (fitting.as_slice(), with_card.as_slice(), wanted) {
        ([], _, Some(wanted)) => Err(TransportError::ReaderNotFound {
            wanted: wanted.to_owned(),
            available: names(&all),
        }),
        ([one], _, Some(_)) | (_, [one], _) => Ok(one.name.clone()),
        (_, [], _) => Err(TransportError::NoCard {
            reader: names(&fitting).join(" | "),
        }),
        (_, several, _) => Err(TransportError::SeveralReaders { names: names(several) }),
    }
}

/// Waits until a reader that `wanted` may name holds a card, and gives the reader's name.
///
/// # Errors
/// [`TransportError::Timeout`] after `timeout`, [`TransportError::Cancelled`] when `stop` is set, and as [`choose`].
pub fn wait_for_card(
    wanted: Option<&str>,
    timeout: Option<Duration>,
    stop: &AtomicBool,
) -> Result<String, TransportError> {
    wait(timeout, stop, wanted.unwrap_or_default(), |readers| {
        match choose(readers, wanted) {
            Ok(name) => {
                let here = readers
                    .iter()
                    .any(|reader| reader.name == name && matches!(reader.slot, Slot::Card { .. }));
                Ok(here.then_some(name))
            }
            Err(TransportError::NoCard { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    })
}

/// Waits until the reader of this whole name holds no card any more, or is gone itself.
///
/// # Errors
/// [`TransportError::Timeout`] after `timeout`, [`TransportError::Cancelled`] when `stop` is set, or the service failed.
pub fn wait_for_removal(name: &str, timeout: Option<Duration>, stop: &AtomicBool) -> Result<(), TransportError> {
    wait(timeout, stop, name, |readers| {
        let present = readers
            .iter()
            .any(|reader| reader.name == name && reader.card_present());
        Ok((!present).then_some(()))
    })
}

fn wait<T>(
    timeout: Option<Duration>,
    stop: &AtomicBool,
    reader: &str,
    mut found: impl FnMut(&[ReaderInfo]) -> Result<Option<T>, TransportError>,
) -> Result<T, TransportError> {
    let begin = Instant::now();
    let context = establish()?;
    loop {
        if let Some(result) = found(&look(&context)?)? {
            return Ok(result);
        }
        if stop.load(Ordering::Relaxed) {
            return Err(TransportError::Cancelled);
        }
        if timeout.is_some_and(|timeout| begin.elapsed() >= timeout) {
            return Err(TransportError::Timeout {
                reader: reader.to_owned(),
            });
        }
        // Events wake earlier; the state seen by `look` may be old by now, so it is asked for again in any case.
        let mut states = states(&context)?;
        let _ = context.get_status_change(Duration::ZERO, &mut states);
        states.iter_mut().for_each(ReaderState::sync_current_state);
        match context.get_status_change(STEP, &mut states) {
            Ok(()) | Err(Error::Timeout) => {}
            Err(error) => return Err(failure(error, reader)),
        }
    }
}

fn establish() -> Result<Context, TransportError> {
    Context::establish(Scope::User).map_err(|error| failure(error, ""))
}

fn states(context: &Context) -> Result<Vec<ReaderState>, TransportError> {
    let names = context.list_readers_owned().map_err(|error| failure(error, ""))?;
    let watched = names.into_iter().chain([::pcsc::PNP_NOTIFICATION().to_owned()]);
    Ok(watched.map(|name| ReaderState::new(name, State::UNAWARE)).collect())
}

fn look(context: &Context) -> Result<Vec<ReaderInfo>, TransportError> {
    let mut states = match states(context) {
        Err(TransportError::NoReader) => return Ok(Vec::new()),
        other => other?,
    };
    states.pop();
    if states.is_empty() {
        return Ok(Vec::new());
    }
    match context.get_status_change(Duration::ZERO, &mut states) {
        Ok(()) | Err(Error::Timeout) => {}
        Err(error) => return Err(failure(error, "")),
    }
    Ok(states.iter().map(info).collect())
}

fn info(state: &ReaderState) -> ReaderInfo {
    let flags = state.event_state();
    let slot = if flags.intersects(State::UNAVAILABLE | State::UNKNOWN | State::IGNORE) {
        Slot::Unavailable
    } else if flags.contains(State::MUTE) {
        Slot::Mute
    } else if flags.contains(State::PRESENT) {
        // A card between insertion and power-up has no ATR yet; it counts as one that does not answer.
        match state.atr() {
            [] => Slot::Mute,
            atr => Slot::Card {
                atr: atr.to_vec(),
                exclusive: flags.contains(State::EXCLUSIVE),
            },
        }
    } else {
        Slot::Empty
    };
    ReaderInfo {
        name: state.name().to_string_lossy().into_owned(),
        slot,
    }
}

/// A card in a PC/SC reader. See the module for what connecting and dropping do to the card.
pub struct PcscChannel {
    name: String,
    options: OpenOptions,
    context: Context,
    card: Card,
    reset: Reset,
    protocol: Protocol,
    buffer: Vec<u8>,
}

impl std::fmt::Debug for PcscChannel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PcscChannel")
            .field("name", &self.name)
            .field("reset", &self.reset)
            .finish_non_exhaustive()
    }
}

impl PcscChannel {
    /// Connects to the card in the reader that `wanted` names, see [`choose`].
    ///
    /// # Errors
    /// No service, reader or card, or another program holds it.
    pub fn open(wanted: Option<&str>, options: OpenOptions) -> Result<Self, TransportError> {
        let context = establish()?;
        let name = choose(&look(&context)?, wanted)?;
        Self::connect(context, name, options)
    }

    fn connect(context: Context, name: String, options: OpenOptions) -> Result<Self, TransportError> {
        let reader = CString::new(name.clone()).map_err(|_| TransportError::ReaderNotFound {
            wanted: name.clone(),
            available: Vec::new(),
        })?;
        let card = context
            .connect(&reader, share_mode(options), Protocols::ANY)
            .map_err(|error| match error {
                // The name came from the list just now.
                Error::UnknownReader => TransportError::ReaderRemoved { reader: name.clone() },
                Error::RemovedCard => TransportError::NoCard { reader: name.clone() },
                other => failure(other, &name),
            })?;
        let (reset, protocol) = status(&card, &name)?;
        let buffer = vec![0; ::pcsc::MAX_BUFFER_SIZE_EXTENDED];
        Ok(Self {
            name,
            options,
            context,
            card,
            reset,
            protocol,
            buffer,
        })
    }

    /// Why a command got through to the driver but not to the card. Drivers cannot tell a pulled card from a dumb one; the
    /// reader notices a pulled card at its next poll.
    fn lost(&self) -> TransportError {
        let begin = Instant::now();
        while begin.elapsed() < POLL {
            let readers = look(&self.context).unwrap_or_default();
            if !readers
                .iter()
                .any(|reader| reader.name == self.name && reader.card_present())
            {
                return TransportError::CardRemoved {
                    reader: self.name.clone(),
                };
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        TransportError::AnswerTooShort { length: 0 }
    }
}

fn share_mode(options: OpenOptions) -> ShareMode {
    if options.exclusive {
        ShareMode::Exclusive
    } else {
        ShareMode::Shared
    }
}

fn status(card: &Card, name: &str) -> Result<(Reset, Protocol), TransportError> {
    let status = card.status2_owned().map_err(|error| failure(error, name))?;
    let bytes = status.atr().to_vec();
    let interface = reset::interface(&bytes);
    let protocol = match status.protocol2() {
        Some(::pcsc::Protocol::T0) => Protocol::T0,
        _ => Protocol::Block,
    };
    Ok((Reset { bytes, interface }, protocol))
}

impl Channel for PcscChannel {
    fn name(&self) -> &str {
        &self.name
    }

    fn reset_answer(&self) -> &Reset {
        &self.reset
    }

    fn protocol(&self) -> Protocol {
        self.protocol
    }

    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, TransportError> {
        check_command(command)?;
        match self.card.transmit(command, &mut self.buffer).map(<[u8]>::to_vec) {
            Ok(answer) => check_answer(answer),
            Err(Error::NotTransacted | Error::CommError) => Err(self.lost()),
            Err(Error::NoSmartcard) => Err(TransportError::CardRemoved {
                reader: self.name.clone(),
            }),
            Err(error) => Err(failure(error, &self.name)),
        }
    }

    fn reset(&mut self) -> Result<(), TransportError> {
        let again = self
            .card
            .reconnect(share_mode(self.options), Protocols::ANY, Disposition::ResetCard);
        let mended = match again {
            Ok(()) => status(&self.card, &self.name),
            Err(error) => Err(failure(error, &self.name)),
        };
        match mended {
            Ok((reset, protocol)) => {
                self.reset = reset;
                self.protocol = protocol;
                Ok(())
            }
            Err(error @ (TransportError::HeldByOther { .. } | TransportError::Mute { .. })) => Err(error),
            // The handle is of a service that was restarted, of a card or a reader that was taken out: begin anew.
            Err(_) => {
                *self = Self::connect(establish()?, self.name.clone(), self.options)?;
                Ok(())
            }
        }
    }
}

/// The transport error of an error of the PC/SC service; `reader` may be empty where none is concerned.
fn failure(error: Error, reader: &str) -> TransportError {
    let reader = reader.to_owned();
    match error {
        // A handle that the service does not know was given by a service before it.
        Error::NoService | Error::ServiceStopped | Error::Shutdown | Error::InvalidHandle => {
            TransportError::ServiceDown
        }
        Error::NoReadersAvailable => TransportError::NoReader,
        Error::UnknownReader | Error::ReaderUnavailable => TransportError::ReaderRemoved { reader },
        Error::NoSmartcard => TransportError::NoCard { reader },
        Error::SharingViolation => TransportError::HeldByOther { reader },
        Error::RemovedCard => TransportError::CardRemoved { reader },
        Error::ResetCard => TransportError::ResetByOther { reader },
        Error::UnresponsiveCard | Error::UnpoweredCard | Error::UnsupportedCard | Error::ProtoMismatch => {
            TransportError::Mute { reader }
        }
        Error::Timeout | Error::WaitedTooLong => TransportError::Timeout { reader },
        Error::Cancelled | Error::SystemCancelled | Error::CancelledByUser => TransportError::Cancelled,
        other => TransportError::Service {
            reader,
            message: format!("{other} (0x{:08X})", other as u32),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reader(name: &str, card: bool) -> ReaderInfo {
        let slot = if card {
            Slot::Card {
                atr: vec![0x3B, 0],
                exclusive: false,
            }
        } else {
            Slot::Empty
        };
        ReaderInfo {
            name: name.to_owned(),
            slot,
        }
    }

    #[test]
    fn readers_are_chosen() {
        let two = [reader("Contact 00 00", false), reader("Contact 00 01", true)];
        assert_eq!(choose(&two, None).expect("one card"), "Contact 00 01");
        assert_eq!(
            choose(&two, Some("contact")).expect("one card among two"),
            "Contact 00 01"
        );
        assert_eq!(choose(&two, Some("00 00")).expect("one name"), "Contact 00 00");
        assert_eq!(
            choose(&two, Some("Contact 00 00")).expect("whole name"),
            "Contact 00 00"
        );
        assert!(matches!(choose(&two, Some("NFC")),
            Err(TransportError::ReaderNotFound { wanted, available }) if wanted == "NFC" && available.len() == 2));
        assert!(matches!(choose(&[], None), Err(TransportError::NoReader)));
        assert!(matches!(choose(&two[..1], None), Err(TransportError::NoCard { .. })));
        let full = [reader("A 00 00", true), reader("B 00 00", true)];
        assert!(matches!(choose(&full, None), Err(TransportError::SeveralReaders { names }) if names.len() == 2));
        assert!(matches!(
            choose(&full, Some("00")),
            Err(TransportError::SeveralReaders { .. })
        ));
    }
}

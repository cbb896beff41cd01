//! Readers: which there are, what they hold, which one is meant, and waiting for a card.

use super::failure;
use crate::channel::TransportError;
use ::pcsc::{Context, Error, ReaderState, Scope, State};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How long one wait for an event lasts; a stop flag is looked at in between.
const STEP: Duration = Duration::from_millis(150);
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
            // macOS does not know the pseudo reader that tells of new readers; there it is looked again after a while.
            Err(Error::UnknownReader | Error::ReaderUnavailable) => std::thread::sleep(STEP),
            Err(error) => return Err(failure(error, reader)),
        }
    }
}

pub(super) fn establish() -> Result<Context, TransportError> {
    Context::establish(Scope::User).map_err(|error| failure(error, ""))
}

fn states(context: &Context) -> Result<Vec<ReaderState>, TransportError> {
    let names = context.list_readers_owned().map_err(|error| failure(error, ""))?;
    let watched = names.into_iter().chain([::pcsc::PNP_NOTIFICATION().to_owned()]);
    Ok(watched.map(|name| ReaderState::new(name, State::UNAWARE)).collect())
}

pub(super) fn look(context: &Context) -> Result<Vec<ReaderInfo>, TransportError> {
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

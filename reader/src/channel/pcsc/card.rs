//! A card in a reader.

use super::failure;
use super::readers::{choose, establish, look};
use crate::channel::{Channel, OpenOptions, Protocol, Reset, TransportError, check_answer, check_command};
use crate::reset;
use ::pcsc::{Card, Context, Disposition, Error, Protocols, ShareMode};
use std::ffi::CString;
use std::time::{Duration, Instant};

/// By when pcscd has noticed that a card is gone: its poll of 400 ms and a margin.
const POLL: Duration = Duration::from_millis(700);

/// Most of an answer to a control code: features and status words are short.
const CONTROL: usize = 264;

/// A card in a PC/SC reader. See the module for what connecting and dropping do to the card.
pub struct PcscChannel {
    name: String,
    options: OpenOptions,
    context: Context,
    /// None after a card is gone and before it is back.
    card: Option<Card>,
    reset: Reset,
    protocol: Protocol,
    buffer: Vec<u8>,
    control: [u8; CONTROL],
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
            card: Some(card),
            reset,
            protocol,
            buffer,
            control: [0; CONTROL],
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
                return gone(&self.name);
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        TransportError::AnswerTooShort { length: 0 }
    }
}

fn gone(reader: &str) -> TransportError {
    TransportError::CardRemoved {
        reader: reader.to_owned(),
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
        let card = self.card.as_ref().ok_or_else(|| gone(&self.name))?;
        match card.transmit(command, &mut self.buffer).map(<[u8]>::to_vec) {
            Ok(answer) => check_answer(answer),
            Err(Error::NotTransacted | Error::CommError) => Err(self.lost()),
            Err(Error::NoSmartcard) => Err(gone(&self.name)),
            Err(error) => Err(failure(error, &self.name)),
        }
    }

    fn control(&mut self, code: u32, data: &[u8]) -> Result<Option<Vec<u8>>, TransportError> {
        // A number of 64 bits on Linux, of 32 elsewhere.
        #[allow(clippy::useless_conversion, reason = "only where both are 32 bits wide")]
        let code = code.into();
        let card = self.card.as_ref().ok_or_else(|| gone(&self.name))?;
        match card.control(code, data, &mut self.control) {
            Ok(answer) => Ok(Some(answer.to_vec())),
            Err(Error::NoSmartcard | Error::RemovedCard) => Err(gone(&self.name)),
            Err(error @ (Error::ResetCard | Error::NoService | Error::ServiceStopped | Error::ReaderUnavailable)) => {
                Err(failure(error, &self.name))
            }
            // Each system and each driver has its own word for "what is that?".
            Err(_) => Ok(None),
        }
    }

    fn reset(&mut self) -> Result<(), TransportError> {
        let mended = match &mut self.card {
            Some(card) => card
                .reconnect(share_mode(self.options), Protocols::ANY, Disposition::ResetCard)
                .map_err(|error| failure(error, &self.name))
                .and_then(|()| status(card, &self.name)),
            None => Err(gone(&self.name)),
        };
        match mended {
            Ok((reset, protocol)) => {
                self.reset = reset;
                self.protocol = protocol;
                Ok(())
            }
            Err(error @ (TransportError::HeldByOther { .. } | TransportError::Mute { .. })) => Err(error),
            // The handle is of a service that was restarted, of a card or a reader that was taken out: begin anew. The service
            // keeps the reader for an exclusive handle even when its card is gone, so the handle goes first.
            Err(_) => {
                self.card = None;
                *self = Self::connect(establish()?, self.name.clone(), self.options)?;
                Ok(())
            }
        }
    }
}

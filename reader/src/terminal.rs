//! Where the card is, who computes with keys, who knows the PIN: put together once, used for one card after the other.
//!
//! The pieces are [`crate::channel`], [`crate::security`], [`crate::pin`] and [`crate::session`]; a [`Terminal`] only owns them,
//! so that a program needs no more than its name for the reader.

use crate::channel::{self, OpenOptions};
use crate::error::ReaderError;
use crate::pin::PinProvider;
use crate::security::{KeyFile, PsamModule, SecurityModule};
use crate::session::{Options, Session};
use std::path::Path;
use zeroize::Zeroizing;

/// A terminal. See the first page of this documentation for a program around it.
#[derive(Default)]
pub struct Terminal {
    reader: Option<String>,
    opening: OpenOptions,
    security: Option<Box<dyn SecurityModule + Send>>,
    pins: Option<Box<dyn PinProvider + Send>>,
    options: Options,
}

impl std::fmt::Debug for Terminal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Terminal")
            .field("reader", &self.reader)
            .field("security", &self.security.as_ref().map(|module| module.describe()))
            .field("pins", &self.pins.is_some())
            .finish_non_exhaustive()
    }
}

impl Terminal {
    /// A terminal with the only reader that has a card in it.
    pub fn new() -> Self {
        Self::default()
    }

    /// A terminal with this reader: a part of its PC/SC name, or `sim:FILE` for a simulated card. It is opened by
    /// [`Terminal::session`].
    pub fn at(reader: impl Into<String>) -> Self {
        Self {
            reader: Some(reader.into()),
            ..Self::default()
        }
    }

    /// The same terminal with the PSAM in another slot, named as in [`Terminal::at`]. It stays powered as long as the terminal
    /// lives.
    ///
    /// # Errors
    /// No such slot, nothing in it, or no PSAM.
    pub fn with_psam(self, slot: &str) -> Result<Self, ReaderError> {
        let simulated = slot.starts_with(channel::SIMULATED);
        let module = PsamModule::open(channel::open(Some(slot), OpenOptions::default())?)?;
        Ok(self.with_security(if simulated { module.marked_test() } else { module }))
    }

    /// The same terminal with a key file in the place of a PSAM. `passphrase` is asked only if the file is encrypted.
    ///
    /// # Errors
    /// The file cannot be read, is damaged, or its passphrase is wrong.
    pub fn with_keys(
        self,
        file: impl AsRef<Path>,
        passphrase: impl FnOnce() -> Zeroizing<String>,
    ) -> Result<Self, ReaderError> {
        let keys = KeyFile::open::<ReaderError>(file.as_ref(), || Ok(passphrase()))?;
        Ok(self.with_security(keys))
    }

    /// The same terminal with any security module, such as [`crate::security::HsmModule`].
    #[must_use]
    pub fn with_security(self, module: impl SecurityModule + Send + 'static) -> Self {
        Self {
            security: Some(Box::new(module)),
            ..self
        }
    }

    /// The same terminal with somebody who gives the PIN when a file wants it: a person, or a [`crate::Pin`] known from the start.
    #[must_use]
    pub fn with_pins(self, pins: impl PinProvider + Send + 'static) -> Self {
        Self {
            pins: Some(Box::new(pins)),
            ..self
        }
    }

    /// The same terminal with other options of authentication.
    #[must_use]
    pub fn with_options(self, options: Options) -> Self {
        Self { options, ..self }
    }

    /// The same terminal, opening its reader so.
    #[must_use]
    pub fn opening(self, opening: OpenOptions) -> Self {
        Self { opening, ..self }
    }

    /// Powers the card that is in the reader now, finds its generation, and is ready to read, write and verify it. The card is
    /// reset when the session is dropped.
    ///
    /// # Errors
    /// No reader, no card, a card of another kind, or one of an unknown version.
    pub fn session(&mut self) -> Result<Session<'_>, ReaderError> {
        let card = channel::open(self.reader.as_deref(), self.opening)?;
        let mut session = Session::open(card)?.with_options(self.options);
        if let Some(module) = &mut self.security {
            session = session.with_security(module.as_mut());
        }
        if let Some(pins) = &mut self.pins {
            session = session.with_pins(pins.as_mut());
        }
        Ok(session)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::channel::TransportError;
    use crate::error::Family;

    #[test]
    fn what_is_missing_is_told() {
        let missing = |result: Result<(), ReaderError>| match result {
            Err(error) => (error.family(), error),
            Ok(()) => panic!("nothing is there"),
        };
        let card = Terminal::at("sim:/nonexistent").session().map(|_| ());
        assert!(matches!(
            missing(card),
            (
                Family::Transport,
                ReaderError::Transport(TransportError::FileMissing { .. })
            )
        ));
        let psam = Terminal::new().with_psam("sim:/nonexistent").map(|_| ());
        assert!(matches!(missing(psam), (Family::Transport, _)));
        let keys = Terminal::new()
            .with_keys("/nonexistent", || panic!("nothing to open with it"))
            .map(|_| ());
        assert!(matches!(missing(keys), (Family::Input, ReaderError::KeyFile(_))));
    }
}

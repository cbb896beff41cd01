//! A card in work: what was selected, what was authenticated, and everything that follows from the profile.
//!
//! A session asks for nothing it does not need: a file is selected when it is read, a key is used when a condition wants
//! it, the PIN is asked when nothing else helps.

mod account;
mod auth;
mod block;
mod bytes;
mod compare;
mod file;
mod open;
mod pins;
mod read;
mod reuse;
mod state;
mod steps;
mod write;

pub use account::{Amounts, Balance, LogEntry, Outcome, Place, Proof, Receipt, TransactionKind};
pub use open::CardData;
pub use read::{FileReading, FileView, ReadingView};
pub(crate) use steps::{Pair, Suspended};
pub use write::{Write, Written};

use crate::channel::Channel;
use crate::command::Command;
use crate::error::{ReaderError, title};
use crate::link::{self, Response};
use crate::pin::PinProvider;
use crate::security::{CardIdentity, KeyReference, SecurityModule};
use crate::select::Fci;
use card_model::crypto::{Algorithm, AlgorithmError};
use card_model::profile::{KeyDefinition, Profile};
use state::SecurityState;

/// What to take where a condition says "PIN or key".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Prefer {
    /// The key, so that nobody has to type.
    #[default]
    Key,
    /// The PIN (`iAuthType` 1 of the standard reader interface).
    Pin,
}

/// How a session goes about authentication.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Version of the keys that are used, 1–3. Version 1 is the default of the card and not sent.
    pub key_version: u8,
    /// What to take where a condition says "PIN or key".
    pub prefer: Prefer,
    /// Whether the last try of the PIN may be spent.
    pub last_try: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            key_version: 1,
            prefer: Prefer::Key,
            last_try: false,
        }
    }
}

/// An opened social security card.
pub struct Session<'a> {
    channel: Box<dyn Channel + 'a>,
    profile: &'a Profile,
    fci: Fci,
    data: CardData,
    algorithm: Result<Algorithm, AlgorithmError>,
    historical: Option<[u8; 13]>,
    security: Option<&'a mut dyn SecurityModule>,
    pins: Option<&'a mut dyn PinProvider>,
    options: Options,
    state: SecurityState,
}

impl<'a> Session<'a> {
    /// The same session with a security module. One that holds a single version of the keys decides which is used.
    #[must_use]
    pub fn with_security(mut self, module: &'a mut dyn SecurityModule) -> Self {
        if let Ok(algorithm) = self.algorithm
            && let Some(version) = module.key_version(algorithm)
        {
            self.options.key_version = version;
        }
        self.security = Some(module);
        self
    }

    /// The same session with somebody who gives the PIN when it is needed.
    #[must_use]
    pub fn with_pins(mut self, pins: &'a mut dyn PinProvider) -> Self {
        self.pins = Some(pins);
        self
    }

    /// The same session with other options.
    #[must_use]
    pub fn with_options(mut self, options: Options) -> Self {
        self.options = options;
        self
    }

    /// The profile of the card's version.
    pub fn profile(&self) -> &'a Profile {
        self.profile
    }

    /// File control information of the social security environment.
    pub fn fci(&self) -> &Fci {
        &self.fci
    }

    /// What the card told freely when it was opened.
    pub fn card(&self) -> &CardData {
        &self.data
    }

    /// The card's cipher.
    ///
    /// # Errors
    /// SSF33 or an unknown algorithm: the card can be read as far as it is free, but not authenticated.
    pub fn algorithm(&self) -> Result<Algorithm, AlgorithmError> {
        self.algorithm
    }

    /// The 13 historical bytes of the answer to reset (卡复位信息), where the card has them.
    pub fn historical(&self) -> Option<[u8; 13]> {
        self.historical
    }

    /// The channel, for raw commands. The session no longer knows what they change: call [`Session::forget`] after
    /// commands that select or authenticate.
    pub fn channel(&mut self) -> &mut (dyn Channel + 'a) {
        &mut *self.channel
    }

    /// Gives the channel back and ends the session.
    pub fn into_channel(self) -> Box<dyn Channel + 'a> {
        self.channel
    }

    /// Forgets what was selected and authenticated, as after a reset.
    pub fn forget(&mut self) {
        self.state = SecurityState::default();
    }

    /// Resets the card. Selection and security state are gone; the session goes on.
    ///
    /// # Errors
    /// The transport failed.
    pub fn reset(&mut self) -> Result<(), ReaderError> {
        self.forget();
        Ok(self.channel.reset()?)
    }

    /// What of the card goes into the diversification of keys.
    ///
    /// # Errors
    /// The cipher is not supported, or the card tells no region or no historical bytes.
    pub fn identity(&self) -> Result<CardIdentity, ReaderError> {
        let algorithm = self.algorithm?;
        let region = self.data.region.clone().ok_or(ReaderError::NoIdentity)?;
        let historical = self.historical.ok_or(ReaderError::NoIdentity)?;
        Ok(CardIdentity {
            region,
            historical,
            algorithm,
        })
    }

    /// Tells the session the region of a card that does not hold it yet: a pre-personalized card whose card identification
    /// code is still to be written.
    pub fn set_region(&mut self, region: &str) {
        self.data.region = Some(region.to_owned());
        if let Ok(algorithm) = self.fci.cipher(region) {
            self.algorithm = Ok(algorithm);
        }
    }

    /// A key of the profile in the version of this session; keys that have fewer versions in the version they have.
    fn reference<'k>(&self, definition: &'k KeyDefinition) -> KeyReference<'k> {
        let version = self.options.key_version.clamp(1, definition.versions.max(1));
        KeyReference { definition, version }
    }

    /// Sends a command and gives the whole answer, whatever the status word.
    fn send(&mut self, command: &Command) -> Result<Response, ReaderError> {
        Ok(link::exchange(&mut *self.channel, command)?)
    }

    /// Sends a command that must succeed.
    fn demand(&mut self, command: &Command, path: Option<&str>) -> Result<Vec<u8>, ReaderError> {
        let response = self.send(command)?;
        if response.sw.is_ok() {
            return Ok(response.data);
        }
        Err(ReaderError::Refused {
            command: title(command),
            path: path.map(str::to_owned),
            sw: response.sw,
            rule: None,
        })
    }
}

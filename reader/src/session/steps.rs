//! The session in steps, for keys that are somewhere else: the computer with the keys (a central HSM) is asked between two
//! calls, and the card waits meanwhile with what it was given so far (`spec/terminal.md` §1.4).

use super::state::SecurityState;
use super::{Amounts, CardData, Options, Place, Session};
use crate::channel::Channel;
use crate::commands;
use crate::error::{ReaderError, title};
use crate::link;
use crate::security::{KeyReference, PurchaseRequest};
use crate::select::Fci;
use crate::wellknown;
use card_model::crypto::{Algorithm, AlgorithmError};
use card_model::profile::{KeyDefinition, KeyRole, Profile};

/// Algorithm identifier of SSF33 (IF38 §10.1).
const SSF33: u8 = 0x02;

/// Two challenges of an authentication: the first is the original data, the second, which the card keeps, the factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pair {
    /// 原始信息.
    pub original: [u8; 8],
    /// 过程因子.
    pub factor: [u8; 8],
}

/// A session without its channel.
#[derive(Debug, Clone)]
pub(crate) struct Suspended {
    fci: Fci,
    data: CardData,
    algorithm: Result<Algorithm, AlgorithmError>,
    historical: Option<[u8; 13]>,
    options: Options,
    state: SecurityState,
}

impl Suspended {
    /// Region of the card, six digits.
    pub(crate) fn region(&self) -> Option<&str> {
        self.data.region.as_deref()
    }

    /// Historical bytes of the card.
    pub(crate) fn historical(&self) -> Option<[u8; 13]> {
        self.historical
    }
}

impl<'a> Session<'a> {
    /// What the session knows, to go on later on the same channel.
    pub(crate) fn suspend(&self) -> Suspended {
        Suspended {
            fci: self.fci.clone(),
            data: self.data.clone(),
            algorithm: self.algorithm,
            historical: self.historical,
            options: self.options,
            state: self.state.clone(),
        }
    }

    /// Goes on where a session was suspended. The card must not have been reset in between.
    pub(crate) fn resume(channel: Box<dyn Channel + 'a>, profile: &'a Profile, known: Suspended) -> Self {
        Self {
            channel,
            profile,
            fci: known.fci,
            data: known.data,
            algorithm: known.algorithm,
            historical: known.historical,
            security: None,
            pins: None,
            options: known.options,
            state: known.state,
        }
    }

    /// Draws the two challenges of an external authentication in the dedicated file of the key.
    pub(crate) fn draw_pair(&mut self, key: &str) -> Result<Pair, ReaderError> {
        let profile = self.profile;
        let (df, _) = profile.key(key).ok_or_else(|| ReaderError::NoSuchKey {
            key: key.to_owned(),
            profile: profile.name.clone(),
        })?;
        self.enter(profile.index_of(&df.id).unwrap_or_default())?;
        self.pair()
    }

    fn pair(&mut self) -> Result<Pair, ReaderError> {
        let original = self.challenge()?;
        let factor = self.challenge()?;
        Ok(Pair { original, factor })
    }

    /// Internal authentication in the environment, with the card's answer, which somebody else will judge. Real readers select the
    /// environment a second time before it; where it is selected already, that changes nothing and costs time.
    pub(crate) fn internal_answer(&mut self) -> Result<(Pair, [u8; 8]), ReaderError> {
        let irk = self.environment_key(KeyRole::InternalAuthentication)?;
        let environment = self.profile.index_of(wellknown::ENVIRONMENT).unwrap_or_default();
        self.enter(environment)?;
        let pair = self.pair()?;
        let version = self.reference(&irk).version;
        let command = commands::internal_authentication(&pair.factor, &pair.original, version)?;
        let answer = self.demand(&command, None)?;
        let answer = answer.try_into().map_err(|_| ReaderError::Answer {
            command: title(&command),
            path: None,
        })?;
        Ok((pair, answer))
    }

    /// External authentication with data that somebody else computed over a pair drawn here.
    pub(crate) fn present(&mut self, key: &str, data: &[u8; 8], original: &[u8; 8]) -> Result<(), ReaderError> {
        let profile = self.profile;
        let (df, definition) = profile.key(key).ok_or_else(|| ReaderError::NoSuchKey {
            key: key.to_owned(),
            profile: profile.name.clone(),
        })?;
        self.enter(profile.index_of(&df.id).unwrap_or_default())?;
        let version = self.reference(definition).version;
        let command = commands::external_authentication(definition.id, data, original, version)?;
        let sw = self.send(&command)?.sw;
        if !sw.is_ok() {
            return Err(ReaderError::KeyRefused {
                key: definition.name.clone(),
                version,
                sw,
            });
        }
        self.state.keys.push(definition.name.clone());
        Ok(())
    }

    /// The challenge that a secure message will answer.
    pub(crate) fn message_challenge(&mut self) -> Result<[u8; 8], ReaderError> {
        self.challenge()
    }

    /// Sends a secure message of PIN CHANGE/UNBLOCK that somebody else made.
    pub(crate) fn secured(&mut self, message: &[u8]) -> Result<(), ReaderError> {
        let sw = link::exchange_bytes(&mut *self.channel, message)?.sw;
        self.state.keys.clear();
        self.state.pin = false;
        if sw.is_ok() {
            return Ok(());
        }
        let header = message.get(..4).unwrap_or_default();
        Err(ReaderError::Refused {
            command: format!(
                "{} ({})",
                commands::name(header.get(1).copied().unwrap_or(0)),
                hex::encode_upper(header)
            ),
            path: None,
            sw,
            rule: None,
        })
    }

    /// Whether a key was used in the current dedicated file, and that is the key's own.
    pub(crate) fn is_authenticated(&self, key: &str) -> bool {
        let df = self.profile.key(key).and_then(|(df, _)| self.profile.index_of(&df.id));
        df.is_some() && df == self.state.df && self.state.has_key(key)
    }

    /// Whether the PIN was verified, or the card has none.
    pub(crate) fn is_pin_verified(&self) -> bool {
        self.state.pin
    }

    /// The card said that it has no PIN.
    pub(crate) fn note_no_pin(&mut self) {
        self.state.pin = true;
    }

    /// Version of the keys from now on, 1–3.
    pub(crate) fn set_key_version(&mut self, version: u8) {
        self.options.key_version = version;
    }

    /// A key in the version of this session.
    pub(crate) fn key_reference<'k>(&self, definition: &'k KeyDefinition) -> KeyReference<'k> {
        self.reference(definition)
    }

    /// Algorithm identifier (算法标识) of the card, also of ciphers that only an HSM knows.
    pub(crate) fn algorithm_identifier(&self) -> u8 {
        match self.algorithm {
            Ok(algorithm) => algorithm.identifier(),
            Err(AlgorithmError::Ssf33) => SSF33,
            Err(AlgorithmError::Unknown(byte)) => byte,
        }
    }

    /// HSM logical address of a key in the version of this session, if the profile has one.
    pub(crate) fn address_of(&self, key: &KeyDefinition) -> Option<u16> {
        let version = self.reference(key).version;
        key.hsm.map(|first| first + u16::from(version) - 1)
    }

    /// The purchase key with an index.
    pub(crate) fn purchase_key(&self, index: u8) -> Result<&'a KeyDefinition, ReaderError> {
        let fits = |key: &&KeyDefinition| key.role == KeyRole::Purchase && key.index == Some(index);
        self.profile
            .dedicated_files
            .iter()
            .find_map(|df| df.keys.iter().find(fits))
            .ok_or(ReaderError::NoAccount)
    }

    /// Begins a purchase: INITIALIZE FOR PURCHASE.
    pub(crate) fn begin_purchase(
        &mut self,
        index: u8,
        amounts: Amounts,
        place: Place,
    ) -> Result<PurchaseRequest, ReaderError> {
        self.initialize_purchase(index, amounts, place)
            .map(|(_, request)| request)
    }
}

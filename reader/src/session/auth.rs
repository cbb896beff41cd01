//! Internal and external authentication, and meeting a condition on demand (`spec/commands.md` §2.6, §3.1).

use super::Session;
use super::file::Reach;
use super::state::{Missing, cheapest, lacking};
use crate::command::Command;
use crate::commands;
use crate::error::{Operation, ReaderError, Rule, title};
use crate::rule::ModuleReason;
use crate::security::{CardIdentity, KeyReference, SecurityModuleError};
use crate::wellknown;
use card_model::profile::{Access, KeyDefinition, KeyRole};
use card_model::secret::equal;
use card_model::status::StatusWord;

/// Length in bytes of the challenges of an authentication.
const CHALLENGE: u8 = 8;

impl Session<'_> {
    /// Draws a challenge of the card.
    pub(super) fn challenge(&mut self) -> Result<[u8; 8], ReaderError> {
        let command = commands::get_challenge(CHALLENGE);
        let data = self.demand(&command, None)?;
        data.try_into().map_err(|_| ReaderError::Answer {
            command: title(&command),
            path: None,
        })
    }

    /// Asks the security module, if there is one and the card tells enough to find its keys.
    pub(crate) fn ask_module<T>(
        &mut self,
        definition: &KeyDefinition,
        compute: impl FnOnce(
            &mut dyn crate::security::SecurityModule,
            KeyReference<'_>,
            &CardIdentity,
        ) -> Result<T, SecurityModuleError>,
    ) -> Result<T, ReaderError> {
        let reference = self.reference(definition);
        let Some(module) = self.security.as_deref_mut() else {
            return Err(ReaderError::NoSecurityModule {
                key: definition.name.clone(),
            });
        };
        let card = CardIdentity {
            algorithm: self.algorithm?,
            region: self.data.region.clone().ok_or(ReaderError::NoIdentity)?,
            historical: self.historical.ok_or(ReaderError::NoIdentity)?,
        };
        Ok(compute(module, reference, &card)?)
    }

    /// A key of the social security environment with a role.
    pub(crate) fn environment_key(&self, role: KeyRole) -> Result<KeyDefinition, ReaderError> {
        let df = self.profile.dedicated_file(wellknown::ENVIRONMENT);
        let key = df.and_then(|df| df.key_with_role(role)).cloned();
        key.ok_or_else(|| ReaderError::NoSuchKey {
            key: format!("{role:?}"),
            profile: self.profile.name.clone(),
        })
    }

    /// Internal authentication in the order of real readers: the environment is selected again, the first challenge is
    /// the original data, the second the factor. `true` if the card's answer is the one the security module expects.
    ///
    /// # Errors
    /// The card refused the command, or there are no keys to compare with.
    pub fn internal_authentication(&mut self) -> Result<bool, ReaderError> {
        let irk = self.environment_key(KeyRole::InternalAuthentication)?;
        let environment = self.profile.index_of(wellknown::ENVIRONMENT).unwrap_or_default();
        self.select_again(environment)?;
        let original = self.challenge()?;
        let factor = self.challenge()?;
        let version = self.reference(&irk).version;
        let command = commands::internal_authentication(&factor, &original, version)?;
        let answer = self.demand(&command, None)?;
        let expected = self.ask_module(&irk, |module, key, card| {
            module.authentication_data(key, card, &factor, &original)
        })?;
        Ok(equal(&answer, &expected))
    }

    /// External authentication with a key of the profile, such as `UKSSSE`, in its dedicated file. Nothing is sent if
    /// the key was already used there.
    ///
    /// # Errors
    /// No such key, no security module that has it, or the card did not accept it. A refused key is not tried again.
    pub fn authenticate(&mut self, key: &str) -> Result<(), ReaderError> {
        let profile = self.profile;
        let (df, definition) = profile.key(key).ok_or_else(|| ReaderError::NoSuchKey {
            key: key.to_owned(),
            profile: profile.name.clone(),
        })?;
        let df = profile.index_of(&df.id).unwrap_or_default();
        self.authenticate_in(df, definition)
    }

    pub(super) fn authenticate_in(&mut self, df: usize, definition: &KeyDefinition) -> Result<(), ReaderError> {
        let name = &definition.name;
        if self.state.df == Some(df) && self.state.has_key(name) {
            return Ok(());
        }
        if self.state.refused.iter().any(|refused| refused == name) {
            return Err(ReaderError::KeyRefusedBefore { key: name.clone() });
        }
        self.enter(df)?;
        let original = self.challenge()?;
        let factor = self.challenge()?;
        let data = self.ask_module(definition, |module, key, card| {
            module.authentication_data(key, card, &factor, &original)
        })?;
        let version = self.reference(definition).version;
        let command = commands::external_authentication(definition.id, &data, &original, version)?;
        let sw = self.send(&command)?.sw;
        if !sw.is_ok() {
            self.state.refused.push(name.clone());
            if sw == StatusWord::AUTHENTICATION_BLOCKED {
                return Err(ReaderError::KeyLocked {
                    key: name.clone(),
                    unblocks_pin: definition.role == KeyRole::PinUnblock,
                });
            }
            return Err(ReaderError::KeyRefused {
                key: name.clone(),
                version,
                sw,
            });
        }
        self.state.keys.push(name.clone());
        Ok(())
    }

    /// Whether the security module can compute with a key for this card.
    pub(super) fn holds_key(&mut self, name: &str) -> bool {
        if self.state.refused.iter().any(|refused| refused == name) {
            return false;
        }
        let profile = self.profile;
        let Some((_, definition)) = profile.key(name) else {
            return false;
        };
        self.ask_module(definition, |module, key, card| Ok(module.holds(key, card)))
            .unwrap_or(false)
    }

    /// Whether somebody can give the PIN.
    pub(super) fn pin_there(&self) -> bool {
        self.pins.is_some() && !self.state.pin_declined
    }

    /// Does what a condition asks for, the cheapest way. `false` if it cannot be met with what is there.
    pub(super) fn meet(&mut self, reach: &Reach<'_>, operation: Operation) -> Result<bool, ReaderError> {
        let access = condition(reach, operation);
        if access.is_free() {
            return Ok(true);
        }
        self.enter(reach.df)?;
        let mut pin_there = self.pin_there();
        if !self.state.pin && !pin_there && access.mentions_pin() {
            // A card without a PIN meets PIN conditions by itself (STD-P7 §5.6).
            pin_there = !self.pin_status()?.set;
        }
        let mut refusal = None;
        loop {
            let (state, prefer) = (self.state.clone(), self.options.prefer);
            let way = cheapest(access, &state, prefer, pin_there, |key| self.holds_key(key));
            let Some(way) = way else {
                return refusal.map_or(Ok(false), Err);
            };
            match self.go(reach, &way) {
                // A refused key is not tried again, so the next way is another one: the PIN instead of the key.
                Err(error @ ReaderError::KeyRefused { .. }) => refusal = Some(error),
                other => return other,
            }
        }
    }

    /// Authenticates with the keys of a way, then verifies the PIN, as the standard reader interface with a PSAM does it
    /// (IF38 2.1.3): a person is not asked for a PIN that helps nothing.
    fn go(&mut self, reach: &Reach<'_>, way: &Missing<'_>) -> Result<bool, ReaderError> {
        let profile = self.profile;
        for name in &way.keys {
            let Some((_, definition)) = profile.key(name) else {
                return Ok(false);
            };
            self.authenticate_in(reach.df, definition)?;
        }
        Ok(!way.pin || self.pin_on_demand(&reach.path)?)
    }

    /// Whether a condition is met, or can be with the keys and the PIN that are there.
    pub(super) fn can_meet(&mut self, access: &Access) -> bool {
        let (mut state, prefer, pin_there) = (self.state.clone(), self.options.prefer, self.pin_there());
        // Keys of the current dedicated file are lost on the way to another one.
        state.keys.clear();
        access.is_free() || cheapest(access, &state, prefer, pin_there, |key| self.holds_key(key)).is_some()
    }

    /// The rule behind a condition, with what of it is neither met nor at hand now.
    pub(super) fn rule(&mut self, reach: &Reach<'_>, operation: Operation) -> Rule {
        let access = condition(reach, operation);
        let (state, pin_there) = (self.state.clone(), self.pin_there());
        let missing = lacking(access, &state, pin_there, |key| self.holds_key(key));
        let module = missing.iter().flatten().find_map(|name| self.objection(name));
        let certificate = missing
            .iter()
            .flatten()
            .any(|name| self.profile.certificate_pin(name).is_some());
        Rule {
            path: reach.path.clone(),
            operation,
            condition: access.to_string(),
            missing,
            module,
            certificate,
        }
    }

    /// Why the security module cannot compute with a key, where it says more than that it is not there.
    fn objection(&mut self, name: &str) -> Option<ModuleReason> {
        let profile = self.profile;
        let (_, definition) = profile.key(name)?;
        let checked = self.ask_module(definition, |module, key, card| Ok(module.check_key(key, card)));
        match checked.ok()? {
            Ok(()) | Err(SecurityModuleError::KeyMissing { .. }) => None,
            Err(error) => Some(ModuleReason::from(&error)),
        }
    }

    /// The error for a status word, with the access rule where that is the reason.
    pub(super) fn refused(
        &mut self,
        command: &Command,
        reach: &Reach<'_>,
        operation: Operation,
        sw: StatusWord,
    ) -> ReaderError {
        let by_rule = sw == StatusWord::SECURITY_NOT_SATISFIED;
        let rule = by_rule.then(|| Box::new(self.rule(reach, operation)));
        if by_rule {
            // What the session believed to have is obviously not there.
            self.state.keys.clear();
        }
        ReaderError::Refused {
            command: title(command),
            path: Some(reach.path.clone()),
            sw,
            rule,
        }
    }
}

/// The condition of a file for an operation.
fn condition<'p>(reach: &Reach<'p>, operation: Operation) -> &'p Access {
    match operation {
        Operation::Read => &reach.file.read,
        Operation::Update => &reach.file.update,
    }
}

//! What the issuer does under the master keys of the environment and of the application: replacing them by a successor's,
//! and giving a PIN again (`spec/commands.md` §1.5).

use super::application::CertificateApplication;
use super::commands;
use super::error::{CertificateError, title};
use crate::command::Command;
use crate::commands as basic;
use crate::security::{CardIdentity, KeyFile, KeyLoader, KeyToLoad, MasterKey};
use card_model::profile::{DedicatedFile, PinRole};
use card_model::secret::Pin;
use card_model::status::StatusWord;

impl<'c> CertificateApplication<'c> {
    /// Replaces the master key of the environment, then that of the application, by those of another issuer's keys, in the
    /// form that real writers send. A file that has the new key already is left as it is, so that an interrupted
    /// replacement is completed by doing it again. Gives the files whose keys were replaced. No PIN is verified afterwards.
    ///
    /// # Errors
    /// A file has neither the old key nor the new one (a try of its master key is used up), a key is not in its key file, or
    /// the card refused.
    pub fn replace_master_keys(
        &mut self,
        old: &mut KeyFile,
        new: &mut KeyFile,
        card: &CardIdentity,
    ) -> Result<Vec<&'c str>, CertificateError> {
        let mut replaced = Vec::new();
        for file in self.with_environment() {
            self.enter(file)?;
            match self.authenticate_master(file, old, card) {
                Ok(()) => {}
                Err(CertificateError::MasterKey { .. }) if self.authenticate_master(file, new, card).is_ok() => {
                    continue;
                }
                Err(error) => return Err(error),
            }
            let challenge = self.challenge()?;
            let command = old.succession_command(commands::REPLACE_KEY, new, &file.id, card, &challenge)?;
            self.demand(&Command::from_bytes(&command)?)?;
            self.authenticate_master(file, new, card)?;
            replaced.push(file.id.as_str());
        }
        self.select()?;
        Ok(replaced)
    }

    /// Gives a PIN again under the master key of the file that it belongs to, with a full counter; it may be blocked. The
    /// application is selected afterwards, with no PIN verified.
    ///
    /// # Errors
    /// The master key is not the card's (a try of it is used up), is not in the module, or the card refused.
    pub fn give_pin(
        &mut self,
        role: PinRole,
        pin: &Pin,
        loader: &mut dyn KeyLoader,
        card: &CardIdentity,
    ) -> Result<(), CertificateError> {
        let definition = self.pin(role)?;
        let owner = self.with_environment().find(|file| file.pins.contains(definition));
        let file = owner.ok_or_else(|| CertificateError::NotInProfile {
            profile: self.profile().name.clone(),
        })?;
        self.enter(file)?;
        self.authenticate_master(file, loader, card)?;
        let challenge = self.challenge()?;
        let load = KeyToLoad::CertificatePin { definition, pin };
        let under = MasterKey::Final(&file.id);
        let command = loader.load_key_command(commands::REPLACE_KEY, load, under, card, &challenge)?;
        self.demand(&Command::from_bytes(&command)?)?;
        self.select()
    }

    /// The environment, then the application.
    fn with_environment(&self) -> impl Iterator<Item = &'c DedicatedFile> + use<'c> {
        self.environment().into_iter().chain([self.file()])
    }

    fn enter(&mut self, file: &DedicatedFile) -> Result<(), CertificateError> {
        self.demand(&basic::select_name(&file.name)?)?;
        Ok(())
    }

    fn authenticate_master(
        &mut self,
        file: &DedicatedFile,
        loader: &mut dyn KeyLoader,
        card: &CardIdentity,
    ) -> Result<(), CertificateError> {
        let challenge = self.challenge()?;
        let cryptogram = loader.master_cryptogram(MasterKey::Final(&file.id), card, &challenge)?;
        let command = commands::authenticate_master(&cryptogram)?;
        let sw = self.send(&command)?.sw;
        match (sw, sw.tries_left()) {
            (sw, _) if sw.is_ok() => Ok(()),
            (StatusWord::AUTHENTICATION_BLOCKED, _) => Err(CertificateError::MasterKey {
                file: file.id.clone(),
                tries_left: 0,
            }),
            (_, Some(tries_left)) => Err(CertificateError::MasterKey {
                file: file.id.clone(),
                tries_left,
            }),
            _ => Err(CertificateError::Refused {
                command: title(&command),
                sw,
            }),
        }
    }
}

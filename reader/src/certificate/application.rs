//! Opening the certificate application and talking to it.

use super::error::{CertificateError, title};
use crate::channel::Channel;
use crate::command::Command;
use crate::commands as basic;
use crate::link::{self, Response};
use card_model::profile::{DedicatedFile, ElementaryFile, KeyPair, PinDefinition, PinRole, Profile};
use card_model::status::StatusWord;

/// The certificate application of a card, selected. It borrows the channel; PIN states end when another file is selected or
/// the card is reset, so a [`crate::session::Session`] must [`forget`](crate::session::Session::forget) afterwards.
pub struct CertificateApplication<'c> {
    pub(super) channel: &'c mut dyn Channel,
    profile: &'c Profile,
    directory: &'c DedicatedFile,
}

impl core::fmt::Debug for CertificateApplication<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("CertificateApplication")
            .field("channel", &self.channel.name())
            .field("directory", &self.directory.id)
            .finish_non_exhaustive()
    }
}

impl<'c> CertificateApplication<'c> {
    /// Selects the certificate environment and its application by their names. Where the card does not see the environment,
    /// the MF is selected first, as cards of one maker want it (`spec/files.md` §7.1).
    ///
    /// # Errors
    /// The profile or the card has no such application, or the transport failed.
    pub fn open(channel: &'c mut dyn Channel, profile: &'c Profile) -> Result<Self, CertificateError> {
        let directory = profile
            .certificate_application()
            .ok_or_else(|| CertificateError::NotInProfile {
                profile: profile.name.clone(),
            })?;
        let mut application = Self {
            channel,
            profile,
            directory,
        };
        application.select()?;
        Ok(application)
    }

    /// Selects the application again, as after a reset. PINs verified before are no longer.
    ///
    /// # Errors
    /// As [`CertificateApplication::open`].
    pub fn select(&mut self) -> Result<(), CertificateError> {
        if let Some(environment) = self.environment() {
            let select = basic::select_name(&environment.name)?;
            if self.send(&select)?.sw == StatusWord::FILE_NOT_FOUND {
                // Whether the MF can be selected does not matter; the environment decides.
                self.send(&basic::select_dedicated_file(0x3F00)?)?;
                let sw = self.send(&select)?.sw;
                if !sw.is_ok() {
                    return Err(CertificateError::NoApplication { sw });
                }
            }
        }
        let sw = self.send(&basic::select_name(&self.directory.name)?)?.sw;
        if sw.is_ok() {
            Ok(())
        } else {
            Err(CertificateError::NoApplication { sw })
        }
    }

    /// The profile of the card.
    pub fn profile(&self) -> &'c Profile {
        self.profile
    }

    /// The application's file in the profile.
    pub(super) fn file(&self) -> &'c DedicatedFile {
        self.directory
    }

    /// The environment's file in the profile.
    pub(super) fn environment(&self) -> Option<&'c DedicatedFile> {
        let parent = self.directory.parent?;
        self.profile.dedicated_files.get(parent)
    }

    /// Id of the application's file in the profile.
    pub fn directory(&self) -> &'c str {
        &self.directory.id
    }

    /// The channel, for raw commands; what they select and verify this object does not know.
    pub fn channel(&mut self) -> &mut dyn Channel {
        self.channel
    }

    /// The file of a key.
    pub(super) fn key_file(&self, pair: KeyPair, private: bool) -> Result<&'c ElementaryFile, CertificateError> {
        self.directory
            .key_file(pair, private)
            .ok_or(CertificateError::NoKey { pair })
    }

    /// The file of a certificate.
    pub(super) fn certificate_file(&self, pair: KeyPair) -> Result<&'c ElementaryFile, CertificateError> {
        self.directory
            .certificate_file(pair)
            .ok_or(CertificateError::NoCertificate { pair })
    }

    /// A PIN of the application.
    pub(super) fn pin(&self, role: PinRole) -> Result<&'c PinDefinition, CertificateError> {
        let index = self.profile.index_of(&self.directory.id).unwrap_or_default();
        self.profile
            .pin_with_role(index, role)
            .ok_or_else(|| CertificateError::NotInProfile {
                profile: self.profile.name.clone(),
            })
    }

    /// The PINs that a file's update or read condition names.
    pub(super) fn roles_of(&self, file: &ElementaryFile, update: bool) -> Vec<PinRole> {
        let access = if update { &file.update } else { &file.read };
        let names = access.keys();
        [PinRole::User, PinRole::Administrator]
            .into_iter()
            .filter(|role| self.pin(*role).is_ok_and(|pin| names.contains(&pin.name.as_str())))
            .collect()
    }

    /// Sends a command and gives the whole answer, whatever the status word.
    pub(super) fn send(&mut self, command: &Command) -> Result<Response, CertificateError> {
        Ok(link::exchange(&mut *self.channel, command)?)
    }

    /// Sends a command that must succeed.
    pub(super) fn demand(&mut self, command: &Command) -> Result<Vec<u8>, CertificateError> {
        let response = self.send(command)?;
        if response.sw.is_ok() {
            return Ok(response.data);
        }
        Err(CertificateError::Refused {
            command: title(command),
            sw: response.sw,
        })
    }

    /// As [`CertificateApplication::demand`]; a refusal for want of PINs names them, one for want of a key names the pair.
    pub(super) fn demand_with(
        &mut self,
        command: &Command,
        pair: KeyPair,
        roles: &[PinRole],
    ) -> Result<Vec<u8>, CertificateError> {
        self.demand(command).map_err(|error| match error.status_word() {
            Some(StatusWord::SECURITY_NOT_SATISFIED) if !roles.is_empty() => {
                CertificateError::PinNeeded { roles: roles.to_vec() }
            }
            Some(StatusWord::REFERENCE_NOT_FOUND) => CertificateError::NoKey { pair },
            _ => error,
        })
    }

    /// Draws a challenge of 16 bytes.
    pub(super) fn challenge(&mut self) -> Result<[u8; 16], CertificateError> {
        let command = basic::get_challenge(16);
        let answer = self.demand(&command)?;
        answer.try_into().map_err(|_| CertificateError::Answer {
            command: title(&command),
        })
    }

    /// SM3 computed by the card, of up to 252 bytes.
    ///
    /// # Errors
    /// More data, or the card refused.
    pub fn hash(&mut self, data: &[u8]) -> Result<[u8; 32], CertificateError> {
        let command = super::commands::hash(data)?;
        let answer = self.demand(&command)?;
        answer.try_into().map_err(|_| CertificateError::Answer {
            command: title(&command),
        })
    }
}

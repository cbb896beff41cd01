//! A PSAM in any channel as security module: a second slot of the reader, the virtual reader, or a simulated PSAM.
//!
//! Nothing is believed about the PSAM in the reader. It may hold a key at ministry, province or city level (usage 67, 47 or
//! 27 for one and the same key), in a combined form (48 for 26), or not at all; real readers try, and so does this module. What
//! worked is remembered. Factors below the level of a key come from the PSAM's own region, so a key of another province or
//! city is refused here before the card counts a failed try.

mod delivery;
mod module;
mod purchase;

use super::{CardIdentity, SecurityModuleError};
use crate::channel::{Channel, TransportError};
use crate::command::Command;
use crate::commands;
use crate::link::{Response, exchange, exchange_status};
use card_model::crypto::Algorithm;
use card_model::profile::KeyLevel;
use card_model::psam::{Cipher, FieldKind, FileRole, Level, PsamDescription, PsamFile, Usage};
use card_model::status::StatusWord;
use delivery::Purpose;
use std::collections::HashMap;

/// A PSAM as security module.
#[derive(Debug)]
pub struct PsamModule<C> {
    channel: C,
    description: &'static PsamDescription,
    name: String,
    test: bool,
    current: Selected,
    /// Files of the applications that were read once, by their identifiers.
    information: HashMap<(Algorithm, u16), Vec<u8>>,
    /// Under which usage a key answered before: by cipher, identifier and purpose.
    usages: HashMap<(Algorithm, u8, Purpose), Usage>,
    terminal: Option<[u8; 6]>,
}

/// What is selected in the PSAM.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Selected {
    /// Nothing that is known.
    Unknown,
    /// The environment of a cipher.
    Environment(Cipher),
    /// The application in the environment of a cipher.
    Application(Cipher),
}

impl<C: Channel> PsamModule<C> {
    /// Looks what is in the slot, and reads the terminal number.
    ///
    /// # Errors
    /// No answer, or what answers has none of the environments of a PSAM.
    pub fn open(channel: C) -> Result<Self, SecurityModuleError> {
        let name = channel.name().to_owned();
        let description = PsamDescription::builtin().map_err(|error| SecurityModuleError::Module {
            module: name.clone(),
            message: error.to_string(),
        })?;
        let mut module = Self {
            channel,
            description,
            name,
            test: false,
            current: Selected::Unknown,
            information: HashMap::new(),
            usages: HashMap::new(),
            terminal: None,
        };
        module.look()?;
        Ok(module)
    }

    /// The same module, known to hold TEST keys, as every simulated PSAM does.
    pub fn marked_test(mut self) -> Self {
        self.test = true;
        self
    }

    /// Number of the terminal, twelve packed digits; `None` if the PSAM does not tell.
    pub fn terminal(&self) -> Option<[u8; 6]> {
        self.terminal
    }

    /// The region in the terminal number, six digits; `None` for a PSAM of no region (000000) or without a number.
    pub fn region(&self) -> Option<String> {
        let file = self.description.file(FileRole::TerminalNumber)?;
        let field = file.field(FieldKind::Region)?;
        let digits = hex::encode(self.terminal?.get(field)?);
        let decimal = digits.bytes().all(|digit| digit.is_ascii_digit());
        (decimal && digits.bytes().any(|digit| digit != b'0')).then_some(digits)
    }

    /// The version in which the PSAM holds its ministry keys for a cipher, from file 001A. A PSAM that does not tell a
    /// version 1 to 3 holds version 1.
    ///
    /// # Errors
    /// The PSAM has no such environment, or does not answer.
    pub fn key_version(&mut self, algorithm: Algorithm) -> Result<u8, SecurityModuleError> {
        self.version_of(KeyLevel::Ministry, algorithm)
    }

    /// Gives the channel back.
    pub fn into_channel(self) -> C {
        self.channel
    }

    fn version_of(&mut self, level: KeyLevel, algorithm: Algorithm) -> Result<u8, SecurityModuleError> {
        let level = match level {
            KeyLevel::Ministry => Level::National,
            KeyLevel::Province | KeyLevel::Issuer => Level::Province,
        };
        let version = self.patiently(|module| module.one_to_three(algorithm, level, FieldKind::KeyVersion))?;
        Ok(version.unwrap_or(1))
    }

    /// What has one of the environments, and in it a terminal number or the application of a PSAM, is a PSAM. A social
    /// security card has the name of the DES environment too, but neither of the two. The newest cipher is the likeliest to
    /// be wanted next, so its environment is looked at first.
    fn look(&mut self) -> Result<(), SecurityModuleError> {
        let description = self.description;
        let mut found = false;
        for environment in description.environments.iter().rev() {
            if !self.select(commands::select_name(&environment.name))?.is_ok() {
                continue;
            }
            self.current = Selected::Environment(environment.cipher);
            if let Some(file) = description.file(FileRole::TerminalNumber)
                && let Some(bytes) = self.read(file)?
            {
                self.terminal = bytes.try_into().ok();
                return Ok(());
            }
            // Another environment may still tell the number.
            self.current = Selected::Unknown;
            found |= self
                .select(commands::select_name(&description.application.aid))?
                .is_ok();
        }
        if found {
            return Ok(());
        }
        Err(SecurityModuleError::NoPsam {
            module: self.name.clone(),
        })
    }

    /// Selects environment and application of a cipher, unless they are selected.
    fn enter(&mut self, algorithm: Algorithm) -> Result<(), SecurityModuleError> {
        let cipher = Cipher::from(algorithm);
        let before = std::mem::replace(&mut self.current, Selected::Unknown);
        if before != Selected::Application(cipher) {
            if before != Selected::Environment(cipher) {
                self.enter_environment(algorithm)?;
            }
            let application = &self.description.application;
            let by_fid = commands::select_dedicated_file(application.fid);
            let by_name = commands::select_name(&application.aid);
            if !self.select(by_fid)?.is_ok() && !self.select(by_name)?.is_ok() {
                return Err(self.without(algorithm));
            }
        }
        self.current = Selected::Application(cipher);
        Ok(())
    }

    fn enter_environment(&mut self, algorithm: Algorithm) -> Result<(), SecurityModuleError> {
        let Some(environment) = self.description.environment(Cipher::from(algorithm)) else {
            return Err(self.without(algorithm));
        };
        match self.select(commands::select_name(&environment.name))? {
            sw if sw.is_ok() => Ok(()),
            StatusWord::FILE_NOT_FOUND | StatusWord::FUNCTION_NOT_SUPPORTED => Err(self.without(algorithm)),
            sw => Err(self.refused("SELECT", sw)),
        }
    }

    /// The PSAM has no environment or no application of a cipher.
    fn without(&self, algorithm: Algorithm) -> SecurityModuleError {
        SecurityModuleError::AlgorithmMissing {
            algorithm,
            module: self.name.clone(),
        }
    }

    /// A number that the application names for the keys of a level: their version, or the purchase key in use. `None` if it
    /// is not 1, 2 or 3.
    fn one_to_three(
        &mut self,
        algorithm: Algorithm,
        level: Level,
        kind: FieldKind,
    ) -> Result<Option<u8>, SecurityModuleError> {
        self.enter(algorithm)?;
        let Some(file) = self.description.file(FileRole::Information(level)) else {
            return Ok(None);
        };
        let Some(field) = file.field(kind) else {
            return Ok(None);
        };
        if !self.information.contains_key(&(algorithm, file.fid)) {
            let bytes = self.read(file)?.unwrap_or_default();
            self.information.insert((algorithm, file.fid), bytes);
        }
        let bytes = self.information.get(&(algorithm, file.fid));
        let number = bytes.and_then(|bytes| bytes.get(field)?.first().copied());
        Ok(number.filter(|number| (1..=3).contains(number)))
    }

    /// Contents of a file of the current dedicated file; `None` if the PSAM does not give them.
    fn read(&mut self, file: &PsamFile) -> Result<Option<Vec<u8>>, SecurityModuleError> {
        let sfi = file.fid.to_be_bytes()[1];
        let le = u8::try_from(file.size).unwrap_or(0);
        let command = Command::new(0x00, 0xB0, 0x80 | sfi, 0x00).with_le(le);
        let answer = self.transmit(&command)?;
        let whole = answer.sw.is_ok() && answer.data.len() == usize::from(file.size);
        Ok(whole.then_some(answer.data))
    }

    /// Sends a SELECT; what the PSAM tells about the file is not fetched.
    fn select(
        &mut self,
        command: Result<Command, crate::command::CommandError>,
    ) -> Result<StatusWord, SecurityModuleError> {
        let command = self.built("SELECT", command)?;
        let sent = exchange_status(&mut self.channel, &command);
        sent.map_err(|source| self.lost(source))
    }

    /// Sends a command that was built here.
    fn send(
        &mut self,
        name: &'static str,
        command: Result<Command, crate::command::CommandError>,
    ) -> Result<Response, SecurityModuleError> {
        let command = self.built(name, command)?;
        self.transmit(&command)
    }

    fn built(
        &self,
        name: &'static str,
        command: Result<Command, crate::command::CommandError>,
    ) -> Result<Command, SecurityModuleError> {
        command.map_err(|error| self.failed(&format!("{name}: {error}")))
    }

    fn transmit(&mut self, command: &Command) -> Result<Response, SecurityModuleError> {
        exchange(&mut self.channel, command).map_err(|source| self.lost(source))
    }

    fn lost(&mut self, source: TransportError) -> SecurityModuleError {
        self.current = Selected::Unknown;
        SecurityModuleError::Transport {
            module: self.name.clone(),
            source: Box::new(source),
        }
    }

    /// Does something a second time when another program had reset the PSAM meanwhile: it keeps nothing that counts.
    fn patiently<T>(
        &mut self,
        work: impl Fn(&mut Self) -> Result<T, SecurityModuleError>,
    ) -> Result<T, SecurityModuleError> {
        match work(self) {
            Err(SecurityModuleError::Transport { source, .. })
                if matches!(*source, TransportError::ResetByOther { .. }) =>
            {
                self.current = Selected::Unknown;
                self.channel.reset().map_err(|source| SecurityModuleError::Transport {
                    module: self.name.clone(),
                    source: Box::new(source),
                })?;
                work(self)
            }
            other => other,
        }
    }

    fn refused(&self, command: &'static str, sw: StatusWord) -> SecurityModuleError {
        SecurityModuleError::Refused {
            command,
            sw,
            module: self.name.clone(),
        }
    }

    fn failed(&self, message: &str) -> SecurityModuleError {
        SecurityModuleError::Module {
            module: self.name.clone(),
            message: message.to_owned(),
        }
    }

    fn missing(&self, name: &str, version: u8, card: &CardIdentity) -> SecurityModuleError {
        SecurityModuleError::KeyMissing {
            name: name.to_owned(),
            version,
            algorithm: card.algorithm,
            module: self.name.clone(),
        }
    }
}

//! The moves of a test terminal: select, authenticate, verify. It looks at every status word and corrects nothing.

use crate::ConformanceError;
use crate::fuzz::{Limits, cost};
use card_model::card::Interface;
use card_model::profile::{DedicatedFile, DedicatedFileKind, KeyDefinition, PinDefinition, PinRole, Profile};
use card_model::secret::Pin;
use card_model::status::StatusWord;
use reader::certificate::pins::cryptogram;
use reader::channel::{Channel, TransportError};
use reader::command::Command;
use reader::link::{Response, exchange_bytes};
use reader::security::{CardIdentity, KeyReference, SecurityModule};
use std::collections::BTreeMap;

/// The card under test and what is known of it.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// What the card should be.
    pub profile: &'a Profile,
    /// What goes into the diversification of its keys.
    pub identity: &'a CardIdentity,
    /// Its PIN. Without it the cases that need the PIN are left out.
    pub pin: Option<&'a Pin>,
    /// The PINs of its certificate application. Without them that application is left out.
    pub certificate_pins: Option<CertificatePins<'a>>,
}

/// The PINs of a certificate application.
#[derive(Debug, Clone, Copy)]
pub struct CertificatePins<'a> {
    /// The user's.
    pub user: &'a Pin,
    /// The administrator's.
    pub administrator: &'a Pin,
}

impl<'a> CertificatePins<'a> {
    pub(crate) const fn of(&self, role: PinRole) -> &'a Pin {
        match role {
            PinRole::User => self.user,
            PinRole::Administrator => self.administrator,
        }
    }
}

/// What the card answered to SELECT by name, by the name: it answers the same in a whole run. Whether that is right is for the cases of
/// SELECT to say; here a single answer that is another one is noticed.
#[derive(Debug, Clone, Default)]
pub struct Selections(BTreeMap<Vec<u8>, Vec<u8>>);

impl Selections {
    fn note(&mut self, name: &[u8], answer: &[u8]) -> Result<(), ConformanceError> {
        let before = self.0.entry(name.to_owned()).or_insert_with(|| answer.to_owned());
        if before == answer {
            return Ok(());
        }
        Err(ConformanceError::Answer {
            step: format!("SELECT {}", hex::encode_upper(name)),
            expected: hex::encode_upper(before),
            got: hex::encode_upper(answer),
        })
    }
}

/// A terminal with a card and keys.
pub struct Terminal<'a> {
    channel: &'a mut dyn Channel,
    module: &'a mut dyn SecurityModule,
    selections: Option<&'a mut Selections>,
    /// The card under test.
    pub subject: Subject<'a>,
    /// Commands sent so far.
    pub commands: u64,
    /// The last status word.
    pub(crate) last: StatusWord,
    /// What may be sent to a card of which nobody knows whose it is.
    limits: Option<Limits>,
}

impl<'a> Terminal<'a> {
    /// Takes channel and keys for as long as a suite runs.
    pub fn new(channel: &'a mut dyn Channel, module: &'a mut dyn SecurityModule, subject: Subject<'a>) -> Self {
        Self {
            channel,
            module,
            selections: None,
            subject,
            commands: 0,
            last: StatusWord::OK,
            limits: None,
        }
    }

    /// The same terminal before a card that may be any card: it sends nothing beyond these limits.
    #[must_use]
    pub fn within(mut self, limits: Limits) -> Self {
        self.limits = Some(limits);
        self
    }

    fn check(&self, command: &[u8]) -> Result<(), ConformanceError> {
        // A card may say 6Cxx to a command without data, and then it is sent again with that Le.
        let with_le = [command.get(..4).unwrap_or(command), &[0x08]].concat();
        let dearest = match command.len() {
            ..=5 => cost(command).max(cost(&with_le)),
            _ => cost(command),
        };
        match self.limits {
            Some(limits) if !limits.allow(dearest) => Err(ConformanceError::Withheld {
                command: hex::encode_upper(command.get(..4).unwrap_or(command)),
            }),
            _ => Ok(()),
        }
    }

    /// Holds the answers to SELECT against those before.
    #[must_use]
    pub fn comparing(mut self, selections: &'a mut Selections) -> Self {
        self.selections = Some(selections);
        self
    }

    /// A dedicated file by its index in the profile.
    pub fn df(&self, index: usize) -> &'a DedicatedFile {
        &self.subject.profile.dedicated_files[index]
    }

    /// Sends a command; `61xx` and `6Cxx` are resolved.
    ///
    /// # Errors
    /// The channel failed, or the command is beyond the limits.
    pub fn send(&mut self, command: &Command) -> Result<Response, ConformanceError> {
        self.exchange(&command.to_bytes())
    }

    /// Sends the bytes of a command; `61xx` and `6Cxx` are resolved.
    ///
    /// # Errors
    /// The channel failed, or SELECT by name answers otherwise than before ([`Terminal::comparing`]).
    pub fn exchange(&mut self, command: &[u8]) -> Result<Response, ConformanceError> {
        self.check(command)?;
        self.commands += 1;
        let answer = exchange_bytes(self.channel, command)?;
        self.last = answer.sw;
        if let (Some(name), Some(selections)) = (absolute_name(command), &mut self.selections)
            && answer.sw == StatusWord::OK
        {
            selections.note(name, &answer.data)?;
        }
        Ok(answer)
    }

    /// GET CHALLENGE; wants success and so many bytes.
    ///
    /// # Errors
    /// The channel failed, the card refuses, or its answer has another length.
    pub fn challenge(&mut self, length: u8) -> Result<Vec<u8>, ConformanceError> {
        let answer = self.send(&Command::new(0x00, 0x84, 0x00, 0x00).with_le(length))?;
        self.demand(answer.sw, || "GET CHALLENGE".to_owned())?;
        if answer.data.len() != usize::from(length) {
            return Err(ConformanceError::Answer {
                step: "GET CHALLENGE".to_owned(),
                expected: format!("{length}"),
                got: hex::encode_upper(&answer.data),
            });
        }
        Ok(answer.data)
    }

    /// Sends bytes as they are; `61xx` and `6Cxx` are answers.
    ///
    /// # Errors
    /// The channel failed.
    pub fn transmit(&mut self, command: &[u8]) -> Result<Response, ConformanceError> {
        self.check(command)?;
        self.commands += 1;
        let mut data = self.channel.transmit(command)?;
        let sw = data.split_off(data.len().saturating_sub(2));
        let sw = <[u8; 2]>::try_from(sw).map_err(|short| TransportError::AnswerTooShort { length: short.len() })?;
        self.last = StatusWord::from(sw);
        Ok(Response { data, sw: self.last })
    }

    /// Sends the bytes of a command, the power going after the card has written `words` words to its memory; then the card is reset.
    /// `None`: it gave no answer any more.
    ///
    /// # Errors
    /// The channel failed, or the card does not come back ([`TransportError::Mute`]).
    pub fn cut(&mut self, words: u64, command: &[u8]) -> Result<Option<Response>, ConformanceError> {
        self.commands += 1;
        self.channel.lose_power_after(Some(words));
        let answer = exchange_bytes(self.channel, command);
        self.channel.lose_power_after(None);
        self.channel.reset()?;
        match answer {
            Ok(answer) => Ok(Some(answer)),
            Err(TransportError::CardRemoved { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// The interface on which the card was reset last.
    pub fn interface(&self) -> Interface {
        self.channel.reset_answer().interface
    }

    /// Puts the card to an interface and resets it there.
    ///
    /// # Errors
    /// The channel failed, or the card has no such interface.
    pub fn change_interface(&mut self, interface: Interface) -> Result<(), ConformanceError> {
        Ok(self.channel.change_interface(interface)?)
    }

    /// The keys.
    pub fn module(&mut self) -> &mut dyn SecurityModule {
        self.module
    }

    /// Whether the security module has a key for this card.
    pub fn holds(&mut self, key: KeyReference<'_>) -> bool {
        self.module.holds(key, self.subject.identity)
    }

    /// The last answer to reset.
    pub fn reset_answer(&self) -> &[u8] {
        &self.channel.reset_answer().bytes
    }

    /// Resets the card.
    ///
    /// # Errors
    /// The channel failed.
    pub fn reset(&mut self) -> Result<(), ConformanceError> {
        Ok(self.channel.reset()?)
    }

    /// Selects a dedicated file by its name, or by its identifier if it has none.
    ///
    /// # Errors
    /// The channel failed.
    pub fn select(&mut self, df: usize) -> Result<StatusWord, ConformanceError> {
        let file = self.df(df);
        let command = if file.name.is_empty() {
            with_data([0x00, 0xA4, 0x00, 0x00], &file.fid.to_be_bytes())
        } else {
            with_data([0x00, 0xA4, 0x04, 0x00], &file.name)
        };
        Ok(self.send(&command)?.sw)
    }

    /// Selects a dedicated file and wants success.
    ///
    /// # Errors
    /// The channel failed or the card refuses.
    pub fn enter(&mut self, df: usize) -> Result<(), ConformanceError> {
        let sw = self.select(df)?;
        self.demand(sw, || format!("SELECT {}", self.df(df).id))
    }

    /// Enters a dedicated file with no key state: another one is selected before.
    ///
    /// # Errors
    /// As [`Terminal::enter`].
    pub fn enter_afresh(&mut self, df: usize) -> Result<(), ConformanceError> {
        self.enter(self.neighbour(df))?;
        self.enter(df)
    }

    /// Some other dedicated file that can be selected from anywhere: the environment of an application, else an
    /// application or the MF.
    pub fn neighbour(&self, df: usize) -> usize {
        let profile = self.subject.profile;
        match profile.dedicated_files[df].parent {
            Some(parent) => parent,
            None => profile.children(df).next().unwrap_or(df),
        }
    }

    /// Selects an elementary file of the current dedicated file.
    ///
    /// # Errors
    /// The channel failed.
    pub fn select_file(&mut self, fid: u16) -> Result<StatusWord, ConformanceError> {
        Ok(self.send(&with_data([0x00, 0xA4, 0x02, 0x00], &fid.to_be_bytes()))?.sw)
    }

    /// EXTERNAL AUTHENTICATION with a key of the current dedicated file or its environment. `version` is sent if given.
    ///
    /// # Errors
    /// Channel or security module failed, or the card gives no challenge.
    pub fn authenticate(&mut self, key: &KeyDefinition, version: Option<u8>) -> Result<StatusWord, ConformanceError> {
        self.authenticate_as(key, version, key.id)
    }

    /// As [`Terminal::authenticate`], but the card is told the identifier `id`.
    ///
    /// # Errors
    /// As [`Terminal::authenticate`].
    pub fn authenticate_as(
        &mut self,
        key: &KeyDefinition,
        version: Option<u8>,
        id: u8,
    ) -> Result<StatusWord, ConformanceError> {
        let challenge = self.challenge(8)?;
        let source = [0x5A; 8];
        let reference = KeyReference {
            definition: key,
            // The module has versions 1 to n; a version beyond is for the card to refuse, whatever the proof is.
            version: version.unwrap_or(1).min(key.versions),
        };
        let proof = self
            .module
            .authentication_data(reference, self.subject.identity, &challenge, &source)?;
        let data = [&proof[..], &source, version.as_slice()].concat();
        Ok(self.send(&with_data([0x00, 0x82, 0x00, id], &data))?.sw)
    }

    /// Proves what a condition names, a key or a PIN of a certificate application, and wants success.
    ///
    /// # Errors
    /// As [`Terminal::authenticate`], a name that is neither or a PIN that is not known, or the card refuses.
    pub fn prove(&mut self, name: &str) -> Result<(), ConformanceError> {
        self.prove_version(name, None)
    }

    /// As [`Terminal::prove`] with a version of the key, which is sent if given.
    ///
    /// # Errors
    /// As [`Terminal::prove`].
    pub fn prove_version(&mut self, name: &str, version: Option<u8>) -> Result<(), ConformanceError> {
        if let Some(definition) = self.subject.profile.certificate_pin(name) {
            return self.prove_pin(definition);
        }
        let key = self.key(name)?;
        let sw = self.authenticate(key, version)?;
        self.demand(sw, || format!("EXTERNAL AUTHENTICATION {name}"))
    }

    fn prove_pin(&mut self, definition: &PinDefinition) -> Result<(), ConformanceError> {
        let name = &definition.name;
        let pin = self.certificate_pin(name)?;
        let proof = cryptogram(pin, &self.challenge(16)?);
        let sw = self.send(&with_data([0x00, 0x20, 0x01, definition.id], &proof))?.sw;
        self.demand(sw, || format!("VERIFY {name}"))
    }

    /// A known PIN of the certificate application by its name in the profile.
    ///
    /// # Errors
    /// The profile does not define it, or it is not known.
    pub fn certificate_pin(&self, name: &str) -> Result<&'a Pin, ConformanceError> {
        let unknown = || ConformanceError::UnknownKey { name: name.to_owned() };
        let definition = self.subject.profile.certificate_pin(name).ok_or_else(unknown)?;
        Ok(self.subject.certificate_pins.ok_or_else(unknown)?.of(definition.role))
    }

    /// A key of the profile by its name.
    ///
    /// # Errors
    /// The profile does not define it.
    pub fn key(&self, name: &str) -> Result<&'a KeyDefinition, ConformanceError> {
        let found = self.subject.profile.key(name);
        found
            .map(|(_, key)| key)
            .ok_or_else(|| ConformanceError::UnknownKey { name: name.to_owned() })
    }

    /// VERIFY in the environment of a dedicated file; wants success.
    ///
    /// # Errors
    /// The channel failed or the card refuses.
    pub fn verify(&mut self, df: usize, pin: &Pin) -> Result<(), ConformanceError> {
        self.enter(self.subject.profile.environment(df))?;
        self.present(pin)
    }

    /// VERIFY in the current dedicated file; wants success.
    ///
    /// # Errors
    /// The channel failed or the card refuses.
    pub fn present(&mut self, pin: &Pin) -> Result<(), ConformanceError> {
        let sw = self.send(&with_data([0x00, 0x20, 0x00, 0x00], pin.expose()))?.sw;
        self.demand(sw, || "VERIFY".to_owned())
    }

    /// Whether the environment of a dedicated file has a PIN and the subject's PIN is known.
    pub fn knows_pin(&self, df: usize) -> Option<&'a Pin> {
        let environment = self.df(self.subject.profile.environment(df));
        self.subject.pin.filter(|_| environment.has_pin)
    }

    /// Other applications of the same environment.
    pub fn siblings(&self, df: usize) -> Vec<usize> {
        let profile = self.subject.profile;
        let file = &profile.dedicated_files[df];
        match file.parent {
            Some(parent) if file.kind == DedicatedFileKind::Adf => {
                profile.children(parent).filter(|other| *other != df).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Turns a status word that is not 9000 into a set-up error.
    ///
    /// # Errors
    /// The status word is not 9000.
    pub fn demand(&self, sw: StatusWord, step: impl FnOnce() -> String) -> Result<(), ConformanceError> {
        if sw == StatusWord::OK {
            Ok(())
        } else {
            Err(ConformanceError::Setup { step: step(), sw })
        }
    }
}

/// What a SELECT names that means the same wherever it is sent: a DF name, or the identifier of the master file.
fn absolute_name(command: &[u8]) -> Option<&[u8]> {
    match command {
        [0x00, 0xA4, 0x04, 0x00, length, rest @ ..] => rest.get(..usize::from(*length)),
        [0x00, 0xA4, 0x00, 0x00, 0x02, rest @ ..] => rest.get(..2).filter(|fid| *fid == [0x3F, 0x00]),
        _ => None,
    }
}

/// A command with data of at most 255 bytes; longer data is cut, which no caller has.
pub(crate) fn with_data([cla, ins, p1, p2]: [u8; 4], data: &[u8]) -> Command {
    let data = &data[..data.len().min(255)];
    let command = Command::new(cla, ins, p1, p2);
    match command.clone().with_data(data) {
        Ok(command) => command,
        Err(_) => command,
    }
}

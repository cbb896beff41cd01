//! The card as a function of its memory, its session and entropy.
//!
//! Every command runs through the same checks in the same order, written down once: form of the APDU (6700) · card blocked
//! (6A81) · class (6E00) · instruction (6D00) · P1-P2 (6A86) · lengths (6700) · application blocked (9303) · file, key or
//! PIN concerned (6986, 6A82, 6A88, 6981) · access condition (6982) · conditions of use (6985, 6983, 6984) · secure message
//! (6987, 6988) · data (6A80, 6A83, 6A84, 6A85, 6B00).

mod account;
mod authentication;
mod binary;
mod blocking;
mod certificate;
mod certificate_command;
mod certificate_key;
mod certificate_pin;
mod command;
mod condition;
mod creation;
pub mod faulty;
mod file_system;
mod identity;
mod inventory;
mod key_loading;
mod object;
mod pin;
mod record;
mod select;
mod session;

pub use crate::memory::JournalStep;
pub use condition::{Condition, KeySet};
pub use inventory::{FileInfo, Inventory, KeyInfo, LifeCycle};
pub use object::{DfKind, EfStructure, KeyType, UpdateProtection};

use crate::apdu::Apdu;
use crate::crypto::{Algorithm, SessionKey};
use crate::exchange::{Reply, Stop, draw_challenge};
use crate::memory::Memory;
use crate::profile::Profile;
use crate::secret::{Key, equal};
use crate::status::StatusWord as Sw;
use arrayvec::ArrayVec;
use command::Command;
use file_system::{CreateError, FileSystem};
use identity::Maker;
use object::{KeyObject, NewKey};
use rand_core::Rng;
use session::Session;

/// First bytes of a card image.
const MAGIC: [u8; 8] = *b"SSC-CARD";
/// Format of the image that this program writes. 1: before the medical account and the certificate application; 2: an
/// amounts file has room for its transaction proof, files may hold keys, and there are PINs of a certificate application.
const FORMAT: u16 = 2;

/// Interface through which the card is powered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Interface {
    /// Contacts, T=0: case 4 commands answer 61xx.
    Contact,
    /// ISO/IEC 14443 type A: direct answers.
    Contactless,
}

/// Why the card refused a command: rule and missing state, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// File concerned as file identifiers, such as `DDF1/DF04/EF06`.
    pub file: Option<String>,
    /// The condition in the grammar of the profile, with key identifiers in hex: `PIN and 84`.
    pub condition: Option<String>,
    /// What was missing of it.
    pub missing: Vec<String>,
}

/// Why bytes are no card image.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ImageError {
    /// Not written by this program.
    #[error("not a card image of ssc")]
    Magic,
    /// Written by a newer program.
    #[error("card image of format {0}, this program reads up to {1}")]
    Version(u16, u16),
    /// Damaged at an address.
    #[error("card image damaged at byte {0}")]
    Damaged(usize),
}

/// A response: data and status word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// Data, at most 256 bytes.
    pub data: ArrayVec<u8, 256>,
    /// Status word.
    pub sw: u16,
}

impl Response {
    /// Data and status word as they go over the line.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.data.len() + 2);
        bytes.extend_from_slice(&self.data);
        bytes.extend_from_slice(&self.sw.to_be_bytes());
        bytes
    }
}

/// A card: non-volatile memory, and a session while it has power. A clone is a second card in the same state, session
/// included, with which a tester can try the same moment twice.
#[derive(Clone)]
pub struct Card {
    memory: Memory,
    files: FileSystem,
    /// In a box because every command takes it out and puts it back: it holds a response of 256 bytes.
    session: Option<Box<Session>>,
    /// Whether the power went in the middle of a write: the index may then be ahead of the memory.
    torn: bool,
    refusal: Option<Refusal>,
}

impl core::fmt::Debug for Card {
    /// The memory holds keys, so only the shape is shown.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Card")
            .field("label", &identity::label(&self.memory))
            .field("dedicated_files", &self.files.dfs.len())
            .field("elementary_files", &self.files.efs.len())
            .field("powered", &self.session.is_some())
            .finish_non_exhaustive()
    }
}

impl Card {
    /// A blank card as it leaves the card maker: an MF whose master key is the profile's TEST transport key, the
    /// profile's name as label, `historical` as T1–TD.
    pub fn blank(profile: &Profile, historical: [u8; 13]) -> Self {
        let mut header = [0; 16];
        header[..8].copy_from_slice(&MAGIC);
        header[8..10].copy_from_slice(&FORMAT.to_be_bytes());
        let mut memory = Memory::new(&header, profile.os.memory as usize);
        let maker = Maker {
            algorithm: profile.algorithm,
            historical: &historical,
            contact: &profile.reset.contact,
            contactless: profile.reset.contactless.as_deref().unwrap_or_default(),
            label: &profile.name,
        };
        let mut files = FileSystem::format(&mut memory, &maker).unwrap_or_default();
        let transport = NewKey {
            kind: KeyType::Master,
            id: 0,
            version: 0,
            index: 0,
            tries: profile.os.key_tries,
            algorithm: profile.algorithm,
            value: &profile.os.test_transport_key,
        };
        // A chip too small for its own master key stays without one: every COS command then answers 6A88.
        let _ = files.create_key(&mut memory, 0, &transport, None);
        Self {
            memory,
            files,
            session: None,
            torn: false,
            refusal: None,
        }
    }

    /// Reads a card from the bytes of [`Card::image`]. A change that was interrupted is completed at the next power-on.
    ///
    /// # Errors
    /// The bytes are no card image.
    pub fn from_image(image: &[u8]) -> Result<Self, ImageError> {
        if image.get(..MAGIC.len()) != Some(&MAGIC) {
            return Err(ImageError::Magic);
        }
        let memory = Memory::from_image(image.to_vec());
        match memory.half(MAGIC.len()) {
            1..=FORMAT => {}
            newer => return Err(ImageError::Version(newer, FORMAT)),
        }
        let mut recovered = memory.clone();
        let _ = recovered.recover();
        let files = FileSystem::load(&recovered)?;
        Ok(Self {
            memory,
            files,
            session: None,
            torn: false,
            refusal: None,
        })
    }

    /// The whole non-volatile memory, with a header that names format and version.
    pub fn image(&self) -> &[u8] {
        self.memory.image()
    }

    /// Starts to keep writes for [`Card::take_writes`].
    pub fn record_writes(&mut self) {
        self.memory.record_writes();
    }

    /// Parts of [`Card::image`] written since the last call, in order: `(offset, bytes)`. A file that applies them in
    /// order is, at every moment, an image from which a card recovers.
    pub fn take_writes(&mut self) -> Vec<(usize, Vec<u8>)> {
        self.memory.take_writes()
    }

    /// Words written to memory since the card object was made: where a tester can cut the power.
    pub fn words_written(&self) -> u64 {
        self.memory.words_written()
    }

    /// Takes the power away after `words` more words written (`None`: never). The command that runs into it gives no
    /// answer; the card comes back with [`Card::power_on`].
    pub fn lose_power_after(&mut self, words: Option<u64>) {
        self.memory.limit_power(words);
    }

    /// Whether the power went in the middle of a write and has not come back since.
    pub fn is_torn(&self) -> bool {
        self.torn
    }

    /// Leaves a step of the memory's journal out from now on (`None`: mends it). Such a card tears when the power goes, as a
    /// bad one would: with it a tester shows that his test would notice.
    pub fn break_journal(&mut self, step: Option<JournalStep>) {
        self.memory.break_journal(step);
    }

    /// Powers the card (cold reset or field on), drops the volatile state, completes an interrupted change, and gives ATR
    /// or ATS; nothing for a contactless reset of a card without an antenna.
    pub fn power_on(&mut self, interface: Interface) -> Vec<u8> {
        self.power_off();
        let answer = match interface {
            Interface::Contact => identity::atr(&self.memory),
            Interface::Contactless => identity::ats(&self.memory),
        };
        if answer.is_empty() {
            return answer;
        }
        if self.memory.recover().is_err() {
            self.torn = true;
            return Vec::new();
        }
        if self.torn {
            match FileSystem::load(&self.memory) {
                Ok(files) => self.files = files,
                Err(_) => return Vec::new(),
            }
            self.torn = false;
        }
        self.session = Some(Box::new(Session::new(interface)));
        answer
    }

    /// Takes the power away.
    pub fn power_off(&mut self) {
        self.session = None;
        self.refusal = None;
    }

    /// Executes one command APDU. `None`: the card has no power, or lost it during the command.
    pub fn transmit(&mut self, command: &[u8], entropy: &mut dyn Rng) -> Option<Response> {
        self.refusal = None;
        let mut session = self.session.take()?;
        let result = self.execute(&mut session, command, entropy);
        if result.is_err() {
            // STD-P5 table 49: whatever fails ends a transaction that was begun.
            session.transaction = None;
        }
        if result == Err(Stop::PowerLost) {
            self.torn = true;
            return None;
        }
        self.session = Some(session);
        Some(match result {
            Ok((data, sw)) => Response { data, sw: sw.0 },
            Err(Stop::Refused(sw)) => Response {
                data: ArrayVec::new(),
                sw: sw.0,
            },
            Err(Stop::PowerLost) => Response {
                data: ArrayVec::new(),
                sw: Sw::MEMORY_FAILURE.0,
            },
        })
    }

    /// Why the last command was refused, where a rule refused it.
    pub fn refusal(&self) -> Option<&Refusal> {
        self.refusal.as_ref()
    }

    fn execute(&mut self, session: &mut Session, command: &[u8], entropy: &mut dyn Rng) -> Result<(Reply, Sw), Stop> {
        let apdu = Apdu::parse(command).ok_or(Sw::WRONG_LENGTH)?;
        if identity::is_card_blocked(&self.memory) {
            return Err(Sw::FUNCTION_NOT_SUPPORTED.into());
        }
        let command = Command::parse(&apdu)?;
        if !matches!(command, Command::GetResponse) {
            session.waiting.clear();
        }
        if self.files.is_blocked(&self.memory, session.df) {
            match command {
                Command::Select(_) => {}
                // STD-P5 §6.1: blocking a blocked application succeeds.
                Command::ApplicationBlock { .. } => return Ok((Reply::new(), Sw::OK)),
                _ => return Err(Sw::APPLICATION_BLOCKED.into()),
            }
        }
        // INITIALIZE is valid for the next command only; looking at balance or proof keeps the state (STD-P5 table 49).
        let transaction = match command {
            Command::GetBalance(_) | Command::GetProof { .. } | Command::GetResponse => None,
            _ => session.transaction.take(),
        };
        let reply = match command {
            Command::Select(selection) => self.select(session, selection),
            Command::ReadRecord { file, record } => self.read_record(session, file, record, apdu.le),
            Command::UpdateRecord { file, record, data } => self.update_record(session, &apdu, file, record, data),
            Command::ReadBinary { file, offset } => self.read_binary(session, file, offset, apdu.le),
            Command::UpdateBinary { file, offset, data } => self.update_binary(session, &apdu, file, offset, data),
            Command::GetChallenge { length } => Ok(draw_challenge(&mut session.challenge, length, entropy)),
            Command::InternalAuthentication(data) => self.internal_authentication(session, data),
            Command::ExternalAuthentication { key, authentication } => {
                self.external_authentication(session, key, authentication)
            }
            Command::AuthenticateMaster { cryptogram } => self.authenticate_master(session, cryptogram),
            Command::Verify { pin } => self.verify(session, pin),
            Command::QueryPin => self.query_pin(session),
            Command::ChangePin { old, new } => self.change_pin(session, old, new),
            Command::ResetPin { cipher, mac } => self.reset_pin(session, &apdu, cipher, mac),
            Command::ApplicationBlock { mac } => self.application_block(session, &apdu, mac),
            Command::CardBlock { mac } => self.card_block(session, &apdu, mac),
            Command::GetResponse => return session.waiting.fetch(apdu.le),
            Command::GetBalance(kind) => self.balance(session, kind),
            Command::InitializeLoad {
                index,
                amount,
                terminal,
            } => self.initialize_load(session, index, amount, terminal, entropy),
            Command::Credit { time, mac } => self.credit(session, transaction, time, mac),
            Command::InitializePurchase { index, purchase } => {
                self.initialize_purchase(session, index, purchase, entropy)
            }
            Command::Debit {
                terminal_sequence,
                time,
                mac,
            } => self.debit(session, transaction, terminal_sequence, time, mac),
            Command::GetProof { kind, sequence } => self.proof(session, kind, sequence),
            Command::UpdateStartingDay { day } => self.update_starting_day(session, day),
            Command::GetStartingDay => self.starting_day(session),
            Command::Certificate(command) => self.certificate(session, &apdu, command, entropy),
            Command::GetCardData => Ok(self.card_data()),
            Command::CreateFile { template } => self.create_file(session, template),
            Command::LoadKey { replace, cipher, mac } => self.load_key(session, &apdu, replace, cipher, mac),
            Command::Activate => self.activate(session),
            Command::Erase => self.erase(session),
        }?;
        Ok(transport(session, &apdu, reply))
    }

    /// The key of type `kind` in `df`, in version 1 or whatever version it has.
    fn key_of(&self, df: usize, kind: KeyType) -> Option<&KeyObject> {
        let keys = self.files.dfs[df].keys.iter().map(|i| &self.files.keys[*i]);
        keys.filter(|key| key.kind == kind).min_by_key(|key| key.version)
    }

    /// Checks a MAC made under the session key of `df`'s STK and the challenge, which is used up.
    fn check_mac(
        &self,
        session: &mut Session,
        df: usize,
        apdu: &Apdu<'_>,
        data: &[u8],
        mac: &[u8],
    ) -> Result<SessionKey, Sw> {
        let stk = self
            .key_of(df, KeyType::SecureMessaging)
            .ok_or(Sw::REFERENCE_NOT_FOUND)?;
        let challenge = session.challenge.take().ok_or(Sw::REFERENCE_DATA_INVALID)?;
        let key = stk.key(&self.memory).ok_or(Sw::REFERENCE_DATA_INVALID)?;
        let session_key = SessionKey::derive(stk.algorithm, &key, &challenge);
        if equal(&session_key.mac(&apdu.header, data), mac) {
            Ok(session_key)
        } else {
            Err(Sw::SECURE_MESSAGING_WRONG)
        }
    }

    /// Compares a value under a try counter: the try is used up before the comparison, so that pulling the card cannot give
    /// it back, and success fills the counter.
    fn with_counter(&mut self, index: usize, right: impl FnOnce(&Key, Algorithm) -> bool) -> Result<bool, Stop> {
        let right = self.against_counter(index, right)?;
        if right {
            let object = &self.files.keys[index];
            object.set_tries(&mut self.memory, object.tries)?;
        }
        Ok(right)
    }

    /// As [`Card::with_counter`], but after success the counter is still one lower: the caller fills it in the change that
    /// the right value has brought.
    fn against_counter(&mut self, index: usize, right: impl FnOnce(&Key, Algorithm) -> bool) -> Result<bool, Stop> {
        let object = &self.files.keys[index];
        let key = object.key(&self.memory).ok_or(Sw::REFERENCE_DATA_INVALID)?;
        let algorithm = object.algorithm;
        self.spend_try(index)?;
        Ok(right(&key, algorithm))
    }

    /// Takes one try from a counter; refuses when none is left.
    fn spend_try(&mut self, index: usize) -> Result<(), Stop> {
        let object = &self.files.keys[index];
        if object.tries == 0 {
            return Ok(());
        }
        match object.tries_left(&self.memory).checked_sub(1) {
            Some(left) => Ok(object.set_tries(&mut self.memory, left)?),
            None => Err(Sw::AUTHENTICATION_BLOCKED.into()),
        }
    }

    /// `63Cx` of a key; a key that is never locked always shows 15.
    fn wrong(&self, index: usize) -> Sw {
        let object = &self.files.keys[index];
        Sw::wrong_tries_left(if object.tries == 0 {
            15
        } else {
            object.tries_left(&self.memory)
        })
    }

    /// Path of a DF or EF in file identifiers, for refusals.
    fn path(&self, df: usize, ef: Option<usize>) -> String {
        let mut fids = ef.map(|ef| vec![self.files.efs[ef].fid]).unwrap_or_default();
        let mut current = df;
        while current != 0 {
            fids.push(self.files.dfs[current].fid);
            current = self.files.dfs[current].parent;
        }
        fids.iter()
            .rev()
            .map(|fid| format!("{fid:04X}"))
            .collect::<Vec<_>>()
            .join("/")
    }
}

impl From<CreateError> for Stop {
    fn from(error: CreateError) -> Self {
        match error {
            CreateError::Full => Self::Refused(Sw::NO_SPACE),
            CreateError::Write(error) => error.into(),
        }
    }
}

/// Case 4 on T=0 answers 61xx and keeps the data for GET RESPONSE; everything else is answered at once, cut to Le.
fn transport(session: &mut Session, apdu: &Apdu<'_>, mut reply: Reply) -> (Reply, Sw) {
    if reply.is_empty() {
        return (reply, Sw::OK);
    }
    if session.interface == Interface::Contact && !apdu.data.is_empty() {
        return (Reply::new(), session.waiting.keep(reply));
    }
    reply.truncate(apdu.le.map_or(usize::MAX, usize::from));
    (reply, Sw::OK)
}

//! The PSAM, a terminal's security module, as a second modelled card (STD-P9; `card-model/PSAM.md`).
//!
//! Pure like [`crate::card::Card`]: a function of its memory, its session and entropy. Its environments, files and names
//! are data ([`PsamDescription`]); which keys it holds is decided by whoever loads them with CREATE KEY.
//!
//! The order of checks is that of the card: form of the APDU (6700) · class (6E00) · instruction (6D00) · P1-P2 (6A86) ·
//! lengths (6700) · file or key concerned (6986, 6A82, 6A88, 6981) · access (6982) · conditions of use (6901, 6985, 6983,
//! 6984) · secure message (6987, 6988) · data (6A80, 6A83, 6A84, 6B00).

mod command;
mod delivery;
mod description;
mod files;
mod inventory;
mod key_loading;
mod maker;
mod object;
mod purchase;
mod select;
mod session;
mod store;
mod usage;

pub use description::{
    Application, Cipher, Environment, FieldKind, FileRole, Level, PsamDescription, PsamField, PsamFile,
};
pub use inventory::{PsamFileInfo, PsamInventory, PsamKeyInfo};
pub use key_loading::{KEY_HEADER, KeyRecord, MASTER_KEY_FILE};
pub use maker::SERIAL;
pub use usage::{KeyKind, SessionFactor, Usage};

use crate::apdu::Apdu;
use crate::card::{ImageError, Interface, Refusal, Response};
use crate::exchange::{Reply, Stop, draw_challenge};
use crate::memory::Memory;
use crate::status::StatusWord as Sw;
use command::Command;
use rand_core::Rng;
use session::Session;
use store::{Store, StoreError};

/// First bytes of a PSAM image.
const MAGIC: [u8; 8] = *b"SSC-PSAM";
/// Format of the image that this program writes.
const FORMAT: u16 = 1;

/// A PSAM: non-volatile memory, and a session while it has power.
pub struct Psam {
    memory: Memory,
    store: Store,
    session: Option<Session>,
    refusal: Option<Refusal>,
}

impl core::fmt::Debug for Psam {
    /// The memory holds keys, so only the shape is shown.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Psam")
            .field("files", &self.store.efs.len())
            .field("keys", &self.store.keys.len())
            .field("powered", &self.session.is_some())
            .finish_non_exhaustive()
    }
}

impl Psam {
    /// A blank PSAM as it leaves its maker: files, no application keys, every master key the description's TEST key.
    /// `serial` is its serial number in packed digits.
    ///
    /// # Errors
    /// The description gives it too little memory for its files.
    pub fn blank(description: &PsamDescription, serial: &[u8; SERIAL]) -> Result<Self, PsamMemoryError> {
        let mut header = [0; 16];
        header[..8].copy_from_slice(&MAGIC);
        header[8..10].copy_from_slice(&FORMAT.to_be_bytes());
        let mut memory = Memory::new(&header, usize::from(description.memory));
        let store = maker::build(&mut memory, description, serial).map_err(|_| PsamMemoryError(description.memory))?;
        Ok(Self {
            memory,
            store,
            session: None,
            refusal: None,
        })
    }

    /// Whether bytes begin like a PSAM image.
    pub fn is_image(bytes: &[u8]) -> bool {
        bytes.starts_with(&MAGIC)
    }

    /// Reads a PSAM from the bytes of [`Psam::image`]. A change that was interrupted is completed at the next power-on.
    ///
    /// # Errors
    /// The bytes are no PSAM image.
    pub fn from_image(image: &[u8]) -> Result<Self, ImageError> {
        if !Self::is_image(image) {
            return Err(ImageError::Magic);
        }
        let memory = Memory::from_image(image.to_vec());
        match memory.half(MAGIC.len()) {
            FORMAT => {}
            newer => return Err(ImageError::Version(newer, FORMAT)),
        }
        let mut recovered = memory.clone();
        let _ = recovered.recover();
        let store = Store::load(&recovered)?;
        Ok(Self {
            memory,
            store,
            session: None,
            refusal: None,
        })
    }

    /// The whole non-volatile memory, with a header that names format and version.
    pub fn image(&self) -> &[u8] {
        self.memory.image()
    }

    /// Starts to keep writes for [`Psam::take_writes`].
    pub fn record_writes(&mut self) {
        self.memory.record_writes();
    }

    /// Parts of [`Psam::image`] written since the last call, in order: `(offset, bytes)`. A file that applies them in
    /// order is, at every moment, an image from which a PSAM recovers.
    pub fn take_writes(&mut self) -> Vec<(usize, Vec<u8>)> {
        self.memory.take_writes()
    }

    /// Words written to memory since the object was made: where a tester can cut the power.
    pub fn words_written(&self) -> u64 {
        self.memory.words_written()
    }

    /// Takes the power away after `words` more words written (`None`: never). The command that runs into it gives no
    /// answer; the PSAM comes back with [`Psam::power_on`].
    pub fn lose_power_after(&mut self, words: Option<u64>) {
        self.memory.limit_power(words);
    }

    /// Powers the PSAM, drops the volatile state, completes an interrupted change, and gives the ATR; nothing on the
    /// contactless interface, which a PSAM has not.
    pub fn power_on(&mut self, interface: Interface) -> Vec<u8> {
        self.power_off();
        if interface == Interface::Contactless || self.memory.recover().is_err() {
            return Vec::new();
        }
        match Store::load(&self.memory) {
            Ok(store) => self.store = store,
            Err(_) => return Vec::new(),
        }
        self.session = Some(Session::default());
        store::atr(&self.memory).to_vec()
    }

    /// Takes the power away.
    pub fn power_off(&mut self) {
        self.session = None;
        self.refusal = None;
    }

    /// Executes one command APDU. `None`: the PSAM has no power, or lost it during the command.
    pub fn transmit(&mut self, command: &[u8], entropy: &mut dyn Rng) -> Option<Response> {
        self.refusal = None;
        let mut session = self.session.take()?;
        let result = self.execute(&mut session, command, entropy);
        if result == Err(Stop::PowerLost) {
            return None;
        }
        self.session = Some(session);
        let (data, sw) = match result {
            Ok((data, sw)) => (data, sw),
            Err(Stop::Refused(sw)) => (Reply::new(), sw),
            Err(Stop::PowerLost) => (Reply::new(), Sw::MEMORY_FAILURE),
        };
        Some(Response { data, sw: sw.0 })
    }

    /// Why the last command was refused, where a rule refused it.
    pub fn refusal(&self) -> Option<&Refusal> {
        self.refusal.as_ref()
    }

    fn execute(&mut self, session: &mut Session, command: &[u8], entropy: &mut dyn Rng) -> Result<(Reply, Sw), Stop> {
        let apdu = Apdu::parse(command).ok_or(Sw::WRONG_LENGTH)?;
        let command = Command::parse(&apdu)?;
        if !matches!(command, Command::GetResponse) {
            session.waiting.clear();
        }
        let reply = match command {
            Command::Select(selection) => self.select(session, selection),
            Command::ReadBinary { file, offset } => self.read_binary(session, file, offset, apdu.le),
            Command::ReadRecord { file, record } => self.read_record(session, file, record, apdu.le),
            Command::UpdatePlain { file } => self.update_plain(session, file),
            Command::Update {
                file,
                offset,
                data,
                mac,
            } => self.update_binary(session, &apdu, file, offset, data, mac),
            Command::GetChallenge { length } => Ok(draw_challenge(&mut session.challenge, length, entropy)),
            Command::GetResponse => return session.waiting.fetch(apdu.le),
            Command::InitializeEnvironment { province } => initialize_environment(session, province),
            Command::DeliverSessionKey { usage, id, data } => self.deliver(session, usage, id, data),
            Command::CipherData { step, data } => delivery::cipher(session, step, data),
            Command::InitPurchase { purchase, factors } => self.init_purchase(session, purchase, factors),
            Command::CreditPurchase { mac } => self.credit_purchase(session, mac),
            Command::LoadKey {
                change,
                file,
                cipher,
                mac,
            } => self.load_key(session, &apdu, change, file, cipher, mac),
        }?;
        Ok(transport(session, &apdu, reply))
    }

    /// Refuses because the environment's cipher is not public, and says so.
    fn not_public(&mut self, df: usize, sw: Sw) -> Stop {
        self.refusal = Some(Refusal {
            file: Some(self.path(df, None)),
            condition: None,
            missing: vec!["SSF33".to_owned()],
        });
        sw.into()
    }

    /// Path of a dedicated or elementary file in file identifiers, for refusals.
    fn path(&self, df: usize, ef: Option<usize>) -> String {
        let mut fids: Vec<u16> = ef.map(|ef| self.store.efs[ef].fid).into_iter().collect();
        let mut current = df;
        while let Some(parent) = self.store.dfs[current].parent {
            fids.push(self.store.dfs[current].fid);
            current = parent;
        }
        if fids.is_empty() {
            fids.push(self.store.dfs[current].fid);
        }
        let names: Vec<String> = fids.iter().rev().map(|fid| format!("{fid:04X}")).collect();
        names.join("/")
    }
}

/// The description gives a PSAM too little memory for its files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0} bytes of memory are too few for the files of the PSAM")]
pub struct PsamMemoryError(pub u16);

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Full => Self::Refused(Sw::NO_SPACE),
            StoreError::Write(error) => error.into(),
        }
    }
}

/// INITIALIZE ENVIRONMENT: the province of the card, the first byte of its identification code. The factors of later
/// commands must belong to it; what was begun for another card is dropped.
fn initialize_environment(session: &mut Session, province: u8) -> Result<Reply, Stop> {
    if province >> 4 > 9 || province & 15 > 9 {
        return Err(Sw::WRONG_DATA.into());
    }
    session.delivered = None;
    session.purchase = None;
    session.province = Some(province);
    Ok(Reply::new())
}

/// T=0: an answer to a command with data waits for GET RESPONSE.
fn transport(session: &mut Session, apdu: &Apdu<'_>, reply: Reply) -> (Reply, Sw) {
    if reply.is_empty() || apdu.data.is_empty() {
        return (reply, Sw::OK);
    }
    (Reply::new(), session.waiting.keep(reply))
}

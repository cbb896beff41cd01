//! Issuing a TEST PSAM: its files and keys, by its own standard commands (UPDATE BINARY, CREATE KEY, CHANGE KEY).
//!
//! The key file gives the roots, the card profiles say under which usage and identifier a PSAM holds each key, and the level
//! says how far down the hierarchy the PSAM stands.

mod error;
mod plan;

pub use error::{PsamAction, PsamIssueError};
pub use plan::{PsamLevel, PsamPlan, PsamRegion};

use card_model::crypto::{Algorithm, diversify, encrypt_data, key_loading_mac};
use card_model::psam::{
    Cipher, FieldKind, FileRole, KeyRecord, MASTER_KEY_FILE, PsamDescription, PsamFile, SERIAL, Usage,
};
use card_model::secret::Key;
use card_model::status::StatusWord;
use jiff::civil::Date;
use plan::PlannedKey;
use reader::channel::Channel;
use reader::command::Command;
use reader::commands;
use reader::link::{exchange, exchange_bytes};
use reader::security::{ISSUER_MASTER_KEY, KeyFile};

/// A key that was loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadedKey {
    /// Name in the profile, with the index of a purchase key: `DPK#2`.
    pub name: String,
    /// Usage in the PSAM.
    pub usage: Usage,
    /// Identifier in the PSAM.
    pub id: u8,
    /// Cipher.
    pub algorithm: Algorithm,
    /// Version of the key on the card.
    pub version: u8,
}

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PsamReport {
    /// Serial number.
    pub serial: [u8; SERIAL],
    /// Terminal number.
    pub terminal: [u8; 6],
    /// Keys in the order they were loaded.
    pub keys: Vec<LoadedKey>,
    /// Names of keys that were left out, because another key of the same type and identifier was there before them.
    pub shadowed: Vec<String>,
}

/// Makes a blank PSAM an issued one. What was begun is only as far as it went if something fails: a PSAM is then thrown away.
///
/// # Errors
/// The PSAM is not blank or refuses, or a key is missing in the key file.
pub fn new_psam(
    channel: &mut dyn Channel,
    description: &PsamDescription,
    plan: &PsamPlan<'_>,
) -> Result<PsamReport, PsamIssueError> {
    let mut session = Session { channel, description };
    let mut report = PsamReport {
        serial: [0; SERIAL],
        terminal: plan.terminal_number(),
        keys: Vec::new(),
        shadowed: Vec::new(),
    };
    let mut found = false;
    for environment in &description.environments {
        let Some(algorithm) = environment.cipher.algorithm() else {
            continue;
        };
        if !session.try_select(&environment.name)? {
            continue;
        }
        found = true;
        report.serial = session.serial()?;
        let file = session.file(FileRole::TerminalNumber)?;
        session.write(algorithm, &file, &report.terminal)?;
        if !plan.has(algorithm) {
            continue;
        }
        let planned = plan.keys_for(algorithm, description)?;
        session.application(algorithm, plan, &planned.keys)?;
        let (outer, inner) = master_keys(plan.keys, &report.serial, description, algorithm)?;
        session.change_master(algorithm, &inner)?;
        session.select(&environment.name)?;
        session.change_master(algorithm, &outer)?;
        report.keys.extend(planned.keys.into_iter().map(|key| key.loaded));
        report.shadowed.extend(planned.shadowed);
    }
    if found { Ok(report) } else { Err(PsamIssueError::NoPsam) }
}

/// The final master keys of an environment and of its application: the issuer's root `MK`, diversified by the last eight bytes
/// of the serial number, and that again by the identifier of the application, filled with 00.
///
/// # Errors
/// The key file has no `MK` for the cipher.
pub fn master_keys(
    keys: &KeyFile,
    serial: &[u8; SERIAL],
    description: &PsamDescription,
    algorithm: Algorithm,
) -> Result<(Key, Key), PsamIssueError> {
    let root = keys
        .find(ISSUER_MASTER_KEY, None, 1, algorithm, 16)
        .ok_or_else(|| PsamIssueError::KeyMissing {
            name: ISSUER_MASTER_KEY.to_owned(),
            version: 1,
            algorithm,
        })?;
    let factor = |bytes: &[u8]| core::array::from_fn(|i| bytes.get(i).copied().unwrap_or(0));
    let outer = diversify(algorithm, &root.value, &factor(&serial[SERIAL - 8..]));
    let inner = diversify(algorithm, &outer, &factor(&description.application.aid));
    Ok((outer, inner))
}

/// A blank PSAM that is being issued: every master key is still the maker's TEST key.
struct Session<'a> {
    channel: &'a mut dyn Channel,
    description: &'a PsamDescription,
}

impl Session<'_> {
    fn try_select(&mut self, name: &[u8]) -> Result<bool, PsamIssueError> {
        let response = exchange(self.channel, &built(commands::select_name(name))?)?;
        Ok(response.sw.is_ok())
    }

    fn select(&mut self, name: &[u8]) -> Result<(), PsamIssueError> {
        self.run(&built(commands::select_name(name))?, PsamAction::Select)
            .map(drop)
    }

    fn run(&mut self, command: &Command, action: PsamAction) -> Result<Vec<u8>, PsamIssueError> {
        let response = exchange(self.channel, command)?;
        self.accept(response, action)
    }

    fn accept(&self, response: reader::link::Response, action: PsamAction) -> Result<Vec<u8>, PsamIssueError> {
        match response.sw {
            sw if sw.is_ok() => Ok(response.data),
            // The maker's master key is not there any more.
            StatusWord::SECURE_MESSAGING_WRONG => Err(PsamIssueError::NotBlank),
            sw => Err(PsamIssueError::Refused { action, sw }),
        }
    }

    fn file(&self, role: FileRole) -> Result<PsamFile, PsamIssueError> {
        self.description.file(role).cloned().ok_or(PsamIssueError::Description)
    }

    fn serial(&mut self) -> Result<[u8; SERIAL], PsamIssueError> {
        let file = self.file(FileRole::PublicInformation)?;
        let sfi = file.fid.to_be_bytes()[1];
        let le = u8::try_from(file.size).unwrap_or(0);
        let command = Command::new(0x00, 0xB0, 0x80 | sfi, 0x00).with_le(le);
        let bytes = self.run(&command, PsamAction::Read)?;
        let field = file.field(FieldKind::SerialNumber).and_then(|field| bytes.get(field));
        field
            .and_then(|serial| serial.try_into().ok())
            .ok_or(PsamIssueError::Description)
    }

    fn application(
        &mut self,
        algorithm: Algorithm,
        plan: &PsamPlan<'_>,
        keys: &[PlannedKey],
    ) -> Result<(), PsamIssueError> {
        let select = built(commands::select_dedicated_file(self.description.application.fid))?;
        self.run(&select, PsamAction::Select)?;
        for role in FileRole::ALL
            .into_iter()
            .filter(|role| matches!(role, FileRole::Information(_)))
        {
            let file = self.file(role)?;
            let contents = information(&file, plan);
            self.write(algorithm, &file, &contents)?;
        }
        for key in keys {
            let file = self.file(FileRole::Keys(key.file))?;
            self.load(algorithm, 0x00, file.fid.to_be_bytes()[1], &key.record, || {
                PsamAction::LoadKey(key.loaded.name.clone())
            })?;
        }
        Ok(())
    }

    fn change_master(&mut self, algorithm: Algorithm, key: &Key) -> Result<(), PsamIssueError> {
        let record = KeyRecord {
            usage: None,
            id: 0,
            algorithm,
            key: key.clone(),
        };
        self.load(algorithm, 0x01, MASTER_KEY_FILE, &record, || PsamAction::MasterKey)
    }

    fn write(&mut self, algorithm: Algorithm, file: &PsamFile, contents: &[u8]) -> Result<(), PsamIssueError> {
        let sfi = file.fid.to_be_bytes()[1];
        self.secured(algorithm, [0x04, 0xD6, 0x80 | sfi, 0x00], contents, || {
            PsamAction::Write(file.fid)
        })
    }

    fn load(
        &mut self,
        algorithm: Algorithm,
        p1: u8,
        file: u8,
        record: &KeyRecord,
        action: impl FnOnce() -> PsamAction,
    ) -> Result<(), PsamIssueError> {
        let cipher = encrypt_data(algorithm, &self.maker_key(), &record.to_bytes());
        self.secured(algorithm, [0x84, 0xD4, p1, file], &cipher, action)
    }

    /// A command with a MAC under the maker's master key and a fresh challenge.
    fn secured(
        &mut self,
        algorithm: Algorithm,
        header: [u8; 4],
        data: &[u8],
        action: impl FnOnce() -> PsamAction,
    ) -> Result<(), PsamIssueError> {
        let challenge = self.run(&commands::get_challenge(8), PsamAction::Challenge)?;
        let length = data.len() + card_model::crypto::MAC_LENGTH;
        let [cla, ins, p1, p2] = header;
        let head = [
            cla,
            ins,
            p1,
            p2,
            u8::try_from(length).map_err(|_| PsamIssueError::Description)?,
        ];
        let mac = key_loading_mac(algorithm, &self.maker_key(), &challenge, &head, data);
        let response = exchange_bytes(self.channel, &[&head[..], data, &mac].concat())?;
        self.accept(response, action()).map(drop)
    }

    fn maker_key(&self) -> Key {
        Key::from(self.description.test_master_key)
    }
}

/// Contents of an information file: which purchase key, which version of the others, and from when to when.
fn information(file: &PsamFile, plan: &PsamPlan<'_>) -> Vec<u8> {
    let mut bytes = vec![0; usize::from(file.size)];
    let values: [(FieldKind, Vec<u8>); 4] = [
        (FieldKind::PurchaseKeyIndex, vec![plan.purchase_key]),
        (FieldKind::KeyVersion, vec![plan.version]),
        (FieldKind::StartDate, packed(plan.start).to_vec()),
        (FieldKind::EndDate, packed(plan.end).to_vec()),
    ];
    for (kind, value) in values {
        if let Some(target) = file.field(kind).and_then(|field| bytes.get_mut(field))
            && target.len() == value.len()
        {
            target.copy_from_slice(&value);
        }
    }
    bytes
}

/// YYYYMMDD in packed digits; years beyond 9999 do not come up.
fn packed(date: Date) -> [u8; 4] {
    let two = |value: i16| {
        let value = u8::try_from(value.rem_euclid(100)).unwrap_or(0);
        (value / 10) << 4 | (value % 10)
    };
    [
        two(date.year() / 100),
        two(date.year()),
        two(i16::from(date.month())),
        two(i16::from(date.day())),
    ]
}

fn built(command: Result<Command, reader::command::CommandError>) -> Result<Command, PsamIssueError> {
    command.map_err(|_| PsamIssueError::Description)
}

/// The description of a PSAM whose maker left out the environments of some ciphers.
pub fn without_ciphers(description: &PsamDescription, ciphers: &[Cipher]) -> PsamDescription {
    let mut reduced = description.clone();
    // The master file stays: it is the root of everything.
    let mut index = 0;
    reduced.environments.retain(|environment| {
        index += 1;
        index == 1 || !ciphers.contains(&environment.cipher)
    });
    reduced
}

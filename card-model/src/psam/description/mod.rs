//! The PSAM as data: its environments, files and names, from `profiles/psam.toml`.
//!
//! Which keys a PSAM holds is no part of it: that stands in the card profiles.

mod load;

use crate::crypto::Algorithm;
use crate::profile::KeyRole;
use crate::psam::usage::KeyKind;
use serde::Deserialize;

/// A kind of PSAM: environments, files, defaults of its operating system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PsamDescription {
    /// Short name.
    pub name: String,
    /// Chinese title.
    pub zh: String,
    /// English title.
    pub en: String,
    /// Bytes of the answer to reset before the historical bytes.
    pub contact: Vec<u8>,
    /// Historical bytes T1–T7; T8–TD are the last six bytes of the serial number.
    pub maker: [u8; 7],
    /// Memory in bytes for files and keys.
    pub memory: u16,
    /// Wrong MACs under a master key until it is locked.
    pub master_key_tries: u8,
    /// Wrong MAC2 until a purchase key is locked.
    pub purchase_key_tries: u8,
    /// Master key of every dedicated file of a blank PSAM, visibly a TEST key.
    pub test_master_key: [u8; 16],
    /// Environments; the first is the master file.
    pub environments: Vec<Environment>,
    /// Files of each environment.
    pub environment_files: Vec<PsamFile>,
    /// The application of each environment.
    pub application: Application,
    /// Files of each application.
    pub application_files: Vec<PsamFile>,
    /// Forms in which TEST PSAMs hold keys of a role beside the one of the card profile.
    pub further_forms: Vec<(KeyRole, KeyKind)>,
}

/// The cipher of an environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum Cipher {
    /// DES and two-key 3DES.
    #[serde(rename = "3DES")]
    TripleDes,
    /// Not public: nothing can be computed.
    #[serde(rename = "SSF33")]
    Ssf33,
    /// SM4.
    #[serde(rename = "SM4")]
    Sm4,
}

impl Cipher {
    /// The cipher as far as it is public.
    pub const fn algorithm(self) -> Option<Algorithm> {
        match self {
            Self::TripleDes => Some(Algorithm::TripleDes),
            Self::Ssf33 => None,
            Self::Sm4 => Some(Algorithm::Sm4),
        }
    }

    /// The byte that names it in tag 9F0C of a card: 01, 02, 03.
    pub const fn identifier(self) -> u8 {
        match self {
            Self::TripleDes => 1,
            Self::Ssf33 => 2,
            Self::Sm4 => 3,
        }
    }

    /// The cipher with this byte.
    pub fn from_identifier(byte: u8) -> Option<Self> {
        [Self::TripleDes, Self::Ssf33, Self::Sm4]
            .into_iter()
            .find(|cipher| cipher.identifier() == byte)
    }

    /// Name for people and files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::TripleDes => "3des",
            Self::Ssf33 => "ssf33",
            Self::Sm4 => "sm4",
        }
    }
}

impl From<Algorithm> for Cipher {
    fn from(algorithm: Algorithm) -> Self {
        match algorithm {
            Algorithm::TripleDes => Self::TripleDes,
            Algorithm::Sm4 => Self::Sm4,
        }
    }
}

/// An environment: a dedicated file for one cipher.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Environment {
    /// File identifier.
    pub fid: u16,
    /// DF name.
    pub name: Vec<u8>,
    /// Cipher.
    pub cipher: Cipher,
    /// Chinese name.
    pub zh: String,
    /// English name.
    pub en: String,
}

/// The application below each environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Application {
    /// File identifier.
    pub fid: u16,
    /// Application identifier, the DF name.
    pub aid: Vec<u8>,
    /// Label in the directory.
    pub label: String,
    /// Chinese name.
    pub zh: String,
    /// English name.
    pub en: String,
}

/// At which level of the key hierarchy something belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// 全国: ministry.
    National,
    /// 省.
    Province,
    /// 市.
    City,
}

/// What a file is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileRole {
    /// Directory of the dedicated files below, in records.
    Directory,
    /// Issuer, serial number, version.
    PublicInformation,
    /// Number of the terminal.
    TerminalNumber,
    /// Running number of the terminal's transactions; only the PSAM itself writes it.
    TransactionNumber,
    /// Key version and dates of a level.
    Information(Level),
    /// Keys of a level.
    Keys(Level),
}

impl FileRole {
    /// All roles.
    pub const ALL: [Self; 10] = [
        Self::Directory,
        Self::PublicInformation,
        Self::TerminalNumber,
        Self::TransactionNumber,
        Self::Information(Level::National),
        Self::Information(Level::Province),
        Self::Information(Level::City),
        Self::Keys(Level::National),
        Self::Keys(Level::Province),
        Self::Keys(Level::City),
    ];

    const fn word(self) -> &'static str {
        match self {
            Self::Directory => "directory",
            Self::PublicInformation => "public information",
            Self::TerminalNumber => "terminal number",
            Self::TransactionNumber => "transaction number",
            Self::Information(Level::National) => "national information",
            Self::Information(Level::Province) => "province information",
            Self::Information(Level::City) => "city information",
            Self::Keys(Level::National) => "national keys",
            Self::Keys(Level::Province) => "province keys",
            Self::Keys(Level::City) => "city keys",
        }
    }

    const fn words() -> &'static str {
        "directory, public information, terminal number, transaction number, national information, province information, \
         city information, national keys, province keys, city keys"
    }
}

/// An elementary file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PsamFile {
    /// File identifier; its low five bits are the short file identifier.
    pub fid: u16,
    /// What it is for.
    pub role: FileRole,
    /// Bytes, or keys of a key file.
    pub size: u16,
    /// Chinese name.
    pub zh: String,
    /// English name.
    pub en: String,
    /// What its bytes mean, without gaps; empty for key files, the directory and plain numbers.
    pub fields: Vec<PsamField>,
}

impl PsamFile {
    /// Where a field lies; `None` if the file has none of this kind.
    pub fn field(&self, kind: FieldKind) -> Option<core::ops::Range<usize>> {
        let mut start = 0;
        for field in &self.fields {
            let end = start + usize::from(field.length);
            if field.kind == kind {
                return Some(start..end);
            }
            start = end;
        }
        None
    }
}

/// A field of a transparent file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PsamField {
    /// What it is.
    pub kind: FieldKind,
    /// Length in bytes.
    pub length: u8,
    /// Chinese name.
    pub zh: String,
    /// English name.
    pub en: String,
}

/// What a field is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum FieldKind {
    /// Issuer.
    #[serde(rename = "issuer")]
    Issuer,
    /// Serial number, packed digits.
    #[serde(rename = "serial number")]
    SerialNumber,
    /// Version of the PSAM.
    #[serde(rename = "version")]
    Version,
    /// Type of key card.
    #[serde(rename = "card type")]
    CardType,
    /// FCI data.
    #[serde(rename = "FCI data")]
    FciData,
    /// Region, six digits.
    #[serde(rename = "region")]
    Region,
    /// Number of the terminal, six digits.
    #[serde(rename = "number")]
    Number,
    /// Which purchase key is in use.
    #[serde(rename = "purchase key index")]
    PurchaseKeyIndex,
    /// Which version of the authentication keys the PSAM holds.
    #[serde(rename = "key version")]
    KeyVersion,
    /// First day of use, YYYYMMDD.
    #[serde(rename = "start date")]
    StartDate,
    /// Last day of use, YYYYMMDD.
    #[serde(rename = "end date")]
    EndDate,
}

impl PsamDescription {
    /// The file with a role, of environment or application.
    pub fn file(&self, role: FileRole) -> Option<&PsamFile> {
        let files = self.environment_files.iter().chain(&self.application_files);
        files.into_iter().find(|file| file.role == role)
    }

    /// The environment of a cipher.
    pub fn environment(&self, cipher: Cipher) -> Option<&Environment> {
        self.environments
            .iter()
            .find(|environment| environment.cipher == cipher)
    }
}

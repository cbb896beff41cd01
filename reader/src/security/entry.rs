//! One root key of a key file and the level at which it stands.

use card_model::crypto::{Algorithm, key_check_value};
use card_model::profile::KeyLevel;
use card_model::secret::Key;

/// Name of the issuer's root of all master keys.
pub const ISSUER_MASTER_KEY: &str = "MK";
/// Name of the fixed master key of a structure that is being built.
pub const TEMPORARY_MASTER_KEY: &str = "TMK";
/// Name of the card maker's transport key.
pub const TRANSPORT_KEY: &str = "TK";

/// Where a root key stands, and with that how many diversifications lead to the card (`spec/commands.md` §2.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RootLevel {
    /// Ministry root: province, city and card factor.
    Ministry,
    /// Province root: city and card factor.
    Province,
    /// City root: card factor.
    City,
    /// The issuer's own keys: master key root (card factor, then dedicated file), temporary master key, transport key.
    Issuer,
}

impl RootLevel {
    /// All levels, highest first.
    pub const ALL: [Self; 4] = [Self::Ministry, Self::Province, Self::City, Self::Issuer];

    /// Word in the key file.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ministry => "ministry",
            Self::Province => "province",
            Self::City => "city",
            Self::Issuer => "issuer",
        }
    }

    /// Level named `name` in a key file.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.name() == name)
    }
}

impl From<KeyLevel> for RootLevel {
    fn from(level: KeyLevel) -> Self {
        match level {
            KeyLevel::Ministry => Self::Ministry,
            KeyLevel::Province => Self::Province,
            KeyLevel::Issuer => Self::Issuer,
        }
    }
}

/// A root key. Its `Debug` does not show the value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RootKey {
    /// Name in the profile, such as `UK1DF01`, or one of the issuer's names.
    pub name: String,
    /// Key index of a purchase key (one name, three keys).
    pub index: Option<u8>,
    /// Logical address in a central HSM; local keys have none.
    pub address: Option<u16>,
    /// Version 1–3.
    pub version: u8,
    /// Level.
    pub level: RootLevel,
    /// Cipher it is for.
    pub algorithm: Algorithm,
    /// Value.
    pub value: Key,
}

/// What makes a root key unique in a file; also the order of the entries for look-up.
pub(super) type Identity<'a> = (&'a str, Option<u8>, u8, u8, u8);

impl RootKey {
    pub(super) fn identity(&self) -> Identity<'_> {
        (
            &self.name,
            self.index,
            self.version,
            self.algorithm.identifier(),
            self.value.length(),
        )
    }

    /// First three bytes of the encryption of a zero block.
    pub fn check_value(&self) -> [u8; 3] {
        key_check_value(self.algorithm, &self.value)
    }

    /// Name with index, as shown to people: `DPK#2`.
    pub fn title(&self) -> String {
        match self.index {
            Some(index) => format!("{}#{index}", self.name),
            None => self.name.clone(),
        }
    }
}

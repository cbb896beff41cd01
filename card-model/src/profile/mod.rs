//! The card profile: one card version described as data.
//!
//! A profile is the single truth about a card version. The model builds the card from it, the reader decodes by it, the
//! personalizer writes by it and the conformance suite derives its cases from it. Profiles are TOML files in
//! `card-model/profiles/`; 2.0, 1.0 and provincial extensions are overlays on `ssc-3.0.toml`.
//!
//! The types here are the resolved form: every reference is checked, every length is known.

mod access;
mod builtin;
mod check;
mod check_certificate;
mod check_element;
mod check_extension;
mod draft;
mod elements;
mod error;
mod extension;
mod find;
mod overlay;
mod path;
mod raw;
mod resolve;
mod rule;
mod schema;

pub use access::{Access, AccessError, Term};
pub use error::{Fault, ProfileError};
pub use extension::Extension;
pub use find::{KeyUse, Record};
pub use path::{Located, PathError};
pub use rule::{Rule, Thing, Wanted};

use crate::crypto::Algorithm;

/// A card version: its identity, its tree of dedicated files, its code tables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// Short name used on the command line and in the card maker's label, such as `3.0`.
    pub name: String,
    /// Chinese title for people.
    pub zh: String,
    /// English title for people.
    pub en: String,
    /// Generation of the card: 1, 2 or 3.
    pub generation: u8,
    /// Contents of SSSE/EF05 tag 03, four characters such as `3.00` (`spec/files.md` §2.1).
    pub specification_version: String,
    /// Block cipher of the social security environment.
    pub algorithm: Algorithm,
    /// Interfaces, answer to reset and answer to select.
    pub reset: AnswerToReset,
    /// PIN of the social security environment.
    pub pin: PinPolicy,
    /// What the standard leaves to the card operating system and the issuer.
    pub os: OsDefaults,
    /// All dedicated files, parents before children; the first is the MF.
    pub dedicated_files: Vec<DedicatedFile>,
}

/// How the card answers to reset on both interfaces (`spec/files.md` §4.5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnswerToReset {
    /// Bytes before the historical bytes on contact (T=0): TS, T0, interface bytes.
    pub contact: Vec<u8>,
    /// Bytes before the historical bytes on contactless: TL, T0, TA, TB, TC; `None` for cards without an antenna.
    pub contactless: Option<Vec<u8>>,
    /// The first seven historical bytes T1–T7 of a simulated card: chip supplier, COS, card maker.
    pub maker: [u8; 7],
}

/// Rules of the holder's PIN (`spec/files.md` §5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PinPolicy {
    /// Fewest digits.
    pub min_digits: u8,
    /// Most digits.
    pub max_digits: u8,
    /// Wrong presentations until the PIN is blocked.
    pub tries: u8,
}

/// Issuer- and COS-defined defaults, marked as ours in the profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OsDefaults {
    /// Failed authentications until a key is locked.
    pub key_tries: u8,
    /// Memory of the chip in bytes available for files and keys.
    pub memory: u32,
    /// Transport key of blank simulated cards, visibly a TEST key.
    pub test_transport_key: [u8; 16],
}

/// Kind of a dedicated file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DedicatedFileKind {
    /// Master file 3F00.
    Mf,
    /// Directory definition file: an environment of its own behind the firewall (SSSE, 1PAY.SYS.DDF01).
    Ddf,
    /// Application definition file under a DDF.
    Adf,
}

impl DedicatedFileKind {
    /// As profiles write it.
    pub fn name(self) -> &'static str {
        resolve::KINDS.word(&self).unwrap_or_default()
    }
}

/// A dedicated file with its keys and elementary files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DedicatedFile {
    /// Name used in paths, such as `SSSE` or `DF01`; unique in the profile.
    pub id: String,
    /// Kind.
    pub kind: DedicatedFileKind,
    /// Index of the parent in [`Profile::dedicated_files`]; `None` for the MF.
    pub parent: Option<usize>,
    /// File identifier.
    pub fid: u16,
    /// DF name (AID or label bytes), 5–16 bytes; empty for an MF without a name.
    pub name: Vec<u8>,
    /// Application label for the directory file, GBK bytes are made from it.
    pub label: Option<String>,
    /// Chinese name.
    pub zh: String,
    /// English name.
    pub en: String,
    /// Short file identifier of the directory file announced in the FCI, if any.
    pub directory_sfi: Option<u8>,
    /// Whether the FCI carries 9F0C/86 with the algorithm.
    pub announces_algorithm: bool,
    /// Whether the holder's PIN lives in this DDF.
    pub has_pin: bool,
    /// Keys in table order.
    pub keys: Vec<KeyDefinition>,
    /// PINs of a certificate application; conditions name them as they name keys.
    pub pins: Vec<PinDefinition>,
    /// Elementary files in table order.
    pub files: Vec<ElementaryFile>,
}

/// What a key is for; decides which command may use it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyRole {
    /// Master key of a dedicated file: creates files, loads and replaces keys.
    Master,
    /// IRK: internal authentication.
    InternalAuthentication,
    /// STK: MAC and encryption of secure messages.
    SecureMessaging,
    /// UK, RK: external authentication that satisfies access conditions.
    ExternalAuthentication,
    /// PUK: external authentication before PIN CHANGE/UNBLOCK.
    PinUnblock,
    /// BK: external authentication before CARD BLOCK.
    CardBlock,
    /// LK: external authentication before APPLICATION BLOCK.
    ApplicationBlock,
    /// DSK: external authentication before UPDATE STARTING DAY.
    StartingDay,
    /// DPK: purchase.
    Purchase,
    /// DLK: load.
    Load,
    /// DTK: transaction authentication code.
    Tac,
}

impl KeyRole {
    /// As profiles write it.
    pub fn name(self) -> &'static str {
        // Profiles list no master keys: every dedicated file has one.
        resolve::ROLES.word(&self).unwrap_or("master")
    }

    /// Keys of the medical account: the card computes with their version 1 always, whatever version the other keys are used
    /// in. What the standards call version of a purchase key is its index (`spec/files.md` §6.1).
    pub const fn is_transaction(self) -> bool {
        matches!(self, Self::Purchase | Self::Load | Self::Tac)
    }

    /// Keys that EXTERNAL AUTHENTICATION may use (`spec/files.md` §6.1).
    pub const fn is_external(self) -> bool {
        matches!(
            self,
            Self::ExternalAuthentication
                | Self::PinUnblock
                | Self::CardBlock
                | Self::ApplicationBlock
                | Self::StartingDay
        )
    }
}

/// Who holds the root of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyLevel {
    /// 国: ministry root, diversified by province, city and card.
    Ministry,
    /// 省: province root, diversified by city and card.
    Province,
    /// The issuer's own (master keys), diversified by card only.
    Issuer,
}

impl KeyLevel {
    /// As profiles write it.
    pub fn name(self) -> &'static str {
        resolve::LEVELS.word(&self).unwrap_or_default()
    }
}

/// A key of the card and where terminals find its root (`spec/files.md` §6.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyDefinition {
    /// Name such as `UK1DF01`; unique in the profile except for purchase keys that differ by [`KeyDefinition::index`].
    pub name: String,
    /// Purpose in Chinese.
    pub zh: String,
    /// Purpose in English.
    pub en: String,
    /// Role.
    pub role: KeyRole,
    /// Identifier on the card: P2 of EXTERNAL AUTHENTICATION, or the key index of a transaction key.
    pub id: u8,
    /// Key index for keys addressed by index in transactions (DPK 1–3, DLK 1, DTK 0).
    pub index: Option<u8>,
    /// PSAM key usage byte and key identifier, in the ministry form.
    pub psam: Option<(u8, u8)>,
    /// HSM logical address of version 1; version n is at `hsm + n - 1`.
    pub hsm: Option<u16>,
    /// Level of the root.
    pub level: KeyLevel,
    /// Number of versions (groups) loaded into the card: 1 or 3.
    pub versions: u8,
    /// Length in bytes: 16, or 8 for single DES.
    pub length: u8,
    /// Failed tries until the key is locked; `None` where failures never lock the key (BK, LK).
    pub tries: Option<u8>,
}

/// Whose PIN of a certificate application it is (GM/T 0016: USER 1, ADMIN 0).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PinRole {
    /// The holder's.
    User,
    /// The administrator's, who may unblock the holder's.
    Administrator,
}

/// A PIN of a certificate application, proved by challenge and answer (`spec/commands.md` §1.5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PinDefinition {
    /// Name in conditions, such as `USERPIN`; unique in the profile.
    pub name: String,
    /// Purpose in Chinese.
    pub zh: String,
    /// Purpose in English.
    pub en: String,
    /// Whose.
    pub role: PinRole,
    /// Identifier: P2 of VERIFY; with bit 8 it belongs to an ADF, without to a DDF.
    pub id: u8,
    /// Wrong presentations until it is blocked.
    pub tries: u8,
}

/// The two SM2 key pairs of a certificate application (GM/T 0016).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyPair {
    /// 签名密钥对: born in the card.
    Signing,
    /// 加密密钥对: handed over by the certification authority.
    Encryption,
}

impl KeyPair {
    /// Value of tag C4 of CREATE FILE.
    pub const fn byte(self) -> u8 {
        match self {
            Self::Signing => 1,
            Self::Encryption => 2,
        }
    }

    /// The pair with this value.
    pub const fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            1 => Some(Self::Signing),
            2 => Some(Self::Encryption),
            _ => None,
        }
    }
}

/// State of a file in the standard (`spec/files.md` §1.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FileClass {
    /// 启用: in use.
    Active,
    /// 预设: defined, not yet used.
    Predefined,
    /// 预留: reserved space.
    Reserved,
    /// Informative annex or local use.
    Optional,
    /// Written by the card operating system only or by the personalizer (directory, amounts).
    System,
}

impl FileClass {
    /// As profiles write it.
    pub fn name(self) -> &'static str {
        resolve::CLASSES.word(&self).unwrap_or_default()
    }
}

/// Structure of an elementary file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Structure {
    /// Linear file with records of different length, each `tag length value`.
    LinearVariable,
    /// Linear file with records of one length, each `tag length value`.
    LinearFixed,
    /// Cyclic file of `records` records without tags; record 1 is the newest.
    Cyclic {
        /// Number of records.
        records: u8,
    },
    /// Transparent file.
    Transparent {
        /// Size in bytes.
        size: u16,
    },
    /// Internal file of the card operating system, never read or written from outside.
    Internal {
        /// Size in bytes.
        size: u16,
    },
}

impl Structure {
    /// As profiles write it, without sizes.
    pub const fn name(self) -> &'static str {
        match self {
            Self::LinearVariable => "linear variable",
            Self::LinearFixed => "linear fixed",
            Self::Cyclic { .. } => "cyclic",
            Self::Transparent { .. } => "transparent",
            Self::Internal { .. } => "internal",
        }
    }
}

/// An elementary file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ElementaryFile {
    /// File identifier such as EF05.
    pub fid: u16,
    /// Short file identifier; 0 if it has none.
    pub sfi: u8,
    /// Chinese name.
    pub zh: String,
    /// English name.
    pub en: String,
    /// State in the standard.
    pub class: FileClass,
    /// Structure.
    pub structure: Structure,
    /// Read condition. A private key file is never read: there it is what using the key needs.
    pub read: Access,
    /// Update condition. Of a private key file: what generating or importing its pair needs.
    pub update: Access,
    /// Key pair whose public key (transparent file) or private key (internal file) it holds.
    pub key_pair: Option<KeyPair>,
    /// Key pair whose certificate it holds, filled up with 00 (transparent file).
    pub certificate_of: Option<KeyPair>,
    /// Elements in record order. For cyclic files the tagless fields of one record, in order.
    pub elements: Vec<Element>,
}

/// Coding of an element (`spec/files.md` §0.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// `an`: one byte per character, Chinese text in GB18030; left aligned, filled with 00.
    An,
    /// `cn`: packed BCD; left aligned, filled with nibble F.
    Cn,
    /// `b`: binary, big endian.
    B,
    /// `B-TLV`: concatenated inner tag, length, value.
    Tlv,
}

/// What the digits or bytes of an element mean, beyond their format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Meaning {
    /// Plain text or number.
    Text,
    /// YYYYMMDD.
    Date,
    /// YYYYMM.
    Month,
    /// YYYY.
    Year,
    /// YYYYMMDDhhmmss.
    Time,
    /// Amount in fen.
    Amount,
    /// Count or number of months.
    Count,
    /// GB/T 2260 region code, six digits.
    Region,
    /// Code from the table named in [`Element::codes`].
    Code,
    /// Several characters, each part from its own table; split by [`Element::parts`].
    Composite,
    /// Name of a person; masked in traces.
    PersonName,
    /// Citizen number or another number that identifies a person; masked in traces.
    PersonNumber,
    /// Raw bytes: picture, fingerprint, certificate.
    Binary,
}

/// One part of a composite element: `length` characters coded by one table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Chinese name.
    pub zh: String,
    /// English name.
    pub en: String,
    /// Number of characters.
    pub length: u8,
    /// Name of the code table.
    pub codes: String,
}

/// A data element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Element {
    /// Tag; `None` for the fields of tagless cyclic records and for the content of transparent files.
    pub tag: Option<u8>,
    /// Chinese name.
    pub zh: String,
    /// English name.
    pub en: String,
    /// Coding.
    pub format: Format,
    /// Length of the value in bytes, without tag and length.
    pub length: u16,
    /// Meaning.
    pub meaning: Meaning,
    /// Name of the code table, see [`crate::codes`].
    pub codes: Option<String>,
    /// Parts of a composite element.
    pub parts: Vec<Part>,
    /// Number of records that carry this tag (degree information 1–3 has one element with `repeat` 3).
    pub repeat: u8,
    /// Whether the record may be left out (tag 60 of DF03/EF05, held in DF02/EF06 by default).
    pub optional: bool,
    /// A value as a person writes it, for documentation and tests: text, digits or code.
    pub example: Option<String>,
    /// How a card of version 1 takes the meaning that version 2 gives the tag, where it does.
    pub reused: Option<Reused>,
    /// Elements inside a B-TLV value.
    pub inner: Vec<Element>,
}

/// A record of version 1 that may hold the value which version 2 gives its tag (STD-V2 annex C, `spec/files.md` §2.2): a
/// shorter value is followed by `EE` up to the length of the record, and whoever sees that takes the value as version 2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Reused {
    /// Tag of the record whose mark counts for this one, which has no room for a mark of its own.
    pub with: Option<u8>,
    /// Format and length of the value in such a record, where it is not that of version 2.
    pub form: Option<(Format, u16)>,
}

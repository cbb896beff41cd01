//! The directory of issuers: all that a verifier without a network needs.
//!
//! ```toml
//! [[issuer]]
//! number = 1
//! name = "TEST province"
//! scheme = "ecard"
//!
//! [[issuer.key]]
//! number = 1
//! public_key = "<128 hex digits: X ‖ Y>"
//! from = "2026-11-01T00:00:00Z"
//! until = "2028-11-01T00:00:00Z"
//! ```

use super::error::CodeError;
use super::scheme::Scheme;
use card_model::sm2::PublicKey;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::str::FromStr;

/// Issuers and their public keys.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Directory {
    issuers: Vec<Issuer>,
}

/// An issuer of codes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issuer {
    /// Its number in codes.
    pub number: u16,
    /// What people call it.
    pub name: String,
    /// Its scheme.
    pub scheme: Scheme,
    /// Its keys, old ones too as long as codes of them may be shown.
    pub keys: Vec<IssuerKey>,
    /// Name of the scheme, as the directory has it.
    scheme_name: String,
}

/// A key of an issuer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuerKey {
    /// Its number in codes.
    pub number: u8,
    /// The public key.
    pub public: PublicKey,
    /// First moment it signs.
    pub from: Timestamp,
    /// Last moment it signs.
    pub until: Timestamp,
}

/// The file's form.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(rename = "issuer", default)]
    issuers: Vec<FileIssuer>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FileIssuer {
    number: u16,
    name: String,
    scheme: String,
    #[serde(rename = "key", default)]
    keys: Vec<FileKey>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FileKey {
    number: u8,
    public_key: String,
    from: Timestamp,
    until: Timestamp,
}

impl Directory {
    /// An issuer by its number.
    pub fn issuer(&self, number: u16) -> Option<&Issuer> {
        self.issuers.iter().find(|issuer| issuer.number == number)
    }

    /// All issuers.
    pub fn issuers(&self) -> &[Issuer] {
        &self.issuers
    }

    /// Adds an issuer.
    ///
    /// # Errors
    /// Its number is taken, or two of its keys have one number.
    pub fn add(&mut self, issuer: Issuer) -> Result<(), CodeError> {
        let once = |holds: bool, field| {
            let rule = "each number once";
            if holds {
                Ok(())
            } else {
                Err(CodeError::Value { field, rule })
            }
        };
        once(self.issuer(issuer.number).is_none(), "issuer.number")?;
        let mut numbers: Vec<u8> = issuer.keys.iter().map(|key| key.number).collect();
        numbers.sort_unstable();
        numbers.dedup();
        once(numbers.len() == issuer.keys.len(), "issuer.key.number")?;
        self.issuers.push(issuer);
        Ok(())
    }

    /// Adds a key to an issuer.
    ///
    /// # Errors
    /// There is no such issuer, the number of the key is taken, or its period ends before it begins.
    pub fn add_key(&mut self, issuer: u16, key: IssuerKey) -> Result<(), CodeError> {
        let value = |field, rule| CodeError::Value { field, rule };
        let issuer = self.issuers.iter_mut().find(|known| known.number == issuer);
        let issuer = issuer.ok_or(value("issuer.number", "one of the directory"))?;
        if issuer.key(key.number).is_some() {
            return Err(value("issuer.key.number", "each number once"));
        }
        if key.from > key.until {
            return Err(value("issuer.key.until", "not before from"));
        }
        issuer.keys.push(key);
        Ok(())
    }

    /// The directory as a file.
    ///
    /// # Errors
    /// None that a directory read before can cause.
    pub fn to_toml(&self) -> Result<String, CodeError> {
        let issuers = self.issuers.iter().map(FileIssuer::from).collect();
        toml::to_string_pretty(&File { issuers }).map_err(|error| CodeError::Toml {
            fault: error.to_string(),
        })
    }
}

impl FromStr for Directory {
    type Err = CodeError;

    fn from_str(text: &str) -> Result<Self, CodeError> {
        let file: File = toml::from_str(text).map_err(CodeError::toml)?;
        let mut directory = Self::default();
        for issuer in file.issuers {
            directory.add(Issuer::try_from(issuer)?)?;
        }
        Ok(directory)
    }
}

impl Issuer {
    /// An issuer of a scheme that comes with the crate, without keys.
    ///
    /// # Errors
    /// No such scheme.
    pub fn new(number: u16, name: &str, scheme: &str) -> Result<Self, CodeError> {
        Ok(Self {
            number,
            name: name.to_owned(),
            scheme: Scheme::built_in(scheme)?,
            keys: Vec::new(),
            scheme_name: scheme.to_owned(),
        })
    }

    /// A key by its number.
    pub fn key(&self, number: u8) -> Option<&IssuerKey> {
        self.keys.iter().find(|key| key.number == number)
    }
}

impl IssuerKey {
    /// Whether it signs at a moment.
    pub fn signs_at(&self, moment: Timestamp) -> bool {
        (self.from..=self.until).contains(&moment)
    }
}

impl TryFrom<FileIssuer> for Issuer {
    type Error = CodeError;

    fn try_from(file: FileIssuer) -> Result<Self, CodeError> {
        let mut issuer = Self::new(file.number, &file.name, &file.scheme)?;
        for key in file.keys {
            issuer.keys.push(key.try_into()?);
        }
        Ok(issuer)
    }
}

impl TryFrom<FileKey> for IssuerKey {
    type Error = CodeError;

    fn try_from(file: FileKey) -> Result<Self, CodeError> {
        let value = |field, rule| CodeError::Value { field, rule };
        let public = hex::decode(&file.public_key).ok();
        let public = public.and_then(|bytes| PublicKey::from_bytes(&bytes).ok());
        if file.from > file.until {
            return Err(value("issuer.key.until", "not before from"));
        }
        Ok(Self {
            number: file.number,
            public: public.ok_or_else(|| {
                value(
                    "issuer.key.public_key",
                    "128 hex digits: a point X ‖ Y of the SM2 curve",
                )
            })?,
            from: file.from,
            until: file.until,
        })
    }
}

impl From<&Issuer> for FileIssuer {
    fn from(issuer: &Issuer) -> Self {
        let keys = issuer.keys.iter().map(|key| FileKey {
            number: key.number,
            public_key: hex::encode_upper(key.public.to_bytes()),
            from: key.from,
            until: key.until,
        });
        Self {
            number: issuer.number,
            name: issuer.name.clone(),
            scheme: issuer.scheme_name.clone(),
            keys: keys.collect(),
        }
    }
}

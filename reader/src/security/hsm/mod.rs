//! A central HSM: keys by logical address, and the primitives that hosts ask of it (`spec/commands.md` §2.8: the fields area,
//! algorithm, address, factors, process factor and data of `sPF_GenerateAuthCode`, `sPF_GenerateSecMsg`,
//! `sPF_GenerateMac1Mac2`, `sPF_GenerateTac`).
//!
//! Nothing here knows the name of a key or a card: what a key is for says its address, which card it is for say the factors.
//! [`HsmModule`] is the side of the host that turns cards and key names into these.

mod module;

pub use module::HsmModule;

use super::{CardIdentity, KeyFile, RootLevel};
use card_model::crypto::{Algorithm, SessionKey, diversify, plain_mac, transaction_code};
use card_model::secret::Key;
use std::collections::HashMap;

/// Whose HSM it is: down to there its keys are diversified already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HsmStanding {
    /// The ministry's: roots as they are. Ministry keys take the factors of province, city and card, province keys those of
    /// city and card.
    Ministry,
    /// A province's, by the six digits of any region in it: all keys take the factors of city and card.
    Province(String),
    /// A city's, by its six digits: all keys take the factor of the card.
    City(String),
}

/// A key in a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HsmKey {
    /// Logical address; it names the version too.
    pub address: u16,
    /// Cipher.
    pub algorithm: Algorithm,
    /// Diversification factors, highest level first; the card's is the last.
    pub factors: Vec<[u8; 8]>,
}

/// Why an HSM did not compute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HsmError {
    /// Nothing at this address for this cipher.
    #[error("no key at address {0:04X}")]
    NoKey(u16),
    /// The key stands at another level.
    #[error("the key at address {address:04X} takes {takes} factors, not {given}")]
    Factors {
        /// Address.
        address: u16,
        /// How many it takes.
        takes: usize,
        /// How many were given.
        given: usize,
    },
    /// Two different keys are to stand at one address.
    #[error("two keys have the address {0:04X}")]
    Twice(u16),
    /// The message does not fit one command.
    #[error("the message does not fit one command")]
    Length,
}

/// A key at its address.
#[derive(Debug)]
struct Slot {
    /// Diversified down to the standing of the HSM.
    value: Key,
    /// How many factors are left.
    factors: usize,
}

/// The HSM in software: what a central HSM holds and answers. It is for tests; a real one does the same behind a wall.
#[derive(Debug)]
pub struct Hsm {
    name: String,
    test: bool,
    standing: HsmStanding,
    slots: HashMap<(u16, Algorithm), Slot>,
}

impl Hsm {
    /// An HSM with those roots of a key file that have an address, diversified down to its standing.
    ///
    /// # Errors
    /// Two different keys with one address, as in TEST files made before the names of version 1.0 were known to be the
    /// same keys.
    pub fn new(name: &str, roots: &KeyFile, standing: HsmStanding) -> Result<Self, HsmError> {
        let mut slots = HashMap::new();
        for root in roots.keys() {
            let (Some(address), Some(mut factors)) = (root.address, factors_from(root.level)) else {
                continue;
            };
            let mut value = root.value.clone();
            for (from, factor) in standing.factors() {
                if factors == from {
                    value = diversify(root.algorithm, &value, &factor);
                    factors -= 1;
                }
            }
            let slot = Slot { value, factors };
            if let Some(other) = slots.insert((address, root.algorithm), slot)
                && slots.get(&(address, root.algorithm)).map(|slot: &Slot| &slot.value) != Some(&other.value)
            {
                return Err(HsmError::Twice(address));
            }
        }
        Ok(Self {
            name: name.to_owned(),
            test: roots.test(),
            standing,
            slots,
        })
    }

    /// Name for messages.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether it holds TEST keys.
    pub fn is_test(&self) -> bool {
        self.test
    }

    /// Whose it is.
    pub fn standing(&self) -> &HsmStanding {
        &self.standing
    }

    /// How many factors the key at an address takes, if there is one.
    pub fn takes(&self, address: u16, algorithm: Algorithm) -> Option<usize> {
        self.slots.get(&(address, algorithm)).map(|slot| slot.factors)
    }

    /// Authentication data (`sPF_GenerateAuthCode`): `source` under the session key of the process factor.
    ///
    /// # Errors
    /// No such key, or another number of factors.
    pub fn authentication_code(
        &self,
        key: &HsmKey,
        process_factor: &[u8],
        source: &[u8; 8],
    ) -> Result<[u8; 8], HsmError> {
        Ok(self.session(key, process_factor)?.authenticate(source))
    }

    /// A whole secured command (`sPF_GenerateSecMsg`): `header ‖ Lc ‖ [encrypted plain] ‖ MAC`.
    ///
    /// # Errors
    /// No such key, another number of factors, or more data than one command takes.
    pub fn secure_message(
        &self,
        key: &HsmKey,
        process_factor: &[u8],
        header: [u8; 4],
        plain: Option<&[u8]>,
    ) -> Result<Vec<u8>, HsmError> {
        let session = self.session(key, process_factor)?;
        let data = plain.map(|plain| session.encrypt(plain)).unwrap_or_default();
        let [cla, ins, p1, p2] = header;
        let lc = u8::try_from(data.len() + card_model::crypto::MAC_LENGTH).map_err(|_| HsmError::Length)?;
        let header = [cla, ins, p1, p2, lc];
        let mac = session.mac(&header, &data);
        Ok([&header[..], &data, &mac].concat())
    }

    /// A MAC of the account (`sPF_GenerateMac1Mac2` makes both of a purchase): without header, under the session key of the
    /// process factor.
    ///
    /// # Errors
    /// No such key, or another number of factors.
    pub fn session_mac(&self, key: &HsmKey, process_factor: &[u8], data: &[u8]) -> Result<[u8; 4], HsmError> {
        Ok(self.session(key, process_factor)?.mac(&[], data))
    }

    /// A transaction authentication code (`sPF_GenerateTac`).
    ///
    /// # Errors
    /// No such key, or another number of factors.
    pub fn transaction_code(&self, key: &HsmKey, data: &[u8]) -> Result<[u8; 4], HsmError> {
        Ok(transaction_code(key.algorithm, &self.card_key(key)?, data))
    }

    /// A MAC under the card's key itself, initial value zero: the end of the card identification code.
    ///
    /// # Errors
    /// No such key, or another number of factors.
    pub fn plain_mac(&self, key: &HsmKey, data: &[u8]) -> Result<[u8; 4], HsmError> {
        Ok(plain_mac(key.algorithm, &self.card_key(key)?, data))
    }

    fn session(&self, key: &HsmKey, process_factor: &[u8]) -> Result<SessionKey, HsmError> {
        Ok(SessionKey::derive(key.algorithm, &self.card_key(key)?, process_factor))
    }

    fn card_key(&self, key: &HsmKey) -> Result<Key, HsmError> {
        let slot = self.slots.get(&(key.address, key.algorithm));
        let slot = slot.ok_or(HsmError::NoKey(key.address))?;
        if slot.factors != key.factors.len() {
            return Err(HsmError::Factors {
                address: key.address,
                takes: slot.factors,
                given: key.factors.len(),
            });
        }
        let step = |value: Key, factor| diversify(key.algorithm, &value, factor);
        Ok(key.factors.iter().fold(slot.value.clone(), step))
    }
}

impl HsmStanding {
    /// The diversifications that are done already, highest first, each with the number of factors before it.
    fn factors(&self) -> Vec<(usize, [u8; 8])> {
        let of = |region: &str| CardIdentity {
            region: region.to_owned(),
            // The card's own factor is always left to the request, and no cipher goes into a factor.
            historical: [0; 13],
            algorithm: Algorithm::Sm4,
        };
        match self {
            Self::Ministry => Vec::new(),
            Self::Province(region) => vec![(3, of(region).province_factor())],
            Self::City(region) => vec![(3, of(region).province_factor()), (2, of(region).city_factor())],
        }
    }

    /// The region whose keys it holds; `None` for the ministry.
    pub(super) fn region(&self) -> Option<&str> {
        match self {
            Self::Ministry => None,
            Self::Province(region) | Self::City(region) => Some(region),
        }
    }
}

/// How many factors lead from a root to the card; the issuer's own keys have no place in a central HSM.
fn factors_from(level: RootLevel) -> Option<usize> {
    match level {
        RootLevel::Ministry => Some(3),
        RootLevel::Province => Some(2),
        RootLevel::City => Some(1),
        RootLevel::Issuer => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::security::RootKey;

    fn root(name: &str, address: u16, level: RootLevel, byte: u8) -> RootKey {
        RootKey {
            name: name.to_owned(),
            index: None,
            address: Some(address),
            version: 1,
            level,
            algorithm: Algorithm::Sm4,
            value: Key::from([byte; 16]),
        }
    }

    fn roots(keys: Vec<RootKey>) -> KeyFile {
        KeyFile::new("TEST", true, keys)
    }

    #[test]
    fn the_number_of_factors_is_that_of_the_standing() {
        let keys = roots(vec![
            root("IRK", 0x0170, RootLevel::Ministry, 1),
            root("PUK", 0x0090, RootLevel::Province, 2),
        ]);
        let region = || "990100".to_owned();
        for (standing, irk, puk) in [
            (HsmStanding::Ministry, 3, 2),
            (HsmStanding::Province(region()), 2, 2),
            (HsmStanding::City(region()), 1, 1),
        ] {
            let hsm = Hsm::new("TEST HSM", &keys, standing).expect("one key at an address");
            assert_eq!(hsm.takes(0x0170, Algorithm::Sm4), Some(irk));
            assert_eq!(hsm.takes(0x0090, Algorithm::Sm4), Some(puk));
            assert_eq!(hsm.takes(0x0090, Algorithm::TripleDes), None);
            let key = |factors| HsmKey {
                address: 0x0170,
                algorithm: Algorithm::Sm4,
                factors: vec![[7; 8]; factors],
            };
            assert!(hsm.transaction_code(&key(irk), b"data").is_ok());
            let error = hsm
                .transaction_code(&key(irk + 1), b"data")
                .expect_err("a factor too many");
            assert_eq!(
                error,
                HsmError::Factors {
                    address: 0x0170,
                    takes: irk,
                    given: irk + 1
                }
            );
        }
    }

    #[test]
    fn one_address_is_one_key() {
        let same = roots(vec![
            root("UKMF", 0x0094, RootLevel::Province, 1),
            root("UKSSSE", 0x0094, RootLevel::Province, 1),
        ]);
        assert!(Hsm::new("TEST HSM", &same, HsmStanding::Ministry).is_ok());
        let other = roots(vec![
            root("UKMF", 0x0094, RootLevel::Province, 1),
            root("UKSSSE", 0x0094, RootLevel::Province, 2),
        ]);
        let error = Hsm::new("TEST HSM", &other, HsmStanding::Ministry).expect_err("two keys");
        assert_eq!(error, HsmError::Twice(0x0094));
    }
}

//! A random key hierarchy for the cards of given profiles.

use super::entry::{ISSUER_MASTER_KEY, RootKey, RootLevel, TEMPORARY_MASTER_KEY, TRANSPORT_KEY};
use super::error::KeyFileError;
use super::keyfile::KeyFile;
use card_model::crypto::Algorithm;
use card_model::profile::{KeyDefinition, KeyRole, Profile};
use card_model::secret::Key;
use zeroize::Zeroizing;

impl KeyFile {
    /// Draws a root key for every key of every profile in every version and in each of `algorithms`, and the issuer's
    /// own keys: master key root and temporary master key. With `test` the keys are marked TEST and the transport keys
    /// of the profiles are added; a real card's transport key comes from its maker.
    ///
    /// Lengths are those of the profiles whose cipher it is; where no profile has a key under 3DES, 16 bytes.
    ///
    /// # Errors
    /// The operating system gives no random numbers.
    pub fn generate(
        name: &str,
        profiles: &[&Profile],
        algorithms: &[Algorithm],
        test: bool,
    ) -> Result<Self, KeyFileError> {
        let mut keys = Vec::new();
        for algorithm in algorithms.iter().copied() {
            // Profiles of this cipher first: their lengths and addresses decide.
            let (own, others): (Vec<_>, Vec<_>) = profiles.iter().partition(|profile| profile.algorithm == algorithm);
            let definitions = |list: &[&&Profile]| -> Vec<KeyDefinition> {
                let all = list
                    .iter()
                    .flat_map(|profile| &profile.dedicated_files)
                    .flat_map(|df| &df.keys);
                all.filter(|key| key.role != KeyRole::Master).cloned().collect()
            };
            for definition in definitions(&own) {
                add(&mut keys, &definition, algorithm, key_length(&definition, algorithm))?;
            }
            for definition in definitions(&others) {
                let known = |key: &RootKey| {
                    key.algorithm == algorithm && key.name == definition.name && key.index == definition.index
                };
                if !keys.iter().any(|key| known(key) && key.version == definition.versions) {
                    add(&mut keys, &definition, algorithm, 16)?;
                }
            }
            for name in [ISSUER_MASTER_KEY, TEMPORARY_MASTER_KEY] {
                keys.push(issuer_key(name, algorithm, random(16)?));
            }
            if test && let Some(profile) = own.first().or(others.first()) {
                keys.push(issuer_key(
                    TRANSPORT_KEY,
                    algorithm,
                    Key::from(profile.os.test_transport_key),
                ));
            }
        }
        Ok(Self::new(name, test, keys))
    }
}

/// Length in bytes of a card key under a cipher: SM4 has no short keys.
pub(super) fn key_length(definition: &KeyDefinition, algorithm: Algorithm) -> u8 {
    match algorithm {
        Algorithm::Sm4 => 16,
        Algorithm::TripleDes => definition.length,
    }
}

fn add(
    keys: &mut Vec<RootKey>,
    definition: &KeyDefinition,
    algorithm: Algorithm,
    length: u8,
) -> Result<(), KeyFileError> {
    for version in 1..=definition.versions {
        let key = RootKey {
            name: definition.name.clone(),
            index: definition.index,
            address: definition.hsm.map(|first| first + u16::from(version) - 1),
            version,
            level: RootLevel::from(definition.level),
            algorithm,
            value: random(length)?,
        };
        if !keys.iter().any(|other| other.identity() == key.identity()) {
            keys.push(key);
        }
    }
    Ok(())
}

fn issuer_key(name: &str, algorithm: Algorithm, value: Key) -> RootKey {
    RootKey {
        name: name.to_owned(),
        index: None,
        address: None,
        version: 1,
        level: RootLevel::Issuer,
        algorithm,
        value,
    }
}

fn random(length: u8) -> Result<Key, KeyFileError> {
    let failed = |message: &dyn std::fmt::Display| KeyFileError::Entropy {
        message: message.to_string(),
    };
    let mut bytes = Zeroizing::new([0; 16]);
    let bytes = &mut bytes[..usize::from(length).min(16)];
    getrandom::fill(bytes).map_err(|error| failed(&error))?;
    Key::new(bytes).map_err(|error| failed(&error))
}

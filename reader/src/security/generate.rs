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
        Self::draw(name, profiles, algorithms, test, &mut |bytes| {
            getrandom::fill(bytes).map_err(|error| failed(&error))
        })
    }

    /// The same with random numbers from `source`, so that TEST keys can be drawn again.
    ///
    /// # Errors
    /// Those of `source`.
    pub fn draw(
        name: &str,
        profiles: &[&Profile],
        algorithms: &[Algorithm],
        test: bool,
        source: &mut dyn FnMut(&mut [u8]) -> Result<(), KeyFileError>,
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
                add(
                    &mut keys,
                    &definition,
                    algorithm,
                    key_length(&definition, algorithm),
                    source,
                )?;
            }
            for definition in definitions(&others) {
                let known = |key: &RootKey| {
                    key.algorithm == algorithm && key.name == definition.name && key.index == definition.index
                };
                if !keys.iter().any(|key| known(key) && key.version == definition.versions) {
                    add(&mut keys, &definition, algorithm, 16, source)?;
                }
            }
            for name in [ISSUER_MASTER_KEY, TEMPORARY_MASTER_KEY] {
                keys.push(issuer_key(name, algorithm, random(16, source)?));
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
    source: &mut dyn FnMut(&mut [u8]) -> Result<(), KeyFileError>,
) -> Result<(), KeyFileError> {
    for version in 1..=definition.versions {
        let address = definition.hsm.map(|first| first + u16::from(version) - 1);
        // One address is one key, whatever the card versions call it: UKMF of 1.0 is UKSSSE of 2.0.
        let same = |key: &&RootKey| {
            address.is_some() && key.address == address && key.algorithm == algorithm && key.value.length() == length
        };
        let value = match keys.iter().find(same) {
            Some(known) => known.value.clone(),
            None => random(length, source)?,
        };
        let key = RootKey {
            name: definition.name.clone(),
            index: definition.index,
            address,
            version,
            level: RootLevel::from(definition.level),
            algorithm,
            value,
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

fn failed(message: &dyn std::fmt::Display) -> KeyFileError {
    KeyFileError::Entropy {
        message: message.to_string(),
    }
}

fn random(length: u8, source: &mut dyn FnMut(&mut [u8]) -> Result<(), KeyFileError>) -> Result<Key, KeyFileError> {
    let mut bytes = Zeroizing::new([0; 16]);
    let bytes = &mut bytes[..usize::from(length).min(16)];
    source(bytes)?;
    Key::new(bytes).map_err(|error| failed(&error))
}

#[cfg(test)]
mod tests {
    use super::super::keyfile::KeyView;
    use super::*;

    fn profiles() -> Vec<&'static Profile> {
        Profile::BUILTIN
            .iter()
            .map(|name| Profile::builtin(name).expect("built in"))
            .collect()
    }

    #[test]
    fn every_key_of_every_profile_in_every_version() {
        let algorithms = [Algorithm::Sm4, Algorithm::TripleDes];
        let keys = KeyFile::generate("k", &profiles(), &algorithms, true).expect("entropy");
        for profile in profiles() {
            for (_, definition) in profile.keys().filter(|(_, key)| key.role != KeyRole::Master) {
                for version in 1..=definition.versions {
                    let length = key_length(definition, profile.algorithm);
                    let found = keys.find(&definition.name, definition.index, version, profile.algorithm, length);
                    let found = found.unwrap_or_else(|| panic!("{} {} {version}", profile.name, definition.name));
                    assert_eq!(
                        found.address,
                        definition.hsm_address(version),
                        "{} {version}",
                        definition.name
                    );
                    assert_eq!(found.level, RootLevel::from(definition.level));
                }
            }
            assert!(keys.issuer_key(TRANSPORT_KEY, profile.algorithm).is_some());
            let transport = keys.issuer_key(TRANSPORT_KEY, profile.algorithm).expect("there");
            assert_eq!(transport.expose(), profile.os.test_transport_key);
        }
        for algorithm in algorithms {
            for name in [ISSUER_MASTER_KEY, TEMPORARY_MASTER_KEY] {
                assert!(keys.issuer_key(name, algorithm).is_some());
            }
        }
        // UKMF of 1.0 and UKSSSE of 2.0 have one address and are one key; else no value comes twice but the transport key's.
        let mut places: std::collections::HashMap<&[u8], &RootKey> = std::collections::HashMap::new();
        for key in keys.keys().iter().filter(|key| key.name != TRANSPORT_KEY) {
            if let Some(other) = places.insert(key.value.expose(), key) {
                let same = other.address == key.address && other.algorithm == key.algorithm && key.address.is_some();
                assert!(same, "{} and {}", other.title(), key.title());
            }
        }
    }

    #[test]
    fn one_cipher_only_and_purchase_keys_by_index() {
        let keys = KeyFile::generate("k", &profiles(), &[Algorithm::Sm4], true).expect("entropy");
        assert!(
            keys.keys()
                .iter()
                .all(|key| key.algorithm == Algorithm::Sm4 && key.value.length() == 16)
        );
        let purchase: Vec<KeyView> = keys.list(false).into_iter().filter(|key| key.name == "DPK").collect();
        assert_eq!(
            purchase.iter().map(|key| (key.index, key.version)).collect::<Vec<_>>(),
            [
                (Some(1), 1),
                (Some(1), 2),
                (Some(1), 3),
                (Some(2), 1),
                (Some(2), 2),
                (Some(2), 3),
                (Some(3), 1),
                (Some(3), 2),
                (Some(3), 3),
            ]
        );
        // spec/commands.md §2.8: 017F, 0199, 019C.
        assert_eq!(
            purchase
                .iter()
                .map(|key| key.address.as_deref().unwrap_or(""))
                .collect::<Vec<_>>(),
            ["017F", "0180", "0181", "0199", "019A", "019B", "019C", "019D", "019E",]
        );
    }

    #[test]
    fn real_keys_have_no_transport_key_and_need_a_passphrase() {
        let keys = KeyFile::generate("k", &profiles(), &[Algorithm::Sm4], false).expect("entropy");
        assert!(keys.issuer_key(TRANSPORT_KEY, Algorithm::Sm4).is_none());
        let folder = tempfile::tempdir().expect("folder");
        assert!(keys.save(&folder.path().join("keys"), None).is_err());
    }
}

//! The key file: the security module of tests and small installations.

use super::entry::RootKey;
use super::error::KeyFileError;
use super::format::{self, Content};
use card_model::crypto::{Algorithm, LoadingKey};
use card_model::secret::Key;
use serde::Serialize;
use std::io::{Read, Write};
use std::path::Path;
use zeroize::{Zeroize, Zeroizing};

/// First line of an encrypted key file.
const ARMOR: &str = "-----BEGIN AGE ENCRYPTED FILE-----";

/// Root keys in a file: plain for TEST keys, encrypted with a passphrase (`age`, scrypt) for all others.
#[derive(Debug, Clone)]
pub struct KeyFile {
    name: String,
    test: bool,
    /// Sorted by [`RootKey::identity`].
    keys: Vec<RootKey>,
    /// Keys of the region of the last card, one place for each root: cards of a batch come from one region.
    pub(super) cities: Vec<Option<CityKey>>,
    /// The master key under which keys were loaded last, prepared.
    pub(super) loading: Prepared,
}

/// A prepared master key; a copy of a key file prepares its own.
#[derive(Default)]
pub(super) struct Prepared(pub Option<LoadingKey>);

impl Clone for Prepared {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl std::fmt::Debug for Prepared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Prepared(hidden)")
    }
}

/// A root diversified down to a city.
#[derive(Debug, Clone)]
pub(super) struct CityKey {
    pub region: String,
    pub key: Key,
}

/// A key as it is shown to people: everything but the value, unless it is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KeyView {
    /// Name in the profile.
    pub name: String,
    /// Key index of a purchase key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<u8>,
    /// Logical address in a central HSM, four hex digits; `null` for local keys.
    pub address: Option<String>,
    /// Version 1–3.
    pub version: u8,
    /// Level of the root: `ministry`, `province`, `city` or `issuer`.
    pub level: &'static str,
    /// `sm4` or `3des`.
    pub algorithm: &'static str,
    /// Check value, six hex digits.
    pub kcv: String,
    /// The value in hex, only if it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
}

impl Drop for KeyView {
    fn drop(&mut self) {
        self.value.zeroize();
    }
}

impl KeyFile {
    /// Takes keys that are already in memory; `name` is shown in messages. Of two keys with one identity the first stays.
    pub fn new(name: &str, test: bool, mut keys: Vec<RootKey>) -> Self {
        keys.sort_by(|a, b| a.identity().cmp(&b.identity()));
        keys.dedup_by(|b, a| a.identity() == b.identity());
        let cities = vec![None; keys.len()];
        Self {
            name: name.to_owned(),
            test,
            keys,
            cities,
            loading: Prepared::default(),
        }
    }

    /// Reads a key file. `passphrase` is asked only if the file is encrypted.
    ///
    /// # Errors
    /// The file cannot be read, is damaged, holds plain keys without the TEST mark, or the passphrase is wrong.
    pub fn open<E>(path: &Path, passphrase: impl FnOnce() -> Result<Zeroizing<String>, E>) -> Result<Self, E>
    where
        E: From<KeyFileError>,
    {
        let name = path.display().to_string();
        let bytes = read_limited(path, &name)?;
        let text = std::str::from_utf8(&bytes).map_err(|_| KeyFileError::NotText { file: name.clone() })?;
        if is_encrypted(text) {
            let secret = passphrase()?;
            Ok(Self::from_encrypted(&name, text, &secret)?)
        } else {
            Ok(Self::from_plain(&name, text)?)
        }
    }

    /// Reads the text of a plain key file.
    ///
    /// # Errors
    /// The text is damaged, or its keys are not marked TEST.
    pub fn from_plain(name: &str, text: &str) -> Result<Self, KeyFileError> {
        let content = format::parse(name, text)?;
        if !content.test {
            return Err(KeyFileError::PlainSecrets { file: name.to_owned() });
        }
        Ok(Self::new(name, content.test, content.keys))
    }

    /// Reads the text of an encrypted key file.
    ///
    /// # Errors
    /// The passphrase is wrong, or the file is damaged.
    pub fn from_encrypted(name: &str, text: &str, passphrase: &str) -> Result<Self, KeyFileError> {
        let damaged = |error: &dyn std::fmt::Display| KeyFileError::Encryption {
            file: name.to_owned(),
            message: error.to_string(),
        };
        let identity = age::scrypt::Identity::new(age::secrecy::SecretString::from(passphrase.to_owned()));
        let decryptor = age::Decryptor::new_buffered(age::armor::ArmoredReader::new(text.as_bytes()))
            .map_err(|error| damaged(&error))?;
        let reader = decryptor
            .decrypt(std::iter::once(&identity as &dyn age::Identity))
            .map_err(|error| match error {
                age::DecryptError::DecryptionFailed
                | age::DecryptError::KeyDecryptionFailed
                | age::DecryptError::NoMatchingKeys => KeyFileError::WrongPassphrase { file: name.to_owned() },
                other => damaged(&other),
            })?;
        // Room for everything from the start, so that growing leaves no copies of the plain text behind.
        let mut plain = Zeroizing::new(Vec::with_capacity(text.len()));
        let limit = u64::try_from(format::MAX_LENGTH).unwrap_or(u64::MAX);
        reader
            .take(limit)
            .read_to_end(&mut plain)
            .map_err(|error| damaged(&error))?;
        let plain = std::str::from_utf8(&plain).map_err(|_| KeyFileError::NotText { file: name.to_owned() })?;
        let content = format::parse(name, plain)?;
        Ok(Self::new(name, content.test, content.keys))
    }

    /// Writes the keys to a new file that only its owner may read; encrypted if a passphrase is given.
    ///
    /// # Errors
    /// A file of that name exists, it cannot be written, or keys without the TEST mark shall be written without a
    /// passphrase.
    pub fn save(&self, path: &Path, passphrase: Option<&str>) -> Result<(), KeyFileError> {
        let file = path.display().to_string();
        let text = match passphrase {
            Some(passphrase) => self.to_encrypted(passphrase, None)?,
            None if self.test => self.to_plain(),
            None => return Err(KeyFileError::PassphraseNeeded { file }),
        };
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut output = options.open(path).map_err(|source| match source.kind() {
            std::io::ErrorKind::AlreadyExists => KeyFileError::Exists { file: file.clone() },
            _ => KeyFileError::File {
                file: file.clone(),
                source,
            },
        })?;
        output
            .write_all(text.as_bytes())
            .and_then(|()| output.sync_all())
            .map_err(|source| {
                // Half a key file is worse than none; that it cannot be removed either changes nothing.
                let _ = std::fs::remove_file(path);
                KeyFileError::File { file, source }
            })
    }

    fn to_plain(&self) -> Zeroizing<String> {
        format::print(&Content {
            test: self.test,
            keys: self.keys.clone(),
        })
    }

    /// `work` is the scrypt work factor; by default about one second on this machine.
    fn to_encrypted(&self, passphrase: &str, work: Option<u8>) -> Result<Zeroizing<String>, KeyFileError> {
        let failed = |error: &dyn std::fmt::Display| KeyFileError::Encryption {
            file: self.name.clone(),
            message: error.to_string(),
        };
        let mut recipient = age::scrypt::Recipient::new(age::secrecy::SecretString::from(passphrase.to_owned()));
        if let Some(work) = work {
            recipient.set_work_factor(work);
        }
        let armored = age::encrypt_and_armor(&recipient, self.to_plain().as_bytes()).map_err(|error| failed(&error))?;
        Ok(Zeroizing::new(armored))
    }

    /// Name of the file, for messages.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether the keys are marked TEST.
    pub fn test(&self) -> bool {
        self.test
    }

    /// The keys, sorted by name, index, version and cipher.
    pub fn keys(&self) -> &[RootKey] {
        &self.keys
    }

    /// The keys as they are shown to people; values only with `reveal`.
    pub fn list(&self, reveal: bool) -> Vec<KeyView> {
        let view = |key: &RootKey| KeyView {
            name: key.name.clone(),
            index: key.index,
            address: key.address.map(|address| format!("{address:04X}")),
            version: key.version,
            level: key.level.name(),
            algorithm: key.algorithm.name(),
            kcv: hex::encode_upper(key.check_value()),
            value: reveal.then(|| hex::encode_upper(key.value.expose())),
        };
        self.keys.iter().map(view).collect()
    }

    /// The root key of that name, index, version, cipher and length in bytes.
    pub fn find(
        &self,
        name: &str,
        index: Option<u8>,
        version: u8,
        algorithm: Algorithm,
        length: u8,
    ) -> Option<&RootKey> {
        self.keys.get(self.position(name, index, version, algorithm, length)?)
    }

    pub(super) fn position(
        &self,
        name: &str,
        index: Option<u8>,
        version: u8,
        algorithm: Algorithm,
        length: u8,
    ) -> Option<usize> {
        let wanted = (name, index, version, algorithm.identifier(), length);
        self.keys.binary_search_by(|key| key.identity().cmp(&wanted)).ok()
    }

    /// The issuer's key of that name.
    pub(super) fn issuer_key(&self, name: &str, algorithm: Algorithm) -> Option<&Key> {
        self.find(name, None, 1, algorithm, 16).map(|key| &key.value)
    }
}

/// Whether `text` is an encrypted key file.
pub fn is_encrypted(text: &str) -> bool {
    text.trim_start().starts_with(ARMOR)
}

fn read_limited(path: &Path, name: &str) -> Result<Zeroizing<Vec<u8>>, KeyFileError> {
    let failed = |source| KeyFileError::File {
        file: name.to_owned(),
        source,
    };
    let file = std::fs::File::open(path).map_err(failed)?;
    let mut bytes = Zeroizing::new(Vec::with_capacity(format::MAX_LENGTH + 1));
    let limit = u64::try_from(format::MAX_LENGTH).unwrap_or(u64::MAX) + 1;
    file.take(limit).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() > format::MAX_LENGTH {
        return Err(KeyFileError::TooLarge { file: name.to_owned() });
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::super::entry::RootLevel;
    use super::*;

    fn sample(test: bool) -> KeyFile {
        let key = |name: &str, version, fill: u8| RootKey {
            name: name.to_owned(),
            index: None,
            address: Some(0x94),
            version,
            level: RootLevel::Province,
            algorithm: Algorithm::Sm4,
            value: Key::from([fill; 16]),
        };
        KeyFile::new(
            "test",
            test,
            vec![key("UKSSSE", 2, 0x7E), key("UKSSSE", 1, 0x57), key("PUK", 1, 0x75)],
        )
    }

    #[test]
    fn found_by_identity() {
        let keys = sample(true);
        assert_eq!(
            keys.find("UKSSSE", None, 2, Algorithm::Sm4, 16).map(|k| k.version),
            Some(2)
        );
        assert!(keys.find("UKSSSE", None, 3, Algorithm::Sm4, 16).is_none());
        assert!(keys.find("UKSSSE", None, 1, Algorithm::TripleDes, 16).is_none());
        assert!(keys.find("UKSSSE", None, 1, Algorithm::Sm4, 8).is_none());
    }

    #[test]
    fn values_show_only_when_asked_for() {
        let keys = sample(true);
        let hidden = format!("{keys:?}{}", serde_json::to_string(&keys.list(false)).expect("json"));
        assert!(!hidden.contains("7E7E") && !hidden.contains("\"value\""), "{hidden}");
        let shown = serde_json::to_string(&keys.list(true)).expect("json");
        assert!(shown.contains("7E7E7E7E7E7E7E7E7E7E7E7E7E7E7E7E"));
        assert!(shown.contains("\"address\":\"0094\""));
    }

    #[test]
    fn plain_only_for_test_keys() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("keys.toml");
        assert!(matches!(
            sample(false).save(&path, None),
            Err(KeyFileError::PassphraseNeeded { .. })
        ));
        assert!(!path.exists());

        sample(true).save(&path, None).expect("written");
        let never = || -> Result<_, KeyFileError> { panic!("a plain file needs no passphrase") };
        assert_eq!(KeyFile::open(&path, never).expect("read").keys(), sample(true).keys());
        assert!(matches!(
            sample(true).save(&path, None),
            Err(KeyFileError::Exists { .. })
        ));

        let secret = sample(false).to_plain();
        assert!(matches!(
            KeyFile::from_plain("k", &secret),
            Err(KeyFileError::PlainSecrets { .. })
        ));
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_may_read_it() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("keys.toml");
        sample(true).save(&path, None).expect("written");
        let mode = std::fs::metadata(&path).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn encrypted_with_a_passphrase() {
        let text = sample(false)
            .to_encrypted("TEST passphrase", Some(4))
            .expect("encrypted");
        assert!(is_encrypted(&text) && !text.contains("UKSSSE"));
        let keys = KeyFile::from_encrypted("k", &text, "TEST passphrase").expect("opened");
        assert_eq!(keys.keys(), sample(false).keys());
        assert!(!keys.test());
        assert!(matches!(
            KeyFile::from_encrypted("k", &text, "another"),
            Err(KeyFileError::WrongPassphrase { .. })
        ));
        let damaged = text.replace('A', "B");
        assert!(KeyFile::from_encrypted("k", &damaged, "TEST passphrase").is_err());
    }
}

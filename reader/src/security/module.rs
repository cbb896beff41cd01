//! The key file at work: card keys derived from the roots, authentication data, secure messages, encrypted keys for a card.

use super::entry::{ISSUER_MASTER_KEY, RootKey, RootLevel, TEMPORARY_MASTER_KEY, TRANSPORT_KEY};
use super::generate::key_length;
use super::keyfile::{CityKey, KeyFile};
use super::{
    AccountHost, CardIdentity, KeyLoader, KeyReference, KeyToLoad, MasterKey, SecurityModule, SecurityModuleError,
};
use card_model::card::KeyType;
use card_model::crypto::{LoadingKey, MAC_LENGTH, SessionKey, diversify, master_cryptogram, plain_mac};
use card_model::secret::{Key, Pin};
use zeroize::Zeroizing;

impl KeyFile {
    /// Where the root of a card's key stands.
    fn card_position(&self, key: KeyReference<'_>, card: &CardIdentity) -> Result<usize, SecurityModuleError> {
        let definition = key.definition;
        let length = key_length(definition, card.algorithm);
        self.position(&definition.name, definition.index, key.version, card.algorithm, length)
            .ok_or_else(|| self.missing(&definition.name, key.version, card))
    }

    /// The card's own key: the root diversified by as many factors as its level asks for.
    pub(super) fn card_key(&mut self, key: KeyReference<'_>, card: &CardIdentity) -> Result<Key, SecurityModuleError> {
        let position = self.card_position(key, card)?;
        let city = match self.cities.get(position) {
            Some(Some(city)) if city.region == card.region => city.key.clone(),
            _ => {
                let Some(root) = self.keys().get(position) else {
                    return Err(self.missing(&key.definition.name, key.version, card));
                };
                let key = for_city(root, card);
                let made = CityKey {
                    region: card.region.clone(),
                    key: key.clone(),
                };
                if let Some(place) = self.cities.get_mut(position) {
                    *place = Some(made);
                }
                key
            }
        };
        Ok(diversify(card.algorithm, &city, &card.card_factor()))
    }

    fn missing(&self, name: &str, version: u8, card: &CardIdentity) -> SecurityModuleError {
        SecurityModuleError::KeyMissing {
            name: name.to_owned(),
            version,
            algorithm: card.algorithm,
            module: self.name().to_owned(),
        }
    }

    /// A master key: transport and temporary key as they are; the final one is `MK` diversified by the card factor and
    /// then by the dedicated file's factor.
    fn master_key(&self, master: MasterKey<'_>, card: &CardIdentity) -> Result<Key, SecurityModuleError> {
        let root = |name: &str| {
            self.issuer_key(name, card.algorithm)
                .ok_or_else(|| self.missing(name, 1, card))
        };
        match master {
            MasterKey::Transport => root(TRANSPORT_KEY).cloned(),
            MasterKey::Temporary => root(TEMPORARY_MASTER_KEY).cloned(),
            MasterKey::Final(id) => {
                let factor = dedicated_file_factor(id).ok_or_else(|| SecurityModuleError::Module {
                    module: self.name().to_owned(),
                    message: format!("{id} is no name of a dedicated file of 1 to 8 ASCII characters"),
                })?;
                let card_master = diversify(card.algorithm, root(ISSUER_MASTER_KEY)?, &card.card_factor());
                Ok(diversify(card.algorithm, &card_master, &factor))
            }
        }
    }

    /// Header and value of a key as LOAD KEY takes it (`card-model/COS.md`): type, id, version, index, tries, algorithm,
    /// 00, length, value.
    fn key_record(
        &mut self,
        load: KeyToLoad<'_>,
        card: &CardIdentity,
    ) -> Result<Zeroizing<Vec<u8>>, SecurityModuleError> {
        let algorithm = card.algorithm.identifier();
        let mut record = Zeroizing::new(Vec::with_capacity(24));
        match load {
            KeyToLoad::Card(key) => {
                let definition = key.definition;
                let value = self.card_key(key, card)?;
                let index = definition.index.unwrap_or(0);
                let tries = definition.tries.unwrap_or(0);
                let kind = KeyType::from(definition.role) as u8;
                record.extend([
                    kind,
                    definition.id,
                    key.version,
                    index,
                    tries,
                    algorithm,
                    0,
                    value.length(),
                ]);
                record.extend(value.expose());
            }
            KeyToLoad::Master { key, tries } => {
                let value = self.master_key(key, card)?;
                record.extend([KeyType::Master as u8, 0, 0, 0, tries, algorithm, 0, value.length()]);
                record.extend(value.expose());
            }
            KeyToLoad::Pin { pin, tries } => put_pin(&mut record, KeyType::Pin, 0, tries, algorithm, pin),
            KeyToLoad::CertificatePin { definition, pin } => {
                let kind = KeyType::from(definition.role);
                put_pin(&mut record, kind, definition.id, definition.tries, algorithm, pin);
            }
        }
        Ok(record)
    }
}

/// A PIN as a key: header, and its packed digits filled with FF.
fn put_pin(record: &mut Vec<u8>, kind: KeyType, id: u8, tries: u8, algorithm: u8, pin: &Pin) {
    let packed = pin.expose();
    let length = u8::try_from(packed.len()).unwrap_or(PIN_FIELD);
    record.extend([kind as u8, id, 0, 0, tries, algorithm, 0, length]);
    record.extend(packed);
    record.resize(KEY_HEADER + usize::from(PIN_FIELD), 0xFF);
}

/// Length of the key header.
const KEY_HEADER: usize = 8;
/// Length of the field that holds the PIN.
const PIN_FIELD: u8 = 8;

/// Diversifies a root down to the city; the card factor is the last step for all levels.
fn for_city(root: &RootKey, card: &CardIdentity) -> Key {
    let step = |key: &Key, factor: [u8; 8]| diversify(root.algorithm, key, &factor);
    match root.level {
        RootLevel::Ministry => step(&step(&root.value, card.province_factor()), card.city_factor()),
        RootLevel::Province => step(&root.value, card.city_factor()),
        RootLevel::City | RootLevel::Issuer => root.value.clone(),
    }
}

/// Factor of a dedicated file: its name in the profile in ASCII, filled with 00 to 8 bytes. `None` for a name that does
/// not fit, because a cut name could give two files the same master key.
fn dedicated_file_factor(id: &str) -> Option<[u8; 8]> {
    let mut factor = [0; 8];
    let fits = !id.is_empty() && id.len() <= factor.len() && id.bytes().all(|b| b.is_ascii_graphic());
    fits.then(|| {
        factor[..id.len()].copy_from_slice(id.as_bytes());
        factor
    })
}

impl KeyFile {
    /// A whole REPLACE KEY command by which a successor's master key takes the place of this issuer's, as real writers of the
    /// certificate application send it (`spec/commands.md` §1.5): `000000 ‖ key` encrypted with its length in front, under
    /// this issuer's master key of the file. An HSM would be given the successor's key under a transport key; key files are
    /// both at hand.
    ///
    /// # Errors
    /// One of the keys is not there.
    pub fn succession_command(
        &self,
        header: [u8; 4],
        successor: &Self,
        id: &str,
        card: &CardIdentity,
        challenge: &[u8],
    ) -> Result<Vec<u8>, SecurityModuleError> {
        let own = LoadingKey::new(card.algorithm, &self.master_key(MasterKey::Final(id), card)?);
        let new = successor.master_key(MasterKey::Final(id), card)?;
        let plain = Zeroizing::new([&[0; 3], new.expose()].concat());
        let data = own.encrypt(&plain);
        let header = header_with_length(header, data.len());
        let mac = own.mac(challenge, &header, &data);
        Ok([&header[..], &data, &mac].concat())
    }
}

/// `header ‖ Lc` for `length` bytes of data and a MAC behind it.
fn header_with_length(header: [u8; 4], length: usize) -> [u8; 5] {
    let [cla, ins, p1, p2] = header;
    // Data is one encrypted PIN or key, at most 48 bytes.
    [cla, ins, p1, p2, u8::try_from(length + MAC_LENGTH).unwrap_or(u8::MAX)]
}

impl SecurityModule for KeyFile {
    fn describe(&self) -> String {
        self.name().to_owned()
    }

    fn is_test(&self) -> bool {
        self.test()
    }

    fn check_key(&mut self, key: KeyReference<'_>, card: &CardIdentity) -> Result<(), SecurityModuleError> {
        self.card_position(key, card).map(|_| ())
    }

    fn authentication_data(
        &mut self,
        key: KeyReference<'_>,
        card: &CardIdentity,
        factor: &[u8],
        source: &[u8; 8],
    ) -> Result<[u8; 8], SecurityModuleError> {
        let key = self.card_key(key, card)?;
        Ok(SessionKey::derive(card.algorithm, &key, factor).authenticate(source))
    }

    fn secure_message(
        &mut self,
        key: KeyReference<'_>,
        card: &CardIdentity,
        challenge: &[u8],
        header: [u8; 4],
        plain: Option<&[u8]>,
    ) -> Result<Vec<u8>, SecurityModuleError> {
        let key = self.card_key(key, card)?;
        let session = SessionKey::derive(card.algorithm, &key, challenge);
        let data = plain.map(|plain| session.encrypt(plain)).unwrap_or_default();
        let header = header_with_length(header, data.len());
        let mac = session.mac(&header, &data);
        Ok([&header[..], &data, &mac].concat())
    }

    fn identification_code_mac(
        &mut self,
        irk: KeyReference<'_>,
        card: &CardIdentity,
        first: &[u8; 12],
    ) -> Result<[u8; 4], SecurityModuleError> {
        Ok(plain_mac(card.algorithm, &self.card_key(irk, card)?, first))
    }

    fn account_host(&mut self) -> Option<&mut dyn AccountHost> {
        Some(self)
    }
}

impl KeyLoader for KeyFile {
    fn master_cryptogram(
        &mut self,
        master: MasterKey<'_>,
        card: &CardIdentity,
        challenge: &[u8],
    ) -> Result<Vec<u8>, SecurityModuleError> {
        Ok(master_cryptogram(
            card.algorithm,
            &self.master_key(master, card)?,
            challenge,
        ))
    }

    fn load_key_command(
        &mut self,
        header: [u8; 4],
        load: KeyToLoad<'_>,
        under: MasterKey<'_>,
        card: &CardIdentity,
        challenge: &[u8],
    ) -> Result<Vec<u8>, SecurityModuleError> {
        let record = self.key_record(load, card)?;
        let master = self.master_key(under, card)?;
        let prepared = self
            .loading
            .0
            .take()
            .filter(|prepared| prepared.is(card.algorithm, &master));
        let master = self
            .loading
            .0
            .insert(prepared.unwrap_or_else(|| LoadingKey::new(card.algorithm, &master)));
        let data = master.encrypt(&record);
        let header = header_with_length(header, data.len());
        let mac = master.mac(challenge, &header, &data);
        Ok([&header[..], &data, &mac].concat())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use card_model::crypto::{Algorithm, decrypt_data};
    use card_model::profile::KeyRole;
    use card_model::profile::{KeyDefinition, KeyLevel};
    use card_model::secret::Pin;

    /// Key and card of `spec/conformance.md` §4.3.1.
    fn example(algorithm: Algorithm) -> (KeyFile, KeyDefinition, CardIdentity) {
        let value = Key::new(&hex::decode("0123456789ABCDEFFEDCBA9876543210").expect("hex")).expect("16 bytes");
        let root = |name: &str, level, value: &Key| RootKey {
            name: name.to_owned(),
            index: None,
            address: None,
            version: 1,
            level,
            algorithm,
            value: value.clone(),
        };
        let keys = vec![
            root("STK", RootLevel::Ministry, &value),
            root(ISSUER_MASTER_KEY, RootLevel::Issuer, &Key::from([0x7E; 16])),
            root(TEMPORARY_MASTER_KEY, RootLevel::Issuer, &Key::from([0x57; 16])),
        ];
        let definition = KeyDefinition {
            name: "STK".to_owned(),
            zh: String::new(),
            en: String::new(),
            role: KeyRole::SecureMessaging,
            id: 2,
            index: None,
            psam: None,
            hsm: None,
            level: KeyLevel::Ministry,
            versions: 1,
            length: 16,
            tries: Some(3),
        };
        let mut historical = [0; 13];
        historical[5..].copy_from_slice(&hex::decode("8697159900BF7C7A").expect("hex"));
        let card = CardIdentity {
            region: "650100".to_owned(),
            historical,
            algorithm,
        };
        (KeyFile::new("test", true, keys), definition, card)
    }

    /// `spec/conformance.md` §4.3.1, both branches.
    #[test]
    fn worked_example_through_the_module() {
        let unblock = [
            (Algorithm::Sm4, "842400000491B7D05B"),
            (Algorithm::TripleDes, "84240000046B4BAF14"),
        ];
        for (algorithm, command) in unblock {
            let (mut keys, definition, card) = example(algorithm);
            let key = KeyReference {
                definition: &definition,
                version: 1,
            };
            let challenge = hex::decode("2AFD6A015D2D9BAC").expect("hex");
            let message = keys
                .secure_message(key, &card, &challenge, [0x84, 0x24, 0, 0], None)
                .expect("key is there");
            // The example's city factor is that of 650100: f2 = 3635303130307378.
            assert_eq!(hex::encode_upper(message), command);
        }
        let (mut keys, definition, card) = example(Algorithm::Sm4);
        let key = KeyReference {
            definition: &definition,
            version: 1,
        };
        let factor = hex::decode("32D9E876ADB31BBF").expect("hex");
        let source = [0xDB, 0xF7, 0xA9, 0x36, 0xD0, 0xD1, 0x8C, 0x9E];
        let data = keys
            .authentication_data(key, &card, &factor, &source)
            .expect("key is there");
        assert_eq!(hex::encode_upper(data), "2607F169D4F0F2C6");
        let reload = keys
            .secure_message(
                key,
                &card,
                &hex::decode("2AFD6A015D2D9BAC").expect("hex"),
                [0x84, 0x24, 0, 1],
                Some(&[0x12, 0x34, 0x56]),
            )
            .expect("key is there");
        assert_eq!(
            hex::encode_upper(reload),
            "8424000114654567CF3E30D648287A165A032D1051AA5502CC"
        );
    }

    #[test]
    fn missing_version_is_named() {
        let (mut keys, definition, card) = example(Algorithm::Sm4);
        let key = KeyReference {
            definition: &definition,
            version: 3,
        };
        assert!(!keys.holds(key, &card));
        let error = keys
            .authentication_data(key, &card, &[0; 8], &[0; 8])
            .expect_err("not there");
        assert!(matches!(error, SecurityModuleError::KeyMissing { version: 3, .. }));
    }

    #[test]
    fn load_key_layout() {
        for algorithm in [Algorithm::Sm4, Algorithm::TripleDes] {
            let (mut keys, definition, card) = example(algorithm);
            let key = KeyReference {
                definition: &definition,
                version: 1,
            };
            let command = keys
                .load_key_command(
                    [0x84, 0xD4, 0, 0],
                    KeyToLoad::Card(key),
                    MasterKey::Temporary,
                    &card,
                    &[1; 8],
                )
                .expect("keys are there");
            assert_eq!(command[4], 0x24);
            assert_eq!(command.len(), 5 + 0x24);
            let under = Key::from([0x57; 16]);
            let plain = decrypt_data(algorithm, &under, &command[5..5 + 32]).expect("well padded");
            assert_eq!(plain[..8], [0x07, 2, 1, 0, 3, algorithm.identifier(), 0, 16]);
            assert_eq!(plain[8..], *keys.card_key(key, &card).expect("there").expose());

            let pin = Pin::from_digits("123456").expect("digits");
            let load = KeyToLoad::Pin { pin: &pin, tries: 3 };
            let command = keys
                .load_key_command([0x84, 0xD4, 0, 0], load, MasterKey::Temporary, &card, &[1; 8])
                .expect("keys are there");
            let end = command.len() - 4;
            let plain = decrypt_data(algorithm, &under, &command[5..end]).expect("well padded");
            assert_eq!(
                hex::encode_upper(plain),
                format!("010000000 3{:02X}0003123456FFFFFFFFFF", algorithm.identifier()).replace(' ', "")
            );
        }
    }

    #[test]
    fn master_keys_differ_by_card_and_dedicated_file() {
        let (keys, _, card) = example(Algorithm::Sm4);
        let mut other = card.clone();
        other.historical[12] ^= 1;
        let key = |id, card: &CardIdentity| keys.master_key(MasterKey::Final(id), card).expect("there");
        assert_ne!(key("SSSE", &card), key("DF01", &card));
        assert_ne!(key("SSSE", &card), key("SSSE", &other));
        assert!(keys.master_key(MasterKey::Final("NINECHARS"), &card).is_err());
        assert!(
            keys.master_key(MasterKey::Transport, &card).is_err(),
            "this file has no transport key"
        );
    }

    #[test]
    fn factors() {
        let (_, _, mut card) = example(Algorithm::Sm4);
        assert_eq!(card.province_factor(), *b"650000sh");
        assert_eq!(card.city_factor(), *b"650100sx");
        card.region = "330100".to_owned();
        assert_eq!(card.city_factor(), *b"330100sx");
        card.region = "330183".to_owned();
        assert_eq!(card.city_factor(), *b"330100sx");
    }
}

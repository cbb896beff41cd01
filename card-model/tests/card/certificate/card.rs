//! A card built from the profile through COS commands, and what its writers send. Used by the tests and the benches.

use crate::support::*;
use card_model::card::{Card, Condition, Interface, KeyType};
use card_model::crypto::{Algorithm, encrypt_data, key_loading_mac, master_cryptogram};
use card_model::profile::{DedicatedFile, Profile, Structure};
use card_model::secret::Key;
use card_model::sm2::{PrivateKey, sm3};
use rand_core::TryRng;

/// TEST PINs.
pub const USER: &[u8] = &[0x12, 0x34, 0x56];
pub const ADMINISTRATOR: &[u8] = &[0x87, 0x65, 0x43, 0x21];
pub const USER_ID: u8 = 0x81;
pub const ADMINISTRATOR_ID: u8 = 0x00;
/// TEST master keys.
pub const ENVIRONMENT_KEY: [u8; 16] = *b"TEST MK PKI DDF.";
pub const APPLICATION_KEY: [u8; 16] = *b"TEST MK CERT ADF";
pub const GENERATE: &str = "80400000 08 C0020012 C2020013";
pub const EXPORT: &str = "80C98200 08 C0020012 C2020013";

/// Entropy given beforehand; zeros after its end.
pub struct Given(pub Vec<u8>);

impl TryRng for Given {
    type Error = core::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_be_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_be_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
        for byte in bytes {
            *byte = if self.0.is_empty() { 0 } else { self.0.remove(0) };
        }
        Ok(())
    }
}

/// K of a packed PIN.
pub fn pin_key(pin: &[u8]) -> Key {
    Key::new(&sm3(pin)[..16]).unwrap()
}

/// A card with the certificate application of the profile, its ADF selected.
pub fn certificate_card(interface: Interface) -> Terminal {
    let profile = Profile::builtin("3.0").unwrap();
    let mut t = Terminal::blank(Algorithm::Sm4, interface);
    t.master(&TRANSPORT);
    let (ddf, adf) = files(profile);
    t.ok(&create(&[
        (0x82, &[0x38]),
        (0x83, &ddf.fid.to_be_bytes()),
        (0x84, &ddf.name),
    ]));
    t.select_fid(ddf.fid);
    t.load(&TRANSPORT, [0, 0, 0, 0, 3], &ENVIRONMENT_KEY);
    t.master(&ENVIRONMENT_KEY);
    load_pins(&mut t, &ENVIRONMENT_KEY, ddf);
    t.ok(&create(&[
        (0x82, &[0x39]),
        (0x83, &adf.fid.to_be_bytes()),
        (0x84, &adf.name),
    ]));
    t.select_fid(adf.fid);
    t.load(&ENVIRONMENT_KEY, [0, 0, 0, 0, 3], &APPLICATION_KEY);
    t.master(&APPLICATION_KEY);
    load_pins(&mut t, &APPLICATION_KEY, adf);
    let id = |name: &str| {
        ddf.pins
            .iter()
            .chain(&adf.pins)
            .find(|pin| pin.name == name)
            .map(|pin| pin.id)
    };
    for file in &adf.files {
        let (descriptor, size) = match file.structure {
            Structure::Transparent { size } => ([0x01], size),
            Structure::Internal { size } => ([0x09], size),
            _ => panic!("no such file here"),
        };
        let read = Condition::encode(&file.read, id).unwrap();
        let update = Condition::encode(&file.update, id).unwrap();
        let (fid, size, pair) = (
            file.fid.to_be_bytes(),
            size.to_be_bytes(),
            file.key_pair.map(|pair| [pair.byte()]),
        );
        let mut fields = vec![
            (0x82, &descriptor[..]),
            (0x83, &fid),
            (0x80, &size),
            (0xC1, &read),
            (0xC2, &update),
        ];
        if let Some(pair) = &pair {
            fields.push((0xC4, pair));
        }
        t.ok(&create(&fields));
    }
    t.ok(&hex("80440000"));
    t.card.power_on(interface);
    select_application(&mut t);
    t
}

fn files(profile: &Profile) -> (&DedicatedFile, &DedicatedFile) {
    (
        profile.dedicated_file("PKI").unwrap(),
        profile.certificate_application().unwrap(),
    )
}

fn load_pins(t: &mut Terminal, under: &[u8; 16], df: &DedicatedFile) {
    for pin in &df.pins {
        let kind = KeyType::from(pin.role);
        let digits = if kind == KeyType::UserPin { USER } else { ADMINISTRATOR };
        t.load_pin(under, kind, pin.id, pin.tries, digits);
    }
}

/// Both by name, as real writers do.
pub fn select_application(t: &mut Terminal) {
    t.ok(&hex("00A404000C 504B492EC9E7BBE1B1A3D5CF"));
    t.ok(&hex("00A404000C 53532E434552542E41444631"));
}

impl Terminal {
    /// LOAD KEY of a PIN of the certificate application.
    pub fn load_pin(&mut self, under: &[u8; 16], kind: KeyType, id: u8, tries: u8, digits: &[u8]) {
        let challenge = self.challenge();
        let header = [kind as u8, id, 0, 0, tries, 3, 0, digits.len() as u8];
        let plain = [&header[..], digits, &[0xFF; 8][digits.len()..]].concat();
        let under = Key::from(*under);
        let cipher = encrypt_data(Algorithm::Sm4, &under, &plain);
        let head = [0x84, 0xD4, 0, 0, (cipher.len() + 4) as u8];
        let mac = key_loading_mac(Algorithm::Sm4, &under, &challenge, &head, &cipher);
        self.ok(&[&head[..], &cipher, &mac].concat());
    }

    /// VERIFY with a challenge of `length` bytes.
    pub fn verify_command(&mut self, id: u8, pin: &[u8], length: u8) -> Vec<u8> {
        let challenge = self.ok(&[0, 0x84, 0, 0, length]);
        command(
            [0, 0x20, 1, id],
            &master_cryptogram(Algorithm::Sm4, &pin_key(pin), &challenge),
        )
    }

    pub fn user(&mut self) {
        let verify = self.verify_command(USER_ID, USER, 16);
        self.ok(&verify);
    }

    pub fn administrator(&mut self) {
        let verify = self.verify_command(ADMINISTRATOR_ID, ADMINISTRATOR, 8);
        self.ok(&verify);
    }

    /// A command with `cipher ‖ MAC` under a PIN's K: CHANGE PIN or PIN CHANGE/UNBLOCK. `None`: the MAC alone.
    pub fn pin_command(&mut self, header: [u8; 4], under: &[u8], new: Option<&[u8]>) -> Vec<u8> {
        let challenge = self.ok(&hex("0084000010"));
        let key = pin_key(under);
        let cipher = new
            .map(|new| encrypt_data(Algorithm::Sm4, &key, new))
            .unwrap_or_default();
        let head = [&header[..], &[(cipher.len() + 4) as u8]].concat();
        let mac = key_loading_mac(Algorithm::Sm4, &key, &challenge, &head, &cipher);
        [head, cipher, mac.to_vec()].concat()
    }

    pub fn public_key(&mut self) -> Vec<u8> {
        self.ok(&hex(EXPORT));
        self.ok(&hex("80C9828042"))
    }
}

/// IMPORT of an encryption pair as writers do it: the SM4 key comes back from the envelope and is loaded.
pub struct Pair {
    pub key: PrivateKey,
    pub session: [u8; 16],
}

impl Pair {
    pub fn new(seed: u8) -> Self {
        let key = PrivateKey::generate(&mut Given(vec![seed; 32])).unwrap();
        Self {
            key,
            session: [seed; 16],
        }
    }

    /// The three commands after the envelope: load the SM4 key, public key, private key.
    pub fn commands(&self) -> [Vec<u8>; 3] {
        let mut private = *self.key.expose();
        card_model::crypto::encrypt_blocks(Algorithm::Sm4, &Key::from(self.session), &mut private);
        let public = self.key.public_key().to_bytes();
        [
            command([0x80, 0x4A, 2, 0x10], &[&[0xC1, 0x10][..], &self.session].concat()),
            command([0x80, 0xC2, 0x40, 0], &[&hex("C0020014CA40")[..], &public].concat()),
            command([0x80, 0xC2, 0xC0, 1], &[&hex("C2020015CB20")[..], &private].concat()),
        ]
    }

    /// `80 4E 00 01 78 …`: the SM4 key under a public key.
    pub fn envelope(&self, under: &card_model::sm2::PublicKey) -> Vec<u8> {
        let cipher = under.encrypt(&self.session, &mut Given(vec![0x5A; 32])).unwrap();
        command([0x80, 0x4E, 0, 1], &[&hex("C2020013 C1820070")[..], &cipher].concat())
    }
}

/// The card read back from its image, powered, application selected.
pub fn reloaded(card: &Card) -> Terminal {
    let mut card = Card::from_image(card.image()).unwrap();
    card.power_on(Interface::Contact);
    let mut t = Terminal {
        card,
        entropy: TestEntropy(77),
        algorithm: Algorithm::Sm4,
    };
    select_application(&mut t);
    t
}

//! A terminal for the tests of the card: it builds a small card through COS commands and talks to it byte by byte.
//!
//! The card has two environments. `A1` (DDF, FID DDF1) with the PIN and the keys of a social security environment and two
//! applications, `D2` (DDF, FID DDF2) as its neighbour behind the firewall. Keys are TEST keys: `[identifier; 16]`.

use card_model::card::{Card, Interface};
use card_model::crypto::{Algorithm, SessionKey, encrypt_data, key_loading_mac, master_cryptogram};
use card_model::profile::{AnswerToReset, OsDefaults, PinPolicy, Profile};
use card_model::secret::Key;
use rand_core::TryRng;

pub const TRANSPORT: [u8; 16] = *b"TEST TRANSPORT K";
pub const HISTORICAL: [u8; 13] = *b"\x00\x81\x4E\x43\x23\x86\x97\x15\x99\x00\xBF\x7C\x7A";
pub const NAME: &[u8] = b"sx1.sh.\xC9\xE7\xBB\xE1\xB1\xA3\xD5\xCF";
pub const STK: u8 = 0x02;
pub const UK: u8 = 0x04;
pub const BK: u8 = 0x05;
pub const PUK: u8 = 0x06;
pub const RK: u8 = 0x0A;

/// xorshift: repeatable, good enough for challenges of a test.
pub struct TestEntropy(pub u64);

impl TryRng for TestEntropy {
    type Error = core::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        Ok((self.0 >> 16) as u32)
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        Ok(u64::from(self.try_next_u32()?) << 32 | u64::from(self.try_next_u32()?))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
        for byte in bytes {
            *byte = self.try_next_u32()? as u8;
        }
        Ok(())
    }
}

pub fn profile(algorithm: Algorithm) -> Profile {
    Profile {
        name: "test".into(),
        zh: String::new(),
        en: String::new(),
        generation: 3,
        specification_version: "3.00".into(),
        algorithm,
        reset: AnswerToReset {
            contact: vec![0x3B, 0x6D, 0, 0],
            contactless: Some(vec![0x12, 0x78, 0x80, 0xA0, 0x02]),
            maker: [0; 7],
        },
        pin: PinPolicy {
            min_digits: 4,
            max_digits: 16,
            tries: 3,
        },
        os: OsDefaults {
            key_tries: 3,
            memory: 0x4000,
            test_transport_key: TRANSPORT,
        },
        dedicated_files: Vec::new(),
    }
}

pub struct Terminal {
    pub card: Card,
    pub entropy: TestEntropy,
    pub algorithm: Algorithm,
}

impl Terminal {
    pub fn blank(algorithm: Algorithm, interface: Interface) -> Self {
        let mut card = Card::blank(&profile(algorithm), HISTORICAL);
        card.power_on(interface);
        Self {
            card,
            entropy: TestEntropy(0x005E_ED0F_7E57),
            algorithm,
        }
    }

    /// A card with structure, keys, PIN 123456 and one record per file, powered through `interface`.
    pub fn issued(algorithm: Algorithm, interface: Interface) -> Self {
        let mut t = Self::blank(algorithm, interface);
        t.master(&TRANSPORT);
        let fci = [&[0x88, 1, 0x1E, 0x9F, 0x0C, 3, 0x86, 1][..], &[algorithm.identifier()]].concat();
        t.ok(&create(&[
            (0x82, &[0x38]),
            (0x83, &[0xDD, 0xF1]),
            (0x84, NAME),
            (0xA5, &fci),
        ]));
        t.ok(&create(&[
            (0x82, &[0x38]),
            (0x83, &[0xDD, 0xF2]),
            (0x84, b"D2.NEIGHBOUR"),
        ]));
        t.select_fid(0xDDF2);
        t.load(&TRANSPORT, [0, 0, 0, 0, 3], &[0xD2; 16]);
        t.master(&[0xD2; 16]);
        t.load(&[0xD2; 16], [0x0D, 0x0B, 1, 0, 3], &[0x0B; 16]);
        t.ok(&create(&[
            (0x82, &[4]),
            (0x80, &[0, 40]),
            (0x83, &[0xEF, 5]),
            (0x88, &[5]),
            (0xC1, &[1]),
            (0xC2, &[0x10, 0x0B]),
        ]));
        t.select_fid(0x3F00);
        t.select_fid(0xDDF1);
        t.load(&TRANSPORT, [0, 0, 0, 0, 3], &[0xD1; 16]);
        t.master(&[0xD1; 16]);
        t.load(&[0xD1; 16], [1, 0, 0, 0, 3], &[]);
        for (kind, id, tries) in [
            (0x0E, 0, 0),
            (0x07, STK, 3),
            (0x0D, UK, 3),
            (0x11, BK, 0),
            (0x10, PUK, 3),
            (0x0D, RK, 3),
        ] {
            t.load(&[0xD1; 16], [kind, id, 1, 0, tries], &[id; 16]);
        }
        t.load(&[0xD1; 16], [0x0D, UK, 2, 0, 3], &[0x14; 16]);
        let ef = |t: &mut Self, fid: u8, descriptor: &[u8], size: Option<u16>, read: &[u8], update: &[u8]| {
            let size = size.map(u16::to_be_bytes);
            let (identifier, sfi) = ([0xEF, fid], [fid]);
            let mut fields = vec![
                (0x82, descriptor),
                (0x83, &identifier[..]),
                (0x88, &sfi),
                (0xC1, read),
                (0xC2, update),
            ];
            if let Some(size) = &size {
                fields.push((0x80, size));
            }
            t.ok(&create(&fields));
        };
        ef(&mut t, 0x05, &[4], Some(64), &[0], &[0x10, UK]);
        ef(&mut t, 0x06, &[4], Some(64), &[0x10, RK], &[0x10, UK]);
        ef(&mut t, 0x07, &[1], Some(300), &[0], &[0]);
        ef(&mut t, 0x08, &[6, 3, 4], None, &[0], &[0]);
        ef(&mut t, 0x09, &[2, 4, 2], None, &[0], &[0]);
        ef(&mut t, 0x0A, &[9], Some(20), &[], &[]);
        for (fid, name) in [(1u8, b"ADF.1"), (2, b"ADF.2")] {
            t.ok(&create(&[(0x82, &[0x39]), (0x83, &[0xDF, fid]), (0x84, name)]));
            t.select_fid(0xDF00 | u16::from(fid));
            t.load(&[0xD1; 16], [0, 0, 0, 0, 3], &[0xA0 | fid; 16]);
            t.master(&[0xA0 | fid; 16]);
            for (kind, id, tries) in [(0x07, 0x82, 3), (0x12, 0x83, 0), (0x0D, 0x84, 3)] {
                t.load(&[0xA0 | fid; 16], [kind, id, 1, 0, tries], &[id; 16]);
            }
            ef(&mut t, 0x05, &[4], Some(64), &[1, 0x10, 0x84], &[0]);
            ef(&mut t, 0x06, &[4], Some(64), &[0x11, 0x84], &[0]);
            t.ok(&create(&[
                (0x82, &[4]),
                (0x83, &[0xEF, 0x0C]),
                (0x80, &[0, 40]),
                (0x88, &[0x0C]),
                (0xC1, &[0]),
                (0xC2, &[0]),
                (0xC3, &[1]),
            ]));
            t.ok(&create(&[
                (0x82, &[4]),
                (0x83, &[0xEF, 0x0D]),
                (0x80, &[0, 40]),
                (0x88, &[0x0D]),
                (0xC1, &[0]),
                (0xC2, &[0]),
                (0xC3, &[2]),
            ]));
            t.ok(&[0x80, 0x44, 0, 0]);
            t.select_fid(0xDDF1);
            t.master(&[0xD1; 16]);
        }
        t.ok(&[0x80, 0x44, 0, 0]);
        t.ok(&hex("805E0100 04 FF 123456"));
        t.authenticate(UK, 1);
        t.ok(&hex("00DC0128 07 0105 A1A2A3A4A5"));
        t.ok(&hex("00DC0830 05 0803 B1B2B3"));
        t.ok(&hex("00DC0930 04 0902 C1C2"));
        t.card.power_on(interface);
        t.select_fid(0xDDF1);
        t
    }

    /// One command; the answer with status word. 61xx is fetched here, as a reader would.
    pub fn send(&mut self, command: &[u8]) -> Vec<u8> {
        let answer = self.raw(command);
        match answer[..] {
            [0x61, length] => self.raw(&[0, 0xC0, 0, 0, length]),
            _ => answer,
        }
    }

    pub fn raw(&mut self, command: &[u8]) -> Vec<u8> {
        self.card
            .transmit(command, &mut self.entropy)
            .expect("the card has power")
            .to_bytes()
    }

    pub fn sw(&mut self, command: &[u8]) -> u16 {
        let answer = self.send(command);
        u16::from_be_bytes(answer[answer.len() - 2..].try_into().unwrap())
    }

    pub fn ok(&mut self, command: &[u8]) -> Vec<u8> {
        let mut answer = self.send(command);
        assert!(answer.ends_with(&[0x90, 0]), "{} → {}", upper(command), upper(&answer));
        answer.truncate(answer.len() - 2);
        answer
    }

    pub fn select_fid(&mut self, fid: u16) {
        let [high, low] = fid.to_be_bytes();
        self.ok(&[0, 0xA4, 0, 0, 2, high, low]);
    }

    pub fn challenge(&mut self) -> [u8; 8] {
        self.ok(&[0, 0x84, 0, 0, 8]).try_into().unwrap()
    }

    pub fn master(&mut self, key: &[u8; 16]) {
        let challenge = self.challenge();
        let cryptogram = master_cryptogram(self.algorithm, &Key::from(*key), &challenge);
        self.ok(&command([0, 0x82, 0, 0], &cryptogram));
    }

    /// LOAD KEY: `what` is type, id, version, index, tries. An empty value is an empty PIN.
    pub fn load(&mut self, under: &[u8; 16], what: [u8; 5], value: &[u8]) {
        let command = self.key_command(0, under, what, value);
        self.ok(&command);
    }

    pub fn key_command(&mut self, p1: u8, under: &[u8; 16], what: [u8; 5], value: &[u8]) -> Vec<u8> {
        let challenge = self.challenge();
        let length = value.len() as u8;
        let value = if what[0] == 1 {
            [value, &[0xFF; 8][value.len()..]].concat()
        } else {
            value.to_vec()
        };
        let header = [
            what[0],
            what[1],
            what[2],
            what[3],
            what[4],
            self.algorithm.identifier(),
            0,
            length,
        ];
        let under = Key::from(*under);
        let cipher = encrypt_data(self.algorithm, &under, &[&header[..], &value].concat());
        let head = [0x84, 0xD4, p1, 0, (cipher.len() + 4) as u8];
        let mac = key_loading_mac(self.algorithm, &under, &challenge, &head, &cipher);
        [&head[..], &cipher, &mac].concat()
    }

    pub fn authentication(&mut self, id: u8, key: &[u8; 16]) -> Vec<u8> {
        let challenge = self.challenge();
        let source = [0x50; 8];
        let answer = SessionKey::derive(self.algorithm, &Key::from(*key), &challenge).authenticate(&source);
        command([0, 0x82, 0, id], &[answer, source].concat())
    }

    /// EXTERNAL AUTHENTICATION with the TEST key of this identifier.
    pub fn authenticate(&mut self, id: u8, _version: u8) {
        let command = self.authentication(id, &[id; 16]);
        self.ok(&command);
    }

    /// A command secured under the STK `[stk; 16]` with a fresh challenge.
    pub fn secured(&mut self, header: [u8; 4], stk: u8, plain: &[u8], encrypt: bool) -> Vec<u8> {
        let challenge = self.challenge();
        let session = SessionKey::derive(self.algorithm, &Key::from([stk; 16]), &challenge);
        let data = if encrypt {
            session.encrypt(plain)
        } else {
            plain.to_vec()
        };
        let head = [&header[..], &[(data.len() + 4) as u8]].concat();
        let mac = session.mac(&head, &data);
        [&head[..], &data, &mac].concat()
    }
}

pub fn command(header: [u8; 4], data: &[u8]) -> Vec<u8> {
    [&header[..], &[data.len() as u8], data].concat()
}

pub fn create(fields: &[(u8, &[u8])]) -> Vec<u8> {
    let mut inner = Vec::new();
    for (tag, value) in fields {
        inner.extend([*tag, value.len() as u8]);
        inner.extend_from_slice(value);
    }
    command([0x80, 0xE0, 0, 0], &[&[0x62, inner.len() as u8][..], &inner].concat())
}

pub fn hex(text: &str) -> Vec<u8> {
    hex::decode(text.replace(' ', "")).unwrap()
}

pub fn upper(bytes: &[u8]) -> String {
    hex::encode_upper(bytes)
}

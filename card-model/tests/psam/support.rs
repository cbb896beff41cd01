//! A terminal with a PSAM.

use card_model::card::Interface;
use card_model::crypto::{Algorithm, encrypt_data, key_loading_mac};
use card_model::psam::{Cipher, KeyRecord, Psam, PsamDescription, Usage};
use card_model::secret::Key;
use rand_core::TryRng;

/// TEST keys by their first byte.
pub const IRK: [u8; 16] = [0x08; 16];
pub const UK: [u8; 16] = [0x12; 16];
pub const STK: [u8; 16] = [0x09; 16];
pub const DPK: [u8; 16] = [0x01; 16];
pub const DLK: [u8; 16] = [0x4B; 16];
pub const DTK: [u8; 16] = *b"TEST-TAC-KEY-123";

pub const PROVINCE: [u8; 8] = *b"990000sh";
pub const CITY: [u8; 8] = *b"990100sx";
pub const CARD: [u8; 8] = [0x86, 0x99, 0x99, 0x01, 0, 0, 0, 7];
pub const CHALLENGE: [u8; 8] = [0xC1, 0xC2, 0xC3, 0xC4, 0xC5, 0xC6, 0xC7, 0xC8];
pub const SERIAL: [u8; 10] = [0x99, 0x01, 0, 0, 0, 0, 0, 0, 0, 1];
pub const TERMINAL: [u8; 6] = [0x99, 0x01, 0x00, 0x12, 0x34, 0x56];

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

pub struct Terminal {
    pub psam: Psam,
    pub entropy: TestEntropy,
    pub algorithm: Algorithm,
}

pub fn description() -> &'static PsamDescription {
    PsamDescription::builtin().unwrap()
}

impl Terminal {
    /// A blank PSAM, powered, in the application of the environment of a cipher.
    pub fn blank(algorithm: Algorithm) -> Self {
        let mut psam = Psam::blank(description(), &SERIAL).unwrap();
        assert!(!psam.power_on(Interface::Contact).is_empty());
        let mut terminal = Self {
            psam,
            entropy: TestEntropy(0x005E_ED0F_7E57),
            algorithm,
        };
        terminal.enter(Cipher::from(algorithm));
        terminal
    }

    /// A PSAM with one key of each kind and a terminal number.
    pub fn issued(algorithm: Algorithm) -> Self {
        let mut t = Self::blank(algorithm);
        for (file, usage, id, value) in [
            (0x11, 0x67, 0x08, &IRK),
            (0x11, 0x66, 0x08, &IRK),
            (0x12, 0x48, 0x12, &UK),
            (0x13, 0x26, 0x09, &STK),
            (0x13, 0x28, 0x09, &STK),
            (0x11, 0x22, 0x01, &DPK),
            (0x12, 0x29, 0x4B, &DLK),
            (0x12, 0x4C, 0x4C, &DTK),
        ] {
            t.create(file, usage, id, value);
        }
        t.environment();
        let command = t.secured([0x04, 0xD6, 0x96, 0x00], &TERMINAL);
        t.ok(&command);
        t.enter(Cipher::from(algorithm));
        t
    }

    /// Selects environment and application of a cipher.
    pub fn enter(&mut self, cipher: Cipher) {
        let name = &description().environment(cipher).unwrap().name;
        self.ok(&command([0, 0xA4, 4, 0], name));
        self.ok(&hex("00A4000002DF01"));
    }

    /// Selects the environment of the terminal's cipher.
    pub fn environment(&mut self) {
        let name = &description().environment(Cipher::from(self.algorithm)).unwrap().name;
        self.ok(&command([0, 0xA4, 4, 0], name));
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
        let response = self.psam.transmit(command, &mut self.entropy);
        response.expect("the PSAM has power").to_bytes()
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

    pub fn challenge(&mut self) -> [u8; 8] {
        self.ok(&[0, 0x84, 0, 0, 8]).try_into().unwrap()
    }

    /// A command with a MAC under the TEST master key and a fresh challenge.
    pub fn secured(&mut self, header: [u8; 4], data: &[u8]) -> Vec<u8> {
        let challenge = self.challenge();
        let head = [&header[..], &[(data.len() + 4) as u8]].concat();
        let key = Key::from(description().test_master_key);
        let mac = key_loading_mac(self.algorithm, &key, &challenge, &head, data);
        [&head[..], data, &mac].concat()
    }

    /// CREATE KEY (P1 00) or CHANGE KEY (P1 01) with a record.
    pub fn load(&mut self, p1: u8, file: u8, record: &[u8]) -> Vec<u8> {
        let key = Key::from(description().test_master_key);
        let cipher = encrypt_data(self.algorithm, &key, record);
        self.secured([0x84, 0xD4, p1, file], &cipher)
    }

    pub fn record(&self, usage: u8, id: u8, value: &[u8]) -> Vec<u8> {
        let record = KeyRecord {
            usage: Usage::from_byte(usage),
            id,
            algorithm: self.algorithm,
            key: Key::new(value).unwrap(),
        };
        record.to_bytes().to_vec()
    }

    pub fn create(&mut self, file: u8, usage: u8, id: u8, value: &[u8]) {
        let record = self.record(usage, id, value);
        let command = self.load(0, file, &record);
        self.ok(&command);
    }

    /// The session factor for a challenge of 8 bytes: filled with 00 to the block.
    pub fn factor(&self) -> Vec<u8> {
        let mut factor = CHALLENGE.to_vec();
        factor.resize(self.algorithm.block(), 0);
        factor
    }

    /// DELIVERY SESSION KEY with as many factors as the usage asks for, and a session factor.
    pub fn deliver(&mut self, usage: u8, id: u8) -> u16 {
        let factors = [CARD, CITY, PROVINCE].concat();
        let data = [&factors[..usize::from(usage >> 5) * 8], &self.factor()].concat();
        self.sw(&command([0xBF, 0xDE, usage, id], &data))
    }
}

pub fn command(header: [u8; 4], data: &[u8]) -> Vec<u8> {
    [&header[..], &[data.len() as u8], data].concat()
}

pub fn hex(text: &str) -> Vec<u8> {
    hex::decode(text.replace(' ', "")).unwrap()
}

pub fn upper(bytes: &[u8]) -> String {
    hex::encode_upper(bytes)
}

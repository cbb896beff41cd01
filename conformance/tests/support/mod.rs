//! Shared by the vector tests: the data files of `vectors/`, OpenSSL as second opinion, SM2 from the textbook.
#![allow(dead_code, reason = "each test binary uses a part of it")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

pub mod issued;
pub mod openssl;
pub mod textbook_sm2;

use serde_json::Value;
use std::path::PathBuf;

/// A file of the `vectors/` folder.
pub fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../vectors").join(name)
}

/// Loads one data file; every file names its source and how it was made.
pub fn load(name: &str) -> Value {
    let text = std::fs::read_to_string(path(name)).unwrap_or_else(|e| panic!("{name}: {e}"));
    let value: Value = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{name}: {e}"));
    for field in ["source", "made"] {
        assert!(
            value[field].as_str().is_some_and(|s| !s.is_empty()),
            "{name} does not tell its {field}"
        );
    }
    value
}

/// The text of a field.
pub fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field]
        .as_str()
        .unwrap_or_else(|| panic!("no text {field} in {value}"))
}

/// The bytes of a field in hexadecimal.
pub fn bytes(value: &Value, field: &str) -> Vec<u8> {
    hex::decode(text(value, field)).unwrap_or_else(|e| panic!("{field}: {e}"))
}

/// The elements of a list.
pub fn list<'a>(value: &'a Value, field: &str) -> &'a [Value] {
    let list = value[field].as_array().unwrap_or_else(|| panic!("no list {field}"));
    assert!(!list.is_empty(), "{field} is empty");
    list
}

/// Bytes that look random and are the same in every run: SM3 in counter mode over a label.
pub struct Seeded {
    label: String,
    counter: u64,
}

impl Seeded {
    /// Starts a sequence of its own for each label.
    pub fn new(label: &str) -> Self {
        Self {
            label: label.to_owned(),
            counter: 0,
        }
    }

    /// The next `count` bytes.
    pub fn bytes(&mut self, count: usize) -> Vec<u8> {
        use sm3::Digest;
        let mut out = Vec::new();
        while out.len() < count {
            out.extend_from_slice(&sm3::Sm3::digest(format!("{} {}", self.label, self.counter)));
            self.counter += 1;
        }
        out.truncate(count);
        out
    }

    /// The next bytes as an array.
    pub fn array<const N: usize>(&mut self) -> [u8; N] {
        self.bytes(N).try_into().unwrap()
    }
}

/// xorshift: repeatable challenges for a card under test.
pub struct Entropy(pub u64);

impl rand_core::TryRng for Entropy {
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

//! ENVELOPEDKEYBLOB of GM/T 0016: an encryption key pair on its way from a certification authority into a card.
//!
//! The private key is encrypted under an SM4 key (ECB), the SM4 key under the card's signing key (SM2). All fields of a C
//! structure stand one after another: numbers of four bytes, little endian, and curve values in 64 bytes, right aligned
//! (`spec/commands.md` §8 has the offsets).

use super::error::FormatError;
use card_model::crypto::{Algorithm, encrypt_blocks};
use card_model::secret::Key;
use card_model::sm2::{CIPHER_OVERHEAD, PrivateKey, PublicKey};
use rand_core::Rng;
use zeroize::Zeroizing;

/// Version of the structure.
const VERSION: u32 = 1;
/// SGD_SM4_ECB of GM/T 0006.
pub const SM4_ECB: u32 = 0x0000_0401;
/// Bits of an SM2 key.
const BITS: u32 = 256;
/// Bytes of a curve value in the structure.
const FIELD: usize = 64;
/// Bytes of the SM4 key.
const SESSION_KEY: usize = 16;

/// Offsets of the fields in bytes.
mod offset {
    pub const VERSION: usize = 0;
    pub const ALGORITHM: usize = 4;
    pub const BITS: usize = 8;
    pub const PRIVATE: usize = 12;
    pub const PUBLIC_BITS: usize = 76;
    pub const PUBLIC_X: usize = 80;
    pub const PUBLIC_Y: usize = 144;
    pub const CIPHER_X: usize = 208;
    pub const CIPHER_Y: usize = 272;
    pub const HASH: usize = 336;
    pub const CIPHER_LENGTH: usize = 368;
    pub const CIPHER: usize = 372;
}

/// Bytes of the structure with a cipher text of 16 bytes.
pub const LENGTH: usize = offset::CIPHER + SESSION_KEY;

/// An encryption key pair as the card imports it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnvelopedKey {
    /// The public key.
    pub public: PublicKey,
    /// The private key, encrypted under the SM4 key.
    pub private: [u8; 32],
    /// The SM4 key under the card's signing key: `X ‖ Y ‖ C3 ‖ C2`.
    pub envelope: Vec<u8>,
}

impl EnvelopedKey {
    /// Packs a key pair for the card whose signing key is `recipient`.
    ///
    /// # Errors
    /// Useless entropy.
    pub fn seal(pair: &PrivateKey, recipient: &PublicKey, entropy: &mut dyn Rng) -> Result<Self, FormatError> {
        let mut session = Zeroizing::new([0; SESSION_KEY]);
        entropy.fill_bytes(session.as_mut());
        let mut private = *pair.expose();
        encrypt_blocks(Algorithm::Sm4, &Key::from(*session), &mut private);
        Ok(Self {
            public: pair.public_key(),
            private,
            envelope: recipient.encrypt(session.as_ref(), entropy)?,
        })
    }

    /// Reads the structure.
    ///
    /// # Errors
    /// Another length, version or algorithm, or a public key that is none.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, FormatError> {
        if bytes.len() != LENGTH {
            return Err(FormatError::Blob);
        }
        let number = |at: usize| {
            bytes[at..at + 4]
                .iter()
                .rev()
                .fold(0u32, |n, byte| n << 8 | u32::from(*byte))
        };
        let known = [
            (offset::VERSION, VERSION),
            (offset::ALGORITHM, SM4_ECB),
            (offset::BITS, BITS),
            (offset::PUBLIC_BITS, BITS),
            (offset::CIPHER_LENGTH, 16),
        ];
        if known.iter().any(|(at, expected)| number(*at) != *expected) {
            return Err(FormatError::Blob);
        }
        let value = |at: usize| &bytes[at + FIELD - 32..at + FIELD];
        let public = PublicKey::from_bytes(&[value(offset::PUBLIC_X), value(offset::PUBLIC_Y)].concat())?;
        let mut private = [0; 32];
        private.copy_from_slice(value(offset::PRIVATE));
        let envelope = [
            value(offset::CIPHER_X),
            value(offset::CIPHER_Y),
            &bytes[offset::HASH..offset::HASH + 32],
            &bytes[offset::CIPHER..],
        ];
        Ok(Self {
            public,
            private,
            envelope: envelope.concat(),
        })
    }

    /// The structure. The private key stands in the right half of its field, the left half is 00.
    ///
    /// # Errors
    /// The envelope holds no key of 16 bytes.
    pub fn to_bytes(&self) -> Result<Vec<u8>, FormatError> {
        if self.envelope.len() != CIPHER_OVERHEAD + SESSION_KEY {
            return Err(FormatError::Blob);
        }
        let mut bytes = vec![0; LENGTH];
        let mut put = |at: usize, value: &[u8]| bytes[at..at + value.len()].copy_from_slice(value);
        for (at, number) in [
            (offset::VERSION, VERSION),
            (offset::ALGORITHM, SM4_ECB),
            (offset::BITS, BITS),
            (offset::PUBLIC_BITS, BITS),
            (offset::CIPHER_LENGTH, 16),
        ] {
            put(at, &number.to_le_bytes());
        }
        let public = self.public.to_bytes();
        for (at, value) in [
            (offset::PRIVATE, &self.private[..]),
            (offset::PUBLIC_X, &public[..32]),
            (offset::PUBLIC_Y, &public[32..]),
            (offset::CIPHER_X, &self.envelope[..32]),
            (offset::CIPHER_Y, &self.envelope[32..64]),
        ] {
            put(at + FIELD - 32, value);
        }
        put(offset::HASH, &self.envelope[64..96]);
        put(offset::CIPHER, &self.envelope[96..]);
        Ok(bytes)
    }
}

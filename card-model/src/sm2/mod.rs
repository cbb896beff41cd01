//! SM2 on the curve sm2p256v1: keys, signatures (GB/T 32918.2) and encryption (GB/T 32918.4), with entropy as a parameter.
//!
//! Points and numbers come from RustCrypto `sm2`; the random number k is drawn here from the entropy that the caller gives,
//! so that the standard's examples and every run of a card can be repeated. Public keys, signatures and cipher texts are the
//! raw forms of the card (`spec/commands.md` §1.5): `X ‖ Y`, `r ‖ s`, and `X ‖ Y ‖ C3 ‖ C2` without the prefix 04.

mod encryption;
mod signature;

pub use encryption::CIPHER_OVERHEAD;
pub use signature::{SIGNATURE, Signature};

use ::sm2::elliptic_curve::Group;
use ::sm2::elliptic_curve::sec1::ToSec1Point;
use ::sm2::{FieldBytes, NonZeroScalar, ProjectivePoint, Scalar};
use rand_core::Rng;
use sm3::{Digest, Sm3};
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, Zeroizing};

/// Bytes of a public key `X ‖ Y`.
pub const PUBLIC_KEY: usize = 64;

/// Bytes of a private key.
pub const PRIVATE_KEY: usize = 32;

/// The identifier that signers use where none is agreed upon (GM/T 0009 §10).
pub const DEFAULT_ID: &[u8] = b"1234567812345678";

/// Draws until a source of entropy counts as broken. A good one needs a second draw once in 2³² times.
const DRAWS: usize = 64;

/// Parameters a, b, Gx, Gy of the curve, as ZA takes them in.
const CURVE: [[u8; 32]; 4] = [
    hex32(b"FFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFC"),
    hex32(b"28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93"),
    hex32(b"32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7"),
    hex32(b"BC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0"),
];

/// Why an SM2 operation gave nothing. Never tells anything about a private key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Sm2Error {
    /// Coordinates that are no point of the curve.
    #[error("the coordinates are no point of the SM2 curve")]
    Point,
    /// A number outside of 1 … n−2.
    #[error("the number is no SM2 private key")]
    PrivateKey,
    /// r or s outside of 1 … n−1, or not 64 bytes.
    #[error("the bytes are no SM2 signature")]
    Signature,
    /// A cipher text that is too short or was not made for this key.
    #[error("the bytes are no SM2 cipher text for this key")]
    CipherText,
    /// Nothing to encrypt.
    #[error("SM2 encrypts at least one byte")]
    Empty,
    /// The source of entropy repeats itself.
    #[error("the source of entropy gives no usable number")]
    Entropy,
}

/// A public key: a point of the curve that is not the point at infinity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PublicKey {
    point: ::sm2::PublicKey,
}

impl PublicKey {
    /// Takes `X ‖ Y`.
    ///
    /// # Errors
    /// Another length, or no point of the curve.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Sm2Error> {
        if bytes.len() != PUBLIC_KEY {
            return Err(Sm2Error::Point);
        }
        let mut sec1 = [4; PUBLIC_KEY + 1];
        sec1[1..].copy_from_slice(bytes);
        let point = ::sm2::PublicKey::from_sec1_bytes(&sec1).map_err(|_| Sm2Error::Point)?;
        Ok(Self { point })
    }

    /// `X ‖ Y`.
    pub fn to_bytes(&self) -> [u8; PUBLIC_KEY] {
        coordinates(&self.point.to_projective())
    }

    /// `04 ‖ X ‖ Y`, as X.509 has it.
    pub fn to_sec1_bytes(&self) -> [u8; PUBLIC_KEY + 1] {
        let mut sec1 = [4; PUBLIC_KEY + 1];
        sec1[1..].copy_from_slice(&self.to_bytes());
        sec1
    }

    /// ZA: hash over identifier, curve and this key. An identifier of more than 8191 bytes is cut.
    pub fn z(&self, id: &[u8]) -> [u8; 32] {
        let id = &id[..id.len().min(8191)];
        let bits = u16::try_from(id.len() * 8).unwrap_or(u16::MAX);
        let mut hash = Sm3::new();
        hash.update(bits.to_be_bytes());
        hash.update(id);
        CURVE.iter().for_each(|parameter| hash.update(parameter));
        hash.update(self.to_bytes());
        hash.finalize().into()
    }

    /// e = SM3(ZA ‖ message): what is signed.
    pub fn digest(&self, id: &[u8], message: &[u8]) -> [u8; 32] {
        let mut hash = Sm3::new();
        hash.update(self.z(id));
        hash.update(message);
        hash.finalize().into()
    }
}

/// A private key: a number from 1 to n−2. Wiped on drop, not shown by `Debug`.
#[derive(Clone)]
pub struct PrivateKey {
    scalar: NonZeroScalar,
}

impl PrivateKey {
    /// Draws a key.
    ///
    /// # Errors
    /// Useless entropy.
    pub fn generate(entropy: &mut dyn Rng) -> Result<Self, Sm2Error> {
        for _ in 0..DRAWS {
            let mut bytes = Zeroizing::new([0; PRIVATE_KEY]);
            entropy.fill_bytes(bytes.as_mut());
            if let Ok(key) = Self::from_bytes(&bytes) {
                return Ok(key);
            }
        }
        Err(Sm2Error::Entropy)
    }

    /// Takes 32 bytes, big endian.
    ///
    /// # Errors
    /// A number outside of 1 … n−2.
    pub fn from_bytes(bytes: &[u8; PRIVATE_KEY]) -> Result<Self, Sm2Error> {
        let scalar = number(bytes).ok_or(Sm2Error::PrivateKey)?;
        // With d = n−1 the inverse of 1 + d in a signature does not exist.
        if bool::from((*scalar + Scalar::ONE).ct_eq(&Scalar::ZERO)) {
            return Err(Sm2Error::PrivateKey);
        }
        Ok(Self { scalar })
    }

    /// The 32 bytes; the caller must not print or keep them.
    pub fn expose(&self) -> Zeroizing<[u8; PRIVATE_KEY]> {
        let mut bytes = Zeroizing::new([0; PRIVATE_KEY]);
        bytes.copy_from_slice(&self.scalar.to_bytes());
        bytes
    }

    /// The public key that belongs to it.
    pub fn public_key(&self) -> PublicKey {
        PublicKey {
            point: ::sm2::PublicKey::from_secret_scalar(&self.scalar),
        }
    }
}

impl core::fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("PrivateKey(hidden)")
    }
}

impl Drop for PrivateKey {
    fn drop(&mut self) {
        self.scalar.zeroize();
    }
}

/// SM3 of a byte string.
pub fn sm3(data: &[u8]) -> [u8; 32] {
    Sm3::digest(data).into()
}

/// A number from 1 to n−1.
fn number(bytes: &[u8; 32]) -> Option<NonZeroScalar> {
    NonZeroScalar::try_from(bytes.as_slice()).ok()
}

/// Draws k from 1 to n−1: 32 bytes of entropy, again if they are no such number.
fn draw(entropy: &mut dyn Rng) -> Option<NonZeroScalar> {
    let mut bytes = Zeroizing::new([0; 32]);
    entropy.fill_bytes(bytes.as_mut());
    number(&bytes)
}

/// `X ‖ Y` of a point; zeros for the point at infinity.
fn coordinates(point: &ProjectivePoint) -> [u8; PUBLIC_KEY] {
    let sec1 = point.to_affine().to_sec1_point(false);
    let mut bytes = [0; PUBLIC_KEY];
    if let Some(xy) = sec1.as_bytes().get(1..=PUBLIC_KEY) {
        bytes.copy_from_slice(xy);
    }
    bytes
}

/// `[k]G`.
fn generator_times(k: &Scalar) -> ProjectivePoint {
    ProjectivePoint::mul_by_generator(k)
}

/// The first coordinate as bytes.
fn first_coordinate(point: &ProjectivePoint) -> FieldBytes {
    let xy = coordinates(point);
    let mut x = FieldBytes::default();
    x.copy_from_slice(&xy[..32]);
    x
}

const fn hex32(digits: &[u8; 64]) -> [u8; 32] {
    let mut bytes = [0; 32];
    let mut i = 0;
    while i < 32 {
        bytes[i] = nibble(digits[2 * i]) << 4 | nibble(digits[2 * i + 1]);
        i += 1;
    }
    bytes
}

const fn nibble(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        _ => digit - b'A' + 10,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hex_literal::hex;
    use proptest::prelude::*;
    use rand_core::TryRng;

    /// Entropy that is given beforehand; zeros after its end.
    pub(super) struct Given(pub Vec<u8>);

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

    /// GB/T 32918.5, as printed in `spec/conformance.md` §4.12.
    pub(super) const D: [u8; 32] = hex!("3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8");
    pub(super) const K: [u8; 32] = hex!("59276E27D506861A16680F3AD9C02DCCEF3CC1FA3CDBE4CE6D54B80DEAC1BC21");

    #[test]
    fn example_key_and_za() {
        let key = PrivateKey::from_bytes(&D).unwrap().public_key();
        let xy = hex!(
            "09F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020"
            "CCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13"
        );
        assert_eq!(key.to_bytes(), xy);
        assert_eq!(PublicKey::from_bytes(&xy), Ok(key));
        assert_eq!(
            key.z(DEFAULT_ID),
            hex!("B2E14C5C79C6DF5B85F4FE7ED8DB7A262B9DA7E07CCB0EA9F4747B8CCDA8A4F3")
        );
        assert_eq!(
            key.digest(DEFAULT_ID, b"message digest"),
            hex!("F0B43E94BA45ACCAACE692ED534382EB17E6AB5A19CE7B31F4486FDFC0D28640")
        );
    }

    #[test]
    fn numbers_out_of_range_are_no_keys() {
        let n = hex!("FFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123");
        let mut below = n;
        below[31] -= 1;
        assert_eq!(PrivateKey::from_bytes(&n).unwrap_err(), Sm2Error::PrivateKey);
        assert_eq!(
            PrivateKey::from_bytes(&below).unwrap_err(),
            Sm2Error::PrivateKey,
            "n − 1"
        );
        below[31] -= 1;
        assert!(PrivateKey::from_bytes(&below).is_ok(), "n − 2");
        assert_eq!(PrivateKey::from_bytes(&[0; 32]).unwrap_err(), Sm2Error::PrivateKey);
    }

    #[test]
    fn broken_entropy_ends() {
        assert_eq!(PrivateKey::generate(&mut Given(vec![])).unwrap_err(), Sm2Error::Entropy);
        let key = PrivateKey::from_bytes(&D).unwrap();
        assert_eq!(key.sign(&[1; 32], &mut Given(vec![])), Err(Sm2Error::Entropy));
        let cipher = key.public_key().encrypt(b"text", &mut Given(vec![]));
        assert_eq!(cipher, Err(Sm2Error::Entropy));
    }

    #[test]
    fn debug_shows_nothing() {
        let key = PrivateKey::from_bytes(&D).unwrap();
        assert_eq!(format!("{key:?}"), "PrivateKey(hidden)");
    }

    proptest! {
        #[test]
        fn any_coordinates(bytes in proptest::collection::vec(any::<u8>(), 0..70)) {
            if let Ok(key) = PublicKey::from_bytes(&bytes) {
                prop_assert_eq!(key.to_bytes().to_vec(), bytes);
            }
        }
    }
}

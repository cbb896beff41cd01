//! Encryption (GB/T 32918.4 §6, §7) in the order C1 ‖ C3 ‖ C2 of the current standard, C1 without the prefix 04.

use super::{DRAWS, PUBLIC_KEY, PrivateKey, PublicKey, Sm2Error, coordinates, draw, generator_times};
use crate::secret::equal;
use rand_core::Rng;
use sm3::{Digest, Sm3};
use zeroize::Zeroizing;

/// Bytes that a cipher text has more than its plain text: the point C1 and the hash C3.
pub const CIPHER_OVERHEAD: usize = PUBLIC_KEY + 32;

impl PublicKey {
    /// Encrypts at least one byte; k comes from `entropy`. The result is `X ‖ Y ‖ C3 ‖ C2`.
    ///
    /// # Errors
    /// Nothing to encrypt, or useless entropy.
    pub fn encrypt(&self, plain: &[u8], entropy: &mut dyn Rng) -> Result<Vec<u8>, Sm2Error> {
        if plain.is_empty() {
            return Err(Sm2Error::Empty);
        }
        for _ in 0..DRAWS {
            let Some(k) = draw(entropy) else { continue };
            let k = Zeroizing::new(*k);
            let shared = Zeroizing::new(coordinates(&(self.point.to_projective() * *k)));
            let Some(masked) = mask(&shared, plain) else { continue };
            let mut cipher = Vec::with_capacity(CIPHER_OVERHEAD + plain.len());
            cipher.extend_from_slice(&coordinates(&generator_times(&k)));
            cipher.extend_from_slice(&check(&shared, plain));
            cipher.extend_from_slice(&masked);
            return Ok(cipher);
        }
        Err(Sm2Error::Entropy)
    }
}

impl PrivateKey {
    /// Decrypts `X ‖ Y ‖ C3 ‖ C2`.
    ///
    /// # Errors
    /// Too short, C1 is no point of the curve, or C3 does not fit.
    pub fn decrypt(&self, cipher: &[u8]) -> Result<Zeroizing<Vec<u8>>, Sm2Error> {
        let (c1, rest) = cipher.split_at_checked(PUBLIC_KEY).ok_or(Sm2Error::CipherText)?;
        let (c3, c2) = rest.split_at_checked(32).ok_or(Sm2Error::CipherText)?;
        let c1 = PublicKey::from_bytes(c1).map_err(|_| Sm2Error::CipherText)?;
        let shared = Zeroizing::new(coordinates(&(c1.point.to_projective() * *self.scalar)));
        let plain = mask(&shared, c2)
            .filter(|plain| !plain.is_empty())
            .ok_or(Sm2Error::CipherText)?;
        if equal(&check(&shared, &plain), c3) {
            Ok(plain)
        } else {
            Err(Sm2Error::CipherText)
        }
    }
}

/// Data XOR KDF(x2 ‖ y2); `None` if the key stream is all zero.
fn mask(shared: &[u8; PUBLIC_KEY], data: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let mut masked = Zeroizing::new(data.to_vec());
    let mut stream_is_zero = true;
    for (counter, chunk) in (1u32..).zip(masked.chunks_mut(32)) {
        let mut hash = Sm3::new();
        hash.update(shared);
        hash.update(counter.to_be_bytes());
        for (byte, stream) in chunk.iter_mut().zip(hash.finalize()) {
            stream_is_zero &= stream == 0;
            *byte ^= stream;
        }
    }
    (!stream_is_zero || data.is_empty()).then_some(masked)
}

/// C3 = SM3(x2 ‖ plain ‖ y2).
fn check(shared: &[u8; PUBLIC_KEY], plain: &[u8]) -> [u8; 32] {
    let mut hash = Sm3::new();
    hash.update(&shared[..32]);
    hash.update(plain);
    hash.update(&shared[32..]);
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::super::tests::{D, Given, K};
    use super::*;
    use hex_literal::hex;
    use proptest::prelude::*;

    #[test]
    fn example_cipher_text_with_its_k() {
        let key = PrivateKey::from_bytes(&D).unwrap();
        let cipher = key
            .public_key()
            .encrypt(b"encryption standard", &mut Given(K.to_vec()))
            .unwrap();
        let expected = hex!(
            "04EBFC718E8D1798620432268E77FEB6415E2EDE0E073C0F4F640ECD2E149A73"
            "E858F9D81E5430A57B36DAAB8F950A3C64E6EE6A63094D99283AFF767E124DF0"
            "59983C18F809E262923C53AEC295D30383B54E39D609D160AFCB1908D0BD8766"
            "21886CA989CA9C7D58087307CA93092D651EFA"
        );
        assert_eq!(cipher, expected);
        assert_eq!(key.decrypt(&cipher).unwrap().as_slice(), b"encryption standard");
    }

    proptest! {
        #[test]
        fn any_bytes_are_refused_or_decrypted(bytes in proptest::collection::vec(any::<u8>(), 0..120)) {
            let key = PrivateKey::from_bytes(&D).unwrap();
            prop_assert_eq!(key.decrypt(&bytes), Err(Sm2Error::CipherText));
        }

        #[test]
        fn there_and_back(plain in proptest::collection::vec(any::<u8>(), 1..100), k in any::<[u8; 32]>(), bit in any::<usize>()) {
            let key = PrivateKey::from_bytes(&D).unwrap();
            let Ok(mut cipher) = key.public_key().encrypt(&plain, &mut Given(k.to_vec())) else { return Ok(()) };
            prop_assert_eq!(key.decrypt(&cipher).unwrap().to_vec(), plain);
            let bit = bit % (cipher.len() * 8);
            cipher[bit / 8] ^= 1 << (bit % 8);
            prop_assert_eq!(key.decrypt(&cipher), Err(Sm2Error::CipherText));
        }
    }
}

//! Signatures (GB/T 32918.2 §6, §7).

use super::{DRAWS, PrivateKey, PublicKey, Sm2Error, draw, first_coordinate, generator_times};
use ::sm2::elliptic_curve::PrimeField;
use ::sm2::elliptic_curve::ops::Reduce;
use ::sm2::{FieldBytes, Scalar, U256};
use rand_core::Rng;
use zeroize::Zeroizing;

/// Bytes of a signature `r ‖ s`.
pub const SIGNATURE: usize = 64;

/// A signature whose numbers are in range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signature {
    bytes: [u8; SIGNATURE],
}

impl Signature {
    /// Takes `r ‖ s`.
    ///
    /// # Errors
    /// Another length, or a number outside of 1 … n−1.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Sm2Error> {
        let bytes: [u8; SIGNATURE] = bytes.try_into().map_err(|_| Sm2Error::Signature)?;
        ::sm2::dsa::Signature::from_slice(&bytes).map_err(|_| Sm2Error::Signature)?;
        Ok(Self { bytes })
    }

    /// Takes `SEQUENCE { r, s }`, as X.509 and OpenSSL have it.
    ///
    /// # Errors
    /// No such structure, or a number outside of 1 … n−1.
    pub fn from_der(der: &[u8]) -> Result<Self, Sm2Error> {
        let signature = ::sm2::dsa::Signature::from_der(der).map_err(|_| Sm2Error::Signature)?;
        Self::from_bytes(&signature.to_vec())
    }

    /// `r ‖ s`.
    pub fn to_bytes(&self) -> [u8; SIGNATURE] {
        self.bytes
    }

    /// `SEQUENCE { r, s }`.
    pub fn to_der(&self) -> Vec<u8> {
        let (r, s) = self.bytes.split_at(SIGNATURE / 2);
        let mut inner = Vec::with_capacity(70);
        for number in [r, s] {
            let zeros = number
                .iter()
                .take_while(|byte| **byte == 0)
                .count()
                .min(number.len() - 1);
            let number = &number[zeros..];
            // A leading bit would make the number negative.
            let sign = number[0] >> 7;
            // At most 33 bytes each: lengths stay in one byte.
            inner.extend([0x02, number.len() as u8 + sign]);
            inner.resize(inner.len() + usize::from(sign), 0);
            inner.extend_from_slice(number);
        }
        let mut der = vec![0x30, inner.len() as u8];
        der.append(&mut inner);
        der
    }
}

impl PrivateKey {
    /// Signs e = SM3(ZA ‖ message); k comes from `entropy`.
    ///
    /// # Errors
    /// Useless entropy.
    pub fn sign(&self, digest: &[u8; 32], entropy: &mut dyn Rng) -> Result<Signature, Sm2Error> {
        let e = reduce(digest);
        let d: &Scalar = &self.scalar;
        // 1 + d has an inverse: n−1 is no private key here.
        let inverse = Zeroizing::new(Option::<Scalar>::from((*d + Scalar::ONE).invert()).ok_or(Sm2Error::PrivateKey)?);
        for _ in 0..DRAWS {
            let Some(k) = draw(entropy) else { continue };
            let k = Zeroizing::new(*k);
            let r = e + <Scalar as Reduce<FieldBytes>>::reduce(&first_coordinate(&generator_times(&k)));
            if bool::from(r.is_zero() | (r + *k).is_zero()) {
                continue;
            }
            let s = *inverse * (*k - r * d);
            let mut bytes = [0; SIGNATURE];
            bytes[..32].copy_from_slice(&r.to_repr());
            bytes[32..].copy_from_slice(&s.to_repr());
            if let Ok(signature) = Signature::from_bytes(&bytes) {
                return Ok(signature);
            }
        }
        Err(Sm2Error::Entropy)
    }
}

impl PublicKey {
    /// Whether `signature` is this key's over e = SM3(ZA ‖ message).
    pub fn verify(&self, digest: &[u8; 32], signature: &Signature) -> bool {
        use ::sm2::dsa::signature::hazmat::PrehashVerifier;
        // The identifier is in the digest already; it has no part in what follows.
        let key = ::sm2::dsa::VerifyingKey::new("", self.point);
        let signature = ::sm2::dsa::Signature::from_slice(&signature.bytes);
        match (key, signature) {
            (Ok(key), Ok(signature)) => key.verify_prehash(digest, &signature).is_ok(),
            _ => false,
        }
    }
}

fn reduce(digest: &[u8; 32]) -> Scalar {
    <Scalar as Reduce<U256>>::reduce(&U256::from_be_slice(digest))
}

#[cfg(test)]
mod tests {
    use super::super::DEFAULT_ID;
    use super::super::tests::{D, Given, K};
    use super::*;
    use hex_literal::hex;
    use proptest::prelude::*;

    #[test]
    fn example_signature_with_its_k() {
        let key = PrivateKey::from_bytes(&D).unwrap();
        let digest = key.public_key().digest(DEFAULT_ID, b"message digest");
        let signature = key.sign(&digest, &mut Given(K.to_vec())).unwrap();
        let expected = hex!(
            "F5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3"
            "B1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA"
        );
        assert_eq!(signature.to_bytes(), expected);
        assert!(key.public_key().verify(&digest, &signature));
        assert!(!key.public_key().verify(&[7; 32], &signature));
    }

    #[test]
    fn der_of_numbers_with_leading_zeros_and_leading_ones() {
        let mut bytes = [0; 64];
        bytes[31] = 0x80;
        bytes[40] = 0x01;
        let signature = Signature::from_bytes(&bytes).unwrap();
        let der = signature.to_der();
        assert_eq!(der[..6], hex!("301E 0202 0080"));
        assert_eq!(Signature::from_der(&der), Ok(signature));
        let rustcrypto = ::sm2::dsa::Signature::from_slice(&bytes).unwrap();
        assert_eq!(der, rustcrypto.to_der().as_bytes());
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_signature_or_not(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            if let Ok(signature) = Signature::from_bytes(&bytes) {
                prop_assert_eq!(Signature::from_der(&signature.to_der()), Ok(signature));
            }
            let _ = Signature::from_der(&bytes);
        }

        #[test]
        fn signed_is_verified(d in any::<[u8; 32]>(), k in any::<[u8; 32]>(), digest in any::<[u8; 32]>(), bit in 0..512usize) {
            let Ok(key) = PrivateKey::from_bytes(&d) else { return Ok(()) };
            let Ok(signature) = key.sign(&digest, &mut Given(k.to_vec())) else { return Ok(()) };
            prop_assert!(key.public_key().verify(&digest, &signature));
            let mut bytes = signature.to_bytes();
            bytes[bit / 8] ^= 1 << (bit % 8);
            if let Ok(other) = Signature::from_bytes(&bytes) {
                prop_assert!(!key.public_key().verify(&digest, &other));
            }
        }
    }
}

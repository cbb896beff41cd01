//! SM2 cipher texts in DER, as GM/T 0009 and OpenSSL have them: `SEQUENCE { x, y, hash, cipher }`. The card's own form is
//! `X ‖ Y ‖ C3 ‖ C2`.

use super::error::FormatError;
use card_model::sm2::{CIPHER_OVERHEAD, Sm2Error};
use der::asn1::{OctetStringRef, UintRef};
use der::{Decode, Encode, Sequence};

/// `SM2Cipher` of GM/T 0009 §7.2.
#[derive(Sequence)]
struct Cipher<'a> {
    x: UintRef<'a>,
    y: UintRef<'a>,
    hash: &'a OctetStringRef,
    cipher: &'a OctetStringRef,
}

/// The DER form of `X ‖ Y ‖ C3 ‖ C2`.
///
/// # Errors
/// Too short for a cipher text.
pub fn to_der(cipher: &[u8]) -> Result<Vec<u8>, FormatError> {
    let short = FormatError::Sm2(Sm2Error::CipherText);
    if cipher.len() <= CIPHER_OVERHEAD {
        return Err(short);
    }
    let parts = || -> der::Result<Vec<u8>> {
        let structure = Cipher {
            x: UintRef::new(&cipher[..32])?,
            y: UintRef::new(&cipher[32..64])?,
            hash: OctetStringRef::new(&cipher[64..96])?,
            cipher: OctetStringRef::new(&cipher[96..])?,
        };
        structure.to_der()
    };
    parts().map_err(|_| short)
}

/// `X ‖ Y ‖ C3 ‖ C2` of the DER form; bytes that are no such structure come back as they are, if they are long enough to be
/// that form already.
///
/// # Errors
/// Neither form.
pub fn from_bytes(bytes: &[u8]) -> Result<Vec<u8>, FormatError> {
    let short = FormatError::Sm2(Sm2Error::CipherText);
    let Ok(structure) = Cipher::from_der(bytes) else {
        return if bytes.len() > CIPHER_OVERHEAD {
            Ok(bytes.to_vec())
        } else {
            Err(short)
        };
    };
    let mut cipher = Vec::with_capacity(bytes.len());
    for number in [structure.x, structure.y] {
        let number = number.as_bytes();
        let zeros = 32usize
            .checked_sub(number.len())
            .ok_or(FormatError::Sm2(Sm2Error::CipherText))?;
        cipher.resize(cipher.len() + zeros, 0);
        cipher.extend_from_slice(number);
    }
    if structure.hash.as_bytes().len() != 32 {
        return Err(short);
    }
    cipher.extend_from_slice(structure.hash.as_bytes());
    cipher.extend_from_slice(structure.cipher.as_bytes());
    Ok(cipher)
}

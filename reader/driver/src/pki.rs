//! The digital certificate functions (LD/T 6001.5-2023 chapter 7), of which two signatures are public; names and parameters of
//! the envelope pair and the sizes are ours. What they do stands in `reader::driver`.

use crate::global::with;
use crate::text::{End, answer, answer_bytes, optional, take};
use core::ffi::{c_char, c_int, c_long};
use reader::driver::{Digits, Failure, ReturnCode};

/// Sizes of strings, in bytes with their NUL.
const PIN: usize = 17;
const CERTIFICATE: usize = 1024 * 8;
const SIGNATURE: usize = 1024;
const DATA: usize = 1024 * 20;

/// The PIN of a function that cannot do without one.
fn needed(pin: Result<Option<Digits>, Failure>) -> Result<Digits, Failure> {
    pin?.ok_or_else(|| Failure::because(ReturnCode::PARAMETER, "pUserPin为空指针", "pUserPin is NULL"))
}

/// Signs pInData with the signature key of the card. Gives 128 characters of hex and |. Sizes in bytes: pUserPin 17, pInData 20480, pOutInfo 1024.
///
/// # Safety
/// Each pointer is NULL or points to as many bytes as the sizes say; strings that come in end earlier with NUL.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn PKI_SignData(
    pUserPin: *const c_char,
    pInData: *const c_char,
    iType: c_int,
    pOutInfo: *mut c_char,
) -> c_long {
    // SAFETY: the caller's promise about pUserPin.
    let pUserPin = unsafe { optional("pUserPin", pUserPin, PIN) };
    // SAFETY: the caller's promise about pInData.
    let pInData = unsafe { take("pInData", pInData, DATA, End::Nul) };
    let work = || with(|driver, _| driver.pki_sign_data(&needed(pUserPin)?, &pInData?, iType));
    // SAFETY: the caller's promise about pOutInfo.
    unsafe { answer(pOutInfo, SIGNATURE, work) }
}

/// Whether pSignature over pClearText is that of the certificate's key. pUserPin may be NULL; an empty pCert means the card's
/// own certificate. Sizes in bytes: pUserPin 17, pCert 8192, pClearText 20480, pSignature 1024, pOutInfo 1024.
///
/// # Safety
/// Each pointer is NULL or points to as many bytes as the sizes say; strings that come in end earlier with NUL.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn PKI_VerifySign(
    pUserPin: *const c_char,
    pCert: *const c_char,
    pClearText: *const c_char,
    pSignature: *const c_char,
    iType: c_int,
    pOutInfo: *mut c_char,
) -> c_long {
    // SAFETY: the caller's promise about pUserPin.
    let pUserPin = unsafe { optional("pUserPin", pUserPin, PIN) };
    // SAFETY: the caller's promise about pCert.
    let pCert = unsafe { take("pCert", pCert, CERTIFICATE, End::Nul) };
    // SAFETY: the caller's promise about pClearText.
    let pClearText = unsafe { take("pClearText", pClearText, DATA, End::Nul) };
    // SAFETY: the caller's promise about pSignature.
    let pSignature = unsafe { take("pSignature", pSignature, SIGNATURE, End::Nul) };
    let work = || {
        with(|driver, encoding| {
            let pin = pUserPin?.unwrap_or_default();
            let (certificate, signature) = (encoding.decode(&pCert?)?, encoding.decode(&pSignature?)?);
            driver.pki_verify_sign(&pin, &certificate, &pClearText?, &signature, iType)
        })
    };
    // SAFETY: the caller's promise about pOutInfo.
    unsafe { answer(pOutInfo, SIGNATURE, work) }
}

/// Puts pInData into a digital envelope for the holder of the certificate. Gives hex and |; about 9700 bytes of data fit. pUserPin
/// may be NULL; an empty pCert means the card's own certificate. The name is ours. Sizes in bytes: pUserPin 17, pCert 8192, pInData 20480, pOutInfo 20480.
///
/// # Safety
/// Each pointer is NULL or points to as many bytes as the sizes say; strings that come in end earlier with NUL.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn PKI_SealEnvelope(
    pUserPin: *const c_char,
    pCert: *const c_char,
    pInData: *const c_char,
    iType: c_int,
    pOutInfo: *mut c_char,
) -> c_long {
    // SAFETY: the caller's promise about pUserPin.
    let pUserPin = unsafe { optional("pUserPin", pUserPin, PIN) };
    // SAFETY: the caller's promise about pCert.
    let pCert = unsafe { take("pCert", pCert, CERTIFICATE, End::Nul) };
    // SAFETY: the caller's promise about pInData.
    let pInData = unsafe { take("pInData", pInData, DATA, End::Nul) };
    let work = || {
        with(|driver, encoding| {
            let pin = pUserPin?.unwrap_or_default();
            let certificate = encoding.decode(&pCert?)?;
            driver.pki_seal_envelope(&pin, &certificate, &pInData?, iType)
        })
    };
    // SAFETY: the caller's promise about pOutInfo.
    unsafe { answer(pOutInfo, DATA, work) }
}

/// Opens a digital envelope with the encryption key of the card; gives the data as they were. The name is ours. Sizes in bytes: pUserPin 17, pEnvelope 20480, pOutInfo 20480.
///
/// # Safety
/// Each pointer is NULL or points to as many bytes as the sizes say; strings that come in end earlier with NUL.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn PKI_OpenEnvelope(
    pUserPin: *const c_char,
    pEnvelope: *const c_char,
    iType: c_int,
    pOutInfo: *mut c_char,
) -> c_long {
    // SAFETY: the caller's promise about pUserPin.
    let pUserPin = unsafe { optional("pUserPin", pUserPin, PIN) };
    // SAFETY: the caller's promise about pEnvelope.
    let pEnvelope = unsafe { take("pEnvelope", pEnvelope, DATA, End::Nul) };
    let work = || {
        with(|driver, encoding| {
            let pin = needed(pUserPin)?;
            driver.pki_open_envelope(&pin, &encoding.decode(&pEnvelope?)?, iType)
        })
    };
    // SAFETY: the caller's promise about pOutInfo.
    unsafe { answer_bytes(pOutInfo, DATA, work) }
}

/// Reads a certificate of the card: iKey 1 of the signature key, 2 of the encryption key. Gives hex and |. Not of the standard. Sizes in bytes: pOutInfo 20480.
///
/// # Safety
/// Each pointer is NULL or points to as many bytes as the sizes say; strings that come in end earlier with NUL.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn SSCardDriver_ReadCert(iKey: c_int, iType: c_int, pOutInfo: *mut c_char) -> c_long {
    let work = || with(|driver, _| driver.read_certificate(iKey, iType));
    // SAFETY: the caller's promise about pOutInfo.
    unsafe { answer(pOutInfo, DATA, work) }
}

//! The functions of the standard, each with the sizes of IF38 tables 1–23.
//!
//! Every pointer may be NULL (−14). Strings that come in are read to their NUL, at most to their size; sizes of pKey count
//! characters, so such a string may also end with its size. pOutInfo gets a NUL in any case.

use crate::global::with;
use crate::text::{End, answer, take};
use core::ffi::{c_char, c_int, c_long};

/// Reads the eleven basic items with the PSAM. Sizes in bytes: pOutInfo 1024.
///
/// # Safety
/// Each pointer is NULL or points to as many bytes as the sizes say; strings that come in may end earlier with NUL.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn iReadCardBas(iType: c_int, pOutInfo: *mut c_char) -> c_long {
    let work = || with(|driver, _| driver.read_card_bas(iType));
    // SAFETY: the caller's promise about pOutInfo.
    unsafe { answer(pOutInfo, 1024, work) }
}

/// First step of iReadCardBas with an HSM: what the HSM must know. The card stays open. Sizes in bytes: pOutInfo 1024.
///
/// # Safety
/// Each pointer is NULL or points to as many bytes as the sizes say; strings that come in may end earlier with NUL.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn iReadCardBas_HSM_Step1(iType: c_int, pOutInfo: *mut c_char) -> c_long {
    let work = || with(|driver, _| driver.read_card_bas_hsm_step1(iType));
    // SAFETY: the caller's promise about pOutInfo.
    unsafe { answer(pOutInfo, 1024, work) }
}

/// Second step of iReadCardBas with an HSM: the eleven basic items. Sizes in bytes: pKey 128, pOutInfo 1024.
///
/// # Safety
/// Each pointer is NULL or points to as many bytes as the sizes say; strings that come in may end earlier with NUL.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn iReadCardBas_HSM_Step2(pKey: *const c_char, pOutInfo: *mut c_char) -> c_long {
    // SAFETY: the caller's promise about pKey.
    let pKey = unsafe { take("pKey", pKey, 128, End::NulOrSize) };
    let work = || {
        with(|driver, encoding| {
            let pKey = encoding.decode(&pKey?)?;
            driver.read_card_bas_hsm_step2(&pKey)
        })
    };
    // SAFETY: the caller's promise about pOutInfo.
    unsafe { answer(pOutInfo, 1024, work) }
}

/// Reads files. iAuthType 1 takes the PIN and 2 the key where a file may be read with either. Sizes in bytes: pCardInfo 128, pFileAddr 1024, pOutInfo 20480.
///
/// # Safety
/// Each pointer is NULL or points to as many bytes as the sizes say; strings that come in may end earlier with NUL.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn iReadCard(
    iType: c_int,
    iAuthType: c_int,
    pCardInfo: *const c_char,
    pFileAddr: *const c_char,
    pOutInfo: *mut c_char,
) -> c_long {
    // SAFETY: the caller's promise about pCardInfo.
    let pCardInfo = unsafe { take("pCardInfo", pCardInfo, 128, End::Nul) };
    // SAFETY: the caller's promise about pFileAddr.
    let pFileAddr = unsafe { take("pFileAddr", pFileAddr, 1024, End::Nul) };
    let work = || {
        with(|driver, encoding| {
            let pCardInfo = encoding.decode(&pCardInfo?)?;
            let pFileAddr = encoding.decode(&pFileAddr?)?;
            driver.read_card(iType, iAuthType, &pCardInfo, &pFileAddr)
        })
    };
    // SAFETY: the caller's promise about pOutInfo.
    unsafe { answer(pOutInfo, 1024 * 20, work) }
}

/// First step of iReadCard with an HSM; only the first file is read. The card stays open. Sizes in bytes: pCardInfo 128, pFileAddr 1024, pOutInfo 1024.
///
/// # Safety
/// Each pointer is NULL or points to as many bytes as the sizes say; strings that come in may end earlier with NUL.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn iReadCard_HSM_Step1(
    iType: c_int,
    pCardInfo: *const c_char,
    pFileAddr: *const c_char,
    pOutInfo: *mut c_char,
) -> c_long {
    // SAFETY: the caller's promise about pCardInfo.
    let pCardInfo = unsafe { take("pCardInfo", pCardInfo, 128, End::Nul) };
    // SAFETY: the caller's promise about pFileAddr.
    let pFileAddr = unsafe { take("pFileAddr", pFileAddr, 1024, End::Nul) };
    let work = || {
        with(|driver, encoding| {
            let pCardInfo = encoding.decode(&pCardInfo?)?;
            let pFileAddr = encoding.decode(&pFileAddr?)?;
            driver.read_card_hsm_step1(iType, &pCardInfo, &pFileAddr)
        })
    };
    // SAFETY: the caller's promise about pOutInfo.
    unsafe { answer(pOutInfo, 1024, work) }
}

/// Second step of iReadCard with an HSM. Sizes in bytes: pKey 32, pOutInfo 20480.
///
/// # Safety
/// Each pointer is NULL or points to as many bytes as the sizes say; strings that come in may end earlier with NUL.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn iReadCard_HSM_Step2(pKey: *const c_char, pOutInfo: *mut c_char) -> c_long {
    // SAFETY: the caller's promise about pKey.
    let pKey = unsafe { take("pKey", pKey, 32, End::NulOrSize) };
    let work = || {
        with(|driver, encoding| {
            let pKey = encoding.decode(&pKey?)?;
            driver.read_card_hsm_step2(&pKey)
        })
    };
    // SAFETY: the caller's promise about pOutInfo.
    unsafe { answer(pOutInfo, 1024 * 20, work) }
}

/// Writes files with the keys of the PSAM. Sizes in bytes: pCardInfo 128, pFileAddr 1024, pWriteData 20480, pOutInfo 1024.
///
/// # Safety
/// Each pointer is NULL or points to as many bytes as the sizes say; strings that come in may end earlier with NUL.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn iWriteCard(
    iType: c_int,
    pCardInfo: *const c_char,
    pFileAddr: *const c_char,
    pWriteData: *const c_char,
    pOutInfo: *mut c_char,
) -> c_long {
    // SAFETY: the caller's promise about pCardInfo.
    let pCardInfo = unsafe { take("pCardInfo", pCardInfo, 128, End::Nul) };
    // SAFETY: the caller's promise about pFileAddr.
    let pFileAddr = unsafe { take("pFileAddr", pFileAddr, 1024, End::Nul) };
    // SAFETY: the caller's promise about pWriteData.
    let pWriteData = unsafe { take("pWriteData", pWriteData, 1024 * 20, End::Nul) };
    let work = || {
        with(|driver, encoding| {
            let pCardInfo = encoding.decode(&pCardInfo?)?;
            let pFileAddr = encoding.decode(&pFileAddr?)?;
            let pWriteData = encoding.decode(&pWriteData?)?;
            driver.write_card(iType, &pCardInfo, &pFileAddr, &pWriteData)
        })
    };
    // SAFETY: the caller's promise about pOutInfo.
    unsafe { answer(pOutInfo, 1024, work) }
}

/// First step of iWriteCard with an HSM; only the first file is written. The card stays open. Sizes in bytes: pCardInfo 128, pFileAddr 1024, pOutInfo 1024.
///
/// # Safety
/// Each pointer is NULL or points to as many bytes as the sizes say; strings that come in may end earlier with NUL.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn iWriteCard_HSM_Step1(
    iType: c_int,
    pCardInfo: *const c_char,
    pFileAddr: *const c_char,
    pOutInfo: *mut c_char,
) -> c_long {
    // SAFETY: the caller's promise about pCardInfo.
    let pCardInfo = unsafe { take("pCardInfo", pCardInfo, 128, End::Nul) };
    // SAFETY: the caller's promise about pFileAddr.
    let pFileAddr = unsafe { take("pFileAddr", pFileAddr, 1024, End::Nul) };
    let work = || {
        with(|driver, encoding| {
            let pCardInfo = encoding.decode(&pCardInfo?)?;
            let pFileAddr = encoding.decode(&pFileAddr?)?;
            driver.write_card_hsm_step1(iType, &pCardInfo, &pFileAddr)
        })
    };
    // SAFETY: the caller's promise about pOutInfo.
    unsafe { answer(pOutInfo, 1024, work) }
}

/// Second step of iWriteCard with an HSM. Sizes in bytes: pKey 32, pWriteData 20480, pOutInfo 1024.
///
/// # Safety
/// Each pointer is NULL or points to as many bytes as the sizes say; strings that come in may end earlier with NUL.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn iWriteCard_HSM_Step2(
    pKey: *const c_char,
    pWriteData: *const c_char,
    pOutInfo: *mut c_char,
) -> c_long {
    // SAFETY: the caller's promise about pKey.
    let pKey = unsafe { take("pKey", pKey, 32, End::NulOrSize) };
    // SAFETY: the caller's promise about pWriteData.
    let pWriteData = unsafe { take("pWriteData", pWriteData, 1024 * 20, End::Nul) };
    let work = || {
        with(|driver, encoding| {
            let pKey = encoding.decode(&pKey?)?;
            let pWriteData = encoding.decode(&pWriteData?)?;
            driver.write_card_hsm_step2(&pKey, &pWriteData)
        })
    };
    // SAFETY: the caller's promise about pOutInfo.
    unsafe { answer(pOutInfo, 1024, work) }
}

/// Asks for the PIN at the keypad and verifies it. Sizes in bytes: pOutInfo 512.
///
/// # Safety
/// Each pointer is NULL or points to as many bytes as the sizes say; strings that come in may end earlier with NUL.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn iVerifyPIN(iType: c_int, pOutInfo: *mut c_char) -> c_long {
    let work = || with(|driver, _| driver.verify_pin(iType));
    // SAFETY: the caller's promise about pOutInfo.
    unsafe { answer(pOutInfo, 512, work) }
}

/// Asks for the old and twice for the new PIN, and changes it. Sizes in bytes: pOutInfo 512.
///
/// # Safety
/// Each pointer is NULL or points to as many bytes as the sizes say; strings that come in may end earlier with NUL.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn iChangePIN(iType: c_int, pOutInfo: *mut c_char) -> c_long {
    let work = || with(|driver, _| driver.change_pin(iType));
    // SAFETY: the caller's promise about pOutInfo.
    unsafe { answer(pOutInfo, 512, work) }
}

/// Asks twice for a new PIN, and sets it with the keys of the PSAM. Sizes in bytes: pCardInfo 128, pOutInfo 512.
///
/// # Safety
/// Each pointer is NULL or points to as many bytes as the sizes say; strings that come in may end earlier with NUL.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn iReloadPIN(iType: c_int, pCardInfo: *const c_char, pOutInfo: *mut c_char) -> c_long {
    // SAFETY: the caller's promise about pCardInfo.
    let pCardInfo = unsafe { take("pCardInfo", pCardInfo, 128, End::Nul) };
    let work = || {
        with(|driver, encoding| {
            let pCardInfo = encoding.decode(&pCardInfo?)?;
            driver.reload_pin(iType, &pCardInfo)
        })
    };
    // SAFETY: the caller's promise about pOutInfo.
    unsafe { answer(pOutInfo, 512, work) }
}

/// First step of iReloadPIN with an HSM. The card stays open. Sizes in bytes: pCardInfo 128, pOutInfo 512.
///
/// # Safety
/// Each pointer is NULL or points to as many bytes as the sizes say; strings that come in may end earlier with NUL.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn iReloadPIN_HSM_Step1(
    iType: c_int,
    pCardInfo: *const c_char,
    pOutInfo: *mut c_char,
) -> c_long {
    // SAFETY: the caller's promise about pCardInfo.
    let pCardInfo = unsafe { take("pCardInfo", pCardInfo, 128, End::Nul) };
    let work = || {
        with(|driver, encoding| {
            let pCardInfo = encoding.decode(&pCardInfo?)?;
            driver.reload_pin_hsm_step1(iType, &pCardInfo)
        })
    };
    // SAFETY: the caller's promise about pOutInfo.
    unsafe { answer(pOutInfo, 512, work) }
}

/// Second step of iReloadPIN with an HSM. The new PIN stands in pOutInfo in the clear, as the interface wants it. Sizes in bytes: pKey 32, pOutInfo 1024.
///
/// # Safety
/// Each pointer is NULL or points to as many bytes as the sizes say; strings that come in may end earlier with NUL.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn iReloadPIN_HSM_Step2(pKey: *const c_char, pOutInfo: *mut c_char) -> c_long {
    // SAFETY: the caller's promise about pKey.
    let pKey = unsafe { take("pKey", pKey, 32, End::NulOrSize) };
    let work = || {
        with(|driver, encoding| {
            let pKey = encoding.decode(&pKey?)?;
            driver.reload_pin_hsm_step2(&pKey)
        })
    };
    // SAFETY: the caller's promise about pOutInfo.
    unsafe { answer(pOutInfo, 1024, work) }
}

/// Third step of iReloadPIN with an HSM. Sizes in bytes: pKey 50, pOutInfo 1024.
///
/// # Safety
/// Each pointer is NULL or points to as many bytes as the sizes say; strings that come in may end earlier with NUL.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn iReloadPIN_HSM_Step3(pKey: *const c_char, pOutInfo: *mut c_char) -> c_long {
    // SAFETY: the caller's promise about pKey.
    let pKey = unsafe { take("pKey", pKey, 50, End::NulOrSize) };
    let work = || {
        with(|driver, encoding| {
            let pKey = encoding.decode(&pKey?)?;
            driver.reload_pin_hsm_step3(&pKey)
        })
    };
    // SAFETY: the caller's promise about pOutInfo.
    unsafe { answer(pOutInfo, 1024, work) }
}

/// Resets the tries of the PIN with the keys of the PSAM. Sizes in bytes: pCardInfo 128, pOutInfo 512.
///
/// # Safety
/// Each pointer is NULL or points to as many bytes as the sizes say; strings that come in may end earlier with NUL.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn iUnblockPIN(iType: c_int, pCardInfo: *const c_char, pOutInfo: *mut c_char) -> c_long {
    // SAFETY: the caller's promise about pCardInfo.
    let pCardInfo = unsafe { take("pCardInfo", pCardInfo, 128, End::Nul) };
    let work = || {
        with(|driver, encoding| {
            let pCardInfo = encoding.decode(&pCardInfo?)?;
            driver.unblock_pin(iType, &pCardInfo)
        })
    };
    // SAFETY: the caller's promise about pOutInfo.
    unsafe { answer(pOutInfo, 512, work) }
}

/// First step of iUnblockPIN with an HSM. The card stays open. Sizes in bytes: pCardInfo 128, pOutInfo 512.
///
/// # Safety
/// Each pointer is NULL or points to as many bytes as the sizes say; strings that come in may end earlier with NUL.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn iUnblockPIN_HSM_Step1(
    iType: c_int,
    pCardInfo: *const c_char,
    pOutInfo: *mut c_char,
) -> c_long {
    // SAFETY: the caller's promise about pCardInfo.
    let pCardInfo = unsafe { take("pCardInfo", pCardInfo, 128, End::Nul) };
    let work = || {
        with(|driver, encoding| {
            let pCardInfo = encoding.decode(&pCardInfo?)?;
            driver.unblock_pin_hsm_step1(iType, &pCardInfo)
        })
    };
    // SAFETY: the caller's promise about pOutInfo.
    unsafe { answer(pOutInfo, 512, work) }
}

/// Second step of iUnblockPIN with an HSM. The card stays open. Sizes in bytes: pKey 32, pOutInfo 1024.
///
/// # Safety
/// Each pointer is NULL or points to as many bytes as the sizes say; strings that come in may end earlier with NUL.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn iUnblockPIN_HSM_Step2(pKey: *const c_char, pOutInfo: *mut c_char) -> c_long {
    // SAFETY: the caller's promise about pKey.
    let pKey = unsafe { take("pKey", pKey, 32, End::NulOrSize) };
    let work = || {
        with(|driver, encoding| {
            let pKey = encoding.decode(&pKey?)?;
            driver.unblock_pin_hsm_step2(&pKey)
        })
    };
    // SAFETY: the caller's promise about pOutInfo.
    unsafe { answer(pOutInfo, 1024, work) }
}

/// Third step of iUnblockPIN with an HSM. Sizes in bytes: pKey 18, pOutInfo 1024.
///
/// # Safety
/// Each pointer is NULL or points to as many bytes as the sizes say; strings that come in may end earlier with NUL.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn iUnblockPIN_HSM_Step3(pKey: *const c_char, pOutInfo: *mut c_char) -> c_long {
    // SAFETY: the caller's promise about pKey.
    let pKey = unsafe { take("pKey", pKey, 18, End::NulOrSize) };
    let work = || {
        with(|driver, encoding| {
            let pKey = encoding.decode(&pKey?)?;
            driver.unblock_pin_hsm_step3(&pKey)
        })
    };
    // SAFETY: the caller's promise about pOutInfo.
    unsafe { answer(pOutInfo, 1024, work) }
}

/// Settles with the PSAM. Sizes in bytes: pCardInfo 128, pPayInfo 512, pOutInfo 512.
///
/// # Safety
/// Each pointer is NULL or points to as many bytes as the sizes say; strings that come in may end earlier with NUL.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn iDoDebit(
    iType: c_int,
    pCardInfo: *const c_char,
    pPayInfo: *const c_char,
    pOutInfo: *mut c_char,
) -> c_long {
    // SAFETY: the caller's promise about pCardInfo.
    let pCardInfo = unsafe { take("pCardInfo", pCardInfo, 128, End::Nul) };
    // SAFETY: the caller's promise about pPayInfo.
    let pPayInfo = unsafe { take("pPayInfo", pPayInfo, 512, End::Nul) };
    let work = || {
        with(|driver, encoding| {
            let pCardInfo = encoding.decode(&pCardInfo?)?;
            let pPayInfo = encoding.decode(&pPayInfo?)?;
            driver.do_debit(iType, &pCardInfo, &pPayInfo)
        })
    };
    // SAFETY: the caller's promise about pOutInfo.
    unsafe { answer(pOutInfo, 512, work) }
}

/// First step of iDoDebit with an HSM. The card stays open. Sizes in bytes: pCardInfo 128, pPayInfo 512, pOutInfo 512.
///
/// # Safety
/// Each pointer is NULL or points to as many bytes as the sizes say; strings that come in may end earlier with NUL.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn iDoDebit_HSM_Step1(
    iType: c_int,
    pCardInfo: *const c_char,
    pPayInfo: *const c_char,
    pOutInfo: *mut c_char,
) -> c_long {
    // SAFETY: the caller's promise about pCardInfo.
    let pCardInfo = unsafe { take("pCardInfo", pCardInfo, 128, End::Nul) };
    // SAFETY: the caller's promise about pPayInfo.
    let pPayInfo = unsafe { take("pPayInfo", pPayInfo, 512, End::Nul) };
    let work = || {
        with(|driver, encoding| {
            let pCardInfo = encoding.decode(&pCardInfo?)?;
            let pPayInfo = encoding.decode(&pPayInfo?)?;
            driver.do_debit_hsm_step1(iType, &pCardInfo, &pPayInfo)
        })
    };
    // SAFETY: the caller's promise about pOutInfo.
    unsafe { answer(pOutInfo, 512, work) }
}

/// Second step of iDoDebit with an HSM. Sizes in bytes: pKey 128, pOutInfo 1024.
///
/// # Safety
/// Each pointer is NULL or points to as many bytes as the sizes say; strings that come in may end earlier with NUL.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn iDoDebit_HSM_Step2(pKey: *const c_char, pOutInfo: *mut c_char) -> c_long {
    // SAFETY: the caller's promise about pKey.
    let pKey = unsafe { take("pKey", pKey, 128, End::NulOrSize) };
    let work = || {
        with(|driver, encoding| {
            let pKey = encoding.decode(&pKey?)?;
            driver.do_debit_hsm_step2(&pKey)
        })
    };
    // SAFETY: the caller's promise about pOutInfo.
    unsafe { answer(pOutInfo, 1024, work) }
}

/// Reads all settlements that the card keeps, newest first. Sizes in bytes: pOutInfo 2048.
///
/// # Safety
/// Each pointer is NULL or points to as many bytes as the sizes say; strings that come in may end earlier with NUL.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn iReadDebitRecord(iType: c_int, pOutInfo: *mut c_char) -> c_long {
    let work = || with(|driver, _| driver.read_debit_record(iType));
    // SAFETY: the caller's promise about pOutInfo.
    unsafe { answer(pOutInfo, 2048, work) }
}

/// iReadCardBas, and all steps with the HSM service of the settings where the PSAM cannot. Not of the standard. Sizes in bytes: pOutInfo 1024.
///
/// # Safety
/// Each pointer is NULL or points to as many bytes as the sizes say; strings that come in may end earlier with NUL.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn iReadCardBas_HSM(iType: c_int, pOutInfo: *mut c_char) -> c_long {
    let work = || with(|driver, _| driver.read_card_bas_hsm(iType));
    // SAFETY: the caller's promise about pOutInfo.
    unsafe { answer(pOutInfo, 1024, work) }
}

/// iReadCard, and all steps with the HSM service where the PSAM cannot. Not of the standard. Sizes in bytes: pCardInfo 128, pFileAddr 1024, pOutInfo 20480.
///
/// # Safety
/// Each pointer is NULL or points to as many bytes as the sizes say; strings that come in may end earlier with NUL.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn iReadCard_HSM(
    iType: c_int,
    iAuthType: c_int,
    pCardInfo: *const c_char,
    pFileAddr: *const c_char,
    pOutInfo: *mut c_char,
) -> c_long {
    // SAFETY: the caller's promise about pCardInfo.
    let pCardInfo = unsafe { take("pCardInfo", pCardInfo, 128, End::Nul) };
    // SAFETY: the caller's promise about pFileAddr.
    let pFileAddr = unsafe { take("pFileAddr", pFileAddr, 1024, End::Nul) };
    let work = || {
        with(|driver, encoding| {
            let pCardInfo = encoding.decode(&pCardInfo?)?;
            let pFileAddr = encoding.decode(&pFileAddr?)?;
            driver.read_card_hsm(iType, iAuthType, &pCardInfo, &pFileAddr)
        })
    };
    // SAFETY: the caller's promise about pOutInfo.
    unsafe { answer(pOutInfo, 1024 * 20, work) }
}

/// iWriteCard, and all steps with the HSM service where the PSAM cannot. Not of the standard. Sizes in bytes: pCardInfo 128, pFileAddr 1024, pWriteData 20480, pOutInfo 1024.
///
/// # Safety
/// Each pointer is NULL or points to as many bytes as the sizes say; strings that come in may end earlier with NUL.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn iWriteCard_HSM(
    iType: c_int,
    pCardInfo: *const c_char,
    pFileAddr: *const c_char,
    pWriteData: *const c_char,
    pOutInfo: *mut c_char,
) -> c_long {
    // SAFETY: the caller's promise about pCardInfo.
    let pCardInfo = unsafe { take("pCardInfo", pCardInfo, 128, End::Nul) };
    // SAFETY: the caller's promise about pFileAddr.
    let pFileAddr = unsafe { take("pFileAddr", pFileAddr, 1024, End::Nul) };
    // SAFETY: the caller's promise about pWriteData.
    let pWriteData = unsafe { take("pWriteData", pWriteData, 1024 * 20, End::Nul) };
    let work = || {
        with(|driver, encoding| {
            let pCardInfo = encoding.decode(&pCardInfo?)?;
            let pFileAddr = encoding.decode(&pFileAddr?)?;
            let pWriteData = encoding.decode(&pWriteData?)?;
            driver.write_card_hsm(iType, &pCardInfo, &pFileAddr, &pWriteData)
        })
    };
    // SAFETY: the caller's promise about pOutInfo.
    unsafe { answer(pOutInfo, 1024, work) }
}

/// iReloadPIN, and all steps with the HSM service where the PSAM cannot. Not of the standard. Sizes in bytes: pCardInfo 128, pOutInfo 1024.
///
/// # Safety
/// Each pointer is NULL or points to as many bytes as the sizes say; strings that come in may end earlier with NUL.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn iReloadPIN_HSM(iType: c_int, pCardInfo: *const c_char, pOutInfo: *mut c_char) -> c_long {
    // SAFETY: the caller's promise about pCardInfo.
    let pCardInfo = unsafe { take("pCardInfo", pCardInfo, 128, End::Nul) };
    let work = || {
        with(|driver, encoding| {
            let pCardInfo = encoding.decode(&pCardInfo?)?;
            driver.reload_pin_hsm(iType, &pCardInfo)
        })
    };
    // SAFETY: the caller's promise about pOutInfo.
    unsafe { answer(pOutInfo, 1024, work) }
}

/// iUnblockPIN, and all steps with the HSM service where the PSAM cannot. Not of the standard. Sizes in bytes: pCardInfo 128, pOutInfo 1024.
///
/// # Safety
/// Each pointer is NULL or points to as many bytes as the sizes say; strings that come in may end earlier with NUL.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn iUnblockPIN_HSM(iType: c_int, pCardInfo: *const c_char, pOutInfo: *mut c_char) -> c_long {
    // SAFETY: the caller's promise about pCardInfo.
    let pCardInfo = unsafe { take("pCardInfo", pCardInfo, 128, End::Nul) };
    let work = || {
        with(|driver, encoding| {
            let pCardInfo = encoding.decode(&pCardInfo?)?;
            driver.unblock_pin_hsm(iType, &pCardInfo)
        })
    };
    // SAFETY: the caller's promise about pOutInfo.
    unsafe { answer(pOutInfo, 1024, work) }
}

/// iDoDebit, and all steps with the HSM service where the PSAM cannot. Not of the standard. Sizes in bytes: pCardInfo 128, pPayInfo 512, pOutInfo 1024.
///
/// # Safety
/// Each pointer is NULL or points to as many bytes as the sizes say; strings that come in may end earlier with NUL.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn iDoDebit_HSM(
    iType: c_int,
    pCardInfo: *const c_char,
    pPayInfo: *const c_char,
    pOutInfo: *mut c_char,
) -> c_long {
    // SAFETY: the caller's promise about pCardInfo.
    let pCardInfo = unsafe { take("pCardInfo", pCardInfo, 128, End::Nul) };
    // SAFETY: the caller's promise about pPayInfo.
    let pPayInfo = unsafe { take("pPayInfo", pPayInfo, 512, End::Nul) };
    let work = || {
        with(|driver, encoding| {
            let pCardInfo = encoding.decode(&pCardInfo?)?;
            let pPayInfo = encoding.decode(&pPayInfo?)?;
            driver.do_debit_hsm(iType, &pCardInfo, &pPayInfo)
        })
    };
    // SAFETY: the caller's promise about pOutInfo.
    unsafe { answer(pOutInfo, 1024, work) }
}

/// Tells the keypad `value` of the settings the PIN of the card and the PIN it will get; NULL forgets one. For programs that
/// ask for the PIN themselves, as kiosks do. Not of the standard. Sizes in bytes: 17 each.
///
/// # Safety
/// Each pointer is NULL or points to a string that ends with NUL within 17 bytes.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn SSCardDriver_SetPIN(pPIN: *const c_char, pNewPIN: *const c_char) -> c_long {
    // SAFETY: the caller's promise about pPIN.
    let pin = unsafe { crate::text::optional("pPIN", pPIN, 17) };
    // SAFETY: the caller's promise about pNewPIN.
    let new_pin = unsafe { crate::text::optional("pNewPIN", pNewPIN, 17) };
    crate::global::set_pins(pin, new_pin)
}

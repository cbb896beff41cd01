//! The low-level functions beneath the standard interface (STD-P8 annex A, SSSE32): reader, power, command.
//!
//! The slots are those of the settings: 01 the contact card, 02, 41 and 42 the contactless card, 1n the PSAM.

use card_model::card::Interface;
use core::ffi::{c_char, c_long, c_uchar};
use reader::channel::TransportError;
use reader::driver::{Card, Failure, ReturnCode, Settings, SlotOrder, Slots};
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, PoisonError};

/// Longest answer to reset.
const MOST_RESET: usize = 33;
/// Longest command in short form, and longest answer with its status word.
const MOST_COMMAND: usize = 261;
const MOST_ANSWER: usize = 258;
/// Longest name of a device.
const MOST_NAME: usize = 256;
/// Open devices at the same time.
const MOST_DEVICES: usize = 16;

/// An open device: the slots and the cards that have power.
struct Device {
    slots: Box<dyn Slots>,
    powered: HashMap<u8, Card>,
}

/// Devices by handle.
static DEVICES: Mutex<Option<HashMap<c_long, Device>>> = Mutex::new(None);

/// What a slot byte means.
fn interface(slot: u8) -> Option<Option<Interface>> {
    match slot {
        0x01 => Some(Some(Interface::Contact)),
        0x02 | 0x41 | 0x42 => Some(Some(Interface::Contactless)),
        0x11..=0x1F => Some(None),
        _ => None,
    }
}

fn code(code: ReturnCode) -> c_long {
    c_long::from(code.0)
}

/// The return code of a transport error.
fn status(error: TransportError) -> c_long {
    code(Failure::from(error).code)
}

/// Works with the devices; a panic is an unknown error.
fn devices(work: impl FnOnce(&mut HashMap<c_long, Device>) -> c_long) -> c_long {
    let work = || {
        // A panic in another call left whole devices.
        let mut devices = DEVICES.lock().unwrap_or_else(PoisonError::into_inner);
        work(devices.get_or_insert_default())
    };
    catch_unwind(AssertUnwindSafe(work)).unwrap_or(crate::text::UNKNOWN)
}

fn device(handle: c_long, work: impl FnOnce(&mut Device) -> c_long) -> c_long {
    devices(|devices| match devices.get_mut(&handle) {
        Some(device) => work(device),
        None => code(ReturnCode::NOT_CONNECTED),
    })
}

/// Opens the readers of the settings. dev_Name is "AUTO", "USBn", "COMn", "LPTn", or a part of the name of the reader that
/// holds the card. Gives a handle, 0 or more.
///
/// # Safety
/// `dev_Name` is NULL or points to a string that ends with NUL within 256 bytes.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn ICC_Reader_Open(dev_Name: *const c_char) -> c_long {
    // SAFETY: the caller's promise.
    let name = unsafe { crate::text::take("dev_Name", dev_Name, MOST_NAME, crate::text::End::Nul) };
    let Ok(Ok(name)) = name.map(String::from_utf8) else {
        return code(ReturnCode::PARAMETER);
    };
    devices(|devices| {
        let Ok(mut settings) = Settings::load() else {
            return code(ReturnCode::NO_LIBRARY);
        };
        let port = |kind: &str| {
            name.strip_prefix(kind)
                .is_some_and(|n| n.len() == 1 && n != "0" && n.bytes().all(|b| b.is_ascii_digit()))
        };
        if !(name == "AUTO" || ["USB", "COM", "LPT"].into_iter().any(port)) {
            if name.is_empty() {
                return code(ReturnCode::PARAMETER);
            }
            settings.contact = Some(name.clone());
        }
        let handle = (0..).find(|handle| !devices.contains_key(handle)).unwrap_or(0);
        if devices.len() >= MOST_DEVICES {
            return code(ReturnCode::READER);
        }
        let device = Device {
            slots: settings.slots(),
            powered: HashMap::new(),
        };
        devices.insert(handle, device);
        handle
    })
}

/// Takes the power from all cards and closes the device.
#[unsafe(no_mangle)]
pub extern "system" fn ICC_Reader_Close(ReaderHandle: c_long) -> c_long {
    devices(|devices| match devices.remove(&ReaderHandle) {
        Some(_) => 0,
        None => code(ReturnCode::NOT_CONNECTED),
    })
}

/// Resets the card in a slot; gives the length of its answer, which goes into Response (33 bytes).
///
/// # Safety
/// `Response` is NULL or points to 33 bytes that may be written.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn ICC_Reader_PowerOn(
    ReaderHandle: c_long,
    ICC_Slot_No: c_uchar,
    Response: *mut c_uchar,
) -> c_long {
    if Response.is_null() {
        return code(ReturnCode::PARAMETER);
    }
    let mut answer = Vec::new();
    let result = device(ReaderHandle, |device| {
        device.powered.remove(&ICC_Slot_No);
        let opened = match interface(ICC_Slot_No) {
            Some(Some(interface)) => SlotOrder::only(interface).open(&mut *device.slots),
            Some(None) => device.slots.psam(),
            None => return code(ReturnCode::PARAMETER),
        };
        match opened {
            Ok(card) => {
                answer = card.reset_answer().bytes.clone();
                answer.truncate(MOST_RESET);
                device.powered.insert(ICC_Slot_No, card);
                c_long::try_from(answer.len()).unwrap_or(0)
            }
            Err(error) => status(error),
        }
    });
    // SAFETY: the answer has at most 33 bytes, for which the caller has room.
    unsafe { copy(&answer, Response) };
    result
}

/// Takes the power from the card in a slot.
#[unsafe(no_mangle)]
pub extern "system" fn ICC_Reader_PowerOff(ReaderHandle: c_long, ICC_Slot_No: c_uchar) -> c_long {
    device(ReaderHandle, |device| match device.powered.remove(&ICC_Slot_No) {
        Some(_) => 0,
        None if interface(ICC_Slot_No).is_none() => code(ReturnCode::PARAMETER),
        None => code(ReturnCode::NOT_POWERED),
    })
}

/// 0 for a card with power, −2 for an empty slot, −3 for a card without power.
#[unsafe(no_mangle)]
pub extern "system" fn ICC_Reader_GetStatus(ReaderHandle: c_long, ICC_Slot_No: c_uchar) -> c_long {
    device(ReaderHandle, |device| {
        if device.powered.contains_key(&ICC_Slot_No) {
            return 0;
        }
        let there = match interface(ICC_Slot_No) {
            Some(Some(interface)) => device.slots.card(interface),
            Some(None) => device.slots.psam(),
            None => return code(ReturnCode::PARAMETER),
        };
        match there {
            Ok(_) => code(ReturnCode::NOT_POWERED),
            Err(error) => status(error),
        }
    })
}

/// Sends a command of at most 261 bytes; gives the length of the answer with its status word, which goes into
/// Response_APDU (258 bytes). 61xx and 6Cxx come as they are.
///
/// # Safety
/// `Command_APDU` is NULL or points to `Length_of_Command_APDU` bytes, `Response_APDU` is NULL or points to 258 bytes that may
/// be written.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn ICC_Reader_Application(
    ReaderHandle: c_long,
    ICC_Slot_No: c_uchar,
    Length_of_Command_APDU: c_long,
    Command_APDU: *const c_uchar,
    Response_APDU: *mut c_uchar,
) -> c_long {
    let length = usize::try_from(Length_of_Command_APDU).unwrap_or(0);
    if Command_APDU.is_null() || Response_APDU.is_null() || !(4..=MOST_COMMAND).contains(&length) {
        return code(ReturnCode::PARAMETER);
    }
    // SAFETY: the pointer is not NULL, and the caller says that it has so many bytes.
    let command = unsafe { core::slice::from_raw_parts(Command_APDU, length) }.to_vec();
    let mut answer = Vec::new();
    let result = device(ReaderHandle, |device| {
        let Some(card) = device.powered.get_mut(&ICC_Slot_No) else {
            return code(ReturnCode::NOT_POWERED);
        };
        match card.transmit(&command) {
            Ok(bytes) if bytes.len() <= MOST_ANSWER => {
                answer = bytes;
                c_long::try_from(answer.len()).unwrap_or(0)
            }
            Ok(_) => code(ReturnCode::NOT_SUPPORTED),
            Err(error) => status(error),
        }
    });
    // SAFETY: the answer has at most 258 bytes, for which the caller has room.
    unsafe { copy(&answer, Response_APDU) };
    result
}

/// Writes 32 characters: maker 16, model 14, version 2; no NUL.
///
/// # Safety
/// `info` is NULL or points to 32 bytes that may be written.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn ICC_Reader_Libinfo(info: *mut c_uchar) -> c_long {
    if info.is_null() {
        return code(ReturnCode::PARAMETER);
    }
    let version: String = env!("CARGO_PKG_VERSION").split('.').take(2).collect();
    let text = format!("{:<16}{:<14}{:<2.2}", "ssc", "PC/SC", version);
    // SAFETY: the text has 32 bytes, for which the caller has room.
    unsafe { copy(text.as_bytes(), info) };
    0
}

/// Copies bytes to the caller.
///
/// # Safety
/// `to` points to at least as many bytes that may be written.
unsafe fn copy(bytes: &[u8], to: *mut c_uchar) {
    // SAFETY: the caller's promise; a new place of ours cannot overlap with the caller's.
    unsafe { core::ptr::copy_nonoverlapping(bytes.as_ptr(), to, bytes.len()) };
}

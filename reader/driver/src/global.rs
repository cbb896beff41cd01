//! The one driver of the process: C callers have no handle to give.

use card_model::words::Lang;
use core::ffi::c_long;
use reader::driver::{Digits, Driver, Encoding, Failure, ReturnCode, Settings, ValueKeypad};
use std::sync::OnceLock;

static DRIVER: OnceLock<Driver> = OnceLock::new();

/// The driver. It is made at the first call; settings that are wrong are looked at again at the next one.
///
/// # Errors
/// The settings are wrong (−5).
pub fn driver() -> Result<&'static Driver, Failure> {
    if let Some(driver) = DRIVER.get() {
        return Ok(driver);
    }
    let settings = Settings::load().map_err(|error| {
        let text = error.to_string();
        Failure::because(
            ReturnCode::NO_LIBRARY,
            format!("驱动设置：{text}"),
            format!("settings: {text}"),
        )
    })?;
    Ok(DRIVER.get_or_init(|| Driver::new(settings)))
}

/// Does something with the driver, and tells the encoding of its strings.
pub fn with<T>(work: impl FnOnce(&Driver, Encoding) -> Result<T, Failure>) -> (Result<T, Failure>, Encoding) {
    match driver() {
        Ok(driver) => {
            let encoding = driver.encoding();
            (work(driver, encoding), encoding)
        }
        Err(failure) => (Err(failure), Encoding::default()),
    }
}

/// Language of the words of errors.
pub fn lang() -> Lang {
    DRIVER.get().map_or(Lang::Zh, Driver::lang)
}

/// Puts a keypad that knows the PINs in the place of the one of the settings.
pub fn set_pins(pin: Result<Option<Digits>, Failure>, new_pin: Result<Option<Digits>, Failure>) -> c_long {
    let set = || {
        let keypad = ValueKeypad {
            pin: pin?,
            new_pin: new_pin?,
        };
        driver()?.set_keypad(Box::new(keypad));
        Ok(())
    };
    c_long::from(set().map_or_else(|failure: Failure| failure.code.0, |()| 0))
}

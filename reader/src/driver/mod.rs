//! The standard reader interface SSCardDriver (人社信息函〔2016〕38号, `spec/terminal.md` part 1): the functions that hospitals,
//! pharmacies and halls call, with their strings, their order of checks and their return codes.
//!
//! ```no_run
//! use reader::driver::{Driver, Settings};
//! let driver = Driver::new(Settings::load()?);
//! match driver.read_card_bas(3) {
//!     Ok(items) => println!("{items}"),
//!     Err(failure) => eprintln!("{failure}"),
//! }
//! # Ok::<(), reader::driver::SettingsError>(())
//! ```
//!
//! * A [`Driver`] may be called from any number of threads; one call after the other is served. Nothing is kept between two
//!   calls but the card that a `…_hsm_step1` leaves open for the next step. It is closed by the last step, by any error, by
//!   another call of the same thread, and when [`Settings::step_timeout`] is over. Calls of other threads wait for it.
//! * No PC/SC transaction is ever held, so a person may take all the time for a PIN; closing resets the card.
//! * The Rust functions take and give text. The bytes of a C caller are in [`Settings::encoding`].
//! * Where no document says how, this driver decides: PIN conditions are met without asking on cards that have no PIN; a PSAM
//!   is powered only when a key is needed, except by iReadCardBas, which always wants one; values that hold a separator of
//!   the interface get its full-width form; a step without the one before it, and an HSM service that cannot be reached, are −12
//!   (未建立连接). What it decides about certificates stands in [`Driver::pki_sign_data`], about keypads of readers at
//!   [`KeypadChoice::PinPad`].

mod basics;
mod card;
mod code;
mod debit;
mod failure;
mod fallback;
mod files;
mod keypad;
mod log;
mod open;
mod pay;
mod pinpad;
mod pins;
mod pki;
mod settings;
mod slots;
mod strings;
mod target;
mod tty;
mod value;

pub use code::ReturnCode;
pub use failure::Failure;
pub use keypad::{Digits, Keypad, KeypadError, Prompt, ValueKeypad};
pub use pay::PayInfo;
pub use settings::{CONFIG_VARIABLE, Encoding, KeypadChoice, Settings, SettingsError};
pub use slots::{Card, SlotOrder, Slots};
pub use strings::{CardInfo, FileAddress, FileValues, Item};
pub use tty::TerminalKeypad;

use crate::hsm::HsmService;
use crate::security::{AccountTerminal, KeyFile, KeyFileError, PsamModule, PurchaseModule};
use log::Log;
use open::Open;
use std::borrow::Cow;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Instant;
use zeroize::Zeroizing;

/// What a function gives: the text for pOutInfo, or why it failed.
pub type Outcome = Result<String, Failure>;

/// What a call gives, as the log is told of it.
trait Given {
    fn shown(&self) -> Cow<'_, str>;
}

impl Given for String {
    fn shown(&self) -> Cow<'_, str> {
        self.into()
    }
}

impl Given for Zeroizing<Vec<u8>> {
    fn shown(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(self)
    }
}

/// The driver. Dropping it closes the card.
pub struct Driver {
    shared: Arc<Shared>,
}

/// What all threads share.
struct Shared {
    terminal: Mutex<Terminal>,
    /// Something about the open card changed.
    changed: Condvar,
}

/// The terminal behind the lock.
struct Terminal {
    settings: Settings,
    slots: Box<dyn Slots>,
    keypad: Box<dyn Keypad>,
    service: Option<Box<dyn HsmService>>,
    log: Log,
    /// The card between two steps.
    open: Option<Open>,
    /// Number of the card that was left open last.
    opened: u64,
    /// Last terminal transaction sequence number of a key file in the place of a PSAM.
    sequence: u32,
}

impl std::fmt::Debug for Driver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Driver").finish_non_exhaustive()
    }
}

impl Driver {
    /// A driver with the readers, the keypad and the HSM service of the settings.
    pub fn new(settings: Settings) -> Self {
        let slots = settings.slots();
        Self::with_slots(settings, slots)
    }

    /// A driver with other slots than those of the settings.
    pub fn with_slots(settings: Settings, slots: Box<dyn Slots>) -> Self {
        let terminal = Terminal {
            keypad: keypad::keypad(&settings),
            service: crate::hsm::client(settings.hsm.as_deref(), settings.hsm_timeout),
            log: Log::new(&settings),
            settings,
            slots,
            open: None,
            opened: 0,
            sequence: 0,
        };
        Self {
            shared: Arc::new(Shared {
                terminal: Mutex::new(terminal),
                changed: Condvar::new(),
            }),
        }
    }

    /// The same driver with another keypad.
    #[must_use]
    pub fn with_keypad(self, keypad: Box<dyn Keypad>) -> Self {
        self.set_keypad(keypad);
        self
    }

    /// The same driver with another service for the functions `…_hsm`.
    #[must_use]
    pub fn with_service(self, service: Box<dyn HsmService>) -> Self {
        self.shared.lock().service = Some(service);
        self
    }

    /// Puts another keypad in the place of the present one.
    pub fn set_keypad(&self, keypad: Box<dyn Keypad>) {
        self.shared.lock().keypad = keypad;
    }

    /// Closes the card that a first step left open, as a program does that breaks off.
    pub fn close(&self) {
        self.shared.lock().open = None;
        self.shared.changed.notify_all();
    }

    /// Encoding of the strings of a C caller.
    pub fn encoding(&self) -> Encoding {
        self.shared.lock().settings.encoding
    }

    /// Language of the text of errors.
    pub fn lang(&self) -> card_model::words::Lang {
        self.shared.lock().settings.lang
    }

    /// Serves a call that begins with closed cards.
    fn call<T: Given>(
        &self,
        name: &str,
        inputs: &[&str],
        work: impl FnOnce(&mut Terminal) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let me = thread::current().id();
        let mut terminal = self.shared.lock();
        // A card that another thread left open between two steps is its own until the time is over.
        while let Some(deadline) = terminal
            .open
            .as_ref()
            .filter(|open| open.owner != me)
            .map(|open| open.deadline)
        {
            let Some(left) = deadline
                .checked_duration_since(Instant::now())
                .filter(|left| !left.is_zero())
            else {
                break;
            };
            let waited = self.shared.changed.wait_timeout(terminal, left);
            terminal = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        terminal.open = None;
        self.serve(terminal, name, inputs, work)
    }

    /// Serves a call that goes on with the card that is open.
    fn step(&self, name: &str, inputs: &[&str], work: impl FnOnce(&mut Terminal) -> Outcome) -> Outcome {
        let mut terminal = self.shared.lock();
        if terminal
            .open
            .as_ref()
            .is_some_and(|open| open.deadline <= Instant::now())
        {
            terminal.open = None;
        }
        self.serve(terminal, name, inputs, work)
    }

    fn serve<T: Given>(
        &self,
        mut terminal: MutexGuard<'_, Terminal>,
        name: &str,
        inputs: &[&str],
        work: impl FnOnce(&mut Terminal) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let begin = Instant::now();
        let outcome = work(&mut terminal);
        if outcome.is_err() {
            terminal.open = None;
        }
        match &outcome {
            Ok(given) => terminal.log.call(name, inputs, Ok(&given.shown()), begin.elapsed()),
            Err(failure) => terminal.log.call(name, inputs, Err(failure), begin.elapsed()),
        }
        if let Some(open) = &terminal.open {
            self.watch(open.number, open.deadline);
        }
        drop(terminal);
        self.shared.changed.notify_all();
        outcome
    }

    /// Closes the open card when its time is over, though nobody calls any more.
    fn watch(&self, number: u64, deadline: Instant) {
        let shared = Arc::clone(&self.shared);
        let wait = move || {
            let mut terminal = shared.lock();
            while terminal.open.as_ref().is_some_and(|open| open.number == number) {
                let Some(left) = deadline
                    .checked_duration_since(Instant::now())
                    .filter(|left| !left.is_zero())
                else {
                    terminal.open = None;
                    drop(terminal);
                    shared.changed.notify_all();
                    return;
                };
                let waited = shared.changed.wait_timeout(terminal, left);
                terminal = waited.unwrap_or_else(PoisonError::into_inner).0;
            }
        };
        // Without the thread the next call closes the card.
        let _ = thread::Builder::new().name("ssc-driver-timeout".to_owned()).spawn(wait);
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        self.close();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Terminal> {
        // A panic in another thread left a closed or an open card, both of which the next call can take.
        self.terminal.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Passphrase of an encrypted key file.
const PASSPHRASE_VARIABLE: &str = "SSC_KEY_PASSPHRASE";

impl Terminal {
    /// The card in the slots of an iType.
    fn card(&mut self, order: SlotOrder) -> Result<Card, Failure> {
        let channel = order.open(&mut *self.slots)?;
        Ok(self.log.traced(channel))
    }

    /// The PSAM, or the key file in its place.
    fn psam(&mut self) -> Result<Box<dyn PurchaseModule>, Failure> {
        if let Some(path) = &self.settings.keys {
            let keys = KeyFile::open(path, || {
                let given = std::env::var(PASSPHRASE_VARIABLE).ok().map(Zeroizing::new);
                given.ok_or_else(|| KeyFileError::WrongPassphrase {
                    file: path.display().to_string(),
                })
            })
            .map_err(|error| Failure::of(ReturnCode::NO_PSAM, &error))?;
            let module = AccountTerminal::new(keys, self.settings.terminal, self.sequence);
            self.sequence = self.sequence.wrapping_add(1);
            return Ok(Box::new(module));
        }
        let channel = self
            .slots
            .psam()
            .map_err(|error| Failure::of(ReturnCode::NO_PSAM, &error))?;
        let module = PsamModule::open(self.log.traced(channel))?;
        Ok(Box::new(module))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_driver_may_be_shared() {
        fn shared<T: Send + Sync>() {}
        shared::<Driver>();
    }
}

//! The PIN: status, verification, change, reset and unblocking (`spec/files.md` §5, `spec/commands.md` §9 B).

use super::Session;
use crate::commands::{self, RESET_PIN, UNBLOCK_PIN};
use crate::error::{ReaderError, title};
use crate::link;
use crate::pin::{PinRequest, PinStatus};
use crate::wellknown;
use card_model::profile::KeyRole;
use card_model::secret::Pin;
use card_model::status::StatusWord;

impl Session<'_> {
    /// Whether the card has a PIN and how many tries are left. Spends none.
    ///
    /// # Errors
    /// The transport failed, or the card does not know the query.
    pub fn pin_status(&mut self) -> Result<PinStatus, ReaderError> {
        let command = commands::pin_query();
        let sw = self.send(&command)?.sw;
        match (sw, sw.tries_left()) {
            (_, Some(tries)) => Ok(PinStatus {
                set: true,
                tries_left: Some(tries),
            }),
            (StatusWord::OK, _) => Ok(PinStatus {
                set: false,
                tries_left: None,
            }),
            (StatusWord::AUTHENTICATION_BLOCKED, _) => Ok(PinStatus {
                set: true,
                tries_left: Some(0),
            }),
            _ => Err(ReaderError::Refused {
                command: title(&command),
                path: None,
                sw,
                rule: None,
            }),
        }
    }

    /// Asks the card for the tries left and refuses to go on if the next wrong PIN could block it.
    ///
    /// # Errors
    /// The PIN is blocked, or one try is left and [`super::Options::last_try`] is not set.
    pub fn guard_pin(&mut self) -> Result<PinStatus, ReaderError> {
        let status = self.pin_status()?;
        self.guard_pin_of(status)?;
        Ok(status)
    }

    /// Verifies the PIN. Nothing is sent but the query if the card has no PIN.
    ///
    /// # Errors
    /// Wrong, blocked, or the last try, which is not spent unasked.
    pub fn verify_pin(&mut self, pin: &Pin) -> Result<(), ReaderError> {
        let status = self.guard_pin()?;
        if status.set {
            let command = commands::verify(pin.expose())?;
            let sw = self.send(&command)?.sw;
            self.pin_result(&title(&command), sw)?;
        }
        self.state.pin = true;
        Ok(())
    }

    /// Changes the PIN; `None` stands for no PIN. The tries left are checked before, because a wrong old PIN spends one.
    ///
    /// # Errors
    /// Old PIN wrong, blocked, or the last try.
    pub fn change_pin(&mut self, old: Option<&Pin>, new: Option<&Pin>) -> Result<(), ReaderError> {
        self.guard_pin()?;
        let digits =
            |pin: Option<&Pin>| zeroize::Zeroizing::new(pin.map(|pin| pin.expose().to_vec()).unwrap_or_default());
        let command = commands::change_pin(&digits(old), &digits(new))?;
        let sw = self.send(&command)?.sw;
        self.pin_result(&title(&command), sw)?;
        self.state.pin = false;
        self.state.pin_declined = false;
        Ok(())
    }

    /// Sets a new PIN without the old one and resets the counter: external authentication with PUK, then a secure message
    /// under STK. `None` sets an empty PIN.
    ///
    /// # Errors
    /// The security module lacks a key, or the card refused.
    pub fn reset_pin(&mut self, new: Option<&Pin>) -> Result<(), ReaderError> {
        let digits = zeroize::Zeroizing::new(new.map(|pin| pin.expose().to_vec()).unwrap_or_default());
        self.unblock(RESET_PIN, Some(&digits))
    }

    /// Resets the counter of the PIN; the PIN stays.
    ///
    /// # Errors
    /// As [`Session::reset_pin`].
    pub fn unblock_pin(&mut self) -> Result<(), ReaderError> {
        self.unblock(UNBLOCK_PIN, None)
    }

    fn unblock(&mut self, header: [u8; 4], plain: Option<&[u8]>) -> Result<(), ReaderError> {
        let puk = self.environment_key(KeyRole::PinUnblock)?;
        let stk = self.environment_key(KeyRole::SecureMessaging)?;
        let environment = self.profile.index_of(wellknown::ENVIRONMENT).unwrap_or_default();
        // An authentication from earlier on is not trusted here: cards may take the PUK's state away once it was used.
        self.state.keys.retain(|key| *key != puk.name);
        self.authenticate_in(environment, &puk)?;
        let challenge = self.challenge()?;
        let message = self.ask_module(&stk, |module, key, card| {
            module.secure_message(key, card, &challenge, header, plain)
        })?;
        let message = zeroize::Zeroizing::new(message);
        let sw = link::exchange_bytes(&mut *self.channel, &message)?.sw;
        self.state.keys.retain(|key| *key != puk.name);
        self.state.pin = false;
        self.state.pin_declined = false;
        if sw.is_ok() {
            return Ok(());
        }
        let command = format!("{} ({})", commands::name(header[1]), hex::encode_upper(header));
        Err(ReaderError::Refused {
            command,
            path: None,
            sw,
            rule: None,
        })
    }

    /// The reader's own keypad was asked, and the card answered VERIFY so.
    pub(crate) fn pin_verified_at_reader(&mut self, sw: StatusWord) -> Result<(), ReaderError> {
        self.pin_result(&title(&commands::verify(&[])?), sw)?;
        self.state.pin = true;
        Ok(())
    }

    /// The reader's own keypad was asked, and the card answered CHANGE PIN so.
    pub(crate) fn pin_changed_at_reader(&mut self, sw: StatusWord) -> Result<(), ReaderError> {
        self.pin_result(&title(&commands::change_pin(&[], &[])?), sw)?;
        self.state.pin = false;
        self.state.pin_declined = false;
        Ok(())
    }

    /// Asks for the PIN and verifies it, because `path` needs it. `false` if nobody gives one.
    pub(super) fn pin_on_demand(&mut self, path: &str) -> Result<bool, ReaderError> {
        if self.state.pin {
            return Ok(true);
        }
        let status = self.pin_status()?;
        let Some(tries_left) = status.tries_left else {
            self.state.pin = true;
            return Ok(true);
        };
        if !self.pin_there() {
            return Ok(false);
        }
        self.guard_pin_of(status)?;
        let request = PinRequest {
            path: path.to_owned(),
            tries_left,
        };
        let given = self.pins.as_deref_mut().and_then(|pins| pins.pin(&request));
        let Some(pin) = given else {
            self.state.pin_declined = true;
            return Ok(false);
        };
        let command = commands::verify(pin.expose())?;
        let sw = self.send(&command)?.sw;
        if let Err(error) = self.pin_result(&title(&command), sw) {
            // The same provider would give the same wrong PIN for the next file and spend the next try.
            self.state.pin_declined = true;
            return Err(error);
        }
        self.state.pin = true;
        Ok(true)
    }

    fn guard_pin_of(&self, status: PinStatus) -> Result<(), ReaderError> {
        match status.tries_left {
            Some(0) => Err(ReaderError::PinBlocked),
            Some(1) if !self.options.last_try => Err(ReaderError::PinLastTry),
            _ => Ok(()),
        }
    }

    /// The meaning of a status word of VERIFY and CHANGE PIN.
    fn pin_result(&mut self, command: &str, sw: StatusWord) -> Result<(), ReaderError> {
        if sw.is_ok() {
            return Ok(());
        }
        self.state.pin = false;
        Err(match (sw, sw.tries_left()) {
            (_, Some(0)) | (StatusWord::AUTHENTICATION_BLOCKED, _) => ReaderError::PinBlocked,
            (_, Some(tries_left)) => ReaderError::PinWrong { tries_left },
            _ => ReaderError::Refused {
                command: command.to_owned(),
                path: None,
                sw,
                rule: None,
            },
        })
    }
}

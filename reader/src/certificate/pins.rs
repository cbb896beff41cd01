//! The PINs of the certificate application. A PIN never goes over the line: a cryptogram under its key does.

use super::application::CertificateApplication;
use super::commands;
use super::error::{CertificateError, title};
use crate::command::Command;
use crate::link;
use crate::pin::PinStatus;
use card_model::crypto::{Algorithm, MAC_LENGTH, encrypt_data, key_loading_mac, master_cryptogram};
use card_model::profile::PinRole;
use card_model::secret::{Key, Pin};
use card_model::sm2::sm3;
use card_model::status::StatusWord;
use zeroize::Zeroizing;

/// What VERIFY presents of a PIN: the card's challenge, filled with 00 to a block, under the PIN's key.
pub fn cryptogram(pin: &Pin, challenge: &[u8]) -> Vec<u8> {
    master_cryptogram(Algorithm::Sm4, &pin_key(pin), challenge)
}

/// K: the first 16 bytes of SM3 over the packed digits.
fn pin_key(pin: &Pin) -> Key {
    let hash = Zeroizing::new(sm3(pin.expose()));
    let mut key = Zeroizing::new([0; 16]);
    key.copy_from_slice(&hash[..16]);
    Key::from(*key)
}

impl CertificateApplication<'_> {
    /// How many tries a PIN has left. Spends none. `None` of a card that does not know the question: it is ours.
    ///
    /// # Errors
    /// The transport failed.
    pub fn pin_status(&mut self, role: PinRole) -> Result<Option<PinStatus>, CertificateError> {
        let sw = self.send(&commands::query(self.pin(role)?.id))?.sw;
        let set = |tries_left| {
            Some(PinStatus {
                set: true,
                tries_left: Some(tries_left),
            })
        };
        Ok(match (sw, sw.tries_left()) {
            (_, Some(tries)) => set(tries),
            (StatusWord::AUTHENTICATION_BLOCKED, _) => set(0),
            _ => None,
        })
    }

    /// Verifies a PIN. The tries left are asked for before, and the last one is spent only if `last_try` says so.
    ///
    /// # Errors
    /// Wrong, blocked, or the last try.
    pub fn verify_pin(&mut self, role: PinRole, pin: &Pin, last_try: bool) -> Result<(), CertificateError> {
        self.guard_pin(role, last_try)?;
        let challenge = self.challenge()?;
        let command = commands::verify(self.pin(role)?.id, &cryptogram(pin, &challenge))?;
        let sw = self.send(&command)?.sw;
        result(role, &command, sw)
    }

    /// Changes a PIN. Its new value goes encrypted under the old one.
    ///
    /// # Errors
    /// The old PIN is wrong (a try is spent), blocked, or at its last try.
    pub fn change_pin(&mut self, role: PinRole, old: &Pin, new: &Pin, last_try: bool) -> Result<(), CertificateError> {
        self.guard_pin(role, last_try)?;
        let header = commands::change_pin(self.pin(role)?.id);
        let (command, sw) = self.secured(header, old, Some(new))?;
        self.secured_result(role, &command, sw)
    }

    /// Resets the counter of the user PIN, with a new PIN if one is given. The administrator's PIN must have been verified
    /// in this application; it encrypts the message. Ours.
    ///
    /// # Errors
    /// The administrator's PIN is wrong, blocked, or was not verified.
    pub fn unblock_user_pin(&mut self, administrator: &Pin, new: Option<&Pin>) -> Result<(), CertificateError> {
        let header = commands::unblock_pin(self.pin(PinRole::User)?.id);
        let (command, sw) = self.secured(header, administrator, new)?;
        if sw == StatusWord::SECURITY_NOT_SATISFIED {
            return Err(CertificateError::PinNeeded {
                roles: vec![PinRole::Administrator],
            });
        }
        self.secured_result(PinRole::Administrator, &command, sw)
    }

    /// Asks the card for the tries left of a PIN and refuses to go on if the next wrong one could block it.
    ///
    /// # Errors
    /// The PIN is blocked, or one try is left and `last_try` does not say that it may be spent.
    pub fn guard_pin(&mut self, role: PinRole, last_try: bool) -> Result<Option<u8>, CertificateError> {
        match self.pin_status(role)?.and_then(|status| status.tries_left) {
            Some(0) => Err(CertificateError::PinBlocked { role }),
            Some(1) if !last_try => Err(CertificateError::PinLastTry { role }),
            tries => Ok(tries),
        }
    }

    /// Sends [`message`] under a fresh challenge.
    fn secured(
        &mut self,
        header: [u8; 4],
        under: &Pin,
        new: Option<&Pin>,
    ) -> Result<(Command, StatusWord), CertificateError> {
        let challenge = self.challenge()?;
        let message = message(header, under, &challenge, new.map(Pin::expose));
        let [cla, ins, p1, p2] = header;
        let command = Command::new(cla, ins, p1, p2).with_data(&message)?;
        let sw = link::exchange(&mut *self.channel, &command)?.sw;
        Ok((command, sw))
    }

    /// A wrong message authentication code means a wrong PIN; how many tries are left the card tells only when asked.
    fn secured_result(&mut self, role: PinRole, command: &Command, sw: StatusWord) -> Result<(), CertificateError> {
        if sw != StatusWord::SECURE_MESSAGING_WRONG {
            return result(role, command, sw);
        }
        match self.pin_status(role)?.and_then(|status| status.tries_left) {
            Some(0) => Err(CertificateError::PinBlocked { role }),
            Some(tries_left) => Err(CertificateError::PinWrong { role, tries_left }),
            None => result(role, command, sw),
        }
    }
}

/// Data of CHANGE PIN and PIN CHANGE/UNBLOCK: `[encrypted new PIN] ‖ MAC` under a PIN's key, with the challenge as initial value.
pub fn message(header: [u8; 4], under: &Pin, challenge: &[u8], new: Option<&[u8]>) -> Vec<u8> {
    let key = pin_key(under);
    let mut message = new
        .map(|new| encrypt_data(Algorithm::Sm4, &key, new))
        .unwrap_or_default();
    let [cla, ins, p1, p2] = header;
    // One block and the MAC at most.
    let length = u8::try_from(message.len() + MAC_LENGTH).unwrap_or(u8::MAX);
    let mac = key_loading_mac(Algorithm::Sm4, &key, challenge, &[cla, ins, p1, p2, length], &message);
    message.extend(mac);
    message
}

/// The meaning of a status word of VERIFY and CHANGE PIN.
fn result(role: PinRole, command: &Command, sw: StatusWord) -> Result<(), CertificateError> {
    if sw.is_ok() {
        return Ok(());
    }
    Err(match (sw, sw.tries_left()) {
        (_, Some(0)) | (StatusWord::AUTHENTICATION_BLOCKED, _) => CertificateError::PinBlocked { role },
        (_, Some(tries_left)) => CertificateError::PinWrong { role, tries_left },
        _ => CertificateError::Refused {
            command: title(command),
            sw,
        },
    })
}

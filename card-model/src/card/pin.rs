//! The holder's PIN: VERIFY, CHANGE PIN, PIN CHANGE/UNBLOCK (STD-P5 §6.3, §6.8, §6.14).

use super::object::{DfKind, KeyType};
use super::session::Session;
use super::{Card, Refusal, Reply, Stop};
use crate::apdu::Apdu;
use crate::crypto::SessionKey;
use crate::secret::{Pin, equal};
use crate::status::StatusWord as Sw;
use zeroize::Zeroizing;

impl Card {
    /// Whether PIN conditions are met in the current environment: verified, or the PIN is empty.
    pub(super) fn pin_holds(&self, session: &Session) -> bool {
        let environment = self.files.environment(session.df);
        session.verified.contains(&environment)
            || self
                .pin_object(environment)
                .is_some_and(|pin| self.files.keys[pin].value(&self.memory).is_empty())
    }

    pub(super) fn verify(&mut self, session: &mut Session, pin: &[u8]) -> Result<Reply, Stop> {
        let (environment, index) = self.current_pin(session).ok_or(Sw::REFERENCE_NOT_FOUND)?;
        if self.files.keys[index].value(&self.memory).is_empty() {
            return Err(Sw::REFERENCE_DATA_INVALID.into());
        }
        session.set_verified(environment, false);
        self.compare_pin(index, pin)?;
        let object = &self.files.keys[index];
        object.set_tries(&mut self.memory, object.tries)?;
        session.set_verified(environment, true);
        Ok(Reply::new())
    }

    /// VERIFY with Lc 00: 9000 if there is no PIN, else the tries left, none of them used.
    pub(super) fn query_pin(&self, session: &Session) -> Result<Reply, Stop> {
        let (_, index) = self.current_pin(session).ok_or(Sw::REFERENCE_NOT_FOUND)?;
        let object = &self.files.keys[index];
        if object.value(&self.memory).is_empty() {
            return Ok(Reply::new());
        }
        if object.is_locked(&self.memory) {
            return Err(Sw::AUTHENTICATION_BLOCKED.into());
        }
        Err(self.wrong(index).into())
    }

    /// CHANGE PIN in plain text; either side may be empty. The verified state is lost: the new PIN was not presented. Where there
    /// is no PIN the answer is 6A81: the list of this command has no 6A88 (STD-P5 §6.3), unlike that of VERIFY.
    pub(super) fn change_pin(&mut self, session: &mut Session, old: &[u8], new: &[u8]) -> Result<Reply, Stop> {
        let (environment, index) = self.current_pin(session).ok_or(Sw::FUNCTION_NOT_SUPPORTED)?;
        if self.files.keys[index].is_locked(&self.memory) {
            return Err(Sw::AUTHENTICATION_BLOCKED.into());
        }
        if !acceptable(old) || !acceptable(new) {
            return Err(Sw::WRONG_DATA.into());
        }
        session.set_verified(environment, false);
        self.compare_pin(index, old)?;
        self.files.keys[index].replace(&mut self.memory, new)?;
        Ok(Reply::new())
    }

    /// PIN CHANGE/UNBLOCK after external authentication with PUK. Failed messages cost tries of the PUK (STD-P7 §13.3). 6985
    /// where no environment is selected, 6A88 where it has no PIN or no key for it (STD-P5 §6.8 lists both).
    pub(super) fn reset_pin(
        &mut self,
        session: &mut Session,
        apdu: &Apdu<'_>,
        cipher: Option<&[u8]>,
        mac: &[u8],
    ) -> Result<Reply, Stop> {
        let environment = self.files.environment(session.df);
        let missing = self.without_key(environment, DfKind::Ddf);
        let index = self.pin_object(environment).ok_or(missing)?;
        let puk = self
            .find_key(environment, |key| key.kind == KeyType::PinUnblock)
            .ok_or(missing)?;
        let stk = self.key_of(environment, KeyType::SecureMessaging).ok_or(missing)?;
        if cipher.is_some_and(|cipher| cipher.len() != stk.algorithm.block()) {
            return Err(Sw::WRONG_LENGTH.into());
        }
        let id = self.files.keys[puk].id;
        if !session.keys.contains(id) || self.files.keys[puk].is_locked(&self.memory) {
            let missing = vec![format!("{id:02X}")];
            self.refusal = Some(Refusal {
                file: None,
                condition: Some(format!("{id:02X}")),
                missing,
            });
            return Err(Sw::SECURITY_NOT_SATISFIED.into());
        }
        // The challenge is there before a try is spent: without one nothing is compared.
        if session.challenge.is_none() {
            return Err(Sw::REFERENCE_DATA_INVALID.into());
        }
        // The try is used up before the comparison, so that pulling the card cannot give it back.
        let tries = self.files.keys[puk].tries_left(&self.memory);
        self.spend_try(puk)?;
        let data = cipher.unwrap_or_default();
        let session_key = match self.check_mac(session, environment, apdu, data, mac) {
            Err(Sw::SECURE_MESSAGING_WRONG) => {
                if self.files.keys[puk].is_locked(&self.memory) {
                    session.keys.remove(id);
                }
                return Err(Sw::SECURE_MESSAGING_WRONG.into());
            }
            other => other?,
        };
        session.set_verified(environment, false);
        let done = self.store_pin(index, puk, &session_key, cipher);
        if let Err(Stop::Refused(_)) = done {
            // The message was genuine, only its contents are no PIN.
            self.files.keys[puk].set_tries(&mut self.memory, tries)?;
        }
        done
    }

    /// Resets the PIN's counter, or stores the new PIN in `cipher`, and fills the counter of the PUK in the same change.
    fn store_pin(
        &mut self,
        index: usize,
        puk: usize,
        session_key: &SessionKey,
        cipher: Option<&[u8]>,
    ) -> Result<Reply, Stop> {
        let pin = &self.files.keys[index];
        let puk = self.files.keys[puk].full_counter();
        match cipher {
            None => {
                let (address, full) = pin.full_counter();
                self.memory.commit(&[(address, &full), (puk.0, &puk.1)])?;
            }
            Some(cipher) => {
                let new = Zeroizing::new(session_key.decrypt(cipher).ok_or(Sw::WRONG_DATA)?);
                if !acceptable(&new) {
                    return Err(Sw::WRONG_DATA.into());
                }
                pin.replace_with(&mut self.memory, &new, Some(puk))?;
            }
        }
        Ok(Reply::new())
    }

    /// The environment of the current dedicated file, and its PIN.
    fn current_pin(&self, session: &Session) -> Option<(usize, usize)> {
        let environment = self.files.environment(session.df);
        Some((environment, self.pin_object(environment)?))
    }

    fn pin_object(&self, environment: usize) -> Option<usize> {
        self.find_key(environment, |key| key.kind == KeyType::Pin)
    }

    /// Compares under the try counter, which is written before the comparison. After success it is still one lower: the
    /// caller fills it, with the new PIN if there is one.
    fn compare_pin(&mut self, index: usize, pin: &[u8]) -> Result<(), Stop> {
        self.spend_try(index)?;
        let object = &self.files.keys[index];
        if !equal(object.value(&self.memory), pin) {
            return Err(self.wrong(index).into());
        }
        Ok(())
    }
}

/// An empty PIN or 4 to 16 packed digits.
fn acceptable(pin: &[u8]) -> bool {
    pin.is_empty() || Pin::is_well_formed(pin)
}

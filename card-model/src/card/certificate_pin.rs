//! The PINs of the certificate application: the holder's and the administrator's (`spec/commands.md` §1.5, §8).
//!
//! A PIN is never sent in clear and never stored: the card keeps K, the first 16 bytes of SM3 over the packed digits, and
//! checks cryptograms under it. A verified PIN counts as an authenticated key with the PIN's identifier, so conditions name
//! it as they name keys, and selecting another DF takes it back.

use super::command::MAC;
use super::object::KeyType;
use super::session::Session;
use super::{Card, Refusal, Reply, Stop};
use crate::apdu::Apdu;
use crate::crypto::{Algorithm, decrypt_data, key_loading_mac, master_cryptogram};
use crate::secret::{Key, Pin, equal};
use crate::sm2::sm3;
use crate::status::StatusWord as Sw;
use arrayvec::ArrayVec;
use zeroize::Zeroizing;

/// Shortest challenge that a cryptogram or MAC under a PIN may rest on.
const LEAST_CHALLENGE: usize = 8;

impl Card {
    /// VERIFY: `E(K, challenge filled with 00)`.
    pub(super) fn verify_certificate_pin(
        &mut self,
        session: &mut Session,
        id: u8,
        cryptogram: &[u8; 16],
    ) -> Result<Reply, Stop> {
        let index = self.certificate_pin(session, id)?;
        self.refuse_locked(index)?;
        let challenge = pin_challenge(session)?;
        session.keys.remove(id);
        let right = self.with_counter(index, |key, algorithm| {
            equal(&master_cryptogram(algorithm, key, &challenge), cryptogram)
        })?;
        if !right {
            return Err(self.wrong(index).into());
        }
        session.keys.insert(id);
        Ok(Reply::new())
    }

    /// VERIFY with Lc 00: the tries left, none of them used.
    pub(super) fn query_certificate_pin(&self, session: &Session, id: u8) -> Result<Reply, Stop> {
        let index = self.certificate_pin(session, id)?;
        self.refuse_locked(index)?;
        Err(self.wrong(index).into())
    }

    /// CHANGE PIN: encrypted and with MAC under the K of the old PIN, so it proves the old PIN. The verified state is lost:
    /// the new PIN was not presented.
    pub(super) fn change_certificate_pin(
        &mut self,
        session: &mut Session,
        apdu: &Apdu<'_>,
        id: u8,
        cipher: &[u8; 16],
        mac: &[u8; MAC],
    ) -> Result<Reply, Stop> {
        let index = self.certificate_pin(session, id)?;
        self.refuse_locked(index)?;
        let challenge = pin_challenge(session)?;
        session.keys.remove(id);
        let tries = self.files.keys[index].tries_left(&self.memory);
        let key = self.check_pin_mac(index, &challenge, apdu, cipher, mac)?;
        self.store_certificate_pin(index, index, tries, &key, Some(cipher))
    }

    /// PIN CHANGE/UNBLOCK of the user PIN: under the K of the administrator's PIN, which must have been verified, and so is not
    /// locked: what locks it takes its proof back.
    pub(super) fn unblock_certificate_pin(
        &mut self,
        session: &mut Session,
        apdu: &Apdu<'_>,
        id: u8,
        cipher: Option<&[u8; 16]>,
        mac: &[u8; MAC],
    ) -> Result<Reply, Stop> {
        let index = self.certificate_pin(session, id)?;
        let administrator = self.administrator_pin(session)?;
        if self.files.keys[index].kind != KeyType::UserPin {
            return Err(Sw::REFERENCE_NOT_FOUND.into());
        }
        let master = self.files.keys[administrator].id;
        if !session.keys.contains(master) {
            let name = format!("{master:02X}");
            self.refusal = Some(Refusal {
                file: Some(self.path(session.df, None)),
                condition: Some(name.clone()),
                missing: vec![name],
            });
            return Err(Sw::SECURITY_NOT_SATISFIED.into());
        }
        let challenge = pin_challenge(session)?;
        let data = cipher.map(<[u8; 16]>::as_slice).unwrap_or_default();
        let tries = self.files.keys[administrator].tries_left(&self.memory);
        let key = match self.check_pin_mac(administrator, &challenge, apdu, data, mac) {
            Err(stop) => {
                session.keys.remove(master);
                return Err(stop);
            }
            Ok(key) => key,
        };
        session.keys.remove(id);
        self.store_certificate_pin(index, administrator, tries, &key, cipher)
    }

    /// The PIN with an identifier: with bit 8 of the current DF, without of its environment.
    fn certificate_pin(&self, session: &Session, id: u8) -> Result<usize, Sw> {
        let df = if id & 0x80 == 0 {
            self.files.environment(session.df)
        } else {
            session.df
        };
        self.find_key(df, |key| key.kind.is_certificate_pin() && key.id == id)
            .ok_or(Sw::REFERENCE_NOT_FOUND)
    }

    /// The administrator's PIN of the current DF or its environment.
    fn administrator_pin(&self, session: &Session) -> Result<usize, Sw> {
        let of = |df| self.find_key(df, |key| key.kind == KeyType::AdministratorPin);
        of(session.df)
            .or_else(|| of(self.files.environment(session.df)))
            .ok_or(Sw::REFERENCE_NOT_FOUND)
    }

    fn refuse_locked(&self, index: usize) -> Result<(), Sw> {
        if self.files.keys[index].is_locked(&self.memory) {
            Err(Sw::AUTHENTICATION_BLOCKED)
        } else {
            Ok(())
        }
    }

    /// Checks a MAC under a PIN's K with the challenge as initial value. A wrong one costs a try of that PIN, which is
    /// used up before the comparison; after a right one the caller fills the counter.
    fn check_pin_mac(
        &mut self,
        index: usize,
        challenge: &[u8],
        apdu: &Apdu<'_>,
        data: &[u8],
        mac: &[u8; MAC],
    ) -> Result<Key, Stop> {
        let key = self.files.keys[index]
            .key(&self.memory)
            .ok_or(Sw::REFERENCE_DATA_INVALID)?;
        let right = self.against_counter(index, |key, algorithm| {
            equal(&key_loading_mac(algorithm, key, challenge, &apdu.header, data), mac)
        })?;
        if right {
            Ok(key)
        } else {
            Err(Sw::SECURE_MESSAGING_WRONG.into())
        }
    }

    /// What a genuine message brings to the PIN `index`: K of the new PIN in `cipher`, or only a full counter. The counter
    /// of the PIN `under` whose K made the message is filled in the same change, or set back to `tries` if the new PIN is
    /// none.
    fn store_certificate_pin(
        &mut self,
        index: usize,
        under: usize,
        tries: u8,
        key: &Key,
        cipher: Option<&[u8; 16]>,
    ) -> Result<Reply, Stop> {
        let counter = self.files.keys[under].full_counter();
        let pin = &self.files.keys[index];
        let Some(cipher) = cipher else {
            let (address, full) = pin.full_counter();
            self.memory.commit(&[(address, &full), (counter.0, &counter.1)])?;
            return Ok(Reply::new());
        };
        let plain = decrypt_data(Algorithm::Sm4, key, cipher).map(Zeroizing::new);
        match plain.and_then(|plain| pin_key(&plain)) {
            Some(new) => pin.replace_with(&mut self.memory, new.expose(), Some(counter))?,
            None => {
                self.files.keys[under].set_tries(&mut self.memory, tries)?;
                return Err(Sw::WRONG_DATA.into());
            }
        }
        Ok(Reply::new())
    }
}

/// K of a packed PIN: the first 16 bytes of its SM3; `None` if the bytes are no PIN.
pub(super) fn pin_key(packed: &[u8]) -> Option<Key> {
    let hash = Zeroizing::new(sm3(packed));
    Pin::is_well_formed(packed)
        .then(|| Key::new(&hash[..16]).ok())
        .flatten()
}

/// The newest challenge, used up; too short a one is none.
fn pin_challenge(session: &mut Session) -> Result<ArrayVec<u8, 16>, Sw> {
    session
        .challenge
        .take()
        .filter(|challenge| challenge.len() >= LEAST_CHALLENGE)
        .ok_or(Sw::REFERENCE_DATA_INVALID)
}

//! COS: LOAD KEY and REPLACE KEY (`card-model/COS.md`).

use super::certificate_pin::pin_key;
use super::object::{KeyType, NewKey};
use super::session::Session;
use super::{Card, Reply, Stop};
use crate::apdu::Apdu;
use crate::crypto::{Algorithm, LoadingKey};
use crate::secret::{Pin, equal};
use crate::status::StatusWord as Sw;
use zeroize::Zeroizing;

/// Bytes of the header in front of the value.
const HEADER: usize = 8;
/// Bytes a PIN takes, filled with FF.
const PIN_FIELD: usize = 8;
/// Header of a master key as real writers of the certificate application send it: type, identifier and version, all 00.
const SHORT_HEADER: usize = 3;

impl Card {
    pub(super) fn load_key(
        &mut self,
        session: &mut Session,
        apdu: &Apdu<'_>,
        replace: bool,
        cipher: &[u8],
        mac: &[u8],
    ) -> Result<Reply, Stop> {
        let df = session.df;
        let own = self.find_key(df, |key| key.kind == KeyType::Master);
        let parent = self.files.dfs[df].parent;
        let index = match own {
            Some(own) => own,
            None if replace => return Err(Sw::REFERENCE_NOT_FOUND.into()),
            None => self
                .find_key(parent, |key| key.kind == KeyType::Master)
                .ok_or(Sw::REFERENCE_NOT_FOUND)?,
        };
        if own.is_some() && !session.master {
            return Err(Sw::SECURITY_NOT_SATISFIED.into());
        }
        if !replace && self.files.is_activated(&self.memory, df) {
            return Err(Sw::CONDITIONS_NOT_SATISFIED.into());
        }
        let master = &self.files.keys[index];
        if master.is_locked(&self.memory) {
            return Err(Sw::AUTHENTICATION_BLOCKED.into());
        }
        let challenge = session.challenge.take().ok_or(Sw::REFERENCE_DATA_INVALID)?;
        let key = master.key(&self.memory).ok_or(Sw::REFERENCE_NOT_FOUND)?;
        let prepared = session
            .loading
            .take()
            .filter(|prepared| prepared.is(master.algorithm, &key));
        let key = session
            .loading
            .insert(prepared.unwrap_or_else(|| LoadingKey::new(master.algorithm, &key)));
        let right = key.mac(&challenge, &apdu.header, cipher);
        let plain = key.decrypt(cipher).map(Zeroizing::new);
        // The try is used up before the comparison, so that pulling the card cannot give it back.
        let tries = master.tries_left(&self.memory);
        self.spend_try(index)?;
        if !equal(&right, mac) {
            return Err(Sw::SECURE_MESSAGING_WRONG.into());
        }
        let done = self.store_key(df, index, own, replace, plain);
        if let Err(Stop::Refused(_)) = done {
            // The terminal holds the key and only asked for something that cannot be.
            self.files.keys[index].set_tries(&mut self.memory, tries)?;
        }
        done
    }

    /// Stores what a LOAD KEY or REPLACE KEY with the right MAC brings, and fills the counter of the master key `under` in
    /// the same change. `own` is the master key of the current DF, if it has one.
    fn store_key(
        &mut self,
        df: usize,
        under: usize,
        own: Option<usize>,
        replace: bool,
        plain: Option<Zeroizing<Vec<u8>>>,
    ) -> Result<Reply, Stop> {
        let plain = plain.ok_or(Sw::WRONG_DATA)?;
        let short = own.filter(|_| replace).and_then(|own| {
            let own = &self.files.keys[own];
            parse_short(&plain, own.tries, own.algorithm)
        });
        let mut new = short.or_else(|| parse(&plain)).ok_or(Sw::WRONG_DATA)?;
        if own.is_none() && new.kind != KeyType::Master {
            return Err(Sw::SECURITY_NOT_SATISFIED.into());
        }
        // Of a PIN that is only ever proved the card keeps what proves it.
        let pin = new.kind.is_certificate_pin().then(|| pin_key(new.value)).flatten();
        if let Some(pin) = &pin {
            new.value = pin.expose();
        }
        let same = self.find_key(df, |key| {
            let alike = key.kind == new.kind && key.index == new.index;
            (key.id == new.id
                && key.version == new.version
                && (alike || is_named_by_id(key.kind) && is_named_by_id(new.kind)))
                || alike && (matches!(new.kind, KeyType::Master | KeyType::Pin) || new.kind.is_certificate_pin())
        });
        let counter = self.files.keys[under].full_counter();
        match (same, replace) {
            (None, false) => self.files.create_key(&mut self.memory, df, &new, Some(counter))?,
            (Some(_), false) => return Err(Sw::FILE_EXISTS.into()),
            (None, true) => return Err(Sw::REFERENCE_NOT_FOUND.into()),
            (Some(old), true) => {
                let old = &self.files.keys[old];
                if old.kind != new.kind || old.id != new.id || old.algorithm != new.algorithm || old.tries != new.tries
                {
                    return Err(Sw::WRONG_DATA.into());
                }
                old.replace_with(&mut self.memory, new.value, Some(counter))?;
            }
        }
        Ok(Reply::new())
    }
}

/// Types that conditions and authentications name by identifier: two of them with one identifier would be ambiguous.
fn is_named_by_id(kind: KeyType) -> bool {
    kind.is_external() || kind.is_certificate_pin()
}

/// `00 00 00 ‖ key16`: a master key that keeps its tries (`spec/commands.md` §1.5).
fn parse_short(plain: &[u8], tries: u8, algorithm: Algorithm) -> Option<NewKey<'_>> {
    let (header, value) = plain.split_first_chunk::<SHORT_HEADER>()?;
    (*header == [0; SHORT_HEADER] && value.len() == 16).then_some(NewKey {
        kind: KeyType::Master,
        id: 0,
        version: 0,
        index: 0,
        tries,
        algorithm,
        value,
    })
}

/// `type id version index tries algorithm 00 length ‖ value`.
fn parse(plain: &[u8]) -> Option<NewKey<'_>> {
    let (header, value) = plain.split_first_chunk::<HEADER>()?;
    let [kind, id, version, index, tries, algorithm, reserved, length] = *header;
    let kind = KeyType::from_byte(kind)?;
    let algorithm = Algorithm::try_from(algorithm).ok()?;
    let length = usize::from(length);
    let right_length = match (kind, algorithm) {
        (kind, algorithm) if kind == KeyType::Pin || kind.is_certificate_pin() => {
            (kind == KeyType::Pin || algorithm == Algorithm::Sm4)
                && value.len() == PIN_FIELD
                && length <= PIN_FIELD
                && value[length..].iter().all(|b| *b == 0xFF)
        }
        (_, Algorithm::Sm4) => length == 16 && value.len() == 16,
        (_, Algorithm::TripleDes) => (length == 16 || length == 8) && value.len() == length,
    };
    let right_version = match kind {
        KeyType::Master | KeyType::Pin => version == 0 && id == 0,
        kind if kind.is_certificate_pin() => version == 0 && id & 0x60 == 0,
        _ => (1..=3).contains(&version) && id & 0x60 == 0,
    };
    let value = value.get(..length)?;
    let well_formed = || Pin::is_well_formed(value);
    let right_pin = match kind {
        KeyType::Pin => value.is_empty() || well_formed(),
        kind => !kind.is_certificate_pin() || well_formed(),
    };
    (right_length && right_version && right_pin && reserved == 0 && tries <= 0x0F).then_some(NewKey {
        kind,
        id,
        version,
        index,
        tries,
        algorithm,
        value,
    })
}

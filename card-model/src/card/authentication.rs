//! INTERNAL and EXTERNAL AUTHENTICATION, and the COS's authentication of master keys (STD-P5 §6.4, §6.7).

use super::command::Authentication;
use super::object::KeyType;
use super::session::Session;
use super::{Card, Reply, Stop};
use crate::crypto::{SessionKey, master_cryptogram};
use crate::secret::equal;
use crate::status::StatusWord as Sw;

impl Card {
    /// The card proves that it holds the IRK of its environment; the terminal chooses both values.
    pub(super) fn internal_authentication(&self, session: &Session, data: Authentication<'_>) -> Result<Reply, Stop> {
        let environment = self.files.environment(session.df);
        let irk = self
            .find_key(environment, |key| {
                key.kind == KeyType::InternalAuthentication && key.version == data.version
            })
            .ok_or(Sw::REFERENCE_NOT_FOUND)?;
        let object = &self.files.keys[irk];
        let key = object.key(&self.memory).ok_or(Sw::REFERENCE_NOT_FOUND)?;
        let answer = SessionKey::derive(object.algorithm, &key, data.first).authenticate(data.source);
        Ok(answer.into_iter().collect())
    }

    /// The terminal proves that it holds a key. The session key comes from the card's newest challenge, which is used up
    /// whatever the outcome. A failure also takes back a state won with the same key before.
    pub(super) fn external_authentication(
        &mut self,
        session: &mut Session,
        id: u8,
        data: Authentication<'_>,
    ) -> Result<Reply, Stop> {
        let df = if id & 0x80 == 0 {
            self.files.environment(session.df)
        } else {
            session.df
        };
        let index = self
            .find_key(df, |key| {
                key.kind.is_external() && key.id == id && key.version == data.version
            })
            .ok_or(Sw::REFERENCE_NOT_FOUND)?;
        if self.files.keys[index].is_locked(&self.memory) {
            return Err(Sw::AUTHENTICATION_BLOCKED.into());
        }
        let challenge = session.challenge.take().ok_or(Sw::REFERENCE_DATA_INVALID)?;
        session.keys.remove(id);
        let right = self.with_counter(index, |key, algorithm| {
            equal(
                &SessionKey::derive(algorithm, key, &challenge).authenticate(data.source),
                data.first,
            )
        })?;
        if !right {
            return Err(self.wrong(index).into());
        }
        session.keys.insert(id);
        Ok(Reply::new())
    }

    /// COS: the current DF's master key opens creation and key loading.
    pub(super) fn authenticate_master(&mut self, session: &mut Session, cryptogram: &[u8]) -> Result<Reply, Stop> {
        let index = self
            .find_key(session.df, |key| key.kind == KeyType::Master)
            .ok_or(Sw::REFERENCE_NOT_FOUND)?;
        let object = &self.files.keys[index];
        if cryptogram.len() != object.algorithm.block() {
            return Err(Sw::WRONG_LENGTH.into());
        }
        if object.is_locked(&self.memory) {
            return Err(Sw::AUTHENTICATION_BLOCKED.into());
        }
        let challenge = session.challenge.take().ok_or(Sw::REFERENCE_DATA_INVALID)?;
        session.master = false;
        let right = self.with_counter(index, |key, algorithm| {
            equal(&master_cryptogram(algorithm, key, &challenge), cryptogram)
        })?;
        if !right {
            return Err(self.wrong(index).into());
        }
        session.master = true;
        Ok(Reply::new())
    }

    /// Index of the first key of a DF that fits.
    pub(super) fn find_key(&self, df: usize, fits: impl Fn(&super::object::KeyObject) -> bool) -> Option<usize> {
        self.files.dfs[df]
            .keys
            .iter()
            .copied()
            .find(|i| fits(&self.files.keys[*i]))
    }
}

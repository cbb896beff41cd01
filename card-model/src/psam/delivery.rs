//! DELIVERY SESSION KEY and CIPHER DATA (STD-P9 §9.7, §9.8).

use super::command::CipherStep;
use super::session::{Delivered, Session};
use super::usage::{KeyKind, SessionFactor, Usage};
use super::{Psam, Reply, Stop};
use crate::crypto::{Algorithm, SessionKey, diversify, tac_key};
use crate::secret::Key;
use crate::status::StatusWord as Sw;

/// Length of a diversification factor in bytes.
const FACTOR: usize = 8;

impl Psam {
    /// DELIVERY SESSION KEY: as many factors as the key has levels, lowest level first, then the session factor of one
    /// block where the kind takes one.
    pub(super) fn deliver(&mut self, session: &mut Session, usage: u8, id: u8, data: &[u8]) -> Result<Reply, Stop> {
        session.delivered = None;
        session.purchase = None;
        let df = session.df;
        if self.store.dfs[df].cipher.algorithm().is_none() {
            return Err(self.not_public(df, Sw::REFERENCE_NOT_FOUND));
        }
        let kind = KeyKind::from_number(usage & 0x1F).ok_or(Sw::REFERENCE_NOT_FOUND)?;
        let mut alike = self
            .store
            .keys
            .iter()
            .filter(|key| self.store.is_key_of(key, df, kind, id))
            .peekable();
        if alike.peek().is_none() {
            return Err(Sw::REFERENCE_NOT_FOUND.into());
        }
        let entry = alike
            .find(|key| key.usage.map(Usage::byte) == Some(usage))
            .ok_or(Sw::WRONG_DATA)?;
        let policy = kind.session_factor().ok_or(Sw::CONDITIONS_NOT_SATISFIED)?;
        let algorithm = entry.algorithm;
        let (factors, factor) = data
            .split_at_checked(usize::from(usage >> 5) * FACTOR)
            .ok_or(Sw::WRONG_DATA)?;
        match (policy, factor.len()) {
            (SessionFactor::Required | SessionFactor::Optional, length) if length == algorithm.block() => {}
            (SessionFactor::Optional | SessionFactor::Absent, 0) => {}
            _ => return Err(Sw::WRONG_DATA.into()),
        }
        let root = entry.value(&self.memory).ok_or(Sw::REFERENCE_NOT_FOUND)?;
        let key = diversified(session, algorithm, root, factors)?;
        let key = match (kind, factor) {
            (KeyKind::Tac, _) => SessionKey::direct(algorithm, &tac_key(algorithm, &key)),
            (_, []) => SessionKey::direct(algorithm, &key),
            (_, factor) => SessionKey::derive(algorithm, &key, factor),
        };
        session.delivered = Some(Delivered { kind, key, chain: None });
        Ok(Reply::new())
    }
}

/// The card's key: the root diversified by the highest factor first. After INITIALIZE ENVIRONMENT the factors of city and
/// province must begin with the digits of the card's province.
pub(super) fn diversified(session: &Session, algorithm: Algorithm, root: Key, factors: &[u8]) -> Result<Key, Sw> {
    let (factors, _) = factors.as_chunks::<FACTOR>();
    if let Some(province) = session.province {
        let digits = [b'0' + (province >> 4), b'0' + (province & 15)];
        if factors.iter().skip(1).any(|factor| !factor.starts_with(&digits)) {
            return Err(Sw::WRONG_DATA);
        }
    }
    let mut key = root;
    for factor in factors.iter().rev() {
        key = diversify(algorithm, &key, factor);
    }
    Ok(key)
}

/// CIPHER DATA: encryption of whole blocks, or a MAC in one or more parts. The last step of either ends the working key
/// ("one process only", `spec/commands.md` §2.2); so does a step that the key or the order of steps does not allow.
pub(super) fn cipher(session: &mut Session, step: CipherStep, data: &[u8]) -> Result<Reply, Stop> {
    let mut delivered = session.delivered.take().ok_or(Sw::CONDITIONS_NOT_SATISFIED)?;
    let block = delivered.key.block();
    let allowed = match step {
        CipherStep::Encrypt | CipherStep::EncryptMore => delivered.kind.encrypts(),
        CipherStep::Mac | CipherStep::MacFirst => delivered.kind.makes_macs(),
        CipherStep::MacNext | CipherStep::MacLast => delivered.chain.is_some(),
    };
    if !allowed {
        return Err(Sw::CONDITIONS_NOT_SATISFIED.into());
    }
    let whole = data.len().is_multiple_of(block);
    match step {
        CipherStep::Encrypt | CipherStep::EncryptMore => {
            if !whole {
                return Err(Sw::WRONG_LENGTH.into());
            }
            let mut reply: Reply = data.iter().copied().collect();
            delivered.key.encrypt_blocks(&mut reply);
            if step == CipherStep::EncryptMore {
                delivered.chain = None;
                session.delivered = Some(delivered);
            }
            Ok(reply)
        }
        CipherStep::Mac => {
            let (initial, data) = data.split_at_checked(block).ok_or(Sw::WRONG_LENGTH)?;
            let mut chain = delivered.key.mac_chain(initial);
            chain.update(data);
            Ok(chain.finish().into_iter().collect())
        }
        CipherStep::MacFirst => {
            if !whole {
                return Err(Sw::WRONG_LENGTH.into());
            }
            let (initial, data) = data.split_at(block);
            let mut chain = delivered.key.mac_chain(initial);
            chain.update(data);
            delivered.chain = Some(chain);
            session.delivered = Some(delivered);
            Ok(Reply::new())
        }
        CipherStep::MacNext => {
            if !whole {
                return Err(Sw::WRONG_LENGTH.into());
            }
            if let Some(chain) = &mut delivered.chain {
                chain.update(data);
            }
            session.delivered = Some(delivered);
            Ok(Reply::new())
        }
        CipherStep::MacLast => {
            let mut chain = delivered.chain.take().ok_or(Sw::CONDITIONS_NOT_SATISFIED)?;
            chain.update(data);
            Ok(chain.finish().into_iter().collect())
        }
    }
}

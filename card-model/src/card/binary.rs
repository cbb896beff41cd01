//! READ BINARY, UPDATE BINARY, and what all reads and updates share: the access check and secure messaging.

use super::command::{FileReference, UpdateData};
use super::object::{EfStructure, UpdateProtection};
use super::session::Session;
use super::{Card, Refusal, Reply, Stop};
use crate::apdu::Apdu;
use crate::status::StatusWord as Sw;
use std::borrow::Cow;

/// Operation on an elementary file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    Read,
    Update,
}

impl Card {
    pub(super) fn read_binary(
        &mut self,
        session: &mut Session,
        file: FileReference,
        offset: usize,
        le: Option<u16>,
    ) -> Result<Reply, Stop> {
        let index = self.transparent(session, file)?;
        self.check_access(session, index, Access::Read)?;
        let ef = &self.files.efs[index];
        let left = ef
            .size
            .checked_sub(offset)
            .filter(|left| *left > 0)
            .ok_or(Sw::WRONG_OFFSET)?;
        let wanted = usize::from(le.unwrap_or(256));
        // Le 00 asks for 256 bytes or what there is up to the end of the file (STD-P5 §6.9).
        if wanted > left && wanted != 256 {
            return Err(Sw::wrong_le(left).into());
        }
        Ok(self
            .memory
            .read(ef.body + offset, wanted.min(left))
            .iter()
            .copied()
            .collect())
    }

    pub(super) fn update_binary(
        &mut self,
        session: &mut Session,
        apdu: &Apdu<'_>,
        file: FileReference,
        offset: usize,
        data: UpdateData<'_>,
    ) -> Result<Reply, Stop> {
        let index = self.transparent(session, file)?;
        // A key changes together with its other half only, by the commands of the certificate application.
        if self.files.efs[index].key_pair.is_some() {
            return Err(Sw::INCOMPATIBLE_FILE.into());
        }
        self.check_access(session, index, Access::Update)?;
        let data = self.open_update(session, index, apdu, data)?;
        let ef = &self.files.efs[index];
        let left = ef
            .size
            .checked_sub(offset)
            .filter(|left| *left > 0)
            .ok_or(Sw::WRONG_OFFSET)?;
        if data.len() > left {
            return Err(Sw::WRONG_LENGTH.into());
        }
        self.memory.commit(&[(ef.body + offset, &data)])?;
        Ok(Reply::new())
    }

    fn transparent(&self, session: &mut Session, file: FileReference) -> Result<usize, Sw> {
        let index = self.file(session, file)?;
        match self.files.efs[index].structure {
            EfStructure::Transparent => Ok(index),
            _ => Err(Sw::INCOMPATIBLE_FILE),
        }
    }

    /// The one place where access conditions are checked, whatever way a file was addressed.
    pub(super) fn check_access(&mut self, session: &Session, index: usize, access: Access) -> Result<(), Sw> {
        let ef = &self.files.efs[index];
        let condition = match access {
            Access::Read => &ef.read,
            Access::Update => &ef.update,
        };
        let pin = self.pin_holds(session);
        if condition.holds(pin, session.keys) {
            return Ok(());
        }
        self.refusal = Some(Refusal {
            file: Some(self.path(ef.df, Some(index))),
            condition: Some(condition.to_string()),
            missing: condition.missing(pin, session.keys),
        });
        Err(Sw::SECURITY_NOT_SATISFIED)
    }

    /// The plain data of an update. A file may demand a MAC, or encryption and a MAC; a MAC that comes unasked is checked
    /// all the same (STD-P4 §8, STD-P7 §7.3–7.4).
    pub(super) fn open_update<'a>(
        &self,
        session: &mut Session,
        index: usize,
        apdu: &Apdu<'_>,
        data: UpdateData<'a>,
    ) -> Result<Cow<'a, [u8]>, Sw> {
        let protection = self.files.efs[index].protection;
        match data {
            UpdateData::Plain(data) if protection == UpdateProtection::None => Ok(Cow::Borrowed(data)),
            UpdateData::Plain(_) => Err(Sw::SECURE_MESSAGING_MISSING),
            UpdateData::Secured { data, mac } => {
                let session_key = self.check_mac(session, session.df, apdu, data, mac)?;
                match protection {
                    UpdateProtection::EncryptionAndMac => session_key
                        .decrypt(data)
                        .map(Cow::Owned)
                        .ok_or(Sw::SECURE_MESSAGING_WRONG),
                    UpdateProtection::None | UpdateProtection::Mac => Ok(Cow::Borrowed(data)),
                }
            }
        }
    }
}

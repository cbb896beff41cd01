//! APPLICATION BLOCK and CARD BLOCK: for ever, and failures lock no key (STD-P5 §6.1–6.2, STD-P7 §13).
//!
//! Their lists have both 6985 and 6A88: the current dedicated file is not of the kind that the command works on, an application
//! or an environment; or it is, and has no key for it.

use super::identity;
use super::object::{DfKind, KeyType};
use super::session::Session;
use super::{Card, Refusal, Reply, Stop};
use crate::apdu::Apdu;
use crate::status::StatusWord as Sw;

impl Card {
    pub(super) fn application_block(
        &mut self,
        session: &mut Session,
        apdu: &Apdu<'_>,
        mac: &[u8],
    ) -> Result<Reply, Stop> {
        self.check_block(session, session.df, KeyType::ApplicationBlock, apdu, mac)?;
        self.files.block(&mut self.memory, session.df)?;
        Ok(Reply::new())
    }

    pub(super) fn card_block(&mut self, session: &mut Session, apdu: &Apdu<'_>, mac: &[u8]) -> Result<Reply, Stop> {
        let environment = self.files.environment(session.df);
        self.check_block(session, environment, KeyType::CardBlock, apdu, mac)?;
        identity::block_card(&mut self.memory)?;
        Ok(Reply::new())
    }

    /// Why a command finds no key in a dedicated file: it works on something of another kind (6985), or there is none (6A88).
    pub(super) fn without_key(&self, df: usize, wanted: DfKind) -> Sw {
        let kind = self.files.dfs[df].kind;
        match (wanted, kind) {
            (DfKind::Adf, DfKind::Mf | DfKind::Ddf) | (DfKind::Ddf, DfKind::Mf) => Sw::CONDITIONS_NOT_SATISFIED,
            _ => Sw::REFERENCE_NOT_FOUND,
        }
    }

    fn check_block(
        &mut self,
        session: &mut Session,
        df: usize,
        permission: KeyType,
        apdu: &Apdu<'_>,
        mac: &[u8],
    ) -> Result<(), Stop> {
        let wanted = match permission {
            KeyType::ApplicationBlock => DfKind::Adf,
            _ => DfKind::Ddf,
        };
        let key = self
            .find_key(df, |key| key.kind == permission)
            .ok_or_else(|| self.without_key(df, wanted))?;
        let id = self.files.keys[key].id;
        if !session.keys.contains(id) {
            let condition = format!("{id:02X}");
            self.refusal = Some(Refusal {
                file: Some(self.path(df, None)),
                condition: Some(condition.clone()),
                missing: vec![condition],
            });
            return Err(Sw::SECURITY_NOT_SATISFIED.into());
        }
        self.check_mac(session, df, apdu, &[], mac)?;
        Ok(())
    }
}

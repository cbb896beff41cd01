//! Defects of power-on: what should be forgotten and is not, what should stay and goes, and answers to reset.

use super::super::object::{KeyType, offset};
use super::super::session::Session;
use super::super::{Card, Interface};
use super::account::{PROOF_SEQUENCE, write};
use serde::Deserialize;

/// What is wrong after power-on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ResetFault {
    /// The PIN still counts as verified.
    KeepVerified,
    /// Authenticated keys still count, and their dedicated file is still the current one.
    KeepKeys,
    /// As both, when the interface changes.
    KeepAcrossInterfaces,
    /// Blocked applications are open again.
    OpenApplications,
    /// A blocked card is open again.
    OpenCard,
    /// The PIN's counter is full again.
    FillPin,
    /// The counters of the keys are full again.
    FillKeys,
    /// The transaction proof is gone.
    ForgetProof,
    /// The serial number in the historical bytes is another one.
    Historical,
    /// As `Historical`, on the contactless interface only.
    HistoricalContactless,
    /// TS of the ATR says inverse convention.
    InverseConvention,
    /// TB1 of the ATR is not 00.
    Tb1,
    /// The ATR has a TCK although only T=0 is offered.
    Tck,
    /// The ATR names fewer historical bytes than it has.
    HistoricalCount,
    /// The ATS announces frames of another size.
    FrameSize,
    /// The ATS has another length than its first byte tells.
    AtsLength,
}

impl ResetFault {
    /// Changes card and answer after a power-on; `before` is what a healthy card has forgotten.
    pub fn apply(self, card: &mut Card, before: Option<&Session>, answer: &mut Vec<u8>) {
        match self {
            Self::KeepVerified | Self::KeepKeys | Self::KeepAcrossInterfaces => {
                if let (Some(session), Some(old)) = (card.session.as_deref_mut(), before) {
                    self.keep(session, old);
                }
            }
            Self::OpenApplications => {
                for df in 0..card.files.dfs.len() {
                    let at = card.files.dfs[df].address + offset::STATE;
                    let state = card.memory.byte(at);
                    if state & 0x02 != 0 {
                        write(card, at, &[state & !0x02]);
                    }
                }
            }
            Self::OpenCard => {
                if super::super::identity::is_card_blocked(&card.memory) {
                    write(card, super::super::identity::fixed::LIFE, &[0]);
                }
            }
            Self::FillPin | Self::FillKeys => {
                for key in &card.files.keys {
                    if (key.kind == KeyType::Pin) == (self == Self::FillPin) {
                        // A card that lost its power here is found so by the next power-on.
                        let _ = key.set_tries(&mut card.memory, key.tries);
                    }
                }
            }
            Self::ForgetProof => {
                let files = card.files.efs.iter().filter(|ef| ef.hidden > 0);
                let places: Vec<usize> = files.map(|ef| ef.body + PROOF_SEQUENCE - 1).collect();
                places.iter().for_each(|at| write(card, *at, &[0; 3]));
            }
            _ => self.change_answer(card, answer),
        }
    }

    fn keep(self, session: &mut Session, old: &Session) {
        let changed = session.interface != old.interface;
        match self {
            Self::KeepVerified => session.verified.clone_from(&old.verified),
            Self::KeepKeys => (session.df, session.keys) = (old.df, old.keys),
            Self::KeepAcrossInterfaces if changed => {
                session.verified.clone_from(&old.verified);
                (session.df, session.keys) = (old.df, old.keys);
            }
            _ => {}
        }
    }

    fn change_answer(self, card: &Card, answer: &mut Vec<u8>) {
        let interface = card.session.as_deref().map(|session| session.interface);
        let contact = interface == Some(Interface::Contact);
        let byte = match self {
            Self::Historical => answer.last_mut().map(|byte| (byte, 0x01)),
            Self::HistoricalContactless if !contact => answer.last_mut().map(|byte| (byte, 0x01)),
            Self::InverseConvention if contact => answer.first_mut().map(|byte| (byte, 0x3B ^ 0x3F)),
            Self::HistoricalCount if contact => answer.get_mut(1).map(|byte| (byte, 0x01)),
            Self::Tb1 if contact => answer.get_mut(2).map(|byte| (byte, 0x25)),
            Self::FrameSize if !contact => answer.get_mut(1).map(|byte| (byte, 0x02)),
            Self::AtsLength if !contact => answer.first_mut().map(|byte| (byte, 0x01)),
            Self::Tck if contact => {
                let check = answer.iter().skip(1).fold(0, |check, byte| check ^ byte);
                answer.push(check);
                None
            }
            _ => None,
        };
        if let Some((byte, bits)) = byte {
            *byte ^= bits;
        }
    }
}

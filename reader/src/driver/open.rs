//! The card between two steps.

use super::code::ReturnCode;
use super::failure::Failure;
use super::slots::Card;
use super::strings::FileAddress;
use super::{PayInfo, Terminal};
use crate::hsm::Area;
use crate::security::PurchaseRequest;
use crate::session::{Pair, Session, Suspended};
use card_model::profile::Profile;
use std::thread::{self, ThreadId};
use std::time::Instant;

/// A card that waits for its next step.
pub(super) struct Open {
    /// Number of this wait.
    pub number: u64,
    /// The thread that took the first step.
    pub owner: ThreadId,
    /// When the card is closed.
    pub deadline: Instant,
    /// The card.
    pub card: Waiting,
    /// What the next step will be.
    pub step: Step,
}

/// A card without anybody who talks to it.
pub(super) struct Waiting {
    channel: Card,
    profile: &'static Profile,
    known: Suspended,
}

/// What the next step is, and what it needs from the one before.
pub(super) enum Step {
    /// iReadCardBas_HSM_Step2, with the card's answer to INTERNAL AUTHENTICATE and the key that opens the holder's data.
    Basics {
        answer: [u8; 8],
        key: Option<(String, Pair)>,
    },
    /// iReadCard_HSM_Step2.
    Read {
        address: FileAddress,
        key: String,
        pair: Pair,
    },
    /// iWriteCard_HSM_Step2.
    Write {
        address: FileAddress,
        key: String,
        pair: Pair,
    },
    /// iReloadPIN_HSM_Step2.
    Reload { pair: Pair },
    /// iReloadPIN_HSM_Step3, with the header the message must have.
    ReloadMessage { header: [u8; 5] },
    /// iUnblockPIN_HSM_Step2.
    Unblock { pair: Pair },
    /// iUnblockPIN_HSM_Step3.
    UnblockMessage { header: [u8; 5] },
    /// iDoDebit_HSM_Step2.
    Debit {
        pay: PayInfo,
        request: PurchaseRequest,
        address: String,
    },
}

impl Waiting {
    /// Opens the card behind a channel and does the first piece of work with it.
    pub fn begin<T>(
        mut channel: Card,
        open: impl for<'c> FnOnce(&'c mut Card) -> Result<Session<'c>, Failure>,
        work: impl FnOnce(&mut Session<'_>) -> Result<T, Failure>,
    ) -> Result<(Self, T), Failure> {
        let mut session = open(&mut channel)?;
        let result = work(&mut session)?;
        let profile =
            Profile::builtin(&session.profile().name).map_err(|error| Failure::of(ReturnCode::WRONG_CARD, &error))?;
        let known = session.suspend();
        drop(session);
        let waiting = Self {
            channel,
            profile,
            known,
        };
        Ok((waiting, result))
    }

    /// Region and historical bytes, from which an HSM diversifies its keys.
    pub fn area(&self) -> Result<Area, Failure> {
        match (&self.known.region(), self.known.historical()) {
            (Some(region), Some(historical)) => Ok(Area {
                region: (*region).to_owned(),
                historical,
            }),
            _ => Err(Failure::new(ReturnCode::CARD_ID)),
        }
    }

    /// Does another piece of work with the card.
    pub fn go_on<T>(&mut self, work: impl FnOnce(&mut Session<'_>) -> Result<T, Failure>) -> Result<T, Failure> {
        let mut session = Session::resume(Box::new(&mut self.channel), self.profile, self.known.clone());
        let result = work(&mut session);
        self.known = session.suspend();
        result
    }
}

impl Terminal {
    /// Leaves a card open for its next step.
    pub fn leave_open(&mut self, card: Waiting, step: Step) {
        self.opened += 1;
        self.open = Some(Open {
            number: self.opened,
            owner: thread::current().id(),
            deadline: Instant::now() + self.settings.step_timeout,
            card,
            step,
        });
    }

    /// Takes the card that the step before left open.
    pub fn take_open(&mut self) -> Result<(Waiting, Step), Failure> {
        match self.open.take() {
            Some(open) => Ok((open.card, open.step)),
            None => Err(Failure::because(
                ReturnCode::NOT_CONNECTED,
                "未执行上一步或已超时",
                "the step before was not done, or too long ago",
            )),
        }
    }
}

/// The step before was one of another function.
pub(super) fn other_step() -> Failure {
    Failure::because(
        ReturnCode::NOT_CONNECTED,
        "上一步是另一函数的",
        "the step before was one of another function",
    )
}

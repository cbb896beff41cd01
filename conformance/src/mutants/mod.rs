//! The suites against cards with a defect each: what is caught, by which case, and which cases catch nothing.
//!
//! The cards are [`FaultyCard`](card_model::card::faulty::FaultyCard)s in this process, copies of one issued card. A case catches
//! a defect if it fails on the faulty card and passes on the healthy one. Each case has a fresh copy, so that a catch is the
//! case's own. It counts if the case is one of the rule that the defect breaks: its clause fits ([`Defect::breaks`]).

mod bench;
mod channel;
mod relay;
mod report;

pub use channel::FaultyChannel;
pub use relay::{Change, Disturbance, Relay, disturb};
pub use report::{Caught, Report, Trial};

use crate::ConformanceError;
use crate::suite::Suite;
use crate::terminal::{CertificatePins, Subject};
use bench::Bench;
use card_model::card::faulty::Defect;
use card_model::card::{Card, Interface};
use card_model::profile::Profile;
use card_model::secret::Pin;
use reader::security::{CardIdentity, KeyFile};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// An issued card, and all that belongs to it. Each trial has copies.
#[derive(Clone)]
pub struct Sample {
    /// What the card is.
    pub profile: Profile,
    /// The card, without power.
    pub card: Card,
    /// Its keys.
    pub keys: KeyFile,
    /// What goes into their diversification.
    pub identity: CardIdentity,
    /// Its PIN.
    pub pin: Pin,
    /// PINs of its certificate application: the user's and the administrator's.
    pub certificate_pins: [Pin; 2],
}

impl Sample {
    /// The card as a subject of the suites.
    pub fn subject(&self) -> Subject<'_> {
        let [user, administrator] = &self.certificate_pins;
        Subject {
            profile: &self.profile,
            identity: &self.identity,
            pin: Some(&self.pin),
            certificate_pins: Some(CertificatePins { user, administrator }),
        }
    }
}

/// How the defects are tried.
#[derive(Debug, Clone, Copy)]
pub struct Hunt {
    /// Runs every case against every defect; else a trial ends with the first case that catches the defect and whose clause
    /// fits, and tries no other cases than those.
    pub all_cases: bool,
    /// Threads.
    pub threads: usize,
}

/// Tries the suites against defects.
///
/// # Errors
/// A suite file cannot be read.
pub fn hunt(
    suite: &Suite,
    sample: &Sample,
    defects: &[&'static Defect],
    hunt: Hunt,
) -> Result<Report, ConformanceError> {
    let bench = Bench::new(suite, sample)?;
    let next = AtomicUsize::new(0);
    let trials = Mutex::new(Vec::new());
    let work = || {
        let mut keys = sample.keys.clone();
        while let Some(defect) = defects.get(next.fetch_add(1, Ordering::Relaxed)) {
            let trial = if hunt.all_cases {
                bench.all(&mut keys, defect)
            } else {
                bench.first(&mut keys, defect)
            };
            lock(&trials).push(trial);
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..hunt.threads.max(1) {
            scope.spawn(work);
        }
    });
    let mut trials = core::mem::take(&mut *lock(&trials));
    trials.sort_by_key(|trial: &Trial| defects.iter().position(|defect| defect.id == trial.defect.id));
    let idle = hunt.all_cases.then(|| bench.idle(&mut sample.keys.clone(), &trials));
    Ok(Report { trials, idle })
}

const INTERFACES: [Interface; 2] = [Interface::Contact, Interface::Contactless];

/// A lock that a panicking thread has left behind is as good as any other: its contents are whole.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

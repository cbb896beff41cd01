//! Many clerks, the same people: each person gets exactly one card.

use crate::scene::*;
use personalize::ledger::{LedgerAccess, LedgerError, Refusal, Target};
use std::sync::atomic::{AtomicU32, Ordering};

/// Clerks of eight outlets bring the same people through to a valid card, each in an order of their own.
pub fn same_people(scene: &Scene, clerks: usize, people: u32) {
    let active = AtomicU32::new(0);
    std::thread::scope(|threads| {
        for number in 0..clerks {
            let active = &active;
            threads.spawn(move || {
                let mut desk = scene.open();
                desk.work_as("clerk", OUTLETS[number % OUTLETS.len()]);
                let shift = u32::try_from(number * 7).expect("small");
                for step in 0..people {
                    let person = adult(1000 + (step + shift) % people);
                    match desk.apply(applicant(&person)) {
                        Ok(_) => {
                            desk.through(&person);
                            active.fetch_add(1, Ordering::Relaxed);
                        }
                        Err(LedgerError::Refused(refusal)) => assert!(
                            matches!(
                                *refusal,
                                Refusal::Open { .. } | Refusal::HasCard { .. } | Refusal::CardElsewhere { .. }
                            ),
                            "{refusal:?}"
                        ),
                        Err(error) => panic!("{error:?}"),
                    }
                }
            });
        }
    });
    assert_eq!(active.load(Ordering::Relaxed), people);
    let mut desk = scene.open();
    let counts = desk.ledger.counts().expect("counts");
    assert_eq!(
        (counts.valid, counts.sealed, counts.open, counts.cancelled),
        (people.into(), 0, 0, 0)
    );
    let audit = desk.ledger.examine(&[]).expect("an audit");
    assert!(audit.whole, "{:?}", audit.findings);
    assert!(desk.ledger.progress(&Target::Person(adult(1000)), at(1)).is_ok());
}

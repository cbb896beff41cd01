//! The card model beside the oracle: no disagreement in random walks. `make soak` walks on for a night.

use crate::support::issued::Issued;
use card_model::card::faulty::{Defect, FaultyCard};
use card_model::card::{Card, Interface};
use conformance::explore::Keys;
use conformance::oracle::{Learnt, Start, Walker};
use conformance::terminal::Terminal;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// Walks for each generation, and events in each.
const WALKS: u64 = 250;
const EVENTS: usize = 400;
/// Walks in which a soak found card and oracle to disagree, by generation and seed.
const FOUND: [(&str, u64); 1] = [("1.0", 0x2A59)];

/// An issued card, and what the oracle has learnt of it.
struct Bench {
    issued: Issued,
    card: Card,
    learnt: Learnt,
}

impl Bench {
    fn new(profile: &str) -> Self {
        let mut issued = Issued::new(profile, Interface::Contact);
        issued.fill_cyclic_files();
        let card = Card::from_image(issued.channel.card().image()).unwrap();
        let (channel, keys, subject) = issued.parts();
        let learnt = Learnt::of(&mut Terminal::new(channel, keys, subject)).unwrap();
        Self { issued, card, learnt }
    }

    fn walk(&mut self, make: &dyn Fn(&Card) -> Box<dyn Walker>, seed: u64) -> Result<u64, String> {
        let card = &self.card;
        let keys = Keys::new(&mut self.issued.keys, &self.issued.identity);
        let start = Start {
            profile: self.issued.profile,
            keys: &keys,
            card: &|| make(card),
            learnt: &self.learnt,
            pin: &self.issued.pin,
        };
        start.walk(seed, EVENTS).map_err(|finding| finding.to_string())
    }
}

#[test]
fn card_and_oracle_agree() {
    let clock = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() as u64;
    println!("fixed seeds, and the walk of seed {clock:016X}");
    let generations = ["3.0", "2.0", "1.0"].map(|profile| {
        std::thread::spawn(move || {
            let mut bench = Bench::new(profile);
            let healthy = |card: &Card| Box::new(card.clone()) as Box<dyn Walker>;
            let mut commands = 0;
            let found = FOUND.iter().filter(|found| found.0 == profile).map(|found| found.1);
            for seed in (0..WALKS).chain([clock]).chain(found) {
                match bench.walk(&healthy, seed) {
                    Ok(count) => commands += count,
                    Err(finding) => panic!("{profile}: card and oracle disagree\n{finding}"),
                }
            }
            println!("{profile}: {commands} commands, no disagreement");
        })
    });
    for generation in generations {
        generation.join().unwrap();
    }
}

/// An oracle that never disagrees would be worth nothing: it notices most defects of what it judges.
#[test]
fn the_oracle_notices_defects() {
    let all = Defect::all();
    let next = AtomicUsize::new(0);
    let missed = Mutex::new(Vec::new());
    let work = || {
        let mut bench = Bench::new("3.0");
        while let Some(defect) = all.get(next.fetch_add(1, Ordering::Relaxed)) {
            let faulty = |card: &Card| Box::new(FaultyCard::new(card.clone(), defect)) as Box<dyn Walker>;
            if (0..60).all(|seed| bench.walk(&faulty, seed).is_ok()) {
                missed.lock().unwrap().push(defect.id.as_str());
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(work);
        }
    });
    let missed = missed.into_inner().unwrap();
    println!(
        "{} of {} defects noticed; not: {missed:?}",
        all.len() - missed.len(),
        all.len()
    );
    assert!(missed.len() * 2 < all.len());
}

//! A defect that nothing can observe is no defect: a healthy and a faulty card get the same random commands from the same
//! tester until one answer differs.

use crate::support::issued::Issued;
use card_model::card::faulty::{Defect, FaultyCard};
use card_model::card::{Card, Interface};
use card_model::secret::Pin;
use conformance::explore::{Event, Keys, Random, Tester};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Events of one episode, after which both cards are new ones.
const EPISODE: usize = 120;
/// Episodes after which a defect counts as not observable.
const EPISODES: u64 = 4000;

/// An issued card and what a tester has for it.
struct Bench {
    issued: Issued,
    card: Card,
}

impl Bench {
    fn new(profile: &str) -> Self {
        let mut issued = Issued::new(profile, Interface::Contact);
        issued.fill_cyclic_files();
        let card = Card::from_image(issued.channel.card().image()).unwrap();
        Self { issued, card }
    }

    /// The number of events after which a defect shows in an episode.
    fn episode(&mut self, defect: &'static Defect, seed: u64) -> Option<usize> {
        let mut random = Random::new(seed);
        let interface = random.interface(self.issued.profile);
        let mut healthy = self.card.clone();
        let mut faulty = FaultyCard::new(self.card.clone(), defect);
        let pins = [self.issued.pin.clone(), self.issued.administrator.clone()];
        let keys = Keys::new(&mut self.issued.keys, &self.issued.identity);
        let (mut left, mut right) = (random, random);
        let pin: Pin = self.issued.pin.clone();
        let mut tester = Tester::new(self.issued.profile, &keys, &pin, Some(pins), random, interface);
        if healthy.power_on(interface) != faulty.power_on(interface) {
            return Some(0);
        }
        for count in 1..=EPISODE {
            let event = tester.event();
            let answer = match &event {
                Event::Reset(interface) => {
                    if healthy.power_on(*interface) != faulty.power_on(*interface) {
                        return Some(count);
                    }
                    Vec::new()
                }
                Event::Command(command) => {
                    // The power goes now and then, where only that shows a defect.
                    let cut = (defect.needs_power_cut() && random.once_in(6)).then(|| random.below(24) as u64);
                    healthy.lose_power_after(cut);
                    faulty.lose_power_after(cut);
                    let (good, bad) = (
                        healthy.transmit(command, &mut left),
                        faulty.transmit(command, &mut right),
                    );
                    healthy.lose_power_after(None);
                    faulty.lose_power_after(None);
                    if good != bad {
                        return Some(count);
                    }
                    if cut.is_some() {
                        healthy.power_on(interface);
                        faulty.power_on(interface);
                        tester.heard(&Event::Reset(interface), &[]);
                    }
                    good.map(|answer| answer.to_bytes()).unwrap_or_default()
                }
            };
            tester.heard(&event, &answer);
        }
        None
    }
}

#[test]
fn each_defect_changes_what_a_card_does() {
    let all = Defect::all();
    let next = AtomicUsize::new(0);
    let unseen = Mutex::new(Vec::new());
    let work = || {
        let mut benches = ["3.0", "2.0"].map(Bench::new);
        while let Some(defect) = all.get(next.fetch_add(1, Ordering::Relaxed)) {
            let shows = (0..EPISODES).find(|seed| {
                let bench = &mut benches[usize::from(seed % 4 == 3)];
                bench.episode(defect, seed * 0x1_0001 + 7).is_some()
            });
            match shows {
                Some(seed) if seed > 200 => println!("{} shows in episode {seed}", defect.id),
                Some(_) => {}
                None => unseen.lock().unwrap().push(defect.id.as_str()),
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(work);
        }
    });
    let unseen = unseen.into_inner().unwrap();
    assert!(
        unseen.is_empty(),
        "{} defects change nothing: {unseen:#?}",
        unseen.len()
    );
}

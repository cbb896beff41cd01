//! Random command sequences against the small card of the other tests, beside a bystander who knows what the card was
//! given ([`oracle::Oracle`]) and a twin that never loses power. After every command:
//! - the card has not panicked and has given data and status word;
//! - data came only where the bystander's rule holds, and exactly the bytes that were written;
//! - a read or update is refused with 6982 only where the rule does not hold;
//! - a refused command has changed nothing in memory but try counters, and none of them upwards;
//! - a right was won only with the right key or PIN and a challenge that was not used before;
//! - what is blocked stays blocked;
//! - after a power cut the memory is that before the command or that after it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod actions;
mod observe;
mod oracle;
#[allow(dead_code, reason = "made for the other tests, of which this one uses a part")]
#[path = "../card/support.rs"]
mod support;

use actions::{Action, Choice, actions};
use card_model::card::{Card, Interface};
use card_model::crypto::Algorithm;
use observe::observe;
use oracle::Oracle;
use proptest::prelude::*;
use std::sync::LazyLock;
use support::{Terminal, TestEntropy, upper};

/// Header and journal of an image: what the journal holds after a change is of no meaning.
const JOURNAL_END: usize = 16 + 4 + 2048;

/// An issued card and the places of its try counters, found by looking what a failed try changes.
struct Blueprint {
    algorithm: Algorithm,
    image: Vec<u8>,
    counters: Vec<usize>,
}

static BLUEPRINTS: LazyLock<[Blueprint; 2]> = LazyLock::new(|| {
    [Algorithm::Sm4, Algorithm::TripleDes].map(|algorithm| {
        let terminal = Terminal::issued(algorithm, Interface::Contactless);
        let image = terminal.card.image().to_vec();
        Blueprint {
            algorithm,
            counters: counters(algorithm, &image),
            image,
        }
    })
});

fn terminal(algorithm: Algorithm, image: &[u8]) -> Terminal {
    let mut card = Card::from_image(image).unwrap();
    card.power_on(Interface::Contactless);
    Terminal {
        card,
        entropy: TestEntropy(0x5EED_7E57),
        algorithm,
    }
}

fn counters(algorithm: Algorithm, image: &[u8]) -> Vec<usize> {
    let mut found = Vec::new();
    let mut try_wrong = |df: u16, make: &dyn Fn(&mut Terminal) -> Vec<u8>| {
        let mut t = terminal(algorithm, image);
        t.select_fid(0xDDF1);
        t.select_fid(df);
        let command = make(&mut t);
        let before = t.card.image().to_vec();
        assert!(t.sw(&command) >> 4 == 0x63C, "{} did not fail", upper(&command));
        let changed = |i: &usize| before[*i] != t.card.image()[*i];
        found.extend((JOURNAL_END..before.len()).filter(changed));
    };
    for df in [0x3F00, 0xDDF1, 0xDDF2, 0xDF01, 0xDF02] {
        try_wrong(df, &|t| {
            t.challenge();
            support::command([0, 0x82, 0, 0], &vec![0; t.algorithm.block()])
        });
    }
    for (df, id) in [
        (0xDDF1, 4),
        (0xDDF1, 6),
        (0xDDF1, 0x0A),
        (0xDDF2, 0x0B),
        (0xDF01, 0x84),
        (0xDF02, 0x84),
    ] {
        try_wrong(df, &|t| t.authentication(id, &[0xEE; 16]));
    }
    try_wrong(0xDDF1, &|t| {
        let mut command = t.authentication(4, &[0xEE; 16]);
        command[4] += 1;
        command.push(2);
        command
    });
    try_wrong(0xDDF1, &|_| support::hex("0020000002 9999"));
    assert_eq!(found.len(), 13, "a failed try changes exactly one byte: {found:?}");
    found
}

/// One card through one sequence.
struct Run<'a> {
    blueprint: &'a Blueprint,
    t: Terminal,
    twin: Terminal,
    oracle: Oracle,
    last_external: Vec<u8>,
    /// Places of the try counters: those of the blueprint and of the keys that were loaded since.
    counters: Vec<usize>,
}

impl<'a> Run<'a> {
    fn new(blueprint: &'a Blueprint) -> Self {
        Self {
            blueprint,
            t: terminal(blueprint.algorithm, &blueprint.image),
            twin: terminal(blueprint.algorithm, &blueprint.image),
            oracle: Oracle::new(blueprint.algorithm),
            last_external: vec![0, 0x82, 0, 4, 16, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
            counters: blueprint.counters.clone(),
        }
    }

    /// After LOAD KEY a counter may be there that the blueprint does not have. It is found as the others were: by what a
    /// failed try changes, on a copy of the card.
    fn learn_counters(&mut self) {
        for key in self.twin.card.inventory().keys {
            let df = key.fids.last().copied().unwrap_or(0x3F00);
            if !key.kind.is_external() || key.tries_left.is_none_or(|left| left == 0) {
                continue;
            }
            let mut t = terminal(self.blueprint.algorithm, self.twin.card.image());
            // A blocked card or application tries nothing, and then no counter changes.
            t.send(&support::command([0, 0xA4, 0, 0], &0xDDF1u16.to_be_bytes()));
            t.send(&support::command([0, 0xA4, 0, 0], &df.to_be_bytes()));
            t.send(&[0, 0x84, 0, 0, 8]);
            let before = t.card.image().to_vec();
            t.send(&support::command(
                [0, 0x82, 0, key.id],
                &[&[0xEE; 16][..], &[key.version]].concat(),
            ));
            let changed = (JOURNAL_END..before.len()).filter(|i| before[*i] != t.card.image()[*i]);
            for place in changed.collect::<Vec<_>>() {
                if !self.counters.contains(&place) {
                    self.counters.push(place);
                }
            }
        }
    }

    fn step(&mut self, action: &Action, cut: Option<u64>) {
        if let Action::Reset(contact) = action {
            let interface = if *contact {
                Interface::Contact
            } else {
                Interface::Contactless
            };
            assert_eq!(self.t.card.power_on(interface), self.twin.card.power_on(interface));
            return self.oracle.power_on();
        }
        let known = self.oracle.clone();
        let mut drawn = Vec::new();
        let shape = Terminal {
            card: Card::from_image(&self.blueprint.image).unwrap(),
            entropy: TestEntropy(1),
            algorithm: self.blueprint.algorithm,
        };
        let last_external = self.last_external.clone();
        let command = actions::bytes(action, &shape, &known, &last_external, &mut |command| {
            let answer = self.exchange(command);
            drawn.clone_from(&answer);
            answer
        });
        if command.get(1) == Some(&0x82) {
            self.last_external.clone_from(&command);
        }
        match cut {
            None => {
                self.exchange(&command);
            }
            Some(words) => self.cut(&command, words),
        }
    }

    /// One command with all checks; 61xx is fetched, so the bystander sees whole answers.
    fn exchange(&mut self, command: &[u8]) -> Vec<u8> {
        let before = self.t.card.image().to_vec();
        let answer = self.t.send(command);
        assert_eq!(
            self.twin.send(command),
            answer,
            "same memory, session and entropy, another answer"
        );
        let sw = u16::from_be_bytes(answer[answer.len() - 2..].try_into().unwrap());
        let success = sw == 0x9000;
        assert!(success || answer.len() == 2, "{sw:04X} with data");
        if !success {
            self.unchanged_but_counters(&before, command, sw);
        }
        if success && command[..2] == [0x84, 0xD4] {
            self.learn_counters();
        }
        observe(&mut self.oracle, command, &answer[..answer.len() - 2], sw);
        answer
    }

    fn unchanged_but_counters(&self, before: &[u8], command: &[u8], sw: u16) {
        let after = self.t.card.image();
        let changed: Vec<usize> = (0..before.len()).filter(|i| before[*i] != after[*i]).collect();
        let changed: Vec<usize> = changed.into_iter().filter(|i| *i >= JOURNAL_END).collect();
        let allowed = |i: &usize| self.counters.contains(i) && after[*i] < before[*i];
        assert!(
            changed.iter().all(allowed) && changed.len() <= 1,
            "{} refused with {sw:04X} changed bytes {changed:?}",
            upper(command)
        );
    }

    /// The command runs into a power cut on the card, not on the twin.
    fn cut(&mut self, command: &[u8], words: u64) {
        let before = self.t.card.image().to_vec();
        let free = without_tries(self.t.card.inventory());
        self.t.card.lose_power_after(Some(words));
        let answer = self.t.card.transmit(command, &mut self.t.entropy);
        self.t.card.lose_power_after(None);
        let expected = self.twin.send(command);
        if let Some(answer) = answer {
            // Enough power: an ordinary command, seen without the fetching of 61xx.
            let sw = u16::from_be_bytes(expected[expected.len() - 2..].try_into().unwrap());
            if answer.sw >> 8 == 0x61 {
                self.t.raw(&[0, 0xC0, 0, 0, answer.sw as u8]);
            }
            if sw == 0x9000 && command[..2] == [0x84, 0xD4] {
                self.learn_counters();
            }
            return observe(&mut self.oracle, command, &expected[..expected.len() - 2], sw);
        }
        self.t.card.power_on(Interface::Contactless);
        let torn = self.t.card.image();
        let is = |other: &[u8]| (JOURNAL_END..torn.len()).all(|i| torn[i] == other[i] || self.counters.contains(&i));
        let creation = matches!(command[..2], [0x84, 0xD4] | [0x80, 0xE0 | 0xE4]);
        let new = is(self.twin.card.image());
        let old = is(&before) || creation && without_tries(self.t.card.inventory()) == free;
        assert!(
            old || new,
            "{} cut after {words} words: neither old nor new",
            upper(command)
        );
        for i in &self.counters {
            assert!(
                torn[*i] <= before[*i].max(self.twin.card.image()[*i]),
                "a cut gave a try back"
            );
        }
        if new {
            let sw = u16::from_be_bytes(expected[expected.len() - 2..].try_into().unwrap());
            if sw == 0x9000 && command[..2] == [0x84, 0xD4] {
                self.learn_counters();
            }
            observe(&mut self.oracle, command, &expected[..expected.len() - 2], sw);
        }
        let image = self.t.card.image().to_vec();
        self.t = terminal(self.blueprint.algorithm, &image);
        self.twin = terminal(self.blueprint.algorithm, &image);
        self.oracle.power_on();
    }
}

/// What is inside, whatever the counters say.
fn without_tries(mut inventory: card_model::card::Inventory) -> card_model::card::Inventory {
    for key in &mut inventory.keys {
        key.tries_left = key.tries_left.map(|_| 0);
    }
    inventory
}

/// A key that was loaded in the sequence itself, then an authentication with it that runs into a power cut: the try is
/// spent, which is neither the state before nor that after, and the counter is one that no blueprint knows.
#[test]
fn cut_authentication_with_a_key_loaded_before() {
    for blueprint in &*BLUEPRINTS {
        for words in 0..4 {
            let mut run = Run::new(blueprint);
            let load = Action::LoadKey(0, 0x0D, Choice::This(0x0B), 1, 9, true);
            for action in [Action::SelectDf(0x3F00), Action::Master(true), load] {
                run.step(&action, None);
            }
            let known = run.counters.len();
            assert_eq!(
                known,
                blueprint.counters.len() + 1,
                "the MF of an issued card takes keys"
            );
            run.step(&Action::External(Choice::This(0x0B), None, true), Some(words));
            run.step(&Action::SelectDf(0x3F00), None);
            run.step(&Action::External(Choice::This(0x0B), None, false), None);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3 * ProptestConfig::default().cases, ..ProptestConfig::default() })]

    #[test]
    fn any_sequence(which in 0..2usize, sequence in actions(20..120)) {
        let mut run = Run::new(&BLUEPRINTS[which]);
        let mut cut = None;
        for action in &sequence {
            if let Action::PowerCut(words) = action {
                cut = Some(*words);
            } else {
                run.step(action, cut.take());
            }
        }
    }

    /// Noise on a fresh card gives no right: nothing is ever read that is not free.
    #[test]
    fn noise(which in 0..2usize, commands in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 0..40)) {
        let mut run = Run::new(&BLUEPRINTS[which]);
        for command in commands {
            run.exchange(&command);
        }
    }

    /// Any bytes as an image: an error or a card that answers, never a panic.
    #[test]
    fn damaged_images(which in 0..2usize, damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
                      cut in prop::option::of(any::<prop::sample::Index>()), sequence in actions(1..30)) {
        let mut image = BLUEPRINTS[which].image.clone();
        // Half of the damage goes to the fixed area and the first objects, where it hurts.
        for (n, (index, byte)) in damage.iter().enumerate() {
            let length = if n % 2 == 0 { image.len() } else { JOURNAL_END + 1500 };
            let place = index.index(length);
            image[place] = *byte;
        }
        if let Some(index) = cut {
            image.truncate(index.index(image.len()));
        }
        if let Ok(mut card) = Card::from_image(&image) {
            card.power_on(Interface::Contact);
            card.inventory();
            let algorithm = BLUEPRINTS[which].algorithm;
            let mut t = Terminal { card, entropy: TestEntropy(7), algorithm };
            let shape = terminal(algorithm, &BLUEPRINTS[which].image);
            let mut oracle = Oracle::new(algorithm);
            oracle.df = 0xDDF1;
            for action in &sequence {
                let mut send = |command: &[u8]| t.card.transmit(command, &mut t.entropy).map_or(vec![], |r| r.to_bytes());
                let command = actions::bytes(action, &shape, &oracle, &[0, 0x82, 0, 4], &mut send);
                send(&command);
            }
        }
    }
}

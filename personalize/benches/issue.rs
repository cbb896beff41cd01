//! A whole card in this process: blank → structure and keys → data → read back → verified; and a purchase with it.
//! `cargo bench -p ssc-personalize`.
#![allow(
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    reason = "tests and benches stop at the first surprise"
)]

use card_model::card::{Card, Interface};
use card_model::crypto::Algorithm;
use card_model::profile::Profile;
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use jiff::civil::Date;
use personalize::numbers::{CardNumber, Region};
use personalize::run::historical_bytes;
use personalize::{Holder, HolderRules, HoldersFile, Issuer, ModelOs, Settings};
use rand_core::{Infallible, TryRng};
use reader::channel::{Channel, ModelChannel};
use reader::security::{AccountTerminal, KeyFile};
use reader::session::{Amounts, Place, Session};
use std::path::Path;

const TODAY: Date = Date::constant(2026, 1, 2);

/// Challenges of the model cards: SplitMix64, so that a run can be repeated and the operating system is not measured.
struct Entropy(u64);

impl TryRng for Entropy {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        self.try_next_u64().map(|word| (word >> 32) as u32)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let word = (self.0 ^ self.0 >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let word = (word ^ word >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        Ok(word ^ word >> 31)
    }

    fn try_fill_bytes(&mut self, to: &mut [u8]) -> Result<(), Infallible> {
        for chunk in to.chunks_mut(8) {
            let word = self.try_next_u64()?.to_le_bytes();
            chunk.copy_from_slice(&word[..chunk.len()]);
        }
        Ok(())
    }
}

/// Settings and holders of the sample files.
fn samples(profile: &Profile) -> (Settings, Vec<Holder>) {
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples");
    let settings = Settings::load(&samples.join("settings.toml")).expect("the sample");
    let rules = HolderRules {
        profile,
        settings: &settings,
        today: TODAY,
        accept_disagreement: false,
    };
    let holders = HoldersFile::load(&samples.join("holders.csv"), &rules)
        .expect("the sample")
        .holders;
    (settings, holders)
}

fn blank(profile: &Profile, serial: u32) -> ModelChannel {
    let region = Region::parse("990000").expect("six digits");
    let historical = historical_bytes(profile, &region, serial.to_be_bytes());
    in_reader(Card::blank(profile, historical), serial)
}

fn in_reader(card: Card, seed: u32) -> ModelChannel {
    ModelChannel::new(card, Interface::Contact, Box::new(Entropy(seed.into())))
}

fn issue(criterion: &mut Criterion) {
    let profile = Profile::builtin("3.0").expect("built in");
    let (settings, holders) = samples(profile);
    let mut keys = KeyFile::generate("TEST bench", &[profile], &[Algorithm::Sm4], true).expect("random numbers");
    let issuer = Issuer::new(profile, &ModelOs, &settings, TODAY).expect("a profile");
    let number = CardNumber::assign("T", 1).expect("a number");
    let mut serial = 0_u32;
    let mut blank = || {
        serial += 1;
        blank(profile, serial)
    };

    let mut group = criterion.benchmark_group("issue");
    group.throughput(Throughput::Elements(1));
    let mut next = holders.iter().cycle();
    group.bench_function("whole card", |bencher| {
        bencher.iter_batched(
            &mut blank,
            |mut card| {
                let holder = next.next().expect("a cycle");
                issuer
                    .issue(&mut card, &mut keys, holder, &number, false, &mut |_, _| Ok(()))
                    .expect("issued");
                card
            },
            BatchSize::SmallInput,
        );
    });

    let mut next = holders.iter().cycle();
    let loader = std::cell::RefCell::new(&mut keys);
    let mut prepared = || {
        let mut card = blank();
        let historical = reader::reset::historical(&card.reset_answer().bytes).expect("13 bytes");
        let identity = issuer.identity(historical);
        let mut keys = loader.borrow_mut();
        let mut bench = personalize::Bench {
            channel: &mut card,
            loader: &mut **keys,
            profile,
            card: &identity,
        };
        personalize::structure::build(&mut bench, &ModelOs, &settings.initial_pins()).expect("built");
        card
    };
    group.bench_function("data of a pre-personalized card", |bencher| {
        bencher.iter_batched(
            &mut prepared,
            |mut card| {
                let holder = next.next().expect("a cycle");
                let mut keys = loader.borrow_mut();
                issuer
                    .issue(&mut card, &mut **keys, holder, &number, false, &mut |_, _| Ok(()))
                    .expect("issued");
                card
            },
            BatchSize::SmallInput,
        );
    });
    group.finish();
}

/// INITIALIZE FOR PURCHASE, the terminal's MAC1, DEBIT FOR PURCHASE and the check of MAC2, card and terminal together.
fn purchase(criterion: &mut Criterion) {
    let profile = Profile::builtin("3.0").expect("built in");
    let (settings, holders) = samples(profile);
    let mut keys = KeyFile::generate("TEST bench", &[profile], &[Algorithm::Sm4], true).expect("random numbers");
    let issuer = Issuer::new(profile, &ModelOs, &settings, TODAY).expect("a profile");
    let number = CardNumber::assign("T", 1).expect("a number");
    let mut card = blank(profile, 1);
    let holder = holders.first().expect("a sample");
    issuer
        .issue(&mut card, &mut keys, holder, &number, false, &mut |_, _| Ok(()))
        .expect("issued");
    let place = Place {
        terminal: [0x99, 0x00, 0x00, 0x12, 0x34, 0x56],
        time: [0x20, 0x26, 0x03, 0x02, 0x12, 0x00, 0x00],
    };
    let mut host = keys.clone();
    let mut session = opened(&mut card, &settings);
    session.load(1_000_000, place, &mut host).expect("loaded");
    drop(session);
    let card = card.card().clone();
    let mut terminal = AccountTerminal::new(keys, place.terminal, 0);
    let amounts = Amounts {
        personal: 1_000,
        self_paid: 100,
        pooled: 10,
    };
    criterion.bench_function("purchase", |bencher| {
        // A fresh copy each time: a card counts to 65,535 only.
        bencher.iter_batched_ref(
            || opened(in_reader(card.clone(), 2), &settings),
            |session| session.settle(1, amounts, place, &mut terminal).expect("settled"),
            BatchSize::SmallInput,
        );
    });
}

/// A session whose PIN is verified.
fn opened<'a>(channel: impl Channel + 'a, settings: &Settings) -> Session<'a> {
    let mut session = Session::open(Box::new(channel)).expect("a card");
    session.verify_pin(&settings.initial_pin).expect("the initial PIN");
    session
}

criterion_group!(benches, issue, purchase);
criterion_main!(benches);

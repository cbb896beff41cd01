//! A whole card in this process: blank → structure and keys → data → read back → verified. `cargo bench -p ssc-personalize`.
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
use personalize::{HolderRules, HoldersFile, Issuer, ModelOs, Settings};
use rand_core::{Infallible, TryRng};
use reader::channel::{Channel, ModelChannel};
use reader::security::KeyFile;
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

fn issue(criterion: &mut Criterion) {
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples");
    let profile = Profile::builtin("3.0").expect("built in");
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
    let mut keys = KeyFile::generate("TEST bench", &[profile], &[Algorithm::Sm4], true).expect("random numbers");
    let issuer = Issuer::new(profile, &ModelOs, &settings, TODAY).expect("a profile");
    let number = CardNumber::assign("T", 1).expect("a number");
    let region = Region::parse("990000").expect("six digits");
    let mut serial = 0_u32;
    let mut blank = || {
        serial += 1;
        let historical = historical_bytes(profile, &region, serial.to_be_bytes());
        ModelChannel::new(
            Card::blank(profile, historical),
            Interface::Contact,
            Box::new(Entropy(serial.into())),
        )
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

criterion_group!(benches, issue);
criterion_main!(benches);

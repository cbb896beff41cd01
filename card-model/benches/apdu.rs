//! APDUs per second of the card model in this process, access checks included (`cargo bench -p ssc-card-model`).
//!
//! The card is the small one of the tests: two environments, an environment with seven files, two applications. Every
//! command goes through [`Card::transmit`] as bytes; the answer is checked, so no refusal is measured by mistake.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[allow(dead_code, reason = "made for the tests, of which this one uses a part")]
#[path = "../tests/card/support.rs"]
mod support;

use card_model::card::{Card, Interface};
use card_model::crypto::{Algorithm, SessionKey};
use card_model::secret::Key;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;
use support::{NAME, PUK, RK, Terminal, UK, command, hex};

fn run(t: &mut Terminal, command: &[u8]) -> u16 {
    let answer = t
        .card
        .transmit(black_box(command), &mut t.entropy)
        .expect("the card has power");
    black_box(&answer).sw
}

fn bench(c: &mut Criterion, name: &str, t: &mut Terminal, commands: &[Vec<u8>]) {
    for command in commands {
        assert_eq!(run(t, command), 0x9000, "{}", support::upper(command));
    }
    let mut group = c.benchmark_group("apdu");
    group.throughput(Throughput::Elements(commands.len() as u64));
    group.bench_function(name, |b| {
        b.iter(|| {
            for command in commands {
                assert_eq!(run(t, command), 0x9000);
            }
        });
    });
    group.finish();
}

fn card() -> Terminal {
    Terminal::issued(Algorithm::Sm4, Interface::Contactless)
}

fn files(c: &mut Criterion) {
    let mut t = card();
    bench(c, "SELECT SSSE by name", &mut t, &[command([0, 0xA4, 4, 0], NAME)]);
    bench(c, "SELECT EF", &mut t, &[hex("00A4020002EF05")]);
    bench(
        c,
        "SELECT other DF and back",
        &mut t,
        &[hex("00A4000002DF01"), hex("00A4000002DDF1")],
    );
    assert_eq!(run(&mut t, &hex("00A4020002EF05")), 0x9000);
    bench(c, "READ RECORD by tag, free", &mut t, &[hex("00B2010007")]);
    t.authenticate(RK, 1);
    bench(c, "READ RECORD by SFI and number, key", &mut t, &[hex("00B2013405")]);
    bench(c, "READ RECORD whole file, key", &mut t, &[hex("00B2013509")]);
    bench(c, "READ BINARY 224", &mut t, &[hex("00B08700E0")]);
    t.authenticate(UK, 1);
    bench(c, "UPDATE RECORD 5 bytes, key", &mut t, &[hex("00DC0834050803C1C2C3")]);
    let update = command([0, 0xD6, 0x87, 0], &[0x55; 224]);
    bench(c, "UPDATE BINARY 224", &mut t, &[update]);

    t.select_fid(0xDF01);
    let record = hex("00DC0128050103AABBCC");
    assert_eq!(run(&mut t, &record), 0x9000);
    assert_eq!(run(&mut t, &hex("0020000003123456")), 0x9000);
    bench(
        c,
        "READ RECORD by SFI and tag, PIN or key",
        &mut t,
        &[hex("00B2012805")],
    );
}

fn security(c: &mut Criterion) {
    let mut t = card();
    bench(c, "GET CHALLENGE 8", &mut t, &[hex("0084000008")]);
    bench(c, "VERIFY", &mut t, &[hex("0020000003123456")]);
    bench(
        c,
        "INTERNAL AUTHENTICATION SM4",
        &mut t,
        &[command([0, 0x88, 0, 0], &[0x11; 16])],
    );

    for (algorithm, name) in [(Algorithm::Sm4, "SM4"), (Algorithm::TripleDes, "3DES")] {
        let mut t = Terminal::issued(algorithm, Interface::Contactless);
        let mut group = c.benchmark_group("apdu");
        group.throughput(Throughput::Elements(1));
        // Pairs of GET CHALLENGE and EXTERNAL AUTHENTICATION; the terminal's own computation is in the time too.
        let key = Key::from([PUK; 16]);
        group.bench_function(
            format!("GET CHALLENGE + EXTERNAL AUTHENTICATION {name}, both sides"),
            |b| {
                b.iter(|| pair(&mut t, algorithm, &key));
            },
        );
        // The card's part alone: the terminal's part is computed between the measured pairs.
        group.bench_function(
            format!("GET CHALLENGE + EXTERNAL AUTHENTICATION {name}, card only"),
            |b| {
                b.iter_custom(|pairs| {
                    let mut spent = std::time::Duration::ZERO;
                    for _ in 0..pairs.div_ceil(BATCH) {
                        spent += batch(&mut t, algorithm, &key);
                    }
                    spent.mul_f64(pairs as f64 / (pairs.div_ceil(BATCH) * BATCH) as f64)
                });
            },
        );
        group.finish();
    }
}

/// Pairs that are timed together.
const BATCH: u64 = 64;

/// The card's time for a batch of pairs. Its challenges come from repeatable entropy, so the terminal's answers are made
/// before on a copy of the entropy and the clock runs over the card's work only.
fn batch(t: &mut Terminal, algorithm: Algorithm, key: &Key) -> std::time::Duration {
    use rand_core::TryRng;
    let mut ahead = support::TestEntropy(t.entropy.0);
    let commands: Vec<Vec<u8>> = (0..BATCH)
        .map(|_| {
            let mut challenge = [0; 8];
            let Ok(()) = ahead.try_fill_bytes(&mut challenge);
            let proof = SessionKey::derive(algorithm, key, &challenge).authenticate(&[0x50; 8]);
            command([0, 0x82, 0, PUK], &[proof, [0x50; 8]].concat())
        })
        .collect();
    let draw = [0, 0x84, 0, 0, 8];
    let start = std::time::Instant::now();
    for command in &commands {
        assert_eq!(run(t, &draw), 0x9000);
        assert_eq!(run(t, command), 0x9000);
    }
    start.elapsed()
}

fn pair(t: &mut Terminal, algorithm: Algorithm, key: &Key) {
    let answer = t.card.transmit(&[0, 0x84, 0, 0, 8], &mut t.entropy).expect("power");
    let proof = SessionKey::derive(algorithm, key, &answer.data).authenticate(&[0x50; 8]);
    let mut bytes = [0x50; 21];
    bytes[..5].copy_from_slice(&[0, 0x82, 0, PUK, 16]);
    bytes[5..13].copy_from_slice(&proof);
    assert_eq!(run(t, &bytes), 0x9000);
}

/// From dead to the answer to reset: journal looked at, session begun. And from bytes on a disk, index built.
fn power(c: &mut Criterion) {
    let mut t = card();
    let mut group = c.benchmark_group("power");
    group.bench_function("power-on", |b| b.iter(|| t.card.power_on(Interface::Contact)));
    let image = t.card.image().to_vec();
    group.bench_function("from image and power-on", |b| {
        b.iter(|| Card::from_image(&image).map(|mut card| card.power_on(Interface::Contact)));
    });
    // The power goes before the last word of an update; its completion is in the time.
    let update = command([0, 0xD6, 0x87, 0], &[0x55; 224]);
    let before = t.card.words_written();
    t.select_fid(0xDDF1);
    assert_eq!(run(&mut t, &update), 0x9000);
    let words = t.card.words_written() - before;
    t.card.power_on(Interface::Contactless);
    t.select_fid(0xDDF1);
    t.card.lose_power_after(Some(words - 1));
    assert!(t.card.transmit(&update, &mut t.entropy).is_none());
    t.card.lose_power_after(None);
    let torn = t.card.clone();
    group.bench_function("power-on with a torn update of 224 bytes", |b| {
        b.iter_batched_ref(
            || torn.clone(),
            |card| card.power_on(Interface::Contact),
            criterion::BatchSize::SmallInput,
        );
    });
    group.finish();
}

criterion_group! {
    name = apdu;
    config = Criterion::default().sample_size(30).warm_up_time(std::time::Duration::from_millis(500)).measurement_time(std::time::Duration::from_secs(2));
    targets = files, security, power
}
criterion_main!(apdu);

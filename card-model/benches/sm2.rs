//! SM2 in the card: commands of the certificate application per second (`cargo bench -p ssc-card-model --bench sm2`).
//!
//! The card is the one of the tests, built from the profile. Every command goes through [`Card::transmit`] as bytes.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[allow(dead_code, reason = "made for the tests, of which this one uses a part")]
#[path = "../tests/card/certificate/card.rs"]
mod card;
#[allow(dead_code, reason = "made for the tests, of which this one uses a part")]
#[path = "../tests/card/support.rs"]
mod support;

use card::{GENERATE, Given, certificate_card};
use card_model::card::Interface;
use card_model::sm2::{DEFAULT_ID, PublicKey};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;
use support::{Terminal, command, hex};

fn run(t: &mut Terminal, command: &[u8]) -> Vec<u8> {
    let answer = t
        .card
        .transmit(black_box(command), &mut t.entropy)
        .expect("the card has power");
    assert_eq!(answer.sw, 0x9000);
    answer.data.to_vec()
}

fn bench(c: &mut Criterion, name: &str, t: &mut Terminal, command: &[u8]) {
    let mut group = c.benchmark_group("sm2");
    group.throughput(Throughput::Elements(1));
    group.bench_function(name, |b| b.iter(|| run(t, command)));
    group.finish();
}

fn sm2(c: &mut Criterion) {
    let mut t = certificate_card(Interface::Contactless);
    t.user();
    bench(c, "GENERATE KEY PAIR", &mut t, &hex(GENERATE));
    let key = PublicKey::from_bytes(&t.public_key()[2..]).unwrap();
    let digest = key.digest(DEFAULT_ID, b"message");
    let sign = command([0x80, 0x48, 0, 1], &[&hex("C2020013C120")[..], &digest].concat());
    bench(c, "SIGN a digest", &mut t, &sign);
    let message = command([0x80, 0x48, 0, 2], &[&hex("C2020013C164")[..], &[0x5A; 100]].concat());
    bench(c, "SIGN 100 bytes, ZA in the card", &mut t, &message);
    let signature = run(&mut t, &sign);
    let verify = [&hex("C0020012C120")[..], &digest, &[0xCC, 0x40], &signature].concat();
    bench(c, "VERIFY SIGNATURE", &mut t, &command([0x80, 0x4C, 0, 1], &verify));
    let envelope = key.encrypt(&[7; 16], &mut Given(vec![0x5A; 32])).unwrap();
    let decrypt = [&hex("C2020013C1820070")[..], &envelope].concat();
    bench(c, "DECRYPT an envelope", &mut t, &command([0x80, 0x4E, 0, 1], &decrypt));
    let encrypt = [&hex("C0020012C110")[..], &[7; 16]].concat();
    bench(c, "ENCRYPT 16 bytes", &mut t, &command([0x80, 0x50, 0, 1], &encrypt));
    bench(
        c,
        "HASH 100 bytes",
        &mut t,
        &command([0x80, 0xC4, 1, 3], &[&[0xC1, 100][..], &[1; 100]].concat()),
    );
}

criterion_group!(benches, sm2);
criterion_main!(benches);

//! Codes of the electronic card: made and checked per second, text included (`cargo bench -p ssc-personalize --bench codes`).
#![allow(
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    reason = "benches stop at the first surprise"
)]

use card_model::sm2::PrivateKey;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use jiff::{SignedDuration, Timestamp};
use personalize::ecard::code::{
    CodeIssuer, CodeKind, CodeRequest, Directory, Issuer, IssuerKey, Occasion, SpentInMemory, Verdict, Verifier,
};
use personalize::script::SeededEntropy;
use std::hint::black_box;

const SEEING_A_DOCTOR: u8 = 2;

fn codes(c: &mut Criterion) {
    let now = Timestamp::from_second(1_800_000_000).expect("a moment");
    let mut entropy = SeededEntropy::new(*b"TEST code issuer");
    let private = PrivateKey::generate(&mut entropy).expect("a key");
    let mut issuer = Issuer::new(1, "TEST issuer", "ecard").expect("a scheme");
    issuer.keys.push(IssuerKey {
        number: 1,
        public: private.public_key(),
        from: now - SignedDuration::from_hours(1),
        until: now + SignedDuration::from_hours(1),
    });
    let mut directory = Directory::default();
    directory.add(issuer).expect("the only issuer");
    let issuer = CodeIssuer::new(directory.issuer(1).expect("just added"), private);

    let mut group = c.benchmark_group("codes");
    group.throughput(Throughput::Elements(1));
    for (name, kind) in [("identity", CodeKind::Identity), ("payment", CodeKind::Payment)] {
        let request = CodeRequest {
            kind,
            card: 1,
            channel: 1,
            scene: SEEING_A_DOCTOR,
        };
        let mut make = || {
            let code = issuer.issue(black_box(&request), now, &mut entropy).expect("a code");
            issuer.text(&code).expect("its text")
        };
        group.bench_function(format!("{name} made"), |b| b.iter(&mut make));
        let text = make();
        let verifier = Verifier::new(&directory);
        let occasion = Occasion {
            kind,
            scene: SEEING_A_DOCTOR,
            channel: None,
            now,
        };
        group.bench_function(format!("{name} checked"), |b| {
            b.iter(|| {
                let mut spent = SpentInMemory::default();
                match verifier.verify(black_box(&text), &occasion, &mut spent) {
                    Ok(Verdict::Accepted(accepted)) => accepted.code.card,
                    Ok(Verdict::Refused(refusal)) => panic!("{refusal}"),
                }
            });
        });
    }
    group.finish();
}

criterion_group!(benches, codes);
criterion_main!(benches);

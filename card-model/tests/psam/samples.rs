//! PSAM files of every format this program ever wrote are still read: one committed sample for each.

use super::support::*;
use card_model::card::Interface;
use card_model::crypto::Algorithm;
use card_model::psam::{Cipher, Psam, PsamDescription};

/// Samples by format number. A new format adds its own and keeps the others.
const SAMPLES: [(u16, &[u8]); 1] = [(1, include_bytes!("../samples/psam-1.psam"))];

/// The sample of the current format, made anew: `UPDATE_SAMPLES=1 cargo test -p ssc-card-model --test psam samples`.
fn make() -> Vec<u8> {
    let small = PsamDescription {
        memory: 2048,
        ..description().clone()
    };
    let mut psam = Psam::blank(&small, &SERIAL).unwrap();
    psam.power_on(Interface::Contact);
    let mut t = Terminal {
        psam,
        entropy: TestEntropy(1),
        algorithm: Algorithm::Sm4,
    };
    t.enter(Cipher::Sm4);
    t.create(0x11, 0x67, 0x08, &IRK);
    t.create(0x11, 0x22, 0x01, &DPK);
    t.psam.image().to_vec()
}

#[test]
fn every_sample_is_read_and_works() {
    if std::env::var_os("UPDATE_SAMPLES").is_some() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/samples/psam-1.psam");
        std::fs::write(path, make()).unwrap();
    }
    for (format, image) in SAMPLES {
        assert_eq!(image[8..10], format.to_be_bytes());
        let mut psam = Psam::from_image(image).unwrap();
        assert_eq!(
            upper(&psam.power_on(Interface::Contact)),
            "3B6D000000992611018699000000000001"
        );
        let mut t = Terminal {
            psam,
            entropy: TestEntropy(1),
            algorithm: Algorithm::Sm4,
        };
        t.enter(Cipher::Sm4);
        assert_eq!(t.deliver(0x67, 0x08), 0x9000);
        assert_eq!(t.psam.inventory().keys.len(), 6);
        t.create(0x12, 0x48, 0x12, &UK);
    }
    assert_eq!(
        SAMPLES.last().unwrap().1,
        make(),
        "a changed format gets a number and a sample of its own"
    );
}

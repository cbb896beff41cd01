//! INIT SAM FOR PURCHASE, CREDIT SAM FOR PURCHASE, the lock of the purchase key.

use super::BOTH;
use super::support::*;
use super::textbook::*;
use card_model::card::Interface;
use card_model::crypto::Algorithm;
use card_model::psam::{Cipher, Psam};

const RANDOM: [u8; 4] = [0xD1, 0xD2, 0xD3, 0xD4];
const TIME: [u8; 7] = [0x20, 0x26, 0x11, 0x21, 0x12, 0x00, 0x59];

fn data(algorithm: Algorithm) -> Vec<u8> {
    let byte = algorithm.identifier();
    [
        &RANDOM[..],
        &[0, 7],
        &[0, 0, 0, 100],
        &[0, 0, 1, 0],
        &[0, 2, 0, 0],
        &[0x32],
        &TIME,
        &[1, byte],
        &CARD,
    ]
    .concat()
}

fn init(t: &mut Terminal) -> Vec<u8> {
    let command = command([0x80, 0x70, 1, 0], &data(t.algorithm));
    t.ok(&command)
}

/// SESPK and the two MACs by the textbook.
fn expected(algorithm: Algorithm, number: u32) -> (Vec<u8>, Vec<u8>) {
    let key = card_key(algorithm, &DPK, 1);
    let factor = [&RANDOM[..], &[0, 7], &number.to_be_bytes()[2..]].concat();
    let mut session = session_key(algorithm, &key, &factor);
    session.truncate(if algorithm == Algorithm::Sm4 { 16 } else { 8 });
    let amounts = [0, 0, 0, 100, 0, 0, 1, 0, 0, 2, 0, 0];
    let message = [&amounts[..], &[0x32], &TERMINAL, &TIME].concat();
    (
        mac(algorithm, &session, &[], &message),
        mac(algorithm, &session, &[], &amounts),
    )
}

#[test]
fn purchases_against_the_textbook() {
    for algorithm in BOTH {
        let mut t = Terminal::issued(algorithm);
        for number in 1..=20u32 {
            let answer = init(&mut t);
            let (mac1, mac2) = expected(algorithm, number);
            assert_eq!(answer, [&number.to_be_bytes()[..], &mac1].concat());
            assert_eq!(t.ok(&hex("00B0990004")), number.to_be_bytes());
            t.ok(&command([0x80, 0x72, 0, 0], &mac2));
            assert_eq!(t.sw(&command([0x80, 0x72, 0, 0], &mac2)), 0x6901, "done already");
        }
    }
}

#[test]
fn what_is_refused() {
    for algorithm in BOTH {
        let mut t = Terminal::issued(algorithm);
        assert_eq!(t.sw(&hex("8072000004 01020304")), 0x6901, "no purchase was begun");
        let good = data(algorithm);
        let with = |at: usize, value: u8| {
            let mut data = good.clone();
            data[at] = value;
            data
        };
        let other_cipher = if algorithm == Algorithm::Sm4 { 1 } else { 3 };
        for (data, sw) in [
            (with(26, 2), 0x9403),
            (with(27, other_cipher), 0x6A80),
            (with(27, 2), 0x6A80),
            (good[..28].to_vec(), 0x6A80),
            ([&good[..], &CITY].concat(), 0x6A80),
            (good[..27].to_vec(), 0x6700),
            (good[..30].to_vec(), 0x6700),
        ] {
            assert_eq!(t.sw(&command([0x80, 0x70, 1, 0], &data)), sw);
        }
        assert_eq!(upper(&t.ok(&hex("00B0990004"))), "00000000", "nothing was counted");
        // Ended by another command of the PSAM, not by reading.
        for (event, sw) in [
            ("00B0990004", 0x9000),
            ("0084000008", 0x9000),
            ("00A4000002DF01", 0x6901),
            ("BFEC00000199", 0x6901),
            ("BFDE670808 0000000000000000", 0x6901),
        ] {
            let answer = init(&mut t);
            let number = u32::from_be_bytes(answer[..4].try_into().unwrap());
            t.send(&hex(event));
            let command = command([0x80, 0x72, 0, 0], &expected(algorithm, number).1);
            assert_eq!(t.sw(&command), sw, "{event}");
        }
    }
}

#[test]
fn wrong_codes_lock_the_purchase_key_for_good() {
    for algorithm in BOTH {
        let mut t = Terminal::issued(algorithm);
        let tries = description().purchase_key_tries;
        let wrong = |t: &mut Terminal| {
            init(t);
            t.sw(&hex("8072000004 00000000"))
        };
        for _ in 1..tries {
            assert_eq!(wrong(&mut t), 0x63CF);
        }
        let answer = init(&mut t);
        let number = u32::from_be_bytes(answer[..4].try_into().unwrap());
        t.ok(&command([0x80, 0x72, 0, 0], &expected(algorithm, number).1));
        for _ in 0..tries {
            assert_eq!(wrong(&mut t), 0x63CF, "a right one gave all tries back");
        }
        let begin = command([0x80, 0x70, 1, 0], &data(algorithm));
        assert_eq!(t.sw(&begin), 0x6983);
        t.psam = Psam::from_image(t.psam.image()).unwrap();
        t.psam.power_on(Interface::Contact);
        t.enter(Cipher::from(algorithm));
        assert_eq!(t.sw(&begin), 0x6983, "the lock outlives the power");
        assert_eq!(t.deliver(0x67, 0x08), 0x9000, "other keys work");
        let record = t.record(0x22, 0x01, &DPK);
        let change = t.load(1, 0x11, &record);
        t.ok(&change);
        init(&mut t);
    }
}

#[test]
fn the_transaction_number_does_not_begin_again() {
    let mut t = Terminal::issued(Algorithm::Sm4);
    let before = t.psam.image().to_vec();
    init(&mut t);
    let mut image = t.psam.image().to_vec();
    // The one byte that changed is the counter's last.
    let at = (0..image.len()).rev().find(|i| image[*i] != before[*i]).unwrap() - 3;
    image[at..at + 4].copy_from_slice(&[0xFF, 0xFF, 0xFF, 0xFE]);
    t.psam = Psam::from_image(&image).unwrap();
    t.psam.power_on(Interface::Contact);
    t.enter(Cipher::Sm4);
    assert_eq!(upper(&t.ok(&hex("00B0990004"))), "FFFFFFFE");
    init(&mut t);
    assert_eq!(t.sw(&command([0x80, 0x70, 1, 0], &data(Algorithm::Sm4))), 0x9402);
}

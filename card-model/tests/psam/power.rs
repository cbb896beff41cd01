//! Power is cut after every word that each writing command writes.

use super::support::*;
use card_model::card::Interface;
use card_model::crypto::Algorithm;
use card_model::psam::{Cipher, Psam, PsamInventory};

type Prepare = fn(&mut Terminal) -> Vec<u8>;

const COMMANDS: [(&str, Prepare); 7] = [
    ("create key", |t| {
        let record = t.record(0x67, 0x0A, &[0x0A; 16]);
        t.load(0, 0x11, &record)
    }),
    ("change key", |t| {
        let record = t.record(0x67, 0x08, &[0xAB; 16]);
        t.load(1, 0x11, &record)
    }),
    ("change master key", |t| {
        let mut record = t.record(0x67, 0x08, &[0x77; 16]);
        record[..2].fill(0);
        t.load(1, 0x00, &record)
    }),
    ("wrong MAC", |t| {
        let record = t.record(0x67, 0x0A, &[0x0A; 16]);
        let mut command = t.load(0, 0x11, &record);
        *command.last_mut().unwrap() ^= 1;
        command
    }),
    ("update", |t| {
        t.secured([0x04, 0xD6, 0x9A, 0x01], &[1, 2, 3, 4, 5, 6, 7, 8, 9])
    }),
    ("begin of a purchase", |_| purchase()),
    ("wrong MAC2", |t| {
        t.ok(&purchase());
        hex("8072000004 00000000")
    }),
];

fn purchase() -> Vec<u8> {
    let data = [&[0; 26][..], &[1, 3], &CARD].concat();
    command([0x80, 0x70, 1, 0], &data)
}

/// Everything but counters of tries, and these.
fn observable(psam: &Psam) -> (PsamInventory, Vec<Option<u8>>) {
    let mut back = Psam::from_image(psam.image()).unwrap();
    back.power_on(Interface::Contact);
    let mut inventory = back.inventory();
    let tries = inventory.keys.iter().map(|key| key.tries_left).collect();
    for key in &mut inventory.keys {
        key.tries_left = None;
    }
    inventory.free = 0;
    (inventory, tries)
}

#[test]
fn old_or_new_and_no_try_is_given_back() {
    let issued = Terminal::issued(Algorithm::Sm4);
    let fresh = || {
        let mut psam = Psam::from_image(issued.psam.image()).unwrap();
        psam.power_on(Interface::Contact);
        let mut t = Terminal {
            psam,
            entropy: TestEntropy(77),
            algorithm: Algorithm::Sm4,
        };
        t.enter(Cipher::Sm4);
        t
    };
    let mut cuts = 0;
    for (name, prepare) in COMMANDS {
        let new = {
            let mut done = fresh();
            let command = prepare(&mut done);
            done.send(&command);
            observable(&done.psam)
        };
        for words in 0.. {
            let mut t = fresh();
            let command = prepare(&mut t);
            let old = observable(&t.psam);
            t.psam.lose_power_after(Some(words));
            let answer = t.psam.transmit(&command, &mut t.entropy);
            t.psam.lose_power_after(None);
            t.psam.power_on(Interface::Contact);
            let after = observable(&t.psam);
            let spent = |to: &Vec<Option<u8>>| to.iter().zip(&after.1).all(|(before, after)| after <= before);
            assert!(after.0 == old.0 || after.0 == new.0, "{name}: torn after {words} words");
            assert!(spent(&old.1), "{name}: a try came back after {words} words");
            assert!(
                answer.is_none() || after == new,
                "{name}: an answer before the state is safe"
            );
            cuts += 1;
            if answer.is_some() {
                break;
            }
        }
    }
    println!("{cuts} cut points, none torn");
}

/// A number that may have been used in a MAC1 never comes again.
#[test]
fn a_mac1_never_shares_its_number() {
    let mut t = Terminal::issued(Algorithm::Sm4);
    let mut numbers = Vec::new();
    for round in 0..12 {
        t.enter(Cipher::Sm4);
        t.psam.lose_power_after((round % 3 == 0).then_some(round / 3));
        let answer = t.psam.transmit(&purchase(), &mut t.entropy);
        t.psam.lose_power_after(None);
        if answer.is_some() {
            numbers.push(t.ok(&hex("00C0000008"))[..4].to_vec());
        }
        t.psam.power_on(Interface::Contact);
    }
    let mut sorted = numbers.clone();
    sorted.dedup();
    assert_eq!(sorted, numbers);
    assert!(numbers.is_sorted());
}

#[test]
fn a_mirror_of_the_writes_is_the_image() {
    let mut t = Terminal::blank(Algorithm::Sm4);
    let mut copy = t.psam.image().to_vec();
    t.psam.record_writes();
    t.create(0x11, 0x67, 0x08, &IRK);
    for (at, bytes) in t.psam.take_writes() {
        copy[at..at + bytes.len()].copy_from_slice(&bytes);
    }
    assert_eq!(copy, t.psam.image());
    assert!(t.psam.words_written() > 0);
}

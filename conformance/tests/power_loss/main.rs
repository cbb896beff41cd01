//! Power loss (STD-P7 §14, `spec/commands.md` §3.4): the whole life of a card of each generation, from blank to blocked, with
//! the power cut after every single word that any command writes.
//!
//! The card comes back with the old or the new state, or with the old state and one try spent; a try cannot be saved by
//! pulling; MAC and TAC are there exactly when the money moved. A journal without one of its steps is noticed.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod certificate;
mod life;
#[path = "../support/mod.rs"]
mod support;
mod sweep;

use card_model::card::JournalStep;
use card_model::profile::Profile;
use life::{live, shortly};

/// Commands that write, as class, instruction and P1 (of UPDATE RECORD the mode), that every generation must have been through.
const WRITING: [(&str, [u8; 3]); 19] = [
    ("CREATE FILE", [0x80, 0xE0, 0x00]),
    ("LOAD KEY", [0x84, 0xD4, 0x00]),
    ("REPLACE KEY", [0x84, 0xD4, 0x01]),
    ("ACTIVATE", [0x80, 0x44, 0x00]),
    ("ERASE STRUCTURE", [0x80, 0xE4, 0x00]),
    ("EXTERNAL AUTHENTICATION, AUTHENTICATE MASTER KEY", [0x00, 0x82, 0x00]),
    ("UPDATE RECORD by identifier", [0x00, 0xDC, 0x00]),
    ("UPDATE RECORD, cyclic append", [0x00, 0xDC, 0x03]),
    ("UPDATE RECORD by number", [0x00, 0xDC, 0x04]),
    ("UPDATE BINARY", [0x00, 0xD6, 0x00]),
    ("UPDATE BINARY, secured", [0x04, 0xD6, 0x00]),
    ("VERIFY", [0x00, 0x20, 0x00]),
    ("CHANGE PIN", [0x80, 0x5E, 0x01]),
    ("PIN CHANGE/UNBLOCK", [0x84, 0x24, 0x00]),
    ("APPLICATION BLOCK", [0x84, 0x1E, 0x00]),
    ("CARD BLOCK", [0x84, 0x16, 0x00]),
    ("CREDIT FOR LOAD", [0xB0, 0x2A, 0x00]),
    ("DEBIT FOR PURCHASE", [0xB0, 0x2C, 0x01]),
    ("UPDATE STARTING DAY", [0xB0, 0x56, 0x00]),
];

/// Those of the certificate application.
const CERTIFICATE: [(&str, [u8; 3]); 5] = [
    ("GENERATE KEY PAIR", [0x80, 0x40, 0x00]),
    ("IMPORT PRIVATE KEY", [0x80, 0xC2, 0xC0]),
    ("VERIFY of a certificate PIN", [0x00, 0x20, 0x01]),
    ("CHANGE PIN of a certificate PIN", [0x84, 0x5E, 0x01]),
    ("PIN CHANGE/UNBLOCK of a certificate PIN", [0x84, 0x24, 0x01]),
];

#[test]
fn nothing_tears_in_the_whole_life_of_a_card() {
    let lives = ["3.0", "2.0", "1.0"].map(|name| std::thread::spawn(move || (name, live(name))));
    let (mut cuts, mut torn) = (0, Vec::new());
    for life in lives {
        let (name, findings) = life.join().unwrap();
        let profile = Profile::builtin(name).unwrap();
        let seen = |kind: &[u8; 3]| findings.kinds.keys().any(|(_, other)| other == kind);
        for (command, kind) in WRITING.iter().chain(&CERTIFICATE) {
            let there = !CERTIFICATE.contains(&(*command, *kind)) || profile.certificate_application().is_some();
            assert!(!there || seen(kind), "{name}: {command} was not cut");
        }
        let [old, new, spent] = findings.states;
        println!(
            "{name}: {} commands, {} cut points ({} with the recovery cut too): {old} old, {new} new, {spent} old with a try \
             spent; {} cut guesses saved no try; {} proofs",
            findings.kinds.values().map(|(commands, _)| commands).sum::<u64>(),
            findings.cuts(),
            findings.twice,
            findings.guesses,
            findings.proofs,
        );
        for ((phase, [cla, ins, p1]), (commands, cuts)) in &findings.kinds {
            println!("  {cla:02X}{ins:02X}{p1:02X} {phase}: {commands} commands, {cuts} cut points");
        }
        assert!(
            old > 0 && new > 0 && spent > 0 && findings.proofs > 0,
            "{name}: the cuts miss a side"
        );
        cuts += findings.cuts();
        torn.extend(findings.torn.iter().map(|what| format!("{name}: {what}")));
    }
    println!("{cuts} cut points, {} torn states", torn.len());
    assert!(torn.is_empty(), "{:#?}", &torn[..torn.len().min(20)]);
    assert!(cuts > 10_000);
}

/// The same sweep over a card whose memory leaves out one step of the journal finds torn states, whichever step it is.
#[test]
fn a_journal_without_one_step_is_noticed() {
    assert_eq!(shortly(None).torn, Vec::<String>::new());
    for step in JournalStep::ALL {
        let torn = shortly(Some(step)).torn;
        println!(
            "without {step:?}: {} torn states, such as {}",
            torn.len(),
            torn.first().map_or("", |t| t)
        );
        assert!(!torn.is_empty(), "a journal without {step:?} went unnoticed");
    }
}

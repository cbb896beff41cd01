//! CREATE KEY and CHANGE KEY.

use super::BOTH;
use super::support::*;
use super::textbook::*;
use card_model::crypto::Algorithm;
use card_model::psam::{Cipher, KeyRecord};
use card_model::secret::Key;

#[test]
fn lengths_of_the_sheet() {
    for (algorithm, length, lc) in [
        (Algorithm::TripleDes, 8, 0x1C),
        (Algorithm::TripleDes, 16, 0x24),
        (Algorithm::Sm4, 16, 0x24),
    ] {
        let mut t = Terminal::blank(algorithm);
        let record = t.record(0x26, 0x09, &vec![9; length]);
        let command = t.load(0, 0x11, &record);
        assert_eq!(command[4], lc);
        t.ok(&command);
    }
}

#[test]
fn record_layout() {
    let record = KeyRecord {
        usage: card_model::psam::Usage::from_byte(0x67),
        id: 0x08,
        algorithm: Algorithm::TripleDes,
        key: Key::from([0x55; 8]),
    };
    assert_eq!(upper(&record.to_bytes()), "67080001000000005555555555555555");
    let bytes = record.to_bytes();
    assert_eq!(KeyRecord::from_bytes(&bytes), Some(record));
    for (at, value) in [(0, 0x07), (1, 0xC0), (2, 1), (3, 2), (3, 0), (3, 3), (4, 1), (7, 1)] {
        let mut wrong = bytes.to_vec();
        wrong[at] = value;
        assert_eq!(KeyRecord::from_bytes(&wrong), None, "byte {at} = {value:02X}");
    }
    assert_eq!(KeyRecord::from_bytes(&bytes[..15]), None);
    assert_eq!(KeyRecord::from_bytes(&bytes[..3]), None);
}

#[test]
fn create_and_change() {
    for algorithm in BOTH {
        let mut t = Terminal::issued(algorithm);
        let old = t.record(0x67, 0x08, &IRK);
        let again = t.load(0, 0x11, &old);
        assert_eq!(t.sw(&again), 0x6A89, "it is there");
        let elsewhere = t.load(0, 0x12, &old);
        assert_eq!(t.sw(&elsewhere), 0x6A89, "in another file of the same application");
        let wrong_file = t.load(1, 0x12, &old);
        assert_eq!(t.sw(&wrong_file), 0x6A88);
        let unknown = t.record(0x67, 0x0A, &[1; 16]);
        let unknown = t.load(1, 0x11, &unknown);
        assert_eq!(t.sw(&unknown), 0x6A88);
        let no_file = t.load(0, 0x14, &old);
        assert_eq!(t.sw(&no_file), 0x6A82);
        let no_key_file = t.load(0, 0x1A, &old);
        assert_eq!(t.sw(&no_key_file), 0x6A82);
        let new = t.record(0x67, 0x08, &[0xAB; 16]);
        let change = t.load(1, 0x11, &new);
        t.ok(&change);
        assert_eq!(t.deliver(0x67, 0x08), 0x9000);
        let answer = t.ok(&command([0x80, 0xFA, 0, 0], &t.factor()));
        let session = session_key(algorithm, &card_key(algorithm, &[0xAB; 16], 3), &CHALLENGE);
        let session = if algorithm == Algorithm::TripleDes {
            &session[..8]
        } else {
            &session[..]
        };
        assert_eq!(answer, ecb(algorithm, session, &t.factor()));
        t.environment();
        let outside = t.load(0, 0x11, &old);
        assert_eq!(t.sw(&outside), 0x6A82, "key files are in the application");
    }
}

#[test]
fn what_is_refused() {
    for algorithm in BOTH {
        let mut t = Terminal::blank(algorithm);
        let record = t.record(0x67, 0x08, &IRK);
        let mut command = t.load(0, 0x11, &record);
        *command.last_mut().unwrap() ^= 1;
        assert_eq!(t.sw(&command), 0x6988);
        let command = t.load(0, 0x11, &record);
        let other = t.load(0, 0x11, &record);
        assert_eq!(t.sw(&command), 0x6988, "not the newest challenge");
        assert_eq!(t.sw(&other), 0x6984, "and that was used up");
        let mut reserved = record.clone();
        reserved[1] = 0xC0;
        let mut algorithm_byte = record.clone();
        algorithm_byte[3] = 0x02;
        let master_in_file = {
            let mut bytes = record.clone();
            bytes[..2].fill(0);
            bytes
        };
        for wrong in [reserved, algorithm_byte, master_in_file] {
            let command = t.load(0, 0x11, &wrong);
            assert_eq!(t.sw(&command), 0x6A80);
        }
        let key_as_master = t.load(1, 0x00, &record);
        assert_eq!(t.sw(&key_as_master), 0x6A80);
        // A key of the other cipher.
        let mut foreign = record.clone();
        foreign[3] = if algorithm == Algorithm::Sm4 { 0 } else { 3 };
        let command = t.load(0, 0x11, &foreign);
        assert_eq!(t.sw(&command), 0x6A80);
    }
    let mut t = Terminal::blank(Algorithm::Sm4);
    let short = t.secured([0x84, 0xD4, 0, 0x11], &[0; 0x18]);
    assert_eq!(t.sw(&short), 0x6700, "1C is a length of DES only");
}

#[test]
fn master_keys_are_changed_one_by_one() {
    for algorithm in BOTH {
        let mut t = Terminal::blank(algorithm);
        let mut record = t.record(0x67, 0x08, &[0x77; 16]);
        record[..2].fill(0);
        let create = t.load(0, 0x00, &record);
        assert_eq!(t.sw(&create), 0x6A89);
        let change = t.load(1, 0x00, &record);
        t.ok(&change);
        let key = t.record(0x67, 0x08, &IRK);
        let under_old = t.load(0, 0x11, &key);
        assert_eq!(t.sw(&under_old), 0x6988);
        t.environment();
        let terminal = t.secured([0x04, 0xD6, 0x96, 0x00], &TERMINAL);
        t.ok(&terminal);
    }
}

#[test]
fn a_full_key_file_says_so() {
    let mut t = Terminal::blank(Algorithm::Sm4);
    let room = description()
        .application_files
        .iter()
        .find(|file| file.fid == 0x13)
        .unwrap()
        .size;
    for id in 0..room {
        t.create(0x13, 0x67, id as u8, &[id as u8; 16]);
    }
    let record = t.record(0x48, 0x00, &[1; 16]);
    let command = t.load(0, 0x13, &record);
    assert_eq!(t.sw(&command), 0x6A84);
    t.create(0x12, 0x48, 0x00, &[1; 16]);
}

/// SSF33 is not public: the environment is there, and every command that would compute says why it does not.
#[test]
fn ssf33_has_no_keys() {
    let mut t = Terminal::blank(Algorithm::Sm4);
    t.enter(Cipher::Ssf33);
    let record = t.record(0x67, 0x08, &IRK);
    let factors = [CARD, CITY, PROVINCE].concat();
    let purchase = [&[0; 28][..], &CARD].concat();
    for (command, sw) in [
        (t.load(0, 0x11, &record), 0x6985),
        (t.load(1, 0x00, &record), 0x6985),
        (t.secured([0x04, 0xD6, 0x9A, 0x00], &[1]), 0x6985),
        (
            command([0xBF, 0xDE, 0x67, 0x08], &[&factors[..], &[0; 16]].concat()),
            0x6A88,
        ),
        (command([0x80, 0x70, 1, 0], &purchase), 0x9403),
    ] {
        assert_eq!(t.sw(&command), sw);
        let refusal = t.psam.refusal().unwrap();
        assert_eq!(
            (refusal.file.as_deref(), &refusal.missing[..]),
            (Some("DDF1/DF01"), &["SSF33".to_owned()][..])
        );
    }
}

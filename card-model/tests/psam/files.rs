//! READ BINARY, READ RECORD, UPDATE BINARY.

use super::BOTH;
use super::support::*;
use card_model::crypto::Algorithm;
use card_model::psam::Cipher;

#[test]
fn what_the_maker_wrote() {
    let mut t = Terminal::blank(Algorithm::Sm4);
    for cipher in [Cipher::TripleDes, Cipher::Ssf33, Cipher::Sm4] {
        let name = &description().environment(cipher).unwrap().name;
        t.ok(&command([0, 0xA4, 4, 0], name));
        assert_eq!(
            upper(&t.ok(&hex("00B0950000"))),
            format!("00{}00000000", upper(&SERIAL))
        );
        assert_eq!(upper(&t.ok(&hex("00B0960006"))), "000000000000");
        t.ok(&hex("00A4000002DF01"));
        assert_eq!(upper(&t.ok(&hex("00B0990004"))), "00000000");
    }
}

#[test]
fn directory() {
    let mut t = Terminal::blank(Algorithm::Sm4);
    let own = "610E4F06D156000005905004 5053414D".replace(' ', "");
    t.environment();
    t.ok(&hex("00A40200020001"));
    assert_eq!(t.sw(&hex("00B2010400")), 0x6C10, "Le 00 is answered with the length");
    assert_eq!(upper(&t.ok(&hex("00B2010410"))), own);
    assert_eq!(t.sw(&hex("00B2020410")), 0x6A83);
    t.ok(&hex("00A40000023F00"));
    assert_eq!(upper(&t.ok(&hex("00B2010C10"))), own);
    let other = |n| format!("61114F0F7378{n}2E73682EC9E7BBE1B1A3D5CF");
    assert_eq!(upper(&t.ok(&hex("00B2020C13"))), other(32));
    assert_eq!(upper(&t.ok(&hex("00B2030C13"))), other(33));
    assert_eq!(t.sw(&hex("00B2040C13")), 0x6A83);
    let all = format!("{own}{}{}", other(32), other(33));
    assert_eq!(upper(&t.ok(&hex("00B2010D36"))), all);
    assert_eq!(upper(&t.ok(&hex("00B2020E26"))), format!("{}{}", other(33), other(32)));
    // By identifier: first, next, next, no more; last, previous.
    assert_eq!(upper(&t.ok(&hex("00B2610810"))), own);
    assert_eq!(upper(&t.ok(&hex("00B2610A13"))), other(32));
    assert_eq!(
        upper(&t.ok(&hex("00B2000C13"))),
        other(32),
        "number 0 is the current record"
    );
    assert_eq!(upper(&t.ok(&hex("00B2610A13"))), other(33));
    assert_eq!(t.sw(&hex("00B2610A13")), 0x6A83);
    assert_eq!(upper(&t.ok(&hex("00B2610913"))), other(33));
    assert_eq!(upper(&t.ok(&hex("00B2610B13"))), other(32));
    assert_eq!(t.sw(&hex("00B2620813")), 0x6A83);
    for (command, sw) in [
        ("00B2FF0C13", 0x6A86),
        ("00B2010F13", 0x6A86),
        ("00B201FC13", 0x6A86),
        ("00B2010C01FF", 0x6700),
        ("00B2010D00", 0x6C36),
        ("00B0810000", 0x6981),
        ("00B2019C00", 0x6A82),
        ("00B201AC00", 0x6981),
    ] {
        assert_eq!(t.sw(&hex(command)), sw, "{command}");
    }
}

#[test]
fn read_binary() {
    let mut t = Terminal::issued(Algorithm::Sm4);
    assert_eq!(t.sw(&hex("00B0000004")), 0x6986, "no current file after SELECT of a DF");
    assert_eq!(t.sw(&hex("00B0910004")), 0x6981, "a key file");
    assert_eq!(t.sw(&hex("00B0920004")), 0x6981);
    t.ok(&hex("00A40200020011"));
    assert_eq!(t.sw(&hex("00B0000004")), 0x6981);
    assert_eq!(t.sw(&hex("00B0880004")), 0x6A82);
    assert_eq!(t.sw(&hex("00B09A000B")), 0x6C0A);
    assert_eq!(t.ok(&hex("00B09A0000")).len(), 10);
    assert_eq!(
        t.ok(&hex("00B0000603")).len(),
        3,
        "the file named by SFI is current now"
    );
    assert_eq!(t.sw(&hex("00B0000A01")), 0x6B00);
    assert_eq!(t.sw(&hex("00B0000704")), 0x6C03);
    assert_eq!(t.sw(&hex("00B0800004")), 0x6A86);
    assert_eq!(t.sw(&hex("00B09A000401020304")), 0x6700);
    t.environment();
    assert_eq!(t.ok(&hex("00B0960006")), TERMINAL);
}

#[test]
fn updates_need_the_master_key() {
    for algorithm in BOTH {
        let mut t = Terminal::issued(algorithm);
        assert_eq!(t.sw(&hex("00D69A0001 01")), 0x6987, "a MAC is missing");
        let good = t.secured([0x04, 0xD6, 0x9A, 0x00], &[0x01, 0x02]);
        t.ok(&good);
        assert_eq!(upper(&t.ok(&hex("00B09A0003"))), "010200");
        assert_eq!(t.sw(&good), 0x6984, "the challenge is used up");
        let mut wrong = t.secured([0x04, 0xD6, 0x9A, 0x00], &[0xEE]);
        *wrong.last_mut().unwrap() ^= 1;
        assert_eq!(t.sw(&wrong), 0x6988);
        let outside = t.secured([0x04, 0xD6, 0x9A, 0x0A], &[0xEE]);
        assert_eq!(t.sw(&outside), 0x6B00);
        let too_long = t.secured([0x04, 0xD6, 0x9A, 0x09], &[0xEE, 0xEE]);
        assert_eq!(t.sw(&too_long), 0x6700);
        let key_file = t.secured([0x04, 0xD6, 0x91, 0x00], &[0xEE]);
        assert_eq!(t.sw(&key_file), 0x6981);
        let number = t.secured([0x04, 0xD6, 0x99, 0x00], &[0, 0, 0, 9]);
        assert_eq!(t.sw(&number), 0x6982, "only the PSAM writes the transaction number");
        assert_eq!(t.psam.refusal().unwrap().condition.as_deref(), Some("never"));
        assert_eq!(t.sw(&hex("00D6990004 00000009")), 0x6982);
        assert_eq!(upper(&t.ok(&hex("00B09A0003"))), "010200");
    }
}

#[test]
fn wrong_macs_lock_the_master_key_and_a_right_one_restores_the_tries() {
    let mut t = Terminal::blank(Algorithm::Sm4);
    let wrong = |t: &mut Terminal| {
        let mut command = t.secured([0x04, 0xD6, 0x9A, 0x00], &[0xEE]);
        *command.last_mut().unwrap() ^= 1;
        t.sw(&command)
    };
    let tries = description().master_key_tries;
    for _ in 1..tries {
        assert_eq!(wrong(&mut t), 0x6988);
    }
    let right = t.secured([0x04, 0xD6, 0x9A, 0x00], &[0x01]);
    t.ok(&right);
    for _ in 0..tries {
        assert_eq!(wrong(&mut t), 0x6988);
    }
    let right = t.secured([0x04, 0xD6, 0x9A, 0x00], &[0x02]);
    assert_eq!(t.sw(&right), 0x6983);
    t.environment();
    let other = t.secured([0x04, 0xD6, 0x96, 0x00], &[0x99]);
    t.ok(&other);
}

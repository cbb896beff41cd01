//! READ and UPDATE RECORD and BINARY, plain and secured.

use super::support::*;
use super::{BOTH, card};
use card_model::card::Interface;

/// EF06 holds 08, 09 and then a second 08.
fn three_records() -> Terminal {
    let mut t = card();
    t.authenticate(UK, 1);
    t.authenticate(RK, 1);
    t.ok(&hex("00DC0334 05 0803 E1E2E3"));
    t
}

#[test]
fn records_in_all_addressing_modes() {
    let mut t = three_records();
    let (first, second, third) = ("0803B1B2B3", "0902C1C2", "0803E1E2E3");
    let mut is = |command: &str, answer: &str| assert_eq!(upper(&t.ok(&hex(command))), answer, "{command}");
    is("00B2013405", first);
    is("00B2023404", second);
    is("00B2033405", third);
    is("00B2083005", first);
    is("00B2083105", third);
    is("00B2093004", second);
    is("00B201350E", &[first, second, third].concat());
    is("00B2023509", &[second, third].concat());
    is("00B2023609", &[third, second].concat());
    is("00A4020002EF06", "");
    is("00B2010405", first);
    is("00B201050E", &[first, second, third].concat());
    // Next and previous by identifier move the pointer; without a pointer they begin at the ends.
    is("00B2080205", first);
    is("00B2080205", third);
    is("00B2000405", third);
    is("00B2080305", first);
    is("00B2000204", second);
    is("00B2000305", first);
    is("00B2000105", third);
    is("00B2000005", first);
    for (command, sw) in [
        ("00B2040405", 0x6A83),
        ("00B2AA0005", 0x6A83),
        ("00B2040505", 0x6A83),
        ("00B2013C05", 0x6981),
        ("00B201CC05", 0x6A82),
        ("00B2010400", 0x6986),
    ] {
        if sw == 0x6986 {
            t.ok(&hex("00A4000002DF01"));
        }
        assert_eq!(t.sw(&hex(command)), sw, "{command}");
    }
}

#[test]
fn the_record_pointer_is_reset_by_select_sfi_and_update() {
    let mut t = three_records();
    t.ok(&hex("00A4020002EF06"));
    t.ok(&hex("00B2090004"));
    t.ok(&hex("00B2000404"));
    for reset in ["00A4020002EF06", "00B2013405", "00DC020404 0902C1C2"] {
        t.ok(&hex("00A4020002EF06"));
        t.ok(&hex("00B2090004"));
        t.ok(&hex(reset));
        assert_eq!(t.sw(&hex("00B2000404")), 0x6A83, "{reset}");
    }
}

#[test]
fn only_the_true_length_is_answered_with_a_record() {
    let mut t = card();
    for (command, sw) in [
        ("00B2012800", 0x6C07),
        ("00B20128", 0x6C07),
        ("00B2012806", 0x6C07),
        ("00B2012808", 0x6C07),
        ("00B2012807", 0x9000),
    ] {
        assert_eq!(t.sw(&hex(command)), sw, "{command}");
    }
}

#[test]
fn linear_records_are_replaced_and_appended() {
    let mut t = three_records();
    // Another length moves the records behind it.
    t.ok(&hex("00DC0134 07 0805 0102030405"));
    assert_eq!(
        upper(&t.ok(&hex("00B2013510"))),
        "08050102030405 0902C1C2 0803E1E2E3".replace(' ', "")
    );
    t.ok(&hex("00DC0134 03 0801FF"));
    assert_eq!(
        upper(&t.ok(&hex("00B201350C"))),
        "0801FF 0902C1C2 0803E1E2E3".replace(' ', "")
    );
    // An unknown identifier or number appends.
    t.ok(&hex("00DC4E30 03 4E0111"));
    t.ok(&hex("00DCC834 03 4F0122"));
    assert_eq!(upper(&t.ok(&hex("00B2043506"))), "4E01114F0122");
    for (command, sw) in [
        ("00DC0134 03 0802FF", 0x6A85),
        ("00DC0834 02 0800", 0x9000),
        ("00DC0930 03 0801FF", 0x6A85),
        ("00DC013C 03 0801FF", 0x6981),
        (
            "00DC5030 26 5024 000102030405060708090A0B0C0D0E0F000102030405060708090A0B0C0D0E0F00010203",
            0x6A84,
        ),
    ] {
        assert_eq!(t.sw(&hex(command)), sw, "{command}");
    }
}

#[test]
fn fixed_records() {
    let mut t = card();
    t.ok(&hex("00DC014C 04 79020102"));
    t.ok(&hex("00DC024C 04 79020304"));
    t.ok(&hex("00DC014C 04 79020506"));
    assert_eq!(upper(&t.ok(&hex("00B2014D08"))), "7902050679020304");
    assert_eq!(t.sw(&hex("00DC034C 04 79020708")), 0x6A84);
    assert_eq!(t.sw(&hex("00DC014C 03 790105")), 0x6A85);
}

#[test]
fn cyclic_records_are_newest_first() {
    let mut t = card();
    for n in 1..=6 {
        t.ok(&hex(&format!("00DC0043 03 00000{n}")));
        assert_eq!(t.ok(&hex("00B2014403")), [0, 0, n]);
    }
    assert_eq!(upper(&t.ok(&hex("00B201450C"))), "000006000005000004000003");
    assert_eq!(t.sw(&hex("00B2054403")), 0x6A83);
    t.ok(&hex("00DC0244 03 AAAAAA"));
    assert_eq!(upper(&t.ok(&hex("00B201450C"))), "000006AAAAAA000004000003");
    assert_eq!(upper(&t.ok(&hex("00A4020002EF08"))), "");
    assert_eq!(upper(&t.ok(&hex("00B2000203"))), "000006");
    assert_eq!(upper(&t.ok(&hex("00B2000203"))), "AAAAAA");
    for (command, sw) in [
        ("00DC0043 02 0000", 0x6700),
        ("00DC0040 03 000001", 0x6981),
        ("00DC0544 03 000001", 0x6A83),
        ("00B2014003", 0x6A83),
    ] {
        assert_eq!(t.sw(&hex(command)), sw, "{command}");
    }
}

#[test]
fn binary_by_offset_and_sfi() {
    let mut t = card();
    t.ok(&hex("00D68700 04 01020304"));
    t.ok(&hex("00D60128 04 05060708"));
    assert_eq!(upper(&t.ok(&hex("00B0870004"))), "01020304");
    assert_eq!(upper(&t.ok(&hex("00B0012804"))), "05060708");
    assert_eq!(t.ok(&hex("00B0000000")).len(), 256);
    assert_eq!(t.ok(&hex("00B0010000")).len(), 44);
    for (command, sw) in [
        ("00B001002D", 0x6C2C),
        ("00B0012C01", 0x6B00),
        ("00D6012A 03 010203", 0x6700),
        ("00D6012C 01 01", 0x6B00),
        ("00B0850001", 0x6981),
        ("00B09E0001", 0x6A82),
        ("00B08A0001", 0x6981),
    ] {
        assert_eq!(t.sw(&hex(command)), sw, "{command}");
    }
    t.ok(&hex("00A4000002DF01"));
    assert_eq!(t.sw(&hex("00B0000001")), 0x6986);
}

#[test]
fn secured_updates() {
    for algorithm in BOTH {
        let mut t = Terminal::issued(algorithm, Interface::Contact);
        t.select_fid(0xDF01);
        assert_eq!(t.sw(&hex("00DC0164 03 010155")), 0x6987);
        let update = t.secured([0x04, 0xDC, 0x01, 0x64], 0x82, &hex("010155"), false);
        assert_eq!(t.sw(&update), 0x9000);
        assert_eq!(t.sw(&update), 0x6984);
        assert_eq!(upper(&t.ok(&hex("00B2016403"))), "010155");
        let mut forged = t.secured([0x04, 0xDC, 0x01, 0x64], 0x82, &hex("010166"), false);
        forged[7] ^= 1;
        assert_eq!(t.sw(&forged), 0x6988);
        let encrypted = t.secured([0x04, 0xDC, 0x01, 0x6C], 0x82, &hex("010177"), true);
        assert_eq!(t.sw(&encrypted), 0x9000);
        assert_eq!(upper(&t.ok(&hex("00B2016C03"))), "010177");
        // A file that demands nothing checks a MAC that comes all the same.
        let unasked = t.secured([0x04, 0xDC, 0x01, 0x2C], 0x82, &hex("200133"), false);
        assert_eq!(t.sw(&unasked), 0x9000);
        assert_eq!(t.sw(&hex("04DC012C04 01020304")), 0x6700);
    }
}

/// A file longer than one answer is read in whole records: the rest comes by number.
#[test]
fn a_long_file_is_read_in_whole_records() {
    let mut t = Terminal::blank(card_model::crypto::Algorithm::Sm4, Interface::Contactless);
    t.master(&TRANSPORT);
    t.ok(&create(&[
        (0x82, &[4]),
        (0x83, &[0xEF, 5]),
        (0x88, &[5]),
        (0x80, &[1, 0x80]),
        (0xC1, &[0]),
        (0xC2, &[0]),
    ]));
    for tag in 1..=3 {
        t.ok(&command([0, 0xDC, tag, 0x28], &[&[tag, 98][..], &[tag; 98]].concat()));
    }
    assert_eq!(t.sw(&hex("00B2012D00")), 0x6C00 | 200);
    assert_eq!(t.ok(&hex("00B2012DC8")).len(), 200);
    assert_eq!(t.ok(&hex("00B2012EC8"))[0], 3);
    assert_eq!(t.ok(&hex("00B2032C64"))[0], 3);
}

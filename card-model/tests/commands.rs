//! The commands of part 5 and of the model's COS, on a small card built through those commands.

mod support;

use card_model::card::{Card, Interface, LifeCycle};
use card_model::crypto::{Algorithm, SessionKey};
use card_model::secret::Key;
use support::*;

const BOTH: [Algorithm; 2] = [Algorithm::Sm4, Algorithm::TripleDes];

fn card() -> Terminal {
    Terminal::issued(Algorithm::Sm4, Interface::Contactless)
}

#[test]
fn answers_to_reset() {
    let mut t = Terminal::blank(Algorithm::Sm4, Interface::Contact);
    assert_eq!(
        upper(&t.card.power_on(Interface::Contact)),
        format!("3B6D0000{}", upper(&HISTORICAL))
    );
    assert_eq!(
        upper(&t.card.power_on(Interface::Contactless)),
        format!("127880A002{}", upper(&HISTORICAL))
    );
    t.card.power_off();
    assert!(t.card.transmit(&hex("0084000008"), &mut t.entropy).is_none());
}

#[test]
fn control_information_is_exact() {
    let mut t = card();
    let select = command([0, 0xA4, 4, 0], NAME);
    assert_eq!(
        upper(&t.ok(&select)),
        format!("6F1C840F{}A50988011E9F0C03860103", upper(NAME))
    );
    assert_eq!(t.ok(&hex("00A4020002EF05")), []);
    assert_eq!(t.ok(&hex("00A4000002EF05")), []);
    assert_eq!(upper(&t.ok(&hex("00A4000002DF01"))), "6F0784054144462E31");
    assert_eq!(
        upper(&t.ok(&hex("00A4000002DDF2"))),
        format!("6F0E840C{}", upper(b"D2.NEIGHBOUR"))
    );
    assert_eq!(upper(&t.ok(&hex("00A40000023F00"))), "6F00");
    assert_eq!(upper(&t.ok(&hex("00A40000"))), "6F00");
}

#[test]
fn select_refuses() {
    let mut t = card();
    for (command, sw) in [
        ("00A4010002EF05", 0x6A86),
        ("00A4040102EF05", 0x6A86),
        ("00A4000202DF01", 0x6A86),
        ("00A404000441444621", 0x6700),
        ("00A4020001EF", 0x6700),
        ("00A4020002EFEE", 0x6A82),
        ("00A4000002DFEE", 0x6A82),
        ("00A404000541444646464646", 0x6700),
        ("00A40400054144464646", 0x6A82),
        ("00A4020003EF0500", 0x6700),
    ] {
        assert_eq!(t.sw(&hex(command)), sw, "{command}");
    }
}

#[test]
fn partial_names_walk_all_matches() {
    let mut t = Terminal::blank(Algorithm::Sm4, Interface::Contactless);
    t.master(&TRANSPORT);
    for (fid, name) in [(1u8, b"SHARED.1"), (2, b"SHARED.2"), (3, b"OTHERS.3")] {
        t.ok(&create(&[(0x82, &[0x38]), (0x83, &[0xDD, fid]), (0x84, name)]));
    }
    let first = command([0, 0xA4, 4, 0], b"SHARED");
    let next = command([0, 0xA4, 4, 2], b"SHARED");
    assert!(t.ok(&first).ends_with(b"SHARED.1"));
    assert!(t.ok(&next).ends_with(b"SHARED.2"));
    assert_eq!(t.sw(&next), 0x6A82);
    assert_eq!(t.sw(&next), 0x6A82);
    assert!(t.ok(&first).ends_with(b"SHARED.1"));
}

#[test]
fn transport_on_contacts() {
    let mut t = Terminal::issued(Algorithm::Sm4, Interface::Contact);
    let select = command([0, 0xA4, 4, 0], NAME);
    assert_eq!(t.raw(&select), [0x61, 0x1E]);
    assert_eq!(t.raw(&hex("00C0000000")), [0x6C, 0x1E]);
    assert_eq!(t.raw(&hex("00C000001F")), [0x6C, 0x1E]);
    let part = t.raw(&hex("00C0000004"));
    assert_eq!(upper(&part), "6F1C840F611A");
    assert_eq!(t.raw(&hex("00C000001A")).len(), 0x1C);
    assert_eq!(t.raw(&hex("00C0000001")), [0x6F, 0x00]);
    t.raw(&select);
    t.raw(&hex("0084000008"));
    assert_eq!(
        t.raw(&hex("00C000001E")),
        [0x6F, 0x00],
        "another command drops the waiting data"
    );
    assert_eq!(t.raw(&hex("00B2012800")), [0x6C, 0x07]);
    assert_eq!(upper(&t.raw(&hex("00B2012807"))), "0105A1A2A3A4A59000");
}

#[test]
fn classes_instructions_and_lengths() {
    let mut t = card();
    for (command, sw) in [
        ("A0A4000002EF05", 0x6E00),
        ("80B2010407", 0x6E00),
        ("FFCA000000", 0x6E00),
        ("0010000000", 0x6D00),
        ("000E000000", 0x6D00),
        ("00840000", 0x6700),
        ("0084000009", 0x6700),
        ("0084010008", 0x6A86),
        ("00840000080102030405060708", 0x6700),
        ("00B2FF0407", 0x6A86),
        ("00B201FC07", 0x6A86),
        ("00B2010707", 0x6A86),
        ("00B20104020102", 0x6700),
        ("00DC010500", 0x6A86),
        ("00B0800001", 0x6A86),
        ("00B0A50001", 0x6A86),
        ("00B000", 0x6700),
        ("0020000001AA", 0x6700),
        ("002000000911223344556677889900", 0x6700),
        ("0020000103123456", 0x6A86),
        ("805E010002FF12", 0x6700),
        ("805E000004FF123456", 0x6A86),
        ("805E010004123456 78", 0x6A80),
        ("8424000103010203", 0x6700),
        ("8424020004010203 04", 0x6A86),
        ("841E000004010203 04", 0x6A86),
        ("8416000003010203", 0x6700),
        ("0082000A08 0102030405060708", 0x6700),
        ("0082400A10 01020304050607080102030405060708", 0x6A86),
        ("00820000 04 01020304", 0x6700),
        ("00880001 10 01020304050607080102030405060708", 0x6A86),
    ] {
        assert_eq!(t.sw(&hex(command)), sw, "{command}");
    }
}

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
fn external_authentication() {
    for algorithm in BOTH {
        let mut t = Terminal::issued(algorithm, Interface::Contact);
        assert_eq!(t.sw(&hex("00B2013405")), 0x6982);
        assert_eq!(t.card.refusal().unwrap().missing, ["0A"]);
        assert_eq!(t.card.refusal().unwrap().file.as_deref(), Some("DDF1/EF06"));
        let good = t.authentication(RK, &[RK; 16]);
        assert_eq!(t.sw(&good), 0x9000);
        assert_eq!(t.sw(&hex("00B2013405")), 0x9000);
        assert_eq!(t.sw(&good), 0x6984, "the challenge is used up");
        assert_eq!(
            t.sw(&hex("00B2013405")),
            0x9000,
            "a command without challenge compared nothing"
        );
        // A wrong cryptogram uses up the challenge, costs a try and takes the state back.
        let wrong = t.authentication(RK, &[0xEE; 16]);
        assert_eq!(t.sw(&wrong), 0x63C2);
        assert_eq!(t.sw(&hex("00B2013405")), 0x6982);
        assert_eq!(t.sw(&good), 0x6984);
        let good = t.authentication(RK, &[RK; 16]);
        assert_eq!(t.sw(&good), 0x9000);
        for left in [0x63C2, 0x63C1, 0x63C0, 0x6983] {
            let wrong = t.authentication(RK, &[0xEE; 16]);
            assert_eq!(t.sw(&wrong), left);
        }
        let good = t.authentication(RK, &[RK; 16]);
        assert_eq!(t.sw(&good), 0x6983);
        let unknown = t.authentication(0x1F, &[RK; 16]);
        assert_eq!(t.sw(&unknown), 0x6A88);
        let stk = t.authentication(STK, &[STK; 16]);
        assert_eq!(t.sw(&stk), 0x6A88, "an STK is no key for external authentication");
    }
}

#[test]
fn versions_of_a_key() {
    let mut t = card();
    let mut with_version = |key: u8, version: u8| {
        let mut command = t.authentication(UK, &[key; 16]);
        command[4] = 0x11;
        command.push(version);
        t.sw(&command)
    };
    assert_eq!(with_version(UK, 1), 0x9000);
    assert_eq!(with_version(0x14, 2), 0x9000);
    assert_eq!(with_version(UK, 2), 0x63C2);
    assert_eq!(with_version(UK, 3), 0x6A88);
    assert_eq!(with_version(UK, 0), 0x6A88);
}

#[test]
fn internal_authentication() {
    for algorithm in BOTH {
        let mut t = Terminal::issued(algorithm, Interface::Contact);
        let (factor, source) = ([0x11; 8], [0x22; 8]);
        let right = SessionKey::derive(algorithm, &Key::from([0; 16]), &factor).authenticate(&source);
        let question = command([0, 0x88, 0, 0], &[factor, source].concat());
        assert_eq!(t.raw(&question), [0x61, 8]);
        assert_eq!(t.ok(&question), right);
        t.select_fid(0xDF01);
        assert_eq!(
            t.ok(&question),
            right,
            "the key of the environment, also from an application"
        );
        t.select_fid(0xDDF2);
        assert_eq!(t.sw(&question), 0x6A88);
    }
}

#[test]
fn key_states_fall_with_the_application_and_the_pin_stays() {
    let mut t = card();
    t.authenticate(RK, 1);
    t.ok(&hex("0020000003123456"));
    t.ok(&command([0, 0xA4, 4, 0], NAME));
    assert_eq!(t.sw(&hex("00B2013405")), 0x9000, "the same DF again keeps the state");
    t.select_fid(0xDF01);
    t.ok(&hex("00DC012C 03 2001AA"));
    assert_eq!(t.sw(&hex("00B2012C03")), 0x9000, "PIN or key");
    assert_eq!(t.sw(&hex("00B2013403")), 0x6982, "PIN and key");
    t.authenticate(0x84, 1);
    assert_eq!(t.sw(&hex("00B2013403")), 0x6A83, "both, the file is empty");
    t.select_fid(0xDF02);
    assert_eq!(t.sw(&hex("00B2013403")), 0x6982);
    t.select_fid(0xDDF1);
    assert_eq!(t.sw(&hex("00B2013405")), 0x6982);
    t.card.power_on(Interface::Contactless);
    t.select_fid(0xDDF1);
    t.select_fid(0xDF01);
    assert_eq!(t.sw(&hex("00B2012C03")), 0x6982, "the PIN is gone with the power");
}

#[test]
fn firewall() {
    let mut t = card();
    t.ok(&hex("0020000003123456"));
    t.authenticate(UK, 1);
    t.challenge();
    let answer = command([0, 0x82, 0, UK], &[0; 16]);
    t.select_fid(0xDDF2);
    assert_eq!(t.sw(&answer), 0x6A88, "keys of the other environment do not exist here");
    assert_eq!(t.sw(&hex("0020000003123456")), 0x6A88, "nor does its PIN");
    assert_eq!(t.sw(&hex("00A4020002EF06")), 0x6A82);
    assert_eq!(t.sw(&hex("00DC012C 03 0101AA")), 0x6982);
    assert_eq!(
        t.sw(&hex("00B2012C03")),
        0x6982,
        "its PIN condition is not met by the neighbour's PIN"
    );
    t.select_fid(0xDDF1);
    t.challenge();
    t.select_fid(0xDF01);
    assert_eq!(
        t.sw(&command([0, 0x82, 0, 0x84], &[0; 16])),
        0x6984,
        "a challenge stays in its application"
    );
    assert_eq!(
        t.sw(&hex("00A4020002EF07")),
        0x6A82,
        "files of the environment are not files of the application"
    );
}

#[test]
fn pin_tries_and_states() {
    for algorithm in BOTH {
        let mut t = Terminal::issued(algorithm, Interface::Contact);
        assert_eq!(t.sw(&hex("0020000000")), 0x63C3);
        assert_eq!(t.sw(&hex("00200000")), 0x63C3);
        assert_eq!(t.sw(&hex("0020000003654321")), 0x63C2);
        assert_eq!(t.sw(&hex("0020000003123456")), 0x9000);
        assert_eq!(t.sw(&hex("0020000000")), 0x63C3);
        for left in [0x63C2, 0x63C1, 0x63C0, 0x6983] {
            assert_eq!(t.sw(&hex("0020000003654321")), left);
        }
        assert_eq!(t.sw(&hex("0020000003123456")), 0x6983);
        assert_eq!(t.sw(&hex("0020000000")), 0x6983);
        assert_eq!(t.sw(&hex("805E010007123456FF654321")), 0x6983);
    }
}

#[test]
fn change_pin() {
    let mut t = card();
    assert_eq!(t.sw(&hex("805E010007654321FF111111")), 0x63C2);
    assert_eq!(
        t.sw(&hex("805E010007123456FF11AA11")),
        0x6A80,
        "no digits, and no try is spent"
    );
    assert_eq!(t.sw(&hex("805E010005123456FF12")), 0x6A80);
    assert_eq!(t.sw(&hex("0020000000")), 0x63C2);
    assert_eq!(t.sw(&hex("805E010007123456FF12345F")), 0x9000);
    assert_eq!(t.sw(&hex("0020000000")), 0x63C3, "success restores the counter");
    assert_eq!(t.sw(&hex("0020000003123456")), 0x63C2);
    assert_eq!(t.sw(&hex("002000000312345F")), 0x9000);
    // Taking the PIN away meets every PIN condition by itself.
    assert_eq!(t.sw(&hex("805E01000412345FFF")), 0x9000);
    assert_eq!(t.sw(&hex("0020000000")), 0x9000);
    t.select_fid(0xDF01);
    assert_eq!(t.sw(&hex("00B2012C03")), 0x6A83);
    assert_eq!(
        t.sw(&hex("0020000003123456")),
        0x6984,
        "there is no PIN to compare with"
    );
    assert_eq!(t.sw(&hex("805E010004FF888888")), 0x9000);
    assert_eq!(t.sw(&hex("0020000003888888")), 0x9000);
}

#[test]
fn reset_and_unblock_pin() {
    for algorithm in BOTH {
        let mut t = Terminal::issued(algorithm, Interface::Contact);
        for _ in 0..4 {
            t.sw(&hex("0020000003000000"));
        }
        let early = t.secured([0x84, 0x24, 0, 0], STK, &[], false);
        assert_eq!(t.sw(&early), 0x6982);
        t.authenticate(PUK, 1);
        assert_eq!(t.sw(&early), 0x6984);
        let unblock = t.secured([0x84, 0x24, 0, 0], STK, &[], false);
        assert_eq!(t.sw(&unblock), 0x9000);
        assert_eq!(t.sw(&unblock), 0x6984);
        assert_eq!(t.sw(&hex("0020000003123456")), 0x9000);
        let reset = t.secured([0x84, 0x24, 0, 1], STK, &hex("888888"), true);
        assert_eq!(reset.len(), 5 + algorithm.block() + 4);
        assert_eq!(t.sw(&reset), 0x9000);
        assert_eq!(t.sw(&hex("0020000003888888")), 0x9000);
        let letters = t.secured([0x84, 0x24, 0, 1], STK, &hex("88AA88"), true);
        assert_eq!(t.sw(&letters), 0x6A80);
        let empty = t.secured([0x84, 0x24, 0, 1], STK, &[], true);
        assert_eq!(t.sw(&empty), 0x9000);
        assert_eq!(
            t.sw(&hex("0020000000")),
            0x9000,
            "a PIN of length zero takes the PIN away"
        );
        // Failed messages in a row lock the PUK.
        for last in [0x6988, 0x6988, 0x6988, 0x6982] {
            let mut forged = t.secured([0x84, 0x24, 0, 0], STK, &[], false);
            forged[6] ^= 1;
            assert_eq!(t.sw(&forged), last);
        }
        let puk = t.authentication(PUK, &[PUK; 16]);
        assert_eq!(t.sw(&puk), 0x6983);
    }
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

#[test]
fn application_block_is_for_ever_and_alone() {
    for algorithm in BOTH {
        let mut t = Terminal::issued(algorithm, Interface::Contact);
        t.select_fid(0xDF01);
        let early = t.secured([0x84, 0x1E, 0, 1], 0x82, &[], false);
        assert_eq!(t.sw(&early), 0x6982);
        let wrong = t.authentication(0x83, &[0xEE; 16]);
        for _ in 0..20 {
            assert!(matches!(t.sw(&wrong), 0x63CF | 0x6984), "a wrong LK locks nothing");
            t.challenge();
        }
        t.authenticate(0x83, 1);
        let mut forged = t.secured([0x84, 0x1E, 0, 1], 0x82, &[], false);
        forged[5] ^= 1;
        assert_eq!(t.sw(&forged), 0x6988);
        let block = t.secured([0x84, 0x1E, 0, 1], 0x82, &[], false);
        assert_eq!(t.sw(&block), 0x9000);
        assert_eq!(t.sw(&block), 0x9000, "blocking again succeeds");
        assert_eq!(t.sw(&hex("0084000008")), 0x9303);
        assert_eq!(t.sw(&hex("00A4020002EF05")), 0x9303);
        t.select_fid(0xDF02);
        t.card.power_on(Interface::Contactless);
        t.select_fid(0xDDF1);
        assert_eq!(t.sw(&hex("00A4000002DF01")), 0x9303);
        assert_eq!(t.sw(&hex("0084000008")), 0x9303);
        t.select_fid(0xDDF1);
        assert_eq!(t.sw(&hex("0084000008")), 0x9000);
    }
}

#[test]
fn card_block_ends_everything() {
    for algorithm in BOTH {
        let mut t = Terminal::issued(algorithm, Interface::Contact);
        let early = t.secured([0x84, 0x16, 0, 0], STK, &[], false);
        assert_eq!(t.sw(&early), 0x6982);
        t.authenticate(BK, 1);
        let block = t.secured([0x84, 0x16, 0, 0], STK, &[], false);
        assert_eq!(t.sw(&block), 0x9000);
        for _ in 0..2 {
            for command in [
                "00A4000002DDF1",
                "0084000008",
                "A0A4000000",
                "00FF000000",
                "8416000004 00000000",
            ] {
                assert_eq!(t.sw(&hex(command)), 0x6A81, "{command}");
            }
            assert!(!t.card.power_on(Interface::Contact).is_empty());
        }
        assert_eq!(t.card.life_cycle(), LifeCycle::Blocked);
    }
}

#[test]
fn structure_needs_its_master_key_and_ends_with_activation() {
    let mut t = Terminal::blank(Algorithm::Sm4, Interface::Contact);
    assert_eq!(t.card.life_cycle(), LifeCycle::Blank);
    let ddf = create(&[(0x82, &[0x38]), (0x83, &[0xDD, 0xF1]), (0x84, NAME)]);
    assert_eq!(t.sw(&ddf), 0x6982);
    assert_eq!(t.sw(&command([0, 0x82, 0, 0], &[0; 16])), 0x6984);
    t.challenge();
    assert_eq!(t.sw(&command([0, 0x82, 0, 0], &[0; 16])), 0x63C2);
    t.master(&TRANSPORT);
    t.ok(&ddf);
    assert_eq!(t.card.life_cycle(), LifeCycle::Structure);
    assert_eq!(t.sw(&ddf), 0x6A89);
    assert_eq!(
        t.sw(&create(&[(0x82, &[0x38]), (0x83, &[0xDD, 0xF2]), (0x84, NAME)])),
        0x6A8A
    );
    assert_eq!(
        t.sw(&create(&[(0x82, &[0x38]), (0x83, &[0xDD, 0xF2]), (0x84, b"ABC")])),
        0x6A80
    );
    assert_eq!(
        t.sw(&create(&[
            (0x82, &[1]),
            (0x83, &[0xEF, 1]),
            (0x80, &[0x50, 0]),
            (0xC1, &[0]),
            (0xC2, &[0])
        ])),
        0x6A84
    );
    t.select_fid(0xDDF1);
    let not_master = t.key_command(0, &TRANSPORT, [0x0D, 4, 1, 0, 3], &[4; 16]);
    assert_eq!(t.sw(&not_master), 0x6982, "the first key of a DF is its master key");
    let mut forged = t.key_command(0, &TRANSPORT, [0, 0, 0, 0, 3], &[0xD1; 16]);
    forged[8] ^= 1;
    assert_eq!(t.sw(&forged), 0x6988);
    t.load(&TRANSPORT, [0, 0, 0, 0, 3], &[0xD1; 16]);
    let after = t.key_command(0, &TRANSPORT, [0x0D, 4, 1, 0, 3], &[4; 16]);
    assert_eq!(t.sw(&after), 0x6982, "now it takes its own master key");
    t.master(&[0xD1; 16]);
    t.load(&[0xD1; 16], [0x0D, 4, 1, 0, 3], &[4; 16]);
    let twice = t.key_command(0, &[0xD1; 16], [0x0D, 4, 1, 0, 3], &[5; 16]);
    assert_eq!(t.sw(&twice), 0x6A89);
    let absent = t.key_command(1, &[0xD1; 16], [0x0D, 5, 1, 0, 3], &[5; 16]);
    assert_eq!(t.sw(&absent), 0x6A88);
    let replace = t.key_command(1, &[0xD1; 16], [0, 0, 0, 0, 3], &[0xD9; 16]);
    assert_eq!(t.sw(&replace), 0x9000);
    t.select_fid(0x3F00);
    t.master(&TRANSPORT);
    assert_eq!(t.card.inventory().keys.len(), 3);
    t.ok(&hex("80E40000"));
    assert_eq!(t.card.life_cycle(), LifeCycle::Blank);
    assert_eq!(t.card.inventory().keys.len(), 1);
    t.ok(&ddf);
    t.ok(&hex("80440000"));
    assert_eq!(t.sw(&hex("80440000")), 0x6985);
    assert_eq!(t.sw(&hex("80E40000")), 0x6985);
    assert_eq!(
        t.sw(&create(&[(0x82, &[0x38]), (0x83, &[0xDD, 0xF2]), (0x84, b"ABCDE")])),
        0x6985
    );
    assert_eq!(t.card.life_cycle(), LifeCycle::Operational);
}

#[test]
fn card_data_tells_label_and_algorithm() {
    let mut t = Terminal::blank(Algorithm::TripleDes, Interface::Contact);
    let data = upper(&t.ok(&hex("80CA000000")));
    assert!(
        data.starts_with(&format!("E01680010081 04{}820101 8304", upper(b"test")).replace(' ', "")),
        "{data}"
    );
    assert!(data.ends_with("84020100"), "{data}");
}

#[test]
fn images_come_back_and_damaged_ones_are_refused() {
    let t = card();
    let image = t.card.image().to_vec();
    let back = Card::from_image(&image).unwrap();
    assert_eq!(back.inventory(), t.card.inventory());
    assert!(Card::from_image(&[]).is_err());
    assert!(Card::from_image(&image[..40]).is_err());
    assert!(Card::from_image(&image[..3000]).is_err());
    let mut newer = image.clone();
    newer[9] = 9;
    assert_eq!(
        Card::from_image(&newer).unwrap_err().to_string(),
        "card image of format 9, this program reads up to 1"
    );
    assert_eq!(format!("{:?}", t.card).matches("hidden").count(), 0);
}

/// Power is cut after every word that each writing command writes; the card comes back with the old or the new state, and
/// tries are never given back.
#[test]
fn power_cuts_leave_old_or_new() {
    type Prepare = fn(&mut Terminal) -> Vec<u8>;
    let commands: [(&str, Prepare); 8] = [
        ("append record", |t| {
            t.authenticate(UK, 1);
            hex("00DC0B28 07 0B05 0102030405")
        }),
        ("replace record", |t| {
            t.authenticate(UK, 1);
            hex("00DC0128 09 0107 01020304050607")
        }),
        ("binary", |_| {
            hex("00D68705 14 0102030405060708090A0B0C0D0E0F1011121314")
        }),
        ("cyclic", |_| hex("00DC0043 03 0A0B0C")),
        ("change PIN", |_| hex("805E010007123456FF654321")),
        ("wrong PIN", |_| hex("0020000003999999")),
        ("wrong key", |t| t.authentication(RK, &[0xEE; 16])),
        ("reset PIN", |t| {
            t.authenticate(PUK, 1);
            t.secured([0x84, 0x24, 0, 1], STK, &[0x77, 0x77], true)
        }),
    ];
    let mut cuts = 0;
    for (name, prepare) in commands {
        for words in 0.. {
            let mut t = card();
            let command = prepare(&mut t);
            let old = observable(&t.card);
            t.card.lose_power_after(Some(words));
            let answer = t.card.transmit(&command, &mut t.entropy);
            t.card.lose_power_after(None);
            t.card.power_on(Interface::Contact);
            let after = observable(&t.card);
            let mut done = card();
            let command = prepare(&mut done);
            done.send(&command);
            let new = observable(&done.card);
            // A spent try is a state of its own between old and new: the comparison has not answered yet.
            let spent = after.0 == old.0 && after.1.iter().zip(&old.1).all(|(after, old)| after <= old);
            assert!(after == new || spent, "{name}: torn after {words} words");
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

/// Contents without counters, and the counters.
fn observable(card: &Card) -> (Vec<u8>, Vec<u8>) {
    let mut back = Card::from_image(card.image()).unwrap();
    back.power_on(Interface::Contact);
    let tries: Vec<u8> = back.inventory().keys.iter().filter_map(|key| key.tries_left).collect();
    let mut t = Terminal {
        card: back,
        entropy: TestEntropy(9),
        algorithm: Algorithm::Sm4,
    };
    t.select_fid(0xDDF1);
    let mut contents = Vec::new();
    for command in ["00B2012500", "00B0870000", "00B2014500"] {
        let answer = t.raw(&hex(command));
        if let [0x6C, length] = answer[..] {
            let mut command = hex(command);
            command[4] = length;
            contents.extend(t.raw(&command));
        } else {
            contents.extend(answer);
        }
    }
    for pin in ["0020000003123456", "0020000003654321", "00200000027777"] {
        contents.push(u8::from(t.sw(&hex(pin)) == 0x9000));
    }
    (contents, tries)
}

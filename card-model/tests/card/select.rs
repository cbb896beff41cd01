//! SELECT, the transport of both interfaces, classes and lengths, the firewall.

use super::card;
use super::support::*;
use card_model::card::Interface;
use card_model::crypto::Algorithm;

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
    assert!(t.ok(&hex("00A4020002EF05")).is_empty());
    assert!(t.ok(&hex("00A4000002EF05")).is_empty());
    assert_eq!(upper(&t.ok(&hex("00A4000002DF01"))), "6F0784054144462E31");
    assert_eq!(
        upper(&t.ok(&hex("00A4000002DDF2"))),
        format!("6F0E840C{}", upper(b"D2.NEIGHBOUR"))
    );
    assert_eq!(upper(&t.ok(&hex("00A40000023F00"))), "6F00");
    assert_eq!(upper(&t.ok(&hex("00A40000"))), "6F00");
    assert_eq!(upper(&t.ok(&hex("00A4000001"))), "6F", "no more than Le asks for");
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

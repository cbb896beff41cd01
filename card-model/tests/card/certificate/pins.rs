//! HASH, VERIFY by challenge, CHANGE PIN, PIN CHANGE/UNBLOCK of both PINs.

use super::*;

const BOTH_PINS: [(u8, &[u8], u16); 2] = [(USER_ID, USER, 3), (ADMINISTRATOR_ID, ADMINISTRATOR, 6)];

#[test]
fn hash() {
    let mut t = certificate_card(Interface::Contact);
    let abc = t.ok(&hex("80C4010305C10361626300"));
    assert_eq!(
        upper(&abc),
        "66C7F0F462EEEDD9D1F2D46BDC10E4E24167C4875CF2F7A2297DA02B8F4BA8E0"
    );
    // The value that spec/terminal.md §1.9 gives for the PIN 123456.
    let pin = t.ok(&hex("80C4010305C103123456"));
    assert!(upper(&pin).starts_with("3DE741F445DD357BEA4E6C3FE6437036"));
    let long = command([0x80, 0xC4, 1, 3], &[&[0xC1, 0x81, 252][..], &[0x61; 252]].concat());
    assert_eq!(t.ok(&long), sm3(&[0x61; 252]));
    for (command, sw) in [
        ("80C40103", 0x6700),
        ("80C4010300", 0x6700),
        ("80C4010305C203123456", 0x6A80),
        ("80C4010305C104123456", 0x6A80),
        ("80C4010305C102123456", 0x6A80),
        ("80C4010205C103123456", 0x6A86),
        ("00C4010305C103123456", 0x6E00),
    ] {
        assert_eq!(t.sw(&hex(command)), sw, "{command}");
    }
}

/// The sample of spec/terminal.md §1.9: PIN 123456, its random number and its answer.
#[test]
fn public_sample_of_the_cryptogram() {
    let random = hex("178CEDCF32C5D7990216632170C7CD37");
    let answer = master_cryptogram(Algorithm::Sm4, &pin_key(USER), &random);
    assert_eq!(upper(&answer), "358B51056B9B9EB2C96B20E7DB7A6B8F");
    let mut t = certificate_card(Interface::Contact);
    let challenge = t.card.transmit(&hex("0084000010"), &mut Given(random)).unwrap();
    assert_eq!(challenge.sw, 0x9000);
    assert_eq!(t.sw(&command([0, 0x20, 1, USER_ID], &answer)), 0x9000);
}

#[test]
fn verify_counts_down_and_success_restores() {
    for (id, pin, tries) in BOTH_PINS {
        let mut t = certificate_card(Interface::Contactless);
        let query = [0, 0x20, 1, id, 0];
        for length in [8, 16] {
            assert_eq!(t.sw(&query), 0x63C0 | tries);
            let wrong = t.verify_command(id, &[0x99, 0x99], length);
            assert_eq!(t.sw(&wrong), 0x63C0 | (tries - 1));
            assert_eq!(t.sw(&wrong), 0x6984, "a challenge serves once");
            assert_eq!(t.sw(&query), 0x63C0 | (tries - 1), "asking costs nothing");
            let right = t.verify_command(id, pin, length);
            assert_eq!(t.sw(&right), 0x9000);
        }
        for left in (0..tries).rev() {
            let wrong = t.verify_command(id, &[0x99, 0x99], 16);
            assert_eq!(t.sw(&wrong), 0x63C0 | left);
        }
        let right = t.verify_command(id, pin, 16);
        assert_eq!(t.sw(&right), 0x6983);
        assert_eq!(t.sw(&query), 0x6983);
        let mut t = reloaded(&t.card);
        let right = t.verify_command(id, pin, 16);
        assert_eq!(t.sw(&right), 0x6983, "for ever");
    }
}

#[test]
fn forms_of_verify() {
    let mut t = certificate_card(Interface::Contact);
    let right = t.verify_command(USER_ID, USER, 4);
    assert_eq!(t.sw(&right), 0x6984, "four bytes are too short a challenge");
    for (text, sw) in [
        ("0020018110 00000000000000000000000000000000", 0x6984),
        ("0020018210 00000000000000000000000000000000", 0x6A88),
        ("002001E110 00000000000000000000000000000000", 0x6A86),
        ("0020028110 00000000000000000000000000000000", 0x6A86),
        ("0020018108 0000000000000000", 0x6700),
        ("0020000003 123456", 0x6A88),
    ] {
        assert_eq!(t.sw(&hex(text)), sw, "{text}");
    }
    // The user PIN belongs to the ADF; in the environment only the administrator's is in force.
    t.ok(&hex("00A404000C 504B492EC9E7BBE1B1A3D5CF"));
    let user = t.verify_command(USER_ID, USER, 16);
    assert_eq!(t.sw(&user), 0x6A88);
    t.administrator();
}

#[test]
fn verified_states_end_with_the_application() {
    let mut t = certificate_card(Interface::Contact);
    let generate = hex(GENERATE);
    t.user();
    t.ok(&hex("00A40000020012"));
    assert_eq!(t.sw(&generate), 0x9000, "another EF keeps it");
    t.ok(&hex("00A404000C 53532E434552542E41444631"));
    assert_eq!(t.sw(&generate), 0x9000, "reselecting keeps it");
    let wrong = t.verify_command(USER_ID, &[0x99, 0x99], 16);
    assert_eq!(t.sw(&wrong), 0x63C2);
    assert_eq!(t.sw(&generate), 0x6982, "a failure takes it back");
    t.user();
    select_application(&mut t);
    assert_eq!(t.sw(&generate), 0x6982, "leaving takes it back");
    t.user();
    t.card.power_on(Interface::Contact);
    select_application(&mut t);
    assert_eq!(t.sw(&generate), 0x6982);
}

#[test]
fn change_under_the_old_pin() {
    for (id, pin, tries) in BOTH_PINS {
        let mut t = certificate_card(Interface::Contact);
        let new = [0x24, 0x68, 0x13, 0x57];
        let change = t.pin_command([0x84, 0x5E, 1, id], pin, Some(&new));
        assert_eq!(change[4], 0x14);
        assert_eq!(t.sw(&change), 0x9000);
        assert_eq!(t.sw(&change), 0x6984);
        let old = t.verify_command(id, pin, 16);
        assert_eq!(t.sw(&old), 0x63C0 | (tries - 1));
        let right = t.verify_command(id, &new, 16);
        assert_eq!(t.sw(&right), 0x9000);
        // A wrong old PIN costs tries as a wrong VERIFY does, so that it cannot be guessed this way.
        let wrong = t.pin_command([0x84, 0x5E, 1, id], &[0x99, 0x99], Some(&new));
        assert_eq!(t.sw(&wrong), 0x6988);
        assert_eq!(t.sw(&[0, 0x20, 1, id, 0]), 0x63C0 | (tries - 1));
        for (short, sw) in [(&[0x12][..], 0x6A80), (&[0xAA, 0xAA], 0x6A80), (&[], 0x6A80)] {
            let change = t.pin_command([0x84, 0x5E, 1, id], &new, Some(short));
            assert_eq!(t.sw(&change), sw, "{short:02X?} is no PIN");
        }
        for _ in 0..tries {
            let wrong = t.pin_command([0x84, 0x5E, 1, id], &[0x99, 0x99], Some(&new));
            t.sw(&wrong);
        }
        let change = t.pin_command([0x84, 0x5E, 1, id], &new, Some(pin));
        assert_eq!(t.sw(&change), 0x6983);
    }
    let mut t = certificate_card(Interface::Contact);
    assert_eq!(t.sw(&hex("845E010008 0000000000000000")), 0x6700);
    assert_eq!(
        t.sw(&hex("845E020014 0000000000000000000000000000000000000000")),
        0x6A86
    );
    assert_eq!(
        t.sw(&hex("845E010214 0000000000000000000000000000000000000000")),
        0x6A88
    );
}

#[test]
fn the_administrator_unblocks_the_user_pin() {
    let mut t = certificate_card(Interface::Contact);
    for _ in 0..3 {
        let wrong = t.verify_command(USER_ID, &[0x99, 0x99], 16);
        t.sw(&wrong);
    }
    let header = [0x84, 0x24, 1, USER_ID];
    let reset = t.pin_command(header, ADMINISTRATOR, None);
    assert_eq!(reset[4], 0x04);
    assert_eq!(t.sw(&reset), 0x6982, "the administrator's PIN was not verified");
    t.administrator();
    let reset = t.pin_command(header, ADMINISTRATOR, None);
    assert_eq!(t.sw(&reset), 0x9000);
    t.user();
    let new = t.pin_command(header, ADMINISTRATOR, Some(&[0x65, 0x43, 0x21]));
    assert_eq!(new[4], 0x14);
    assert_eq!(t.sw(&new), 0x9000);
    assert_eq!(t.sw(&hex(GENERATE)), 0x6982, "the new PIN was not presented");
    let right = t.verify_command(USER_ID, &[0x65, 0x43, 0x21], 16);
    assert_eq!(t.sw(&right), 0x9000);
    let own = t.pin_command([0x84, 0x24, 1, ADMINISTRATOR_ID], ADMINISTRATOR, None);
    assert_eq!(t.sw(&own), 0x6A88, "nobody unblocks the administrator's");
    let forged = t.pin_command(header, USER, None);
    assert_eq!(t.sw(&forged), 0x6988);
    assert_eq!(
        t.sw(&[0, 0x20, 1, ADMINISTRATOR_ID, 0]),
        0x63C5,
        "a forged message costs a try of the administrator's"
    );
    let reset = t.pin_command(header, ADMINISTRATOR, None);
    assert_eq!(t.sw(&reset), 0x6982, "and the verified state");
    assert_eq!(t.sw(&hex("8424018108 0000000000000000")), 0x6700);
}

/// The plain social security commands on the same instruction keep their form.
#[test]
fn other_pins_are_not_touched() {
    let mut t = Terminal::issued(Algorithm::Sm4, Interface::Contact);
    assert_eq!(t.sw(&hex("0020000003 123456")), 0x9000);
    let challenge = t.challenge();
    let cryptogram = master_cryptogram(Algorithm::Sm4, &pin_key(USER), &challenge);
    assert_eq!(t.sw(&command([0, 0x20, 1, 0x81], &cryptogram)), 0x6A88);
    assert_eq!(t.sw(&hex(GENERATE)), 0x6A82);
}

//! One memory, two interfaces: each power-on begins a session of its own, what was written is there for both.

use super::support::*;
use card_model::card::Interface::{Contact, Contactless};
use card_model::crypto::Algorithm;

/// What a session has won; all of it must be gone after any reset or change of the interface.
fn win_everything(t: &mut Terminal) {
    t.select_fid(0xDDF1);
    t.authenticate(UK, 1);
    t.ok(&hex("0020000003123456"));
    t.ok(&hex("00A4020002EF05"));
    t.challenge();
    assert_eq!(t.sw(&hex("00DC0128 09 0107 01020304050607")), 0x9000);
}

fn nothing_is_left(t: &mut Terminal) {
    assert_eq!(t.sw(&hex("00B2010400")), 0x6986, "no current file: the MF is selected");
    t.select_fid(0xDDF1);
    assert_eq!(
        t.sw(&hex("00DC0128 09 0107 01020304050607")),
        0x6982,
        "the key is not authenticated"
    );
    assert_eq!(t.sw(&command([0, 0x82, 0, UK], &[0; 16])), 0x6984, "no challenge");
    t.select_fid(0xDF01);
    assert_eq!(t.sw(&hex("00B2012C00")), 0x6982, "the PIN is not verified");
}

#[test]
fn every_reset_and_field_switch_ends_the_session() {
    let mut t = Terminal::issued(Algorithm::Sm4, Contact);
    let atr = t.card.power_on(Contact);
    let ats = t.card.power_on(Contactless);
    assert_eq!((atr[0], usize::from(ats[0])), (0x3B, ats.len()));
    assert_eq!(atr[4..], ats[5..], "the historical bytes are the same");
    // Contact reset, field off and on, and both ways between the interfaces.
    for (from, to) in [
        (Contact, Contact),
        (Contactless, Contactless),
        (Contact, Contactless),
        (Contactless, Contact),
    ] {
        t.card.power_on(from);
        win_everything(&mut t);
        let answer = t.card.power_on(to);
        assert_eq!(answer, if to == Contact { atr.clone() } else { ats.clone() });
        nothing_is_left(&mut t);
        // The memory is one: the record written through the other interface is there.
        t.select_fid(0xDDF1);
        assert_eq!(t.ok(&hex("00B2012C09")), hex("0107 01020304050607"));
    }
}

#[test]
fn counters_and_blocks_are_one_for_both_interfaces() {
    let mut t = Terminal::issued(Algorithm::Sm4, Contact);
    for (interface, left) in [(Contact, 0x63C2), (Contactless, 0x63C1), (Contact, 0x63C0)] {
        t.card.power_on(interface);
        t.select_fid(0xDDF1);
        assert_eq!(t.sw(&hex("0020000003999999")), left);
    }
    t.card.power_on(Contactless);
    t.select_fid(0xDDF1);
    assert_eq!(
        t.sw(&hex("0020000003123456")),
        0x6983,
        "locked by contact, locked without"
    );
    t.authenticate(PUK, 1);
    let unblock = t.secured([0x84, 0x24, 0, 0], STK, &[], false);
    t.ok(&unblock);
    t.card.power_on(Contact);
    t.select_fid(0xDDF1);
    t.ok(&hex("0020000003123456"));
}

/// An answer that waits for GET RESPONSE belongs to the session; without contacts there is none.
#[test]
fn a_waiting_answer_is_dropped() {
    let mut t = Terminal::issued(Algorithm::Sm4, Contact);
    assert_eq!(t.raw(&command([0, 0xA4, 4, 0], NAME))[0], 0x61);
    t.card.power_on(Contact);
    assert_eq!(t.raw(&hex("00C0000010")), [0x6F, 0x00]);
    assert_eq!(t.raw(&command([0, 0xA4, 4, 0], NAME))[0], 0x61);
    t.card.power_on(Contactless);
    assert_eq!(t.raw(&hex("00C0000010")), [0x6F, 0x00]);
    assert_eq!(t.raw(&command([0, 0xA4, 4, 0], NAME))[0], 0x6F, "the FCI at once");
}

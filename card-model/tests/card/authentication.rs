//! Keys and the PIN: external and internal authentication, VERIFY, CHANGE PIN, PIN CHANGE/UNBLOCK.

use super::support::*;
use super::{BOTH, card};
use card_model::card::Interface;
use card_model::crypto::SessionKey;
use card_model::secret::Key;

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

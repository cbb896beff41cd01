//! Power cuts in the middle of writing commands.

use super::card;
use super::support::*;
use card_model::card::{Card, Interface};
use card_model::crypto::Algorithm;

/// Power is cut after every word that each writing command writes; the card comes back with the old or the new state, and
/// tries are never given back.
#[test]
fn power_cuts_leave_old_or_new() {
    type Prepare = fn(&mut Terminal) -> Vec<u8>;
    let commands: [(&str, Prepare); 13] = [
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
        ("record with MAC", |t| {
            t.select_fid(0xDF01);
            t.secured([0x04, 0xDC, 1, 0x60], 0x82, &hex("0104 11223344"), false)
        }),
        ("second record with MAC", |t| {
            t.select_fid(0xDF01);
            let first = t.secured([0x04, 0xDC, 1, 0x60], 0x82, &hex("0104 11223344"), false);
            t.ok(&first);
            t.secured([0x04, 0xDC, 1, 0x60], 0x82, &hex("0106 556677889900"), false)
        }),
        ("record encrypted and with MAC", |t| {
            t.select_fid(0xDF01);
            t.secured([0x04, 0xDC, 2, 0x68], 0x82, &hex("0209 112233445566778899"), true)
        }),
        ("fixed record", |_| hex("00DC014C 04 0102 0A0B")),
        ("second fixed record", |t| {
            t.ok(&hex("00DC014C 04 0102 0A0B"));
            hex("00DC024C 04 0302 0C0D")
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
            let sw = done.sw(&command);
            assert_eq!(sw == 0x9000, !name.starts_with("wrong"), "{name}: {sw:04X}");
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
    for command in [
        "00B2012500",
        "00B0870000",
        "00B2014500",
        "00B2014D00",
        "",
        "00B2016500",
        "00B2016D00",
    ] {
        if command.is_empty() {
            t.select_fid(0xDF01);
            continue;
        }
        let answer = t.raw(&hex(command));
        if let [0x6C, length] = answer[..] {
            let mut command = hex(command);
            command[4] = length;
            contents.extend(t.raw(&command));
        } else {
            contents.extend(answer);
        }
    }
    t.select_fid(0xDDF1);
    for pin in ["0020000003123456", "0020000003654321", "00200000027777"] {
        contents.push(u8::from(t.sw(&hex(pin)) == 0x9000));
    }
    (contents, tries)
}

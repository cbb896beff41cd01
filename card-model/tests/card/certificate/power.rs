//! Power cuts after every word of every writing command of the certificate application.

use super::*;

type Prepare = fn() -> (Terminal, Vec<u8>);

fn ready() -> Terminal {
    let mut t = certificate_card(Interface::Contact);
    t.user();
    t.ok(&hex(GENERATE));
    t.administrator();
    t
}

fn prepared() -> [(&'static str, Prepare); 10] {
    [
        ("first key pair", || {
            let mut t = certificate_card(Interface::Contact);
            t.user();
            (t, hex(GENERATE))
        }),
        ("next key pair", || (ready(), hex(GENERATE))),
        ("import", || {
            let mut t = ready();
            let [load, public, private] = Pair::new(0x31).commands();
            t.ok(&load);
            t.ok(&public);
            (t, private)
        }),
        ("import, public key last", || {
            let mut t = ready();
            let [load, public, private] = Pair::new(0x32).commands();
            t.ok(&load);
            t.ok(&private);
            (t, public)
        }),
        ("certificate block", || {
            let mut t = ready();
            t.ok(&hex("00A40000020018"));
            t.ok(&command([0, 0xD6, 0, 0x70], &[0x11; 0x70]));
            (t, command([0, 0xD6, 0, 0x70], &[0x22; 0x70]))
        }),
        ("large certificate block", || {
            let mut t = ready();
            t.ok(&hex("00A40000020019"));
            (t, command([0, 0xD6, 0, 0xFA], &[0x33; 0xFA]))
        }),
        ("wrong user PIN", || {
            let mut t = ready();
            let verify = t.verify_command(USER_ID, &[0x99, 0x99], 16);
            (t, verify)
        }),
        ("change of the administrator's PIN", || {
            let mut t = ready();
            let change = t.pin_command([0x84, 0x5E, 1, 0], ADMINISTRATOR, Some(&[0x11, 0x22, 0x33, 0x44]));
            (t, change)
        }),
        ("new user PIN by the administrator", || {
            let mut t = ready();
            let change = t.pin_command([0x84, 0x24, 1, USER_ID], ADMINISTRATOR, Some(&[0x11, 0x22]));
            (t, change)
        }),
        ("master key", || {
            let mut t = ready();
            t.master(&APPLICATION_KEY);
            let replace = t.key_command(1, &APPLICATION_KEY, [0, 0, 0, 0, 3], &[0x77; 16]);
            (t, replace)
        }),
    ]
}

#[test]
fn old_or_new_never_mixed() {
    let mut cuts = 0;
    for (name, prepare) in prepared() {
        let (mut done, command) = prepare();
        let old = observable(&done.card);
        done.send(&command);
        let new = observable(&done.card);
        let (mut seen_old, mut seen_new) = (0, 0);
        for words in 0.. {
            let (mut t, command) = prepare();
            t.card.lose_power_after(Some(words));
            let answer = t.card.transmit(&command, &mut t.entropy);
            t.card.lose_power_after(None);
            t.card.power_on(Interface::Contact);
            let after = observable(&t.card);
            // A spent try is a state of its own between old and new: the comparison has not answered yet.
            let spent = after.0 == old.0 && after.1.iter().zip(&old.1).all(|(after, old)| after <= old);
            assert!(after == new || spent, "{name}: torn after {words} words");
            assert!(
                answer.is_none() || after == new,
                "{name}: an answer before the state is safe"
            );
            seen_old += usize::from(after != new);
            seen_new += usize::from(after == new);
            cuts += 1;
            if answer.is_some() {
                break;
            }
        }
        assert!(seen_old > 0 && seen_new > 0, "{name}: the cuts miss a side");
    }
    println!("{cuts} cut points, none torn");
}

/// Everything that can be seen: files, what each private key decrypts, which PINs are right; and the counters.
fn observable(card: &Card) -> (Vec<u8>, Vec<u8>) {
    let mut t = reloaded(card);
    let tries = t
        .card
        .inventory()
        .keys
        .iter()
        .filter_map(|key| key.tries_left)
        .collect();
    let mut seen = Vec::new();
    for file in ["0012", "0014", "0018", "0019"] {
        t.ok(&hex(&format!("00A4000002{file}")));
        for page in 0..4 {
            seen.extend(t.raw(&[0, 0xB0, page, 0, 0]));
        }
    }
    for pin in [USER, &[0x11, 0x22]] {
        let verify = t.verify_command(USER_ID, pin, 16);
        let right = t.sw(&verify) == 0x9000;
        seen.push(u8::from(right));
        if right {
            // A pair is whole exactly when its private key opens what its public key closed.
            for (public, private) in [(0x12, 0x13), (0x14, 0x15)] {
                let encrypt = [&[0xC0, 2, 0, public][..], b"\xC1\x04pair"].concat();
                let cipher = t.send(&command([0x80, 0x50, 0, 1], &encrypt));
                if let Some(cipher) = cipher.strip_suffix(&[0x90, 0]) {
                    let decrypt = [&[0xC2, 2, 0, private][..], &[0xC1, cipher.len() as u8], cipher].concat();
                    assert_eq!(
                        t.send(&command([0x80, 0x4E, 0, 1], &decrypt)),
                        b"pair\x90\x00",
                        "half a pair"
                    );
                    seen.push(1);
                } else {
                    seen.extend(cipher);
                }
            }
        }
    }
    for pin in [ADMINISTRATOR, &[0x11, 0x22, 0x33, 0x44]] {
        let verify = t.verify_command(ADMINISTRATOR_ID, pin, 16);
        seen.push(u8::from(t.sw(&verify) == 0x9000));
    }
    for key in [APPLICATION_KEY, [0x77; 16]] {
        let challenge = t.challenge();
        let cryptogram = master_cryptogram(Algorithm::Sm4, &Key::from(key), &challenge);
        seen.push(u8::from(t.sw(&command([0, 0x82, 0, 0], &cryptogram)) == 0x9000));
    }
    (seen, tries)
}

//! GENERATE, EXPORT, IMPORT, and what is done with the keys.

use super::*;
use card_model::sm2::{DEFAULT_ID, PublicKey, Signature};

#[test]
fn generation_needs_the_user_pin_and_gives_a_key() {
    let mut t = certificate_card(Interface::Contact);
    assert_eq!(t.public_key(), [0; 0x42], "no key yet");
    assert_eq!(t.sw(&hex(GENERATE)), 0x6982);
    let refusal = t.card.refusal().unwrap();
    assert_eq!(refusal.missing, ["81"]);
    t.administrator();
    assert_eq!(t.sw(&hex(GENERATE)), 0x6982);
    t.user();
    t.ok(&hex(GENERATE));
    let first = t.public_key();
    assert_eq!(first[..2], [0xCA, 0x40]);
    PublicKey::from_bytes(&first[2..]).unwrap();
    t.ok(&hex("00A40000020012"));
    assert_eq!(t.ok(&hex("00B0000042")), first, "READ BINARY gives the same");
    t.ok(&hex(GENERATE));
    assert_ne!(t.public_key(), first);
    for (text, sw) in [
        ("80400000 08 C0020014 C2020015", 0x6985),
        ("80400000 08 C0020014 C2020013", 0x6981),
        ("80400000 08 C0020018 C2020013", 0x6981),
        ("80400000 08 C0020013 C2020012", 0x6981),
        ("80400000 08 C0020099 C2020013", 0x6A82),
        ("80400000 08 C2020012 C0020013", 0x6A80),
        ("80400000 04 C0020012", 0x6700),
        ("80400001 08 C0020012 C2020013", 0x6A86),
        ("80400000", 0x6700),
        ("00400000 08 C0020012 C2020013", 0x6E00),
    ] {
        assert_eq!(t.sw(&hex(text)), sw, "{text}");
    }
}

#[test]
fn export_in_two_steps() {
    let mut t = certificate_card(Interface::Contactless);
    assert_eq!(t.sw(&hex("80C9828042")), 0x6985, "nothing named");
    t.user();
    t.ok(&hex(GENERATE));
    t.ok(&hex(EXPORT));
    let key = t.ok(&hex("80C9828042"));
    assert_eq!(t.ok(&hex("80C9828000")), key, "Le 00");
    assert_eq!(t.raw(&hex("80C9828041")), [0x6C, 0x42]);
    assert_eq!(t.sw(&hex("80C98280 01 00")), 0x6700);
    assert_eq!(t.sw(&hex("80C98281 00")), 0x6A86);
    select_application(&mut t);
    assert_eq!(t.sw(&hex("80C9828042")), 0x6985, "forgotten with the application");
}

#[test]
fn private_keys_are_never_read_or_written() {
    let mut t = certificate_card(Interface::Contact);
    t.user();
    t.administrator();
    t.ok(&hex(GENERATE));
    for file in ["0013", "0015"] {
        t.ok(&hex(&format!("00A4000002{file}")));
        for command in [
            "00B0000022",
            "00B0000000",
            "00D6000002CB20",
            "00B2010400",
            "00DC010402CB20",
        ] {
            assert_eq!(t.sw(&hex(command)), 0x6981, "{file} {command}");
        }
    }
    for file in ["0012", "0014"] {
        t.ok(&hex(&format!("00A4000002{file}")));
        assert_eq!(
            t.sw(&hex("00D6000002CA40")),
            0x6981,
            "{file} changes with its private key only"
        );
    }
}

fn generated() -> (Terminal, PublicKey) {
    let mut t = certificate_card(Interface::Contact);
    t.user();
    t.ok(&hex(GENERATE));
    let key = PublicKey::from_bytes(&t.public_key()[2..]).unwrap();
    (t, key)
}

#[test]
fn signatures_over_digests_and_messages() {
    let (mut t, key) = generated();
    let digest = key.digest(DEFAULT_ID, b"message");
    let sign = command([0x80, 0x48, 0, 1], &[&hex("C2020013C120")[..], &digest].concat());
    let signature = t.ok(&sign);
    assert!(key.verify(&digest, &Signature::from_bytes(&signature).unwrap()));
    assert_ne!(t.ok(&sign), signature, "k is drawn anew");
    let sign = command([0x80, 0x48, 0, 2], &[&hex("C2020013C107")[..], b"message"].concat());
    let signature = t.ok(&sign);
    assert!(key.verify(&digest, &Signature::from_bytes(&signature).unwrap()));
    let empty = t.ok(&hex("80480002 06 C2020013 C100"));
    assert!(key.verify(&key.digest(DEFAULT_ID, b""), &Signature::from_bytes(&empty).unwrap()));

    let by_file = hex("C0020012");
    let by_value = [&[0xCA, 0x40][..], &key.to_bytes()].concat();
    for reference in [by_file, by_value] {
        let objects = |subject: &[u8], signature: &[u8]| [&reference[..], subject, &[0xCC, 0x40], signature].concat();
        let digest_object = [&[0xC1, 0x20][..], &digest].concat();
        let verify = command([0x80, 0x4C, 0, 1], &objects(&digest_object, &signature));
        assert_eq!(t.sw(&verify), 0x9000);
        let verify = command([0x80, 0x4C, 0, 2], &objects(b"\xC1\x07message", &signature));
        assert_eq!(t.sw(&verify), 0x9000);
        let verify = command([0x80, 0x4C, 0, 2], &objects(b"\xC1\x07massage", &signature));
        assert_eq!(t.sw(&verify), 0x6300);
        for broken in [
            vec![0; 64],
            vec![0xFF; 64],
            [&signature[32..], &signature[..32]].concat(),
        ] {
            let verify = command([0x80, 0x4C, 0, 1], &objects(&digest_object, &broken));
            assert_eq!(t.sw(&verify), 0x6300);
        }
    }
    let off_curve = [
        &hex("CA40")[..],
        &[1; 64],
        &hex("C120"),
        &[0; 32],
        &hex("CC40"),
        &signature,
    ]
    .concat();
    assert_eq!(t.sw(&command([0x80, 0x4C, 0, 1], &off_curve)), 0x6A80);
    for (text, sw) in [
        ("80480003 06 C2020013 C100", 0x6A86),
        ("80480001 06 C2020013 C100", 0x6A80),
        ("80480002 06 C2020015 C100", 0x6A88),
        ("80480002 06 C2020012 C100", 0x6981),
        ("80480002 06 C2020077 C100", 0x6A82),
        ("80480002", 0x6700),
    ] {
        assert_eq!(t.sw(&hex(text)), sw, "{text}");
    }
    select_application(&mut t);
    assert_eq!(t.sw(&sign), 0x6982);
    let mut t = certificate_card(Interface::Contact);
    assert_eq!(t.sw(&sign), 0x6A88, "no key yet");
}

#[test]
fn envelopes_both_directions() {
    let (mut t, key) = generated();
    let pair = Pair::new(7);
    let envelope = pair.envelope(&key);
    assert_eq!(envelope[4], 0x78, "as real writers send it");
    assert_eq!(t.ok(&envelope), pair.session);
    for bit in [0, 70, 100, 119] {
        let mut broken = envelope.clone();
        broken[5 + bit] ^= 1;
        let sw = t.sw(&broken);
        assert!([0x6A80, 0x6981, 0x6A82].contains(&sw), "{bit}: {sw:04X}");
    }
    let text = b"hello";
    let by_file = command([0x80, 0x50, 0, 1], &[&hex("C0020012C105")[..], text].concat());
    let value = [&[0xCA, 0x40][..], &key.to_bytes(), &[0xC1, 5], text].concat();
    for encrypt in [by_file, command([0x80, 0x50, 0, 1], &value)] {
        let cipher = t.ok(&encrypt);
        assert_eq!(cipher.len(), 96 + 5);
        let objects = [&hex("C2020013C1")[..], &[cipher.len() as u8], &cipher].concat();
        assert_eq!(t.ok(&command([0x80, 0x4E, 0, 1], &objects)), text);
    }
    let longest = [&hex("C0020012C181A0")[..], &[9; 160]].concat();
    assert_eq!(t.ok(&command([0x80, 0x50, 0, 1], &longest)).len(), 256);
    let longer = [&hex("C0020012C181A1")[..], &[9; 161]].concat();
    assert_eq!(t.sw(&command([0x80, 0x50, 0, 1], &longer)), 0x6A80);
    assert_eq!(t.sw(&hex("80500001 06 C0020012 C100")), 0x6A80);
    assert_eq!(
        t.sw(&hex("80500001 07 C0020014 C10155")),
        0x6A88,
        "no encryption key yet"
    );
    select_application(&mut t);
    assert_eq!(t.sw(&envelope), 0x6982);
}

#[test]
fn import_of_the_encryption_pair() {
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2]] {
        let (mut t, key) = generated();
        let pair = Pair::new(0x31);
        t.ok(&pair.envelope(&key));
        let commands = pair.commands();
        t.ok(&hex("00A40000020014"));
        for step in order {
            assert_eq!(t.ok(&hex("00B0000042")), [0; 0x42], "nothing before the last step");
            t.ok(&commands[step]);
        }
        let expected = [&[0xCA, 0x40][..], &pair.key.public_key().to_bytes()].concat();
        assert_eq!(t.ok(&hex("00B0000042")), expected);
        let cipher = pair.key.public_key().encrypt(b"text", &mut Given(vec![3; 32])).unwrap();
        let decrypt = command([0x80, 0x4E, 0, 1], &[&hex("C2020015C164")[..], &cipher].concat());
        assert_eq!(t.ok(&decrypt), b"text");
        let sign = hex("80480002 06 C2020015 C100");
        assert_eq!(t.sw(&sign), 0x6985, "the encryption key signs nothing");
    }
}

#[test]
fn refused_imports_change_nothing() {
    let (mut t, _) = generated();
    let (pair, other) = (Pair::new(0x31), Pair::new(0x32));
    let [load, public, private] = pair.commands();
    for command in [&load, &public, &private] {
        t.ok(command);
    }
    let before = t.card.image().to_vec();
    let [other_load, other_public, other_private] = other.commands();
    assert_eq!(t.sw(&private), 0x6984, "the import key serves once");
    t.ok(&other_public);
    t.ok(&load);
    assert_eq!(t.sw(&private), 0x6A80, "halves of two pairs");
    t.ok(&other_load);
    t.ok(&other_private);
    assert_eq!(t.card.image(), before, "the public half was dropped with the failure");
    t.ok(&other_load);
    assert_eq!(
        t.sw(&private),
        0x9000,
        "any number is a private key, but half a pair changes nothing"
    );
    assert_eq!(t.sw(&public), 0x6A80);
    let mut off_curve = public.clone();
    off_curve[20] ^= 1;
    assert_eq!(t.sw(&off_curve), 0x6A80);
    for (text, sw) in [
        ("804A0210 11 C10F000000000000000000000000000000", 0x6700),
        ("804A0210 12 C20F00000000000000000000000000000000", 0x6A80),
        ("804A0211 12 C11000000000000000000000000000000000", 0x6A86),
        ("80C24000 04 C0020014", 0x6700),
        ("80C2C001 04 C2020015", 0x6700),
        ("80C24001 04 C0020014", 0x6A86),
    ] {
        assert_eq!(t.sw(&hex(text)), sw, "{text}");
    }
    let mut signing = public.clone();
    signing[8] = 0x12;
    assert_eq!(t.sw(&signing), 0x6985, "a signing pair is born in the card");
    t.ok(&public);
    select_application(&mut t);
    assert_eq!(t.sw(&public), 0x6982, "the user PIN");
    t.user();
    t.ok(&load);
    t.ok(&private);
    assert_eq!(t.card.image(), before, "a half import does not survive the application");
}

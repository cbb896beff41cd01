//! INITIALIZE ENVIRONMENT, DELIVERY SESSION KEY, CIPHER DATA against the textbook.

use super::BOTH;
use super::support::*;
use super::textbook::*;
use card_model::crypto::{Algorithm, SessionKey, diversify};
use card_model::secret::Key;

fn session(algorithm: Algorithm, root: &[u8], levels: u8) -> Vec<u8> {
    let mut key = session_key(algorithm, &card_key(algorithm, root, levels), &CHALLENGE);
    key.truncate(if algorithm == Algorithm::Sm4 { 16 } else { 8 });
    key
}

#[test]
fn authentication_data_of_all_levels() {
    for algorithm in BOTH {
        let mut t = Terminal::blank(algorithm);
        for (usage, id) in [
            (0x67, 0x01),
            (0x47, 0x02),
            (0x27, 0x03),
            (0x68, 0x04),
            (0x48, 0x05),
            (0x28, 0x06),
        ] {
            t.create(0x11, usage, id, &[id; 16]);
        }
        for (usage, id) in [
            (0x67, 0x01),
            (0x47, 0x02),
            (0x27, 0x03),
            (0x68, 0x04),
            (0x48, 0x05),
            (0x28, 0x06),
        ] {
            assert_eq!(t.deliver(usage, id), 0x9000);
            let answer = t.ok(&command([0x80, 0xFA, 0, 0], &t.factor()));
            assert_eq!(
                answer,
                ecb(algorithm, &session(algorithm, &[id; 16], usage >> 5), &t.factor())
            );
            // The same by the functions the card uses; the terminal XORs the halves under SM4.
            let mut key = Key::from([id; 16]);
            for factor in [PROVINCE, CITY, CARD].iter().skip(3 - usize::from(usage >> 5)) {
                key = diversify(algorithm, &key, factor);
            }
            let expected = SessionKey::derive(algorithm, &key, &CHALLENGE).authenticate(&CHALLENGE);
            let data: Vec<u8> = match algorithm {
                Algorithm::TripleDes => answer,
                Algorithm::Sm4 => (0..8).map(|i| answer[i] ^ answer[i + 8]).collect(),
            };
            assert_eq!(data, expected);
        }
    }
}

#[test]
fn single_des_keys() {
    let mut t = Terminal::blank(Algorithm::TripleDes);
    t.create(0x11, 0x26, 0x09, &[9; 8]);
    assert_eq!(t.deliver(0x26, 0x09), 0x9000);
    let header = hex("8424000004");
    let answer = t.ok(&command([0x80, 0xFA, 5, 0], &[&[0; 8][..], &header].concat()));
    let key = &ecb(Algorithm::TripleDes, &[9; 8], &CARD)[..];
    let session = &ecb(Algorithm::TripleDes, key, &CHALLENGE)[..];
    assert_eq!(answer, mac(Algorithm::TripleDes, session, &[], &header));
}

#[test]
fn wrong_levels_and_unknown_keys() {
    for algorithm in BOTH {
        let mut t = Terminal::issued(algorithm);
        for (usage, id, sw) in [
            (0x67, 0x08, 0x9000),
            (0x47, 0x08, 0x6A80),
            (0x27, 0x08, 0x6A80),
            (0x66, 0x08, 0x9000),
            (0x48, 0x12, 0x9000),
            (0x68, 0x12, 0x6A80),
            (0x28, 0x12, 0x6A80),
            (0x67, 0x12, 0x6A88),
            (0x67, 0x0A, 0x6A88),
            (0x65, 0x08, 0x6A88),
            (0x22, 0x01, 0x6985),
            (0x62, 0x01, 0x6A80),
            (0x29, 0x4B, 0x9000),
        ] {
            assert_eq!(t.deliver(usage, id), sw, "{usage:02X}/{id:02X}");
        }
        // Right usage, wrong number of factors or no session factor.
        let factors = [CARD, CITY, PROVINCE].concat();
        for (data, sw) in [
            ([&factors[..16], &t.factor()].concat(), 0x6A80),
            ([&factors[..], &t.factor(), &CARD].concat(), 0x6A80),
            (factors.clone(), 0x6A80),
            (factors[..8].to_vec(), 0x6A80),
            ([&factors[..], &[0; 4]].concat(), 0x6700),
        ] {
            let command = command([0x80, 0xDE, 0x67, 0x08], &data);
            assert_eq!(t.sw(&command), sw);
        }
        let both_classes = command([0x80, 0xDE, 0x67, 0x08], &[&factors[..], &t.factor()].concat());
        t.ok(&both_classes);
        t.environment();
        assert_eq!(t.deliver(0x67, 0x08), 0x6A88, "keys are in the application");
    }
}

#[test]
fn macs_whole_and_in_parts() {
    for algorithm in BOTH {
        let mut t = Terminal::issued(algorithm);
        let block = algorithm.block();
        let initial = vec![0xA5; block];
        let key = session(algorithm, &STK, 1);
        for length in [1, block - 1, block, block + 1, 5 * block, 5 * block + 3] {
            let data: Vec<u8> = (0..length as u8).collect();
            let expected = mac(algorithm, &key, &initial, &data);
            for usage in [0x26, 0x28] {
                assert_eq!(t.deliver(usage, 0x09), 0x9000);
                assert_eq!(
                    t.ok(&command([0x80, 0xFA, 5, 0], &[&initial[..], &data].concat())),
                    expected
                );
            }
            // First block with the initial value, whole blocks, the rest.
            t.deliver(0x26, 0x09);
            let (head, last) = data.split_at((length - 1) / block * block);
            t.ok(&command([0x80, 0xFA, 7, 0], &initial));
            for part in head.chunks(2 * block) {
                t.ok(&command([0x80, 0xFA, 3, 0], part));
            }
            assert_eq!(t.ok(&command([0x80, 0xFA, 1, 0], last)), expected, "{length}");
            assert_eq!(t.sw(&command([0x80, 0xFA, 1, 0], last)), 0x6985, "one process only");
        }
    }
}

#[test]
fn a_mac_key_works_without_session_factor() {
    for algorithm in BOTH {
        let mut t = Terminal::issued(algorithm);
        let factors = [CARD, CITY, PROVINCE].concat();
        t.ok(&command([0xBF, 0xDE, 0x66, 0x08], &factors));
        let code = hex("990100D15600000500000001");
        let answer = t.ok(&command(
            [0x80, 0xFA, 5, 0],
            &[&vec![0; algorithm.block()][..], &code].concat(),
        ));
        assert_eq!(answer, mac(algorithm, &card_key(algorithm, &IRK, 3), &[], &code));
        assert_eq!(
            t.sw(&command([0xBF, 0xDE, 0x28, 0x09], &factors[..8])),
            0x6A80,
            "a key that also encrypts would give its session keys away"
        );
    }
}

/// DTK: no session factor; under DES the XOR of the halves of the card's key.
#[test]
fn transaction_codes() {
    for algorithm in BOTH {
        let mut t = Terminal::issued(algorithm);
        let factors = [CARD, CITY].concat();
        assert_eq!(t.deliver(0x4C, 0x4C), 0x6A80);
        t.ok(&command([0xBF, 0xDE, 0x4C, 0x4C], &factors));
        let data: Vec<u8> = (0..30).collect();
        let answer = t.ok(&command(
            [0x80, 0xFA, 5, 0],
            &[&vec![0; algorithm.block()][..], &data].concat(),
        ));
        let key = card_key(algorithm, &DTK, 2);
        let key = match algorithm {
            Algorithm::Sm4 => key,
            Algorithm::TripleDes => (0..8).map(|i| key[i] ^ key[i + 8]).collect(),
        };
        assert_eq!(answer, mac(algorithm, &key, &[], &data));
    }
}

#[test]
fn a_key_does_what_its_type_allows() {
    for algorithm in BOTH {
        let mut t = Terminal::issued(algorithm);
        let block = vec![1; algorithm.block()];
        assert_eq!(t.sw(&command([0x80, 0xFA, 0, 0], &block)), 0x6985, "no key delivered");
        for (usage, id, p1, sw) in [
            (0x67, 0x08, 0x00, 0x9000),
            (0x67, 0x08, 0x02, 0x9000),
            (0x67, 0x08, 0x05, 0x6985),
            (0x67, 0x08, 0x07, 0x6985),
            (0x67, 0x08, 0x01, 0x6985),
            (0x66, 0x08, 0x00, 0x6985),
            (0x66, 0x08, 0x05, 0x9000),
            (0x29, 0x4B, 0x00, 0x6985),
            (0x29, 0x4B, 0x05, 0x9000),
            (0x48, 0x12, 0x00, 0x9000),
            (0x48, 0x12, 0x05, 0x9000),
            (0x48, 0x12, 0x03, 0x6985),
        ] {
            assert_eq!(t.deliver(usage, id), 0x9000);
            assert_eq!(
                t.sw(&command([0x80, 0xFA, p1, 0], &block)),
                sw,
                "{usage:02X} P1 {p1:02X}"
            );
            let again = if p1 == 0x02 { 0x9000 } else { 0x6985 };
            assert_eq!(t.sw(&command([0x80, 0xFA, 0, 0], &block)), again);
        }
        for (p1, data) in [(0, &block[1..]), (2, &block[1..]), (5, &block[1..]), (7, &block[1..])] {
            t.deliver(0x48, 0x12);
            assert_eq!(t.sw(&command([0x80, 0xFA, p1, 0], data)), 0x6700);
        }
        t.deliver(0x48, 0x12);
        t.ok(&command([0x80, 0xFA, 7, 0], &block));
        assert_eq!(t.sw(&command([0x80, 0xFA, 3, 0], &block[1..])), 0x6700);
    }
}

#[test]
fn a_delivered_key_is_dropped() {
    let block = [1; 16];
    let events: [(&str, &str); 5] = [
        ("SELECT", "00A4000002DF01"),
        ("INITIALIZE ENVIRONMENT", "BFEC00000199"),
        ("DELIVERY of an unknown key", "BFDE670B08 0000000000000000"),
        (
            "a failed purchase",
            "8070010024 000000000000000000000000000000000000000000000000000000000000000000000000",
        ),
        ("selecting the environment", "00A4000002DDF2"),
    ];
    for (name, event) in events {
        let mut t = Terminal::issued(Algorithm::Sm4);
        t.deliver(0x67, 0x08);
        t.send(&hex(event));
        assert_eq!(t.sw(&command([0x80, 0xFA, 0, 0], &block)), 0x6985, "{name}");
    }
    for kept in ["0084000008", "00B0990004", "00A40200020019", "00C0000000"] {
        let mut t = Terminal::issued(Algorithm::Sm4);
        t.deliver(0x67, 0x08);
        t.send(&hex(kept));
        assert_eq!(t.sw(&command([0x80, 0xFA, 0, 0], &block)), 0x9000, "{kept}");
    }
}

#[test]
fn the_environment_binds_the_factors_to_a_province() {
    let mut t = Terminal::issued(Algorithm::Sm4);
    assert_eq!(t.sw(&hex("BFEC0000019A")), 0x6A80, "not two digits");
    t.ok(&hex("80EC00000199"));
    assert_eq!(t.deliver(0x67, 0x08), 0x9000);
    assert_eq!(t.deliver(0x48, 0x12), 0x9000);
    t.ok(&hex("BFEC00000165"));
    assert_eq!(t.deliver(0x67, 0x08), 0x6A80);
    assert_eq!(t.deliver(0x48, 0x12), 0x6A80);
    assert_eq!(t.deliver(0x26, 0x09), 0x9000, "the card's own factor has no province");
    t.ok(&hex("00A4000002DDF2"));
    t.ok(&hex("00A4000002DF01"));
    assert_eq!(t.deliver(0x67, 0x08), 0x9000, "another dedicated file, another card");
}

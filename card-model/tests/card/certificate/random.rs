//! Any bytes: no panic, no secret.

use super::*;
use proptest::prelude::*;

const HEADERS: [[u8; 4]; 16] = [
    [0x80, 0xC4, 0x01, 0x03],
    [0x00, 0x20, 0x01, 0x81],
    [0x00, 0x20, 0x01, 0x00],
    [0x84, 0x5E, 0x01, 0x81],
    [0x84, 0x24, 0x01, 0x81],
    [0x80, 0x40, 0x00, 0x00],
    [0x80, 0xC9, 0x82, 0x00],
    [0x80, 0xC9, 0x82, 0x80],
    [0x80, 0x4E, 0x00, 0x01],
    [0x80, 0x50, 0x00, 0x01],
    [0x80, 0x48, 0x00, 0x01],
    [0x80, 0x48, 0x00, 0x02],
    [0x80, 0x4C, 0x00, 0x02],
    [0x80, 0x4A, 0x02, 0x10],
    [0x80, 0xC2, 0x40, 0x00],
    [0x80, 0xC2, 0xC0, 0x01],
];

/// Bytes that begin like data objects of the application, so that the deeper checks are reached too.
fn data() -> impl Strategy<Value = Vec<u8>> {
    let file = prop_oneof![
        Just(0x12u8),
        Just(0x13),
        Just(0x14),
        Just(0x15),
        Just(0x18),
        any::<u8>()
    ];
    let file = (prop_oneof![Just(0xC0u8), Just(0xC2)], file).prop_map(|(tag, fid)| vec![tag, 2, 0, fid]);
    let value = (
        prop_oneof![Just(0xC1u8), Just(0xCA), Just(0xCB), Just(0xCC), any::<u8>()],
        proptest::collection::vec(any::<u8>(), 0..120),
    );
    let value = value.prop_map(|(tag, value)| [&[tag, value.len() as u8][..], &value].concat());
    let objects = (file, value.clone(), proptest::option::of(value));
    let objects = objects.prop_map(|(a, b, c)| [a, b, c.unwrap_or_default()].concat());
    prop_oneof![3 => objects, 1 => proptest::collection::vec(any::<u8>(), 0..255)].prop_map(|mut data| {
        data.truncate(255);
        data
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn random_commands_never_show_a_private_key(
        commands in proptest::collection::vec((0..HEADERS.len(), data(), proptest::option::of(any::<u8>()), any::<bool>()), 1..24),
    ) {
        let mut t = certificate_card(Interface::Contactless);
        t.user();
        t.administrator();
        let (signing, encryption) = (PrivateKey::generate(&mut Given(vec![0x21; 32])).unwrap(), Pair::new(0x31));
        t.card.transmit(&hex(GENERATE), &mut Given(vec![0x21; 32])).unwrap();
        for command in encryption.commands() {
            t.ok(&command);
        }
        let secrets = [*signing.expose(), *encryption.key.expose()];
        for (header, data, le, exact) in commands {
            let mut bytes = HEADERS[header].to_vec();
            if !data.is_empty() {
                bytes.push(data.len() as u8);
                bytes.extend(&data);
            }
            bytes.extend(le);
            if !exact {
                bytes.truncate(bytes.len().saturating_sub(1));
            }
            // The same key again after commands that may have replaced it.
            let answer = t.card.transmit(&bytes, &mut t.entropy).unwrap().to_bytes();
            let refusal = format!("{:?} {:?}", t.card, t.card.refusal());
            for secret in &secrets {
                prop_assert!(!answer.windows(16).any(|window| window == &secret[..16] || window == &secret[16..]));
                prop_assert!(!refusal.contains(&upper(&secret[..8])));
            }
        }
    }
}

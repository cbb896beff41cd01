//! Whatever comes: no panic, no secret, no change without the master key.

use super::support::*;
use card_model::card::Interface;
use card_model::crypto::Algorithm;
use card_model::psam::{Psam, PsamDescription};
use proptest::prelude::*;

/// Commands that are nearly right, so that they get past the first checks.
fn nearly() -> impl Strategy<Value = Vec<u8>> {
    let class = prop::sample::select(vec![0x00, 0x04, 0x80, 0x84, 0xBF]);
    let instruction = prop::sample::select(vec![
        0x70, 0x72, 0x84, 0xA4, 0xB0, 0xB2, 0xC0, 0xD4, 0xD6, 0xDE, 0xEC, 0xFA,
    ]);
    let p1 = prop_oneof![
        any::<u8>(),
        prop::sample::select(vec![0, 1, 2, 3, 4, 5, 7, 0x67, 0x48, 0x28, 0x26, 0x96, 0x99])
    ];
    let p2 = prop_oneof![
        any::<u8>(),
        prop::sample::select(vec![0, 0x08, 0x09, 0x11, 0x12, 0x0C, 0x0D])
    ];
    let data = prop::collection::vec(any::<u8>(), 0..80);
    (class, instruction, p1, p2, data, any::<bool>()).prop_map(|(cla, ins, p1, p2, data, le)| {
        let mut bytes = vec![cla, ins, p1, p2];
        if !data.is_empty() {
            bytes.push(data.len() as u8);
            bytes.extend(data);
        }
        if le {
            bytes.push(0);
        }
        bytes
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn commands_change_nothing_but_the_transaction_number(
        commands in prop::collection::vec(prop_oneof![nearly(), prop::collection::vec(any::<u8>(), 0..300)], 1..40),
    ) {
        let mut t = Terminal::issued(Algorithm::Sm4);
        let before = t.psam.inventory();
        for command in &commands {
            let answer = t.raw(command);
            prop_assert!(answer.len() >= 2);
            for key in [IRK, UK, STK, DPK, DLK, DTK] {
                prop_assert!(!answer.windows(8).any(|window| window == &key[..8]), "a key came out");
            }
        }
        let after = t.psam.inventory();
        for (old, new) in before.files.iter().zip(&after.files) {
            prop_assert!(old == new || old.role == card_model::psam::FileRole::TransactionNumber);
        }
        let values = |i: &card_model::psam::PsamInventory| i.keys.iter().map(|key| key.check_value).collect::<Vec<_>>();
        prop_assert_eq!(values(&before), values(&after));
    }

    #[test]
    fn any_image_is_read_or_refused(
        at in 0usize..6000, bytes in prop::collection::vec(any::<u8>(), 1..40), commands in prop::collection::vec(nearly(), 1..10),
    ) {
        let t = Terminal::issued(Algorithm::Sm4);
        let mut image = t.psam.image().to_vec();
        let end = (at + bytes.len()).min(image.len());
        image[at..end].copy_from_slice(&bytes[..end - at]);
        if let Ok(mut psam) = Psam::from_image(&image) {
            psam.power_on(Interface::Contact);
            for command in &commands {
                let _ = psam.transmit(command, &mut TestEntropy(3));
            }
            let _ = psam.inventory();
        }
    }

    #[test]
    fn any_text_is_a_description_or_an_error(
        at in 0usize..5000, text in "[a-z0-9=\\[\\]\" ]{0,30}",
    ) {
        let whole = include_str!("../../profiles/psam.toml");
        let mut cut = at.min(whole.len());
        while !whole.is_char_boundary(cut) {
            cut -= 1;
        }
        let _ = PsamDescription::load(&format!("{}{text}{}", &whole[..cut], &whole[cut..]), "x");
    }
}

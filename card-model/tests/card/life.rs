//! Creation, activation, blocking, and the image on disk.

use super::support::*;
use super::{BOTH, card};
use card_model::card::{Card, Interface, LifeCycle};
use card_model::crypto::Algorithm;

#[test]
fn application_block_is_for_ever_and_alone() {
    for algorithm in BOTH {
        let mut t = Terminal::issued(algorithm, Interface::Contact);
        t.select_fid(0xDF01);
        let early = t.secured([0x84, 0x1E, 0, 1], 0x82, &[], false);
        assert_eq!(t.sw(&early), 0x6982);
        let wrong = t.authentication(0x83, &[0xEE; 16]);
        for _ in 0..20 {
            assert!(matches!(t.sw(&wrong), 0x63CF | 0x6984), "a wrong LK locks nothing");
            t.challenge();
        }
        t.authenticate(0x83, 1);
        let mut forged = t.secured([0x84, 0x1E, 0, 1], 0x82, &[], false);
        forged[5] ^= 1;
        assert_eq!(t.sw(&forged), 0x6988);
        let block = t.secured([0x84, 0x1E, 0, 1], 0x82, &[], false);
        assert_eq!(t.sw(&block), 0x9000);
        assert_eq!(t.sw(&block), 0x9000, "blocking again succeeds");
        assert_eq!(t.sw(&hex("0084000008")), 0x9303);
        assert_eq!(t.sw(&hex("00A4020002EF05")), 0x9303);
        t.select_fid(0xDF02);
        t.card.power_on(Interface::Contactless);
        t.select_fid(0xDDF1);
        assert_eq!(t.sw(&hex("00A4000002DF01")), 0x9303);
        assert_eq!(t.sw(&hex("0084000008")), 0x9303);
        t.select_fid(0xDDF1);
        assert_eq!(t.sw(&hex("0084000008")), 0x9000);
    }
}

#[test]
fn card_block_ends_everything() {
    for algorithm in BOTH {
        let mut t = Terminal::issued(algorithm, Interface::Contact);
        let early = t.secured([0x84, 0x16, 0, 0], STK, &[], false);
        assert_eq!(t.sw(&early), 0x6982);
        t.authenticate(BK, 1);
        let block = t.secured([0x84, 0x16, 0, 0], STK, &[], false);
        assert_eq!(t.sw(&block), 0x9000);
        for _ in 0..2 {
            for command in [
                "00A4000002DDF1",
                "0084000008",
                "A0A4000000",
                "00FF000000",
                "8416000004 00000000",
            ] {
                assert_eq!(t.sw(&hex(command)), 0x6A81, "{command}");
            }
            assert!(!t.card.power_on(Interface::Contact).is_empty());
        }
        assert_eq!(t.card.life_cycle(), LifeCycle::Blocked);
    }
}

#[test]
fn structure_needs_its_master_key_and_ends_with_activation() {
    let mut t = Terminal::blank(Algorithm::Sm4, Interface::Contact);
    assert_eq!(t.card.life_cycle(), LifeCycle::Blank);
    let ddf = create(&[(0x82, &[0x38]), (0x83, &[0xDD, 0xF1]), (0x84, NAME)]);
    assert_eq!(t.sw(&ddf), 0x6982);
    assert_eq!(t.sw(&command([0, 0x82, 0, 0], &[0; 16])), 0x6984);
    t.challenge();
    assert_eq!(t.sw(&command([0, 0x82, 0, 0], &[0; 16])), 0x63C2);
    t.master(&TRANSPORT);
    t.ok(&ddf);
    assert_eq!(t.card.life_cycle(), LifeCycle::Structure);
    assert_eq!(t.sw(&ddf), 0x6A89);
    assert_eq!(
        t.sw(&create(&[(0x82, &[0x38]), (0x83, &[0xDD, 0xF2]), (0x84, NAME)])),
        0x6A8A
    );
    assert_eq!(
        t.sw(&create(&[(0x82, &[0x38]), (0x83, &[0xDD, 0xF2]), (0x84, b"ABC")])),
        0x6A80
    );
    assert_eq!(
        t.sw(&create(&[
            (0x82, &[1]),
            (0x83, &[0xEF, 1]),
            (0x80, &[0x50, 0]),
            (0xC1, &[0]),
            (0xC2, &[0])
        ])),
        0x6A84
    );
    t.select_fid(0xDDF1);
    let not_master = t.key_command(0, &TRANSPORT, [0x0D, 4, 1, 0, 3], &[4; 16]);
    assert_eq!(t.sw(&not_master), 0x6982, "the first key of a DF is its master key");
    let mut forged = t.key_command(0, &TRANSPORT, [0, 0, 0, 0, 3], &[0xD1; 16]);
    forged[8] ^= 1;
    assert_eq!(t.sw(&forged), 0x6988);
    t.load(&TRANSPORT, [0, 0, 0, 0, 3], &[0xD1; 16]);
    let after = t.key_command(0, &TRANSPORT, [0x0D, 4, 1, 0, 3], &[4; 16]);
    assert_eq!(t.sw(&after), 0x6982, "now it takes its own master key");
    t.master(&[0xD1; 16]);
    t.load(&[0xD1; 16], [0x0D, 4, 1, 0, 3], &[4; 16]);
    let twice = t.key_command(0, &[0xD1; 16], [0x0D, 4, 1, 0, 3], &[5; 16]);
    assert_eq!(t.sw(&twice), 0x6A89);
    let absent = t.key_command(1, &[0xD1; 16], [0x0D, 5, 1, 0, 3], &[5; 16]);
    assert_eq!(t.sw(&absent), 0x6A88);
    let replace = t.key_command(1, &[0xD1; 16], [0, 0, 0, 0, 3], &[0xD9; 16]);
    assert_eq!(t.sw(&replace), 0x9000);
    t.select_fid(0x3F00);
    t.master(&TRANSPORT);
    assert_eq!(t.card.inventory().keys.len(), 3);
    t.ok(&hex("80E40000"));
    assert_eq!(t.card.life_cycle(), LifeCycle::Blank);
    assert_eq!(t.card.inventory().keys.len(), 1);
    t.ok(&ddf);
    t.ok(&hex("80440000"));
    assert_eq!(t.sw(&hex("80440000")), 0x6985);
    assert_eq!(t.sw(&hex("80E40000")), 0x6985);
    assert_eq!(
        t.sw(&create(&[(0x82, &[0x38]), (0x83, &[0xDD, 0xF2]), (0x84, b"ABCDE")])),
        0x6985
    );
    assert_eq!(t.card.life_cycle(), LifeCycle::Operational);
}

#[test]
fn card_data_tells_label_and_algorithm() {
    let mut t = Terminal::blank(Algorithm::TripleDes, Interface::Contact);
    let data = upper(&t.ok(&hex("80CA000000")));
    assert!(
        data.starts_with(&format!("E01680010081 04{}820101 8304", upper(b"test")).replace(' ', "")),
        "{data}"
    );
    assert!(data.ends_with("84020100"), "{data}");
}

#[test]
fn images_come_back_and_damaged_ones_are_refused() {
    let t = card();
    let image = t.card.image().to_vec();
    let back = Card::from_image(&image).unwrap();
    assert_eq!(back.inventory(), t.card.inventory());
    assert!(Card::from_image(&[]).is_err());
    assert!(Card::from_image(&image[..40]).is_err());
    assert!(Card::from_image(&image[..3000]).is_err());
    let mut newer = image.clone();
    newer[9] = 9;
    assert_eq!(
        Card::from_image(&newer).unwrap_err().to_string(),
        "card image of format 9, this program reads up to 2"
    );
    assert_eq!(format!("{:?}", t.card).matches("hidden").count(), 0);
}

/// Keys that the MF gets after its first file survive erasing; the files do not.
#[test]
fn erasing_keeps_late_keys_of_the_mf_and_nothing_else() {
    let mut t = Terminal::blank(Algorithm::Sm4, Interface::Contactless);
    t.master(&TRANSPORT);
    t.ok(&create(&[(0x82, &[0x38]), (0x83, &[0xDD, 0xF1]), (0x84, NAME)]));
    t.load(&TRANSPORT, [0x0D, 0x01, 1, 0, 3], &[0x01; 16]);
    t.ok(&create(&[
        (0x82, &[0x38]),
        (0x83, &[0xDD, 0xF2]),
        (0x84, b"D2.NEIGHBOUR"),
    ]));
    t.ok(&hex("80E40000"));
    assert_eq!(t.sw(&hex("00A4000002DDF1")), 0x6A82);
    assert_eq!(t.sw(&hex("00A4000002DDF2")), 0x6A82);
    assert_eq!(t.card.life_cycle(), LifeCycle::Blank);
    t.card = Card::from_image(t.card.image()).unwrap();
    t.card.power_on(Interface::Contactless);
    assert_eq!(t.card.life_cycle(), LifeCycle::Blank);
    t.authenticate(0x01, 1);
    t.master(&TRANSPORT);
}

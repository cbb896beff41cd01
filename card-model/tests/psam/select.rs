//! Answer to reset, SELECT, the general checks.

use super::support::*;
use card_model::card::{ImageError, Interface};
use card_model::crypto::Algorithm;
use card_model::psam::Psam;

#[test]
fn answer_to_reset() {
    let mut psam = Psam::blank(description(), &SERIAL).unwrap();
    let atr = psam.power_on(Interface::Contact);
    assert_eq!(upper(&atr), "3B6D000000992611018699000000000001");
}

#[test]
fn no_antenna_and_no_power() {
    let mut psam = Psam::blank(description(), &SERIAL).unwrap();
    assert!(
        psam.transmit(&hex("0084000008"), &mut TestEntropy(1)).is_none(),
        "no power yet"
    );
    assert!(psam.power_on(Interface::Contactless).is_empty());
    assert!(psam.transmit(&hex("0084000008"), &mut TestEntropy(1)).is_none());
    psam.power_on(Interface::Contact);
    assert!(psam.transmit(&hex("0084000008"), &mut TestEntropy(1)).is_some());
    psam.power_off();
    assert!(psam.transmit(&hex("0084000008"), &mut TestEntropy(1)).is_none());
}

#[test]
fn environments_and_applications() {
    let mut t = Terminal::blank(Algorithm::Sm4);
    let fci = |n: char| {
        format!(
            "6F16840F7378{n}",
            n = format_args!("3{n}2E73682EC9E7BBE1B1A3D5CFA503880101")
        )
    };
    for (n, name) in [
        ('1', "7378312E73682EC9E7BBE1B1A3D5CF"),
        ('2', "7378322E73682E"),
        ('3', "7378332E73"),
    ] {
        assert_eq!(upper(&t.ok(&command([0, 0xA4, 4, 0], &hex(name)))), fci(n));
    }
    assert_eq!(upper(&t.ok(&hex("00A40000023F00"))), fci('1'));
    assert_eq!(upper(&t.ok(&hex("00A4000002DDF2"))), fci('3'));
    assert_eq!(upper(&t.ok(&hex("00A4000002DF01"))), "6F088406D15600000590");
    assert_eq!(
        upper(&t.ok(&hex("00A4000002DDF1"))),
        fci('2'),
        "environments are seen from everywhere"
    );
    assert_eq!(upper(&t.ok(&hex("00A40000"))), fci('1'));
    assert_eq!(t.sw(&hex("00A4000002DF02")), 0x6A82);
    assert_eq!(t.sw(&hex("00A40400053130302E31")), 0x6A82);
}

/// All applications have one name: that of the current environment is meant.
#[test]
fn application_by_identifier_stays_in_its_environment() {
    let mut t = Terminal::issued(Algorithm::Sm4);
    t.environment();
    t.ok(&hex("00A4040006D15600000590"));
    assert_eq!(t.deliver(0x67, 0x08), 0x9000, "the SM4 key is here");
    t.ok(&hex("00A40000023F00"));
    t.ok(&hex("00A4040006D15600000590"));
    assert_eq!(t.deliver(0x67, 0x08), 0x6A88, "the DES application holds no key");
}

#[test]
fn next_occurrence_walks_all() {
    let mut t = Terminal::blank(Algorithm::Sm4);
    let mut found = 0;
    t.ok(&hex("00A40000"));
    let mut sw = t.sw(&hex("00A4040206D15600000590"));
    while sw == 0x9000 {
        found += 1;
        sw = t.sw(&hex("00A4040206D15600000590"));
    }
    assert_eq!((found, sw), (3, 0x6A82));
    assert_eq!(t.sw(&hex("00A4040006D15600000590")), 0x9000, "first begins again");
}

#[test]
fn general_checks_in_their_order() {
    let mut t = Terminal::blank(Algorithm::Sm4);
    for (command, sw) in [
        ("00A4", 0x6700),
        ("00A4000003DF01", 0x6700),
        ("00A4000001DF", 0x6700),
        ("00A4010002DF01", 0x6A86),
        ("00A4040104D1560000", 0x6A86),
        ("00A4040004D1560000", 0x6700),
        ("10A4000002DF01", 0x6E00),
        ("80A4000002DF01", 0x6E00),
        ("0012000000", 0x6D00),
        ("BF12000000", 0x6D00),
        ("00DC0104020000", 0x6D00),
        ("0020000003123456", 0x6D00),
        ("00840000", 0x6700),
        ("0084000005", 0x6700),
        ("0084010008", 0x6A86),
        ("008400000401020304", 0x6700),
        ("00C0000000", 0x6F00),
        ("00C0010000", 0x6A86),
        ("00D60000", 0x6700),
        ("00D6A0000101", 0x6A86),
        ("04D600000401020304", 0x6700),
        ("BFEC0000020102", 0x6700),
        ("BFEC000100", 0x6A86),
        ("BFDE670801FF", 0x6700),
        ("BFDE6708", 0x6700),
        ("80FA04000101", 0x6A86),
        ("80FA00010101", 0x6A86),
        ("80FA0000", 0x6700),
        ("8070000001FF", 0x6A86),
        ("8070010001FF", 0x6700),
        ("8072000003010203", 0x6700),
        ("8072000104 01020304", 0x6A86),
        ("84D402110401020304", 0x6A86),
        ("84D400110401020304", 0x6700),
        ("04DE670801FF", 0x6E00),
    ] {
        assert_eq!(t.sw(&hex(command)), sw, "{command}");
    }
}

#[test]
fn get_response_in_parts() {
    let mut t = Terminal::blank(Algorithm::Sm4);
    assert_eq!(upper(&t.raw(&hex("00A40000023F00"))), "6118");
    assert_eq!(upper(&t.raw(&hex("00C0000000"))), "6C18");
    assert_eq!(upper(&t.raw(&hex("00C0000019"))), "6C18");
    assert_eq!(upper(&t.raw(&hex("00C0000002"))), "6F166116");
    assert!(t.raw(&hex("00C0000016")).ends_with(&[0x90, 0]));
    assert_eq!(upper(&t.raw(&hex("00C0000016"))), "6F00");
    t.raw(&hex("00A40000023F00"));
    t.raw(&hex("0084000008"));
    assert_eq!(
        upper(&t.raw(&hex("00C0000018"))),
        "6F00",
        "another command drops what waits"
    );
}

#[test]
fn images() {
    let t = Terminal::issued(Algorithm::Sm4);
    let image = t.psam.image();
    assert!(Psam::is_image(image) && image.starts_with(b"SSC-PSAM"));
    let back = Psam::from_image(image).unwrap();
    assert_eq!(back.inventory(), t.psam.inventory());
    assert_eq!(Psam::from_image(b"SSC-CARD").unwrap_err(), ImageError::Magic);
    assert_eq!(Psam::from_image(&[]).unwrap_err(), ImageError::Magic);
    let mut newer = image.to_vec();
    newer[9] = 9;
    assert_eq!(Psam::from_image(&newer).unwrap_err(), ImageError::Version(9, 1));
    assert!(matches!(
        Psam::from_image(&image[..3000]).unwrap_err(),
        ImageError::Damaged(_)
    ));
    assert!(!format!("{back:?}").contains("09090909"));
}

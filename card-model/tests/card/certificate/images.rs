//! Card images of every format that was ever written are read for ever.

use super::*;
use card_model::card::{ImageError, LifeCycle};

fn sample(format: u16) -> Vec<u8> {
    std::fs::read(format!("../vectors/images/format-{format}.img")).unwrap()
}

/// Written before the medical account and the certificate application.
#[test]
fn format_1() {
    let image = sample(1);
    assert_eq!(image[8..10], [0, 1]);
    let mut card = Card::from_image(&image).unwrap();
    assert_eq!(card.life_cycle(), LifeCycle::Operational);
    card.power_on(Interface::Contact);
    let mut t = Terminal {
        card,
        entropy: TestEntropy(5),
        algorithm: Algorithm::Sm4,
    };
    t.select_fid(0xDDF1);
    assert_eq!(t.ok(&hex("00B2012807")), hex("0105A1A2A3A4A5"));
    assert_eq!(t.sw(&hex("0020000003123456")), 0x9000);
    t.authenticate(RK, 1);
    assert_eq!(t.ok(&hex("00B2083005")), hex("0803B1B2B3"));
    // Its internal file of 20 bytes has no room behind it for a proof, so it is no account.
    assert_ne!(t.sw(&hex("B02600010400")), 0x9000);
    t.select_fid(0x3F00);
    t.master(&TRANSPORT);
    t.ok(&create(&[(0x82, &[0x38]), (0x83, &[0xDD, 0xF9]), (0x84, b"NEW.DDF")]));
    Card::from_image(t.card.image()).unwrap();
}

/// A certificate application with both key pairs and a certificate.
#[test]
fn format_2() {
    let image = sample(2);
    assert_eq!(image[8..10], [0, 2]);
    let mut t = reloaded(&Card::from_image(&image).unwrap());
    t.user();
    let signing = PrivateKey::generate(&mut Given(vec![0x21; 32])).unwrap();
    assert_eq!(t.public_key()[2..], signing.public_key().to_bytes());
    let cipher = Pair::new(0x31)
        .key
        .public_key()
        .encrypt(b"text", &mut Given(vec![3; 32]))
        .unwrap();
    let decrypt = command([0x80, 0x4E, 0, 1], &[&hex("C2020015C164")[..], &cipher].concat());
    assert_eq!(t.ok(&decrypt), b"text");
    t.ok(&hex("00A40000020018"));
    assert_eq!(t.ok(&hex("00B0000010")), *b"TEST CERTIFICATE");
}

#[test]
fn newer_formats_are_refused_by_name() {
    let mut image = sample(2);
    image[9] = 0x63;
    assert_eq!(Card::from_image(&image).unwrap_err(), ImageError::Version(0x63, 2));
    image[9] = 0;
    assert!(matches!(Card::from_image(&image), Err(ImageError::Version(0, _))));
}

/// Writes the sample of the present format; run by hand when the format is raised: `UPDATE_IMAGE=1 cargo test`.
#[test]
fn write_sample() {
    if std::env::var_os("UPDATE_IMAGE").is_none() {
        return;
    }
    let mut t = certificate_card(Interface::Contact);
    t.user();
    t.administrator();
    t.card.transmit(&hex(GENERATE), &mut Given(vec![0x21; 32])).unwrap();
    for command in Pair::new(0x31).commands() {
        t.ok(&command);
    }
    t.ok(&hex("00A40000020018"));
    t.ok(&command([0, 0xD6, 0, 0], b"TEST CERTIFICATE"));
    std::fs::write("../vectors/images/format-2.img", t.card.image()).unwrap();
}

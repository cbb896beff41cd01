//! Signatures and envelopes: rows 7.x of `spec/conformance.md` §4.10.

use crate::bench::PIN;
use crate::support::*;
use card_model::card::Interface;
use card_model::sm2::{DEFAULT_ID, PrivateKey, Signature};
use card_model::words::Lang;
use personalize::ca::{Authority, Lifetime};
use proptest::prelude::*;
use reader::certificate::request::name;
use reader::certificate::x509::Certificate;
use reader::channel::system_entropy;
use std::sync::LazyLock;

const MESSAGE: &[u8] = "message digest 缴费100.00元".as_bytes();

fn certified(interface: Interface) -> World {
    let world = World::new("3.0", interface, With::Hsm);
    certify(&mut world.card.chip.lock().unwrap());
    world
}

fn certificate(world: &World, key: i32) -> Certificate {
    let text = world.driver.read_certificate(key, world.i_type).expect("a certificate");
    Certificate::from_der(&hex::decode(items(&text)[0]).unwrap()).unwrap()
}

/// Somebody else: a key and a certificate for it that is on no card.
pub fn stranger() -> (PrivateKey, Certificate) {
    let mut entropy = system_entropy().unwrap();
    let lifetime = Lifetime::years("2026-01-01T00:00:00Z".parse().unwrap(), 10).unwrap();
    let authority = Authority::root(&name("CN=TEST other").unwrap(), lifetime, &mut *entropy).unwrap();
    let key = PrivateKey::from_bytes(&authority.key().expose()).unwrap();
    (key, authority.certificate().clone())
}

#[test]
fn a_known_message_is_signed_and_verified() {
    for interface in [Interface::Contact, Interface::Contactless] {
        let world = certified(interface);
        let driver = &world.driver;
        let text = driver.pki_sign_data(PIN, MESSAGE, world.i_type).expect("signed");
        world.assert_closed();
        let [signature] = items(&text)[..] else {
            panic!("{text}")
        };
        assert_eq!(signature.len(), 128);
        // Right for anybody who knows SM2, not only for this driver.
        let own = certificate(&world, 1);
        let key = own.public_key().unwrap();
        let parsed = Signature::from_bytes(&hex::decode(signature).unwrap()).unwrap();
        assert!(key.verify(&key.digest(DEFAULT_ID, MESSAGE), &parsed));
        // All ways to hand over certificate and signature.
        let certificates = [
            hex::encode(own.to_der()),
            driver.read_certificate(1, world.i_type).unwrap(),
            own.to_pem().unwrap(),
            String::new(),
        ];
        let signatures = [text.clone(), signature.to_lowercase(), hex::encode(parsed.to_der())];
        for certificate in &certificates {
            for signature in &signatures {
                let verified = driver.pki_verify_sign("", certificate, MESSAGE, signature, world.i_type);
                assert_eq!(verified.expect("right"), "");
            }
        }
        driver
            .pki_verify_sign(PIN, "", MESSAGE, &text, world.i_type)
            .expect("with a PIN");
        assert!(world.keypad.asked().is_empty(), "the caller brings the PIN");
        world.assert_closed();
    }
}

#[test]
fn what_was_tampered_with() {
    let world = certified(Interface::Contact);
    let driver = &world.driver;
    let text = driver.pki_sign_data(PIN, MESSAGE, 1).expect("signed");
    let verify = |certificate: &str, message: &[u8], signature: &str| {
        world.code(driver.pki_verify_sign("", certificate, message, signature, 1))
    };
    let mut other = hex::decode(items(&text)[0]).unwrap();
    other[40] ^= 1;
    assert_eq!(verify("", MESSAGE, &hex::encode(other)), -25344, "6300");
    assert_eq!(verify("", b"another message", &text), -25344);
    let (key, certificate) = stranger();
    assert_eq!(verify(&hex::encode(certificate.to_der()), MESSAGE, &text), -25344);
    let digest = key.public_key().digest(DEFAULT_ID, MESSAGE);
    let theirs = key.sign(&digest, &mut *system_entropy().unwrap()).unwrap();
    let theirs = hex::encode(theirs.to_bytes());
    driver
        .pki_verify_sign("", &hex::encode(certificate.to_der()), MESSAGE, &theirs, 1)
        .expect("a signature of somebody else");
    assert_eq!(verify("30", MESSAGE, &text), -23, "no certificate");
    assert_eq!(verify("x", MESSAGE, &text), -41);
    assert_eq!(verify("", MESSAGE, &"00".repeat(64)), -23, "no signature at all");
    assert_eq!(verify("", MESSAGE, ""), -23);
    assert_eq!(verify("", b"", &text), -23);
}

#[test]
fn envelopes() {
    let world = certified(Interface::Contact);
    let driver = &world.driver;
    let open = |envelope: &str| driver.pki_open_envelope(PIN, envelope, 1);
    for message in [MESSAGE, &[0xFF, 0x00, 0x80][..], &[0x5A; 9000]] {
        let own = hex::encode(certificate(&world, 2).to_der());
        for certificate in ["", own.as_str()] {
            let envelope = driver.pki_seal_envelope("", certificate, message, 1).expect("sealed");
            world.assert_closed();
            assert_eq!(open(&envelope).expect("opened").as_slice(), message);
            world.assert_closed();
        }
    }
    let code = |envelope: &str| {
        let outcome = open(envelope).map(|_| String::new());
        world.code(outcome)
    };
    let (_, other) = stranger();
    let envelope = driver
        .pki_seal_envelope("", &hex::encode(other.to_der()), MESSAGE, 1)
        .expect("for somebody else");
    assert_eq!(code(&envelope), -27264, "6A80");
    let envelope = driver.pki_seal_envelope("", "", MESSAGE, 1).expect("sealed");
    let whole = hex::decode(items(&envelope)[0]).unwrap();
    // Wherever a bit is turned, the envelope is refused: no envelope, not this key, not this message. What nobody protects is
    // the name of the receiver, the initial value, and a cipher text but for its padding.
    for at in (0..whole.len()).step_by(7).chain([whole.len() - 1]) {
        let mut wrong = whole.clone();
        wrong[at] ^= 0x80;
        match open(&hex::encode(wrong)) {
            Ok(plain) => assert!(plain.len() == MESSAGE.len() || plain.len() < 48, "{at}"),
            Err(failure) => assert!([-23, -27264].contains(&failure.code.0), "{at}: {failure}"),
        }
    }
    assert_eq!(code("3000"), -23);
    assert_eq!(code("no envelope"), -41);
    assert_eq!(code(""), -23);
    assert_eq!(
        world.code(driver.pki_seal_envelope("", "", b"", 1)),
        -23,
        "nothing to seal"
    );
}

/// 63Cx with the tries left; a blocked PIN is 63C0.
#[test]
fn pins_of_the_certificate_application() {
    let world = certified(Interface::Contact);
    let driver = &world.driver;
    let before = driver.pki_sign_data(PIN, MESSAGE, 1).expect("signed");
    let mut expected = -25536;
    loop {
        let failure = driver.pki_sign_data("0000", MESSAGE, 1).expect_err("wrong");
        world.assert_closed();
        if failure.code.0 == -25536 {
            break;
        }
        let left = failure.tries_left.expect("tries are told");
        assert_eq!(failure.code.0, -25536 - i32::from(left));
        assert!(expected == -25536 || failure.code.0 == expected + 1, "{failure}");
        expected = failure.code.0;
        let text = failure.text(Lang::Zh);
        assert!(text.contains(&left.to_string()) && !text.contains("外部认证"), "{text}");
    }
    assert_eq!(world.code(driver.pki_sign_data(PIN, MESSAGE, 1)), -25536, "blocked");
    assert_eq!(world.code(driver.pki_verify_sign(PIN, "", MESSAGE, &before, 1)), -25536);
    driver
        .pki_verify_sign("", "", MESSAGE, &before, 1)
        .expect("needs no PIN");
    for (pin, code) in [("", -33), ("123", -33), ("12345678901234567", -33), ("12345x", -41)] {
        assert_eq!(world.code(driver.pki_sign_data(pin, MESSAGE, 1)), code, "{pin}");
    }
    // The PIN of the social security application is another one, and was not touched.
    world.keypad.typing([PIN]);
    driver.verify_pin(1).expect("its own counter");
}

#[test]
fn cards_without_keys() {
    let blank = World::new("3.0", Interface::Contact, With::Hsm);
    assert_eq!(world_codes(&blank), [-27272; 5]);
    for name in ["2.0", "1.0"] {
        let old = World::new(name, Interface::Contact, With::Hsm);
        assert_eq!(world_codes(&old), [-13; 5], "{name} has no certificate application");
    }
    let world = certified(Interface::Contact);
    assert_eq!(world.code(world.driver.pki_sign_data(PIN, b"", 1)), -23);
    assert_eq!(world.code(world.driver.read_certificate(3, 1)), -14);
    for i_type in [0, 5] {
        assert_eq!(world.code(world.driver.pki_sign_data(PIN, MESSAGE, i_type)), -14);
        assert_eq!(
            world.code(world.driver.pki_open_envelope(PIN, "", i_type).map(|_| String::new())),
            -14
        );
    }
    assert_eq!(world.code(world.driver.pki_sign_data(PIN, MESSAGE, 2)), -2);
}

fn world_codes(world: &World) -> [i32; 5] {
    let driver = &world.driver;
    let (_, other) = stranger();
    let envelope = {
        let message = b"for somebody else";
        let der = reader::certificate::envelope::seal(&other, message, &mut *system_entropy().unwrap());
        hex::encode(der.unwrap())
    };
    let signature = "11".repeat(64);
    [
        world.code(driver.pki_sign_data(PIN, MESSAGE, 1)),
        world.code(driver.pki_verify_sign("", "", MESSAGE, &signature, 1)),
        world.code(driver.pki_seal_envelope("", "", MESSAGE, 1)),
        world.code(driver.pki_open_envelope(PIN, &envelope, 1).map(|_| String::new())),
        world.code(driver.read_certificate(1, 1)),
    ]
}

static WORLD: LazyLock<World> = LazyLock::new(|| certified(Interface::Contact));

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    #[test]
    fn any_string_in_any_place(a in "\\PC{0,40}", b in "([0-9A-F]{2}){0,80}\\|?", c in "[0-9a-zA-Z+/=]{0,90}", data in prop::collection::vec(any::<u8>(), 0..60)) {
        let world = &*WORLD;
        let driver = &world.driver;
        for text in [&a, &b, &c] {
            // A PIN of digits would spend tries.
            let pin = text.replace(|c: char| c.is_ascii_digit(), "x");
            prop_assert!(driver.pki_sign_data(&pin, &data, 1).is_err());
            prop_assert!(driver.pki_verify_sign("", text, &data, text, 1).is_err());
            prop_assert!(driver.pki_verify_sign("", "", &data, text, 1).is_err());
            prop_assert!(driver.pki_open_envelope(PIN, text, 1).is_err());
            if !text.trim().is_empty() {
                prop_assert!(driver.pki_seal_envelope("", text, &data, 1).is_err());
            }
        }
        let sealed = driver.pki_seal_envelope("", "", &data, 1);
        prop_assert_eq!(sealed.is_ok(), !data.is_empty());
        world.assert_closed();
    }
}

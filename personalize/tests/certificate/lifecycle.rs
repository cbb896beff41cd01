//! Key, request, certificate, encryption pair, checks: as an issuing desk does it.

use crate::bench::*;
use card_model::card::Interface;
use card_model::profile::{KeyPair, PinRole};
use card_model::sm2::{DEFAULT_ID, PrivateKey};
use reader::certificate::chain::ChainError;
use reader::certificate::request::{Request, name};
use reader::certificate::{BlockSize, CertificateApplication, CertificateError, Trust, verify_card};
use reader::session::Session;

#[test]
fn from_key_to_verified_certificate() {
    for (interface, block) in [
        (Interface::Contact, BlockSize::Small),
        (Interface::Contactless, BlockSize::Large),
    ] {
        let mut channel = card(interface);
        let mut authorities = Authorities::new();
        let mut application = opened(&mut channel);
        assert_eq!(application.public_key(KeyPair::Signing).unwrap(), None);
        assert_eq!(application.read_certificate(KeyPair::Signing).unwrap(), None);
        let key = application.generate().unwrap();
        let subject = name("CN=张三,O=TEST,C=CN").unwrap();
        let request = application.request(&subject).unwrap();
        assert_eq!(*request.public_key(), key);

        // To the authority and back, as files.
        let request = Request::from_bytes(request.to_pem().unwrap().as_bytes()).unwrap();
        let lifetime = authorities.lifetime();
        let signing = authorities
            .issuing
            .issue(&request, lifetime, &mut authorities.entropy)
            .unwrap();
        let encryption = authorities
            .issuing
            .issue_encryption(&request, lifetime, &mut authorities.entropy)
            .unwrap();
        assert!(signing.to_der().len() < 1020, "{} bytes", signing.to_der().len());

        application
            .write_certificate(KeyPair::Signing, signing.to_der(), block)
            .unwrap();
        let error = application.write_certificate(KeyPair::Encryption, encryption.certificate.to_der(), block);
        assert!(
            matches!(error, Err(CertificateError::NoKey { .. })),
            "the key comes first"
        );
        application.import_encryption_pair(&encryption.key).unwrap();
        application
            .write_certificate(KeyPair::Encryption, encryption.certificate.to_der(), block)
            .unwrap();
        let swapped = application.write_certificate(KeyPair::Signing, encryption.certificate.to_der(), block);
        assert!(matches!(swapped, Err(CertificateError::OtherKey { .. })));

        let store = authorities.trust();
        let trust = Trust {
            store: Some(&store),
            now: now(),
        };
        for (pair, certificate) in [
            (KeyPair::Signing, &signing),
            (KeyPair::Encryption, &encryption.certificate),
        ] {
            assert_eq!(
                application.read_certificate(pair).unwrap().as_deref(),
                Some(certificate.to_der())
            );
            let check = verify_card(&mut application, pair, &trust, &mut authorities.entropy)
                .unwrap()
                .unwrap();
            assert!(check.passed() && check.key_fits && check.answered == Some(true));
            let chain = check.chain.unwrap().unwrap();
            assert_eq!(chain.subjects.len(), 3);
            assert!(chain.revocation_checked);
        }

        // Without a PIN everything but the answer to the challenge can be checked.
        application.select().unwrap();
        let environment = CertificateApplication::open(application.channel(), profile("3.0"));
        let mut application = environment.unwrap();
        let check = verify_card(&mut application, KeyPair::Signing, &trust, &mut authorities.entropy)
            .unwrap()
            .unwrap();
        assert!(check.passed() && check.answered.is_none());
        let later = Trust {
            store: Some(&store),
            now: moment("2031-01-01T00:00:00Z"),
        };
        let check = verify_card(&mut application, KeyPair::Signing, &later, &mut authorities.entropy)
            .unwrap()
            .unwrap();
        assert!(matches!(check.chain, Some(Err(ChainError::Expired { .. }))) && !check.passed());
    }
}

#[test]
fn signatures_of_messages_of_any_length() {
    let mut channel = card(Interface::Contact);
    let mut application = opened(&mut channel);
    let key = application.generate().unwrap();
    for length in [0, 1, 250, 5000] {
        let message = vec![0x5A; length];
        let signature = application.sign(&message).unwrap();
        assert!(key.verify(&key.digest(DEFAULT_ID, &message), &signature));
        assert!(application.verify_signature(&key, &message, &signature).unwrap());
        assert!(!application.verify_signature(&key, b"other", &signature).unwrap());
    }
    let hash = application.hash(b"abc").unwrap();
    assert_eq!(hash, card_model::sm2::sm3(b"abc"));
}

#[test]
fn envelopes_both_ways() {
    let mut channel = card(Interface::Contact);
    let mut application = opened(&mut channel);
    let key = application.generate().unwrap();
    let cipher = key.encrypt(b"for the card", &mut Counted(3)).unwrap();
    assert_eq!(
        application.decrypt(KeyPair::Signing, &cipher).unwrap().as_slice(),
        b"for the card"
    );
    let other = PrivateKey::generate(&mut Counted(4)).unwrap();
    let cipher = application.encrypt(&other.public_key(), b"from the card").unwrap();
    assert_eq!(other.decrypt(&cipher).unwrap().as_slice(), b"from the card");
    let error = application.decrypt(KeyPair::Signing, &cipher).unwrap_err();
    assert_eq!(error.status_word().map(|sw| sw.0), Some(0x6A80), "made for another key");
    assert!(matches!(
        application.decrypt(KeyPair::Encryption, &cipher),
        Err(CertificateError::NoKey {
            pair: KeyPair::Encryption
        })
    ));
}

#[test]
fn a_pair_for_another_card_is_refused() {
    let (mut one, mut two) = (card(Interface::Contact), card(Interface::Contact));
    let mut authorities = Authorities::new();
    let subject = name("CN=TEST").unwrap();
    let mut first = opened(&mut one);
    first.generate().unwrap();
    let request = first.request(&subject).unwrap();
    let lifetime = authorities.lifetime();
    let issued = authorities
        .issuing
        .issue_encryption(&request, lifetime, &mut authorities.entropy)
        .unwrap();
    let mut second = opened(&mut two);
    second.generate().unwrap();
    let error = second.import_encryption_pair(&issued.key).unwrap_err();
    assert_eq!(error.status_word().map(|sw| sw.0), Some(0x6A80));
    assert_eq!(second.public_key(KeyPair::Encryption).unwrap(), None);
    first.import_encryption_pair(&issued.key).unwrap();
    assert_eq!(first.public_key(KeyPair::Encryption).unwrap(), Some(issued.key.public));
}

#[test]
fn missing_rights_are_named() {
    let mut channel = card(Interface::Contact);
    let mut application = CertificateApplication::open(&mut channel, profile("3.0")).unwrap();
    let roles = |error: CertificateError| match error {
        CertificateError::PinNeeded { roles } => roles,
        other => panic!("{other}"),
    };
    assert_eq!(roles(application.generate().unwrap_err()), [PinRole::User]);
    assert!(matches!(application.sign(b"text"), Err(CertificateError::NoKey { .. })));
    application.verify_pin(PinRole::User, &pin(USER), false).unwrap();
    application.generate().unwrap();
    let mut authorities = Authorities::new();
    let request = application.request(&name("CN=TEST").unwrap()).unwrap();
    let lifetime = authorities.lifetime();
    let certificate = authorities
        .issuing
        .issue(&request, lifetime, &mut authorities.entropy)
        .unwrap();
    let write = application.write_certificate(KeyPair::Signing, certificate.to_der(), BlockSize::Small);
    assert_eq!(roles(write.unwrap_err()), [PinRole::User, PinRole::Administrator]);
    let error = CertificateApplication::open(&mut channel, profile("2.0")).unwrap_err();
    assert!(matches!(error, CertificateError::NotInProfile { .. }));
}

/// The application beside a session: the session finds its way back.
#[test]
fn beside_a_session() {
    let mut channel = card(Interface::Contact);
    let mut session = Session::open_as(Box::new(&mut channel), profile("3.0")).unwrap();
    {
        let mut application = CertificateApplication::open(session.channel(), profile("3.0")).unwrap();
        application.verify_pin(PinRole::User, &pin(USER), false).unwrap();
        application.generate().unwrap();
    }
    session.forget();
    assert!(
        session.verify_pin(&pin(USER)).is_err(),
        "the session's file is no longer the current one"
    );
    session.reset().unwrap();
    let readings = session.read(&["CERT/0012", "CERT/0018", "DF01/EF16"]).unwrap();
    assert!(readings.iter().all(|reading| reading.ok()), "{readings:?}");
    let _ = session.channel().reset();
}

/// A certificate replaces a longer one completely.
#[test]
fn a_shorter_certificate_leaves_nothing_of_a_longer_one() {
    let mut channel = card(Interface::Contact);
    let mut authorities = Authorities::new();
    let mut application = opened(&mut channel);
    application.generate().unwrap();
    let lifetime = authorities.lifetime();
    for subject in [
        "CN=A very long name of a holder who has many names and all of them long,O=TEST,C=CN",
        "CN=B",
    ] {
        let request = application.request(&name(subject).unwrap()).unwrap();
        let certificate = authorities
            .issuing
            .issue(&request, lifetime, &mut authorities.entropy)
            .unwrap();
        application
            .write_certificate(KeyPair::Signing, certificate.to_der(), BlockSize::Large)
            .unwrap();
        let read = application.read_certificate(KeyPair::Signing).unwrap().unwrap();
        assert_eq!(read, certificate.to_der());
    }
}

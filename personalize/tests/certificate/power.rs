//! A card pulled at any moment while the terminal writes a certificate or imports a pair.

use crate::bench::*;
use card_model::card::{Card, Interface};
use card_model::profile::{KeyPair, PinRole};
use reader::certificate::request::name;
use reader::certificate::{BlockSize, CertificateApplication};
use reader::channel::{ModelChannel, system_entropy};

fn channel(card: Card) -> ModelChannel {
    ModelChannel::new(card, Interface::Contact, system_entropy().unwrap())
}

fn copy(from: &ModelChannel) -> Card {
    Card::from_image(from.card().image()).unwrap()
}

/// The first block is erased first and written last: whenever the power goes, the card has the old certificate, the new one
/// or none, never half of one.
#[test]
fn a_certificate_is_old_new_or_none() {
    let mut authorities = Authorities::new();
    let mut base = card(Interface::Contact);
    let lifetime = authorities.lifetime();
    let mut application = opened(&mut base);
    application.generate().unwrap();
    let mut certificate = |subject: &str, application: &mut CertificateApplication<'_>| {
        let request = application.request(&name(subject).unwrap()).unwrap();
        authorities
            .issuing
            .issue(&request, lifetime, &mut authorities.entropy)
            .unwrap()
    };
    let old = certificate("CN=TEST old", &mut application);
    let new = certificate("CN=TEST new,O=with more of a name", &mut application);
    application
        .write_certificate(KeyPair::Signing, old.to_der(), BlockSize::Small)
        .unwrap();
    let (mut seen_old, mut seen_new, mut seen_none) = (0, 0, 0);
    for words in 0.. {
        let mut cut = copy(&base);
        cut.lose_power_after(Some(words));
        let mut torn = channel(cut);
        let whole = {
            let mut application = CertificateApplication::open(&mut torn, profile("3.0"));
            application.as_mut().is_ok_and(|application| {
                application.verify_pin(PinRole::User, &pin(USER), false).is_ok()
                    && application
                        .verify_pin(PinRole::Administrator, &pin(ADMINISTRATOR), false)
                        .is_ok()
                    && application
                        .write_certificate(KeyPair::Signing, new.to_der(), BlockSize::Small)
                        .is_ok()
            })
        };
        let mut back = channel(copy(&torn));
        let mut application = CertificateApplication::open(&mut back, profile("3.0")).unwrap();
        match application.read_certificate(KeyPair::Signing).unwrap() {
            None => seen_none += 1,
            Some(der) if der == old.to_der() => seen_old += 1,
            Some(der) => {
                assert_eq!(der, new.to_der(), "half a certificate after {words} words");
                seen_new += 1;
            }
        }
        if whole {
            assert!(seen_new > 0);
            break;
        }
    }
    assert!(
        seen_old > 10 && seen_none > 100 && seen_new > 0,
        "{seen_old} {seen_none} {seen_new}"
    );
    println!(
        "certificate: {} cut points, {seen_old} old, {seen_none} none, {seen_new} new, 0 torn",
        seen_old + seen_none + seen_new
    );
}

#[test]
fn an_import_is_whole_or_did_not_happen() {
    let mut authorities = Authorities::new();
    let mut base = card(Interface::Contact);
    let lifetime = authorities.lifetime();
    let mut application = opened(&mut base);
    application.generate().unwrap();
    let request = application.request(&name("CN=TEST").unwrap()).unwrap();
    let mut pair = || {
        authorities
            .issuing
            .issue_encryption(&request, lifetime, &mut authorities.entropy)
            .unwrap()
            .key
    };
    let (old, new) = (pair(), pair());
    application.import_encryption_pair(&old).unwrap();
    let mut cuts = 0;
    for words in 0.. {
        let mut cut = copy(&base);
        cut.lose_power_after(Some(words));
        let mut torn = channel(cut);
        let whole = CertificateApplication::open(&mut torn, profile("3.0")).is_ok_and(|mut application| {
            application.verify_pin(PinRole::User, &pin(USER), false).is_ok()
                && application.import_encryption_pair(&new).is_ok()
        });
        let mut back = channel(copy(&torn));
        let mut application = CertificateApplication::open(&mut back, profile("3.0")).unwrap();
        application.verify_pin(PinRole::User, &pin(USER), true).unwrap();
        let key = application.public_key(KeyPair::Encryption).unwrap().unwrap();
        assert!(key == old.public || key == new.public);
        let cipher = key.encrypt(b"pair", &mut Counted(words)).unwrap();
        assert_eq!(
            application.decrypt(KeyPair::Encryption, &cipher).unwrap().as_slice(),
            b"pair",
            "after {words} words"
        );
        cuts += 1;
        if whole {
            assert!(key == new.public);
            break;
        }
    }
    println!("import: {cuts} cut points, 0 torn");
}

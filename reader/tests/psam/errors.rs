//! What is wrong with the PSAM is told apart, and the card loses no try by it.

use crate::bench::{HISTORICAL, REGION, issued, keys, profile};
use crate::support::*;
use card_model::crypto::Algorithm;
use card_model::psam::Cipher;
use personalize::psam::PsamLevel;
use reader::channel::{Channel, TransportError};
use reader::error::ReaderError;
use reader::security::{CardIdentity, KeyReference, PsamModule, SecurityModule, SecurityModuleError};
use reader::session::Session;

fn card(region: &str, algorithm: Algorithm) -> CardIdentity {
    CardIdentity {
        region: region.to_owned(),
        historical: HISTORICAL,
        algorithm,
    }
}

fn ask(module: &mut dyn SecurityModule, name: &str, card: &CardIdentity) -> Result<[u8; 8], SecurityModuleError> {
    let profile = profile(if card.algorithm == Algorithm::Sm4 { "3.0" } else { "2.0" });
    let (_, definition) = profile.key(name).expect("a key");
    let key = KeyReference { definition, version: 1 };
    let held = module.holds(key, card);
    let answer = module.authentication_data(key, card, &[1; 8], &[2; 8]);
    assert_eq!(held, answer.is_ok(), "holds() tells what will happen");
    answer
}

#[test]
fn no_psam_in_the_slot() {
    let mut keys = keys();
    // A social security card has the name of the DES environment too.
    for name in ["3.0", "2.0", "1.0"] {
        let error = PsamModule::open(issued(name, &mut keys)).unwrap_err();
        assert!(matches!(error, SecurityModuleError::NoPsam { .. }), "{name}: {error}");
    }
    let fresh = card_model::card::Card::blank(profile("3.0"), HISTORICAL);
    let entropy = reader::channel::system_entropy().unwrap();
    let channel = reader::channel::ModelChannel::new(fresh, card_model::card::Interface::Contact, entropy);
    let error = PsamModule::open(channel).unwrap_err();
    assert!(matches!(error, SecurityModuleError::NoPsam { .. }), "{error}");
    assert_eq!(error.driver_code(), Some(-2201));
}

#[test]
fn a_psam_without_the_cipher() {
    let keys = keys();
    let recipe = Recipe {
        without_ciphers: &[Cipher::Sm4],
        ..Recipe::default()
    };
    let mut module = recipe.module(&keys);
    let error = ask(&mut module, "RKSSSE", &card(REGION, Algorithm::Sm4)).unwrap_err();
    assert!(
        matches!(
            error,
            SecurityModuleError::AlgorithmMissing {
                algorithm: Algorithm::Sm4,
                ..
            }
        ),
        "{error}"
    );
    assert_eq!(error.driver_code(), Some(-2202));
    ask(&mut module, "UKSSSE", &card(REGION, Algorithm::TripleDes)).expect("3DES is there");
}

#[test]
fn a_psam_without_a_key() {
    let keys = keys();
    let recipe = Recipe {
        without: &["RKSSSE"],
        ..Recipe::default()
    };
    let mut module = recipe.module(&keys);
    let here = card(REGION, Algorithm::Sm4);
    let error = ask(&mut module, "RKSSSE", &here).unwrap_err();
    assert!(matches!(&error, SecurityModuleError::KeyMissing { name, .. } if name == "RKSSSE"));
    assert_eq!(error.driver_code(), Some(-2203));
    ask(&mut module, "UKSSSE", &here).expect("all others are there");

    // One group of keys: version 2 is not in a PSAM of version 1.
    let (_, definition) = profile("3.0").key("UKSSSE").unwrap();
    let second = KeyReference { definition, version: 2 };
    assert!(!module.holds(second, &here));
    assert!(!module.is_test() || module.terminal().is_some());
}

#[test]
fn keys_of_another_region() {
    let keys = keys();
    let check = |level, region: &str, name: &str, works: bool| {
        let mut module = Recipe::level(level).module(&keys);
        match ask(&mut module, name, &card(region, Algorithm::Sm4)) {
            Ok(_) => assert!(works, "{level:?} {region} {name}"),
            Err(error) => {
                assert!(!works, "{level:?} {region} {name}: {error}");
                assert!(matches!(error, SecurityModuleError::LevelTooLow { .. }), "{error}");
                assert_eq!(error.driver_code(), Some(-24));
            }
        }
    };
    // REGION is 990100: another city of the province, another province.
    for (level, same_city, other_city, other_province) in [
        (PsamLevel::Ministry, true, true, true),
        (PsamLevel::Province, true, true, false),
        (PsamLevel::City, true, false, false),
    ] {
        for name in ["RKSSSE", "UKSSSE", "UK3DF01"] {
            check(level, REGION, name, same_city);
            check(level, "990200", name, other_city);
            check(level, "980100", name, other_province);
        }
    }
    check(PsamLevel::Listed, "980100", "RKSSSE", true);
    check(PsamLevel::Listed, "980100", "UK3DF01", false);
    check(PsamLevel::Listed, "990200", "UK3DF01", true);
}

/// A session refuses before the card counts a failed try.
#[test]
fn the_card_loses_no_try() {
    let mut keys = keys();
    let mut card = issued("3.0", &mut keys);
    let tries = |card: &reader::channel::ModelChannel| -> Vec<Option<u8>> {
        card.card().inventory().keys.iter().map(|key| key.tries_left).collect()
    };
    let before = tries(&card);
    let recipe = Recipe {
        region: Some("990200"),
        ..Recipe::level(PsamLevel::City)
    };
    let mut module = recipe.module(&keys);
    let mut session = Session::open(Box::new(&mut card)).unwrap().with_security(&mut module);
    let error = session.authenticate("UKSSSE").unwrap_err();
    assert!(
        matches!(
            error,
            ReaderError::SecurityModule(SecurityModuleError::LevelTooLow { .. })
        ),
        "{error}"
    );
    drop(session);
    assert_eq!(tries(&card), before);
}

/// A PSAM that is pulled, and one that another program resets.
struct Moody<C> {
    inner: C,
    commands: usize,
    reset_at: Option<usize>,
    pulled_at: Option<usize>,
}

impl<C: Channel> Channel for Moody<C> {
    reader::pass_on!(self => self.inner; name reset_answer reset);

    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, TransportError> {
        self.commands += 1;
        let reader = || self.inner.name().to_owned();
        if self.pulled_at.is_some_and(|at| self.commands >= at) {
            return Err(TransportError::CardRemoved { reader: reader() });
        }
        if self.reset_at == Some(self.commands) {
            self.inner.reset()?;
            return Err(TransportError::ResetByOther {
                reader: self.inner.name().to_owned(),
            });
        }
        self.inner.transmit(command)
    }
}

#[test]
fn resets_by_others_do_not_show_and_a_pulled_psam_does() {
    let mut keys = keys();
    let here = card(REGION, Algorithm::Sm4);
    let expected = ask(&mut keys, "RKSSSE", &here).unwrap();
    for at in 4..40 {
        let moody = Moody {
            inner: Recipe::default().issue(&keys).0,
            commands: 0,
            reset_at: Some(at),
            pulled_at: None,
        };
        let mut module = PsamModule::open(moody).unwrap();
        assert_eq!(
            ask(&mut module, "RKSSSE", &here).unwrap(),
            expected,
            "reset at command {at}"
        );
    }
    let moody = Moody {
        inner: Recipe::default().issue(&keys).0,
        commands: 0,
        reset_at: None,
        pulled_at: Some(12),
    };
    let mut module = PsamModule::open(moody).unwrap();
    let (_, definition) = profile("3.0").key("RKSSSE").unwrap();
    let key = KeyReference { definition, version: 1 };
    let error = loop {
        match module.authentication_data(key, &here, &[1; 8], &[2; 8]) {
            Ok(_) => {}
            Err(error) => break error,
        }
    };
    assert!(matches!(error, SecurityModuleError::Transport { .. }), "{error}");
    assert_eq!(error.driver_code(), Some(-2201));
}

/// A PSAM with STK in the combined form only, as some issuers load it, and one that holds the MAC form only.
#[test]
fn secure_messages_take_what_there_is() {
    let mut keys = keys();
    let here = card(REGION, Algorithm::Sm4);
    let (_, definition) = profile("3.0").key("STKSSSE").unwrap();
    let key = KeyReference { definition, version: 1 };
    let mut module = Recipe::level(PsamLevel::Listed).module(&keys);
    for plain in [None, Some(&[1, 2, 3][..]), None, Some(&[4; 8])] {
        let header = [0x84, 0x24, 0, u8::from(plain.is_some())];
        assert_eq!(
            module.secure_message(key, &here, &[3; 8], header, plain).unwrap(),
            keys.secure_message(key, &here, &[3; 8], header, plain).unwrap()
        );
    }
    assert!(matches!(
        module.secure_message(key, &here, &[3; 8], [0x04, 0xD6, 0, 0], Some(&[0; 255])),
        Err(SecurityModuleError::Module { .. })
    ));
}

//! The terminal's part of a purchase with a PSAM, against keys derived by hand.

use crate::bench::{HISTORICAL, REGION, keys, profile};
use crate::support::*;
use card_model::crypto::{Algorithm, SessionKey, diversify};
use card_model::profile::Profile;
use card_model::status::StatusWord;
use personalize::psam::PsamLevel;
use reader::security::{
    AccountHost, CardIdentity, KeyReference, LoadRequest, PurchaseModule, PurchaseRequest, SETTLEMENT,
    SecurityModuleError,
};

const REQUEST: PurchaseRequest = PurchaseRequest {
    random: [1, 2, 3, 4],
    sequence: [0, 9],
    amounts: [[0, 0, 3, 0xE8], [0, 0, 0, 250], [0, 0, 0x9C, 0x40]],
    terminal: [0, 0, 0, 0x12, 0x34, 0x56],
    time: [0x20, 0x26, 0x11, 0x21, 0x10, 0x20, 0x30],
};

fn card(profile: &Profile) -> CardIdentity {
    CardIdentity {
        region: REGION.to_owned(),
        historical: HISTORICAL,
        algorithm: profile.algorithm,
    }
}

#[test]
fn every_purchase_key_at_every_level() {
    let keys = keys();
    for level in [
        PsamLevel::Ministry,
        PsamLevel::Province,
        PsamLevel::City,
        PsamLevel::Listed,
    ] {
        for name in ["3.0", "2.0"] {
            let profile = profile(name);
            let card = card(profile);
            let mut module = Recipe::level(level).module(&keys);
            for index in 1..=3 {
                let (_, definition) = profile.transaction_key("DPK", index).unwrap();
                let key = KeyReference { definition, version: 1 };
                let request = PurchaseRequest {
                    terminal: module.terminal_number().unwrap(),
                    ..REQUEST
                };
                let proof = module.authorize_purchase(key, &card, &request).unwrap();
                assert_eq!(proof.terminal_sequence, u32::from(index).to_be_bytes());

                let root = keys.find("DPK", Some(index), 1, profile.algorithm, 16).unwrap();
                let mut dpk = root.value.clone();
                for factor in [card.province_factor(), card.city_factor(), card.card_factor()] {
                    dpk = diversify(profile.algorithm, &dpk, &factor);
                }
                let factor = [&REQUEST.random[..], &REQUEST.sequence, &proof.terminal_sequence[2..]].concat();
                let session = SessionKey::derive(profile.algorithm, &dpk, &factor);
                let amounts = request.amount_bytes();
                let message = [&amounts[..], &[SETTLEMENT], &request.terminal, &request.time].concat();
                assert_eq!(proof.mac1, session.mac(&[], &message), "{level:?} {name} DPK#{index}");
                assert!(module.confirm_purchase(&session.mac(&[], &amounts)).unwrap());
            }
        }
    }
}

#[test]
fn wrong_answers_of_the_card_lock_the_key() {
    let keys = keys();
    let profile = profile("3.0");
    let card = card(profile);
    let mut module = Recipe::default().module(&keys);
    let (_, definition) = profile.transaction_key("DPK", 2).unwrap();
    let key = KeyReference { definition, version: 1 };
    for _ in 0..description().purchase_key_tries {
        module.authorize_purchase(key, &card, &REQUEST).unwrap();
        assert!(!module.confirm_purchase(&[0; 4]).unwrap());
    }
    let error = module.authorize_purchase(key, &card, &REQUEST).unwrap_err();
    assert!(
        matches!(
            error,
            SecurityModuleError::Refused {
                sw: StatusWord::AUTHENTICATION_BLOCKED,
                ..
            }
        ),
        "{error}"
    );
    let error = module.confirm_purchase(&[0; 4]).unwrap_err();
    assert!(matches!(
        error,
        SecurityModuleError::Refused {
            sw: StatusWord::INVALID_STATE,
            ..
        }
    ));
    let (_, other) = profile.transaction_key("DPK", 1).unwrap();
    let other = KeyReference {
        definition: other,
        version: 1,
    };
    module
        .authorize_purchase(other, &card, &REQUEST)
        .expect("other keys work");
}

#[test]
fn a_psam_without_purchase_keys_or_of_another_city() {
    let keys = keys();
    let profile = profile("3.0");
    let mut card = card(profile);
    let (_, definition) = profile.transaction_key("DPK", 1).unwrap();
    let key = KeyReference { definition, version: 1 };
    let recipe = Recipe {
        without: &["DPK"],
        ..Recipe::default()
    };
    let error = recipe
        .module(&keys)
        .authorize_purchase(key, &card, &REQUEST)
        .unwrap_err();
    assert!(matches!(error, SecurityModuleError::KeyMissing { .. }), "{error}");
    card.region = "990200".to_owned();
    let mut city = Recipe::level(PsamLevel::City).module(&keys);
    let request = PurchaseRequest {
        terminal: city.terminal_number().unwrap(),
        ..REQUEST
    };
    let error = city.authorize_purchase(key, &card, &request).unwrap_err();
    assert!(matches!(error, SecurityModuleError::LevelTooLow { .. }), "{error}");
    assert_eq!(card.algorithm, Algorithm::Sm4);
}

/// A PSAM that holds DLK and DTK answers as the host of the insurance does.
#[test]
fn loads_and_transaction_codes() {
    let mut keys = keys();
    for level in [PsamLevel::Ministry, PsamLevel::City, PsamLevel::Listed] {
        for name in ["3.0", "2.0"] {
            let profile = profile(name);
            let card = card(profile);
            let mut module = Recipe::level(level).module(&keys);
            let key = |name| KeyReference {
                definition: profile.key(name).unwrap().1,
                version: 1,
            };
            let mut request = LoadRequest {
                balance: [0, 0, 1, 0],
                sequence: [0, 3],
                random: [9, 8, 7, 6],
                mac1: [0; 4],
                amount: [0, 0, 0, 50],
                terminal: REQUEST.terminal,
                time: REQUEST.time,
            };
            assert_eq!(module.authorize_load(key("DLK"), &card, &request).unwrap(), None);
            let root = keys.find("DLK", Some(1), 1, profile.algorithm, 16).unwrap();
            let city = diversify(profile.algorithm, &root.value, &card.city_factor());
            let dlk = diversify(profile.algorithm, &city, &card.card_factor());
            let session = SessionKey::derive(profile.algorithm, &dlk, &[9, 8, 7, 6, 0, 3, 0x80, 0]);
            let covered = [&request.balance[..], &request.amount, b"1", &request.terminal].concat();
            request.mac1 = session.mac(&[], &covered);
            let answer = module.authorize_load(key("DLK"), &card, &request).unwrap();
            assert!(answer.is_some());
            assert_eq!(answer, keys.authorize_load(key("DLK"), &card, &request).unwrap());
            for length in [1, 15, 16, 30, 240] {
                let data: Vec<u8> = (0..length).collect();
                assert_eq!(
                    module.transaction_code(key("DTK"), &card, &data).unwrap(),
                    keys.transaction_code(key("DTK"), &card, &data).unwrap()
                );
            }
        }
    }
}

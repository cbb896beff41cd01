//! PSAM and key file give the same for every key of every profile, in both ciphers, at all levels, in all versions.

use crate::bench::{HISTORICAL, REGION, keys, profile};
use crate::support::*;
use card_model::profile::{KeyRole, Profile};
use card_model::psam::{FileRole, Level};
use personalize::psam::PsamLevel;
use reader::security::{CardIdentity, KeyReference, SecurityModule};

const LEVELS: [PsamLevel; 4] = [
    PsamLevel::Ministry,
    PsamLevel::Province,
    PsamLevel::City,
    PsamLevel::Listed,
];

fn identity(profile: &Profile) -> CardIdentity {
    CardIdentity {
        region: REGION.to_owned(),
        historical: HISTORICAL,
        algorithm: profile.algorithm,
    }
}

#[test]
fn every_key_at_every_level() {
    let mut keys = keys();
    let mut compared = 0;
    for level in LEVELS {
        for version in 1..=3 {
            let recipe = Recipe {
                version,
                ..Recipe::level(level)
            };
            let mut psam = recipe.module(&keys);
            for name in Profile::BUILTIN {
                let profile = profile(name);
                let card = identity(profile);
                assert_eq!(psam.key_version(card.algorithm).unwrap(), version);
                for (_, definition) in profile.keys() {
                    let key = KeyReference {
                        definition,
                        // Transactions know version 1 only.
                        version: if definition.role.is_transaction() {
                            1
                        } else {
                            version.min(definition.versions)
                        },
                    };
                    let listed = definition.psam.is_some();
                    assert_eq!(psam.holds(key, &card), listed, "{level:?} {name} {}", definition.name);
                    if !listed || matches!(definition.role, KeyRole::Purchase | KeyRole::Tac | KeyRole::Load) {
                        continue;
                    }
                    if definition.role == KeyRole::SecureMessaging {
                        for plain in [None, Some(&[0x12, 0x34, 0x56][..]), Some(&[7; 15]), Some(&[8; 200])] {
                            let ask = |module: &mut dyn SecurityModule| {
                                module
                                    .secure_message(key, &card, &[0xC5; 8], [0x84, 0x24, 0, 1], plain)
                                    .unwrap()
                            };
                            assert_eq!(ask(&mut psam), ask(&mut keys), "{level:?} {name} {}", definition.name);
                        }
                    } else {
                        for factor in [&[0xFA; 8][..], &[0xFB; 4], &[0xFC; 8]] {
                            let ask = |module: &mut dyn SecurityModule| {
                                module.authentication_data(key, &card, factor, &[0x50; 8]).unwrap()
                            };
                            assert_eq!(ask(&mut psam), ask(&mut keys), "{level:?} {name} {}", definition.name);
                        }
                    }
                    if definition.role == KeyRole::InternalAuthentication {
                        let code = *b"\x99\x01\x00\xD1\x56\0\0\x05\0\0\0\x01";
                        let ask = |module: &mut dyn SecurityModule| {
                            module.identification_code_mac(key, &card, &code).unwrap()
                        };
                        assert_eq!(ask(&mut psam), ask(&mut keys));
                    }
                    compared += 1;
                }
            }
        }
    }
    println!("{compared} keys compared");
    assert!(compared > 4 * 3 * 100);
}

/// Every key of every profile that has a place in a PSAM is loaded, in its own key file, under the usage of the level.
#[test]
fn what_is_loaded() {
    let keys = keys();
    let (channel, report) = Recipe::default().issue(&keys);
    assert!(report.shadowed.is_empty(), "{:?}", report.shadowed);
    for name in Profile::BUILTIN {
        let profile = profile(name);
        for (_, definition) in profile.keys() {
            let Some((usage, id)) = definition.psam else { continue };
            let loaded = report.keys.iter().any(|key| {
                key.id == id && key.algorithm == profile.algorithm && key.usage.kind.number() == usage & 0x1F
            });
            assert!(loaded, "{name} {}", definition.name);
        }
    }
    let inventory = channel.card().inventory();
    let terminal = inventory
        .files
        .iter()
        .filter(|file| file.role == FileRole::TerminalNumber);
    let numbers: Vec<String> = terminal.map(|file| hex::encode(&file.contents)).collect();
    assert_eq!(
        numbers,
        ["000000123456", "000000000000", "000000123456"],
        "SSF33 cannot be written"
    );
    let information = inventory
        .files
        .iter()
        .find(|file| file.role == FileRole::Information(Level::City));
    assert_eq!(hex::encode(&information.unwrap().contents), "01012026010220360101");

    // The usages of the four levels, as the sheets write them.
    for (level, rk, uk, bk, stk) in [
        (PsamLevel::Ministry, 0x67, 0x67, 0x48, 0x66),
        (PsamLevel::Province, 0x47, 0x47, 0x48, 0x46),
        (PsamLevel::City, 0x27, 0x27, 0x28, 0x26),
        (PsamLevel::Listed, 0x67, 0x47, 0x48, 0x26),
    ] {
        let (_, report) = Recipe::level(level).issue(&keys);
        let usage = |name: &str| report.keys.iter().find(|key| key.name == name).unwrap().usage.byte();
        assert_eq!(
            (usage("RK1DF01"), usage("UK3DF01"), usage("BK"), usage("STKSSSE")),
            (rk, uk, bk, stk),
            "{level:?}"
        );
    }
}

/// The maker's master key is gone, so nobody can issue it again.
#[test]
fn an_issued_psam_cannot_be_issued_again() {
    use personalize::psam::{PsamIssueError, PsamPlan, PsamRegion, master_keys, new_psam};
    let keys = keys();
    let (mut channel, report) = Recipe::default().issue(&keys);
    let profiles = profiles();
    let plan = PsamPlan {
        profiles: &profiles,
        keys: &keys,
        level: PsamLevel::Ministry,
        region: PsamRegion::Nationwide,
        number: 1,
        version: 1,
        purchase_key: 1,
        start: jiff::civil::date(2026, 1, 2),
        end: jiff::civil::date(2036, 1, 1),
        algorithms: &[card_model::crypto::Algorithm::Sm4],
        without: &[],
    };
    let error = new_psam(&mut channel, description(), &plan).unwrap_err();
    assert!(matches!(error, PsamIssueError::NotBlank), "{error}");
    // The final master keys are those of the issuer's root, one for each place.
    let (outer, inner) = master_keys(&keys, &report.serial, description(), card_model::crypto::Algorithm::Sm4).unwrap();
    let values: Vec<[u8; 3]> = channel
        .card()
        .inventory()
        .keys
        .iter()
        .filter(|key| key.usage.is_none() && key.cipher == card_model::psam::Cipher::Sm4)
        .map(|key| key.check_value)
        .collect();
    let check = |key| card_model::crypto::key_check_value(card_model::crypto::Algorithm::Sm4, key);
    assert_eq!(values, [check(&outer), check(&inner)]);
    let city = PsamPlan {
        level: PsamLevel::City,
        ..plan
    };
    let blank = card_model::psam::Psam::blank(description(), &SERIAL).unwrap();
    let mut channel = reader::channel::ModelChannel::new(
        blank,
        card_model::card::Interface::Contact,
        reader::channel::system_entropy().unwrap(),
    );
    let error = new_psam(&mut channel, description(), &city).unwrap_err();
    assert!(matches!(error, PsamIssueError::RegionNeeded), "{error}");
}

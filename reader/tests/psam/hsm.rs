//! The central HSM gives what the key file gives, wherever it stands; a card of another region is refused.

use crate::bench::{HISTORICAL, REGION, keys, profile};
use card_model::profile::Profile;
use reader::security::{
    AccountHost, CardIdentity, Hsm, HsmModule, HsmStanding, KeyReference, SecurityModule, SecurityModuleError,
};

fn identity(profile: &Profile, region: &str) -> CardIdentity {
    CardIdentity {
        region: region.to_owned(),
        historical: HISTORICAL,
        algorithm: profile.algorithm,
    }
}

fn standings() -> [HsmStanding; 3] {
    [
        HsmStanding::Ministry,
        HsmStanding::Province(REGION.to_owned()),
        HsmStanding::City(REGION.to_owned()),
    ]
}

#[test]
fn every_key_in_every_version() {
    let mut keys = keys();
    let mut compared = 0;
    for standing in standings() {
        let mut hsm = HsmModule::new(Hsm::new("TEST HSM", &keys, standing).unwrap());
        assert!(hsm.is_test());
        for name in Profile::BUILTIN {
            let profile = profile(name);
            let card = identity(profile, REGION);
            for (_, definition) in profile.keys() {
                for version in 1..=definition.versions {
                    let key = KeyReference { definition, version };
                    assert_eq!(
                        hsm.holds(key, &card),
                        definition.hsm.is_some(),
                        "{name} {}",
                        definition.name
                    );
                    if definition.hsm.is_none() {
                        continue;
                    }
                    let challenge = [0xC5; 8];
                    let header = [0x84, 0x24, 0, 1];
                    assert_eq!(
                        hsm.authentication_data(key, &card, &challenge, &[7; 8]).unwrap(),
                        keys.authentication_data(key, &card, &challenge, &[7; 8]).unwrap()
                    );
                    for plain in [None, Some(&[0x12, 0x34, 0x56][..])] {
                        assert_eq!(
                            hsm.secure_message(key, &card, &challenge, header, plain).unwrap(),
                            keys.secure_message(key, &card, &challenge, header, plain).unwrap()
                        );
                    }
                    assert_eq!(
                        hsm.session_mac(key, &card, &challenge, b"amount").unwrap(),
                        keys.session_mac(key, &card, &challenge, b"amount").unwrap()
                    );
                    assert_eq!(
                        hsm.transaction_code(key, &card, b"amount").unwrap(),
                        keys.transaction_code(key, &card, b"amount").unwrap()
                    );
                    assert_eq!(
                        hsm.identification_code_mac(key, &card, &[9; 12]).unwrap(),
                        keys.identification_code_mac(key, &card, &[9; 12]).unwrap()
                    );
                    compared += 1;
                }
            }
        }
    }
    assert!(compared > 3 * 300, "{compared} keys compared");
}

#[test]
fn a_card_of_another_region_is_refused_before_it_counts_a_try() {
    let keys = keys();
    let profile = profile("3.0");
    let (_, definition) = profile.key("UKSSSE").unwrap();
    let key = KeyReference { definition, version: 1 };
    for (standing, other_city, other_province) in standings()
        .into_iter()
        .zip([(true, true), (true, false), (false, false)])
        .map(|(standing, (city, province))| (standing, city, province))
    {
        let mut hsm = HsmModule::new(Hsm::new("TEST HSM", &keys, standing).unwrap());
        for (region, works) in [("990200", other_city), ("980100", other_province)] {
            let card = identity(profile, region);
            assert_eq!(hsm.holds(key, &card), works, "{region}");
            let objection = hsm.check_key(key, &card).err();
            assert!(
                !matches!(objection, Some(SecurityModuleError::KeyMissing { .. })),
                "{region}"
            );
            assert_eq!(hsm.authentication_data(key, &card, &[1; 8], &[2; 8]).is_ok(), works);
        }
    }
    let fourth = KeyReference { definition, version: 4 };
    let mut hsm = HsmModule::new(Hsm::new("TEST HSM", &keys, HsmStanding::Ministry).unwrap());
    assert!(
        !hsm.holds(fourth, &identity(profile, REGION)),
        "the next address is another key"
    );
}

//! What 2.0 and 1.0 share with 3.0, and where they differ (`spec/files.md` §1.2, §3, §6.1 note c, §6.3, §7).

use card_model::crypto::Algorithm;
use card_model::profile::{KeyDefinition, KeyRole, Profile};

fn profile(name: &str) -> &'static Profile {
    Profile::builtin(name).unwrap_or_else(|error| panic!("{error}"))
}

/// Identifier, PSAM coordinates, address, level, versions, tries: what a key is found by.
fn coordinates(key: &KeyDefinition) -> impl PartialEq + core::fmt::Debug {
    (
        key.id,
        key.index,
        key.role,
        key.psam,
        key.hsm,
        key.level,
        key.versions,
        key.tries,
    )
}

/// §7: 3.0 keeps the structure of 2.0. The cipher, the FCI, the antenna, the key of EF06 and the certificate application came
/// with generation 3; STKs are single DES before (§6.3).
#[test]
fn version_2_0_differs_where_the_sheet_says_so() {
    let (second, third) = (profile("2.0"), profile("3.0"));
    assert_eq!(
        (second.algorithm, third.algorithm),
        (Algorithm::TripleDes, Algorithm::Sm4)
    );
    assert_eq!(second.reset.contact, third.reset.contact);
    assert!(second.reset.contactless.is_none() && third.reset.contactless.is_some());
    for df in &third.dedicated_files {
        let Some(older) = second.dedicated_file(&df.id) else {
            assert!(["PKI", "CERT"].contains(&df.id.as_str()), "{}", df.id);
            continue;
        };
        assert_eq!(
            (older.fid, &older.name, &older.label),
            (df.fid, &df.name, &df.label),
            "{}",
            df.id
        );
        assert_eq!(older.directory_sfi, df.directory_sfi, "{}", df.id);
        assert_eq!(older.keys.len(), df.keys.len(), "{}", df.id);
        for (key, other) in older.keys.iter().zip(&df.keys) {
            assert_eq!(key.name, other.name);
            assert_eq!(coordinates(key), coordinates(other), "{}", key.name);
            let single = key.role == KeyRole::SecureMessaging;
            assert_eq!(
                (key.length, other.length),
                (if single { 8 } else { 16 }, 16),
                "{}",
                key.name
            );
        }
        assert_eq!(older.files.len(), df.files.len(), "{}", df.id);
        for (file, other) in older.files.iter().zip(&df.files) {
            let path = format!("{}/{}", df.id, file.name());
            assert_eq!(
                (file.structure, &file.elements),
                (other.structure, &other.elements),
                "{path}"
            );
            assert_eq!(file.update, other.update, "{path}");
            if path == "SSSE/EF06" {
                assert!(file.read.is_free() && !other.read.is_free(), "{path}");
            } else {
                assert_eq!(file.read, other.read, "{path}");
            }
        }
    }
    let announces = |profile: &Profile| profile.dedicated_file("SSSE").is_some_and(|df| df.announces_algorithm);
    assert!(!announces(second) && announces(third));
}

/// Note c of §6.1: version 1.0 has the keys of 2.0 up to its own files; SSSE has UKMF in the place of UKSSSE.
#[test]
fn keys_of_1_0_are_those_of_2_0() {
    let (first, second) = (profile("1.0"), profile("2.0"));
    for (_, key) in first.keys() {
        let name = if key.name == "UKMF" {
            "UKSSSE"
        } else {
            key.name.as_str()
        };
        let other = second
            .keys()
            .find(|(_, other)| other.name == name && other.index == key.index);
        let (_, other) = other.unwrap_or_else(|| panic!("{} is not in 2.0", key.name));
        assert_eq!(coordinates(key), coordinates(other), "{}", key.name);
        assert_eq!(key.length, other.length, "{}", key.name);
    }
    let count = |df: &str| first.dedicated_file(df).map(|df| df.keys.len());
    // STK and UK1–UK5; STK and UK1–UK5; STK, LK, RK1, RK2, UK1–UK3.
    assert_eq!(
        (count("DF01"), count("DF02"), count("DF03")),
        (Some(6), Some(6), Some(7))
    );
    // Every key but those of the card itself and of money serves a file.
    for (df, key) in first
        .keys()
        .filter(|(_, key)| key.role == KeyRole::ExternalAuthentication)
    {
        assert!(!first.uses_of(&key.name).is_empty(), "{}/{}", df.id, key.name);
    }
}

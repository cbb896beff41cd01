//! What makes a chain hold, and everything that must break it.

use crate::bench::*;
use card_model::sm2::{DEFAULT_ID, PrivateKey};
use jiff::Timestamp;
use personalize::ca::{Authority, Lifetime, Revocation};
use rand_core::Rng;
use reader::certificate::FormatError;
use reader::certificate::chain::{ChainError, Purpose, TrustStore};
use reader::certificate::request::{Request, name};
use reader::certificate::x509::Certificate;

/// A request signed by a key outside of any card.
fn request(key: &PrivateKey, subject: &str, entropy: &mut dyn Rng) -> Request {
    let sign = |message: &[u8]| {
        let digest = key.public_key().digest(DEFAULT_ID, message);
        key.sign(&digest, entropy).map_err(FormatError::from)
    };
    Request::new(&name(subject).unwrap(), &key.public_key(), sign).unwrap()
}

fn leaf(authorities: &mut Authorities) -> Certificate {
    let key = PrivateKey::generate(&mut authorities.entropy).unwrap();
    let request = request(&key, "CN=李四,O=TEST,C=CN", &mut Counted(1));
    let lifetime = authorities.lifetime();
    authorities
        .issuing
        .issue(&request, lifetime, &mut authorities.entropy)
        .unwrap()
}

fn check(store: &TrustStore, leaf: &Certificate, at: Timestamp) -> Result<bool, ChainError> {
    store
        .check(leaf, Purpose::Signature, at)
        .map(|chain| chain.revocation_checked)
}

#[test]
fn a_chain_of_three() {
    let mut authorities = Authorities::new();
    let leaf = leaf(&mut authorities);
    let mut store = authorities.trust();
    let chain = store.check(&leaf, Purpose::Signature, now()).unwrap();
    assert!(chain.subjects[1].contains("TEST issuing CA") && chain.subjects[2].contains("TEST root CA"));
    assert!(chain.revocation_checked);
    store.revocation_lists.clear();
    assert_eq!(check(&store, &leaf, now()), Ok(false), "not held against a list");
    assert_eq!(
        store
            .check(authorities.root.certificate(), Purpose::Signature, now())
            .map(|_| ()),
        Err(ChainError::Usage {
            subject: authorities.root.certificate().subject(),
            purpose: "signature",
        })
    );
}

#[test]
fn dates() {
    let mut authorities = Authorities::new();
    let leaf = leaf(&mut authorities);
    let mut store = authorities.trust();
    store.revocation_lists.clear();
    assert_eq!(check(&store, &leaf, leaf.not_before()), Ok(false), "first second");
    assert_eq!(check(&store, &leaf, leaf.not_after()), Ok(false), "last second");
    let second = jiff::SignedDuration::from_secs(1);
    assert!(matches!(
        check(&store, &leaf, leaf.not_before() - second),
        Err(ChainError::NotYet { .. })
    ));
    assert!(matches!(
        check(&store, &leaf, leaf.not_after() + second),
        Err(ChainError::Expired { .. })
    ));
    // An authority that is no longer valid takes its certificates with it.
    let key = PrivateKey::generate(&mut authorities.entropy).unwrap();
    let late = Lifetime::years(moment("2035-06-01T00:00:00Z"), 3).unwrap();
    let late = authorities
        .issuing
        .issue(&request(&key, "CN=TEST", &mut Counted(1)), late, &mut Counted(2))
        .unwrap();
    let error = check(&store, &late, moment("2037-01-01T00:00:00Z")).unwrap_err();
    assert!(
        matches!(&error, ChainError::Expired { subject, .. } if subject.contains("issuing")),
        "{error}"
    );
}

#[test]
fn revocation() {
    let mut authorities = Authorities::new();
    let leaf = leaf(&mut authorities);
    let mut store = authorities.trust();
    let since = moment("2026-11-10T00:00:00Z");
    let revocation = Revocation {
        serial: hex::decode(leaf.serial()).unwrap(),
        since,
    };
    store.revocation_lists[1] = authorities.list(false, &[revocation]);
    assert_eq!(
        check(&store, &leaf, now()),
        Err(ChainError::Revoked {
            subject: leaf.subject(),
            since
        })
    );
    // The list of the issuing authority counts, not one that somebody else signed in its name.
    let mut store = authorities.trust();
    assert!(
        matches!(
            check(&store, &leaf, moment("2027-01-01T00:00:00Z")),
            Err(ChainError::List { .. })
        ),
        "overdue"
    );
    let other = Authorities::new();
    let forged = Authority::root(
        &name("CN=TEST issuing CA,O=ssc,C=CN").unwrap(),
        other.lifetime(),
        &mut Counted(77),
    );
    let mut forger = Authorities {
        root: forged.unwrap(),
        issuing: other.issuing,
        entropy: Counted(5),
    };
    store.revocation_lists[1] = forger.list(true, &[]);
    assert!(
        matches!(check(&store, &leaf, now()), Err(ChainError::List { .. })),
        "forged"
    );
    // A revoked issuing authority.
    let mut store = authorities.trust();
    let serial = hex::decode(authorities.issuing.certificate().serial()).unwrap();
    store.revocation_lists[0] = authorities.list(true, &[Revocation { serial, since }]);
    assert!(
        matches!(check(&store, &leaf, now()), Err(ChainError::Revoked { subject, .. }) if subject.contains("issuing"))
    );
}

#[test]
fn who_may_issue() {
    let mut authorities = Authorities::new();
    let leaf = leaf(&mut authorities);
    let store = authorities.trust();
    let only_root = TrustStore {
        intermediates: Vec::new(),
        ..store.clone()
    };
    assert!(matches!(
        check(&only_root, &leaf, now()),
        Err(ChainError::NoPath { .. })
    ));
    let no_root = TrustStore {
        roots: Vec::new(),
        ..store.clone()
    };
    assert!(matches!(check(&no_root, &leaf, now()), Err(ChainError::NoPath { .. })));
    // A holder who plays authority: the certificate of a card may not sign others.
    let holder = PrivateKey::generate(&mut authorities.entropy).unwrap();
    let lifetime = authorities.lifetime();
    let own = authorities.issuing.issue(
        &request(&holder, "CN=TEST holder", &mut Counted(1)),
        lifetime,
        &mut authorities.entropy,
    );
    let own = own.unwrap();
    let forged = Authority::new(holder, own.clone()).unwrap();
    let victim = PrivateKey::generate(&mut authorities.entropy).unwrap();
    let forged = forged
        .issue(&request(&victim, "CN=TEST", &mut Counted(1)), lifetime, &mut Counted(3))
        .unwrap();
    let mut with_holder = store.clone();
    with_holder.intermediates.push(own);
    assert!(matches!(
        check(&with_holder, &forged, now()),
        Err(ChainError::NotAuthority { .. })
    ));
    // An issuing authority below the issuing authority: the chain is longer than the root allows.
    let below = authorities
        .issuing
        .subordinate(&name("CN=TEST below").unwrap(), lifetime, &mut authorities.entropy)
        .unwrap();
    let deep = below
        .issue(&request(&victim, "CN=TEST", &mut Counted(1)), lifetime, &mut Counted(4))
        .unwrap();
    let mut with_below = store.clone();
    with_below.intermediates.push(below.certificate().clone());
    assert!(matches!(
        check(&with_below, &deep, now()),
        Err(ChainError::NotAuthority { .. })
    ));
    // Another authority of the same name did not sign.
    let namesake = Authority::root(
        &name("CN=TEST issuing CA,O=ssc,C=CN").unwrap(),
        Lifetime::years(moment("2026-01-01T00:00:00Z"), 5).unwrap(),
        &mut Counted(99),
    );
    let namesake = namesake.unwrap();
    let alone = TrustStore {
        roots: vec![namesake.certificate().clone()],
        ..TrustStore::default()
    };
    assert!(matches!(check(&alone, &leaf, now()), Err(ChainError::Signature { .. })));
    // With both of them the right one is found, whatever the order.
    let mut both = store;
    both.intermediates.insert(0, namesake.certificate().clone());
    assert!(check(&both, &leaf, now()).is_ok());
}

#[test]
fn keys_are_for_one_purpose() {
    let mut authorities = Authorities::new();
    let key = PrivateKey::generate(&mut authorities.entropy).unwrap();
    let lifetime = authorities.lifetime();
    let request = request(&key, "CN=TEST", &mut Counted(1));
    let signing = authorities
        .issuing
        .issue(&request, lifetime, &mut authorities.entropy)
        .unwrap();
    let encryption = authorities
        .issuing
        .issue_encryption(&request, lifetime, &mut authorities.entropy)
        .unwrap()
        .certificate;
    let store = authorities.trust();
    assert!(store.check(&signing, Purpose::Signature, now()).is_ok());
    assert!(store.check(&encryption, Purpose::Encryption, now()).is_ok());
    for (certificate, purpose) in [(&signing, Purpose::Encryption), (&encryption, Purpose::Signature)] {
        assert!(matches!(
            store.check(certificate, purpose, now()),
            Err(ChainError::Usage { .. })
        ));
    }
}

/// Every single changed byte of a certificate is noticed.
#[test]
fn no_byte_can_be_changed() {
    let mut authorities = Authorities::new();
    let leaf = leaf(&mut authorities);
    let store = authorities.trust();
    let mut parsed = 0;
    for position in 0..leaf.to_der().len() {
        let mut der = leaf.to_der().to_vec();
        der[position] ^= 0x01;
        if let Ok(changed) = Certificate::from_der(&der) {
            parsed += 1;
            assert!(check(&store, &changed, now()).is_err(), "byte {position}");
        }
    }
    assert!(parsed > 100, "{parsed} changed certificates could be parsed");
}

#[test]
fn only_test_names_sign() {
    let result = Authority::root(
        &name("CN=Ministry,C=CN").unwrap(),
        Authorities::new().lifetime(),
        &mut Counted(1),
    );
    assert!(matches!(result, Err(personalize::ca::CaError::NotTest { .. })));
}

//! The test authority on disk.

use crate::bench::*;
use card_model::sm2::{DEFAULT_ID, PrivateKey};
use personalize::ca::{CaError, CaFolder};
use reader::certificate::FormatError;
use reader::certificate::chain::{ChainError, Purpose};
use reader::certificate::request::{Request, name};

#[test]
fn made_opened_used_revoked() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("ca");
    let mut entropy = Counted(8);
    let made = CaFolder::create(&path, "Bank, branch 1", now(), &mut entropy).unwrap();
    assert!(made.root().certificate().subject().contains("TEST"));
    assert!(matches!(
        CaFolder::create(&path, "x", now(), &mut entropy),
        Err(CaError::Exists { .. })
    ));
    let mut ca = CaFolder::open(&path).unwrap();
    assert_eq!(ca.issuing().certificate(), made.issuing().certificate());
    let key = PrivateKey::generate(&mut entropy).unwrap();
    let sign = |message: &[u8]| {
        let digest = key.public_key().digest(DEFAULT_ID, message);
        key.sign(&digest, &mut Counted(2)).map_err(FormatError::from)
    };
    let request = Request::new(&name("CN=TEST holder").unwrap(), &key.public_key(), sign).unwrap();
    let lifetime = personalize::ca::Lifetime::years(now(), 3).unwrap();
    let certificate = ca.issuing().issue(&request, lifetime, &mut entropy).unwrap();
    ca.enter(&[(&certificate, "signing")]).unwrap();
    assert!(
        CaFolder::trust(&path)
            .unwrap()
            .check(&certificate, Purpose::Signature, now())
            .unwrap()
            .revocation_checked
    );
    assert!(matches!(
        ca.revoke(&["00".into()], now()),
        Err(CaError::NoSuchSerial { .. })
    ));
    ca.revoke(&[certificate.serial().to_lowercase()], now()).unwrap();
    ca.write_lists(now(), &mut entropy).unwrap();
    let again = CaFolder::open(&path).unwrap();
    assert_eq!(again.issued()[0].revoked, Some(now()));
    let check = CaFolder::trust(&path)
        .unwrap()
        .check(&certificate, Purpose::Signature, now());
    assert!(matches!(check, Err(ChainError::Revoked { .. })));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(path.join("root.key")).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "only the owner reads the key");
    }
    let swapped = std::fs::read(path.join("root.key")).unwrap();
    let own = std::fs::read(path.join("issuing.key")).unwrap();
    std::fs::write(path.join("issuing.key"), swapped).unwrap();
    assert!(matches!(CaFolder::open(&path), Err(CaError::OtherKey)));
    std::fs::write(path.join("issuing.key"), own).unwrap();
    for file in ["root.key", "issuing.crt", "issued.json"] {
        let whole = std::fs::read(path.join(file)).unwrap();
        std::fs::write(path.join(file), &whole[..whole.len() / 2]).unwrap();
        assert!(matches!(CaFolder::open(&path), Err(CaError::Damaged { .. })), "{file}");
        std::fs::write(path.join(file), whole).unwrap();
    }
    CaFolder::open(&path).unwrap();
    // Who only verifies has no keys.
    for key in ["root.key", "issuing.key"] {
        std::fs::remove_file(path.join(key)).unwrap();
    }
    assert!(matches!(CaFolder::open(&path), Err(CaError::File { .. })));
    CaFolder::trust(&path).unwrap();
}

//! PINs from the terminal's side.

use crate::bench::*;
use card_model::card::Interface;
use card_model::profile::PinRole;
use card_model::words::{Explain, Lang};
use reader::certificate::{CertificateApplication, CertificateError};

fn tries(application: &mut CertificateApplication<'_>, role: PinRole) -> Option<u8> {
    application
        .pin_status(role)
        .unwrap()
        .and_then(|status| status.tries_left)
}

#[test]
fn the_last_try_is_kept() {
    for (role, limit) in [(PinRole::User, 3), (PinRole::Administrator, 6)] {
        let mut channel = card(Interface::Contact);
        let mut application = CertificateApplication::open(&mut channel, profile("3.0")).unwrap();
        for left in (1..limit).rev() {
            let error = application.verify_pin(role, &pin("9999"), false).unwrap_err();
            assert!(
                matches!(error, CertificateError::PinWrong { tries_left, .. } if tries_left == left),
                "{error}"
            );
        }
        let error = application.verify_pin(role, &pin("9999"), false).unwrap_err();
        assert!(matches!(error, CertificateError::PinLastTry { .. }), "{error}");
        assert_eq!(tries(&mut application, role), Some(1), "not spent");
        let error = application.verify_pin(role, &pin("9999"), true).unwrap_err();
        assert!(matches!(error, CertificateError::PinBlocked { .. }), "{error}");
        assert!(error.is_about_pin());
        for lang in [Lang::Zh, Lang::En] {
            let words = error.explain(lang);
            assert!(!words.what.contains("pki.") && words.next.is_some_and(|next| !next.contains("pki.")));
        }
    }
}

#[test]
fn change_and_unblock() {
    let mut channel = card(Interface::Contactless);
    let mut application = CertificateApplication::open(&mut channel, profile("3.0")).unwrap();
    let error = application
        .change_pin(PinRole::User, &pin("9999"), &pin("2468"), false)
        .unwrap_err();
    assert!(
        matches!(error, CertificateError::PinWrong { tries_left: 2, .. }),
        "{error}"
    );
    application
        .change_pin(PinRole::User, &pin(USER), &pin("2468"), false)
        .unwrap();
    application.verify_pin(PinRole::User, &pin("2468"), false).unwrap();
    application
        .change_pin(PinRole::Administrator, &pin(ADMINISTRATOR), &pin("11223344"), false)
        .unwrap();
    while application.verify_pin(PinRole::User, &pin("9999"), true).is_err()
        && tries(&mut application, PinRole::User) != Some(0)
    {}
    let error = application.unblock_user_pin(&pin("11223344"), None).unwrap_err();
    assert!(matches!(error, CertificateError::PinNeeded { .. }), "{error}");
    application
        .verify_pin(PinRole::Administrator, &pin("11223344"), false)
        .unwrap();
    application
        .unblock_user_pin(&pin("11223344"), Some(&pin("13579")))
        .unwrap();
    application.verify_pin(PinRole::User, &pin("13579"), false).unwrap();
}

//! Master keys of environment and application: replaced by a successor's, and PINs given again under them.

use crate::bench::*;
use card_model::card::{Card, Interface};
use card_model::profile::PinRole;
use reader::certificate::{CertificateApplication, CertificateError};
use reader::channel::{ModelChannel, system_entropy};
use reader::security::KeyFile;

fn replace(channel: &mut ModelChannel, old: &mut KeyFile, new: &mut KeyFile) -> Result<Vec<String>, CertificateError> {
    let replaced = CertificateApplication::open(channel, profile("3.0"))?.replace_master_keys(old, new, &identity())?;
    Ok(replaced.into_iter().map(str::to_owned).collect())
}

fn refused_with(error: &CertificateError, file: &str, left: u8) -> bool {
    matches!(error, CertificateError::MasterKey { file: of, tries_left } if of == file && *tries_left == left)
}

#[test]
fn a_successor_takes_over() {
    let (mut old, mut new, mut other) = (keys(), keys(), keys());
    let mut channel = card_of(&mut old, Interface::Contact);
    let tries = profile("3.0").os.key_tries;
    let error = replace(&mut channel, &mut other, &mut keys()).unwrap_err();
    assert!(refused_with(&error, "PKI", tries - 1), "{error}");
    assert_eq!(replace(&mut channel, &mut old, &mut new).unwrap(), ["PKI", "CERT"]);
    assert_eq!(
        replace(&mut channel, &mut old, &mut new).unwrap(),
        [""; 0],
        "done already"
    );
    let error = replace(&mut channel, &mut old, &mut other).unwrap_err();
    assert!(
        matches!(error, CertificateError::MasterKey { .. }),
        "the old key has no power: {error}"
    );
    assert_eq!(replace(&mut channel, &mut new, &mut old).unwrap(), ["PKI", "CERT"]);
    // The PINs are what they were.
    opened(&mut channel);
}

/// Pulled at any moment, the card has old or new keys, and the same call completes the work.
#[test]
fn an_interrupted_replacement_is_completed() {
    let (mut old, mut new) = (keys(), keys());
    let base = card_of(&mut old, Interface::Contact);
    for words in 0.. {
        let mut cut = Card::from_image(base.card().image()).unwrap();
        cut.lose_power_after(Some(words));
        let mut torn = ModelChannel::new(cut, Interface::Contact, system_entropy().unwrap());
        let whole = replace(&mut torn, &mut old, &mut new).is_ok();
        let back = Card::from_image(torn.card().image()).unwrap();
        let mut back = ModelChannel::new(back, Interface::Contact, system_entropy().unwrap());
        replace(&mut back, &mut old, &mut new).unwrap_or_else(|error| panic!("after {words} words: {error}"));
        assert_eq!(replace(&mut back, &mut old, &mut new).unwrap(), [""; 0]);
        if whole {
            println!("master keys: {words} cut points, 0 lost cards");
            break;
        }
    }
}

#[test]
fn blocked_pins_are_given_again() {
    let mut keys = keys();
    let mut channel = card_of(&mut keys, Interface::Contactless);
    let mut application = CertificateApplication::open(&mut channel, profile("3.0")).unwrap();
    for role in [PinRole::User, PinRole::Administrator] {
        while !matches!(
            application.verify_pin(role, &pin("9999"), true),
            Err(CertificateError::PinBlocked { .. })
        ) {}
        application
            .give_pin(role, &pin("13572468"), &mut keys, &identity())
            .unwrap();
        application.verify_pin(role, &pin("13572468"), false).unwrap();
    }
    let error = application
        .give_pin(
            PinRole::Administrator,
            &pin("1234"),
            &mut crate::bench::keys(),
            &identity(),
        )
        .unwrap_err();
    assert!(
        matches!(&error, CertificateError::MasterKey { file, .. } if file == "PKI"),
        "{error}"
    );
}

//! Whole sessions: reading and writing with a PSAM is byte for byte what a key file gives.

use crate::bench::{PIN, issued, keys, pin, profile};
use crate::support::*;
use card_model::profile::Profile;
use personalize::psam::PsamLevel;
use reader::channel::{Channel, ModelChannel};
use reader::security::{KeyFile, SecurityModule};
use reader::session::Session;

/// Where the data of a card image begin: behind its header, and the marker and the bytes of the journal.
const DATA: usize = 16 + 4 + 2048;

/// Everything that can be read, as raw values by path.
pub fn read_all(card: &mut ModelChannel, module: &mut dyn SecurityModule) -> Vec<(String, String)> {
    card.reset().unwrap();
    read_channel(Box::new(card), module)
}

pub fn read_channel(channel: Box<dyn Channel + '_>, module: &mut dyn SecurityModule) -> Vec<(String, String)> {
    let mut session = Session::open(channel).unwrap().with_security(module);
    let mut values = Vec::new();
    for file in session.read_all().unwrap() {
        values.push((file.path.clone(), format!("{}", file.error.is_none())));
        for element in &file.elements {
            values.push((format!("{}/{:?}", file.path, element.tag), hex::encode(&element.raw)));
        }
    }
    values
}

/// One value in a file of each application that has keys for it.
fn writes(profile: &Profile) -> Vec<(String, String)> {
    let mut writes = Vec::new();
    for (df, file) in profile.files() {
        let guarded = file.update.terms.iter().any(|term| !term.pin && !term.keys.is_empty());
        let example = file
            .elements
            .iter()
            .find_map(|element| Some((element.tag?, element.example.clone()?)));
        let held = file
            .update
            .keys()
            .iter()
            .all(|name| profile.key(name).is_some_and(|(_, key)| key.psam.is_some()));
        if let Some((tag, example)) = example
            && guarded
            && held
            && file.is_linear()
        {
            writes.push((format!("{}/{}/{tag:02X}", df.id, file.name()), example));
        }
    }
    writes
}

fn write(card: &mut ModelChannel, module: &mut dyn SecurityModule, values: &[(String, String)]) -> usize {
    card.reset().unwrap();
    let mut session = Session::open(Box::new(card)).unwrap().with_security(module);
    let values: Vec<(&str, &str)> = values
        .iter()
        .map(|(path, text)| (path.as_str(), text.as_str()))
        .collect();
    let written = session.write_text(&values).unwrap();
    for written in &written {
        assert!(written.ok, "{}: {:?}", written.path, written.error);
    }
    written.len()
}

fn copy_of(card: &mut ModelChannel) -> ModelChannel {
    let image = card_model::card::Card::from_image(card.card().image()).unwrap();
    ModelChannel::new(
        image,
        card.reset_answer().interface,
        reader::channel::system_entropy().unwrap(),
    )
}

#[test]
fn reading_and_writing_are_the_same() {
    let mut keys: KeyFile = keys();
    for name in Profile::BUILTIN {
        let mut with_keys = issued(name, &mut keys);
        let mut with_psam = copy_of(&mut with_keys);
        for level in [PsamLevel::Ministry, PsamLevel::Listed] {
            let mut module = Recipe::level(level).module(&keys);
            let expected = read_all(&mut with_keys, &mut keys);
            assert!(expected.len() > 20);
            assert_eq!(read_all(&mut with_psam, &mut module), expected, "{name} {level:?}");
            let values = writes(profile(name));
            assert!(values.len() > 5, "{}", values.len());
            assert_eq!(
                write(&mut with_keys, &mut keys, &values),
                write(&mut with_psam, &mut module, &values)
            );
            let expected = read_all(&mut with_keys, &mut keys);
            assert_eq!(
                read_all(&mut with_psam, &mut module),
                expected,
                "{name} {level:?} after writing"
            );
        }
        let data = |card: &ModelChannel| card.card().image()[DATA..].to_vec();
        assert!(
            data(&with_keys) == data(&with_psam),
            "{name}: the cards themselves differ"
        );
    }
}

#[test]
fn pin_reset_and_unblock() {
    let mut keys = keys();
    for name in Profile::BUILTIN {
        for level in [
            PsamLevel::Ministry,
            PsamLevel::Province,
            PsamLevel::City,
            PsamLevel::Listed,
        ] {
            let mut card = issued(name, &mut keys);
            let mut module = Recipe::level(level).module(&keys);
            let mut session = Session::open(Box::new(&mut card)).unwrap().with_security(&mut module);
            session.verify_pin(&pin(PIN)).unwrap();
            for _ in 0..2 {
                session.verify_pin(&pin("000000")).unwrap_err();
            }
            session.unblock_pin().unwrap();
            assert_eq!(session.pin_status().unwrap().tries_left, Some(3));
            session.reset_pin(Some(&pin("8888"))).unwrap();
            session.verify_pin(&pin("8888")).unwrap();
            assert!(session.internal_authentication().unwrap(), "{name} {level:?}");
        }
    }
}

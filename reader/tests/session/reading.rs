//! Reading whole cards.

use crate::bench::{PIN, card, issued, keys, pin, profile};
use card_model::card::Interface;
use card_model::profile::Structure;
use card_model::words::Lang;
use reader::session::{Options, Prefer, ReadingView, Session};

#[test]
fn everything_that_may_be_read_is_read() {
    let mut keys = keys();
    let mut channel = issued("3.0", &mut keys);
    // Without anything: only what is free.
    let mut session = Session::open(Box::new(&mut channel)).expect("a card");
    let readings = session.read_all().expect("transport");
    assert!(readings.iter().all(|reading| reading.ok()), "{readings:?}");
    let paths: Vec<&str> = readings.iter().map(|reading| reading.path.as_str()).collect();
    assert!(
        paths.contains(&"SSSE/EF05") && paths.contains(&"DF01/EF16") && !paths.contains(&"SSSE/EF06"),
        "{paths:?}"
    );
    drop(session);

    // With keys and PIN: every file of the profile but internal ones.
    let mut own = pin(PIN);
    let mut session = Session::open(Box::new(&mut channel))
        .expect("a card")
        .with_security(&mut keys)
        .with_pins(&mut own);
    let readings = session.read_all().expect("transport");
    assert!(readings.iter().all(|reading| reading.ok()), "{readings:?}");
    let read: Vec<&str> = readings.iter().map(|reading| reading.path.as_str()).collect();
    for (df, file) in profile("3.0").files() {
        let path = format!("{}/{}", df.id, file.name());
        let outside = !matches!(file.structure, Structure::Internal { .. });
        assert_eq!(read.contains(&path.as_str()), outside, "{path}");
    }
}

#[test]
fn json_is_as_promised() {
    let mut keys = keys();
    let mut channel = issued("3.0", &mut keys);
    let mut session = Session::open(Box::new(&mut channel))
        .expect("a card")
        .with_security(&mut keys);
    let readings = session
        .read(&["SSSE/EF06/0A", "ssse/ef05/05", "SSSE/EF06/0C"])
        .expect("transport");
    let json = serde_json::to_value(ReadingView::new(&readings, Lang::Zh)).expect("json");
    let expected = serde_json::json!({
        "path": "SSSE/EF06/0A", "ok": true, "sw": "9000",
        "elements": [{"tag": "0A", "name": "sex", "name_zh": "性别", "occurrence": 1, "raw": "31", "value": "1", "text": "男"}],
    });
    let first = &json["files"][0];
    assert_eq!(
        first["elements"][0]["text"].as_str().map(|text| text.starts_with('男')),
        Some(true),
        "{first}"
    );
    for key in ["path", "ok", "sw"] {
        assert_eq!(first[key], expected[key]);
    }
    for key in ["tag", "name", "name_zh", "raw", "value"] {
        assert_eq!(first["elements"][0][key], expected["elements"][0][key]);
    }
    let date = &json["files"][1]["elements"][0];
    assert_eq!(
        (&date["raw"], &date["value"], &date["text"]),
        (&"20260401".into(), &"20260401".into(), &"2026-04-01".into())
    );
    assert!(session.read(&["SSSE/EF99"]).is_err());
}

#[test]
fn all_three_key_versions_open_the_card() {
    let mut keys = keys();
    let mut channel = issued("3.0", &mut keys);
    for key_version in 1..=3 {
        let mut session = Session::open(Box::new(&mut channel))
            .expect("a card")
            .with_security(&mut keys)
            .with_options(Options {
                key_version,
                ..Options::default()
            });
        assert!(session.internal_authentication().expect("IRK"), "version {key_version}");
        let readings = session
            .read(&["SSSE/EF06", "DF01/EF05", "DF03/EF05"])
            .expect("transport");
        assert!(
            readings.iter().all(|reading| reading.ok()),
            "version {key_version}: {readings:?}"
        );
    }
}

#[test]
fn the_pin_may_be_preferred() {
    let mut keys = keys();
    let mut channel = issued("3.0", &mut keys);
    let mut own = pin(PIN);
    let mut session = Session::open(Box::new(&mut channel))
        .expect("a card")
        .with_pins(&mut own)
        .with_options(Options {
            prefer: Prefer::Pin,
            ..Options::default()
        });
    assert!(session.read(&["DF01/EF05"]).expect("transport")[0].ok());
}

#[test]
fn a_card_without_data_is_read_as_empty() {
    for name in ["3.0", "2.0", "1.0"] {
        let mut keys = keys();
        let mut channel = card(profile(name), &mut keys, Interface::Contact);
        let mut own = pin(PIN);
        let mut session = Session::open_as(Box::new(&mut channel), profile(name))
            .expect("SSSE")
            .with_pins(&mut own);
        assert_eq!(session.card().card_id, None);
        for reading in session.read_all().expect("transport") {
            assert!(reading.ok(), "{}: {:?}", reading.path, reading.error);
        }
    }
    // Of a card that announces SM4 but no version yet, the profile is known all the same.
    let mut channel = card(profile("3.0"), &mut keys(), Interface::Contactless);
    assert_eq!(
        Session::open(Box::new(&mut channel)).expect("SSSE").profile().name,
        "3.0"
    );
}

#[test]
fn another_card_is_noticed() {
    let mut keys = keys();
    let mut channel = issued("3.0", &mut keys);
    let mut session = Session::open(Box::new(&mut channel))
        .expect("a card")
        .with_security(&mut keys);
    session.check_same_card().expect("the same");
    session.reset().expect("in memory");
    session.check_same_card().expect("still the same");
    session.write_text(&[("SSSE/EF05/07", "D2143568Z")]).expect("transport");
    assert!(session.check_same_card().is_err());
}

/// The examples that stand beside the elements in the profiles, in both directions.
#[test]
fn examples_of_the_profiles_go_both_ways() {
    use card_model::profile::{Element, Profile};
    use reader::decode::{Value, decode, encode};
    fn walk(profile: &str, path: &str, element: &Element, seen: &mut usize) {
        for inner in &element.inner {
            walk(profile, &format!("{path}/{:02X}", inner.tag.unwrap_or(0)), inner, seen);
        }
        let Some(example) = &element.example else { return };
        let bytes = encode(element, example).unwrap_or_else(|error| panic!("{profile} {path}: {example}: {error}"));
        assert_eq!(bytes.len(), usize::from(element.length), "{profile} {path}");
        let value = decode(element, &bytes);
        assert!(!matches!(value, Value::Malformed { .. }), "{profile} {path}: {value:?}");
        if let Some(plain) = value.plain() {
            assert_eq!(
                encode(element, &plain).as_ref(),
                Ok(&bytes),
                "{profile} {path}: {plain}"
            );
        }
        for lang in [Lang::Zh, Lang::En] {
            assert!(!value.text(lang).is_empty(), "{profile} {path}");
        }
        *seen += 1;
    }
    let mut seen = 0;
    for name in Profile::BUILTIN {
        for (df, file) in profile(name).files() {
            for element in &file.elements {
                let path = format!("{}/{}/{:02X}", df.id, file.name(), element.tag.unwrap_or(0));
                walk(name, &path, element, &mut seen);
            }
        }
    }
    assert!(seen > 100, "only {seen} examples");
}

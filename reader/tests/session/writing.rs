//! Writing every element of every profile and reading it back.

use crate::bench::{ADMINISTRATOR, PIN, REGION, card, issued, keys, pin, profile};
use card_model::card::Interface;
use card_model::profile::{Access, Element, Format, KeyPair, Meaning, PinRole, Profile, Structure};
use card_model::words::{Explain, Lang};
use personalize::ca::{Authority, Lifetime};
use reader::certificate::request::name;
use reader::certificate::{BlockSize, CertificateApplication};
use reader::channel::{Channel, system_entropy};
use reader::decode::Value;
use reader::error::ReaderError;
use reader::session::{Session, Write};

/// A value for an element, different for each occurrence.
fn sample(element: &Element, occurrence: u8) -> String {
    let digit = occurrence.to_string();
    match (element.format, element.meaning) {
        (Format::Tlv, _) => {
            let fields = element.inner.iter().map(|inner| {
                (
                    format!("{:02X}", inner.tag.unwrap_or(0)),
                    serde_json::Value::String(sample(inner, occurrence)),
                )
            });
            serde_json::Value::Object(fields.collect()).to_string()
        }
        (_, Meaning::Date) => format!("202601{occurrence:02}"),
        (_, Meaning::Month) => format!("2026{occurrence:02}"),
        (_, Meaning::Year) => format!("202{digit}"),
        (_, Meaning::Time) => format!("202601{occurrence:02}101112"),
        (_, Meaning::Region) => REGION.to_owned(),
        (_, Meaning::Amount | Meaning::Count) => digit,
        (_, Meaning::Binary) | (Format::B, _) => hex::encode(vec![occurrence; usize::from(element.length)]),
        (Format::Cn, Meaning::Text | Meaning::PersonNumber) => digit.repeat(2 * usize::from(element.length)),
        (_, Meaning::Code) => {
            let table = element.codes.as_deref().and_then(card_model::codes::table);
            table
                .and_then(|table| table.entries.first())
                .map(|entry| entry.code.clone())
                .unwrap_or_default()
        }
        (_, Meaning::Composite) => element
            .parts
            .iter()
            .map(|part| {
                let table = card_model::codes::table(&part.codes).expect("the table of a part");
                table
                    .entries
                    .iter()
                    .find(|e| e.code.len() == usize::from(part.length))
                    .expect("a code")
                    .code
                    .clone()
            })
            .collect(),
        _ => {
            format!("字{digit}")
                .chars()
                .take(usize::from(element.length / 2))
                .collect::<String>()
                + if element.length < 2 { "1" } else { "" }
        }
    }
}

/// Every place of a profile that a session can write, in record order; certificates have PINs of their own and follow in
/// [`every_certificate_comes_back`].
fn everything(profile: &Profile) -> Vec<(String, String)> {
    let mut values = Vec::new();
    for (df, file) in profile.files() {
        let path = format!("{}/{}", df.id, file.name());
        let certificate = file.certificate_of.is_some();
        if file.update.is_never()
            || certificate
            || df.parent.is_none()
            || file.class == card_model::profile::FileClass::System
        {
            continue;
        }
        match file.structure {
            Structure::LinearFixed | Structure::LinearVariable => {
                for record in file.records() {
                    let tag = record.element.tag.expect("records have tags");
                    let text = sample(record.element, record.occurrence);
                    values.push((format!("{path}/{tag:02X}:{}", record.occurrence), text));
                }
            }
            Structure::Cyclic { .. } => {
                for number in 1..=3 {
                    let fields: Vec<String> = file.elements.iter().map(|element| sample(element, number)).collect();
                    values.push((path.clone(), serde_json::to_string(&fields).expect("json")));
                }
            }
            Structure::Transparent { size } => values.push((path, hex::encode(vec![0xA5; usize::from(size)]))),
            Structure::Internal { .. } => {}
        }
    }
    values
}

#[test]
fn every_element_of_every_profile_comes_back() {
    for name in ["3.0", "2.0", "1.0"] {
        let profile = profile(name);
        let (mut keys, mut own) = (keys(), pin(PIN));
        let mut channel = card(profile, &mut keys, Interface::Contact);
        let values = everything(profile);
        let values: Vec<(&str, &str)> = values
            .iter()
            .map(|(path, text)| (path.as_str(), text.as_str()))
            .collect();
        let mut session = Session::open_as(Box::new(&mut channel), profile)
            .expect("SSSE")
            .with_security(&mut keys)
            .with_pins(&mut own);
        session.set_region(REGION);
        session.verify_pin(&pin(PIN)).expect("right");
        let written = session.write_text(&values).expect("transport");
        assert_eq!(written.len(), values.len());
        for written in &written {
            assert!(written.ok, "{name} {}: {:?}", written.path, written.error);
        }
        let not_compared: Vec<&str> = written
            .iter()
            .filter(|written| !written.compared)
            .map(|written| written.path.as_str())
            .collect();
        assert_eq!(not_compared, Vec::<&str>::new(), "{name}");
        let readings = session.read_all().expect("transport");
        for reading in &readings {
            assert!(reading.ok(), "{name} {}: {:?}", reading.path, reading.error);
            for element in &reading.elements {
                let malformed = matches!(element.value, Value::Malformed { .. });
                assert!(!malformed, "{name} {} {:?}", reading.path, element);
            }
        }
        let cyclic = readings
            .iter()
            .find(|reading| reading.path == "DF02/EF07")
            .expect("read");
        assert_eq!(cyclic.elements.first().map(|field| field.occurrence), Some(1));
        let newest = session_field(cyclic, 1);
        assert_eq!(newest, "20260103", "record 1 is the newest");
    }
}

/// What the session leaves out above: both certificate files, written by the verbs of the certificate application, read back
/// by the session as the profile has them.
#[test]
fn every_certificate_comes_back() {
    let profile = profile("3.0");
    let mut keys = keys();
    let mut channel = card(profile, &mut keys, Interface::Contactless);
    let mut entropy = system_entropy().expect("entropy");
    let lifetime = Lifetime::years("2026-01-01T00:00:00Z".parse().expect("a moment"), 3).expect("a lifetime");
    let authority = Authority::root(&name("CN=TEST root").expect("a name"), lifetime, &mut *entropy).expect("a root");
    let mut application = CertificateApplication::open(&mut channel, profile).expect("selected");
    application.verify_pin(PinRole::User, &pin(PIN), false).expect("right");
    application
        .verify_pin(PinRole::Administrator, &pin(ADMINISTRATOR), false)
        .expect("right");
    application.generate().expect("a key");
    let request = application
        .request(&name("CN=张三,O=TEST").expect("a name"))
        .expect("signed");
    let signing = authority.issue(&request, lifetime, &mut *entropy).expect("issued");
    let encryption = authority
        .issue_encryption(&request, lifetime, &mut *entropy)
        .expect("issued");
    application.import_encryption_pair(&encryption.key).expect("imported");
    let written = [
        (KeyPair::Signing, &signing),
        (KeyPair::Encryption, &encryption.certificate),
    ];
    for (pair, certificate) in written {
        application
            .write_certificate(pair, certificate.to_der(), BlockSize::default())
            .expect("written");
    }
    channel.reset().expect("in memory");
    let mut session = Session::open_as(Box::new(&mut channel), profile).expect("SSSE");
    for (pair, certificate) in written {
        let (df, file) = profile
            .files()
            .find(|(_, file)| file.certificate_of == Some(pair))
            .expect("a file for it");
        let readings = session
            .read(&[&format!("{}/{}", df.id, file.name())])
            .expect("transport");
        let element = readings[0].elements.first().expect("one element");
        assert_eq!(element.raw[..certificate.to_der().len()], *certificate.to_der());
        assert!(element.raw[certificate.to_der().len()..].iter().all(|byte| *byte == 0));
    }
    let refused = session.write_text(&[("CERT/0018", "00")]).expect("transport");
    let error = refused[0]
        .error
        .as_ref()
        .expect("no PIN of this application")
        .explain(Lang::En);
    assert!(error.next.is_some_and(|next| next.contains("ssc cert write")));
}

fn session_field(reading: &reader::session::FileReading, at: usize) -> String {
    reading.elements[at].value.plain().expect("a day")
}

#[test]
fn names_go_over_into_their_extension_and_back() {
    let mut keys = keys();
    let mut channel = issued("3.0", &mut keys);
    let mut session = Session::open(Box::new(&mut channel))
        .expect("a card")
        .with_security(&mut keys);
    for name in [
        "䶮㛃𬱖",
        "阿卜杜拉·麦麦提艾力·吐尔逊古丽江",
        "王",
        "买买提·阿不都热依木·吾买尔",
    ] {
        let written = session.write_text(&[("SSSE/EF06/09", name)]).expect("transport");
        assert!(
            written.iter().all(|written| written.ok && written.compared),
            "{written:?}"
        );
        assert_eq!(written.len(), 2);
        let whole = session.read(&["SSSE/EF06"]).expect("transport");
        assert_eq!(
            whole[0]
                .element(0x09)
                .and_then(|element| element.value.plain())
                .as_deref(),
            Some(name)
        );
        assert_eq!(
            session.read_plain("SSSE/EF06/09").expect("readable").as_deref(),
            Some(name)
        );
    }
    let long = "阿".repeat(26);
    assert!(matches!(
        session.write_text(&[("SSSE/EF06/09", &long)]),
        Err(ReaderError::Value { .. })
    ));
}

#[test]
fn one_inner_element_is_exchanged() {
    let mut keys = keys();
    let mut channel = issued("3.0", &mut keys);
    let mut session = Session::open(Box::new(&mut channel))
        .expect("a card")
        .with_security(&mut keys);
    let both = [("DF01/EF15/40:2/59", "某大学"), ("DF01/EF15/40:2/57", "3")];
    let written = session.write_text(&both).expect("transport");
    assert!(
        written.iter().all(|written| written.ok && written.compared),
        "{written:?}"
    );
    assert_eq!(
        session.read_plain("DF01/EF15/40:2/59").expect("readable").as_deref(),
        Some("某大学")
    );
    assert_eq!(
        session.read_plain("DF01/EF15/40:2/57").expect("readable").as_deref(),
        Some("3")
    );
    assert_eq!(session.read_plain("DF01/EF15/40:1/59").expect("readable"), None);
    let all = session.read(&["DF01/EF15"]).expect("transport");
    let tags: Vec<(Option<u8>, u8)> = all[0]
        .elements
        .iter()
        .map(|element| (element.tag, element.occurrence))
        .collect();
    assert_eq!(
        tags,
        [(Some(0x2A), 1), (Some(0x40), 1), (Some(0x40), 2)],
        "missing records before it were created empty"
    );
}

#[test]
fn what_may_not_be_written_is_told_before_anything_is_sent() {
    let mut keys = keys();
    let mut channel = issued("3.0", &mut keys);
    let mut session = Session::open(Box::new(&mut channel)).expect("a card");
    let written = session.write_text(&[("SSSE/EF06/0A", "1")]).expect("transport");
    let Some(ReaderError::NotAllowed { rule }) = &written[0].error else {
        panic!("{written:?}")
    };
    assert_eq!(
        (rule.condition.as_str(), rule.missing.concat().as_slice()),
        ("UKSSSE", &["UKSSSE".to_owned()][..])
    );
    let log = profile("3.0").locate("DF04/EF08").expect("the log").file;
    assert_eq!(log.update, Access::never());
    let bytes = vec![0; usize::from(log.record_length().expect("fixed"))];
    let written = session
        .write(&[Write {
            path: "DF04/EF08".to_owned(),
            bytes,
        }])
        .expect("transport");
    assert!(matches!(&written[0].error, Some(ReaderError::NotAllowed { rule }) if rule.condition == "never"));
    for (path, text) in [
        ("SSSE/EF06/0A", "woman?"),
        ("SSSE/EF05/05", "20260230"),
        ("SSSE/EF06/08", "1111111981010111101"),
    ] {
        assert!(
            matches!(session.write_text(&[(path, text)]), Err(ReaderError::Value { .. })),
            "{path}={text}"
        );
    }
}

//! The read flow of a real 3.00 card (`spec/files.md` §8.1, `spec/commands.md` §9 A).

use crate::bench::{Recorder, card, keys, personalize, profile};
use card_model::card::Interface;
use reader::channel::Channel;
use reader::error::ReaderError;
use reader::session::Session;
use std::cell::RefCell;
use std::rc::Rc;

/// The same commands in the same order with the same kinds of answers; only random values differ.
#[test]
fn reference_flow_over_contactless() {
    let mut keys = keys();
    let profile = profile("3.0");
    let mut channel = card(profile, &mut keys, Interface::Contactless);
    personalize(&mut channel, profile, &mut keys);
    let log = Rc::new(RefCell::new(Vec::new()));
    let recorder = Recorder {
        inner: channel,
        log: log.clone(),
    };

    let mut session = Session::open(Box::new(recorder))
        .expect("a 3.0 card")
        .with_security(&mut keys);
    assert_eq!(session.profile().name, "3.0");
    assert_eq!(session.card().region.as_deref(), Some("990100"));
    assert_eq!(session.card().card_number.as_deref(), Some("D2143569X"));
    assert!(session.internal_authentication().expect("IRK"));
    session.authenticate("RKSSSE").expect("accepted");
    let paths = [
        "SSSE/EF05/03",
        "SSSE/EF05/05",
        "SSSE/EF05/06",
        "SSSE/EF06/08",
        "SSSE/EF06/09",
        "SSSE/EF06/4E",
    ];
    for reading in session.read(&paths).expect("transport") {
        assert!(reading.ok(), "{}: {:?}", reading.path, reading.error);
    }

    let name = "7378312E73682EC9E7BBE1B1A3D5CF";
    let fci = format!("6F1C840F{name}A50988011E9F0C038601039000");
    let select = format!("00A404000F{name}00");
    // `*` stands for values that differ from card to card.
    let expected = [
        (select.as_str(), fci.as_str()),
        ("00A4020002EF05", "9000"),
        ("00B2010012", "0110990100D15600000500000001*9000"),
        ("00B2030006", "0304332E30309000"),
        ("00B207000B", "07094432313433353639589000"),
        (select.as_str(), fci.as_str()),
        ("0084000008", "*9000"),
        ("0084000008", "*9000"),
        ("0088000010*08", "*9000"),
        ("0084000008", "*9000"),
        ("0084000008", "*9000"),
        ("0082000A10*", "9000"),
        ("00A4020002EF05", "9000"),
        ("00B2030006", "0304332E30309000"),
        ("00B2050006", "0504202604019000"),
        ("00B2060006", "0604203604019000"),
        ("00A4020002EF06", "9000"),
        ("00B2080014", "08123131313131313139383130313031313131309000"),
        ("00B2090020", "091E*9000"),
        ("00B24E0016", "4E14*9000"),
    ];
    let log = log.borrow();
    for ((sent, answered), (command, answer)) in log.iter().zip(expected) {
        assert!(fits(sent, command), "{sent} instead of {command}");
        assert!(fits(answered, answer), "{answered} instead of {answer} to {sent}");
    }
    assert_eq!(log.len(), expected.len());
    // The second challenge is the factor and goes first: internal authentication sends factor ‖ original.
    let value = |at: usize| log[at].1.trim_end_matches("9000");
    assert_eq!(log[8].0, format!("0088000010{}{}08", &log[7].1[..16], &log[6].1[..16]));
    assert_eq!(
        &log[11].0[26..],
        &log[9].1[..16],
        "the first challenge is the original data"
    );
    assert_eq!(value(8).len(), 16);
}

fn fits(found: &str, pattern: &str) -> bool {
    match pattern.split_once('*') {
        None => found == pattern,
        Some((start, end)) => found.len() > start.len() + end.len() && found.starts_with(start) && found.ends_with(end),
    }
}

/// Before RKSSSE the card refuses EF06; the rule is told, and the session meets it when it can.
#[test]
fn the_rule_behind_a_refusal_is_told() {
    use card_model::words::{Explain, Lang};
    let mut keys = keys();
    let mut channel = crate::bench::issued("3.0", &mut keys);
    let mut session = Session::open(Box::new(&mut channel)).expect("a card");
    let reading = &session.read(&["SSSE/EF06", "DF04/EF06"]).expect("transport");
    let view = reading[0].view(Lang::En);
    assert_eq!(
        (view.ok, view.sw.as_deref(), view.elements.len()),
        (false, Some("6982"), 0)
    );
    let explain = |at: usize, lang| reading[at].error.as_ref().expect("refused").explain(lang);
    assert_eq!(
        explain(0, Lang::En).why.as_deref(),
        Some("6982: SSSE/EF06 needs RKSSSE; RKSSSE is missing")
    );
    assert_eq!(
        explain(1, Lang::En).why.as_deref(),
        Some("6982: DF04/EF06 needs PIN and RK1DF04; PIN and RK1DF04 are missing")
    );
    assert_eq!(
        explain(1, Lang::Zh).why.as_deref(),
        Some("6982：DF04/EF06 需要 PIN 和 RK1DF04；缺少 PIN 和 RK1DF04")
    );
    assert!(explain(1, Lang::En).next.expect("a next step").contains("RK1DF04"));

    // With the PIN verified only the key is missing.
    session
        .verify_pin(&crate::bench::pin(crate::bench::PIN))
        .expect("right");
    let reading = &session.read(&["DF04/EF06"]).expect("transport");
    let error = reading[0].error.as_ref().expect("refused");
    assert_eq!(
        error.explain(Lang::En).why.as_deref(),
        Some("6982: DF04/EF06 needs PIN and RK1DF04; RK1DF04 is missing")
    );
}

/// What the session derives from the profile is what the card model itself gives as its reason, file by file.
#[test]
fn the_rule_of_the_profile_is_the_rule_of_the_card() {
    for name in ["3.0", "2.0", "1.0"] {
        let mut keys = keys();
        let mut channel = crate::bench::issued(name, &mut keys);
        let mut session = Session::open(Box::new(&mut channel)).expect("a card");
        let mut refused = 0;
        for (df, file) in profile(name).files() {
            let path = format!("{}/{}", df.id, file.name());
            let Err(ReaderError::Refused { rule: Some(rule), .. }) = session.read_path(&path) else {
                continue;
            };
            let reason = session.channel().reason().expect("the model knows why");
            // The card knows keys by their identifiers only.
            let by_identifier = |text: &str| {
                let word = |word: &str| df.key(word).map_or(word.to_owned(), |key| format!("{:02X}", key.id));
                text.split(' ').map(word).collect::<Vec<_>>().join(" ")
            };
            assert_eq!(Some(by_identifier(&rule.condition)), reason.condition, "{name} {path}");
            let way = |parts: &Vec<String>| parts.iter().map(|part| by_identifier(part)).collect::<Vec<_>>();
            let ways: Vec<Vec<String>> = rule.missing.iter().map(way).collect();
            assert!(ways.contains(&reason.missing), "{path}: {ways:?} {:?}", reason.missing);
            refused += 1;
        }
        assert!(refused > 12, "{name}: {refused} files were refused");
    }
}

//! `ssc atr`: every kind of answer to reset, and errors that name the byte.
#![allow(clippy::expect_used, clippy::panic, reason = "a test that cannot go on fails")]

mod common;

use common::Place;

const CARD: &str = "0081544C968684990000000001";

#[test]
fn all_kinds_are_told_from_their_bytes() {
    let place = Place::new();
    for (bytes, kind, atr) in [
        (format!("3B6D0000{CARD}"), "atr", None),
        (format!("127880A002{CARD}"), "ats", Some(format!("3B8D8001{CARD}99"))),
        (format!("3B8D8001{CARD}99"), "pcsc_contactless", None),
    ] {
        let told = place.json(0, &["atr", &bytes]);
        assert_eq!(
            (told["kind"].as_str(), told["ok"].as_bool()),
            (Some(kind), Some(true)),
            "{told}"
        );
        assert_eq!(told["historical"], CARD);
        assert_eq!(told["factor"], CARD[10..]);
        assert_eq!(told["pcsc_atr"].as_str(), atr.as_deref());
        assert_eq!(told["objections"].as_array().map(Vec::len), Some(0), "{told}");
        let fields = told["fields"].as_array().expect("fields");
        let whole: String = fields.iter().filter_map(|field| field["bytes"].as_str()).collect();
        assert_eq!(whole, bytes, "every byte belongs to a field");
    }
    let fast = place.json(0, &["atr", "3B 7D 18 00 00", CARD]);
    assert_eq!(
        (&fast["speed"]["best"], &fast["speed"]["pps"]),
        (&115_200.into(), &"FF1018F7".into())
    );
}

#[test]
fn the_wrong_byte_is_named() {
    let place = Place::new();
    for (bytes, at) in [
        (format!("FF6D0000{CARD}"), 1),
        (format!("3B6D0000{CARD}00"), 18),
        (format!("3B6D0000{}", &CARD[..24]), 17),
        (format!("3B8D8001{CARD}98"), 18),
    ] {
        let told = place.json(1, &["atr", &bytes]);
        assert_eq!(told["damaged_at"], at, "{told}");
        let words = told["error"]["what"].as_str().expect("words");
        assert!(words.contains(&format!("byte {at}")), "{words}");
    }
    for wrong in ["3B6X", "3B6", " "] {
        let error = place.json(2, &["atr", wrong])["error"].clone();
        assert!(error["what"].is_string() && error["next"].is_string(), "{error}");
    }
    let chinese = place.run(&["atr", "3B6D00", "--lang", "zh"]).expect(1);
    assert!(
        chinese.stdout.contains("正向约定") && chinese.stderr.contains("第 4 字节"),
        "{}",
        chinese.stderr
    );
    // T=1 is allowed by ISO/IEC 7816, not on these cards.
    let other = place.json(0, &["atr", "3B 95 13 81 01 80 73 FF 01 00 0B"]);
    assert_eq!(other["objections"][0]["at"], 4, "{other}");
}

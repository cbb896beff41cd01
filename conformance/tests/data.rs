//! Check digits, the official iReadCardBas sample and rare characters against the code that reads and writes them.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use support::{bytes, list, load, text};

#[test]
fn card_numbers() {
    let data = load("check-digits.json");
    for number in list(&data["card_numbers"], "valid") {
        let number = number.as_str().unwrap();
        assert_eq!(
            personalize::numbers::CardNumber::parse(number).unwrap().as_str(),
            number
        );
    }
    for case in list(&data["card_numbers"], "invalid") {
        let number = text(case, "number");
        assert!(
            personalize::numbers::CardNumber::parse(number).is_err(),
            "{number}: {}",
            text(case, "why")
        );
    }
}

/// Other ways of writing a number lead to what the card holds.
#[test]
fn written_forms() {
    let data = load("check-digits.json");
    for case in list(&data["card_numbers"], "forms") {
        let parsed = personalize::numbers::CardNumber::parse(text(case, "written")).unwrap();
        assert_eq!(parsed.as_str(), text(case, "stored"), "{}", text(case, "why"));
    }
    for case in list(&data["citizen_numbers"], "forms") {
        let parsed = personalize::citizen::SocialSecurityNumber::parse(text(case, "written"));
        assert_eq!(parsed.unwrap().as_str(), text(case, "stored"), "{}", text(case, "why"));
    }
}

#[test]
fn citizen_numbers() {
    let data = load("check-digits.json");
    for number in list(&data["citizen_numbers"], "valid") {
        let number = number.as_str().unwrap();
        personalize::citizen::SocialSecurityNumber::parse(number).unwrap_or_else(|e| panic!("{number}: {e:?}"));
    }
    for case in list(&data["citizen_numbers"], "invalid") {
        let number = text(case, "number");
        let parsed = personalize::citizen::SocialSecurityNumber::parse(number);
        assert!(parsed.is_err(), "{number}: {}", text(case, "why"));
    }
}

/// The eleven items of the sample, and that its numbers obey the rules of the standard.
#[test]
fn read_card_bas_sample() {
    let data = load("read-card-bas.json");
    let sample = text(&data, "sample");
    let items: Vec<&str> = sample.strip_suffix('|').unwrap().split('|').collect();
    let names = [
        "region",
        "social_security_number",
        "card_number",
        "card_identification_code",
        "name",
        "historical_bytes",
        "version",
        "issue_date",
        "expiry_date",
        "terminal_number",
        "device_number",
    ];
    assert_eq!(items.len(), names.len());
    for (item, name) in items.iter().zip(names) {
        assert_eq!(*item, text(&data["items"], name), "{name}");
    }
    let code = hex::decode(items[3]).unwrap();
    assert_eq!(
        hex::encode(&code[..3]),
        items[0],
        "region in the card identification code"
    );
    assert_eq!(code[3..8], [0xD1, 0x56, 0x00, 0x00, 0x05]);
    assert_eq!(
        hex::decode(items[5]).unwrap()[9..],
        code[8..12],
        "serial in the historical bytes of this sample"
    );
    personalize::numbers::CardNumber::parse(items[2]).unwrap();
    personalize::citizen::SocialSecurityNumber::parse(items[1]).unwrap();
}

#[test]
fn rare_characters() {
    for test in list(&load("gb18030.json"), "tests") {
        let (written, expected) = (text(test, "text"), bytes(test, "bytes"));
        let (encoded, _, lossy) = encoding_rs::GB18030.encode(written);
        assert!(
            !lossy && *encoded == expected[..],
            "{written}: {}",
            hex::encode_upper(&encoded)
        );
        let (decoded, lossy) = encoding_rs::GB18030.decode_without_bom_handling(&expected);
        assert!(!lossy && decoded == written, "{written}: {decoded}");
    }
}

//! Codes from issue to verdict.

use super::payload::BODY;
use super::*;
use crate::ecard::qr::Picture;
use crate::script::SeededEntropy;
use card_model::sm2::PrivateKey;
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use std::collections::BTreeSet;

const CARD: u64 = 9_900_000_001;
const CHANNEL: u16 = 7;
const SEEING_A_DOCTOR: u8 = 2;

/// Entropy that can be repeated.
fn entropy(seed: u8) -> SeededEntropy {
    SeededEntropy::new([seed; 16])
}

fn now() -> Timestamp {
    "2026-11-22T08:00:00Z".parse().unwrap()
}

fn later(seconds: i64) -> Timestamp {
    now() + SignedDuration::from_secs(seconds)
}

struct Office {
    directory: Directory,
    ecard: PrivateKey,
    insurance: PrivateKey,
}

/// Issuer 1 of the electronic card, issuer 2 of the insurance credential.
fn office() -> Office {
    let (ecard, insurance) = (key(1), key(2));
    let mut directory = Directory::default();
    for (number, scheme, private) in [(1, "ecard", &ecard), (2, "insurance", &insurance)] {
        let mut issuer = Issuer::new(number, "TEST issuer", scheme).unwrap();
        issuer.keys.push(IssuerKey {
            number: 3,
            public: private.public_key(),
            from: later(-86_400),
            until: later(86_400),
        });
        directory.add(issuer).unwrap();
    }
    Office {
        directory,
        ecard,
        insurance,
    }
}

fn key(seed: u8) -> PrivateKey {
    PrivateKey::generate(&mut entropy(seed)).unwrap()
}

fn wish(kind: CodeKind) -> CodeRequest {
    CodeRequest {
        kind,
        card: CARD,
        channel: CHANNEL,
        scene: SEEING_A_DOCTOR,
    }
}

fn occasion(kind: CodeKind) -> Occasion {
    Occasion {
        kind,
        scene: SEEING_A_DOCTOR,
        channel: None,
        now: now(),
    }
}

impl Office {
    fn text(&self, kind: CodeKind) -> String {
        self.text_of(&wish(kind), 9)
    }

    fn text_of(&self, wish: &CodeRequest, seed: u8) -> String {
        let issuer = CodeIssuer::new(self.directory.issuer(1).unwrap(), self.ecard.clone());
        issuer
            .text(&issuer.issue(wish, now(), &mut entropy(seed)).unwrap())
            .unwrap()
    }

    fn refusal(&self, text: &str, occasion: &Occasion) -> Refusal {
        match self.verify(text, occasion, &mut SpentInMemory::default()) {
            Verdict::Refused(refusal) => refusal,
            Verdict::Accepted(accepted) => panic!("accepted: {accepted:?}"),
        }
    }

    fn verify(&self, text: &str, occasion: &Occasion, spent: &mut SpentInMemory) -> Verdict<'_> {
        Verifier::new(&self.directory).verify(text, occasion, spent).unwrap()
    }
}

#[test]
fn a_good_code_says_who_for_what_and_until_when() {
    let office = office();
    for kind in [CodeKind::Identity, CodeKind::Payment] {
        let text = office.text(kind);
        let Verdict::Accepted(accepted) = office.verify(&text, &occasion(kind), &mut SpentInMemory::default()) else {
            panic!("refused: {text}");
        };
        assert_eq!((accepted.code.card, accepted.code.channel), (CARD, CHANNEL));
        assert_eq!((accepted.code.kind, accepted.code.scene), (kind, SEEING_A_DOCTOR));
        assert_eq!(accepted.issuer.number, 1);
        assert_eq!(accepted.until, later(180 + 30));
    }
}

#[test]
fn compact_enough_for_a_fast_scan() {
    let office = office();
    let side = |kind| Picture::of(&office.text(kind)).unwrap().side();
    assert_eq!(office.text(CodeKind::Identity).len(), "SSC1:".len() + 137);
    assert_eq!(side(CodeKind::Identity), 41, "version 6");
    assert_eq!(side(CodeKind::Payment), 53, "version 9");
}

#[test]
fn three_minutes_and_the_clocks_difference() {
    let office = office();
    let text = office.text(CodeKind::Identity);
    let at = |seconds| Occasion {
        now: later(seconds),
        ..occasion(CodeKind::Identity)
    };
    for seconds in [-30, 0, 180, 210] {
        let verdict = office.verify(&text, &at(seconds), &mut SpentInMemory::default());
        assert!(matches!(verdict, Verdict::Accepted(_)), "{seconds}");
    }
    assert_eq!(office.refusal(&text, &at(-31)), Refusal::ClockAhead { seconds: 31 });
    assert_eq!(office.refusal(&text, &at(211)), Refusal::Expired { seconds: 31 });
}

#[test]
fn money_moves_once() {
    let office = office();
    let mut spent = SpentInMemory::default();
    let (identity, payment) = (office.text(CodeKind::Identity), office.text(CodeKind::Payment));
    for _ in 0..2 {
        let verdict = office.verify(&identity, &occasion(CodeKind::Identity), &mut spent);
        assert!(matches!(verdict, Verdict::Accepted(_)));
    }
    let pay = occasion(CodeKind::Payment);
    assert!(matches!(
        office.verify(&payment, &pay, &mut spent),
        Verdict::Accepted(_)
    ));
    assert_eq!(
        office.verify(&payment, &pay, &mut spent),
        Verdict::Refused(Refusal::Used)
    );
    // What may be forgotten is too old by itself.
    spent.forget_before(later(210));
    assert_eq!(
        office.verify(&payment, &pay, &mut spent),
        Verdict::Refused(Refusal::Used)
    );
    let fresh = office.text_of(&wish(CodeKind::Payment), 10);
    assert!(matches!(office.verify(&fresh, &pay, &mut spent), Verdict::Accepted(_)));
}

#[test]
fn a_code_is_for_its_occasion() {
    let office = office();
    let text = office.text(CodeKind::Identity);
    let here = occasion(CodeKind::Identity);
    let payment = occasion(CodeKind::Payment);
    let shown = CodeKind::Identity;
    assert_eq!(office.refusal(&text, &payment), Refusal::OtherKind { shown });
    let scene = "seeing a doctor 就医".to_owned();
    assert_eq!(
        office.refusal(&text, &Occasion { scene: 3, ..here }),
        Refusal::OtherScene { scene }
    );
    let channel = Some(8);
    let other = Refusal::OtherChannel { channel: CHANNEL };
    assert_eq!(office.refusal(&text, &Occasion { channel, ..here }), other);
    let channel = Some(CHANNEL);
    let verdict = office.verify(&text, &Occasion { channel, ..here }, &mut SpentInMemory::default());
    assert!(matches!(verdict, Verdict::Accepted(_)));
}

#[test]
fn foreign_unknown_and_altered_are_three_answers() {
    let office = office();
    let text = office.text(CodeKind::Identity);
    let here = occasion(CodeKind::Identity);
    let with = |change: fn(&mut [u8])| {
        let mut bytes = base45::decode(&text["SSC1:".len()..]).unwrap();
        change(&mut bytes);
        format!("SSC1:{}", base45::encode(bytes))
    };
    let refusal = |text: &str| office.refusal(text, &here);
    assert_eq!(
        refusal(&with(|bytes| bytes[2] = 9)),
        Refusal::ForeignIssuer { issuer: 9 }
    );
    assert_eq!(
        refusal(&with(|bytes| bytes[3] = 1)),
        Refusal::UnknownKey { issuer: 1, key: 1 }
    );
    // Before the key's period.
    assert_eq!(
        refusal(&with(|bytes| bytes[4] = 0)),
        Refusal::UnknownKey { issuer: 1, key: 3 }
    );
    assert_eq!(refusal(&with(|bytes| bytes[15] ^= 1)), Refusal::Altered);
    assert_eq!(
        refusal(&with(|bytes| bytes[2] = 2)),
        Refusal::Altered,
        "another issuer's key"
    );
    assert_eq!(refusal(&text.replace("SSC1", "MIC1")), Refusal::Altered);
    assert_eq!(
        refusal(&with(|bytes| bytes[0] = 0x11 + 0x10)),
        Refusal::NotACode,
        "layout 2"
    );
    assert_eq!(
        refusal(&with(|bytes| bytes[0] = 0x12)),
        Refusal::NotACode,
        "a payment code in the other's form"
    );
    assert_eq!(refusal(&with(|bytes| bytes[BODY..].fill(0))), Refusal::NotACode);
    for text in [
        "",
        "SSC1:",
        "https://example.com",
        &text[..text.len() - 3],
        &text.repeat(4),
    ] {
        assert_eq!(refusal(text), Refusal::NotACode, "{text}");
    }
    assert!(matches!(
        office.verify(&format!(" {text}\r\n"), &here, &mut SpentInMemory::default()),
        Verdict::Accepted(_)
    ));
}

/// The example of the EMV QR specification, consumer-presented mode, annex A, as several open implementations carry it:
/// well-formed, and none of ours.
#[test]
fn the_specifications_own_example_is_no_code_of_ours() {
    let example = "hQVDUFYwMWETTwegAAAAVVVVUAhQcm9kdWN0MWETTwegAAAAZmZmUAhQcm9kdWN0MmJJWggSNFZ4kBI0WF8gDkNBUkRIT0xERVIvRU1WXy0IcnVlc2RlZW5kIZ8QBwYBCgMAAACfJghYT9OF+iNLzJ82AgABnzcEbVjvEw==";
    assert_eq!(
        office().refusal(example, &occasion(CodeKind::Payment)),
        Refusal::NotACode
    );
}

/// Written down by hand from the specification's tables.
#[test]
fn the_consumer_presented_form_byte_by_byte() {
    use base64::Engine;
    let office = office();
    let bytes = base64::engine::general_purpose::STANDARD
        .decode(office.text(CodeKind::Payment))
        .unwrap();
    let head = [
        &[0x85, 5][..],
        b"CPV01",
        &[0x61, 0x71, 0x4F, 7, 0xD1, 0x56, 0x00, 0x00, 0x05, 0xEC, 0x01, 0x50, 7],
        b"SSC PAY",
        &[0x63, 0x5D, 0xC1, 0x5B, 0x12, 0x00, 0x01, 0x03],
    ]
    .concat();
    assert_eq!(bytes[..head.len()], head);
    assert_eq!(bytes.len(), 7 + 2 + 0x71);
}

#[test]
fn what_cannot_be_issued() {
    let office = office();
    let (ecard, insurance) = (office.directory.issuer(1).unwrap(), office.directory.issuer(2).unwrap());
    let refused = |issuer, private: &PrivateKey, wish: CodeRequest, now| {
        let issuer = CodeIssuer::new(issuer, private.clone());
        issuer.issue(&wish, now, &mut entropy(9)).unwrap_err().to_string()
    };
    let good = wish(CodeKind::Payment);
    let error = refused(ecard, &office.ecard, CodeRequest { scene: 99, ..good }, now());
    assert_eq!(error, "there is no scene 99; there are: 1, 2, 3, 4, 5, 6, 7, 8");
    let error = refused(ecard, &office.ecard, CodeRequest { scene: 1, ..good }, now());
    assert!(error.contains("identity check"), "{error}");
    for (issuer, private, now) in [
        (ecard, &office.insurance, now()),
        (ecard, &office.ecard, later(86_401)),
        (insurance, &office.insurance, later(-86_401)),
    ] {
        let error = refused(issuer, private, CodeRequest { scene: 3, ..good }, now);
        assert!(error.contains("belongs to no key"), "{error}");
    }
}

#[test]
fn every_refresh_gives_another_code() {
    let office = office();
    let issuer = CodeIssuer::new(office.directory.issuer(1).unwrap(), office.ecard.clone());
    let mut entropy = entropy(11);
    let texts: BTreeSet<_> = (0..50)
        .map(|_| {
            issuer
                .issue(&wish(CodeKind::Identity), now(), &mut entropy)
                .unwrap()
                .to_bytes()
        })
        .collect();
    assert_eq!(texts.len(), 50);
}

#[test]
fn a_directory_is_written_and_read_back() {
    let directory = office().directory;
    let text = directory.to_toml().unwrap();
    assert_eq!(text.parse::<Directory>().unwrap(), directory);
    for (from, to, field) in [
        ("number = 2", "number = 1", "issuer.number"),
        ("scheme = \"ecard\"", "scheme = \"bank\"", "bank"),
        ("2026-11-23", "2025-11-23", "issuer.key.until"),
        ("public_key = \"", "public_key = \"00", "issuer.key.public_key"),
        ("name", "nam", "nam"),
    ] {
        let error = text.replacen(from, to, 1).parse::<Directory>().unwrap_err().to_string();
        assert!(error.contains(field), "{error}");
    }
}

proptest! {
    #[test]
    fn no_text_is_taken_for_a_code(text in ".{0,300}") {
        prop_assert_eq!(office().refusal(&text, &occasion(CodeKind::Identity)), Refusal::NotACode);
    }

    /// Whatever bit is changed on the way, the code is refused.
    #[test]
    fn no_change_passes(payment: bool, bit in 0..91 * 8_usize) {
        let office = office();
        let kind = if payment { CodeKind::Payment } else { CodeKind::Identity };
        let issuer = CodeIssuer::new(office.directory.issuer(1).unwrap(), office.ecard.clone());
        let mut bytes = issuer.issue(&wish(kind), now(), &mut entropy(9)).unwrap().to_bytes();
        bytes[bit / 8] ^= 0x80 >> (bit % 8);
        if let Some(changed) = SignedCode::from_bytes(&bytes) {
            office.refusal(&issuer.text(&changed).unwrap(), &occasion(kind));
        }
    }

    #[test]
    fn bytes_are_read_as_written(issuer: u16, key: u8, issued: u32, card: u64, number: [u8; 8], channel: u16, scene: u8) {
        let code = Code { kind: CodeKind::Payment, issuer, key, issued, card, number, channel, scene };
        prop_assert_eq!(Code::from_bytes(&code.to_bytes()), Some(code));
    }
}

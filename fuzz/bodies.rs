//! What the fuzz targets do with their bytes. Shared by `fuzz_targets/*.rs` and, in every ordinary test run, by
//! `conformance/tests/fuzz_bodies.rs`. None of them may panic, whatever the bytes are.

#![allow(dead_code, reason = "each target uses one of them")]

use card_model::card::{Card, Interface};
use card_model::crypto::Algorithm;
use card_model::profile::Profile;
use card_model::psam::Psam;
use card_model::sm2::PrivateKey;
use jiff::Timestamp;
use personalize::ecard::code::{
    CodeIssuer, CodeKind, CodeRequest, Directory, Issuer, IssuerKey, Occasion, SpentInMemory, Verdict, Verifier,
};
use personalize::ledger::{BatchFile, Rules};
use personalize::{HolderRules, HoldersFile, Settings};
use reader::channel::vpcd::{Frames, Message, encode};
use reader::security::KeyFile;
use std::sync::LazyLock;
use support::{Terminal, TestEntropy};

#[allow(dead_code, reason = "made for the tests of the card, of which this one uses a part")]
#[path = "../card-model/tests/card/support.rs"]
mod support;

#[allow(dead_code, reason = "made for the tests of the PSAM, of which this one uses a part")]
#[path = "../card-model/tests/psam/support.rs"]
mod psam;

/// Images of an issued small card, SM4 and 3DES.
static ISSUED: LazyLock<[Vec<u8>; 2]> = LazyLock::new(|| {
    [Algorithm::Sm4, Algorithm::TripleDes].map(|a| Terminal::issued(a, Interface::Contact).card.image().to_vec())
});

/// A card with a certificate application: both key pairs, a certificate (`vectors/images`).
static CERTIFIED: &[u8] = include_bytes!("../vectors/images/format-2.img");

/// TEST issuers of codes, each with its key, and a code of each kind by the first.
static OFFICE: LazyLock<(Directory, [String; 2])> = LazyLock::new(|| {
    let mut directory = Directory::default();
    let keys = [1, 2].map(|seed| PrivateKey::generate(&mut TestEntropy(seed)).expect("a key"));
    for ((number, scheme), key) in [(1, "ecard"), (2, "insurance")].into_iter().zip(&keys) {
        let issuer = Issuer::new(number, "TEST", scheme).expect("built in");
        directory.add(issuer).expect("new");
        let key = IssuerKey {
            number: 3,
            public: key.public_key(),
            from: NOON,
            until: NOON,
        };
        directory.add_key(number, key).expect("new");
    }
    let [first, _] = keys;
    let issuer = CodeIssuer::new(directory.issuer(1).expect("added"), first);
    let codes = [CodeKind::Identity, CodeKind::Payment].map(|kind| {
        let request = CodeRequest {
            kind,
            card: 9_900_000_001,
            channel: 7,
            scene: 2,
        };
        let code = issuer.issue(&request, NOON, &mut TestEntropy(0x5EED)).expect("issued");
        issuer.text(&code).expect("written")
    });
    (directory, codes)
});

/// The moment at which all codes are shown.
const NOON: Timestamp = Timestamp::constant(1_767_337_200, 0);

/// Commands as `length bytes`; lengths F0 and above are other events: resets, power cuts.
pub fn card_apdus(data: &[u8]) {
    let Some((first, mut rest)) = data.split_first() else {
        return;
    };
    let image = if first & 4 == 0 {
        &ISSUED[usize::from(first & 1)][..]
    } else {
        CERTIFIED
    };
    let Ok(mut card) = Card::from_image(image) else { return };
    let mut entropy = TestEntropy(0x5EED);
    card.power_on(if first & 2 == 0 {
        Interface::Contact
    } else {
        Interface::Contactless
    });
    while let Some((length, tail)) = rest.split_first() {
        match length {
            0xF0 => drop(card.power_on(Interface::Contact)),
            0xF1 => drop(card.power_on(Interface::Contactless)),
            0xF2 => card.power_off(),
            0xF3..=0xFF => card.lose_power_after(Some(u64::from(length - 0xF3))),
            _ => {
                let (command, next) = tail.split_at(usize::from(*length).min(tail.len()));
                let before = card.image().len();
                if let Some(answer) = card.transmit(command, &mut entropy) {
                    let success = answer.sw == 0x9000 || answer.sw >> 8 == 0x61;
                    assert!(success || answer.data.is_empty(), "data with a refusal");
                }
                assert_eq!(card.image().len(), before);
                rest = next;
                continue;
            }
        }
        rest = tail;
    }
    card.lose_power_after(None);
    assert!(
        !card.power_on(Interface::Contact).is_empty(),
        "the card does not come back"
    );
    Card::from_image(card.image()).expect("the card's own image is readable");
}

/// An issued image with bytes replaced, `address2 byte` each, and cut if the last address stands alone.
pub fn card_image(data: &[u8]) {
    let Some((first, patches)) = data.split_first() else {
        return;
    };
    let mut image = ISSUED[usize::from(first & 1)].clone();
    for patch in patches.chunks(3) {
        let address = match patch {
            [high, low, ..] => usize::from(*high) << 8 | usize::from(*low),
            _ => continue,
        };
        match patch.get(2) {
            Some(byte) => {
                if let Some(target) = image.get_mut(address) {
                    *target = *byte;
                }
            }
            None => image.truncate(address),
        }
    }
    let _ = Card::from_image(data);
    let Ok(mut card) = Card::from_image(&image) else { return };
    card.inventory();
    card.power_on(Interface::Contact);
    let mut entropy = TestEntropy(1);
    for command in [
        "00A40000023F00",
        "80CA000000",
        "00A4000002DDF1",
        "0084000008",
        "00A4020002EF05",
        "00B2010500",
        "00B2010000",
        "00B2020600",
        "00DC0104020100",
        "00A4020002EF06",
        "00B2010400",
        "00A4020002EF07",
        "00B0000000",
        "00D6000001FF",
        "00A4020002EF08",
        "00B2010500",
        "00DC000303AABBCC",
        "00A4020002EF09",
        "00DC010404010200FF",
        "0020000003123456",
        "00A4000002DF01",
        "00B2010500",
        "00A4040205735831",
        "80440000",
        "80E40000",
    ] {
        let command = hex::decode(command).unwrap_or_default();
        let _ = card.transmit(&command, &mut entropy);
    }
    card.inventory();
}

/// A PSAM with one key of each kind.
static PSAM: LazyLock<Vec<u8>> = LazyLock::new(|| psam::Terminal::issued(Algorithm::Sm4).psam.image().to_vec());

/// Commands of a PSAM as `length bytes`; lengths F0 and above are resets and power cuts.
pub fn psam_apdus(mut data: &[u8]) {
    let Ok(mut psam) = Psam::from_image(&PSAM) else { return };
    let mut entropy = TestEntropy(0x5EED);
    psam.power_on(Interface::Contact);
    while let Some((length, tail)) = data.split_first() {
        match length {
            0xF0 => drop(psam.power_on(Interface::Contact)),
            0xF1..=0xFF => psam.lose_power_after(Some(u64::from(length - 0xF1))),
            _ => {
                let (command, next) = tail.split_at(usize::from(*length).min(tail.len()));
                if let Some(answer) = psam.transmit(command, &mut entropy) {
                    let success = answer.sw == 0x9000 || answer.sw >> 8 == 0x61;
                    assert!(success || answer.data.is_empty(), "data with a refusal");
                }
                data = next;
                continue;
            }
        }
        data = tail;
    }
    psam.lose_power_after(None);
    assert!(
        !psam.power_on(Interface::Contact).is_empty(),
        "the PSAM does not come back"
    );
    Psam::from_image(psam.image()).expect("the PSAM's own image is readable");
}

/// File control information.
pub fn fci(data: &[u8]) {
    if let Ok(fci) = reader::select::Fci::parse(data) {
        let _ = fci.cipher("110000");
    }
}

/// Answers to reset.
pub fn atr(data: &[u8]) {
    use card_model::words::Lang;
    let explained = reader::reset::explain(data);
    let _ = explained.card_reset_information();
    let _ = explained
        .damage
        .map(|damage| (damage.text(Lang::Zh), damage.text(Lang::En)));
    for field in &explained.fields {
        let _ = (field.text(Lang::Zh), field.text(Lang::En));
    }
    let _ = (reader::reset::historical(data), reader::reset::interface(data));
}

/// Tables of holders under every profile.
pub fn holders_csv(data: &[u8]) {
    let Ok(settings) = Settings::test_defaults() else {
        return;
    };
    for name in ["3.0", "1.0"] {
        let Ok(profile) = Profile::builtin(name) else { continue };
        let rules = HolderRules {
            profile,
            settings: &settings,
            today: jiff::civil::Date::constant(2026, 1, 2),
            accept_disagreement: data.first().is_some_and(|byte| byte & 1 == 1),
        };
        let none = |_: &str| Ok(vec![0xFF; 40]);
        if let Ok(file) = HoldersFile::parse(data, "fuzz.csv", &rules, &none) {
            use card_model::words::Lang;
            for problem in file.errors() {
                let _ = (problem.line(Lang::Zh, false), problem.line(Lang::En, true));
            }
            let _ = file.require_all("fuzz.csv");
        }
    }
}

/// Settings of an issuing office.
pub fn settings(data: &[u8]) {
    if let Ok(text) = core::str::from_utf8(data) {
        let _ = Settings::parse(text, "fuzz.toml");
    }
}

/// Profiles: from nothing, and as an overlay on a built-in one.
pub fn profile(data: &[u8]) {
    let Ok(text) = core::str::from_utf8(data) else { return };
    for text in [text.to_owned(), format!("extends = \"ssc-3.0\"\n{text}")] {
        if let Err(error) = Profile::load(&text, "fuzz.toml") {
            let _ = error.to_string();
        }
    }
}

/// Key files. The passphrase is never right: the armour and the head of the encrypted form are what is tried.
pub fn key_file(data: &[u8]) {
    let Ok(text) = core::str::from_utf8(data) else { return };
    if let Ok(keys) = KeyFile::from_plain("fuzz", text) {
        assert!(keys.test(), "plain key files hold TEST keys only");
        let _ = keys.list(true);
    }
}

/// Messages of the virtual reader, in pieces as a socket gives them.
pub fn vpcd_frames(data: &[u8]) {
    let mut frames = Frames::default();
    let mut taken = Vec::new();
    for chunk in data.chunks(7) {
        frames.feed(chunk);
        while let Some(message) = frames.next_message() {
            let _ = Message::parse(&message);
            taken.extend(encode(&message).unwrap_or_default());
        }
        let _ = frames.is_unfinished();
    }
    assert!(data.starts_with(&taken), "messages are the bytes that came");
}

/// Transcripts, recorded ones and those with patterns.
pub fn transcript(data: &[u8]) {
    if let Ok(text) = core::str::from_utf8(data) {
        let _ = conformance::flow::Flow::parse(text);
        let _ = reader::channel::TranscriptChannel::from_text("fuzz", text);
    }
}

/// Values of all elements of all profiles.
pub fn elements(data: &[u8]) {
    use card_model::words::Lang;
    let Some((which, bytes)) = data.split_first() else {
        return;
    };
    let Ok(profile) = Profile::builtin(["3.0", "2.0", "1.0"][usize::from(which % 3)]) else {
        return;
    };
    let records = reader::decode::split_records(bytes).unwrap_or_default();
    for (_, file) in profile.files() {
        for element in &file.elements {
            let value = reader::decode::decode(element, bytes);
            let _ = (value.text(Lang::Zh), value.to_json(), value.plain());
            if let Ok(text) = core::str::from_utf8(bytes)
                && let Ok(encoded) = reader::decode::encode(element, text)
            {
                assert_eq!(encoded.len(), usize::from(element.length), "{}", element.en);
            }
        }
        let _ = reader::decode::decode_records(file, None, &records);
        let _ = reader::decode::decode_cyclic(file, 1, bytes);
        let _ = reader::decode::decode_transparent(file, bytes);
    }
}

/// Certificates, requests, revocation lists, enveloped keys, cipher texts and names.
pub fn certificates(data: &[u8]) {
    use reader::certificate::{blob, chain, cipher, request, x509};
    if let Ok(certificate) = x509::Certificate::from_bytes(data) {
        let _ = (
            certificate.subject(),
            certificate.issuer(),
            certificate.serial(),
            certificate.to_pem(),
        );
        let _ = (
            certificate.key_usage(),
            certificate.constraints(),
            certificate.public_key(),
        );
        let store = chain::TrustStore {
            roots: vec![certificate.clone()],
            ..chain::TrustStore::default()
        };
        let _ = store.check(&certificate, chain::Purpose::Signature, certificate.not_before());
    }
    let _ = request::Request::from_bytes(data);
    let _ = chain::RevocationList::from_bytes(data);
    let _ = x509::certificates(data);
    let _ = x509::trim(data);
    if let Ok(key) = blob::EnvelopedKey::from_bytes(data) {
        assert!(key.to_bytes().is_ok());
    }
    if let Ok(cipher) = cipher::from_bytes(data) {
        let _ = cipher::to_der(&cipher);
    }
    if let Ok(text) = core::str::from_utf8(data) {
        let _ = request::name(text);
    }
}

/// Strings of the standard reader interface and of the HSM behind it.
pub fn driver_strings(data: &[u8]) {
    use reader::driver::{CardInfo, Encoding, FileAddress, FileValues, PayInfo, Settings};
    let Ok(text) = Encoding::Gbk.decode(data) else { return };
    if let Ok(files) = FileAddress::parse_list(&text) {
        assert!(files.iter().all(|file| !file.df.is_empty() && file.ef.len() == 4));
    }
    if let Ok(info) = CardInfo::parse(&text) {
        assert_eq!(CardInfo::parse(&info.to_string()), Ok(info));
    }
    if let Ok(request) = reader::hsm::Request::parse(&text) {
        assert_eq!(reader::hsm::Request::parse(&request.to_string()).ok(), Some(request));
    }
    let _ = (
        FileValues::parse_list(&text),
        PayInfo::parse(&text),
        Settings::from_toml(&text),
    );
}

/// Scanned texts: any, and codes with bytes replaced, `address byte` each. Nobody but the issuer makes one that is taken.
pub fn codes(data: &[u8]) {
    let Some((first, rest)) = data.split_first() else {
        return;
    };
    let (directory, good) = &*OFFICE;
    let place = usize::from(first & 1);
    let occasion = Occasion {
        kind: [CodeKind::Identity, CodeKind::Payment][place],
        scene: 2,
        channel: None,
        now: NOON,
    };
    let verdict = |text: &str| Verifier::new(directory).verify(text, &occasion, &mut SpentInMemory::default());
    let Ok(Verdict::Accepted(accepted)) = verdict(&good[place]) else {
        panic!("a good code is taken");
    };
    let mut text = rest.to_vec();
    if first & 2 == 0 {
        text = good[place].clone().into_bytes();
        for patch in rest.chunks_exact(2) {
            let address = usize::from(patch[0]) % text.len();
            text[address] = patch[1];
        }
    }
    let Ok(text) = core::str::from_utf8(&text) else { return };
    if let Ok(Verdict::Accepted(other)) = verdict(text) {
        assert_eq!(other.code, accepted.code, "{text}");
    }
}

/// Files of the ledger: tables of applications, the rules of a province, the directory of issuers.
pub fn ledger_files(data: &[u8]) {
    if let Ok(file) = BatchFile::parse(data, std::path::Path::new("fuzz.csv"), "employer") {
        let _ = file.rows();
    }
    let Ok(text) = core::str::from_utf8(data) else { return };
    let _ = Rules::parse(text, "fuzz.toml");
    if let Ok(directory) = text.parse::<Directory>() {
        let written = directory.to_toml().expect("read before");
        assert_eq!(written.parse::<Directory>().ok(), Some(directory));
    }
}

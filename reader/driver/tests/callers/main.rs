//! A C program and a Python program call every function: on simulated cards, and through a real pcscd with two virtual
//! readers, card and PSAM; with the PSAM, in steps with an HSM, and with the HSM service.
#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

#[allow(dead_code, reason = "each test file uses its part")]
#[path = "../../../tests/session/bench.rs"]
mod bench;
mod built;
mod caller;
mod examples;
mod first_generation;
mod page;
mod service;
#[allow(dead_code, reason = "each test file uses its part")]
#[path = "../../../tests/driver/support.rs"]
mod support;
mod trouble;

use caller::{Caller, Language};
use card_model::card::Interface;
use card_model::sm2::{DEFAULT_ID, Signature};
use reader::certificate::x509::Certificate;
use reader::channel::ModelChannel;
use reader::channel::daemon::PrivateDaemon;
use reader::channel::vpcd::{self, ServeOptions};
use reader::driver::Encoding;
use reader::hsm::StringHsm;
use service::{Service, ministry};
use std::process::Command;
use support::{PsamSample, Sample, certify, items, kinds};

const OLD: &str = "123456";
const NEW: &str = "654321";
const FILE: &str = "DF01EF07|29|$";
const PAY: &str = "0.10|0.20|20260401093000|";

/// The eleven items, and pCardInfo.
fn basics(text: &str, version: &str, terminal: &str) -> String {
    let parts = items(text);
    assert_eq!(parts.len(), 11, "{text}");
    let historical = hex::encode_upper(bench::HISTORICAL);
    assert_eq!(parts[..3], ["990100", "111111198101011110", "D2143569X"]);
    assert_eq!(
        parts[4..],
        ["张三", &historical, version, "20260401", "20360401", terminal, ""]
    );
    format!("{}|{}|", parts[3], parts[2])
}

/// Every function with the PSAM.
fn with_psam(caller: &mut Caller, slot: &str, version: &str) {
    let text = caller.done("iReadCardBas", &[slot]);
    let info = basics(&text, version, "000000123456");
    assert_eq!(
        caller.done("iWriteCard", &[slot, &info, "SSSEEF06|09|$", "SSSEEF06|㐂三|$"]),
        ""
    );
    assert_eq!(
        caller.done("iReadCard", &[slot, "2", &info, "SSSEEF06|09|$"]),
        "SSSEEF06|㐂三|$"
    );
    caller.done("iWriteCard", &[slot, &info, "SSSEEF06|09|$", "SSSEEF06|张三|$"]);
    caller.done("iWriteCard", &[slot, &info, FILE, "DF01EF07|1|$"]);
    caller.pins(OLD, NEW);
    assert_eq!(caller.done("iReadCard", &[slot, "1", &info, FILE]), "DF01EF07|1|$");
    assert_eq!(caller.done("iVerifyPIN", &[slot]), "");
    assert_eq!(caller.done("iChangePIN", &[slot]), "");
    let (code, words) = caller.call("iVerifyPIN", &[slot]);
    assert_eq!(code, -51, "{words}");
    assert!(words.contains("剩余2次"), "{words}");
    assert_eq!(caller.done("iUnblockPIN", &[slot, &info]), "");
    caller.pins(NEW, OLD);
    caller.done("iVerifyPIN", &[slot]);
    assert_eq!(caller.done("iReloadPIN", &[slot, &info]), "");
    caller.pins(OLD, NEW);
    let debit = caller.done("iDoDebit", &[slot, &info, PAY]);
    assert_eq!(items(&debit)[1..5], ["017F", "0000000A00000014", "32", "000000123456"]);
    let log = caller.done("iReadDebitRecord", &[slot]);
    assert_eq!(log, "0000^000000123456^20260401093000^0.10^0.20^|");
    assert_eq!(caller.call("iReadCard", &[slot, "2", "x", FILE]).0, -23);
    assert_eq!(caller.call("iReadCard", &[slot, "2", "\\N", FILE]).0, -14);
}

/// Signatures and envelopes with the keys of the card; nothing of it needs a PSAM.
fn with_certificates(caller: &mut Caller, slot: &str) {
    const TEXT: &str = "缴费100.00元，张㐂";
    let signature = caller.done("PKI_SignData", &[OLD, TEXT, slot]);
    assert_eq!(items(&signature)[0].len(), 128);
    let certificate = caller.done("SSCardDriver_ReadCert", &["1", slot]);
    for certificate in ["", certificate.as_str()] {
        for pin in ["\\N", OLD] {
            let arguments = [pin, certificate, TEXT, signature.as_str(), slot];
            assert_eq!(caller.done("PKI_VerifySign", &arguments), "");
        }
    }
    // The bytes of the interface's encoding were signed, nothing else.
    let key = Certificate::from_der(&hex::decode(items(&certificate)[0]).unwrap()).unwrap();
    let key = key.public_key().unwrap();
    let parsed = Signature::from_bytes(&hex::decode(items(&signature)[0]).unwrap()).unwrap();
    assert!(key.verify(&key.digest(DEFAULT_ID, &Encoding::Gbk.encode(TEXT)), &parsed));
    let (code, words) = caller.call("PKI_VerifySign", &["\\N", "", "别的", &signature, slot]);
    assert_eq!((code, words.contains("签名不正确")), (-25344, true), "{words}");
    for certificate in ["", &caller.done("SSCardDriver_ReadCert", &["2", slot])] {
        let envelope = caller.done("PKI_SealEnvelope", &["\\N", certificate, TEXT, slot]);
        assert_eq!(caller.done("PKI_OpenEnvelope", &[OLD, &envelope, slot]), TEXT);
    }
    let (code, words) = caller.call("PKI_SignData", &["0000", TEXT, slot]);
    assert!((-25551..-25536).contains(&code), "{code} {words}");
    assert!(!words.contains("外部认证"), "{words}");
    caller.done("PKI_SignData", &[OLD, TEXT, slot]);
    assert_eq!(caller.call("PKI_SignData", &["\\N", TEXT, slot]).0, -14);
    assert_eq!(
        caller
            .call("PKI_SealEnvelope", &["\\N", "", &"x".repeat(10_500), slot])
            .0,
        -42
    );
}

/// Every step with an HSM.
fn with_hsm(caller: &mut Caller, hsm: &StringHsm, slot: &str, version: &str) {
    let (code, words) = caller.call("iReadCardBas", &[slot]);
    assert_eq!((code, words.starts_with("无PSAM卡")), (-2201, true), "{words}");
    let first = caller.done("iReadCardBas_HSM_Step1", &[slot]);
    let area = items(&first)[..2].join("|");
    let ask = |kind: &str, items: &str| hsm.answer(&format!("{kind}|{area}|{items}")).expect("an answer");
    let answer = hsm.answer(&format!("01|{first}")).expect("an answer");
    let text = caller.done("iReadCardBas_HSM_Step2", &[&answer]);
    let info = basics(&text, version, "000000000000");
    let first = caller.done("iWriteCard_HSM_Step1", &[slot, &info, FILE]);
    caller.done("iWriteCard_HSM_Step2", &[&ask("02", &first), "DF01EF07|2|$"]);
    let first = caller.done("iReadCard_HSM_Step1", &[slot, &info, FILE]);
    assert_eq!(
        caller.done("iReadCard_HSM_Step2", &[&ask("02", &first)]),
        "DF01EF07|2|$"
    );
    caller.pins(OLD, NEW);
    let first = caller.done("iReloadPIN_HSM_Step1", &[slot, &info]);
    let second = caller.done("iReloadPIN_HSM_Step2", &[&ask("02", &first)]);
    caller.done("iReloadPIN_HSM_Step3", &[&ask("03", &second)]);
    caller.pins(NEW, OLD);
    caller.done("iVerifyPIN", &[slot]);
    let first = caller.done("iUnblockPIN_HSM_Step1", &[slot, &info]);
    let second = caller.done("iUnblockPIN_HSM_Step2", &[&ask("02", &first)]);
    caller.done("iUnblockPIN_HSM_Step3", &[&ask("03", &second)]);
    let first = caller.done("iDoDebit_HSM_Step1", &[slot, &info, PAY]);
    let answer = ask("04", &format!("00000001|{}", first));
    let parts = items(&answer);
    let second = caller.done(
        "iDoDebit_HSM_Step2",
        &[&format!("{}|{}|{}|", parts[0], parts[1], parts[2])],
    );
    let done = items(&second);
    assert_eq!((done.len(), done[0], done[8]), (9, parts[3], parts[4]), "MAC2 and TAC");
    assert_eq!(caller.call("iDoDebit_HSM_Step2", &["x"]).0, -12);
    // And all at once, with the service of the settings.
    assert_eq!(caller.done("iReadCardBas_HSM", &[slot]), text);
    assert_eq!(caller.done("iReadCard_HSM", &[slot, "2", &info, FILE]), "DF01EF07|2|$");
    caller.done("iWriteCard_HSM", &[slot, &info, FILE, "DF01EF07|1|$"]);
    caller.done("iUnblockPIN_HSM", &[slot, &info]);
    caller.done("iReloadPIN_HSM", &[slot, &info]);
    caller.pins(OLD, NEW);
    assert_eq!(items(&caller.done("iDoDebit_HSM", &[slot, &info, PAY])).len(), 8);
    assert_eq!(items(&caller.done("iReadDebitRecord", &[slot])).len(), 2);
}

/// iType of a slot.
fn slot(interface: Interface) -> &'static str {
    match interface {
        Interface::Contact => "1",
        Interface::Contactless => "2",
    }
}

fn version(name: &'static str) -> &'static str {
    &bench::profile(name).specification_version
}

fn has_certificates(name: &'static str) -> bool {
    bench::profile(name).certificate_application().is_some()
}

fn cards() -> Vec<(&'static str, Interface)> {
    kinds().into_iter().filter(|(name, _)| *name != "1.0").collect()
}

#[test]
fn simulated_cards() {
    for (name, interface) in cards() {
        for language in [Language::C, Language::Python] {
            let folder = tempfile::tempdir().unwrap();
            let path = |name: &str| folder.path().join(name);
            let mut keys = bench::keys();
            let card = Sample::of(name).card(&mut keys).into_card().unwrap();
            drop(ModelChannel::create(path("card"), card, Interface::Contact).unwrap());
            let psam = PsamSample::default().issue(&keys).into_card().unwrap();
            drop(ModelChannel::create(path("psam"), psam, Interface::Contact).unwrap());
            let sim = |name: &str| format!("sim:{}", path(name).display());
            let service = Service::start(&keys);
            let mut settings = vec![
                ("SSC_DRIVER_CONTACT", sim("card")),
                ("SSC_DRIVER_CONTACTLESS", sim("card")),
                ("SSC_DRIVER_HSM", service.url()),
                ("SSC_DRIVER_PSAM", sim("none")),
            ];
            let command = || language.command(|path| Command::new(path));
            with_hsm(
                &mut Caller::start(command(), &settings),
                &ministry(&keys),
                slot(interface),
                version(name),
            );
            // A new card for the next round: its log is empty again.
            std::fs::remove_file(path("card")).unwrap();
            let mut card = Sample::of(name).card(&mut keys);
            if has_certificates(name) {
                certify(&mut card);
            }
            drop(ModelChannel::create(path("card"), card.into_card().unwrap(), Interface::Contact).unwrap());
            settings.last_mut().unwrap().1 = sim("psam");
            let mut caller = Caller::start(command(), &settings);
            with_psam(&mut caller, slot(interface), version(name));
            if has_certificates(name) {
                with_certificates(&mut caller, slot(interface));
            } else {
                assert_eq!(caller.call("PKI_SignData", &[OLD, "text", slot(interface)]).0, -13);
            }
            if language == Language::C {
                // SELECT of the environment on the card, a challenge of the PSAM, by the functions beneath.
                let icc = Caller::start(command(), &settings).done("icc", &[]);
                assert!(
                    icc.starts_with("card 17 ") && icc.ends_with("9000 psam 17 10 closed -12"),
                    "{icc}"
                );
            }
        }
    }
}

#[test]
fn through_pcscd() {
    let mut keys = bench::keys();
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("driver.toml");
    // The virtual reader needs a moment to see a card.
    std::fs::write(&config, "card_timeout = 10\n").unwrap();
    for (name, interface) in cards() {
        for (language, psam) in [
            (Language::C, true),
            (Language::Python, true),
            (Language::C, false),
            (Language::Python, false),
        ] {
            let daemon = PrivateDaemon::start("SSC Test").unwrap_or_else(|error| panic!("{error:?}"));
            let mut card = Sample::of(name).card(&mut keys);
            if psam && has_certificates(name) {
                certify(&mut card);
            }
            card.change_interface(interface).unwrap();
            let options = ServeOptions { reconnect: true };
            let _card = vpcd::insert(card, &daemon.address(0), options).unwrap();
            let slot_of_psam = psam.then(|| {
                let psam = PsamSample::default().issue(&keys);
                vpcd::insert(psam, &daemon.address(1), options).unwrap()
            });
            let service = Service::start(&keys);
            let settings = [
                ("SSC_DRIVER_CONFIG", config.display().to_string()),
                ("SSC_DRIVER_CONTACT", daemon.reader(0)),
                ("SSC_DRIVER_CONTACTLESS", daemon.reader(0)),
                ("SSC_DRIVER_HSM", service.url()),
                ("SSC_DRIVER_PSAM", daemon.reader(1)),
            ];
            let mut caller = Caller::start(language.command(|path| daemon.command(path)), &settings);
            if psam {
                with_psam(&mut caller, slot(interface), version(name));
                if has_certificates(name) {
                    with_certificates(&mut caller, slot(interface));
                }
            } else {
                with_hsm(&mut caller, &ministry(&keys), slot(interface), version(name));
            }
            drop(slot_of_psam);
        }
    }
}

/// NULL and strings without an end in every place: an error code, and valgrind sees no byte too much.
#[test]
fn hostile_pointers() {
    let mut command = Command::new("valgrind");
    command
        .args(["-q", "--error-exitcode=9"])
        .arg(built::program("tests/callers/caller.c"));
    let settings = [("SSC_DRIVER_CONTACT", "sim:/nonexistent".to_owned())];
    let mut caller = Caller::start(command, &settings);
    assert_eq!(caller.done("hostile", &[]), "");
    caller.end();
}

//! Return codes that need a slot or a card of their own; the other tests cause the rest.

use crate::bench::{HISTORICAL, keys, profile};
use crate::support::*;
use card_model::card::{Card, Interface};
use reader::channel::{Channel, ModelChannel, Reset, TransportError, system_entropy};
use reader::driver::{self, Driver, Settings, Slots};
use std::path::PathBuf;

fn reader() -> String {
    "slot".to_owned()
}

#[test]
fn faults_of_the_reader() {
    let faults: [(Fault, i32); 9] = [
        (|| TransportError::NoCard { reader: reader() }, -2),
        (|| TransportError::CardRemoved { reader: reader() }, -2),
        (|| TransportError::ResetByOther { reader: reader() }, -3),
        (|| TransportError::Mute { reader: reader() }, -4),
        (|| TransportError::NotBuilt, -5),
        (|| TransportError::NoReader, -11),
        (|| TransportError::ServiceDown, -11),
        (|| TransportError::HeldByOther { reader: reader() }, -11),
        (|| TransportError::Endless { rounds: 64 }, -15),
    ];
    for (fault, code) in faults {
        let slots = MemorySlots {
            fault: Some(fault),
            ..MemorySlots::default()
        };
        let driver = Driver::with_slots(Settings::default(), Box::new(slots));
        for i_type in 1..=4 {
            let failure = driver.read_card_bas(i_type).expect_err("a fault");
            assert_eq!(failure.code.0, code, "{failure}");
        }
        assert_eq!(driver.verify_pin(3).expect_err("a fault").code.0, code);
    }
}

#[test]
fn slots_are_one_to_four() {
    let world = World::new("3.0", Interface::Contact, With::Psam);
    for i_type in [0, 5, -1, i32::MIN, i32::MAX] {
        assert_eq!(world.code(world.driver.read_card_bas(i_type)), -14);
        assert_eq!(world.code(world.driver.read_card_bas_hsm_step1(i_type)), -14);
        assert_eq!(world.code(world.driver.verify_pin(i_type)), -14);
        assert_eq!(world.code(world.driver.read_debit_record(i_type)), -14);
    }
}

#[test]
fn steps_without_the_step_before() {
    let world = World::new("3.0", Interface::Contact, With::Psam);
    let driver = &world.driver;
    let outcomes = [
        driver.read_card_bas_hsm_step2(""),
        driver.read_card_hsm_step2(""),
        driver.write_card_hsm_step2("", ""),
        driver.reload_pin_hsm_step2(""),
        driver.reload_pin_hsm_step3(""),
        driver.unblock_pin_hsm_step2(""),
        driver.unblock_pin_hsm_step3(""),
        driver.do_debit_hsm_step2(""),
    ];
    assert_eq!(outcomes.map(|outcome| world.code(outcome)), [-12; 8]);
}

/// A chip that says the same to everything.
struct Parrot(Reset, Vec<u8>);

impl Channel for Parrot {
    fn name(&self) -> &str {
        "parrot"
    }
    fn reset_answer(&self) -> &Reset {
        &self.0
    }
    fn transmit(&mut self, _command: &[u8]) -> Result<Vec<u8>, TransportError> {
        Ok(self.1.clone())
    }
    fn reset(&mut self) -> Result<(), TransportError> {
        Ok(())
    }
}

/// Slots with a chip that is made anew for each call.
struct Fresh<F>(F);

impl<F: FnMut() -> driver::Card + Send> Slots for Fresh<F> {
    fn card(&mut self, _interface: Interface) -> Result<driver::Card, TransportError> {
        Ok((self.0)())
    }
    fn psam(&mut self) -> Result<driver::Card, TransportError> {
        Ok((self.0)())
    }
}

pub fn with_card(make: impl FnMut() -> driver::Card + Send + 'static) -> Driver {
    Driver::with_slots(Settings::default(), Box::new(Fresh(make)))
}

/// A driver with a card that says the same to everything.
pub fn says(sw: [u8; 2]) -> Driver {
    with_card(move || {
        let reset = Reset {
            bytes: vec![0x3B, 0x00],
            interface: Interface::Contact,
        };
        Box::new(Parrot(reset, sw.to_vec()))
    })
}

#[test]
fn cards_of_another_kind() {
    assert_eq!(says([0x6A, 0x82]).verify_pin(1).expect_err("no such card").code.0, -1);
    assert_eq!(says([0x6D, 0x00]).verify_pin(1).expect_err("no such card").code.0, -1);
    assert_eq!(says([0x93, 0x03]).verify_pin(1).expect_err("blocked").code.0, -37635);
    assert_eq!(says([0x6A, 0x81]).verify_pin(1).expect_err("blocked").code.0, -27265);
    assert_eq!(says([0x61, 0x01]).verify_pin(1).expect_err("endless").code.0, -15);
    // A social security card in the PSAM's slot is no PSAM.
    let card = || -> driver::Card { Box::new(Sample::of("3.0").card(&mut keys())) };
    assert_eq!(with_card(card).read_card_bas(1).expect_err("no PSAM").code.0, -2201);
    // A blank card has no environment.
    let blank = || -> driver::Card {
        let card = Card::blank(profile("3.0"), HISTORICAL);
        Box::new(ModelChannel::new(card, Interface::Contact, system_entropy().unwrap()))
    };
    assert_eq!(with_card(blank).verify_pin(1).expect_err("blank").code.0, -1);
}

/// A structure without a card identification code has nothing to diversify keys by.
#[test]
fn a_card_without_an_identification_code() {
    let card = || -> driver::Card {
        let mut keys = keys();
        Box::new(crate::bench::card(profile("3.0"), &mut keys, Interface::Contact))
    };
    assert_eq!(
        with_card(card).read_card_bas_hsm_step1(1).expect_err("no id").code.0,
        -20
    );
}

/// Simulated cards, PSAM and key file named by the settings.
#[test]
fn settings_name_the_slots() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| -> PathBuf { directory.path().join(name) };
    let mut keys = keys();
    let card = Sample::of("3.0").card(&mut keys).into_card().unwrap();
    drop(ModelChannel::create(path("card"), card, Interface::Contact).unwrap());
    let psam = PsamSample::default().issue(&keys).into_card().unwrap();
    drop(ModelChannel::create(path("psam"), psam, Interface::Contact).unwrap());
    keys.save(&path("keys.toml"), None).unwrap();
    let sim = |name: &str| Some(format!("sim:{}", path(name).display()));
    let with_psam = Settings {
        contact: sim("card"),
        contactless: sim("card"),
        psam: sim("psam"),
        log: Some(path("log")),
        ..Settings::default()
    };
    let with_keys = Settings {
        psam: None,
        keys: Some(path("keys.toml")),
        terminal: [0, 0, 0, 0x12, 0x34, 0x56],
        ..with_psam.clone()
    };
    let expected = Driver::new(with_psam.clone()).read_card_bas(1).expect("contact");
    for i_type in 2..=4 {
        assert_eq!(
            Driver::new(with_psam.clone()).read_card_bas(i_type).expect("read"),
            expected
        );
        assert_eq!(
            Driver::new(with_keys.clone()).read_card_bas(i_type).expect("read"),
            expected
        );
    }
    let missing = Settings {
        contact: sim("none"),
        contactless: None,
        ..with_psam.clone()
    };
    assert_eq!(
        Driver::new(missing.clone())
            .read_card_bas(3)
            .expect_err("no file")
            .code
            .0,
        -2
    );
    assert_eq!(
        Driver::new(missing).read_card_bas(2).expect_err("no such slot").code.0,
        -2
    );
    // The log tells of every call, and of nobody.
    let log = std::fs::read_to_string(path("log")).unwrap();
    assert!(
        log.contains("iReadCardBas() -> 0") && log.contains("00A4020002EF05"),
        "{log}"
    );
    let secret = encoding_rs_name();
    for hidden in [
        "111111198101011110",
        "张三",
        hex::encode_upper("111111198101011110").as_str(),
        secret.as_str(),
    ] {
        assert!(!log.contains(hidden), "{hidden} stands in the log");
    }
}

/// 张三 in the hex of the card.
fn encoding_rs_name() -> String {
    hex::encode_upper([0xD5, 0xC5, 0xC8, 0xFD])
}

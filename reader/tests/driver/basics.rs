//! iReadCardBas with a PSAM and in two steps with an HSM.

use crate::bench::{HISTORICAL, profile};
use crate::support::*;
use card_model::card::Interface;
use card_model::psam::Cipher;
use personalize::psam::PsamLevel;
use reader::driver::Settings;

/// The eleven items of the sample card.
fn expected(version: &str, card_id: &str, terminal: &str) -> String {
    let historical = hex::encode_upper(HISTORICAL);
    format!("990100|111111198101011110|D2143569X|{card_id}|张三|{historical}|{version}|20260401|20360401|{terminal}||")
}

fn card_id(world: &World) -> String {
    items(&world.info)[0].to_owned()
}

#[test]
fn eleven_items_with_a_psam() {
    for (name, interface) in kinds() {
        let world = World::new(name, interface, With::Psam);
        let version = &profile(name).specification_version;
        let whole = expected(version, &card_id(&world), "000000123456");
        assert_eq!(
            world.driver.read_card_bas(world.i_type).expect(name),
            whole,
            "{name} {interface:?}"
        );
        world.assert_closed();
        for i_type in [3, 4] {
            assert_eq!(
                world.driver.read_card_bas(i_type).expect(name),
                whole,
                "{name} iType {i_type}"
            );
        }
        let other = if world.i_type == 1 { 2 } else { 1 };
        assert_eq!(world.code(world.driver.read_card_bas(other)), -2);
    }
}

#[test]
fn eleven_items_with_an_hsm() {
    for (name, interface) in kinds() {
        let world = World::new(name, interface, With::Hsm);
        assert_eq!(world.code(world.driver.read_card_bas(world.i_type)), -2201);
        let first = world.driver.read_card_bas_hsm_step1(world.i_type).expect("open");
        world.assert_open();
        let parts = items(&first);
        assert_eq!(parts.len(), 8, "{first}");
        let id = card_id(&world);
        let algorithm = if name == "3.0" { "03" } else { "01" };
        assert_eq!(parts[..4], ["990100", &hex::encode_upper(HISTORICAL), algorithm, &id]);
        assert!(parts[4..6].iter().all(|item| item.len() == 16));
        let external = if name == "3.0" { 16 } else { 0 };
        assert!(parts[6..].iter().all(|item| item.len() == external), "{first}");
        let request = format!(
            "01|{}|{}|{}|{}|",
            parts[..2].join("|"),
            algorithm,
            id,
            parts[4..].join("|")
        );
        let answer = world.hsm().answer(&request).expect("a request");
        let text = world.driver.read_card_bas_hsm_step2(&answer).expect("genuine");
        assert_eq!(
            text,
            expected(&profile(name).specification_version, &id, "000000000000")
        );
        world.assert_closed();
        assert_eq!(
            world.driver.read_card_bas_hsm(world.i_type).expect("with the fallback"),
            text
        );
        assert_eq!(
            world.code(world.driver.read_card_bas_hsm_step2(&answer)),
            -12,
            "a replayed step"
        );
    }
}

/// The sample of IF38, from a card that holds its data.
#[test]
fn the_official_sample() {
    const SAMPLE: &str = "639900|111111198101011110|X00000019|639900D15600000500BF7C7A48FB4966|张三|\
                          00814E43238697159900BF7C7A|1.00|20101001|20201001|410100813475|终端设备号|";
    let mut sample = Sample::of("1.0");
    sample.region = "639900";
    sample.historical = hex::decode("00814E43238697159900BF7C7A").unwrap().try_into().unwrap();
    sample.card_id = "639900D15600000500BF7C7A48FB4966";
    for (path, text) in [
        ("SSSE/EF05/03", "1.00"),
        ("SSSE/EF05/05", "20101001"),
        ("SSSE/EF05/06", "20201001"),
        ("SSSE/EF05/07", "X00000019"),
    ] {
        sample.values.retain(|(known, _)| *known != path);
        sample.values.push((path, text.to_owned()));
    }
    let psam = PsamSample {
        region: Some("410100"),
        number: 813_475,
        ..PsamSample::default()
    };
    let settings = Settings {
        device: "终端设备号".to_owned(),
        ..Settings::default()
    };
    let world = World::of(&sample, Interface::Contact, Some(&psam), settings);
    assert_eq!(world.driver.read_card_bas(3).expect("read"), SAMPLE);
}

#[test]
fn long_names_and_a_ninth_item() {
    let mut sample = Sample::of("3.0");
    let name = "阿卜杜热合曼·吐尔逊江买买提依明";
    sample.values.push(("SSSE/EF06/09", name.to_owned()));
    let settings = Settings {
        terminal_code: Some("0".repeat(32)),
        ..Settings::default()
    };
    let world = World::of(&sample, Interface::Contact, Some(&PsamSample::default()), settings);
    assert_eq!(items(&world.driver.read_card_bas(1).expect("read"))[4], name);
    let first = world.driver.read_card_bas_hsm_step1(1).expect("open");
    assert_eq!(items(&first).len(), 9);
    assert_eq!(items(&world.driver.read_card_bas_hsm(1).expect("read"))[4], name);
}

/// A card without holder: items 2, 3 and 5 are empty.
#[test]
fn a_card_without_a_holder() {
    for name in ["3.0", "2.0"] {
        let mut sample = Sample::of(name);
        sample.values.retain(|(path, _)| *path == "SSSE/EF05/03");
        let world = World::of(
            &sample,
            Interface::Contact,
            Some(&PsamSample::default()),
            Settings::default(),
        );
        let text = world.driver.read_card_bas(1).expect("read");
        let items = items(&text);
        assert_eq!(
            [items[1], items[2], items[4], items[7], items[8]],
            ["", "", "", "", ""],
            "{text}"
        );
        assert_eq!(items[0], "990100");
    }
}

#[test]
fn what_is_wrong_with_the_psam() {
    let without_sm4 = PsamSample {
        without_ciphers: &[Cipher::Sm4],
        ..PsamSample::default()
    };
    let without_key = PsamSample {
        without: &["RKSSSE"],
        ..PsamSample::default()
    };
    let without_irk = PsamSample {
        without: &["IRK"],
        ..PsamSample::default()
    };
    let of_another_city = PsamSample {
        level: PsamLevel::City,
        region: Some("990200"),
        ..PsamSample::default()
    };
    for (name, psam, code) in [
        ("3.0", &without_sm4, -2202),
        ("3.0", &without_key, -2203),
        ("3.0", &of_another_city, -24),
        ("2.0", &of_another_city, -24),
        ("2.0", &without_irk, -27272),
        ("3.0", &without_irk, -27272),
    ] {
        let world = World::of(&Sample::of(name), Interface::Contact, Some(psam), Settings::default());
        assert_eq!(world.code(world.driver.read_card_bas(1)), code, "{name}");
        // Each of them sends to the HSM.
        world.driver.read_card_bas_hsm(1).expect("the HSM can");
    }
    let world = World::of(
        &Sample::of("2.0"),
        Interface::Contact,
        Some(&without_sm4),
        Settings::default(),
    );
    world.driver.read_card_bas(1).expect("a 2.0 card needs no SM4");
}

/// A card with other keys is not genuine; in two steps the HSM's answer is compared with the card's.
#[test]
fn a_forged_card() {
    for name in ["3.0", "2.0"] {
        let world = World::new(name, Interface::Contact, With::Psam);
        let mut others = crate::bench::keys();
        *world.card.chip.lock().unwrap() = Sample::of(name).card(&mut others);
        assert_eq!(world.code(world.driver.read_card_bas(1)), -21, "{name}");
        assert_eq!(
            world.code(world.driver.read_card_bas_hsm(1)),
            -21,
            "{name} is not sent to the HSM"
        );
        let first = world.driver.read_card_bas_hsm_step1(1).expect("open");
        let parts = items(&first);
        let request = format!("01|{}|", parts.join("|"));
        let answer = world.hsm().answer(&request).expect("a request");
        assert_eq!(world.code(world.driver.read_card_bas_hsm_step2(&answer)), -21, "{name}");
    }
}

#[test]
fn wrong_keys_of_a_second_step() {
    let world = World::new("3.0", Interface::Contact, With::Hsm);
    let begin = || {
        let first = world.driver.read_card_bas_hsm_step1(1).expect("open");
        let request = format!("01|{}|", items(&first).join("|"));
        world.hsm().answer(&request).expect("a request")
    };
    let second = |key: &str| world.code(world.driver.read_card_bas_hsm_step2(key));
    begin();
    assert_eq!(second(""), -23);
    begin();
    assert_eq!(second("12|"), -42);
    begin();
    assert_eq!(second(&"x".repeat(32)), -41);
    let answer = begin();
    assert_eq!(
        second(&format!("{}||", items(&answer)[0])),
        -23,
        "the second item is missing"
    );
    let answer = begin();
    let internal = items(&answer)[0].to_owned();
    assert_eq!(
        second(&format!("{internal}|{}|", "00".repeat(16))),
        -25538,
        "RKSSSE refused, two tries left"
    );
}

/// With patience, the slot that gets a card while both are looked at is the one that is read: nobody waits for the first slot alone.
#[test]
fn both_slots_are_looked_at() {
    use card_model::card::Interface::Contactless;
    use reader::channel::TransportError;
    use reader::driver::{Card, Driver, Slots};
    use std::time::{Duration, Instant};

    /// A card is laid on the antenna after some looks.
    struct Later(MemorySlots, u8);

    impl Slots for Later {
        fn card(&mut self, interface: Interface) -> Result<Card, TransportError> {
            self.1 += u8::from(interface == Contactless);
            if interface == Contactless && self.1 > 2 {
                self.0.card(interface)
            } else {
                Err(TransportError::NoCard {
                    reader: "slot".to_owned(),
                })
            }
        }
        fn psam(&mut self) -> Result<Card, TransportError> {
            self.0.psam()
        }
        fn patience(&self) -> Duration {
            Duration::from_secs(30)
        }
    }

    let world = World::new("3.0", Contactless, With::Psam);
    for i_type in [2, 3, 4] {
        let slots = MemorySlots {
            contactless: Some(std::sync::Arc::clone(&world.card)),
            psam: world.psam.clone(),
            ..MemorySlots::default()
        };
        let begin = Instant::now();
        let driver = Driver::with_slots(Settings::default(), Box::new(Later(slots, 0)));
        driver.read_card_bas(i_type).expect("the card on the antenna");
        assert!(begin.elapsed() < Duration::from_secs(10), "iType {i_type}");
    }
}

//! Every return code of annex A (`spec/terminal.md` §1.6) is caused here, once each, or stands here with the reason why nothing can
//! cause it. A code that is added to the table without a case fails the test.

use crate::bench::{PIN, keys, profile};
use crate::codes::{says, with_card};
use crate::support::*;
use card_model::card::Interface;
use card_model::profile::{KeyRole, Profile, Structure};
use card_model::psam::Cipher;
use card_model::words::Lang;
use personalize::psam::PsamLevel;
use reader::channel::{Channel, TransportError};
use reader::driver::{self, Driver, KeypadError, Outcome, ReturnCode, Settings, Slots};
use reader::link::exchange_bytes;
use reader::security::{CardIdentity, KeyReference, SecurityModule};
use std::collections::BTreeSet;
use std::sync::Arc;

/// How a code comes about.
enum Cause {
    /// So.
    By(fn() -> Outcome),
    /// Not at all, for this reason.
    Never(&'static str),
}
use Cause::{By, Never};

const PAY: &str = "0.10|0.20|20260401093000|";
const FILE: &str = "DF01EF07|29|$";
const VALUE: &str = "DF01EF07|2|$";

fn contact(name: &'static str, with: With) -> World {
    World::new(name, Interface::Contact, with)
}

/// The outcome of the last call, after which nothing is open.
fn closed(world: &World, outcome: Outcome) -> Outcome {
    world.assert_closed();
    outcome
}

fn with_psam(name: &'static str, psam: PsamSample) -> World {
    World::of(&Sample::of(name), Interface::Contact, Some(&psam), Settings::default())
}

/// A card whose structure is not quite that of the standard, and a PSAM.
fn deviating(change: fn(&mut Profile)) -> World {
    let mut world = contact("3.0", With::Psam);
    let mut profile = profile("3.0").clone();
    change(&mut profile);
    // The keys of the card are those of the PSAM, which was issued from the same key file.
    let card = Sample::of("3.0").card_as(&profile, &mut world.keys);
    *world.card.chip.lock().unwrap() = card;
    world
}

fn typing(world: &World, digits: &str) {
    world.keypad.typing([digits]);
}

/// iVerifyPIN with these digits.
fn verify(digits: &[&str]) -> Outcome {
    let world = contact("3.0", With::Hsm);
    let mut last = Ok(String::new());
    for digits in digits {
        typing(&world, digits);
        last = world.driver.verify_pin(1);
    }
    closed(&world, last)
}

fn keypad_fails(error: KeypadError) -> Outcome {
    let world = contact("3.0", With::Hsm);
    world.keypad.failing(error);
    closed(&world, world.driver.verify_pin(1))
}

/// iReadCardBas with a reader that has something wrong.
fn faulty(fault: Fault) -> Outcome {
    let slots = MemorySlots {
        fault: Some(fault),
        ..MemorySlots::default()
    };
    Driver::with_slots(Settings::default(), Box::new(slots)).read_card_bas(1)
}

fn slot() -> String {
    "slot".to_owned()
}

/// PUK refused so many times.
fn puk_refused(times: usize) -> Outcome {
    let world = contact("3.0", With::Hsm);
    let mut last = Ok(String::new());
    for _ in 0..times {
        let step = world.driver.unblock_pin_hsm_step1(1, &world.info).expect("open");
        let wrong = format!("{}{}", "00".repeat(8), items(&step)[3]);
        last = world.driver.unblock_pin_hsm_step2(&wrong);
    }
    closed(&world, last)
}

/// What another program sends to the open card between two steps.
fn meddle(world: &World, command: &str) {
    let command = hex::decode(command).unwrap();
    world.card.chip.lock().unwrap().transmit(&command).unwrap();
}

fn external(world: &World, step: &str) -> String {
    world
        .hsm()
        .answer(&format!("02|{}|{step}", world.area()))
        .expect("an answer")
}

/// The issuer blocks: external authentication with the permission, then the secure message.
fn block(world: &mut World, df: &str, permission: &str, stk: &str, header: [u8; 4]) {
    let profile = profile("3.0");
    let identity = CardIdentity {
        region: crate::bench::REGION.to_owned(),
        historical: crate::bench::HISTORICAL,
        algorithm: profile.algorithm,
    };
    let key = |name: &str| {
        let (_, definition) = profile.key(name).expect("a key");
        KeyReference { definition, version: 1 }
    };
    let mut chip = world.card.chip.lock().unwrap();
    let mut send = |command: &[u8]| {
        let answer = exchange_bytes(&mut *chip, command).expect("an answer");
        assert!(answer.sw.is_ok(), "{} {}", hex::encode(command), answer.sw);
        <[u8; 8]>::try_from(&answer.data[..]).unwrap_or_default()
    };
    for df in ["SSSE", df] {
        let name = &profile.dedicated_file(df).expect("a file").name;
        send(&[&[0, 0xA4, 4, 0, name.len() as u8][..], name].concat());
    }
    let challenge = send(&[0, 0x84, 0, 0, 8]);
    let permission = key(permission);
    let proof = world
        .keys
        .authentication_data(permission, &identity, &challenge, &[7; 8]);
    let proof = proof.expect("a key");
    send(&[&[0, 0x82, 0, permission.definition.id, 16][..], &proof, &[7; 8]].concat());
    let challenge = send(&[0, 0x84, 0, 0, 8]);
    let message = world.keys.secure_message(key(stk), &identity, &challenge, header, None);
    send(&message.expect("a key"));
}

/// A card that answers one command with a status word of its own.
struct Odd {
    wire: Wire<reader::channel::ModelChannel>,
    ins: u8,
    sw: [u8; 2],
}

impl Channel for Odd {
    reader::pass_on!(self => self.wire; name reset_answer reset);

    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, TransportError> {
        if command[1] == self.ins {
            Ok(self.sw.to_vec())
        } else {
            self.wire.transmit(command)
        }
    }
}

struct OddSlots {
    card: CardSlot,
    ins: u8,
    sw: [u8; 2],
    psam: PsamSlot,
}

impl Slots for OddSlots {
    fn card(&mut self, _interface: Interface) -> Result<driver::Card, TransportError> {
        Ok(Box::new(Odd {
            wire: Wire::connect(&self.card),
            ins: self.ins,
            sw: self.sw,
        }))
    }
    fn psam(&mut self) -> Result<driver::Card, TransportError> {
        Ok(Box::new(Wire::connect(&self.psam)))
    }
}

/// The only code that no card or PSAM of ours gives: GET TRANSACTION PROOF is no part of the interface. Some real cards give it
/// where they cannot compute the TAC.
fn tac_not_available() -> Outcome {
    let world = contact("3.0", With::Psam);
    let slots = OddSlots {
        card: Arc::clone(&world.card),
        ins: 0x2C,
        sw: [0x94, 0x06],
        psam: Arc::clone(world.psam.as_ref().unwrap()),
    };
    let driver = Driver::with_slots(Settings::default(), Box::new(slots)).with_keypad(Box::new(world.keypad.clone()));
    typing(&world, PIN);
    closed(&world, driver.do_debit(1, &world.info, PAY))
}

/// Code and cause, in the order of the annex.
const CASES: &[(i32, Cause)] = &[
    (0, By(|| contact("3.0", With::Psam).driver.read_card_bas(1))),
    (-1, By(|| says([0x6A, 0x82]).verify_pin(1))),
    (-2, By(|| faulty(|| TransportError::NoCard { reader: slot() }))),
    (-3, By(|| faulty(|| TransportError::ResetByOther { reader: slot() }))),
    (-4, By(|| faulty(|| TransportError::Mute { reader: slot() }))),
    (-5, By(|| faulty(|| TransportError::NotBuilt))),
    (-11, By(|| faulty(|| TransportError::NoReader))),
    (
        -12,
        By(|| contact("3.0", With::Hsm).driver.read_card_bas_hsm_step2("00|")),
    ),
    (
        -13,
        By(|| contact("2.0", With::Hsm).driver.pki_sign_data(PIN, b"data", 1)),
    ),
    (-14, By(|| contact("3.0", With::Hsm).driver.read_card_bas(5))),
    (-15, By(|| says([0x61, 0x01]).read_card_bas_hsm_step1(1))),
    (
        -20,
        By(|| {
            let card = || -> driver::Card {
                let mut keys = keys();
                Box::new(crate::bench::card(profile("3.0"), &mut keys, Interface::Contact))
            };
            with_card(card).read_card_bas_hsm_step1(1)
        }),
    ),
    (
        -21,
        By(|| {
            let world = contact("3.0", With::Psam);
            *world.card.chip.lock().unwrap() = Sample::of("3.0").card(&mut keys());
            closed(&world, world.driver.read_card_bas(1))
        }),
    ),
    (
        -22,
        By(|| {
            let world = contact("3.0", With::Psam);
            let other = world.info.replace("D2143569X", "D2143569Y");
            closed(&world, world.driver.read_card(1, 2, &other, FILE))
        }),
    ),
    (-23, By(|| contact("3.0", With::Psam).driver.read_card(1, 2, "?", FILE))),
    (
        -24,
        By(|| {
            let psam = PsamSample {
                level: PsamLevel::City,
                region: Some("990200"),
                ..PsamSample::default()
            };
            let world = with_psam("3.0", psam);
            closed(&world, world.driver.read_card_bas(1))
        }),
    ),
    (-31, By(|| keypad_fails(KeypadError::Cancelled))),
    (-32, By(|| keypad_fails(KeypadError::Timeout))),
    (-33, By(|| verify(&["123"]))),
    (
        -34,
        By(|| {
            let world = contact("3.0", With::Hsm);
            world.keypad.typing([PIN, "654321", "654322"]);
            closed(&world, world.driver.change_pin(1))
        }),
    ),
    (
        -35,
        Never("reserved by the annex; a card does not tell that its PIN is the first one"),
    ),
    (
        -36,
        Never("reserved by the annex; a card does not tell which PIN was the first one"),
    ),
    (
        -41,
        By(|| {
            contact("3.0", With::Psam)
                .driver
                .do_debit(1, INFO, "0.1x|0.20|20260401093000|")
        }),
    ),
    (
        -42,
        By(|| {
            contact("3.0", With::Psam)
                .driver
                .do_debit(1, INFO, "0.123|0.20|20260401093000|")
        }),
    ),
    (-51, By(|| verify(&["000000"]))),
    (-52, By(|| verify(&["000000", "000000", "000000"]))),
    (
        -2201,
        By(|| {
            let world = contact("3.0", With::Hsm);
            closed(&world, world.driver.read_card_bas(1))
        }),
    ),
    (
        -2202,
        By(|| {
            let psam = PsamSample {
                without_ciphers: &[Cipher::Sm4],
                ..PsamSample::default()
            };
            let world = with_psam("3.0", psam);
            closed(&world, world.driver.read_card_bas(1))
        }),
    ),
    (
        -2203,
        By(|| {
            let psam = PsamSample {
                without: &["RKSSSE"],
                ..PsamSample::default()
            };
            let world = with_psam("3.0", psam);
            closed(&world, world.driver.read_card_bas(1))
        }),
    ),
    (
        -2204,
        By(|| {
            let world = contact("3.0", With::Hsm);
            closed(
                &world,
                world.driver.read_card_hsm_step1(1, &world.info, "SSSEEF05|07|$"),
            )
        }),
    ),
    // Status words of card and PSAM.
    (-25536, By(|| puk_refused(3))),
    (-25537, By(|| puk_refused(2))),
    (-25538, By(|| puk_refused(1))),
    (
        -26368,
        // 6700: the card has a smaller file than the standard.
        By(|| {
            let world = deviating(|profile| {
                with_file(profile, "SSSE", 0x08, |file| {
                    file.structure = Structure::Transparent { size: 40 }
                });
            });
            let data = format!("SSSEEF08|{}|$", "5A".repeat(60));
            closed(&world, world.driver.write_card(1, &world.info, "SSSEEF08$", &data))
        }),
    ),
    (
        -26881,
        // 6901: another program has ended the transaction between its two steps.
        By(|| {
            let world = contact("3.0", With::Hsm);
            typing(&world, PIN);
            world.driver.do_debit_hsm_step1(1, &world.info, PAY).expect("open");
            meddle(&world, "0084000008");
            closed(
                &world,
                world.driver.do_debit_hsm_step2("00000000|20260401093000|00000000|"),
            )
        }),
    ),
    (
        -27009,
        // 6981: the card has a transparent file where the standard has records.
        By(|| {
            let world = deviating(|profile| {
                with_file(profile, "DF01", 0x07, |file| {
                    file.structure = Structure::Transparent { size: 40 };
                    file.elements.clear();
                });
            });
            closed(&world, world.driver.read_card(1, 2, &world.info, FILE))
        }),
    ),
    (
        -27010,
        By(|| {
            let world = contact("3.0", With::Psam);
            let record = "DF04EF08|1^2^3^4^5^6^7^|$";
            closed(&world, world.driver.write_card(1, &world.info, "DF04EF08$", record))
        }),
    ),
    (-27011, By(|| puk_refused(4))),
    (
        -27012,
        // 6984: another program has used the challenge up between the two steps.
        By(|| {
            let world = contact("3.0", With::Hsm);
            let step = world.driver.write_card_hsm_step1(1, &world.info, FILE).expect("open");
            meddle(&world, &format!("0082008810{}", "00".repeat(16)));
            closed(
                &world,
                world.driver.write_card_hsm_step2(&external(&world, &step), VALUE),
            )
        }),
    ),
    (
        -27013,
        // 6985: the card has no key for the TAC.
        By(|| {
            let world = deviating(|profile| {
                for df in &mut profile.dedicated_files {
                    df.keys.retain(|key| key.role != KeyRole::Tac);
                }
            });
            typing(&world, PIN);
            closed(&world, world.driver.do_debit(1, &world.info, PAY))
        }),
    ),
    (
        -27016,
        By(|| {
            let world = contact("3.0", With::Hsm);
            let step = world.driver.unblock_pin_hsm_step1(1, &world.info).expect("open");
            world
                .driver
                .unblock_pin_hsm_step2(&external(&world, &step))
                .expect("let in");
            closed(&world, world.driver.unblock_pin_hsm_step3("842400000400000000"))
        }),
    ),
    (
        -27264,
        // 6A80: an envelope for somebody else.
        By(|| {
            let world = contact("3.0", With::Hsm);
            certify(&mut world.card.chip.lock().unwrap());
            let (_, other) = crate::pki::stranger();
            let other = hex::encode(other.to_der());
            let sealed = world.driver.pki_seal_envelope("", &other, b"data", 1).expect("sealed");
            let opened = world.driver.pki_open_envelope(PIN, &sealed, 1);
            closed(&world, opened.map(|_| String::new()))
        }),
    ),
    (
        -27265,
        // 6A81: the card is blocked.
        By(|| {
            let mut world = contact("3.0", With::Psam);
            block(&mut world, "SSSE", "BK", "STKSSSE", [0x84, 0x16, 0, 0]);
            closed(&world, world.driver.read_card_bas(1))
        }),
    ),
    (
        -27266,
        By(|| {
            let world = contact("3.0", With::Psam);
            closed(&world, world.driver.read_card(1, 2, &world.info, "DF01EF1C|01|$"))
        }),
    ),
    (
        -27267,
        By(|| {
            let world = contact("3.0", With::Psam);
            closed(&world, world.driver.read_card(1, 2, &world.info, "SSSEEF05|99|$"))
        }),
    ),
    (
        -27272,
        By(|| {
            let psam = PsamSample {
                without: &["IRK"],
                ..PsamSample::default()
            };
            let world = with_psam("2.0", psam);
            closed(&world, world.driver.read_card_bas(1))
        }),
    ),
    (
        -37634,
        By(|| {
            let world = contact("3.0", With::Hsm);
            typing(&world, PIN);
            world.driver.do_debit_hsm_step1(1, &world.info, PAY).expect("open");
            closed(
                &world,
                world.driver.do_debit_hsm_step2("00000000|20260401093000|00000000|"),
            )
        }),
    ),
    (
        -37635,
        // 9303: the medical application is blocked.
        By(|| {
            let mut world = contact("3.0", With::Psam);
            block(&mut world, "DF04", "LKDF04", "STKDF04", [0x84, 0x1E, 0, 1]);
            typing(&world, PIN);
            closed(&world, world.driver.do_debit(1, &world.info, PAY))
        }),
    ),
    (
        -37891,
        By(|| {
            let psam = PsamSample {
                without: &["DPK"],
                ..PsamSample::default()
            };
            let world = with_psam("3.0", psam);
            closed(&world, world.driver.do_debit(1, &world.info, PAY))
        }),
    ),
    (-37894, By(tac_not_available)),
];

const INFO: &str = "639900D15600000500BF7C7A48FB4966|X00000019|";

/// Changes a file of a profile.
fn with_file(profile: &mut Profile, df: &str, sfi: u8, change: impl Fn(&mut card_model::profile::ElementaryFile)) {
    let df = profile
        .dedicated_files
        .iter_mut()
        .find(|one| one.id == df)
        .expect("there");
    let name = format!("EF{sfi:02X}");
    change(df.files.iter_mut().find(|file| file.name() == name).expect("there"));
}

#[test]
fn every_code_of_the_annex_is_caused() {
    let annex: Vec<i32> = ReturnCode::annex().map(|code| code.0).collect();
    let listed: Vec<i32> = CASES.iter().map(|(code, _)| *code).collect();
    assert_eq!(
        annex.iter().collect::<BTreeSet<_>>(),
        listed.iter().collect::<BTreeSet<_>>(),
        "each code of the table has its case, and each case its code"
    );
    assert_eq!(annex.len(), listed.len(), "once each");
    let mut wrong = Vec::new();
    for (code, cause) in CASES {
        match cause {
            Never(reason) => assert!(!reason.is_empty(), "{code}"),
            By(cause) => match cause() {
                Ok(text) if *code == 0 && !text.is_empty() => {}
                Ok(text) => wrong.push(format!("{code}: success {text:?}")),
                Err(failure) if failure.code.0 != *code => wrong.push(format!("{code}: {failure}")),
                // What a caller reads begins with the words of the table.
                Err(failure) => wrong.extend([Lang::Zh, Lang::En].into_iter().filter_map(|lang| {
                    let (text, words) = (failure.text(lang), ReturnCode(*code).text(lang));
                    (!text.starts_with(&words)).then(|| format!("{code}: {text:?} is not about {words:?}"))
                })),
            },
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

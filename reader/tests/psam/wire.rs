//! The commands that a PSAM gets, byte for byte as real readers send them (`spec/terminal.md` §1.9, `spec/commands.md` §2.7, §9 C).

use crate::bench::{HISTORICAL, REGION, Recorder, keys, profile};
use crate::support::*;
use card_model::profile::Profile;
use personalize::psam::PsamLevel;
use reader::security::{CardIdentity, KeyReference, PsamModule, PurchaseModule, PurchaseRequest, SecurityModule};
use std::cell::RefCell;
use std::rc::Rc;

/// T6–TD of the test card, then the factors of its city and its province.
const CARD: &str = "8699990100000001";
const CITY: &str = "3939303130307378";
const PROVINCE: &str = "3939303030307368";
const NAME_REST: &str = "2E73682EC9E7BBE1B1A3D5CF";

type Log = Rc<RefCell<Vec<(String, String)>>>;

fn recorded() -> (PsamModule<Recorder<impl reader::channel::Channel>>, Log) {
    let log = Log::default();
    let recorder = Recorder {
        inner: Recipe::level(PsamLevel::Listed).issue(&keys()).0,
        log: Rc::clone(&log),
    };
    (PsamModule::open(recorder).unwrap(), log)
}

fn card(profile: &Profile) -> CardIdentity {
    CardIdentity {
        region: REGION.to_owned(),
        historical: HISTORICAL,
        algorithm: profile.algorithm,
    }
}

/// The commands sent since the last call that are neither GET RESPONSE nor READ BINARY.
fn sent(log: &Log) -> Vec<String> {
    let all = log
        .borrow_mut()
        .drain(..)
        .map(|(command, _)| command)
        .collect::<Vec<_>>();
    all.into_iter()
        .filter(|command| !command.starts_with("00C0") && !command.starts_with("00B0"))
        .collect()
}

#[test]
fn authentication_data() {
    for (name, environment, block) in [("3.0", "737833", "0000000000000000"), ("2.0", "737831", "")] {
        let profile = profile(name);
        let (mut module, log) = recorded();
        let opening = sent(&log);
        assert!(
            opening.iter().all(|command| command.starts_with("00A40400")),
            "{opening:?}"
        );
        for (key, usage, factors) in [
            ("UKSSSE", "4812", format!("{CARD}{CITY}")),
            ("PUK", "4810", format!("{CARD}{CITY}")),
            ("IRK", "6708", format!("{CARD}{CITY}{PROVINCE}")),
            ("RKSSSE", "670A", format!("{CARD}{CITY}{PROVINCE}")),
            ("UK3DF01", "4724", format!("{CARD}{CITY}")),
        ] {
            let (_, definition) = profile.key(key).unwrap();
            let reference = KeyReference { definition, version: 1 };
            let challenge = [0xC1, 0xC2, 0xC3, 0xC4, 0xC5, 0xC6, 0xC7, 0xC8];
            module
                .authentication_data(reference, &card(profile), &challenge, &challenge)
                .unwrap();
            let original = format!("C1C2C3C4C5C6C7C8{block}");
            let data = format!("{factors}{original}");
            let expected = [
                format!("BFDE{usage}{:02X}{data}", data.len() / 2),
                format!("80FA0000{:02X}{original}", original.len() / 2),
            ];
            let mut commands = sent(&log);
            if key == "UKSSSE" {
                // The first key of a cipher selects its environment, unless the PSAM was found by that one, and the application.
                let environment = format!("00A404000F{environment}{NAME_REST}");
                assert_eq!(opening.last() == Some(&environment), name == "3.0", "{opening:?}");
                let both = [environment, "00A4000002DF01".to_owned()];
                let expected = if name == "3.0" { &both[1..] } else { &both[..] };
                let selected: Vec<String> = commands.drain(..expected.len()).collect();
                assert_eq!(selected, expected);
            }
            assert_eq!(commands, expected, "{name} {key}");
        }
    }
}

#[test]
fn secure_message_and_purchase() {
    let profile = profile("3.0");
    let (mut module, log) = recorded();
    let (_, stk) = profile.key("STKSSSE").unwrap();
    let reference = |definition| KeyReference { definition, version: 1 };
    module
        .secure_message(reference(stk), &card(profile), &[0x5A; 8], [0x84, 0x24, 0, 0], None)
        .unwrap();
    let commands = sent(&log);
    let zero = "00".repeat(16);
    let tail = [
        format!("BFDE260918{CARD}5A5A5A5A5A5A5A5A0000000000000000"),
        format!("80FA050015{zero}8424000004"),
    ];
    assert_eq!(commands[commands.len() - 2..], tail);

    let request = PurchaseRequest {
        random: [1, 2, 3, 4],
        sequence: [0, 9],
        amounts: [[0, 0, 3, 0xE8], [0, 0, 0, 250], [0, 0, 0x9C, 0x40]],
        terminal: module.terminal_number().unwrap(),
        time: [0x20, 0x26, 0x11, 0x21, 0x10, 0x20, 0x30],
    };
    let (_, dpk) = profile.transaction_key("DPK", 1).unwrap();
    let index = module.purchase_key(profile.algorithm);
    assert_eq!(index, Some(1), "what the PSAM's file 001A says");
    module
        .authorize_purchase(reference(dpk), &card(profile), &request)
        .unwrap();
    assert!(!module.confirm_purchase(&[0xAB; 4]).unwrap());
    // Random, sequence, three amounts, type 2, date, time, version 1, SM4; then one factor.
    let purchase = format!(
        "01020304{}000003E8000000FA00009C403220261121102030{}{CARD}",
        "0009", "0103"
    );
    assert_eq!(
        sent(&log),
        [format!("8070010024{purchase}"), "8072000004ABABABAB".to_owned()]
    );
}

/// Nothing is selected twice, read twice, or fetched that nobody needs: each command to a PSAM costs a terminal's user time.
#[test]
fn no_command_too_many() {
    let profile = profile("3.0");
    let (mut module, log) = recorded();
    for key in ["IRK", "RKSSSE"] {
        let (_, definition) = profile.key(key).unwrap();
        let version = module.key_version(profile.algorithm).unwrap();
        let reference = KeyReference { definition, version };
        module
            .authentication_data(reference, &card(profile), &[0xC1; 8], &[0xC2; 8])
            .unwrap();
    }
    let commands: Vec<String> = log
        .borrow()
        .iter()
        .map(|(command, _)| command[..8].to_owned())
        .collect();
    let environment = ["00A40400", "00B09600", "00A40000", "00B09A00"];
    let keys = ["BFDE6708", "80FA0000", "00C00000", "BFDE670A", "80FA0000", "00C00000"];
    assert_eq!(commands, [&environment[..], &keys[..]].concat());
}

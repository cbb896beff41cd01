//! Cards of version 1.0 through the C functions: all that they can do, and the codes of what they cannot.

use crate::bench;
use crate::caller::{Caller, Language};
use crate::service::{Service, ministry};
use crate::support::{PsamSample, Sample, items};
use crate::{NEW, OLD, PAY, basics};
use card_model::card::Interface;
use reader::channel::ModelChannel;
use reader::channel::daemon::PrivateDaemon;
use reader::channel::vpcd::{self, ServeOptions};
use reader::hsm::StringHsm;
use std::process::Command;

const NAME: &str = "SSSEEF06|09|$";
const HOUSEHOLD: &str = "DF01EF05|20|$";
const ACCOUNT: &str = "DF04EF06|90|92|93|$";

fn with_psam(caller: &mut Caller) {
    let info = basics(&caller.done("iReadCardBas", &["1"]), "1.00", "000000123456");
    assert_eq!(caller.done("iReadCardBas", &["3"]), caller.done("iReadCardBas", &["4"]));
    // Personal data are free to read and written under UKMF.
    caller.done("iWriteCard", &["1", &info, NAME, "SSSEEF06|王五|$"]);
    assert_eq!(caller.done("iReadCard", &["1", "2", &info, NAME]), "SSSEEF06|王五|$");
    caller.done("iWriteCard", &["1", &info, NAME, "SSSEEF06|张三|$"]);
    caller.done("iWriteCard", &["1", &info, HOUSEHOLD, "DF01EF05|1|$"]);
    caller.pins(OLD, NEW);
    assert_eq!(caller.done("iReadCard", &["1", "1", &info, HOUSEHOLD]), "DF01EF05|1|$");
    // Several files, with the PIN asked once; PIN and key for the account.
    caller.done("iWriteCard", &["1", &info, ACCOUNT, "DF04EF06|1|00012345|02|$"]);
    let both = format!("{HOUSEHOLD}{ACCOUNT}");
    let read = caller.done("iReadCard", &["1", "1", &info, &both]);
    assert_eq!(read, "DF01EF05|1|$DF04EF06|1|00012345|02|$");
    caller.done("iVerifyPIN", &["1"]);
    caller.done("iChangePIN", &["1"]);
    let (code, words) = caller.call("iVerifyPIN", &["1"]);
    assert_eq!((code, words.contains("剩余2次")), (-51, true), "{words}");
    caller.done("iUnblockPIN", &["1", &info]);
    caller.pins(NEW, OLD);
    caller.done("iReloadPIN", &["1", &info]);
    caller.pins(OLD, NEW);
    caller.done("iVerifyPIN", &["1"]);
    settles(&caller.done("iDoDebit", &["1", &info, PAY]), 8);
    assert_eq!(items(&caller.done("iReadDebitRecord", &["1"])).len(), 1);
    // What came later is not on the card.
    assert_eq!(caller.call("iReadCard", &["1", "2", &info, "SSSEEF06|4E|$"]).0, -27267);
    assert_eq!(caller.call("iReadCard", &["1", "2", &info, "SSSEEF08$"]).0, -27266);
    assert_eq!(caller.call("PKI_SignData", &[OLD, "text", "1"]).0, -13);
    assert_eq!(caller.call("SSCardDriver_ReadCert", &["1", "1"]).0, -13);
}

fn with_hsm(caller: &mut Caller, hsm: &StringHsm) {
    assert_eq!(caller.call("iReadCardBas", &["1"]).0, -2201);
    let first = caller.done("iReadCardBas_HSM_Step1", &["1"]);
    let parts = items(&first);
    assert_eq!(
        (parts.len(), parts[2], parts[6], parts[7]),
        (8, "01", "", ""),
        "no external authentication"
    );
    let area = parts[..2].join("|");
    let ask = |kind: &str, items: &str| hsm.answer(&format!("{kind}|{area}|{items}")).expect("an answer");
    let answer = hsm.answer(&format!("01|{first}")).expect("an answer");
    assert!(answer.ends_with("||"), "{answer}");
    let info = basics(
        &caller.done("iReadCardBas_HSM_Step2", &[&answer]),
        "1.00",
        "000000000000",
    );
    assert_eq!(caller.call("iReadCard_HSM_Step1", &["1", &info, NAME]).0, -2204);
    let first = caller.done("iWriteCard_HSM_Step1", &["1", &info, NAME]);
    assert_eq!(items(&first)[..2], ["01", "0094"]);
    caller.done("iWriteCard_HSM_Step2", &[&ask("02", &first), "SSSEEF06|王五|$"]);
    assert_eq!(caller.done("iReadCard", &["1", "2", &info, NAME]), "SSSEEF06|王五|$");
    caller.pins(OLD, NEW);
    let first = caller.done("iReadCard_HSM_Step1", &["1", &info, ACCOUNT]);
    let read = caller.done("iReadCard_HSM_Step2", &[&ask("02", &first)]);
    assert!(read.starts_with("DF04EF06|"), "{read}");
    let first = caller.done("iReloadPIN_HSM_Step1", &["1", &info]);
    let second = caller.done("iReloadPIN_HSM_Step2", &[&ask("02", &first)]);
    assert_eq!(items(&second)[3..], ["842400010C", NEW]);
    caller.done("iReloadPIN_HSM_Step3", &[&ask("03", &second)]);
    let first = caller.done("iUnblockPIN_HSM_Step1", &["1", &info]);
    let second = caller.done("iUnblockPIN_HSM_Step2", &[&ask("02", &first)]);
    caller.done("iUnblockPIN_HSM_Step3", &[&ask("03", &second)]);
    caller.pins(NEW, OLD);
    caller.done("iVerifyPIN", &["1"]);
    let first = caller.done("iDoDebit_HSM_Step1", &["1", &info, PAY]);
    let answer = ask("04", &format!("00000001|{first}"));
    let parts = items(&answer);
    let key = format!("{}|{}|{}|", parts[0], parts[1], parts[2]);
    let second = caller.done("iDoDebit_HSM_Step2", &[&key]);
    let done = items(&second);
    assert_eq!((done.len(), done[0], done[8]), (9, parts[3], parts[4]), "MAC2 and TAC");
    // And all at once, with the service of the settings.
    basics(
        &caller.done("iReadCardBas_HSM", &["1"]).replace("王五", "张三"),
        "1.00",
        "000000000000",
    );
    caller.done("iWriteCard_HSM", &["1", &info, NAME, "SSSEEF06|张三|$"]);
    assert_eq!(
        caller.done("iReadCard_HSM", &["1", "2", &info, NAME]),
        "SSSEEF06|张三|$"
    );
    caller.done("iUnblockPIN_HSM", &["1", &info]);
    caller.done("iReloadPIN_HSM", &["1", &info]);
    caller.pins(OLD, NEW);
    settles(&caller.done("iDoDebit_HSM", &["1", &info, PAY]), 8);
    assert_eq!(items(&caller.done("iReadDebitRecord", &["1"])).len(), 2);
}

/// A settlement under 3DES.
fn settles(text: &str, count: usize) {
    let parts = items(text);
    assert_eq!(
        (parts.len(), parts[0], parts[2]),
        (count, "01", "0000000A00000014"),
        "{text}"
    );
}

#[test]
fn simulated_first_generation() {
    for language in [Language::C, Language::Python] {
        for psam in [true, false] {
            let folder = tempfile::tempdir().unwrap();
            let path = |name: &str| folder.path().join(name);
            let sim = |name: &str| format!("sim:{}", path(name).display());
            let mut keys = bench::keys();
            let card = Sample::of("1.0").card(&mut keys).into_card().unwrap();
            drop(ModelChannel::create(path("card"), card, Interface::Contact).unwrap());
            let module = PsamSample::default().issue(&keys).into_card().unwrap();
            drop(ModelChannel::create(path("psam"), module, Interface::Contact).unwrap());
            let service = Service::start(&keys);
            let settings = [
                ("SSC_DRIVER_CONTACT", sim("card")),
                ("SSC_DRIVER_HSM", service.url()),
                ("SSC_DRIVER_PSAM", sim(if psam { "psam" } else { "none" })),
            ];
            let mut caller = Caller::start(language.command(|path| Command::new(path)), &settings);
            if psam {
                with_psam(&mut caller);
                // Cards of this version have contacts only.
                assert_eq!(caller.call("iReadCardBas", &["2"]).0, -2);
            } else {
                with_hsm(&mut caller, &ministry(&keys));
            }
        }
    }
}

#[test]
fn first_generation_through_pcscd() {
    let mut keys = bench::keys();
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("driver.toml");
    std::fs::write(&config, "card_timeout = 10\n").unwrap();
    for (language, psam) in [(Language::C, true), (Language::Python, false)] {
        let daemon = PrivateDaemon::start("SSC Test").unwrap_or_else(|error| panic!("{error:?}"));
        let options = ServeOptions { reconnect: true };
        let _card = vpcd::insert(Sample::of("1.0").card(&mut keys), &daemon.address(0), options).unwrap();
        let _psam =
            psam.then(|| vpcd::insert(PsamSample::default().issue(&keys), &daemon.address(1), options).unwrap());
        let service = Service::start(&keys);
        let settings = [
            ("SSC_DRIVER_CONFIG", config.display().to_string()),
            ("SSC_DRIVER_CONTACT", daemon.reader(0)),
            ("SSC_DRIVER_HSM", service.url()),
            ("SSC_DRIVER_PSAM", daemon.reader(1)),
        ];
        let mut caller = Caller::start(language.command(|path| daemon.command(path)), &settings);
        if psam {
            with_psam(&mut caller);
        } else {
            with_hsm(&mut caller, &ministry(&keys));
        }
    }
}

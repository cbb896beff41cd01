//! Callers that trouble each other: many threads at once, a step left open, a caller that is killed.

use crate::bench;
use crate::caller::{Caller, Language};
use crate::service::{Service, ministry};
use crate::support::{PsamSample, Sample, certify, items};
use card_model::card::Interface;
use reader::channel::ModelChannel;
use reader::channel::daemon::PrivateDaemon;
use reader::channel::vpcd::{self, ServeOptions};
use reader::security::KeyFile;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

const PIN: &str = "123456";
const NEW: &str = "654321";

fn c() -> Command {
    Language::C.command(|path| Command::new(path))
}

/// A simulated card and PSAM in a folder, and the settings that name them.
fn simulated(folder: &Path, toml: &str) -> (Vec<(&'static str, String)>, KeyFile) {
    let mut keys = bench::keys();
    let mut card = Sample::of("3.0").card(&mut keys);
    certify(&mut card);
    drop(ModelChannel::create(folder.join("card"), card.into_card().unwrap(), Interface::Contact).unwrap());
    let psam = PsamSample::default().issue(&keys).into_card().unwrap();
    drop(ModelChannel::create(folder.join("psam"), psam, Interface::Contact).unwrap());
    std::fs::write(folder.join("driver.toml"), toml).unwrap();
    let sim = |name: &str| format!("sim:{}", folder.join(name).display());
    let settings = vec![
        ("SSC_DRIVER_CONFIG", folder.join("driver.toml").display().to_string()),
        ("SSC_DRIVER_CONTACT", sim("card")),
        ("SSC_DRIVER_PSAM", sim("psam")),
    ];
    (settings, keys)
}

/// Eight threads of a C program through pcscd, with the PSAM: reads, PINs, writes, and steps that nobody goes on with. Each call
/// is whole, each thread has its own answers, and the program ends.
#[test]
fn eight_threads_through_pcscd() {
    let mut keys = bench::keys();
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("driver.toml");
    std::fs::write(&config, "card_timeout = 10\nstep_timeout = 20\n").unwrap();
    let daemon = PrivateDaemon::start("SSC Test").unwrap_or_else(|error| panic!("{error:?}"));
    let options = ServeOptions { reconnect: true };
    let _card = vpcd::insert(Sample::of("3.0").card(&mut keys), &daemon.address(0), options).unwrap();
    let _psam = vpcd::insert(PsamSample::default().issue(&keys), &daemon.address(1), options).unwrap();
    let settings = [
        ("SSC_DRIVER_CONFIG", config.display().to_string()),
        ("SSC_DRIVER_CONTACT", daemon.reader(0)),
        ("SSC_DRIVER_PSAM", daemon.reader(1)),
    ];
    let mut caller = Caller::start(Language::C.command(|path| daemon.command(path)), &settings);
    caller.pins(PIN, NEW);
    let basics = caller.done("iReadCardBas", &["1"]);
    let parts = items(&basics);
    let info = format!("{}|{}|", parts[3], parts[2]);
    let told = caller.done("threads", &["8", "4", "iReadCardBas", &basics, &info]);
    assert_eq!(told, "32 rounds");
    caller.done("iVerifyPIN", &["1"]);
}

/// The same without a PSAM: every reading asks the HSM between its steps, and no other thread's call comes in between.
#[test]
fn eight_threads_with_an_hsm() {
    let folder = tempfile::tempdir().unwrap();
    let (mut settings, keys) = simulated(folder.path(), "step_timeout = 20\n");
    let service = Service::start(&keys);
    settings.retain(|(name, _)| *name != "SSC_DRIVER_PSAM");
    settings.push((
        "SSC_DRIVER_PSAM",
        format!("sim:{}", folder.path().join("none").display()),
    ));
    settings.push(("SSC_DRIVER_HSM", service.url()));
    let mut caller = Caller::start(c(), &settings);
    caller.pins(PIN, NEW);
    let basics = caller.done("iReadCardBas_HSM", &["1"]);
    let parts = items(&basics);
    let info = format!("{}|{}|", parts[3], parts[2]);
    let told = caller.done("threads", &["8", "4", "iReadCardBas_HSM", &basics, &info]);
    assert_eq!(told, "32 rounds");
}

/// A card that a first step left open is closed when its time is over, so that another program can have it; the second step comes
/// too late then.
#[test]
fn a_step_left_open_times_out() {
    let folder = tempfile::tempdir().unwrap();
    let (settings, keys) = simulated(folder.path(), "step_timeout = 2\n");
    let (mut first, mut second) = (Caller::start(c(), &settings), Caller::start(c(), &settings));
    let begin = Instant::now();
    let step = first.done("iReadCardBas_HSM_Step1", &["1"]);
    let (code, words) = second.call("iReadCardBas", &["1"]);
    assert_eq!(code, -11, "the file of the card is held: {words}");
    while second.call("iReadCardBas", &["1"]).0 != 0 {
        assert!(begin.elapsed() < Duration::from_secs(20), "nobody closes the card");
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(begin.elapsed() >= Duration::from_secs(2), "not before its time");
    let answer = ministry(&keys).answer(&format!("01|{step}")).unwrap();
    let (code, words) = first.call("iReadCardBas_HSM_Step2", &[&answer]);
    assert_eq!(code, -12, "{words}");
    // In time it goes on, and again only once.
    let step = first.done("iReadCardBas_HSM_Step1", &["1"]);
    let answer = ministry(&keys).answer(&format!("01|{step}")).unwrap();
    assert_eq!(items(&first.done("iReadCardBas_HSM_Step2", &[&answer])).len(), 11);
    assert_eq!(first.call("iReadCardBas_HSM_Step2", &[&answer]).0, -12, "a replay");
    second.done("iReadCardBas", &["1"]);
}

/// A caller that is killed between its steps blocks nobody, on a simulated card and through pcscd; what the card had let in is
/// gone with it.
#[test]
fn a_killed_caller_blocks_nobody() {
    let mut keys = bench::keys();
    let folder = tempfile::tempdir().unwrap();
    let toml = "card_timeout = 10\nstep_timeout = 600\n";
    let (settings, _) = simulated(folder.path(), toml);
    killed(&c, &settings);

    let daemon = PrivateDaemon::start("SSC Test").unwrap_or_else(|error| panic!("{error:?}"));
    let options = ServeOptions { reconnect: true };
    let _card = vpcd::insert(Sample::of("3.0").card(&mut keys), &daemon.address(0), options).unwrap();
    let _psam = vpcd::insert(PsamSample::default().issue(&keys), &daemon.address(1), options).unwrap();
    let settings = [
        settings[0].clone(),
        ("SSC_DRIVER_CONTACT", daemon.reader(0)),
        ("SSC_DRIVER_PSAM", daemon.reader(1)),
    ];
    killed(&|| Language::C.command(|path| daemon.command(path)), &settings);
}

fn killed(command: &dyn Fn() -> Command, settings: &[(&str, String)]) {
    // The PIN is verified in the first step, the key comes in the second (`PIN and RK1DF04`).
    const ACCOUNT: &str = "DF04EF06|90|$";
    let mut first = Caller::start(command(), settings);
    first.pins(PIN, NEW);
    let basics = first.done("iReadCardBas", &["1"]);
    let parts = items(&basics);
    let info = format!("{}|{}|", parts[3], parts[2]);
    first.done("iReadCard_HSM_Step1", &["1", &info, ACCOUNT]);
    first.child.kill().expect("killed");
    first.child.wait().expect("ended");

    let begin = Instant::now();
    let mut second = Caller::start(command(), settings);
    assert_eq!(second.done("iReadCardBas", &["1"]), basics);
    assert!(begin.elapsed() < Duration::from_secs(10), "{:?}", begin.elapsed());
    // A PIN that somebody else verified is not there any more: without one nothing is read.
    second.pins("\\N", "\\N");
    assert_eq!(second.call("iReadCard", &["1", "1", &info, "DF01EF07|29|$"]).0, -31);
    // By the functions beneath, which ask nobody: the card itself says so (6982).
    assert_eq!(second.done("pinless", &[]), "6982");
    second.pins(PIN, NEW);
    second.done("iReadCard", &["1", "1", &info, "DF01EF07|29|$"]);
}

/// Anything in every parameter of every function, on a card with PSAM and certificates: an error or a right answer, a NUL within
/// the size, nothing behind it; and valgrind sees no byte too much.
#[test]
fn anything_in_every_parameter() {
    let folder = tempfile::tempdir().unwrap();
    let (settings, _) = simulated(folder.path(), "keypad = \"value\"\n");
    let info = {
        let basics = Caller::start(c(), &settings).done("iReadCardBas", &["1"]);
        let parts = items(&basics);
        format!("{}|{}|", parts[3], parts[2])
    };
    for seed in ["1", "2", "3"] {
        let mut caller = Caller::start(c(), &settings);
        assert_eq!(caller.done("anything", &[seed, "500", &info]), "");
    }
    let mut command = Command::new("valgrind");
    command
        .args(["-q", "--error-exitcode=9"])
        .arg(crate::built::program("tests/callers/caller.c"));
    let mut caller = Caller::start(command, &settings);
    assert_eq!(caller.done("anything", &["4", "60", &info]), "");
    caller.end();
}

/// The virtual reader has no keypad, and PC/SC says so: the keypad behind the comma is asked, or the call says what is missing.
#[test]
fn a_reader_without_a_keypad() {
    let mut keys = bench::keys();
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("driver.toml");
    std::fs::write(&config, "card_timeout = 10\n").unwrap();
    let daemon = PrivateDaemon::start("SSC Test").unwrap_or_else(|error| panic!("{error:?}"));
    let options = ServeOptions { reconnect: true };
    let _card = vpcd::insert(Sample::of("3.0").card(&mut keys), &daemon.address(0), options).unwrap();
    for (keypad, code) in [("pinpad,value", 0), ("pinpad", -13)] {
        let settings = [
            ("SSC_DRIVER_CONFIG", config.display().to_string()),
            ("SSC_DRIVER_CONTACT", daemon.reader(0)),
            ("SSC_DRIVER_KEYPAD", keypad.to_owned()),
            ("SSC_PIN", PIN.to_owned()),
            ("SSC_NEW_PIN", PIN.to_owned()),
        ];
        let mut caller = Caller::start(Language::C.command(|path| daemon.command(path)), &settings);
        for name in ["iVerifyPIN", "iChangePIN"] {
            let (returned, words) = caller.call(name, &["1"]);
            assert_eq!(returned, code, "{keypad} {name}: {words}");
            assert_eq!(words.contains("密码键盘"), code != 0, "{words}");
        }
    }
}

//! The example of the first page reads a card through pcscd, with a PSAM in the second slot and without.

use crate::bench::{PIN, keys};
use crate::support::{PsamSample, Sample};
use card_model::card::Interface;
use reader::channel::daemon::PrivateDaemon;
use reader::channel::vpcd::{self, ServeOptions};
use std::path::Path;

/// What every card tells.
const FREE: &str = "\
generation 3.0
SSSE/EF05/07 card (serial) number: D2143569X
SSSE/EF06/08: 6982: SSSE/EF06 needs RKSSSE; RKSSSE is missing
SSSE/EF06/09: 6982: SSSE/EF06 needs RKSSSE; RKSSSE is missing
DF01/EF07: 6982: DF01/EF07 needs PIN or RK1DF01; PIN or RK1DF01 is missing
";
/// What it tells to a terminal with a PSAM.
const OPENED: &str = "\
generation 3.0
genuine: true
SSSE/EF05/07 card (serial) number: D2143569X
SSSE/EF06/08 social security number: 111111198101011110
SSSE/EF06/09 name: 张三
DF01/EF07 employment/retirement status: employed
";

fn run(daemon: &PrivateDaemon, arguments: &[&str], pin: Option<&str>) -> (Option<i32>, String, String) {
    let test = std::env::current_exe().unwrap();
    let path = test.parent().and_then(Path::parent).unwrap().join("examples/read_card");
    assert!(path.is_file(), "cargo build -p ssc-reader --examples");
    let mut command = daemon.command(path);
    command
        .args(arguments)
        .env_remove("SSC_PIN")
        .envs(pin.map(|pin| ("SSC_PIN", pin)));
    let output = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[test]
fn read_card() {
    let mut keys = keys();
    let daemon = PrivateDaemon::start("SSC Test").unwrap_or_else(|error| panic!("{error:?}"));
    let options = ServeOptions { reconnect: true };
    let (card_slot, psam_slot) = (daemon.reader(0), daemon.reader(1));
    let (code, _, error) = run(&daemon, &[&card_slot], None);
    assert_eq!(code, Some(1), "no card");
    assert!(error.lines().count() >= 2, "what and what next: {error}");

    let mut sample = Sample::of("3.0");
    sample.values.push(("DF01/EF07/29", "1".to_owned()));
    let mut card = sample.card(&mut keys);
    card.change_interface(Interface::Contactless).unwrap();
    let _card = vpcd::insert(card, &daemon.address(0), options).unwrap();
    let _psam = vpcd::insert(PsamSample::default().issue(&keys), &daemon.address(1), options).unwrap();
    wait(&daemon, &[&card_slot]);
    wait(&daemon, &[&card_slot, &psam_slot]);

    let (code, text, error) = run(&daemon, &[&card_slot], None);
    assert_eq!((code, error.as_str()), (Some(0), ""));
    assert_eq!(text, FREE);
    let (code, text, error) = run(&daemon, &[&card_slot, &psam_slot], Some(PIN));
    assert_eq!((code, error.as_str()), (Some(0), ""));
    assert_eq!(text, OPENED);
}

/// Waits until the reader has seen what is in it.
fn wait(daemon: &PrivateDaemon, arguments: &[&str]) {
    for _ in 0..100 {
        if run(daemon, arguments, None).0 == Some(0) {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
}

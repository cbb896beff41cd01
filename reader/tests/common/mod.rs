//! A pcscd of its own for each test, and the card that goes into it.

use card_model::card::{Card, Interface};
use card_model::profile::Profile;
use reader::channel::daemon::{self, PrivateDaemon};
use reader::channel::pcsc::{self, PcscChannel};
use reader::channel::vpcd::{self, Inserted, ServeOptions, VirtualCard};
use reader::channel::{ModelChannel, OpenOptions, TransportError, system_entropy};
use std::process::{Command, Stdio};
use std::sync::atomic::AtomicBool;
use std::time::Duration;

/// Historical bytes of a card of nowhere.
pub const HISTORICAL: [u8; 13] = [
    0x00, 0x81, 0x54, 0x4C, 0x96, 0x86, 0x84, 0x99, 0x99, 0x00, 0x00, 0x00, 0x01,
];

/// Debian's Python: the only one that sees Debian's pyscard.
pub const PYTHON: &str = "/usr/bin/python3";

/// The card asks for events in steps of pcscd's poll of 400 ms; a loaded machine may take its time.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// Runs `work` in a process of its own that can be a client of its own daemon. `test` is the name of the test function.
pub fn privately(test: &str, work: impl FnOnce()) {
    if daemon::prepared() {
        return work();
    }
    let again = daemon::again(["--exact", test, "--nocapture", "--test-threads", "1"]).expect("prepared");
    let output = again.output().expect("run again");
    let said = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() {
        panic!("{said}\n{}", String::from_utf8_lossy(&output.stderr));
    }
    // The first line stands behind the harness's own "test … ".
    for (_, figures) in said.lines().filter_map(|line| line.split_once("measured: ")) {
        println!("measured: {figures}");
    }
}

/// A daemon with the virtual reader. A part that is not installed is a failure, never a reason to skip.
pub fn daemon() -> PrivateDaemon {
    PrivateDaemon::start("SSC Test").unwrap_or_else(|error| panic!("{error:?}\n`make test` installs what is missing"))
}

/// A blank third-generation card.
pub fn blank_card(interface: Interface) -> ModelChannel {
    ModelChannel::new(
        Card::blank(Profile::builtin("3.0").expect("in the program"), HISTORICAL),
        interface,
        system_entropy().expect("entropy"),
    )
}

/// Puts a card into a slot and waits until pcscd sees it.
pub fn insert<V: VirtualCard + Send + 'static>(daemon: &PrivateDaemon, slot: u8, card: V) -> Inserted<V> {
    let inserted = vpcd::insert(card, &daemon.address(slot), ServeOptions { reconnect: true }).expect("the reader");
    wait_for_card(&daemon.reader(slot));
    inserted
}

/// Waits until pcscd sees a card in this reader.
pub fn wait_for_card(reader: &str) {
    pcsc::wait_for_card(Some(reader), Some(PATIENCE), &AtomicBool::new(false)).expect("a card");
}

/// Connects to the card in a slot.
pub fn connect(daemon: &PrivateDaemon, slot: u8) -> PcscChannel {
    open(daemon, slot, false).expect("the card")
}

/// Connects to the card in a slot, alone or not.
pub fn open(daemon: &PrivateDaemon, slot: u8, exclusive: bool) -> Result<PcscChannel, TransportError> {
    let options = OpenOptions {
        exclusive,
        ..OpenOptions::default()
    };
    PcscChannel::open(Some(&daemon.reader(slot)), options)
}

/// What a program says as a client of the daemon; it must end well.
pub fn run(daemon: &PrivateDaemon, program: &str, arguments: &[&str]) -> String {
    let output = client(daemon, program)
        .args(arguments)
        .output()
        .unwrap_or_else(|error| missing(program, &error));
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{program}: {said}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    said
}

/// A program as a client of the daemon.
pub fn client(daemon: &PrivateDaemon, program: &str) -> Command {
    let mut command = daemon.command(program);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Tells which command installs a program, and fails.
pub fn missing(program: &str, error: &std::io::Error) -> ! {
    panic!("{program}: {error}; `make test` installs what is missing")
}

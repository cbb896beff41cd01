//! The examples of four languages read the same card through pcscd and print the same: with a PSAM, with the central HSM, and
//! without a card.

use crate::bench;
use crate::built::{self, here, libraries, library, succeeded};
use crate::service::Service;
use crate::support::{PsamSample, Sample};
use card_model::card::Interface;
use reader::channel::daemon::PrivateDaemon;
use reader::channel::vpcd::{self, ServeOptions};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// Debian's Java Native Access.
const JNA: &str = "/usr/share/java/jna.jar";

/// The examples, as commands of somebody who is a client of the daemon.
fn examples(daemon: &PrivateDaemon) -> Vec<(&'static str, Command)> {
    let mut c = daemon.command(built::program("examples/read_card.c"));
    c.env("SSC_DRIVER_ENCODING", "utf-8");
    let mut python = daemon.command("/usr/bin/python3");
    python.arg(here().join("examples/read_card.py")).arg(library());
    // Quick to start rather than quick to run.
    let mut java = daemon.command("java");
    java.args(["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp"]);
    java.arg(format!("{}:{JNA}", classes().display()));
    java.arg(format!("-Djna.library.path={}", libraries().display()))
        .arg("ReadCard");
    vec![
        ("C", c),
        ("Python", python),
        ("Java", java),
        ("Rust", daemon.command(rust())),
    ]
}

/// The Rust example, which cargo built before this test.
fn rust() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let path = test
        .parent()
        .and_then(Path::parent)
        .unwrap()
        .join("examples/standard_interface");
    assert!(path.is_file(), "cargo build -p ssc-driver --examples");
    path
}

/// The Java example, compiled.
fn classes() -> &'static Path {
    static CLASSES: OnceLock<tempfile::TempDir> = OnceLock::new();
    let folder = CLASSES.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let mut compiler = Command::new("javac");
        compiler
            .args(["-Xlint:all,-serial", "-Werror", "-cp", JNA, "-d"])
            .arg(folder.path());
        succeeded("javac", compiler.arg(here().join("examples/ReadCard.java")).output());
        folder
    });
    folder.path()
}

/// Exit code, stdout and stderr.
fn run(command: &mut Command, settings: &[(&str, String)]) -> (Option<i32>, String, String) {
    command
        .env("LC_ALL", "C.UTF-8")
        .envs(settings.iter().map(|(name, value)| (*name, value)));
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{error}; `make test` installs what is missing"));
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[test]
fn examples_read_a_card() {
    let mut keys = bench::keys();
    let service = Service::start(&keys);
    let options = ServeOptions { reconnect: true };
    let modes = [
        ("2.0", Interface::Contact, true),
        ("3.0", Interface::Contactless, false),
    ];
    for (name, interface, psam) in modes {
        let daemon = PrivateDaemon::start("SSC Test").unwrap_or_else(|error| panic!("{error:?}"));
        let mut sample = Sample::of(name);
        sample.values.push(("DF01/EF07/29", "1".to_owned()));
        let mut card = sample.card(&mut keys);
        card.change_interface(interface).unwrap();
        let card = vpcd::insert(card, &daemon.address(0), options).unwrap();
        let psam = psam.then(|| vpcd::insert(PsamSample::default().issue(&keys), &daemon.address(1), options).unwrap());
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("driver.toml");
        // The virtual reader needs a moment to see a card.
        std::fs::write(&config, "card_timeout = 10\n").unwrap();
        let settings = [
            ("SSC_DRIVER_CONFIG", config.display().to_string()),
            ("SSC_DRIVER_CONTACT", daemon.reader(0)),
            ("SSC_DRIVER_CONTACTLESS", daemon.reader(0)),
            ("SSC_DRIVER_PSAM", daemon.reader(1)),
            ("SSC_DRIVER_HSM", service.url()),
        ];
        for (language, mut command) in examples(&daemon) {
            let expected = "name 张三\nfile DF01EF07|1|$\n".to_owned();
            let done = run(&mut command, &settings);
            assert_eq!(done, (Some(0), expected, String::new()), "{language}, {name}");
        }
        if psam.is_some() {
            drop(card);
            std::fs::write(&config, "").unwrap();
            for (language, mut command) in examples(&daemon) {
                let (code, said, error) = run(&mut command, &settings);
                assert_eq!((code, said.as_str()), (Some(1), ""), "{language}: {error}");
                assert!(error.contains("-2 无卡"), "{language}: {error}");
            }
        }
    }
}

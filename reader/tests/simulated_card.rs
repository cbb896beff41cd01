//! Simulated cards in files: locks, writes in order, processes that die.
#![allow(clippy::expect_used, reason = "a test fails by panicking, helpers included")]

use card_model::card::{Card, Interface};
use card_model::profile::Profile;
use card_model::status::StatusWord;
use reader::channel::{Channel, ModelChannel, OpenOptions, Protocol, TransportError, open};
use reader::command::Command;
use reader::link::exchange;
use std::path::{Path, PathBuf};

const HISTORICAL: [u8; 13] = [
    0x00, 0x81, 0x54, 0x4C, 0x96, 0x86, 0x84, 0x99, 0x99, 0x00, 0x00, 0x00, 0x02,
];

fn blank() -> Card {
    Card::blank(Profile::builtin("3.0").expect("in the program"), HISTORICAL)
}

fn new_card(directory: &Path) -> PathBuf {
    let path = directory.join("card.sim");
    drop(ModelChannel::create(&path, blank(), Interface::Contact).expect("a new file"));
    path
}

fn send(channel: &mut impl Channel, command: &str) -> StatusWord {
    exchange(channel, &Command::from_hex(command).expect("a command"))
        .expect("an answer")
        .sw
}

/// AUTHENTICATE MASTER KEY with a wrong cryptogram costs a try, which the card writes to its memory.
fn fail_once(channel: &mut impl Channel) -> Option<u8> {
    assert_eq!(send(channel, "0084000008"), StatusWord::OK);
    send(channel, "008200001000000000000000000000000000000000").tries_left()
}

#[test]
fn the_file_follows_every_command() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = new_card(directory.path());
    let mut channel = ModelChannel::open(&path, Interface::Contact).expect("the card");
    for _ in 0..2 {
        let left = fail_once(&mut channel).expect("tries");
        // Not closed, not synchronised: what a killed process leaves.
        let image = std::fs::read(&path).expect("the file");
        assert_eq!(image, channel.card().image());
        let copy = directory.path().join(format!("copy-{left}.sim"));
        std::fs::write(&copy, image).expect("a copy");
        let mut copy = ModelChannel::open(copy, Interface::Contact).expect("a card");
        assert_eq!(fail_once(&mut copy), left.checked_sub(1));
    }
}

#[test]
fn a_file_belongs_to_one_program() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = new_card(directory.path());
    let first = ModelChannel::open(&path, Interface::Contact).expect("the card");
    let second = ModelChannel::open(&path, Interface::Contact);
    assert!(matches!(second, Err(TransportError::FileLocked { .. })), "{second:?}");
    drop(first);
    ModelChannel::open(&path, Interface::Contact).expect("free again");
}

#[test]
fn files_that_are_no_cards_are_told() {
    let directory = tempfile::tempdir().expect("a directory");
    let missing = ModelChannel::open(directory.path().join("none.sim"), Interface::Contact);
    assert!(
        matches!(missing, Err(TransportError::FileMissing { .. })),
        "{missing:?}"
    );
    let path = directory.path().join("text.sim");
    for content in [&b""[..], b"name,sex,ethnic_group\n", &[0xFF; 5000]] {
        std::fs::write(&path, content).expect("a file");
        let other = ModelChannel::open(&path, Interface::Contact);
        assert!(matches!(other, Err(TransportError::Image { .. })), "{other:?}");
        assert_eq!(std::fs::read(&path).expect("a file"), content, "left alone");
    }
    let exists = ModelChannel::create(&path, blank(), Interface::Contact);
    assert!(matches!(exists, Err(TransportError::FileExists { .. })), "{exists:?}");
    let folder = ModelChannel::open(directory.path(), Interface::Contact);
    assert!(matches!(folder, Err(TransportError::File { .. })), "{folder:?}");
}

#[test]
fn the_reader_argument_opens_files() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = new_card(directory.path());
    let reader = format!("sim:{}", path.display());
    let contact = open(Some(&reader), OpenOptions::default()).expect("the card");
    assert_eq!(contact.protocol(), Protocol::T0);
    assert_eq!(
        reader::reset::historical(&contact.reset_answer().bytes),
        Some(HISTORICAL)
    );
    drop(contact);
    let options = OpenOptions {
        interface: Interface::Contactless,
        ..OpenOptions::default()
    };
    let contactless = open(Some(&reader), options).expect("the card");
    assert_eq!(contactless.protocol(), Protocol::Block);
    assert_eq!(
        reader::reset::historical(&contactless.reset_answer().bytes),
        Some(HISTORICAL)
    );
}

#[test]
fn a_card_without_an_antenna_is_mute_over_the_air() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("old.sim");
    let profile = Profile::builtin("1.0").expect("in the program");
    assert!(profile.reset.contactless.is_none());
    drop(ModelChannel::create(&path, Card::blank(profile, HISTORICAL), Interface::Contact).expect("a new file"));
    let mute = ModelChannel::open(&path, Interface::Contactless);
    assert!(matches!(mute, Err(TransportError::Mute { .. })), "{mute:?}");
    ModelChannel::open(&path, Interface::Contact).expect("it has contacts");
}

/// Set in the process that is to die.
const VICTIM: &str = "SSC_TEST_VICTIM";

#[test]
fn a_killed_process_leaves_a_card() {
    if let Ok(path) = std::env::var(VICTIM) {
        let mut channel = ModelChannel::open(path, Interface::Contact).expect("the card");
        assert!(fail_once(&mut channel).is_some());
        // No destructor runs, no buffer is written.
        std::process::abort();
    }
    let directory = tempfile::tempdir().expect("a directory");
    let path = new_card(directory.path());
    let program = std::env::current_exe().expect("this test");
    let output = std::process::Command::new(program)
        .args(["--exact", "a_killed_process_leaves_a_card", "--nocapture"])
        .env(VICTIM, &path)
        .output()
        .expect("started");
    assert!(!output.status.success(), "it was to die");
    let mut channel = ModelChannel::open(&path, Interface::Contact).expect("a card, and no lock");
    let tries = Profile::builtin("3.0").expect("in the program").os.key_tries;
    assert_eq!(
        fail_once(&mut channel),
        tries.checked_sub(2),
        "the try of the dead process counts"
    );
}

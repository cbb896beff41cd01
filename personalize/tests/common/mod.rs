//! What the tests of issuing share: a TEST key file, sample holders, a channel whose plug can be pulled.
#![allow(dead_code, reason = "each test file uses its part")]
#![allow(clippy::expect_used, reason = "a test without its parts has failed")]

use card_model::card::{Card, Interface};
use card_model::crypto::Algorithm;
use card_model::profile::Profile;
use jiff::civil::Date;
use personalize::{Batch, Holder, HolderRules, HoldersFile, IssueError, IssueRun, ModelOs, Settings, Silent};
use reader::channel::{Channel, ModelChannel, TransportError, system_entropy};
use reader::security::KeyFile;
use std::path::{Path, PathBuf};

/// Salt of the journals: TESTSALT in hex.
pub const SALT: &str = "5445535453414C54";
pub const TODAY: Date = Date::constant(2026, 1, 2);

pub fn samples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("samples")
}

pub fn profile(name: &str) -> &'static Profile {
    Profile::builtin(name).expect("built in")
}

pub fn settings() -> Settings {
    Settings::load(&samples().join("settings.toml")).expect("the sample is right")
}

pub fn keys(profile: &Profile) -> KeyFile {
    let both = [Algorithm::Sm4, Algorithm::TripleDes];
    KeyFile::generate("TEST keys", &[profile], &both, true).expect("random numbers")
}

pub fn holders(profile: &Profile, settings: &Settings) -> Vec<Holder> {
    let rules = HolderRules {
        profile,
        settings,
        today: TODAY,
        accept_disagreement: false,
    };
    let file = HoldersFile::load(&samples().join("holders.csv"), &rules).expect("a table");
    file.require_all("holders.csv").expect("no errors")
}

pub fn batch<'a>(profile: &'a Profile, settings: &'a Settings, holders: &'a [Holder]) -> Batch<'a> {
    Batch {
        profile,
        os: &ModelOs,
        settings,
        holders,
        today: TODAY,
    }
}

pub fn blank(profile: &Profile, serial: u8) -> ModelChannel {
    blank_on(profile, serial, Interface::Contact)
}

pub fn blank_on(profile: &Profile, serial: u8, interface: Interface) -> ModelChannel {
    let region = personalize::numbers::Region::parse("990000").expect("six digits");
    let historical = personalize::run::historical_bytes(profile, &region, [0, 0, 0, serial]);
    ModelChannel::new(
        Card::blank(profile, historical),
        interface,
        system_entropy().expect("entropy"),
    )
}

/// Issues the next card into `channel`; whether it succeeded.
pub fn issue(run: &mut IssueRun<'_>, channel: &mut dyn Channel) -> Result<bool, IssueError> {
    let result = run.issue_next(channel, &mut Silent)?;
    Ok(result.is_some_and(|result| result.outcome.is_ok()))
}

/// A card that is pulled after a number of commands.
pub struct Plug<'c> {
    pub channel: &'c mut ModelChannel,
    pub left: usize,
}

impl Channel for Plug<'_> {
    reader::pass_on!(self => self.channel; name reset_answer reset);

    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, TransportError> {
        match self.left.checked_sub(1) {
            Some(left) => self.left = left,
            None => {
                return Err(TransportError::CardRemoved {
                    reader: "test".to_owned(),
                });
            }
        }
        self.channel.transmit(command)
    }
}

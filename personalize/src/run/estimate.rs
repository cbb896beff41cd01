//! How many commands and how much time a batch still takes.

use super::report::CardResult;
use crate::card_os::{CardOs, ModelOs};
use crate::contents::Layout;
use card_model::profile::{DedicatedFileKind, Profile};
use std::time::Duration;

/// Time of one command before the first card was measured: some 25 bytes at the 9600 bit/s of a contact card.
const COMMAND: Duration = Duration::from_millis(30);

/// Estimate for the rest of a batch; learns from every card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Estimate {
    /// Commands of the next card.
    pub commands: u64,
    /// Time of the next card.
    pub per_card: Duration,
    /// Holders still waiting.
    pub waiting: u64,
    measured: u32,
}

impl Estimate {
    pub(super) fn new(profile: &Profile) -> Self {
        let commands = planned_commands(profile, true);
        let per_card = COMMAND.saturating_mul(u32::try_from(commands).unwrap_or(u32::MAX));
        Self {
            commands,
            per_card,
            waiting: 0,
            measured: 0,
        }
    }

    /// Time for all holders still waiting, without changing cards.
    pub fn remaining(&self) -> Duration {
        self.per_card
            .saturating_mul(u32::try_from(self.waiting).unwrap_or(u32::MAX))
    }

    pub(super) fn learn(&mut self, result: &CardResult, waiting: usize) {
        self.waiting = waiting as u64;
        if result.outcome.is_err() {
            return;
        }
        self.measured = self.measured.saturating_add(1);
        self.commands = result.commands;
        // The mean of all cards, so that one slow card does not make the estimate jump.
        let total = self
            .per_card
            .saturating_mul(self.measured - 1)
            .saturating_add(result.time);
        self.per_card = total / self.measured;
    }
}

/// Number of commands for one card of a profile, with or without structure; answers fetched with GET RESPONSE included.
/// Holders with pictures or cyclic records take a few more.
pub fn planned_commands(profile: &Profile, structure: bool) -> u64 {
    let mut commands = 0;
    if structure {
        let key = ModelOs.commands_per_key() as u64;
        for df in &profile.dedicated_files {
            let select = if df.name.is_empty() { 1 } else { 2 };
            let below_parent = if df.kind == DedicatedFileKind::Mf {
                0
            } else {
                select + 2 + 1 + key
            };
            let keys: u64 = df.keys.iter().map(|definition| u64::from(definition.versions)).sum();
            commands += below_parent + 3 * (select + 2) + key + 1;
            commands += df.files.len() as u64 + (keys + u64::from(df.has_pin)) * key;
        }
    }
    let Ok(layout) = Layout::new(profile) else {
        return commands;
    };
    commands + layout.planned_commands()
}

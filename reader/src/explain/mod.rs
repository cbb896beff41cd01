//! What a log of APDUs says: each command by its name, files, elements and keys by the profile's, status words with the
//! rule and the state behind them. Offline, and masked as everything else unless asked otherwise.
//!
//! ```
//! use reader::explain::{Log, Options, explain};
//!
//! let log = Log::parse("> 00A4020002EF06\n< 9000\n> 00B2090020\n< 6982").expect("a transcript");
//! let explained = explain(&log, &Options::default()).expect("profiles");
//! assert_eq!(explained.steps.len(), 2);
//! ```
//!
//! [`Log::parse`] reads the formats; [`explain`] follows what the card had selected and granted, as far as the log shows
//! it. A log that begins in the middle leaves that open, and so do the words.

mod cause;
mod fields;
mod kind;
mod log;
mod recognise;
mod shown;
mod state;
mod step;

pub use cause::{Cause, Effect};
pub use fields::Field;
pub use kind::Kind;
pub use log::{Bytes, Event, EventKind, Format, Log, LogError};
pub use recognise::Evidence;
pub use step::{KeyName, Step, Target};

use crate::channel::Reset;
use card_model::profile::{Profile, ProfileError};
use state::Follower;
use std::sync::Arc;

/// How a log is explained.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Profile of the card; without one the generation is recognised from the log.
    pub profile: Option<Arc<Profile>>,
    /// Profiles for recognised generations that stand in place of the national ones: those of a provincial extension.
    pub extended: Vec<Arc<Profile>>,
    /// Shows PINs, keys, guarded files and what names a person.
    pub reveal: bool,
}

/// An explained log.
#[derive(Debug, Clone)]
pub struct Explained {
    /// The profile by which it was explained.
    pub profile: Arc<Profile>,
    /// How the profile was found; `None` where it was given.
    pub evidence: Option<Evidence>,
    /// Whether secrets were left visible.
    pub revealed: bool,
    /// What happened, in order.
    pub steps: Vec<Entry>,
}

/// One thing that happened.
#[derive(Debug, Clone)]
pub enum Entry {
    /// The card was reset.
    Reset {
        /// Line of the log.
        line: usize,
        /// Answer to reset, where the log has it.
        reset: Option<Reset>,
    },
    /// A remark of whoever wrote the log; long numbers in it are masked.
    Remark {
        /// Line of the log.
        line: usize,
        /// Its text.
        text: String,
    },
    /// A command and its answer.
    Exchange(Box<Step>),
}

/// Explains a log.
///
/// # Errors
/// A profile in the program cannot be loaded.
pub fn explain(log: &Log, options: &Options) -> Result<Explained, ProfileError> {
    let (profile, evidence) = match &options.profile {
        Some(profile) => (Arc::clone(profile), None),
        None => {
            let (profile, evidence) = recognise::profile(log, &options.extended)?;
            (profile, Some(evidence))
        }
    };
    let mut follower = Follower::new(Arc::clone(&profile), options.reveal);
    let steps = log
        .events
        .iter()
        .map(|event| entry(event, &mut follower, options.reveal));
    Ok(Explained {
        steps: steps.collect(),
        profile,
        evidence,
        revealed: options.reveal,
    })
}

fn entry(event: &Event, follower: &mut Follower, reveal: bool) -> Entry {
    let line = event.line;
    match &event.kind {
        EventKind::Reset(reset) => {
            follower.reset();
            let reset = reset.clone();
            Entry::Reset { line, reset }
        }
        EventKind::Remark(text) => Entry::Remark {
            line,
            text: if reveal {
                text.clone()
            } else {
                shown::without_numbers(text)
            },
        },
        EventKind::Exchange {
            command,
            answer,
            micros,
        } => {
            let mut step = follower.exchange(line, command, answer.as_deref());
            step.micros = *micros;
            Entry::Exchange(Box::new(step))
        }
    }
}

#[cfg(test)]
mod tests;

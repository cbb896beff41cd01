//! The log: one line for each call, and what went over the channels, masked.

use super::failure::Failure;
use super::settings::Settings;
use super::slots::Card;
use crate::channel::{Masking, Trace};
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::time::Duration;

/// The log file, if one is kept.
#[derive(Debug, Default)]
pub(super) struct Log {
    file: Option<File>,
    unmasked: bool,
}

impl Log {
    /// Opens the log of the settings. A log that cannot be written never keeps a card from being read.
    pub fn new(settings: &Settings) -> Self {
        let open = |path| OpenOptions::new().create(true).append(true).open(path).ok();
        Self {
            file: settings.log.as_ref().and_then(open),
            unmasked: settings.unmasked,
        }
    }

    /// Writes down a call. Strings of the interface hold numbers, names and PINs: their lengths are written, not they.
    pub fn call(&mut self, name: &str, inputs: &[&str], outcome: Result<&str, &Failure>, took: Duration) {
        let unmasked = self.unmasked;
        let Some(file) = &mut self.file else { return };
        let show = |text: &str| {
            if unmasked {
                format!("{text:?}")
            } else {
                format!("<{} characters>", text.chars().count())
            }
        };
        let inputs: Vec<String> = inputs.iter().map(|input| show(input)).collect();
        let now = jiff::Zoned::now().strftime("%Y-%m-%d %H:%M:%S%.3f").to_string();
        let outcome = match outcome {
            Ok(text) => format!("0 {}", show(text)),
            Err(failure) => failure.to_string(),
        };
        let micros = took.as_micros();
        let line = format!("{now} {name}({}) -> {outcome} [{micros} us]\n", inputs.join(", "));
        let _ = file.write_all(line.as_bytes());
    }

    /// A channel whose commands are written into the log.
    pub fn traced(&self, channel: Card) -> Card {
        let masking = if self.unmasked {
            Masking::Unmasked
        } else {
            Masking::standard()
        };
        match self.file.as_ref().and_then(|file| file.try_clone().ok()) {
            Some(file) => Box::new(Trace::new(channel, file, masking)),
            None => channel,
        }
    }
}

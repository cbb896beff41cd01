//! The whole personalization of a card version as a transcript, for card bureaus: blank card → structure → keys → data of a
//! sample holder → verification.
//!
//! The transcript is made by issuing a simulated card, through the same code as a real one, and can be replayed. What
//! depends on a card's challenge – cryptograms, MACs, encrypted keys – is marked `computed` with the key and its input: on
//! another card that line is worked out anew, all others are sent as they stand. The simulated card draws its challenges from
//! a seed that stands in the transcript, so that [`replay`] ends with the same issued card, byte for byte.

mod entropy;
mod noting;
mod replay;
mod sample;

pub use entropy::SeededEntropy;
pub use replay::{ReplayError, replay};
pub use sample::sample_table;

use crate::error::IssueError;
use crate::holders::Holder;
use crate::issuer::{IssuedCard, Issuer};
use crate::numbers::CardNumber;
use crate::run::historical_bytes;
use crate::settings::Settings;
use card_model::card::{Card, Interface};
use card_model::profile::Profile;
use jiff::civil::Date;
use noting::{Lines, Noting};
use reader::channel::{Masking, ModelChannel, Trace};
use reader::security::KeyLoader;
use std::fmt::Write as _;
use std::sync::Arc;

/// What a script is made from.
pub struct Script<'a> {
    /// Card version.
    pub profile: &'a Profile,
    /// Settings of the issuer.
    pub settings: &'a Settings,
    /// The person on the card.
    pub holder: &'a Holder,
    /// Number of the card.
    pub card_number: &'a CardNumber,
    /// The day of issuing, where the settings name none.
    pub today: Date,
    /// Serial number TA–TD of the card.
    pub serial: [u8; 4],
    /// Where the simulated card's challenges come from.
    pub seed: [u8; 16],
    /// Whether PINs, cryptograms and encrypted keys are written; without them the script is to be read, not replayed.
    pub reveal: bool,
}

/// A finished script.
#[derive(Debug)]
pub struct Written {
    /// The transcript.
    pub text: String,
    /// Commands in it, GET RESPONSE included.
    pub commands: usize,
    /// Commands marked as computed.
    pub computed: usize,
    /// What was issued.
    pub card: IssuedCard,
    /// The card itself.
    pub image: Vec<u8>,
}

/// Names of the lines at the head that [`replay`] reads.
mod head {
    pub const PROFILE: &str = "profile";
    pub const HISTORICAL: &str = "T1-TD";
    pub const SEED: &str = "entropy SM3(seed || counter), seed";
}

impl Script<'_> {
    /// Issues the sample card and writes down every command.
    ///
    /// # Errors
    /// The card could not be issued: a key is missing, or a value has no place.
    pub fn write(&self, loader: &mut dyn KeyLoader, os: &dyn crate::card_os::CardOs) -> Result<Written, IssueError> {
        let profile = self.profile;
        let historical = historical_bytes(profile, &self.settings.region, self.serial);
        let card = Card::blank(profile, historical);
        let entropy = Box::new(SeededEntropy::new(self.seed));
        let model = ModelChannel::new(card, Interface::Contact, entropy);
        let lines = Lines::default();
        let masking = match self.reveal {
            true => Masking::Unmasked,
            false => Masking::Masked(Some(Arc::new(profile.clone()))),
        };
        let mut channel = Trace::new(model, lines.clone(), masking);
        let mut noting = Noting::new(loader, lines.clone());
        let issuer = Issuer::new(profile, os, self.settings, self.today)?;
        let card = issuer.issue(
            &mut channel,
            &mut noting,
            self.holder,
            self.card_number,
            false,
            &mut |_, _| Ok(()),
        )?;
        let (model, _) = channel.into_inner();
        let image = model.into_card()?.image().to_vec();
        drop(noting);
        let (body, commands, computed) = lines.finish();
        let mut text = self.head(&historical);
        text.push_str(&body);
        Ok(Written {
            text,
            commands,
            computed,
            card,
            image,
        })
    }

    fn head(&self, historical: &[u8; 13]) -> String {
        let profile = self.profile;
        let mut head = String::new();
        // Writing to a String never fails.
        let _ = writeln!(head, "# ssc personalization script");
        let _ = writeln!(
            head,
            "# {} {} – {} / {}",
            head::PROFILE,
            profile.name,
            profile.zh,
            profile.en
        );
        let _ = writeln!(head, "# cipher {}", profile.algorithm.name());
        let _ = writeln!(head, "# {} {}", head::HISTORICAL, hex::encode_upper(historical));
        let _ = writeln!(head, "# {} {}", head::SEED, hex::encode_upper(self.seed));
        let _ = writeln!(
            head,
            "# 'computed' marks what depends on the card's challenge before it: on another card that command is made anew,\n\
             # with the key named and the challenge drawn; all other commands are sent as they stand."
        );
        if !self.reveal {
            let _ = writeln!(
                head,
                "# PINs, cryptograms, encrypted keys and personal data are masked (**): made with --reveal the script can be replayed."
            );
        }
        head
    }
}

//! A batch into simulated cards: one file per holder in a folder, named by the card number.

use super::{CardResult, IssueRun, Progress};
use crate::error::IssueError;
use crate::holders::Holder;
use crate::journal::{self, Stage};
use crate::numbers::{CardNumber, Region};
use card_model::card::{Card, Interface};
use card_model::profile::Profile;
use reader::channel::{Channel, ModelChannel, system_entropy};
use std::path::Path;

/// Historical bytes of a simulated card: the profile's maker bytes T1–T7, four digits of the region, a serial
/// (`spec/files.md` §4.5).
pub fn historical_bytes(profile: &Profile, region: &Region, serial: [u8; 4]) -> [u8; 13] {
    let mut historical = [0; 13];
    historical[..7].copy_from_slice(&profile.reset.maker);
    historical[7..9].copy_from_slice(&region.packed()[..2]);
    historical[9..].copy_from_slice(&serial);
    historical
}

impl<'a> IssueRun<'a> {
    /// Issues all waiting holders into new simulated cards in `folder`. A card file that is there already is gone on with,
    /// never replaced. A card that fails does not stop the others.
    ///
    /// # Errors
    /// The folder cannot be used, a key is missing, or the journal cannot be kept.
    pub fn issue_simulated(
        &mut self,
        folder: &Path,
        interface: Interface,
        progress: &mut dyn Progress,
    ) -> Result<(), IssueError> {
        self.issue_simulated_through(folder, interface, progress, &mut |channel| channel)
    }

    /// The same; `through` may put decorators such as a trace around the channel of each card.
    ///
    /// # Errors
    /// As [`IssueRun::issue_simulated`].
    pub fn issue_simulated_through(
        &mut self,
        folder: &Path,
        interface: Interface,
        progress: &mut dyn Progress,
        through: &mut dyn FnMut(Box<dyn Channel + Send>) -> Box<dyn Channel + Send>,
    ) -> Result<(), IssueError> {
        let unusable = |source| IssueError::Folder {
            path: folder.display().to_string(),
            source,
        };
        std::fs::create_dir_all(folder).map_err(unusable)?;
        self.check_keys(true)?;
        let mut entropy = system_entropy()?;
        loop {
            // A card begun in a file of this folder is at hand.
            let at_hand = |begun: &journal::Progress| folder.join(&begun.card_number).exists();
            let Some(holder) = self.next_with(&at_hand, progress) else {
                return Ok(());
            };
            let card_number = self.card_number(holder)?;
            let path = folder.join(card_number.as_str());
            let channel = if path.exists() {
                ModelChannel::open(&path, interface)
            } else {
                let mut serial = [0; 4];
                entropy.fill_bytes(&mut serial);
                let historical = historical_bytes(self.batch.profile, &self.batch.settings.region, serial);
                ModelChannel::create(&path, Card::blank(self.batch.profile, historical), interface)
            };
            let result = channel.map_err(IssueError::from).and_then(|channel| {
                self.is_the_begun_one(holder, &channel)?;
                let mut channel = through(Box::new(channel));
                self.issue_next(channel.as_mut(), progress).map(|_| ())
            });
            match result {
                Ok(()) => {}
                Err(error @ IssueError::Journal(_)) => return Err(error),
                Err(error) => self.give_up(holder, &card_number, error, progress),
            }
        }
    }

    /// A file of the right name may still be another card than the one the journal knows.
    fn is_the_begun_one(&self, holder: &Holder, channel: &ModelChannel) -> Result<(), IssueError> {
        let Some((_, begun)) = self.known(holder) else {
            return Ok(());
        };
        let historical = reader::reset::historical(&channel.reset_answer().bytes).map(hex::encode_upper);
        match begun.stage {
            Stage::Begun { .. } if historical.as_ref() != Some(&begun.historical) => Err(IssueError::HalfIssued {
                card_number: begun.card_number,
                historical: begun.historical,
            }),
            _ => Ok(()),
        }
    }

    /// Takes a holder off the queue whose card file cannot be used.
    fn give_up(&mut self, holder: &Holder, card_number: &CardNumber, error: IssueError, progress: &mut dyn Progress) {
        self.waiting.pop_front();
        self.taken.insert(card_number.as_str().to_owned());
        self.done(
            CardResult::failed(holder.row, card_number.as_str().to_owned(), error),
            progress,
        );
    }
}

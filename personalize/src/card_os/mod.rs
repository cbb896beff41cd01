//! What differs from one card operating system to the next: creating files, loading keys, ending the structure.
//!
//! Everything else in this crate is standard. [`ModelOs`] speaks the commands of `card-model/COS.md`; another operating
//! system is another implementation of [`CardOs`].

mod model;

pub use model::ModelOs;

use crate::error::IssueError;
use card_model::crypto::Algorithm;
use card_model::profile::Profile;
use reader::channel::Channel;
use reader::security::{CardIdentity, KeyLoader, KeyToLoad, MasterKey};

/// Stage of a card's life, as far as issuing cares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LifeStage {
    /// Transport key only.
    Blank,
    /// A structure was begun and can still be erased.
    Structure,
    /// The structure is complete and in force.
    Operational,
    /// Blocked for good.
    Blocked,
}

/// What a card says of itself without any key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CardData {
    /// Stage of its life.
    pub stage: LifeStage,
    /// Name of the profile it was made for.
    pub label: String,
    /// Cipher.
    pub algorithm: Algorithm,
    /// Free memory in bytes.
    pub free: u32,
}

/// A card on the table: channel, keys and what they need to know.
pub struct Bench<'a> {
    /// The card.
    pub channel: &'a mut dyn Channel,
    /// The security module of the issuer.
    pub loader: &'a mut dyn KeyLoader,
    /// What the card becomes.
    pub profile: &'a Profile,
    /// What the keys are diversified by.
    pub card: &'a CardIdentity,
}

/// A card operating system.
///
/// All commands but [`CardOs::card_data`] work on the current dedicated file; the caller selects it.
pub trait CardOs {
    /// Name for messages.
    fn name(&self) -> &'static str;

    /// Asks the card what it is; `None` if it does not speak this operating system's commands.
    ///
    /// # Errors
    /// The transport failed, or the answer makes no sense.
    fn card_data(&self, channel: &mut dyn Channel) -> Result<Option<CardData>, IssueError>;

    /// Proves knowledge of the current file's master key.
    ///
    /// # Errors
    /// The card refuses, or the key is not there.
    fn authenticate_master(&self, bench: &mut Bench<'_>, id: &str, master: MasterKey<'_>) -> Result<(), IssueError>;

    /// Creates the dedicated file with this index in the profile under the current one.
    ///
    /// # Errors
    /// The card refuses.
    fn create_dedicated(&self, bench: &mut Bench<'_>, index: usize) -> Result<(), IssueError>;

    /// Creates an elementary file of the current dedicated file.
    ///
    /// # Errors
    /// The card refuses, or a condition of the file names a key that cannot be there.
    fn create_elementary(&self, bench: &mut Bench<'_>, dedicated: usize, file: usize) -> Result<(), IssueError>;

    /// Loads a key, the PIN or the first master key into the current dedicated file.
    ///
    /// # Errors
    /// The card refuses, or the key is not there.
    fn load(
        &self,
        bench: &mut Bench<'_>,
        id: &str,
        load: KeyToLoad<'_>,
        under: MasterKey<'_>,
    ) -> Result<(), IssueError>;

    /// Replaces the current dedicated file's master key.
    ///
    /// # Errors
    /// The card refuses, or the key is not there.
    fn replace_master(
        &self,
        bench: &mut Bench<'_>,
        id: &str,
        new: KeyToLoad<'_>,
        old: MasterKey<'_>,
    ) -> Result<(), IssueError>;

    /// Puts the current dedicated file into force. One that is in force already is left as it is.
    ///
    /// # Errors
    /// The card refuses.
    fn activate(&self, bench: &mut Bench<'_>, id: &str) -> Result<(), IssueError>;

    /// Erases all that was created; the MF is current and its master key authenticated.
    ///
    /// # Errors
    /// The card refuses, for instance because something is in force already.
    fn erase(&self, bench: &mut Bench<'_>) -> Result<(), IssueError>;

    /// Number of commands that loading one key takes, for estimates.
    fn commands_per_key(&self) -> usize {
        2
    }
}

//! Plays a script back against the model: from the blank card to the issued one.

use super::{SeededEntropy, head};
use card_model::card::{Card, Interface};
use card_model::profile::Profile;
use reader::channel::{Channel, Entry, ModelChannel, Transcript, TransportError};

/// Why a script cannot be replayed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReplayError {
    /// A line at the head is missing or damaged.
    #[error("the head of the script lacks '{0}'")]
    Head(&'static str),
    /// The script is for another card version.
    #[error("the script is for the profile {0}")]
    Profile(String),
    /// No transcript.
    #[error(transparent)]
    Transcript(#[from] reader::channel::TranscriptError),
    /// A command or an answer is masked.
    #[error("line {0} is masked: write the script with --reveal")]
    Masked(usize),
    /// The card answered something else.
    #[error("line {line}: the card answered {found}, recorded is {recorded}")]
    Different {
        /// Line of the answer.
        line: usize,
        /// What the card answered now.
        found: String,
        /// What the script says.
        recorded: String,
    },
    /// The simulated card failed.
    #[error(transparent)]
    Transport(#[from] TransportError),
}

/// The value behind `# name value` at the head.
fn value<'t>(text: &'t str, name: &'static str) -> Result<&'t str, ReplayError> {
    let lines = text.lines().take_while(|line| line.starts_with('#'));
    let mut found = lines.filter_map(|line| line.trim_start_matches('#').trim().strip_prefix(name));
    let rest = found.next().ok_or(ReplayError::Head(name))?;
    rest.split_whitespace().next().ok_or(ReplayError::Head(name))
}

fn bytes<const N: usize>(text: &str, name: &'static str) -> Result<[u8; N], ReplayError> {
    let bytes = hex::decode(value(text, name)?).ok();
    let bytes = bytes.and_then(|bytes| <[u8; N]>::try_from(bytes).ok());
    bytes.ok_or(ReplayError::Head(name))
}

/// Makes the blank card that the head describes, sends every command, and holds every answer against the recorded one.
/// Gives the card as it is at the end.
///
/// # Errors
/// The text is no script of `profile`, or the card answers differently.
pub fn replay(text: &str, profile: &Profile) -> Result<Card, ReplayError> {
    let name = value(text, head::PROFILE)?;
    if name != profile.name {
        return Err(ReplayError::Profile(name.to_owned()));
    }
    let historical = bytes::<13>(text, head::HISTORICAL)?;
    let seed = bytes::<16>(text, head::SEED)?;
    let transcript = Transcript::parse(text)?;
    let card = Card::blank(profile, historical);
    let mut channel = ModelChannel::new(card, Interface::Contact, Box::new(SeededEntropy::new(seed)));
    let mut answer: Option<Vec<u8>> = None;
    for (line, entry) in transcript.entries {
        let known = |bytes: Vec<Option<u8>>| bytes.into_iter().collect::<Option<Vec<u8>>>();
        match entry {
            // The first one is the power-on that has been.
            Entry::Reset(reset) => {
                let found = &channel.reset_answer().bytes;
                if *found != reset.bytes {
                    return Err(different(line, found, &reset.bytes));
                }
            }
            Entry::Command(command) => {
                let command = known(command).ok_or(ReplayError::Masked(line))?;
                answer = Some(channel.transmit(&command)?);
            }
            Entry::Answer(recorded) => {
                let recorded = known(recorded).ok_or(ReplayError::Masked(line))?;
                let found = answer.take().unwrap_or_default();
                if found != recorded {
                    return Err(different(line, &found, &recorded));
                }
            }
        }
    }
    Ok(channel.into_card()?)
}

fn different(line: usize, found: &[u8], recorded: &[u8]) -> ReplayError {
    ReplayError::Different {
        line,
        found: hex::encode_upper(found),
        recorded: hex::encode_upper(recorded),
    }
}

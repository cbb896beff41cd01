//! The card of `--reader`, whether it is a social security card or any other.

use crate::connect::Desk;
use crate::failure::Failure;
use crate::output::Output;
use card_model::profile::Profile;
use card_model::words::{Explain, Lang};
use conformance::suite::Text;
use reader::channel::{Channel, Patience, Patient, TransportError};
use reader::error::{Family, ReaderError};
use reader::reset::historical;
use reader::security::CardIdentity;
use reader::session::Session;
use rust_i18n::t;
use std::time::Duration;

/// How long a card that leaves in the middle is waited for: virtual cards are started again, contactless ones put back.
const PATIENCE: Patience = Patience {
    once: Duration::from_secs(5),
    altogether: Duration::from_secs(60),
};

/// A card before a run, which begins with a reset.
pub struct Card<'d> {
    /// The way to it.
    pub channel: Box<dyn Channel + Send + 'd>,
    /// What it is held against.
    pub profile: &'d Profile,
    /// What goes into the diversification of its keys; of a card of which nobody knows whose it is, nothing true.
    pub identity: CardIdentity,
    /// Why it is none of ours, if it is not.
    pub stranger: Option<Text>,
}

impl<'d> Desk<'d> {
    /// Opens the card of `--reader`. One that does not open as a social security card, or falls silent when it is opened, is held
    /// against the profile `version`, or the newest.
    pub fn subject(&'d self, version: Option<&str>) -> Result<Card<'d>, Failure> {
        let mut channel = Patient::new(self.card(true)?, PATIENCE);
        let label = self.label(&mut channel);
        let mut chosen = None;
        let opened = Session::open_choosing(Box::new(&mut channel), |version| {
            let profile = self.profile_for(version, label.as_deref())?;
            chosen = Some(profile);
            Ok(profile)
        });
        let identity = opened.and_then(|session| session.identity());
        let (profile, identity, stranger) = match (identity, chosen) {
            (Ok(identity), Some(profile)) => (profile, identity, None),
            (Err(error), _) if !self.is_strange(&error) => return Err(self.refusal(&error)),
            (identity, chosen) => {
                let profile = match (version, chosen) {
                    (None, Some(profile)) => profile,
                    (None, None) => self.newest()?,
                    (Some(version), _) => self.profile(version)?,
                };
                let why = identity.err().map(|error| why(&error));
                let nobody = CardIdentity {
                    region: String::new(),
                    historical: historical(&channel.reset_answer().bytes).unwrap_or_default(),
                    algorithm: profile.algorithm,
                };
                (profile, nobody, why)
            }
        };
        Ok(Card {
            channel: Box::new(channel),
            profile,
            identity,
            stranger,
        })
    }

    /// The newest card version, or that of `--profile-overlay`.
    fn newest(&'d self) -> Result<&'d Profile, Failure> {
        let mut known = Profile::BUILTIN.iter().filter_map(|name| self.profile(name).ok());
        match known.next() {
            Some(profile) => Ok(profile),
            None => self.profile(Profile::BUILTIN.first().copied().unwrap_or_default()),
        }
    }

    /// Whether an error says that this is another kind of card: it refuses, answers what no such card answers, tells of a
    /// version that there is not, talks without end, or does not answer at all.
    fn is_strange(&self, error: &ReaderError) -> bool {
        match error {
            ReaderError::Transport(TransportError::Endless { .. }) => true,
            ReaderError::Transport(error) => is_silence(error),
            ReaderError::Profile(_) => self.overlay.is_none(),
            error => error.family() == Family::Card,
        }
    }
}

/// A card that did not open as one of ours is told of before anything is sent to it.
pub fn tell_stranger(why: Option<&Text>, output: Output) {
    if let Some(why) = why {
        let (locale, why) = (output.lang.locale(), why.in_language(output.lang));
        output.talk(&t!("fuzz.stranger", locale = locale, why = why));
    }
}

/// Whether a card that had answered to reset gave no answer to a command.
fn is_silence(error: &TransportError) -> bool {
    matches!(
        error,
        TransportError::AnswerTooShort { .. } | TransportError::CardRemoved { .. } | TransportError::Mute { .. }
    )
}

/// Why a card is none of ours.
fn why(error: &ReaderError) -> Text {
    let words = |lang: Lang| {
        let what = error.explain(lang).what;
        match error {
            ReaderError::Transport(error) if is_silence(error) => {
                t!("conform.silent", locale = lang.locale(), what = what).into_owned()
            }
            _ => what,
        }
    };
    Text::new(words(Lang::Zh), words(Lang::En))
}

//! An opened card for the verbs that read, write and verify: session, keys, and the person who knows the PIN.

use crate::ask;
use crate::connect::Desk;
use crate::failure::{Class, Failure};
use crate::output::Output;
use card_model::secret::Pin;
use reader::error::{Family, ReaderError};
use reader::pin::{PinProvider, PinRequest};
use reader::session::{Options, Session};

/// Who gives the PIN: the environment or the person at the terminal, once for each card.
#[derive(Debug)]
pub struct Person {
    output: Output,
    /// Why the person's answer was no PIN.
    pub failure: Option<Failure>,
}

impl Person {
    /// Somebody who is asked in the output's language.
    pub fn new(output: Output) -> Self {
        Self { output, failure: None }
    }
}

impl PinProvider for Person {
    fn pin(&mut self, request: &PinRequest) -> Option<Pin> {
        match ask::pin(ask::PIN, Some(request.tries_left), self.output) {
            Ok(pin) => Some(pin),
            Err(failure) => {
                self.failure = Some(failure);
                None
            }
        }
    }
}

impl Desk<'_> {
    /// Opens the card of `--reader` as a social security card.
    pub fn session<'s>(&'s self, exclusive: bool) -> Result<Session<'s>, Failure> {
        let options = Options {
            last_try: self.common.last_try,
            ..Options::default()
        };
        let mut channel = self.card(exclusive)?;
        let label = self.label(channel.as_mut());
        let choose = |version| self.profile_for(version, label.as_deref());
        let session = Session::open_choosing(channel, choose).map_err(|e| self.refusal(&e))?;
        Ok(session.with_options(options))
    }

    /// An error of a session as a failure of its family.
    pub fn refusal(&self, error: &ReaderError) -> Failure {
        let class = match (error, error.family()) {
            (ReaderError::Transport(error), _) => return self.transport(error),
            (_, Family::Transport) => Class::NoCard,
            (_, Family::Card) => Class::Refused,
            (_, Family::Pin) => Class::Pin,
            (_, Family::Input) => Class::Input,
        };
        let mut failure = Failure::explained(class, error, self.output.lang);
        failure.sw = error.status_word().map(|sw| sw.0);
        failure
    }
}

/// The day of issuing, and the one against which dates on a card are held.
pub fn today() -> jiff::civil::Date {
    jiff::Zoned::now().date()
}

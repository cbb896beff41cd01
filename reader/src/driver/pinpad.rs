//! The PIN at a reader with a keypad of its own: `keypad = "pinpad"` of the settings.
//!
//! The reader takes VERIFY and CHANGE PIN as far as [`crate::pinpad`] says that they can be expressed; see
//! [`KeypadChoice::PinPad`] for the rest.

use super::code::ReturnCode;
use super::failure::Failure;
use super::keypad::KeypadError;
use super::settings::{KeypadChoice, Settings};
use crate::channel::Channel;
use crate::pinpad::{
    Answer, Features, GET_FEATURE_REQUEST, Language, MODIFY_PIN_DIRECT, PinModify, PinVerify, VERIFY_PIN_DIRECT,
};
use crate::session::Session;
use card_model::status::StatusWord;

/// What the settings say about keypads of readers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pad {
    digits: u8,
    timeout: u8,
    language: Language,
}

impl Pad {
    /// `None` if the reader's keypad is not to be used.
    pub fn of(settings: &Settings) -> Option<Self> {
        matches!(settings.keypad, KeypadChoice::PinPad(_)).then(|| Self {
            digits: settings.pinpad_digits,
            // 0 would leave it to the reader.
            timeout: u8::try_from(settings.keypad_timeout.as_secs())
                .unwrap_or(u8::MAX)
                .max(1),
            language: settings.lang.into(),
        })
    }

    /// Lets the person verify the PIN at the reader; `false` if the reader cannot.
    ///
    /// # Errors
    /// Cancelled, too late, another length, or as iVerifyPIN.
    pub fn verify(self, session: &mut Session<'_>) -> Result<bool, Failure> {
        let wanted = PinVerify::of_card(self.digits, self.timeout, self.language);
        let Ok(wanted) = wanted else { return Ok(false) };
        match ask(session.channel(), VERIFY_PIN_DIRECT, &wanted.to_bytes())? {
            Some(sw) => Ok(session.pin_verified_at_reader(sw).map(|()| true)?),
            None => Ok(false),
        }
    }

    /// Lets the person change the PIN at the reader; `false` if the reader cannot. `has_old` is false for a card without a PIN.
    ///
    /// # Errors
    /// As [`Pad::verify`]; the two new PINs differ.
    pub fn change(self, session: &mut Session<'_>, has_old: bool) -> Result<bool, Failure> {
        let wanted = PinModify::of_card(self.digits, has_old, self.timeout, self.language);
        let Ok(wanted) = wanted else { return Ok(false) };
        match ask(session.channel(), MODIFY_PIN_DIRECT, &wanted.to_bytes())? {
            Some(sw) => Ok(session.pin_changed_at_reader(sw).map(|()| true)?),
            None => Ok(false),
        }
    }
}

/// The card's status word; `None` if the reader has no such function or does not understand the structure.
fn ask(channel: &mut dyn Channel, feature: u8, structure: &[u8]) -> Result<Option<StatusWord>, Failure> {
    let Some(listed) = channel.control(GET_FEATURE_REQUEST, &[])? else {
        return Ok(None);
    };
    let Some(code) = Features::parse(&listed).code(feature) else {
        return Ok(None);
    };
    let Some(answer) = channel.control(code, structure)? else {
        return Ok(None);
    };
    match Answer::parse(&answer) {
        Some(Answer::Card(sw)) => Ok(Some(sw)),
        Some(Answer::Cancelled) => Err(KeypadError::Cancelled.into()),
        Some(Answer::Timeout) => Err(KeypadError::Timeout.into()),
        Some(Answer::Differs) => Err(Failure::new(ReturnCode::PIN_DIFFERS)),
        Some(Answer::Length) => Err(Failure::new(ReturnCode::PIN_LENGTH)),
        Some(Answer::NotUnderstood) => Ok(None),
        None => Err(Failure::new(ReturnCode::CHECKSUM)),
    }
}

//! What all functions do with a card: open it, see that it is the one that is meant, authenticate, verify the PIN.

use super::code::ReturnCode;
use super::failure::Failure;
use super::keypad::{self, Keypad, Prompt};
use super::pinpad::Pad;
use super::settings::Settings;
use super::slots::Card;
use super::strings::CardInfo;
use super::target::Need;
use super::{SlotOrder, Terminal};
use crate::channel::Channel;
use crate::security::{KeyReference, PurchaseModule};
use crate::session::{Options, Session};
use card_model::profile::KeyDefinition;
use card_model::secret::{Pin, equal};

/// The card behind a channel, with the options of the settings. The try of a PIN is spent that the person at the keypad
/// wants to spend.
pub(super) fn session<'c>(channel: Box<dyn Channel + 'c>, settings: &Settings) -> Result<Session<'c>, Failure> {
    let options = Options {
        key_version: settings.key_version,
        last_try: true,
        ..Options::default()
    };
    Ok(Session::open(channel)?.with_options(options))
}

/// How a session opens the card that will wait for its next step.
pub(super) fn opener(settings: &Settings) -> impl for<'c> FnOnce(&'c mut Card) -> Result<Session<'c>, Failure> + use<> {
    let settings = settings.clone();
    move |channel| session(Box::new(channel), &settings)
}

impl CardInfo {
    /// Whether this is the card: identification code and the first nine characters of the card number.
    pub(super) fn check(&self, session: &Session<'_>) -> Result<(), Failure> {
        let card = session.card();
        let same_id = card.card_id.as_deref() == Some(&self.card_id[..]);
        let number = card.card_number.as_deref().map(short_number).unwrap_or_default();
        if same_id && number == short_number(&self.card_number) {
            Ok(())
        } else {
            Err(Failure::because(
                ReturnCode::OTHER_CARD,
                "卡识别码或卡号不同",
                "another card id or card number",
            ))
        }
    }
}

/// The first nine characters of a card number (IF38 §10.4).
pub(super) fn short_number(number: &str) -> &str {
    number.char_indices().nth(9).map_or(number, |(end, _)| &number[..end])
}

/// A key of the card's profile.
pub(super) fn key<'p>(session: &Session<'p>, name: &str) -> Result<&'p KeyDefinition, Failure> {
    match session.profile().key(name) {
        Some((_, definition)) => Ok(definition),
        None => Err(Failure::because(
            ReturnCode::KEY_NOT_FOUND,
            format!("卡片无密钥{name}"),
            format!("the card has no key {name}"),
        )),
    }
}

/// The PSAM when it is needed.
pub(super) struct Computer<'t> {
    terminal: &'t mut Terminal,
    module: Option<Box<dyn PurchaseModule>>,
}

impl<'t> Computer<'t> {
    /// No PSAM yet.
    pub fn new(terminal: &'t mut Terminal) -> Self {
        Self { terminal, module: None }
    }

    /// Settings of the terminal.
    pub fn settings(&self) -> &Settings {
        &self.terminal.settings
    }

    /// The PSAM; it is powered now if it was not, and decides about the version of the keys.
    pub fn module(&mut self, session: &mut Session<'_>) -> Result<&mut dyn PurchaseModule, Failure> {
        if self.module.is_none() {
            self.power()?;
        }
        let Some(module) = self.module.as_deref_mut() else {
            return Err(Failure::new(ReturnCode::NO_PSAM));
        };
        if let Ok(algorithm) = session.algorithm()
            && let Some(version) = module.key_version(algorithm)
        {
            session.set_key_version(version);
        }
        Ok(module)
    }

    /// Powers the PSAM before the card is asked anything.
    pub fn power(&mut self) -> Result<(), Failure> {
        self.module = Some(self.terminal.psam()?);
        Ok(())
    }

    /// External authentication with a key of the PSAM, unless it was done already.
    pub fn authenticate(&mut self, session: &mut Session<'_>, name: &str) -> Result<(), Failure> {
        if session.is_authenticated(name) {
            return Ok(());
        }
        let definition = key(session, name)?.clone();
        self.module(session)?;
        let card = session.identity()?;
        let reference = session.key_reference(&definition);
        let pair = session.draw_pair(name)?;
        let module = self.module(session)?;
        let data = module.authentication_data(reference, &card, &pair.factor, &pair.original)?;
        Ok(session.present(name, &data, &pair.original)?)
    }

    /// Internal authentication: whether the card is genuine.
    pub fn internal_authentication(
        &mut self,
        session: &mut Session<'_>,
        reference: KeyReference<'_>,
    ) -> Result<(), Failure> {
        let card = session.identity()?;
        let (pair, answer) = session.internal_answer()?;
        let module = self.module(session)?;
        let expected = module.authentication_data(reference, &card, &pair.factor, &pair.original)?;
        if equal(&expected, &answer) {
            Ok(())
        } else {
            Err(Failure::new(ReturnCode::INTERNAL_AUTHENTICATION))
        }
    }

    /// Does what a file asks for, keys before the PIN (IF38 2.1.3).
    pub fn meet(&mut self, session: &mut Session<'_>, need: &Need<'_>) -> Result<(), Failure> {
        for name in &need.keys {
            self.authenticate(session, name)?;
        }
        if need.pin { self.verify_pin(session) } else { Ok(()) }
    }

    /// Asks the person for the PIN, and verifies it; a card without one asks nobody.
    pub fn verify_pin(&mut self, session: &mut Session<'_>) -> Result<(), Failure> {
        self.terminal.verify_pin(session)
    }
}

impl Computer<'_> {
    /// The new PIN, typed twice.
    pub fn new_pin(&mut self) -> Result<Pin, Failure> {
        let terminal = &mut *self.terminal;
        Ok(new_pin(&mut *terminal.keypad, terminal.settings.lang)?.1)
    }
}

impl Terminal {
    /// Opens the card of an iType, which stays open as long as the work lasts.
    pub(super) fn session(&mut self, order: SlotOrder) -> Result<Session<'static>, Failure> {
        let channel = self.card(order)?;
        session(channel, &self.settings)
    }

    /// See [`Computer::verify_pin`].
    pub(super) fn verify_pin(&mut self, session: &mut Session<'_>) -> Result<(), Failure> {
        if session.is_pin_verified() {
            return Ok(());
        }
        let status = session.guard_pin()?;
        if !status.set {
            session.note_no_pin();
            return Ok(());
        }
        if let Some(pad) = Pad::of(&self.settings)
            && pad.verify(session)?
        {
            return Ok(());
        }
        let typed = self.keypad.ask(Prompt::Enter, self.settings.lang)?;
        let pin = keypad::checked(&typed)?;
        Ok(session.verify_pin(&pin)?)
    }
}

/// The new PIN, typed twice.
pub(super) fn new_pin(keypad: &mut dyn Keypad, lang: card_model::words::Lang) -> Result<(super::Digits, Pin), Failure> {
    let first = keypad.ask(Prompt::New, lang)?;
    let pin = keypad::checked(&first)?;
    let second = keypad.ask(Prompt::Again, lang)?;
    if !equal(first.as_bytes(), second.as_bytes()) {
        return Err(Failure::new(ReturnCode::PIN_DIFFERS));
    }
    Ok((first, pin))
}

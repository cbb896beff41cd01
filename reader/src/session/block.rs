//! CARD BLOCK: all applications of the card end, for good.

use super::Session;
use crate::error::ReaderError;
use crate::link;
use crate::{commands, wellknown};
use card_model::profile::KeyRole;

/// CARD BLOCK (`spec/commands.md` §1.2).
const CARD_BLOCK: [u8; 4] = [0x84, 0x16, 0x00, 0x00];

impl Session<'_> {
    /// Blocks the card: external authentication with BK, then a secure message under STK. It cannot be undone; afterwards the
    /// card answers 6A81 to everything. A card that is blocked already is so.
    ///
    /// # Errors
    /// The security module lacks a key, or the card refused.
    pub fn block_card(&mut self) -> Result<(), ReaderError> {
        let block = self.environment_key(KeyRole::CardBlock)?;
        let stk = self.environment_key(KeyRole::SecureMessaging)?;
        let environment = self.profile.index_of(wellknown::ENVIRONMENT).unwrap_or_default();
        self.authenticate_in(environment, &block)?;
        let challenge = self.challenge()?;
        let message = self.ask_module(&stk, |module, key, card| {
            module.secure_message(key, card, &challenge, CARD_BLOCK, None)
        })?;
        let sw = link::exchange_bytes(&mut *self.channel, &message)?.sw;
        self.forget();
        if sw.is_ok() {
            return Ok(());
        }
        Err(ReaderError::Refused {
            command: format!("{} ({})", commands::name(CARD_BLOCK[1]), hex::encode_upper(CARD_BLOCK)),
            path: None,
            sw,
            rule: None,
        })
    }
}

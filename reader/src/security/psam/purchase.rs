//! The PSAM in the medical account: MAC1 of a purchase and the check of the card's MAC2; and, where it holds DLK and DTK, the
//! codes of the insurance's host (`spec/commands.md` §2.7, §5).

use super::PsamModule;
use super::delivery::{Purpose, at_all_levels, factors};
use crate::channel::Channel;
use crate::command::Command;
use crate::security::transaction::{AccountHost, PurchaseAuthorization, PurchaseModule, PurchaseRequest, SETTLEMENT};
use crate::security::{CardIdentity, KeyReference, SecurityModuleError};
use card_model::crypto::Algorithm;
use card_model::psam::{FieldKind, Level};
use card_model::status::StatusWord;

impl<C: Channel> PurchaseModule for PsamModule<C> {
    fn terminal_number(&mut self) -> Result<[u8; 6], SecurityModuleError> {
        self.terminal
            .ok_or_else(|| self.failed("the PSAM does not tell its terminal number"))
    }

    fn purchase_key(&mut self, algorithm: Algorithm) -> Option<u8> {
        let index = |module: &mut Self| module.one_to_three(algorithm, Level::National, FieldKind::PurchaseKeyIndex);
        self.patiently(index).ok()?
    }

    /// INIT SAM FOR PURCHASE. The PSAM counts its transaction number up, so this is not repeated by itself.
    fn authorize_purchase(
        &mut self,
        dpk: KeyReference<'_>,
        card: &CardIdentity,
        request: &PurchaseRequest,
    ) -> Result<PurchaseAuthorization, SecurityModuleError> {
        const NAME: &str = "INIT SAM FOR PURCHASE";
        if self.terminal.is_some_and(|own| own != request.terminal) {
            return Err(self.failed("the purchase names another terminal number than that of the PSAM"));
        }
        let (listed, id) = self.patiently(|module| module.address(dpk, card))?;
        let mut too_low = None;
        for usage in at_all_levels(listed) {
            // The number is counted before the answer: a key of another region is not even asked.
            if let Err(error) = self.check_level(usage, dpk, card) {
                too_low.get_or_insert(error);
                continue;
            }
            let data = [
                &request.random[..],
                &request.sequence,
                &request.amount_bytes(),
                &[SETTLEMENT],
                &request.time,
                // The version of a purchase key is its identifier in the PSAM (`spec/files.md` §6.1).
                &[id, card.algorithm.identifier()],
                &factors(card, usage.levels),
            ]
            .concat();
            self.enter(card.algorithm)?;
            let command = Command::new(0x80, 0x70, 0x01, 0x00).with_data(&data);
            let answer = self.send(NAME, command.map(|command| command.with_le(8)))?;
            match answer.sw {
                sw if sw.is_ok() => return self.authorization(&answer.data),
                StatusWord::WRONG_DATA | StatusWord::WRONG_LENGTH => {}
                StatusWord::KEY_INDEX_NOT_SUPPORTED | StatusWord::REFERENCE_NOT_FOUND => break,
                sw => return Err(self.refused(NAME, sw)),
            }
        }
        Err(too_low.unwrap_or_else(|| self.missing(&dpk.definition.name, dpk.version, card)))
    }

    /// CREDIT SAM FOR PURCHASE. Wrong MAC2s lock the purchase key after a while.
    fn confirm_purchase(&mut self, mac2: &[u8; 4]) -> Result<bool, SecurityModuleError> {
        const NAME: &str = "CREDIT SAM FOR PURCHASE";
        let command = Command::new(0x80, 0x72, 0x00, 0x00).with_data(mac2);
        match self.send(NAME, command)?.sw {
            sw if sw.is_ok() => Ok(true),
            sw if sw.tries_left().is_some() || sw == StatusWord::MAC_INVALID => Ok(false),
            sw => Err(self.refused(NAME, sw)),
        }
    }
}

impl<C: Channel> AccountHost for PsamModule<C> {
    fn session_mac(
        &mut self,
        key: KeyReference<'_>,
        card: &CardIdentity,
        factor: &[u8],
        data: &[u8],
    ) -> Result<[u8; 4], SecurityModuleError> {
        self.patiently(|module| {
            module.deliver(key, card, Purpose::Mac, Some(factor))?;
            module.mac(card.algorithm, data)
        })
    }

    fn transaction_code(
        &mut self,
        dtk: KeyReference<'_>,
        card: &CardIdentity,
        data: &[u8],
    ) -> Result<[u8; 4], SecurityModuleError> {
        self.patiently(|module| {
            module.deliver(dtk, card, Purpose::Tac, None)?;
            module.mac(card.algorithm, data)
        })
    }
}

impl<C: Channel> PsamModule<C> {
    fn authorization(&self, data: &[u8]) -> Result<PurchaseAuthorization, SecurityModuleError> {
        match data.as_chunks::<4>() {
            ([terminal_sequence, mac1], []) => Ok(PurchaseAuthorization {
                terminal_sequence: *terminal_sequence,
                mac1: *mac1,
            }),
            _ => Err(self.odd_answer()),
        }
    }
}

//! The PSAM as [`SecurityModule`].

use super::PsamModule;
use super::delivery::{Purpose, at_all_levels, is_not_there};
use crate::channel::Channel;
use crate::security::{CardIdentity, KeyReference, SecurityModule, SecurityModuleError};
use card_model::crypto::{Algorithm, MAC_LENGTH, data_blocks};
use card_model::profile::KeyRole;
use card_model::psam::Usage;
use card_model::status::StatusWord;
use zeroize::Zeroizing;

impl<C: Channel> PsamModule<C> {
    /// The usage under which the PSAM holds a key at a level that reaches the card: asked with the command that would use it.
    ///
    /// # Errors
    /// The PSAM does not hold the key, or not for this card, or does not answer.
    pub fn usage_of(&mut self, key: KeyReference<'_>, card: &CardIdentity) -> Result<Usage, SecurityModuleError> {
        self.patiently(|module| module.probe(key, card))
    }

    fn probe(&mut self, key: KeyReference<'_>, card: &CardIdentity) -> Result<Usage, SecurityModuleError> {
        let factor = vec![0; card.algorithm.block()];
        let purpose = match key.definition.role {
            KeyRole::SecureMessaging | KeyRole::Load => Purpose::Mac,
            KeyRole::Tac => return self.deliver(key, card, Purpose::Tac, None),
            KeyRole::Purchase => {
                let usage = self.purchase_usage(key, card)?;
                return self.check_level(usage, key, card).map(|()| usage);
            }
            _ => Purpose::Encrypt,
        };
        self.deliver(key, card, purpose, Some(&factor))
    }

    /// The usage under which the PSAM holds a purchase key. DELIVERY SESSION KEY does not give it out, but tells whether it
    /// is there: 6985 where it is, 6A80 or 6A88 where it is not.
    fn purchase_usage(&mut self, key: KeyReference<'_>, card: &CardIdentity) -> Result<Usage, SecurityModuleError> {
        let (listed, id) = self.address(key, card)?;
        for usage in at_all_levels(listed) {
            match self.deliver_as(usage, id, card, Some(&[]))? {
                StatusWord::CONDITIONS_NOT_SATISFIED => return Ok(usage),
                sw if sw.is_ok() => return Ok(usage),
                sw if is_not_there(sw) => {}
                sw => return Err(self.refused("DELIVERY SESSION KEY", sw)),
            }
        }
        Err(self.missing(&key.definition.name, key.version, card))
    }
}

impl<C: Channel> SecurityModule for PsamModule<C> {
    fn describe(&self) -> String {
        self.name.clone()
    }

    fn is_test(&self) -> bool {
        self.test
    }

    fn key_version(&mut self, algorithm: Algorithm) -> Option<u8> {
        PsamModule::key_version(self, algorithm).ok()
    }

    fn check_key(&mut self, key: KeyReference<'_>, card: &CardIdentity) -> Result<(), SecurityModuleError> {
        self.usage_of(key, card).map(|_| ())
    }

    fn authentication_data(
        &mut self,
        key: KeyReference<'_>,
        card: &CardIdentity,
        factor: &[u8],
        source: &[u8; 8],
    ) -> Result<[u8; 8], SecurityModuleError> {
        let cipher = self.patiently(|module| {
            module.deliver(key, card, Purpose::Encrypt, Some(factor))?;
            let mut block = source.to_vec();
            block.resize(card.algorithm.block(), 0);
            module.encrypt(&block)
        })?;
        // Under a 16-byte cipher the terminal itself puts the halves together (`spec/terminal.md` §1.9).
        match (card.algorithm, cipher.split_first_chunk::<8>()) {
            (Algorithm::TripleDes, Some((data, []))) => Ok(*data),
            (Algorithm::Sm4, Some((left, right))) if right.len() == left.len() => {
                Ok(core::array::from_fn(|i| left[i] ^ right[i]))
            }
            _ => Err(self.odd_answer()),
        }
    }

    fn secure_message(
        &mut self,
        key: KeyReference<'_>,
        card: &CardIdentity,
        challenge: &[u8],
        header: [u8; 4],
        plain: Option<&[u8]>,
    ) -> Result<Vec<u8>, SecurityModuleError> {
        self.patiently(|module| {
            let (purpose, data) = match plain {
                None => (Purpose::Mac, Vec::new()),
                Some(plain) => {
                    let blocks = Zeroizing::new(data_blocks(card.algorithm, plain));
                    module.deliver(key, card, Purpose::EncryptAndMac, Some(challenge))?;
                    (Purpose::EncryptAndMac, module.encrypt(&blocks)?)
                }
            };
            let [cla, ins, p1, p2] = header;
            let lc = u8::try_from(data.len() + MAC_LENGTH)
                .map_err(|_| module.failed("the message does not fit one command"))?;
            let command = [&[cla, ins, p1, p2, lc], data.as_slice()].concat();
            // A delivered key is for one process: encryption ended it.
            module.deliver(key, card, purpose, Some(challenge))?;
            let mac = module.mac(card.algorithm, &command)?;
            Ok([command.as_slice(), &mac].concat())
        })
    }

    fn identification_code_mac(
        &mut self,
        irk: KeyReference<'_>,
        card: &CardIdentity,
        first: &[u8; 12],
    ) -> Result<[u8; 4], SecurityModuleError> {
        self.patiently(|module| {
            module.deliver(irk, card, Purpose::PlainMac, None)?;
            module.mac(card.algorithm, first)
        })
    }
}

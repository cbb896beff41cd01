//! The host of a central HSM as security module: names of keys become addresses, cards become factors.

use super::{Hsm, HsmError, HsmKey, HsmStanding};
use crate::security::{AccountHost, CardIdentity, KeyReference, SecurityModule, SecurityModuleError};

/// A central HSM as security module. For purchases it goes into an [`crate::security::AccountTerminal`].
#[derive(Debug)]
pub struct HsmModule {
    hsm: Hsm,
}

impl HsmModule {
    /// A module over an HSM.
    pub fn new(hsm: Hsm) -> Self {
        Self { hsm }
    }

    /// Address and factors of a key for a card: the address of the key's first version, one more for each version after it.
    fn key(&self, key: KeyReference<'_>, card: &CardIdentity) -> Result<HsmKey, SecurityModuleError> {
        let missing = || SecurityModuleError::KeyMissing {
            name: key.definition.name.clone(),
            version: key.version,
            algorithm: card.algorithm,
            module: self.hsm.name().to_owned(),
        };
        let versions = 1..=key.definition.versions;
        let first = key.definition.hsm.filter(|_| versions.contains(&key.version));
        let address = first.ok_or_else(missing)? + u16::from(key.version) - 1;
        let takes = self.hsm.takes(address, card.algorithm).ok_or_else(missing)?;
        self.reaches(card)?;
        let all = [card.province_factor(), card.city_factor(), card.card_factor()];
        Ok(HsmKey {
            address,
            algorithm: card.algorithm,
            factors: all.iter().skip(all.len().saturating_sub(takes)).copied().collect(),
        })
    }

    /// Refuses a card of another region: the keys would be wrong, and the card would count a failed try.
    fn reaches(&self, card: &CardIdentity) -> Result<(), SecurityModuleError> {
        let standing = self.hsm.standing();
        let Some(region) = standing.region() else { return Ok(()) };
        let own = CardIdentity {
            region: region.to_owned(),
            ..card.clone()
        };
        let same_province = own.province_factor() == card.province_factor();
        let same_city = own.city_factor() == card.city_factor();
        let reached = match standing {
            HsmStanding::Ministry => true,
            HsmStanding::Province(_) => same_province,
            HsmStanding::City(_) => same_province && same_city,
        };
        if reached {
            return Ok(());
        }
        Err(self.failed(format!(
            "it holds the keys of region {region}, the card is of {}",
            card.region
        )))
    }

    fn answer<T>(&self, answer: Result<T, HsmError>) -> Result<T, SecurityModuleError> {
        answer.map_err(|error| self.failed(error.to_string()))
    }

    fn failed(&self, message: String) -> SecurityModuleError {
        SecurityModuleError::Module {
            module: self.hsm.name().to_owned(),
            message,
        }
    }
}

impl SecurityModule for HsmModule {
    fn describe(&self) -> String {
        self.hsm.name().to_owned()
    }

    fn is_test(&self) -> bool {
        self.hsm.is_test()
    }

    fn check_key(&mut self, key: KeyReference<'_>, card: &CardIdentity) -> Result<(), SecurityModuleError> {
        self.key(key, card).map(|_| ())
    }

    fn authentication_data(
        &mut self,
        key: KeyReference<'_>,
        card: &CardIdentity,
        factor: &[u8],
        source: &[u8; 8],
    ) -> Result<[u8; 8], SecurityModuleError> {
        let key = self.key(key, card)?;
        self.answer(self.hsm.authentication_code(&key, factor, source))
    }

    fn secure_message(
        &mut self,
        key: KeyReference<'_>,
        card: &CardIdentity,
        challenge: &[u8],
        header: [u8; 4],
        plain: Option<&[u8]>,
    ) -> Result<Vec<u8>, SecurityModuleError> {
        let key = self.key(key, card)?;
        self.answer(self.hsm.secure_message(&key, challenge, header, plain))
    }

    fn identification_code_mac(
        &mut self,
        irk: KeyReference<'_>,
        card: &CardIdentity,
        first: &[u8; 12],
    ) -> Result<[u8; 4], SecurityModuleError> {
        let key = self.key(irk, card)?;
        self.answer(self.hsm.plain_mac(&key, first))
    }

    fn account_host(&mut self) -> Option<&mut dyn AccountHost> {
        Some(self)
    }
}

impl AccountHost for HsmModule {
    fn session_mac(
        &mut self,
        key: KeyReference<'_>,
        card: &CardIdentity,
        factor: &[u8],
        data: &[u8],
    ) -> Result<[u8; 4], SecurityModuleError> {
        let key = self.key(key, card)?;
        self.answer(self.hsm.session_mac(&key, factor, data))
    }

    fn transaction_code(
        &mut self,
        dtk: KeyReference<'_>,
        card: &CardIdentity,
        data: &[u8],
    ) -> Result<[u8; 4], SecurityModuleError> {
        let key = self.key(dtk, card)?;
        self.answer(self.hsm.transaction_code(&key, data))
    }
}

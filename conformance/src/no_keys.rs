//! A security module without keys, for terminals that have none.

use reader::security::{CardIdentity, KeyReference, SecurityModule, SecurityModuleError};

/// Has no key of any card.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoKeys;

impl NoKeys {
    fn missing<T>(self, key: KeyReference<'_>, card: &CardIdentity) -> Result<T, SecurityModuleError> {
        Err(SecurityModuleError::KeyMissing {
            name: key.definition.name.clone(),
            version: key.version,
            algorithm: card.algorithm,
            module: self.describe(),
        })
    }
}

impl SecurityModule for NoKeys {
    fn describe(&self) -> String {
        "–".to_owned()
    }

    fn is_test(&self) -> bool {
        false
    }

    fn check_key(&mut self, key: KeyReference<'_>, card: &CardIdentity) -> Result<(), SecurityModuleError> {
        self.missing(key, card)
    }

    fn authentication_data(
        &mut self,
        key: KeyReference<'_>,
        card: &CardIdentity,
        _factor: &[u8],
        _source: &[u8; 8],
    ) -> Result<[u8; 8], SecurityModuleError> {
        self.missing(key, card)
    }

    fn secure_message(
        &mut self,
        key: KeyReference<'_>,
        card: &CardIdentity,
        _challenge: &[u8],
        _header: [u8; 4],
        _plain: Option<&[u8]>,
    ) -> Result<Vec<u8>, SecurityModuleError> {
        self.missing(key, card)
    }

    fn identification_code_mac(
        &mut self,
        irk: KeyReference<'_>,
        card: &CardIdentity,
        _first: &[u8; 12],
    ) -> Result<[u8; 4], SecurityModuleError> {
        self.missing(irk, card)
    }
}

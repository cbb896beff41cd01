//! The keys of the card under test, asked for by name: what terminal, host and issuer can compute.

use card_model::profile::{KeyDefinition, Profile};
use reader::security::{AccountHost, CardIdentity, KeyReference};
use std::cell::RefCell;

/// A security module that tester and oracle share.
pub struct Keys<'a> {
    module: RefCell<&'a mut dyn AccountHost>,
    identity: &'a CardIdentity,
}

impl<'a> Keys<'a> {
    /// The keys of one card.
    pub fn new(module: &'a mut dyn AccountHost, identity: &'a CardIdentity) -> Self {
        Self {
            module: RefCell::new(module),
            identity,
        }
    }

    /// Authentication data; `None` if the module has no such key.
    pub fn authentication(
        &self,
        definition: &KeyDefinition,
        version: u8,
        factor: &[u8],
        source: &[u8; 8],
    ) -> Option<[u8; 8]> {
        let key = KeyReference { definition, version };
        let mut module = self.module.borrow_mut();
        module.authentication_data(key, self.identity, factor, source).ok()
    }

    /// A secured command with `plain` encrypted, if there is any.
    pub fn secured(
        &self,
        stk: &KeyDefinition,
        challenge: &[u8],
        header: [u8; 4],
        plain: Option<&[u8]>,
    ) -> Option<Vec<u8>> {
        let key = KeyReference {
            definition: stk,
            version: 1,
        };
        let mut module = self.module.borrow_mut();
        module.secure_message(key, self.identity, challenge, header, plain).ok()
    }

    /// MAC under the session key of a key and a factor, without header.
    pub fn session_mac(&self, definition: &KeyDefinition, factor: &[u8], data: &[u8]) -> Option<[u8; 4]> {
        let key = KeyReference { definition, version: 1 };
        self.module
            .borrow_mut()
            .session_mac(key, self.identity, factor, data)
            .ok()
    }

    /// Transaction authentication code.
    pub fn code(&self, dtk: &KeyDefinition, data: &[u8]) -> Option<[u8; 4]> {
        let key = KeyReference {
            definition: dtk,
            version: 1,
        };
        self.module.borrow_mut().transaction_code(key, self.identity, data).ok()
    }

    /// The transaction key with a name and key index.
    pub fn transaction_key<'p>(profile: &'p Profile, name: &str, index: u8) -> Option<&'p KeyDefinition> {
        profile.transaction_key(name, index).map(|(_, key)| key)
    }
}

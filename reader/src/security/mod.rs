//! Security modules: who computes with keys on the terminal's side. A key file, a PSAM in a second slot or a central HSM;
//! master keys never leave them.

mod entry;
mod error;
mod fault;
mod format;
mod generate;
mod hsm;
mod keyfile;
mod module;
mod psam;
mod terminal;
mod transaction;

pub use entry::{ISSUER_MASTER_KEY, RootKey, RootLevel, TEMPORARY_MASTER_KEY, TRANSPORT_KEY};
pub use error::{EntryError, KeyFileError};
pub use fault::SecurityModuleError;
pub use hsm::{Hsm, HsmError, HsmKey, HsmModule, HsmStanding};
pub use keyfile::{KeyFile, KeyView, is_encrypted};
pub use psam::PsamModule;
pub use terminal::AccountTerminal;
pub use transaction::{
    AccountHost, LOAD, LoadRequest, PurchaseAuthorization, PurchaseModule, PurchaseRequest, SETTLEMENT, load_code_data,
    purchase_code_data,
};

use card_model::crypto::Algorithm;
use card_model::profile::{KeyDefinition, PinDefinition};
use card_model::secret::Pin;

/// A key of the profile in one version, as a security module finds it.
#[derive(Debug, Clone, Copy)]
pub struct KeyReference<'a> {
    /// The key's definition in the profile.
    pub definition: &'a KeyDefinition,
    /// Version 1–3.
    pub version: u8,
}

/// What of a card goes into diversification (`spec/commands.md` §2.5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CardIdentity {
    /// Application city code: six digits, bytes 1–3 of the card identification code.
    pub region: String,
    /// The 13 historical bytes T1–TD.
    pub historical: [u8; 13],
    /// Cipher of the card.
    pub algorithm: Algorithm,
}

impl CardIdentity {
    /// Province factor: two digits ‖ `30 30 30 30 73 68` (STD-P9 §7.3.1).
    pub fn province_factor(&self) -> [u8; 8] {
        self.factor(2, b"0000sh")
    }

    /// City factor: six digits ‖ `73 78`; in province 33 four digits ‖ `30 30 73 78` (STD-P9 §7.3.2, IF38 10.3).
    pub fn city_factor(&self) -> [u8; 8] {
        if self.region.starts_with("33") {
            self.factor(4, b"00sx")
        } else {
            self.factor(6, b"sx")
        }
    }

    /// Card factor: historical bytes 6–13, T6–TD (STD-P9 §7.3.3).
    pub fn card_factor(&self) -> [u8; 8] {
        core::array::from_fn(|i| self.historical[i + 5])
    }

    fn factor(&self, digits: usize, suffix: &[u8]) -> [u8; 8] {
        let text: Vec<u8> = self.region.bytes().take(digits).chain(suffix.iter().copied()).collect();
        core::array::from_fn(|i| text.get(i).copied().unwrap_or(b'0'))
    }
}

/// What a terminal needs keys for.
pub trait SecurityModule {
    /// Description for messages: file name, reader name, address.
    fn describe(&self) -> String;

    /// Whether the module holds TEST keys; the tool says so on every command.
    fn is_test(&self) -> bool;

    /// The one version of the card keys that the module holds for a cipher, where it holds only one: a PSAM.
    fn key_version(&mut self, algorithm: Algorithm) -> Option<u8> {
        let _ = algorithm;
        None
    }

    /// Asks, before a card is involved, whether the module can compute with this key for this card. A module that cannot tell
    /// says yes and fails later.
    ///
    /// # Errors
    /// [`SecurityModuleError::KeyMissing`] where the key is not there; others where more stands against it: the module itself,
    /// its ciphers, its region.
    fn check_key(&mut self, key: KeyReference<'_>, card: &CardIdentity) -> Result<(), SecurityModuleError> {
        let _ = (key, card);
        Ok(())
    }

    /// Whether [`SecurityModule::check_key`] finds nothing against the key.
    fn holds(&mut self, key: KeyReference<'_>, card: &CardIdentity) -> bool {
        self.check_key(key, card).is_ok()
    }

    /// Authentication data over `source` under the session key of the card key and `factor`: what INTERNAL
    /// AUTHENTICATION must have answered, or what EXTERNAL AUTHENTICATION sends (`spec/commands.md` §2.6).
    ///
    /// # Errors
    /// The key is not there, or the module failed.
    fn authentication_data(
        &mut self,
        key: KeyReference<'_>,
        card: &CardIdentity,
        factor: &[u8],
        source: &[u8; 8],
    ) -> Result<[u8; 8], SecurityModuleError>;

    /// A whole secured command: `header ‖ Lc ‖ [encrypted plain] ‖ MAC` under the session key of the card key and
    /// `challenge` (`spec/commands.md` §2.3, §2.4). `header` is CLA INS P1 P2. `plain` is encrypted if it is given.
    ///
    /// # Errors
    /// The key is not there, or the module failed.
    fn secure_message(
        &mut self,
        key: KeyReference<'_>,
        card: &CardIdentity,
        challenge: &[u8],
        header: [u8; 4],
        plain: Option<&[u8]>,
    ) -> Result<Vec<u8>, SecurityModuleError>;

    /// The four-byte authentication code over the first twelve bytes of the card identification code
    /// (`spec/files.md` §4.1): MAC with the card's IRK, initial value zero.
    ///
    /// # Errors
    /// The key is not there, or the module failed.
    fn identification_code_mac(
        &mut self,
        irk: KeyReference<'_>,
        card: &CardIdentity,
        first: &[u8; 12],
    ) -> Result<[u8; 4], SecurityModuleError>;

    /// The same module as the host of the medical account, where it can be that.
    fn account_host(&mut self) -> Option<&mut dyn AccountHost> {
        None
    }
}

/// Which master key of a dedicated file is in force at a stage of pre-personalization (`spec/commands.md` §4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MasterKey<'a> {
    /// The card maker's transport key: master key of the MF of a blank card.
    Transport,
    /// The fixed master key of a structure that is being built.
    Temporary,
    /// The issuer's master key, diversified by card and dedicated file (profile id such as `SSSE`).
    Final(&'a str),
}

/// What is loaded by LOAD KEY or REPLACE KEY.
#[derive(Debug, Clone, Copy)]
pub enum KeyToLoad<'a> {
    /// A key of the profile, diversified for the card.
    Card(KeyReference<'a>),
    /// A master key.
    Master {
        /// Which one.
        key: MasterKey<'a>,
        /// Failed tries until it is locked.
        tries: u8,
    },
    /// An initial PIN of a certificate application.
    CertificatePin {
        /// The PIN's definition in the profile.
        definition: &'a PinDefinition,
        /// Its digits.
        pin: &'a Pin,
    },
    /// The initial PIN.
    Pin {
        /// Its digits.
        pin: &'a Pin,
        /// Wrong presentations until it is blocked.
        tries: u8,
    },
}

/// A security module of an issuer: it also gives out diversified keys, but only encrypted for one card.
pub trait KeyLoader: SecurityModule {
    /// Cryptogram of the master-key authentication over the card's `challenge` (`card-model/COS.md`).
    ///
    /// # Errors
    /// The key is not there, or the module failed.
    fn master_cryptogram(
        &mut self,
        master: MasterKey<'_>,
        card: &CardIdentity,
        challenge: &[u8],
    ) -> Result<Vec<u8>, SecurityModuleError>;

    /// A whole LOAD KEY or REPLACE KEY command: `header ‖ Lc ‖ encrypted (LD ‖ key header ‖ value) ‖ MAC` under the
    /// master key `under` with the card's `challenge` as initial value (`card-model/COS.md`).
    ///
    /// # Errors
    /// A key is not there, or the module failed.
    fn load_key_command(
        &mut self,
        header: [u8; 4],
        load: KeyToLoad<'_>,
        under: MasterKey<'_>,
        card: &CardIdentity,
        challenge: &[u8],
    ) -> Result<Vec<u8>, SecurityModuleError>;
}

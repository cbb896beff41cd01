//! A terminal without a PSAM: the purchase MACs come from a key file or a central HSM.

use super::transaction::{AccountHost, PurchaseAuthorization, PurchaseModule, PurchaseRequest};
use super::{CardIdentity, KeyReference, SecurityModule, SecurityModuleError};
use card_model::crypto::Algorithm;
use card_model::secret::equal;

/// A host's module in the place of a PSAM: with a terminal number and a transaction sequence number of its own. The number
/// is not kept anywhere: whoever makes the terminal says where it goes on.
#[derive(Debug)]
pub struct AccountTerminal<M> {
    module: M,
    terminal: [u8; 6],
    sequence: u32,
    expected: Option<[u8; 4]>,
}

impl<M: AccountHost> AccountTerminal<M> {
    /// A terminal over a module. `sequence` is the last terminal transaction sequence number used.
    pub fn new(module: M, terminal: [u8; 6], sequence: u32) -> Self {
        Self {
            module,
            terminal,
            sequence,
            expected: None,
        }
    }
}

impl<M: AccountHost> PurchaseModule for AccountTerminal<M> {
    fn terminal_number(&mut self) -> Result<[u8; 6], SecurityModuleError> {
        Ok(self.terminal)
    }

    fn authorize_purchase(
        &mut self,
        dpk: KeyReference<'_>,
        card: &CardIdentity,
        request: &PurchaseRequest,
    ) -> Result<PurchaseAuthorization, SecurityModuleError> {
        self.expected = None;
        self.sequence = self.sequence.wrapping_add(1);
        let terminal_sequence = self.sequence.to_be_bytes();
        let factor = request.session_factor(terminal_sequence);
        let mac1 = self.module.session_mac(dpk, card, &factor, &request.mac1_data())?;
        let mac2 = self.module.session_mac(dpk, card, &factor, &request.amount_bytes())?;
        self.expected = Some(mac2);
        Ok(PurchaseAuthorization {
            terminal_sequence,
            mac1,
        })
    }

    fn confirm_purchase(&mut self, mac2: &[u8; 4]) -> Result<bool, SecurityModuleError> {
        let expected = self.expected.take().ok_or_else(|| SecurityModuleError::Module {
            module: self.module.describe(),
            message: "no purchase was authorised before".to_owned(),
        })?;
        Ok(equal(&expected, mac2))
    }
}

impl<M: AccountHost> AccountHost for AccountTerminal<M> {
    fn session_mac(
        &mut self,
        key: KeyReference<'_>,
        card: &CardIdentity,
        factor: &[u8],
        data: &[u8],
    ) -> Result<[u8; 4], SecurityModuleError> {
        self.module.session_mac(key, card, factor, data)
    }

    fn transaction_code(
        &mut self,
        dtk: KeyReference<'_>,
        card: &CardIdentity,
        data: &[u8],
    ) -> Result<[u8; 4], SecurityModuleError> {
        self.module.transaction_code(dtk, card, data)
    }
}

impl<M: AccountHost> SecurityModule for AccountTerminal<M> {
    fn describe(&self) -> String {
        self.module.describe()
    }

    fn is_test(&self) -> bool {
        self.module.is_test()
    }

    fn key_version(&mut self, algorithm: Algorithm) -> Option<u8> {
        self.module.key_version(algorithm)
    }

    fn check_key(&mut self, key: KeyReference<'_>, card: &CardIdentity) -> Result<(), SecurityModuleError> {
        self.module.check_key(key, card)
    }

    fn authentication_data(
        &mut self,
        key: KeyReference<'_>,
        card: &CardIdentity,
        factor: &[u8],
        source: &[u8; 8],
    ) -> Result<[u8; 8], SecurityModuleError> {
        self.module.authentication_data(key, card, factor, source)
    }

    fn secure_message(
        &mut self,
        key: KeyReference<'_>,
        card: &CardIdentity,
        challenge: &[u8],
        header: [u8; 4],
        plain: Option<&[u8]>,
    ) -> Result<Vec<u8>, SecurityModuleError> {
        self.module.secure_message(key, card, challenge, header, plain)
    }

    fn identification_code_mac(
        &mut self,
        irk: KeyReference<'_>,
        card: &CardIdentity,
        first: &[u8; 12],
    ) -> Result<[u8; 4], SecurityModuleError> {
        self.module.identification_code_mac(irk, card, first)
    }

    fn account_host(&mut self) -> Option<&mut dyn AccountHost> {
        Some(self)
    }
}

//! The other sides of the medical account: the terminal, which authorises purchases (a PSAM), and the host of the
//! insurance, which authorises loads and checks transaction authentication codes (`spec/commands.md` §5).

use super::keyfile::KeyFile;
use super::{CardIdentity, KeyReference, SecurityModule, SecurityModuleError};
use card_model::crypto::{SessionKey, transaction_code};
use card_model::secret::equal;

/// Transaction type of a load, in MACs and in the log.
pub const LOAD: u8 = b'1';
/// Transaction type of a settlement, in MACs and in the log.
pub const SETTLEMENT: u8 = b'2';

/// What a purchase MAC covers: the card's answer to INITIALIZE FOR PURCHASE, amounts, place and time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PurchaseRequest {
    /// Random number of the card.
    pub random: [u8; 4],
    /// Purchase sequence number of the card.
    pub sequence: [u8; 2],
    /// Personal account, paid by the holder, paid by the pooled fund; fen, big endian.
    pub amounts: [[u8; 4]; 3],
    /// Terminal number, packed digits.
    pub terminal: [u8; 6],
    /// YYYYMMDDhhmmss, packed digits.
    pub time: [u8; 7],
}

impl PurchaseRequest {
    /// The three amounts, concatenated.
    pub fn amount_bytes(&self) -> Vec<u8> {
        self.amounts.concat()
    }
}

/// What DEBIT FOR PURCHASE takes from the terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PurchaseAuthorization {
    /// Terminal transaction sequence number.
    pub terminal_sequence: [u8; 4],
    /// MAC1.
    pub mac1: [u8; 4],
}

/// A security module of a terminal that takes payments.
pub trait PurchaseModule: SecurityModule {
    /// Terminal number of the module, packed digits.
    ///
    /// # Errors
    /// The module failed.
    fn terminal_number(&mut self) -> Result<[u8; 6], SecurityModuleError>;

    /// Gives MAC1 and a new terminal transaction sequence number; the module remembers the purchase until
    /// [`PurchaseModule::confirm_purchase`].
    ///
    /// # Errors
    /// The key is not there, it is locked after false MAC2s, or the module failed.
    fn authorize_purchase(
        &mut self,
        dpk: KeyReference<'_>,
        card: &CardIdentity,
        request: &PurchaseRequest,
    ) -> Result<PurchaseAuthorization, SecurityModuleError>;

    /// Whether the card's MAC2 is right for the purchase that was authorised last.
    ///
    /// # Errors
    /// No purchase was authorised, or the module failed.
    fn confirm_purchase(&mut self, mac2: &[u8; 4]) -> Result<bool, SecurityModuleError>;
}

/// What the MACs of a load cover: the card's answer to INITIALIZE FOR LOAD, amount, place and time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadRequest {
    /// Balance before the load, fen, big endian.
    pub balance: [u8; 4],
    /// Load sequence number of the card.
    pub sequence: [u8; 2],
    /// Random number of the card.
    pub random: [u8; 4],
    /// MAC1 of the card.
    pub mac1: [u8; 4],
    /// Amount, fen, big endian.
    pub amount: [u8; 4],
    /// Terminal number, packed digits.
    pub terminal: [u8; 6],
    /// Time of the host, YYYYMMDDhhmmss, packed digits.
    pub time: [u8; 7],
}

/// The insurance's host.
pub trait AccountHost: SecurityModule {
    /// MAC2, if the card's MAC1 is right; `None` says the card is not genuine or the request was altered.
    ///
    /// # Errors
    /// The key is not there, or the module failed.
    fn authorize_load(
        &mut self,
        dlk: KeyReference<'_>,
        card: &CardIdentity,
        request: &LoadRequest,
    ) -> Result<Option<[u8; 4]>, SecurityModuleError>;

    /// The transaction authentication code over `data` with the card's DTK.
    ///
    /// # Errors
    /// The key is not there, or the module failed.
    fn transaction_code(
        &mut self,
        dtk: KeyReference<'_>,
        card: &CardIdentity,
        data: &[u8],
    ) -> Result<[u8; 4], SecurityModuleError>;
}

/// Data that the TAC of a load covers; `balance` is the one after the load.
pub fn load_code_data(balance: [u8; 4], request: &LoadRequest) -> Vec<u8> {
    let parts: [&[u8]; 6] = [
        &balance,
        &request.sequence,
        &request.amount,
        &[LOAD],
        &request.terminal,
        &request.time,
    ];
    parts.concat()
}

/// Data that the TAC of a purchase covers.
pub fn purchase_code_data(request: &PurchaseRequest, terminal_sequence: [u8; 4]) -> Vec<u8> {
    let amounts = request.amount_bytes();
    [
        &amounts[..],
        &[SETTLEMENT],
        &request.terminal,
        &terminal_sequence,
        &request.time,
    ]
    .concat()
}

/// A key file in the place of a PSAM: a terminal number and a sequence number that begins anew with each run.
pub struct KeyFileTerminal<'k> {
    keys: &'k mut KeyFile,
    terminal: [u8; 6],
    sequence: u32,
    expected: Option<[u8; 4]>,
}

impl<'k> KeyFileTerminal<'k> {
    /// A terminal over a key file. `sequence` is the last terminal transaction sequence number used.
    pub fn new(keys: &'k mut KeyFile, terminal: [u8; 6], sequence: u32) -> Self {
        Self {
            keys,
            terminal,
            sequence,
            expected: None,
        }
    }
}

impl SecurityModule for KeyFileTerminal<'_> {
    fn describe(&self) -> String {
        self.keys.describe()
    }

    fn is_test(&self) -> bool {
        self.keys.is_test()
    }

    fn holds(&mut self, key: KeyReference<'_>, card: &CardIdentity) -> bool {
        self.keys.holds(key, card)
    }

    fn authentication_data(
        &mut self,
        key: KeyReference<'_>,
        card: &CardIdentity,
        factor: &[u8],
        source: &[u8; 8],
    ) -> Result<[u8; 8], SecurityModuleError> {
        self.keys.authentication_data(key, card, factor, source)
    }

    fn secure_message(
        &mut self,
        key: KeyReference<'_>,
        card: &CardIdentity,
        challenge: &[u8],
        header: [u8; 4],
        plain: Option<&[u8]>,
    ) -> Result<Vec<u8>, SecurityModuleError> {
        self.keys.secure_message(key, card, challenge, header, plain)
    }

    fn identification_code_mac(
        &mut self,
        irk: KeyReference<'_>,
        card: &CardIdentity,
        first: &[u8; 12],
    ) -> Result<[u8; 4], SecurityModuleError> {
        self.keys.identification_code_mac(irk, card, first)
    }
}

impl PurchaseModule for KeyFileTerminal<'_> {
    fn terminal_number(&mut self) -> Result<[u8; 6], SecurityModuleError> {
        Ok(self.terminal)
    }

    fn authorize_purchase(
        &mut self,
        dpk: KeyReference<'_>,
        card: &CardIdentity,
        request: &PurchaseRequest,
    ) -> Result<PurchaseAuthorization, SecurityModuleError> {
        self.sequence = self.sequence.wrapping_add(1);
        let terminal_sequence = self.sequence.to_be_bytes();
        let key = self.keys.card_key(dpk, card)?;
        // SESPK: random ‖ card sequence ‖ last two bytes of the terminal sequence (STD-P7 §12).
        let factor = [&request.random[..], &request.sequence, &terminal_sequence[2..]].concat();
        let session = SessionKey::derive(card.algorithm, &key, &factor);
        let amounts = request.amount_bytes();
        let mac1 = session.mac(
            &[],
            &[&amounts[..], &[SETTLEMENT], &request.terminal, &request.time].concat(),
        );
        self.expected = Some(session.mac(&[], &amounts));
        Ok(PurchaseAuthorization {
            terminal_sequence,
            mac1,
        })
    }

    fn confirm_purchase(&mut self, mac2: &[u8; 4]) -> Result<bool, SecurityModuleError> {
        let expected = self.expected.take().ok_or_else(|| SecurityModuleError::Module {
            module: self.keys.describe(),
            message: "no purchase was authorised before".to_owned(),
        })?;
        Ok(equal(&expected, mac2))
    }
}

impl AccountHost for KeyFile {
    fn authorize_load(
        &mut self,
        dlk: KeyReference<'_>,
        card: &CardIdentity,
        request: &LoadRequest,
    ) -> Result<Option<[u8; 4]>, SecurityModuleError> {
        let key = self.card_key(dlk, card)?;
        // SESLK: random ‖ load sequence ‖ 8000 (STD-P7 §11).
        let factor = [&request.random[..], &request.sequence, &[0x80, 0x00]].concat();
        let session = SessionKey::derive(card.algorithm, &key, &factor);
        let LoadRequest {
            balance,
            amount,
            terminal,
            time,
            mac1,
            ..
        } = request;
        let expected = session.mac(&[], &[&balance[..], amount, &[LOAD], terminal].concat());
        let mac2 = session.mac(&[], &[&amount[..], &[LOAD], terminal, time].concat());
        Ok(equal(&expected, mac1).then_some(mac2))
    }

    fn transaction_code(
        &mut self,
        dtk: KeyReference<'_>,
        card: &CardIdentity,
        data: &[u8],
    ) -> Result<[u8; 4], SecurityModuleError> {
        let key = self.card_key(dtk, card)?;
        Ok(transaction_code(card.algorithm, &key, data))
    }
}

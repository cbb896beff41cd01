//! The other sides of the medical account: the terminal, which authorises purchases (a PSAM), and the host of the
//! insurance, which authorises loads and checks transaction authentication codes (`spec/commands.md` §5).

use super::keyfile::KeyFile;
use super::{CardIdentity, KeyReference, SecurityModule, SecurityModuleError};
use card_model::crypto::{Algorithm, SessionKey, transaction_code};
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
    /// The three amounts, concatenated; also what MAC2 covers.
    pub fn amount_bytes(&self) -> Vec<u8> {
        self.amounts.concat()
    }

    /// What MAC1 covers.
    pub fn mac1_data(&self) -> Vec<u8> {
        [&self.amounts.concat()[..], &[SETTLEMENT], &self.terminal, &self.time].concat()
    }

    /// Factor of the session key SESPK: random ‖ card sequence ‖ last two bytes of the terminal sequence (STD-P7 §12).
    pub fn session_factor(&self, terminal_sequence: [u8; 4]) -> Vec<u8> {
        [&self.random[..], &self.sequence, &terminal_sequence[2..]].concat()
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

    /// Index of the purchase key that the module wants to be used for cards of a cipher, 1 to 3, if it has a preference.
    fn purchase_key(&mut self, algorithm: Algorithm) -> Option<u8> {
        let _ = algorithm;
        None
    }

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

impl LoadRequest {
    /// What the card's MAC1 covers.
    pub fn mac1_data(&self) -> Vec<u8> {
        [&self.balance[..], &self.amount, &[LOAD], &self.terminal].concat()
    }

    /// What the host's MAC2 covers.
    pub fn mac2_data(&self) -> Vec<u8> {
        [&self.amount[..], &[LOAD], &self.terminal, &self.time].concat()
    }

    /// Factor of the session key SESLK: random ‖ load sequence ‖ 8000 (STD-P7 §11).
    pub fn session_factor(&self) -> Vec<u8> {
        [&self.random[..], &self.sequence, &[0x80, 0x00]].concat()
    }
}

/// The insurance's host.
pub trait AccountHost: SecurityModule {
    /// A MAC without header under the session key of the card's key and `factor`.
    ///
    /// # Errors
    /// The key is not there, or the module failed.
    fn session_mac(
        &mut self,
        key: KeyReference<'_>,
        card: &CardIdentity,
        factor: &[u8],
        data: &[u8],
    ) -> Result<[u8; 4], SecurityModuleError>;

    /// MAC2, if the card's MAC1 is right; `None` says the card is not genuine or the request was altered.
    ///
    /// # Errors
    /// The key is not there, or the module failed.
    fn authorize_load(
        &mut self,
        dlk: KeyReference<'_>,
        card: &CardIdentity,
        request: &LoadRequest,
    ) -> Result<Option<[u8; 4]>, SecurityModuleError> {
        let factor = request.session_factor();
        let expected = self.session_mac(dlk, card, &factor, &request.mac1_data())?;
        if !equal(&expected, &request.mac1) {
            return Ok(None);
        }
        self.session_mac(dlk, card, &factor, &request.mac2_data()).map(Some)
    }

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

impl AccountHost for KeyFile {
    fn session_mac(
        &mut self,
        key: KeyReference<'_>,
        card: &CardIdentity,
        factor: &[u8],
        data: &[u8],
    ) -> Result<[u8; 4], SecurityModuleError> {
        let key = self.card_key(key, card)?;
        Ok(SessionKey::derive(card.algorithm, &key, factor).mac(&[], data))
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

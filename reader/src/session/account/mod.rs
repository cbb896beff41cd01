//! The medical account from the terminal's side: balance, load, purchase, proof, log, starting day (`spec/commands.md` §1.3,
//! §5).

mod log;
mod outcome;

pub use log::LogEntry;
pub use outcome::Outcome;

use super::Session;
use crate::command::Command;
use crate::error::{ReaderError, title};
use crate::rule::{Operation, PIN, Rule};
use crate::security::{
    AccountHost, CardIdentity, KeyReference, LoadRequest, PurchaseAuthorization, PurchaseModule, PurchaseRequest,
    load_code_data, purchase_code_data,
};
use card_model::profile::{DedicatedFile, KeyDefinition, KeyRole, Structure};
use card_model::secret::equal;

/// CLA of the special commands.
const CLASS: u8 = 0xB0;

/// The three balances in fen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Balance {
    /// CIA: personal account.
    pub personal: u32,
    /// SPIP: paid by the holder in the pay year.
    pub self_paid: u32,
    /// SPFP: paid by the pooled fund in the pay year.
    pub pooled: u32,
    /// Pay year; 0 before the first settlement.
    pub year: u16,
}

/// Kind of a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransactionKind {
    /// 账户划入.
    Load,
    /// 医疗结算.
    Settlement,
}

impl TransactionKind {
    /// Transaction type in MACs, proofs and the log.
    pub const fn code(self) -> u8 {
        match self {
            Self::Load => crate::security::LOAD,
            Self::Settlement => crate::security::SETTLEMENT,
        }
    }
}

/// Amounts of a settlement in fen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Amounts {
    /// Taken from the personal account.
    pub personal: u32,
    /// Paid by the holder.
    pub self_paid: u32,
    /// Paid by the pooled fund.
    pub pooled: u32,
}

impl Amounts {
    /// The three amounts as commands and MACs take them.
    pub fn to_bytes(self) -> Vec<u8> {
        [self.personal, self.self_paid, self.pooled]
            .map(u32::to_be_bytes)
            .concat()
    }
}

/// What remains of a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Receipt {
    /// Sequence number of the card before it was counted up: the one of the log and of the proof.
    pub sequence: u16,
    /// Terminal transaction sequence number; 0 for a load.
    pub terminal_sequence: u32,
    /// Personal account after the transaction, fen.
    pub balance: u32,
    /// Transaction authentication code.
    pub tac: [u8; 4],
}

/// Answer of GET TRANSACTION PROOF.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Proof {
    /// MAC2 of the transaction.
    pub mac: [u8; 4],
    /// Transaction authentication code.
    pub tac: [u8; 4],
}

/// When and where a transaction happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Terminal number, packed digits: region, then the number of the PSAM's issuer.
    pub terminal: [u8; 6],
    /// YYYYMMDDhhmmss, packed digits.
    pub time: [u8; 7],
}

impl<'a> Session<'a> {
    /// Reads the three balances; a PIN is asked for if the card has one.
    ///
    /// # Errors
    /// The card has no account, the PIN is missing, or the card refused.
    pub fn balance(&mut self) -> Result<Balance, ReaderError> {
        self.enter_account(true)?;
        let personal: [u8; 4] = self.account_command(0x26, [0x00, 0x01], &[], 4)?;
        let self_paid: [u8; 6] = self.account_command(0x26, [0x00, 0x02], &[], 6)?;
        let pooled: [u8; 6] = self.account_command(0x26, [0x00, 0x03], &[], 6)?;
        let amount = |bytes: &[u8; 6]| u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
        Ok(Balance {
            personal: u32::from_be_bytes(personal),
            self_paid: amount(&self_paid),
            pooled: amount(&pooled),
            year: digits(&pooled[4..]),
        })
    }

    /// Loads `amount` fen into the personal account: INITIALIZE FOR LOAD, the host's MAC2, CREDIT FOR LOAD. The TAC is
    /// checked by the host.
    ///
    /// # Errors
    /// No account, no key, the host does not believe the card, the card refused, its TAC is false, or the end is not known
    /// ([`ReaderError::Uncertain`]).
    pub fn load(&mut self, amount: u32, place: Place, host: &mut dyn AccountHost) -> Result<Receipt, ReaderError> {
        let df = self.enter_account(true)?;
        let (dlk, card) = (self.key_with(df, KeyRole::Load, None)?, self.identity()?);
        let index = dlk.index.unwrap_or(dlk.id);
        let amount = amount.to_be_bytes();
        let data = [&[index][..], &amount, &place.terminal].concat();
        let answer: [u8; 16] = self.account_command(0x28, [0x00, 0x01], &data, 16)?;
        let request = LoadRequest {
            balance: part(&answer, 0),
            sequence: part(&answer, 4),
            random: part(&answer, 8),
            mac1: part(&answer, 12),
            amount,
            terminal: place.terminal,
            time: place.time,
        };
        let mac2 = host
            .authorize_load(first_version(dlk), &card, &request)?
            .ok_or(ReaderError::FalseMac)?;
        let sequence = u16::from_be_bytes(request.sequence);
        let uncertain = |error| open_end(TransactionKind::Load, sequence, 0, error);
        let tac: [u8; 4] = self
            .account_command(0x2A, [0x00, 0x00], &[&place.time[..], &mac2].concat(), 4)
            .map_err(uncertain)?;
        let balance = u32::from_be_bytes(request.balance).saturating_add(u32::from_be_bytes(amount));
        let code = load_code_data(balance.to_be_bytes(), &request);
        self.check_code(df, &card, host, &code, &tac).map_err(uncertain)?;
        Ok(Receipt {
            sequence,
            terminal_sequence: 0,
            balance,
            tac,
        })
    }

    /// Settles: INITIALIZE FOR PURCHASE, the module's MAC1, DEBIT FOR PURCHASE, MAC2 checked by the module. `index` is the
    /// key index of the DPK, 1–3.
    ///
    /// # Errors
    /// No account, no key, not enough money (9401), the card refused, its MAC2 is false, or the end is not known
    /// ([`ReaderError::Uncertain`]).
    pub fn settle(
        &mut self,
        index: u8,
        amounts: Amounts,
        place: Place,
        module: &mut dyn PurchaseModule,
    ) -> Result<Receipt, ReaderError> {
        let df = self.enter_account(true)?;
        let (dpk, card) = (self.key_with(df, KeyRole::Purchase, Some(index))?, self.identity()?);
        let (before, request) = self.initialize_purchase(index, amounts, place)?;
        let authorization = module.authorize_purchase(first_version(dpk), &card, &request)?;
        let codes = self.debit(&request, place.time, &authorization)?;
        let confirmed = module
            .confirm_purchase(&codes.mac)
            .map_err(|error| open_settlement(&request, &authorization, error.into()));
        if !confirmed? {
            return Err(ReaderError::FalseMac);
        }
        Ok(Receipt {
            sequence: u16::from_be_bytes(request.sequence),
            terminal_sequence: u32::from_be_bytes(authorization.terminal_sequence),
            balance: before.saturating_sub(amounts.personal),
            tac: codes.tac,
        })
    }

    /// INITIALIZE FOR PURCHASE: the balance before, and what MAC1 will cover.
    pub(super) fn initialize_purchase(
        &mut self,
        index: u8,
        amounts: Amounts,
        place: Place,
    ) -> Result<(u32, PurchaseRequest), ReaderError> {
        let df = self.enter_account(true)?;
        self.key_with(df, KeyRole::Purchase, Some(index))?;
        let data = [&[index][..], &amounts.to_bytes(), &place.terminal].concat();
        let answer: [u8; 22] = self.account_command(0x28, [0x01, 0x01], &data, 22)?;
        let request = PurchaseRequest {
            random: part(&answer, 18),
            sequence: part(&answer, 14),
            amounts: [amounts.personal, amounts.self_paid, amounts.pooled].map(u32::to_be_bytes),
            terminal: place.terminal,
            time: place.time,
        };
        Ok((u32::from_be_bytes(part(&answer, 0)), request))
    }

    /// DEBIT FOR PURCHASE with the MAC1 of a security module: the card's MAC2, which the module judges, and its TAC.
    pub(crate) fn debit(
        &mut self,
        request: &PurchaseRequest,
        time: [u8; 7],
        authorization: &PurchaseAuthorization,
    ) -> Result<Proof, ReaderError> {
        let debit = [&authorization.terminal_sequence[..], &time, &authorization.mac1].concat();
        let answer: [u8; 8] = self
            .account_command(0x2C, [0x01, 0x00], &debit, 8)
            .map_err(|error| open_settlement(request, authorization, error))?;
        Ok(Proof {
            mac: part(&answer, 4),
            tac: part(&answer, 0),
        })
    }

    /// Whether the TAC of a receipt is the one the host computes for this settlement.
    ///
    /// # Errors
    /// The host has no DTK, or the TAC is false.
    pub fn check_settlement(
        &mut self,
        amounts: Amounts,
        place: Place,
        receipt: &Receipt,
        host: &mut dyn AccountHost,
    ) -> Result<(), ReaderError> {
        let df = self.enter_account(false)?;
        let card = self.identity()?;
        let request = PurchaseRequest {
            random: [0; 4],
            sequence: receipt.sequence.to_be_bytes(),
            amounts: [amounts.personal, amounts.self_paid, amounts.pooled].map(u32::to_be_bytes),
            terminal: place.terminal,
            time: place.time,
        };
        let code = purchase_code_data(&request, receipt.terminal_sequence.to_be_bytes());
        self.check_code(df, &card, host, &code, &receipt.tac)
    }

    /// Whether the TAC of a receipt is the one the host computes for this load.
    ///
    /// # Errors
    /// The host has no DTK, or the TAC is false.
    pub fn check_load(
        &mut self,
        amount: u32,
        place: Place,
        receipt: &Receipt,
        host: &mut dyn AccountHost,
    ) -> Result<(), ReaderError> {
        let df = self.enter_account(false)?;
        let card = self.identity()?;
        let request = LoadRequest {
            balance: [0; 4],
            sequence: receipt.sequence.to_be_bytes(),
            random: [0; 4],
            mac1: [0; 4],
            amount: amount.to_be_bytes(),
            terminal: place.terminal,
            time: place.time,
        };
        let code = load_code_data(receipt.balance.to_be_bytes(), &request);
        self.check_code(df, &card, host, &code, &receipt.tac)
    }

    /// MAC and TAC of the last transaction; `None` if it is another one or the money did not move (9406).
    ///
    /// # Errors
    /// No account, or the card refused for another reason.
    pub fn proof(&mut self, kind: TransactionKind, sequence: u16) -> Result<Option<Proof>, ReaderError> {
        self.enter_account(false)?;
        match self.account_command::<8>(0x2E, [0x00, kind.code()], &sequence.to_be_bytes(), 8) {
            Ok(answer) => Ok(Some(Proof {
                mac: part(&answer, 0),
                tac: part(&answer, 4),
            })),
            Err(ReaderError::Refused { sw, .. }) if sw == card_model::status::StatusWord::MAC_NOT_AVAILABLE => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// First day of the pay year as month and day.
    ///
    /// # Errors
    /// No account, or the card refused.
    pub fn starting_day(&mut self) -> Result<(u8, u8), ReaderError> {
        self.enter_account(true)?;
        let [month, day]: [u8; 2] = self.account_command(0x56, [0x01, 0x00], &[], 2)?;
        let two = |byte: u8| (byte >> 4) * 10 + (byte & 15);
        Ok((two(month), two(day)))
    }

    /// Sets the first day of the pay year after authentication with DSK.
    ///
    /// # Errors
    /// No account, no key, or the card refused.
    pub fn set_starting_day(&mut self, month: u8, day: u8) -> Result<(), ReaderError> {
        let df = self.enter_account(false)?;
        let dsk = self.key_with(df, KeyRole::StartingDay, None)?;
        let index = self.profile.index_of(&df.id).unwrap_or_default();
        self.authenticate_in(index, dsk)?;
        let bcd = |n: u8| ((n / 10) << 4) | (n % 10);
        self.account_command::<0>(0x56, [0x00, 0x00], &[bcd(month), bcd(day)], 0)?;
        Ok(())
    }

    /// Selects the application with the account, and meets the PIN condition where one is needed.
    fn enter_account(&mut self, pin: bool) -> Result<&'a DedicatedFile, ReaderError> {
        let profile = self.profile;
        let has_account = |df: &&DedicatedFile| {
            df.files
                .iter()
                .any(|file| matches!(file.structure, Structure::Internal { .. }) && file.key_pair.is_none())
        };
        let df = profile
            .dedicated_files
            .iter()
            .find(has_account)
            .ok_or(ReaderError::NoAccount)?;
        self.enter(profile.index_of(&df.id).unwrap_or_default())?;
        if pin && !self.pin_on_demand(&df.id)? {
            let rule = Rule {
                path: df.id.clone(),
                operation: Operation::Read,
                condition: PIN.to_owned(),
                missing: vec![vec![PIN.to_owned()]],
                module: None,
                certificate: false,
            };
            return Err(ReaderError::NotAllowed { rule: Box::new(rule) });
        }
        Ok(df)
    }

    fn key_with(
        &self,
        df: &'a DedicatedFile,
        role: KeyRole,
        index: Option<u8>,
    ) -> Result<&'a KeyDefinition, ReaderError> {
        let fits = |key: &&KeyDefinition| key.role == role && (index.is_none() || key.index == index);
        df.keys.iter().find(fits).ok_or_else(|| ReaderError::NoSuchKey {
            key: index.map_or_else(|| format!("{role:?}"), |index| format!("{role:?} {index}")),
            profile: self.profile.name.clone(),
        })
    }

    fn check_code(
        &self,
        df: &'a DedicatedFile,
        card: &CardIdentity,
        host: &mut dyn AccountHost,
        data: &[u8],
        tac: &[u8; 4],
    ) -> Result<(), ReaderError> {
        let dtk = self.key_with(df, KeyRole::Tac, None)?;
        let expected = host.transaction_code(first_version(dtk), card, data)?;
        if equal(&expected, tac) {
            Ok(())
        } else {
            Err(ReaderError::FalseMac)
        }
    }

    /// A special command whose answer has exactly `N` bytes.
    fn account_command<const N: usize>(
        &mut self,
        ins: u8,
        p1p2: [u8; 2],
        data: &[u8],
        le: u8,
    ) -> Result<[u8; N], ReaderError> {
        let mut command = Command::new(CLASS, ins, p1p2[0], p1p2[1]);
        if !data.is_empty() {
            command = command.with_data(data)?;
        }
        if N > 0 {
            command = command.with_le(le);
        }
        let answer = self.demand(&command, None)?;
        answer.try_into().map_err(|_| ReaderError::Answer {
            command: title(&command),
            path: None,
        })
    }
}

/// An error after the command that moves the money was sent: unless the card said no, the end is not known.
fn open_end(kind: TransactionKind, sequence: u16, terminal_sequence: u32, cause: ReaderError) -> ReaderError {
    match cause {
        ReaderError::Transport(_) | ReaderError::Answer { .. } | ReaderError::SecurityModule(_) => {
            ReaderError::Uncertain {
                kind,
                sequence,
                terminal_sequence,
                cause: Box::new(cause),
            }
        }
        other => other,
    }
}

/// [`open_end`] of a settlement.
fn open_settlement(
    request: &PurchaseRequest,
    authorization: &PurchaseAuthorization,
    cause: ReaderError,
) -> ReaderError {
    let sequence = u16::from_be_bytes(request.sequence);
    let terminal_sequence = u32::from_be_bytes(authorization.terminal_sequence);
    open_end(TransactionKind::Settlement, sequence, terminal_sequence, cause)
}

/// Transactions use version 1 of a key; what the standard calls key version is the index here.
fn first_version(definition: &KeyDefinition) -> KeyReference<'_> {
    KeyReference { definition, version: 1 }
}

/// `N` bytes of an answer from `at`; the length of the answer was checked before.
fn part<const N: usize>(answer: &[u8], at: usize) -> [u8; N] {
    core::array::from_fn(|i| answer.get(at + i).copied().unwrap_or(0))
}

/// The number that packed digits write.
fn digits(bcd: &[u8]) -> u16 {
    bcd.iter()
        .fold(0, |n, byte| n * 100 + u16::from(byte >> 4) * 10 + u16::from(byte & 15))
}

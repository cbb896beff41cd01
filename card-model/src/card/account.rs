//! The medical account (STD-P5 §7, STD-P7 §11–12; `spec/commands.md` §1.3, §5): balance, load, purchase, proof, starting
//! day.
//!
//! An application has an account if it holds an internal file of [`AMOUNTS`] bytes; its log is the cyclic file that nobody
//! may update from outside. With records of 20 bytes instead of 28 the card knows the personal account only.
//!
//! Money, counters, proof and record change together in one commit: after a power cut either all of it happened or none.

use super::command::{BalanceKind, Purchase};
use super::file_system::FileSystem;
use super::object::{Ef, EfStructure, KeyObject, KeyType};
use super::session::{Session, Transaction};
use super::{Card, Refusal, Reply, Stop};
use crate::crypto::{MAC_LENGTH, SessionKey, transaction_code};
use crate::memory::Memory;
use crate::secret::equal;
use crate::status::StatusWord as Sw;
use rand_core::Rng;

/// Bytes of the amounts file: two counters, three amounts, pay year, starting day.
pub(super) const AMOUNTS: usize = 20;
/// Bytes kept behind the amounts for GET TRANSACTION PROOF: type, sequence number, MAC, TAC, filler.
pub(super) const PROOF: usize = 12;
/// Transaction type of a load in MACs and records: '1'.
const LOAD: u8 = b'1';
/// Transaction type of a settlement: '2'.
const PURCHASE: u8 = b'2';
/// Length of a log record of a card with the personal account only.
const SHORT_RECORD: u8 = 20;

/// The amounts file, decoded. Amounts in fen.
#[derive(Debug, Clone, Copy)]
struct Amounts {
    load_sequence: u16,
    purchase_sequence: u16,
    /// CIA, the personal account.
    balance: u32,
    /// SPIP: self-paid in the pay year.
    self_paid: u32,
    /// SPFP: paid by the pooled fund in the pay year.
    pooled: u32,
    /// Pay year, BCD.
    year: u16,
    /// Starting day of the pay year, BCD mmdd.
    starting_day: u16,
}

impl Amounts {
    fn read(memory: &Memory, file: &Ef) -> Self {
        let at = |offset| file.body + offset;
        Self {
            load_sequence: memory.half(at(0)),
            purchase_sequence: memory.half(at(2)),
            balance: memory.word(at(4)),
            self_paid: memory.word(at(8)),
            pooled: memory.word(at(12)),
            year: memory.half(at(16)),
            starting_day: memory.half(at(18)),
        }
    }

    fn to_bytes(self) -> [u8; AMOUNTS] {
        let mut bytes = [0; AMOUNTS];
        bytes[..2].copy_from_slice(&self.load_sequence.to_be_bytes());
        bytes[2..4].copy_from_slice(&self.purchase_sequence.to_be_bytes());
        bytes[4..8].copy_from_slice(&self.balance.to_be_bytes());
        bytes[8..12].copy_from_slice(&self.self_paid.to_be_bytes());
        bytes[12..16].copy_from_slice(&self.pooled.to_be_bytes());
        bytes[16..18].copy_from_slice(&self.year.to_be_bytes());
        bytes[18..].copy_from_slice(&self.starting_day.to_be_bytes());
        bytes
    }

    /// Adds a settlement to the totals of its pay year (STD-P7 §12): within the year they grow, in a later year they begin
    /// again with this settlement. `date` is BCD YYYYMMDD.
    fn settle(&mut self, date: u32, self_paid: u32, pooled: u32) -> Option<()> {
        let decimal = |bcd: u32| {
            (0..8)
                .rev()
                .fold(0i64, |n, digit| n * 10 + i64::from(bcd >> (4 * digit) & 15))
        };
        let start = decimal(u32::from(self.year)) * 10_000 + decimal(u32::from(self.starting_day));
        if decimal(date) - start < 10_000 {
            self.self_paid = self.self_paid.checked_add(self_paid)?;
            self.pooled = self.pooled.checked_add(pooled)?;
        } else {
            let (year, day) = (decimal(date >> 16), decimal(date & 0xFFFF));
            let year = if day >= decimal(u32::from(self.starting_day)) {
                year
            } else {
                year - 1
            };
            self.year = (0..4).fold(0, |bcd, digit| {
                let digits = u16::try_from(year / 10i64.pow(digit) % 10).unwrap_or(0);
                bcd | digits << (4 * digit)
            });
            self.self_paid = self_paid;
            self.pooled = pooled;
        }
        Some(())
    }
}

/// What GET TRANSACTION PROOF keeps of a transaction.
struct Proof {
    kind: u8,
    sequence: [u8; 2],
    mac: [u8; 4],
    tac: [u8; 4],
}

/// The files of the account in the current application, as indexes.
#[derive(Debug, Clone, Copy)]
struct Account {
    amounts: usize,
    log: usize,
}

impl Card {
    /// GET BALANCE: the personal account, or a yearly total with its pay year.
    pub(super) fn balance(&mut self, session: &Session, kind: BalanceKind) -> Result<Reply, Stop> {
        let account = self.account(session)?;
        self.need_pin(session)?;
        let amounts = Amounts::read(&self.memory, &self.files.efs[account.amounts]);
        let mut reply = Reply::new();
        match kind {
            BalanceKind::Personal => reply.extend(amounts.balance.to_be_bytes()),
            BalanceKind::SelfPaid => reply.extend(amounts.self_paid.to_be_bytes()),
            BalanceKind::Pooled => reply.extend(amounts.pooled.to_be_bytes()),
        }
        if kind != BalanceKind::Personal {
            reply.extend(amounts.year.to_be_bytes());
        }
        Ok(reply)
    }

    /// INITIALIZE FOR LOAD: `balance4 ‖ sequence2 ‖ version1 ‖ algorithm1 ‖ random4 ‖ MAC1 4`.
    pub(super) fn initialize_load(
        &mut self,
        session: &mut Session,
        index: u8,
        amount: [u8; 4],
        terminal: &[u8; 6],
        entropy: &mut dyn Rng,
    ) -> Result<Reply, Stop> {
        let account = self.account(session)?;
        self.need_pin(session)?;
        let amounts = Amounts::read(&self.memory, &self.files.efs[account.amounts]);
        let key = self.transaction_key(session.df, KeyType::Load, index)?;
        if amounts.load_sequence == u16::MAX {
            return Err(Sw::COUNTER_FULL.into());
        }
        if amounts.balance.checked_add(u32::from_be_bytes(amount)).is_none() {
            return Err(Sw::CONDITIONS_NOT_SATISFIED.into());
        }
        let mut random = [0; 4];
        entropy.fill_bytes(&mut random);
        let sequence = amounts.load_sequence.to_be_bytes();
        let session_key = self.derive(key, &[&random[..], &sequence, &[0x80, 0x00]].concat())?;
        let balance = amounts.balance.to_be_bytes();
        let mac1 = session_key.mac(&[], &[&balance[..], &amount, &[LOAD], terminal].concat());
        let reply = [
            &balance[..],
            &sequence,
            &[key.index, key.algorithm.identifier()],
            &random,
            &mac1,
        ]
        .concat();
        session.transaction = Some(Transaction::Load {
            session_key,
            amount,
            terminal: *terminal,
        });
        Ok(reply.into_iter().collect())
    }

    /// CREDIT FOR LOAD: the host's MAC2 is right, so the money moves; the answer is the TAC.
    pub(super) fn credit(
        &mut self,
        session: &Session,
        transaction: Option<Transaction>,
        time: &[u8; 7],
        mac2: &[u8; 4],
    ) -> Result<Reply, Stop> {
        let account = self.account(session)?;
        let Some(Transaction::Load {
            session_key,
            amount,
            terminal,
        }) = transaction
        else {
            return Err(Sw::INVALID_STATE.into());
        };
        if !equal(
            &session_key.mac(&[], &[&amount[..], &[LOAD], &terminal, time].concat()),
            mac2,
        ) {
            return Err(Sw::MAC_INVALID.into());
        }
        let mut amounts = Amounts::read(&self.memory, &self.files.efs[account.amounts]);
        let sequence = amounts.load_sequence.to_be_bytes();
        let balance = amounts.balance.checked_add(u32::from_be_bytes(amount));
        amounts.balance = balance.ok_or(Sw::CONDITIONS_NOT_SATISFIED)?;
        amounts.load_sequence += 1;
        let balance = amounts.balance.to_be_bytes();
        let tac = self.tac(
            session.df,
            &[&balance[..], &sequence, &amount, &[LOAD], &terminal, time].concat(),
        )?;
        let record = [&sequence[..], &[LOAD], &terminal, time, &amount, &[0; 8]].concat();
        let proof = Proof {
            kind: LOAD,
            sequence,
            mac: *mac2,
            tac,
        };
        self.complete(account, amounts, &proof, &record)?;
        Ok(tac.into_iter().collect())
    }

    /// INITIALIZE FOR PURCHASE: `CIA4 ‖ SPIP4 ‖ SPFP4 ‖ year2 ‖ sequence2 ‖ version1 ‖ algorithm1 ‖ random4`.
    pub(super) fn initialize_purchase(
        &mut self,
        session: &mut Session,
        index: u8,
        purchase: Purchase,
        entropy: &mut dyn Rng,
    ) -> Result<Reply, Stop> {
        let account = self.account(session)?;
        self.need_pin(session)?;
        let amounts = Amounts::read(&self.memory, &self.files.efs[account.amounts]);
        let key = self.transaction_key(session.df, KeyType::Purchase, index)?;
        if u32::from_be_bytes(purchase.personal) > amounts.balance {
            return Err(Sw::AMOUNT_INSUFFICIENT.into());
        }
        if amounts.purchase_sequence == u16::MAX {
            return Err(Sw::COUNTER_FULL.into());
        }
        let personal_only = self.files.efs[account.log].record_length == SHORT_RECORD;
        if personal_only && (purchase.self_paid, purchase.pooled) != ([0; 4], [0; 4]) {
            return Err(Sw::CONDITIONS_NOT_SATISFIED.into());
        }
        let mut random = [0; 4];
        entropy.fill_bytes(&mut random);
        let reply = [
            &amounts.balance.to_be_bytes()[..],
            &amounts.self_paid.to_be_bytes(),
            &amounts.pooled.to_be_bytes(),
            &amounts.year.to_be_bytes(),
            &amounts.purchase_sequence.to_be_bytes(),
            &[key.index, key.algorithm.identifier()],
            &random,
        ]
        .concat();
        session.transaction = Some(Transaction::Purchase {
            index,
            random,
            purchase,
        });
        Ok(reply.into_iter().collect())
    }

    /// DEBIT FOR PURCHASE: the PSAM's MAC1 is right, so the money moves; the answer is `TAC4 ‖ MAC2 4`.
    pub(super) fn debit(
        &mut self,
        session: &Session,
        transaction: Option<Transaction>,
        terminal_sequence: &[u8; 4],
        time: &[u8; 7],
        mac1: &[u8; 4],
    ) -> Result<Reply, Stop> {
        let account = self.account(session)?;
        let Some(Transaction::Purchase {
            index,
            random,
            purchase,
        }) = transaction
        else {
            return Err(Sw::INVALID_STATE.into());
        };
        let mut amounts = Amounts::read(&self.memory, &self.files.efs[account.amounts]);
        let sequence = amounts.purchase_sequence.to_be_bytes();
        let key = self.transaction_key(session.df, KeyType::Purchase, index)?;
        let session_key = self.derive(key, &[&random[..], &sequence, &terminal_sequence[2..]].concat())?;
        let three = [purchase.personal, purchase.self_paid, purchase.pooled].concat();
        if !equal(
            &session_key.mac(&[], &[&three[..], &[PURCHASE], &purchase.terminal, time].concat()),
            mac1,
        ) {
            return Err(Sw::MAC_INVALID.into());
        }
        let balance = amounts.balance.checked_sub(u32::from_be_bytes(purchase.personal));
        amounts.balance = balance.ok_or(Sw::AMOUNT_INSUFFICIENT)?;
        amounts.purchase_sequence += 1;
        if self.files.efs[account.log].record_length != SHORT_RECORD {
            let date = u32::from_be_bytes([time[0], time[1], time[2], time[3]]);
            amounts
                .settle(
                    date,
                    u32::from_be_bytes(purchase.self_paid),
                    u32::from_be_bytes(purchase.pooled),
                )
                .ok_or(Sw::CONDITIONS_NOT_SATISFIED)?;
        }
        let tac_data = [&three[..], &[PURCHASE], &purchase.terminal, terminal_sequence, time].concat();
        let tac = self.tac(session.df, &tac_data)?;
        let mac2 = session_key.mac(&[], &three);
        let record = [&sequence[..], &[PURCHASE], &purchase.terminal, time, &three].concat();
        let proof = Proof {
            kind: PURCHASE,
            sequence,
            mac: mac2,
            tac,
        };
        self.complete(account, amounts, &proof, &record)?;
        Ok(tac.into_iter().chain(mac2).collect())
    }

    /// GET TRANSACTION PROOF: MAC and TAC of the last transaction, if it is the one asked for. The MAC of a load is the
    /// host's MAC2, that of a purchase the card's.
    pub(super) fn proof(&self, session: &Session, kind: u8, sequence: &[u8; 2]) -> Result<Reply, Stop> {
        let account = self.account(session)?;
        if kind != LOAD && kind != PURCHASE {
            return Err(Sw::WRONG_P1P2.into());
        }
        let file = &self.files.efs[account.amounts];
        let proof = self.memory.read(file.body + AMOUNTS, PROOF);
        match proof {
            [k, s0, s1, codes @ ..] if *k == kind && [*s0, *s1] == *sequence => {
                Ok(codes.iter().copied().take(2 * MAC_LENGTH).collect())
            }
            _ => Err(Sw::MAC_NOT_AVAILABLE.into()),
        }
    }

    /// UPDATE STARTING DAY after authentication with DSK. The day is BCD mmdd.
    pub(super) fn update_starting_day(&mut self, session: &Session, day: [u8; 2]) -> Result<Reply, Stop> {
        let account = self.account(session)?;
        let key = self
            .find_key(session.df, |key| key.kind == KeyType::StartingDay)
            .ok_or(Sw::FUNCTION_NOT_SUPPORTED)?;
        let id = self.files.keys[key].id;
        if !session.keys.contains(id) {
            self.refuse(session, format!("{id:02X}"));
            return Err(Sw::SECURITY_NOT_SATISFIED.into());
        }
        let [month, date] = day;
        if !(is_bcd(month) && is_bcd(date) && (0x01..=0x12).contains(&month) && (0x01..=0x31).contains(&date)) {
            return Err(Sw::CONDITIONS_NOT_SATISFIED.into());
        }
        let file = &self.files.efs[account.amounts];
        self.memory.commit(&[(file.body + 18, &day)])?;
        Ok(Reply::new())
    }

    /// GET STARTING DAY. Its list of status words has 6982 (STD-P5 §7.8): as all of the account it needs the PIN, if there is one
    /// (`spec/commands.md` §5).
    pub(super) fn starting_day(&mut self, session: &Session) -> Result<Reply, Stop> {
        let account = self.account(session)?;
        self.need_pin(session)?;
        let amounts = Amounts::read(&self.memory, &self.files.efs[account.amounts]);
        Ok(amounts.starting_day.to_be_bytes().into_iter().collect())
    }

    /// The one change of a transaction: amounts with counters, proof, and the log record.
    fn complete(&mut self, account: Account, amounts: Amounts, proof: &Proof, record: &[u8]) -> Result<(), Stop> {
        let file = &self.files.efs[account.amounts];
        let log = &self.files.efs[account.log];
        let proof = [&[proof.kind][..], &proof.sequence, &proof.mac, &proof.tac].concat();
        let record = record
            .get(..usize::from(log.record_length))
            .ok_or(Sw::CONDITIONS_NOT_SATISFIED)?;
        let (slot, (usage_at, usage)) = log.next_cyclic(&self.memory);
        let changes: [(usize, &[u8]); 4] = [
            (file.body, &amounts.to_bytes()),
            (file.body + AMOUNTS, &proof),
            (slot, record),
            (usage_at, &usage),
        ];
        Ok(self.memory.commit(&changes)?)
    }

    /// The account of the current application; 6985 where it has none. The lists of these commands (STD-P5 §7) have 6A81 too,
    /// as all commands have it: that is the blocked card.
    fn account(&self, session: &Session) -> Result<Account, Sw> {
        let files = || self.files.dfs[session.df].files.iter().copied();
        let amounts = files()
            .find(|i| is_amounts(&self.files.efs[*i]))
            .ok_or(Sw::CONDITIONS_NOT_SATISFIED)?;
        let log = files()
            .find(|i| is_log(&self.files, *i))
            .ok_or(Sw::CONDITIONS_NOT_SATISFIED)?;
        Ok(Account { amounts, log })
    }

    fn need_pin(&mut self, session: &Session) -> Result<(), Sw> {
        if self.pin_holds(session) {
            return Ok(());
        }
        self.refuse(session, "PIN".to_owned());
        Err(Sw::SECURITY_NOT_SATISFIED)
    }

    fn refuse(&mut self, session: &Session, missing: String) {
        let condition = Some(missing.clone());
        self.refusal = Some(Refusal {
            file: Some(self.path(session.df, None)),
            condition,
            missing: vec![missing],
        });
    }

    fn transaction_key(&self, df: usize, kind: KeyType, index: u8) -> Result<&KeyObject, Sw> {
        let key = self.find_key(df, |key| key.kind == kind && key.index == index && key.version == 1);
        key.map(|key| &self.files.keys[key]).ok_or(Sw::KEY_INDEX_NOT_SUPPORTED)
    }

    fn derive(&self, key: &KeyObject, input: &[u8]) -> Result<SessionKey, Sw> {
        let value = key.key(&self.memory).ok_or(Sw::KEY_INDEX_NOT_SUPPORTED)?;
        Ok(SessionKey::derive(key.algorithm, &value, input))
    }

    fn tac(&self, df: usize, data: &[u8]) -> Result<[u8; 4], Sw> {
        let key = self.key_of(df, KeyType::Tac).ok_or(Sw::CONDITIONS_NOT_SATISFIED)?;
        let value = key.key(&self.memory).ok_or(Sw::CONDITIONS_NOT_SATISFIED)?;
        Ok(transaction_code(key.algorithm, &value, data))
    }
}

fn is_amounts(file: &Ef) -> bool {
    file.structure == EfStructure::Internal && file.size == AMOUNTS && file.hidden >= PROOF
}

fn is_log(files: &FileSystem, index: usize) -> bool {
    let file = &files.efs[index];
    file.structure == EfStructure::Cyclic && file.update == super::Condition::default()
}

fn is_bcd(byte: u8) -> bool {
    byte >> 4 <= 9 && byte & 15 <= 9
}

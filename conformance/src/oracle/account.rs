//! The medical account (`spec/commands.md` §1.3, §5).

use super::Oracle;
use super::expect::{Data, Expectation, Request};
use super::state::{Contents, Surely, Transaction};
use card_model::profile::{ElementaryFile, KeyDefinition, KeyRole, Structure};

/// Transaction type of a load.
const LOAD: u8 = 0x31;
/// Transaction type of a settlement.
const SETTLEMENT: u8 = 0x32;

impl<'a> Oracle<'a> {
    pub(super) fn expect_account(&self, request: &Request<'_>) -> Expectation {
        let mut expected = Expectation::done(Data::None);
        if self.log().is_none() {
            // Conditions of use: 6A81 is in every list and says that the card is blocked.
            expected.refuse(0x6985);
        }
        match (request.ins, request.p1, request.p2) {
            (0x26, 0x00, 0x01..=0x03) => self.expect_balance(&mut expected, request),
            (0x28, 0x00, 0x01) => self.expect_initialize(&mut expected, request, 11, 16),
            (0x28, 0x01, 0x01) => self.expect_initialize(&mut expected, request, 19, 22),
            (0x2A, 0x00, 0x00) => self.expect_completion(&mut expected, request, 11, 4),
            (0x2C, 0x01, 0x00) => self.expect_completion(&mut expected, request, 15, 8),
            (0x2E, 0x00, _) => self.expect_proof(&mut expected, request),
            (0x56, 0x00, 0x00) => self.expect_update_day(&mut expected, request),
            (0x56, 0x01, 0x00) => {
                if !request.data.is_empty() || request.expected_length() != 2 {
                    expected.refuse(0x6700);
                }
                self.need_pin(&mut expected);
                expected.data = Data::known(&self.state.learnt.account.day.to_be_bytes());
            }
            _ => {
                expected.refuse(0x6A86);
                expected.maybe([0x6700]);
            }
        }
        expected
    }

    /// The log of the medical application, when that is the current one.
    fn log(&self) -> Option<&'a ElementaryFile> {
        let df = &self.profile.dedicated_files[self.state.df];
        let log = |file: &&ElementaryFile| matches!(file.structure, Structure::Cyclic { .. }) && file.update.is_never();
        let internal = |file: &ElementaryFile| matches!(file.structure, Structure::Internal { .. });
        df.files.iter().find(log).filter(|_| df.files.iter().any(internal))
    }

    /// A card with records of 20 bytes knows the personal account only (`spec/commands.md` §5).
    fn personal_only(&self) -> bool {
        self.log().and_then(ElementaryFile::record_length) == Some(20)
    }

    fn need_pin(&self, expected: &mut Expectation) {
        match self.state.pin(self.profile) {
            Surely::Yes => {}
            Surely::Maybe => expected.maybe([0x6982]),
            Surely::No => expected.refuse(0x6982),
        }
    }

    fn expect_balance(&self, expected: &mut Expectation, request: &Request<'_>) {
        let account = &self.state.learnt.account;
        let amount = match request.p2 {
            0x01 => account.balance,
            0x02 => account.totals[0],
            _ => account.totals[1],
        };
        let mut data = amount.to_be_bytes().to_vec();
        if request.p2 != 0x01 {
            data.extend(account.year.to_be_bytes());
        }
        if !request.data.is_empty() || request.expected_length() != data.len() {
            expected.refuse(0x6700);
        }
        self.need_pin(expected);
        expected.data = Data::known(&data);
    }

    fn expect_initialize(&self, expected: &mut Expectation, request: &Request<'_>, length: usize, answer: u8) {
        expected.case_four(request);
        self.answer_length(expected, request, length, answer);
        self.need_pin(expected);
        if request.data.len() != length {
            return;
        }
        let load = length == 11;
        let role = if load { KeyRole::Load } else { KeyRole::Purchase };
        if self.key_of_index(role, request.data[0]).is_none() {
            expected.refuse(0x9403);
        }
        let account = &self.state.learnt.account;
        let sequence = account.sequences[usize::from(!load)];
        if sequence == u16::MAX {
            expected.refuse(0x9402);
        }
        let amount = number(&request.data[1..5]);
        let mut data: Vec<Option<u8>> = account.balance.to_be_bytes().map(Some).to_vec();
        if load {
            if account.balance.checked_add(amount).is_none() {
                expected.refuse(0x6985);
            }
        } else {
            if amount > account.balance {
                expected.refuse(0x9401);
            }
            if self.personal_only() && request.data[5..13] != [0; 8] {
                expected.refuse(0x6985);
            }
            data.extend(account.totals.iter().flat_map(|total| total.to_be_bytes()).map(Some));
            data.extend(account.year.to_be_bytes().map(Some));
        }
        data.extend(sequence.to_be_bytes().map(Some));
        // Key version: what a card tells here differs (`spec/commands.md` §3.3, §5), so it is not judged.
        data.push(None);
        data.push(Some(self.profile.algorithm.identifier()));
        data.resize(usize::from(answer), None);
        expected.data = Data::Bytes(data);
    }

    /// CREDIT and DEBIT: only in their state, and with the MAC of host or PSAM.
    fn expect_completion(&self, expected: &mut Expectation, request: &Request<'_>, length: usize, answer: u8) {
        expected.case_four(request);
        self.answer_length(expected, request, length, answer);
        let load = length == 11;
        let Some(transaction) = self.state.transaction.as_ref().filter(|begun| begun.load == load) else {
            expected.refuse(0x6901);
            return;
        };
        if request.data.len() != length {
            return;
        }
        match self.codes(transaction, request) {
            None => {
                expected.maybe([0x9302, 0x9000]);
                expected.data = Data::of_length(usize::from(answer));
            }
            Some((mac, data)) => {
                if request.data[length - 4..] != mac {
                    expected.refuse(0x9302);
                }
                expected.data = Data::known(&data);
            }
        }
    }

    /// The MAC that the command must have, and the answer; `None` if the card's random number was not seen.
    fn codes(&self, transaction: &Transaction, request: &Request<'_>) -> Option<([u8; 4], Vec<u8>)> {
        let account = &self.state.learnt.account;
        let random = transaction.random?;
        let (terminal, amounts) = (&transaction.terminal[..], &transaction.amounts[..]);
        let tac = self.role(KeyRole::Tac)?;
        if transaction.load {
            let sequence = account.sequences[0].to_be_bytes();
            let time = request.data.get(..7)?;
            let key = self.key_of_index(KeyRole::Load, transaction.index)?;
            let factor = [&random[..], &sequence, &[0x80, 0x00]].concat();
            let mac2 = self
                .keys
                .session_mac(key, &factor, &[amounts, &[LOAD], terminal, time].concat())?;
            let balance = account.balance.checked_add(number(amounts))?.to_be_bytes();
            let covered = [&balance[..], &sequence, amounts, &[LOAD], terminal, time].concat();
            Some((mac2, self.keys.code(tac, &covered)?.to_vec()))
        } else {
            let sequence = account.sequences[1].to_be_bytes();
            let (terminal_sequence, time) = (request.data.get(..4)?, request.data.get(4..11)?);
            let key = self.key_of_index(KeyRole::Purchase, transaction.index)?;
            let factor = [&random[..], &sequence, &terminal_sequence[2..]].concat();
            let covered = [amounts, &[SETTLEMENT], terminal, time].concat();
            let mac1 = self.keys.session_mac(key, &factor, &covered)?;
            let mac2 = self.keys.session_mac(key, &factor, amounts)?;
            let covered = [amounts, &[SETTLEMENT], terminal, terminal_sequence, time].concat();
            let code = self.keys.code(tac, &covered)?;
            Some((mac1, [code, mac2].concat()))
        }
    }

    fn expect_proof(&self, expected: &mut Expectation, request: &Request<'_>) {
        expected.case_four(request);
        self.answer_length(expected, request, 2, 8);
        if !matches!(request.p2, LOAD | SETTLEMENT) {
            [0x6A86, 0x9406].iter().for_each(|word| expected.refuse(*word));
        }
        let sequence = <[u8; 2]>::try_from(request.data).ok().map(u16::from_be_bytes);
        if self.state.learnt.account.proof_open {
            expected.maybe([0x9406, 0x9000]);
            expected.data = Data::of_length(8);
            return;
        }
        match self.state.learnt.account.proof {
            Some((kind, number, mac, tac)) if kind == request.p2 && sequence == Some(number) => {
                expected.data = Data::known(&[mac, tac].concat());
            }
            _ => expected.refuse(0x9406),
        }
    }

    fn expect_update_day(&self, expected: &mut Expectation, request: &Request<'_>) {
        expected.lengths(request, [2], false);
        let Some(key) = self.role(KeyRole::StartingDay) else {
            expected.refuse(0x6A81);
            return;
        };
        match self.proved(key.id) {
            Surely::No => expected.refuse(0x6982),
            Surely::Maybe => expected.maybe([0x6982]),
            Surely::Yes => {}
        }
        let day = matches!(request.data, [month, day]
            if (1..=12).contains(&decimal(*month)) && (1..=31).contains(&decimal(*day)));
        if !day {
            expected.refuse(0x6985);
        }
    }

    pub(super) fn follow_account(
        &mut self,
        request: &Request<'_>,
        transaction: Option<Transaction>,
        done: bool,
        data: &[u8],
    ) {
        if !done {
            return;
        }
        match request.ins {
            0x28 => {
                let (index, rest) = (request.data[0], &request.data[1..]);
                let (amounts, terminal) = rest.split_at(rest.len() - 6);
                self.state.transaction = Some(Transaction {
                    load: request.p1 == 0x00,
                    index,
                    amounts: amounts.to_vec(),
                    terminal: terminal.to_vec(),
                    random: None,
                });
                self.learn_initialized(data);
            }
            0x2A | 0x2C => {
                if let Some(transaction) = transaction {
                    self.complete(&transaction, request);
                }
            }
            0x56 if request.p1 == 0x00 => {
                if let Ok(day) = request.data.try_into() {
                    self.state.learnt.account.day = u16::from_be_bytes(day);
                }
            }
            _ => {}
        }
    }

    /// Learns the random number from the whole answer of INITIALIZE.
    pub(super) fn learn_initialized(&mut self, data: &[u8]) {
        if let Some(transaction) = &mut self.state.transaction {
            let random = match (transaction.load, data.len()) {
                (true, 16) => data.get(8..12),
                (false, 22) => data.get(18..22),
                _ => None,
            };
            if let Some(random) = random.and_then(|random| random.try_into().ok()) {
                transaction.random = Some(random);
            }
        }
    }

    fn complete(&mut self, transaction: &Transaction, request: &Request<'_>) {
        let codes = self.codes(transaction, request);
        let personal_only = self.personal_only();
        let log = self
            .log()
            .map(|log| (self.state.df, log.fid, log.record_count(), log.record_length()));
        let account = &mut self.state.learnt.account;
        let amounts: Vec<u32> = transaction.amounts.chunks(4).map(number).collect();
        let sequence = account.sequences[usize::from(!transaction.load)];
        account.sequences[usize::from(!transaction.load)] = sequence.wrapping_add(1);
        let (kind, time) = if transaction.load {
            account.balance = account.balance.wrapping_add(amounts[0]);
            (LOAD, &request.data[..7])
        } else {
            account.balance = account.balance.wrapping_sub(amounts[0]);
            let time = &request.data[4..11];
            if !personal_only {
                settle(account, time, amounts[1], amounts[2]);
            }
            (SETTLEMENT, time)
        };
        // The proof's MAC is MAC2: the host's of a load, the card's of a purchase.
        account.proof_open = codes.is_none();
        account.proof = codes.and_then(|(_, answer)| {
            let (tac, rest) = answer.split_first_chunk::<4>()?;
            let mac = if transaction.load {
                *request.data.last_chunk::<4>()?
            } else {
                rest.try_into().ok()?
            };
            Some((kind, sequence, mac, *tac))
        });
        let mut record = [&sequence.to_be_bytes()[..], &[kind], &transaction.terminal, time].concat();
        record.extend(&transaction.amounts);
        if let Some((df, fid, most, length)) = log
            && let Some(Contents::Records(records)) = self.state.learnt.files.get_mut(&(df, fid))
        {
            record.resize(usize::from(length.unwrap_or(28)), 0);
            records.insert(0, record);
            records.truncate(usize::from(most));
        }
    }

    /// Le is absent, 00 or the length of the answer; another one is a wrong length, or the card names the right one.
    fn answer_length(&self, expected: &mut Expectation, request: &Request<'_>, length: usize, answer: u8) {
        expected.lengths(request, [length], true);
        if request.le.is_some_and(|le| le != 0 && le != answer) {
            [0x6700, 0x6C00 | u16::from(answer)]
                .iter()
                .for_each(|word| expected.refuse(*word));
        }
    }

    fn role(&self, role: KeyRole) -> Option<&'a KeyDefinition> {
        self.profile.dedicated_files[self.state.df].key_with_role(role)
    }

    fn key_of_index(&self, role: KeyRole, index: u8) -> Option<&'a KeyDefinition> {
        let mut keys = self.profile.dedicated_files[self.state.df].keys.iter();
        keys.find(|key| key.role == role && key.index == Some(index))
    }
}

/// The totals of the pay year (`spec/commands.md` §5): n = yyyymmdd − (pay year × 10000 + starting mmdd); below 10000 they
/// grow, else the pay year is that of the settlement and they begin with it. A settlement before the starting day belongs to
/// the pay year before.
fn settle(account: &mut super::state::Account, time: &[u8], own: u32, pooled: u32) {
    let date = time[..4]
        .iter()
        .fold(0, |date, byte| date * 100 + i64::from(decimal(*byte)));
    let bcd = |value: u16| {
        value
            .to_be_bytes()
            .iter()
            .fold(0, |n, byte| n * 100 + i64::from(decimal(*byte)))
    };
    if date - (bcd(account.year) * 10_000 + bcd(account.day)) < 10_000 {
        account.totals[0] = account.totals[0].wrapping_add(own);
        account.totals[1] = account.totals[1].wrapping_add(pooled);
        return;
    }
    let before = date % 10_000 < bcd(account.day);
    let year = date / 10_000 - i64::from(before);
    account.year = (0..4).fold(0, |bcd, digit| {
        let value = year / 10_i64.pow(digit) % 10;
        bcd | (value as u16) << (4 * digit)
    });
    account.totals = [own, pooled];
}

fn number(bytes: &[u8]) -> u32 {
    bytes
        .iter()
        .take(4)
        .fold(0, |number, byte| number << 8 | u32::from(*byte))
}

/// Two digits; more than 99 for what is no packed digits.
fn decimal(byte: u8) -> u8 {
    if byte >> 4 > 9 || byte & 15 > 9 {
        return u8::MAX;
    }
    (byte >> 4) * 10 + (byte & 15)
}

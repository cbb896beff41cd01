//! iDoDebit and iReadDebitRecord: settlements of the medical account (IF38 8 and 9, `spec/terminal.md` §1.4.9, §1.4.10).

use super::card::{Computer, opener};
use super::code::ReturnCode;
use super::failure::Failure;
use super::open::{Step, Waiting, other_step};
use super::pay::{moment, yuan};
use super::strings::{CardInfo, hex_array, illegal, items, join, join_fields};
use super::{Driver, Outcome, PayInfo, SlotOrder, Terminal};
use crate::error::ReaderError;
use crate::security::{KeyReference, PurchaseAuthorization, PurchaseModule, SETTLEMENT, SecurityModuleError};
use crate::session::{LogEntry, Place, Session, TransactionKind};
use card_model::profile::KeyDefinition;

impl Driver {
    /// iDoDebit: settles with the PSAM.
    ///
    /// # Errors
    /// The return code with its words. The card is closed.
    pub fn do_debit(&self, i_type: i32, card_info: &str, pay_info: &str) -> Outcome {
        self.call("iDoDebit", &[card_info, pay_info], |terminal| {
            terminal.do_debit(i_type, card_info, pay_info)
        })
    }

    /// iDoDebit_HSM_Step1.
    ///
    /// # Errors
    /// As [`Driver::do_debit`].
    pub fn do_debit_hsm_step1(&self, i_type: i32, card_info: &str, pay_info: &str) -> Outcome {
        self.call("iDoDebit_HSM_Step1", &[card_info, pay_info], |terminal| {
            terminal.do_debit_hsm_step1(i_type, card_info, pay_info)
        })
    }

    /// iDoDebit_HSM_Step2.
    ///
    /// # Errors
    /// As [`Driver::do_debit`].
    pub fn do_debit_hsm_step2(&self, key: &str) -> Outcome {
        self.step("iDoDebit_HSM_Step2", &[key], |terminal| {
            terminal.do_debit_hsm_step2(key)
        })
    }

    /// iReadDebitRecord: all settlements that the card keeps, newest first.
    ///
    /// # Errors
    /// As [`Driver::do_debit`].
    pub fn read_debit_record(&self, i_type: i32) -> Outcome {
        self.call("iReadDebitRecord", &[], |terminal| terminal.read_debit_record(i_type))
    }
}

/// What the items of a settlement have in common.
struct Items<'a> {
    algorithm: u8,
    address: &'a str,
    pay: &'a PayInfo,
    terminal: [u8; 6],
    time: [u8; 7],
    terminal_sequence: [u8; 4],
    tac: [u8; 4],
}

impl Items<'_> {
    /// 算法标识, 密钥地址, 交易金额, 交易类型, 终端机编号, 终端交易序号, 交易时间, TAC.
    fn eight(&self) -> [String; 8] {
        [
            format!("{:02X}", self.algorithm),
            self.address.to_owned(),
            self.pay.amount_text(),
            format!("{SETTLEMENT:02X}"),
            hex::encode_upper(self.terminal),
            hex::encode_upper(self.terminal_sequence),
            hex::encode_upper(self.time),
            hex::encode_upper(self.tac),
        ]
    }
}

impl Terminal {
    fn do_debit(&mut self, i_type: i32, card_info: &str, pay_info: &str) -> Outcome {
        let order = SlotOrder::of(i_type)?;
        let info = CardInfo::parse(card_info)?;
        let pay = PayInfo::parse(pay_info)?;
        let mut session = self.session(order)?;
        info.check(&session)?;
        let usual = self.settings.purchase_key;
        let mut computer = Computer::new(self);
        // Nobody is asked for a PIN that a missing PSAM makes useless.
        let index = purchase_index(computer.module(&mut session)?, &session, usual)?;
        computer.verify_pin(&mut session)?;
        let module = computer.module(&mut session)?;
        let key = session.purchase_key(index)?;
        let place = Place {
            terminal: module.terminal_number()?,
            time: pay.time,
        };
        let receipt = session
            .settle(index, pay.amounts(), place, module)
            .map_err(debit_failure)?;
        let items = Items {
            algorithm: session.algorithm_identifier(),
            address: &purchase_address(&session, key)?,
            pay: &pay,
            terminal: place.terminal,
            time: place.time,
            terminal_sequence: receipt.terminal_sequence.to_be_bytes(),
            tac: receipt.tac,
        };
        Ok(join(items.eight()))
    }

    fn do_debit_hsm_step1(&mut self, i_type: i32, card_info: &str, pay_info: &str) -> Outcome {
        let order = SlotOrder::of(i_type)?;
        let info = CardInfo::parse(card_info)?;
        let pay = PayInfo::parse(pay_info)?;
        let channel = self.card(order)?;
        let index = self.settings.purchase_key;
        // Without a PSAM the terminal has the number of the settings: twelve zeros, unless one is set.
        let place = Place {
            terminal: self.settings.terminal,
            time: pay.time,
        };
        let open = opener(&self.settings);
        let (waiting, (text, request, address)) = Waiting::begin(channel, open, |session| {
            info.check(session)?;
            self.verify_pin(session)?;
            let address = purchase_address(session, session.purchase_key(index)?)?;
            let request = session.begin_purchase(index, pay.amounts(), place)?;
            let text = join([
                format!("{:02X}", session.algorithm_identifier()),
                address.clone(),
                hex::encode_upper(request.random),
                hex::encode_upper(request.sequence),
                pay.amount_text(),
                format!("{SETTLEMENT:02X}"),
                hex::encode_upper(place.terminal),
                hex::encode_upper(place.time),
            ]);
            Ok((text, request, address))
        })?;
        self.leave_open(waiting, Step::Debit { pay, request, address });
        Ok(text)
    }

    fn do_debit_hsm_step2(&mut self, given: &str) -> Outcome {
        let (mut waiting, step) = self.take_open()?;
        let Step::Debit { pay, request, address } = step else {
            return Err(other_step());
        };
        let items = items(given);
        let [sequence, time, mac1] = items[..] else {
            return Err(illegal(
                "pKey应为“终端交易序号|交易时间|MAC1|”",
                "pKey has three items: terminal sequence, time, MAC1",
            ));
        };
        let authorization = PurchaseAuthorization {
            terminal_sequence: hex_array(sequence)?,
            mac1: hex_array(mac1)?,
        };
        let time = moment(time)?;
        let (codes, algorithm) = waiting.go_on(|session| {
            let codes = session.debit(&request, time, &authorization)?;
            Ok((codes, session.algorithm_identifier()))
        })?;
        let items = Items {
            algorithm,
            address: &address,
            pay: &pay,
            terminal: request.terminal,
            time,
            terminal_sequence: authorization.terminal_sequence,
            tac: codes.tac,
        };
        let mac2 = [hex::encode_upper(codes.mac)];
        Ok(join(mac2.into_iter().chain(items.eight())))
    }

    fn read_debit_record(&mut self, i_type: i32) -> Outcome {
        let order = SlotOrder::of(i_type)?;
        let mut session = self.session(order)?;
        self.verify_pin(&mut session)?;
        let log = session.history()?;
        Ok(join(log.iter().filter_map(settlement)))
    }
}

/// The purchase key that the PSAM wants; where it has no preference, the one of the settings.
fn purchase_index(module: &mut dyn PurchaseModule, session: &Session<'_>, usual: u8) -> Result<u8, Failure> {
    let card = session.identity()?;
    let index = module.purchase_key(card.algorithm).unwrap_or(usual);
    let definition = session.purchase_key(index)?;
    // Transactions use version 1 of a key; what the interface calls version is the index.
    let reference = KeyReference { definition, version: 1 };
    match module.check_key(reference, &card) {
        Ok(()) => Ok(index),
        Err(SecurityModuleError::KeyMissing { .. }) => Err(Failure::new(ReturnCode::DEBIT_NOT_SUPPORTED)),
        Err(error) => Err(error.into()),
    }
}

/// Address of version 1 of a purchase key: its index has addresses of its own.
fn purchase_address(session: &Session<'_>, key: &KeyDefinition) -> Result<String, Failure> {
    match key.hsm {
        Some(address) => Ok(format!("{address:04X}")),
        None => Err(Failure::because(
            ReturnCode::NOT_SUPPORTED,
            format!("{}的消费密钥无加密机地址", session.profile().zh),
            "no HSM address is known for the purchase key",
        )),
    }
}

/// A PSAM that does not hold the purchase key does not support debit.
fn debit_failure(error: ReaderError) -> Failure {
    match error {
        ReaderError::SecurityModule(error @ SecurityModuleError::KeyMissing { .. }) => {
            Failure::of(ReturnCode::DEBIT_NOT_SUPPORTED, &error)
        }
        other => other.into(),
    }
}

/// A settlement as it goes out: `交易序号^终端机编号^交易时间^本次消费总金额^个人账户+统筹金额之和^`; loads are left out.
fn settlement(entry: &LogEntry) -> Option<String> {
    (entry.kind == Some(TransactionKind::Settlement)).then(|| {
        join_fields([
            format!("{:04X}", entry.sequence),
            hex::encode_upper(entry.place.terminal),
            hex::encode_upper(entry.place.time),
            yuan(entry.amounts.self_paid),
            yuan(entry.amounts.pooled),
        ])
    })
}

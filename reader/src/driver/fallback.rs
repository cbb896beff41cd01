//! The functions `…_hsm`: what every caller wrote for himself. The PSAM does it; where its code says so, the central HSM
//! is asked between the steps (IF38 annex C, `spec/terminal.md` §1.8).

use super::code::ReturnCode;
use super::failure::Failure;
use super::strings::{hex_array, items, join};
use super::{Driver, Outcome};
use crate::hsm::{
    Area, BasicsRequest, Challenge, ExternalRequest, MessageRequest, PurchaseCall, Request, ServiceError,
};

impl From<ServiceError> for Failure {
    fn from(error: ServiceError) -> Self {
        let code = match error {
            ServiceError::Hsm(_) | ServiceError::Address { .. } => ReturnCode::KEY_NOT_FOUND,
            ServiceError::Form { .. } | ServiceError::Type { .. } | ServiceError::Refused { .. } => {
                ReturnCode::ILLEGAL_INPUT
            }
            ServiceError::Algorithm { .. } => ReturnCode::NOT_SUPPORTED,
            ServiceError::Answer { .. } => ReturnCode::CHECKSUM,
            _ => ReturnCode::NOT_CONNECTED,
        };
        Self::of(code, &error)
    }
}

impl Driver {
    /// iReadCardBas, with the HSM where the PSAM cannot.
    ///
    /// # Errors
    /// The return code with its words; −12 where the HSM cannot be reached. The card is closed.
    pub fn read_card_bas_hsm(&self, i_type: i32) -> Outcome {
        self.with_hsm(self.read_card_bas(i_type), || {
            let first = self.read_card_bas_hsm_step1(i_type)?;
            let answer = self.ask(|| basics_request(&first))?;
            self.read_card_bas_hsm_step2(&answer)
        })
    }

    /// iReadCard, with the HSM where the PSAM cannot; then only the first file is read.
    ///
    /// # Errors
    /// As [`Driver::read_card_bas_hsm`].
    pub fn read_card_hsm(&self, i_type: i32, i_auth_type: i32, card_info: &str, file_addr: &str) -> Outcome {
        let by_psam = self.read_card(i_type, i_auth_type, card_info, file_addr);
        self.with_hsm(by_psam, || {
            let first = self.read_card_hsm_step1(i_type, card_info, file_addr)?;
            let answer = self.ask(|| self.external_request(&first))?;
            self.read_card_hsm_step2(&answer)
        })
    }

    /// iWriteCard, with the HSM where the PSAM cannot; then only the first file is written.
    ///
    /// # Errors
    /// As [`Driver::read_card_bas_hsm`].
    pub fn write_card_hsm(&self, i_type: i32, card_info: &str, file_addr: &str, write_data: &str) -> Outcome {
        let by_psam = self.write_card(i_type, card_info, file_addr, write_data);
        self.with_hsm(by_psam, || {
            let first = self.write_card_hsm_step1(i_type, card_info, file_addr)?;
            let answer = self.ask(|| self.external_request(&first))?;
            self.write_card_hsm_step2(&answer, write_data)
        })
    }

    /// iReloadPIN, with the HSM where the PSAM cannot.
    ///
    /// # Errors
    /// As [`Driver::read_card_bas_hsm`].
    pub fn reload_pin_hsm(&self, i_type: i32, card_info: &str) -> Outcome {
        self.with_hsm(self.reload_pin(i_type, card_info), || {
            let first = self.reload_pin_hsm_step1(i_type, card_info)?;
            let answer = self.ask(|| self.external_request(&first))?;
            let second = self.reload_pin_hsm_step2(&answer)?;
            let answer = self.ask(|| self.message_request(&second))?;
            self.reload_pin_hsm_step3(&answer)
        })
    }

    /// iUnblockPIN, with the HSM where the PSAM cannot.
    ///
    /// # Errors
    /// As [`Driver::read_card_bas_hsm`].
    pub fn unblock_pin_hsm(&self, i_type: i32, card_info: &str) -> Outcome {
        self.with_hsm(self.unblock_pin(i_type, card_info), || {
            let first = self.unblock_pin_hsm_step1(i_type, card_info)?;
            let answer = self.ask(|| self.external_request(&first))?;
            let second = self.unblock_pin_hsm_step2(&answer)?;
            let answer = self.ask(|| self.message_request(&second))?;
            self.unblock_pin_hsm_step3(&answer)
        })
    }

    /// iDoDebit, with the HSM where the PSAM cannot. Then MAC2 and TAC of the card are compared with those of the HSM, and the
    /// items are those of iDoDebit.
    ///
    /// # Errors
    /// As [`Driver::read_card_bas_hsm`]; −37634 for a false MAC2 or TAC.
    pub fn do_debit_hsm(&self, i_type: i32, card_info: &str, pay_info: &str) -> Outcome {
        self.with_hsm(self.do_debit(i_type, card_info, pay_info), || {
            let first = self.do_debit_hsm_step1(i_type, card_info, pay_info)?;
            let answer = self.ask(|| self.purchase_request(&first))?;
            let answer = items(&answer);
            let [sequence, time, mac1, mac2, tac] = answer[..] else {
                self.close();
                return Err(Failure::new(ReturnCode::CHECKSUM));
            };
            let done = self.do_debit_hsm_step2(&join([sequence, time, mac1]))?;
            let done = items(&done);
            match done.split_first() {
                Some((first, rest)) if *first == mac2 && rest.last() == Some(&tac) => Ok(join(rest)),
                _ => Err(Failure::new(ReturnCode::MAC_INVALID)),
            }
        })
    }

    fn with_hsm(&self, by_psam: Outcome, by_hsm: impl FnOnce() -> Outcome) -> Outcome {
        match by_psam {
            Err(failure) if failure.code.use_hsm() => by_hsm(),
            other => other,
        }
    }

    /// Asks the service between two steps; if that fails, the card is closed.
    fn ask(&self, request: impl FnOnce() -> Result<Request, Failure>) -> Outcome {
        let asked = request().and_then(|request| {
            let mut terminal = self.shared.lock();
            match &mut terminal.service {
                Some(service) => Ok(service.ask(&request.to_string())?),
                None => Err(ServiceError::NoService.into()),
            }
        });
        if asked.is_err() {
            self.close();
        }
        asked
    }

    /// Region and historical bytes of the card that is open.
    fn area(&self) -> Result<Area, Failure> {
        let terminal = self.shared.lock();
        match &terminal.open {
            Some(open) => open.card.area(),
            None => Err(Failure::new(ReturnCode::NOT_CONNECTED)),
        }
    }

    /// A request of type 02 from the items of a first step.
    fn external_request(&self, first: &str) -> Result<Request, Failure> {
        let [algorithm, address, factor, original] = items(first)[..] else {
            return Err(Failure::new(ReturnCode::ILLEGAL_INPUT));
        };
        Ok(Request::External(ExternalRequest {
            area: self.area()?,
            algorithm: hex_array::<1>(algorithm)?[0],
            address: u16::from_be_bytes(hex_array(address)?),
            challenge: challenge(factor, original)?,
        }))
    }

    /// A request of type 03 from the items of a second step.
    fn message_request(&self, second: &str) -> Result<Request, Failure> {
        let [algorithm, address, factor, header, data] = items(second)[..] else {
            return Err(Failure::new(ReturnCode::ILLEGAL_INPUT));
        };
        Ok(Request::Message(MessageRequest {
            area: self.area()?,
            algorithm: hex_array::<1>(algorithm)?[0],
            address: u16::from_be_bytes(hex_array(address)?),
            factor: hex_array(factor)?,
            header: hex_array(header)?,
            data: data.to_owned(),
        }))
    }

    /// A request of type 04 from the items of iDoDebit_HSM_Step1. As callers do it, the sequence number of the card is taken for
    /// that of the terminal.
    fn purchase_request(&self, first: &str) -> Result<Request, Failure> {
        let [algorithm, address, random, sequence, amounts, kind, terminal, time] = items(first)[..] else {
            return Err(Failure::new(ReturnCode::ILLEGAL_INPUT));
        };
        let amounts: [u8; 8] = hex_array(amounts)?;
        let sequence: [u8; 2] = hex_array(sequence)?;
        let amount = |from: usize| core::array::from_fn(|i| amounts[from + i]);
        Ok(Request::Purchase(PurchaseCall {
            area: self.area()?,
            terminal_sequence: [0, 0, sequence[0], sequence[1]],
            algorithm: hex_array::<1>(algorithm)?[0],
            address: u16::from_be_bytes(hex_array(address)?),
            random: hex_array(random)?,
            sequence,
            amounts: [[0; 4], amount(0), amount(4)],
            kind: hex_array::<1>(kind)?[0],
            terminal: hex_array(terminal)?,
            time: hex_array(time)?,
        }))
    }
}

fn challenge(factor: &str, original: &str) -> Result<Challenge, Failure> {
    Ok(Challenge {
        factor: hex_array(factor)?,
        original: hex_array(original)?,
    })
}

/// A request of type 01 from the items of iReadCardBas_HSM_Step1; a ninth item is not handed on.
fn basics_request(first: &str) -> Result<Request, Failure> {
    let items = items(first);
    let Some(
        &[
            region,
            historical,
            algorithm,
            card_id,
            factor,
            original,
            second_factor,
            second_original,
        ],
    ) = items.first_chunk::<8>()
    else {
        return Err(Failure::new(ReturnCode::ILLEGAL_INPUT));
    };
    let external = if second_factor.is_empty() && second_original.is_empty() {
        None
    } else {
        Some(challenge(second_factor, second_original)?)
    };
    Ok(Request::Basics(BasicsRequest {
        area: Area {
            region: region.to_owned(),
            historical: hex_array(historical)?,
        },
        algorithm: hex_array::<1>(algorithm)?[0],
        card_id: hex_array(card_id)?,
        internal: challenge(factor, original)?,
        external,
    }))
}

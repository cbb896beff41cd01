//! The PIN: verify, change, set anew, unblock (IF38 4–7, `spec/terminal.md` §1.4.6–§1.4.8).

use super::card::{Computer, new_pin, opener};
use super::code::ReturnCode;
use super::failure::Failure;
use super::files::{external_data, key_address};
use super::keypad::{self, Prompt};
use super::open::{Step, Waiting, other_step};
use super::pinpad::Pad;
use super::strings::{CardInfo, ITEM, join};
use super::{Driver, Outcome, SlotOrder, Terminal};
use crate::commands::{RESET_PIN, UNBLOCK_PIN};
use crate::session::{Pair, Session};
use card_model::crypto::{Algorithm, MAC_LENGTH};
use card_model::profile::KeyRole;

impl Driver {
    /// iVerifyPIN: asks at the keypad.
    ///
    /// # Errors
    /// The return code with its words; −51 tells the tries left. The card is closed.
    pub fn verify_pin(&self, i_type: i32) -> Outcome {
        self.call("iVerifyPIN", &[], |terminal| {
            let order = SlotOrder::of(i_type)?;
            let mut session = terminal.session(order)?;
            terminal.verify_pin(&mut session)?;
            Ok(String::new())
        })
    }

    /// iChangePIN: asks for the old PIN and twice for the new one.
    ///
    /// # Errors
    /// As [`Driver::verify_pin`].
    pub fn change_pin(&self, i_type: i32) -> Outcome {
        self.call("iChangePIN", &[], |terminal| terminal.change_pin(i_type))
    }

    /// iReloadPIN: asks twice for a new PIN, and sets it with the keys of the PSAM.
    ///
    /// # Errors
    /// As [`Driver::verify_pin`].
    pub fn reload_pin(&self, i_type: i32, card_info: &str) -> Outcome {
        self.call("iReloadPIN", &[card_info], |terminal| {
            terminal.message_by_psam(i_type, card_info, Message::Reload)
        })
    }

    /// iReloadPIN_HSM_Step1.
    ///
    /// # Errors
    /// As [`Driver::verify_pin`].
    pub fn reload_pin_hsm_step1(&self, i_type: i32, card_info: &str) -> Outcome {
        self.call("iReloadPIN_HSM_Step1", &[card_info], |terminal| {
            terminal.message_step1(i_type, card_info, Message::Reload)
        })
    }

    /// iReloadPIN_HSM_Step2. The new PIN stands in the text in the clear, as the interface wants it.
    ///
    /// # Errors
    /// As [`Driver::verify_pin`].
    pub fn reload_pin_hsm_step2(&self, key: &str) -> Outcome {
        self.step("iReloadPIN_HSM_Step2", &[key], |terminal| {
            terminal.message_step2(key, Message::Reload)
        })
    }

    /// iReloadPIN_HSM_Step3.
    ///
    /// # Errors
    /// As [`Driver::verify_pin`].
    pub fn reload_pin_hsm_step3(&self, key: &str) -> Outcome {
        self.step("iReloadPIN_HSM_Step3", &[key], |terminal| {
            terminal.message_step3(key, Message::Reload)
        })
    }

    /// iUnblockPIN: resets the tries of the PIN with the keys of the PSAM.
    ///
    /// # Errors
    /// As [`Driver::verify_pin`].
    pub fn unblock_pin(&self, i_type: i32, card_info: &str) -> Outcome {
        self.call("iUnblockPIN", &[card_info], |terminal| {
            terminal.message_by_psam(i_type, card_info, Message::Unblock)
        })
    }

    /// iUnblockPIN_HSM_Step1.
    ///
    /// # Errors
    /// As [`Driver::verify_pin`].
    pub fn unblock_pin_hsm_step1(&self, i_type: i32, card_info: &str) -> Outcome {
        self.call("iUnblockPIN_HSM_Step1", &[card_info], |terminal| {
            terminal.message_step1(i_type, card_info, Message::Unblock)
        })
    }

    /// iUnblockPIN_HSM_Step2.
    ///
    /// # Errors
    /// As [`Driver::verify_pin`].
    pub fn unblock_pin_hsm_step2(&self, key: &str) -> Outcome {
        self.step("iUnblockPIN_HSM_Step2", &[key], |terminal| {
            terminal.message_step2(key, Message::Unblock)
        })
    }

    /// iUnblockPIN_HSM_Step3.
    ///
    /// # Errors
    /// As [`Driver::verify_pin`].
    pub fn unblock_pin_hsm_step3(&self, key: &str) -> Outcome {
        self.step("iUnblockPIN_HSM_Step3", &[key], |terminal| {
            terminal.message_step3(key, Message::Unblock)
        })
    }
}

/// The two secure messages of PIN CHANGE/UNBLOCK.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Message {
    Reload,
    Unblock,
}

impl Message {
    const fn header(self) -> [u8; 4] {
        match self {
            Self::Reload => RESET_PIN,
            Self::Unblock => UNBLOCK_PIN,
        }
    }

    /// Header with Lc: the encrypted PIN fills one block of the cipher.
    fn header_with_length(self, session: &Session<'_>) -> [u8; 5] {
        // SSF33, which only an HSM knows, has blocks of 16 bytes as SM4 has.
        let block = session.algorithm().map_or(Algorithm::Sm4.block(), Algorithm::block);
        let length = match self {
            Self::Reload => block + MAC_LENGTH,
            Self::Unblock => MAC_LENGTH,
        };
        let [cla, ins, p1, p2] = self.header();
        [cla, ins, p1, p2, u8::try_from(length).unwrap_or(u8::MAX)]
    }

    fn second(self, pair: Pair) -> Step {
        match self {
            Self::Reload => Step::Reload { pair },
            Self::Unblock => Step::Unblock { pair },
        }
    }

    fn third(self, header: [u8; 5]) -> Step {
        match self {
            Self::Reload => Step::ReloadMessage { header },
            Self::Unblock => Step::UnblockMessage { header },
        }
    }
}

impl Terminal {
    fn change_pin(&mut self, i_type: i32) -> Outcome {
        let order = SlotOrder::of(i_type)?;
        let mut session = self.session(order)?;
        let status = session.guard_pin()?;
        if let Some(pad) = Pad::of(&self.settings)
            && pad.change(&mut session, status.set)?
        {
            return Ok(String::new());
        }
        let lang = self.settings.lang;
        let old = if status.set {
            let typed = self.keypad.ask(Prompt::Old, lang)?;
            Some(keypad::checked(&typed)?)
        } else {
            None
        };
        let (_, new) = new_pin(&mut *self.keypad, lang)?;
        session.change_pin(old.as_ref(), Some(&new))?;
        Ok(String::new())
    }

    /// External authentication with PUK, and the message under STK, both by the PSAM.
    fn message_by_psam(&mut self, i_type: i32, card_info: &str, message: Message) -> Outcome {
        let order = SlotOrder::of(i_type)?;
        let info = CardInfo::parse(card_info)?;
        let mut session = self.session(order)?;
        info.check(&session)?;
        let puk = session.environment_key(KeyRole::PinUnblock)?;
        let stk = session.environment_key(KeyRole::SecureMessaging)?;
        let mut computer = Computer::new(self);
        computer.authenticate(&mut session, &puk.name)?;
        // As in the three steps with an HSM, the person is asked when the card has let us in.
        let new = match message {
            Message::Reload => Some(computer.new_pin()?),
            Message::Unblock => None,
        };
        let card = session.identity()?;
        let reference = session.key_reference(&stk);
        let challenge = session.message_challenge()?;
        let plain = new.as_ref().map(|pin| pin.expose());
        let module = computer.module(&mut session)?;
        let secured = module.secure_message(reference, &card, &challenge, message.header(), plain)?;
        session.secured(&secured)?;
        Ok(String::new())
    }

    fn message_step1(&mut self, i_type: i32, card_info: &str, message: Message) -> Outcome {
        let order = SlotOrder::of(i_type)?;
        let info = CardInfo::parse(card_info)?;
        let channel = self.card(order)?;
        let (waiting, (text, pair)) = Waiting::begin(channel, opener(&self.settings), |session| {
            info.check(session)?;
            let puk = session.environment_key(KeyRole::PinUnblock)?;
            let address = key_address(session, &puk.name)?;
            let pair = session.draw_pair(&puk.name)?;
            let text = join([
                format!("{:02X}", session.algorithm_identifier()),
                address,
                hex::encode_upper(pair.factor),
                hex::encode_upper(pair.original),
            ]);
            Ok((text, pair))
        })?;
        self.leave_open(waiting, message.second(pair));
        Ok(text)
    }

    fn message_step2(&mut self, given: &str, message: Message) -> Outcome {
        let (mut waiting, step) = self.take_open()?;
        let pair = match (step, message) {
            (Step::Reload { pair }, Message::Reload) | (Step::Unblock { pair }, Message::Unblock) => pair,
            _ => return Err(other_step()),
        };
        let (data, original) = external_data(given, &pair.original)?;
        let (keypad, lang) = (&mut self.keypad, self.settings.lang);
        let (text, header) = waiting.go_on(|session| {
            let puk = session.environment_key(KeyRole::PinUnblock)?;
            session.present(&puk.name, &data, &original)?;
            let typed = match message {
                Message::Reload => Some(new_pin(&mut **keypad, lang)?.0),
                Message::Unblock => None,
            };
            let stk = session.environment_key(KeyRole::SecureMessaging)?;
            let address = key_address(session, &stk.name)?;
            let challenge = session.message_challenge()?;
            let header = message.header_with_length(session);
            let text = join([
                format!("{:02X}", session.algorithm_identifier()),
                address,
                hex::encode_upper(challenge),
                hex::encode_upper(header),
                typed.map(|digits| digits.to_string()).unwrap_or_default(),
            ]);
            Ok((text, header))
        })?;
        self.leave_open(waiting, message.third(header));
        Ok(text)
    }

    fn message_step3(&mut self, given: &str, message: Message) -> Outcome {
        let (mut waiting, step) = self.take_open()?;
        let header = match (step, message) {
            (Step::ReloadMessage { header }, Message::Reload) | (Step::UnblockMessage { header }, Message::Unblock) => {
                header
            }
            _ => return Err(other_step()),
        };
        let secured = hex::decode(given.trim().trim_end_matches(ITEM)).map_err(|_| {
            Failure::because(
                ReturnCode::ILLEGAL_CHARACTER,
                "pKey含非十六进制字符",
                "pKey is not hexadecimal",
            )
        })?;
        if secured.len() != header.len() + usize::from(header[4]) {
            return Err(Failure::because(
                ReturnCode::DATA_LENGTH,
                "pKey长度不对",
                "pKey has another length than the message",
            ));
        }
        if !secured.starts_with(&header) {
            return Err(Failure::because(
                ReturnCode::ILLEGAL_INPUT,
                "pKey的APDU头与上一步不符",
                "pKey has another header than that of the step before",
            ));
        }
        waiting.go_on(|session| Ok(session.secured(&secured)?))?;
        Ok(String::new())
    }
}

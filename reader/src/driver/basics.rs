//! iReadCardBas: the eleven items that every other function builds on (IF38 1.1–1.3, `spec/terminal.md` §1.4.1–§1.4.3).

use super::card::{self, Computer, opener, short_number};
use super::code::ReturnCode;
use super::failure::Failure;
use super::open::{Step, Waiting, other_step};
use super::strings::{guarded, hex_array, items, join};
use super::target::Need;
use super::value::text_of;
use super::{Driver, Outcome, SlotOrder, Terminal};
use crate::decode::Value;
use crate::security::SecurityModuleError;
use crate::session::Session;
use crate::wellknown;
use card_model::profile::{KeyRole, Located};
use card_model::secret::equal;

/// Terminal number without a PSAM.
const NO_TERMINAL: [u8; 6] = [0; 6];

impl Driver {
    /// iReadCardBas: with the PSAM, checks that card and PSAM are genuine and reads the eleven items.
    ///
    /// # Errors
    /// The return code with its words. The card is closed.
    pub fn read_card_bas(&self, i_type: i32) -> Outcome {
        self.call("iReadCardBas", &[], |terminal| terminal.read_card_bas(i_type))
    }

    /// iReadCardBas_HSM_Step1: what the HSM must know.
    ///
    /// # Errors
    /// As [`Driver::read_card_bas`].
    pub fn read_card_bas_hsm_step1(&self, i_type: i32) -> Outcome {
        self.call("iReadCardBas_HSM_Step1", &[], |terminal| {
            terminal.read_card_bas_hsm_step1(i_type)
        })
    }

    /// iReadCardBas_HSM_Step2: takes the answer of the HSM and reads the eleven items.
    ///
    /// # Errors
    /// As [`Driver::read_card_bas`].
    pub fn read_card_bas_hsm_step2(&self, key: &str) -> Outcome {
        self.step("iReadCardBas_HSM_Step2", &[key], |terminal| {
            terminal.read_card_bas_hsm_step2(key)
        })
    }
}

impl Terminal {
    fn read_card_bas(&mut self, i_type: i32) -> Outcome {
        let order = SlotOrder::of(i_type)?;
        let channel = self.card(order)?;
        let device = self.settings.device.clone();
        let mut computer = Computer::new(self);
        computer.power()?;
        let mut session = card::session(channel, computer.settings())?;
        let key = holder_key(&session)?;
        check_module(&mut computer, &mut session, key.as_deref())?;
        let irk = session.environment_key(KeyRole::InternalAuthentication)?;
        let reference = session.key_reference(&irk);
        computer.internal_authentication(&mut session, reference)?;
        if let Some(key) = &key {
            computer.authenticate(&mut session, key)?;
        }
        let items = read_items(&mut session)?;
        let terminal = computer.module(&mut session)?.terminal_number().unwrap_or(NO_TERMINAL);
        Ok(basic_items(items, terminal, &device))
    }

    fn read_card_bas_hsm_step1(&mut self, i_type: i32) -> Outcome {
        let order = SlotOrder::of(i_type)?;
        let channel = self.card(order)?;
        let code = self.settings.terminal_code.clone();
        let (waiting, (text, answer, key)) = Waiting::begin(channel, opener(&self.settings), |session| {
            let Some(card_id) = session.card().card_id.clone() else {
                return Err(Failure::new(ReturnCode::CARD_ID));
            };
            let (internal, answer) = session.internal_answer()?;
            let key = match holder_key(session)? {
                Some(name) => {
                    let pair = session.draw_pair(&name)?;
                    Some((name, pair))
                }
                None => None,
            };
            let hex = |bytes: &[u8]| hex::encode_upper(bytes);
            let external = key.as_ref().map(|(_, pair)| pair);
            let mut items = vec![
                hex(card_id.get(..3).unwrap_or_default()),
                session.historical().map(|bytes| hex(&bytes)).unwrap_or_default(),
                format!("{:02X}", session.algorithm_identifier()),
                hex(&card_id),
                hex(&internal.factor),
                hex(&internal.original),
                external.map(|pair| hex(&pair.factor)).unwrap_or_default(),
                external.map(|pair| hex(&pair.original)).unwrap_or_default(),
            ];
            items.extend(code);
            Ok((join(items), answer, key))
        })?;
        self.leave_open(waiting, Step::Basics { answer, key });
        Ok(text)
    }

    fn read_card_bas_hsm_step2(&mut self, key: &str) -> Outcome {
        let (mut waiting, step) = self.take_open()?;
        let Step::Basics { answer, key: external } = step else {
            return Err(other_step());
        };
        let items = items(key);
        let (&internal, rest) = items
            .split_first()
            .ok_or_else(|| Failure::new(ReturnCode::ILLEGAL_INPUT))?;
        let internal: [u8; 16] = hex_array(internal)?;
        let presented: Option<[u8; 16]> = match rest.first().filter(|item| !item.trim().is_empty()) {
            Some(item) => Some(hex_array(item)?),
            None => None,
        };
        if !equal(&internal[..8], &answer) {
            return Err(Failure::new(ReturnCode::INTERNAL_AUTHENTICATION));
        }
        let read = waiting.go_on(|session| {
            if let Some((name, _)) = &external {
                let presented = presented.ok_or_else(|| {
                    Failure::because(
                        ReturnCode::ILLEGAL_INPUT,
                        "缺少外部认证鉴别数据",
                        "the data of the external authentication are missing",
                    )
                })?;
                let (data, original) = halves(&presented);
                session.present(name, &data, &original)?;
            }
            read_items(session)
        })?;
        Ok(basic_items(read, NO_TERMINAL, &self.settings.device))
    }
}

/// 鉴别数据 and 原始信息 of an item of pKey.
pub(super) fn halves(item: &[u8; 16]) -> ([u8; 8], [u8; 8]) {
    let half = |from: usize| core::array::from_fn(|i| item[from + i]);
    (half(0), half(8))
}

/// The key that opens the holder's data: RKSSSE on 3.0 cards, none before.
fn holder_key(session: &Session<'_>) -> Result<Option<String>, Failure> {
    let profile = session.profile();
    let file = profile
        .locate(wellknown::HOLDER_FILE)
        .map_err(|error| Failure::of(ReturnCode::WRONG_CARD, &error))?
        .file;
    Ok(Need::of(&file.read, false)?.keys.first().map(|key| (*key).to_owned()))
}

/// Whether the PSAM can do its part before the card is judged: cipher (−2202), RKSSSE (−2203), level (−24). A card without RKSSSE
/// needs the PSAM's IRK only, which tells the same when it is used.
fn check_module(computer: &mut Computer<'_>, session: &mut Session<'_>, holder: Option<&str>) -> Result<(), Failure> {
    let module = computer.module(session)?;
    let Some(name) = holder else { return Ok(()) };
    let card = session.identity()?;
    let reference = session.key_reference(card::key(session, name)?);
    match module.check_key(reference, &card) {
        Err(SecurityModuleError::KeyMissing { .. }) => Err(Failure::new(ReturnCode::PSAM_RKSSSE)),
        checked => Ok(checked?),
    }
}

/// Items 1 to 9.
fn read_items(session: &mut Session<'_>) -> Result<Vec<String>, Failure> {
    let card = session.card().clone();
    let card_id = card.card_id.as_deref().map(hex::encode_upper).unwrap_or_default();
    let historical = session.historical().map(hex::encode_upper).unwrap_or_default();
    let issued = element(session, wellknown::ISSUE_DATE)?;
    let expires = element(session, wellknown::EXPIRY_DATE)?;
    let number = element(session, wellknown::SOCIAL_SECURITY_NUMBER)?;
    let name = session.read_path(wellknown::NAME)?;
    let name = match name.first().map(|decoded| &decoded.value) {
        Some(Value::Malformed { lossy }) => lossy.clone(),
        Some(value) => value.plain().unwrap_or_default(),
        None => String::new(),
    };
    let card_number = card.card_number.as_deref().map(short_number).unwrap_or_default();
    Ok(vec![
        card_id.get(..6).unwrap_or_default().to_owned(),
        number,
        guarded(card_number),
        card_id,
        guarded(&name),
        historical,
        guarded(card.version.as_deref().unwrap_or_default()),
        issued,
        expires,
    ])
}

/// Text of an element; empty where the card has it not filled.
fn element(session: &mut Session<'_>, path: &str) -> Result<String, Failure> {
    let located: Located<'_> = session
        .profile()
        .locate(path)
        .map_err(|error| Failure::of(ReturnCode::WRONG_CARD, &error))?;
    let raw = session.raw_element(&located)?;
    Ok(match (raw, located.element) {
        (Some(raw), Some(element)) => text_of(element, &raw),
        _ => String::new(),
    })
}

/// All eleven items.
fn basic_items(mut items: Vec<String>, terminal: [u8; 6], device: &str) -> String {
    items.push(hex::encode_upper(terminal));
    items.push(guarded(device));
    join(items)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_of_an_item() {
        let item = core::array::from_fn(|i| u8::try_from(i).unwrap_or(0));
        assert_eq!(
            halves(&item),
            ([0, 1, 2, 3, 4, 5, 6, 7], [8, 9, 10, 11, 12, 13, 14, 15])
        );
    }

    #[test]
    fn eleven_items() {
        let items: Vec<String> = (1..=9).map(|n: u8| n.to_string()).collect();
        let text = basic_items(items, [0x41, 0x01, 0x00, 0x81, 0x34, 0x75], "A|B");
        assert_eq!(text, "1|2|3|4|5|6|7|8|9|410100813475|A｜B|");
    }
}

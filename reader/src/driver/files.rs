//! iReadCard and iWriteCard: any file of the card (IF38 2 and 3, `spec/terminal.md` §1.4.4, §1.4.5).

use super::basics::halves;
use super::card::{self, Computer, opener};
use super::code::ReturnCode;
use super::failure::Failure;
use super::open::{Step, Waiting, other_step};
use super::strings::{CardInfo, FILE, FileAddress, FileValues, ITEM, hex_array, illegal, join};
use super::target::{Need, Part, Target};
use super::value::{bytes_of, record_bytes, record_text, text_of};
use super::{Driver, Outcome, SlotOrder, Terminal};
use crate::session::{Session, Write};
use card_model::profile::{Access, Structure};

/// iAuthType: the PIN.
const WITH_PIN: i32 = 1;
/// iAuthType: the key.
const WITH_KEY: i32 = 2;

impl Driver {
    /// iReadCard. `i_auth_type` 1 takes the PIN and 2 the key, where the file may be read with either.
    ///
    /// # Errors
    /// The return code with its words. The card is closed.
    pub fn read_card(&self, i_type: i32, i_auth_type: i32, card_info: &str, file_addr: &str) -> Outcome {
        self.call("iReadCard", &[card_info, file_addr], |terminal| {
            terminal.read_card(i_type, i_auth_type, card_info, file_addr)
        })
    }

    /// iReadCard_HSM_Step1; only the first file is read.
    ///
    /// # Errors
    /// As [`Driver::read_card`]; −2204 for a file that needs no key.
    pub fn read_card_hsm_step1(&self, i_type: i32, card_info: &str, file_addr: &str) -> Outcome {
        self.call("iReadCard_HSM_Step1", &[card_info, file_addr], |terminal| {
            terminal.file_step1(i_type, card_info, file_addr, Purpose::Read)
        })
    }

    /// iReadCard_HSM_Step2.
    ///
    /// # Errors
    /// As [`Driver::read_card`].
    pub fn read_card_hsm_step2(&self, key: &str) -> Outcome {
        self.step("iReadCard_HSM_Step2", &[key], |terminal| {
            terminal.read_card_hsm_step2(key)
        })
    }

    /// iWriteCard. All values are looked at before the first is written.
    ///
    /// # Errors
    /// The return code with its words. The card is closed.
    pub fn write_card(&self, i_type: i32, card_info: &str, file_addr: &str, write_data: &str) -> Outcome {
        self.call("iWriteCard", &[card_info, file_addr, write_data], |terminal| {
            terminal.write_card(i_type, card_info, file_addr, write_data)
        })
    }

    /// iWriteCard_HSM_Step1; only the first file is written.
    ///
    /// # Errors
    /// As [`Driver::write_card`].
    pub fn write_card_hsm_step1(&self, i_type: i32, card_info: &str, file_addr: &str) -> Outcome {
        self.call("iWriteCard_HSM_Step1", &[card_info, file_addr], |terminal| {
            terminal.file_step1(i_type, card_info, file_addr, Purpose::Write)
        })
    }

    /// iWriteCard_HSM_Step2.
    ///
    /// # Errors
    /// As [`Driver::write_card`].
    pub fn write_card_hsm_step2(&self, key: &str, write_data: &str) -> Outcome {
        self.step("iWriteCard_HSM_Step2", &[key, write_data], |terminal| {
            terminal.write_card_hsm_step2(key, write_data)
        })
    }
}

/// What a file is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Purpose {
    Read,
    Write,
}

impl Purpose {
    fn condition<'p>(self, target: &Target<'p>) -> &'p Access {
        match self {
            Self::Read => &target.file.file.read,
            Self::Write => &target.file.file.update,
        }
    }
}

impl Terminal {
    fn read_card(&mut self, i_type: i32, i_auth_type: i32, card_info: &str, file_addr: &str) -> Outcome {
        let order = SlotOrder::of(i_type)?;
        let info = CardInfo::parse(card_info)?;
        let addresses = FileAddress::parse_list(file_addr)?;
        let mut session = self.session(order)?;
        info.check(&session)?;
        let targets = targets(&session, &addresses)?;
        let mut computer = Computer::new(self);
        let mut text = String::new();
        for target in &targets {
            let condition = Purpose::Read.condition(target);
            if Need::is_choice(condition) && ![WITH_PIN, WITH_KEY].contains(&i_auth_type) {
                return Err(Failure::because(
                    ReturnCode::PARAMETER,
                    format!("iAuthType为{i_auth_type}，应为1或2"),
                    format!("iAuthType is {i_auth_type}; 1 or 2 is allowed"),
                ));
            }
            let need = Need::of(condition, i_auth_type == WITH_PIN)?;
            computer.meet(&mut session, &need)?;
            text += &read(&mut session, target)?;
        }
        Ok(text)
    }

    fn write_card(&mut self, i_type: i32, card_info: &str, file_addr: &str, write_data: &str) -> Outcome {
        let order = SlotOrder::of(i_type)?;
        let info = CardInfo::parse(card_info)?;
        let addresses = FileAddress::parse_list(file_addr)?;
        let values = FileValues::parse_list(write_data)?;
        let mut session = self.session(order)?;
        info.check(&session)?;
        let targets = targets(&session, &addresses)?;
        if values.len() != targets.len() {
            return Err(not_mirrored());
        }
        let mut work = Vec::with_capacity(targets.len());
        for ((target, address), values) in targets.iter().zip(&addresses).zip(&values) {
            let need = Need::of(Purpose::Write.condition(target), false)?;
            work.push((need, writes(target, address, values)?));
        }
        let mut computer = Computer::new(self);
        for (need, writes) in &work {
            computer.meet(&mut session, need)?;
            write(&mut session, writes)?;
        }
        Ok(String::new())
    }

    /// The first step of reading or writing: the PIN first where it is wanted, then the challenges for the key.
    fn file_step1(&mut self, i_type: i32, card_info: &str, file_addr: &str, purpose: Purpose) -> Outcome {
        let order = SlotOrder::of(i_type)?;
        let info = CardInfo::parse(card_info)?;
        let address = first(FileAddress::parse_list(file_addr)?)?;
        let channel = self.card(order)?;
        let open = opener(&self.settings);
        let (waiting, (text, key, pair)) = Waiting::begin(channel, open, |session| {
            info.check(session)?;
            let target = Target::of(session.profile(), &address)?;
            let need = Need::of(purpose.condition(&target), false)?;
            let name = match need.keys[..] {
                [] => return Err(Failure::new(ReturnCode::HSM_NOT_NEEDED)),
                [name] => name.to_owned(),
                _ => return Err(Failure::new(ReturnCode::NOT_SUPPORTED)),
            };
            if need.pin {
                self.verify_pin(session)?;
            }
            let address = key_address(session, &name)?;
            let pair = session.draw_pair(&name)?;
            let text = join([
                format!("{:02X}", session.algorithm_identifier()),
                address,
                hex::encode_upper(pair.factor),
                hex::encode_upper(pair.original),
            ]);
            Ok((text, name, pair))
        })?;
        let step = match purpose {
            Purpose::Read => Step::Read { address, key, pair },
            Purpose::Write => Step::Write { address, key, pair },
        };
        self.leave_open(waiting, step);
        Ok(text)
    }

    fn read_card_hsm_step2(&mut self, given: &str) -> Outcome {
        let (mut waiting, step) = self.take_open()?;
        let Step::Read { address, key, pair } = step else {
            return Err(other_step());
        };
        let (data, original) = external_data(given, &pair.original)?;
        waiting.go_on(|session| {
            session.present(&key, &data, &original)?;
            let target = Target::of(session.profile(), &address)?;
            read(session, &target)
        })
    }

    fn write_card_hsm_step2(&mut self, given: &str, write_data: &str) -> Outcome {
        let (mut waiting, step) = self.take_open()?;
        let Step::Write { address, key, pair } = step else {
            return Err(other_step());
        };
        let (data, original) = external_data(given, &pair.original)?;
        let values = first(FileValues::parse_list(write_data)?)?;
        waiting.go_on(|session| {
            let target = Target::of(session.profile(), &address)?;
            let writes = writes(&target, &address, &values)?;
            session.present(&key, &data, &original)?;
            write(session, &writes)
        })?;
        Ok(String::new())
    }
}

/// HSM address of a key (密钥地址).
pub(super) fn key_address(session: &Session<'_>, name: &str) -> Result<String, Failure> {
    let definition = card::key(session, name)?;
    match session.address_of(definition) {
        Some(address) => Ok(format!("{address:04X}")),
        None => Err(Failure::because(
            ReturnCode::NOT_SUPPORTED,
            format!("密钥{name}无加密机地址"),
            format!("no HSM address is known for {name}"),
        )),
    }
}

/// pKey of an external authentication: 鉴别数据 and the original data that the step before gave out.
pub(super) fn external_data(given: &str, original: &[u8; 8]) -> Result<([u8; 8], [u8; 8]), Failure> {
    let item: [u8; 16] = hex_array(given.trim().trim_end_matches(ITEM))?;
    let (data, given) = halves(&item);
    if given != *original {
        return Err(Failure::because(
            ReturnCode::ILLEGAL_INPUT,
            "pKey中的原始信息与上一步不符",
            "pKey is for other original data than those of the step before",
        ));
    }
    Ok((data, given))
}

fn targets<'p>(session: &Session<'p>, addresses: &[FileAddress]) -> Result<Vec<Target<'p>>, Failure> {
    addresses
        .iter()
        .map(|address| Target::of(session.profile(), address))
        .collect()
}

fn first<T>(list: Vec<T>) -> Result<T, Failure> {
    list.into_iter()
        .next()
        .ok_or_else(|| illegal("未指定文件", "no file is named"))
}

/// A file as it goes out: name, values, separators as in pFileAddr.
fn read(session: &mut Session<'_>, target: &Target<'_>) -> Result<String, Failure> {
    let mut items = vec![target.written.clone()];
    match &target.part {
        Part::Elements(elements) => {
            for located in elements {
                let raw = session.raw_element(located)?;
                items.push(match (raw, located.element) {
                    (Some(raw), Some(element)) => text_of(element, &raw),
                    _ => String::new(),
                });
            }
        }
        Part::Records(numbers) if numbers.is_empty() => {
            let records = session.raw_records(&target.file, None)?;
            items.extend(
                records
                    .iter()
                    .filter_map(|record| record_text(target.file.file, record)),
            );
        }
        Part::Records(numbers) => {
            for number in numbers {
                let records = session.raw_records(&target.file, Some(*number))?;
                let text = records.first().and_then(|record| record_text(target.file.file, record));
                items.push(text.ok_or_else(|| Failure::new(ReturnCode::RECORD_NOT_FOUND))?);
            }
        }
        Part::Contents => items.push(hex::encode_upper(session.raw_contents(&target.file)?)),
    }
    Ok(format!("{}{FILE}", join(items)))
}

/// pWriteData is not the same files and items as pFileAddr.
fn not_mirrored() -> Failure {
    illegal(
        "pWriteData与pFileAddr的文件或数据项不一致",
        "pWriteData has other files or items than pFileAddr",
    )
}

/// What is to be written into a file.
fn writes(target: &Target<'_>, address: &FileAddress, values: &FileValues) -> Result<Vec<Write>, Failure> {
    if (&values.df, &values.ef) != (&address.df, &address.ef) {
        return Err(not_mirrored());
    }
    match (&target.part, values.values.as_slice()) {
        (Part::Elements(elements), values) if elements.len() == values.len() => {
            let mut writes = Vec::with_capacity(values.len());
            for (located, value) in elements.iter().zip(values) {
                let Some(element) = located.element else {
                    return Err(not_mirrored());
                };
                writes.push(Write {
                    path: located.path(),
                    bytes: bytes_of(element, value)?,
                });
            }
            Ok(writes)
        }
        // A record is always a new one; the card keeps the numbers.
        (Part::Records(_), values) if !values.is_empty() => {
            let record = |value: &String| {
                Ok(Write {
                    path: target.path(),
                    bytes: record_bytes(target.file.file, value)?,
                })
            };
            values.iter().map(record).collect()
        }
        (Part::Contents, [value]) => Ok(vec![Write {
            path: target.path(),
            bytes: contents(target, value)?,
        }]),
        _ => Err(not_mirrored()),
    }
}

/// Contents of a transparent file from hex.
fn contents(target: &Target<'_>, value: &str) -> Result<Vec<u8>, Failure> {
    let bytes = hex::decode(value.trim()).map_err(|_| {
        Failure::because(
            ReturnCode::ILLEGAL_CHARACTER,
            "应为十六进制",
            "a transparent file is written in hex",
        )
    })?;
    match target.file.file.structure {
        Structure::Transparent { size } if bytes.len() <= usize::from(size) => Ok(bytes),
        _ => Err(Failure::new(ReturnCode::DATA_LENGTH)),
    }
}

/// Writes, and fails with the first value that was not written.
fn write(session: &mut Session<'_>, writes: &[Write]) -> Result<(), Failure> {
    for written in session.write(writes)? {
        if let Some(error) = written.error {
            return Err(error.into());
        }
        if !written.ok {
            return Err(Failure::new(ReturnCode::NOT_ALLOWED));
        }
    }
    Ok(())
}

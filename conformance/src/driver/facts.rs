//! What stands on the card, read and put into the words of the interface by the tester's own terminal: a second opinion.

use crate::ConformanceError;
use crate::terminal::{Subject, Terminal};
use card_model::profile::{Access, DedicatedFile, Element, ElementaryFile, Format, PinRole, Profile, Structure, Term};
use card_model::secret::Pin;
use reader::command::Command;
use reader::decode::{Value, cut_padding, decode, decode_text};
use reader::security::CardIdentity;
use std::collections::BTreeMap;

/// A card as the runner knows it.
#[derive(Debug, Clone)]
pub struct Facts {
    /// What the card should be.
    pub profile: Profile,
    /// What its keys are diversified by.
    pub identity: CardIdentity,
    /// Its PIN, if it is known.
    pub pin: Option<Pin>,
    /// The user PIN of its certificate application.
    pub certificate_pin: Option<Pin>,
    /// iType of the slot it is in.
    pub slot: i32,
    /// Elements by their path, `SSSE/EF05/07`, `DF01/EF15/40:2`.
    elements: BTreeMap<String, String>,
    /// Items of whole files, each with its separator.
    files: BTreeMap<String, String>,
    /// Certificates in hex.
    pub certificates: BTreeMap<String, String>,
}

impl Facts {
    /// Reads the card: every file that the keys and the PIN open.
    ///
    /// # Errors
    /// Channel or security module failed, or the card refuses keys or PIN.
    pub fn read(terminal: &mut Terminal<'_>, slot: i32) -> Result<Self, ConformanceError> {
        let subject: Subject<'_> = terminal.subject;
        let mut facts = Self {
            profile: subject.profile.clone(),
            identity: subject.identity.clone(),
            pin: subject.pin.cloned(),
            certificate_pin: subject.certificate_pins.map(|pins| pins.of(PinRole::User).clone()),
            slot,
            elements: BTreeMap::new(),
            files: BTreeMap::new(),
            certificates: BTreeMap::new(),
        };
        for (index, df) in subject.profile.dedicated_files.iter().enumerate() {
            // Files of the certificate application and of the MF are no files of the interface.
            if !df.pins.is_empty() || !interface_names(df) {
                continue;
            }
            for file in &df.files {
                let Some(term) = opening(terminal, &file.read, df) else {
                    continue;
                };
                terminal.reset()?;
                terminal.enter(subject.profile.environment(index))?;
                if subject.profile.environment(index) != index {
                    terminal.enter(index)?;
                }
                for key in &term.keys {
                    terminal.prove(key)?;
                }
                if let Some(pin) = terminal.knows_pin(index).filter(|_| term.pin) {
                    terminal.present(pin)?;
                }
                facts.file(terminal, df, file)?;
            }
        }
        terminal.reset()?;
        Ok(facts)
    }

    fn file(
        &mut self,
        terminal: &mut Terminal<'_>,
        df: &DedicatedFile,
        file: &ElementaryFile,
    ) -> Result<(), ConformanceError> {
        let path = format!("{}/{}", df.id, file.name());
        if !terminal.select_file(file.fid)?.is_ok() {
            return Ok(());
        }
        let mut items = String::new();
        match file.structure {
            Structure::LinearVariable | Structure::LinearFixed => {
                for record in file.records() {
                    let Some(tag) = record.element.tag else { continue };
                    let answer = terminal.send(&Command::new(0x00, 0xB2, record.number, 0x04).with_le(0))?;
                    let raw = answer.data.get(2..).unwrap_or_default();
                    let text = if answer.sw.is_ok() {
                        text_of(record.element, raw)
                    } else {
                        String::new()
                    };
                    items += &text;
                    items.push('|');
                    if record.occurrence == 1 {
                        self.elements.insert(format!("{path}/{tag:02X}"), text.clone());
                    }
                    self.elements
                        .insert(format!("{path}/{tag:02X}:{}", record.occurrence), text);
                }
            }
            Structure::Cyclic { records } => {
                for number in 1..=records {
                    let answer = terminal.send(&Command::new(0x00, 0xB2, number, 0x04).with_le(0))?;
                    if !answer.sw.is_ok() {
                        break;
                    }
                    if answer.data.iter().any(|byte| *byte != 0) && answer.data.iter().any(|byte| *byte != 0xFF) {
                        items += &record_text(file, &answer.data);
                        items.push('|');
                    }
                }
            }
            Structure::Transparent { size } => {
                let mut contents = Vec::new();
                while contents.len() < usize::from(size) {
                    let [high, low] = u16::try_from(contents.len()).unwrap_or(u16::MAX).to_be_bytes();
                    let part = (usize::from(size) - contents.len()).min(128);
                    let command = Command::new(0x00, 0xB0, high, low).with_le(u8::try_from(part).unwrap_or(0));
                    let answer = terminal.send(&command)?;
                    if answer.data.is_empty() || !answer.sw.is_ok() {
                        break;
                    }
                    contents.extend(answer.data);
                }
                items += &hex::encode_upper(contents);
                items.push('|');
            }
            Structure::Internal { .. } => return Ok(()),
        }
        self.files.insert(path, items);
        Ok(())
    }

    /// An element.
    pub fn element(&self, path: &str) -> Option<&str> {
        self.elements.get(path).map(String::as_str)
    }

    /// The items of a file.
    pub fn items(&self, path: &str) -> Option<&str> {
        self.files.get(path).map(String::as_str)
    }

    /// pCardInfo.
    pub fn info(&self) -> Option<String> {
        let number: String = self.element("SSSE/EF05/07")?.chars().take(9).collect();
        Some(format!("{}|{number}|", self.element("SSSE/EF05/01")?))
    }
}

/// Files of these can be named in pFileAddr.
fn interface_names(df: &DedicatedFile) -> bool {
    df.id == "SSSE" || df.id.len() == 4 && df.id.starts_with("DF")
}

/// The first alternative of a read condition that can be met here.
fn opening(terminal: &mut Terminal<'_>, access: &Access, df: &DedicatedFile) -> Option<Term> {
    let profile = terminal.subject.profile;
    let index = profile.dedicated_files.iter().position(|other| other.id == df.id)?;
    let pin = terminal.knows_pin(index).is_some();
    if access.is_free() {
        return Some(Term::default());
    }
    let mut terms = access.terms.clone();
    terms.retain(|term| {
        (pin || !term.pin)
            && term.keys.iter().all(|name| {
                profile.key(name).is_some_and(|(_, definition)| {
                    terminal.holds(reader::security::KeyReference { definition, version: 1 })
                })
            })
    });
    terms.into_iter().next()
}

/// A value in the words of the interface: text without its filling, digits without nibbles F at their end, everything else in hex; what
/// was never filled is nothing.
fn text_of(element: &Element, raw: &[u8]) -> String {
    let raw = raw.get(..usize::from(element.length)).unwrap_or(raw);
    if decode(element, raw) == Value::Empty {
        return String::new();
    }
    match element.format {
        Format::An => {
            let cut = cut_padding(raw);
            decode_text(cut).unwrap_or_else(|| hex::encode_upper(cut))
        }
        Format::Cn => {
            let all = hex::encode_upper(raw);
            let digits = all.trim_end_matches('F');
            if digits.bytes().all(|b| b.is_ascii_digit()) {
                digits.to_owned()
            } else {
                all
            }
        }
        Format::B | Format::Tlv => hex::encode_upper(raw),
    }
}

/// The fields of a cyclic record, each with `^`.
fn record_text(file: &ElementaryFile, bytes: &[u8]) -> String {
    let mut rest = bytes;
    let mut text = String::new();
    for element in &file.elements {
        let (value, tail) = rest
            .split_at_checked(usize::from(element.length))
            .unwrap_or((rest, &[]));
        text += &text_of(element, value);
        text.push('^');
        rest = tail;
    }
    text
}

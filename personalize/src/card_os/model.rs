//! The card operating system of the model (`card-model/COS.md`).

use super::{Bench, CardData, CardOs, LifeStage};
use crate::error::{Action, IssueError};
use crate::terminal::{built, challenge, run, run_bytes};
use card_model::card::Condition;
use card_model::crypto::Algorithm;
use card_model::profile::{Access, DedicatedFile, DedicatedFileKind, ElementaryFile, Structure};
use card_model::status::StatusWord;
use reader::channel::Channel;
use reader::command::Command;
use reader::link::exchange;
use reader::security::{KeyToLoad, MasterKey};

/// The card operating system of the model.
#[derive(Debug, Clone, Copy, Default)]
pub struct ModelOs;

impl CardOs for ModelOs {
    fn name(&self) -> &'static str {
        "ssc-model"
    }

    fn card_data(&self, channel: &mut dyn Channel) -> Result<Option<CardData>, IssueError> {
        let response = exchange(channel, &Command::new(0x80, 0xCA, 0x00, 0x00).with_le(0))?;
        match response.sw {
            sw if sw.is_ok() => {
                let data = parse_card_data(&response.data);
                data.map(Some).ok_or(IssueError::Answer {
                    action: Action::CardData,
                })
            }
            // A blocked card answers 6A81 to everything.
            StatusWord::FUNCTION_NOT_SUPPORTED => Err(IssueError::Blocked),
            // Another operating system: whatever it says to a command it does not know.
            _ => Ok(None),
        }
    }

    fn authenticate_master(&self, bench: &mut Bench<'_>, id: &str, master: MasterKey<'_>) -> Result<(), IssueError> {
        let challenge = challenge(bench.channel)?;
        let cryptogram = bench.loader.master_cryptogram(master, bench.card, &challenge)?;
        let command = built(Command::new(0x00, 0x82, 0x00, 0x00).with_data(&cryptogram), id)?;
        run(bench.channel, &command, || Action::AuthenticateMaster(id.to_owned()))?;
        Ok(())
    }

    fn create_dedicated(&self, bench: &mut Bench<'_>, index: usize) -> Result<(), IssueError> {
        let file = dedicated(bench, index)?;
        let mut template = Template::default();
        template.put(
            0x82,
            &[if file.kind == DedicatedFileKind::Ddf {
                0x38
            } else {
                0x39
            }],
        );
        template.put(0x83, &file.fid.to_be_bytes());
        template.put(0x84, &file.name);
        let fci = proprietary(file, bench.card.algorithm);
        if !fci.is_empty() {
            template.put(0xA5, &fci);
        }
        let command = template.command(&file.id)?;
        run(bench.channel, &command, || Action::Create(file.id.clone()))?;
        Ok(())
    }

    fn create_elementary(&self, bench: &mut Bench<'_>, dedicated_index: usize, file: usize) -> Result<(), IssueError> {
        let parent = dedicated(bench, dedicated_index)?;
        let path = || format!("{}/{:04X}", parent.id, parent.files.get(file).map_or(0, |ef| ef.fid));
        let broken = || IssueError::Profile { path: path() };
        let ef = parent.files.get(file).ok_or_else(broken)?;
        let mut template = Template::default();
        match ef.structure {
            Structure::LinearVariable => template.put(0x82, &[0x04]),
            Structure::LinearFixed | Structure::Cyclic { .. } => {
                let kind = if ef.is_linear() { 0x02 } else { 0x06 };
                let length = ef.record_length().and_then(|length| u8::try_from(length).ok());
                template.put(0x82, &[kind, length.ok_or_else(broken)?, ef.record_count()]);
            }
            Structure::Transparent { .. } => template.put(0x82, &[0x01]),
            Structure::Internal { .. } => template.put(0x82, &[0x09]),
        }
        template.put(0x83, &ef.fid.to_be_bytes());
        if ef.sfi != 0 {
            template.put(0x88, &[ef.sfi]);
        }
        match ef.structure {
            Structure::Transparent { size } | Structure::Internal { size } => template.put(0x80, &size.to_be_bytes()),
            Structure::LinearVariable => {
                let size = variable_size(bench, dedicated_index, ef).ok_or_else(broken)?;
                template.put(0x80, &size.to_be_bytes());
            }
            Structure::LinearFixed | Structure::Cyclic { .. } => {}
        }
        let condition = |access: &Access| {
            Condition::encode(access, |name| key_identifier(bench, dedicated_index, name)).ok_or_else(broken)
        };
        template.put(0xC1, &condition(&ef.read)?);
        template.put(0xC2, &condition(&ef.update)?);
        if let Some(pair) = ef.key_pair {
            template.put(0xC4, &[pair.byte()]);
        }
        let command = template.command(&parent.id)?;
        run(bench.channel, &command, || Action::Create(path()))?;
        Ok(())
    }

    fn load(
        &self,
        bench: &mut Bench<'_>,
        id: &str,
        load: KeyToLoad<'_>,
        under: MasterKey<'_>,
    ) -> Result<(), IssueError> {
        key_command(bench, id, [0x84, 0xD4, 0x00, 0x00], load, under)
    }

    fn replace_master(
        &self,
        bench: &mut Bench<'_>,
        id: &str,
        new: KeyToLoad<'_>,
        old: MasterKey<'_>,
    ) -> Result<(), IssueError> {
        key_command(bench, id, [0x84, 0xD4, 0x01, 0x00], new, old)
    }

    fn activate(&self, bench: &mut Bench<'_>, id: &str) -> Result<(), IssueError> {
        let result = run(bench.channel, &Command::new(0x80, 0x44, 0x00, 0x00), || {
            Action::Activate(id.to_owned())
        });
        match result {
            Err(IssueError::Refused {
                sw: StatusWord::CONDITIONS_NOT_SATISFIED,
                ..
            }) => Ok(()),
            other => other.map(|_| ()),
        }
    }

    fn erase(&self, bench: &mut Bench<'_>) -> Result<(), IssueError> {
        run(bench.channel, &Command::new(0x80, 0xE4, 0x00, 0x00), || Action::Erase)?;
        Ok(())
    }
}

fn key_command(
    bench: &mut Bench<'_>,
    id: &str,
    header: [u8; 4],
    load: KeyToLoad<'_>,
    under: MasterKey<'_>,
) -> Result<(), IssueError> {
    let challenge = challenge(bench.channel)?;
    let command = bench
        .loader
        .load_key_command(header, load, under, bench.card, &challenge)?;
    run_bytes(bench.channel, &command, || match load {
        KeyToLoad::Card(key) => Action::LoadKey(key.definition.name.clone(), key.version),
        KeyToLoad::Master { .. } => Action::MasterKey(id.to_owned()),
        KeyToLoad::Pin { .. } | KeyToLoad::CertificatePin { .. } => Action::LoadPin,
    })?;
    Ok(())
}

fn dedicated<'p>(bench: &Bench<'p>, index: usize) -> Result<&'p DedicatedFile, IssueError> {
    bench.profile.dedicated_files.get(index).ok_or(IssueError::Profile {
        path: index.to_string(),
    })
}

/// Proprietary part of the FCI: SFI of the directory file, and the algorithm where the card announces it
/// (`spec/files.md` §1.2).
fn proprietary(file: &DedicatedFile, algorithm: Algorithm) -> Vec<u8> {
    let mut fci = Vec::new();
    if let Some(sfi) = file.directory_sfi {
        fci.extend([0x88, 0x01, sfi]);
    }
    if file.announces_algorithm {
        fci.extend([0x9F, 0x0C, 0x03, 0x86, 0x01, algorithm.identifier()]);
    }
    fci
}

/// Identifier of a key that a condition of `dedicated` names: one of its own, or of a file above it.
fn key_identifier(bench: &Bench<'_>, dedicated: usize, name: &str) -> Option<u8> {
    let mut current = Some(dedicated);
    while let Some(file) = current.and_then(|index| bench.profile.dedicated_files.get(index)) {
        if let Some(key) = file.keys.iter().find(|key| key.name == name) {
            return Some(key.id);
        }
        if let Some(pin) = file.pins.iter().find(|pin| pin.name == name) {
            return Some(pin.id);
        }
        current = file.parent;
    }
    None
}

/// Size of a linear variable file: each record takes its value and three bytes (`card-model/COS.md`). Optional records have
/// room too, and the directory file has room for an entry of each application.
fn variable_size(bench: &Bench<'_>, dedicated: usize, file: &ElementaryFile) -> Option<u16> {
    let records = file
        .records_with(|_| true)
        .map(|record| usize::from(record.element.length) + 3);
    let announced = bench
        .profile
        .dedicated_files
        .get(dedicated)
        .and_then(|df| df.directory_sfi);
    let entries = match announced == Some(file.sfi) {
        true => bench
            .profile
            .directory_entries(dedicated)
            .iter()
            .map(|record| record.len() + 1)
            .sum(),
        false => 0,
    };
    u16::try_from(records.sum::<usize>().max(entries))
        .ok()
        .filter(|size| *size > 0)
}

fn parse_card_data(answer: &[u8]) -> Option<CardData> {
    let (&[0xE0, length], mut fields) = answer.split_first_chunk::<2>()? else {
        return None;
    };
    if usize::from(length) != fields.len() {
        return None;
    }
    let (mut stage, mut label, mut algorithm, mut free) = (None, None, None, None);
    while let Some((&[tag, length], rest)) = fields.split_first_chunk::<2>() {
        let (value, rest) = rest.split_at_checked(usize::from(length))?;
        match (tag, value) {
            (0x80, [0x00]) => stage = Some(LifeStage::Blank),
            (0x80, [0x01]) => stage = Some(LifeStage::Structure),
            (0x80, [0x03]) => stage = Some(LifeStage::Operational),
            (0x80, [0x0F]) => stage = Some(LifeStage::Blocked),
            (0x81, _) => label = core::str::from_utf8(value).ok().map(str::to_owned),
            (0x82, [identifier]) => algorithm = Algorithm::try_from(*identifier).ok(),
            (0x83, _) => free = <[u8; 4]>::try_from(value).ok().map(u32::from_be_bytes),
            _ => {}
        }
        fields = rest;
    }
    Some(CardData {
        stage: stage?,
        label: label?,
        algorithm: algorithm?,
        free: free?,
    })
}

/// Template 62 of CREATE FILE.
#[derive(Default)]
struct Template(Vec<u8>);

impl Template {
    fn put(&mut self, tag: u8, value: &[u8]) {
        self.0.extend([tag, u8::try_from(value.len()).unwrap_or(u8::MAX)]);
        self.0.extend_from_slice(value);
    }

    fn command(&self, path: &str) -> Result<Command, IssueError> {
        let length = u8::try_from(self.0.len()).map_err(|_| IssueError::Profile { path: path.to_owned() })?;
        let mut data = vec![0x62];
        if length > 0x7F {
            data.push(0x81);
        }
        data.push(length);
        data.extend_from_slice(&self.0);
        built(Command::new(0x80, 0xE0, 0x00, 0x00).with_data(&data), path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn card_data() {
        let answer = [
            0xE0, 0x15, 0x80, 1, 1, 0x81, 3, b'3', b'.', b'0', 0x82, 1, 3, 0x83, 4, 0, 1, 0, 0, 0x84, 2, 1, 0,
        ];
        let expected = CardData {
            stage: LifeStage::Structure,
            label: "3.0".to_owned(),
            algorithm: Algorithm::Sm4,
            free: 0x0001_0000,
        };
        assert_eq!(parse_card_data(&answer), Some(expected));
        assert_eq!(parse_card_data(&answer[..22]), None);
    }

    proptest! {
        #[test]
        fn any_answer(answer in proptest::collection::vec(any::<u8>(), 0..40)) {
            let _ = parse_card_data(&answer);
        }
    }
}

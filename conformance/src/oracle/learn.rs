//! What the oracle has to know of an issued card before it begins: contents and account, read as terminals read them.

use super::state::{Account, Contents, Learnt};
use crate::ConformanceError;
use crate::terminal::{Terminal, with_data};
use card_model::profile::{ElementaryFile, KeyRole, Structure};
use card_model::status::StatusWord;
use reader::command::Command;

impl Learnt {
    /// Reads a card that has just been issued: all counters are full, nothing is blocked. The card is reset afterwards.
    ///
    /// # Errors
    /// The channel failed, or the card refuses what it must do.
    pub fn of(terminal: &mut Terminal<'_>) -> Result<Self, ConformanceError> {
        let profile = terminal.subject.profile;
        let certificates = profile
            .certificate_application()
            .and_then(|df| profile.index_of(&df.id));
        let foreign = certificates.map(|df| profile.environment(df));
        let mut learnt = Self::default();
        for (index, df) in profile.dedicated_files.iter().enumerate() {
            if df.has_pin
                && let Some(pin) = terminal.subject.pin
            {
                learnt
                    .pins
                    .insert(index, (Some(pin.expose().to_vec()), profile.pin.tries));
            }
            for key in df.keys.iter().filter(|key| key.tries.unwrap_or(0) > 0) {
                for version in 1..=key.versions {
                    learnt.tries.insert((index, key.id, version), key.tries.unwrap_or(0));
                }
            }
            if foreign == Some(profile.environment(index)) {
                continue;
            }
            for file in &df.files {
                let contents = contents(terminal, index, file)?;
                learnt.files.insert((index, file.fid), contents);
            }
            if df.keys.iter().any(|key| key.role == KeyRole::Purchase) {
                learnt.account = account(terminal, index)?;
            }
        }
        terminal.reset()?;
        Ok(learnt)
    }
}

fn contents(terminal: &mut Terminal<'_>, df: usize, file: &ElementaryFile) -> Result<Contents, ConformanceError> {
    if matches!(file.structure, Structure::Internal { .. }) {
        return Ok(Contents::Internal);
    }
    prepare(terminal, df)?;
    for key in file.read.terms.first().iter().flat_map(|term| &term.keys) {
        terminal.prove(key)?;
    }
    let sw = terminal.select_file(file.fid)?;
    terminal.demand(sw, || format!("SELECT {}", file.name()))?;
    if let Structure::Transparent { size } = file.structure {
        let mut bytes = Vec::new();
        while bytes.len() < usize::from(size) {
            let [high, low] = u16::try_from(bytes.len()).unwrap_or(u16::MAX).to_be_bytes();
            let le = (usize::from(size) - bytes.len()).min(0xF0) as u8;
            let answer = terminal.send(&Command::new(0x00, 0xB0, high, low).with_le(le))?;
            terminal.demand(answer.sw, || format!("READ BINARY {}", file.name()))?;
            bytes.extend(answer.data);
        }
        return Ok(Contents::Bytes(bytes));
    }
    let mut records = Vec::new();
    for number in 1..=0xFE {
        let answer = terminal.send(&Command::new(0x00, 0xB2, number, 0x04).with_le(0))?;
        if answer.sw == StatusWord::RECORD_NOT_FOUND {
            break;
        }
        terminal.demand(answer.sw, || format!("READ RECORD {}", file.name()))?;
        records.push(answer.data);
    }
    Ok(Contents::Records(records))
}

/// Enters a dedicated file with the PIN verified.
fn prepare(terminal: &mut Terminal<'_>, df: usize) -> Result<(), ConformanceError> {
    let environment = terminal.subject.profile.environment(df);
    match terminal.knows_pin(df) {
        Some(pin) => terminal.verify(df, pin)?,
        None => terminal.enter(environment)?,
    }
    if environment != df {
        terminal.enter(df)?;
    }
    Ok(())
}

fn account(terminal: &mut Terminal<'_>, df: usize) -> Result<Account, ConformanceError> {
    prepare(terminal, df)?;
    let mut ask = |command: Command| {
        let answer = terminal.send(&command)?;
        terminal.demand(answer.sw, || "medical account".to_owned())?;
        Ok::<_, ConformanceError>(answer.data)
    };
    let load = ask(with_data([0xB0, 0x28, 0x00, 0x01], &[&[1][..], &[0; 10]].concat()))?;
    let purchase = ask(with_data([0xB0, 0x28, 0x01, 0x01], &[&[1][..], &[0; 18]].concat()))?;
    let day = ask(Command::new(0xB0, 0x56, 0x01, 0x00).with_le(2))?;
    let half = |bytes: &[u8], at: usize| bytes.get(at..at + 2).map_or(0, |b| u16::from_be_bytes([b[0], b[1]]));
    let word = |at: usize| u32::from(half(&purchase, at)) << 16 | u32::from(half(&purchase, at + 2));
    Ok(Account {
        sequences: [half(&load, 4), half(&purchase, 14)],
        balance: word(0),
        totals: [word(4), word(8)],
        year: half(&purchase, 12),
        day: half(&day, 0),
        proof: None,
        proof_open: false,
    })
}

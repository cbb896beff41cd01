//! Pre-personalization: a blank card gets its files and keys (`spec/commands.md` §4.1 stage 2).
//!
//! Order: transport key → each environment, with a temporary master key at once → all files → all keys in all versions, each
//! encrypted and with MAC, diversified for this card → PIN → directory → final master keys, the MF's last → in force. Until
//! something is in force the structure can be erased and begun again; after that it can only be completed.

use crate::card_os::{Bench, CardOs, LifeStage};
use crate::error::{Action, IssueError};
use crate::terminal::{self, built, challenge, run};
use card_model::profile::{Access, DedicatedFile, DedicatedFileKind, KeyRole, PinRole, Structure};
use card_model::secret::Pin;
use reader::commands::{self, RecordMode, update_record};
use reader::security::{KeyReference, KeyToLoad, MasterKey};

/// The PINs that a card gets with its structure.
#[derive(Clone)]
pub struct InitialPins {
    /// The holder's: PIN of the social security environment, and user PIN of the certificate application.
    pub holder: Pin,
    /// The administrator's PIN of the certificate application.
    pub administrator: Pin,
}

impl InitialPins {
    fn of(&self, role: PinRole) -> &Pin {
        match role {
            PinRole::User => &self.holder,
            PinRole::Administrator => &self.administrator,
        }
    }
}

/// What the structure step did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StructureReport {
    /// Dedicated files created.
    pub dedicated_files: usize,
    /// Elementary files created.
    pub elementary_files: usize,
    /// Keys loaded, each version counted, master keys included.
    pub keys: usize,
    /// Whether the remains of an earlier attempt were erased first.
    pub erased: bool,
}

/// Builds the structure of a blank card, or begins again on a card where it was begun and not finished.
///
/// When the card refuses in the middle, what was created is erased again where that is possible.
///
/// # Errors
/// The card is neither blank nor half built, or something was refused; [`IssueError::StructureErased`] if the card is empty
/// again and can be tried anew.
pub fn build(bench: &mut Bench<'_>, os: &dyn CardOs, pins: &InitialPins) -> Result<StructureReport, IssueError> {
    let data = os.card_data(bench.channel)?.ok_or(IssueError::UnknownCard)?;
    let mut report = StructureReport::default();
    match data.stage {
        LifeStage::Blank => {}
        LifeStage::Structure => {
            erase(bench, os)?;
            report.erased = true;
        }
        LifeStage::Operational => return Err(IssueError::UnknownCard),
        LifeStage::Blocked => return Err(IssueError::Blocked),
    }
    if data.label != bench.profile.name || data.algorithm != bench.profile.algorithm {
        return Err(IssueError::WrongProfile {
            card: data.label,
            wanted: bench.profile.name.clone(),
        });
    }
    match create_and_load(bench, os, pins, &mut report) {
        Ok(()) => {}
        // Without an answer nothing can be erased; the next attempt finds what is there.
        Err(error @ IssueError::Transport(_)) => return Err(error),
        Err(cause) => {
            return Err(match erase(bench, os) {
                Ok(()) => IssueError::StructureErased { cause: Box::new(cause) },
                Err(_) => cause,
            });
        }
    }
    put_in_force(bench, os)?;
    Ok(report)
}

/// Completes a structure that was interrupted while it was being put in force: every file that is not yet is put in force
/// with its final master key.
///
/// # Errors
/// The card refuses, or a final master key is not the issuer's.
pub fn put_in_force(bench: &mut Bench<'_>, os: &dyn CardOs) -> Result<(), IssueError> {
    let profile = bench.profile;
    // Applications before their environments, the MF last.
    for file in profile.dedicated_files.iter().rev() {
        terminal::select(bench.channel, file)?;
        os.authenticate_master(bench, &file.id, MasterKey::Final(&file.id))?;
        os.activate(bench, &file.id)?;
    }
    Ok(())
}

/// Erases what was built so far. The MF's master key is the transport key until the very end; if it is not, it is the
/// final one already.
fn erase(bench: &mut Bench<'_>, os: &dyn CardOs) -> Result<(), IssueError> {
    let Some(mf) = bench.profile.dedicated_files.first() else {
        return Err(IssueError::Profile { path: "MF".to_owned() });
    };
    terminal::select(bench.channel, mf)?;
    match os.authenticate_master(bench, &mf.id, MasterKey::Transport) {
        Err(IssueError::Refused { sw, .. }) if sw.tries_left().is_some() => {
            os.authenticate_master(bench, &mf.id, MasterKey::Final(&mf.id))?;
            os.erase(bench)?;
            // The card is blank again, so its transport key has to be as well.
            let load = KeyToLoad::Master {
                key: MasterKey::Transport,
                tries: bench.profile.os.key_tries,
            };
            os.replace_master(bench, &mf.id, load, MasterKey::Final(&mf.id))
        }
        Err(error) => Err(error),
        Ok(()) => os.erase(bench),
    }
}

fn create_and_load(
    bench: &mut Bench<'_>,
    os: &dyn CardOs,
    pins: &InitialPins,
    report: &mut StructureReport,
) -> Result<(), IssueError> {
    let profile = bench.profile;
    let tries = profile.os.key_tries;
    for index in profile.depth_first() {
        let Some(file) = profile.dedicated_files.get(index) else {
            continue;
        };
        let under = match file.kind {
            DedicatedFileKind::Mf => None,
            _ => Some(create_below_parent(bench, os, index)?),
        };
        terminal::select(bench.channel, file)?;
        if let Some(under) = under {
            let first = KeyToLoad::Master {
                key: MasterKey::Temporary,
                tries,
            };
            os.load(bench, &file.id, first, under)?;
            report.dedicated_files += 1;
            report.keys += 1;
        }
        let own = temporary(file);
        if !file.files.is_empty() || !file.keys.is_empty() || !file.pins.is_empty() || file.has_pin {
            os.authenticate_master(bench, &file.id, own)?;
        }
        for number in 0..file.files.len() {
            os.create_elementary(bench, index, number)?;
            report.elementary_files += 1;
        }
        for definition in file.keys.iter().filter(|key| key.role != KeyRole::Master) {
            for version in 1..=definition.versions {
                let load = KeyToLoad::Card(KeyReference { definition, version });
                os.load(bench, &file.id, load, own)?;
                report.keys += 1;
            }
        }
        if file.has_pin {
            os.load(
                bench,
                &file.id,
                KeyToLoad::Pin {
                    pin: &pins.holder,
                    tries: profile.pin.tries,
                },
                own,
            )?;
        }
        for definition in &file.pins {
            let pin = pins.of(definition.role);
            os.load(bench, &file.id, KeyToLoad::CertificatePin { definition, pin }, own)?;
        }
    }
    for (index, file) in profile.dedicated_files.iter().enumerate() {
        write_directory(bench, index, file)?;
    }
    for file in profile.dedicated_files.iter().rev() {
        terminal::select(bench.channel, file)?;
        os.authenticate_master(bench, &file.id, temporary(file))?;
        let load = KeyToLoad::Master {
            key: MasterKey::Final(&file.id),
            tries,
        };
        os.replace_master(bench, &file.id, load, temporary(file))?;
    }
    Ok(())
}

/// The master key of a file while the structure is being built.
fn temporary(file: &DedicatedFile) -> MasterKey<'static> {
    match file.kind {
        DedicatedFileKind::Mf => MasterKey::Transport,
        _ => MasterKey::Temporary,
    }
}

/// Creates a file from its parent and gives the master key under which the file's own first one is loaded.
fn create_below_parent(bench: &mut Bench<'_>, os: &dyn CardOs, index: usize) -> Result<MasterKey<'static>, IssueError> {
    let profile = bench.profile;
    let parent = profile.dedicated_files.get(index).and_then(|file| file.parent);
    let parent = parent.and_then(|parent| profile.dedicated_files.get(parent));
    let Some(parent) = parent else {
        return Err(IssueError::Profile {
            path: index.to_string(),
        });
    };
    // Selecting drops the state of the file before, so the master key is proved for each child anew.
    terminal::select(bench.channel, parent)?;
    os.authenticate_master(bench, &parent.id, temporary(parent))?;
    os.create_dedicated(bench, index)?;
    Ok(temporary(parent))
}

/// Writes the directory file with standard commands, under its update key.
fn write_directory(bench: &mut Bench<'_>, index: usize, file: &DedicatedFile) -> Result<(), IssueError> {
    let profile = bench.profile;
    let Some(ef) = file.directory_sfi.and_then(|sfi| file.file_by_sfi(sfi)) else {
        return Ok(());
    };
    let entries = profile.directory_entries(index);
    if entries.is_empty() || ef.structure != Structure::LinearVariable {
        return Ok(());
    }
    terminal::select(bench.channel, file)?;
    authenticate_for(bench, file, &ef.update)?;
    for (number, entry) in entries.iter().enumerate() {
        let path = || format!("{}/{:04X}#{}", file.id, ef.fid, number + 1);
        // At most a few applications: the record number fits a byte.
        let record = u8::try_from(number + 1).unwrap_or(u8::MAX);
        let command = built(update_record(record, RecordMode::Number, ef.sfi, entry), &path())?;
        run(bench.channel, &command, || Action::Write(path()))?;
    }
    Ok(())
}

/// External authentication with the keys of the first alternative that asks for no PIN.
fn authenticate_for(bench: &mut Bench<'_>, file: &DedicatedFile, access: &Access) -> Result<(), IssueError> {
    if access.is_free() {
        return Ok(());
    }
    let term = access.terms.iter().find(|term| !term.pin);
    for name in term.map(|term| term.keys.as_slice()).unwrap_or_default() {
        let definition = file.keys.iter().find(|key| key.name == *name);
        let Some(definition) = definition else {
            return Err(IssueError::Profile { path: name.clone() });
        };
        external_authentication(bench, KeyReference { definition, version: 1 })?;
    }
    Ok(())
}

/// One EXTERNAL AUTHENTICATION: the card's newest challenge makes the session key, original data is the same challenge, as
/// terminals with a PSAM do it (`spec/commands.md` §2.6).
pub(crate) fn external_authentication(bench: &mut Bench<'_>, key: KeyReference<'_>) -> Result<(), IssueError> {
    let challenge = challenge(bench.channel)?;
    let proof = bench
        .loader
        .authentication_data(key, bench.card, &challenge, &challenge)?;
    let name = &key.definition.name;
    let command = built(
        commands::external_authentication(key.definition.id, &proof, &challenge, key.version),
        name,
    )?;
    run(bench.channel, &command, || Action::Authenticate(name.clone()))?;
    Ok(())
}

//! What the maker of a PSAM does: files, their first contents, and TEST master keys. Everything later comes by commands.

use super::description::{Environment, FieldKind, FileRole, PsamDescription, PsamFile};
use super::object::{Df, NewKey, Place};
use super::store::{Store, StoreError};
use crate::memory::Memory;
use crate::secret::Key;
use arrayvec::ArrayVec;

/// Length of a serial number in bytes, packed digits.
pub const SERIAL: usize = 10;

/// Writes what the maker makes: environments, applications, files, master keys.
///
/// # Errors
/// The memory of the description is too small.
pub fn build(memory: &mut Memory, description: &PsamDescription, serial: &[u8; SERIAL]) -> Result<Store, StoreError> {
    let atr = answer_to_reset(description, serial);
    Store::format(memory, &atr, description.purchase_key_tries)?;
    let mut store = Store::default();
    let name = |bytes: &[u8]| bytes.iter().copied().take(16).collect::<ArrayVec<u8, 16>>();
    for environment in &description.environments {
        let parent = (!store.dfs.is_empty()).then_some(0);
        let application = &description.application;
        let df = store.create_df(
            memory,
            &Df {
                parent,
                fid: environment.fid,
                name: name(&environment.name),
                cipher: environment.cipher,
                application: false,
            },
        )?;
        for file in &description.environment_files {
            let contents = contents(description, environment, file, serial);
            store.create_ef(memory, df, file.fid, file.role, file.size, &contents)?;
        }
        let application = store.create_df(
            memory,
            &Df {
                parent: Some(df),
                fid: application.fid,
                name: name(&application.aid),
                cipher: environment.cipher,
                application: true,
            },
        )?;
        for file in &description.application_files {
            store.create_ef(memory, application, file.fid, file.role, file.size, &[])?;
        }
        // Without a public cipher there is nothing a master key could do.
        let Some(algorithm) = environment.cipher.algorithm() else {
            continue;
        };
        for df in [df, application] {
            let key = NewKey {
                usage: None,
                id: 0,
                algorithm,
                tries: description.master_key_tries,
                value: &Key::from(description.test_master_key),
            };
            store.create_key(memory, Place::Master(df), &key)?;
        }
    }
    Ok(store)
}

/// The answer to reset: the description's bytes, T1–T7, and the last six bytes of the serial number as T8–TD.
pub fn answer_to_reset(description: &PsamDescription, serial: &[u8; SERIAL]) -> Vec<u8> {
    [&description.contact, &description.maker[..], &serial[SERIAL - 6..]].concat()
}

/// First contents of a file of an environment.
fn contents(
    description: &PsamDescription,
    environment: &Environment,
    file: &PsamFile,
    serial: &[u8; SERIAL],
) -> Vec<u8> {
    match file.role {
        FileRole::Directory => directory(description, environment),
        FileRole::PublicInformation => {
            let mut bytes = vec![0; usize::from(file.size)];
            if let Some(field) = file.field(FieldKind::SerialNumber)
                && let Some(target) = bytes.get_mut(field)
                && target.len() == serial.len()
            {
                target.copy_from_slice(serial);
            }
            bytes
        }
        _ => Vec::new(),
    }
}

/// Records of the directory, each with its length in front: `61 L { 4F name [, 50 label] }` for the application, and in the
/// master file for the other environments.
fn directory(description: &PsamDescription, environment: &Environment) -> Vec<u8> {
    let tlv = |tag: u8, value: &[u8]| {
        let length = u8::try_from(value.len()).unwrap_or(u8::MAX);
        [&[tag, length], value].concat()
    };
    let application = &description.application;
    let mut entries = vec![[tlv(0x4F, &application.aid), tlv(0x50, application.label.as_bytes())].concat()];
    let is_root = description
        .environments
        .first()
        .is_some_and(|root| root.fid == environment.fid);
    if is_root {
        let others = description.environments.iter().skip(1);
        entries.extend(others.map(|other| tlv(0x4F, &other.name)));
    }
    let mut bytes = Vec::new();
    for entry in entries {
        let record = tlv(0x61, &entry);
        bytes.push(u8::try_from(record.len()).unwrap_or(0));
        bytes.extend(record);
    }
    bytes
}

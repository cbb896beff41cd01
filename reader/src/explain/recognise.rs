//! Which card it was: from what everybody may read of it.

use super::log::{EventKind, Log};
use super::shown::{is_whole, plain};
use crate::channel::selection::{Selection, record_sfi};
use crate::decode::split_records;
use crate::select::Fci;
use crate::wellknown;
use card_model::profile::{Profile, ProfileError};
use std::sync::Arc;

/// By what a profile was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Evidence {
    /// SSSE/EF05 tag 03 tells the version (IF38 10.2).
    Version,
    /// The answer to SELECT names the cipher of a generation (`spec/commands.md` §1.5).
    Algorithm,
    /// The short identifier of the directory in the answer to SELECT (seen on real cards, `spec/commands.md` §1.5).
    Directory,
    /// Nothing in the log tells it; the newest profile is taken.
    Nothing,
}

impl Evidence {
    /// Name in JSON and in the table of words.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Version => "version",
            Self::Algorithm => "algorithm",
            Self::Directory => "directory",
            Self::Nothing => "nothing",
        }
    }
}

/// The profile that the log tells of, an extended one where there is one for its generation.
///
/// # Errors
/// A profile in the program cannot be loaded.
pub(super) fn profile(log: &Log, extended: &[Arc<Profile>]) -> Result<(Arc<Profile>, Evidence), ProfileError> {
    let newest = Profile::builtin(Profile::BUILTIN[0])?;
    let (national, evidence) =
        match version(log, newest).and_then(|text| Profile::for_specification_version(&text).ok()) {
            Some(version) => (version, Evidence::Version),
            None => by_selection(log)?.unwrap_or((newest, Evidence::Nothing)),
        };
    let fits = |profile: &&Arc<Profile>| profile.generation == national.generation;
    let profile = extended
        .iter()
        .find(fits)
        .map_or_else(|| Arc::new(national.clone()), Arc::clone);
    Ok((profile, evidence))
}

/// The specification version as the card gave it: a record of a free file of the environment, whole and in the clear.
fn version(log: &Log, newest: &Profile) -> Option<String> {
    let mut selection = Selection::new(Some(Arc::new(newest.clone())));
    let mut asked = false;
    let mut found = None;
    for event in &log.events {
        let EventKind::Exchange {
            command,
            answer: Some(answer),
            ..
        } = &event.kind
        else {
            if matches!(event.kind, EventKind::Reset(_)) {
                selection.reset();
            }
            continue;
        };
        let bytes = plain(command);
        let Some((data, sw)) = answer.split_last_chunk::<2>() else {
            continue;
        };
        match bytes.as_slice() {
            [0x00, 0xB2, _, p2, ..] => asked = is_first_file(&selection, record_sfi(*p2), newest),
            [0x00, 0xC0, ..] => {}
            _ => asked = false,
        }
        if asked && is_whole(data) {
            let records = plain(data);
            let tag = newest
                .locate(wellknown::SPECIFICATION_VERSION)
                .ok()
                .and_then(|located| located.element?.tag);
            let version = split_records(&records)
                .unwrap_or_default()
                .into_iter()
                .find(|record| Some(record.tag) == tag);
            let text = version.and_then(|record| String::from_utf8(record.value.to_vec()).ok());
            found = text
                .filter(|text| text.starts_with(|c: char| c.is_ascii_digit()))
                .or(found);
        }
        selection.follow(&bytes, &plain(sw));
    }
    found
}

/// Whether a command reads the file that tells the version: the environment's first.
fn is_first_file(selection: &Selection, sfi: u8, profile: &Profile) -> bool {
    let Ok(version) = profile.locate(wellknown::SPECIFICATION_VERSION) else {
        return false;
    };
    let current = selection.dedicated_file().map(|df| &df.id);
    current == Some(&version.dedicated_file.id)
        && selection
            .addressed(sfi)
            .is_some_and(|(_, file)| file.fid == version.file.fid)
}

/// What the answers to SELECT of the environment tell.
fn by_selection(log: &Log) -> Result<Option<(&'static Profile, Evidence)>, ProfileError> {
    let answers = log.events.iter().filter_map(|event| match &event.kind {
        EventKind::Exchange {
            answer: Some(answer), ..
        } if is_whole(answer) => {
            let bytes = plain(answer);
            Fci::parse(bytes.split_last_chunk::<2>()?.0).ok()
        }
        _ => None,
    });
    for fci in answers {
        for name in Profile::BUILTIN {
            let profile = Profile::builtin(name)?;
            let Some(environment) = profile.dedicated_file(wellknown::ENVIRONMENT) else {
                continue;
            };
            if fci.name != environment.name || environment.directory_sfi != fci.directory_sfi {
                continue;
            }
            if environment.announces_algorithm && fci.cipher("") == Ok(profile.algorithm) && fci.algorithm.is_some() {
                return Ok(Some((profile, Evidence::Algorithm)));
            }
            if !environment.announces_algorithm && fci.algorithm.is_none() {
                return Ok(Some((profile, Evidence::Directory)));
            }
        }
    }
    Ok(None)
}

//! What card lies in the reader, before anything is written.

use crate::card_os::{Bench, CardData, CardOs, LifeStage};
use crate::error::{Action, IssueError};
use crate::mask;
use crate::numbers::Region;
use crate::standard::{PROVIDER, path};
use crate::structure::external_authentication;
use crate::target::Target;
use crate::terminal;
use card_model::profile::Profile;
use reader::channel::Channel;
use reader::commands::{RecordMode, read_record};
use reader::decode::decode;
use reader::link::exchange;
use reader::security::KeyReference;

/// A card as it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The 13 historical bytes T1–TD.
    pub historical: [u8; 13],
    /// What the card's operating system says, if it is one that is known.
    pub data: Option<CardData>,
}

impl Found {
    /// Whether files and keys have to be created first.
    pub fn needs_structure(&self) -> bool {
        matches!(&self.data, Some(data) if matches!(data.stage, LifeStage::Blank | LifeStage::Structure))
    }
}

/// Asks a card what it is. No key is needed, and nothing changes on the card.
///
/// # Errors
/// The transport failed, the card is blocked, or its answer to reset names no card.
pub fn inspect(channel: &mut dyn Channel, os: &dyn CardOs) -> Result<Found, IssueError> {
    let reset = &channel.reset_answer().bytes;
    let historical = reader::reset::historical(reset).ok_or(IssueError::NoHistoricalBytes)?;
    let data = os.card_data(channel)?;
    if matches!(&data, Some(data) if data.stage == LifeStage::Blocked) {
        return Err(IssueError::Blocked);
    }
    Ok(Found { historical, data })
}

/// What a pre-personalized card holds already.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Preset {
    /// First twelve bytes of the card identification code, if they are filled.
    pub identification: Option<[u8; 12]>,
    /// Its authentication code, if it is filled.
    pub authentication: Option<[u8; 4]>,
    /// Initialising institution, if filled.
    pub institution: Option<[u8; 12]>,
    /// Card number, if filled.
    pub card_number: Option<String>,
}

impl Preset {
    /// Region in the card identification code.
    pub fn region(&self) -> Option<Region> {
        Region::from_packed(self.identification.as_ref()?)
    }

    /// Serial number in the card identification code.
    pub fn serial(&self) -> Option<[u8; 4]> {
        self.identification.map(|code| core::array::from_fn(|i| code[8 + i]))
    }
}

/// Reads what may be read without a key from the issuer data; items that are not there are left out.
pub(crate) fn preset(channel: &mut dyn Channel, profile: &Profile) -> Result<Preset, IssueError> {
    let target = locate(profile, path::CARD_ID)?;
    let df = profile
        .dedicated_files
        .get(target.dedicated)
        .ok_or_else(|| profile_error(path::CARD_ID))?;
    // Some cards want the MF before the SSSE (`spec/files.md` §9.9).
    if !terminal::try_select(channel, df)?.sw.is_ok() {
        if let Some(mf) = profile.dedicated_files.first() {
            terminal::try_select(channel, mf)?;
        }
        if !terminal::try_select(channel, df)?.sw.is_ok() {
            return Err(IssueError::UnknownCard);
        }
    }
    let code = item(channel, profile, path::CARD_ID)?.and_then(|value| <[u8; 16]>::try_from(value).ok());
    let known = code.filter(|code| code[3..8] == PROVIDER && Region::from_packed(code).is_some());
    let text = item(channel, profile, path::CARD_NUMBER)?.filter(|value| is_filled(value));
    Ok(Preset {
        identification: known.map(|code| core::array::from_fn(|i| code[i])),
        authentication: known
            .map(|code| core::array::from_fn(|i| code[12 + i]))
            .filter(is_filled_array),
        institution: item(channel, profile, path::INSTITUTION)?
            .and_then(|value| <[u8; 12]>::try_from(value).ok())
            .filter(|value| is_filled(value)),
        card_number: text.and_then(|value| plain(profile, path::CARD_NUMBER, &value)),
    })
}

/// Refuses a card that belongs to somebody else. A card that holds `number` is the same person's: it was begun before.
/// Gives whether it was.
pub(crate) fn check_holder(bench: &mut Bench<'_>, number: &str) -> Result<bool, IssueError> {
    let profile = bench.profile;
    let target = locate(profile, path::SOCIAL_SECURITY_NUMBER)?;
    let df = profile
        .dedicated_files
        .get(target.dedicated)
        .ok_or_else(|| profile_error(path::SOCIAL_SECURITY_NUMBER))?;
    let file = target
        .file(profile)
        .ok_or_else(|| profile_error(path::SOCIAL_SECURITY_NUMBER))?;
    terminal::select(bench.channel, df)?;
    if !file.read.is_free() {
        let term = file.read.terms.iter().find(|term| !term.pin);
        for name in term.map(|term| term.keys.as_slice()).unwrap_or_default() {
            let definition = df.key(name).ok_or_else(|| profile_error(name))?;
            external_authentication(bench, KeyReference { definition, version: 1 })?;
        }
    }
    let Some(held) = item(bench.channel, profile, path::SOCIAL_SECURITY_NUMBER)? else {
        return Ok(false);
    };
    if !is_filled(&held) {
        return Ok(false);
    }
    let held = plain(profile, path::SOCIAL_SECURITY_NUMBER, &held).unwrap_or_default();
    if held == number {
        Ok(true)
    } else {
        Err(IssueError::OtherHolder {
            holder: mask::number(&held),
        })
    }
}

/// The value of a record of the current dedicated file, by its tag; `None` if the card has no such record.
fn item(channel: &mut dyn Channel, profile: &Profile, path: &str) -> Result<Option<Vec<u8>>, IssueError> {
    let target = locate(profile, path)?;
    let (Some(file), Some(element)) = (target.file(profile), target.element(profile)) else {
        return Err(profile_error(path));
    };
    let (tag, length) = (element.tag.unwrap_or(0), element.length);
    let command = read_record(tag, RecordMode::First, file.sfi, usize::from(length) + 2);
    let response = exchange(channel, &command)?;
    if !response.sw.is_ok() {
        use card_model::status::StatusWord as Sw;
        let absent = matches!(response.sw, Sw::RECORD_NOT_FOUND | Sw::FILE_NOT_FOUND);
        let refused = IssueError::Refused {
            action: Action::Read(path.to_owned()),
            sw: response.sw,
            reason: channel.reason().map(Box::new),
        };
        return if absent { Ok(None) } else { Err(refused) };
    }
    match response.data.split_first_chunk::<2>() {
        Some((&[found, stated], value)) if found == tag && usize::from(stated) == value.len() => {
            Ok(Some(value.to_vec()))
        }
        _ => Err(IssueError::Answer {
            action: Action::Read(path.to_owned()),
        }),
    }
}

/// A value as text.
fn plain(profile: &Profile, path: &str, value: &[u8]) -> Option<String> {
    decode(locate(profile, path).ok()?.element(profile)?, value).plain()
}

/// Whether a value is something else than the fill of an empty item.
fn is_filled(value: &[u8]) -> bool {
    !value.iter().all(|b| matches!(b, 0x00 | 0x20 | 0x30 | 0xFF))
}

fn is_filled_array(value: &[u8; 4]) -> bool {
    *value != [0xFF; 4] && *value != [0; 4]
}

fn locate(profile: &Profile, path: &str) -> Result<Target, IssueError> {
    Target::find(profile, path).ok_or_else(|| profile_error(path))
}

fn profile_error(path: &str) -> IssueError {
    IssueError::Profile { path: path.to_owned() }
}

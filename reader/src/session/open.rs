//! Opening a card: SELECT, the free data, and the profile that follows from them. Nobody is asked for the generation.

use super::file::Reach;
use super::state::SecurityState;
use super::{Options, Session};
use crate::channel::Channel;
use crate::command::Command;
use crate::commands;
use crate::decode::{Value, decode};
use crate::error::{ReaderError, title};
use crate::link;
use crate::reset;
use crate::select::Fci;
use crate::wellknown;
use card_model::crypto::Algorithm;
use card_model::profile::{Profile, ProfileError};
use card_model::status::StatusWord;

/// What a card tells before any authentication (`spec/files.md` §3.4).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CardData {
    /// Card identification code, 16 bytes.
    pub card_id: Option<Vec<u8>>,
    /// Application city code, six digits: bytes 1–3 of the card identification code.
    pub region: Option<String>,
    /// Specification version, such as `3.00`.
    pub version: Option<String>,
    /// Card number, nine characters.
    pub card_number: Option<String>,
}

/// The profile whose tables are used until the version is known.
const FIRST_PROFILE: &str = Profile::BUILTIN[0];

impl<'a> Session<'a> {
    /// Opens the card behind a channel: selects the social security environment, reads what is free, and picks the
    /// built-in profile of the card's specification version.
    ///
    /// # Errors
    /// The transport failed, the card is no social security card, or its version is not known.
    pub fn open(channel: Box<dyn Channel + 'a>) -> Result<Self, ReaderError> {
        Self::open_choosing(channel, as_it_is)
    }

    /// The same, where `choose` may lay a provincial extension over the card's version.
    ///
    /// # Errors
    /// As [`Session::open`], and those of `choose`.
    pub fn open_choosing(
        channel: Box<dyn Channel + 'a>,
        choose: impl FnOnce(&'static Profile) -> Result<&'a Profile, ProfileError>,
    ) -> Result<Self, ReaderError> {
        let mut session = Self::begin(channel, Profile::builtin(FIRST_PROFILE)?)?;
        session.read_free_data()?;
        session.profile = choose(session.profile_of_card()?)?;
        Ok(session)
    }

    /// Opens the card with a given profile, for cards that do not hold their version yet and for provincial profiles.
    ///
    /// # Errors
    /// The transport failed, or the card has no social security environment.
    pub fn open_as(channel: Box<dyn Channel + 'a>, profile: &'a Profile) -> Result<Self, ReaderError> {
        let mut session = Self::begin(channel, profile)?;
        session.read_free_data()?;
        Ok(session)
    }

    fn begin(mut channel: Box<dyn Channel + 'a>, profile: &'a Profile) -> Result<Self, ReaderError> {
        let index = profile.index_of(wellknown::ENVIRONMENT).unwrap_or_default();
        let (name, fid) = profile
            .dedicated_files
            .get(index)
            .map(|df| {
                (
                    df.name.clone(),
                    df.parent
                        .and_then(|parent| profile.dedicated_files.get(parent))
                        .map(|mf| mf.fid),
                )
            })
            .unwrap_or_default();
        let select = commands::select_name(&name)?;
        let mut response = link::exchange(&mut *channel, &select)?;
        if !response.sw.is_ok()
            && let Some(fid) = fid
        {
            // Some cards want the master file selected first (files.md §9 trap 9). Whether that works is told by what follows.
            link::exchange(&mut *channel, &commands::select_dedicated_file(fid)?)?;
            response = link::exchange(&mut *channel, &select)?;
        }
        if !response.sw.is_ok() {
            return Err(closed(&mut *channel, &select, response.sw)?);
        }
        let fci = Fci::parse(&response.data).unwrap_or_default();
        let mut state = SecurityState::default();
        state.selected(index);
        Ok(Self {
            historical: reset::historical(&channel.reset_answer().bytes),
            algorithm: fci.cipher(""),
            channel,
            profile,
            fci,
            data: CardData::default(),
            security: None,
            pins: None,
            options: Options::default(),
            state,
        })
    }

    /// Reads card identification code, version and card number. What the card refuses or does not have stays empty: a
    /// blank structure is no error.
    pub(super) fn read_free_data(&mut self) -> Result<(), ReaderError> {
        let id = self.free_element(wellknown::CARD_ID)?;
        let version = self.free_element(wellknown::SPECIFICATION_VERSION)?;
        let number = self.free_element(wellknown::CARD_NUMBER)?;
        let card_id = id.map(|(_, raw)| raw);
        let region = card_id.as_deref().and_then(region_of);
        if let Some(region) = &region {
            self.algorithm = self.fci.cipher(region);
        }
        let text = |found: Option<(Value, Vec<u8>)>| {
            found
                .and_then(|(value, _)| value.plain())
                .filter(|text| !text.is_empty())
        };
        self.data = CardData {
            card_id,
            region,
            version: text(version),
            card_number: text(number),
        };
        Ok(())
    }

    /// Value and bytes of a filled element; `None` if it is empty, not there or not free on this card.
    fn free_element(&mut self, path: &str) -> Result<Option<(Value, Vec<u8>)>, ReaderError> {
        let profile = self.profile;
        let located = profile.locate(path)?;
        let Some(element) = located.element else {
            return Ok(None);
        };
        let tag = element.tag.unwrap_or(0);
        let reach = Reach::of(profile, &located);
        match self.read_tagged(&reach, tag, 1, element.length) {
            Ok(Some(raw)) => {
                // Some cards keep more bytes than the element has (files.md §9 trap 10).
                let raw = raw
                    .get(..usize::from(element.length))
                    .map_or(raw.clone(), <[u8]>::to_vec);
                let value = decode(element, &raw);
                Ok((value != Value::Empty).then_some((value, raw)))
            }
            Ok(None) | Err(ReaderError::Refused { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The built-in profile of the version the card tells. An empty version means 1.0 – except on a card that announces
    /// SM4, which came with generation 3, and on a structure nobody has written to yet: that has no card identification
    /// code either, and is known by the directory file its environment announces (0B on 1.0 cards, 1E since 2.0).
    fn profile_of_card(&self) -> Result<&'static Profile, ReaderError> {
        let version = self.data.version.as_deref().unwrap_or("");
        if version.is_empty() && self.algorithm == Ok(Algorithm::Sm4) {
            return Ok(Profile::builtin(FIRST_PROFILE)?);
        }
        if version.is_empty()
            && self.data.card_id.is_none()
            && let Some(unwritten) = self.profile_by_directory()
        {
            return Ok(unwritten);
        }
        Ok(Profile::for_specification_version(version)?)
    }

    /// The one built-in profile whose environment has this card's cipher, announces it as this card does, and has this
    /// card's directory file.
    fn profile_by_directory(&self) -> Option<&'static Profile> {
        let fits = |profile: &&Profile| {
            profile.dedicated_file(wellknown::ENVIRONMENT).is_some_and(|df| {
                df.directory_sfi == self.fci.directory_sfi
                    && df.announces_algorithm == self.fci.algorithm.is_some()
                    && Ok(profile.algorithm) == self.algorithm
            })
        };
        let mut found = Profile::BUILTIN
            .iter()
            .filter_map(|name| Profile::builtin(name).ok())
            .filter(fits);
        found
            .next()
            .filter(|_| found.next().is_none() && self.fci.directory_sfi.is_some())
    }

    /// Reads card identification code and card number again and compares them: the same card is still there. Terminals do
    /// so before every later operation (`spec/files.md` §8.1).
    ///
    /// # Errors
    /// Another card, or the card could not be read.
    pub fn check_same_card(&mut self) -> Result<(), ReaderError> {
        let same = |now: Option<(Value, Vec<u8>)>, before: Option<String>| {
            now.and_then(|(value, _)| value.plain()).filter(|text| !text.is_empty()) == before
        };
        let id = self.free_element(wellknown::CARD_ID)?.map(|(_, raw)| raw);
        let number = self.free_element(wellknown::CARD_NUMBER)?;
        if id != self.data.card_id || !same(number, self.data.card_number.clone()) {
            self.forget();
            return Err(ReaderError::OtherCard);
        }
        Ok(())
    }
}

/// The card's version without any extension.
fn as_it_is<'a>(version: &'static Profile) -> Result<&'a Profile, ProfileError> {
    Ok(version)
}

/// Region in a card identification code: six decimal digits in its first three bytes.
/// Why the environment of a card cannot be selected: the card is blocked, the environment is, or it is no such card.
fn closed(channel: &mut dyn Channel, select: &Command, sw: StatusWord) -> Result<ReaderError, ReaderError> {
    Ok(match sw {
        // GET CHALLENGE needs no file, so only a blocked card refuses it so (STD-P5 §6.2).
        StatusWord::FUNCTION_NOT_SUPPORTED
            if link::exchange(channel, &commands::get_challenge(8))?.sw == StatusWord::FUNCTION_NOT_SUPPORTED =>
        {
            ReaderError::CardBlocked
        }
        // Blocked for good (STD-P5 §6.1), or for a time as bank applications are: 6283 with the FCI (ISO/IEC 7816-4).
        StatusWord::APPLICATION_BLOCKED | StatusWord::FILE_INVALIDATED | StatusWord::FILE_TERMINATED => {
            ReaderError::Refused {
                command: title(select),
                path: Some(wellknown::ENVIRONMENT.to_owned()),
                sw,
                rule: None,
            }
        }
        sw => ReaderError::NotSocialSecurityCard { sw },
    })
}

fn region_of(card_id: &[u8]) -> Option<String> {
    let digits = hex::encode(card_id.get(..3)?);
    digits.bytes().all(|b| b.is_ascii_digit()).then_some(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn region() {
        assert_eq!(region_of(&[0x99, 0x01, 0x01, 0xD1]), Some("990101".to_owned()));
        assert_eq!(region_of(&[0xFF, 0xFF, 0xFF]), None);
        assert_eq!(region_of(&[0x99]), None);
    }
}

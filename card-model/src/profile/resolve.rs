//! From the merged draft to the profile: every field present, every value in its range.

use crate::crypto::Algorithm;
use crate::profile::check;
use crate::profile::draft::{Cell, Draft, DraftDedicatedFile, DraftKey, DraftPin, Field, Place};
use crate::profile::elements::elementary_file;
use crate::profile::error::{Fault, ProfileError};
use crate::profile::rule::Thing;
use crate::profile::{
    AnswerToReset, DedicatedFile, DedicatedFileKind, FileClass, KeyDefinition, KeyLevel, KeyPair, KeyRole, Meaning,
    OsDefaults, PinDefinition, PinPolicy, PinRole, Profile,
};
use crate::psam::Usage;

/// Turns a draft into a profile and checks it as a whole.
pub(super) fn resolve(draft: &Draft) -> Result<Profile, ProfileError> {
    let top = At {
        draft,
        place: draft.place,
        path: String::new(),
    };
    let mut profile = Profile {
        name: top.text("name", &draft.name)?,
        zh: top.text("zh", &draft.zh)?,
        en: top.text("en", &draft.en)?,
        generation: top.number("generation", &draft.generation, 1, 3)?,
        specification_version: top.text("specification_version", &draft.specification_version)?,
        algorithm: top.one_of("algorithm", &draft.algorithm, ALGORITHMS)?,
        reset: AnswerToReset {
            contact: top.hex("reset.contact", &draft.contact)?,
            contactless: Some(top.hex("reset.contactless", &draft.contactless)?).filter(|bytes| !bytes.is_empty()),
            maker: top.hex_array("reset.maker", &draft.maker)?,
        },
        pin: PinPolicy {
            min_digits: top.number("pin.min_digits", &draft.min_digits, 4, 16)?,
            max_digits: top.number("pin.max_digits", &draft.max_digits, 4, 16)?,
            tries: top.number("pin.tries", &draft.pin_tries, 1, 15)?,
        },
        os: OsDefaults {
            key_tries: top.number("os.key_tries", &draft.key_tries, 1, 15)?,
            memory: top.need("os.memory", &draft.memory)?.value,
            test_transport_key: top.hex_array("os.test_transport_key", &draft.test_transport_key)?,
        },
        dedicated_files: Vec::new(),
    };
    if profile.pin.min_digits > profile.pin.max_digits {
        let (value, most) = (profile.pin.min_digits.into(), profile.pin.max_digits.into());
        let place = draft.min_digits.as_ref().map_or(draft.place, |cell| cell.place);
        return Err(draft.error(
            place,
            "",
            Fault::Range {
                field: "pin.min_digits",
                value,
                least: 4,
                most,
            },
        ));
    }
    for df in &draft.dedicated_files {
        let at = At {
            draft,
            place: df.place,
            path: df.id.clone(),
        };
        let resolved = dedicated_file(&at, df, &profile)?;
        profile.dedicated_files.push(resolved);
    }
    check::profile(&profile).map_err(|(spot, fault)| spot.error(draft, fault))?;
    Ok(profile)
}

/// A place in draft and tree, for errors.
pub(super) struct At<'a> {
    draft: &'a Draft,
    pub(super) place: Place,
    pub(super) path: String,
}

impl<'a> At<'a> {
    pub(super) fn below(&self, place: Place, path: String) -> Self {
        Self {
            draft: self.draft,
            place,
            path,
        }
    }

    pub(super) fn error(&self, place: Place, fault: Fault) -> ProfileError {
        self.draft.error(place, self.path.clone(), fault)
    }

    pub(super) fn need<'f, T>(&self, name: &'static str, field: &'f Field<T>) -> Result<&'f Cell<T>, ProfileError> {
        field
            .as_ref()
            .ok_or_else(|| self.error(self.place, Fault::Missing(name)))
    }

    pub(super) fn text(&self, name: &'static str, field: &Field<String>) -> Result<String, ProfileError> {
        let cell = self.need(name, field)?;
        if cell.value.trim().is_empty() {
            return Err(self.error(cell.place, Fault::Missing(name)));
        }
        Ok(cell.value.clone())
    }

    pub(super) fn range<T: Copy + Into<u32>>(
        &self,
        field: &'static str,
        cell: &Cell<T>,
        least: u32,
        most: u32,
    ) -> Result<T, ProfileError> {
        let value = cell.value.into();
        if (least..=most).contains(&value) {
            Ok(cell.value)
        } else {
            Err(self.error(
                cell.place,
                Fault::Range {
                    field,
                    value,
                    least,
                    most,
                },
            ))
        }
    }

    pub(super) fn number<T: Copy + Into<u32>>(
        &self,
        name: &'static str,
        field: &Field<T>,
        least: u32,
        most: u32,
    ) -> Result<T, ProfileError> {
        self.range(name, self.need(name, field)?, least, most)
    }

    pub(super) fn one_of<T: Copy>(
        &self,
        field: &'static str,
        value: &Field<String>,
        words: Words<T>,
    ) -> Result<T, ProfileError> {
        let cell = self.need(field, value)?;
        words.find(&cell.value).ok_or_else(|| {
            self.error(
                cell.place,
                Fault::NotOneOf {
                    field,
                    value: cell.value.clone(),
                    allowed: words.allowed,
                },
            )
        })
    }

    fn hex(&self, field: &'static str, value: &Field<String>) -> Result<Vec<u8>, ProfileError> {
        let cell = self.need(field, value)?;
        hex::decode(&cell.value).map_err(|_| {
            self.error(
                cell.place,
                Fault::Hex {
                    field,
                    value: cell.value.clone(),
                },
            )
        })
    }

    fn hex_array<const N: usize>(&self, field: &'static str, value: &Field<String>) -> Result<[u8; N], ProfileError> {
        let cell = self.need(field, value)?;
        let bytes = self.hex(field, value)?;
        bytes.try_into().map_err(|_| {
            self.error(
                cell.place,
                Fault::Hex {
                    field,
                    value: cell.value.clone(),
                },
            )
        })
    }
}

/// The words of a field and what they stand for.
#[derive(Clone, Copy)]
pub(super) struct Words<T: 'static> {
    allowed: &'static str,
    words: &'static [(&'static str, T)],
}

impl<T: Copy> Words<T> {
    fn find(&self, word: &str) -> Option<T> {
        self.words
            .iter()
            .find(|(known, _)| *known == word)
            .map(|(_, value)| *value)
    }
}

macro_rules! words {
    ($($name:ident: $type:ty { $first:literal => $first_value:expr $(, $word:literal => $value:expr)* })+) => {
        $(pub(super) const $name: Words<$type> = Words {
            allowed: concat!($first $(, ", ", $word)*),
            words: &[($first, $first_value) $(, ($word, $value))*],
        };)+
    };
}

words! {
    ALGORITHMS: Algorithm { "SM4" => Algorithm::Sm4, "3DES" => Algorithm::TripleDes }
    KINDS: DedicatedFileKind {
        "MF" => DedicatedFileKind::Mf, "DDF" => DedicatedFileKind::Ddf, "ADF" => DedicatedFileKind::Adf
    }
    ROLES: KeyRole {
        "internal authentication" => KeyRole::InternalAuthentication,
        "external authentication" => KeyRole::ExternalAuthentication,
        "secure messaging" => KeyRole::SecureMessaging,
        "PIN unblock" => KeyRole::PinUnblock,
        "card block" => KeyRole::CardBlock,
        "application block" => KeyRole::ApplicationBlock,
        "starting day" => KeyRole::StartingDay,
        "purchase" => KeyRole::Purchase,
        "load" => KeyRole::Load,
        "TAC" => KeyRole::Tac
    }
    PIN_ROLES: PinRole { "user" => PinRole::User, "administrator" => PinRole::Administrator }
    KEY_PAIRS: KeyPair { "signing" => KeyPair::Signing, "encryption" => KeyPair::Encryption }
    LEVELS: KeyLevel {
        "ministry" => KeyLevel::Ministry, "province" => KeyLevel::Province, "issuer" => KeyLevel::Issuer
    }
    CLASSES: FileClass {
        "active" => FileClass::Active, "predefined" => FileClass::Predefined, "reserved" => FileClass::Reserved,
        "optional" => FileClass::Optional, "system" => FileClass::System
    }
    MEANINGS: Meaning {
        "text" => Meaning::Text, "date" => Meaning::Date, "month" => Meaning::Month, "year" => Meaning::Year,
        "time" => Meaning::Time, "amount" => Meaning::Amount, "count" => Meaning::Count, "region" => Meaning::Region,
        "person name" => Meaning::PersonName, "person number" => Meaning::PersonNumber, "binary" => Meaning::Binary
    }
    STRUCTURES: Shape {
        "linear variable" => Shape::Variable, "linear fixed" => Shape::Fixed, "cyclic" => Shape::Cyclic,
        "transparent" => Shape::Transparent, "internal" => Shape::Internal
    }
}

impl KeyRole {
    /// The role with this word in a profile.
    pub(crate) fn from_word(word: &str) -> Option<Self> {
        ROLES.find(word)
    }

    /// The words, for errors.
    pub(crate) const fn words() -> &'static str {
        ROLES.allowed
    }
}

#[derive(Clone, Copy)]
pub(super) enum Shape {
    Variable,
    Fixed,
    Cyclic,
    Transparent,
    Internal,
}

fn dedicated_file(at: &At<'_>, df: &DraftDedicatedFile, profile: &Profile) -> Result<DedicatedFile, ProfileError> {
    let parent = match &df.parent {
        None => None,
        Some(cell) => {
            let position = profile
                .dedicated_files
                .iter()
                .position(|parent| parent.id == cell.value);
            let unknown = || {
                at.error(
                    cell.place,
                    Fault::Unknown {
                        what: Thing::Parent,
                        name: cell.value.clone(),
                    },
                )
            };
            Some(position.ok_or_else(unknown)?)
        }
    };
    let keys = df
        .keys
        .iter()
        .map(|key| key_definition(&at.below(key.place, format!("{}/{}", df.id, key.name)), key, profile));
    let keys = keys.collect::<Result<Vec<_>, _>>()?;
    let pins = df
        .pins
        .iter()
        .map(|pin| pin_definition(&at.below(pin.place, format!("{}/{}", df.id, pin.name)), pin, profile));
    let pins = pins.collect::<Result<Vec<_>, _>>()?;
    let files = df
        .files
        .iter()
        .map(|ef| elementary_file(&at.below(ef.place, format!("{}/{:04X}", df.id, ef.fid)), ef));
    let files = files.collect::<Result<Vec<_>, _>>()?;
    Ok(DedicatedFile {
        id: df.id.clone(),
        kind: at.one_of("kind", &df.kind, KINDS)?,
        parent,
        fid: at.need("fid", &df.fid)?.value,
        name: if df.name.is_some() {
            at.hex("name", &df.name)?
        } else {
            Vec::new()
        },
        label: df.label.as_ref().map(|cell| cell.value.clone()),
        zh: at.text("zh", &df.zh)?,
        en: at.text("en", &df.en)?,
        directory_sfi: df.directory_sfi.as_ref().map(|cell| cell.value),
        announces_algorithm: df.announces_algorithm.as_ref().is_some_and(|cell| cell.value),
        has_pin: df.has_pin.as_ref().is_some_and(|cell| cell.value),
        keys,
        pins,
        files,
    })
}

fn key_definition(at: &At<'_>, key: &DraftKey, profile: &Profile) -> Result<KeyDefinition, ProfileError> {
    let role = match &key.role {
        None => KeyRole::ExternalAuthentication,
        Some(_) => at.one_of("role", &key.role, ROLES)?,
    };
    let tries = match &key.tries {
        None => Some(profile.os.key_tries),
        Some(cell) => Some(at.range("tries", cell, 0, 15)?).filter(|tries| *tries > 0),
    };
    let length = match &key.length {
        None => 16,
        Some(cell) => match (cell.value, profile.algorithm) {
            (16, _) | (8, Algorithm::TripleDes) => cell.value,
            (value, algorithm) => {
                let least = if algorithm == Algorithm::Sm4 { 16 } else { 8 };
                return Err(at.error(
                    cell.place,
                    Fault::Range {
                        field: "length",
                        value: value.into(),
                        least,
                        most: 16,
                    },
                ));
            }
        },
    };
    if let Some(cell) = &key.psam
        && Usage::from_byte(cell.value[0]).is_none()
    {
        return Err(at.error(cell.place, Fault::PsamUsage(cell.value[0])));
    }
    Ok(KeyDefinition {
        name: key.name.clone(),
        zh: at.text("zh", &key.zh)?,
        en: at.text("en", &key.en)?,
        role,
        id: at.need("id", &key.id)?.value,
        index: key.index.as_ref().map(|cell| cell.value),
        psam: key.psam.as_ref().map(|cell| (cell.value[0], cell.value[1])),
        hsm: key.hsm.as_ref().map(|cell| cell.value),
        level: at.one_of("level", &key.level, LEVELS)?,
        versions: match &key.versions {
            None => 1,
            Some(cell) => at.range("versions", cell, 1, 3)?,
        },
        length,
        tries,
    })
}

fn pin_definition(at: &At<'_>, pin: &DraftPin, profile: &Profile) -> Result<PinDefinition, ProfileError> {
    Ok(PinDefinition {
        name: pin.name.clone(),
        zh: at.text("zh", &pin.zh)?,
        en: at.text("en", &pin.en)?,
        role: at.one_of("role", &pin.role, PIN_ROLES)?,
        id: at.need("id", &pin.id)?.value,
        tries: match &pin.tries {
            None => profile.pin.tries,
            Some(cell) => at.range("tries", cell, 1, 15)?,
        },
    })
}

//! From the merged draft to the profile: every field present, every value in its range.

use crate::crypto::Algorithm;
use crate::profile::check;
use crate::profile::draft::{Cell, Draft, DraftDedicatedFile, DraftKey, DraftPin, Field, Place};
use crate::profile::elements::elementary_file;
use crate::profile::error::{Fault, ProfileError};
use crate::profile::rule::{Rule, Thing};
use crate::profile::{
    AnswerToReset, DedicatedFile, DedicatedFileKind, FileClass, KeyDefinition, KeyLevel, KeyPair, KeyRole, Meaning,
    OsDefaults, PinDefinition, PinPolicy, PinRole, Profile,
};
use crate::psam::Usage;

/// Turns a draft into a profile and checks it as a whole.
///
/// # Errors
/// All that is wrong with values by themselves; if nothing is, all that is wrong with them together.
pub(super) fn resolve(mut draft: Draft) -> Result<Profile, Vec<ProfileError>> {
    let mut faults = Faults(core::mem::take(&mut draft.faults));
    let profile = profile(&draft, &mut faults);
    let mut faults = faults.0;
    if faults.is_empty() {
        let checked = check::profile(&profile).into_iter();
        faults.extend(checked.map(|(spot, fault)| spot.error(&draft, fault)));
    }
    if faults.is_empty() {
        return Ok(profile);
    }
    let order = |error: &ProfileError| draft.sources.iter().position(|name| *name == error.file);
    faults.sort_by_key(|error| (order(error), error.line));
    faults.dedup();
    Err(faults)
}

/// What is wrong so far.
pub(super) struct Faults(Vec<ProfileError>);

impl Faults {
    /// The value, or nothing and one fault more.
    pub(super) fn take<T>(&mut self, result: Result<T, ProfileError>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(error) => {
                self.0.push(error);
                None
            }
        }
    }
}

fn profile(draft: &Draft, faults: &mut Faults) -> Profile {
    let top = At {
        draft,
        place: draft.place,
        path: String::new(),
    };
    let name = faults.take(profile_name(&top, draft));
    let zh = faults.take(top.text("zh", &draft.zh));
    let en = faults.take(top.text("en", &draft.en));
    let generation = faults.take(top.number("generation", &draft.generation, 1, 3));
    let specification_version = faults.take(top.text("specification_version", &draft.specification_version));
    let algorithm = faults.take(top.one_of("algorithm", &draft.algorithm, ALGORITHMS));
    let contact = faults.take(top.hex("reset.contact", &draft.contact));
    let contactless = faults.take(top.hex("reset.contactless", &draft.contactless));
    let maker = faults.take(top.hex_array("reset.maker", &draft.maker));
    let least = faults.take(top.number("pin.min_digits", &draft.min_digits, 4, 16));
    let most = faults.take(top.number("pin.max_digits", &draft.max_digits, 4, 16));
    let pin_tries = faults.take(top.number("pin.tries", &draft.pin_tries, 1, 15));
    let key_tries = faults.take(top.number("os.key_tries", &draft.key_tries, 1, 15));
    let memory = faults.take(top.need("os.memory", &draft.memory).map(|cell| cell.value));
    let transport = faults.take(top.hex_array("os.test_transport_key", &draft.test_transport_key));
    if let (Some(cell), Some(most)) = (&draft.min_digits, most) {
        let _ = faults.take(top.range("pin.min_digits", cell, 4, most.into()));
    }
    // With a fault above, what stands here is only a place to look at the rest from.
    let mut profile = Profile {
        name: name.unwrap_or_default(),
        zh: zh.unwrap_or_default(),
        en: en.unwrap_or_default(),
        generation: generation.unwrap_or(3),
        specification_version: specification_version.unwrap_or_default(),
        algorithm: algorithm.unwrap_or(Algorithm::TripleDes),
        reset: AnswerToReset {
            contact: contact.unwrap_or_default(),
            contactless: contactless.filter(|bytes| !bytes.is_empty()),
            maker: maker.unwrap_or_default(),
        },
        pin: PinPolicy {
            min_digits: least.unwrap_or(4),
            max_digits: most.unwrap_or(16),
            tries: pin_tries.unwrap_or(3),
        },
        os: OsDefaults {
            key_tries: key_tries.unwrap_or(3),
            memory: memory.unwrap_or_default(),
            test_transport_key: transport.unwrap_or_default(),
        },
        dedicated_files: Vec::new(),
    };
    for df in &draft.dedicated_files {
        let at = At {
            draft,
            place: df.place,
            path: df.id.clone(),
        };
        let resolved = dedicated_file(&at, df, &profile, faults);
        profile.dedicated_files.extend(resolved);
    }
    profile
}

/// The name goes into the card maker's label of a blank card, which has 16 bytes.
fn profile_name(top: &At<'_>, draft: &Draft) -> Result<String, ProfileError> {
    let name = top.text("name", &draft.name)?;
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    if name.len() <= LABEL && name.chars().all(fits) {
        return Ok(name);
    }
    let place = draft.name.as_ref().map_or(draft.place, |cell| cell.place);
    Err(top.error(place, check::broken(Rule::ProfileName, name)))
}

/// Most characters of a profile's name.
const LABEL: usize = 16;

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

impl<T: PartialEq> Words<T> {
    /// The word for a value.
    pub(super) fn word(&self, value: &T) -> Option<&'static str> {
        self.words
            .iter()
            .find(|(_, known)| known == value)
            .map(|(word, _)| *word)
    }
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

fn dedicated_file(
    at: &At<'_>,
    df: &DraftDedicatedFile,
    profile: &Profile,
    faults: &mut Faults,
) -> Option<DedicatedFile> {
    let parent = match &df.parent {
        None => Some(None),
        Some(cell) => {
            let known = |parent: &DraftDedicatedFile| parent.id == cell.value;
            let found = profile
                .dedicated_files
                .iter()
                .position(|parent| parent.id == cell.value);
            // A parent that is there but wrong has its own fault.
            let wrong = at
                .draft
                .dedicated_files
                .iter()
                .take_while(|other| other.id != df.id)
                .any(known);
            let unknown = Fault::Unknown {
                what: Thing::Parent,
                name: cell.value.clone(),
            };
            match found {
                Some(parent) => Some(Some(parent)),
                None if wrong => None,
                None => faults.take(Err(at.error(cell.place, unknown))),
            }
        }
    };
    let mut whole = true;
    let mut keys = Vec::with_capacity(df.keys.len());
    for key in &df.keys {
        let at = at.below(key.place, format!("{}/{}", df.id, key.name));
        match faults.take(key_definition(&at, key, profile)) {
            Some(key) => keys.push(key),
            None => whole = false,
        }
    }
    let mut pins = Vec::with_capacity(df.pins.len());
    for pin in &df.pins {
        let at = at.below(pin.place, format!("{}/{}", df.id, pin.name));
        match faults.take(pin_definition(&at, pin, profile)) {
            Some(pin) => pins.push(pin),
            None => whole = false,
        }
    }
    let mut files = Vec::with_capacity(df.files.len());
    for ef in &df.files {
        let at = at.below(ef.place, format!("{}/{:04X}", df.id, ef.fid));
        match elementary_file(&at, ef, faults) {
            Some(file) => files.push(file),
            None => whole = false,
        }
    }
    let kind = faults.take(at.one_of("kind", &df.kind, KINDS));
    let fid = faults.take(at.need("fid", &df.fid).map(|cell| cell.value));
    let name = match &df.name {
        Some(_) => faults.take(at.hex("name", &df.name)),
        None => Some(Vec::new()),
    };
    let zh = faults.take(at.text("zh", &df.zh));
    let en = faults.take(at.text("en", &df.en));
    Some(DedicatedFile {
        id: df.id.clone(),
        kind: kind?,
        parent: parent?,
        fid: fid?,
        name: name?,
        label: df.label.as_ref().map(|cell| cell.value.clone()),
        zh: zh?,
        en: en?,
        directory_sfi: df.directory_sfi.as_ref().map(|cell| cell.value),
        announces_algorithm: df.announces_algorithm.as_ref().is_some_and(|cell| cell.value),
        has_pin: df.has_pin.as_ref().is_some_and(|cell| cell.value),
        keys,
        pins,
        files,
    })
    .filter(|_| whole)
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

//! Which keys a PSAM gets, and in which form.

use super::{LoadedKey, PsamIssueError};
use crate::numbers::Region;
use card_model::crypto::{Algorithm, diversify};
use card_model::profile::{KeyDefinition, KeyRole, Profile};
use card_model::psam::{KeyKind, KeyRecord, Level, PsamDescription, Usage};
use card_model::secret::Key;
use jiff::civil::Date;
use reader::security::{CardIdentity, KeyFile, RootKey, RootLevel};

/// How far down the key hierarchy a PSAM stands: how many diversifications are left to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PsamLevel {
    /// The roots themselves: three levels for ministry keys (67), two for province keys (48). Serves every card.
    Ministry,
    /// Keys of one province: two levels (47, 48).
    Province,
    /// Keys of one city: one level (27, 28).
    City,
    /// The usage that the card profile lists for each key (67, 47, 26 …), as STD-P9 prints them for the terminals of one city.
    Listed,
}

/// Region of a PSAM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PsamRegion {
    /// None: digits 000000 in the terminal number. For a PSAM that serves every card.
    Nationwide,
    /// Six digits.
    Of(Region),
}

/// What a PSAM shall become.
#[derive(Debug, Clone)]
pub struct PsamPlan<'a> {
    /// Card profiles whose keys it holds.
    pub profiles: &'a [&'a Profile],
    /// Roots of the keys.
    pub keys: &'a KeyFile,
    /// Level.
    pub level: PsamLevel,
    /// Region; a level below the ministry needs one.
    pub region: PsamRegion,
    /// Last six digits of the terminal number, below 1 000 000.
    pub number: u32,
    /// Version of the card keys that it holds, 1 to 3; keys that have fewer versions come in the version they have, those of
    /// the medical account in version 1, the only one that transactions use.
    pub version: u8,
    /// Which purchase key the terminal shall use, 1 to 3.
    pub purchase_key: u8,
    /// First day of use.
    pub start: Date,
    /// Last day of use.
    pub end: Date,
    /// Ciphers whose keys it holds, as far as the key file has them.
    pub algorithms: &'a [Algorithm],
    /// Names of keys that it shall not hold.
    pub without: &'a [String],
}

/// A key on its way into the PSAM.
pub(super) struct PlannedKey {
    pub loaded: LoadedKey,
    pub record: KeyRecord,
    pub file: Level,
}

/// Keys of one cipher.
pub(super) struct PlannedKeys {
    pub keys: Vec<PlannedKey>,
    pub shadowed: Vec<String>,
}

impl PsamPlan<'_> {
    /// Terminal number: six digits of the region, six of the terminal.
    pub(super) fn terminal_number(&self) -> [u8; 6] {
        let mut bytes = [0; 6];
        if let PsamRegion::Of(region) = &self.region {
            bytes[..3].copy_from_slice(&region.packed());
        }
        for (i, byte) in bytes[3..].iter_mut().rev().enumerate() {
            let two = u8::try_from(self.number / 100u32.pow(u32::try_from(i).unwrap_or(0)) % 100).unwrap_or(0);
            *byte = (two / 10) << 4 | (two % 10);
        }
        bytes
    }

    /// Whether keys of a cipher are wanted and there.
    pub(super) fn has(&self, algorithm: Algorithm) -> bool {
        self.algorithms.contains(&algorithm) && self.keys.keys().iter().any(|key| key.algorithm == algorithm)
    }

    /// The keys for one cipher: those of the profiles that use it.
    pub(super) fn keys_for(
        &self,
        algorithm: Algorithm,
        description: &PsamDescription,
    ) -> Result<PlannedKeys, PsamIssueError> {
        let mut planned = PlannedKeys {
            keys: Vec::new(),
            shadowed: Vec::new(),
        };
        let definitions = self
            .profiles
            .iter()
            .filter(|profile| profile.algorithm == algorithm)
            .flat_map(|profile| profile.keys())
            .map(|(_, definition)| definition);
        for definition in definitions {
            let Some((listed, id)) = definition
                .psam
                .and_then(|(usage, id)| Some((Usage::from_byte(usage)?, id)))
            else {
                continue;
            };
            if self.without.contains(&definition.name) {
                continue;
            }
            let (version, root) = self.root(definition, algorithm)?;
            let Some((usage, value)) = self.value(listed, root)? else {
                continue;
            };
            for kind in forms(description, definition, usage.kind) {
                let usage = Usage { kind, ..usage };
                planned.add(PlannedKey {
                    loaded: LoadedKey {
                        name: root.title(),
                        usage,
                        id,
                        algorithm,
                        version,
                    },
                    record: KeyRecord {
                        usage: Some(usage),
                        id,
                        algorithm,
                        key: value.clone(),
                    },
                    file: match root.level {
                        RootLevel::Ministry => Level::National,
                        RootLevel::Province => Level::Province,
                        RootLevel::City | RootLevel::Issuer => Level::City,
                    },
                });
            }
        }
        Ok(planned)
    }

    fn root(&self, definition: &KeyDefinition, algorithm: Algorithm) -> Result<(u8, &RootKey), PsamIssueError> {
        let version = if definition.role.is_transaction() {
            1
        } else {
            self.version.clamp(1, definition.versions.max(1))
        };
        let length = match algorithm {
            Algorithm::Sm4 => 16,
            Algorithm::TripleDes => definition.length,
        };
        self.keys
            .find(&definition.name, definition.index, version, algorithm, length)
            .map(|root| (version, root))
            .ok_or_else(|| PsamIssueError::KeyMissing {
                name: definition.name.clone(),
                version,
                algorithm,
            })
    }

    /// The root diversified down to the level of the PSAM. `None` for the issuer's own keys.
    fn value(&self, listed: Usage, root: &RootKey) -> Result<Option<(Usage, Key)>, PsamIssueError> {
        let depth = match root.level {
            RootLevel::Ministry => 3,
            RootLevel::Province => 2,
            RootLevel::City => 1,
            RootLevel::Issuer => return Ok(None),
        };
        let levels = match self.level {
            PsamLevel::Ministry => depth,
            PsamLevel::Province => depth.min(2),
            PsamLevel::City => 1,
            PsamLevel::Listed => depth.min(listed.levels),
        };
        let mut value = root.value.clone();
        if levels < depth {
            let PsamRegion::Of(region) = &self.region else {
                return Err(PsamIssueError::RegionNeeded);
            };
            let identity = CardIdentity {
                region: region.as_str().to_owned(),
                historical: [0; 13],
                algorithm: root.algorithm,
            };
            // Factors of a card that has all of them: province, city. The card's own is never used up here.
            let factors = [(3, identity.province_factor()), (2, identity.city_factor())];
            for (_, factor) in factors.iter().filter(|(step, _)| (levels + 1..=depth).contains(step)) {
                value = diversify(root.algorithm, &value, factor);
            }
        }
        Ok(Some((listed.with_levels(levels), value)))
    }
}

impl PlannedKeys {
    /// Adds a key unless its type and identifier are taken: by the same key of another profile, or by another key.
    fn add(&mut self, key: PlannedKey) {
        let taken = self
            .keys
            .iter()
            .find(|other| other.loaded.id == key.loaded.id && other.loaded.usage.kind == key.loaded.usage.kind);
        match taken {
            None => self.keys.push(key),
            Some(other) if other.record == key.record => {}
            Some(_) => self.shadowed.push(key.loaded.name),
        }
    }
}

/// The listed type and the further forms of the description for the key's role.
fn forms(description: &PsamDescription, definition: &KeyDefinition, listed: KeyKind) -> Vec<KeyKind> {
    let further = |(role, kind): &(KeyRole, KeyKind)| (*role == definition.role && *kind != listed).then_some(*kind);
    std::iter::once(listed)
        .chain(description.further_forms.iter().filter_map(further))
        .collect()
}

//! TEST PSAMs of every kind.

use crate::bench::{REGION, profile};
use card_model::card::Interface;
use card_model::crypto::Algorithm;
use card_model::profile::Profile;
use card_model::psam::{Cipher, Psam, PsamDescription};
use jiff::civil::date;
use personalize::numbers::Region;
use personalize::psam::{PsamLevel, PsamPlan, PsamRegion, PsamReport, new_psam, without_ciphers};
use reader::channel::{ModelChannel, system_entropy};
use reader::security::{KeyFile, PsamModule};

pub const SERIAL: [u8; 10] = [0x99, 0x01, 0, 0, 0, 0, 0, 0, 0, 1];

pub fn profiles() -> Vec<&'static Profile> {
    Profile::BUILTIN.iter().map(|name| profile(name)).collect()
}

pub fn description() -> &'static PsamDescription {
    PsamDescription::builtin().unwrap()
}

pub struct Recipe<'a> {
    pub level: PsamLevel,
    pub region: Option<&'a str>,
    pub version: u8,
    pub without: &'a [&'a str],
    pub without_ciphers: &'a [Cipher],
}

impl Default for Recipe<'_> {
    fn default() -> Self {
        Self {
            level: PsamLevel::Ministry,
            region: None,
            version: 1,
            without: &[],
            without_ciphers: &[],
        }
    }
}

impl Recipe<'_> {
    pub fn level(level: PsamLevel) -> Self {
        let region = (level != PsamLevel::Ministry).then_some(REGION);
        Self {
            level,
            region,
            ..Self::default()
        }
    }

    /// A PSAM issued after this recipe, and what was loaded.
    pub fn issue(&self, keys: &KeyFile) -> (ModelChannel<Psam>, PsamReport) {
        let description = without_ciphers(description(), self.without_ciphers);
        let blank = Psam::blank(&description, &SERIAL).unwrap();
        let mut channel = ModelChannel::new(blank, Interface::Contact, system_entropy().unwrap());
        let profiles = profiles();
        let without: Vec<String> = self.without.iter().map(|name| (*name).to_owned()).collect();
        let plan = PsamPlan {
            profiles: &profiles,
            keys,
            level: self.level,
            region: self.region.map_or(PsamRegion::Nationwide, |region| {
                PsamRegion::Of(Region::parse(region).unwrap())
            }),
            number: 123_456,
            version: self.version,
            purchase_key: 1,
            start: date(2026, 1, 2),
            end: date(2036, 1, 1),
            algorithms: &[Algorithm::Sm4, Algorithm::TripleDes],
            without: &without,
        };
        let report = new_psam(&mut channel, &description, &plan).unwrap();
        (channel, report)
    }

    pub fn module(&self, keys: &KeyFile) -> PsamModule<ModelChannel<Psam>> {
        PsamModule::open(self.issue(keys).0).unwrap().marked_test()
    }
}

//! Makes cards and PSAMs for every situation from one simulated card and its keys.

use super::facts::Facts;
use super::situation::{CardState, PsamState, Situation};
use crate::ConformanceError;
use crate::flow::{Player, Routines};
use crate::suite::Text;
use crate::terminal::{CertificatePins, Subject, Terminal};
use card_model::card::{Card, Interface};
use card_model::crypto::Algorithm;
use card_model::profile::{KeyPair, PinRole, Profile};
use card_model::psam::{Cipher, Psam, PsamDescription};
use card_model::secret::Pin;
use card_model::words::{Explain, Lang};
use jiff::civil::date;
use personalize::ca::{Authority, Lifetime};
use personalize::numbers::Region;
use personalize::psam::{PsamLevel, PsamPlan, PsamRegion, new_psam, without_ciphers};
use personalize::{Bench, ModelOs, structure};
use reader::certificate::request::name;
use reader::certificate::{BlockSize, CertificateApplication};
use reader::channel::{Channel, ModelChannel, TransportError, system_entropy};
use reader::hsm::StringHsm;
use reader::security::{CardIdentity, Hsm, HsmStanding, KeyFile};
use reader::session::Session;
use std::collections::BTreeMap;

/// A simulated card that is the pattern for all others, and what belongs to it.
#[derive(Clone)]
pub struct Specimen {
    /// Its memory.
    pub image: Vec<u8>,
    /// What it is.
    pub profile: Profile,
    /// What its keys are diversified by.
    pub identity: CardIdentity,
    /// Roots of its keys.
    pub keys: KeyFile,
    /// The holder's PIN.
    pub pin: Pin,
    /// The PINs of its certificate application: the user's and the administrator's.
    pub certificate_pins: Option<(Pin, Pin)>,
    /// The slot it is put into.
    pub interface: Interface,
}

/// Last six digits of the terminal number of the PSAMs.
const TERMINAL: u32 = 123_456;

/// What was made, or why it cannot be.
type Made = Result<Option<Vec<u8>>, Text>;

/// Makes cards and PSAMs.
pub struct Workshop {
    specimen: Specimen,
    routines: Routines,
    facts: Facts,
    hsm: Option<StringHsm>,
    cards: BTreeMap<(CardState, String), Made>,
    psams: BTreeMap<PsamState, Made>,
}

impl Workshop {
    /// Begins with a card; reads what is on it.
    ///
    /// # Errors
    /// The image is none of a card, or keys and PIN are not those of the card.
    pub fn new(mut specimen: Specimen, routines: &Routines) -> Result<Self, ConformanceError> {
        let slot = match specimen.interface {
            Interface::Contact => 1,
            Interface::Contactless => 2,
        };
        let mut channel = powered(&specimen.image, specimen.interface)?;
        let facts = with_terminal(&mut specimen, &mut channel, |terminal| Facts::read(terminal, slot))?;
        let hsm = Hsm::new("TEST HSM", &specimen.keys, HsmStanding::Ministry).ok();
        Ok(Self {
            hsm: hsm.map(|hsm| StringHsm::new(hsm, 1)),
            specimen,
            routines: routines.clone(),
            facts,
            cards: BTreeMap::new(),
            psams: BTreeMap::new(),
        })
    }

    /// What is known of the card.
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// An HSM with the card's keys.
    pub fn hsm(&self) -> Option<&StringHsm> {
        self.hsm.as_ref()
    }

    /// The slot of the card.
    pub fn interface(&self) -> Interface {
        self.specimen.interface
    }

    /// The memory of the card of a situation; `None` for no card.
    ///
    /// # Errors
    /// Why there is none.
    pub fn card(&mut self, situation: &Situation) -> Made {
        let key = (situation.card, format!("{:?}", situation.prepare));
        if let Some(made) = self.cards.get(&key) {
            return made.clone();
        }
        let made = self.make_card(situation);
        self.cards.insert(key, made.clone());
        made
    }

    fn make_card(&mut self, situation: &Situation) -> Made {
        let image = match situation.card {
            CardState::None => return Ok(None),
            CardState::Present => self.specimen.image.clone(),
            CardState::Mute if self.has_antenna() => {
                return Err(Text::new("该卡有两种界面", "the card has both interfaces"));
            }
            CardState::Mute => self.specimen.image.clone(),
            CardState::Foreign => Card::blank(&self.specimen.profile, self.specimen.identity.historical)
                .image()
                .to_vec(),
            CardState::Unpersonalized => {
                let mut keys = self.specimen.keys.clone();
                self.structure(&mut keys)?
            }
            CardState::Forged => {
                let profile = &self.specimen.profile;
                let both = [Algorithm::Sm4, Algorithm::TripleDes];
                let mut other = KeyFile::generate("TEST other", &[profile], &both, true).map_err(|e| in_both(&e))?;
                self.structure(&mut other)?
            }
            CardState::Certified => self.certified()?,
        };
        if situation.prepare.is_empty() {
            return Ok(Some(image));
        }
        let mut channel = powered(&image, Interface::Contact).map_err(|e| in_both(&e))?;
        let routines = &self.routines;
        let prepared = with_terminal(&mut self.specimen, &mut channel, |terminal| {
            let mut player = Player::new(terminal, routines);
            situation.prepare.iter().try_for_each(|call| player.call(call))
        });
        prepared.map_err(|error| in_both(&error))?;
        Ok(Some(channel.card().image().to_vec()))
    }

    fn has_antenna(&self) -> bool {
        powered(&self.specimen.image, Interface::Contactless)
            .is_ok_and(|channel| !channel.reset_answer().bytes.is_empty())
    }

    /// A card with structure and keys, the identification code and the version of the specimen, and no holder.
    fn structure(&self, keys: &mut KeyFile) -> Result<Vec<u8>, Text> {
        let specimen = &self.specimen;
        let blank = Card::blank(&specimen.profile, specimen.identity.historical);
        let entropy = system_entropy().map_err(|e| in_both(&e))?;
        let mut channel = ModelChannel::new(blank, Interface::Contact, entropy);
        let mut bench = Bench {
            channel: &mut channel,
            loader: keys,
            profile: &specimen.profile,
            card: &specimen.identity,
        };
        let pins = structure::InitialPins {
            holder: specimen.pin.clone(),
            administrator: match &specimen.certificate_pins {
                Some((_, administrator)) => administrator.clone(),
                None => specimen.pin.clone(),
            },
        };
        structure::build(&mut bench, &ModelOs, &pins).map_err(|e| in_both(&e))?;
        channel.reset().map_err(|e| in_both(&e))?;
        let session = Session::open_as(Box::new(&mut channel), &specimen.profile).map_err(|e| in_both(&e))?;
        let mut session = session.with_security(keys);
        session.set_region(&specimen.identity.region);
        let known = ["SSSE/EF05/01", "SSSE/EF05/03"].map(|path| (path, self.facts.element(path).unwrap_or_default()));
        for written in session.write_text(&known).map_err(|e| in_both(&e))? {
            if let Some(error) = written.error {
                return Err(in_both(&error));
            }
        }
        drop(session);
        Ok(channel.card().image().to_vec())
    }

    /// The specimen with key pairs and certificates of a TEST authority.
    fn certified(&mut self) -> Result<Vec<u8>, Text> {
        if self.specimen.profile.certificate_application().is_none() {
            return Err(Text::new("该卡无证书应用", "the card has no certificate application"));
        }
        let Some((user, administrator)) = self.specimen.certificate_pins.clone() else {
            return Err(Text::new(
                "未提供证书应用的 PIN",
                "the PINs of the certificate application are not given",
            ));
        };
        let mut channel = powered(&self.specimen.image, Interface::Contact).map_err(|e| in_both(&e))?;
        let certificates = certify(&mut channel, &self.specimen.profile, &user, &administrator)?;
        for (word, der) in ["signing", "encryption"].into_iter().zip(certificates) {
            self.facts.certificates.insert(word.to_owned(), hex::encode_upper(der));
        }
        Ok(channel.card().image().to_vec())
    }

    /// The memory of the PSAM of a situation; `None` for no PSAM.
    ///
    /// # Errors
    /// Why there is none.
    pub fn psam(&mut self, state: &PsamState) -> Made {
        if let Some(made) = self.psams.get(state) {
            return made.clone();
        }
        let made = self.make_psam(state);
        self.psams.insert(state.clone(), made.clone());
        made
    }

    fn make_psam(&self, state: &PsamState) -> Made {
        let specimen = &self.specimen;
        let mut without = Vec::new();
        let mut ciphers: &[Cipher] = &[];
        let (mut level, mut region) = (PsamLevel::Ministry, PsamRegion::Nationwide);
        match state {
            PsamState::None => return Ok(None),
            PsamState::Any | PsamState::Present => {}
            PsamState::WithoutSm4 => ciphers = &[Cipher::Sm4],
            PsamState::WithoutKey(name) => without.push(name.clone()),
            PsamState::OtherCity => {
                let other = other_city(&specimen.identity.region);
                level = PsamLevel::City;
                region = PsamRegion::Of(Region::parse(&other).ok_or_else(|| plain(&format!("{other} is no region")))?);
            }
        }
        let description = PsamDescription::builtin().map_err(|e| plain(&e))?;
        let description = without_ciphers(description, ciphers);
        let serial = [0x99, 0x01, 0, 0, 0, 0, 0, 0, 0, 1];
        let blank = Psam::blank(&description, &serial).map_err(|e| plain(&e))?;
        let entropy = system_entropy().map_err(|e| in_both(&e))?;
        let mut channel = ModelChannel::new(blank, Interface::Contact, entropy);
        let both = [Algorithm::Sm4, Algorithm::TripleDes];
        let algorithms: Vec<Algorithm> = both
            .into_iter()
            .filter(|algorithm| specimen.keys.keys().iter().any(|key| key.algorithm == *algorithm))
            .collect();
        let plan = PsamPlan {
            profiles: &[&specimen.profile],
            keys: &specimen.keys,
            level,
            region,
            number: TERMINAL,
            version: 1,
            purchase_key: 1,
            start: date(2026, 1, 2),
            end: date(2036, 1, 1),
            algorithms: &algorithms,
            without: &without,
        };
        new_psam(&mut channel, &description, &plan).map_err(|e| plain(&e))?;
        Ok(Some(channel.card().image().to_vec()))
    }
}

/// A simulated card under power.
pub(super) fn powered(image: &[u8], interface: Interface) -> Result<ModelChannel, TransportError> {
    let card = Card::from_image(image).map_err(|source| TransportError::Image {
        path: "specimen".to_owned(),
        source,
    })?;
    Ok(ModelChannel::new(card, interface, system_entropy()?))
}

fn with_terminal<T>(
    specimen: &mut Specimen,
    channel: &mut ModelChannel,
    work: impl FnOnce(&mut Terminal<'_>) -> Result<T, ConformanceError>,
) -> Result<T, ConformanceError> {
    let subject = Subject {
        profile: &specimen.profile,
        identity: &specimen.identity,
        pin: Some(&specimen.pin),
        certificate_pins: specimen
            .certificate_pins
            .as_ref()
            .map(|(user, administrator)| CertificatePins { user, administrator }),
    };
    work(&mut Terminal::new(channel, &mut specimen.keys, subject))
}

/// Key pairs and certificates for signing and encryption; gives the certificates.
fn certify(
    channel: &mut ModelChannel,
    profile: &Profile,
    user: &Pin,
    administrator: &Pin,
) -> Result<[Vec<u8>; 2], Text> {
    let mut entropy = system_entropy().map_err(|e| in_both(&e))?;
    let from = "2026-01-01T00:00:00Z".parse().map_err(|e: jiff::Error| plain(&e))?;
    let lifetime = Lifetime::years(from, 10).map_err(|e| plain(&e))?;
    let root = name("CN=TEST root CA,C=CN").map_err(|e| plain(&e))?;
    let root = Authority::root(&root, lifetime, &mut *entropy).map_err(|e| plain(&e))?;
    let mut application = CertificateApplication::open(channel, profile).map_err(|e| in_both(&e))?;
    let verify = |application: &mut CertificateApplication<'_>, role, pin: &Pin| {
        application.verify_pin(role, pin, false).map_err(|e| in_both(&e))
    };
    verify(&mut application, PinRole::User, user)?;
    verify(&mut application, PinRole::Administrator, administrator)?;
    application.generate().map_err(|e| in_both(&e))?;
    let holder = name("CN=TEST holder,O=TEST,C=CN").map_err(|e| plain(&e))?;
    let request = application.request(&holder).map_err(|e| in_both(&e))?;
    let signing = root.issue(&request, lifetime, &mut *entropy).map_err(|e| plain(&e))?;
    let encryption = root
        .issue_encryption(&request, lifetime, &mut *entropy)
        .map_err(|e| plain(&e))?;
    application
        .import_encryption_pair(&encryption.key)
        .map_err(|e| in_both(&e))?;
    let ders = [signing.to_der().to_vec(), encryption.certificate.to_der().to_vec()];
    for (pair, der) in [KeyPair::Signing, KeyPair::Encryption].into_iter().zip(&ders) {
        application
            .write_certificate(pair, der, BlockSize::Large)
            .map_err(|e| in_both(&e))?;
    }
    Ok(ders)
}

/// The same province, another city.
fn other_city(region: &str) -> String {
    let province = region.get(..2).unwrap_or("99");
    let city = if region.get(2..4) == Some("02") { "01" } else { "02" };
    format!("{province}{city}00")
}

fn in_both(error: &impl Explain) -> Text {
    Text::new(error.explain(Lang::Zh).what, error.explain(Lang::En).what)
}

fn plain(error: &impl std::fmt::Display) -> Text {
    Text::new(error.to_string(), error.to_string())
}

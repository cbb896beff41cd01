//! A terminal in memory: a card in a slot, a PSAM in another, a keypad that was told what to type.

use crate::bench::{ADMINISTRATOR, HISTORICAL, PIN, REGION, holder, keys, pin, profile};
use card_model::card::{Card, Interface};
use card_model::crypto::Algorithm;
use card_model::profile::{KeyPair, PinRole, Profile};
use card_model::psam::{Cipher, Psam, PsamDescription};
use card_model::words::Lang;
use jiff::civil::date;
use personalize::ca::{Authority, Lifetime};
use personalize::numbers::Region;
use personalize::psam::{PsamLevel, PsamPlan, PsamRegion, new_psam, without_ciphers};
use personalize::{Bench, ModelOs, structure};
use reader::certificate::request::name;
use reader::certificate::{BlockSize, CertificateApplication};
use reader::channel::{Channel, ModelChannel, Reset, TransportError, system_entropy};
use reader::driver::{self, Digits, Driver, Keypad, KeypadError, Prompt, Settings, Slots};
use reader::hsm::StringHsm;
use reader::security::{CardIdentity, Hsm, HsmStanding, KeyFile};
use reader::session::Session;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

/// What stands on a card.
pub struct Sample {
    pub profile: &'static str,
    pub region: &'static str,
    pub historical: [u8; 13],
    /// Card identification code; without the last eight digits the authentication code is computed.
    pub card_id: &'static str,
    pub values: Vec<(&'static str, String)>,
}

impl Sample {
    pub fn of(name: &'static str) -> Self {
        Self {
            profile: name,
            region: REGION,
            historical: HISTORICAL,
            card_id: "990100D15600000500000001",
            values: holder(&profile(name).specification_version),
        }
    }

    /// A card with this on it.
    pub fn card(&self, keys: &mut KeyFile) -> ModelChannel {
        self.card_as(profile(self.profile), keys)
    }

    /// A card with another structure than the standard's.
    pub fn card_as(&self, profile: &Profile, keys: &mut KeyFile) -> ModelChannel {
        let mut channel = ModelChannel::new(
            Card::blank(profile, self.historical),
            Interface::Contact,
            system_entropy().unwrap(),
        );
        let identity = CardIdentity {
            region: self.region.to_owned(),
            historical: self.historical,
            algorithm: profile.algorithm,
        };
        let mut bench = Bench {
            channel: &mut channel,
            loader: keys,
            profile,
            card: &identity,
        };
        let pins = structure::InitialPins {
            holder: pin(PIN),
            administrator: pin(ADMINISTRATOR),
        };
        structure::build(&mut bench, &ModelOs, &pins).unwrap();
        channel.reset().unwrap();
        let mut session = Session::open_as(Box::new(&mut channel), profile)
            .unwrap()
            .with_security(keys);
        session.set_region(self.region);
        let mut id = hex::decode(self.card_id).unwrap();
        if let Ok(first) = <[u8; 12]>::try_from(id.as_slice()) {
            id.extend(session.identification_code_mac(&first).unwrap());
        }
        let mut values = vec![("SSSE/EF05/01", hex::encode(id))];
        values.extend(self.values.iter().cloned());
        let values: Vec<(&str, &str)> = values.iter().map(|(path, text)| (*path, text.as_str())).collect();
        for written in session.write_text(&values).unwrap() {
            assert!(written.ok, "{}: {:?}", written.path, written.error);
        }
        drop(session);
        channel.reset().unwrap();
        channel
    }
}

/// Key pairs and certificates of a test authority for a card with a certificate application.
pub fn certify(channel: &mut ModelChannel) {
    let mut entropy = system_entropy().unwrap();
    let lifetime = Lifetime::years("2026-01-01T00:00:00Z".parse().unwrap(), 10).unwrap();
    let root = Authority::root(&name("CN=TEST root CA,C=CN").unwrap(), lifetime, &mut *entropy).unwrap();
    let mut application = CertificateApplication::open(channel, profile("3.0")).unwrap();
    application.verify_pin(PinRole::User, &pin(PIN), false).unwrap();
    let administrator = pin(ADMINISTRATOR);
    application
        .verify_pin(PinRole::Administrator, &administrator, false)
        .unwrap();
    application.generate().unwrap();
    let request = application.request(&name("CN=张三,O=TEST,C=CN").unwrap()).unwrap();
    let signing = root.issue(&request, lifetime, &mut *entropy).unwrap();
    let encryption = root.issue_encryption(&request, lifetime, &mut *entropy).unwrap();
    application.import_encryption_pair(&encryption.key).unwrap();
    for (pair, certificate) in [
        (KeyPair::Signing, &signing),
        (KeyPair::Encryption, &encryption.certificate),
    ] {
        application
            .write_certificate(pair, certificate.to_der(), BlockSize::Large)
            .unwrap();
    }
    channel.reset().unwrap();
}

/// A PSAM to be issued.
pub struct PsamSample {
    pub level: PsamLevel,
    pub region: Option<&'static str>,
    pub number: u32,
    /// Version of its keys.
    pub version: u8,
    /// Its purchase key.
    pub purchase_key: u8,
    pub without: &'static [&'static str],
    pub without_ciphers: &'static [Cipher],
}

impl Default for PsamSample {
    fn default() -> Self {
        Self {
            level: PsamLevel::Ministry,
            region: None,
            number: 123_456,
            version: 1,
            purchase_key: 1,
            without: &[],
            without_ciphers: &[],
        }
    }
}

impl PsamSample {
    pub fn issue(&self, keys: &KeyFile) -> ModelChannel<Psam> {
        let description = without_ciphers(PsamDescription::builtin().unwrap(), self.without_ciphers);
        let serial = [0x99, 0x01, 0, 0, 0, 0, 0, 0, 0, 1];
        let blank = Psam::blank(&description, &serial).unwrap();
        let mut channel = ModelChannel::new(blank, Interface::Contact, system_entropy().unwrap());
        let profiles: Vec<&Profile> = Profile::BUILTIN.iter().map(|name| profile(name)).collect();
        let without: Vec<String> = self.without.iter().map(|name| (*name).to_owned()).collect();
        let plan = PsamPlan {
            profiles: &profiles,
            keys,
            level: self.level,
            region: self.region.map_or(PsamRegion::Nationwide, |region| {
                PsamRegion::Of(Region::parse(region).unwrap())
            }),
            number: self.number,
            version: self.version,
            purchase_key: self.purchase_key,
            start: date(2026, 1, 2),
            end: date(2036, 1, 1),
            algorithms: &[Algorithm::Sm4, Algorithm::TripleDes],
            without: &without,
        };
        new_psam(&mut channel, &description, &plan).unwrap();
        channel
    }
}

/// What happens in a slot instead of a card.
pub type Fault = fn() -> TransportError;

/// A slot with a chip, and how many channels to it are open.
pub struct Slot<C> {
    pub chip: Mutex<C>,
    pub open: AtomicUsize,
    pub commands: AtomicUsize,
}

impl<C> Slot<C> {
    pub fn new(chip: C) -> Arc<Self> {
        Arc::new(Self {
            chip: Mutex::new(chip),
            open: AtomicUsize::new(0),
            commands: AtomicUsize::new(0),
        })
    }
}

/// A channel to a slot; dropping it takes the power away, as closing a reader does.
pub struct Wire<C: Channel> {
    slot: Arc<Slot<C>>,
    reset: Reset,
}

impl<C: Channel> Wire<C> {
    pub fn connect(slot: &Arc<Slot<C>>) -> Self {
        slot.open.fetch_add(1, Ordering::SeqCst);
        let mut chip = slot.chip.lock().unwrap();
        chip.reset().unwrap();
        let reset = chip.reset_answer().clone();
        drop(chip);
        Self {
            slot: Arc::clone(slot),
            reset,
        }
    }
}

impl<C: Channel> Channel for Wire<C> {
    fn name(&self) -> &str {
        "slot"
    }
    fn reset_answer(&self) -> &Reset {
        &self.reset
    }
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, TransportError> {
        self.slot.commands.fetch_add(1, Ordering::SeqCst);
        self.slot.chip.lock().unwrap().transmit(command)
    }
    fn reset(&mut self) -> Result<(), TransportError> {
        self.slot.chip.lock().unwrap().reset()
    }
}

impl<C: Channel> Drop for Wire<C> {
    fn drop(&mut self) {
        self.slot.open.fetch_sub(1, Ordering::SeqCst);
        if let Ok(mut chip) = self.slot.chip.lock() {
            let _ = chip.reset();
        }
    }
}

pub type CardSlot = Arc<Slot<ModelChannel>>;
pub type PsamSlot = Arc<Slot<ModelChannel<Psam>>>;

/// The slots of the terminal.
#[derive(Default)]
pub struct MemorySlots {
    pub contact: Option<CardSlot>,
    pub contactless: Option<CardSlot>,
    pub psam: Option<PsamSlot>,
    pub fault: Option<Fault>,
}

impl Slots for MemorySlots {
    fn card(&mut self, interface: Interface) -> Result<driver::Card, TransportError> {
        if let Some(fault) = self.fault {
            return Err(fault());
        }
        let slot = match interface {
            Interface::Contact => &self.contact,
            Interface::Contactless => &self.contactless,
        };
        let empty = || TransportError::NoCard {
            reader: "slot".to_owned(),
        };
        let slot = slot.as_ref().ok_or_else(empty)?;
        slot.chip.lock().unwrap().change_interface(interface)?;
        Ok(Box::new(Wire::connect(slot)))
    }

    fn psam(&mut self) -> Result<driver::Card, TransportError> {
        let slot = self.psam.as_ref().ok_or(TransportError::NoReader)?;
        Ok(Box::new(Wire::connect(slot)))
    }
}

/// A keypad at which somebody types what was written down before.
#[derive(Clone, Default)]
pub struct Script {
    answers: Arc<Mutex<VecDeque<Result<String, KeypadError>>>>,
    asked: Arc<Mutex<Vec<Prompt>>>,
}

impl Script {
    pub fn typing<const N: usize>(&self, answers: [&str; N]) -> &Self {
        let mut list = self.answers.lock().unwrap();
        list.extend(answers.iter().map(|digits| Ok((*digits).to_owned())));
        self
    }

    pub fn failing(&self, error: KeypadError) {
        self.answers.lock().unwrap().push_back(Err(error));
    }

    /// What was asked since the last time; everything that was to be typed was typed.
    pub fn asked(&self) -> Vec<Prompt> {
        assert!(
            self.answers.lock().unwrap().is_empty(),
            "more was to be typed than asked for"
        );
        std::mem::take(&mut *self.asked.lock().unwrap())
    }
}

impl Keypad for Script {
    fn ask(&mut self, prompt: Prompt, _lang: Lang) -> Result<Digits, KeypadError> {
        self.asked.lock().unwrap().push(prompt);
        let answer = self.answers.lock().unwrap().pop_front();
        answer.expect("nobody was to be asked").map(Digits::new)
    }
}

/// A terminal with card, keypad and perhaps PSAM.
pub struct World {
    pub driver: Driver,
    pub keypad: Script,
    pub card: CardSlot,
    pub psam: Option<PsamSlot>,
    pub keys: KeyFile,
    /// Version of the keys that driver and HSM use.
    key_version: u8,
    /// iType of the card's slot.
    pub i_type: i32,
    /// pCardInfo of the card.
    pub info: String,
}

/// A ministry's HSM with these keys in a version.
fn hsm(keys: &KeyFile, version: u8) -> StringHsm {
    StringHsm::new(Hsm::new("TEST HSM", keys, HsmStanding::Ministry).unwrap(), version)
}

/// Who computes with keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum With {
    Psam,
    Hsm,
}

impl World {
    pub fn new(name: &'static str, interface: Interface, with: With) -> Self {
        let psam = PsamSample::default();
        Self::of(
            &Sample::of(name),
            interface,
            (with == With::Psam).then_some(&psam),
            Settings::default(),
        )
    }

    pub fn of(sample: &Sample, interface: Interface, psam: Option<&PsamSample>, settings: Settings) -> Self {
        let mut keys = keys();
        let card = Slot::new(sample.card(&mut keys));
        let psam = psam.map(|psam| Slot::new(psam.issue(&keys)));
        let mut slots = MemorySlots {
            psam: psam.clone(),
            ..MemorySlots::default()
        };
        let i_type = match interface {
            Interface::Contact => {
                slots.contact = Some(Arc::clone(&card));
                1
            }
            Interface::Contactless => {
                slots.contactless = Some(Arc::clone(&card));
                2
            }
        };
        let keypad = Script::default();
        let key_version = settings.key_version;
        let service = hsm(&keys, key_version);
        let driver = Driver::with_slots(settings, Box::new(slots))
            .with_keypad(Box::new(keypad.clone()))
            .with_service(Box::new(service));
        let mut world = Self {
            driver,
            keypad,
            card,
            psam,
            keys,
            key_version,
            i_type,
            info: String::new(),
        };
        world.info = world.card_info();
        world
    }

    /// pCardInfo as a program makes it from the eleven items.
    fn card_info(&self) -> String {
        let mut chip = self.card.chip.lock().unwrap();
        chip.reset().unwrap();
        let session = Session::open(Box::new(&mut *chip)).unwrap();
        let data = session.card();
        let id = hex::encode_upper(data.card_id.as_deref().unwrap_or_default());
        let info = format!("{id}|{}|", data.card_number.as_deref().unwrap_or_default());
        drop(session);
        chip.reset().unwrap();
        info
    }

    /// An HSM with the keys of this world.
    pub fn hsm(&self) -> StringHsm {
        hsm(&self.keys, self.key_version)
    }

    /// Region and historical bytes as they stand in requests.
    pub fn area(&self) -> String {
        format!("{REGION}|{}", hex::encode_upper(HISTORICAL))
    }

    /// Nothing is open any more.
    pub fn assert_closed(&self) {
        assert_eq!(self.card.open.load(Ordering::SeqCst), 0, "the card is closed");
        if let Some(psam) = &self.psam {
            assert_eq!(psam.open.load(Ordering::SeqCst), 0, "the PSAM is closed");
        }
    }

    /// The card waits for its next step.
    pub fn assert_open(&self) {
        assert_eq!(self.card.open.load(Ordering::SeqCst), 1, "the card is open");
    }

    /// The code of a call that must fail, after which everything is closed.
    pub fn code(&self, outcome: Result<String, driver::Failure>) -> i32 {
        let failure = outcome.expect_err("fails");
        assert!(!failure.text(Lang::Zh).is_empty());
        self.assert_closed();
        failure.code.0
    }
}

/// Every kind of card in every slot it can be in.
pub fn kinds() -> Vec<(&'static str, Interface)> {
    vec![
        ("3.0", Interface::Contact),
        ("3.0", Interface::Contactless),
        ("2.0", Interface::Contact),
        ("1.0", Interface::Contact),
    ]
}

/// Items without their last separator.
pub fn items(text: &str) -> Vec<&str> {
    text.strip_suffix('|')
        .expect("ends with a separator")
        .split('|')
        .collect()
}

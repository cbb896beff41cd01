//! Cards with the structure of a profile, and a test authority.

use card_model::card::{Card, Interface};
use card_model::profile::{PinRole, Profile};
use card_model::secret::Pin;
use jiff::Timestamp;
use personalize::ca::{Authority, Lifetime};
use personalize::structure::{self, InitialPins};
use personalize::{Bench, ModelOs};
use rand_core::TryRng;
use reader::certificate::CertificateApplication;
use reader::certificate::chain::{RevocationList, TrustStore};
use reader::certificate::request::name;
use reader::channel::{Channel, ModelChannel, system_entropy};
use reader::security::{CardIdentity, KeyFile};

pub const HISTORICAL: [u8; 13] = *b"\x00\x99\x26\x11\x01\x86\x99\x99\x00\x00\x00\x00\x01";
pub const USER: &str = "123456";
pub const ADMINISTRATOR: &str = "87654321";

pub fn pin(digits: &str) -> Pin {
    Pin::from_digits(digits).unwrap()
}

pub fn moment(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// The present of these tests.
pub fn now() -> Timestamp {
    moment("2026-11-21T12:00:00Z")
}

/// Repeatable entropy: a counter that is hashed.
pub struct Counted(pub u64);

impl TryRng for Counted {
    type Error = core::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_be_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_be_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
        for chunk in bytes.chunks_mut(32) {
            self.0 += 1;
            chunk.copy_from_slice(&card_model::sm2::sm3(&self.0.to_be_bytes())[..chunk.len()]);
        }
        Ok(())
    }
}

pub fn profile(name: &str) -> &'static Profile {
    Profile::builtin(name).unwrap()
}

/// TEST keys of an issuer.
pub fn keys() -> KeyFile {
    let profile = profile("3.0");
    KeyFile::generate("TEST keys", &[profile], &[profile.algorithm], true).unwrap()
}

/// What goes into the keys of these cards.
pub fn identity() -> CardIdentity {
    CardIdentity {
        region: "990100".to_owned(),
        historical: HISTORICAL,
        algorithm: profile("3.0").algorithm,
    }
}

/// A card with structure, keys and PINs, as it comes out of pre-personalization.
pub fn card(interface: Interface) -> ModelChannel {
    card_of(&mut keys(), interface)
}

/// Such a card of an issuer.
pub fn card_of(keys: &mut KeyFile, interface: Interface) -> ModelChannel {
    let profile = profile("3.0");
    let blank = Card::blank(profile, HISTORICAL);
    let mut channel = ModelChannel::new(blank, interface, system_entropy().unwrap());
    let identity = identity();
    let pins = InitialPins {
        holder: pin(USER),
        administrator: pin(ADMINISTRATOR),
    };
    let mut bench = Bench {
        channel: &mut channel,
        loader: keys,
        profile,
        card: &identity,
    };
    structure::build(&mut bench, &ModelOs, &pins).unwrap();
    channel.reset().unwrap();
    channel
}

/// The application, both PINs verified.
pub fn opened(channel: &mut ModelChannel) -> CertificateApplication<'_> {
    let mut application = CertificateApplication::open(channel, profile("3.0")).unwrap();
    application.verify_pin(PinRole::User, &pin(USER), false).unwrap();
    application
        .verify_pin(PinRole::Administrator, &pin(ADMINISTRATOR), false)
        .unwrap();
    application
}

/// Root and issuing authority, and what they sign for revocation.
pub struct Authorities {
    pub root: Authority,
    pub issuing: Authority,
    pub entropy: Counted,
}

impl Authorities {
    pub fn new() -> Self {
        let mut entropy = Counted(0x5EED);
        let from = moment("2026-01-01T00:00:00Z");
        let root_name = name("CN=TEST root CA,O=ssc,C=CN").unwrap();
        let issuing_name = name("CN=TEST issuing CA,O=ssc,C=CN").unwrap();
        let root = Authority::root(&root_name, Lifetime::years(from, 20).unwrap(), &mut entropy).unwrap();
        let issuing = root
            .subordinate(&issuing_name, Lifetime::years(from, 10).unwrap(), &mut entropy)
            .unwrap();
        Self { root, issuing, entropy }
    }

    pub fn lifetime(&self) -> Lifetime {
        Lifetime::years(moment("2026-11-01T00:00:00Z"), 3).unwrap()
    }

    /// A list of this month.
    pub fn list(&mut self, of_root: bool, revoked: &[personalize::ca::Revocation]) -> RevocationList {
        let lifetime = Lifetime {
            from: moment("2026-11-01T00:00:00Z"),
            until: moment("2026-12-01T00:00:00Z"),
        };
        let authority = if of_root { &self.root } else { &self.issuing };
        let der = authority
            .revocation_list(revoked, 1, lifetime, &mut self.entropy)
            .unwrap();
        RevocationList::from_bytes(&der).unwrap()
    }

    pub fn trust(&mut self) -> TrustStore {
        TrustStore {
            roots: vec![self.root.certificate().clone()],
            intermediates: vec![self.issuing.certificate().clone()],
            revocation_lists: vec![self.list(true, &[]), self.list(false, &[])],
        }
    }
}

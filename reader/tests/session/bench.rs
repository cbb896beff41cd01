//! A card with structure and keys, and what the tests need around it.

use card_model::card::{Card, Interface};
use card_model::profile::Profile;
use card_model::secret::Pin;
use personalize::{Bench, ModelOs, structure};
use reader::channel::{Channel, ModelChannel, TransportError, system_entropy};
use reader::security::{CardIdentity, KeyFile};
use reader::session::Session;
use std::cell::RefCell;
use std::rc::Rc;

/// Region of nowhere, prefecture 01.
pub const REGION: &str = "990100";
/// The PIN of test cards.
pub const PIN: &str = "123456";
/// The administrator's PIN of their certificate application.
pub const ADMINISTRATOR: &str = "12345678";
/// Historical bytes with a serial of nothing.
pub const HISTORICAL: [u8; 13] = [
    0x00, 0x99, 0x26, 0x11, 0x01, 0x86, 0x99, 0x99, 0x01, 0x00, 0x00, 0x00, 0x01,
];

pub fn profile(name: &str) -> &'static Profile {
    Profile::builtin(name).expect("built in")
}

pub fn pin(digits: &str) -> Pin {
    Pin::from_digits(digits).expect("digits")
}

/// TEST keys for all cards.
pub fn keys() -> KeyFile {
    let profiles: Vec<&Profile> = Profile::BUILTIN.iter().map(|name| profile(name)).collect();
    let algorithms = [
        card_model::crypto::Algorithm::Sm4,
        card_model::crypto::Algorithm::TripleDes,
    ];
    KeyFile::generate("test keys", &profiles, &algorithms, true).expect("entropy")
}

/// A pre-personalized card: structure, keys and PIN, no data.
pub fn card(profile: &Profile, keys: &mut KeyFile, interface: Interface) -> ModelChannel {
    let blank = Card::blank(profile, HISTORICAL);
    let mut channel = ModelChannel::new(blank, interface, system_entropy().expect("entropy"));
    let identity = CardIdentity {
        region: REGION.to_owned(),
        historical: HISTORICAL,
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
    structure::build(&mut bench, &ModelOs, &pins).expect("structure");
    channel.reset().expect("in memory");
    channel
}

/// The elements every issued card has, of a holder who does not exist.
pub fn holder(version: &str) -> Vec<(&'static str, String)> {
    let text = |path, text: &str| (path, text.to_owned());
    vec![
        text("SSSE/EF05/02", "3"),
        text("SSSE/EF05/03", version),
        text("SSSE/EF05/04", "9156000002990100990100D5"),
        text("SSSE/EF05/05", "2026-04-01"),
        text("SSSE/EF05/06", "2036-04-01"),
        text("SSSE/EF05/07", "D2143569X"),
        text("SSSE/EF06/08", "111111198101011110"),
        text("SSSE/EF06/09", "张三"),
        text("SSSE/EF06/0A", "male"),
        text("SSSE/EF06/0B", "汉族"),
        text("SSSE/EF06/0C", "990100"),
        text("SSSE/EF06/0D", "19810101"),
    ]
}

/// Writes identification code and holder to a pre-personalized card.
pub fn personalize(channel: &mut ModelChannel, profile: &Profile, keys: &mut KeyFile) {
    let mut session = Session::open_as(Box::new(&mut *channel), profile)
        .expect("SSSE")
        .with_security(keys);
    session.set_region(REGION);
    let mut id = hex::decode("990100D15600000500000001").expect("hex");
    let first: [u8; 12] = id.clone().try_into().expect("12 bytes");
    id.extend(session.identification_code_mac(&first).expect("IRK"));
    let mut values = vec![("SSSE/EF05/01", hex::encode(id))];
    values.extend(holder(&profile.specification_version));
    let values: Vec<(&str, &str)> = values.iter().map(|(path, text)| (*path, text.as_str())).collect();
    for written in session.write_text(&values).expect("transport") {
        assert!(written.ok && written.compared, "{}: {:?}", written.path, written.error);
    }
    drop(session);
    channel.reset().expect("in memory");
}

/// An issued card.
pub fn issued(name: &str, keys: &mut KeyFile) -> ModelChannel {
    let profile = profile(name);
    let mut channel = card(profile, keys, Interface::Contact);
    personalize(&mut channel, profile, keys);
    channel
}

/// Keeps what goes to the card and what comes back.
pub struct Recorder<C> {
    pub inner: C,
    pub log: Rc<RefCell<Vec<(String, String)>>>,
}

impl<C: Channel> Channel for Recorder<C> {
    reader::pass_on!(self => self.inner; name reset_answer reset);

    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, TransportError> {
        let answer = self.inner.transmit(command)?;
        self.log
            .borrow_mut()
            .push((hex::encode_upper(command), hex::encode_upper(&answer)));
        Ok(answer)
    }
}

//! Where the cards are: the slots of iType, and the slot of the PSAM.

use super::code::ReturnCode;
use super::failure::Failure;
use super::settings::Settings;
use crate::channel::{Channel, OpenOptions, TransportError, open};
use card_model::card::Interface;
use std::time::{Duration, Instant};

/// A channel that may wait between two steps for any thread.
pub type Card = Box<dyn Channel + Send>;

/// iType: which interface is tried, in which order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SlotOrder {
    first: Interface,
    second: Option<Interface>,
}

impl SlotOrder {
    /// The order of an iType: 1 contact, 2 contactless, 3 contact first, 4 contactless first.
    ///
    /// # Errors
    /// Any other number (−14).
    pub fn of(i_type: i32) -> Result<Self, Failure> {
        use Interface::{Contact, Contactless};
        let (first, second) = match i_type {
            1 => (Contact, None),
            2 => (Contactless, None),
            3 => (Contact, Some(Contactless)),
            4 => (Contactless, Some(Contact)),
            other => {
                return Err(Failure::because(
                    ReturnCode::PARAMETER,
                    format!("iType为{other}，应为1至4"),
                    format!("iType is {other}; 1 to 4 are allowed"),
                ));
            }
        };
        Ok(Self { first, second })
    }

    /// The slot of one interface.
    pub const fn only(interface: Interface) -> Self {
        Self {
            first: interface,
            second: None,
        }
    }

    /// The card in the first slot that has one. Empty slots are looked at again, all of them, until the patience of the slots is
    /// over.
    ///
    /// # Errors
    /// No card, or it cannot be reached.
    pub fn open(self, slots: &mut dyn Slots) -> Result<Card, TransportError> {
        let begin = Instant::now();
        loop {
            match self.look(slots) {
                Err(TransportError::NoCard { .. }) if begin.elapsed() < slots.patience() => std::thread::sleep(LOOK),
                other => return other,
            }
        }
    }

    fn look(self, slots: &mut dyn Slots) -> Result<Card, TransportError> {
        match (slots.card(self.first), self.second) {
            (Err(first), Some(second)) => slots.card(second).map_err(|error| match error {
                // What is wrong with the first slot tells more than that the second is empty.
                TransportError::NoCard { .. } | TransportError::NoReader | TransportError::ReaderNotFound { .. } => {
                    first
                }
                error => error,
            }),
            (first, _) => first,
        }
    }
}

/// The slots of a terminal.
pub trait Slots: Send {
    /// Powers the card of an interface.
    ///
    /// # Errors
    /// No card, or it cannot be reached.
    fn card(&mut self, interface: Interface) -> Result<Card, TransportError>;

    /// Powers the PSAM.
    ///
    /// # Errors
    /// None, or it cannot be reached.
    fn psam(&mut self) -> Result<Card, TransportError>;

    /// How long empty slots are looked at again.
    fn patience(&self) -> Duration {
        Duration::ZERO
    }
}

/// The slots that the settings name; readers of PC/SC or simulated cards.
pub(super) struct ConfiguredSlots {
    contact: Option<String>,
    contactless: Option<String>,
    psam: Option<String>,
    patience: Duration,
}

impl Settings {
    /// The slots that the settings name.
    pub fn slots(&self) -> Box<dyn Slots> {
        Box::new(ConfiguredSlots::new(self))
    }
}

impl ConfiguredSlots {
    pub fn new(settings: &Settings) -> Self {
        Self {
            contact: settings.contact.clone(),
            contactless: settings.contactless.clone(),
            psam: settings.psam.clone(),
            patience: settings.card_timeout,
        }
    }
}

/// How often an empty slot is looked at again.
const LOOK: Duration = Duration::from_millis(100);

impl Slots for ConfiguredSlots {
    fn card(&mut self, interface: Interface) -> Result<Card, TransportError> {
        let named = match interface {
            Interface::Contact => self.contact.as_deref(),
            Interface::Contactless => self.contactless.as_deref(),
        };
        let options = OpenOptions {
            interface,
            exclusive: false,
        };
        match named {
            Some(name) => open(Some(name), options),
            // With one slot named, cards are not looked for in readers that nobody named.
            None if self.contact.is_some() || self.contactless.is_some() => {
                Err(TransportError::NoCard { reader: String::new() })
            }
            None => found::card(interface, self.psam.as_deref(), options),
        }
    }

    fn psam(&mut self) -> Result<Card, TransportError> {
        let options = OpenOptions::default();
        match &self.psam {
            Some(name) => open(Some(name), options),
            None => found::psam(options),
        }
    }

    fn patience(&self) -> Duration {
        self.patience
    }
}

/// Readers that nobody named.
#[cfg(feature = "pcsc")]
mod found {
    use super::{Card, Interface, OpenOptions, TransportError};
    use crate::channel::{open, pcsc};
    use crate::reset;

    /// A reader with this in its name is a slot for a PSAM.
    const SAM: &str = "SAM";

    fn is_sam(name: &str) -> bool {
        name.to_ascii_uppercase().contains(SAM)
    }

    /// The first card of an interface in a reader that is not for PSAMs.
    pub fn card(interface: Interface, psam: Option<&str>, options: OpenOptions) -> Result<Card, TransportError> {
        let readers = pcsc::list()?;
        if readers.is_empty() {
            return Err(TransportError::NoReader);
        }
        let psam = psam.map(str::to_lowercase);
        let for_cards =
            |name: &str| !is_sam(name) && !psam.as_ref().is_some_and(|psam| name.to_lowercase().contains(psam));
        let mut mute = None;
        for reader in readers.iter().filter(|reader| for_cards(&reader.name)) {
            match reader.atr() {
                Some(atr) if reset::interface(atr) == interface => return open(Some(&reader.name), options),
                None if reader.card_present() => {
                    mute = Some(TransportError::Mute {
                        reader: reader.name.clone(),
                    });
                }
                _ => {}
            }
        }
        let names: Vec<&str> = readers.iter().map(|reader| reader.name.as_str()).collect();
        Err(mute.unwrap_or(TransportError::NoCard {
            reader: names.join(", "),
        }))
    }

    /// The card in the first slot for PSAMs.
    pub fn psam(options: OpenOptions) -> Result<Card, TransportError> {
        let readers = pcsc::list()?;
        match readers.iter().find(|reader| is_sam(&reader.name)) {
            Some(reader) => open(Some(&reader.name), options),
            None => Err(TransportError::NoReader),
        }
    }
}

#[cfg(not(feature = "pcsc"))]
mod found {
    use super::{Card, Interface, OpenOptions, TransportError};

    pub fn card(_: Interface, _: Option<&str>, _: OpenOptions) -> Result<Card, TransportError> {
        Err(TransportError::NotBuilt)
    }

    pub fn psam(_: OpenOptions) -> Result<Card, TransportError> {
        Err(TransportError::NotBuilt)
    }
}

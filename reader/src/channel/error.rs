//! Transport errors: reader, driver, card contact. Never the card's opinion, that is a status word.

use card_model::words::{Explain, Explanation, Lang};

/// Why no answer came from a card.
#[derive(Debug, thiserror::Error)]
#[error("{}", self.explain(Lang::En).what)]
#[non_exhaustive]
pub enum TransportError {
    /// The PC/SC service is not running.
    ServiceDown,
    /// The PC/SC service runs but knows no reader.
    NoReader,
    /// No reader's name contains the wanted text.
    ReaderNotFound {
        /// Text asked for.
        wanted: String,
        /// Names of the readers there are.
        available: Vec<String>,
    },
    /// More than one reader fits.
    SeveralReaders {
        /// Names of the readers that fit.
        names: Vec<String>,
    },
    /// The reader holds no card.
    NoCard {
        /// Reader name.
        reader: String,
    },
    /// Another program holds the card exclusively.
    HeldByOther {
        /// Reader name.
        reader: String,
    },
    /// The card was pulled during the work.
    CardRemoved {
        /// Reader name.
        reader: String,
    },
    /// The reader was unplugged during the work.
    ReaderRemoved {
        /// Reader name.
        reader: String,
    },
    /// Another program reset the card: its security state is gone.
    ResetByOther {
        /// Reader name.
        reader: String,
    },
    /// The card does not answer to reset or uses no protocol the reader knows.
    Mute {
        /// Reader name.
        reader: String,
    },
    /// A command shorter than 4 bytes: it would be taken as a control code by the virtual reader.
    CommandTooShort {
        /// Its length in bytes.
        length: usize,
    },
    /// An answer shorter than the two bytes of a status word: the card died in mid-command.
    AnswerTooShort {
        /// Its length in bytes.
        length: usize,
    },
    /// The built program has no PC/SC support.
    NotBuilt,
    /// A simulated card's file could not be read or written.
    File {
        /// Path of the file.
        path: String,
        /// Cause.
        source: std::io::Error,
    },
    /// A simulated card's file is damaged or from another program.
    Image {
        /// Path of the file.
        path: String,
        /// Cause.
        source: card_model::card::ImageError,
    },
    /// The socket of the virtual reader failed.
    Socket {
        /// Address.
        address: String,
        /// Cause.
        source: std::io::Error,
    },
    /// Anything else the PC/SC service said.
    Service {
        /// Reader name.
        reader: String,
        /// Its words.
        message: String,
    },
}

impl Explain for TransportError {
    fn explain(&self, _lang: Lang) -> Explanation {
        Explanation {
            what: String::new(),
            why: None,
            next: None,
        }
    }
}

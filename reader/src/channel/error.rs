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
    /// The card announced more data over and over, beyond what any of its answers can have.
    Endless {
        /// GET RESPONSE commands sent.
        rounds: usize,
    },
    /// The card did not answer, or did not come, in time.
    Timeout {
        /// Reader name; empty where a card in any would have done.
        reader: String,
    },
    /// The wait for a card was broken off by the person at the machine.
    Cancelled,
    /// The built program has no PC/SC support.
    NotBuilt,
    /// The operating system gives no random numbers.
    Entropy {
        /// Its words.
        message: String,
    },
    /// There is no file of a simulated card at this path.
    FileMissing {
        /// Path of the file.
        path: String,
    },
    /// A new simulated card would overwrite a file.
    FileExists {
        /// Path of the file.
        path: String,
    },
    /// Another program holds the simulated card's file.
    FileLocked {
        /// Path of the file.
        path: String,
    },
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
    /// The other end of the virtual reader's socket does not keep to the protocol.
    Protocol {
        /// Address.
        address: String,
        /// What it did.
        message: String,
    },
    /// A transcript has no answer to this command, or none that can be used.
    Transcript {
        /// Name of the transcript.
        name: String,
        /// Line, from 1; 0 where the end was reached.
        line: usize,
        /// What does not fit; without the command's data.
        message: String,
    },
    /// A private PC/SC service could not be started.
    Daemon {
        /// Program or file concerned.
        program: String,
        /// What it said.
        message: String,
    },
    /// Anything else the PC/SC service said.
    Service {
        /// Reader name; empty where none is concerned.
        reader: String,
        /// Its words.
        message: String,
    },
}

impl TransportError {
    /// Name of the error in the table of words.
    fn key(&self) -> &'static str {
        match self {
            Self::ServiceDown => "service_down",
            Self::NoReader => "no_reader",
            Self::ReaderNotFound { .. } => "reader_not_found",
            Self::SeveralReaders { .. } => "several_readers",
            Self::NoCard { .. } => "no_card",
            Self::HeldByOther { .. } => "held_by_other",
            Self::CardRemoved { .. } => "card_removed",
            Self::ReaderRemoved { .. } => "reader_removed",
            Self::ResetByOther { .. } => "reset_by_other",
            Self::Mute { .. } => "mute",
            Self::CommandTooShort { .. } => "command_too_short",
            Self::AnswerTooShort { .. } => "answer_too_short",
            Self::Endless { .. } => "endless",
            Self::Timeout { reader } if reader.is_empty() => "timeout_alone",
            Self::Timeout { .. } => "timeout",
            Self::Cancelled => "cancelled",
            Self::NotBuilt => "not_built",
            Self::Entropy { .. } => "entropy",
            Self::FileMissing { .. } => "file_missing",
            Self::FileExists { .. } => "file_exists",
            Self::FileLocked { .. } => "file_locked",
            Self::File { .. } => "file",
            Self::Image { source, .. } => match source {
                card_model::card::ImageError::Version(..) => "image_format",
                card_model::card::ImageError::Damaged(_) => "image_damaged",
                _ => "image",
            },
            // Nobody listens: most often the service or its virtual reader is missing, which has its own next step.
            Self::Socket { source, .. } if source.kind() == std::io::ErrorKind::ConnectionRefused => "refused",
            Self::Socket { .. } => "socket",
            Self::Protocol { .. } => "protocol",
            Self::Transcript { .. } => "transcript",
            Self::Daemon { .. } => "daemon",
            Self::Service { reader, .. } if reader.is_empty() => "service_alone",
            Self::Service { .. } => "service",
        }
    }

    /// What the sentences name: the object (reader, file, address) and the cause in the system's words.
    fn names(&self) -> (String, String) {
        let none = String::new;
        match self {
            Self::ReaderNotFound { wanted, available } => (wanted.clone(), available.join(" | ")),
            Self::SeveralReaders { names } => (names.len().to_string(), names.join(" | ")),
            Self::NoCard { reader }
            | Self::HeldByOther { reader }
            | Self::CardRemoved { reader }
            | Self::ReaderRemoved { reader }
            | Self::ResetByOther { reader }
            | Self::Timeout { reader }
            | Self::Mute { reader } => (reader.clone(), none()),
            Self::CommandTooShort { length } | Self::AnswerTooShort { length } => (length.to_string(), none()),
            Self::Endless { rounds } => (rounds.to_string(), none()),
            Self::Entropy { message } => (none(), message.clone()),
            Self::FileMissing { path } | Self::FileExists { path } | Self::FileLocked { path } => {
                (path.clone(), none())
            }
            Self::File { path, source } => (path.clone(), source.to_string()),
            Self::Image { path, source } => (
                path.clone(),
                match source {
                    card_model::card::ImageError::Version(found, known) => format!("{found} (1–{known})"),
                    card_model::card::ImageError::Damaged(at) => at.to_string(),
                    _ => String::new(),
                },
            ),
            Self::Socket { address, source } => (address.clone(), source.to_string()),
            Self::Protocol { address, message } => (address.clone(), message.clone()),
            Self::Transcript { name, line, message } => (format!("{name}:{line}"), message.clone()),
            Self::Daemon { program, message } => (program.clone(), message.clone()),
            Self::Service { reader, message } => (reader.clone(), message.clone()),
            Self::ServiceDown | Self::NoReader | Self::Cancelled | Self::NotBuilt => (none(), none()),
        }
    }

    /// Whether nothing at all was wrong with reader and card: the file or the words of the caller were.
    pub fn is_usage(&self) -> bool {
        matches!(
            self,
            Self::CommandTooShort { .. }
                | Self::FileMissing { .. }
                | Self::FileExists { .. }
                | Self::File { .. }
                | Self::Image { .. }
                | Self::Transcript { .. }
        )
    }
}

impl Explain for TransportError {
    fn explain(&self, lang: Lang) -> Explanation {
        let (name, cause) = self.names();
        let line = |part: &str| {
            let key = format!("transport.{}.{part}", self.key());
            let text = rust_i18n::t!(&key, locale = lang.locale(), name = &name, cause = &cause);
            // The table answers an unknown key with the key itself; a missing line means that there is nothing to say.
            (!text.ends_with(&key)).then(|| text.into_owned())
        };
        Explanation {
            what: line("what").unwrap_or_default(),
            why: line("why").filter(|why| !why.is_empty()),
            next: line("next"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use card_model::card::ImageError;
    use std::io::{Error, ErrorKind};

    fn all() -> Vec<TransportError> {
        let reader = || "Reader".to_owned();
        let path = || "card.sim".to_owned();
        let message = || "words".to_owned();
        vec![
            TransportError::ServiceDown,
            TransportError::NoReader,
            TransportError::ReaderNotFound {
                wanted: reader(),
                available: vec!["A 00 00".into(), "B 00 00".into()],
            },
            TransportError::SeveralReaders {
                names: vec!["A 00 00".into(), "B 00 00".into()],
            },
            TransportError::NoCard { reader: reader() },
            TransportError::HeldByOther { reader: reader() },
            TransportError::CardRemoved { reader: reader() },
            TransportError::ReaderRemoved { reader: reader() },
            TransportError::ResetByOther { reader: reader() },
            TransportError::Mute { reader: reader() },
            TransportError::CommandTooShort { length: 3 },
            TransportError::AnswerTooShort { length: 0 },
            TransportError::Endless { rounds: 64 },
            TransportError::Timeout { reader: String::new() },
            TransportError::Timeout { reader: reader() },
            TransportError::Cancelled,
            TransportError::NotBuilt,
            TransportError::Entropy { message: message() },
            TransportError::FileMissing { path: path() },
            TransportError::FileExists { path: path() },
            TransportError::FileLocked { path: path() },
            TransportError::File {
                path: path(),
                source: Error::from(ErrorKind::PermissionDenied),
            },
            TransportError::Image {
                path: path(),
                source: ImageError::Magic,
            },
            TransportError::Image {
                path: path(),
                source: ImageError::Version(9, 2),
            },
            TransportError::Image {
                path: path(),
                source: ImageError::Damaged(2100),
            },
            TransportError::Socket {
                address: "host:1".into(),
                source: Error::from(ErrorKind::ConnectionRefused),
            },
            TransportError::Socket {
                address: "host:1".into(),
                source: Error::from(ErrorKind::ConnectionReset),
            },
            TransportError::Protocol {
                address: "host:1".into(),
                message: message(),
            },
            TransportError::Transcript {
                name: "t".into(),
                line: 3,
                message: message(),
            },
            TransportError::Daemon {
                program: "pcscd".into(),
                message: message(),
            },
            TransportError::Service {
                reader: String::new(),
                message: message(),
            },
            TransportError::Service {
                reader: reader(),
                message: message(),
            },
        ]
    }

    #[test]
    fn every_error_says_what_and_what_next_in_both_languages() {
        let mut said = std::collections::HashSet::new();
        for error in all() {
            for lang in [Lang::Zh, Lang::En] {
                let words = error.explain(lang);
                assert!(!words.what.is_empty(), "{}: nothing said", error.key());
                assert!(
                    words.next.as_deref().is_some_and(|next| !next.is_empty()),
                    "{}: no next step",
                    error.key()
                );
                let whole = format!("{} {:?} {:?}", words.what, words.why, words.next);
                assert!(!whole.contains("%{") && !whole.contains("transport."), "{whole}");
                let chinese = words.what.chars().any(|c| ('\u{4E00}'..='\u{9FFF}').contains(&c));
                assert_eq!(chinese, lang == Lang::Zh, "{}", words.what);
                assert!(said.insert(words.what), "{} is said as another error", error.key());
            }
        }
    }

    #[test]
    fn names_reach_the_words() {
        let text = TransportError::SeveralReaders {
            names: vec!["A 00 00".into(), "B 00 00".into()],
        }
        .to_string();
        assert!(text.contains('2'), "{text}");
        let next = TransportError::FileMissing { path: "x.sim".into() }
            .explain(Lang::En)
            .next;
        assert!(next.is_some_and(|next| next.contains("ssc card new")));
    }
}

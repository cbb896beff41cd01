//! Why the test authority could not do something.

use card_model::words::{Explain, Explanation, Lang};
use reader::certificate::FormatError;
use rust_i18n::t;
use std::path::PathBuf;

/// Why the test authority could not do something.
#[derive(Debug, thiserror::Error)]
#[error("{}", self.explain(Lang::En).what)]
#[non_exhaustive]
pub enum CaError {
    /// A file of the authority cannot be read or written.
    File {
        /// File.
        path: PathBuf,
        /// The operating system's words.
        source: std::io::Error,
    },
    /// The folder is not empty, and nothing is overwritten.
    Exists {
        /// Folder.
        path: PathBuf,
    },
    /// A file of the authority is damaged.
    Damaged {
        /// File.
        path: PathBuf,
    },
    /// A request, certificate or key is malformed.
    Format(#[from] FormatError),
    /// A certificate and a private key that do not belong together.
    OtherKey,
    /// The authority issued no certificate with this serial number.
    NoSuchSerial {
        /// Serial number in hex.
        serial: String,
    },
    /// A name without TEST in it; this authority signs nothing that could be taken for real.
    NotTest {
        /// Name.
        name: String,
    },
    /// A date that the calendar or X.509 does not have.
    Date,
}

impl Explain for CaError {
    fn explain(&self, lang: Lang) -> Explanation {
        let locale = lang.locale();
        let tell = |what: std::borrow::Cow<'_, str>, why: Option<String>| Explanation {
            what: what.into_owned(),
            why,
            next: None,
        };
        match self {
            Self::File { path, source } => tell(
                t!("ca.file", locale = locale, path = path.display()),
                Some(source.to_string()),
            ),
            Self::Exists { path } => Explanation {
                next: Some(t!("ca.exists_next", locale = locale).into_owned()),
                ..tell(t!("ca.exists", locale = locale, path = path.display()), None)
            },
            Self::Damaged { path } => tell(t!("ca.damaged", locale = locale, path = path.display()), None),
            Self::Format(error) => error.explain(lang),
            Self::OtherKey => tell(t!("ca.other_key", locale = locale), None),
            Self::NoSuchSerial { serial } => tell(t!("ca.no_such_serial", locale = locale, serial = serial), None),
            Self::NotTest { name } => tell(t!("ca.not_test", locale = locale, name = name), None),
            Self::Date => tell(t!("ca.date", locale = locale), None),
        }
    }
}

//! Why a PSAM could not be issued.

use card_model::crypto::Algorithm;
use card_model::status::StatusWord;
use card_model::words::{Explain, Explanation, Lang};
use reader::channel::TransportError;
use rust_i18n::t;

/// What was being done to the PSAM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PsamAction {
    /// Selecting environment or application.
    Select,
    /// Reading its serial number.
    Read,
    /// Drawing a challenge.
    Challenge,
    /// Writing a file, by its identifier.
    Write(u16),
    /// Loading a key.
    LoadKey(String),
    /// Replacing a master key.
    MasterKey,
}

impl PsamAction {
    /// The action in words.
    pub fn words(&self, lang: Lang) -> String {
        let locale = lang.locale();
        match self {
            Self::Select => t!("psam.action.select", locale = locale),
            Self::Read => t!("psam.action.read", locale = locale),
            Self::Challenge => t!("psam.action.challenge", locale = locale),
            Self::Write(fid) => t!("psam.action.write", locale = locale, file = format!("{fid:04X}")),
            Self::LoadKey(name) => t!("psam.action.load", locale = locale, name = name),
            Self::MasterKey => t!("psam.action.master", locale = locale),
        }
        .into_owned()
    }
}

/// Why a PSAM could not be issued.
#[derive(Debug, thiserror::Error)]
#[error("{}", self.explain(Lang::En).what)]
#[non_exhaustive]
pub enum PsamIssueError {
    /// No answer came from the PSAM.
    Transport(#[from] TransportError),
    /// What answers is no PSAM.
    NoPsam,
    /// The PSAM has other master keys than those of its maker: it was issued before.
    NotBlank,
    /// The PSAM refused.
    Refused {
        /// What it refused.
        action: PsamAction,
        /// Its status word.
        sw: StatusWord,
    },
    /// The key file lacks a key.
    KeyMissing {
        /// Key name.
        name: String,
        /// Version.
        version: u8,
        /// Cipher.
        algorithm: Algorithm,
    },
    /// A PSAM below the ministry belongs to a region.
    RegionNeeded,
    /// The description does not fit the PSAM.
    Description,
}

impl Explain for PsamIssueError {
    fn explain(&self, lang: Lang) -> Explanation {
        let locale = lang.locale();
        let (what, why, next) = match self {
            Self::Transport(source) => return source.explain(lang),
            Self::NoPsam => (
                t!("psam.issue.no_psam", locale = locale),
                None,
                Some(t!("psam.none_next", locale = locale)),
            ),
            Self::NotBlank => (
                t!("psam.issue.not_blank", locale = locale),
                Some(t!("psam.issue.not_blank_why", locale = locale).into_owned()),
                Some(t!("psam.issue.not_blank_next", locale = locale)),
            ),
            Self::Refused { action, sw } => (
                t!(
                    "psam.issue.refused",
                    locale = locale,
                    action = action.words(lang),
                    sw = format!("{:04X}", sw.0)
                ),
                Some(sw.meaning(lang)),
                None,
            ),
            Self::KeyMissing {
                name,
                version,
                algorithm,
            } => (
                t!(
                    "psam.issue.key",
                    locale = locale,
                    name = name,
                    version = version,
                    algorithm = algorithm.name()
                ),
                None,
                Some(t!("psam.issue.key_next", locale = locale)),
            ),
            Self::RegionNeeded => (
                t!("psam.issue.region", locale = locale),
                None,
                Some(t!("psam.issue.region_next", locale = locale)),
            ),
            Self::Description => (t!("psam.issue.description", locale = locale), None, None),
        };
        Explanation {
            what: what.into_owned(),
            why,
            next: next.map(std::borrow::Cow::into_owned),
        }
    }
}

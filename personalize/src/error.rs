//! Why a card could not be issued.

use crate::holders::HoldersError;
use crate::journal::JournalError;
use crate::settings::SettingsError;
use crate::words::say;
use card_model::status::StatusWord;
use card_model::words::{Explain, Explanation, Lang};
use reader::channel::{Reason, TransportError};
use reader::error::ReaderError;
use reader::security::SecurityModuleError;
use reader::verify::Words;

/// What was being done to the card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Selecting a file.
    Select(String),
    /// Drawing a challenge.
    Challenge,
    /// Asking what the card is.
    CardData,
    /// Proving knowledge of the master key of a dedicated file.
    AuthenticateMaster(String),
    /// Creating a file.
    Create(String),
    /// Loading a key in a version.
    LoadKey(String, u8),
    /// Loading the initial PIN.
    LoadPin,
    /// Loading or replacing the master key of a dedicated file.
    MasterKey(String),
    /// Ending the creation of a dedicated file.
    Activate(String),
    /// Erasing the structure.
    Erase,
    /// External authentication with a key.
    Authenticate(String),
    /// Presenting the PIN.
    VerifyPin,
    /// Writing an item.
    Write(String),
    /// Reading an item.
    Read(String),
    /// Internal authentication of the card.
    InternalAuthentication,
}

impl Action {
    /// The action in words.
    pub fn words(&self, lang: Lang) -> String {
        let with = |key: &str, name: &str| say(lang, key, &[("name", name)]);
        match self {
            Self::Select(path) => with("action.select", path),
            Self::Challenge => with("action.challenge", ""),
            Self::CardData => with("action.card_data", ""),
            Self::AuthenticateMaster(id) => with("action.authenticate_master", id),
            Self::Create(path) => with("action.create", path),
            Self::LoadKey(name, version) => say(
                lang,
                "action.load_key",
                &[("name", name), ("version", &version.to_string())],
            ),
            Self::LoadPin => with("action.load_pin", ""),
            Self::MasterKey(id) => with("action.master_key", id),
            Self::Activate(id) => with("action.activate", id),
            Self::Erase => with("action.erase", ""),
            Self::Authenticate(name) => with("action.authenticate", name),
            Self::VerifyPin => with("action.verify_pin", ""),
            Self::Write(path) => with("action.write", path),
            Self::Read(path) => with("action.read", path),
            Self::InternalAuthentication => with("action.internal_authentication", ""),
        }
    }
}

/// Why a card could not be issued.
#[derive(Debug, thiserror::Error)]
#[error("{}", self.one_line(Lang::En))]
#[non_exhaustive]
pub enum IssueError {
    /// No answer came from the card.
    Transport(#[from] TransportError),
    /// The card refused.
    Refused {
        /// What it refused.
        action: Action,
        /// Its status word.
        sw: StatusWord,
        /// Why, where the card can tell.
        reason: Option<Box<Reason>>,
    },
    /// The card answered something that is no answer to the command.
    Answer {
        /// What was asked.
        action: Action,
    },
    /// The security module could not help.
    SecurityModule(#[from] SecurityModuleError),
    /// The answer to reset carries no card number: the keys cannot be diversified.
    NoHistoricalBytes,
    /// The card uses another cipher or another profile than the one chosen.
    WrongProfile {
        /// What the card says.
        card: String,
        /// What was chosen.
        wanted: String,
    },
    /// Neither a blank card of a known card operating system nor a pre-personalized card.
    UnknownCard,
    /// The card is blocked for good.
    Blocked,
    /// The card belongs to somebody already.
    OtherHolder {
        /// Masked name or number on the card.
        holder: String,
    },
    /// The card was issued to this person already, with another card number.
    AlreadyIssued {
        /// Card number on the card.
        card_number: String,
    },
    /// The journal says that this chip was issued, but it is not the person's.
    IssuedChip {
        /// Card number given with it.
        card_number: String,
    },
    /// The person's card was begun on another chip.
    HalfIssued {
        /// Card number.
        card_number: String,
        /// Historical bytes of that chip, in hex.
        historical: String,
    },
    /// The profile lacks an element that issuing needs, or is not consistent in itself.
    Profile {
        /// Path or name.
        path: String,
    },
    /// The region on the card differs from the settings.
    OtherRegion {
        /// Region of the card.
        card: String,
        /// Region of the settings.
        settings: String,
    },
    /// No card number is left behind the prefix.
    NumbersExhausted,
    /// Some items were not written or came back different.
    Items {
        /// What went wrong with which item.
        failures: Vec<ItemFailure>,
    },
    /// The card does not prove what it should.
    NotGenuine {
        /// The checks that failed: name and what was found.
        checks: Vec<(Words, Words)>,
    },
    /// The structure could not be built, and the card was emptied again.
    StructureErased {
        /// Why it could not be built.
        cause: Box<IssueError>,
    },
    /// The issued card could not be looked at.
    Reader(#[source] Box<ReaderError>),
    /// The journal could not be kept.
    Journal(#[from] JournalError),
    /// The settings cannot be used.
    Settings(#[from] SettingsError),
    /// The holders file cannot be used.
    Holders(#[from] HoldersError),
    /// A folder or file of simulated cards cannot be used.
    Folder {
        /// Its path.
        path: String,
        /// Cause.
        source: std::io::Error,
    },
}

impl From<ReaderError> for IssueError {
    fn from(error: ReaderError) -> Self {
        match error {
            ReaderError::Transport(error) => Self::Transport(error),
            error => Self::Reader(Box::new(error)),
        }
    }
}

/// An item of a card that was not written, or came back different.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemFailure {
    /// Path of the element or file.
    pub path: String,
    /// What happened.
    pub kind: ItemFailureKind,
}

/// What happened to an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ItemFailureKind {
    /// The card refused to write it, or the authentication before.
    NotWritten(StatusWord),
    /// The card refused to read it back, or the authentication before.
    NotRead(StatusWord),
    /// It came back different.
    Different,
    /// The security module has no key for it.
    NoKey(String),
}

impl ItemFailure {
    /// The failure in words. Values are not shown: they are the holder's.
    pub fn words(&self, lang: Lang) -> String {
        let path = ("path", self.path.as_str());
        match &self.kind {
            ItemFailureKind::NotWritten(sw) => say(
                lang,
                "item.not_written",
                &[path, ("sw", &sw.to_string()), ("meaning", &sw.meaning(lang))],
            ),
            ItemFailureKind::NotRead(sw) => say(
                lang,
                "item.not_read",
                &[path, ("sw", &sw.to_string()), ("meaning", &sw.meaning(lang))],
            ),
            ItemFailureKind::Different => say(lang, "item.different", &[path]),
            ItemFailureKind::NoKey(key) => say(lang, "item.no_key", &[path, ("key", key)]),
        }
    }
}

impl IssueError {
    /// What failed and why in one line; no secret, no name, no number of a person.
    pub fn one_line(&self, lang: Lang) -> String {
        let explanation = self.explain(lang);
        match explanation.why {
            Some(why) => format!("{}: {why}", explanation.what),
            None => explanation.what,
        }
    }
}

impl Explain for IssueError {
    fn explain(&self, lang: Lang) -> Explanation {
        let plain = |name: &str, values: &[(&str, &str)]| Explanation {
            what: say(lang, &format!("issue.{name}"), values),
            why: None,
            next: Some(say(lang, &format!("issue.next_{name}"), values)),
        };
        let found = |(title, detail): &(Words, Words)| {
            format!("{}{}{}", title.text(lang), lang.pick("：", ": "), detail.text(lang))
        };
        match self {
            Self::Transport(error) => error.explain(lang),
            Self::Reader(error) => error.explain(lang),
            Self::SecurityModule(error) => error.explain(lang),
            Self::Journal(error) => error.explain(lang),
            Self::Settings(error) => error.explain(lang),
            Self::Holders(error) => error.explain(lang),
            Self::Refused { action, sw, reason } => Explanation {
                what: say(
                    lang,
                    "issue.refused",
                    &[("action", &action.words(lang)), ("sw", &sw.to_string())],
                ),
                why: Some(match reason {
                    Some(reason) => format!("{} ({})", sw.meaning(lang), rule(lang, reason)),
                    None => sw.meaning(lang),
                }),
                next: sw.next_step(lang),
            },
            Self::Answer { action } => plain("answer", &[("action", &action.words(lang))]),
            Self::NoHistoricalBytes => plain("no_historical_bytes", &[]),
            Self::WrongProfile { card, wanted } => plain("wrong_profile", &[("card", card), ("wanted", wanted)]),
            Self::UnknownCard => plain("unknown_card", &[]),
            Self::Blocked => plain("blocked", &[]),
            Self::OtherHolder { holder } => plain("other_holder", &[("holder", holder)]),
            Self::AlreadyIssued { card_number } => plain("already_issued", &[("number", card_number)]),
            Self::IssuedChip { card_number } => plain("issued_chip", &[("number", card_number)]),
            Self::HalfIssued {
                card_number,
                historical,
            } => plain("half_issued", &[("number", card_number), ("historical", historical)]),
            Self::Profile { path } => plain("profile", &[("path", path)]),
            Self::OtherRegion { card, settings } => plain("other_region", &[("card", card), ("settings", settings)]),
            Self::NumbersExhausted => plain("numbers_exhausted", &[]),
            Self::Items { failures } => Explanation {
                why: Some(failures.iter().map(|f| f.words(lang)).collect::<Vec<_>>().join("; ")),
                ..plain("items", &[("count", &failures.len().to_string())])
            },
            Self::NotGenuine { checks } => Explanation {
                why: Some(checks.iter().map(found).collect::<Vec<_>>().join("; ")),
                ..plain("not_genuine", &[])
            },
            Self::StructureErased { cause } => Explanation {
                why: Some(cause.one_line(lang)),
                ..plain("structure_erased", &[])
            },
            Self::Folder { path, source } => Explanation {
                why: Some(source.to_string()),
                ..plain("folder", &[("path", path)])
            },
        }
    }
}

fn rule(lang: Lang, reason: &Reason) -> String {
    let file = reason.file.as_deref().unwrap_or_default();
    let condition = reason.condition.as_deref().unwrap_or_default();
    let missing = reason.missing.join(", ");
    say(
        lang,
        "issue.rule",
        &[("file", file), ("condition", condition), ("missing", &missing)],
    )
}

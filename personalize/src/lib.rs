//! Issuing the Chinese social security card: holder data, structure and keys of a blank card, personalization, batches.
//!
//! From the outside in: [`IssueRun`] issues a batch with a [`Journal`] so that nobody gets two cards; [`Issuer`] issues one
//! card; [`structure`] builds the files and keys of a blank card through a [`CardOs`]; [`data`] writes and reads back with
//! standard commands only; [`ca`] is a small TEST certification authority; [`ledger`] knows who applied for which card and what
//! became of it; [`ecard`] makes and checks the codes of the electronic card. [`HoldersFile`] and [`Settings`] are what people hand
//! in; both tell everything that is wrong with them at once.

pub mod ca;
pub mod card_os;
pub mod citizen;
mod contents;
pub mod data;
pub mod ecard;
mod error;
pub mod holders;
mod inspect;
mod issuer;
pub mod journal;
pub mod ledger;
pub mod mask;
pub mod numbers;
mod private_key;
pub mod psam;
pub mod run;
pub mod script;
pub mod settings;
pub mod standard;
pub mod structure;
pub mod target;
mod terminal;
pub mod tls;
mod words;

pub use card_os::{Bench, CardData, CardOs, LifeStage, ModelOs};
pub use contents::{CardValues, Contents, Layout};
pub use data::{DataReport, PinUse};
pub use error::{Action, IssueError, ItemFailure, ItemFailureKind};
pub use holders::{Holder, HolderRules, HoldersError, HoldersFile};
pub use inspect::{Found, inspect};
pub use issuer::{IssuedCard, Issuer, StepHook};
pub use journal::{Journal, JournalError, Step, StepState};
pub use run::{Batch, CardResult, Estimate, IssueReport, IssueRun, Progress, Silent};
pub use settings::{Settings, SettingsError};

rust_i18n::i18n!("../locales", fallback = "en");

//! The rows that belong to electronic cards.

use super::super::record::{flag, table};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An electronic card.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Ecard {
    /// Its number: 16 digits, the first not 0. Codes carry it; it says nothing about the person.
    pub id: String,
    /// Whose.
    pub person: String,
    /// Number of the physical card whose twin it is.
    pub card: String,
    /// `active`, `suspended` or `ended`.
    pub state: String,
    /// `none`, `chosen`, or `locked` after too many wrong ones.
    pub password: String,
    /// Whether payment codes are taken: `open` or `closed`.
    pub payment: String,
    /// When it was issued.
    pub opened: Timestamp,
    /// Why it ended.
    pub ended: Option<String>,
    /// When something was done with it last.
    pub changed: Timestamp,
    /// The person until it ends: the database holds no second one.
    pub valid_of: Option<String>,
    /// State of the physical card while it is in use: the database holds none on a card that is not normal.
    pub on_state: Option<i64>,
    /// How often the row was changed.
    pub revision: i64,
}
table!("ecard", Ecard: id, person, card, state, password, payment, opened, ended, changed, valid_of, on_state, revision);

impl Ecard {
    /// Sets the state, and with it whether the person's one place is taken. `on` is the state of the physical card.
    pub(in super::super) fn set_state(&mut self, state: &str, on: i64) {
        state.clone_into(&mut self.state);
        self.valid_of = Some(self.person.clone()).filter(|_| state != "ended");
        self.on_state = Some(on).filter(|_| state == "active");
    }

    /// The number as codes carry it.
    pub fn number(&self) -> u64 {
        self.id.parse().unwrap_or(0)
    }
}

/// A channel that an electronic card is, or was, bound to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Binding {
    /// Electronic card and channel.
    pub id: String,
    /// Number of the electronic card.
    pub ecard: String,
    /// Channel of the rules.
    pub channel: String,
    /// Whether it is bound now.
    #[serde(with = "flag")]
    #[schemars(with = "i64", range(min = 0, max = 1))]
    pub active: bool,
    /// Since when.
    pub changed: Timestamp,
    /// How often the row was changed.
    pub revision: i64,
}
table!("binding", Binding: id, ecard, channel, active, changed, revision);

/// The password of an electronic card; a row of its own, so that the card can be shown without it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in super::super) struct Password {
    /// Number of the electronic card.
    pub id: String,
    /// Salted verifier.
    pub verifier: String,
    /// How many wrong ones are still taken.
    pub tries: i64,
    /// How often the row was changed.
    pub revision: i64,
}
table!("password", Password: id, verifier, tries, revision);

/// A payment code that moved money. That a code is taken once needs the row for as long as the code is valid, a few minutes; it stays,
/// because it is the record of what was paid with which card, when and where, and because the log tells of it: the audit would miss it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Spent {
    /// Issuer and number of the code.
    pub id: String,
    /// Number of the electronic card.
    pub ecard: String,
    /// Channel that showed it.
    pub channel: String,
    /// Number of the scene it was made for.
    pub scene: i64,
    /// Where it was taken.
    pub outlet: String,
    /// When.
    pub at: Timestamp,
    /// What it paid, in fen; 0 where nobody said.
    pub amount_fen: i64,
    /// How often the row was changed.
    pub revision: i64,
}
table!("spent", Spent: id, ecard, channel, scene, outlet, at, amount_fen, revision);

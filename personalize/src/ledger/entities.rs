//! The rows of the ledger.

use super::record::{flag, table};
use jiff::Timestamp;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A bank outlet, or any other place where cards are applied for, made or handed over. Each has a chain of log lines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Outlet {
    /// Its number; capital letters, digits and `-`.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Six digits of the region it works for.
    pub region: String,
    /// The bank it belongs to.
    pub bank: String,
    /// How often the row was changed.
    #[serde(default)]
    pub revision: i64,
}
table!("outlet", Outlet: id, name, region, bank, revision);

/// Somebody, or something, that works with the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Staff {
    /// Name by which the log knows them.
    pub id: String,
    /// The outlet they work at.
    pub outlet: String,
    /// What they may do: a role of the rules.
    pub role: String,
    /// Whether they still work there.
    #[serde(with = "flag")]
    #[schemars(with = "i64", range(min = 0, max = 1))]
    pub active: bool,
    /// How often the row was changed.
    #[serde(default)]
    pub revision: i64,
}
table!("staff", Staff: id, outlet, role, active, revision);

/// A person with a social security number.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Person {
    /// Social security number, 18 characters.
    pub id: String,
    /// Kind of the document by which the person was identified: a document of the rules.
    pub document: String,
    /// Its number.
    pub document_number: String,
    /// Full name.
    pub name: String,
    /// GB/T 2261.1: `1` male, `2` female, `9` not stated.
    pub sex: String,
    /// Date of birth.
    pub birth: Date,
    /// Number of the mobile phone.
    pub mobile: Option<String>,
    /// Date of death.
    pub died: Option<Date>,
    /// How often the row was changed.
    pub revision: i64,
}
table!("person", Person: id, document, document_number, name, sex, birth, mobile, died, revision);

impl core::fmt::Debug for Person {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Person")
            .field("id", &crate::mask::number(&self.id))
            .field("name", &crate::mask::name(&self.name))
            .field("revision", &self.revision)
            .finish_non_exhaustive()
    }
}

/// An application for a card, until the card is in the holder's hand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Application {
    /// Outlet and number in the outlet's log.
    pub id: String,
    /// For whom.
    pub person: String,
    /// Kind: an `application.kind` of the rules.
    pub kind: String,
    /// Reason code for a re-issue (`spec/commands.md` §4.4); empty for a first card.
    pub reason_code: String,
    /// Channel of the rules.
    pub channel: String,
    /// Where it was applied for; the card is handed over there.
    pub outlet: String,
    /// Six digits of the region that issues the card.
    pub region: String,
    /// The bank of the card.
    pub bank: String,
    /// The batch it came in.
    pub batch: Option<String>,
    /// Who applied: `self`, `agent` or `guardian`, or the name of the organization's channel.
    pub relation: String,
    /// Name of the agent or guardian.
    pub agent: Option<String>,
    /// Their document: kind and number.
    pub agent_document: Option<String>,
    /// State of the rules.
    pub state: String,
    /// Why making failed.
    pub failure: Option<String>,
    /// Number given to the card, once it is being made.
    pub card: Option<String>,
    /// The card it takes the place of.
    pub old_card: Option<String>,
    /// What it costs, in fen.
    pub fee_fen: i64,
    /// What was paid, in fen.
    pub paid_fen: i64,
    /// When it was applied for.
    pub applied: Timestamp,
    /// The day by which the card is promised.
    pub promised: Date,
    /// When the state was changed last.
    pub changed: Timestamp,
    /// Who took the card: `self`, or name and document of the agent or guardian.
    pub receiver: Option<String>,
    /// The person while it is open: the database holds no second one.
    pub open_of: Option<String>,
    /// How often the row was changed.
    pub revision: i64,
}
table!("application", Application: id, person, kind, reason_code, channel, outlet, region, bank, batch, relation, agent,
    agent_document, state, failure, card, old_card, fee_fen, paid_fen, applied, promised, changed, receiver, open_of, revision);

/// A card that was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Card {
    /// Card number, 9 characters.
    pub id: String,
    /// Whose.
    pub person: String,
    /// The application for it.
    pub application: String,
    /// Where it was handed out.
    pub outlet: String,
    /// Six digits of the region that issued it.
    pub region: String,
    /// The bank of its financial account.
    pub bank: String,
    /// Card identification code in hex.
    pub card_id: Option<String>,
    /// Historical bytes of the chip in hex.
    pub historical: Option<String>,
    /// Number of the financial account printed on it.
    pub bank_number: Option<String>,
    /// Issue date.
    pub issued: Date,
    /// Expiry date.
    pub expires: Date,
    /// Code of the state (`spec/commands.md` §4.4).
    pub state: i64,
    /// Financial account: a `financial` word of the rules.
    pub financial: String,
    /// Medical account: a `medical` word of the rules.
    pub medical: String,
    /// PIN of the social application: a `pin` word of the rules.
    pub pin: String,
    /// The chip: a `chip` word of the rules.
    pub chip: String,
    /// Why it ended.
    pub ended: Option<String>,
    /// When the row was changed last.
    pub changed: Timestamp,
    /// The person while the card is valid: the database holds no second one.
    pub valid_of: Option<String>,
    /// The person while the card is sealed: the database holds no second one.
    pub sealed_of: Option<String>,
    /// How often the row was changed.
    pub revision: i64,
}
table!("card", Card: id, person, application, outlet, region, bank, card_id, historical, bank_number, issued, expires, state,
    financial, medical, pin, chip, ended, changed, valid_of, sealed_of, revision);

/// A file of applications that was fed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Batch {
    /// Outlet and digest of the file: the same file is the same batch.
    pub id: String,
    /// Name of the file.
    pub file: String,
    /// Where it was fed.
    pub outlet: String,
    /// Channel of the rules.
    pub channel: String,
    /// Rows.
    pub total: i64,
    /// Rows that became applications.
    pub accepted: i64,
    /// Rows that were rejected.
    pub rejected: i64,
    /// How often the row was changed.
    pub revision: i64,
}
table!("batch", Batch: id, file, outlet, channel, total, accepted, rejected, revision);

/// Card numbers are counted for each prefix.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(super) struct Series {
    /// What the card numbers begin with.
    pub id: String,
    /// The next number behind it.
    pub next: i64,
    /// How often the row was changed.
    pub revision: i64,
}
table!("series", Series: id, next, revision);

/// Does the same for every table that is kept in the log.
macro_rules! every_table {
    ($do:ident) => {
        $do!(Outlet);
        $do!(Staff);
        $do!(Person);
        $do!(Series);
        $do!(Batch);
        $do!(Application);
        $do!(Card);
        $do!(Ecard);
        $do!(Binding);
        $do!(Password);
        $do!(Spent);
        $do!(Credential);
    };
}
pub(super) use every_table;

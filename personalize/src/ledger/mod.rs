//! The ledger of an outlet, a city or a province: who applied for a card, where it is, and what became of it.
//!
//! # What is kept
//!
//! - [`Outlet`] and [`Staff`]: where people work, and in which role.
//! - [`Person`]: whoever has a social security number; the number is the key.
//! - [`Application`]: one wish for one card, from `applied` to `collected`, `returned` or `withdrawn`.
//! - [`Card`]: one card that was made, with the state codes of `spec/commands.md` §4.4, its financial and medical account, its PIN
//!   and its chip.
//! - [`Ecard`]: the electronic card of a person, twin of a physical card, with the channels that show it ([`Binding`]), a password,
//!   and the payment codes that moved money ([`Spent`]).
//! - [`Batch`]: a file of applications that was fed.
//! - [`Line`]: the log. Each change is one line: who, in which role, where, when, what, why, what came out, and the images of all
//!   rows as they are afterwards, chained by SM3 for each outlet.
//!
//! # What always holds
//!
//! 1. A person has at most one card that is valid (normal, lost, locked, temporarily lost), at most one that is sealed, and at most
//!    one open application. Three columns that are unique hold the person as long as the row counts, and check constraints tie
//!    them to the state: the database itself holds no second one, whatever the program, and however many programs, do. The same
//!    for electronic cards: at most one that has not ended, only on a valid card, in use only on a card in its normal state.
//! 2. A row is what the last image in the log says, and every image belongs to a line whose digest covers it ([`Ledger::examine`]).
//! 3. A change is whole or not there: row, image and line are written in one serializable transaction, tried again when others
//!    were faster.
//! 4. A request is done once. Its number is unique in the log; asked again, the ledger gives what came out the first time. So a
//!    client that was killed, or lost the server while it committed, simply asks again.
//! 5. Nothing happens that the rules ([`Rules`]) do not name: the act, the state, the role, every condition.
//!
//! # Where it is kept
//!
//! SQLite for one outlet, PostgreSQL for a city or province, chosen by the address. There is one schema and one text for each
//! statement; it knows `TEXT`, `BIGINT`, keys, unique and check constraints, and nothing that belongs to one engine, so that a
//! distributed database that speaks the same protocol can take over. The line to a server is encrypted, and its certificate checked,
//! as the address asks in the words of libpq: `?sslmode=verify-full&sslrootcert=FILE`.
//!
//! Who has the address of the database and may write to it is trusted to say who is at work; the roles are a rule of the
//! house, not a lock. What was done against the rules by other means, the audit finds.

mod access;
mod audit;
mod backup;
mod batch;
mod credential;
mod electronic;
mod engine;
mod entities;
mod error;
mod holder;
mod line;
mod order;
mod query;
mod record;
mod refusal;
mod rules;
mod schema;
mod staff;
mod store;
mod transaction;

pub use access::LedgerAccess;
pub use audit::{Audit, Finding, FindingKind, Head};
pub use batch::{BatchFile, BatchReport, Rejected, Returned, write_receipts};
pub use credential::Credential;
pub use electronic::{Asked, Binding, Ecard, Program, RealName, RealNameError, Spent};
pub use engine::{TlsFault, UrlFault};
pub use entities::{Application, Batch, Card, Outlet, Person, Staff};
pub use error::{LedgerError, Served};
pub use holder::holder;
pub use line::Line;
pub use order::{Agent, Applicant, Details, Identified, Order, PresentedCode, Receipt, Secret, Target};
pub use query::{Counts, Overdue, Progress, Standing};
pub use refusal::Refusal;
pub use rules::{
    Calendar, Condition, Effect, ElectronicChannel, Named, Object, RealNameBy, RealNameMethod, Rules, RulesError,
    TableLine, Transition,
};
pub use staff::Entrance;
pub use store::Ledger;
pub use transaction::Actor;

//! What is done with a ledger, wherever it is: in a database ([`Ledger`]), or behind a service. This is the one list of it.

use super::audit::{Audit, Head};
use super::batch::{self, BatchFile, BatchReport, Returned};
use super::error::LedgerError;
use super::line::Line;
use super::order::{self, Order, Receipt, Target};
use super::query::{self, Counts, Overdue, Progress, Standing};
use super::rules::Rules;
use super::staff::{self, Entrance};
use super::store::Ledger;
use card_model::words::Lang;
use jiff::Timestamp;

/// A ledger to work with. `who` is a member of the staff, `at` the moment. Behind a service, the service says who is at work, by
/// which rules and when: what is given here for that is not looked at.
///
/// # Errors
/// Besides those that are named, each ends with an error where the database does not work; a service answers with
/// [`LedgerError::Served`], and with [`LedgerError::Service`] where it cannot be reached.
#[allow(clippy::missing_errors_doc, reason = "said above for all")]
pub trait LedgerAccess {
    /// The address, without a password.
    fn address(&self) -> String;

    /// Six digits of the province or city.
    fn region(&self) -> &str;

    /// Does an order.
    ///
    /// Where the rules ask who the person is and the method is a program, the program is asked first, outside of the transaction,
    /// once all else that can be known allows the order.
    ///
    /// # Errors
    /// [`LedgerError::Refused`] says which rule does not allow it; then, as with any error, nothing was changed but the tries of
    /// a password that was wrong.
    fn perform(&mut self, rules: &Rules, who: &str, at: Timestamp, order: &Order) -> Result<Receipt, LedgerError>;

    /// Whether the rules allow an order at this moment. Nothing is written, and so nothing that asks a password can be asked this
    /// way. Gives the rows as they are.
    ///
    /// # Errors
    /// As [`LedgerAccess::perform`]; an act that asks who the person is, or for a password, is none that can be asked here.
    fn permit(&mut self, rules: &Rules, who: &str, at: Timestamp, order: &Order) -> Result<Receipt, LedgerError>;

    /// Enters or changes outlets and staff. As long as a ledger has no staff, anybody may; then only a role that the rules name.
    ///
    /// # Errors
    /// Something is written wrongly, an outlet is not known, or the rules do not allow it.
    fn enter(
        &mut self,
        rules: &Rules,
        who: Option<&str>,
        at: Timestamp,
        entrances: &[Entrance],
        request: &str,
    ) -> Result<(), LedgerError>;

    /// Feeds a batch. `progress` is told how many rows are done.
    ///
    /// # Errors
    /// The database does not work. Rows done so far stay done; the same call goes on where it stopped.
    fn feed(
        &mut self,
        rules: &Rules,
        who: &str,
        at: Timestamp,
        file: &BatchFile,
        lang: Lang,
        progress: &mut dyn FnMut(u64),
    ) -> Result<BatchReport, LedgerError>;

    /// The receipts of a batch, or of all applications of the outlet, in the order of applications.
    fn receipts(&mut self, who: &str, at: Timestamp, batch: Option<&str>) -> Result<Vec<Returned>, LedgerError>;

    /// Where the newest application of a person stands, or the one that is named.
    ///
    /// # Errors
    /// There is none.
    fn progress(&mut self, target: &Target, at: Timestamp) -> Result<Progress, LedgerError>;

    /// What is known about a person.
    ///
    /// # Errors
    /// Nobody of this number is known.
    fn standing(&mut self, number: &str) -> Result<Standing, LedgerError>;

    /// What is overdue, the longest first.
    fn overdue(&mut self, rules: &Rules, at: Timestamp) -> Result<Vec<Overdue>, LedgerError>;

    /// How many cards are valid, sealed and cancelled, and how many applications are open.
    fn counts(&mut self) -> Result<Counts, LedgerError>;

    /// All lines of the log about an application or card, or any row by its key, the oldest first.
    ///
    /// # Errors
    /// The rules do not allow it.
    fn history(&mut self, rules: &Rules, who: &str, at: Timestamp, subject: &str) -> Result<Vec<Line>, LedgerError>;

    /// Proves the ledger whole, or says what is wrong. `earlier` are the ends of chains that an earlier audit saw.
    ///
    /// # Errors
    /// The rules do not allow it.
    fn audit(&mut self, rules: &Rules, who: &str, at: Timestamp, earlier: &[Head]) -> Result<Audit, LedgerError>;
}

impl LedgerAccess for Ledger {
    fn address(&self) -> String {
        self.url.to_string()
    }

    fn region(&self) -> &str {
        &self.region
    }

    fn perform(&mut self, rules: &Rules, who: &str, at: Timestamp, order: &Order) -> Result<Receipt, LedgerError> {
        order::check(order)?;
        let proven = self.prove(rules, who, at, order)?;
        self.write(&order.request, |transaction| {
            order::perform(transaction, rules, who, at, order, proven.as_deref())
        })?
    }

    fn permit(&mut self, rules: &Rules, who: &str, at: Timestamp, order: &Order) -> Result<Receipt, LedgerError> {
        order::check(order)?;
        self.read(|transaction| order::permit(transaction, rules, who, at, order))
    }

    fn enter(
        &mut self,
        rules: &Rules,
        who: Option<&str>,
        at: Timestamp,
        entrances: &[Entrance],
        request: &str,
    ) -> Result<(), LedgerError> {
        for entrance in entrances {
            staff::check(rules, entrance)?;
        }
        self.write(request, |transaction| {
            staff::enter(transaction, rules, who, at, entrances, request)
        })
    }

    fn feed(
        &mut self,
        rules: &Rules,
        who: &str,
        at: Timestamp,
        file: &BatchFile,
        lang: Lang,
        progress: &mut dyn FnMut(u64),
    ) -> Result<BatchReport, LedgerError> {
        file.feed(self, rules, (who, at), lang, progress)
    }

    fn receipts(&mut self, who: &str, at: Timestamp, batch: Option<&str>) -> Result<Vec<Returned>, LedgerError> {
        self.read(|transaction| {
            let outlet = transaction.actor(who, at)?.outlet.id;
            batch::receipts(transaction, &outlet, batch)
        })
    }

    fn progress(&mut self, target: &Target, at: Timestamp) -> Result<Progress, LedgerError> {
        self.read(|transaction| query::progress(transaction, target, at))
    }

    fn standing(&mut self, number: &str) -> Result<Standing, LedgerError> {
        self.read(|transaction| query::standing(transaction, number))
    }

    fn overdue(&mut self, rules: &Rules, at: Timestamp) -> Result<Vec<Overdue>, LedgerError> {
        self.read(|transaction| query::overdue(transaction, rules, at))
    }

    fn counts(&mut self) -> Result<Counts, LedgerError> {
        self.read(query::counts)
    }

    fn history(&mut self, rules: &Rules, who: &str, at: Timestamp, subject: &str) -> Result<Vec<Line>, LedgerError> {
        self.allow_audit(rules, who, at)?;
        self.read(|transaction| query::history(transaction, subject))
    }

    fn audit(&mut self, rules: &Rules, who: &str, at: Timestamp, earlier: &[Head]) -> Result<Audit, LedgerError> {
        self.allow_audit(rules, who, at)?;
        self.examine(earlier)
    }
}

//! What is done with a ledger, wherever it is: in a database ([`Ledger`]), or behind a service.

use super::audit::{Audit, Head};
use super::batch::{BatchFile, BatchReport, Returned};
use super::error::LedgerError;
use super::line::Line;
use super::order::{Order, Receipt, Target};
use super::query::{Counts, Overdue, Progress, Standing};
use super::rules::Rules;
use super::staff::Entrance;
use super::store::Ledger;
use card_model::words::Lang;
use jiff::Timestamp;

/// A ledger to work with. Behind a service, the service says who is at work, by which rules and when: what is given here for that
/// is not looked at.
///
/// # Errors
/// As the methods of [`Ledger`] of the same name; a service besides answers with [`LedgerError::Served`], and with
/// [`LedgerError::Service`] where it cannot be reached.
#[allow(missing_docs, clippy::missing_errors_doc, reason = "said once, above and at Ledger")]
pub trait LedgerAccess {
    fn address(&self) -> String;
    fn region(&self) -> &str;
    fn perform(&mut self, rules: &Rules, who: &str, at: Timestamp, order: &Order) -> Result<Receipt, LedgerError>;
    fn permit(&mut self, rules: &Rules, who: &str, at: Timestamp, order: &Order) -> Result<Receipt, LedgerError>;
    fn enter(
        &mut self,
        rules: &Rules,
        who: Option<&str>,
        at: Timestamp,
        entrances: &[Entrance],
        request: &str,
    ) -> Result<(), LedgerError>;
    fn feed(
        &mut self,
        rules: &Rules,
        who: &str,
        at: Timestamp,
        file: &BatchFile,
        lang: Lang,
        progress: &mut dyn FnMut(u64),
    ) -> Result<BatchReport, LedgerError>;
    fn receipts(&mut self, who: &str, at: Timestamp, batch: Option<&str>) -> Result<Vec<Returned>, LedgerError>;
    fn progress(&mut self, target: &Target, at: Timestamp) -> Result<Progress, LedgerError>;
    fn standing(&mut self, number: &str) -> Result<Standing, LedgerError>;
    fn overdue(&mut self, rules: &Rules, at: Timestamp) -> Result<Vec<Overdue>, LedgerError>;
    fn counts(&mut self) -> Result<Counts, LedgerError>;
    fn history(&mut self, rules: &Rules, who: &str, at: Timestamp, subject: &str) -> Result<Vec<Line>, LedgerError>;
    fn audit(&mut self, rules: &Rules, who: &str, at: Timestamp, earlier: &[Head]) -> Result<Audit, LedgerError>;
}

impl LedgerAccess for Ledger {
    fn address(&self) -> String {
        self.address()
    }

    fn region(&self) -> &str {
        self.region()
    }

    fn perform(&mut self, rules: &Rules, who: &str, at: Timestamp, order: &Order) -> Result<Receipt, LedgerError> {
        self.perform(rules, who, at, order)
    }

    fn permit(&mut self, rules: &Rules, who: &str, at: Timestamp, order: &Order) -> Result<Receipt, LedgerError> {
        self.permit(rules, who, at, order)
    }

    fn enter(
        &mut self,
        rules: &Rules,
        who: Option<&str>,
        at: Timestamp,
        entrances: &[Entrance],
        request: &str,
    ) -> Result<(), LedgerError> {
        self.enter(rules, who, at, entrances, request)
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
        self.feed(rules, who, at, file, lang, progress)
    }

    fn receipts(&mut self, who: &str, at: Timestamp, batch: Option<&str>) -> Result<Vec<Returned>, LedgerError> {
        let outlet = self.outlet_of(who, at)?;
        self.receipts(&outlet, batch)
    }

    fn progress(&mut self, target: &Target, at: Timestamp) -> Result<Progress, LedgerError> {
        self.progress(target, at)
    }

    fn standing(&mut self, number: &str) -> Result<Standing, LedgerError> {
        self.standing(number)
    }

    fn overdue(&mut self, rules: &Rules, at: Timestamp) -> Result<Vec<Overdue>, LedgerError> {
        self.overdue(rules, at)
    }

    fn counts(&mut self) -> Result<Counts, LedgerError> {
        self.counts()
    }

    fn history(&mut self, rules: &Rules, who: &str, at: Timestamp, subject: &str) -> Result<Vec<Line>, LedgerError> {
        self.allow_audit(rules, who, at)?;
        self.history(subject)
    }

    fn audit(&mut self, rules: &Rules, who: &str, at: Timestamp, earlier: &[Head]) -> Result<Audit, LedgerError> {
        self.allow_audit(rules, who, at)?;
        self.audit(earlier)
    }
}

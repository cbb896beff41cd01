//! Where a card in the reader belongs to the order: it is personalized, it shows that it is here, it is blocked.

use super::{reported, target};
use crate::args::{LedgerPlace, OrderInstant, OrderMake};
use crate::connect::Desk;
use crate::failure::{Class, Failure};
use crate::issue::profile_of;
use crate::output::Report;
use crate::progress::Bar;
use crate::session::today;
use jiff::Timestamp;
use personalize::ledger::{Details, LedgerAccess, Order, Receipt, Rules, Target, holder};
use personalize::{Batch, HolderRules, IssueRun, Journal, ModelOs, Settings};
use reader::channel::{Channel, SIMULATED};
use reader::wellknown::CARD_NUMBER;
use rust_i18n::t;
use std::path::{Path, PathBuf};

/// Longest reason in the log.
const REASON: usize = 200;

/// Who makes a card, from what.
struct Maker<'m> {
    desk: &'m Desk<'m>,
    ledger: Box<dyn LedgerAccess>,
    rules: Rules,
    who: &'m str,
    settings: Settings,
    journal: Option<&'m Path>,
    request: String,
}

/// `ssc order make`: the number is reserved; with a reader the card is made, too.
pub fn make(it: &OrderMake, desk: &Desk) -> Result<Report, Failure> {
    let mut maker = Maker::new(
        &it.place,
        it.settings.as_deref(),
        it.journal.as_deref(),
        it.request.as_deref(),
        desk,
    )?;
    let target = target(&it.target);
    let begun = maker.begun(&target)?;
    let receipt = match begun {
        // Begun before, and the card pulled: it goes on with the same number.
        Some(receipt) if desk.common.reader.is_some() => receipt,
        _ => maker.reserve(target, it.card_number.clone())?,
    };
    let receipt = match desk.common.reader {
        Some(_) => maker.personalize(receipt)?,
        None => receipt,
    };
    Ok(reported(&receipt, &maker.rules, desk))
}

/// `ssc order instant`: from the application to the card in the holder's hand. Asked again with the same request number, it goes
/// on where it stopped.
pub fn instant(it: &OrderInstant, desk: &Desk) -> Result<Report, Failure> {
    let settings = it.settings.as_deref();
    let apply = &it.apply;
    let mut maker = Maker::new(
        &apply.place,
        settings,
        it.journal.as_deref(),
        apply.request.as_deref(),
        desk,
    )?;
    if desk.common.reader.is_none() {
        let locale = desk.output.lang.locale();
        return Err(Failure::input(t!("ledger.instant_reader", locale = locale))
            .next(t!("ledger.instant_reader_next", locale = locale)));
    }
    let order = Order::new(maker.request.clone(), "apply", None).with(super::applying(apply));
    let mut receipt = maker.done(&order)?;
    while let Some(application) = receipt.application.clone() {
        let target = Target::Application(application.id.clone());
        receipt = match application.state.as_str() {
            "applied" if application.paid_fen < application.fee_fen && it.paid => maker.act("pay", target)?,
            "applied" | "failed" => maker.reserve(target, None)?,
            "making" => maker.personalize(receipt)?,
            "made" => maker.act("deliver", target)?,
            "delivered" => {
                let details = Details {
                    agent: super::agent(&apply.agent),
                    ..Details::default()
                };
                let order = Order::new(format!("{}/collect", maker.request), "collect", Some(target)).with(details);
                maker.done(&order)?
            }
            _ => break,
        };
    }
    Ok(reported(&receipt, &maker.rules, desk))
}

impl<'m> Maker<'m> {
    fn new(
        place: &'m LedgerPlace,
        settings: Option<&Path>,
        journal: Option<&'m Path>,
        request: Option<&str>,
        desk: &'m Desk<'m>,
    ) -> Result<Self, Failure> {
        let settings = match settings {
            Some(path) => Settings::load(path),
            None => Settings::test_defaults(),
        };
        Ok(Self {
            desk,
            ledger: desk.ledger(place)?,
            rules: desk.rules(place)?,
            who: desk.who(place)?,
            settings: settings.map_err(|e| Failure::explained(Class::Input, &e, desk.output.lang))?,
            journal,
            request: desk.request(request)?,
        })
    }

    fn done(&mut self, order: &Order) -> Result<Receipt, Failure> {
        let done = self.ledger.perform(&self.rules, self.who, Timestamp::now(), order);
        done.map_err(|e| self.desk.ledger_failure(&e))
    }

    fn act(&mut self, act: &str, target: Target) -> Result<Receipt, Failure> {
        let order = Order::new(format!("{}/{act}", self.request), act, Some(target));
        self.done(&order)
    }

    /// An application whose card is being made already.
    fn begun(&mut self, target: &Target) -> Result<Option<Receipt>, Failure> {
        let found = self
            .ledger
            .progress(target, Timestamp::now())
            .map_err(|e| self.desk.ledger_failure(&e))?;
        Ok(Some(found)
            .filter(|found| found.application.state == "making")
            .map(|found| Receipt {
                request: self.request.clone(),
                act: "make".to_owned(),
                repeated: true,
                application: Some(found.application),
                card: None,
                old_card: None,
                ecard: None,
                channels: Vec::new(),
                refund_fen: 0,
                holidays_unknown: Vec::new(),
            }))
    }

    fn reserve(&mut self, target: Target, card_number: Option<String>) -> Result<Receipt, Failure> {
        let details = Details {
            card_number,
            card_number_prefix: Some(self.settings.card_number_prefix.clone()),
            ..Details::default()
        };
        // A failure may be followed by another attempt within one call.
        let request = self.desk.request(None)?;
        self.done(&Order::new(request, "make", Some(target)).with(details))
    }

    /// Makes the card in the reader and enters it; a failure of the card is entered too, a pulled card is waited for.
    fn personalize(&mut self, receipt: Receipt) -> Result<Receipt, Failure> {
        let desk = self.desk;
        let Some(application) = receipt.application.clone() else {
            return Ok(receipt);
        };
        let target = Target::Application(application.id.clone());
        let issued = self.issue(&application.person, application.card.as_deref().unwrap_or_default());
        let details = match issued {
            Ok(details) => details,
            Err(failure) if matches!(failure.class, Class::Refused | Class::Verdict) => {
                let reason: String = failure
                    .words
                    .what
                    .chars()
                    .filter(|c| !c.is_control())
                    .take(REASON)
                    .collect();
                let details = Details {
                    reason: Some(reason),
                    ..Details::default()
                };
                let order = Order::new(desk.request(None)?, "fail", Some(target)).with(details);
                self.done(&order)?;
                return Err(failure);
            }
            Err(failure) => return Err(failure),
        };
        self.done(&Order::new(desk.request(None)?, "made", Some(target)).with(details))
    }

    /// Issues the card; what of it goes into the ledger.
    fn issue(&mut self, person: &str, number: &str) -> Result<Details, Failure> {
        let desk = self.desk;
        let person = self
            .ledger
            .standing(person)
            .map_err(|e| desk.ledger_failure(&e))?
            .person;
        let mut keys = desk.required_keys()?;
        let mut card = desk.card(true)?;
        let historical = reader::reset::historical(&card.reset_answer().bytes).map(hex::encode_upper);
        let profile = profile_of(card.as_mut(), desk)?;
        let rules = HolderRules {
            profile,
            settings: &self.settings,
            today: today(),
            accept_disagreement: true,
        };
        let holder = holder(&person, number, &rules);
        let holders = [holder.map_err(|e| Failure::explained(Class::Input, &e, desk.output.lang))?];
        let batch = Batch {
            profile,
            os: &ModelOs,
            settings: &self.settings,
            holders: &holders,
            today: today(),
        };
        let journal = self.journal(desk)?;
        let mut run = IssueRun::new(batch, &mut keys, journal).map_err(|e| desk.issue_failure(&e))?;
        let mut bar = Bar::new(1, desk.output);
        let result = run
            .issue_next(card.as_mut(), &mut bar)
            .map_err(|e| desk.issue_failure(&e))?;
        let card_id = match result.map(|result| &result.outcome) {
            Some(Ok(card)) => Some(hex::encode_upper(card.card_id)),
            Some(Err(error)) => return Err(desk.issue_failure(error)),
            // The journal knows the card as issued: the ledger was told no more before the power went.
            None => None,
        };
        let issued = self.settings.issue_date.unwrap_or_else(today);
        Ok(Details {
            card_id,
            historical,
            issued: Some(issued),
            expires: self.settings.expiry(issued),
            ..Details::default()
        })
    }

    /// The named journal; a card in a real reader always has one.
    fn journal(&self, desk: &Desk) -> Result<Option<Journal>, Failure> {
        let simulated = desk
            .common
            .reader
            .as_deref()
            .is_some_and(|name| name.starts_with(SIMULATED));
        let path = match self.journal {
            Some(path) => path.to_owned(),
            None if simulated => return Ok(None),
            None => PathBuf::from("order.journal"),
        };
        let journal = Journal::open(&path, &hex::encode(desk.random::<16>()?));
        journal
            .map(Some)
            .map_err(|e| Failure::explained(Class::Input, &e, desk.output.lang))
    }
}

/// The number on the card in the reader.
pub fn number_of_card(desk: &Desk) -> Result<String, Failure> {
    let mut session = desk.session(false)?;
    let number = session.read_plain(CARD_NUMBER).map_err(|e| desk.refusal(&e))?;
    let locale = desk.output.lang.locale();
    number
        .filter(|number| !number.is_empty())
        .ok_or_else(|| Failure::new(Class::Verdict, t!("ledger.no_number", locale = locale)))
}

/// The card in the reader has to be the one the order is about.
pub fn same_card(ledger: &mut dyn LedgerAccess, target: &Target, number: &str, desk: &Desk) -> Result<(), Failure> {
    let of_card = Target::Card(number.to_owned());
    let found = ledger
        .progress(&of_card, Timestamp::now())
        .map_err(|e| desk.ledger_failure(&e))?;
    let same = match target {
        Target::Person(person) => found.application.person == *person,
        Target::Application(id) => found.application.id == *id,
        Target::Card(card) => card == number,
        Target::Ecard(_) => {
            let named = ledger.progress(target, Timestamp::now());
            named.map_err(|e| desk.ledger_failure(&e))?.application.id == found.application.id
        }
    };
    let other = || {
        Failure::new(
            Class::Verdict,
            t!("ledger.other_card", locale = desk.output.lang.locale(), number = number),
        )
    };
    if same { Ok(()) } else { Err(other()) }
}

/// Blocks the chip in the reader, for good, and notes it.
pub fn block(
    ledger: &mut dyn LedgerAccess,
    rules: &Rules,
    who: &str,
    receipt: &mut Receipt,
    request: &str,
    desk: &Desk,
) -> Result<(), Failure> {
    let Some(card) = receipt.card.clone() else {
        return Ok(());
    };
    let order = Order::new(format!("{request}/blocked"), "blocked", Some(Target::Card(card.id)));
    block_due(ledger, &order, desk)?;
    let noted = ledger
        .perform(rules, who, Timestamp::now(), &order)
        .map_err(|e| desk.ledger_failure(&e))?;
    receipt.card = noted.card;
    Ok(())
}

/// Blocks the chip in the reader, if the ledger says that it is to be blocked; what is not, the ledger will say.
pub fn block_due(ledger: &mut dyn LedgerAccess, order: &Order, desk: &Desk) -> Result<(), Failure> {
    let Some(target) = &order.target else { return Ok(()) };
    let found = ledger
        .progress(target, Timestamp::now())
        .map_err(|e| desk.ledger_failure(&e))?;
    if found.card.is_none_or(|card| card.chip != "block_due") {
        return Ok(());
    }
    let mut keys = desk.required_security()?;
    let mut session = desk.session(true)?.with_security(keys.as_mut());
    session.block_card().map_err(|e| desk.refusal(&e))
}

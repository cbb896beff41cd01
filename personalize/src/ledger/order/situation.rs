//! All that an order is judged by: the person with all their cards and applications, as the transaction sees them.

use super::{Order, Target};
use crate::ledger::electronic::{Binding, Ecard, Password, Spent};
use crate::ledger::entities::{Application, Card, Person};
use crate::ledger::error::LedgerError;
use crate::ledger::query::day;
use crate::ledger::rules::{Object, Rules, Transition};
use crate::ledger::transaction::{Actor, Transaction};
use jiff::civil::Date;

/// The state of things around an order.
pub(super) struct Situation<'o> {
    pub rules: &'o Rules,
    pub actor: Actor,
    pub order: &'o Order,
    /// The day, where the ledger is.
    pub today: Date,
    pub person: Person,
    /// The application it is about, or that of the card it is about.
    pub application: Option<Application>,
    /// The card it is about, or that of the application it is about.
    pub card: Option<Card>,
    /// The person's valid card, unless it is the card it is about.
    pub valid: Option<Card>,
    /// The person's sealed card, unless it is the card it is about.
    pub sealed: Option<Card>,
    /// The person's open application, unless it is the one it is about.
    pub open: Option<Application>,
    /// The electronic card it is about, or the person's one that has not ended.
    pub ecard: Option<Ecard>,
    /// Its password.
    pub password: Option<Password>,
    /// The channels that it is, or was, bound to.
    pub channels: Vec<Binding>,
    /// The use of the payment code that the order names.
    pub spent: Option<Spent>,
    /// The method by which it was made sure, before the transaction, that the person is who they say.
    pub proven: Option<String>,
    /// The order is about the electronic card: it has an image in the log even where nothing else of it changes.
    pub touched: bool,
    /// What has to be given back, in fen.
    pub refund_fen: i64,
    before: Before,
}

/// The rows as they were found.
struct Before {
    person: Option<Person>,
    application: Option<Application>,
    card: Option<Card>,
    valid: Option<Card>,
    ecard: Option<Ecard>,
    password: Option<Password>,
    channels: Vec<Binding>,
    spent: Option<Spent>,
}

impl<'o> Situation<'o> {
    /// Finds what the order is about, and everything around it.
    pub(super) fn find(
        transaction: &mut Transaction<'_>,
        rules: &'o Rules,
        actor: Actor,
        order: &'o Order,
    ) -> Result<Self, LedgerError> {
        let today = day(actor.at);
        let (mut application, mut card): (Option<Application>, Option<Card>) = (None, None);
        let mut ecard: Option<Ecard> = None;
        let (person, known) = match &order.target {
            Some(Target::Ecard(id)) => {
                ecard = transaction.get(id)?;
                let id = ecard.as_ref().ok_or_else(|| LedgerError::unknown("ecard", id))?;
                card = transaction.get(&id.card)?;
                known(transaction, &id.person)?
            }
            Some(Target::Application(id)) => {
                application = transaction.get(id)?;
                let id = application
                    .as_ref()
                    .ok_or_else(|| LedgerError::unknown("application", id))?;
                known(transaction, &id.person)?
            }
            Some(Target::Card(id)) => {
                card = transaction.get(id)?;
                match &card {
                    Some(card) => known(transaction, &card.person)?,
                    // A number that is reserved and not made yet.
                    None => {
                        let reserved = transaction.find::<Application>("card = $1", &[id.as_str().into()])?;
                        application = reserved.into_iter().next();
                        let id = application.as_ref().ok_or_else(|| LedgerError::unknown("card", id))?;
                        known(transaction, &id.person)?
                    }
                }
            }
            Some(Target::Person(id)) => known(transaction, id)?,
            None => {
                let applicant = order.details.applicant.as_ref();
                let given = applicant
                    .ok_or_else(|| LedgerError::input("applicant", ""))?
                    .person(rules)?;
                match transaction.get::<Person>(&given.id)? {
                    Some(known) => {
                        let told = Person {
                            died: known.died,
                            mobile: given.mobile.clone().or_else(|| known.mobile.clone()),
                            revision: known.revision,
                            ..given
                        };
                        (told, Some(known))
                    }
                    None => (given, None),
                }
            }
        };
        let key = [person.id.as_str().into()];
        let mut valid = transaction.find::<Card>("valid_of = $1", &key)?.into_iter().next();
        let mut sealed = transaction.find::<Card>("sealed_of = $1", &key)?.into_iter().next();
        let mut open = transaction
            .find::<Application>("open_of = $1", &key)?
            .into_iter()
            .next();
        if matches!(order.target, Some(Target::Person(_))) {
            match chosen(rules, order, open.as_ref(), valid.as_ref(), sealed.as_ref()) {
                Choice::Open => application = open.clone(),
                Choice::Valid => card = valid.clone(),
                Choice::Sealed => card = sealed.clone(),
            }
        }
        // The other half of what it is about: the card of an application, the application of a card.
        if order.target.is_some() {
            match (&application, &card) {
                (Some(it), None) => {
                    if let Some(number) = &it.card {
                        card = transaction.get(number)?;
                    }
                }
                (None, Some(it)) => application = transaction.get(&it.application)?,
                _ => {}
            }
        }
        valid = valid.filter(|valid| card.as_ref().is_none_or(|card| card.id != valid.id));
        sealed = sealed.filter(|sealed| card.as_ref().is_none_or(|card| card.id != sealed.id));
        open = open.filter(|open| application.as_ref().is_none_or(|it| it.id != open.id));
        if ecard.is_none() {
            ecard = transaction.find::<Ecard>("valid_of = $1", &key)?.into_iter().next();
        }
        let (password, channels) = match &ecard {
            None => (None, Vec::new()),
            Some(ecard) => {
                let key = [ecard.id.as_str().into()];
                let channels = transaction.find::<Binding>("ecard = $1 ORDER BY channel", &key)?;
                (transaction.get::<Password>(&ecard.id)?, channels)
            }
        };
        let spent = match &order.details.code {
            None => None,
            Some(code) => transaction.get::<Spent>(&code.id())?,
        };
        let before = Before {
            person: known,
            application: application.clone(),
            card: card.clone(),
            valid: valid.clone(),
            ecard: ecard.clone(),
            password: password.clone(),
            channels: channels.clone(),
            spent: spent.clone(),
        };
        Ok(Self {
            rules,
            actor,
            order,
            today,
            person,
            application,
            card,
            valid,
            sealed,
            open,
            ecard,
            password,
            channels,
            spent,
            proven: None,
            touched: false,
            refund_fen: 0,
            before,
        })
    }

    /// The card that an application takes the place of, or that the order is about.
    pub(super) fn held(&self) -> Option<&Card> {
        self.valid.as_ref().or(self.card.as_ref())
    }

    /// Whether the person is so young that somebody else acts for them.
    pub(super) fn is_minor(&self) -> bool {
        let span = jiff::Span::new().years(self.rules.identity.guardian_below);
        self.person
            .birth
            .checked_add(span)
            .is_ok_and(|of_age| of_age > self.today)
    }

    /// Name of the state of what a transition is about; empty where it begins.
    pub(super) fn state(&self, object: Object) -> Option<&str> {
        match object {
            Object::Application => self.application.as_ref().map(|it| it.state.as_str()),
            Object::Card => {
                let card = self.card.as_ref()?;
                self.rules.card_state(card.state).map(|state| state.name.as_str())
            }
            Object::Ecard => {
                let twin = |it: &&Ecard| self.card.as_ref().is_none_or(|card| card.id == it.card);
                self.ecard.as_ref().filter(twin).map(|it| it.state.as_str())
            }
        }
    }

    /// The channel that the order names is bound.
    pub(super) fn bound(&self) -> bool {
        let named = self.order.details.channel.as_deref();
        self.channels
            .iter()
            .any(|it| it.active && Some(it.channel.as_str()) == named)
    }

    /// The physical card of the electronic one, among those the order changes.
    pub(super) fn twin(&self) -> Option<&Card> {
        let ecard = self.ecard.as_ref()?;
        let mut cards = self.card.iter().chain(&self.valid);
        cards.find(|card| card.id == ecard.card)
    }

    /// Writes what has changed: what ends before what begins, as the database allows no two at any moment, and no electronic card
    /// on a physical one that is not in the right state.
    pub(super) fn save(&mut self, transaction: &mut Transaction<'_>) -> Result<(), LedgerError> {
        let (at, before) = (self.actor.at, &self.before);
        if before.person.as_ref() != Some(&self.person) {
            transaction.save(&mut self.person)?;
        }
        let in_use = |ecard: Option<&Ecard>| ecard.is_some_and(|ecard| ecard.state == "active");
        let ended = |ecard: Option<&Ecard>| ecard.is_none_or(|ecard| ecard.state == "ended");
        let (was, is) = (before.ecard.as_ref(), self.ecard.as_ref());
        let first = (in_use(was) && !in_use(is)) || (!ended(was) && ended(is));
        if first {
            self.save_electronic(transaction)?;
        }
        let before = &self.before;
        if let Some(card) = self.valid.as_mut().filter(|card| before.valid.as_ref() != Some(card)) {
            card.changed = at;
            transaction.save(card)?;
        }
        if let Some(application) = self
            .application
            .as_mut()
            .filter(|it| before.application.as_ref() != Some(it))
        {
            application.changed = at;
            transaction.save(application)?;
        }
        if let Some(card) = self.card.as_mut().filter(|card| before.card.as_ref() != Some(card)) {
            card.changed = at;
            transaction.save(card)?;
        }
        if first {
            Ok(())
        } else {
            self.save_electronic(transaction)
        }
    }

    /// The electronic card, then what belongs to it.
    fn save_electronic(&mut self, transaction: &mut Transaction<'_>) -> Result<(), LedgerError> {
        let (at, before) = (self.actor.at, &self.before);
        let always = self.touched;
        if let Some(ecard) = self
            .ecard
            .as_mut()
            .filter(|it| always || before.ecard.as_ref() != Some(it))
        {
            ecard.changed = at;
            transaction.save(ecard)?;
        }
        if let Some(password) = self.password.as_mut().filter(|it| before.password.as_ref() != Some(it)) {
            transaction.save(password)?;
        }
        for binding in self.channels.iter_mut().filter(|it| !before.channels.contains(it)) {
            transaction.save(binding)?;
        }
        match self.spent.as_mut().filter(|it| before.spent.as_ref() != Some(it)) {
            Some(spent) => transaction.save(spent),
            None => Ok(()),
        }
    }
}

fn known(transaction: &mut Transaction<'_>, id: &str) -> Result<(Person, Option<Person>), LedgerError> {
    let person: Option<Person> = transaction.get(id)?;
    let person = person.ok_or_else(|| LedgerError::unknown("person", id))?;
    Ok((person.clone(), Some(person)))
}

enum Choice {
    Open,
    Valid,
    Sealed,
}

/// What is meant when only the person is named: that for which the rules have a transition of this act; a card before an
/// application, a valid card before a sealed one.
fn chosen(
    rules: &Rules,
    order: &Order,
    open: Option<&Application>,
    valid: Option<&Card>,
    sealed: Option<&Card>,
) -> Choice {
    let mine = |object: Object| {
        rules
            .transition
            .iter()
            .filter(move |it| it.act == order.act && it.on == object)
    };
    let fits = |card: Option<&Card>| {
        let state = card.and_then(|card| rules.card_state(card.state));
        state.is_some_and(|state| mine(Object::Card).any(|it: &Transition| it.from.contains(&state.name)))
    };
    if fits(valid) {
        Choice::Valid
    } else if fits(sealed) {
        Choice::Sealed
    } else if open.is_some() && mine(Object::Application).next().is_some() {
        Choice::Open
    } else if valid.is_some() || sealed.is_none() {
        Choice::Valid
    } else {
        Choice::Sealed
    }
}

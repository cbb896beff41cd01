//! Random acts against a naive model of the rules: what the model allows is done, what it does not is refused, and at no moment has
//! anybody two cards.

use crate::scene::*;
use personalize::ledger::{Details, LedgerError, Order, Target};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRunner};

/// What the model knows of a card.
#[derive(Debug, Clone, PartialEq)]
struct Card {
    state: i64,
    account: &'static str,
    medical: &'static str,
    blocked: bool,
    pin_chosen: bool,
    collected: bool,
    expires: i64,
}

/// What the model knows of a person.
#[derive(Debug, Clone, Default)]
struct Person {
    dead: bool,
    /// State, kind, and what is owed.
    open: Option<(&'static str, &'static str, i64)>,
    sealed: Option<Card>,
    valid: Option<Card>,
    ended: usize,
}

/// One step of a random story.
#[derive(Debug, Clone)]
struct Step {
    act: usize,
    /// An act that is allowed, so that stories go far.
    guided: bool,
    in_hand: bool,
    reason: bool,
    pin: bool,
    days: i64,
}

const ACTS: [(&str, &str); 23] = [
    ("apply", "first"),
    ("apply", "replacement"),
    ("apply", "renewal"),
    ("apply", "bank_change"),
    ("pay", ""),
    ("withdraw", ""),
    ("make", ""),
    ("fail", ""),
    ("made", ""),
    ("deliver", ""),
    ("collect", ""),
    ("return", ""),
    ("activate", ""),
    ("activate_account", ""),
    ("lose_orally", ""),
    ("lose", ""),
    ("find", ""),
    ("lock", ""),
    ("unlock", ""),
    ("block", ""),
    ("settle_medical", ""),
    ("settle_account", ""),
    ("cancel", ""),
];

impl Person {
    /// The step itself, or the same with an act that is allowed.
    fn guide(&self, step: &Step, day: i64) -> Step {
        let of = |act| Step { act, ..step.clone() };
        let fits = |act: &usize| self.clone().act(&of(*act), day, &mut false);
        let fitting: Vec<usize> = (0..ACTS.len()).filter(fits).collect();
        match fitting.get(step.act % fitting.len().max(1)) {
            Some(act) if step.guided => of(*act),
            _ => step.clone(),
        }
    }

    /// Whether the act is allowed; if so, it is done.
    fn act(&mut self, step: &Step, day: i64, other_bank: &mut bool) -> bool {
        let (act, kind) = ACTS[step.act];
        let before = self.clone();
        let allowed = if act == "apply" {
            self.apply(kind, step, day)
        } else {
            self.change(act, step, day, other_bank)
        };
        if !allowed {
            *self = before;
        }
        allowed
    }

    fn apply(&mut self, kind: &'static str, step: &Step, day: i64) -> bool {
        if self.dead || self.open.is_some() || self.sealed.is_some() {
            return false;
        }
        let (fits, fee) = match (kind, &self.valid) {
            ("first", None) => (true, 0),
            ("replacement", Some(card)) => ([2, 3].contains(&card.state) || step.in_hand, 2000),
            ("renewal", Some(card)) => (day >= card.expires - 95, 0),
            ("bank_change", Some(card)) => (card.state == 1, 2000),
            _ => (false, 0),
        };
        self.open = Some(("applied", kind, fee));
        fits
    }

    fn change(&mut self, act: &str, step: &Step, day: i64, other_bank: &mut bool) -> bool {
        match act {
            "pay" => self.open.as_mut().is_some_and(|open| std::mem::take(&mut open.2) > 0),
            "withdraw" => {
                let fits = self.open.is_some_and(|open| ["applied", "failed"].contains(&open.0));
                self.open = None;
                fits && step.reason
            }
            "make" => {
                !self.dead && self.go(&["applied", "failed"], "making") && self.open.is_some_and(|open| open.2 == 0)
            }
            "fail" => step.reason && self.go(&["making"], "failed"),
            "made" => {
                self.sealed = Some(Card {
                    state: 0,
                    account: "none",
                    medical: "none",
                    blocked: false,
                    pin_chosen: false,
                    collected: false,
                    expires: day + 3652,
                });
                self.go(&["making"], "made")
            }
            "deliver" => self.go(&["made"], "delivered"),
            "collect" => {
                let fits = !self.dead && self.go(&["delivered"], "collected");
                *other_bank = self.open.is_some_and(|open| open.1 == "bank_change");
                self.open = None;
                if let Some(card) = &mut self.sealed {
                    card.collected = true;
                }
                fits
            }
            "return" => {
                let fits = step.reason && self.go(&["made", "delivered"], "returned");
                self.open = None;
                self.sealed = None;
                self.ended += 1;
                fits
            }
            "activate" => {
                let Some(mut card) = self.sealed.take() else {
                    return false;
                };
                let fits = !self.dead && card.collected && step.pin;
                card.state = 1;
                card.medical = "open";
                card.pin_chosen = true;
                self.ended += usize::from(self.valid.is_some());
                self.valid = Some(card);
                fits
            }
            "cancel" if self.valid.is_none() => {
                // A sealed card that was handed over is a manager's matter; the clerk of this story is none.
                false
            }
            "cancel" => {
                let fits = self
                    .valid
                    .as_ref()
                    .is_some_and(|card| card.medical != "open" && !["open", "suspended"].contains(&card.account));
                self.valid = None;
                self.ended += 1;
                fits && step.reason && self.open.is_none() && self.sealed.is_none()
            }
            _ => self.on_valid(act, step),
        }
    }

    fn on_valid(&mut self, act: &str, step: &Step) -> bool {
        let (dead, free, no_sealed) = (self.dead, self.open.is_none(), self.sealed.is_none());
        let Some(card) = &mut self.valid else { return false };
        let from = |states: &[i64], state: i64| states.contains(&state);
        let suspend = |card: &mut Card| {
            if card.account == "open" {
                card.account = "suspended";
            }
        };
        match act {
            "activate_account" => {
                let fits = card.state == 1 && card.account == "none" && !dead;
                card.account = "open";
                fits
            }
            "lose_orally" | "lose" | "lock" | "block" => {
                let (states, to): (&[i64], i64) = match act {
                    "lose_orally" => (&[1], 4),
                    "lose" => (&[1, 3, 4], 2),
                    "lock" => (&[1], 3),
                    _ => (&[], 3),
                };
                let fits = from(states, card.state) && (act != "lock" || step.reason);
                card.state = to;
                suspend(card);
                fits
            }
            "find" | "unlock" => {
                let fits = match (act, card.state) {
                    ("find", 4) => true,
                    ("find", 2) => step.in_hand && free && no_sealed,
                    ("unlock", 3) => step.in_hand && step.reason,
                    _ => false,
                };
                card.state = 1;
                if card.account == "suspended" {
                    card.account = "open";
                }
                fits && !dead && !card.blocked
            }
            "settle_medical" => free && std::mem::replace(&mut card.medical, "settled") == "open",
            "settle_account" => {
                let there = ["open", "suspended"].contains(&card.account);
                card.account = "settled";
                free && there && card.medical != "open"
            }
            _ => false,
        }
    }

    fn go(&mut self, from: &[&str], to: &'static str) -> bool {
        match &mut self.open {
            Some(open) if from.contains(&open.0) => {
                open.0 = to;
                true
            }
            _ => false,
        }
    }
}

/// Stories of so many steps each.
pub fn stories(scene: &Scene, stories: u32, steps: usize) {
    let step =
        (0..ACTS.len(), any::<[bool; 4]>(), 0..40_i64).prop_map(|(act, [guided, in_hand, reason, pin], days)| Step {
            act,
            guided,
            in_hand,
            reason,
            pin,
            // Now and then many years pass.
            days: if days == 39 { 3600 } else { days / 13 },
        });
    let strategy = proptest::collection::vec(step, steps);
    let mut runner = TestRunner::new(Config::default());
    let mut desk = scene.open();
    let mut done: u32 = 0;
    for number in 0..stories {
        let story = strategy.new_tree(&mut runner).expect("a story").current();
        let person = adult(5000 + number);
        let mut model = Person::default();
        let (mut day, mut bank, mut other_bank) = (0, 0, false);
        let mut told = Vec::new();
        for step in &story {
            day += step.days;
            desk.at = at(day);
            let step = &model.guide(step, day);
            let (act, kind) = ACTS[step.act];
            let allowed = model.act(step, day, &mut other_bank);
            told.push((act, kind, step.in_hand, step.reason, step.pin, day, allowed));
            let details = Details {
                in_hand: step.in_hand,
                pin_chosen: step.pin,
                reason: step.reason.then(|| "a reason".to_owned()),
                ..Details::default()
            };
            let order = if act == "apply" {
                bank += i32::from(kind == "bank_change");
                let details = Details {
                    kind: Some(kind.into()),
                    bank: (kind == "bank_change").then(|| format!("Bank {bank}")),
                    applicant: applicant(&person).applicant,
                    ..details
                };
                Order::new(request(), act, None).with(details)
            } else {
                Order::new(request(), act, Some(Target::Person(person.clone()))).with(details)
            };
            let result = desk.try_do(&order);
            match (&result, allowed) {
                (Ok(_), true) => done += 1,
                (Err(LedgerError::Refused(_) | LedgerError::Unknown { .. }), false) => {}
                _ => panic!("{result:?} but the model says {allowed}: {told:#?}\n{model:#?}"),
            }
        }
        compare(&mut desk, &person, &model, &told);
    }
    assert!(done > stories * 15, "only {done} acts were done");
    let audit = desk.ledger.audit(&[]).expect("an audit");
    assert!(audit.whole, "{:?}", audit.findings);
}

fn compare(desk: &mut Desk, person: &str, model: &Person, told: &dyn core::fmt::Debug) {
    let Ok(standing) = desk.ledger.standing(person) else {
        assert!(
            model.open.is_none() && model.valid.is_none(),
            "nobody is known: {told:#?}"
        );
        return;
    };
    let open: Vec<&str> = standing
        .applications
        .iter()
        .filter(|it| it.open_of.is_some())
        .map(|it| it.state.as_str())
        .collect();
    assert_eq!(
        open,
        model.open.iter().map(|open| open.0).collect::<Vec<_>>(),
        "{told:#?}"
    );
    let cards = |range: core::ops::RangeInclusive<i64>| {
        let cards = standing.cards.iter().filter(|card| range.contains(&card.state));
        cards
            .map(|card| (card.state, card.financial.as_str(), card.medical.as_str()))
            .collect::<Vec<_>>()
    };
    let model_of = |card: &Option<Card>| {
        card.iter()
            .map(|card| (card.state, card.account, card.medical))
            .collect::<Vec<_>>()
    };
    assert_eq!(cards(1..=4), model_of(&model.valid), "{told:#?}");
    assert_eq!(cards(0..=0), model_of(&model.sealed), "{told:#?}");
    assert_eq!(cards(9..=9).len(), model.ended, "{told:#?}");
}

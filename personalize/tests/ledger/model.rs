//! A naive model of the rules: what one person may do next.

use jiff::ToSpan;
use jiff::civil::{Date, date};
use std::collections::BTreeSet;

/// What the model knows of a card.
#[derive(Debug, Clone, PartialEq)]
pub struct Card {
    pub state: i64,
    pub account: &'static str,
    pub medical: &'static str,
    pub blocked: bool,
    pub pin_chosen: bool,
    pub collected: bool,
    pub expires: Date,
}

/// What the model knows of an electronic card that has not ended. Whether it is in use is not kept: the physical card says it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Twin {
    pub bound: [bool; 2],
    pub password: bool,
    pub tries: i64,
    pub paying: bool,
}

/// What the model knows of a person.
#[derive(Debug, Clone, Default)]
pub struct Person {
    pub dead: bool,
    pub mobile: bool,
    pub twin: Option<Twin>,
    pub twins_ended: usize,
    pub spent: BTreeSet<u64>,
    /// The step has cost a try of the password.
    pub wrong_password: bool,
    /// State, kind, and what is owed.
    pub open: Option<(&'static str, &'static str, i64)>,
    pub sealed: Option<Card>,
    pub valid: Option<Card>,
    pub ended: usize,
}

/// One step of a random story.
#[derive(Debug, Clone)]
pub struct Step {
    pub act: usize,
    /// An act that is allowed, so that stories go far.
    pub guided: bool,
    pub in_hand: bool,
    pub reason: bool,
    pub pin: bool,
    pub days: i64,
    /// Which of two channels, and whether it is made sure who the holder is.
    pub channel: usize,
    pub identified: bool,
    /// Which of a few payment codes.
    pub code: u64,
}

pub const CHANNELS: [&str; 2] = ["app_province", "app_bank"];
pub const PASSWORD: &str = "250916";
pub const TRIES: i64 = 5;

pub const TWIN_ACTS: [&str; 12] = [
    "reserve_mobile",
    "register",
    "bind",
    "unbind",
    "set_password",
    "change_password",
    "reset_password",
    "open_payment",
    "close_payment",
    "deregister",
    "accept_payment",
    "show_identity",
];

pub const ACTS: [(&str, &str); 36] = [
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
    ("die", ""),
    ("reserve_mobile", ""),
    ("register", ""),
    ("bind", ""),
    ("unbind", ""),
    ("set_password", ""),
    ("change_password", ""),
    ("reset_password", ""),
    ("open_payment", ""),
    ("close_payment", ""),
    ("deregister", ""),
    ("accept_payment", ""),
    ("show_identity", ""),
];

impl Person {
    /// The step itself, or the same with an act that is allowed.
    pub fn guide(&self, step: &Step, day: i64, late: bool) -> Step {
        let of = |act| Step { act, ..step.clone() };
        // Who dies early leaves little to tell.
        let told = |act: &usize| late || ACTS[*act].0 != "die";
        let step = &of(Some(step.act).filter(told).unwrap_or(0));
        let fits = |act: &usize| told(act) && self.clone().act(&of(*act), day, &mut false);
        let fitting: Vec<usize> = (0..ACTS.len()).filter(fits).collect();
        match fitting.get(step.act % fitting.len().max(1)) {
            Some(act) if step.guided => of(*act),
            _ => step.clone(),
        }
    }

    /// Whether the act is allowed; if so, it is done.
    pub fn act(&mut self, step: &Step, day: i64, other_bank: &mut bool) -> bool {
        let (act, kind) = ACTS[step.act];
        let before = self.clone();
        let allowed = match act {
            "apply" => self.apply(kind, step, day),
            "die" => self.die(),
            _ if TWIN_ACTS.contains(&act) => self.electronic(act, step, day),
            _ => self.change(act, step, day, other_bank),
        };
        let wrong = std::mem::take(&mut self.wrong_password);
        if !allowed {
            *self = before;
            if let Some(twin) = self.twin.as_mut().filter(|_| wrong) {
                twin.tries -= 1;
            }
        }
        allowed
    }

    /// The card is locked until it is settled; the electronic one ends.
    fn die(&mut self) -> bool {
        let fits = match (&mut self.valid, &self.sealed) {
            (Some(card), _) => {
                card.state = 3;
                suspend(card);
                true
            }
            (None, Some(sealed)) => sealed.collected,
            (None, None) => self.open.is_some(),
        };
        if self.valid.is_none() && self.sealed.take().is_some() {
            self.ended += 1;
        }
        self.end_twin();
        fits && !std::mem::replace(&mut self.dead, true)
    }

    fn end_twin(&mut self) {
        self.twins_ended += usize::from(self.twin.take().is_some());
    }

    /// What the electronic card allows; it is in use only on a card in its normal state.
    fn electronic(&mut self, act: &str, step: &Step, day: i64) -> bool {
        let normal = self.valid.as_ref().is_some_and(|card| card.state == 1);
        let in_date = self.valid.as_ref().is_some_and(|card| day_of(day) <= card.expires);
        let account = self.valid.as_ref().is_some_and(|card| card.account == "open");
        if act == "reserve_mobile" {
            self.mobile = true;
            return normal && !self.dead;
        }
        if act == "register" {
            let fits = self.twin.is_none() && normal && in_date && step.identified && !self.dead;
            let mut twin = Twin::default();
            twin.bound[step.channel] = true;
            self.twin = Some(twin);
            return fits;
        }
        let dead = self.dead;
        let Some(twin) = &mut self.twin else { return false };
        let bound = twin.bound[step.channel];
        let here = normal && !dead && bound;
        match act {
            "bind" => {
                twin.bound[step.channel] = true;
                normal && !dead && !bound && step.identified
            }
            "unbind" => std::mem::replace(&mut twin.bound[step.channel], false),
            "set_password" | "reset_password" => {
                let fits = here && step.identified && (act != "set_password" || !twin.password);
                (twin.password, twin.tries) = (true, TRIES);
                fits
            }
            "change_password" => here && twin.password && right(twin, step, &mut self.wrong_password),
            "open_payment" => {
                let fits =
                    here && account && self.mobile && twin.password && !std::mem::replace(&mut twin.paying, true);
                fits && right(twin, step, &mut self.wrong_password)
            }
            "close_payment" => std::mem::replace(&mut twin.paying, false),
            "deregister" => {
                self.end_twin();
                step.identified
            }
            "accept_payment" => here && in_date && account && twin.paying && self.spent.insert(step.code),
            "show_identity" => here && in_date,
            _ => false,
        }
    }

    fn apply(&mut self, kind: &'static str, step: &Step, day: i64) -> bool {
        if self.dead || self.open.is_some() || self.sealed.is_some() {
            return false;
        }
        let (fits, fee) = match (kind, &self.valid) {
            ("first", None) => (true, 0),
            ("replacement", Some(card)) => ([2, 3].contains(&card.state) || step.in_hand, 2000),
            ("renewal", Some(card)) => (day_of(day + 95) >= card.expires, 0),
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
                    expires: day_of(day).checked_add(10.years()).expect("a day"),
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
                if self.valid.replace(card).is_some() {
                    self.ended += 1;
                    self.end_twin();
                }
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
                self.end_twin();
                fits && step.reason && self.open.is_none() && self.sealed.is_none()
            }
            _ => self.on_valid(act, step),
        }
    }

    fn on_valid(&mut self, act: &str, step: &Step) -> bool {
        let (dead, free, no_sealed) = (self.dead, self.open.is_none(), self.sealed.is_none());
        let Some(card) = &mut self.valid else { return false };
        let from = |states: &[i64], state: i64| states.contains(&state);
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

/// A right password has all its tries again; a wrong one costs one, as long as there are any.
fn right(twin: &mut Twin, step: &Step, wrong: &mut bool) -> bool {
    let open = twin.tries > 0;
    *wrong = open && !step.pin;
    twin.tries = TRIES;
    open && step.pin
}

fn suspend(card: &mut Card) {
    if card.account == "open" {
        card.account = "suspended";
    }
}

/// The day of the story as a date.
fn day_of(day: i64) -> Date {
    date(2026, 1, 5).checked_add(day.days()).expect("a day")
}

//! Random acts against a naive model of the rules: what the model allows is done, what it does not is refused, and at no moment has
//! anybody two cards.

use crate::model::{ACTS, CHANNELS, Card, PASSWORD, Person, Step, TWIN_ACTS};
use crate::scene::*;
use personalize::ledger::{
    Details, Identified, LedgerAccess, LedgerError, Order, PresentedCode, Receipt, Rules, Target,
};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRunner};

/// Stories of so many steps each.
pub fn stories(scene: &Scene, stories: u32, steps: usize) {
    let numbers = (0..ACTS.len(), 0..40_i64, 0..2_usize, 0..4_u64);
    let step = (numbers, any::<[bool; 5]>()).prop_map(
        |((act, days, channel, code), [guided, in_hand, reason, pin, identified])| Step {
            act,
            guided,
            in_hand,
            reason,
            pin,
            // Now and then many years pass.
            days: if days == 39 { 3600 } else { days / 13 },
            channel,
            identified,
            code,
        },
    );
    let strategy = proptest::collection::vec(step, steps);
    let mut runner = TestRunner::new(Config::default());
    let mut desk = scene.open();
    // Fewer rounds: here passwords are many, and nobody tries to break them.
    let rules = Rules::builtin_text().replacen("password_rounds = 10000", "password_rounds = 1024", 1);
    desk.rules = Rules::parse(&rules, "rules").expect("rules");
    let mut done: u32 = 0;
    for number in 0..stories {
        let story = strategy.new_tree(&mut runner).expect("a story").current();
        let person = adult(5000 + number);
        let mut model = Person::default();
        let (mut day, mut bank, mut other_bank) = (0, 0, false);
        let mut told = Vec::new();
        for (place, step) in story.iter().enumerate() {
            day += step.days;
            desk.at = at(day);
            let step = &model.guide(step, day, place * 5 > steps * 4);
            let (act, kind) = ACTS[step.act];
            let allowed = model.act(step, day, &mut other_bank);
            told.push((act, kind, step.in_hand, step.reason, step.pin, day, allowed));
            let details = details(step, number);
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
                (Ok(receipt), true) => {
                    done += 1;
                    matched(receipt, &told);
                }
                (Err(LedgerError::Refused(_) | LedgerError::Unknown { .. }), false) => {}
                _ => panic!("{result:?} but the model says {allowed}: {told:#?}\n{model:#?}"),
            }
        }
        compare(&mut desk, &person, &model, &told);
    }
    assert!(done > stories * 15, "only {done} acts were done");
    let audit = desk.ledger.examine(&[]).expect("an audit");
    assert!(audit.whole, "{:?}", audit.findings);
}

/// All that a step says.
fn details(step: &Step, story: u32) -> Details {
    let electronic = TWIN_ACTS.contains(&ACTS[step.act].0);
    let channel = electronic.then(|| CHANNELS[step.channel].to_owned());
    Details {
        in_hand: step.in_hand,
        pin_chosen: step.pin,
        reason: step.reason.then(|| "a reason".to_owned()),
        real_name: step.identified.then(|| Identified {
            method: "document".into(),
            evidence: None,
        }),
        mobile: electronic.then(|| "13900000000".to_owned()),
        password: Some(if step.pin { PASSWORD } else { "250917" }.into()),
        new_password: Some(PASSWORD.into()),
        code: Some(PresentedCode {
            issuer: 1,
            number: format!("{:016X}", u64::from(story) * 100 + step.code),
            scene: 2,
        }),
        channel,
        ..Details::default()
    }
}

/// At no moment is an electronic card in use on a physical card that is not normal, or there on one that is not valid.
fn matched(receipt: &Receipt, told: &dyn core::fmt::Debug) {
    let Some(ecard) = &receipt.ecard else { return };
    let mut cards = receipt.card.iter().chain(&receipt.old_card);
    if let Some(card) = cards.find(|card| card.id == ecard.card) {
        let fits = match ecard.state.as_str() {
            "active" => card.state == 1,
            "suspended" => [2, 3, 4].contains(&card.state),
            _ => ecard.state == "ended",
        };
        assert!(fits, "{ecard:?} on {card:?}: {told:#?}");
    }
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
    let (living, gone): (Vec<_>, Vec<_>) = standing.ecards.iter().partition(|ecard| ecard.valid_of.is_some());
    assert_eq!(gone.len(), model.twins_ended, "{told:#?}");
    let living: Vec<_> = living
        .into_iter()
        .map(|ecard| (ecard.on_state, ecard.payment == "open", ecard.password.as_str()))
        .collect();
    let normal = model
        .valid
        .as_ref()
        .filter(|card| card.state == 1)
        .map(|card| card.state);
    let of_model: Vec<_> = model
        .twin
        .iter()
        .map(|twin| {
            let password = match (twin.password, twin.tries) {
                (false, _) => "none",
                (true, 1..) => "chosen",
                (true, _) => "locked",
            };
            (normal, twin.paying, password)
        })
        .collect();
    assert_eq!(living, of_model, "{told:#?}");
    let bound = model.twin.as_ref().map(|twin| twin.bound).unwrap_or_default();
    let bound: Vec<&str> = [1, 0]
        .into_iter()
        .filter(|place| bound[*place])
        .map(|place| CHANNELS[place])
        .collect();
    assert_eq!(standing.channels, bound, "{told:#?}");
}

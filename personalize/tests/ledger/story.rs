//! The whole life of a card, and what the rules refuse on the way.

use crate::scene::*;
use card_model::words::Lang;
use personalize::ledger::{Applicant, BatchFile, Details, LedgerAccess, LedgerError, Object, Order, Rules, Target};
use std::path::Path;

/// apply → made → collected → activated → lost → replaced → renewed → other bank → cancelled.
pub fn life(scene: &Scene) {
    let mut desk = scene.open();
    let person = adult(1);
    let applied = desk.apply(applicant(&person)).expect("nobody has a card");
    let first = applied.application.expect("an application");
    assert_eq!(
        (first.state.as_str(), first.fee_fen, first.relation.as_str()),
        ("applied", 0, "self")
    );
    // 25 working days after 5 January 2026, over the Spring Festival.
    assert_eq!(first.promised.to_string(), "2026-02-09");
    let sentence = |desk: &mut Desk, person: &str| {
        let progress = desk
            .ledger
            .progress(&Target::Person(person.into()), desk.at)
            .expect("an application");
        progress.sentence(&desk.rules, card_model::words::Lang::En)
    };
    assert!(sentence(&mut desk, &person).contains("waits to be made"));

    desk.must("make", &person, Details::default());
    desk.must("fail", &person, because("chip mute"));
    assert!(sentence(&mut desk, &person).contains("chip mute"));
    desk.must("make", &person, Details::default());
    let card = desk
        .must(
            "made",
            &person,
            Details {
                card_id: Some("990000D156000005112233440A0B0C0D".into()),
                historical: Some("00".repeat(13)),
                ..Details::default()
            },
        )
        .card
        .expect("a card");
    assert_eq!(
        (card.state, card.pin.as_str(), card.expires.to_string().as_str()),
        (0, "initial", "2036-01-05")
    );
    assert_eq!(card.id, "T0000001X", "eight characters and a check character");
    desk.must("deliver", &person, Details::default());
    desk.must("collect", &person, Details::default());
    assert_eq!(refusal(desk.act("activate", &person, Details::default())), "pin_chosen");
    let active = desk.must(
        "activate",
        &person,
        Details {
            pin_chosen: true,
            ..Details::default()
        },
    );
    let card = active.card.expect("a card");
    assert_eq!(
        (card.state, card.medical.as_str(), card.financial.as_str()),
        (1, "open", "none")
    );
    assert_eq!(
        desk.must("activate_account", &person, Details::default())
            .card
            .expect("a card")
            .financial,
        "open"
    );
    assert_eq!(
        refusal(desk.act("activate_account", &person, Details::default())),
        "account_not_open"
    );
    desk.must("change_pin", &person, Details::default());
    assert_eq!(refusal(desk.act("reset_pin", &person, Details::default())), "in_hand");
    let reset = desk.must(
        "reset_pin",
        &person,
        Details {
            in_hand: true,
            ..Details::default()
        },
    );
    assert_eq!(reset.card.expect("a card").pin, "initial");

    // Lost by telephone, found, lost, replaced.
    desk.work_as("hotline", "A1");
    desk.must("lose_orally", &person, Details::default());
    assert_eq!(refusal(desk.act("lose", &person, Details::default())), "role");
    desk.must("find", &person, Details::default());
    desk.must("lose_orally", &person, Details::default());
    desk.at = at(9);
    let overdue = desk.ledger.overdue(&desk.rules, desk.at).expect("a list");
    assert_eq!(
        (overdue.len(), overdue[0].kind.as_str(), overdue[0].days),
        (1, "oral_loss", 2)
    );
    desk.work_as("clerk", "A1");
    let lost = desk.must("lose", &person, Details::default()).card.expect("a card");
    assert_eq!((lost.state, lost.financial.as_str()), (2, "suspended"));
    let replacement = Details {
        kind: Some("replacement".into()),
        reason_code: Some("21".into()),
        ..applicant(&person)
    };
    let second = desk
        .apply(replacement)
        .expect("lost")
        .application
        .expect("an application");
    assert_eq!(
        (second.fee_fen, second.old_card.as_deref()),
        (2000, Some(card.id.as_str()))
    );
    assert_eq!(refusal(desk.act("make", &person, Details::default())), "paid");
    assert!(sentence(&mut desk, &person).contains("20.00 yuan"));
    desk.must(
        "pay",
        &person,
        Details {
            amount_fen: Some(2000),
            ..Details::default()
        },
    );
    // On the way, the old card cannot be found again.
    assert_eq!(
        refusal(desk.act(
            "find",
            &person,
            Details {
                in_hand: true,
                ..Details::default()
            }
        )),
        "no_replacement"
    );
    let replaced = desk.through(&person);
    let old = replaced.old_card.expect("the old one ended");
    assert_eq!(
        (old.id.as_str(), old.state, old.ended.as_deref()),
        (card.id.as_str(), 9, Some("replaced"))
    );
    assert_eq!(
        (old.financial.as_str(), old.medical.as_str(), old.chip.as_str()),
        ("moved", "moved", "block_due")
    );

    // Renewal: not yet, then free.
    let renewal = || Details {
        kind: Some("renewal".into()),
        ..applicant(&person)
    };
    assert_eq!(refusal(desk.apply(renewal())), "near_expiry");
    desk.at = at(10 * 365 - 60);
    let third = desk
        .apply(renewal())
        .expect("in the window")
        .application
        .expect("an application");
    assert_eq!(third.fee_fen, 0);
    desk.through(&person);
    desk.must("activate_account", &person, Details::default());

    // Another bank: the new card first, the old account afterwards.
    let change = |bank: &str| Details {
        kind: Some("bank_change".into()),
        bank: Some(bank.into()),
        ..applicant(&person)
    };
    assert_eq!(refusal(desk.apply(change("Bank A"))), "other_bank");
    desk.apply(change("Bank Z")).expect("another bank");
    desk.must("pay", &person, Details::default());
    let old = desk.through(&person).old_card.expect("the old one ended");
    assert_eq!(old.financial, "settling");
    let settle = Order::new(request(), "settle_account", Some(Target::Card(old.id)));
    assert_eq!(
        desk.try_do(&settle).expect("settled").card.expect("a card").financial,
        "settled"
    );

    // Cancelled: the medical account first, then the financial one.
    desk.must("activate_account", &person, Details::default());
    assert_eq!(
        refusal(desk.act("cancel", &person, because("moved away"))),
        "medical_settled"
    );
    assert_eq!(
        refusal(desk.act("settle_account", &person, Details::default())),
        "medical_settled"
    );
    desk.must(
        "settle_medical",
        &person,
        Details {
            amount_fen: Some(12345),
            ..Details::default()
        },
    );
    assert_eq!(
        refusal(desk.act("cancel", &person, because("moved away"))),
        "account_settled"
    );
    desk.must("settle_account", &person, Details::default());
    assert_eq!(refusal(desk.act("cancel", &person, Details::default())), "reason_given");
    let last = desk
        .must("cancel", &person, because("moved away"))
        .card
        .expect("a card");
    assert_eq!(
        (last.state, last.ended.as_deref(), last.chip.as_str()),
        (9, Some("moved away"), "block_due")
    );
    let note = Order::new(request(), "blocked", Some(Target::Card(last.id.clone())));
    assert_eq!(desk.try_do(&note).expect("noted").card.expect("a card").chip, "blocked");
    // And a new one.
    desk.apply(applicant(&person)).expect("nobody has a card");
    let history = desk.history(&last.id);
    let acts: Vec<&str> = history.iter().map(|line| line.act.as_str()).collect();
    assert_eq!(
        acts,
        [
            "made",
            "activate",
            "activate_account",
            "settle_medical",
            "settle_account",
            "cancel",
            "blocked"
        ]
    );
    assert_eq!(history[3].outcome, "12345 fen");
    let audit = desk.ledger.examine(&[]).expect("an audit");
    assert!(audit.whole, "{:?}", audit.findings);
    assert!(
        audit.lines > 40 && audit.rows > 60,
        "{} lines, {} rows",
        audit.lines,
        audit.rows
    );
}

/// One person, one card: what is on its way or in a hand elsewhere.
pub fn one_card(scene: &Scene) {
    let mut desk = scene.open();
    let person = adult(2);
    let first = desk
        .apply(applicant(&person))
        .expect("nobody has a card")
        .application
        .expect("one");
    desk.work_as("clerk", "B1");
    // Applied for elsewhere: may be withdrawn from here, or waited for.
    let Err(LedgerError::Refused(refused)) = desk.apply(applicant(&person)) else {
        panic!("two applications")
    };
    assert_eq!(refused.name(), "open_application");
    let explained = card_model::words::Explain::explain(refused.as_ref(), card_model::words::Lang::En);
    assert!(explained.next.expect("a choice").contains(&first.id));
    desk.must("withdraw", &person, because("applies elsewhere"));
    // Being made elsewhere: only waiting helps.
    desk.apply(applicant(&person)).expect("withdrawn");
    desk.must("make", &person, Details::default());
    desk.work_as("clerk", "A1");
    assert_eq!(refusal(desk.apply(applicant(&person))), "open_application");
    assert_eq!(refusal(desk.act("withdraw", &person, because("no"))), "state");
    desk.work_as("clerk", "B1");
    for act in ["made", "deliver"] {
        desk.must(act, &person, Details::default());
    }
    // It is handed over where it was applied for, and a sealed card is a card.
    desk.work_as("clerk", "A1");
    assert_eq!(
        refusal(desk.act("collect", &person, Details::default())),
        "at_its_outlet"
    );
    desk.work_as("clerk", "B1");
    desk.must("collect", &person, Details::default());
    desk.work_as("clerk", "A1");
    assert_eq!(refusal(desk.apply(applicant(&person))), "has_card");
    let card = desk
        .must(
            "activate",
            &person,
            Details {
                pin_chosen: true,
                ..Details::default()
            },
        )
        .card
        .expect("a card");
    desk.must("activate_account", &person, Details::default());
    // A card of another region has to be merged, by its own number.
    assert_eq!(refusal(desk.apply(applicant(&person))), "card_elsewhere");
    let merge = |number: &str| Details {
        merge: Some(number.into()),
        ..applicant(&person)
    };
    assert_eq!(refusal(desk.apply(merge("T99999999"))), "card_elsewhere");
    let merged = desk.apply(merge(&card.id)).expect("merged");
    let old = merged.old_card.expect("the old card");
    assert_eq!(
        (old.state, old.ended.as_deref(), old.pin.as_str()),
        (9, Some("merged"), "merged")
    );
    assert_eq!(old.financial, "open", "its account lives on");
    let reset = Order::new(request(), "reset_pin", Some(Target::Card(old.id))).with(Details {
        in_hand: true,
        ..Details::default()
    });
    assert_eq!(refusal(desk.try_do(&reset)), "state");
    // In the same region there is nothing to merge.
    desk.through(&person);
    desk.work_as("clerk", "A2");
    assert_eq!(refusal(desk.apply(applicant(&person))), "has_card");
}

/// Minors, agents, foreigners, channels, wrong input, death.
pub fn people(scene: &Scene) {
    let mut desk = scene.open();
    let child = citizen(1, jiff::civil::date(2020, 6, 1));
    assert_eq!(refusal(desk.apply(applicant(&child))), "represented");
    let with = |guardian| Details {
        agent: agent(guardian),
        ..applicant(&child)
    };
    assert_eq!(refusal(desk.apply(with(false))), "represented");
    desk.apply(with(true)).expect("the guardian");
    for act in ["make", "made", "deliver"] {
        desk.must(act, &child, Details::default());
    }
    assert_eq!(refusal(desk.act("collect", &child, Details::default())), "received");
    let collected = desk.must(
        "collect",
        &child,
        Details {
            agent: agent(true),
            ..Details::default()
        },
    );
    assert!(
        collected
            .application
            .expect("one")
            .receiver
            .expect("who")
            .contains("李四")
    );
    // A school brings its pupils; a clerk does not speak for the telephone.
    let pupil = citizen(2, jiff::civil::date(2020, 6, 1));
    desk.work_as("organization", "A1");
    assert_eq!(refusal(desk.apply(applicant(&pupil))), "role");
    let school = desk.apply(Details {
        channel: Some("school".into()),
        ..applicant(&pupil)
    });
    assert_eq!(school.expect("a school").application.expect("one").relation, "school");
    desk.work_as("clerk", "A1");
    // Foreigners: a number of the ministry, a document of their own that belongs to one person.
    let foreigner = |number: &str, passport: &str| Details {
        applicant: Some(Applicant {
            number: number.into(),
            name: "TEST JOHN DOE".into(),
            document: Some("passport".into()),
            document_number: Some(passport.into()),
            sex: Some("1".into()),
            birth: Some(jiff::civil::date(1980, 2, 3)),
            mobile: Some("+86 13900000000".into()),
        }),
        ..Details::default()
    };
    desk.apply(foreigner("USA990000000000001", "P123"))
        .expect("a foreigner");
    assert_eq!(refusal(desk.apply(foreigner("USA990000000000002", "P123"))), "taken");
    let input = |result: Result<_, LedgerError>| match result {
        Err(LedgerError::Input { what, .. }) => what,
        other => panic!("{other:?}"),
    };
    assert_eq!(
        input(desk.apply(foreigner("USA990000000000003", ""))),
        "document_number"
    );
    assert_eq!(input(desk.apply(applicant("990000197001010010"))), "number");
    let adult_3 = adult(3);
    let kind = |kind: &str| Details {
        kind: Some(kind.into()),
        ..applicant(&adult_3)
    };
    assert_eq!(input(desk.apply(kind("second"))), "kind");
    assert_eq!(refusal(desk.apply(kind("replacement"))), "card_held");
    assert!(matches!(
        desk.act("lose", &adult_3, Details::default()),
        Err(LedgerError::Unknown { .. })
    ));
    // The dead: the card is locked, settled and cancelled; nothing new begins.
    desk.apply(applicant(&adult_3)).expect("nobody has a card");
    desk.through(&adult_3);
    let dead = desk.must("die", &adult_3, Details::default()).card.expect("a card");
    assert_eq!(dead.state, 3);
    let unlock = Details {
        in_hand: true,
        ..because("error")
    };
    assert_eq!(refusal(desk.act("unlock", &adult_3, unlock)), "alive");
    assert_eq!(refusal(desk.apply(kind("replacement"))), "alive");
    desk.must("settle_medical", &adult_3, Details::default());
    desk.must("cancel", &adult_3, because("death"));
    // A block of the chip is for good, and a manager's act.
    let adult_4 = adult(4);
    desk.apply(applicant(&adult_4)).expect("nobody has a card");
    desk.through(&adult_4);
    let block = Details {
        in_hand: true,
        ..because("forged")
    };
    assert_eq!(refusal(desk.act("block", &adult_4, block.clone())), "role");
    desk.work_as("manager", "A1");
    assert_eq!(
        desk.must("block", &adult_4, block.clone()).card.expect("a card").chip,
        "block_due"
    );
    assert_eq!(refusal(desk.act("unlock", &adult_4, block)), "chip_sound");
}

/// A request is done once, whatever happens to the one who asks; a part that is refused leaves no trace.
pub fn requests(scene: &Scene) {
    let mut desk = scene.open();
    let order = Order::new("the same", "apply", None).with(applicant(&adult(5)));
    let first = desk.try_do(&order).expect("applied");
    let again = desk.try_do(&order).expect("the same");
    assert!(again.repeated && !first.repeated);
    assert_eq!(again.application, first.application);
    let other = Order::new("the same", "make", Some(Target::Person(adult(5))));
    assert_eq!(refusal(desk.try_do(&other)), "request");
    let orders: Vec<Order> = [6, 5, 7, 6]
        .iter()
        .map(|index| Order::new(request(), "apply", None).with(applicant(&adult(*index))))
        .collect();
    let results = desk
        .ledger
        .perform_all(&desk.rules, &desk.who, desk.at, &orders)
        .expect("a transaction");
    let done: Vec<bool> = results.iter().map(Result::is_ok).collect();
    assert_eq!(done, [true, false, true, false]);
    // The same card number, chip or account never twice.
    let make = |number: &str| Details {
        card_number: Some(number.into()),
        ..Details::default()
    };
    desk.must("make", &adult(6), make("T0000001X"));
    assert_eq!(refusal(desk.act("make", &adult(7), make("T0000001X"))), "taken");
    let next = desk
        .must("make", &adult(7), Details::default())
        .application
        .expect("one")
        .card;
    assert_ne!(
        next.as_deref(),
        Some("T0000001X"),
        "a number given by hand is passed over"
    );
    let made = Details {
        card_id: Some("0A".repeat(16)),
        ..Details::default()
    };
    desk.must("made", &adult(6), made.clone());
    assert_eq!(refusal(desk.act("made", &adult(7), made)), "taken");
    let audit = desk.ledger.examine(&[]).expect("an audit");
    assert!(audit.whole, "{:?}", audit.findings);
}

/// Every act in every state where the table has no line for it is refused by the state, whoever asks; an act on the electronic card
/// is refused as there is none.
pub fn no_other_way(scene: &Scene) {
    let mut desk = scene.open();
    let person = adult(8);
    desk.apply(applicant(&person)).expect("nobody has a card");
    desk.through(&person);
    let acts: Vec<String> = desk
        .rules
        .acts()
        .iter()
        .map(|act| act.name.clone())
        .filter(|act| act != "apply")
        .collect();
    let everything = Details {
        in_hand: true,
        ..because("everything given")
    };
    for (prepare, state) in [
        ("lose_orally", "lost_temporarily"),
        ("lose", "lost"),
        ("find", "normal"),
        ("lock", "locked"),
    ] {
        desk.must(prepare, &person, everything.clone());
        let number = desk.ledger.standing(&person).expect("known").cards[0].id.clone();
        for act in &acts {
            let fits = desk
                .rules
                .transitions()
                .iter()
                .any(|line| line.act == *act && line.from.iter().any(|s| s == state));
            if !fits {
                let order =
                    Order::new(request(), act.as_str(), Some(Target::Card(number.clone()))).with(everything.clone());
                let electronic = desk
                    .rules
                    .transitions()
                    .iter()
                    .any(|line| line.act == *act && line.on == Object::Ecard);
                let answer = match (electronic, act.as_str()) {
                    (false, _) => "state",
                    (true, "register" | "suspend" | "resume" | "end") => continue,
                    (true, _) => "no_electronic",
                };
                assert_eq!(refusal(desk.try_do(&order)), answer, "{act} in {state}");
            }
        }
    }
}

/// Of 2026 the holidays are known. A promise that reaches into 2027, or lies there, is made by its weekends and says so.
pub fn holidays(scene: &Scene) {
    let mut desk = scene.open();
    let mut apply = |number: u32, moment: &str| {
        desk.at = moment.parse().expect("a moment");
        let details = applicant(&adult(number));
        let order = Order::new(request(), "apply", None).with(details);
        let first = desk.try_do(&order).expect("applied");
        let again = desk.try_do(&order).expect("the same");
        assert_eq!(again.holidays_unknown, first.holidays_unknown);
        let promised = first.application.expect("an application").promised.to_string();
        (promised, first.holidays_unknown)
    };
    assert_eq!(apply(1, "2026-11-20T04:00:00Z"), ("2026-12-25".to_owned(), vec![]));
    assert_eq!(apply(2, "2026-12-20T04:00:00Z"), ("2027-01-22".to_owned(), vec![2027]));
    // Still the old year in London.
    assert_eq!(apply(3, "2026-12-31T16:30:00Z"), ("2027-02-05".to_owned(), vec![2027]));
    assert_eq!(apply(4, "2027-02-01T04:00:00Z"), ("2027-03-08".to_owned(), vec![2027]));
    let details = because("by mistake");
    let withdrawn = desk.must("withdraw", &adult(4), details);
    assert_eq!(withdrawn.holidays_unknown, Vec::<i16>::new(), "nothing is promised");
    let table = format!("social_security_number,name\n{},TEST\n{},TEST\n", adult(4), adult(5));
    let file = BatchFile::parse(table.as_bytes(), Path::new("people.csv"), "employer").expect("a table");
    let fed = desk
        .ledger
        .feed(&desk.rules, &desk.who, desk.at, &file, Lang::En, &mut |_| {});
    let fed = fed.expect("fed");
    assert_eq!((fed.accepted, fed.holidays_unknown), (2, vec![2027]));
    // With the days of the year in the rules, nothing is left to be said.
    let text = Rules::builtin_text().replace("years = [2026]", "years = [2026, 2027]");
    desk.rules = Rules::parse(&text.replace("free = [", "free = [\"2027-02-08\","), "own.toml").expect("rules");
    let known = desk.apply(applicant(&adult(6))).expect("applied");
    assert_eq!(
        known.application.expect("an application").promised.to_string(),
        "2027-03-09"
    );
    assert_eq!(known.holidays_unknown, Vec::<i16>::new());
}

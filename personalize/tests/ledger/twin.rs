//! The electronic card: issued, bound, with password and payment; whatever happens to the physical card happens to it.

use crate::scene::*;
use crate::tamper::refused;
use personalize::ledger::{
    Details, Ecard, Identified, Ledger, LedgerAccess, LedgerError, Order, PresentedCode, Receipt, Target,
};

pub const APP: &str = "app_province";
pub const BANK: &str = "app_bank";

pub fn at_counter(channel: &str) -> Details {
    Details {
        channel: Some(channel.into()),
        real_name: Some(Identified {
            method: "document".into(),
            evidence: None,
        }),
        ..Details::default()
    }
}

pub fn in_channel(channel: &str) -> Details {
    Details {
        channel: Some(channel.into()),
        ..Details::default()
    }
}

/// A payment code with a number.
pub fn code(channel: &str, number: u64) -> Details {
    Details {
        code: Some(PresentedCode {
            issuer: 1,
            number: format!("{number:016X}"),
            scene: 2,
        }),
        amount_fen: Some(1234),
        ..in_channel(channel)
    }
}

pub fn with_password(password: &str, details: Details) -> Details {
    Details {
        password: Some(password.into()),
        ..details
    }
}

pub fn new_password(password: &str, details: Details) -> Details {
    Details {
        new_password: Some(password.into()),
        ..details
    }
}

fn ecard(receipt: &Receipt) -> &Ecard {
    receipt.ecard.as_ref().expect("an electronic card")
}

/// Somebody with a card in its normal state and an open financial account.
pub fn holder(desk: &mut Desk, index: u32) -> String {
    let person = adult(index);
    desk.apply(applicant(&person)).expect("nobody has a card");
    desk.through(&person);
    desk.must("activate_account", &person, Details::default());
    person
}

fn standing(desk: &mut Desk, person: &str) -> Vec<(String, Option<String>)> {
    let standing = desk.ledger.standing(person).expect("known");
    standing.ecards.into_iter().map(|it| (it.state, it.ended)).collect()
}

/// From the first channel to the last payment, and through every state of the physical card.
pub fn life(scene: &Scene) {
    let mut desk = scene.open();
    let person = holder(&mut desk, 300);
    let first = desk.must("register", &person, at_counter(APP));
    let number = ecard(&first).id.clone();
    assert_eq!(
        (ecard(&first).state.as_str(), &first.channels),
        ("active", &vec![APP.to_owned()])
    );
    assert!(number.len() == 16 && ecard(&first).number() >= 1_000_000_000_000_000);
    assert_eq!(
        refusal(desk.act("register", &person, at_counter(BANK))),
        "has_electronic"
    );
    // The database itself holds no second one, and none in use on a card that is not normal.
    refused(
        scene,
        "INSERT INTO ecard SELECT '1', person, card, state, password, payment, opened, ended, changed, valid_of, on_state, \
         revision FROM ecard",
    );
    for wrong in ["state = 2", "state = 9, valid_of = NULL"] {
        refused(scene, &format!("UPDATE card SET {wrong} WHERE state = 1"));
    }
    desk.must("lose_orally", &person, Details::default());
    refused(scene, "UPDATE ecard SET state = 'active', on_state = 1");
    refused(scene, "UPDATE card SET state = 9, valid_of = NULL WHERE state = 4");
    desk.must("find", &person, Details::default());
    desk.must("bind", &person, at_counter(BANK));
    assert_eq!(
        refusal(desk.act("bind", &person, at_counter(BANK))),
        "channel_not_bound"
    );
    let by_itself = desk.act("suspend", &person, Details::default());
    assert!(
        matches!(by_itself, Err(LedgerError::Input { what: "act", .. })),
        "{by_itself:?}"
    );
    assert_eq!(
        refusal(desk.act("bind", &person, at_counter("app_of_somebody"))),
        "channel_known"
    );

    // The password: set once, changed by itself, reset by other means.
    let set = |password: &str| new_password(password, at_counter(APP));
    for weak in ["123456", "000000", "25091", "2509166"] {
        assert_eq!(refusal(desk.act("set_password", &person, set(weak))), "password_fit");
    }
    let pay = || with_password("250916", in_channel(APP));
    assert_eq!(refusal(desk.act("open_payment", &person, pay())), "mobile_reserved");
    desk.must(
        "reserve_mobile",
        &person,
        Details {
            mobile: Some("+86 139-0000-0000".into()),
            ..Details::default()
        },
    );
    assert_eq!(refusal(desk.act("open_payment", &person, pay())), "password_set");
    let chosen = desk.must("set_password", &person, set("250916"));
    assert_eq!(ecard(&chosen).password, "chosen");
    assert_eq!(refusal(desk.act("set_password", &person, set("250917"))), "no_password");
    let other = Details {
        mobile: Some("13900000001".into()),
        ..pay()
    };
    assert_eq!(refusal(desk.act("open_payment", &person, other)), "mobile_reserved");
    assert_eq!(
        refusal(desk.act("accept_payment", &person, code(APP, 1))),
        "payment_open"
    );
    let same = Details {
        mobile: Some("13900000000".into()),
        ..pay()
    };
    assert_eq!(ecard(&desk.must("open_payment", &person, same)).payment, "open");
    assert_eq!(refusal(desk.act("open_payment", &person, pay())), "payment_closed");

    // A code moves money once, whoever takes it; the same request gets the same answer.
    desk.must("show_payment", &person, pay());
    desk.work_as("till", "B1");
    let order = Order::new(request(), "accept_payment", Some(Target::Ecard(number.clone()))).with(code(APP, 1));
    assert!(!desk.try_do(&order).expect("good").repeated);
    assert!(desk.try_do(&order).expect("the same").repeated);
    // A request that took one code does not take another.
    let second = order.clone().with(code(APP, 99));
    assert_eq!(refusal(desk.try_do(&second)), "request");
    desk.work_as("till", "A1");
    assert_eq!(refusal(desk.act("accept_payment", &person, code(APP, 1))), "code_spent");
    desk.must("accept_payment", &person, code(BANK, 2));
    assert_eq!(refusal(desk.act("show_payment", &person, pay())), "role");
    desk.work_as("clerk", "A1");

    // One channel less, the others stay.
    let left = desk.must("unbind", &person, in_channel(BANK));
    assert_eq!(left.channels, [APP]);
    assert_eq!(
        refusal(desk.act("accept_payment", &person, code(BANK, 3))),
        "channel_bound"
    );
    assert_eq!(refusal(desk.act("unbind", &person, in_channel(BANK))), "channel_bound");
    desk.must("accept_payment", &person, code(APP, 3));
    assert_eq!(desk.must("bind", &person, at_counter(BANK)).channels, [BANK, APP]);

    // Every state of the physical card, in the same transaction.
    let in_hand = || Details {
        in_hand: true,
        ..because("a reason")
    };
    for (act, state, name) in [
        ("lose_orally", "suspended", "card_lost_temporarily"),
        ("find", "active", ""),
        ("lock", "suspended", "card_locked"),
        ("unlock", "active", ""),
        ("lose", "suspended", "card_lost"),
        ("find", "active", ""),
        ("lose", "suspended", "card_lost"),
    ] {
        let done = desk.must(act, &person, in_hand());
        assert_eq!(ecard(&done).state, state, "{act}");
        for taken in ["accept_identity", "accept_payment"] {
            let result = desk.act(taken, &person, code(APP, 4));
            match state {
                "active" if taken == "accept_identity" => drop(result.expect("in use")),
                "active" => {}
                _ => assert_eq!(refusal(result), name, "{taken} after {act}"),
            }
        }
        let register = Order::new(request(), "register", Some(Target::Person(person.clone()))).with(at_counter(BANK));
        assert_eq!(refusal(desk.try_do(&register)), "has_electronic");
    }
    // Replaced: the new card ends the old electronic one, and a new one can be had.
    let replacement = Details {
        kind: Some("replacement".into()),
        ..applicant(&person)
    };
    desk.apply(replacement).expect("lost");
    desk.must("pay", &person, Details::default());
    let replaced = desk.through(&person);
    assert_eq!(
        (ecard(&replaced).id.as_str(), ecard(&replaced).ended.as_deref()),
        (number.as_str(), Some("replaced"))
    );
    assert_eq!(
        (ecard(&replaced).payment.as_str(), replaced.channels.len()),
        ("closed", 0)
    );
    let old = Order::new(request(), "accept_identity", Some(Target::Ecard(number.clone()))).with(in_channel(APP));
    assert_eq!(refusal(desk.try_do(&old)), "card_cancelled");
    assert_eq!(
        refusal(desk.act("show_identity", &person, in_channel(APP))),
        "no_electronic"
    );
    let second = desk.must("register", &person, at_counter(APP));
    assert_ne!(ecard(&second).id, number);
    assert_eq!(
        (ecard(&second).password.as_str(), &second.channels),
        ("none", &vec![APP.to_owned()])
    );
    // Dissociated by its holder; cancelled with the card.
    assert_eq!(refusal(desk.act("deregister", &person, in_channel(APP))), "real_name");
    desk.must("deregister", &person, at_counter(APP));
    let third = desk.must("register", &person, at_counter(APP));
    desk.must("settle_medical", &person, Details::default());
    let gone = desk.must("cancel", &person, because("moved away"));
    assert_eq!(
        (&ecard(&gone).id, ecard(&gone).ended.as_deref()),
        (&ecard(&third).id, Some("moved away"))
    );
    let ends: Vec<_> = standing(&mut desk, &person)
        .into_iter()
        .map(|(_, why)| why.expect("ended"))
        .collect();
    assert_eq!(ends.len(), 3);
    assert!(
        ends.contains(&"replaced".to_owned()) && ends.contains(&"deregister".to_owned()),
        "{ends:?}"
    );
    let acts: Vec<String> = desk.history(&ecard(&third).id).into_iter().map(|it| it.act).collect();
    assert_eq!(acts, ["register", "cancel"]);
    let audit = desk.ledger.examine(&[]).expect("an audit");
    assert!(audit.whole, "{:?}", audit.findings);
}

/// Sealed, expired, dead, too young, of another channel: nothing is issued.
pub fn refusals(scene: &Scene) {
    let mut desk = scene.open();
    let person = adult(310);
    let unknown = desk.act("register", &person, at_counter(APP));
    assert!(matches!(unknown, Err(LedgerError::Unknown { .. })), "{unknown:?}");
    desk.apply(applicant(&person)).expect("nobody has a card");
    assert_eq!(refusal(desk.act("register", &person, at_counter(APP))), "card_usable");
    for act in ["make", "made", "deliver", "collect"] {
        desk.must(act, &person, Details::default());
    }
    assert_eq!(refusal(desk.act("register", &person, at_counter(APP))), "card_sealed");
    assert_eq!(refusal(desk.act("bind", &person, at_counter(APP))), "no_electronic");
    desk.must(
        "activate",
        &person,
        Details {
            pin_chosen: true,
            ..Details::default()
        },
    );
    assert_eq!(refusal(desk.act("register", &person, in_channel(APP))), "real_name");
    let agent_of_adult = Details {
        agent: agent(false),
        ..at_counter(APP)
    };
    assert_eq!(refusal(desk.act("register", &person, agent_of_adult)), "guarded");
    desk.must("lose", &person, Details::default());
    assert_eq!(refusal(desk.act("register", &person, at_counter(APP))), "card_lost");
    desk.must(
        "find",
        &person,
        Details {
            in_hand: true,
            ..Details::default()
        },
    );
    desk.at = at(3660);
    assert_eq!(refusal(desk.act("register", &person, at_counter(APP))), "card_in_date");
    desk.at = at(1);
    let number = ecard(&desk.must("register", &person, at_counter(APP))).id.clone();
    desk.at = at(3660);
    assert_eq!(
        refusal(desk.act("show_identity", &person, in_channel(APP))),
        "card_in_date"
    );
    desk.at = at(1);

    // A channel acts for itself; its servers have its name and a point.
    let staff = |id: &str| {
        personalize::ledger::Entrance::Staff(personalize::ledger::Staff {
            id: id.into(),
            outlet: "A1".into(),
            role: "channel".into(),
            active: true,
            revision: 0,
        })
    };
    let channels = ["app_bank", "app_province.server2", "app_provinces"].map(staff);
    desk.ledger
        .enter(&desk.rules, Some("manager-A1"), at(1), &channels, "channels")
        .expect("entered");
    for (who, allowed) in [
        ("app_bank", false),
        ("app_provinces", false),
        ("app_province.server2", true),
    ] {
        desk.who = who.into();
        let shown = desk.act("show_identity", &person, in_channel(APP));
        match allowed {
            true => assert_eq!(ecard(&shown.expect("its own")).id, number),
            false => assert_eq!(refusal(shown), "own_channel", "{who}"),
        }
        // Who sits in a channel has not seen the document.
        assert_eq!(
            refusal(desk.act("bind", &person, at_counter(BANK))),
            if allowed {
                "own_channel"
            } else if who == BANK {
                "role"
            } else {
                "own_channel"
            }
        );
    }
    // What is only asked leaves no trace, and a password cannot be tried that way.
    desk.work_as("clerk", "A1");
    let lines = desk.ledger.examine(&[]).expect("an audit").lines;
    let asked = |act: &str| Order::new(request(), act, Some(Target::Ecard(number.clone()))).with(in_channel(APP));
    desk.ledger
        .permit(&desk.rules, &desk.who, desk.at, &asked("show_identity"))
        .expect("allowed");
    let guess = desk
        .ledger
        .permit(&desk.rules, &desk.who, desk.at, &asked("show_payment"));
    assert!(matches!(guess, Err(LedgerError::Input { .. })), "{guess:?}");
    assert_eq!(desk.ledger.examine(&[]).expect("an audit").lines, lines);
    // Dead: the electronic card ends at once, though the physical one is only locked.
    let dead = desk.must("die", &person, Details::default());
    assert_eq!(
        (dead.card.as_ref().expect("a card").state, ecard(&dead).state.as_str()),
        (3, "ended")
    );
    assert_eq!(refusal(desk.act("register", &person, at_counter(APP))), "alive");

    // A child, by its guardian.
    let child = citizen(7, jiff::civil::date(2020, 6, 1));
    let guardian = |details: Details| Details {
        agent: agent(true),
        ..details
    };
    desk.apply(guardian(applicant(&child))).expect("the guardian");
    for act in ["make", "made", "deliver", "collect"] {
        desk.must(act, &child, guardian(Details::default()));
    }
    desk.must(
        "activate",
        &child,
        Details {
            pin_chosen: true,
            ..Details::default()
        },
    );
    assert_eq!(refusal(desk.act("register", &child, at_counter(APP))), "guarded");
    desk.must("register", &child, guardian(at_counter(APP)));
    assert_eq!(refusal(desk.act("bind", &child, at_counter(BANK))), "guarded");
    desk.must("bind", &child, guardian(at_counter(BANK)));
}

/// A ledger of the version before has no electronic cards; brought up to date, it has, and is whole.
pub fn upgrade(scene: &Scene) {
    let mut desk = scene.open();
    let person = holder(&mut desk, 350);
    crate::tamper::tamper(
        scene,
        "DROP TABLE credential; DROP TABLE spent; DROP TABLE password; DROP TABLE binding; DROP TABLE ecard; DROP INDEX card_twin; \
         DROP INDEX card_twin_state; UPDATE ledger SET content = '1' WHERE name = 'version'",
    );
    let old = Ledger::open(&scene.address).map(|_| ());
    assert!(
        matches!(old, Err(LedgerError::Version { found: 1, known: 3 })),
        "{old:?}"
    );
    let region = personalize::numbers::Region::parse("990000").expect("six digits");
    let (ledger, new) = Ledger::init(&scene.address, &region, at(1)).expect("brought up to date");
    assert!(!new);
    desk.ledger = ledger;
    assert!(desk.ledger.examine(&[]).expect("an audit").whole);
    desk.must("register", &person, at_counter(APP));
    assert_eq!(desk.ledger.counts().expect("counts").electronic, 1);
}

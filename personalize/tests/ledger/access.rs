//! Passwords, who somebody is, and codes that move money.

use crate::scene::*;
use crate::twin::{APP, BANK, at_counter, code, holder, in_channel, new_password, with_password};
use personalize::ledger::{
    Asked, Details, Identified, LedgerAccess, LedgerError, Order, RealName, RealNameError, Receipt, Refusal, Rules,
    Target,
};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

/// Wrong passwords are counted, whatever happens to the one who tries; a right one, or a reset, gives all tries back.
pub fn passwords(scene: &Scene) {
    let mut desk = scene.open();
    let person = holder(&mut desk, 320);
    desk.must("register", &person, at_counter(APP));
    desk.must("set_password", &person, new_password("250916", at_counter(APP)));
    let change = |old: &str, new: &str| with_password(old, new_password(new, in_channel(APP)));
    let wrong = |result: Result<Receipt, LedgerError>| match result {
        Err(LedgerError::Refused(refusal)) => match *refusal {
            Refusal::PasswordWrong { tries_left } => tries_left,
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    };
    let order =
        Order::new("once", "change_password", Some(Target::Person(person.clone()))).with(change("250917", "250918"));
    for _ in 0..3 {
        assert_eq!(wrong(desk.try_do(&order)), 4, "the same request costs one try");
    }
    assert_eq!(
        wrong(desk.act("change_password", &person, change("250917", "250918"))),
        3
    );
    // Given as a method, it is the same password with the same tries.
    let by_password = |text: &str| Details {
        real_name: Some(Identified {
            method: "password".into(),
            evidence: Some(text.into()),
        }),
        ..in_channel(BANK)
    };
    assert_eq!(wrong(desk.act("bind", &person, by_password("111112"))), 2);
    desk.must("bind", &person, by_password("250916"));
    // Several orders in one transaction: each wrong one costs its try, the others are done.
    let orders: Vec<Order> = ["250910", "250916", "250911"]
        .into_iter()
        .map(|old| {
            Order::new(request(), "change_password", Some(Target::Person(person.clone()))).with(change(old, "250916"))
        })
        .collect();
    let done = desk
        .ledger
        .perform_all(&desk.rules, &desk.who, desk.at, &orders)
        .expect("a transaction");
    let done: Vec<Option<i64>> = done
        .into_iter()
        .map(|it| it.err().map(|error| wrong(Err(error))))
        .collect();
    assert_eq!(done, [Some(4), None, Some(4)]);
    for left in [3, 2, 1, 0] {
        assert_eq!(
            wrong(desk.act("change_password", &person, change("250917", "250918"))),
            left
        );
    }
    for text in ["250917", "250916"] {
        assert_eq!(
            refusal(desk.act("change_password", &person, change(text, "250918"))),
            "password_locked"
        );
    }
    assert_eq!(
        desk.ledger.standing(&person).expect("known").ecards[0].password,
        "locked"
    );
    let reset = |details| new_password("250919", details);
    assert_eq!(
        refusal(desk.act("reset_password", &person, reset(by_password("250916")))),
        "real_name_without_password"
    );
    desk.must("reset_password", &person, reset(at_counter(APP)));
    desk.must("change_password", &person, change("250919", "250920"));
    let number = desk.ledger.standing(&person).expect("known").ecards[0].id.clone();
    let history = desk.history(&number);
    assert_eq!(
        history
            .iter()
            .filter(|line| line.outcome.starts_with("password_wrong "))
            .count(),
        9
    );
    let told = format!("{history:?}");
    assert!(
        !["250916", "250917", "250919", "250920"]
            .iter()
            .any(|secret| told.contains(secret)),
        "{told}"
    );
    let audit = desk.ledger.examine(&[]).expect("an audit");
    assert!(audit.whole, "{:?}", audit.findings);
}

/// What a face or a message code says, a program says; it is asked once, last, and never within the transaction.
pub fn real_names(scene: &Scene) {
    struct Face {
        calls: Arc<AtomicU32>,
        seen: Arc<Mutex<String>>,
    }
    impl RealName for Face {
        fn check(&self, asked: &Asked<'_>) -> Result<bool, RealNameError> {
            self.calls.fetch_add(1, Ordering::Relaxed);
            *self.seen.lock().expect("no panic") = serde_json::to_string(asked).expect("JSON");
            Ok(asked.evidence == Some("picture of TEST"))
        }
    }
    let mut desk = scene.open();
    let person = holder(&mut desk, 330);
    let by = |evidence: &str| Details {
        real_name: Some(Identified {
            method: "face".into(),
            evidence: Some(evidence.into()),
        }),
        ..in_channel(APP)
    };
    let error = desk.act("register", &person, by("picture of TEST"));
    assert!(
        matches!(error, Err(LedgerError::RealName(RealNameError::NotSetUp { .. }))),
        "{error:?}"
    );
    let (calls, seen) = (Arc::new(AtomicU32::new(0)), Arc::new(Mutex::new(String::new())));
    desk.ledger.set_real_name(
        "face",
        Box::new(Face {
            calls: calls.clone(),
            seen: seen.clone(),
        }),
    );
    assert_eq!(refusal(desk.act("register", &person, by("somebody else"))), "real_name");
    let order = Order::new(request(), "register", Some(Target::Person(person.clone()))).with(by("picture of TEST"));
    desk.try_do(&order).expect("the right face");
    assert!(desk.try_do(&order).expect("the same").repeated);
    // It was not asked for what could not be done anyway, or had been done.
    assert_eq!(
        refusal(desk.act("register", &person, by("picture of TEST"))),
        "has_electronic"
    );
    assert_eq!(calls.load(Ordering::Relaxed), 2);
    let seen = seen.lock().expect("no panic").clone();
    assert!(
        seen.contains(&person) && seen.contains("\"act\":\"register\""),
        "{seen}"
    );
    let dump = format!("{order:?}");
    assert!(!dump.contains("picture"), "{dump}");
    // By a program that the rules name.
    let program = scene.folder.path().join("face.sh");
    std::fs::write(&program, "#!/bin/sh\ngrep -q '\"evidence\":\"yes\"'\n").expect("written");
    std::fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o700)).expect("its owner");
    let named = format!("name = \"message\"\nprogram = \"{}\"", program.display());
    let text = Rules::builtin_text().replacen("name = \"message\"", &named, 1);
    desk.rules = Rules::parse(&text, "rules").expect("rules");
    let by = |evidence: &str| Details {
        real_name: Some(Identified {
            method: "message".into(),
            evidence: Some(evidence.into()),
        }),
        ..in_channel(BANK)
    };
    assert_eq!(refusal(desk.act("bind", &person, by("no"))), "real_name");
    desk.must("bind", &person, by("yes"));
}

/// Many tills, one code: one of them gets it, on every kind of database.
pub fn one_code_many_tills(scene: &Scene) {
    let mut desk = scene.open();
    let person = holder(&mut desk, 340);
    desk.must(
        "reserve_mobile",
        &person,
        Details {
            mobile: Some("13900000000".into()),
            ..Details::default()
        },
    );
    desk.must("register", &person, at_counter(APP));
    desk.must("set_password", &person, new_password("250916", at_counter(APP)));
    desk.must("open_payment", &person, with_password("250916", in_channel(APP)));
    for number in 0..3 {
        let taken = AtomicU32::new(0);
        std::thread::scope(|threads| {
            for till in OUTLETS {
                let (taken, person) = (&taken, &person);
                threads.spawn(move || {
                    let mut desk = scene.open();
                    desk.work_as("till", till);
                    match desk.act("accept_payment", person, code(APP, number)) {
                        Ok(_) => drop(taken.fetch_add(1, Ordering::Relaxed)),
                        Err(LedgerError::Refused(refusal)) => assert_eq!(refusal.name(), "code_spent"),
                        Err(error) => panic!("{error:?}"),
                    }
                });
            }
        });
        assert_eq!(taken.load(Ordering::Relaxed), 1);
    }
    assert!(desk.ledger.examine(&[]).expect("an audit").whole);
}

//! What a counter does, through the client; who may; what a stop loses.

use crate::place::{CITIZEN, NAME, Place, admit, application, token};
use card_model::words::{Explain, Lang};
use jiff::Timestamp;
use personalize::ledger::{BatchFile, Entrance, LedgerAccess, LedgerError, Order, Rules, Staff, Target};
use service::{Client, ServiceError};
use std::path::Path;
use std::time::Duration;

fn name_of<T: core::fmt::Debug>(result: Result<T, LedgerError>) -> String {
    match result {
        Err(LedgerError::Served(served)) => served.name,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_ledger_behind_a_service_is_a_ledger() {
    let place = Place::new();
    let mut clerk = place.client("clerk");
    let rules = clerk.rules().unwrap();
    let now = Timestamp::now();
    assert_eq!((clerk.staff(), clerk.region()), ("clerk", "990000"));

    let receipt = clerk.perform(&rules, "", now, &application("r1")).unwrap();
    assert!(!receipt.repeated);
    let again = clerk.perform(&rules, "", now, &application("r1")).unwrap();
    assert!(again.repeated && again.application == receipt.application, "done once");
    let refused = clerk.perform(&rules, "", now, &application("r2")).unwrap_err();
    assert!(refused.refusal().is_some());
    // The same words as beside the database, in both languages.
    let beside = place
        .ledger()
        .perform(&rules, "clerk", now, &application("r3"))
        .unwrap_err();
    for lang in [Lang::En, Lang::Zh] {
        assert_eq!(refused.explain(lang), beside.explain(lang));
    }

    let id = receipt.application.unwrap().id;
    let order = Order::new("r4", "make", Some(Target::Application(id.clone())));
    clerk.perform(&rules, "", now, &order).unwrap();
    let progress = clerk.progress(&Target::Person(CITIZEN.to_owned()), now).unwrap();
    assert_eq!(progress.application.state, "making");
    assert_eq!(clerk.standing(CITIZEN).unwrap().person.name, NAME);
    assert_eq!(clerk.counts().unwrap().open, 1);
    assert!(clerk.overdue(&rules, now).unwrap().is_empty());
    let later = now + jiff::SignedDuration::from_hours(24 * 60);
    assert!(
        place.ledger().overdue(&rules, later).unwrap().len() == 1 && clerk.overdue(&rules, later).unwrap().is_empty(),
        "the service has the clock"
    );

    let csv = "social_security_number,name\n990000199001010010,TEST\n1,TEST\n";
    let file = BatchFile::parse(csv.as_bytes(), Path::new("people.csv"), "employer").unwrap();
    let report = clerk.feed(&rules, "", now, &file, Lang::Zh, &mut |_| {}).unwrap();
    assert_eq!(report.total, 2);
    assert_eq!(report.rejected.last().map(|it| it.row), Some(3));
    let rejects = String::from_utf8(file.rejects(&report.rejected).unwrap()).unwrap();
    assert!(rejects.contains("1,TEST,"), "{rejects}");
    assert_eq!(
        clerk.receipts("", now, None).unwrap().len(),
        1 + report.accepted as usize
    );

    let mut auditor = place.client("auditor");
    assert!(auditor.audit(&rules, "", now, &[]).unwrap().whole);
    assert!(auditor.history(&rules, "", now, &id).unwrap().len() >= 2);
}

#[test]
fn nobody_does_what_their_role_may_not() {
    let place = Place::new();
    let rules = Rules::builtin().unwrap();
    let now = Timestamp::now();
    let (mut clerk, mut maker) = (place.client("clerk"), place.client("maker"));
    let friend = [Entrance::Staff(Staff {
        id: "friend".to_owned(),
        outlet: "A1".to_owned(),
        role: "manager".to_owned(),
        active: true,
        revision: 0,
    })];
    assert_eq!(name_of(clerk.enter(&rules, None, now, &friend, "e1")), "role");
    assert_eq!(name_of(clerk.audit(&rules, "", now, &[])), "role");
    assert_eq!(name_of(clerk.history(&rules, "", now, "clerk")), "role");
    assert_eq!(name_of(maker.standing(CITIZEN)), "role");
    assert_eq!(name_of(maker.perform(&rules, "", now, &application("m1"))), "role");
    assert_eq!(name_of(clerk.standing(CITIZEN)), "person");
    place.client("manager").enter(&rules, None, now, &friend, "e2").unwrap();
    // Whoever a caller says to be, the token decides.
    assert_eq!(name_of(clerk.audit(&rules, "manager", now, &[])), "role");
    assert!(place.ledger().examine(&[]).unwrap().whole);
}

#[test]
fn tokens_end() {
    let place = Place::new();
    let rules = Rules::builtin().unwrap();
    let refused = |token: &str| {
        let error = Client::connect(&place.settings(token)).unwrap_err();
        let ServiceError::Ledger(LedgerError::Served(served)) = error else {
            panic!("{error:?}")
        };
        assert_eq!(served.name, "unauthorized");
    };
    refused("");
    admit(&mut place.ledger(), "clerk", "ssc_TEST_old", -1);
    refused("ssc_TEST_old");
    let mut clerk = place.client("clerk");
    let count = place
        .ledger()
        .expel(&rules, "manager", Timestamp::now(), "clerk", "x1")
        .unwrap();
    assert_eq!(count, 2);
    assert_eq!(name_of(clerk.counts()), "unauthorized");

    let mut maker = place.client("maker");
    let gone = Entrance::Staff(Staff {
        id: "maker".to_owned(),
        outlet: "A1".to_owned(),
        role: "maker".to_owned(),
        active: false,
        revision: 0,
    });
    place
        .ledger()
        .enter(&rules, Some("manager"), Timestamp::now(), &[gone], "x2")
        .unwrap();
    assert_eq!(name_of(maker.counts()), "unauthorized");
    let by_clerk = place.ledger().expel(&rules, "clerk", Timestamp::now(), "manager", "x3");
    assert!(by_clerk.unwrap_err().refusal().is_some());
    assert!(
        place.ledger().examine(&[]).unwrap().whole,
        "credentials stand in the log too"
    );
}

#[test]
fn a_stop_loses_nothing_that_was_begun() {
    let mut place = Place::new();
    let rules = Rules::builtin().unwrap();
    let rows: String = (0..400)
        .map(|n| format!("{},TEST\n", crate::place::citizen(n)))
        .collect();
    let csv = format!("social_security_number,name\n{rows}");
    let file = BatchFile::parse(csv.as_bytes(), Path::new("people.csv"), "employer").unwrap();
    let mut clerk = place.client("clerk");
    let feeding = std::thread::spawn(move || clerk.feed(&rules, "", Timestamp::now(), &file, Lang::En, &mut |_| {}));
    let mut ledger = place.ledger();
    while ledger.counts().unwrap().open == 0 {
        std::thread::sleep(Duration::from_millis(1));
    }
    place.service.take().unwrap().stop().unwrap();
    let report = feeding.join().unwrap().expect("what was begun is finished");
    assert_eq!((report.accepted, report.rejected.len()), (400, 0));
    assert_eq!(ledger.counts().unwrap().open, 400);
    assert!(ledger.examine(&[]).unwrap().whole);
}

#[test]
fn the_log_knows_nobody_but_the_staff() {
    let mut place = Place::new();
    let rules = Rules::builtin().unwrap();
    let mut clerk = place.client("clerk");
    clerk.perform(&rules, "", Timestamp::now(), &application("r1")).unwrap();
    clerk.standing(CITIZEN).unwrap();
    clerk.standing("990000199001010010").unwrap_err();
    place.post(
        "clerk",
        "/v1/orders",
        format!("{{\"request\": \"{CITIZEN}\", {NAME}").as_bytes(),
    );
    place.raw(&format!("GET /v1/standing/{CITIZEN} HTTP/1.1\r\n"), b"");
    place.raw(
        &format!("GET /v1/me?number={CITIZEN} HTTP/1.1\r\nAuthorization: Bearer {CITIZEN}\r\n"),
        b"",
    );
    place.service.take().unwrap().stop().unwrap();
    let log = place.log.text();
    assert!(log.lines().count() >= 7 && log.contains("\"who\":\"clerk\""), "{log}");
    for secret in [CITIZEN, NAME, "990000199001010010", token("clerk").as_str()] {
        assert!(!log.contains(secret), "{secret} in {log}");
    }
}

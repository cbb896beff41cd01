//! The PIN through its whole life.

use crate::bench::{PIN, issued, keys, pin};
use card_model::secret::Pin;
use reader::error::ReaderError;
use reader::pin::{PinProvider, PinRequest, PinStatus};
use reader::session::{Options, Session};

/// Counts how often it is asked.
struct Counting {
    pin: Option<Pin>,
    asked: Vec<PinRequest>,
}

impl PinProvider for Counting {
    fn pin(&mut self, request: &PinRequest) -> Option<Pin> {
        self.asked.push(request.clone());
        self.pin.clone()
    }
}

#[test]
fn wrong_pins_stop_before_the_last_try() {
    for name in ["3.0", "2.0", "1.0"] {
        let mut keys = keys();
        let mut channel = issued(name, &mut keys);
        let mut session = Session::open(Box::new(&mut channel))
            .expect("a card")
            .with_security(&mut keys);
        assert_eq!(
            session.pin_status().expect("query"),
            PinStatus {
                set: true,
                tries_left: Some(3)
            }
        );
        let wrong = pin("654321");
        assert!(matches!(
            session.verify_pin(&wrong),
            Err(ReaderError::PinWrong { tries_left: 2 })
        ));
        assert!(matches!(
            session.change_pin(Some(&wrong), Some(&pin("111111"))),
            Err(ReaderError::PinWrong { tries_left: 1 })
        ));
        assert!(matches!(session.verify_pin(&wrong), Err(ReaderError::PinLastTry)));
        assert_eq!(
            session.pin_status().expect("query").tries_left,
            Some(1),
            "the guard spends nothing"
        );

        let mut session = session.with_options(Options {
            last_try: true,
            ..Options::default()
        });
        assert!(matches!(session.verify_pin(&wrong), Err(ReaderError::PinBlocked)));
        assert!(session.pin_status().expect("query").blocked());
        assert!(matches!(session.verify_pin(&pin(PIN)), Err(ReaderError::PinBlocked)));

        session.unblock_pin().expect("PUK and STK");
        assert_eq!(session.pin_status().expect("query").tries_left, Some(3));
        session.verify_pin(&pin(PIN)).expect("the PIN stayed");
        session
            .change_pin(Some(&pin(PIN)), Some(&pin("87654321")))
            .expect("right old PIN");
        session.verify_pin(&pin("87654321")).expect("changed");
        session.reset_pin(Some(&pin("1234"))).expect("PUK and STK");
        session.verify_pin(&pin("1234")).expect("reset");
        session.reset_pin(None).expect("an empty PIN");
        assert_eq!(
            session.pin_status().expect("query"),
            PinStatus {
                set: false,
                tries_left: None
            }
        );
    }
}

#[test]
fn the_pin_is_asked_once_and_only_when_it_is_needed() {
    let mut keys = keys();
    let mut channel = issued("3.0", &mut keys);
    let mut asker = Counting {
        pin: Some(pin(PIN)),
        asked: Vec::new(),
    };
    let mut session = Session::open(Box::new(&mut channel))
        .expect("a card")
        .with_security(&mut keys)
        .with_pins(&mut asker);
    // Free, and "PIN or key" with the key at hand: nobody is asked.
    session
        .read(&["SSSE/EF05", "SSSE/EF06", "DF01/EF05", "DF02/EF05"])
        .expect("transport");
    // "PIN and key", and PIN alone.
    for reading in session
        .read(&["DF04/EF06", "DF04/EF08", "DF03/EF05", "DF04/EF06"])
        .expect("transport")
    {
        assert!(reading.ok(), "{}: {:?}", reading.path, reading.error);
    }
    drop(session);
    assert_eq!(
        asker.asked,
        [PinRequest {
            path: "DF04/EF06".to_owned(),
            tries_left: 3
        }]
    );
}

#[test]
fn who_does_not_give_the_pin_is_not_asked_again() {
    let mut keys = keys();
    let mut channel = issued("3.0", &mut keys);
    let mut asker = Counting {
        pin: None,
        asked: Vec::new(),
    };
    let mut session = Session::open(Box::new(&mut channel))
        .expect("a card")
        .with_pins(&mut asker);
    let readings = session
        .read(&["DF01/EF05", "DF02/EF05", "SSSE/EF05"])
        .expect("transport");
    assert_eq!(
        readings.iter().map(|reading| reading.ok()).collect::<Vec<_>>(),
        [false, false, true]
    );
    drop(session);
    assert_eq!(asker.asked.len(), 1);

    // Nor does a wrong PIN spend more than one try, however many files want it.
    let mut wrong = pin("000000");
    let mut session = Session::open(Box::new(&mut channel))
        .expect("a card")
        .with_pins(&mut wrong);
    let readings = session
        .read(&["DF01/EF05", "DF02/EF05", "DF03/EF05"])
        .expect("transport");
    assert!(matches!(
        readings[0].error,
        Some(ReaderError::PinWrong { tries_left: 2 })
    ));
    assert_eq!(session.pin_status().expect("query").tries_left, Some(2));
}

#[test]
fn a_card_without_pin_meets_pin_conditions_by_itself() {
    let mut keys = keys();
    let mut channel = issued("3.0", &mut keys);
    let mut session = Session::open(Box::new(&mut channel))
        .expect("a card")
        .with_security(&mut keys);
    session.change_pin(Some(&pin(PIN)), None).expect("no PIN from now on");
    drop(session);
    let mut session = Session::open(Box::new(&mut channel)).expect("a card");
    let readings = session.read(&["DF01/EF05", "DF04/EF08"]).expect("transport");
    assert!(readings.iter().all(|reading| reading.ok()), "{readings:?}");
    assert!(
        session
            .read_all()
            .expect("transport")
            .iter()
            .any(|reading| reading.path == "DF04/EF08" && reading.ok())
    );
}

#[test]
fn the_pin_helps_where_the_key_is_refused() {
    let (mut own, mut others) = (keys(), keys());
    let mut channel = issued("3.0", &mut own);
    let mut holder = pin(PIN);
    let mut session = Session::open(Box::new(&mut channel))
        .expect("a card")
        .with_security(&mut others)
        .with_pins(&mut holder);
    let readings = session.read(&["DF01/EF05", "DF07/EF05"]).expect("transport");
    assert!(readings[0].ok(), "PIN or RK1DF01: {readings:?}");
    assert!(matches!(&readings[1].error, Some(ReaderError::KeyRefused { key, .. }) if key == "RK1DF07"));
}

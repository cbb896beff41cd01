//! Cards that answer nonsense: a session ends with an error, never with a panic or without end.

use crate::bench::{PIN, keys, pin};
use card_model::card::Interface;
use proptest::prelude::*;
use reader::channel::{Channel, Reset, TransportError};
use reader::session::Session;
use reader::verify::verify;

/// Gives the answers it was made with, over and over.
struct Nonsense {
    reset: Reset,
    answers: Vec<Vec<u8>>,
    next: usize,
    exchanges: usize,
}

impl Channel for Nonsense {
    fn name(&self) -> &str {
        "nonsense"
    }
    fn reset_answer(&self) -> &Reset {
        &self.reset
    }
    fn transmit(&mut self, _command: &[u8]) -> Result<Vec<u8>, TransportError> {
        self.exchanges += 1;
        self.next += 1;
        Ok(self.answers[self.next % self.answers.len()].clone())
    }
    fn reset(&mut self) -> Result<(), TransportError> {
        Ok(())
    }
}

/// Answers that get far: mostly 9000, with record-like data.
fn answer() -> impl Strategy<Value = Vec<u8>> {
    let sw = prop_oneof![
        8 => Just([0x90, 0x00]), 1 => Just([0x6A, 0x83]), 1 => Just([0x69, 0x82]), 1 => Just([0x63, 0xC2]), 1 => any::<[u8; 2]>(),
    ];
    let data = prop_oneof![
        Just(Vec::new()),
        proptest::collection::vec(any::<u8>(), 8),
        proptest::collection::vec(any::<u8>(), 0..40),
        (any::<u8>(), proptest::collection::vec(any::<u8>(), 0..30))
            .prop_map(|(tag, value)| { [&[tag, u8::try_from(value.len()).unwrap()], value.as_slice()].concat() }),
    ];
    (data, sw).prop_map(|(data, sw)| [data, sw.to_vec()].concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_card_can_make_a_session_panic(
        answers in proptest::collection::vec(answer(), 1..12),
        reset in proptest::collection::vec(any::<u8>(), 0..24),
        contact: bool,
    ) {
        let interface = if contact { Interface::Contact } else { Interface::Contactless };
        let mut channel = Nonsense { reset: Reset { bytes: reset, interface }, answers, next: 0, exchanges: 0 };
        let (mut keys, mut own) = (keys(), pin(PIN));
        if let Ok(session) = Session::open(Box::new(&mut channel)) {
            let mut session = session.with_security(&mut keys).with_pins(&mut own);
            let _ = session.read(&["SSSE/EF06", "SSSE/EF06/09", "DF01/EF15/40:2/57", "DF04/EF08", "SSSE/EF08"]);
            let _ = session.write_text(&[("SSSE/EF06/09", "张三"), ("DF01/EF15/40:3/57", "3"), ("SSSE/EF05/05", "20260101")]);
            let _ = (session.pin_status(), session.change_pin(None, Some(&pin("1234"))), session.reset_pin(None));
            let _ = verify(&mut session, jiff::civil::date(2026, 11, 21));
            let _ = session.check_same_card();
        }
        prop_assert!(channel.exchanges < 20_000, "{} exchanges", channel.exchanges);
    }
}

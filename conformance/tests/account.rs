//! The medical account of issued cards, end to end: load, ten settlements over the change of the pay year, log, proof.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use card_model::card::Interface;
use card_model::profile::Profile;
use card_model::secret::Pin;
use reader::error::ReaderError;
use reader::pin::{PinProvider, PinRequest};
use reader::security::AccountTerminal;
use reader::session::{Amounts, Place, Session, TransactionKind};
use support::issued::Issued;

const TERMINAL: [u8; 6] = [0x99, 0x00, 0x00, 0x12, 0x34, 0x56];

struct Known(Pin);

impl PinProvider for Known {
    fn pin(&mut self, _request: &PinRequest) -> Option<Pin> {
        Some(self.0.clone())
    }
}

fn place(year: u8, month: u8, day: u8) -> Place {
    Place {
        terminal: TERMINAL,
        time: [0x20, year, month, day, 0x12, 0x00, 0x00],
    }
}

#[test]
fn ten_settlements_over_a_year_change() {
    for version in ["3.0", "2.0"] {
        for interface in [Interface::Contact, Interface::Contactless] {
            let antenna = Profile::builtin(version).unwrap().reset.contactless.is_some();
            if interface == Interface::Contactless && !antenna {
                continue;
            }
            let mut card = Issued::new(version, interface);
            let mut host = card.keys.clone();
            let terminal_keys = card.keys.clone();
            let mut terminal = AccountTerminal::new(terminal_keys, TERMINAL, 0x0A00);
            let mut pins = Known(card.pin.clone());
            let mut session = Session::open(Box::new(&mut card.channel))
                .unwrap()
                .with_security(&mut card.keys)
                .with_pins(&mut pins);

            let receipt = session.load(1_000_000, place(0x26, 0x03, 0x01), &mut host).unwrap();
            assert_eq!((receipt.sequence, receipt.balance), (0, 1_000_000));
            session.set_starting_day(4, 1).unwrap();
            assert_eq!(session.starting_day().unwrap(), (4, 1));

            let amounts = Amounts {
                personal: 1_000,
                self_paid: 100,
                pooled: 10,
            };
            let mut last = None;
            for n in 0..10u16 {
                // Five settlements before 1 April 2026, five after.
                let place = if n < 5 {
                    place(0x26, 0x03, 0x02)
                } else {
                    place(0x26, 0x04, 0x01)
                };
                let index = u8::try_from(n % 3).unwrap() + 1;
                let receipt = session.settle(index, amounts, place, &mut terminal).unwrap();
                assert_eq!(receipt.sequence, n);
                assert_eq!(receipt.balance, 1_000_000 - 1_000 * (u32::from(n) + 1));
                session.check_settlement(amounts, place, &receipt, &mut host).unwrap();
                last = Some(receipt);
            }
            let balance = session.balance().unwrap();
            assert_eq!(
                (balance.personal, balance.self_paid, balance.pooled),
                (990_000, 500, 50)
            );
            assert_eq!(balance.year, 2026);

            let proof = session.proof(TransactionKind::Settlement, 9).unwrap().unwrap();
            assert_eq!(proof.tac, last.unwrap().tac);
            assert_eq!(session.proof(TransactionKind::Settlement, 8).unwrap(), None);
            assert_eq!(session.proof(TransactionKind::Load, 0).unwrap(), None);

            let log = session.read(&["DF04/EF08"]).unwrap();
            let types: Vec<_> = log[0].elements.iter().filter(|e| e.zh == "交易类型").collect();
            assert_eq!(types.len(), 11, "ten settlements and the load");

            let too_much = Amounts {
                personal: 990_001,
                ..Amounts::default()
            };
            let refused = session
                .settle(1, too_much, place(0x26, 0x04, 0x02), &mut terminal)
                .unwrap_err();
            assert_eq!(refused.status_word().map(u16::from), Some(0x9401));
            assert_eq!(session.balance().unwrap(), balance);
        }
    }
}

#[test]
fn a_host_with_other_keys_is_told_from_a_false_card() {
    let mut card = Issued::new("3.0", Interface::Contact);
    let mut stranger = Issued::new("3.0", Interface::Contact).keys;
    let mut pins = Known(card.pin.clone());
    let mut session = Session::open(Box::new(&mut card.channel))
        .unwrap()
        .with_security(&mut card.keys)
        .with_pins(&mut pins);
    let error = session.load(100, place(0x26, 0x03, 0x01), &mut stranger).unwrap_err();
    assert!(matches!(error, ReaderError::FalseMac));
    assert_eq!(session.balance().unwrap().personal, 0);
}

//! The card is pulled at every command of a load and of a settlement, before and after the command reached it: the error says
//! when the end is not known, and the card then tells whether the money moved.

use crate::account::{Cashier, Known, cashiers, copy, place};
use crate::bench::{PIN, issued, keys, pin};
use reader::channel::{Channel, TransportError};
use reader::error::{Family, ReaderError};
use reader::session::{Amounts, Session, TransactionKind};

/// A card that is pulled at a command.
struct Pulled<C> {
    inner: C,
    commands: usize,
    at: usize,
    /// Whether the command still reached the card.
    reached: bool,
}

impl<C: Channel> Channel for Pulled<C> {
    reader::pass_on!(self => self.inner; name reset_answer reset);

    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, TransportError> {
        self.commands += 1;
        if self.commands < self.at {
            return self.inner.transmit(command);
        }
        if self.commands == self.at && self.reached {
            self.inner.transmit(command)?;
        }
        Err(TransportError::CardRemoved {
            reader: self.inner.name().to_owned(),
        })
    }
}

const AMOUNTS: Amounts = Amounts {
    personal: 700,
    self_paid: 30,
    pooled: 2,
};
const DAY: [u8; 4] = [0x20, 0x26, 0x06, 0x01];

/// Pulls the card at every command of a transaction; how often the end was not known, with and without the money moved.
fn pull_everywhere(image: &[u8], kind: TransactionKind, cashier: &mut dyn Cashier) -> (usize, usize) {
    let (mut moved, mut stayed) = (0, 0);
    for reached in [false, true] {
        for at in 1.. {
            let mut card = copy(image);
            let mut pins = Known(pin(PIN));
            let mut session = Session::open(Box::new(&mut card)).unwrap().with_pins(&mut pins);
            session.load(10_000, place(DAY), cashier).unwrap();
            drop(session);
            card.reset().unwrap();
            let pulled = Pulled {
                inner: &mut card,
                commands: 0,
                at,
                reached,
            };
            let result = Session::open(Box::new(pulled)).and_then(|session| {
                let mut session = session.with_pins(&mut pins);
                match kind {
                    TransactionKind::Load => session.load(5_000, place(DAY), cashier),
                    TransactionKind::Settlement => session.settle(1, AMOUNTS, place(DAY), cashier),
                }
            });
            if result.is_ok() {
                break;
            }
            let error = result.unwrap_err();
            assert_eq!(error.family(), Family::Transport, "{error}");
            card.reset().unwrap();
            let mut session = Session::open(Box::new(&mut card)).unwrap().with_pins(&mut pins);
            let changed = session.balance().unwrap().personal != 10_000;
            let sequence = u16::from(kind == TransactionKind::Load);
            let outcome = session.outcome(kind, sequence).unwrap();
            assert_eq!(outcome.moved, changed, "command {at}, reached: {reached}");
            assert_eq!(
                outcome.proof.is_some(),
                changed,
                "MAC and TAC are there exactly when money moved"
            );
            assert_eq!(outcome.entry.is_some(), changed);
            let ReaderError::Uncertain {
                sequence: told,
                terminal_sequence,
                ..
            } = error
            else {
                assert!(!changed, "command {at}, reached: {reached}: money moved unseen");
                continue;
            };
            assert_eq!(told, sequence);
            let genuine = session
                .check_outcome(&outcome, Some(terminal_sequence), cashier)
                .unwrap();
            assert_eq!(genuine, changed.then_some(true));
            if changed {
                moved += 1;
                // A wrong number of the terminal is not proved by a settlement's TAC, and none proves nothing.
                if kind == TransactionKind::Settlement {
                    let other = session.check_outcome(&outcome, Some(terminal_sequence + 1), cashier);
                    assert_eq!(other.unwrap(), Some(false));
                    assert_eq!(session.check_outcome(&outcome, None, cashier).unwrap(), None);
                }
            } else {
                stayed += 1;
            }
        }
    }
    (moved, stayed)
}

#[test]
fn the_card_knows_whether_the_money_moved() {
    let mut keys = keys();
    for name in ["3.0", "2.0"] {
        let image = issued(name, &mut keys).card().image().to_vec();
        for (form, mut cashier) in cashiers(&keys) {
            for kind in [TransactionKind::Load, TransactionKind::Settlement] {
                let (moved, stayed) = pull_everywhere(&image, kind, cashier.as_mut());
                assert!(moved > 0 && stayed > 0, "{name} {form} {kind:?}: {moved} {stayed}");
            }
        }
    }
}

/// Transactions that happened are known for good, also when their proof and their record are gone.
#[test]
fn old_transactions_are_known_by_their_number() {
    let mut keys = keys();
    let mut card = issued("3.0", &mut keys);
    let mut cashiers = cashiers(&keys);
    let (_, cashier) = &mut cashiers[0];
    let mut pins = Known(pin(PIN));
    let mut session = Session::open(Box::new(&mut card)).unwrap().with_pins(&mut pins);
    assert!(!session.outcome(TransactionKind::Settlement, 0).unwrap().moved);
    assert!(session.history().unwrap().is_empty());
    session
        .settle(1, Amounts::default(), place(DAY), cashier.as_mut())
        .unwrap();
    for _ in 0..35 {
        session.load(1, place(DAY), cashier.as_mut()).unwrap();
    }
    let log = session.history().unwrap();
    assert_eq!(
        (log.len(), log[0].sequence, log[0].kind),
        (30, 34, Some(TransactionKind::Load))
    );
    let first = session.outcome(TransactionKind::Settlement, 0).unwrap();
    assert!(first.moved && first.proof.is_none() && first.entry.is_none());
    assert!(!session.outcome(TransactionKind::Settlement, 1).unwrap().moved);
    assert!(!session.outcome(TransactionKind::Load, 35).unwrap().moved);
    assert_eq!(session.next_sequence(TransactionKind::Load).unwrap(), Some(35));
}

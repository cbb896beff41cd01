//! The medical account with each form of the security module: one load and ten settlements over a change of the year give the
//! same receipts, log, proofs and memory of the card; a MAC1 that was altered or used before moves nothing.

use crate::bench::{PIN, REGION, issued, keys, pin};
use crate::support::*;
use card_model::card::{Card, Interface};
use card_model::secret::Pin;
use reader::channel::{Channel, ModelChannel, TransportError};
use reader::error::ReaderError;
use reader::pin::{PinProvider, PinRequest};
use reader::security::{AccountHost, AccountTerminal, Hsm, HsmModule, HsmStanding, KeyFile, PurchaseModule};
use reader::session::{Amounts, Balance, Place, Proof, Receipt, Session, TransactionKind};
use std::cell::RefCell;
use std::rc::Rc;

/// Where the data of a card image begin: behind its header, and the marker and the bytes of the journal.
const DATA: usize = 16 + 4 + 2048;
/// Terminal number of the PSAMs of these tests.
const TERMINAL: [u8; 6] = [0, 0, 0, 0x12, 0x34, 0x56];

/// What a terminal needs for loads and settlements.
pub trait Cashier: PurchaseModule + AccountHost {}
impl<M: PurchaseModule + AccountHost> Cashier for M {}

pub struct Known(pub Pin);

impl PinProvider for Known {
    fn pin(&mut self, _request: &PinRequest) -> Option<Pin> {
        Some(self.0.clone())
    }
}

/// Random numbers that are the same for every copy of a card: equal challenges make equal MACs.
struct Repeated(u64);

impl rand_core::TryRng for Repeated {
    type Error = core::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        Ok((self.0 >> 16) as u32)
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        Ok(u64::from(self.try_next_u32()?) << 32 | u64::from(self.try_next_u32()?))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
        for byte in bytes {
            *byte = self.try_next_u32()? as u8;
        }
        Ok(())
    }
}

pub fn copy(image: &[u8]) -> ModelChannel {
    let card = Card::from_image(image).unwrap();
    ModelChannel::new(card, Interface::Contact, Box::new(Repeated(0x7E57)))
}

pub fn place(day: [u8; 4]) -> Place {
    let [century, year, month, day] = day;
    Place {
        terminal: TERMINAL,
        time: [century, year, month, day, 0x12, 0x00, 0x00],
    }
}

fn hsm(keys: &KeyFile, standing: HsmStanding) -> Box<dyn Cashier> {
    let hsm = Hsm::new("TEST HSM", keys, standing).unwrap();
    Box::new(AccountTerminal::new(HsmModule::new(hsm), TERMINAL, 0))
}

/// Every form of the security module, over the same roots.
pub fn cashiers(keys: &KeyFile) -> Vec<(&'static str, Box<dyn Cashier>)> {
    vec![
        ("key file", Box::new(AccountTerminal::new(keys.clone(), TERMINAL, 0))),
        ("PSAM", Box::new(Recipe::default().module(keys))),
        ("HSM of the ministry", hsm(keys, HsmStanding::Ministry)),
        (
            "HSM of the province",
            hsm(keys, HsmStanding::Province(REGION.to_owned())),
        ),
        ("HSM of the city", hsm(keys, HsmStanding::City(REGION.to_owned()))),
    ]
}

/// What is left of a day at the counter.
#[derive(Debug, PartialEq)]
struct Outcome {
    receipts: Vec<Receipt>,
    balances: Vec<Balance>,
    proofs: Vec<Option<Proof>>,
    log: String,
    memory: Vec<u8>,
}

fn at_the_counter(image: &[u8], cashier: &mut dyn Cashier) -> Outcome {
    let mut card = copy(image);
    let (mut receipts, mut balances, mut proofs) = (Vec::new(), Vec::new(), Vec::new());
    let mut pins = Known(pin(PIN));
    let mut session = Session::open(Box::new(&mut card)).unwrap().with_pins(&mut pins);
    receipts.push(
        session
            .load(1_000_000, place([0x20, 0x26, 0x03, 0x01]), cashier)
            .unwrap(),
    );
    proofs.push(session.proof(TransactionKind::Load, 0).unwrap());
    for n in 0..10u16 {
        let amounts = Amounts {
            personal: 1_000 + u32::from(n),
            self_paid: 100,
            pooled: 10,
        };
        // The pay year begins on 1 January of a card that was told no other day.
        let day = if n < 5 {
            [0x20, 0x26, 0x12, 0x31]
        } else {
            [0x20, 0x27, 0x01, 0x01]
        };
        let index = u8::try_from(n % 3).unwrap() + 1;
        let receipt = session.settle(index, amounts, place(day), cashier).unwrap();
        assert_eq!((receipt.sequence, receipt.terminal_sequence), (n, u32::from(n) + 1));
        session
            .check_settlement(amounts, place(day), &receipt, cashier)
            .unwrap();
        let proof = session.proof(TransactionKind::Settlement, n).unwrap();
        assert_eq!(proof.map(|proof| proof.tac), Some(receipt.tac));
        proofs.push(proof);
        receipts.push(receipt);
        balances.push(session.balance().unwrap());
    }
    let log = session.read(&["DF04/EF08"]).unwrap();
    assert!(log[0].ok(), "{:?}", log[0].error);
    let log = format!("{:?}", log[0].elements);
    drop(session);
    Outcome {
        receipts,
        balances,
        proofs,
        log,
        memory: card.card().image()[DATA..].to_vec(),
    }
}

#[test]
fn psam_hsm_and_key_file_give_the_same() {
    let mut keys = keys();
    for name in ["3.0", "2.0"] {
        let image = issued(name, &mut keys).card().image().to_vec();
        let mut outcomes = cashiers(&keys)
            .into_iter()
            .map(|(form, mut cashier)| (form, at_the_counter(&image, cashier.as_mut())));
        let (_, expected) = outcomes.next().unwrap();
        let last = expected.balances.last().unwrap();
        let spent: u32 = (0..10).map(|n| 1_000 + n).sum();
        assert_eq!((last.personal, last.year), (1_000_000 - spent, 2027));
        assert_eq!(
            (last.self_paid, last.pooled),
            (500, 50),
            "a new year begins from nothing"
        );
        for (form, outcome) in outcomes {
            assert!(outcome == expected, "{name}: {form} differs from the key file");
        }
    }
}

/// What happens to DEBIT FOR PURCHASE on its way to the card.
enum Tamper {
    Nothing,
    FlipBit(usize),
    Replace(Vec<u8>),
}

struct Attacker<C> {
    inner: C,
    tamper: Rc<RefCell<Tamper>>,
    seen: Rc<RefCell<Vec<u8>>>,
}

impl<C: Channel> Channel for Attacker<C> {
    reader::pass_on!(self => self.inner; name reset_answer reset);

    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, TransportError> {
        let mut command = command.to_vec();
        if command.get(..2) == Some(&[0xB0, 0x2C]) {
            match &*self.tamper.borrow() {
                Tamper::Nothing => {}
                Tamper::FlipBit(bit) => command[5 + bit / 8] ^= 0x80 >> (bit % 8),
                Tamper::Replace(other) => command.clone_from(other),
            }
            self.seen.borrow_mut().clone_from(&command);
        }
        self.inner.transmit(&command)
    }
}

#[test]
fn an_altered_or_repeated_mac1_moves_nothing() {
    let mut keys = keys();
    for name in ["3.0", "2.0"] {
        let image = issued(name, &mut keys).card().image().to_vec();
        for (form, mut cashier) in cashiers(&keys) {
            let cashier = cashier.as_mut();
            let mut card = copy(&image);
            let tamper = Rc::new(RefCell::new(Tamper::Nothing));
            let seen = Rc::new(RefCell::new(Vec::new()));
            let attacker = Attacker {
                inner: &mut card,
                tamper: Rc::clone(&tamper),
                seen: Rc::clone(&seen),
            };
            let mut pins = Known(pin(PIN));
            let mut session = Session::open(Box::new(attacker)).unwrap().with_pins(&mut pins);
            let here = place([0x20, 0x26, 0x06, 0x01]);
            session.load(50_000, here, cashier).unwrap();
            let amounts = Amounts {
                personal: 700,
                ..Amounts::default()
            };
            let first = session.settle(1, amounts, here, cashier).unwrap();
            let used = seen.borrow().clone();
            let before = session.balance().unwrap();
            let log = format!("{:?}", session.read(&["DF04/EF08"]).unwrap()[0].elements);

            // DEBIT: terminal sequence 4 ‖ time 7 ‖ MAC1 4. The first half of the terminal sequence is not part of MAC1 and not
            // of the session key, only of the TAC (`spec/commands.md` §5).
            let bits = (16..15 * 8).map(Tamper::FlipBit);
            for attack in bits.chain([Tamper::Replace(used.clone())]) {
                *tamper.borrow_mut() = attack;
                let error = session.settle(1, amounts, here, cashier).unwrap_err();
                assert_eq!(
                    error.status_word().map(u16::from),
                    Some(0x9302),
                    "{name} {form}: {error}"
                );
                assert!(matches!(error, ReaderError::Refused { .. }));
                assert_eq!(
                    session.proof(TransactionKind::Settlement, first.sequence + 1).unwrap(),
                    None
                );
            }
            *tamper.borrow_mut() = Tamper::Nothing;
            assert_eq!(session.balance().unwrap(), before);
            assert_eq!(format!("{:?}", session.read(&["DF04/EF08"]).unwrap()[0].elements), log);
            let proof = session.proof(TransactionKind::Settlement, first.sequence).unwrap();
            assert_eq!(
                proof.map(|proof| proof.tac),
                Some(first.tac),
                "the proof of the last one is still there"
            );

            // The same DEBIT once more without INITIALIZE: 6901.
            let answer = session.channel().transmit(&used).unwrap();
            assert_eq!(hex::encode(answer), "6901");
            session.forget();
            let next = session.settle(1, amounts, here, cashier).unwrap();
            assert_eq!(next.sequence, first.sequence + 1);
            assert_eq!(next.balance, before.personal - 700);
        }
    }
}

/// A host with other keys does not believe the card; a card with other keys does not believe the terminal.
#[test]
fn strangers_are_not_believed() {
    let mut own = keys();
    let stranger = keys();
    let image = issued("3.0", &mut own).card().image().to_vec();
    for (form, mut cashier) in cashiers(&stranger) {
        let mut card = copy(&image);
        let mut pins = Known(pin(PIN));
        let mut session = Session::open(Box::new(&mut card)).unwrap().with_pins(&mut pins);
        let here = place([0x20, 0x26, 0x06, 0x01]);
        let error = session.load(100, here, cashier.as_mut()).unwrap_err();
        assert!(matches!(error, ReaderError::FalseMac), "{form}: {error}");
        let error = session
            .settle(1, Amounts::default(), here, cashier.as_mut())
            .unwrap_err();
        assert_eq!(error.status_word().map(u16::from), Some(0x9302), "{form}: {error}");
        assert_eq!(session.balance().unwrap().personal, 0);
    }
}

/// False MAC2s lock the purchase key of the PSAM, and only that one.
#[test]
fn a_false_card_locks_the_purchase_key() {
    let mut keys = keys();
    let image = issued("3.0", &mut keys).card().image().to_vec();
    let mut psam = Recipe::default().module(&keys);
    let mut card = copy(&image);
    let mut pins = Known(pin(PIN));
    let mut session = Session::open(Box::new(FalseMac2(&mut card)))
        .unwrap()
        .with_pins(&mut pins);
    let here = place([0x20, 0x26, 0x06, 0x01]);
    for _ in 0..description().purchase_key_tries {
        let error = session.settle(2, Amounts::default(), here, &mut psam).unwrap_err();
        assert!(matches!(error, ReaderError::FalseMac), "{error}");
    }
    let error = session.settle(2, Amounts::default(), here, &mut psam).unwrap_err();
    assert!(error.to_string().contains("6983"), "{error}");
    drop(session);
    let mut session = Session::open(Box::new(&mut card)).unwrap().with_pins(&mut pins);
    session
        .settle(1, Amounts::default(), here, &mut psam)
        .expect("another purchase key works");
    let locked: Vec<u8> = psam
        .into_channel()
        .card()
        .inventory()
        .keys
        .iter()
        .filter(|key| key.tries_left == Some(0))
        .map(|key| key.id)
        .collect();
    assert_eq!(locked, [2]);
}

/// A card whose MAC2 is wrong.
struct FalseMac2<C>(C);

impl<C: Channel> Channel for FalseMac2<C> {
    reader::pass_on!(self => self.0; name reset_answer reset);

    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, TransportError> {
        let mut answer = self.0.transmit(command)?;
        // TAC 4 ‖ MAC2 4 ‖ status word: the answer of DEBIT, at once or by GET RESPONSE.
        if answer.len() == 10 && matches!(command[1], 0x2C | 0xC0) {
            answer[7] ^= 1;
        }
        Ok(answer)
    }
}

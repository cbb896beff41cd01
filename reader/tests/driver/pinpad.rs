//! PINs that are typed at the reader: the whole way of the functions that want one, through a reader with a keypad.

use crate::bench::PIN;
use crate::support::*;
use card_model::card::Interface;
use card_model::words::Lang;
use reader::channel::{Channel, TransportError};
use reader::driver::{self, Driver, KeypadChoice, Prompt, Settings, Slots, TerminalKeypad};
use reader::pinpad::{PadPrompt, SimulatedPinPad, Typing};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

const NEW: &str = "654321";
const PAY: &str = "0.10|0.20|20260401093000|";

/// The person at the reader.
#[derive(Clone, Default)]
struct Person {
    keys: Arc<Mutex<VecDeque<Typing>>>,
    asked: Arc<Mutex<Vec<PadPrompt>>>,
}

impl Person {
    fn types<const N: usize>(&self, digits: [&str; N]) {
        let typing = digits.map(|digits| Typing::Digits(digits.to_owned()));
        self.keys.lock().unwrap().extend(typing);
    }

    fn does(&self, typing: Typing) {
        self.keys.lock().unwrap().push_back(typing);
    }

    /// What was asked since the last time; everything that was to be typed was typed.
    fn asked(&self) -> Vec<PadPrompt> {
        assert!(
            self.keys.lock().unwrap().is_empty(),
            "more was to be typed than asked for"
        );
        std::mem::take(&mut *self.asked.lock().unwrap())
    }
}

/// What the reader can do.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reader {
    Both,
    VerifyOnly,
    None,
}

/// Slots whose reader has a keypad.
struct PadSlots {
    inner: MemorySlots,
    reader: Reader,
    person: Person,
}

impl Slots for PadSlots {
    fn card(&mut self, interface: Interface) -> Result<driver::Card, TransportError> {
        let card = self.inner.card(interface)?;
        let person = self.person.clone();
        let typing = move |prompt| {
            person.asked.lock().unwrap().push(prompt);
            person.keys.lock().unwrap().pop_front().expect("nobody was to be asked")
        };
        Ok(match self.reader {
            Reader::Both => Box::new(SimulatedPinPad::new(card, typing)),
            Reader::VerifyOnly => Box::new(SimulatedPinPad::without_modify(card, typing)),
            Reader::None => card,
        })
    }
    fn psam(&mut self) -> Result<driver::Card, TransportError> {
        self.inner.psam()
    }
}

/// The world's card in such a reader.
fn with_pad(world: &World, reader: Reader, settings: Settings) -> (Driver, Person) {
    let mut inner = MemorySlots {
        psam: world.psam.clone(),
        ..MemorySlots::default()
    };
    let slot = if world.i_type == 1 {
        &mut inner.contact
    } else {
        &mut inner.contactless
    };
    *slot = Some(Arc::clone(&world.card));
    let person = Person::default();
    let slots = PadSlots {
        inner,
        reader,
        person: person.clone(),
    };
    let settings = Settings {
        keypad: KeypadChoice::PinPad(None),
        ..settings
    };
    (Driver::with_slots(settings, Box::new(slots)), person)
}

#[test]
fn every_function_that_wants_the_pin() {
    for (name, interface) in kinds() {
        let world = World::new(name, interface, With::Psam);
        let (driver, person) = with_pad(&world, Reader::Both, Settings::default());
        let slot = world.i_type;
        person.types([PIN]);
        assert_eq!(driver.verify_pin(slot).expect(name), "");
        assert_eq!(person.asked(), [PadPrompt::Enter]);
        person.types([PIN, NEW, NEW]);
        assert_eq!(driver.change_pin(slot).expect(name), "");
        assert_eq!(person.asked(), [PadPrompt::Old, PadPrompt::New, PadPrompt::Again]);
        for left in [2, 1] {
            person.types([PIN]);
            let failure = driver.verify_pin(slot).expect_err("the old one");
            assert_eq!((failure.code.0, failure.tries_left), (-51, Some(left)), "{name}");
            world.assert_closed();
        }
        person.types([NEW]);
        driver.verify_pin(slot).expect(name);
        if name != "1.0" {
            person.types([NEW]);
            assert_eq!(items(&driver.do_debit(slot, &world.info, PAY).expect(name)).len(), 8);
            person.types([NEW]);
            assert_eq!(items(&driver.read_debit_record(slot).expect(name)).len(), 1);
            person.types([NEW]);
            let read = driver.read_card(slot, 1, &world.info, "DF01EF07|29|$");
            assert_eq!(read.expect(name), "DF01EF07||$");
        }
        for code in [-51, -51, -52] {
            person.types([PIN, NEW, NEW]);
            assert_eq!(world.code(driver.change_pin(slot)), code, "{name}");
        }
        person.asked();
        assert_eq!(world.code(driver.verify_pin(slot)), -52);
        assert!(person.asked().is_empty(), "nobody is asked for a blocked PIN");
    }
}

#[test]
fn what_the_person_does_instead() {
    let world = World::new("3.0", Interface::Contact, With::Hsm);
    let (driver, person) = with_pad(&world, Reader::Both, Settings::default());
    let verify = || world.code(driver.verify_pin(1));
    person.does(Typing::Cancel);
    assert_eq!(verify(), -31);
    person.does(Typing::Nothing);
    assert_eq!(verify(), -32);
    person.types(["12345"]);
    assert_eq!(verify(), -33);
    person.types([PIN, NEW, "654322"]);
    assert_eq!(world.code(driver.change_pin(1)), -34);
    person.types([PIN, NEW]);
    person.does(Typing::Cancel);
    assert_eq!(world.code(driver.change_pin(1)), -31);
    person.asked();
    person.types([PIN]);
    driver.verify_pin(1).expect("no try was spent");
}

#[test]
fn other_numbers_of_digits() {
    let world = World::new("3.0", Interface::Contact, With::Psam);
    let mut present = PIN.to_owned();
    for digits in [4, 5, 7, 12, 16] {
        let next: String = (0..digits).map(|n| char::from(b'0' + n % 10)).collect();
        world.keypad.typing([present.as_str(), next.as_str(), next.as_str()]);
        world.driver.change_pin(1).expect("at another keypad");
        let settings = Settings {
            pinpad_digits: digits,
            ..Settings::default()
        };
        let (driver, person) = with_pad(&world, Reader::Both, settings);
        person.types([next.as_str()]);
        driver
            .verify_pin(1)
            .unwrap_or_else(|failure| panic!("{digits}: {failure}"));
        let other: String = (0..digits).map(|n| char::from(b'9' - n % 10)).collect();
        person.types([next.as_str(), other.as_str(), other.as_str()]);
        driver
            .change_pin(1)
            .unwrap_or_else(|failure| panic!("{digits}: {failure}"));
        person.types([other.as_str()]);
        driver.verify_pin(1).expect("changed at the reader");
        world.keypad.typing([other.as_str()]);
        world.driver.verify_pin(1).expect("as any other keypad sends it");
        present = other;
    }
}

/// A card that has no PIN gets its first one.
#[test]
fn the_first_pin() {
    let world = World::new("3.0", Interface::Contact, With::Hsm);
    {
        let mut chip = world.card.chip.lock().unwrap();
        chip.reset().unwrap();
        let mut session = reader::session::Session::open(Box::new(&mut *chip)).unwrap();
        session
            .change_pin(Some(&crate::bench::pin(PIN)), None)
            .expect("no PIN any more");
    }
    let (driver, person) = with_pad(&world, Reader::Both, Settings::default());
    driver.verify_pin(1).expect("nobody is asked");
    assert!(person.asked().is_empty());
    person.types([NEW, NEW]);
    driver.change_pin(1).expect("set");
    assert_eq!(person.asked(), [PadPrompt::New, PadPrompt::Again]);
    person.types([NEW]);
    driver.verify_pin(1).expect("it has one now");
}

/// What the reader cannot do, another keypad does; without one the call fails and says why.
#[test]
fn what_is_left_for_another_keypad() {
    let world = World::new("3.0", Interface::Contact, With::Psam);
    for (reader, at_reader) in [(Reader::None, false), (Reader::VerifyOnly, true), (Reader::Both, true)] {
        let (driver, person) = with_pad(&world, reader, Settings::default());
        let alone = |outcome| {
            let failure: driver::Failure = Result::<String, _>::expect_err(outcome, "there is no other keypad");
            assert!(failure.text(Lang::Zh).contains("密码键盘"), "{failure}");
            world.assert_closed();
            failure.code.0
        };
        // A new PIN that a PSAM encrypts cannot come from the reader.
        assert_eq!(alone(driver.reload_pin(1, &world.info)), -13);
        if at_reader {
            person.types([PIN]);
            driver.verify_pin(1).expect("at the reader");
        } else {
            assert_eq!(alone(driver.verify_pin(1)), -13);
        }
        if reader != Reader::Both {
            assert_eq!(alone(driver.change_pin(1)), -13);
        }
        let driver = driver.with_keypad(Box::new(world.keypad.clone()));
        world.keypad.typing([PIN, PIN]);
        driver.reload_pin(1, &world.info).expect("at the other keypad");
        assert_eq!(world.keypad.asked(), [Prompt::New, Prompt::Again]);
        if reader != Reader::Both {
            world.keypad.typing([PIN, PIN, PIN]);
            driver.change_pin(1).expect("at the other keypad");
            assert_eq!(world.keypad.asked(), [Prompt::Old, Prompt::New, Prompt::Again]);
        }
    }
}

/// The log tells of the reader's keypad, and holds no digit that was typed there.
#[test]
fn the_log_holds_no_pin() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let world = World::new("3.0", Interface::Contact, With::Hsm);
    let settings = Settings {
        log: Some(log.clone()),
        unmasked: true,
        ..Settings::default()
    };
    let (driver, person) = with_pad(&world, Reader::Both, settings);
    person.types([PIN, NEW, NEW]);
    driver.change_pin(1).expect("changed");
    let text = std::fs::read_to_string(log).unwrap();
    assert!(
        text.contains("# control 42330007") && text.contains("-> 9000"),
        "{text}"
    );
    assert!(!text.contains(PIN) && !text.contains(NEW), "{text}");
}

/// The prompt of a terminal window at which nobody types: −32 within the time of the settings, and the card is closed.
#[cfg(target_os = "linux")]
#[test]
fn a_terminal_at_which_nobody_types() {
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
    use std::io::{Read, Write};
    let other_end = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&other_end).unwrap();
    unlockpt(&other_end).unwrap();
    let path = ptsname(&other_end, Vec::new()).unwrap().into_string().unwrap();
    let mut other_end = std::fs::File::from(other_end);
    let _held_open = std::fs::File::open(&path).unwrap();
    let world = World::new("3.0", Interface::Contact, With::Psam);
    let at = |millis| Box::new(TerminalKeypad::at(&path, Duration::from_millis(millis)));
    world.driver.set_keypad(at(150));
    let begin = std::time::Instant::now();
    assert_eq!(world.code(world.driver.verify_pin(1)), -32);
    assert_eq!(world.code(world.driver.change_pin(1)), -32);
    assert_eq!(world.code(world.driver.reload_pin(1, &world.info)), -32);
    assert_eq!(world.code(world.driver.do_debit(1, &world.info, PAY)), -32);
    assert!(begin.elapsed() < Duration::from_secs(5));
    // Somebody types now, when asked.
    world.driver.set_keypad(at(20_000));
    let mut answer = |keys: &[u8]| {
        std::thread::scope(|scope| {
            let asking = scope.spawn(|| world.driver.verify_pin(1));
            let mut shown = Vec::new();
            let mut buffer = [0; 256];
            // What the time-outs left on the screen comes first.
            while !String::from_utf8_lossy(&shown).ends_with("请输入密码：") || asking.is_finished() {
                let count = other_end.read(&mut buffer).unwrap();
                shown.extend(&buffer[..count]);
            }
            std::thread::sleep(Duration::from_millis(20));
            other_end.write_all(keys).unwrap();
            asking.join().unwrap().map_err(|failure| failure.code.0)
        })
    };
    assert_eq!(answer(b"123456\r"), Ok(String::new()));
    assert_eq!(answer(b"\x1b"), Err(-31));
    assert_eq!(answer(b"111111\r"), Err(-51));
}

//! Calls from many threads, and cards that were left open.

use crate::bench::PIN;
use crate::support::*;
use card_model::card::Interface;
use reader::driver::{Driver, Settings};
use std::sync::Arc;
use std::time::{Duration, Instant};

#[test]
fn eight_threads() {
    let world = World::new("3.0", Interface::Contact, With::Psam);
    let by_psam = world.driver.read_card_bas(1).expect("read");
    let by_hsm = {
        let first = world.driver.read_card_bas_hsm_step1(1).expect("open");
        let answer = world.hsm().answer(&format!("01|{first}")).expect("an answer");
        world.driver.read_card_bas_hsm_step2(&answer).expect("read")
    };
    std::thread::scope(|scope| {
        for number in 0..8 {
            let (world, by_psam, by_hsm) = (&world, &by_psam, &by_hsm);
            scope.spawn(move || {
                for _ in 0..5 {
                    if number % 2 == 0 {
                        assert_eq!(&world.driver.read_card_bas(1).expect("read"), by_psam);
                    } else {
                        // Between its steps the card belongs to this thread.
                        let first = world.driver.read_card_bas_hsm_step1(1).expect("open");
                        let answer = world.hsm().answer(&format!("01|{first}")).expect("an answer");
                        assert_eq!(&world.driver.read_card_bas_hsm_step2(&answer).expect("read"), by_hsm);
                    }
                }
            });
        }
    });
    world.assert_closed();
}

fn impatient(world: &World, timeout: Duration) -> Driver {
    let slots = MemorySlots {
        contact: Some(Arc::clone(&world.card)),
        ..MemorySlots::default()
    };
    let settings = Settings {
        step_timeout: timeout,
        ..Settings::default()
    };
    Driver::with_slots(settings, Box::new(slots)).with_keypad(Box::new(world.keypad.clone()))
}

#[test]
fn a_card_left_open_is_closed() {
    let world = World::new("3.0", Interface::Contact, With::Hsm);
    let driver = impatient(&world, Duration::from_secs(1));
    let first = driver.read_card_bas_hsm_step1(1).expect("open");
    world.assert_open();
    let begin = Instant::now();
    while world.card.open.load(std::sync::atomic::Ordering::SeqCst) > 0 {
        assert!(begin.elapsed() < Duration::from_secs(5), "nobody closes the card");
        std::thread::sleep(Duration::from_millis(10));
    }
    let answer = world.hsm().answer(&format!("01|{first}")).expect("an answer");
    assert_eq!(world.code(driver.read_card_bas_hsm_step2(&answer)), -12, "too late");
    driver.read_card_bas_hsm_step1(1).expect("open again");
    drop(driver);
    world.assert_closed();
}

#[test]
fn a_thread_that_went_away_does_not_block_the_next() {
    let world = World::new("3.0", Interface::Contact, With::Hsm);
    let driver = impatient(&world, Duration::from_secs(1));
    std::thread::scope(|scope| {
        scope
            .spawn(|| driver.read_card_bas_hsm_step1(1).expect("open"))
            .join()
            .expect("ended");
    });
    world.assert_open();
    let begin = Instant::now();
    world.keypad.typing([PIN]);
    driver.verify_pin(1).expect("after the other's time");
    assert!(begin.elapsed() < Duration::from_secs(5));
    world.assert_closed();
}

/// The same thread that begins something else has given up the open card; so has one that says so.
#[test]
fn giving_up() {
    let world = World::new("3.0", Interface::Contact, With::Hsm);
    let driver = impatient(&world, Duration::from_secs(60));
    let first = driver.read_card_bas_hsm_step1(1).expect("open");
    world.keypad.typing([PIN]);
    driver.verify_pin(1).expect("at once");
    let answer = world.hsm().answer(&format!("01|{first}")).expect("an answer");
    assert_eq!(world.code(driver.read_card_bas_hsm_step2(&answer)), -12);
    driver.read_card_bas_hsm_step1(1).expect("open");
    driver.close();
    world.assert_closed();
}

/// Another thread may take the second step: services have pools of threads.
#[test]
fn steps_in_different_threads() {
    let world = World::new("3.0", Interface::Contact, With::Hsm);
    let first = world.driver.read_card_bas_hsm_step1(1).expect("open");
    let answer = world.hsm().answer(&format!("01|{first}")).expect("an answer");
    let text = std::thread::scope(|scope| {
        let second = scope.spawn(|| world.driver.read_card_bas_hsm_step2(&answer));
        second.join().expect("ended").expect("read")
    });
    assert_eq!(items(&text).len(), 11);
}

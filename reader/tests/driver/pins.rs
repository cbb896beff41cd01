//! The PIN functions: prompts, tries, reload and unblocking with a PSAM and in three steps with an HSM.

use crate::bench::PIN;
use crate::support::*;
use card_model::card::Interface;
use reader::driver::{KeypadError, Prompt};

const NEW: &str = "654321";

#[test]
fn verify() {
    for (name, interface) in kinds() {
        let world = World::new(name, interface, With::Hsm);
        let verify = || world.driver.verify_pin(world.i_type);
        world.keypad.typing([PIN]);
        assert_eq!(verify().expect(name), "");
        world.assert_closed();
        for left in [2, 1] {
            world.keypad.typing(["0000"]);
            let failure = verify().expect_err("wrong");
            assert_eq!((failure.code.0, failure.tries_left), (-51, Some(left)));
            let text = failure.text(card_model::words::Lang::Zh);
            assert!(text.contains(&format!("剩余{left}次")), "{text}");
        }
        world.keypad.typing(["0000"]);
        assert_eq!(world.code(verify()), -52);
        assert_eq!(world.keypad.asked().len(), 4);
        assert_eq!(world.code(verify()), -52, "nobody is asked for a blocked PIN");
        assert!(world.keypad.asked().is_empty());
    }
}

#[test]
fn what_is_typed_is_looked_at() {
    let world = World::new("3.0", Interface::Contact, With::Psam);
    for (typed, code) in [("123", -33), ("12345678901234567", -33), ("12345a", -41)] {
        world.keypad.typing([typed]);
        assert_eq!(world.code(world.driver.verify_pin(1)), code);
    }
    for (error, code) in [(KeypadError::Cancelled, -31), (KeypadError::Timeout, -32)] {
        world.keypad.failing(error);
        assert_eq!(world.code(world.driver.verify_pin(1)), code);
    }
    world.keypad.typing([PIN, NEW, "654322"]);
    assert_eq!(world.code(world.driver.change_pin(1)), -34);
    world.keypad.typing([NEW, "6543210"]);
    assert_eq!(world.code(world.driver.reload_pin(1, &world.info)), -34);
    world.keypad.asked();
    world.keypad.typing([PIN]);
    world.driver.verify_pin(1).expect("no try was spent");
}

#[test]
fn change() {
    for (name, interface) in kinds() {
        let world = World::new(name, interface, With::Hsm);
        world.keypad.typing(["111111", NEW, NEW]);
        assert_eq!(
            world.driver.change_pin(world.i_type).expect_err("wrong").tries_left,
            Some(2)
        );
        world.keypad.asked();
        world.keypad.typing([PIN, NEW, NEW]);
        assert_eq!(world.driver.change_pin(world.i_type).expect(name), "");
        assert_eq!(world.keypad.asked(), [Prompt::Old, Prompt::New, Prompt::Again]);
        world.keypad.typing([NEW]);
        world.driver.verify_pin(world.i_type).expect("changed");
    }
}

fn block(world: &World) {
    for _ in 0..3 {
        world.keypad.typing(["0000"]);
        let _ = world.driver.verify_pin(world.i_type);
    }
    assert_eq!(world.code(world.driver.verify_pin(world.i_type)), -52);
    world.keypad.asked();
}

#[test]
fn reload_and_unblock_with_a_psam() {
    for (name, interface) in kinds() {
        let world = World::new(name, interface, With::Psam);
        block(&world);
        assert_eq!(world.driver.unblock_pin(world.i_type, &world.info).expect(name), "");
        assert!(world.keypad.asked().is_empty());
        world.keypad.typing([PIN]);
        world.driver.verify_pin(world.i_type).expect("the PIN stayed");
        block(&world);
        world.keypad.asked();
        world.keypad.typing([NEW, NEW]);
        assert_eq!(world.driver.reload_pin(world.i_type, &world.info).expect(name), "");
        assert_eq!(world.keypad.asked(), [Prompt::New, Prompt::Again]);
        world.keypad.typing([NEW]);
        world.driver.verify_pin(world.i_type).expect("a new PIN");
        world.assert_closed();
    }
}

#[test]
fn reload_and_unblock_in_three_steps() {
    for (name, interface) in kinds() {
        let world = World::new(name, interface, With::Hsm);
        let sm4 = name == "3.0";
        let algorithm = if sm4 { "03" } else { "01" };
        block(&world);
        let ask = |kind: &str, items: &str| {
            world
                .hsm()
                .answer(&format!("{kind}|{}|{items}", world.area()))
                .expect("an answer")
        };

        let driver = &world.driver;
        let first = driver.unblock_pin_hsm_step1(world.i_type, &world.info).expect(name);
        assert_eq!(items(&first)[..2], [algorithm, "0090"]);
        let second = driver.unblock_pin_hsm_step2(&ask("02", &first)).expect(name);
        let parts = items(&second);
        assert_eq!(
            [parts[0], parts[1], parts[3], parts[4]],
            [algorithm, "0173", "8424000004", ""]
        );
        let message = ask("03", &second);
        assert_eq!(message.len(), 18);
        assert_eq!(driver.unblock_pin_hsm_step3(&message).expect(name), "");
        world.assert_closed();

        let first = driver.reload_pin_hsm_step1(world.i_type, &world.info).expect(name);
        world.keypad.typing([NEW, NEW]);
        let second = driver.reload_pin_hsm_step2(&ask("02", &first)).expect(name);
        assert_eq!(world.keypad.asked(), [Prompt::New, Prompt::Again]);
        let header = if sm4 { "8424000114" } else { "842400010C" };
        let parts = items(&second);
        assert_eq!(
            [parts[0], parts[1], parts[3], parts[4]],
            [algorithm, "0173", header, NEW]
        );
        let message = ask("03", &second);
        assert_eq!(message.len(), if sm4 { 50 } else { 34 });
        assert_eq!(driver.reload_pin_hsm_step3(&message).expect(name), "");
        world.keypad.typing([NEW]);
        driver.verify_pin(world.i_type).expect("a new PIN");

        world.keypad.typing([PIN, PIN]);
        driver
            .reload_pin_hsm(world.i_type, &world.info)
            .expect("by the service");
        driver
            .unblock_pin_hsm(world.i_type, &world.info)
            .expect("by the service");
        world.keypad.typing([PIN]);
        driver.verify_pin(world.i_type).expect("the old PIN again");
    }
}

#[test]
fn wrong_messages_of_an_hsm() {
    let world = World::new("3.0", Interface::Contact, With::Hsm);
    let driver = &world.driver;
    let ask = |kind: &str, items: &str| {
        world
            .hsm()
            .answer(&format!("{kind}|{}|{items}", world.area()))
            .expect("an answer")
    };
    let second = || {
        let first = driver.unblock_pin_hsm_step1(1, &world.info).expect("open");
        driver.unblock_pin_hsm_step2(&ask("02", &first)).expect("authenticated")
    };
    second();
    assert_eq!(world.code(driver.unblock_pin_hsm_step3("8424000004")), -42);
    second();
    assert_eq!(world.code(driver.unblock_pin_hsm_step3("842400000x00000000")), -41);
    second();
    assert_eq!(
        world.code(driver.unblock_pin_hsm_step3("842400010400000000")),
        -23,
        "another command"
    );
    second();
    assert_eq!(
        world.code(driver.unblock_pin_hsm_step3("842400000400000000")),
        -27016,
        "a false MAC"
    );
    let step = driver.reload_pin_hsm_step1(1, &world.info).expect("open");
    assert_eq!(
        world.code(driver.unblock_pin_hsm_step2(&ask("02", &step))),
        -12,
        "the step of another function"
    );
}

#[test]
fn puk_refused() {
    let world = World::new("3.0", Interface::Contact, With::Hsm);
    let driver = &world.driver;
    let step = driver.reload_pin_hsm_step1(1, &world.info).expect("open");
    let other = format!("{}{}", "00".repeat(8), items(&step)[3]);
    assert_eq!(world.code(driver.reload_pin_hsm_step2(&other)), -25538, "PUK refused");
    driver.reload_pin_hsm_step1(1, &world.info).expect("open");
    assert_eq!(
        world.code(driver.reload_pin_hsm_step2(&"00".repeat(16))),
        -23,
        "other original data"
    );
}

/// PIN functions need no PSAM unless they set or unblock.
#[test]
fn without_a_psam() {
    let world = World::new("3.0", Interface::Contact, With::Hsm);
    assert_eq!(
        world.code(world.driver.reload_pin(1, &world.info)),
        -2201,
        "nobody is asked"
    );
    assert_eq!(world.code(world.driver.unblock_pin(1, &world.info)), -2201);
}

//! Settlements with a PSAM and with an HSM, and the log that remains.

use crate::bench::PIN;
use crate::support::*;
use card_model::card::Interface;
use reader::driver::Prompt;

const PAY: &str = "0.10|0.20|20260401093000|";

fn cards() -> Vec<(&'static str, Interface)> {
    kinds().into_iter().filter(|(name, _)| *name != "1.0").collect()
}

#[test]
fn debit_with_a_psam() {
    for (name, interface) in cards() {
        let world = World::new(name, interface, With::Psam);
        world.keypad.typing([PIN]);
        let text = world.driver.do_debit(world.i_type, &world.info, PAY).expect(name);
        assert_eq!(world.keypad.asked(), [Prompt::Enter]);
        world.assert_closed();
        let parts = items(&text);
        assert_eq!(parts.len(), 8, "{text}");
        let algorithm = if name == "3.0" { "03" } else { "01" };
        assert_eq!(
            parts[..5],
            [algorithm, "017F", "0000000A00000014", "32", "000000123456"]
        );
        assert_eq!((parts[5].len(), parts[6], parts[7].len()), (8, "20260401093000", 8));
        world.keypad.typing([PIN]);
        let log = world.driver.read_debit_record(world.i_type).expect(name);
        assert_eq!(log, "0000^000000123456^20260401093000^0.10^0.20^|");
        world.keypad.typing([PIN]);
        world
            .driver
            .do_debit(world.i_type, &world.info, "1.00|0.00|20260402000000|")
            .expect(name);
        world.keypad.typing([PIN]);
        let log = world.driver.read_debit_record(world.i_type).expect(name);
        assert_eq!(
            log, "0001^000000123456^20260402000000^1.00^0.00^|0000^000000123456^20260401093000^0.10^0.20^|",
            "newest first"
        );
    }
}

#[test]
fn debit_with_an_hsm() {
    for (name, interface) in cards() {
        let world = World::new(name, interface, With::Hsm);
        world.keypad.typing([PIN]);
        let first = world
            .driver
            .do_debit_hsm_step1(world.i_type, &world.info, PAY)
            .expect(name);
        world.assert_open();
        let parts = items(&first);
        assert_eq!(parts.len(), 8, "{first}");
        let algorithm = if name == "3.0" { "03" } else { "01" };
        assert_eq!(
            (parts[0], parts[1], parts[2].len(), parts[3]),
            (algorithm, "017F", 8, "0000")
        );
        assert_eq!(parts[4..], ["0000000A00000014", "32", "000000000000", "20260401093000"]);
        let request = format!("04|{}|0000{}|{first}", world.area(), parts[3]);
        let answer = world.hsm().answer(&request).expect("an answer");
        let answer = items(&answer);
        assert_eq!(answer[..2], ["00000000", "20260401093000"]);
        let key = format!("{}|{}|{}|", answer[0], answer[1], answer[2]);
        let second = world.driver.do_debit_hsm_step2(&key).expect(name);
        world.assert_closed();
        let parts = items(&second);
        assert_eq!(parts.len(), 9);
        assert_eq!(
            (parts[0], parts[8]),
            (answer[3], answer[4]),
            "MAC2 and TAC are those of the HSM"
        );
        assert_eq!(
            parts[1..8],
            [
                algorithm,
                "017F",
                "0000000A00000014",
                "32",
                "000000000000",
                "00000000",
                "20260401093000"
            ]
        );
        world.keypad.typing([PIN]);
        let whole = world
            .driver
            .do_debit_hsm(world.i_type, &world.info, PAY)
            .expect("by the service");
        assert_eq!(
            world.keypad.asked(),
            [Prompt::Enter, Prompt::Enter],
            "once in each settlement"
        );
        let parts = items(&whole);
        assert_eq!(
            parts[..6],
            [algorithm, "017F", "0000000A00000014", "32", "000000000000", "00000001"]
        );
    }
}

#[test]
fn a_false_mac1_moves_nothing() {
    let world = World::new("3.0", Interface::Contact, With::Hsm);
    world.keypad.typing([PIN]);
    world.driver.do_debit_hsm_step1(1, &world.info, PAY).expect("open");
    let code = world.code(world.driver.do_debit_hsm_step2("00000000|20260401093000|00000000|"));
    assert_eq!(code, -37634);
    world.keypad.typing([PIN]);
    assert_eq!(world.driver.read_debit_record(1).expect("empty"), "");
}

#[test]
fn what_is_refused() {
    let world = World::new("3.0", Interface::Contact, With::Psam);
    let debit = |pay: &str| world.code(world.driver.do_debit(1, &world.info, pay));
    assert_eq!(debit("0.123|0.00|20260401093000|"), -42);
    assert_eq!(debit("0.1a|0.00|20260401093000|"), -41);
    assert_eq!(debit("0.10|0.00|20261301093000|"), -41);
    assert_eq!(debit("0.10|"), -23);
    world.keypad.typing(["0000"]);
    assert_eq!(debit(PAY), -51);
    world.keypad.typing(["0000"]);
    assert_eq!(world.code(world.driver.read_debit_record(1)), -51);
    world.keypad.typing([PIN]);
    world
        .driver
        .do_debit(1, &world.info, "42949672.94|0.00|20260401093000|")
        .expect("the largest amount");
    let without = PsamSample {
        without: &["DPK"],
        ..PsamSample::default()
    };
    let world = World::of(
        &Sample::of("3.0"),
        Interface::Contact,
        Some(&without),
        Default::default(),
    );
    assert_eq!(world.code(world.driver.do_debit(1, &world.info, PAY)), -37891);
}

/// The log keeps thirty records; the oldest makes room.
#[test]
fn the_log_turns_over() {
    let world = World::new("3.0", Interface::Contact, With::Psam);
    for n in 1..=31 {
        world.keypad.typing([PIN]);
        let pay = format!("0.{n:02}|0.00|20260401093000|");
        world.driver.do_debit(1, &world.info, &pay).expect("settled");
    }
    world.keypad.typing([PIN]);
    let log = world.driver.read_debit_record(1).expect("read");
    let records: Vec<&str> = items(&log);
    assert_eq!(records.len(), 30);
    assert!(
        records[0].starts_with("001E^") && records[29].starts_with("0001^"),
        "{log}"
    );
}

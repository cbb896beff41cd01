//! Arbitrary strings in every parameter: an error code or a right answer, never a panic, and the card is closed.

use crate::support::*;
use card_model::card::Interface;
use proptest::prelude::*;
use std::sync::LazyLock;

/// Each test has a card of its own.
static WORLDS: [LazyLock<World>; 2] = [const { LazyLock::new(world) }; 2];

fn world() -> World {
    World::new("3.0", Interface::Contact, With::Psam)
}

/// Strings that are nearly right.
fn nearly() -> impl Strategy<Value = String> {
    prop_oneof![
        "\\PC{0,40}",
        "[DSFE0-9A-F|$:^.]{0,60}",
        "(DF0[0-9]|SSSE|MF)EF[0-9A-F]{2}(\\|[0-9A-F]{2}(:[0-9])?){0,4}\\|?\\$?",
        "([0-9A-F]{16}|[0-9A-F]{32})(\\|[0-9A-F]{32})?\\|?",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn any_string_in_any_place(a in nearly(), b in nearly(), c in nearly(), real in any::<bool>(), auth in -1i32..4) {
        let world = &*WORLDS[0];
        let driver = &world.driver;
        let info = if real { world.info.as_str() } else { &a };
        let outcomes = [
            // With a PIN nobody is asked: iAuthType 1 is left to the other tests.
            driver.read_card(1, if auth == 1 { 2 } else { auth }, info, if b.contains("DF04") { "" } else { &b }),
            driver.write_card(1, info, &b, &c),
            driver.write_card(1, info, &b, &b),
            driver.do_debit(1, &a, &b),
            driver.unblock_pin(1, &a),
            driver.reload_pin(1, &a),
            driver.read_card_hsm_step2(&a),
            driver.write_card_hsm_step2(&a, &b),
            driver.do_debit_hsm_step2(&a),
            driver.read_card_bas_hsm_step2(&a),
            driver.reload_pin_hsm_step3(&a),
        ];
        for outcome in outcomes {
            if let Err(failure) = outcome {
                prop_assert!(failure.code.0 < 0);
                let text = failure.text(card_model::words::Lang::En);
                prop_assert!(!text.contains(['|', '$', '^']), "{}", text);
            }
        }
        world.assert_closed();
    }

    #[test]
    fn any_string_in_a_second_step(key in nearly(), data in nearly()) {
        let world = &*WORLDS[1];
        world.driver.write_card_hsm_step1(1, &world.info, "DF01EF07|29|$").expect("open");
        prop_assert!(world.driver.write_card_hsm_step2(&key, &data).is_err());
        world.assert_closed();
        world.driver.reload_pin_hsm_step1(1, &world.info).expect("open");
        prop_assert!(world.driver.reload_pin_hsm_step2(&key).is_err());
        world.assert_closed();
    }
}

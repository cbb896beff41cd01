//! PSAMs that hold version 2 or 3 of the keys, or another purchase key than the first.

use crate::bench::PIN;
use crate::support::*;
use card_model::card::Interface;
use reader::driver::Settings;

const PAY: &str = "0.10|0.20|20260401093000|";

fn world(name: &'static str, psam: &PsamSample, settings: Settings) -> World {
    World::of(&Sample::of(name), Interface::Contact, Some(psam), settings)
}

/// The PSAM names its purchase key; the addresses are those of the table, 017F, 0199 and 019C.
#[test]
fn the_purchase_key_of_the_psam() {
    for name in ["3.0", "2.0"] {
        for (purchase_key, address) in [(1, "017F"), (2, "0199"), (3, "019C")] {
            let psam = PsamSample {
                purchase_key,
                ..PsamSample::default()
            };
            let world = world(name, &psam, Settings::default());
            world.keypad.typing([PIN]);
            let text = world.driver.do_debit(1, &world.info, PAY);
            let text = text.unwrap_or_else(|failure| panic!("{name} key {purchase_key}: {failure}"));
            assert_eq!(items(&text)[1], address, "{name} key {purchase_key}");
        }
    }
}

/// With an HSM the settings name it.
#[test]
fn the_purchase_key_of_the_settings() {
    for (purchase_key, address) in [(1, "017F"), (2, "0199"), (3, "019C")] {
        let settings = Settings {
            purchase_key,
            ..Settings::default()
        };
        let world = World::of(&Sample::of("3.0"), Interface::Contact, None, settings);
        world.keypad.typing([PIN]);
        let text = world.driver.do_debit_hsm(1, &world.info, PAY).expect("settled");
        assert_eq!(items(&text)[1], address);
    }
}

/// All other keys in version 2 or 3.
#[test]
fn the_key_version_of_the_psam() {
    for name in ["3.0", "2.0"] {
        for version in 1..=3 {
            let psam = PsamSample {
                version,
                ..PsamSample::default()
            };
            let world = world(name, &psam, Settings::default());
            let told = |outcome: Result<String, _>| {
                outcome.unwrap_or_else(|failure: reader::driver::Failure| panic!("{name} version {version}: {failure}"))
            };
            told(world.driver.read_card_bas(1));
            told(world.driver.write_card(1, &world.info, "DF01EF07|29|$", "DF01EF07|2|$"));
            assert_eq!(
                told(world.driver.read_card(1, 2, &world.info, "DF01EF07|29|$")),
                "DF01EF07|2|$"
            );
            told(world.driver.unblock_pin(1, &world.info));
            world.keypad.typing([PIN, PIN]);
            told(world.driver.reload_pin(1, &world.info));
            world.keypad.typing([PIN]);
            told(world.driver.do_debit(1, &world.info, PAY));
        }
    }
}

/// With an HSM the settings say which version; its addresses follow one after the other.
#[test]
fn the_key_version_of_the_settings() {
    for (key_version, address) in [(1, "009A"), (2, "009B"), (3, "009C")] {
        let settings = Settings {
            key_version,
            ..Settings::default()
        };
        let world = World::of(&Sample::of("3.0"), Interface::Contact, None, settings);
        let first = world
            .driver
            .write_card_hsm_step1(1, &world.info, "DF01EF07|29|$")
            .expect("open");
        assert_eq!(items(&first)[1], address);
        world.driver.close();
        world.driver.read_card_bas_hsm(1).expect("read");
        world
            .driver
            .write_card_hsm(1, &world.info, "DF01EF07|29|$", "DF01EF07|2|$")
            .expect("written");
    }
}

//! Reads a card with the standard interface from Rust: basic items with the PSAM, or with the central HSM where the PSAM cannot;
//! then a file.
//!
//!     cargo run -p ssc-driver --example standard_interface
//!
//! Readers, PSAM and HSM are those of /etc/ssc/driver.toml. The crate is `ssc-reader`; no C library is needed.

use reader::driver::{Driver, Failure, Settings};

/// iType: the card with contacts, else the one without.
const CONTACT_FIRST: i32 = 3;
/// iAuthType, where a file may be read with either: the key, so that nobody has to type a PIN.
const WITH_KEY: i32 = 2;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let driver = Driver::new(Settings::load()?);
    if let Err(failure) = read(&driver) {
        eprintln!("{} {}", failure.code, failure.text(driver.lang()));
        std::process::exit(1);
    }
    Ok(())
}

fn read(driver: &Driver) -> Result<(), Failure> {
    // The functions `…_hsm` go to the HSM by themselves where the PSAM says one of the five codes that mean so.
    let basics = driver.read_card_bas_hsm(CONTACT_FIRST)?;
    let items: Vec<&str> = basics.split('|').collect();
    let [_, _, number, card_id, name, ..] = items[..] else {
        unreachable!("eleven items")
    };
    println!("name {name}");
    // pCardInfo: the driver compares it, so that nobody reads another card than the one that was shown.
    let card = format!("{card_id}|{number}|");
    println!(
        "file {}",
        driver.read_card_hsm(CONTACT_FIRST, WITH_KEY, &card, "DF01EF07|29|$")?
    );
    Ok(())
}

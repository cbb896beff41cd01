//! Reads a card with the keys of a PSAM: what is free, what a key opens, and what the card refuses, with the reason.
//!
//!     cargo run --example read_card -- [READER [PSAM]]
//!
//! READER and PSAM are parts of PC/SC readers' names, or `sim:FILE`. Without a PSAM only the free files are read. A PIN is
//! taken from `SSC_PIN`.

use reader::error::ReaderError;
use reader::{Explain, Lang, Pin, Terminal};

const FILES: [&str; 4] = ["SSSE/EF05/07", "SSSE/EF06/08", "SSSE/EF06/09", "DF01/EF07"];

fn main() {
    let mut arguments = std::env::args().skip(1);
    if let Err(error) = read(arguments.next(), arguments.next()) {
        let words = error.explain(Lang::En);
        let lines = [Some(words.what), words.why, words.next];
        lines.into_iter().flatten().for_each(|line| eprintln!("{line}"));
        std::process::exit(1);
    }
}

fn read(reader: Option<String>, psam: Option<String>) -> Result<(), ReaderError> {
    let mut terminal = reader.map_or_else(Terminal::new, Terminal::at);
    if let Some(slot) = &psam {
        terminal = terminal.with_psam(slot)?;
    }
    if let Some(pin) = std::env::var("SSC_PIN")
        .ok()
        .and_then(|digits| Pin::from_digits(&digits).ok())
    {
        terminal = terminal.with_pins(pin);
    }
    let mut session = terminal.session()?;
    println!("generation {}", session.profile().name);
    if psam.is_some() {
        println!("genuine: {}", session.internal_authentication()?);
    }
    for file in session.read(&FILES)? {
        for element in &file.elements {
            println!(
                "{} {}: {}",
                file.path,
                element.name(Lang::En),
                element.value.text(Lang::En)
            );
        }
        if let Some(error) = &file.error {
            println!("{}: {}", file.path, error.explain(Lang::En).why.unwrap_or_default());
        }
    }
    Ok(())
}

//! Time per APDU through pcscd and the virtual reader (`cargo bench -p ssc-reader --bench pcsc`), beside the same card in
//! this process. The card is a blank one: it answers GET CHALLENGE, SELECT and GET CARD
//! DATA, commands of the lengths that reading a card has. The target is a median under 100 µs.

#![allow(missing_docs, clippy::expect_used, clippy::panic)]

#[cfg(all(feature = "pcsc", target_os = "linux"))]
#[allow(dead_code, reason = "made for the tests, of which this one uses a part")]
#[path = "../tests/common/mod.rs"]
mod common;

#[cfg(all(feature = "pcsc", target_os = "linux"))]
fn main() {
    measured::main();
}

#[cfg(not(all(feature = "pcsc", target_os = "linux")))]
fn main() {
    println!("pcscd and the virtual reader are measured on Linux with the feature pcsc");
}

#[cfg(all(feature = "pcsc", target_os = "linux"))]
mod measured {
    use super::common::{blank_card, connect, daemon, insert};
    use card_model::card::Interface;
    use reader::channel::{Channel, daemon as private};
    use std::time::{Duration, Instant};

    const ROUNDS: usize = 10_000;
    const WARM_UP: usize = 500;

    const COMMANDS: [(&str, &[u8]); 3] = [
        ("GET CHALLENGE 8", &[0x00, 0x84, 0x00, 0x00, 0x08]),
        ("SELECT MF", &[0x00, 0xA4, 0x00, 0x00, 0x02, 0x3F, 0x00]),
        ("GET CARD DATA", &[0x80, 0xCA, 0x00, 0x00, 0x00]),
    ];

    pub fn main() {
        if !private::prepared() {
            let again = private::again(std::env::args().skip(1)).expect("this program again");
            let status = again.status().expect("this program again");
            std::process::exit(status.code().unwrap_or(1));
        }
        let daemon = daemon();
        let _card = insert(&daemon, 0, blank_card(Interface::Contactless));
        let mut through = connect(&daemon, 0);
        let mut direct = blank_card(Interface::Contactless);
        for (name, command) in COMMANDS {
            report(&format!("{name}, pcscd and virtual reader"), &mut through, command);
            report(&format!("{name}, in this process"), &mut direct, command);
        }
    }

    fn report(name: &str, channel: &mut impl Channel, command: &[u8]) {
        let mut times: Vec<Duration> = (0..WARM_UP + ROUNDS)
            .map(|_| {
                let start = Instant::now();
                let answer = channel.transmit(command).expect("an answer");
                let spent = start.elapsed();
                assert!(answer.ends_with(&[0x90, 0x00]), "{name}: {answer:02X?}");
                spent
            })
            .skip(WARM_UP)
            .collect();
        times.sort_unstable();
        let at = |part: f64| times[((times.len() - 1) as f64 * part) as usize].as_nanos() as f64 / 1000.0;
        let mean = times.iter().sum::<Duration>().as_secs_f64() / times.len() as f64;
        println!(
            "{name:<44} median {:>8.2} µs   p99 {:>8.2} µs   {:>9.0} APDU/s",
            at(0.5),
            at(0.99),
            1.0 / mean
        );
    }
}

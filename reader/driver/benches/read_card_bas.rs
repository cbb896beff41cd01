//! iReadCardBas through pcscd and two virtual readers, card and PSAM: how many commands, how long, and beside it the least that
//! the flow of the standard allows (`cargo bench -p ssc-driver --bench read_card_bas`).
//!
//! The least is counted from the flow of IF38 1.1.3 with the commands of STD-P5 and STD-P9, see [`least`]; its time is that
//! number of round trips, each measured with GET CHALLENGE to the same card, and the time in which the same card and PSAM are
//! connected and released without a command.

#![allow(missing_docs, clippy::expect_used, clippy::panic, clippy::unwrap_used)]

#[cfg(all(feature = "pcsc", target_os = "linux"))]
#[allow(dead_code, reason = "made for the tests, of which this one uses a part")]
#[path = "../../tests/session/bench.rs"]
mod bench;
#[cfg(all(feature = "pcsc", target_os = "linux"))]
#[allow(dead_code, reason = "made for the tests, of which this one uses a part")]
#[path = "../../tests/driver/support.rs"]
mod support;

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
    use super::bench;
    use super::support::{PsamSample, Sample};
    use card_model::card::Interface;
    use reader::channel::daemon::{self, PrivateDaemon};
    use reader::channel::vpcd::{self, ServeOptions};
    use reader::channel::{Channel, Counted, Counter, TransportError, pcsc};
    use reader::driver::{Card, Driver, Settings, Slots};
    use std::sync::atomic::AtomicBool;
    use std::time::{Duration, Instant};

    const ROUNDS: u32 = 200;
    const WARM_UP: u32 = 20;

    pub fn main() {
        if !daemon::prepared() {
            let again = daemon::again(std::env::args().skip(1)).expect("this program again");
            let status = again.status().expect("this program again");
            std::process::exit(status.code().unwrap_or(1));
        }
        println!(
            "{:<18}{:>22}{:>22}{:>12}{:>12}",
            "iReadCardBas", "commands (card+PSAM)", "least (card+PSAM)", "ms", "least ms"
        );
        for (name, interface) in [
            ("3.0", Interface::Contactless),
            ("3.0", Interface::Contact),
            ("2.0", Interface::Contact),
        ] {
            measure(name, interface);
        }
    }

    /// The slots of the settings, with their commands counted.
    struct Watched {
        inner: Box<dyn Slots>,
        card: Counter,
        psam: Counter,
    }

    impl Slots for Watched {
        fn card(&mut self, interface: Interface) -> Result<Card, TransportError> {
            Ok(Box::new(Counted::into(self.inner.card(interface)?, &self.card)))
        }

        fn psam(&mut self) -> Result<Card, TransportError> {
            Ok(Box::new(Counted::into(self.inner.psam()?, &self.psam)))
        }
    }

    /// The fewest commands to card and PSAM with which iReadCardBas can be done.
    ///
    /// Under T=0 a command that gives an answer to data is two: GET RESPONSE fetches it. The PSAM has contacts.
    fn least(name: &str, interface: Interface) -> (u64, u64) {
        let answer = 1 + u64::from(interface == Interface::Contact);
        let environment = answer; // SELECT SSSE, whose FCI names the cipher
        let issuer = 1; // all records of EF05 by its SFI: region for the diversification, items 1, 3, 4, 7, 8, 9
        let internal = 2 + answer; // two challenges, INTERNAL AUTHENTICATION
        let external = if name == "3.0" { 3 } else { 0 }; // two challenges, EXTERNAL AUTHENTICATION with RKSSSE
        let holder = 1; // all records of EF06 by its SFI: items 2 and 5
        let card = environment + issuer + internal + external + holder;
        let psam = 1 // SELECT the environment of the cipher, without its FCI
            + 1 // READ BINARY of 0016, the terminal number
            + 1 // SELECT DF01
            + 1 // READ BINARY of 001A, the version of its keys
            + u64::from(name == "3.0") // whether it has RKSSSE must be known before the card is judged: -2203 goes before -21
            + if name == "3.0" { 6 } else { 3 }; // for each key DELIVERY SESSION KEY, CIPHER DATA and its GET RESPONSE
        (card, psam)
    }

    fn measure(name: &'static str, interface: Interface) {
        let mut keys = bench::keys();
        let daemon = PrivateDaemon::start("SSC Bench").expect("pcscd and the virtual reader");
        let mut card = Sample::of(name).card(&mut keys);
        card.change_interface(interface).expect("an antenna");
        let options = ServeOptions { reconnect: true };
        let _card = vpcd::insert(card, &daemon.address(0), options).expect("a reader");
        let _psam = vpcd::insert(PsamSample::default().issue(&keys), &daemon.address(1), options).expect("a reader");
        for slot in [0, 1] {
            let patience = Some(Duration::from_secs(10));
            pcsc::wait_for_card(Some(&daemon.reader(slot)), patience, &AtomicBool::new(false)).expect("a card");
        }
        let settings = Settings {
            contact: Some(daemon.reader(0)),
            contactless: Some(daemon.reader(0)),
            psam: Some(daemon.reader(1)),
            ..Settings::default()
        };
        let slots = Watched {
            inner: settings.slots(),
            card: Counter::default(),
            psam: Counter::default(),
        };
        let (on_card, on_psam) = (slots.card.clone(), slots.psam.clone());
        let mut bare = settings.slots();
        let driver = Driver::with_slots(settings, Box::new(slots));
        let i_type = if interface == Interface::Contact { 1 } else { 2 };

        driver.read_card_bas(i_type).expect("the items");
        let counted = (on_card.figures().apdus, on_psam.figures().apdus);
        let whole = median(|| {
            driver.read_card_bas(i_type).expect("the items");
        });
        let opened = median(|| {
            drop((bare.card(interface).expect("a card"), bare.psam().expect("a PSAM")));
        });
        let mut card = bare.card(interface).expect("a card");
        let round_trip = median(|| {
            card.transmit(&[0x00, 0x84, 0x00, 0x00, 0x08]).expect("eight bytes");
        });
        let least = least(name, interface);
        let bound = opened + round_trip * u32::try_from(least.0 + least.1).expect("few");
        let ms = |time: Duration| format!("{:.2}", time.as_secs_f64() * 1000.0);
        println!(
            "{:<18}{:>22}{:>22}{:>12}{:>12}   of it {} ms connecting and releasing both; one round trip {:.0} µs",
            format!("{name} {interface:?}"),
            format!("{} + {}", counted.0, counted.1),
            format!("{} + {}", least.0, least.1),
            ms(whole),
            ms(bound),
            ms(opened),
            round_trip.as_secs_f64() * 1e6,
        );
    }

    fn median(mut work: impl FnMut()) -> Duration {
        let mut times: Vec<Duration> = (0..WARM_UP + ROUNDS)
            .map(|_| {
                let begin = Instant::now();
                work();
                begin.elapsed()
            })
            .skip(WARM_UP as usize)
            .collect();
        times.sort_unstable();
        times[times.len() / 2]
    }
}

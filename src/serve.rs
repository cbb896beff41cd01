//! `ssc card serve` and `ssc psam serve`: a simulated card or PSAM in the virtual reader of a running pcscd.

use crate::args::CardServe;
use crate::connect::Desk;
use crate::failure::Failure;
use crate::output::{Report, put};
use card_model::Chip;
use reader::channel::vpcd::{self, End, Event, ServeOptions};
use reader::channel::{Channel, ModelChannel, Reset, TransportError};
use rust_i18n::t;
use serde_json::json;
use signal_hook::consts::{SIGINT, SIGTERM};
use std::cell::RefCell;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How long a virtual reader that is just starting is waited for.
const STARTING: Duration = Duration::from_secs(10);
/// Pause between two tries to reach it.
const PAUSE: Duration = Duration::from_millis(200);

/// `ssc card serve`.
pub fn card(it: &CardServe, desk: &Desk) -> Result<Report, Failure> {
    let card = ModelChannel::open(&it.file, desk.interface()).map_err(|e| desk.transport(&e))?;
    run(card, &it.file, &it.vpcd, desk)
}

/// Serves until SIGTERM or Ctrl-C. After the daemon went away the card waits for it to come back.
pub fn run<M: Chip>(mut card: ModelChannel<M>, file: &Path, address: &str, desk: &Desk) -> Result<Report, Failure> {
    let locale = desk.output.lang.locale();

    let mut trace = Overheard::new(&card, desk);
    let stop = stop_flag(desk)?;
    let begin = Instant::now();
    let mut ready = false;
    let mut waiting = false;
    let outcome = loop {
        let served = vpcd::serve(
            &mut card,
            address,
            ServeOptions::default(),
            &stop,
            |event| match event {
                Event::Connected if !ready => {
                    ready = true;
                    announce(desk, file, address);
                }

                Event::Exchange { command, response } => trace.exchange(command, response),
                Event::PowerOn | Event::Reset => trace.reset(),
                _ => {}
            },
        );
        match served {
            Ok(End::Stopped) => break Ok(()),
            Ok(End::DaemonGone) => {}
            Err(TransportError::Socket { .. }) if ready || begin.elapsed() < STARTING => {}
            Err(error) => break Err(error),
        }
        if stop.load(Ordering::Relaxed) {
            break Ok(());
        }
        if !waiting {
            desk.output
                .talk(&t!("ssc.serve.waiting", locale = locale, address = address));
            waiting = true;
        }
        std::thread::sleep(PAUSE);
    };
    // Saves the card.
    drop(card);
    desk.output
        .talk(&t!("ssc.serve.out", locale = locale, file = file.display()));
    let failure = outcome.err().map(|e| desk.transport(&e));
    match failure {
        Some(failure) if !ready => Err(failure),
        // `ready` was the one thing to say on stdout.
        failure => Ok(Report::silent().with(failure)),
    }
}

/// A flag that SIGTERM and Ctrl-C set instead of ending the program.
pub fn stop_flag(desk: &Desk) -> Result<Arc<AtomicBool>, Failure> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGTERM, SIGINT] {
        signal_hook::flag::register(signal, Arc::clone(&stop)).map_err(|e| {
            Failure::input(t!("ssc.serve.signal", locale = desk.output.lang.locale())).because(e.to_string())
        })?;
    }
    Ok(stop)
}

fn announce(desk: &Desk, file: &Path, address: &str) {
    let line = if desk.output.json {
        json!({ "ready": true, "file": file.display().to_string(), "vpcd": address }).to_string()
    } else {
        "ready".into()
    };
    // Whoever closed stdout does not wait for this line.
    let _ = put(&line);
    desk.output.talk(&t!(
        "ssc.serve.serving",
        locale = desk.output.lang.locale(),
        file = file.display(),
        address = address
    ));
}

/// Writes what the reader and the card say to each other into the trace.
struct Overheard {
    channel: Box<dyn Channel>,
    answer: Rc<RefCell<Vec<u8>>>,
}

impl Overheard {
    fn new(card: &dyn Channel, desk: &Desk) -> Self {
        let answer = Rc::new(RefCell::new(Vec::new()));
        let told = Told {
            name: card.name().into(),
            reset: card.reset_answer().clone(),
            answer: Rc::clone(&answer),
        };
        Self {
            channel: desk.traced(Box::new(told)),
            answer,
        }
    }

    fn exchange(&mut self, command: &[u8], response: &[u8]) {
        self.answer.replace(response.to_vec());
        // What was overheard has happened already: there is nothing that could fail.
        let _ = self.channel.transmit(command);
    }

    fn reset(&mut self) {
        let _ = self.channel.reset();
    }
}

/// A channel whose card answers what it is told to.
struct Told {
    name: String,
    reset: Reset,
    answer: Rc<RefCell<Vec<u8>>>,
}

impl Channel for Told {
    fn name(&self) -> &str {
        &self.name
    }

    fn reset_answer(&self) -> &Reset {
        &self.reset
    }

    fn transmit(&mut self, _command: &[u8]) -> Result<Vec<u8>, TransportError> {
        Ok(self.answer.take())
    }

    fn reset(&mut self) -> Result<(), TransportError> {
        Ok(())
    }
}

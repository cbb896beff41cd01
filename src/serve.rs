//! `ssc card serve` and `ssc psam serve`: a simulated card or PSAM in the virtual reader of a running pcscd.

use crate::args::CardServe;
use crate::connect::Desk;
use crate::failure::Failure;
use crate::output::{Report, put};
use crate::stop;
use card_model::Chip;
use reader::channel::vpcd::{self, End, Event, ServeOptions, VirtualCard};
use reader::channel::{Channel, Line, ModelChannel, Reset, TransportError, slow};
use rust_i18n::t;
use serde_json::json;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long a virtual reader that is just starting is waited for.
const STARTING: Duration = Duration::from_secs(10);
/// Pause between two tries to reach it.
const PAUSE: Duration = Duration::from_millis(200);

/// `ssc card serve`.
pub fn card(it: &CardServe, desk: &Desk) -> Result<Report, Failure> {
    let mut card = ModelChannel::open(&it.file, desk.interface()).map_err(|e| desk.transport(&e))?;
    desk.judge_line(true, card.reset_answer())?;
    card.card_mut().lose_power_after(it.tear);
    serve(card, &it.file, &it.vpcd, desk, |card| card.is_torn())
}

/// Serves until SIGTERM or Ctrl-C. After the daemon went away the card waits for it to come back.
pub fn run<M: Chip>(card: ModelChannel<M>, file: &Path, address: &str, desk: &Desk) -> Result<Report, Failure> {
    desk.judge_line(true, card.reset_answer())?;
    serve(card, file, address, desk, |_| false)
}

/// `torn` tells of a card whether it was pulled in the middle of a write, as a tester wished.
fn serve<M: Chip>(
    card: ModelChannel<M>,
    file: &Path,
    address: &str,
    desk: &Desk,
    torn: fn(&M) -> bool,
) -> Result<Report, Failure> {
    let locale = desk.output.lang.locale();
    let mut trace = Overheard::new(&card, desk);
    let mut card = Inserted {
        guard: slow::guard(card.reset_answer()),
        card,
        line: desk.line(),
        last: None,
    };
    let stop = stop::flag(desk)?;
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
            Err(_) if torn(card.card.card()) => {
                tell_torn(desk, file, card.last);
                break Ok(());
            }
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

/// Says where the card was pulled and what comes of it.
fn tell_torn(desk: &Desk, file: &Path, command: Option<u8>) {
    let locale = desk.output.lang.locale();
    let words = match command {
        Some(ins) => t!(
            "ssc.serve.torn",
            locale = locale,
            command = reader::commands::name(ins),
            file = file.display()
        ),
        None => t!("ssc.serve.torn_again", locale = locale, file = file.display()),
    };
    desk.output.warn(&words);
}

/// A card in the virtual reader, at the speed of a line.
struct Inserted<M: Chip> {
    card: ModelChannel<M>,
    line: Option<Line>,
    guard: u8,
    /// Instruction of the last command since the power came.
    last: Option<u8>,
}

impl<M: Chip> VirtualCard for Inserted<M> {
    fn atr(&self) -> Vec<u8> {
        self.card.atr()
    }

    fn power_on(&mut self) -> Result<(), TransportError> {
        self.last = None;
        VirtualCard::power_on(&mut self.card)?;
        self.wait_reset();
        Ok(())
    }

    fn power_off(&mut self) -> Result<(), TransportError> {
        VirtualCard::power_off(&mut self.card)
    }

    fn reset(&mut self) -> Result<(), TransportError> {
        self.last = None;
        VirtualCard::reset(&mut self.card)?;
        self.wait_reset();
        Ok(())
    }

    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, TransportError> {
        self.last = command.get(1).copied();
        let answer = VirtualCard::transmit(&mut self.card, command)?;
        if let Some(line) = self.line {
            slow::wait_exchange(line, command.len(), answer.len(), self.guard);
        }
        Ok(answer)
    }
}

impl<M: Chip> Inserted<M> {
    fn wait_reset(&self) {
        if let Some(line) = self.line {
            slow::wait_reset(line, self.card.reset_answer().bytes.len());
        }
    }
}

/// Writes what the reader and the card say to each other into the trace.
struct Overheard {
    channel: Box<dyn Channel + Send>,
    answer: Arc<Mutex<Vec<u8>>>,
}

impl Overheard {
    fn new(card: &dyn Channel, desk: &Desk) -> Self {
        let answer = Arc::new(Mutex::new(Vec::new()));
        let told = Told {
            name: card.name().into(),
            reset: card.reset_answer().clone(),
            answer: Arc::clone(&answer),
        };
        Self {
            channel: desk.traced(Box::new(told)),
            answer,
        }
    }

    fn exchange(&mut self, command: &[u8], response: &[u8]) {
        *self.answer.lock().unwrap_or_else(PoisonError::into_inner) = response.to_vec();
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
    answer: Arc<Mutex<Vec<u8>>>,
}

impl Channel for Told {
    fn name(&self) -> &str {
        &self.name
    }

    fn reset_answer(&self) -> &Reset {
        &self.reset
    }

    fn transmit(&mut self, _command: &[u8]) -> Result<Vec<u8>, TransportError> {
        Ok(std::mem::take(
            &mut *self.answer.lock().unwrap_or_else(PoisonError::into_inner),
        ))
    }

    fn reset(&mut self) -> Result<(), TransportError> {
        Ok(())
    }
}

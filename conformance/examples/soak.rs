//! Random commands against card model and oracle, for a night: `make soak`.
//!
//! `soak [--commands N] [--seed S] [--threads T]`. It tells the seed with which an interrupted run goes on. A disagreement ends
//! it with the minimized transcript and exit code 1.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "the cards are issued by the code of the tests"
)]

#[path = "../tests/support/mod.rs"]
mod support;

use card_model::card::{Card, Interface};
use conformance::explore::Keys;
use conformance::oracle::{Learnt, Start, Walker};
use conformance::terminal::Terminal;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use support::issued::Issued;

/// Events of one walk.
const EVENTS: usize = 400;
/// Generations, in turn.
const PROFILES: [&str; 3] = ["3.0", "2.0", "1.0"];

struct Arguments {
    commands: u64,
    seed: u64,
    threads: usize,
}

impl Arguments {
    fn parse() -> Option<Self> {
        let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let mut arguments = Self {
            commands: 100_000_000,
            seed: 0,
            threads,
        };
        let mut words = std::env::args().skip(1);
        while let Some(word) = words.next() {
            let value = words.next()?;
            match word.as_str() {
                "--commands" => arguments.commands = value.replace('_', "").parse().ok()?,
                "--seed" => arguments.seed = value.parse().ok()?,
                "--threads" => arguments.threads = value.parse().ok().filter(|threads| *threads > 0)?,
                _ => return None,
            }
        }
        Some(arguments)
    }
}

fn main() -> ExitCode {
    let Some(arguments) = Arguments::parse() else {
        eprintln!("soak [--commands N] [--seed S] [--threads T]");
        return ExitCode::from(2);
    };
    println!("{} commands from seed {}", arguments.commands, arguments.seed);
    let (done, next) = (AtomicU64::new(0), AtomicU64::new(arguments.seed));
    let wrong = AtomicBool::new(false);
    let begun = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..arguments.threads {
            scope.spawn(|| soak(&arguments, &done, &next, &wrong));
        }
        while done.load(Ordering::Relaxed) < arguments.commands && !wrong.load(Ordering::Relaxed) {
            std::thread::sleep(Duration::from_secs(2));
            let commands = done.load(Ordering::Relaxed);
            let seconds = begun.elapsed().as_secs_f64();
            // Walks of other threads may still run: going on here repeats them, which does no harm.
            let resume = next.load(Ordering::Relaxed).saturating_sub(arguments.threads as u64);
            println!(
                "{commands} commands, {:.0} a second; to go on: --seed {resume}",
                commands as f64 / seconds
            );
        }
    });
    ExitCode::from(u8::from(wrong.load(Ordering::Relaxed)))
}

fn soak(arguments: &Arguments, done: &AtomicU64, next: &AtomicU64, wrong: &AtomicBool) {
    let mut benches = PROFILES.map(|profile| {
        let mut issued = Issued::new(profile, Interface::Contact);
        issued.fill_cyclic_files();
        let card = Card::from_image(issued.channel.card().image()).unwrap();
        let (channel, keys, subject) = issued.parts();
        let learnt = Learnt::of(&mut Terminal::new(channel, keys, subject)).unwrap();
        (issued, card, learnt)
    });
    while done.load(Ordering::Relaxed) < arguments.commands && !wrong.load(Ordering::Relaxed) {
        let seed = next.fetch_add(1, Ordering::Relaxed);
        let (issued, card, learnt) = &mut benches[(seed % 3) as usize];
        let keys = Keys::new(&mut issued.keys, &issued.identity);
        let start = Start {
            profile: issued.profile,
            keys: &keys,
            card: &|| Box::new(card.clone()) as Box<dyn Walker>,
            learnt,
            pin: &issued.pin,
        };
        match start.walk(seed, EVENTS) {
            Ok(commands) => {
                done.fetch_add(commands, Ordering::Relaxed);
            }
            Err(finding) => {
                wrong.store(true, Ordering::Relaxed);
                println!("profile {}: card and oracle disagree\n{finding}", issued.profile.name);
            }
        }
    }
}

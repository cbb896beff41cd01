//! The command `ssc`: arguments in, words or JSON out. What a card is, the libraries know.

mod account;
mod apdu;
mod args;
mod ask;
mod atr;
mod bench;
mod ca;
mod card;
mod cert;
mod cert_pin;
mod certificate;
mod conform;
mod connect;
mod demo;
mod ecard;
mod explain;
mod failure;
mod front;
mod help;
mod hsm;
mod issue;
mod keys;
mod language;
mod ledger;
mod line;
mod manual;
mod money;
mod mutants;
mod order;
mod output;
mod overlay;
mod pin;
mod profile;
mod progress;
mod psam;
mod read;
mod readers;
mod samples;
mod security;
mod serve;
mod service;
mod session;
mod sign;
mod stop;
mod trace;
mod usage;
mod verify;
mod write;

use args::{Arguments, Card, Conform, Hsm, Keys, Psam, Trace, Verb};
use clap::FromArgMatches;
use clap::error::ErrorKind;
use connect::Desk;
use failure::Failure;
use output::{Output, Report};
use std::process::ExitCode;

rust_i18n::i18n!("locales", fallback = "en");

fn main() -> ExitCode {
    let words: Vec<_> = std::env::args_os().collect();
    let lang = language::of(&words);
    let command = help::command(lang);
    let parsed = command
        .try_get_matches_from(&words)
        .and_then(|matches| Arguments::from_arg_matches(&matches));
    let arguments = match parsed {
        Ok(arguments) => arguments,
        Err(error) if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) => {
            // A closed pipe is no failure of the help.
            let _ = error.print();
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            let json = words.iter().any(|w| w == "--json");
            let outcome = Err(usage::failure(&error, &usage::call(&words, lang), lang));
            return ExitCode::from(
                Output {
                    json,
                    quiet: false,
                    lang,
                }
                .finish(outcome),
            );
        }
    };
    let output = Output {
        json: arguments.common.json,
        quiet: arguments.common.quiet,
        lang,
    };
    ExitCode::from(output.finish(run(arguments, output)))
}

fn run(arguments: Arguments, output: Output) -> Result<Report, Failure> {
    let lang = output.lang;
    let Some(verb) = arguments.verb else {
        return Ok(front::page(lang));
    };
    let desk = &Desk::new(&arguments.common, output)?;
    match verb {
        Verb::Account(it) => account::run(&it, desk),
        Verb::Card(Card::New(it)) => card::new(&it, desk),
        Verb::Card(Card::Info(it)) => card::info(&it, desk),
        Verb::Card(Card::Serve(it)) => serve::card(&it, desk),
        Verb::Readers => readers::run(desk),
        Verb::Atr(it) => atr::run(&it, desk),
        Verb::Read(it) => read::run(&it, desk),
        Verb::Demo(it) => demo::run(&it, desk),
        Verb::Issue(it) => issue::run(&it, desk),
        Verb::Verify(it) => verify::run(&it, desk),
        Verb::Write(it) => write::run(&it, desk),
        Verb::Pin(it) => pin::run(&it, desk),
        Verb::Bench(it) => bench::run(&it, desk),
        Verb::Keys(Keys::Generate(it)) => keys::generate(&it, desk),
        Verb::Keys(Keys::Show(it)) => keys::show(&it, desk),
        Verb::Psam(Psam::New(it)) => psam::new(&it, desk),
        Verb::Psam(Psam::Info(it)) => psam::info(&it, desk),
        Verb::Psam(Psam::Serve(it)) => psam::serve(&it, desk),
        Verb::Cert(it) => cert::run(&it, desk),
        Verb::Sign(it) => sign::sign(&it, desk),
        Verb::Decrypt(it) => sign::decrypt(&it, desk),
        Verb::Ca(it) => ca::run(&it, desk),
        Verb::Ledger(it) => ledger::run(&it, desk),
        Verb::Order(it) => order::run(&it, desk),
        Verb::Ecard(it) => ecard::run(&it, desk),
        Verb::Hsm(Hsm::Answer(it)) => hsm::answer(&it, desk),
        Verb::Hsm(Hsm::Serve(it)) => hsm::serve(&it, desk),
        Verb::Profile(it) => profile::run(&it, desk),
        Verb::Apdu(it) => apdu::run(&it, desk),
        Verb::Trace(Trace::Explain(it)) => explain::run(&it, desk),
        Verb::Conform(Conform::List(it)) => conform::list(&it, desk),
        Verb::Conform(Conform::Run(it)) => conform::run(&it, desk),
        Verb::Conform(Conform::Compare(it)) => conform::compare(&it, desk),
        Verb::Conform(Conform::Coverage(it)) => conform::coverage(&it, desk),
        Verb::Conform(Conform::Mutants(it)) => mutants::run(&it, desk),
        Verb::Conform(Conform::Host(it)) => conform::host(&it, desk),
        Verb::Conform(Conform::Fuzz(it)) => conform::fuzz(&it, desk),
        Verb::Completions(it) => Ok(manual::completions(it.shell, lang)),
        Verb::Man(it) => manual::man(it.dir.as_deref(), lang),
        Verb::Help(it) => help::run(&it.verb, lang),
    }
}

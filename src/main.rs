//! The command `ssc`: arguments in, words or JSON out. What a card is, the libraries know.

mod args;
mod failure;
mod front;
mod help;
mod language;
mod manual;
mod output;
mod usage;

use args::{Arguments, Verb};
use clap::FromArgMatches;
use clap::error::ErrorKind;
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
    match verb {
        Verb::Completions(it) => Ok(manual::completions(it.shell, lang)),
        Verb::Man(it) => manual::man(it.dir.as_deref(), lang),
        Verb::Help(it) => help::run(&it.verb, lang),
        _ => Ok(front::page(lang)),
    }
}

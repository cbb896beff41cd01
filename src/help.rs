//! Help pages in the user's language: one page per verb with two examples, all words from `locales/ssc.yml`.
//!
//! The keys follow the tree of verbs: `ssc.help.card.new.about`, `.examples`, and one key per argument named by its
//! identifier; flags that are the same everywhere are in `ssc.help.common`.

use crate::args::Arguments;
use crate::failure::Failure;
use crate::output::Report;
use card_model::words::Lang;
use clap::{Command, CommandFactory};
use rust_i18n::t;
use serde_json::json;

const BOLD: &str = "\u{1b}[1m";
const PLAIN: &str = "\u{1b}[0m";

/// The tree of verbs with help in `lang`.
pub fn command(lang: Lang) -> Command {
    let common = common_flags();
    dress(Arguments::command(), lang, &common, "ssc.help", "ssc")
}

/// `ssc help [VERB]`.
pub fn run(verb: &[String], lang: Lang) -> Result<Report, Failure> {
    let mut command = command(lang);
    command.build();
    let mut page = &mut command;
    for name in verb {
        page = page.find_subcommand_mut(name).ok_or_else(|| {
            Failure::input(t!("ssc.usage.verb", locale = lang.locale(), verb = name)).next(t!(
                "ssc.usage.next",
                locale = lang.locale(),
                call = "ssc"
            ))
        })?;
    }
    let text = page.render_help();
    let plain = text.to_string();
    Ok(Report::new(json!({ "help": plain }), plain))
}

fn common_flags() -> Vec<String> {
    Arguments::command()
        .get_arguments()
        .filter(|a| a.is_global_set())
        .map(|a| a.get_id().to_string())
        .collect()
}

fn dress(command: Command, lang: Lang, common: &[String], key: &str, call: &str) -> Command {
    let word = |name: &str| {
        let key = format!("{key}.{name}");
        t!(&key, locale = lang.locale()).into_owned()
    };
    // Flags that all verbs of a group have are explained once, with the group.
    let shared = |name: &str| {
        let own = word(name);
        let group = key.rsplit_once('.').map_or(key, |(group, _)| group);
        if own != format!("{key}.{name}") {
            return own;
        }
        let key = format!("{group}.shared.{name}");
        let text = t!(&key, locale = lang.locale()).into_owned();
        if text != key {
            return text;
        }
        // A ledger is named in the same way wherever it is needed.
        let key = format!("ssc.help.place.{name}");
        t!(&key, locale = lang.locale()).into_owned()
    };
    let heading = |name: &str| {
        let key = format!("ssc.heading.{name}");
        t!(&key, locale = lang.locale()).into_owned()
    };
    let verbs: Vec<String> = command.get_subcommands().map(|c| c.get_name().to_string()).collect();
    let template = format!(
        "{{about-with-newline}}\n{BOLD}{}{PLAIN}{{usage}}\n\n{{all-args}}{{after-help}}",
        heading("usage")
    );
    let examples = format!("{BOLD}{}{PLAIN}\n{}", heading("examples"), indent(&word("examples")));
    let mut command = command
        .about(word("about"))
        .long_about(None)
        .help_template(template)
        .after_help(examples)
        .disable_help_subcommand(true)
        .subcommand_help_heading(heading("verbs"))
        .subcommand_value_name(heading("verb"))
        .mut_args(|argument| {
            let id = argument.get_id().to_string();
            let (text, under) = if common.contains(&id) {
                let key = format!("ssc.help.common.{id}");
                (t!(&key, locale = lang.locale()).into_owned(), "common")
            } else {
                (shared(&id), "own")
            };
            argument.help(text).long_help(None).help_heading(heading(under))
        });
    for verb in verbs {
        let key = format!("{key}.{verb}");
        let call = format!("{call} {verb}");
        command = command.mut_subcommand(&verb, |c| dress(c, lang, common, &key, &call).bin_name(call.clone()));
    }
    command
}

fn indent(text: &str) -> String {
    text.lines().map(|line| format!("  {line}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(command: &Command, path: &str, missing: &mut Vec<String>) {
        let mut look = |text: Option<String>, what: &str| {
            if text.is_none_or(|t| t.is_empty() || t.contains("ssc.h")) {
                missing.push(format!("{path} {what}"));
            }
        };
        look(command.get_about().map(ToString::to_string), "about");
        look(command.get_after_help().map(ToString::to_string), "examples");
        for argument in command.get_arguments() {
            look(argument.get_help().map(ToString::to_string), argument.get_id().as_str());
        }
        for verb in command.get_subcommands() {
            check(verb, &format!("{path}.{}", verb.get_name()), missing);
        }
    }

    #[test]
    fn every_verb_and_argument_has_help_in_both_languages() {
        for lang in [Lang::En, Lang::Zh] {
            let mut missing = Vec::new();
            check(&command(lang), lang.locale(), &mut missing);
            assert!(missing.is_empty(), "{missing:#?}");
        }
    }

    #[test]
    fn every_verb_has_one_page_with_two_examples() {
        fn walk(command: &Command) {
            let lines = command.clone().render_help().to_string().lines().count();
            assert!(lines < 64, "{}: {lines} lines", command.get_name());
            if !command.has_subcommands() {
                let examples = command.get_after_help().map(ToString::to_string).unwrap_or_default();
                let lines = examples.lines().filter(|l| l.trim_start().starts_with("ssc ")).count();
                assert!(lines >= 2, "{}: {examples}", command.get_name());
            }
            command.get_subcommands().for_each(walk);
        }
        for lang in [Lang::En, Lang::Zh] {
            let mut command = command(lang);
            command.build();
            // The front page is written by hand.
            command.get_subcommands().for_each(walk);
        }
    }

    #[test]
    fn the_tree_of_verbs_is_sound() {
        command(Lang::Zh).debug_assert();
    }
}

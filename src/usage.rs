//! Wrong calls in words: what clap found, in the user's language.

use crate::failure::Failure;
use card_model::words::Lang;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use rust_i18n::t;

/// A clap error as a failure; help and version are not errors and do not come here.
pub fn failure(error: &clap::Error, call: &[String], lang: Lang) -> Failure {
    let locale = lang.locale();
    let context = |kind: ContextKind| -> String {
        match error.get(kind) {
            Some(ContextValue::String(text)) => text.clone(),
            Some(ContextValue::Strings(texts)) => texts.join(" "),
            Some(ContextValue::StyledStr(text)) => text.to_string(),
            Some(ContextValue::StyledStrs(texts)) => {
                texts.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
            }
            Some(ContextValue::Number(number)) => number.to_string(),
            _ => String::new(),
        }
    };
    let argument = context(ContextKind::InvalidArg);
    let value = context(ContextKind::InvalidValue);
    let what = match error.kind() {
        ErrorKind::InvalidSubcommand => {
            t!(
                "ssc.usage.verb",
                locale = locale,
                verb = context(ContextKind::InvalidSubcommand)
            )
        }
        ErrorKind::UnknownArgument => t!("ssc.usage.unknown", locale = locale, argument = argument),
        ErrorKind::MissingRequiredArgument => t!("ssc.usage.missing", locale = locale, argument = argument),
        ErrorKind::ArgumentConflict => t!("ssc.usage.twice", locale = locale, argument = argument),
        ErrorKind::MissingSubcommand | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            t!("ssc.usage.no_verb", locale = locale)
        }
        ErrorKind::InvalidValue if value.is_empty() => t!("ssc.usage.no_value", locale = locale, argument = argument),
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => {
            t!("ssc.usage.value", locale = locale, argument = argument, value = value)
        }
        _ => first_line(error).into(),
    };
    let mut failure = Failure::input(what);
    let suggestion = [
        ContextKind::SuggestedSubcommand,
        ContextKind::SuggestedArg,
        ContextKind::SuggestedValue,
    ]
    .into_iter()
    .map(context)
    .find(|text| !text.is_empty());
    let allowed = context(ContextKind::ValidValue);
    if let Some(suggestion) = suggestion {
        failure = failure.because(t!("ssc.usage.meant", locale = locale, suggestion = suggestion));
    } else if !allowed.is_empty() {
        failure = failure.because(t!("ssc.usage.allowed", locale = locale, values = allowed));
    }
    failure.next(t!("ssc.usage.next", locale = locale, call = call.join(" ")))
}

fn first_line(error: &clap::Error) -> String {
    let text = error.to_string();
    text.lines()
        .next()
        .unwrap_or_default()
        .trim_start_matches("error: ")
        .to_string()
}

/// The verbs of a wrong call, as far as they exist: the call whose help page helps.
pub fn call(words: &[std::ffi::OsString], lang: Lang) -> Vec<String> {
    let tree = crate::help::command(lang);
    let mut call = vec!["ssc".to_string()];
    let mut at = &tree;
    for word in words.iter().skip(1).filter_map(|w| w.to_str()) {
        if let Some(verb) = at.find_subcommand(word) {
            call.push(word.to_string());
            at = verb;
        }
    }
    call
}

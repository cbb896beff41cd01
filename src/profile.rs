//! `ssc profile show|check|diff|script`: card versions and extensions as data.

mod diff;
mod script;
mod show;
mod words;

use crate::args::{Profile as Verb, ProfileCheck};
use crate::connect::Desk;
use crate::failure::{Class, Failure};
use crate::output::Report;
use crate::overlay::several;
use card_model::profile::{Extension, Fault, Profile, ProfileError};
use card_model::words::{Explain, Lang};
use rust_i18n::t;
use serde_json::{Value, json};
use std::borrow::Cow;
use std::path::Path;

/// Runs the verb.
pub fn run(it: &Verb, desk: &Desk) -> Result<Report, Failure> {
    match it {
        Verb::Show(it) => show::run(it, desk),
        Verb::Check(it) => check(it, desk),
        Verb::Diff(it) => diff::run(it, desk),
        Verb::Script(it) => script::run(it, desk),
    }
}

/// A profile by its name, or one in a file: whole, or an overlay on its usual base.
pub fn named<'d>(name: &str, desk: &'d Desk) -> Result<Cow<'d, Profile>, Failure> {
    let lang = desk.output.lang;
    let path = Path::new(name);
    if Profile::builtin(name).is_err() && path.is_file() {
        let text = std::fs::read_to_string(path).map_err(|error| Failure::file(lang, path, &error))?;
        return Profile::check(&text, name)
            .map(Cow::Owned)
            .map_err(|faults| several(&faults, name, lang));
    }
    desk.profile(name).map(Cow::Borrowed).map_err(|failure| {
        let locale = lang.locale();
        failure.next(t!(
            "profile_verbs.no_profile_next",
            locale = locale,
            known = names().join(", ")
        ))
    })
}

/// Names of all profiles in the program.
fn names() -> Vec<&'static str> {
    let extended = Profile::extended().iter().map(|profile| profile.name.as_str());
    Profile::BUILTIN.into_iter().chain(extended).collect()
}

/// `ssc profile check`: all that is wrong with a file, at once.
fn check(it: &ProfileCheck, desk: &Desk) -> Result<Report, Failure> {
    let lang = desk.output.lang;
    let locale = lang.locale();
    let name = it.file.display().to_string();
    let text = std::fs::read_to_string(&it.file).map_err(|error| Failure::file(lang, &it.file, &error))?;
    let is_whole = |faults: &[ProfileError]| matches!(faults, [one] if one.fault == Fault::Missing("extends"));
    let (profiles, remarks, faults) = match Extension::parse(&text, &name) {
        Ok(extension) => {
            let on = extension.bases().iter().filter_map(|base| extension.on(base).ok());
            (on.collect(), extension.remarks(), Vec::new())
        }
        Err(faults) if is_whole(&faults) => match Profile::check(&text, &name) {
            Ok(profile) => (vec![profile], Vec::new(), Vec::new()),
            Err(faults) => (Vec::new(), Vec::new(), faults),
        },
        Err(faults) => (Vec::new(), Vec::new(), faults),
    };
    let mut lines: Vec<String> = Vec::new();
    for fault in &faults {
        let words = fault.explain(lang);
        lines.push(words.what);
        lines.extend(words.next.map(|next| format!("  {next}")));
    }
    for remark in &remarks {
        let what = remark.explain(lang).what;
        lines.push(t!("profile_verbs.remark", locale = locale, what = what).into_owned());
    }
    let titles: Vec<&str> = profiles.iter().map(|profile: &Profile| profile.name.as_str()).collect();
    if faults.is_empty() {
        let titles = titles.join(", ");
        lines.push(t!("profile_verbs.sound", locale = locale, file = name, profiles = titles).into_owned());
    }
    let json = json!({
        "file": name,
        "ok": faults.is_empty(),
        "profiles": titles,
        "faults": faults.iter().map(|fault| view(fault, lang)).collect::<Vec<_>>(),
        "remarks": remarks.iter().map(|remark| view(remark, lang)).collect::<Vec<_>>(),
    });
    let failure = (!faults.is_empty()).then(|| {
        let count = faults.len();
        Failure::new(
            Class::Input,
            t!("profile_verbs.faulty", locale = locale, file = name, count = count),
        )
        .next(t!("profile_verbs.faulty_next", locale = locale))
    });
    Ok(Report::new(json, lines.join("\n")).with(failure))
}

/// A fault in JSON.
fn view(fault: &ProfileError, lang: Lang) -> Value {
    json!({
        "file": fault.file,
        "line": fault.line,
        "path": fault.path,
        "what": fault.fault.words(lang),
        "next": fault.advice(lang),
    })
}

//! `ssc profile script`: the whole personalization of a card version as a transcript.

use super::named;
use crate::args::ProfileScript;
use crate::connect::Desk;
use crate::failure::{Class, Failure};
use crate::output::Report;
use card_model::profile::Profile;
use personalize::numbers::CardNumber;
use personalize::script::{Script, SeededEntropy, Written, sample_table};
use personalize::{HolderRules, HoldersFile, ModelOs, Settings};
use reader::security::KeyFile;
use rust_i18n::t;
use serde_json::json;

/// Where the challenges come from unless a seed is given: visibly a TEST.
const SEED: [u8; 16] = *b"TEST-SCRIPT-SEED";
/// Serial number of the sample card.
const SERIAL: [u8; 4] = *b"TEST";

/// Writes the script to a file or stdout.
pub fn run(it: &ProfileScript, desk: &Desk) -> Result<Report, Failure> {
    let lang = desk.output.lang;
    let locale = lang.locale();
    let profile = named(&it.profile, desk)?;
    let settings = match &it.settings {
        Some(path) => Settings::load(path),
        None => Settings::parse(crate::samples::SETTINGS, crate::samples::SETTINGS_NAME),
    };
    let settings = settings.map_err(|error| Failure::explained(Class::Input, &error, lang))?;
    let seed = match &it.seed {
        None => SEED,
        Some(text) => reader::command::parse_hex(text)
            .ok()
            .and_then(|bytes| <[u8; 16]>::try_from(bytes).ok())
            .ok_or_else(|| Failure::input(t!("profile_verbs.seed", locale = locale, seed = text)))?,
    };
    let mut keys = match desk.keys()? {
        Some(keys) => keys,
        None => test_keys(&profile, seed, desk)?,
    };
    let today = settings.issue_date.unwrap_or_else(crate::session::today);
    let rules = HolderRules {
        profile: &profile,
        settings: &settings,
        today,
        accept_disagreement: false,
    };
    let holders = match &it.holders {
        Some(path) => HoldersFile::load(path, &rules),
        None => {
            let table = sample_table(&profile);
            HoldersFile::parse(table.as_bytes(), "sample", &rules, &|_| {
                Err(std::io::ErrorKind::NotFound.into())
            })
        }
    };
    let holders = holders.map_err(|error| Failure::explained(Class::Input, &error, lang))?;
    let Some(holder) = holders.holders.first() else {
        let why = holders.problems.first().map(|problem| problem.line(lang, false));
        return Err(Failure::input(t!("profile_verbs.no_holder", locale = locale)).because(why.unwrap_or_default()));
    };
    let assigned = CardNumber::assign(&settings.card_number_prefix, settings.first_sequence);
    let card_number = match (&holder.card_number, assigned) {
        (Some(number), _) => number.clone(),
        (None, Ok(number)) => number,
        (None, Err(_)) => return Err(Failure::input(t!("profile_verbs.no_number", locale = locale))),
    };
    let script = Script {
        profile: &profile,
        settings: &settings,
        holder,
        card_number: &card_number,
        today,
        serial: SERIAL,
        seed,
        reveal: it.reveal,
    };
    let written = script
        .write(&mut keys, &ModelOs)
        .map_err(|error| desk.issue_failure(&error))?;
    if it.reveal {
        desk.output.warn(&t!("ssc.connect.unmasked", locale = locale));
    }
    finish(it, &profile, &written, desk)
}

fn finish(it: &ProfileScript, profile: &Profile, written: &Written, desk: &Desk) -> Result<Report, Failure> {
    let lang = desk.output.lang;
    let mut json = json!({
        "profile": profile.name,
        "commands": written.commands,
        "computed": written.computed,
        "revealed": it.reveal,
        "card_id": hex::encode_upper(written.card.card_id),
    });
    let said = t!(
        "profile_verbs.written",
        locale = lang.locale(),
        commands = written.commands,
        computed = written.computed
    );
    match &it.out {
        Some(path) => {
            crate::samples::write_once(path, &written.text, lang)?;
            json["file"] = json!(path.display().to_string());
            Ok(Report::new(json, said))
        }
        None => {
            json["script"] = json!(written.text);
            desk.output.talk(&said);
            Ok(Report::new(json, written.text.clone()))
        }
    }
}

/// TEST keys that the seed gives, so that a script without a key file can be made again.
fn test_keys(profile: &Profile, seed: [u8; 16], desk: &Desk) -> Result<KeyFile, Failure> {
    let mut entropy = SeededEntropy::new(core::array::from_fn(|i| seed[i] ^ 0xFF));
    let mut draw = |bytes: &mut [u8]| {
        entropy.fill(bytes);
        Ok(())
    };
    let name = "TEST";
    let keys = KeyFile::draw(name, &[profile], &[profile.algorithm], true, &mut draw)
        .map_err(|error| Failure::explained(Class::Input, &error, desk.output.lang))?;
    desk.banner(&keys);
    Ok(keys)
}

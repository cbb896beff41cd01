//! `ssc psam new|info|serve`: TEST PSAMs as files, and what a PSAM in a slot says about itself.

use crate::args::{PsamInfo, PsamLevelName, PsamNew, PsamServe};
use crate::connect::Desk;
use crate::failure::{Class, Failure};
use crate::output::{Report, Table, hex_upper};
use crate::serve;
use crate::session::today;
use card_model::card::Interface;
use card_model::crypto::Algorithm;
use card_model::psam::{Cipher, FieldKind, FileRole, Level, Psam, PsamDescription, PsamInventory, SERIAL, Usage};
use jiff::ToSpan;
use personalize::Settings;
use personalize::numbers::Region;
use personalize::psam::{PsamLevel, PsamPlan, PsamRegion, PsamReport, new_psam, without_ciphers};
use reader::channel::ModelChannel;
use reader::error::ReaderError;
use reader::security::{CardIdentity, KeyReference, SecurityModule, SecurityModuleError};
use rust_i18n::t;
use serde_json::{Value, json};

/// How long a new PSAM may be used.
const VALIDITY: i64 = 10;
/// The ciphers that a PSAM of this program can compute.
const CIPHERS: [Algorithm; 2] = [Algorithm::TripleDes, Algorithm::Sm4];

/// Makes a TEST PSAM: blank as its maker leaves it, then issued by its own commands.
pub fn new(it: &PsamNew, desk: &Desk) -> Result<Report, Failure> {
    let lang = desk.output.lang;
    let locale = lang.locale();
    let profiles = desk.profiles()?;
    let (algorithms, ciphers, names) = without(it, &profiles, desk)?;
    let serial = serial(it, desk)?;
    let region = region(it, desk)?;
    let keys = desk.required_keys()?;
    let description = without_ciphers(description(desk)?, &ciphers);
    let start = today();
    let plan = PsamPlan {
        profiles: &profiles,
        keys: &keys,
        level: match it.level {
            PsamLevelName::Ministry => PsamLevel::Ministry,
            PsamLevelName::Province => PsamLevel::Province,
            PsamLevelName::City => PsamLevel::City,
            PsamLevelName::Listed => PsamLevel::Listed,
        },
        region,
        number: it.terminal,
        version: it.key_version,
        purchase_key: 1,
        start,
        end: start.saturating_add(VALIDITY.years()),
        algorithms: &algorithms,
        without: &names,
    };
    let blank = Psam::blank(&description, &serial).map_err(|e| Failure::input(e.to_string()))?;
    let mut channel = ModelChannel::create(&it.file, blank, Interface::Contact).map_err(|e| desk.transport(&e))?;
    let issued = {
        let mut traced = desk.traced(Box::new(&mut channel));
        new_psam(traced.as_mut(), &description, &plan)
    };
    let report = match issued {
        Ok(report) => report,
        Err(error) => {
            // Half a PSAM is worse than none; that it cannot be removed either changes nothing.
            drop(channel);
            let _ = std::fs::remove_file(&it.file);
            return Err(Failure::explained(Class::Input, &error, lang));
        }
    };
    for name in &report.shadowed {
        desk.output.warn(&t!("psam.shadowed", locale = locale, name = name));
    }
    let file = it.file.display().to_string();
    let text = t!(
        "psam.made",
        locale = locale,
        file = file,
        count = report.keys.len(),
        terminal = hex_upper(&report.terminal)
    );
    Ok(Report::new(made(&file, &report, it), text))
}

fn made(file: &str, report: &PsamReport, it: &PsamNew) -> Value {
    let keys: Vec<Value> = report
        .keys
        .iter()
        .map(|key| {
            json!({
                "name": key.name,
                "usage": byte(key.usage),
                "id": format!("{:02X}", key.id),
                "algorithm": key.algorithm.name(),
                "version": key.version,
            })
        })
        .collect();
    json!({
        "file": file,
        "test": true,
        "serial": hex_upper(&report.serial),
        "terminal_number": hex_upper(&report.terminal),
        "level": level_word(it.level),
        "key_version": it.key_version,
        "keys": keys,
    })
}

/// Looks into a PSAM file, or asks the PSAM in a slot.
pub fn info(it: &PsamInfo, desk: &Desk) -> Result<Report, Failure> {
    match (&it.file, &desk.common.psam) {
        (Some(file), _) => {
            let channel = ModelChannel::<Psam>::open_chip(file, Interface::Contact).map_err(|e| desk.transport(&e))?;
            Ok(inside(&channel.card().inventory(), description(desk)?, desk))
        }
        (None, Some(reader)) => ask(reader, desk),
        (None, None) => {
            let locale = desk.output.lang.locale();
            Err(Failure::input(t!("psam.which", locale = locale)).next(t!("psam.which_next", locale = locale)))
        }
    }
}

/// What a simulated PSAM holds, without any secret.
fn inside(inventory: &PsamInventory, description: &PsamDescription, desk: &Desk) -> Report {
    let lang = desk.output.lang;
    let locale = lang.locale();
    let field = |cipher, role, kind| {
        let range = description.file(role)?.field(kind)?;
        inventory.file(cipher, role)?.contents.get(range).map(<[u8]>::to_vec)
    };
    let root = Cipher::TripleDes;
    let serial = field(root, FileRole::PublicInformation, FieldKind::SerialNumber).unwrap_or_default();
    let terminal = inventory
        .file(root, FileRole::TerminalNumber)
        .map(|file| file.contents.clone());
    let terminal = terminal.unwrap_or_default();
    let files: Vec<Value> = inventory
        .files
        .iter()
        .map(|file| json!({ "path": file.path, "size": file.size, "contents": hex_upper(&file.contents) }))
        .collect();
    let keys: Vec<Value> = inventory
        .keys
        .iter()
        .map(|key| {
            json!({
                "file": key.path,
                "algorithm": key.cipher.name(),
                "usage": key.usage.map(byte),
                "id": format!("{:02X}", key.id),
                "kcv": hex_upper(&key.check_value),
                "tries_left": key.tries_left,
            })
        })
        .collect();
    let mut table = environment_table(locale);
    let mut environments = Vec::new();
    for environment in &description.environments {
        let cipher = environment.cipher;
        if inventory.file(cipher, FileRole::PublicInformation).is_none() {
            continue;
        }
        let of_cipher = |key: &&card_model::psam::PsamKeyInfo| key.cipher == cipher && key.usage.is_some();
        let count = inventory.keys.iter().filter(of_cipher).count();
        let version = field(cipher, FileRole::Information(Level::National), FieldKind::KeyVersion);
        let version = version
            .and_then(|bytes| bytes.first().copied())
            .filter(|version| *version > 0);
        let locked = inventory
            .keys
            .iter()
            .filter(of_cipher)
            .any(|key| key.tries_left == Some(0));
        environments.push(json!({ "cipher": cipher.name(), "keys": count, "key_version": version, "locked": locked }));
        table.row(vec![
            lang.pick(&environment.zh, &environment.en).to_owned(),
            count.to_string(),
            version.map(|version| version.to_string()).unwrap_or_default(),
            if locked {
                t!("psam.locked", locale = locale).into_owned()
            } else {
                String::new()
            },
        ]);
    }
    let text = t!(
        "psam.inside",
        locale = locale,
        serial = hex_upper(&serial),
        terminal = hex_upper(&terminal),
        atr = hex_upper(&inventory.atr),
        free = inventory.free
    );
    let json = json!({
        "atr": hex_upper(&inventory.atr),
        "serial": hex_upper(&serial),
        "terminal_number": hex_upper(&terminal),
        "free": inventory.free,
        "environments": environments,
        "files": files,
        "keys": keys,
    });
    Report::new(json, format!("{}\n\n{table}", text.trim_end()))
}

/// What a PSAM in a slot says: terminal number, and for which keys of the card profiles it answers.
fn ask(reader: &str, desk: &Desk) -> Result<Report, Failure> {
    let lang = desk.output.lang;
    let locale = lang.locale();
    let failed = |error| desk.refusal(&ReaderError::from(error));
    let mut module = desk.psam(reader)?;
    let terminal = module.terminal().map(|number| hex_upper(&number));
    let region = module.region();
    let mut environments = Vec::new();
    let mut keys = Vec::new();
    let mut table = environment_table(locale);
    for algorithm in CIPHERS {
        let version = match module.key_version(algorithm) {
            Ok(version) => version,
            Err(SecurityModuleError::AlgorithmMissing { .. }) => continue,
            Err(error) => return Err(failed(error)),
        };
        let before = keys.len();
        let card = CardIdentity {
            region: region.clone().unwrap_or_else(|| "000000".to_owned()),
            historical: [0; 13],
            algorithm,
        };
        let mut asked = Vec::new();
        for profile in desk
            .profiles()?
            .into_iter()
            .filter(|profile| profile.algorithm == algorithm)
        {
            for (_, definition) in profile.keys() {
                let identity = (definition.name.clone(), definition.index);
                if definition.psam.is_none() || asked.contains(&identity) {
                    continue;
                }
                asked.push(identity);
                let version = version.min(definition.versions);
                let key = KeyReference { definition, version };
                match module.usage_of(key, &card) {
                    Ok(usage) => keys.push(json!({
                        "name": definition.name,
                        "index": definition.index,
                        "usage": byte(usage),
                        "id": definition.psam.map(|(_, id)| format!("{id:02X}")),
                        "algorithm": algorithm.name(),
                        "version": version,
                    })),
                    Err(SecurityModuleError::KeyMissing { .. }) => {}
                    Err(error) => return Err(failed(error)),
                }
            }
        }
        let count = keys.len() - before;
        environments.push(json!({ "cipher": algorithm.name(), "keys": count, "key_version": version }));
        let name = description(desk)?.environment(Cipher::from(algorithm));
        let name = name.map_or("", |environment| lang.pick(&environment.zh, &environment.en));
        table.row(vec![
            name.to_owned(),
            count.to_string(),
            version.to_string(),
            String::new(),
        ]);
    }
    let text = t!(
        "psam.in_slot",
        locale = locale,
        reader = module.describe(),
        terminal = terminal.as_deref().unwrap_or("–"),
        region = region.as_deref().unwrap_or("–")
    );
    let json = json!({
        "reader": module.describe(),
        "terminal_number": terminal,
        "region": region,
        "environments": environments,
        "keys": keys,
    });
    Ok(Report::new(json, format!("{}\n\n{table}", text.trim_end())))
}

/// Puts a simulated PSAM into the virtual reader of a running pcscd, by default into its second slot.
pub fn serve(it: &PsamServe, desk: &Desk) -> Result<Report, Failure> {
    let psam = ModelChannel::<Psam>::open_chip(&it.file, Interface::Contact).map_err(|e| desk.transport(&e))?;
    serve::run(psam, &it.file, &it.vpcd, desk)
}

fn environment_table(locale: &str) -> Table {
    Table::new(&[
        t!("psam.environment", locale = locale).into_owned(),
        format!(">{}", t!("psam.keys", locale = locale)),
        format!(">{}", t!("psam.version", locale = locale)),
        t!("psam.remark", locale = locale).into_owned(),
    ])
}

fn byte(usage: Usage) -> String {
    format!("{:02X}", usage.byte())
}

fn level_word(level: PsamLevelName) -> &'static str {
    match level {
        PsamLevelName::Ministry => "ministry",
        PsamLevelName::Province => "province",
        PsamLevelName::City => "city",
        PsamLevelName::Listed => "listed",
    }
}

fn description(desk: &Desk) -> Result<&'static PsamDescription, Failure> {
    PsamDescription::builtin().map_err(|e| Failure::explained(Class::Input, &e, desk.output.lang))
}

/// Ciphers that are left, environments that are left out, keys that are left out.
type Left = (Vec<Algorithm>, Vec<Cipher>, Vec<String>);

/// Reads `--without`: names of ciphers, and names of keys that some profile has.
fn without(it: &PsamNew, profiles: &[&card_model::profile::Profile], desk: &Desk) -> Result<Left, Failure> {
    let (mut algorithms, mut ciphers, mut names) = (CIPHERS.to_vec(), Vec::new(), Vec::new());
    for word in &it.without {
        let cipher = CIPHERS
            .into_iter()
            .find(|algorithm| algorithm.name().eq_ignore_ascii_case(word));
        let upper = word.to_ascii_uppercase();
        if let Some(algorithm) = cipher {
            algorithms.retain(|left| *left != algorithm);
            ciphers.push(Cipher::from(algorithm));
        } else if profiles.iter().any(|profile| profile.key(&upper).is_some()) {
            names.push(upper);
        } else {
            let locale = desk.output.lang.locale();
            return Err(Failure::input(t!("psam.without", locale = locale, name = word))
                .next(t!("psam.without_next", locale = locale)));
        }
    }
    Ok((algorithms, ciphers, names))
}

/// The region of the terminal number; below the ministry that of the test defaults if none is given.
fn region(it: &PsamNew, desk: &Desk) -> Result<PsamRegion, Failure> {
    let lang = desk.output.lang;
    match (&it.region, it.level) {
        (Some(text), _) => Region::parse(text)
            .map(PsamRegion::Of)
            .ok_or_else(|| Failure::input(t!("psam.region", locale = lang.locale(), text = text))),
        (None, PsamLevelName::Ministry) => Ok(PsamRegion::Nationwide),
        (None, _) => Settings::test_defaults()
            .map(|settings| PsamRegion::Of(settings.region))
            .map_err(|e| Failure::explained(Class::Input, &e, lang)),
    }
}

/// The serial number: given, or the numbering of nowhere and a random end.
fn serial(it: &PsamNew, desk: &Desk) -> Result<[u8; SERIAL], Failure> {
    let Some(text) = &it.serial else {
        let random: [u8; 4] = desk.random()?;
        let mut serial = [0; SERIAL];
        serial[0] = 0x99;
        for (target, byte) in serial[SERIAL - random.len()..].iter_mut().zip(random) {
            *target = ((byte / 10 % 10) << 4) | (byte % 10);
        }
        return Ok(serial);
    };
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    hex::decode(text)
        .ok()
        .filter(|_| digits)
        .and_then(|bytes| bytes.try_into().ok())
        .ok_or_else(|| Failure::input(t!("psam.serial", locale = desk.output.lang.locale(), text = text)))
}

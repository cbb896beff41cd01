//! `ssc card new|info`: simulated cards as files.

use crate::args::{CardInfo, CardNew};
use crate::connect::Desk;
use crate::failure::Failure;
use crate::output::{Report, Table, hex_upper};
use card_model::card::{Card, EfStructure, FileInfo, Interface, KeyInfo, KeyType, LifeCycle};
use card_model::profile::Profile;
use reader::channel::ModelChannel;
use rust_i18n::t;
use serde_json::{Value, json};

/// T8 and T9 of cards that are not yet meant for a region: those of region 9900, which does not exist.
const NO_REGION: [u8; 2] = [0x99, 0x00];

/// The 13 historical bytes of a new simulated card: the profile's card maker, region, serial number.
pub fn historical(profile: &Profile, region: [u8; 2], serial: [u8; 4]) -> [u8; 13] {
    let mut bytes = [0; 13];
    bytes[..7].copy_from_slice(&profile.reset.maker);
    bytes[7..9].copy_from_slice(&region);
    bytes[9..].copy_from_slice(&serial);
    bytes
}

/// Makes a blank card.
pub fn new(it: &CardNew, desk: &Desk) -> Result<Report, Failure> {
    let locale = desk.output.lang.locale();
    let profile = desk.profile(&it.profile)?;
    let serial = match &it.serial {
        Some(text) => reader::command::parse_hex(text)
            .ok()
            .and_then(|b| <[u8; 4]>::try_from(b).ok())
            .ok_or_else(|| Failure::input(t!("ssc.card.serial", locale = locale, serial = text)))?,
        None => desk.random()?,
    };
    let card = Card::blank(profile, historical(profile, NO_REGION, serial));
    let channel = ModelChannel::create(&it.file, card, Interface::Contact).map_err(|e| desk.transport(&e))?;
    let inventory = channel.card().inventory();
    let file = it.file.display().to_string();
    let text = t!(
        "ssc.card.made",
        locale = locale,
        file = file,
        profile = profile.name,
        atr = hex_upper(&inventory.atr),
        algorithm = profile.algorithm.name()
    );
    let json = json!({
        "file": file,
        "profile": profile.name,
        "atr": hex_upper(&inventory.atr),
        "ats": hex_upper(&inventory.ats),
        "life_cycle": life_cycle(inventory.life_cycle),
        "serial": hex_upper(&serial),
    });
    Ok(Report::new(json, text))
}

/// Looks into a card without a key.
pub fn info(it: &CardInfo, desk: &Desk) -> Result<Report, Failure> {
    let lang = desk.output.lang;
    let locale = lang.locale();
    let channel = ModelChannel::open(&it.file, desk.interface()).map_err(|e| desk.transport(&e))?;
    let inventory = channel.card().inventory();
    let profile = desk.profile(&inventory.label).ok();
    let life = life_cycle(inventory.life_cycle);
    let files: Vec<Value> = inventory
        .files
        .iter()
        .map(|file| {
            json!({
                "path": path(profile, &file.fids),
                "fids": file.path,
                "structure": structure(file.structure),
                "size": file.size,
                "records": file.records,
            })
        })
        .collect();
    let counters: Vec<Value> = inventory
        .keys
        .iter()
        .map(|key| {
            json!({
                "name": key_name(profile, key),
                "df": df_path(profile, &key.fids),
                "id": format!("{:02X}", key.id),
                "version": key.version,
                "tries_left": key.tries_left,
            })
        })
        .collect();
    let life_key = format!("ssc.card.life.{life}");
    let mut text = t!(
        "ssc.card.info",
        locale = locale,
        profile = inventory.label,
        title = profile.map_or("", |p| lang.pick(&p.zh, &p.en)),
        life = t!(&life_key, locale = locale),
        algorithm = inventory.algorithm.name(),
        atr = hex_upper(&inventory.atr),
        ats = hex_upper(&inventory.ats),
        free = inventory.free
    )
    .into_owned();
    let mut table = file_table(locale);
    for file in &inventory.files {
        table.row(file_row(profile, file, lang));
    }
    if !table.is_empty() {
        text = format!("{}\n\n{table}", text.trim_end());
    }
    let pin = inventory.keys.iter().find(|key| key.kind == KeyType::Pin);
    if let Some(left) = pin.and_then(|pin| pin.tries_left) {
        text.push_str(&format!("\n{}", t!("ssc.card.pin_left", locale = locale, left = left)));
    }
    let locked: Vec<String> = inventory
        .keys
        .iter()
        .filter(|key| key.tries_left == Some(0))
        .map(|key| key_name(profile, key))
        .collect();
    if !locked.is_empty() {
        text.push_str(&format!(
            "\n{}",
            t!("ssc.card.locked", locale = locale, keys = locked.join(", "))
        ));
    }
    let json = json!({
        "profile": inventory.label,
        "atr": hex_upper(&inventory.atr),
        "ats": hex_upper(&inventory.ats),
        "historical": hex_upper(&inventory.historical),
        "algorithm": inventory.algorithm.name(),
        "life_cycle": life,
        "free": inventory.free,
        "files": files,
        "counters": counters,
    });
    drop(channel);
    Ok(Report::new(json, text))
}

fn life_cycle(life: LifeCycle) -> &'static str {
    match life {
        LifeCycle::Blank => "blank",
        LifeCycle::Structure => "structure",
        LifeCycle::Operational => "operational",
        LifeCycle::Blocked => "blocked",
    }
}

fn structure(structure: EfStructure) -> &'static str {
    match structure {
        EfStructure::Transparent => "transparent",
        EfStructure::LinearFixed => "linear_fixed",
        EfStructure::LinearVariable => "linear_variable",
        EfStructure::Cyclic => "cyclic",
        EfStructure::Internal => "internal",
    }
}

fn file_table(locale: &str) -> Table {
    Table::new(&[
        t!("ssc.card.path", locale = locale).into_owned(),
        t!("ssc.card.name", locale = locale).into_owned(),
        t!("ssc.card.structure", locale = locale).into_owned(),
        format!(">{}", t!("ssc.card.size", locale = locale)),
        format!(">{}", t!("ssc.card.records", locale = locale)),
    ])
}

fn file_row(profile: Option<&Profile>, file: &FileInfo, lang: card_model::words::Lang) -> Vec<String> {
    let name = profile.and_then(|profile| {
        let (fid, dfs) = file.fids.split_last()?;
        let df = profile.dedicated_files.get(find_df(profile, dfs)?)?;
        let ef = df.files.iter().find(|ef| ef.fid == *fid)?;
        Some(lang.pick(&ef.zh, &ef.en).to_string())
    });
    let structure_key = format!("ssc.card.structures.{}", structure(file.structure));
    vec![
        path(profile, &file.fids),
        name.unwrap_or_default(),
        t!(&structure_key, locale = lang.locale()).into_owned(),
        file.size.to_string(),
        if file.records > 0 {
            file.records.to_string()
        } else {
            String::new()
        },
    ]
}

/// Path of an elementary file in the words of the profile: `SSSE/EF05`; identifiers where the profile does not know it.
fn path(profile: Option<&Profile>, fids: &[u16]) -> String {
    match fids.split_last() {
        Some((fid, dfs)) => format!("{}/{fid:04X}", df_path(profile, dfs)),
        None => String::new(),
    }
}

fn df_path(profile: Option<&Profile>, fids: &[u16]) -> String {
    profile
        .and_then(|profile| profile.dedicated_files.get(find_df(profile, fids)?))
        .map_or_else(
            || {
                fids.iter()
                    .map(|fid| format!("{fid:04X}"))
                    .collect::<Vec<_>>()
                    .join("/")
            },
            |df| df.id.clone(),
        )
}

fn find_df(profile: &Profile, fids: &[u16]) -> Option<usize> {
    fids.iter().try_fold(0, |parent, fid| {
        profile
            .dedicated_files
            .iter()
            .position(|df| df.parent == Some(parent) && df.fid == *fid)
    })
}

fn key_name(profile: Option<&Profile>, key: &KeyInfo) -> String {
    match key.kind {
        KeyType::Pin => "PIN".into(),
        KeyType::Master => format!("MK {}", df_path(profile, &key.fids)),
        _ => profile
            .and_then(|profile| profile.dedicated_files.get(find_df(profile, &key.fids)?))
            .and_then(|df| {
                df.keys
                    .iter()
                    .find(|k| k.id == key.id && KeyType::from(k.role) == key.kind)
            })
            .map_or_else(|| format!("{:02X}", key.id), |definition| definition.name.clone()),
    }
}

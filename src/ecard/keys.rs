//! `ssc ecard keys`: who issues codes, and with which keys.

use crate::args::{EcardKeysList, EcardKeysNew};
use crate::connect::Desk;
use crate::failure::{Class, Failure};
use crate::output::{Report, Table};
use jiff::{SignedDuration, Timestamp};
use personalize::ecard::code::{Directory, Issuer};
use personalize::ecard::{IssuerFolder, directory};
use rust_i18n::t;
use serde_json::{Value, json};

/// Makes a key, and with its first key an issuer.
pub fn new(it: &EcardKeysNew, desk: &Desk) -> Result<Report, Failure> {
    let lang = desk.output.lang;
    let issuer = Issuer::new(it.issuer, &it.name, &it.scheme);
    let issuer = issuer.map_err(|e| Failure::explained(Class::Input, &e, lang))?;
    let mut folder = IssuerFolder::open(&it.dir).map_err(|e| desk.issuers(&e))?;
    // Verifiers' clocks may be behind.
    let from = Timestamp::now() - SignedDuration::from_secs(i64::from(issuer.scheme.clock_skew_seconds));
    let until = from + SignedDuration::from_hours(24 * it.days);
    let mut entropy = desk.entropy()?;
    let key = folder
        .add_key(&issuer, (from, until), &mut *entropy)
        .map_err(|e| desk.issuers(&e))?;
    let locale = lang.locale();
    let path = it.dir.display().to_string();
    desk.output.talk(&t!("ecard.keys.next", locale = locale, path = path));
    let text = t!(
        "ecard.keys.made",
        locale = locale,
        key = key,
        issuer = it.issuer,
        name = it.name
    );
    Ok(Report::new(
        json!({ "folder": path, "issuer": it.issuer, "key": key, "test": true, "until": until }),
        text,
    ))
}

/// What a directory holds.
pub fn list(it: &EcardKeysList, desk: &Desk) -> Result<Report, Failure> {
    let lang = desk.output.lang;
    let locale = lang.locale();
    let directory = directory(&it.path).map_err(|e| desk.issuers(&e))?;
    let mut table = Table::new(&[
        t!("ecard.column.issuer", locale = locale).into_owned(),
        t!("ecard.column.name", locale = locale).into_owned(),
        t!("ecard.column.scheme", locale = locale).into_owned(),
        format!(">{}", t!("ecard.column.key", locale = locale)),
        t!("ecard.column.from", locale = locale).into_owned(),
        t!("ecard.column.until", locale = locale).into_owned(),
    ]);
    for issuer in directory.issuers() {
        let scheme = lang.pick(&issuer.scheme.name_zh, &issuer.scheme.name);
        for key in &issuer.keys {
            table.row(vec![
                issuer.number.to_string(),
                issuer.name.clone(),
                scheme.to_owned(),
                key.number.to_string(),
                key.from.strftime("%F").to_string(),
                key.until.strftime("%F").to_string(),
            ]);
        }
    }
    Ok(Report::new(json!({ "issuers": listed(&directory) }), table.to_string()))
}

fn listed(directory: &Directory) -> Vec<Value> {
    let keys = |issuer: &Issuer| -> Vec<Value> {
        let keys = issuer.keys.iter();
        keys.map(|key| json!({ "number": key.number, "public_key": hex::encode_upper(key.public.to_bytes()), "from": key.from, "until": key.until }))
            .collect()
    };
    let issuers = directory.issuers().iter();
    issuers
        .map(|it| json!({ "number": it.number, "name": it.name, "prefix": it.scheme.prefix, "keys": keys(it) }))
        .collect()
}

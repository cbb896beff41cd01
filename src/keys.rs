//! `ssc keys generate|show`.

use crate::args::{Ciphers, KeysGenerate, KeysShow};
use crate::connect::Desk;
use crate::failure::{Class, Failure};
use crate::output::{Report, Table};
use card_model::crypto::Algorithm;
use reader::security::KeyFile;
use rust_i18n::t;
use serde_json::json;

/// Makes a TEST key file.
pub fn generate(it: &KeysGenerate, desk: &Desk) -> Result<Report, Failure> {
    let lang = desk.output.lang;
    let locale = lang.locale();
    if !it.test {
        return Err(Failure::input(t!("ssc.keys.test_only", locale = locale))
            .because(t!("ssc.keys.test_only_why", locale = locale))
            .next(t!("ssc.keys.test_only_next", locale = locale)));
    }
    let algorithms: &[Algorithm] = match it.algorithm {
        Ciphers::Sm4 => &[Algorithm::Sm4],
        Ciphers::TripleDes => &[Algorithm::TripleDes],
        Ciphers::Both => &[Algorithm::Sm4, Algorithm::TripleDes],
    };
    let name = it.out.display().to_string();
    let profiles = desk.all_profiles()?;
    let file = KeyFile::generate(&name, &profiles, algorithms, true)
        .and_then(|file| file.save(&it.out, None).map(|()| file))
        .map_err(|e| Failure::explained(Class::Input, &e, lang))?;
    let count = file.keys().len();
    desk.banner(&file);
    let text = t!("ssc.keys.written", locale = locale, file = name, count = count);
    Ok(Report::new(json!({ "file": name, "test": true, "keys": count }), text))
}

/// Shows a key file.
pub fn show(it: &KeysShow, desk: &Desk) -> Result<Report, Failure> {
    let locale = desk.output.lang.locale();
    let file = desk.open_keys(&it.file)?;
    let views = file.list(it.reveal);
    let mut heads = vec![
        t!("ssc.keys.name", locale = locale),
        t!("ssc.keys.address", locale = locale),
        t!("ssc.keys.version", locale = locale),
        t!("ssc.keys.level", locale = locale),
        t!("ssc.keys.algorithm", locale = locale),
        t!("ssc.keys.kcv", locale = locale),
    ];
    if it.reveal {
        heads.push(t!("ssc.keys.value", locale = locale));
    }
    let mut table = Table::new(&heads);
    for view in &views {
        let name = view
            .index
            .map_or_else(|| view.name.clone(), |index| format!("{}#{index}", view.name));
        let mut row = vec![
            name,
            view.address.clone().unwrap_or_else(|| "–".into()),
            view.version.to_string(),
            view.level.to_string(),
            view.algorithm.to_string(),
            view.kcv.clone(),
        ];
        row.extend(view.value.clone());
        table.row(row);
    }
    Ok(Report::new(
        json!({ "test": file.test(), "keys": views }),
        table.to_string(),
    ))
}

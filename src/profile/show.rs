//! `ssc profile show`: the tree of files, elements, keys and access rules.

use super::{named, names, words};
use crate::args::ProfileShow;
use crate::connect::Desk;
use crate::failure::Failure;
use crate::output::{Report, Table, hex_upper};
use card_model::profile::{DedicatedFile, Element, ElementaryFile, Profile};
use card_model::words::Lang;
use rust_i18n::t;
use serde_json::{Value, json};

/// Shows a profile, 3.0 if none is named.
pub fn run(it: &ProfileShow, desk: &Desk) -> Result<Report, Failure> {
    let lang = desk.output.lang;
    let locale = lang.locale();
    let profile = named(it.profile.as_deref().unwrap_or(Profile::BUILTIN[0]), desk)?;
    let mut text = head(&profile, lang);
    for index in profile.depth_first() {
        if let Some(df) = profile.dedicated_files.get(index) {
            text.push('\n');
            text.push_str(&dedicated_file(df, lang));
        }
    }
    let all = names().join(", ");
    text.push_str(&format!("\n{}", t!("profile_verbs.all", locale = locale, names = all)));
    Ok(Report::new(
        json!({ "profile": view(&profile), "profiles": names() }),
        text,
    ))
}

fn head(profile: &Profile, lang: Lang) -> String {
    t!(
        "profile_verbs.head",
        locale = lang.locale(),
        name = profile.name,
        title = lang.pick(&profile.zh, &profile.en),
        version = profile.specification_version,
        algorithm = profile.algorithm.name(),
        contact = hex_upper(&profile.reset.contact),
        contactless = profile.reset.contactless.as_deref().map_or("–".to_owned(), hex_upper),
        least = profile.pin.min_digits,
        most = profile.pin.max_digits,
        tries = profile.pin.tries
    )
    .into_owned()
}

fn dedicated_file(df: &DedicatedFile, lang: Lang) -> String {
    let locale = lang.locale();
    let title = lang.pick(&df.zh, &df.en);
    let mut text = format!("{}  {} {:04X}  {title}", df.id, df.kind.name(), df.fid);
    if !df.name.is_empty() {
        text.push_str(&format!("  {}", hex_upper(&df.name)));
    }
    text.push('\n');
    if !df.keys.is_empty() || !df.pins.is_empty() {
        let mut table = Table::new(&[
            t!("profile_verbs.key", locale = locale).into_owned(),
            "P2".into(),
            "PSAM".into(),
            "HSM".into(),
            t!("profile_verbs.level", locale = locale).into_owned(),
            format!(">{}", t!("profile_verbs.versions", locale = locale)),
            t!("profile_verbs.purpose", locale = locale).into_owned(),
        ]);
        for key in &df.keys {
            let index = key.index.map(|index| format!("#{index}")).unwrap_or_default();
            table.row(vec![
                format!("{}{index}", key.name),
                format!("{:02X}", key.id),
                words::psam(key.psam),
                words::hsm(key.hsm),
                key.level.name().into(),
                key.versions.to_string(),
                lang.pick(&key.zh, &key.en).into(),
            ]);
        }
        for pin in &df.pins {
            let purpose = lang.pick(&pin.zh, &pin.en).to_owned();
            let id = format!("{:02X}", pin.id);
            let empty = String::new;
            table.row(vec![pin.name.clone(), id, empty(), empty(), empty(), empty(), purpose]);
        }
        text.push_str(&indent(&table.to_string(), 2));
    }
    for file in &df.files {
        text.push_str(&elementary_file(df, file, lang));
    }
    text
}

fn elementary_file(df: &DedicatedFile, file: &ElementaryFile, lang: Lang) -> String {
    let mut text = t!(
        "profile_verbs.file",
        locale = lang.locale(),
        path = format!("{}/{}", df.id, file.name()),
        title = lang.pick(&file.zh, &file.en),
        structure = words::structure(file),
        class = file.class.name(),
        read = file.read,
        update = file.update
    )
    .into_owned();
    text = format!("\n{}", indent(&text, 2));
    let mut table = Table::plain(5);
    for (number, element) in numbered(file) {
        row(&mut table, &number, element, "", lang);
        for inner in &element.inner {
            row(&mut table, "", inner, "> ", lang);
        }
    }
    text.push_str(&indent(&table.to_string(), 4));
    text
}

fn row(table: &mut Table, number: &str, element: &Element, mark: &str, lang: Lang) {
    table.row(vec![
        number.to_owned(),
        element.tag.map(|tag| format!("{mark}{tag:02X}")).unwrap_or_default(),
        words::format(element),
        lang.pick(&element.zh, &element.en).to_owned(),
        element.codes.clone().unwrap_or_default(),
    ]);
}

/// Elements with their record numbers; an optional one in brackets.
fn numbered(file: &ElementaryFile) -> Vec<(String, &Element)> {
    let mut next = 1;
    let mut list = Vec::with_capacity(file.elements.len());
    for element in &file.elements {
        let number = match (file.is_linear(), element.optional, element.repeat) {
            (false, _, _) => "+".to_owned(),
            (true, true, _) => format!("({next})"),
            (true, false, 1) => next.to_string(),
            (true, false, repeat) => format!("{next}–{}", next + u32::from(repeat) - 1),
        };
        if file.is_linear() && !element.optional {
            next += u32::from(element.repeat);
        }
        list.push((number, element));
    }
    list
}

fn indent(text: &str, by: usize) -> String {
    let spaces = " ".repeat(by);
    text.lines().map(|line| format!("{spaces}{line}\n")).collect()
}

fn view(profile: &Profile) -> Value {
    let files = profile.depth_first().into_iter();
    let files = files.filter_map(|index| profile.dedicated_files.get(index));
    json!({
        "name": profile.name,
        "title": profile.en,
        "title_zh": profile.zh,
        "generation": profile.generation,
        "specification_version": profile.specification_version,
        "algorithm": profile.algorithm.name(),
        "contact": hex_upper(&profile.reset.contact),
        "contactless": profile.reset.contactless.as_deref().map(hex_upper),
        "pin": { "min_digits": profile.pin.min_digits, "max_digits": profile.pin.max_digits, "tries": profile.pin.tries },
        "dedicated_files": files.map(|df| view_dedicated(profile, df)).collect::<Vec<_>>(),
    })
}

fn view_dedicated(profile: &Profile, df: &DedicatedFile) -> Value {
    let parent = df.parent.and_then(|parent| profile.dedicated_files.get(parent));
    let keys = df.keys.iter().map(|key| {
        json!({
            "name": key.name,
            "index": key.index,
            "id": format!("{:02X}", key.id),
            "role": key.role.name(),
            "psam": key.psam.map(|psam| words::psam(Some(psam))),
            "hsm": key.hsm.map(|hsm| words::hsm(Some(hsm))),
            "level": key.level.name(),
            "versions": key.versions,
            "length": key.length,
            "tries": key.tries,
            "purpose": key.en,
            "purpose_zh": key.zh,
        })
    });
    let pins = df.pins.iter().map(|pin| {
        json!({
            "name": pin.name,
            "id": format!("{:02X}", pin.id),
            "tries": pin.tries,
            "purpose": pin.en,
            "purpose_zh": pin.zh,
        })
    });
    json!({
        "id": df.id,
        "kind": df.kind.name(),
        "parent": parent.map(|parent| &parent.id),
        "fid": format!("{:04X}", df.fid),
        "name": hex_upper(&df.name),
        "label": df.label,
        "title": df.en,
        "title_zh": df.zh,
        "keys": keys.collect::<Vec<_>>(),
        "pins": pins.collect::<Vec<_>>(),
        "files": df.files.iter().map(|file| view_file(df, file)).collect::<Vec<_>>(),
    })
}

fn view_file(df: &DedicatedFile, file: &ElementaryFile) -> Value {
    let elements = numbered(file).into_iter().map(|(number, element)| {
        let mut view = view_element(element);
        view["number"] = json!(number);
        view
    });
    json!({
        "path": format!("{}/{}", df.id, file.name()),
        "sfi": format!("{:02X}", file.sfi),
        "title": file.en,
        "title_zh": file.zh,
        "class": file.class.name(),
        "structure": words::structure(file),
        "size": file.size(),
        "read": file.read.to_string(),
        "update": file.update.to_string(),
        "elements": elements.collect::<Vec<_>>(),
    })
}

fn view_element(element: &Element) -> Value {
    json!({
        "tag": element.tag.map(|tag| format!("{tag:02X}")),
        "name": element.en,
        "name_zh": element.zh,
        "format": words::format(element),
        "length": element.length,
        "repeat": element.repeat,
        "optional": element.optional,
        "codes": element.codes,
        "example": element.example,
        "inner": element.inner.iter().map(view_element).collect::<Vec<_>>(),
    })
}

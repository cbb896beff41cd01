//! Things of a profile for which a template makes cases.

use super::format::{Each, Kind};
use card_model::profile::{Access, DedicatedFile, ElementaryFile, KeyDefinition, Profile, Structure};
use std::collections::BTreeMap;

/// Values of `$NAME`, and the end of the identifier.
pub(super) struct Binding {
    pub suffix: String,
    pub values: BTreeMap<String, String>,
}

/// One binding for each thing that is selected.
pub(super) fn bindings(each: &Each, profile: &Profile) -> Vec<Binding> {
    let dfs = || profile.dedicated_files.iter().filter(|df| listed(&each.df, &df.id));
    match each.of {
        Kind::Dfs => dfs()
            .filter(|df| listed(&each.kind, df.kind.name()))
            .map(|df| binding(&df.id, [("DF", df.id.clone())]))
            .collect(),
        Kind::Files => dfs()
            .flat_map(|df| df.files.iter().map(move |file| (df, file)))
            .filter(|(_, file)| wanted(each, file))
            .map(|(df, file)| {
                let path = format!("{}/{}", df.id, file.name());
                binding(&path, of_file(df, file))
            })
            .collect(),
        Kind::Elements => dfs()
            .flat_map(|df| df.files.iter().map(move |file| (df, file)))
            .filter(|(_, file)| wanted(each, file))
            .flat_map(|(df, file)| elements(df, file))
            .collect(),
        Kind::Keys => dfs()
            .flat_map(|df| df.keys.iter().map(move |key| (df, key)))
            .filter(|(_, key)| listed(&each.role, key.role.name()))
            .filter(|(_, key)| each.versions.is_none_or(|least| key.versions >= least))
            .map(|(df, key)| {
                let name = key_name(key);
                binding(&name, [("DF", df.id.clone()), ("KEY", name.clone())])
            })
            .collect(),
    }
}

fn binding(suffix: &str, values: impl IntoIterator<Item = (&'static str, String)>) -> Binding {
    Binding {
        suffix: suffix.to_owned(),
        values: values
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect(),
    }
}

fn listed(list: &[String], name: &str) -> bool {
    list.is_empty() || list.iter().any(|one| one == name)
}

fn wanted(each: &Each, file: &ElementaryFile) -> bool {
    let internal = matches!(file.structure, Structure::Internal { .. });
    let is = |wanted: Option<bool>, is: bool| wanted.is_none_or(|wanted| wanted == is);
    listed(&each.structure, file.structure.name())
        && listed(&each.class, file.class.name())
        && is(each.sfi, file.sfi != 0)
        && is(each.readable, !internal && !file.read.is_never())
        && is(
            each.updatable,
            !internal && !file.update.is_never() && file.key_pair.is_none(),
        )
        && is(each.free, !internal && file.read.is_free())
}

fn of_file(df: &DedicatedFile, file: &ElementaryFile) -> Vec<(&'static str, String)> {
    vec![
        ("DF", df.id.clone()),
        ("FILE", format!("{}/{}", df.id, file.name())),
        ("OPEN", opening(&file.read)),
        ("WRITE", opening(&file.update)),
        ("LAST", format!("{:02X}", file.record_count())),
        ("BEYOND", format!("{:02X}", file.record_count().saturating_add(1))),
        ("SIZE", format!("{:04X}", file.size())),
        ("LASTBYTE", format!("{:04X}", file.size().saturating_sub(1))),
        ("ADDRESS", format!("{}{}", df.id, file.name())),
        ("TAGS", tags(file)),
        ("BYKEY", typed(&file.read, false)),
        ("BYPIN", typed(&file.read, true)),
        ("TOWRITE", typed(&file.update, false)),
    ]
}

/// The items of pFileAddr that name all records of a linear file, each with its `|`.
fn tags(file: &ElementaryFile) -> String {
    file.records()
        .filter_map(|record| {
            let tag = record.element.tag?;
            Some(match record.occurrence {
                1 => format!("{tag:02X}|"),
                occurrence => format!("{tag:02X}:{occurrence}|"),
            })
        })
        .collect()
}

/// What the holder types where a driver meets a condition: where it says "PIN or key", the caller decides.
fn typed(access: &Access, by_pin: bool) -> String {
    let wanted = access.terms.iter().find(|term| term.pin == by_pin);
    let pin = wanted.or(access.terms.first()).is_some_and(|term| term.pin) && !access.is_free();
    if pin { "{pin}".to_owned() } else { String::new() }
}

fn elements(df: &DedicatedFile, file: &ElementaryFile) -> Vec<Binding> {
    let path = format!("{}/{}", df.id, file.name());
    file.records()
        .filter_map(|record| {
            let tag = record.element.tag?;
            let occurrence = match record.element.repeat {
                1 => String::new(),
                _ => format!(":{}", record.occurrence),
            };
            let element = format!("{path}/{tag:02X}{occurrence}");
            let mut values = of_file(df, file);
            values.push(("ELEMENT", element.clone()));
            values.push(("NUMBER", format!("{:02X}", record.number)));
            values.push(("OCCURRENCE", record.occurrence.to_string()));
            Some(binding(&element, values))
        })
        .collect()
}

/// The routines that satisfy a condition in the current dedicated file of a card: the first alternative, which is the one
/// that the table of the standard names first.
pub(super) fn opening(access: &Access) -> String {
    let Some(term) = access
        .terms
        .iter()
        .find(|term| term.pin || !term.keys.is_empty())
        .filter(|_| !access.is_free())
    else {
        return String::new();
    };
    let mut calls: Vec<String> = Vec::new();
    if term.pin {
        calls.push("verify".to_owned());
    }
    for key in &term.keys {
        calls.push(format!("prove {key}"));
    }
    calls.join("; ")
}

/// Name of a key as transcripts write it.
pub(super) fn key_name(key: &KeyDefinition) -> String {
    match key.index {
        None => key.name.clone(),
        Some(index) => format!("{}#{index}", key.name),
    }
}

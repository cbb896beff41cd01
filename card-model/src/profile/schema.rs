//! The grammar of a profile file as a table, so that every wrong field and every wrong type is told at once, each with its
//! line. Serde, which reads the file afterwards, stops at the first.

use crate::profile::error::{Fault, ProfileError};
use crate::profile::overlay::Source;
use crate::profile::rule::Wanted;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// What may stand behind a field.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Text,
    /// An integer up to this value.
    Number(u32),
    Switch,
    /// A text, or a list of texts.
    Names,
    /// A list of numbers up to this value.
    Numbers(u32),
    /// A table.
    Table(Fields),
    /// A list of tables.
    Tables(Fields),
}

/// Fields of a table.
type Fields = &'static [(&'static str, Kind)];

const BYTE: Kind = Kind::Number(u8::MAX as u32);
const SHORT: Kind = Kind::Number(u16::MAX as u32);
const LONG: Kind = Kind::Number(u32::MAX);

const PROFILE: Fields = &[
    ("extends", Kind::Names),
    ("name", Kind::Text),
    ("zh", Kind::Text),
    ("en", Kind::Text),
    ("generation", BYTE),
    ("specification_version", Kind::Text),
    ("algorithm", Kind::Text),
    ("reset", Kind::Table(RESET)),
    ("pin", Kind::Table(PIN)),
    ("os", Kind::Table(OS)),
    ("remove", Kind::Names),
    ("df", Kind::Tables(DEDICATED_FILE)),
];
const RESET: Fields = &[
    ("contact", Kind::Text),
    ("contactless", Kind::Text),
    ("maker", Kind::Text),
];
const PIN: Fields = &[("min_digits", BYTE), ("max_digits", BYTE), ("tries", BYTE)];
const OS: Fields = &[
    ("key_tries", BYTE),
    ("memory", LONG),
    ("test_transport_key", Kind::Text),
];
const DEDICATED_FILE: Fields = &[
    ("id", Kind::Text),
    ("kind", Kind::Text),
    ("parent", Kind::Text),
    ("fid", SHORT),
    ("name", Kind::Text),
    ("label", Kind::Text),
    ("zh", Kind::Text),
    ("en", Kind::Text),
    ("directory_sfi", BYTE),
    ("announces_algorithm", Kind::Switch),
    ("has_pin", Kind::Switch),
    ("remove_keys", Kind::Names),
    ("keys", Kind::Tables(KEY)),
    ("pins", Kind::Tables(PIN_DEFINITION)),
    ("remove_files", Kind::Numbers(u16::MAX as u32)),
    ("ef", Kind::Tables(ELEMENTARY_FILE)),
];
const KEY: Fields = &[
    ("name", Kind::Text),
    ("id", BYTE),
    ("index", BYTE),
    ("role", Kind::Text),
    ("psam", Kind::Numbers(u8::MAX as u32)),
    ("hsm", SHORT),
    ("level", Kind::Text),
    ("versions", BYTE),
    ("length", BYTE),
    ("tries", BYTE),
    ("zh", Kind::Text),
    ("en", Kind::Text),
];
const PIN_DEFINITION: Fields = &[
    ("name", Kind::Text),
    ("role", Kind::Text),
    ("id", BYTE),
    ("tries", BYTE),
    ("zh", Kind::Text),
    ("en", Kind::Text),
];
const ELEMENTARY_FILE: Fields = &[
    ("fid", SHORT),
    ("sfi", BYTE),
    ("zh", Kind::Text),
    ("en", Kind::Text),
    ("class", Kind::Text),
    ("structure", Kind::Text),
    ("records", BYTE),
    ("size", SHORT),
    ("read", Kind::Text),
    ("update", Kind::Text),
    ("key_pair", Kind::Text),
    ("certificate_of", Kind::Text),
    ("elements", Kind::Tables(ELEMENT)),
    ("remove_elements", Kind::Numbers(u8::MAX as u32)),
    ("change_elements", Kind::Tables(ELEMENT)),
];
const ELEMENT: Fields = &[
    ("tag", BYTE),
    ("an", SHORT),
    ("cn", SHORT),
    ("b", SHORT),
    ("tlv", SHORT),
    ("zh", Kind::Text),
    ("en", Kind::Text),
    ("is", Kind::Text),
    ("codes", Kind::Text),
    ("parts", Kind::Tables(PART)),
    ("repeat", BYTE),
    ("optional", Kind::Switch),
    ("example", Kind::Text),
    ("reused", Kind::Table(REUSED)),
    ("inner", Kind::Tables(INNER)),
];
/// An element inside a B-TLV: the same fields; what may not stand there is told with the rule it breaks.
const INNER: Fields = &[
    ("tag", BYTE),
    ("an", SHORT),
    ("cn", SHORT),
    ("b", SHORT),
    ("tlv", SHORT),
    ("zh", Kind::Text),
    ("en", Kind::Text),
    ("is", Kind::Text),
    ("codes", Kind::Text),
    ("parts", Kind::Tables(PART)),
    ("repeat", BYTE),
    ("optional", Kind::Switch),
    ("example", Kind::Text),
    ("inner", Kind::Tables(&[])),
];
const PART: Fields = &[
    ("zh", Kind::Text),
    ("en", Kind::Text),
    ("length", BYTE),
    ("codes", Kind::Text),
];
const REUSED: Fields = &[("with", BYTE), ("an", SHORT), ("cn", SHORT), ("b", SHORT)];

/// Fields without which a table cannot be matched with the base: told here, as serde would stop at them.
const NEEDED: &[(&str, &[&str])] = &[
    ("df", &["id"]),
    ("keys", &["name"]),
    ("pins", &["name"]),
    ("ef", &["fid"]),
    ("parts", &["zh", "en", "length", "codes"]),
];

/// All that is wrong with the form of a profile file: TOML itself, unknown fields, wrong types.
pub(super) fn faults(text: &str, file: &str) -> Vec<ProfileError> {
    let source = Source::new(0, text);
    let mut found = Walk {
        file,
        source: &source,
        faults: Vec::new(),
    };
    let (table, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        let offset = error.span().map_or(0, |span| span.start);
        found.push(offset, "", Fault::Syntax(error.message().to_owned()));
    }
    // What follows a broken line is read as it can be; its faults would be guesses.
    if found.faults.is_empty() {
        found.table(table.get_ref(), PROFILE, "");
    }
    found.faults.sort_by_key(|error| error.line);
    found.faults
}

struct Walk<'a> {
    file: &'a str,
    source: &'a Source<'a>,
    faults: Vec<ProfileError>,
}

impl Walk<'_> {
    fn push(&mut self, offset: usize, path: &str, fault: Fault) {
        self.faults.push(ProfileError {
            file: self.file.to_owned(),
            line: self.source.place(offset).line,
            path: path.to_owned(),
            fault,
        });
    }

    fn table(&mut self, table: &DeTable<'_>, fields: Fields, path: &str) {
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            let Some((field, kind)) = fields.iter().find(|(field, _)| *field == name) else {
                let fault = Fault::UnknownField {
                    name: name.to_owned(),
                    known: fields.iter().map(|(field, _)| *field).collect(),
                };
                self.push(key.span().start, path, fault);
                continue;
            };
            self.value(value, field, *kind, path);
        }
    }

    fn value(&mut self, value: &Spanned<DeValue<'_>>, field: &'static str, kind: Kind, path: &str) {
        let at = value.span().start;
        let mut wrong = |wanted| {
            self.push(at, path, Fault::WrongType { field, wanted });
        };
        match (kind, value.get_ref()) {
            (Kind::Text | Kind::Names, DeValue::String(_)) | (Kind::Switch, DeValue::Boolean(_)) => {}
            (Kind::Text, _) => wrong(Wanted::Text),
            (Kind::Switch, _) => wrong(Wanted::Switch),
            (Kind::Number(most), DeValue::Integer(_)) => self.number(value, field, most, path),
            (Kind::Number(_), _) => wrong(Wanted::Number),
            (Kind::Names, DeValue::Array(list)) => {
                for item in list.iter().filter(|item| !matches!(item.get_ref(), DeValue::String(_))) {
                    let fault = Fault::WrongType {
                        field,
                        wanted: Wanted::Text,
                    };
                    self.push(item.span().start, path, fault);
                }
            }
            (Kind::Names, _) => wrong(Wanted::Text),
            (Kind::Numbers(most), DeValue::Array(list)) => {
                for item in list {
                    self.number(item, field, most, path);
                }
                if field == "psam" && list.len() != 2 {
                    let wanted = Wanted::TwoNumbers;
                    self.push(at, path, Fault::WrongType { field, wanted });
                }
            }
            (Kind::Numbers(_), _) => wrong(Wanted::Numbers),
            (Kind::Table(fields), DeValue::Table(table)) => self.table(table, fields, path),
            (Kind::Table(_), _) => wrong(Wanted::Table),
            (Kind::Tables(fields), DeValue::Array(list)) => {
                for item in list {
                    let DeValue::Table(table) = item.get_ref() else {
                        let wanted = Wanted::Table;
                        self.push(item.span().start, path, Fault::WrongType { field, wanted });
                        continue;
                    };
                    let path = below(path, field, table);
                    let needed = NEEDED.iter().find(|(list, _)| *list == field);
                    for name in needed.map_or(&[][..], |(_, names)| names) {
                        if !table.iter().any(|(key, _)| key.get_ref() == name) {
                            self.push(item.span().start, &path, Fault::Missing(name));
                        }
                    }
                    self.table(table, fields, &path);
                }
            }
            (Kind::Tables(_), _) => wrong(Wanted::Tables),
        }
    }

    fn number(&mut self, value: &Spanned<DeValue<'_>>, field: &'static str, most: u32, path: &str) {
        let at = value.span().start;
        let number = match value.get_ref() {
            DeValue::Integer(integer) => i64::from_str_radix(&integer.as_str().replace('_', ""), integer.radix()).ok(),
            _ => {
                let wanted = Wanted::Number;
                return self.push(at, path, Fault::WrongType { field, wanted });
            }
        };
        if !number.is_some_and(|number| (0..=i64::from(most)).contains(&number)) {
            let value = number.and_then(|number| u32::try_from(number).ok()).unwrap_or(u32::MAX);
            let fault = Fault::Range {
                field,
                value,
                least: 0,
                most,
            };
            self.push(at, path, fault);
        }
    }
}

/// Path of a table in a list, as far as it names itself: `DF01`, `DF01/EF0C`, `DF01/EF0C/E8`, `SSSE/UKEF0D`.
fn below(path: &str, field: &str, table: &DeTable<'_>) -> String {
    let text = |name: &str| {
        table
            .iter()
            .find(|(key, _)| key.get_ref() == name)
            .and_then(|(_, value)| match value.get_ref() {
                DeValue::String(text) => Some(text.to_string()),
                DeValue::Integer(integer) => u32::from_str_radix(integer.as_str(), integer.radix())
                    .ok()
                    .map(|number| format!("{number:02X}")),
                _ => None,
            })
    };
    let name = match field {
        "df" => text("id"),
        "keys" | "pins" => text("name"),
        "ef" => text("fid"),
        "elements" | "change_elements" | "inner" => text("tag"),
        _ => None,
    };
    match name {
        Some(name) if path.is_empty() => name,
        Some(name) => format!("{path}/{name}"),
        None => path.to_owned(),
    }
}

//! `ssc profile diff`: what differs between two card versions, in words.

use super::{named, words};
use crate::args::ProfileDiff;
use crate::connect::Desk;
use crate::failure::Failure;
use crate::output::Report;
use card_model::profile::{DedicatedFile, Element, ElementaryFile, KeyDefinition, PinDefinition, Profile};
use card_model::words::Lang;
use rust_i18n::t;
use serde_json::{Value, json};

/// One difference: where, what, and how it is in both.
struct Difference {
    path: String,
    /// Key of the words for what differs.
    what: &'static str,
    /// As the first has it; `None`: it has not.
    a: Option<String>,
    /// As the second has it.
    b: Option<String>,
}

/// Compares.
pub fn run(it: &ProfileDiff, desk: &Desk) -> Result<Report, Failure> {
    let lang = desk.output.lang;
    let locale = lang.locale();
    let (a, b) = (named(&it.a, desk)?, named(&it.b, desk)?);
    let differences = compare(&a, &b, lang);
    let mut lines: Vec<String> = differences
        .iter()
        .map(|one| one.words(&a.name, &b.name, lang))
        .collect();
    if lines.is_empty() {
        lines.push(t!("profile_verbs.equal", locale = locale, a = a.name, b = b.name).into_owned());
    }
    let list: Vec<Value> = differences
        .iter()
        .map(|one| {
            json!({
                "path": one.path,
                "what": one.what,
                "a": one.a,
                "b": one.b,
                "text": one.words(&a.name, &b.name, lang),
            })
        })
        .collect();
    let json = json!({ "a": a.name, "b": b.name, "equal": list.is_empty(), "differences": list });
    Ok(Report::new(json, lines.join("\n")))
}

impl Difference {
    fn words(&self, a: &str, b: &str, lang: Lang) -> String {
        let locale = lang.locale();
        let key = format!("profile_verbs.what.{}", self.what);
        let what = t!(&key, locale = locale);
        let text = match (&self.a, &self.b) {
            (Some(value), None) => t!(
                "profile_verbs.only",
                locale = locale,
                what = what,
                value = value,
                name = a
            ),
            (None, Some(value)) => t!(
                "profile_verbs.only",
                locale = locale,
                what = what,
                value = value,
                name = b
            ),
            (first, second) => {
                let shown = |value: &Option<String>| value.clone().unwrap_or_else(|| "–".to_owned());
                t!(
                    "profile_verbs.changed",
                    locale = locale,
                    what = what,
                    a = shown(first),
                    b = shown(second)
                )
            }
        };
        match self.path.is_empty() {
            true => text.into_owned(),
            false => format!("{}{}{text}", self.path, lang.pick("：", ": ")),
        }
    }
}

/// Collects differences.
struct Found {
    list: Vec<Difference>,
    lang: Lang,
}

impl Found {
    fn value(&mut self, path: &str, what: &'static str, a: impl ToString, b: impl ToString) {
        let (a, b) = (a.to_string(), b.to_string());
        if a != b {
            self.list.push(Difference {
                path: path.to_owned(),
                what,
                a: Some(a),
                b: Some(b),
            });
        }
    }

    fn missing(&mut self, path: &str, what: &'static str, a: Option<String>, b: Option<String>) {
        let path = path.to_owned();
        self.list.push(Difference { path, what, a, b });
    }
}

fn compare(a: &Profile, b: &Profile, lang: Lang) -> Vec<Difference> {
    let mut found = Found { list: Vec::new(), lang };
    found.value("", "generation", a.generation, b.generation);
    found.value("", "version", &a.specification_version, &b.specification_version);
    found.value("", "algorithm", a.algorithm.name(), b.algorithm.name());
    found.value(
        "",
        "contact",
        hex::encode_upper(&a.reset.contact),
        hex::encode_upper(&b.reset.contact),
    );
    let antenna = |profile: &Profile| {
        let ats = profile.reset.contactless.as_deref();
        ats.map_or_else(|| "–".to_owned(), hex::encode_upper)
    };
    found.value("", "contactless", antenna(a), antenna(b));
    let pin = |p: &Profile| format!("{}–{}, {}", p.pin.min_digits, p.pin.max_digits, p.pin.tries);
    found.value("", "pin", pin(a), pin(b));
    found.value("", "memory", a.os.memory, b.os.memory);
    for df in &a.dedicated_files {
        match b.dedicated_file(&df.id) {
            Some(other) => dedicated_file(&mut found, df, other),
            None => found.missing(&df.id, "dedicated_file", Some(title(df, lang)), None),
        }
    }
    for df in b.dedicated_files.iter().filter(|df| a.dedicated_file(&df.id).is_none()) {
        found.missing(&df.id, "dedicated_file", None, Some(title(df, lang)));
    }
    found.list
}

fn title(df: &DedicatedFile, lang: Lang) -> String {
    lang.pick(&df.zh, &df.en).to_owned()
}

fn dedicated_file(found: &mut Found, a: &DedicatedFile, b: &DedicatedFile) {
    let lang = found.lang;
    let path = a.id.as_str();
    found.value(path, "title", title(a, lang), title(b, lang));
    found.value(path, "fid", format!("{:04X}", a.fid), format!("{:04X}", b.fid));
    found.value(path, "name", hex::encode_upper(&a.name), hex::encode_upper(&b.name));
    let sfi = |df: &DedicatedFile| {
        df.directory_sfi
            .map_or_else(|| "–".to_owned(), |sfi| format!("{sfi:02X}"))
    };
    found.value(path, "directory", sfi(a), sfi(b));
    let announces = |df: &DedicatedFile| match df.announces_algorithm {
        true => lang.pick("是", "yes"),
        false => lang.pick("否", "no"),
    };
    found.value(path, "announces", announces(a), announces(b));
    let key_of = |df: &'_ DedicatedFile, key: &KeyDefinition| {
        df.keys
            .iter()
            .find(|other| other.name == key.name && other.index == key.index)
            .cloned()
    };
    for key in &a.keys {
        let at = key_path(path, key);
        match key_of(b, key) {
            Some(other) => keys(found, &at, key, &other),
            None => found.missing(&at, "key", Some(lang.pick(&key.zh, &key.en).to_owned()), None),
        }
    }
    for key in b.keys.iter().filter(|key| key_of(a, key).is_none()) {
        let purpose = lang.pick(&key.zh, &key.en).to_owned();
        found.missing(&key_path(path, key), "key", None, Some(purpose));
    }
    let pin_of = |df: &DedicatedFile, pin: &PinDefinition| df.pins.iter().any(|other| other.name == pin.name);
    for pin in a.pins.iter().filter(|pin| !pin_of(b, pin)) {
        found.missing(
            &format!("{path}/{}", pin.name),
            "pin_definition",
            Some(pin.name.clone()),
            None,
        );
    }
    for pin in b.pins.iter().filter(|pin| !pin_of(a, pin)) {
        found.missing(
            &format!("{path}/{}", pin.name),
            "pin_definition",
            None,
            Some(pin.name.clone()),
        );
    }
    for file in &a.files {
        let at = format!("{path}/{}", file.name());
        match b.file(file.fid) {
            Some(other) => elementary_file(found, &at, file, other),
            None => found.missing(&at, "file", Some(lang.pick(&file.zh, &file.en).to_owned()), None),
        }
    }
    for file in b.files.iter().filter(|file| a.file(file.fid).is_none()) {
        let at = format!("{path}/{}", file.name());
        found.missing(&at, "file", None, Some(lang.pick(&file.zh, &file.en).to_owned()));
    }
}

fn key_path(path: &str, key: &KeyDefinition) -> String {
    let index = key.index.map(|index| format!("#{index}")).unwrap_or_default();
    format!("{path}/{}{index}", key.name)
}

fn keys(found: &mut Found, path: &str, a: &KeyDefinition, b: &KeyDefinition) {
    let lang = found.lang;
    found.value(path, "key_id", format!("{:02X}", a.id), format!("{:02X}", b.id));
    found.value(path, "role", a.role.name(), b.role.name());
    found.value(path, "psam", words::psam(a.psam), words::psam(b.psam));
    found.value(path, "hsm", words::hsm(a.hsm), words::hsm(b.hsm));
    found.value(path, "level", a.level.name(), b.level.name());
    found.value(path, "versions", a.versions, b.versions);
    found.value(path, "key_length", a.length, b.length);
    let tries = |key: &KeyDefinition| key.tries.map_or_else(|| "–".to_owned(), |tries| tries.to_string());
    found.value(path, "tries", tries(a), tries(b));
    found.value(path, "purpose", lang.pick(&a.zh, &a.en), lang.pick(&b.zh, &b.en));
}

fn elementary_file(found: &mut Found, path: &str, a: &ElementaryFile, b: &ElementaryFile) {
    let lang = found.lang;
    found.value(path, "title", lang.pick(&a.zh, &a.en), lang.pick(&b.zh, &b.en));
    found.value(path, "structure", words::structure(a), words::structure(b));
    found.value(path, "class", a.class.name(), b.class.name());
    found.value(path, "read", &a.read, &b.read);
    found.value(path, "update", &a.update, &b.update);
    found.value(path, "records", a.record_count(), b.record_count());
    let lists = (&a.elements[..], &b.elements[..]);
    elements(found, path, lists, &|element| {
        let of = |file: &ElementaryFile| element.tag.and_then(|tag| file.record_number(tag));
        (of(a), of(b))
    });
}

/// Record numbers of an element in both files.
type Numbers<'n> = &'n dyn Fn(&Element) -> (Option<u8>, Option<u8>);

/// Elements by tag; those of cyclic and transparent files by their place.
fn elements(found: &mut Found, path: &str, (a, b): (&[Element], &[Element]), numbers: Numbers<'_>) {
    let lang = found.lang;
    let find = |list: &'_ [Element], other: &Element, place: usize| -> Option<Element> {
        match other.tag {
            Some(tag) => list.iter().find(|element| element.tag == Some(tag)).cloned(),
            None => list.get(place).cloned(),
        }
    };
    let at = |element: &Element, place: usize| match element.tag {
        Some(tag) => format!("{path}/{tag:02X}"),
        None => format!("{path}/+{}", place + 1),
    };
    let shown = |element: &Element| format!("{} {}", lang.pick(&element.zh, &element.en), words::format(element));
    for (place, element) in a.iter().enumerate() {
        let here = at(element, place);
        let Some(other) = find(b, element, place) else {
            found.missing(&here, "element", Some(shown(element)), None);
            continue;
        };
        found.value(&here, "element", shown(element), shown(&other));
        if let (Some(first), Some(second)) = numbers(element) {
            found.value(&here, "record_number", first, second);
        }
        found.value(&here, "repeat", element.repeat, other.repeat);
        let codes = |element: &Element| element.codes.clone().unwrap_or_else(|| "–".to_owned());
        found.value(&here, "codes", codes(element), codes(&other));
        let lists = (&element.inner[..], &other.inner[..]);
        elements(found, &here, lists, &|_| (None, None));
    }
    for (place, element) in b.iter().enumerate() {
        if find(a, element, place).is_none() {
            found.missing(&at(element, place), "element", None, Some(shown(element)));
        }
    }
}

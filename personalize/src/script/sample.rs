//! A holder made of the examples that stand in the profile.

use card_model::profile::{Element, ElementaryFile, FileClass, Profile, Structure};

/// A holders file with one row: every element of every file that is written at issuing and has an example, by its path. The
/// issuer data are left out, as issuing fills them.
pub fn sample_table(profile: &Profile) -> String {
    let mut columns: Vec<(String, String)> = Vec::new();
    for (df, file) in profile.files() {
        let path = format!("{}/{}", df.id, file.name());
        let issued = path == reader::wellknown::ISSUER_FILE;
        if issued || file.class == FileClass::System || file.update.is_never() {
            continue;
        }
        match file.structure {
            Structure::LinearVariable | Structure::LinearFixed => {
                for element in file.elements.iter().filter(|element| !element.optional) {
                    add(&mut columns, &path, element);
                }
            }
            Structure::Cyclic { .. } => columns.extend(record(file).map(|record| (path, record))),
            Structure::Transparent { .. } | Structure::Internal { .. } => {}
        }
    }
    // Version 1.0 shows no examples of its own: the holder is that of the newest version.
    let newest = Profile::BUILTIN.first().and_then(|name| Profile::builtin(name).ok());
    if let Some(newest) = newest
        && !columns.iter().any(|(path, _)| path == reader::wellknown::NAME)
    {
        let holder = newest
            .locate(reader::wellknown::HOLDER_FILE)
            .map(|located| located.file);
        for element in holder.iter().flat_map(|file| &file.elements) {
            add(&mut columns, reader::wellknown::HOLDER_FILE, element);
        }
    }
    let line = |cells: Vec<&String>| {
        let quoted = cells
            .into_iter()
            .map(|cell| format!("\"{}\"", cell.replace('"', "\"\"")));
        quoted.collect::<Vec<_>>().join(",")
    };
    let header = line(columns.iter().map(|(path, _)| path).collect());
    let row = line(columns.iter().map(|(_, value)| value).collect());
    format!("{header}\n{row}\n")
}

/// The first record of an element, or what of its inner elements has an example.
fn add(columns: &mut Vec<(String, String)>, path: &str, element: &Element) {
    let Some(tag) = element.tag else { return };
    let path = match element.repeat {
        0 | 1 => format!("{path}/{tag:02X}"),
        _ => format!("{path}/{tag:02X}:1"),
    };
    columns.extend(element.example.clone().map(|example| (path.clone(), example)));
    for inner in &element.inner {
        let (Some(tag), Some(example)) = (inner.tag, &inner.example) else {
            continue;
        };
        columns.push((format!("{path}/{tag:02X}"), example.clone()));
    }
}

/// One record of a cyclic file, if all its fields have examples.
fn record(file: &ElementaryFile) -> Option<String> {
    let fields: Option<Vec<&str>> = file.elements.iter().map(|element| element.example.as_deref()).collect();
    fields.map(|fields| fields.join("^"))
}

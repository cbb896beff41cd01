//! §2.2, §3.2 and §1.5 of files.md: version 1.0.

use crate::sheet::{hex, rows, section, sheet, without_brackets};
use card_model::profile::{Element, ElementaryFile, Format, Profile, Structure};

fn profile() -> &'static Profile {
    Profile::builtin("1.0").unwrap_or_else(|error| panic!("{error}"))
}

fn file(path: &str) -> &'static ElementaryFile {
    profile().locate(path).unwrap_or_else(|error| panic!("{error}")).file
}

/// `SSSE EF05 ✓` → `SSSE/EF05`.
fn path(cell: &str) -> String {
    let mut words = cell.split_whitespace();
    format!("{}/{}", words.next().expect("DF"), words.next().expect("EF"))
}

/// Tags with format and length where the sheet gives them, in order: `` `84`+`85` 名称2 ``.
fn stated(item: &str) -> Vec<(u8, Option<Format>, Option<u32>)> {
    let parts: Vec<&str> = item.split('`').collect();
    let mut found = Vec::new();
    for pair in parts[1..].chunks(2) {
        let tag = u8::try_from(hex(pair[0])).expect("a byte");
        let mut words = pair.get(1).copied().unwrap_or("").split_whitespace().peekable();
        let format = match words.peek() {
            Some(&"an") => Some(Format::An),
            Some(&"cn") => Some(Format::Cn),
            Some(&"B-TLV") => Some(Format::Tlv),
            _ => None,
        };
        if format.is_some() {
            words.next();
        }
        let length = words.next().filter(|word| word.len() == 2 && word.is_ascii()).map(hex);
        found.push((tag, format, length));
    }
    // `40`, `41` B-TLV 34: what stands after the last holds for all.
    if let Some((_, format, length)) = found.last().copied()
        && item.split_once('`').is_some_and(|(_, rest)| rest.contains("`, `"))
    {
        for entry in &mut found {
            *entry = (entry.0, entry.1.or(format), entry.2.or(length));
        }
    }
    found
}

fn compare(path: &str, element: &Element, (tag, format, length): (u8, Option<Format>, Option<u32>)) {
    assert_eq!(element.tag, Some(tag), "{path}: order of tags");
    if let Some(format) = format {
        assert_eq!(element.format, format, "{path}/{tag:02X}: format");
    }
    if let Some(length) = length {
        assert_eq!(u32::from(element.length), length, "{path}/{tag:02X}: length");
    }
}

/// The Chinese name of an item with one tag, without remarks; `None` where the sheet has none or a doubtful one.
fn name(item: &str) -> Option<String> {
    let last = item.rsplit('`').next()?;
    let text = without_brackets(last.split('{').next()?);
    let words: Vec<&str> = text.split_whitespace().skip_while(|word| word.is_ascii()).collect();
    let name = words.first()?.trim_end_matches('?').to_owned();
    (item.matches('`').count() == 2 && !name.is_empty() && !name.is_ascii()).then_some(name)
}

#[test]
fn every_element_of_1_0() {
    let text = sheet("files.md");
    let (mut files, mut elements) = (0, 0);
    for row in rows(section(&text, "### 2.2 ", "**Re-using old cards")) {
        let path = path(&row[0]);
        let (file, cell) = (file(&path), &row[1]);
        files += 1;
        if cell.starts_with("as v2") || cell.contains("same fields as v2") {
            let later = Profile::builtin("2.0").unwrap_or_else(|error| panic!("{error}"));
            let later = later.locate(&path).unwrap_or_else(|error| panic!("{error}")).file;
            assert_eq!(file.elements, later.elements, "{path}");
            if let Some((records, length)) = cell.strip_prefix("cyclic ").and_then(|rest| rest.split_once("×0x")) {
                assert_eq!(
                    file.structure,
                    Structure::Cyclic {
                        records: records.parse().expect("records")
                    },
                    "{path}"
                );
                assert_eq!(file.record_length().map(u32::from), Some(hex(&length[..2])), "{path}");
            }
            continue;
        }
        if cell.starts_with("transparent 300") {
            assert_eq!(file.structure, Structure::Transparent { size: 0x300 }, "{path}");
            continue;
        }
        let fixed = cell.starts_with("3 fixed records of 6");
        assert_eq!(file.structure == Structure::LinearFixed, fixed, "{path}: structure");
        assert_eq!(file.record_length(), fixed.then_some(6), "{path}: record length");
        // Inner elements stand in braces, with the same separator.
        let mut outer = file.elements.iter();
        let mut rest = cell.as_str();
        while !rest.is_empty() {
            let brace = rest
                .find('{')
                .filter(|brace| rest.find(" · ").is_none_or(|dot| *brace < dot));
            let end = match brace {
                Some(brace) => rest[brace..].find('}').map(|i| brace + i + 1).expect("closing brace"),
                None => rest.find(" · ").unwrap_or(rest.len()),
            };
            let item = &rest[..end];
            rest = rest[end..].trim_start_matches(" · ").trim();
            let (head, inner) = item.split_once('{').unwrap_or((item, ""));
            if !head.contains('`') {
                continue;
            }
            for tag in stated(head) {
                let element = outer
                    .next()
                    .unwrap_or_else(|| panic!("{path}: the profile lacks {tag:02X?}"));
                compare(&path, element, tag);
                elements += 1;
                if let Some(name) = name(head) {
                    assert!(
                        element.zh.starts_with(&name),
                        "{path}: {} is {name} in the sheet",
                        element.zh
                    );
                }
                let inner: Vec<_> = inner.split(" · ").filter(|item| item.contains('`')).collect();
                assert_eq!(element.inner.len(), inner.len(), "{path}: inner elements");
                for (element, item) in element.inner.iter().zip(inner) {
                    compare(&path, element, stated(item)[0]);
                    elements += 1;
                }
            }
        }
        assert!(
            outer.next().is_none(),
            "{path}: the profile has more elements than the sheet"
        );
    }
    println!("1.0: {files} files, {elements} elements");
    assert!(
        files == 20 && elements >= 90,
        "{files} files, {elements} elements: the sheet was read wrongly"
    );
}

#[test]
fn every_condition_of_1_0() {
    let text = sheet("files.md");
    let mut compared = 0;
    for row in rows(section(&text, "### 3.2 ", "### 3.3 ")) {
        let rule = without_brackets_of_sources(&row[1]);
        if rule == "–" {
            continue;
        }
        let (read, update) = rule.split_once(" / ").expect("read / update");
        let (read, update) = (
            read.trim_start_matches("read ").trim(),
            update.trim_start_matches("update "),
        );
        let df = row[0].split(' ').next().expect("DF");
        let names: Vec<&str> = words(&row[0]).filter(|word| word.starts_with("EF")).collect();
        let keys: Vec<&str> = words(update).collect();
        for (i, ef) in names.iter().enumerate() {
            let key = keys[if keys.len() == 1 { 0 } else { i }];
            let full = |key: &str| {
                if key == "UKMF" {
                    key.to_owned()
                } else {
                    format!("{key}{df}")
                }
            };
            let update = if key == "forbidden" {
                "never".to_owned()
            } else {
                full(key)
            };
            let read = match read.rsplit_once(' ') {
                None => read.to_owned(),
                Some((rest, "UKn")) => format!("{rest} {}", full(key)),
                Some((rest, key)) => format!("{rest} {}", full(key)),
            };
            let file = file(&format!("{df}/{ef}"));
            assert_eq!(file.read.to_string(), read, "{df}/{ef}: read");
            assert_eq!(file.update.to_string(), update, "{df}/{ef}: update");
            compared += 1;
        }
    }
    assert_eq!(compared, 20, "files with a condition");
}

/// Annex C of STD-V2: the tags whose old records are reused with a mark, and those that follow a companion.
#[test]
fn every_reused_record_of_1_0() {
    let text = sheet("files.md");
    let annex = section(&text, "**Re-using old cards", "### 2.3 ");
    let list = |from: &str, to: &str| -> Vec<u8> {
        let rest = annex.split_once(from).expect("the annex").1;
        let list = rest.split_once(to).expect("the end of the list").0;
        list.split(',')
            .map(|tag| u8::try_from(hex(tag.trim())).expect("a byte"))
            .collect()
    };
    let mut marked = list("Applies to ", ";");
    let followers = list("did not change (", ")");
    let companions = list("follow their companion (", ")");
    let mut pairs: Vec<(u8, u8)> = followers.into_iter().zip(companions).collect();
    let (mut marking, mut following, mut halves) = (Vec::new(), Vec::new(), Vec::new());
    for (_, file) in profile().files() {
        for element in &file.elements {
            let (Some(tag), Some(reused)) = (element.tag, element.reused) else {
                continue;
            };
            match reused.with {
                None => marking.push(tag),
                // The second half of a text that was cut at 62 characters; the annex has the texts uncut.
                Some(other) if element.zh.contains("扩展") => halves.push((tag, other)),
                Some(other) => following.push((tag, other)),
            }
        }
    }
    for list in [&mut marked, &mut marking] {
        list.sort_unstable();
    }
    for list in [&mut pairs, &mut following, &mut halves] {
        list.sort_unstable();
    }
    assert_eq!(marking, marked);
    assert_eq!(following, pairs);
    assert_eq!(halves, [(0x82, 0x81), (0x85, 0x84), (0x88, 0x87), (0x95, 0x55)]);
    let permit = file("DF02/EF09").element(0x55).expect("there");
    assert_eq!(
        permit.reused.and_then(|reused| reused.form),
        Some((Format::Cn, 0x08)),
        "annex C: cn 08 in the record of 0A"
    );
}

/// Record numbers that differ between the versions (§9, trap 1).
#[test]
fn record_numbers_shift_between_versions() {
    let number = |version: &str, path: &str, tag| {
        let profile = Profile::builtin(version).unwrap_or_else(|error| panic!("{error}"));
        let located = profile.locate(path).unwrap_or_else(|error| panic!("{error}"));
        located.file.record_number(tag)
    };
    for (version, sex, records) in [("1.0", 3, 6), ("2.0", 4, 7), ("3.0", 4, 7)] {
        assert_eq!(number(version, "SSSE/EF06", 0x0A), Some(sex), "{version}");
        assert_eq!(number(version, "SSSE/EF06", 0x0D), Some(records), "{version}");
    }
    // Tag 60 of DF03/EF05 is optional since 2.0: without it all behind it move up by one.
    assert_eq!(number("1.0", "DF03/EF05", 0x98), Some(2));
    assert_eq!(number("2.0", "DF03/EF05", 0x98), Some(2));
    let second = Profile::builtin("2.0").unwrap_or_else(|error| panic!("{error}"));
    let file = second
        .locate("DF03/EF05")
        .unwrap_or_else(|error| panic!("{error}"))
        .file;
    let with = file.records_with(|_| true).find(|r| r.element.tag == Some(0x98));
    assert_eq!(with.map(|record| record.number), Some(3));
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
}

/// Without the remark `(STD-P6: …)`, but with `(UK4, UK5)`.
fn without_brackets_of_sources(text: &str) -> String {
    if text.contains("(STD-P6") {
        without_brackets(text).trim().to_owned()
    } else {
        text.to_owned()
    }
}

/// Sizes of the COS script for the files that the sheet marks as confirmed by them.
#[test]
fn sizes_of_the_script() {
    let text = sheet("files.md");
    let sizes = section(&text, "### 1.5 ", "## 2. ");
    let confirmed: Vec<String> = rows(section(&text, "### 2.2 ", "**Re-using old cards"))
        .iter()
        .filter(|row| row[0].contains('✓'))
        .map(|row| path(&row[0]))
        .collect();
    let mut compared = 0;
    for row in rows(sizes) {
        if row[0].contains("DIR") || row[0].contains("internal") {
            continue;
        }
        let df = row[0].split(' ').next().expect("DF");
        let mut names = Vec::new();
        for word in without_brackets(&row[0])
            .split([' ', '/'])
            .filter(|word| !word.is_empty() && *word != df)
        {
            names.push(if word.starts_with("EF") {
                word.to_owned()
            } else {
                format!("EF{word}")
            });
        }
        let values: Vec<&str> = row[2].split('/').map(str::trim).collect();
        for (i, ef) in names.iter().enumerate() {
            let path = format!("{df}/{ef}");
            if !confirmed.contains(&path) {
                continue;
            }
            let value = values[if values.len() == 1 { 0 } else { i }];
            match value.split_once('×') {
                Some((records, length)) => {
                    assert_eq!(u32::from(file(&path).record_count()), hex(records), "{path}: records");
                    assert_eq!(
                        file(&path).record_length().map(u32::from),
                        Some(hex(length)),
                        "{path}: record length"
                    );
                }
                None => assert_eq!(file(&path).size(), hex(value), "{path}: size"),
            }
            compared += 1;
        }
    }
    assert_eq!(compared, confirmed.len(), "confirmed files with a size in the script");
}

#[test]
fn what_1_0_does_not_have() {
    let profile = profile();
    assert!(profile.dedicated_file("DF07").is_none());
    assert!(profile.key("UKSSSE").is_none() && profile.key("RKSSSE").is_none());
    assert_eq!(
        profile.key("UKMF").map(|(df, key)| (df.id.as_str(), key.id)),
        Some(("SSSE", 0x04))
    );
    let environment = profile.dedicated_file("SSSE").expect("SSSE");
    assert_eq!(environment.directory_sfi, Some(0x0B));
    assert!(!environment.announces_algorithm);
    assert_eq!(profile.specification_version, "1.00");
    assert_eq!(profile.reset.contactless, None);
}

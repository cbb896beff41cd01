//! §2.1 of files.md: files, conditions, sizes and elements of versions 3.0 and 2.0.

use crate::sheet::{chinese_name, hex, rows, section, sheet};
use card_model::profile::{Element, ElementaryFile, FileClass, Format, Profile, Structure};

/// A file of the sheet.
struct Block<'a> {
    df: &'a str,
    ef: &'a str,
    zh: String,
    facts: &'a str,
    rows: Vec<Vec<String>>,
}

fn blocks(text: &str) -> Vec<Block<'_>> {
    let mut blocks = Vec::new();
    for part in section(text, "### 2.1 ", "### 2.2 ").split("\n#### ").skip(1) {
        let (title, body) = part.split_once('\n').expect("a block has lines");
        let (names, titles) = title.split_once(" — ").expect("DF EF — title");
        let (df, ef) = names.split_once(' ').expect("DF EF");
        let zh = titles.rsplit_once(" (").expect("Chinese (English)").0;
        let facts = body.lines().find(|line| !line.trim().is_empty()).expect("facts");
        blocks.push(Block {
            df,
            ef,
            zh: chinese_name(zh),
            facts,
            rows: rows(body),
        });
    }
    blocks
}

/// What stands between two marks.
fn between<'a>(text: &'a str, from: &str, to: &str) -> &'a str {
    let rest = text
        .split_once(from)
        .unwrap_or_else(|| panic!("no {from:?} in {text:?}"))
        .1;
    rest.split_once(to).map_or(rest, |(found, _)| found)
}

/// The condition of the sheet in the grammar of the profile, for a generation.
fn condition(text: &str, generation: u8) -> String {
    match text {
        "free (v1, v2); RKSSSE (v3)" => if generation == 3 { "RKSSSE" } else { "free" }.to_owned(),
        "RKSSSE (v1: free)" => "RKSSSE".to_owned(),
        "COS only (no external write)" => "never".to_owned(),
        "free (SRC-JSU: PIN)" => "free".to_owned(),
        _ => text.replace("AND", "and"),
    }
}

fn format_of(text: &str) -> Format {
    match text {
        "an" => Format::An,
        "cn" => Format::Cn,
        "b" => Format::B,
        "B-TLV" => Format::Tlv,
        other => panic!("format {other}"),
    }
}

/// Compares one element with its row; `number` is the record number, `record` whether it is a record of its own.
fn same(path: &str, element: &Element, row: &[String]) {
    let [_, tag, zh, en, format, length, ..] = row else {
        panic!("{path}: row {row:?}")
    };
    let at = format!("{path}/{tag} {zh}");
    assert_eq!(
        element.tag,
        (tag != "–").then(|| u8::try_from(hex(tag)).expect("a byte")),
        "{at}: tag"
    );
    assert_eq!(element.format, format_of(format), "{at}: format");
    assert_eq!(u32::from(element.length), hex(length), "{at}: length");
    let (mut zh, mut en) = (chinese_name(zh), en.clone());
    if element.repeat > 1 {
        for name in [&mut zh, &mut en] {
            *name = name
                .trim_end_matches(|c: char| c.is_ascii_digit() || c == '–')
                .trim_end()
                .to_owned();
        }
    }
    assert_eq!(element.zh, zh, "{at}: Chinese name");
    assert_eq!(element.en, en, "{at}: English name");
}

/// Compares all elements of a file; returns how many rows of the sheet were compared.
fn elements(path: &str, file: &ElementaryFile, rows: &[Vec<String>]) -> usize {
    let mut compared = 0;
    let mut elements = file.elements.iter();
    let mut number = 1;
    let mut i = 0;
    while i < rows.len() {
        let row = &rows[i];
        let element = elements
            .next()
            .unwrap_or_else(|| panic!("{path}: the profile lacks {row:?}"));
        same(path, element, row);
        compared += 1;
        i += 1;
        // The inner elements of several outer ones (C3, C4, C5) stand once, after the last.
        let inner_start = (i..rows.len())
            .find(|j| rows[*j][0] == ">" || rows[*j][4] != "B-TLV")
            .unwrap_or(rows.len());
        let inner_rows: Vec<_> = rows[inner_start..].iter().take_while(|row| row[0] == ">").collect();
        if element.format == Format::Tlv {
            assert_eq!(
                element.inner.len(),
                inner_rows.len(),
                "{path}: inner elements of {:02X?}",
                element.tag
            );
            for (inner, row) in element.inner.iter().zip(&inner_rows) {
                same(path, inner, row);
            }
        }
        while rows.get(i).is_some_and(|row| row[0] == ">") {
            compared += 1;
            i += 1;
        }
        if file.is_linear() {
            let repeat = u32::from(element.repeat);
            let expected = match repeat {
                1 => number.to_string(),
                _ => format!("{number}–{}", number + repeat - 1),
            };
            // After the optional record of DF03/EF05 the sheet gives both numbers, as "3/4".
            let given = row[0].split('/').next().expect("a number");
            if element.optional {
                assert_eq!(row[0], format!("({number})"), "{path}: record number of {row:?}");
            } else {
                assert_eq!(given, expected, "{path}: record number of {row:?}");
                number += repeat;
            }
        }
    }
    assert!(
        elements.next().is_none(),
        "{path}: the profile has more elements than the sheet"
    );
    compared
}

fn size(path: &str, file: &ElementaryFile, facts: &str) {
    let stated = between(facts, "size: ", "\n");
    let number = |text: &str| -> u32 {
        text.trim()
            .parse()
            .unwrap_or_else(|_| panic!("{path}: {text:?} in {stated:?}"))
    };
    match file.structure {
        Structure::LinearVariable | Structure::LinearFixed => {
            let (records, rest) = stated.split_once(" records, ").expect("records");
            let (values, rest) = rest.split_once(" value bytes, ").expect("value bytes");
            let total = rest.split_once(" bytes with").expect("bytes with").0;
            let lengths: Vec<u32> = file.records().map(|record| record.element.length.into()).collect();
            assert_eq!(u32::from(file.record_count()), number(records), "{path}: records");
            assert_eq!(lengths.iter().sum::<u32>(), number(values), "{path}: value bytes");
            assert_eq!(
                lengths.iter().map(|length| length + 2).sum::<u32>(),
                number(total),
                "{path}: bytes"
            );
            assert_eq!(
                file.structure == Structure::LinearFixed,
                facts.contains("linear FIXED"),
                "{path}: structure"
            );
            assert_eq!(
                file.structure == Structure::LinearVariable,
                facts.starts_with("linear variable"),
                "{path}: structure"
            );
        }
        Structure::Cyclic { records } => {
            let (count, rest) = stated.split_once(" records × ").expect("records");
            let (length, total) = rest.split_once(" = ").expect("=");
            assert_eq!(u32::from(records), number(count), "{path}: records");
            assert_eq!(
                file.record_length().map(u32::from),
                Some(number(length)),
                "{path}: record length"
            );
            assert_eq!(file.size(), number(total.trim_end_matches(" bytes")), "{path}: size");
            let least = format!("cyclic, ≥{records} records of");
            assert!(facts.starts_with(&least), "{path}: {least}");
            let record = between(facts, &least, " ").trim().to_owned();
            let record = if record.is_empty() {
                facts[least.len()..]
                    .trim()
                    .split([' ', '·'])
                    .next()
                    .expect("a length")
                    .to_owned()
            } else {
                record
            };
            let expected = record.strip_prefix("0x").map_or_else(|| number(&record), hex);
            assert_eq!(
                file.record_length().map(u32::from),
                Some(expected),
                "{path}: record length"
            );
        }
        Structure::Transparent { size } => {
            assert_eq!(
                u32::from(size),
                number(stated.trim_end_matches(" bytes")),
                "{path}: size"
            );
        }
        Structure::Internal { .. } => panic!("{path}: internal"),
    }
}

fn compare(generation: u8, name: &str) -> (usize, usize) {
    let profile = Profile::builtin(name).unwrap_or_else(|error| panic!("{error}"));
    let text = sheet("files.md");
    let blocks = blocks(&text);
    let mut compared = 0;
    for block in &blocks {
        let path = format!("{}/{}", block.df, block.ef);
        let file = profile.locate(&path).unwrap_or_else(|error| panic!("{error}")).file;
        assert_eq!(chinese_name(&file.zh), block.zh, "{path}: Chinese name");
        let class = match block
            .facts
            .split(" · class ")
            .nth(1)
            .expect("class")
            .split(" · ")
            .next()
            .expect("class")
        {
            "启用 active" => FileClass::Active,
            "预设 predefined" => FileClass::Predefined,
            "预留 reserved" => FileClass::Reserved,
            "optional" => FileClass::Optional,
            other => panic!("{path}: class {other}"),
        };
        assert_eq!(file.class, class, "{path}: class");
        let rule = |mark| between(between(block.facts, mark, " · "), "**", "**");
        assert_eq!(
            file.read.to_string(),
            condition(rule("read: "), generation),
            "{path}: read"
        );
        assert_eq!(
            file.update.to_string(),
            condition(rule("update: "), generation),
            "{path}: update"
        );
        let sfi = between(block.facts, " · SFI ", " ·");
        assert_eq!(u32::from(file.sfi), hex(sfi), "{path}: SFI");
        size(&path, file, block.facts);
        compared += elements(&path, file, &block.rows);
    }
    let stated: Vec<String> = blocks
        .iter()
        .map(|block| format!("{}/{}", block.df, block.ef))
        .collect();
    for (df, file) in profile.files() {
        let path = format!("{}/{}", df.id, file.name());
        // Directory and internal amount file are not in the table of elements; the certificate application has its own.
        let known = stated.contains(&path) || ["SSSE/EF1E", "DF04/EF07"].contains(&path.as_str()) || df.id == "CERT";
        assert!(known, "{path} is not in the sheet");
    }
    (blocks.len(), compared)
}

#[test]
fn every_file_and_element_of_3_0() {
    let (files, elements) = compare(3, "3.0");
    let text = sheet("files.md");
    let section = section(&text, "### 2.1 ", "### 2.2 ");
    // Counted in another way, so that a block or row that the reader of this test does not understand is not skipped.
    assert_eq!(files, section.lines().filter(|line| line.starts_with("#### ")).count());
    let lines = section.lines().filter(|line| line.starts_with('|')).count();
    assert_eq!(elements, lines - 2 * files);
    println!("3.0: {files} files, {elements} elements");
    assert!(
        files >= 40 && elements >= 230,
        "{files} files, {elements} elements: the sheet was read wrongly"
    );
}

#[test]
fn version_2_0_has_the_same_files_and_elements() {
    let (files, elements) = compare(2, "2.0");
    println!("2.0: {files} files, {elements} elements");
}

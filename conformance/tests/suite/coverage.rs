//! Everything that the sheets list is covered by what passed cases have shown on model cards, or says why not.

use super::on;
use card_model::card::Interface;
use card_model::profile::{Profile, Structure};
use conformance::run::{Options, Run};
use conformance::suite::Suite;
use conformance::suite::coverage::{Row, RowsOf, Table};
use std::collections::BTreeSet;
use std::path::Path;

fn everything(profile: &str, interface: Interface) -> Run {
    let options = Options {
        destructive: true,
        ..Options::default()
    };
    on(profile, interface, &options)
}

fn rows(run: &Run) -> impl Iterator<Item = &Row> {
    run.coverage.iter().flat_map(|part| &part.rows)
}

fn is_complete(run: &Run) {
    let rows: Vec<&Row> = rows(run).collect();
    let open: Vec<String> = rows
        .iter()
        .filter(|row| !row.is_covered())
        .map(|row| format!("{} {}", row.name.en, row.what))
        .collect();
    let reasons = rows.iter().filter(|row| row.cases.is_empty()).count();
    println!(
        "{}: {} rows, {} covered by cases, {reasons} with a reason or a test, {} open",
        run.subject.profile,
        rows.len(),
        rows.len() - reasons,
        open.len()
    );
    assert!(open.is_empty(), "no case has shown {open:#?}");
    // A reason that a case has overtaken is none.
    let overtaken: Vec<_> = rows
        .iter()
        .filter(|row| row.reason.is_some() && !row.cases.is_empty())
        .map(|row| format!("{} {}: {:?}", row.name.en, row.what, row.cases))
        .collect();
    assert!(overtaken.is_empty(), "{overtaken:#?}");
}

/// Every row of `spec/commands.md` §1–§3, every status word of every command, every file's rules, every key.
#[test]
fn every_row_is_covered_on_contacts() {
    for profile in ["3.0", "2.0", "1.0"] {
        is_complete(&everything(profile, Interface::Contact));
    }
}

#[test]
fn every_row_is_covered_over_the_air() {
    is_complete(&everything("3.0", Interface::Contactless));
}

/// Coverage comes of what was seen: without the cases that show a row, the row is open.
#[test]
fn a_row_is_open_without_its_cases() {
    let options = Options {
        items: vec!["CHANGE_PIN".to_owned()],
        ..Options::default()
    };
    let run = on("3.0", Interface::Contact, &options);
    let row = |what: &str| {
        let found = rows(&run).find(|row| row.name.en == "CHANGE PIN" && row.what == what);
        found.unwrap()
    };
    assert!(row("6A80").cases.contains("CHANGE_PIN-03") && row("6A80").count == 1);
    assert!(!row("9303").is_covered() && row("6581").reason.is_some());
    // Cases that expect one of several words show none of them.
    assert!(rows(&run).any(|row| row.name.en == "READ RECORD" && !row.is_covered()));
}

/// Each row that a case names is one of the table.
#[test]
fn cases_name_rows_that_are_there() {
    let suite = Suite::load().unwrap();
    let mut known = BTreeSet::new();
    for section in &suite.table().section {
        known.extend(section.row.iter().map(|rule| format!("{} {}", section.number, rule.id)));
    }
    for name in Profile::BUILTIN {
        let profile = Profile::builtin(name).unwrap();
        for case in suite.cases(profile).unwrap() {
            for row in &case.covers {
                let derived = ["key ", "read ", "update ", "record "]
                    .iter()
                    .any(|kind| row.starts_with(kind));
                assert!(derived || known.contains(row), "{}: there is no row {row}", case.id);
            }
        }
    }
}

/// Every table row, list item and status word of the sheet's §1–§3 stands in the table, and nothing else does.
#[test]
fn the_table_is_that_of_the_sheet() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/spec/commands.md");
    let sheet =
        std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("no sheet at {}: {error}", path.display()));
    let table = Table::load().unwrap();
    let mut number = String::new();
    let mut seen = BTreeSet::new();
    let mut used = BTreeSet::new();
    let mut previous_was_table = false;
    for line in sheet.lines() {
        if let Some(heading) = line.strip_prefix('#') {
            let heading = heading.trim_start_matches('#').trim();
            number = heading.split(' ').next().unwrap_or_default().to_owned();
        }
        let is_table = line.starts_with('|');
        let is_head = is_table && !previous_was_table || line.starts_with("|---");
        previous_was_table = is_table;
        if !["1.", "2.", "3."].iter().any(|chapter| number.starts_with(chapter)) || number.len() < 3 || is_head {
            continue;
        }
        let Some(section) = table.section.iter().find(|section| section.number == number) else {
            panic!("section {number} is missing");
        };
        seen.insert(number.clone());
        if section.rows_of == Some(RowsOf::Words) && line.contains('·') {
            let words = line
                .split('·')
                .map(|part| part.trim().split(' ').next().unwrap_or_default());
            assert_eq!(words.collect::<Vec<_>>(), section.words, "status words");
        }
        let item = match line.strip_prefix("- ") {
            Some(item) => plain(item),
            None if is_table => plain(line.split('|').nth(1).unwrap_or_default()),
            None => plain(line),
        };
        let rows = section.row.iter().map(|rule| &rule.sheet);
        let commands = table.command.iter().filter(|command| command.section == number);
        let mut found = false;
        for start in rows.chain(commands.map(|command| &command.sheet)) {
            if item.starts_with(start.as_str()) {
                used.insert((number.clone(), start.clone()));
                found = true;
            }
        }
        let counts = is_table && !item.is_empty() || line.starts_with("- ");
        assert!(
            found || !counts || section.rows_of.is_some(),
            "{number}: {item} is not in the table"
        );
    }
    for section in &table.section {
        assert!(
            seen.contains(&section.number),
            "the sheet has no section {}",
            section.number
        );
        for rule in &section.row {
            let key = (section.number.clone(), rule.sheet.clone());
            assert!(used.contains(&key), "the sheet has no row {key:?}");
        }
    }
    for command in &table.command {
        let key = (command.section.clone(), command.sheet.clone());
        assert!(used.contains(&key), "the sheet has no row {key:?}");
    }
}

/// Without the marks of the sheet.
fn plain(text: &str) -> String {
    text.trim().replace(['*', '`'], "")
}

/// A test that is named for a row is there.
#[test]
fn named_tests_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let table = Table::load().unwrap();
    for rule in table.section.iter().flat_map(|section| &section.row) {
        let Some(test) = &rule.test else { continue };
        assert!(rule.reason.is_none(), "{test}: a test or a reason");
        let (file, name) = test.split_once("::").unwrap();
        let text = std::fs::read_to_string(root.join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
        let function = text
            .find(&format!("fn {name}()"))
            .unwrap_or_else(|| panic!("no test {test}"));
        let before = text[..function].trim_end();
        assert!(before.ends_with("#[test]"), "{test} is no test");
    }
}

/// The SAFETY items try reading and updating of every file in every way of addressing that the command has, and every rule that can
/// grant and refuse was seen to do both.
#[test]
fn every_access_rule_was_seen_to_grant_and_to_refuse() {
    for (name, interface) in [
        ("3.0", Interface::Contact),
        ("3.0", Interface::Contactless),
        ("2.0", Interface::Contact),
        ("1.0", Interface::Contact),
    ] {
        let profile = Profile::builtin(name).unwrap();
        let safety = |df: &str| format!("{}_SAFETY", if df == "CERT" { "ACSE" } else { df });
        let items = profile.dedicated_files.iter().map(|df| safety(&df.id));
        let options = Options {
            items: items.collect(),
            ..Options::default()
        };
        let run = on(name, interface, &options);
        for (df, file) in profile.files() {
            let internal = matches!(file.structure, Structure::Internal { .. });
            for (operation, rule) in [("read", &file.read), ("update", &file.update)] {
                let place = format!("{}-100:{}/{operation}/", safety(&df.id), file.name());
                let cases = run.results.iter().filter(|result| result.id.starts_with(&place));
                let ways: BTreeSet<&str> = cases.clone().filter_map(|case| case.id.split('/').nth(2)).collect();
                let granted = cases.clone().filter(|case| case.title.en.ends_with("granted")).count();
                let refused = cases.clone().filter(|case| case.title.en.ends_with("refused")).count();
                let closed = internal || operation == "update" && file.key_pair.is_some();
                assert_eq!(
                    granted > 0,
                    !closed && !rule.is_never(),
                    "{name} {place} granted {granted} times"
                );
                assert!(rule.is_free() || refused > 0, "{name} {place} never refused");
                let least = match (file.structure, operation, file.sfi) {
                    (Structure::LinearVariable | Structure::LinearFixed, "read", 1..) => 14,
                    (Structure::LinearVariable | Structure::LinearFixed, _, 1..) => 10,
                    (Structure::LinearVariable | Structure::LinearFixed, "read", _) => 7,
                    (Structure::LinearVariable | Structure::LinearFixed, _, _) => 5,
                    (_, _, 1..) => 2,
                    _ => 1,
                };
                assert!(ways.len() >= least, "{name} {place}: {ways:?}");
            }
        }
    }
}

//! Batches: CSV and XLSX in, rejected rows out as a file that can be corrected and fed, receipts out.

use crate::scene::*;
use card_model::words::Lang;
use personalize::ledger::{BatchFile, Details, LedgerAccess, Target, write_receipts};
use std::path::Path;

/// `people.xlsx` was written by hand with Python's `zipfile`: a date cell, a number that a spreadsheet has rounded, a text date, a
/// wrong check character.
const WORKBOOK: &[u8] = include_bytes!("people.xlsx");

pub fn files(scene: &Scene) {
    let mut desk = scene.open();
    let file = BatchFile::parse(WORKBOOK, Path::new("people.xlsx"), "employer").expect("a workbook");
    let mut seen = Vec::new();
    let mut feed = |desk: &mut Desk, file: &BatchFile| {
        let mut progress = |done| seen.push(done);
        let fed = desk
            .ledger
            .feed(&desk.rules, &desk.who, desk.at, file, Lang::En, &mut progress);
        fed.expect("fed")
    };
    let report = feed(&mut desk, &file);
    assert_eq!((report.total, report.accepted, report.repeated), (4, 2, 0));
    let rows: Vec<u64> = report.rejected.iter().map(|row| row.row).collect();
    assert_eq!(rows, [3, 5]);
    assert!(
        report.rejected[0].reason.contains("social security number"),
        "{}",
        report.rejected[0].reason
    );
    // Fed again, nobody applies twice.
    let again = feed(&mut desk, &file);
    assert_eq!((again.accepted, again.repeated, again.rejected.len()), (0, 2, 2));
    // The rejected rows, corrected, are accepted.
    let rejects = String::from_utf8(file.rejects(&report.rejected).expect("a file")).expect("UTF-8");
    assert!(
        rejects.lines().next().expect("a header").ends_with(",reason"),
        "{rejects}"
    );
    let mut numbers = [adult(901), adult(902)].into_iter();
    let corrected: Vec<String> = rejects
        .lines()
        .map(|line| match line.split_once(',') {
            Some((head, rest)) if head.starts_with(['9', '≈']) => {
                format!("{},{rest}", numbers.next().expect("two rows"))
            }
            _ => line.to_owned(),
        })
        .collect();
    let corrected =
        BatchFile::parse(corrected.join("\n").as_bytes(), Path::new("rejected.csv"), "employer").expect("a table");
    let second = feed(&mut desk, &corrected);
    assert_eq!((second.total, second.accepted), (2, 1), "{:?}", second.rejected);
    // One of them stood in the workbook, too: one person, one application.
    assert!(
        second.rejected[0].reason.contains("is open"),
        "{}",
        second.rejected[0].reason
    );
    assert_eq!(seen, [4, 4, 2]);

    // Receipts of the first batch, after one card was made.
    let first = citizen(901, jiff::civil::date(1970, 1, 1));
    assert!(desk.ledger.progress(&Target::Person(first.clone()), desk.at).is_ok());
    desk.must("make", &first, Details::default());
    desk.must(
        "made",
        &first,
        Details {
            bank_number: Some("6217000000000000000".into()),
            ..Details::default()
        },
    );
    let lines = desk.receipts(Some(&report.batch));
    assert_eq!(lines.len(), 2);
    assert_eq!(
        (lines[0].card_number.as_str(), lines[0].issue_date.as_str()),
        ("T0000001X", "2026-01-05")
    );
    let written = String::from_utf8(write_receipts(&lines).expect("CSV")).expect("UTF-8");
    assert!(
        written.contains("6217000000000000000") && written.lines().count() == 3,
        "{written}"
    );
    assert_eq!(desk.receipts(None).len(), 3);
    let audit = desk.ledger.examine(&[]).expect("an audit");
    assert!(audit.whole, "{:?}", audit.findings);
}

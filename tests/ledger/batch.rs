//! Large batches, one row of a hundred wrong: the command is killed in the middle and called again, the rejected rows are
//! corrected and fed. Nobody applies twice, nobody is lost.

use crate::common::Place;
use crate::people::citizen;
use crate::server::Server;
use personalize::ledger::{Ledger, LedgerAccess};
use serde_json::Value;
use std::fmt::Write as _;
use std::fs::File;
use std::io::Write as _;
use std::process::Stdio;
use std::time::{Duration, Instant};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// One row of so many has a wrong check character.
const WRONG: usize = 100;
/// Rows in one transaction.
const CHUNK: i64 = 50;

#[test]
fn ten_thousand_rows_of_a_workbook_in_a_file() {
    let place = Place::new();
    let (rows, address) = (10_000, place.path("outlet.db").display().to_string());
    workbook(&place, "people.xlsx", rows);
    fed(&place, &address, "people.xlsx", rows);
}

/// Fewer, as each row asks the server some twenty times: the bench of the ledger feeds it ten thousand.
#[test]
fn two_thousand_rows_of_a_table_on_a_server() {
    let (server, place, rows) = (Server::shared(), Place::new(), 2_000);
    let table = people(rows).map(|[number, name]| format!("{number},{name}\n"));
    let table = table.collect::<String>();
    place.write("people.csv", format!("社会保障号码,姓名\n{table}"));
    fed(&place, &server.database(), "people.csv", rows);
}

fn fed(place: &Place, address: &str, file: &str, rows: usize) {
    let all = i64::try_from(rows).expect("a number");
    let wrong = all / WRONG as i64;
    let outlet = ["outlet", "A1", "--name", "TEST", "--bank", "TEST", "--manager", "boss"];
    for words in [&["init"][..], &outlet] {
        place.json(0, &[&["ledger"], words, &["--ledger", address]].concat());
    }
    let words = |file| ["order", "batch", file, "--ledger", address, "--as", "boss"];
    let mut ledger = Ledger::open(address).expect("a ledger");
    let open = |ledger: &mut Ledger| ledger.counts().expect("counts").open;

    let mut command = place.command(&words(file));
    let mut first = command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("ssc runs");
    let begun = Instant::now();
    while open(&mut ledger) < all / 5 {
        assert!(begun.elapsed() < Duration::from_secs(60), "nobody applies");
        std::thread::sleep(Duration::from_millis(5));
    }
    first.kill().expect("killed");
    first.wait().expect("ended");
    let done = open(&mut ledger);
    assert!(done < all - CHUNK, "killed too late: {done}");

    // The same again goes on where it stopped.
    let begun = Instant::now();
    let report = place.json(1, &words(file));
    println!("{file}: {} rows were left, fed in {:?}", all - done, begun.elapsed());
    let count = |report: &Value, name: &str| report[name].as_i64().expect("a number");
    let good = all - wrong;
    assert_eq!(count(&report, "repeated"), done);
    assert_eq!(count(&report, "accepted"), good - done);
    assert_eq!(report["rejected"].as_array().map(Vec::len), Some(rows / WRONG));
    assert_eq!((count(&report, "total"), open(&mut ledger)), (all, good));

    // And once more: nothing is left to be done, and the rejected rows stay in the file in which they are.
    let again = place.json(1, &words(file));
    assert_eq!(
        (count(&again, "repeated"), &again["rejects"]),
        (good, &report["rejects"])
    );
    let rejects = report["rejects"].as_str().expect("a file");
    let corrected = corrected(&std::fs::read_to_string(place.path(rejects)).expect("the rejected rows"));
    assert_eq!(corrected.lines().count(), rows / WRONG + 1);
    place.write(rejects, corrected);
    let other = place.json(1, &words(file));
    assert_ne!(other["rejects"], report["rejects"], "corrections are not written over");
    let last = place.json(0, &words(rejects));
    assert_eq!(count(&last, "accepted"), wrong);
    let counts = ledger.counts().expect("counts");
    assert_eq!((counts.people, counts.open), (all, all));
    let audit = ledger.examine(&[]).expect("an audit");
    assert!(audit.whole, "{:?}", audit.findings);
}

/// Number and name of each row.
fn people(rows: usize) -> impl Iterator<Item = [String; 2]> {
    (0..rows).map(|index| {
        let right = citizen(index);
        let number = match index % WRONG {
            7 => format!("{}{}", &right[..17], if right.ends_with('0') { '1' } else { '0' }),
            _ => right,
        };
        [number, format!("测试{index}")]
    })
}

/// The rejected rows with right numbers; the name tells whose they are.
fn corrected(rejects: &str) -> String {
    let row = |line: &str| {
        let cells: Vec<&str> = line.split(',').collect();
        let index = cells[1].strip_prefix("测试").and_then(|index| index.parse().ok());
        match index {
            Some(index) => format!("{},{}\n", citizen(index), cells[1..].join(",")),
            None => format!("{line}\n"),
        }
    };
    rejects.lines().map(row).collect()
}

/// The rows as an XLSX workbook: the least that the format needs, texts in the cells themselves.
fn workbook(place: &Place, name: &str, rows: usize) {
    let mut cells = String::new();
    let header = ["社会保障号码".to_owned(), "姓名".to_owned()];
    for (row, [number, name]) in std::iter::once(header).chain(people(rows)).enumerate() {
        let text = |column: char, text: &str| {
            format!(
                "<c r=\"{column}{}\" t=\"inlineStr\"><is><t>{text}</t></is></c>",
                row + 1
            )
        };
        let _ = write!(
            cells,
            "<row r=\"{}\">{}{}</row>",
            row + 1,
            text('A', &number),
            text('B', &name)
        );
    }
    let main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    let relations = "http://schemas.openxmlformats.org/package/2006/relationships";
    let office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let types = "http://schemas.openxmlformats.org/package/2006/content-types";
    let kind = "application/vnd.openxmlformats-officedocument.spreadsheetml";
    let relation = |kind: &str, target: &str| {
        format!(
            "<Relationships xmlns=\"{relations}\"><Relationship Id=\"r1\" Type=\"{office}/{kind}\" Target=\"{target}\"/></Relationships>"
        )
    };
    let parts = [
        (
            "[Content_Types].xml",
            format!(
                "<Types xmlns=\"{types}\"><Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/>\
                 <Override PartName=\"/xl/workbook.xml\" ContentType=\"{kind}.sheet.main+xml\"/>\
                 <Override PartName=\"/xl/worksheets/sheet1.xml\" ContentType=\"{kind}.worksheet+xml\"/></Types>"
            ),
        ),
        ("_rels/.rels", relation("officeDocument", "xl/workbook.xml")),
        (
            "xl/_rels/workbook.xml.rels",
            relation("worksheet", "worksheets/sheet1.xml"),
        ),
        (
            "xl/workbook.xml",
            format!(
                "<workbook xmlns=\"{main}\" xmlns:r=\"{office}\"><sheets><sheet name=\"TEST\" sheetId=\"1\" r:id=\"r1\"/></sheets></workbook>"
            ),
        ),
        (
            "xl/worksheets/sheet1.xml",
            format!("<worksheet xmlns=\"{main}\"><sheetData>{cells}</sheetData></worksheet>"),
        ),
    ];
    let mut book = ZipWriter::new(File::create(place.path(name)).expect("a file"));
    for (part, text) in parts {
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
        book.start_file(part, options).expect("a part");
        book.write_all(text.as_bytes()).expect("written");
    }
    book.finish().expect("a workbook");
}

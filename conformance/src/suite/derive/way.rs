//! The ways of naming a place in a file, as commands of a transcript.

use card_model::profile::{ElementaryFile, FileClass, Structure};

/// What is done to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operation {
    Read,
    Update,
}

impl Operation {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Read, Self::Update];

    /// Name in identifiers.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Update => "update",
        }
    }
}

/// A way of addressing.
pub(super) struct Way {
    /// Name in identifiers.
    pub name: String,
    /// Whether the file is selected before; else its short identifier is in the command.
    pub selected: bool,
    /// Header P1 P2 of the command, symbolic, after CLA INS.
    pub place: String,
    /// Le of a read, symbolic, and the answer of a granted read.
    pub length: String,
    pub answers: Vec<String>,
    /// Reads what an update is to write, by the simplest way: header P1 P2, Le, pattern that remembers `OLD`.
    pub before: Option<(String, String, String)>,
    /// Whether a granted update leaves one more record.
    pub appends: bool,
}

/// Modes by identifier: name, mode, whether from the end.
const IDENTIFIERS: [(&str, u8, bool); 4] = [
    ("identifier-first", 0, false),
    ("identifier-last", 1, true),
    ("identifier-next", 2, false),
    ("identifier-previous", 3, true),
];

/// All ways for an operation on a file, by selection and (if there is one) by short identifier.
pub(super) fn ways(path: &str, file: &ElementaryFile, operation: Operation) -> Vec<Way> {
    let mut ways = Vec::new();
    for selected in [true, false] {
        if selected || file.sfi != 0 {
            match file.structure {
                Structure::Transparent { .. } | Structure::Internal { .. } => ways.push(offset(path, selected)),
                Structure::LinearVariable | Structure::LinearFixed => {
                    linear(path, file, operation, selected, &mut ways)
                }
                Structure::Cyclic { .. } => cyclic(path, operation, selected, &mut ways),
            }
        }
    }
    ways
}

fn name(place: &str, selected: bool) -> String {
    if selected {
        place.to_owned()
    } else {
        format!("{place}+sfi")
    }
}

/// P2 of a record command.
fn p2(path: &str, selected: bool, mode: u8) -> String {
    if selected {
        format!("{mode:02X}")
    } else {
        format!("{{sfi {path} {mode}}}")
    }
}

fn offset(path: &str, selected: bool) -> Way {
    Way {
        name: name("offset", selected),
        selected,
        place: if selected {
            "00 00".to_owned()
        } else {
            format!("{{sfi {path}}} 00")
        },
        length: "08".to_owned(),
        answers: vec!["{8} 9000".to_owned()],
        before: Some(("00 00".to_owned(), "08".to_owned(), "{OLD=8}".to_owned())),
        appends: false,
    }
}

fn linear(path: &str, file: &ElementaryFile, operation: Operation, selected: bool, ways: &mut Vec<Way>) {
    let records: Vec<(u8, String)> = file
        .records()
        .filter_map(|record| {
            let occurrence = match record.element.repeat {
                1 => String::new(),
                _ => format!(":{}", record.occurrence),
            };
            Some((record.number, format!("{path}/{:02X}{occurrence}", record.element.tag?)))
        })
        .collect();
    let (Some((number, first)), Some((count, last))) = (records.first(), records.last()) else {
        return;
    };
    let tag = |element: &str| element.split(':').next().unwrap_or_default().to_owned();
    let last_same = records
        .iter()
        .rfind(|(_, element)| tag(element) == tag(first))
        .map_or(*number, |(n, _)| *n);
    // Records of the directory are as long as the names and labels in them.
    let whole = |element: &str| match file.class {
        FileClass::System => ("00".to_owned(), format!("{{tag {element}}} {{*}} 9000")),
        _ => (format!("{{reclen {element}}}"), format!("{{record {element}}} 9000")),
    };
    let way = |place: &str, header: String, element: &str, number: u8| {
        let (length, answer) = whole(element);
        Way {
            name: name(place, selected),
            selected,
            place: header,
            length: length.clone(),
            answers: vec![answer],
            before: Some((format!("{number:02X} 04"), length, "{OLD=*}".to_owned())),
            appends: false,
        }
    };
    ways.push(way(
        "number",
        format!("{number:02X} {}", p2(path, selected, 4)),
        first,
        *number,
    ));
    for (place, mode, from_the_end) in IDENTIFIERS {
        let header = format!("{{tag {first}}} {}", p2(path, selected, mode));
        ways.push(way(
            place,
            header,
            first,
            if from_the_end { last_same } else { *number },
        ));
    }
    if operation == Operation::Read {
        ways.push(way(
            "from",
            format!("{count:02X} {}", p2(path, selected, 5)),
            last,
            *count,
        ));
        ways.push(way(
            "down-to",
            format!("{count:02X} {}", p2(path, selected, 6)),
            last,
            *count,
        ));
    }
}

/// A cyclic file may be empty: then a granted read finds no record.
fn cyclic(path: &str, operation: Operation, selected: bool, ways: &mut Vec<Way>) {
    let way = |place: &str, p1: &str, mode: u8, appends: bool| Way {
        name: name(place, selected),
        selected,
        place: format!("{p1} {}", p2(path, selected, mode)),
        length: format!("{{reclen {path}}}"),
        answers: vec![format!("{{{path}}} 9000"), "6A83".to_owned()],
        before: None,
        appends,
    };
    match operation {
        Operation::Read => {
            ways.push(way("number", "01", 4, false));
        }
        Operation::Update => ways.push(way("append", "00", 3, true)),
    }
}

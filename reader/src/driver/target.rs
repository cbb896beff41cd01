//! What the items of pFileAddr name on a card, by its profile.

use super::code::ReturnCode;
use super::failure::Failure;
use super::strings::{FileAddress, Item, illegal};
use card_model::profile::{Access, Located, PathError, Profile, Structure};

/// A file of pFileAddr on the card.
#[derive(Debug, Clone)]
pub(super) struct Target<'p> {
    /// The file as the caller wrote it.
    pub written: String,
    /// The file.
    pub file: Located<'p>,
    /// What of it.
    pub part: Part<'p>,
}

/// What of a file is meant.
#[derive(Debug, Clone)]
pub(super) enum Part<'p> {
    /// Elements of a linear file, in the order of the items.
    Elements(Vec<Located<'p>>),
    /// Records of a cyclic file with these numbers; none means all, and on writing one new record.
    Records(Vec<u8>),
    /// The whole transparent file.
    Contents,
}

impl<'p> Target<'p> {
    /// Looks a file and its items up.
    ///
    /// # Errors
    /// No such file (−27266), no such item (−27267), items that the file cannot have (−23).
    pub fn of(profile: &'p Profile, address: &FileAddress) -> Result<Self, Failure> {
        let path = format!("{}/{}", address.df, address.ef);
        let file = profile.locate(&path).map_err(|error| not_there(&error))?;
        let part = match file.file.structure {
            Structure::LinearVariable | Structure::LinearFixed => {
                Part::Elements(elements(profile, &path, &file, &address.items)?)
            }
            Structure::Cyclic { .. } => Part::Records(records(&address.items)?),
            // Callers write a tag behind a transparent file too; it names nothing.
            Structure::Transparent { .. } => Part::Contents,
            Structure::Internal { .. } => return Err(Failure::new(ReturnCode::NOT_ALLOWED)),
        };
        Ok(Self {
            written: address.written.clone(),
            file,
            part,
        })
    }

    /// Path of the file in the profile, for messages.
    pub fn path(&self) -> String {
        self.file.path()
    }
}

fn not_there(error: &PathError) -> Failure {
    let code = match error {
        PathError::DedicatedFile { .. } | PathError::File { .. } => ReturnCode::FILE_NOT_FOUND,
        PathError::Element { .. } | PathError::Occurrence { .. } => ReturnCode::RECORD_NOT_FOUND,
        _ => ReturnCode::ILLEGAL_INPUT,
    };
    Failure::of(code, error)
}

/// Elements of a linear file: those of the items, or all where there are none.
fn elements<'p>(
    profile: &'p Profile,
    path: &str,
    file: &Located<'p>,
    items: &[Item],
) -> Result<Vec<Located<'p>>, Failure> {
    if items.is_empty() {
        let record = |record: card_model::profile::Record<'p>| Located {
            element: Some(record.element),
            occurrence: record.occurrence,
            ..*file
        };
        return Ok(file.file.records().map(record).collect());
    }
    let one = |item: &Item| {
        let path = match &item.which {
            Some(which) => format!("{path}/{}:{which}", item.name),
            None => format!("{path}/{}", item.name),
        };
        profile.locate(&path).map_err(|error| not_there(&error))
    };
    items.iter().map(one).collect()
}

/// Record numbers of a cyclic file. An older library writes `99:01` for a record and `99:A` for all of them.
fn records(items: &[Item]) -> Result<Vec<u8>, Failure> {
    let mut numbers = Vec::with_capacity(items.len());
    for item in items {
        let number = item.which.as_deref().unwrap_or(&item.name);
        if number == "A" {
            return Ok(Vec::new());
        }
        match number.parse() {
            Ok(number @ 1..=254) => numbers.push(number),
            _ => return Err(illegal("记录号应为1至254", "a record number is 1 to 254")),
        }
    }
    Ok(numbers)
}

/// What must be done before a file may be read or written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Need<'p> {
    /// Names of the keys, in their order.
    pub keys: Vec<&'p str>,
    /// Whether the PIN must be verified.
    pub pin: bool,
}

impl<'p> Need<'p> {
    /// What a condition asks for; `with_pin` decides where it says "PIN or key".
    ///
    /// # Errors
    /// Nobody may (−27010).
    pub fn of(access: &'p Access, with_pin: bool) -> Result<Self, Failure> {
        if access.is_free() {
            return Ok(Self {
                keys: Vec::new(),
                pin: false,
            });
        }
        let wanted = access.terms.iter().find(|term| term.pin == with_pin);
        let term = wanted.or_else(|| access.terms.first());
        let Some(term) = term else {
            return Err(Failure::because(
                ReturnCode::NOT_ALLOWED,
                "该文件不允许此操作",
                "nobody may do this with the file",
            ));
        };
        Ok(Self {
            keys: term.keys.iter().map(String::as_str).collect(),
            pin: term.pin,
        })
    }

    /// Whether the condition says "PIN or key", so that the caller decides.
    pub fn is_choice(access: &Access) -> bool {
        access.terms.len() > 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(text: &str) -> Result<Target<'static>, Failure> {
        let profile = Profile::builtin("3.0").expect("built in");
        let addresses = FileAddress::parse_list(text)?;
        Target::of(profile, &addresses[0])
    }

    #[test]
    fn parts() {
        let elements = |text: &str| match target(text).expect("there").part {
            Part::Elements(elements) => elements.iter().map(Located::path).collect::<Vec<_>>(),
            other => panic!("{other:?}"),
        };
        assert_eq!(elements("DF01EF15|2A|40:2|$"), ["DF01/EF15/2A", "DF01/EF15/40:2"]);
        assert_eq!(elements("3F00EF05|07|").len(), 1);
        assert!(
            elements("SSSEEF06$").len() > 5,
            "a linear file without items is the whole file"
        );
        let records = |text: &str| match target(text).expect("there").part {
            Part::Records(records) => records,
            other => panic!("{other:?}"),
        };
        assert!(records("DF04EF08$").is_empty());
        assert_eq!(records("DF04EF08|3|12|$"), [3, 12]);
        assert_eq!(records("DF02EF07|99:01|"), [1]);
        assert!(records("DF02EF07|99:A|").is_empty());
        assert!(matches!(target("SSSEEF08|01|$").expect("there").part, Part::Contents));
    }

    #[test]
    fn what_is_not_there() {
        let code = |text| target(text).expect_err("refused").code.0;
        assert_eq!(code("DF01EF1C|01|$"), -27266);
        assert_eq!(code("DF99EF05|01|$"), -27266);
        assert_eq!(code("SSSEEF05|99|$"), -27267);
        assert_eq!(code("DF01EF15|40:9|$"), -27267);
        assert_eq!(code("DF04EF08|0|$"), -23);
        assert_eq!(code("DF04EF08|FFF|$"), -23);
        assert_eq!(code("DF04EF07$"), -27010, "the card's own file");
    }

    #[test]
    fn needs() {
        let profile = Profile::builtin("3.0").expect("built in");
        let read = |path, pin| {
            let file = profile.locate(path).expect("there").file;
            Need::of(&file.read, pin).expect("somebody may")
        };
        assert_eq!(
            read("SSSE/EF05", true),
            Need {
                keys: vec![],
                pin: false
            }
        );
        assert_eq!(
            read("SSSE/EF06", true),
            Need {
                keys: vec!["RKSSSE"],
                pin: false
            }
        );
        assert_eq!(
            read("DF01/EF05", true),
            Need {
                keys: vec![],
                pin: true
            }
        );
        assert_eq!(
            read("DF01/EF05", false),
            Need {
                keys: vec!["RK1DF01"],
                pin: false
            }
        );
        assert_eq!(
            read("DF04/EF06", false),
            Need {
                keys: vec!["RK1DF04"],
                pin: true
            }
        );
        assert_eq!(
            read("DF04/EF08", false),
            Need {
                keys: vec![],
                pin: true
            }
        );
        let log = profile.locate("DF04/EF08").expect("there").file;
        assert_eq!(
            Need::of(&log.update, false).expect_err("never").code,
            ReturnCode::NOT_ALLOWED
        );
    }
}

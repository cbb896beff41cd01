//! Suites as data: the files of `suites/`, checked and expanded for a profile.

mod applies;
mod case;
pub mod check;
pub mod coverage;
mod derive;
mod expand;
pub mod format;
mod select;

#[allow(missing_docs, reason = "made by build.rs")]
mod embedded {
    include!(concat!(env!("OUT_DIR"), "/suites.rs"));
}

pub use case::{Case, DriverCase};
pub use format::{Effect, Origin, Text};

use crate::ConformanceError;
use crate::flow::Routines;
use card_model::profile::Profile;
use coverage::Table;
use format::File;
use std::collections::BTreeMap;

/// Need of a case that holds certificates against a root, which is for the tester to give.
pub const TRUST: &str = "trust";

/// Version of the format of suite files.
pub const FORMAT: u8 = 1;

/// All suites.
#[derive(Debug, Clone)]
pub struct Suite {
    items: Vec<Item>,
    templates: BTreeMap<String, File>,
    routines: Routines,
    table: Table,
}

/// A named test item.
#[derive(Debug, Clone)]
pub struct Item {
    /// Name, such as `CHANGE_PIN`.
    pub name: String,
    /// Its file.
    pub file: File,
}

impl Suite {
    /// The suites in the program.
    ///
    /// # Errors
    /// A file cannot be read; the tests of this crate show that none is.
    pub fn load() -> Result<Self, ConformanceError> {
        Self::from_texts(embedded::ITEMS, embedded::TEMPLATES)
    }

    /// Suites from the texts of items and templates, each with its name.
    ///
    /// # Errors
    /// A text is no suite of this format, or a routine stands twice.
    pub fn from_texts(items: &[(&str, &str)], templates: &[(&str, &str)]) -> Result<Self, ConformanceError> {
        let mut suite = Self {
            items: Vec::new(),
            templates: BTreeMap::new(),
            routines: Routines::default(),
            table: Table::load()?,
        };
        for (name, text) in items {
            let file = suite.read(name, text)?;
            suite.items.push(Item {
                name: (*name).to_owned(),
                file,
            });
        }
        for (name, text) in templates {
            let file = suite.read(name, text)?;
            suite.templates.insert((*name).to_owned(), file);
        }
        Ok(suite)
    }

    fn read(&mut self, name: &str, text: &str) -> Result<File, ConformanceError> {
        let fault = |fault: String| ConformanceError::Suite {
            file: name.to_owned(),
            fault,
        };
        let file: File = toml::from_str(text).map_err(|error| fault(error.to_string()))?;
        if file.format != FORMAT {
            return Err(fault(format!("format {} is not known, only {FORMAT}", file.format)));
        }
        for routine in &file.routine {
            self.routines.add(&routine.name, &routine.steps).map_err(&fault)?;
        }
        Ok(file)
    }

    /// The named test items.
    pub fn items(&self) -> &[Item] {
        &self.items
    }

    /// The routines that all cases share.
    pub fn routines(&self) -> &Routines {
        &self.routines
    }

    /// What must be covered.
    pub fn table(&self) -> &Table {
        &self.table
    }

    /// All cases for a profile, in the order of the items. Those that do not apply to the card are among them: a run says
    /// why each does not.
    ///
    /// # Errors
    /// A case cannot be read.
    pub fn cases(&self, profile: &Profile) -> Result<Vec<Case>, ConformanceError> {
        let mut cases = Vec::new();
        for item in &self.items {
            self.expand(item, profile, &mut cases)?;
        }
        Ok(cases)
    }

    fn template(&self, name: &str) -> Option<&File> {
        self.templates.get(name)
    }
}

//! An extension that a person or a province lays over one of several card versions.

use crate::profile::builtin::{first, load_on, parse, remarks_on, unknown};
use crate::profile::error::{Fault, ProfileError};
use crate::profile::raw::Extends;
use crate::profile::{Profile, schema};

/// The text of an overlay, ready to be laid over the version that a card turns out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extension {
    file: String,
    text: String,
    bases: Vec<String>,
}

impl Extension {
    /// Reads an overlay; it is laid over its bases by [`Extension::on`]. Every base is tried, so that an overlay that is
    /// taken fits all it names.
    ///
    /// # Errors
    /// Everything that is wrong with it, in the order of the lines.
    pub fn parse(text: &str, file: &str) -> Result<Self, Vec<ProfileError>> {
        let faults = schema::faults(text, file);
        if !faults.is_empty() {
            return Err(faults);
        }
        let raw = parse(text, file).map_err(|error| vec![error])?;
        let names = match raw.extends.map(toml::Spanned::into_inner) {
            Some(Extends::One(name)) => vec![name],
            Some(Extends::Several(names)) => names,
            None => Vec::new(),
        };
        if names.is_empty() {
            return Err(vec![ProfileError {
                file: file.to_owned(),
                line: 1,
                path: String::new(),
                fault: Fault::Missing("extends"),
            }]);
        }
        let bases: Vec<String> = names
            .iter()
            .map(|name| name.strip_prefix("ssc-").unwrap_or(name).to_owned())
            .collect();
        let extension = Self {
            file: file.to_owned(),
            text: text.to_owned(),
            bases,
        };
        let mut faults: Vec<ProfileError> = Vec::new();
        for base in &extension.bases {
            for fault in extension.on(base).err().unwrap_or_default() {
                if !faults.contains(&fault) {
                    faults.push(fault);
                }
            }
        }
        if faults.is_empty() { Ok(extension) } else { Err(faults) }
    }

    /// A provincial extension in the program: `jiangsu`.
    ///
    /// # Errors
    /// There is none of this name.
    pub fn builtin(name: &str) -> Result<Self, ProfileError> {
        let (file, text) = Profile::province(name).ok_or_else(|| unknown(name))?;
        Self::parse(text, file).map_err(|faults| first(faults, file))
    }

    /// Name of the file, as it was given.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// Names of the card versions it is for, such as `3.0`; the first is the usual one.
    pub fn bases(&self) -> &[String] {
        &self.bases
    }

    /// What breaks the standard's rules for extensions (`spec/files.md` §1.1), although it can be used.
    pub fn remarks(&self) -> Vec<ProfileError> {
        let mut remarks: Vec<ProfileError> = Vec::new();
        for base in &self.bases {
            for remark in remarks_on(&self.text, &self.file, base) {
                if !remarks.contains(&remark) {
                    remarks.push(remark);
                }
            }
        }
        remarks
    }

    /// The extension laid over a built-in card version.
    ///
    /// # Errors
    /// It is not for this version, or does not fit it.
    pub fn on(&self, base: &str) -> Result<Profile, Vec<ProfileError>> {
        load_on(&self.text, &self.file, Some(base))
    }
}

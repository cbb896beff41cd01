//! Places in the card that a value can be written to, named by a path of the profile.
//!
//! `SSSE/EF06/09` is a record, `DF01/EF15/40:2` the second record with tag 40, `DF01/EF15/40:2/59` an element inside its
//! template, `SSSE/EF08` a transparent file, `DF02/EF07` a cyclic file (records separated by `|`, newest first, fields by `^`,
//! as the reader's functions write them, `spec/files.md` §8.2).

use card_model::profile::{Element, ElementaryFile, Profile, Structure};

/// A resolved path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Target {
    /// Index in [`Profile::dedicated_files`].
    pub dedicated: usize,
    /// Index in its [`files`](card_model::profile::DedicatedFile::files).
    pub file: usize,
    /// What of the file.
    pub part: Part,
}

/// Part of an elementary file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Part {
    /// The whole of a transparent or cyclic file.
    Whole,
    /// One record of a linear file.
    Record {
        /// Index in [`ElementaryFile::elements`].
        element: usize,
        /// Which of the records with this tag, from 0.
        nth: u8,
        /// Index in [`Element::inner`], for an element inside a template.
        inner: Option<usize>,
    },
}

impl Target {
    /// Finds what `path` names; `None` if the profile has no such file or element, or if a path without an element names
    /// a file of tagged records.
    pub fn find(profile: &Profile, path: &str) -> Option<Self> {
        let located = profile.locate(path.trim()).ok()?;
        let dedicated = profile
            .dedicated_files
            .iter()
            .position(|df| core::ptr::eq(df, located.dedicated_file))?;
        let file = located
            .dedicated_file
            .files
            .iter()
            .position(|ef| core::ptr::eq(ef, located.file))?;
        let part = match located.element {
            None if located.file.is_linear() => return None,
            None => Part::Whole,
            Some(element) => Part::Record {
                element: located.file.elements.iter().position(|e| core::ptr::eq(e, element))?,
                nth: located.occurrence - 1,
                inner: located
                    .inner
                    .and_then(|inner| element.inner.iter().position(|e| core::ptr::eq(e, inner))),
            },
        };
        let whole = matches!(
            located.file.structure,
            Structure::Transparent { .. } | Structure::Cyclic { .. }
        );
        (whole || located.element.is_some()).then_some(Self { dedicated, file, part })
    }

    /// The elementary file.
    pub fn file<'p>(&self, profile: &'p Profile) -> Option<&'p ElementaryFile> {
        profile.dedicated_files.get(self.dedicated)?.files.get(self.file)
    }

    /// The element that codes the value; `None` for whole files.
    pub fn element<'p>(&self, profile: &'p Profile) -> Option<&'p Element> {
        let Part::Record { element, inner, .. } = self.part else {
            return None;
        };
        let element = self.file(profile)?.elements.get(element)?;
        match inner {
            None => Some(element),
            Some(inner) => element.inner.get(inner),
        }
    }

    /// The path in its usual spelling.
    pub fn path(&self, profile: &Profile) -> String {
        let Some(df) = profile.dedicated_files.get(self.dedicated) else {
            return String::new();
        };
        let Some(ef) = df.files.get(self.file) else {
            return df.id.clone();
        };
        let mut path = format!("{}/{:04X}", df.id, ef.fid);
        if let Part::Record { element, nth, inner } = self.part
            && let Some(element) = ef.elements.get(element)
        {
            path.push_str(&format!("/{:02X}", element.tag.unwrap_or(0)));
            if element.repeat > 1 {
                path.push_str(&format!(":{}", nth + 1));
            }
            if let Some(inner) = inner.and_then(|i| element.inner.get(i)) {
                path.push_str(&format!("/{:02X}", inner.tag.unwrap_or(0)));
            }
        }
        path
    }
}

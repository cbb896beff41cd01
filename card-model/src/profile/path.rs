//! Paths of files and elements: `SSSE/EF05`, `SSSE/EF06/09`, `DF01/EF15/40:2`, `DF01/EF15/40:2/57`.

use crate::profile::{DedicatedFile, Element, ElementaryFile, Profile};
use crate::words::{Explain, Explanation, Lang};
use rust_i18n::t;

/// What a path names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Located<'a> {
    /// Dedicated file.
    pub dedicated_file: &'a DedicatedFile,
    /// Elementary file.
    pub file: &'a ElementaryFile,
    /// Element, if the path goes that far.
    pub element: Option<&'a Element>,
    /// Which of the records with the element's tag, from 1; 1 where the path does not say.
    pub occurrence: u8,
    /// Inner element of a B-TLV, if the path goes that far.
    pub inner: Option<&'a Element>,
}

/// Why a path names nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.explain(Lang::En).what)]
#[non_exhaustive]
pub enum PathError {
    /// Not of the form of a path.
    Form {
        /// The path.
        path: String,
    },
    /// No such dedicated file in this card version.
    DedicatedFile {
        /// Profile name.
        profile: String,
        /// Name asked for.
        name: String,
        /// Names there are.
        known: String,
    },
    /// No such file in the dedicated file.
    File {
        /// Dedicated file.
        df: String,
        /// Name asked for.
        name: String,
        /// Names there are.
        known: String,
    },
    /// No such element in the file.
    Element {
        /// File.
        file: String,
        /// Tag asked for.
        name: String,
        /// Tags there are.
        known: String,
    },
    /// The tag has fewer records.
    Occurrence {
        /// File.
        file: String,
        /// Tag.
        tag: String,
        /// Occurrence asked for.
        occurrence: u8,
        /// Records there are.
        repeat: u8,
    },
    /// No such inner element.
    Inner {
        /// Path of the element.
        element: String,
        /// Tag asked for.
        name: String,
        /// Tags there are.
        known: String,
    },
}

impl Explain for PathError {
    fn explain(&self, lang: Lang) -> Explanation {
        let locale = lang.locale();
        let what = match self {
            Self::Form { path } => t!("profile.path.form", locale = locale, path = path),
            Self::DedicatedFile { profile, name, known } => {
                t!(
                    "profile.path.dedicated_file",
                    locale = locale,
                    profile = profile,
                    name = name,
                    known = known
                )
            }
            Self::File { df, name, known } => {
                t!(
                    "profile.path.file",
                    locale = locale,
                    df = df,
                    name = name,
                    known = known
                )
            }
            Self::Element { file, name, known } => {
                t!(
                    "profile.path.element",
                    locale = locale,
                    file = file,
                    name = name,
                    known = known
                )
            }
            Self::Occurrence {
                file,
                tag,
                occurrence,
                repeat,
            } => t!(
                "profile.path.occurrence",
                locale = locale,
                file = file,
                tag = tag,
                occurrence = occurrence,
                repeat = repeat
            ),
            Self::Inner { element, name, known } => {
                t!(
                    "profile.path.inner",
                    locale = locale,
                    element = element,
                    name = name,
                    known = known
                )
            }
        };
        Explanation {
            what: what.into_owned(),
            why: None,
            next: Some(t!("profile.path.next", locale = locale).into_owned()),
        }
    }
}

impl Profile {
    /// What a path names: a file (`DF01/EF05`), an element (`SSSE/EF06/09`, `DF01/EF15/40:2`) or an inner element
    /// (`DF01/EF15/40:2/57`). Upper and lower case are the same.
    ///
    /// # Errors
    /// The path is malformed or names something this card version does not have; the error lists what it has.
    pub fn locate(&self, path: &str) -> Result<Located<'_>, PathError> {
        let form = || PathError::Form { path: path.to_owned() };
        let upper = path.to_ascii_uppercase();
        let parts: Vec<&str> = upper.split('/').collect();
        let (df_name, file_name, rest) = match parts[..] {
            [df, file, ref rest @ ..] if rest.len() <= 2 => (df, file, rest),
            _ => return Err(form()),
        };
        let same = |df: &&DedicatedFile| df.id.to_ascii_uppercase() == df_name;
        let dedicated_file = self
            .dedicated_files
            .iter()
            .find(same)
            .ok_or_else(|| PathError::DedicatedFile {
                profile: self.name.clone(),
                name: df_name.to_owned(),
                known: list(self.dedicated_files.iter().map(|df| df.id.clone())),
            })?;
        let file = dedicated_file
            .files
            .iter()
            .find(|file| file.name() == file_name)
            .ok_or_else(|| PathError::File {
                df: dedicated_file.id.clone(),
                name: file_name.to_owned(),
                known: list(dedicated_file.files.iter().map(ElementaryFile::name)),
            })?;
        let mut located = Located {
            dedicated_file,
            file,
            element: None,
            occurrence: 1,
            inner: None,
        };
        let Some(name) = rest.first() else { return Ok(located) };
        let (tag, occurrence) = match name.split_once(':') {
            None => (*name, 1),
            Some((tag, occurrence)) => (tag, occurrence.parse().map_err(|_| form())?),
        };
        let element = file
            .element(tag_number(tag).ok_or_else(form)?)
            .ok_or_else(|| PathError::Element {
                file: format!("{df_name}/{file_name}"),
                name: tag.to_owned(),
                known: tags(&file.elements),
            })?;
        if occurrence == 0 || occurrence > element.repeat {
            let file = format!("{df_name}/{file_name}");
            return Err(PathError::Occurrence {
                file,
                tag: tag.to_owned(),
                occurrence,
                repeat: element.repeat,
            });
        }
        (located.element, located.occurrence) = (Some(element), occurrence);
        if let Some(name) = rest.get(1) {
            let unknown = || PathError::Inner {
                element: format!("{df_name}/{file_name}/{tag}"),
                name: (*name).to_owned(),
                known: tags(&element.inner),
            };
            located.inner = Some(element.inner(tag_number(name).ok_or_else(form)?).ok_or_else(unknown)?);
        }
        Ok(located)
    }
}

impl Located<'_> {
    /// The path in its usual form; the occurrence is written where the tag has several records.
    pub fn path(&self) -> String {
        let mut path = format!("{}/{}", self.dedicated_file.id, self.file.name());
        if let Some(element) = self.element {
            path += &format!("/{:02X}", element.tag.unwrap_or(0));
            if element.repeat > 1 {
                path += &format!(":{}", self.occurrence);
            }
        }
        if let Some(inner) = self.inner {
            path += &format!("/{:02X}", inner.tag.unwrap_or(0));
        }
        path
    }

    /// The element whose value the path names: the inner one, or the element itself.
    pub fn target(&self) -> Option<&Element> {
        self.inner.or(self.element)
    }
}

fn tag_number(text: &str) -> Option<u8> {
    if text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        u8::from_str_radix(text, 16).ok()
    } else {
        None
    }
}

fn tags(elements: &[Element]) -> String {
    list(
        elements
            .iter()
            .filter_map(|element| element.tag)
            .map(|tag| format!("{tag:02X}")),
    )
}

fn list(names: impl Iterator<Item = String>) -> String {
    names.collect::<Vec<_>>().join(" ")
}

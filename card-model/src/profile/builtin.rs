//! The profiles in the program, and the loader's front door.

use crate::profile::draft::{Draft, Place};
use crate::profile::error::{Fault, ProfileError};
use crate::profile::overlay::Source;
use crate::profile::raw::RawProfile;
use crate::profile::{Profile, resolve};
use std::sync::OnceLock;

/// Name, text and resolved form of a profile in the program.
struct Builtin {
    name: &'static str,
    file: &'static str,
    text: &'static str,
    resolved: OnceLock<Result<Profile, ProfileError>>,
}

macro_rules! builtin {
    ($($name:literal),+) => {
        [$(Builtin {
            name: $name,
            file: concat!("ssc-", $name, ".toml"),
            text: include_str!(concat!("../../profiles/ssc-", $name, ".toml")),
            resolved: OnceLock::new(),
        }),+]
    };
}

static BUILTIN: [Builtin; 3] = builtin!("3.0", "2.0", "1.0");

/// Overlays may stand on overlays, but nobody needs more than this.
const DEEPEST: usize = 8;

impl Profile {
    /// Names of the built-in profiles, newest first.
    pub const BUILTIN: [&'static str; 3] = ["3.0", "2.0", "1.0"];

    /// A profile in the program by its name: `3.0`, `2.0`, `1.0`, with or without `ssc-` in front.
    ///
    /// # Errors
    /// No profile has this name.
    pub fn builtin(name: &str) -> Result<&'static Self, ProfileError> {
        let builtin = find(name).ok_or_else(|| unknown(name))?;
        let resolved = builtin.resolved.get_or_init(|| Self::load(builtin.text, builtin.file));
        resolved.as_ref().map_err(Clone::clone)
    }

    /// The profile for the specification version of a card, such as `3.00` or `2.01`. Only the first three characters
    /// count; an empty or blank one is a card of version 1 (`spec/README.md`, version words).
    ///
    /// # Errors
    /// No profile is known for this version.
    pub fn for_specification_version(version: &str) -> Result<&'static Self, ProfileError> {
        let version = version.trim_matches(['\0', ' ', '\u{FFFD}']);
        let first: String = version.chars().take(3).collect();
        Self::builtin(if first.is_empty() { "1.0" } else { &first })
    }

    /// Reads a profile, or an overlay on a built-in one, from TOML text; `file` is the name that errors tell.
    ///
    /// # Errors
    /// The first fault found, with file, line and path.
    pub fn load(text: &str, file: &str) -> Result<Self, ProfileError> {
        resolve::resolve(&draft(text, file, 0)?)
    }
}

fn find(name: &str) -> Option<&'static Builtin> {
    let name = name.strip_prefix("ssc-").unwrap_or(name);
    BUILTIN.iter().find(|builtin| builtin.name == name)
}

fn unknown(name: &str) -> ProfileError {
    ProfileError {
        file: name.to_owned(),
        line: 1,
        path: String::new(),
        fault: Fault::UnknownProfile(name.to_owned()),
    }
}

/// Reads `text` and everything that it extends.
fn draft(text: &str, file: &str, depth: usize) -> Result<Draft, ProfileError> {
    let at = |place: Place, fault| ProfileError {
        file: file.to_owned(),
        line: place.line,
        path: String::new(),
        fault,
    };
    let lines = Source::new(0, text);
    let raw: RawProfile = toml::from_str(text).map_err(|error| {
        let offset = error.span().map_or(0, |span| span.start);
        at(lines.place(offset), Fault::Syntax(error.message().to_owned()))
    })?;
    let mut draft = match &raw.extends {
        None => Draft::default(),
        Some(name) => {
            let place = lines.place(name.span().start);
            if depth >= DEEPEST {
                return Err(at(place, Fault::Circle(name.get_ref().clone())));
            }
            let base = find(name.get_ref()).ok_or_else(|| at(place, Fault::UnknownProfile(name.get_ref().clone())))?;
            self::draft(base.text, base.file, depth + 1)?
        }
    };
    draft.sources.push(file.to_owned());
    let source = Source::new(draft.sources.len() - 1, text);
    draft.apply(raw, &source)?;
    Ok(draft)
}

//! The profiles in the program, and the loader's front door.

use crate::profile::draft::{Draft, Place};
use crate::profile::error::{Fault, ProfileError};
use crate::profile::extension::Extension;
use crate::profile::overlay::Source;
use crate::profile::raw::{Extends, RawProfile};
use crate::profile::{Profile, check_extension, resolve, schema};
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

macro_rules! provinces {
    ($($name:literal),+) => {
        [$(($name, concat!($name, ".toml"), include_str!(concat!("../../profiles/provinces/", $name, ".toml")))),+]
    };
}

/// Name, file and text of the provincial extensions in the program.
static PROVINCES: [(&str, &str, &str); 3] = provinces!("jiangsu", "hunan", "shandong");

/// The provincial extensions laid over each of their bases.
static EXTENDED: OnceLock<Vec<Profile>> = OnceLock::new();

/// Overlays may stand on overlays, but nobody needs more than this.
const DEEPEST: usize = 8;

impl Profile {
    /// Names of the built-in profiles, newest first.
    pub const BUILTIN: [&'static str; 3] = ["3.0", "2.0", "1.0"];

    /// Names of the provincial extensions in the program (`spec/files.md` §2.3).
    pub const PROVINCES: [&'static str; 3] = ["jiangsu", "hunan", "shandong"];

    /// A profile in the program by its name: `3.0`, `2.0`, `1.0`, with or without `ssc-` in front; or a provincial
    /// extension on one of its bases, `3.0-jiangsu`; the name of the extension alone is the one on its first base.
    ///
    /// # Errors
    /// No profile has this name.
    pub fn builtin(name: &str) -> Result<&'static Self, ProfileError> {
        if let Some(builtin) = find(name) {
            let resolved = builtin.resolved.get_or_init(|| Self::load(builtin.text, builtin.file));
            return resolved.as_ref().map_err(Clone::clone);
        }
        let name = name.strip_prefix("ssc-").unwrap_or(name);
        let mut extended = Self::extended().iter();
        let ending = format!("-{name}");
        let found = extended.find(|profile| profile.name == name || profile.name.ends_with(&ending));
        found.ok_or_else(|| unknown(name))
    }

    /// All provincial extensions in the program, each on each of its bases.
    pub fn extended() -> &'static [Self] {
        EXTENDED.get_or_init(|| {
            let extensions = Self::PROVINCES.iter().filter_map(|name| Extension::builtin(name).ok());
            extensions
                .flat_map(|extension| {
                    let on = |base: &String| extension.on(base).ok();
                    extension.bases().iter().filter_map(on).collect::<Vec<_>>()
                })
                .collect()
        })
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

    /// Reads a profile, or an overlay on a built-in one, from TOML text; `file` is the name that errors tell. An extension
    /// of several profiles is laid over the first.
    ///
    /// # Errors
    /// The first fault found, with file, line and path.
    pub fn load(text: &str, file: &str) -> Result<Self, ProfileError> {
        Self::check(text, file).map_err(|faults| first(faults, file))
    }

    /// The same, telling everything that is wrong at once, in the order of the lines: first the form of the file, and
    /// if that is right its contents, and if those are right what they mean together.
    ///
    /// # Errors
    /// All faults, at least one.
    pub fn check(text: &str, file: &str) -> Result<Self, Vec<ProfileError>> {
        load_on(text, file, None)
    }

    /// Reads a whole profile, or an overlay, that the program does not check at start: the text of a built-in profile.
    pub(super) fn province(name: &str) -> Option<(&'static str, &'static str)> {
        let found = PROVINCES.iter().find(|(known, _, _)| *known == name);
        found.map(|(_, file, text)| (*file, *text))
    }
}

/// Reads `text` on the base with this name, or on the first that it names itself.
pub(super) fn load_on(text: &str, file: &str, base: Option<&str>) -> Result<Profile, Vec<ProfileError>> {
    let wrong = schema::faults(text, file);
    if !wrong.is_empty() {
        return Err(wrong);
    }
    let draft = draft(text, file, base, 0).map_err(|error| vec![error])?;
    resolve::resolve(draft)
}

/// What in a sound overlay breaks the standard's rules for extensions of the base with this name. An overlay that makes
/// another generation of the card is no extension and keeps no such rules.
pub(super) fn remarks_on(text: &str, file: &str, base: &str) -> Vec<ProfileError> {
    let (Ok(profile), Ok(below)) = (load_on(text, file, Some(base)), Profile::builtin(base)) else {
        return Vec::new();
    };
    let Ok(draft) = draft(text, file, Some(base), 0) else {
        return Vec::new();
    };
    if profile.generation != below.generation {
        return Vec::new();
    }
    let found = check_extension::remarks(&profile, below);
    found
        .into_iter()
        .map(|(spot, fault)| spot.error(&draft, fault))
        .collect()
}

/// The first of several faults.
pub(super) fn first(faults: Vec<ProfileError>, file: &str) -> ProfileError {
    faults.into_iter().next().unwrap_or_else(|| unknown(file))
}

fn find(name: &str) -> Option<&'static Builtin> {
    let name = name.strip_prefix("ssc-").unwrap_or(name);
    BUILTIN.iter().find(|builtin| builtin.name == name)
}

pub(super) fn unknown(name: &str) -> ProfileError {
    ProfileError {
        file: name.to_owned(),
        line: 1,
        path: String::new(),
        fault: Fault::UnknownProfile(name.to_owned()),
    }
}

/// The text as TOML says it.
pub(super) fn parse(text: &str, file: &str) -> Result<RawProfile, ProfileError> {
    toml::from_str(text).map_err(|error| {
        let offset = error.span().map_or(0, |span| span.start);
        ProfileError {
            file: file.to_owned(),
            line: Source::new(0, text).place(offset).line,
            path: String::new(),
            fault: Fault::Syntax(error.message().to_owned()),
        }
    })
}

/// Reads `text` and everything that it extends; of several bases the one with the name `base`, else the first.
fn draft(text: &str, file: &str, base: Option<&str>, depth: usize) -> Result<Draft, ProfileError> {
    let at = |place: Place, fault| ProfileError {
        file: file.to_owned(),
        line: place.line,
        path: String::new(),
        fault,
    };
    let lines = Source::new(0, text);
    let raw = parse(text, file)?;
    let mut draft = Draft::default();
    let mut several = None;
    if let Some(extends) = &raw.extends {
        let place = lines.place(extends.span().start);
        let names: Vec<&str> = match extends.get_ref() {
            Extends::One(name) => vec![name.as_str()],
            Extends::Several(names) => names.iter().map(String::as_str).collect(),
        };
        let short = |name: &str| name.strip_prefix("ssc-").unwrap_or(name).to_owned();
        let name = match base {
            None => names.first().copied(),
            Some(base) => names.iter().copied().find(|name| short(name) == short(base)),
        };
        let name = name.ok_or_else(|| {
            let bases = names.iter().map(|name| short(name)).collect::<Vec<_>>().join(", ");
            let base = base.unwrap_or_default().to_owned();
            at(place, Fault::OtherBase { base, bases })
        })?;
        if depth >= DEEPEST {
            return Err(at(place, Fault::Circle(name.to_owned())));
        }
        let builtin = find(name).ok_or_else(|| at(place, Fault::UnknownProfile(name.to_owned())))?;
        draft = self::draft(builtin.text, builtin.file, None, depth + 1)?;
        several = matches!(extends.get_ref(), Extends::Several(_)).then(|| builtin.name.to_owned());
    } else if let Some(base) = base {
        let bases = "–".to_owned();
        let base = base.to_owned();
        return Err(at(lines.place(0), Fault::OtherBase { base, bases }));
    }
    draft.sources.push(file.to_owned());
    let source = Source::new(draft.sources.len() - 1, text);
    let named = (raw.name.is_some(), raw.zh.is_some(), raw.en.is_some());
    draft.apply(raw, &source);
    if let Some(base) = several {
        // One extension of several versions: its own name says the province, the base the version.
        let join = |field: &mut crate::profile::draft::Field<String>, given: bool, text: &dyn Fn(&str) -> String| {
            if let Some(cell) = field.as_mut().filter(|_| given) {
                cell.value = text(&cell.value);
            }
        };
        join(&mut draft.name, named.0, &|name| format!("{base}-{name}"));
        join(&mut draft.zh, named.1, &|title| format!("{title}（{base}）"));
        join(&mut draft.en, named.2, &|title| format!("{title} ({base})"));
    }
    Ok(draft)
}

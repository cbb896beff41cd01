//! What must hold in a profile beyond each value by itself: the rules of a profile checker
//! (`spec/conformance.md` §4.9, SRC-GEN) and those that the model's operating system needs.

use crate::profile::check_certificate;
use crate::profile::draft::{Draft, Place};
use crate::profile::error::{Fault, ProfileError};
use crate::profile::rule::{Rule, Thing};
use crate::profile::{
    Access, DedicatedFile, DedicatedFileKind, ElementaryFile, KeyDefinition, KeyRole, Profile, Structure,
};

/// A spot in the tree, by indexes that profile and draft share.
#[derive(Clone, Copy)]
pub(super) enum Spot {
    Profile,
    DedicatedFile(usize),
    Key(usize, usize),
    Pin(usize, usize),
    File(usize, usize),
    Read(usize, usize),
    Update(usize, usize),
    Element(usize, usize, usize),
}

pub(super) type Checked = Result<(), (Spot, Fault)>;

impl Spot {
    /// The fault with file, line and path.
    pub(super) fn error(self, draft: &Draft, fault: Fault) -> ProfileError {
        let (place, path) = self.locate(draft).unwrap_or_default();
        draft.error(place, path, fault)
    }

    fn locate(self, draft: &Draft) -> Option<(Place, String)> {
        let df = |i: usize| draft.dedicated_files.get(i);
        let file = |i: usize, j: usize| {
            let (df, file) = (df(i)?, df(i)?.files.get(j)?);
            Some((file, format!("{}/{:04X}", df.id, file.fid)))
        };
        Some(match self {
            Self::Profile => (draft.place, String::new()),
            Self::DedicatedFile(i) => (df(i)?.place, df(i)?.id.clone()),
            Self::Key(i, j) => {
                let key = df(i)?.keys.get(j)?;
                (key.place, format!("{}/{}", df(i)?.id, key.name))
            }
            Self::Pin(i, j) => {
                let pin = df(i)?.pins.get(j)?;
                (pin.place, format!("{}/{}", df(i)?.id, pin.name))
            }
            Self::File(i, j) => file(i, j).map(|(file, path)| (file.place, path))?,
            Self::Read(i, j) => file(i, j)
                .map(|(file, path)| (file.read.as_ref().map_or(file.place, |cell| cell.place), path + "/read"))?,
            Self::Update(i, j) => file(i, j).map(|(file, path)| {
                (
                    file.update.as_ref().map_or(file.place, |cell| cell.place),
                    path + "/update",
                )
            })?,
            Self::Element(i, j, k) => {
                let (file, path) = file(i, j)?;
                let element = file.elements.get(k)?;
                let name = element
                    .tag
                    .as_ref()
                    .map_or_else(|| format!("field {}", k + 1), |tag| format!("{:02X}", tag.value));
                (element.place, format!("{path}/{name}"))
            }
        })
    }
}

/// Checks the tree; all that is wrong, the first fault of each thing.
pub(super) fn profile(profile: &Profile) -> Vec<(Spot, Fault)> {
    if !profile
        .dedicated_files
        .first()
        .is_some_and(|df| df.kind == DedicatedFileKind::Mf)
    {
        return vec![(Spot::Profile, Fault::Missing("an MF as the first dedicated file"))];
    }
    let mut faults = Vec::new();
    for (i, df) in profile.dedicated_files.iter().enumerate() {
        faults.extend(dedicated_file(profile, i, df).err());
        for j in 0..df.keys.len() {
            faults.extend(key(i, j, df).err());
        }
        faults.extend(check_certificate::pins(profile, i, df).err());
        for (j, file) in df.files.iter().enumerate() {
            faults.extend(identifiers(profile, i, j, df).err());
            faults.extend(
                condition(profile, i, df, &file.read)
                    .err()
                    .map(|fault| (Spot::Read(i, j), fault)),
            );
            faults.extend(
                condition(profile, i, df, &file.update)
                    .err()
                    .map(|fault| (Spot::Update(i, j), fault)),
            );
            let elements = (0..file.elements.len()).filter_map(|k| element(i, j, k, file).err());
            let before = faults.len();
            faults.extend(elements);
            if faults.len() == before {
                faults.extend(elementary_file(i, j, df, file).err());
            }
        }
        faults.extend(directory(profile, i, df).err());
    }
    hsm_addresses(profile, &mut faults);
    faults
}

pub(super) fn broken(rule: Rule, found: impl Into<String>) -> Fault {
    Fault::Broken {
        rule,
        found: found.into(),
    }
}

/// One MF first, DDFs under it, ADFs under DDFs; names and identifiers.
fn dedicated_file(profile: &Profile, i: usize, df: &DedicatedFile) -> Checked {
    let at = |fault| (Spot::DedicatedFile(i), fault);
    let parent = df.parent.and_then(|parent| profile.dedicated_files.get(parent));
    match (df.kind, parent.map(|parent| parent.kind)) {
        (DedicatedFileKind::Mf, None) if i > 0 => return Err(at(broken(Rule::OneMf, df.id.clone()))),
        (DedicatedFileKind::Mf, None) if df.fid != 0x3F00 => {
            return Err(at(broken(Rule::MfIdentifier, format!("{:04X}", df.fid))));
        }
        (DedicatedFileKind::Mf, None)
        | (DedicatedFileKind::Ddf, Some(DedicatedFileKind::Mf))
        | (DedicatedFileKind::Adf, Some(DedicatedFileKind::Ddf)) => {}
        _ => {
            return Err(at(broken(Rule::Parent, parent.map_or("–", |parent| &parent.id))));
        }
    }
    // `DF01` and its like are the applications of SSSE; an application elsewhere may have another id.
    let social = df.id.len() == 4 && df.id.chars().all(|c| c.is_ascii_hexdigit());
    if df.kind == DedicatedFileKind::Adf && social && df.id != format!("{:04X}", df.fid) {
        return Err(at(broken(Rule::AdfIdentifier, format!("{:04X}", df.fid))));
    }
    let nameless = df.kind == DedicatedFileKind::Mf && df.name.is_empty();
    if !nameless && !(5..=16).contains(&df.name.len()) {
        let value = u32::try_from(df.name.len()).unwrap_or(u32::MAX);
        return Err(at(Fault::Range {
            field: "bytes of name",
            value,
            least: 5,
            most: 16,
        }));
    }
    for other in &profile.dedicated_files[..i] {
        let what = match other {
            _ if !df.name.is_empty() && other.name == df.name => Thing::Name,
            _ if other.parent == df.parent && other.fid == df.fid => Thing::Fid,
            _ => continue,
        };
        return Err(at(Fault::Duplicate {
            what,
            value: format!("{} ({})", df.id, other.id),
        }));
    }
    let environment = df.kind != DedicatedFileKind::Adf;
    if !environment && (df.has_pin || df.announces_algorithm || df.directory_sfi.is_some()) {
        return Err(at(broken(Rule::EnvironmentOnly, df.id.clone())));
    }
    Ok(())
}

/// Identifiers of an elementary file among its neighbours.
fn identifiers(profile: &Profile, i: usize, j: usize, df: &DedicatedFile) -> Checked {
    let file = &df.files[j];
    let at = |what: Thing, value: String| Err((Spot::File(i, j), Fault::Duplicate { what, value }));
    if df.files[..j].iter().any(|other| other.sfi == file.sfi && file.sfi != 0) {
        return at(Thing::Sfi, format!("{:02X}", file.sfi));
    }
    let below = |other: &&DedicatedFile| other.parent == Some(i) && other.fid == file.fid;
    if profile.dedicated_files.iter().any(|other| below(&other)) {
        return at(Thing::Fid, format!("{:04X}", file.fid));
    }
    Ok(())
}

/// A key of one dedicated file: name, identifier, index.
fn key(i: usize, j: usize, df: &DedicatedFile) -> Checked {
    let key = &df.keys[j];
    let at = |fault| (Spot::Key(i, j), fault);
    if !is_name(&key.name) {
        return Err(at(broken(Rule::KeyName, key.name.clone())));
    }
    if is_transaction(key) != key.index.is_some() {
        return Err(at(broken(Rule::KeyIndex, key.name.clone())));
    }
    let local = df.kind == DedicatedFileKind::Adf;
    if !is_transaction(key) && (key.id >= 0x80) != local {
        let rule = if local { Rule::LocalKey } else { Rule::GlobalKey };
        return Err(at(broken(rule, format!("{:02X}", key.id))));
    }
    if key.role == KeyRole::Master {
        return Err(at(broken(Rule::NoMasterKey, key.name.clone())));
    }
    for other in &df.keys[..j] {
        let value = match other {
            _ if other.name == key.name && other.index == key.index => key.name.clone(),
            _ if is_transaction(other) || is_transaction(key) => continue,
            _ if other.id == key.id => format!("{:02X} ({})", key.id, other.name),
            _ => continue,
        };
        return Err(at(Fault::Duplicate {
            what: Thing::Key,
            value,
        }));
    }
    Ok(())
}

/// A name that conditions can use beside `PIN`.
pub(super) fn is_name(name: &str) -> bool {
    name != "PIN"
        && name.starts_with(|c: char| c.is_ascii_uppercase())
        && name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit())
}

/// Addressed by index in a transaction, not by an identifier.
pub(super) fn is_transaction(key: &KeyDefinition) -> bool {
    matches!(key.role, KeyRole::Purchase | KeyRole::Load | KeyRole::Tac)
}

/// An element among the others of its file.
fn element(i: usize, j: usize, k: usize, file: &ElementaryFile) -> Checked {
    let element = &file.elements[k];
    let at = |fault| (Spot::Element(i, j, k), fault);
    if let Some(tag) = element.tag
        && file.elements[..k].iter().any(|other| other.tag == Some(tag))
    {
        return Err(at(Fault::Duplicate {
            what: Thing::Tag,
            value: format!("{tag:02X}"),
        }));
    }
    if let Some(tag) = element.reused.and_then(|reused| reused.with) {
        let marking = file.element(tag).and_then(|other| other.reused);
        if marking.is_none_or(|reused| reused.with.is_some()) {
            return Err(at(Fault::Unknown {
                what: Thing::ReusedRecord,
                name: format!("{tag:02X}"),
            }));
        }
    }
    let (found, expected) = (u32::from(element.length), u32::from(file.elements[0].length));
    if file.structure == Structure::LinearFixed && found != expected {
        return Err(at(Fault::UnequalRecords {
            found: found + 2,
            expected: expected + 2,
        }));
    }
    Ok(())
}

/// The sizes of a file and of what is in it.
fn elementary_file(i: usize, j: usize, df: &DedicatedFile, file: &ElementaryFile) -> Checked {
    let at = |fault| (Spot::File(i, j), fault);
    if file.elements.is_empty() {
        return Err(at(Fault::Missing("elements")));
    }
    check_certificate::key_file(i, j, df, file)?;
    let sum: u32 = file.elements.iter().map(|element| u32::from(element.length)).sum();
    match file.structure {
        Structure::LinearVariable | Structure::LinearFixed => {
            let most = 254;
            let value = file.elements.iter().map(|element| u32::from(element.repeat)).sum();
            if value > most {
                return Err(at(Fault::Range {
                    field: "records",
                    value,
                    least: 1,
                    most,
                }));
            }
        }
        Structure::Cyclic { .. } if sum > 255 => {
            return Err(at(Fault::Range {
                field: "record length",
                value: sum,
                least: 1,
                most: 255,
            }));
        }
        Structure::Cyclic { .. } => {}
        Structure::Transparent { .. } if file.elements.len() != 1 => {
            return Err(at(broken(Rule::OneElement, file.elements.len().to_string())));
        }
        Structure::Transparent { size } | Structure::Internal { size } if sum != u32::from(size) => {
            return Err(at(Fault::Sum {
                what: Thing::Elements,
                found: sum,
                expected: size.into(),
            }));
        }
        Structure::Internal { .. } if file.key_pair.is_none() && !(file.read.is_never() && file.update.is_never()) => {
            return Err(at(broken(
                Rule::InternalFile,
                format!("{} / {}", file.read, file.update),
            )));
        }
        Structure::Transparent { .. } | Structure::Internal { .. } => {}
    }
    Ok(())
}

/// Every key of a condition exists here or in the environment above and can be used in an external authentication.
fn condition(profile: &Profile, i: usize, df: &DedicatedFile, access: &Access) -> Result<(), Fault> {
    let environment = &profile.dedicated_files[profile.environment(i)];
    if access.mentions_pin() && !environment.has_pin {
        return Err(Fault::NoPin);
    }
    for name in access.keys() {
        if df.pins.iter().chain(&environment.pins).any(|pin| pin.name == name) {
            continue;
        }
        let key = df.keys.iter().chain(&environment.keys).find(|key| key.name == name);
        match key.map(|key| key.role) {
            None => {
                return Err(Fault::Unknown {
                    what: Thing::Key,
                    name: name.to_owned(),
                });
            }
            Some(KeyRole::ExternalAuthentication) => {}
            Some(_) => return Err(Fault::KeyRole(name.to_owned())),
        }
    }
    Ok(())
}

/// The directory file exists and holds an entry for every application.
fn directory(profile: &Profile, i: usize, df: &DedicatedFile) -> Checked {
    let Some(sfi) = df.directory_sfi else { return Ok(()) };
    let unknown = Fault::Unknown {
        what: Thing::DirectoryFile,
        name: format!("{sfi:02X}"),
    };
    let found = df.files.iter().position(|file| file.sfi == sfi);
    let j = found.ok_or((Spot::DedicatedFile(i), unknown))?;
    let file = &df.files[j];
    let entries = profile.directory_entries(i);
    let room = file
        .elements
        .iter()
        .map(|element| usize::from(element.repeat))
        .sum::<usize>();
    let longest = entries
        .iter()
        .map(|entry| entry.len().saturating_sub(2))
        .max()
        .unwrap_or(0);
    if file.structure != Structure::LinearVariable || room < entries.len() {
        let found = format!("{room} < {}", entries.len());
        return Err((Spot::File(i, j), broken(Rule::DirectoryRecords, found)));
    }
    if file
        .elements
        .iter()
        .any(|element| usize::from(element.length) < longest)
    {
        let fault = broken(Rule::DirectoryLength, longest.to_string());
        return Err((Spot::Element(i, j, 0), fault));
    }
    Ok(())
}

/// No address serves two keys.
fn hsm_addresses(profile: &Profile, faults: &mut Vec<(Spot, Fault)>) {
    let mut used: Vec<(u32, u32, &str)> = Vec::new();
    for (i, df) in profile.dedicated_files.iter().enumerate() {
        for (j, key) in df.keys.iter().enumerate() {
            let Some(first) = key.hsm else { continue };
            let (first, end) = (u32::from(first), u32::from(first) + u32::from(key.versions));
            let other = used.iter().find(|(start, stop, _)| first < *stop && *start < end);
            if let Some((start, _, name)) = other {
                let address = u16::try_from(first.max(*start)).unwrap_or(u16::MAX);
                let fault = Fault::Overlap {
                    first: (*name).to_owned(),
                    second: key.name.clone(),
                    address,
                };
                faults.push((Spot::Key(i, j), fault));
            }
            used.push((first, end, &key.name));
        }
    }
}

//! The standard's rules for local extensions (STD-V2 §6, STD-P6 §6.7; `spec/files.md` §1.1): where they may begin, and what
//! they must leave alone. A file that breaks them can be used; it is told as a remark, not as a fault.

use crate::profile::check::{Spot, broken};
use crate::profile::error::Fault;
use crate::profile::rule::Rule;
use crate::profile::{DedicatedFileKind, Element, ElementaryFile, FileClass, Profile, Structure};

/// First identifier of an extra application.
const FIRST_APPLICATION: u16 = 0xDF0A;
/// First identifier of an extra elementary file.
const FIRST_FILE: u16 = 0xEF0C;

/// What in `profile` breaks the rules for extensions of `base`.
pub(super) fn remarks(profile: &Profile, base: &Profile) -> Vec<(Spot, Fault)> {
    let mut found = Vec::new();
    let standard = standard_tags();
    for (i, df) in profile.dedicated_files.iter().enumerate() {
        let known = base.dedicated_file(&df.id);
        let application = df.kind == DedicatedFileKind::Adf;
        if known.is_none() && application && df.fid < FIRST_APPLICATION {
            let fault = broken(Rule::ExtraApplication, format!("{:04X}", df.fid));
            found.push((Spot::DedicatedFile(i), fault));
        }
        for (j, file) in df.files.iter().enumerate() {
            let before = known.and_then(|df| df.file(file.fid));
            if known.is_some() && before.is_none() && file.fid < FIRST_FILE {
                let fault = broken(Rule::ExtraFile, format!("{:04X}", file.fid));
                found.push((Spot::File(i, j), fault));
            }
            if before.is_some_and(|before| before.class == FileClass::System) {
                continue;
            }
            let is_new = |element: &Element| !before.is_some_and(|before| holds(before, element));
            for (k, element) in file.elements.iter().enumerate().filter(|(_, element)| is_new(element)) {
                let at = Spot::Element(i, j, k);
                let name = element
                    .tag
                    .map_or_else(|| element.zh.clone(), |tag| format!("{tag:02X}"));
                if before.is_some() && df.has_pin {
                    found.push((at, broken(Rule::EnvironmentItems, name.clone())));
                }
                if before.is_some() && matches!(file.structure, Structure::Cyclic { .. }) {
                    found.push((at, broken(Rule::CyclicItems, name.clone())));
                }
                if element.tag.is_some_and(|tag| standard.contains(&tag)) {
                    found.push((at, broken(Rule::StandardTag, name)));
                }
            }
        }
    }
    found
}

/// Whether the file had this element, by its tag or, without tags, by its name.
fn holds(file: &ElementaryFile, element: &Element) -> bool {
    match element.tag {
        Some(tag) => file.element(tag).is_some(),
        None => file.elements.iter().any(|other| other.zh == element.zh),
    }
}

/// Tags that any version of the standard uses, inside B-TLV values too.
fn standard_tags() -> Vec<u8> {
    let profiles = Profile::BUILTIN.iter().filter_map(|name| Profile::builtin(name).ok());
    let mut tags: Vec<u8> = profiles
        .flat_map(|profile| &profile.dedicated_files)
        .flat_map(|df| &df.files)
        .flat_map(|file| &file.elements)
        .flat_map(|element| std::iter::once(element).chain(&element.inner))
        .filter_map(|element| element.tag)
        .collect();
    tags.sort_unstable();
    tags.dedup();
    tags
}
